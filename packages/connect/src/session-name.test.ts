import { describe, expect, it } from 'vitest';
import { sessionNameOf } from './session-name.js';

describe('sessionNameOf', () => {
  it.each([
    ['exec-1234', 'exec-1234'],
    ['exec 1/2', 'exec-1-2'],
    ['ü', 'redress--'],
    ['', 'redress'],
    ['x', 'redress-x'],
  ])('converts %j to %j', (text, name) => expect(sessionNameOf(text)).toBe(name));

  it('keeps what STS accepts, at most 64 characters', () => {
    const name = sessionNameOf(`a+=,.@-_${'b'.repeat(100)}`);
    expect(name).toHaveLength(64);
    expect(name).toMatch(/^[\w+=,.@-]{2,64}$/);
  });
});
