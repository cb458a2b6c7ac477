// Streams of records, and what they say: pure, and shared by the journals that write streams. The verifier has its own implementation.
import {
  type Approval,
  type Attestation,
  type Breaker,
  type ClosedExecution,
  canonicalJson,
  type Digest,
  digestText,
  type EvidenceRecord,
  type Grace,
  type Hold,
  isRecord,
  type Json,
  type JsonObject,
  NEVER_SWEPT,
  type OpenExecution,
  OUTCOMES,
  type Outcome,
  type RecordKind,
  type Refusal,
  type ResourceRef,
  type StreamView,
  type Swept,
  streamOf,
  sweptAfter,
  type Terms,
  tagFirstSeenKey,
} from '@redress/core';
import { attestedAfter } from './attestations.js';
import { approvalsOf, type Deeds, NO_DEEDS, witnessed } from './deeds.js';
import { refused } from './refusals.js';
import { type Standing, standingAfter } from './standing.js';

/** At most this many closed executions stay in a view. */
const CLOSED_IN_VIEW = 50;
/** Maximum number of parts of a resource whose exception tag is remembered. */
const TAGGED_PARTS = 50;
/** At most this many approvals stay in a view. */
const APPROVALS_IN_VIEW = 50;
/** Milliseconds for which a claim of a notice holds: the longest run of a Lambda function, and a minute for differences between clocks. */
const LONGEST_SENDING = 5_460_000;
const KINDS: readonly RecordKind[] = ['decision', 'intent', 'lease', 'call', 'outcome', 'duplicate', 'approval', 'sweep', 'breaker', 'notice'];

/** The journal's own data in a record's body, under `journal`: enough to rebuild every index from the records alone. */
export interface JournalBody {
  readonly fence?: number;
  readonly leaseUntil?: number;
  readonly planDigest?: string;
  readonly budgets?: readonly { readonly key: string; readonly changes: number; readonly window: number }[];
  readonly outcome?: Outcome;
  readonly sent?: number;
  readonly hold?: { readonly until: number; readonly owner: string };
  readonly approval?: string;
}

/** A stream's state after some of its records. */
export interface StreamState extends Standing {
  readonly stream: Digest;
  readonly length: number;
  readonly head: Digest | null;
  readonly lastTime: number;
  readonly fence: number;
  readonly generation: number;
  readonly open: OpenExecution | null;
  readonly closed: readonly ClosedExecution[];
  readonly holds: readonly Hold[];
  readonly tagFirstSeen: Readonly<Record<string, number>>;
  readonly approvals: readonly Approval[];
  /** Open circuit breakers, in the stream of an account. */
  readonly breakers: readonly Breaker[];
  /** Who did what. */
  readonly deeds: Deeds;
  /** Calls that AWS has refused. */
  readonly refusals: readonly Refusal[];
  /** Attestations, in the stream of an account. */
  readonly attestations: readonly Attestation[];
  /** Results of sweeps, in the stream of a place; null: the previous version did not keep them. */
  readonly swept: Swept | null;
}

/** A stream without records. */
export function emptyState(stream: Digest): StreamState {
  return {
    stream,
    length: 0,
    head: null,
    lastTime: 0,
    fence: 0,
    generation: 0,
    open: null,
    closed: [],
    holds: [],
    tagFirstSeen: {},
    approvals: [],
    breakers: [],
    deeds: NO_DEEDS,
    refusals: [],
    attestations: [],
    gaps: [],
    unsaid: [],
    digest: null,
    swept: NEVER_SWEPT,
  };
}

/**
 * The line of the next record in a stream, without its newline: the record's digest, a space, and its canonical JSON. The digest is included because, for
 * the newest record, no later record exists yet that would fix its bytes.
 */
export function nextLine(
  state: StreamState,
  fields: Pick<EvidenceRecord, 'kind' | 'execution' | 'resource' | 'remediator' | 'body' | 'blobs'>,
  time: number,
): { line: string; record: EvidenceRecord; digest: Digest } {
  const record: EvidenceRecord = {
    v: 1,
    stream: state.stream,
    seq: state.length + 1,
    prev: state.head,
    // The order of a stream must stay clear, even if a clock was set back.
    time: new Date(Math.max(time, state.lastTime)).toISOString(),
    ...fields,
  };
  const json = canonicalJson(record);
  const digest = digestText(json);
  return { line: `${digest} ${json}`, record, digest };
}

