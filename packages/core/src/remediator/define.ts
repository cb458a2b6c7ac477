import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Attestation } from '../journal.js';
import { RedressError } from '../model/errors.js';
import type { Actor, RecordedCall } from '../model/finding.js';
import { digestOf, type Json, type JsonObject, type JsonSafe } from '../model/json.js';
import type { Assessment, Hazard } from '../model/plan.js';
import { GLOBAL_REGION, oneType, type Partition, type ResourceRef, resource } from '../model/resource.js';
import { explained } from '../policy/validate.js';
import { systemClock } from '../ports.js';
import { CEILINGS, type Ceiling } from './ceiling.js';
import { parseDuration } from './duration.js';
import { isIdle } from './idle.js';
import { placed } from './placed.js';
import { present } from './present.js';
import type { AwsReads, OperationNames, OperationUse, ServiceRuntime } from './service.js';

/** A reference to a control in a framework. */
export interface ControlRef {
  /** `aws-fsbp`, `cis-aws-1.4`, … */
  readonly framework: string;
  /** `EC2.13`, `5.2`, … */
  readonly id: string;
}

/** What a recorded API call says about resources of a remediator. */
export interface CallSubject {
  /** Native id of the resource. */
  readonly id: string;
  /** Default: the first of the remediator's types. */
  readonly type?: string;
  /** Parts that the call created or changed (rule IDs). Only these count as shown by the event. Absent: the whole resource. */
  readonly subjects?: readonly string[];
  /** Region, if it is not that of the call: `aws-global`. */
  readonly region?: string;
}

/** Reads the resources from a CloudTrail record. It never throws: it returns `[]` if it cannot determine them. */
export type CallReader = (
  call: RecordedCall & {
    readonly account: string;
    readonly region: string;
    /** Who made the call: some calls are about the caller, and name no one. */
    readonly actor?: Actor | null;
  },
) => readonly CallSubject[];

/** Tags by their keys. */
export type Tags = Readonly<Record<string, string>>;

/** Something other than the resource that has its own tags: an exception on it applies, too. */
export interface Tagged {
  readonly type: string;
  readonly id: string;
  readonly tags: Tags;
}

/** Result of `observe`. */
export interface Observation<State, Context> {
  /** Plain JSON, with only what the changes write or depend on: it is hashed, compared for drift and verified. Sort sets. */
  readonly state: State;
  /** Data that only hazards and messages need; not part of the digest. */
  readonly context?: Context;
  /** Only the resource's own tags; `'untaggable'` if it cannot have tags (account settings). */
  readonly tags: Tags | 'untaggable';
  /** Its name in the service, if the ID means nothing to people, such as the name of a security group. Only shown; a `Name` tag takes precedence. */
  readonly name?: string;
  /**
   * What uses the resource, each with its own tags, so that none hides those of another. A change that would affect an exempt user of the
   * resource is not made. Declare their types as `exceptionTypes`.
   */
  readonly usedBy?: readonly Tagged[];
  /**
   * Parts that have their own IDs and tags, by the `subject` of the changes that concern them. An exception on a part applies only to that
   * part. Declare their types as `exceptionTypes`.
   */
  readonly parts?: readonly (Tagged & { readonly subject: string })[];
}

/**
 * What an observation is for. The state has to be the same for each.
 *
 * - `decision`: everything is needed.
 * - `confirmation`, right before a change: read the state that the plan was made from again, and every tag that can hold an exception (of the
 *   resource, its parts and what uses it). You may omit what only serves hazards and messages. If `context` is absent, that of the earlier
 *   read applies.
 * - `verification`, after a change, and before and after a rollback: only the state is needed, and what `plan` finds to change. Nothing is
 *   decided on it, so you may omit tags and context.
 */
export type ObservationPurpose = 'decision' | 'confirmation' | 'verification';

/**
 * A hazard that a remediator detects, declared in advance, with its general meaning. The {@link Hazard} of a plan has its meaning for one
 * resource.
 */
