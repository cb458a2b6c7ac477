/**
 * Remediators for CloudWatch Logs.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { encryptLogGroup } from './logs-encrypt-log-group.js';
import { raiseAccountRetention } from './logs-raise-account-retention.js';
import { raiseRetention } from './logs-raise-retention.js';

export { encryptLogGroup, raiseAccountRetention, raiseRetention };

/** Those that come with the command. */
export const logsRemediators: readonly Remediator[] = [raiseRetention];

/** Those that do not come with the command. */
export const furtherLogsRemediators: readonly Remediator[] = [encryptLogGroup, raiseAccountRetention];
