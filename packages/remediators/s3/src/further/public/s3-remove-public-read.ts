import { closing } from './closing.js';

/**
 * Leaves reading a bucket, where its policy lets everybody do it, to the account. The statement stays, and so does all else of the policy.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-2
 */
export const removePublicRead = closing({
  kind: 'read',
  id: 's3-remove-public-read',
  title: 'Remove public read access from a bucket policy',
  control: 'S3.2',
  rules: { S3_BUCKET_PUBLIC_READ_PROHIBITED: 's3-bucket-public-read-prohibited' },
  prowler: ['s3_bucket_public_access'],
  blindSpots: [
    'Who reads it without credentials: access logs and data events show that, and are not read.',
    'A CDN or a proxy that sends unsigned requests, with or without a secret header.',
  ],
  who: 'reads it without credentials',
  websites: true,
});
