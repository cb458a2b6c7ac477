// What benchmarks share: the form of what they write, and how round trips are counted.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { roundTrips } from '../../bench/support/latency.ts';
import { toLine } from '../../bench/support/report.ts';

const BENCH = join(import.meta.dirname, '..', '..', 'bench');
const benches = readdirSync(BENCH).filter((file) => file.endsWith('.ts'));

it('all eleven write their report in the same form', () => {
  expect(benches).toEqual([
    'coldstart.ts',
    'commands.ts',
    'console.ts',
    'drain.ts',
    'evidence.ts',
    'normalize.ts',
    'organisation.ts',
    'peers.ts',
    'plan-all.ts',
    'replay.ts',
    'report.ts',
    'scan.ts',
  ]);
  for (const file of benches) {
    const source = readFileSync(join(BENCH, file), 'utf8');
    expect([
      file,
      source.includes("import { toLine } from './support/report.ts'") || source.includes("import { type Report, toLine } from './support/report.ts'"),
    ]).toEqual([file, true]);
    // Written once, and by nothing else.
    expect([file, source.match(/toLine\(/g)?.length]).toEqual([file, 1]);
    expect([file, /JSON\.stringify\((?:result\b|\{ name:)/.test(source)]).toEqual([file, false]);
  }
});

it('a report is one line of names, values and units', () => {
  const line = toLine({ name: 'some', results: [{ name: 'a.b', value: 1.23456, unit: 'ms' }], ratios: [{ name: 'a / b', value: 2 }] });
  expect(line).toBe('{"name":"some","results":[{"name":"a.b","value":1.235,"unit":"ms"}],"ratios":[{"name":"a / b","value":2}]}');
});

it('a value that is not a number is refused, and so is a second one with the same name', () => {
  const one = (value: number) => ({ name: 'a', value, unit: 'ms' });
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) expect(() => toLine({ name: 'some', results: [one(value)], ratios: [] })).toThrow('some: a is');
  expect(() => toLine({ name: 'some', results: [one(1), one(2)], ratios: [] })).toThrow('two of a');
  expect(() => toLine({ name: 'some', results: [], ratios: [{ name: 'r', value: Number.NaN }] })).toThrow('r is NaN');
});

it.each([
  ['none', [], 0],
  [
    'one after the other',
    [
      [0, 40],
      [41, 81],
      [82, 122],
    ],
    3,
  ],
  [
    'all at once',
    [
      [0, 40],
      [1, 44],
      [2, 41],
    ],
    1,
  ],
  [
    'two by two',
    [
      [0, 40],
      [1, 45],
      [46, 90],
      [47, 88],
    ],
    2,
  ],
  [
    'one that takes long beside two that do not',
    [
      [0, 100],
      [1, 40],
      [41, 80],
    ],
    2,
  ],
  [
    'a short one that begins before the end of all',
    [
      [0, 100],
      [99, 101],
      [102, 140],
    ],
    2,
  ],
] as const)('round trips: %s', (_name, calls, trips) => {
  expect(roundTrips([...calls].reverse().map(([from, to]) => ({ from, to })))).toBe(trips);
});
