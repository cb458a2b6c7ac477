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
  blindSpots: ['Whether the database encrypts its data in another way.', 'How long the instance may be unavailable, and where its endpoint is configured.'],
  at: ({ StorageEncrypted, DBClusterIdentifier, ReadReplicaDBInstanceIdentifiers = [] }) => ({
    encrypted: StorageEncrypted,
    cluster: DBClusterIdentifier,
    replicas: [...ReadReplicaDBInstanceIdentifiers].sort(),
  }),
  absent: { cluster: null },
  gap: ({ now: { encrypted, cluster, replicas }, id }) => {
    if (encrypted) return null;
    const message = `The storage of DB instance ${id} is not encrypted${cluster === null ? '' : `: it is the storage of the cluster ${cluster}`}.`;
    if (cluster !== null)
      return {
        message,
        steps: [
          `Create a snapshot of the cluster ${cluster}, and restore it as a new cluster with a KMS key.`,
          'In a maintenance window, stop the writers, restore from a final snapshot, and move the endpoints.',
          'Keep the old cluster until the new one is known to work.',
        ],
      };
    return {
      message,
      steps: [
        'Create a snapshot, copy it with a KMS key, and restore the copy as a new instance. Try that first, outside the maintenance window.',
        ...(replicas.length === 0 ? [] : [`Plan for its read replicas (${replicas.join(', ')}): they have to be created again from the encrypted instance.`]),
        'In a maintenance window, stop the writers, repeat this with a final snapshot, and swap the names of the two instances, so that the endpoint stays.',
        'Keep the old instance until the new one is known to work.',
      ],
    };
  },
  closed: 'the storage of the instance is encrypted, or the instance is gone',
});
