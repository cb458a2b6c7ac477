import { onPorts, revokeOpenPorts } from './open-port.js';
import { isWideIpv6, isWorld } from './permission.js';

/**
 * Plans to revoke every rule that opens SSH or RDP to the internet, whatever its age, and always asks: operators, vendors or deployments may
 * have relied on it for years. Comes last: what a narrower remediator has decided on is not asked about again.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-53
 */
export const revokeSgOpenAdminExisting = revokeOpenPorts({
  id: 'ec2-revoke-sg-open-admin-existing',
  title: 'Remove a long-standing internet-wide administration rule',
  meant: () => ({ ...onPorts([22, 3389], ['tcp', 'udp']), isOpen: (cidr) => isWorld(cidr) || isWideIpv6(cidr) }),
  name: 'SSH or RDP',
  ceiling: 'approve',
  freshWithin: null,
  breadth: 20,
  controls: [
    { framework: 'aws-fsbp', id: 'EC2.13' },
    { framework: 'aws-fsbp', id: 'EC2.14' },
    { framework: 'aws-fsbp', id: 'EC2.53' },
    { framework: 'aws-fsbp', id: 'EC2.54' },
    { framework: 'cis-aws-foundations-benchmark/v/1.4.0', id: '5.2' },
    { framework: 'cis-aws-foundations-benchmark/v/3.0.0', id: '5.2' },
    { framework: 'cis-aws-foundations-benchmark/v/3.0.0', id: '5.3' },
    { framework: 'cis-aws-foundations-benchmark/v/5.0.0', id: '5.3' },
    { framework: 'cis-aws-foundations-benchmark/v/5.0.0', id: '5.4' },
  ],
  configRules: ['INCOMING_SSH_DISABLED', 'restricted-ssh', 'RESTRICTED_INCOMING_TRAFFIC', 'restricted-common-ports', 'VPC_SG_PORT_RESTRICTION_CHECK'],
  prowler: ['ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22', 'ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_3389'],
  blindSpots: [
    'How old the rule is, and who has connected through it: flow logs are not read.',
    'Whether there is another way in: Session Manager, an Instance Connect endpoint, a VPN.',
  ],
});
