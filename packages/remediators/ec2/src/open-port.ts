import {
  allOf,
  type CallReader,
  type Ceiling,
  type ControlRef,
  canonicalJson,
  defineRemediator,
  type Hazard,
  inParallel,
  isGone,
  isRecord,
  type JsonObject,
  paginate,
  type Remediator,
  type Tagged,
  type Tags,
} from '@redress/core';
import { ec2 } from './client.js';
import { packageRef } from './package-ref.js';
import { covers, isWorld, normalCidr, onlyPort, type Permission, portOf, protocolOf, requestedPermissions, subjectOf } from './permission.js';

/** One open rule, with all that its undo needs. A type, not an interface: state must be plain JSON. */
type OpenRule = {
  readonly id: string;
  readonly protocol: string;
  readonly fromPort: number | null;
  readonly toPort: number | null;
  readonly cidr: string;
  readonly description: string | null;
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
};

const BASTION = /\b(?:bastion|jump[-_ ]?(?:host|box|server)?)\b/i;

/** What else an exception may be on: a rule, and what uses the group. */
const [RULE, INTERFACE, INSTANCE] = ['AWS::EC2::SecurityGroupIngress', 'AWS::EC2::NetworkInterface', 'AWS::EC2::Instance'] as const;

/** Which permissions are meant. */
interface Meant {
  readonly ports: readonly number[];
  readonly protocols: readonly string[];
  /** Which address ranges are too wide. */
  isOpen(cidr: string): boolean;
}

const covered = (permission: Omit<Permission, 'cidr'>, { ports, protocols }: Meant) => ports.some((port) => covers(permission, port, protocols));

const authorized =
  (meant: Meant): CallReader =>
  ({ request, response }) => {
    const ruleSet = isRecord(response) ? response['securityGroupRuleSet'] : undefined;
    const group = [
      request?.['groupId'],
      isRecord(ruleSet) && Array.isArray(ruleSet['items']) && isRecord(ruleSet['items'][0]) ? ruleSet['items'][0]['groupId'] : undefined,
    ].find((id) => typeof id === 'string');
    if (typeof group !== 'string') return [];
    const open = requestedPermissions(request).filter((permission) => meant.isOpen(permission.cidr) && covered(permission, meant));
    return open.length === 0 ? [] : [{ id: group, subjects: open.map(subjectOf) }];
  };

/**
 * A modified rule may have been open before: a new description is a modification too. So the group is looked at again, and nothing
 * counts as shown to be new.
 */
const modified: CallReader = ({ request }) => {
  const inner = isRecord(request) ? request['ModifySecurityGroupRulesRequest'] : undefined;
  const group = isRecord(inner) ? inner['GroupId'] : request?.['groupId'];
  return typeof group === 'string' ? [{ id: group, subjects: [] }] : [];
};

