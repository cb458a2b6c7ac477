import { type AccountState, existing, newId, type Operation, type Rule, refuse, tagList, tagsFrom } from './state.js';

interface Permission {
  IpProtocol?: string;
  FromPort?: number;
  ToPort?: number;
  IpRanges?: { CidrIp?: string; Description?: string }[];
  Ipv6Ranges?: { CidrIpv6?: string; Description?: string }[];
}

const NAMES: Readonly<Record<string, string>> = { '6': 'tcp', '17': 'udp', '1': 'icmp', '58': 'icmpv6' };

function rulesOf(permissions: readonly Permission[] | undefined): Omit<Rule, 'id' | 'egress' | 'tags'>[] {
  return (permissions ?? []).flatMap(({ IpProtocol = '-1', FromPort = -1, ToPort = -1, IpRanges = [], Ipv6Ranges = [] }) => {
    const protocol = NAMES[IpProtocol] ?? IpProtocol;
    const ports = protocol === '-1' ? { from: -1, to: -1 } : { from: FromPort, to: ToPort };
    return [
      ...IpRanges.map(({ CidrIp = '', Description = null }) => ({ protocol, ...ports, cidr: CidrIp, description: Description })),
      ...Ipv6Ranges.map(({ CidrIpv6 = '', Description = null }) => ({ protocol, ...ports, cidr: CidrIpv6, description: Description })),
    ];
  });
}

function shown(group: string, rule: Rule, account: string) {
  return {
    SecurityGroupRuleId: rule.id,
    GroupId: group,
    GroupOwnerId: account,
    IsEgress: rule.egress,
    IpProtocol: rule.protocol,
    FromPort: rule.from,
    ToPort: rule.to,
    ...(rule.cidr.includes(':') ? { CidrIpv6: rule.cidr } : { CidrIpv4: rule.cidr }),
    ...(rule.description === null ? {} : { Description: rule.description }),
    Tags: tagList(rule.tags),
  };
}

/** Rules by protocol and ports, as a described group says them. */
function gathered(rules: readonly Rule[]) {
  const range = ({ cidr, description }: Rule) => ({
    ...(cidr.includes(':') ? { CidrIpv6: cidr } : { CidrIp: cidr }),
    ...(description === null ? {} : { Description: description }),
  });
  return [...Map.groupBy(rules, ({ protocol, from, to }) => `${protocol} ${from} ${to}`).values()].map((same) => ({
    IpProtocol: same[0]?.protocol,
    ...(same[0]?.protocol === '-1' ? {} : { FromPort: same[0]?.from, ToPort: same[0]?.to }),
    IpRanges: same.filter((rule) => !rule.cidr.includes(':')).map(range),
    Ipv6Ranges: same.filter((rule) => rule.cidr.includes(':')).map(range),
  }));
}

interface Asked {
  Filters?: { Name?: string; Values?: string[] }[];
  IncludeManagedResources?: boolean;
}

/** What passes every filter. A filter that is not known here is refused: ignored, it would show everything. */
const passes = ({ Filters = [] }: Asked, has: Readonly<Record<string, readonly string[]>>) =>
  Filters.every(({ Name = '', Values = [] }) =>
    (has[Name] ?? refuse('InvalidParameterValue', 400, `The filter '${Name}' is invalid`)).some((each) => Values.includes(each)),
  );
const isShown = ({ IncludeManagedResources = false }: Asked, { hidden = false }: { hidden?: boolean }) => IncludeManagedResources || !hidden;
const ebsOf = (state: AccountState, region: string) => (state.ebs[region] ??= { default: false, key: 'alias/aws/ebs' });

