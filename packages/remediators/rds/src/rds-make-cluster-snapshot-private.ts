import { defineSetting, given, sharedOnPurpose } from '@redress/core';
import { rds } from './client.js';
import { packageRef } from './package-ref.js';
import { dbClusterSnapshot } from './resources.js';

/**
 * Takes from everybody the right to restore a DB cluster snapshot. Accounts that are named keep theirs.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-1
 */
export const makeClusterSnapshotPrivate = defineSetting({
  on: dbClusterSnapshot,
  id: 'rds-make-cluster-snapshot-private',
  title: 'Remove public access to a DB cluster snapshot',
  package: packageRef,
  controls: { 'aws-fsbp': ['RDS.1'] },
  rules: { RDS_SNAPSHOTS_PUBLIC_PROHIBITED: 'rds-snapshots-public-prohibited' },
  calls: { 'rds:ModifyDBClusterSnapshotAttribute': 'request.dBClusterSnapshotIdentifier' },
  ceiling: 'enforce',
  blindSpots: ['Copies and restores that others have already made: they stay.', 'Accounts that restore it through the public permission, and are not named.'],
  read: {
    reads: [rds.pick('DescribeDBClusterSnapshotAttributes')],
    async of({ aws, id }) {
      const { DBClusterSnapshotAttributesResult: result } = await aws.rds.DescribeDBClusterSnapshotAttributes({ DBClusterSnapshotIdentifier: id });
      const restore = result?.DBClusterSnapshotAttributes?.find((each) => each.AttributeName === 'restore');
      return { public: restore === undefined ? undefined : given(restore, 'AttributeValues').includes('all') };
    },
  },
  hazards: [sharedOnPurpose('accounts that are not named could no longer restore it')],
  rollback: { restores: 'exact', what: 'The snapshot is public again.', not: [] },
  alsoFoundBy: { prowler: ['rds_snapshots_public_access'] },
  inCode: { cloudFormation: 'none: it does not contain snapshots', terraform: 'aws_db_cluster_snapshot shared_accounts' },
  wanted: () => ({ public: false }),
  writes: [rds.pick('ModifyDBClusterSnapshotAttribute')],
  write: ({ id, to }) =>
    rds.call('ModifyDBClusterSnapshotAttribute', {
      DBClusterSnapshotIdentifier: id,
      AttributeName: 'restore',
      [to.public ? 'ValuesToAdd' : 'ValuesToRemove']: ['all'],
    }),
  summary: ({ id }) => `remove public access to ${id}`,
});
