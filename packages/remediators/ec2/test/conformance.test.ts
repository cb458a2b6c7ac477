import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  AttachNetworkInterfaceCommand,
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  type AuthorizeSecurityGroupIngressCommandOutput,
  CreateFlowLogsCommand,
  CreateImageCommand,
  CreateInternetGatewayCommand,
  CreateLaunchTemplateCommand,
  CreateLaunchTemplateVersionCommand,
  CreateManagedPrefixListCommand,
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  CreateNetworkInterfaceCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSnapshotCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateTransitGatewayCommand,
  CreateVolumeCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DeleteFlowLogsCommand,
  DeleteVpcEndpointsCommand,
  DescribeFlowLogsCommand,
  DescribeImageAttributeCommand,
  DescribeInstancesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeTransitGatewaysCommand,
  DescribeVpcEndpointsCommand,
  DisableEbsEncryptionByDefaultCommand,
  EC2Client,
  EnableEbsEncryptionByDefaultCommand,
  type IpPermission,
  ModifyEbsDefaultKmsKeyIdCommand,
  ModifyImageAttributeCommand,
  ModifyInstanceMetadataOptionsCommand,
  ModifyLaunchTemplateCommand,
  ModifyNetworkInterfaceAttributeCommand,
  ModifySnapshotAttributeCommand,
  ModifySubnetAttributeCommand,
  ModifyTransitGatewayCommand,
  ModifyVpcAttributeCommand,
  ReplaceNetworkAclAssociationCommand,
  type RequestLaunchTemplateData,
  ResetEbsDefaultKmsKeyIdCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { CreateInstanceProfileCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { type JsonObject, type Remediator, type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, configComplianceEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { afterAll, inject } from 'vitest';
import {
  closeDefaultSecurityGroup,
  createEc2InterfaceEndpoint,
  disableSubnetAutoPublicIp,
  disableTgwAutoAccept,
  enableClientVpnLogging,
  enableEbsEncryptionByDefault,
  enableSiteVpnLogging,
  enableSourceDestCheck,
  enableVpcFlowLogs,
  encryptVolumesInLaunchTemplate,
  limitImdsHopCount,
  makeAmiPrivate,
  makeEbsSnapshotPrivate,
  removePublicIpFromLaunchTemplate,
  replaceSgAllTrafficOpen,
  reportDefaultRouteToIgw,
  reportInstancePublicIp,
  reportInstanceWithoutProfile,
  reportUnauthorizedInternetGateway,
  reportUnencryptedEbsVolumes,
  reportUnusedNetworkAcl,
  reportUnusedSecurityGroup,
  requireImdsv2InLaunchTemplate,
  requireImdsv2OnInstance,
  revokeNaclOpenAdminPorts,
  revokeSgOpenAdminExisting,
  revokeSgOpenAdminIpv6,
  revokeSgOpenHighRiskPorts,
  revokeSgOpenRdp,
  revokeSgOpenSsh,
  revokeSgUnauthorizedOpenPorts,
  setImdsv2AccountDefault,
} from '../src/index.js';
import { playedEc2 } from './played.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}
const endpoint = inject('moto');

/** `AuthorizeSecurityGroupIngress` as CloudTrail writes it: lists are `{ items }`, keys in lower camel case. */
function recorded(
  groupId: string,
  permissions: readonly IpPermission[],
  reply: AuthorizeSecurityGroupIngressCommandOutput,
): { request: JsonObject; response: JsonObject } {
  const items = (list: readonly JsonObject[]): JsonObject => (list.length === 0 ? {} : { items: list });
  const ports = (each: { readonly FromPort?: number | undefined; readonly ToPort?: number | undefined }) => ({
    ...(each.FromPort === undefined ? {} : { fromPort: each.FromPort }),
    ...(each.ToPort === undefined ? {} : { toPort: each.ToPort }),
  });
  return {
    request: {
      groupId,
      ipPermissions: items(
        permissions.map((each) => ({
          ipProtocol: each.IpProtocol ?? '-1',
          ...ports(each),
          groups: {},
          ipRanges: items(
            (each.IpRanges ?? []).map((range) => ({
              cidrIp: range.CidrIp ?? '',
              ...(range.Description === undefined ? {} : { description: range.Description }),
            })),
          ),
          ipv6Ranges: items((each.Ipv6Ranges ?? []).map((range) => ({ cidrIpv6: range.CidrIpv6 ?? '' }))),
          prefixListIds: {},
        })),
      ),
    },
    response: {
      _return: true,
      securityGroupRuleSet: items(
        (reply.SecurityGroupRules ?? []).map((rule) => ({
          groupId,
          securityGroupRuleId: rule.SecurityGroupRuleId ?? '',
          isEgress: false,
          ipProtocol: rule.IpProtocol ?? '-1',
          ...ports(rule),
          ...(rule.CidrIpv4 === undefined ? {} : { cidrIpv4: rule.CidrIpv4 }),
          ...(rule.CidrIpv6 === undefined ? {} : { cidrIpv6: rule.CidrIpv6 }),
        })),
      ),
    },
  };
}

const world = (port: number, more: Partial<IpPermission> = {}): IpPermission => ({
  IpProtocol: 'tcp',
  FromPort: port,
  ToPort: port,
  IpRanges: [{ CidrIp: '0.0.0.0/0' }],
  ...more,
});
/** Rules that nobody may touch. */
const harmless: readonly IpPermission[] = [
  { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'TLS from everywhere' }] },
  { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'from inside' }] },
];

/** A group with rules that were there before, and rules of one call that an event tells of. */
async function group(sdk: Sdk, added: readonly IpPermission[], options: { before?: readonly IpPermission[]; name?: string } = {}) {
  const ec2 = new EC2Client(sdk.config);
  const name = sdk.name(options.name ?? 'group');
  const { GroupId = '' } = await ec2.send(new CreateSecurityGroupCommand({ GroupName: name, Description: 'conformance' }));
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [...harmless, ...(options.before ?? [])] }));
  return {
    resource: resource({ type: 'AWS::EC2::SecurityGroup', id: GroupId, account: sdk.account, region: sdk.region }),
    ...(await open(sdk, GroupId, added)),
  };
}

async function open(sdk: Sdk, groupId: string, added: readonly IpPermission[]) {
  const ec2 = new EC2Client(sdk.config);
  const reply = added.length === 0 ? null : await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions: [...added] }));
  return { call: reply === null ? null : recorded(groupId, added, reply) };
}

const event: Scenario['event'] = (ref, arranged) => {
  const call = arranged['call'] as { request: JsonObject; response: JsonObject } | null;
  return call === null
    ? null
    : cloudTrailEvent({ account: ref.account, region: ref.region, service: 'ec2', operation: 'AuthorizeSecurityGroupIngress', ...call });
};
const tag: Scenario['tag'] = async (sdk, ref, key, value) => {
  await new EC2Client(sdk.config).send(new CreateTagsCommand({ Resources: [ref.id], Tags: [{ Key: key, Value: value }] }));
};

type Added = (name: string, permissions: readonly IpPermission[], more?: Partial<Scenario>, options?: Parameters<typeof group>[2]) => Scenario;

/** Every rule that does not open the port to the internet, and what the group is called. */
const others =
  (port: number): Scenario['rest'] =>
  async (sdk, ref) => {
    const { SecurityGroupRules = [] } = await new EC2Client(sdk.config).send(
      new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [ref.id] }] }),
    );
    const text = SecurityGroupRules.filter(
      (rule) =>
        rule.IsEgress === true ||
        !/\/0$/.test(rule.CidrIpv4 ?? rule.CidrIpv6 ?? '') ||
        (rule.IpProtocol !== '-1' && !((rule.FromPort ?? 0) <= port && port <= (rule.ToPort ?? 65_535))),
    ).map((rule) => JSON.stringify(rule));
    return text.sort();
  };

function openPort(remediator: Remediator, port: number, more: (added: Added) => readonly Scenario[]): void {
  const added: Added = (name, permissions, more = {}, options = {}) => ({
    name,
    expect: 'change',
    event,
    tag,
    rest: others(port),
    arrange: (sdk) => group(sdk, permissions, options),
    ...more,
  });
  describeRemediator(remediator, {
    account: { endpoint },
    goneCode: 'InvalidGroup.NotFound',
    scenarios: [
      added(`a new rule that opens ${port} to the internet, among good ones`, [world(port)], {
        breakAgain: async (sdk, ref) => ({ resource: ref, ...(await open(sdk, ref.id, [world(port)])) }),
      }),
      added('the port inside a range', [world(port, { FromPort: port - 2, ToPort: port + 10 })], { hazards: ['wide-rule'] }),
      added('a bastion', [world(port)], { hazards: ['bastion'] }, { name: 'bastion' }),
      ...more(added),
      added('no open rule', [], { expect: 'compliant' }),
      {
        name: 'a group that is gone',
        expect: 'compliant',
        arrange: async (sdk) => resource({ type: 'AWS::EC2::SecurityGroup', id: 'sg-00000000000000000', account: sdk.account, region: sdk.region }),
      },
    ],
  });
}

const v6 = (port: number, ...cidrs: string[]): IpPermission => world(port, { IpRanges: [], Ipv6Ranges: cidrs.map((CidrIpv6) => ({ CidrIpv6 })) });

/** A rule that lets a prefix list in. */
const listed = (port: number): Partial<Scenario> => ({
  expect: 'manual',
  event: (ref) => configComplianceEvent({ resource: ref, rule: port === 22 ? 'restricted-ssh' : 'restricted-common-ports' }),
  arrange: async (sdk) => {
    const ec2 = new EC2Client(sdk.config);
    const { PrefixList } = await ec2.send(
      new CreateManagedPrefixListCommand({
        PrefixListName: sdk.name('everybody'),
        MaxEntries: 5,
        AddressFamily: 'IPv4',
        Entries: [{ Cidr: '0.0.0.0/1' }, { Cidr: '128.0.0.0/1' }],
      }),
    );
    return group(sdk, [world(port, { IpRanges: [], PrefixListIds: [{ PrefixListId: PrefixList?.PrefixListId }] })]);
  },
});

