import { defineSetting, given, nameOfStatement, statementsOf } from '@redress/core';
import { bucketOf, unlessMissing } from '../../bucket.js';
import { packageRef } from '../../package-ref.js';
import { bucket } from '../bucket.js';
import { s3 } from '../client.js';
import { isAffected, isRisky, type Owner, restricted } from './restricted.js';
import { unwritable, withStatements } from './rewriting.js';

/** The statements that let other accounts do it, by name, and all that take their place; null where none can, or the policy cannot be understood. */
function affected(policy: string | null, owner: Owner) {
  const all = policy === null ? [] : statementsOf(policy);
  const names = (all ?? []).flatMap((each, at) => (isAffected(each, owner) ? [nameOfStatement(each, at)] : []));
  const next = (all ?? []).map((each) => restricted(each, owner));
  return { names, isRead: all !== null, next: next.every((each) => each !== null) ? next.flat() : null };
}

/**
 * Takes the actions that change who may do what with a bucket away from other accounts in its policy. Who is named keeps all other actions.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-6
 */
export const restrictCrossAccountPolicyActions = defineSetting({
  on: bucket,
  id: 's3-restrict-cross-account-policy-actions',
  title: 'Remove risky administrative actions of other accounts from a bucket policy',
  package: packageRef,
  controls: { 'aws-fsbp': ['S3.6'] },
  rules: {
    S3_BUCKET_BLACKLISTED_ACTIONS_PROHIBITED: 's3-bucket-blacklisted-actions-prohibited',
    S3_BUCKET_POLICY_NOT_MORE_PERMISSIVE: 's3-bucket-policy-not-more-permissive',
  },
  calls: { 's3:PutBucketPolicy': 'request.bucketName' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Which of these actions other accounts use: replication that changes owners, backups and security accounts may need them. CloudTrail shows the calls, and is not read.',
    'Which accounts belong to the same organization.',
    'Roles and users of the account that have access only through the open statement.',
    'Access points, and roles of the account that others may assume.',
    'A policy that someone sets between the last read and the change: it is overwritten, and a rollback does not restore it.',
    'Automation that sets the whole policy: its next run restores these permissions.',
  ],
  read: {
    reads: [s3.pick('GetBucketPolicy')],
    async of({ aws, resource }) {
      const reply = await unlessMissing(aws.s3.GetBucketPolicy(bucketOf(resource)), 'NoSuchBucketPolicy');
      return { policy: reply === null ? null : given(reply, 'Policy') };
    },
  },
  hazards: [],
  rollback: { restores: 'exact', what: 'The earlier policy is restored.', not: ['Calls of other accounts that were denied in the meantime.'] },
  inCode: { cloudFormation: 'AWS::S3::BucketPolicy PolicyDocument', terraform: 'aws_s3_bucket_policy policy' },
  instead({ now: { policy }, id, resource }) {
    const { names, next, isRead } = affected(policy, resource);
    if (policy === null || (isRead && names.length === 0)) return null;
    const why = !isRead
      ? 'could not be interpreted'
      : next === null
        ? `lets other accounts change permissions through wildcards, or through NotAction or NotPrincipal: ${names.join(', ')}`
        : unwritable(policy, next);
    return why === null
      ? null
      : {
          status: 'manual',
          message: `The policy of ${id} ${why}.`,
          steps: [
            'List the actions that other accounts need, without s3:PutBucketPolicy, s3:DeleteBucketPolicy, s3:PutBucketAcl, s3:PutObjectAcl and s3:PutEncryptionConfiguration.',
          ],
        };
  },
  wanted({ now: { policy }, resource }) {
    const { names, next } = affected(policy, resource);
    return { policy: policy === null || names.length === 0 || next === null ? policy : withStatements(policy, next) };
  },
  writes: [s3.pick('PutBucketPolicy')],
  write: ({ resource, to: { policy } }) => s3.call('PutBucketPolicy', { ...bucketOf(resource), Policy: policy ?? '' }),
  compliant: ({ id }) => `The policy of ${id} lets no other account change its permissions.`,
  // Of other patterns, and of policies to compare with, it knows nothing.
  judge({ claim }) {
    const [asked, ...more] = Object.entries(claim.parameters ?? {});
    if (asked === undefined) return claim.isRule('S3_BUCKET_POLICY_NOT_MORE_PERMISSIVE') ? null : [];
    return more.length === 0 && /^blacklistedactionpatterns?$/i.test(asked[0]) && asked[1].split(',').every((each) => isRisky(each.trim())) ? [] : null;
  },
  summary: ({ id, now, resource }) =>
    `remove permissions of other accounts to change the permissions of ${id}: ${affected(now.policy, resource).names.join(', ')}`,
});
