import { defineRemediator, inParallel } from '@redress/core';
import {
  accountBlockOf,
  type Block,
  bucketOf,
  bucketsIn,
  identifyBucket,
  isDirectoryBucket,
  namedBucket,
  openingsOf,
  ownBlockOf,
  policyIsPublic,
  publicGrantsOf,
  tagsOf,
  unlessGone,
  unlessMissing,
} from './bucket.js';
import { s3, s3control } from './client.js';
import { packageRef } from './package-ref.js';

/** What decides whether a bucket is public. A type, not an interface: state must be plain JSON. */
type State = {
  /** `redirect`: the website only sends visitors elsewhere. */
  readonly website: 'content' | 'redirect' | null;
  readonly policyIsPublic: boolean;
  /** Grants to everybody: `AllUsers: READ`. */
  readonly publicGrants: readonly string[];
  readonly block: Block | null;
  /** What the account blocks of each of its buckets. Read where the bucket's own block leaves something open; null elsewhere. */
  readonly accountBlock: Block | null;
};

const NOTHING: State = { website: null, policyIsPublic: false, publicGrants: [], block: null, accountBlock: null };

/**
 * Tells about buckets that the internet can read or write. Changes nothing: if the bucket serves a website, closing it takes the site
 * down, and whether anybody depends on it no read can tell.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteAccessPermissionsReqd.html
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
 */
export const reportPublicWebsiteBucket = defineRemediator({
  id: 's3-report-public-website-bucket',
  title: 'Report a public bucket that serves a static website',
  package: packageRef,
  resourceTypes: ['AWS::S3::Bucket'],
  controls: [
    { framework: 'aws-fsbp', id: 'S3.2' },
    { framework: 'aws-fsbp', id: 'S3.8' },
    { framework: 'cis-aws-foundations-benchmark/v/1.4.0', id: '2.1.5' },
    { framework: 'cis-aws-foundations-benchmark/v/3.0.0', id: '2.1.4' },
    { framework: 'cis-aws-foundations-benchmark/v/5.0.0', id: '2.1.4' },
  ],
  triggers: {
    configRules: [
      'S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED',
      's3-bucket-level-public-access-prohibited',
      'S3_BUCKET_PUBLIC_READ_PROHIBITED',
      's3-bucket-public-read-prohibited',
    ],
    apiCalls: {
      's3:PutBucketWebsite': namedBucket,
      's3:PutBucketPolicy': namedBucket,
      's3:PutBucketAcl': namedBucket,
      's3:PutBucketPublicAccessBlock': namedBucket,
      's3:DeleteBucketPublicAccessBlock': namedBucket,
    },
  },
  ceiling: 'notify',
  blindSpots: [
    'Access control lists of single objects, which can be public while the bucket is not.',
    'Access points, and policies with conditions that S3 itself does not count as public.',
    'Websites unknown to S3: a CDN or a proxy in front of a public bucket, with or without a secret header.',
    'Whether anyone visits it.',
  ],
  hazards: [],
  alsoFoundBy: { prowler: ['s3_bucket_public_access'] },
  uses: {
    reads: [
      s3.pick('ListBuckets', 'GetBucketTagging', 'GetBucketWebsite', 'GetBucketPolicyStatus', 'GetBucketAcl', 'GetPublicAccessBlock'),
      s3control.pick('GetPublicAccessBlock'),
    ],
    writes: [],
    undoes: [],
    finds: [s3.pick('ListBuckets')],
  },
  identify: identifyBucket,
  async observe({ aws, resource }) {
    if (isDirectoryBucket(resource.id)) return { state: NOTHING, tags: {} };
    const bucket = bucketOf(resource);
    return unlessGone(async () => {
      const [website, policy, acl, block, tags] = await inParallel(
        unlessMissing(aws.s3.GetBucketWebsite(bucket), 'NoSuchWebsiteConfiguration'),
        unlessMissing(aws.s3.GetBucketPolicyStatus(bucket), 'NoSuchBucketPolicy'),
        aws.s3.GetBucketAcl(bucket),
        ownBlockOf(aws, resource),
        tagsOf(aws, resource),
      );
      const open = { policyIsPublic: policyIsPublic(policy, resource), publicGrants: publicGrantsOf(acl) };
      const state: State = {
        website: website === null ? null : website.RedirectAllRequestsTo === undefined ? 'content' : 'redirect',
        ...open,
        block,
        accountBlock: openingsOf(open, block).length === 0 ? null : await accountBlockOf(aws, resource),
      };
      return { state, tags };
    });
  },
  plan({ state, resource }) {
    if (isDirectoryBucket(resource.id)) return { status: 'not-applicable', reason: 'Directory buckets cannot be public.' };
    const open = openingsOf(state, state.block, state.accountBlock);
    if (open.length === 0) {
      if (openingsOf(state).length === 0) return { status: 'compliant', message: 'Neither policy nor access control list makes the bucket public.' };
      const whose = openingsOf(state, state.block).length === 0 ? 'its public access block' : 'the public access block of the account or its organization';
      return { status: 'compliant', message: `The bucket has public statements or grants, but ${whose} makes them ineffective.` };
    }
    const why = open.join(', and ');
    if (state.website === null) {
      return {
        status: 'manual',
        message: `Bucket ${resource.id} is public: ${why}. It is not an S3 website, and its users are unknown, so it is not closed.`,
        steps: [
          'Find out who reads it, from S3 server access logs or CloudTrail data events.',
          'Give those who need it their own access: a bucket policy that names them, presigned URLs, or CloudFront with origin access control.',
          'Then remove the public statements and grants, and turn on block public access for the bucket.',
        ],
      };
    }
    const redirect = state.website === 'redirect';
    return {
      status: 'manual',
      message: `Bucket ${resource.id} is public (${why}) and serves a ${redirect ? 'website that redirects all requests' : 'static website'}. ${redirect ? 'The redirect needs no public objects, but others may read them' : 'Blocking public access would take the site down'}, so it is not closed.`,
      steps: [
        'Put a CloudFront distribution with origin access control in front of the bucket, with its REST endpoint as the origin. Replace index documents of folders and redirects with a CloudFront function.',
        'Allow that distribution in the bucket policy, and test the site under its CloudFront name.',
        'Point DNS to the distribution, and wait until nobody uses the website endpoint any more.',
        'Then remove the public statements and grants, delete the website configuration, and turn on block public access for the bucket.',
      ],
    };
  },
  discover: bucketsIn,
});