openPort(revokeSgOpenSsh, 22, (added) => [
  added('a prefix list that is the internet', [], listed(22)),
  added('two halves of the internet', [world(22, { IpRanges: [{ CidrIp: '0.0.0.0/1' }, { CidrIp: '128.0.0.0/1' }] })], { expect: 'manual' }),
  added('the protocol given as 6', [world(22, { IpProtocol: '6' })]),
  added('IPv6 as ::/0', [v6(22, '::/0')]),
  added('IPv6 as 0:0:0:0:0:0:0:0/0', [v6(22, '0:0:0:0:0:0:0:0/0')]),
  added('a prefix length of 0 with host bits', [world(22, { IpRanges: [{ CidrIp: '203.0.113.9/0' }] })]),
  added('several ranges in one call, two of them the internet', [
    world(22, { IpRanges: [{ CidrIp: '0.0.0.0/0' }, { CidrIp: '192.0.2.0/24' }], Ipv6Ranges: [{ CidrIpv6: '::/0' }] }),
  ]),
  added(
    'a rule that was open before, beside a new one with a description',
    [world(22, { IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'for the vendor' }] })],
    { partly: true },
    { before: [v6(22, '::/0')] },
  ),
  added('every protocol', [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }], { hazards: ['wide-rule'] }),
  added('the port alone and inside a range', [world(22), world(22, { FromPort: 20, ToPort: 32 })], { hazards: ['wide-rule'], partly: true }),
]);
openPort(revokeSgOpenRdp, 3389, (added) => [
  added('a prefix list that is the internet', [], listed(3389)),
  added('over UDP, by IPv6', [{ IpProtocol: 'udp', FromPort: 3389, ToPort: 3389, Ipv6Ranges: [{ CidrIpv6: '::/0' }] }]),
]);

/** Every rule but those of ranges that are meant, on ports that are meant. */
const except =
  (ranges: readonly string[], ports: readonly number[]): Scenario['rest'] =>
  async (sdk, ref) => {
    const { SecurityGroupRules = [] } = await new EC2Client(sdk.config).send(
      new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [ref.id] }] }),
    );
    return SecurityGroupRules.filter(
      (rule) =>
        rule.IsEgress === true ||
        !ranges.includes(rule.CidrIpv4 ?? rule.CidrIpv6 ?? '') ||
        !ports.some((port) => rule.IpProtocol === '-1' || ((rule.FromPort ?? 0) <= port && port <= (rule.ToPort ?? 65_535))),
    )
      .map((rule) => JSON.stringify(rule))
      .sort();
  };
const wide = (name: string, added: readonly IpPermission[], ranges: readonly string[], more: Partial<Scenario> = {}): Scenario => ({
  name,
  expect: 'change',
  event,
  tag,
  rest: except(ranges, [22, 3389]),
  arrange: (sdk) => group(sdk, added),
  ...more,
});
const noGroup: Scenario = {
  name: 'a group that is gone',
  expect: 'compliant',
  arrange: async (sdk) => resource({ type: 'AWS::EC2::SecurityGroup', id: 'sg-00000000000000000', account: sdk.account, region: sdk.region }),
};

describeRemediator(revokeSgOpenAdminIpv6, {
  account: { endpoint },
  goneCode: 'InvalidGroup.NotFound',
  scenarios: [
    wide(
      'SSH and RDP from half of the internet, beside SSH from the whole of the older one',
      [v6(22, '::/1'), v6(3389, '2000::/3'), world(22)],
      ['::/1', '2000::/3'],
      {
        breakAgain: async (sdk, ref) => ({ resource: ref, ...(await open(sdk, ref.id, [v6(22, '::/1')])) }),
      },
    ),
    wide(
      'the port inside a range',
      [v6(22, '::/0')].map((each) => ({ ...each, ToPort: 30 })),
      ['::/0'],
      { hazards: ['wide-rule'] },
    ),
    wide('a bastion', [v6(22, '::/0')], ['::/0'], { hazards: ['bastion'], arrange: (sdk) => group(sdk, [v6(22, '::/0')], { name: 'bastion' }) }),
    wide('SSH from everywhere but not over IPv6', [world(22)], [], {
      expect: 'compliant',
      event: (ref) => configComplianceEvent({ resource: ref, rule: 'restricted-ssh' }),
    }),
    noGroup,
  ],
});

describeRemediator(revokeSgOpenAdminExisting, {
  account: { endpoint },
  goneCode: 'InvalidGroup.NotFound',
  scenarios: [
    wide('SSH and RDP, of whatever age', [world(22), v6(3389, '::/0')], ['0.0.0.0/0', '::/0'], {
      event: (ref) => configComplianceEvent({ resource: ref, rule: 'restricted-ssh' }),
      breakAgain: async (sdk, ref) => {
        await open(sdk, ref.id, [world(22)]);
      },
    }),
    wide('every protocol', [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }], ['0.0.0.0/0'], { hazards: ['wide-rule'] }),
    wide('a bastion', [world(22)], ['0.0.0.0/0'], { hazards: ['bastion'], arrange: (sdk) => group(sdk, [world(22)], { name: 'jump-host' }) }),
    wide('no open rule', [], [], { expect: 'compliant', event: (ref) => configComplianceEvent({ resource: ref, rule: 'restricted-ssh' }) }),
    noGroup,
  ],
});

const everything: IpPermission = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
const byRule =
  (rule: string): Scenario['event'] =>
  (ref) =>
    configComplianceEvent({ resource: ref, rule });

describeRemediator(revokeSgOpenHighRiskPorts, {
  account: { endpoint },
  goneCode: 'InvalidGroup.NotFound',
  scenarios: [
    wide('MySQL, SMB and Kibana, among good ones', [world(3306), world(445), v6(5601, '::/0')], ['0.0.0.0/0', '::/0'], {
      event: byRule('restricted-common-ports'),
      rest: except(['0.0.0.0/0', '::/0'], [3306, 445, 5601]),
      breakAgain: async (sdk, ref) => {
        await open(sdk, ref.id, [world(3306)]);
      },
    }),
    wide(
      'someone has just opened Postgres, SQL Server, FTP and Telnet',
      [5432, 1433, 21, 23].map((port) => world(port)),
      ['0.0.0.0/0'],
      {
        rest: except(['0.0.0.0/0'], [5432, 1433, 21, 23]),
      },
    ),
    wide('the port inside a range', [world(8000, { ToPort: 8100 })], ['0.0.0.0/0'], { hazards: ['wide-rule'], rest: except(['0.0.0.0/0'], [8080]) }),
    wide('a bastion', [world(3306)], ['0.0.0.0/0'], {
      hazards: ['bastion'],
      rest: except(['0.0.0.0/0'], [3306]),
      arrange: (sdk) => group(sdk, [world(3306)], { name: 'bastion' }),
    }),
    wide('no open rule', [], [], { expect: 'compliant', event: byRule('restricted-common-ports') }),
    noGroup,
  ],
});

describeRemediator(revokeSgUnauthorizedOpenPorts, {
  account: { endpoint },
  goneCode: 'InvalidGroup.NotFound',
  scenarios: [
    wide('HTTP and DNS, where 443 is authorised', [world(80), { ...v6(53, '::/0'), IpProtocol: 'udp' }], ['0.0.0.0/0', '::/0'], {
      event: byRule('vpc-sg-open-only-to-authorized-ports'),
      rest: except(['0.0.0.0/0', '::/0'], [80, 53]),
      breakAgain: async (sdk, ref) => {
        await open(sdk, ref.id, [world(80)]);
      },
    }),
    wide('a range with an authorised port in it', [world(444, { FromPort: 440 })], ['0.0.0.0/0'], {
      hazards: ['wide-rule'],
      rest: except(['0.0.0.0/0'], [442]),
    }),
    wide('a bastion', [world(8443)], ['0.0.0.0/0'], {
      hazards: ['bastion'],
      rest: except(['0.0.0.0/0'], [8443]),
      arrange: (sdk) => group(sdk, [world(8443)], { name: 'bastion' }),
    }),
    wide('a port that the policy authorises', [world(8443)], [], {
      expect: 'compliant',
      parameters: { authorizedTcp: ['443', '8000-9000'] },
      event: byRule('vpc-sg-open-only-to-authorized-ports'),
    }),
    noGroup,
  ],
});

describeRemediator(replaceSgAllTrafficOpen, {
  account: { endpoint },
  goneCode: 'InvalidGroup.NotFound',
  scenarios: [
    wide('every protocol, beside a rule of what is kept', [everything], ['0.0.0.0/0'], {
      parameters: { keep: ['tcp/443'] },
      event: byRule('vpc-sg-open-only-to-authorized-ports'),
      rest: except(['0.0.0.0/0'], [1]),
      breakAgain: async (sdk, ref) => {
        await open(sdk, ref.id, [everything]);
      },
    }),
    wide('a bastion', [everything], ['0.0.0.0/0'], {
      parameters: { keep: ['tcp/443'] },
      hazards: ['bastion'],
      rest: except(['0.0.0.0/0'], [1]),
      arrange: (sdk) => group(sdk, [everything], { name: 'bastion' }),
    }),
    wide('nothing is kept', [everything], ['0.0.0.0/0'], { parameters: { keep: [] }, hazards: ['wide-rule'], rest: except(['0.0.0.0/0'], [1]) }),
    wide('what is kept has no rule of its own', [everything], [], { expect: 'manual', parameters: { keep: ['tcp/8443'] } }),
    wide('the policy does not say what is kept', [everything], [], { expect: 'manual' }),
    wide('no open rule', [world(22)], [], { expect: 'compliant', event: byRule('vpc-sg-open-only-to-authorized-ports') }),
    noGroup,
  ],
});

const settings = (sdk: Sdk): ResourceRef => resource({ type: 'AWS::::Account', id: sdk.account, account: sdk.account, region: sdk.region });

