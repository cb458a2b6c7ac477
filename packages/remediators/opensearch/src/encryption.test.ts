import { type Assessment, type Remediator, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { enableNodeToNodeEncryption, reportEncryptionOrAccess } from './index.js';

const REF = resource({ type: 'AWS::OpenSearch::Domain', id: 'search', account: '111111111111', region: 'eu-west-1' });

async function assess(remediator: Remediator, found: object): Promise<Assessment> {
  const DomainStatus = { DomainName: 'search', EngineVersion: 'OpenSearch_2.11', ...found };
  const aws = { es: { DescribeDomain: async () => ({ DomainStatus }), ListTags: async () => ({ TagList: [] }) } };
  const seen = await remediator.observe({ aws, resource: REF, parameters: {}, purpose: 'decision' } as never);
  if (seen === 'gone') throw new Error('It is there.');
  return remediator.plan({ state: seen.state, context: seen.context, resource: REF, parameters: {}, observedAt: 0 } as never);
}

describe('encryption between nodes', () => {
  const plain = { NodeToNodeEncryptionOptions: { Enabled: false } };
  it('is turned on alone, and its plan says that this is permanent', async () => {
    expect(await assess(enableNodeToNodeEncryption, plain)).toMatchObject({
      status: 'change',
      changes: [
        {
          call: { operation: 'UpdateDomainConfig', input: { DomainName: 'search', NodeToNodeEncryptionOptions: { Enabled: true } } },
          undo: { irreversible: expect.stringContaining('cannot turn node-to-node encryption off again') },
          summary: 'turn on node-to-node encryption of search, permanently',
        },
      ],
    });
  });
  it.each([
    ['Elasticsearch_5.6', 'manual'],
    ['Elasticsearch_6.6', 'manual'],
    ['Elasticsearch_6.7', 'change'],
    ['Elasticsearch_6.8', 'change'],
    ['Elasticsearch_7.1', 'change'],
    ['OpenSearch_1.0', 'change'],
  ])('of %s: %s', async (EngineVersion, status) => {
    expect((await assess(enableNodeToNodeEncryption, { ...plain, EngineVersion })).status).toBe(status);
  });
  it('waits while the domain is being changed', async () => {
    for (const busy of [{ Processing: true }, { UpgradeProcessing: true }])
      expect(await assess(enableNodeToNodeEncryption, { ...plain, ...busy })).toMatchObject({ status: 'manual', steps: ['Wait until it is active.'] });
  });
  it('that is missing in the reply does not count as off', async () => {
    await expect(assess(enableNodeToNodeEncryption, {})).rejects.toThrow('encrypted of search');
  });
});

describe('the report of a domain', () => {
  const stored = { EncryptionAtRestOptions: { Enabled: true } };
  const plain = { EncryptionAtRestOptions: { Enabled: false } };
  const inside = { VPCOptions: { VPCId: 'vpc-1', SubnetIds: ['subnet-1'] } };
  it.each([
    [{ ...plain, ...inside }, 'Domain search does not encrypt data at rest.'],
    [stored, 'Domain search has a public endpoint.'],
    [plain, 'Domain search does not encrypt data at rest, and has a public endpoint.'],
  ])('has each of its gaps', async (found, message) => {
    expect(await assess(reportEncryptionOrAccess, found)).toMatchObject({ status: 'manual', message });
  });
  it('has other steps if the version supports no encryption', async () => {
    const { steps = [] } = (await assess(reportEncryptionOrAccess, { ...plain, ...inside, EngineVersion: 'Elasticsearch_6.2' })) as { steps?: string[] };
    expect(steps[0]).toBe('Elasticsearch 6.2 does not support encryption: create a domain with encryption, and restore a snapshot to it.');
  });
  it('is empty if it has both', async () => {
    expect((await assess(reportEncryptionOrAccess, { ...stored, ...inside })).status).toBe('compliant');
  });
});
