/**
 * Remediators for OpenSearch Service.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableElasticsearchNodeToNodeEncryption, enableNodeToNodeEncryption } from './opensearch-enable-node-to-node-encryption.js';
import { publishElasticsearchErrorLogs, publishErrorLogs } from './opensearch-publish-error-logs.js';
import { reportElasticsearchEncryptionOrAccess, reportEncryptionOrAccess } from './opensearch-report-encryption-or-access.js';

export {
  enableElasticsearchNodeToNodeEncryption,
  enableNodeToNodeEncryption,
  publishElasticsearchErrorLogs,
  publishErrorLogs,
  reportElasticsearchEncryptionOrAccess,
  reportEncryptionOrAccess,
};

/** Every remediator of this package. */
export const opensearchRemediators: readonly Remediator[] = [
  publishErrorLogs,
  publishElasticsearchErrorLogs,
  enableNodeToNodeEncryption,
  enableElasticsearchNodeToNodeEncryption,
  reportEncryptionOrAccess,
  reportElasticsearchEncryptionOrAccess,
];
