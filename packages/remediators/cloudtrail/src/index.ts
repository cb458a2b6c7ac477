/**
 * Remediators for CloudTrail.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableLogFileValidation } from './cloudtrail-enable-log-file-validation.js';
import { enableMultiRegionTrail } from './cloudtrail-enable-multi-region-trail.js';
import { encryptWithKms } from './cloudtrail-encrypt-with-kms.js';
import { restartLogging } from './cloudtrail-restart-logging.js';
import { sendToCloudWatchLogs } from './cloudtrail-send-to-cloudwatch-logs.js';

export { enableLogFileValidation, enableMultiRegionTrail, encryptWithKms, restartLogging, sendToCloudWatchLogs };

/** Every remediator of this package. */
export const cloudtrailRemediators: readonly Remediator[] = [
  enableMultiRegionTrail,
  restartLogging,
  enableLogFileValidation,
  sendToCloudWatchLogs,
  encryptWithKms,
];
