import { defineReport } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { instance, launched, started } from './network.js';

/**
 * Reports an instance with a public IPv4 address.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-9
 */
export const reportInstancePublicIp = defineReport({
  on: instance,
  id: 'ec2-report-instance-public-ip',
  title: 'Report instances that hold a public IPv4 address',
  package: packageRef,
  controls: { 'aws-fsbp': ['EC2.9'] },
  rules: { EC2_INSTANCE_NO_PUBLIC_IP: 'ec2-instance-no-public-ip' },
  calls: { 'ec2:RunInstances': launched, 'ec2:StartInstances': started, 'ec2:AssociateAddress': 'request.instanceId' },
  alsoFoundBy: { prowler: ['ec2_instance_public_ip'] },
  blindSpots: [
    'DNS records and allowlists that have the address.',
    'Which ports are open to it: security groups and network ACLs say that.',
    'Public IPv6 addresses.',
  ],
  at: ({ PublicIpAddress, NetworkInterfaces = [] }) => {
    const held = NetworkInterfaces.flatMap(({ Association }) => (Association?.PublicIp === undefined ? [] : [Association]));
    const addresses = [...new Set([...(PublicIpAddress === undefined ? [] : [PublicIpAddress]), ...held.map(({ PublicIp }) => PublicIp ?? '?')])];
    return { addresses: addresses.sort(), elastic: held.some(({ IpOwnerId }) => IpOwnerId !== undefined && IpOwnerId !== 'amazon') };
  },
  gap: ({ now: { addresses, elastic }, id }) =>
    addresses.length === 0
      ? null
      : {
          message: `Instance ${id} has the public address ${addresses.join(', ')}${elastic ? ' (an Elastic IP address)' : ', which it was given when it started'}.`,
          steps: [
            'Find who uses the address: DNS records, allowlists of partners, and what the security groups let in.',
            'Put a load balancer or Session Manager before the instance, and a NAT gateway or VPC endpoints behind it.',
            elastic
              ? 'Then take the Elastic IP address off, and keep it allocated until nobody asks for it any more.'
              : 'Then turn the automatic address of the interface off, or start a new instance in a private subnet: an address that is given up does not come back.',
          ],
        },
  closed: 'the instance has no public IPv4 address, or is gone',
});
