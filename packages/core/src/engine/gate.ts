import type { Lease } from '../journal.js';
import { isRedressError, RedressError } from '../model/errors.js';
import { canonicalJson, digestOf, type JsonObject, toJson } from '../model/json.js';
import type { ApiCall } from '../model/plan.js';
import { GLOBAL_REGION, type Partition, type ResourceRef } from '../model/resource.js';
import type { Clock, Connect, Connection, ConnectTarget, Identity, TargetExecution } from '../ports.js';
import { holdsMarker } from '../redact.js';
import type { Remediator } from '../remediator/define.js';
import type { CommandClass, OperationUse, SdkClient, ServiceRuntime } from '../remediator/service.js';
import { readsFor } from '../remediator/uses.js';
import { type AwsFailure, awsError, classifyAwsError, isGone } from './aws-errors.js';
import { paceNow, withoutWaits } from './sweep/budget.js';

/** One call as it went over the wire, for counts and evidence. */
export interface CallTrace {
  readonly service: string;
  readonly operation: string;
  readonly access: 'read' | 'write';
  readonly account: string;
  readonly region: string;
  readonly requestId: string | null;
  readonly failure: AwsFailure | null;
}

/** What was read for one pass over a resource. It is forgotten when something is changed, or after some time. */
export class SharedReads {
  /** Replies, also those that are on their way. Another one after each change: a read that was under way when it was made answers into the old one. */
  #replies: Map<string, Promise<unknown>>;

  readonly #most: number;
  readonly #keepsFailures: boolean;

  /**
   * @param other what this one knows, and learns, until either of them forgets it.
   * @param how `most`: how many replies are kept, the newest. `failures`: if failures are kept, later callers are not answered by AWS, but as
   * the first was: for looks that are one.
   */
  constructor(other?: SharedReads, { most = Number.POSITIVE_INFINITY, failures = 'asked again' }: { most?: number; failures?: 'asked again' | 'kept' } = {}) {
    this.#replies = other === undefined ? new Map() : other.#replies;
    this.#most = most;
    this.#keepsFailures = failures === 'kept';
  }

  /**
   * Everyone gets a copy: a remediator that sorts a reply in place must not sort it for another. That there is none is an answer. Another
   * failure is not kept, as the next may do better, and neither is what cannot be copied (a stream). A question that is not JSON (a date, bytes) is
   * asked each time.
   */
  async once(asked: object, ask: () => Promise<unknown>): Promise<unknown> {
    const question = questionOf(asked);
    if (question === null) return ask();
    const replies = this.#replies;
    const earlier = replies.get(question);
    if (earlier !== undefined) {
      const reply = await earlier;
      return reply === UNCOPIED ? ask() : structuredClone(reply);
    }
    const asking = ask();
    const kept = asking.then(copyOf);
    replies.set(question, kept);
    if (replies.size > this.#most) for (const oldest of replies.keys()) if (replies.delete(oldest)) break;
    // Whoever asks next is answered by AWS.
    const drop = () => void (replies.get(question) === kept && replies.delete(question));
    kept.then(
      (reply) => reply === UNCOPIED && drop(),
      (error: unknown) => this.#keepsFailures || isGone(error) || drop(),
    );
    return asking;
  }

  forget(): void {
    this.#replies = new Map();
  }

  /** Forgets what was read before a change. What was read after it is taken instead: its verification has asked what those ask who look next. */
  renew(after: SharedReads | undefined): void {
    this.#replies = after === undefined ? new Map() : new Map(after.#replies);
  }
}

/** Stands for a reply that cannot be copied. */
const UNCOPIED = Symbol('uncopied');

function copyOf(reply: unknown): unknown {
  try {
    return structuredClone(reply);
  } catch {
    return UNCOPIED;
  }
}

/** Reply to a writing call, and who made it. */
export type WriteReply = { readonly caller: string } & (
  | { readonly ok: true; readonly response: unknown; readonly requestId: string | null }
  | { readonly ok: false; readonly failure: AwsFailure }
);

/** Under which credentials a call is made. */
export type As = Pick<ConnectTarget, 'access' | 'execution'>;

/** Outside of an execution nothing is changed. */
export const LOOKING: As = { access: 'read', execution: null };

/** All calls of an execution, its reads too, have its credentials. */
export function inExecution(lease: Pick<Lease, 'execution'>, remediator: Pick<Remediator, 'id'>, ref: ResourceRef, purpose: WriteContext['purpose']): As {
  return { access: purpose === 'fix' ? 'write' : 'rollback', execution: { id: lease.execution, remediator: remediator.id, resource: ref } };
}

/** What the gate needs to know to allow a write. */
export interface WriteContext {
  readonly remediator: Remediator;
  readonly resource: ResourceRef;
  /** `fix` may use the declared writes, `rollback` the declared undoes. */
  readonly purpose: 'fix' | 'rollback';
  readonly lease: Lease;
  /** Epoch milliseconds; null when nothing ends this process. */
  readonly deadline: number | null;
  /** Asked right before the call; throws to stop it. */
  recheck(): Promise<void>;
}

const READ_ATTEMPTS = 5;
/** How many connections, each with its clients, are kept open. */
const MOST_CONNECTIONS = 64;
/** A write may take this long; less than that before lease or deadline, and it is not begun. */
export const WRITE_BUDGET = 10_000;

const HOME: Readonly<Record<Partition, string>> = { aws: 'us-east-1', 'aws-cn': 'cn-north-1', 'aws-us-gov': 'us-gov-west-1' };

/** The region of the API endpoint of a resource. */
export function apiRegion(ref: Pick<ResourceRef, 'region' | 'partition'>): string {
  return ref.region === GLOBAL_REGION ? HOME[ref.partition] : ref.region;
}

/** A connection with its clients, and the execution that asked for it first. */
interface Open {
  readonly execution: string | null;
  readonly connection: Promise<Connection>;
  readonly clients: Map<string, SdkClient>;
}

/**
 * The one way to AWS: every call, reads too, passes here. It asks: declared? right account? intent open? time left?
 * No other place holds a client.
 */
export class Gate {
  readonly #connect: Connect;
  readonly #clock: Clock;
  readonly #onCall: (trace: CallTrace) => void;
  readonly #connections = new Map<string, Open>();
  /** Executions that are under way, with the keys of the connections that they asked for first. */
  readonly #executions = new Map<string, Set<string>>();

