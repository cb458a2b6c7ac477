// Whether people know of a gap as it is: what is new of it, what is not, and what the journal keeps so that the next look can tell.
import { describe, expect, it } from 'vitest';
import { callOf } from '../guardrails/fights.js';
import { type Decision, decide, type GuardrailResult, known, unreadable } from '../guardrails/guardrail.js';
import { apiCallFinding, group, NOW, revoke } from '../internal/testing/facts.js';
import { type Approval, type Gap, gapKey } from '../journal.js';
import { digestOf } from '../model/json.js';
import type { Assessment, Change, Plan } from '../model/plan.js';
import { type Decided, gapNews, heldAlike } from './gap-news.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const R = 'ec2-revoke-sg-open-ssh';
const change = (subject: string): Change => ({ ...revoke, subject, call: { ...revoke.call, input: { GroupId: 'sg-0abc', subject } } });
const [A, B] = [change('a'), change('b')];
const plan = (...changes: readonly Change[]): Plan => ({
  schema: 1,
  digest: digestOf(changes.map(callOf)),
  remediator: { id: R, package: 'p', version: '1.0.0' },
  resource: group,
  before: {},
  changes,
  hazards: [],
});
const says = (guardrail: string, effect: GuardrailResult['effect'], code: string, data?: object): GuardrailResult => ({
  guardrail,
  effect,
  code,
  message: 'm',
  ...(data === undefined ? {} : { data: data as NonNullable<GuardrailResult['data']> }),
});
const decision = (...results: readonly GuardrailResult[]): Decision =>
  decide(
    results.map((each) => ({ id: each.guardrail, needs: [], evaluate: () => each })),
    {} as never,
  );
const NOTIFY = decision(says('mode', 'notify', 'mode-notify'));
const shows = (assessment: Assessment, now = NOW): Decided['facts'] => ({ assessment: known(assessment), now });
const view = (over: Partial<NonNullable<Decided['view']>> = {}): NonNullable<Decided['view']> => ({ gaps: [], approvals: [], tagFirstSeen: {}, ...over });
/** A sweep that finds A open, and may only notify. */
const found = (over: Partial<Decided> = {}): Decided => ({
  remediator: R,
  trigger: { by: 'sweep' },
  outcome: 'notified',
  decision: NOTIFY,
  plan: plan(A),
  open: [],
  steps: [],
  joined: false,
  approval: null,
  within: null,
  facts: shows({ status: 'change', changes: [A] }),
  view: view(),
  ...over,
});
/** The gap as the journal keeps it after a decision of which people were notified, an hour ago. */
function stands(decided: Decided, over: Partial<Gap> = {}): Gap {
  const { gap } = gapNews(decided);
  if (gap === null) throw new Error('it says nothing of a gap');
  const at = NOW - HOUR;
  const { key, subjects, state, held, approval, deadline, near, quiet } = gap as unknown as Gap;
  return {
    key,
    subjects,
    state,
    held,
    approval,
    deadline,
    near,
    quiet,
    resource: group,
    remediator: R,
    outcome: decided.outcome,
    message: 'm',
    members: null,
    since: at,
    seenAt: at,
    record: 7,
    triedAt: at,
    told: { state, approval, at, channels: [] },
    ...over,
  };
}
const again = (decided: Decided, over: Partial<Gap> = {}, more: Partial<Decided> = {}) =>
  gapNews({ ...decided, view: view({ gaps: [stands(decided, over)] }), ...more });

describe('a gap that is new', () => {
  it('is recorded, named by what it is about, and people are notified of it', () => {
    const { gap, ...news } = gapNews(found());
    expect(news).toEqual({ record: true, changed: true, tell: true, notice: 'follows', known: null, since: null, deadline: null });
    expect(gap).toEqual({
      key: gapKey(R, ['a']),
      subjects: ['a'],
      state: expect.stringMatching(/^sha256:/),
      held: null,
      approval: null,
      deadline: null,
      near: false,
      quiet: false,
      over: [],
    });
  });
  it.each<[string, Partial<Decided>, readonly string[]]>([
    ['what its plan changes', { plan: plan(A, B) }, ['a', 'b']],
    ['its manual steps', { plan: null, facts: shows({ status: 'manual', message: 'm' }) }, ['manual']],
    ['a plan without changes, by its manual steps', { plan: plan(), facts: shows({ status: 'manual', message: 'm' }) }, ['manual']],
    ['what could not be read', { plan: null, facts: { assessment: unreadable('no'), now: NOW } }, ['unread']],
    ['nothing', { plan: null, facts: null }, ['unread']],
    ['a change without a plan', { plan: null }, ['unread']],
  ])('is about %s', (_what, over, subjects) => {
    expect(gapNews(found(over)).gap).toMatchObject({ key: gapKey(R, subjects), subjects });
  });
});

