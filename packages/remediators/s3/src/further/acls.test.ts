import { resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look } from '../../../../../tests/support/look.js';
import { disableAcls, requireKmsDefaultEncryption } from '../index.js';

const REF = resource({ type: 'AWS::S3::Bucket', id: 'invoices', account: '111111111111', region: 'eu-west-1' });
const Owner = { ID: 'a1b2' };
const OWN = { Grantee: { Type: 'CanonicalUser', ID: 'a1b2' }, Permission: 'FULL_CONTROL' };
const LOGS = { Grantee: { Type: 'Group', URI: 'http://acs.amazonaws.com/groups/s3/LogDelivery' }, Permission: 'WRITE' };
const none = (code: string) => Object.assign(new Error(code), { code: 'aws/gone', cause: Object.assign(new Error(code), { name: code }) });
const replies = ({ ownership, grants = [OWN], policy }: { ownership?: unknown; grants?: readonly object[] | undefined; policy?: object } = {}) => ({
  s3: {
    ListBuckets: { Buckets: [{ Name: 'invoices', BucketRegion: 'eu-west-1', CreationDate: new Date(0) }] },
    GetBucketTagging: { TagSet: [] },
    GetBucketOwnershipControls: ownership === undefined ? none('OwnershipControlsNotFoundError') : { OwnershipControls: { Rules: [ownership] } },
    GetBucketAcl: { Owner, Grants: grants },
    GetBucketPolicy: policy === undefined ? none('NoSuchBucketPolicy') : { Policy: JSON.stringify(policy) },
  },
});

it('has no ACLs after the fix, and if there were no controls the undo removes them', async () => {
  const Bucket = { Bucket: 'invoices', ExpectedBucketOwner: '111111111111' };
  expect(await assess(disableAcls, REF, replies())).toMatchObject({
    status: 'change',
    hazards: [],
    changes: [
      {
        call: { operation: 'PutBucketOwnershipControls', input: { ...Bucket, OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } } },
        undo: { restores: 'exact', calls: [{ operation: 'DeleteBucketOwnershipControls', input: Bucket }] },
      },
    ],
  });
  expect(await assess(disableAcls, REF, replies({ ownership: { ObjectOwnership: 'BucketOwnerPreferred' } }))).toMatchObject({
    changes: [
      {
        undo: { calls: [{ operation: 'PutBucketOwnershipControls', input: { OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerPreferred' }] } } }] },
      },
    ],
  });
});
it('keeps an ACL that grants somebody else something: that needs manual steps', async () => {
  expect(await assess(disableAcls, REF, replies({ grants: [OWN, LOGS] }))).toMatchObject({
    status: 'manual',
    message: expect.stringContaining('LogDelivery: WRITE'),
  });
  // Where lists are off already, what stands in one means nothing.
  expect((await assess(disableAcls, REF, replies({ ownership: { ObjectOwnership: 'BucketOwnerEnforced' }, grants: [OWN, LOGS] }))).status).toBe('compliant');
});
it('has a hazard for other accounts that the policy allows', async () => {
  const policy = {
    Statement: [{ Effect: 'Allow', Principal: { AWS: ['arn:aws:iam::222222222222:root', 'arn:aws:iam::111111111111:role/own'] }, Action: 's3:PutObject' }],
  };
  expect(await assess(disableAcls, REF, replies({ policy }))).toMatchObject({
    hazards: [{ code: 'other-accounts', message: 'The policy of invoices allows arn:aws:iam::222222222222:root' }],
  });
});

describe('another account that the policy allows', () => {
  const letting = (who: object) => ({ Statement: [{ Effect: 'Allow', Action: 's3:PutObject', ...who }] });
  const KEY = 'arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const encrypted = {
    GetBucketEncryption: { ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] } },
  };
  it.each<[string, object, string | null]>([
    [
      'has the number of this account in a name',
      { Principal: { AWS: 'arn:aws:iam::222222222222:role/for-111111111111' } },
      'arn:aws:iam::222222222222:role/for-111111111111',
    ],
    [
      'has the number of this account in a path, like an ARN',
      { Principal: { AWS: 'arn:aws:iam::222222222222:role/:111111111111:/reader' } },
      'arn:aws:iam::222222222222:role/:111111111111:/reader',
    ],
    ['has a number', { Principal: { AWS: '222222222222' } }, '222222222222'],
    ['is everybody who is not excluded', { NotPrincipal: { AWS: 'arn:aws:iam::333333333333:root' } }, '*'],
    ['is everybody', { Principal: '*' }, '*'],
    ['is not this account, by its number', { Principal: { AWS: '111111111111' } }, null],
    ['is not a role of this account', { Principal: { AWS: 'arn:aws:iam::111111111111:role/for-222222222222' } }, null],
    ['is not a user of this account, in another partition', { Principal: { AWS: 'arn:aws-cn:iam::111111111111:user/own' } }, null],
    ['is not a service', { Principal: { Service: 'ses.amazonaws.com' } }, null],
  ])('%s', async (_, who, named) => {
    const answers = replies({ policy: letting(who) });
    const codes = async (assessed: ReturnType<typeof assess>) => {
      const assessment = await assessed;
      return assessment.status === 'change' ? (assessment.hazards ?? []).map(({ code, message }) => [code, message]) : assessment.status;
    };
    expect(await codes(assess(disableAcls, REF, answers))).toEqual(named === null ? [] : [['other-accounts', `The policy of invoices allows ${named}`]]);
    // Such an account needs a KMS key as well.
    expect(await codes(assess(requireKmsDefaultEncryption, REF, { s3: { ...answers.s3, ...encrypted } }, { parameters: { kmsKeyArn: KEY } }))).toEqual(
      named === null ? [] : [['other-accounts', `The policy of invoices allows ${named}.`]],
    );
  });
  it('does not include principals that a statement denies', async () => {
    const refused = { Statement: [{ Effect: 'Deny', Action: 's3:*', NotPrincipal: { AWS: 'arn:aws:iam::111111111111:root' } }] };
    expect(await assess(disableAcls, REF, replies({ policy: refused }))).toMatchObject({ status: 'change', hazards: [] });
  });
});
it('is not judged by a reply without grants, or without the owner of objects', async () => {
  await expect(look(disableAcls, REF, { s3: { ...replies().s3, GetBucketAcl: { Owner } } })).rejects.toThrow('Grants');
  await expect(look(disableAcls, REF, replies({ ownership: {} }))).rejects.toThrow('ObjectOwnership');
});
