import { canaryPattern, type EventPattern, type JsonObject, RedressError, type Remediator } from '@redress/core';
import { MAX_ASK_SECONDS } from '../config/ask-document.js';
import { encryptable, keyStatement } from './encryption.js';
import { lambda, log } from './functions.js';
import { approvalsStatements, functionStatements, hubJournal, organizationStatements, workerStatements } from './hub-statements.js';
import { watching } from './hub-watch.js';
import { JOURNAL_TABLE } from './journal-table.js';
import { checkovMetadata } from './lint-exceptions.js';
import { queue, queuePolicy } from './queue.js';
import { managed, role } from './roles.js';
import { forwardedRule, rule, rulesOf, target } from './rules.js';
import { att, given, listed, ref, sub, type Template, type TemplateParameter, type TemplateResource } from './template.js';

/** Input of the hub's template at generation time. The rest are its parameters. */
export interface HubTemplateOptions {
  /** Remediators whose events are accepted. */
  readonly remediators: readonly Remediator[];
  /** The exception tag of the policy; default `redress:exception`. */
  readonly exceptionTag?: string;
  /** Timeout of an invocation in seconds, 60 to 1,800; default 120. The queue hides a message for six times as long. */
  readonly timeoutSeconds?: number;
  /** Maximum concurrent invocations by the queue, at least 2; default 5. */
  readonly maximumConcurrency?: number;
  /** Maximum concurrent sweeps, at least 2; default 10. Each sweeps one account in one region. If no concurrency is reserved, the maximum is two. */
  readonly sweepConcurrency?: number;
  /** Messages per invocation, 1 to 10; default 5. They are handled one after the other within the timeout. */
  readonly batchSize?: number;
  /** ARNs of roles and users, also in other accounts, that may call the approval endpoint. The policy (`approvers`) says what they may approve. */
  readonly approvers?: readonly string[];
}

/** Deliveries of a message before it goes to the dead-letter queue. */
export const MAX_RECEIVE_COUNT = 5;
/**
 * Maximum timeout of Lambda in seconds. It is 5,400 only on managed instances, which the hub does not use.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
 */
const MAX_TIMEOUT_SECONDS = 1800;
/** Invocations in addition to those by the queues: the schedule, and direct ones. */
const BESIDE_THE_QUEUES = 3;
/** Concurrent sweeps in an account that reserves no concurrency, because its events need the rest. Lambda allows no fewer. */
const FEWEST = 2;

/**
 * The hub: once per organization or account, in one region. It contains EventBridge rules, queue and dead-letter queue, the function, the journal's table
 * and bucket, sweep and canary, the approval endpoint, alarms and a dashboard.
 *
 * Its own roles may not change any resource: the member roles do that. Without a policy in the bundle everything is notify-only.
 *
 * @example JSON.stringify(hubTemplate({ remediators: s3Remediators }))
 * @throws {RedressError} `compose/invalid`: a number is out of range
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
 */
