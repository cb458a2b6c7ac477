// The rules of the journal, over any storage that can do one thing exclusively: read streams and append to them.
import { randomBytes } from 'node:crypto';
import {
  type AppendRequest,
  type Approval,
  type BeginRequest,
  type BeginResult,
  type Budget,
  breakerOf,
  type Clock,
  canonicalJson,
  type Digest,
  digestText,
  type Entry,
  type EvidenceRecord,
  type FinishRequest,
  isRecord,
  type Journal,
  type Json,
  type JsonObject,
  type Lease,
  type OpenExecution,
  OUTCOMES,
  type RecordKind,
  type RecordQuery,
  type RecordRef,
  RedressError,
  type ResourceRef,
  resource,
  type StoredRecord,
  type StreamView,
  streamOf,
  type TrackedExecution,
  toJson,
} from '@redress/core';
import { emptyState, nextLine, readLine, type StreamState, viewOf } from './chain.js';

/** Kinds that need no lease. */
const FREE_KINDS: readonly RecordKind[] = ['decision', 'duplicate', 'approval', 'sweep', 'breaker'];

/** Where streams and documents are. Everything in `exclusive` happens at once, as far as anyone else can tell. */
export interface Storage {
  exclusive<T>(work: (access: Access) => T): Promise<T>;
  close(): Promise<void>;
}

/** What can be done while nobody else does anything. */
export interface Access {
  /** A stream's state; verified. */
  state(stream: Digest): StreamState;
  /** A stream's lines. */
  lines(stream: Digest): readonly string[];
  /** Durable when it returns. */
  append(stream: Digest, line: string, record: EvidenceRecord, after: StreamState): void;
  /** Durable when it returns; the same text is kept once. */
  put(digest: Digest, text: string): void;
  get(digest: Digest): string | null;
  streams(): readonly Digest[];
  streamOfExecution(execution: string): Digest | null;
  openExecutions(): readonly OpenExecution[];
  /** Streams in which something waits, or waited, for a person. */
  withApprovals(): readonly Digest[];
  /** Streams in which a remediator has executed something. */
  withExecutions(remediator: string): readonly { readonly stream: Digest; readonly resource: ResourceRef }[];
  /** Executions begun after a time that are open or have sent something, by a budget's key. */
  spent(key: string, since: number): number;
}

