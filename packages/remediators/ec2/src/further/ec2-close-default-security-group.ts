import { allOf, canonicalJson, defineSetting, given, inParallel, paginate, type Step, toJson } from '@redress/core';
import { HIDDEN_TOO } from '../client.js';
import { packageRef } from '../package-ref.js';
import { ec2 } from './client.js';
import { securityGroup } from './network.js';

/** A rule, as far as it is made again by a rollback. */
interface Rule {
  readonly id: string;
  readonly egress: boolean;
  readonly protocol: string;
  readonly from: number | null;
  readonly to: number | null;
  readonly ipv4: string | null;
  readonly ipv6: string | null;
  readonly list: string | null;
  readonly group: { readonly id: string; readonly account: string | null } | null;
  readonly description: string | null;
}

/** As a call has it that makes it again. */
function permissionOf({ protocol, from, to, ipv4, ipv6, list, group, description }: Rule) {
  const Description = description === null ? {} : { Description: description };
  return {
    IpProtocol: protocol,
    ...(from === null ? {} : { FromPort: from }),
    ...(to === null ? {} : { ToPort: to }),
    ...(ipv4 === null ? {} : { IpRanges: [{ CidrIp: ipv4, ...Description }] }),
    ...(ipv6 === null ? {} : { Ipv6Ranges: [{ CidrIpv6: ipv6, ...Description }] }),
    ...(list === null ? {} : { PrefixListIds: [{ PrefixListId: list, ...Description }] }),
    ...(group === null ? {} : { UserIdGroupPairs: [{ GroupId: group.id, ...(group.account === null ? {} : { UserId: group.account }), ...Description }] }),
  };
}

const same = (rules: readonly Rule[]) => canonicalJson(toJson(rules.map(({ id: _, ...rule }) => canonicalJson(toJson(rule))).sort()));

/**
 * Takes all rules out of the default security group of a VPC, so that what is started without a group of its own reaches nothing.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-2
 */
