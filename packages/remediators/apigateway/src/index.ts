/**
 * Remediators for API Gateway.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableExecutionLogging } from './apigateway-enable-execution-logging.js';

export { enableExecutionLogging };

/** Every remediator of this package. */
export const apigatewayRemediators: readonly Remediator[] = [enableExecutionLogging];
