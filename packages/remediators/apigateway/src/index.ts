/**
 * Remediators for API Gateway.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableExecutionLogging } from './apigateway-enable-execution-logging.js';
import { reportClientCertificate } from './apigateway-report-client-certificate.js';

export { enableExecutionLogging, reportClientCertificate };

/** Every remediator of this package. */
export const apigatewayRemediators: readonly Remediator[] = [enableExecutionLogging, reportClientCertificate];
