import { closing } from './closing.js';

/**
 * Leaves writing to a bucket, where its policy lets everybody do it, to the account. The statement stays, and so does all else of the policy.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-3
 */
export const removePublicWrite = closing({
  kind: 'write',
  id: 's3-remove-public-write',
  title: 'Remove public write access from a bucket policy',
  control: 'S3.3',
  rules: { S3_BUCKET_PUBLIC_WRITE_PROHIBITED: 's3-bucket-public-write-prohibited' },
  prowler: ['s3_bucket_policy_public_write_access'],
  blindSpots: ['Forms and devices that upload without credentials. Signed requests, including presigned URLs and forms, keep working.'],
  who: 'writes to it without credentials',
  websites: false,
});
