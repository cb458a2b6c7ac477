// What the report says of an index, whatever that was made from: gaps and exceptions at the end of the period, counts, times and weeks within it.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { HistoryEntry } from './entries.js';
import type { DayCount, EntryIndex, EntryLine } from './entry-index.js';
import type { Filter } from './filter.js';
import { changesIn, type ExceptionInput, gapsOf, modelOf, type ReportInput } from './model.js';

const bucket = { type: 'AWS::S3::Bucket', id: 'b', account: '111111111111', region: 'us-east-1', partition: 'aws' } as const;
const at = (text: string) => Date.parse(text);
const END = '2026-10-01T00:00:00.000Z';
const period = { from: '2026-09-21T00:00:00.000Z', to: END };
const DAY = 86_400_000;
const exception = (over: Partial<ExceptionInput> = {}): ExceptionInput => ({
  ...{
    id: 'EXC-1',
    owner: 'payments',
    approver: 'dana',
    reason: 'vendor',
    ticket: null,
    compensatingControl: null,
    expires: at(END) + 1,
    remediators: null,
    scope: 'b',
  },
  ...over,
});
const gap = (over: object = {}) => ({
  ...{ outcome: 'notified', message: 'open', since: at('2026-09-23T12:00:00Z'), members: null, deadline: null, resource: bucket, remediator: 'r', record: 3 },
  ...over,
});
const assessed = (gaps: readonly object[], over: object = {}, satisfied = false) => ({
  satisfied,
  gaps,
  conclusion: {
    stream: 's',
    seq: 7,
    outcome: 'denied',
    message: 'could not be read',
    time: at('2026-09-24T00:00:00Z'),
    resource: bucket,
    remediator: 'r',
    ...over,
  },
});
const fix = (over: Partial<HistoryEntry> = {}): HistoryEntry =>
  ({
    ...{ kind: 'execution', time: '2026-09-23T10:00:00.000Z', closed: '2026-09-23T10:05:00.000Z', resource: bucket, remediator: 'r', execution: 'x-1' },
    ...{ outcome: 'remediated', drill: false, trigger: { by: 'finding', observedAt: '2026-09-23T09:58:00.000Z' }, askedBy: null, recordedAt: null, by: null },
    ...{ changes: [], calls: [], records: [{ stream: 's', seq: 1, digest: 'd' }], approvedBy: null, exception: null, reason: null, rollbackOf: null, ...over },
  }) as unknown as HistoryEntry;

interface World {
  readonly days?: readonly Partial<DayCount>[];
  readonly entries?: readonly HistoryEntry[];
  readonly unfinished?: readonly HistoryEntry[];
  readonly tags?: unknown;
  readonly line?: Partial<EntryLine> | null;
  readonly assessed?: readonly object[];
  readonly exceptions?: readonly ExceptionInput[];
  readonly within?: number | null;
  readonly seed?: string | null;
  readonly checkpoint?: object | null;
  readonly size?: number;
}
const asked: { readonly days: Filter[]; readonly at: unknown[] } = { days: [], at: [] };
const inputOf = (world: World): ReportInput => {
  asked.days.length = 0;
  asked.at.length = 0;
  const index = {
    days: (filter: Filter) => {
      asked.days.push(filter);
      const blank = { day: '2026-09-23', kind: 'decision', outcome: 'exempt', drill: false, policy: null, exception: null, count: 1, last: '' };
      return (world.days ?? []).map((each) => ({ ...blank, ...each }));
    },
    query: (filter: Filter) => (filter.outcomes?.join() === 'open' && filter.kinds?.join() === 'execution' ? (world.unfinished ?? []) : (world.entries ?? [])),
    accounts: () => [{ account: '111111111111', resources: 2 }],
    remediators: () => ['r'],
    tagsOf: () => world.tags ?? null,
    at: (...of: unknown[]) => {
      asked.at.push(of);
      return world.line === undefined ? { exception: 'EXC-1' } : world.line;
    },
  } as unknown as EntryIndex;
  return {
    ...{ period, index, assessment: { assessed: world.assessed ?? [] }, exceptions: world.exceptions ?? [] },
    around: { environmentOf: (account: string) => (account === '111111111111' ? 'prod' : null), exceptionOf: () => null },
    calendar: { zone: 'Australia/Sydney', weekend: ['saturday', 'sunday'], holidays: ['2026-10-05'] },
    closedWithin: () => (world.within === undefined ? 7 * DAY : world.within),
    sample: { size: world.size ?? 2, seed: world.seed ?? null },
    verification: { checkpoint: world.checkpoint ?? null },
  } as unknown as ReportInput;
};
const gaps = (world: World) => gapsOf(inputOf(world));
const model = (world: World = {}) => modelOf(inputOf(world));

