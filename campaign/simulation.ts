// A deterministic simulation of the whole engine: workers, other people, faults and the calendar take turns in an order that a seed decides, on an account
// and a journal in this process. Every change is judged at the moment when it is sent. If a seed breaks an invariant, it is shrunk to the shortest history
// that still breaks it. That history can be run again: `npm run campaign -- --only simulation --seed N --path P`.
import {
  createRedress,
  defineRegister,
  type Journal,
  type PassResult,
  type PolicyInput,
  RedressError,
  type RegisterInput,
  type Remediator,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import {
  DISTURBANCES,
  type Disturbance,
  type EventBridgeEvent,
  journalProblems,
  type SimulatedAccount,
  simulatedAccount,
  virtualClock,
} from '@redress/testing';
import fc from 'fast-check';
import { ACCOUNT, enforcing, type MadeGap, makers, REGION, writing } from './world.ts';

/** The invariants, by name. */
export const INVARIANTS = {
  intent: 'no change without an intent of that resource, open and leased',
  stopped: 'no change while the kill switch is on',
  frozen: 'no change in a freeze',
  exempt: 'no change of what a live exception covers',
  unlisted: 'no change by a remediator that the policy does not let act',
  foreign: 'no change with credentials of another account',
  budget: 'never more executions that change something than the limit allows in its window',
  once: 'at most one effective change of a gap, until someone makes it again',
  held: 'no fix of what a person has rolled back, while the hold lasts',
  evidence: 'chains intact, one outcome for each intent',
  closed: 'nothing stays open for longer than lease and sweep',
  done: 'in the end every gap is closed, or the journal says why not',
} as const;
type Invariant = keyof typeof INVARIANTS;

/** The result of one history. */
interface History {
  readonly broken: readonly { readonly invariant: Invariant; readonly why: string }[];
  readonly changes: number;
  readonly executions: number;
}

/** One step of a history. */
type Happening =
  | { readonly do: 'open'; readonly gap: number }
  | { readonly do: 'deliver'; readonly event: number }
  | { readonly do: 'sweep' }
  | { readonly do: 'recover' }
  | { readonly do: 'fault'; readonly kind: Disturbance; readonly after: number }
  | { readonly do: 'die'; readonly after: number }
  | { readonly do: 'journal-down'; readonly for: number }
  | { readonly do: 'stop'; readonly on: boolean }
  | { readonly do: 'freeze'; readonly on: boolean }
  | { readonly do: 'exempt'; readonly gap: number; readonly on: boolean }
  | { readonly do: 'mode'; readonly enforce: boolean }
  | { readonly do: 'undo'; readonly gap: number }
  | { readonly do: 'rollback' }
  | { readonly do: 'approve' }
  | { readonly do: 'wait'; readonly minutes: number };

const KINDS = ['ec2-revoke-sg-open-ssh', 'ec2-revoke-sg-open-rdp', 's3-enforce-default-encryption', 'logs-raise-retention'] as const;
/** Small enough that histories reach it. */
const LIMIT = 2;
const HOUR = 3_600_000;
const gapIndex = fc.nat(KINDS.length - 1);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('open' as const), gap: gapIndex }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('deliver' as const), event: fc.nat(7) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'sweep' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'recover' as const }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('fault' as const), kind: fc.constantFrom(...DISTURBANCES), after: fc.nat(12) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('die' as const), after: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('journal-down' as const), for: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stop' as const), on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('freeze' as const), on: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('exempt' as const), gap: gapIndex, on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('mode' as const), enforce: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('undo' as const), gap: gapIndex }) },
  { weight: 1, arbitrary: fc.constant({ do: 'rollback' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'approve' as const }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 3, 20, 90, 1500) }) },
);
const NEVER = new Promise<never>(() => undefined);
const LEAD = `arn:aws:iam::${ACCOUNT}:role/Lead`;

const reads = /^(?:Get|List|Describe)/;
const nameOf = (command: object) => command.constructor.name.replace(/Command$/, '');

