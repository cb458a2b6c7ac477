import type { Clock } from '@redress/core';
import { Coverage } from '@redress/evidence/reconcile';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, AT, DAY, event, REGION } from '../../test/support/trail.js';
import { lookUp } from './lookup.js';
import type { Gathered } from './trail.js';

describe('LookupEvents', () => {
  const world = () => {
    let now = AT + 3 * DAY;
    const slept: number[] = [];
    const clock: Clock = {
      now: () => now,
      sleep: async (ms) => {
        slept.push(ms);
        now += ms;
      },
    };
    const wanted = { from: now - 200 * DAY, until: now + 1000 };
    const gathered: Gathered = { wanted, tree: wanted, coverage: new Coverage(0), keep: () => true, events: [], errors: [], files: 0, records: 0 };
    return { clock, slept, gathered, start: now, pass: (ms: number) => (now += ms), at: { account: ACCOUNT, region: REGION, gathered, place: 'p' } };
  };
  const page = (...ids: string[]) => ({ Events: ids.map((id) => ({ EventId: id, CloudTrailEvent: JSON.stringify(event(id, 'x')) })) });
  const throttled = () => Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } });

  it('is called page by page, at most twice a second, for write events, as far back as it goes', async () => {
    const { clock, slept, gathered, start, pass, at } = world();
    const asked: object[] = [];
    const pages = [{ ...page('a', 'b'), NextToken: 't1' }, { ...page('c'), NextToken: 't2' }, page('d')];
    await lookUp(
      async (input) => {
        asked.push(input);
        pass(120);
        return pages.shift() ?? {};
      },
      clock,
      at,
    );
    const ask = {
      StartTime: new Date(start - 90 * DAY),
      EndTime: new Date(start + 1000),
      MaxResults: 50,
      LookupAttributes: [{ AttributeKey: 'ReadOnly', AttributeValue: 'false' }],
    };
    expect(asked).toEqual([ask, { ...ask, NextToken: 't1' }, { ...ask, NextToken: 't2' }]);
    expect(slept).toEqual([380, 380]);
    expect(gathered.events.map(({ id }) => id)).toEqual(['e-a', 'e-b', 'e-c', 'e-d']);
    const gap = (time: number) => gathered.coverage.gap({ account: ACCOUNT, region: REGION, time });
    expect([gap(start - 89 * DAY), gap(start - 91 * DAY)]).toEqual([null, 'it is outside of the time that was asked for']);
  });

  it('backs off when it is throttled, and reports an unfinished period as not covered', async () => {
    const { clock, slept, gathered, at } = world();
    const answers = [throttled(), throttled(), page('a')];
    await lookUp(
      async () => {
        const next = answers.shift();
        if (next instanceof Error || next === undefined) throw next;
        return next;
      },
      clock,
      at,
    );
    expect(slept).toEqual([1000, 2000]);
    expect(gathered.events).toHaveLength(1);
    const other = world();
    let asked = 0;
    await expect(
      lookUp(
        async () => {
          if (asked++ === 0) return { ...page('a'), NextToken: 't' };
          throw throttled();
        },
        other.clock,
        other.at,
      ),
    ).rejects.toThrow('Rate exceeded');
    expect([asked, other.gathered.coverage.gap({ account: ACCOUNT, region: REGION, time: AT })]).toEqual([7, 'nothing was read from the account']);
  });
});
