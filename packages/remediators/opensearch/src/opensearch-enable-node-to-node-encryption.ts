import { defineSetting } from '@redress/core';
import { opensearch } from './client.js';
import { condition, controlsOf, domain, domainCalls, inCodeOf, isEncryptable, rulesOf } from './domain.js';
import { packageRef } from './package-ref.js';

/**
 * Encrypts the traffic between the nodes of a domain. It is turned on for good, and the domain moves to new nodes for it.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/opensearch-controls.html#opensearch-3
 */
export const enableNodeToNodeEncryption = defineSetting({
  on: domain,
  id: 'opensearch-enable-node-to-node-encryption',
  title: 'Turn on node-to-node encryption of an OpenSearch or Elasticsearch domain',
  package: packageRef,
  controls: { 'aws-fsbp': controlsOf(3) },
  rules: rulesOf('NODE_TO_NODE_ENCRYPTION_CHECK'),
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
  contextHolds: true,
  hazards: [],
  rollback: {
    restores: 'nothing',
    what: 'OpenSearch Service cannot turn node-to-node encryption off again: without it, a new domain is needed.',
    not: ['Node-to-node encryption stays on.', 'The domain stays on its new nodes.'],
  },
  alsoFoundBy: { prowler: ['opensearch_service_domains_node_to_node_encryption_enabled'] },
  inCode: inCodeOf('NodeToNodeEncryptionOptions.Enabled', 'node_to_node_encryption.enabled'),
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
