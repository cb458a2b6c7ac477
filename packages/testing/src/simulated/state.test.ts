import { expect, it } from 'vitest';
import { copied, emptyAccount, restore } from './state.js';

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

it('restores an account in place, so that whoever holds a member of it goes on seeing it, and leaves alone what others may have', () => {
  const state = emptyAccount();
  const fixture = { tags: { x: 'y' } };
  Object.assign(state.custom, { vault: fixture, gone: 1 }, JSON.parse('{"__proto__":{"a":1}}'));
  state.passwords = { MinimumPasswordLength: 8 };
  const saved = copied(state);
  const { custom } = state;
  delete custom['gone'];
  custom['more'] = 1;
  (custom['vault'] as typeof fixture).tags.x = 'z';
  Object.assign(state, { passwords: null, made: 7 });
  restore(state, saved);
  expect(state).toStrictEqual(saved);
  expect([state.custom === custom, Object.keys(custom)]).toEqual([true, Object.keys(saved.custom)]);
  expect(fixture).toEqual({ tags: { x: 'z' } });
  // Nothing is shared with what it was restored from.
  (custom['vault'] as typeof fixture).tags.x = 'w';
  expect(saved.custom['vault']).toEqual({ tags: { x: 'y' } });
});
