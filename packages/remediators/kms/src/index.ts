/**
 * Remediators for KMS.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { cancelKeyDeletion } from './kms-cancel-key-deletion.js';
import { enableKeyRotation } from './kms-enable-key-rotation.js';

export { cancelKeyDeletion, enableKeyRotation };

/** Every remediator of this package. */
export const kmsRemediators: readonly Remediator[] = [enableKeyRotation, cancelKeyDeletion];
