import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess, look } from '../../../../../tests/support/look.js';
import { disableAcls } from '../index.js';

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

it('has no lists any more, and where there were no controls the undo takes them away again', async () => {
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
it('keeps a list that grants somebody else something: that is for people', async () => {
  expect(await assess(disableAcls, REF, replies({ grants: [OWN, LOGS] }))).toMatchObject({
    status: 'manual',
    message: expect.stringContaining('LogDelivery: WRITE'),
  });
  // Where lists are off already, what stands in one means nothing.
  expect((await assess(disableAcls, REF, replies({ ownership: { ObjectOwnership: 'BucketOwnerEnforced' }, grants: [OWN, LOGS] }))).status).toBe('compliant');
});
it('asks about other accounts that the policy lets in', async () => {
  const policy = {
    Statement: [{ Effect: 'Allow', Principal: { AWS: ['arn:aws:iam::222222222222:root', 'arn:aws:iam::111111111111:role/own'] }, Action: 's3:PutObject' }],
  };
  expect(await assess(disableAcls, REF, replies({ policy }))).toMatchObject({
    hazards: [{ code: 'other-accounts', message: 'The policy of invoices lets in arn:aws:iam::222222222222:root' }],
  });
});
it('is not judged by a reply that leaves out the grants, or whose objects they are', async () => {
  await expect(look(disableAcls, REF, { s3: { ...replies().s3, GetBucketAcl: { Owner } } })).rejects.toThrow('Grants');
  await expect(look(disableAcls, REF, replies({ ownership: {} }))).rejects.toThrow('ObjectOwnership');
});
