import { describe, expect, it } from 'vitest';
import { group, NOW } from '../internal/testing/facts.js';
import type { Approval, ClosedExecution, Grace } from '../journal.js';
import { digestOf } from '../model/json.js';
import { graceOf, parsePolicy } from '../policy/policy.js';
import { approvalOf } from './approval.js';
import { announcement, dueNotice, graceEnds, graceExpected } from './grace.js';

const DAY = 86_400_000;
const grace = (sent: Record<number, number> = {}, over: Partial<Grace> = {}): Grace => ({
  period: 7 * DAY,
  remind: [3 * DAY, DAY],
  sent: Object.entries(sent).map(([notice, at]) => ({ notice: Number(notice), at: at * DAY })),
  sending: null,
  ended: null,
  ...over,
});

describe('the time of a change', () => {
  it.each<[string, Grace, number | null, number | null]>([
    ['nobody was notified', grace(), null, null],
    ['notified, and not reminded', grace({ 0: 10 }), null, 17],
    ['notified, and reminded before the last reminder was due', grace({ 0: 10, 1: 14 }), null, 17],
    ['notified and reminded', grace({ 0: 10, 1: 14, 2: 16 }), 17, 17],
    ['notified, and only the last reminder was sent', grace({ 0: 10, 2: 16 }), 17, 17],
    ['reminded late', grace({ 0: 10, 2: 20 }), 21, 21],
    ['without reminders', grace({ 0: 10 }, { remind: [] }), 17, 17],
    ['a reminder without a first notice', grace({ 2: 16 }), null, null],
    ['ended', grace({ 0: 10, 2: 16 }, { ended: 'gone' }), null, 17],
  ])('%s', (_when, given, ends, expected) => {
    expect(graceEnds(given)).toBe(ends === null ? null : ends * DAY);
    expect(graceExpected(given)).toBe(expected === null ? null : expected * DAY);
  });
});

describe('the notice that is due', () => {
  it.each<[string, Grace, number, number | null]>([
    ['the first one, at once', grace(), 10, 0],
    ['none for four days', grace({ 0: 10 }), 13.99, null],
    ['the first reminder when it is due', grace({ 0: 10 }), 14, 1],
    ['each once', grace({ 0: 10, 1: 14 }), 15.9, null],
    ['the second reminder', grace({ 0: 10, 1: 14 }), 16, 2],
    ['the newest of two late ones', grace({ 0: 10 }), 16, 2],
    ['the newest one, even after the end', grace({ 0: 10 }), 30, 2],
    ['nothing after the last', grace({ 0: 10, 2: 16 }), 30, null],
    ['nothing if the clock went back', grace({ 0: 10, 1: 14 }), 1, null],
    ['nothing after it has ended', grace({}, { ended: 'gone' }), 10, null],
  ])('%s', (_which, given, now, notice) => {
    expect(dueNotice(given, now * DAY)).toBe(notice);
  });
});

describe('a grace period of a policy', () => {
  const policy = (grace: object[]) =>
    parsePolicy({
      version: 1,
      environments: { dev: { accounts: ['111111111111'] }, prod: { accounts: ['333333333333'], after: 'none', because: 'x' } },
      grace,
    });
  const period = (grace: object[], remediator = 'a-b', account = '111111111111') => graceOf(policy(grace), remediator, account);

  it('depends on remediator and environment; of several the longest applies', () => {
    expect(period([])).toBeNull();
    expect(period([{ period: 'P2D', environments: ['prod'] }])).toBeNull();
    expect(period([{ period: 'P2D', environments: ['prod'] }], 'a-b', '333333333333')).toMatchObject({ period: 2 * DAY });
    expect(period([{ period: 'P2D', environments: ['prod'] }], 'a-b', '999999999999')).toBeNull();
    expect(period([{ period: 'P2D', remediators: ['c-d'] }])).toBeNull();
    expect(period([{ period: 'P2D' }, { period: 'P9D', remediators: ['a-b'] }, { period: 'P3D' }])).toMatchObject({ period: 9 * DAY });
  });

  it('has a reminder a day before, unless configured otherwise; the longest first', () => {
    expect(period([{ period: 'P7D' }])?.remind).toEqual([DAY]);
    expect(period([{ period: 'P1D' }])?.remind).toEqual([]);
    expect(period([{ period: 'P7D', remind: [] }])?.remind).toEqual([]);
    expect(period([{ period: 'P7D', remind: ['PT12H', 'P3D'] }])?.remind).toEqual([3 * DAY, DAY / 2]);
  });
});

