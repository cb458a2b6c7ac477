/**
 * Remediators for IAM.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { flagStaleAccessKey } from './iam-flag-stale-access-key.js';
import { strengthenPasswordPolicy } from './iam-strengthen-password-policy.js';

export { flagStaleAccessKey, strengthenPasswordPolicy };

/** Every remediator of this package. */
export const iamRemediators: readonly Remediator[] = [flagStaleAccessKey, strengthenPasswordPolicy];
