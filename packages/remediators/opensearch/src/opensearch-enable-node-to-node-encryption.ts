import { defineSetting } from '@redress/core';
import { opensearch } from './client.js';
import { domainCalls, elasticsearchDomain, isEncryptable, type OfDomain, openSearchDomain, processing, rulesOf, terraformOf } from './domain.js';
import { packageRef } from './package-ref.js';

/** What both have in common. It is turned on for good, and the domain moves to new nodes for it. */
const encrypting = (given: OfDomain & { readonly rule: string }) =>
  defineSetting({
    on: given.on,
    id: given.id,
    title: `Turn on node-to-node encryption of ${given.name}`,
    package: packageRef,
    controls: { 'aws-fsbp': given.controls },
    rules: rulesOf(given.rule),
    calls: domainCalls,
    ceiling: 'approve',
    settle: 'PT60S',
    blindSpots: [
      'Whether the cluster is green, and has room for a second set of nodes: OpenSearch Service moves the domain to new ones.',
      'How long that takes, and how it loads the domain.',
      'Clients that reach nodes by plain HTTP inside of the cluster.',
    ],
    at: ({ NodeToNodeEncryptionOptions, EngineVersion }) => ({ encrypted: NodeToNodeEncryptionOptions?.Enabled, version: EngineVersion }),
    context: processing,
    hazards: [],
    rollback: {
      restores: 'nothing',
      what: 'OpenSearch Service does not let node-to-node encryption be turned off again: who has to be without it makes another domain.',
      not: ['Node-to-node encryption stays on.', 'The domain stays on its new nodes.'],
    },
    alsoFoundBy: { prowler: ['opensearch_service_domains_node_to_node_encryption_enabled'] },
    inCode: {
      cloudFormation: `${given.on.type} NodeToNodeEncryptionOptions.Enabled`,
      terraform: `${terraformOf(given.on)} node_to_node_encryption.enabled`,
    },
    instead({ now: { encrypted, version }, context, id }) {
      if (encrypted) return null;
      const message = `Traffic between the nodes of ${id} is not encrypted`;
      if (!isEncryptable(version))
        return {
          status: 'manual',
          message: `${message}, and ${version.replace('_', ' ')} does not let it be turned on.`,
          steps: ['Upgrade the domain to Elasticsearch 6.7 or newer, or restore a snapshot of it into a domain that encrypts.'],
        };
      if (context?.busy !== true) return null;
      return { status: 'manual', message: `${message}, and it is being changed at the moment.`, steps: ['Wait until it is active.'] };
    },
    wanted: ({ now }) => ({ ...now, encrypted: true }),
    writes: [opensearch.pick('UpdateDomainConfig')],
    write: ({ id }) => opensearch.call('UpdateDomainConfig', { DomainName: id, NodeToNodeEncryptionOptions: { Enabled: true } }),
    summary: ({ id }) => `encrypt traffic between the nodes of ${id}, for good`,
  });

/**
 * Encrypts the traffic between the nodes of a domain of OpenSearch.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/opensearch-controls.html#opensearch-3
 */
export const enableNodeToNodeEncryption = encrypting({
  on: openSearchDomain,
  id: 'opensearch-enable-node-to-node-encryption',
  controls: ['OpenSearch.3', 'Opensearch.3'],
  rule: 'OPENSEARCH_NODE_TO_NODE_ENCRYPTION_CHECK',
  name: 'an OpenSearch domain',
});

/**
 * The same for a domain of Elasticsearch.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/es-controls.html#es-3
 */
export const enableElasticsearchNodeToNodeEncryption = encrypting({
  on: elasticsearchDomain,
  id: 'opensearch-enable-elasticsearch-node-to-node-encryption',
  controls: ['ES.3'],
  rule: 'ELASTICSEARCH_NODE_TO_NODE_ENCRYPTION_CHECK',
  name: 'an Elasticsearch domain',
});
