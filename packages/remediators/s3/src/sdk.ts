// The only file of this package that imports an SDK client. It is loaded at the first call.
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

export {
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
} from '@aws-sdk/client-s3';

// An event may name another region than the bucket's: the first read, of its location, has to arrive all the same.
export class RedirectedS3Client extends S3Client {
  constructor(config: S3ClientConfig) {
    super({ followRegionRedirects: true, ...config });
  }
}
