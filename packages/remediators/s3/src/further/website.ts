import type { AwsReads, ResourceRef } from '@redress/core';
import { bucketOf, unlessMissing } from '../bucket.js';
import { s3 } from './client.js';

const READS = [s3.pick('GetBucketWebsite')] as const;

/** Whether a bucket serves a website, as the context of a setting. */
export const websiteContext = {
  reads: READS,
  of: async ({ aws, resource }: { readonly aws: AwsReads<typeof READS>; readonly resource: ResourceRef }) => ({
    website: (await unlessMissing(aws.s3.GetBucketWebsite(bucketOf(resource)), 'NoSuchWebsiteConfiguration')) !== null,
  }),
};

/** Visitors of a website have no credentials: whoever closes its bucket cuts them off. */
export const visitorsCutOff = {
  code: 'website',
  effect: 'notify' as const,
  what: 'The bucket serves a website: its visitors would lose access.',
  advice: 'Put CloudFront with origin access control in front of it, remove the website configuration, and try again.',
  when: ({ context, id }: { readonly context?: { readonly website: boolean } | undefined; readonly id: string }) =>
    context?.website === true ? `${id} serves a website: its visitors would lose access.` : null,
};