/** Runs and judges a history. */
async function simulate(happenings: readonly Happening[], scheduler: fc.Scheduler, defect?: (journal: Journal) => Journal): Promise<History> {
  const clock = virtualClock();
  const broken: { invariant: Invariant; why: string }[] = [];
  const breaks = (invariant: Invariant, why: string) => void broken.push({ invariant, why });
  const remediators: Remediator[] = KINDS.map((id) => writing.find((each) => each.id === id) as Remediator);

  // What people decide. It is read again before each write.
  let stop: 'none' | 'changes' = 'none';
  let frozen = false;
  let enforce = true;
  const exempt = new Set<number>();
  const policy = () =>
    enforcing(remediators, {
      remediators: Object.fromEntries(KINDS.map((id, index) => [id, { dev: enforce ? (index === 1 ? 'approve' : 'enforce') : 'notify' }])),
      environments: { dev: { accounts: [ACCOUNT] }, prod: { accounts: [], after: 'none', because: 'a simulation' } },
      approvers: { dev: [LEAD] },
      limits: [{ per: ['account'], changes: LIMIT, window: 'PT1H' }],
      freeze: frozen ? [{ from: '2026-01-01T00:00:00Z', to: '2030-01-01T00:00:00Z', reason: 'a simulation' }] : [],
    } as Partial<PolicyInput>);
  const register = () =>
    defineRegister(
      [...exempt].map((index) => ({
        id: `EXC-${index}`,
        scope: { resource: gaps[index]?.ref.id ?? '' },
        reason: 'r',
        owner: 'a',
        approver: 'b',
        expires: '2030-01-01T00:00:00Z',
      })) as RegisterInput,
    );

  // Executions as known from outside of the journal: the judge must not rely on what it judges.
  const leases = new Map<string, { resource: string; until: number; purpose: string; remediator: string; source: string }>();
  /** When an execution has changed something, and which execution requested the last write of a resource. */
  const sent = new Map<string, { at: number; source: string }>();
  const writers = new Map<string, { execution: string; source: string }>();
  const held = new Map<string, number>();
  const made = KINDS.map(() => 0);
  const fixedAt = KINDS.map(() => -1);
  const keyOf = (ref: { type: string; id: string }) => `${ref.type}/${ref.id}`;

  let faults: { kind: Disturbance; at: number }[] = [];
  let deaths: number[] = [];
  let calls = 0;
  let outage = 0;
  /** Writing calls in flight: each lands, or is given up, within seconds. */
  let onTheirWay = 0;
  const worker = { current: 0, dead: new Set<number>() };

  const account: SimulatedAccount = simulatedAccount({
    clock,
    turn: async () => {
      await scheduler.schedule(Promise.resolve());
    },
    disturb: ({ write }) => {
      calls++;
      const fault = faults.find((each) => each.at <= calls);
      if (fault === undefined) return null;
      faults = faults.filter((each) => each !== fault);
      return write && fault.kind === 'stale' ? null : fault.kind;
    },
  });
  const gaps: MadeGap[] = KINDS.map((id, index) => (makers[id] as NonNullable<(typeof makers)[string]>)(account, `gap-${index}`));
  const events: EventBridgeEvent[] = [];
  const indexOf = (ref: { type: string; id: string }, remediator: string) =>
    gaps.findIndex((gap, index) => keyOf(gap.ref) === keyOf(ref) && KINDS[index] === remediator);

  const real = memoryJournal({ clock });
  const sound: Journal = {
    kind: 'simulated',
    view: (ref) => turn(() => real.view(ref)),
    begin: (request) =>
      turn(async () => {
        const begun = await real.begin(request);
        if (begun.status === 'begun' && request.resume === undefined)
          leases.set(begun.lease.execution, {
            resource: keyOf(request.resource),
            until: begun.lease.until,
            purpose: String(request.body['purpose']),
            remediator: request.remediator,
            source: (request.body['trigger'] as { by?: string } | undefined)?.by === 'sweep' ? 'backlog' : 'events',
          });
        if (begun.status === 'begun' && request.resume !== undefined) leases.delete(begun.lease.execution);
        return begun;
      }),
    append: (entry) => turn(() => real.append(entry)),
    finish: (request) =>
      turn(async () => {
        const record = await real.finish(request);
        leases.delete(request.lease.execution);
        if (request.hold !== undefined) held.set(`${keyOf(request.resource)} ${request.remediator}`, request.hold.until);
        return record;
      }),
    open: () => real.open(),
    approvals: () => real.approvals(),
    standing: () => real.standing(),
    trackRecord: (query) => turn(() => real.trackRecord(query)),
    read: (query) => real.read(query),
  };
  async function turn<T>(work: () => Promise<T>): Promise<T> {
    await scheduler.schedule(Promise.resolve());
    if (outage > 0) {
      outage--;
      throw new RedressError('journal/unavailable', 'the store is down', { retryable: true });
    }
    return work();
  }
  const journal = defect === undefined ? sound : defect(sound);

  /** A worker. Its calls to AWS are judged as they are sent. Once it is dead, none of them returns. */
  const engineOf = (me: number) => {
    const alive = async <T>(work: Promise<T>): Promise<T> => {
      const answer = await work.catch((error: unknown) => {
        if (worker.dead.has(me)) return NEVER;
        throw error;
      });
      return worker.dead.has(me) ? NEVER : answer;
    };
    const mine: Journal = {
      kind: journal.kind,
      view: (ref) => alive(journal.view(ref)),
      begin: (request) => alive(journal.begin(request)),
      append: (entry) => alive(journal.append(entry)),
      finish: (request) => alive(journal.finish(request)),
      open: () => alive(journal.open()),
      approvals: () => alive(journal.approvals()),
      standing: () => alive(journal.standing()),
      trackRecord: (query) => alive(journal.trackRecord(query)),
      read: (query) => journal.read(query),
    };
    return createRedress({
      remediators,
      policy: { read: async () => policy() },
      exceptions: { read: async () => register() },
      killSwitch: { read: async () => stop },
      journal: mine,
      clock: {
        now: clock.now,
        sleep: async (milliseconds) => {
          const until = clock.time + milliseconds;
          await scheduler.schedule(Promise.resolve());
          clock.time = Math.max(clock.time, until);
        },
      },
      connect: async (target) => {
        const connection = await account.connect(target);
        return {
          ...connection,
          client: (service) => {
            const client = connection.client?.(service);
            return {
              send: async (command: { input: Record<string, unknown> }) => {
                if (worker.dead.has(me)) return NEVER;
                if (target.access !== 'read') judge(service, command, target);
                const death = deaths.findIndex((at) => at <= calls);
                if (death >= 0) {
                  deaths.splice(death, 1);
                  worker.dead.add(me);
                }
                const sending = client?.send(command) as Promise<never>;
                if (target.access !== 'read' && !reads.test(nameOf(command))) {
                  onTheirWay++;
                  const landed = () => void onTheirWay--;
                  sending.then(landed, landed);
                }
                return alive(sending);
              },
            };
          },
        };
      },
    });
  };

  function judge(service: string, command: { input: Record<string, unknown> }, target: { access: string; account: string }): void {
    const operation = nameOf(command);
    if (reads.test(operation)) return;
    const id = String(command.input['GroupId'] ?? command.input['Bucket'] ?? command.input['logGroupName'] ?? '');
    const index = gaps.findIndex((gap) => gap.ref.id === id);
    const gap = gaps[index];
    const what = `${service}:${operation} ${id} at ${new Date(clock.time).toISOString()}`;
    if (gap === undefined) {
      breaks('foreign', `${what}: of nothing that has a gap`);
      return;
    }
    const lease = [...leases].find(([, each]) => each.resource === keyOf(gap.ref) && each.until > clock.time);
    if (lease === undefined) {
      breaks('intent', what);
      return;
    }
    const [execution, { purpose, remediator, source }] = lease;
    if (target.account !== account.account) breaks('foreign', what);
    if (purpose === 'rollback') return;
    if (stop !== 'none') breaks('stopped', what);
    if (frozen) breaks('frozen', what);
    if (exempt.has(index)) breaks('exempt', what);
    if (!enforce) breaks('unlisted', what);
    if ((held.get(`${keyOf(gap.ref)} ${remediator}`) ?? 0) > clock.time) breaks('held', what);
    writers.set(id, { execution, source });
  }

  const running: Promise<unknown>[] = [];
  const start = (work: (engine: ReturnType<typeof engineOf>) => Promise<unknown>) => {
    const me = ++worker.current;
    running.push(work(engineOf(me)).catch(() => undefined));
  };
  const executions: string[] = [];
  const note = (passes: readonly PassResult[]) => {
    for (const pass of passes) if (pass.execution !== null && pass.outcome === 'remediated' && !pass.duplicate) executions.push(pass.execution);
  };

  /** Lets active workers take some steps. */
  const progress = async (steps: number) => {
    await settle();
    for (let step = 0; step < steps && scheduler.count() > 0; step++) {
      const effects = account.calls.filter((call) => call.effective).length;
      await scheduler.waitNext(1);
      await settle();
      for (const call of account.calls.filter((each) => each.effective).slice(effects)) effect(call);
    }
  };
  const effect = (call: SimulatedAccount['calls'][number]) => {
    const input = call.input as Record<string, unknown>;
    const id = String(input['GroupId'] ?? input['Bucket'] ?? input['logGroupName'] ?? '');
    const index = gaps.findIndex((gap) => gap.ref.id === id);
    const gap = gaps[index];
    if (gap === undefined || call.access !== 'write') return;
    if (fixedAt[index] === made[index]) breaks('once', `${call.service}:${call.operation} ${id} changed twice what was made once`);
    fixedAt[index] = made[index] ?? 0;
    const { execution, source } = writers.get(id) ?? { execution: '', source: '' };
    if (!sent.has(execution)) sent.set(execution, { at: clock.time, source });
    const inWindow = [...sent.values()].filter((each) => each.at > clock.time - HOUR && each.source === source).length;
    if (inWindow > LIMIT) breaks('budget', `${inWindow} executions have changed something in an hour, for ${source}`);
  };

  for (const each of happenings) {
    switch (each.do) {
      case 'open': {
        const gap = gaps[each.gap] as MadeGap;
        if (gap.isOpen() && each.gap < 2) break;
        made[each.gap] = (made[each.gap] ?? 0) + 1;
        events.push(gap.open(clock.time));
        break;
      }
      case 'deliver': {
        const event = events[each.event % Math.max(1, events.length)];
        if (event !== undefined) start(async (engine) => note((await engine.handle(event)).results.flatMap((result) => result.passes)));
        break;
      }
      case 'sweep':
        start((engine) => engine.sweep({ targets: [{ account: ACCOUNT, region: REGION }], onPass: (pass) => note([pass]) }));
        break;
      case 'recover':
        start((engine) => engine.recover());
        break;
      case 'fault':
        faults.push({ kind: each.kind, at: calls + each.after });
        break;
      case 'die':
        deaths.push(calls + each.after);
        break;
      case 'journal-down':
        outage = each.for;
        break;
      case 'stop':
        stop = each.on ? 'changes' : 'none';
        break;
      case 'freeze':
        frozen = each.on;
        break;
      case 'exempt':
        if (each.on) exempt.add(each.gap);
        else exempt.delete(each.gap);
        break;
      case 'mode':
        enforce = each.enforce;
        break;
      case 'undo': {
        const gap = gaps[each.gap] as MadeGap;
        if (gap.isOpen() || made[each.gap] === 0) break;
        made[each.gap] = (made[each.gap] ?? 0) + 1;
        events.push(gap.open(clock.time));
        break;
      }
      case 'rollback': {
        const execution = executions.at(-1);
        if (execution !== undefined)
          start(async (engine) => {
            const done = await engine.rollback(execution, { by: 'ops', reason: 'a simulation' });
            const index = indexOf(done.resource, done.remediator);
            if (index >= 0) made[index] = (made[index] ?? 0) + 1;
          });
        break;
      }
      case 'approve': {
        const [waiting] = await real.approvals();
        if (waiting !== undefined)
          start(async (engine) => note(await engine.approve(waiting.id, { by: { name: LEAD, verified: true }, reason: 'a simulation' })));
        break;
      }
      case 'wait':
        while (onTheirWay > 0 && scheduler.count() > 0) await progress(1);
        clock.time += each.minutes * 60_000;
        break;
    }
    await progress(6);
  }

  // The storm is over. Live workers finish, the leases of dead ones expire, and a sweep does the rest.
  [stop, frozen, enforce, outage, faults, deaths] = ['none', false, true, 0, [], []];
  await progress(100_000);
  clock.time += 15 * 60_000;
  for (let round = 0; round < 3; round++) {
    start(async (engine) => {
      await engine.recover();
      for (const breaker of (await real.view(gaps[0]?.ref as MadeGap['ref'])).breakers)
        await engine.closeBreaker(breaker.remediator, { account: ACCOUNT }, { by: 'ops', reason: 'over' });
      await engine.sweep({ targets: [{ account: ACCOUNT, region: REGION }], restart: true });
    });
    await progress(100_000);
    clock.time += 2 * HOUR;
  }
  for (const problem of await journalProblems(real)) breaks(problem.includes('is open') || problem.includes('no outcome') ? 'closed' : 'evidence', problem);
  for (const [index, gap] of gaps.entries()) {
    if (made[index] === 0 || !gap.isOpen()) continue;
    let last: string | null = null;
    for await (const { record } of real.read({ resource: gap.ref }))
      if (record.kind === 'decision' && record.remediator === KINDS[index]) last = String(record.body['outcome']);
    // A gap that the journal keeps open counts too: AWS may briefly have said that the resource is gone, and then a worker had nothing to do.
    const stands = (await real.view(gap.ref)).gaps.filter(({ remediator }) => remediator === KINDS[index]).map(({ outcome }) => outcome);
    if (![last, ...stands].some((each) => ['exempt', 'awaiting-approval', 'notified', 'contested', 'denied'].includes(each ?? '')))
      breaks('done', `${KINDS[index]}: ${gap.ref.id} is open, and the journal says ${last ?? 'nothing'}`);
  }
  return { broken, changes: account.calls.filter((call) => call.write && call.effective).length, executions: sent.size };
}