/** A remediator that revokes rules which open administration ports to the internet. */
export function revokeOpenPorts(options: {
  id: string;
  title: string;
  /** Default: the whole internet, prefix length 0. */
  isOpen?: (cidr: string) => boolean;
  /** Null: whatever its age. */
  freshWithin?: string | null;
  ceiling?: Ceiling;
  breadth?: number;
  ports: readonly number[];
  protocols: readonly string[];
  name: string;
  controls: readonly ControlRef[];
  configRules: readonly string[];
  showsNew?: readonly string[];
  blindSpots: readonly string[];
  /** Checks of Prowler that find the same. */
  prowler: readonly string[];
}): Remediator {
  const { ports, protocols, name, isOpen = isWorld, freshWithin = 'PT30M' } = options;
  const meant: Meant = { ports, protocols, isOpen };
  return defineRemediator({
    id: options.id,
    title: options.title,
    package: packageRef,
    resourceTypes: ['AWS::EC2::SecurityGroup'],
    exceptionTypes: [RULE, INTERFACE, INSTANCE],
    controls: options.controls,
    triggers: {
      configRules: options.configRules,
      showsNew: options.showsNew ?? [],
      apiCalls: { 'ec2:AuthorizeSecurityGroupIngress': authorized(meant), 'ec2:ModifySecurityGroupRules': modified },
    },
    ceiling: options.ceiling ?? 'enforce',
    breadth: options.breadth ?? 0,
    ...(freshWithin === null ? {} : { freshWithin }),
    settle: 'PT60S',
    blindSpots: [
      ...options.blindSpots,
      'Whether someone is connected through the rule right now.',
      'Ranges that together are the internet (0.0.0.0/1 and 128.0.0.0/1), and prefix lists that hold it.',
      'Instances that use the group only in a peered or shared VPC.',
    ],
    hazards: [
      {
        code: 'bastion',
        effect: 'approve',
        what: 'Names, descriptions or tags of the group, or of an instance that uses it, say bastion or jump host: people may reach everything else through it.',
        advice:
          'Find another way in first (Session Manager, an Instance Connect endpoint, a VPN, the addresses of the office). Then approve, or record an exception.',
      },
      {
        code: 'wide-rule',
        effect: 'approve',
        what: `The rule opens more than ${name}: a range of ports, or every protocol. Other services may depend on it.`,
        advice: 'Add rules for what is needed, from where it is needed. Then approve the removal of the wide one.',
      },
    ],
    rollback: {
      restores: 'equivalent',
      what: 'The rule is authorised again, with its ports, range, description and tags.',
      not: ['Its id: the rule gets a new one, and what names the old one (infrastructure as code) sees a new rule.'],
    },
    alsoFoundBy: { prowler: options.prowler },
    uses: {
      reads: [ec2.pick('DescribeSecurityGroups', 'DescribeSecurityGroupRules', 'DescribeNetworkInterfaces', 'DescribeInstances')],
      writes: [ec2.pick('RevokeSecurityGroupIngress')],
      undoes: [ec2.pick('AuthorizeSecurityGroupIngress')],
      decides: [ec2.pick('DescribeNetworkInterfaces', 'DescribeInstances')],
    },
    async observe({ aws, resource, purpose }) {
      const found = (await unlessGone(aws.ec2.DescribeSecurityGroups({ GroupIds: [resource.id] })))?.SecurityGroups?.find(
        (each) => each.GroupId === resource.id,
      );
      if (found === undefined) return 'gone';
      // The group itself says what it lets in, though not under which ids. Where that is nothing, nothing would be revoked, and neither its rules
      // nor those that use it have to be looked at.
      const open: OpenRule[] = [];
      const lets = letsIn(found.IpPermissions, meant);
      const deciding = lets && purpose !== 'verification';
      const group = { Name: 'group-id', Values: [resource.id] };
      const [rules, interfaces, reservations] = await inParallel(
        lets ? allOf(paginate(aws.ec2.DescribeSecurityGroupRules, { Filters: [group] }, 'SecurityGroupRules')) : [],
        deciding ? allOf(paginate(aws.ec2.DescribeNetworkInterfaces, { Filters: [group] }, 'NetworkInterfaces')) : [],
        deciding ? allOf(paginate(aws.ec2.DescribeInstances, { Filters: [{ ...group, Name: 'instance.group-id' }] }, 'Reservations')) : [],
      );
      for (const rule of rules) {
        const cidr = rule.CidrIpv4 ?? rule.CidrIpv6;
        if (rule.GroupId !== resource.id || rule.IsEgress !== false || rule.SecurityGroupRuleId === undefined || cidr === undefined || !isOpen(cidr)) continue;
        const permission = { protocol: protocolOf(rule.IpProtocol), fromPort: portOf(rule.FromPort), toPort: portOf(rule.ToPort) };
        if (!covered(permission, meant)) continue;
        open.push({
          id: rule.SecurityGroupRuleId,
          ...permission,
          cidr: normalCidr(cidr),
          description: rule.Description === undefined || rule.Description === '' ? null : rule.Description,
          tags: (rule.Tags ?? []).map((tag) => ({ Key: tag.Key ?? '', Value: tag.Value ?? '' })).sort((a, b) => (a.Key < b.Key ? -1 : 1)),
        });
      }
      open.sort((a, b) => (a.id < b.id ? -1 : 1));
      const bastions: string[] = [];
      // An exception on what uses the group holds for the group too: revoking the rule would cut that off.
      const usedBy: Tagged[] = interfaces.map((each) => ({ type: INTERFACE, id: each.NetworkInterfaceId ?? '', tags: tagsOf(each.TagSet) }));
      for (const reservation of reservations) {
        for (const instance of reservation.Instances ?? []) {
          usedBy.push({ type: INSTANCE, id: instance.InstanceId ?? '', tags: tagsOf(instance.Tags) });
          if ((instance.Tags ?? []).some((tag) => BASTION.test(`${tag.Key ?? ''} ${tag.Value ?? ''}`))) bastions.push(instance.InstanceId ?? '');
        }
      }
      if (BASTION.test([found.GroupName, found.Description, ...(found.Tags ?? []).flatMap((tag) => [tag.Key, tag.Value])].join(' ')))
        bastions.push(resource.id);
      return {
        state: { owner: found.OwnerId ?? null, open },
        context: { bastions },
        tags: tagsOf(found.Tags),
        usedBy,
        parts: open.map((each) => ({ subject: subjectOf(each), type: RULE, id: each.id, tags: tagsOf(each.tags) })),
      };
    },
    plan({ state, context, resource }) {
      if (state.owner !== null && state.owner !== resource.account) return { status: 'not-applicable', reason: `The group belongs to account ${state.owner}.` };
      if (state.open.length === 0) return { status: 'compliant', message: `No rule opens ${name} to the internet.` };
      const common: Hazard[] = [];
      if ((context?.bastions.length ?? 0) > 0) {
        common.push({
          code: 'bastion',
          effect: 'approve',
          message: `It looks like a bastion (${context?.bastions.join(', ')}): people may reach everything else through it.`,
        });
      }
      return {
        status: 'change',
        hazards: common,
        changes: state.open.map((rule) => ({
          call: ec2.call('RevokeSecurityGroupIngress', { GroupId: resource.id, SecurityGroupRuleIds: [rule.id] }),
          undo: { calls: [ec2.call('AuthorizeSecurityGroupIngress', { GroupId: resource.id, ...authorize(rule) })], restores: 'equivalent' as const },
          summary: `revoke ${rule.id} of ${resource.id}: ${subjectOf(rule)}`,
          resolves: true,
          subject: subjectOf(rule),
          ...(ports.some((port) => onlyPort(rule, port))
            ? {}
            : {
                hazards: [
                  {
                    code: 'wide-rule',
                    effect: 'approve' as const,
                    message: `${rule.id} opens more than ${name} (${subjectOf(rule)}): other services may depend on it. Narrow it by hand, or approve its removal.`,
                  },
                ],
              }),
        })),
      };
    },
    // A rule that is authorised again is the same rule under a new id.
    equivalent: ({ before, after }) => {
      const named = (rules: readonly OpenRule[]) =>
        rules
          .map(({ id: _, ...rule }) => canonicalJson(rule))
          .sort()
          .join('\n');
      return before.owner === after.owner && named(before.open) === named(after.open);
    },
    async *discover({ aws }) {
      const seen = new Set<string>();
      for await (const rule of paginate(aws.ec2.DescribeSecurityGroupRules, {}, 'SecurityGroupRules')) {
        const cidr = rule.CidrIpv4 ?? rule.CidrIpv6;
        if (rule.GroupId === undefined || seen.has(rule.GroupId) || rule.IsEgress !== false || cidr === undefined || !isOpen(cidr)) continue;
        if (!covered({ protocol: protocolOf(rule.IpProtocol), fromPort: portOf(rule.FromPort), toPort: portOf(rule.ToPort) }, meant)) continue;
        seen.add(rule.GroupId);
        yield { type: 'AWS::EC2::SecurityGroup', id: rule.GroupId };
      }
    },
  });
}

