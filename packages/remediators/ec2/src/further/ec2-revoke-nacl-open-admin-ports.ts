import { defineSetting, given } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { ec2 } from './client.js';
import { networkAcl } from './network.js';

/** An inbound entry for TCP, or for everything. */
interface Entry {
  readonly number: number;
  /** `6`, or `-1` for everything. */
  readonly protocol: string;
  readonly action: string;
  readonly cidr: string;
  readonly from: number;
  readonly to: number;
}

const ADMIN = [22, 3389] as const;
const isEverywhere = ({ cidr }: Entry) => cidr === '0.0.0.0/0' || cidr === '::/0';
const covers = ({ from, to }: Entry, port: number) => from <= port && port <= to;

/** Which of SSH and RDP everybody reaches by an entry: it allows them before another one of the same addresses denies them. */
const portsBy = (entry: Entry, entries: readonly Entry[]) =>
  ADMIN.filter(
    (port) =>
      isEverywhere(entry) &&
      entry.action === 'allow' &&
      covers(entry, port) &&
      !entries.some((each) => each.action === 'deny' && each.number < entry.number && each.cidr === entry.cidr && covers(each, port)),
  );

/** The entries by which everybody reaches SSH or RDP. */
const openIn = (entries: readonly Entry[]) => entries.filter((entry) => portsBy(entry, entries).length > 0);

/** Whether an entry is for SSH or RDP alone: any other port that it allows somebody may need, and replies come in by it. */
const isNarrow = ({ protocol, from, to }: Entry) => protocol === '6' && from === to;

/**
 * Takes entries that let everybody reach SSH or RDP, and nothing else, out of a network ACL. Wider ones carry replies to what goes out, too: they are left to
 * people, with the entry that denies these ports before them.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-21
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
 */
export const revokeNaclOpenAdminPorts = defineSetting({
  on: networkAcl,
  id: 'ec2-revoke-nacl-open-admin-ports',
  title: 'Remove internet-wide SSH and RDP entries from a network ACL',
  package: packageRef,
  controls: {
    'aws-fsbp': ['EC2.21'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['5.1'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['5.1'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['5.2'],
  },
  rules: { NACL_NO_UNRESTRICTED_SSH_RDP: 'nacl-no-unrestricted-ssh-rdp' },
  calls: {
    'ec2:CreateNetworkAcl': 'response.networkAcl.networkAclId',
    'ec2:CreateNetworkAclEntry': 'request.networkAclId',
    'ec2:ReplaceNetworkAclEntry': 'request.networkAclId',
  },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Who logs in from the internet: flow logs show the addresses, but are not read.',
    'Outbound connections with this source port: clients behind some NAT gateways send from port 3389, and would get no reply.',
    'Entries for parts of the internet that together cover all of it.',
  ],
  at: ({ Entries, IsDefault, OwnerId }) => ({
    isDefault: IsDefault,
    owner: OwnerId,
    entries: Entries?.filter((entry) => !given(entry, 'Egress') && ['6', '-1'].includes(given(entry, 'Protocol')))
      .map((entry): Entry => {
        const protocol = given(entry, 'Protocol');
        // Of everything there are no ports.
        const ports = protocol === '-1' ? { From: 0, To: 65_535 } : given(entry, 'PortRange');
        return {
          number: given(entry, 'RuleNumber'),
          protocol,
          action: given(entry, 'RuleAction'),
          cidr: entry.CidrBlock ?? given(entry, 'Ipv6CidrBlock'),
          from: given(ports, 'From'),
          to: given(ports, 'To'),
        };
      })
      .sort((a, b) => a.number - b.number) as readonly Entry[] | undefined,
  }),
  context: {
    of: async ({ found }) => ({
      subnets: given(await found(), 'Associations')
        .map(({ SubnetId = '?' }) => SubnetId)
        .sort(),
    }),
  },
  hazards: [
    {
      code: 'in-use',
      effect: 'approve',
      what: 'Subnets use it: logins from the internet to their resources are cut off, including running sessions.',
      advice: 'Find out from flow logs who logs in. Give them a VPN, Session Manager or an entry for their addresses first.',
      when: ({ context, id }) => (context === undefined || context.subnets.length === 0 ? null : `${id} is the network ACL of ${context.subnets.join(', ')}`),
    },
  ],
  rollback: { restores: 'exact', what: 'The entries are created again, with their numbers.', not: ['Sessions that broke in the meantime.'] },
  alsoFoundBy: { prowler: ['ec2_networkacl_allow_ingress_tcp_port_22', 'ec2_networkacl_allow_ingress_tcp_port_3389'] },
  inCode: { cloudFormation: 'AWS::EC2::NetworkAclEntry CidrBlock', terraform: 'aws_network_acl_rule cidr_block' },
  instead({ now: { isDefault, owner, entries }, resource, id }) {
    if (owner !== resource.account) return { status: 'not-applicable', reason: `It is shared by ${owner}, and only that account can change it.` };
    // The rule and the control leave it out, too.
    if (isDefault)
      return { status: 'not-applicable', reason: 'It is the default network ACL of its VPC, which allows all traffic: security groups decide there.' };
    const open = openIn(entries);
    const wide = open.filter((each) => !isNarrow(each));
    if (wide.length === 0) return null;
    const denials = [...new Set(wide.map(({ cidr }) => cidr))].flatMap((cidr) => {
      const before = Math.min(...open.filter((each) => each.cidr === cidr).map(({ number }) => number));
      const ports = wide.filter((each) => each.cidr === cidr).flatMap((each) => portsBy(each, entries));
      return ADMIN.filter((port) => ports.includes(port)).map(
        (port) =>
          `aws ec2 create-network-acl-entry --network-acl-id ${id} --ingress --rule-number NUMBER_BELOW_${before} --protocol 6 --port-range From=${port},To=${port} ${cidr === '::/0' ? '--ipv6-cidr-block' : '--cidr-block'} ${cidr} --rule-action deny`,
      );
    });
    return {
      status: 'manual',
      message: `SSH or RDP is open to the internet through ${wide.map(({ number }) => `entry ${number}`).join(', ')} of ${id}, which also allow other ports and replies to outbound traffic, so nothing is changed.`,
      steps: ['Find out from flow logs who logs in from the internet, and allow their addresses with lower-numbered entries.', ...denials],
    };
  },
  wanted: ({ now }) => ({ ...now, entries: now.entries.filter((each) => !openIn(now.entries).includes(each)) }),
  writes: [ec2.pick('DeleteNetworkAclEntry')],
  undoes: [ec2.pick('CreateNetworkAclEntry')],
  write: ({ id: NetworkAclId, now, to }) =>
    now.entries
      .filter((each) => !to.entries.includes(each))
      .map(({ number: RuleNumber, protocol, action, cidr, from, to: last }) => ({
        call: ec2.call('DeleteNetworkAclEntry', { NetworkAclId, RuleNumber, Egress: false }),
        undo: {
          restores: 'exact',
          calls: [
            ec2.call('CreateNetworkAclEntry', {
              NetworkAclId,
              RuleNumber,
              Egress: false,
              Protocol: protocol,
              RuleAction: action as 'allow',
              PortRange: { From: from, To: last },
              ...(cidr.includes(':') ? { Ipv6CidrBlock: cidr } : { CidrBlock: cidr }),
            }),
          ],
        },
        summary: `remove entry ${RuleNumber} from ${NetworkAclId}, which opens port ${from} to ${cidr}`,
      })),
  compliant: () => 'It does not open SSH or RDP to the internet.',
  summary: ({ id }) => `remove the entries from ${id} that open SSH or RDP to the internet`,
});