/** EC2, as far as it is used. */
export const ec2: Readonly<Record<string, Operation>> = {
  CreateSecurityGroup: (state, input: { GroupName: string; Description: string; TagSpecifications?: { Tags?: [] }[] }) => {
    const GroupId = newId(state, 'sg');
    const egress: Rule = { id: newId(state, 'sgr'), egress: true, protocol: '-1', from: -1, to: -1, cidr: '0.0.0.0/0', description: null, tags: {} };
    state.groups[GroupId] = { name: input.GroupName, description: input.Description, tags: tagsFrom(input.TagSpecifications?.[0]?.Tags), rules: [egress] };
    return { GroupId };
  },
  CreateTags: (state, input: { Resources: string[]; Tags: [] }) => {
    for (const id of input.Resources) {
      const found =
        state.groups[id] ??
        state.volumes[id] ??
        state.instances[id] ??
        Object.values(state.groups)
          .flatMap((each) => each.rules)
          .find((each) => each.id === id);
      if (found === undefined) refuse('InvalidID');
      Object.assign(found?.tags ?? {}, tagsFrom(input.Tags));
    }
    return {};
  },
  DeleteSecurityGroup: (state, input: { GroupId: string }) => {
    existing(state.groups, input.GroupId, 'InvalidGroup.NotFound');
    delete state.groups[input.GroupId];
    return {};
  },
  DescribeSecurityGroups: (state, input: { GroupIds?: string[] }, { account }) => ({
    SecurityGroups: (input.GroupIds ?? Object.keys(state.groups)).map((id) => {
      const { name, description, tags, rules } = existing(state.groups, id, 'InvalidGroup.NotFound');
      const said = { GroupId: id, GroupName: name, Description: description, OwnerId: account, Tags: tagList(tags) };
      return { ...said, IpPermissions: gathered(rules.filter((rule) => !rule.egress)) };
    }),
  }),
  DescribeSecurityGroupRules: (state, input: Asked, { account }) => ({
    SecurityGroupRules: Object.entries(state.groups)
      .filter(([id]) => passes(input, { 'group-id': [id] }))
      .flatMap(([id, { rules }]) => rules.map((rule) => shown(id, rule, account))),
  }),
  AuthorizeSecurityGroupIngress: (state, input: { GroupId: string; IpPermissions?: Permission[]; TagSpecifications?: { Tags?: [] }[] }, { account }) => {
    const { rules } = existing(state.groups, input.GroupId, 'InvalidGroup.NotFound');
    const added = rulesOf(input.IpPermissions);
    const equal = (a: Omit<Rule, 'id' | 'egress' | 'tags'>, b: Rule) =>
      !b.egress && a.protocol === b.protocol && a.from === b.from && a.to === b.to && a.cidr === b.cidr;
    if (added.some((each) => rules.some((rule) => equal(each, rule)))) refuse('InvalidPermission.Duplicate');
    const made = added.map((each): Rule => ({ ...each, id: newId(state, 'sgr'), egress: false, tags: tagsFrom(input.TagSpecifications?.[0]?.Tags) }));
    rules.push(...made);
    return { Return: true, SecurityGroupRules: made.map((rule) => shown(input.GroupId, rule, account)) };
  },
  RevokeSecurityGroupIngress: (state, input: { GroupId: string; SecurityGroupRuleIds?: string[] }) => {
    const group = existing(state.groups, input.GroupId, 'InvalidGroup.NotFound');
    for (const id of input.SecurityGroupRuleIds ?? [])
      if (!group.rules.some((rule) => rule.id === id && !rule.egress)) refuse('InvalidSecurityGroupRuleId.NotFound');
    group.rules = group.rules.filter((rule) => !(input.SecurityGroupRuleIds ?? []).includes(rule.id));
    return { Return: true };
  },
  CreateManagedPrefixList: (state, input: { PrefixListName: string; Entries?: { Cidr: string }[] }) => {
    const PrefixListId = newId(state, 'pl');
    state.prefixLists[PrefixListId] = { cidrs: (input.Entries ?? []).map(({ Cidr }) => Cidr) };
    return { PrefixList: { PrefixListId, PrefixListName: input.PrefixListName } };
  },
  GetManagedPrefixListEntries: (state, input: { PrefixListId: string }) => ({
    Entries: existing(state.prefixLists, input.PrefixListId, 'InvalidPrefixListID.NotFound').cidrs.map((Cidr) => ({ Cidr })),
  }),
  DescribeNetworkInterfaces: (state, input: Asked) => ({
    NetworkInterfaces: Object.entries(state.interfaces)
      .filter(([, each]) => isShown(input, each) && passes(input, { 'group-id': each.groups }))
      .map(([NetworkInterfaceId, { description, tags }]) => ({
        NetworkInterfaceId,
        Description: description,
        TagSet: tagList(tags),
      })),
  }),
  DescribeInstances: (state, input: Asked) => {
    const interfaces = Object.values(state.interfaces);
    const found = Object.entries(state.instances).filter(([id, each]) => {
      const others = interfaces.filter(({ instance }) => instance === id).flatMap(({ groups }) => groups);
      return isShown(input, each) && passes(input, { 'instance.group-id': each.groups, 'network-interface.group-id': [...each.groups, ...others] });
    });
    return { Reservations: found.map(([InstanceId, { tags }]) => ({ Instances: [{ InstanceId, Tags: tagList(tags) }] })) };
  },
  // It takes no IncludeManagedResources: whether it shows tags of what is hidden is not documented.
  DescribeTags: (state, input: Asked) => {
    const tagged = [state.groups, state.interfaces, state.instances, state.volumes].flatMap((kind) => Object.entries(kind));
    const rules = Object.values(state.groups).flatMap((each) => each.rules.map((rule) => [rule.id, rule] as const));
    return {
      Tags: [...tagged, ...rules]
        .filter(([id, each]) => isShown({}, each) && passes(input, { 'resource-id': [id] }))
        .flatMap(([ResourceId, { tags }]) => tagList(tags).map((tag) => ({ ResourceId, ...tag }))),
    };
  },
  DescribeVolumes: (state, input: Asked & { VolumeIds?: string[] }) => ({
    Volumes: (input.VolumeIds ?? Object.keys(state.volumes)).flatMap((id) => {
      const volume = existing(state.volumes, id, 'InvalidVolume.NotFound');
      // What EC2 answers for one that is asked for by its id and hidden is not documented: this is the answer that is hardest to distinguish from a volume that is gone.
      if (!isShown(input, volume)) return input.VolumeIds === undefined ? [] : refuse('InvalidVolume.NotFound');
      if (!passes(input, { encrypted: [String(volume.encrypted)] })) return [];
      return [{ VolumeId: id, Encrypted: volume.encrypted, State: 'available', Tags: tagList(volume.tags) }];
    }),
  }),
  GetEbsEncryptionByDefault: (state, _input, { region }) => ({ EbsEncryptionByDefault: ebsOf(state, region).default }),
  GetEbsDefaultKmsKeyId: (state, _input, { region }) => ({ KmsKeyId: ebsOf(state, region).key }),
  EnableEbsEncryptionByDefault: (state, _input, { region }) => {
    ebsOf(state, region).default = true;
    return { EbsEncryptionByDefault: true };
  },
  DisableEbsEncryptionByDefault: (state, _input, { region }) => {
    ebsOf(state, region).default = false;
    return { EbsEncryptionByDefault: false };
  },
};
