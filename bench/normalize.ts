/**
 * The cost of reading an event: JSON.parse alone, and JSON.parse with normalize, alternating in the same run, so that a busy machine slows both. It measures
 * the CPU time of the thread, so that other load does not count. The budget is a ratio of 2: normalizing may cost at most as much as parsing.
 *
 * Run it with Node 24 after a build: `node bench/normalize.ts [--json]`.
 */
import { normalize } from '@redress/core';
import { apiCall, finding } from './support/events.ts';
import { toLine } from './support/report.ts';

const WARM_UP = 20_000;
const ROUNDS = 61;
// The system counts CPU time in steps of some milliseconds, so a round lasts several of them.
const PER_ROUND = 4000;

// The result is used, or the compiler would remove the work.
let used = 0;

function parse(text: string): void {
  used += JSON.parse(text) === null ? 1 : 0;
}

function parseAndNormalize(text: string): void {
  used += normalize(JSON.parse(text)).length;
}

/** CPU time of this thread in nanoseconds, without other load. */
function spent(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) * 1000;
}

/** Nanoseconds per call over one round. */
function round(call: (text: string) => void, text: string): number {
  const from = spent();
  for (let i = 0; i < PER_ROUND; i++) call(text);
  return (spent() - from) / PER_ROUND;
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.round(part * (sorted.length - 1)))] ?? Number.NaN;
}

interface Measured {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

function summary(rounds: readonly number[]): Measured {
  const sorted = [...rounds].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.1), high: quantile(sorted, 0.9) };
}

function measure(text: string): { parse: Measured; both: Measured; ratio: Measured } {
  if (normalize(JSON.parse(text))[0]?.disposition !== 'candidate') throw new Error('The event is not read as a candidate: nothing worth measuring.');
  for (let i = 0; i < WARM_UP; i++) {
    parse(text);
    parseAndNormalize(text);
  }
  const parses: number[] = [];
  const boths: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    parses.push(round(parse, text));
    boths.push(round(parseAndNormalize, text));
  }
  // Adjacent rounds are compared with each other, so that a slow moment affects both.
  return { parse: summary(parses), both: summary(boths), ratio: summary(boths.map((both, i) => both / (parses[i] ?? Number.NaN))) };
}

const cases = [
  { name: 'cloudtrail', title: 'CloudTrail event', text: apiCall },
  { name: 'securityhub', title: 'Security Hub finding', text: finding },
].map((each) => ({ ...each, measured: measure(each.text) }));

if (process.argv.includes('--json')) {
  const results = cases.flatMap(({ name, text, measured }) => [
    { name: `${name}.bytes`, value: Buffer.byteLength(text), unit: 'bytes' },
    ...(['parse', 'both'] as const).flatMap((what) =>
      (['median', 'low', 'high'] as const).map((of) => ({
        name: `${name}.${what === 'parse' ? 'json-parse' : 'json-parse+normalize'}.${{ median: 'median', low: 'p10', high: 'p90' }[of]}`,
        value: Math.round(measured[what][of]),
        unit: 'ns',
      })),
    ),
  ]);
  const ratios = cases.map(({ name, measured }) => ({ name: `${name}: json-parse+normalize / json-parse`, value: measured.ratio.median }));
  console.log(toLine({ name: 'normalize', results, ratios }));
} else {
  const micro = (ns: number) => (ns / 1000).toFixed(2);
  const cell = ({ median, low, high }: Measured) => `${micro(median)} µs (${micro(low)}–${micro(high)})`.padEnd(26);
  console.log(`${'event'.padEnd(22)}${'JSON.parse'.padEnd(26)}${'JSON.parse + normalize'.padEnd(26)}ratio (budget 2)`);
  for (const { title, measured } of cases)
    console.log(
      `${title.padEnd(22)}${cell(measured.parse)}${cell(measured.both)}${measured.ratio.median.toFixed(2)} (${measured.ratio.low.toFixed(2)}–${measured.ratio.high.toFixed(2)})`,
    );
  console.log(`Median and 10th to 90th percentile of ${ROUNDS} rounds of ${PER_ROUND}, warm, alternately. Node ${process.version}.`);
}
// Never true; keeps `used` alive.
if (used < 0) console.error(used);
