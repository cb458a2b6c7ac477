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
    'DNS records and allowlists that contain the address.',
    'Which ports are open: security groups and network ACLs decide that.',
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
          message: `Instance ${id} has the public address ${addresses.join(', ')}${elastic ? ' (an Elastic IP address)' : ', assigned when it started'}.`,
          steps: [
            'Find out who uses the address: check DNS records, allowlists of partners, and the rules of its security groups.',
            'Use a load balancer or Session Manager for inbound access, and a NAT gateway or VPC endpoints for outbound access.',
            elastic
              ? 'Then disassociate the Elastic IP address, and keep it allocated until nobody uses it any more.'
              : 'Then turn off the automatic public address of the network interface, or start a new instance in a private subnet. A released address cannot be recovered.',
          ],
        },
  closed: 'the instance has no public IPv4 address, or is gone',
});
