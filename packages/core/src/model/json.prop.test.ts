// What is hashed is what the library of RFC 8785 writes, whichever way it was written.
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson, digestOf, type Json, toJson } from './json.js';

/** Names that an object of JavaScript has in an order of its own, or takes for something else. */
const name = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('__proto__', 'toJSON', 'constructor', '', '0', '10', '9', '4294967295', '01', '-1'),
);
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.constant(null), fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string(), fc.string({ unit: 'grapheme' })),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 6 }).map((members) => Object.fromEntries(members)),
  ),
}));

it('canonical JSON equals that of the library, and is stable', () => {
  fc.assert(
    fc.property(value, (given) => {
      const text = canonicalJson(given);
      expect(text).toBe(canonicalize(given));
      expect(canonicalJson(JSON.parse(text))).toBe(text);
      expect(digestOf(toJson(given))).toBe(digestOf(given));
    }),
    { numRuns: 500 },
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
])('writes %s like the examples in the RFC', (_, given, text) => {
  expect(canonicalJson(given)).toBe(text);
});

it('a member with the name __proto__ is like any other', () => {
  const own = JSON.parse('{"__proto__":{"b":1,"a":2}}') as Json;
  expect(canonicalJson(own)).toBe('{"__proto__":{"a":2,"b":1}}');
});

it.each<[string, unknown, RegExp]>([
  ['not a number', { a: [1, Number.NaN] }, /^\/a\/1 is NaN/],
  ['undefined', { a: { b: undefined } }, /^\/a\/b is undefined/],
  ['a hole in a list', { a: new Array(1) }, /^\/a\/0 is undefined/],
  ['a date', { a: new Date(0) }, /^\/a is a Date/],
  ['a lone surrogate', { a: ['x', '\ud83d'] }, /^\/a\/1 is a string with a lone surrogate/],
  ['a lone surrogate in a key', { a: { '\ude00': 1 } }, /^\/a is an object with a lone surrogate in a key/],
  ['a function', { a: () => 1 }, /^\/a is function/],
])('reports the position of %s', (_, given, message) => {
  expect(() => canonicalJson(given)).toThrowError(expect.objectContaining({ code: 'json/not-json', message: expect.stringMatching(message) }));
});

it('refuses a circular value', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  expect(() => canonicalJson(circle)).toThrowError(expect.objectContaining({ code: 'json/not-json' }));
});
