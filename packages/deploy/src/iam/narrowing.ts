import type { JsonObject } from '@redress/core';

/** How far the permission for one IAM action goes, and why not less far. */
export interface Narrowing {
  /** What the statement is called after: letters and digits. Actions of one name share a statement where everything else is the same. */
  readonly name: string;
  /** ARNs with `{partition}`, `{region}` and `{account}` to fill in; null: every resource, for AWS lets the action name none. */
  readonly resources: readonly string[] | null;
  /** More than resources: conditions that the API knows. */
  readonly conditions?: Conditions;
  /** Conditions whose value is the account: buckets have no account in their ARN. */
  readonly accountKey?: string;
  /** Whether IAM sees the tags of the resource (`aws:ResourceTag`), so that it can refuse to change what has the exception tag. */
  readonly tagged?: boolean;
  /** Whether it sets or takes away tags, so that the exception tag can be kept out of its reach. */
  readonly tags?: boolean;
  /** Answers in one region for all of them, so it is not narrowed by region. */
  readonly global?: boolean;
  /** What stays wider than the one resource that is meant, and why. */
  readonly rest: string;
}

/** The `Condition` of a statement: operator, key, values. */
export type Conditions = { readonly [operator: string]: { readonly [key: string]: string | readonly string[] | JsonObject } };

const describe = (name: string): Narrowing => ({
  name,
  resources: null,
  rest: 'EC2 has no resources for Describe calls: it shows everything of its kind in the account, and IAM can only name regions.',
});
const regional = (name: string, what: string): Narrowing => ({
  name,
  resources: null,
  rest: `${what} is a setting of account and region, not a resource: IAM can only name regions.`,
});
const account = (name: string, what: string): Narrowing => ({
  name,
  resources: null,
  global: true,
  rest: `${what} belongs to the account: IAM has no resource for it.`,
});
const bucket = (more: Partial<Narrowing> = {}): Narrowing => ({
  name: 'Bucket',
  resources: ['arn:{partition}:s3:::*'],
  // The ARN of a bucket names no account, and the policy of another account's bucket could let the role in.
  accountKey: 's3:ResourceAccount',
  rest: 'Every bucket of the account: which one is meant, only an event says.',
  ...more,
});
const writtenBucket = bucket({
  tagged: true,
  rest: 'Every bucket of the account. IAM sees the exception tag only on buckets with attribute-based access control turned on (`s3:PutBucketAbac`).',
});
const user = (more: Partial<Narrowing> = {}): Narrowing => ({
  name: 'User',
  resources: ['arn:{partition}:iam::{account}:user/*'],
  global: true,
  rest: 'Every user of the account: which one is meant, only an event says.',
  ...more,
});
const flaggedUser = user({
  name: 'UserFlag',
  tagged: true,
  tags: true,
  // A flag has the reserved prefix; without any key there would be nothing to compare.
  conditions: { 'ForAllValues:StringLike': { 'aws:TagKeys': 'redress:*' }, Null: { 'aws:TagKeys': 'false' } },
  rest: 'Every user of the account, but only tags that begin with `redress:`.',
});
const groups = 'arn:{partition}:ec2:{region}:{account}:security-group/*';
const groupRules = 'arn:{partition}:ec2:{region}:{account}:security-group-rule/*';
const logGroups = 'arn:{partition}:logs:{region}:{account}:log-group:*';