describe('a gap that stays open', () => {
  it('unchanged, and is found by a sweep, is not recorded, and nobody is notified', () => {
    expect(again(found())).toMatchObject({ record: false, changed: false, tell: false, notice: 'known', known: 7, since: NOW - HOUR, deadline: null });
  });
  it('is recorded if the trigger is not a sweep, and nobody is notified', () => {
    expect(again(found({ trigger: { by: 'request' } }))).toMatchObject({ record: true, changed: false, tell: false, notice: 'known', known: 7 });
  });
  it('is the same whether an event or a sweep finds it', () => {
    const byEvent = found({
      trigger: { by: 'finding', finding: apiCallFinding() },
      decision: decision(says('mode', 'notify', 'mode-notify'), says('freshness', 'notify', 'stale')),
    });
    expect(again(found(), {}, { trigger: byEvent.trigger, decision: byEvent.decision })).toMatchObject({ changed: false, tell: false });
  });
  it.each<[string, Partial<Decided>]>([
    ['has another outcome', { outcome: 'planned' }],
    ['is held back for another reason', { decision: decision(says('mode', 'notify', 'mode-plan')) }],
    ['is held back by another guardrail of the same code', { decision: decision(says('other', 'notify', 'mode-notify')) }],
    ['is held back for one more reason', { decision: decision(says('mode', 'notify', 'mode-notify'), says('hold', 'notify', 'held')) }],
    ['would be changed in another way', { plan: plan({ ...A, call: { ...A.call, operation: 'Other' } }) }],
    ['would be undone in another way', { plan: plan({ ...A, undo: { irreversible: 'x' } }) }],
    ['leaves something else open', { open: ['more'] }],
    ['needs other steps', { steps: ['one'] }],
    ['is not decided on', { decision: null }],
  ])('is notified again when it %s', (_what, over) => {
    expect(again(found(), {}, over)).toMatchObject({ record: true, changed: true, tell: true, notice: 'follows', known: 7, since: NOW - HOUR });
  });
  it.each<[string, Partial<Decided>]>([
    ['the same reasons are given in another order', { decision: decision(says('hold', 'notify', 'held'), says('mode', 'notify', 'mode-notify')) }],
    [
      'a reason is given twice',
      { decision: decision(says('mode', 'notify', 'mode-notify'), says('mode', 'notify', 'mode-notify'), says('hold', 'notify', 'held')) },
    ],
    ['a weaker restriction is added', { decision: decision(says('x', 'allow', 'y'), says('mode', 'notify', 'mode-notify'), says('hold', 'notify', 'held')) }],
    ['the plan is made from another state', { plan: { ...plan(A), digest: digestOf('other') } }],
    [
      'only the data and the wording differ',
      { decision: decision({ ...says('mode', 'notify', 'mode-notify', { a: 1 }), message: 'other' }, says('hold', 'notify', 'held')) },
    ],
  ])('is not notified again when %s', (_what, over) => {
    const before = found({ decision: decision(says('mode', 'notify', 'mode-notify'), says('hold', 'notify', 'held')) });
    expect(again(before, {}, { decision: before.decision, ...over })).toMatchObject({ changed: false, tell: false });
  });
  it('of another remediator, or of many that are held back for the same reason, is another', () => {
    expect(again(found(), { remediator: 'other' })).toMatchObject({ changed: true, tell: true, known: null, since: null });
    expect(again(found(), { members: 3 })).toMatchObject({ changed: true, tell: true, known: null, since: null });
  });
  it('that nobody could be notified of is notified again after ten minutes, and not before', () => {
    const untold = (triedAt: number) => again(found(), { told: null, triedAt });
    expect(untold(NOW - 600_000)).toMatchObject({ changed: false, record: false, tell: true, notice: 'follows', known: 7, since: null });
    expect(untold(NOW - 599_999)).toMatchObject({ tell: false, notice: 'known', since: null });
    // Whoever heard of it as it was before hears of what it is now, too.
    const told = { state: 'other', approval: null, at: NOW - HOUR, channels: [] };
    expect(again(found(), { told })).toMatchObject({ changed: false, tell: true, since: NOW - HOUR });
    expect(again(found(), { told, triedAt: NOW - 599_999 })).toMatchObject({ tell: false });
  });
  it('that somebody reopens after a fix is notified each time an event shows it', () => {
    const contested = found({ outcome: 'contested', decision: decision(says('fights', 'notify', 'contested')) });
    expect(again(contested)).toMatchObject({ changed: false, tell: false });
    expect(again(contested, { triedAt: NOW }, { trigger: { by: 'finding', finding: apiCallFinding() } })).toMatchObject({
      changed: false,
      tell: true,
      record: true,
    });
    expect(again(found(), { triedAt: NOW }, { trigger: { by: 'finding', finding: apiCallFinding() } })).toMatchObject({ tell: false });
  });
  it('is notified again when it becomes suppressed, or is no longer suppressed', () => {
    expect(again(found(), { quiet: true })).toMatchObject({ changed: true, record: true, tell: false, notice: 'known' });
    expect(again(found(), {}, { joined: true })).toMatchObject({ changed: true, record: true, tell: false, notice: 'none', gap: { quiet: true } });
  });
});

