import * as z from '@redress/core/parameters';
import { ofBastions, revokeOpenPorts } from '../open-port.js';
import { isAllTraffic, isWorld, normalCidr, portsIn } from '../permission.js';

/** What is kept: `tcp/443`, `udp/1024-2048`; null: it is no such text. */
function keptIn(text: string): { readonly protocol: string; readonly from: number; readonly to: number } | null {
  const [protocol = '', rest = ''] = text.split('/');
  const ports = portsIn(rest);
  return ports === null || (protocol !== 'tcp' && protocol !== 'udp') ? null : { protocol, ...ports };
}

/** A kept port, from where: `tcp/443 0.0.0.0/0`. */
const from = (kept: string, cidr: string) => `${kept} ${cidr}`;

/**
 * Plans to revoke a rule that lets the internet in to everything, once what has to stay reachable has rules of its own, and always asks. It makes none
 * of them: whoever closes doors here is not able to open one. Comes last: what narrower remediators have decided on is not asked about again.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/vpc-sg-open-only-to-authorized-ports.html
 */
export const replaceSgAllTrafficOpen = revokeOpenPorts({
  id: 'ec2-replace-sg-all-traffic-open',
  title: 'Replace a rule that opens everything to the internet',
  parameters: z.strictObject({
    ...ofBastions,
    keep: z
      .optional(z.array(z.string().check(z.refine((text) => keptIn(text) !== null, 'a protocol and its ports: tcp/443, udp/1024-2048'))))
      .check(
        z.describe(
          'What the internet may still reach afterwards: `tcp/443`, `udp/1024-2048`. Each needs its own rule, from the same range, before the wide rule is revoked. An empty list keeps nothing. Without the list nothing is revoked.',
        ),
      ),
  }),
  meant: ({ keep = [] }) => ({ covers: isAllTraffic, only: () => keep.length > 0 }),
  // What has a rule of its own beside the wide one: by these it is kept.
  beside: (lets, { keep = [] }) =>
    [
      ...new Set(
        lets.flatMap(({ ports, cidr }) => {
          if (cidr === null || !isWorld(cidr) || isAllTraffic(ports)) return [];
          const isLetIn = (text: string) => {
            const kept = keptIn(text);
            return kept !== null && ports.protocol === kept.protocol && (ports.fromPort ?? 0) <= kept.from && kept.to <= (ports.toPort ?? 65_535);
          };
          return keep.filter(isLetIn).map((kept) => from(kept, normalCidr(cidr)));
        }),
      ),
    ].sort(),
  instead({ open, beside, parameters: { keep }, id }) {
    const wide = open.map((rule) => rule.id).join(', ');
    if (keep === undefined)
      return {
        status: 'manual',
        message: `${wide} of ${id} opens everything to the internet. The policy does not say what has to stay reachable, so nothing is revoked.`,
        steps: [
          'Use flow logs and target groups to find out which ports are used from outside.',
          'Name them in the policy: remediators: { ec2-replace-sg-all-traffic-open: { parameters: { keep: ["tcp/443"] } } }.',
        ],
      };
    const missing = [...new Set(open.map(({ cidr }) => cidr))].flatMap((cidr) =>
      keep.filter((kept) => !beside.includes(from(kept, cidr))).map((kept) => ({ kept, cidr })),
    );
    if (missing.length === 0) return null;
    return {
      status: 'manual',
      message: `${wide} of ${id} opens everything to the internet, and ${missing.map(({ kept, cidr }) => from(kept, cidr)).join(', ')} would be lost with it: no rule of its own allows that.`,
      steps: [
        ...missing.map(({ kept, cidr }) => {
          const { protocol = '', from: first = 0, to: last = 0 } = keptIn(kept) ?? {};
          const range = cidr.includes(':') ? `Ipv6Ranges=[{CidrIpv6=${cidr}}]` : `IpRanges=[{CidrIp=${cidr}}]`;
          return `aws ec2 authorize-security-group-ingress --group-id ${id} --ip-permissions IpProtocol=${protocol},FromPort=${first},ToPort=${last},${range}`;
        }),
        'An approval for the wide rule is requested when the next pass finds these rules.',
      ],
    };
  },
  wide: {
    what: 'The policy keeps nothing (`keep: []`): traffic that only this rule allows is cut off.',
    advice: 'Check in flow logs that nothing is used from outside. Then approve.',
    message: (rule, subject) => `${rule} opens everything (${subject}), and the policy keeps nothing of it.`,
  },
  name: 'everything',
  ceiling: 'approve',
  freshWithin: null,
  breadth: 50,
  controls: [
    { framework: 'aws-fsbp', id: 'EC2.18' },
    { framework: 'aws-fsbp', id: 'EC2.19' },
    { framework: 'aws-fsbp', id: 'EC2.53' },
    { framework: 'aws-fsbp', id: 'EC2.54' },
  ],
  configRules: ['VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS', 'vpc-sg-open-only-to-authorized-ports', 'RESTRICTED_INCOMING_TRAFFIC', 'restricted-common-ports'],
  prowler: ['ec2_securitygroup_allow_ingress_from_internet_to_all_ports'],
  blindSpots: ['The traffic that uses the rule: flow logs are not read.', 'Protocols other than TCP and UDP that the rule allows: they are lost with it.'],
});
