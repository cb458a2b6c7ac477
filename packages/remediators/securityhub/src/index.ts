/**
 * Remediators for Security Hub.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableSecurityHub } from './securityhub-enable.js';

export { enableSecurityHub };

/** Every remediator of this package. */
export const securityhubRemediators: readonly Remediator[] = [enableSecurityHub];
