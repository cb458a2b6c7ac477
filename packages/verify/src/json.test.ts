import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, isDigest, isObject, readCanonical, utf8 } from './json.js';

describe('JSON in canonical form', () => {
  it.each([
    ['null', 'null'],
    ['{"a":1,"b":[true,null,"x"],"c":{"d":{}}}', '{"a":1,"b":[true,null,"x"],"c":{"d":{}}}'],
    ['{"1":1,"10":2,"9":3}', '{"1":1,"10":2,"9":3}'],
    ['"\ud83d\ude00"', '"\ud83d\ude00"'],
    ['[{"a":1,"b":2}]', '[{"a":1,"b":2}]'],
  ])('%s is valid', (text, value) => {
    expect(readCanonical(text)).toEqual(JSON.parse(value));
  });
  it.each([
    ['another order of members', '{"b":1,"a":2}'],
    ['another order on a lower level', '{"a":[{"c":1,"b":2}]}'],
    ['another order in the second element of a list', '[{"a":1},{"c":1,"b":2}]'],
    ['another order after a correct one', '{"a":{"c":1,"b":2},"b":1}'],
    ['numeric names in their own order', '{"9":3,"10":2}'],
    ['a duplicate name', '{"a":1,"a":1}'],
    ['space', '{"a": 1}'],
    ['a number in another notation', '{"a":1.0}'],
    ['a large exponent in another notation', '1E400'],
    ['an escaped letter', '"\\u0061"'],
    ['a lone surrogate', '"\\ud83d"'],
    ['a lone surrogate as a name', '{"\\ud83d":1}'],
    ['nothing', ''],
    ['more than one value', '1 2'],
    ['no JSON', '{'],
  ])('%s is not valid', (_what, text) => {
    expect(readCanonical(text)).toBeUndefined();
  });
  it('that is nested too deeply is not valid', () => {
    expect(readCanonical(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)).toBeUndefined();
  });
  it('is what every value is written as, and nothing else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonical(value as never);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(readCanonical(text)).toEqual(JSON.parse(text));
        expect(readCanonical(` ${text}`)).toBeUndefined();
      }),
      { numRuns: 200 },
    );
    expect(canonical({ b: 1, a: [{ d: 1, c: 'x' }] })).toBe('{"a":[{"c":"x","d":1}],"b":1}');
    expect(() => canonical(['\ud83d'])).toThrow(RangeError);
  });
});

it('an object has members', () => {
  expect([{}, { a: 1 }].map(isObject)).toEqual([true, true]);
  expect([null, [], 'x', 1, undefined].map(isObject)).toEqual([false, false, false, false, false]);
});

it('a digest has sixty-four digits', () => {
  const digits = '0123456789abcdef'.repeat(4);
  expect(isDigest(`sha256:${digits}`)).toBe(true);
  for (const bad of [
    `sha256:${digits}0`,
    `sha256:${digits.slice(1)}`,
    `x sha256:${digits}`,
    `sha256:${digits}\n`,
    `sha256:${digits.toUpperCase()}`,
    digits,
    null,
    [`sha256:${digits}`],
  ])
    expect(isDigest(bad)).toBe(false);
});

it('text is valid UTF-8, even with a byte order mark', () => {
  expect(utf8(Buffer.from('ä€😀'))).toBe('ä€😀');
  expect(utf8(Buffer.from([0xef, 0xbb, 0xbf, 0x61]))).toBe('\ufeffa');
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80]]) expect(utf8(Buffer.from(bytes))).toBeUndefined();
});
