import {
  type AwsReads,
  type CallReader,
  type ControlRef,
  type Discovered,
  defineRemediator,
  type Hazard,
  type JsonSafe,
  type Observation,
  type ObservationPurpose,
  type OperationNames,
  type OperationUse,
  type Partition,
  RedressError,
  type Remediator,
  type ResourceRef,
  type Undo,
} from '@redress/core';
import * as z from '@redress/core/parameters';
import { ssm } from './client.js';

/** What a runbook remediator's own reads found. */
export interface RunbookObservation<State> {
  readonly state: State;
  readonly tags: Readonly<Record<string, string>> | 'untaggable';
}

/** What its own reads mean. */
export type RunbookAssessment =
  | { readonly status: 'compliant'; readonly message?: string }
  /** A gap that the runbook closes; `summary` in the imperative. */
  | { readonly status: 'gap'; readonly summary: string; readonly hazards?: readonly Hazard[] }
  | { readonly status: 'not-applicable'; readonly reason: string };

/** What {@link runbookRemediator} takes. */
export interface RunbookDefinition<Reads extends readonly OperationUse[], Undoes extends readonly OperationUse[], State> {
  /** Kebab-case, as of every remediator. */
  readonly id: string;
  readonly title: string;
  readonly package?: { readonly name: string; readonly version: string };
  readonly resourceTypes: readonly [string, ...string[]];
  readonly controls: readonly ControlRef[];
  readonly triggers?: { readonly configRules?: readonly string[]; readonly apiCalls?: Readonly<Record<string, CallReader>> };
  /** Never `enforce`: what a runbook does is AWS's, and not in the plan. */
  readonly ceiling: 'approve' | 'notify';
  readonly blindSpots: readonly string[];
  readonly hazards?: NonNullable<Remediator['hazards']>;
  readonly rollback?: NonNullable<Remediator['rollback']>;
  readonly alsoFoundBy?: NonNullable<Remediator['alsoFoundBy']>;
  /** The runbook. */
  readonly runbook: {
    /** Its name: `AWSConfigRemediation-EnableKeyRotation`. */
    readonly document: string;
    /** How long it may take; ISO 8601, longer than it ever does. */
    readonly waits: string;
    /** Its parameters besides `AutomationAssumeRole`. */
    readonly parameters: (resource: ResourceRef) => Readonly<Record<string, string>>;
    /** Which resource an Automation was for, by its parameters; null when that cannot be told. */
    readonly resourceOf: (parameters: Readonly<Record<string, readonly string[]>>) => string | null;
  };
  /** Of the resource; that of Systems Manager is added. */
  readonly uses: { readonly reads: Reads; readonly undoes: Undoes; readonly finds?: readonly OperationUse[]; readonly decides?: readonly OperationUse[] };
  /** The canonical id of a resource that an event names in another way. */
  identify?(args: { readonly aws: AwsReads<Reads>; readonly resource: ResourceRef }): Promise<{ readonly id: string } | 'gone' | null>;
  observe(args: {
    readonly aws: AwsReads<Reads>;
    readonly resource: ResourceRef;
    readonly purpose: ObservationPurpose;
  }): Promise<RunbookObservation<State & JsonSafe<State>> | 'gone'>;
  assess(args: { readonly state: NoInfer<State>; readonly resource: ResourceRef }): RunbookAssessment;
  /** How it is taken back, without a runbook. */
  undo(args: { readonly state: NoInfer<State>; readonly resource: ResourceRef }): Undo<OperationNames<Undoes>>;
  discover?(args: {
    readonly aws: AwsReads<Reads>;
    readonly account: string;
    readonly region: string;
    readonly partition: Partition;
  }): AsyncIterable<Discovered>;
}

const parameters = z.strictObject({
  documentVersion: z._default(z.string().check(z.regex(/^[1-9][0-9]{0,5}$/)), '1').check(z.describe('The version of the document to start.')),
  documentHash: z
    ._default(z.nullable(z.string().check(z.regex(/^[0-9a-f]{64}$/))), null)
    .check(z.describe('The SHA-256 of that version, as you reviewed it. Without it nothing is started.')),
  role: z
    ._default(z.string().check(z.regex(/^[\w+=,.@-]{1,64}$/)), 'RedressRunbook')
    .check(z.describe('The name of the role that the Automation assumes, in each account.')),
});

/** What of the document a plan is made on. */
interface Reviewed {
  readonly hash: string | null;
}

/** The state of a resource, of which only the definition knows what it holds. */
interface Seen {
  readonly [member: string]: string | number | boolean | null;
}
type Starts = ReturnType<typeof ssm.pick<'StartAutomationExecution'>>;

/** How an event that an Automation has ended names what it was for. */
const AUTOMATION = 'automation-execution/';

/**
 * A remediator whose change is to start an Automation runbook that AWS manages. It is started in the version and with the content that were
 * reviewed, and never otherwise; once, with a token of its execution; and what it came to is what `observe` sees, not what it says.
 *
 * Three parameters are the policy's: `documentVersion`, `documentHash` and `role`.
 *
 * @throws {RedressError} `remediator/invalid` naming what is wrong: a ceiling of `enforce`, for one.
 * @see https://docs.aws.amazon.com/systems-manager-automation-runbooks/latest/userguide/automation-runbook-reference.html
 */
