import { defineService } from '@redress/core';

/** S3 as the further remediators use it: those that do not come with the command load nothing of it. */
export const s3 = defineService({
  id: 's3',
  load: () => import('./sdk.js'),
  client: 'RedirectedS3Client',
  operations: {
    ListBuckets: { iam: ['s3:ListAllMyBuckets'] },
    GetBucketTagging: {},
    GetBucketLogging: {},
    GetBucketPolicy: {},
    GetBucketEncryption: { iam: ['s3:GetEncryptionConfiguration'] },
    GetBucketWebsite: {},
    GetBucketVersioning: {},
    GetBucketAcl: {},
    GetBucketLifecycleConfiguration: { iam: ['s3:GetLifecycleConfiguration'] },
    GetBucketNotificationConfiguration: { iam: ['s3:GetBucketNotification'] },
    GetBucketPolicyStatus: {},
    GetBucketOwnershipControls: {},
    GetPublicAccessBlock: { iam: ['s3:GetBucketPublicAccessBlock'] },
    // A configuration replaces the one before: sent twice, it changes nothing more.
    PutBucketLogging: { retry: 'idempotent' },
    PutBucketPolicy: { retry: 'idempotent' },
    DeleteBucketPolicy: { retry: 'idempotent' },
    PutBucketVersioning: { retry: 'idempotent' },
    PutBucketAcl: { retry: 'idempotent' },
    PutBucketOwnershipControls: { retry: 'idempotent' },
    DeleteBucketOwnershipControls: { iam: ['s3:PutBucketOwnershipControls'], retry: 'idempotent' },
    PutBucketNotificationConfiguration: { iam: ['s3:PutBucketNotification'], retry: 'idempotent' },
    PutBucketEncryption: { iam: ['s3:PutEncryptionConfiguration'], retry: 'idempotent' },
    DeleteBucketEncryption: { iam: ['s3:PutEncryptionConfiguration'], retry: 'idempotent' },
  },
});
