// What is open in a stream, and what people know of it, according to its records.
import {
  type DigestSent,
  type EvidenceRecord,
  type Gap,
  isRecord,
  type Json,
  type JsonObject,
  type OpenExecution,
  OUTCOMES,
  type Outcome,
  type ResourceRef,
  type StoredRecord,
  type Unsaid,
} from '@redress/core';

/** Maximum number of gaps in a state. */
const GAPS_IN_VIEW = 50;
/** Maximum number of records in it that nobody was notified of. */
const UNSAID_IN_VIEW = 20;
const LONGEST_MESSAGE = 300;
/** Milliseconds for which a claim of a digest holds, as for notices of a grace period. */
const LONGEST_SENDING = 5_460_000;

/** The part of a stream's state that is about people. */
export interface Standing {
  readonly gaps: readonly Gap[];
  readonly unsaid: readonly Unsaid[];
  readonly digest: DigestSent | null;
}

/** Open gaps of streams, in one place or everywhere, and outcomes that nobody could be notified of; oldest first. */
export function standingIn(
  states: readonly Pick<Standing, 'gaps' | 'unsaid'>[],
  place?: Pick<ResourceRef, 'account' | 'region'>,
): { readonly gaps: readonly Gap[]; readonly unsaid: readonly Unsaid[] } {
  const isThere = ({ resource }: Gap | Unsaid) => place === undefined || (resource.account === place.account && resource.region === place.region);
  return {
    gaps: states.flatMap(({ gaps }) => gaps.filter(isThere)).sort((a, b) => a.since - b.since),
    unsaid: states.flatMap(({ unsaid }) => unsaid.filter(isThere)).sort((a, b) => a.at - b.at),
  };
}

/** Everything that is open after some records. A view keeps only as much as a decision needs, but a report must be complete. */
export class StandingGaps {
  #stream: string | null = null;
  #now: Standing = NOTHING;
  #open: Pick<OpenExecution, 'remediator' | 'subjects'> | null = null;
  readonly #gaps: Gap[] = [];

  /** Adds the next record. Those of a stream come in order and together. */
  add({ stream, record }: Pick<StoredRecord, 'stream' | 'record'>): void {
    if (stream !== this.#stream) this.#end();
    this.#stream = stream;
    const { outcome } = journalIn(record);
    const ended = record.kind === 'outcome' ? this.#open : null;
    this.#now = standingAfter(
      this.#now,
      record,
      OUTCOMES.find((each) => each === outcome),
      ended,
      Number.MAX_SAFE_INTEGER,
    );
    if (record.kind === 'outcome') this.#open = null;
    if (record.kind === 'intent') this.#open = { remediator: record.remediator, subjects: texts(record.body['subjects']) };
  }

  /** Everything that is open, oldest first. */
  gaps(): readonly Gap[] {
    this.#end();
    return this.#gaps.sort((a, b) => a.since - b.since);
  }

  #end(): void {
    this.#gaps.push(...this.#now.gaps);
    this.#now = NOTHING;
    this.#open = null;
  }
}

const NOTHING: Standing = { gaps: [], unsaid: [], digest: null };
const journalIn = ({ body }: EvidenceRecord): JsonObject => (isRecord(body['journal']) ? (body['journal'] as JsonObject) : {});

/** The place of what is open in a stream; null: nothing is. */
export function placeOf({ gaps, unsaid }: Pick<Standing, 'gaps' | 'unsaid'>): Pick<ResourceRef, 'account' | 'region'> | null {
  return (gaps[0] ?? unsaid[0])?.resource ?? null;
}

/** The state after one more record. `executed` is the execution that an outcome closes. At most `most` gaps stay, the newest. */
export function standingAfter(
  before: Standing,
  record: EvidenceRecord,
  outcome: Outcome | undefined,
  executed: Pick<OpenExecution, 'remediator' | 'subjects'> | null,
  most: number = GAPS_IN_VIEW,
): Standing {
  const time = Date.parse(record.time);
  if (record.kind === 'decision' && isRecord(record.body['gap']))
    return { ...before, gaps: decided(before.gaps, record, record.body['gap'] as JsonObject, time, most) };
  // A gap that was closed and comes back appears again. So does one that was decided separately and closed together with others.
  if (record.kind === 'outcome' && executed !== null && outcome === 'remediated') {
    const { remediator, subjects } = executed;
    const isClosed = (each: Gap) => each.remediator === remediator && each.subjects.every((subject) => subjects.includes(subject));
    return { ...before, gaps: before.gaps.filter((each) => !isClosed(each)) };
  }
  if (record.kind !== 'notice') return before;
  const { notice, digest } = record.body;
  if (isRecord(digest)) return { ...before, digest: digested(before.digest, digest as JsonObject, record.seq, time) };
  return isRecord(notice) ? noticed(before, record, notice as JsonObject, time) : before;
}

