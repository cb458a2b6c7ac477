import type { Remediator } from '@redress/core';
import { hubTemplate } from '@redress/deploy';
import { type ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, type IEventBus } from 'aws-cdk-lib/aws-events';
import { type IManagedPolicy, type IRole, ManagedPolicy, Role } from 'aws-cdk-lib/aws-iam';
import { type Code, type IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { type IStringParameter, StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { Construct } from 'constructs';
import { acknowledge, codeAt, included } from './included.js';

/** What {@link RedressHub} takes. */
export interface RedressHubProps {
  /** Whose events are let through: those in the bundle. */
  readonly remediators: readonly Remediator[];
  /** A folder with index.mjs, which exports `handler` and `approvals` (and `config`, see `serveConfig`), or code from elsewhere (an S3 object, an asset). */
  readonly code: string | Code;
  /** Given when a member role is assumed; the same for {@link RedressMemberRole}. */
  readonly externalId: string;
  /** How the names of member roles begin; default `Redress`. */
  readonly rolePrefix?: string;
  /** Accounts of this organization (`o-…`) may forward events. */
  readonly organizationId?: string;
  /** Accounts that may forward events, without an organization. */
  readonly memberAccountIds?: readonly string[];
  /** ARNs of roles and users that may call the approval endpoint. */
  readonly approvers?: readonly string[];
  /** Permissions boundary of the roles. */
  readonly permissionsBoundaryArn?: string;
  /** Days in which nobody can delete evidence; default 365. It can be raised later, never lowered for what is there. */
  readonly evidenceRetentionDays?: number;
  /** Days that logs are kept, as CloudWatch has them; default 90. */
  readonly logRetentionDays?: number;
  /** When to look for what events missed; default `rate(1 hour)`. */
  readonly sweepSchedule?: string;
  /** Regions that are swept, or `['all']`: those that an account has enabled; default that of the hub. */
  readonly sweepRegions?: readonly string[];
  /** Default true. A new account may be too small for it. */
  readonly reserveConcurrency?: boolean;
  /** Role that lists the accounts of the organization. Default: the roles of the hub do, if it is in the management account or a delegated administrator. */
  readonly organizationRoleArn?: string;
  /** A symmetric KMS key that encrypts queues, topic, logs, table and bucket; default: keys that AWS owns. Its policy is in docs/deploy.md. */
  readonly encryptionKeyArn?: string;
  /** Email address that also gets alarms and notices. */
  readonly noticeEmail?: string;
  /** Answer remediations of AWS Config, of this account and of the organization; default false. The code has to export `config`. */
  readonly serveConfig?: boolean;
  /** Digest that the policy in the code has to have, or nothing starts: `redress bundle` prints it. */
  readonly policyDigest: string;
  /** Digest that the exceptions register in the code has to have, or nothing starts: `redress bundle` prints it. */
  readonly registerDigest: string;
  /** That of the policy; default `redress:exception`. */
  readonly exceptionTag?: string;
  /** Seconds that an invocation may take, 60 to 1,800; default 120. */
  readonly timeoutSeconds?: number;
  /** Invocations that the queue makes at the same time, at least 2; default 5. */
  readonly maximumConcurrency?: number;
  /** Sweeps at the same time, at least 2; default 10. */
  readonly sweepConcurrency?: number;
  /** Messages per invocation, 1 to 10; default 5. */
  readonly batchSize?: number;
}

/**
 * The hub: once per organization or account, in one region. Without a policy in the bundle it only notifies.
 *
 * @example new RedressHub(this, 'Redress', { remediators: s3Remediators, code: 'dist/lambda', externalId: 'o-abc123-redress' });
 * @throws {RedressError} `compose/invalid`: a number that is out of its range, an approver that is not an ARN
 */
export class RedressHub extends Construct {
  /** Handles events. */
  readonly function: IFunction;
  /** The approval endpoint. */
  readonly approvals: IFunction;
  /** What remediations of AWS Config ask, for {@link RedressMemberConfig}; null where they are not served. */
  readonly config: IFunction | null;
  /** The approval endpoint. It accepts signed requests. */
  readonly approvalUrl: string;
  /** Attach it to roles of this account that approve. */
  readonly approverPolicy: IManagedPolicy;
  /** Attach it to roles that read the journal, and change nothing. */
  readonly auditorPolicy: IManagedPolicy;
  /** Incoming events. */
  readonly queue: IQueue;
  /** Places to sweep. */
  readonly sweeps: IQueue;
  /** Messages that were received too often. */
  readonly deadLetterQueue: IQueue;
  /** Messages that could not be delivered. */
  readonly undeliveredQueue: IQueue;
  /** The journal. */
  readonly table: ITable;
  /** Evidence, under Object Lock. */
  readonly bucket: IBucket;
  /** Alarms and notices. */
  readonly notices: ITopic;
  /** Events that member accounts forward. */
  readonly bus: IEventBus;
  /** The kill switch. */
  readonly stop: IStringParameter;
  /** Roles of the two functions: what member roles trust. */
  readonly roles: { readonly function: IRole; readonly approvals: IRole };
  /** Every resource as a typed L1, by its name in the template. */
  readonly template: CfnInclude;

  constructor(scope: Construct, id: string, props: RedressHubProps) {
    super(scope, id);
    const { remediators, exceptionTag, timeoutSeconds, maximumConcurrency, sweepConcurrency, batchSize, approvers } = props;
    const source = hubTemplate({
      remediators,
      ...(exceptionTag === undefined ? {} : { exceptionTag }),
      ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
      ...(maximumConcurrency === undefined ? {} : { maximumConcurrency }),
      ...(sweepConcurrency === undefined ? {} : { sweepConcurrency }),
      ...(batchSize === undefined ? {} : { batchSize }),
      ...(approvers === undefined ? {} : { approvers }),
    });
    this.template = included(this, source, {
      ...codeAt(this, props.code, 'hub'),
      ExternalId: props.externalId,
      RolePrefix: props.rolePrefix,
      OrganizationId: props.organizationId,
      OrganizationRoleArn: props.organizationRoleArn,
      MemberAccountIds: props.memberAccountIds,
      PermissionsBoundaryArn: props.permissionsBoundaryArn,
      EvidenceRetentionDays: props.evidenceRetentionDays,
      LogRetentionDays: props.logRetentionDays,
      SweepSchedule: props.sweepSchedule,
      SweepRegions: props.sweepRegions,
      ReserveConcurrency: props.reserveConcurrency === undefined ? undefined : String(props.reserveConcurrency),
      EncryptionKeyArn: props.encryptionKeyArn,
      NoticeEmail: props.noticeEmail,
      PolicyDigest: props.policyDigest,
      RegisterDigest: props.registerDigest,
      ServeConfig: String(props.serveConfig ?? false),
    });
    acknowledge(this.template, source);

    const arn = (name: string) => this.template.getResource(name).getAtt('Arn').toString();
    const functionOf = (name: string) => LambdaFunction.fromFunctionAttributes(this, `${name}Function`, { functionArn: arn(name), sameEnvironment: true });
    this.function = functionOf('Function');
    this.approvals = functionOf('Approvals');
    this.config = props.serveConfig === true ? functionOf('Config') : null;
    this.approvalUrl = this.template.getResource('ApprovalsUrl').getAtt('FunctionUrl').toString();
    this.approverPolicy = ManagedPolicy.fromManagedPolicyArn(this, 'Approver', this.template.getResource('ApproverPolicy').ref);
    this.auditorPolicy = ManagedPolicy.fromManagedPolicyArn(this, 'Auditor', this.template.getResource('AuditorPolicy').ref);
    this.queue = Queue.fromQueueArn(this, 'Queue', arn('Queue'));
    this.sweeps = Queue.fromQueueArn(this, 'Sweeps', arn('Sweeps'));
    this.deadLetterQueue = Queue.fromQueueArn(this, 'DeadLetters', arn('DeadLetters'));
    this.undeliveredQueue = Queue.fromQueueArn(this, 'Undelivered', arn('Undelivered'));
    this.table = Table.fromTableArn(this, 'Table', arn('Table'));
    this.bucket = Bucket.fromBucketArn(this, 'Bucket', arn('Bucket'));
    this.notices = Topic.fromTopicArn(this, 'Notices', this.template.getResource('Notices').ref);
    this.bus = EventBus.fromEventBusArn(this, 'Bus', arn('Bus'));
    this.stop = StringParameter.fromStringParameterAttributes(this, 'Stop', {
      parameterName: this.template.getResource('Stop').ref,
      simpleName: true,
      forceDynamicReference: true,
    });
    this.roles = {
      function: Role.fromRoleArn(this, 'FunctionRole', arn('FunctionRole')),
      approvals: Role.fromRoleArn(this, 'ApprovalsRole', arn('ApprovalsRole')),
    };
  }
}
