// What an execution is closed on, case by case: what its calls said, and what a look says.
import { describe, expect, it } from 'vitest';
import type { Decision } from '../guardrails/guardrail.js';
import { revoke } from '../internal/testing/facts.js';
import type { Change } from '../model/plan.js';
import type { Applied } from './apply.js';
import { closingOf, closingUnsent, type Ended, isOvertaken } from './closing.js';
import type { Verification } from './verify.js';

const NOW = Date.parse('2026-11-24T10:00:00Z');
const change = (summary: string, resolves = true): Change => ({ ...revoke, summary, resolves });
const applied = (over: Partial<Applied> = {}): Applied => ({
  done: 1,
  sent: 1,
  unsure: 0,
  error: null,
  failure: null,
  retryable: false,
  calls: [{ call: 1 }],
  ...over,
});
const failure = (code: string) => ({ code }) as NonNullable<Applied['failure']>;
const ended = (over: Partial<Applied> = {}, more: Partial<Ended> = {}): Ended => ({
  plan: { changes: [change('one')] },
  applied: applied(over),
  stopped: null,
  open: [],
  denied: {},
  ...more,
});
const look = (over: Partial<Verification> = {}): Verification => ({
  status: 'verified',
  message: 'as it should be',
  after: { open: [] },
  open: [],
  left: [],
  done: false,
  reads: {} as Verification['reads'],
  ...over,
});
const closed = (given: Ended, seen: Verification = look()) => closingOf(given, seen, {}, NOW);
const deny: Decision = { effect: 'deny', results: [{ guardrail: 'kill-switch', effect: 'deny', code: 'stopped', message: 'm' }] };

describe('nothing was sent', () => {
  const unsent = { done: 0, sent: 0, error: 'no' };
  it('is only known if an error says so, and no call is uncertain', () => {
    expect(closingUnsent(ended({ sent: 0, done: 0 }))).toBeNull();
    expect(closingUnsent(ended({ ...unsent, sent: 1 }))).toBeNull();
    expect(closingUnsent(ended({ ...unsent, unsure: 1 }))).toBeNull();
    expect(closingUnsent(ended(unsent))).toEqual({ outcome: 'failed', message: 'no', sent: 0, retryable: false, body: { calls: [{ call: 1 }] } });
  });
  it('because AWS refused it: a permanent refusal is in the record', () => {
    const body = { calls: [{ call: 1 }], denial: { by: 'x' } };
    expect(closingUnsent(ended({ ...unsent, retryable: true }, { denied: { denial: { by: 'x' } } }))).toMatchObject({
      outcome: 'failed',
      retryable: true,
      body,
    });
  });
  it.each([
    ['aws/gone', true],
    ['aws/conflict', true],
    ['aws/denied', false],
  ])('since AWS answered %s', (code, overtaken) => {
    const given = ended({ ...unsent, failure: failure(code) });
    expect(isOvertaken(given.applied)).toBe(overtaken);
    expect(closingUnsent(given)?.outcome).toBe(overtaken ? 'superseded' : 'failed');
  });
  it.each([
    [false, false],
    [true, false],
    [false, true],
  ])('since a guardrail stopped it: it is retried if either may change (%s, %s)', (call, guardrail) => {
    const given = ended({ ...unsent, retryable: call, failure: failure('aws/gone') }, { stopped: { decision: deny, retryable: guardrail } });
    expect(closingUnsent(given)).toEqual({
      outcome: 'denied',
      message: 'no',
      sent: 0,
      retryable: call || guardrail,
      body: { calls: [{ call: 1 }] },
      decision: deny,
    });
  });
});