function decided(gaps: readonly Gap[], { resource, remediator, body, seq }: EvidenceRecord, said: JsonObject, time: number, most: number): readonly Gap[] {
  const over = texts(said['over']);
  const left = gaps.filter((each) => !over.includes(each.key));
  const { key } = said;
  if (typeof key !== 'string') return left;
  const known = left.find((each) => each.key === key);
  // Decided in another grouping, or together with more, it keeps its age.
  const subjects = texts(said['subjects']);
  const before = known ?? gaps.find((each) => over.includes(each.key) && each.subjects.some((subject) => subjects.includes(subject)));
  const now = {
    outcome: OUTCOMES.find((each) => each === body['outcome']) ?? 'denied',
    message: (text(body['message']) ?? '').slice(0, LONGEST_MESSAGE),
    state: text(said['state']) ?? '',
    held: text(said['held']),
    approval: text(said['approval']),
    deadline: number(said['deadline']),
    near: said['near'] === true,
    quiet: said['quiet'] === true,
    members: number(said['members']),
  };
  const same =
    known !== undefined &&
    known.state === now.state &&
    known.held === now.held &&
    known.approval === now.approval &&
    known.near === now.near &&
    known.deadline === now.deadline &&
    known.quiet === now.quiet;
  const made: Gap = {
    key,
    resource,
    remediator,
    subjects,
    ...now,
    since: before?.since ?? time,
    seenAt: time,
    record: same ? known.record : seq,
    triedAt: same ? known.triedAt : time,
    told: before?.told ?? null,
  };
  return (known === undefined ? [...left, made] : left.map((each) => (each === known ? made : each))).slice(-most);
}

function noticed(before: Standing, { resource, remediator, execution, body }: EvidenceRecord, said: JsonObject, time: number): Standing {
  const delivered = said['status'] === 'delivered';
  const { gap } = said;
  if (typeof gap === 'string') {
    const told = { state: text(said['state']) ?? '', approval: text(said['approval']), at: time, channels: texts(said['channels']) };
    return { ...before, gaps: before.gaps.map((each) => (each.key === gap ? { ...each, triedAt: time, ...(delivered ? { told } : {}) } : each)) };
  }
  const { of } = said;
  if (typeof of !== 'number') return before;
  const others = before.unsaid.filter((each) => each.of !== of);
  if (delivered) return { ...before, unsaid: others };
  const unsaid = {
    resource,
    remediator,
    of,
    execution,
    outcome: text(said['outcome']) ?? '',
    message: (text(body['message']) ?? '').slice(0, LONGEST_MESSAGE),
    at: time,
  };
  return { ...before, unsaid: [...others, unsaid].slice(-UNSAID_IN_VIEW) };
}

/** The effect of a record on the digest of a day: a worker claims it, has sent it, or could not send it. A second claim changes nothing. */
function digested(before: DigestSent | null, said: JsonObject, seq: number, time: number): DigestSent | null {
  const { day, sending, sent, unsent } = said;
  if (typeof day !== 'string' || (before !== null && day < before.day)) return before;
  const today = before?.day === day ? before : null;
  if (isRecord(sending)) {
    const { until } = sending as JsonObject;
    const claimed = today !== null && (today.sent || (today.sending !== null && today.sending.until > time));
    // A clock that is ahead must not block the others.
    return claimed || typeof until !== 'number' ? before : { day, sent: false, sending: { record: seq, until: Math.min(until, time + LONGEST_SENDING) } };
  }
  if (today === null || today.sending === null) return before;
  if (sent === today.sending.record) return { day, sent: true, sending: null };
  return unsent === today.sending.record ? { day, sent: false, sending: null } : before;
}

function text(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function number(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

function texts(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((each: Json) => typeof each === 'string') : [];
}
