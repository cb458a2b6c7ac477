import { describe, expect, it } from 'vitest';
import { type CallRecord, resourcesOfCall } from './cloudtrail-resources.js';

const call = (service: string, operation: string, request: unknown, response: unknown = null, more: Partial<CallRecord> = {}): readonly string[] =>
  resourcesOfCall({
    service,
    operation,
    account: '111111111111',
    request,
    response,
    identity: { type: 'IAMUser', userName: 'kim' },
    resources: undefined,
    ...more,
  }).map(({ type, id }) => `${type} ${id}`);

describe('resourcesOfCall', () => {
  it('names the changed group, not the groups that its rules refer to', () => {
    const referring = { groupId: 'sg-1', ipPermissions: { items: [{ groups: { items: [{ groupId: 'sg-2' }] } }] } };
    expect(call('ec2', 'AuthorizeSecurityGroupIngress', referring)).toEqual(['AWS::EC2::SecurityGroup sg-1']);
  });

  it('reads the flat form of a rule', () => {
    expect(
      call('ec2', 'AuthorizeSecurityGroupIngress', { groupId: 'sg-1', ipProtocol: 'tcp', fromPort: 22, toPort: 22, cidrIp: '0.0.0.0/0', ipPermissions: {} }),
    ).toEqual(['AWS::EC2::SecurityGroup sg-1']);
  });

  it('finds the group in the response when the request only names it', () => {
    expect(
      call('ec2', 'AuthorizeSecurityGroupIngress', { groupName: 'web' }, { securityGroupRuleSet: { items: [{ groupId: 'sg-1' }, { groupId: 'sg-1' }] } }),
    ).toEqual(['AWS::EC2::SecurityGroup sg-1']);
    expect(call('ec2', 'CreateSecurityGroup', { groupName: 'web' }, { groupId: 'sg-1' })).toEqual(['AWS::EC2::SecurityGroup sg-1']);
  });

  it('reads wrapped PascalCase requests', () => {
    const request = {
      ModifySecurityGroupRulesRequest: {
        GroupId: 'sg-1',
        SecurityGroupRule: { SecurityGroupRuleId: 'sgr-1', tag: 1, SecurityGroupRule: { CidrIpv4: '0.0.0.0/0', ReferencedGroupId: 'sg-2' } },
      },
    };
    expect(call('ec2', 'ModifySecurityGroupRules', request)).toEqual(['AWS::EC2::SecurityGroup sg-1']);
    expect(
      call('ec2', 'DeleteFlowLogs', {
        DeleteFlowLogsRequest: {
          FlowLogId: [
            { tag: 1, content: 'fl-1' },
            { tag: 2, content: 'fl-2' },
          ],
        },
      }),
    ).toEqual(['AWS::EC2::FlowLog fl-1', 'AWS::EC2::FlowLog fl-2']);
    expect(call('ec2', 'ModifyInstanceMetadataOptions', { ModifyInstanceMetadataOptionsRequest: { InstanceId: 'i-1' } })).toEqual(['AWS::EC2::Instance i-1']);
  });

  it.each([
    ['ec2', 'DisableEbsEncryptionByDefault'],
    ['s3', 'DeleteAccountPublicAccessBlock'],
    ['iam', 'UpdateAccountPasswordPolicy'],
    ['ssm', 'UpdateServiceSetting'],
    ['macie2', 'DisableMacie'],
    ['inspector2', 'Disable'],
    ['account', 'DeleteAlternateContact'],
    ['organizations', 'LeaveOrganization'],
    ['config', 'StopConfigurationRecorder'],
    ['guardduty', 'StopMonitoringMembers'],
  ])('%s:%s is about the account', (service, operation) => {
    expect(call(service, operation, { [`${operation}Request`]: '' })).toEqual(['AWS::::Account 111111111111']);
    expect(call(service, operation, null, null, { account: null })).toEqual([]);
  });

  it.each<[string, string, unknown, unknown, string[]]>([
    ['ec2', 'ModifyManagedPrefixList', { ModifyManagedPrefixListRequest: { PrefixListId: 'pl-1', AddEntry: {} } }, null, ['AWS::EC2::PrefixList pl-1']],
    ['ec2', 'AttachInternetGateway', { internetGatewayId: 'igw-1', vpcId: 'vpc-1' }, null, ['AWS::EC2::InternetGateway igw-1']],
    ['ec2', 'CreateInternetGateway', {}, { internetGateway: { internetGatewayId: 'igw-1' } }, ['AWS::EC2::InternetGateway igw-1']],
    ['ec2', 'CreateVpnConnection', { type: 'ipsec.1' }, { vpnConnection: { vpnConnectionId: 'vpn-1' } }, ['AWS::EC2::VPNConnection vpn-1']],
    [
      'ec2',
      'ModifyClientVpnEndpoint',
      { ModifyClientVpnEndpointRequest: { ClientVpnEndpointId: 'cvpn-endpoint-1' } },
      null,
      ['AWS::EC2::ClientVpnEndpoint cvpn-endpoint-1'],
    ],
    ['ec2', 'DeleteVpcEndpoints', { DeleteVpcEndpointsRequest: { VpcEndpointId: { tag: 1, content: 'vpce-1' } } }, null, ['AWS::EC2::VPCEndpoint vpce-1']],
    ['ssm', 'ModifyDocumentPermission', { name: 'Own-Document', permissionType: 'Share', accountIdsToAdd: ['all'] }, null, ['AWS::SSM::Document Own-Document']],
    ['ecs', 'UpdateClusterSettings', { cluster: 'web', settings: [] }, { cluster: { clusterName: 'web' } }, ['AWS::ECS::Cluster web']],
    [
      'config',
      'DeleteConfigurationRecorder',
      { configurationRecorderName: 'default' },
      null,
      ['AWS::::Account 111111111111', 'AWS::Config::ConfigurationRecorder default'],
    ],
    [
      'guardduty',
      'DeleteDetector',
      { detectorId: '12abc34d567e8fa901bc2d34e56789f0' },
      null,
      ['AWS::::Account 111111111111', 'AWS::GuardDuty::Detector 12abc34d567e8fa901bc2d34e56789f0'],
    ],
    ['organizations', 'RemoveAccountFromOrganization', { accountId: '222222222222' }, null, ['AWS::Organizations::Account 222222222222']],
    [
      'ec2',
      'RunInstances',
      { instancesSet: { items: [{ imageId: 'ami-1' }] }, groupSet: { items: [{ groupId: 'sg-1' }] } },
      { instancesSet: { items: [{ instanceId: 'i-1' }, { instanceId: 'i-2' }] } },
      ['AWS::EC2::Instance i-1', 'AWS::EC2::Instance i-2'],
    ],
    ['ec2', 'RunInstances', { instancesSet: {} }, null, []],
    ['ec2', 'CreateVolume', { size: '1' }, { volumeId: 'vol-1' }, ['AWS::EC2::Volume vol-1']],
    ['ec2', 'ModifySnapshotAttribute', { snapshotId: 'snap-1' }, null, ['AWS::EC2::Snapshot snap-1']],
    ['ec2', 'CreateTags', { resourcesSet: { items: [{ resourceId: 'vol-0a1b2c3d' }, { resourceId: 'what' }] } }, null, ['AWS::EC2::Volume vol-0a1b2c3d']],
    ['s3', 'PutBucketPolicy', { bucketName: 'invoices', bucketPolicy: {} }, null, ['AWS::S3::Bucket invoices']],
    ['iam', 'AttachUserPolicy', { userName: 'kim', policyArn: 'arn:aws:iam::aws:policy/X' }, null, ['AWS::IAM::User kim']],
    ['iam', 'CreateAccessKey', { userName: 'bo' }, { accessKey: { accessKeyId: 'AKIA1', userName: 'bo' } }, ['AWS::IAM::AccessKey AKIA1', 'AWS::IAM::User bo']],
    ['iam', 'CreateAccessKey', null, null, ['AWS::IAM::User kim']],
    ['iam', 'UpdateAccessKey', { accessKeyId: 'AKIA1', status: 'Active' }, null, ['AWS::IAM::AccessKey AKIA1', 'AWS::IAM::User kim']],
    ['iam', 'UpdateAssumeRolePolicy', { roleName: 'r' }, null, ['AWS::IAM::Role r']],
    ['logs', 'DeleteRetentionPolicy', { logGroupName: '/a/b' }, null, ['AWS::Logs::LogGroup /a/b']],
    ['logs', 'PutRetentionPolicy', { logGroupIdentifier: 'arn:aws:logs:eu-west-1:111111111111:log-group:/a/b' }, null, ['AWS::Logs::LogGroup /a/b']],
    ['cloudtrail', 'StopLogging', { name: 'main' }, null, ['AWS::CloudTrail::Trail main']],
    ['cloudtrail', 'StopLogging', { name: 'arn:aws:cloudtrail:eu-west-1:111111111111:trail/main' }, null, ['AWS::CloudTrail::Trail main']],
    [
      'cloudtrail',
      'StopLogging',
      { name: 'arn:aws:cloudtrail:eu-west-1:222222222222:trail/org' },
      null,
      ['AWS::CloudTrail::Trail arn:aws:cloudtrail:eu-west-1:222222222222:trail/org'],
    ],
    ['cloudtrail', 'PutEventSelectors', { trailName: 'main' }, null, ['AWS::CloudTrail::Trail main']],
    [
      'lambda',
      'UpdateFunctionConfiguration20150331v2',
      { functionName: 'arn:aws:lambda:eu-west-1:111111111111:function:f' },
      null,
      ['AWS::Lambda::Function f'],
    ],
    ['rds', 'ModifyDBInstance', { dBInstanceIdentifier: 'orders' }, null, ['AWS::RDS::DBInstance orders']],
    ['unheard-of', 'DoIt', { bucketName: 'x' }, null, []],
    ['constructor', '__proto__', {}, null, []],
  ])('%s:%s', (service, operation, request, response, expected) => {
    expect(call(service, operation, request, response)).toEqual(expected);
  });

  it('reads the key of an alias from the resources of the record', () => {
    const resources = [{ ARN: 'arn:aws:kms:eu-west-1:111111111111:key/1234abcd', accountId: '111111111111', type: 'AWS::KMS::Key' }];
    expect(call('kms', 'DisableKeyRotation', { keyId: 'alias/main' }, null, { resources })).toEqual(['AWS::KMS::Key 1234abcd']);
  });

  it('does not use an ARN of something else as a name', () => {
    expect(call('logs', 'PutRetentionPolicy', { logGroupIdentifier: 'arn:aws:s3:::invoices' })).toEqual([]);
  });

  it('ignores a role that acts on itself: only IAM users have a user name', () => {
    expect(call('iam', 'CreateAccessKey', null, null, { identity: { type: 'AssumedRole', userName: 'x' } })).toEqual([]);
  });

  it('is bounded', () => {
    const items = Array.from({ length: 5000 }, (_, i) => ({ instanceId: `i-${i}` }));
    expect(call('ec2', 'StopInstances', { instancesSet: { items } }).length).toBeLessThanOrEqual(100);
    let deep: unknown = { groupId: 'sg-1' };
    for (let i = 0; i < 100; i++) deep = { deep };
    expect(call('ec2', 'ModifySecurityGroupRules', deep)).toEqual([]);
  });
});