export function hubTemplate(options: HubTemplateOptions): Template {
  const timeout = inRange('timeoutSeconds', options.timeoutSeconds ?? 120, 60, MAX_TIMEOUT_SECONDS);
  const concurrency = inRange('maximumConcurrency', options.maximumConcurrency ?? 5, 2, 1000);
  const sweeps = inRange('sweepConcurrency', options.sweepConcurrency ?? 10, 2, 1000);
  const batch = inRange('batchSize', options.batchSize ?? 5, 1, 10);
  const { remediators, exceptionTag } = options;
  const toQueue = { to: att('Queue'), deadLetters: 'Undelivered' };
  const rules = rulesOf(remediators, exceptionTag, toQueue);
  const toTheQueue = [...Object.keys(rules), ...(remediators.length === 0 ? [] : ['ForwardedRule']), 'CanaryRule', 'CanaryArrivedRule'];

  return encryptable({
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'Redress, the hub: closes security gaps within the bounds of a policy, and keeps the evidence. Without a policy in its code it only notifies.',
    Parameters: parameters(),
    Conditions: {
      HasOrganization: given('OrganizationId'),
      HasMembers: listed('MemberAccountIds'),
      HasBoundary: given('PermissionsBoundaryArn'),
      HasCodeVersion: given('CodeVersion'),
      HasEmail: given('NoticeEmail'),
      HasOrganizationRole: given('OrganizationRoleArn'),
      HasSweepRegions: listed('SweepRegions'),
      // GovCloud has no function URLs: changes that need an approval wait there.
      HasFunctionUrls: { 'Fn::Not': [{ 'Fn::Equals': [ref('AWS::Partition'), 'aws-us-gov'] }] },
      Reserves: { 'Fn::Equals': [ref('ReserveConcurrency'), 'true'] },
      ServesConfig: { 'Fn::Equals': [ref('ServeConfig'), 'true'] },
      ServesConfigOfOrganization: { 'Fn::And': [{ Condition: 'ServesConfig' }, { Condition: 'HasOrganization' }] },
    },
    Resources: {
      // Input.
      Queue: queue({
        VisibilityTimeout: 6 * timeout,
        ReceiveMessageWaitTimeSeconds: 20,
        RedrivePolicy: { deadLetterTargetArn: att('DeadLetters'), maxReceiveCount: MAX_RECEIVE_COUNT },
      }),
      // A separate queue, so that one call can redrive dead letters to it.
      DeadLetters: queue(),
      Undelivered: queue(),
      // One message group for each account and region, so that one worker at a time sweeps it. If a sweep fails for good, the next schedule requests it
      // again.
      Sweeps: queue({ FifoQueue: true, VisibilityTimeout: 6 * timeout }),
      QueuePolicy: queuePolicy('Queue', toTheQueue),
      SweepsPolicy: queuePolicy('Sweeps', []),
      DeadLettersPolicy: queuePolicy('DeadLetters', []),
      UndeliveredPolicy: queuePolicy('Undelivered', [...toTheQueue, 'SweepRule']),
      ...rules,
      ...bus(),
      ...(remediators.length === 0 ? {} : { ForwardedRule: forwardedRule(remediators, exceptionTag, ref('Bus'), toQueue) }),

      // Functions.
      WorkerPolicy: managed('Permissions of both functions of Redress.', workerStatements()),
      ...role('FunctionRole', { ...WORKER, description: 'Assumed by the function that handles events.', statements: functionStatements() }),
      ...role('ApprovalsRole', { ...WORKER, description: 'Assumed by the approval endpoint.', statements: approvalsStatements() }),
      OrganizationPolicy: organizationPolicy(),
      Function: lambda('index.handler', 'FunctionRole', 'FunctionLog', timeout, concurrency + sweeps + BESIDE_THE_QUEUES, environment()),
      FunctionInvocations: {
        Type: 'AWS::Lambda::EventInvokeConfig',
        Properties: {
          FunctionName: ref('Function'),
          Qualifier: '$LATEST',
          MaximumRetryAttempts: 2,
          MaximumEventAgeInSeconds: 3600,
          DestinationConfig: { OnFailure: { Destination: att('Undelivered') } },
        },
      },
      FunctionMessages: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          EventSourceArn: att('Queue'),
          FunctionName: ref('Function'),
          BatchSize: batch,
          // Events are handled while they are fresh.
          MaximumBatchingWindowInSeconds: 0,
          FunctionResponseTypes: ['ReportBatchItemFailures'],
          ScalingConfig: { MaximumConcurrency: concurrency },
        },
      },
      SweepMessages: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          EventSourceArn: att('Sweeps'),
          FunctionName: ref('Function'),
          BatchSize: 1,
          FunctionResponseTypes: ['ReportBatchItemFailures'],
          ScalingConfig: { MaximumConcurrency: { 'Fn::If': ['Reserves', sweeps, FEWEST] } },
        },
      },
      Approvals: lambda('index.approvals', 'ApprovalsRole', 'ApprovalsLog', timeout, 2, environment()),
      ApprovalsUrl: {
        Type: 'AWS::Lambda::Url',
        Condition: 'HasFunctionUrls',
        Properties: { AuthType: 'AWS_IAM', InvokeMode: 'BUFFERED', TargetFunctionArn: att('Approvals') },
      },
      ...approvers(options.approvers ?? []),
      // A separate function, because members may invoke it: whoever may invoke the one above could pass it any event. It shares that function's log and role,
      // so the same metric filter and the same trust apply.
      Config: {
        ...lambda('index.config', 'FunctionRole', 'FunctionLog', Math.min(timeout, MAX_ASK_SECONDS), 2, environment()),
        Condition: 'ServesConfig',
      },
      ConfigPermission: {
        Type: 'AWS::Lambda::Permission',
        Condition: 'ServesConfigOfOrganization',
        Properties: { Action: 'lambda:InvokeFunction', FunctionName: ref('Config'), Principal: '*', PrincipalOrgID: ref('OrganizationId') },
      },
      AuditorPolicy: managed('Lets its holder read the journal of Redress, and nothing else.', [...hubJournal('auditor'), keyStatement('Key', false)]),
      Stop: {
        Type: 'AWS::SSM::Parameter',
        Properties: {
          Description: 'The kill switch: none, changes, or everything (rollbacks too). The functions read it before each write (parameterStop).',
          Type: 'String',
          Value: 'none',
          AllowedPattern: '^(none|changes|everything)$',
        },
      },
      FunctionLog: log(),
      ApprovalsLog: log(),

      // Storage.
      Table: {
        Type: 'AWS::DynamoDB::Table',
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        ...checkovMetadata('AWS::DynamoDB::Table'),
        Properties: {
          ...JOURNAL_TABLE,
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          // DynamoDB always encrypts; `false` selects its own key instead of a KMS key.
          SSESpecification: { SSEEnabled: false },
        },
      },
      Bucket: {
        Type: 'AWS::S3::Bucket',
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        ...checkovMetadata('AWS::S3::Bucket'),
        Properties: {
          ObjectLockEnabled: true,
          ObjectLockConfiguration: {
            ObjectLockEnabled: 'Enabled',
            Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: ref('EvidenceRetentionDays') } },
          },
          VersioningConfiguration: { Status: 'Enabled' },
          BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
          PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
          OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
          // Evidence does not expire; only incomplete uploads do.
          LifecycleConfiguration: { Rules: [{ Id: 'Unfinished', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } }] },
        },
      },
      BucketPolicy: {
        Type: 'AWS::S3::BucketPolicy',
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          Bucket: ref('Bucket'),
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Sid: 'TlsOnly',
                Effect: 'Deny',
                Principal: '*',
                Action: 's3:*',
                // Not `Fn::Sub`: rules of Control Tower cannot read it.
                Resource: [att('Bucket'), { 'Fn::Join': ['', [att('Bucket'), '/*']] }],
                Condition: { Bool: { 'aws:SecureTransport': 'false' } },
              },
            ],
          },
        },
      },

      // Schedules.
      SweepRule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          Description: 'Starts a round of sweeps.',
          ScheduleExpression: ref('SweepSchedule'),
          State: 'ENABLED',
          Targets: [target({ to: att('Function'), deadLetters: 'Undelivered' })],
        },
      },
      SweepPermission: {
        Type: 'AWS::Lambda::Permission',
        Properties: { Action: 'lambda:InvokeFunction', FunctionName: ref('Function'), Principal: 'events.amazonaws.com', SourceArn: att('SweepRule') },
      },
      CanaryRule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          Description: 'Sends the canary: a tag on a parameter, whose event has to arrive.',
          ScheduleExpression: 'rate(1 day)',
          State: 'ENABLED',
          Targets: [target(toQueue, { Input: '{"redress":"canary"}' })],
        },
      },
      CanaryArrivedRule: rule(canary(), toQueue),
      Canary: {
        Type: 'AWS::SSM::Parameter',
        Properties: { Description: 'Tagged once a day, to check that events arrive. It has no other purpose.', Type: 'String', Value: 'canary' },
      },
      ...watching(timeout),
    },
    Outputs: {
      FunctionArn: { Description: 'Handles events. Invoke it directly for a single event.', Value: att('Function') },
      HubRoleArns: { Description: 'For the parameter HubRoleArns of the member role template.', Value: sub('{FunctionRole.Arn},{ApprovalsRole.Arn}') },
      ApprovalsRoleArn: { Description: 'For the parameter RollbackRoleArns of the member role template.', Value: att('ApprovalsRole') },
      BusArn: { Description: 'For the parameter HubBusArn of the member events template.', Value: att('Bus') },
      ApprovalUrl: {
        Description: 'The approval endpoint. It accepts signed requests.',
        Value: att('ApprovalsUrl', 'FunctionUrl'),
        Condition: 'HasFunctionUrls',
      },
      ApproverPolicyArn: {
        Description: 'Attach it to the roles and users of this account that give approvals.',
        Value: ref('ApproverPolicy'),
        Condition: 'HasFunctionUrls',
      },
      ApprovalsFunctionArn: {
        Description: 'For approvers in another account: the function to allow in a policy there.',
        Value: att('Approvals'),
        Condition: 'HasFunctionUrls',
      },
      AuditorPolicyArn: { Description: 'Attach it to those who only read the journal.', Value: ref('AuditorPolicy') },
      ConfigFunctionArn: { Description: 'For the parameter ConfigFunctionArn of the member config template.', Value: att('Config'), Condition: 'ServesConfig' },
      SweepsUrl: { Description: 'Places to sweep.', Value: ref('Sweeps') },
      QueueUrl: { Description: 'Incoming events.', Value: ref('Queue') },
      DeadLettersUrl: { Description: 'Messages that were received too often.', Value: ref('DeadLetters') },
      UndeliveredUrl: { Description: 'Messages that could not be delivered.', Value: ref('Undelivered') },
      TableName: { Description: 'The journal.', Value: ref('Table') },
      BucketName: { Description: 'Evidence, under Object Lock.', Value: ref('Bucket') },
      StopParameterName: { Description: 'The kill switch.', Value: ref('Stop') },
      NoticesArn: { Description: 'Alarms and notices.', Value: ref('Notices') },
    },
  });
}

