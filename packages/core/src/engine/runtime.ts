import { discharge } from '../guardrails/approval.js';
import { builtinGuardrails } from '../guardrails/builtin.js';
import { freshness, type Shown } from '../guardrails/freshness.js';
import { type Decision, decide, decisive, type Fact, type Facts, type Guardrail, known, type Trigger, unreadable } from '../guardrails/guardrail.js';
import { type Attestation, type Budget, breakerOf, type Journal, type StreamView, type TrackedExecution } from '../journal.js';
import { RedressError } from '../model/errors.js';
import type { Finding } from '../model/finding.js';
import { deepFreeze, digestOf, type Json, type JsonObject, toJson } from '../model/json.js';
import type { Assessment } from '../model/plan.js';
import { GLOBAL_REGION, oneType, partitionOf, type ResourceRef, resource } from '../model/resource.js';
import type { Notify } from '../notify.js';
import { policyMistakes } from '../policy/composed.js';
import { environmentOf, modeOf, type Policy } from '../policy/policy.js';
import { defineRegister, matchingNothing, type Register } from '../policy/register.js';
import { mistakes, nearest } from '../policy/validate.js';
import { type Clock, type ConfigRule, type ConfigRuleReader, fixed, type Identity, isLive, type Live, type Stop, systemClock } from '../ports.js';
import type { Observation, ObservationPurpose, Remediator } from '../remediator/define.js';
import { loaded } from '../remediator/late.js';
import { type As, apiRegion, Gate, LOOKING, type SharedReads } from './gate.js';
import { Redactor, redactingJournal, redactingNotify } from './redaction.js';
import { CallBudgets } from './sweep/budget.js';
import type { RedressOptions, Wait } from './types.js';

/** How long what Config said of a rule is believed; milliseconds. */
const RULE_KEPT = 600_000;
const MOST_RULES = 1000;

/** The observed resource, or that it is gone. */
export type Observed = Observation<Json, unknown> | 'gone';

/** One read of a resource: its state, and the remediator's assessment of it. */
export interface Look {
  readonly observation: Fact<Observed>;
  readonly assessment: Fact<Assessment>;
}

/** Policy, register and kill switch, as they are now. */
export type Standing = Pick<Facts, 'policy' | 'register' | 'stop'>;

/** What all parts of the engine use: the composition, and the reads that facts come from. */
export class Runtime {
  readonly remediators: readonly Remediator[];
  readonly clock: Clock;
  readonly gate: Gate;
  /** What is planned, recorded, answered and sent to people goes through it. */
  readonly redactor: Redactor;
  /** What sweeps may ask of AWS. */
  readonly budgets: CallBudgets;
  readonly notify: Notify | null;
  readonly warn: (message: string, error: unknown) => void;
  /** Says what it is about to wait for. */
  readonly waits: (wait: Wait) => void;
  /** Notices that a notifier holds in this process: each records that it was delivered. */
  readonly heldNotices: (() => Promise<unknown>)[] = [];
  /** Null where nothing may be changed. */
  readonly journal: Journal | null;
  readonly #policy: Live<Policy>;
  readonly #register: Live<Register>;
  readonly #killSwitch: Live<Stop>;
  readonly #guardrails: readonly Guardrail[];
  readonly #hasRegister: boolean;
  /** Registers that were found to be good: they are read for each decision. */
  readonly #good = new WeakSet<Register>();
  readonly #configRules: ConfigRuleReader | null;
  readonly #rules = new Map<string, { readonly at: number; readonly rule: Promise<Fact<ConfigRule | null>> }>();

