// What ends the sweep of a place before its end, what does not, and what then becomes of the others.
import { getEventListeners } from 'node:events';
import {
  createRedress,
  definePolicy,
  type Journal,
  RedressError,
  type RedressOptions,
  type Remediator,
  type SweepOptions,
  type SweepTarget,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { bound, recordsOf } from '../support/journal.js';
import { noteWidget, revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const HERE = { account: ACCOUNT, region: 'us-east-1' };
const THERE = { account: ACCOUNT, region: 'eu-west-1' };
const START = Date.parse('2026-11-24T10:00:00Z');
let aws: Widgets;
let time: number;
let journal: Journal;
const clock = { now: () => time, sleep: async (milliseconds: number) => void (time += milliseconds) };
const settling: Remediator = { ...revokeOpenRules, freshWithin: null, settle: 60_000 };
const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'enforce' } } });
const sweep = async (options: Partial<SweepOptions> = {}, over: Partial<RedressOptions> = {}) =>
  createRedress({ remediators: [settling], policy, journal, connect: aws.connect, clock, ...over }).sweep({ targets: [HERE], ...options });
const sweeps = async () => (await recordsOf(journal)).filter(({ record }) => record.kind === 'sweep').map(({ record }) => record.resource.region);

beforeEach(() => {
  aws = new Widgets();
  time = START;
  journal = memoryJournal({ clock });
});

describe('a sweep that is stopped', () => {
  it.each([
    ['right before it waits', -1],
    ['while it waits', 5],
  ])('%s does not wait for the rest', async (_when, after) => {
    aws.put('w1', ['open-1']);
    const stop = new AbortController();
    let [ended, turns] = [false, 0];
    // It sleeps until the sweep has ended, or for so long that nobody can have stopped it.
    const asleep = {
      ...clock,
      sleep: async () => {
        for (; !ended && turns < 1_000_000; turns++) {
          await new Promise((resolve) => setImmediate(resolve));
          if (turns === after) stop.abort();
        }
      },
    };
    expect(await sweep({ signal: stop.signal }, { clock: asleep, onWait: () => void (after < 0 && stop.abort()) })).toMatchObject([
      { status: 'stopped', left: 1 },
    ]);
    ended = true;
    expect(turns).toBeLessThan(1_000_000);
    expect(aws.writes).toEqual([]);
  });

  it('while it waits changes nothing any more, whatever has settled by then', async () => {
    aws.put('w1', ['open-1']);
    const stop = new AbortController();
    const late = { ...clock, sleep: async (milliseconds: number) => void clock.sleep(milliseconds).then(() => stop.abort()) };
    expect(await sweep({ signal: stop.signal }, { clock: late })).toMatchObject([{ status: 'stopped', left: 1, retryAt: time }]);
    expect([aws.writes, aws.rules('w1')]).toEqual([[], ['open-1']]);
    // The next one goes on with it.
    expect(await sweep()).toMatchObject([{ status: 'complete', outcomes: { remediated: 1 } }]);
  });

  it('leaves no listener on its signal while it waits for its rate limit', async () => {
    for (let at = 0; at < 5; at++) aws.put(`w${at}`, ['closed']);
    const stop = new AbortController();
    const listening: number[] = [];
    const counting = {
      ...clock,
      sleep: (milliseconds: number) => {
        listening.push(getEventListeners(stop.signal, 'abort').length);
        return clock.sleep(milliseconds);
      },
    };
    expect(await sweep({ signal: stop.signal, perSecond: 1 }, { clock: counting })).toMatchObject([{ status: 'complete', looked: 5 }]);
    expect(listening.length).toBeGreaterThan(4);
    expect(new Set(listening)).toEqual(new Set([0]));
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });
});

