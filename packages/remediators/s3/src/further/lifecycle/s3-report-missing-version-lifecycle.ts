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
  blindSpots: ['How far back people need to go.', 'Rules for a part of the bucket: one for noncurrent versions is enough, wherever it holds.'],
  read: {
    reads: [...lifecycle.reads, s3.pick('GetBucketVersioning')],
    async of(asked) {
      const [found, { Status }] = await inParallel(lifecycle.of(asked), asked.aws.s3.GetBucketVersioning(bucketOf(asked.resource)));
      // A bucket that never had it is described without a status.
      return { ...found, versioning: Status ?? 'Never' };
    },
  },
  exempt: ({ now: { versioning } }) => (versioning === 'Enabled' ? null : 'It makes no versions.'),
  gap: ({ now: { rules, versions }, id }) =>
    versions
      ? null
      : {
          message: `${id} keeps every noncurrent version for ever: no lifecycle rule that is on is about them.`,
          steps: [
            'Ask its owner how far back people need to go. Replication and Object Lock keep versions of their own.',
            ...adding({ ID: 'versions', NoncurrentVersionExpiration: { NoncurrentDays: 365, NewerNoncurrentVersions: 5 } }, { rules, id }),
          ],
        },
  closed: 'a lifecycle rule that is on is about noncurrent versions, or the bucket makes none',
});
