// The small pieces: samples, spreadsheets, differences, times.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvOf } from './csv.js';
import { diffOf } from './diff.js';
import { ticketsIn } from './rows.js';
import { rankOf, sampleOf } from './sample.js';
import { durationText, percentile, weekOf, weeksBetween } from './times.js';

describe('a sample', () => {
  it('is the same in any order, and a larger one holds a smaller one', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 40 }), fc.string(), fc.integer({ min: 1, max: 40 }), (ids, seed, size) => {
        const drawn = sampleOf(ids, seed, size);
        expect(sampleOf([...ids].reverse(), seed, size)).toEqual(drawn);
        expect(sampleOf(ids, seed, size + 1).slice(0, size)).toEqual(drawn);
        expect(drawn).toHaveLength(Math.min(size, ids.length));
      }),
    );
  });

  it('has ranks that sha256sum prints', () => {
    // printf '%s\n%s' seed x-1 | sha256sum
    expect(rankOf('seed', 'x-1')).toBe('a5dc5f43ccb82ca3325ded6108f02a350d5d3fc844a7e28fe0b7541fff3cc496');
  });
});

describe('CSV', () => {
  it('is that of RFC 4180, and holds no formula', () => {
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

  it('of what has nothing in common shows both whole', () => {
    const [one, other] = ['a', 'b'].map((letter) => Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`${letter}${at}`, at])));
    const lines = diffOf(one ?? {}, other ?? {});
    expect(lines.filter(({ sign }) => sign === '-').length).toBeGreaterThanOrEqual(3000);
    expect(lines.filter(({ sign }) => sign === '+').length).toBeGreaterThanOrEqual(3000);
  });
});

it('percentiles are of what is there, by nearest rank', () => {
  expect([percentile([], 0.5), percentile([7], 0.9), percentile([4, 1, 3, 2], 0.5), percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9)]).toEqual([null, 7, 2, 9]);
});

it('weeks begin on Monday, and all of a period are there', () => {
  expect(weekOf(Date.parse('2026-07-05T23:59:59Z'))).toBe('2026-06-29');
  expect(weekOf(Date.parse('2026-07-06T00:00:00Z'))).toBe('2026-07-06');
  expect(weeksBetween(Date.parse('2026-07-01T00:00:00Z'), Date.parse('2026-07-13T00:00:00Z'))).toEqual(['2026-06-29', '2026-07-06']);
});

it('times are for people', () => {
  expect([0, 400, 90_000, 3_600_000, 93_784_000].map(durationText)).toEqual(['0 s', '< 1 s', '1 min 30 s', '1 h', '1 d 2 h']);
});

it('tickets are found in reasons, and not in other words', () => {
  expect(ticketsIn('CHG-2000: as in INC0012345 (and CHG-2000), not SHA-256x or p-1')).toEqual(['CHG-2000', 'INC0012345']);
  expect(ticketsIn(null)).toEqual([]);
});