describe('a place with a rest that is not waited for', () => {
  it('still waits for what settles', async () => {
    for (const id of ['w1', 'w2']) aws.put(id, ['open-1']);
    const broken: Remediator = {
      ...settling,
      observe: async (args) => {
        if (args.resource.id === 'w1') throw new RedressError('compose/invalid', 'a bug');
        return settling.observe(args);
      },
    };
    const failing: Journal = {
      ...bound(journal),
      append: async (entry) => {
        if (entry.resource.id === 'w1') throw new Error('a bug');
        return journal.append(entry);
      },
    };
    const [summary] = await sweep({}, { remediators: [broken], journal: failing });
    expect(summary).toMatchObject({ status: 'stopped', looked: 2, left: 1, errors: 1, outcomes: { remediated: 1 } });
    expect([aws.rules('w1'), aws.rules('w2')]).toEqual([['open-1'], []]);
  });
});

describe('the history of a place', () => {
  const failing = (code: 'journal/corrupt' | 'journal/unavailable'): Journal => ({
    ...bound(journal),
    view: async (ref) => {
      if (ref.type === 'AWS::::Account' && ref.region === THERE.region) throw new RedressError(code, 'The stream of the account is not what it was.');
      return journal.view(ref);
    },
  });

  it('that cannot be verified is reported for that place, which is not swept; the others are', async () => {
    aws.put('w1', ['closed']);
    const summaries = await sweep({ targets: [THERE, HERE] }, { journal: failing('journal/corrupt') });
    expect(summaries).toMatchObject([
      { ...THERE, remediator: '*', status: 'failed', complete: false, looked: 0, record: null, message: 'The stream of the account is not what it was.' },
      { ...HERE, status: 'complete', looked: 1 },
    ]);
    expect(aws.calls.filter(({ operation }) => operation === 'DescribeWidgets')).toHaveLength(1);
    expect(await sweeps()).toEqual([HERE.region]);
  });

  it('that cannot be read fails the sweep: without the journal nothing is done anywhere', async () => {
    aws.put('w1', ['open-1']);
    await expect(sweep({ targets: [HERE, THERE] }, { journal: failing('journal/unavailable') })).rejects.toMatchObject({ code: 'journal/unavailable' });
    expect(aws.calls).toEqual([]);
  });

  it('does not matter in a dry run, which checks everything', async () => {
    for (const id of ['w1', 'w2']) aws.put(id, ['closed']);
    await sweep({ perSecond: 1, deadline: time + 36_000 });
    expect(await sweep({ dryRun: true })).toMatchObject([{ status: 'complete', looked: 2, record: null }]);
    const unread = { journal: failing('journal/corrupt') };
    expect(await sweep({ dryRun: true, targets: [THERE] }, unread)).toMatchObject([{ status: 'complete', looked: 2, record: null }]);
  });

  it('is continued unless the sweep starts over', async () => {
    for (const id of ['w1', 'w2', 'w3']) aws.put(id, ['closed']);
    const looked = () => aws.calls.splice(0).flatMap(({ operation, input }) => (operation === 'DescribeWidget' ? [input['Id']] : []));
    expect(await sweep({ perSecond: 1, deadline: time + 36_000 })).toMatchObject([{ status: 'stopped' }]);
    const before = looked();
    expect(before.length).toBeLessThan(3);
    await sweep({ restart: true });
    expect(looked()).toEqual(['w1', 'w2', 'w3']);
  });
});

describe('a remediator of resources without a region', () => {
  const global: Remediator = { ...noteWidget, id: 'widget-global', global: true };
  const places = async (targets: readonly SweepTarget[]) =>
    (await sweep({ targets }, { remediators: [global], policy: definePolicy({ version: 1 }) })).map(
      ({ region, remediator, status }) => `${region}: ${remediator} ${status}`,
    );

  it('that cannot discover is reported once for each account', async () => {
    expect(await places([HERE, THERE])).toEqual(['us-east-1: widget-global not-swept']);
    expect(
      await places([
        { ...HERE, global: false },
        { ...THERE, global: true },
      ]),
    ).toEqual(['eu-west-1: widget-global not-swept']);
  });
});
