import {
  type Assessment,
  type CallReader,
  type Ceiling,
  type Claim,
  type ControlRef,
  canonicalJson,
  defineRemediator,
  type Hazard,
  isRecord,
  type JsonObject,
  type Observation,
  pages,
  type Remediator,
  sayingOf,
} from '@redress/core';
import * as z from '@redress/core/parameters';
import { ec2 } from './client.js';
import { packageRef } from './package-ref.js';
import {
  beyond,
  covers,
  grantedPermissions,
  grantedRules,
  HIGH_RISK_PORTS,
  isPiece,
  isWorld,
  letsPrefixListIn,
  normalCidr,
  onlyPorts,
  type Permission,
  requestedPermissions,
  spansInternet,
  subjectOf,
} from './permission.js';
import { type Earlier, INSTANCE, INTERFACE, type Ingress, ingressOf, type Rules, readsOf, tagsOf } from './security-group.js';

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

/** What every remediator of this family takes. */
export const ofBastions = {
  bastionWords: z
    ._default(z.array(z.string().check(z.regex(/[\p{L}\p{N}]/u, 'a word, with a letter or digit in it'))).check(z.minLength(1)), [
      'bastion',
      'bastion host',
      'jump',
      'jump host',
      'jump box',
      'jump server',
      'ssh gateway',
      'ssh proxy',
      'rd gateway',
      'rdgw',
      'remote desktop gateway',
    ])
    .check(
      z.describe(
        'Names, descriptions and tags with one of these words mark a bastion, which needs an approval. Whole words, however they are joined: `jump host` matches `my_jumphost` and `JumpHosts`. A list given here replaces this one.',
      ),
    ),
};
const bastions = z.strictObject(ofBastions);
interface Bastions {
  readonly bastionWords: readonly string[];
}

/** What else an exception may be on, besides what uses the group. */
const RULE = 'AWS::EC2::SecurityGroupIngress';

type Ports = Omit<Permission, 'cidr'>;

/** Which permissions are meant. */
export interface Meant {
  /** Whether it lets in to what nobody outside may reach. */
  covers(ports: Ports): boolean;
  /** Whether it lets in to nothing else: what is wider, something else may depend on. */
  only(ports: Ports): boolean;
  /** Which address ranges are too wide. Default: the whole internet, prefix length 0. */
  isOpen?(cidr: string): boolean;
}

/** Those that let some ports in, over one of some protocols. */
export function onPorts(ports: readonly number[], protocols: readonly string[]): Pick<Meant, 'covers' | 'only'> {
  return {
    covers: (permission) => ports.some((port) => covers(permission, port, protocols)),
    only: (permission) => onlyPorts(permission, ports),
  };
}

type Needed = Required<Meant>;

