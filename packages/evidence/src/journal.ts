// The rules of the journal, over any storage that can do one thing exclusively: read streams and append to them.
import {
  type AppendRequest,
  type Approval,
  type BeginRequest,
  type BeginResult,
  breakerOf,
  type Clock,
  type Digest,
  digestText,
  type EvidenceRecord,
  type FinishRequest,
  type Journal,
  type Json,
  type OpenExecution,
  type RecordQuery,
  type RecordRef,
  RedressError,
  type ResourceRef,
  resource,
  type StoredRecord,
  type StreamView,
  streamOf,
  type TrackedExecution,
} from '@redress/core';
import { type StreamState, viewOf } from './chain.js';
import { approvalsOf } from './deeds.js';
import { appending, beginning, type Checked, checked, checkFinish, corrupt, type Draft, finishing, inTurn, invalid, type Verified, written } from './rules.js';
import { standingIn } from './standing.js';

/** Access to streams and documents. Everything in `exclusive` is atomic for all others. */
export interface Storage {
  /** Keeps documents; durable when it resolves. Equal texts are kept once. A document that no record names does no harm. */
  keep(documents: Checked['texts']): Promise<void>;
  exclusive<T>(work: (access: Access) => T): Promise<T>;
  /** As {@link Journal.redactionKey}; durable when it resolves. */
  key(): Promise<string>;
  close(): Promise<void>;
}

/** What can be done under exclusive access. */
export interface Access {
  /** A stream's state; verified. */
  state(stream: Digest): StreamState;
  /**
   * A stream's records; verified.
   *
   * @throws {RedressError} `journal/corrupt`
   */
  records(stream: Digest): readonly Verified[];
  /** Durable when it returns. */
  append(stream: Digest, line: string, record: EvidenceRecord, after: StreamState): void;
  get(digest: Digest): string | null;
  streams(): readonly Digest[];
  streamOfExecution(execution: string): Digest | null;
  /** Whether an execution began, as far as is known without reading other streams. Ids are random; this refuses an id that is used twice. */
  knows(execution: string): boolean;
  openExecutions(): readonly OpenExecution[];
  /** Streams in which something waits, or waited, for a person, or is open. Like `openExecutions`, without unreadable streams. */
  waiting(): readonly StreamState[];
  /** Streams in which a remediator has executed something. */
  withExecutions(remediator: string): readonly { readonly stream: Digest; readonly resource: ResourceRef }[];
  /** Executions begun after a time that are open or have sent something, by a budget's key. */
  spent(key: string, since: number): number;
}

/** A key of 256 bits. */
export function randomKey(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex');
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
    const decide = (access: Access, now: number) => {
      const state = access.state(stream);
      const may = beginning(state, request, now);
      if (may.status !== 'may' || !may.fresh) return { state, may };
      if (request.breaker !== 'ignored' && access.state(streamOf(breakerOf(request.resource))).breakers.some((each) => each.remediator === request.remediator))
        return { state, may: { status: 'stale', generation: state.generation } as const };
      if (access.knows(may.lease.execution)) throw invalid('the id of an execution that was begun before');
      for (const budget of request.budgets) {
        const used = access.spent(budget.key, now - budget.window);
        if (used >= budget.changes) return { state, may: { status: 'over-budget', budget, used } as const };
      }
      return { state, may };
    };
    // A refused request must leave no documents, and a record must not name missing ones: so check, store the documents, and check again.
    const { may: first } = await this.#storage.exclusive((access) => decide(access, this.#clock.now()));
    if (first.status !== 'may') return first;
    await this.#storage.keep(entry.texts);
    return this.#storage.exclusive((access): BeginResult => {
      const now = this.#clock.now();
      const { state, may } = decide(access, now);
      return may.status === 'may' ? { status: 'begun', lease: may.lease, record: write(access, state, may.draft, entry, now) } : may;
    });
  }

  async append(request: AppendRequest): Promise<RecordRef> {
    return this.#extend(request.resource, checked(request), (state) => appending(state, request));
  }

  async finish(request: FinishRequest): Promise<RecordRef> {
    checkFinish(request);
    return this.#extend(request.resource, checked(request), (state) => finishing(state, request));
  }

  /** Appends one record that depends only on the newest state. */
  async #extend(ref: ResourceRef, entry: Checked, draft: (state: StreamState) => Draft): Promise<RecordRef> {
    const stream = streamOf(ref);
    if (entry.texts.length > 0) {
      await this.#storage.exclusive((access) => void draft(access.state(stream)));
      await this.#storage.keep(entry.texts);
    }
    return this.#storage.exclusive((access) => {
      const state = access.state(stream);
      return write(access, state, draft(state), entry, this.#clock.now());
    });
  }

  async open(): Promise<readonly OpenExecution[]> {
    return this.#storage.exclusive((access) => [...access.openExecutions()].sort((a, b) => a.begunAt - b.begunAt));
  }

  async approvals(): Promise<readonly Approval[]> {
    return this.#storage.exclusive((access) =>
      access
        .waiting()
        .flatMap(approvalsOf)
        .filter((each) => each.usedBy === null)
        .sort((a, b) => a.requestedAt - b.requestedAt),
    );
  }

  async standing(place?: Pick<ResourceRef, 'account' | 'region'>): ReturnType<Journal['standing']> {
    return this.#storage.exclusive((access) => standingIn(access.waiting(), place));
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
    const storage = this.#storage;
    yield* inTurn(streams, async function* (stream) {
      yield* await storage.exclusive((access) => readStream(access, stream, 'execution' in query ? query.execution : null));
    });
  }

  redactionKey(): Promise<string> {
    return this.#storage.key();
  }

  async close(): Promise<void> {
    await this.#storage.close();
  }
}

function readStream(access: Access, stream: Digest, execution: string | null): StoredRecord[] {
  const found: StoredRecord[] = [];
  for (const { record, digest: own } of access.records(stream)) {
    // A duplicate names an execution but does not belong to it.
    if (execution !== null && (record.execution !== execution || record.kind === 'duplicate')) continue;
    const documents: Record<string, Json> = {};
    for (const [name, digest] of Object.entries(record.blobs)) {
      const text = access.get(digest);
      if (text === null) continue;
      if (digestText(text) !== digest) throw corrupt(stream, record.seq, `its document ${name} was changed`);
      documents[name] = JSON.parse(text) as Json;
    }
    found.push({ stream, seq: record.seq, digest: own, record, documents });
  }
  return found;
}

function write(access: Access, state: StreamState, draft: Draft, entry: Checked, now: number): RecordRef {
  const { line, record, after, ref } = written(state, draft, entry, now);
  access.append(state.stream, line, record, after);
  return ref;
}
