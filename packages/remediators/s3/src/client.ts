// The only file of this package that imports an SDK client.
import {
  DeleteBucketEncryptionCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAclCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetBucketTaggingCommand,
  GetBucketWebsiteCommand,
  GetPublicAccessBlockCommand,
  ListBucketsCommand,
  PutBucketEncryptionCommand,
  PutPublicAccessBlockCommand,
  S3Client,
  type S3ClientConfig,
  type ServerSideEncryptionRule,
} from '@aws-sdk/client-s3';
import { defineService, type JsonSafe } from '@redress/core';

// An event may name another region than the bucket's: the first read, of its location, has to arrive all the same.
class RedirectedS3Client extends S3Client {
  constructor(config: S3ClientConfig) {
    super({ followRegionRedirects: true, ...config });
  }
}

/** S3 as this package uses it. IAM names several of its actions otherwise than the operations. */
export const s3 = defineService({
  id: 's3',
  client: RedirectedS3Client,
  operations: {
    ListBuckets: { command: ListBucketsCommand, iam: ['s3:ListAllMyBuckets'] },
    GetBucketLocation: { command: GetBucketLocationCommand },
    GetBucketTagging: { command: GetBucketTaggingCommand },
    GetBucketEncryption: { command: GetBucketEncryptionCommand, iam: ['s3:GetEncryptionConfiguration'] },
    GetBucketAcl: { command: GetBucketAclCommand },
    GetBucketPolicy: { command: GetBucketPolicyCommand },
    GetBucketPolicyStatus: { command: GetBucketPolicyStatusCommand },
    GetBucketWebsite: { command: GetBucketWebsiteCommand },
    GetPublicAccessBlock: { command: GetPublicAccessBlockCommand, iam: ['s3:GetBucketPublicAccessBlock'] },
    GetBucketOwnershipControls: { command: GetBucketOwnershipControlsCommand },
    // A configuration replaces the one before: sent twice, it changes nothing more.
    PutPublicAccessBlock: { command: PutPublicAccessBlockCommand, iam: ['s3:PutBucketPublicAccessBlock'], retry: 'idempotent' },
    DeletePublicAccessBlock: { command: DeletePublicAccessBlockCommand, iam: ['s3:PutBucketPublicAccessBlock'], retry: 'idempotent' },
    PutBucketEncryption: { command: PutBucketEncryptionCommand, iam: ['s3:PutEncryptionConfiguration'], retry: 'idempotent' },
    DeleteBucketEncryption: { command: DeleteBucketEncryptionCommand, iam: ['s3:PutEncryptionConfiguration'], retry: 'idempotent' },
  },
});

/** A rule of a bucket's encryption configuration. */
export type EncryptionRule = JsonSafe<ServerSideEncryptionRule>;