const authorized =
  (meant: Needed, resolves: boolean): CallReader =>
  ({ request, response }) => {
    // Either side may be left out of the record, and older responses name no rules.
    const groups = [request?.['groupId'], ...grantedRules(response).map((rule) => rule['groupId'])].filter((id) => typeof id === 'string' && id !== '');
    const [group] = groups;
    // Request and response are of one call: of two groups neither is believed.
    if (typeof group !== 'string' || groups.some((each) => each !== group)) return [];
    const permissions = [...requestedPermissions(request), ...grantedPermissions(response)].filter((permission) => meant.covers(permission));
    const open = new Set(permissions.filter(({ cidr }) => meant.isOpen(cidr)).map(subjectOf));
    if (open.size > 0) return [{ id: group, subjects: [...open] }];
    // Pieces and lists are put together when the group is looked at, and nothing of them is revoked.
    const pieces = resolves && (permissions.some(({ cidr }) => isPiece(cidr)) || letsPrefixListIn(request, response));
    return pieces ? [{ id: group, subjects: [] }] : [];
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

/** A remediator that revokes rules which open ports to the internet. */
export function revokeOpenPorts<Given extends Bastions = Bastions>(options: {
  id: string;
  title: string;
  /** What they let in, by the policy. */
  meant: (parameters: Given) => Meant;
  /** Given where the policy says which ports: then every call that opens one is looked at. */
  parameters?: z.Schema<Given, unknown>;
  /** Rules beside those that are open, as far as the change depends on them: they are of the state. */
  beside?: (lets: readonly Ingress[], parameters: Given) => readonly string[];
  /** Asked first, where there are open rules: what people have to do before any is revoked; null: nothing. */
  instead?: (args: {
    readonly open: readonly OpenRule[];
    readonly beside: readonly string[];
    readonly parameters: Given;
    readonly id: string;
  }) => Extract<Assessment, { readonly status: 'manual' }> | null;
  /** The hazard of a rule that is wider than what is meant. */
  wide?: { readonly what: string; readonly advice: string; message(rule: string, subject: string): string };
  /** Null: whatever its age. */
  freshWithin?: string | null;
  ceiling?: Ceiling;
  breadth?: number;
  /** Also notify where ranges or prefix lists are the internet only together. One remediator of each port does. */
  resolves?: boolean;
  name: string;
  controls: readonly ControlRef[];
  configRules: readonly string[];
  showsNew?: readonly string[];
  blindSpots: readonly string[];
  /** Checks of Prowler that find the same. */
  prowler: readonly string[];
}): Remediator {
  const { name, freshWithin = 'PT30M', resolves = false, instead, beside } = options;
  const parameters = options.parameters ?? (bastions as unknown as z.Schema<Given, unknown>);
  const meantBy = (given: Given): Needed => ({ isOpen: isWorld, ...options.meant(given) });
  const onCalls: Needed = options.parameters === undefined ? meantBy({ bastionWords: [] } as never) : { isOpen: isWorld, covers: () => true, only: () => true };
  const wide = options.wide ?? {
    what: `The rule opens more than ${name}: a range of ports, or every protocol. Other services may depend on it.`,
    advice: 'Add rules for the ports and sources that are needed. Then approve the removal of the wide rule.',
    message: (rule: string, subject: string) =>
      `${rule} opens more than ${name} (${subject}): other services may depend on it. Narrow it by hand, or approve its removal.`,
  };
  const lists = resolves ? (['GetManagedPrefixListEntries'] as const) : [];
  return defineRemediator({
    id: options.id,
    title: options.title,
    package: packageRef,
    resourceTypes: [GROUP],
    exceptionTypes: [RULE, INTERFACE, INSTANCE],
    controls: options.controls,
    triggers: {
      configRules: options.configRules,
      showsNew: options.showsNew ?? [],
      apiCalls: { 'ec2:AuthorizeSecurityGroupIngress': authorized(onCalls, resolves), 'ec2:ModifySecurityGroupRules': modified },
    },
    ceiling: options.ceiling ?? 'enforce',
    breadth: options.breadth ?? 0,
    ...(freshWithin === null ? {} : { freshWithin }),
    settle: 'PT60S',
    blindSpots: [
      ...options.blindSpots,
      'Whether someone is connected through the rule right now.',
      resolves
        ? 'New entries in a prefix list: no event names the security groups that reference the list. The sweep finds them.'
        : 'Ranges that only together cover the internet (0.0.0.0/1 and 128.0.0.0/1), and prefix lists that contain it: `ec2-revoke-sg-open-ssh` and `ec2-revoke-sg-open-rdp` notify about those that open their ports.',
      'Instances that use the group only in a peered or shared VPC.',
      'A bastion that no name, description or tag identifies.',
      'An exception tag set between the last read and the change, on a resource that starts to use the group at that moment, or on one that an AWS service manages and the account hides.',
    ],
    hazards: [
      {
        code: 'bastion',
        effect: 'approve',
        what: 'Names, descriptions or tags of the group, of the rule, or of an instance or interface that uses the group, contain bastion or jump host (`bastionWords`): people may reach everything else through it.',
        advice:
          'Set up another way in first (Session Manager, an Instance Connect endpoint, a VPN, the addresses of the office). Then approve, or record an exception.',
      },
      {
        code: 'wide-rule',
        effect: 'approve',
        what: wide.what,
        advice: wide.advice,
      },
    ],
    rollback: {
      restores: 'equivalent',
      what: 'The rule is authorized again, with its ports, range, description and tags.',
      not: ['Its id: the rule gets a new one. Infrastructure as code that references the old id sees a new rule.'],
    },
    ...(options.prowler.length === 0 ? {} : { alsoFoundBy: { prowler: options.prowler } }),
    uses: {
      reads: [ec2.pick('DescribeSecurityGroups', 'DescribeSecurityGroupRules', 'DescribeNetworkInterfaces', 'DescribeInstances', 'DescribeTags', ...lists)],
      writes: [ec2.pick('RevokeSecurityGroupIngress')],
      undoes: [ec2.pick('AuthorizeSecurityGroupIngress')],
      decides: [ec2.pick('DescribeNetworkInterfaces', 'DescribeInstances', 'DescribeTags', ...lists)],
    },
    parameters,
    async observe({ aws, resource, parameters: given, purpose, earlier }) {
      const { bastionWords } = given;
      const meant = meantBy(given);
      const reads = readsOf(aws, resource.id);
      const stateAnd = ({ owner, lets }: Rules) => {
        const open = openOf(lets, meant);
        const parts = open.map((each) => ({ subject: subjectOf(each), type: RULE, id: each.id, tags: tagsOf(each.tags) }));
        return { state: { owner, open, ...(beside === undefined ? {} : { beside: open.length === 0 ? [] : beside(lets, given) }) }, parts };
      };
      if (purpose === 'verification') {
        const seen = await reads.rules(earlier === null ? null : earlierOf(earlier));
        return seen === 'gone' ? seen : { ...stateAnd(seen), context: { bastions: [], together: [], world: toEverybody(seen.lets) }, tags: {} };
      }
      if (purpose === 'confirmation' && earlier !== null) {
        const seen = await reads.again(earlierOf(earlier));
        // The name of a group never changes.
        const name = earlier.name === undefined ? {} : { name: earlier.name };
        return { ...stateAnd(seen), tags: seen.tags, ...name, usedBy: seen.usedBy };
      }
      const seen = await reads.whole();
      if (seen === 'gone') return seen;
      const pieces = resolves ? piecesOf(seen.lets, meant) : { ranges: [], lists: [] };
      return {
        ...stateAnd(seen),
        context: {
          bastions: seen.named.filter(({ texts, tags }) => saysOneOf(texts, tags, bastionWords)).map(({ id }) => id),
          together: together(pieces.ranges, await reads.prefixLists(pieces.lists)),
          world: toEverybody(seen.lets),
        },
        tags: seen.tags,
        name: seen.name,
        // An exception on what uses the group holds for the group too: revoking the rule would cut that off.
        usedBy: seen.usedBy,
      };
    },
    plan({ state, context, resource, parameters: given }) {
      const { bastionWords } = given;
      const meant = meantBy(given);
      if (state.owner !== null && state.owner !== resource.account) return { status: 'not-applicable', reason: `The group belongs to account ${state.owner}.` };
      const still = (context?.together ?? []).map((each) => `${name} is open to the internet through ${each} of ${resource.id}`);
      if (state.open.length === 0) {
        if (still.length === 0) return { status: 'compliant', message: `No rule opens ${name} to the internet.` };
        return {
          status: 'manual',
          message: `${still.join('; ')}.`,
          steps: [
            'Allow the addresses that need access, each with its own rule.',
            'Then remove the ranges, or the rule that references the prefix list. An entry of the list itself applies to every group that references it.',
          ],
        };
      }
      const first = instead?.({ open: state.open, beside: state.beside ?? [], parameters: given, id: resource.id }) ?? null;
      if (first !== null) return first;
      const bastion = (ids: readonly string[]): Hazard[] =>
        ids.length === 0
          ? []
          : [{ code: 'bastion', effect: 'approve', message: `It looks like a bastion (${ids.join(', ')}): people may reach everything else through it.` }];
      const hazardsOf = (rule: OpenRule): Hazard[] => [
        ...bastion(saysOneOf([rule.description], rule.tags, bastionWords) ? [rule.id] : []),
        ...(meant.only(rule) ? [] : [{ code: 'wide-rule', effect: 'approve' as const, message: wide.message(rule.id, subjectOf(rule)) }]),
      ];
      return {
        status: 'change',
        hazards: bastion(context?.bastions ?? []),
        ...(still.length === 0 ? {} : { open: still }),
        changes: state.open.map((rule) => ({
          call: ec2.call('RevokeSecurityGroupIngress', { GroupId: resource.id, SecurityGroupRuleIds: [rule.id] }),
          undo: { calls: [ec2.call('AuthorizeSecurityGroupIngress', { GroupId: resource.id, ...authorize(rule) })], restores: 'equivalent' as const },
          summary: `revoke ${rule.id} of ${resource.id}: ${subjectOf(rule)}`,
          resolves: true,
          subject: subjectOf(rule),
          hazards: hazardsOf(rule),
        })),
      };
    },
    judge({ context, claim }) {
      const asked = asksFor(claim);
      // A context that was recorded before this was looked for does not say.
      if (asked === null || context?.world === undefined) return null;
      const open = asked.open(context.world);
      // With parameters that nobody could read it may be about other ports.
      if (open.length === 0 && !asked.known) return null;
      return open.map((what) => `${what} is open to the internet, which ${asked.by} reports and this remediator does not change`);
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
    // A group without an open rule is known by its rules alone, and all of them are listed a thousand at a time.
    async *observeMany({ aws, parameters: given }) {
      const meant = meantBy(given);
      const { isOpen } = meant;
      // By owner, of which there are few: each rule names its owner in a string of its own, and there may be a hundred thousand.
      const closed = new Map<string, Set<string>>();
      const looked = new Set<string>();
      const pieces = new Map<string, string[]>();
      for await (const page of pages(aws.ec2.DescribeSecurityGroupRules, { MaxResults: PAGE }, 'SecurityGroupRules')) {
        const found: string[] = [];
        for (const rule of page) {
          const { GroupId: id, GroupOwnerId: owner } = rule;
          if (id === undefined || looked.has(id)) continue;
          if (owner !== undefined && !mayBeOpen(rule, id)) closed.set(owner, (closed.get(owner) ?? new Set()).add(id));
          else {
            looked.add(id);
            found.push(id);
          }
        }
        yield found.map((id) => ({ type: GROUP, id, seen: null }));
      }
      for (const [owner, groups] of closed) {
        let idle: ReturnType<typeof closedOf>[] = [];
        for (const id of groups) {
          if (!looked.has(id)) idle.push(closedOf(id, owner));
          if (idle.length < PAGE) continue;
          yield idle;
          idle = [];
        }
        yield idle;
      }

      function mayBeOpen(rule: Parameters<typeof ingressOf>[0], id: string): boolean {
        let lets: Ingress | undefined;
        try {
          [lets] = ingressOf(rule);
        } catch {
          // What cannot be read is looked at.
          return true;
        }
        if (lets === undefined || !meant.covers(lets.ports)) return false;
        const { cidr, list } = lets;
        if (cidr !== null && isOpen(cidr)) return true;
        if (!resolves) return false;
        if (cidr !== null) pieces.set(id, [...(pieces.get(id) ?? []), cidr]);
        return list !== null || spansInternet(pieces.get(id) ?? []);
      }
      /** A group of which its rules show that it is closed. */
      function closedOf(id: string, owner: string) {
        return {
          type: GROUP,
          id,
          seen: { state: { owner, open: [], ...(beside === undefined ? {} : { beside: [] }) }, context: { bastions: [], together: [], world: [] } },
        };
      }
    },
  });
}

/** As many rules as one page holds. */
const PAGE = 1000;
const GROUP = 'AWS::EC2::SecurityGroup';

/** What an earlier look found that holds still. */
function earlierOf({ state, usedBy = [] }: Observation<unknown, unknown>): Earlier {
  return { owner: isRecord(state) && typeof state['owner'] === 'string' ? state['owner'] : null, usedBy };
}

/** Whether a name, a description or a tag, its key or its value, says one of some words. */
function saysOneOf(
  texts: readonly (string | null | undefined)[],
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
  words: readonly string[],
): boolean {
  return [...texts, ...(tags ?? []).map(({ Key = '', Value = '' }) => `${Key} ${Value}`)].some((text) => sayingOf(text ?? '', words) !== null);
}

/** The rules that are open on their own, with all that their undo needs. */
function openOf(lets: readonly Ingress[], meant: Needed): readonly OpenRule[] {
  const open = lets.flatMap(({ id, rule: { Description, Tags = [] }, ports, cidr }) => {
    if (cidr === null || !meant.isOpen(cidr) || !meant.covers(ports)) return [];
    const tags = Tags.map((tag) => ({ Key: tag.Key ?? '', Value: tag.Value ?? '' })).sort((a, b) => (a.Key < b.Key ? -1 : 1));
    return [{ id, ...ports, cidr: normalCidr(cidr), description: Description === undefined || Description === '' ? null : Description, tags }];
  });
  return open.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The ranges and prefix lists that are let in to what is meant, without what is open by itself. */
function piecesOf(lets: readonly Ingress[], meant: Needed): { readonly ranges: readonly string[]; readonly lists: readonly string[] } {
  const covering = lets.filter(({ ports }) => meant.covers(ports));
  return {
    ranges: covering.flatMap(({ cidr }) => (cidr === null || meant.isOpen(cidr) ? [] : [cidr])),
    lists: [...new Set(covering.flatMap(({ list }) => (list === null ? [] : [list])))].sort(),
  };
}

/** What of ranges and lists is the internet, in words: a list by itself, or all together. */
function together(ranges: readonly string[], lists: readonly { readonly id: string; readonly ranges: readonly string[] }[]): readonly string[] {
  const alone = lists.filter((list) => spansInternet(list.ranges));
  if (alone.length > 0) return alone.map(({ id }) => `the prefix list ${id}`);
  const pieces = [...new Set([...ranges, ...lists.flatMap((list) => list.ranges)])];
  if (!spansInternet(pieces)) return [];
  const shown = pieces.filter(isPiece).sort();
  const named = shown.length > 8 ? `${shown.slice(0, 8).join(', ')} and ${shown.length - 8} more` : shown.join(', ');
  return [`ranges that together cover it (${named})${lists.length === 0 ? '' : `, some of them in ${lists.map(({ id }) => id).join(', ')}`}`];
}

/** What a group lets everybody in to, whatever the port: what a rule of Config may be about. */
function toEverybody(lets: readonly Ingress[]) {
  const open = lets.flatMap(({ ports, cidr }) => (cidr !== null && isWorld(cidr) ? [{ ...ports, ipv6: cidr.includes(':') }] : []));
  return [...new Map(open.map((each) => [canonicalJson(each), each])).entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

type World = ReturnType<typeof toEverybody>;

/** What a claim is about: which of it is open to everybody; null where that is not known. */
function asksFor(claim: Claim): { readonly by: string; readonly known: boolean; open(world: World): readonly string[] } | null {
  const parameters = claim.parameters ?? {};
  const known = claim.parameters !== null;
  const asks = (by: string, ports: readonly number[], more: Family & { readonly known?: boolean } = {}) => {
    const { ipv4 = true, ipv6 = true } = more;
    const isIn = (world: World, port: number) => world.some((each) => covers(each, port, ['tcp']) && (each.ipv6 ? ipv6 : ipv4));
    return {
      by,
      known: more.known ?? true,
      open: (world: World) => [...new Set(ports)].filter((port) => isIn(world, port)).map((port) => `tcp port ${port}`),
    };
  };
  const asksBeyond = (by: string, tcp: readonly string[], udp: readonly string[], isKnown: boolean) => {
    const { covers: isBeyond } = beyond({ tcp, udp });
    return { by, known: isKnown, open: (world: World) => world.filter(isBeyond).map((each) => subjectOf({ ...each, cidr: each.ipv6 ? '::/0' : '0.0.0.0/0' })) };
  };
  const rule = `the Config rule ${claim.configRule ?? ''}`;
  if (claim.isRule('INCOMING_SSH_DISABLED') || claim.isRule('restricted-ssh')) return asks(rule, [22]);
  if (claim.isRule('RESTRICTED_INCOMING_TRAFFIC') || claim.isRule('restricted-common-ports')) {
    const own = numbersIn(Object.entries(parameters).flatMap(([key, value]) => (/^blockedPorts?\d*$/i.test(key) ? [value] : [])));
    return asks(rule, own.length > 0 ? own : [20, 21, 3389, 3306, 4333], { known });
  }
  if (claim.isRule('VPC_SG_PORT_RESTRICTION_CHECK') || claim.isRule('vpc-sg-port-restriction-check')) {
    const own = numbersIn([parameters['restrictPorts'] ?? '']);
    const type = parameters['ipType']?.toLowerCase();
    return asks(rule, own.length > 0 ? own : [22, 3389], { ipv4: type !== 'ipv6', ipv6: type !== 'ipv4', known });
  }
  if (claim.isRule('VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS') || claim.isRule('vpc-sg-open-only-to-authorized-ports'))
    return asksBeyond(rule, rangesIn(parameters['authorizedTcpPorts']), rangesIn(parameters['authorizedUdpPorts']), known);
  if (claim.controls.includes('EC2.18')) return asksBeyond('the control EC2.18', ['80', '443'], [], true);
  for (const [control, ports, more] of CONTROLS) if (claim.controls.includes(control)) return asks(`the control ${control}`, ports, more);
  return null;
}

const numbersIn = (texts: readonly string[]) =>
  texts
    .flatMap(rangesIn)
    .filter((text) => /^\d{1,5}$/.test(text))
    .map(Number);
const rangesIn = (text = '') =>
  text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');

interface Family {
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
}

/** What controls look for, which take no parameters. */
const CONTROLS: readonly (readonly [control: string, ports: readonly number[], more?: Family])[] = [
  ['EC2.13', [22]],
  ['EC2.14', [3389]],
  ['EC2.19', HIGH_RISK_PORTS],
  ['EC2.53', [22, 3389], { ipv6: false }],
  ['EC2.54', [22, 3389], { ipv4: false }],
  ['cis-aws-foundations-benchmark/v/1.2.0/4.1', [22]],
  ['cis-aws-foundations-benchmark/v/1.2.0/4.2', [3389]],
  ['cis-aws-foundations-benchmark/v/1.4.0/5.2', [22, 3389]],
  ['cis-aws-foundations-benchmark/v/3.0.0/5.2', [22, 3389], { ipv6: false }],
  ['cis-aws-foundations-benchmark/v/3.0.0/5.3', [22, 3389], { ipv4: false }],
  ['cis-aws-foundations-benchmark/v/5.0.0/5.3', [22, 3389], { ipv6: false }],
  ['cis-aws-foundations-benchmark/v/5.0.0/5.4', [22, 3389], { ipv4: false }],
];

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