export interface DeclaredHazard {
  /** As in the plan's {@link Hazard}. */
  readonly code: string;
  /** `approve`: a person has to approve first. `notify`: nothing is changed, and a person is notified. */
  readonly effect: Hazard['effect'];
  /** What could break, and how the hazard is detected. */
  readonly what: string;
  /** What a person should do about it. */
  readonly advice: string;
}

/** What a rollback of a remediator's changes restores, declared in advance. */
export interface DeclaredRollback {
  /** The weakest of its undos: `equivalent` if one of them is; `nothing` if changes can be irreversible. */
  readonly restores: 'exact' | 'equivalent' | 'nothing';
  /** What is restored. */
  readonly what: string;
  /** What is not restored, and what the undo itself destroys. */
  readonly not: readonly string[];
  /**
   * No role of Redress gets the undo operations, because they turn off what attackers turn off first. A person rolls back with credentials of their
   * own: `redress rollback` is refused with a role. Absent: the rollback role sends them.
   */
  readonly by?: 'person';
}

/** Where a setting is in infrastructure as code. It is shown to people whose resources are managed by code. */
export interface InCode {
  /** Resource type and property: `AWS::DynamoDB::Table PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled`. */
  readonly cloudFormation: string;
  /** Resource and argument: `aws_dynamodb_table point_in_time_recovery.enabled`. */
  readonly terraform: string;
}

/** A role that a write passes to a service. IAM then allows passing this role to this service, and nothing else. */
export interface PassedRole {
  /** The parameter that names it: the ARN of a role, or the name of a role that each account has. */
  readonly parameter: string;
  /** `vpc-flow-logs.amazonaws.com` */
  readonly service: string;
}

/** A resource that `discover` found. */
export interface Discovered {
  readonly type: string;
  readonly id: string;
  /** Default: the sweep's region. */
  readonly region?: string;
}

/** What one page of a list shows about one resource. */
export interface Glance<State, Context> extends Discovered {
  /**
   * As `observe` would return it: the whole state, and the part of the context that `plan` needs. Null: the list does not show it, or the resource
   * may have a gap. Then the resource is observed individually. A glance can only show that there is nothing to do: nothing is changed or
   * recorded because of it.
   */
  readonly seen: { readonly state: State; readonly context?: Context } | null;
}

/** What a source reports as failed, and by which rule. It is a claim: it decides what is read and who is notified, never what is changed. */
export interface Claim {
  /** As in {@link Finding.controls}. */
  readonly controls: readonly string[];
  /** Name of the Config rule behind it; null if the source names none. */
  readonly configRule: string | null;
  /** Whether it is that managed rule: by its identifier, its default name, or a name that AWS services derive from it. */
  isRule(known: string): boolean;
  /** Configured parameters of the rule or control; null: unknown. Defaults of the rule are not included. */
  readonly parameters: Readonly<Record<string, string>> | null;
  /** Time of the evaluation, in epoch milliseconds. */
  readonly observedAt: number;
}

/** The definition that {@link defineRemediator} takes. */
export interface RemediatorDefinition<
  Reads extends readonly OperationUse[],
  Writes extends readonly OperationUse[],
  Undoes extends readonly OperationUse[],
  Parameters extends StandardSchemaV1,
  State,
  Context,