/** An error in a stream. */
interface ChainProblem {
  readonly code:
    | 'wrong-digest'
    | 'not-json'
    | 'not-canonical'
    | 'malformed'
    | 'wrong-stream'
    | 'wrong-number'
    | 'broken-chain'
    | 'time-backwards'
    | 'not-open'
    | 'already-open'
    | 'wrong-fence'
    | 'no-approval';
  readonly message: string;
}

/** The next record of a stream with its digest and the state after it, or what is wrong with it. */
type ReadRecord =
  | { readonly ok: true; readonly record: EvidenceRecord; readonly digest: Digest; readonly state: StreamState }
  | { readonly ok: false; readonly problem: ChainProblem };

const wrong = (code: ChainProblem['code'], message: string) => ({ ok: false as const, problem: { code, message } });

/** Parses a line as the next record of a stream. */
export function readLine(state: StreamState, line: string): ReadRecord {
  const space = line.indexOf(' ');
  const json = line.slice(space + 1);
  const digest = digestText(json);
  if (space < 0 || line.slice(0, space) !== digest) return wrong('wrong-digest', 'The record does not match its digest.');
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return wrong('not-json', 'The record is not JSON.');
  }
  // A duplicate key could be read in two ways.
  try {
    if (canonicalJson(value) !== json) return wrong('not-canonical', 'The record is not in canonical form.');
  } catch {
    return wrong('not-canonical', 'The record has no canonical form.');
  }
  return follow(state, value, digest);
}

/**
 * Checks a value as the next record of a stream.
 *
 * @param digest The digest of its canonical JSON.
 */
export function follow(state: StreamState, record: unknown, digest: Digest): ReadRecord {
  if (!isEvidenceRecord(record)) return wrong('malformed', 'It does not have the form of a record.');
  if (record.stream !== state.stream || streamOf(record.resource) !== state.stream) return wrong('wrong-stream', 'The record belongs to another resource.');
  if (record.seq !== state.length + 1) return wrong('wrong-number', `The record has number ${record.seq}; ${state.length + 1} is next.`);
  if (record.prev !== state.head) return wrong('broken-chain', 'The record does not follow the one before it: that one was changed, removed or inserted.');
  if (Date.parse(record.time) < state.lastTime) return wrong('time-backwards', `The record is dated ${record.time}, before the one before it.`);
  const own = journalBody(record);
  if (record.kind === 'intent' && state.open !== null)
    return wrong('already-open', `Execution ${String(record.execution)} begins while ${state.open.execution} is open.`);
  if (record.kind === 'lease' || record.kind === 'call' || record.kind === 'outcome') {
    if (state.open === null || state.open.execution !== record.execution)
      return wrong('not-open', `A ${record.kind} of ${String(record.execution)}, which is not open.`);
    if (record.kind === 'lease' ? (own.fence ?? 0) <= state.fence : own.fence !== state.open.fence)
      return wrong('wrong-fence', `A ${record.kind} of a worker that does not hold the lease.`);
  }
  if (record.kind === 'intent' && (own.fence ?? 0) <= state.fence) return wrong('wrong-fence', 'An intent whose fence is not newer.');
  if (record.kind === 'intent' && own.approval !== undefined && !state.approvals.some((each) => each.id === own.approval && restsOn(each, record, own)))
    return wrong('no-approval', `Execution ${String(record.execution)} relies on ${own.approval}, but no earlier record shows that it was given.`);
  return { ok: true, record, digest, state: advance(state, record, digest) };
}

/** Whether an execution can rely on it. Expiry is not checked: only the clock of that time could tell. */
function restsOn(approval: Approval, { remediator }: EvidenceRecord, { planDigest }: JournalBody): boolean {
  const given = approval.verdict === 'approved' || (approval.verdict === 'none' && approval.grace !== undefined);
  return given && isOf(approval, { remediator, planDigest });
}

/** It belongs to this plan, was not used, and was not ended. */
export function isOf(approval: Approval, plan: { readonly remediator: string; readonly planDigest: string | undefined }): boolean {
  return (
    (approval.grace?.ended ?? null) === null && approval.usedBy === null && approval.planDigest === plan.planDigest && approval.remediator === plan.remediator
  );
}

