import { defineSetting, given, inParallel } from '@redress/core';
import { bucketOf, unlessMissing } from '../bucket.js';
import { packageRef } from '../package-ref.js';
import { isOfAccount, principalsOf } from '../policy.js';
import { bucket } from './bucket.js';
import { s3 } from './client.js';

/**
 * Turns the access control lists of a bucket and its objects off: the bucket's owner owns every object, and policies alone decide. A bucket whose list grants
 * anybody else something is left to people, since S3 refuses it, and the grant would be lost.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-12
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
 */
export const disableAcls = defineSetting({
  on: bucket,
  id: 's3-disable-acls',
  title: 'Turn off the access control lists of a bucket',
  package: packageRef,
  controls: { 'aws-fsbp': ['S3.12'] },
  rules: { S3_BUCKET_ACL_PROHIBITED: 's3-bucket-acl-prohibited' },
  calls: {
    's3:CreateBucket': 'request.bucketName',
    's3:PutBucketAcl': 'request.bucketName',
    's3:PutBucketOwnershipControls': 'request.bucketName',
    's3:DeleteBucketOwnershipControls': 'request.bucketName',
  },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Uploads with an access control list other than bucket-owner-full-control: S3 rejects them. Access logs and data events show them, and are not read.',
    'Access control lists of single objects no longer have an effect: whoever reads an object only through its list is denied.',
  ],
  read: {
    reads: [s3.pick('GetBucketOwnershipControls', 'GetBucketAcl')],
    async of({ aws, resource }) {
      const [controls, acl] = await inParallel(
        unlessMissing(aws.s3.GetBucketOwnershipControls(bucketOf(resource)), 'OwnershipControlsNotFoundError'),
        aws.s3.GetBucketAcl(bucketOf(resource)),
      );
      const owner = given(given(acl, 'Owner'), 'ID');
      const others = given(acl, 'Grants').flatMap((grant) => {
        const { ID, URI, EmailAddress } = given(grant, 'Grantee');
        return ID === owner ? [] : [`${URI?.split('/').at(-1) ?? ID ?? EmailAddress ?? 'somebody'}: ${grant.Permission ?? '?'}`];
      });
      const [rule] = controls === null ? [] : given(given(controls, 'OwnershipControls'), 'Rules');
      return { ownership: rule === undefined ? null : given(rule, 'ObjectOwnership'), others: others.sort() as readonly string[] };
    },
  },
  context: {
    reads: [s3.pick('GetBucketPolicy')],
    async of({ aws, resource }) {
      const reply = await unlessMissing(aws.s3.GetBucketPolicy(bucketOf(resource)), 'NoSuchBucketPolicy');
      const accounts = principalsOf(reply === null ? undefined : given(reply, 'Policy')).filter((each) => !isOfAccount(each, resource.account));
      return { accounts: [...new Set(accounts)].sort() };
    },
  },
  hazards: [
    {
      code: 'other-accounts',
      effect: 'approve',
      what: 'The policy allows other accounts: the bucket owner becomes the owner of their objects, and whoever reads those only through their access control lists is denied.',
      advice:
        'Make sure that they write without an access control list, or with bucket-owner-full-control, and that the policy names the readers. Then approve.',
      when: ({ context, id }) => (context === undefined || context.accounts.length === 0 ? null : `The policy of ${id} allows ${context.accounts.join(', ')}`),
    },
  ],
  rollback: { restores: 'exact', what: 'Access control lists are in effect again, unchanged.', not: ['Uploads that were rejected in the meantime.'] },
  alsoFoundBy: { prowler: ['s3_bucket_acl_prohibited'] },
  inCode: { cloudFormation: 'AWS::S3::Bucket OwnershipControls', terraform: 'aws_s3_bucket_ownership_controls' },
  instead: ({ now: { ownership, others }, id }) =>
    ownership === 'BucketOwnerEnforced' || others.length === 0
      ? null
      : {
          status: 'manual',
          message: `The access control list of ${id} grants ${others.join(', ')}: S3 does not turn it off as long as it has this grant, and the grant would be lost.`,
          steps: [
            'Allow in the bucket policy what the grants allow, as far as it is needed. For LogDelivery, that is logging.s3.amazonaws.com.',
            'Set the access control list to private, and try again.',
          ],
        },
  wanted: ({ now }) => ({ ...now, ownership: 'BucketOwnerEnforced' as const }),
  writes: [s3.pick('PutBucketOwnershipControls')],
  undoes: [s3.pick('PutBucketOwnershipControls', 'DeleteBucketOwnershipControls')],
  write: ({ resource, to: { ownership } }) =>
    ownership === null
      ? s3.call('DeleteBucketOwnershipControls', bucketOf(resource))
      : s3.call('PutBucketOwnershipControls', { ...bucketOf(resource), OwnershipControls: { Rules: [{ ObjectOwnership: ownership }] } }),
  compliant: ({ id }) => `${id} has no access control lists.`,
  summary: ({ id }) => `turn off the access control lists of ${id} and its objects`,
});
