// Where a sweep goes on, as the journal has it.
import { describe, expect, it } from 'vitest';
import type { Runtime } from '../runtime.js';
import { accountOf, readBefore, recordCame, standingIn } from './progress.js';

const HERE = { account: '111111111111', region: 'eu-west-1' };
const NOW = Date.parse('2026-11-24T10:00:00Z');
const DAY = 86_400_000;

const left = { type: 'AWS::S3::Bucket', id: 'b', region: 'eu-west-1', remediators: ['a'], seenAt: 1, due: 2, tries: 1 };
const progress = { began: NOW - 1000, done: ['g'], after: { h: 'x' }, left: [left], lists: { h: 1 }, unlisted: { a: 'why' } };

function runtime(next: unknown, { asked = 'a,b', gaps = {} }: { asked?: string; gaps?: Record<string, string[]> } = {}) {
  const appended: unknown[] = [];
  const swept = {
    time: 1,
    lasts: {},
    rounds: [{ asked: 'other', next: { ...progress, done: ['no'], again: true } }, ...(next === null ? [] : [{ asked, next }])],
  };
  const journal = {
    view: async () => ({ swept }),
    standing: async ({ account, region }: typeof HERE) => ({ gaps: (gaps[region] ?? []).map((key) => `${account} ${key}`) }),
    append: async (entry: unknown) => {
      appended.push(entry);
      return { stream: 's', sequence: 1 };
    },
  };
  return { swept, appended, of: { clock: { now: () => NOW }, journal, needJournal: () => journal } as unknown as Runtime };
}
const before = async (next: unknown, how = {}) => {
  const { progress: goesOn, overdue } = await readBefore(runtime(next, how).of, HERE, ['b', 'a']);
  return { progress: goesOn, overdue };
};

describe('a sweep', () => {
  it('continues the round of the same remediators, in whatever order they are named', async () => {
    expect(await before({ ...progress, again: true })).toEqual({ progress: { ...progress, again: true }, overdue: [] });
    expect(await before({ ...progress, again: true }, { asked: 'a' })).toEqual({ progress: null, overdue: [] });
    expect(await before(null)).toEqual({ progress: null, overdue: [] });
  });
  it('begins from the start after a day, or if the round was over, with what was left', async () => {
    expect(await before({ ...progress, again: false })).toEqual({ progress: null, overdue: [left] });
    expect(await before({ ...progress, again: 'yes' })).toEqual({ progress: null, overdue: [left] });
    expect(await before({ ...progress, began: NOW - DAY, again: true })).toEqual({ progress: null, overdue: [left] });
    expect((await before({ ...progress, began: NOW - DAY + 1, again: true })).progress).not.toBeNull();
  });
  it.each<[string, unknown]>([
    ['in an invalid form', 'x'],
    ['without its rest', { ...progress, left: undefined }],
    ['without its results', { ...progress, done: {} }],
    ['without a beginning', { ...progress, began: '1' }],
    ['without its position', { ...progress, after: null }],
    ['without lists', { ...progress, lists: 3 }],
    ['with an invalid rest', { ...progress, left: [left, null] }],
    ...['type', 'id', 'region'].map(
      (member) => [`with something left without ${member}`, { ...progress, left: [left, { ...left, [member]: 3 }] }] as [string, unknown],
    ),
    ...['seenAt', 'due', 'tries'].map(
      (member) => [`with something left without ${member}`, { ...progress, left: [left, { ...left, [member]: '3' }] }] as [string, unknown],
    ),
    ['with a rest without remediators', { ...progress, left: [left, { ...left, remediators: 'a' }] }],
  ])('checks everything once more after a round %s', async (_what, next) => {
    expect(await before(typeof next === 'string' ? next : { ...(next as object), again: true })).toEqual({ progress: null, overdue: [] });
  });
  it('continues after a record of an earlier version, which had no failed lists', async () => {
    const { progress: goesOn } = await before({ ...progress, done: [1], unlisted: undefined, again: true });
    expect(goesOn).toEqual({ ...progress, done: ['1'], unlisted: {}, again: true });
  });
  it('has what the journal has folded, and reports what it has not', async () => {
    const { of, swept } = runtime(null);
    expect(await readBefore(of, HERE, ['a'])).toMatchObject({ swept, unfolded: null, stands: [] });
    const unfolded = { ...of, needJournal: () => ({ ...of.needJournal(''), view: async () => ({ swept: null }), read: async function* () {} }) };
    const never = { time: 0, lasts: {}, rounds: [] };
    expect(await readBefore(unfolded as unknown as Runtime, HERE, ['a'])).toMatchObject({ swept: never, unfolded: never });
  });
  it('covers the gaps of its region, and those without one if it sweeps such resources', async () => {
    const { of } = runtime(null, { gaps: { 'eu-west-1': ['one'], 'aws-global': ['two'] } });
    expect(await standingIn(of, HERE)).toEqual(['111111111111 one', '111111111111 two']);
    expect(await standingIn(of, { ...HERE, global: true })).toEqual(['111111111111 one', '111111111111 two']);
    expect(await standingIn(of, { ...HERE, global: false })).toEqual(['111111111111 one']);
  });
});

describe('the result of a sweep', () => {
  const came = { asked: ['b', 'a'], began: NOW - 5, startedAt: NOW, status: 'stopped', message: 'm', remediators: { a: { looked: 1 } }, progress } as const;
  const recorded = async (over: object) => {
    const { of, appended } = runtime(null);
    await recordCame(of, HERE, { ...came, again: true, before: null, ...over });
    return appended;
  };
  it('is in the stream of the account in its region, with the position of the next one', async () => {
    const sweep = {
      ...{ status: 'stopped', message: 'm', began: NOW - 5, startedAt: '2026-11-24T10:00:00.000Z', asked: ['a', 'b'], remediators: { a: { looked: 1 } } },
      next: { ...progress, again: true },
    };
    expect(await recorded({})).toEqual([{ kind: 'sweep', resource: accountOf(HERE), remediator: 'redress-sweep', body: { sweep } }]);
    expect(accountOf(HERE)).toEqual({ type: 'AWS::::Account', id: '111111111111', account: '111111111111', region: 'eu-west-1', partition: 'aws' });
  });
  it('keeps what is left for the next round, and nothing if nothing is left', async () => {
    expect(await recorded({ again: false })).toMatchObject([{ body: { sweep: { next: { ...progress, again: false } } } }]);
    expect(await recorded({ again: true, progress: { ...progress, left: [] } })).toMatchObject([{ body: { sweep: { next: { left: [], again: true } } } }]);
    expect(await recorded({ again: false, progress: { ...progress, left: [] } })).toMatchObject([{ body: { sweep: { next: null } } }]);
  });
  it('includes the result of earlier records of an earlier version', async () => {
    const earlier = { time: 1, lasts: { a: { time: 1, complete: 1 } }, rounds: [] };
    expect(await recorded({ before: earlier })).toMatchObject([{ body: { sweep: { before: earlier } } }]);
  });
});
