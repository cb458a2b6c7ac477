import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Attestation } from '../journal.js';
import { RedressError } from '../model/errors.js';
import type { Actor, RecordedCall } from '../model/finding.js';
import { deepFreeze, digestOf, type Json, type JsonObject, type JsonSafe, toJson } from '../model/json.js';
import type { Assessment, Hazard } from '../model/plan.js';
import { GLOBAL_REGION, type Partition, type ResourceRef, resource } from '../model/resource.js';
import { explained } from '../policy/validate.js';
import { systemClock } from '../ports.js';
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
  /** Parts of it that the call made or changed (rule ids): those, and only those, count as shown by the event. Absent: the whole resource. */
  readonly subjects?: readonly string[];
  /** Region, when it is not the call's: `aws-global`. */
  readonly region?: string;
}

/** Reads the resources from a CloudTrail record. It never throws: it returns `[]` if it cannot determine them. */
export type CallReader = (
  call: RecordedCall & {
    readonly account: string;
    readonly region: string;
    /** Who made it: some calls are about the caller, and name nobody. */
    readonly actor?: Actor | null;
  },
) => readonly CallSubject[];

/** Tags by their keys. */
export type Tags = Readonly<Record<string, string>>;

/** What has tags of its own besides the resource: an exception on it holds, too. */
export interface Tagged {
  readonly type: string;
  readonly id: string;
  readonly tags: Tags;
}

/** What an observation found. */
export interface Observation<State, Context> {
  /** Plain JSON, and only what the changes write or depend on: it is digested, compared for drift and verified. Sort sets. */
  readonly state: State;
  /** What only informs hazards and messages; not digested. */
  readonly context?: Context;
  /** The resource's own tags, and nobody else's; `'untaggable'` for what has none (account settings). */
  readonly tags: Tags | 'untaggable';
  /** What its service calls it, where the id says nothing to people: the name of a security group. Only shown; a `Name` tag goes before it. */
  readonly name?: string;
  /**
   * What uses the resource, each with its own tags, so that none hides another's: a change that would cut off what is exempt is not made. Their
   * types are declared as `exceptionTypes`.
   */
  readonly usedBy?: readonly Tagged[];
  /**
   * Parts that have ids and tags of their own, by the `subject` of the changes that concern them: an exception on one holds for it alone. Their
   * types are declared as `exceptionTypes`.
   */
  readonly parts?: readonly (Tagged & { readonly subject: string })[];
}

/**
 * What an observation is for. The state has to be the same for each.
 *
 * - `decision`: everything counts.
 * - `confirmation`, right before a change: the state that the plan was made from, and every tag on which an exception can be (of the resource, its parts
 *   and what uses it), read again. What only decides otherwise (hazards, what people are notified with) may be left out: where `context` is
 *   absent, that of the earlier look stands for it.
 * - `verification`, after a change, and before and after a rollback: the state counts, and what `plan` finds to change. Nothing is decided on it,
 *   so tags and context may be left out.
 */
export type ObservationPurpose = 'decision' | 'confirmation' | 'verification';

/**
 * A hazard that a remediator looks for, told beforehand: what it means in general. What it means for one resource is in the
 * {@link Hazard} of the plan.
 */
export interface DeclaredHazard {
  /** As in the plan's {@link Hazard}. */
  readonly code: string;
  /** `approve`: a person says yes first. `notify`: nothing is changed, a person is notified. */
  readonly effect: Hazard['effect'];
  /** What could break, and by what it is recognised. */
  readonly what: string;
  /** What a person does about it. */
  readonly advice: string;
}

/** What a rollback of a remediator's changes restores, declared in advance. */
export interface DeclaredRollback {
  /** The least of what its undos say: `equivalent` when one of them does; `nothing` when changes can be irreversible. */
  readonly restores: 'exact' | 'equivalent' | 'nothing';
  /** What is put back. */
  readonly what: string;
  /** What is not, and what the undo itself destroys. */
  readonly not: readonly string[];
}

/** Where infrastructure code says a setting: what people are shown whose resources it manages. */
export interface InCode {
  /** Resource type and property: `AWS::DynamoDB::Table PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled`. */
  readonly cloudFormation: string;
  /** Resource and argument: `aws_dynamodb_table point_in_time_recovery.enabled`. */
  readonly terraform: string;
}

