import { type Remediator, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess } from '../../../../../tests/support/look.js';
import {
  reportDefaultRouteToIgw,
  reportInstancePublicIp,
  reportUnauthorizedInternetGateway,
  reportUnusedNetworkAcl,
  reportUnusedSecurityGroup,
} from '../index.js';

const ACCOUNT = '111111111111';
const ref = (type: string, id: string) => resource({ type: `AWS::EC2::${type}`, id, account: ACCOUNT, region: 'eu-west-1' });

/** What a remediator makes of a reply, and of a rule's parameters. */
async function look(remediator: Remediator, at: ReturnType<typeof ref>, reply: object, given = {}) {
  const aws = { ec2: new Proxy({}, { get: () => async () => reply }) } as never;
  const parameters = remediator.parameters(given);
  const seen = await remediator.observe({ aws, resource: at, parameters });
  if (seen === 'gone') throw new Error('gone');
  const { state, context } = seen;
  const claim = { controls: [], configRule: 'r', isRule: () => false, observedAt: 0 };
  return {
    assessment: remediator.plan({ state, context, resource: at, parameters, observedAt: 0 }),
    judge: (asked: Readonly<Record<string, string>>) =>
      remediator.judge?.({ state, context, resource: at, parameters, claim: { ...claim, parameters: asked } }),
  };
}

describe('a route to everywhere', () => {
  const rtb = ref('RouteTable', 'rtb-1');
  const routes = (...Routes: readonly object[]) => ({ RouteTables: [{ RouteTableId: 'rtb-1', Routes }] });
  const open = routes({ DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1' });
  it('does not count if the policy names the table, and is reported if the rule names another one', async () => {
    const { assessment, judge } = await look(reportDefaultRouteToIgw, rtb, open, { routeTableIds: 'rtb-0, rtb-1' });
    expect(assessment.status).toBe('not-applicable');
    expect(judge({ routeTableIds: 'rtb-1' })).toEqual([]);
    expect(judge({ routeTableIds: 'rtb-0' })).toEqual([expect.stringContaining('routeTableIds = rtb-0')]);
    expect((await look(reportDefaultRouteToIgw, rtb, open, { routeTableIds: 'rtb-11' })).assessment.status).toBe('manual');
  });
  it('by a NAT gateway does not count', async () => {
    const nat = routes(
      { DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: 'nat-1' },
      { DestinationIpv6CidrBlock: '::/0', EgressOnlyInternetGatewayId: 'eigw-1' },
    );
    expect((await look(reportDefaultRouteToIgw, rtb, nat)).assessment.status).toBe('compliant');
  });
  it('is not judged by a reply without routes', async () => {
    await expect(look(reportDefaultRouteToIgw, rtb, { RouteTables: [{ RouteTableId: 'rtb-1' }] })).rejects.toThrow('open of rtb-1');
  });
});

it('an internet gateway is compared with the VPCs in the policy or the rule', async () => {
  const attached = { InternetGateways: [{ InternetGatewayId: 'igw-1', Attachments: [{ VpcId: 'vpc-1', State: 'available' }] }] };
  const igw = ref('InternetGateway', 'igw-1');
  expect((await look(reportUnauthorizedInternetGateway, igw, attached)).assessment.status).toBe('manual');
  const { assessment, judge } = await look(reportUnauthorizedInternetGateway, igw, attached, { authorizedVpcIds: 'vpc-0,vpc-1' });
  expect(assessment.status).toBe('compliant');
  expect(judge({ AuthorizedVpcIds: 'vpc-0' })).toHaveLength(1);
  expect(judge({ AuthorizedVpcIds: 'vpc-1' })).toEqual([]);
  expect(judge({ other: '1' })).toBeNull();
});

it('an address of a second interface counts, and an Elastic IP address is named as such', async () => {
  const found = (IpOwnerId: string) => ({
    Reservations: [{ Instances: [{ InstanceId: 'i-1', NetworkInterfaces: [{}, { Association: { PublicIp: '203.0.113.7', IpOwnerId } }] }] }],
  });
  const i = ref('Instance', 'i-1');
  expect((await look(reportInstancePublicIp, i, found(ACCOUNT))).assessment).toMatchObject({
    status: 'manual',
    message: expect.stringContaining('203.0.113.7 (an Elastic'),
  });
  expect((await look(reportInstancePublicIp, i, found('amazon'))).assessment).toMatchObject({
    status: 'manual',
    message: expect.stringContaining('assigned when it started'),
  });
});

describe('an unused security group', () => {
  const sg = ref('SecurityGroup', 'sg-1');
  const world = (more: object, interfaces: object = { NetworkInterfaces: [] }, naming: readonly object[] = []) => ({
    ec2: {
      DescribeSecurityGroups: (input: { Filters?: { Name: string }[] }) => ({
        SecurityGroups: input.Filters === undefined ? [{ GroupId: 'sg-1', GroupName: 'web', OwnerId: ACCOUNT, Tags: [], ...more }] : naming,
      }),
      DescribeNetworkInterfaces: interfaces,
    },
  });
  it('is reported, with the groups whose rules name it, except itself', async () => {
    expect(await assess(reportUnusedSecurityGroup, sg, world({}, undefined, [{ GroupId: 'sg-1' }, { GroupId: 'sg-2' }]))).toMatchObject({
      status: 'manual',
      message: 'Security group sg-1 (web) is not used by a network interface; rules of sg-2 reference it.',
    });
  });
  it('is not reported if it is the default one, of another account, or used after an empty page', async () => {
    expect((await assess(reportUnusedSecurityGroup, sg, world({ GroupName: 'default' }))).status).toBe('not-applicable');
    expect((await assess(reportUnusedSecurityGroup, sg, world({ OwnerId: '222222222222' }))).status).toBe('not-applicable');
    expect((await assess(reportUnusedSecurityGroup, sg, world({}, { NetworkInterfaces: [], NextToken: 'more' }))).status).toBe('compliant');
    await expect(assess(reportUnusedSecurityGroup, sg, world({}, {}))).rejects.toThrow('NetworkInterfaces');
  });
});

it('a network ACL without subnets is reported, unless it is the default one or of another account', async () => {
  const world = (more: object) => ({
    ec2: { DescribeNetworkAcls: { NetworkAcls: [{ NetworkAclId: 'acl-1', OwnerId: ACCOUNT, IsDefault: false, Associations: [], Tags: [], ...more }] } },
  });
  const at = ref('NetworkAcl', 'acl-1');
  expect(await assess(reportUnusedNetworkAcl, at, world({}))).toMatchObject({
    status: 'manual',
    message: 'Network ACL acl-1 is not associated with a subnet.',
  });
  expect((await assess(reportUnusedNetworkAcl, at, world({ Associations: [{ SubnetId: 'subnet-1' }] }))).status).toBe('compliant');
  expect((await assess(reportUnusedNetworkAcl, at, world({ IsDefault: true }))).status).toBe('not-applicable');
  expect((await assess(reportUnusedNetworkAcl, at, world({ OwnerId: '222222222222' }))).status).toBe('not-applicable');
  await expect(assess(reportUnusedNetworkAcl, at, world({ Associations: undefined }))).rejects.toThrow('Associations');
});
