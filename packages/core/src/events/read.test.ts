import { describe, expect, it } from 'vitest';
import { digestOf } from '../model/json.js';
import { copyJson, copyObject, elements, epoch, members, name, number, scalars, text, time } from './read.js';

describe('text', () => {
  it('escapes what breaks a log line, and bounds what is long', () => {
    expect(text('a\r\nERROR forged\u001b[31m\u2028\u202ex')).toBe('a\\u000d\\u000aERROR forged\\u001b[31m\\u2028\\u202ex');
    expect(text('\ud800')).toBe('\\ud800');
    expect(text('x'.repeat(5000))).toHaveLength(2048);
    expect(text('abcdef', 3)).toBe('ab…');
    expect(text('a😀', 3)).toBe('a😀');
  });

  it('is cut after a secret, not within it: half of one would not be recognized', () => {
    const token = `ghp_${'A1b2C3d4E5f6'.repeat(3)}`;
    expect(text(`${'x'.repeat(2040)} ${token}`)).toMatch(/^x{2040} \[redac…$/);
    expect(text(`${'x'.repeat(100)} ${token}`)).toContain(token);
  });

  it('is null for anything else', () => {
    for (const value of ['', 4, null, undefined, {}, ['x']]) expect(text(value)).toBeNull();
  });
});

describe('name', () => {
  it('is never cut or escaped', () => {
    expect(name('sg-1')).toBe('sg-1');
    for (const value of ['a\nb', 'x'.repeat(3000), '', 4, '\udc00']) expect(name(value)).toBeNull();
  });
});

describe('time and epoch', () => {
  it.each([
    ['2026-11-02T09:15:00Z', '2026-11-02T09:15:00Z'],
    ['2026-11-02T09:15:00.123456+00:00', '2026-11-02T09:15:00.123456+00:00'],
    ['2026-11-02T09:15:00.123', '2026-11-02T09:15:00.123Z'],
    ['Nov 2, 2026, 9:00:00 AM', null],
    ['2026-13-02T09:15:00Z', null],
    ['2026-11-02', null],
    [`2026-11-02T09:15:00.${'1'.repeat(99)}Z`, null],
    [1, null],
  ])('%s', (value, expected) => {
    expect(time(value)).toBe(expected);
  });

  it('reads milliseconds', () => {
    expect(epoch(0)).toBe('1970-01-01T00:00:00.000Z');
    for (const value of [9e15, Number.NaN, '0', null]) expect(epoch(value)).toBeNull();
  });
});

describe('members, elements, numbers, scalars', () => {
  it('return nothing for what is missing', () => {
    expect(members([1]).length).toBeUndefined();
    expect(members(null).constructor).toBeUndefined();
    expect(elements({ length: 2 })).toEqual([]);
    expect(number('4')).toBeNull();
    expect(number(Number.POSITIVE_INFINITY)).toBeNull();
    expect(scalars({ a: null, b: undefined, c: 0, d: false, e: '' })).toEqual({ c: 0, d: false, e: '' });
  });
});

describe('copyJson', () => {
  it('copies JSON, frozen', () => {
    const value = { a: [1, 'x', null, { b: true }] };
    const copy = copyJson(value);
    expect(copy).toEqual({ value, truncated: false });
    expect(Object.isFrozen((copy.value as typeof value).a[3])).toBe(true);
    expect(Object.isFrozen(value)).toBe(false);
  });

  it('leaves out what is not JSON', () => {
    expect(copyJson({ a: undefined, b: 1n, c: () => 1, d: Number.NaN, e: [undefined, Symbol('x')] }).value).toEqual({ d: null, e: [null, null] });
    expect(copyJson(undefined).value).toBeNull();
  });

  it('keeps prototype keys as members, and prototypes as they are', () => {
    const copy = copyJson(JSON.parse('{"__proto__":{"polluted":true},"constructor":1}')).value as Record<string, unknown>;
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(Object.keys(copy)).toEqual(['__proto__', 'constructor']);
    expect(copy['polluted']).toBeUndefined();
  });

  it('cuts what is too deep, too long, too much or cyclic, and says so', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    for (const value of [cyclic, 'x'.repeat(20_000), Array(30_000).fill(0), Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [i, 0]))])
      expect(copyJson(value).truncated).toBe(true);
  });

  it('can always be digested', () => {
    expect(() => digestOf(copyJson({ '\ud800': ['\udc00', `${'x'.repeat(16_383)}😀`] }).value)).not.toThrow();
  });

  it('copies only objects, when an object is requested', () => {
    for (const value of ['null', [1], null, 4]) expect(copyObject(value)).toEqual({ value: null, truncated: false });
    expect(copyObject({ a: 1 }).value).toEqual({ a: 1 });
  });
});