describe('a gap that is open at the end of the period', () => {
  it('has an age since its first record, and two deadlines', () => {
    const [found] = gaps({ assessed: [assessed([gap()])], tags: { Owner: ' web ' } }).gaps;
    expect(found).toEqual({
      ...{ outcome: 'notified', message: 'open', since: at('2026-09-23T12:00:00Z'), members: 1, exception: null, remediator: 'r' },
      ...{
        resource: 'AWS::S3::Bucket b (111111111111, us-east-1)',
        account: '111111111111',
        environment: 'prod',
        owner: 'web',
        of: bucket,
        stream: 's',
        ageDays: 7,
        businessDays: 6,
      },
      // Ten business days after 23 September, without the holiday.
      ...{ policyDeadline: at('2026-09-30T12:00:00Z'), paragraph36: '2026-10-08', pastPolicy: true, past36: false },
    });
  });
  it('is past its deadlines from their time on, and at least a day old', () => {
    const one = (since: string, within: number | null = null) => gaps({ assessed: [assessed([gap({ since: at(since) })])], within }).gaps[0];
    expect(one('2026-09-23T12:00:00Z')).toMatchObject({ policyDeadline: null, pastPolicy: false });
    const last = at(END) - 1 - at('2026-09-23T12:00:00Z');
    expect([one('2026-09-23T12:00:00Z', last)?.pastPolicy, one('2026-09-23T12:00:00Z', last + 1)?.pastPolicy]).toEqual([true, false]);
    // The period ends on 1 October in Sydney.
    expect([one('2026-09-16T12:00:00Z')?.past36, one('2026-09-17T12:00:00Z')?.past36]).toEqual([true, false]);
    expect(one('2026-10-02T00:00:00Z')?.ageDays).toBe(0);
    expect([one('2026-09-30T00:00:00Z')?.ageDays, one('2026-09-29T23:59:59.999Z')?.ageDays]).toEqual([0, 1]);
  });
  it.each<[string, unknown, string | null]>([
    ['the tag owner', { team: 't', OWNER: 'o' }, 'o'],
    ['the tag team, if that is empty', { owner: ' ', Team: 't' }, 't'],
    ['no tag with a similar name', { 'cost-owner': 'x' }, null],
    ['no tag that is not text', { owner: 7 }, null],
    ['nobody', 'untaggable', null],
  ])('belongs to %s', (_what, tags, owner) => {
    expect(gaps({ assessed: [assessed([gap()])], tags }).gaps[0]?.owner).toBe(owner);
  });
  it('may cover many resources, come from a record, or be an unfinished execution', () => {
    expect(gaps({ assessed: [assessed([gap({ members: 25 })])] }).gaps[0]?.members).toBe(25);
    expect(gaps({ assessed: [assessed([])] }).gaps).toMatchObject([
      { outcome: 'denied', message: 'could not be read', since: at('2026-09-24T00:00:00Z'), exception: null },
    ]);
    const { gaps: open } = gaps({ unfinished: [fix({ outcome: null })] });
    expect(open).toMatchObject([{ outcome: 'open', since: at('2026-09-23T10:00:00Z'), members: 1, remediator: 'r', exception: null }]);
    expect(gaps({ assessed: [assessed([gap()], {}, true)] })).toMatchObject({ gaps: [], accepted: [] });
  });
  it('is sorted by its deadline, and after those by when it began', () => {
    const world = (within: number | null) => ({
      within,
      assessed: [assessed([gap({ since: 2 * DAY, message: '2' }), gap({ since: DAY, message: '1b' }), gap({ since: DAY, message: '1a' })])],
      unfinished: [fix({ outcome: null, time: new Date(3 * DAY).toISOString() })],
    });
    expect(gaps(world(DAY)).gaps.map(({ since, message }) => [since / DAY, message.slice(0, 2)])).toEqual([
      [1, '1a'],
      [1, '1b'],
      [2, '2'],
      [3, 'An'],
    ]);
    const late = inputOf({ assessed: [assessed([gap({ since: DAY, remediator: 'none' }), gap({ since: 2 * DAY })])] });
    const some = { ...late, closedWithin: (remediator: string) => (remediator === 'none' ? null : DAY) };
    expect(gapsOf(some).gaps.map(({ remediator }) => remediator)).toEqual(['r', 'none']);
  });
});

