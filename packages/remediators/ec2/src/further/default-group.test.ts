import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess, look } from '../../../../../tests/support/look.js';
import { closeDefaultSecurityGroup } from '../index.js';

const REF = resource({ type: 'AWS::EC2::SecurityGroup', id: 'sg-1', account: '111111111111', region: 'eu-west-1' });
type Filtered = { readonly Filters?: readonly { readonly Name: string }[] };
const replies = (
  rules: object[],
  { found = {}, interfaces = [], ingress = [], egress = [] }: { found?: object; interfaces?: object[]; ingress?: object[]; egress?: object[] } = {},
) => ({
  ec2: {
    DescribeSecurityGroups: ({ Filters }: Filtered) => {
      const [name] = Filters?.map(({ Name }) => Name) ?? [];
      if (name === undefined) return { SecurityGroups: [{ GroupId: 'sg-1', GroupName: 'default', OwnerId: '111111111111', ...found }] };
      return { SecurityGroups: name.startsWith('egress') ? egress : ingress };
    },
    DescribeSecurityGroupRules: {
      SecurityGroupRules: rules.map((rule, at) => ({ SecurityGroupRuleId: `sgr-${at}`, IsEgress: false, IpProtocol: '-1', FromPort: -1, ToPort: -1, ...rule })),
    },
    DescribeNetworkInterfaces: { NetworkInterfaces: interfaces },
  },
});
const undone = async (rule: object) => {
  const plan = await assess(closeDefaultSecurityGroup, REF, replies([rule]));
  const undo = plan.status === 'change' ? plan.changes[0]?.undo : undefined;
  return undo !== undefined && 'calls' in undo ? [undo.calls[0]?.operation, undo.calls[0]?.input['IpPermissions']] : undo;
};

it('is emptied by one call for each direction, each with its own undo', async () => {
  const plan = await assess(
    closeDefaultSecurityGroup,
    REF,
    replies([{ ReferencedGroupInfo: { GroupId: 'sg-1' } }, { IsEgress: true, CidrIpv4: '0.0.0.0/0' }, { IsEgress: true, CidrIpv6: '::/0' }]),
  );
  expect(plan.status === 'change' ? plan.changes.map(({ call: { operation, input } }) => [operation, input]) : plan).toEqual([
    ['RevokeSecurityGroupIngress', { GroupId: 'sg-1', SecurityGroupRuleIds: ['sgr-0'] }],
    ['RevokeSecurityGroupEgress', { GroupId: 'sg-1', SecurityGroupRuleIds: ['sgr-1', 'sgr-2'] }],
  ]);
});
it.each<[object, string, object]>([
  [
    { CidrIpv4: '10.0.0.0/8', Description: 'office' },
    'AuthorizeSecurityGroupIngress',
    { IpProtocol: '-1', IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'office' }] },
  ],
  [{ IsEgress: true, CidrIpv6: '::/0' }, 'AuthorizeSecurityGroupEgress', { IpProtocol: '-1', Ipv6Ranges: [{ CidrIpv6: '::/0' }] }],
  [
    { IpProtocol: 'tcp', FromPort: 0, ToPort: 22, PrefixListId: 'pl-1' },
    'AuthorizeSecurityGroupIngress',
    { IpProtocol: 'tcp', FromPort: 0, ToPort: 22, PrefixListIds: [{ PrefixListId: 'pl-1' }] },
  ],
  [
    { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, CidrIpv4: '10.0.0.0/8' },
    'AuthorizeSecurityGroupIngress',
    { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
  ],
  [
    { ReferencedGroupInfo: { GroupId: 'sg-9', UserId: '222222222222' } },
    'AuthorizeSecurityGroupIngress',
    { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-9', UserId: '222222222222' }] },
  ],
])('restores a rule exactly: %j', async (rule, operation, permission) => {
  expect(await undone(rule)).toEqual([operation, [permission]]);
});
it('has hazards for its use, and for groups that name it in either direction', async () => {
  const plan = await assess(
    closeDefaultSecurityGroup,
    REF,
    replies([{ CidrIpv4: '0.0.0.0/0' }], {
      interfaces: [{ NetworkInterfaceId: 'eni-1' }],
      ingress: [{ GroupId: 'sg-1' }, { GroupId: 'sg-2' }],
      egress: [{ GroupId: 'sg-3' }],
    }),
  );
  expect(plan.status === 'change' && plan.hazards?.map(({ code, message }) => [code, message])).toEqual([
    ['in-use', 'sg-1 is used by eni-1'],
    ['referenced', 'sg-2, sg-3 reference sg-1 in their rules'],
  ]);
});
it('is not another group, or a group of another account', async () => {
  expect((await assess(closeDefaultSecurityGroup, REF, replies([{}], { found: { GroupName: 'web' } }))).status).toBe('not-applicable');
  expect((await assess(closeDefaultSecurityGroup, REF, replies([{}], { found: { OwnerId: '222222222222' } }))).status).toBe('not-applicable');
  expect((await assess(closeDefaultSecurityGroup, REF, replies([]))).status).toBe('compliant');
});
it('is not judged by a rule without a direction', async () => {
  await expect(look(closeDefaultSecurityGroup, REF, replies([{ IsEgress: undefined }]))).rejects.toThrow('which way');
});
