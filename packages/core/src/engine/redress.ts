import { normalize, unwrap } from '../events/index.js';
import { builtinGuardrails, freshness } from '../guardrails/builtin.js';
import { type Shown, shownBy } from '../guardrails/freshness.js';
import { type Decision, decide, decisive, type Fact, type Facts, type Guardrail, known, type Trigger, unreadable } from '../guardrails/guardrail.js';
import type { Budget, Entry, FinishRequest, Journal, Lease, OpenExecution, RecordRef, StoredRecord, StreamView } from '../journal.js';
import { isRedressError, messageOf, RedressError } from '../model/errors.js';
import type { Finding } from '../model/finding.js';
import { atPointer, canonicalJson, digestOf, isRecord, type Json, type JsonObject, toJson } from '../model/json.js';
import type { Outcome } from '../model/outcome.js';
import type { ApiCall, Assessment, Change, Plan } from '../model/plan.js';
import { formatResource, type Partition, partitionOf, type ResourceRef, resource, streamOf } from '../model/resource.js';
import type { Notification, Notify } from '../notify.js';
import { modeOf, type Policy } from '../policy/policy.js';
import { defineRegister, type Register } from '../policy/register.js';
import { mistakes, nearest } from '../policy/validate.js';
import { type Clock, type Connect, fixed, type Identity, type Live, type Stop, systemClock } from '../ports.js';
import { type Discovered, frozenAssessment, type Observation, type Remediator } from '../remediator/define.js';
import type { AwsFailure } from './aws-errors.js';
import { apiRegion, type CallTrace, Gate, type WriteContext } from './gate.js';
import { isPlan, makePlan, type Part, partition, remaining } from './planning.js';
import { route } from './route.js';

/** What {@link createRedress} takes. */
export interface RedressOptions {
  readonly remediators: readonly Remediator[];
  /** A policy, or something that reads it anew: the latter is asked again right before each write. */
  readonly policy: Policy | Live<Policy>;
  /** Needed to change anything; looking and planning work without. */
  readonly journal?: Journal;
  readonly connect: Connect;
  /** The exceptions register; default: an empty one. */
  readonly exceptions?: Register | Live<Register>;
  /** Added to the built-in ones; they can only restrict. */
  readonly guardrails?: readonly Guardrail[];
  readonly notify?: Notify;
  /** A stop besides the policy's: a parameter, a file. */
  readonly killSwitch?: Live<Stop>;
  readonly clock?: Clock;
  /** Each call to AWS, as it happened. */
  readonly onCall?: (trace: CallTrace) => void;
  /** What went wrong beside the way: a notification that was not delivered. */
  readonly onWarning?: (message: string, error: unknown) => void;
}

/** Options of one run. */
export interface RunOptions {
  /** Epoch milliseconds at which this process ends (a Lambda's timeout). */
  readonly deadline?: number;
  /** Look, plan and decide, but change and record nothing. */
  readonly dryRun?: boolean;
  /** @internal counts changes over one run. */
  readonly budget?: { changes: number };
}

/** What became of one remediator's pass over one resource. */
export interface PassResult {
  readonly remediator: string;
  readonly resource: ResourceRef;
  /** `busy`: another worker holds the resource; ask again. Nothing was recorded for it. */
  readonly outcome: Outcome | 'busy';
  /** The execution that this pass made, or the one that a duplicate names. */
  readonly execution: string | null;
  /** Whether this input asked for what an execution already does or did. */
  readonly duplicate: boolean;
  /** One sentence. */
  readonly message: string;
  readonly decision: Decision | null;
  readonly plan: Plan | null;
  /** What stays open, and why. */
  readonly open: readonly string[];
  readonly record: RecordRef | null;
  /** Whether the same input may fare better later. */
  readonly retryable: boolean;
}

/** What became of one finding. */
export interface FindingResult {
  readonly finding: Finding;
  /** Empty when no decision was needed; `reason` says why. */
  readonly passes: readonly PassResult[];
  readonly reason: string;
}

/** What became of a whole input. */
export interface HandleResult {
  readonly results: readonly FindingResult[];
  /** Wrapper items (SQS message ids) that should be delivered again. */
  readonly retry: readonly string[];
  /** How many findings needed no decision, by disposition. */
  readonly counted: Readonly<Record<string, number>>;
}

/** Who rolls back, and why. */
export interface RollbackOptions {
  /** A person. From a string it is recorded as unverified. */
  readonly by: string;
  readonly reason: string;
  /** Go on although the undo destroys something (its plan says what). */
  readonly acceptLoss?: boolean;
  /** How long afterwards only to tell; default 7 days, in milliseconds. */
  readonly hold?: number;
  readonly deadline?: number;
}

/** The engine. */
export interface Redress {
  readonly remediators: readonly Remediator[];
  /** Looks, plans and decides; changes nothing, records nothing, needs no journal. */
  plan(remediator: string, resource: ResourceRef): Promise<readonly PassResult[]>;
  /** A finding, or a resource asked about by all remediators of its type, the whole way. */
  run(input: Finding | ResourceRef, options?: RunOptions): Promise<FindingResult['passes']>;
  /** A raw input (Lambda event, file) the whole way: unwrap, normalize, run. Never throws for what is in the input. */
  handle(input: unknown, options?: RunOptions): Promise<HandleResult>;
  /** Resources that a remediator would look at in a sweep; null when it cannot be swept. */
  discover(remediator: string, where: { readonly account: string; readonly region: string }): AsyncIterable<ResourceRef> | null;
  /**
   * Takes an execution back, from its verified records.
   *
   * @throws {RedressError} `rollback/refused` with the reason; nothing was changed then.
   */
  rollback(execution: string, options: RollbackOptions): Promise<PassResult>;
  /** Closes executions whose worker is gone, by looking at the resource. */
  recover(options?: { readonly deadline?: number }): Promise<readonly PassResult[]>;
  close(): void;
}

const LEASE = 120_000;
const HOLD = 7 * 86_400_000;
const VERIFY_WAITS = [0, 250, 1000, 2000, 4000];
const BUSY_WAIT = 5000;
const ROUNDS = 8;

type Seen = { readonly observation: Observation<Json, unknown> | 'gone'; readonly assessment: Assessment };

/**
 * Puts remediators, policy, journal and connection together. The one composition root: the Lambda handler and the command line are thin
 * around it.
 *
 * @example
 * const redress = createRedress({ remediators: s3Remediators, policy, connect: connectAws(), journal: folderJournal({ directory: '.redress' }) });
 * const passes = await redress.run(resource({ type: 'AWS::S3::Bucket', id: 'invoices', account: '111111111111', region: 'eu-west-1' }));
 * @throws {RedressError} `compose/invalid`, `policy/invalid`: unknown remediators, parameters that do not fit, two with one id.
 */
export function createRedress(options: RedressOptions): Redress {
  const engine = new Engine(options);
  return {
    remediators: options.remediators,
    plan: (remediator, ref) => engine.pass(engine.remediator(remediator), ref, [ref.id], { by: 'request' }, { dryRun: true }),
    run: (input, run = {}) => engine.run(input, run),
    handle: (input, run = {}) => engine.handle(input, run),
    discover: (remediator, where) => engine.discover(engine.remediator(remediator), where),
    rollback: (execution, rollback) => engine.rollback(execution, rollback),
    recover: (run = {}) => engine.recover(run.deadline ?? null),
    close: () => engine.close(),
  };
}

class Engine {
  readonly #remediators: readonly Remediator[];
  readonly #policy: Live<Policy>;
  readonly #register: Live<Register>;
  readonly #killSwitch: Live<Stop>;
  readonly #journal: Journal | null;
  readonly #guardrails: readonly Guardrail[];
  readonly #notify: Notify | null;
  readonly #clock: Clock;
  readonly #gate: Gate;
  readonly #warn: (message: string, error: unknown) => void;

