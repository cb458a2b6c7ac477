import type { ResourceClaim } from '../model/finding.js';
import { GLOBAL_REGION, namesOfType, oneType, type ResourceRef } from '../model/resource.js';
import { name } from './read.js';

/**
 * One name per resource, whatever reported it: the CloudFormation type and the id that the service's own API takes. Config, Security
 * Hub and CloudTrail views of one problem meet here.
 */

/** The parts of an ARN. */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  /** Everything after the account; may hold colons. */
  readonly resource: string;
}

const ARN = /^arn:([^:]*):([^:]+):([^:]*):([^:]*):(.+)$/s;

/**
 * The parts of an ARN, or null. Nothing in it is validated.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
export function parseArn(value: unknown): Arn | null {
  if (typeof value !== 'string' || !value.startsWith('arn:')) return null;
  const match = ARN.exec(value);
  if (match === null) return null;
  const [, partition = '', service = '', region = '', account = '', resource = ''] = match;
  return { partition, service, region, account, resource };
}

/** How the id is taken from the part of the ARN after its resource type. */
type Take = 'rest' | 'first' | 'last' | 'arn' | ((rest: string, arn: Arn, whole: string, account: string | null) => string);

const DOMAIN = 'AWS::OpenSearch::Domain';

// `service:resource type` of ARNs. Names of users and roles have paths, of which the API takes the last part.
const BY_ARN = new Map<string, readonly [type: string, take: Take]>([
  ['acm:certificate', ['AWS::ACM::Certificate', 'arn']],
  [
    'autoscaling:autoScalingGroup',
    ['AWS::AutoScaling::AutoScalingGroup', (rest) => rest.slice(rest.lastIndexOf('autoScalingGroupName/') + 'autoScalingGroupName/'.length)],
  ],
  ['backup:backup-vault', ['AWS::Backup::BackupVault', 'rest']],
  ['backup:recovery-point', ['AWS::Backup::RecoveryPoint', 'arn']],
  ['cloudformation:stack', ['AWS::CloudFormation::Stack', 'arn']],
  ['cloudfront:distribution', ['AWS::CloudFront::Distribution', 'rest']],
  ['cloudtrail:trail', ['AWS::CloudTrail::Trail', trailId]],
  ['cloudwatch:alarm', ['AWS::CloudWatch::Alarm', 'rest']],
  ['codebuild:project', ['AWS::CodeBuild::Project', 'rest']],
  ['dynamodb:table', ['AWS::DynamoDB::Table', 'first']],
  ['ec2:client-vpn-endpoint', ['AWS::EC2::ClientVpnEndpoint', 'rest']],
  ['ec2:elastic-ip', ['AWS::EC2::EIP', 'rest']],
  ['ec2:eip-allocation', ['AWS::EC2::EIP', 'rest']],
  ['ec2:image', ['AWS::EC2::Image', 'rest']],
  ['ec2:instance', ['AWS::EC2::Instance', 'rest']],
  ['ec2:internet-gateway', ['AWS::EC2::InternetGateway', 'rest']],
  ['ec2:launch-template', ['AWS::EC2::LaunchTemplate', 'rest']],
  ['ec2:natgateway', ['AWS::EC2::NatGateway', 'rest']],
  ['ec2:network-acl', ['AWS::EC2::NetworkAcl', 'rest']],
  ['ec2:network-interface', ['AWS::EC2::NetworkInterface', 'rest']],
  ['ec2:route-table', ['AWS::EC2::RouteTable', 'rest']],
  ['ec2:security-group', ['AWS::EC2::SecurityGroup', 'rest']],
  // Also of rules for outgoing traffic: the ARN does not say which.
  ['ec2:security-group-rule', ['AWS::EC2::SecurityGroupIngress', 'rest']],
  ['ec2:snapshot', ['AWS::EC2::Snapshot', 'rest']],
  ['ec2:subnet', ['AWS::EC2::Subnet', 'rest']],
  ['ec2:transit-gateway', ['AWS::EC2::TransitGateway', 'rest']],
  ['ec2:volume', ['AWS::EC2::Volume', 'rest']],
  ['ec2:vpc', ['AWS::EC2::VPC', 'rest']],
  ['ec2:vpc-endpoint', ['AWS::EC2::VPCEndpoint', 'rest']],
  ['ec2:vpc-flow-log', ['AWS::EC2::FlowLog', 'rest']],
  ['ec2:vpn-connection', ['AWS::EC2::VPNConnection', 'rest']],
  ['ecr:repository', ['AWS::ECR::Repository', 'rest']],
  ['ecs:cluster', ['AWS::ECS::Cluster', 'rest']],
  ['ecs:service', ['AWS::ECS::Service', 'arn']],
  ['ecs:task-definition', ['AWS::ECS::TaskDefinition', 'arn']],
  ['eks:cluster', ['AWS::EKS::Cluster', 'rest']],
  ['elasticfilesystem:access-point', ['AWS::EFS::AccessPoint', 'rest']],
  ['elasticfilesystem:file-system', ['AWS::EFS::FileSystem', 'rest']],
  ['elasticloadbalancing:listener', ['AWS::ElasticLoadBalancingV2::Listener', 'arn']],
  ['es:domain', [DOMAIN, 'rest']],
  ['firehose:deliverystream', ['AWS::KinesisFirehose::DeliveryStream', 'rest']],
  ['guardduty:detector', ['AWS::GuardDuty::Detector', 'first']],
  ['iam:group', ['AWS::IAM::Group', 'last']],
  ['iam:instance-profile', ['AWS::IAM::InstanceProfile', 'last']],
  ['iam:policy', ['AWS::IAM::Policy', 'arn']],
  ['iam:role', ['AWS::IAM::Role', 'last']],
  ['iam:server-certificate', ['AWS::IAM::ServerCertificate', 'last']],
  ['iam:user', ['AWS::IAM::User', 'last']],
  ['kafka:cluster', ['AWS::MSK::Cluster', 'arn']],
  ['kinesis:stream', ['AWS::Kinesis::Stream', 'rest']],
  ['kms:alias', ['AWS::KMS::Alias', (rest) => `alias/${rest}`]],
  ['kms:key', ['AWS::KMS::Key', 'rest']],
  ['lambda:function', ['AWS::Lambda::Function', (rest) => upTo(rest, ':')]],
  ['logs:log-group', ['AWS::Logs::LogGroup', (rest) => upTo(rest, ':')]],
  ['network-firewall:firewall', ['AWS::NetworkFirewall::Firewall', 'arn']],
  ['network-firewall:firewall-policy', ['AWS::NetworkFirewall::FirewallPolicy', 'arn']],
  ['rds:cluster', ['AWS::RDS::DBCluster', 'rest']],
  ['rds:cluster-snapshot', ['AWS::RDS::DBClusterSnapshot', 'rest']],
  ['rds:db', ['AWS::RDS::DBInstance', 'rest']],
  ['rds:db-proxy', ['AWS::RDS::DBProxy', 'arn']],
  ['rds:es', ['AWS::RDS::EventSubscription', 'rest']],
  ['rds:snapshot', ['AWS::RDS::DBSnapshot', 'rest']],
  ['redshift:cluster', ['AWS::Redshift::Cluster', 'rest']],
  ['route53:hostedzone', ['AWS::Route53::HostedZone', 'rest']],
  ['s3:accesspoint', ['AWS::S3::AccessPoint', 'rest']],
  ['sagemaker:notebook-instance', ['AWS::SageMaker::NotebookInstance', 'rest']],
  ['secretsmanager:secret', ['AWS::SecretsManager::Secret', 'arn']],
  ['ssm:document', ['AWS::SSM::Document', 'rest']],
  ['states:stateMachine', ['AWS::StepFunctions::StateMachine', 'arn']],
  ['transfer:server', ['AWS::Transfer::Server', 'rest']],
]);

