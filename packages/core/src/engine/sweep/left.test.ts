import { describe, expect, it } from 'vitest';
import { group } from '../../internal/testing/facts.js';
import type { ResourceRef } from '../../model/resource.js';
import type { Remediator } from '../../remediator/define.js';
import type { PassResult } from '../types.js';
import { dueOf, type Left, leftBefore, leftOf, leftOver, nextOf, untaken } from './left.js';
import type { Before } from './progress.js';

const of = (id: string, breadth = 0) => ({ id, breadth }) as Remediator;
const pass = (over: Partial<PassResult>): PassResult => ({ outcome: 'no-op', retryable: false, retryAt: null, decision: null, ...over }) as PassResult;
const unread = { outcome: 'denied', retryable: true } as const;
const NOW = 1_000_000;

describe('what is left of a resource', () => {
  const turn = { ref: group, remediators: [of('a')], seenAt: 5, tries: 0 };
  const left = (tries: number, ...passes: Partial<PassResult>[]) => leftOf({ ...turn, tries }, passes.map(pass), NOW);

  it('is nothing if it was decided on, whatever the decision', () => {
    expect(left(0)).toBeNull();
    expect(left(0, { outcome: 'no-op' }, { outcome: 'remediated' }, { outcome: 'failed', retryable: true }, { ...unread, retryable: false })).toBeNull();
    expect(left(0, { ...unread, decision: { effect: 'deny', results: [{ guardrail: 'freeze', effect: 'deny', code: 'frozen', message: '' }] } })).toBeNull();
  });
  it('is retried a minute later, in another sweep, if it failed', () => {
    expect(leftOf(turn, null, NOW)).toEqual({ ...turn, tries: 1, counted: true, due: NOW + 60_000, last: null, waits: false });
  });
  it('is what was held, or could not be read and may be later: at the latest of their times', () => {
    const [held, later] = [pass({ outcome: 'busy', retryAt: NOW + 7 }), pass({ ...unread, retryAt: NOW + 9 })];
    expect(leftOf(turn, [held, later, pass({})], NOW)).toEqual({ ...turn, tries: 1, counted: true, due: NOW + 9, last: [held, later], waits: true });
  });
  it('is due at once if it was held, and in five seconds if it could not be read, without a given time', () => {
    expect(left(0, { outcome: 'busy' })?.due).toBe(1_000_000);
    expect(left(0, unread)?.due).toBe(1_005_000);
  });
  it('is no longer waited for after three attempts', () => {
    expect([0, 1, 2, 3].map((tries) => left(tries, unread)?.waits)).toEqual([true, true, false, false]);
  });
});

describe('the next attempt of a sweep', () => {
  const one = (due: number, over: Partial<Left> = {}): Left => ({
    ...{ ref: group, remediators: [of('a')], seenAt: 0, tries: 1, last: [], waits: true, counted: true, due },
    ...over,
  });
  it('is for what can be decided on first, of what matches and waits', () => {
    const all = [one(3), one(2, { waits: false }), one(1, { tries: 2 }), one(4)];
    expect(nextOf(all, () => true)).toBe(all[2]);
    expect(nextOf(all, ({ tries }) => tries === 1)).toBe(all[0]);
    expect(nextOf(all, () => false)).toBeUndefined();
  });
  it('in another sweep is made when everything can be decided on, and never in the past', () => {
    expect(dueOf([one(NOW + 2), one(NOW + 5)], {}, NOW)).toBe(NOW + 5);
    expect(dueOf([one(NOW - 2)], {}, NOW)).toBe(NOW);
  });
  it('in the same round is not made for what was tried three times, or for nothing', () => {
    expect(dueOf([], {}, NOW)).toBeNull();
    expect(dueOf([one(NOW + 2, { tries: 3 })], { a: 3 }, NOW)).toBeNull();
    expect(dueOf([one(NOW + 2, { tries: 3 }), one(NOW + 1, { tries: 2 })], {}, NOW)).toBe(NOW + 1);
  });
  it('for a list that failed is made in a minute, up to three times', () => {
    expect(dueOf([], { a: 3, b: 2 }, NOW)).toBe(1_060_000);
    expect(dueOf([one(NOW + 90_000)], { a: 1 }, NOW)).toBe(NOW + 90_000);
  });
});

describe('what is left according to the journal', () => {
  const here = { account: '111111111111', region: 'eu-west-1' };
  const entry = (id: string, over: object = {}) => ({
    ...{ type: 'AWS::S3::Bucket', id, region: 'eu-west-1', remediators: ['a', 'b'], seenAt: 1, due: 2, tries: 1 },
    ...over,
  });
  const before = (left: readonly object[] | null, overdue: readonly object[] = []) =>
    ({ progress: left === null ? null : { left }, overdue }) as unknown as Before;

  it('in an account in China is in that partition, even without a region', () => {
    const left = [{ type: 'AWS::IAM::User', id: 'alice', region: 'aws-global', remediators: ['users'], seenAt: 1, due: 2, tries: 1 }];
    const found = leftBefore(before(left), { account: '111111111111', region: 'cn-north-1' }, [of('users')]);
    expect(found.map(({ ref }) => ref)).toEqual([{ type: 'AWS::IAM::User', id: 'alice', account: '111111111111', region: 'aws-global', partition: 'aws-cn' }]);
  });
  it('continues unchanged with the remediators that are still installed, narrow before wide', () => {
    expect(leftBefore(before([entry('x')]), here, [of('b', 2), of('c'), of('a', 1)])).toEqual([
      {
        ref: { type: 'AWS::S3::Bucket', id: 'x', account: '111111111111', region: 'eu-west-1', partition: 'aws' },
        ...{ remediators: [of('a', 1), of('b', 2)], seenAt: 1, due: 2, tries: 1, last: [], waits: true, counted: false },
      },
    ]);
    expect(leftBefore(before([entry('x')]), here, [of('c')])).toEqual([]);
  });
  it('by an older round comes last, is due at once, and has all its attempts', () => {
    const found = leftBefore(before([entry('x')], [entry('y', { tries: 3, due: 9 })]), here, [of('a')]);
    expect(found.map(({ ref, due, tries, seenAt }) => [ref.id, due, tries, seenAt])).toEqual([
      ['x', 2, 1, 1],
      ['y', 0, 0, 1],
    ]);
    expect(leftBefore(before(null, [entry('y')]), here, [of('a')]).map(({ ref }) => ref.id)).toEqual(['y']);
  });
  it('without a resource is skipped, and the others are not', () => {
    expect(leftBefore(before([entry('', { type: '' }), entry('x')]), here, [of('a')]).map(({ ref }) => ref.id)).toEqual(['x']);
  });
  it('is recorded by name', () => {
    const [left] = leftBefore(before([entry('x')]), here, [of('b', 2), of('a')]);
    expect(leftOver(left as Left)).toEqual(entry('x'));
  });
});

describe('a listed resource that was already checked', () => {
  const at = (id: string): ResourceRef => ({ ...group, id });
  const [a, b] = [of('a'), of('b')];
  const candidate = (id: string, ...remediators: Remediator[]) => ({ ref: at(id), name: `us-east-1/AWS::EC2::SecurityGroup/${id}`, remediators });

  it('is not checked again by the same remediators, and is by the others', () => {
    const rest = untaken(
      [candidate('x', a, b), candidate('y', a), candidate('z', a)],
      [
        { ref: at('x'), remediators: [a] },
        { ref: at('y'), remediators: [b, a] },
      ],
    );
    expect(rest).toEqual([candidate('x', b), candidate('z', a)]);
  });
});