> {
  /** Kebab-case, the name of its folder. */
  readonly id: string;
  readonly title: string;
  /** npm package and version that contain it. They are part of every plan. */
  readonly package?: { readonly name: string; readonly version: string };
  readonly resourceTypes: readonly [string, ...string[]];
  /** Types of what `observe` returns as `usedBy` and `parts`. A register may name them. If `observe` returns another type, it is refused. */
  readonly exceptionTypes?: readonly string[];
  readonly controls: readonly ControlRef[];
  readonly triggers?: {
    /** Managed-rule identifiers (`INCOMING_SSH_DISABLED`) and the default rule names that people see (`restricted-ssh`). */
    readonly configRules?: readonly string[];
    /**
     * Those of `configRules` that find exactly what this remediator finds, and have no parameters. Their transition from COMPLIANT to
     * NON_COMPLIANT shows that the gap is new. A rule that checks more may have changed for another reason. Only with `freshWithin`.
     */
    readonly showsNew?: readonly string[];
    /** `ec2:AuthorizeSecurityGroupIngress` → which resources the call is about. */
    readonly apiCalls?: Readonly<Record<string, CallReader>>;
  };
  readonly ceiling: Ceiling;
  /** ISO 8601 duration: enforce only if an event of at most this age shows the change itself. */
  readonly freshWithin?: string;
  /** ISO 8601 duration to wait after the last change of a resource. */
  readonly settle?: string;
  /** Order in a resource pass: narrow (lower) before wide. Default 0. */
  readonly breadth?: number;
  /** For resources without a region (IAM): findings from all regions are about one resource in `aws-global`. */
  readonly global?: boolean;
  /** Only a person can attest it: `observe` receives the attestation of the account (`redress attest`). It writes nothing. */
  readonly attested?: boolean;
  /** Run it also if a source reports that the gap is closed, for remediators that then remove their flag. */
  readonly whenResolved?: boolean;
  /**
   * For remediators whose change starts an Automation runbook: the document, and how long (ISO 8601) it may take. Until then it is not
   * started again. Its outcome is determined by reading the resource, never from its own status.
   */
  readonly runbook?: { readonly document: string; readonly waits: string };
  /** Blind spots: what no read can show. Shown in plans, approvals and README. */
  readonly blindSpots: readonly string[];
  /** Every hazard that `plan` may return. `@redress/testing` fails if a plan has another one, or if no scenario shows one of these. */
  readonly hazards?: readonly DeclaredHazard[];
  /** For the reference; `@redress/testing` compares it with the undos of the plans. */
  readonly rollback?: DeclaredRollback;
  /**
   * Checks of other tools that find the same gap: `{ prowler: ['ec2_ebs_default_encryption'] }`. Their findings cause a read, like a sweep. They
   * never show that something is new. From a file of the tool they need an approval.
   */
  readonly alsoFoundBy?: Readonly<Record<string, readonly string[]>>;
  /** Where the setting is in infrastructure as code. */
  readonly inCode?: InCode;
  /** Roles that its writes pass (`iam:PassRole`). They are declared because a caller who may pass any role may do what any role may. */
  readonly passes?: readonly PassedRole[];
  readonly uses: {
    readonly reads: Reads;
    readonly writes: Writes;
    readonly undoes: Undoes;
    /** Those of `reads` that only `identify` and `discover` make. The roles that make changes do not get them. */
    readonly finds?: readonly OperationUse[];
    /** Those of `reads` that `observe` never makes for a `verification`. The role that rolls back does not get them. */
    readonly decides?: readonly OperationUse[];
  };
  /**
   * Schema of the parameters: synchronous, closed, with a default for every member. In texts, `{partition}`, `{account}` and `{region}` stand for those of the
   * resource: every part of the definition gets them filled in.
   */
  readonly parameters?: Parameters;
  /**
   * The canonical ID and region of a resource that an event names (a unique ID → the user's name, a bucket → its own region), so that one
   * resource has one lease, one history and one exception. `null`: it cannot be determined, and nothing is done.
   */
  identify?(args: {
    readonly aws: AwsReads<Reads>;
    readonly resource: ResourceRef;
  }): Promise<{ readonly id: string; readonly region?: string } | 'gone' | null>;
  observe(args: {
    readonly aws: AwsReads<Reads>;
    readonly resource: ResourceRef;
    readonly parameters: StandardSchemaV1.InferOutput<Parameters>;
    /** Lets `observe` omit calls. */
    readonly purpose: ObservationPurpose;
    /**
     * For a `confirmation` or a `verification` of a plan: what the plan was made from; null if there is none. You may take from it what never
     * changes, and IDs to query, but never state or tags.
     */
    readonly earlier: Observation<unknown, unknown> | null;
    /** If the remediator is `attested`: the latest attestation; null: there is none. */
    readonly attestation: Attestation | null;
    /** Epoch milliseconds, for state that depends on time and should not change otherwise, such as whether a key is in use. Do not store an age. */
    readonly observedAt: number;
  }): Promise<Observation<State & JsonSafe<State>, Context> | 'gone'>;
  plan(args: {
    readonly state: NoInfer<State>;
    readonly context: NoInfer<Context> | undefined;
    readonly resource: ResourceRef;
    readonly parameters: StandardSchemaV1.InferOutput<Parameters>;
    /** Epoch milliseconds; not part of the digest. */
    readonly observedAt: number;
  }): Assessment<OperationNames<Writes>, OperationNames<Undoes>>;
  /**
   * Called if a source reports a failure of the resource, and there is nothing to change. Returns the parts of the claim that are still open, one
   * text each. `[]`: the claim was evaluated completely, and nothing of it is open. `null`: the claim covers more than this remediator can
   * evaluate. If a part is open, or if no remediator can evaluate the claim, people are notified that source and read contradict each other.
   * Without `judge`, the read decides.
   *
   * @example judge: ({ claim }) => (claim.controls.includes('EC2.7') ? [] : null)
   */
  judge?(args: {
    readonly state: NoInfer<State>;
    readonly context: NoInfer<Context> | undefined;
    readonly claim: Claim;
    readonly resource: ResourceRef;
    readonly parameters: StandardSchemaV1.InferOutput<Parameters>;
  }): readonly string[] | null;
  /**
   * Whether a state after an `equivalent` undo is as good as the one before the change. Default: equal states.
   */
  equivalent?(args: { readonly before: NoInfer<State>; readonly after: NoInfer<State> }): boolean;
  /**
   * The state once everything that AWS has accepted is in effect, for a change that waits for a maintenance window: that it comes into effect is no
   * drift. A rollback compares it with what the fix has left. Default: the state itself.
   *
   * @example effective: ({ pending, ...state }) => ({ ...state, days: pending ?? state.days })
   */
  effective?(state: NoInfer<State>): unknown;
  /**
   * The batched `observe`: all resources of a place, page by page as the service lists them, each with what the page shows of it. If `plan` finds
   * nothing to do in that, a sweep does not observe the resource individually. `@redress/testing` compares it with `observe`. Yield an empty page
   * for a page that shows nothing yet, so that remediators that list the same resources share each page. The IDs are those that `identify`
   * returns.
   *
   * @example
   * async *observeMany({ aws }) {
   *   for await (const page of pages(aws.ec2.DescribeVolumes, {}, 'Volumes'))
   *     yield page.map(({ VolumeId: id, Encrypted: encrypted }) => ({ type: 'AWS::EC2::Volume', id, seen: { state: { encrypted } } }));
   * }
   */
  observeMany?(args: {
    readonly aws: AwsReads<Reads>;
    readonly account: string;
    readonly region: string;
    readonly partition: Partition;
    readonly parameters: StandardSchemaV1.InferOutput<Parameters>;
  }): AsyncIterable<readonly Glance<NoInfer<State>, NoInfer<Context>>[]>;
  /**
   * Reads one resource with fewer calls than `observe`: its state and context, as far as `plan` needs them to determine whether there is anything to
   * do. If there is nothing to do, a sweep reads no further. Otherwise `observe` decides, and what was read is not read again. Null: it does not
   * show. Nothing is changed or recorded because of it. `@redress/testing` compares it with `observe`. The resource is named as `identify` returns
   * it.
   *
   * @example
   * glance: async ({ aws, resource }) => ({ state: { created: null, rules: await rulesOf(aws, resource) }, context: { logs: [] } })
   */
  glance?(args: {
    readonly aws: AwsReads<Reads>;
    readonly resource: ResourceRef;
    readonly parameters: StandardSchemaV1.InferOutput<Parameters>;
  }): Promise<{ readonly state: NoInfer<State>; readonly context?: NoInfer<Context> } | null>;
  /**
   * Resources to observe in a sweep. Default: those of `observeMany`, except where it shows that there is nothing to do. Without both, the remediator
   * is reported as not swept.
   */
  discover?(args: {
    readonly aws: AwsReads<Reads>;
    readonly account: string;
    readonly region: string;
    readonly partition: Partition;
    readonly parameters: StandardSchemaV1.InferOutput<Parameters>;
  }): AsyncIterable<Discovered>;
}