  constructor(options: RedressOptions) {
    this.remediators = options.remediators;
    this.#policy = live(options.policy);
    this.#register = live(options.exceptions ?? defineRegister([]));
    this.#hasRegister = options.exceptions != null;
    this.#killSwitch = options.killSwitch ?? fixed<Stop>('none');
    const journal = options.journal ?? null;
    this.redactor = new Redactor(options.redaction ?? {}, journal);
    this.journal = journal === null ? null : redactingJournal(journal, this.redactor);
    this.#guardrails = [...builtinGuardrails, ...(options.guardrails ?? [])];
    this.#configRules = options.configRules ?? null;
    this.notify = options.notify == null ? null : redactingNotify(options.notify, this.redactor);
    this.clock = options.clock ?? systemClock;
    const { onWarning, onCall } = options;
    this.warn = (message, error) => onWarning?.(this.redactor.now(message), this.redactor.now(error));
    this.waits = (wait) => options.onWait?.(this.redactor.now(wait));
    this.budgets = new CallBudgets(this.clock);
    this.gate = new Gate(options.connect, this.clock, (trace) => onCall?.(this.redactor.now(trace)));

    const ids = new Set<string>();
    for (const remediator of options.remediators) {
      if (remediator.contract !== 1)
        throw new RedressError(
          'compose/invalid',
          `${remediator.id} has contract ${String(remediator.contract)}; this version of @redress/core supports contract 1.`,
          { next: 'Install compatible versions.' },
        );
      if (ids.has(remediator.id)) throw new RedressError('compose/invalid', `Two remediators have the id ${remediator.id}.`);
      ids.add(remediator.id);
    }
    const guardrailIds = new Set<string>();
    for (const guardrail of this.#guardrails) {
      if (guardrailIds.has(guardrail.id) || guardrail.id === 'freshness')
        throw new RedressError('compose/invalid', `Two guardrails have the id ${guardrail.id}. Guardrails can be added, not replaced.`);
      guardrailIds.add(guardrail.id);
    }
    if (!isLive<Policy>(options.policy)) this.#checkPolicy(options.policy);
    if (options.exceptions !== undefined && !isLive<Register>(options.exceptions)) this.#checkRegister(options.exceptions);
  }

  /** @throws {RedressError} `compose/invalid` when there is none of that id, `remediator/not-loaded` when its definition cannot be loaded */
  async remediator(id: string): Promise<Remediator> {
    const [found] = await loaded([this.named(id)] as const);
    return found;
  }

  /** As {@link Runtime.remediator}, but its definition may have to be loaded. */
  named(id: string): Remediator {
    const found = this.remediators.find((each) => each.id === id);
    if (found !== undefined) return found;
    const ids = this.remediators.map((each) => each.id);
    const near = nearest(id, ids);
    throw new RedressError('compose/invalid', `There is no remediator ${JSON.stringify(id)}.${near === null ? '' : ` Did you mean ${near}?`}`, {
      next: `Known: ${ids.join(', ')}`,
    });
  }

  /** The remediator of that id, with its definition; null: there is none. */
  async installed(id: string): Promise<Remediator | null> {
    const [found = null] = await loaded(this.remediators.filter((each) => each.id === id));
    return found;
  }

  /** @throws {RedressError} `compose/invalid` when there is none. */
  needJournal(what: string): Journal {
    if (this.journal === null)
      throw new RedressError('compose/invalid', `${what} needs a journal: the record is what permits a change.`, {
        next: 'Give createRedress a journal (@redress/evidence), or only plan.',
      });
    return this.journal;
  }

  async readPolicy(): Promise<Policy> {
    const policy = await this.#policy.read();
    // A mistake anywhere in it means that none of it counts, whatever is loaded so far.
    await loaded(this.remediators.filter(({ id }) => Object.keys(policy.remediators[id]?.parameters ?? {}).length > 0));
    return this.#checkPolicy(policy);
  }

  async readRegister(): Promise<Register> {
    return this.#checkRegister(await this.#register.read());
  }

  readStop(): Promise<Stop> {
    return this.#killSwitch.read();
  }

