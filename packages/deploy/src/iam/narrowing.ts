import type { JsonObject } from '@redress/core';

/** How narrow the permission for one IAM action is, and why it is not narrower. */
export interface Narrowing {
  /** The name of the statement: letters and digits. Actions with the same name share a statement if everything else is equal. */
  readonly name: string;
  /** ARNs with the placeholders `{partition}`, `{region}` and `{account}`; null: every resource, because AWS does not support resources for the action. */
  readonly resources: readonly string[] | null;
  /** Conditions that the API supports, in addition to resources. */
  readonly conditions?: Conditions;
  /** Conditions only for the fix role, if one action works in both directions and the API can distinguish them. */
  readonly fixing?: Conditions;
  /** Conditions whose value is the account, because the ARNs of buckets contain none. */
  readonly accountKey?: string;
  /** Whether IAM sees the tags of the resource (`aws:ResourceTag`), so that it can deny changes of resources with the exception tag. */
  readonly tagged?: boolean;
  /** Whether it sets or removes tags, so that it can be kept from touching the exception tag. */
  readonly tags?: boolean;
  /** It is served from one region for all regions, so it is not narrowed by region. */
  readonly global?: boolean;
  /** What remains wider than the single resource, and why. */
  readonly rest: string;
}

/** The `Condition` of a statement: operator, key, values. */
export type Conditions = { readonly [operator: string]: { readonly [key: string]: string | readonly string[] | JsonObject } };

const describe = (name: string): Narrowing => ({
  name,
  resources: null,
  rest: 'EC2 Describe calls have no resources: they show everything of their kind in the account. IAM can only restrict the region.',
});
const regional = (name: string, what: string): Narrowing => ({
  name,
  resources: null,
  rest: `${what} is a setting of account and region, not a resource. IAM can only restrict the region.`,
});
const account = (name: string, what: string): Narrowing => ({
  name,
  resources: null,
  global: true,
  rest: `${what} belongs to the account. IAM has no resource for it.`,
});
const bucket = (more: Partial<Narrowing> = {}): Narrowing => ({
  name: 'Bucket',
  resources: ['arn:{partition}:s3:::*'],
  // The ARN of a bucket contains no account, and another account's bucket policy could grant access to the role.
  accountKey: 's3:ResourceAccount',
  rest: 'Every bucket of the account: only an event shows which one.',
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
  rest: 'Every user of the account: only an event shows which one.',
  ...more,
});
const flaggedUser = user({
  name: 'UserFlag',
  tagged: true,
  tags: true,
  // A flag has the reserved prefix. Without any key there would be nothing to compare.
  conditions: { 'ForAllValues:StringLike': { 'aws:TagKeys': 'redress:*' }, Null: { 'aws:TagKeys': 'false' } },
  rest: 'Every user of the account, but only tags that start with `redress:`.',
});
/** Resources of one kind in the account. */
const kind = (name: string, what: string, resources: readonly string[], more: Partial<Narrowing> = {}): Narrowing => ({
  name,
  resources: resources.map((each) => `arn:{partition}:${each}`),
  rest: `Every ${what} of the account: only an event shows which one.`,
  ...more,
});
const listing = (name: string, what: string): Narrowing => ({
  name,
  resources: null,
  rest: `It lists the ${what} of the account. IAM has no resource for it.`,
});
const written = { tagged: true };
// An organization trail belongs to the management account, and member accounts can see it.
const anyTrail = {
  name: 'TrailOfAny',
  resources: ['arn:{partition}:cloudtrail:{region}:*:trail/*'],
  rest: 'Every trail that the account can see, including the trail of its organization: the status of each is read.',
};
const certificate = () => kind('Certificate', 'certificate', ['acm:{region}:{account}:certificate/*']);
const lambdaFunction = (more?: Partial<Narrowing>) => kind('Function', 'function', ['lambda:{region}:{account}:function:*'], more);
const trail = (more?: Partial<Narrowing>) => kind('Trail', 'trail', ['cloudtrail:{region}:{account}:trail/*'], more);
const table = (more?: Partial<Narrowing>) => kind('Table', 'table', ['dynamodb:{region}:{account}:table/*'], more);
const fileSystem = (more?: Partial<Narrowing>) => kind('FileSystem', 'file system', ['elasticfilesystem:{region}:{account}:file-system/*'], more);
const domain = (more?: Partial<Narrowing>) => kind('Domain', 'OpenSearch Service domain', ['es:{region}:{account}:domain/*'], more);
const detector = (more?: Partial<Narrowing>) => kind('Detector', 'detector', ['guardduty:{region}:{account}:detector/*'], more);
const key = (more?: Partial<Narrowing>) => kind('Key', 'KMS key', ['kms:{region}:{account}:key/*'], more);
const cluster = (more?: Partial<Narrowing>) => kind('Cluster', 'Redshift cluster', ['redshift:{region}:{account}:cluster:*'], more);
const parameterGroup = (more?: Partial<Narrowing>) =>
  kind('ParameterGroup', 'Redshift parameter group', ['redshift:{region}:{account}:parametergroup:*'], more);
