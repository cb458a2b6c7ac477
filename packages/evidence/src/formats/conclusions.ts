// What records say about controls and resources, in terms that the formats share.
import { type Digest, isRecord, type Json, type JsonObject, OUTCOMES, type Outcome, type ResourceRef, type StoredRecord } from '@redress/core';

/** The conclusion of one remediator about one resource: a record of a decision, or of the outcome of an execution. */
export interface Conclusion {
  readonly stream: Digest;
  readonly seq: number;
  readonly digest: Digest;
  /** Epoch milliseconds. */
  readonly time: number;
  readonly kind: 'decision' | 'outcome';
  readonly resource: ResourceRef;
  readonly remediator: string;
  readonly outcome: Outcome;
  readonly message: string;
  /** What is still open. */
  readonly open: readonly string[];
  /** Controls that the event named; none for a sweep or a person's request. */
  readonly controls: readonly string[];
  /** The gap that it concerns; null if the record names none. */
  readonly gap: string | null;
  /** For an outcome. */
  readonly execution: Execution | null;
}

/** A closed execution. */
export interface Execution {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly begun: number;
  readonly rollbackOf: string | null;
  /** `verified`, `not-verified`, `unconfirmed`; null: no look is recorded. */
  readonly verified: string | null;
  readonly calls: readonly JsonObject[];
  /** The states; undefined if they were not recorded, or their retention has ended. */
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  /** For a rollback: who and why. */
  readonly by: string | null;
  readonly reason: string | null;
}

/** Whether nothing is left to do. */
export function isSatisfied({ outcome }: Pick<Conclusion, 'outcome'>): boolean {
  return outcome === 'remediated' || outcome === 'no-op';
}

/** Processes the records of a journal. Those of a stream come in order and together. */
export class Conclusions {
  #stream: Digest | null = null;
  #begun = new Map<string, Begun>();

  /** The conclusion of the next record; null: it decides nothing, and closes nothing. */
  after(stored: StoredRecord): Conclusion | null {
    const { record } = stored;
    if (stored.stream !== this.#stream) [this.#stream, this.#begun] = [stored.stream, new Map()];
    const { kind, execution, body } = record;
    if (kind === 'intent' && execution !== null) this.#begun.set(execution, { intent: stored, calls: [] });
    if (kind === 'call' && execution !== null && isRecord(body['call'])) this.#begun.get(execution)?.calls.push(body['call'] as JsonObject);
    if (kind !== 'decision' && kind !== 'outcome') return null;
    const own = kind === 'outcome' ? membersOf(body['journal'])['outcome'] : body['outcome'];
    const outcome = OUTCOMES.find((each) => each === own);
    // A journal accepts any body. If it names no outcome, there is nothing to conclude.
    if (outcome === undefined) return null;
    const of = kind === 'outcome' && execution !== null ? this.#begun.get(execution) : undefined;
    const why = of?.intent.record.body ?? body;
    if (kind === 'outcome' && execution !== null) this.#begun.delete(execution);
    return {
      ...{ stream: stored.stream, seq: stored.seq, digest: stored.digest, time: Date.parse(record.time), kind },
      ...{ resource: record.resource, remediator: record.remediator, outcome },
      message: text(body['message']) ?? '',
      open: texts(body['open']),
      controls: texts(membersOf(why['trigger'])['controls']),
      gap: text(membersOf(body['gap'])['key']),
      execution: execution === null || kind === 'decision' ? null : executionOf(execution, of, stored),
    };
  }
}

interface Begun {
  readonly intent: StoredRecord;
  readonly calls: JsonObject[];
}

function executionOf(id: string, begun: Begun | undefined, { record, documents }: StoredRecord): Execution {
  const body = begun?.intent.record.body ?? {};
  return {
    id,
    begun: Date.parse(begun?.intent.record.time ?? record.time),
    rollbackOf: text(body['rollbackOf']),
    verified: text(record.body['verified']),
    calls: begun?.calls ?? [],
    before: begun?.intent.documents['before'],
    after: documents['after'],
    by: text(membersOf(body['by'])['name']),
    reason: text(body['reason']),
  };
}

/** A text; null for anything else. */
export function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}
