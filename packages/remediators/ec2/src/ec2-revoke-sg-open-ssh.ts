import { onPorts, revokeOpenPorts } from './open-port.js';

/**
 * Revokes a rule, added minutes ago, that opens SSH (22/tcp) to the internet. That rule and no other.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-13
 */
export const revokeSgOpenSsh = revokeOpenPorts({
  id: 'ec2-revoke-sg-open-ssh',
  title: 'Revoke a newly added internet-wide SSH rule from a security group',
  meant: () => onPorts([22], ['tcp']),
  name: 'SSH',
  resolves: true,
  controls: [
    { framework: 'aws-fsbp', id: 'EC2.13' },
    { framework: 'aws-fsbp', id: 'EC2.53' },
    { framework: 'aws-fsbp', id: 'EC2.54' },
    { framework: 'cis-aws-foundations-benchmark/v/1.2.0', id: '4.1' },
    { framework: 'cis-aws-foundations-benchmark/v/1.4.0', id: '5.2' },
    { framework: 'cis-aws-foundations-benchmark/v/3.0.0', id: '5.2' },
    { framework: 'cis-aws-foundations-benchmark/v/5.0.0', id: '5.3' },
  ],
  configRules: ['INCOMING_SSH_DISABLED', 'restricted-ssh', 'VPC_SG_PORT_RESTRICTION_CHECK'],
  // The other one may be about any port, and is evaluated anew when its parameters change.
  showsNew: ['INCOMING_SSH_DISABLED', 'restricted-ssh'],
  prowler: ['ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22'],
  blindSpots: ['SSH on a port other than 22.'],
});