  constructor(connect: Connect, clock: Clock, onCall: (trace: CallTrace) => void) {
    this.#connect = connect;
    this.#clock = clock;
    this.#onCall = onCall;
  }

  /**
   * Who the credentials for an account are.
   *
   * @throws {RedressError} what `connect` or STS throws; an error of another kind is classified like one of AWS.
   */
  async identity(target: ConnectTarget): Promise<Identity> {
    try {
      return await (await (await this.#open(target)).connection).identity();
    } catch (error) {
      throw isRedressError(error) ? error : awsError('sts:GetCallerIdentity', classifyAwsError(error), error);
    }
  }

  /**
   * The `aws` object of `observe`: the declared reads and nothing else.
   *
   * @param shared what other remediators have read of the same resource just now: the same question is asked once.
   */
  reads(
    remediator: Pick<Remediator, 'id'> & { readonly uses: Pick<Remediator['uses'], 'reads' | 'finds' | 'decides'> },
    ref: Pick<ResourceRef, 'account' | 'region' | 'partition'>,
    as: As,
    deadline: number | null,
    shared: SharedReads | null = null,
  ): never {
    const { partition, account } = ref;
    // The answer is the same for every caller of the account, so the caller is not part of the question.
    const place = { partition, account, region: apiRegion(ref) };
    const target: ConnectTarget = { ...place, ...as };
    const given = readsFor(remediator.uses, as.access);
    const aws: Record<string, Record<string, (input: object) => Promise<unknown>>> = {};
    for (const use of remediator.uses.reads) {
      const functions = aws[use.service.id] ?? {};
      aws[use.service.id] = functions;
      for (const operation of use.operations) {
        const ask = async (input: object): Promise<unknown> => {
          const binding = use.service.operations.get(operation);
          const name = `${use.service.id}:${operation}`;
          if (binding?.access !== 'read') throw new RedressError('gate/undeclared', `${remediator.id}: ${name} is not a declared read.`);
          // The role that this access stands for was not given it.
          if (!given.some((each) => each.service === use.service && each.operations.includes(operation)))
            throw new RedressError('gate/undeclared', `${remediator.id}: ${name} is not a declared read for a ${as.access}.`);
          if (deadline !== null && this.#clock.now() >= deadline) throw new RedressError('gate/no-time-left', `No time left for ${name}.`, { retryable: true });
          const { client, Command } = await this.#client(use.service, operation, target, READ_ATTEMPTS);
          const pace = paceNow();
          const at = { service: use.service.id, account, region: place.region };
          if (pace !== null) await pace.take(at);
          try {
            const output = (await client.send(new Command(input))) as { $metadata?: { requestId?: string; attempts?: number } };
            // The SDK itself retries throttled calls.
            pace?.came(at, (output.$metadata?.attempts ?? 1) > 1);
            this.#trace(use.service, operation, 'read', target, output.$metadata?.requestId ?? null, null);
            return output;
          } catch (error) {
            const failure = classifyAwsError(error);
            pace?.came(at, failure.code === 'aws/throttled');
            this.#trace(use.service, operation, 'read', target, failure.requestId, failure);
            throw awsError(name, failure, error);
          }
        };
        functions[operation] = (input) =>
          shared === null ? ask(input) : shared.once({ ...place, service: use.service.id, operation, input }, () => ask(input));
      }
    }
    // A service may be named by several uses.
    for (const functions of Object.values(aws)) Object.freeze(functions);
    return Object.freeze(aws) as never;
  }

  /**
   * Sends one writing call, with one attempt.
   *
   * @throws {RedressError} `gate/…` when it may not be sent: nothing was sent then. What AWS answers is returned, not thrown.
   */
  async write(call: ApiCall, context: WriteContext): Promise<WriteReply> {
    const name = `${call.service}:${call.operation}`;
    const { remediator, resource: ref, purpose } = context;
    const { writes, undoes, undoesByPerson = [] } = remediator.uses;
    const declared = find(purpose === 'fix' ? writes : [...undoes, ...undoesByPerson], call);
    if (declared === undefined) {
      throw new RedressError('gate/undeclared', `${remediator.id} does not declare ${name} among its ${purpose === 'fix' ? 'writes' : 'undoes'}.`, {
        next: 'Declare it in `uses`, so that IAM policy and review know of it.',
      });
    }
    // Whatever it comes from: what stands for a secret is never written in its place.
    if (holdsMarker(call.input))
      throw new RedressError('gate/redacted', `${name} would write a redacted secret, and the secret itself is not kept.`, {
        next: 'Make the change by hand.',
      });
    const { partition, account } = ref;
    const target: ConnectTarget = { partition, account, region: apiRegion(ref), ...inExecution(context.lease, remediator, ref, purpose) };
    const { client, caller, Command } = await this.#client(declared, call.operation, target, 1);
    const pace = paceNow();
    const at = { service: declared.id, account, region: target.region };
    if (pace !== null) await pace.take(at);
    await context.recheck();
    // Time is checked last: everything above may have taken some.
    const now = this.#clock.now();
    if (now + WRITE_BUDGET > context.lease.until)
      throw new RedressError('gate/intent-not-open', `The lease of ${context.lease.execution} ends too soon for ${name}.`, { retryable: true });
    if (context.deadline !== null && now + WRITE_BUDGET > context.deadline)
      throw new RedressError('gate/no-time-left', `Not enough time left for ${name}.`, { retryable: true });
    try {
      const response = (await client.send(new Command(structuredClone(tokened(call, context.lease))), {
        abortSignal: AbortSignal.timeout(WRITE_BUDGET),
      })) as {
        $metadata?: { requestId?: string };
      };
      const requestId = response.$metadata?.requestId ?? null;
      this.#trace(declared, call.operation, 'write', target, requestId, null);
      return { ok: true, response, requestId, caller };
    } catch (error) {
      const failure = classifyAwsError(error);
      pace?.came(at, failure.code === 'aws/throttled');
      this.#trace(declared, call.operation, 'write', target, failure.requestId, failure);
      return { ok: false, failure, caller };
    }
  }

  /** Opens what a write will need, before it may be sent. What goes wrong with it is met by the write. */
  async open(call: ApiCall, { remediator, ref, as }: { remediator: Remediator; ref: ResourceRef; as: As }): Promise<void> {
    const declared = find(remediator.uses.writes, call);
    const target: ConnectTarget = { partition: ref.partition, account: ref.account, region: apiRegion(ref), ...as };
    if (declared !== undefined) await this.#client(declared, call.operation, target, 1).catch(() => undefined);
  }

  /** Waits, in a sweep, until calls on a resource may go out: what follows in an execution does not wait any more. */
  async turn(service: string, ref: ResourceRef): Promise<void> {
    await paceNow()?.ready({ service, account: ref.account, region: apiRegion(ref) });
  }

  /** Does the work of an execution. What was connected for it alone is closed after it, and no call of it is made any more. */
  async within<T>({ execution }: Pick<Lease, 'execution'>, work: () => Promise<T>): Promise<T> {
    const keys = new Set<string>();
    this.#executions.set(execution, keys);
    try {
      return await withoutWaits(work);
    } finally {
      this.#executions.delete(execution);
      for (const key of keys) {
        const open = this.#connections.get(key);
        // One that serves all stays.
        if (open?.execution === execution)
          void open.connection.then(
            ({ perExecution }) => {
              if (perExecution === true || key.endsWith(`/${execution}`)) this.#close(key, open);
            },
            () => undefined,
          );
      }
    }
  }

  /** How many are open, for who counts them. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Closes every client. */
  close(): void {
    for (const [key, open] of this.#connections) this.#close(key, open);
  }

  #close(key: string, open: Open): void {
    if (this.#connections.get(key) === open) this.#connections.delete(key);
    for (const client of open.clients.values()) client.destroy?.();
  }

  #trace(
    service: ServiceRuntime,
    operation: string,
    access: 'read' | 'write',
    target: ConnectTarget,
    requestId: string | null,
    failure: AwsFailure | null,
  ): void {
    this.#onCall({ service: service.id, operation, access, account: target.account, region: target.region, requestId, failure });
  }

  /** The connection of the place, where one serves all; else that of the execution. */
  async #open(target: ConnectTarget): Promise<Open> {
    this.#needUnderWay(target.execution);
    const execution = target.execution?.id ?? null;
    const place = [target.partition, target.account, target.region, target.access].join('/');
    const known = this.#connections.get(place);
    if (known !== undefined) this.#asNewest(place, known);
    const first = known ?? this.#made(place, target);
    if (first.execution === execution) return first;
    // That another could not be connected says nothing of this one.
    const { perExecution } = await first.connection.catch(() => ({ perExecution: true }));
    if (perExecution !== true) return first;
    // It may have ended meanwhile: what is made for it now nobody would close.
    this.#needUnderWay(target.execution);
    const own = `${place}/${execution ?? ''}`;
    return this.#connections.get(own) ?? this.#made(own, target);
  }

  /** What was not used for the longest time is closed, unless its execution is under way: whoever sweeps an organisation comes to thousands of places. */
  #asNewest(key: string, open: Open): void {
    this.#connections.delete(key);
    this.#connections.set(key, open);
    if (this.#connections.size <= MOST_CONNECTIONS) return;
    for (const [oldest, each] of this.#connections) {
      if (each === open || (each.execution !== null && this.#executions.has(each.execution))) continue;
      this.#close(oldest, each);
      return;
    }
  }

  #made(key: string, target: ConnectTarget): Open {
    const execution = target.execution?.id ?? null;
    const open: Open = { execution, connection: this.#connect(target), clients: new Map() };
    this.#asNewest(key, open);
    if (execution !== null) this.#executions.get(execution)?.add(key);
    // A failed connection is not kept: the next pass tries again.
    open.connection.catch(() => {
      if (this.#connections.get(key) === open) this.#connections.delete(key);
    });
    return open;
  }

  /** What goes on after an execution has ended, a read that nobody waits for, must not connect for it again. */
  #needUnderWay(execution: TargetExecution | null): void {
    if (execution !== null && !this.#executions.has(execution.id))
      throw new RedressError('gate/intent-not-open', `Execution ${execution.id} is not in progress: its calls are not made.`);
  }

  async #client(
    service: ServiceRuntime,
    operation: string,
    target: ConnectTarget,
    attempts: number,
  ): Promise<{ client: SdkClient; caller: string; Command: CommandClass }> {
    const sdk = await service.sdk();
    const Command = sdk.command(operation);
    const open = await this.#open(target);
    const connection = await open.connection;
    const identity = await connection.identity();
    if (identity.account !== target.account) {
      throw new RedressError(
        'gate/wrong-account',
        `The credentials belong to account ${identity.account}, the resource is in ${target.account}: no call is made.`,
        { next: 'Connect with a role of that account.' },
      );
    }
    this.#needUnderWay(target.execution);
    const key = `${service.id}/${attempts}`;
    const client = open.clients.get(key) ?? connection.client?.(service.id) ?? sdk.client(connection.config, attempts);
    open.clients.set(key, client);
    return { client, caller: identity.arn, Command };
  }
}

/** The same call of the same execution has the same token, so that sent twice it acts once; another execution has another. */
function tokened({ service, operation, input, retry }: ApiCall, { execution }: Lease): JsonObject {
  if (retry !== 'client-token') return input;
  const hex = digestOf({ execution, service, operation, input }).slice('sha256:'.length);
  const token = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
  return { ...input, ClientToken: token };
}

/** Identifies a question; null for what is not JSON. */
function questionOf(asked: object): string | null {
  try {
    return canonicalJson(toJson(asked));
  } catch {
    return null;
  }
}

/** The service of a call, if it is declared, and bound as one that writes. */
function find(uses: readonly OperationUse[], { service, operation }: ApiCall): ServiceRuntime | undefined {
  const use = uses.find((each) => each.service.id === service && each.operations.includes(operation));
  return use?.service.operations.get(operation)?.access === 'write' ? use.service : undefined;
}
