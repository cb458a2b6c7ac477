/**
 * Remediators that run AWS-managed Automation runbooks, and those of Systems Manager's own documents.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { makeDocumentPrivate } from './documents/ssm-make-document-private.js';
import { enableKeyRotation } from './kms-enable-key-rotation.js';
import { reportAssociationNoncompliance, reportPatchNoncompliance } from './nodes/ssm-report-patch-noncompliance.js';

export { type RunbookAssessment, type RunbookDefinition, type RunbookObservation, runbookRemediator } from './runbook-remediator.js';
export { enableKeyRotation, makeDocumentPrivate, reportAssociationNoncompliance, reportPatchNoncompliance };

/** Those that run a runbook. */
export const runbookRemediators: readonly Remediator[] = [enableKeyRotation];

/** Those of Systems Manager's own documents and managed nodes. */
export const ssmRemediators: readonly Remediator[] = [makeDocumentPrivate, reportPatchNoncompliance, reportAssociationNoncompliance];
