// The sweep of one account and region: its groups of remediators in turn, each resource by all of them, and then what had to wait.

import type { Gap, RecordRef } from '../../journal.js';
import { isRedressError, messageOf, RedressError } from '../../model/errors.js';
import { type ResourceRef, resource } from '../../model/resource.js';
import type { Remediator } from '../../remediator/define.js';
import { lastSweepOf } from '../../swept.js';
import { runPass } from '../path.js';
import { factOf, NEEDED_TO_BEGIN, type Runtime, timeLeft } from '../runtime.js';
import { isUnread, type PassResult, type SweepSummary, type SweepTarget } from '../types.js';
import { inAdvance, type Looked, lookAhead } from './ahead.js';
import { type Candidate, type Group, groupsOf, type Listing, list, nameOf, OutOfTime, standingHere } from './list.js';
import { accountOf, type Before, type LeftOver, type Progress, recordCame, standingIn, TRIES } from './progress.js';
import { isServiceAbsent, regionOff, type Unreached, unreached } from './reach.js';
import type { SweepRun } from './run.js';
import { Tally } from './tally.js';
import { atOnce, inTurn } from './turns.js';

/** Resources that are looked at before it is their turn. */
const AHEAD = 8;
/** Groups of remediators that are gone through at the same time. */
const GROUPS = 4;
/** So many may be left before a sweep sees to them, and goes on: what is left is remembered by name. */
const MOST_LEFT = 500;
/** After so long it is recorded how far a sweep has come, in case that this process ends without a word; milliseconds. */
const RECORDED_AFTER = 60_000;
/** What failed, and may not the next time, is tried again after so long; milliseconds. */
const [AGAIN, AGAIN_FAILED] = [5000, 60_000];

/** A resource that was found and not decided on so far. */
interface Left {
  readonly ref: ResourceRef;
  readonly remediators: readonly Remediator[];
  readonly seenAt: number;
  readonly due: number;
  readonly tries: number;
  /** Passes of the last try that did not decide, of the first of its remediators; null: it failed. */
  readonly last: readonly PassResult[] | null;
  /** Whether this sweep comes back to it. */
  readonly waits: boolean;
  /** Whether this sweep has looked at it already. */
  readonly counted: boolean;
}

/** One place of a sweep. `scan`, then `settle`, then `end`. */
export class PlaceSweep {
  readonly target: SweepTarget;
  readonly #runtime: Runtime;
  readonly #run: SweepRun;
  readonly #remediators: readonly Remediator[];
  readonly #groups: readonly Group[];
  /** The gaps that stand here. */
  readonly #stands: readonly Gap[];
  readonly #standing: ReadonlySet<string>;
  readonly #before: Before;
  readonly #startedAt: number;
  readonly #began: number;
  readonly #tallies = new Map<string, Tally>();
  #left: Left[] = [];
  /** What an earlier sweep has left, and this one has seen to first. */
  readonly #first: Pick<Left, 'ref' | 'remediators'>[] = [];
  /** Keys of groups that this sweep has been through. */
  readonly #through = new Set<string>();
  readonly #done: Set<string>;
  readonly #after: Record<string, string>;
  readonly #lists: Record<string, number>;
  /** The resource after which each group goes on, for who reads the summary. */
  readonly #next = new Map<string, string>();
  #unreached: Unreached | null = null;
  /** Whether any list came to its end: then there is a network. */
  #listed = false;
  #stopped = false;
  /** The pass that is being made. */
  #turn: Promise<unknown> = Promise.resolve();
  #recordedAt: number;

  constructor(runtime: Runtime, run: SweepRun, target: SweepTarget, remediators: readonly Remediator[], before: Before) {
    this.#runtime = runtime;
    this.#run = run;
    this.target = target;
    this.#remediators = remediators;
    this.#groups = groupsOf(remediators);
    this.#before = before;
    this.#stands = remediators.flatMap((each) => standingHere(before.stands, each, target));
    this.#standing = new Set(this.#stands.map((gap) => `${gap.remediator} ${nameOf(gap.resource)}`));
    const { progress } = before;
    this.#startedAt = runtime.clock.now();
    this.#recordedAt = this.#startedAt;
    this.#began = progress?.began ?? this.#startedAt;
    this.#done = new Set(progress?.done);
    this.#after = { ...progress?.after };
    this.#lists = { ...progress?.lists };
    this.#left = [...(progress?.left ?? []), ...before.overdue.map((each) => ({ ...each, tries: 0, due: 0 }))].flatMap((each) => this.#known(each));
  }

