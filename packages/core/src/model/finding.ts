import type { Json, JsonObject } from './json.js';

/** Which source spoke: a service of AWS, or a scanner whose own files are read. */
export type FindingSource =
  | 'config'
  | 'securityhub'
  | 'securityhub-v2'
  | 'cloudtrail'
  | 'guardduty'
  | 'access-analyzer'
  | 'health'
  | 'trusted-advisor'
  | 'tag'
  | 'ssm'
  | 'scheduled'
  | 'prowler'
  | 'wrapper'
  | 'other';

/** The kind of event. */
export type FindingKind =
  | 'config-compliance-change'
  | 'config-compliance-detail'
  | 'configuration-item-change'
  | 'config-rule-invocation'
  | 'config-rule-invocation-scheduled'
  | 'config-remediation'
  | 'finding-imported'
  | 'finding-imported-v2'
  | 'finding-custom-action'
  | 'insight-results'
  | 'api-call'
  | 'console-sign-in'
  | 'finding'
  | 'health-event'
  | 'check-item'
  | 'tag-change'
  | 'automation-status'
  | 'scheduled'
  | 'unsupported'
  | 'malformed';

/**
 * How a finding is classified before any decision.
 *
 * - `candidate`: a violation or change that a remediator may exist for; whether to act is decided on live state.
 * - `resolved`: says that the problem is gone.
 * - `evaluate`: asks for an evaluation (a custom Config rule's invocation, a schedule's tick).
 * - `record-only`: valid, nothing to remediate.
 * - `ignored`: accepted and dropped: the call failed, changed nothing, or it is not a finding.
 * - `rejected`: not an AWS event we can read, or a value in it cannot be right.
 */
export type Disposition = 'candidate' | 'resolved' | 'evaluate' | 'record-only' | 'ignored' | 'rejected';

/** A resource as an event names it: a claim, not yet a validated resource. */
export interface ResourceClaim {
  /** Canonical CloudFormation type. */
  readonly type: string;
  /** Native id. */
  readonly id: string;
  /** Where the source gave a region of the resource itself. */
  readonly region?: string;
  /** As the source wrote them, where they differ. */
  readonly rawType?: string;
  readonly rawId?: string;
}

/** The actor, as the source reports it: opaque text, used only as a name. */
export interface Actor {
  readonly arn: string | null;
  /** CloudTrail `userIdentity.type`. */
  readonly type: string | null;
  /** The role behind a session. */
  readonly issuerArn: string | null;
  /** The AWS service that called on the identity's behalf. */
  readonly invokedBy: string | null;
  /** Set when the first role of a chain was assumed, and the same in all that follow. Absent: none was set. */
  readonly sourceIdentity?: string;
}

/** A CloudTrail API call inside a finding. */
export interface RecordedCall {
  /** Service prefix: `ec2` of `ec2.amazonaws.com`. */
  readonly service: string;
  readonly operation: string;
  readonly request: JsonObject | null;
  readonly response: JsonObject | null;
  /** Non-empty when the call failed, that is, changed nothing. */
  readonly errorCode: string | null;
  readonly readOnly: boolean;
}

/**
 * Whether CloudTrail left out of the record what a call asked for: the request is not there, or is marked as omitted since it was too large.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export function isLeftOut({ request }: Pick<RecordedCall, 'request'>): boolean {
  return request === null || request['omitted'] === true;
}

/** The EventBridge envelope around a finding. Its account and region may differ from the finding's. */
export interface EnvelopeInfo {
  readonly id: string | null;
  readonly source: string | null;
  readonly detailType: string | null;
  readonly account: string | null;
  readonly region: string | null;
  readonly time: string | null;
  /** The archive replay that delivered it again, if any. */
  readonly replayName: string | null;
}

/**
 * A claim by an AWS source, in one shape for all sources. Never a fact: the live state is read before anything is decided,
 * and an event can only cause a read.
 */
export interface Finding {
  /** The source's own idempotency key (CloudTrail eventID, ASFF Id and UpdatedAt, …), or a digest of the input. */
  readonly id: string;
  readonly source: FindingSource;
  readonly kind: FindingKind;
  readonly disposition: Disposition;
  /** Why it has this disposition; never empty for `ignored` and `rejected`. */
  readonly reason: string;
  /** Of the resource, not of the envelope; null when the source does not say. */
  readonly account: string | null;
  readonly region: string | null;
  readonly resources: readonly ResourceClaim[];
  /**
   * What says so: Security Hub control ids (`EC2.13`, `cis-aws-foundations-benchmark/v/1.2.0/4.1`), first the most specific; a check of
   * another tool with its name before it (`prowler/ec2_ebs_default_encryption`).
   */
  readonly controls: readonly string[];
  /** Config rule name, where the source gives one. */
  readonly configRule: string | null;
  /** Raw state: `NON_COMPLIANT`, `FAILED`, `Fail`, … */
  readonly state: string | null;
  /** Config's earlier compliance type; null on a first evaluation. */
  readonly previousState: string | null;
  readonly actor: Actor | null;
  /** When the source observed it, ISO 8601. */
  readonly observedAt: string | null;
  /** The call that made it, CloudTrail only. */
  readonly call: RecordedCall | null;
  /** Whether it comes from an archive replay: it is recorded, and never acted on. */
  readonly replayed: boolean;
  readonly envelope: EnvelopeInfo | null;
  /** Wrappers it came through, outermost first: `sqs`, `sns`, … */
  readonly via: readonly string[];
  /** Id of the wrapper's item (SQS message id), for partial batch answers. */
  readonly itemId: string | null;
  /** Source fields worth carrying: findingId, recordState, workflowStatus, severity, … */
  readonly extra: { readonly [key: string]: Json };
}
