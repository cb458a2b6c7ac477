import { describe, expect, it } from 'vitest';
import { isLike } from './wildcard.js';

describe('a pattern', () => {
  it.each([
    ['logs', 'logs', true],
    ['logs-2026', 'logs', false],
    ['logs', 'logs-2026', false],
    ['logs-2026', 'logs-*', true],
    ['logs-', 'logs-*', true],
    ['my-logs-2026', 'logs-*', false],
    ['a-b-c', '*-b-*', true],
    ['a-c-b', '*-b-*', false],
    ['anything', '*', true],
    ['', '*', true],
    ['', '', true],
    ['ab', 'a*b', true],
    ['a', 'a*a', false],
    ['aba', 'ab*ba', false],
    ['abba', 'ab*ba', true],
    ['abab', 'a*ab*b', false],
    ['a.c', 'a?c', false],
  ])('%j matches %j: %s', (text, pattern, like) => {
    expect(isLike(text, pattern)).toBe(like);
  });

  it('with many stars takes no longer', () => {
    expect(isLike('a'.repeat(100_000), `${'*a'.repeat(2000)}*b`)).toBe(false);
  });
});
