import {
  type AwsReads,
  allOf,
  type CallReader,
  type Claim,
  GLOBAL_REGION,
  given,
  inParallel,
  isLeftOut,
  isRecord,
  type NamedIn,
  paginate,
  type Step,
  type WordedHazard,
} from '@redress/core';
import { iam } from './client.js';
import { MARKER } from './principal.js';

export const DAY = 86_400_000;

/** An access key of a user. A type, not an interface: state must be plain JSON. */
export type AccessKey = {
  readonly id: string;
  readonly active: boolean;
  readonly created: string;
  /** Since when nobody uses it; null: it is in use, or was a short while ago. Of one that is not active it is not asked. */
  readonly unused: string | null;
};

/** What reads keys. */
export const KEY_READS = [iam.pick('ListAccessKeys', 'GetAccessKeyLastUsed')] as const;
type Reads = AwsReads<typeof KEY_READS>;

/** Since when nobody uses a key: its last use, or that it was made. IAM knows of uses since 2015, and hours later. */
async function lastUse({ iam: read }: Reads, key: Pick<AccessKey, 'id' | 'created'>) {
  const used = given(await read.GetAccessKeyLastUsed({ AccessKeyId: key.id }), 'AccessKeyLastUsed');
  // Of a key that nobody has used IAM says so in words, and no date.
  if (used.LastUsedDate === undefined && used.ServiceName !== 'N/A') throw new Error(`IAM did not show when the key ${key.id} was last used.`);
  return { since: used.LastUsedDate?.toISOString() ?? key.created, by: used.LastUsedDate === undefined ? null : `${used.ServiceName} in ${used.Region}` };
}

/**
 * The keys of a user.
 *
 * @param before a key that was used since is in use, which the state says without the moment: that changes with every use. Null: it is not asked.
 */
export async function keysOf(aws: Reads, UserName: string, before: number | null): Promise<readonly AccessKey[]> {
  const listed = await allOf(paginate(aws.iam.ListAccessKeys, { UserName }, 'AccessKeyMetadata', MARKER));
  const keys = listed.map((key) => {
    const made = given(key, 'CreateDate').toISOString();
    return { id: given(key, 'AccessKeyId'), active: given(key, 'Status') === 'Active', created: made, unused: null };
  });
  const uses = await inParallel(...keys.map((key) => (before === null || !key.active ? null : lastUse(aws, key))));
  return keys
    .map((key, at) => {
      const since = uses[at]?.since ?? null;
      return { ...key, unused: since !== null && before !== null && Date.parse(since) < before ? since.slice(0, 10) : null };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** When active keys were used last, for those who decide. */
export async function usesOf(aws: Reads, UserName: string): Promise<Readonly<Record<string, { readonly since: string; readonly by: string | null }>>> {
  const active = (await keysOf(aws, UserName, null)).filter((key) => key.active);
  const uses = await inParallel(...active.map((key) => lastUse(aws, key)));
  return Object.fromEntries(active.map(({ id }, at) => [id, uses[at] as NonNullable<(typeof uses)[number]>]));
}

/** Turns keys off, each by a call of its own, which a rollback turns on again. */
export function turnOff(UserName: string, now: readonly AccessKey[], to: readonly AccessKey[]): Step<'iam:UpdateAccessKey', 'iam:UpdateAccessKey'>[] {
  return to.flatMap((key, at) => {
    if (key.active === now[at]?.active) return [];
    const set = (Status: 'Active' | 'Inactive') => iam.call('UpdateAccessKey', { UserName, AccessKeyId: key.id, Status });
    const created = `created ${key.created.slice(0, 10)}`;
    return [{ call: set('Inactive'), undo: { calls: [set('Active')], restores: 'exact' }, summary: `deactivate key ${key.id} of ${UserName} (${created})` }];
  });
}

/** Calls that make keys, or change them. Who names no user means itself; where the record leaves the request out nobody knows whether it did. */
const ofUser: CallReader = ({ request, response, actor, account }) => {
  const key = response?.['accessKey'];
  const own = !isLeftOut({ request }) && actor?.type === 'IAMUser' && actor.arn?.includes(`:iam::${account}:user/`) === true ? actor.arn : undefined;
  const name = [request?.['userName'], isRecord(key) ? key['userName'] : undefined, own?.slice(own.lastIndexOf('/') + 1)].find(
    (each) => typeof each === 'string' && each !== '',
  );
  return typeof name === 'string' ? [{ id: name, region: GLOBAL_REGION }] : [];
};
export const keyCalls: Readonly<Record<string, NamedIn>> = { 'iam:CreateAccessKey': ofUser, 'iam:UpdateAccessKey': ofUser };

/** The hazard of keys that look as if nobody needed them, until the day that somebody does. */
export const rareOnPurpose: WordedHazard = {
  code: 'rare-on-purpose',
  effect: 'approve',
  what: 'Tags mark it for emergencies, recovery or rare jobs: these would fail when they are needed.',
  advice: 'Ask its owner. Approve if it is no longer needed; otherwise record an exception with an expiry date.',
  words: ['break glass', 'emergency', 'disaster recovery', 'dr', 'quarterly', 'yearly', 'annual', 'year end'],
};

/** What no read can show of keys. */
export const KEY_BLIND_SPOTS: readonly string[] = [
  'What uses a key: the last use in IAM lags by hours, and shows only one service and one region.',
  'SES SMTP passwords and presigned URLs derived from a key: they stop working with it.',
  'Keys of the root user, which IAM does not list.',
];

/** For how many days a source lets a credential be unused; NaN: that is not known. */
export function unusedDaysBy(claim: Claim): number {
  if (claim.controls.includes('IAM.22')) return 45;
  return claim.controls.includes('IAM.8') ? 90 : Number(claim.parameters?.['maxCredentialUsageAge'] ?? Number.NaN);
}
