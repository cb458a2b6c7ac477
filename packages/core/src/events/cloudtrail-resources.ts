import type { ResourceClaim } from '../model/finding.js';
import { uniqueClaims } from './draft.js';
import { elements, members, name } from './read.js';
import { claimOfId, fromArn } from './resource-ids.js';

/**
 * Which members of a call name the resource that it changed. Only a convenience for routing by type: remediators read the operations
 * that they know out of the call themselves, so an operation that is missing here is not a gap.
 */

/**
 * A rule: the type, and where its ids are; the first place that holds one wins.
 *
 * A place is a root and member names: `q` request, `r` response, `i` the caller (an IAM user who acts on itself), `x` the record's own
 * resource list, `q*`/`r*` the member at any depth. Lists on the way are walked.
 */
type Rule = readonly [type: string, ...places: string[]];

const ACCOUNT = 'AWS::::Account';
const SECURITY_GROUP = 'AWS::EC2::SecurityGroup';
const VOLUME = 'AWS::EC2::Volume';
const INSTANCE = 'AWS::EC2::Instance';
const SNAPSHOT = 'AWS::EC2::Snapshot';
const IMAGE = 'AWS::EC2::Image';
const USER = 'AWS::IAM::User';
const ACCESS_KEY = 'AWS::IAM::AccessKey';
const TRAIL = 'AWS::CloudTrail::Trail';

// Not `q*`: the groups that a rule refers to are in the same request, and they are not what was changed.
const GROUP_RULES: readonly Rule[] = [[SECURITY_GROUP, 'q.groupId', 'r.securityGroupRuleSet.items.groupId']];
const INSTANCES: readonly Rule[] = [[INSTANCE, 'q.instancesSet.items.instanceId', 'r.instancesSet.items.instanceId']];
const ONE_INSTANCE: readonly Rule[] = [[INSTANCE, 'q*.instanceId', 'r*.instanceId']];
const ONE_VOLUME: readonly Rule[] = [[VOLUME, 'q*.volumeId', 'r*.volumeId']];
const ONE_SNAPSHOT: readonly Rule[] = [[SNAPSHOT, 'q.snapshotId']];
const THE_ACCOUNT: readonly Rule[] = [[ACCOUNT]];
const ONE_TRAIL: readonly Rule[] = [[TRAIL, 'q.name', 'q.trailName', 'r.trailARN']];
const ONE_KEY: readonly Rule[] = [
  [ACCESS_KEY, 'r.accessKey.accessKeyId', 'q.accessKeyId'],
  [USER, 'q.userName', 'r.accessKey.userName', 'i.userName'],
];
const ONE_POLICY: readonly Rule[] = [['AWS::IAM::Policy', 'q.policyArn', 'r.policy.arn']];
const NETWORK_ACL: readonly Rule[] = [['AWS::EC2::NetworkAcl', 'q.networkAclId', 'r.networkAcl.networkAclId']];
const ROUTE_TABLE: readonly Rule[] = [['AWS::EC2::RouteTable', 'q.routeTableId']];
const VPC: readonly Rule[] = [['AWS::EC2::VPC', 'q.vpcId', 'r.vpc.vpcId']];
const SUBNET: readonly Rule[] = [['AWS::EC2::Subnet', 'q.subnetId', 'r.subnet.subnetId']];
const ONE_IMAGE: readonly Rule[] = [[IMAGE, 'q.imageId', 'r.imageId']];

