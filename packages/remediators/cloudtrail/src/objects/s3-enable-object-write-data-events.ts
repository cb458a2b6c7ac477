import { recording } from './recording.js';

/**
 * Lets the trail that the policy names record what writes and deletes objects of S3, in all buckets.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-22
 */
export const enableObjectWriteDataEvents = recording({
  kind: 'write',
  id: 's3-enable-object-write-data-events',
  title: 'Record write data events of S3 objects in a trail',
  controls: {
    'aws-fsbp': ['S3.22'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['3.10'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['3.8'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['3.8'],
  },
  rules: { CLOUDTRAIL_ALL_WRITE_S3_DATA_EVENT_CHECK: 'cloudtrail-all-write-s3-data-event-check' },
  prowler: ['cloudtrail_s3_dataevents_write_enabled'],
});
