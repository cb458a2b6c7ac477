import type { ServerSideEncryptionRule } from '@aws-sdk/client-s3';
import { defineService, type JsonSafe } from '@redress/core';

/** S3 as this package uses it. IAM names several of its actions otherwise than the operations. */
export const s3 = defineService({
  id: 's3',
  load: () => import('./sdk.js'),
  client: 'RedirectedS3Client',
  operations: {
    ListBuckets: { iam: ['s3:ListAllMyBuckets'] },
    GetBucketTagging: {},
    GetBucketEncryption: { iam: ['s3:GetEncryptionConfiguration'] },
    GetBucketAcl: {},
    GetBucketPolicy: {},
    GetBucketPolicyStatus: {},
    GetBucketWebsite: {},
    GetPublicAccessBlock: { iam: ['s3:GetBucketPublicAccessBlock'] },
    GetBucketOwnershipControls: {},
    // A configuration replaces the one before: sent twice, it changes nothing more.
    PutPublicAccessBlock: { iam: ['s3:PutBucketPublicAccessBlock'], retry: 'idempotent' },
    DeletePublicAccessBlock: { iam: ['s3:PutBucketPublicAccessBlock'], retry: 'idempotent' },
    PutBucketEncryption: { iam: ['s3:PutEncryptionConfiguration'], retry: 'idempotent' },
    DeleteBucketEncryption: { iam: ['s3:PutEncryptionConfiguration'], retry: 'idempotent' },
  },
});

/** Settings of S3 for a whole account; IAM counts them to S3. */
export const s3control = defineService({
  id: 's3control',
  load: () => import('./control/sdk.js'),
  client: 'AddressedS3ControlClient',
  operations: {
    GetPublicAccessBlock: { iam: ['s3:GetAccountPublicAccessBlock'] },
  },
});

/** A rule of a bucket's encryption configuration. */
export type EncryptionRule = JsonSafe<ServerSideEncryptionRule>;
