import { type AwsReads, given, inParallel, type ResourceRef } from '@redress/core';
import { accountBlockOf, bucketOf, ownBlockOf, policyIsPublic, publicGrantsOf, unlessMissing } from '../../bucket.js';
import { s3control } from '../account/client.js';
import { s3 } from '../client.js';

/** What says who may do what with a bucket, and what cuts it off. */
export const OPENING_READS = [
  s3.pick('GetBucketPolicy', 'GetBucketPolicyStatus', 'GetBucketAcl', 'GetPublicAccessBlock'),
  s3control.pick('GetPublicAccessBlock'),
] as const;

/** What lets everybody into a bucket today: what a block of the bucket, the account or the organization cuts off does not. A type, not an interface: state must be plain JSON. */
export type Opening = {
  readonly policy: string | null;
  /** Whether S3 takes the policy for a public one, and nothing cuts that off. */
  readonly policyIsPublic: boolean;
  /** Grants to everybody that nothing cuts off: `AllUsers: READ`. */
  readonly publicGrants: readonly string[];
};

/** Reads it. */
export async function openingOf(aws: AwsReads<typeof OPENING_READS>, resource: ResourceRef): Promise<Opening> {
  const bucket = bucketOf(resource);
  const [policy, status, acl, own, account] = await inParallel(
    unlessMissing(aws.s3.GetBucketPolicy(bucket), 'NoSuchBucketPolicy'),
    unlessMissing(aws.s3.GetBucketPolicyStatus(bucket), 'NoSuchBucketPolicy'),
    aws.s3.GetBucketAcl(bucket),
    ownBlockOf(aws, resource),
    accountBlockOf(aws, resource),
  );
  const cuts = (member: 'RestrictPublicBuckets' | 'IgnorePublicAcls') => own?.[member] === true || account?.[member] === true;
  return {
    policy: policy === null ? null : given(policy, 'Policy'),
    policyIsPublic: policyIsPublic(status, resource) && !cuts('RestrictPublicBuckets'),
    publicGrants: cuts('IgnorePublicAcls') ? [] : publicGrantsOf(acl),
  };
}
