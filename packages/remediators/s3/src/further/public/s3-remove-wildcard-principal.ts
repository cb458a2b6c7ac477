import { defineSetting, given, inParallel, leftToAccount, nameOfStatement, type OwnConditions, opennessOf, sharedOnPurpose, statementsOf } from '@redress/core';
import { bucketOf, policyIsPublic, unlessMissing } from '../../bucket.js';
import { packageRef } from '../../package-ref.js';
import { bucket } from '../bucket.js';
import { s3 } from '../client.js';
import { visitorsCutOff, websiteContext } from '../website.js';
import { REFUSED_BACK, unwritable, withStatements } from './rewriting.js';

/** How a request is made binds it to nobody. */
const CONDITIONS: OwnConditions = { how: /^(?:aws:securetransport|s3:(?:tlsversion|signatureversion|x-amz-acl|prefix|delimiter|max-keys))$/ };
/** The statements, what takes their place, and which of them are for everybody; null: they cannot be understood. Of a policy that S3 does not take for public none is. */
function openIn({ policy, isPublic }: { readonly policy: string | null; readonly isPublic: boolean }, owner: Parameters<typeof leftToAccount>[1]) {
  const all = policy === null || !isPublic ? [] : statementsOf(policy);
  const isOpen = (each: Parameters<typeof opennessOf>[0]) => opennessOf(each, CONDITIONS) === 'everybody';
  return all === null ? null : { all, open: all.filter(isOpen), next: all.map((each) => (isOpen(each) ? leftToAccount(each, owner) : each)) };
}

/**
 * Puts the account in place of everybody in the statements of a bucket policy that let everybody in, also where a public access block cuts it off today. A
 * statement that conditions bind to an organization, an endpoint or an address stays, and so does all else of the policy.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
 */
export const removeWildcardPrincipal = defineSetting({
  on: bucket,
  id: 's3-remove-wildcard-principal',
  title: 'Remove the principal * from a bucket policy',
  package: packageRef,
  controls: { 'aws-fsbp': ['S3.2', 'S3.3'] },
  rules: { S3_BUCKET_POLICY_GRANTEE_CHECK: 's3-bucket-policy-grantee-check' },
  calls: { 's3:PutBucketPolicy': 'request.bucketName' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Who uses the bucket without credentials, or from other accounts only through the open statement: access logs and data events show that, and are not read.',
    'Roles and users of the account that have access only through the open statement: after the change, they need access in their own policies.',
    'Access control lists, and access points.',
    'A policy that someone sets between the last read and the change: it is overwritten, and a rollback does not restore it.',
    'Automation that sets the whole policy: its next run opens the bucket again.',
  ],
  read: {
    reads: [s3.pick('GetBucketPolicy', 'GetBucketPolicyStatus')],
    async of({ aws, resource }) {
      const [policy, status] = await inParallel(
        unlessMissing(aws.s3.GetBucketPolicy(bucketOf(resource)), 'NoSuchBucketPolicy'),
        unlessMissing(aws.s3.GetBucketPolicyStatus(bucketOf(resource)), 'NoSuchBucketPolicy'),
      );
      return { policy: policy === null ? null : given(policy, 'Policy'), isPublic: policyIsPublic(status, resource) };
    },
  },
  context: websiteContext,
  hazards: [visitorsCutOff, sharedOnPurpose('whoever uses it without being named would lose access')],
  rollback: {
    restores: 'exact',
    what: 'The earlier policy is restored.',
    not: [REFUSED_BACK, 'Calls that were denied in the meantime.'],
  },
  alsoFoundBy: { prowler: ['s3_bucket_public_access'] },
  inCode: { cloudFormation: 'AWS::S3::BucketPolicy PolicyDocument', terraform: 'aws_s3_bucket_policy policy' },
  instead({ now, id, resource }) {
    if (now.policy === null || !now.isPublic) return null;
    const found = openIn(now, resource);
    const weighed = found?.all.flatMap((each, at) => (opennessOf(each, CONDITIONS) === 'unknown' ? [nameOfStatement(each, at)] : [])) ?? [];
    const why =
      found === null
        ? 'could not be interpreted'
        : found.open.length === 0
          ? `has public statements with conditions, or with NotPrincipal: ${weighed.join(', ')}`
          : unwritable(now.policy, found.next);
    return why === null
      ? null
      : {
          status: 'manual',
          message: `S3 considers the policy of ${id} public, and it ${why}.`,
          steps: ['Name those who need access in each statement, or restrict it to a fixed account, organization or endpoint.'],
        };
  },
  wanted({ now, resource }) {
    const { open = [], next = [] } = openIn(now, resource) ?? {};
    return open.length === 0 ? now : { policy: withStatements(now.policy ?? '{}', next), isPublic: false };
  },
  writes: [s3.pick('PutBucketPolicy')],
  write: ({ resource, to: { policy } }) => s3.call('PutBucketPolicy', { ...bucketOf(resource), Policy: policy ?? '' }),
  compliant: ({ id }) => `The policy of ${id} allows only named principals, or restricts access with conditions.`,
  summary: ({ id, now, resource }) => {
    const { all = [], open = [] } = openIn(now, resource) ?? {};
    return `replace everyone with the account in the policy of ${id}: ${open.map((each) => nameOfStatement(each, all.indexOf(each))).join(', ')}`;
  },
});
