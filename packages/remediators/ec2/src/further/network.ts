import { type CallReader, defineResource, given, isRecord, paginate } from '@redress/core';
import { HIDDEN_TOO } from '../client.js';
import { tagsOf } from '../security-group.js';
import { ec2 } from './client.js';

/** An instance that is there: one that is terminated is shown for an hour, and is gone. */
export const instance = defineResource({
  type: 'AWS::EC2::Instance',
  find: {
    reads: [ec2.pick('DescribeInstances')],
    of: async ({ aws, id }) => {
      const reservations = given(await aws.ec2.DescribeInstances({ InstanceIds: [id], ...HIDDEN_TOO }), 'Reservations');
      const found = reservations.flatMap((each) => given(each, 'Instances')).find((each) => each.InstanceId === id);
      return found?.State?.Name === 'terminated' ? null : found;
    },
  },
  tags: { of: async ({ found }) => tagsOf((await found()).Tags) },
  list: {
    reads: [ec2.pick('DescribeInstances')],
    async *of({ aws }) {
      for await (const reservation of paginate(aws.ec2.DescribeInstances, { ...HIDDEN_TOO }, 'Reservations'))
        for (const found of given(reservation, 'Instances'))
          if (found.InstanceId !== undefined && found.State?.Name !== 'terminated') yield { id: found.InstanceId, found };
    },
  },
});

/** What hazards of an instance go by: the Auto Scaling group that has started it. */
export const groupIn = (tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] = []) => ({
  group: tags.find(({ Key }) => Key === 'aws:autoscaling:groupName')?.Value ?? null,
});

/** The hazard of an instance that an Auto Scaling group replaces by one that is as its launch template says. */
export const ofAGroup = {
  code: 'of-a-group',
  effect: 'approve',
  what: 'An Auto Scaling group launched it: the next instance starts as its launch template says.',
  advice: 'Change the launch template, too, or instead.',
  when: ({ context, id }: { readonly context: { readonly group: string | null } | undefined; readonly id: string }) =>
    context === undefined || context.group === null ? null : `${id} belongs to the Auto Scaling group ${context.group}`,
} as const;

/** A VPC of this account: one that is shared with it belongs to another. EC2 leaves the tags of what has none out. */
export const vpc = defineResource({
  type: 'AWS::EC2::VPC',
  arn: 'arn:{partition}:ec2:{region}:{account}:vpc/{id}',
  find: { reads: [ec2.pick('DescribeVpcs')], of: async ({ aws, id }) => given(await aws.ec2.DescribeVpcs({ VpcIds: [id] }), 'Vpcs')[0] },
  tags: { of: async ({ found }) => tagsOf((await found()).Tags) },
  list: {
    reads: [ec2.pick('DescribeVpcs')],
    async *of({ aws, account }) {
      for await (const found of paginate(aws.ec2.DescribeVpcs, {}, 'Vpcs'))
        if (found.VpcId !== undefined && given(found, 'OwnerId') === account) yield { id: found.VpcId };
    },
  },
});

/** A subnet. Only who owns it can change it; one that is shared with the account is not listed. */
export const subnet = defineResource({
  type: 'AWS::EC2::Subnet',
  arn: 'arn:{partition}:ec2:{region}:{account}:subnet/{id}',
  find: {
    reads: [ec2.pick('DescribeSubnets')],
    of: async ({ aws, id }) => given(await aws.ec2.DescribeSubnets({ SubnetIds: [id] }), 'Subnets').find((each) => each.SubnetId === id),
  },
  tags: { of: async ({ found }) => tagsOf((await found()).Tags) },
  list: {
    reads: [ec2.pick('DescribeSubnets')],
    async *of({ aws, account }) {
      for await (const found of paginate(aws.ec2.DescribeSubnets, {}, 'Subnets'))
        if (found.SubnetId !== undefined && given(found, 'OwnerId') === account) yield { id: found.SubnetId, found };
    },
  },
});

/** A network interface, those of AWS services too. Only who owns it can change it. */
export const networkInterface = defineResource({
  type: 'AWS::EC2::NetworkInterface',
  arn: 'arn:{partition}:ec2:{region}:{account}:network-interface/{id}',
  find: {
    reads: [ec2.pick('DescribeNetworkInterfaces')],
    of: async ({ aws, id }) =>
      given(await aws.ec2.DescribeNetworkInterfaces({ NetworkInterfaceIds: [id], ...HIDDEN_TOO }), 'NetworkInterfaces').find(
        (each) => each.NetworkInterfaceId === id,
      ),
  },
  tags: { of: async ({ found }) => tagsOf((await found()).TagSet) },
  list: {
    reads: [ec2.pick('DescribeNetworkInterfaces')],
    async *of({ aws, account }) {
      for await (const found of paginate(aws.ec2.DescribeNetworkInterfaces, HIDDEN_TOO, 'NetworkInterfaces'))
        if (found.NetworkInterfaceId !== undefined && given(found, 'OwnerId') === account) yield { id: found.NetworkInterfaceId, found };
    },
  },
});

