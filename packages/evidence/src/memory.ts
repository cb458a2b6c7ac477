import { type Clock, type Digest, deepFreeze, type Journal, type ResourceRef, systemClock } from '@redress/core';
import { emptyState, journalBody, type StreamState } from './chain.js';
import { type Access, ChainJournal, randomKey, type Storage } from './journal.js';
import { type Verified, verified } from './rules.js';

/**
 * A journal in memory, for tests and trials. It ends with the process.
 *
 * @param options `from`: a journal in memory whose records the new one has from the start. From then on the two are independent.
 * @example const journal = memoryJournal();
 * @throws {TypeError} if `from` is another kind of journal.
 */
export function memoryJournal(options: { readonly clock?: Pick<Clock, 'now'>; readonly from?: Journal } = {}): Journal {
  const from = options.from === undefined ? null : storages.get(options.from);
  if (from === undefined) throw new TypeError('Only a journal in memory can be copied.');
  const storage = new MemoryStorage(from);
  const journal = new ChainJournal('memory', storage, options.clock ?? systemClock);
  storages.set(journal, storage);
  return journal;
}

const storages = new WeakMap<Journal, MemoryStorage>();

class MemoryStorage implements Storage {
  /** Nobody else can change a line: each is verified once, when it is first read, and its record is frozen. */
  readonly #streams = new Map<Digest, { lines: string[]; state: StreamState; records: Verified[]; verified: StreamState }>();
  readonly #documents = new Map<Digest, string>();
  readonly #executions = new Map<
    string,
    { stream: Digest; resource: ResourceRef; remediator: string; begunAt: number; budgets: readonly string[]; sent: number | null }
  >();

  readonly #key: string;

  constructor(from: MemoryStorage | null) {
    this.#key = from === null ? randomKey() : from.#key;
    if (from === null) return;
    for (const [stream, known] of from.#streams) this.#streams.set(stream, { ...known, lines: [...known.lines], records: [...known.records] });
    for (const [digest, text] of from.#documents) this.#documents.set(digest, text);
    for (const [execution, known] of from.#executions) this.#executions.set(execution, { ...known });
  }

  readonly #access: Access = {
    state: (stream) => this.#streams.get(stream)?.state ?? emptyState(stream),
    records: (stream) => {
      const known = this.#streams.get(stream);
      if (known === undefined) return [];
      for (const { record, digest, after } of verified(known.verified, known.lines.slice(known.records.length))) {
        known.records.push({ record: deepFreeze(record), digest });
        known.verified = after;
      }
      return known.records;
    },
    append: (stream, line, record, after) => {
      const known = this.#streams.get(stream) ?? { lines: [], state: after, records: [], verified: emptyState(stream) };
      known.lines.push(line);
      known.state = after;
      this.#streams.set(stream, known);
      const own = journalBody(record);
      if (record.kind === 'intent' && record.execution !== null)
        this.#executions.set(record.execution, {
          stream,
          resource: record.resource,
          remediator: record.remediator,
          begunAt: Date.parse(record.time),
          budgets: (own.budgets ?? []).map((each) => each.key),
          sent: null,
        });
      const execution = record.kind === 'outcome' && record.execution !== null ? this.#executions.get(record.execution) : undefined;
      if (execution !== undefined) execution.sent = own.sent ?? 0;
    },
    get: (digest) => this.#documents.get(digest) ?? null,
    streams: () => [...this.#streams.keys()].sort(),
    knows: (execution) => this.#executions.has(execution),
    streamOfExecution: (execution) => this.#executions.get(execution)?.stream ?? null,
    openExecutions: () => [...this.#streams.values()].flatMap(({ state }) => (state.open === null ? [] : [state.open])),
    waiting: () =>
      [...this.#streams.values()].map(({ state }) => state).filter(({ approvals, gaps, unsaid }) => approvals.length + gaps.length + unsaid.length > 0),
    withExecutions: (remediator) =>
      [...new Map([...this.#executions.values()].filter((each) => each.remediator === remediator).map((each) => [each.stream, each])).values()].map(
        ({ stream, resource }) => ({ stream, resource }),
      ),
    spent: (key, since) => [...this.#executions.values()].filter((each) => each.begunAt > since && each.budgets.includes(key) && each.sent !== 0).length,
  };

  async key(): Promise<string> {
    return this.#key;
  }

  async keep(documents: Parameters<Storage['keep']>[0]): Promise<void> {
    for (const [, digest, text] of documents) this.#documents.set(digest, text);
  }

  async exclusive<T>(work: (access: Access) => T): Promise<T> {
    return work(this.#access);
  }

  async close(): Promise<void> {
    this.#streams.clear();
    this.#documents.clear();
    this.#executions.clear();
  }
}
