import { resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look } from '../../../../../tests/support/look.js';
import { enableClientVpnLogging, enableSourceDestCheck, limitImdsHopCount, setImdsv2AccountDefault } from '../index.js';

const ACCOUNT = '111111111111';
const ref = (type: string, id: string) => resource({ type, id, account: ACCOUNT, region: 'eu-west-1' });

describe('the default for metadata of new instances', () => {
  const account = ref('AWS::::Account', ACCOUNT);
  const world = (AccountLevel: object | undefined) => ({ ec2: { GetInstanceMetadataDefaults: { AccountLevel } } });
  it('is IMDSv2 after the fix, without a change of other defaults, and with no preference as undo', async () => {
    expect(await assess(setImdsv2AccountDefault, account, world({ HttpPutResponseHopLimit: 2, HttpEndpoint: 'enabled' }))).toMatchObject({
      hazards: [],
      changes: [{ call: { input: { HttpTokens: 'required' } }, undo: { restores: 'exact', calls: [{ input: { HttpTokens: 'no-preference' } }] } }],
    });
  });
  it('with one hop has a hazard for containers', async () => {
    expect(await assess(setImdsv2AccountDefault, account, world({ HttpPutResponseHopLimit: 1 }))).toMatchObject({ hazards: [{ code: 'one-hop' }] });
  });
  it('of the organization is not changed, and cannot be read if EC2 omits it', async () => {
    expect((await assess(setImdsv2AccountDefault, account, world({ ManagedBy: 'declarative-policy' }))).status).toBe('manual');
    expect((await assess(setImdsv2AccountDefault, account, world({ ManagedBy: 'declarative-policy', HttpTokens: 'required' }))).status).toBe('compliant');
    await expect(look(setImdsv2AccountDefault, account, world(undefined))).rejects.toThrow('AccountLevel');
  });
});

describe('a hop limit', () => {
  const i = ref('AWS::EC2::Instance', 'i-1');
  const world = (HttpPutResponseHopLimit: number | undefined, Tags: readonly object[] = []) => ({
    ec2: {
      DescribeInstances: { Reservations: [{ Instances: [{ InstanceId: 'i-1', MetadataOptions: { HttpPutResponseHopLimit, HttpTokens: 'optional' }, Tags }] }] },
    },
  });
  it('is lowered, without a change of other options', async () => {
    expect(await assess(limitImdsHopCount, i, world(3), { parameters: { hopLimit: 2 } })).toMatchObject({
      changes: [
        {
          call: { input: { InstanceId: 'i-1', HttpPutResponseHopLimit: 2 } },
          undo: { calls: [{ input: { InstanceId: 'i-1', HttpPutResponseHopLimit: 3 } }] },
        },
      ],
    });
  });
  it('is never raised, and cannot be read if EC2 omits it', async () => {
    expect((await assess(limitImdsHopCount, i, world(1), { parameters: { hopLimit: 2 } })).status).toBe('compliant');
    await expect(look(limitImdsHopCount, i, world(undefined))).rejects.toThrow('hops of i-1');
  });
  it('has a hazard for a node according to its tags', async () => {
    const tags = [{ Key: 'kubernetes.io/cluster/prod', Value: 'owned' }];
    expect(await assess(limitImdsHopCount, i, world(2, tags))).toMatchObject({ hazards: [{ code: 'containers' }] });
  });
  it('that the rule requires lower than the policy is reported', async () => {
    const seen = await look(limitImdsHopCount, i, world(2), { parameters: { hopLimit: 2 } });
    expect(seen !== 'gone' && seen.judge({ configRule: 'r', parameters: { tokenHopLimit: '1' } })).toEqual([expect.stringContaining('tokenHopLimit = 1')]);
  });
});

