/**
 * Remediators for AWS WAF.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableLogging } from './waf-enable-logging.js';

export { enableLogging };

/** Every remediator of this package. */
export const wafRemediators: readonly Remediator[] = [enableLogging];
