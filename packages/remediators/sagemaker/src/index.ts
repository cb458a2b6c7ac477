/**
 * Remediators for SageMaker AI.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { reportNetworkExposure } from './sagemaker-report-network-exposure.js';

export { reportNetworkExposure };

/** Every remediator of this package. */
export const sagemakerRemediators: readonly Remediator[] = [reportNetworkExposure];
