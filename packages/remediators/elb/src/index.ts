/**
 * Remediators for Elastic Load Balancing.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableClassicAccessLogging } from './classic/elb-enable-classic-access-logging.js';
import { enableCrossZone } from './classic/elb-enable-cross-zone.js';
import { reportInsecureListener } from './classic/elb-report-insecure-listener.js';
import { enableAccessLogging } from './elb-enable-access-logging.js';
import { enableDeletionProtection } from './elbv2-enable-deletion-protection.js';
import { redirectHttpToHttps } from './elbv2-redirect-http-to-https.js';
import { reportInsecureListenerV2 } from './elbv2-report-insecure-listener.js';

export {
  enableAccessLogging,
  enableClassicAccessLogging,
  enableCrossZone,
  enableDeletionProtection,
  redirectHttpToHttps,
  reportInsecureListener,
  reportInsecureListenerV2,
};

/** Every remediator of this package. */
export const elbRemediators: readonly Remediator[] = [
  enableDeletionProtection,
  enableAccessLogging,
  redirectHttpToHttps,
  reportInsecureListenerV2,
  enableClassicAccessLogging,
  enableCrossZone,
  reportInsecureListener,
];