/** Lets everything run until its next wait. */
async function settle(): Promise<void> {
  for (let i = 0; i < 40; i++) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
}

/** The result of a campaign of histories. */
export interface SimulationReport {
  readonly seed: number;
  readonly histories: number;
  readonly changes: number;
  readonly invariants: number;
  readonly broken: readonly { readonly invariant: Invariant; readonly means: string; readonly why: string }[];
  /** The shortest history that breaks an invariant, and how to run it again. */
  readonly counterexample: { readonly seed: number; readonly path: string; readonly happenings: readonly unknown[] } | null;
}

/** Loads everything that the engine loads lazily, by running it on an empty account. */
async function loadEngine(): Promise<void> {
  const clock = virtualClock();
  const account = simulatedAccount({ clock });
  const engine = createRedress({ remediators: writing, policy: enforcing(writing), journal: memoryJournal({ clock }), connect: account.connect, clock });
  await Promise.allSettled([
    engine.sweep({ targets: [{ account: ACCOUNT, region: REGION }] }),
    engine.recover(),
    engine.rollback('x-none', { by: 'ops', reason: 'a simulation' }),
    engine.approve('a-none', { by: { name: LEAD, verified: true }, reason: 'a simulation' }),
  ]);
  engine.close();
}

/** Runs this many histories. */
export async function simulation(options: {
  readonly histories: number;
  readonly seed?: number;
  readonly path?: string;
  readonly defect?: (journal: Journal) => Journal;
  /** Whether failing histories are shrunk as far as possible; default true. */
  readonly shrink?: boolean;
}): Promise<SimulationReport> {
  const seed = options.seed ?? 20_261_124;
  let [histories, changes] = [0, 0];
  // The scheduler decides what comes next, and it does not know about a module that is being loaded.
  for (const { uses } of writing) for (const { service } of [...uses.reads, ...uses.writes, ...uses.undoes]) await service.sdk();
  await loadEngine();
  // Not a scheduler itself: shrinking makes a copy of it for each try, and copies share one random source. A history that is run again by its path would then
  // be in another order.
  const order = fc.noShrink(fc.nat());
  const property = fc.asyncProperty(fc.array(happening, { minLength: 1, maxLength: 25, size: 'max' }), order, async (happenings, drawn) => {
    const scheduler = fc.sample(fc.scheduler(), { numRuns: 1, seed: drawn })[0] as fc.Scheduler;
    const history = await simulate(happenings, scheduler, options.defect);
    histories++;
    changes += history.changes;
    if (history.broken.length > 0) throw new Broken(history.broken);
  });
  const details = await fc.check(property, {
    numRuns: options.histories,
    seed,
    ...(options.path === undefined ? {} : { path: options.path }),
    endOnFailure: options.shrink === false,
  });
  const error = details.errorInstance;
  const broken =
    error instanceof Broken
      ? error.broken
      : error === null || error === undefined
        ? []
        : [{ invariant: 'evidence' as const, why: String((error as Error).stack ?? error) }];
  return {
    seed,
    histories,
    changes,
    invariants: Object.keys(INVARIANTS).length,
    broken: broken.map((each) => ({ ...each, means: INVARIANTS[each.invariant] })),
    counterexample: details.failed
      ? { seed: details.seed, path: details.counterexamplePath ?? '', happenings: (details.counterexample?.[0] ?? []) as unknown[] }
      : null,
  };
}

class Broken extends Error {
  readonly broken: History['broken'];
  constructor(broken: History['broken']) {
    super(broken.map(({ invariant, why }) => `${invariant}: ${why}`).join('; '));
    this.broken = broken;
  }
}
