/**
 * Remediators for EFS.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableAutomaticBackups } from './efs-enable-automatic-backups.js';
import { reportUnencrypted } from './efs-report-unencrypted.js';

export { enableAutomaticBackups, reportUnencrypted };

/** Every remediator of this package. */
export const efsRemediators: readonly Remediator[] = [enableAutomaticBackups, reportUnencrypted];
