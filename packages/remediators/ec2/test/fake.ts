import { RedressError, type ResourceRef, resource } from '@redress/core';

export const ACCOUNT = '111111111111';
export const GROUP = 'sg-0123456789abcdef0';

/** A rule as `DescribeSecurityGroupRules` gives it. */
export interface FakeRule {
  readonly SecurityGroupRuleId?: string;
  readonly GroupId?: string;
  readonly GroupOwnerId?: string;
  readonly IsEgress?: boolean;
  readonly IpProtocol?: string;
  readonly FromPort?: number;
  readonly ToPort?: number;
  readonly CidrIpv4?: string;
  readonly CidrIpv6?: string;
  readonly PrefixListId?: string;
  readonly ReferencedGroupInfo?: { readonly GroupId: string };
  readonly Description?: string;
  readonly Tags?: readonly { readonly Key?: string; readonly Value?: string }[];
}
type Tags = Readonly<Record<string, string>>;
/** A region as the fake knows it. */
export interface FakeRegion {
  readonly groups?: Readonly<Record<string, { readonly name?: string; readonly description?: string; readonly owner?: string; readonly tags?: Tags }>>;
  readonly rules?: readonly FakeRule[];
  /** The rules that a described group still shows, where somebody has changed them since; default: `rules`. */
  readonly describedRules?: readonly FakeRule[];
  /** Network interfaces and instances by id; `hidden`: a service manages it, and the account shows such resources only to those who ask for them. */
  readonly interfaces?: Readonly<Record<string, { readonly group: string; readonly description?: string; readonly tags?: Tags; readonly hidden?: true }>>;
  /** `second`: the group of another interface than the first. */
  readonly instances?: Readonly<Record<string, { readonly group: string; readonly second?: string; readonly tags?: Tags; readonly hidden?: true }>>;
  /** Ranges of prefix lists by id; of others it knows nothing. */
  readonly prefixLists?: Readonly<Record<string, readonly string[]>>;
  readonly volumes?: readonly object[];
  readonly hiddenVolumes?: readonly object[];
  readonly encryptsByDefault?: boolean | undefined;
  readonly defaultKey?: string;
  /** Who holds the setting, where EC2 says so. */
  readonly managedBy?: string;
}

/** An error as reads through the engine throw it: classified, with EC2's own as the cause. */
export function ec2Error(name: string, code: 'aws/gone' | 'aws/denied' = 'aws/gone'): RedressError {
  return new RedressError(code, name, { cause: Object.assign(new Error(name), { name, $metadata: { httpStatusCode: code === 'aws/gone' ? 400 : 403 } }) });
}

const tagSet = (tags: Tags | undefined) => Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));

