import { defineSetting, type JsonObject, needs, shortLived, toJson } from '@redress/core';
import * as z from '@redress/core/parameters';
import { bucketOf, unlessMissing } from '../bucket.js';
import { packageRef } from '../package-ref.js';
import { letsLogsIn } from '../policy.js';
import { bucket } from './bucket.js';
import { s3 } from './client.js';

const parameters = z.strictObject({
  targetBucket: z
    .optional(z.string().check(z.regex(/^[a-z0-9{}.-]+$/, 'a bucket name, which may contain {account} and {region}')))
    .check(z.describe('The bucket that receives the logs, in the region and account of each bucket: acme-logs-{account}-{region}.')),
  prefix: z._default(z.string(), '{bucket}/').check(z.describe('The prefix of log object keys; {bucket} stands for the bucket.')),
});

/**
 * Turns on server access logging of a bucket. Delivery is on the side: requests do not notice it.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-9
 */
export const enableServerAccessLogging = defineSetting({
  on: bucket,
  id: 's3-enable-server-access-logging',
  title: 'Turn on server access logging of a bucket',
  package: packageRef,
  controls: { 'aws-fsbp': ['S3.9', 'CloudTrail.7'], 'cis-aws-foundations-benchmark/v/3.0.0': ['3.4'], 'cis-aws-foundations-benchmark/v/5.0.0': ['3.4'] },
  rules: { S3_BUCKET_LOGGING_ENABLED: 's3-bucket-logging-enabled', CLOUDTRAIL_S3_BUCKET_ACCESS_LOGGING: 'cloudtrail-s3-bucket-access-logging' },
  calls: { 's3:CreateBucket': 'request.bucketName', 's3:PutBucketLogging': 'request.bucketName' },
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: [
    'What the logs cost, and who reads them.',
    'A default Object Lock retention of the log bucket: S3 does not deliver to such a bucket.',
    'CloudTrail logs that already record the same requests.',
  ],
  parameters,
  read: {
    reads: [s3.pick('GetBucketLogging')],
    of: async ({ aws, resource }) => ({
      logging: toJson((await aws.s3.GetBucketLogging(bucketOf(resource))).LoggingEnabled ?? null) as unknown as JsonObject | null,
    }),
  },
  // What of the log bucket keeps logs out.
  context: {
    reads: [s3.pick('GetBucketPolicy', 'GetBucketEncryption')],
    async of({ aws, resource, parameters: { targetBucket: target } }) {
      if (target === undefined || target === resource.id) return { keepsOut: null };
      const there = bucketOf({ id: target, account: resource.account });
      const policy = await unlessMissing(aws.s3.GetBucketPolicy(there), 'NoSuchBucketPolicy');
      if (!letsLogsIn(policy?.Policy)) return { keepsOut: 'its policy does not allow logging.s3.amazonaws.com' };
      const encryption = await unlessMissing(aws.s3.GetBucketEncryption(there), 'ServerSideEncryptionConfigurationNotFoundError');
      const kms = encryption?.ServerSideEncryptionConfiguration?.Rules?.some((rule) =>
        rule.ApplyServerSideEncryptionByDefault?.SSEAlgorithm?.startsWith('aws:kms'),
      );
      return { keepsOut: kms === true ? 'it encrypts with SSE-KMS, and S3 delivers only to buckets with SSE-S3' : null };
    },
  },
  hazards: [shortLived('its logs cost money, and nobody reads them')],
  rollback: { restores: 'exact', what: 'Server access logging is turned off again.', not: ['Logs delivered in the meantime stay in the log bucket.'] },
  alsoFoundBy: { prowler: ['s3_bucket_server_access_logging_enabled'] },
  inCode: { cloudFormation: 'AWS::S3::Bucket LoggingConfiguration', terraform: 'aws_s3_bucket_logging' },
  instead({ now, context, id, parameters: { targetBucket: target } }) {
    if (now.logging !== null) return null;
    if (target === id) return { status: 'not-applicable', reason: 'It is the log bucket: its own logs would cause more logs.' };
    const missing = needs('s3-enable-server-access-logging', `${id} has no server access logging`, { targetBucket: target });
    if (missing !== null || context == null || context.keepsOut === null) return missing;
    return {
      status: 'manual',
      message: `${id} has no server access logging, and ${target} would not accept its logs: ${context.keepsOut}.`,
      steps: [`Change ${target} to accept them, or name another bucket in the policy.`],
    };
  },
  wanted: ({ now, id, parameters: { targetBucket: TargetBucket = '', prefix } }) =>
    now.logging === null ? { logging: { TargetBucket, TargetPrefix: prefix.replaceAll('{bucket}', id) } } : now,
  writes: [s3.pick('PutBucketLogging')],
  write: ({ resource, to: { logging } }) =>
    s3.call('PutBucketLogging', {
      ...bucketOf(resource),
      BucketLoggingStatus: logging === null ? {} : { LoggingEnabled: logging as { TargetBucket: string; TargetPrefix: string } },
    }),
  summary: ({ id, to }) => `deliver access logs of ${id} to ${to.logging?.['TargetBucket']}`,
});
