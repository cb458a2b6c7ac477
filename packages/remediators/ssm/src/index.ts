/**
 * Remediators that run AWS-managed Automation runbooks.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableKeyRotation } from './kms-enable-key-rotation.js';

export { type RunbookAssessment, type RunbookDefinition, type RunbookObservation, runbookRemediator } from './runbook-remediator.js';
export { enableKeyRotation };

/** Every remediator of this package. */
export const runbookRemediators: readonly Remediator[] = [enableKeyRotation];
