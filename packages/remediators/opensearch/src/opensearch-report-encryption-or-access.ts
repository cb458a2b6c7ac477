import { defineReport } from '@redress/core';
import { domainCalls, elasticsearchDomain, isEncryptable, type OfDomain, openSearchDomain, rulesOf } from './domain.js';
import { packageRef } from './package-ref.js';

/** What both have in common. */
const reporting = (given: OfDomain & { readonly engine: 'OPENSEARCH' | 'ELASTICSEARCH' }) =>
  defineReport({
    on: given.on,
    id: given.id,
    title: `Report ${given.name} without encryption at rest, or outside a VPC`,
    package: packageRef,
    controls: { 'aws-fsbp': given.controls },
    rules: rulesOf(`${given.engine}_ENCRYPTED_AT_REST`, `${given.engine}_IN_VPC_ONLY`),
    calls: domainCalls,
    blindSpots: [
      'Who can reach a public endpoint: the access policy of the domain and fine-grained access control decide that.',
      'Snapshots from before it was encrypted.',
    ],
    alsoFoundBy: { prowler: ['opensearch_service_domains_encryption_at_rest_enabled', 'opensearch_service_domains_not_publicly_accessible'] },
    at: ({ EncryptionAtRestOptions, VPCOptions, EngineVersion }) => ({
      encrypted: EncryptionAtRestOptions?.Enabled,
      vpc: VPCOptions?.VPCId ?? VPCOptions?.SubnetIds?.[0],
      version: EngineVersion,
    }),
    // A domain with a public endpoint has no VPC options.
    absent: { vpc: null },
    gap({ now: { encrypted, vpc, version }, id }) {
      const wrong = [...(encrypted ? [] : ['does not encrypt data at rest']), ...(vpc === null ? ['has a public endpoint'] : [])];
      if (wrong.length === 0) return null;
      return {
        message: `Domain ${id} ${wrong.join(', and ')}.`,
        steps: [
          ...(encrypted
            ? []
            : isEncryptable(version)
              ? ['Turn on encryption at rest with a KMS key. OpenSearch Service moves the domain to new nodes for it, and it cannot be turned off again.']
              : [`${version.replace('_', ' ')} does not support encryption: create a domain with encryption, and restore a snapshot to it.`]),
          ...(vpc === null
            ? [
                'A domain cannot be moved into a VPC: create one there, and restore a snapshot to it.',
                'Until clients use the new domain, make sure that the access policy names principals or addresses, not everyone.',
              ]
            : []),
        ],
      };
    },
    closed: 'the domain encrypts data at rest and is in a VPC, or is gone',
  });

/**
 * Reports a domain of OpenSearch that does not encrypt data at rest, or that has a public endpoint.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/opensearch-controls.html#opensearch-1
 */
export const reportEncryptionOrAccess = reporting({
  on: openSearchDomain,
  id: 'opensearch-report-encryption-or-access',
  controls: ['OpenSearch.1', 'Opensearch.1', 'OpenSearch.2', 'Opensearch.2'],
  engine: 'OPENSEARCH',
  name: 'OpenSearch domains',
});

/**
 * The same for a domain of Elasticsearch.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/es-controls.html#es-1
 */
export const reportElasticsearchEncryptionOrAccess = reporting({
  on: elasticsearchDomain,
  id: 'opensearch-report-elasticsearch-encryption-or-access',
  controls: ['ES.1', 'ES.2'],
  engine: 'ELASTICSEARCH',
  name: 'Elasticsearch domains',
});