/** A remediator without its type parameters: what {@link defineRemediator} returns and `createRedress` takes. */
export interface Remediator {
  /** Version of this contract; `createRedress` refuses others. */
  readonly contract: 1;
  readonly id: string;
  readonly title: string;
  readonly package: { readonly name: string; readonly version: string };
  readonly resourceTypes: readonly string[];
  /** Types of what `observe` returns as `usedBy` and `parts`; absent: none. */
  readonly exceptionTypes?: readonly string[];
  readonly controls: readonly ControlRef[];
  readonly configRules: readonly string[];
  /** Config rules whose transition shows that the gap is new. */
  readonly showsNew: readonly string[];
  readonly apiCalls: Readonly<Record<string, CallReader>>;
  readonly ceiling: Ceiling;
  /** Milliseconds; null if freshness does not matter. */
  readonly freshWithin: number | null;
  /** Milliseconds. */
  readonly settle: number;
  readonly breadth: number;
  readonly global: boolean;
  readonly whenResolved: boolean;
  /** Only a person can attest it. Absent: it reads the resource. */
  readonly attested?: true;
  /** Its change starts this Automation document, which may take this many milliseconds. */
  readonly runbook?: { readonly document: string; readonly waits: number };
  readonly blindSpots: readonly string[];
  /** Absent: it declares none. */
  readonly hazards?: readonly DeclaredHazard[];
  /** Absent: it does not say. */
  readonly rollback?: DeclaredRollback;
  /** Checks of other tools that find the same gap, by tool. */
  readonly alsoFoundBy?: Readonly<Record<string, readonly string[]>>;
  /** Absent: it does not say. */
  readonly inCode?: InCode;
  /** Absent: it passes none. */
  readonly passes?: readonly PassedRole[];
  readonly uses: {
    readonly reads: readonly OperationUse[];
    readonly writes: readonly OperationUse[];
    /** What the rollback role sends. */
    readonly undoes: readonly OperationUse[];
    /** Undos that only a person may send, with credentials of their own (`rollback.by`); absent: none. */
    readonly undoesByPerson?: readonly OperationUse[];
    /** Those of `reads` that only `identify` and `discover` make; absent: none. */
    readonly finds?: readonly OperationUse[];
    /** Those of `reads` that `observe` never makes for a `verification`; absent: none. */
    readonly decides?: readonly OperationUse[];
  };
  /**
   * Checks parameters and fills in defaults.
   *
   * @throws {RedressError} `policy/invalid` naming the member.
   */
  parameters(input: unknown): JsonObject;
  /** Schema that checks the parameters; null: it takes none. As JSON Schema: `parametersJsonSchema` of `@redress/core/schema`. */
  readonly parameterSchema: StandardSchemaV1 | null;
  readonly identify: ((args: { aws: never; resource: ResourceRef }) => Promise<{ readonly id: string; readonly region?: string } | 'gone' | null>) | null;
  /** Whether two states are equivalent after an undo. */
  equivalent(before: Json, after: Json): boolean;
  /** The state once everything that AWS has accepted is in effect; absent: the state itself. */
  effective?(state: Json): unknown;
  /** Parts of a claim that are open although there is nothing to change; null: it cannot evaluate the claim. Absent: the read decides. */
  judge?(args: { state: Json; context: unknown; claim: Claim; resource: ResourceRef; parameters: JsonObject }): readonly string[] | null;
  /** Default for `purpose`: `decision`; for `earlier`: null; for `observedAt`: now. */
  observe(args: {
    aws: never;
    resource: ResourceRef;
    parameters: JsonObject;
    purpose?: ObservationPurpose;
    earlier?: Observation<Json, unknown> | null;
    attestation?: Attestation | null;
    observedAt?: number;
  }): Promise<Observation<Json, unknown> | 'gone'>;
  plan(args: { state: Json; context: unknown; resource: ResourceRef; parameters: JsonObject; observedAt: number }): Assessment;
  /** A read with fewer calls; absent: `observe` needs no more. */
  glance?(args: { aws: never; resource: ResourceRef; parameters: JsonObject }): Promise<Glance<Json, unknown>['seen']>;
  /** The batched `observe`; absent: no list shows enough. */
  observeMany?(args: SweepArgs): AsyncIterable<readonly Glance<Json, unknown>[]>;
  readonly discover: ((args: SweepArgs) => AsyncIterable<Discovered>) | null;
  /**
   * If its definition is loaded later (`lateRemediators`). Until then only what selects it and schedules it is there, and every other member throws
   * `remediator/not-loaded`. Absent: it is defined.
   */
  readonly late?: { readonly loaded: boolean; load(): Promise<void> };
}

