/**
 * A fuzzer that knows the shapes of events. It takes one of each kind, in one of each wrapper, and replaces a value with something hostile. Whatever the
 * input, `normalize` has to return an array of plain frozen JSON, bounded in size and time. It must not touch a prototype, and no text may contain a control
 * character.
 *
 * `npm run fuzz -- [--inputs N] [--seed N] [--json]`
 */
import { digestOf, normalize, unwrap } from '@redress/core';
import { everyKind, kinesis, sns, snsNotification, sqs } from '../packages/core/src/events/fixtures/events.ts';
import { random } from '../tests/support/random.ts';

/** The result of a campaign. */
export interface FuzzReport {
  readonly inputs: number;
  readonly findings: number;
  /** Findings by disposition. */
  readonly dispositions: Readonly<Record<string, number>>;
  /** Inputs by the change that was made to them. */
  readonly mutations: Readonly<Record<string, number>>;
  /** CPU milliseconds of the slowest input, beyond what JSON.parse takes for it. */
  readonly slowest: number;
  /** Characters of the largest finding, as JSON. */
  readonly largest: number;
  /** Promises that did not hold, with the seed that reproduces each. */
  readonly broken: readonly { readonly seed: number; readonly mutation: string; readonly why: string }[];
}

const MEGABYTE = 'x'.repeat(1_048_576);
const deep = (depth: number): unknown => {
  let value: unknown = 'bottom';
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? { a: value } : [value];
  return value;
};
/** Values that are out of place everywhere. */
const HOSTILE: Readonly<Record<string, () => unknown>> = {
  null: () => null,
  number: () => -1e308,
  'not a number': () => Number.NaN,
  boolean: () => true,
  'empty text': () => '',
  'empty list': () => [],
  'empty object': () => ({}),
  'log injection': () => 'sg-1\r\n{"level":"INFO","message":"all good"}\u001b[2J\u0007',
  'bidirectional text': () => '\u202Ecod.exe\u2066',
  'lone surrogate': () => `a\ud800b\udc00`,
  'zero bytes': () => '\u0000\u0000',
  'one megabyte': () => MEGABYTE,
  'long list': () => Array.from({ length: 5000 }, (_, index) => ({ Id: `arn:aws:s3:::b${index}`, Type: 'AwsS3Bucket' })),
  'deep nesting': () => deep(5000),
  'a prototype': () => JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as unknown,
  'an invalid account': () => '1234567890123',
  'a path': () => '../../../../etc/passwd',
  'a template': () => ['$', '{jndi:ldap://x}{{7*7}}'].join(''),
  date: () => '9999-99-99T99:99:99Z',
  'JSON in text': () => JSON.stringify({ Records: [{ eventSource: 'aws:sqs', body: '{}' }] }),
};
const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '\u0000', 'a\nb', ''];

type Path = readonly string[];
function paths(value: unknown, at: Path = [], found: Path[] = []): Path[] {
  if (typeof value !== 'object' || value === null || at.length > 30) return found;
  for (const key of Object.keys(value)) {
    const path = [...at, key];
    found.push(path);
    paths((value as Record<string, unknown>)[key], path, found);
  }
  return found;
}
function change(value: unknown, path: Path, by: (parent: Record<string, unknown>, key: string) => void): void {
  let parent = value as Record<string, unknown>;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string, unknown>;
  by(parent, path.at(-1) ?? '');
}

/** Puts one value in the place of another. Returns a description of the change. */
function mutate(event: unknown, dice: () => number): string {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(dice() * from.length)] as T;
  const all = paths(event);
  if (all.length === 0) return 'nothing left';
  const path = pick(all);
  const act = dice();
  if (act < 0.65) {
    const name = pick(Object.keys(HOSTILE));
    change(event, path, (parent, key) =>
      Object.defineProperty(parent, key, { value: HOSTILE[name]?.(), enumerable: true, writable: true, configurable: true }),
    );
    return name;
  }
  if (act < 0.8) {
    change(event, path, (parent, key) => void delete parent[key]);
    return 'missing';
  }
  if (act < 0.9) {
    change(event, path, (parent, key) => {
      const value = parent[key];
      parent[key] = Array.isArray(value) ? value[0] : [value, value];
    });
    return 'a list for one, or one for a list';
  }
  change(event, path, (parent, key) => Object.defineProperty(parent, pick(KEYS), { value: parent[key], enumerable: true, writable: true, configurable: true }));
  return 'hostile key';
}