const backupPlan = (more?: Partial<Narrowing>) => kind('BackupPlan', 'backup plan', ['backup:{region}:{account}:backup-plan:*'], more);
const document = (more?: Partial<Narrowing>) => kind('Document', 'Systems Manager document', ['ssm:{region}:{account}:document/*'], more);
const webAcl = (more?: Partial<Narrowing>) =>
  // The scope is regional or CloudFront.
  kind('WebAcl', 'web ACL', ['wafv2:{region}:{account}:*/webacl/*/*'], more);
const hub = (rest: string): Narrowing => kind('SecurityHub', '', ['securityhub:{region}:{account}:hub/default'], { rest });
const stageOf = 'arn:{partition}:apigateway:{region}::/restapis/*/stages/*';
/** The service name of an endpoint for the EC2 API; in China it begins with `cn.`. */
const EC2_API = '*com.amazonaws.*.ec2';
/** AWS managed policies whose principals are listed. */
const LOOKED_FOR = ['AWSSupportAccess', 'AWSCloudShellFullAccess'];
/** The only policy that is detached. Its partition is that of the role. */
const detached = (from: 'user' | 'role' | 'group', more?: Partial<Narrowing>) =>
  kind('Detached', '', [`iam::{account}:${from}/*`], {
    conditions: { ArnLike: { 'iam:PolicyARN': 'arn:*:iam::aws:policy/AWSCloudShellFullAccess' } },
    global: true,
    rest: `Every ${from} of the account, and only one AWS managed policy.`,
    ...more,
  });
/** Roles that services create for themselves when they are enabled. */
const LINKED = [
  { service: 'guardduty.amazonaws.com', role: 'AWSServiceRoleForAmazonGuardDuty' },
  { service: 'securityhub.amazonaws.com', role: 'AWSServiceRoleForSecurityHub' },
];
const groups = 'arn:{partition}:ec2:{region}:{account}:security-group/*';
const groupRules = 'arn:{partition}:ec2:{region}:{account}:security-group-rule/*';
const logGroups = 'arn:{partition}:logs:{region}:{account}:log-group:*';