describeRemediator(enableEbsEncryptionByDefault, {
  // A setting of account and region: nothing else may use this one.
  account: { endpoint, region: 'eu-north-1' },
  scenarios: [
    {
      name: 'encryption by default is off',
      expect: 'change',
      arrange: async (sdk) => {
        const ec2 = new EC2Client(sdk.config);
        await ec2.send(new ResetEbsDefaultKmsKeyIdCommand({}));
        await ec2.send(new DisableEbsEncryptionByDefaultCommand({}));
        return settings(sdk);
      },
      breakAgain: async (sdk) => {
        await new EC2Client(sdk.config).send(new DisableEbsEncryptionByDefaultCommand({}));
      },
    },
    {
      name: 'encryption by default is off, and would use a customer key',
      expect: 'change',
      hazards: ['customer-default-key'],
      arrange: async (sdk) => {
        const ec2 = new EC2Client(sdk.config);
        await ec2.send(new ModifyEbsDefaultKmsKeyIdCommand({ KmsKeyId: `arn:aws:kms:${sdk.region}:${sdk.account}:key/11111111-2222-4333-8444-555555555555` }));
        await ec2.send(new DisableEbsEncryptionByDefaultCommand({}));
        return settings(sdk);
      },
    },
    {
      name: 'encryption by default is on',
      expect: 'compliant',
      arrange: async (sdk) => {
        await new EC2Client(sdk.config).send(new EnableEbsEncryptionByDefaultCommand({}));
        return settings(sdk);
      },
    },
  ],
});

const volume =
  (encrypted: boolean): Scenario['arrange'] =>
  async (sdk) => {
    const { VolumeId = '' } = await new EC2Client(sdk.config).send(
      new CreateVolumeCommand({ AvailabilityZone: `${sdk.region}a`, Size: 1, Encrypted: encrypted }),
    );
    return resource({ type: 'AWS::EC2::Volume', id: VolumeId, account: sdk.account, region: sdk.region });
  };

describeRemediator(reportUnencryptedEbsVolumes, {
  account: { endpoint },
  goneCode: 'InvalidVolume.NotFound',
  scenarios: [
    { name: 'an unencrypted volume', expect: 'manual', arrange: volume(false), tag },
    { name: 'an encrypted volume', expect: 'compliant', arrange: volume(true), tag },
    {
      name: 'a volume that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::EC2::Volume', id: 'vol-00000000000000000', account: sdk.account, region: sdk.region }),
    },
  ],
});

const tagged: Scenario['tag'] = async (sdk, ref, Key, Value) => {
  await new EC2Client(sdk.config).send(new CreateTagsCommand({ Resources: [ref.id], Tags: [{ Key, Value }] }));
};
const share = async (sdk: Sdk, SnapshotId: string, more: { GroupNames?: string[]; UserIds?: string[] }) => {
  await new EC2Client(sdk.config).send(new ModifySnapshotAttributeCommand({ SnapshotId, Attribute: 'createVolumePermission', OperationType: 'add', ...more }));
};
const snapshot =
  (isPublic: boolean, tags: Readonly<Record<string, string>> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const ec2 = new EC2Client(sdk.config);
    const { VolumeId } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: `${sdk.region}a`, Size: 1 }));
    const { SnapshotId = '' } = await ec2.send(new CreateSnapshotCommand({ VolumeId }));
    await share(sdk, SnapshotId, { UserIds: ['222222222222'] });
    if (isPublic) await share(sdk, SnapshotId, { GroupNames: ['all'] });
    const ref = resource({ type: 'AWS::EC2::Snapshot', id: SnapshotId, account: sdk.account, region: sdk.region });
    for (const [key, value] of Object.entries({ team: 'data', ...tags })) await tagged(sdk, ref, key, value);
    return ref;
  };
const shared: Pick<Scenario, 'tag' | 'breakAgain'> = { tag: tagged, breakAgain: (sdk, ref) => share(sdk, ref.id, { GroupNames: ['all'] }) };

describeRemediator(makeEbsSnapshotPrivate, {
  account: { endpoint },
  goneCode: 'InvalidSnapshot.NotFound',
  scenarios: [
    { ...shared, name: 'everybody and one account may make volumes of it', expect: 'change', arrange: snapshot(true) },
    {
      ...shared,
      name: 'someone has just shared it',
      expect: 'change',
      arrange: snapshot(true),
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'ec2', operation: 'ModifySnapshotAttribute', request: { snapshotId: id } }),
    },
    { ...shared, name: 'it is published', expect: 'change', hazards: ['shared-on-purpose'], arrange: snapshot(true, { data: 'public sample' }) },
    { ...shared, name: 'one account may make volumes of it', expect: 'compliant', arrange: snapshot(false) },
    {
      name: 'a snapshot that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::EC2::Snapshot', id: 'snap-0123456789abcdef0', account: sdk.account, region: sdk.region }),
    },
  ],
});

const FLOWS = 'kit-flow-logs';
const vpc =
  (traffic: 'none' | 'ALL' | 'ACCEPT', tags: Readonly<Record<string, string>> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    // The emulator takes two flow logs to one destination for one, whatever traffic they log.
    const Bucket = traffic === 'ACCEPT' ? `${FLOWS}-accepted` : FLOWS;
    for (const each of [FLOWS, Bucket]) await new S3Client(sdk.config).send(new CreateBucketCommand({ Bucket: each })).catch(() => undefined);
    const ec2 = new EC2Client(sdk.config);
    const id = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).Vpc?.VpcId ?? '';
    const target = { LogDestinationType: 's3', LogDestination: `arn:aws:s3:::${Bucket}` } as const;
    if (traffic !== 'none') await ec2.send(new CreateFlowLogsCommand({ ResourceIds: [id], ResourceType: 'VPC', TrafficType: traffic, ...target }));
    const ref = resource({ type: 'AWS::EC2::VPC', id, account: sdk.account, region: sdk.region });
    for (const [key, value] of Object.entries({ team: 'network', ...tags })) await tagged(sdk, ref, key, value);
    return ref;
  };
const flows: Pick<Scenario, 'tag' | 'parameters' | 'breakAgain'> = {
  tag: tagged,
  parameters: { destination: 'arn:aws:logs:us-east-1:123456789012:log-group:flows', roleArn: 'arn:aws:iam::123456789012:role/flows' },
  breakAgain: async (sdk, ref) => {
    const ec2 = new EC2Client(sdk.config);
    const { FlowLogs = [] } = await ec2.send(new DescribeFlowLogsCommand({ Filter: [{ Name: 'resource-id', Values: [ref.id] }] }));
    await ec2.send(new DeleteFlowLogsCommand({ FlowLogIds: FlowLogs.map(({ FlowLogId = '' }) => FlowLogId) }));
  },
};
describeRemediator(enableVpcFlowLogs, {
  account: { endpoint },
  goneCode: 'InvalidVpcID.NotFound',
  scenarios: [
    { ...flows, name: 'a VPC without a flow log', expect: 'change', arrange: vpc('none') },
    {
      ...flows,
      name: 'someone has just made it, with a flow log of what is accepted',
      expect: 'change',
      arrange: vpc('ACCEPT'),
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'ec2', operation: 'CreateVpc', request: {}, response: { vpc: { vpcId: id } } }),
    },
    { ...flows, name: 'a preview', expect: 'change', hazards: ['short-lived'], arrange: vpc('none', { stage: 'preview' }) },
    { ...flows, name: 'no destination is named', expect: 'manual', parameters: {}, arrange: vpc('none') },
    {
      ...flows,
      name: 'a bucket is named, whose policy EC2 may replace',
      expect: 'change',
      hazards: ['bucket-policy'],
      parameters: { destination: `arn:aws:s3:::${FLOWS}` },
      arrange: vpc('none'),
    },
    {
      ...flows,
      name: 'a log group is named, and no role',
      expect: 'manual',
      parameters: { destination: 'arn:aws:logs:us-east-1:123456789012:log-group:flows' },
      arrange: vpc('none'),
    },
    { ...flows, name: 'a VPC with a flow log', expect: 'compliant', arrange: vpc('ALL') },
    {
      name: 'a VPC that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::EC2::VPC', id: 'vpc-0123456789abcdef0', account: sdk.account, region: sdk.region }),
    },
  ],
});

/** A VPC with two subnets and a group for endpoints; which lets in HTTPS from a range. */
const reached =
  ({
    letIn = '10.0.0.0/16',
    names = true,
    made,
    tags = {},
  }: {
    letIn?: string;
    names?: boolean;
    made?: 'ec2' | 'ssm';
    tags?: Readonly<Record<string, string>>;
  } = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const ec2 = new EC2Client(sdk.config);
    const VpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).Vpc?.VpcId ?? '';
    await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: names } }));
    const SubnetIds: string[] = [];
    for (const [at, zone] of ['a', 'b'].entries()) {
      const Tags = [{ Key: 'tier', Value: 'endpoints' }];
      const subnet = { CidrBlock: `10.0.${at}.0/24`, AvailabilityZone: `${sdk.region}${zone}`, TagSpecifications: [{ ResourceType: 'subnet' as const, Tags }] };
      SubnetIds.push((await ec2.send(new CreateSubnetCommand({ VpcId, ...subnet }))).Subnet?.SubnetId ?? '');
    }
    const { GroupId } = await ec2.send(new CreateSecurityGroupCommand({ VpcId, GroupName: 'endpoints', Description: 'endpoints' }));
    const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: letIn }] }];
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    if (made !== undefined)
      await ec2.send(new CreateVpcEndpointCommand({ VpcId, VpcEndpointType: 'Interface', ServiceName: `com.amazonaws.${sdk.region}.${made}`, SubnetIds }));
    const ref = resource({ type: 'AWS::EC2::VPC', id: VpcId, account: sdk.account, region: sdk.region });
    for (const [key, value] of Object.entries({ team: 'network', ...tags })) await tagged(sdk, ref, key, value);
    return ref;
  };