/** A journal over a storage. */
export class ChainJournal implements Journal {
  readonly kind: string;
  readonly #storage: Storage;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(kind: string, storage: Storage, clock: Pick<Clock, 'now'>) {
    this.kind = kind;
    this.#storage = storage;
    this.#clock = clock;
  }

  async view(ref: ResourceRef): Promise<StreamView> {
    const stream = streamOf(resource(ref));
    return this.#storage.exclusive((access) => viewOf(access.state(stream), access.state(streamOf(breakerOf(ref))).breakers));
  }

  async begin(request: BeginRequest): Promise<BeginResult> {
    const entry = checked(request);
    if (!(request.lease > 0)) throw invalid('a lease of no time');
    const stream = streamOf(request.resource);
    return this.#storage.exclusive((access): BeginResult => {
      const now = this.#clock.now();
      const state = access.state(stream);
      const fence = state.fence + 1;
      const until = now + request.lease;
      if (request.resume !== undefined) {
        if (state.open === null || state.open.execution !== request.resume) return { status: 'stale', generation: state.generation };
        if (state.open.leaseUntil > now) return { status: 'busy', open: state.open };
        const record = write(access, state, 'lease', request.resume, entry, { fence, leaseUntil: until }, now);
        return { status: 'begun', lease: { execution: request.resume, fence, until }, record };
      }
      if (state.open !== null) return { status: 'busy', open: state.open };
      const stale = { status: 'stale', generation: state.generation } as const;
      if (state.generation !== request.generation) return stale;
      if (request.breaker !== 'ignored' && access.state(streamOf(breakerOf(request.resource))).breakers.some((each) => each.remediator === request.remediator))
        return stale;
      if (request.approval !== undefined && !usable(state, request.approval, request, now)) return stale;
      for (const budget of request.budgets) {
        const used = access.spent(budget.key, now - budget.window);
        if (used >= budget.changes) return { status: 'over-budget', budget, used };
      }
      const execution = executionId(now);
      const budgets = request.budgets.map(({ key, changes, window }: Budget) => ({ key, changes, window }));
      const record = write(
        access,
        state,
        'intent',
        execution,
        entry,
        {
          fence,
          leaseUntil: until,
          planDigest: request.planDigest,
          budgets,
          ...(request.approval === undefined ? {} : { approval: request.approval }),
        },
        now,
      );
      return { status: 'begun', lease: { execution, fence, until }, record };
    });
  }

  async append(request: AppendRequest): Promise<RecordRef> {
    const entry = checked(request);
    const stream = streamOf(request.resource);
    return this.#storage.exclusive((access) => {
      const state = access.state(stream);
      if (request.kind === 'call') {
        held(state, request.lease);
        return write(access, state, 'call', request.lease.execution, entry, { fence: request.lease.fence }, this.#clock.now());
      }
      if (!FREE_KINDS.includes(request.kind)) throw invalid(`a record of kind ${String((request as { kind: unknown }).kind)}`);
      return write(access, state, request.kind, request.execution ?? null, entry, null, this.#clock.now());
    });
  }

  async finish(request: FinishRequest): Promise<RecordRef> {
    const entry = checked(request);
    if (!OUTCOMES.includes(request.outcome)) throw invalid(`the outcome ${JSON.stringify(request.outcome)}`);
    if (!Number.isSafeInteger(request.sent) || request.sent < 0) throw invalid('a number of calls that is none');
    const stream = streamOf(request.resource);
    return this.#storage.exclusive((access) => {
      const state = access.state(stream);
      held(state, request.lease);
      const own: JsonObject = {
        fence: request.lease.fence,
        outcome: request.outcome,
        sent: request.sent,
        ...(request.hold === undefined ? {} : { hold: { until: request.hold.until, owner: request.hold.owner } }),
      };
      return write(access, state, 'outcome', request.lease.execution, entry, own, this.#clock.now());
    });
  }

  async open(): Promise<readonly OpenExecution[]> {
    return this.#storage.exclusive((access) => [...access.openExecutions()].sort((a, b) => a.begunAt - b.begunAt));
  }

  async approvals(): Promise<readonly Approval[]> {
    return this.#storage.exclusive((access) =>
      access
        .withApprovals()
        .flatMap((stream) => access.state(stream).approvals)
        .filter((each) => each.usedBy === null)
        .sort((a, b) => a.requestedAt - b.requestedAt),
    );
  }

  async trackRecord({ remediator, accounts }: { readonly remediator: string; readonly accounts: readonly string[] }): Promise<readonly TrackedExecution[]> {
    return this.#storage.exclusive((access) =>
      access
        .withExecutions(remediator)
        .flatMap(({ stream, resource: where }) => {
          if (!accounts.includes(where.account)) return [];
          const { closed } = access.state(stream);
          const back = new Set(closed.filter((each) => each.outcome === 'rolled-back').map((each) => each.rollbackOf));
          return closed
            .filter((each) => each.remediator === remediator)
            .map((each): TrackedExecution => ({ ...each, resource: where, rolledBack: back.has(each.execution) }));
        })
        .sort((a, b) => b.closedAt - a.closedAt),
    );
  }

  async *read(query: RecordQuery): AsyncIterable<StoredRecord> {
    const streams = await this.#storage.exclusive((access): readonly Digest[] => {
      if ('resource' in query) return [streamOf(resource(query.resource))];
      if ('all' in query) return access.streams();
      const stream = access.streamOfExecution(query.execution);
      if (stream === null)
        throw new RedressError('journal/not-found', `There is no execution ${query.execution}.`, { next: '`redress history` lists executions.' });
      return [stream];
    });
    for (const stream of streams) {
      const records = await this.#storage.exclusive((access) => readStream(access, stream, 'execution' in query ? query.execution : null));
      yield* records;
    }
  }

  async close(): Promise<void> {
    await this.#storage.close();
  }
}

