// A sweep over several places, remediators and hours: what it waits for, what it counts, and where it goes on.
import { createRedress, definePolicy, type Journal, RedressError, type RedressOptions, type Remediator, resource } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { bound, recordsOf } from '../support/journal.js';
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
const sweeps = async (place = HERE) =>
  (await recordsOf(journal)).flatMap(({ record }) =>
    record.kind === 'sweep' && record.resource.region === place.region ? [record.body['sweep'] as Record<string, unknown>] : [],
  );

beforeEach(() => {
  aws = new Widgets();
  time = START;
  journal = memoryJournal({ clock });
});

describe('the rate of a sweep', () => {
  it('is five resources a second, unless asked otherwise', async () => {
    fill(20, ['closed']);
    await engine().sweep({ targets: [HERE] });
    expect(time - START).toBe(4000);
  });
  it('counts what a look takes', async () => {
    fill(4, ['closed']);
    aws.before = (operation) => {
      if (operation === 'DescribeWidget') time += 150;
    };
    await engine().sweep({ targets: [HERE] });
    expect(time - START).toBe(800);
    aws.before = (operation) => {
      if (operation === 'DescribeWidget') time += 250;
    };
    time = START;
    await engine().sweep({ targets: [HERE] });
    expect(time - START).toBe(1000);
  });
});

describe('what has to settle in a sweep', () => {
  it('is met, left for later, and closed when it has settled; it counts once', async () => {
    fill(3, ['open-1']);
    const [summary] = await engine({ remediators: [settling] }).sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ status: 'complete', looked: 3, outcomes: { remediated: 3 }, retryable: 0, errors: 0, message: '3 looked at.' });
    // All of them wait at the same time.
    expect(time - START).toBeGreaterThanOrEqual(60_000);
    expect(time - START).toBeLessThan(70_000);
  });
  it('is not waited for where its deadline comes first: it is busy, and said to be tried again', async () => {
    fill(2, ['open-1']);
    const [summary] = await engine({ remediators: [settling] }).sweep({ targets: [HERE], deadline: START + 50_000 });
    expect(summary).toMatchObject({ looked: 2, outcomes: { busy: 2 }, retryable: 2 });
    expect(time - START).toBeLessThan(50_000);
    expect(aws.writes).toEqual([]);
  });
  it('is a hundred at once: then they are looked at before others are', async () => {
    fill(120, ['open-1']);
    const order: string[] = [];
    const [summary] = await engine({ remediators: [settling], policy: policyOf({ limits: [{ per: ['run'], changes: 1000 }] }) }).sweep({
      targets: [HERE],
      perSecond: 1000,
      onPass: (pass) => order.push(`${pass.resource.id} ${pass.outcome}`),
    });
    expect(summary).toMatchObject({ looked: 120, outcomes: { remediated: 120 } });
    const calls = aws.calls.map(({ operation, input }) => `${operation} ${String(input['Id'] ?? '')}`);
    expect(calls.indexOf(`RevokeRule ${name(0)}`)).toBeLessThan(calls.indexOf(`DescribeWidget ${name(100)}`));
    expect(calls.indexOf(`RevokeRule ${name(0)}`)).toBeGreaterThan(calls.indexOf(`DescribeWidget ${name(99)}`));
    expect(order).toHaveLength(120);
    expect(time - START).toBeGreaterThanOrEqual(120_000);
  });
});