  constructor(options: RedressOptions) {
    this.#remediators = options.remediators;
    this.#policy = live(options.policy);
    this.#register = live(options.exceptions ?? defineRegister([]));
    this.#killSwitch = options.killSwitch ?? fixed<Stop>('none');
    this.#journal = options.journal ?? null;
    this.#guardrails = [...builtinGuardrails, ...(options.guardrails ?? [])];
    this.#notify = options.notify ?? null;
    this.#clock = options.clock ?? systemClock;
    this.#warn = options.onWarning ?? (() => undefined);
    this.#gate = new Gate(options.connect, this.#clock, options.onCall ?? (() => undefined));

    const ids = new Set<string>();
    for (const remediator of options.remediators) {
      if (remediator.contract !== 1)
        throw new RedressError(
          'compose/invalid',
          `${remediator.id} is of contract ${String(remediator.contract)}; this version of @redress/core knows contract 1.`,
          { next: 'Install versions that fit.' },
        );
      if (ids.has(remediator.id)) throw new RedressError('compose/invalid', `Two remediators are called ${remediator.id}.`);
      ids.add(remediator.id);
    }
    const guardrailIds = new Set<string>();
    for (const guardrail of this.#guardrails) {
      if (guardrailIds.has(guardrail.id) || guardrail.id === 'freshness')
        throw new RedressError('compose/invalid', `Two guardrails are called ${guardrail.id}; guardrails can be added, not replaced.`);
      guardrailIds.add(guardrail.id);
    }
    if (!('read' in options.policy)) this.#checkPolicy(options.policy);
  }

  remediator(id: string): Remediator {
    const found = this.#remediators.find((each) => each.id === id);
    if (found === undefined) {
      const near = nearest(
        id,
        this.#remediators.map((each) => each.id),
      );
      throw new RedressError('compose/invalid', `There is no remediator ${JSON.stringify(id)}.${near === null ? '' : ` Did you mean ${near}?`}`, {
        next: `Known: ${this.#remediators.map((each) => each.id).join(', ')}`,
      });
    }
    return found;
  }

  close(): void {
    this.#gate.close();
  }

