import type { StandardSchemaV1 } from '@standard-schema/spec';
import { RedressError } from '../model/errors.js';
import { digestOf, isRecord, type Json, type JsonObject, toJson } from '../model/json.js';
import type { ApiCall, Assessment, Hazard, Undo } from '../model/plan.js';
import type { ResourceRef } from '../model/resource.js';
import type { Ceiling } from './ceiling.js';
import {
  type Claim,
  type ControlRef,
  type DeclaredHazard,
  type DeclaredRollback,
  defineRemediator,
  type InCode,
  type Observation,
  type Remediator,
  type RemediatorDefinition,
  type Tagged,
} from './define.js';
import type { Looked } from './looking.js';
import { callReader, type NamedIn, type NoReads, type Part, type ResourceType, type WithFound } from './resource-type.js';
import type { OperationNames, OperationUse, ServiceRuntime } from './service.js';

/** A value in which omitted members have their meaning from `absent`. */
export type Read<Raw, Absent> = { readonly [K in keyof Raw]: Exclude<Raw[K], undefined> | (K extends keyof Absent ? Absent[K] : never) };

/** What a value is evaluated with. */
export interface Judging<Value, Context, Parameters extends StandardSchemaV1> {
  readonly now: Value;
  /** Data for hazards and messages only; absent in reads that decide nothing. */
  readonly context: Context | undefined;
  readonly parameters: StandardSchemaV1.InferOutput<Parameters>;
  readonly resource: ResourceRef;
  readonly id: string;
  /** When it was read; epoch milliseconds. */
  readonly observedAt: number;
}

/** What a change is built from. */
export interface Changing<Value, Context, Parameters extends StandardSchemaV1> extends Judging<Value, Context, Parameters> {
  /** The wanted value. In an undo: the previous value. */
  readonly to: Value;
  readonly arn: string;
}

/** One of several calls, if writing the value takes more than one. They are sent in this order, and undone in reverse. */
export interface Step<Write extends string, UndoOp extends string> {
  readonly call: ApiCall<Write>;
  /** Absent: it is irreversible, for the reason in `rollback.what`. */
  readonly undo?: Undo<UndoOp>;
  /** In the imperative. */
  readonly summary: string;
}

/** A hazard that is detected from words in tags. */
export interface WordedHazard extends DeclaredHazard {
  /** Whole words, however they are joined; see `sayingOf`. */
  readonly words: readonly string[];
}

/** A hazard with the way to detect it. */
export type RecognisedHazard<Value, Context, Parameters extends StandardSchemaV1> =
  | WordedHazard
  | (DeclaredHazard & {
      /** What it means for this resource; null: it does not apply. */
      when(args: Changing<Value, Context, Parameters>): string | null;
    });

/**
 * The hazard of a short-lived resource, for changes that keep the resource, or that cost money as long as it exists.
 *
 * @param what what the change would do to it, or to people and tools that delete it: `what deletes the table fails`.
 */
export function shortLived(what: string): WordedHazard {
  return {
    code: 'short-lived',
    effect: 'approve',
    what: `Tags say that it is ephemeral, temporary or a preview: ${what}.`,
    advice: 'Ask its owner. Approve if it is to stay; otherwise record an exception with an expiry date.',
    words: ['ephemeral', 'preview', 'temporary', 'temp', 'tmp', 'scratch'],
  };
}

/**
 * The hazard of a resource that is shared with everybody on purpose.
 *
 * @param what what the change would cut off.
 */
export function sharedOnPurpose(what: string): WordedHazard {
  return {
    code: 'shared-on-purpose',
    effect: 'approve',
    what: `Tags say that it is published: ${what}.`,
    advice: 'Ask its owner who uses it. Approve if nobody needs it; otherwise record an exception.',
    words: ['public', 'published', 'sample', 'marketplace', 'open data'],
  };
}

/**
 * The hazard of a resource that is pinned to one version on purpose, for changes that allow newer versions.
 *
 * @param what when it would take a newer version.
 */
export function pinnedVersion(what: string): WordedHazard {
  return {
    code: 'pinned-version',
    effect: 'approve',
    what: `Tags say that its version is pinned: ${what}.`,
    advice: 'Ask its owner why. Approve if the reason is gone; otherwise record an exception.',
    words: ['pinned', 'pin', 'no upgrade', 'no auto upgrade', 'version locked'],
  };
}

