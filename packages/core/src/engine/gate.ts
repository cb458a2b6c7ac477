import type { Lease } from '../journal.js';
import { isRedressError, RedressError } from '../model/errors.js';
import { canonicalJson } from '../model/json.js';
import type { ApiCall } from '../model/plan.js';
import { GLOBAL_REGION, type Partition, type ResourceRef } from '../model/resource.js';
import type { Clock, Connect, Connection, ConnectTarget, Identity } from '../ports.js';
import type { Remediator } from '../remediator/define.js';
import type { OperationUse, SdkClient, ServiceRuntime } from '../remediator/service.js';
import { type AwsFailure, awsError, classifyAwsError } from './aws-errors.js';

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

/** What was read for one pass over a resource; forgotten when something is changed, or time goes by. */
export class SharedReads {
  readonly #replies = new Map<string, unknown>();

  /**
   * Everyone gets a copy: a remediator that sorts a reply in place must not sort it for another. A failure is not kept, as the next may do
   * better, and neither is what cannot be copied (a stream).
   */
  async once(question: string, ask: () => Promise<unknown>): Promise<unknown> {
    if (this.#replies.has(question)) return structuredClone(this.#replies.get(question));
    const reply = await ask();
    try {
      this.#replies.set(question, structuredClone(reply));
    } catch {
      this.#replies.delete(question);
    }
    return reply;
  }

  forget(): void {
    this.#replies.clear();
  }
}

/** Reply to a writing call. */
export type WriteReply =
  | { readonly ok: true; readonly response: unknown; readonly requestId: string | null }
  | { readonly ok: false; readonly failure: AwsFailure };

/** What the gate needs to know to let a write through. */
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
/** A write may take this long; less than that before lease or deadline, and it is not begun. */
const WRITE_BUDGET = 10_000;

const HOME: Readonly<Record<Partition, string>> = { aws: 'us-east-1', 'aws-cn': 'cn-north-1', 'aws-us-gov': 'us-gov-west-1' };

/** Where the API of a resource answers. */
export function apiRegion(ref: Pick<ResourceRef, 'region' | 'partition'>): string {
  return ref.region === GLOBAL_REGION ? HOME[ref.partition] : ref.region;
}

/**
 * The one way to AWS: every call, reads too, passes here. It asks: declared? right account? intent open? time left?
 * There is no other place that holds a client.
 */
export class Gate {
  readonly #connect: Connect;
  readonly #clock: Clock;
  readonly #onCall: (trace: CallTrace) => void;
  readonly #connections = new Map<string, Promise<{ connection: Connection; clients: Map<string, SdkClient> }>>();

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
      return await (await this.#connection(target)).connection.identity();
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
    remediator: Remediator,
    ref: Pick<ResourceRef, 'account' | 'region' | 'partition'>,
    access: ConnectTarget['access'],
    deadline: number | null,
    shared: SharedReads | null = null,
  ): never {
    const target: ConnectTarget = { partition: ref.partition, account: ref.account, region: apiRegion(ref), access };
    const aws: Record<string, Record<string, (input: object) => Promise<unknown>>> = {};
    for (const use of remediator.uses.reads) {
      const functions = aws[use.service.id] ?? {};
      aws[use.service.id] = functions;
      for (const operation of use.operations) {
        const ask = async (input: object): Promise<unknown> => {
          const binding = use.service.operations.get(operation);
          const name = `${use.service.id}:${operation}`;
          if (binding?.access !== 'read') throw new RedressError('gate/undeclared', `${remediator.id}: ${name} is not a declared read.`);
          if (deadline !== null && this.#clock.now() >= deadline) throw new RedressError('gate/no-time-left', `No time left for ${name}.`, { retryable: true });
          const client = await this.#client(use.service, target, READ_ATTEMPTS);
          try {
            const output = (await client.send(new binding.command(input))) as { $metadata?: { requestId?: string } };
            this.#trace(use.service, operation, 'read', target, output.$metadata?.requestId ?? null, null);
            return output;
          } catch (error) {
            const failure = classifyAwsError(error);
            this.#trace(use.service, operation, 'read', target, failure.requestId, failure);
            throw awsError(name, failure, error);
          }
        };
        functions[operation] =
          shared === null ? ask : (input) => shared.once(canonicalJson({ ...target, service: use.service.id, operation, input }), () => ask(input));
      }
      Object.freeze(functions);
    }
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
    const declared = find(purpose === 'fix' ? remediator.uses.writes : remediator.uses.undoes, call);
    const binding = declared?.operations.get(call.operation);
    if (declared === undefined || binding?.access !== 'write') {
      throw new RedressError('gate/undeclared', `${remediator.id} does not declare ${name} among its ${purpose === 'fix' ? 'writes' : 'undoes'}.`, {
        next: 'Declare it in `uses`, so that IAM policy and review know of it.',
      });
    }
    const target: ConnectTarget = { partition: ref.partition, account: ref.account, region: apiRegion(ref), access: purpose === 'fix' ? 'write' : 'rollback' };
    const client = await this.#client(declared, target, 1);
    await context.recheck();
    // Time is checked last: everything above may have taken some.
    const now = this.#clock.now();
    if (now + WRITE_BUDGET > context.lease.until)
      throw new RedressError('gate/intent-not-open', `The lease of ${context.lease.execution} ends too soon for ${name}.`, { retryable: true });
    if (context.deadline !== null && now + WRITE_BUDGET > context.deadline)
      throw new RedressError('gate/no-time-left', `Not enough time left for ${name}.`, { retryable: true });
    try {
      const response = (await client.send(new binding.command(structuredClone(call.input)), { abortSignal: AbortSignal.timeout(WRITE_BUDGET) })) as {
        $metadata?: { requestId?: string };
      };
      const requestId = response.$metadata?.requestId ?? null;
      this.#trace(declared, call.operation, 'write', target, requestId, null);
      return { ok: true, response, requestId };
    } catch (error) {
      const failure = classifyAwsError(error);
      this.#trace(declared, call.operation, 'write', target, failure.requestId, failure);
      return { ok: false, failure };
    }
  }

  /** Closes every client. */
  close(): void {
    for (const entry of this.#connections.values())
      void entry.then(
        ({ clients }) => {
          for (const client of clients.values()) client.destroy?.();
        },
        () => undefined,
      );
    this.#connections.clear();
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

  #connection(target: ConnectTarget) {
    const key = [target.partition, target.account, target.region, target.access].join('/');
    let entry = this.#connections.get(key);
    if (entry === undefined) {
      entry = this.#connect(target).then((connection) => ({ connection, clients: new Map<string, SdkClient>() }));
      this.#connections.set(key, entry);
      // A failed connection is not kept: the next pass tries again.
      entry.catch(() => this.#connections.delete(key));
    }
    return entry;
  }

  async #client(service: ServiceRuntime, target: ConnectTarget, attempts: number): Promise<SdkClient> {
    const { connection, clients } = await this.#connection(target);
    const identity = await connection.identity();
    if (identity.account !== target.account) {
      throw new RedressError(
        'gate/wrong-account',
        `The credentials are of account ${identity.account}, the resource is in ${target.account}: no call is made.`,
        { next: 'Connect with a role of that account.' },
      );
    }
    const key = `${service.id}/${attempts}`;
    const known = clients.get(key);
    if (known !== undefined) return known;
    const client = connection.client?.(service.id) ?? service.client(connection.config, attempts);
    clients.set(key, client);
    return client;
  }
}

function find(uses: readonly OperationUse[], call: ApiCall): ServiceRuntime | undefined {
  return uses.find((use) => use.service.id === call.service && use.operations.includes(call.operation))?.service;
}