/** An `aws` object over one region, in pages of one. `refuse` makes operations fail. */
export function fakeEc2(region: FakeRegion, refuse: Readonly<Record<string, RedressError>> = {}) {
  const calls: string[] = [];
  const called = (operation: string) => {
    calls.push(operation);
    if (refuse[operation] !== undefined) throw refuse[operation];
  };
  interface Paged {
    readonly NextToken?: string;
    readonly IncludeManagedResources?: boolean;
    readonly Filters?: readonly { readonly Name: string; readonly Values: readonly string[] }[];
  }
  const page = (member: string, items: readonly unknown[], input: Paged) => {
    const at = Number(input.NextToken ?? 0);
    return { [member]: items.slice(at, at + 1), ...(at + 1 < items.length ? { NextToken: String(at + 1) } : {}) };
  };
  const filter = (input: Paged, name: string) => input.Filters?.find((each) => each.Name === name)?.Values;
  const shown = (input: Paged, { hidden }: { readonly hidden?: true }) => hidden !== true || input.IncludeManagedResources === true;
  const ec2 = {
    DescribeSecurityGroups: async (input: { readonly GroupIds: readonly string[] }) => {
      called('DescribeSecurityGroups');
      return {
        SecurityGroups: input.GroupIds.map((id) => {
          const group = region.groups?.[id];
          if (group === undefined) throw ec2Error('InvalidGroup.NotFound');
          return {
            GroupId: id,
            GroupName: group.name ?? 'web',
            Description: group.description ?? 'web servers',
            OwnerId: group.owner ?? ACCOUNT,
            Tags: tagSet(group.tags),
            // Each permission by itself: EC2 gathers ranges of the same ports, which says the same.
            IpPermissions: (region.describedRules ?? region.rules ?? [])
              .filter((each) => each.GroupId === id && each.IsEgress === false)
              .map((each) => ({
                IpProtocol: each.IpProtocol,
                FromPort: each.FromPort,
                ToPort: each.ToPort,
                IpRanges: each.CidrIpv4 === undefined ? [] : [{ CidrIp: each.CidrIpv4 }],
                Ipv6Ranges: each.CidrIpv6 === undefined ? [] : [{ CidrIpv6: each.CidrIpv6 }],
                PrefixListIds: each.PrefixListId === undefined ? [] : [{ PrefixListId: each.PrefixListId }],
              })),
          };
        }),
      };
    },
    DescribeSecurityGroupRules: async (input: Paged) => {
      called('DescribeSecurityGroupRules');
      const groups = filter(input, 'group-id');
      return page(
        'SecurityGroupRules',
        (region.rules ?? []).filter((rule) => groups?.includes(rule.GroupId ?? '') ?? true).map((rule) => ({ GroupOwnerId: ACCOUNT, ...rule })),
        input,
      );
    },
    DescribeNetworkInterfaces: async (input: Paged) => {
      called('DescribeNetworkInterfaces');
      const groups = filter(input, 'group-id') ?? [];
      const found = Object.entries(region.interfaces ?? {}).filter(([, each]) => shown(input, each) && groups.includes(each.group));
      return page(
        'NetworkInterfaces',
        found.map(([NetworkInterfaceId, each]) => ({ NetworkInterfaceId, Description: each.description, TagSet: tagSet(each.tags) })),
        input,
      );
    },
    DescribeInstances: async (input: Paged) => {
      called('DescribeInstances');
      const [first = [], any = []] = [filter(input, 'instance.group-id'), filter(input, 'network-interface.group-id')];
      const found = Object.entries(region.instances ?? {}).filter(
        ([, each]) => shown(input, each) && (first.includes(each.group) || any.includes(each.group) || any.includes(each.second ?? '')),
      );
      return page(
        'Reservations',
        found.map(([InstanceId, each]) => ({ Instances: [{ InstanceId, Tags: tagSet(each.tags) }] })),
        input,
      );
    },
    DescribeTags: async (input: Paged) => {
      called('DescribeTags');
      const kinds = [region.groups, region.interfaces, region.instances];
      const tagged = kinds.flatMap((kind) => Object.entries<{ readonly tags?: Tags; readonly hidden?: true }>(kind ?? {}));
      const found = tagged.filter(([id, each]) => each.hidden !== true && (filter(input, 'resource-id')?.includes(id) ?? true));
      return page(
        'Tags',
        found.flatMap(([ResourceId, { tags }]) => tagSet(tags).map((tag) => ({ ResourceId, ...tag }))),
        input,
      );
    },
    GetManagedPrefixListEntries: async (input: Paged & { readonly PrefixListId: string }) => {
      called('GetManagedPrefixListEntries');
      const entries = region.prefixLists?.[input.PrefixListId];
      if (entries === undefined) throw ec2Error('InvalidPrefixListID.NotFound');
      return page(
        'Entries',
        entries.map((Cidr) => ({ Cidr })),
        input,
      );
    },
    DescribeVolumes: async (input: Paged & { readonly VolumeIds?: readonly string[] }) => {
      called('DescribeVolumes');
      const volumes = [...(region.volumes ?? []), ...(input.IncludeManagedResources === true ? (region.hiddenVolumes ?? []) : [])];
      if (input.VolumeIds === undefined) return page('Volumes', volumes, input);
      const found = volumes.filter((each) => input.VolumeIds?.includes((each as { VolumeId: string }).VolumeId));
      if (found.length === 0) throw ec2Error('InvalidVolume.NotFound');
      return { Volumes: found };
    },
    GetEbsEncryptionByDefault: async () => {
      called('GetEbsEncryptionByDefault');
      return { EbsEncryptionByDefault: region.encryptsByDefault, ...(region.managedBy === undefined ? {} : { ManagedBy: region.managedBy }) };
    },
    GetEbsDefaultKmsKeyId: async () => {
      called('GetEbsDefaultKmsKeyId');
      return { KmsKeyId: region.defaultKey ?? 'alias/aws/ebs' };
    },
  };
  return { aws: { ec2 } as never, calls };
}

let serial = 0;
/** A rule that lets a port in from everywhere. */
export function rule(port: number, more: FakeRule = {}): FakeRule {
  serial++;
  return {
    SecurityGroupRuleId: `sgr-${String(serial).padStart(17, '0')}`,
    GroupId: GROUP,
    IsEgress: false,
    IpProtocol: 'tcp',
    FromPort: port,
    ToPort: port,
    ...(more.CidrIpv6 === undefined && more.PrefixListId === undefined && more.ReferencedGroupInfo === undefined ? { CidrIpv4: '0.0.0.0/0' } : {}),
    ...more,
  };
}

export const group = (id = GROUP): ResourceRef => resource({ type: 'AWS::EC2::SecurityGroup', id, account: ACCOUNT, region: 'eu-west-1' });
export const volume = (id: string): ResourceRef => resource({ type: 'AWS::EC2::Volume', id, account: ACCOUNT, region: 'eu-west-1' });
export const account = (): ResourceRef => resource({ type: 'AWS::::Account', id: ACCOUNT, account: ACCOUNT, region: 'eu-west-1' });
