// Canonical JSON, scanned from its end.
import { describe, expect, it } from 'vitest';
import { beforeNumber, beforeString, beforeText, standsAt } from './scan.js';

const bytes = Buffer.from('{"a":"b\\"c","n":120,"z":"","s":"text"}');
const after = (text: string) => bytes.indexOf(text) + text.length;

describe('the end of a value in text', () => {
  it('is found for a text, or not', () => {
    expect([standsAt(bytes, 1, '"a"'), standsAt(bytes, 0, '"a"'), standsAt(bytes, -1, '{'), standsAt(bytes, bytes.length - 1, '}}')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect([beforeText(bytes, 4, '"a"'), beforeText(bytes, 5, '"a"'), beforeText(bytes, 2, 'xx{"'), beforeText(bytes, -1, 'x')]).toEqual([1, -1, -1, -1]);
  });
  it('is found for a string without escapes', () => {
    expect(bytes.toString('latin1', beforeString(bytes, after('"text"')), after('"text"'))).toBe('"text"');
    expect(beforeString(bytes, after('"z":""'))).toBe(after('"z":'));
    expect(beforeString(bytes, after('b\\"c"'))).toBe(-1);
    expect([beforeString(bytes, after('120')), beforeString(Buffer.from('ab"'), 3), beforeString(bytes, -1)]).toEqual([-1, -1, -1]);
  });
  it('is found for a number from 1', () => {
    expect(beforeNumber(bytes, after('120'))).toBe(after('"n":'));
    expect(beforeNumber(Buffer.from('42'), 2)).toBe(0);
    expect([beforeNumber(Buffer.from(',012'), 4), beforeNumber(Buffer.from('0'), 1), beforeNumber(bytes, 4), beforeNumber(bytes, -1)]).toEqual([
      -1, -1, -1, -1,
    ]);
  });
});
