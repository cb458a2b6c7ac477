// The only file of this package that imports an SDK client.
import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVolumesCommand,
  DisableEbsEncryptionByDefaultCommand,
  EC2Client,
  EnableEbsEncryptionByDefaultCommand,
  GetEbsDefaultKmsKeyIdCommand,
  GetEbsEncryptionByDefaultCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { defineService } from '@redress/core';

/** EC2 as this package uses it. */
export const ec2 = defineService({
  id: 'ec2',
  client: EC2Client,
  operations: {
    DescribeSecurityGroups: { command: DescribeSecurityGroupsCommand },
    DescribeSecurityGroupRules: { command: DescribeSecurityGroupRulesCommand },
    DescribeNetworkInterfaces: { command: DescribeNetworkInterfacesCommand },
    DescribeInstances: { command: DescribeInstancesCommand },
    DescribeVolumes: { command: DescribeVolumesCommand },
    GetEbsEncryptionByDefault: { command: GetEbsEncryptionByDefaultCommand },
    GetEbsDefaultKmsKeyId: { command: GetEbsDefaultKmsKeyIdCommand },
    // A rule that is already gone answers InvalidSecurityGroupRuleId.NotFound: sending it twice changes nothing more.
    RevokeSecurityGroupIngress: { command: RevokeSecurityGroupIngressCommand, retry: 'idempotent' },
    // A rule that is there already answers InvalidPermission.Duplicate. `CreateTags` is needed for the rule's tags.
    AuthorizeSecurityGroupIngress: {
      command: AuthorizeSecurityGroupIngressCommand,
      retry: 'idempotent',
      iam: ['ec2:AuthorizeSecurityGroupIngress', 'ec2:CreateTags'],
    },
    EnableEbsEncryptionByDefault: { command: EnableEbsEncryptionByDefaultCommand, retry: 'idempotent' },
    DisableEbsEncryptionByDefault: { command: DisableEbsEncryptionByDefaultCommand, retry: 'idempotent' },
  },
});
