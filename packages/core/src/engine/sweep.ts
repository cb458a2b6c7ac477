import { type Fact, known, unreadable } from '../guardrails/guardrail.js';
import type { Gap } from '../journal.js';
import { isRedressError, messageOf, RedressError } from '../model/errors.js';
import { isRecord, type Json, type JsonObject } from '../model/json.js';
import { GLOBAL_REGION, partitionOf, type ResourceRef, resource, streamOf } from '../model/resource.js';
import type { Remediator } from '../remediator/define.js';
import { Alike } from './alike.js';
import { LOOKING } from './gate.js';
import { runPass } from './path.js';
import { persist } from './recorder.js';
import { recover } from './recover.js';
import { NEEDED_TO_BEGIN, parametersOf, type Runtime, timeLeft } from './runtime.js';
import { isUnread, type PassResult, type RunBudget, type SweepOptions, type SweepSummary, type SweepTarget } from './types.js';

/** Resources per second, unless asked otherwise: a sweep must not use up the request quota that the account's own work needs. */
const RATE = 5;
/** So many resources settle at the same time before a sweep goes on. */
const SETTLING_AT_ONCE = 100;
/** Begins the name at which a sweep goes on that has met all that there is, and not all that stands. No region is called so. */
const STANDING = 'standing:';
/** Discovery may name a resource twice in a row of pages; so many are remembered. */
const REMEMBERED = 10_000;

/** Resources that a remediator would look at, each once; null when it cannot be swept. */
export function discover(runtime: Runtime, remediator: Remediator, where: SweepTarget): AsyncIterable<ResourceRef> | null {
  const look = remediator.discover;
  if (look === null) return null;
  const partition = partitionOf(where.region);
  return (async function* () {
    const parameters = parametersOf(await runtime.readPolicy(), remediator);
    const aws = runtime.gate.reads(remediator, { ...where, partition }, LOOKING, null);
    const seen = new Set<string>();
    for await (const each of look({ aws, ...where, partition, parameters })) {
      const region = each.region ?? (remediator.global ? GLOBAL_REGION : where.region);
      const ref = resource({ type: each.type, id: each.id, account: where.account, region, partition });
      const stream = streamOf(ref);
      if (seen.has(stream)) continue;
      seen.add(stream);
      if (seen.size > REMEMBERED) for (const oldest of seen) if (seen.delete(oldest)) break;
      yield ref;
    }
  })();
}

/** Where a sweep of one remediator left off. */
export interface Last {
  readonly time: number;
  /** When the last one that came to its end began, its parts before included; epoch milliseconds, null: none did. */
  readonly complete: number | null;
  /** When the one that `next` continues began. */
  readonly began: number;
  /** Where it goes on, when the sweep was stopped before its end: after the resource that was looked at last. */
  readonly next: string | null;
}

/**
 * Looks for what events missed, and puts each resource on the way that a finding takes. One summary per remediator and place is recorded,
 * instead of a record for every resource that is as it should be. Least recently swept first; a sweep that runs out of time is continued
 * by the next one.
 */
export async function sweep(runtime: Runtime, options: SweepOptions): Promise<readonly SweepSummary[]> {
  const { dryRun = false, deadline = null } = options;
  const targets = checkedTargets(options.targets);
  if (!dryRun) {
    runtime.needJournal('A sweep');
    await recover(runtime, deadline);
  }
  const asked = options.remediators === undefined ? runtime.remediators : options.remediators.map((id) => runtime.remediator(id));
  const jobs: { readonly remediator: Remediator; readonly target: SweepTarget; readonly last: Last | null }[] = [];
  const summaries: SweepSummary[] = [];
  for (const target of targets) {
    const latest = dryRun ? known(new Map<string, Last>()) : await unlessCorrupt(lastSweeps(runtime, target));
    if (latest.ok) for (const remediator of asked) jobs.push({ remediator, target, last: latest.value.get(remediator.id) ?? null });
    // What the sweep comes to could not be recorded there either. The other places are swept.
    else for (const { id } of asked) summaries.push({ ...target, remediator: id, ...UNSWEPT, message: latest.error, record: null });
  }
  jobs.sort((a, b) => (a.last?.time ?? 0) - (b.last?.time ?? 0));
  const budget: RunBudget = options.budget ?? { changes: 0 };
  const stands = dryRun ? [] : (await runtime.needJournal('A sweep').standing()).gaps;
  for (const { remediator, target, last } of jobs) {
    if (!timeLeft(runtime, deadline)) break;
    const startedAt = runtime.clock.now();
    const found = await sweepOne(runtime, remediator, target, options.restart === true ? null : (last?.next ?? null), { ...options, dryRun, budget, stands });
    const record = dryRun || found.status === 'not-swept' ? null : await recordSweep(runtime, remediator, target, found, startedAt);
    summaries.push({ remediator: remediator.id, ...target, ...found, record });
  }
  return summaries;
}

