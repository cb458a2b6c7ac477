import { defineReport } from '@redress/core';
import { packageRef } from '../../package-ref.js';
import { bucket } from '../bucket.js';
import { adding, lifecycle, lifecycleCalls } from './rules.js';

/**
 * Reports a bucket that keeps the parts of uploads that never ended. It writes no rule: an upload that S3 aborts loses its parts for good, and whether one is
 * slow or forgotten no read can tell. That is a deletion of data.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html
 */
export const reportMissingMultipartExpiry = defineReport({
  on: bucket,
  id: 's3-report-missing-multipart-expiry',
  title: 'Report a bucket that keeps incomplete multipart uploads',
  package: packageRef,
  // S3.13 counts any rule, and s3-report-missing-lifecycle answers it.
  controls: {},
  rules: {},
  calls: lifecycleCalls,
  blindSpots: ['Which uploads are slow, and which were abandoned.', 'After how many days a rule aborts them.'],
  read: lifecycle,
  gap: ({ now: { rules, uploads }, id }) =>
    uploads
      ? null
      : {
          message: `${id} keeps the parts of incomplete multipart uploads: no lifecycle rule for the whole bucket aborts them.`,
          steps: [
            `Find out how long its uploads take (aws s3api list-multipart-uploads --bucket ${id}): an upload that takes longer than the rule allows loses its parts.`,
            ...adding({ ID: 'uploads', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } }, { rules, id }),
          ],
        },
  closed: 'a lifecycle rule for the whole bucket aborts incomplete uploads, or the bucket is gone',
});
