import { randomBytes } from 'node:crypto';
import {
  type Assessment,
  type CallTrace,
  type Clock,
  canonicalJson,
  createRedress,
  type Discovered,
  definePolicy,
  defineRegister,
  digestOf,
  fixed,
  type Glance,
  type Journal,
  type Json,
  type JsonObject,
  type Mode,
  type Observation,
  type ObservationPurpose,
  type Policy,
  type Redress,
  type RegisterInput,
  type Remediator,
  type ResourceRef,
  type Stop,
  type StoredRecord,
  type SweepArgs,
  toJson,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { type FakeClock, fakeClock } from './clock.js';
import { callerIdentity, sdkConfig, sharedConnections, testConnect } from './connect.js';
import { configComplianceEvent, securityHubEvent } from './events.js';
import { type Fault, type RecordingProxy, recordingProxy } from './proxy.js';
import type { Arranged, ConformanceOptions, Scenario, Sdk } from './scenario.js';
import type { WireCall } from './wire.js';

/** Approves changes that a scenario declares irreversible. */
export const APPROVER = 'arn:aws:iam::123456789012:role/ConformanceKit';
/** The one environment of the kit's policy. */
const ENVIRONMENT = 'kit';

/** One look of the remediator at a resource: what went into `plan` and what came out. */
export interface Look {
  readonly resource: ResourceRef;
  readonly parameters: JsonObject;
  readonly observation: Observation<Json, unknown> | 'gone';
  readonly assessment: Assessment | null;
  readonly observedAt: number;
  /** What it finds right then when it is asked for another purpose; only with {@link EngineSetup.everyPurpose}. */
  readonly others: readonly OtherLook[];
  /** What a read with fewer calls shows right then; null: nothing, or there is no such read, or it was not requested. */
  readonly glance: Glance<Json, unknown>['seen'];
}

/** The same look for another purpose. */
interface OtherLook {
  readonly purpose: ObservationPurpose;
  /** Whether it was given what the look before found. */
  readonly knowing: boolean;
  readonly observation: Observation<Json, unknown> | 'gone';
}

/** The calls on the wire while something was done. */
export interface Act<T> {
  readonly value: T;
  readonly wire: readonly WireCall[];
  readonly writes: readonly WireCall[];
  /** What the engine says that it sent. */
  readonly traces: readonly CallTrace[];
  readonly looks: readonly Look[];
}

/** How an engine is put together. */
export interface EngineSetup {
  readonly mode?: Mode;
  readonly stop?: Stop;
  readonly register?: RegisterInput;
  readonly journal?: Journal;
  /** The remediator with its own ceiling; else one that may enforce, because the change itself is what is looked at. */
  readonly ownCeiling?: boolean;
  /** After each look, look again for every other purpose, with and without what was found. */
  readonly everyPurpose?: boolean;
  /** Discovery gives all that the batched observe lists; what that says of each is kept in {@link Stage.glances}. */
  readonly glances?: boolean;
}

/** An emulator, a proxy in front of it, and the means to set a stage. */
export class Bench {
  readonly remediator: Remediator;
  readonly options: ConformanceOptions;
  readonly sdk: Sdk;
  readonly proxy: RecordingProxy;
  /** What arranges, and looks at what is there in the end, uses these: they are not counted. */
  readonly #connections: ReturnType<typeof sharedConnections>;
  readonly exceptionTag: string;
  readonly #used = new Set<string>();
  /** Scenarios whose use of operations is known. */
  readonly covered = new Set<string>();
  /** The shape of the plan that a dry run has shown, by scenario. */
  readonly shapes = new Map<Scenario, string>();
  readonly #notEmulated = new Set<string>();
  /** Each engine has one of a few policies. */
  readonly #policies = new Map<string, Policy>();

  /** What was arranged last, as long as it is as it was arranged. */
  #untouched: { readonly scenario: Scenario; readonly arranged: Arranged; readonly calls: number } | null = null;

  private constructor(
    remediator: Remediator,
    options: ConformanceOptions,
    sdk: Sdk,
    { proxy, connections }: { proxy: RecordingProxy; connections: ReturnType<typeof sharedConnections> },
  ) {
    this.remediator = remediator;
    this.options = options;
    this.sdk = sdk;
    this.proxy = proxy;
    this.#connections = connections;
    this.exceptionTag = options.exceptionTag ?? 'redress:exception';
  }

  static async open(remediator: Remediator, options: ConformanceOptions): Promise<Bench> {
    const region = options.account.region ?? 'us-east-1';
    const account = options.account.accountId ?? (await callerIdentity(options.account.endpoint)).account;
    const connections = sharedConnections();
    const config = sdkConfig(options.account.endpoint, region, connections);
    const sdk: Sdk = { config, account, region, name: (prefix) => `${prefix}-${randomBytes(6).toString('hex')}` };
    return new Bench(remediator, options, sdk, { proxy: await recordingProxy(options.account.endpoint), connections });
  }

  close(): Promise<void> {
    this.#connections.close();
    return this.proxy.close();
  }

  /** A stage of its own, for what changes something. */
  async stage(scenario: Scenario): Promise<Stage> {
    this.#untouched = null;
    return this.#set(scenario, await scenario.arrange(this.sdk));
  }

  /**
   * A stage for what changes nothing. What was arranged for another one serves again, with a new journal and a new clock, unless a writing call has
   * gone out since. Nothing may be done to it but through an engine.
   */
  async shown(scenario: Scenario): Promise<Stage> {
    const { calls } = this.proxy;
    const last = this.#untouched;
    const serves = last !== null && last.scenario === scenario && !calls.slice(last.calls).some((call) => call.write && call.forwarded);
    const shown = serves ? last : { scenario, arranged: await scenario.arrange(this.sdk), calls: calls.length };
    this.#untouched = shown;
    return this.#set(scenario, shown.arranged);
  }

  async #set(scenario: Scenario, arranged: Arranged): Promise<Stage> {
    const clock = fakeClock();
    return new Stage(this, scenario, arranged, await journalFor(this.options, clock), clock);
  }

  /** The policy of engines with a mode and parameters. */
  policy(mode: Mode, parameters: JsonObject): Policy {
    const key = JSON.stringify([mode, parameters]);
    const policy =
      this.#policies.get(key) ??
      definePolicy({
        version: 1,
        environments: { [ENVIRONMENT]: { accounts: [this.sdk.account] } },
        approvers: { [ENVIRONMENT]: [APPROVER] },
        remediators: { [this.remediator.id]: { [ENVIRONMENT]: mode, parameters } },
        exceptions: { tag: this.exceptionTag },
      });
    this.#policies.set(key, policy);
    return policy;
  }

  /** Notes operations as used: what is declared and never used is a permission too many. */
  use(calls: Iterable<{ readonly service: string; readonly operation: string }>): void {
    for (const call of calls) this.#used.add(`${call.service}:${call.operation}`);
  }

  used(name: string): boolean {
    return this.#used.has(name);
  }

  noteEmulator(calls: readonly WireCall[]): void {
    for (const call of calls) if (call.notEmulated) this.#notEmulated.add(`${call.service}:${call.operation}`);
  }

  /** Operations that the emulator does not have. */
  get notEmulated(): readonly string[] {
    return [...this.#notEmulated];
  }
}

/** One arranged resource with its own clock and journal. */
export class Stage {
  readonly bench: Bench;
  readonly scenario: Scenario;
  readonly clock: FakeClock;
  readonly journal: Journal;
  readonly parameters: JsonObject;
  resource: ResourceRef;
  #extra: Readonly<Record<string, unknown>>;
  #event: unknown;
  #looks: Look[] = [];
  #traces: CallTrace[] = [];
  /** What the batched observe has said. */
  readonly glances: Glance<Json, unknown>[] = [];

  constructor(bench: Bench, scenario: Scenario, arranged: Arranged, journal: Journal, clock: FakeClock) {
    this.bench = bench;
    this.scenario = scenario;
    this.journal = journal;
    this.clock = clock;
    this.parameters = { ...bench.options.parameters, ...scenario.parameters };
    [this.resource, this.#extra] = split(arranged);
  }

  /** The event that reports the situation; the same one each time, as a queue delivers it. */
  event(): unknown {
    this.#event ??= this.scenario.event?.(this.resource, this.#extra) ?? defaultEvent(this.bench.remediator, this.resource);
    return this.#event;
  }

  /** A later report of the same situation. */
  nextEvent(arranged?: Arranged | void): unknown {
    if (arranged !== undefined) [this.resource, this.#extra] = split(arranged);
    this.#event = undefined;
    return this.event();
  }

  engine(setup: EngineSetup = {}): Redress {
    const { remediator } = this.bench;
    const watched: Remediator = {
      ...remediator,
      ceiling: setup.ownCeiling === true ? remediator.ceiling : 'enforce',
      // Looks for every purpose go out as one role.
      ...(setup.everyPurpose === true ? { uses: { ...remediator.uses, finds: [], decides: [] } } : {}),
      ...(setup.glances === true && remediator.observeMany !== undefined ? { discover: (args) => this.#glance(args) } : {}),
      observe: async (args) => {
        const observation = await remediator.observe(args);
        const others: OtherLook[] = [];
        for (const purpose of setup.everyPurpose === true ? (['confirmation', 'verification'] as const) : [])
          for (const earlier of observation === 'gone' ? [null] : [observation, null])
            others.push({ purpose, knowing: earlier !== null, observation: await remediator.observe({ ...args, purpose, earlier }) });
        const glance = setup.everyPurpose === true ? ((await remediator.glance?.(args).catch(unlessItIsGone(observation))) ?? null) : null;
        const { resource, parameters } = args;
        this.#looks.push({ resource, parameters, observation, assessment: null, observedAt: this.clock.now(), others, glance });
        return observation;
      },
      plan: (args) => {
        const assessment = remediator.plan(args);
        const last = this.#looks.findLastIndex(
          (look) => look.assessment === null && look.observation !== 'gone' && digestOf(look.observation.state) === digestOf(args.state),
        );
        const look = this.#looks[last];
        if (look !== undefined) this.#looks[last] = { ...look, assessment, observedAt: args.observedAt };
        return assessment;
      },
    };
    return createRedress({
      remediators: [watched],
      policy: this.bench.policy(setup.mode ?? 'enforce', this.parameters),
      journal: setup.journal ?? this.journal,
      connect: testConnect({ endpoint: this.bench.proxy.endpoint, accountId: this.bench.sdk.account, connections: this.bench.proxy.connections }),
      exceptions: defineRegister(setup.register ?? []),
      killSwitch: fixed<Stop>(setup.stop ?? 'none'),
      clock: this.clock,
      onCall: (trace) => this.#traces.push(trace),
    });
  }

  async *#glance(args: SweepArgs): AsyncGenerator<Discovered> {
    for await (const page of this.bench.remediator.observeMany?.(args) ?? []) {
      this.glances.push(...page);
      yield* page;
    }
  }

  /** Does something, and returns what it did on the wire. */
  async act<T>(what: () => Promise<T>): Promise<Act<T>> {
    const { calls } = this.bench.proxy;
    await this.bench.proxy.quiet();
    const [call, trace, look] = [calls.length, this.#traces.length, this.#looks.length];
    const value = await what();
    const wire = calls.slice(call);
    this.bench.noteEmulator(wire);
    return { value, wire, writes: wire.filter((each) => each.write), traces: this.#traces.slice(trace), looks: this.#looks.slice(look) };
  }

  /** Looks at the resource by a dry run. */
  async look(): Promise<Look | undefined> {
    const redress = this.engine();
    const { looks } = await this.act(() => redress.plan(this.bench.remediator.id, this.resource));
    redress.close();
    return looks.at(-1);
  }

  /** What the scenario says may not change, as canonical text; empty when it says nothing. */
  async rest(): Promise<string> {
    return this.scenario.rest === undefined ? '' : canonicalJson(toJson(await this.scenario.rest(this.bench.sdk, this.resource)));
  }

  /** Does something while a fault is in force. */
  async during<T>(fault: Fault, what: () => Promise<T>): Promise<T> {
    const lift = this.bench.proxy.inject(fault);
    try {
      return await what();
    } finally {
      lift();
    }
  }

  async records(): Promise<readonly StoredRecord[]> {
    const records: StoredRecord[] = [];
    for await (const record of this.journal.read({ all: true })) records.push(record);
    return records;
  }
}

/** A look in fewer calls need not know what says that something is gone: the look itself does. */
function unlessItIsGone(observation: Observation<Json, unknown> | 'gone') {
  return (error: unknown): null => {
    if (observation === 'gone') return null;
    throw error;
  };
}

async function journalFor(options: ConformanceOptions, clock: Clock): Promise<Journal> {
  return options.journal === undefined ? memoryJournal({ clock }) : options.journal({ clock });
}

function split(arranged: Arranged): [ResourceRef, Readonly<Record<string, unknown>>] {
  return 'resource' in arranged ? [arranged.resource as ResourceRef, arranged as Readonly<Record<string, unknown>>] : [arranged, { resource: arranged }];
}

/** What AWS would send, according to the remediator's own triggers; null if they have nothing. */
function defaultEvent(remediator: Remediator, resource: ResourceRef): unknown {
  // A lower-case name is the name of a rule as people see it; an upper-case one is a managed rule's identifier, and its default name is alike.
  const rule = remediator.configRules.find((each) => each === each.toLowerCase()) ?? remediator.configRules[0]?.toLowerCase().replaceAll('_', '-');
  if (rule !== undefined) return configComplianceEvent({ resource, rule });
  const control = remediator.controls.find((each) => each.framework === 'aws-fsbp');
  return control === undefined ? null : securityHubEvent({ resource, control: control.id });
}
