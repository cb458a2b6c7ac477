/**
 * Remediators for Redshift.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableAuditLogging } from './redshift-enable-audit-logging.js';
import { enableAutomatedSnapshots } from './redshift-enable-automated-snapshots.js';

export { enableAuditLogging, enableAutomatedSnapshots };

/** Every remediator of this package. */
export const redshiftRemediators: readonly Remediator[] = [enableAutomatedSnapshots, enableAuditLogging];