/** A network ACL of a VPC. */
export const networkAcl = defineResource({
  type: 'AWS::EC2::NetworkAcl',
  arn: 'arn:{partition}:ec2:{region}:{account}:network-acl/{id}',
  find: {
    reads: [ec2.pick('DescribeNetworkAcls')],
    of: async ({ aws, id }) => given(await aws.ec2.DescribeNetworkAcls({ NetworkAclIds: [id] }), 'NetworkAcls').find((each) => each.NetworkAclId === id),
  },
  tags: { of: async ({ found }) => tagsOf((await found()).Tags) },
  list: {
    reads: [ec2.pick('DescribeNetworkAcls')],
    async *of({ aws, account }) {
      for await (const found of paginate(aws.ec2.DescribeNetworkAcls, {}, 'NetworkAcls'))
        if (found.NetworkAclId !== undefined && given(found, 'OwnerId') === account) yield { id: found.NetworkAclId, found };
    },
  },
});

/**
 * A security group.
 *
 * @param listed which of them a sweep looks at; default: all.
 */
export const securityGroup = (listed: { readonly Filters?: { Name: string; Values: string[] }[] } = {}) =>
  defineResource({
    type: 'AWS::EC2::SecurityGroup',
    arn: 'arn:{partition}:ec2:{region}:{account}:security-group/{id}',
    find: {
      reads: [ec2.pick('DescribeSecurityGroups')],
      of: async ({ aws, id }) => given(await aws.ec2.DescribeSecurityGroups({ GroupIds: [id] }), 'SecurityGroups').find(({ GroupId }) => GroupId === id),
    },
    tags: { of: async ({ found }) => tagsOf((await found()).Tags) },
    list: {
      reads: [ec2.pick('DescribeSecurityGroups')],
      async *of({ aws, account }) {
        for await (const found of paginate(aws.ec2.DescribeSecurityGroups, listed, 'SecurityGroups'))
          if (found.GroupId !== undefined && given(found, 'OwnerId') === account) yield { id: found.GroupId };
      },
    },
  });

/** A route table. */
export const routeTable = defineResource({
  type: 'AWS::EC2::RouteTable',
  find: {
    reads: [ec2.pick('DescribeRouteTables')],
    of: async ({ aws, id }) => given(await aws.ec2.DescribeRouteTables({ RouteTableIds: [id] }), 'RouteTables').find((each) => each.RouteTableId === id),
  },
  tags: { of: async ({ found }) => tagsOf((await found()).Tags) },
  list: {
    reads: [ec2.pick('DescribeRouteTables')],
    async *of({ aws }) {
      for await (const found of paginate(aws.ec2.DescribeRouteTables, {}, 'RouteTables'))
        if (found.RouteTableId !== undefined) yield { id: found.RouteTableId, found };
    },
  },
});

/** An internet gateway. */
export const internetGateway = defineResource({
  type: 'AWS::EC2::InternetGateway',
  find: {
    reads: [ec2.pick('DescribeInternetGateways')],
    of: async ({ aws, id }) =>
      given(await aws.ec2.DescribeInternetGateways({ InternetGatewayIds: [id] }), 'InternetGateways').find((each) => each.InternetGatewayId === id),
  },
  tags: { of: async ({ found }) => tagsOf((await found()).Tags) },
  list: {
    reads: [ec2.pick('DescribeInternetGateways')],
    async *of({ aws }) {
      for await (const found of paginate(aws.ec2.DescribeInternetGateways, {}, 'InternetGateways'))
        if (found.InternetGatewayId !== undefined) yield { id: found.InternetGatewayId, found };
    },
  },
});

const itemsOf = (value: unknown): readonly unknown[] => {
  const items = isRecord(value) ? value['items'] : undefined;
  return Array.isArray(items) ? items : [];
};
const instancesIn =
  (side: 'request' | 'response'): CallReader =>
  (call) =>
    itemsOf(call[side]?.['instancesSet']).flatMap((each) => (isRecord(each) && typeof each['instanceId'] === 'string' ? [{ id: each['instanceId'] }] : []));

/** The instances that a start has made: the request names none of them. */
export const launched = instancesIn('response');
/** The instances that a request names. */
export const started = instancesIn('request');

/** What the request of a recorded call names: CloudTrail wraps the requests of newer calls into their name. */
export const inRequest =
  (operation: string, member: string): CallReader =>
  ({ request }) => {
    const inner = request?.[`${operation}Request`];
    const id = (isRecord(inner) ? inner[member] : undefined) ?? request?.[member.charAt(0).toLowerCase() + member.slice(1)];
    return typeof id === 'string' && id !== '' ? [{ id }] : [];
  };

/** Ids in a text, as parameters of rules have them. */
export const idsIn = (text: string): readonly string[] => text.split(/[\s,]+/).filter((each) => each !== '');
