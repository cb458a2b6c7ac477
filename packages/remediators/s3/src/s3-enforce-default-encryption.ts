import { canonicalJson, defineRemediator, type Hazard, inParallel } from '@redress/core';
import * as z from '@redress/core/parameters';
import { bucketOf, bucketsIn, createdOf, identifyBucket, isDirectoryBucket, namedBucket, tagsOf, unlessGone, unlessMissing } from './bucket.js';
import { type EncryptionRule, s3 } from './client.js';
import { encryptionOf, logsInto, STRENGTH, sorted, strengthOf } from './encryption.js';
import { packageRef } from './package-ref.js';

const parameters = z
  .strictObject({
    algorithm: z._default(z.enum(['AES256', 'aws:kms']), 'AES256').check(z.describe('The minimum encryption of a bucket. Stronger encryption is kept.')),
    kmsKeyId: z
      .optional(
        z
          .string()
          .check(
            z.regex(
              /^(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(?:key|alias)\/[A-Za-z0-9/_-]+|alias\/[A-Za-z0-9/_-]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/,
              'a KMS key id, alias or ARN',
            ),
          ),
      )
      .check(z.describe('The KMS key of buckets that are raised to aws:kms. Default: the AWS managed key aws/s3, which other accounts cannot use.')),
    bucketKey: z.optional(z.boolean()).check(z.describe('Whether buckets that are raised to aws:kms use a bucket key. Default: unchanged.')),
  })
  .check(
    z.refine(
      (given) => given.algorithm === 'aws:kms' || (given.kmsKeyId === undefined && given.bucketKey === undefined),
      'kmsKeyId and bucketKey need the algorithm aws:kms',
    ),
  );

type Wanted = z.output<typeof parameters>;

/** The rule with the wanted default encryption, and everything else as it is. */
function raised(rule: EncryptionRule, wanted: Wanted): EncryptionRule {
  if (wanted.algorithm === 'AES256') return { ...rule, ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } };
  return {
    ...rule,
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', ...(wanted.kmsKeyId === undefined ? {} : { KMSMasterKeyID: wanted.kmsKeyId }) },
    ...(wanted.bucketKey === undefined ? {} : { BucketKeyEnabled: wanted.bucketKey }),
  };
}

/**
 * Gives a bucket at least the default encryption that is wanted: SSE-S3, or SSE-KMS. What is stronger already stays as it is, and so do
 * objects that are there.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html
 */