/** Where a sweep reads, and with which calls. */
export interface SweepArgs {
  readonly aws: never;
  readonly account: string;
  readonly region: string;
  readonly partition: Partition;
  readonly parameters: JsonObject;
}

const ID = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$/;

/**
 * Defines a remediator: two functions and some metadata. Dry run, approval, rollback, evidence and IAM policy follow from them.
 *
 * `observe` receives only the declared reads, so a dry run cannot write. `plan` is pure and returns the narrowest change.
 *
 * @example
 * export const stopUntagged = defineRemediator({
 *   id: 'acme-tag-owner', title: 'Tag volumes without owner', resourceTypes: ['AWS::EC2::Volume'], controls: [],
 *   ceiling: 'approve', blindSpots: [],
 *   uses: { reads: [ec2.pick('DescribeVolumes')], writes: [ec2.pick('CreateTags')], undoes: [ec2.pick('DeleteTags')] },
 *   async observe({ aws, resource }) { … return { state, tags }; },
 *   plan({ state, resource }) { … },
 * });
 * @throws {RedressError} `remediator/invalid` naming what is wrong.
 */
export function defineRemediator<
  const Reads extends readonly OperationUse[],
  const Writes extends readonly OperationUse[],
  const Undoes extends readonly OperationUse[],
  Parameters extends StandardSchemaV1 = StandardSchemaV1<unknown, Record<string, never>>,
  State = unknown,
  Context = undefined,
