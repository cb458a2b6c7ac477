import { builtinGuardrails, decide, defineGuardrail } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { describeGuardrail, guardrailFacts } from './guardrail.js';

const officeHours = defineGuardrail({
  id: 'acme-office-hours',
  needs: ['policy'],
  evaluate: ({ now }) =>
    new Date(now).getUTCHours() < 17
      ? { effect: 'allow', code: 'day', message: 'People are at work.' }
      : { effect: 'approve', code: 'night', message: 'Nobody is at work.' },
});

describeGuardrail(officeHours, [
  { name: 'at noon', facts: { now: Date.parse('2026-11-24T12:00:00Z') }, effect: 'allow', code: 'day' },
  { name: 'at night', facts: { now: Date.parse('2026-11-24T22:00:00Z') }, effect: 'approve', code: 'night' },
]);

describe('the facts', () => {
  it('let every built-in guardrail allow', () => {
    expect(decide(builtinGuardrails, guardrailFacts()).results.filter((each) => each.effect !== 'allow')).toEqual([]);
  });
});
