import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

// A bucket may be in another region than the one that is asked: the answer says so, and the call goes there.
export class RedirectedS3Client extends S3Client {
  constructor(config: S3ClientConfig) {
    super({ followRegionRedirects: true, ...config });
  }
}
