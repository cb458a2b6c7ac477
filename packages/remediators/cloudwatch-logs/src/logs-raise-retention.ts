import { countOf, defineSetting } from '@redress/core';
import * as z from '@redress/core/parameters';
import { logs } from './client.js';
import { logGroup } from './log-group.js';
import { packageRef } from './package-ref.js';

/**
 * The days that CloudWatch Logs takes.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
 */
const RETENTIONS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653] as const;

const parameters = z.strictObject({
  minDays: z._default(z.literal(RETENTIONS), 365).check(z.describe('The required minimum in days. Log groups with a shorter retention are raised to it.')),
});

/** Classes of which is known that a group has a retention of its own to set. */
const RAISABLE: readonly string[] = ['STANDARD', 'INFREQUENT_ACCESS', 'ESSENTIALS'];

/** Days are raised, and put back, only where there are some. */
const put = (logGroupName: string, { retentionInDays }: { readonly retentionInDays: number | null }) =>
  logs.call('PutRetentionPolicy', { logGroupName, retentionInDays: Number(retentionInDays) });

/**
 * Raises the retention of a log group to the required minimum. Never lowers one, and leaves groups alone that keep everything.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html#cloudwatch-16
 */
export const raiseRetention = defineSetting({
  on: logGroup,
  id: 'logs-raise-retention',
  title: 'Raise log group retention to the required minimum',
  package: packageRef,
  controls: { 'aws-fsbp': ['CloudWatch.16'] },
  rules: { CW_LOGGROUP_RETENTION_PERIOD_CHECK: 'cw-loggroup-retention-period-check' },
  calls: { 'logs:CreateLogGroup': 'request.logGroupName', 'logs:PutRetentionPolicy': 'request.logGroupName' },
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: [
    'Rules that forbid keeping the contents of the logs for that long (personal data): record an exception for such groups.',
    'Copies elsewhere: exports to S3 and subscriptions may already keep the events long enough.',
    'Events that are past the old retention but not deleted yet: the new retention applies to them, so they stay.',
    'What the longer storage costs.',
    'The retention of the log group itself, where a retention policy of the account applies to it: CloudWatch Logs shows only the policy.',
  ],
  hazards: [],
  rollback: {
    restores: 'exact',
    what: 'The retention is set back to what it was.',
    not: ['Log events older than that: CloudWatch Logs deletes them permanently, so the loss has to be accepted (`--accept-loss`).'],
  },
  alsoFoundBy: { prowler: ['cloudwatch_log_group_retention_policy_specific_days_enabled'] },
  inCode: { cloudFormation: 'AWS::Logs::LogGroup RetentionInDays', terraform: 'aws_cloudwatch_log_group retention_in_days' },
  parameters,
  // Under a policy of the account the days are the policy's: put back as the group's own by a rollback, they would purge what the group keeps
  // once the policy is gone.
  at: ({ retentionInDays, logGroupClass, retentionPolicyName: name }) => ({
    retentionInDays: name === undefined ? retentionInDays : null,
    logGroupClass,
    policy: name === undefined ? null : { name, days: retentionInDays ?? null },
  }),
  // Without a retention it keeps its events forever.
  absent: { retentionInDays: null, logGroupClass: 'STANDARD' },
  instead({ now: { retentionInDays: days, logGroupClass, policy }, id, parameters: { minDays } }) {
    if (logGroupClass === 'DELIVERY')
      return { status: 'not-applicable', reason: 'Log groups of class DELIVERY only forward events. Their retention is fixed.' };
    if (policy !== null) {
      const by = `The retention policy ${policy.name} of the account`;
      if (policy.days === null) return { status: 'compliant', message: `${by} keeps its events forever.` };
      if (policy.days >= minDays) return { status: 'compliant', message: `${by} keeps its events for ${policy.days} days; ${minDays} are required.` };
      return {
        status: 'manual',
        message: `${by} keeps events of ${id} for ${policy.days} days; ${minDays} are required. It overrides what is set on the group, so nothing is set there.`,
        steps: [
          `Raise ${policy.name} to ${minDays} days, or exclude this log group from it. First run aws logs put-account-policy --policy-type RETENTION_POLICY --dry-run: it shows what would change.`,
          'If a central team manages the policy of the account, ask them.',
        ],
      };
    }
    if (days === null || days >= minDays || RAISABLE.includes(logGroupClass)) return null;
    return {
      status: 'manual',
      message: `${id} keeps its events for ${days} days; ${minDays} are required. The effect of a longer retention in the class ${logGroupClass} is not known, so it is not set.`,
      steps: [`Find out what the class ${logGroupClass} is for, and whether its log groups accept a longer retention. Set it by hand, or record an exception.`],
    };
  },
  wanted: ({ now, parameters: { minDays } }) => ({ ...now, retentionInDays: now.retentionInDays === null ? null : Math.max(now.retentionInDays, minDays) }),
  compliant: ({ now: { retentionInDays: days }, parameters: { minDays } }) =>
    days === null ? 'The log group keeps its events forever.' : `The log group keeps its events for ${days} days; ${minDays} are required.`,
  writes: [logs.pick('PutRetentionPolicy')],
  write: ({ id, to }) => put(id, to),
  summary: ({ id, now, to }) => `keep events of ${id} for ${to.retentionInDays} days instead of ${now.retentionInDays}`,
  undo: ({ id, now }) => ({
    calls: [put(id, now)],
    restores: 'exact',
    destroys: `log events older than ${countOf(now.retentionInDays ?? 0, 'day')}, permanently`,
  }),
  judge({ state: { retentionInDays, logGroupClass }, claim, resource }) {
    const asked = Number(claim.parameters?.['MinRetentionTime'] ?? claim.parameters?.['minRetentionTime'] ?? Number.NaN);
    if (logGroupClass === 'DELIVERY' || retentionInDays === null || !(retentionInDays < asked)) return [];
    return [`${resource.id} keeps its events for ${retentionInDays} days, and ${asked} are required: the parameter of the policy is lower`];
  },
});
