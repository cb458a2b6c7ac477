import { type JsonObject, type Remediator, resource } from '@redress/core';
import { cloudTrailEvent, faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import {
  closeDefaultSecurityGroup,
  createEc2InterfaceEndpoint,
  disableSubnetAutoPublicIp,
  disableTgwAutoAccept,
  enableClientVpnLogging,
  enableSiteVpnLogging,
  enableSourceDestCheck,
  enableVpcFlowLogs,
  encryptVolumesInLaunchTemplate,
  limitImdsHopCount,
  makeAmiPrivate,
  makeEbsSnapshotPrivate,
  removePublicIpFromLaunchTemplate,
  replaceSgAllTrafficOpen,
  requireImdsv2InLaunchTemplate,
  requireImdsv2OnInstance,
  revokeNaclOpenAdminPorts,
  revokeSgOpenHighRiskPorts,
  revokeSgUnauthorizedOpenPorts,
  setImdsv2AccountDefault,
} from '../src/index.js';

interface Thing {
  tags: { Key: string; Value: string }[];
  public: boolean;
  flowLogs: { FlowLogId: string; TrafficType: string }[];
  endpoints: string[];
  assigns: boolean;
  tokens: string;
  accepts: string;
  hops: number;
  checked: boolean;
  logs: boolean;
  entries: Record<string, unknown>[];
}
const known = (custom: Record<string, unknown>, id: string | undefined, code: string): Thing => {
  const found = (custom as Record<string, Thing>)[id ?? ''];
  if (found === undefined) throw new SimulatedError(code, 400);
  return found;
};
const listed = (custom: Record<string, unknown>, ids: readonly string[] | undefined, code: string, account: string, as: string) =>
  (ids ?? Object.keys(custom).sort()).map((id) => ({ [as]: id, OwnerId: account, Tags: known(custom, id, code).tags }));
const [NO_SNAPSHOT, NO_VPC] = ['InvalidSnapshot.NotFound', 'InvalidVpcID.NotFound'] as const;
const [NO_GATEWAY, NO_ACL] = ['InvalidTransitGatewayID.NotFound', 'InvalidNetworkAclID.NotFound'] as const;
const [NO_INTERFACE, NO_VPN] = ['InvalidNetworkInterfaceID.NotFound', 'InvalidClientVpnEndpointId.NotFound'] as const;
const NO_CONNECTION = 'InvalidVpnConnectionID.NotFound';
const [NO_SUBNET, NO_INSTANCE] = ['InvalidSubnetID.NotFound', 'InvalidInstanceID.NotFound'] as const;

/** As much of EC2 as these use, in which each thing is a snapshot, a VPC, a subnet and an instance. */
const ec2: Readonly<Record<string, Operation>> = {
  DescribeSnapshots: (
    { custom },
    { SnapshotIds, RestorableByUserIds }: { readonly SnapshotIds?: string[]; readonly RestorableByUserIds?: string[] },
    { account },
  ) => ({
    Snapshots: listed(custom, SnapshotIds, NO_SNAPSHOT, account, 'SnapshotId').filter(
      ({ SnapshotId }) => RestorableByUserIds === undefined || known(custom, String(SnapshotId), NO_SNAPSHOT).public,
    ),
  }),
  DescribeSnapshotAttribute: ({ custom }, { SnapshotId }: { readonly SnapshotId: string }) => ({
    CreateVolumePermissions: [{ UserId: '222222222222' }, ...(known(custom, SnapshotId, NO_SNAPSHOT).public ? [{ Group: 'all' }] : [])],
  }),
  ModifySnapshotAttribute: ({ custom }, { SnapshotId, OperationType }: { readonly SnapshotId: string; readonly OperationType: string }) => {
    known(custom, SnapshotId, NO_SNAPSHOT).public = OperationType === 'add';
    return {};
  },
  DescribeVpcs: ({ custom }, { VpcIds }: { readonly VpcIds?: string[] }, { account }) => ({ Vpcs: listed(custom, VpcIds, NO_VPC, account, 'VpcId') }),
  DescribeVpcEndpoints: ({ custom }, { Filters: [filter] }: { readonly Filters: { readonly Values: string[] }[] }) => ({
    VpcEndpoints: ((custom as Record<string, Thing>)[filter?.Values[0] ?? '']?.endpoints ?? []).map((VpcEndpointId) => ({
      VpcEndpointId,
      VpcEndpointType: 'Interface',
      State: 'available',
    })),
  }),
  CreateVpcEndpoint: (state, { VpcId }: { readonly VpcId: string }) => {
    const VpcEndpointId = `vpce-${++state.made}`;
    known(state.custom, VpcId, NO_VPC).endpoints.push(VpcEndpointId);
    return { VpcEndpoint: { VpcEndpointId } };
  },
  DeleteVpcEndpoints: ({ custom }, { VpcEndpointIds }: { readonly VpcEndpointIds: string[] }) => {
    for (const thing of Object.values(custom as Record<string, Thing>)) thing.endpoints = thing.endpoints.filter((each) => !VpcEndpointIds.includes(each));
    return { Unsuccessful: [] };
  },
  DescribeSecurityGroups: () => ({ SecurityGroups: [{ GroupId: 'sg-1', GroupName: 'endpoints' }] }),
  // Who asks by filters looks for the subnets of an endpoint.
  DescribeSubnets: ({ custom }, { SubnetIds, Filters }: { readonly SubnetIds?: string[]; readonly Filters?: object[] }, { account }) => ({
    Subnets: (Filters === undefined
      ? listed(custom, SubnetIds, NO_SUBNET, account, 'SubnetId')
      : [{ SubnetId: 'subnet-1', Tags: [{ Key: 'tier', Value: 'endpoints' }] }]
    ).map((each) => ({
      ...each,
      VpcId: 'vpc-1',
      AvailabilityZone: 'us-east-1a',
      MapPublicIpOnLaunch: (custom as Record<string, Thing | undefined>)[String(each['SubnetId'])]?.assigns,
    })),
  }),
  DescribeRouteTables: () => ({ RouteTables: [{ RouteTableId: 'rtb-1', Routes: [{ GatewayId: 'local' }] }] }),
  ModifySubnetAttribute: (
    { custom },
    { SubnetId, MapPublicIpOnLaunch }: { readonly SubnetId: string; readonly MapPublicIpOnLaunch: { readonly Value: boolean } },
  ) => {
    known(custom, SubnetId, NO_SUBNET).assigns = MapPublicIpOnLaunch.Value;
    return {};
  },
  DescribeInstances: ({ custom }, { InstanceIds }: { readonly InstanceIds?: string[] }, { account }) => ({
    Reservations: [
      {
        Instances: listed(custom, InstanceIds, NO_INSTANCE, account, 'InstanceId').map((each) => ({
          ...each,
          State: { Name: 'running' },
          MetadataOptions: {
            HttpTokens: known(custom, String(each['InstanceId']), NO_INSTANCE).tokens,
            HttpPutResponseHopLimit: known(custom, String(each['InstanceId']), NO_INSTANCE).hops,
          },
        })),
      },
    ],
  }),
  ModifyInstanceMetadataOptions: (
    { custom },
    {
      InstanceId,
      HttpTokens,
      HttpPutResponseHopLimit,
    }: { readonly InstanceId: string; readonly HttpTokens?: string; readonly HttpPutResponseHopLimit?: number },
  ) => {
    const thing = known(custom, InstanceId, NO_INSTANCE);
    thing.tokens = HttpTokens ?? thing.tokens;
    thing.hops = HttpPutResponseHopLimit ?? thing.hops;
    return {};
  },
  DescribeNetworkInterfaces: ({ custom }, { NetworkInterfaceIds }: { readonly NetworkInterfaceIds?: string[] }, { account }) => ({
    NetworkInterfaces: listed(custom, NetworkInterfaceIds, NO_INTERFACE, account, 'NetworkInterfaceId').map(({ Tags, ...each }) => ({
      ...each,
      TagSet: Tags,
      VpcId: 'vpc-1',
      InterfaceType: 'interface',
      SourceDestCheck: known(custom, String(each['NetworkInterfaceId']), NO_INTERFACE).checked,
    })),
  }),
  ModifyNetworkInterfaceAttribute: (
    { custom },
    { NetworkInterfaceId, SourceDestCheck }: { readonly NetworkInterfaceId: string; readonly SourceDestCheck: { readonly Value: boolean } },
  ) => {
    known(custom, NetworkInterfaceId, NO_INTERFACE).checked = SourceDestCheck.Value;
    return {};
  },
  DescribeClientVpnEndpoints: ({ custom }, { ClientVpnEndpointIds }: { readonly ClientVpnEndpointIds?: string[] }, { account }) => ({
    ClientVpnEndpoints: listed(custom, ClientVpnEndpointIds, NO_VPN, account, 'ClientVpnEndpointId').map((each) => ({
      ...each,
      CreationTime: '2026-01-01T00:00:00',
      ConnectionLogOptions: { Enabled: known(custom, String(each['ClientVpnEndpointId']), NO_VPN).logs },
    })),
  }),
  ModifyClientVpnEndpoint: (
    { custom },
    { ClientVpnEndpointId, ConnectionLogOptions }: { readonly ClientVpnEndpointId: string; readonly ConnectionLogOptions: { readonly Enabled: boolean } },
  ) => {
    known(custom, ClientVpnEndpointId, NO_VPN).logs = ConnectionLogOptions.Enabled;
    return {};
  },
  // The second tunnel logs, and both are up.
  DescribeVpnConnections: ({ custom }, { VpnConnectionIds }: { readonly VpnConnectionIds?: string[] }, { account }) => ({
    VpnConnections: listed(custom, VpnConnectionIds, NO_CONNECTION, account, 'VpnConnectionId').map((each) => ({
      ...each,
      State: 'available',
      Options: {
        TunnelOptions: [known(custom, String(each['VpnConnectionId']), NO_CONNECTION).logs, true].map((LogEnabled, at) => ({
          OutsideIpAddress: `203.0.113.${at + 1}`,
          LogOptions: { CloudWatchLogOptions: { LogEnabled } },
        })),
      },
      VgwTelemetry: [1, 2].map((at) => ({ OutsideIpAddress: `203.0.113.${at}`, Status: 'UP' })),
    })),
  }),
  ModifyVpnTunnelOptions: (
    { custom },
    {
      VpnConnectionId,
      TunnelOptions,
    }: {
      readonly VpnConnectionId: string;
      readonly TunnelOptions: { readonly LogOptions: { readonly CloudWatchLogOptions: { readonly LogEnabled: boolean } } };
    },
  ) => {
    known(custom, VpnConnectionId, NO_CONNECTION).logs = TunnelOptions.LogOptions.CloudWatchLogOptions.LogEnabled;
    return {};
  },
  DescribeImages: ({ custom }, { ImageIds }: { readonly ImageIds?: string[] }, { account }) => ({
    Images: listed(custom, ImageIds, 'InvalidAMIID.NotFound', account, 'ImageId').map((each) => ({
      ...each,
      Public: known(custom, String(each['ImageId']), 'InvalidAMIID.NotFound').public,
    })),
  }),
  ModifyImageAttribute: (
    { custom },
    { ImageId, LaunchPermission: { Add } }: { readonly ImageId: string; readonly LaunchPermission: { readonly Add?: object[] } },
  ) => {
    known(custom, ImageId, 'InvalidAMIID.NotFound').public = Add !== undefined;
    return {};
  },
  DescribeTransitGateways: ({ custom }, { TransitGatewayIds }: { readonly TransitGatewayIds?: string[] }, { account }) => ({
    TransitGateways: listed(custom, TransitGatewayIds, NO_GATEWAY, account, 'TransitGatewayId').map((each) => ({
      ...each,
      State: 'available',
      CreationTime: new Date(0),
      Options: { AutoAcceptSharedAttachments: known(custom, String(each['TransitGatewayId']), NO_GATEWAY).accepts },
    })),
  }),
  ModifyTransitGateway: (
    { custom },
    { TransitGatewayId, Options }: { readonly TransitGatewayId: string; readonly Options: { readonly AutoAcceptSharedAttachments: string } },
  ) => {
    known(custom, TransitGatewayId, NO_GATEWAY).accepts = Options.AutoAcceptSharedAttachments;
    return {};
  },
  DescribeNetworkAcls: ({ custom }, { NetworkAclIds }: { readonly NetworkAclIds?: string[] }, { account }) => ({
    NetworkAcls: listed(custom, NetworkAclIds, NO_ACL, account, 'NetworkAclId').map((each) => ({
      ...each,
      IsDefault: false,
      Associations: [],
      Entries: known(custom, String(each['NetworkAclId']), NO_ACL).entries,
    })),
  }),
  DeleteNetworkAclEntry: ({ custom }, { NetworkAclId, RuleNumber }: { readonly NetworkAclId: string; readonly RuleNumber: number }) => {
    const thing = known(custom, NetworkAclId, NO_ACL);
    const left = thing.entries.filter((each) => each['RuleNumber'] !== RuleNumber);
    if (left.length === thing.entries.length) throw new SimulatedError('InvalidNetworkAclEntry.NotFound', 400);
    thing.entries = left;
    return {};
  },
  CreateNetworkAclEntry: ({ custom }, { NetworkAclId, ...made }: { readonly NetworkAclId: string; readonly RuleNumber: number }) => {
    const { entries } = known(custom, NetworkAclId, NO_ACL);
    if (entries.some((each) => each['RuleNumber'] === made.RuleNumber)) throw new SimulatedError('NetworkAclEntryAlreadyExists', 400);
    entries.push(made);
    return {};
  },
  DescribeFlowLogs: ({ custom }, { Filter: [filter] }: { readonly Filter: { readonly Values: string[] }[] }) => ({
    FlowLogs: ((custom as Record<string, Thing>)[filter?.Values[0] ?? '']?.flowLogs ?? []).map((each) => ({ ...each, FlowLogStatus: 'ACTIVE' })),
  }),
  CreateFlowLogs: (state, { ResourceIds: [id], TrafficType }: { readonly ResourceIds: string[]; readonly TrafficType: string }) => {
    const { flowLogs } = known(state.custom, id, NO_VPC);
    if (flowLogs.some((each) => each.TrafficType === TrafficType)) throw new SimulatedError('FlowLogAlreadyExists', 400);
    const FlowLogId = `fl-${++state.made}`;
    flowLogs.push({ FlowLogId, TrafficType });
    return { FlowLogIds: [FlowLogId], Unsuccessful: [] };
  },
  DeleteFlowLogs: ({ custom }, { FlowLogIds }: { readonly FlowLogIds: string[] }) => {
    for (const thing of Object.values(custom as Record<string, Thing>))
      thing.flowLogs = thing.flowLogs.filter(({ FlowLogId }) => !FlowLogIds.includes(FlowLogId));
    return {};
  },
};
const SSH = { RuleNumber: 90, Protocol: '6', RuleAction: 'allow', Egress: false, CidrBlock: '0.0.0.0/0', PortRange: { From: 22, To: 22 } };
const PARAMETERS: Readonly<Record<string, JsonObject>> = {
  [enableVpcFlowLogs.id]: { destination: 'arn:aws:logs:us-east-1:111111111111:log-group:flows', roleArn: 'arn:aws:iam::111111111111:role/flows' },
  [enableClientVpnLogging.id]: { logGroup: 'clients' },
  [enableSiteVpnLogging.id]: { logGroupArn: 'arn:aws:logs:us-east-1:111111111111:log-group:vpn' },
  [createEc2InterfaceEndpoint.id]: { subnetTag: 'tier=endpoints', securityGroup: 'endpoints', privateDns: false },
};
const sound = (): Thing => ({
  tags: [],
  public: false,
  flowLogs: [{ FlowLogId: 'fl-0', TrafficType: 'ALL' }],
  endpoints: ['vpce-0'],
  assigns: false,
  tokens: 'required',
  accepts: 'disable',
  hops: 1,
  checked: true,
  logs: true,
  entries: [],
});

it.each<[id: string, Remediator, type: string, subject: string, broken: Partial<Thing>, isOpen: (thing: Thing) => boolean]>([
  [makeEbsSnapshotPrivate.id, makeEbsSnapshotPrivate, 'AWS::EC2::Snapshot', 'snap-0123456789abcdef0', { public: true }, (thing) => thing.public],
  [enableVpcFlowLogs.id, enableVpcFlowLogs, 'AWS::EC2::VPC', 'vpc-0123456789abcdef0', { flowLogs: [] }, (thing) => thing.flowLogs.length === 0],
  [
    createEc2InterfaceEndpoint.id,
    createEc2InterfaceEndpoint,
    'AWS::EC2::VPC',
    'vpc-0123456789abcdef0',
    { endpoints: [] },
    (thing) => thing.endpoints.length === 0,
  ],
  [enableSiteVpnLogging.id, enableSiteVpnLogging, 'AWS::EC2::VPNConnection', 'vpn-0123456789abcdef0', { logs: false }, (thing) => !thing.logs],
  [disableSubnetAutoPublicIp.id, disableSubnetAutoPublicIp, 'AWS::EC2::Subnet', 'subnet-0123456789abcdef0', { assigns: true }, (thing) => thing.assigns],
  [
    requireImdsv2OnInstance.id,
    requireImdsv2OnInstance,
    'AWS::EC2::Instance',
    'i-0123456789abcdef0',
    { tokens: 'optional' },
    (thing) => thing.tokens !== 'required',
  ],
  [makeAmiPrivate.id, makeAmiPrivate, 'AWS::EC2::Image', 'ami-0123456789abcdef0', { public: true }, (thing) => thing.public],
  [
    disableTgwAutoAccept.id,
    disableTgwAutoAccept,
    'AWS::EC2::TransitGateway',
    'tgw-0123456789abcdef0',
    { accepts: 'enable' },
    (thing) => thing.accepts === 'enable',
  ],
  [
    revokeNaclOpenAdminPorts.id,
    revokeNaclOpenAdminPorts,
    'AWS::EC2::NetworkAcl',
    'acl-0123456789abcdef0',
    { entries: [SSH] },
    (thing) => thing.entries.length > 0,
  ],
  [limitImdsHopCount.id, limitImdsHopCount, 'AWS::EC2::Instance', 'i-0123456789abcdef0', { hops: 2 }, (thing) => thing.hops > 1],
  [enableSourceDestCheck.id, enableSourceDestCheck, 'AWS::EC2::NetworkInterface', 'eni-0123456789abcdef0', { checked: false }, (thing) => !thing.checked],
  [
    enableClientVpnLogging.id,
    enableClientVpnLogging,
    'AWS::EC2::ClientVpnEndpoint',
    'cvpn-endpoint-0123456789abcdef0',
    { logs: false },
    (thing) => !thing.logs,
  ],
])('%s survives every fault at every call', async (_, remediator, type, subject, broken, isOpen) => {
  const report = await faultMatrix(remediator, {
    services: { ec2 },
    parameters: PARAMETERS[remediator.id] ?? {},
    arrange(account) {
      Object.assign(account.state.custom, { beside: sound(), [subject]: sound() });
      const now = () => (account.state.custom as Record<string, Thing>)[subject];
      const own = { account: account.account, region: 'us-east-1' };
      const gap = reportedGap({
        resource: resource({ type, id: subject, ...own }),
        rule: String(remediator.configRules[1]),
        open: () => Object.assign(now() ?? {}, structuredClone(broken)),
        isOpen: () => {
          const thing = now();
          return thing !== undefined && isOpen(thing);
        },
        others: {
          delete: () => delete account.state.custom[subject],
          fix: () => {
            const thing = now();
            if (thing === undefined) return;
            const { flowLogs: _logs, endpoints: _endpoints, tags: _tags, ...settings } = sound();
            Object.assign(thing, settings);
            if (thing.flowLogs.length === 0) thing.flowLogs.push({ FlowLogId: 'fl-theirs', TrafficType: 'REJECT' });
            if (thing.endpoints.length === 0) thing.endpoints.push('vpce-theirs');
          },
          change: () => now()?.tags.push({ Key: 'team', Value: 'x' }),
        },
      });
      if (remediator.configRules.length > 0) return gap;
      // No rule looks at it: whoever changed it is what is known.
      return {
        ...gap,
        open(at) {
          gap.open(at);
          return cloudTrailEvent({ ...own, service: 'ec2', operation: 'ModifyImageAttribute', request: { imageId: subject }, time: new Date(at) });
        },
      };
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(150);
});

/** As much of EC2 as the defaults of an account need. */
const defaults: Readonly<Record<string, Operation>> = {
  GetInstanceMetadataDefaults: ({ custom }) => ({ AccountLevel: { ManagedBy: 'account', ...(custom['defaults'] as object) } }),
  ModifyInstanceMetadataDefaults: ({ custom }, { HttpTokens }: { readonly HttpTokens: string }) => {
    // What has no preference is left out of what is described.
    const { HttpTokens: _, ...rest } = custom['defaults'] as Record<string, unknown>;
    custom['defaults'] = HttpTokens === 'no-preference' ? rest : { ...rest, HttpTokens };
    return { Return: true };
  },
};

it('ec2-set-imdsv2-account-default survives every fault at every call', async () => {
  const report = await faultMatrix(setImdsv2AccountDefault, {
    services: { ec2: defaults },
    arrange(account) {
      const { custom } = account.state as { custom: Record<string, { HttpTokens?: string }> };
      const set = (value: object) => Object.assign(custom, { defaults: { HttpEndpoint: 'enabled', ...value } });
      const own = { account: account.account, region: 'us-east-1' };
      set({ HttpTokens: 'required' });
      return {
        ref: resource({ type: 'AWS::::Account', id: account.account, ...own }),
        open(at) {
          set({});
          return cloudTrailEvent({ ...own, service: 'ec2', operation: 'ModifyInstanceMetadataDefaults', request: {}, time: new Date(at) });
        },
        isOpen: () => custom['defaults']?.HttpTokens !== 'required',
        others: {
          fix: () => set({ ...custom['defaults'], HttpTokens: 'required' }),
          change: () => set({ ...custom['defaults'], HttpPutResponseHopLimit: 2 }),
        },
      };
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(100);
});

interface Template {
  tags: { Key: string; Value: string }[];
  /** What each version says, the first of them first. */
  versions: object[];
  default: number;
}
const templateOf = (custom: Record<string, unknown>, id: string): Template => {
  const found = (custom as Record<string, Template>)[id];
  if (found === undefined) throw new SimulatedError('InvalidLaunchTemplateId.NotFound', 400);
  return found;
};
/** As much of EC2 as launch templates need. */
const templates: Readonly<Record<string, Operation>> = {
  DescribeLaunchTemplates: ({ custom }, { LaunchTemplateIds = Object.keys(custom).sort() }: { readonly LaunchTemplateIds?: string[] }) => ({
    LaunchTemplates: LaunchTemplateIds.map((id) => ({ LaunchTemplateId: id, Tags: templateOf(custom, id).tags })),
  }),
  DescribeLaunchTemplateVersions: ({ custom }, { LaunchTemplateId }: { readonly LaunchTemplateId: string }) => {
    const { versions, default: inUse } = templateOf(custom, LaunchTemplateId);
    const shown = [...new Set([inUse, versions.length])];
    return {
      LaunchTemplateVersions: shown.map((VersionNumber) => ({
        VersionNumber,
        DefaultVersion: VersionNumber === inUse,
        LaunchTemplateData: versions[VersionNumber - 1],
      })),
    };
  },
  DescribeInstances: () => ({ Reservations: [] }),
  ModifyLaunchTemplate: ({ custom }, { LaunchTemplateId, DefaultVersion }: { readonly LaunchTemplateId: string; readonly DefaultVersion: string }) => {
    templateOf(custom, LaunchTemplateId).default = Number(DefaultVersion);
    return {};
  },
};

it.each<[id: string, Remediator, gap: object, right: object]>([
  [
    requireImdsv2InLaunchTemplate.id,
    requireImdsv2InLaunchTemplate,
    { MetadataOptions: { HttpTokens: 'optional' } },
    { MetadataOptions: { HttpTokens: 'required' } },
  ],
  [
    removePublicIpFromLaunchTemplate.id,
    removePublicIpFromLaunchTemplate,
    { NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: true }] },
    { NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: false }] },
  ],
  [
    encryptVolumesInLaunchTemplate.id,
    encryptVolumesInLaunchTemplate,
    { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: false } }] },
    { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true } }] },
  ],
])('%s makes the version that has not the gap the default, whatever fails', async (_, remediator, gap, right) => {
  const SUBJECT = 'lt-0123456789abcdef0';
  const report = await faultMatrix(remediator, {
    services: { ec2: templates },
    arrange(account) {
      const sound = (): Template => ({
        tags: [],
        versions: [
          { ImageId: 'ami-1', ...gap },
          { ImageId: 'ami-1', ...right },
        ],
        default: 2,
      });
      Object.assign(account.state.custom, { 'lt-00000000000000000': sound(), [SUBJECT]: sound() });
      const now = () => (account.state.custom as Record<string, Template>)[SUBJECT];
      const own = { account: account.account, region: 'us-east-1' };
      return {
        ref: resource({ type: 'AWS::EC2::LaunchTemplate', id: SUBJECT, ...own }),
        open(at) {
          Object.assign(now() ?? {}, { default: 1 });
          const response = { ModifyLaunchTemplateResponse: { launchTemplate: { launchTemplateId: SUBJECT } } };
          return cloudTrailEvent({ ...own, service: 'ec2', operation: 'ModifyLaunchTemplate', request: {}, response, time: new Date(at) });
        },
        isOpen: () => now()?.default === 1,
        others: {
          delete: () => delete account.state.custom[SUBJECT],
          fix: () => Object.assign(now() ?? {}, { default: 2 }),
          change: () => now()?.tags.push({ Key: 'team', Value: 'x' }),
        },
      };
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(150);
});

interface Group {
  rules: Record<string, object>;
  tags: { Key: string; Value: string }[];
}
const NO_GROUP = 'InvalidGroup.NotFound';
const groupOf = (custom: Record<string, unknown>, id: string): Group => {
  const found = (custom as Record<string, Group>)[id];
  if (found === undefined) throw new SimulatedError(NO_GROUP, 400);
  return found;
};
interface Pair {
  readonly IpProtocol: string;
  readonly IpRanges?: readonly { readonly CidrIp: string; readonly Description?: string }[];
  readonly UserIdGroupPairs?: readonly { readonly GroupId: string }[];
}
type Changed = { readonly GroupId: string; readonly SecurityGroupRuleIds: readonly string[]; readonly IpPermissions: readonly Pair[] };
let made = 0;
const authorize =
  (IsEgress: boolean): Operation =>
  ({ custom }, { GroupId, IpPermissions }: Changed) => {
    const { rules } = groupOf(custom, GroupId);
    for (const { IpProtocol, IpRanges = [], UserIdGroupPairs = [] } of IpPermissions)
      for (const rule of [
        ...IpRanges.map(({ CidrIp, Description }) => ({ CidrIpv4: CidrIp, ...(Description === undefined ? {} : { Description }) })),
        ...UserIdGroupPairs.map((ReferencedGroupInfo) => ({ ReferencedGroupInfo })),
      ]) {
        const whole = { IsEgress, IpProtocol, ...rule };
        if (Object.values(rules).some((each) => JSON.stringify(each) === JSON.stringify(whole))) throw new SimulatedError('InvalidPermission.Duplicate', 400);
        rules[`sgr-${++made}`] = whole;
      }
    return {};
  };
const revoke =
  (): Operation =>
  ({ custom }, { GroupId, SecurityGroupRuleIds }: Changed) => {
    const { rules } = groupOf(custom, GroupId);
    for (const id of SecurityGroupRuleIds) if (rules[id] === undefined) throw new SimulatedError('InvalidSecurityGroupRuleId.NotFound', 400);
    for (const id of SecurityGroupRuleIds) delete rules[id];
    return {};
  };
/** As much of EC2 as groups need. */
const groups: Readonly<Record<string, Operation>> = {
  DescribeSecurityGroups: (
    { custom },
    { GroupIds, Filters }: { readonly GroupIds?: string[]; readonly Filters?: { readonly Name: string }[] },
    { account },
  ) => ({
    SecurityGroups: (Filters?.[0]?.Name.includes('ip-permission') === true ? [] : (GroupIds ?? Object.keys(custom).sort())).map((GroupId) => ({
      GroupId,
      GroupName: 'default',
      OwnerId: account,
      Tags: groupOf(custom, GroupId).tags,
    })),
  }),
  DescribeSecurityGroupRules: (
    { custom },
    {
      Filters: [
        {
          Values: [id = ''],
        },
      ],
    }: { readonly Filters: [{ readonly Values: string[] }] },
  ) => ({
    SecurityGroupRules: Object.entries((custom as Record<string, Group>)[id]?.rules ?? {}).map(([SecurityGroupRuleId, rule]) => ({
      SecurityGroupRuleId,
      ...rule,
    })),
  }),
  DescribeNetworkInterfaces: () => ({ NetworkInterfaces: [] }),
  RevokeSecurityGroupIngress: revoke(),
  RevokeSecurityGroupEgress: revoke(),
  AuthorizeSecurityGroupIngress: authorize(false),
  AuthorizeSecurityGroupEgress: authorize(true),
};

it('ec2-close-default-security-group survives every fault at every call, of both of its steps', async () => {
  const SUBJECT = 'sg-0123456789abcdef0';
  const open = () => ({
    'sgr-in': { IsEgress: false, IpProtocol: '-1', ReferencedGroupInfo: { GroupId: SUBJECT } },
    'sgr-out': { IsEgress: true, IpProtocol: '-1', CidrIpv4: '0.0.0.0/0' },
  });
  const report = await faultMatrix(closeDefaultSecurityGroup, {
    services: { ec2: groups },
    // Each way has a call of its own.
    calls: 2,
    arrange(account) {
      Object.assign(account.state.custom, { 'sg-00000000000000000': { rules: {}, tags: [] }, [SUBJECT]: { rules: {}, tags: [] } });
      const now = () => (account.state.custom as Record<string, Group>)[SUBJECT];
      return reportedGap({
        resource: resource({ type: 'AWS::EC2::SecurityGroup', id: SUBJECT, account: account.account, region: 'us-east-1' }),
        rule: 'vpc-default-security-group-closed',
        open: () => Object.assign(now() ?? {}, { rules: open() }),
        isOpen: () => Object.keys(now()?.rules ?? {}).length > 0,
        others: {
          delete: () => delete account.state.custom[SUBJECT],
          fix: () => Object.assign(now() ?? {}, { rules: {} }),
          change: () => now()?.tags.push({ Key: 'team', Value: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(250);
});

it.each<[id: string, Remediator, opened: { readonly IpProtocol: string; readonly FromPort?: number; readonly ToPort?: number }]>([
  [revokeSgOpenHighRiskPorts.id, revokeSgOpenHighRiskPorts, { IpProtocol: 'tcp', FromPort: 3306, ToPort: 3306 }],
  [revokeSgUnauthorizedOpenPorts.id, revokeSgUnauthorizedOpenPorts, { IpProtocol: 'udp', FromPort: 53, ToPort: 53 }],
  [replaceSgAllTrafficOpen.id, replaceSgAllTrafficOpen, { IpProtocol: '-1' }],
])('%s survives every fault at every call', async (_, remediator, opened) => {
  const report = await faultMatrix(remediator, {
    parameters: remediator === replaceSgAllTrafficOpen ? { keep: ['tcp/443'] } : {},
    arrange(account) {
      const { GroupId } = account.act('ec2', 'CreateSecurityGroup', { GroupName: 'subject', Description: 'subject' }) as { GroupId: string };
      const authorize = (IpPermission: object) => account.act('ec2', 'AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: [IpPermission] });
      authorize({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] });
      const open = () =>
        account.state.groups[GroupId]?.rules.filter(
          (rule) => !rule.egress && rule.cidr === '0.0.0.0/0' && rule.protocol === opened.IpProtocol && rule.from !== 443,
        ) ?? [];
      const attempt = (what: () => unknown) => () => {
        try {
          what();
        } catch {
          // What is gone, or done already, cannot be done again.
        }
      };
      return {
        ref: resource({ type: 'AWS::EC2::SecurityGroup', id: GroupId, account: account.account, region: 'us-east-1' }),
        open(at) {
          authorize({ ...opened, IpRanges: [{ CidrIp: '0.0.0.0/0' }] });
          const { IpProtocol: ipProtocol, FromPort: fromPort = -1, ToPort: toPort = -1 } = opened;
          return cloudTrailEvent({
            account: account.account,
            region: 'us-east-1',
            service: 'ec2',
            operation: 'AuthorizeSecurityGroupIngress',
            time: new Date(at),
            request: { groupId: GroupId, ipPermissions: { items: [{ ipProtocol, fromPort, toPort, ipRanges: { items: [{ cidrIp: '0.0.0.0/0' }] } }] } },
          });
        },
        isOpen: () => open().length > 0,
        others: {
          delete: attempt(() => account.act('ec2', 'DeleteSecurityGroup', { GroupId })),
          fix: attempt(() => account.act('ec2', 'RevokeSecurityGroupIngress', { GroupId, SecurityGroupRuleIds: open().map(({ id }) => id) })),
          change: attempt(() => authorize({ IpProtocol: 'tcp', FromPort: 8081, ToPort: 8081, IpRanges: [{ CidrIp: '192.0.2.0/24' }] })),
        },
      };
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(200);
});
