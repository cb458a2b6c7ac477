/**
 * Remediators for KMS.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { cancelKeyDeletion } from './kms-cancel-key-deletion.js';
import { enableKeyRotation } from './kms-enable-key-rotation.js';
import { removePublicKeyPolicy } from './kms-remove-public-key-policy.js';

export { cancelKeyDeletion, enableKeyRotation, removePublicKeyPolicy };

/** Every remediator of this package. */
export const kmsRemediators: readonly Remediator[] = [enableKeyRotation, cancelKeyDeletion, removePublicKeyPolicy];