describe('an earlier gap', () => {
  const both = { facts: shows({ status: 'change', changes: [A, B] }) };
  const old = (subjects: readonly string[], over: Partial<Gap> = {}) => stands(found(), { key: gapKey(R, subjects), subjects, record: 3, ...over });
  it('closes when it is gone, and that is recorded', () => {
    const news = gapNews(found({ view: view({ gaps: [stands(found()), old(['b'])] }) }));
    expect(news).toMatchObject({ gap: { over: [gapKey(R, ['b'])] }, record: true, changed: false, tell: false, known: 7 });
  });
  it('stays next to a new gap while it is there', () => {
    expect(gapNews(found({ ...both, view: view({ gaps: [stands(found()), old(['b'])] }) }))).toMatchObject({ gap: { over: [] }, record: false });
  });
  it('stays if nobody could read the resource', () => {
    const blind = found({ plan: null, facts: { assessment: unreadable('no'), now: NOW } });
    expect(gapNews({ ...blind, view: view({ gaps: [old(['b'])] }) })).toMatchObject({ gap: { subjects: ['unread'], over: [] } });
  });
  it('stays under its new key when it is decided on in another group, with what people know', () => {
    const together = found({ ...both, plan: plan(A, B), view: view({ gaps: [old(['a']), old(['b'])] }) });
    expect(gapNews(together)).toMatchObject({
      gap: { key: gapKey(R, ['a', 'b']), over: [gapKey(R, ['a']), gapKey(R, ['b'])] },
      changed: true,
      known: null,
      since: NOW - HOUR,
    });
    // Nobody hears of it once more while what they heard is what it is.
    const { gap } = gapNews(together);
    const told = { state: String(gap?.['state']), approval: null, at: NOW - HOUR, channels: [] };
    expect(gapNews({ ...together, view: view({ gaps: [old(['b'], { told })] }) })).toMatchObject({ tell: false, notice: 'known', since: NOW - HOUR });
    expect(gapNews({ ...together, view: view({ gaps: [old(['b'], { told: null })] }) })).toMatchObject({ tell: true, since: null });
  });
  it('that shares nothing with the new gap does not affect its age', () => {
    expect(gapNews(found({ view: view({ gaps: [old(['b'])] }) }))).toMatchObject({ gap: { over: [gapKey(R, ['b'])] }, since: null, tell: true });
  });
});