const endpoints: Pick<Scenario, 'tag' | 'parameters' | 'rest' | 'breakAgain'> = {
  tag: tagged,
  parameters: { subnetTag: 'tier=endpoints', securityGroup: 'endpoints', privateDns: false },
  rest: async (sdk, ref) => {
    const Filters = [{ Name: 'vpc-id', Values: [ref.id] }];
    const ec2 = new EC2Client(sdk.config);
    return JSON.stringify([(await ec2.send(new DescribeSubnetsCommand({ Filters }))).Subnets?.map(({ SubnetId, Tags }) => [SubnetId, Tags])]);
  },
  breakAgain: async (sdk, ref) => {
    const ec2 = new EC2Client(sdk.config);
    const { VpcEndpoints = [] } = await ec2.send(new DescribeVpcEndpointsCommand({ Filters: [{ Name: 'vpc-id', Values: [ref.id] }] }));
    await ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: VpcEndpoints.map(({ VpcEndpointId = '' }) => VpcEndpointId) }));
  },
};
const diverting = { ...endpoints, parameters: { ...endpoints.parameters, privateDns: true } };
describeRemediator(createEc2InterfaceEndpoint, {
  account: { endpoint },
  goneCode: 'InvalidVpcID.NotFound',
  scenarios: [
    { ...endpoints, name: 'a VPC without endpoints', expect: 'change', arrange: reached() },
    { ...endpoints, name: 'a VPC with an endpoint of another service', expect: 'change', arrange: reached({ made: 'ssm' }) },
    {
      ...endpoints,
      name: 'someone has just made it',
      expect: 'change',
      arrange: reached(),
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'ec2', operation: 'CreateVpc', request: {}, response: { vpc: { vpcId: id } } }),
    },
    { ...endpoints, name: 'a preview', expect: 'change', hazards: ['short-lived'], arrange: reached({ tags: { stage: 'preview' } }) },
    { ...diverting, name: 'calls would be diverted', expect: 'change', hazards: ['private-dns'], arrange: reached() },
    {
      ...diverting,
      name: 'the group lets in a part of the VPC',
      expect: 'change',
      hazards: ['private-dns', 'shut-out'],
      arrange: reached({ letIn: '10.0.0.0/17' }),
    },
    { ...diverting, name: 'the VPC has no DNS hostnames', expect: 'change', hazards: ['private-dns', 'no-dns'], arrange: reached({ names: false }) },
    { ...endpoints, name: 'no subnets are named', expect: 'manual', parameters: { securityGroup: 'endpoints' }, arrange: reached() },
    {
      ...endpoints,
      name: 'the VPC has no group of that name',
      expect: 'manual',
      parameters: { ...endpoints.parameters, securityGroup: 'others' },
      arrange: reached(),
    },
    { ...endpoints, name: 'a VPC with an endpoint', expect: 'compliant', arrange: reached({ made: 'ec2' }) },
    {
      name: 'a VPC that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::EC2::VPC', id: 'vpc-0123456789abcdef0', account: sdk.account, region: sdk.region }),
    },
  ],
});

const thing = (sdk: Sdk, type: string, id: string | undefined) =>
  resource({ type: `AWS::EC2::${type}`, id: id ?? '', account: sdk.account, region: sdk.region });

/** A route table of a VPC of its own, with routes to everywhere. */
const routeTable =
  (...everywhere: readonly ('ipv4' | 'ipv6')[]) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const client = new EC2Client(sdk.config);
    const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16', AmazonProvidedIpv6CidrBlock: true }));
    const { InternetGateway } = await client.send(new CreateInternetGatewayCommand({}));
    const GatewayId = InternetGateway?.InternetGatewayId;
    await client.send(new AttachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId: Vpc?.VpcId }));
    const { RouteTable } = await client.send(new CreateRouteTableCommand({ VpcId: Vpc?.VpcId }));
    const RouteTableId = RouteTable?.RouteTableId;
    await client.send(new CreateRouteCommand({ RouteTableId, GatewayId, DestinationCidrBlock: '203.0.113.0/24' }));
    if (everywhere.includes('ipv4')) await client.send(new CreateRouteCommand({ RouteTableId, GatewayId, DestinationCidrBlock: '0.0.0.0/0' }));
    if (everywhere.includes('ipv6')) await client.send(new CreateRouteCommand({ RouteTableId, GatewayId, DestinationIpv6CidrBlock: '::/0' }));
    return thing(sdk, 'RouteTable', RouteTableId);
  };

describeRemediator(reportDefaultRouteToIgw, {
  account: { endpoint },
  goneCode: 'InvalidRouteTableID.NotFound',
  scenarios: [
    {
      name: 'a route to everywhere that someone has just made',
      expect: 'manual',
      arrange: routeTable('ipv4'),
      tag,
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'ec2', operation: 'CreateRoute', request: { routeTableId: id, destinationCidrBlock: '0.0.0.0/0' } }),
    },
    { name: 'a route to all of IPv6', expect: 'manual', arrange: routeTable('ipv6'), tag },
    { name: 'a route to a network', expect: 'compliant', arrange: routeTable(), tag },
    {
      name: 'a route table that is gone',
      expect: 'compliant',
      arrange: async (sdk) => thing(sdk, 'RouteTable', 'rtb-00000000000000000'),
    },
  ],
});

const gateway =
  (attached: boolean) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const client = new EC2Client(sdk.config);
    const { InternetGateway } = await client.send(new CreateInternetGatewayCommand({}));
    if (attached) {
      const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }));
      await client.send(new AttachInternetGatewayCommand({ InternetGatewayId: InternetGateway?.InternetGatewayId, VpcId: Vpc?.VpcId }));
    }
    return thing(sdk, 'InternetGateway', InternetGateway?.InternetGatewayId);
  };

describeRemediator(reportUnauthorizedInternetGateway, {
  account: { endpoint },
  goneCode: 'InvalidInternetGatewayID.NotFound',
  scenarios: [
    {
      name: 'a gateway that someone has just attached',
      expect: 'manual',
      arrange: gateway(true),
      tag,
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'ec2', operation: 'AttachInternetGateway', request: { internetGatewayId: id, vpcId: 'vpc-1' } }),
    },
    { name: 'a gateway of no VPC', expect: 'compliant', arrange: gateway(false), tag },
    {
      name: 'a gateway that is gone',
      expect: 'compliant',
      arrange: async (sdk) => thing(sdk, 'InternetGateway', 'igw-00000000000000000'),
    },
  ],
});

/** An instance in a subnet of its own, which gives public addresses or none. */
const machine =
  ({ address = false, elastic = false, profile = false, ended = false }) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const client = new EC2Client(sdk.config);
    const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }));
    const { Subnet } = await client.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.9.1.0/24' }));
    const Name = sdk.name('profile');
    if (profile) await new IAMClient(sdk.config).send(new CreateInstanceProfileCommand({ InstanceProfileName: Name }));
    const { Instances } = await client.send(
      new RunInstancesCommand({
        ImageId: 'ami-12c6146b',
        MinCount: 1,
        MaxCount: 1,
        NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: Subnet?.SubnetId, AssociatePublicIpAddress: address }],
        ...(profile ? { IamInstanceProfile: { Name } } : {}),
      }),
    );
    const InstanceId = Instances?.[0]?.InstanceId;
    if (elastic) {
      const { AllocationId } = await client.send(new AllocateAddressCommand({ Domain: 'vpc' }));
      await client.send(new AssociateAddressCommand({ AllocationId, InstanceId }));
    }
    if (ended) await client.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId ?? ''] }));
    return thing(sdk, 'Instance', InstanceId);
  };
const goneMachine = async (sdk: Sdk) => thing(sdk, 'Instance', 'i-00000000000000000');
const launchedNow: Scenario['event'] = ({ account, region, id }) =>
  cloudTrailEvent({ account, region, service: 'ec2', operation: 'RunInstances', request: {}, response: { instancesSet: { items: [{ instanceId: id }] } } });

describeRemediator(reportInstancePublicIp, {
  account: { endpoint },
  goneCode: 'InvalidInstanceID.NotFound',
  scenarios: [
    { name: 'an instance that has just been started with an address', expect: 'manual', arrange: machine({ address: true }), tag, event: launchedNow },
    {
      name: 'an Elastic IP address that someone has just put on',
      expect: 'manual',
      arrange: machine({ elastic: true }),
      tag,
      event: ({ account, region, id }) => cloudTrailEvent({ account, region, service: 'ec2', operation: 'AssociateAddress', request: { instanceId: id } }),
    },
    { name: 'an instance without an address', expect: 'compliant', arrange: machine({}), tag },
    { name: 'an instance that was terminated', expect: 'compliant', arrange: machine({ address: true, ended: true }) },
    { name: 'an instance that is gone', expect: 'compliant', arrange: goneMachine },
  ],
});

describeRemediator(reportInstanceWithoutProfile, {
  account: { endpoint },
  goneCode: 'InvalidInstanceID.NotFound',
  scenarios: [
    { name: 'an instance that has just been started without one', expect: 'manual', arrange: machine({}), tag, event: launchedNow },
    { name: 'an instance with one', expect: 'compliant', arrange: machine({ profile: true }), tag },
    { name: 'an instance that is gone', expect: 'compliant', arrange: goneMachine },
  ],
});

/** A subnet of a VPC of its own; routed: to an internet gateway, by a route table of its own or by the main one. */
const subnet =
  ({ assigns = true, routed = 'no' as 'no' | 'own' | 'main', tags = {} as Readonly<Record<string, string>> }) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const client = new EC2Client(sdk.config);
    const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }));
    const { Subnet } = await client.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.9.1.0/24' }));
    const SubnetId = Subnet?.SubnetId;
    const Tags = Object.entries({ team: 'net', ...tags }).map(([Key, Value]) => ({ Key, Value }));
    await client.send(new CreateTagsCommand({ Resources: [SubnetId ?? ''], Tags }));
    await client.send(new ModifySubnetAttributeCommand({ SubnetId, MapPublicIpOnLaunch: { Value: assigns } }));
    if (routed !== 'no') {
      const { InternetGateway } = await client.send(new CreateInternetGatewayCommand({}));
      const GatewayId = InternetGateway?.InternetGatewayId;
      await client.send(new AttachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId: Vpc?.VpcId }));
      const main = { Filters: [{ Name: 'vpc-id', Values: [Vpc?.VpcId ?? ''] }] };
      const RouteTableId =
        routed === 'main'
          ? (await client.send(new DescribeRouteTablesCommand(main))).RouteTables?.[0]?.RouteTableId
          : (await client.send(new CreateRouteTableCommand({ VpcId: Vpc?.VpcId }))).RouteTable?.RouteTableId;
      if (routed === 'own') await client.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId }));
      await client.send(new CreateRouteCommand({ RouteTableId, GatewayId, DestinationCidrBlock: '0.0.0.0/0' }));
    }
    return thing(sdk, 'Subnet', SubnetId);
  };