  /** Names that nobody knows are mistakes, not nothing: the remediator meant would silently stay notify-only. */
  #checkPolicy(policy: Policy): Policy {
    const knownIds = this.#remediators.map((each) => each.id);
    for (const [id, entry] of Object.entries(policy.remediators)) {
      const remediator = this.#remediators.find((each) => each.id === id);
      if (remediator === undefined) {
        const near = nearest(id, knownIds);
        throw mistakes(
          'policy/invalid',
          'The policy',
          [
            {
              path: ['remediators', id],
              message: `${JSON.stringify(id)} is no remediator${near === null ? '' : ` (did you mean ${near}?)`}; allowed: ${knownIds.join(', ')}`,
            },
          ],
          policy.placeOf,
        );
      }
      try {
        remediator.parameters(entry.parameters);
      } catch (error) {
        if (!isRedressError(error)) throw error;
        throw mistakes(
          'policy/invalid',
          'The policy',
          [{ path: ['remediators', id, ...(error.place?.path ?? 'parameters').split('.')], message: error.message }],
          policy.placeOf,
        );
      }
    }
    return policy;
  }

  async #readPolicy(): Promise<Policy> {
    return this.#checkPolicy(await this.#policy.read());
  }

  async handle(input: unknown, run: RunOptions): Promise<HandleResult> {
    const budget = run.budget ?? { changes: 0 };
    const results: FindingResult[] = [];
    const retry = new Set<string>();
    const counted: Record<string, number> = {};
    for (const envelope of unwrap(input)) {
      for (const finding of normalize(envelope)) {
        let result: FindingResult;
        try {
          result = await this.#runFinding(finding, { ...run, budget });
        } catch (error) {
          // A store that is down, or a bug: nothing may be lost for it, so the item comes again.
          result = { finding, passes: [], reason: messageOf(error) };
          this.#warn(`finding ${finding.id} could not be handled`, error);
          if (finding.itemId !== null) retry.add(finding.itemId);
          results.push(result);
          continue;
        }
        results.push(result);
        if (result.passes.length === 0) counted[finding.disposition] = (counted[finding.disposition] ?? 0) + 1;
        if (finding.itemId !== null && result.passes.some((pass) => pass.retryable)) retry.add(finding.itemId);
      }
    }
    return { results, retry: [...retry], counted };
  }

  async run(input: Finding | ResourceRef, run: RunOptions): Promise<readonly PassResult[]> {
    const budget = run.budget ?? { changes: 0 };
    if ('disposition' in input) return (await this.#runFinding(input, { ...run, budget })).passes;
    const ref = resource(input);
    const asked = this.#remediators.filter((each) => each.resourceTypes.includes(ref.type)).sort((a, b) => a.breadth - b.breadth);
    if (asked.length === 0) throw new RedressError('compose/invalid', `No remediator knows resources of type ${ref.type}.`);
    const passes: PassResult[] = [];
    for (const remediator of asked) passes.push(...(await this.pass(remediator, ref, [ref.id], { by: 'request' }, { ...run, budget })));
    return passes;
  }

  async #runFinding(finding: Finding, run: RunOptions): Promise<FindingResult> {
    const { routes, reason } = route(finding, this.#remediators, await this.#readPolicy());
    const passes: PassResult[] = [];
    for (const each of routes) passes.push(...(await this.pass(each.remediator, each.resource, each.ids, { by: 'finding', finding }, run)));
    return { finding, passes, reason };
  }

  discover(remediator: Remediator, where: { account: string; region: string }): AsyncIterable<ResourceRef> | null {
    const { discover } = remediator;
    if (discover === null) return null;
    const partitionName: Partition = partitionOf(where.region);
    const gate = this.#gate;
    const readPolicy = () => this.#readPolicy();
    return (async function* () {
      const policy = await readPolicy();
      const aws = gate.reads(remediator, { ...where, partition: partitionName }, 'read', null);
      const seen = new Set<string>();
      const found: AsyncIterable<Discovered> = discover({ aws, ...where, partition: partitionName, parameters: parametersOf(policy, remediator) });
      for await (const each of found) {
        const ref = resource({ type: each.type, id: each.id, account: where.account, region: each.region ?? where.region, partition: partitionName });
        const stream = streamOf(ref);
        if (!seen.has(stream)) yield ref;
        seen.add(stream);
      }
    })();
  }

  /** One remediator over one resource: observe, plan, and decide and execute each part of the plan. */
  async pass(remediator: Remediator, claimed: ResourceRef, ids: readonly string[], trigger: Trigger, run: RunOptions): Promise<readonly PassResult[]> {
    const budget = run.budget ?? { changes: 0 };
    const deadline = run.deadline ?? null;
    const dryRun = run.dryRun ?? false;
    const journal = this.#journal;
    if (!dryRun && journal === null)
      throw new RedressError('compose/invalid', 'Changing something needs a journal: the record is what permits the change.', {
        next: 'Give createRedress a journal (@redress/evidence), or only plan.',
      });

    const passes: PassResult[] = [];
    const done = new Set<string>();
    let ref: ResourceRef | null = null;
    let waited = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const identity = await factOf(() =>
        this.#gate.identity({ partition: claimed.partition, account: claimed.account, region: apiRegion(claimed), access: 'read' }),
      );
      const home = identity.ok && identity.value.account === claimed.account;
      // With the wrong credentials nothing is read: what they show would be another account's.
      ref ??= home ? await this.#identify(remediator, claimed, deadline) : claimed;
      if (ref === null) {
        return [
          await this.#recordDecision(remediator, claimed, trigger, dryRun, {
            outcome: 'denied',
            message: `${claimed.id} could not be identified, so nothing was done.`,
            decision: null,
            plan: null,
            parts: {},
          }),
        ];
      }
      const policy = await factOf(() => this.#readPolicy());
      const history = await factOf(async () => (journal === null ? emptyView(claimed) : await journal.view(ref as ResourceRef)));
      if (!dryRun && history.ok && history.value.open !== null && history.value.open.leaseUntil <= this.#clock.now()) {
        // Its worker is gone. Close it first: only then is known what happened.
        await this.#recoverOne(history.value.open, deadline);
        continue;
      }
      const seen = home
        ? await this.#look(remediator, ref, policy, 'read', deadline)
        : { observation: unreadable('not read with credentials of another account'), assessment: unreadable('not read') };
      const shown = shownBy(trigger, remediator, ref, ids, this.#clock.now());
      const facts = await this.#facts({ remediator, ref, trigger, identity, policy, history, seen, budget });

      const parts: readonly (Part | null)[] =
        seen.assessment.ok && seen.assessment.value.status === 'change'
          ? partition(seen.assessment.value, shown).filter((part) => !done.has(part.key))
          : [null];
      let again = false;
      for (const part of parts) {
        if (part !== null) done.add(part.key);
        else if (done.size > 0) break;
        const step = await this.#decideAndAct({ remediator, ref, trigger, facts, part, shown, seen, budget, deadline, dryRun, run });
        if (step.again === 'busy') {
          if (part !== null) done.delete(part.key);
          if (waited >= BUSY_WAIT) {
            passes.push({ ...blank(remediator, ref), outcome: 'busy', message: 'Another worker holds the resource.', retryable: true });
            return passes;
          }
          waited += 250;
          round--;
          await this.#clock.sleep(250);
          again = true;
          break;
        }
        if (step.result !== null) passes.push(step.result);
        if (step.again === 'look-again') {
          if (part !== null) done.delete(part.key);
          again = true;
          break;
        }
        // A change was made: the rest is planned anew from what is there now.
        if (step.again === 'executed') {
          again = true;
          break;
        }
      }
      if (!again) return passes;
      const last = passes.at(-1);
      if (last !== undefined && ['partial', 'unknown', 'failed'].includes(last.outcome)) return passes;
    }
    if (passes.length === 0) passes.push({ ...blank(remediator, ref ?? claimed), outcome: 'busy', message: 'The resource keeps changing.', retryable: true });
    return passes;
  }

  async #identify(remediator: Remediator, claimed: ResourceRef, deadline: number | null): Promise<ResourceRef | null> {
    if (remediator.identify === null) return claimed;
    try {
      const found = await remediator.identify({ aws: this.#gate.reads(remediator, claimed, 'read', deadline), resource: claimed });
      if (found === 'gone') return claimed;
      if (found === null) return null;
      return resource({ ...claimed, id: found.id, region: found.region ?? claimed.region });
    } catch (error) {
      this.#warn(`${remediator.id}: ${claimed.id} could not be identified`, error);
      return null;
    }
  }

  async #look(
    remediator: Remediator,
    ref: ResourceRef,
    policy: Fact<Policy>,
    access: 'read' | 'write' | 'rollback',
    deadline: number | null,
  ): Promise<{ observation: Fact<Seen['observation']>; assessment: Fact<Assessment> }> {
    if (!policy.ok) return { observation: unreadable('the policy, which holds the parameters, could not be read'), assessment: unreadable('not observed') };
    let observation: Seen['observation'];
    const parameters = parametersOf(policy.value, remediator);
    try {
      const found = await remediator.observe({ aws: this.#gate.reads(remediator, ref, access, deadline), resource: ref, parameters });
      observation = found === 'gone' ? 'gone' : { ...found, state: toJson(found.state) };
      if (observation !== 'gone' && observation.tags === undefined) throw new RedressError('remediator/invalid', `${remediator.id} did not observe the tags.`);
    } catch (error) {
      return { observation: unreadable(error), assessment: unreadable('not observed') };
    }
    const assessment = await factOf(async () =>
      observation === 'gone'
        ? ({ status: 'compliant', message: 'The resource is gone.' } as const)
        : frozenAssessment(
            remediator.plan({ state: observation.state, context: observation.context, resource: ref, parameters, observedAt: this.#clock.now() }),
          ),
    );
    return { observation: known(observation), assessment };
  }

  async #facts(args: {
    remediator: Remediator;
    ref: ResourceRef;
    trigger: Trigger;
    identity: Fact<Identity>;
    policy: Fact<Policy>;
    history: Fact<StreamView>;
    seen: { observation: Fact<Seen['observation']>; assessment: Fact<Assessment> };
    budget: { changes: number };
  }): Promise<Facts> {
    return {
      now: this.#clock.now(),
      trigger: args.trigger,
      resource: args.ref,
      remediator: { id: args.remediator.id, ceiling: args.remediator.ceiling, freshWithin: args.remediator.freshWithin },
      changes: [],
      hazards: args.seen.assessment.ok && args.seen.assessment.value.status === 'manual' ? (args.seen.assessment.value.hazards ?? []) : [],
      policy: args.policy,
      register: await factOf(() => this.#register.read()),
      stop: await factOf(() => this.#killSwitch.read()),
      identity: args.identity,
      observation: args.seen.observation,
      assessment: args.seen.assessment,
      history: args.history,
      run: { changes: args.budget.changes },
    };
  }

  #decide(facts: Facts, shown: Shown): Decision {
    const isShown = (subject: string | undefined) => shown === 'all' || (shown !== 'nothing' && subject !== undefined && shown.has(subject));
    return decide([...this.#guardrails, freshness(isShown)], facts);
  }

  async #decideAndAct(args: {
    remediator: Remediator;
    ref: ResourceRef;
    trigger: Trigger;
    facts: Facts;
    part: Part | null;
    shown: Shown;
    seen: { observation: Fact<Seen['observation']>; assessment: Fact<Assessment> };
    budget: { changes: number };
    deadline: number | null;
    dryRun: boolean;
    run: RunOptions;
  }): Promise<{ result: PassResult | null; again: 'no' | 'busy' | 'look-again' | 'executed' }> {
    const { remediator, ref, trigger, part, seen, dryRun } = args;
    const facts: Facts = { ...args.facts, changes: part?.changes ?? [], hazards: part?.hazards ?? args.facts.hazards };
    const observed = seen.observation.ok ? seen.observation.value : null;
    const assessment = seen.assessment.ok ? seen.assessment.value : null;
    const plan = part === null || observed === null || observed === 'gone' ? null : makePlan(remediator, ref, observed.state, part);
    const decision = this.#decide(facts, args.shown);
    const open = assessment?.status === 'change' ? (assessment.open ?? []) : [];
    const documents = plan === null ? {} : { plan: plan as unknown as Json };
    const record = (
      outcome: Outcome,
      message: string,
      extra: Partial<Omit<PassResult, 'outcome' | 'message'>> & { steps?: readonly string[]; kind?: 'decision' | 'duplicate' } = {},
    ) => this.#recordDecision(remediator, ref, trigger, dryRun, { outcome, message, decision, plan, parts: documents, facts, ...extra });
    const no = (result: PassResult) => ({ result, again: 'no' as const });

    if (assessment === null || observed === null) {
      const unread = !seen.observation.ok ? seen.observation : seen.assessment.ok ? null : seen.assessment;
      return no(await record('denied', `Not decided, because it could not be read: ${unread?.error ?? ''}`, { retryable: unread?.retryable ?? false }));
    }
    if (assessment.status === 'compliant' || assessment.status === 'not-applicable') {
      const message = assessment.status === 'compliant' ? (assessment.message ?? 'There is nothing to change.') : `It does not apply: ${assessment.reason}`;
      const before = await this.#answered(remediator, ref, trigger, facts.history, dryRun);
      if (before !== null) return no(await record('no-op', before.message, { kind: 'duplicate', execution: before.execution, duplicate: true }));
      return no(await record('no-op', message));
    }
    const why = decisive(decision)
      .map((result) => result.message)
      .join(' ');
    if (decision.effect === 'deny') return no(await record('denied', why));
    if (decision.effect === 'exempt') return no(await record('exempt', why));
    if (assessment.status === 'manual') {
      // A flag was set, and the gap is still open: who reported it then has been told.
      const before = await this.#answered(remediator, ref, trigger, facts.history, dryRun);
      if (before !== null)
        return no(await record('no-op', before.message, { kind: 'duplicate', execution: before.execution, duplicate: true, open: [assessment.message] }));
      return no(await record('notified', assessment.message, { open: [assessment.message], steps: assessment.steps ?? [] }));
    }
    if (plan === null) return no(await record('denied', 'There is no plan.'));
    if (decision.effect === 'notify') {
      const planned = facts.policy.ok && modeOf(facts.policy.value, remediator.id, ref.account) === 'plan';
      return no(await record(planned ? 'planned' : 'notified', why, { open }));
    }
    if (decision.effect === 'approve') return no(await record('awaiting-approval', why, { open }));
    if (dryRun)
      return no({ ...blank(remediator, ref), outcome: 'planned', message: plan.changes.map((change) => change.summary).join('; '), decision, plan, open });
    return this.#execute({ ...args, facts, plan, decision, part: part as Part, assessmentOpen: open });
  }

  /** The execution that already does, or did, what this input asks for. */
  async #answered(
    remediator: Remediator,
    ref: ResourceRef,
    trigger: Trigger,
    history: Fact<StreamView>,
    dryRun: boolean,
  ): Promise<{ execution: string; message: string } | null> {
    // What was reported before it was fixed is the same report again.
    const reported = trigger.by === 'finding' && trigger.finding.observedAt !== null ? Date.parse(trigger.finding.observedAt) : Number.POSITIVE_INFINITY;
    const find = ({ open, closed }: StreamView) => {
      const last = closed.find((each) => each.remediator === remediator.id);
      if (last !== undefined && ['remediated', 'flagged'].includes(last.outcome) && reported <= last.closedAt)
        return { execution: last.execution, message: `Execution ${last.execution} has closed it already.` };
      return open !== null && open.remediator === remediator.id ? { execution: open.execution, message: `Execution ${open.execution} is at it.` } : null;
    };
    const answer = history.ok ? find(history.value) : null;
    // The history was read before the resource: another worker may have made the change in between.
    return answer !== null || dryRun || this.#journal === null ? answer : find(await this.#journal.view(ref));
  }

  async #execute(args: {
    remediator: Remediator;
    ref: ResourceRef;
    trigger: Trigger;
    facts: Facts;
    part: Part;
    shown: Shown;
    plan: Plan;
    decision: Decision;
    budget: { changes: number };
    deadline: number | null;
    assessmentOpen: readonly string[];
  }): Promise<{ result: PassResult | null; again: 'no' | 'busy' | 'look-again' | 'executed' }> {
    const { remediator, ref, trigger, facts, plan, decision, deadline } = args;
    const journal = this.#journal as Journal;
    const policy = facts.policy.ok ? facts.policy.value : null;
    const history = facts.history.ok ? facts.history.value : null;
    if (policy === null || history === null) throw new RedressError('engine/bug', 'An allowed decision without policy or history.');
    const now = this.#clock.now();
    if (deadline !== null && now + 30_000 > deadline) {
      return {
        result: { ...blank(remediator, ref), outcome: 'busy', message: 'Not enough time left to begin; it comes again.', decision, plan, retryable: true },
        again: 'no',
      };
    }
    // Reserved before the first await, so that passes at the same time cannot share the last one.
    args.budget.changes++;
    let release = true;
    try {
      const begun = await journal.begin({
        resource: ref,
        remediator: remediator.id,
        planDigest: plan.digest,
        generation: history.generation,
        budgets: budgetsOf(policy, remediator.id, ref),
        lease: LEASE,
        body: { purpose: 'fix', ...decisionBody(trigger, decision, facts) },
        documents: { plan: plan as unknown as Json, before: plan.before },
      });
      if (begun.status === 'stale') return { result: null, again: 'look-again' };
      if (begun.status === 'over-budget') {
        const message = `The limit of ${begun.budget.changes} changes in ${Math.round(begun.budget.window / 60_000)} minutes for ${begun.budget.key} is reached (${begun.used}).`;
        const limited: Decision = {
          effect: 'deny',
          results: [
            ...decision.results,
            { guardrail: 'limits', effect: 'deny', code: 'limit-window', message, data: { key: begun.budget.key, used: begun.used } },
          ],
        };
        return {
          result: await this.#recordDecision(remediator, ref, trigger, false, {
            outcome: 'denied',
            message,
            decision: limited,
            plan,
            facts,
            parts: { plan: plan as unknown as Json },
            open: args.assessmentOpen,
          }),
          again: 'no',
        };
      }
      if (begun.status === 'busy') {
        if (begun.open.leaseUntil <= this.#clock.now()) return { result: null, again: 'look-again' };
        if (begun.open.planDigest !== plan.digest) return { result: null, again: 'busy' };
        const result = await this.#recordDecision(remediator, ref, trigger, false, {
          outcome: 'no-op',
          message: `Execution ${begun.open.execution} is doing it.`,
          decision,
          plan,
          facts,
          parts: {},
          kind: 'duplicate',
          execution: begun.open.execution,
          duplicate: true,
        });
        return { result, again: 'no' };
      }
      const { lease } = begun;
      const closed = await this.#carryOut({ ...args, lease });
      release = closed.sent === 0;
      return { result: closed.result, again: closed.result.outcome === 'superseded' ? 'look-again' : 'executed' };
    } finally {
      if (release) args.budget.changes--;
    }
  }

  /** Under the lease: look again, apply, verify, close. */
  async #carryOut(args: {
    remediator: Remediator;
    ref: ResourceRef;
    trigger: Trigger;
    facts: Facts;
    part: Part;
    shown: Shown;
    plan: Plan;
    decision: Decision;
    deadline: number | null;
    lease: Lease;
    assessmentOpen: readonly string[];
  }): Promise<{ result: PassResult; sent: number }> {
    const { remediator, ref, trigger, facts, plan, lease, deadline } = args;
    const finish = (
      outcome: Outcome,
      message: string,
      sent: number,
      more: { body?: JsonObject; documents?: Record<string, Json>; open?: readonly string[]; retryable?: boolean; decision?: Decision } = {},
    ) => this.#finish({ remediator, ref, trigger, plan, decision: more.decision ?? args.decision, lease, outcome, message, sent, ...more });

    const seen = await this.#look(remediator, ref, facts.policy, 'write', deadline);
    if (!seen.observation.ok || !seen.assessment.ok)
      return {
        result: await finish(
          'failed',
          `Could not be read again under the lease: ${!seen.observation.ok ? seen.observation.error : !seen.assessment.ok ? seen.assessment.error : ''}`,
          0,
          { retryable: true },
        ),
        sent: 0,
      };
    const observation = seen.observation.value;
    const same =
      observation === 'gone'
        ? null
        : partition(seen.assessment.value, args.shown).find((part) => makePlan(remediator, ref, observation.state, part).digest === plan.digest);
    if (observation === 'gone' || same === undefined)
      return { result: await finish('superseded', 'The resource changed since it was decided on; nothing was done on the old decision.', 0), sent: 0 };

    let stopped: Decision | null = null;
    const recheck = async () => {
      // Kill switch, policy and exceptions may have changed since; nothing else decides differently for the same state.
      const fresh: Facts = {
        ...facts,
        now: this.#clock.now(),
        policy: await factOf(() => this.#readPolicy()),
        register: await factOf(() => this.#register.read()),
        stop: await factOf(() => this.#killSwitch.read()),
        observation: known(observation),
      };
      const decision = this.#decide(fresh, args.shown);
      if (decision.effect !== 'allow') {
        stopped = decision;
        throw new RedressError(
          'gate/stopped',
          decisive(decision)
            .map((each) => each.message)
            .join(' '),
        );
      }
    };
    const applied = await this.#apply({ remediator, ref, changes: plan.changes, purpose: 'fix', lease, deadline, recheck, policy: facts.policy });

    if (applied.error !== null && applied.sent === 0 && applied.unsure === 0) {
      const outcome: Outcome =
        stopped === null ? (applied.failure?.code === 'aws/gone' || applied.failure?.code === 'aws/conflict' ? 'superseded' : 'failed') : outcomeOf(stopped);
      return {
        result: await finish(outcome, applied.error, 0, {
          retryable: applied.retryable,
          body: { calls: applied.calls },
          ...(stopped === null ? {} : { decision: stopped }),
        }),
        sent: 0,
      };
    }
    const verified = await this.#verify(remediator, ref, plan.changes.slice(0, applied.done), plan, facts.policy, deadline);
    const sent = applied.sent + applied.unsure;
    const documents = verified.after === null ? {} : { after: verified.after };
    const body = { calls: applied.calls, verified: verified.status };
    if (verified.status === 'unconfirmed')
      return {
        result: await finish('unknown', `The calls were sent, but the resource could not be read afterwards: ${verified.message}`, sent, { body, documents }),
        sent,
      };
    if (verified.status === 'not-verified')
      return {
        result: await finish('unknown', `The calls were accepted, but the resource still shows the gap: ${verified.message}`, sent, { body, documents }),
        sent,
      };
    if (applied.error !== null)
      return {
        result: await finish('partial', `${applied.done} of ${plan.changes.length} changes were made: ${applied.error}`, sent, {
          body,
          documents,
          retryable: applied.retryable,
          open: [applied.error],
        }),
        sent,
      };
    const resolves = plan.changes.some((change) => change.resolves);
    const open = [...args.assessmentOpen, ...verified.open];
    const message = `${plan.changes.map((change) => change.summary).join('; ')}${open.length === 0 ? '' : `; still open: ${open.join('; ')}`}`;
    return { result: await finish(resolves ? 'remediated' : 'flagged', message, sent, { body, documents, open }), sent };
  }

  /** Sends the calls of changes in order, one attempt each; after a lost reply it looks before anything else. */
  async #apply(args: {
    remediator: Remediator;
    ref: ResourceRef;
    changes: readonly Pick<Change, 'call' | 'undo' | 'summary'>[];
    purpose: 'fix' | 'rollback';
    lease: Lease;
    deadline: number | null;
    recheck: () => Promise<void>;
    policy: Fact<Policy>;
  }): Promise<{ done: number; sent: number; unsure: number; error: string | null; failure: AwsFailure | null; retryable: boolean; calls: JsonObject[] }> {
    const { remediator, ref, lease } = args;
    const journal = this.#journal as Journal;
    const context: WriteContext = { remediator, resource: ref, purpose: args.purpose, lease, deadline: args.deadline, recheck: args.recheck };
    const calls: JsonObject[] = [];
    let sent = 0;
    let unsure = 0;
    const stop = (index: number, error: string, failure: AwsFailure | null, retryable: boolean) => ({
      done: index,
      sent,
      unsure,
      error,
      failure,
      retryable,
      calls,
    });
    for (const [index, change] of args.changes.entries()) {
      for (let attempt = 1; ; attempt++) {
        let reply: Awaited<ReturnType<Gate['write']>>;
        try {
          reply = await this.#gate.write(change.call, context);
        } catch (error) {
          return stop(index, messageOf(error), null, isRedressError(error) && error.retryable);
        }
        const entry = (status: string, more: JsonObject): JsonObject => ({
          index,
          service: change.call.service,
          operation: change.call.operation,
          attempt,
          status,
          ...more,
        });
        const append = async (call: JsonObject) => {
          calls.push(call);
          await journal.append({ kind: 'call', lease, resource: ref, remediator: remediator.id, body: { call } });
        };
        if (reply.ok) {
          sent++;
          await append(entry('applied', { requestId: reply.requestId, undo: resolveUndo(change, reply.response) }));
          break;
        }
        const { failure } = reply;
        const described = { requestId: failure.requestId, error: failure.code, name: failure.name };
        if (failure.effect === 'refused') {
          await append(entry('refused', described));
          return stop(index, `${change.call.service}:${change.call.operation} was refused: ${failure.name}: ${failure.message}`, failure, failure.retryable);
        }
        // The reply is lost: the change may have been made. Look.
        const seen = await this.#look(remediator, ref, args.policy, args.purpose === 'fix' ? 'write' : 'rollback', args.deadline);
        const still =
          args.purpose === 'fix' && seen.assessment.ok ? remaining({ changes: [change] } as unknown as Plan, seen.assessment.value).length > 0 : null;
        if (still === false) {
          sent++;
          await append(entry('applied', { ...described, observedBy: 'look', undo: resolveUndo(change, null) }));
          break;
        }
        if (still === null) {
          unsure++;
          await append(entry('unknown', described));
          return stop(index, `The reply to ${change.call.operation} was lost, and the resource cannot be read: ${failure.message}`, failure, false);
        }
        await append(entry('not-applied', described));
        if (attempt >= 2) return stop(index, `${change.call.operation} failed twice without effect: ${failure.message}`, failure, failure.retryable);
      }
    }
    return { done: args.changes.length, sent, unsure, error: null, failure: null, retryable: false, calls };
  }

  /** An independent read: nothing left to change of what was changed. Waits a little for eventually consistent reads. */
  async #verify(
    remediator: Remediator,
    ref: ResourceRef,
    changed: readonly Change[],
    plan: Plan,
    policy: Fact<Policy>,
    deadline: number | null,
  ): Promise<{ status: 'verified' | 'not-verified' | 'unconfirmed'; message: string; after: Json | null; open: readonly string[] }> {
    let last: { status: 'not-verified' | 'unconfirmed'; message: string; after: Json | null; open: readonly string[] } = {
      status: 'unconfirmed',
      message: 'not read',
      after: null,
      open: [],
    };
    for (const wait of VERIFY_WAITS) {
      if (wait > 0) await this.#clock.sleep(wait);
      const seen = await this.#look(remediator, ref, policy, 'write', deadline);
      if (!seen.observation.ok || !seen.assessment.ok) {
        last = {
          status: 'unconfirmed',
          message: !seen.observation.ok ? seen.observation.error : !seen.assessment.ok ? seen.assessment.error : '',
          after: null,
          open: [],
        };
        continue;
      }
      const after = seen.observation.value === 'gone' ? null : seen.observation.value.state;
      const left = remaining({ ...plan, changes: changed }, seen.assessment.value);
      if (left.length === 0) return { status: 'verified', message: '', after, open: stillOpen(seen.assessment.value) };
      last = { status: 'not-verified', message: left.map((change) => change.summary).join('; '), after, open: [] };
    }
    return last;
  }

  async rollback(execution: string, options: RollbackOptions): Promise<PassResult> {
    const journal = this.#journal;
    if (journal === null) throw new RedressError('compose/invalid', 'A rollback needs the journal that holds the execution.');
    const refuse = (message: string, next: string, retryable = false): never => {
      throw new RedressError('rollback/refused', message, { next, retryable });
    };
    if (options.by.trim() === '' || options.reason.trim() === '') refuse('A rollback needs a person and a reason.', 'Say who rolls back, and why.');
    const story = await readExecution(journal, execution);
    const { plan, ref, outcome, appliedUndo, rollbackOf } = story;
    if (rollbackOf !== null) refuse(`${execution} is itself a rollback.`, 'To fix the gap again, end the hold and run the remediator.');
    if (outcome === null) refuse(`${execution} is still open.`, 'Run `redress recover`, then try again.');
    if (!['remediated', 'flagged', 'partial', 'unknown'].includes(outcome as string))
      refuse(`${execution} changed nothing (${outcome}).`, 'There is nothing to take back.');
    const remediator = this.#remediators.find((each) => each.id === plan.remediator.id);
    if (remediator === undefined)
      return refuse(
        `The remediator ${plan.remediator.id} is not installed.`,
        `Install ${plan.remediator.package}: a rollback uses the installed package's declared undo operations only.`,
      );
    const irreversible = plan.changes.find((change) => 'irreversible' in change.undo);
    if (irreversible !== undefined && 'irreversible' in irreversible.undo)
      refuse(`It cannot be taken back: ${irreversible.undo.irreversible}`, 'Restore by hand.');
    const destroys = plan.changes.map((change) => ('destroys' in change.undo ? change.undo.destroys : undefined)).filter((text) => text !== undefined);
    if (destroys.length > 0 && options.acceptLoss !== true)
      refuse(`Taking it back destroys something: ${destroys.join('; ')}.`, 'If that is wanted, accept the loss explicitly.');
    if (appliedUndo.length === 0) refuse(`No call of ${execution} is recorded as applied.`, 'There is nothing to take back.');
    if (appliedUndo.some(({ calls }) => canonicalJson(calls).includes('{"$unresolved":')))
      refuse('Its undo needs what a call answered, and that reply was lost.', 'Take it back by hand; the plan says what was changed.');

    const policy = await this.#readPolicy();
    const stop = await this.#killSwitch.read();
    if (stop === 'everything' || policy.stop === 'everything') refuse('The kill switch stops everything, rollbacks too.', 'Lift the stop first.');
    const identity = await this.#gate.identity({ partition: ref.partition, account: ref.account, region: apiRegion(ref), access: 'rollback' });
    if (identity.account !== ref.account)
      refuse(`The credentials are of account ${identity.account}; the resource is in ${ref.account}.`, 'Connect to that account.');

    const view = await journal.view(ref);
    if (view.closed.some((each) => each.rollbackOf === execution && each.outcome === 'rolled-back'))
      refuse(`${execution} was rolled back already.`, 'See `redress history`.');
    const seen = await this.#look(remediator, ref, known(policy), 'rollback', options.deadline ?? null);
    if (!seen.observation.ok) return refuse(`The resource cannot be read: ${seen.observation.error}`, 'Try again when it can.', true);
    const now = seen.observation.value === 'gone' ? refuse('The resource is gone.', 'There is nothing to take back.') : seen.observation.value.state;
    const drift = (state: Json) =>
      story.after !== null && digestOf(state) !== digestOf(story.after)
        ? 'The resource was changed since the fix: what is there now is not what the fix left.'
        : null;
    const drifted = drift(now);
    if (drifted !== null) refuse(drifted, 'Roll back later executions first, or restore by hand; `redress history` shows what happened.');

    // Last change first.
    const undo: Change[] = [...appliedUndo]
      .reverse()
      .flatMap(({ change, calls }) =>
        calls.map((call) => ({ call, undo: { irreversible: 'The fix itself is the way back.' }, summary: `undo: ${change.summary}`, resolves: false })),
      );
    const undoPlan = makePlan(remediator, ref, now, { changes: undo, hazards: [] });
    const trigger: Trigger = { by: 'request' };
    const decision: Decision = {
      effect: 'allow',
      results: [{ guardrail: 'rollback', effect: 'allow', code: 'person', message: `${options.by} (unverified) asked for it: ${options.reason}` }],
    };
    const begun = await journal.begin({
      resource: ref,
      remediator: remediator.id,
      planDigest: undoPlan.digest,
      generation: view.generation,
      budgets: [],
      lease: LEASE,
      body: {
        purpose: 'rollback',
        rollbackOf: execution,
        by: { name: options.by, verified: false },
        reason: options.reason,
        policy: policy.digest,
        holdFor: options.hold ?? HOLD,
      },
      documents: { plan: undoPlan as unknown as Json, before: now, expected: plan.before },
    });
    if (begun.status !== 'begun')
      return refuse(
        begun.status === 'busy' ? `Execution ${begun.open.execution} holds the resource.` : 'Something happened to the resource just now.',
        'Try again.',
        true,
      );
    const { lease } = begun;
    const finish = (
      result: Outcome,
      message: string,
      sent: number,
      more: { body?: JsonObject; documents?: Record<string, Json>; retryable?: boolean; hold?: { until: number; owner: string } } = {},
    ) => this.#finish({ remediator, ref, trigger, plan: undoPlan, decision, lease, outcome: result, message, sent, ...more });

    const under = await this.#look(remediator, ref, known(policy), 'rollback', options.deadline ?? null);
    if (!under.observation.ok || under.observation.value === 'gone' || digestOf(under.observation.value.state) !== digestOf(now))
      return finish('superseded', 'The resource changed in this moment; nothing was taken back.', 0);
    const applied = await this.#apply({
      remediator,
      ref,
      changes: undo,
      purpose: 'rollback',
      lease,
      deadline: options.deadline ?? null,
      policy: known(policy),
      recheck: async () => {
        const fresh = await this.#readPolicy();
        if ((await this.#killSwitch.read()) === 'everything' || fresh.stop === 'everything')
          throw new RedressError('gate/stopped', 'The kill switch stops everything.');
      },
    });
    const hold = { until: this.#clock.now() + (options.hold ?? HOLD), owner: options.by };
    const sent = applied.sent + applied.unsure;
    if (applied.error !== null && sent === 0) return finish('failed', applied.error, 0, { body: { calls: applied.calls }, retryable: applied.retryable });
    let after: Json | null = null;
    for (const wait of VERIFY_WAITS) {
      if (wait > 0) await this.#clock.sleep(wait);
      const look = await this.#look(remediator, ref, known(policy), 'rollback', options.deadline ?? null);
      if (!look.observation.ok || look.observation.value === 'gone') continue;
      after = look.observation.value.state;
      if (remediator.equivalent(plan.before, after)) {
        return finish('rolled-back', `${plan.changes.map((change) => change.summary).join('; ')}: taken back`, sent, {
          body: { calls: applied.calls, verified: 'verified' },
          documents: { after },
          hold,
        });
      }
    }
    const message = applied.error ?? 'the resource is not as it was before the fix';
    // Whatever state this is, the next event must not fix it at once.
    return finish(applied.error === null ? 'unknown' : 'partial', `The rollback is not complete: ${message}`, sent, {
      body: { calls: applied.calls, verified: after === null ? 'unconfirmed' : 'not-verified' },
      ...(after === null ? {} : { documents: { after } }),
      hold,
    });
  }

  async recover(deadline: number | null): Promise<readonly PassResult[]> {
    const journal = this.#journal;
    if (journal === null) throw new RedressError('compose/invalid', 'Recovery needs a journal.');
    const results: PassResult[] = [];
    for (const open of await journal.open()) {
      if (open.leaseUntil > this.#clock.now()) continue;
      const result = await this.#recoverOne(open, deadline);
      if (result !== null) results.push(result);
    }
    return results;
  }

  /** Takes over an execution whose worker is gone, looks, and closes it with what is true. Sends no writing call. */
  async #recoverOne(open: OpenExecution, deadline: number | null): Promise<PassResult | null> {
    const journal = this.#journal as Journal;
    const story = await readExecution(journal, open.execution);
    const { plan, ref } = story;
    const remediator = this.#remediators.find((each) => each.id === plan.remediator.id);
    if (remediator === undefined)
      throw new RedressError('compose/invalid', `Execution ${open.execution} is open, and its remediator ${plan.remediator.id} is not installed.`, {
        next: `Install ${plan.remediator.package} to close it.`,
      });
    const policy = await factOf(() => this.#readPolicy());
    const seen = await this.#look(remediator, ref, policy, 'read', deadline);
    if (!seen.observation.ok || !seen.assessment.ok)
      throw new RedressError(
        'journal/unavailable',
        `Execution ${open.execution} is open and the resource cannot be read: ${!seen.observation.ok ? seen.observation.error : ''}`,
        { retryable: true },
      );
    const resumed = await journal.begin({
      resource: ref,
      remediator: remediator.id,
      planDigest: open.planDigest,
      generation: 0,
      budgets: [],
      lease: LEASE,
      body: {},
      resume: open.execution,
    });
    if (resumed.status !== 'begun') return null;
    const observation = seen.observation.value;
    const state = observation === 'gone' ? null : observation.state;
    const base = { remediator, ref, trigger: { by: 'sweep' } as Trigger, plan, decision: null, lease: resumed.lease };
    const documents = state === null ? {} : { after: state };
    const recovered = { observedBy: 'recovery', verified: 'verified' };
    const sent = story.appliedUndo.length;
    if (observation === 'gone')
      return this.#finish({
        ...base,
        outcome: 'unknown',
        message: 'Its worker was lost, and the resource is gone.',
        sent: Math.max(sent, 1),
        body: { observedBy: 'recovery', verified: 'unconfirmed' },
      });
    if (story.rollbackOf !== null) {
      const back = story.expected !== null && remediator.equivalent(story.expected, observation.state);
      if (back)
        return this.#finish({
          ...base,
          outcome: 'rolled-back',
          message: 'Its worker was lost after it had taken the change back.',
          sent: Math.max(sent, 1),
          body: recovered,
          documents,
          hold: { until: this.#clock.now() + story.holdFor, owner: story.by },
        });
      if (digestOf(observation.state) === digestOf(plan.before) && sent === 0)
        return this.#finish({ ...base, outcome: 'failed', message: 'Its worker was lost before it changed anything.', sent: 0, body: recovered, documents });
      return this.#finish({
        ...base,
        outcome: 'unknown',
        message: 'Its worker was lost in the middle of a rollback; a person decides.',
        sent: Math.max(sent, 1),
        body: { observedBy: 'recovery', verified: 'not-verified' },
        documents,
        hold: { until: this.#clock.now() + story.holdFor, owner: story.by },
      });
    }
    const left = remaining(plan, seen.assessment.value);
    if (left.length === 0) {
      const resolves = plan.changes.some((change) => change.resolves);
      return this.#finish({
        ...base,
        outcome: resolves ? 'remediated' : 'flagged',
        message: `${plan.changes.map((change) => change.summary).join('; ')} (its worker was lost; found done by recovery)`,
        sent: Math.max(sent, 1),
        body: recovered,
        documents,
        open: stillOpen(seen.assessment.value),
      });
    }
    if (digestOf(observation.state) === digestOf(plan.before) && sent === 0)
      return this.#finish({
        ...base,
        outcome: 'failed',
        message: 'Its worker was lost before it changed anything.',
        sent: 0,
        body: recovered,
        documents,
        retryable: true,
      });
    if (left.length < plan.changes.length)
      return this.#finish({
        ...base,
        outcome: 'partial',
        message: `Its worker was lost after ${plan.changes.length - left.length} of ${plan.changes.length} changes.`,
        sent: Math.max(sent, 1),
        body: recovered,
        documents,
        open: left.map((change) => change.summary),
      });
    return this.#finish({
      ...base,
      outcome: 'unknown',
      message: 'Its worker was lost, and the resource is neither as before nor as planned; a person decides.',
      sent,
      body: { observedBy: 'recovery', verified: 'not-verified' },
      documents,
    });
  }

  async #finish(args: {
    remediator: Remediator;
    ref: ResourceRef;
    trigger: Trigger;
    plan: Plan;
    decision: Decision | null;
    lease: Lease;
    outcome: Outcome;
    message: string;
    sent: number;
    body?: JsonObject;
    documents?: Record<string, Json>;
    open?: readonly string[];
    retryable?: boolean;
    hold?: { until: number; owner: string };
  }): Promise<PassResult> {
    const journal = this.#journal as Journal;
    const request: FinishRequest = {
      resource: args.ref,
      remediator: args.remediator.id,
      lease: args.lease,
      outcome: args.outcome,
      sent: args.sent,
      body: {
        message: args.message,
        open: [...(args.open ?? [])],
        ...(args.decision === null || args.decision.effect === 'allow' ? {} : { decision: toJson(args.decision) as unknown as Json }),
        ...args.body,
      },
      ...(args.documents === undefined ? {} : { documents: args.documents }),
      ...(args.hold === undefined ? {} : { hold: args.hold }),
    };
    const record = await this.#persist(() => journal.finish(request));
    const result: PassResult = {
      ...blank(args.remediator, args.ref),
      outcome: args.outcome,
      execution: args.lease.execution,
      message: args.message,
      decision: args.decision,
      plan: args.plan,
      open: args.open ?? [],
      record,
      retryable: args.retryable ?? false,
    };
    if (args.outcome !== 'superseded') await this.#tell(args.remediator, result, args.trigger, []);
    return result;
  }

  /** The change is made: its record is tried for a while before it is left to recovery. */
  async #persist<T>(write: () => Promise<T>): Promise<T> {
    for (const wait of [100, 400, 1600]) {
      try {
        return await write();
      } catch (error) {
        if (!isRedressError(error) || error.code !== 'journal/unavailable') throw error;
        await this.#clock.sleep(wait);
      }
    }
    return write();
  }

  async #recordDecision(
    remediator: Remediator,
    ref: ResourceRef,
    trigger: Trigger,
    dryRun: boolean,
    entry: {
      outcome: Outcome;
      message: string;
      decision: Decision | null;
      plan: Plan | null;
      parts: Record<string, Json>;
      facts?: Facts;
      kind?: 'decision' | 'duplicate';
      execution?: string | null;
      duplicate?: boolean;
      open?: readonly string[];
      steps?: readonly string[];
      retryable?: boolean;
    },
  ): Promise<PassResult> {
    const kind = entry.kind ?? 'decision';
    let record: RecordRef | null = null;
    if (!dryRun) {
      const body: JsonObject = {
        outcome: entry.outcome,
        message: entry.message,
        open: [...(entry.open ?? [])],
        ...decisionBody(trigger, entry.decision, entry.facts ?? null),
      };
      const data: Entry = { resource: ref, remediator: remediator.id, body, documents: entry.parts };
      record = await this.#persist(() =>
        (this.#journal as Journal).append({ ...data, kind, ...(entry.execution == null ? {} : { execution: entry.execution }) }),
      );
    }
    const result: PassResult = {
      ...blank(remediator, ref),
      outcome: entry.outcome,
      execution: entry.execution ?? null,
      duplicate: entry.duplicate ?? false,
      message: entry.message,
      decision: entry.decision,
      plan: entry.plan,
      open: entry.open ?? [],
      record,
      retryable: entry.retryable ?? false,
    };
    const quiet =
      dryRun ||
      entry.outcome === 'no-op' ||
      (entry.outcome === 'denied' &&
        entry.decision !== null &&
        decisive(entry.decision).every((each) => ['mode-off', 'own-call', 'replayed'].includes(each.code)));
    if (!quiet) await this.#tell(remediator, result, trigger, entry.steps ?? []);
    return result;
  }

  async #tell(remediator: Remediator, result: PassResult, trigger: Trigger, steps: readonly string[]): Promise<void> {
    if (this.#notify === null) return;
    const notification: Notification = {
      outcome: result.outcome === 'busy' ? 'unknown' : result.outcome,
      remediator: { id: remediator.id, title: remediator.title },
      resource: result.resource,
      message: result.message,
      reasons: result.decision?.results.filter((each) => each.effect !== 'allow') ?? [],
      plan: result.plan,
      steps,
      finding: trigger.by === 'finding' ? trigger.finding : null,
      execution: result.execution,
    };
    try {
      await this.#notify(notification);
    } catch (error) {
      this.#warn(`a notification about ${formatResource(result.resource)} was not delivered`, error);
    }
  }
}

