import {
  type ApiCall,
  type AwsReads,
  allOf,
  type CallReader,
  defineRemediator,
  GLOBAL_REGION,
  inParallel,
  isGone,
  isLeftOut,
  isRecord,
  paginate,
} from '@redress/core';
import * as z from '@redress/core/parameters';
import { iam } from './client.js';
import { packageRef } from './package-ref.js';

const parameters = z.strictObject({
  maxAgeDays: z._default(z.int().check(z.gte(1)), 90).check(z.describe('Active keys older than this many days are stale.')),
});

/** The tag that is the flag. Its prefix is reserved, so that no policy of somebody else decides by it. */
export const FLAG = 'redress:stale-access-key';
const DAY = 86_400_000;
/** A key that was used in this time is in use. */
const IN_USE = 30 * DAY;
const TAG_LIMIT = 50;
const VALUE_LIMIT = 256;
const MARKER = { input: 'Marker', output: 'Marker' };

/** An active key. A type, not an interface: state must be plain JSON. */
type Key = { readonly id: string; readonly created: string };

/** What the flag says: ids of keys, with a space between, as many as a tag value holds. */
export function flagValue(keys: readonly Pick<Key, 'id'>[]): string {
  let value = '';
  for (const id of keys.map((key) => key.id).sort()) {
    const longer = value === '' ? id : `${value} ${id}`;
    if (longer.length > VALUE_LIMIT) break;
    value = longer;
  }
  return value;
}

// Whoever makes or changes a key of his own need not name himself: then IAM takes who signed the call, and the reply to CreateAccessKey says so.
// Where the record leaves the request out, nobody knows whether it named somebody else.
const namedUser: CallReader = ({ request, response, actor, account }) => {
  const key = response?.['accessKey'];
  const own =
    !isLeftOut({ request }) && actor?.type === 'IAMUser' && actor.arn?.includes(`:iam::${account}:user/`) === true
      ? actor.arn.slice(actor.arn.lastIndexOf('/') + 1)
      : undefined;
  const name = [request?.['userName'], isRecord(key) ? key['userName'] : undefined, own].find((each) => typeof each === 'string' && each !== '');
  return typeof name === 'string' ? [{ id: name, region: GLOBAL_REGION }] : [];
};

/** When a key was used last, in words that do not change with each use: whoever was notified of the gap is not notified again because of it. */
function useOf(last: string | null, now: number): string {
  if (last === null) return 'never used, as far as IAM knows';
  return now - Date.parse(last) > IN_USE ? `not used for ${IN_USE / DAY} days` : `used in the last ${IN_USE / DAY} days`;
}

/** A user with its active keys, and its tags. */
async function stateOf(aws: AwsReads<readonly [ReturnType<typeof iam.pick<'ListAccessKeys' | 'GetUser'>>]>, UserName: string) {
  const [listed, { User: user }] = await inParallel(
    allOf(paginate(aws.iam.ListAccessKeys, { UserName }, 'AccessKeyMetadata', MARKER)),
    aws.iam.GetUser({ UserName }),
  );
  // One that was deleted and made again is another one: IAM never gives an id twice.
  if (user?.UserId === undefined) throw new Error(`GetUser returned no id of ${UserName}.`);
  const keys: Key[] = [];
  for (const key of listed) {
    if (key.Status !== undefined && key.Status !== 'Active') continue;
    if (key.AccessKeyId === undefined || key.CreateDate === undefined) throw new Error(`ListAccessKeys returned no creation date for a key of ${UserName}.`);
    keys.push({ id: key.AccessKeyId, created: key.CreateDate.toISOString() });
  }
  keys.sort((a, b) => (a.id < b.id ? -1 : 1));
  const tags: Record<string, string> = {};
  for (const tag of user.Tags ?? []) tags[tag.Key ?? ''] = tag.Value ?? '';
  // Keys of a user's tags ignore case: one that is written in another way is replaced by the flag, so it is the flag.
  const flag = Object.entries(tags).find(([key]) => key.toLowerCase() === FLAG)?.[1] ?? null;
  // Not the number of tags: somebody else's tag is no reason to refuse a rollback.
  const room = flag !== null || Object.keys(tags).filter((key) => !key.startsWith('aws:')).length < TAG_LIMIT;
  return { state: { user: user.UserId, keys: keys as readonly Key[], flag, room }, tags };
}

/**
 * Flags users whose active access keys are older than the policy allows: a tag on the user, taken off again when the keys are gone. Never
 * touches a key: what would stop working with it, no read can tell.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html#Using_RotateAccessKey
 */
