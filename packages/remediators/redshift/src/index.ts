/**
 * Remediators for Redshift.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { allowVersionUpgrade } from './redshift-allow-version-upgrade.js';
import { disablePublicAccess } from './redshift-disable-public-access.js';
import { enableAuditLogging } from './redshift-enable-audit-logging.js';
import { enableAutomatedSnapshots } from './redshift-enable-automated-snapshots.js';
import { enableEnhancedVpcRouting } from './redshift-enable-enhanced-vpc-routing.js';
import { encryptCluster } from './redshift-encrypt-cluster.js';
import { requireTls } from './redshift-require-tls.js';

export { allowVersionUpgrade, disablePublicAccess, enableAuditLogging, enableAutomatedSnapshots, enableEnhancedVpcRouting, encryptCluster, requireTls };

/** Every remediator of this package. */
export const redshiftRemediators: readonly Remediator[] = [
  enableAutomatedSnapshots,
  enableAuditLogging,
  allowVersionUpgrade,
  enableEnhancedVpcRouting,
  disablePublicAccess,
  requireTls,
  encryptCluster,
];