function live<T extends object>(value: T | Live<T>): Live<T> {
  return 'read' in value && typeof value.read === 'function' ? (value as Live<T>) : fixed(value as T);
}

async function factOf<T>(read: () => Promise<T>): Promise<Fact<T>> {
  try {
    return known(await read());
  } catch (error) {
    return unreadable(error);
  }
}

function parametersOf(policy: Policy, remediator: Remediator): JsonObject {
  const entry = Object.hasOwn(policy.remediators, remediator.id) ? policy.remediators[remediator.id] : undefined;
  return remediator.parameters(entry?.parameters);
}

function budgetsOf(policy: Policy, remediator: string, ref: ResourceRef): Budget[] {
  const values: Record<string, string> = { remediator, account: ref.account, region: ref.region };
  return policy.limits
    .filter((limit) => !limit.per.includes('run'))
    .map((limit) => ({
      key: [...limit.per]
        .sort()
        .map((key) => `${key}=${values[key] ?? ''}`)
        .join(','),
      changes: limit.changes,
      window: limit.window,
    }));
}

function blank(remediator: Remediator, ref: ResourceRef): PassResult {
  return {
    remediator: remediator.id,
    resource: ref,
    outcome: 'no-op',
    execution: null,
    duplicate: false,
    message: '',
    decision: null,
    plan: null,
    open: [],
    record: null,
    retryable: false,
  };
}

