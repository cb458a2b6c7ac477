/**
 * Remediators for GuardDuty.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableGuardDuty } from './guardduty-enable.js';

export { enableGuardDuty };

/** Every remediator of this package. */
export const guarddutyRemediators: readonly Remediator[] = [enableGuardDuty];
