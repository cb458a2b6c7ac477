// Two judges of EventBridge's matching that owe nothing to each other, ours and the emulator's, say the same of every pattern and event.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventPatterns } from '@redress/core';
import { expect, it } from 'vitest';
import { PYTHON } from '../../scripts/setup.mjs';
import { matchesPattern } from '../support/event-pattern.ts';
import { all, triggerEvents } from '../support/trigger-events.ts';

/** The emulator's judge knows no lists of objects: where there is one object, it gets that. */
function unlisted(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 1 && typeof value[0] === 'object' && value[0] !== null ? unlisted(value[0]) : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, unlisted(member)]));
}

it('the judges agree', () => {
  const pairs = eventPatterns(all).flatMap(({ name, pattern }) => triggerEvents().map(([what, event]) => ({ name, what, pattern, event: unlisted(event) })));
  const { stdout, stderr, status } = spawnSync(PYTHON, [fileURLToPath(new URL('../support/pattern_judge.py', import.meta.url))], {
    input: JSON.stringify(pairs),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  expect([status, stderr]).toEqual([0, '']);
  const theirs = JSON.parse(stdout) as boolean[];
  const ours = pairs.map(({ pattern, event }) => matchesPattern(event, pattern));
  expect(pairs.filter((_, index) => theirs[index] !== ours[index]).map(({ name, what }) => `${name}: ${what}`)).toEqual([]);
  // They had something to say, both ways.
  expect([ours.filter((each) => each).length > 100, ours.filter((each) => !each).length > 1000]).toEqual([true, true]);
});
