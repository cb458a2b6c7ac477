import { defineService } from '@redress/core';

/** OpenSearch Service as this package uses it: domains of OpenSearch and of Elasticsearch. */
export const opensearch = defineService({
  id: 'es',
  load: () => import('./sdk.js'),
  client: 'OpenSearchClient',
  operations: {
    DescribeDomain: {},
    ListDomainNames: {},
    ListTags: {},
    // It sets what it names: sent twice, it changes nothing more.
    UpdateDomainConfig: { retry: 'idempotent' },
  },
});
