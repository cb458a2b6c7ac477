import { defineSetting, given, sharedOnPurpose } from '@redress/core';
import { rds } from './client.js';
import { packageRef } from './package-ref.js';
import { dbSnapshot } from './resources.js';

/**
 * Takes from everybody the right to restore a DB snapshot. Accounts that are named keep theirs.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-1
 */
export const makeSnapshotPrivate = defineSetting({
  on: dbSnapshot,
  id: 'rds-make-snapshot-private',
  title: 'Remove public access to a DB snapshot',
  package: packageRef,
  controls: { 'aws-fsbp': ['RDS.1'] },
  rules: { RDS_SNAPSHOTS_PUBLIC_PROHIBITED: 'rds-snapshots-public-prohibited' },
  calls: { 'rds:ModifyDBSnapshotAttribute': 'request.dBSnapshotIdentifier' },
  ceiling: 'enforce',
  blindSpots: ['Copies and restores that others have already made: they stay.', 'Accounts that restore it through the public permission, and are not named.'],
  read: {
    reads: [rds.pick('DescribeDBSnapshotAttributes')],
    async of({ aws, id }) {
      const { DBSnapshotAttributesResult: result } = await aws.rds.DescribeDBSnapshotAttributes({ DBSnapshotIdentifier: id });
      const restore = result?.DBSnapshotAttributes?.find((each) => each.AttributeName === 'restore');
      return { public: restore === undefined ? undefined : given(restore, 'AttributeValues').includes('all') };
    },
  },
  hazards: [sharedOnPurpose('accounts that are not named could no longer restore it')],
  rollback: { restores: 'exact', what: 'The snapshot is public again.', not: [] },
  alsoFoundBy: { prowler: ['rds_snapshots_public_access'] },
  inCode: { cloudFormation: 'none: it does not contain snapshots', terraform: 'aws_db_snapshot shared_accounts' },
  wanted: () => ({ public: false }),
  writes: [rds.pick('ModifyDBSnapshotAttribute')],
  write: ({ id, to }) =>
    rds.call('ModifyDBSnapshotAttribute', { DBSnapshotIdentifier: id, AttributeName: 'restore', [to.public ? 'ValuesToAdd' : 'ValuesToRemove']: ['all'] }),
  summary: ({ id }) => `remove public access to ${id}`,
});
