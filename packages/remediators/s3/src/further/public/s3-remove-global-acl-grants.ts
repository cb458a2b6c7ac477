import { defineSetting, given, inParallel, type JsonObject, sharedOnPurpose, toJson } from '@redress/core';
import { accountBlockOf, bucketOf, ownBlockOf, publicGrantsOf } from '../../bucket.js';
import { packageRef } from '../../package-ref.js';
import { s3control } from '../account/client.js';
import { bucket } from '../bucket.js';
import { s3 } from '../client.js';

const isPublic = (grant: JsonObject) => publicGrantsOf({ Grants: [grant as never] }).length > 0;

/**
 * Takes grants to everybody, and to everybody with an AWS account, out of a bucket's access control list. The owner's, those of log delivery and of
 * accounts by name stay.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
 */
export const removeGlobalAclGrants = defineSetting({
  on: bucket,
  id: 's3-remove-global-acl-grants',
  title: 'Remove public grants from a bucket access control list',
  package: packageRef,
  controls: { 'aws-fsbp': ['S3.2', 'S3.3'] },
  rules: {
    S3_BUCKET_PUBLIC_READ_PROHIBITED: 's3-bucket-public-read-prohibited',
    S3_BUCKET_PUBLIC_WRITE_PROHIBITED: 's3-bucket-public-write-prohibited',
  },
  calls: Object.fromEntries(
    ['CreateBucket', 'PutBucketAcl', 'PutBucketPublicAccessBlock', 'DeleteBucketPublicAccessBlock'].map(
      (call) => [`s3:${call}`, 'request.bucketName'] as const,
    ),
  ),
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Partners who list or write with any AWS account, and were never named: access logs show them, and are not read.',
    'Access control lists of single objects: they stay as they are.',
    'Bucket policies: other remediators handle these.',
  ],
  read: {
    reads: [s3.pick('GetBucketAcl', 'GetPublicAccessBlock'), s3control.pick('GetPublicAccessBlock')],
    async of({ aws, resource }) {
      const [acl, own, account] = await inParallel(aws.s3.GetBucketAcl(bucketOf(resource)), ownBlockOf(aws, resource), accountBlockOf(aws, resource));
      const grants = given(acl, 'Grants').map((grant) => {
        given(grant, 'Grantee');
        return toJson(grant) as unknown as JsonObject;
      });
      return {
        owner: toJson(given(acl, 'Owner')) as unknown as JsonObject,
        grants: grants.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) as readonly JsonObject[],
        isIgnored: own?.IgnorePublicAcls === true || account?.IgnorePublicAcls === true,
      };
    },
  },
  hazards: [sharedOnPurpose('whoever lists it or writes to it without being named would lose access')],
  rollback: { restores: 'exact', what: 'The earlier access control list is restored.', not: [] },
  alsoFoundBy: { prowler: ['s3_bucket_public_list_acl', 's3_bucket_public_write_acl'] },
  inCode: { cloudFormation: 'AWS::S3::Bucket AccessControl', terraform: 'aws_s3_bucket_acl' },
  instead({ now: { grants, isIgnored }, id }) {
    const open = grants.filter(isPublic);
    if (open.length === 0 || isIgnored) return null;
    if (!grants.some(({ Grantee }) => (Grantee as JsonObject)['Type'] === 'AmazonCustomerByEmail')) return null;
    return {
      status: 'manual',
      message: `The access control list of ${id} has public grants, and a grant by e-mail address. S3 no longer accepts lists with such a grant, so it could not be restored.`,
      steps: ['Replace the grant by e-mail address with a canonical user id, or with a statement of the bucket policy.', 'Then remove the public grants.'],
    };
  },
  // What is ignored lets nobody in.
  wanted: ({ now }) => (now.isIgnored ? now : { ...now, grants: now.grants.filter((grant) => !isPublic(grant)) }),
  writes: [s3.pick('PutBucketAcl')],
  write: ({ resource, to: { owner, grants } }) =>
    s3.call('PutBucketAcl', { ...bucketOf(resource), AccessControlPolicy: { Owner: owner, Grants: grants as never } }),
  compliant: ({ now: { grants, isIgnored } }) =>
    isIgnored && grants.some(isPublic) ? 'Public grants of its access control list are ignored.' : 'Its access control list has no public grants.',
  summary: ({ id, now: { grants } }) => `remove ${publicGrantsOf({ Grants: grants as never }).join(', ')} from the access control list of ${id}`,
  // What the account or its organization ignores is not ours to put back.
  equivalent: ({ before, after }) => JSON.stringify([before.owner, before.grants]) === JSON.stringify([after.owner, after.grants]),
});