/** Rules of operations: `service:Operation`, several operations of one service separated by spaces. */
const OPERATIONS: readonly (readonly [service: string, operations: string, rules: readonly Rule[]])[] = [
  [
    'ec2',
    'AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress RevokeSecurityGroupEgress UpdateSecurityGroupRuleDescriptionsIngress UpdateSecurityGroupRuleDescriptionsEgress',
    GROUP_RULES,
  ],
  ['ec2', 'CreateSecurityGroup DeleteSecurityGroup', [[SECURITY_GROUP, 'r.groupId', 'q.groupId']]],
  ['ec2', 'ModifySecurityGroupRules AssociateSecurityGroupVpc DisassociateSecurityGroupVpc', [[SECURITY_GROUP, 'q*.groupId']]],
  ['ec2', 'CreateVolume', [[VOLUME, 'r.volumeId']]],
  ['ec2', 'AttachVolume DetachVolume DeleteVolume ModifyVolume EnableVolumeIO ModifyVolumeAttribute', ONE_VOLUME],
  ['ec2', 'RunInstances', [[INSTANCE, 'r.instancesSet.items.instanceId']]],
  ['ec2', 'StartInstances StopInstances RebootInstances TerminateInstances MonitorInstances UnmonitorInstances', INSTANCES],
  [
    'ec2',
    'ModifyInstanceAttribute ModifyInstanceMetadataOptions ModifyInstancePlacement AssociateIamInstanceProfile DisassociateIamInstanceProfile',
    ONE_INSTANCE,
  ],
  ['ec2', 'CreateSnapshot CopySnapshot', [[SNAPSHOT, 'r.snapshotId']]],
  ['ec2', 'CreateSnapshots', [[SNAPSHOT, 'r*.snapshotId']]],
  ['ec2', 'ModifySnapshotAttribute ResetSnapshotAttribute DeleteSnapshot', ONE_SNAPSHOT],
  ['ec2', 'CreateImage CopyImage RegisterImage', [[IMAGE, 'r.imageId']]],
  ['ec2', 'ModifyImageAttribute ResetImageAttribute DeregisterImage', ONE_IMAGE],
  ['ec2', 'CreateVpc CreateDefaultVpc ModifyVpcAttribute DeleteVpc', VPC],
  ['ec2', 'CreateSubnet CreateDefaultSubnet ModifySubnetAttribute DeleteSubnet', SUBNET],
  ['ec2', 'CreateFlowLogs', [['AWS::EC2::FlowLog', 'r*.flowLogIdSet.item']]],
  ['ec2', 'DeleteFlowLogs', [['AWS::EC2::FlowLog', 'q*.flowLogId']]],
  ['ec2', 'CreateNetworkAcl CreateNetworkAclEntry ReplaceNetworkAclEntry DeleteNetworkAclEntry DeleteNetworkAcl', NETWORK_ACL],
  ['ec2', 'CreateRoute ReplaceRoute DeleteRoute', ROUTE_TABLE],
  ['ec2', 'ModifyNetworkInterfaceAttribute DeleteNetworkInterface', [['AWS::EC2::NetworkInterface', 'q.networkInterfaceId']]],
  [
    'ec2',
    'CreateLaunchTemplate CreateLaunchTemplateVersion ModifyLaunchTemplate',
    [['AWS::EC2::LaunchTemplate', 'q*.launchTemplateId', 'r*.launchTemplateId']],
  ],
  ['ec2', 'CreateTransitGateway ModifyTransitGateway', [['AWS::EC2::TransitGateway', 'q*.transitGatewayId', 'r*.transitGatewayId']]],
  ['ec2', 'AllocateAddress AssociateAddress ReleaseAddress', [['AWS::EC2::EIP', 'q.allocationId', 'r.allocationId']]],
  ['ec2', 'ModifyManagedPrefixList', [['AWS::EC2::PrefixList', 'q*.prefixListId', 'r*.prefixListId']]],
  ['ec2', 'ReplaceNetworkAclAssociation', [['AWS::EC2::NetworkAcl', 'q.networkAclId']]],
  ['ec2', 'CreateInternetGateway AttachInternetGateway', [['AWS::EC2::InternetGateway', 'q.internetGatewayId', 'r.internetGateway.internetGatewayId']]],
  ['ec2', 'CreateVpnConnection ModifyVpnTunnelOptions', [['AWS::EC2::VPNConnection', 'q*.vpnConnectionId', 'r*.vpnConnectionId']]],
  ['ec2', 'CreateClientVpnEndpoint ModifyClientVpnEndpoint', [['AWS::EC2::ClientVpnEndpoint', 'q*.clientVpnEndpointId', 'r*.clientVpnEndpointId']]],
  ['ec2', 'DeleteVpcEndpoints', [['AWS::EC2::VPCEndpoint', 'q*.vpcEndpointId']]],
  // Settings of the account in a region.
  [
    'ec2',
    'EnableEbsEncryptionByDefault DisableEbsEncryptionByDefault ModifyEbsDefaultKmsKeyId ResetEbsDefaultKmsKeyId EnableSnapshotBlockPublicAccess DisableSnapshotBlockPublicAccess EnableImageBlockPublicAccess DisableImageBlockPublicAccess EnableSerialConsoleAccess DisableSerialConsoleAccess ModifyInstanceMetadataDefaults ModifyVpcBlockPublicAccessOptions CreateVpcBlockPublicAccessExclusion DeleteVpcBlockPublicAccessExclusion',
    THE_ACCOUNT,
  ],
  ['ec2', 'CreateTags DeleteTags', [['', 'q.resourcesSet.items.resourceId']]],
  ['s3', 'PutAccountPublicAccessBlock DeleteAccountPublicAccessBlock', THE_ACCOUNT],
  ['s3control', 'PutAccountPublicAccessBlock DeleteAccountPublicAccessBlock PutPublicAccessBlock DeletePublicAccessBlock', THE_ACCOUNT],
  ['iam', 'CreateAccessKey UpdateAccessKey DeleteAccessKey', ONE_KEY],
  ['iam', 'CreatePolicy CreatePolicyVersion SetDefaultPolicyVersion DeletePolicyVersion DeletePolicy', ONE_POLICY],
  ['iam', 'UpdateAccountPasswordPolicy DeleteAccountPasswordPolicy CreateAccountAlias DeleteAccountAlias', THE_ACCOUNT],
  ['iam', 'ChangePassword', [[USER, 'i.userName']]],
  ['iam', 'UploadServerCertificate UpdateServerCertificate DeleteServerCertificate', [['AWS::IAM::ServerCertificate', 'q.serverCertificateName']]],
  ['cloudtrail', 'CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging PutEventSelectors PutInsightSelectors', ONE_TRAIL],
  ['cloudtrail', 'AddTags RemoveTags', [['', 'q.resourceId']]],
  ['securityhub', 'EnableSecurityHub DisableSecurityHub', THE_ACCOUNT],
  ['eks', 'CreateCluster DeleteCluster UpdateClusterConfig UpdateClusterVersion', [['AWS::EKS::Cluster', 'q.name']]],
  ['ssm', 'ModifyDocumentPermission', [['AWS::SSM::Document', 'q.name']]],
  ['ssm', 'UpdateServiceSetting ResetServiceSetting', THE_ACCOUNT],
  ['ssm', 'SendCommand', [[INSTANCE, 'q.instanceIds']]],
  ['ecs', 'CreateCluster UpdateCluster UpdateClusterSettings', [['AWS::ECS::Cluster', 'r.cluster.clusterName', 'q.clusterName', 'q.cluster']]],
  ['ecs', 'CreateService UpdateService', [['AWS::ECS::Service', 'r.service.serviceArn']]],
  ['ecs', 'RegisterTaskDefinition', [['AWS::ECS::TaskDefinition', 'r.taskDefinition.taskDefinitionArn']]],
  // What watches the account.
  ['config', 'StopConfigurationRecorder DeleteConfigurationRecorder', [[ACCOUNT], ['AWS::Config::ConfigurationRecorder', 'q.configurationRecorderName']]],
  [
    'guardduty',
    'CreateDetector UpdateDetector DeleteDetector StopMonitoringMembers DisassociateFromAdministratorAccount DisassociateFromMasterAccount',
    [[ACCOUNT], ['AWS::GuardDuty::Detector', 'q.detectorId', 'r.detectorId']],
  ],
  ['macie2', 'EnableMacie DisableMacie UpdateMacieSession', THE_ACCOUNT],
  ['inspector2', 'Enable Disable', THE_ACCOUNT],
  ['account', 'PutAlternateContact DeleteAlternateContact', THE_ACCOUNT],
  ['organizations', 'LeaveOrganization', THE_ACCOUNT],
  ['organizations', 'RemoveAccountFromOrganization', [['AWS::Organizations::Account', 'q.accountId']]],
  ['codebuild', 'CreateProject UpdateProject DeleteProject', [['AWS::CodeBuild::Project', 'q.name']]],
];

