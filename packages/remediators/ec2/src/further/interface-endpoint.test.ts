import { resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, stateOf } from '../../../../../tests/support/look.js';
import { createEc2InterfaceEndpoint } from '../index.js';

const vpc = resource({ type: 'AWS::EC2::VPC', id: 'vpc-1', account: '111111111111', region: 'eu-west-1' });
const parameters = { subnetTag: 'tier=endpoints', securityGroup: 'endpoints' };
const subnet = (SubnetId: string, AvailabilityZone: string, Value = 'endpoints') => ({ SubnetId, AvailabilityZone, Tags: [{ Key: 'tier', Value }] });
const HTTPS = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '10.0.0.0/8' }] };

interface World {
  readonly endpoints?: readonly object[];
  readonly subnets?: readonly object[];
  readonly groups?: readonly object[];
  readonly rules?: readonly object[];
  readonly cidrs?: readonly string[];
  readonly dns?: Readonly<Record<string, boolean | undefined>>;
}
/** A VPC, and what was asked about it. */
function world({ endpoints = [], subnets = [subnet('subnet-b', 'z2'), subnet('subnet-a', 'z1')], rules = [HTTPS], ...more }: World = {}) {
  const { groups = [{ GroupId: 'sg-1', GroupName: 'endpoints', IpPermissions: rules }], cidrs = ['10.0.0.0/16', '10.1.0.0/16'], dns = {} } = more;
  const asked: Record<string, unknown> = {};
  const remembered = (operation: string, reply: object) => (input: { readonly Filters: unknown }) => {
    asked[operation] = input.Filters;
    return reply;
  };
  const on: Readonly<Record<string, object>> = {
    enableDnsSupport: { EnableDnsSupport: { Value: dns['support'] ?? true } },
    enableDnsHostnames: { EnableDnsHostnames: { Value: dns['hostnames'] ?? true } },
  };
  const associated = cidrs.map((CidrBlock) => ({ CidrBlock, CidrBlockState: { State: 'associated' } }));
  const former = { CidrBlock: '192.168.0.0/16', CidrBlockState: { State: 'disassociated' } };
  const ec2 = {
    DescribeVpcs: { Vpcs: [{ VpcId: 'vpc-1', CidrBlockAssociationSet: [...associated, former] }] },
    DescribeVpcEndpoints: remembered('endpoints', { VpcEndpoints: endpoints }),
    DescribeSubnets: remembered('subnets', { Subnets: subnets }),
    DescribeSecurityGroups: remembered('groups', { SecurityGroups: groups }),
    DescribeVpcAttribute: ({ Attribute }: { readonly Attribute: string }) => on[Attribute],
  };
  return { asked, replies: { ec2 } };
}
const of = (given: World = {}, more: object = {}, at = vpc) =>
  assess(createEc2InterfaceEndpoint, at, world(given).replies, { parameters: { ...parameters, ...more } });
const hazards = async (given: World, more: object = {}) => {
  const seen = await of(given, more);
  return seen.status === 'change' ? (seen.hazards ?? []).map(({ code, effect, message }) => `${code} ${effect}: ${message}`) : seen.status;
};

