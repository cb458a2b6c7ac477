import { type AwsReads, canonicalJson, given, type ResourceRef, toJson } from '@redress/core';
import { bucketOf, unlessMissing } from './bucket.js';
import type { EncryptionRule, s3 } from './client.js';
import { letsLogsIn } from './policy.js';

// What a bucket encrypts with is never taken down a step.
export const STRENGTH: Readonly<Record<string, number>> = { AES256: 1, 'aws:kms': 2, 'aws:kms:dsse': 3 };

/** How strong the default of a rule is: 0 without one, undefined where it is not known. */
export const strengthOf = (rule: EncryptionRule): number | undefined => {
  const algorithm = rule.ApplyServerSideEncryptionByDefault?.SSEAlgorithm;
  return algorithm === undefined ? 0 : STRENGTH[algorithm];
};

/** Rules in an order of their own: S3 gives them, and the lists in them, in none that it promises. */
export function sorted(rules: readonly EncryptionRule[]): readonly EncryptionRule[] {
  return rules
    .map((rule) => {
      const blocked = rule.BlockedEncryptionTypes?.EncryptionType;
      return toJson(
        blocked === undefined ? rule : { ...rule, BlockedEncryptionTypes: { ...rule.BlockedEncryptionTypes, EncryptionType: [...blocked].sort() } },
      );
    })
    .sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));
}

/** The rules that a bucket encrypts by; null: it has no configuration. */
export async function encryptionOf(aws: AwsReads<readonly [ReturnType<typeof s3.pick<'GetBucketEncryption'>>]>, resource: ResourceRef) {
  const reply = await unlessMissing(aws.s3.GetBucketEncryption(bucketOf(resource)), 'ServerSideEncryptionConfigurationNotFoundError');
  const rules = reply?.ServerSideEncryptionConfiguration?.Rules;
  if (reply !== null && rules === undefined) throw new Error(`GetBucketEncryption did not return how ${resource.id} encrypts.`);
  return rules === undefined ? null : sorted(rules);
}

const LOG_DELIVERY = 'http://acs.amazonaws.com/groups/s3/LogDelivery';

/** Why S3 delivers access logs into a bucket, which it does only where that encrypts with SSE-S3. */
export function logsInto(
  acl: { readonly Grants?: readonly { readonly Grantee?: { readonly URI?: string | undefined } | undefined }[] | undefined },
  policy: string | undefined,
): readonly string[] {
  return [
    ...(given(acl, 'Grants').some((grant) => grant.Grantee?.URI === LOG_DELIVERY) ? ['its access control list grants the S3 log delivery group'] : []),
    ...(letsLogsIn(policy) ? ['its policy allows logging.s3.amazonaws.com'] : []),
  ];
}
