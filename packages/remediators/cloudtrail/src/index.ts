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
import { enableObjectReadDataEvents } from './objects/s3-enable-object-read-data-events.js';
import { enableObjectWriteDataEvents } from './objects/s3-enable-object-write-data-events.js';

export {
  enableLogFileValidation,
  enableMultiRegionTrail,
  enableObjectReadDataEvents,
  enableObjectWriteDataEvents,
  encryptWithKms,
  restartLogging,
  sendToCloudWatchLogs,
};

/** Every remediator of this package. */
export const cloudtrailRemediators: readonly Remediator[] = [
  enableMultiRegionTrail,
  restartLogging,
  enableLogFileValidation,
  sendToCloudWatchLogs,
  encryptWithKms,
  enableObjectWriteDataEvents,
  enableObjectReadDataEvents,
];
