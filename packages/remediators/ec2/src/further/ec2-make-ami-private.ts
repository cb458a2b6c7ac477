import { defineResource, defineSetting, given, paginate, sharedOnPurpose } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { tagsOf } from '../security-group.js';
import { ec2 } from './client.js';

const OWN = { Owners: ['self'], IncludeDisabled: true };

/** An image of this account. */
const image = defineResource({
  type: 'AWS::EC2::Image',
  arn: ['arn:{partition}:ec2:{region}::image/{id}', 'arn:{partition}:ec2:{region}:{account}:image/{id}'],
  find: {
    reads: [ec2.pick('DescribeImages')],
    of: async ({ aws, id }) => given(await aws.ec2.DescribeImages({ ImageIds: [id], ...OWN }), 'Images').find((each) => each.ImageId === id),
  },
  tags: { of: async ({ found }) => tagsOf((await found()).Tags) },
  list: {
    reads: [ec2.pick('DescribeImages')],
    async *of({ aws }) {
      for await (const found of paginate(aws.ec2.DescribeImages, OWN, 'Images')) if (found.ImageId !== undefined) yield { id: found.ImageId, found };
    },
  },
});

/**
 * Takes from everybody the right to launch an image. Accounts and organizations that are named keep theirs, and instances run on.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-intro.html
 */
export const makeAmiPrivate = defineSetting({
  on: image,
  id: 'ec2-make-ami-private',
  title: 'Remove public launch permission from an image',
  package: packageRef,
  controls: {},
  rules: {},
  calls: { 'ec2:ModifyImageAttribute': 'request.imageId' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Auto Scaling groups and pipelines of other accounts that rely on the public permission: their next launch fails.',
    'Copies that others have already made: they stay.',
    'Its snapshots, which have their own permissions.',
  ],
  at: ({ Public }) => ({ public: Public }),
  context: { of: async ({ found }) => ({ launched: (await found()).LastLaunchedTime ?? null }) },
  hazards: [sharedOnPurpose('accounts that are not named could no longer launch it')],
  rollback: { restores: 'exact', what: 'The image is public again.', not: ['Launches that failed in the meantime.'] },
  alsoFoundBy: { prowler: ['ec2_ami_public'] },
  inCode: { cloudFormation: 'none: it does not contain images', terraform: 'aws_ami_launch_permission group' },
  wanted: () => ({ public: false }),
  writes: [ec2.pick('ModifyImageAttribute')],
  write: ({ id, to }) => ec2.call('ModifyImageAttribute', { ImageId: id, LaunchPermission: { [to.public ? 'Add' : 'Remove']: [{ Group: 'all' }] } }),
  summary: ({ id, context }) =>
    `remove public launch permission from ${id}${context === undefined || context.launched === null ? '' : `, which was last launched on ${context.launched}`}`,
});