/**
 * How each action that the remediators of Redress declare is narrowed, according to the service authorization reference. A test compares every entry with
 * it: the action has to exist, and to support these resources and condition keys. The parameters of the policy say which roles may be passed
 * (`iam:PassRole`).
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export const NARROWING: Readonly<Record<string, Narrowing>> = {
  'ec2:DescribeSecurityGroups': describe('Ec2'),
  'ec2:DescribeSecurityGroupRules': describe('Ec2'),
  'ec2:DescribeNetworkInterfaces': describe('Ec2'),
  'ec2:DescribeInstances': describe('Ec2'),
  'ec2:DescribeTags': describe('Ec2'),
  'ec2:DescribeFlowLogs': describe('Ec2'),
  'ec2:DescribeInternetGateways': describe('Ec2'),
  'ec2:DescribeRouteTables': describe('Ec2'),
  'ec2:DescribeSnapshots': describe('Ec2'),
  'ec2:DescribeVpcs': describe('Ec2'),
  'ec2:DescribeSubnets': describe('Ec2'),
  'ec2:DescribeImages': describe('Ec2'),
  'ec2:DescribeNetworkAcls': describe('Ec2'),
  'ec2:DescribeTransitGateways': describe('Ec2'),
  'ec2:DescribeClientVpnEndpoints': describe('Ec2'),
  'ec2:DescribeVpnConnections': describe('Ec2'),
  'ec2:ModifyVpnTunnelOptions': kind('VpnConnection', 'VPN connection', ['ec2:{region}:{account}:vpn-connection/*'], {
    ...written,
    rest: 'Every VPN connection of the account, and any option of its tunnels: IAM does not see which one is changed.',
  }),
  'ec2:DescribeLaunchTemplates': describe('Ec2'),
  'ec2:DescribeLaunchTemplateVersions': describe('Ec2'),
  'ec2:CreateLaunchTemplateVersion': kind('LaunchTemplate', 'launch template', ['ec2:{region}:{account}:launch-template/*'], {
    ...written,
    rest: 'A version of every launch template of the account, with any parameters: IAM does not see which ones.',
  }),
  'ec2:ModifyLaunchTemplate': kind('LaunchTemplate', 'launch template', ['ec2:{region}:{account}:launch-template/*'], {
    ...written,
    rest: 'The default version of every launch template of the account: IAM does not see which one it becomes.',
  }),
  'ec2:GetInstanceMetadataDefaults': regional('Ec2', 'The default for instance metadata'),
  'ec2:ModifyInstanceMetadataDefaults': regional('MetadataDefaults', 'The default for instance metadata'),
  'ec2:ModifyNetworkInterfaceAttribute': kind('NetworkInterface', 'network interface', ['ec2:{region}:{account}:network-interface/*'], {
    ...written,
    rest: 'Every network interface of the account, and any attribute of it, including its security groups: IAM does not see which one is changed.',
  }),
  'ec2:ModifyClientVpnEndpoint': kind('ClientVpnEndpoint', 'Client VPN endpoint', ['ec2:{region}:{account}:client-vpn-endpoint/*'], {
    ...written,
    rest: 'Every Client VPN endpoint of the account, and any option of it: IAM does not see which one is changed.',
  }),
  'ec2:ModifyImageAttribute': {
    name: 'Image',
    resources: ['arn:{partition}:ec2:{region}::image/*'],
    accountKey: 'ec2:Owner',
    // IAM does not see who gains or loses access. But it sees that it is public already, so nothing private is shared.
    fixing: { Bool: { 'ec2:Public': 'true' } },
    tagged: true,
    rest: 'Every image of the account, and any attribute of it: IAM does not see who gains or loses access. The fix role can change an image only while it is public. The rollback role can share an image with anybody.',
  },
  'ec2:ModifyTransitGateway': kind('TransitGateway', 'transit gateway', ['ec2:{region}:{account}:transit-gateway/*'], {
    ...written,
    rest: 'Every transit gateway of the account, and any option of it: IAM does not see which one is changed.',
  }),
  'ec2:DeleteNetworkAclEntry': kind('NetworkAcl', 'network ACL', ['ec2:{region}:{account}:network-acl/*'], {
    ...written,
    rest: 'Every entry of every network ACL of the account: IAM does not see which one.',
  }),
  'ec2:CreateNetworkAclEntry': kind('NetworkAcl', 'network ACL', ['ec2:{region}:{account}:network-acl/*'], {
    rest: 'Any entry in any network ACL of the account: IAM does not see ports or addresses. Only the rollback role has this permission.',
  }),
  'ec2:ModifySubnetAttribute': kind('Subnet', 'subnet', ['ec2:{region}:{account}:subnet/*'], {
    ...written,
    rest: 'Every subnet of the account, and any attribute of it: IAM does not see which one is changed.',
  }),
  'ec2:ModifyInstanceMetadataOptions': kind('Instance', 'instance', ['ec2:{region}:{account}:instance/*'], {
    ...written,
    rest: 'Every instance of the account: IAM does not see whether tokens are required, or their hop limit.',
  }),
  'ec2:DescribeSnapshotAttribute': {
    name: 'Snapshot',
    resources: ['arn:{partition}:ec2:{region}::snapshot/*'],
    rest: 'Every snapshot: its ARN contains no account, and only its owner may read its attributes.',
  },
  'ec2:ModifySnapshotAttribute': {
    name: 'SharedSnapshot',
    resources: ['arn:{partition}:ec2:{region}::snapshot/*'],
    accountKey: 'ec2:Owner',
    // If nobody can be added, somebody can only be removed.
    fixing: { Null: { 'ec2:Add/group': 'true', 'ec2:Add/userId': 'true' } },
    tagged: true,
    rest: 'Every snapshot of the account. The fix role can only stop sharing a snapshot. The rollback role can share one with anybody.',
  },
  'ec2:CreateFlowLogs': {
    name: 'FlowLog',
    // The logged resource, and the flow log that is created.
    resources: ['arn:{partition}:ec2:{region}:{account}:vpc/*', 'arn:{partition}:ec2:{region}:{account}:vpc-flow-log/*'],
    tagged: true,
    rest: 'Every VPC of the account, and any destination: IAM does not see it. It does see the role that is passed.',
  },
  'ec2:DeleteFlowLogs': kind('FlowLog', 'flow log', ['ec2:{region}:{account}:vpc-flow-log/*'], {
    rest: 'Every flow log of the account: only the record shows which one a fix created. Only the rollback role has this permission.',
  }),
  'ec2:DescribeVpcEndpoints': describe('Ec2'),
  'ec2:DescribeVpcAttribute': kind('Vpc', 'VPC', ['ec2:{region}:{account}:vpc/*']),
  'ec2:CreateVpcEndpoint': {
    name: 'VpcEndpoint',
    // Its network, its security groups, and the endpoint that is created.
    resources: ['vpc', 'subnet', 'security-group', 'vpc-endpoint'].map((each) => `arn:{partition}:ec2:{region}:{account}:${each}/*`),
    tagged: true,
    // Of the four, only the endpoint has a service.
    conditions: { StringLikeIfExists: { 'ec2:VpceServiceName': EC2_API } },
    rest: 'Every VPC, subnet and security group of the account, but only for an endpoint of the EC2 API: IAM does not see whether calls are diverted to it.',
  },
  'ec2:DeleteVpcEndpoints': kind('VpcEndpoint', 'endpoint', ['ec2:{region}:{account}:vpc-endpoint/*'], {
    conditions: { StringLike: { 'ec2:VpceServiceName': EC2_API } },
    rest: 'Every endpoint of the EC2 API of the account: only the record shows which one a fix created. Only the rollback role has this permission.',
  }),
  'ec2:GetManagedPrefixListEntries': {
    name: 'PrefixLists',
    // Lists are shared by other accounts, and those of AWS belong to none.
    resources: ['arn:{partition}:ec2:{region}:*:prefix-list/*'],
    rest: 'Every prefix list that the account can see, including those shared with it: only the rule shows which one it uses.',
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
    rest: 'Every rule of every group of the account: IAM does not see which rule. It does not see the tags of what uses the group either.',
  },
  'ec2:AuthorizeSecurityGroupIngress': {
    name: 'SecurityGroup',
    // The rule as well: it is created with its tags.
    resources: [groups, groupRules],
    rest: 'Any rule in any group of the account: IAM does not see ports or addresses. Only the rollback role has this permission.',
  },
  'ec2:RevokeSecurityGroupEgress': {
    name: 'SecurityGroup',
    resources: [groups],
    tagged: true,
    rest: 'Every outbound rule of every group of the account: IAM does not see which rule, or whether the group is a default one.',
  },
  'ec2:AuthorizeSecurityGroupEgress': {
    name: 'SecurityGroup',
    resources: [groups],
    rest: 'Any outbound rule in any group of the account: IAM does not see ports or addresses. Only the rollback role has this permission.',
  },
  'ec2:CreateTags': {
    name: 'RuleTags',
    resources: [groupRules],
    conditions: { StringEquals: { 'ec2:CreateAction': 'AuthorizeSecurityGroupIngress' } },
    rest: 'Any tag, but only on a security group rule, and only when it is created: a restored rule gets its previous tags.',
  },
  'config:DescribeConfigRules': {
    name: 'ConfigRules',
    resources: null,
    rest: 'It describes every Config rule of the account. IAM has no resource for it.',
  },
  'config:GetComplianceDetailsByConfigRule': {
    name: 'ConfigRuleResults',
    resources: ['arn:{partition}:config:{region}:{account}:config-rule/*'],
    rest: 'The results of every Config rule of the account: rules are tracked by name, but the ARN has an id.',
  },
  'config:GetComplianceDetailsByResource': {
    name: 'ConfigRules',
    resources: null,
    rest: 'The results of Config rules for any resource. IAM has no resource for it.',
  },
  'config:GetResourceConfigHistory': {
    name: 'ConfigRules',
    resources: null,
    rest: 'What AWS Config has recorded about any resource. IAM has no resource for it. Only the tags are used.',
  },
  'acm:DescribeCertificate': certificate(),
  'acm:ListCertificates': listing('Certificates', 'certificates'),
  'acm:ListTagsForCertificate': certificate(),
  'apigateway:GET': {
    name: 'RestApis',
    resources: ['/account', '/restapis', '/restapis/*/stages', '/restapis/*/stages/*'].map((each) => `arn:{partition}:apigateway:{region}::${each}`),
    rest: 'The setting of the account, and every REST API and stage: their ARNs contain no account, and API Gateway only shows those of the caller.',
  },
  'apigateway:PATCH': {
    name: 'Stage',
    resources: [stageOf],
    tagged: true,
    rest: 'Every stage of a REST API: its ARN contains no account, and IAM does not see which setting is changed.',
  },
  'backup:ListBackupPlans': listing('BackupPlans', 'backup plans'),
  'backup:ListBackupSelections': backupPlan(),
  'backup:GetBackupSelection': backupPlan(),
  'backup:CreateBackupSelection': backupPlan({
    ...written,
    rest: 'Every backup plan of the account, and any resources: IAM does not see what is selected. It does see the role that is passed.',
  }),
  'backup:DeleteBackupSelection': backupPlan({
    rest: 'Every selection of every backup plan of the account: only the record shows which one a fix created. Only the rollback role has this permission.',
  }),
  'cloudtrail:DescribeTrails': listing('Trails', 'trails'),
  'cloudtrail:ListTrails': listing('Trails', 'trails'),
  'cloudtrail:GetTrail': trail(),
  'cloudtrail:GetTrailStatus': anyTrail,
  'cloudtrail:GetEventSelectors': anyTrail,
  'cloudtrail:ListTags': trail(),
  'cloudtrail:CreateTrail': trail({
    rest: 'A trail with any name in the account, delivered to any bucket that accepts it: IAM does not see the bucket. There are no tags yet.',
  }),
  'cloudtrail:PutEventSelectors': trail({ ...written, rest: 'Every trail of the account: IAM does not see what it will record.' }),
  'cloudtrail:StartLogging': trail(written),
  'cloudtrail:UpdateTrail': trail({ ...written, rest: 'Every trail of the account, and any setting of it: IAM does not see which one is changed.' }),
  'dynamodb:DescribeContinuousBackups': table(),
  'dynamodb:DescribeTable': table(),
  'dynamodb:ListTables': listing('Tables', 'tables'),
  'dynamodb:ListTagsOfResource': table(),
  'dynamodb:UpdateTable': table({ ...written, rest: 'Every table of the account, and any setting of it: IAM does not see which one is changed.' }),
  'dynamodb:UpdateContinuousBackups': table({ ...written, rest: 'Every table of the account: IAM does not see whether backups are turned on or off.' }),
  'ecs:DescribeTaskDefinition': listing('TaskDefinitions', 'task definitions'),
  'ecs:ListTaskDefinitions': listing('TaskDefinitions', 'task definitions'),
  'elasticfilesystem:DescribeBackupPolicy': fileSystem(),
  'elasticfilesystem:DescribeFileSystems': fileSystem({ rest: 'It lists the file systems of the account.' }),
  'elasticfilesystem:PutBackupPolicy': fileSystem({
    ...written,
    rest: 'Every file system of the account: IAM does not see whether backups are turned on or off.',
  }),
  'elasticloadbalancing:DescribeListeners': listing('LoadBalancers', 'listeners'),
  'elasticloadbalancing:DescribeLoadBalancerAttributes': listing('LoadBalancers', 'load balancer attributes'),
  'elasticloadbalancing:DescribeLoadBalancers': listing('LoadBalancers', 'load balancers'),
  'elasticloadbalancing:DescribeRules': listing('LoadBalancers', 'listener rules'),
  'elasticloadbalancing:DescribeTags': listing('LoadBalancers', 'load balancer tags'),
  'elasticloadbalancing:ModifyListener': kind('Listener', 'listener', ['elasticloadbalancing:{region}:{account}:listener/app/*/*/*'], {
    ...written,
    rest: 'Every listener of an application load balancer of the account, and any action of it: IAM does not see where it redirects to.',
  }),
  'elasticloadbalancing:ModifyLoadBalancerAttributes': kind('LoadBalancer', 'load balancer', ['elasticloadbalancing:{region}:{account}:loadbalancer/*'], {
    ...written,
    rest: 'Every load balancer of the account, and any attribute of it: IAM does not see which one is changed.',
  }),
  'es:DescribeDomain': domain(),
  'es:ListDomainNames': listing('Domains', 'OpenSearch Service domains'),
  'es:ListTags': domain(),
  'es:UpdateDomainConfig': domain({
    ...written,
    rest: 'Every OpenSearch Service domain of the account, and any setting of it: IAM does not see which one is changed.',
  }),
  'guardduty:CreateDetector': regional('Detectors', 'Whether GuardDuty is on'),
  'guardduty:GetDetector': detector(),
  'guardduty:ListDetectors': listing('Detectors', 'detectors'),
  'guardduty:UpdateDetector': detector({ ...written, rest: 'Every detector of the account: IAM does not see whether it is resumed or suspended.' }),
  'kms:DescribeKey': key(),
  'kms:GetKeyRotationStatus': key(),
  'kms:GetKeyPolicy': key(),
  'kms:PutKeyPolicy': key({
    ...written,
    // Without the check, a policy could lock everybody out.
    conditions: { BoolIfExists: { 'kms:BypassPolicyLockoutSafetyCheck': 'false' } },
    rest: 'Every KMS key of the account, and any policy: IAM does not see what its statements say.',
  }),
  'kms:ListKeys': listing('Keys', 'KMS keys'),
  'kms:ListResourceTags': key(),
  'kms:CancelKeyDeletion': key(written),
  'kms:EnableKeyRotation': key(written),
  'kms:DisableKeyRotation': key({ rest: 'Every KMS key of the account. Only the rollback role has this permission.' }),
  'lambda:GetFunctionConfiguration': lambdaFunction(),
  'lambda:GetFunctionUrlConfig': lambdaFunction(),
  'lambda:GetResourcePolicy': lambdaFunction(),
  'lambda:UpdateFunctionUrlConfig': lambdaFunction({
    ...written,
    fixing: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
    rest: 'The URL of every function of the account. The fix role can only make a URL require credentials. The rollback role can open one.',
  }),
  'lambda:PutResourcePolicy': lambdaFunction({
    ...written,
    rest: 'Every function of the account, and any policy: IAM does not see what its statements say.',
  }),
  'lambda:ListFunctions': listing('Functions', 'functions'),
  'lambda:ListTags': lambdaFunction(),
  'organizations:DescribeOrganization': {
    name: 'Organization',
    resources: null,
    global: true,
    rest: 'It shows the organization that the account is in. IAM has no resource for it.',
  },
  'organizations:DescribeEffectivePolicy': {
    name: 'EffectivePolicy',
    // The account queries itself, and its ARN begins with the management account's.
    resources: ['arn:{partition}:organizations::*:account/o-*/{account}'],
    global: true,
    conditions: { StringEquals: { 'organizations:PolicyType': 'S3_POLICY' } },
    rest: 'Nothing: it only shows the effective policy of this account, and only for S3.',
  },
  'rds:DescribeDBInstances': kind('Database', 'DB instance', ['rds:{region}:{account}:db:*'], { rest: 'It lists the DB instances of the account.' }),
  'rds:DescribeDBClusters': kind('DbCluster', 'DB cluster', ['rds:{region}:{account}:cluster:*'], { rest: 'It lists the DB clusters of the account.' }),
  'rds:DescribeDBSnapshots': kind('Snapshots', 'snapshot', ['rds:{region}:{account}:db:*', 'rds:{region}:{account}:snapshot:*'], {
    rest: 'It lists the snapshots of DB instances of the account.',
  }),
  'rds:DescribeDBClusterSnapshots': kind('ClusterSnapshots', 'snapshot', ['rds:{region}:{account}:cluster:*', 'rds:{region}:{account}:cluster-snapshot:*'], {
    rest: 'It lists the snapshots of DB clusters of the account.',
  }),
  'rds:DescribeDBSnapshotAttributes': kind('DbSnapshot', 'snapshot of a DB instance', ['rds:{region}:{account}:snapshot:*']),
  'rds:DescribeDBClusterSnapshotAttributes': kind('ClusterSnapshot', 'snapshot of a DB cluster', ['rds:{region}:{account}:cluster-snapshot:*']),
  'rds:ModifyDBSnapshotAttribute': kind('DbSnapshot', 'snapshot', ['rds:{region}:{account}:snapshot:*'], {
    ...written,
    rest: 'Every snapshot of a DB instance of the account: IAM does not see who gains or loses access.',
  }),
  'rds:ModifyDBClusterSnapshotAttribute': kind('ClusterSnapshot', 'snapshot', ['rds:{region}:{account}:cluster-snapshot:*'], {
    ...written,
    rest: 'Every snapshot of a DB cluster of the account: IAM does not see who gains or loses access.',
  }),
  'rds:CopyDBSnapshot': kind('DbSnapshot', 'snapshot', ['rds:{region}:{account}:snapshot:*'], {
    ...written,
    rest: 'Every snapshot of a DB instance of the account: the copy has another name. The role also needs permission to use the key.',
  }),
  'rds:DescribeDBParameters': kind('DbParameterGroup', 'RDS parameter group', ['rds:{region}:{account}:pg:*']),
  'rds:ModifyDBParameterGroup': kind('DbParameterGroup', 'parameter group', ['rds:{region}:{account}:pg:*'], {
    ...written,
    rest: 'Every parameter group of DB instances of the account, and any parameter of it: IAM does not see which one is changed.',
  }),
  'rds:ResetDBParameterGroup': kind('DbParameterGroup', 'parameter group', ['rds:{region}:{account}:pg:*'], {
    rest: 'Every parameter group of DB instances of the account, and any parameter of it: IAM does not see which one is reset. Only the rollback role has this permission.',
  }),
  'rds:DescribeDBProxies': kind('DbProxy', 'proxy', ['rds:{region}:{account}:db-proxy:*'], { rest: 'It lists the proxies of the account.' }),
  'rds:ListTagsForResource': kind('DbProxy', 'proxy', ['rds:{region}:{account}:db-proxy:*']),
  'rds:ModifyDBProxy': kind('DbProxy', 'proxy', ['rds:{region}:{account}:db-proxy:*'], {
    ...written,
    rest: 'Every RDS proxy of the account, and any setting of it: IAM does not see which one is changed.',
  }),
  'rds:ModifyDBCluster': kind('DbCluster', 'DB cluster', ['rds:{region}:{account}:cluster:*'], {
    ...written,
    rest: 'Every DB cluster of the account, and any setting of it: IAM does not see which one is changed. It cannot get other parameter, option or security groups.',
  }),
  'rds:ModifyDBInstance': kind('Database', 'DB instance', ['rds:{region}:{account}:db:*'], {
    ...written,
    rest: 'Every DB instance of the account, and any setting of it: IAM does not see which one is changed. It cannot get other parameter, option, subnet or security groups.',
  }),
  'redshift:DescribeClusters': cluster({ rest: 'It lists the Redshift clusters of the account.' }),
  'redshift:DescribeLoggingStatus': cluster(),
  'redshift:DescribeClusterParameters': parameterGroup(),
  'redshift:ModifyClusterParameterGroup': parameterGroup({
    ...written,
    rest: 'Every Redshift parameter group of the account, and any parameter of it: IAM does not see which one is changed.',
  }),
  'redshift:EnableLogging': cluster(written),
  'redshift:DisableLogging': cluster({ rest: 'Every Redshift cluster of the account. Only the rollback role has this permission.' }),
  'redshift:ModifyCluster': cluster({
    ...written,
    rest: 'Every Redshift cluster of the account, and any setting of it: IAM does not see which one is changed.',
  }),
  'sagemaker:DescribeNotebookInstance': kind('Notebook', 'notebook instance', ['sagemaker:{region}:{account}:notebook-instance/*']),
  'sagemaker:ListNotebookInstances': listing('Notebooks', 'notebook instances'),
  'sagemaker:ListTags': kind('Notebook', 'notebook instance', ['sagemaker:{region}:{account}:notebook-instance/*']),
  'secretsmanager:DescribeSecret': kind('Secret', 'secret', ['secretsmanager:{region}:{account}:secret:*'], {
    rest: 'Every secret of the account, but not its value: only an event shows which one.',
  }),
  'secretsmanager:ListSecrets': listing('Secrets', 'secrets'),
  'securityhub:BatchGetSecurityControls': regional('SecurityControls', 'Which controls are on'),
  'securityhub:GetFindings': hub('Every finding of the one hub of account and region, including those of other accounts if it is an administrator.'),
  'securityhub:DescribeHub': hub('The one hub of account and region.'),
  'securityhub:EnableSecurityHub': hub('The one hub of account and region. Turning it off is a different action, which no role has.'),
  'ssm:DescribeDocument': {
    name: 'Documents',
    // The ARNs of AWS's runbooks contain no account.
    resources: ['arn:{partition}:ssm:{region}:*:document/*'],
    rest: 'Every document that the account can see: the runbooks belong to AWS, and their ARNs contain no account.',
  },
  'ssm:DescribeDocumentPermission': document(),
  'ssm:ListTagsForResource': kind('Tagged', 'document and machine', ['ssm:{region}:{account}:document/*', 'ssm:{region}:{account}:managed-instance/*']),
  'ssm:DescribeInstanceInformation': listing('Nodes', 'managed nodes'),
  'ssm:ListComplianceItems': listing('Nodes', 'compliance results of managed nodes'),
  'ssm:ListDocuments': listing('DocumentList', 'Systems Manager documents'),
  'ssm:ModifyDocumentPermission': document({
    ...written,
    rest: 'Every Systems Manager document of the account: IAM does not see who it is shared with.',
  }),
  'ssm:GetAutomationExecution': kind('Automation', 'Automation', ['ssm:{region}:{account}:automation-execution/*']),
  'ssm:StartAutomationExecution': {
    name: 'Runbook',
    resources: [
      'arn:{partition}:ssm:{region}:*:document/*',
      'arn:{partition}:ssm:{region}:*:automation-definition/*:*',
      'arn:{partition}:ssm:{region}:{account}:automation-execution/*',
    ],
    tagged: true,
    rest: 'Every runbook that the account can see. The role that is passed to it bounds what it can do.',
  },
  'wafv2:GetLoggingConfiguration': webAcl(),
  'wafv2:GetWebACL': webAcl(),
  'wafv2:ListTagsForResource': webAcl(),
  'wafv2:ListWebACLs': listing('WebAcls', 'web ACLs'),
  'wafv2:PutLoggingConfiguration': webAcl(written),
  'wafv2:DeleteLoggingConfiguration': webAcl({ rest: 'Every web ACL of the account. Only the rollback role has this permission.' }),
  'logs:CreateLogDelivery': regional('LogDelivery', 'The delivery of a flow log into a bucket'),
  'logs:DeleteLogDelivery': regional('LogDelivery', 'The delivery of a flow log into a bucket'),
  's3:ListAllMyBuckets': { name: 'S3', resources: null, rest: 'It lists the buckets of the account. IAM has no resource for it.' },
  's3:GetAccountPublicAccessBlock': {
    name: 'S3',
    resources: null,
    rest: 'It shows what the account blocks for all its buckets. IAM has no resource for it.',
  },
  's3:GetBucketAcl': bucket(),
  's3:GetBucketOwnershipControls': bucket(),
  's3:GetBucketPolicy': bucket(),
  's3:GetBucketPolicyStatus': bucket(),
  's3:GetBucketPublicAccessBlock': bucket(),
  's3:GetBucketTagging': bucket(),
  's3:GetBucketWebsite': bucket(),
  's3:GetEncryptionConfiguration': bucket(),
  's3:GetBucketLogging': bucket(),
  's3:GetBucketNotification': bucket(),
  's3:GetLifecycleConfiguration': bucket(),
  's3:GetBucketVersioning': bucket(),
  's3:PutBucketPublicAccessBlock': writtenBucket,
  's3:PutAccountPublicAccessBlock': account('AccountPublicAccess', 'What S3 blocks for all buckets'),
  's3:PutBucketAcl': writtenBucket,
  's3:PutBucketLogging': writtenBucket,
  's3:PutBucketNotification': writtenBucket,
  's3:PutBucketOwnershipControls': writtenBucket,
  's3:PutBucketPolicy': writtenBucket,
  's3:PutBucketVersioning': writtenBucket,
  's3:DeleteBucketPolicy': bucket({
    rest: 'Every bucket of the account: IAM does not see the contents of its policy. Only the rollback role has this permission.',
  }),
  's3:PutEncryptionConfiguration': writtenBucket,
  'iam:ListUsers': account('Iam', 'The list of users'),
  'iam:GetAccountPasswordPolicy': account('Iam', 'The password policy'),
  'iam:GetCredentialReport': account('Iam', 'The credential report'),
  'iam:UpdateAccountPasswordPolicy': account('Iam', 'The password policy'),
  'iam:DeleteAccountPasswordPolicy': account('Iam', 'The password policy'),
  'iam:GetAccountSummary': account('Iam', 'The summary'),
  'iam:ListVirtualMFADevices': account('Iam', 'The list of virtual MFA devices'),
  'iam:ListGroups': account('Iam', 'The list of groups'),
  'iam:ListRoles': account('Iam', 'The list of roles'),
  'iam:ListPolicies': account('Iam', 'The list of policies'),
  'iam:GetUserPolicy': user(),
  'iam:GetRolePolicy': kind('Role', 'role', ['iam::{account}:role/*'], { global: true }),
  'iam:GetGroupPolicy': kind('Group', 'group', ['iam::{account}:group/*'], { global: true }),
  'iam:GetGroup': kind('Group', 'group', ['iam::{account}:group/*'], { global: true }),
  'iam:ListGroupPolicies': kind('Group', 'group', ['iam::{account}:group/*'], { global: true }),
  'iam:GetRole': kind('Role', 'role', ['iam::{account}:role/*'], { global: true }),
  'iam:ListRolePolicies': kind('Role', 'role', ['iam::{account}:role/*'], { global: true }),
  'iam:GetPolicy': kind('Policy', 'customer managed policy', ['iam::{account}:policy/*'], { global: true }),
  'iam:GetPolicyVersion': kind('Policy', 'customer managed policy', ['iam::{account}:policy/*'], { global: true }),
  'iam:ListEntitiesForPolicy': kind('Holders', 'customer managed policy', ['iam::{account}:policy/*', ...LOOKED_FOR.map((name) => `iam::aws:policy/${name}`)], {
    global: true,
    rest: 'Every customer managed policy of the account, and two AWS managed policies: it lists who has them.',
  }),
  'iam:DetachUserPolicy': detached('user', { tagged: true }),
  'iam:DetachRolePolicy': detached('role', { tagged: true }),
  'iam:DetachGroupPolicy': detached('group'),
  'iam:ListServerCertificates': account('Iam', 'The list of server certificates'),
  'iam:GetServerCertificate': kind('ServerCertificate', 'server certificate', ['iam::{account}:server-certificate/*'], { global: true }),
  'iam:ListAttachedRolePolicies': kind('Role', 'role', ['iam::{account}:role/*'], { global: true }),
  'iam:ListAttachedGroupPolicies': kind('Group', 'group', ['iam::{account}:group/*'], { global: true }),
  'iam:GetLoginProfile': user(),
  'iam:ListAttachedUserPolicies': user(),
  'iam:ListMFADevices': user(),
  'iam:ListServiceSpecificCredentials': user(),
  'iam:ListUserPolicies': user(),
  'iam:CreateServiceLinkedRole': {
    name: 'ServiceLinkedRole',
    resources: LINKED.map(({ service, role }) => `arn:{partition}:iam::{account}:role/aws-service-role/${service}/${role}`),
    conditions: { StringEquals: { 'iam:AWSServiceName': LINKED.map(({ service }) => service) } },
    global: true,
    rest: 'Only the service-linked roles of GuardDuty and Security Hub. AWS defines what such a role may do.',
  },
  'iam:GetAccessKeyLastUsed': user(),
  'iam:ListAccessKeys': user(),
  'iam:GetUser': user(),
  'iam:UpdateAccessKey': user({
    name: 'UserKey',
    tagged: true,
    rest: 'Every user of the account, and the status of any key: IAM does not see which one is turned off.',
  }),
  'iam:TagUser': flaggedUser,
  'iam:UntagUser': flaggedUser,
  'logs:DescribeLogGroups': { name: 'Logs', resources: null, rest: 'It lists the log groups of the account. IAM has no resource for it.' },
  'logs:ListTagsForResource': {
    name: 'LogGroup',
    resources: [logGroups],
    rest: 'Every log group of the account: only an event shows which one.',
  },
  'logs:DescribeAccountPolicies': { name: 'Logs', resources: null, rest: 'It lists the account policies for log groups. IAM has no resource for it.' },
  'logs:PutAccountPolicy': {
    ...regional('AccountPolicy', 'A policy of the account for its log groups'),
    rest: 'Account policies other than those for retention need a further permission, which the role does not have. IAM has no resource for it.',
  },
  'logs:AssociateKmsKey': {
    name: 'LogGroup',
    resources: [logGroups],
    tagged: true,
    rest: 'Every log group of the account, and any key: IAM does not see it. CloudWatch Logs refuses a key whose policy does not allow it.',
  },
  'logs:DisassociateKmsKey': {
    name: 'LogGroup',
    resources: [logGroups],
    rest: 'Every log group of the account. Only the rollback role has this permission.',
  },
  'logs:PutRetentionPolicy': {
    name: 'LogGroup',
    resources: [logGroups],
    tagged: true,
    rest: 'Every log group of the account, and any retention: IAM does not see the number of days.',
  },
};

/** For an action that Redress does not know: a third-party remediator declares it, and nobody has said how to narrow it. */
export const UNKNOWN: Narrowing = { name: 'Other', resources: null, rest: 'Redress does not know this action. Use `narrowing` to restrict it.' };