it('an announcement without objection is used once like an approval, and never overrides a denial', () => {
  const over = { guardrail: 'grace', effect: 'allow', code: 'grace-over', message: '', data: { approval: 'a-1' } } as const;
  const said = { guardrail: 'approval', effect: 'allow', code: 'approved', message: '', data: { approval: 'a-2' } } as const;
  expect(approvalOf({ effect: 'allow', results: [over] })).toBe('a-1');
  expect(approvalOf({ effect: 'allow', results: [over, said] })).toBe('a-2');
  expect(approvalOf({ effect: 'deny', results: [over] })).toBeNull();
  expect(approvalOf({ effect: 'approve', results: [over] })).toBeNull();
});

describe('the announcement of a plan', () => {
  const terms = { period: 7 * DAY, remind: [3 * DAY, DAY] };
  const plan = digestOf({ plan: 1 });
  const asked = { remediator: 'a-b', plan, terms, now: NOW };
  const request = (over: Partial<Approval> = {}): Approval => ({
    id: 'a-1',
    resource: group,
    remediator: 'a-b',
    planDigest: plan,
    subjects: ['one'],
    discharges: [],
    fresh: true,
    causedBy: [],
    requestedAt: NOW - DAY,
    expires: NOW + 1,
    verdict: 'none',
    by: null,
    usedBy: null,
    grace: { ...terms, sent: [], sending: null, ended: null },
    ...over,
  });
  const fix = (over: Partial<ClosedExecution> = {}): ClosedExecution => ({
    execution: 'x-1',
    remediator: 'a-b',
    planDigest: plan,
    subjects: ['one'],
    outcome: 'remediated',
    begunAt: NOW - DAY,
    closedAt: NOW - DAY,
    sent: 1,
    verified: true,
    retryable: false,
    version: '1.0.0',
    parameters: '',
    drill: false,
    rollbackOf: null,
    ...over,
  });
  const found = (approvals: readonly Approval[], closed: readonly ClosedExecution[] = []) => announcement({ approvals, closed }, asked)?.id ?? null;

  it('is the request under the current terms, if it can still be used', () => {
    expect(found([])).toBeNull();
    expect(found([request({ id: 'a-0', expires: NOW }), request()])).toBe('a-1');
    expect(found([request({ verdict: 'approved' })])).toBe('a-1');
  });
  const { grace: _, ...without } = request();
  it.each<[string, Approval]>([
    ['of another remediator', request({ remediator: 'c-d' })],
    ['of another plan', request({ planDigest: digestOf({ plan: 2 }) })],
    ['that announced nothing', without],
    ['that ended', request({ grace: { ...terms, sent: [], sending: null, ended: 'gone' } })],
    ['that was denied', request({ verdict: 'denied' })],
    ['that was used', request({ usedBy: 'x-1' })],
    ['that has expired', request({ expires: NOW })],
    ['of another period', request({ grace: { ...terms, period: DAY, sent: [], sending: null, ended: null } })],
    ['of other reminders', request({ grace: { ...terms, remind: [DAY], sent: [], sending: null, ended: null } })],
  ])('is not one %s', (_name, each) => {
    expect(found([each])).toBeNull();
  });
  it.each<[string, Partial<ClosedExecution>, string | null]>([
    ['was made at the moment of the request', {}, null],
    ['was made since the request', { begunAt: NOW }, null],
    ['was made before the request', { begunAt: NOW - DAY - 1 }, 'a-1'],
    ['is another remediator’s', { remediator: 'c-d' }, 'a-1'],
    ['is of another plan', { planDigest: digestOf({ plan: 2 }) }, 'a-1'],
    ['sent nothing', { sent: 0 }, 'a-1'],
  ])('is used up, or not, after a fix that %s', (_name, over, expected) => {
    expect(found([request()], [fix(over)])).toBe(expected);
    // One that counts is enough.
    expect(found([request()], [fix({ remediator: 'e-f' }), fix(over)])).toBe(expected);
  });
});
