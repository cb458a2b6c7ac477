import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import { removePublicKeyPolicy } from './index.js';

const REF = resource({ type: 'AWS::KMS::Key', id: '1234abcd-12ab-34cd-56ef-1234567890ab', account: '111111111111', region: 'eu-west-1' });
const ROOT = 'arn:aws:iam::111111111111:root';
const root = { Sid: 'root', Effect: 'Allow', Principal: { AWS: ROOT }, Action: 'kms:*', Resource: '*' };
const open = (more: object = {}) => ({ Sid: 'use', Effect: 'Allow', Principal: '*', Action: 'kms:Decrypt', Resource: '*', ...more });
const policy = (...Statement: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Id: 'own', Statement });
const replies = (Policy: string | undefined, KeyManager = 'CUSTOMER') => ({
  kms: { DescribeKey: { KeyMetadata: { KeyId: REF.id, KeyManager } }, ListResourceTags: { Tags: [] }, GetKeyPolicy: { Policy } },
});
const when = (operator: string, key: string, value: unknown) => ({ Condition: { [operator]: { [key]: value } } });

it('is limited to the account: the other statements stay, the lockout check is not bypassed, and the undo restores the policy', async () => {
  const before = policy(root, open(), open({ Sid: 'both', Principal: { AWS: ['*', 'arn:aws:iam::222222222222:root'] } }));
  const assessment = await assess(removePublicKeyPolicy, REF, replies(before));
  expect(assessment).toMatchObject({
    status: 'change',
    hazards: [],
    changes: [
      {
        call: { operation: 'PutKeyPolicy' },
        undo: { restores: 'exact', calls: [{ operation: 'PutKeyPolicy', input: { KeyId: REF.id, PolicyName: 'default', Policy: before } }] },
      },
    ],
  });
  const input = assessment.status === 'change' ? (assessment.changes[0]?.call.input ?? {}) : {};
  expect(Object.keys(input).sort()).toEqual(['KeyId', 'Policy', 'PolicyName']);
  expect(JSON.parse(String(input['Policy']))).toEqual(
    JSON.parse(policy(root, open({ Principal: { AWS: ROOT } }), open({ Sid: 'both', Principal: { AWS: ['arn:aws:iam::222222222222:root', ROOT] } }))),
  );
  expect((await assess(removePublicKeyPolicy, REF, replies(String(input['Policy'])))).status).toBe('compliant');
});
it.each<[string, object, string]>([
  ['the callers of its account', when('StringEquals', 'kms:CallerAccount', '111111111111'), 'compliant'],
  ['its organization', when('StringEquals', 'aws:PrincipalOrgID', 'o-1'), 'compliant'],
  ['every caller of a service', when('StringEquals', 'kms:ViaService', 's3.eu-west-1.amazonaws.com'), 'manual'],
  ['every account', when('StringLike', 'kms:CallerAccount', '*'), 'manual'],
  // A policy variable is the caller's own value, which everybody has.
  ['every account, by a policy variable', when('StringEquals', 'aws:PrincipalAccount', '${aws:PrincipalAccount}'), 'manual'],
  ['every caller, by a policy variable', when('ArnLike', 'aws:PrincipalArn', '${aws:PrincipalArn}'), 'manual'],
  ['one account, or every one', when('StringEquals', 'kms:CallerAccount', ['111111111111', '${kms:CallerAccount}']), 'manual'],
  ['nobody', { Effect: 'Deny' }, 'compliant'],
  ['a service', { Principal: { Service: 'logs.eu-west-1.amazonaws.com' } }, 'compliant'],
])('that allows %s: %s is %s', async (_, more, status) => {
  expect((await assess(removePublicKeyPolicy, REF, replies(policy(root, open(more))))).status).toBe(status);
});
it('needs manual steps if KMS would accept no policy: with the id of a deleted principal, or no room', async () => {
  const deleted = { ...root, Sid: 'gone', Principal: { AWS: 'AROAABCDEFGHIJKLMNOPQ' } };
  expect(await assess(removePublicKeyPolicy, REF, replies(policy(root, deleted, open())))).toMatchObject({
    status: 'manual',
    message: expect.stringContaining('a principal that was deleted'),
  });
  expect(await assess(removePublicKeyPolicy, REF, replies(policy(root, open(), { ...root, Sid: 'x'.repeat(32_400) })))).toMatchObject({
    status: 'manual',
    message: expect.stringContaining('no room'),
  });
  expect((await assess(removePublicKeyPolicy, REF, replies('{'))).status).toBe('manual');
});
it('does not apply to an AWS managed key, and cannot be read if KMS omits that', async () => {
  expect((await assess(removePublicKeyPolicy, REF, replies(policy(open()), 'AWS'))).status).toBe('not-applicable');
  await expect(look(removePublicKeyPolicy, REF, replies(undefined))).rejects.toThrow('Policy');
});
