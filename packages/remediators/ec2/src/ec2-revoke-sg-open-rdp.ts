import { onPorts, revokeOpenPorts } from './open-port.js';

/**
 * Revokes a rule, added minutes ago, that opens RDP (3389 over tcp or udp) to the internet. That rule and no other; an RD Gateway, which
 * listens on 443, is not meant.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-14
 */
export const revokeSgOpenRdp = revokeOpenPorts({
  id: 'ec2-revoke-sg-open-rdp',
  title: 'Revoke a newly added internet-wide RDP rule from a security group',
  meant: () => onPorts([3389], ['tcp', 'udp']),
  name: 'RDP',
  resolves: true,
  controls: [
    { framework: 'aws-fsbp', id: 'EC2.14' },
    { framework: 'aws-fsbp', id: 'EC2.53' },
    { framework: 'aws-fsbp', id: 'EC2.54' },
    { framework: 'cis-aws-foundations-benchmark/v/1.2.0', id: '4.2' },
    { framework: 'cis-aws-foundations-benchmark/v/1.4.0', id: '5.2' },
    { framework: 'cis-aws-foundations-benchmark/v/3.0.0', id: '5.2' },
    { framework: 'cis-aws-foundations-benchmark/v/5.0.0', id: '5.3' },
  ],
  configRules: ['RESTRICTED_INCOMING_TRAFFIC', 'restricted-common-ports', 'VPC_SG_PORT_RESTRICTION_CHECK'],
  prowler: ['ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_3389'],
  blindSpots: ['RDP on a port other than 3389.'],
});
