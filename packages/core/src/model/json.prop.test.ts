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

it('canonical JSON is that of the library, and stays what it is', () => {
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
