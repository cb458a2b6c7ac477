/**
 * Remediators for CloudWatch Logs.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { raiseRetention } from './logs-raise-retention.js';

export { raiseRetention };

/** Every remediator of this package. */
export const logsRemediators: readonly Remediator[] = [raiseRetention];
