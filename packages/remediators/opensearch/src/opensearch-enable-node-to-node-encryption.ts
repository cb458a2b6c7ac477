import { defineSetting } from '@redress/core';
import { opensearch } from './client.js';
import { condition, domainCalls, elasticsearchDomain, isEncryptable, type OfDomain, openSearchDomain, rulesOf, terraformOf } from './domain.js';
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
      'Whether the cluster is green, and has capacity for a second set of nodes: OpenSearch Service moves the domain to new nodes.',
      'How long that takes, and how much load it causes.',
      'Clients that use plain HTTP to nodes inside the cluster.',
    ],
    at: ({ NodeToNodeEncryptionOptions, EngineVersion }) => ({ encrypted: NodeToNodeEncryptionOptions?.Enabled, version: EngineVersion }),
    context: condition,
    hazards: [],
    rollback: {
      restores: 'nothing',
      what: 'OpenSearch Service cannot turn node-to-node encryption off again: without it, a new domain is needed.',
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
          message: `${message}, and ${version.replace('_', ' ')} does not support it.`,
          steps: ['Upgrade the domain to Elasticsearch 6.7 or newer, or restore a snapshot of it to a domain with encryption.'],
        };
      if (context?.busy !== true) return null;
      return { status: 'manual', message: `${message}, and a change of it is in progress.`, steps: ['Wait until it is active.'] };
    },
    wanted: ({ now }) => ({ ...now, encrypted: true }),
    writes: [opensearch.pick('UpdateDomainConfig')],
    write: ({ id }) => opensearch.call('UpdateDomainConfig', { DomainName: id, NodeToNodeEncryptionOptions: { Enabled: true } }),
    summary: ({ id }) => `turn on node-to-node encryption of ${id}, permanently`,
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
