import { type AwsReads, allOf, given, inParallel, isGone, paginate, type Tagged, type Tags } from '@redress/core';
import { type ec2, HIDDEN_TOO } from './client.js';
import { type Permission, portOf, protocolOf } from './permission.js';

type Read =
  | 'DescribeSecurityGroups'
  | 'DescribeSecurityGroupRules'
  | 'DescribeNetworkInterfaces'
  | 'DescribeInstances'
  | 'DescribeTags'
  | 'GetManagedPrefixListEntries';
type GroupReads = AwsReads<readonly [ReturnType<typeof ec2.pick<Read>>]>;

/** Types of what uses a group. */
export const [INTERFACE, INSTANCE] = ['AWS::EC2::NetworkInterface', 'AWS::EC2::Instance'] as const;

/** As many ids as one filter takes. */
const MOST_VALUES = 200;

type TagList = readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[];

/** A rule as `DescribeSecurityGroupRules` gives it, as far as it is read. */
interface RuleReply {
  readonly SecurityGroupRuleId?: string | undefined;
  readonly GroupId?: string | undefined;
  readonly GroupOwnerId?: string | undefined;
  readonly IsEgress?: boolean | undefined;
  readonly IpProtocol?: string | undefined;
  readonly FromPort?: number | undefined;
  readonly ToPort?: number | undefined;
  readonly CidrIpv4?: string | undefined;
  readonly CidrIpv6?: string | undefined;
  readonly PrefixListId?: string | undefined;
  readonly ReferencedGroupInfo?: object | undefined;
  readonly Description?: string | undefined;
  readonly Tags?: TagList | undefined;
}

/** What one rule lets in: from a range, or from a prefix list. */
export interface Ingress {
  readonly id: string;
  readonly rule: RuleReply;
  readonly ports: Omit<Permission, 'cidr'>;
  readonly cidr: string | null;
  readonly list: string | null;
}

/**
 * A rule, where it lets in addresses. Other groups that it may let in are not the internet.
 *
 * @throws {Error} where EC2 does not say whether it lets in, whom, or to what: it may let everybody in.
 */
export function ingressOf(rule: RuleReply): readonly Ingress[] {
  if (given(rule, 'IsEgress')) return [];
  const [cidr, list] = [rule.CidrIpv4 ?? rule.CidrIpv6 ?? null, rule.PrefixListId ?? null];
  if (cidr === null && list === null) {
    given(rule, 'ReferencedGroupInfo');
    return [];
  }
  const ports = { protocol: protocolOf(given(rule, 'IpProtocol')), fromPort: portOf(rule.FromPort), toPort: portOf(rule.ToPort) };
  return [{ id: given(rule, 'SecurityGroupRuleId'), rule, ports, cidr, list }];
}

/** What people say of a group, or of what uses it, by its name, its description and its tags. */
export interface Named {
  readonly id: string;
  readonly texts: readonly (string | undefined)[];
  readonly tags: TagList;
}

/** Who owns a group, and what it lets in. */
export interface Rules {
  readonly owner: string | null;
  readonly lets: readonly Ingress[];
}

/** A group, as far as a change of it depends on it. */
export interface Group extends Rules {
  readonly tags: Tags;
  readonly usedBy: readonly Tagged[];
}

/** What an earlier look found. */
export interface Earlier {
  readonly owner: string | null;
  readonly usedBy: readonly Tagged[];
}

/**
 * Reads of one security group, each in as few round trips as it takes.
 *
 * What the group lets in is said by its rules alone. The described group says it too, but two reads are two moments: with somebody else's change
 * between them they would contradict each other.
 */