describe('the summary of a sweep', () => {
  it('of a place without anything says so', async () => {
    expect(await engine().sweep({ targets: [HERE] })).toMatchObject([{ status: 'complete', looked: 0, message: 'Nothing to look at.', next: null }]);
  });
  it('counts what may be tried again', async () => {
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
  it('is recorded in the place that was swept, with all that it says', async () => {
    fill(2, ['open-1']);
    const before = time;
    await engine().sweep({ targets: [HERE, THERE] });
    expect(await sweeps(HERE)).toEqual([
      {
        status: 'complete',
        looked: 2,
        outcomes: { remediated: 2 },
        retryable: 0,
        errors: 0,
        unread: 0,
        next: null,
        message: '2 looked at.',
        startedAt: new Date(before).toISOString(),
      },
    ]);
    expect(await sweeps(THERE)).toMatchObject([{ status: 'complete', looked: 2, outcomes: { 'no-op': 2 } }]);
  });
  it('of one that was stopped names where it goes on; one that is told to restarts', async () => {
    fill(6, ['closed']);
    const [first] = await engine().sweep({ targets: [HERE], perSecond: 1, deadline: START + 34_000 + 3000 });
    expect(first).toMatchObject({ status: 'stopped', message: 'Its time ran out; the next sweep goes on from there.' });
    expect(first?.next).toMatch(/^us-east-1\/AWS::Test::Widget\/w-00[0-4]$/);
    expect(await sweeps()).toMatchObject([{ status: 'stopped', next: first?.next }]);
    aws.calls.length = 0;
    const [again] = await engine().sweep({ targets: [HERE], restart: true });
    expect(again).toMatchObject({ status: 'complete', looked: 6 });
  });
});

describe('a sweep of several', () => {
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
  it('looks at what is asked for only', async () => {
    fill(1, ['open-1']);
    const other: Remediator = { ...anyAge, id: 'widget-other' };
    const summaries = await engine({ remediators: [anyAge, other] }).sweep({ targets: [HERE], remediators: ['widget-other'] });
    expect(summaries.map(({ remediator }) => remediator)).toEqual(['widget-other']);
  });
  it('begins where it was swept least recently', async () => {
    fill(1, ['closed']);
    await engine().sweep({ targets: [HERE] });
    time += 1000;
    const order = async () => (await engine().sweep({ targets: [HERE, THERE] })).map(({ region }) => region);
    expect(await order()).toEqual(['eu-west-1', 'us-east-1']);
    expect(await order()).toEqual(['eu-west-1', 'us-east-1']);
    time += 1000;
    await engine().sweep({ targets: [THERE] });
    expect(await order()).toEqual(['us-east-1', 'eu-west-1']);
  });
  it('begins nothing when its time is up', async () => {
    fill(1, ['open-1']);
    expect(await engine().sweep({ targets: [HERE], deadline: time })).toEqual([]);
    expect(aws.writes).toEqual([]);
  });
  it('ends in a place where the journal is down, and is recorded as that; the other places are swept', async () => {
    fill(2, ['open-1']);
    const down = new RedressError('journal/unavailable', 'down');
    const dying: Journal = {
      ...bound(journal),
      append: (entry) => (entry.resource.id === 'w-000' && entry.resource.region === 'us-east-1' ? Promise.reject(down) : journal.append(entry)),
    };
    const summaries = await engine({ journal: dying, policy: policyOf({ remediators: {} }) }).sweep({ targets: [HERE, THERE] });
    expect(summaries).toMatchObject([
      { region: 'us-east-1', status: 'failed', message: 'down', looked: 0, outcomes: {}, errors: 0, next: null },
      { region: 'eu-west-1', status: 'complete', looked: 2 },
    ]);
    expect(await sweeps()).toMatchObject([{ status: 'failed', message: 'down' }]);
  });
});

describe('a resource that stands open and is not listed any more', () => {
  it('is looked at after all that is listed, once', async () => {
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
  it('and is what a sweep was at when its time ran out, is where the next goes on', async () => {
    const lists: Remediator = {
      ...anyAge,
      discover: async function* () {
        // Nothing is listed any more.
      },
    };
    fill(8, ['open-1']);
    const policy = policyOf({ remediators: {} });
    await engine({ policy }).sweep({ targets: [HERE] });
    time += 1000;
    const run = async () => {
      aws.calls.length = 0;
      const [summary] = await engine({ policy, remediators: [lists] }).sweep({ targets: [HERE], perSecond: 1, deadline: time + 37_000 });
      return { summary, looked: aws.calls.filter(({ operation }) => operation === 'DescribeWidget').map(({ input }) => String(input['Id'])) };
    };
    const first = await run();
    expect(first.summary).toMatchObject({ status: 'stopped' });
    expect(first.looked.length).toBeGreaterThan(0);
    expect(first.summary?.next).toBe(`standing:us-east-1/AWS::Test::Widget/${first.looked.at(-1)}`);
    const seen = [...first.looked];
    for (let n = 0; n < 8 && seen.length < 8; n++) seen.push(...(await run()).looked);
    expect(seen).toEqual(Array.from({ length: 8 }, (_, n) => name(n)));
    expect(resource({ type: 'AWS::::Account', id: ACCOUNT, ...HERE }).region).toBe('us-east-1');
  });
});
