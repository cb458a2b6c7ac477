/**
 * Remediators for OpenSearch Service.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableNodeToNodeEncryption } from './opensearch-enable-node-to-node-encryption.js';
import { publishErrorLogs } from './opensearch-publish-error-logs.js';
import { reportEncryptionOrAccess } from './opensearch-report-encryption-or-access.js';

export { enableNodeToNodeEncryption, publishErrorLogs, reportEncryptionOrAccess };

/** Every remediator of this package. */
export const opensearchRemediators: readonly Remediator[] = [publishErrorLogs, enableNodeToNodeEncryption, reportEncryptionOrAccess];
