import { comparedIn, defineSetting, given, type JsonObject, statementsOf } from '@redress/core';
import { bucketOf } from '../../bucket.js';
import type { EncryptionRule } from '../../client.js';
import { encryptionOf, sorted } from '../../encryption.js';
import { packageRef } from '../../package-ref.js';
import { bucket } from '../bucket.js';
import { s3 } from '../client.js';
import { kms } from './client.js';

const encryptsByKms = (rule: EncryptionRule) => rule.ApplyServerSideEncryptionByDefault?.SSEAlgorithm === 'aws:kms';

/**
 * Lets S3 ask KMS once for many new objects of a bucket under SSE-KMS (a bucket key), and not for each. All else of its encryption stays.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
 */
export const enableBucketKey = defineSetting({
  on: bucket,
  id: 's3-enable-bucket-key',
  title: 'Turn on the S3 Bucket Key of a bucket with SSE-KMS',
  package: packageRef,
  controls: {},
  rules: {},
  calls: { 's3:CreateBucket': 'request.bucketName', 's3:PutBucketEncryption': 'request.bucketName' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Policies of users, roles and endpoints, and grants, whose conditions expect the ARN of an object as the encryption context: it becomes the ARN of the bucket.',
    'Audits and alarms that rely on a KMS event for each object: there are fewer events, and they name the bucket.',
    'Replication to a bucket without a bucket key, and existing objects: they stay as they are.',
  ],
  read: {
    reads: [s3.pick('GetBucketEncryption')],
    async of({ aws, resource }) {
      const rules = ((await encryptionOf(aws, resource)) ?? []).map((rule) => ({ ...rule, BucketKeyEnabled: rule.BucketKeyEnabled === true }));
      return { rules: sorted(rules) as unknown as readonly JsonObject[] };
    },
  },
  // Of another account's key nobody here reads the policy. The key that AWS manages has none that could be changed.
  context: {
    reads: [s3.pick('GetBucketEncryption'), kms.pick('DescribeKey', 'GetKeyPolicy')],
    async of({ aws, resource }): Promise<{ readonly asks: boolean | null }> {
      const key = ((await encryptionOf(aws, resource)) ?? []).find(encryptsByKms)?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID;
      if (key === undefined) return { asks: false };
      if (key.startsWith('arn:') && key.split(':')[4] !== resource.account) return { asks: null };
      const KeyId = given(given(await aws.kms.DescribeKey({ KeyId: key }), 'KeyMetadata'), 'KeyId');
      const statements = statementsOf(given(await aws.kms.GetKeyPolicy({ KeyId, PolicyName: 'default' }), 'Policy'));
      return { asks: statements?.some((each) => comparedIn(each).some((one) => one.key.startsWith('kms:encryptioncontext'))) ?? null };
    },
  },
  hazards: [
    {
      code: 'encryption-context',
      effect: 'approve',
      what: 'The key policy has conditions on the encryption context, or cannot be read: if they name objects, KMS denies S3 the use of the key.',
      advice: 'Extend the conditions to allow the ARN of the bucket, too. Then approve.',
      when: ({ context, id }) =>
        context === undefined || context.asks === false
          ? null
          : context.asks === null
            ? `The key policy for ${id} cannot be read, and may have conditions on the encryption context.`
            : `The key policy for ${id} has conditions on the encryption context, which becomes the ARN of the bucket.`,
    },
  ],
  rollback: {
    restores: 'exact',
    what: 'S3 calls KMS for each new object again.',
    not: ['Objects written in the meantime keep their encryption.'],
  },
  inCode: {
    cloudFormation: 'AWS::S3::Bucket BucketEncryption BucketKeyEnabled',
    terraform: 'aws_s3_bucket_server_side_encryption_configuration rule.bucket_key_enabled',
  },
  instead: ({ now }) =>
    (now.rules as readonly EncryptionRule[]).some(encryptsByKms)
      ? null
      : { status: 'not-applicable', reason: 'It does not encrypt with SSE-KMS, and only SSE-KMS has bucket keys.' },
  wanted: ({ now }) => ({
    rules: sorted(
      (now.rules as readonly EncryptionRule[]).map((rule) => (encryptsByKms(rule) ? { ...rule, BucketKeyEnabled: true } : rule)),
    ) as unknown as readonly JsonObject[],
  }),
  writes: [s3.pick('PutBucketEncryption')],
  write: ({ resource, to }) => s3.call('PutBucketEncryption', { ...bucketOf(resource), ServerSideEncryptionConfiguration: { Rules: to.rules as never } }),
  compliant: ({ id }) => `${id} has a bucket key.`,
  summary: ({ id }) => `turn on the bucket key of ${id}`,
});