/** A role that a write hands to a service: IAM then lets it be passed to that service, and no other role to any. */
export interface PassedRole {
  /** The parameter that names it: the ARN of a role, or the name of one that each account has. */
  readonly parameter: string;
  /** `vpc-flow-logs.amazonaws.com` */
  readonly service: string;
}

/** What a remediator may do at most: the class in which its change is safe. */
export type Ceiling = (typeof CEILINGS)[number];
/** @internal */
export const CEILINGS = ['enforce', 'approve', 'notify'] as const;

/** A resource that `discover` found. */
export interface Discovered {
  readonly type: string;
  readonly id: string;
  /** Default: the sweep's region. */
  readonly region?: string;
}

/** What a page of a list shows of one resource. */
export interface Glance<State, Context> extends Discovered {
  /**
   * As `observe` would find it: its whole state, and what of the context `plan` needs. Null: the list does not show it, or it may have a gap; then the
   * resource is looked at on its own. Nothing is changed on a glance, and nothing is recorded: all that it can say is that there is nothing to do.
   */
  readonly seen: { readonly state: State; readonly context?: Context } | null;
}

/** What a source says fails, and by which rule. A claim: it decides what is asked and who is notified, never what is changed. */
export interface Claim {
  /** As in {@link Finding.controls}. */
  readonly controls: readonly string[];
  /** Name of the Config rule behind it; null where the source names none. */
  readonly configRule: string | null;
  /** Whether it is that managed rule: by its identifier, its default name, or what services make of that. */
  isRule(known: string): boolean;
  /** What the rule or control was configured to look for; null: not known. A rule's defaults are not among them. */
  readonly parameters: Readonly<Record<string, string>> | null;
  /** When it is judged; epoch milliseconds. */
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
  /** npm package and version that ship it; they go into every plan. */
  readonly package?: { readonly name: string; readonly version: string };
  readonly resourceTypes: readonly [string, ...string[]];
  /** Types of what `observe` gives as `usedBy` and `parts`: a register may name them, and what observe gives of another type is refused. */
  readonly exceptionTypes?: readonly string[];
  readonly controls: readonly ControlRef[];
  readonly triggers?: {
    /** Managed-rule identifiers (`INCOMING_SSH_DISABLED`) and the default rule names that people see (`restricted-ssh`). */
    readonly configRules?: readonly string[];
    /**
     * Those of `configRules` that find just what this remediator finds, and have no parameters: then their transition from COMPLIANT to
     * NON_COMPLIANT shows that it is new. A rule that looks for more may have changed for another reason. Only with `freshWithin`.
     */
    readonly showsNew?: readonly string[];
    /** `ec2:AuthorizeSecurityGroupIngress` → which resources the call is about. */
    readonly apiCalls?: Readonly<Record<string, CallReader>>;
  };
  readonly ceiling: Ceiling;
  /** ISO 8601 duration: enforce only on an event of at most this age that shows the change itself. */
  readonly freshWithin?: string;
  /** ISO 8601 duration to leave alone after a resource's last change. */
  readonly settle?: string;
  /** Order in a resource pass: narrow (lower) before wide. Default 0. */
  readonly breadth?: number;
  /** For resources without a region (IAM): every region's finding is about one resource in `aws-global`. */
  readonly global?: boolean;
  /** Only a person can say whether it is so: `observe` is given what was attested of the account (`redress attest`). It writes nothing. */
  readonly attested?: boolean;
  /** Ask also when a source says that the gap is closed: for remediators that then take their flag away. */
  readonly whenResolved?: boolean;
  /**
   * For remediators whose change is to start an Automation runbook: the document, and how long (ISO 8601) it may take. Until then it is not
   * started anew; a look at the resource says what it came to, never its own status.
   */
  readonly runbook?: { readonly document: string; readonly waits: string };
  /** Blind spots: what no read can show. Shown in plans, approvals and README. */
  readonly blindSpots: readonly string[];
  /** Every hazard that `plan` may name. `@redress/testing` refuses a plan with another one, and a hazard that no scenario shows. */
  readonly hazards?: readonly DeclaredHazard[];
  /** For the reference; `@redress/testing` compares it with the undos of the plans. */
  readonly rollback?: DeclaredRollback;
  /**
   * Checks of other tools that find the same gap: `{ prowler: ['ec2_ebs_default_encryption'] }`. Their findings ask for a look, like a sweep: they
   * never show that something is new, and out of a file of the tool they need an approval.
   */
  readonly alsoFoundBy?: Readonly<Record<string, readonly string[]>>;
  /** Where infrastructure code says what it changes. */
  readonly inCode?: InCode;
  /** Which roles its writes pass, with `iam:PassRole` among the actions of one: whoever may pass any role may do what any role may. */
  readonly passes?: readonly PassedRole[];
  readonly uses: {
    readonly reads: Reads;
    readonly writes: Writes;
    readonly undoes: Undoes;
    /** Those of `reads` that only `identify` and `discover` make. The roles that change something do not get them. */
    readonly finds?: readonly OperationUse[];
    /** Those of `reads` that `observe` never makes for a `verification`. The role that rolls back does not get them. */
    readonly decides?: readonly OperationUse[];
  };
  /** Synchronous, closed; every member with a default. */
  readonly parameters?: Parameters;
  /**
   * The canonical id and region of what an event names (a unique id → the user's name, a bucket → its own region), so that one resource has
   * one lease, one history and one exception. `null`: it cannot be told, and nothing is done.
   */
  identify?(args: {
    readonly aws: AwsReads<Reads>;
    readonly resource: ResourceRef;
  }): Promise<{ readonly id: string; readonly region?: string } | 'gone' | null>;
  observe(args: {
    readonly aws: AwsReads<Reads>;
    readonly resource: ResourceRef;
    readonly parameters: StandardSchemaV1.InferOutput<Parameters>;
    /** For whoever can save a call. */
    readonly purpose: ObservationPurpose;
    /**
     * For a `confirmation` or a `verification` of a plan: what the plan was made from; null where there is none. Taken from it may be what of a
     * resource never changes, and the ids to ask about: never state, and never tags.
     */
    readonly earlier: Observation<unknown, unknown> | null;
    /** Of one that is `attested`: what a person said last; null: nobody has said anything. */
    readonly attestation: Attestation | null;
    /** Epoch milliseconds: for what of a state is a matter of time and is to stand still otherwise, as whether a key is in use. Store no age. */
    readonly observedAt: number;
  }): Promise<Observation<State & JsonSafe<State>, Context> | 'gone'>;
  plan(args: {
    readonly state: NoInfer<State>;
    readonly context: NoInfer<Context> | undefined;
    readonly resource: ResourceRef;
    readonly parameters: StandardSchemaV1.InferOutput<Parameters>;
    /** Epoch milliseconds; given, not digested. */
    readonly observedAt: number;
  }): Assessment<OperationNames<Writes>, OperationNames<Undoes>>;
  /**
   * Asked where a source says that the resource fails, and there is nothing to change: what of that claim is open all the same, one text each.
   * `[]`: the claim was judged whole, and what it says is over. `null`: it looks for more than this remediator can tell. Where it is open, or none of
   * those that are asked can tell, people are notified that source and look contradict each other. Without it the look has the last word.
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
   * The batched `observe`: all resources of a place, page by page as the service lists them, each with what the page shows of it. Where `plan` makes of
   * that that there is nothing to do, a sweep does not look at the resource on its own. `@redress/testing` compares it with `observe`. Pages that show
   * nothing yet are given empty, so that remediators that list the same thing share each page. The ids are those that `identify` answers.
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
   * A look at one resource in fewer calls than `observe` makes: its state and context, as far as `plan` judges by them whether there is anything to do.
   * Where it makes of them that there is not, a sweep looks no further; else `observe` has the word, and what was read is not asked for again. Null: it
   * does not show. Nothing is changed on it, and nothing is recorded. `@redress/testing` compares it with `observe`. The resource is named as `identify`
   * answers.
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
   * Resources to look at in a sweep. Default: those of `observeMany` of which it does not show that there is nothing to do. Without both the remediator is
   * reported as not swept.
   */
  discover?(args: {
    readonly aws: AwsReads<Reads>;
    readonly account: string;
    readonly region: string;
    readonly partition: Partition;
    readonly parameters: StandardSchemaV1.InferOutput<Parameters>;
  }): AsyncIterable<Discovered>;
}

