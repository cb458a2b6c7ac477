/**
 * Remediators for DynamoDB.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enablePitr } from './dynamodb-enable-pitr.js';
import { encryptWithKms } from './dynamodb-encrypt-with-kms.js';

export { enablePitr, encryptWithKms };

/** Every remediator of this package. */
export const dynamodbRemediators: readonly Remediator[] = [enablePitr, encryptWithKms];