/**
 * The assessment if the policy has to name something that exists: a gap for people, with the missing parameters. Null: none is missing.
 *
 * @param given the required parameters, by name.
 * @example needs('ec2-enable-vpc-flow-logs', 'vpc-1 has no flow logs', { destination: parameters.destination })
 */
export function needs(remediator: string, gap: string, given: Readonly<Record<string, string | undefined>>): Extract<Assessment, { status: 'manual' }> | null {
  const missing = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [name] : []));
  if (missing.length === 0) return null;
  return {
    status: 'manual',
    message: `${gap}. The policy does not name ${missing.join(' and ')}, so nothing is changed.`,
    steps: [
      `Create or find it, and name it in the policy: remediators: { ${remediator}: { parameters: { ${missing.map((name) => `${name}: …`).join(', ')} } } }.`,
    ],
  };
}

/** What tags say of worded hazards, by code; next to the definition's own context. */
interface Told<Context> {
  readonly own: Context | undefined;
  readonly said: Readonly<Record<string, string>>;
}

/** What a part that reads a value is given besides. */
type ReadWith<Found, Parameters> = WithFound<Found> & {
  readonly parameters: Parameters;
  /** Epoch milliseconds: for what of a value is a matter of time and is to stand still otherwise. */
  readonly observedAt: number;
};

/** What {@link defineSetting} and {@link defineReport} share. */
interface About<
  Found,
  ReadReads extends readonly OperationUse[],
  Raw,
  Absent,
  ContextReads extends readonly OperationUse[],
  Context,
  Parameters extends StandardSchemaV1,
> {
  readonly on: ResourceType<Found>;
  /** Kebab-case, the name of its file. */
  readonly id: string;
  readonly title: string;
  readonly package: { readonly name: string; readonly version: string };
  /** Control ids by framework: `{ 'aws-fsbp': ['DynamoDB.2'] }`. */
  readonly controls: Readonly<Record<string, readonly string[]>>;
  /** Identifiers of managed rules, with their default names. */
  readonly rules: Readonly<Record<string, string>>;
  /** API calls that trigger it, and where they name the resource. */
  readonly calls: Readonly<Record<string, NamedIn>>;
  readonly alsoFoundBy?: Remediator['alsoFoundBy'];
  readonly settle?: string;
  readonly blindSpots: readonly string[];
  readonly inCode?: InCode;
  readonly parameters?: Parameters;
  /** The value, taken from what {@link ResourceType} finds. Provide this or `read`. */
  at?(found: Found): Raw;
  /** The value, if it needs its own calls. */
  readonly read?: Part<ReadReads, ReadWith<Found, StandardSchemaV1.InferOutput<Parameters>>, Raw>;
  /** The meaning of members that the service omits. If a member is omitted and has no meaning here, the read fails. */
  readonly absent?: Absent;
  /** Data for hazards and messages only: it is not compared and not hashed. It is read only for decisions, unless `contextHolds` is set. */
  readonly context?: Part<ContextReads, ReadWith<Found, StandardSchemaV1.InferOutput<Parameters>>, Context>;
  /** Its hazards can appear at any time. So it is read again right before a change, and a hazard holds the change back. */
  readonly contextHolds?: true;
  /**
   * What uses the resource, each with its own tags. An exception on it applies, and words in its tags count. The context is read again right
   * before a change.
   */
  usedBy?(context: NoInfer<Context>): readonly Tagged[];
  /** The types of what `usedBy` returns. */
  readonly exceptionTypes?: readonly string[];
  /** Parameters of the rule or control, with the corresponding parameter here. If a source requires more than the policy, that is reported. */
  readonly ruleParameters?: Readonly<Record<string, string>>;
  judge?: RemediatorDefinition<[], [], [], Parameters, NoInfer<Read<Raw, Absent>>, Context>['judge'];
}

/** The definition that {@link defineSetting} takes. */
export interface SettingDefinition<
  Found,
  ReadReads extends readonly OperationUse[],
  Raw,
  Absent,
  ContextReads extends readonly OperationUse[],
  Context,
  Writes extends readonly OperationUse[],
  Undoes extends readonly OperationUse[],
  Parameters extends StandardSchemaV1,
