/**
 * Remediators for Redshift.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { allowVersionUpgrade } from './redshift-allow-version-upgrade.js';
import { enableAuditLogging } from './redshift-enable-audit-logging.js';
import { enableAutomatedSnapshots } from './redshift-enable-automated-snapshots.js';
import { enableEnhancedVpcRouting } from './redshift-enable-enhanced-vpc-routing.js';

export { allowVersionUpgrade, enableAuditLogging, enableAutomatedSnapshots, enableEnhancedVpcRouting };

/** Every remediator of this package. */
export const redshiftRemediators: readonly Remediator[] = [enableAutomatedSnapshots, enableAuditLogging, allowVersionUpgrade, enableEnhancedVpcRouting];
