import { recording } from './recording.js';

/**
 * Lets the trail that the policy names record what reads objects of S3, in all buckets.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-23
 */
export const enableObjectReadDataEvents = recording({
  kind: 'read',
  id: 's3-enable-object-read-data-events',
  title: 'Record read data events of S3 objects in a trail',
  controls: {
    'aws-fsbp': ['S3.23'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['3.11'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['3.9'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['3.9'],
  },
  rules: { CLOUDTRAIL_ALL_READ_S3_DATA_EVENT_CHECK: 'cloudtrail-all-read-s3-data-event-check' },
  prowler: ['cloudtrail_s3_dataevents_read_enabled'],
});