describe('a pass that finds nothing to change', () => {
  const compliant = found({ outcome: 'no-op', decision: null, plan: null, facts: shows({ status: 'compliant' }) });
  it('is not recorded for a sweep; otherwise it is, and nobody is notified', () => {
    expect(gapNews(compliant)).toEqual({ gap: null, record: false, changed: true, tell: false, notice: 'none', known: null, since: null, deadline: null });
    expect(gapNews({ ...compliant, trigger: { by: 'request' } })).toMatchObject({ gap: null, record: true, tell: false });
  });
  it('closes an open gap, and reports it', () => {
    const gaps = [stands(found()), stands(found(), { remediator: 'other', key: 'g-other' }), stands(found(), { members: 2, key: 'g-many' })];
    expect(gapNews({ ...compliant, view: view({ gaps }) })).toMatchObject({ gap: { over: [gapKey(R, ['a'])] }, record: true, tell: false, notice: 'none' });
  });
  it('closes only what is no longer there', () => {
    const gaps = [stands(found()), stands(found(), { key: 'g-b', subjects: ['b'] }), stands(found(), { key: 'g-ab', subjects: ['a', 'b'] })];
    const left = { ...compliant, facts: shows({ status: 'change', changes: [A] }), view: view({ gaps }) };
    expect(gapNews(left).gap).toEqual({ over: ['g-b', 'g-ab'] });
    const manual = stands(found(), { key: 'g-m', subjects: ['manual'] });
    expect(gapNews({ ...compliant, facts: shows({ status: 'manual', message: 'm' }), view: view({ gaps: [manual, gaps[0] as Gap] }) }).gap).toEqual({
      over: [gapKey(R, ['a'])],
    });
    expect(gapNews({ ...compliant, facts: shows({ status: 'not-applicable', reason: 'r' }), view: view({ gaps: [manual] }) }).gap).toEqual({ over: ['g-m'] });
  });
  it('closes nothing if the resource could not be read', () => {
    const gaps = [stands(found())];
    expect(gapNews({ ...compliant, facts: null, view: view({ gaps }) }).gap).toBeNull();
    expect(gapNews({ ...compliant, facts: { assessment: unreadable('no'), now: NOW }, view: view({ gaps }) }).gap).toBeNull();
    expect(gapNews({ ...compliant, view: null }).gap).toBeNull();
  });
});

describe('a pass that proves nothing about a gap', () => {
  const PLAIN = { gap: null, record: true, changed: true, known: null, since: null, deadline: null };
  it.each<[string, Partial<Decided>]>([
    ['a stream that cannot be read', { view: null }],
    ['what was superseded', { outcome: 'superseded' }],
    ['what waits for a runbook', { outcome: 'awaiting-runbook' }],
    [
      'an event that is not authentic',
      { outcome: 'denied', decision: decision(says('authenticity', 'deny', 'wrong-source')), trigger: { by: 'finding', finding: apiCallFinding() } },
    ],
    [
      'an event that comes too early',
      { outcome: 'denied', decision: decision(says('settling', 'deny', 'settling')), trigger: { by: 'finding', finding: apiCallFinding() } },
    ],
    ['a call that failed', { outcome: 'denied', decision: decision(says('failed-call', 'deny', 'call-failed')), trigger: { by: 'request' } }],
  ])('is %s', (_what, over) => {
    expect(gapNews(found({ view: view({ gaps: [stands(found())] }), ...over }))).toEqual({ ...PLAIN, tell: true, notice: 'follows' });
  });
  it.each<[string, Partial<Decided>]>([
    ['the same from a sweep', { trigger: { by: 'sweep' } }],
    ['for one more reason', { decision: decision(says('authenticity', 'deny', 'wrong-source'), says('hold', 'deny', 'x')) }],
    ['by a guardrail that does not deny', { outcome: 'awaiting-approval', decision: decision(says('authenticity', 'approve', 'no-envelope')) }],
    ['without a decision', { decision: null }],
  ])('is not: %s', (_what, over) => {
    const denied = {
      outcome: 'denied',
      decision: decision(says('authenticity', 'deny', 'wrong-source')),
      trigger: { by: 'finding', finding: apiCallFinding() },
    } as const;
    expect(gapNews(found({ ...denied, ...over })).gap).not.toBeNull();
  });
});

