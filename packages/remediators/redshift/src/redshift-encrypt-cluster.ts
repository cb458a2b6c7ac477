import { defineSetting, needs } from '@redress/core';
import * as z from '@redress/core/parameters';
import { redshift } from './client.js';
import { busy, cluster, clusterCalls, status } from './cluster.js';
import { packageRef } from './package-ref.js';

const parameters = z.strictObject({
  kmsKeyArn: z.optional(z.kmsKeyArn()).check(z.describe('The KMS key of clusters: symmetric, enabled, in the same region.')),
});

/**
 * Encrypts a cluster with the key that the policy names. Redshift moves its data to encrypted nodes meanwhile.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/redshift-controls.html#redshift-10
 */
export const encryptCluster = defineSetting({
  on: cluster,
  id: 'redshift-encrypt-cluster',
  title: 'Encrypt a cluster with a KMS key',
  package: packageRef,
  controls: { 'aws-fsbp': ['Redshift.10'] },
  rules: { REDSHIFT_CLUSTER_KMS_ENABLED: 'redshift-cluster-kms-enabled' },
  calls: clusterCalls,
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'How long Redshift moves data, and how slow queries are during that time. For part of it, the cluster is read-only.',
    'Earlier snapshots: they stay as they are.',
    'Accounts with which its snapshots are shared, and that may not use the key.',
    'A cluster that is encrypted with another key, or with an HSM instead of KMS.',
  ],
  parameters,
  at: ({ Encrypted, PendingModifiedValues }) => ({
    encrypted: Encrypted,
    pending: PendingModifiedValues?.EncryptionType === undefined ? undefined : PendingModifiedValues.EncryptionType !== 'NONE',
  }),
  absent: { pending: null },
  context: status,
  hazards: [busy],
  rollback: {
    restores: 'equivalent',
    what: 'The cluster is decrypted again, which moves its data again.',
    not: ['Snapshots created in the meantime stay encrypted.'],
  },
  alsoFoundBy: { prowler: ['redshift_cluster_encrypted_at_rest'] },
  inCode: { cloudFormation: 'AWS::Redshift::Cluster Encrypted, KmsKeyId', terraform: 'aws_redshift_cluster encrypted, kms_key_id' },
  // Which key it has is not judged here.
  judge: ({ state, claim: { parameters: asked } }) => (state.encrypted && Object.keys(asked ?? {}).length > 0 ? null : []),
  instead({ now: { encrypted, pending }, id, parameters: { kmsKeyArn } }) {
    if (encrypted) return null;
    if (pending === true) return { status: 'manual', message: `Redshift is encrypting ${id}.`, steps: ['Wait until it is done.'] };
    return needs('redshift-encrypt-cluster', `${id} is not encrypted`, { kmsKeyArn });
  },
  wanted: ({ now }) => ({ ...now, encrypted: true }),
  writes: [redshift.pick('ModifyCluster')],
  write: ({ id, parameters: { kmsKeyArn = '' } }) => redshift.call('ModifyCluster', { ClusterIdentifier: id, Encrypted: true, KmsKeyId: kmsKeyArn }),
  undo: ({ id }) => ({ calls: [redshift.call('ModifyCluster', { ClusterIdentifier: id, Encrypted: false })], restores: 'equivalent' }),
  // Redshift takes a while to encrypt it, and to decrypt it.
  effective: ({ pending, ...now }) => ({ ...now, encrypted: pending ?? now.encrypted }),
  summary: ({ id, parameters: { kmsKeyArn } }) => `encrypt ${id} with ${kmsKeyArn}`,
});