export const closeDefaultSecurityGroup = defineSetting({
  on: securityGroup({ Filters: [{ Name: 'group-name', Values: ['default'] }] }),
  id: 'ec2-close-default-security-group',
  title: 'Remove all rules from the default security group of a VPC',
  package: packageRef,
  controls: {
    'aws-fsbp': ['EC2.2'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['5.3'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['5.4'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['5.5'],
  },
  rules: { VPC_DEFAULT_SECURITY_GROUP_CLOSED: 'vpc-default-security-group-closed' },
  calls: { 'ec2:AuthorizeSecurityGroupIngress': 'request.groupId', 'ec2:AuthorizeSecurityGroupEgress': 'request.groupId' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Launch templates, Auto Scaling groups, functions and databases that name this group or none, and have no network interface at the moment.',
    'Resources that were just started: EC2 may not show their network interfaces yet.',
  ],
  read: {
    reads: [ec2.pick('DescribeSecurityGroupRules')],
    async of({ aws, id, found }) {
      const { GroupName, OwnerId } = await found();
      const all = await allOf(paginate(aws.ec2.DescribeSecurityGroupRules, { Filters: [{ Name: 'group-id', Values: [id] }] }, 'SecurityGroupRules'));
      const port = (value: number | undefined) => (value === undefined || value < 0 ? null : value);
      const rules = all.map((rule): Rule => {
        const { SecurityGroupRuleId, IsEgress, IpProtocol } = rule;
        if (SecurityGroupRuleId === undefined || IsEgress === undefined || IpProtocol === undefined)
          throw new Error(`EC2 did not say which way a rule of ${id} goes, and for what.`);
        const { GroupId: other, UserId: owner } = rule.ReferencedGroupInfo ?? {};
        return {
          id: SecurityGroupRuleId,
          egress: IsEgress,
          protocol: IpProtocol,
          // Of all protocols there are no ports; of ICMP -1 means every type.
          from: /^icmp/.test(IpProtocol) ? (rule.FromPort ?? null) : port(rule.FromPort),
          to: /^icmp/.test(IpProtocol) ? (rule.ToPort ?? null) : port(rule.ToPort),
          ipv4: rule.CidrIpv4 ?? null,
          ipv6: rule.CidrIpv6 ?? null,
          list: rule.PrefixListId ?? null,
          group: other === undefined ? null : { id: other, account: owner ?? null },
          description: rule.Description || null,
        };
      });
      return { name: GroupName, owner: OwnerId, rules: rules.sort((a, b) => a.id.localeCompare(b.id)) as readonly Rule[] };
    },
  },
  context: {
    reads: [ec2.pick('DescribeNetworkInterfaces', 'DescribeSecurityGroups')],
    async of({ aws, id }) {
      const [interfaces, ingress, egress] = await inParallel(
        allOf(paginate(aws.ec2.DescribeNetworkInterfaces, { Filters: [{ Name: 'group-id', Values: [id] }], ...HIDDEN_TOO }, 'NetworkInterfaces')),
        allOf(paginate(aws.ec2.DescribeSecurityGroups, { Filters: [{ Name: 'ip-permission.group-id', Values: [id] }] }, 'SecurityGroups')),
        allOf(paginate(aws.ec2.DescribeSecurityGroups, { Filters: [{ Name: 'egress.ip-permission.group-id', Values: [id] }] }, 'SecurityGroups')),
      );
      const others = [...ingress, ...egress].map((each) => given(each, 'GroupId')).filter((each) => each !== id);
      return {
        interfaces: interfaces.map(({ NetworkInterfaceId = '?' }) => NetworkInterfaceId).sort(),
        others: [...new Set(others)].sort(),
      };
    },
  },
  hazards: [
    {
      code: 'in-use',
      effect: 'approve',
      what: 'Network interfaces use the group: their resources would lose all traffic in and out.',
      advice: 'Give each its own security group with the rules that it needs. Then approve.',
      when: ({ context, id }) =>
        context === undefined || context.interfaces.length === 0
          ? null
          : `${id} is used by ${context.interfaces.slice(0, 5).join(', ')}${context.interfaces.length > 5 ? ` and ${context.interfaces.length - 5} more` : ''}`,
    },
    {
      code: 'referenced',
      effect: 'approve',
      what: 'Rules of other groups reference it: they stay, but have no effect when nothing uses the group.',
      advice: 'Check what the other groups allow through it. Approve when nothing uses the group any more.',
      when: ({ context, id }) => (context === undefined || context.others.length === 0 ? null : `${context.others.join(', ')} reference ${id} in their rules`),
    },
  ],
  rollback: {
    restores: 'equivalent',
    what: 'The rules are created again, with their descriptions.',
    not: ['The ids of the rules, and their tags.', 'Connections that broke in the meantime.'],
  },
  alsoFoundBy: { prowler: ['ec2_securitygroup_default_restrict_traffic'] },
  inCode: { cloudFormation: 'none: it does not contain the default security group of a VPC', terraform: 'aws_default_security_group ingress, egress' },
  instead({ now: { name, owner }, resource }) {
    if (name !== 'default') return { status: 'not-applicable', reason: 'It is not the default group of its VPC.' };
    return owner === resource.account ? null : { status: 'not-applicable', reason: `It is shared by ${owner}, and only that account can change it.` };
  },
  wanted: ({ now }) => ({ ...now, rules: [] }),
  writes: [ec2.pick('RevokeSecurityGroupIngress', 'RevokeSecurityGroupEgress')],
  undoes: [ec2.pick('AuthorizeSecurityGroupIngress', 'AuthorizeSecurityGroupEgress')],
  // Each way has a call of its own.
  write({ id, now: { rules } }) {
    const [ingress, egress] = [rules.filter((rule) => !rule.egress), rules.filter((rule) => rule.egress)];
    const revoking = (some: readonly Rule[]) => ({ GroupId: id, SecurityGroupRuleIds: some.map((rule) => rule.id) });
    const authorizing = (some: readonly Rule[]) => ({ GroupId: id, IpPermissions: some.map(permissionOf) });
    const steps: Step<
      'ec2:RevokeSecurityGroupIngress' | 'ec2:RevokeSecurityGroupEgress',
      'ec2:AuthorizeSecurityGroupIngress' | 'ec2:AuthorizeSecurityGroupEgress'
    >[] = [];
    if (ingress.length > 0)
      steps.push({
        call: ec2.call('RevokeSecurityGroupIngress', revoking(ingress)),
        undo: { calls: [ec2.call('AuthorizeSecurityGroupIngress', authorizing(ingress))], restores: 'equivalent' },
        summary: `remove ${ingress.length} inbound ${ingress.length === 1 ? 'rule' : 'rules'} from ${id}`,
      });
    if (egress.length > 0)
      steps.push({
        call: ec2.call('RevokeSecurityGroupEgress', revoking(egress)),
        undo: { calls: [ec2.call('AuthorizeSecurityGroupEgress', authorizing(egress))], restores: 'equivalent' },
        summary: `remove ${egress.length} outbound ${egress.length === 1 ? 'rule' : 'rules'} from ${id}`,
      });
    return steps;
  },
  equivalent: ({ before, after }) => same(before.rules) === same(after.rules),
  summary: ({ id }) => `remove all rules from ${id}`,
});
