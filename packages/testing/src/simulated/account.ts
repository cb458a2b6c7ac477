import { type Clock, type Connect, isReadOperation } from '@redress/core';
import { services as builtin } from './services.js';
import { type AccountState, copied, emptyAccount, type Operation, restore, SimulatedError } from './state.js';

/** Faults that may be injected into a call in a simulated account. */
export const DISTURBANCES = ['throttled', 'server', 'denied', 'lost', 'lost-before', 'stale', 'gone'] as const;
/**
 * One of {@link DISTURBANCES}. `lost`: the call has its effect, but its reply never arrives. `lost-before`: the call itself never arrives.
 * `stale`: the call reads the state before the last write. `gone`: the call does not find the resource.
 */
export type Disturbance = (typeof DISTURBANCES)[number];

/** A call as the simulated account received it. */
export interface SimulatedCall {
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
  readonly write: boolean;
  readonly region: string;
  /** Access of the calling role: read, write or rollback; `other` for {@link SimulatedAccount.act}. */
  readonly access: string;
  /** The fault that was injected; null if there was none. */
  readonly disturbed: Disturbance | null;
  /** Whether it changed the account. */
  readonly effective: boolean;
}

/** Options of {@link simulatedAccount}. */
export interface SimulatedAccountOptions {
  /** Default `111111111111`. */
  readonly account?: string;
  readonly clock: Clock;
  /** Your own operations, by service. They work on `state.custom`, and return what the SDK would, or throw a {@link SimulatedError}. */
  readonly services?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  /** Called before each call of an engine; default: no fault. Calls are numbered as they arrive, also concurrent ones. */
  readonly disturb?: (call: Pick<SimulatedCall, 'service' | 'operation' | 'write' | 'access'> & { readonly index: number }) => Disturbance | null;
  /** Awaited before each call of an engine: a scheduler's turn, latency, or an action of someone else. */
  readonly turn?: (name: string, index: number) => Promise<void>;
  /** Awaited after a call was carried out, before its reply: latency, or a worker that dies. */
  readonly after?: (name: string, index: number) => Promise<void>;
}

/** An account in this process; see {@link simulatedAccount}. */
export interface SimulatedAccount {
  readonly account: string;
  readonly connect: Connect;
  /** The current state of the account. */
  readonly state: AccountState;
  /** Calls of engines, in the order of arrival. */
  readonly calls: readonly SimulatedCall[];
  /** Acts as someone else: no fault is injected, and the call is not in `calls`. */
  act(service: string, operation: string, input: object, region?: string): Record<string, unknown>;
}

const FAILURES: Readonly<Record<Exclude<Disturbance, 'stale' | 'lost' | 'gone'>, () => SimulatedError>> = {
  throttled: () => new SimulatedError('ThrottlingException', 400, 'Rate exceeded'),
  server: () => new SimulatedError('InternalError', 500),
  denied: () => new SimulatedError('AccessDenied', 403),
  'lost-before': () => new SimulatedError('TimeoutError', undefined),
};
const GONE: Readonly<Record<string, string>> = {
  ec2: 'InvalidGroup.NotFound',
  s3: 'NoSuchBucket',
  s3control: 'NoSuchPublicAccessBlockConfiguration',
  iam: 'NoSuchEntityException',
  logs: 'ResourceNotFoundException',
};

/**
 * An AWS account in this process: EC2, S3, IAM and CloudWatch Logs, as far as the remediators use them. It is deterministic: the same calls
 * return the same responses and IDs. It replaces the SDK below its commands, so a remediator runs on it unchanged. There is no HTTP, so
 * thousands of runs take a minute. The tests of this package compare its responses with an emulator, call by call.
 *
 * @example
 * const clock = fakeClock();
 * const account = simulatedAccount({ clock, disturb: ({ index }) => (index === 3 ? 'lost' : null) });
 * account.act('s3', 'CreateBucket', { Bucket: 'invoices' });
 * const redress = createRedress({ remediators, policy, journal: memoryJournal({ clock }), connect: account.connect, clock });
 */