const assigning: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag: tagged,
  rest: async (sdk, { id }) => {
    const { Subnets: [found] = [] } = await new EC2Client(sdk.config).send(new DescribeSubnetsCommand({ SubnetIds: [id] }));
    return JSON.stringify({ ...found, MapPublicIpOnLaunch: null });
  },
  breakAgain: async (sdk, { id }) => {
    await new EC2Client(sdk.config).send(new ModifySubnetAttributeCommand({ SubnetId: id, MapPublicIpOnLaunch: { Value: true } }));
  },
};
describeRemediator(disableSubnetAutoPublicIp, {
  account: { endpoint },
  goneCode: 'InvalidSubnetID.NotFound',
  scenarios: [
    { ...assigning, name: 'a subnet that gives out addresses', expect: 'change', arrange: subnet({}) },
    {
      ...assigning,
      name: 'someone has just let it',
      expect: 'change',
      arrange: subnet({}),
      event: ({ account, region, id }) =>
        cloudTrailEvent({
          account,
          region,
          service: 'ec2',
          operation: 'ModifySubnetAttribute',
          request: { subnetId: id, mapPublicIpOnLaunch: { value: true } },
        }),
    },
    { ...assigning, name: 'a public subnet', expect: 'change', hazards: ['routed-to-internet'], arrange: subnet({ routed: 'own' }) },
    { ...assigning, name: 'a public subnet by the main route table', expect: 'change', hazards: ['routed-to-internet'], arrange: subnet({ routed: 'main' }) },
    { ...assigning, name: 'a subnet for what is published', expect: 'change', hazards: ['shared-on-purpose'], arrange: subnet({ tags: { tier: 'public' } }) },
    { ...assigning, name: 'a subnet that gives out none', expect: 'compliant', arrange: subnet({ assigns: false }) },
    { name: 'a subnet that is gone', expect: 'compliant', arrange: async (sdk) => thing(sdk, 'Subnet', 'subnet-0123456789abcdef0') },
  ],
});

const tokens = async (sdk: Sdk, InstanceId: string, HttpTokens: 'optional' | 'required') => {
  await new EC2Client(sdk.config).send(new ModifyInstanceMetadataOptionsCommand({ InstanceId, HttpTokens }));
};
const withTokens =
  (value: 'optional' | 'required', Tags: { Key: string; Value: string }[] = []) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const ref = await machine({})(sdk);
    await tokens(sdk, ref.id, value);
    if (Tags.length > 0) await new EC2Client(sdk.config).send(new CreateTagsCommand({ Resources: [ref.id], Tags }));
    return ref;
  };
const metadata: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag: tagged,
  rest: async (sdk, { id }) => {
    const { Reservations: [found] = [] } = await new EC2Client(sdk.config).send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    // moto forgets the metadata options that a call does not name; EC2 keeps them.
    return JSON.stringify({ ...found?.Instances?.[0], MetadataOptions: null });
  },
  breakAgain: (sdk, { id }) => tokens(sdk, id, 'optional'),
};
describeRemediator(requireImdsv2OnInstance, {
  account: { endpoint },
  goneCode: 'InvalidInstanceID.NotFound',
  scenarios: [
    { ...metadata, name: 'an instance that gives metadata without a token', expect: 'change', arrange: withTokens('optional') },
    {
      ...metadata,
      name: 'someone has just made it so',
      expect: 'change',
      arrange: withTokens('optional'),
      event: ({ account, region, id }) =>
        cloudTrailEvent({
          account,
          region,
          service: 'ec2',
          operation: 'ModifyInstanceMetadataOptions',
          request: { ModifyInstanceMetadataOptionsRequest: { InstanceId: id, HttpTokens: 'optional' } },
        }),
    },
    { ...metadata, name: 'an instance that has just been started', expect: 'change', arrange: withTokens('optional'), event: launchedNow },
    {
      ...metadata,
      name: 'one of an Auto Scaling group',
      expect: 'change',
      hazards: ['of-a-group'],
      arrange: withTokens('optional', [{ Key: 'aws:autoscaling:groupName', Value: 'web' }]),
    },
    { ...metadata, name: 'an instance that asks for a token', expect: 'compliant', arrange: withTokens('required') },
    { name: 'an instance that was terminated', expect: 'compliant', arrange: machine({ ended: true }) },
    { name: 'an instance that is gone', expect: 'compliant', arrange: goneMachine },
  ],
});

const rulesOf = async (sdk: Sdk, id: string) =>
  (await new EC2Client(sdk.config).send(new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [id] }] }))).SecurityGroupRules ?? [];
/** The default group of a new VPC, as EC2 makes it, with what is done to it then. */
const defaultGroup =
  (then: (ec2: EC2Client, group: string, vpc: string, sdk: Sdk) => Promise<unknown> = async () => undefined, tags: Readonly<Record<string, string>> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const ec2 = new EC2Client(sdk.config);
    const vpc = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).Vpc?.VpcId ?? '';
    const Filters = [
      { Name: 'vpc-id', Values: [vpc] },
      { Name: 'group-name', Values: ['default'] },
    ];
    const id = (await ec2.send(new DescribeSecurityGroupsCommand({ Filters }))).SecurityGroups?.[0]?.GroupId ?? '';
    const ref = resource({ type: 'AWS::EC2::SecurityGroup', id, account: sdk.account, region: sdk.region });
    for (const [key, value] of Object.entries({ team: 'network', ...tags })) await tagged(sdk, ref, key, value);
    await then(ec2, id, vpc, sdk);
    return ref;
  };
const emptied = async (ec2: EC2Client, GroupId: string, _: string, sdk: Sdk) => {
  const rules = await rulesOf(sdk, GroupId);
  const ids = (egress: boolean) =>
    rules.flatMap((rule) => (rule.IsEgress === egress && rule.SecurityGroupRuleId !== undefined ? [rule.SecurityGroupRuleId] : []));
  if (ids(false).length > 0) await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds: ids(false) }));
  if (ids(true).length > 0) await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, SecurityGroupRuleIds: ids(true) }));
};
const letIn = (ec2: EC2Client, GroupId: string) =>
  ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [
        { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '10.1.0.0/16', Description: 'from the office' }] },
        { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, UserIdGroupPairs: [{ GroupId }] },
      ],
    }),
  );
const closing: Pick<Scenario, 'tag' | 'breakAgain'> = {
  tag: tagged,
  breakAgain: async (sdk, { id: GroupId }) => {
    await new EC2Client(sdk.config).send(
      new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }] }),
    );
  },
};
describeRemediator(closeDefaultSecurityGroup, {
  account: { endpoint: inject('moto') },
  goneCode: 'InvalidGroup.NotFound',
  scenarios: [
    { ...closing, name: 'the group of a new VPC', expect: 'change', arrange: defaultGroup() },
    {
      ...closing,
      name: 'someone has just let something in, from addresses and from the group itself',
      expect: 'change',
      arrange: defaultGroup(letIn),
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'ec2', operation: 'AuthorizeSecurityGroupIngress', request: { groupId: id, ipPermissions: {} } }),
    },
    {
      ...closing,
      name: 'a group that is in use',
      expect: 'change',
      hazards: ['in-use'],
      arrange: defaultGroup(async (ec2, group, VpcId) => {
        const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.0.1.0/24' }));
        await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: Subnet?.SubnetId, Groups: [group] }));
      }),
    },
    {
      ...closing,
      name: 'a group that another one names',
      expect: 'change',
      hazards: ['referenced'],
      arrange: defaultGroup(async (ec2, GroupId, VpcId, sdk) => {
        const other = await ec2.send(new CreateSecurityGroupCommand({ VpcId, GroupName: sdk.name('other'), Description: 'other' }));
        const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, UserIdGroupPairs: [{ GroupId }] }];
        await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: other.GroupId, IpPermissions }));
      }),
    },
    { ...closing, name: 'a group without rules', expect: 'compliant', arrange: defaultGroup(emptied) },
    {
      ...closing,
      name: 'another group',
      expect: 'not-applicable',
      arrange: async (sdk) => {
        const ec2 = new EC2Client(sdk.config);
        const VpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).Vpc?.VpcId;
        const { GroupId = '' } = await ec2.send(new CreateSecurityGroupCommand({ VpcId, GroupName: sdk.name('own'), Description: 'own' }));
        return resource({ type: 'AWS::EC2::SecurityGroup', id: GroupId, account: sdk.account, region: sdk.region });
      },
    },
    {
      name: 'a group that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::EC2::SecurityGroup', id: 'sg-0123456789abcdef0', account: sdk.account, region: sdk.region }),
    },
  ],
});

const publish = (ec2: EC2Client, ImageId: string, ...Add: readonly { readonly Group?: 'all'; readonly UserId?: string }[]) =>
  ec2.send(new ModifyImageAttributeCommand({ ImageId, LaunchPermission: { Add: [...Add] } }));
const image =
  (shared: readonly { readonly Group?: 'all'; readonly UserId?: string }[], tags: Readonly<Record<string, string>> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const ec2 = new EC2Client(sdk.config);
    const { id: InstanceId } = await machine({})(sdk);
    const { ImageId = '' } = await ec2.send(new CreateImageCommand({ InstanceId, Name: sdk.name('image') }));
    const ref = resource({ type: 'AWS::EC2::Image', id: ImageId, account: sdk.account, region: sdk.region });
    for (const [key, value] of Object.entries({ team: 'shop', ...tags })) await tagged(sdk, ref, key, value);
    if (shared.length > 0) await publish(ec2, ImageId, ...shared);
    return ref;
  };
