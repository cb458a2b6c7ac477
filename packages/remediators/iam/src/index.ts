/**
 * Remediators for IAM.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { flagStaleAccessKey } from './iam-flag-stale-access-key.js';

export { flagStaleAccessKey };

/** Every remediator of this package. */
export const iamRemediators: readonly Remediator[] = [flagStaleAccessKey];
