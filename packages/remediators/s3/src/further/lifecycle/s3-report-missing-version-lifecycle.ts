import { defineReport, inParallel } from '@redress/core';
import { bucketOf } from '../../bucket.js';
import { packageRef } from '../../package-ref.js';
import { bucket } from '../bucket.js';
import { s3 } from '../client.js';
import { adding, lifecycle, lifecycleCalls } from './rules.js';

/**
 * Reports a versioned bucket without a rule for noncurrent versions. It writes none: they are the copies by which people undo their mistakes, and a rule that
 * ends them cannot be taken back for those that it has ended.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-10
 */
export const reportMissingVersionLifecycle = defineReport({
  on: bucket,
  id: 's3-report-missing-version-lifecycle',
  title: 'Report a versioned bucket without lifecycle rules for noncurrent versions',
  package: packageRef,
  controls: { 'aws-fsbp': ['S3.10'] },
  rules: { S3_VERSION_LIFECYCLE_POLICY_CHECK: 's3-version-lifecycle-policy-check' },
  calls: { ...lifecycleCalls, 's3:PutBucketVersioning': 'request.bucketName' },
  blindSpots: ['How long noncurrent versions are needed.', 'Rules for part of the bucket: one rule for noncurrent versions is enough, whatever it applies to.'],
  read: {
    reads: [...lifecycle.reads, s3.pick('GetBucketVersioning')],
    async of(asked) {
      const [found, { Status }] = await inParallel(lifecycle.of(asked), asked.aws.s3.GetBucketVersioning(bucketOf(asked.resource)));
      // A bucket that never had it is described without a status.
      return { ...found, versioning: Status ?? 'Never' };
    },
  },
  exempt: ({ now: { versioning } }) => (versioning === 'Enabled' ? null : 'It is not versioned.'),
  gap: ({ now: { rules, versions }, id }) =>
    versions
      ? null
      : {
          message: `${id} keeps every noncurrent version forever: no enabled lifecycle rule applies to them.`,
          steps: [
            'Ask its owner how long noncurrent versions are needed. Replication and Object Lock keep their own versions.',
            ...adding({ ID: 'versions', NoncurrentVersionExpiration: { NoncurrentDays: 365, NewerNoncurrentVersions: 5 } }, { rules, id }),
          ],
        },
  closed: 'an enabled lifecycle rule applies to noncurrent versions, or the bucket is not versioned',
});
