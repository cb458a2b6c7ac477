/**
 * Remediators for CloudTrail.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableLogFileValidation } from './cloudtrail-enable-log-file-validation.js';
import { encryptWithKms } from './cloudtrail-encrypt-with-kms.js';
import { restartLogging } from './cloudtrail-restart-logging.js';
import { sendToCloudWatchLogs } from './cloudtrail-send-to-cloudwatch-logs.js';

export { enableLogFileValidation, encryptWithKms, restartLogging, sendToCloudWatchLogs };

/** Every remediator of this package. */
export const cloudtrailRemediators: readonly Remediator[] = [restartLogging, enableLogFileValidation, sendToCloudWatchLogs, encryptWithKms];
