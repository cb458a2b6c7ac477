import { defineSetting, given, paginate, type Tagged } from '@redress/core';
import { HIDDEN_TOO } from '../client.js';
import { packageRef } from '../package-ref.js';
import { tagsOf } from '../security-group.js';
import { ec2 } from './client.js';
import { networkInterface } from './network.js';

const INSTANCE = 'AWS::EC2::Instance';
/** The interfaces of users, as the rule has them. Gateways and load balancers have the check off, and are AWS's own. */
const OF_USERS: readonly string[] = ['aws_codestar_connections_managed', 'branch', 'efa', 'interface', 'lambda', 'quicksight'];

/**
 * Turns on the check that a network interface is the source or the destination of what it sends and receives. One that a route leads to forwards for others:
 * it is not changed.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-180
 */
export const enableSourceDestCheck = defineSetting({
  on: networkInterface,
  id: 'ec2-enable-source-dest-check',
  title: 'Turn on source/destination checking of a network interface',
  package: packageRef,
  controls: { 'aws-fsbp': ['EC2.180'] },
  rules: { EC2_ENIS_SOURCE_DESTINATION_CHECK_ENABLED: 'ec2-enis-source-destination-check-enabled' },
  calls: { 'ec2:ModifyNetworkInterfaceAttribute': 'request.networkInterfaceId' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Containers and tunnels whose packets it forwards with other addresses.',
    'Routes of other VPCs and of on-premises networks that lead to it through a gateway.',
  ],
  at: ({ SourceDestCheck, InterfaceType, RequesterManaged, Operator, OwnerId }) => ({
    checked: SourceDestCheck,
    kind: InterfaceType,
    managed: RequesterManaged === true || Operator?.Managed === true,
    owner: OwnerId,
  }),
  context: {
    reads: [ec2.pick('DescribeRouteTables', 'DescribeInstances')],
    async of({ aws, id, found }) {
      const { VpcId, Attachment } = await found();
      const Filters = [{ Name: 'vpc-id', Values: [given({ VpcId }, 'VpcId')] }];
      const instance = Attachment?.InstanceId;
      const using: Tagged[] = [];
      if (instance !== undefined)
        for (const reservation of given(await aws.ec2.DescribeInstances({ InstanceIds: [instance], ...HIDDEN_TOO }), 'Reservations'))
          for (const { Tags } of given(reservation, 'Instances')) using.push({ type: INSTANCE, id: instance, tags: tagsOf(Tags) });
      const tables: string[] = [];
      for await (const table of paginate(aws.ec2.DescribeRouteTables, { Filters }, 'RouteTables'))
        if (given(table, 'Routes').some(({ NetworkInterfaceId }) => NetworkInterfaceId === id)) tables.push(table.RouteTableId ?? '?');
      return { tables: tables.sort(), using };
    },
  },
  // Who launches an instance tags it, and seldom its interfaces.
  usedBy: ({ using }) => using,
  exceptionTypes: [INSTANCE],
  hazards: [
    {
      code: 'routed',
      effect: 'notify',
      what: 'A route leads to it: it forwards traffic of others, which the check would drop.',
      advice: 'Leave the check off while it forwards traffic, and record an exception. Otherwise remove the routes first.',
      when: ({ context, id }) => (context === undefined || context.tables.length === 0 ? null : `Routes in ${context.tables.join(', ')} lead to ${id}`),
    },
    {
      code: 'appliance',
      effect: 'approve',
      what: 'Tags mark it as a forwarder (router, NAT, VPN and so on): the check would drop the traffic of others.',
      advice: 'Ask its owner. Approve if it forwards no traffic; otherwise record an exception.',
      words: ['nat', 'nat instance', 'firewall', 'vpn', 'router', 'appliance', 'proxy', 'cni', 'k8s', 'kubernetes', 'calico', 'cilium', 'ids', 'ips'],
    },
  ],
  rollback: { restores: 'exact', what: 'The check is off again.', not: ['Packets dropped in the meantime.'] },
  inCode: { cloudFormation: 'AWS::EC2::NetworkInterface SourceDestCheck', terraform: 'aws_network_interface source_dest_check' },
  instead({ now: { kind, managed, owner }, resource: { account } }) {
    if (owner !== account) return { status: 'not-applicable', reason: `It belongs to ${owner}, and only that account can change it.` };
    return managed || !OF_USERS.includes(kind)
      ? { status: 'not-applicable', reason: `It belongs to an AWS service (${kind}), and only that service can change it.` }
      : null;
  },
  wanted: ({ now }) => ({ ...now, checked: true }),
  writes: [ec2.pick('ModifyNetworkInterfaceAttribute')],
  write: ({ id, to }) => ec2.call('ModifyNetworkInterfaceAttribute', { NetworkInterfaceId: id, SourceDestCheck: { Value: to.checked } }),
  summary: ({ id }) => `turn on source/destination checking of ${id}`,
});
