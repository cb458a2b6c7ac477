// What is hashed is what the library of RFC 8785 writes, whichever way it was written.
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson, type Json, toJson } from './json.js';

/** Names that an object of JavaScript has in an order of its own, or takes for something else. */
const name = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('__proto__', 'toJSON', 'constructor', 'length', 'a', 'z', '', '0', '10', '9', '4294967295', '01', '-1'),
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
      // Frozen, as it is recorded.
      expect(canonicalJson(toJson(given))).toBe(text);
    }),
    { numRuns: 500 },
  );
});

/** A value with something else in a random place in it, and the way there. */
const spoilt = fc
  .tuple(
    value,
    fc.constantFrom<unknown>('\ud83d', '\ude00x', Number.NaN, undefined, 1n, new Date(0), () => 1),
    fc.infiniteStream(fc.nat()),
  )
  .map(([given, flaw, turns]): [unknown, string] => {
    const into = (at: unknown, way: string): [unknown, string] => {
      const members = typeof at === 'object' && at !== null ? Object.entries(at) : [];
      const chosen = members[(turns.next().value as number) % (members.length + 1)];
      if (chosen === undefined) return [flaw, way];
      const [inner, there] = into(chosen[1], `${way}/${chosen[0]}`);
      const all = members.map(([key, member]): [string, unknown] => [key, key === chosen[0] ? inner : member]);
      return [Array.isArray(at) ? all.map(([, member]) => member) : Object.fromEntries(all), there];
    };
    return into(given, '');
  });

it('what is not JSON is found wherever it is', () => {
  fc.assert(
    fc.property(spoilt, ([given, way]) => {
      const message = expect.stringContaining(`${way === '' ? 'The value' : way} is `);
      expect(() => canonicalJson(given)).toThrowError(expect.objectContaining({ code: 'json/not-json', message }));
    }),
    { numRuns: 500 },
  );
});

it('what is in order is left as it is, with no one else to say what it is', () => {
  const shown = Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 'another' });
  expect(canonicalJson({ a: [shown], b: Object.assign([2], { toJSON: () => 'another' }) })).toBe('{"a":[{"a":1}],"b":[2]}');
});

it('many members are put in order as few are', () => {
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, at): [string, Json] => [`k${(at * 7919) % 200}`, { [`z${at}`]: at, a: at }]));
  expect(canonicalJson(many)).toBe(canonicalize(many));
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

it.each([
  ['{"z":2,"__proto__":{"z":1}}', '{"__proto__":{"z":1},"z":2}'],
  ['{"z":1,"length":2,"__proto__":["x"]}', '{"__proto__":["x"],"length":2,"z":1}'],
  ['{"a":{"z":1,"b":2},"__proto__":{"a":0}}', '{"__proto__":{"a":0},"a":{"b":2,"z":1}}'],
])('%s is written when it is frozen', (given, text) => {
  expect(canonicalJson(toJson(JSON.parse(given)))).toBe(text);
});

it('a text of JSON.rawJSON is not written as it is, because it need not be canonical', () => {
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };
  expect(canonicalJson({ a: rawJSON('1.0') })).toBe('{"a":{"rawJSON":"1.0"}}');
  expect(canonicalJson({ b: 1, a: rawJSON('"\\ud83d"') })).toBe('{"a":{"rawJSON":"\\"\\\\ud83d\\""},"b":1}');
});

it('the methods of a list are not part of it', () => {
  expect(canonicalJson(Object.assign([1, { b: 1, a: 2 }], { slice: () => ['another'] }))).toBe('[1,{"a":2,"b":1}]');
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
