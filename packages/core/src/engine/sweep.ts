import { type Fact, known, unreadable } from '../guardrails/guardrail.js';
import { isRedressError, RedressError } from '../model/errors.js';
import type { Remediator } from '../remediator/define.js';
import { loaded } from '../remediator/late.js';
import { lastSweepOf } from '../swept.js';
import { recover } from './recover.js';
import type { Runtime } from './runtime.js';
import { paced } from './sweep/budget.js';
import { PlaceSweep } from './sweep/place.js';
import { accountOf, type Before, NOTHING_BEFORE, readBefore, sweptSoFar } from './sweep/progress.js';
import type { SweepRun } from './sweep/run.js';
import { atOnce } from './sweep/turns.js';
import type { SweepOptions, SweepSummary, SweepTarget } from './types.js';

/**
 * Looks for what events missed, and puts each resource that may have a gap on the way that a finding takes. One summary per place is recorded,
 * instead of a record for every resource that is as it should be. Least recently swept first; what a sweep does not finish the next one begins with.
 */
export async function sweep(runtime: Runtime, options: SweepOptions): Promise<readonly SweepSummary[]> {
  const { dryRun = false, deadline = null, concurrency = 1, calls = {} } = options;
  const targets = checkedTargets(options.targets);
  const asked =
    options.remediators === undefined ? await loaded(runtime.remediators) : await Promise.all(options.remediators.map((id) => runtime.remediator(id)));
  if (!dryRun) {
    runtime.needJournal('A sweep');
    await recover(runtime, deadline);
  }
  const run = runOf(runtime, options, targets.length);
  return paced(runtime.budgets, calls, async () => {
    const befores = await atOnce(targets, concurrency, (target) => beforeOf(runtime, options, target, asked));
    const places = targets.map((target, at) => ({ target, before: befores[at] as Fact<Before> })).sort((a, b) => timeOf(a) - timeOf(b));
    const said = new Map<SweepTarget, readonly SweepSummary[]>();
    const waiting: PlaceSweep[] = [];
    const end = async (place: PlaceSweep) => {
      said.set(place.target, [...(said.get(place.target) ?? []), ...(await place.end())]);
      run.progress({ places: 1 });
    };
    await atOnce(places, concurrency, async ({ target, before }) => {
      said.set(target, unswept(target, asked, before));
      const remediators = sweptAt(target, asked);
      if (!before.ok || remediators.length === 0) return;
      const place = new PlaceSweep(runtime, run, target, remediators, before.value);
      await place.scan();
      if (place.waits) waiting.push(place);
      else await end(place);
    });
    // One wait for all: what was seen first has settled by then.
    await atOnce(waiting, concurrency, async (place) => {
      await place.settle();
      await end(place);
    });
    const order = (id: string) => asked.findIndex((each) => each.id === id);
    return places.flatMap(({ target }) => (said.get(target) ?? []).toSorted((one, other) => order(one.remediator) - order(other.remediator)));
  });
}

/** When the last sweep of a place began that was complete for all that look there; null: none was, for one of them at least. */
export async function swept(runtime: Runtime, target: SweepTarget): Promise<number | null> {
  const { swept: latest } = await sweptSoFar(runtime, target);
  const began = sweptAt(target, await loaded(runtime.remediators)).map(({ id }) => lastSweepOf(latest, id)?.complete ?? null);
  return began.reduce<number | null>((least, each) => (least === null || each === null ? null : Math.min(least, each)), Number.POSITIVE_INFINITY);
}

/** What is the same for all places, with nothing left open. */
function runOf(runtime: Runtime, options: SweepOptions, places: number): SweepRun {
  const { dryRun = false, deadline = null, patience = Number.POSITIVE_INFINITY, perSecond = null, signal = null, budget = { changes: 0 } } = options;
  const at = { places, placesDone: 0, found: 0, decided: 0 };
  return {
    dryRun,
    deadline,
    patience,
    perSecond,
    signal,
    budget,
    onPass: (pass) => options.onPass?.(pass),
    progress: ({ found = 0, decided = 0, places: done = 0 }) => {
      at.found += found;
      at.decided += decided;
      at.placesDone += done;
      options.onProgress?.({ ...at });
    },
    sleep: (milliseconds) => untilStopped(runtime.clock.sleep(milliseconds), signal),
  };
}

/** Ends when something has ended, or when the sweep is stopped. */
async function untilStopped(work: Promise<void>, signal: AbortSignal | null): Promise<void> {
  if (signal === null) return work;
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = () => resolve();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** What was done in a place before. A journal that is down is down for all; a stream that does not verify is one, and the other places are swept. */
async function beforeOf(runtime: Runtime, options: SweepOptions, target: SweepTarget, asked: readonly Remediator[]): Promise<Fact<Before>> {
  if (options.dryRun === true) return known(NOTHING_BEFORE);
  try {
    const ids = sweptAt(target, asked).map(({ id }) => id);
    const before = await readBefore(runtime, target, ids);
    return known(options.restart === true ? { ...before, progress: null, overdue: [] } : before);
  } catch (error) {
    if (!isRedressError(error) || error.code !== 'journal/corrupt') throw error;
    return unreadable(error);
  }
}

const timeOf = ({ before }: { readonly before: Fact<Before> }) => (before.ok ? before.value.swept.time : 0);

/** Those that look for resources in a place. */
function sweptAt({ global = true }: SweepTarget, asked: readonly Remediator[]): readonly Remediator[] {
  return asked.filter((each) => each.discover !== null && (global || !each.global));
}

const NOTHING = { complete: false, looked: 0, outcomes: {}, left: 0, retryable: 0, errors: 0, unread: 0 } as const;
const NOWHERE = { retryAt: null, lastComplete: null, next: null, record: null } as const;

/** What is not swept in a place, and why. */
function unswept(target: SweepTarget, asked: readonly Remediator[], before: Fact<Before>): readonly SweepSummary[] {
  // What it comes to could not be recorded there either.
  if (!before.ok) return [{ ...target, remediator: '*', status: 'failed', ...NOTHING, ...NOWHERE, message: before.error }];
  const message = 'It cannot search for resources; it only handles events.';
  const only = asked.filter(({ discover, global }) => discover === null && (target.global !== false || !global));
  return only.map(({ id }) => ({ ...target, remediator: id, status: 'not-swept', ...NOTHING, ...NOWHERE, complete: true, message }));
}

/** Where a sweep looks, checked. What has no region is swept once for each account. */
function checkedTargets(targets: readonly SweepTarget[]): readonly SweepTarget[] {
  if (targets.length === 0)
    throw new RedressError('compose/invalid', 'A sweep needs an account and a region.', { next: 'Give at least one account and region.' });
  const seen = new Set<string>();
  return targets.map((target) => {
    accountOf(target);
    const first = !seen.has(target.account);
    seen.add(target.account);
    return first || target.global !== undefined ? target : { ...target, global: false };
  });
}
