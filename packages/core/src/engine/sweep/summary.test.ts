// What the sweep of a place begins with, and what it comes to.
import { describe, expect, it } from 'vitest';
import { group } from '../../internal/testing/facts.js';
import type { Gap } from '../../journal.js';
import type { Remediator } from '../../remediator/define.js';
import { NEVER_SWEPT } from '../../swept.js';
import type { PassResult, SweepSummary } from '../types.js';
import { unfinished } from './come-back.js';
import type { Left } from './left.js';
import { type Before, NOTHING_BEFORE } from './progress.js';
import { inOrder, type Place, placeOf, type Round, roundBefore, type State, stateBefore } from './state.js';
import { comeBackAt, recordedOf, summariesOf } from './summary.js';
import { Tally } from './tally.js';

const HERE = { account: '111111111111', region: 'us-east-1' };
const NOW = 1_000_000;
const of = (id: string, ...resourceTypes: string[]) => ({ id, global: false, breadth: 0, resourceTypes }) as unknown as Remediator;
const [a, b] = [of('a', 'A'), of('b', 'B')];
const gap = (over: Partial<Gap>): Gap => ({ remediator: 'a', members: null, resource: group, ...over }) as Gap;
const last = (complete: number | null) => ({ time: 9, complete });

/** A place in which nothing was done so far. */
function begun(before: Partial<Before> = {}): { place: Place; round: Round; state: State } {
  const place = placeOf(HERE, [a, b], { ...NOTHING_BEFORE, ...before }, NOW);
  return { place, round: roundBefore(place.before), state: stateBefore(place) };
}
const left = (...remediators: Remediator[]): Left => ({
  ...{ ref: group, remediators, seenAt: 0, due: NOW + 5, tries: 1, last: [], waits: true, counted: true },
});
const progress = { began: 77, done: ['A'], after: { B: 'x' }, left: [], lists: { B: 1 }, unlisted: { b: 'no list' } };

describe('a place that is swept', () => {
  it('has its open gaps, by remediator and name; what is held back together is not a gap of a resource', () => {
    const elsewhere = gap({ resource: { ...group, region: 'eu-west-1' } });
    const stands = [gap({}), gap({ remediator: 'b' }), gap({ remediator: 'c' }), gap({ members: 3 }), elsewhere];
    const { place } = begun({ stands });
    expect(place.stands).toEqual([stands[0], stands[1]]);
    expect([...place.standing]).toEqual(['a us-east-1/AWS::EC2::SecurityGroup/sg-0abc', 'b us-east-1/AWS::EC2::SecurityGroup/sg-0abc']);
  });
  it('begins a round, or continues the one that has begun', () => {
    const fresh = begun();
    expect(fresh.place).toMatchObject({ startedAt: NOW, began: NOW });
    expect(fresh.round).toEqual({ done: new Set(), through: new Set(), after: {}, lists: {}, unlisted: {}, next: new Map() });
    expect(fresh.state).toEqual({ tallies: new Map(), left: [], first: [], unreached: null, listed: false, stopped: false, recordedAt: NOW });
    const { place, round } = begun({ progress });
    expect(place).toMatchObject({ startedAt: NOW, began: 77 });
    expect(round).toMatchObject({ done: new Set(['A']), after: { B: 'x' }, lists: { B: 1 }, unlisted: { b: 'no list' } });
    // Where it goes on is its own: what was read is kept as it was.
    Object.assign(round.after, { B: 'y' });
    expect(progress.after).toEqual({ B: 'x' });
  });
  it('is swept in the order in which its groups wait: begun ones first, then those that were complete longest ago', () => {
    const remediators = ['A', 'B', 'C', 'D', 'E'].map((type) => of(type.toLowerCase(), type));
    const lasts = { a: last(30), b: last(10), c: last(20), d: last(40), e: last(50) };
    const order = (over: Partial<Round> = {}) => {
      const place = placeOf(HERE, remediators, { ...NOTHING_BEFORE, swept: { ...NEVER_SWEPT, lasts } }, NOW);
      return inOrder(place, { ...roundBefore(place.before), ...over }).map(({ key }) => key);
    };
    expect(order()).toEqual(['B', 'C', 'A', 'D', 'E']);
    expect(order({ done: new Set(['C', 'B']) })).toEqual(['A', 'D', 'E']);
    expect(order({ after: { E: 'x' } })).toEqual(['E', 'B', 'C', 'A', 'D']);
    expect(order({ lists: { D: 1 } })).toEqual(['D', 'B', 'C', 'A', 'E']);
  });
  it('counts a group as old as its remediator that waits longest, and those that never were complete come first', () => {
    const remediators = [of('a', 'A'), of('b', 'B'), of('c', 'B')];
    const lasts = { a: last(20), b: last(30), c: last(10) };
    const order = (more: object) => {
      const place = placeOf(HERE, remediators, { ...NOTHING_BEFORE, swept: { ...NEVER_SWEPT, lasts: { ...lasts, ...more } } }, NOW);
      return inOrder(place, roundBefore(place.before)).map(({ key }) => key);
    };
    expect(order({})).toEqual(['B', 'A']);
    expect(order({ c: last(25) })).toEqual(['A', 'B']);
    expect(order({ c: last(25), b: last(null) })).toEqual(['B', 'A']);
  });
});

