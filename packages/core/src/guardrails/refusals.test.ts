import { describe, expect, it } from 'vitest';
import { ACCOUNT, facts, group, NOW, revoke } from '../internal/testing/facts.js';
import { emptyView, type Refusal } from '../journal.js';
import { digestOf } from '../model/json.js';
import { streamOf } from '../model/resource.js';
import { definePolicy } from '../policy/policy.js';
import { setApart } from './exceptions.js';
import { type Facts, known } from './guardrail.js';
import { exceptionTagged, identityDigest, refusals } from './refusals.js';

const DAY = 86_400_000;
const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'ec2-revoke-sg-open-ssh': { dev: 'enforce' } } });
const REDRESS = { account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/session` };
const { service, operation, input } = revoke.call;
const refusal = (over: Partial<Refusal> = {}): Refusal => ({
  operation: 'ec2:RevokeSecurityGroupIngress',
  call: digestOf({ service, operation, input }),
  subject: 'tcp 22-22 0.0.0.0/0',
  remediator: 'a-narrower-one',
  execution: 'x-1',
  at: NOW - 1000,
  by: 'a service control policy',
  policyType: 'service-control-policy',
  authorizationId: 'q1',
  policy: policy.digest,
  role: identityDigest(REDRESS),
  tagged: false,
  ...over,
});
const given = (each: Refusal, over: Partial<Facts> = {}): Facts =>
  facts({ policy: known(policy), identity: known(REDRESS), history: known({ ...emptyView(streamOf(group)), refusals: [each] }), ...over });
const DENIED = { effect: 'deny', code: 'refused-before' };
const ALLOWED = { effect: 'allow', code: 'not-refused' };

describe('a call that AWS has refused', () => {
  it('is held back, with the policy that denies it, and what makes Redress retry it', () => {
    expect(refusals.evaluate(given(refusal()))).toEqual({
      ...DENIED,
      message:
        'AWS refused ec2:RevokeSecurityGroupIngress on 2026-11-24T09:59:59.000Z (a service control policy, authorization id q1; execution x-1). It is tried again when the policy or the role of Redress changes, after 2026-12-01T09:59:59.000Z, or by `redress retry`.',
      data: { executions: ['x-1'], by: 'a service control policy', policyType: 'service-control-policy', until: '2026-12-01T09:59:59.000Z' },
    });
  });
  it.each<[string, Partial<Refusal>, Partial<Facts>, object]>([
    ['by the same call without a part', { subject: null }, {}, DENIED],
    ['by the same operation on the same part, in another call', { call: digestOf('of two rules at once') }, {}, DENIED],
    ['in another session of the role', {}, { identity: known({ ...REDRESS, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/other` }) }, DENIED],
    ['a millisecond before a week is over', { at: NOW - 7 * DAY + 1 }, {}, DENIED],
    ['not: when a week is over', { at: NOW - 7 * DAY }, {}, ALLOWED],
    ['not: another part', { call: digestOf('other'), subject: 'tcp 3389-3389 0.0.0.0/0' }, {}, ALLOWED],
    ['not: another operation on the same part', { operation: 'ec2:ModifySecurityGroupRules' }, {}, ALLOWED],
    ['not: under another policy', { policy: digestOf('other') }, {}, ALLOWED],
    ['not: under another role', { role: identityDigest({ arn: 'arn:aws:iam::111111111111:role/Other' }) }, {}, ALLOWED],
    ['not: with one more known role', {}, { identity: known({ ...REDRESS, actsAs: ['arn:aws:iam::111111111111:role/Fix'] }) }, ALLOWED],
    ['not: after the exception tag was removed', { tagged: true }, {}, ALLOWED],
    ['while the exception tag is set', { tagged: true }, { observation: known({ state: {}, tags: { 'Redress:Exception': '' } }) }, DENIED],
    ['not: without a change', {}, { changes: [] }, ALLOWED],
  ])('is held back %s', (_name, over, more, expected) => {
    expect(refusals.evaluate(given(refusal(over), more))).toMatchObject(expected);
  });
  it('does not hold back other parts', () => {
    const other = { ...revoke, subject: 'other', call: { ...revoke.call, input: { GroupId: 'other' } } };
    expect([revoke, other].map((each) => setApart(given(refusal()), each))).toEqual([' refused', '']);
    const { subject, ...whole } = revoke;
    expect(subject).toBeDefined();
    // What belongs together stays together.
    expect(setApart(given(refusal({ subject: null })), whole)).toBe('');
  });
});

it('the exception tag is recognized on the resource, on its parts and on what uses it', () => {
  const tags = { 'redress:exception': '' };
  const type = 'AWS::EC2::Instance';
  expect(exceptionTagged(policy, 'gone')).toBe(false);
  expect(exceptionTagged(policy, { state: {}, tags: 'untaggable' })).toBe(false);
  expect(exceptionTagged(policy, { state: {}, tags: { other: '' } })).toBe(false);
  expect(exceptionTagged(policy, { state: {}, tags })).toBe(true);
  expect(exceptionTagged(policy, { state: {}, tags: {}, usedBy: [{ type, id: 'i-1', tags }] })).toBe(true);
  expect(exceptionTagged(policy, { state: {}, tags: {}, parts: [{ type, id: 'sgr-1', subject: 'one', tags }] })).toBe(true);
});
