// What may be recorded, and what a record contains: pure, and the same for every storage.
import {
  type AppendRequest,
  type Approval,
  type BeginRequest,
  type BeginResult,
  canonicalJson,
  type Digest,
  digestText,
  type Entry,
  type EvidenceRecord,
  type FinishRequest,
  graceEnds,
  isRecord,
  isRedressError,
  type JsonObject,
  type Lease,
  LONGEST_LEASE,
  newExecution,
  OUTCOMES,
  type RecordKind,
  type RecordRef,
  RedressError,
  type ResourceRef,
  resource,
  type StoredRecord,
  toJson,
} from '@redress/core';
import { follow, isOf, nextLine, readLine, type StreamState } from './chain.js';
import { byItsCause } from './deeds.js';

/** Kinds that need no lease. */
const FREE_KINDS: readonly RecordKind[] = ['decision', 'duplicate', 'approval', 'sweep', 'breaker', 'notice'];

/** The error for a stream that does not verify. */
export function corrupt(stream: Digest, seq: number, why: string): RedressError {
  return new RedressError('journal/corrupt', `Record ${seq} of stream ${stream}: ${why}`, {
    next: 'Run `redress evidence verify`. Do not change anything in the journal.',
  });
}

/** A record that was verified at its place in its stream. */
export interface Verified {
  readonly record: EvidenceRecord;
  readonly digest: Digest;
}

/**
 * Verifies the lines that follow a state, and returns each record with the state after it.
 *
 * @throws {RedressError} `journal/corrupt`
 */
export function* verified(from: StreamState, lines: Iterable<string>): Generator<Verified & { readonly after: StreamState }> {
  let state = from;
  for (const line of lines) {
    const read = readLine(state, line);
    if (!read.ok) throw corrupt(state.stream, state.length + 1, read.problem.message);
    const { record, digest, state: after } = read;
    yield { record, digest, after };
    state = after;
  }
}

/** Records of streams, one stream after the other. A stream that does not verify does not stop the others: it is reported after them. */
export async function* inTurn(streams: readonly Digest[], records: (stream: Digest) => AsyncIterable<StoredRecord>): AsyncIterable<StoredRecord> {
  let first: unknown = null;
  for (const stream of streams) {
    try {
      yield* records(stream);
    } catch (error) {
      if (!isRedressError(error) || error.code !== 'journal/corrupt') throw error;
      first ??= error;
    }
  }
  if (first !== null) throw first;
}

/** The error for a request that no journal takes. */
export function invalid(what: string): RedressError {
  return new RedressError('journal/invalid', `The journal does not accept ${what}.`);
}

/** An entry that was checked, with the texts of its documents. */
export interface Checked {
  readonly resource: ResourceRef;
  readonly remediator: string;
  readonly body: JsonObject;
  readonly texts: readonly (readonly [name: string, digest: Digest, text: string])[];
}

/** Everything that can be refused is refused before anything is written. */
export function checked(entry: Entry): Checked {
  if (!isRecord(entry.body)) throw invalid('a body that is not an object');
  if (Object.hasOwn(entry.body, 'journal')) throw invalid('a body with its own member `journal`');
  if (typeof entry.remediator !== 'string' || entry.remediator === '') throw invalid('an entry without remediator');
  const texts = Object.entries(entry.documents ?? {}).map(([name, document]) => {
    const text = canonicalJson(document);
    return [name, digestText(text), text] as const;
  });
  return { resource: resource(entry.resource), remediator: entry.remediator, body: toJson(entry.body), texts };
}

/** It belongs to this plan, and can still be used. */
function isFor(approval: Approval, request: BeginRequest, now: number): boolean {
  return approval.expires > now && isOf(approval, request);
}

/** Approved, or announced for long enough; not used, not expired, and of this plan. */
function usable(state: StreamState, id: string, request: BeginRequest, now: number): boolean {
  const found = state.approvals.find((each) => each.id === id);
  return (
    found !== undefined &&
    ((found.verdict === 'approved' && !byItsCause(state.deeds, found)) ||
      (found.verdict === 'none' && found.grace !== undefined && (graceEnds(found.grace) ?? Number.POSITIVE_INFINITY) <= now)) &&
    isFor(found, request, now)
  );
}

/** @throws {RedressError} `journal/lost-lease` */
function held(state: StreamState, lease: Lease): void {
  if (state.open === null || state.open.execution !== lease.execution || state.open.fence !== lease.fence) {
    throw new RedressError('journal/lost-lease', `Execution ${lease.execution} is not held under fence ${lease.fence} any more.`, {
      next: 'Another worker closed it or took it over. Read the resource again.',
    });
  }
}

/** A record that is to be written, without its position in the stream. */
export interface Draft {
  readonly kind: RecordKind;
  readonly execution: string | null;
  /** The journal's own data in the body. */
  readonly own: JsonObject | null;
}

