import { randomUUID } from 'node:crypto';
import { GLOBAL_REGION, type JsonObject, type ResourceRef } from '@redress/core';

/** An event as EventBridge delivers it. */
export interface EventBridgeEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: JsonObject;
}

/** Global services report from here. */
const home = (region: string) => (region === GLOBAL_REGION ? 'us-east-1' : region);
/** EventBridge writes whole seconds. */
const seconds = (time: Date) => time.toISOString().replace(/\.\d+Z$/, 'Z');

function envelope(
  detailType: string,
  source: string,
  account: string,
  region: string,
  time: Date,
  resources: readonly string[],
  detail: JsonObject,
): EventBridgeEvent {
  return { version: '0', id: randomUUID(), 'detail-type': detailType, source, account, time: seconds(time), region: home(region), resources, detail };
}

/** Input of {@link configComplianceEvent}. */
export interface ConfigComplianceInput {
  readonly resource: ResourceRef;
  /** Name of the Config rule: `restricted-ssh`. */
  readonly rule: string;
  /** ID that Config uses for the resource, if it differs, such as the unique ID of an IAM user. */
  readonly resourceId?: string;
  /** Default `NON_COMPLIANT`. */
  readonly compliance?: 'COMPLIANT' | 'NON_COMPLIANT' | 'NOT_APPLICABLE';
  /** The previous compliance; null for a first evaluation. Default `COMPLIANT`. */
  readonly previous?: 'COMPLIANT' | 'NON_COMPLIANT' | 'NOT_APPLICABLE' | null;
  /** Time of the previous evaluation. Default: ten minutes before `time`, so the change is recent. */
  readonly previousTime?: Date;
  /** Default now. */
  readonly time?: Date;
}

/**
 * AWS Config's *Config Rules Compliance Change*, in its EventBridge envelope.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/monitor-config-with-cloudwatchevents.html
 */
export function configComplianceEvent(input: ConfigComplianceInput): EventBridgeEvent {
  const { resource, rule } = input;
  const time = input.time ?? new Date();
  const region = home(resource.region);
  const result = (complianceType: string, at: Date): JsonObject => ({
    evaluationResultIdentifier: {
      evaluationResultQualifier: {
        configRuleName: rule,
        resourceType: resource.type,
        resourceId: input.resourceId ?? resource.id,
        evaluationMode: 'DETECTIVE',
      },
      orderingTimestamp: at.toISOString(),
    },
    complianceType,
    resultRecordedTime: at.toISOString(),
    configRuleInvokedTime: at.toISOString(),
  });
  const previous = input.previous === undefined ? 'COMPLIANT' : input.previous;
  return envelope('Config Rules Compliance Change', 'aws.config', resource.account, resource.region, time, [], {
    resourceId: input.resourceId ?? resource.id,
    awsRegion: region,
    awsAccountId: resource.account,
    configRuleName: rule,
    configRuleARN: `arn:${resource.partition}:config:${region}:${resource.account}:config-rule/config-rule-kit001`,
    recordVersion: '1.0',
    messageType: 'ComplianceChangeNotification',
    notificationCreationTime: time.toISOString(),
    resourceType: resource.type,
    newEvaluationResult: result(input.compliance ?? 'NON_COMPLIANT', time),
    ...(previous === null ? {} : { oldEvaluationResult: result(previous, input.previousTime ?? new Date(time.getTime() - 600_000)) }),
  });
}

/** Input of {@link cloudTrailEvent}. */
export interface CloudTrailInput {
  /** Where the call was made. */
  readonly account: string;
  readonly region: string;
  /** `ec2`: the host name of the service without `.amazonaws.com`. */
  readonly service: string;
  /** `AuthorizeSecurityGroupIngress`. */
  readonly operation: string;
  /** `requestParameters` and `responseElements` in CloudTrail's own spelling (lower camel case). */
  readonly request?: JsonObject | null;
  readonly response?: JsonObject | null;
  /** Who made the call; default a user called alice. */
  readonly actor?: string;
  /** Set if the call failed. */
  readonly errorCode?: string;
  readonly readOnly?: boolean;
  /** Default now. */
  readonly time?: Date;
}