function readStream(access: Access, stream: Digest, execution: string | null): StoredRecord[] {
  const found: StoredRecord[] = [];
  let state = emptyState(stream);
  for (const [index, line] of access.lines(stream).entries()) {
    const read = readLine(state, line);
    if (!read.ok) throw corrupt(stream, index + 1, read.problem.message);
    state = read.state;
    // A duplicate names an execution, but is no part of it.
    if (execution !== null && (read.record.execution !== execution || read.record.kind === 'duplicate')) continue;
    const documents: Record<string, Json> = {};
    for (const [name, digest] of Object.entries(read.record.blobs)) {
      const text = access.get(digest);
      if (text === null) continue;
      if (digestText(text) !== digest) throw corrupt(stream, index + 1, `its document ${name} was changed`);
      documents[name] = JSON.parse(text) as Json;
    }
    found.push({ stream, seq: read.record.seq, digest: read.digest, record: read.record, documents });
  }
  return found;
}

/** The error for a stream that does not verify. */
export function corrupt(stream: Digest, seq: number, why: string): RedressError {
  return new RedressError('journal/corrupt', `Record ${seq} of stream ${stream}: ${why}`, {
    next: 'Run `redress evidence verify`, and do not change anything in the journal.',
  });
}

function invalid(what: string): RedressError {
  return new RedressError('journal/invalid', `The journal does not take ${what}.`);
}

interface Checked {
  readonly resource: ResourceRef;
  readonly remediator: string;
  readonly body: JsonObject;
  readonly texts: readonly (readonly [name: string, digest: Digest, text: string])[];
}

/** Everything that can be refused is refused before anything is written. */
function checked(entry: Entry): Checked {
  if (!isRecord(entry.body)) throw invalid('a body that is no object');
  if (Object.hasOwn(entry.body, 'journal')) throw invalid('a body with its own member `journal`');
  if (typeof entry.remediator !== 'string' || entry.remediator === '') throw invalid('an entry without remediator');
  const texts = Object.entries(entry.documents ?? {}).map(([name, document]) => {
    const text = canonicalJson(document);
    return [name, digestText(text), text] as const;
  });
  return { resource: resource(entry.resource), remediator: entry.remediator, body: toJson(entry.body), texts };
}

/** Approved, not used, not run out, and of this plan. */
function usable(state: StreamState, id: string, { planDigest, remediator }: BeginRequest, now: number): boolean {
  const found = state.approvals.find((each) => each.id === id);
  return (
    found !== undefined &&
    found.verdict === 'approved' &&
    found.usedBy === null &&
    found.expires > now &&
    found.planDigest === planDigest &&
    found.remediator === remediator
  );
}

function held(state: StreamState, lease: Lease): void {
  if (state.open === null || state.open.execution !== lease.execution || state.open.fence !== lease.fence) {
    throw new RedressError('journal/lost-lease', `Execution ${lease.execution} is not held under fence ${lease.fence} any more.`, {
      next: 'Another worker closed it or took it over; look at the resource again.',
    });
  }
}

function write(access: Access, state: StreamState, kind: RecordKind, execution: string | null, entry: Checked, own: JsonObject | null, now: number): RecordRef {
  const blobs: Record<string, Digest> = {};
  // Documents first, so that no record points at nothing.
  for (const [name, digest, text] of entry.texts) {
    access.put(digest, text);
    blobs[name] = digest;
  }
  const next = nextLine(
    state,
    { kind, execution, resource: entry.resource, remediator: entry.remediator, body: own === null ? entry.body : { ...entry.body, journal: own }, blobs },
    now,
  );
  const read = readLine(state, next.line);
  // What the verifier would refuse is not written in the first place.
  if (!read.ok) throw new RedressError('journal/invalid', `The record would not verify: ${read.problem.message}`);
  access.append(state.stream, next.line, next.record, read.state);
  return { stream: state.stream, seq: next.record.seq, digest: next.digest };
}

/** Sortable by time, and unique: `x-` with the time and 80 random bits. */
function executionId(now: number): string {
  return `x-${now.toString(36).padStart(9, '0')}-${randomBytes(10).toString('hex')}`;
}
