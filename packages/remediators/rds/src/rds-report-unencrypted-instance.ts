import { defineReport } from '@redress/core';
import { packageRef } from './package-ref.js';
import { dbInstance } from './resources.js';

/**
 * Reports a DB instance whose storage is not encrypted. It cannot be encrypted in place.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-3
 */
export const reportUnencryptedInstance = defineReport({
  on: dbInstance,
  id: 'rds-report-unencrypted-instance',
  title: 'Report DB instances without storage encryption',
  package: packageRef,
  controls: {
    'aws-fsbp': ['RDS.3'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['2.3.1'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['2.3.1'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['2.2.1'],
  },
  rules: { RDS_STORAGE_ENCRYPTED: 'rds-storage-encrypted' },
  calls: { 'rds:CreateDBInstance': 'request.dBInstanceIdentifier', 'rds:RestoreDBInstanceFromDBSnapshot': 'request.dBInstanceIdentifier' },
  alsoFoundBy: { prowler: ['rds_instance_storage_encrypted'] },
  blindSpots: ['Whether the database encrypts its data otherwise.', 'How long the instance may be away, and who has its endpoint written down.'],
  at: ({ StorageEncrypted, DBClusterIdentifier, ReadReplicaDBInstanceIdentifiers = [] }) => ({
    encrypted: StorageEncrypted,
    cluster: DBClusterIdentifier,
    replicas: [...ReadReplicaDBInstanceIdentifiers].sort(),
  }),
  absent: { cluster: null },
  gap: ({ now: { encrypted, cluster, replicas }, id }) => {
    if (encrypted) return null;
    const message = `The storage of DB instance ${id} is not encrypted${cluster === null ? '' : `: it is that of the cluster ${cluster}`}.`;
    if (cluster !== null)
      return {
        message,
        steps: [
          `Make a snapshot of the cluster ${cluster}, and restore it with a key of KMS as a new cluster.`,
          'In a maintenance window: stop the writers, restore from a last snapshot, and move the endpoints.',
          'Keep the old cluster until the new one is shown to work.',
        ],
      };
    return {
      message,
      steps: [
        'Make a snapshot, copy it with a key of KMS, and restore the copy as a new instance: try that first, beyond the maintenance window.',
        ...(replicas.length === 0 ? [] : [`Plan for its read replicas (${replicas.join(', ')}): they are made new from the encrypted instance.`]),
        'In a maintenance window: stop the writers, do it with a last snapshot, and swap the names of the two, so that the endpoint stays.',
        'Keep the old instance until the new one is shown to work.',
      ],
    };
  },
  closed: 'the storage of the instance is encrypted, or the instance is gone',
});
