/**
 * Remediators for EFS.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableAutomaticBackups } from './efs-enable-automatic-backups.js';

export { enableAutomaticBackups };

/** Every remediator of this package. */
export const efsRemediators: readonly Remediator[] = [enableAutomaticBackups];