  /** An exception that can match nothing would protect nothing. */
  #checkRegister(register: Register): Register {
    if (this.#good.has(register)) return register;
    const found = matchingNothing(register, this.remediators);
    if (found.length > 0) throw mistakes('register/invalid', 'The exceptions register', found, register.placeOf);
    this.#good.add(register);
    return register;
  }

  /** Names that nobody knows are mistakes, not nothing: the remediator meant would silently stay notify-only. */
  #checkPolicy(policy: Policy): Policy {
    const wrong = policyMistakes(policy, { remediators: this.remediators, guardrails: this.#guardrails, hasRegister: this.#hasRegister });
    if (wrong.length > 0) throw mistakes('policy/invalid', 'The policy', wrong, policy.placeOf);
    return policy;
  }

  /**
   * The Config rule behind a finding, as Config has it; null where there is none, or nobody who could ask. Asked once in a while, whatever it
   * answers: names come from events, and no event may buy more reads than that.
   */
  configRule(
    { account, region, configRule: name }: Pick<Finding, 'account' | 'region' | 'configRule'>,
    deadline: number | null,
  ): Promise<Fact<ConfigRule | null>> {
    const reader = this.#configRules;
    if (reader === null || account === null || region === null || region === GLOBAL_REGION || name === null) return Promise.resolve(known(null));
    const key = JSON.stringify([account, region, name]);
    const now = this.clock.now();
    const earlier = this.#rules.get(key);
    if (earlier !== undefined && now - earlier.at < RULE_KEPT) return earlier.rule;
    this.#rules.delete(key);
    const [oldest = ''] = this.#rules.keys();
    if (this.#rules.size >= MOST_RULES) this.#rules.delete(oldest);
    const place = { account, region, partition: partitionOf(region) };
    const rule = factOf(() => reader.read({ aws: this.gate.reads({ id: 'config-rules', uses: { reads: reader.reads } }, place, LOOKING, deadline), name }));
    this.#rules.set(key, { at: now, rule });
    return rule;
  }

  /** Who the credentials for a resource are. */
  identity(ref: ResourceRef, as: As): Promise<Identity> {
    return this.gate.identity({ partition: ref.partition, account: ref.account, region: apiRegion(ref), ...as });
  }

  /** The one name of a resource that a finding may name in several ways; null when it is none of the account's. */
  async identify(remediator: Remediator, claimed: ResourceRef, deadline: number | null, shared: SharedReads | null): Promise<Fact<ResourceRef | null>> {
    return factOf(async () => {
      await loaded([remediator]);
      const { identify } = remediator;
      if (identify === null) return claimed;
      const found = await identify({ aws: this.gate.reads(remediator, claimed, LOOKING, deadline, shared), resource: claimed });
      if (found === 'gone') return claimed;
      return found === null ? null : resource({ ...claimed, id: found.id, region: found.region ?? claimed.region });
    });
  }

  /**
   * Reads the resource, and asks the remediator about it. Throws nothing: what cannot be read is an unreadable fact. The remediator sees what is
   * there; what it answers, and the state that is compared, shown and kept, holds no secret from here on (docs/adr/0028).
   *
   * @param how `earlier`: what the plan was made from. `shared`: what others have read of the resource just now, where that is good enough. Under a lease it is not.
   */
  async look(
    remediator: Remediator,
    ref: ResourceRef,
    policy: Fact<Policy>,
    how: { as: As; deadline: number | null; purpose?: ObservationPurpose; shared?: SharedReads; earlier?: Observed | null },
  ): Promise<Look> {
    const { as, deadline, purpose = 'decision', shared = null, earlier = null } = how;
    if (!policy.ok)
      return {
        observation: { ...policy, error: `the policy, which holds the parameters, could not be read: ${policy.error}` },
        assessment: unreadable('not observed'),
      };
    const ready = await factOf(async () => {
      await loaded([remediator]);
      return parametersOf(policy.value, remediator);
    });
    if (!ready.ok) return { observation: ready, assessment: unreadable('not observed') };
    const parameters = ready.value;
    const observation = await factOf<Observed>(async () => {
      const found = await remediator.observe({
        aws: this.gate.reads(remediator, ref, as, deadline, shared),
        resource: ref,
        parameters,
        purpose,
        earlier: earlier === 'gone' ? null : earlier,
        attestation: remediator.attested === true ? await this.#attestation(remediator, ref) : null,
        observedAt: this.clock.now(),
      });
      if (found === 'gone') return found;
      if (found.tags === undefined) throw new RedressError('remediator/invalid', `${remediator.id} did not observe the tags.`);
      const undeclared = [...(found.usedBy ?? []), ...(found.parts ?? [])].find(({ type }) => remediator.exceptionTypes?.includes(oneType(type)) !== true);
      // A register could not name it.
      if (undeclared !== undefined)
        throw new RedressError('remediator/invalid', `${remediator.id} observed ${undeclared.type}, which it does not declare as one of its exceptionTypes.`);
      return { ...found, state: toJson(found.state) };
    });
    if (!observation.ok) return { observation, assessment: unreadable('not observed') };
    const seen = observation.value;
    if (seen === 'gone') return { observation, assessment: known({ status: 'compliant', message: 'The resource is gone.' }) };
    const assessment = await factOf(async () =>
      deepFreeze(
        await this.redactor.of(remediator.plan({ state: seen.state, context: seen.context, resource: ref, parameters, observedAt: this.clock.now() })),
      ),
    );
    return { observation: await factOf(async () => ({ ...seen, state: deepFreeze(await this.redactor.of(seen.state)) })), assessment };
  }

  /** What a person said last of what nothing can evaluate. Without a journal nobody has said anything. */
  async #attestation({ id }: Remediator, ref: ResourceRef): Promise<Attestation | null> {
    const view = await this.journal?.view(breakerOf(ref));
    return view?.attestations.find(({ remediator }) => remediator === id) ?? null;
  }

  /** What does not depend on the resource, and can change at any time. */
  async standing(): Promise<Standing> {
    const [policy, register, stop] = await Promise.all([factOf(() => this.readPolicy()), factOf(() => this.readRegister()), factOf(() => this.readStop())]);
    return { policy, register, stop };
  }

  /** All that guardrails decide on, each fact read or marked as unreadable. */
  facts(args: {
    remediator: Remediator;
    ref: ResourceRef;
    trigger: Trigger;
    identity: Fact<Identity>;
    standing: Standing;
    history: Fact<StreamView>;
    track: Facts['track'];
    seen: Look;
    alsoPlannedBy?: Facts['alsoPlannedBy'];
    changes: number;
    lastChange: number | null;
  }): Facts {
    const { remediator, seen, standing } = args;
    const { id, ceiling, freshWithin, settle, breadth } = remediator;
    const policy = standing.policy.ok ? standing.policy.value : null;
    return {
      now: this.clock.now(),
      trigger: args.trigger,
      resource: args.ref,
      remediator: { id, version: remediator.package.version, ceiling, freshWithin, settle, breadth },
      parameters: policy === null ? null : digestOf(parametersOf(policy, remediator)),
      lastChange: args.lastChange,
      changes: [],
      alsoPlannedBy: args.alsoPlannedBy ?? new Map(),
      plan: null,
      hazards: seen.assessment.ok && seen.assessment.value.status === 'manual' ? (seen.assessment.value.hazards ?? []) : [],
      ...standing,
      identity: args.identity,
      observation: seen.observation,
      assessment: seen.assessment,
      history: args.history,
      track: args.track,
      run: { changes: args.changes },
    };
  }

  /** The same facts, after reading again what may have changed since the decision: kill switch, policy, exceptions. */
  async refreshed(facts: Facts, observation: Look['observation']): Promise<Facts> {
    return { ...facts, ...(await this.standing()), now: this.clock.now(), observation };
  }

  /** What a lower environment has shown; read only where it has to show something. */
  trackRecord(policy: Fact<Policy>, { id }: Pick<Remediator, 'id'>, ref: ResourceRef): Promise<Fact<readonly TrackedExecution[]>> {
    return factOf(async () => {
      const environment = policy.ok ? environmentOf(policy.value, ref.account) : null;
      if (!policy.ok || environment?.after == null || this.journal === null || modeOf(policy.value, id, ref.account) !== 'enforce') return [];
      const { accounts } = policy.value.environments.find((each) => each.name === environment.after?.environment) ?? { accounts: [] };
      return this.journal.trackRecord({ remediator: id, accounts });
    });
  }

  decide(facts: Facts, shown: Shown): Decision {
    const isShown = (subject: string | undefined) => shown === 'all' || (shown !== 'nothing' && subject !== undefined && shown.has(subject));
    const decided = (of: Facts) => discharge(decide([...this.#guardrails, freshness(isShown)], of), of);
    const decision = decided(facts);
    if (facts.trigger.by !== 'sweep' || decision.effect !== 'deny' || !decisive(decision).every(({ code }) => code === 'settling')) return decision;
    // A sweep only knows when it has seen something first: it waits for what it would change, and for nothing else.
    const settled = decided({ ...facts, lastChange: null });
    return settled.effect === 'allow' ? decision : settled;
  }
}

function live<T extends object>(value: T | Live<T>): Live<T> {
  return isLive<T>(value) ? value : fixed(value);
}

/** A fact, whether it can be read or not. */
export async function factOf<T>(read: () => Promise<T>): Promise<Fact<T>> {
  try {
    return known(await read());
  } catch (error) {
    return unreadable(error);
  }
}

/** With less time than this before the process ends no resource is begun; milliseconds. */
export const NEEDED_TO_BEGIN = 35_000;

/** Whether another resource may be begun. */
export function timeLeft({ clock }: Pick<Runtime, 'clock'>, deadline: number | null): boolean {
  return deadline === null || clock.now() + NEEDED_TO_BEGIN <= deadline;
}

/** Why a read shows nothing; null if it does. */
export function unread(look: Look): Extract<Fact<never>, { ok: false }> | null {
  return !look.observation.ok ? look.observation : !look.assessment.ok ? look.assessment : null;
}

/**
 * Whether a read shows how far a plan has been carried out. It does not if the resource is gone, if a person has to act and there is no flag, or if
 * the resource can no longer have the gap.
 */
export function tells({ observation, assessment }: Look): boolean {
  if (!observation.ok || observation.value === 'gone' || !assessment.ok) return false;
  const { value } = assessment;
  return value.status === 'compliant' || value.status === 'change' || (value.status === 'manual' && value.flagged === true);
}

/** The policy's parameters for a remediator, with its defaults. */
export function parametersOf(policy: Policy, remediator: Remediator): JsonObject {
  const entry = Object.hasOwn(policy.remediators, remediator.id) ? policy.remediators[remediator.id] : undefined;
  return remediator.parameters(entry?.parameters);
}

/**
 * The budgets that an execution is counted against, over all workers. Those per run are counted by the run. What a sweep finds has its own,
 * so that a backlog cannot use up what events need.
 */
export function budgetsOf(policy: Policy, remediator: string, ref: ResourceRef, trigger: Trigger): Budget[] {
  const values: Record<string, string> = { remediator, account: ref.account, region: ref.region };
  const source = trigger.by === 'sweep' ? 'backlog' : 'events';
  return policy.limits
    .filter((limit) => !limit.per.includes('run'))
    .map((limit) => ({
      key: [...[...limit.per].sort().map((key) => `${key}=${values[key] ?? ''}`), `for=${source}`].join(','),
      changes: limit.changes,
      window: limit.window,
    }));
}
