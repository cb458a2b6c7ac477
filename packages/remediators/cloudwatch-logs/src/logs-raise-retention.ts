import { type CallReader, defineRemediator, inParallel, isGone, paginate } from '@redress/core';
import * as z from 'zod/mini';
import { logs } from './client.js';
import { packageRef } from './package-ref.js';

/**
 * The days that CloudWatch Logs takes.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
 */
const RETENTIONS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653] as const;

const parameters = z.strictObject({
  minDays: z._default(z.literal(RETENTIONS), 365).check(z.describe('Log groups that keep their events for fewer days keep them for this many.')),
});

/** Classes of which is known that a group has a retention of its own to set. */
const RAISABLE: readonly string[] = ['STANDARD', 'INFREQUENT_ACCESS', 'ESSENTIALS'];

/** A type, not an interface: state must be plain JSON. */
type State = {
  /** Since when it is there, epoch milliseconds: one of its name that was made again is another one. */
  readonly created: number;
  /** The group's own; null: it keeps its events for ever. Also null where a policy of the account hides it. */
  readonly retentionInDays: number | null;
  /** As CloudWatch Logs names it, known here or not. */
  readonly logGroupClass: string;
  /** A retention policy of the account, which overrides the group's own: `days` null is for ever. */
  readonly policy: { readonly name: string; readonly days: number | null } | null;
};

const TOKEN = { input: 'nextToken', output: 'nextToken' };
const ARN = /^arn:[^:]+:logs:([^:]+):([0-9]{12}):log-group:([^:*]+)(?::\*)?$/;

/** Of a group that is gone there is nothing to read, and whether it is says the other read. */
const noneIfGone = (error: unknown): null => {
  if (isGone(error)) return null;
  throw error;
};

const namedGroup: CallReader = ({ request }) =>
  typeof request?.['logGroupName'] === 'string' && request['logGroupName'] !== '' ? [{ id: request['logGroupName'] }] : [];

/**
 * Raises the retention of a log group to the required minimum. Never lowers one, and leaves groups alone that keep everything.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html#cloudwatch-16
 */
