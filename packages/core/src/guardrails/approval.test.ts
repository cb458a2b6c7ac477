import { describe, expect, it } from 'vitest';
import { ACCOUNT, facts, group, NOW } from '../internal/testing/facts.js';
import { type Approval, emptyView } from '../journal.js';
import { digestOf } from '../model/json.js';
import { streamOf } from '../model/resource.js';
import { definePolicy } from '../policy/policy.js';
import { approvalOf, discharge, dischargedBy, mayNotApprove, shownAs } from './approval.js';
import { circuitBreaker } from './breaker.js';
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
    ['that nobody has answered', { verdict: 'none', by: null }],
    ['that nobody has answered, whoever is named', { verdict: 'none' }],
    ['that somebody has answered who is not named', { by: null }],
    ['that has run out', { expires: NOW }],
    ['that was used', { usedBy: 'x-1' }],
    ['of which less was shown', { discharges: [] }],
    ['of which other data were shown', { discharges: [shownAs({ ...needs, data: { mode: 'plan' } })] }],
    ['by someone who is no approver any more', { by: { name: `arn:aws:iam::${ACCOUNT}:role/Former`, verified: true } }],
    ['by who caused it', { causedBy: [LEAD] }],
    ['by who caused it in another session', { causedBy: [`arn:aws:sts::${ACCOUNT}:assumed-role/Lead/bob`] }],
  ])('%s discharges nothing', (_name, over) => {
    expect(discharge(waiting, given([approval(over)]))).toBe(waiting);
  });
  it('does not discharge a reason that came up later', () => {
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
  it('that was denied denies, until it runs out, whatever is asked by then', () => {
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
  it('wording may change, data may not', () => {
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
    ['when nobody knows who caused it', ACCOUNT, by(LEAD), [null], null],
    ['unverified, below the highest', ACCOUNT, by(LEAD, false), [], null],
    ['not: unverified in the highest environment', '333333333333', by(LEAD, false), [], /was not verified/],
    ['verified in the highest environment', '333333333333', by(LEAD), [], null],
    ['not: a role of that name in another account', ACCOUNT, by('arn:aws:iam::999999999999:role/team/Lead'), [], /is no approver of dev/],
    ['not: someone else', ACCOUNT, by('alice'), [], /is no approver/],
    ['not: who caused it', ACCOUNT, by(SESSION), ['x', LEAD], /caused it/],
    ['not: in an account of no environment', '999999999999', by(LEAD), [], /no environment/],
  ])('%s', (_name, account, who, causedBy, why) => {
    const refused = mayNotApprove(policy, account, { causedBy }, who);
    if (why === null) expect(refused).toBeNull();
    else expect(refused).toMatch(why);
  });
  it('not in an environment that lists nobody, also not one called like a member of all objects', () => {
    const none = definePolicy({ version: 1, environments: { constructor: { accounts: [ACCOUNT] }, prod: { accounts: [], after: 'none', because: 'b' } } });
    expect(mayNotApprove(none, ACCOUNT, { causedBy: [] }, by(LEAD))).toMatch(/is no approver of constructor/);
  });
});

describe('settling', () => {
  const asked = (over: Partial<Facts>) => settling.evaluate(facts(over));
  it.each<[string, Partial<Facts>, string, string]>([
    ['a minute after the change', { lastChange: NOW - 60_000 }, 'allow', 'settled'],
    ['a millisecond earlier', { lastChange: NOW - 59_999 }, 'deny', 'settling'],
    ['a remediator that does not wait', { lastChange: NOW, remediator: { ...facts().remediator, settle: 0 } }, 'allow', 'not-needed'],
    ['where it does not matter', { lastChange: null }, 'allow', 'not-needed'],
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
  it('of another remediator is no matter', () => {
    expect(asked('other')).toMatchObject({ effect: 'allow', code: 'closed' });
  });
});