function tagsOf(tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] = []): Tags {
  return Object.fromEntries(tags.flatMap((tag) => (tag.Key === undefined ? [] : [[tag.Key, tag.Value ?? '']])));
}

/** What a read answers, or null when EC2 says that there is none. */
async function unlessGone<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

interface Range {
  readonly CidrIp?: string | undefined;
  readonly CidrIpv6?: string | undefined;
}

/** Whether the permissions of a group let in what is meant. A group that does not say may. */
function letsIn(
  permissions:
    | readonly {
        readonly IpProtocol?: string | undefined;
        readonly FromPort?: number | undefined;
        readonly ToPort?: number | undefined;
        readonly IpRanges?: readonly Range[] | undefined;
        readonly Ipv6Ranges?: readonly Range[] | undefined;
      }[]
    | undefined,
  meant: Meant,
): boolean {
  return (
    permissions === undefined ||
    permissions.some(
      ({ IpProtocol, FromPort, ToPort, IpRanges = [], Ipv6Ranges = [] }) =>
        covered({ protocol: protocolOf(IpProtocol), fromPort: portOf(FromPort), toPort: portOf(ToPort) }, meant) &&
        [...IpRanges, ...Ipv6Ranges].some(({ CidrIp, CidrIpv6 }) => meant.isOpen(CidrIp ?? CidrIpv6 ?? '')),
    )
  );
}

function authorize(rule: OpenRule): JsonObject & { IpPermissions: never; TagSpecifications?: never } {
  const description = rule.description === null ? {} : { Description: rule.description };
  const permission = {
    IpProtocol: rule.protocol,
    ...(rule.protocol === '-1' ? {} : { FromPort: rule.fromPort ?? -1, ToPort: rule.toPort ?? -1 }),
    ...(rule.cidr.includes(':') ? { Ipv6Ranges: [{ CidrIpv6: rule.cidr, ...description }] } : { IpRanges: [{ CidrIp: rule.cidr, ...description }] }),
  };
  return {
    IpPermissions: [permission],
    ...(rule.tags.length === 0 ? {} : { TagSpecifications: [{ ResourceType: 'security-group-rule', Tags: rule.tags }] }),
  } as never;
}