/**
 * The result of a request on a state, without the data of other streams: circuit breakers and budgets. They are read only for a new execution, which has
 * `fresh`.
 */
export function beginning(
  state: StreamState,
  request: BeginRequest,
  now: number,
): Exclude<BeginResult, { status: 'begun' }> | { readonly status: 'may'; readonly fresh: boolean; readonly lease: Lease; readonly draft: Draft } {
  const fence = state.fence + 1;
  const until = now + request.lease;
  if (request.resume !== undefined) {
    if (state.open === null || state.open.execution !== request.resume) return { status: 'stale', generation: state.generation };
    const ahead = request.gone === true && state.open.leaseUntil > now + LONGEST_LEASE;
    if (state.open.leaseUntil > now && !ahead) return { status: 'busy', open: state.open };
    const lease = { execution: request.resume, fence, until };
    return { status: 'may', fresh: false, lease, draft: { kind: 'lease', execution: request.resume, own: { fence, leaseUntil: until } } };
  }
  if (state.open !== null) return { status: 'busy', open: state.open };
  if (state.generation !== request.generation) return { status: 'stale', generation: state.generation };
  // A person's answer since the decision counts. It is about a fix: a rollback continues, and so does an execution that sends nothing.
  if (request.breaker !== 'ignored' && state.approvals.some((each) => each.verdict === 'denied' && isFor(each, request, now)))
    return { status: 'stale', generation: state.generation };
  if (request.approval !== undefined && !usable(state, request.approval, request, now)) return { status: 'stale', generation: state.generation };
  const execution = request.execution ?? newExecution(now);
  const own: JsonObject = {
    fence,
    leaseUntil: until,
    planDigest: request.planDigest,
    budgets: request.budgets.map(({ key, changes, window }) => ({ key, changes, window })),
    ...(request.approval === undefined ? {} : { approval: request.approval }),
  };
  return { status: 'may', fresh: true, lease: { execution, fence, until }, draft: { kind: 'intent', execution, own } };
}

/**
 * What is appended to a state.
 *
 * @throws {RedressError} `journal/lost-lease` for a call, `journal/invalid`
 */
export function appending(state: StreamState, request: AppendRequest): Draft {
  if (request.kind === 'call') {
    held(state, request.lease);
    return { kind: 'call', execution: request.lease.execution, own: { fence: request.lease.fence } };
  }
  if (!FREE_KINDS.includes(request.kind)) throw invalid(`a record of kind ${String((request as { kind: unknown }).kind)}`);
  return { kind: request.kind, execution: request.execution ?? null, own: null };
}

/** Rejects an outcome that closes nothing. */
export function checkFinish(request: FinishRequest): void {
  if (!OUTCOMES.includes(request.outcome)) throw invalid(`the outcome ${JSON.stringify(request.outcome)}`);
  if (!Number.isSafeInteger(request.sent) || request.sent < 0) throw invalid('a number of calls that is not valid');
}

/** @throws {RedressError} `journal/lost-lease` */
export function finishing(state: StreamState, request: FinishRequest): Draft {
  held(state, request.lease);
  return {
    kind: 'outcome',
    execution: request.lease.execution,
    own: {
      fence: request.lease.fence,
      outcome: request.outcome,
      sent: request.sent,
      ...(request.hold === undefined ? {} : { hold: { until: request.hold.until, owner: request.hold.owner } }),
    },
  };
}

/** A record at its position: its line, its content, and the state after it. */
export interface Written {
  readonly line: string;
  readonly record: EvidenceRecord;
  readonly after: StreamState;
  readonly ref: RecordRef;
}

/**
 * The next record of a stream. It refuses everything that the verifier would refuse.
 *
 * @throws {RedressError} `journal/invalid`
 */
export function written(state: StreamState, { kind, execution, own }: Draft, entry: Checked, now: number): Written {
  const blobs: Record<string, Digest> = {};
  for (const [name, digest] of entry.texts) blobs[name] = digest;
  const body = own === null ? entry.body : { ...entry.body, journal: own };
  const { line, record, digest } = nextLine(state, { kind, execution, resource: entry.resource, remediator: entry.remediator, body, blobs }, now);
  // Ordered as a reader of the line would see it: another order of members would give other bytes of the state. Its digest was created a moment ago.
  const json = line.slice(digest.length + 1);
  const value: unknown = JSON.parse(json);
  // The parsed members are usually in order. Otherwise some of them are indices, or the line was not read as it was written.
  if (JSON.stringify(value) !== json && canonicalJson(value) !== json)
    throw new RedressError('journal/invalid', 'The record would not verify: it cannot be read as it is written.');
  const read = follow(state, value, digest);
  if (!read.ok) throw new RedressError('journal/invalid', `The record would not verify: ${read.problem.message}`);
  return { line, record, after: read.state, ref: { stream: state.stream, seq: record.seq, digest } };
}