/** Rules of every other operation of a service. */
const SERVICES: readonly (readonly [service: string, rules: readonly Rule[]])[] = [
  ['s3', [['AWS::S3::Bucket', 'q.bucketName']]],
  [
    'iam',
    [
      [USER, 'q.userName', 'r.user.userName'],
      ['AWS::IAM::Role', 'q.roleName', 'r.role.roleName'],
      ['AWS::IAM::Group', 'q.groupName', 'r.group.groupName'],
    ],
  ],
  ['logs', [['AWS::Logs::LogGroup', 'q.logGroupName', 'q.logGroupIdentifier']]],
  ['kms', [['AWS::KMS::Key', 'x', 'r.keyMetadata.keyId', 'q.keyId']]],
  [
    'rds',
    [
      ['AWS::RDS::DBInstance', 'q.dBInstanceIdentifier', 'r.dBInstanceIdentifier'],
      ['AWS::RDS::DBCluster', 'q.dBClusterIdentifier', 'r.dBClusterIdentifier'],
      ['AWS::RDS::DBSnapshot', 'q.dBSnapshotIdentifier', 'q.targetDBSnapshotIdentifier'],
      ['AWS::RDS::DBClusterSnapshot', 'q.dBClusterSnapshotIdentifier', 'q.targetDBClusterSnapshotIdentifier'],
    ],
  ],
  ['lambda', [['AWS::Lambda::Function', 'q.functionName']]],
  ['sns', [['AWS::SNS::Topic', 'q.topicArn', 'r.topicArn']]],
  ['sqs', [['AWS::SQS::Queue', 'q.queueUrl', 'r.queueUrl']]],
  ['dynamodb', [['AWS::DynamoDB::Table', 'q.tableName', 'r.tableDescription.tableName']]],
  ['ecr', [['AWS::ECR::Repository', 'q.repositoryName', 'r.repository.repositoryName']]],
  ['secretsmanager', [['AWS::SecretsManager::Secret', 'r.aRN', 'r.arn', 'q.secretId']]],
  ['guardduty', [['AWS::GuardDuty::Detector', 'q.detectorId']]],
  [
    'elasticloadbalancing',
    [
      ['AWS::ElasticLoadBalancingV2::LoadBalancer', 'q.loadBalancerArn', 'q.resourceArns', 'r.loadBalancers.loadBalancerArn'],
      ['AWS::ElasticLoadBalancing::LoadBalancer', 'q.loadBalancerName'],
    ],
  ],
  ['kinesis', [['AWS::Kinesis::Stream', 'q.streamName', 'q.streamARN']]],
  ['elasticfilesystem', [['AWS::EFS::FileSystem', 'q.fileSystemId', 'r.fileSystemId']]],
  ['cloudfront', [['AWS::CloudFront::Distribution', 'r.distribution.id', 'q.id']]],
  ['redshift', [['AWS::Redshift::Cluster', 'q.clusterIdentifier']]],
  ['states', [['AWS::StepFunctions::StateMachine', 'q.stateMachineArn', 'r.stateMachineArn']]],
  ['sagemaker', [['AWS::SageMaker::NotebookInstance', 'q.notebookInstanceName']]],
  ['config', [['AWS::Config::ConfigurationRecorder', 'q.configurationRecorderName', 'q.configurationRecorder.name']]],
  ['autoscaling', [['AWS::AutoScaling::AutoScalingGroup', 'q.autoScalingGroupName']]],
  ['backup', [['AWS::Backup::BackupVault', 'q.backupVaultName']]],
  ['monitoring', [['AWS::CloudWatch::Alarm', 'q.alarmName', 'q.alarmNames']]],
];

