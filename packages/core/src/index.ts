/**
 * The core of Redress: events, guardrails, plans, and the engine that carries them out.
 *
 * @packageDocumentation
 */

export { type Deed, deedOf } from './actors.js';
export { type ApprovalDocument, type ApprovalShown, approvalDocument, showApproval } from './engine/approval-shown.js';
export { type AwsFailure, classifyAwsError, isGone } from './engine/aws-errors.js';
export type { CallTrace } from './engine/gate.js';
export { retryAtOf } from './engine/later.js';
export { isPlan } from './engine/planning.js';
export type { RedactionOptions } from './engine/redaction.js';
export { createRedress } from './engine/redress.js';
export { createReplay, type Recordings, type Replay, type ReplayedPass, type ReplayOptions, readRecordings } from './engine/replay.js';
export type { CallBudget } from './engine/sweep/budget.js';
export { type Unfinished, unfinished } from './engine/sweep/come-back.js';
export {
  type ApprovalOptions,
  type AttestOptions,
  type Evaluation,
  type FindingResult,
  type HandleResult,
  isUnread,
  type PassResult,
  type Redress,
  type RedressOptions,
  type RollbackOptions,
  type RunBudget,
  type RunOptions,
  type SweepOptions,
  type SweepProgress,
  type SweepSummary,
  type SweepTarget,
  unasked,
  type Wait,
} from './engine/types.js';
export {
  CANARY,
  CANARY_TAG,
  CANARY_WITHIN,
  type CanaryArrival,
  canaryArrival,
  canaryPattern,
  canaryResource,
  type Envelope,
  EVENT_LISTS,
  type EventPattern,
  eventPatterns,
  GLOBAL_SERVICES,
  isCanaryTick,
  isEnvelope,
  normalize,
  SECURITY_HUB_AUTHOR,
  unwrap,
} from './events/index.js';
export { claimOf, fromConfigName } from './events/resource-ids.js';
export { builtinGuardrails } from './guardrails/builtin.js';
export { graceEnds, graceExpected } from './guardrails/grace.js';
export {
  type Decision,
  decide,
  decisive,
  defineGuardrail,
  EFFECTS,
  type Effect,
  type Fact,
  type Facts,
  type Guardrail,
  type GuardrailResult,
  known,
  type Readable,
  type Trigger,
  type Unreadable,
  unreadable,
} from './guardrails/guardrail.js';
export { type Manager, managerOf } from './guardrails/iac.js';
export { principal, samePerson } from './guardrails/principal.js';
export {
  type AppendRequest,
  type Approval,
  type Attestation,
  type BeginRequest,
  type BeginResult,
  type Breaker,
  type Budget,
  breakerOf,
  type ClosedExecution,
  type DigestSent,
  type Entry,
  type EvidenceRecord,
  emptyView,
  type FinishRequest,
  type Gap,
  type Grace,
  gapKey,
  type Hold,
  type Journal,
  type Lease,
  LONGEST_LEASE,
  MOST_CHANGES,
  newExecution,
  type OpenExecution,
  type RecordKind,
  type RecordQuery,
  type RecordRef,
  type Refusal,
  type StoredRecord,
  type StreamView,
  type Terms,
  type TrackedExecution,
  tagFirstSeenKey,
  type Unsaid,
} from './journal.js';
export {
  formatPlace,
  isRedressError,
  messageOf,
  type Place,
  type PlacedMistake,
  RedressError,
  type RedressErrorCode,
  type RedressErrorOptions,
} from './model/errors.js';
export type { Actor, Disposition, EnvelopeInfo, Finding, FindingKind, FindingSource, RecordedCall, ResourceClaim } from './model/finding.js';
export { isLeftOut } from './model/finding.js';
export {
  atPointer,
  canonicalJson,
  type Digest,
  deepFreeze,
  digestOf,
  digestText,
  isRecord,
  type Json,
  type JsonObject,
  type JsonSafe,
  toJson,
} from './model/json.js';
export { OUTCOMES, type Outcome, REVERSIBLE } from './model/outcome.js';
export type { ApiCall, Assessment, Change, Hazard, Plan, RemediatorRef, ResponseRef, Retry, Undo } from './model/plan.js';
export {
  formatResource,
  GLOBAL_REGION,
  isAccountId,
  isRegion,
  namesOfType,
  oneType,
  type Partition,
  partitionOf,
  type ResourceRef,
  resource,
  streamOf,
} from './model/resource.js';
export {
  type Compared,
  comparedIn,
  leftToAccount,
  listOf,
  nameOfStatement,
  namesEverybody,
  type OwnConditions,
  opennessOf,
  type Statement,
  statementsOf,
} from './model/resource-policy.js';
export { isLike } from './model/wildcard.js';
export { countOf, sayingOf, wordsOf } from './model/words.js';
export type { Delivered, GapDigest, Notification, Notify } from './notify.js';
export { policyMistakes } from './policy/composed.js';
export { inOrganization, needsOrganization } from './policy/organization.js';
export {
  type AccountTag,
  closedWithin,
  DEFAULT_LIMITS,
  definePolicy,
  type Environment,
  environmentOf,
  type Freeze,
  type GapDeadline,
  type GracePeriod,
  graceOf,
  type Limit,
  type LimitKey,
  type ManagedByTag,
  type Mode,
  modeOf,
  ORGANIZATIONAL_UNIT,
  type Policy,
  type PolicyInput,
  type PolicyParsing,
  parsePolicy,
  type RemediatorPolicy,
  type Rule,
  type Weekday,
  type Window,
} from './policy/policy.js';
export { regionsOf } from './policy/regions.js';
export {
  defineRegister,
  type ExceptionEntry,
  type ExceptionScope,
  inScope,
  parseRegister,
  type Register,
  type RegisterInput,
} from './policy/register.js';
export type { ExceptionResource } from './policy/resource-name.js';
export type { Mistake, PlaceOf } from './policy/validate.js';
export {
  type Clock,
  type ConfigRule,
  type ConfigRuleReader,
  type Connect,
  type Connection,
  type ConnectTarget,
  fixed,
  type Identity,
  isLive,
  type Live,
  type Organization,
  type Stop,
  systemClock,
  type TargetExecution,
} from './ports.js';
export { holdsMarker, type RedactionRules, redact } from './redact.js';
export type { Ceiling } from './remediator/ceiling.js';
export {
  type CallReader,
  type CallSubject,
  type Claim,
  type ControlRef,
  type DeclaredHazard,
  type DeclaredRollback,
  type Discovered,
  defineRemediator,
  type Glance,
  type InCode,
  type Observation,
  type ObservationPurpose,
  type PassedRole,
  type Remediator,
  type RemediatorDefinition,
  type SweepArgs,
  type Tagged,
  type Tags,
} from './remediator/define.js';
export { parseDuration } from './remediator/duration.js';
export { lateRemediators, loaded, type RemediatorFacts, remediatorFacts } from './remediator/late.js';
export {
  type Asked,
  accountEverywhere,
  accountInRegion,
  defineResource,
  type ListArgs,
  type Listed,
  type NamedIn,
  type Part,
  type ResourceType,
  type ResourceTypeDefinition,
  tagsIn,
  type WithFound,
} from './remediator/resource-type.js';
export {
  type AwsReads,
  allOf,
  type CallInput,
  type CommandClass,
  defineService,
  given,
  type InputOf,
  inParallel,
  isReadOperation,
  type LoadedOperations,
  type OperationBinding,
  type OperationNames,
  type Operations,
  type OperationUse,
  type OutputOf,
  pages,
  paginate,
  type SdkClient,
  type Service,
  type ServiceRuntime,
  type ServiceSdk,
} from './remediator/service.js';
export {
  type Changing,
  defineReport,
  defineSetting,
  type Judging,
  needs,
  pinnedVersion,
  type Read,
  type RecognisedHazard,
  type ReportDefinition,
  type SettingDefinition,
  type Step,
  sharedOnPurpose,
  shortLived,
  type WordedHazard,
} from './remediator/setting.js';
export { readsFor } from './remediator/uses.js';
export { type LastSweep, lastSweepOf, NEVER_SWEPT, roundOf, type Swept, sweepsOf, sweptAfter } from './swept.js';
