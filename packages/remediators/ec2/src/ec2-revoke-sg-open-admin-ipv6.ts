import { onPorts, revokeOpenPorts } from './open-port.js';
import { isWideIpv6 } from './permission.js';

/**
 * Revokes a rule, added minutes ago, that opens SSH or RDP to the internet over IPv6, however it is written: `::/0`, `::/1`, `2000::/3`.
 * The rule for IPv4 is left alone. Comes after the remediators of one port: what they have seen to is gone.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-54
 */
export const revokeSgOpenAdminIpv6 = revokeOpenPorts({
  id: 'ec2-revoke-sg-open-admin-ipv6',
  title: 'Revoke a newly added rule that opens SSH or RDP to the IPv6 internet',
  meant: () => ({ ...onPorts([22, 3389], ['tcp', 'udp']), isOpen: isWideIpv6 }),
  name: 'SSH or RDP over IPv6',
  breadth: 10,
  controls: [
    { framework: 'aws-fsbp', id: 'EC2.13' },
    { framework: 'aws-fsbp', id: 'EC2.54' },
    { framework: 'cis-aws-foundations-benchmark/v/3.0.0', id: '5.3' },
    { framework: 'cis-aws-foundations-benchmark/v/5.0.0', id: '5.4' },
  ],
  configRules: ['INCOMING_SSH_DISABLED', 'restricted-ssh', 'VPC_SG_PORT_RESTRICTION_CHECK'],
  prowler: ['ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22', 'ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_3389'],
  blindSpots: ['SSH and RDP on ports other than 22 and 3389.'],
});