describe('a pass without a notification', () => {
  const denied = (...results: readonly GuardrailResult[]) => gapNews(found({ outcome: 'denied', decision: decision(...results) }));
  const QUIETLY = { tell: false, notice: 'none', record: true, gap: { quiet: true } };
  it.each(['mode-off', 'own-call', 'replayed', 'approval-denied', 'refused-before'])('is %s', (code) => {
    expect(denied(says('x', 'deny', code))).toMatchObject(QUIETLY);
    // Where more is said, people hear of that.
    expect(denied(says('x', 'deny', code), says('y', 'deny', 'other'))).toMatchObject({ tell: true, gap: { quiet: false } });
  });
  it('is one that was refused before and has not settled either; one that only has not settled is notified', () => {
    expect(denied(says('refusals', 'deny', 'refused-before'), says('settling', 'deny', 'settling'))).toMatchObject(QUIETLY);
    expect(denied(says('mode', 'deny', 'mode-off'), says('settling', 'deny', 'settling'))).toMatchObject({ tell: true });
    expect(denied(says('settling', 'deny', 'settling'))).toMatchObject({ tell: true });
  });
  it('is only what is denied', () => {
    expect(gapNews(found({ decision: decision(says('mode', 'notify', 'mode-off')) }))).toMatchObject({ tell: true });
    expect(gapNews(found({ outcome: 'denied', decision: null }))).toMatchObject({ tell: true });
  });
  it('is an exception for another remediator, which has the gap under its own key', () => {
    const exempt = (...data: readonly object[]) =>
      gapNews(found({ outcome: 'exempt', decision: decision(...data.map((each) => says('exceptions', 'exempt', 'exception', each))) }));
    expect(exempt({ id: 'EXC-1', from: 'other' })).toMatchObject(QUIETLY);
    expect(exempt({ id: 'EXC-1' })).toMatchObject({ tell: true, gap: { quiet: false } });
    expect(exempt({ id: 'EXC-1', from: 'other' }, { id: 'EXC-2' })).toMatchObject({ tell: true });
    expect(gapNews(found({ outcome: 'exempt', decision: decision(says('exceptions', 'exempt', 'exception')) }))).toMatchObject({ tell: true });
    // Only of what is exempt that counts.
    expect(gapNews(found({ decision: decision(says('x', 'notify', 'y', { from: 'other' })) }))).toMatchObject({ tell: true });
  });
  it('is what waits for the request of another', () => {
    expect(gapNews(found({ joined: true }))).toMatchObject(QUIETLY);
  });
});

describe('a reason that holds all gaps back', () => {
  const denied = (...results: readonly GuardrailResult[]) => decision(...results);
  it.each<[string, Decision | null, string | null]>([
    ['a limit', denied(says('limits', 'deny', 'limit-window')), 'limit-window'],
    ['a circuit breaker', denied(says('circuit-breaker', 'deny', 'tripped')), 'tripped'],
    ['the kill switch', denied(says('kill-switch', 'deny', 'stopped')), 'stopped'],
    ['the first of two', denied(says('freeze', 'deny', 'frozen'), says('windows', 'deny', 'closed')), 'frozen'],
    ['not: one that also applies to this gap alone', denied(says('limits', 'deny', 'limit-window'), says('hold', 'deny', 'held')), null],
    ['not: a guardrail that only notifies', denied(says('freeze', 'notify', 'frozen')), null],
    ['no guardrail', null, null],
    ['a store that cannot be read', denied(says('x', 'deny', 'unreadable', { fact: 'history' }), says('hold', 'deny', 'held')), 'unreadable-history'],
    [
      'the store rather than the resource',
      denied(says('x', 'deny', 'unreadable', { fact: 'observation' }), says('y', 'deny', 'unreadable', { fact: 'register' })),
      'unreadable-register',
    ],
    [
      'the resource',
      denied(says('x', 'deny', 'unreadable', { fact: 'assessment' }), says('y', 'deny', 'unreadable', { fact: 'observation' })),
      'unreadable-assessment',
    ],
    ['a fact without a name', denied(says('x', 'deny', 'unreadable')), 'unreadable-undefined'],
    ['a guardrail that fails', denied(says('mine', 'deny', 'guardrail-failed'), says('limits', 'deny', 'limit-window')), 'guardrail-failed-mine'],
    [
      'an unreadable fact rather than a failure',
      denied(says('mine', 'deny', 'guardrail-failed'), says('x', 'deny', 'unreadable', { fact: 'policy' })),
      'unreadable-policy',
    ],
  ])('is %s', (_what, given, expected) => {
    expect(heldAlike(given)).toBe(expected);
  });

  const limited = found({ outcome: 'denied', decision: denied(says('limits', 'deny', 'limit-window')) });
  it('is notified once for all: the gap is recorded, and not notified separately', () => {
    expect(gapNews(limited)).toMatchObject({ gap: { held: 'limit-window', state: '' }, record: true, changed: true, tell: false, notice: 'known' });
  });
  it('does not change a gap, and keeps its request', () => {
    const before = found({ outcome: 'awaiting-approval', approval: { id: 'a-1', expires: NOW + 3 * DAY, announced: false } });
    const gap = stands(before);
    const news = gapNews({ ...limited, view: view({ gaps: [gap] }) });
    expect(news).toMatchObject({ gap: { state: gap.state, held: 'limit-window', approval: 'a-1' }, changed: true, tell: false });
    expect(again(limited)).toMatchObject({ changed: false, record: false, tell: false, notice: 'known' });
    // When it is held back no more nobody hears of it as if it were new; it has no request that nobody made.
    expect(gapNews(found({ view: view({ gaps: [gap] }) })).gap).toMatchObject({ held: null, approval: null });
    expect(gapNews(found({ view: view({ gaps: [{ ...stands(found()), held: 'limit-window' }] }) }))).toMatchObject({ changed: true, tell: false });
  });
  it('belongs to the gap if an event is the trigger', () => {
    expect(gapNews({ ...limited, trigger: { by: 'request' } })).toMatchObject({ gap: { held: null }, tell: true });
  });
});

