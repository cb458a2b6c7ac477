import { describe, expect, it } from 'vitest';
import { ACCOUNT, facts, group, NOW, revoke } from '../internal/testing/facts.js';
import { type Approval, emptyView } from '../journal.js';
import { digestOf } from '../model/json.js';
import { streamOf } from '../model/resource.js';
import { definePolicy } from '../policy/policy.js';
import { approvalOf, discharge, dischargedBy, isLive, isOfOther, isOwn, joinedBy, mayNotApprove, requestOn, shownAs } from './approval.js';
import { circuitBreaker } from './breaker.js';
import { callOf } from './fights.js';
import { type Decision, type Facts, type GuardrailResult, known } from './guardrail.js';
import { settling } from './settling.js';

const LEAD = `arn:aws:iam::${ACCOUNT}:role/team/Lead`;
const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/Lead/alice`;
const policy = definePolicy({
  version: 1,
  environments: { dev: { accounts: [ACCOUNT] }, prod: { accounts: ['333333333333'], after: 'none', because: 'a test' } },
  remediators: { 'ec2-revoke-sg-open-ssh': { dev: 'approve' } },
  approvers: { dev: [LEAD], prod: [LEAD] },
});
const needs: GuardrailResult = { guardrail: 'mode', effect: 'approve', code: 'mode-approve', message: 'm', data: { mode: 'approve' } };
const hazard: GuardrailResult = { guardrail: 'hazards', effect: 'approve', code: 'bastion', message: 'm', data: { hazards: ['bastion'] } };
const ok: GuardrailResult = { guardrail: 'freeze', effect: 'allow', code: 'no-freeze', message: 'm' };
const waiting: Decision = { effect: 'approve', results: [needs, ok] };
const approval = (over: Partial<Approval> = {}): Approval => ({
  id: 'a-1',
  resource: group,
  remediator: 'ec2-revoke-sg-open-ssh',
  planDigest: digestOf({ plan: 1 }),
  subjects: [],
  discharges: [shownAs(needs)],
  fresh: false,
  causedBy: [`arn:aws:iam::${ACCOUNT}:user/mallory`],
  requestedAt: NOW - 1000,
  expires: NOW + 1000,
  verdict: 'approved',
  by: { name: SESSION, verified: true },
  usedBy: null,
  ...over,
});
const given = (approvals: Approval[], over: Partial<Facts> = {}) =>
  facts({ policy: known(policy), history: known({ ...emptyView(streamOf(group)), approvals }), ...over });

describe('an approval', () => {
  it('discharges what was shown', () => {
    const decision = discharge(waiting, given([approval()]));
    expect(decision.effect).toBe('allow');
    expect(approvalOf(decision)).toBe('a-1');
    // What was said is still there to read.
    expect(decision.results).toEqual([
      ...waiting.results,
      expect.objectContaining({ guardrail: 'approval', code: 'approved', data: { approval: 'a-1', by: SESSION, verified: true } }),
    ]);
  });
  it.each<[string, Partial<Approval>]>([
    ['of another plan', { planDigest: digestOf({ plan: 2 }) }],
    ['of another remediator', { remediator: 'other' }],
    ['without an answer', { verdict: 'none', by: null }],
    ['without an answer, whoever is named', { verdict: 'none' }],
    ['with an answer by an unnamed person', { by: null }],
    ['that has expired', { expires: NOW }],
    ['that was used', { usedBy: 'x-1' }],
    ['that showed less', { discharges: [] }],
    ['that showed other data', { discharges: [shownAs({ ...needs, data: { mode: 'plan' } })] }],
    ['by someone who is no longer an approver', { by: { name: `arn:aws:iam::${ACCOUNT}:role/Former`, verified: true } }],
    ['by the person who caused it', { causedBy: [LEAD] }],
    ['by the person who caused it, in another session', { causedBy: [`arn:aws:sts::${ACCOUNT}:assumed-role/Lead/bob`] }],
  ])('%s discharges nothing', (_name, over) => {
    expect(discharge(waiting, given([approval(over)]))).toBe(waiting);
  });
  it('does not discharge a reason that was added later', () => {
    const more: Decision = { effect: 'approve', results: [needs, hazard, ok] };
    expect(discharge(more, given([approval()]))).toBe(more);
    expect(discharge(more, given([approval({ discharges: [...dischargedBy(more)] })])).effect).toBe('allow');
  });
  it.each(['notify', 'exempt', 'deny'] as const)('never discharges %s', (effect) => {
    const decision: Decision = { effect, results: [needs, { ...ok, effect }] };
    expect(discharge(decision, given([approval()]))).toBe(decision);
  });
  it('discharges nothing without a plan', () => {
    expect(discharge(waiting, given([approval()], { plan: null }))).toBe(waiting);
  });
  it('that was denied denies until it expires, whatever is requested by then', () => {
    const no = approval({ verdict: 'denied' });
    const denied = { effect: 'deny', results: expect.arrayContaining([expect.objectContaining({ code: 'approval-denied', data: { approval: 'a-1' } })]) };
    expect(discharge(waiting, given([no]))).toMatchObject(denied);
    expect(discharge({ effect: 'approve', results: [needs, hazard] }, given([no]))).toMatchObject(denied);
    expect(discharge({ effect: 'allow', results: [ok] }, given([no]))).toMatchObject(denied);
    expect(discharge(waiting, given([{ ...no, expires: NOW }]))).toBe(waiting);
    const other: Decision = { effect: 'allow', results: [ok] };
    expect(discharge(other, given([approval({ verdict: 'denied', planDigest: digestOf({ plan: 2 }) })]))).toBe(other);
    // What is there for other reasons is not overruled by a yes, and needs none.
    expect(discharge(other, given([approval()]))).toBe(other);
  });
  it('is valid if the wording changes, and not if the data does', () => {
    expect(shownAs({ ...needs, message: 'other' })).toBe(shownAs(needs));
    expect(shownAs({ ...needs, code: 'other' })).not.toBe(shownAs(needs));
    expect(shownAs({ ...needs, guardrail: 'other' })).not.toBe(shownAs(needs));
  });
});

describe('who may approve', () => {
  const by = (name: string, verified = true) => ({ name, verified });
  it.each<[string, string, { name: string; verified: boolean }, readonly (string | null)[], RegExp | null]>([
    ['a listed role', ACCOUNT, by(LEAD), [], null],
    ['a session of it', ACCOUNT, by(SESSION), [], null],
    ['if it is unknown who caused it', ACCOUNT, by(LEAD), [null], null],
    ['unverified, below the highest', ACCOUNT, by(LEAD, false), [], null],
    ['not: unverified in the highest environment', '333333333333', by(LEAD, false), [], /was not verified/],
    ['verified in the highest environment', '333333333333', by(LEAD), [], null],
    ['not: a role of that name in another account', ACCOUNT, by('arn:aws:iam::999999999999:role/team/Lead'), [], /is not an approver of dev/],
    ['not: someone else', ACCOUNT, by('alice'), [], /is not an approver/],
    ['not: the person who caused it', ACCOUNT, by(SESSION), ['x', LEAD], /caused it/],
    ['not: in an account without an environment', '999999999999', by(LEAD), [], /no environment/],
  ])('%s', (_name, account, who, causedBy, why) => {
    const refused = mayNotApprove(policy, account, { causedBy }, who);
    if (why === null) expect(refused).toBeNull();
    else expect(refused).toMatch(why);
  });
  it('not in an environment without approvers, even one with the name of a member of every object', () => {
    const none = definePolicy({ version: 1, environments: { constructor: { accounts: [ACCOUNT] }, prod: { accounts: [], after: 'none', because: 'b' } } });
    expect(mayNotApprove(none, ACCOUNT, { causedBy: [] }, by(LEAD))).toMatch(/is not an approver of constructor/);
  });
});

describe('settling', () => {
  const asked = (over: Partial<Facts>) => settling.evaluate(facts(over));
  it.each<[string, Partial<Facts>, string, string]>([
    ['a minute after the change', { lastChange: NOW - 60_000 }, 'allow', 'settled'],
    ['a millisecond earlier', { lastChange: NOW - 59_999 }, 'deny', 'settling'],
    ['a remediator that does not wait', { lastChange: NOW, remediator: { ...facts().remediator, settle: 0 } }, 'allow', 'not-needed'],
    ['a source without settle time', { lastChange: null }, 'allow', 'not-needed'],
  ])('%s', (_name, over, effect, code) => {
    expect(asked(over)).toMatchObject({ effect, code });
  });
});

describe('the circuit breaker', () => {
  const asked = (remediator: string) =>
    circuitBreaker.evaluate(given([], { history: known({ ...emptyView(streamOf(group)), breakers: [{ remediator, since: NOW, reason: 'too many' }] }) }));
  it('denies while it is open', () => {
    expect(asked('ec2-revoke-sg-open-ssh')).toMatchObject({ effect: 'deny', code: 'tripped', data: { reason: 'too many' } });
  });
  it('has no effect on another remediator', () => {
    expect(asked('other')).toMatchObject({ effect: 'allow', code: 'closed' });
  });
});

describe('a request of another remediator', () => {
  const allowed: Decision = { effect: 'allow', results: [ok] };
  const other = { ...revoke, subject: 'tcp 3389-3389 0.0.0.0/0', call: { ...revoke.call, input: { GroupId: 'sg-0abc', Port: 3389 } } };
  const theirs = (over: Partial<Approval> = {}) =>
    approval({ id: 'a-2', remediator: 'narrower', planDigest: digestOf({ plan: 2 }), calls: [callOf(revoke)], verdict: 'none', by: null, ...over });
  const joins = (decision: Decision, each: Approval, over: Partial<Facts> = {}) => discharge(decision, given([each], over));
  const SAID = {
    guardrail: 'approval',
    effect: 'approve',
    code: 'asked-already',
    message: 'a-2 requests it already, planned by narrower.',
    data: { approval: 'a-2' },
  };

  it('is not made a second time', () => {
    const decision = joins(waiting, theirs());
    expect(decision).toEqual({ effect: 'approve', results: [...waiting.results, SAID] });
    expect([joinedBy(decision), joinedBy(waiting), joinedBy({ effect: 'allow', results: [] })]).toEqual(['a-2', null, null]);
    // Only what the approval says of a request that is there already, and only that.
    expect(joinedBy({ effect: 'approve', results: [{ ...needs, code: 'asked-already', data: { approval: 'a-3' } }] })).toBeNull();
    expect(joinedBy({ effect: 'allow', results: [{ ...ok, guardrail: 'approval', code: 'approved', data: { approval: 'a-3' } }] })).toBeNull();
    expect(joinedBy({ effect: 'approve', results: [{ ...needs, guardrail: 'approval', code: 'asked-already' }] })).toBeNull();
    expect(joinedBy({ effect: 'approve', results: [{ ...needs, guardrail: 'approval', code: 'asked-already', data: { approval: 3 } }] })).toBeNull();
  });
  it('is not made a second time if it has one of several calls', () => {
    expect(joins(waiting, theirs(), { changes: [other, revoke] }).effect).toBe('approve');
    expect(joinedBy(joins(waiting, theirs(), { changes: [other, revoke] }))).toBe('a-2');
  });
  it('counts for its subject if it was recorded without calls', () => {
    const { calls: _, ...old } = theirs({ subjects: ['tcp 22-22 0.0.0.0/0'] });
    expect(joinedBy(joins(waiting, old))).toBe('a-2');
    expect(joins(waiting, old, { changes: [other] })).toBe(waiting);
    // What it is about no longer counts where its calls are known.
    expect(joins(waiting, theirs({ calls: [callOf(other)], subjects: ['tcp 22-22 0.0.0.0/0'] }))).toBe(waiting);
  });
  it.each<[string, Approval]>([
    ['about another call', theirs({ calls: [callOf(other)] })],
    ['of the same remediator', theirs({ remediator: 'ec2-revoke-sg-open-ssh' })],
    ['that has expired', theirs({ expires: NOW })],
    ['that was used', theirs({ usedBy: 'x-1' })],
    ['with an ended grace period', theirs({ grace: { period: 1, remind: [], sent: [], sending: null, ended: 'gone' } })],
  ])('has no effect %s', (_name, each) => {
    expect(joins(waiting, each)).toBe(waiting);
    expect(isOfOther(each, given([]))).toBe(false);
  });
  it('denies once it was denied, and nobody waits for it', () => {
    expect(isOfOther(theirs({ verdict: 'denied' }), given([]))).toBe(false);
    expect(isOfOther(theirs(), given([]))).toBe(true);
    expect(joins(waiting, theirs({ verdict: 'denied' }))).toMatchObject({
      effect: 'deny',
      results: [needs, ok, { code: 'approval-denied', data: { approval: 'a-2' } }],
    });
    expect(joins(allowed, theirs({ verdict: 'denied' }))).toMatchObject({ effect: 'deny' });
    // Once it has run out nothing of it is left, and of another call it says nothing.
    expect(joins(waiting, theirs({ verdict: 'denied', expires: NOW }))).toBe(waiting);
    expect(joins(waiting, theirs({ verdict: 'denied', calls: [callOf(other)] }))).toBe(waiting);
    expect(joins(waiting, theirs({ verdict: 'denied', calls: [callOf(other)] }), { changes: [revoke, other] })).toMatchObject({ effect: 'deny' });
  });
  it.each<[string, Partial<Approval>, number, boolean]>([
    ['waits for the one of a narrower remediator', { breadth: 1 }, 2, true],
    ['waits for one that was made before breadth was stored, if it is the broader one', {}, 1, true],
    ['does not wait for an equally broad one', { breadth: 2 }, 2, false],
    ['does not wait for a broader one', { breadth: 3 }, 2, false],
    ['waits for one that was requested for more than its own mode', { breadth: 1, asks: ['mode', 'hazards'] }, 2, true],
    ['does not wait for one that was requested only for its own mode', { breadth: 1, asks: ['mode'] }, 2, false],
    ['does not wait for one that was requested only for its own mode and ceiling', { breadth: 1, asks: ['mode', 'ceiling'] }, 2, false],
  ])('that needs no answer %s', (_name, over, breadth, waits) => {
    const decision = joins(allowed, theirs(over), { remediator: { ...facts().remediator, breadth } });
    if (waits) expect(decision).toEqual({ effect: 'approve', results: [ok, SAID] });
    else expect(decision).toBe(allowed);
    // What has to be asked for anyway is asked for once, whoever is narrower.
    expect(joinedBy(joins(waiting, theirs(over), { remediator: { ...facts().remediator, breadth } }))).toBe('a-2');
  });
  it("counts by its change: another remediator's, or one that was denied", () => {
    const me = { id: 'ec2-revoke-sg-open-ssh' };
    const mine = (over: Partial<Approval> = {}) => approval({ calls: [callOf(revoke)], ...over });
    expect(requestOn([theirs()], me, revoke)).toBe('a-2');
    expect(requestOn([theirs()], me, other)).toBeNull();
    expect(requestOn([mine()], me, revoke)).toBeNull();
    expect(requestOn([mine({ verdict: 'denied' })], me, revoke)).toBe('a-1');
    expect(requestOn([mine({ verdict: 'denied' })], me, other)).toBeNull();
    expect(requestOn([mine(), theirs()], me, revoke)).toBe('a-2');
    expect(requestOn([], me, revoke)).toBeNull();
  });
  it('for its own mode and ceiling has no effect on others', () => {
    expect([['mode'], ['ceiling'], ['mode', 'ceiling'], ['mode', 'hazards'], ['hazards'], []].map(isOwn)).toEqual([true, true, true, false, false, false]);
  });
});

it('an announcement that has ended can no longer be used', () => {
  const grace = (ended: string | null) => approval({ grace: { period: 1, remind: [], sent: [], sending: null, ended } as NonNullable<Approval['grace']> });
  expect([approval(), grace(null), grace('gone')].map((each) => isLive(each, NOW))).toEqual([true, true, false]);
});

it('an approval discharges the same in whatever order it was given', () => {
  expect(dischargedBy({ effect: 'approve', results: [hazard, ok, needs] })).toEqual(dischargedBy({ effect: 'approve', results: [needs, hazard, needs] }));
  expect(dischargedBy({ effect: 'approve', results: [hazard, ok, needs] })).toHaveLength(2);
});

it('an approver has to be verified only in the highest of several environments', () => {
  const staged = definePolicy({
    version: 1,
    environments: {
      dev: { accounts: [ACCOUNT] },
      stage: { accounts: ['222222222222'], after: 'none', because: 'a test' },
      prod: { accounts: ['333333333333'], after: 'none', because: 'a test' },
    },
    approvers: { dev: [LEAD], stage: [LEAD], prod: [LEAD] },
  });
  const may = [ACCOUNT, '222222222222', '333333333333'].map(
    (account) => mayNotApprove(staged, account, { causedBy: [] }, { name: LEAD, verified: false }) === null,
  );
  expect(may).toEqual([true, true, false]);
});
