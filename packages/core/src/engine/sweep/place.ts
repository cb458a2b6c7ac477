// The sweep of one account and region: its groups of remediators in turn, each resource by all of them, and then what had to wait.

import type { RecordRef } from '../../journal.js';
import { isRedressError, messageOf } from '../../model/errors.js';
import type { ResourceRef } from '../../model/resource.js';
import type { Remediator } from '../../remediator/define.js';
import { runPass } from '../path.js';
import { factOf, NEEDED_TO_BEGIN, type Runtime, timeLeft } from '../runtime.js';
import type { PassResult, SweepSummary, SweepTarget, Wait } from '../types.js';
import { inAdvance, type Looked, lookAhead } from './ahead.js';
import { type Left, leftOf, leftOver, nextOf, type Turn, untaken } from './left.js';
import { type Candidate, type Group, type Listing, list, nameOf, OutOfTime, standingHere } from './list.js';
import { accountOf, type Before, recordCame, standingIn, TRIES } from './progress.js';
import { isServiceAbsent, regionOff, unreached } from './reach.js';
import type { SweepRun } from './run.js';
import { inOrder, type Place, placeOf, type Round, roundBefore, type State, stateBefore } from './state.js';
import { comeBackAt, recordedOf, summariesOf } from './summary.js';
import { Tally } from './tally.js';
import { atOnce } from './turns.js';

/** Resources that are looked at before it is their turn. */
const AHEAD = 8;
/** Groups of remediators that are gone through at the same time. */
const GROUPS = 4;
/** How many may be left before a sweep handles them and continues: what is left is remembered by name. */
const MOST_LEFT = 500;
/** After so long it is recorded how far a sweep has come, in case that this process ends without a word; milliseconds. */
const RECORDED_AFTER = 60_000;