export function simulatedAccount(options: SimulatedAccountOptions): SimulatedAccount {
  const { save: _, resume: __, ...account } = resumableAccount(options);
  return account;
}

/** A simulated account at a moment, as plain data. */
export interface SavedAccount {
  readonly state: AccountState;
  readonly before: AccountState;
  readonly calls: readonly SimulatedCall[];
  readonly asked: number;
}

/** A {@link simulatedAccount} that can be saved, and that continues where another one was saved. */
export function resumableAccount(options: SimulatedAccountOptions): SimulatedAccount & { save(): SavedAccount; resume(saved: SavedAccount): void } {
  const { account = '111111111111', clock, disturb = () => null, turn = async () => undefined, after = async () => undefined, services = {} } = options;
  const state = emptyAccount();
  let before: AccountState = emptyAccount();
  const calls: SimulatedCall[] = [];
  let asked = 0;

  const carryOut = (on: AccountState, service: string, operation: string, input: object, region: string): Record<string, unknown> => {
    const work = services[service]?.[operation] ?? builtin[service]?.[operation];
    if (work === undefined) throw new SimulatedError('InvalidAction', 400, `The simulated account has no ${service}:${operation}.`);
    const answer = work(on, copied(input) as never, { account, region, now: clock.now() });
    return copied(answer) as Record<string, unknown>;
  };
  /** A write that fails leaves everything as it was. */
  const changing = (service: string, operation: string, input: object, region: string): Record<string, unknown> => {
    const snapshot = copied(state);
    try {
      const answer = carryOut(state, service, operation, input, region);
      before = snapshot;
      return answer;
    } catch (error) {
      restore(state, snapshot);
      throw error;
    }
  };

  const send = async (service: string, operation: string, input: object, region: string, access: string): Promise<unknown> => {
    const write = !isReadOperation(operation);
    const index = asked++;
    await turn(`${service}:${operation}`, index);
    const disturbed = disturb({ service, operation, write, access, index });
    const note = (effective: boolean) => calls.push({ service, operation, input: copied(input), write, region, access, disturbed, effective });
    if (disturbed === 'gone' || (disturbed !== null && disturbed !== 'stale' && disturbed !== 'lost')) {
      note(false);
      throw disturbed === 'gone' ? new SimulatedError(GONE[service] ?? 'NotFound', 404) : FAILURES[disturbed]();
    }
    let answer: Record<string, unknown>;
    try {
      answer = write ? changing(service, operation, input, region) : carryOut(disturbed === 'stale' ? before : state, service, operation, input, region);
    } catch (error) {
      note(false);
      throw error;
    }
    note(write);
    await after(`${service}:${operation}`, index);
    if (disturbed === 'lost') throw new SimulatedError('ECONNRESET', undefined);
    return { ...answer, $metadata: { httpStatusCode: 200, requestId: `sim-${calls.length}` } };
  };

  return {
    account,
    state,
    calls,
    save: () => ({ state: copied(state), before: copied(before), calls: [...calls], asked }),
    resume(saved) {
      restore(state, saved.state);
      before = copied(saved.before);
      calls.splice(0, calls.length, ...saved.calls);
      asked = saved.asked;
    },
    act: (service, operation, input, region = 'us-east-1') =>
      isReadOperation(operation) ? carryOut(state, service, operation, input, region) : changing(service, operation, input, region),
    connect: async ({ account: wanted, region, access }) => ({
      config: {},
      identity: async () => ({ account, arn: `arn:aws:sts::${account}:assumed-role/Redress/${access}-${wanted}` }),
      client: (service) => ({
        send: (command) =>
          send(service, command.constructor.name.replace(/Command$/, ''), (command as unknown as { input: object }).input, region, access) as Promise<never>,
      }),
    }),
  };
}