/** What an ARN names. */
export interface NamedByArn {
  readonly type: string;
  readonly id: string;
  /** Null where the ARN has none: S3 buckets, IAM. */
  readonly region: string | null;
  readonly account: string | null;
}

/**
 * The canonical type and id of an ARN, or null when its kind is not known.
 *
 * @param account The account that the source speaks of: a trail of another account is only found by its ARN.
 * @example fromArn('arn:aws:iam::111111111111:user/ci/deploy') // { type: 'AWS::IAM::User', id: 'deploy', … }
 */
export function fromArn(value: unknown, account: string | null = null): NamedByArn | null {
  const arn = parseArn(value);
  if (arn === null) return null;
  const found = nameOf(arn, value as string, account);
  return found === null || found.id === ''
    ? null
    : { ...found, region: arn.region === '' ? null : arn.region, account: arn.account === '' ? null : arn.account };
}

function nameOf(arn: Arn, whole: string, account: string | null): { type: string; id: string } | null {
  const { service, resource } = arn;
  // Services whose ARNs carry no resource type.
  if (service === 's3' && arn.account === '') return resource.includes('/') ? null : { type: 'AWS::S3::Bucket', id: resource };
  if (service === 'sqs') return { type: 'AWS::SQS::Queue', id: queueUrl(arn) };
  if (service === 'sns') return resource.includes(':') ? null : { type: 'AWS::SNS::Topic', id: whole };
  // An image is in a repository, and is not it.
  if (service === 'ecr' && /\/sha256:[0-9a-f]+$/i.test(resource)) return { type: 'AWS::ECR::Image', id: whole };
  if (service === 'iam' && resource === 'root') return { type: 'AWS::::Account', id: arn.account };
  const at = resource.search(/[/:]/);
  if (at < 0) return null;
  const kind = resource.slice(0, at);
  const rest = resource.slice(at + 1);
  if (service === 'elasticloadbalancing' && kind === 'loadbalancer') {
    return /^(?:app|net|gwy)\//.test(rest)
      ? { type: 'AWS::ElasticLoadBalancingV2::LoadBalancer', id: whole }
      : { type: 'AWS::ElasticLoadBalancing::LoadBalancer', id: rest };
  }
  const known = BY_ARN.get(`${service}:${kind}`);
  if (known === undefined) return null;
  const [type, take] = known;
  if (typeof take === 'function') return { type, id: take(rest, arn, whole, account) };
  if (take === 'arn') return { type, id: whole };
  if (take === 'first') return { type, id: upTo(rest, '/') };
  if (take === 'last') return { type, id: rest.slice(rest.lastIndexOf('/') + 1) };
  return { type, id: rest };
}