/** The state after one more record. */
export function advance(state: StreamState, record: EvidenceRecord, digest: Digest): StreamState {
  const own = journalBody(record);
  const time = Date.parse(record.time);
  const { stream, generation, open, closed, holds, approvals, breakers } = state;
  const ended = record.kind === 'outcome' ? open : null;
  return {
    stream,
    length: record.seq,
    head: digest,
    lastTime: time,
    fence: Math.max(state.fence, own.fence ?? 0),
    generation,
    open,
    closed,
    holds,
    tagFirstSeen: tagged(state.tagFirstSeen, record, time),
    approvals,
    breakers,
    deeds: witnessed(state.deeds, record, ended),
    refusals: refused(state.refusals, record, ended),
    attestations: attestedAfter(state.attestations, record),
    swept: sweptAfter(state.swept, record),
    ...standingAfter({ gaps: state.gaps, unsaid: state.unsaid, digest: state.digest }, record, own.outcome, open),
    ...changes(state, record, own, time),
  };
}

/** The effect of a record's kind. */
function changes(state: StreamState, record: EvidenceRecord, own: JournalBody, time: number): Partial<StreamState> {
  const { open } = state;
  if (record.kind === 'intent' && record.execution !== null) {
    const begun = begunBy(record, record.execution, own, time);
    // Only once: from here on it is used.
    return own.approval === undefined ? { open: begun } : { open: begun, approvals: changed(state.approvals, own.approval, { usedBy: record.execution }) };
  }
  if (record.kind === 'lease' && open !== null) return { open: { ...open, fence: own.fence ?? open.fence, leaseUntil: own.leaseUntil ?? open.leaseUntil } };
  if (record.kind === 'outcome' && open !== null) {
    const { execution, remediator, subjects } = open;
    return {
      open: null,
      closed: [closedBy(open, record, own, time), ...state.closed].slice(0, CLOSED_IN_VIEW),
      generation: state.generation + 1,
      // Nothing was sent, so the approval remains valid.
      ...(own.sent === 0 ? { approvals: state.approvals.map((each) => (each.usedBy === execution ? { ...each, usedBy: null } : each)) } : {}),
      ...(own.hold === undefined ? {} : { holds: [...state.holds, { remediator, subjects, until: own.hold.until, owner: own.hold.owner, execution }] }),
    };
  }
  if (record.kind === 'decision') return { approvals: asked(state.approvals, record, time) };
  if (record.kind === 'approval') {
    const approvals = answered(state.approvals, record, time);
    // A decision from before a person's answer has to be made again.
    const moved = approvals.some((each, index) => each.verdict !== state.approvals[index]?.verdict);
    return { approvals, generation: state.generation + (moved ? 1 : 0) };
  }
  if (record.kind === 'breaker') {
    const others = state.breakers.filter((each) => each.remediator !== record.remediator);
    const tripped = { remediator: record.remediator, since: time, reason: String(record.body['reason'] ?? '') };
    return { breakers: record.body['breaker'] === 'open' ? [...others, tripped] : others };
  }
  return {};
}

function begunBy(record: EvidenceRecord, execution: string, own: JournalBody, time: number): OpenExecution {
  return {
    execution,
    resource: record.resource,
    remediator: record.remediator,
    planDigest: (own.planDigest ?? '') as Digest,
    subjects: subjectsOf(record.body['subjects']),
    fence: own.fence ?? 0,
    leaseUntil: own.leaseUntil ?? 0,
    begunAt: time,
    ...termsOf(record.body),
  };
}

function closedBy(open: OpenExecution, record: EvidenceRecord, own: JournalBody, time: number): ClosedExecution {
  const { execution, remediator, planDigest, subjects, begunAt, version, parameters, drill, rollbackOf } = open;
  return {
    execution,
    remediator,
    planDigest,
    subjects,
    outcome: own.outcome ?? 'unknown',
    begunAt,
    closedAt: time,
    sent: own.sent ?? 0,
    verified: record.body['verified'] === 'verified',
    retryable: record.body['retryable'] === true,
    ...(isRecord(record.body['denied']) ? { denied: true as const } : {}),
    version,
    parameters,
    drill,
    rollbackOf,
  };
}

/** When it was first seen. Removing the tag and setting it again does not restart the three days. */
function tagged(seen: StreamState['tagFirstSeen'], record: EvidenceRecord, time: number): StreamState['tagFirstSeen'] {
  const tag = record.body['exceptionTagUnregistered'];
  if (tag !== true && typeof tag !== 'string') return seen;
  const key = tagFirstSeenKey(record.remediator, tag === true ? null : tag);
  return Object.hasOwn(seen, key) ? seen : newestParts({ ...seen, [key]: time });
}