export const raiseRetention = defineRemediator({
  id: 'logs-raise-retention',
  title: 'Raise log group retention to the required minimum',
  package: packageRef,
  resourceTypes: ['AWS::Logs::LogGroup'],
  controls: [{ framework: 'aws-fsbp', id: 'CloudWatch.16' }],
  triggers: {
    configRules: ['CW_LOGGROUP_RETENTION_PERIOD_CHECK', 'cw-loggroup-retention-period-check'],
    apiCalls: { 'logs:CreateLogGroup': namedGroup, 'logs:PutRetentionPolicy': namedGroup },
  },
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: [
    'Rules that forbid to keep what is in the logs for so long (personal data): record an exception for such groups.',
    'Copies elsewhere: exports to S3 and subscriptions, which may keep the events long enough already.',
    'Events that are past the old retention and not purged yet: they come under the new one, and stay.',
    'What the longer storage costs.',
    'What a group would keep without the retention policy of the account that holds for it: CloudWatch Logs shows only the policy.',
  ],
  hazards: [],
  rollback: {
    restores: 'exact',
    what: 'The retention is set back to what it was.',
    not: ['Log events older than that: CloudWatch Logs deletes them for good, so it has to be accepted (`--accept-loss`).'],
  },
  alsoFoundBy: { prowler: ['cloudwatch_log_group_retention_policy_specific_days_enabled'] },
  uses: {
    reads: [logs.pick('DescribeLogGroups', 'ListTagsForResource')],
    writes: [logs.pick('PutRetentionPolicy')],
    undoes: [logs.pick('PutRetentionPolicy')],
    decides: [logs.pick('ListTagsForResource')],
  },
  parameters,
  async identify({ resource }) {
    if (!resource.id.startsWith('arn:')) return { id: resource.id };
    const [, region, account, name] = ARN.exec(resource.id) ?? [];
    if (region === undefined || name === undefined || account !== resource.account) return null;
    return { id: name, region };
  },
  async observe({ aws, resource, purpose }) {
    const find = async () => {
      for await (const each of paginate(aws.logs.DescribeLogGroups, { logGroupNamePrefix: resource.id }, 'logGroups', TOKEN))
        if (each.logGroupName === resource.id) return each;
      return null;
    };
    const tagsOf = async (resourceArn: string) => (purpose === 'verification' ? {} : ((await aws.logs.ListTagsForResource({ resourceArn })).tags ?? {}));
    const { partition, region, account, id } = resource;
    // Its ARN is known beforehand, so that its tags need not wait for it.
    const expected = `arn:${partition}:logs:${region}:${account}:log-group:${id}`;
    const [group, read] = await inParallel(find(), tagsOf(expected).catch(noneIfGone));
    if (group === null) return 'gone';
    // Tags go by the ARN of the group itself; the older of the two is that of its streams.
    const arn = group.logGroupArn ?? group.arn?.replace(/:\*$/, '');
    if (arn === undefined) throw new Error(`DescribeLogGroups did not give the ARN of ${id}, by which its tags are read.`);
    if (group.creationTime === undefined)
      throw new Error(`DescribeLogGroups did not say since when ${id} is there, so whether it is the same one cannot be determined.`);
    const tags = arn === expected && read !== null ? read : await tagsOf(arn);
    // A group without retention keeps its events for ever. Under a policy of the account the days are the policy's: put back as the group's own
    // by a rollback, they would purge what the group keeps once the policy is gone.
    const days = group.retentionInDays ?? null;
    const policy = group.retentionPolicyName === undefined ? null : { name: group.retentionPolicyName, days };
    const state: State = {
      created: group.creationTime,
      retentionInDays: policy === null ? days : null,
      logGroupClass: group.logGroupClass ?? 'STANDARD',
      policy,
    };
    return { state, tags };
  },
  plan({ state: { retentionInDays, logGroupClass, policy }, resource, parameters: { minDays } }) {
    if (logGroupClass === 'DELIVERY')
      return { status: 'not-applicable', reason: 'Log groups of the class DELIVERY only pass events on; how long they keep them is fixed.' };
    if (policy !== null) {
      const by = `The retention policy ${policy.name} of the account`;
      if (policy.days === null) return { status: 'compliant', message: `${by} keeps its events for ever.` };
      if (policy.days >= minDays) return { status: 'compliant', message: `${by} keeps its events for ${policy.days} days; ${minDays} are required.` };
      return {
        status: 'manual',
        message: `${by} keeps events of ${resource.id} for ${policy.days} days; ${minDays} are required. It overrides what is set on the group, so nothing is set there.`,
        steps: [
          `Raise ${policy.name} to ${minDays} days (aws logs put-account-policy --policy-type RETENTION_POLICY --dry-run says first what that changes), or let it leave this group out.`,
          'If the account owes its policy to a central team, ask there.',
        ],
      };
    }
    if (retentionInDays === null) return { status: 'compliant', message: 'The log group keeps its events for ever.' };
    if (retentionInDays >= minDays)
      return { status: 'compliant', message: `The log group keeps its events for ${retentionInDays} days; ${minDays} are required.` };
    if (!RAISABLE.includes(logGroupClass))
      return {
        status: 'manual',
        message: `${resource.id} keeps its events for ${retentionInDays} days; ${minDays} are required. What setting it would do in the class ${logGroupClass} is not known here, so it is not set.`,
        steps: [`See what the class ${logGroupClass} is for, and whether its groups take a longer retention; set it by hand, or record an exception.`],
      };
    const put = (days: number) => logs.call('PutRetentionPolicy', { logGroupName: resource.id, retentionInDays: days });
    return {
      status: 'change',
      changes: [
        {
          call: put(minDays),
          undo: { calls: [put(retentionInDays)], restores: 'exact', destroys: `log events older than ${retentionInDays} days, for good` },
          summary: `keep events of ${resource.id} for ${minDays} days instead of ${retentionInDays}`,
          resolves: true,
        },
      ],
    };
  },
  judge({ state: { retentionInDays, logGroupClass }, claim, resource }) {
    const asked = Number(claim.parameters?.['MinRetentionTime'] ?? claim.parameters?.['minRetentionTime'] ?? Number.NaN);
    if (logGroupClass === 'DELIVERY' || retentionInDays === null || !(retentionInDays < asked)) return [];
    return [`${resource.id} keeps its events for ${retentionInDays} days, and ${asked} are looked for: the policy has less`];
  },
  async *discover({ aws, parameters: { minDays } }) {
    for await (const group of paginate(aws.logs.DescribeLogGroups, {}, 'logGroups', TOKEN)) {
      if (group.logGroupName !== undefined && (group.retentionInDays ?? minDays) < minDays) yield { type: 'AWS::Logs::LogGroup', id: group.logGroupName };
    }
  },
});