const launching: Pick<Scenario, 'tag' | 'rest' | 'breakAgain' | 'event'> = {
  tag: tagged,
  // No rule and no control looks at it.
  event: ({ account, region, id }) =>
    cloudTrailEvent({ account, region, service: 'ec2', operation: 'ModifyImageAttribute', request: { imageId: id, attributeType: 'launchPermission' } }),
  rest: async (sdk, { id: ImageId }) => {
    const { LaunchPermissions = [] } = await new EC2Client(sdk.config).send(new DescribeImageAttributeCommand({ ImageId, Attribute: 'launchPermission' }));
    return JSON.stringify(LaunchPermissions.filter(({ Group }) => Group === undefined));
  },
  breakAgain: async (sdk, { id }) => {
    await publish(new EC2Client(sdk.config), id, { Group: 'all' });
  },
};
describeRemediator(makeAmiPrivate, {
  account: { endpoint: inject('moto') },
  goneCode: 'InvalidAMIID.NotFound',
  scenarios: [
    { ...launching, name: 'everybody and one account may launch it', expect: 'change', arrange: image([{ Group: 'all' }, { UserId: '222222222222' }]) },
    { ...launching, name: 'everybody alone may launch it', expect: 'change', arrange: image([{ Group: 'all' }]) },
    {
      ...launching,
      name: 'one that is published on purpose',
      expect: 'change',
      hazards: ['shared-on-purpose'],
      arrange: image([{ Group: 'all' }], { offer: 'marketplace' }),
    },
    { ...launching, name: 'one account may launch it', expect: 'compliant', arrange: image([{ UserId: '222222222222' }]) },
    {
      name: 'an image that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::EC2::Image', id: 'ami-0123456789abcdef0', account: sdk.account, region: sdk.region }),
    },
  ],
});

const transit =
  (AutoAcceptSharedAttachments: 'enable' | 'disable', tags: Readonly<Record<string, string>> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const { TransitGateway } = await new EC2Client(sdk.config).send(new CreateTransitGatewayCommand({ Options: { AutoAcceptSharedAttachments } }));
    const ref = resource({ type: 'AWS::EC2::TransitGateway', id: TransitGateway?.TransitGatewayId ?? '', account: sdk.account, region: sdk.region });
    for (const [key, value] of Object.entries({ team: 'network', ...tags })) await tagged(sdk, ref, key, value);
    return ref;
  };
const accepting: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag: tagged,
  rest: async (sdk, { id }) => {
    const { TransitGateways: [found] = [] } = await new EC2Client(sdk.config).send(new DescribeTransitGatewaysCommand({ TransitGatewayIds: [id] }));
    return JSON.stringify([{ ...found?.Options, AutoAcceptSharedAttachments: null }, found?.Description, found?.Tags]);
  },
  breakAgain: async (sdk, { id }) => {
    await new EC2Client(sdk.config).send(new ModifyTransitGatewayCommand({ TransitGatewayId: id, Options: { AutoAcceptSharedAttachments: 'enable' } }));
  },
};
describeRemediator(disableTgwAutoAccept, {
  account: { endpoint: inject('moto') },
  goneCode: 'InvalidTransitGatewayID.NotFound',
  scenarios: [
    { ...accepting, name: 'a gateway that accepts whoever it is shared with', expect: 'change', arrange: transit('enable') },
    {
      ...accepting,
      name: 'someone has just made it so',
      expect: 'change',
      arrange: transit('enable'),
      event: ({ account, region, id }) =>
        cloudTrailEvent({
          account,
          region,
          service: 'ec2',
          operation: 'ModifyTransitGateway',
          request: { ModifyTransitGatewayRequest: { TransitGatewayId: id } },
        }),
    },
    { ...accepting, name: 'that of a landing zone', expect: 'change', hazards: ['vending'], arrange: transit('enable', { role: 'landing-zone' }) },
    { ...accepting, name: 'a gateway that asks', expect: 'compliant', arrange: transit('disable') },
  ],
});

const entry = (RuleNumber: number, port: number | null, more: object = {}) => ({
  RuleNumber,
  Protocol: port === null ? '-1' : '6',
  RuleAction: 'allow' as const,
  Egress: false,
  CidrBlock: '0.0.0.0/0',
  ...(port === null ? {} : { PortRange: { From: port, To: port } }),
  ...more,
});
const put = async (ec2: EC2Client, NetworkAclId: string, entries: readonly ReturnType<typeof entry>[]) => {
  for (const each of entries) await ec2.send(new CreateNetworkAclEntryCommand({ NetworkAclId, ...each }));
};
const acl =
  (entries: readonly ReturnType<typeof entry>[], attached = false) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const ec2 = new EC2Client(sdk.config);
    const VpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).Vpc?.VpcId;
    const id = (await ec2.send(new CreateNetworkAclCommand({ VpcId }))).NetworkAcl?.NetworkAclId ?? '';
    await put(ec2, id, [entry(200, 443), ...entries]);
    if (attached) {
      const subnet = (await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.0.1.0/24' }))).Subnet?.SubnetId ?? '';
      const Filters = [{ Name: 'association.subnet-id', Values: [subnet] }];
      const { NetworkAcls: [found] = [] } = await ec2.send(new DescribeNetworkAclsCommand({ Filters }));
      const AssociationId = found?.Associations?.find(({ SubnetId }) => SubnetId === subnet)?.NetworkAclAssociationId;
      await ec2.send(new ReplaceNetworkAclAssociationCommand({ AssociationId, NetworkAclId: id }));
    }
    const ref = resource({ type: 'AWS::EC2::NetworkAcl', id, account: sdk.account, region: sdk.region });
    await tagged(sdk, ref, 'team', 'network');
    return ref;
  };
const SSH = entry(90, 22);
const entries: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag: tagged,
  rest: async (sdk, { id }) => {
    const { NetworkAcls: [found] = [] } = await new EC2Client(sdk.config).send(new DescribeNetworkAclsCommand({ NetworkAclIds: [id] }));
    const others = found?.Entries?.filter(({ PortRange, Egress }) => Egress === true || ![22, 3389].includes(PortRange?.From ?? 0));
    return JSON.stringify([others, found?.Associations, found?.Tags]);
  },
  breakAgain: async (sdk, { id }) => {
    await put(new EC2Client(sdk.config), id, [SSH]);
  },
};
describeRemediator(revokeNaclOpenAdminPorts, {
  account: { endpoint: inject('moto') },
  goneCode: 'InvalidNetworkAclID.NotFound',
  scenarios: [
    { ...entries, name: 'an ACL that lets everybody reach SSH', expect: 'change', arrange: acl([SSH]) },
    {
      ...entries,
      name: 'someone has just let everybody reach RDP',
      expect: 'change',
      arrange: acl([entry(80, 3389)]),
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'ec2', operation: 'CreateNetworkAclEntry', request: { networkAclId: id, ruleNumber: 80, egress: false } }),
    },
    { ...entries, name: 'one that a subnet has', expect: 'change', hazards: ['in-use'], arrange: acl([SSH], true) },
    { ...entries, name: 'one that lets in everything', expect: 'manual', arrange: acl([entry(100, null)]) },
    { ...entries, name: 'one that denies SSH before', expect: 'compliant', arrange: acl([SSH, entry(10, 22, { RuleAction: 'deny' })]) },
    { ...entries, name: 'one that names who reaches SSH', expect: 'compliant', arrange: acl([entry(90, 22, { CidrBlock: '192.0.2.0/24' })]) },
    {
      ...entries,
      name: 'the default one of a VPC',
      expect: 'not-applicable',
      arrange: async (sdk) => {
        const ec2 = new EC2Client(sdk.config);
        const vpc = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).Vpc?.VpcId ?? '';
        const { NetworkAcls: [found] = [] } = await ec2.send(new DescribeNetworkAclsCommand({ Filters: [{ Name: 'vpc-id', Values: [vpc] }] }));
        return resource({ type: 'AWS::EC2::NetworkAcl', id: found?.NetworkAclId ?? '', account: sdk.account, region: sdk.region });
      },
    },
  ],
});

const front = await playedEc2(inject('moto'));
afterAll(() => front.close());
const { played } = front;

const defaults = (value: Readonly<Record<string, string | number>>) => async (sdk: Sdk) => {
  played.defaults = { httpEndpoint: 'enabled', managedBy: 'account', ...value };
  return resource({ type: 'AWS::::Account', id: sdk.account, account: sdk.account, region: sdk.region });
};
const starting: Pick<Scenario, 'rest' | 'breakAgain' | 'event'> = {
  rest: async () => JSON.stringify({ ...played.defaults, httpTokens: null }),
  breakAgain: async () => {
    played.defaults = { ...played.defaults, httpTokens: null };
  },
  // No rule and no control looks at it.
  event: ({ account, region }) =>
    cloudTrailEvent({ account, region, service: 'ec2', operation: 'ModifyInstanceMetadataDefaults', request: { ModifyInstanceMetadataDefaultsRequest: {} } }),
};
describeRemediator(setImdsv2AccountDefault, {
  account: { endpoint: front.endpoint, region: 'eu-north-1' },
  scenarios: [
    { ...starting, name: 'an account without a default', expect: 'change', arrange: defaults({ httpPutResponseHopLimit: 2 }) },
    { ...starting, name: 'someone has just made IMDSv1 the default', expect: 'change', arrange: defaults({ httpTokens: 'optional' }) },
    { ...starting, name: 'a default of one hop', expect: 'change', hazards: ['one-hop'], arrange: defaults({ httpPutResponseHopLimit: 1 }) },
    { ...starting, name: 'a default of the organization', expect: 'manual', arrange: defaults({ managedBy: 'declarative-policy' }) },
    { ...starting, name: 'IMDSv2 as the default', expect: 'compliant', arrange: defaults({ httpTokens: 'required' }) },
  ],
});

const hops = async (sdk: Sdk, InstanceId: string, HttpPutResponseHopLimit: number) => {
  await new EC2Client(sdk.config).send(new ModifyInstanceMetadataOptionsCommand({ InstanceId, HttpPutResponseHopLimit }));
};
const withHops =
  (limit: number, Tags: { Key: string; Value: string }[] = []) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const ref = await machine({})(sdk);
    await hops(sdk, ref.id, limit);
    if (Tags.length > 0) await new EC2Client(sdk.config).send(new CreateTagsCommand({ Resources: [ref.id], Tags }));
    return ref;
  };