describe('a request for an approval', () => {
  const asks = (id: string, over: Partial<Decided> = {}, expires = NOW + 3 * DAY) =>
    found({ outcome: 'awaiting-approval', decision: decision(says('mode', 'approve', 'mode-approve')), approval: { id, expires, announced: false }, ...over });
  const request = (id: string, over: Partial<Approval> = {}) => ({ id, verdict: 'none', expires: NOW + 1, usedBy: null, ...over }) as unknown as Approval;
  it('is notified once, with its expiry', () => {
    expect(gapNews(asks('a-1'))).toMatchObject({ gap: { approval: 'a-1', deadline: NOW + 3 * DAY, near: false }, tell: true, deadline: null });
    expect(again(asks('a-1'))).toMatchObject({ changed: false, tell: false });
  });
  it('is notified again on its last day', () => {
    const expires = NOW + DAY;
    const before = stands(asks('a-1', {}, expires), { near: false });
    expect(gapNews({ ...asks('a-1', {}, expires), view: view({ gaps: [before] }) })).toMatchObject({
      gap: { near: true },
      changed: true,
      tell: true,
      deadline: expires,
    });
    expect(gapNews({ ...asks('a-1', {}, expires + 1), view: view({ gaps: [stands(asks('a-1', {}, expires + 1))] }) })).toMatchObject({
      gap: { near: false },
      tell: false,
      deadline: null,
    });
    // Whoever heard of it when it was near already has heard.
    const heard = { ...before, near: true, told: { ...(before.told as NonNullable<Gap['told']>), at: NOW } };
    expect(gapNews({ ...asks('a-1', {}, expires), view: view({ gaps: [heard] }) })).toMatchObject({ tell: false, notice: 'known', deadline: expires });
    expect(gapNews({ ...asks('a-1', {}, expires), view: view({ gaps: [{ ...heard, told: { ...heard.told, at: NOW - 1 } }] }) })).toMatchObject({ tell: true });
  });
  it('with a later expiry than before is not notified again', () => {
    expect(gapNews({ ...asks('a-1', {}, NOW + 4 * DAY), view: view({ gaps: [stands(asks('a-1'))] }) })).toMatchObject({ changed: true, tell: false });
  });
  it('for another plan is another state, and so is one that no longer waits', () => {
    const other = { ...plan(A), digest: digestOf('other') };
    expect(again(asks('a-1'), {}, { plan: other })).toMatchObject({ changed: true, tell: true });
    expect(again(found(), {}, { plan: other })).toMatchObject({ changed: false });
  });
  it.each<[string, readonly Approval[], boolean]>([
    ['has expired', [], true],
    ['was answered', [request('a-1', { verdict: 'approved' })], true],
    ['was used', [request('a-1', { usedBy: 'x-1' })], true],
    ['can no longer be answered', [request('a-1', { expires: NOW })], true],
    ['can still be answered', [request('a-1')], false],
    ['can still be answered, next to others', [request('a-0', { expires: NOW }), request('a-1')], false],
  ])('made again under another name is notified again when the previous one %s', (_what, approvals, tell) => {
    const before = stands(asks('a-1'));
    expect(gapNews(asks('a-2', { view: view({ gaps: [before], approvals }) }))).toMatchObject({ changed: true, gap: { approval: 'a-2' }, tell });
  });
  it('is not notified to people who were notified of the gap without a request', () => {
    const before = stands(asks('a-1'));
    expect(
      gapNews(asks('a-2', { view: view({ gaps: [{ ...before, told: { ...(before.told as NonNullable<Gap['told']>), approval: null } }] }) })),
    ).toMatchObject({ tell: false });
  });
  it('for an announced change has notices of its own, and an end that people cannot extend', () => {
    const announced = asks('a-1', { approval: { id: 'a-1', expires: NOW + HOUR, announced: true } });
    expect(gapNews(announced)).toMatchObject({ gap: { approval: 'a-1', deadline: null, near: false }, tell: false, notice: 'known', deadline: null });
  });
});