function emptyView(ref: ResourceRef): StreamView {
  return { stream: streamOf(ref), length: 0, generation: 0, open: null, closed: [], holds: [], tagFirstSeen: {} };
}

function outcomeOf(decision: Decision): Outcome {
  return decision.effect === 'exempt' ? 'exempt' : decision.effect === 'notify' ? 'notified' : decision.effect === 'approve' ? 'awaiting-approval' : 'denied';
}

function stillOpen(assessment: Assessment): readonly string[] {
  if (assessment.status === 'manual') return [assessment.message];
  if (assessment.status !== 'change') return [];
  return [...assessment.changes.map((change) => change.summary), ...(assessment.open ?? [])];
}

/** The undo calls of a change that was made, with what they need of its reply filled in. */
function resolveUndo(change: Pick<Change, 'undo'>, response: unknown): Json {
  if (!('calls' in change.undo)) return null;
  const fill = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(fill);
    if (!isRecord(value)) return value;
    const pointer = (value as JsonObject)['$response'];
    if (typeof pointer === 'string') {
      const found = atPointer(response, pointer);
      if (typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean') return found;
      return { $unresolved: pointer };
    }
    return Object.fromEntries(Object.entries(value as JsonObject).map(([key, member]) => [key, fill(member)]));
  };
  return change.undo.calls.map((call) => ({ service: call.service, operation: call.operation, input: fill(call.input), retry: call.retry }));
}