/** The canary's pattern, for the parameter of this template. */
function canary(): Pick<EventPattern, 'description' | 'pattern'> {
  const name = 'CanaryParameterName';
  const { description, pattern } = canaryPattern(name);
  const text = JSON.stringify(pattern).replaceAll(JSON.stringify(name), JSON.stringify(ref('Canary')));
  return { description, pattern: JSON.parse(text) as JsonObject };
}

function parameters(): Record<string, TemplateParameter> {
  const arn = '^$|^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+$';
  return {
    CodeBucket: { Type: 'String', Description: 'Bucket with the code as a ZIP file, in this region: index.mjs, which exports handler and approvals.' },
    CodeKey: { Type: 'String', Description: 'Its key.' },
    CodeVersion: { Type: 'String', Default: '', Description: 'Its version, in a bucket with versions.' },
    ExternalId: {
      Type: 'String',
      Description: 'External ID for assuming member roles. Give the same value to the member role template.',
      AllowedPattern: '^[\\w+=,.@:/-]{2,1224}$',
    },
    RolePrefix: {
      Type: 'String',
      Default: 'Redress',
      Description: 'Name prefix of the member roles.',
      AllowedPattern: '^[A-Za-z][\\w+=,.@-]{0,39}$',
    },
    OrganizationId: {
      Type: 'String',
      Default: '',
      Description: 'Accounts of this organization may forward events, and are swept. Empty: no organization.',
      AllowedPattern: '^$|^o-[a-z0-9]{10,32}$',
    },
    OrganizationRoleArn: {
      Type: 'String',
      Default: '',
      Description: 'Role that lists the accounts of the organization. Empty: this account lists them, as management account or delegated administrator.',
      AllowedPattern: arn,
    },
    MemberAccountIds: { Type: 'CommaDelimitedList', Default: '', Description: 'Accounts that may forward events, without an organization.' },
    PermissionsBoundaryArn: { Type: 'String', Default: '', Description: 'Permissions boundary of the roles.', AllowedPattern: arn },
    EvidenceRetentionDays: {
      Type: 'Number',
      Default: 365,
      MinValue: 1,
      MaxValue: 36_500,
      Description: 'For this many days nobody, not even the root user, can delete the contents of the evidence bucket, or the bucket. Use 1 to try it out.',
    },
    LogRetentionDays: {
      Type: 'Number',
      Default: 90,
      AllowedValues: [1, 7, 14, 30, 60, 90, 180, 365, 400, 731, 1827, 3653],
      Description: 'Log retention in days.',
    },
    SweepSchedule: {
      Type: 'String',
      Default: 'rate(1 hour)',
      Description: 'Schedule of the sweeps, which find what events missed.',
      AllowedPattern: '^(rate|cron)\\(.+\\)$',
    },
    SweepRegions: { Type: 'CommaDelimitedList', Default: '', Description: 'Regions to sweep, or all. Empty: the region of the hub.' },
    ReserveConcurrency: {
      Type: 'String',
      Default: 'true',
      AllowedValues: ['true', 'false'],
      Description: 'Reserve concurrency for the functions. The quota of a new account may be too small.',
    },
    NoticeEmail: { Type: 'String', Default: '', Description: 'Email address that also gets alarms and notices.', AllowedPattern: '^$|^[^@\\s]+@[^@\\s]+$' },
    ServeConfig: {
      Type: 'String',
      Default: 'false',
      AllowedValues: ['true', 'false'],
      Description: 'Answer remediations of AWS Config, of this account and of the organization. The code has to export config.',
    },
    PolicyDigest: { Type: 'String', Description: 'Required digest of the policy in the code: `redress bundle` prints it.', AllowedPattern: DIGEST },
    RegisterDigest: {
      Type: 'String',
      Description: 'Required digest of the exceptions register in the code: `redress bundle` prints it.',
      AllowedPattern: DIGEST,
    },
  };
}

