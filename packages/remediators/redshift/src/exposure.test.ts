import { type Assessment, type Remediator, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { disablePublicAccess, enableEnhancedVpcRouting, encryptCluster, requireTls } from './index.js';

const REF = resource({ type: 'AWS::Redshift::Cluster', id: 'reports', account: '111111111111', region: 'eu-west-1' });
const KEY = 'arn:aws:kms:{region}:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const named = (id: string, group: string) => ({ ClusterIdentifier: id, ClusterParameterGroups: [{ ParameterGroupName: group }], Tags: [] });

async function assess(
  remediator: Remediator,
  found: object,
  given: object = {},
  { others = [] as object[], ssl = [{}] as object[] } = {},
): Promise<Assessment> {
  const Clusters = [
    { ...named('reports', 'own'), ClusterCreateTime: new Date(0), ClusterStatus: 'available', PubliclyAccessible: true, Encrypted: false, Tags: [], ...found },
  ];
  const aws = {
    redshift: {
      DescribeClusters: async ({ ClusterIdentifier }: { ClusterIdentifier?: string }) => ({
        Clusters: ClusterIdentifier === undefined ? [...Clusters, ...others] : Clusters,
      }),
      DescribeClusterParameters: async ({ Marker }: { Marker?: string }) =>
        Marker === undefined ? { Parameters: [{ ParameterName: 'statement_timeout', ParameterValue: '0' }], Marker: 'more' } : { Parameters: ssl },
    },
  };
  const parameters = remediator.parameters(given);
  const seen = await remediator.observe({ aws, resource: REF, parameters, purpose: 'decision' } as never);
  if (seen === 'gone') throw new Error('It is there.');
  return remediator.plan({ state: seen.state, context: seen.context, resource: REF, parameters, observedAt: 0 } as never);
}
const changeOf = (assessment: Assessment) => (assessment.status === 'change' ? assessment.changes[0] : undefined);

describe('a public address', () => {
  it('is removed, and its Elastic IP address is restored by a rollback', async () => {
    const change = changeOf(await assess(disablePublicAccess, { ElasticIpStatus: { ElasticIp: '203.0.113.7', Status: 'active' } }));
    expect(change?.call.input).toEqual({ ClusterIdentifier: 'reports', PubliclyAccessible: false });
    expect(change?.undo).toMatchObject({
      restores: 'equivalent',
      calls: [{ input: { ClusterIdentifier: 'reports', PubliclyAccessible: true, ElasticIp: '203.0.113.7' } }],
    });
  });
  it('that Redshift is already removing is not removed again', async () => {
    expect((await assess(disablePublicAccess, { PendingModifiedValues: { PubliclyAccessible: false } })).status).toBe('manual');
    expect((await assess(disablePublicAccess, { PendingModifiedValues: { PubliclyAccessible: true } })).status).toBe('change');
  });
});

describe('encryption', () => {
  it('uses the key of the policy, in the region of the cluster', async () => {
    const change = changeOf(await assess(encryptCluster, {}, { kmsKeyArn: KEY }));
    expect(change?.call.input).toEqual({
      ClusterIdentifier: 'reports',
      Encrypted: true,
      KmsKeyId: 'arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    });
  });
  it('without a key needs manual steps, and names what is missing', async () => {
    expect(await assess(encryptCluster, {})).toMatchObject({ status: 'manual', message: expect.stringContaining('does not name kmsKeyArn') });
  });
  it('that Redshift is already changing is not requested again', async () => {
    const pending = (EncryptionType: string) => assess(encryptCluster, { PendingModifiedValues: { EncryptionType } }, { kmsKeyArn: KEY });
    expect((await pending('KMS')).status).toBe('manual');
    expect((await pending('NONE')).status).toBe('change');
  });
});

describe('TLS', () => {
  const ssl = (ParameterValue: string) => [{ ParameterName: 'require_ssl', ParameterValue }];
  it('is required by one parameter, and no other is sent', async () => {
    const change = changeOf(await assess(requireTls, {}, {}, { ssl: ssl('false') }));
    const call = (value: string) => ({ ParameterGroupName: 'own', Parameters: [{ ParameterName: 'require_ssl', ParameterValue: value }] });
    expect(change?.call.input).toEqual(call('true'));
    expect(change?.undo).toMatchObject({ restores: 'exact', calls: [{ input: call('false') }] });
    expect((await assess(requireTls, {}, {}, { ssl: ssl('true') })).status).toBe('compliant');
  });
  it('by a parameter group of other clusters names them', async () => {
    const others = [named('finance', 'own'), named('apart', 'another')];
    const assessment = await assess(requireTls, {}, {}, { ssl: ssl('false'), others });
    expect(assessment).toMatchObject({ hazards: [{ code: 'shared-group', message: 'own is also the parameter group of finance' }] });
    expect(await assess(requireTls, {}, {}, { ssl: ssl('false'), others: [named('apart', 'another')] })).toMatchObject({ hazards: [] });
  });
  it('is not required if there is an exception on another cluster of the parameter group', async () => {
    const exempt = { ...named('legacy', 'own'), Tags: [{ Key: 'redress:exception', Value: 'EX-1' }] };
    const Clusters = [{ ...named('reports', 'own'), ClusterCreateTime: new Date(0) }, exempt, named('apart', 'another')];
    const usedBy = async (purpose: string, of: readonly object[]) => {
      const redshift = {
        DescribeClusters: async ({ ClusterIdentifier: id }: { ClusterIdentifier?: string }) => ({ Clusters: id === undefined ? of : of.slice(0, 1) }),
        DescribeClusterParameters: async () => ({ Parameters: ssl('false') }),
      };
      const seen = await requireTls.observe({ aws: { redshift }, resource: REF, parameters: {}, purpose } as never);
      return seen === 'gone' ? seen : seen.usedBy;
    };
    const legacy = [{ type: 'AWS::Redshift::Cluster', id: 'legacy', tags: { 'redress:exception': 'EX-1' } }];
    expect(await usedBy('decision', Clusters)).toEqual(legacy);
    // Who may not see its tags does not take it for one without an exception.
    await expect(usedBy('decision', [...Clusters.slice(0, 1), { ...exempt, Tags: undefined }])).rejects.toThrow('tags');
    expect(await usedBy('confirmation', Clusters)).toEqual(legacy);
    expect(requireTls.exceptionTypes).toEqual(['AWS::Redshift::Cluster']);
  });
  it('of a parameter group of Redshift needs manual steps', async () => {
    const found = { ClusterParameterGroups: [{ ParameterGroupName: 'default.redshift-2.0' }] };
    expect(await assess(requireTls, found, {}, { ssl: ssl('false') })).toMatchObject({
      status: 'manual',
      message: expect.stringContaining('cannot be changed'),
    });
  });
  it('that is missing in the reply does not count as off', async () => {
    await expect(assess(requireTls, {}, {}, { ssl: [] })).rejects.toThrow('required of reports');
  });
});

it.each<[Remediator, string, boolean, boolean]>([
  [disablePublicAccess, 'public', true, false],
  [encryptCluster, 'encrypted', false, true],
  [enableEnhancedVpcRouting, 'routed', false, true],
])(
  '$id has not drifted once its change is in effect; it has, if somebody has changed it back, or has recreated it',
  ({ effective, equivalent }, name, was, is) => {
    const state = (value: boolean, pending: boolean | null, created = 'first') => ({ created, [name]: value, pending });
    const left = effective?.(state(was, is));
    expect(effective?.(state(is, null))).toEqual(left);
    for (const other of [state(was, null), state(is, was), state(is, null, 'second')]) expect(effective?.(other)).not.toEqual(left);
    expect([equivalent(state(was, null), state(is, was)), equivalent(state(was, null), state(is, null))]).toEqual([true, false]);
  },
);

it('the address of a cluster that is no longer public does not count as drift', () => {
  const state = (address: string | null) => ({ created: 'first', public: false, pending: null, address });
  expect(disablePublicAccess.effective?.(state('192.0.2.1'))).toEqual(disablePublicAccess.effective?.(state(null)));
});
