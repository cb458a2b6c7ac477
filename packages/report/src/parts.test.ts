// The small pieces: samples, spreadsheets, differences, times.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvOf } from './csv.js';
import { diffOf } from './diff.js';
import { ticketsIn } from './rows.js';
import { rankOf, sampleOf } from './sample.js';
import { durationText, percentile, timesOf, weekOf, weeksBetween } from './times.js';

describe('a sample', () => {
  it('is the same in any order, and a larger one contains a smaller one', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 40 }), fc.string(), fc.integer({ min: 1, max: 40 }), (ids, seed, size) => {
        const drawn = sampleOf(ids, seed, size);
        expect(sampleOf([...ids].reverse(), seed, size)).toEqual(drawn);
        expect(sampleOf(ids, seed, size + 1).slice(0, size)).toEqual(drawn);
        expect(drawn).toHaveLength(Math.min(size, ids.length));
      }),
    );
  });

  it('has the lowest ranks, in order, each once', () => {
    // for id in x-1 x-2 x-3 x-4 x-5; do printf '%s\n%s' seed $id | sha256sum; done | sort
    const ranks = ['x-1', 'x-2', 'x-3', 'x-4', 'x-5'].map((id) => [rankOf('seed', id), id] as const).sort(([a], [b]) => (a < b ? -1 : 1));
    const all = sampleOf(['x-3', 'x-5', 'x-1', 'x-2', 'x-4', 'x-1'], 'seed', 9);
    expect(all).toEqual(ranks.map(([, id]) => id));
    expect(all).toEqual(['x-5', 'x-2', 'x-4', 'x-1', 'x-3']);
    expect(sampleOf(['x-5', 'x-4', 'x-3', 'x-2', 'x-1'], 'seed', 2)).toEqual(all.slice(0, 2));
    expect(sampleOf(['x-1'], 'seed', 0)).toEqual([]);
  });

  it('has ranks that sha256sum prints', () => {
    // printf '%s\n%s' seed x-1 | sha256sum
    expect(rankOf('seed', 'x-1')).toBe('a5dc5f43ccb82ca3325ded6108f02a350d5d3fc844a7e28fe0b7541fff3cc496');
  });
});

describe('CSV', () => {
  it('follows RFC 4180, and contains no formula', () => {
    expect(csvOf(['a', 'b'], [['x', 'one, "two"\nthree']])).toBe('a,b\r\nx,"one, ""two""\nthree"\r\n');
    for (const first of ['=', '+', '-', '@', '\t', '\r'])
      expect(
        csvOf(['a'], [[`${first}1`]])
          .split('\r\n')
          .slice(1)
          .join('\r\n'),
      ).toMatch(/^"?'/);
  });
});

describe('a difference', () => {
  it('shows what changed, and counts what did not', () => {
    const before = { a: 1, list: [1, 2, 3, 4, 5, 6, 7, 8], z: 'x' };
    expect(diffOf(before, { ...before, z: 'y' })).toEqual([
      { sign: '…', lines: 10 },
      { sign: ' ', text: '    8' },
      { sign: ' ', text: '  ],' },
      { sign: '-', text: '  "z": "x"' },
      { sign: '+', text: '  "z": "y"' },
      { sign: ' ', text: '}' },
    ]);
    // The order of members is no difference.
    expect(diffOf({ a: 1, b: 2 }, { b: 2, a: 1 })).toEqual([{ sign: '…', lines: 4 }]);
  });

  it('of values with nothing in common shows both completely', () => {
    const [one, other] = ['a', 'b'].map((letter) => Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`${letter}${at}`, at])));
    const lines = diffOf(one ?? {}, other ?? {});
    expect(lines.filter(({ sign }) => sign === '-').length).toBeGreaterThanOrEqual(3000);
    // It was not searched for: even what both have stands twice.
    expect(lines.filter((line) => line.sign !== '…' && line.text === '{').map(({ sign }) => sign)).toEqual(['-', '+']);
    expect(lines.some(({ sign }) => sign === ' ' || sign === '…')).toBe(false);
    expect(lines.filter(({ sign }) => sign === '+').length).toBeGreaterThanOrEqual(3000);
  });
});

it('percentiles use the nearest rank', () => {
  expect([percentile([], 0.5), percentile([7], 0.9), percentile([4, 1, 3, 2], 0.5), percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9)]).toEqual([null, 7, 2, 9]);
});

describe('times of a fix', () => {
  const NOON = '2026-07-01T12:00:00.000Z';
  const after = (minutes: number) => new Date(Date.parse(NOON) + minutes * 60_000).toISOString();
  const fix = { trigger: null, askedBy: null, recordedAt: null, time: after(10), closed: after(12) };
  const event = (minutes: number) => ({ by: 'finding', observedAt: after(minutes) });

  it('are counted from the event if it has a time', () => {
    expect(timesOf({ ...fix, trigger: event(0) })).toEqual({ detect: 600_000, decide: 0, close: 720_000 });
    // Without one, from the first record.
    expect(timesOf(fix)).toEqual({ detect: null, decide: 0, close: 120_000 });
    expect(timesOf({ ...fix, trigger: { by: 'sweep' } })).toEqual({ detect: null, decide: 0, close: 120_000 });
    expect(timesOf({ ...fix, trigger: { observedAt: 'yesterday' } })).toEqual({ detect: null, decide: 0, close: 120_000 });
  });

  it('include the time of an approval in the decision, and begin with the cause of the request', () => {
    const approved = { ...fix, trigger: { by: 'approval' }, askedBy: event(0), recordedAt: after(2) };
    expect(timesOf(approved)).toEqual({ detect: 120_000, decide: 480_000, close: 720_000 });
  });

  it('have no detection time if the gap was recorded before its event', () => {
    expect(timesOf({ ...fix, trigger: event(5), recordedAt: after(-60) })).toEqual({ detect: null, decide: 70 * 60_000, close: 72 * 60_000 });
  });

  it('are never negative, whatever the clock, and exist without an outcome', () => {
    expect(timesOf({ ...fix, closed: after(9) })).toEqual({ detect: null, decide: 0, close: 0 });
    expect(timesOf({ ...fix, recordedAt: after(11) })).toMatchObject({ decide: 0 });
    expect(timesOf({ ...fix, trigger: event(0), closed: null })).toEqual({ detect: 600_000, decide: 0, close: 600_000 });
    // An event cannot be younger than its record.
    expect(timesOf({ ...fix, trigger: event(15) })).toEqual({ detect: 0, decide: 0, close: 120_000 });
  });
});

it('weeks begin on Monday, and include all of a period', () => {
  expect(weekOf(Date.parse('2026-07-05T23:59:59Z'))).toBe('2026-06-29');
  expect(weekOf(Date.parse('2026-07-06T00:00:00Z'))).toBe('2026-07-06');
  expect(weeksBetween(Date.parse('2026-07-01T00:00:00Z'), Date.parse('2026-07-13T00:00:00Z'))).toEqual(['2026-06-29', '2026-07-06']);
});

it('durations are formatted for people', () => {
  expect([0, 400, 90_000, 3_600_000, 93_784_000].map(durationText)).toEqual(['0 s', '< 1 s', '1 min 30 s', '1 h', '1 d 2 h']);
});

it('tickets are found in reasons, and not in other words', () => {
  expect(ticketsIn('CHG-2000: as in INC0012345 (and CHG-2000), not SHA-256x or p-1')).toEqual(['CHG-2000', 'INC0012345']);
  expect(ticketsIn(null)).toEqual([]);
});
