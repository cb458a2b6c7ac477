import { defineSetting, given, sharedOnPurpose } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { ec2 } from './client.js';
import { subnet } from './network.js';

/**
 * Stops a subnet from giving a public IPv4 address to what is started in it. What runs there keeps its address.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-15
 */
export const disableSubnetAutoPublicIp = defineSetting({
  on: subnet,
  id: 'ec2-disable-subnet-auto-public-ip',
  title: 'Stop a subnet from assigning public addresses at launch',
  package: packageRef,
  controls: { 'aws-fsbp': ['EC2.15'] },
  rules: { SUBNET_AUTO_ASSIGN_PUBLIC_IP_DISABLED: 'subnet-auto-assign-public-ip-disabled' },
  calls: { 'ec2:CreateSubnet': 'response.subnet.subnetId', 'ec2:ModifySubnetAttribute': 'request.subnetId' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Auto Scaling groups, ECS services, EMR clusters and launch templates that use the subnet and do not request an address themselves.',
    'Whether new resources in it reach the internet through a NAT gateway, or AWS through VPC endpoints.',
    'Launch templates that request a public address themselves: they still get one.',
  ],
  at: ({ MapPublicIpOnLaunch, OwnerId }) => ({ assigns: MapPublicIpOnLaunch, owner: OwnerId }),
  context: {
    reads: [ec2.pick('DescribeRouteTables')],
    async of({ aws, id, found }) {
      const routes = async (Filters: { Name: string; Values: string[] }[]) => {
        const [table] = given(await aws.ec2.DescribeRouteTables({ Filters }), 'RouteTables');
        return table === undefined ? undefined : given(table, 'Routes');
      };
      const own = await routes([{ Name: 'association.subnet-id', Values: [id] }]);
      // A subnet without a route table of its own has the main one of its VPC.
      const all =
        own ??
        (await routes([
          { Name: 'vpc-id', Values: [(await found()).VpcId ?? ''] },
          { Name: 'association.main', Values: ['true'] },
        ]));
      return { gateway: all?.find(({ GatewayId }) => GatewayId?.startsWith('igw-') === true)?.GatewayId ?? null };
    },
  },
  hazards: [
    {
      code: 'routed-to-internet',
      effect: 'approve',
      what: 'The subnet has a route to an internet gateway: new resources without a public address cannot reach the internet.',
      advice: 'Find out what is launched in it. Give it a NAT gateway, VPC endpoints or its own public address first.',
      when: ({ context, id }) => (context === undefined || context.gateway === null ? null : `${id} has a route to ${context.gateway}`),
    },
    sharedOnPurpose('new instances in it would have no public address'),
  ],
  rollback: { restores: 'exact', what: 'The subnet assigns public addresses again.', not: ['Instances started in the meantime have none.'] },
  alsoFoundBy: { prowler: ['vpc_subnet_no_public_ip_by_default'] },
  inCode: { cloudFormation: 'AWS::EC2::Subnet MapPublicIpOnLaunch', terraform: 'aws_subnet map_public_ip_on_launch' },
  instead: ({ now, resource: { account } }) =>
    now.owner === account ? null : { status: 'not-applicable', reason: `It is shared by ${now.owner}, which alone can change it.` },
  wanted: ({ now }) => ({ ...now, assigns: false }),
  writes: [ec2.pick('ModifySubnetAttribute')],
  write: ({ id, to }) => ec2.call('ModifySubnetAttribute', { SubnetId: id, MapPublicIpOnLaunch: { Value: to.assigns } }),
  summary: ({ id }) => `stop ${id} from assigning public addresses at launch`,
});
