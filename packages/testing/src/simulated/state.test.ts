import { expect, it } from 'vitest';
import { copied, restore } from './state.js';

class Odd {
  member = 1;
}

it.each([
  ['data', { a: [1, { b: 'c' }, null, undefined], d: { e: true } }],
  ['a date', { at: new Date('2026-11-24T10:00:00Z') }],
  ['a member that is called like the prototype', JSON.parse('{"__proto__":{"a":1},"b":[{"__proto__":2}]}') as object],
  ['bytes', { body: new Uint8Array([1, 2]), map: new Map([['a', { b: 1 }]]) }],
  ['an instance', { odd: new Odd() }],
])('copies %s as structuredClone does', (_, value) => {
  expect(copied(value)).toStrictEqual(structuredClone(value));
});

it('shares nothing with its copy that could be changed', () => {
  const value = { list: [{ a: 1 }], at: new Date(0), bytes: new Uint8Array([1]) };
  const copy = copied(value);
  value.list[0] = { a: 2 };
  value.list.push({ a: 3 });
  value.at.setTime(1);
  value.bytes[0] = 2;
  expect(copy).toEqual({ list: [{ a: 1 }], at: new Date(0), bytes: new Uint8Array([1]) });
  const inner = { deep: { list: [{ a: 1 }] } };
  const other = copied(inner);
  (inner.deep.list[0] as { a: number }).a = 2;
  expect(other.deep.list).toEqual([{ a: 1 }]);
});

it('refuses what cannot be copied', () => {
  expect(() => copied({ work: () => undefined })).toThrow();
});

it('restores in place, so that whoever holds a part of it goes on seeing it', () => {
  const data = {
    list: [{ a: 1 }, { a: 2 }],
    custom: { vault: { tags: { x: 'y' } } as Record<string, unknown> },
    at: new Date(0),
    gone: 1,
    kind: [1] as unknown,
  };
  const saved = copied(data);
  const [{ custom, list }, { vault }] = [data, data.custom];
  Object.assign(data, { gone: undefined, more: 1, kind: { a: 1 }, at: new Date(1) });
  delete (data as { gone?: number }).gone;
  vault['tags'] = 'none';
  vault['lock'] = {};
  list.pop();
  (list[0] as { a: number }).a = 3;
  restore(data, saved);
  expect(data).toStrictEqual(saved);
  expect([data.custom === custom, data.custom.vault === vault, data.list === list]).toEqual([true, true, true]);
  // Nothing is shared with what it was restored from.
  (list[0] as { a: number }).a = 4;
  data.at.setTime(2);
  expect(saved).toMatchObject({ list: [{ a: 1 }, { a: 2 }], at: new Date(0) });
  const odd = JSON.parse('{"a":1}') as object;
  restore(odd, JSON.parse('{"__proto__":{"a":1}}') as object);
  expect(JSON.stringify(odd)).toBe('{"__proto__":{"a":1}}');
});