// The API takes a bare name for a trail of the own account only; an organisation's trail belongs to its management account.
function trailId(rest: string, arn: Arn, whole: string, account: string | null): string {
  return account === null || arn.account === account ? rest : whole;
}

// Config names queues by URL, and so does the SQS API.
function queueUrl(arn: Arn): string {
  return `https://sqs.${arn.region}.amazonaws.com${arn.partition === 'aws-cn' ? '.cn' : ''}/${arn.account}/${arn.resource}`;
}

function upTo(value: string, mark: string): string {
  const at = value.indexOf(mark);
  return at < 0 ? value : value.slice(0, at);
}

// Security Hub's own names run service and type together. The longest prefix wins; types that CloudFormation writes differently follow.
const ASFF_SERVICES: readonly (readonly [prefix: string, service: string])[] = [
  ['AwsAmazonMq', 'AmazonMQ'],
  ['AwsApiGatewayV2', 'ApiGatewayV2'],
  ['AwsApiGateway', 'ApiGateway'],
  ['AwsAppSync', 'AppSync'],
  ['AwsAthena', 'Athena'],
  ['AwsAutoScaling', 'AutoScaling'],
  ['AwsBackup', 'Backup'],
  ['AwsCertificateManager', 'ACM'],
  ['AwsCloudFormation', 'CloudFormation'],
  ['AwsCloudFront', 'CloudFront'],
  ['AwsCloudTrail', 'CloudTrail'],
  ['AwsCloudWatch', 'CloudWatch'],
  ['AwsCodeBuild', 'CodeBuild'],
  ['AwsDms', 'DMS'],
  ['AwsDynamoDb', 'DynamoDB'],
  ['AwsEc2', 'EC2'],
  ['AwsEcr', 'ECR'],
  ['AwsEcs', 'ECS'],
  ['AwsEfs', 'EFS'],
  ['AwsEks', 'EKS'],
  ['AwsElasticBeanstalk', 'ElasticBeanstalk'],
  ['AwsElasticsearch', 'Elasticsearch'],
  ['AwsElbv2', 'ElasticLoadBalancingV2'],
  ['AwsElb', 'ElasticLoadBalancing'],
  ['AwsEventSchemas', 'EventSchemas'],
  ['AwsEvents', 'Events'],
  ['AwsGuardDuty', 'GuardDuty'],
  ['AwsIam', 'IAM'],
  ['AwsKinesis', 'Kinesis'],
  ['AwsKms', 'KMS'],
  ['AwsLambda', 'Lambda'],
  ['AwsMsk', 'MSK'],
  ['AwsNetworkFirewall', 'NetworkFirewall'],
  ['AwsOpenSearchService', 'OpenSearch'],
  ['AwsRds', 'RDS'],
  ['AwsRedshift', 'Redshift'],
  ['AwsRoute53', 'Route53'],
  ['AwsS3', 'S3'],
  ['AwsSageMaker', 'SageMaker'],
  ['AwsSecretsManager', 'SecretsManager'],
  ['AwsSns', 'SNS'],
  ['AwsSqs', 'SQS'],
  ['AwsSsm', 'SSM'],
  ['AwsStepFunction', 'StepFunctions'],
  ['AwsWafRegional', 'WAFRegional'],
  ['AwsWafv2', 'WAFv2'],
  ['AwsWaf', 'WAF'],
  ['AwsXray', 'XRay'],
];