> extends About<Found, ReadReads, Raw, Absent, ContextReads, Context, Parameters> {
  readonly ceiling: Ceiling;
  readonly writes: Writes;
  /** Default: the writes; none if `rollback` restores nothing. */
  readonly undoes?: Undoes;
  readonly passes?: Remediator['passes'];
  readonly hazards: readonly RecognisedHazard<NoInfer<Read<Raw, Absent>>, NoInfer<Context>, Parameters>[];
  /**
   * With `restores: 'nothing'` each change is irreversible, for the reason in `what`: it has no undo, and a person decides on it. With `by: 'person'`
   * no role gets the undo operations.
   */
  readonly rollback: DeclaredRollback;
  /** Called first. Returns an assessment if there is nothing to change here, or if people have to make the change; null: continue. */
  instead?(args: Judging<NoInfer<Read<Raw, Absent>>, NoInfer<Context>, Parameters>): Exclude<Assessment, { readonly status: 'change' }> | null;
  /**
   * The whole wanted value. If it equals the current one, there is nothing to change. Carry over members that the write replaces and that belong
   * to others.
   */
  wanted(args: Judging<NoInfer<Read<Raw, Absent>>, NoInfer<Context>, Parameters>): NoInfer<Read<Raw, Absent>>;
  /** The call that sets the value to `to`, or the steps, if it takes several. Then each step has its own undo and summary. */
  write(
    args: Changing<NoInfer<Read<Raw, Absent>>, NoInfer<Context>, Parameters>,
  ): ApiCall<OperationNames<Writes> | OperationNames<Undoes>> | readonly Step<OperationNames<Writes>, OperationNames<Undoes>>[];
  /** Default: `write` with the previous value, which restores it exactly. */
  undo?(args: Changing<NoInfer<Read<Raw, Absent>>, NoInfer<Context>, Parameters>): Undo<OperationNames<Writes> | OperationNames<Undoes>>;
  /** In the imperative: `turn on point-in-time recovery of orders`. With steps, each has its own. */
  summary(args: Changing<NoInfer<Read<Raw, Absent>>, NoInfer<Context>, Parameters>): string;
  /** What is still open after the change, if it does not close the gap: then it does not count as a fix. undefined: it closes the gap. */
  open?(args: Changing<NoInfer<Read<Raw, Absent>>, NoInfer<Context>, Parameters>): readonly string[] | undefined;
  /** The message if there is nothing to change. */
  compliant?(args: Judging<NoInfer<Read<Raw, Absent>>, NoInfer<Context>, Parameters>): string;
  /** Whether the value after an `equivalent` undo is as good as the one before the change. */
  equivalent?(args: { readonly before: NoInfer<Read<Raw, Absent>>; readonly after: NoInfer<Read<Raw, Absent>> }): boolean;
  /**
   * The value once everything that AWS has accepted is in effect, for a change that waits for a maintenance window: that it comes into effect is no
   * drift, and an `equivalent` undo is compared by it.
   */
  effective?(value: NoInfer<Read<Raw, Absent>>): object;
}

/**
 * Defines a remediator of one setting. It reads a value, compares it with the wanted one, and writes it. The undo writes the previous value.
 *
 * `on` has what belongs to the resource. The type of the value follows from the service's reply: a member that the service omits needs a meaning
 * in `absent`, or the read fails. `wanted`, `write` and `summary` are pure. Put `at` or `read`, `absent` and `context` before what uses their
 * types.
 *
 * @example
 * export const enablePitr = defineSetting({
 *   on: table, id: 'dynamodb-enable-pitr', title: 'Turn on point-in-time recovery of a table', package: packageRef,
 *   controls: { 'aws-fsbp': ['DynamoDB.2'] }, rules: { DYNAMODB_PITR_ENABLED: 'dynamodb-pitr-enabled' },
 *   calls: { 'dynamodb:CreateTable': 'request.tableName' }, ceiling: 'enforce', blindSpots: […], rollback: {…},
 *   read: { reads: [dynamodb.pick('DescribeContinuousBackups')], of: async ({ aws, id }) => ({ enabled: … }) },
 *   hazards: [shortLived('backups of it are paid for')],
 *   wanted: ({ now }) => ({ ...now, enabled: true }),
 *   writes: [dynamodb.pick('UpdateContinuousBackups')],
 *   write: ({ id, to }) => dynamodb.call('UpdateContinuousBackups', { TableName: id, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: to.enabled } }),
 *   summary: ({ id }) => `turn on point-in-time recovery of ${id}`,
 * });
 * @throws {RedressError} `remediator/invalid` naming what is wrong.
 */
export function defineSetting<
  Found,
  Raw extends object,
  const Absent extends object = Record<never, never>,
  Context = undefined,
  const ReadReads extends readonly OperationUse[] = NoReads,
  const ContextReads extends readonly OperationUse[] = NoReads,
  const Writes extends readonly OperationUse[] = NoReads,
  const Undoes extends readonly OperationUse[] = Writes,
  Parameters extends StandardSchemaV1 = StandardSchemaV1<unknown, Record<string, never>>,