>(definition: RemediatorDefinition<Reads, Writes, Undoes, Parameters, State, Context>): Remediator {
  const refuse = (why: string): never => {
    throw new RedressError('remediator/invalid', `Remediator ${JSON.stringify(definition.id)}: ${why}`, { next: 'See the docstring of defineRemediator.' });
  };
  if (!ID.test(definition.id)) refuse('the id must be kebab-case with a service prefix, for example ec2-revoke-sg-open-ssh.');
  if (definition.resourceTypes.length === 0) refuse('it names no resource type.');
  if (!CEILINGS.includes(definition.ceiling)) refuse(`its ceiling is ${JSON.stringify(definition.ceiling)}: it is enforce, approve or notify.`);
  for (const use of definition.uses.reads) {
    for (const name of use.operations)
      if (use.service.operations.get(name)?.access !== 'read')
        refuse(`${use.service.id}:${name} is declared as a read, but its name does not say that it reads.`);
  }
  for (const [kind, uses] of [
    ['write', definition.uses.writes],
    ['undo', definition.uses.undoes],
  ] as const) {
    for (const use of uses) {
      for (const name of use.operations)
        if (use.service.operations.get(name)?.access !== 'write') refuse(`${use.service.id}:${name} is declared as a ${kind}, but only reads.`);
    }
  }
  const { finds = [], decides = [] } = definition.uses;
  for (const use of [...finds, ...decides]) {
    for (const name of use.operations)
      if (!definition.uses.reads.some((read) => read.service === use.service && read.operations.includes(name)))
        refuse(`${use.service.id}:${name} is declared as what only some looks read, but not among the reads.`);
  }
  const services = new Map<string, ServiceRuntime>();
  for (const use of [...definition.uses.reads, ...definition.uses.writes, ...definition.uses.undoes]) {
    const known = services.get(use.service.id);
    // One binding may be picked from with more rights than another time.
    if (known !== undefined && known.sdk !== use.service.sdk) refuse(`two bindings are called ${use.service.id}.`);
    services.set(use.service.id, use.service);
  }
  for (const name of Object.keys(definition.triggers?.apiCalls ?? {})) {
    if (!/^[a-z0-9-]+:[A-Z][A-Za-z0-9]*$/.test(name)) refuse(`apiCalls: ${name} is not of the form service:Operation.`);
  }
  for (const rule of definition.triggers?.showsNew ?? []) {
    if (!(definition.triggers?.configRules ?? []).includes(rule)) refuse(`showsNew: ${rule} is not one of its configRules.`);
    if (definition.freshWithin === undefined) refuse('showsNew has a meaning only with freshWithin.');
  }
  if (definition.uses.writes.length > 0 && definition.uses.undoes.length === 0) {
    if (definition.rollback?.restores !== 'nothing')
      refuse("it writes, but declares no undo operations. Declare them, or say `rollback: { restores: 'nothing', … }`.");
    if (definition.ceiling === 'enforce') refuse('it has no undo: its ceiling is approve or notify.');
  }
  const { writes, undoes } = definition.uses;
  const by = definition.rollback?.by;
  if (by !== undefined && (by !== 'person' || undoes.length === 0)) refuse('rollback.by is not person, or there is no undo.');
  const passing = [...writes, ...undoes].some(({ service, operations }) =>
    operations.some((name) => service.operations.get(name)?.iam.includes('iam:PassRole')),
  );
  if (passing !== (definition.passes ?? []).length > 0)
    refuse(
      passing
        ? 'it declares iam:PassRole, but not which role: name the parameter and the service in `passes`.'
        : 'it names a role in `passes`, but no operation of it declares iam:PassRole.',
    );
  if (definition.attested === true && (writes.length > 0 || definition.ceiling !== 'notify'))
    refuse('what a person attests is never changed: its ceiling is notify, and it declares no writes.');
  const codes = (definition.hazards ?? []).map(({ code }) => code);
  for (const code of codes) if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(code)) refuse(`hazards: ${JSON.stringify(code)} is not kebab-case.`);
  if (new Set(codes).size !== codes.length) refuse('hazards: two have one code.');
  const schema = definition.parameters;
  const remediator: Remediator = {
    contract: 1,
    id: definition.id,
    title: definition.title,
    package: definition.package ?? { name: 'unpublished', version: '0.0.0' },
    resourceTypes: namedOnce(definition.resourceTypes),
    ...(definition.exceptionTypes === undefined ? {} : { exceptionTypes: namedOnce(definition.exceptionTypes) }),
    controls: definition.controls,
    configRules: definition.triggers?.configRules ?? [],
    showsNew: definition.triggers?.showsNew ?? [],
    apiCalls: definition.triggers?.apiCalls ?? {},
    ceiling: definition.ceiling,
    freshWithin: definition.freshWithin === undefined ? null : duration(definition.freshWithin, refuse),
    settle: definition.settle === undefined ? 0 : duration(definition.settle, refuse),
    breadth: definition.breadth ?? 0,
    global: definition.global ?? false,
    whenResolved: definition.whenResolved ?? false,
    ...(definition.attested === true ? { attested: true as const } : {}),
    ...(definition.runbook === undefined ? {} : { runbook: { document: definition.runbook.document, waits: duration(definition.runbook.waits, refuse) } }),
    blindSpots: definition.blindSpots,
    ...(present(definition, ['hazards', 'rollback', 'alsoFoundBy', 'inCode', 'passes', 'effective']) as Partial<Remediator>),
    uses: by === undefined ? definition.uses : { ...definition.uses, undoes: [], undoesByPerson: undoes },
    parameterSchema: schema ?? null,
    parameters(input) {
      if (schema === undefined) {
        if (input !== undefined && Object.keys(input as object).length > 0)
          throw new RedressError('policy/invalid', `${definition.id} takes no parameters.`, { place: { path: 'parameters' } });
        return {};
      }
      const result = schema['~standard'].validate(input ?? {});
      if (result instanceof Promise) throw new RedressError('remediator/invalid', `${definition.id}: the parameter schema is asynchronous.`);
      if (result.issues !== undefined) {
        const wrong = result.issues.flatMap((issue) => explained(issue, input));
        const places = wrong.map(({ path }) => ['parameters', ...path].join('.'));
        throw new RedressError('policy/invalid', `${definition.id}: ${wrong.map(({ message }, index) => `${places[index]}: ${message}`).join('; ')}`, {
          place: { path: places[0] ?? 'parameters' },
          mistakes: wrong.map(({ message }, index) => ({ message, place: { path: places[index] ?? 'parameters' } })),
        });
      }
      if (definition.global === true && JSON.stringify(result.value).includes('{region}'))
        throw new RedressError('policy/invalid', `${definition.id}: {region} stands for nothing: what it handles belongs to no region.`, {
          place: { path: 'parameters' },
        });
      return result.value as JsonObject;
    },
    identify: definition.identify === undefined ? null : (args) => (definition.identify as NonNullable<typeof definition.identify>)(args as never),
    equivalent: (before, after) =>
      digestOf(before) === digestOf(after) || (definition.equivalent?.({ before: before as never, after: after as never }) ?? false),
    ...(definition.judge === undefined
      ? {}
      : { judge: (args) => (definition.judge as NonNullable<typeof definition.judge>)(here(args, args.resource) as never) }),
    async observe(args) {
      const { purpose = 'decision', earlier = null, attestation = null, observedAt = systemClock.now() } = args;
      const seen = (await definition.observe({ ...here(args, args.resource), purpose, earlier, attestation, observedAt } as never)) as
        | Observation<Json, unknown>
        | 'gone';
      if (purpose !== 'confirmation' || seen === 'gone' || seen.context !== undefined || earlier?.context === undefined) return seen;
      return { ...seen, context: earlier.context };
    },
    plan: (args) => definition.plan(here(args, args.resource) as never) as Assessment,
    ...(definition.glance === undefined
      ? {}
      : {
          glance: (args) =>
            (definition.glance as NonNullable<typeof definition.glance>)(here(args, args.resource) as never) as Promise<Glance<Json, unknown>['seen']>,
        }),
    ...(definition.observeMany === undefined
      ? {}
      : { observeMany: (args) => (definition.observeMany as NonNullable<typeof definition.observeMany>)(here(args, args) as never) as never }),
    discover:
      definition.discover !== undefined
        ? (args) => (definition.discover as NonNullable<typeof definition.discover>)(here(args, args) as never)
        : definition.observeMany === undefined
          ? null
          : (args) => mayHaveGap(remediator, args),
  };
  return Object.freeze(remediator);
}

/** Types by the one name that resources have. */
const namedOnce = (types: readonly string[]) => [...new Set(types.map(oneType))];

/** What a definition is given, with the parameters for the place of a resource or of a sweep. */
const here = <Args extends { readonly parameters: JsonObject }>(args: Args, place: Parameters<typeof placed>[1]): Args => ({
  ...args,
  parameters: placed(args.parameters, place),
});

/** Of all that the batched observe lists, what may have a gap. */
async function* mayHaveGap(remediator: Remediator, args: SweepArgs): AsyncGenerator<Discovered> {
  const { account, region, partition, parameters } = args;
  for await (const page of remediator.observeMany?.(args) ?? [])
    for (const { seen, ...found } of page) {
      const at = found.region ?? (remediator.global ? GLOBAL_REGION : region);
      const ref = resource({ ...found, account, region: at, partition });
      if (!isIdle(remediator, { ...found, seen }, { resource: ref, parameters, observedAt: Date.now() })) yield found;
    }
}

function duration(text: string, refuse: (why: string) => never): number {
  return parseDuration(text) ?? refuse(`${JSON.stringify(text)} is not an ISO 8601 duration such as PT30M.`);
}
