/**
 * Remediators for RDS.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { disablePublicAccess } from './rds-disable-public-access.js';
import { enableAutoMinorUpgrade } from './rds-enable-auto-minor-upgrade.js';
import { enableAutomatedBackups } from './rds-enable-automated-backups.js';
import { enableClusterIamAuth } from './rds-enable-cluster-iam-auth.js';
import { enableEnhancedMonitoring } from './rds-enable-enhanced-monitoring.js';
import { enableInstanceDeletionProtection } from './rds-enable-instance-deletion-protection.js';
import { enableInstanceIamAuth } from './rds-enable-instance-iam-auth.js';
import { enableMultiAz } from './rds-enable-multi-az.js';
import { encryptSnapshotCopy } from './rds-encrypt-snapshot-copy.js';
import { exportLogsToCloudWatch } from './rds-export-logs-to-cloudwatch.js';
import { makeClusterSnapshotPrivate } from './rds-make-cluster-snapshot-private.js';
import { makeSnapshotPrivate } from './rds-make-snapshot-private.js';
import { reportUnencryptedClusterSnapshot } from './rds-report-unencrypted-cluster-snapshot.js';
import { reportUnencryptedInstance } from './rds-report-unencrypted-instance.js';
import { requireProxyTls } from './rds-require-proxy-tls.js';
import { requireTls } from './rds-require-tls.js';

export {
  disablePublicAccess,
  enableAutoMinorUpgrade,
  enableAutomatedBackups,
  enableClusterIamAuth,
  enableEnhancedMonitoring,
  enableInstanceDeletionProtection,
  enableInstanceIamAuth,
  enableMultiAz,
  encryptSnapshotCopy,
  exportLogsToCloudWatch,
  makeClusterSnapshotPrivate,
  makeSnapshotPrivate,
  reportUnencryptedClusterSnapshot,
  reportUnencryptedInstance,
  requireProxyTls,
  requireTls,
};

/** Every remediator of this package. */
export const rdsRemediators: readonly Remediator[] = [
  makeSnapshotPrivate,
  makeClusterSnapshotPrivate,
  enableInstanceDeletionProtection,
  exportLogsToCloudWatch,
  enableEnhancedMonitoring,
  enableAutomatedBackups,
  disablePublicAccess,
  enableAutoMinorUpgrade,
  enableMultiAz,
  encryptSnapshotCopy,
  enableInstanceIamAuth,
  enableClusterIamAuth,
  requireTls,
  requireProxyTls,
  reportUnencryptedClusterSnapshot,
  reportUnencryptedInstance,
];
