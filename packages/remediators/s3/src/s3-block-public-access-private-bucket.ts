import { canonicalJson, defineRemediator, given, type Hazard, inParallel } from '@redress/core';
import {
  accountBlockOf,
  type Block,
  bucketOf,
  bucketsIn,
  createdOf,
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
import { leavesToAccessPoints } from './policy.js';

/** A type, not an interface: state must be plain JSON. */
type State = {
  /** Since when it is there; null for what has no state. */
  readonly created: string | null;
  readonly block: Block | null;
  /** What the account blocks of each of its buckets. Null also where the bucket's own block is on, which needs no other. */
  readonly accountBlock: Block | null;
  readonly policyIsPublic: boolean;
  readonly publicGrants: readonly string[];
};
interface Context {
  readonly website: boolean;
  /** Null: none is set, so objects may have access control lists of their own. */
  readonly ownership: string | null;
  /** Where the policy leaves it to access points who gets in. */
  readonly accessPoints?: true;
}

const ON: Block = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
const isOn = (block: Block | null) => block !== null && Object.values(block).every((each) => each);

/** What a read comes to, for who may not need it: its failure is thrown when it is asked for. */
const outcomeOf = <T>(read: Promise<T>): Promise<() => T> =>
  read.then(
    (value) => () => value,
    (error: unknown) => () => {
      throw error;
    },
  );

/**
 * Turns on block public access for a bucket that nobody reaches anonymously today, so that a later mistake opens nothing. A bucket that is
 * public is left alone, and told about: somebody may depend on it.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
 */
export const blockPublicAccess = defineRemediator({
  id: 's3-block-public-access-private-bucket',
  title: 'Turn on Block Public Access for a bucket that is not public today',
  package: packageRef,
  resourceTypes: ['AWS::S3::Bucket'],
  controls: [
    { framework: 'aws-fsbp', id: 'S3.8' },
    { framework: 'cis-aws-foundations-benchmark/v/1.4.0', id: '2.1.5' },
    { framework: 'cis-aws-foundations-benchmark/v/3.0.0', id: '2.1.4' },
    { framework: 'cis-aws-foundations-benchmark/v/5.0.0', id: '2.1.4' },
  ],
  triggers: {
    configRules: ['S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED', 's3-bucket-level-public-access-prohibited'],
    apiCalls: { 's3:CreateBucket': namedBucket, 's3:PutBucketPublicAccessBlock': namedBucket, 's3:DeleteBucketPublicAccessBlock': namedBucket },
  },
  ceiling: 'enforce',
  settle: 'PT60S',
  breadth: 10,
  blindSpots: [
    'A later deployment that makes the bucket public: it fails with an error.',
    'Access control lists of single objects, if the bucket does not enforce bucket owner ownership: then an approval is needed.',
    'Access points that a bucket policy allows without naming them or their account.',
    'Policies with conditions that S3 does not count as public.',
    'Whether a bucket with a different creation date is the same bucket. S3 may change the date when settings change; a rollback is then refused.',
  ],
  hazards: [
    {
      code: 'website',
      effect: 'notify',
      what: 'The bucket is configured as a website, but is not public: it may be about to become public.',
      advice:
        'Ask its owner. For a website that is to stay private, put CloudFront with origin access control in front of it. Then remove the website configuration, and the block follows.',
    },
    {
      code: 'object-acls',
      effect: 'approve',
      what: 'The bucket allows access control lists of objects: single objects may be public today, and someone may read them.',
      advice:
        'Search for such objects (S3 Inventory lists them), or for anonymous reads in the access logs. Then approve. Or set Object Ownership to BucketOwnerEnforced.',
    },
    {
      code: 'access-points',
      effect: 'approve',
      what: 'The policy delegates access to access points. A public access point is subject to its own block and to that of the bucket, so access through it would be cut off.',
      advice: 'Check whether one of its access points is public (GetAccessPointPolicyStatus). Approve if none is, or if nobody needs it.',
    },
  ],
  rollback: {
    restores: 'exact',
    what: 'The earlier setting is restored, or the block is removed if there was none.',
    not: [],
  },
  alsoFoundBy: { prowler: ['s3_bucket_level_public_access_block'] },
  uses: {
    reads: [
      s3.pick(
        'ListBuckets',
        'GetBucketTagging',
        'GetPublicAccessBlock',
        'GetBucketPolicyStatus',
        'GetBucketPolicy',
        'GetBucketAcl',
        'GetBucketWebsite',
        'GetBucketOwnershipControls',
      ),
      s3control.pick('GetPublicAccessBlock'),
    ],
    writes: [s3.pick('PutPublicAccessBlock')],
    undoes: [s3.pick('PutPublicAccessBlock', 'DeletePublicAccessBlock')],
    decides: [s3.pick('GetBucketTagging', 'GetBucketPolicy', 'GetBucketWebsite', 'GetBucketOwnershipControls')],
  },
  identify: identifyBucket,
  async observe({ aws, resource, purpose }) {
    const nothing: { state: State; context: Context } = {
      state: { created: null, block: null, accountBlock: null, policyIsPublic: false, publicGrants: [] },
      context: { website: false, ownership: 'BucketOwnerEnforced' },
    };
    if (isDirectoryBucket(resource.id)) return { ...nothing, tags: {} };
    const bucket = bucketOf(resource);
    return unlessGone(async () => {
      // A website and object ownership are hazards, and nothing else.
      const deciding = purpose === 'decision';
      const [block, policy, acl, website, controls, tags, created, account] = await inParallel(
        ownBlockOf(aws, resource),
        unlessMissing(aws.s3.GetBucketPolicyStatus(bucket), 'NoSuchBucketPolicy'),
        aws.s3.GetBucketAcl(bucket),
        deciding ? unlessMissing(aws.s3.GetBucketWebsite(bucket), 'NoSuchWebsiteConfiguration') : null,
        deciding ? unlessMissing(aws.s3.GetBucketOwnershipControls(bucket), 'OwnershipControlsNotFoundError') : null,
        purpose === 'verification' ? {} : tagsOf(aws, resource),
        createdOf(aws, resource),
        // It matters only where the bucket's own is not on; asked for after that was known it would be a round trip of its own.
        purpose === 'verification' ? null : outcomeOf(accountBlockOf(aws, resource)),
      );
      const accountBlock = isOn(block) ? null : await (account === null ? accountBlockOf(aws, resource) : account());
      const state: State = { created, block, accountBlock, policyIsPublic: policyIsPublic(policy, resource), publicGrants: publicGrantsOf(acl) };
      // Without a policy of the bucket no access point lets anybody else in.
      const delegating = deciding && policy !== null && !isOn(block) ? await unlessMissing(aws.s3.GetBucketPolicy(bucket), 'NoSuchBucketPolicy') : null;
      const context: Context = {
        website: website !== null,
        ownership: controls?.OwnershipControls?.Rules?.[0]?.ObjectOwnership ?? null,
        ...(delegating !== null && leavesToAccessPoints(given(delegating, 'Policy')) ? { accessPoints: true as const } : {}),
      };
      return { state, ...(purpose === 'confirmation' ? {} : { context }), tags };
    });
  },
  plan({ state, context, resource }) {
    if (isDirectoryBucket(resource.id)) return { status: 'not-applicable', reason: 'Directory buckets cannot be public.' };
    const { block, accountBlock } = state;
    if (isOn(block)) return { status: 'compliant', message: 'Block public access is on.' };
    const open = openingsOf(state, block, accountBlock);
    if (open.length > 0) {
      return {
        status: 'manual',
        message: `Bucket ${resource.id} is public today: ${open.join(', and ')}. Its readers would lose access, so it is not closed.`,
        steps: [
          'Find out who reads it, from S3 server access logs or CloudTrail data events.',
          'Give those who need it their own access: a bucket policy that names them, presigned URLs, or CloudFront with origin access control.',
          'Then remove the public statements and grants. The block follows automatically.',
        ],
      };
    }
    const hazards: Hazard[] = [];
    if (context?.website === true)
      hazards.push({ code: 'website', effect: 'notify', message: `${resource.id} is configured as a website: it may be about to become public.` });
    // What the account ignores is not public.
    if (context?.ownership !== 'BucketOwnerEnforced' && accountBlock?.IgnorePublicAcls !== true)
      hazards.push({
        code: 'object-acls',
        effect: 'approve',
        message: `${resource.id} allows access control lists of objects (${context?.ownership ?? 'no ownership controls'}): single objects may be public today.`,
      });
    // What the account cuts off is cut off already.
    if (context?.accessPoints === true && accountBlock?.RestrictPublicBuckets !== true)
      hazards.push({
        code: 'access-points',
        effect: 'approve',
        message: `The policy of ${resource.id} delegates access to access points: access through a public one would be cut off.`,
      });
    const bucket = bucketOf(resource);
    const put = (configuration: Block) => s3.call('PutPublicAccessBlock', { ...bucket, PublicAccessBlockConfiguration: configuration });
    return {
      status: 'change',
      hazards,
      changes: [
        {
          call: put(ON),
          undo: { calls: [block === null ? s3.call('DeletePublicAccessBlock', bucket) : put(block)], restores: 'exact' },
          summary: `turn on block public access for ${resource.id}`,
          resolves: true,
        },
      ],
    };
  },
  // What the account blocks is not ours to put back, and S3 may show another date after a change of the settings.
  equivalent({ before, after }) {
    const own = (state: State) => canonicalJson({ ...state, created: null, accountBlock: null });
    return own(before) === own(after);
  },
  discover: bucketsIn,
});
