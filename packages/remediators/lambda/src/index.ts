/**
 * Remediators for Lambda.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { removePublicPermission } from './lambda-remove-public-permission.js';
import { reportOutsideVpc } from './lambda-report-outside-vpc.js';
import { reportSingleAzVpc } from './lambda-report-single-az-vpc.js';
import { requireFunctionUrlAuth } from './lambda-require-function-url-auth.js';

export { removePublicPermission, reportOutsideVpc, reportSingleAzVpc, requireFunctionUrlAuth };

/** Every remediator of this package. */
export const lambdaRemediators: readonly Remediator[] = [removePublicPermission, reportOutsideVpc, reportSingleAzVpc, requireFunctionUrlAuth];
