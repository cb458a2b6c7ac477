/**
 * Remediators for Lambda.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { reportOutsideVpc } from './lambda-report-outside-vpc.js';
import { reportSingleAzVpc } from './lambda-report-single-az-vpc.js';

export { reportOutsideVpc, reportSingleAzVpc };

/** Every remediator of this package. */
export const lambdaRemediators: readonly Remediator[] = [reportOutsideVpc, reportSingleAzVpc];
