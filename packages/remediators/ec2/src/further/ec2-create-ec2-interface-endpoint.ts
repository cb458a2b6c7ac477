import { defineSetting, digestOf, given, inParallel, needs, paginate, type ResourceRef, shortLived } from '@redress/core';
import * as z from '@redress/core/parameters';
import { packageRef } from '../package-ref.js';
import { covers, holds, portOf, protocolOf } from '../permission.js';
import { ec2 } from './client.js';
import { vpc } from './network.js';

const parameters = z
  .strictObject({
    subnetTag: z
      .optional(z.string().check(z.regex(/^[^=]+=.*$/, 'a tag, as key=value')))
      .check(z.describe('The subnets that the endpoint gets addresses in, by a tag: `key=value`. One in each zone; of several the first by its id.')),
    subnetIds: z
      .optional(z.array(z.string().check(z.regex(/^subnet-[0-9a-f]+$/, 'the id of a subnet'))).check(z.minLength(1)))
      .check(z.describe('The same by their ids, of any number of VPCs.')),
    securityGroup: z
      .optional(z.string().check(z.regex(/^.{1,255}$/, 'the name or id of a security group')))
      .check(z.describe('The security group of the endpoint in the VPC, by its name or id. It has to let in HTTPS from the whole VPC.')),
    privateDns: z
      ._default(z.boolean(), true)
      .check(z.describe('Whether all calls of the VPC to the EC2 API go through the endpoint. Without it only those do that name the endpoint.')),
  })
  .check(z.refine(({ subnetTag, subnetIds }) => subnetTag === undefined || subnetIds === undefined, 'subnetTag or subnetIds, not both'));

const serviceIn = ({ partition, region }: Pick<ResourceRef, 'partition' | 'region'>) => `${partition === 'aws-cn' ? 'cn.' : ''}com.amazonaws.${region}.ec2`;
/** What else there may be of an endpoint is on its way out, or has failed. */
const THERE = ['available', 'partial', 'pending', 'pendingacceptance'];

interface Value {
  /** The endpoints, each with what somebody may have added since: subnets, security groups and a policy. */
  readonly there: readonly string[];
  /** What the policy means in this VPC; nothing once an endpoint is there: what it means matters no more. */
  readonly subnets: readonly string[];
  readonly group: string | null;
}

const inVpc = (id: string, name: string, values: readonly string[]) => [
  { Name: 'vpc-id', Values: [id] },
  { Name: name, Values: [...values] },
];
const groupIn = (id: string, group: string) => ({ Filters: inVpc(id, group.startsWith('sg-') ? 'group-id' : 'group-name', [group]) });
type Called = { readonly GroupId?: string | undefined; readonly GroupName?: string | undefined };
/** The group that is called just so: a filter takes `*` and `?` for patterns. */
const calledSo = <Group extends Called>(groups: readonly Group[], group: string) =>
  groups.find(({ GroupId, GroupName }) => GroupId === group || GroupName === group);
const subnetsIn = (id: string, tag: string | undefined, ids: readonly string[]) => {
  const [key = '', ...value] = (tag ?? '').split('=');
  return { Filters: tag === undefined ? inVpc(id, 'subnet-id', ids) : inVpc(id, `tag:${key}`, [value.join('=')]) };
};

/**
 * Creates an interface endpoint for the EC2 API in a VPC that has none, in subnets and with a security group that the policy names.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-10
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
 */
