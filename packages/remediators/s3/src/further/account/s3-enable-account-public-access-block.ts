import { accountEverywhere, allOf, classifyAwsError, defineSetting, given, inParallel, paginate } from '@redress/core';
import { accountBlockOf, type Block, bucketOf, openingsOf, ownBlockOf, policyIsPublic, publicGrantsOf, unlessGone, unlessMissing } from '../../bucket.js';
import { packageRef } from '../../package-ref.js';
import { s3 } from '../client.js';
import { organizations, s3control } from './client.js';

const ON: Block = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
const isOn = (block: Block | null) => block !== null && Object.values(block).every((each) => each);

/** Answers of Organizations that say that nobody above the account has a say. */
const NOBODY = ['AWSOrganizationsNotInUseException', 'EffectivePolicyNotFoundException'];
/** So many buckets are looked at at once. */
const TOGETHER = 16;

/**
 * Blocks public access for every bucket of an account, those to come too. Where a bucket is public today, or where the organization has taken the setting
 * over, nothing is changed, and it is reported.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-1
 * @see https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_s3.html
 */
export const enableAccountPublicAccessBlock = defineSetting({
  on: accountEverywhere,
  id: 's3-enable-account-public-access-block',
  title: 'Block public access for all buckets of an account',
  package: packageRef,
  controls: {
    'aws-fsbp': ['S3.1'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['2.1.5'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['2.1.4'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['2.1.4'],
  },
  rules: {
    S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS_PERIODIC: 's3-account-level-public-access-blocks-periodic',
    S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS: 's3-account-level-public-access-blocks',
  },
  calls: { 's3:PutAccountPublicAccessBlock': 'account', 's3:DeleteAccountPublicAccessBlock': 'account' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Single objects with a public access control list, in buckets that allow them: access to these is cut off.',
    'Access points, which may be public even if their bucket is not.',
    'Programs that upload with a public access control list, and deployments that set a public bucket policy: they fail with an error.',
  ],
  read: {
    reads: [s3control.pick('GetPublicAccessBlock'), organizations.pick('DescribeEffectivePolicy')],
    async of({ aws, resource }) {
      const [block, organization] = await inParallel(
        // S3 answers with what holds, which may be the organization's.
        accountBlockOf(aws, resource),
        aws.organizations.DescribeEffectivePolicy({ PolicyType: 'S3_POLICY' }).then(
          // What is there and cannot be understood is a say, too.
          ({ EffectivePolicy: policy }) => policy?.PolicyContent?.includes('public_access_block_configuration') ?? true,
          (error: unknown) => {
            if (NOBODY.includes(classifyAwsError(error instanceof Error ? (error.cause ?? error) : error).name)) return false;
            throw error;
          },
        ),
      );
      return { block, organization };
    },
  },
  // Every bucket of the account, wherever it is. One whose own block is on needs no further look.
  context: {
    reads: [s3.pick('ListBuckets', 'GetPublicAccessBlock', 'GetBucketPolicyStatus', 'GetBucketAcl'), s3control.pick('GetPublicAccessBlock')],
    async of({ aws, resource }) {
      const account = await accountBlockOf(aws, resource);
      if (isOn(account)) return { open: [] };
      const buckets = paginate(aws.s3.ListBuckets, { MaxBuckets: 1000 }, 'Buckets', { input: 'ContinuationToken', output: 'ContinuationToken' });
      const names = (await allOf(buckets)).map((each) => given(each, 'Name'));
      const openingOf = async (id: string): Promise<readonly string[] | 'gone'> =>
        unlessGone(async () => {
          const ref = { ...resource, id };
          const block = await ownBlockOf(aws, ref);
          if (isOn(block)) return [];
          const [policy, acl] = await inParallel(
            unlessMissing(aws.s3.GetBucketPolicyStatus(bucketOf(ref)), 'NoSuchBucketPolicy'),
            aws.s3.GetBucketAcl(bucketOf(ref)),
          );
          return openingsOf({ policyIsPublic: policyIsPublic(policy, ref), publicGrants: publicGrantsOf(acl) }, block, account);
        });
      const open: string[] = [];
      for (let at = 0; at < names.length; at += TOGETHER) {
        const some = names.slice(at, at + TOGETHER);
        const found = await inParallel(...some.map(openingOf));
        open.push(...some.filter((_, index) => found[index] !== 'gone' && (found[index] ?? []).length > 0));
      }
      return { open: open.sort() };
    },
  },
  hazards: [
    {
      code: 'public-bucket',
      effect: 'notify',
      what: 'A bucket of the account is public today: a website, downloads or an upload form would go offline.',
      advice: 'Give its users another way in (CloudFront with origin access control, presigned URLs), close the bucket, and try again.',
      when: ({ context, id }) =>
        context === undefined || context.open.length === 0
          ? null
          : `${context.open.length === 1 ? 'A bucket' : `${context.open.length} buckets`} of account ${id} would be cut off: ${context.open.slice(0, 20).join(', ')}${context.open.length > 20 ? ' and others' : ''}.`,
    },
  ],
  rollback: { restores: 'exact', what: 'The earlier setting is restored, or the block is removed if there was none.', not: [] },
  alsoFoundBy: { prowler: ['s3_account_level_public_access_blocks'] },
  inCode: { cloudFormation: 'none: it is an account setting', terraform: 'aws_s3_account_public_access_block' },
  instead: ({ now: { block, organization }, id }) =>
    isOn(block) || !organization
      ? null
      : {
          status: 'manual',
          message: `Account ${id} does not block public access to all of its buckets, and its organization manages that setting: nobody in the account can change it.`,
          steps: [
            'Change the S3 policy of the organization that applies to this account, in its management account or as a delegated administrator for policies.',
          ],
        },
  wanted: ({ now }) => ({ ...now, block: ON }),
  writes: [s3control.pick('PutPublicAccessBlock')],
  undoes: [s3control.pick('PutPublicAccessBlock', 'DeletePublicAccessBlock')],
  write: ({ id: AccountId, to: { block } }) =>
    block === null
      ? s3control.call('DeletePublicAccessBlock', { AccountId })
      : s3control.call('PutPublicAccessBlock', { AccountId, PublicAccessBlockConfiguration: block }),
  compliant: ({ now: { organization } }) => `Public access is blocked for all buckets${organization ? ', by the organization' : ''}.`,
  summary: ({ id }) => `block public access for all buckets of account ${id}`,
  // Whatever of the four a rule asks for, all of them are on.
  judge: () => [],
});