>(definition: SettingDefinition<Found, ReadReads, Raw, Absent, ContextReads, Context, Writes, Undoes, Parameters>): Remediator {
  type Value = Read<Raw, Absent>;
  const { on, ceiling, writes, hazards, rollback, instead, wanted, write, summary, effective } = definition;
  const equivalent =
    definition.equivalent ??
    (effective === undefined ? undefined : ({ before, after }: { before: Value; after: Value }) => same(effective(before), effective(after)));
  const isFinal = rollback.restores === 'nothing';
  const undoes = definition.undoes ?? (isFinal ? [] : writes);
  const back = (changing: Changing<Value, Context, Parameters>): Undo => {
    if (isFinal) return { irreversible: rollback.what };
    if (definition.undo !== undefined) return definition.undo(changing);
    const call = write({ ...changing, now: changing.to, to: changing.now });
    if (isSteps(call)) throw new RedressError('remediator/invalid', `${definition.id}: the undo of one call is one call, or is given by undo.`);
    return { calls: [call], restores: 'exact' };
  };
  const assess = (args: Judging<Value, Context, Parameters>, said: Told<Context>['said']): Assessment => {
    const otherwise = instead?.(args) ?? null;
    if (otherwise !== null) return otherwise;
    const to = wanted(args);
    const { now, resource } = args;
    if (same(to, now)) return { status: 'compliant', message: definition.compliant?.(args) ?? 'It is as required.' };
    const changing = { ...args, to, arn: on['~arn'](resource) };
    const seen = hazards.flatMap((hazard): readonly Hazard[] => {
      const { code, effect } = hazard;
      if ('words' in hazard) return said[code] === undefined ? [] : [{ code, effect, message: `${args.id}: ${hazard.what} (${said[code]})` }];
      // What hazards go by is not read where nothing is decided.
      if (definition.context !== undefined && args.context === undefined) return [];
      const message = hazard.when(changing);
      return message === null ? [] : [{ code, effect, message }];
    });
    const written = write(changing);
    const open = definition.open?.(changing);
    const steps: readonly Step<string, string>[] = isSteps(written) ? written : [{ call: written, undo: back(changing), summary: summary(changing) }];
    return {
      status: 'change',
      ...(hazards.length === 0 ? {} : { hazards: seen }),
      ...(open === undefined ? {} : { open }),
      changes: steps.map(({ call, undo, summary: says }) => ({
        call,
        undo: isFinal || undo === undefined ? { irreversible: rollback.what } : undo,
        summary: says,
        resolves: open === undefined,
      })),
    };
  };
  return remediatorOf(definition, { ceiling, hazards, rollback, writes, undoes, passes: definition.passes, assess, equivalent, effective });
}

/** The definition that {@link defineReport} takes. */
export interface ReportDefinition<
  Found,
  ReadReads extends readonly OperationUse[],
  Raw,
  Absent,
  ContextReads extends readonly OperationUse[],
  Context,
  Parameters extends StandardSchemaV1,
> extends About<Found, ReadReads, Raw, Absent, ContextReads, Context, Parameters> {
  /** What is wrong, and what a person should do about it; null: nothing is wrong. */
  gap(args: Judging<NoInfer<Read<Raw, Absent>>, NoInfer<Context>, Parameters>): { readonly message: string; readonly steps: readonly string[] } | null;
  /** When it does not apply. */
  exempt?(args: Judging<NoInfer<Read<Raw, Absent>>, NoInfer<Context>, Parameters>): string | null;
  /** How the next read detects that it is closed: `the volume is encrypted, or gone`. It becomes the last step. */
  readonly closed: string;
}

/**
 * Defines a remediator that only reports: a gap that people have to close, with the steps, and the condition under which it counts as closed.
 *
 * @example
 * export const reportUnencryptedVolumes = defineReport({ on: volume, …, at: ({ Encrypted }) => ({ encrypted: Encrypted }),
 *   gap: ({ now, id }) => (now.encrypted ? null : { message: `Volume ${id} is not encrypted.`, steps: ['…'] }), closed: 'the volume is encrypted, or gone' });
 * @throws {RedressError} `remediator/invalid` naming what is wrong.
 */
export function defineReport<
  Found,
  Raw extends object,
  const Absent extends object = Record<never, never>,
  Context = undefined,
  const ReadReads extends readonly OperationUse[] = NoReads,
  const ContextReads extends readonly OperationUse[] = NoReads,
  Parameters extends StandardSchemaV1 = StandardSchemaV1<unknown, Record<string, never>>,