export const createEc2InterfaceEndpoint = defineSetting({
  on: vpc,
  id: 'ec2-create-ec2-interface-endpoint',
  title: 'Create an interface endpoint for the EC2 API in a VPC',
  package: packageRef,
  controls: { 'aws-fsbp': ['EC2.10'] },
  // Not VPC_ENDPOINT_ENABLED, by which Security Hub looks for endpoints of other services.
  rules: { SERVICE_VPC_ENDPOINT_ENABLED: 'service-vpc-endpoint-enabled' },
  calls: { 'ec2:CreateVpc': 'response.vpc.vpcId', 'ec2:CreateDefaultVpc': 'response.vpc.vpcId' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'What the endpoint costs: an amount by hour and zone, and by the data that goes through it.',
    'Network ACLs and routes between its subnets and the others, and networks that reach the VPC from outside and use its DNS.',
    'Whether the zones of the subnets have the service, and whether a private hosted zone of the VPC has its name: EC2 refuses the endpoint then.',
    'Policies that name the addresses, or the VPC, that calls come from. The policy of the endpoint lets everything through.',
    'Whether EC2 wants route53:AssociateVPCWithHostedZone for private DNS, which no role of Redress has: then it refuses the endpoint. `privateDns: false` does without.',
  ],
  alsoFoundBy: { prowler: ['vpc_endpoint_for_ec2_enabled'] },
  inCode: { cloudFormation: 'AWS::EC2::VPCEndpoint', terraform: 'aws_vpc_endpoint' },
  parameters,
  read: {
    reads: [ec2.pick('DescribeVpcEndpoints', 'DescribeSubnets', 'DescribeSecurityGroups')],
    async of({ aws, id, resource, parameters: { subnetTag, subnetIds = [], securityGroup } }): Promise<Value> {
      const there: string[] = [];
      for await (const each of paginate(aws.ec2.DescribeVpcEndpoints, { Filters: inVpc(id, 'service-name', [serviceIn(resource)]) }, 'VpcEndpoints'))
        if (each.VpcEndpointType === 'Interface' && THERE.includes(given(each, 'State').toLowerCase())) {
          const { SubnetIds = [], Groups = [], PolicyDocument = '' } = each;
          there.push(
            [given(each, 'VpcEndpointId'), ...SubnetIds.toSorted(), ...Groups.map(({ GroupId = '' }) => GroupId).sort(), digestOf(PolicyDocument)].join(' '),
          );
        }
      if (there.length > 0) return { there: there.sort(), subnets: [], group: null };
      const byZone = new Map<string, string>();
      if (subnetTag !== undefined || subnetIds.length > 0)
        for await (const subnet of paginate(aws.ec2.DescribeSubnets, subnetsIn(id, subnetTag, subnetIds), 'Subnets')) {
          const [zone, found] = [given(subnet, 'AvailabilityZone'), given(subnet, 'SubnetId')];
          // As of a group: no tag that is merely like it.
          if (subnetTag !== undefined && !(subnet.Tags ?? []).some(({ Key, Value }) => `${Key}=${Value}` === subnetTag)) continue;
          if (found < (byZone.get(zone) ?? '~')) byZone.set(zone, found);
        }
      const groups = securityGroup === undefined ? [] : given(await aws.ec2.DescribeSecurityGroups(groupIn(id, securityGroup)), 'SecurityGroups');
      return { there: [], subnets: [...byZone.values()].sort(), group: calledSo(groups, securityGroup ?? '')?.GroupId ?? null };
    },
  },
  context: {
    reads: [ec2.pick('DescribeSecurityGroups', 'DescribeVpcAttribute')],
    async of({ aws, id, found, parameters: { securityGroup, privateDns } }) {
      if (!privateDns || securityGroup === undefined) return { dns: true, shutOut: [] };
      const [network, { SecurityGroups }, support, names] = await inParallel(
        found(),
        aws.ec2.DescribeSecurityGroups(groupIn(id, securityGroup)),
        aws.ec2.DescribeVpcAttribute({ VpcId: id, Attribute: 'enableDnsSupport' }),
        aws.ec2.DescribeVpcAttribute({ VpcId: id, Attribute: 'enableDnsHostnames' }),
      );
      const letIn = (calledSo(SecurityGroups ?? [], securityGroup)?.IpPermissions ?? []).flatMap(({ IpProtocol, FromPort, ToPort, IpRanges = [] }) =>
        covers({ protocol: protocolOf(IpProtocol), fromPort: portOf(FromPort), toPort: portOf(ToPort) }, 443, ['tcp'])
          ? IpRanges.flatMap(({ CidrIp }) => CidrIp ?? [])
          : [],
      );
      const own = given(network, 'CidrBlockAssociationSet').flatMap((each) =>
        given(given(each, 'CidrBlockState'), 'State') === 'associated' ? [given(each, 'CidrBlock')] : [],
      );
      return {
        dns: support.EnableDnsSupport?.Value === true && names.EnableDnsHostnames?.Value === true,
        shutOut: own.filter((each) => !letIn.some((wide) => holds(wide, each))).sort(),
      };
    },
  },
  contextHolds: true,
  hazards: [
    shortLived('an endpoint of it is paid for by the hour'),
    {
      code: 'private-dns',
      effect: 'approve',
      what: 'All calls of the VPC to the EC2 API go through the endpoint from then on: what its security group or network ACLs do not let in fails.',
      advice: 'See what calls EC2 from the VPC, and that it reaches the subnets of the endpoint. `privateDns: false` diverts nothing.',
      when: ({ id, parameters: { privateDns } }) => (privateDns ? `Calls of ${id} to the EC2 API go through the endpoint` : null),
    },
    {
      code: 'shut-out',
      effect: 'notify',
      what: 'The security group is not known to let in HTTPS from the whole VPC: calls to the EC2 API from the rest of it would fail.',
      advice: 'Let TCP 443 in from each CIDR of the VPC, or name another security group. Rules that name groups or prefix lists do not count.',
      when: ({ context, now: { group } }) =>
        context === undefined || context.shutOut.length === 0 ? null : `${group} is not known to let in HTTPS from ${context.shutOut.join(' and ')}`,
    },
    {
      code: 'no-dns',
      effect: 'notify',
      what: 'DNS support or DNS hostnames are off in the VPC: EC2 refuses private DNS.',
      advice: 'Turn both on, which gives instances public names, or set `privateDns: false`.',
      when: ({ context, id }) => (context === undefined || context.dns ? null : `${id} has DNS support or DNS hostnames turned off`),
    },
  ],
  rollback: {
    restores: 'equivalent',
    what: 'The endpoint is deleted: calls go where they went before.',
    not: ['The endpoint and its addresses: connections through it are cut, and who has its name or addresses in a configuration fails (`--accept-loss`).'],
  },
  // The rule asks for the endpoint of any service, and EC2.10 for this one.
  judge: ({ claim: { parameters: asked, controls } }) =>
    controls.includes('EC2.10') || (asked !== null && Object.entries(asked).every(([name, value]) => name.startsWith('serviceName') && value === 'ec2'))
      ? []
      : null,
  instead({ now: { there, subnets, group }, id, parameters: { subnetTag, subnetIds, securityGroup } }) {
    if (there.length > 0) return null;
    const gap = `${id} has no interface endpoint for the EC2 API`;
    const wanted = subnetTag ?? subnetIds?.join(', ');
    const missing = needs('ec2-create-ec2-interface-endpoint', gap, { subnetTag: wanted, securityGroup });
    if (missing !== null || (subnets.length > 0 && group !== null)) return missing;
    const lacks = [
      ...(subnets.length > 0 ? [] : [subnetTag === undefined ? `none of the subnets ${wanted}` : `no subnet with the tag ${wanted}`]),
      ...(group === null ? [`no security group ${securityGroup}`] : []),
    ].join(' and ');
    return { status: 'manual', message: `${gap}. It has ${lacks}, so nothing is changed.`, steps: ['Make it in the VPC, or name another in the policy.'] };
  },
  wanted: ({ now }) => (now.there.length > 0 ? now : { there: ['a new endpoint'], subnets: [], group: null }),
  writes: [ec2.pick('CreateVpcEndpoint')],
  undoes: [ec2.pick('DeleteVpcEndpoints')],
  write: ({ id, resource, now: { subnets, group }, parameters: { privateDns } }) =>
    ec2.call('CreateVpcEndpoint', {
      VpcId: id,
      VpcEndpointType: 'Interface',
      ServiceName: serviceIn(resource),
      SubnetIds: [...subnets],
      SecurityGroupIds: [group ?? ''],
      PrivateDnsEnabled: privateDns,
    }),
  undo: ({ id }) => ({
    calls: [ec2.call('DeleteVpcEndpoints', { VpcEndpointIds: [{ $response: '/VpcEndpoint/VpcEndpointId' }] })],
    restores: 'equivalent',
    destroys: `the endpoint of ${id} for the EC2 API, and its addresses`,
  }),
  equivalent: ({ before, after }) => before.there.join() === after.there.join(),
  summary: ({ id, now: { subnets }, parameters: { privateDns } }) =>
    `create an interface endpoint for the EC2 API in ${subnets.join(', ')} of ${id}, ${privateDns ? 'with' : 'without'} private DNS`,
});