/** A place of which nothing was looked at. */
const UNSWEPT = {
  status: 'failed',
  looked: 0,
  outcomes: {},
  retryable: 0,
  errors: 0,
  unread: 0,
  next: null,
  complete: false,
  left: 0,
  retryAt: null,
  lastComplete: null,
} as const;

/** A journal that is down is down for all; a stream that does not verify is one. */
async function unlessCorrupt<T>(read: Promise<T>): Promise<Fact<T>> {
  try {
    return known(await read);
  } catch (error) {
    if (!isRedressError(error) || error.code !== 'journal/corrupt') throw error;
    return unreadable(error);
  }
}

type Found = Omit<SweepSummary, 'remediator' | 'account' | 'region' | 'record'>;

async function sweepOne(
  runtime: Runtime,
  remediator: Remediator,
  target: SweepTarget,
  after: string | null,
  options: SweepOptions & { readonly dryRun: boolean; readonly budget: RunBudget; readonly stands: readonly Gap[] },
): Promise<Found> {
  const outcomes: Record<string, number> = {};
  let looked = 0;
  let retryable = 0;
  let errors = 0;
  let unread = 0;
  let next: string | null = null;
  const later: { ref: ResourceRef; seenAt: number; until: number }[] = [];
  const seen = new Set<string>();
  const alike = new Alike();
  const count = (passes: readonly (PassResult | null)[], again: (until: number) => boolean) => {
    for (const pass of passes) {
      if (pass === null) errors++;
      else if (pass.retryAt === null || pass.retryAt > runtime.clock.now() + remediator.settle || !again(pass.retryAt)) {
        outcomes[pass.outcome] = (outcomes[pass.outcome] ?? 0) + 1;
        if (pass.retryable) retryable++;
        if (isUnread(pass)) unread++;
        alike.add(pass);
        options.onPass?.(pass);
      }
    }
  };
  /** Comes back to what was seen for the first time: nothing else says how old it is, and tags may follow. */
  const settle = async () => {
    for (const { ref, seenAt, until } of later.splice(0)) {
      const wait = until - runtime.clock.now();
      const late = options.deadline !== undefined && until + NEEDED_TO_BEGIN > options.deadline;
      if (wait > 0 && !late) await runtime.clock.sleep(wait);
      count(await lookAt(runtime, remediator, ref, seenAt, options), () => false);
    }
  };
  /** Of what parts of this sweep have met, what the last look at it left held back. */
  const stillHeld = async () => {
    const { gaps } = await runtime.needJournal('A sweep').standing();
    return new Set(standingHere(gaps, remediator, target).flatMap(({ held }) => held ?? []));
  };
  const found = async (status: Found['status'], message: string): Promise<Found> => {
    if (!options.dryRun && status !== 'not-swept')
      await alike.tell(runtime, remediator, accountOf(target), { stands: options.stands, stillHeld: status === 'complete' ? stillHeld : null });
    return summed(status, message);
  };
  const summed = (status: Found['status'], message: string): Found => ({
    status,
    looked,
    outcomes,
    retryable,
    errors,
    unread,
    next: status === 'complete' ? null : next,
    message,
    complete: status === 'complete' || status === 'not-swept',
    left: retryable + errors,
    retryAt: status === 'stopped' ? runtime.clock.now() : null,
    lastComplete: null,
  });
  const meet = async (ref: ResourceRef) => {
    const started = runtime.clock.now();
    seen.add(streamOf(ref));
    count(await lookAt(runtime, remediator, ref, started, options), (until) => later.push({ ref, seenAt: started, until }) > 0);
    looked++;
    if (later.length >= SETTLING_AT_ONCE) await settle();
    const rest = 1000 / (options.perSecond ?? RATE) - (runtime.clock.now() - started);
    if (rest > 0) await runtime.clock.sleep(rest);
  };
  const stands = standingHere(options.stands, remediator, target);
  // All was met that there is, and of what stands all up to this name.
  const past = after?.startsWith(STANDING) === true ? after.slice(STANDING.length) : null;
  // A resource that is gone cannot be met again: then the whole of it is looked at once more, rather than nothing.
  for (const skipping of past !== null ? [] : after === null ? [false] : [true, false]) {
    let skip = skipping;
    const refs = discover(runtime, remediator, target);
    if (refs === null) return found('not-swept', 'It cannot look for resources on its own; it only answers events.');
    try {
      for await (const ref of refs) {
        const name = nameOf(ref);
        if (skip) {
          skip = name !== after;
          continue;
        }
        if (!timeLeft(runtime, options.deadline ?? null)) {
          await settle();
          return found('stopped', 'Its time ran out; the next sweep goes on from there.');
        }
        await meet(ref);
        next = name;
      }
    } catch (error) {
      runtime.warn(`the sweep of ${remediator.id} in ${target.account}, ${target.region} failed`, error);
      return found('failed', messageOf(error));
    }
    if (!skip) break;
  }
  try {
    await settle();
    // What stands and was not met is gone, or was met by the part of this sweep that came before: a look at it says so.
    next = `${STANDING}${past ?? ''}`;
    for (const { resource: ref } of stands) {
      if (seen.has(streamOf(ref)) || (past !== null && nameOf(ref) <= past)) continue;
      if (!timeLeft(runtime, options.deadline ?? null)) {
        await settle();
        return await found('stopped', 'Its time ran out; the next sweep goes on from there.');
      }
      await meet(ref);
      next = `${STANDING}${nameOf(ref)}`;
    }
    await settle();
  } catch (error) {
    runtime.warn(`the sweep of ${remediator.id} in ${target.account}, ${target.region} failed`, error);
    return found('failed', messageOf(error));
  }
  return found('complete', looked === 0 ? 'Nothing to look at.' : `${looked} looked at${unread === 0 ? '' : `, of which ${unread} could not be read`}.`);
}

