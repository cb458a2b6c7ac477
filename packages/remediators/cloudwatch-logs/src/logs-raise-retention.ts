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
    const tags = arn === expected && read !== null ? read : await tagsOf(arn);
    // A group without retention keeps its events for ever.
    return { state: { retentionInDays: group.retentionInDays ?? null, logGroupClass: group.logGroupClass ?? 'STANDARD' }, tags };
  },
  plan({ state: { retentionInDays, logGroupClass }, resource, parameters: { minDays } }) {
    if (logGroupClass === 'DELIVERY')
      return { status: 'not-applicable', reason: 'Log groups of the class DELIVERY only pass events on; how long they keep them is fixed.' };
    if (retentionInDays === null) return { status: 'compliant', message: 'The log group keeps its events for ever.' };
    if (retentionInDays >= minDays)
      return { status: 'compliant', message: `The log group keeps its events for ${retentionInDays} days; ${minDays} are required.` };
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
