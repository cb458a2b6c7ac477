/**
 * Remediators for Elastic Load Balancing.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableAccessLogging } from './elb-enable-access-logging.js';
import { enableDeletionProtection } from './elbv2-enable-deletion-protection.js';
import { redirectHttpToHttps } from './elbv2-redirect-http-to-https.js';

export { enableAccessLogging, enableDeletionProtection, redirectHttpToHttps };

/** Every remediator of this package. */
export const elbRemediators: readonly Remediator[] = [enableDeletionProtection, enableAccessLogging, redirectHttpToHttps];