/**
 * *AWS API Call via CloudTrail*, in its EventBridge envelope.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export function cloudTrailEvent(input: CloudTrailInput): EventBridgeEvent {
  const time = input.time ?? new Date();
  const arn = input.actor ?? `arn:aws:iam::${input.account}:user/alice`;
  return envelope('AWS API Call via CloudTrail', `aws.${input.service}`, input.account, input.region, time, [], {
    eventVersion: '1.11',
    userIdentity: {
      type: 'IAMUser',
      principalId: 'AIDAIOSFODNN7EXAMPLE',
      arn,
      accountId: input.account,
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      userName: arn.slice(arn.lastIndexOf('/') + 1),
    },
    eventTime: seconds(time),
    eventSource: `${input.service}.amazonaws.com`,
    eventName: input.operation,
    awsRegion: home(input.region),
    sourceIPAddress: '192.0.2.10',
    userAgent: 'aws-cli/2.31.0',
    ...(input.errorCode === undefined ? {} : { errorCode: input.errorCode, errorMessage: 'The request was refused.' }),
    requestParameters: input.request ?? null,
    responseElements: input.errorCode === undefined ? (input.response ?? null) : null,
    requestID: randomUUID(),
    eventID: randomUUID(),
    readOnly: input.readOnly ?? false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: input.account,
    eventCategory: 'Management',
  });
}

/** Input of {@link securityHubEvent}. */
export interface SecurityHubInput {
  readonly resource: ResourceRef;
  /** Security control ID: `EC2.13`. */
  readonly control: string;
  /** `Resources[0].Id`, if it is not the usual ARN of the type. */
  readonly resourceId?: string;
  /** Default `FAILED`. */
  readonly status?: 'FAILED' | 'PASSED' | 'WARNING';
  /** The administrator's account, if it sent the finding of a member. */
  readonly sender?: string;
  /** Default now. */
  readonly time?: Date;
}

/** ASFF has its own names for types, and ARNs where the API takes ids. */
const ASFF: Readonly<Record<string, readonly [type: string, arn: (ref: ResourceRef) => string]>> = {
  'AWS::::Account': ['AwsAccount', (ref) => `AWS::::Account:${ref.account}`],
  'AWS::EC2::SecurityGroup': ['AwsEc2SecurityGroup', (ref) => regional(ref, 'ec2', `security-group/${ref.id}`)],
  'AWS::EC2::Volume': ['AwsEc2Volume', (ref) => regional(ref, 'ec2', `volume/${ref.id}`)],
  'AWS::EC2::Instance': ['AwsEc2Instance', (ref) => regional(ref, 'ec2', `instance/${ref.id}`)],
  'AWS::S3::Bucket': ['AwsS3Bucket', (ref) => `arn:${ref.partition}:s3:::${ref.id}`],
  'AWS::IAM::User': ['AwsIamUser', (ref) => `arn:${ref.partition}:iam::${ref.account}:user/${ref.id}`],
  'AWS::KMS::Key': ['AwsKmsKey', (ref) => regional(ref, 'kms', `key/${ref.id}`)],
  'AWS::Logs::LogGroup': ['AwsLogsLogGroup', (ref) => regional(ref, 'logs', `log-group:${ref.id}`)],
};
const regional = (ref: ResourceRef, service: string, rest: string) => `arn:${ref.partition}:${service}:${home(ref.region)}:${ref.account}:${rest}`;

/**
 * *Security Hub Findings - Imported* with one finding of a control, in its EventBridge envelope.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html
 */
export function securityHubEvent(input: SecurityHubInput): EventBridgeEvent {
  const { resource, control } = input;
  const time = (input.time ?? new Date()).toISOString();
  const region = home(resource.region);
  const [type, arnOf] = ASFF[resource.type] ?? [resource.type, (ref: ResourceRef) => ref.id];
  const resourceId = input.resourceId ?? arnOf(resource);
  const status = input.status ?? 'FAILED';
  const id = `arn:${resource.partition}:securityhub:${region}:${resource.account}:security-control/${control}/finding/${randomUUID()}`;
  const product = `arn:${resource.partition}:securityhub:${region}::product/aws/securityhub`;
  return envelope(
    'Security Hub Findings - Imported',
    'aws.securityhub',
    input.sender ?? resource.account,
    resource.region,
    new Date(time),
    [`${product}/${id}`],
    {
      findings: [
        {
          SchemaVersion: '2018-10-08',
          Id: id,
          ProductArn: product,
          ProductName: 'Security Hub',
          CompanyName: 'AWS',
          Region: region,
          GeneratorId: `security-control/${control}`,
          AwsAccountId: resource.account,
          Types: ['Software and Configuration Checks/Industry and Regulatory Standards'],
          FirstObservedAt: time,
          LastObservedAt: time,
          CreatedAt: time,
          UpdatedAt: time,
          Severity: {
            Label: status === 'FAILED' ? 'HIGH' : 'INFORMATIONAL',
            Normalized: status === 'FAILED' ? 70 : 0,
            Original: status === 'FAILED' ? 'HIGH' : 'INFORMATIONAL',
          },
          Title: control,
          Description: `Finding of ${control}.`,
          ProductFields: { 'aws/securityhub/ProductName': 'Security Hub', 'Resources:0/Id': resourceId },
          Resources: [{ Type: type, Id: resourceId, Partition: resource.partition, Region: region }],
          Compliance: {
            Status: status,
            SecurityControlId: control,
            AssociatedStandards: [{ StandardsId: 'standards/aws-foundational-security-best-practices/v/1.0.0' }],
          },
          WorkflowState: 'NEW',
          Workflow: { Status: status === 'PASSED' ? 'RESOLVED' : 'NEW' },
          RecordState: 'ACTIVE',
        },
      ],
    },
  );
}