/** The state must not grow without limit when somebody creates rule after rule. A part that was forgotten is held for three days again. */
function newestParts(seen: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const parts = Object.entries(seen).filter(([key]) => key.includes(' '));
  if (parts.length <= TAGGED_PARTS) return seen;
  const [oldest] = parts.reduce((first, each) => (each[1] < first[1] ? each : first));
  return Object.fromEntries(Object.entries(seen).filter(([key]) => key !== oldest));
}

function termsOf(body: JsonObject): Terms {
  const terms = isRecord(body['terms']) ? (body['terms'] as JsonObject) : {};
  const text = (value: Json | undefined) => (typeof value === 'string' ? value : '');
  return {
    version: text(terms['version']),
    parameters: text(terms['parameters']),
    drill: terms['drill'] === true,
    rollbackOf: typeof body['rollbackOf'] === 'string' ? body['rollbackOf'] : null,
  };
}

/** A decision that waits for a person is a request. Requested again, it is the same request, with more causes. */
function asked(approvals: readonly Approval[], record: EvidenceRecord, time: number): readonly Approval[] {
  const request = record.body['approval'];
  if (!isRecord(request) || typeof request['id'] !== 'string' || typeof request['expires'] !== 'number') return approvals;
  const { id, causedBy } = request as JsonObject;
  const cause = causedBy === undefined ? [] : [typeof causedBy === 'string' ? causedBy : null];
  const known = approvals.find((each) => each.id === id);
  if (known !== undefined) {
    const all = [...known.causedBy, ...cause.filter((each) => !known.causedBy.includes(each))];
    return changed(approvals, known.id, { causedBy: all });
  }
  const discharges = request['discharges'];
  const made: Approval = {
    id: id as string,
    resource: record.resource,
    remediator: record.remediator,
    planDigest: String(request['planDigest']) as Digest,
    subjects: subjectsOf(record.body['subjects']),
    ...(Array.isArray(request['calls']) ? { calls: request['calls'].filter(isDigest) as Digest[] } : {}),
    ...(Array.isArray(request['asks']) ? { asks: subjectsOf(request['asks']) } : {}),
    ...(typeof request['breadth'] === 'number' ? { breadth: request['breadth'] } : {}),
    discharges: Array.isArray(discharges) ? (discharges.filter(isDigest) as Digest[]) : [],
    fresh: request['fresh'] === true,
    causedBy: cause,
    requestedAt: time,
    expires: request['expires'],
    verdict: 'none',
    by: null,
    usedBy: null,
    ...graceOf(request as JsonObject),
  };
  // Several workers may announce the same change at the same time. It counts once.
  const standing = made.grace === undefined ? undefined : approvals.find((each) => isSame(each, made, time));
  if (standing !== undefined) return changed(approvals, standing.id, { causedBy: [...new Set([...standing.causedBy, ...cause])] });
  const all = [...approvals, made];
  // What is over is forgotten first. What can still be used is kept, and above all what a person has rejected.
  const over = (each: Approval) => each.usedBy !== null || each.expires <= time || (each.grace?.ended ?? null) !== null;
  const least = all.length <= APPROVALS_IN_VIEW ? undefined : (all.find(over) ?? all.find((each) => each.verdict === 'none') ?? all[0]);
  return all.filter((each) => each !== least);
}

/** The terms of an announced change. */
function graceOf(request: JsonObject): { readonly grace?: Grace } {
  const { grace } = request;
  if (!isRecord(grace)) return {};
  const { period, remind } = grace as JsonObject;
  if (typeof period !== 'number' || !Array.isArray(remind) || !remind.every((each) => typeof each === 'number')) return {};
  return { grace: { period, remind: remind as number[], sent: [], sending: null, ended: null } };
}

/** Whether an existing announcement is of the same change under the same terms. */
function isSame(each: Approval, made: Approval, time: number): boolean {
  const terms = ({ remediator, planDigest, discharges, fresh, grace }: Approval) =>
    canonicalJson([remediator, planDigest, [...discharges], fresh, grace?.period ?? null, [...(grace?.remind ?? [])]]);
  return (
    each.grace !== undefined &&
    each.grace.ended === null &&
    each.verdict !== 'denied' &&
    each.usedBy === null &&
    each.expires > time &&
    terms(each) === terms(made)
  );
}

