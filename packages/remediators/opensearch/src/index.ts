/**
 * Remediators for OpenSearch Service.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { publishElasticsearchErrorLogs, publishErrorLogs } from './opensearch-publish-error-logs.js';

export { publishElasticsearchErrorLogs, publishErrorLogs };

/** Every remediator of this package. */
export const opensearchRemediators: readonly Remediator[] = [publishErrorLogs, publishElasticsearchErrorLogs];