describe('a VPC without an interface endpoint for the EC2 API', () => {
  it('gets one, in one subnet of each zone, and its rollback reports what it destroys', async () => {
    const subnets = [subnet('subnet-c', 'z1'), subnet('subnet-b', 'z2'), subnet('subnet-a', 'z1')];
    expect(await of({ subnets })).toMatchObject({
      status: 'change',
      hazards: [{ code: 'private-dns', effect: 'approve' }],
      changes: [
        {
          call: {
            operation: 'CreateVpcEndpoint',
            retry: 'client-token',
            input: {
              VpcId: 'vpc-1',
              VpcEndpointType: 'Interface',
              ServiceName: 'com.amazonaws.eu-west-1.ec2',
              SubnetIds: ['subnet-a', 'subnet-b'],
              SecurityGroupIds: ['sg-1'],
              PrivateDnsEnabled: true,
            },
          },
          undo: {
            restores: 'equivalent',
            destroys: 'the endpoint of vpc-1 for the EC2 API, and its addresses',
            calls: [{ operation: 'DeleteVpcEndpoints', input: { VpcEndpointIds: [{ $response: '/VpcEndpoint/VpcEndpointId' }] } }],
          },
        },
      ],
    });
  });
  it('is read only for what the policy names in this VPC', async () => {
    const asked = async (given: object) => {
      const { asked: filters, replies } = world();
      await assess(createEc2InterfaceEndpoint, vpc, replies, { parameters: given });
      return filters;
    };
    const within = { Name: 'vpc-id', Values: ['vpc-1'] };
    expect(await asked(parameters)).toEqual({
      endpoints: [within, { Name: 'service-name', Values: ['com.amazonaws.eu-west-1.ec2'] }],
      subnets: [within, { Name: 'tag:tier', Values: ['endpoints'] }],
      groups: [within, { Name: 'group-name', Values: ['endpoints'] }],
    });
    expect(await asked({ subnetIds: ['subnet-0a', 'subnet-0b'], securityGroup: 'sg-0a' })).toMatchObject({
      subnets: [within, { Name: 'subnet-id', Values: ['subnet-0a', 'subnet-0b'] }],
      groups: [within, { Name: 'group-id', Values: ['sg-0a'] }],
    });
  });
  it.each([
    ['subnetTag and securityGroup', {}],
    ['securityGroup', { subnetTag: 'tier=endpoints' }],
    ['subnetTag', { securityGroup: 'endpoints' }],
  ])('needs manual steps if the policy does not name %s', async (missing, given) => {
    expect(await assess(createEc2InterfaceEndpoint, vpc, world().replies, { parameters: given })).toMatchObject({
      status: 'manual',
      message: `vpc-1 has no interface endpoint for the EC2 API. The policy does not name ${missing}, so nothing is changed.`,
    });
  });
  it.each<[World, object, string]>([
    [{ subnets: [] }, {}, 'no subnet with the tag tier=endpoints'],
    [{ subnets: [] }, { subnetTag: undefined, subnetIds: ['subnet-0a'] }, 'none of the subnets subnet-0a'],
    [{ groups: [] }, {}, 'no security group endpoints'],
    [{ subnets: [], groups: [] }, {}, 'no subnet with the tag tier=endpoints and no security group endpoints'],
  ])('needs manual steps if the VPC lacks what the policy names: %j', async (given, more, lacks) => {
    expect(await of(given, more)).toMatchObject({
      status: 'manual',
      message: `vpc-1 has no interface endpoint for the EC2 API. It has ${lacks}, so nothing is changed.`,
    });
  });
  it('is refused with subnets by tag and by id', () => {
    expect(() => createEc2InterfaceEndpoint.parameters({ subnetTag: 'a=b', subnetIds: ['subnet-0a'] })).toThrow(/not both/);
  });
  it.each([
    ['one that is being created', { VpcEndpointType: 'Interface', State: 'pending' }, 'compliant'],
    ['one that waits for its owner', { VpcEndpointType: 'Interface', State: 'PendingAcceptance' }, 'compliant'],
    ['one that is being deleted', { VpcEndpointType: 'Interface', State: 'deleting' }, 'change'],
    ['one that has failed', { VpcEndpointType: 'Interface', State: 'Failed' }, 'change'],
    ['one of another type', { VpcEndpointType: 'Gateway', State: 'available' }, 'change'],
  ])('is judged by the state of its endpoint: %s', async (_, endpoint, status) =>
    expect((await of({ endpoints: [{ VpcEndpointId: 'vpce-1', ...endpoint }] })).status).toBe(status),
  );
  it('does not match names of subnets and groups as patterns', async () => {
    const [subnets, groups] = [[subnet('subnet-a', 'z1', 'endpoints-old')], [{ GroupId: 'sg-2', GroupName: 'endpoints-old', IpPermissions: [HTTPS] }]];
    const named = { subnetTag: 'tier=endpoints*', securityGroup: 'endpoints*' };
    expect(await of({ subnets, groups }, named)).toMatchObject({
      status: 'manual',
      message: expect.stringContaining('no subnet with the tag tier=endpoints* and no security group endpoints*'),
    });
  });
  it('has drifted once somebody changes the subnets, the group or the policy of its endpoint, or creates a second one', async () => {
    const made = { VpcEndpointId: 'vpce-1', VpcEndpointType: 'Interface', State: 'available', SubnetIds: ['subnet-a'], Groups: [{ GroupId: 'sg-1' }] };
    const state = async (...endpoints: readonly object[]) => stateOf(createEc2InterfaceEndpoint, vpc, world({ endpoints }).replies, { parameters });
    const before = await state(made);
    expect(await state({ ...made, State: 'pending' })).toEqual(before);
    for (const more of [{ SubnetIds: ['subnet-a', 'subnet-b'] }, { Groups: [] }, { PolicyDocument: '{}' }])
      expect(await state({ ...made, ...more })).not.toEqual(before);
    expect(await state(made, { ...made, VpcEndpointId: 'vpce-2' })).not.toEqual(before);
    expect(createEc2InterfaceEndpoint.equivalent(await state(), before)).toBe(false);
  });
  it('has a different service name in China', async () => {
    const cn = resource({ type: 'AWS::EC2::VPC', id: 'vpc-1', account: '111111111111', region: 'cn-north-1' });
    expect(await of({}, {}, cn)).toMatchObject({ changes: [{ call: { input: { ServiceName: 'cn.com.amazonaws.cn-north-1.ec2' } } }] });
  });
});

