import { defineSetting, shortLived } from '@redress/core';
import { bucketOf } from '../bucket.js';
import { packageRef } from '../package-ref.js';
import { bucket } from './bucket.js';
import { s3 } from './client.js';

/**
 * Turns on versioning of a bucket: what is overwritten or deleted stays, and is paid for.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-14
 */
export const enableVersioning = defineSetting({
  on: bucket,
  id: 's3-enable-versioning',
  title: 'Turn on versioning of a bucket',
  package: packageRef,
  controls: { 'aws-fsbp': ['S3.14'] },
  rules: { S3_BUCKET_VERSIONING_ENABLED: 's3-bucket-versioning-enabled' },
  calls: { 's3:CreateBucket': 'request.bucketName', 's3:PutBucketVersioning': 'request.bucketName' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'What noncurrent versions cost, if objects are overwritten often and no lifecycle rule deletes versions.',
    'Programs that rely on deletes: a deleted object leaves a delete marker and its versions.',
    'Whether MFA delete is also required: only the root user can turn it on.',
  ],
  read: {
    reads: [s3.pick('GetBucketVersioning')],
    // A bucket that never had it is described without a status.
    of: async ({ aws, resource }) => ({ status: (await aws.s3.GetBucketVersioning(bucketOf(resource))).Status ?? null }),
  },
  hazards: [shortLived('every version of its objects is kept, and costs money')],
  rollback: {
    restores: 'equivalent',
    what: 'Versioning is suspended: no new versions are kept.',
    not: ['The state of never having had versioning: S3 cannot restore that.', 'Versions kept in the meantime stay.'],
  },
  alsoFoundBy: { prowler: ['s3_bucket_object_versioning'] },
  inCode: { cloudFormation: 'AWS::S3::Bucket VersioningConfiguration.Status', terraform: 'aws_s3_bucket_versioning versioning_configuration.status' },
  wanted: () => ({ status: 'Enabled' }),
  writes: [s3.pick('PutBucketVersioning')],
  write: ({ resource }) => s3.call('PutBucketVersioning', { ...bucketOf(resource), VersioningConfiguration: { Status: 'Enabled' } }),
  undo: ({ resource }) => ({
    calls: [s3.call('PutBucketVersioning', { ...bucketOf(resource), VersioningConfiguration: { Status: 'Suspended' } })],
    restores: 'equivalent',
  }),
  equivalent: ({ before, after }) => before.status !== 'Enabled' && after.status !== 'Enabled',
  summary: ({ id }) => `turn on versioning of ${id}`,
});