/** Passes over one resource; null stands for one that failed. A resource that cannot be handled keeps no other from being looked at. */
async function lookAt(
  runtime: Runtime,
  remediator: Remediator,
  claimed: ResourceRef,
  seenAt: number,
  options: SweepOptions & { readonly dryRun: boolean; readonly budget: RunBudget },
): Promise<readonly (PassResult | null)[]> {
  const { dryRun, budget, deadline } = options;
  try {
    const request = { remediator, claimed, ids: [claimed.id], trigger: { by: 'sweep' }, seenAt } as const;
    return await runPass(runtime, request, { dryRun, budget, ...(deadline === undefined ? {} : { deadline }) });
  } catch (error) {
    // With the journal down nothing can be done about any resource.
    if (isRedressError(error) && error.code === 'journal/unavailable') throw error;
    runtime.warn(`${remediator.id}: ${claimed.id} could not be looked at`, error);
    return [null];
  }
}

/** The gaps that this sweep of a remediator meets, in an order that stays. */
function standingHere(gaps: readonly Gap[], { id, global }: Remediator, { account, region }: SweepTarget): readonly Gap[] {
  const isHere = ({ remediator, members, resource: ref }: Gap) =>
    remediator === id && members === null && ref.account === account && (ref.region === region || (global && ref.region === GLOBAL_REGION));
  return gaps.filter(isHere).sort((a, b) => (nameOf(a.resource) < nameOf(b.resource) ? -1 : 1));
}

function nameOf(ref: ResourceRef): string {
  return `${ref.region}/${ref.type}/${ref.id}`;
}

/** Sweeps are recorded in the stream of the account in its region. */
function accountOf({ account, region }: SweepTarget): ResourceRef {
  return resource({ type: 'AWS::::Account', id: account, account, region });
}

async function recordSweep(runtime: Runtime, remediator: Remediator, target: SweepTarget, found: Found, startedAt: number) {
  const { status, looked, outcomes, retryable, errors, unread, next, message } = found;
  const body: JsonObject = {
    sweep: {
      status,
      looked,
      outcomes: { ...outcomes } as { [key: string]: Json },
      retryable,
      errors,
      unread,
      next,
      message,
      startedAt: new Date(startedAt).toISOString(),
    },
  };
  return persist(runtime, (journal) => journal.append({ kind: 'sweep', resource: accountOf(target), remediator: remediator.id, body }));
}

/** When remediators swept a place last. */
export async function lastSweeps(runtime: Runtime, target: SweepTarget): Promise<Map<string, Last>> {
  const latest = new Map<string, Last>();
  for await (const { record } of runtime.needJournal('A sweep').read({ resource: accountOf(target) })) {
    const own = record.kind === 'sweep' ? record.body['sweep'] : undefined;
    if (!isRecord(own)) continue;
    const next = own['next'];
    const before = latest.get(record.remediator);
    const time = Date.parse(record.time);
    const started = typeof own['startedAt'] === 'string' ? Date.parse(own['startedAt']) : time;
    const began = before !== undefined && before.next !== null ? before.began : started;
    const complete = own['status'] === 'complete' ? began : (before?.complete ?? null);
    latest.set(record.remediator, { time, complete, began, next: typeof next === 'string' ? next : null });
  }
  return latest;
}

/** Where a sweep looks, checked. */
function checkedTargets(targets: readonly SweepTarget[]): readonly SweepTarget[] {
  if (targets.length === 0) throw new RedressError('compose/invalid', 'A sweep needs a place to look at.', { next: 'Give at least one account and region.' });
  for (const target of targets) accountOf(target);
  return targets;
}