const ASFF_EXCEPTIONS = new Map<string, string>([
  ['AwsAccount', 'AWS::::Account'],
  ['AwsEcrContainerImage', 'AWS::ECR::Image'],
  ['AwsEc2Eip', 'AWS::EC2::EIP'],
  ['AwsEc2Vpc', 'AWS::EC2::VPC'],
  ['AwsEc2VpcEndpointService', 'AWS::EC2::VPCEndpointService'],
  ['AwsEc2VpcPeeringConnection', 'AWS::EC2::VPCPeeringConnection'],
  ['AwsEc2VpnConnection', 'AWS::EC2::VPNConnection'],
  ['AwsRdsDbCluster', 'AWS::RDS::DBCluster'],
  ['AwsRdsDbClusterSnapshot', 'AWS::RDS::DBClusterSnapshot'],
  ['AwsRdsDbInstance', 'AWS::RDS::DBInstance'],
  ['AwsRdsDbSecurityGroup', 'AWS::RDS::DBSecurityGroup'],
  ['AwsRdsDbSnapshot', 'AWS::RDS::DBSnapshot'],
  ['AwsWafWebAcl', 'AWS::WAF::WebACL'],
  ['AwsWafRegionalWebAcl', 'AWS::WAFRegional::WebACL'],
  ['AwsWafv2WebAcl', 'AWS::WAFv2::WebACL'],
]);

/**
 * The one type of a resource that a finding, or a person, calls as CloudFormation or Security Hub does. What is not known stays as it is: it then
 * fails where a resource is validated, not here.
 *
 * @example canonicalType('AwsEc2SecurityGroup') === 'AWS::EC2::SecurityGroup'
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/asff-resources.html
 */
export function canonicalType(type: string): string {
  if (type.startsWith('AWS::')) return oneType(type);
  const exception = ASFF_EXCEPTIONS.get(type);
  if (exception !== undefined) return exception;
  for (const [prefix, service] of ASFF_SERVICES) {
    if (type.length > prefix.length && type.startsWith(prefix)) return oneType(`AWS::${service}::${type.slice(prefix.length)}`);
  }
  return type;
}

/**
 * The names under which findings may speak of resources of a type: AWS's names for the type, Security Hub's own names for it, and `Other`, which
 * leaves the type to the ARN.
 *
 * @example rawTypesOf('AWS::S3::Bucket') // ['AWS::S3::Bucket', 'AwsS3Bucket', 'Other']
 */
export function rawTypesOf(type: string): readonly string[] {
  const types = namesOfType(type);
  const names = new Set(types);
  for (const [name, canonical] of ASFF_EXCEPTIONS) if (canonical === type) names.add(name);
  for (const [prefix, service] of ASFF_SERVICES)
    for (const each of types) {
      const name = each.startsWith(`AWS::${service}::`) ? `${prefix}${each.slice(`AWS::${service}::`.length)}` : '';
      if (name !== '' && canonicalType(name) === type) names.add(name);
    }
  // A finding about an access key names its user next to the resources.
  if (type === 'AWS::IAM::User') names.add('AwsIamAccessKey');
  return [...names, 'Other'];
}

// Security Hub's form for what has no ARN: `AWS::::Account:111111111111`, `AWS::IAM::AccessKey:AKIA…`.
const TYPED_ID = /^(AWS::[A-Za-z0-9]*::[A-Za-z0-9]+):(?!:)(.+)$/s;

const ACCOUNT = 'AWS::::Account';

/**
 * The account of an ARN that is another than that of the finding that names it; null where they agree. A trail may be the organisation's, and
 * belongs to another account then; services of AWS own some things themselves.
 */
export function foreignAccount(id: unknown, account: unknown): string | null {
  const arn = parseArn(id);
  if (arn === null || typeof account !== 'string' || !/^\d{12}$/.test(arn.account) || arn.service === 'cloudtrail') return null;
  return arn.account === account ? null : arn.account;
}