const WRAPPERS: readonly ((event: unknown) => unknown)[] = [
  (event) => event,
  (event) => event,
  (event) => sqs(event, event),
  (event) => sns(event),
  (event) => sqs(snsNotification(event)),
  (event) => kinesis(event),
  (event) => [event, event],
  (event) => JSON.stringify(event) ?? '',
  (event) => ({ version: '1.0', requestContext: {}, requestPayload: event }),
];
// Other characters are harmless; these control terminals and break log lines.
const CONTROL = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

function textsOf(value: unknown, found: string[] = []): string[] {
  if (typeof value === 'string') found.push(value);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      found.push(key);
      textsOf(member, found);
    }
  }
  return found;
}

/** What is wrong with a result; null if nothing is. */
function wrong(findings: unknown): string | null {
  if (!Array.isArray(findings) || findings.length === 0) return 'it answered no findings';
  for (const finding of findings as Record<string, unknown>[]) {
    if (!Object.isFrozen(finding)) return 'a finding is not frozen';
    // The parameters of a call stay as they were: they are data for remediators, and escaped on display.
    const { call, ...rest } = finding;
    if (textsOf(rest).some((text) => CONTROL.test(text))) return 'a text holds a control character';
    try {
      digestOf(finding);
      void call;
    } catch {
      return 'a finding is not JSON';
    }
  }
  return null;
}

/** Runs a campaign. The same seed gives the same campaign. */
export function fuzz({ inputs, seed }: { readonly inputs: number; readonly seed: number }): FuzzReport {
  const dispositions: Record<string, number> = {};
  const mutations: Record<string, number> = {};
  const broken: FuzzReport['broken'][number][] = [];
  const kinds = Object.keys(everyKind());
  const prototypes = [Object.prototype, Array.prototype, String.prototype, Function.prototype].map((each) => [each, Reflect.ownKeys(each).length] as const);
  let [findings, slowest, largest] = [0, 0, 0];
  for (let number = 0; number < inputs; number++) {
    const dice = random(seed + number);
    const kind = kinds[Math.floor(dice() * kinds.length)] ?? '';
    const event: unknown = structuredClone(everyKind()[kind]);
    const names = Array.from({ length: 1 + Math.floor(dice() * 3) }, () => mutate(event, dice));
    for (const name of names) mutations[name] = (mutations[name] ?? 0) + 1;
    const fail = (why: string) => broken.push({ seed: seed + number, mutation: `${kind}: ${names.join(', ')}`, why });
    let input: unknown;
    try {
      input = (WRAPPERS[Math.floor(dice() * WRAPPERS.length)] ?? ((each: unknown) => each))(event);
    } catch {
      // Nested too deep to be serialized: then it is passed as it is.
      input = event;
    }
    try {
      const from = process.cpuUsage();
      const answer = normalize(input);
      const { user, system } = process.cpuUsage(from);
      slowest = Math.max(slowest, (user + system) / 1000);
      unwrap(input);
      const why = wrong(answer);
      if (why !== null) fail(why);
      for (const finding of answer) {
        findings++;
        dispositions[finding.disposition] = (dispositions[finding.disposition] ?? 0) + 1;
        largest = Math.max(largest, JSON.stringify(finding).length);
      }
    } catch (error) {
      fail(`it threw ${String(error)}`);
    }
    if (prototypes.some(([prototype, keys]) => Reflect.ownKeys(prototype).length !== keys) || ({} as { polluted?: unknown }).polluted !== undefined)
      fail('a prototype was changed');
  }
  return { inputs, findings, dispositions, mutations, slowest, largest, broken };
}

if (process.argv[1] !== undefined && import.meta.filename === process.argv[1]) {
  const option = (name: string, usual: number) => {
    const at = process.argv.indexOf(name);
    const value = at < 0 ? usual : Number(process.argv[at + 1]);
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} N`);
    return value;
  };
  const report = fuzz({ inputs: option('--inputs', 20_000), seed: option('--seed', 1) });
  if (process.argv.includes('--json')) console.log(JSON.stringify(report, null, 2));
  else {
    console.log(
      `${report.inputs} inputs, ${report.findings} findings: ${Object.entries(report.dispositions)
        .map(([name, count]) => `${count} ${name}`)
        .join(', ')}`,
    );
    console.log(`slowest ${report.slowest.toFixed(1)} ms of CPU, largest finding ${report.largest} characters`);
    for (const { seed, mutation, why } of report.broken.slice(0, 20)) console.log(`broken: ${why} (seed ${seed}; ${mutation})`);
    console.log(`${report.broken.length} broken promises`);
  }
  process.exitCode = report.broken.length === 0 ? 0 : 1;
}