describe('the next sweep of a place', () => {
  it('is at once if the time was over, else when what is left is due, and not before the next round if it cannot be swept', () => {
    const { round, state } = begun();
    expect(comeBackAt({ ...state, stopped: true, left: [left(a)] }, round, NOW)).toBe(NOW);
    expect(comeBackAt({ ...state, left: [left(a)] }, round, NOW)).toBe(NOW + 5);
    expect(comeBackAt(state, { ...round, lists: { A: 1 } }, NOW)).toBe(NOW + 60_000);
    expect(comeBackAt(state, round, NOW)).toBeNull();
    expect(comeBackAt({ ...state, left: [left(a)], unreached: { status: 'failed', message: '' } }, round, NOW)).toBeNull();
  });
  it('is reported once for each place, for the first that is due', () => {
    const summary = (region: string, retryAt: number | null, over: Partial<SweepSummary> = {}) =>
      ({ account: '111111111111', region, retryAt, status: 'stopped', ...over }) as SweepSummary;
    const all = [summary('eu-west-1', 7), summary('eu-west-2', null), summary('eu-west-1', 5), summary('eu-west-1', null)];
    expect(unfinished(all)).toEqual([{ target: { account: '111111111111', region: 'eu-west-1' }, at: 5 }]);
    expect(unfinished([summary('eu-west-1', 7, { global: false }), summary('eu-west-1', 9, { account: '222222222222', global: true })])).toEqual([
      { target: { account: '111111111111', region: 'eu-west-1', global: false }, at: 7 },
      { target: { account: '222222222222', region: 'eu-west-1', global: true }, at: 9 },
    ]);
    expect(unfinished([])).toEqual([]);
  });
});

describe('the summary of a sweep', () => {
  /** Of `a`, after its group was gone through. */
  function summary(
    { before = {}, through = true, listed = true, ...over }: { before?: Partial<Before>; through?: boolean } & Partial<State> = {},
    set?: (tally: Tally, round: Round) => void,
  ) {
    const { place, round, state } = begun(before);
    const tally = new Tally(a);
    if (through) round.through.add('A');
    set?.(tally, round);
    const [first, ...rest] = summariesOf(place, round, { ...state, listed, ...over, tallies: new Map([['a', tally]]) }, 123);
    expect(rest).toEqual([]);
    return first;
  }
  const counts = { looked: 0, outcomes: {}, left: 0, retryable: 0, errors: 0, unread: 0 };

  it('is complete if everything was checked, as of the beginning of the round', () => {
    const complete = { ...HERE, remediator: 'a', status: 'complete', complete: true, retryAt: null, next: null, record: null };
    expect(summary()).toEqual({ ...complete, ...counts, lastComplete: NOW, message: 'Nothing to check.' });
    const { lastComplete } = summary({ before: { progress } }) ?? {};
    expect(lastComplete).toBe(77);
    // An earlier part of the round was through with it.
    expect(summary({ through: false }, (_tally, round) => round.done.add('A'))).toMatchObject({ status: 'complete', complete: true });
  });
  it('is stopped if the time is over: it has the position of the next one, and when it was complete', () => {
    const swept = { ...NEVER_SWEPT, lasts: { a: last(50) } };
    const stopped = { status: 'stopped', complete: false, retryAt: 123, next: 'r/A/3', message: 'Its time ran out; the next sweep resumes from there.' };
    expect(summary({ before: { swept }, through: false }, (_tally, { next }) => next.set('a', 'r/A/3'))).toMatchObject({ ...stopped, lastComplete: 50 });
    expect(summary({ through: false })).toMatchObject({ ...stopped, next: null, lastComplete: null });
  });
  it('is stopped if something is left of it, and no other is', () => {
    const looked = (tally: Tally, { next }: Round) => {
      tally.looked = 3;
      next.set('a', 'r/A/3');
    };
    expect(summary({ left: [left(b, a), left(b)] }, looked)).toMatchObject({
      ...{ status: 'stopped', complete: false, left: 1, retryAt: 123, next: null, message: '3 checked, of which 1 are left.' },
    });
    expect(summary({ left: [left(b)] }, looked)).toMatchObject({ status: 'complete', left: 0, message: '3 checked.' });
  });
  it('has what could not be read', () => {
    const message = (looked: number, unread: number, ...rest: Left[]) => summary({ left: rest }, (tally) => Object.assign(tally, { looked, unread }))?.message;
    expect(message(4, 2)).toBe('4 checked, of which 2 could not be read.');
    expect(message(4, 2, left(a))).toBe('4 checked, of which 2 could not be read, of which 1 are left.');
    expect(message(0, 0, left(a))).toBe('0 checked, of which 1 are left.');
  });
  it('failed if its list did, in this part of the round or an earlier one', () => {
    const failed = { status: 'failed', complete: false, retryAt: 123, lastComplete: null };
    const [now, earlier] = ['no list now', 'no list before'];
    expect(summary({}, (tally) => (tally.unlisted = { status: 'failed', message: now }))).toMatchObject({ ...failed, message: now });
    expect(summary({}, (_tally, round) => (round.unlisted['a'] = earlier))).toMatchObject({ ...failed, message: earlier });
  });
  it('is complete if the service is not in the region; without any complete list there is no network, and it failed', () => {
    const absent = (tally: Tally) => {
      tally.unlisted = { status: 'absent', message: 'no such name' };
    };
    expect(summary({}, absent)).toMatchObject({ status: 'absent', complete: true, retryAt: null, lastComplete: NOW, message: 'no such name' });
    expect(summary({ listed: false }, absent)).toMatchObject({ status: 'failed', complete: false, retryAt: 123, lastComplete: null });
  });
  it('of a place that cannot be swept is one for all remediators', () => {
    const one = { ...HERE, remediator: '*', ...counts, retryAt: null, next: null, record: null };
    const absent = { status: 'absent', message: 'not enabled' } as const;
    expect(summary({ unreached: absent })).toEqual({ ...one, ...absent, complete: true, lastComplete: NOW });
    const failed = { status: 'failed', message: 'denied' } as const;
    expect(summary({ unreached: failed })).toEqual({ ...one, ...failed, complete: false, lastComplete: null });
  });
});