/** A remediator, its types erased: what {@link defineRemediator} returns and `createRedress` takes. */
export interface Remediator {
  /** Version of this contract; `createRedress` refuses others. */
  readonly contract: 1;
  readonly id: string;
  readonly title: string;
  readonly package: { readonly name: string; readonly version: string };
  readonly resourceTypes: readonly string[];
  /** Types of what `observe` gives as `usedBy` and `parts`; absent: none. */
  readonly exceptionTypes?: readonly string[];
  readonly controls: readonly ControlRef[];
  readonly configRules: readonly string[];
  /** Config rules whose transition shows that what is found is new. */
  readonly showsNew: readonly string[];
  readonly apiCalls: Readonly<Record<string, CallReader>>;
  readonly ceiling: Ceiling;
  /** Milliseconds; null when freshness does not matter. */
  readonly freshWithin: number | null;
  /** Milliseconds. */
  readonly settle: number;
  readonly breadth: number;
  readonly global: boolean;
  readonly whenResolved: boolean;
  /** Only a person can say whether it is so. Absent: it looks for itself. */
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
    readonly undoes: readonly OperationUse[];
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
  /** What parameters are checked with; null: it takes none. As JSON Schema: `parametersJsonSchema` of `@redress/core/schema`. */
  readonly parameterSchema: StandardSchemaV1 | null;
  readonly identify: ((args: { aws: never; resource: ResourceRef }) => Promise<{ readonly id: string; readonly region?: string } | 'gone' | null>) | null;
  /** Whether two states are as good as each other after an undo. */
  equivalent(before: Json, after: Json): boolean;
  /** What of a claim is open although there is nothing to change; null: it cannot be determined. Absent: the read decides. */
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
  /** A look in fewer calls; absent: `observe` makes as few. */
  glance?(args: { aws: never; resource: ResourceRef; parameters: JsonObject }): Promise<Glance<Json, unknown>['seen']>;
  /** The batched `observe`; absent: no list shows enough. */
  observeMany?(args: SweepArgs): AsyncIterable<readonly Glance<Json, unknown>[]>;
  readonly discover: ((args: SweepArgs) => AsyncIterable<Discovered>) | null;
}