/** Why: what asked, what each guardrail said, and the exact policy and register that they said it on. */
function decisionBody(trigger: Trigger, decision: Decision | null, facts: Pick<Facts, 'policy' | 'register'> | null): JsonObject {
  const tagged = decision?.results.some((each) => each.code === 'tag-without-entry' || each.code === 'tag-without-effect') ?? false;
  return {
    trigger: trigger.by === 'finding' ? summary(trigger.finding) : { by: trigger.by },
    ...(decision === null ? {} : { effect: decision.effect, guardrails: toJson(decision.results) as unknown as Json }),
    policy: facts?.policy.ok ? facts.policy.value.digest : null,
    register: facts?.register.ok ? facts.register.value.digest : null,
    ...(tagged ? { exceptionTagUnregistered: true } : {}),
  };
}

/** What is kept of a finding: enough to say why and to find it again, nothing of its payload. */
function summary(finding: Finding): JsonObject {
  return {
    by: 'finding',
    id: finding.id,
    source: finding.source,
    kind: finding.kind,
    controls: [...finding.controls],
    configRule: finding.configRule,
    state: finding.state,
    observedAt: finding.observedAt,
    actor: finding.actor?.arn ?? null,
    call: finding.call === null ? null : `${finding.call.service}:${finding.call.operation}`,
    event: finding.envelope?.id ?? null,
  };
}

