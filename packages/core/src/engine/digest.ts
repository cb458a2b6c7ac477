import { breakerOf, type Gap } from '../journal.js';
import { messageOf } from '../model/errors.js';
import type { JsonObject } from '../model/json.js';
import { GLOBAL_REGION, partitionOf, type ResourceRef } from '../model/resource.js';
import type { GapDigest } from '../notify.js';
import { environmentOf, type Policy } from '../policy/policy.js';
import { loaded } from '../remediator/late.js';
import { lastSweepOf, NEVER_SWEPT, type Swept } from '../swept.js';
import { persist } from './recorder.js';
import type { Runtime } from './runtime.js';
import { sweptSoFar } from './sweep/progress.js';
import type { SweepTarget } from './types.js';

/** Under this name it is in the journal. */
const DIGEST = 'redress-digest';
const DAY = 86_400_000;
/** How long a worker that nothing ends has for sending it, before another one takes it for gone; as for the notices of a grace period. */
const SENDING = 5_400_000;
/** By how much clocks of workers may differ. */
const SKEW = 60_000;

/**
 * Sends the digest once a day, in UTC: gaps that have been open since before today, and outcomes of which nobody could be notified. The first sweep
 * of the day sends it. A record claims it, and only the worker with the first claim in the stream sends. A failure is a warning, and the next sweep
 * of the day retries.
 */
export async function sendDigest(runtime: Runtime, targets: readonly SweepTarget[], deadline: number | null): Promise<void> {
  const { notify, clock, warn } = runtime;
  if (notify?.digest === undefined) return;
  try {
    const journal = runtime.needJournal('A digest');
    const now = clock.now();
    const today = Math.floor(now / DAY) * DAY;
    const day = new Date(today).toISOString().slice(0, 10);
    const policy = await readable(runtime);
    const at = placeOf(policy, targets);
    const before = (await journal.view(at)).digest;
    if (before !== null && (before.day > day || (before.day === day && (before.sent || (before.sending?.until ?? 0) > now)))) return;
    const digest = await contents(runtime, policy, { day, today, now });
    if (digest.gaps.length === 0 && digest.unsaid.length === 0) return;
    const write = (what: JsonObject, message: string) =>
      persist(runtime, (each) => each.append({ kind: 'notice', resource: at, remediator: DIGEST, body: { digest: { day, ...what }, message } }));
    const { seq } = await write({ sending: { until: (deadline ?? now + SENDING) + SKEW } }, `The digest of ${day} is being sent.`);
    // Another worker's claim came first.
    if ((await journal.view(at)).digest?.sending?.record !== seq) return;
    try {
      const { status, channels, failed } = (await notify.digest(digest)) ?? { status: 'delivered', channels: [] };
      if (status === 'held') await notify.flush?.({ all: true });
      if (failed !== undefined) warn(`the digest of ${day} was not delivered everywhere`, new Error(failed));
      const count = { gaps: digest.gaps.length, unsaid: digest.unsaid.length };
      await write(
        { sent: seq, channels: [...channels], ...count, ...(failed === undefined ? {} : { failed }) },
        status === 'nobody' ? `The digest of ${day} was not sent: a route says so.` : `The digest of ${day} was delivered.`,
      );
      if (status !== 'nobody') for (const each of digest.unsaid) await said(runtime, each, channels);
    } catch (error) {
      warn(`the digest of ${day} was not delivered`, error);
      await write({ unsent: seq }, `The digest of ${day} could not be delivered.`);
    }
  } catch (error) {
    warn('the digest of the day was not sent', new Error(messageOf(error)));
  }
}

/** What people were notified of at last. */
function said(runtime: Runtime, { resource, remediator, of, execution, outcome }: GapDigest['unsaid'][number], channels: readonly string[]): Promise<unknown> {
  return persist(runtime, (journal) =>
    journal.append({
      kind: 'notice',
      resource,
      remediator,
      ...(execution === null ? {} : { execution }),
      body: { notice: { of, outcome, status: 'delivered', channels: [...channels] }, message: 'People were notified by a digest.' },
    }),
  );
}

async function contents(
  runtime: Runtime,
  policy: Policy | null,
  { day, today, now }: { readonly day: string; readonly today: number; readonly now: number },
): Promise<GapDigest> {
  const { gaps, unsaid } = await runtime.needJournal('A digest').standing();
  const titles = new Map((await loaded(runtime.remediators)).map(({ id, title }) => [id, title]));
  // What appeared today, people have just heard of; what no installed remediator looks for nobody can say anything of.
  const mine = gaps.filter(({ since, quiet, members, remediator }) => since < today && !quiet && members === null && titles.has(remediator));
  const seen = await lastSeen(runtime, mine);
  return {
    day,
    at: now,
    gaps: mine.map((gap) => ({
      ...gap,
      title: titles.get(gap.remediator) ?? gap.remediator,
      environment: policy === null ? null : (environmentOf(policy, gap.resource.account)?.name ?? null),
      seen: seen(gap),
    })),
    unsaid: unsaid.map((each) => ({ ...each, title: titles.get(each.remediator) ?? each.remediator })),
  };
}

/** A sweep that came to its end has looked at whatever stands in its place. */
async function lastSeen(runtime: Runtime, gaps: readonly Gap[]): Promise<(gap: Gap) => number> {
  const places = new Map<string, Swept>();
  for (const { resource } of gaps) {
    const { account, region } = resource;
    const place = `${account} ${region}`;
    if (region !== GLOBAL_REGION && !places.has(place)) places.set(place, (await sweptSoFar(runtime, { account, region })).swept);
  }
  return ({ resource: { account, region }, remediator, seenAt }) =>
    Math.max(seenAt, lastSweepOf(places.get(`${account} ${region}`) ?? NEVER_SWEPT, remediator)?.complete ?? 0);
}

/** The same for all workers: the first account of the policy, or else of what is swept. */
function placeOf(policy: Policy | null, targets: readonly SweepTarget[]): ResourceRef {
  const named = (policy?.environments ?? []).flatMap(({ accounts }) => accounts).sort();
  const account = named[0] ?? [...targets.map((each) => each.account)].sort()[0] ?? '';
  return breakerOf({ account, partition: partitionOf(targets[0]?.region ?? '') });
}

async function readable(runtime: Runtime): Promise<Policy | null> {
  try {
    return await runtime.readPolicy();
  } catch {
    return null;
  }
}