describe('calls that would go through the endpoint', () => {
  const DIVERTED = 'private-dns approve: Calls of vpc-1 to the EC2 API go through the endpoint';
  const shutOut = (cidrs: string) => `shut-out notify: sg-1 is not known to let in HTTPS from ${cidrs}`;
  it.each<[what: string, rules: readonly object[], out: string | null]>([
    ['only from a part of the VPC', [{ ...HTTPS, IpRanges: [{ CidrIp: '10.0.0.0/16' }] }], '10.1.0.0/16'],
    ['from a smaller range', [{ ...HTTPS, IpRanges: [{ CidrIp: '10.0.0.0/17' }, { CidrIp: '10.1.0.0/16' }] }], '10.0.0.0/16'],
    ['on another port', [{ ...HTTPS, FromPort: 80, ToPort: 80 }], '10.0.0.0/16 and 10.1.0.0/16'],
    ['with UDP', [{ ...HTTPS, IpProtocol: 'udp' }], '10.0.0.0/16 and 10.1.0.0/16'],
    ['from a group', [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-2' }] }], '10.0.0.0/16 and 10.1.0.0/16'],
    ['from nowhere', [], '10.0.0.0/16 and 10.1.0.0/16'],
    ['with any protocol', [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }], null],
    ['on a range of ports', [{ ...HTTPS, FromPort: 400, ToPort: 500 }], null],
  ])('block the change if the group allows them in %s', async (_, rules, out) =>
    expect(await hazards({ rules })).toEqual([DIVERTED, ...(out === null ? [] : [shutOut(out)])]),
  );
  it.each([['support'], ['hostnames']])('block the change if DNS %s is off', async (name) =>
    expect(await hazards({ dns: { [name]: false } })).toEqual([DIVERTED, 'no-dns notify: vpc-1 has DNS support or DNS hostnames turned off']),
  );
  it.each([
    ['CidrBlockAssociationSet', {}],
    ['CidrBlockState', { CidrBlockAssociationSet: [{ CidrBlock: '10.0.0.0/16' }] }],
    ['State', { CidrBlockAssociationSet: [{ CidrBlock: '10.0.0.0/16', CidrBlockState: {} }] }],
    ['CidrBlock', { CidrBlockAssociationSet: [{ CidrBlockState: { State: 'associated' } }] }],
  ])('cannot be judged if EC2 omits %s of the VPC', async (member, more) => {
    const { ec2 } = world().replies;
    const replies = { ec2: { ...ec2, DescribeVpcs: { Vpcs: [{ VpcId: 'vpc-1', ...more }] } } };
    await expect(assess(createEc2InterfaceEndpoint, vpc, replies, { parameters })).rejects.toThrow(`did not return ${member}:`);
  });
  it('do not exist without private DNS', async () => {
    expect(await hazards({ rules: [], dns: { support: false } }, { privateDns: false })).toEqual([]);
    expect(await of({}, { privateDns: false })).toMatchObject({ changes: [{ call: { input: { PrivateDnsEnabled: false } } }] });
  });
  it('are read again right before the change: the group may have changed', async () => {
    const { ec2 } = world({ rules: [] }).replies;
    const answer = (reply: unknown) => async (input: unknown) => (typeof reply === 'function' ? reply(input) : reply);
    const aws = { ec2: Object.fromEntries(Object.entries(ec2).map(([name, reply]) => [name, answer(reply)])) } as never;
    const given = { aws, resource: vpc, parameters: createEc2InterfaceEndpoint.parameters(parameters), purpose: 'confirmation', observedAt: 0 };
    expect(await createEc2InterfaceEndpoint.observe(given as never)).toMatchObject({ context: { own: { shutOut: ['10.0.0.0/16', '10.1.0.0/16'] } } });
  });
});

it('the endpoint of another service is not judged', () => {
  const judge = (given: Readonly<Record<string, string>> | null, controls: readonly string[] = []) =>
    createEc2InterfaceEndpoint.judge?.({ state: {}, context: undefined, resource: vpc, parameters: {}, claim: { parameters: given, controls } } as never);
  expect([judge({ serviceName: 'ec2' }), judge({ serviceNames: 'ec2' }), judge(null, ['EC2.10'])]).toEqual([[], [], []]);
  expect([judge({ serviceName: 's3' }), judge({ vpcIds: 'vpc-2' }), judge(null), judge(null, ['EC2.55'])]).toEqual([null, null, null, null]);
  // Security Hub looks for the endpoints of other services by this one.
  expect(createEc2InterfaceEndpoint.configRules).not.toContain('VPC_ENDPOINT_ENABLED');
});
