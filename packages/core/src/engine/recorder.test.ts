import { describe, expect, it } from 'vitest';
import type { Decision, GuardrailResult } from '../guardrails/guardrail.js';
import type { Journal } from '../journal.js';
import { RedressError } from '../model/errors.js';
import type { Assessment } from '../model/plan.js';
import { announcedBy, observed, outcomeOf, persist, stillOpen } from './recorder.js';
import type { Runtime } from './runtime.js';

const result = (guardrail: string, effect: GuardrailResult['effect'], data?: object): GuardrailResult =>
  ({ guardrail, effect, code: 'code', message: 'message', ...(data === undefined ? {} : { data }) }) as GuardrailResult;
const decision = (effect: Decision['effect'], ...results: GuardrailResult[]): Decision => ({ effect, results });

describe('the outcome of a decision not to act', () => {
  it.each<[Decision['effect'], string]>([
    ['exempt', 'exempt'],
    ['notify', 'notified'],
    ['approve', 'awaiting-approval'],
    ['deny', 'denied'],
  ])('%s: %s', (effect, outcome) => {
    expect(outcomeOf(decision(effect, result('mode', effect)))).toBe(outcome);
  });
  it('is contested if it was decided by repeated reverts, and not if something stricter decides', () => {
    expect(outcomeOf(decision('notify', result('fights', 'notify'), result('mode', 'allow')))).toBe('contested');
    expect(outcomeOf(decision('deny', result('fights', 'notify'), result('kill-switch', 'deny')))).toBe('denied');
  });
});

describe('a change is announced', () => {
  const terms = { period: 1000, remind: [100] };
  it('if only a grace period delays it', () => {
    expect(announcedBy(decision('approve', result('grace', 'approve', terms), result('mode', 'allow')))).toEqual(terms);
  });
  it.each<[string, GuardrailResult[]]>([
    ['no guardrail requests anything', [result('mode', 'allow')]],
    ['another guardrail requests an approval', [result('freshness', 'approve', terms)]],
    ['another one requests an approval as well', [result('grace', 'approve', terms), result('freshness', 'approve')]],
    ['its terms are unknown', [result('grace', 'approve')]],
    ['its period is unknown', [result('grace', 'approve', { remind: [] })]],
    ['its reminders are unknown', [result('grace', 'approve', { period: 1000, remind: 5 })]],
  ])('not if %s', (_name, results) => {
    expect(announcedBy(decision('approve', ...results))).toBeNull();
  });
});

it.each<[Assessment, string[]]>([
  [{ status: 'compliant' }, []],
  [{ status: 'not-applicable', reason: 'x' }, []],
  [{ status: 'manual', message: 'Look.' }, ['Look.']],
  [{ status: 'change', changes: [{ summary: 'a' }, { summary: 'b' }] } as unknown as Assessment, ['a', 'b']],
  [{ status: 'change', changes: [{ summary: 'a' }], open: ['c'] } as unknown as Assessment, ['a', 'c']],
])('%j leaves open %j', (assessment, open) => {
  expect(stillOpen(assessment)).toEqual(open);
});

describe('the observation', () => {
  const seen = (value: unknown) => observed({ observation: { ok: true, value } } as never);
  it('is kept as far as it was read', () => {
    expect(observed(null)).toEqual({});
    expect(observed({ observation: { ok: false, error: 'x', retryable: false } })).toEqual({});
    expect(seen('gone')).toEqual({ observation: 'gone' });
    expect(seen({ state: { a: 1 }, tags: { b: 'c' } })).toEqual({ observation: { state: { a: 1 }, tags: { b: 'c' } } });
    const more = { state: {}, tags: 'untaggable', context: { d: 1 }, usedBy: [{ type: 'T', id: 'u' }], parts: [{ type: 'T', id: 'p' }], other: 1 };
    const { other: _, ...kept } = more;
    expect(seen(more)).toEqual({ observation: kept });
  });
  it('is kept completely or not at all', () => {
    expect(seen({ state: {}, tags: {}, context: { when: new Map() } })).toEqual({});
  });
});

describe('a record', () => {
  const down = new RedressError('journal/unavailable', 'down', { retryable: true });
  const written = async (...answers: unknown[]) => {
    const waits: number[] = [];
    let tries = 0;
    const runtime = { needJournal: () => ({}) as Journal, clock: { sleep: async (time: number) => void waits.push(time) } } as unknown as Runtime;
    const made = await persist(runtime, async () => {
      const answer = answers[tries++];
      if (answer instanceof Error) throw answer;
      return answer;
    }).catch((error: unknown) => error);
    return { made, waits, tries };
  };
  it('is retried for a while if the journal is down', async () => {
    expect(await written('r')).toEqual({ made: 'r', waits: [], tries: 1 });
    expect(await written(down, down, down, 'r')).toEqual({ made: 'r', waits: [100, 400, 1600], tries: 4 });
    expect(await written(down, down, down, down, 'r')).toEqual({ made: down, waits: [100, 400, 1600], tries: 4 });
  });
  it.each([new Error('a bug'), new RedressError('journal/corrupt', 'bad')])('is not retried after %s', async (error) => {
    expect(await written(error, 'r')).toEqual({ made: error, waits: [], tries: 1 });
  });
});
