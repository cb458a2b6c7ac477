import { defineReport } from '@redress/core';
import { controlsOf, domain, domainCalls, isEncryptable, rulesOf } from './domain.js';
import { packageRef } from './package-ref.js';

/**
 * Reports a domain that does not encrypt data at rest, or that has a public endpoint.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/opensearch-controls.html#opensearch-1
 */
export const reportEncryptionOrAccess = defineReport({
  on: domain,
  id: 'opensearch-report-encryption-or-access',
  title: 'Report OpenSearch and Elasticsearch domains without encryption at rest, or outside a VPC',
  package: packageRef,
  controls: { 'aws-fsbp': controlsOf(1, 2) },
  rules: rulesOf('ENCRYPTED_AT_REST', 'IN_VPC_ONLY'),
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