export const enforceDefaultEncryption = defineRemediator({
  id: 's3-enforce-default-encryption',
  title: 'Restore the expected default encryption of a bucket',
  package: packageRef,
  resourceTypes: ['AWS::S3::Bucket'],
  controls: [
    { framework: 'aws-fsbp', id: 'S3.4' },
    { framework: 'cis-aws-foundations-benchmark/v/1.4.0', id: '2.1.1' },
  ],
  triggers: {
    configRules: ['S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED', 's3-bucket-server-side-encryption-enabled'],
    apiCalls: { 's3:CreateBucket': namedBucket, 's3:PutBucketEncryption': namedBucket, 's3:DeleteBucketEncryption': namedBucket },
  },
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: [
    'Existing objects: they keep their encryption.',
    'Writers that specify the encryption of each object, including SSE-C.',
    'Whether readers and writers may use the KMS key: key policies and grants are not read.',
    'Services other than S3 that deliver logs and need SSE-S3 (classic and application load balancers).',
    'Whether a bucket with a different creation date is the same bucket. S3 may change the date when settings change; a rollback is then refused.',
    'Members of an encryption rule that are newer than the installed SDK: the SDK neither returns nor keeps them.',
  ],
  hazards: [
    {
      code: 'kms-raise',
      effect: 'approve',
      what: 'New objects are encrypted with a KMS key: readers need kms:Decrypt, and writers need kms:GenerateDataKey. Other accounts cannot use the AWS managed key.',
      advice: 'Find out who reads and writes the bucket. Make sure that the key policy and their roles let them use the key. Then approve.',
    },
  ],
  rollback: {
    restores: 'equivalent',
    what: 'The earlier rules are restored exactly. If there were none, the configuration is deleted, and S3 encrypts with SSE-S3, its default.',
    not: ['Objects written in the meantime: they keep their encryption.'],
  },
  alsoFoundBy: { prowler: ['s3_bucket_default_encryption', 's3_bucket_kms_encryption'] },
  uses: {
    reads: [s3.pick('ListBuckets', 'GetBucketTagging', 'GetBucketEncryption', 'GetBucketAcl', 'GetBucketPolicy')],
    writes: [s3.pick('PutBucketEncryption')],
    undoes: [s3.pick('PutBucketEncryption', 'DeleteBucketEncryption')],
    decides: [s3.pick('GetBucketTagging')],
  },
  parameters,
  identify: identifyBucket,
  async observe({ aws, resource, parameters: wanted, purpose }) {
    type State = { readonly created: string | null; readonly rules: readonly EncryptionRule[] | null };
    if (isDirectoryBucket(resource.id)) return { state: { created: null, rules: null } as State, context: { logs: [] }, tags: {} };
    const bucket = bucketOf(resource);
    return unlessGone(async () => {
      // Who delivers logs into it matters only where KMS would lock them out.
      const delivers = wanted.algorithm === 'aws:kms';
      const [rules, tags, acl, policy, created] = await inParallel(
        encryptionOf(aws, resource),
        purpose === 'verification' ? {} : tagsOf(aws, resource),
        delivers ? aws.s3.GetBucketAcl(bucket) : null,
        delivers ? unlessMissing(aws.s3.GetBucketPolicy(bucket), 'NoSuchBucketPolicy') : null,
        createdOf(aws, resource),
      );
      const state: State = { created, rules };
      return { state, context: { logs: acl === null ? [] : logsInto(acl, policy?.Policy) }, tags };
    });
  },
  // Whose it is, and since when, matters only where it is changed.
  glance: async ({ aws, resource }) =>
    isDirectoryBucket(resource.id) ? null : { state: { created: null, rules: await encryptionOf(aws, resource) }, context: { logs: [] } },
  plan({ state, context, resource, parameters: wanted }) {
    if (isDirectoryBucket(resource.id)) return { status: 'not-applicable', reason: 'Directory buckets have their own encryption settings.' };
    const wish = STRENGTH[wanted.algorithm] ?? 0;
    const rules = state.rules ?? [];
    // A rule without a default (it may only block an encryption type) counts when none has one.
    const withDefault = rules.filter((rule) => rule.ApplyServerSideEncryptionByDefault !== undefined);
    const judged = withDefault.length > 0 ? withDefault : rules.slice(0, 1);
    const unknown = judged.find((rule) => strengthOf(rule) === undefined);
    const low = judged.filter((rule) => (strengthOf(rule) ?? wish) < wish);
    if (low.length === 0 && judged.length > 0) {
      // SSE-S3 is the least of all, so that whatever else is there reaches it.
      if (unknown === undefined || wanted.algorithm === 'AES256')
        return {
          status: 'compliant',
          message: `The bucket encrypts with ${withDefault.map((rule) => rule.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? '').join(', ')}.`,
        };
    }
    if (unknown !== undefined) {
      return {
        status: 'manual',
        message: `${resource.id} encrypts with ${unknown.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? ''}, which cannot be compared with ${wanted.algorithm}.`,
        steps: ['Decide whether it is strong enough; if it is, record an exception.'],
      };
    }
    const hazards: Hazard[] = [];
    if (wanted.algorithm === 'aws:kms') {
      const logs = context?.logs ?? [];
      if (logs.length > 0) {
        return {
          status: 'manual',
          message: `${resource.id} receives access logs (${logs.join('; ')}). S3 delivers them only to buckets with SSE-S3, so it is not raised to SSE-KMS.`,
          steps: ['Use the bucket only for logs, with SSE-S3, and record an exception for it.', 'Or first stop the delivery of logs to it.'],
        };
      }
      const keyRegion = /^arn:[^:]+:kms:([^:]+):/.exec(wanted.kmsKeyId ?? '')?.[1];
      if (keyRegion !== undefined && keyRegion !== resource.region) {
        return {
          status: 'manual',
          message: `${resource.id} is in ${resource.region}, but ${wanted.kmsKeyId ?? ''} is in ${keyRegion}: S3 accepts only keys of its own region.`,
          steps: [`Configure a key in ${resource.region}, or an alias that exists in each region.`],
        };
      }
      hazards.push({
        code: 'kms-raise',
        effect: 'approve',
        message: `New objects would be encrypted with ${wanted.kmsKeyId ?? 'the AWS managed key aws/s3, which no other account can use'}: readers need kms:Decrypt, and writers need kms:GenerateDataKey.`,
      });
    }
    const after = judged.length === 0 ? [raised({}, wanted)] : rules.map((rule) => (low.includes(rule) ? raised(rule, wanted) : rule));
    const bucket = bucketOf(resource);
    const put = (configuration: readonly EncryptionRule[]) =>
      s3.call('PutBucketEncryption', { ...bucket, ServerSideEncryptionConfiguration: { Rules: configuration } });
    const { rules: before } = state;
    return {
      status: 'change',
      hazards,
      changes: [
        {
          call: put(sorted(after)),
          // Without a configuration S3 encrypts with SSE-S3 all the same, and says so from then on.
          undo:
            before === null || before.length === 0
              ? { calls: [s3.call('DeleteBucketEncryption', bucket)], restores: 'equivalent' }
              : { calls: [put(before)], restores: 'exact' },
          summary: `encrypt new objects in ${resource.id} with ${wanted.algorithm === 'AES256' ? 'SSE-S3' : 'SSE-KMS'}`,
          resolves: true,
        },
      ],
    };
  },
  // What S3 does by itself where nothing is configured. It may show another date after a change of the settings.
  equivalent({ before, after }) {
    if (canonicalJson(before.rules) === canonicalJson(after.rules)) return true;
    const plain = (rules: readonly EncryptionRule[] | null) =>
      rules === null || rules.every((rule) => (strengthOf(rule) ?? 9) <= 1 && rule.BucketKeyEnabled !== true);
    return (before.rules ?? []).length === 0 && plain(after.rules);
  },
  discover: bucketsIn,
});
