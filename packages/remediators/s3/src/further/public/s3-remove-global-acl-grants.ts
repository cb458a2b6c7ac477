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
  title: "Take grants to everybody out of a bucket's access control list",
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
    'Partners who list or write by their own AWS account alone, and were never named: access logs have them, and are not read.',
    'Access control lists of single objects: they stay as they are.',
    'Policies: other remediators look at these.',
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
  hazards: [sharedOnPurpose('whoever lists it or writes to it without being named is cut off')],
  rollback: { restores: 'exact', what: 'The access control list is put back as it was.', not: [] },
  alsoFoundBy: { prowler: ['s3_bucket_public_list_acl', 's3_bucket_public_write_acl'] },
  inCode: { cloudFormation: 'AWS::S3::Bucket AccessControl', terraform: 'aws_s3_bucket_acl' },
  instead({ now: { grants, isIgnored }, id }) {
    const open = grants.filter(isPublic);
    if (open.length === 0 || isIgnored) return null;
    if (!grants.some(({ Grantee }) => (Grantee as JsonObject)['Type'] === 'AmazonCustomerByEmail')) return null;
    return {
      status: 'manual',
      message: `The access control list of ${id} grants everybody something, and somebody by e-mail: S3 takes no list with such a grant any more, so it could not be put back.`,
      steps: ['Name whoever has the grant by e-mail by a canonical user, or in the policy.', 'Then take the grants to everybody away.'],
    };
  },
  // What is ignored lets nobody in.
  wanted: ({ now }) => (now.isIgnored ? now : { ...now, grants: now.grants.filter((grant) => !isPublic(grant)) }),
  writes: [s3.pick('PutBucketAcl')],
  write: ({ resource, to: { owner, grants } }) =>
    s3.call('PutBucketAcl', { ...bucketOf(resource), AccessControlPolicy: { Owner: owner, Grants: grants as never } }),
  compliant: ({ now: { grants, isIgnored } }) =>
    isIgnored && grants.some(isPublic)
      ? 'What its access control list grants to everybody is ignored.'
      : 'Its access control list grants nothing to everybody.',
  summary: ({ id, now: { grants } }) => `take ${publicGrantsOf({ Grants: grants as never }).join(', ')} out of the access control list of ${id}`,
  // What the account or its organization ignores is not ours to put back.
  equivalent: ({ before, after }) => JSON.stringify([before.owner, before.grants]) === JSON.stringify([after.owner, after.grants]),
});