describe('an exception', () => {
  const exempt = (over: object = {}) => assessed([gap({ outcome: 'exempt', deadline: 5, ...over })]);
  const why = (world: World) => {
    const { gaps: open, accepted } = gaps(world);
    return [...open, ...accepted].map((each) => each.exception);
  };
  it('covers what it was recorded for as long as it is valid in the register: that is accepted, and not open', () => {
    const { gaps: open, accepted } = gaps({ assessed: [exempt()], exceptions: [exception()] });
    expect(open).toEqual([]);
    expect(accepted).toMatchObject([{ exception: { id: 'EXC-1', until: at(END) + 1, covers: true, why: 'It is live.' }, owner: 'payments' }]);
    expect(asked.at).toEqual([['s', 3]]);
  });
  it('that has expired, or is not in the register, covers nothing: the gap is open', () => {
    const ended = { assessed: [exempt()], exceptions: [exception({ expires: at(END) })] };
    expect(gaps(ended)).toMatchObject({
      accepted: [],
      gaps: [{ exception: { covers: false, why: 'It has ended.', until: at(END) } }],
      exceptions: [{ status: 'ended' }],
    });
    const gone = { assessed: [exempt()], exceptions: [exception({ id: 'EXC-2' })] };
    expect(gaps(gone)).toMatchObject({ accepted: [], gaps: [{ exception: { covers: false, why: 'It is not in the register.', until: 5 }, owner: null }] });
  });
  it('applies only to what a record calls exempt', () => {
    expect(why({ assessed: [assessed([gap()])], exceptions: [exception()] })).toEqual([null]);
    expect(why({ assessed: [exempt()], exceptions: [exception()], line: null })).toEqual([null]);
    expect(why({ assessed: [exempt()], exceptions: [exception()], line: { exception: null } })).toEqual([null]);
    expect(why({ assessed: [assessed([], { outcome: 'exempt' })], exceptions: [exception()] })).toMatchObject([{ covers: true }]);
    expect(asked.at).toEqual([['s', 7]]);
    expect(why({ assessed: [assessed([])], exceptions: [exception()] })).toEqual([null]);
  });
  it('has the number of its uses, and the last one; one that was used and is not in the register is named', () => {
    const days = [
      { exception: 'EXC-1', count: 2, last: '2026-09-24' },
      { exception: 'EXC-1', count: 3, last: '2026-09-23' },
      { exception: 'EXC-9', count: 4, last: '2026-09-25' },
      { exception: 'EXC-8', count: 1, last: '2026-09-25' },
      { exception: null, count: 100, last: '2026-09-26' },
    ];
    const found = gaps({ days, exceptions: [exception(), exception({ id: 'EXC-2' })] });
    expect(found.exceptions).toMatchObject([
      { id: 'EXC-1', status: 'live', used: 5, lastUsed: '2026-09-24' },
      { id: 'EXC-2', status: 'live', used: 0, lastUsed: null },
    ]);
    expect(found.unregistered).toEqual([
      { id: 'EXC-8', used: 1 },
      { id: 'EXC-9', used: 4 },
    ]);
    expect(asked.days).toMatchObject([{ since: period.from, until: END, outcomes: ['exempt'], kinds: null }]);
    expect(found.period).toBe(period);
  });
});

