import * as z from '@redress/core/parameters';
import { ofBastions, revokeOpenPorts } from '../open-port.js';
import { beyond, portsIn } from '../permission.js';

const ports = z.array(z.string().check(z.refine((text) => portsIn(text) !== null, 'a port, or a range of them: 443, 1024-2048')));

/**
 * Plans to revoke every rule that lets the internet in to a port of TCP or UDP which the policy does not authorise, and always asks. Comes after the
 * remediators of single ports.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-18
 */
export const revokeSgUnauthorizedOpenPorts = revokeOpenPorts({
  id: 'ec2-revoke-sg-unauthorized-open-ports',
  title: 'Remove internet ingress on ports outside the authorized list',
  parameters: z.strictObject({
    ...ofBastions,
    authorizedTcp: z._default(ports, ['443']).check(z.describe('TCP ports and ranges that may be open to the internet: `443`, `1024-2048`.')),
    authorizedUdp: z._default(ports, []).check(z.describe('UDP ports and ranges that may be open to the internet.')),
  }),
  meant: ({ authorizedTcp, authorizedUdp }) => beyond({ tcp: authorizedTcp, udp: authorizedUdp }),
  name: 'ports that are not authorized',
  ceiling: 'approve',
  freshWithin: null,
  breadth: 40,
  controls: [{ framework: 'aws-fsbp', id: 'EC2.18' }],
  configRules: ['VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS', 'vpc-sg-open-only-to-authorized-ports'],
  // What Prowler has finds the authorised ports, too.
  prowler: [],
  blindSpots: [
    'Who has connected through the rule: flow logs are not read.',
    'Load balancer listeners on these ports.',
    'Protocols without ports, such as ICMP and ESP: they stay allowed.',
  ],
});
