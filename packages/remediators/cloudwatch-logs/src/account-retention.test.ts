import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import { raiseAccountRetention as raise } from './index.js';

const REF = resource({ type: 'AWS::::Account', id: '111111111111', account: '111111111111', region: 'eu-west-1' });
const policy = (policyName: string, document: object | string, more: object = {}) => ({
  policyName,
  policyDocument: typeof document === 'string' ? document : JSON.stringify(document),
  ...more,
});
const of = (...accountPolicies: object[]) => ({ logs: { DescribeAccountPolicies: { accountPolicies } } });
const SELECTION = 'LogGroupNamePrefix IN ["/apps"]';

it('each policy with a short retention is raised by its own call, with its other members; no other is changed', async () => {
  const short = policy('apps', { enforcementMode: 'NEW_ONLY', retentionInDays: 30, more: 1 }, { selectionCriteria: SELECTION, scope: 'ALL' });
  const call = (days: number) => ({
    operation: 'PutAccountPolicy',
    input: {
      policyName: 'apps',
      policyType: 'RETENTION_POLICY',
      policyDocument: `{"enforcementMode":"NEW_ONLY","more":1,"retentionInDays":${days}}`,
      selectionCriteria: SELECTION,
      scope: 'ALL',
    },
  });
  const assessment = await assess(raise, REF, of(policy('audit', { retentionInDays: 'NEVER_EXPIRE' }), short, policy('long', { retentionInDays: 731 })));
  expect(assessment).toMatchObject({
    changes: [
      { call: call(365), undo: { restores: 'exact', destroys: 'log events older than 30 days in the log groups under apps, permanently', calls: [call(30)] } },
    ],
  });
  expect((assessment as { readonly changes: readonly unknown[] }).changes).toHaveLength(1);
});
it.each<[string, object[], object]>([
  ['there is none: a new one would shorten the retention of groups', [], {}],
  ['it keeps events forever', [policy('a', { retentionInDays: 'NEVER_EXPIRE' })], {}],
  ['it is long enough', [policy('a', { retentionInDays: 400 })], {}],
  ['less is required', [policy('a', { retentionInDays: 30 })], { minDays: 30 }],
])('nothing is changed if %s', async (_, policies, parameters) => {
  expect((await assess(raise, REF, of(...policies), { parameters })).status).toBe('compliant');
});
it.each([
  ['no days', policy('a', { enforcementMode: 'RETROACTIVE' })],
  ['days as a text', policy('a', { retentionInDays: '30' })],
  ['no document', { policyName: 'a' }],
  ['a document that is a text', policy('a', '"30"')],
  ['no name', { policyDocument: '{"retentionInDays":30}' }],
])('a policy with %s is an error', async (_, given) => {
  await expect(look(raise, REF, of(given))).rejects.toThrow();
});
it.each([29, 31, 7, 4000])('of an account cannot be %i days', (minDays) => {
  expect(() => raise.parameters({ minDays })).toThrow('minDays');
});
it('always needs an approval, and an undo that deletes events has to be accepted', () => {
  expect([raise.ceiling, raise.uses.writes.flatMap(({ operations }) => operations)]).toEqual(['approve', ['PutAccountPolicy']]);
});
