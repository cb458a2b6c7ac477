import { resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look } from '../../../../../tests/support/look.js';
import { disableTgwAutoAccept, makeAmiPrivate, revokeNaclOpenAdminPorts } from '../index.js';

const ACCOUNT = '111111111111';
const ref = (type: string, id: string) => resource({ type: `AWS::EC2::${type}`, id, account: ACCOUNT, region: 'eu-west-1' });
const ACL = ref('NetworkAcl', 'acl-1');
const entry = (RuleNumber: number, ports: readonly [number, number] | null, more: object = {}) => ({
  RuleNumber,
  Protocol: ports === null ? '-1' : '6',
  RuleAction: 'allow',
  Egress: false,
  CidrBlock: '0.0.0.0/0',
  ...(ports === null ? {} : { PortRange: { From: ports[0], To: ports[1] } }),
  ...more,
});
const last = entry(32_767, null, { RuleAction: 'deny' });
const world = (Entries: readonly object[] | undefined, more: object = {}) => ({
  ec2: { DescribeNetworkAcls: { NetworkAcls: [{ NetworkAclId: 'acl-1', OwnerId: ACCOUNT, IsDefault: false, Associations: [], Entries, Tags: [], ...more }] } },
});

it('loses only the entries for SSH or RDP, one by one, and gets them back with their numbers', async () => {
  const entries = [entry(80, [22, 22]), entry(85, [3389, 3389], { CidrBlock: undefined, Ipv6CidrBlock: '::/0' }), entry(90, [443, 443]), last];
  expect(await assess(revokeNaclOpenAdminPorts, ACL, world(entries))).toMatchObject({
    status: 'change',
    hazards: [],
    changes: [
      {
        call: { operation: 'DeleteNetworkAclEntry', input: { NetworkAclId: 'acl-1', RuleNumber: 80, Egress: false } },
        undo: {
          restores: 'exact',
          calls: [
            {
              operation: 'CreateNetworkAclEntry',
              input: {
                NetworkAclId: 'acl-1',
                RuleNumber: 80,
                Egress: false,
                Protocol: '6',
                RuleAction: 'allow',
                PortRange: { From: 22, To: 22 },
                CidrBlock: '0.0.0.0/0',
              },
            },
          ],
        },
      },
      { call: { input: { RuleNumber: 85 } }, undo: { calls: [{ input: { RuleNumber: 85, Ipv6CidrBlock: '::/0', PortRange: { From: 3389, To: 3389 } } }] } },
    ],
  });
});
it.each<[string, readonly object[], string]>([
  ['everything, including replies', [entry(100, null)], 'manual'],
  ['a range of ports', [entry(100, [20, 25])], 'manual'],
  ['only SSH, and everything', [entry(90, [22, 22]), entry(100, null)], 'manual'],
  [
    'everything, with SSH and RDP denied before',
    [entry(1, [22, 22], { RuleAction: 'deny' }), entry(2, [3389, 3389], { RuleAction: 'deny' }), entry(100, null)],
    'compliant',
  ],
  ['everything, with only SSH denied before', [entry(1, [22, 22], { RuleAction: 'deny' }), entry(100, null)], 'manual'],
  ['SSH, which is denied after it', [entry(90, [22, 22]), entry(95, [22, 22], { RuleAction: 'deny' })], 'change'],
  [
    'SSH, with only IPv6 denied before',
    [entry(10, [22, 22], { RuleAction: 'deny', CidrBlock: undefined, Ipv6CidrBlock: '::/0' }), entry(90, [22, 22])],
    'change',
  ],
  ['SSH from one office', [entry(90, [22, 22], { CidrBlock: '192.0.2.0/24' })], 'compliant'],
  ['outbound SSH', [entry(90, [22, 22], { Egress: true })], 'compliant'],
  ['UDP', [entry(90, [22, 22], { Protocol: '17' })], 'compliant'],
])('that allows %s is %#: %s', async (_, entries, status) => {
  expect((await assess(revokeNaclOpenAdminPorts, ACL, world([...entries, last]))).status).toBe(status);
});