/** Where a sweep looks, and with what. */
export interface SweepArgs {
  readonly aws: never;
  readonly account: string;
  readonly region: string;
  readonly partition: Partition;
  readonly parameters: JsonObject;
}

/**
 * The reads that a role is given, of those that a remediator declares. Who fixes reads nothing: what is fixed is found, decided on, confirmed and
 * verified by who reads. Who rolls back looks for itself, since nobody has decided on it before.
 *
 * @example readsFor(remediator.uses, 'rollback')
 */
export function readsFor(uses: Pick<Remediator['uses'], 'reads' | 'finds' | 'decides'>, access: 'read' | 'write' | 'rollback'): readonly OperationUse[] {
  const { reads, finds = [], decides = [] } = uses;
  if (access === 'write') return [];
  const withheld = access === 'read' ? [] : [...finds, ...decides];
  const isWithheld = (service: ServiceRuntime, name: string) => withheld.some((each) => each.service === service && each.operations.includes(name));
  return reads.map((use) => ({ ...use, operations: use.operations.filter((name) => !isWithheld(use.service, name)) }));
}

const ID = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$/;

/**
 * Defines a remediator: two functions and some metadata. Dry run, approval, rollback, evidence and IAM policy follow from them.
 *
 * `observe` gets the declared reads only, so a dry run cannot write. `plan` is pure and makes the narrowest change.
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
        refuse(`${use.service.id}:${name} is declared as a read, but its name does not say that it reads. Observing must not be able to write.`);
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
      refuse("it writes, but declares no undo operations. Declare them, or say `rollback: { restores: 'nothing', … }` and mark each change irreversible.");
    if (definition.ceiling === 'enforce') refuse('it has no undo, so a person has to decide on each change: its ceiling is approve or notify.');
  }
  const { writes, undoes } = definition.uses;
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
    resourceTypes: definition.resourceTypes,
    ...(definition.exceptionTypes === undefined ? {} : { exceptionTypes: definition.exceptionTypes }),
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
    ...(definition.hazards === undefined ? {} : { hazards: definition.hazards }),
    ...(definition.rollback === undefined ? {} : { rollback: definition.rollback }),
    ...(definition.alsoFoundBy === undefined ? {} : { alsoFoundBy: definition.alsoFoundBy }),
    ...(definition.inCode === undefined ? {} : { inCode: definition.inCode }),
    ...(definition.passes === undefined ? {} : { passes: definition.passes }),
    uses: definition.uses,
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
      return result.value as JsonObject;
    },
    identify: definition.identify === undefined ? null : (args) => (definition.identify as NonNullable<typeof definition.identify>)(args as never),
    equivalent: (before, after) =>
      digestOf(before) === digestOf(after) || (definition.equivalent?.({ before: before as never, after: after as never }) ?? false),
    ...(definition.judge === undefined ? {} : { judge: (args) => (definition.judge as NonNullable<typeof definition.judge>)(args as never) }),
    async observe(args) {
      const { purpose = 'decision', earlier = null, attestation = null, observedAt = systemClock.now() } = args;
      const seen = (await definition.observe({ ...args, purpose, earlier, attestation, observedAt } as never)) as Observation<Json, unknown> | 'gone';
      if (purpose !== 'confirmation' || seen === 'gone' || seen.context !== undefined || earlier?.context === undefined) return seen;
      return { ...seen, context: earlier.context };
    },
    plan: (args) => definition.plan(args as never) as Assessment,
    ...(definition.glance === undefined
      ? {}
      : { glance: (args) => (definition.glance as NonNullable<typeof definition.glance>)(args as never) as Promise<Glance<Json, unknown>['seen']> }),
    ...(definition.observeMany === undefined
      ? {}
      : { observeMany: (args) => (definition.observeMany as NonNullable<typeof definition.observeMany>)(args as never) as never }),
    discover:
      definition.discover !== undefined
        ? (args) => (definition.discover as NonNullable<typeof definition.discover>)(args as never)
        : definition.observeMany === undefined
          ? null
          : (args) => mayHaveGap(remediator, args),
  };
  return Object.freeze(remediator);
}

/** Whether a glance shows that there is nothing to do. */
export function isIdle(
  remediator: Pick<Remediator, 'plan'>,
  { seen }: Pick<Glance<Json, unknown>, 'seen'>,
  about: { readonly resource: ResourceRef; readonly parameters: JsonObject; readonly observedAt: number },
): boolean {
  if (seen === null) return false;
  try {
    const { status } = remediator.plan({ ...about, state: toJson(seen.state), context: seen.context });
    return status === 'compliant' || status === 'not-applicable';
  } catch {
    // What cannot be judged by a list is looked at.
    return false;
  }
}

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

const DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** Of the units that people write: no months and years, whose length nobody can say. `m` is minutes, and `M` alone is nothing. */
const SPOKEN: readonly (readonly [RegExp, number])[] = [
  [/^(?:w|weeks?)$/, 604_800_000],
  [/^(?:d|days?)$/, 86_400_000],
  [/^(?:h|hrs?|hours?)$/, 3_600_000],
  [/^(?:m|mins?|minutes?)$/, 60_000],
  [/^(?:s|secs?|seconds?)$/, 1000],
];

/**
 * A duration in milliseconds, or null: ISO 8601 of weeks, days, hours, minutes and seconds, or as people write it, each unit once and the longest first.
 *
 * @example parseDuration('P7D') === parseDuration('7d') && parseDuration('7d') === parseDuration('7 days')
 * @example parseDuration('1h 30m') === 5_400_000
 */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null) return spoken(text);
  if (text === 'P' || text.endsWith('T')) return null;
  const [weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0)) as [number, number, number, number, number];
  return ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

function spoken(text: string): number | null {
  if (!/^\d+ ?[a-z]+(?: ?\d+ ?[a-z]+)*$/.test(text)) return null;
  let [sum, last] = [0, -1];
  for (const [, count = '', unit = ''] of text.matchAll(/(\d+) ?([a-z]+)/g)) {
    const at = SPOKEN.findIndex(([words]) => words.test(unit));
    const length = SPOKEN[at]?.[1];
    if (length === undefined || at <= last) return null;
    sum += Number(count) * length;
    last = at;
  }
  return Number.isSafeInteger(sum) ? sum : null;
}

function duration(text: string, refuse: (why: string) => never): number {
  return parseDuration(text) ?? refuse(`${JSON.stringify(text)} is not an ISO 8601 duration such as PT30M.`);
}

/** Freezes an assessment, so that nothing changes it after it was decided on. */
export function frozenAssessment(assessment: Assessment): Assessment {
  return deepFreeze(assessment);
}
