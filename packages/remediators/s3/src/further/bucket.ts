import { defineResource } from '@redress/core';
import { bucketsIn, createdOf, identifyBucket, isDirectoryBucket, tagsOf, unlessGone } from '../bucket.js';
import { s3 } from './client.js';

/** A general purpose bucket of this account, in its own region. */
export const bucket = defineResource({
  type: 'AWS::S3::Bucket',
  name: { reads: [s3.pick('ListBuckets')], of: identifyBucket },
  find: {
    reads: [s3.pick('ListBuckets', 'GetBucketTagging')],
    async of({ aws, resource }) {
      try {
        return { created: await createdOf(aws, resource) };
      } catch (error) {
        // A new bucket may be missing from the list for a moment: only where S3 knows no such bucket, it is gone.
        if ((await unlessGone(() => tagsOf(aws, resource))) === 'gone') return null;
        throw error;
      }
    },
  },
  created: ({ created }) => created,
  tags: { reads: [s3.pick('GetBucketTagging')], of: ({ aws, resource }) => tagsOf(aws, resource) },
  list: {
    reads: [s3.pick('ListBuckets')],
    async *of({ aws, region }) {
      for await (const { id } of bucketsIn({ aws, region })) yield { id, region };
    },
  },
  except: ({ id }) => (isDirectoryBucket(id) ? 'Directory buckets do not have this setting.' : null),
});