describe('the report', () => {
  it('counts what was recorded in the period by kind and outcome, and decisions by their policy', () => {
    const days = [
      { kind: 'execution', outcome: 'remediated', count: 2, policy: 'p2' },
      { kind: 'decision', outcome: 'notified', count: 3, policy: 'p1' },
      { day: '2026-09-24', kind: 'execution', outcome: 'remediated', count: 4, policy: 'p2' },
      { kind: 'sweep', outcome: 'complete', count: 1 },
    ];
    const { counts, policies } = model({ days });
    expect(counts).toEqual([
      { kind: 'decision', outcome: 'notified', count: 3 },
      { kind: 'execution', outcome: 'remediated', count: 6 },
      { kind: 'sweep', outcome: 'complete', count: 1 },
    ]);
    expect(policies).toEqual([
      { digest: 'p1', decisions: 3 },
      { digest: 'p2', decisions: 6 },
    ]);
    expect(asked.days).toMatchObject([{ since: period.from, until: END, outcomes: null }]);
  });
  it('has each week of the period, and what happened in it', () => {
    const days = [
      { kind: 'execution', outcome: 'remediated', count: 2 },
      { kind: 'execution', outcome: 'rolled-back', count: 3 },
      { kind: 'execution', outcome: 'remediated', drill: true, count: 4 },
      { kind: 'execution', outcome: 'failed', count: 50 },
      { kind: 'decision', outcome: 'contested', count: 5 },
      { kind: 'breaker', outcome: 'open', count: 6 },
      { kind: 'breaker', outcome: 'closed', count: 50 },
      { kind: 'decision', outcome: 'open', count: 50 },
      { kind: 'decision', outcome: 'remediated', drill: true, count: 50 },
      { day: '2026-09-28', kind: 'execution', outcome: 'remediated', count: 1 },
      // Of no week of the period.
      { day: '2026-01-01', kind: 'execution', outcome: 'remediated', count: 50 },
    ];
    const none = { rolledBack: 0, fights: 0, drills: 0, breakers: 0 };
    expect(model({ days }).weeks).toEqual([
      { week: '2026-09-21', closed: 2, rolledBack: 3, fights: 5, drills: 4, breakers: 6 },
      { week: '2026-09-28', ...none, closed: 1 },
    ]);
  });
  it('has times of verified fixes, without drills, by remediator and environment', () => {
    const minutes = (decide: number) => ({ recordedAt: new Date(at('2026-09-23T10:00:00Z') - decide * 60_000).toISOString(), askedBy: {} as never });
    const entries = [
      fix(),
      fix({ ...minutes(10), trigger: null }),
      fix({ drill: true }),
      fix({ outcome: 'failed' }),
      fix({ remediator: 'a' }),
      fix({ resource: { ...bucket, account: '999999999999' } }),
    ];
    const { times, rows, changes } = model({ entries });
    expect([rows.length, changes]).toEqual([6, 6]);
    const quick = { fixes: 1, dated: 1, detect: { p50: 120_000, p90: 120_000 }, decide: { p50: 0, p90: 0 }, close: { p50: 420_000, p90: 420_000 } };
    expect(times).toEqual([
      { remediator: 'a', environment: 'prod', ...quick },
      { remediator: 'r', environment: null, ...quick },
      {
        ...{ remediator: 'r', environment: 'prod', fixes: 2, dated: 1, detect: { p50: 120_000, p90: 120_000 }, decide: { p50: 0, p90: 600_000 } },
        close: { p50: 420_000, p90: 900_000 },
      },
    ]);
  });
  it('draws its sample by the given seed, else by the root of the sealed tree, else by the population', () => {
    const entries = ['x-2', 'x-1', 'x-3'].map((execution) => fix({ execution }));
    const digest = `sha256:${createHash('sha256').update('x-1\nx-2\nx-3\n').digest('hex')}`;
    expect(model({ entries })).toMatchObject({ populationDigest: digest, sample: { seed: digest, seedFrom: 'digest of the population' } });
    expect(model({ entries, checkpoint: { root: 'R' } }).sample).toMatchObject({ seed: 'R', seedFrom: 'root of the sealed tree' });
    expect(model({ entries, checkpoint: { root: 'R' }, seed: 'mine' }).sample).toMatchObject({ seed: 'mine', seedFrom: 'given' });
    expect(model({ entries, seed: 'mine' }).sample.ids).toHaveLength(2);
    expect(new Set(model({ entries, seed: 'mine', size: 9 }).sample.ids)).toEqual(new Set(['x-1', 'x-2', 'x-3']));
  });
  it('has the scope of the records', () => {
    const { scope, period: of } = model();
    expect(scope).toEqual({ accounts: [{ account: '111111111111', environment: 'prod', resources: 2 }], remediators: ['r'] });
    expect(of).toBe(period);
    expect(changesIn(period)).toMatchObject({ since: period.from, until: END, kinds: ['execution'], outcomes: null, accounts: null });
  });
});