interface Story {
  readonly ref: ResourceRef;
  readonly plan: Plan;
  readonly outcome: Outcome | null;
  readonly after: Json | null;
  readonly expected: Json | null;
  readonly rollbackOf: string | null;
  readonly by: string;
  readonly holdFor: number;
  readonly appliedUndo: readonly { readonly change: Change; readonly calls: readonly ApiCall[] }[];
}

/** An execution as its verified records tell it. */
async function readExecution(journal: Journal, execution: string): Promise<Story> {
  const records: StoredRecord[] = [];
  for await (const each of journal.read({ execution })) records.push(each);
  const intent = records.find((each) => each.record.kind === 'intent');
  if (intent === undefined) throw new RedressError('journal/not-found', `There is no execution ${execution}.`, { next: '`redress history` lists executions.' });
  const plan = intent.documents['plan'];
  if (!isPlan(plan))
    throw new RedressError('journal/corrupt', `The plan of ${execution} is not what its digest says.`, { next: 'Run `redress evidence verify`.' });
  const outcome = records.find((each) => each.record.kind === 'outcome');
  const appliedUndo: { change: Change; calls: readonly ApiCall[] }[] = [];
  for (const each of records) {
    const call = each.record.kind === 'call' ? each.record.body['call'] : undefined;
    if (!isRecord(call) || call['status'] !== 'applied') continue;
    const change = plan.changes[Number(call['index'])];
    if (change === undefined) continue;
    const calls = Array.isArray(call['undo']) ? (call['undo'] as unknown as ApiCall[]) : [];
    appliedUndo.push({ change, calls });
  }
  // A recovered execution has no record of its last call: the plan itself says how to take it back.
  const applied = outcome?.record.body['observedBy'] === 'recovery' && ['remediated', 'flagged'].includes(String(journalMember(outcome, 'outcome')));
  if (applied) {
    for (const change of plan.changes) {
      if (appliedUndo.some((each) => each.change === change)) continue;
      if ('calls' in change.undo) appliedUndo.push({ change, calls: resolveUndo(change, null) as unknown as ApiCall[] });
    }
  }
  const body = intent.record.body;
  const by = isRecord(body['by']) ? body['by']['name'] : undefined;
  return {
    ref: intent.record.resource,
    plan,
    outcome: outcome === undefined ? null : (journalMember(outcome, 'outcome') as Outcome),
    after: outcome?.documents['after'] ?? null,
    expected: intent.documents['expected'] ?? null,
    rollbackOf: typeof body['rollbackOf'] === 'string' ? body['rollbackOf'] : null,
    by: typeof by === 'string' ? by : 'recovery',
    holdFor: typeof body['holdFor'] === 'number' ? body['holdFor'] : HOLD,
    appliedUndo,
  };
}

function journalMember(stored: StoredRecord, name: string): Json | undefined {
  const own = stored.record.body['journal'];
  return isRecord(own) ? (own as JsonObject)[name] : undefined;
}
