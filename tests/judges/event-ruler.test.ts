// AWS's own matcher, Event Ruler, says the same as ours of every pattern that is deployed and every event, and of pairs made to tell them apart.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canaryPattern, eventPatterns } from '@redress/core';
import { runbookRemediators } from '@redress/remediator-ssm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { apiCall, tagChanged } from '../../packages/core/src/events/fixtures/events.js';
import { folderOf } from '../../scripts/setup.mjs';
import { matcherOf, matchesPattern } from '../support/event-pattern.js';
import { all, triggerEvents } from '../support/trigger-events.js';
import { templates } from './support/templates.js';

interface Answer {
  /** Why it is no pattern. */
  readonly invalid: string | null;
  /** The places of the events that match. */
  readonly matched: readonly number[];
}

function ruler(patterns: readonly unknown[], events: readonly unknown[]): readonly Answer[] {
  const { stdout, stderr, status, error } = spawnSync(
    'java',
    // It ends too soon for a second compiler to pay.
    ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', join(folderOf('event-ruler'), '*'), fileURLToPath(new URL('EventRuler.java', import.meta.url))],
    { input: JSON.stringify({ patterns, events }), encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  );
  if (status !== 0) throw new Error(`Event Ruler ended with ${status}: ${error?.message ?? stderr}`);
  return JSON.parse(stdout) as Answer[];
}

/** All remediators, each of which asks for reports that a gap is closed, too. */
const asking = [...all, ...runbookRemediators].map((each) => ({ ...each, whenResolved: true }));

type Named = readonly [name: string, value: unknown];

/** Asks both about every pair. The number of pairs is told apart by what is said of them, so that none agree by having nothing to say. */
function judged(patterns: readonly Named[], events: readonly Named[]) {
  const answers = ruler(
    patterns.map(([, pattern]) => pattern),
    events.map(([, event]) => event),
  );
  const invalid: string[] = [];
  const differences: string[] = [];
  const yes = new Map<string, number>();
  for (const [index, [name, pattern]] of patterns.entries()) {
    const { invalid: why, matched } = answers[index] ?? { invalid: 'no answer', matched: [] };
    if (why !== null) invalid.push(`${name}: ${why}`);
    const theirs = new Set(matched);
    yes.set(name, theirs.size);
    const matches = matcherOf(pattern);
    for (const [at, [what, event]] of events.entries())
      if (matches(event) !== theirs.has(at))
        differences.push(`Event Ruler says ${theirs.has(at) ? 'yes' : 'no'} of ${name} ${JSON.stringify(pattern)} and ${what} ${JSON.stringify(event)}`);
  }
  const pairs = patterns.length * events.length;
  const sum = [...yes.values()].reduce((total, each) => total + each, 0);
  return {
    invalid,
    // The shortest say most.
    differences: differences.sort((a, b) => a.length - b.length).slice(0, 10),
    yes,
    pairs,
    matched: sum,
    said: `${pairs} pairs (${patterns.length} patterns, ${events.length} events): ${sum} yes, ${pairs - sum} no`,
  };
}

/** What CloudFormation makes of it: a reference to a parameter of Systems Manager is its name. */
function deployed(pattern: unknown): unknown {
  return JSON.parse(JSON.stringify(pattern).replaceAll(/\{"Ref":"(\w+)"\}/g, '"/redress/$1"'));
}

/** Every rule of every template, and what remediators ask for that no template has by itself. */
function generated(): Named[] {
  const found = new Map<string, Named>();
  const add = (name: string, pattern: unknown) => found.set(JSON.stringify(pattern), [name, pattern]);
  for (const [template, { Resources }] of Object.entries(templates))
    for (const [id, { Properties }] of Object.entries(Resources as Record<string, { Properties?: { EventPattern?: unknown } }>))
      if (Properties?.EventPattern !== undefined) add(`${template} ${id}`, deployed(Properties.EventPattern));
  for (const { name, pattern } of eventPatterns(asking, { exceptionTag: 'acme:exempt' })) add(name, pattern);
  add('canary', canaryPattern('/redress/Canary').pattern);
  return [...found.values()];
}

it('agrees on every generated pattern and every event', ({ task }) => {
  const parameter = { resourceType: 'Parameter', resourceId: '/redress/Canary' };
  const { invalid, differences, yes, pairs, matched, said } = judged(generated(), [
    ...triggerEvents(asking),
    ['the canary', apiCall({ eventSource: 'ssm.amazonaws.com', eventName: 'AddTagsToResource', requestParameters: parameter }, { source: 'aws.ssm' })],
    ['another tag', tagChanged(['acme:exempt'])],
  ]);
  task.meta.said = said;
  expect(invalid).toEqual([]);
  expect(differences).toEqual([]);
  // Too few would be no judgement: a list that is empty by mistake agrees, too.
  expect(pairs).toBeGreaterThanOrEqual(25_000);
  expect(matched).toBeGreaterThanOrEqual(2500);
  expect([...yes].filter(([, count]) => count === 0)).toEqual([]);
});

/** What each operator is about: a pattern, an event that it lets through, and one that it does not. */
const BY_HAND: readonly (readonly [name: string, pattern: unknown, yes: unknown, no: unknown])[] = [
  ['a string', { a: ['x'] }, { a: 'x' }, { a: 'X' }],
  ['one of several', { a: ['x', 1, true, null] }, { a: null }, { a: 'null' }],
  ['a number', { a: [1] }, { a: 1 }, { a: '1' }],
  ['true', { a: [true] }, { a: true }, { a: 'true' }],
  ['null', { a: [null] }, { a: null }, { b: 1 }],
  ['an empty string', { a: [''] }, { a: '' }, { a: null }],
  ['a list', { a: ['x'] }, { a: ['y', 'x'] }, { a: ['y', 'X'] }],
  ['a list in a list', { a: ['x'] }, { a: [['y'], ['x']] }, { a: [['y']] }],
  ['two members', { a: ['x'], b: ['y'] }, { a: 'x', b: 'y' }, { a: 'x' }],
  ['what is below', { a: { b: ['x'] } }, { a: { b: 'x' } }, { a: 'x', b: 'x' }],
  ['prefix', { a: [{ prefix: 'ab' }] }, { a: 'abc' }, { a: 'Abc' }],
  ['prefix, of no string', { a: [{ prefix: '1' }] }, { a: '12' }, { a: 12 }],
  ['prefix, in a list', { a: [{ prefix: 'ab' }] }, { a: ['c', 'abc'] }, { a: ['c'] }],
  ['equals-ignore-case', { a: [{ 'equals-ignore-case': 'Fail' }] }, { a: 'fAIL' }, { a: 'failed' }],
  ['equals-ignore-case, of no string', { a: [{ 'equals-ignore-case': 'TRUE' }] }, { a: 'true' }, { a: true }],
  ['anything-but', { a: [{ 'anything-but': 'x' }] }, { a: 'y' }, { a: 'x' }],
  ['anything-but, of what is absent', { a: [{ 'anything-but': 'x' }] }, { a: null }, { b: 'y' }],
  ['anything-but, of an object', { a: [{ 'anything-but': 'x' }] }, { a: 1 }, { a: { b: 'y' } }],
  ['anything-but, in a list', { a: [{ 'anything-but': 'x' }] }, { a: ['x', 'y'] }, { a: ['x', 'x'] }],
  ['anything-but, in an empty list', { a: [{ 'anything-but': 'x' }] }, { a: [''] }, { a: [] }],
  ['anything-but a number', { a: [{ 'anything-but': 1 }] }, { a: '1' }, { a: 1 }],
  ['exists', { a: [{ exists: true }] }, { a: null }, { b: 1 }],
  ['exists, of an object', { a: [{ exists: true }] }, { a: [0] }, { a: { b: 1 } }],
  ['exists, of an empty list', { a: [{ exists: true }] }, { a: [[], 1] }, { a: [[]] }],
  ['absent', { a: [{ exists: false }] }, { b: 1 }, { a: null }],
  ['absent, of an object', { a: [{ exists: false }] }, { a: { b: 1 } }, { a: 1 }],
  ['absent, of an empty list', { a: [{ exists: false }] }, { a: [] }, { a: [1] }],
  ['absent, below what is absent', { a: { b: { c: [{ exists: false }] } } }, { d: 1 }, { a: { b: { c: 1 } } }],
  ['absent, below a value', { a: { b: [{ exists: false }] } }, { a: 1 }, { a: [{ b: 1 }, 1] }],
  ['absent or a value', { a: [{ exists: false }, 'x'] }, {}, { a: 'y' }],
  ['absent or anything but', { a: [{ exists: false }, { 'anything-but': 'x' }] }, { a: ['x', 'y'] }, { a: 'x' }],
  ['absent, where something else is there', { a: [{ exists: false }], b: ['x'] }, { b: 'x' }, { a: 1, b: 'x' }],
  ['within one element', { l: { a: ['x'], b: ['y'] } }, { l: [{ a: 'x', b: 'y' }] }, { l: [{ a: 'x' }, { b: 'y' }] }],
  ['of the only list', { l: { a: ['x'] }, m: ['y'] }, { l: [{ a: 'x' }], m: ['z', 'y'] }, { l: [{ b: 'x' }], m: ['y'] }],
  // Which element is settled by `a`.
  ['absent after, in a list', { l: { a: ['x'], b: [{ exists: false }] } }, { l: [{ a: 'y', b: 1 }, { a: 'x' }] }, { l: [{ a: 'x', b: 1 }, { c: 1 }] }],
  // Nothing settles it: in no element.
  ['absent before, in a list', { l: { a: [{ exists: false }], b: ['x'] } }, { l: [{ b: 'x' }, { c: 1 }] }, { l: [{ a: 1 }, { b: 'x' }] }],
  ['absent alone, in a list', { l: { a: [{ exists: false }] } }, { l: [{ b: 1 }, 1] }, { l: [{ b: 1 }, { a: 1 }] }],
  ['absent, in an empty list', { l: { a: [{ exists: false }] } }, { l: [] }, { l: [{ a: [1] }] }],
  [
    'absent in two lists',
    { l: { a: ['x'], m: { b: [{ exists: false }] } } },
    { l: [{ m: { b: 1 } }, { a: 'x', m: [{ c: 1 }] }] },
    { l: [{ a: 'x', m: [{ b: 1 }] }] },
  ],
  [
    'a list below a list',
    { l: { m: { a: ['x'], b: ['y'] } } },
    { l: [{ m: [{ a: 1 }, { a: 'x', b: 'y' }] }] },
    { l: [{ m: [{ a: 'x' }] }, { m: [{ b: 'y' }] }] },
  ],
  ['two of one list, apart', { l: { a: ['x'] }, m: { b: ['y'] } }, { l: [{ a: 'x' }, {}], m: [{}, { b: 'y' }] }, { l: [{ a: 'x' }], m: [{ a: 'y' }] }],
  ['$or', { $or: [{ a: ['x'] }, { b: ['y'] }] }, { b: 'y' }, { a: 'y', b: 'x' }],
  ['$or, and what is beside it', { c: ['z'], $or: [{ a: ['x'] }, { b: ['y'] }] }, { a: 'x', c: 'z' }, { a: 'x' }],
  ['$or, below', { a: { $or: [{ b: ['x'] }, { c: { d: ['y'] } }] } }, { a: { c: { d: 'y' } } }, { b: 'x', c: { d: 'y' } }],
  ['$or in $or', { $or: [{ a: ['x'], $or: [{ b: ['x'] }, { c: ['x'] }] }, { d: ['x'] }] }, { a: 'x', c: 'x' }, { a: 'x', e: 'x' }],
  ['two $or', { l: { $or: [{ a: ['x'] }, { b: ['x'] }] }, $or: [{ c: ['x'] }, { d: ['x'] }] }, { l: { b: 'x' }, d: 'x' }, { l: { a: 'x', b: 'x' } }],
  ['$or within one element', { l: { $or: [{ a: ['x'], b: ['y'] }, { c: [1] }] } }, { l: [{ a: 'x' }, { c: 1 }] }, { l: [{ a: 'x' }, { b: 'y' }] }],
  ['$or, absent in one', { $or: [{ a: { b: [1] } }, { a: { b: [{ exists: false }], c: ['x'] } }] }, { a: { c: 'x' } }, { a: { b: 2, c: 'x' } }],
];

it('agrees on each operator', ({ task }) => {
  const events = BY_HAND.flatMap(([name, , yes, no]): Named[] => [
    [`${name}: yes`, yes],
    [`${name}: no`, no],
  ]);
  const patterns = BY_HAND.map(([name, pattern]): Named => [name, pattern]);
  const { invalid, differences, pairs, said } = judged(patterns, events);
  task.meta.said = said;
  expect(invalid).toEqual([]);
  expect(differences).toEqual([]);
  // Each of them was thought through: what both say is also what is written here.
  expect(BY_HAND.filter(([, pattern, yes, no]) => !matchesPattern(yes, pattern) || matchesPattern(no, pattern)).map(([name]) => name)).toEqual([]);
  expect(pairs).toBeGreaterThanOrEqual(4000);
});

const name = fc.constantFrom('a', 'b', 'c', 'a-b');
const scalar = fc.constantFrom('x', 'X', 'xy', 'y', '', 1, 2, true, false, null);
const { event } = fc.letrec((tie) => ({
  event: fc.dictionary(name, tie('value'), { minKeys: 1, maxKeys: 4 }),
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    tie('event'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(tie('event'), { maxLength: 3 }),
  ),
}));
const filter = fc.oneof(
  { weight: 3, arbitrary: scalar },
  { weight: 1, arbitrary: fc.constant({ exists: true }) },
  { weight: 3, arbitrary: fc.constant({ exists: false }) },
  { weight: 1, arbitrary: fc.constantFrom('x', 'y', 1).map((value) => ({ 'anything-but': value })) },
  { weight: 1, arbitrary: fc.constantFrom('x', 'X').map((value) => ({ prefix: value })) },
  { weight: 1, arbitrary: fc.constantFrom('x', 'XY').map((value) => ({ 'equals-ignore-case': value })) },
);
const { pattern } = fc.letrec((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 3 },
    fc.dictionary(name, tie('wanted'), { minKeys: 1, maxKeys: 3 }),
    fc
      .tuple(fc.dictionary(name, tie('wanted'), { maxKeys: 2 }), fc.array(tie('pattern'), { minLength: 2, maxLength: 3 }))
      .map(([more, $or]) => ({ ...more, $or })),
  ),
  wanted: fc.oneof({ maxDepth: 3 }, fc.uniqueArray(filter, { minLength: 1, maxLength: 3, selector: (each) => JSON.stringify(each) }), tie('pattern')),
}));

it('agrees on random patterns and events', ({ task }) => {
  const sample = (arbitrary: fc.Arbitrary<unknown>, count: number, kind: string) =>
    fc.sample(arbitrary, count).map((value, index): Named => [`${kind} ${index}`, value]);
  const { invalid, differences, pairs, matched, said } = judged(sample(pattern, 150, 'pattern'), sample(event, 300, 'event'));
  task.meta.said = said;
  expect(invalid).toEqual([]);
  expect(differences).toEqual([]);
  expect(pairs).toBe(45_000);
  expect(matched).toBeGreaterThanOrEqual(4500);
  expect(pairs - matched).toBeGreaterThanOrEqual(4500);
});
