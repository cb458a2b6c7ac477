/**
 * Remediators for DynamoDB.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enablePitr } from './dynamodb-enable-pitr.js';

export { enablePitr };

/** Every remediator of this package. */
export const dynamodbRemediators: readonly Remediator[] = [enablePitr];
