// How many calls a sweep makes: by numbers, on a clock that stands still until it is set.
import { describe, expect, it } from 'vitest';
import { CallBudgets, type CallPlace, paced, paceNow, withoutWaits } from './budget.js';

const at = (service: string, over: Partial<CallPlace> = {}): CallPlace => ({ service, account: '111111111111', region: 'eu-west-1', ...over });

function budgets() {
  const slept: number[] = [];
  const clock = { time: 1_000_000, now: () => clock.time, sleep: async (milliseconds: number) => void slept.push(milliseconds) };
  const of = new CallBudgets(clock);
  /** How long each of so many calls waits. */
  const wait = async (place: CallPlace, calls: number, given = {}) => {
    slept.length = 0;
    for (let n = 0; n < calls; n++) await of.take(place, given);
    return [...slept];
  };
  return { of, wait, slept, pass: (milliseconds: number) => void (clock.time += milliseconds) };
}

const MINE = { mine: { perSecond: 4, burst: 2 } };

describe('the calls of a sweep', () => {
  it.each([
    ['ec2', 50, 10],
    ['logs', 10, 5],
    ['s3', 200, 100],
    ['s3control', 100, 50],
    ['iam', 200, 50],
    ['sns', 20, 10],
  ])('to %s start with a burst of %i, and then %i a second', async (service, burst, perSecond) => {
    const { wait, pass } = budgets();
    expect(await wait(at(service), burst + 2)).toEqual([1000 / perSecond, 2000 / perSecond]);
    pass(3000 / perSecond);
    expect(await wait(at(service), 2)).toEqual([1000 / perSecond]);
  });
  it('have the configured rate, even for a service with its own budget', async () => {
    const { wait } = budgets();
    expect(await wait(at('mine'), 4, MINE)).toEqual([250, 500]);
    expect(await wait(at('ec2'), 2, { ec2: { perSecond: 3, burst: 1 } })).toEqual([334]);
  });
  it('to another service, account or region have budgets of their own', async () => {
    const { wait } = budgets();
    expect(await wait(at('mine'), 3, MINE)).toEqual([250]);
    for (const over of [{ account: '222222222222' }, { region: 'eu-west-2' }]) expect(await wait(at('mine', over), 2, MINE)).toEqual([]);
    expect(await wait(at('other'), 2, { other: MINE.mine })).toEqual([]);
  });
  it('do not exceed the burst after a pause', async () => {
    const { wait, pass } = budgets();
    await wait(at('mine'), 2, MINE);
    pass(3_600_000);
    expect(await wait(at('mine'), 3, MINE)).toEqual([250]);
  });
  it('are not returned by a clock that is set back', async () => {
    const { wait, pass } = budgets();
    await wait(at('mine'), 2, MINE);
    pass(-60_000);
    expect(await wait(at('mine'), 1, MINE)).toEqual([250]);
    pass(250);
    expect(await wait(at('mine'), 1, MINE)).toEqual([250]);
  });
  it('that are sent at once delay the next one', async () => {
    const { of, wait } = budgets();
    for (let n = 0; n < 4; n++) of.owe(at('mine'), MINE);
    expect(await wait(at('mine'), 1, MINE)).toEqual([750]);
  });
  it('that were counted are waited for, without another one', async () => {
    const { of, wait } = budgets();
    for (let n = 0; n < 3; n++) of.owe(at('mine'), MINE);
    await of.ready(at('mine'), MINE);
    await of.ready(at('mine'), MINE);
    expect(await wait(at('mine'), 1, MINE)).toEqual([500]);
  });
});

describe('a throttled call', () => {
  it('halves the rate of its place and ends its burst, and no other', async () => {
    const { of, wait } = budgets();
    await wait(at('mine', { region: 'eu-west-2' }), 1, MINE);
    await wait(at('mine'), 1, MINE);
    of.came(at('mine'), true);
    expect(await wait(at('mine'), 2, MINE)).toEqual([500, 1000]);
    expect(await wait(at('mine', { region: 'eu-west-2' }), 1, MINE)).toEqual([]);
  });
  it('does not shorten the wait of calls that wait already', async () => {
    const { of, wait } = budgets();
    await wait(at('mine'), 4, MINE);
    of.came(at('mine'), true);
    expect(await wait(at('mine'), 1, MINE)).toEqual([1500]);
  });
  it('repeatedly makes a place no slower than one call in two seconds', async () => {
    const { of, wait } = budgets();
    await wait(at('mine'), 2, MINE);
    for (let n = 0; n < 20; n++) of.came(at('mine'), true);
    expect(await wait(at('mine'), 1, MINE)).toEqual([2000]);
  });
  it('is forgotten after a hundred others, and never makes a place faster than before', async () => {
    const { of, wait, pass } = budgets();
    await wait(at('mine'), 2, MINE);
    of.came(at('mine'), true);
    for (let n = 0; n < 25; n++) of.came(at('mine'), false);
    expect(await wait(at('mine'), 1, MINE)).toEqual([334]);
    for (let n = 0; n < 100; n++) of.came(at('mine'), false);
    pass(10_000);
    expect(await wait(at('mine'), 3, MINE)).toEqual([250]);
  });
  it('has no effect for a place without a sweep', async () => {
    const { of, wait } = budgets();
    of.came(at('mine'), true);
    expect(await wait(at('mine'), 3, MINE)).toEqual([250]);
  });
  it('is remembered while thousands of other places come and go; a full budget is not', async () => {
    const { of, wait, pass } = budgets();
    await wait(at('mine'), 2, MINE);
    of.came(at('mine'), true);
    pass(60_000);
    const slow = { slow: { perSecond: 4, burst: 1000 } };
    await wait(at('slow'), 1000, slow);
    for (let n = 0; n < 3000; n++) of.owe(at(`s-${n}`), {});
    expect(await wait(at('mine'), 3, MINE)).toEqual([500]);
    expect(await wait(at('slow'), 1, slow)).toEqual([250]);
  });
});

describe('the rate limit of a sweep', () => {
  it('does not exist outside of sweeps, and does not delay an execution', async () => {
    expect(paceNow()).toBeNull();
    expect(await withoutWaits(async () => paceNow())).toBeNull();
  });
  it('delays each call', async () => {
    const { of, wait } = budgets();
    await paced(of, MINE, async () => {
      for (let n = 0; n < 3; n++) await paceNow()?.take(at('mine'));
      paceNow()?.came(at('mine'), true);
    });
    expect(await wait(at('mine'), 1, MINE)).toEqual([1000]);
  });
  it('counts the calls of an execution, and delays none of them', async () => {
    const { of, slept } = budgets();
    await paced(of, MINE, async () => {
      await withoutWaits(async () => {
        for (let n = 0; n < 5; n++) await paceNow()?.take(at('mine'));
      });
      expect(slept).toEqual([]);
      await paceNow()?.ready(at('mine'));
      expect(slept).toEqual([750]);
      await paceNow()?.take(at('mine'));
      expect(slept).toEqual([750, 1000]);
    });
  });
});