>(definition: ReportDefinition<Found, ReadReads, Raw, Absent, ContextReads, Context, Parameters>): Remediator {
  const assess = (args: Judging<Read<Raw, Absent>, Context, Parameters>): Assessment => {
    const reason = definition.exempt?.(args) ?? null;
    if (reason !== null) return { status: 'not-applicable', reason };
    const gap = definition.gap(args);
    if (gap === null) return { status: 'compliant', message: `It is as required: ${definition.closed}.` };
    return { status: 'manual', message: gap.message, steps: [...gap.steps, `It is closed when the next read shows: ${definition.closed}.`] };
  };
  return remediatorOf(definition, { ceiling: 'notify', hazards: [], writes: [], undoes: [], assess });
}

interface Doing<Value, Context, Parameters extends StandardSchemaV1> {
  readonly ceiling: Ceiling;
  readonly hazards: readonly (DeclaredHazard | WordedHazard)[];
  readonly rollback?: DeclaredRollback;
  readonly writes: readonly OperationUse[];
  readonly undoes: readonly OperationUse[];
  readonly passes?: Remediator['passes'] | undefined;
  readonly assess: (args: Judging<Value, Context, Parameters>, said: Told<Context>['said']) => Assessment;
  readonly equivalent?: ((args: { readonly before: Value; readonly after: Value }) => boolean) | undefined;
  readonly effective?: ((value: Value) => object) | undefined;
}

/** What a look is judged by. */
interface Assessed {
  readonly state: unknown;
  readonly context: unknown;
  readonly resource: ResourceRef;
  readonly parameters: unknown;
  readonly observedAt: number;
}

/** The result of both. */
function remediatorOf<Found, Raw extends object, Absent extends object, Context, Parameters extends StandardSchemaV1>(
  definition: About<Found, readonly OperationUse[], Raw, Absent, readonly OperationUse[], Context, Parameters>,
  doing: Doing<Read<Raw, Absent>, Context, Parameters>,
): Remediator {
  type Value = Read<Raw, Absent>;
  const { on, at, read, context, absent, ruleParameters } = definition;
  const { find, tags, list, name, created, except, also = [] } = on['~parts'];
  const worded = doing.hazards.filter((hazard) => 'words' in hazard);
  const [finding, tagging, listing, naming] = [find?.reads ?? [], tags === 'untaggable' ? [] : (tags.reads ?? []), list?.reads ?? [], name?.reads ?? []];
  const always = [...finding, ...(read?.reads ?? [])];
  const deciding = [...tagging, ...(context?.reads ?? [])];
  const judging = (now: Value, given: Context | undefined, { resource, parameters, observedAt }: Assessed) => ({
    now,
    context: given,
    parameters: parameters as StandardSchemaV1.InferOutput<Parameters>,
    resource,
    id: resource.id,
    observedAt,
  });
  const assess = (args: Assessed): Assessment => {
    const reason = except?.(args.resource) ?? null;
    if (reason !== null) return { status: 'not-applicable', reason };
    const { created: _, ...now } = args.state as Record<string, unknown>;
    const { own, said } = (worded.length === 0 ? { own: args.context, said: {} } : (args.context ?? { own: undefined, said: {} })) as Told<Context>;
    return doing.assess(judging((created === undefined ? args.state : now) as Value, own, args), said);
  };
  const looked: Looked<Found> = { on, at, read, context, usedBy: definition.usedBy, holds: definition.contextHolds, absent, worded } as Looked<Found>;
  const made = defineRemediator({
    id: definition.id,
    title: definition.title,
    package: definition.package,
    resourceTypes: [on.type, ...also],
    controls: Object.entries(definition.controls).flatMap(([framework, ids]) => ids.map((id): ControlRef => ({ framework, id }))),
    triggers: {
      configRules: Object.entries(definition.rules).flat(),
      apiCalls: Object.fromEntries(Object.entries(definition.calls).map(([call, named]) => [call, callReader(named, on.global)])),
    },
    ceiling: doing.ceiling,
    global: on.global,
    ...(definition.settle === undefined ? {} : { settle: definition.settle }),
    blindSpots: definition.blindSpots,
    hazards: doing.hazards.map(({ code, effect, what, advice }) => ({ code, effect, what, advice })),
    ...(doing.rollback === undefined ? {} : { rollback: doing.rollback }),
    ...(definition.alsoFoundBy === undefined ? {} : { alsoFoundBy: definition.alsoFoundBy }),
    ...(definition.exceptionTypes === undefined ? {} : { exceptionTypes: definition.exceptionTypes }),
    ...(definition.inCode === undefined ? {} : { inCode: definition.inCode }),
    ...(definition.parameters === undefined ? {} : { parameters: definition.parameters }),
    ...(doing.passes === undefined ? {} : { passes: doing.passes }),
    uses: {
      reads: merged([...always, ...deciding, ...listing, ...naming]),
      writes: merged(doing.writes),
      undoes: merged(doing.undoes),
      finds: without([...listing, ...naming], [...always, ...deciding]),
      decides: without(deciding, always),
    },
    ...(name === undefined
      ? {}
      : {
          identify: async ({ aws, resource }: { aws: unknown; resource: ResourceRef }) =>
            name.of({ aws: aws as never, resource, id: resource.id, arn: on['~arn'](resource) }),
        }),
    observe: async ({ aws, resource, parameters, purpose, observedAt }) =>
      (await import('./looking.js')).observing(looked, { aws: aws as never, resource, parameters, purpose, observedAt }) as Promise<
        Observation<Json, Context> | 'gone'
      >,
    plan: (args) => assess(args) as Assessment<never, never>,
    ...(doing.effective === undefined ? {} : { effective: doing.effective as never }),
    ...(doing.equivalent === undefined ? {} : { equivalent: (states) => (doing.equivalent as NonNullable<typeof doing.equivalent>)(states as never) }),
    ...(definition.judge !== undefined ? { judge: definition.judge as never } : ruleParameters === undefined ? {} : { judge: judgeBy(ruleParameters, assess) }),
    ...(list === undefined
      ? {}
      : {
          async *observeMany(args) {
            yield* (await import('./looking.js')).glancing(looked, { ...args, aws: args.aws as never });
          },
        }),
  } as RemediatorDefinition<readonly OperationUse[], readonly OperationUse[], readonly OperationUse[], Parameters, Json, Context>);
  return made;
}

