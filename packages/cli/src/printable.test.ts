import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, printableJson } from './printable.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what must not be there.
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

describe('printable', () => {
  it.each([
    ['plain ü 漢', 'plain ü 漢'],
    ['\u001b]0;title\u0007', '\\u001b]0;title\\u0007'],
    ['a\nb\r\t', 'a\\u000ab\\u000d\\u0009'],
    ['\u009b2J', '\\u009b2J'],
    ['\u202eevil', '\\u202eevil'],
  ])('converts %j to %j', (text, shown) => expect(printable(text)).toBe(shown));

  it('leaves no control characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !OBEYED.test(printable(text))));
  });
});

describe('printableJson', () => {
  it('is JSON of the same value, without control characters', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
        const shown = printableJson({ value, text });
        expect(JSON.parse(shown)).toEqual(JSON.parse(JSON.stringify({ value, text })));
        return !OBEYED.test(shown.replaceAll('\n', ''));
      }),
    );
  });
});