export function runbookRemediator<const Reads extends readonly OperationUse[], const Undoes extends readonly OperationUse[], State>(
  definition: RunbookDefinition<Reads, Undoes, State>,
): Remediator {
  const { runbook, uses } = definition;
  const { document } = runbook;
  // The types say it too; a module in JavaScript, or a cast, has none.
  if ((definition.ceiling as string) !== 'approve' && (definition.ceiling as string) !== 'notify')
    throw new RedressError(
      'remediator/invalid',
      `Remediator ${JSON.stringify(definition.id)}: its ceiling is ${JSON.stringify(definition.ceiling)}, but a runbook can have at most approve: what ${document} does is not part of the plan.`,
      { next: "Make it 'approve', or 'notify'.", place: { path: 'ceiling' } },
    );
  return defineRemediator<readonly OperationUse[], readonly [Starts], readonly OperationUse[], typeof parameters, Seen, Reviewed>({
    id: definition.id,
    title: definition.title,
    ...(definition.package === undefined ? {} : { package: definition.package }),
    resourceTypes: definition.resourceTypes,
    controls: definition.controls,
    triggers: definition.triggers ?? {},
    ceiling: definition.ceiling,
    blindSpots: [...definition.blindSpots, `What ${document} does: AWS maintains its content. It is pinned by its hash, and is not part of the plan.`],
    ...(definition.hazards === undefined ? {} : { hazards: definition.hazards }),
    ...(definition.rollback === undefined ? {} : { rollback: definition.rollback }),
    ...(definition.alsoFoundBy === undefined ? {} : { alsoFoundBy: definition.alsoFoundBy }),
    runbook: { document, waits: runbook.waits },
    passes: [{ parameter: 'role', service: 'ssm.amazonaws.com' }],
    uses: {
      reads: [ssm.pick('DescribeDocument', 'GetAutomationExecution'), ...(uses.reads as readonly OperationUse[])],
      writes: [ssm.pick('StartAutomationExecution')],
      undoes: uses.undoes as readonly OperationUse[],
      finds: [ssm.pick('GetAutomationExecution'), ...(uses.finds ?? [])],
      decides: [ssm.pick('DescribeDocument'), ...(uses.decides ?? [])],
    },
    parameters,
    async identify({ aws, resource }) {
      if (!resource.id.startsWith(AUTOMATION))
        return definition.identify === undefined ? { id: resource.id } : definition.identify({ aws: aws as never, resource });
      const reads = aws as AwsReads<readonly [ReturnType<typeof ssm.pick<'GetAutomationExecution'>>]>;
      const found = (await reads.ssm.GetAutomationExecution({ AutomationExecutionId: resource.id.slice(AUTOMATION.length) })).AutomationExecution;
      // An event may name any Automation: one of another document was for something else.
      const id = found?.DocumentName === document ? runbook.resourceOf(found.Parameters ?? {}) : null;
      return id === null ? null : { id };
    },
    async observe({ aws, resource, parameters: { documentVersion }, purpose }): Promise<Observation<Seen, Reviewed> | 'gone'> {
      const found = await definition.observe({ aws: aws as never, resource, purpose });
      if (found === 'gone') return found;
      const state = found.state as unknown as Seen;
      const open = definition.assess({ state: found.state, resource }).status === 'gap';
      if (!open || purpose === 'verification') return { ...found, state };
      const reads = aws as AwsReads<readonly [ReturnType<typeof ssm.pick<'DescribeDocument'>>]>;
      const { Document: seen } = await reads.ssm.DescribeDocument({ Name: document, DocumentVersion: documentVersion });
      // What has no hash that we can compare is not what was reviewed.
      return { ...found, state, context: { hash: seen?.HashType === 'Sha256' ? (seen.Hash ?? null) : null } };
    },
    plan({ state, context, resource, parameters: { documentVersion, documentHash, role } }) {
      const assessment = definition.assess({ state: state as unknown as State, resource });
      if (assessment.status !== 'gap') return assessment;
      const { summary, hazards } = assessment;
      const shown = `${document}, version ${documentVersion}`;
      if (documentHash === null)
        return {
          status: 'manual',
          message: `To do: ${summary}. Nobody has reviewed ${shown}${context?.hash == null ? '' : `, which has the hash ${context.hash}`}.`,
          steps: [`Read it: aws ssm get-document --name ${document} --document-version ${documentVersion}.`, 'Put its hash into the policy: documentHash.'],
        };
      // A look after the change has no document to compare: it says what is left to do.
      if (context !== undefined && context.hash !== documentHash)
        return {
          status: 'manual',
          message: `To do: ${summary}. ${shown} differs from what was reviewed: it has ${context.hash === null ? 'no hash' : `the hash ${context.hash}`}, and not ${documentHash}.`,
          steps: ['Review it again, and put its hash into the policy: documentHash.'],
        };
      const given = { ...runbook.parameters(resource), AutomationAssumeRole: `arn:${resource.partition}:iam::${resource.account}:role/${role}` };
      return {
        status: 'change',
        changes: [
          {
            call: ssm.call('StartAutomationExecution', {
              DocumentName: document,
              DocumentVersion: documentVersion,
              Parameters: Object.fromEntries(Object.entries(given).map(([name, value]) => [name, [value]])),
            }),
            undo: definition.undo({ state: state as unknown as State, resource }) as never,
            summary: `${summary}, with ${shown} (${documentHash.slice(0, 12)})`,
            resolves: true,
          },
        ],
        ...(hazards === undefined ? {} : { hazards }),
      };
    },
    ...(definition.discover === undefined
      ? {}
      : { discover: (args) => (definition.discover as NonNullable<typeof definition.discover>)({ ...args, aws: args.aws as never }) }),
  });
}
