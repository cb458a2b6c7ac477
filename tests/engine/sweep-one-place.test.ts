// A sweep of one place: what it waits for, what it counts, and what it looks at that is not listed any more.
import { createRedress, definePolicy, type Journal, type RedressOptions, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const HERE = { account: ACCOUNT, region: 'us-east-1' };
const THERE = { account: ACCOUNT, region: 'eu-west-1' };
const START = Date.parse('2026-11-24T10:00:00Z');
let aws: Widgets;
let time: number;
let journal: Journal;
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
const settling: Remediator = { ...anyAge, settle: 60_000 };
const policyOf = (extra: object = {}) =>
  definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'enforce' } }, ...extra });
const engine = (over: Partial<RedressOptions> = {}) =>
  createRedress({ remediators: [anyAge], policy: policyOf(), journal, connect: aws.connect, clock, ...over });
const name = (n: number) => `w-${String(n).padStart(3, '0')}`;
const fill = (many: number, rules: readonly string[]) => {
  for (let n = 0; n < many; n++) aws.put(name(n), [...rules]);
};

beforeEach(() => {
  aws = new Widgets();
  time = START;
  journal = memoryJournal({ clock });
});

describe('a resource that has to settle in a sweep', () => {
  it('is left for later and closed when it has settled; it counts once', async () => {
    fill(3, ['open-1']);
    const [summary] = await engine({ remediators: [settling] }).sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ status: 'complete', looked: 3, outcomes: { remediated: 3 }, retryable: 0, errors: 0, message: '3 checked.' });
    // All of them wait at the same time.
    expect(time - START).toBeGreaterThanOrEqual(60_000);
    expect(time - START).toBeLessThan(70_000);
  });
  it('is not waited for if that would exceed its deadline: it is busy and reported to be retried', async () => {
    fill(2, ['open-1']);
    const [summary] = await engine({ remediators: [settling] }).sweep({ targets: [HERE], deadline: START + 50_000 });
    expect(summary).toMatchObject({ looked: 2, outcomes: { busy: 2 }, retryable: 2 });
    expect(time - START).toBeLessThan(50_000);
    expect(aws.writes).toEqual([]);
  });
});

describe('the summary of a sweep', () => {
  it('reports that a place has no resources', async () => {
    expect(await engine().sweep({ targets: [HERE] })).toMatchObject([{ status: 'complete', looked: 0, message: 'Nothing to check.', next: null }]);
  });
  it('counts what may be retried', async () => {
    fill(2, ['open-1']);
    const stopped = { read: async () => 'changes' as const };
    const [summary] = await engine({ killSwitch: stopped }).sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ looked: 2, outcomes: { denied: 2 }, errors: 0, unread: 0 });
    aws.faults.set(
      'DescribeWidget',
      Array.from({ length: 40 }, () => 'throttled' as const),
    );
    const [throttled] = await engine().sweep({ targets: [HERE] });
    expect(throttled?.retryable).toBeGreaterThan(0);
    expect(throttled?.unread).toBe(throttled?.retryable);
  });
});

describe('a sweep of several places', () => {
  it('shares the budget of its run', async () => {
    fill(3, ['open-1']);
    const policy = policyOf({ limits: [{ per: ['run'], changes: 2 }] });
    const [summary] = await engine({ policy }).sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ outcomes: { remediated: 2, denied: 1 } });
    const budget = { changes: 2 };
    aws.put(name(0), ['open-1']);
    const [spent] = await engine({ policy }).sweep({ targets: [HERE], budget });
    expect(spent?.outcomes).toEqual({ denied: 2, 'no-op': 1 });
  });
  it('checks only what is requested', async () => {
    fill(1, ['open-1']);
    const other: Remediator = { ...anyAge, id: 'widget-other' };
    const summaries = await engine({ remediators: [anyAge, other] }).sweep({ targets: [HERE], remediators: ['widget-other'] });
    expect(summaries.map(({ remediator }) => remediator)).toEqual(['widget-other']);
  });
});

describe('an open resource that is no longer listed', () => {
  it('is checked once, after everything that is listed', async () => {
    const hides: Remediator = {
      ...anyAge,
      discover: async function* () {
        yield { type: 'AWS::Test::Widget', id: 'w-000' };
      },
    };
    fill(3, ['open-1']);
    const policy = policyOf({ remediators: {} });
    expect(await engine({ policy }).sweep({ targets: [HERE] })).toMatchObject([{ looked: 3, outcomes: { notified: 3 } }]);
    aws.calls.length = 0;
    const [summary] = await engine({ policy, remediators: [hides] }).sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ status: 'complete', looked: 3 });
    expect(aws.calls.filter(({ operation }) => operation === 'DescribeWidget').map(({ input }) => input['Id'])).toEqual(['w-000', 'w-001', 'w-002']);
    // Not in another place, and not of another remediator.
    aws.calls.length = 0;
    expect(await engine({ policy, remediators: [{ ...hides, id: 'widget-other' }] }).sweep({ targets: [HERE] })).toMatchObject([{ looked: 1 }]);
    expect(await engine({ policy, remediators: [hides] }).sweep({ targets: [THERE] })).toMatchObject([{ looked: 1 }]);
    // One that has gone is seen to be gone.
    aws.widgets.delete('w-002');
    expect(await engine({ policy, remediators: [hides] }).sweep({ targets: [HERE] })).toMatchObject([{ looked: 3, outcomes: { notified: 2, 'no-op': 1 } }]);
    expect(
      (await journal.standing()).gaps
        .filter(({ remediator, resource: ref }) => remediator === anyAge.id && ref.region === 'us-east-1')
        .map(({ resource: ref }) => ref.id),
    ).toEqual(['w-000', 'w-001']);
  });
});