describe('an interface without the source/destination check', () => {
  const eni = ref('AWS::EC2::NetworkInterface', 'eni-1');
  const world = (more: object, Routes: readonly object[] = []) => ({
    ec2: {
      DescribeNetworkInterfaces: {
        NetworkInterfaces: [
          { NetworkInterfaceId: 'eni-1', OwnerId: ACCOUNT, VpcId: 'vpc-1', InterfaceType: 'interface', SourceDestCheck: false, TagSet: [], ...more },
        ],
      },
      DescribeRouteTables: { RouteTables: [{ RouteTableId: 'rtb-1', Routes }] },
    },
  });
  it('has it after the fix, without a change of anything else', async () => {
    expect(await assess(enableSourceDestCheck, eni, world({}, [{ NetworkInterfaceId: 'eni-2' }]))).toMatchObject({
      hazards: [],
      changes: [
        {
          call: { input: { NetworkInterfaceId: 'eni-1', SourceDestCheck: { Value: true } } },
          undo: { calls: [{ input: { NetworkInterfaceId: 'eni-1', SourceDestCheck: { Value: false } } }] },
        },
      ],
    });
  });
  it('is not changed if a route leads to it: it forwards', async () => {
    expect(await assess(enableSourceDestCheck, eni, world({}, [{ NetworkInterfaceId: 'eni-1' }]))).toMatchObject({
      hazards: [{ code: 'routed', effect: 'notify', message: 'Routes in rtb-1 lead to eni-1' }],
    });
  });
  it('needs an approval if the tags of its instance say that it forwards, and respects an exception on that instance', async () => {
    const Tags = [
      { Key: 'role', Value: 'nat-instance' },
      { Key: 'redress:exception', Value: 'EX-1' },
    ];
    const asked: unknown[] = [];
    const replies = {
      ec2: {
        ...world({ Attachment: { InstanceId: 'i-1' } }).ec2,
        DescribeInstances: (input: object) => {
          asked.push(input);
          return { Reservations: [{ Instances: [{ InstanceId: 'i-1', Tags }] }] };
        },
      },
    };
    expect(await assess(enableSourceDestCheck, eni, replies)).toMatchObject({
      hazards: [{ code: 'appliance', effect: 'approve', message: expect.stringContaining('role=nat-instance of i-1') }],
    });
    expect(asked).toEqual([expect.objectContaining({ InstanceIds: ['i-1'] })]);
    const answering = Object.fromEntries(
      Object.entries(replies.ec2).map(([name, reply]) => [name, async (input: object) => (typeof reply === 'function' ? reply(input) : reply)]),
    );
    const seen = await enableSourceDestCheck.observe({ aws: { ec2: answering } as never, resource: eni, parameters: {}, purpose: 'confirmation' });
    expect(seen).toMatchObject({ usedBy: [{ type: 'AWS::EC2::Instance', id: 'i-1', tags: { 'redress:exception': 'EX-1' } }] });
  });
  it.each([{ OwnerId: '222222222222' }, { RequesterManaged: true }, { InterfaceType: 'nat_gateway' }, { Operator: { Managed: true } }])(
    'is not changed if something else owns it: %j',
    async (more) => {
      expect((await assess(enableSourceDestCheck, eni, world(more))).status).toBe('not-applicable');
    },
  );
});

describe('a Client VPN endpoint without logs', () => {
  const vpn = ref('AWS::EC2::ClientVpnEndpoint', 'cvpn-endpoint-1');
  const world = (ConnectionLogOptions: object | undefined, more: object = {}) => ({
    ec2: {
      DescribeClientVpnEndpoints: {
        ClientVpnEndpoints: [{ ClientVpnEndpointId: 'cvpn-endpoint-1', CreationTime: '2026-01-01T00:00:00', Tags: [], ConnectionLogOptions, ...more }],
      },
    },
  });
  it('needs a log group in the policy', async () => {
    expect(await assess(enableClientVpnLogging, vpn, world({ Enabled: false }))).toMatchObject({
      status: 'manual',
      message: 'cvpn-endpoint-1 logs no connections. The policy does not name logGroup, so nothing is changed.',
    });
  });
  it('logs to it, and keeps other settings', async () => {
    const assessment = await assess(enableClientVpnLogging, vpn, world({ Enabled: false, IncludeAuthorizationPolicyContext: true }), {
      parameters: { logGroup: '/vpn' },
    });
    expect(assessment).toMatchObject({
      changes: [
        {
          call: {
            input: {
              ClientVpnEndpointId: 'cvpn-endpoint-1',
              ConnectionLogOptions: { Enabled: true, CloudwatchLogGroup: '/vpn', IncludeAuthorizationPolicyContext: true },
            },
          },
          undo: { calls: [{ input: { ConnectionLogOptions: { Enabled: false, IncludeAuthorizationPolicyContext: true } } }] },
        },
      ],
    });
  });
  it('cannot be read if EC2 omits it, and is missing once it is deleted', async () => {
    await expect(look(enableClientVpnLogging, vpn, world(undefined))).rejects.toThrow('enabled of cvpn-endpoint-1');
    expect(await look(enableClientVpnLogging, vpn, world({ Enabled: false }, { Status: { Code: 'deleted' } }))).toBe('gone');
  });
});
