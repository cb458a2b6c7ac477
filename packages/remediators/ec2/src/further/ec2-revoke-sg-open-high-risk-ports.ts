import * as z from '@redress/core/parameters';
import { ofBastions, onPorts, revokeOpenPorts } from '../open-port.js';
import { HIGH_RISK_PORTS } from '../permission.js';

/**
 * Plans to revoke every rule that opens a high-risk port to the internet (databases, file shares, remote shells, consoles), and always asks: some of
 * these ports are what a product listens on. Comes after the remediators of administration ports.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-19
 */
export const revokeSgOpenHighRiskPorts = revokeOpenPorts({
  id: 'ec2-revoke-sg-open-high-risk-ports',
  title: 'Remove internet access to high-risk ports (databases, SMB, Kibana, FTP and similar)',
  parameters: z.strictObject({
    ...ofBastions,
    ports: z
      ._default(z.array(z.int().check(z.gte(0), z.lte(65_535))).check(z.minLength(1)), [...HIGH_RISK_PORTS])
      .check(z.describe('TCP and UDP ports that must not be open to the internet. A list given here replaces that of the control EC2.19.')),
  }),
  meant: ({ ports }) => onPorts(ports, ['tcp', 'udp']),
  name: 'high-risk ports',
  ceiling: 'approve',
  freshWithin: null,
  breadth: 30,
  controls: [{ framework: 'aws-fsbp', id: 'EC2.19' }],
  configRules: ['RESTRICTED_INCOMING_TRAFFIC', 'restricted-common-ports', 'VPC_SG_PORT_RESTRICTION_CHECK', 'vpc-sg-port-restriction-check'],
  prowler: [
    'ec2_securitygroup_allow_ingress_from_internet_to_high_risk_tcp_ports',
    'ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_mysql_3306',
    'ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_postgres_5432',
    'ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_sql_server_1433_1434',
    'ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_ftp_20_21',
    'ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_telnet_23',
    'ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_elasticsearch_kibana_9200_9300_5601',
  ],
  blindSpots: [
    'Who has connected through the rule: flow logs are not read.',
    'Load balancers, NAT and proxies in front of the listening program.',
    'Services that listen on a different port number.',
  ],
});
