import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson, type Json } from './json.js';

const value = fc.jsonValue({ maxDepth: 5 }) as fc.Arbitrary<Json>;

it('writes what another implementation of RFC 8785 writes', () => {
  fc.assert(
    fc.property(value, (each) => {
      expect(canonicalJson(each)).toBe(canonicalize(each));
    }),
    { numRuns: 1000 },
  );
});

it.each<[string, Json, string]>([
  ['numbers as JavaScript writes them', [1e30, 4.5, 2e-3, 1e-27, -0, 1e21, 333333333.3333333], '[1e+30,4.5,0.002,1e-27,0,1e+21,333333333.3333333]'],
  [
    'members by UTF-16 code units',
    { '\u20ac': 'Euro', '\r': 'CR', '\ufb33': 'Dalet', '1': 'One', '\ud83d\ude00': 'Smiley', '\u0080': 'Control', '\u00f6': 'o' },
    '{"\\r":"CR","1":"One","\u0080":"Control","\u00f6":"o","\u20ac":"Euro","\ud83d\ude00":"Smiley","\ufb33":"Dalet"}',
  ],
  ['only what has to be escaped', '\u20ac$\u000f\u000aA\'B"\\\\"/', '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'],
])('writes %s, as the RFC has it in its examples', (_, given, text) => {
  expect(canonicalJson(given)).toBe(text);
});

it('a member of the name __proto__ is one like any other', () => {
  const own = JSON.parse('{"__proto__":{"b":1,"a":2}}') as Json;
  expect(canonicalJson(own)).toBe('{"__proto__":{"a":2,"b":1}}');
});

it.each<[string, unknown, RegExp]>([
  ['a number that is none', { a: [1, Number.NaN] }, /^\/a\/1 is NaN/],
  ['nothing', { a: { b: undefined } }, /^\/a\/b is undefined/],
  ['a hole', { a: new Array(1) }, /^\/a\/0 is undefined/],
  ['a date', { a: new Date(0) }, /^\/a is a Date/],
  ['half of a character', { a: ['x', '\ud83d'] }, /^\/a\/1 is a string with a lone surrogate/],
  ['half of a character in a name', { a: { '\ude00': 1 } }, /^\/a is an object with a lone surrogate in a key/],
  ['a function', { a: () => 1 }, /^\/a is function/],
])('says where %s is', (_, given, message) => {
  expect(() => canonicalJson(given)).toThrowError(expect.objectContaining({ code: 'json/not-json', message: expect.stringMatching(message) }));
});

it('says of a circle that it cannot be written', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  expect(() => canonicalJson(circle)).toThrowError(expect.objectContaining({ code: 'json/not-json' }));
});
