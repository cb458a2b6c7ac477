import {
  type Clock,
  countOf,
  createRedress,
  definePolicy,
  isReadOperation,
  isRedressError,
  type Journal,
  type Json,
  type JsonObject,
  type Policy,
  type PolicyInput,
  type Redress,
  RedressError,
  type RedressOptions,
  type Remediator,
  type ResourceRef,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { configComplianceEvent } from './events.js';
import {
  DISTURBANCES,
  type Disturbance,
  resumableAccount,
  type SavedAccount,
  type SimulatedAccount,
  type SimulatedAccountOptions,
} from './simulated/account.js';

/** Faults of a call to the journal. */
export const JOURNAL_FAULTS = ['crash-before', 'crash-after', 'unavailable', 'unavailable-after', 'down'] as const;
/**
 * Faults of a call to AWS, in addition to {@link DISTURBANCES}: the worker dies and none of its calls return any more, someone else acts on
 * the resource at the same moment, or clocks jump.
 */
export const WORLD_FAULTS = [
  'dies-before',
  'dies-after',
  'someone-deletes',
  'someone-fixes',
  'someone-changes',
  'kill-switch',
  'clock-back',
  'clock-ahead',
] as const;
/** A kind of fault. */
export type FaultName = Disturbance | (typeof WORLD_FAULTS)[number] | (typeof JOURNAL_FAULTS)[number] | 'duplicate';
const CALL_FAULTS = [...DISTURBANCES, ...WORLD_FAULTS] as const;

/** The fault catalogue: every kind of fault, with its description. */
export const FAULTS: Readonly<Record<FaultName, string>> = {
  throttled: 'a call is throttled',
  server: 'a call fails with a server error',
  denied: 'a call is refused: access denied',
  lost: 'a call has its effect, and its reply is lost',
  'lost-before': 'a call is lost on its way',
  stale: 'a read shows what was there before the last write',
  gone: 'a call finds nothing',
  'dies-before': 'the worker dies, or its time is up, before a call',
  'dies-after': 'the worker dies, or its time is up, after a call',
  'someone-deletes': 'somebody deletes the resource in this moment',
  'someone-fixes': 'somebody makes the same change in this moment',
  'someone-changes': 'somebody changes something else of the resource in this moment',
  'kill-switch': 'the kill switch is flipped in this moment',
  'clock-back': 'the clock is set back by ten minutes',
  'clock-ahead': 'the clock jumps ahead by ten minutes: the lease is over',
  'crash-before': 'the worker dies before a record',
  'crash-after': 'the worker dies after a record',
  unavailable: 'the store is unavailable for one call',
  'unavailable-after': 'the store has the record, and does not acknowledge it',
  down: 'the store is unavailable from here on',
  duplicate: 'ten equal events at once',
};

/** A gap in a simulated account. */
export interface Gap {
  readonly ref: ResourceRef;
  /** Opens the gap, and returns the event that reports it. */
  open(at: number): unknown;
  /** Whether the gap is open. */
  isOpen(): boolean;
  /** What someone else may do to the resource, if it applies. */
  readonly others?: { delete?(): void; fix?(): void; change?(): void };
}

/** Input of {@link reportedGap}. */
export interface ReportedGap {
  readonly resource: ResourceRef;
  /** Name of the Config rule that reports it. */
  readonly rule: string;
  open(): unknown;
  isOpen(): boolean;
  /** As {@link Gap.others}; an action that is no longer possible does nothing. */
  readonly others?: { delete?(): unknown; fix?(): unknown; change?(): unknown };
}

/**
 * A gap that AWS Config reports for one resource.
 *
 * @example reportedGap({ resource: ref, rule: 'dynamodb-pitr-enabled', open: () => set(false), isOpen: () => !get(), others: { fix: () => set(true) } })
 */
export function reportedGap({ resource: ref, rule, open, isOpen, others = {} }: ReportedGap): Gap {
  const attempt = (what: (() => unknown) | undefined) => () => {
    try {
      what?.();
    } catch {
      // What is gone, or done already, cannot be done again.
    }
  };
  return {
    ref,
    open(at) {
      open();
      return configComplianceEvent({ resource: ref, rule, time: new Date(at) });
    },
    isOpen,
    others: Object.fromEntries(Object.entries(others).map(([name, what]) => [name, attempt(what)])),
  };
}

/** Options of {@link faultMatrix}. */
export interface FaultOptions {
  /** Creates a compliant account, and a gap that is not open yet. Called for each injection. */
  arrange(account: SimulatedAccount): Gap;
  readonly parameters?: JsonObject;
  /** Your own operations; see {@link simulatedAccount}. */
  readonly services?: SimulatedAccountOptions['services'];
  /** Number of writes of the fix, and of its rollback; default 1. Under a fault they send no more. */
  readonly calls?: number;
  /** What a fix that was cut short has left is finished by people: then the gap may stay open, if they are notified of it. */
  readonly finishedByPeople?: true;
  /** Run only every n-th injection; default 1, all of them. */
  readonly every?: number;
  /** Creates the engine under test from the options of the matrix; default `createRedress`. */
  engine?(options: RedressOptions): Redress;
}

/** Result of {@link faultMatrix}. */
export interface FaultReport {
  readonly injected: number;
  readonly survived: number;
  /** By kind of fault. */
  readonly kinds: Readonly<Partial<Record<FaultName, { readonly injected: number; readonly survived: number }>>>;
  readonly broken: readonly { readonly fault: FaultName; readonly run: 'fix' | 'rollback'; readonly at: string; readonly why: readonly string[] }[];
}

const APPROVER = 'arn:aws:iam::111111111111:role/FaultMatrix';
const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
/** After so long what was made has settled. */
const SETTLED = 120_000;
const NEVER = new Promise<never>(() => undefined);

/** A clock that is independent of the machine's: sleeping takes no time, and no sleeper wakes too early. */
export interface VirtualClock extends Clock {
  time: number;
}

/** See {@link VirtualClock}. @param at epoch milliseconds to start from. */
export function virtualClock(at: number = START): VirtualClock {
  const clock: VirtualClock = {
    time: at,
    now: () => clock.time,
    async sleep(milliseconds) {
      const until = clock.time + milliseconds;
      await Promise.resolve();
      clock.time = Math.max(clock.time, until);
    },
  };
  return clock;
}

/** What is wrong with a journal at the end: a broken chain, an intent without exactly one outcome, an open execution. */
export async function journalProblems(journal: Pick<Journal, 'read' | 'open'>): Promise<string[]> {
  return (await audited(journal)).problems;
}

async function audited(journal: Pick<Journal, 'read' | 'open'>): Promise<{ readonly problems: string[]; readonly intents: number }> {
  const problems: string[] = [];
  const intents = new Set<string>();
  const outcomes = new Set<string>();
  try {
    for await (const { record } of journal.read({ all: true })) {
      const execution = record.execution ?? '';
      if (record.kind === 'intent') intents.add(execution);
      if (record.kind === 'outcome') {
        if (outcomes.has(execution)) problems.push(`execution ${execution} has two outcomes`);
        outcomes.add(execution);
      }
    }
  } catch (error) {
    problems.push(`a chain is broken: ${(error as Error).message}`);
  }
  for (const execution of intents) if (!outcomes.has(execution)) problems.push(`execution ${execution} has no outcome`);
  for (const open of await journal.open()) problems.push(`execution ${open.execution} is open`);
  return { problems, intents: intents.size };
}

interface Injection {
  readonly on: 'aws' | 'journal';
  readonly index: number;
  readonly kind: FaultName;
}

interface World {
  readonly clock: VirtualClock;
  readonly account: ReturnType<typeof resumableAccount>;
  readonly journal: Journal;
  /** `journal` without faults. */
  readonly real: Journal;
  readonly gap: Gap;
  readonly seen: { readonly aws: string[]; readonly journal: string[] };
  /** Calls that were sent and should not have been. */
  readonly wrong: string[];
  engine(): Redress;
  /** Counts calls from here on; what is to happen at one of them. */
  begin(injection: Injection | null): void;
  /** The faults end: what comes now has a sound store, and is alive. */
  heal(): void;
  /** Answers as soon as the worker has died, or what it does has come to an end. */
  live(work: Promise<unknown>): Promise<void>;
}

/** Options of a matrix, and the policy of its engines: they are made by the thousand. */
interface Setup extends FaultOptions {
  readonly policy: Policy;
  /** The fix that each rollback is of, once it was made. */
  fixed?: Fixed | undefined;
}

/** A world in which a fix was made, without a fault. */
interface Fixed {
  /** State of the account before the fix, as text, and the time. */
  readonly opened: string;
  readonly account: SavedAccount;
  readonly journal: Journal;
  readonly time: number;
  readonly isOpen: boolean;
  readonly event: unknown;
  readonly execution: string;
}

/** @param from a journal whose records the world has from the start. */
function build(remediator: Remediator, options: Setup, from?: Journal): World {
  const clock = virtualClock();
  const seen: { aws: string[]; journal: string[] } = { aws: [], journal: [] };
  let injection: Injection | null = null;
  let dead = false;
  let down = false;
  let stop: 'none' | 'changes' = 'none';
  /** The call in whose moment the kill switch was flipped; those after it know. */
  let stoppedAt = Number.POSITIVE_INFINITY;
  const wrong: string[] = [];
  /** Where calls are among those that were seen. Several may be under way: which one a reply is of, the last that came does not say. */
  const places = new Map<number, number>();
  let died: () => void = () => undefined;
  const at = (on: Injection['on'], index: number) => (injection?.on === on && injection.index === index ? injection.kind : null);
  const die = (): Promise<never> => {
    dead = true;
    died();
    return NEVER;
  };
  const account = resumableAccount({
    account: ACCOUNT,
    clock,
    ...(options.services === undefined ? {} : { services: options.services }),
    turn: async (name, index) => {
      if (dead) return NEVER;
      const place = seen.aws.push(name) - 1;
      places.set(index, place);
      const kind = at('aws', place);
      // As it is sent: what happens in this very moment nobody can know.
      if (!isReadOperation(name.slice(name.indexOf(':') + 1))) {
        const { open } = await real.view(gap.ref);
        if (open === null || open.leaseUntil <= clock.time) wrong.push(`${name} was sent ${open === null ? 'without an intent' : 'after its lease had ended'}`);
      }
      if (kind === 'dies-before') return die();
      if (kind === 'someone-deletes') gap.others?.delete?.();
      if (kind === 'someone-fixes') gap.others?.fix?.();
      if (kind === 'someone-changes') gap.others?.change?.();
      if (kind === 'kill-switch') {
        stop = 'changes';
        stoppedAt = place;
      }
      if (kind === 'clock-back') clock.time -= 600_000;
      if (kind === 'clock-ahead') clock.time += 600_000;
    },
    disturb: ({ service, operation, write, access, index }) => {
      const place = places.get(index) ?? -1;
      const kind = at('aws', place);
      // A rollback goes on.
      if (write && access === 'write' && place > stoppedAt) wrong.push(`${service}:${operation} was sent after changes were stopped`);
      return DISTURBANCES.find((each) => each === kind) ?? null;
    },
    after: async (_name, index) => {
      if (at('aws', places.get(index) ?? -1) === 'dies-after') return die();
    },
  });
  const gap = options.arrange(account);
  const real = memoryJournal({ clock, ...(from === undefined ? {} : { from }) });
  const guarded =
    <A extends unknown[], T>(name: string, work: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      if (dead) return NEVER;
      const kind = at('journal', seen.journal.push(name) - 1);
      const unavailable = () => new RedressError('journal/unavailable', 'the store is unavailable', { retryable: true });
      if (kind === 'crash-before') return die();
      if (kind === 'down') down = true;
      if (kind === 'unavailable' || down) throw unavailable();
      const answer = await work(...args);
      if (kind === 'crash-after') return die();
      if (kind === 'unavailable-after') throw unavailable();
      return answer;
    };
  const journal: Journal = {
    kind: 'faulty',
    view: guarded('view', (ref) => real.view(ref)),
    begin: guarded('begin', (request) => real.begin(request)),
    append: guarded('append', (entry) => real.append(entry)),
    finish: guarded('finish', (request) => real.finish(request)),
    open: () => real.open(),
    approvals: () => real.approvals(),
    standing: (place) => real.standing(place),
    trackRecord: (query) => real.trackRecord(query),
    read: (query) => real.read(query),
  };
  return {
    clock,
    account,
    journal,
    real,
    gap,
    seen,
    wrong,
    engine: () =>
      (options.engine ?? createRedress)({
        // The engine is tried, with the change itself: whoever may at most be asked is let.
        remediators: [{ ...remediator, ceiling: 'enforce' }],
        policy: options.policy,
        journal,
        connect: account.connect,
        clock,
        killSwitch: { read: async () => stop },
      }),
    begin(next) {
      seen.aws.length = 0;
      seen.journal.length = 0;
      places.clear();
      injection = next;
    },
    heal() {
      dead = false;
      down = false;
      injection = null;
      stop = 'none';
      stoppedAt = Number.POSITIVE_INFINITY;
      // However clocks were set: a lease's time goes by.
      clock.time = Math.max(clock.time, START) + 900_000;
    },
    async live(work) {
      const death = new Promise<void>((resolve) => {
        died = resolve;
      });
      await Promise.race([work.then(() => undefined), death]);
    },
  };
}

/** Everything that is not the resource: nobody may touch it. */
function bystanders({ account, gap }: World): string {
  const others = (record: Readonly<Record<string, unknown>>) => Object.entries(record).filter(([id]) => id !== gap.ref.id);
  // Settings of the account are resources too, and ids are counted.
  const { groups, buckets, users, logGroups, volumes, instances, interfaces, custom } = account.state;
  const all = [groups, buckets, users, logGroups, volumes, instances, interfaces, ...(gap.ref.type === 'AWS::::Account' ? [] : [custom])];
  return JSON.stringify(all.map(others));
}

const effects = ({ account }: World) => account.calls.filter((call) => call.write && call.effective).length;

/** What holds after everything, whatever has happened. */
async function problemsOf(world: World, around: string, calls: number): Promise<string[]> {
  const { problems: why, intents } = await audited(world.journal);
  if (bystanders(world) !== around) why.push('something else than the resource was changed');
  if (effects(world) > intents * calls) why.push(`${countOf(effects(world), 'change')} on ${countOf(intents, 'intent')}`);
  return [...why, ...world.wrong];
}

/** Says yes to all that waits, where a change has no undo: nothing else waits here. */
async function approveAll({ engine, journal }: World, { rollback }: Remediator): Promise<void> {
  if (rollback?.restores !== 'nothing') return;
  const redress = engine();
  for (const { id } of await journal.approvals())
    try {
      await redress.approve(id, { by: { name: APPROVER, verified: true }, reason: 'a fault matrix' });
    } catch (error) {
      // Who approves is shown why it could not be done, and asks again: another has answered, or the journal is away.
      if (!isRedressError(error)) throw error;
    }
}

/** Asks for a fix, and says yes to one that has no undo. */
async function fixing(world: World, remediator: Remediator, event: unknown): Promise<void> {
  await world.engine().handle(event);
  await approveAll(world, remediator);
}

/** Whether people know of the gap. */
async function isNotified({ journal, gap }: World): Promise<boolean> {
  const { gaps } = await journal.standing();
  return gaps.some(({ resource: { id }, outcome }) => id === gap.ref.id && outcome === 'notified');
}

/** A fix under a fault; then its event comes again, and a sweep. */
async function fixUnder(remediator: Remediator, options: Setup, injection: Injection | null): Promise<{ world: World; why: string[] }> {
  const world = build(remediator, options);
  const around = bystanders(world);
  const event = world.gap.open(world.clock.now());
  world.clock.time += SETTLED;
  world.begin(injection);
  await world.live(fixing(world, remediator, event));
  const seen = { aws: [...world.seen.aws], journal: [...world.seen.journal] };
  world.heal();
  const later = world.engine();
  await later.recover();
  // What AWS refuses for good is kept until somebody lets it through, and says so.
  if ((await world.journal.view(world.gap.ref)).refusals.length > 0) await later.retry(world.gap.ref, { by: 'whoever lets it through' });
  await later.handle(event);
  const { region } = world.gap.ref;
  await later.sweep({ targets: [{ account: ACCOUNT, region: region === 'aws-global' ? 'us-east-1' : region }] });
  await approveAll(world, remediator);
  const { calls = 1, finishedByPeople = false } = options;
  const why = await problemsOf(world, around, calls);
  if (world.gap.isOpen() && !(finishedByPeople && (await isNotified(world)))) why.push('the gap is still open');
  const count = effects(world);
  // One gap is one change, of this many calls. If someone else made it, or the resource is gone, there may be none.
  if (count > calls) why.push(`${count} changes for one gap`);
  const byOthers = injection?.kind === 'someone-deletes' || injection?.kind === 'someone-fixes';
  if (count === 0 && !byOthers && !world.gap.isOpen()) why.push('nothing was changed, and yet the gap is closed');
  return { world: { ...world, seen }, why };
}

/** Whether the journal says that a fix was rolled back, to a state that its remediator takes for the one before: S3 encrypts with or without a configuration. */
async function isAsGoodAsBefore({ journal }: World, remediator: Remediator, execution: string): Promise<boolean> {
  let before: Json | undefined;
  let after: Json | undefined;
  let rollback: string | null = null;
  for await (const { record, documents } of journal.read({ all: true })) {
    if (record.kind === 'intent' && record.execution === execution) before = documents['before'];
    if (record.kind === 'intent' && record.body['rollbackOf'] === execution) rollback = record.execution;
    if (record.kind === 'outcome' && record.execution === rollback && JSON.stringify(record.body['journal']).includes('"rolled-back"'))
      after = documents['after'];
  }
  return before !== undefined && after !== undefined && remediator.equivalent(before, after);
}

/** How a world stands before its fix: the same text means the same fix. */
const opened = ({ account, clock }: World) => JSON.stringify([account.state, clock.time]);

/**
 * A world after a fix. Without a fault the fix is the same each time, so it is made once, and the next worlds continue from there. A world that is arranged
 * differently gets its own. Null: there is nothing to roll back.
 */
async function afterFix(remediator: Remediator, options: Setup): Promise<{ world: World; around: string; event: unknown; execution: string } | null> {
  const { fixed } = options;
  const world = build(remediator, options, fixed?.journal);
  const around = bystanders(world);
  const event = world.gap.open(world.clock.now());
  world.clock.time += SETTLED;
  const before = opened(world);
  if (fixed !== undefined && fixed.opened !== before) return afterFix(remediator, { ...options, fixed: undefined });
  if (fixed !== undefined) {
    world.account.resume(fixed.account);
    world.clock.time = fixed.time;
    // What a gap keeps beside the account is not resumed.
    if (world.gap.isOpen() !== fixed.isOpen) return afterFix(remediator, { ...options, fixed: undefined });
    return { world, around, event: fixed.event, execution: fixed.execution };
  }
  const pass = (await world.engine().handle(event)).results[0]?.passes.find((each) => each.execution !== null);
  if (pass?.execution === null || pass?.execution === undefined || pass.plan?.changes.some((change) => 'irreversible' in change.undo) === true) return null;
  const { execution } = pass;
  // A copy: this world goes on. An engine of a test may know more than its journal.
  if (options.engine === undefined)
    options.fixed = {
      opened: before,
      account: world.account.save(),
      journal: memoryJournal({ from: world.real }),
      time: world.clock.time,
      isOpen: world.gap.isOpen(),
      event,
      execution,
    };
  return { world, around, event, execution };
}

/** A rollback under a fault; then it is asked for again. */
async function rollbackUnder(remediator: Remediator, options: Setup, injection: Injection | null): Promise<{ world: World; why: string[] } | null> {
  const after = await afterFix(remediator, options);
  if (after === null) return null;
  const { world, around, event, execution } = after;
  const back = () =>
    world
      .engine()
      .rollback(execution, { by: 'ops', reason: 'a fault matrix', acceptLoss: true })
      .catch(() => undefined);
  world.begin(injection);
  let said: string | undefined;
  await world.live(
    back().then((pass) => {
      said = pass?.outcome;
    }),
  );
  const seen = { aws: [...world.seen.aws], journal: [...world.seen.journal] };
  world.heal();
  await world.engine().recover();
  await back();
  const { calls = 1 } = options;
  const why = await problemsOf(world, around, calls);
  const count = effects(world);
  const byOthers = injection !== null && ['someone-deletes', 'someone-changes', 'someone-fixes'].includes(injection.kind);
  // Who asks twice for what somebody has fixed again in between, is answered twice.
  if (count > (injection?.kind === 'someone-fixes' ? 3 : 2) * calls) why.push(`${count} changes for one fix and its rollback`);
  // What someone has changed meanwhile is not overwritten; then the fix stays, and says so.
  if (!world.gap.isOpen() && !byOthers && !(await isAsGoodAsBefore(world, remediator, execution))) why.push('the fix was not rolled back');
  if (injection === null && said !== 'rolled-back') why.push(`it says ${said ?? 'nothing'}`);
  if (world.gap.isOpen()) {
    // The hold: the next event must not undo the undo.
    await world.engine().handle(event);
    if (effects(world) > count) why.push('what was rolled back was fixed again at once');
  }
  return { world: { ...world, seen }, why };
}

/**
 * Applies the fault catalogue to a remediator. Each kind of fault is injected once into each call of a fix and of its rollback, to AWS and to
 * the journal. Then time passes, and the same request is made again. The following has to hold: one change for one gap, one outcome for each
 * intent, chains intact, nothing open, nothing else changed, no call without an intent, after its lease, or after changes were stopped. The
 * gap is closed. After a rollback it is open again, and stays so. Clean runs determine the number of injections.
 *
 * @example
 * const report = await faultMatrix(enforceDefaultEncryption, { arrange: (account) => { account.act('s3', 'CreateBucket', { Bucket: 'b' }); return { ref, open, isOpen }; } });
 * expect(report.broken).toEqual([]);
 * @throws {Error} if a run fails without any fault.
 */
export async function faultMatrix(remediator: Remediator, options: FaultOptions): Promise<FaultReport> {
  const policy = definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    approvers: { dev: [APPROVER] },
    remediators: { [remediator.id]: { dev: 'enforce', ...(options.parameters === undefined ? {} : { parameters: options.parameters }) } },
    limits: [{ per: ['run'], changes: 1000 }],
  } as PolicyInput);
  const setup: Setup = { ...options, policy };
  const kinds: Partial<Record<FaultName, { injected: number; survived: number }>> = {};
  const broken: FaultReport['broken'][number][] = [];
  let turn = 0;
  const count = (run: 'fix' | 'rollback', fault: FaultName, at: string, why: readonly string[]) => {
    const entry = kinds[fault] ?? { injected: 0, survived: 0 };
    kinds[fault] = entry;
    entry.injected++;
    if (why.length === 0) entry.survived++;
    else broken.push({ fault, run, at, why });
  };
  for (const [run, under] of [
    ['fix', fixUnder],
    ['rollback', rollbackUnder],
  ] as const) {
    const clean = await under(remediator, setup, null);
    if (clean === null) continue;
    if (clean.why.length > 0) throw new Error(`${remediator.id}: the ${run} fails without any fault: ${clean.why.join('; ')}`);
    for (const [on, faults] of [
      ['aws', CALL_FAULTS],
      ['journal', JOURNAL_FAULTS],
    ] as const)
      for (const [index, name] of clean.world.seen[on].entries())
        for (const kind of faults) {
          if (turn++ % (options.every ?? 1) !== 0) continue;
          const { why } = (await under(remediator, setup, { on, index, kind })) ?? { why: ['the fix before it failed'] };
          count(run, kind, `${on} call ${index + 1} of ${clean.world.seen[on].length} (${name})`, why);
        }
  }
  const crowd = build(remediator, setup);
  const around = bystanders(crowd);
  const event = crowd.gap.open(crowd.clock.now());
  crowd.clock.time += SETTLED;
  await Promise.all(Array.from({ length: 10 }, () => fixing(crowd, remediator, event)));
  const { calls = 1 } = options;
  const why = await problemsOf(crowd, around, calls);
  if (effects(crowd) !== calls) why.push(`${effects(crowd)} changes for ten equal events`);
  count('fix', 'duplicate', 'ten at once', why);
  const all = Object.values(kinds);
  const sum = (member: 'injected' | 'survived') => all.reduce((total, each) => total + each[member], 0);
  return { injected: sum('injected'), survived: sum('survived'), kinds, broken };
}