  /** Goes through everything that can be decided on at once. */
  async scan(): Promise<void> {
    this.#unreached = await unreached(this.#runtime, this.target);
    if (this.#unreached !== null) return;
    // What was not finished comes first.
    await this.#catchUp((each) => each.due <= this.#runtime.clock.now());
    // Their services have budgets of their own: none waits for the calls of another.
    await atOnce(this.#inOrder(), this.#run.perSecond === null ? GROUPS : 1, async (group) => {
      if (this.#isOver() || this.#unreached !== null) return;
      await this.#goThrough(group);
      if (this.#unreached === null) await this.#checkpoint();
    });
  }

  /** Passes of a place are made one after the other, whatever is looked at meanwhile. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** Comes back to what had to wait: it has settled, or whoever held it is done. */
  async settle(): Promise<void> {
    if (this.#left.some((each) => each.waits && each.due > this.#runtime.clock.now())) await this.#checkpoint({ now: true });
    await this.#catchUp(() => true);
  }

  /** Whether something of it has to wait. */
  get waits(): boolean {
    return this.#left.some((each) => each.waits);
  }

  /** Says and records what it came to. */
  async end(): Promise<readonly SweepSummary[]> {
    for (const each of this.#left) this.#countLeft(each);
    // What nobody has begun with is said, too.
    if (this.#stopped) for (const { key, remediators } of this.#groups) if (!this.#done.has(key)) for (const each of remediators) this.#tally(each);
    const retryAt = this.#retryAt();
    const summaries =
      this.#unreached === null ? [...this.#tallies.values()].map((tally) => this.#summaryOf(tally, retryAt)) : [this.#unreachedSummary(this.#unreached)];
    const record = await this.#record(summaries, retryAt !== null);
    if (!this.#run.dryRun) for (const tally of this.#tallies.values()) await this.#tellAlike(tally, summaries);
    return summaries.map((each) => ({ ...each, record }));
  }

  /** The groups that are left of this round: those that were begun first, then those that were not complete for the longest time. */
  #inOrder(): readonly Group[] {
    const age = ({ key, remediators }: Group) =>
      this.#after[key] !== undefined || this.#lists[key] !== undefined
        ? -1
        : Math.min(...remediators.map(({ id }) => lastSweepOf(this.#before.swept, id)?.complete ?? 0));
    return inTurn(
      this.#groups.filter(({ key }) => !this.#done.has(key)),
      age,
      `${this.target.account} ${this.target.region} ${this.#startedAt}`,
    );
  }

  /** One group, from where it was left. */
  async #goThrough(group: Group): Promise<void> {
    const { key } = group;
    const listing = await list(this.#runtime, group, this.target, {
      stands: this.#stands,
      over: () => this.#isOver(),
      onPage: () => this.#run.progress({}),
    });
    if ([...listing.failed.values()].some((error) => error instanceof OutOfTime)) return;
    await this.#came(group, listing);
    if (this.#unreached !== null) return;
    const after = this.#after[key];
    const rest = this.#untaken(listing.candidates.filter(({ name }) => after === undefined || name > after));
    const policy = await factOf(() => this.#runtime.readPolicy());
    const begin = async (each: Candidate) => (this.#isOver() ? null : lookAhead(this.#runtime, each, { policy, deadline: this.#run.deadline }));
    for await (const [candidate, looked] of inAdvance(rest, this.#run.perSecond === null ? AHEAD : 1, begin)) {
      if (this.#left.length >= MOST_LEFT) await this.#alone(() => this.settle());
      if (this.#left.length >= MOST_LEFT) this.#stopped = true;
      if (looked === null || this.#isOver() || this.#unreached !== null) return;
      await this.#alone(() => this.#meet({ ...candidate, seenAt: looked.seenAt, tries: 0, counted: false }, looked));
      this.#after[key] = candidate.name;
      for (const { id } of group.remediators) this.#next.set(id, candidate.name);
      await this.#checkpoint();
      await this.#rest(looked.seenAt);
    }
    delete this.#after[key];
    this.#through.add(key);
    if (this.#lists[key] === undefined || (this.#lists[key] ?? 0) >= TRIES) this.#done.add(key);
  }

  /** What neither was seen to first nor waits to be. */
  #untaken(candidates: readonly Candidate[]): readonly Candidate[] {
    const taken = new Set([...this.#left, ...this.#first].flatMap(({ ref, remediators }) => remediators.map(({ id }) => `${id} ${nameOf(ref)}`)));
    return candidates
      .map((each) => ({ ...each, remediators: each.remediators.filter(({ id }) => !taken.has(`${id} ${each.name}`)) }))
      .filter(({ remediators }) => remediators.length > 0);
  }

  /** What the lists of a group have shown. */
  async #came({ key, remediators }: Group, { idle, failed, candidates }: Listing): Promise<void> {
    delete this.#lists[key];
    for (const remediator of remediators) {
      const tally = this.#tally(remediator);
      const count = idle.get(remediator.id) ?? 0;
      tally.looked += count;
      if (count > 0) tally.idle(count);
      const error = failed.get(remediator.id);
      if (error === undefined) {
        this.#listed = true;
        continue;
      }
      this.#unreached = await regionOff(this.#runtime, this.target, error);
      if (this.#unreached !== null) return;
      this.#runtime.warn(`the sweep of ${remediator.id} in ${this.target.account}, ${this.target.region} failed`, error);
      tally.unlisted = { status: isServiceAbsent(error) ? 'absent' : 'failed', message: messageOf(error) };
      if (isRedressError(error) && error.retryable) this.#lists[key] = (this.#before.progress?.lists[key] ?? 0) + 1;
    }
    const shown = Math.max(0, ...idle.values());
    this.#run.progress({ found: candidates.length + shown, decided: shown });
  }

  /** Has its remediators decide on a resource, narrow before wide. */
  async #meet(of: Pick<Left, 'ref' | 'remediators' | 'seenAt' | 'tries' | 'counted'>, looked: Looked): Promise<void> {
    const { ref, remediators } = of;
    let decided = true;
    for (const [at, remediator] of remediators.entries()) {
      const tally = this.#tally(remediator);
      if (!of.counted) tally.looked++;
      if (looked.idle.has(remediator.id) && !this.#standing.has(`${remediator.id} ${nameOf(ref)}`)) {
        tally.idle();
        continue;
      }
      const passes = await this.#pass(remediator, ref, looked, of.seenAt);
      const left = this.#leftOf({ ...of, remediators: [remediator] }, passes);
      for (const pass of passes ?? []) if (left?.last?.includes(pass) !== true) this.#count(tally, pass);
      if (left === null) continue;
      decided = false;
      // Whoever is wider waits for it: what it does is not to be asked for under another name.
      const held = left.last?.some(({ outcome }) => outcome === 'busy') === true;
      const waiting = held ? remediators.slice(at) : [remediator];
      if (held && !of.counted) for (const wider of waiting.slice(1)) this.#tally(wider).looked++;
      this.#left.push({ ...left, remediators: waiting });
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
      this.#runtime.warn(`${remediator.id}: ${claimed.id} could not be looked at`, error);
      return null;
    }
  }

  /** What of it is left, when it was not decided on; null when it was. */
  #leftOf(before: Pick<Left, 'ref' | 'remediators' | 'seenAt' | 'tries'>, passes: readonly PassResult[] | null): Left | null {
    const { ref, remediators, seenAt } = before;
    const now = this.#runtime.clock.now();
    const of = { ref, remediators, seenAt, tries: before.tries + 1, counted: true };
    const open = passes?.filter((pass) => pass.outcome === 'busy' || (pass.retryable && isUnread(pass))) ?? null;
    if (open?.length === 0) return null;
    // What is wrong with a bug, or a stream, is not another thing a moment later.
    if (open === null) return { ...of, due: now + AGAIN_FAILED, last: null, waits: false };
    const due = Math.max(...open.map(({ outcome, retryAt }) => retryAt ?? (outcome === 'busy' ? now : now + AGAIN)));
    return { ...of, due, last: open, waits: of.tries < TRIES };
  }

  /** Sees to what is left, in the order in which it can be decided on, as far as there is the time to wait for it. */
  async #catchUp(isMeant: (each: Left) => boolean): Promise<void> {
    for (;;) {
      const next = this.#left.filter((each) => each.waits && isMeant(each)).sort((a, b) => a.due - b.due)[0];
      if (next === undefined || this.#isOver()) return;
      const { clock } = this.#runtime;
      const wait = next.due - clock.now();
      const { patience, deadline } = this.#run;
      if (wait > patience || (wait > 0 && deadline !== null && next.due + NEEDED_TO_BEGIN > deadline)) {
        this.#left = this.#left.map((each) => (each === next ? { ...each, waits: false } : each));
        continue;
      }
      if (wait > 0) await this.#run.sleep(wait);
      if (this.#isOver()) return;
      this.#left = this.#left.filter((each) => each !== next);
      const policy = await factOf(() => this.#runtime.readPolicy());
      const looked = await lookAhead(this.#runtime, next, { policy, deadline });
      if (!next.counted) this.#first.push(next);
      await this.#meet(next, looked);
      await this.#checkpoint();
    }
  }

  /** A sweep that was asked for so many resources a second rests in between. */
  async #rest(since: number): Promise<void> {
    const { perSecond } = this.#run;
    if (perSecond === null) return;
    const rest = 1000 / perSecond - (this.#runtime.clock.now() - since);
    if (rest > 0) await this.#run.sleep(rest);
  }

  #isOver(): boolean {
    this.#stopped ||= this.#run.signal?.aborted === true || !timeLeft(this.#runtime, this.#run.deadline);
    return this.#stopped;
  }

  #tally(remediator: Remediator): Tally {
    const tally = this.#tallies.get(remediator.id) ?? new Tally(remediator);
    this.#tallies.set(remediator.id, tally);
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

  /** When to come back: at once where time ran out; else when all that is left can be decided on. Null: the next round is soon enough. */
  #retryAt(): number | null {
    const now = this.#runtime.clock.now();
    if (this.#stopped) return now;
    if (this.#unreached !== null) return null;
    const lists = Object.values(this.#lists).some((tries) => tries < TRIES) ? [now + AGAIN_FAILED] : [];
    const due = [...this.#left.filter(({ tries }) => tries < TRIES).map((each) => Math.max(now, each.due)), ...lists];
    return due.length === 0 ? null : Math.max(...due);
  }

  #unreachedSummary({ status, message }: Unreached): SweepSummary {
    const none = { looked: 0, outcomes: {}, left: 0, retryable: 0, errors: 0, unread: 0, retryAt: null, next: null, record: null };
    const lastComplete = status === 'absent' ? this.#began : null;
    return { ...this.target, remediator: '*', status, complete: status === 'absent', ...none, lastComplete, message };
  }

  #summaryOf(tally: Tally, retryAt: number | null): SweepSummary {
    const { id } = tally.remediator;
    const left = this.#left.filter(({ remediators }) => remediators.some((each) => each.id === id));
    const key = this.#groups.find(({ remediators }) => remediators.includes(tally.remediator))?.key ?? '';
    const through = this.#done.has(key) || this.#through.has(key);
    const unlisted = tally.unlisted?.status === 'absent' && !this.#listed ? 'failed' : tally.unlisted?.status;
    const status = unlisted ?? (through && left.length === 0 ? 'complete' : 'stopped');
    const complete = status === 'complete' || status === 'absent';
    return {
      ...this.target,
      remediator: id,
      status,
      complete,
      ...tally.counts,
      left: left.length,
      retryAt: complete ? null : retryAt,
      lastComplete: complete ? this.#began : (lastSweepOf(this.#before.swept, id)?.complete ?? null),
      next: through ? null : (this.#next.get(id) ?? null),
      message: tally.unlisted?.message ?? saying(tally, through ? left.length : null),
      record: null,
    };
  }

  /** What holds resources back alike is said once, for all of them. */
  async #tellAlike(tally: Tally, summaries: readonly SweepSummary[]): Promise<void> {
    const { remediator } = tally;
    const stillHeld = async () => {
      return new Set(standingHere(await standingIn(this.#runtime, this.target), remediator, this.target).flatMap(({ held }) => held ?? []));
    };
    const complete = summaries.some(({ remediator: id, status }) => id === remediator.id && status === 'complete');
    await tally.alike.tell(this.#runtime, remediator, accountOf(this.target), { stands: this.#before.stands, stillHeld: complete ? stillHeld : null });
  }

  /** Records how far it has come, now and then. */
  async #checkpoint({ now = false }: { readonly now?: boolean } = {}): Promise<void> {
    if (this.#run.dryRun || (!now && this.#runtime.clock.now() - this.#recordedAt < RECORDED_AFTER)) return;
    await this.#write('stopped', 'It is under way.', {}, true);
  }

  async #record(summaries: readonly SweepSummary[], again: boolean): Promise<RecordRef | null> {
    if (this.#run.dryRun || summaries.length === 0) return null;
    const status = this.#unreached?.status ?? worst(summaries);
    const own = (each: SweepSummary) => {
      const { status: of, looked, outcomes, retryable, errors, unread, left, message } = each;
      return [each.remediator, { status: of, looked, outcomes: { ...outcomes }, retryable, errors, unread, left, message }] as const;
    };
    const looked = summaries.reduce((sum, each) => sum + each.looked, 0);
    const message = this.#unreached?.message ?? `${looked} looked at by ${summaries.length} remediators${status === 'complete' ? '' : ', not all'}.`;
    return this.#write(status, message, Object.fromEntries(summaries.map(own)), again);
  }

  #write(status: SweepSummary['status'], message: string, remediators: Parameters<typeof recordCame>[2]['remediators'], again: boolean): Promise<RecordRef> {
    this.#recordedAt = this.#runtime.clock.now();
    const left = this.#left.map(({ ref: { type, id, region }, remediators: of, seenAt, due, tries }): LeftOver => {
      return { type, id, region, remediators: of.map((each) => each.id), seenAt, due, tries };
    });
    const progress: Progress = { began: this.#began, done: [...this.#done], after: { ...this.#after }, left, lists: { ...this.#lists } };
    const asked = this.#remediators.map(({ id }) => id);
    return recordCame(this.#runtime, this.target, {
      asked,
      began: this.#began,
      startedAt: this.#startedAt,
      status,
      message,
      remediators,
      progress,
      again,
      before: this.#before.unfolded,
    });
  }

  /** What the journal says was left, as far as its remediators are still there. */
  #known({ remediators: ids, type, id, region, ...rest }: LeftOver): readonly Left[] {
    const remediators = this.#remediators.filter((each) => ids.includes(each.id)).sort((a, b) => a.breadth - b.breadth);
    if (remediators.length === 0) return [];
    try {
      return [{ ...rest, ref: resource({ type, id, region, account: this.target.account }), remediators, last: [], waits: true, counted: false }];
    } catch (error) {
      if (error instanceof RedressError) return [];
      throw error;
    }
  }
}

function worst(summaries: readonly SweepSummary[]): SweepSummary['status'] {
  return (['failed', 'stopped', 'complete', 'absent'] as const).find((status) => summaries.some((each) => each.status === status)) ?? 'complete';
}

/** @param left of what it has been through; null: it has not. */
function saying({ looked, unread }: Tally, left: number | null): string {
  if (left === null) return 'Its time ran out; the next sweep goes on from there.';
  if (looked === 0 && left === 0) return 'Nothing to look at.';
  const but = [...(unread === 0 ? [] : [`of which ${unread} could not be read`]), ...(left === 0 ? [] : [`of which ${left} are left`])];
  return `${[`${looked} looked at`, ...but].join(', ')}.`;
}