describe('something was sent', () => {
  it('and verified: the outcome has what was done, and the state after it', () => {
    expect(closed(ended({ sent: 2, unsure: 1 }, { plan: { changes: [change('one'), change('two')] }, denied: { denial: 1 } }))).toMatchObject({
      outcome: 'remediated',
      message: 'one; two; not by this execution, but found done: two (null)',
      sent: 3,
      body: { calls: [{ call: 1 }], verified: 'verified', denial: 1, foundDone: ['two'] },
      documents: { after: { open: [] } },
      open: [],
    });
    const whole = closed(ended({ done: 2 }, { plan: { changes: [change('one'), change('two')] } }));
    expect(whole).toMatchObject({ outcome: 'remediated', message: 'one; two' });
    expect(whole.body).toEqual({ calls: [{ call: 1 }], verified: 'verified' });
  });
  it('and the resource is gone: there is no document with its state', () => {
    expect(closed(ended(), look({ after: null }))).not.toHaveProperty('documents');
  });
  it('and closes nothing: it is a flag; one change that closes it is enough', () => {
    const of = (...resolves: boolean[]) =>
      closed(ended({ done: resolves.length }, { plan: { changes: resolves.map((each, n) => change(`${n}`, each)) } })).outcome;
    expect([of(false), of(false, true), of(true, true)]).toEqual(['flagged', 'remediated', 'remediated']);
  });
  it('and leaves something open, in the plan or the resource: that is listed', () => {
    expect(closed(ended({}, { open: ['look'] }), look({ open: ['old rule', 'other'] }))).toMatchObject({
      outcome: 'remediated',
      message: 'one; still open: look; old rule; other',
      open: ['look', 'old rule', 'other'],
    });
  });
  it('and could not be read, or still shows the gap: the outcome is unknown', () => {
    expect(closed(ended(), look({ status: 'unconfirmed', message: 'no answer' }))).toMatchObject({
      outcome: 'unknown',
      message: 'The calls were sent, but the resource could not be read afterwards: no answer',
    });
    expect(closed(ended(), look({ status: 'not-verified', message: 'one' }))).toMatchObject({
      outcome: 'unknown',
      message: 'The calls were accepted, but the resource still shows the gap: one',
    });
  });
  it('and stopped before the end: it is partial, unless a read shows nothing left', () => {
    const two = { plan: { changes: [change('one'), change('two')] } };
    const half = (left: Verification['left'], over: Partial<Applied> = {}, more: Partial<Ended> = {}) =>
      closed(ended({ error: 'no', ...over }, { ...two, ...more }), look({ left }));
    expect(half([change('two')])).toMatchObject({ outcome: 'partial', message: '1 of 2 changes were made: no', retryable: false, open: ['no'] });
    expect(half(null)).toMatchObject({ outcome: 'partial' });
    expect(half([])).toMatchObject({
      outcome: 'remediated',
      message: 'one; two; not by this execution, but found done: two (no)',
      body: { foundDone: ['two'] },
    });
    expect(half(null, { retryable: true })).toMatchObject({ retryable: true });
    expect(half(null, {}, { stopped: { decision: deny, retryable: true } })).toMatchObject({ retryable: true });
    expect(half(null, {}, { stopped: { decision: deny, retryable: false } })).toMatchObject({ retryable: false });
    // Without an error what still shows is for the next plan.
    expect(closed(ended({ done: 2 }, two), look({ left: [change('two')] }))).toMatchObject({ outcome: 'remediated' });
  });
  it('and starts a runbook: it waits for that, unless a read shows that it is done', () => {
    const runbook = { document: 'Redress-Fix', waits: 3_600_000 } as never;
    const waits = (given: Ended, seen: Verification) => closingOf(given, seen, { runbook }, NOW);
    const waiting = {
      outcome: 'awaiting-runbook',
      message: 'Redress-Fix was started; it has until 2026-11-24T11:00:00.000Z, and the resource will show its outcome.',
      open: ['one'],
      sent: 1,
    };
    expect(waits(ended(), look({ status: 'not-verified' }))).toMatchObject(waiting);
    expect(waits(ended(), look({ status: 'unconfirmed' }))).toMatchObject(waiting);
    expect(waits(ended({ error: 'lost' }), look())).toMatchObject(waiting);
    expect(waits(ended(), look())).toMatchObject({ outcome: 'remediated' });
  });
});