export const flagStaleAccessKey = defineRemediator({
  id: 'iam-flag-stale-access-key',
  title: 'Flag and notify about access keys older than the policy',
  package: packageRef,
  resourceTypes: ['AWS::IAM::User'],
  controls: [
    { framework: 'aws-fsbp', id: 'IAM.3' },
    { framework: 'cis-aws-foundations-benchmark/v/1.2.0', id: '1.4' },
    { framework: 'cis-aws-foundations-benchmark/v/1.4.0', id: '1.14' },
    { framework: 'cis-aws-foundations-benchmark/v/3.0.0', id: '1.14' },
    { framework: 'cis-aws-foundations-benchmark/v/5.0.0', id: '1.13' },
  ],
  triggers: {
    configRules: ['ACCESS_KEYS_ROTATED', 'access-keys-rotated'],
    apiCalls: { 'iam:CreateAccessKey': namedUser, 'iam:UpdateAccessKey': namedUser, 'iam:DeleteAccessKey': namedUser },
  },
  // For the flag, which is all that it ever writes.
  ceiling: 'enforce',
  global: true,
  whenResolved: true,
  blindSpots: [
    'What uses a key: the last use in IAM lags by hours, and shows only one service and one region.',
    'SES SMTP passwords and presigned URLs derived from a key.',
    'Keys of the root user, which IAM does not list.',
    'Policies with conditions on tags: a policy that counts tags or allows any tag key is affected by the flag.',
    'Programs that manage the tags of the user and remove the flag: it is set again, and the outcome is contested after the second time in seven days.',
  ],
  hazards: [],
  rollback: { restores: 'exact', what: 'The flag is removed, or set back to its earlier value.', not: [] },
  alsoFoundBy: { prowler: ['iam_rotate_access_key_90_days'] },
  uses: {
    reads: [iam.pick('ListUsers', 'ListAccessKeys', 'GetAccessKeyLastUsed', 'GetUser')],
    writes: [iam.pick('TagUser', 'UntagUser')],
    undoes: [iam.pick('TagUser', 'UntagUser')],
    finds: [iam.pick('ListUsers')],
    decides: [iam.pick('GetAccessKeyLastUsed')],
  },
  parameters,
  async identify({ aws, resource }) {
    // AWS Config names a user by its unique id, everything else by its name.
    if (!/^AIDA[A-Z0-9]{12,}$/.test(resource.id)) return { id: resource.id, region: GLOBAL_REGION };
    let named: string | null = null;
    for await (const user of paginate(aws.iam.ListUsers, {}, 'Users', MARKER)) {
      if (user.UserName === undefined) continue;
      if (user.UserId === resource.id) return { id: user.UserName, region: GLOBAL_REGION };
      if (user.UserName === resource.id) named = user.UserName;
    }
    return named === null ? null : { id: named, region: GLOBAL_REGION };
  },
  async observe({ aws, resource, purpose }) {
    try {
      const { state, tags } = await stateOf(aws, resource.id);
      const { keys } = state;
      // For those who are notified.
      const uses = await inParallel(...(purpose === 'decision' ? keys : []).map(({ id }) => aws.iam.GetAccessKeyLastUsed({ AccessKeyId: id })));
      const lastUsed: Record<string, string | null> = {};
      for (const [at, { AccessKeyLastUsed: used }] of uses.entries()) lastUsed[keys[at]?.id ?? ''] = used?.LastUsedDate?.toISOString() ?? null;
      return { state, ...(purpose === 'confirmation' ? {} : { context: { lastUsed } }), tags };
    } catch (error) {
      if (isGone(error)) return 'gone';
      throw error;
    }
  },
  // When a key was used last is of interest to those who are notified of it.
  glance: async ({ aws, resource }) => ({ state: (await stateOf(aws, resource.id)).state, context: { lastUsed: {} } }),
  plan({ state, context, resource, parameters: { maxAgeDays }, observedAt }) {
    const stale = state.keys.filter((key) => observedAt - Date.parse(key.created) > maxAgeDays * DAY);
    const { flag } = state;
    const tagged = (value: string) => iam.call('TagUser', { UserName: resource.id, Tags: [{ Key: FLAG, Value: value }] });
    const untagged = iam.call('UntagUser', { UserName: resource.id, TagKeys: [FLAG] });
    const change = (call: ApiCall<'iam:TagUser' | 'iam:UntagUser'>, summary: string) => ({
      status: 'change' as const,
      // What was there before, be it nothing.
      changes: [{ call, undo: { calls: [flag === null ? untagged : tagged(flag)], restores: 'exact' as const }, summary, resolves: false }],
    });
    if (stale.length === 0) {
      if (flag === null) return { status: 'compliant', message: `No active key is older than ${maxAgeDays} days.` };
      return change(untagged, `remove the flag from ${resource.id}: no active key is older than ${maxAgeDays} days`);
    }
    const open = stale.map((key) => {
      const used = context?.lastUsed[key.id];
      return `rotate key ${key.id} of user ${resource.id} (created ${key.created.slice(0, 10)}${used === undefined ? '' : `; ${useOf(used, observedAt)}`})`;
    });
    const value = flagValue(stale);
    const steps = [
      'Create a second key, and switch whatever uses the first one to it.',
      'When IAM shows that the first key is no longer used, deactivate it, wait, and then delete it.',
    ];
    // A flag closes nothing: the gap is open until the keys are gone.
    if (flag === value) return { status: 'manual', message: `User ${resource.id} is flagged. Still open: ${open.join('; ')}.`, steps, flagged: true };
    if (!state.room) {
      return {
        status: 'manual',
        message: `User ${resource.id} has keys older than ${maxAgeDays} days, and no room for a flag (IAM allows ${TAG_LIMIT} tags): ${open.join('; ')}.`,
        steps,
      };
    }
    return { ...change(tagged(value), `flag ${resource.id}: ${value}`), open };
  },
  judge({ state, claim, resource, parameters: { maxAgeDays } }) {
    const asked = Number(claim.parameters?.['maxAccessKeyAge'] ?? Number.NaN);
    const limit = asked > 0 && asked < maxAgeDays ? asked : maxAgeDays;
    const older = (created: string, days: number) => claim.observedAt - Date.parse(created) > days * DAY;
    // What is older than the policy allows is flagged, and said to be open.
    const open = state.keys.filter(({ created }) => older(created, limit) && !older(created, maxAgeDays));
    return open.map(
      ({ id, created }) =>
        `key ${id} of user ${resource.id}, created ${created.slice(0, 10)}, is older than the required ${limit} days; the policy has ${maxAgeDays}`,
    );
  },
  async *discover({ aws }) {
    for await (const user of paginate(aws.iam.ListUsers, {}, 'Users', MARKER)) {
      if (user.UserName !== undefined) yield { type: 'AWS::IAM::User', id: user.UserName, region: GLOBAL_REGION };
    }
  },
});
