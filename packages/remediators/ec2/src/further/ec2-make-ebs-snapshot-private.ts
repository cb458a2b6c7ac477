import { defineResource, defineSetting, given, paginate, sharedOnPurpose, tagsIn } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { ec2 } from './client.js';

/** A snapshot of this account. EC2 leaves the tags of what has none out. */
const snapshot = defineResource({
  type: 'AWS::EC2::Snapshot',
  arn: ['arn:{partition}:ec2:{region}:{account}:snapshot/{id}', 'arn:{partition}:ec2:{region}::snapshot/{id}'],
  find: {
    reads: [ec2.pick('DescribeSnapshots')],
    of: async ({ aws, id }) => given(await aws.ec2.DescribeSnapshots({ SnapshotIds: [id], OwnerIds: ['self'] }), 'Snapshots')[0],
  },
  tags: { of: async ({ found }) => tagsIn((await found()).Tags ?? []) },
  list: {
    reads: [ec2.pick('DescribeSnapshots')],
    async *of({ aws }) {
      for await (const { SnapshotId: id } of paginate(aws.ec2.DescribeSnapshots, { OwnerIds: ['self'], RestorableByUserIds: ['all'] }, 'Snapshots'))
        if (id !== undefined) yield { id };
    },
  },
});

/**
 * Takes from everybody the right to make volumes of a snapshot. Accounts that are named keep theirs, and volumes that were made run on.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-1
 */
export const makeEbsSnapshotPrivate = defineSetting({
  on: snapshot,
  id: 'ec2-make-ebs-snapshot-private',
  title: 'Remove public access to an EBS snapshot',
  package: packageRef,
  controls: { 'aws-fsbp': ['EC2.1'] },
  rules: { EBS_SNAPSHOT_PUBLIC_RESTORABLE_CHECK: 'ebs-snapshot-public-restorable-check' },
  calls: { 'ec2:ModifySnapshotAttribute': 'request.snapshotId' },
  ceiling: 'enforce',
  blindSpots: [
    'Copies that others have already made: they stay.',
    'Whether a public image uses it: images have their own permissions.',
    'The AWS Config rule evaluates the account and names no snapshot: events and sweeps find them.',
  ],
  read: {
    reads: [ec2.pick('DescribeSnapshotAttribute')],
    async of({ aws, id }) {
      const reply = await aws.ec2.DescribeSnapshotAttribute({ SnapshotId: id, Attribute: 'createVolumePermission' });
      return { public: given(reply, 'CreateVolumePermissions').some((each) => each.Group === 'all') };
    },
  },
  hazards: [sharedOnPurpose('accounts that are not named could no longer create volumes from it')],
  rollback: { restores: 'exact', what: 'The snapshot is public again.', not: [] },
  alsoFoundBy: { prowler: ['ec2_ebs_public_snapshot'] },
  inCode: { cloudFormation: 'none: it does not contain snapshots', terraform: 'aws_snapshot_create_volume_permission' },
  wanted: () => ({ public: false }),
  writes: [ec2.pick('ModifySnapshotAttribute')],
  write: ({ id, to }) =>
    ec2.call('ModifySnapshotAttribute', {
      SnapshotId: id,
      Attribute: 'createVolumePermission',
      OperationType: to.public ? 'add' : 'remove',
      GroupNames: ['all'],
    }),
  summary: ({ id }) => `remove public access to ${id}`,
});