const isSteps = <Write extends string, UndoOp extends string>(
  written: ApiCall<Write> | readonly Step<Write, UndoOp>[],
): written is readonly Step<Write, UndoOp>[] => Array.isArray(written);

const same = (a: unknown, b: unknown) => digestOf(toJson(a) as Json) === digestOf(toJson(b) as Json);

/** One use for each service, each operation once. */
function merged(uses: readonly OperationUse[]): readonly OperationUse[] {
  const byService = new Map<ServiceRuntime, Set<string>>();
  for (const { service, operations } of uses) byService.set(service, new Set([...(byService.get(service) ?? []), ...operations]));
  return [...byService].map(([service, operations]) => ({ service, operations: [...operations] }));
}

/** What of some uses is not among others. */
function without(uses: readonly OperationUse[], others: readonly OperationUse[]): readonly OperationUse[] {
  const has = (service: ServiceRuntime, name: string) => others.some((each) => each.service === service && each.operations.includes(name));
  return merged(uses).flatMap(({ service, operations }) => {
    const left = operations.filter((name) => !has(service, name));
    return left.length === 0 ? [] : [{ service, operations: left }];
  });
}

/** Judges a claim by what its rule was configured to look for: the same value, with the rule's parameters in place of the policy's. */
function judgeBy(names: Readonly<Record<string, string>>, assess: (args: Assessed) => Assessment) {
  return ({ state, claim, resource, parameters }: { state: unknown; claim: Claim; resource: ResourceRef; parameters: unknown }): readonly string[] | null => {
    const asked = Object.entries(claim.parameters ?? {});
    const known = asked.flatMap(([key, value]) => (names[key] === undefined ? [] : [[names[key], value, key] as const]));
    if (known.length < asked.length) return null;
    const given = isRecord(parameters) ? (parameters as JsonObject) : {};
    const stricter = Object.fromEntries(
      known.map(([own, value]) => [own, typeof given[own] === 'number' ? Number(value) : typeof given[own] === 'boolean' ? /^true$/i.test(value) : value]),
    );
    const { status } = assess({ state, context: undefined, resource, parameters: { ...given, ...stricter }, observedAt: claim.observedAt });
    if (status !== 'change' && status !== 'manual') return [];
    return [
      `${claim.configRule ?? claim.controls[0] ?? 'the source'} looks for ${known.map(([, value, key]) => `${key} = ${value}`).join(', ')} on ${resource.id}: the policy has less`,
    ];
  };
}
