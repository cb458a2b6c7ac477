/**
 * Remediators that run AWS-managed Automation runbooks, and those of Systems Manager's own documents.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { makeDocumentPrivate } from './documents/ssm-make-document-private.js';
import { enableKeyRotationByRunbook } from './kms-enable-key-rotation-by-runbook.js';
import { reportAssociationNoncompliance, reportPatchNoncompliance } from './nodes/ssm-report-patch-noncompliance.js';

export { type RunbookAssessment, type RunbookDefinition, type RunbookObservation, runbookRemediator } from './runbook-remediator.js';
export { enableKeyRotationByRunbook, makeDocumentPrivate, reportAssociationNoncompliance, reportPatchNoncompliance };

/** Those that run a runbook. */
export const runbookRemediators: readonly Remediator[] = [enableKeyRotationByRunbook];

/** Those of Systems Manager's own documents and managed nodes. */
export const ssmRemediators: readonly Remediator[] = [makeDocumentPrivate, reportPatchNoncompliance, reportAssociationNoncompliance];
