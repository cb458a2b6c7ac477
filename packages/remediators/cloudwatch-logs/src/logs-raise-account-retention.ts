import { accountInRegion, allOf, canonicalJson, countOf, defineSetting, given, isRecord, type Json, type JsonObject, paginate } from '@redress/core';
import * as z from '@redress/core/parameters';
import { logs } from './client.js';
import { packageRef } from './package-ref.js';

/**
 * The days that a retention policy of the account takes.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutAccountPolicy.html
 */
const RETENTIONS = [30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653] as const;
const FOR_EVER = 'NEVER_EXPIRE';

/** A retention policy of the account, with all that a call sets. A type, not an interface: state must be plain JSON. */
type RetentionPolicy = {
  readonly name: string;
  /** The document as it is, whatever else is in it. */
  readonly document: JsonObject;
  /** Of which groups; null: of all. */
  readonly selection: string | null;
  readonly scope: string | null;
};

/** For how long events are kept by it; null: for ever. */
function daysOf({ name, document }: RetentionPolicy): number | null {
  const { retentionInDays: days } = document;
  if (days === FOR_EVER) return null;
  if (typeof days !== 'number') throw new Error(`The retention policy ${name} does not show how many days events are kept.`);
  return days;
}

/** A call takes the document as a text. */
const put = ({ name, document, selection, scope }: RetentionPolicy) =>
  logs.call('PutAccountPolicy', {
    policyName: name,
    policyType: 'RETENTION_POLICY',
    policyDocument: canonicalJson(document),
    ...(selection === null ? {} : { selectionCriteria: selection }),
    ...(scope === null ? {} : { scope: scope as 'ALL' }),
  });

/**
 * Raises retention policies of the account to the required minimum, after a person has said yes. They hold in place of what is set on log groups. None
 * is lowered or made: a new one would shorten what groups keep by a longer retention of their own.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutAccountPolicy.html
 */
export const raiseAccountRetention = defineSetting({
  on: accountInRegion,
  id: 'logs-raise-account-retention',
  title: 'Raise retention policies of the account to the required minimum',
  package: packageRef,
  controls: {},
  rules: {},
  calls: { 'logs:PutAccountPolicy': 'account' },
  ceiling: 'approve',
  blindSpots: [
    'Rules that forbid keeping the contents of the logs for that long (personal data).',
    'How many log groups it applies to, and what the longer storage costs: a dry run of the call shows it (aws logs put-account-policy --dry-run).',
    'The day until it takes effect: events past the old period are still deleted during that day.',
    'Other policies, or log groups without one, that already keep the same events long enough: if several policies apply, the longest retention wins.',
  ],
  parameters: z.strictObject({
    minDays: z
      ._default(z.literal(RETENTIONS), 365)
      .check(z.describe('The required minimum in days. Shorter retention policies of the account are raised to it.')),
  }),
  read: {
    reads: [logs.pick('DescribeAccountPolicies')],
    async of({ aws }) {
      const TOKEN = { input: 'nextToken', output: 'nextToken' };
      const found = await allOf(paginate(aws.logs.DescribeAccountPolicies, { policyType: 'RETENTION_POLICY' }, 'accountPolicies', TOKEN));
      const policies = found.map((each): RetentionPolicy => {
        const document: unknown = JSON.parse(given(each, 'policyDocument'));
        if (!isRecord(document)) throw new Error(`The document of the retention policy ${each.policyName} is not an object.`);
        const policy = {
          name: given(each, 'policyName'),
          document: document as JsonObject,
          selection: each.selectionCriteria ?? null,
          scope: each.scope ?? null,
        };
        // What cannot be read is not left to be compared.
        daysOf(policy);
        return policy;
      });
      return { policies: policies.sort((a, b) => (a.name < b.name ? -1 : 1)) as readonly RetentionPolicy[] };
    },
  },
  hazards: [],
  rollback: {
    restores: 'exact',
    what: 'The policy gets its earlier retention back.',
    not: ['Log events older than that: CloudWatch Logs deletes them permanently, so the loss has to be accepted (`--accept-loss`).'],
  },
  inCode: { cloudFormation: 'AWS::Logs::AccountPolicy PolicyDocument', terraform: 'aws_cloudwatch_log_account_policy policy_document' },
  wanted: ({ now: { policies }, parameters: { minDays } }) => ({
    policies: policies.map((policy) => {
      const days = daysOf(policy);
      const retentionInDays: Json = days === null ? FOR_EVER : Math.max(days, minDays);
      return { ...policy, document: { ...policy.document, retentionInDays } };
    }),
  }),
  compliant: ({ now: { policies }, parameters: { minDays } }) =>
    policies.length === 0 ? 'The account has no retention policy.' : `Each retention policy of the account keeps events for ${minDays} days or longer.`,
  writes: [logs.pick('PutAccountPolicy')],
  write: ({ now, to }) =>
    to.policies.flatMap((policy, at) => {
      const before = now.policies[at] ?? policy;
      const [days, was] = [daysOf(policy), daysOf(before)];
      if (days === was) return [];
      return [
        {
          call: put(policy),
          undo: {
            calls: [put(before)],
            restores: 'exact' as const,
            destroys: `log events older than ${countOf(was ?? 0, 'day')} in the log groups under ${policy.name}, permanently`,
          },
          summary: `keep events for ${days} days instead of ${was} by the retention policy ${policy.name}`,
        },
      ];
    }),
  summary: ({ id }) => `raise retention policies of ${id}`,
});
