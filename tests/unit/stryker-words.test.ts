// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the sources that are left out are texts here.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
// @ts-expect-error: a plugin of Stryker, without types
import { strykerPlugins } from '../../campaign/stryker-words.mjs';

interface Path {
  readonly node: { readonly type: string; readonly start: number; readonly end: number };
  skip(): void;
}

/** The parser and the walk that Stryker itself uses. */
const from = createRequire(createRequire(createRequire(import.meta.url).resolve('@stryker-mutator/core')).resolve('@stryker-mutator/instrumenter'));
const { parseSync, traverse } = await import(pathToFileURL(from.resolve('@babel/core')).href);
const [words] = strykerPlugins;

/** What is left out of a text: in the order in which it stands there. */
function ignored(source: string): string[] {
  const found: string[] = [];
  traverse(parseSync(source, { configFile: false, babelrc: false }), {
    enter(path: Path) {
      if (words?.value.shouldIgnore(path) === undefined) return;
      found.push(source.slice(path.node.start, path.node.end));
      path.skip();
    },
  });
  return found;
}

it.each<[string, string[]]>([
  ["throw new RedressError('a/b', `There is no ${x}.`, { next: 'Look there.', retryable: true });", ['`There is no ${x}.`', "next: 'Look there.'"]],
  ["new RedressError('a/b', x ? 'one thing' : 'y', { retryable: false })", ["x ? 'one thing' : 'y'"]],
  ["({ outcome: 'denied', message: a + b, reason: x ? 'It is so.' : `It is ${y}.` })", ['message: a + b', "reason: x ? 'It is so.' : `It is ${y}.`"]],
  ["const message = `It is ${x}.`, why = 'No time.', what = 'thing';", ['message = `It is ${x}.`', "why = 'No time.'"]],
  ["new RedressError('a/b', x, { next: 'Look there.' })", ['x', "{ next: 'Look there.' }"]],
  ["refuse('It is refused.', 'Say why.')", ["'It is refused.'", "'Say why.'"]],
  ["close('unknown', 'It is gone.', 'verified', { hold: true })", ["'It is gone.'"]],
  ["allow('code', messageOf(x), { a: 'b c' })", ['messageOf(x)']],
  ["runtime.warn('it failed', error)", ["'it failed'"]],
  ["wrong('wrong-number', `The record has number ${seq}; ${next} is next.`)", ['`The record has number ${seq}; ${next} is next.`']],
  ["report('tampered', 'stray-file', 'It does not belong here.', file)", ["'It does not belong here.'"]],
  ["throw invalid('a lease of no time')", ["'a lease of no time'"]],
  ["corrupt(stream, seq, 'its line is missing')", ["'its line is missing'"]],
  // Named as what every object inherits.
  ["bytes.toString('utf8')", []],
])('%s: text for people is not mutated', (source, left) => {
  expect(ignored(source)).toEqual(left);
});

it.each([
  "({ next: 'page-2', reason: code, what: x ? 'a' : 'b', because: { a: 'b c' } })",
  "({ code: 'not found', effect: 'deny', data: { key: 'a b' } })",
  "new Error('some words')",
  "new RedressError(x ? 'a/b' : 'c/d')",
  "const message = read('some words');",
  "record('an argument')",
  "({ reason: x ? 'some words' : null })",
])('%s is mutated', (source) => {
  expect(ignored(source)).toEqual([]);
});