interface Place {
  readonly root: string;
  readonly path: readonly string[];
}

interface Compiled {
  readonly type: string;
  readonly places: readonly Place[];
}

/** What is known of an operation before any record of it comes. */
interface Known {
  readonly rules: readonly Compiled[];
  /** Whether request and response name the group, which have to agree. */
  readonly ofGroup: boolean;
}

// Maps, not objects: operation names come from events, and `constructor` is a member of every object.
// In two steps: to join both names for each record costs more than to look twice.
const BY_OPERATION = new Map<string, Map<string, Known>>();
const BY_SERVICE = new Map<string, readonly Compiled[]>();
for (const [service, operations, rules] of OPERATIONS) {
  const compiled = rules.map(compile);
  const known = BY_OPERATION.get(service) ?? new Map<string, Known>();
  BY_OPERATION.set(service, known);
  for (const operation of operations.split(' ')) known.set(operation, { rules: compiled, ofGroup: rules === GROUP_RULES });
}
for (const [service, rules] of SERVICES) BY_SERVICE.set(service, rules.map(compile));

function compile([type, ...places]: Rule): Compiled {
  return { type, places: places.map((place) => ({ root: place.split('.')[0] ?? '', path: place.split('.').slice(1) })) };
}

/** Most resources that one call is read for. */
const MAX_RESOURCES = 100;
/** Most values that one search looks at, and how deep. */
const MAX_LOOKS = 2000;
const MAX_DEPTH = 12;

/** A CloudTrail record, as far as resources are read out of it. */
export interface CallRecord {
  readonly service: string;
  readonly operation: string;
  readonly account: string | null;
  readonly request: unknown;
  readonly response: unknown;
  readonly identity: unknown;
  /** The record's own `resources`. */
  readonly resources: unknown;
}

