import { defineService } from '@redress/core';

/** EC2 as this package uses it. */
export const ec2 = defineService({
  id: 'ec2',
  load: () => import('./sdk.js'),
  client: 'EC2Client',
  operations: {
    DescribeSecurityGroups: {},
    DescribeSecurityGroupRules: {},
    DescribeNetworkInterfaces: {},
    DescribeInstances: {},
    DescribeTags: {},
    GetManagedPrefixListEntries: {},
    DescribeVolumes: {},
    GetEbsEncryptionByDefault: {},
    GetEbsDefaultKmsKeyId: {},
    // A rule that is already gone answers InvalidSecurityGroupRuleId.NotFound: sending it twice changes nothing more.
    RevokeSecurityGroupIngress: { retry: 'idempotent' },
    // A rule that is there already answers InvalidPermission.Duplicate. `CreateTags` is needed for the rule's tags.
    AuthorizeSecurityGroupIngress: {
      retry: 'idempotent',
      iam: ['ec2:AuthorizeSecurityGroupIngress', 'ec2:CreateTags'],
    },
    EnableEbsEncryptionByDefault: { retry: 'idempotent' },
    DisableEbsEncryptionByDefault: { retry: 'idempotent' },
  },
});

/**
 * Asks also for what AWS services manage, which an account may hide from whoever does not ask: it uses a security group, and has volumes, all the same.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
 */
export const HIDDEN_TOO = { IncludeManagedResources: true } as const;

/** Who holds a setting of the account, where it is not the account: a declarative policy of the organization. */
export const holder = (by: unknown): string | null => (typeof by === 'string' && by !== 'account' ? by : null);