describe('the entries that deny SSH and RDP before wide entries', () => {
  const deny = (number: number, port: number, address: string) =>
    `aws ec2 create-network-acl-entry --network-acl-id acl-1 --ingress --rule-number NUMBER_BELOW_${number} --protocol 6 --port-range From=${port},To=${port} ${address} --rule-action deny`;
  const IPV4 = '--cidr-block 0.0.0.0/0';
  const IPV6 = '--ipv6-cidr-block ::/0';
  const six = { CidrBlock: undefined, Ipv6CidrBlock: '::/0' };
  it.each<[string, readonly object[], readonly string[]]>([
    [
      'for both kinds of addresses',
      [entry(100, null), entry(101, null, six)],
      [deny(100, 22, IPV4), deny(100, 3389, IPV4), deny(101, 22, IPV6), deny(101, 3389, IPV6)],
    ],
    ['for one kind twice, once', [entry(100, null), entry(110, [0, 1024]), entry(120, null)], [deny(100, 22, IPV4), deny(100, 3389, IPV4)]],
    ['for SSH only, and for RDP with the other kind', [entry(100, [20, 25]), entry(101, [3000, 4000], six)], [deny(100, 22, IPV4), deny(101, 3389, IPV6)]],
    ['if SSH is denied already', [entry(1, [22, 22], { RuleAction: 'deny' }), entry(100, null)], [deny(100, 3389, IPV4)]],
    [
      'also come before an entry for SSH only',
      [entry(90, [22, 22]), entry(100, null), entry(101, null, six)],
      [deny(90, 22, IPV4), deny(90, 3389, IPV4), deny(101, 22, IPV6), deny(101, 3389, IPV6)],
    ],
  ])('%s', async (_, entries, commands) => {
    const assessment = await assess(revokeNaclOpenAdminPorts, ACL, world([...entries, last]));
    expect(assessment).toMatchObject({
      status: 'manual',
      steps: ['Find out from flow logs who logs in from the internet, and allow their addresses with lower-numbered entries.', ...commands],
    });
    // Whoever does what the steps say is done.
    const denied = commands.map((command) => {
      const [, number = '', port = ''] = /NUMBER_BELOW_(\d+) .* From=(\d+),/.exec(command) ?? [];
      return entry(Number(number) - (port === '22' ? 20 : 40), [Number(port), Number(port)], { RuleAction: 'deny', ...(command.includes(IPV6) ? six : {}) });
    });
    expect((await assess(revokeNaclOpenAdminPorts, ACL, world([...denied, ...entries, last]))).status).toBe('compliant');
  });
});
it('is not changed if it is the default one, or belongs to another account, and cannot be read if EC2 omits the entries', async () => {
  expect((await assess(revokeNaclOpenAdminPorts, ACL, world([entry(100, null)], { IsDefault: true }))).status).toBe('not-applicable');
  expect((await assess(revokeNaclOpenAdminPorts, ACL, world([entry(90, [22, 22])], { OwnerId: '222222222222' }))).status).toBe('not-applicable');
  await expect(look(revokeNaclOpenAdminPorts, ACL, world(undefined))).rejects.toThrow('entries');
  await expect(look(revokeNaclOpenAdminPorts, ACL, world([entry(90, [22, 22], { PortRange: undefined })]))).rejects.toThrow('PortRange');
});
it('has a hazard with the subnets that use it', async () => {
  const Associations = [{ SubnetId: 'subnet-2' }, { SubnetId: 'subnet-1' }];
  expect(await assess(revokeNaclOpenAdminPorts, ACL, world([entry(90, [22, 22])], { Associations }))).toMatchObject({
    hazards: [{ code: 'in-use', message: 'acl-1 is the network ACL of subnet-1, subnet-2' }],
  });
});

it('an image keeps its named accounts, and shows its last launch', async () => {
  const images = (more: object) => ({ ec2: { DescribeImages: { Images: [{ ImageId: 'ami-1', Tags: [], ...more }] } } });
  expect(await assess(makeAmiPrivate, ref('Image', 'ami-1'), images({ Public: true, LastLaunchedTime: '2026-11-01T00:00:00Z' }))).toMatchObject({
    changes: [
      {
        call: { operation: 'ModifyImageAttribute', input: { ImageId: 'ami-1', LaunchPermission: { Remove: [{ Group: 'all' }] } } },
        undo: { calls: [{ input: { ImageId: 'ami-1', LaunchPermission: { Add: [{ Group: 'all' }] } } }] },
        summary: 'remove public launch permission from ami-1, which was last launched on 2026-11-01T00:00:00Z',
      },
    ],
  });
  await expect(look(makeAmiPrivate, ref('Image', 'ami-1'), images({}))).rejects.toThrow('public');
});

it('only a transit gateway of the account is changed, and no other option of it', async () => {
  const at = ref('TransitGateway', 'tgw-1');
  const gateways = (more: object) => ({
    ec2: { DescribeTransitGateways: { TransitGateways: [{ TransitGatewayId: 'tgw-1', OwnerId: ACCOUNT, CreationTime: new Date(0), Tags: [], ...more }] } },
  });
  const Options = { AutoAcceptSharedAttachments: 'enable', DnsSupport: 'enable' };
  expect(await assess(disableTgwAutoAccept, at, gateways({ Options }))).toMatchObject({
    changes: [{ call: { input: { TransitGatewayId: 'tgw-1', Options: { AutoAcceptSharedAttachments: 'disable' } } } }],
  });
  expect((await assess(disableTgwAutoAccept, at, gateways({ Options, OwnerId: '222222222222' }))).status).toBe('not-applicable');
  expect(await look(disableTgwAutoAccept, at, gateways({ Options, State: 'deleted' }))).toBe('gone');
});
