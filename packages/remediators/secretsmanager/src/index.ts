/**
 * Remediators for Secrets Manager.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { reportFailedRotation } from './secretsmanager-report-failed-rotation.js';

export { reportFailedRotation };

/** Every remediator of this package. */
export const secretsmanagerRemediators: readonly Remediator[] = [reportFailedRotation];