export function readsOf({ ec2: read }: GroupReads, id: string) {
  const ofGroup = { Name: 'group-id', Values: [id] };
  const describe = async () => {
    const reply = await unlessGone(read.DescribeSecurityGroups({ GroupIds: [id] }));
    return reply === null ? null : (given(reply, 'SecurityGroups').find((each) => each.GroupId === id) ?? null);
  };
  const readRules = async () =>
    (await allOf(paginate(read.DescribeSecurityGroupRules, { Filters: [ofGroup] }, 'SecurityGroupRules'))).filter((each) => each.GroupId === id);
  /** Everything, in one round trip. */
  const whole = async (): Promise<(Group & { readonly name: string; readonly named: readonly Named[] }) | 'gone'> => {
    const [group, rules, interfaces, reservations] = await inParallel(
      describe(),
      readRules(),
      allOf(paginate(read.DescribeNetworkInterfaces, { Filters: [ofGroup], ...HIDDEN_TOO }, 'NetworkInterfaces')),
      // By whichever interface: `instance.group-id` names the groups of the first one alone.
      allOf(paginate(read.DescribeInstances, { Filters: [{ ...ofGroup, Name: 'network-interface.group-id' }], ...HIDDEN_TOO }, 'Reservations')),
    );
    if (group === null) return 'gone';
    const instances = reservations.flatMap((each) => given(each, 'Instances'));
    const users = [
      ...interfaces.map(({ NetworkInterfaceId: of = '', Description, TagSet: tags = [] }) => ({ type: INTERFACE, id: of, texts: [Description], tags })),
      ...instances.map(({ InstanceId: of = '', Tags: tags = [] }) => ({ type: INSTANCE, id: of, texts: [], tags })),
    ];
    return {
      name: given(group, 'GroupName'),
      owner: group.OwnerId ?? null,
      lets: rules.flatMap(ingressOf),
      tags: tagsOf(group.Tags),
      usedBy: users.map(({ type, id: of, tags }) => ({ type, id: of, tags: tagsOf(tags) })),
      named: [...users, { id, texts: [given(group, 'GroupName'), given(group, 'Description')], tags: group.Tags ?? [] }],
    };
  };

  return {
    whole,

    /**
     * The rules, and every tag of the group and of what was found to use it, in one round trip: two calls, where one filter takes all ids.
     *
     * What uses the group is not looked for again: what begins to in the moment since is like what begins to right after the change. That nothing else
     * is read is safe, for a group never changes hands, and what names and descriptions say, or prefix lists hold, is no exception.
     */
    async again({ owner, usedBy }: Earlier): Promise<Group> {
      const ids = [id, ...usedBy.map((each) => each.id)];
      const asked = Array.from({ length: Math.ceil(ids.length / MOST_VALUES) }, (_, at) => ids.slice(at * MOST_VALUES, (at + 1) * MOST_VALUES));
      const [rules, found] = await inParallel(
        readRules(),
        inParallel(...asked.map((Values) => allOf(paginate(read.DescribeTags, { Filters: [{ Name: 'resource-id', Values }] }, 'Tags')))),
      );
      const tags = found.flat();
      const by = Map.groupBy(tags, ({ ResourceId }) => ResourceId);
      return { owner, lets: rules.flatMap(ingressOf), tags: tagsOf(by.get(id)), usedBy: usedBy.map((each) => ({ ...each, tags: tagsOf(by.get(each.id)) })) };
    },

    /** What it lets in; with its owner, where that is not known yet. A group of which more was known, and which is gone by now, lets nothing in. */
    async rules(earlier: Pick<Earlier, 'owner'> | null): Promise<Rules | 'gone'> {
      const [group, rules] = await inParallel(earlier === null ? describe() : { OwnerId: earlier.owner ?? undefined }, readRules());
      return group === null ? 'gone' : { owner: group.OwnerId ?? null, lets: rules.flatMap(ingressOf) };
    },

    /** Ranges of prefix lists; of one that is gone there are none. */
    prefixLists: (lists: readonly string[]) =>
      inParallel(
        ...lists.map(async (list) => ({
          id: list,
          ranges: (await unlessGone(allOf(paginate(read.GetManagedPrefixListEntries, { PrefixListId: list }, 'Entries'))))?.map(({ Cidr = '' }) => Cidr) ?? [],
        })),
      ),
  };
}

/** Tags of EC2 by their keys. */
export function tagsOf(tags: TagList = []): Tags {
  return Object.fromEntries(tags.map((tag) => [given(tag, 'Key'), tag.Value ?? '']));
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