const WORKER = { trusts: { service: 'lambda.amazonaws.com' }, shares: ['WorkerPolicy'] };
const DIGEST = '^[\\w:+/=-]{1,128}$';

function environment(): JsonObject {
  return {
    REDRESS_TABLE: ref('Table'),
    REDRESS_BUCKET: ref('Bucket'),
    // An object that is stored again gets a new lock. The bucket itself only locks new objects.
    REDRESS_LOCK_DAYS: ref('EvidenceRetentionDays'),
    REDRESS_MEMBER_ROLE: sub('{RolePrefix}Fix'),
    REDRESS_READ_ROLE: sub('{RolePrefix}Read'),
    // All functions know its name, so that its calls are recognized as those of Redress. Their roles show who may assume it.
    REDRESS_ROLLBACK_ROLE: sub('{RolePrefix}Rollback'),
    REDRESS_EXTERNAL_ID: ref('ExternalId'),
    REDRESS_TOPIC_ARN: ref('Notices'),
    REDRESS_STOP_PARAMETER: ref('Stop'),
    REDRESS_CANARY_PARAMETER: ref('Canary'),
    REDRESS_ORGANIZATION: ref('OrganizationId'),
    REDRESS_ORGANIZATION_ROLE: ref('OrganizationRoleArn'),
    REDRESS_POLICY_DIGEST: ref('PolicyDigest'),
    REDRESS_REGISTER_DIGEST: ref('RegisterDigest'),
    REDRESS_ACCOUNT: ref('AWS::AccountId'),
    REDRESS_SWEEP_QUEUE: ref('Sweeps'),
    REDRESS_SWEEP_REGIONS: { 'Fn::If': ['HasSweepRegions', { 'Fn::Join': [',', ref('SweepRegions')] }, ref('AWS::Region')] },
    NODE_OPTIONS: '--enable-source-maps',
  };
}