/** A resource as a source names it. */
export interface RawResource {
  readonly type: unknown;
  readonly id: unknown;
  readonly region?: unknown;
  /** The account that the source speaks of. */
  readonly account?: string | null;
}

/**
 * The claim from a source's type and ID, or null if they name nothing. The region of an ARN takes precedence over that of the source: a finding
 * about a trail's copy in another region has its home region in the ARN.
 *
 * @example claimOf({ type: 'AwsS3Bucket', id: 'arn:aws:s3:::invoices' }) // { type: 'AWS::S3::Bucket', id: 'invoices', rawType: 'AwsS3Bucket', … }
 */
export function claimOf(raw: RawResource): ResourceClaim | null {
  const rawId = name(raw.id);
  if (rawId === null) return null;
  const rawType = name(raw.type) ?? '';
  let type = canonicalType(rawType);
  let id = rawId;
  let region = regionOf(raw.region);
  const arn = fromArn(rawId, raw.account ?? null);
  if (arn !== null) {
    // A CloudFormation type that the source gives is its own word; an ARN of another type then says what holds it, not what it is.
    if (arn.type === type || !type.startsWith('AWS::') || !rawType.startsWith('AWS::')) ({ type, id } = arn);
    // An account is named by its number; whatever in it a source names instead is of another type.
    else if (type === ACCOUNT) id = arn.account ?? raw.account ?? '';
    region = regionOf(arn.region) ?? region;
  } else {
    const typed = TYPED_ID.exec(rawId);
    if (typed !== null) [, type = '', id = ''] = typed;
    ({ type, id } = fromConfigName({ type, id }, raw.account ?? ''));
  }
  // Security Hub writes the word for a missing access key id.
  if (type === '' || id === '' || id === 'null') return null;
  return {
    type,
    id,
    ...(region === null ? {} : { region }),
    ...(rawType === type && rawId === id ? {} : { ...(rawType === '' ? {} : { rawType }), rawId }),
  };
}

/**
 * The one name of a resource that AWS Config names: it may have another type, and the ID of a domain has the account before the name.
 *
 * @example fromConfigName({ type: 'AWS::Elasticsearch::Domain', id: '111111111111/search' }, '111111111111') // { type: 'AWS::OpenSearch::Domain', id: 'search' }
 */
export function fromConfigName({ type, id }: Pick<ResourceRef, 'type' | 'id'>, account: string): Pick<ResourceRef, 'type' | 'id'> {
  const one = oneType(type);
  return { type: one, id: one === DOMAIN && account !== '' && id.startsWith(`${account}/`) ? id.slice(account.length + 1) : id };
}

function regionOf(value: unknown): string | null {
  const region = name(value);
  // OCSF's word for resources without a region.
  return region === 'global' ? GLOBAL_REGION : region;
}

/** The types of EC2 resources whose ids say so by their prefix: `sg` → `AWS::EC2::SecurityGroup`. */
export const EC2_PREFIXES: ReadonlyMap<string, string> = new Map([
  ['acl', 'AWS::EC2::NetworkAcl'],
  ['ami', 'AWS::EC2::Image'],
  ['eipalloc', 'AWS::EC2::EIP'],
  ['eni', 'AWS::EC2::NetworkInterface'],
  ['i', 'AWS::EC2::Instance'],
  ['igw', 'AWS::EC2::InternetGateway'],
  ['lt', 'AWS::EC2::LaunchTemplate'],
  ['nat', 'AWS::EC2::NatGateway'],
  ['rtb', 'AWS::EC2::RouteTable'],
  ['sg', 'AWS::EC2::SecurityGroup'],
  ['sgr', 'AWS::EC2::SecurityGroupIngress'],
  ['snap', 'AWS::EC2::Snapshot'],
  ['subnet', 'AWS::EC2::Subnet'],
  ['tgw', 'AWS::EC2::TransitGateway'],
  ['vol', 'AWS::EC2::Volume'],
  ['vpc', 'AWS::EC2::VPC'],
]);

const EC2_ID = /^([a-z]+)-[0-9a-f]{8,17}$/;

/** The claim that an id alone makes: an ARN, or an EC2 id with its distinctive prefix. Null when it could be anything. */
export function claimOfId(value: unknown, account: string | null = null): ResourceClaim | null {
  const id = name(value);
  if (id === null) return null;
  if (id.startsWith('arn:')) return fromArn(id, account) === null ? null : claimOf({ type: '', id, account });
  const type = EC2_PREFIXES.get(EC2_ID.exec(id)?.[1] ?? '');
  return type === undefined ? null : { type, id };
}