describe('the record of a place', () => {
  const summary = (remediator: string, status: string) =>
    ({
      ...HERE,
      remediator,
      status,
      looked: 2,
      outcomes: { 'no-op': 2 },
      retryable: 1,
      errors: 3,
      unread: 4,
      left: 5,
      message: `of ${remediator}`,
      next: 'x',
    }) as unknown as SweepSummary;
  it('has the result of each remediator, and of all together', () => {
    const counts = { looked: 2, outcomes: { 'no-op': 2 }, retryable: 1, errors: 3, unread: 4, left: 5 };
    expect(recordedOf([summary('a', 'complete'), summary('b', 'complete')], null)).toEqual({
      status: 'complete',
      message: '4 checked by 2 remediators.',
      remediators: { a: { status: 'complete', ...counts, message: 'of a' }, b: { status: 'complete', ...counts, message: 'of b' } },
    });
  });
  it.each([
    [['complete', 'absent'], 'complete', '4 checked by 2 remediators.'],
    [['complete', 'stopped'], 'stopped', '4 checked by 2 remediators, not all.'],
    [['stopped', 'failed'], 'failed', '4 checked by 2 remediators, not all.'],
    [['absent'], 'absent', '2 checked by 1 remediator, not all.'],
    [[], 'complete', '0 checked by 0 remediators.'],
  ])('of %s is as good as the worst of them', (statuses, status, message) => {
    expect(
      recordedOf(
        statuses.map((each, at) => summary(`r${at}`, each)),
        null,
      ),
    ).toMatchObject({ status, message });
  });
  it('has the reason why it could not be swept', () => {
    expect(recordedOf([summary('*', 'absent')], { status: 'absent', message: 'not enabled' })).toMatchObject({ status: 'absent', message: 'not enabled' });
  });
});

describe('the counts of a sweep for a remediator', () => {
  const pass = (over: Partial<PassResult>) => ({ outcome: 'no-op', retryable: false, decision: null, ...over }) as PassResult;
  it('have each pass by its outcome, and what needed no pass', () => {
    const tally = new Tally(a);
    tally.idle();
    tally.idle(3);
    for (const each of [pass({}), pass({ outcome: 'failed', retryable: true }), pass({ outcome: 'denied' }), pass({ outcome: 'failed' })]) tally.add(each);
    tally.looked = 8;
    const counts = { looked: 8, outcomes: { 'no-op': 5, failed: 2, denied: 1 }, retryable: 1, errors: 0, unread: 1 };
    expect(tally.counts).toEqual(counts);
  });
});