/** The members of the organization. Sweeps read them, and so does every function whose policy names units or tags. */
function organizationPolicy(): TemplateResource {
  return managed('Lets the roles of Redress list the accounts of its organization.', organizationStatements('HasOrganizationRole'), 'HasOrganization', {
    Roles: [ref('FunctionRole'), ref('ApprovalsRole')],
  });
}

/** A separate bus for events from members: an organization may put events there, so no list of accounts is needed. */
function bus(): Record<string, TemplateResource> {
  const statement = (Sid: string, Principal: JsonObject | string, Condition?: JsonObject): JsonObject => ({
    Sid,
    Effect: 'Allow',
    Principal,
    Action: 'events:PutEvents',
    Resource: att('Bus'),
    ...(Condition === undefined ? {} : { Condition }),
  });
  return {
    Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: sub('{AWS::StackName}'), Description: 'Events that member accounts forward to Redress.' } },
    OrganizationMayForward: {
      Type: 'AWS::Events::EventBusPolicy',
      Condition: 'HasOrganization',
      Properties: {
        EventBusName: ref('Bus'),
        StatementId: 'Organization',
        Statement: statement('Organization', '*', { StringEquals: { 'aws:PrincipalOrgID': ref('OrganizationId') } }),
      },
    },
    MembersMayForward: {
      Type: 'AWS::Events::EventBusPolicy',
      Condition: 'HasMembers',
      Properties: { EventBusName: ref('Bus'), StatementId: 'Members', Statement: statement('Members', { AWS: ref('MemberAccountIds') }) },
    },
  };
}