/** The effect of a record on an announcement: a worker claims a notice, has sent it, or could not send it; or it has ended. A second claim changes nothing. */
function noticed(grace: Grace, said: JsonObject, record: EvidenceRecord, time: number): Grace {
  if (grace.ended !== null) return grace;
  if (typeof said['ended'] === 'string') return { ...grace, sending: null, ended: said['ended'] };
  const { sending } = said;
  if (isRecord(sending)) {
    const { notice, until } = sending as JsonObject;
    const claimed = grace.sending !== null && grace.sending.until > time;
    if (typeof notice !== 'number' || typeof until !== 'number' || claimed || grace.sent.some((each) => each.notice >= notice)) return grace;
    // A clock that is ahead must not block the others forever.
    return { ...grace, sending: { notice, record: record.seq, until: Math.min(until, time + LONGEST_SENDING) } };
  }
  const of = (value: Json | undefined) =>
    isRecord(value) && grace.sending !== null && value['notice'] === grace.sending.notice && value['record'] === grace.sending.record;
  if (grace.sending !== null && of(said['sent'])) return { ...grace, sent: [...grace.sent, { notice: grace.sending.notice, at: time }], sending: null };
  return of(said['unsent']) ? { ...grace, sending: null } : grace;
}

function answered(approvals: readonly Approval[], record: EvidenceRecord, time: number): readonly Approval[] {
  const answer = record.body['approval'];
  if (!isRecord(answer) || typeof answer['id'] !== 'string') return approvals;
  const { id, verdict, by } = answer as JsonObject;
  if (verdict === undefined)
    return approvals.map((each) =>
      each.id === id && each.grace !== undefined ? { ...each, grace: noticed(each.grace, answer as JsonObject, record, time) } : each,
    );
  const name = isRecord(by) && typeof by['name'] === 'string' ? by['name'] : '';
  if (verdict !== 'approved' && verdict !== 'denied') return approvals;
  // A rejection stands, even if an approval that was requested earlier is recorded after it.
  return approvals.map((each) =>
    each.id === id && each.verdict !== 'denied'
      ? { ...each, verdict, by: { name, verified: isRecord(by) && by['verified'] === true }, answeredAt: time }
      : each,
  );
}

function changed(approvals: readonly Approval[], id: string, how: Partial<Approval>): readonly Approval[] {
  return approvals.map((each) => (each.id === id ? { ...each, ...how } : each));
}

function subjectsOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((each: Json) => typeof each === 'string') : [];
}

/** The part of a state that decisions use. */
export function viewOf(state: StreamState, breakers: readonly Breaker[]): StreamView {
  return {
    stream: state.stream,
    length: state.length,
    generation: state.generation,
    open: state.open,
    closed: state.closed,
    holds: state.holds,
    tagFirstSeen: state.tagFirstSeen,
    approvals: approvalsOf(state),
    breakers,
    refusals: state.refusals,
    attestations: state.attestations,
    gaps: state.gaps,
    digest: state.digest,
    swept: state.swept,
  };
}

/** The journal's own data in a record. */
export function journalBody(record: Pick<EvidenceRecord, 'body'>): JournalBody {
  const own = record.body['journal'];
  return isRecord(own) ? (own as JournalBody) : {};
}

/** Whether a value has the form of a record, whatever its content. */
export function isEvidenceRecord(value: unknown): value is EvidenceRecord {
  if (!isRecord(value)) return false;
  const { v, stream, seq, prev, time, kind, execution, resource, remediator, body, blobs, ...more } = value as Record<string, Json>;
  if (Object.keys(more).length > 0 || v !== 1 || !isDigest(stream) || !Number.isSafeInteger(seq) || !(prev === null || isDigest(prev))) return false;
  if (typeof time !== 'string' || Number.isNaN(Date.parse(time)) || new Date(time).toISOString() !== time) return false;
  if (!KINDS.includes(kind as RecordKind) || !(execution === null || typeof execution === 'string') || typeof remediator !== 'string') return false;
  if (!isResource(resource) || !isRecord(body) || !isRecord(blobs) || !Object.values(blobs as JsonObject).every(isDigest)) return false;
  const own = (body as JsonObject)['journal'];
  if (['intent', 'lease', 'call', 'outcome'].includes(kind as string)) {
    if (execution === null || !isRecord(own) || !Number.isSafeInteger((own as JsonObject)['fence'])) return false;
    if (kind === 'outcome' && !OUTCOMES.includes((own as JsonObject)['outcome'] as Outcome)) return false;
  }
  return true;
}

/** Whether a value is `sha256:` and 64 hexadecimal digits. */
function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
}

function isResource(value: unknown): value is ResourceRef {
  return (
    isRecord(value) && ['type', 'id', 'account', 'region', 'partition'].every((member) => typeof value[member] === 'string') && Object.keys(value).length === 5
  );
}
