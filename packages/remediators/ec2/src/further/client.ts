import { defineService } from '@redress/core';

/** EC2 as the further remediators use it: those that do not come with the command load nothing of it. */
export const ec2 = defineService({
  id: 'ec2',
  load: () => import('./sdk.js'),
  client: 'EC2Client',
  operations: {
    DescribeSnapshots: {},
    DescribeSnapshotAttribute: {},
    DescribeVpcs: {},
    DescribeVpcAttribute: {},
    DescribeVpcEndpoints: {},
    DescribeFlowLogs: {},
    DescribeInstances: {},
    DescribeRouteTables: {},
    DescribeInternetGateways: {},
    DescribeSubnets: {},
    DescribeImages: {},
    DescribeNetworkAcls: {},
    DescribeTransitGateways: {},
    DescribeSecurityGroups: {},
    DescribeSecurityGroupRules: {},
    DescribeNetworkInterfaces: {},
    DescribeClientVpnEndpoints: {},
    DescribeVpnConnections: {},
    DescribeLaunchTemplates: {},
    DescribeLaunchTemplateVersions: {},
    GetInstanceMetadataDefaults: {},
    // A rule that is gone already, or there already, is an error of its own: sent twice, nothing more changes.
    RevokeSecurityGroupIngress: { retry: 'idempotent' },
    RevokeSecurityGroupEgress: { retry: 'idempotent' },
    AuthorizeSecurityGroupIngress: { retry: 'idempotent' },
    AuthorizeSecurityGroupEgress: { retry: 'idempotent' },
    // Each sets what it names: sent twice, it changes nothing more.
    ModifySnapshotAttribute: { retry: 'idempotent' },
    ModifySubnetAttribute: { retry: 'idempotent' },
    ModifyInstanceMetadataOptions: { retry: 'idempotent' },
    ModifyImageAttribute: { retry: 'idempotent' },
    ModifyTransitGateway: { retry: 'idempotent' },
    ModifyInstanceMetadataDefaults: { retry: 'idempotent' },
    ModifyNetworkInterfaceAttribute: { retry: 'idempotent' },
    ModifyClientVpnEndpoint: { retry: 'idempotent' },
    ModifyLaunchTemplate: { retry: 'idempotent' },
    CreateLaunchTemplateVersion: { retry: 'client-token' },
    // Each replaces the tunnel: what has become of it is looked at first.
    ModifyVpnTunnelOptions: { retry: 'verify-first' },
    // An entry that is gone already, or there already, is an error of its own: sent twice, nothing more changes.
    DeleteNetworkAclEntry: { retry: 'idempotent' },
    CreateNetworkAclEntry: { retry: 'idempotent' },
    // A role is passed for CloudWatch Logs, and a delivery is made for S3.
    CreateFlowLogs: { iam: ['ec2:CreateFlowLogs', 'iam:PassRole', 'logs:CreateLogDelivery'], retry: 'client-token' },
    CreateVpcEndpoint: { retry: 'client-token' },
    DeleteVpcEndpoints: { retry: 'idempotent' },
    DeleteFlowLogs: { iam: ['ec2:DeleteFlowLogs', 'logs:DeleteLogDelivery'], retry: 'idempotent' },
  },
});
