import { defineSetting, given, inParallel, type JsonObject, needs, type ResourceRef } from '@redress/core';
import * as z from '@redress/core/parameters';
import { bucketOf, unlessMissing } from '../bucket.js';
import type { EncryptionRule } from '../client.js';
import { encryptionOf, logsInto, sorted, strengthOf } from '../encryption.js';
import { packageRef } from '../package-ref.js';
import { isOfAccount, letsLogsIn, principalsOf } from '../policy.js';
import { bucket } from './bucket.js';
import { s3 } from './client.js';

const parameters = z.strictObject({
  kmsKeyArn: z.optional(z.kmsKeyArn()).check(z.describe('The default KMS key of buckets, in their region.')),
  bucketKey: z._default(z.boolean(), true).check(z.describe('Whether to use an S3 Bucket Key: S3 then calls KMS once for many objects, and not for each one.')),
});

const SSE_S3 = 1;
const defaultOf = (rules: readonly EncryptionRule[]) => rules.find((each) => each.ApplyServerSideEncryptionByDefault !== undefined);

const encrypting = (resource: ResourceRef, rules: readonly JsonObject[]) =>
  s3.call('PutBucketEncryption', { ...bucketOf(resource), ServerSideEncryptionConfiguration: { Rules: rules as never } });

/**
 * Lets a bucket encrypt new objects with the key that the policy names, where it encrypts them with SSE-S3. What is encrypted with a KMS key stays as it is.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-17
 */