/** One place of a sweep. `scan`, then `settle`, then `end`. */
export class PlaceSweep {
  readonly #runtime: Runtime;
  readonly #run: SweepRun;
  readonly #place: Place;
  readonly #round: Round;
  readonly #state: State;
  /** The pass that is being made. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(runtime: Runtime, run: SweepRun, target: SweepTarget, remediators: readonly Remediator[], before: Before) {
    this.#runtime = runtime;
    this.#run = run;
    this.#place = placeOf(target, remediators, before, runtime.clock.now());
    this.#round = roundBefore(before);
    this.#state = stateBefore(this.#place);
  }

  get target(): SweepTarget {
    return this.#place.target;
  }

  /** Goes through everything that can be decided on at once. */
  async scan(): Promise<void> {
    const state = this.#state;
    state.unreached = await unreached(this.#runtime, this.target);
    if (state.unreached !== null) return;
    // What was not finished comes first.
    await this.#catchUp((each) => each.due <= this.#runtime.clock.now());
    // Their services have budgets of their own: none waits for the calls of another.
    await atOnce(inOrder(this.#place, this.#round), this.#run.perSecond === null ? GROUPS : 1, async (group) => {
      if (this.#isOver() || state.unreached !== null) return;
      await this.#goThrough(group);
      if (state.unreached === null) await this.#checkpoint();
    });
  }

  /** Comes back to what had to wait: it has settled, or whoever held it is done. */
  async settle(): Promise<void> {
    if (this.#state.left.some((each) => each.waits && each.due > this.#runtime.clock.now())) await this.#checkpoint({ now: true });
    await this.#catchUp(() => true);
  }

  /** Whether something of it has to wait. */
  get waits(): boolean {
    return this.#state.left.some((each) => each.waits);
  }

  /** Says and records what it came to. */
  async end(): Promise<readonly SweepSummary[]> {
    const { tallies, left, stopped } = this.#state;
    for (const each of left) this.#countLeft(each);
    // What was not started is reported, too.
    if (stopped) for (const { key, remediators } of this.#place.groups) if (!this.#round.done.has(key)) for (const each of remediators) this.#tally(each);
    const retryAt = comeBackAt(this.#state, this.#round, this.#runtime.clock.now());
    const summaries = summariesOf(this.#place, this.#round, this.#state, retryAt);
    const record = await this.#record(summaries, retryAt !== null);
    if (!this.#run.dryRun) for (const tally of tallies.values()) await this.#tellAlike(tally, summaries);
    return summaries.map((each) => ({ ...each, record }));
  }

  /** Passes of a place are made one after the other, whatever is read in the meantime. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** One group, from where it was left. */
  async #goThrough(group: Group): Promise<void> {
    const { key } = group;
    const [round, state] = [this.#round, this.#state];
    const listing = await list(this.#runtime, group, this.target, {
      stands: this.#place.stands,
      over: () => this.#isOver(),
      onPage: () => this.#run.progress({}),
    });
    if ([...listing.failed.values()].some((error) => error instanceof OutOfTime)) return;
    await this.#came(group, listing);
    if (state.unreached !== null) return;
    const after = round.after[key];
    const rest = untaken(
      listing.candidates.filter(({ name }) => after === undefined || name > after),
      [...state.left, ...state.first],
    );
    const policy = await factOf(() => this.#runtime.readPolicy());
    const begin = async (each: Candidate) => (this.#isOver() ? null : lookAhead(this.#runtime, each, { policy, deadline: this.#run.deadline }));
    for await (const [candidate, looked] of inAdvance(rest, this.#run.perSecond === null ? AHEAD : 1, begin)) {
      if (state.left.length >= MOST_LEFT) await this.#alone(() => this.settle());
      if (state.left.length >= MOST_LEFT) state.stopped = true;
      if (looked === null || this.#isOver() || state.unreached !== null) return;
      await this.#alone(() => this.#meet({ ...candidate, seenAt: looked.seenAt, tries: 0, counted: false }, looked));
      round.after[key] = candidate.name;
      for (const { id } of group.remediators) round.next.set(id, candidate.name);
      await this.#checkpoint();
      await this.#rest(looked.seenAt);
    }
    delete round.after[key];
    round.through.add(key);
    if (round.lists[key] === undefined || (round.lists[key] ?? 0) >= TRIES) round.done.add(key);
  }

  /** What the lists of a group have shown. */
  async #came({ key, remediators }: Group, { idle, failed, candidates }: Listing): Promise<void> {
    const [{ lists, unlisted }, state] = [this.#round, this.#state];
    delete lists[key];
    for (const remediator of remediators) {
      const tally = this.#tally(remediator);
      const count = idle.get(remediator.id) ?? 0;
      tally.looked += count;
      if (count > 0) tally.idle(count);
      const error = failed.get(remediator.id);
      delete unlisted[remediator.id];
      if (error === undefined) {
        state.listed = true;
        continue;
      }
      state.unreached = await regionOff(this.#runtime, this.target, error);
      if (state.unreached !== null) return;
      this.#runtime.warn(`the sweep of ${remediator.id} in ${this.target.account}, ${this.target.region} failed`, error);
      tally.unlisted = { status: isServiceAbsent(error) ? 'absent' : 'failed', message: messageOf(error) };
      if (tally.unlisted.status === 'failed') unlisted[remediator.id] = tally.unlisted.message;
      if (isRedressError(error) && error.retryable) lists[key] = (this.#place.before.progress?.lists[key] ?? 0) + 1;
    }
    const shown = Math.max(0, ...idle.values());
    this.#run.progress({ found: candidates.length + shown, decided: shown });
  }

  /** Has its remediators decide on a resource, narrow before wide. */
  async #meet(of: Turn, looked: Looked): Promise<void> {
    const { ref, remediators } = of;
    let decided = true;
    for (const [at, remediator] of remediators.entries()) {
      const tally = this.#tally(remediator);
      if (!of.counted) tally.looked++;
      if (looked.idle.has(remediator.id) && !this.#place.standing.has(`${remediator.id} ${nameOf(ref)}`)) {
        tally.idle();
        continue;
      }
      const passes = await this.#pass(remediator, ref, looked, of.seenAt);
      const left = leftOf({ ...of, remediators: [remediator] }, passes, this.#runtime.clock.now());
      for (const pass of passes ?? []) if (left?.last?.includes(pass) !== true) this.#count(tally, pass);
      if (left === null) continue;
      decided = false;
      // Whoever is wider waits for it: what it does is not to be asked for under another name.
      const held = left.last?.some(({ outcome }) => outcome === 'busy') === true;
      const waiting = held ? remediators.slice(at) : [remediator];
      if (held && !of.counted) for (const wider of waiting.slice(1)) this.#tally(wider).looked++;
      this.#state.left = [...this.#state.left, { ...left, remediators: waiting }];
      if (held) break;
    }
    if (decided) this.#run.progress({ decided: 1 });
  }

  /** Passes of one remediator over one resource; null: it failed. A resource that cannot be handled keeps no other from being looked at. */
  async #pass(remediator: Remediator, claimed: ResourceRef, { together }: Looked, seenAt: number): Promise<readonly PassResult[] | null> {
    const { dryRun, budget, deadline } = this.#run;
    try {
      const request = { remediator, claimed, ids: [claimed.id], trigger: { by: 'sweep' }, seenAt, together } as const;
      return await runPass(this.#runtime, request, { dryRun, budget, ...(deadline === null ? {} : { deadline }) });
    } catch (error) {
      // With the journal down nothing can be done about any resource.
      if (isRedressError(error) && error.code === 'journal/unavailable') throw error;
      this.#runtime.warn(`${remediator.id}: ${claimed.id} could not be read`, error);
      return null;
    }
  }

  /** Sees to what is left, in the order in which it can be decided on, as far as there is the time to wait for it. */
  async #catchUp(isMeant: (each: Left) => boolean): Promise<void> {
    const state = this.#state;
    for (;;) {
      const next = nextOf(state.left, isMeant);
      if (next === undefined || this.#isOver()) return;
      const { clock } = this.#runtime;
      const wait = next.due - clock.now();
      const { patience, deadline } = this.#run;
      if (wait > patience || (wait > 0 && deadline !== null && next.due + NEEDED_TO_BEGIN > deadline)) {
        state.left = state.left.map((each) => (each === next ? { ...each, waits: false } : each));
        continue;
      }
      if (wait > 0) {
        this.#runtime.waits(waitFor(next));
        await this.#run.sleep(wait);
      }
      if (this.#isOver()) return;
      state.left = state.left.filter((each) => each !== next);
      const policy = await factOf(() => this.#runtime.readPolicy());
      const looked = await lookAhead(this.#runtime, next, { policy, deadline });
      if (!next.counted) state.first.push(next);
      await this.#meet(next, looked);
      await this.#checkpoint();
    }
  }

  /** A sweep with a rate of resources per second pauses in between. */
  async #rest(since: number): Promise<void> {
    const { perSecond } = this.#run;
    if (perSecond === null) return;
    const rest = 1000 / perSecond - (this.#runtime.clock.now() - since);
    if (rest > 0) await this.#run.sleep(rest);
  }

  #isOver(): boolean {
    this.#state.stopped ||= this.#run.signal?.aborted === true || !timeLeft(this.#runtime, this.#run.deadline);
    return this.#state.stopped;
  }

  #tally(remediator: Remediator): Tally {
    const { tallies } = this.#state;
    const tally = tallies.get(remediator.id) ?? new Tally(remediator);
    tallies.set(remediator.id, tally);
    return tally;
  }

  #count(tally: Tally, pass: PassResult): void {
    tally.add(pass);
    this.#run.onPass(pass);
  }

  #countLeft({ remediators: [remediator], last }: Left): void {
    if (remediator === undefined) return;
    const tally = this.#tally(remediator);
    if (last === null) tally.errors++;
    for (const pass of last ?? []) this.#count(tally, pass);
  }

  /** What holds resources back alike is said once, for all of them. */
  async #tellAlike(tally: Tally, summaries: readonly SweepSummary[]): Promise<void> {
    const { remediator } = tally;
    const stillHeld = async () =>
      new Set(standingHere(await standingIn(this.#runtime, this.target), remediator, this.target).flatMap(({ held }) => held ?? []));
    const complete = summaries.some(({ remediator: id, status }) => id === remediator.id && status === 'complete');
    const { stands } = this.#place.before;
    await tally.alike.tell(this.#runtime, remediator, accountOf(this.target), { stands, stillHeld: complete ? stillHeld : null });
  }

  /** Records how far it has come, now and then. */
  async #checkpoint({ now = false }: { readonly now?: boolean } = {}): Promise<void> {
    if (this.#run.dryRun || (!now && this.#runtime.clock.now() - this.#state.recordedAt < RECORDED_AFTER)) return;
    await this.#write({ status: 'stopped', message: 'It is under way.', remediators: {} }, true);
  }

  async #record(summaries: readonly SweepSummary[], again: boolean): Promise<RecordRef | null> {
    if (this.#run.dryRun || summaries.length === 0) return null;
    return this.#write(recordedOf(summaries, this.#state.unreached), again);
  }

  #write(recorded: ReturnType<typeof recordedOf>, again: boolean): Promise<RecordRef> {
    this.#state.recordedAt = this.#runtime.clock.now();
    const { began, startedAt, remediators, before } = this.#place;
    const { done, after, lists, unlisted } = this.#round;
    const progress = { began, done: [...done], after: { ...after }, left: this.#state.left.map(leftOver), lists: { ...lists }, unlisted: { ...unlisted } };
    const asked = remediators.map(({ id }) => id);
    return recordCame(this.#runtime, this.target, { ...recorded, asked, began, startedAt, progress, again, before: before.unfolded });
  }
}

/** What keeps a resource from being decided on now. */
function waitFor({ ref, remediators, last, due }: Left): Wait {
  const held = last?.find(({ outcome }) => outcome === 'busy');
  return {
    reason: held === undefined ? 'again' : held.execution === null ? 'settling' : 'held',
    remediator: remediators[0]?.id ?? '',
    resource: ref,
    until: due,
  };
}