/**
 * The resources that a recorded call changed, as far as its members name them.
 *
 * @example resourcesOfCall({ service: 's3', operation: 'PutBucketPolicy', request: { bucketName: 'invoices' }, … }) // [{ type: 'AWS::S3::Bucket', id: 'invoices' }]
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export function resourcesOfCall(call: CallRecord): readonly ResourceClaim[] {
  const rules = BY_OPERATION.get(call.service)?.get(call.operation)?.rules ?? BY_SERVICE.get(call.service);
  if (rules === undefined) return [];
  const claims: (ResourceClaim | null)[] = [];
  for (const rule of rules) {
    if (rule.type === ACCOUNT) {
      if (call.account !== null) claims.push({ type: ACCOUNT, id: call.account });
      continue;
    }
    for (const place of rule.places) {
      const found: string[] = [];
      look(place, call, found);
      const before = claims.length;
      for (const id of found) {
        const named = claim(rule.type, id, call.account);
        if (named !== null) claims.push(named);
      }
      if (claims.length > before) break;
    }
  }
  return uniqueClaims(claims.length > MAX_RESOURCES ? claims.slice(0, MAX_RESOURCES) : claims);
}

/** The security groups that the request, and that the response of a call about their rules names. */
export function groupsOfCall(call: Pick<CallRecord, 'service' | 'operation' | 'request' | 'response'>): readonly [readonly string[], readonly string[]] {
  const [asked, answered]: [string[], string[]] = [[], []];
  if (BY_OPERATION.get(call.service)?.get(call.operation)?.ofGroup !== true) return [asked, answered];
  walk(call.request, ['groupId'], 0, asked);
  walk(call.response, ['securityGroupRuleSet', 'items', 'groupId'], 0, answered);
  return [asked, answered];
}

function claim(type: string, value: string, account: string | null): ResourceClaim | null {
  const id = name(value);
  if (id === null) return null;
  if (type === '') return claimOfId(id, account);
  const arn = fromArn(id, account);
  if (arn === null) return { type, id };
  if (arn.type !== type) return null;
  return { type, id: arn.id, ...(arn.region === null ? {} : { region: arn.region }), ...(arn.id === id ? {} : { rawId: id }) };
}

function look(place: Place, call: CallRecord, found: string[]): void {
  const [key = '', ...rest] = place.path;
  if (place.root === 'q') walk(inner(call.request, call.operation, 'Request'), place.path, 0, found);
  else if (place.root === 'r') walk(inner(call.response, call.operation, 'Response'), place.path, 0, found);
  else if (place.root === 'q*') search(call.request, key, rest, 0, { left: MAX_LOOKS }, found);
  else if (place.root === 'r*') search(call.response, key, rest, 0, { left: MAX_LOOKS }, found);
  else if (place.root === 'i') {
    const identity = members(call.identity);
    if (identity.type === 'IAMUser') walk(identity, place.path, 0, found);
  } else for (const resource of elements(call.resources).slice(0, MAX_RESOURCES)) walk(resource, ['ARN'], 0, found);
}

// Newer EC2 operations log their request inside a member of its name: `DeleteFlowLogsRequest`.
function inner(value: unknown, operation: string, kind: 'Request' | 'Response'): unknown {
  const outer = members(value);
  for (const key in outer) {
    // Compared by its length first: joining the two names for each record costs more than the rest.
    if (key.length !== operation.length + kind.length || !key.endsWith(kind) || !key.startsWith(operation)) continue;
    const wrapped = outer[key];
    return typeof wrapped === 'object' && wrapped !== null ? wrapped : value;
  }
  return value;
}

// They also write members in PascalCase.
function member(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return value[key] ?? value[`${key[0]?.toUpperCase() ?? ''}${key.slice(1)}`];
}

function walk(value: unknown, path: readonly string[], at: number, found: string[]): void {
  const key = path[at];
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && i < MAX_LOOKS && found.length < MAX_RESOURCES; i++) walk(value[i], path, at, found);
  } else if (key !== undefined) {
    walk(member(members(value), key), path, at + 1, found);
  } else if (typeof value === 'string') {
    found.push(value);
  } else {
    // `{ "tag": 1, "content": "fl-…" }`: an element of a list in the newer form.
    const { content } = members(value);
    if (typeof content === 'string') found.push(content);
  }
}

function search(value: unknown, key: string, rest: readonly string[], depth: number, budget: { left: number }, found: string[]): void {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH || --budget.left < 0 || found.length >= MAX_RESOURCES) return;
  const hit = member(members(value), key);
  if (hit !== undefined) walk(hit, rest, 0, found);
  for (const child of Object.values(value)) search(child, key, rest, depth + 1, budget, found);
}