const hopping: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = { ...metadata, breakAgain: (sdk, { id }) => hops(sdk, id, 2) };
describeRemediator(limitImdsHopCount, {
  account: { endpoint },
  goneCode: 'InvalidInstanceID.NotFound',
  scenarios: [
    { ...hopping, name: 'an instance whose tokens travel two hops', expect: 'change', arrange: withHops(2) },
    { ...hopping, name: 'an instance that has just been started', expect: 'change', arrange: withHops(64), event: launchedNow },
    {
      ...hopping,
      name: 'one of an Auto Scaling group',
      expect: 'change',
      hazards: ['of-a-group'],
      arrange: withHops(2, [{ Key: 'aws:autoscaling:groupName', Value: 'web' }]),
    },
    { ...hopping, name: 'a node of Kubernetes', expect: 'change', hazards: ['containers'], arrange: withHops(2, [{ Key: 'eks:cluster-name', Value: 'prod' }]) },
    { ...hopping, name: 'two hops where the policy allows them', expect: 'compliant', parameters: { hopLimit: 2 }, arrange: withHops(2) },
    { ...hopping, name: 'an instance whose tokens stay', expect: 'compliant', arrange: withHops(1) },
    { name: 'an instance that is gone', expect: 'compliant', arrange: goneMachine },
  ],
});

const checking = async (sdk: Sdk, NetworkInterfaceId: string, Value: boolean) => {
  await new EC2Client(sdk.config).send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, SourceDestCheck: { Value } }));
};
const nic =
  ({ checked = false, routed = false, attached = false, tags = {} as Readonly<Record<string, string>> }) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const client = new EC2Client(sdk.config);
    const VpcId = (await client.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }))).Vpc?.VpcId;
    const SubnetId = (await client.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.9.1.0/24' }))).Subnet?.SubnetId;
    const NetworkInterfaceId = (await client.send(new CreateNetworkInterfaceCommand({ SubnetId }))).NetworkInterface?.NetworkInterfaceId ?? '';
    const ref = thing(sdk, 'NetworkInterface', NetworkInterfaceId);
    for (const [key, value] of Object.entries({ team: 'net', ...tags })) await tagged(sdk, ref, key, value);
    await checking(sdk, NetworkInterfaceId, checked);
    if (attached) {
      const { Instances } = await client.send(new RunInstancesCommand({ ImageId: 'ami-12c6146b', MinCount: 1, MaxCount: 1, SubnetId }));
      const InstanceId = Instances?.[0]?.InstanceId;
      await client.send(new AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex: 1 }));
    }
    if (routed) {
      const RouteTableId = (await client.send(new CreateRouteTableCommand({ VpcId }))).RouteTable?.RouteTableId;
      await client.send(new CreateRouteCommand({ RouteTableId, NetworkInterfaceId, DestinationCidrBlock: '0.0.0.0/0' }));
    }
    return ref;
  };
const forwarding: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag: tagged,
  rest: async (sdk, { id }) => {
    const { NetworkInterfaces: [found] = [] } = await new EC2Client(sdk.config).send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }));
    return JSON.stringify({ ...found, SourceDestCheck: null });
  },
  breakAgain: (sdk, { id }) => checking(sdk, id, false),
};
describeRemediator(enableSourceDestCheck, {
  account: { endpoint },
  goneCode: 'InvalidNetworkInterfaceID.NotFound',
  scenarios: [
    { ...forwarding, name: 'an interface without the check', expect: 'change', arrange: nic({}) },
    {
      ...forwarding,
      name: 'someone has just turned it off',
      expect: 'change',
      arrange: nic({}),
      event: ({ account, region, id }) =>
        cloudTrailEvent({
          account,
          region,
          service: 'ec2',
          operation: 'ModifyNetworkInterfaceAttribute',
          request: { networkInterfaceId: id, sourceDestCheck: { value: false } },
        }),
    },
    { ...forwarding, name: 'one of an instance', expect: 'change', arrange: nic({ attached: true }) },
    { ...forwarding, name: 'one that a route leads to', expect: 'change', hazards: ['routed'], arrange: nic({ routed: true }) },
    { ...forwarding, name: 'one of a NAT instance', expect: 'change', hazards: ['appliance'], arrange: nic({ tags: { role: 'nat-instance' } }) },
    { ...forwarding, name: 'an interface with the check', expect: 'compliant', arrange: nic({ checked: true }) },
    { name: 'an interface that is gone', expect: 'compliant', arrange: async (sdk) => thing(sdk, 'NetworkInterface', 'eni-0123456789abcdef0') },
  ],
});

const clientVpn = (log: Readonly<Record<string, string | boolean>>) => async (sdk: Sdk) =>
  thing(sdk, 'ClientVpnEndpoint', played.endpoint(log, { team: 'net' }));
const connecting: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag: tagged,
  rest: async (_, { id }) => JSON.stringify(played.endpoints.get(id)?.tags),
  breakAgain: async (_, { id }) => {
    Object.assign(played.endpoints.get(id) ?? {}, { log: { Enabled: false } });
  },
};
describeRemediator(enableClientVpnLogging, {
  account: { endpoint: front.endpoint },
  goneCode: 'InvalidClientVpnEndpointId.NotFound',
  parameters: { logGroup: '/vpn/clients' },
  scenarios: [
    { ...connecting, name: 'an endpoint that logs nothing', expect: 'change', arrange: clientVpn({ Enabled: false }) },
    {
      ...connecting,
      name: 'someone has just turned it off, and the policy names a stream',
      expect: 'change',
      parameters: { logStream: 'all' },
      arrange: clientVpn({ Enabled: false }),
      event: ({ account, region, id }) =>
        cloudTrailEvent({
          account,
          region,
          service: 'ec2',
          operation: 'ModifyClientVpnEndpoint',
          request: { ModifyClientVpnEndpointRequest: { ClientVpnEndpointId: id } },
        }),
    },
    {
      ...connecting,
      name: 'an endpoint that logs elsewhere',
      expect: 'compliant',
      arrange: clientVpn({ Enabled: true, CloudwatchLogGroup: 'own', CloudwatchLogStream: 'own' }),
    },
    { name: 'an endpoint that is gone', expect: 'compliant', arrange: async (sdk) => thing(sdk, 'ClientVpnEndpoint', 'cvpn-endpoint-0123456789abcdef0') },
  ],
});

const template =
  (
    LaunchTemplateData: RequestLaunchTemplateData,
    { newer, tags = {}, running }: { newer?: RequestLaunchTemplateData; tags?: Readonly<Record<string, string>>; running?: true } = {},
  ) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const ec2 = new EC2Client(sdk.config);
    const { LaunchTemplate } = await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: sdk.name('template'), LaunchTemplateData }));
    const ref = thing(sdk, 'LaunchTemplate', LaunchTemplate?.LaunchTemplateId);
    for (const [key, value] of Object.entries({ team: 'web', ...tags })) await tagged(sdk, ref, key, value);
    if (newer !== undefined) await ec2.send(new CreateLaunchTemplateVersionCommand({ LaunchTemplateId: ref.id, LaunchTemplateData: newer }));
    if (running) await tagged(sdk, await machine({})(sdk), 'aws:ec2launchtemplate:id', ref.id);
    return ref;
  };
/** What a launch template has but for what is changed: the default and the latest version, whatever their numbers are. */
const versioned = (
  member: 'MetadataOptions' | 'NetworkInterfaces' | 'BlockDeviceMappings',
  broken: RequestLaunchTemplateData,
): Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> => ({
  tag: tagged,
  rest: async (sdk, { id }) => {
    const asked = { LaunchTemplateId: id, Versions: ['$Default', '$Latest'] };
    const { LaunchTemplateVersions = [] } = await new EC2Client(sdk.config).send(new DescribeLaunchTemplateVersionsCommand(asked));
    return JSON.stringify(LaunchTemplateVersions.map(({ LaunchTemplateData }) => ({ ...LaunchTemplateData, [member]: null })));
  },
  breakAgain: async (sdk, { id: LaunchTemplateId }) => {
    const ec2 = new EC2Client(sdk.config);
    const made = await ec2.send(new CreateLaunchTemplateVersionCommand({ LaunchTemplateId, SourceVersion: '$Default', LaunchTemplateData: broken }));
    await ec2.send(new ModifyLaunchTemplateCommand({ LaunchTemplateId, DefaultVersion: String(made.LaunchTemplateVersion?.VersionNumber) }));
  },
});
const madeNow: Scenario['event'] = ({ account, region, id }) =>
  cloudTrailEvent({
    account,
    region,
    service: 'ec2',
    operation: 'CreateLaunchTemplate',
    request: {},
    response: { CreateLaunchTemplateResponse: { launchTemplate: { launchTemplateId: id } } },
  });
const goneTemplate: Scenario = {
  name: 'a template that is gone',
  expect: 'compliant',
  arrange: async (sdk) => thing(sdk, 'LaunchTemplate', 'lt-0123456789abcdef0'),
};
const own = { ImageId: 'ami-12c6146b', InstanceType: 't3.micro', UserData: 'ZWNobyBoZWxsbw==' } as const;
const v1 = { MetadataOptions: { HttpEndpoint: 'enabled', HttpTokens: 'optional', HttpPutResponseHopLimit: 2 } } as const;
const v2 = { MetadataOptions: { ...v1.MetadataOptions, HttpTokens: 'required' } } as const;
const toV2 = versioned('MetadataOptions', v1);
describeRemediator(requireImdsv2InLaunchTemplate, {
  account: { endpoint: front.endpoint },
  goneCode: 'InvalidLaunchTemplateId.NotFoundException',
  scenarios: [
    { ...toV2, name: 'a template that lets tokens be left out', expect: 'change', steps: true, arrange: template({ ...own, ...v1 }) },
    { ...toV2, name: 'a template that has just been made, and says nothing of it', expect: 'change', steps: true, arrange: template(own), event: madeNow },
    {
      ...toV2,
      name: 'a volume of a snapshot',
      expect: 'change',
      steps: true,
      arrange: template({ ...own, ...v1, BlockDeviceMappings: [{ DeviceName: '/dev/sdb', Ebs: { SnapshotId: 'snap-0123456789abcdef0', VolumeSize: 8 } }] }),
    },
    {
      ...toV2,
      name: 'a latest version that is right, and not the default',
      expect: 'change',
      arrange: template({ ...own, ...v1 }, { newer: { ...own, ...v2 } }),
    },
    {
      ...toV2,
      name: 'a latest version that says something else',
      expect: 'manual',
      arrange: template({ ...own, ...v1 }, { newer: { ...own, ...v1, InstanceType: 't3.large' } }),
    },
    { ...toV2, name: 'instances that run', expect: 'change', hazards: ['in-use'], arrange: template({ ...own, ...v1 }, { running: true }) },
    {
      ...toV2,
      name: 'one of a node group',
      expect: 'change',
      hazards: ['of-a-service'],
      arrange: template({ ...own, ...v1 }, { tags: { 'eks:nodegroup-name': 'blue' } }),
    },
    {
      ...toV2,
      name: 'one hop',
      expect: 'change',
      hazards: ['one-hop'],
      arrange: template({ ...own, MetadataOptions: { ...v1.MetadataOptions, HttpPutResponseHopLimit: 1 } }),
    },
    { ...toV2, name: 'a template that requires tokens', expect: 'compliant', arrange: template({ ...own, ...v2 }) },
    goneTemplate,
  ],
});

