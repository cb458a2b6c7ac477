import { defineReport } from '@redress/core';
import { packageRef } from '../../package-ref.js';
import { bucket } from '../bucket.js';
import { adding, lifecycle, lifecycleCalls } from './rules.js';

/**
 * Reports a bucket without a lifecycle rule. It writes none: a rule lets S3 delete objects later, or move them to where reading costs, and which of both is
 * right only their owner can say.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-13
 */
export const reportMissingLifecycle = defineReport({
  on: bucket,
  id: 's3-report-missing-lifecycle',
  title: 'Report a bucket without lifecycle rules',
  package: packageRef,
  controls: { 'aws-fsbp': ['S3.13'] },
  rules: { S3_LIFECYCLE_POLICY_CHECK: 's3-lifecycle-policy-check' },
  calls: lifecycleCalls,
  alsoFoundBy: { prowler: ['s3_bucket_lifecycle_enabled'] },
  blindSpots: ['How long its objects have to be kept, by law or by contract.', 'What a rule does: only whether a rule is enabled is checked.'],
  read: lifecycle,
  // The rule may look for days and classes of its own.
  judge: ({ claim }) => (Object.keys(claim.parameters ?? {}).length === 0 ? [] : null),
  gap: ({ now: { rules }, id }) =>
    rules > 0
      ? null
      : {
          message: `${id} has no enabled lifecycle rule: all objects are kept, and paid for, forever.`,
          steps: [
            'Ask its owner how long objects are needed. Legal holds and Object Lock take precedence over rules.',
            'If nobody knows, use a rule that only moves objects to INTELLIGENT_TIERING: it deletes nothing, and reads cost the same.',
            ...adding({ ID: 'tiering', Transitions: [{ Days: 30, StorageClass: 'INTELLIGENT_TIERING' }] }, { rules, id }),
          ],
        },
  closed: 'the bucket has an enabled lifecycle rule, or is gone',
});
