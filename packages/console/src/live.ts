// The journal as it is now: an index, what stands open, and whoever waits for news.
import { type Approval, type ApprovalDocument, approvalDocument, messageOf, type StoredRecord } from '@redress/core';
import { approvalsIn } from '@redress/evidence';
import { type Assessed, FormatsReading } from '@redress/evidence/formats';
import { EntryIndex, type GapsModel, gapsOf } from '@redress/report';
import type { Knowledge, RecordSource } from './ports.js';

/** Ages are in days: what stands open is worked out again after so long. Milliseconds. */
const AGED = 60_000;

/** What the pages are made from. Each version is of one moment. */
export class LiveJournal {
  readonly index: EntryIndex;
  readonly #source: RecordSource;
  readonly #knowledge: Knowledge;
  readonly #now: () => number;
  /** By stream: what its remediators came to. */
  readonly #assessed = new Map<string, readonly Assessed[]>();
  /** By stream: requests for approval that no execution has used. */
  readonly #approvals = new Map<string, readonly Approval[]>();
  /** By stream: how many records it has, and the digest of the last. */
  readonly #ends = new Map<string, { readonly count: number; readonly digest: string }>();
  readonly #unread = new Map<string | null, string>();
  readonly #listeners = new Set<(version: number) => void>();
  #gaps: { readonly version: number; readonly at: number; readonly model: GapsModel } | null = null;
  #version = 0;
  #refreshing: Promise<boolean> | null = null;
  #readAt = 0;

  constructor(source: RecordSource, knowledge: Knowledge, now: () => number) {
    this.index = new EntryIndex(knowledge.around);
    this.#source = source;
    this.#knowledge = knowledge;
    this.#now = now;
  }

  /** Grows with each change that was seen. */
  get version(): number {
    return this.#version;
  }

  /** When the source was last read to its end; epoch milliseconds. */
  get readAt(): number {
    return this.#readAt;
  }

  get streams(): number {
    return this.#ends.size;
  }

  get records(): number {
    return [...this.#ends.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** What could not be read: what is not in the pages. */
  get unread(): readonly string[] {
    return [...this.#unread.values()];
  }

  /** What waits for an approver, and what was answered and is not carried out yet; the longest waiting first. */
  approvals(): readonly ApprovalDocument[] {
    return [...this.#approvals.values()]
      .flat()
      .filter(({ expires, grace }) => expires > this.#now() && (grace?.ended ?? null) === null)
      .sort((a, b) => a.requestedAt - b.requestedAt)
      .map(approvalDocument);
  }

  /** What is open, and what is accepted, as of now. */
  gaps(): GapsModel {
    const now = this.#now();
    if (this.#gaps === null || this.#gaps.version !== this.#version || now - this.#gaps.at >= AGED) {
      const { around, exceptions, calendar, closedWithin } = this.#knowledge;
      const period = { from: new Date(0).toISOString(), to: new Date(now).toISOString() };
      const assessment = { assessed: [...this.#assessed.values()].flat() };
      this.#gaps = { version: this.#version, at: now, model: gapsOf({ index: this.index, assessment, period, around, exceptions, calendar, closedWithin }) };
    }
    return this.#gaps.model;
  }

  /** Reads what is new, and returns whether anything was. Concurrent callers get the same answer. */
  refresh(): Promise<boolean> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<boolean> {
    const before = this.unread.join('\n');
    const failed = new Map<string | null, string>();
    let isNew = false;
    try {
      for await (const records of byStream(this.#source.changed((problem, stream) => void failed.set(stream, problem))))
        try {
          isNew = this.#take(records) || isNew;
        } catch (error) {
          // What one stream holds must not hide the others.
          failed.set(records[0]?.stream ?? null, messageOf(error));
        }
      this.#readAt = this.#now();
      this.#unread.delete(null);
    } catch (error) {
      failed.set(null, messageOf(error));
    }
    this.index.done();
    for (const [stream, problem] of failed) this.#unread.set(stream, problem);
    if (isNew || before !== this.unread.join('\n')) {
      this.#version++;
      for (const listener of this.#listeners) listener(this.#version);
      return true;
    }
    return false;
  }

  #take(records: readonly StoredRecord[]): boolean {
    const last = records.at(-1);
    if (last === undefined) return false;
    const { stream, digest } = last;
    const known = this.#ends.get(stream);
    this.#unread.delete(stream);
    if (known?.count === records.length && known.digest === digest) return false;
    // What stands, and no events.
    const reading = new FormatsReading(Number.POSITIVE_INFINITY);
    for (const each of records) {
      this.index.add(each);
      reading.add(each);
    }
    const { assessed } = reading.done();
    this.#assessed.set(stream, assessed);
    const waiting = approvalsIn(records);
    if (waiting.length > 0) this.#approvals.set(stream, waiting);
    else this.#approvals.delete(stream);
    this.#ends.set(stream, { count: records.length, digest });
    return true;
  }

  /** Hears of each new version; what it returns ends that. */
  onChange(listener: (version: number) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#listeners.clear();
    this.index.close();
  }
}

async function* byStream(records: AsyncIterable<StoredRecord> | Iterable<StoredRecord>): AsyncGenerator<readonly StoredRecord[]> {
  let own: StoredRecord[] = [];
  for await (const each of records) {
    if (own.length > 0 && own[0]?.stream !== each.stream) {
      yield own;
      own = [];
    }
    own.push(each);
  }
  if (own.length > 0) yield own;
}
