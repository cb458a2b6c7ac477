import { defineReport } from '@redress/core';
import { packageRef } from './package-ref.js';
import { dbClusterSnapshot } from './resources.js';

/**
 * Reports a manual snapshot of a DB cluster that is not encrypted. RDS makes no encrypted copy of such a one.
 *
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBClusterSnapshot.html
 */
export const reportUnencryptedClusterSnapshot = defineReport({
  on: dbClusterSnapshot,
  id: 'rds-report-unencrypted-cluster-snapshot',
  title: 'Report snapshots of DB clusters without encryption',
  package: packageRef,
  controls: { 'aws-fsbp': ['RDS.4'] },
  rules: { RDS_SNAPSHOT_ENCRYPTED: 'rds-snapshot-encrypted' },
  calls: {
    'rds:CreateDBClusterSnapshot': 'request.dBClusterSnapshotIdentifier',
    'rds:CopyDBClusterSnapshot': 'request.targetDBClusterSnapshotIdentifier',
  },
  blindSpots: ['Who restores it by its name, and with which accounts it is shared.'],
  at: ({ StorageEncrypted }) => ({ encrypted: StorageEncrypted }),
  gap: ({ now: { encrypted }, id }) =>
    encrypted
      ? null
      : {
          message: `The snapshot ${id} of a DB cluster is not encrypted, and RDS cannot create an encrypted copy of it.`,
          steps: [
            'Restore it as a new cluster with a KMS key, and create a snapshot of that cluster.',
            `Switch whoever restores or shares ${id} to the new snapshot. Then delete ${id}, and the cluster that was restored for it.`,
          ],
        },
  closed: 'the snapshot is encrypted, or gone',
});