export const requireKmsDefaultEncryption = defineSetting({
  on: bucket,
  id: 's3-require-kms-default-encryption',
  title: 'Encrypt a bucket with a KMS key by default',
  package: packageRef,
  controls: { 'aws-fsbp': ['S3.17'] },
  rules: { S3_DEFAULT_ENCRYPTION_KMS: 's3-default-encryption-kms' },
  calls: { 's3:CreateBucket': 'request.bucketName', 's3:PutBucketEncryption': 'request.bucketName', 's3:DeleteBucketEncryption': 'request.bucketName' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Whether readers and writers may use the key: neither its policy nor theirs is read. Those who may not are denied.',
    'Replication to or from the bucket: it needs its own rules for objects that are encrypted with a KMS key.',
    'Load balancers that deliver logs as an AWS account, which the policy names by its number: they need SSE-S3.',
    'Existing objects: they keep their encryption.',
  ],
  parameters,
  read: {
    reads: [s3.pick('GetBucketEncryption')],
    of: async ({ aws, resource }) => ({ rules: ((await encryptionOf(aws, resource)) ?? []) as unknown as readonly JsonObject[] }),
  },
  context: {
    reads: [s3.pick('GetBucketAcl', 'GetBucketPolicy')],
    async of({ aws, resource }) {
      const [acl, found] = await inParallel(
        aws.s3.GetBucketAcl(bucketOf(resource)),
        unlessMissing(aws.s3.GetBucketPolicy(bucketOf(resource)), 'NoSuchBucketPolicy'),
      );
      const policy = found === null ? undefined : given(found, 'Policy');
      const principals = principalsOf(policy);
      return {
        logs: [
          ...logsInto(acl, policy),
          ...(letsLogsIn(policy, 'logdelivery.elasticloadbalancing.amazonaws.com') ? ['its policy lets load balancers deliver logs'] : []),
        ],
        identity: principals.some((each) => each.includes('CloudFront Origin Access Identity')),
        others: principals.filter((each) => !isOfAccount(each, resource.account)).sort(),
      };
    },
  },
  hazards: [
    {
      code: 'origin-access-identity',
      effect: 'notify',
      what: 'CloudFront reads it with an origin access identity, which cannot read objects encrypted with a KMS key: new objects would not be served.',
      advice: 'Move the distribution to origin access control, let it use the key, and try again.',
      when: ({ context, id }) => (context?.identity === true ? `CloudFront reads ${id} with an origin access identity, which cannot use a KMS key.` : null),
    },
    {
      code: 'other-accounts',
      effect: 'approve',
      what: 'The bucket policy allows principals outside the account: they also need permission for the key, in its policy and in their own.',
      advice: 'Let them use the key (kms:Decrypt to read, kms:GenerateDataKey to write). Then approve.',
      when: ({ context, id }) => (context === undefined || context.others.length === 0 ? null : `The policy of ${id} allows ${context.others.join(', ')}.`),
    },
  ],
  rollback: {
    restores: 'equivalent',
    what: 'New objects are encrypted as before. A bucket without a setting now has SSE-S3, the default of S3.',
    not: ['Objects written in the meantime stay encrypted with the key: without it nobody can read them.'],
  },
  alsoFoundBy: { prowler: ['s3_bucket_kms_encryption'] },
  inCode: { cloudFormation: 'AWS::S3::Bucket BucketEncryption', terraform: 'aws_s3_bucket_server_side_encryption_configuration' },
  instead({ now, context, id, resource, parameters: { kmsKeyArn } }) {
    const rules = now.rules as readonly EncryptionRule[];
    const strength = strengthOf(defaultOf(rules) ?? {});
    if (strength === undefined)
      return {
        status: 'manual',
        message: `${id} encrypts with an unknown algorithm.`,
        steps: ['Find out whether it uses a KMS key. If it is strong enough, record an exception.'],
      };
    if (strength > SSE_S3) return null;
    const missing = needs('s3-require-kms-default-encryption', `${id} does not encrypt with a KMS key`, { kmsKeyArn });
    if (missing !== null) return missing;
    const region = kmsKeyArn?.split(':')[3];
    if (region !== resource.region)
      return {
        status: 'manual',
        message: `${id} is in ${resource.region}, and the key that the policy names is in ${region}.`,
        steps: ['Name a key in its region, using {region}.'],
      };
    if (context === undefined || context.logs.length === 0) return null;
    return {
      status: 'manual',
      message: `${id} receives logs (${context.logs.join('; ')}), which AWS delivers only to buckets with SSE-S3.`,
      steps: ['Use it only for logs, and record an exception. Or first move the logs to another bucket.'],
    };
  },
  wanted({ now, parameters: { kmsKeyArn: KMSMasterKeyID = '', bucketKey } }) {
    const rules = now.rules as readonly EncryptionRule[];
    const old = defaultOf(rules) ?? rules[0] ?? {};
    if ((strengthOf(old) ?? SSE_S3) > SSE_S3) return now;
    const raised = { ...old, ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID }, BucketKeyEnabled: bucketKey };
    return { rules: sorted([...rules.filter((each) => each !== old), raised]) as unknown as readonly JsonObject[] };
  },
  writes: [s3.pick('PutBucketEncryption')],
  undoes: [s3.pick('PutBucketEncryption', 'DeleteBucketEncryption')],
  write: ({ resource, to }) => encrypting(resource, to.rules),
  undo: ({ now, resource }) =>
    now.rules.length === 0
      ? { calls: [s3.call('DeleteBucketEncryption', bucketOf(resource))], restores: 'equivalent' }
      : { calls: [encrypting(resource, now.rules)], restores: 'exact' },
  summary: ({ id, parameters: { kmsKeyArn } }) => `encrypt new objects in ${id} with ${kmsKeyArn}`,
  // S3 says SSE-S3 where nothing is set.
  equivalent: ({ before, after }) =>
    JSON.stringify(before.rules) === JSON.stringify(after.rules) ||
    (before.rules.length === 0 && (strengthOf(defaultOf(after.rules as readonly EncryptionRule[]) ?? {}) ?? 9) <= SSE_S3),
  judge({ state, claim: { parameters: asked }, resource }) {
    const [wanted, ...others] = Object.entries(asked ?? {});
    if (wanted === undefined) return [];
    if (others.length > 0 || wanted[0] !== 'kmsKeyArns') return null;
    const key = defaultOf(state.rules as readonly EncryptionRule[])?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID ?? 'the key of S3 itself';
    return wanted[1].split(',').some((each) => each.trim() === key) ? [] : [`${resource.id} encrypts with ${key}, and ${wanted[1]} are required`];
  },
});