describe('an exception that expires', () => {
  const iso = (time: number) => new Date(time).toISOString();
  const exempt = (expires: number) =>
    found({ outcome: 'exempt', decision: decision(says('exceptions', 'exempt', 'exception', { id: 'EXC-1', expires: iso(expires) })) });
  const tagged = (until: number, data: object = {}) =>
    found({ decision: decision(says('exceptions', 'notify', 'tag-without-entry', { until: iso(until), ...data })) });
  it('is expiring for a week', () => {
    expect(gapNews(exempt(NOW + 7 * DAY + 1))).toMatchObject({ gap: { deadline: NOW + 7 * DAY + 1, near: false }, deadline: null });
    expect(gapNews(exempt(NOW + 7 * DAY))).toMatchObject({ gap: { deadline: NOW + 7 * DAY, near: true }, deadline: NOW + 7 * DAY });
  });
  it('of a tag without an entry is expiring for a day', () => {
    expect(gapNews(tagged(NOW + DAY + 1))).toMatchObject({ gap: { deadline: NOW + DAY + 1, near: false } });
    expect(gapNews(tagged(NOW + DAY))).toMatchObject({ gap: { deadline: NOW + DAY, near: true } });
  });
  it('is read from the exceptions and from the decision', () => {
    const data = { expires: iso(NOW), until: iso(NOW) };
    for (const each of [says('other', 'notify', 'exception', data), says('exceptions', 'notify', 'other', data), says('exceptions', 'notify', 'exception')])
      expect(gapNews(found({ decision: decision(each) })).gap).toMatchObject({ deadline: null, near: false });
    expect(gapNews(found({ decision: decision(says('mode', 'notify', 'x'), says('exceptions', 'allow', 'exception', data)) })).gap).toMatchObject({
      deadline: null,
    });
    expect(gapNews(found({ decision: null })).gap).toMatchObject({ deadline: null });
  });
  it('by a tag is recorded at its first sight, for the resource and for each part', () => {
    const sight = (decided: Decided, tagFirstSeen: Record<string, number>) =>
      gapNews({ ...decided, view: view({ gaps: [stands(decided)], tagFirstSeen }) }).record;
    const [whole, part] = [tagged(NOW + 3 * DAY), tagged(NOW + 3 * DAY, { part: 'a' })];
    expect([sight(whole, {}), sight(whole, { [R]: NOW })]).toEqual([true, false]);
    expect([sight(part, {}), sight(part, { [R]: NOW }), sight(part, { [`${R} a`]: NOW })]).toEqual([true, true, false]);
    const over = found({ decision: decision(says('exceptions', 'allow', 'tag-without-effect'), says('mode', 'notify', 'mode-notify')) });
    expect([sight(over, {}), sight(over, { [R]: NOW })]).toEqual([true, false]);
    expect(sight(found(), {})).toBe(false);
    expect(gapNews(found({ decision: null, view: view({ gaps: [stands(found({ decision: null }))] }) })).record).toBe(false);
  });
});