const addressed = { NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: true, Groups: ['sg-0123456789abcdef0'] }] };
const unaddressed = { NetworkInterfaces: [{ ...addressed.NetworkInterfaces[0], AssociatePublicIpAddress: false }] };
const asking = versioned('NetworkInterfaces', addressed);
describeRemediator(removePublicIpFromLaunchTemplate, {
  account: { endpoint: front.endpoint },
  goneCode: 'InvalidLaunchTemplateId.NotFoundException',
  scenarios: [
    { ...asking, name: 'a template that asks for an address', expect: 'change', steps: true, arrange: template({ ...own, ...addressed }) },
    { ...asking, name: 'a template that has just been made', expect: 'change', steps: true, arrange: template({ ...own, ...addressed }), event: madeNow },
    {
      ...asking,
      name: 'a latest version that is right, and not the default',
      expect: 'change',
      arrange: template({ ...own, ...addressed }, { newer: { ...own, ...unaddressed } }),
    },
    { ...asking, name: 'instances that run', expect: 'change', hazards: ['in-use'], arrange: template({ ...own, ...addressed }, { running: true }) },
    {
      ...asking,
      name: 'one of a service',
      expect: 'change',
      hazards: ['of-a-service'],
      arrange: template({ ...own, ...addressed }, { tags: { 'elasticbeanstalk:environment-name': 'web' } }),
    },
    {
      ...asking,
      name: 'one that is public on purpose',
      expect: 'change',
      hazards: ['shared-on-purpose'],
      arrange: template({ ...own, ...addressed }, { tags: { tier: 'public' } }),
    },
    { ...asking, name: 'a template without interfaces', expect: 'compliant', arrange: template(own) },
    goneTemplate,
  ],
});

const plainVolume = { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 8, Encrypted: false } }] };
const encryptedVolume = { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 8, Encrypted: true } }] };
const encrypting = versioned('BlockDeviceMappings', plainVolume);
describeRemediator(encryptVolumesInLaunchTemplate, {
  account: { endpoint: front.endpoint },
  goneCode: 'InvalidLaunchTemplateId.NotFoundException',
  scenarios: [
    { ...encrypting, name: 'a template with a plain volume', expect: 'change', steps: true, arrange: template({ ...own, ...plainVolume }) },
    { ...encrypting, name: 'a template that has just been made', expect: 'change', steps: true, arrange: template({ ...own, ...plainVolume }), event: madeNow },
    {
      ...encrypting,
      name: 'a key of the policy',
      expect: 'change',
      hazards: ['customer-key'],
      parameters: { kmsKeyId: 'alias/volumes' },
      arrange: template({ ...own, ...plainVolume }),
    },
    {
      ...encrypting,
      name: 'a latest version that is right, and not the default',
      expect: 'change',
      arrange: template({ ...own, ...plainVolume }, { newer: { ...own, ...encryptedVolume } }),
    },
    { ...encrypting, name: 'instances that run', expect: 'change', hazards: ['in-use'], arrange: template({ ...own, ...plainVolume }, { running: true }) },
    {
      ...encrypting,
      name: 'one of a service',
      expect: 'change',
      hazards: ['of-a-service'],
      arrange: template({ ...own, ...plainVolume }, { tags: { AWSBatchServiceTag: 'batch' } }),
    },
    {
      ...encrypting,
      name: 'a volume of a snapshot',
      expect: 'manual',
      arrange: template({ ...own, BlockDeviceMappings: [{ DeviceName: '/dev/sdb', Ebs: { SnapshotId: 'snap-0123456789abcdef0' } }] }),
    },
    {
      ...encrypting,
      name: 'a template with an encrypted volume',
      expect: 'compliant',
      arrange: template({ ...own, BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true } }] }),
    },
    goneTemplate,
  ],
});

const unused =
  ({ used = false, named = false, isDefault = false } = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const ec2 = new EC2Client(sdk.config);
    const VpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).Vpc?.VpcId ?? '';
    const made = async (name: string) =>
      (await ec2.send(new CreateSecurityGroupCommand({ VpcId, GroupName: sdk.name(name), Description: name }))).GroupId ?? '';
    const Filters = [
      { Name: 'vpc-id', Values: [VpcId] },
      { Name: 'group-name', Values: ['default'] },
    ];
    const id = isDefault ? ((await ec2.send(new DescribeSecurityGroupsCommand({ Filters }))).SecurityGroups?.[0]?.GroupId ?? '') : await made('own');
    if (used) {
      const SubnetId = (await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.0.1.0/24' }))).Subnet?.SubnetId;
      await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, Groups: [id] }));
    }
    const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, UserIdGroupPairs: [{ GroupId: id }] }];
    if (named) await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: await made('other'), IpPermissions }));
    const ref = thing(sdk, 'SecurityGroup', id);
    await tagged(sdk, ref, 'team', 'net');
    return ref;
  };
describeRemediator(reportUnusedSecurityGroup, {
  account: { endpoint },
  goneCode: 'InvalidGroup.NotFound',
  scenarios: [
    {
      name: 'a group that has just been made',
      expect: 'manual',
      arrange: unused(),
      tag,
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'ec2', operation: 'CreateSecurityGroup', request: {}, response: { groupId: id } }),
    },
    { name: 'a group that rules of another one name', expect: 'manual', arrange: unused({ named: true }), tag },
    { name: 'a group of an interface', expect: 'compliant', arrange: unused({ used: true }), tag },
    { name: 'the default group of a VPC', expect: 'not-applicable', arrange: unused({ isDefault: true }), tag },
    noGroup,
  ],
});

describeRemediator(reportUnusedNetworkAcl, {
  account: { endpoint },
  goneCode: 'InvalidNetworkAclID.NotFound',
  scenarios: [
    {
      name: 'an ACL that has just been made',
      expect: 'manual',
      arrange: acl([]),
      tag,
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'ec2', operation: 'CreateNetworkAcl', request: {}, response: { networkAcl: { networkAclId: id } } }),
    },
    { name: 'an ACL of a subnet', expect: 'compliant', arrange: acl([], true), tag },
    {
      name: 'the default ACL of a VPC',
      expect: 'not-applicable',
      arrange: async (sdk) => {
        const ec2 = new EC2Client(sdk.config);
        const vpc = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).Vpc?.VpcId ?? '';
        const { NetworkAcls: [found] = [] } = await ec2.send(new DescribeNetworkAclsCommand({ Filters: [{ Name: 'vpc-id', Values: [vpc] }] }));
        return thing(sdk, 'NetworkAcl', found?.NetworkAclId);
      },
    },
  ],
});

/** Two tunnels: whether each logs, and is up. */
const tunnels =
  (...each: readonly (readonly [logs: boolean, up: boolean])[]) =>
  async (sdk: Sdk) => {
    const log = (logs: boolean) => ({
      logEnabled: logs,
      ...(logs ? { logGroupArn: 'arn:aws:logs:us-east-1:123456789012:log-group:own', logOutputFormat: 'text' } : {}),
    });
    const made = each.map(([logs, up], at) => ({ address: `203.0.113.${at + 1}`, up, log: log(logs) }));
    return thing(sdk, 'VPNConnection', played.connection(made, { team: 'net' }));
  };
const tunnelling: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag: tagged,
  rest: async (_, { id }) => JSON.stringify([played.connections.get(id)?.tags, played.connections.get(id)?.tunnels.map(({ address }) => address)]),
  breakAgain: async (_, { id }) => {
    for (const tunnel of played.connections.get(id)?.tunnels ?? [])
      Object.assign(tunnel, { up: true, log: { ...tunnel.log, logEnabled: tunnel.address.endsWith('.2') } });
  },
};
describeRemediator(enableSiteVpnLogging, {
  account: { endpoint: front.endpoint },
  goneCode: 'InvalidVpnConnectionID.NotFound',
  parameters: { logGroupArn: 'arn:aws:logs:{region}:123456789012:log-group:vpn' },
  scenarios: [
    { ...tunnelling, name: 'one tunnel of two logs nothing', expect: 'change', arrange: tunnels([false, true], [true, true]) },
    { ...tunnelling, name: 'neither tunnel logs anything', expect: 'change', steps: true, arrange: tunnels([false, true], [false, true]) },
    {
      ...tunnelling,
      name: 'someone has just turned it off',
      expect: 'change',
      arrange: tunnels([false, true], [true, true]),
      event: ({ account, region, id }) =>
        cloudTrailEvent({
          account,
          region,
          service: 'ec2',
          operation: 'ModifyVpnTunnelOptions',
          request: { ModifyVpnTunnelOptionsRequest: { VpnConnectionId: id } },
        }),
    },
    { ...tunnelling, name: 'the other tunnel is down', expect: 'change', hazards: ['other-tunnel-down'], arrange: tunnels([false, true], [true, false]) },
    { ...tunnelling, name: 'both tunnels log', expect: 'compliant', arrange: tunnels([true, true], [true, false]) },
    { name: 'a connection that is gone', expect: 'compliant', arrange: async (sdk) => thing(sdk, 'VPNConnection', 'vpn-0123456789abcdef0') },
  ],
});