/** Callers of a function URL need both actions; the second only through the URL. */
function approvers(arns: readonly string[]): Record<string, TemplateResource> {
  const found: Record<string, TemplateResource> = {
    ApproverPolicy: managed(
      'Lets its holder call the approval endpoint of Redress. The policy of Redress defines what they may approve.',
      [
        {
          Effect: 'Allow',
          Action: 'lambda:InvokeFunctionUrl',
          Resource: att('Approvals'),
          Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
        },
        { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: att('Approvals'), Condition: { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } } },
      ],
      'HasFunctionUrls',
    ),
  };
  for (const [index, Principal] of arns.entries()) {
    if (!/^arn:[a-z-]+:iam::\d{12}:(?:role|user)\/[^*?\s]+$/.test(Principal))
      throw new RedressError('compose/invalid', `${JSON.stringify(Principal)} is not the ARN of a role or a user.`, {
        next: 'Name each approver: arn:aws:iam::111111111111:role/SecurityLead.',
      });
    found[`Approver${index + 1}Url`] = {
      Type: 'AWS::Lambda::Permission',
      Condition: 'HasFunctionUrls',
      Properties: { Action: 'lambda:InvokeFunctionUrl', FunctionName: ref('Approvals'), FunctionUrlAuthType: 'AWS_IAM', Principal },
    };
    found[`Approver${index + 1}Function`] = {
      Type: 'AWS::Lambda::Permission',
      Condition: 'HasFunctionUrls',
      Properties: { Action: 'lambda:InvokeFunction', FunctionName: ref('Approvals'), InvokedViaFunctionUrl: true, Principal },
    };
  }
  return found;
}

function inRange(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RedressError('compose/invalid', `${name} is ${value}.`, { next: `Give a whole number from ${least} to ${most}.` });
}