/**
 * How each action that remediators of Redress declare is narrowed, after the service authorization reference. A test compares every entry
 * with it: that the action exists, and that it knows these resources and condition keys.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export const NARROWING: Readonly<Record<string, Narrowing>> = {
  'ec2:DescribeSecurityGroups': describe('Ec2'),
  'ec2:DescribeSecurityGroupRules': describe('Ec2'),
  'ec2:DescribeNetworkInterfaces': describe('Ec2'),
  'ec2:DescribeInstances': describe('Ec2'),
  'ec2:DescribeTags': describe('Ec2'),
  'ec2:GetManagedPrefixListEntries': {
    name: 'PrefixLists',
    // Lists are shared by other accounts, and those of AWS belong to none.
    resources: ['arn:{partition}:ec2:{region}:*:prefix-list/*'],
    rest: 'Every prefix list that the account can see, those that others share with it too: which one a rule names, only the rule says.',
  },
  'ec2:DescribeVolumes': describe('Ec2'),
  'ec2:GetEbsEncryptionByDefault': regional('Ec2', 'EBS encryption by default'),
  'ec2:GetEbsDefaultKmsKeyId': regional('Ec2', 'The default key of EBS'),
  'ec2:EnableEbsEncryptionByDefault': regional('Ebs', 'EBS encryption by default'),
  'ec2:DisableEbsEncryptionByDefault': regional('Ebs', 'EBS encryption by default'),
  'ec2:RevokeSecurityGroupIngress': {
    name: 'SecurityGroup',
    resources: [groups],
    tagged: true,
    rest: 'Every rule of every group of the account: IAM does not see which rule. The tags of what uses the group, it does not see either.',
  },
  'ec2:AuthorizeSecurityGroupIngress': {
    name: 'SecurityGroup',
    // The rule too: it is made with its tags.
    resources: [groups, groupRules],
    rest: 'Any rule in any group of the account: IAM does not see ports or addresses. Only the rollback role has it.',
  },
  'ec2:CreateTags': {
    name: 'RuleTags',
    resources: [groupRules],
    conditions: { StringEquals: { 'ec2:CreateAction': 'AuthorizeSecurityGroupIngress' } },
    rest: 'Any tag, but only on a security group rule, and only as it is made: a rule that is taken back gets the tags it had.',
  },
  'config:DescribeConfigRules': {
    name: 'ConfigRules',
    resources: null,
    rest: 'It describes every Config rule of the account: IAM has no resource for it.',
  },
  'config:GetComplianceDetailsByConfigRule': {
    name: 'ConfigRuleResults',
    resources: ['arn:{partition}:config:{region}:{account}:config-rule/*'],
    rest: 'What every Config rule of the account has found: which one is tracked, its name says, and the ARN has an id.',
  },
  'config:GetComplianceDetailsByResource': {
    name: 'ConfigRules',
    resources: null,
    rest: 'What Config rules have found of any resource: IAM has no resource for it.',
  },
  'config:GetResourceConfigHistory': {
    name: 'ConfigRules',
    resources: null,
    rest: 'What AWS Config has recorded of any resource: IAM has no resource for it. It is read for tags.',
  },
  's3:ListAllMyBuckets': { name: 'S3', resources: null, rest: 'It lists the buckets of the account: IAM has no resource for it.' },
  's3:GetAccountPublicAccessBlock': {
    name: 'S3',
    resources: null,
    rest: 'It shows what the account blocks for all of its buckets: IAM has no resource for it.',
  },
  's3:GetBucketAcl': bucket(),
  's3:GetBucketOwnershipControls': bucket(),
  's3:GetBucketPolicy': bucket(),
  's3:GetBucketPolicyStatus': bucket(),
  's3:GetBucketPublicAccessBlock': bucket(),
  's3:GetBucketTagging': bucket(),
  's3:GetBucketWebsite': bucket(),
  's3:GetEncryptionConfiguration': bucket(),
  's3:PutBucketPublicAccessBlock': writtenBucket,
  's3:PutEncryptionConfiguration': writtenBucket,
  'iam:ListUsers': account('Iam', 'The list of users'),
  'iam:GetAccountPasswordPolicy': account('Iam', 'The password policy'),
  'iam:UpdateAccountPasswordPolicy': account('Iam', 'The password policy'),
  'iam:DeleteAccountPasswordPolicy': account('Iam', 'The password policy'),
  'iam:GetAccessKeyLastUsed': user(),
  'iam:ListAccessKeys': user(),
  'iam:GetUser': user(),
  // Of every role this would be every right that any of them has.
  'iam:PassRole': {
    name: 'PassRunbookRole',
    resources: ['arn:{partition}:iam::{account}:role/RedressRunbook*'],
    conditions: { StringEquals: { 'iam:PassedToService': 'ssm.amazonaws.com' } },
    global: true,
    rest: 'Roles whose names begin with `RedressRunbook`, to Systems Manager alone: `narrowing` names another.',
  },
  'iam:TagUser': flaggedUser,
  'iam:UntagUser': flaggedUser,
  'logs:DescribeLogGroups': { name: 'Logs', resources: null, rest: 'It lists the log groups of the account: IAM has no resource for it.' },
  'logs:ListTagsForResource': {
    name: 'LogGroup',
    resources: [logGroups],
    rest: 'Every log group of the account: which one is meant, only an event says.',
  },
  'logs:PutRetentionPolicy': {
    name: 'LogGroup',
    resources: [logGroups],
    tagged: true,
    rest: 'Every log group of the account, and any retention: IAM does not see the days.',
  },
};

/** What is not known to Redress: a remediator of somebody else declares it, and nobody said how to narrow it. */
export const UNKNOWN: Narrowing = { name: 'Other', resources: null, rest: 'Redress does not know this action; `narrowing` narrows it.' };
