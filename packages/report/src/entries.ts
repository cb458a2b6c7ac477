// Records folded to entries: an execution with everything that belongs to it, a decision, an answer of a person, a sweep.
import { GLOBAL_REGION, isRecord, type Json, type JsonObject, type Plan, type ResourceRef, type StoredRecord, sweepsOf } from '@redress/core';

/** One entry of the history: an execution with everything that belongs to it, or one record that belongs to none. */
export interface HistoryEntry {
  readonly kind: 'execution' | 'decision' | 'duplicate' | 'approval' | 'sweep' | 'breaker' | 'notice';
  /** When it began. */
  readonly time: string;
  /** When it was closed; null for an open execution. */
  readonly closed: string | null;
  readonly resource: ResourceRef;
  readonly remediator: string;
  readonly execution: string | null;
  /** Null while it is open. */
  readonly outcome: string | null;
  readonly message: string | null;
  /** What caused it: what is kept of the event, or who asked. */
  readonly trigger: Json;
  /** Answers of guardrails that restrict. */
  readonly reasons: readonly Json[];
  readonly plan: string | null;
  readonly changes: readonly string[];
  /** Writing calls, as they were answered. */
  readonly calls: readonly HistoryCall[];
  readonly before: Json;
  readonly after: Json;
  readonly open: readonly string[];
  /** For a rollback: the execution that it takes back, by whom, and why. */
  readonly rollbackOf: string | null;
  readonly by: Json;
  readonly reason: string | null;
  /** The approval that it waits for, rests on, or answers. */
  readonly approval: string | null;
  /** What became of notifying people of it, oldest first; empty: no record says that anybody was notified. */
  readonly notices: readonly HistoryNotice[];
  /** What the record of a decision says of people as it was written: `follows`, `known`, `none`, `no-channel`; null in records of older versions, and of others. */
  readonly notice: string | null;
  /** Of a gap that stands: when the last sweep that came to its end saw it as it was; null: none has since. */
  readonly seenUntil: string | null;
  /** Where its records are. */
  readonly records: readonly { readonly stream: string; readonly seq: number; readonly digest: string }[];
  /** Every guardrail's answer, also those that allow. */
  readonly guardrails: readonly Json[];
  /** Who said yes to what an execution rests on; null: nobody was asked. */
  readonly approvedBy: { readonly name: string; readonly verified: boolean; readonly at: string; readonly reason: string | null } | null;
  /** Of an execution that a person has approved: what had caused the request. */
  readonly askedBy: Json;
  /** Of an execution: when its gap was first recorded, by a decision that stood when it began; null: by the execution itself. */
  readonly recordedAt: string | null;
  /** Digests of its documents, by their names. */
  readonly documents: Readonly<Record<string, string>>;
  /** Digest of the policy that it was decided under. */
  readonly policy: string | null;
  /** Of an outcome: what the verifying read found. */
  readonly verified: string | null;
  /** Of an execution: it was made to try things out. */
  readonly drill: boolean;
  /** The exception that covers it, by its id in the register. */
  readonly exception: string | null;
  /** Tags of the resource as it was seen; null where they are not recorded. */
  readonly tags: Json;
}

/** A writing call. */
export interface HistoryCall {
  readonly time: string;
  readonly operation: string;
  readonly status: string;
  readonly requestId: string | null;
  /** ARN of the session that made it, as CloudTrail shows it; null in records of older versions. */
  readonly caller: string | null;
}

/** What became of notifying people. */
export interface HistoryNotice {
  readonly time: string;
  /** `delivered`, `held` (in the process that sent it), `not-delivered`, or `nobody`: a route sends it to no channel. */
  readonly status: string;
  readonly channels: readonly string[];
  readonly failed: string | null;
}

type Draft = { -readonly [K in keyof HistoryEntry]: HistoryEntry[K] };

/** An entry, and whether what it says of a gap still stands at the end of its stream. */
export interface Folded {
  readonly entry: HistoryEntry;
  readonly stands: boolean;
}

/** Folds records to entries, stream by stream: those of a stream have to come in order, and together. */
export class EntryFold {
  readonly #emit: (folded: Folded) => void;
  readonly #sweeps = new Map<string, string>();
  #stream: string | null = null;
  #entries: Draft[] = [];
  #executions = new Map<string, Draft>();
  #byRecord = new Map<number, Draft>();
  #gaps = new Map<string, Map<string, Draft>>();
  /** When the oldest gap of a remediator that stands was first recorded. */
  #since = new Map<string, string>();

  /** @param emit takes the entries of a stream when it has ended. */
  constructor(emit: (folded: Folded) => void) {
    this.#emit = emit;
  }

  /** Takes in the next record. */
  add(stored: StoredRecord): void {
    if (stored.stream !== this.#stream) this.end();
    this.#stream = stored.stream;
    this.#swept(stored);
    const entry = this.#entry(stored);
    if (entry !== null) this.#stands(entry, stored);
  }

  /** The last stream has ended, too. */
  end(): void {
    const standing = new Set([...this.#gaps.values()].flatMap((gaps) => [...gaps.values()]));
    const yes = new Map(this.#entries.filter(({ kind, outcome }) => kind === 'approval' && outcome === 'approved').map((each) => [each.approval, each]));
    const asked = new Map(this.#entries.filter(({ kind, approval }) => kind === 'decision' && approval !== null).map((each) => [each.approval, each]));
    for (const entry of this.#entries) {
      if (entry.kind === 'execution' && entry.approval !== null) {
        const answer = yes.get(entry.approval);
        if (answer !== undefined) entry.approvedBy = approverIn(answer);
        entry.askedBy = asked.get(entry.approval)?.trigger ?? null;
      }
      this.#emit({ entry, stands: standing.has(entry) });
    }
    this.#entries = [];
    this.#executions = new Map();
    this.#byRecord = new Map();
    this.#gaps = new Map();
    this.#since = new Map();
  }

  /** When the last sweep of a remediator that came to its end had seen a place, as far as records were taken in. */
  seen({ remediator, resource }: Pick<HistoryEntry, 'remediator' | 'resource'>): string | null {
    return this.#sweeps.get(`${remediator} ${resource.account} ${resource.region}`) ?? null;
  }

  #swept({ record }: StoredRecord): void {
    const { account, region } = record.resource;
    for (const { remediator, status } of sweepsOf(record)) {
      if (status !== 'complete') continue;
      for (const place of [region, GLOBAL_REGION]) {
        const key = `${remediator} ${account} ${place}`;
        if ((this.#sweeps.get(key) ?? '') < record.time) this.#sweeps.set(key, record.time);
      }
    }
  }

  /** What an entry says of gaps of its resource: one stands, others are over. An execution ends what it was about, as far as is known here all. */
  #stands(entry: Draft, { record: { kind, body } }: StoredRecord): void {
    const gaps = this.#gaps.get(entry.remediator) ?? new Map<string, Draft>();
    const gap = isRecord(body['gap']) ? (body['gap'] as JsonObject) : null;
    if (kind === 'intent') entry.recordedAt = this.#since.get(entry.remediator) ?? null;
    if (kind === 'outcome') gaps.clear();
    for (const key of Array.isArray(gap?.['over']) ? gap['over'] : []) gaps.delete(String(key));
    if (typeof gap?.['key'] === 'string') gaps.set(gap['key'], entry);
    this.#gaps.set(entry.remediator, gaps);
    if (gaps.size === 0) this.#since.delete(entry.remediator);
    else if (!this.#since.has(entry.remediator)) this.#since.set(entry.remediator, entry.time);
  }

  /** The entry that a record makes, or belongs to; null where it adds to no decision. */
  #entry(stored: StoredRecord): Draft | null {
    const { record } = stored;
    const { body, execution } = record;
    const at = { stream: stored.stream, seq: stored.seq, digest: stored.digest };
    if (record.kind === 'notice' && isRecord(body['notice'])) {
      const notice = body['notice'] as JsonObject;
      // It belongs to what it notifies of; in a stream that is read from its beginning that came before it.
      const about = this.#byRecord.get(Number(notice['of']));
      if (about !== undefined) {
        about.notices = [...about.notices, noticeIn(record.time, notice)];
        about.records = [...about.records, at];
        return null;
      }
    }
    const isExecution = ['intent', 'lease', 'call', 'outcome'].includes(record.kind);
    let entry = isExecution && execution !== null ? this.#executions.get(execution) : undefined;
    if (entry === undefined) {
      entry = blank(isExecution ? 'execution' : (record.kind as HistoryEntry['kind']), stored);
      this.#entries.push(entry);
      if (isExecution && execution !== null) this.#executions.set(execution, entry);
    }
    this.#byRecord.set(stored.seq, entry);
    entry.records = [...entry.records, at];
    entry.documents = { ...entry.documents, ...record.blobs };
    const plan = stored.documents['plan'];
    if (isRecord(plan)) {
      entry.plan = text((plan as JsonObject)['digest']);
      entry.changes = (plan as unknown as Plan).changes.map((change) => change.summary);
    }
    switch (record.kind) {
      // Recovery took it over; when it began, and why, the intent says.
      case 'lease':
        return null;
      case 'approval':
      case 'breaker':
        answered(entry, stored);
        return null;
      case 'notice':
        digested(entry, stored);
        return null;
      case 'sweep':
        swept(entry, stored);
        return null;
      case 'call':
        called(entry, stored);
        return null;
      default:
        decided(entry, stored);
        return entry;
    }
  }
}

function blank(kind: HistoryEntry['kind'], { record }: StoredRecord): Draft {
  return {
    kind,
    time: record.time,
    closed: null,
    resource: record.resource,
    remediator: record.remediator,
    execution: record.execution,
    outcome: null,
    message: null,
    trigger: null,
    reasons: [],
    plan: null,
    changes: [],
    calls: [],
    before: null,
    after: null,
    open: [],
    rollbackOf: null,
    by: null,
    reason: null,
    approval: null,
    notices: [],
    notice: null,
    seenUntil: null,
    records: [],
    guardrails: [],
    approvedBy: null,
    askedBy: null,
    recordedAt: null,
    documents: {},
    policy: null,
    verified: null,
    drill: false,
    exception: null,
    tags: null,
  };
}

/** A person's word, or a circuit breaker. */
function answered(entry: Draft, { record: { body, time } }: StoredRecord): void {
  const { approval, retry, attested } = body;
  const own = objectOf(approval);
  entry.closed = time;
  entry.outcome =
    own !== null ? (text(own['verdict']) ?? announcedAs(own)) : isRecord(retry) ? 'retry' : isRecord(attested) ? 'attested' : text(body['breaker']);
  entry.approval = own === null ? null : text(own['id']);
  entry.by = own !== null ? (own['by'] ?? null) : (([retry, attested].find(isRecord) as JsonObject | undefined)?.['by'] ?? body['by'] ?? null);
  entry.reason = text(body['reason']);
  entry.message = text(body['message']) ?? `${isRecord(entry.by) ? String(entry.by['name']) : ''}: ${entry.reason ?? ''}`;
}

function approverIn({ by, closed, time, reason }: HistoryEntry): HistoryEntry['approvedBy'] {
  const who = objectOf(by);
  return { name: text(who?.['name']) ?? '', verified: who?.['verified'] === true, at: closed ?? time, reason };
}

/** The digest of a day. */
function digested(entry: Draft, { record: { body, time } }: StoredRecord): void {
  const own = objectOf(body['digest']) ?? {};
  entry.closed = time;
  entry.outcome = ['sending', 'sent', 'unsent'].find((each) => Object.hasOwn(own, each)) ?? null;
  entry.message = text(body['message']);
}

function swept(entry: Draft, { record: { body, time } }: StoredRecord): void {
  const own = objectOf(body['sweep']);
  entry.closed = time;
  entry.outcome = text(own?.['status']);
  entry.message = text(own?.['message']);
}

function called(entry: Draft, { record: { body, time } }: StoredRecord): void {
  const call = objectOf(body['call']);
  if (call === null) return;
  const operation = `${String(call['service'])}:${String(call['operation'])}`;
  entry.calls = [...entry.calls, { time, operation, status: String(call['status']), requestId: text(call['requestId']), caller: text(call['caller']) }];
}

/** A decision, or the begin or the end of an execution. */
function decided(entry: Draft, { record, documents }: StoredRecord): void {
  const { body, kind, time } = record;
  if (kind === 'outcome') {
    entry.closed = time;
    entry.outcome = text(objectOf(body['journal'])?.['outcome']);
    entry.after = documents['after'] ?? null;
    entry.verified = text(body['verified']);
  } else {
    entry.trigger = body['trigger'] ?? null;
    answeredBy(entry, body['guardrails']);
    entry.before = documents['before'] ?? null;
    entry.notice = text(body['notice']);
    entry.rollbackOf = text(body['rollbackOf']);
    entry.by = body['by'] ?? null;
    entry.reason = text(body['reason']);
    entry.approval = text(objectOf(body['approval'])?.['id']);
    entry.policy = text(body['policy']);
    entry.drill = objectOf(body['terms'])?.['drill'] === true;
    entry.tags = objectOf(documents['observation'])?.['tags'] ?? null;
    if (kind === 'intent') entry.approval ??= text(objectOf(body['journal'])?.['approval']);
    else {
      entry.closed = time;
      entry.outcome = text(body['outcome']);
      entry.exception = entry.outcome === 'exempt' ? exceptionIn(entry.guardrails) : null;
    }
  }
  entry.message = text(body['message']) ?? entry.message;
  const { open } = body;
  if (Array.isArray(open)) entry.open = open.map(String);
  // An outcome that another decision led to (a stop right before the write) has its own reasons.
  const decision = objectOf(body['decision']);
  if (decision !== null) answeredBy(entry, decision['results']);
}

function exceptionIn(results: readonly Json[]): string | null {
  const own = results.map(objectOf).find((each) => each?.['guardrail'] === 'exceptions' && each['effect'] === 'exempt');
  return text(objectOf(own?.['data'])?.['id']);
}

function noticeIn(time: string, { status, channels, failed }: JsonObject): HistoryNotice {
  return { time, status: text(status) ?? '', channels: Array.isArray(channels) ? channels.map(String) : [], failed: text(failed) };
}

/** The result of a change that is made automatically unless somebody denies it. */
function announcedAs(own: JsonObject): string | null {
  return ['sending', 'sent', 'unsent', 'ended'].find((each) => Object.hasOwn(own, each)) ?? null;
}

/** Every guardrail's answer, and those that restrict. Of most records all answers are as they should be, and nothing is copied. */
function answeredBy(entry: Draft, results: Json | undefined): void {
  const all = !Array.isArray(results) ? [] : results.every(isRecord) ? results : results.filter(isRecord);
  entry.guardrails = all as readonly JsonObject[];
  entry.reasons = (all as readonly JsonObject[]).filter((each) => each['effect'] !== 'allow');
}

/** A text; null for anything else. */
export function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** A JSON object; null for anything else. */
export function objectOf(value: unknown): JsonObject | null {
  return isRecord(value) ? (value as JsonObject) : null;
}

/** What caused an entry, in words; empty when nothing is known. */
export function causeOf(entry: Pick<HistoryEntry, 'rollbackOf' | 'by' | 'reason' | 'trigger'>): string {
  if (entry.rollbackOf !== null) return `${text(objectOf(entry.by)?.['name']) ?? 'someone'} rolled back ${entry.rollbackOf}: ${entry.reason ?? ''}`;
  const trigger = objectOf(entry.trigger);
  if (trigger === null) return '';
  const member = (name: string) => text(trigger[name]);
  if (member('by') === 'approval') return `a person approved it (${member('approval') ?? ''})`;
  if (member('by') !== 'finding') return member('by') === 'sweep' ? 'a sweep found it' : member('by') === 'request' ? 'it was requested' : '';
  return [
    `${member('source') ?? ''} ${member('kind') ?? ''}`.trim(),
    member('call'),
    member('actor') === null ? null : `by ${member('actor') ?? ''}`,
    member('event') === null ? null : `event ${member('event') ?? ''}`,
    member('observedAt') === null ? null : `of ${member('observedAt') ?? ''}`,
  ]
    .filter((part) => part !== null && part !== '')
    .join(', ');
}

/** Where nothing was sent for a record. */
const UNSENT: Readonly<Record<string, string>> = {
  'no-channel': 'Nobody was notified: no channel was configured.',
  known: 'Nobody was notified again: nothing had changed, or one notice covers everything that is held back for the same reason.',
  none: 'Nobody was notified: no notification is needed.',
};

/** Whether anybody was notified, in one sentence. */
export function noticeOf({ notices, notice }: Pick<HistoryEntry, 'notices' | 'notice'>): string {
  const sent = notices.findLast(({ status }) => status === 'delivered');
  if (sent !== undefined) return `People were notified${sent.channels.length === 0 ? '' : ` (${sent.channels.join(', ')})`} on ${sent.time}.`;
  const last = notices.at(-1);
  if (last === undefined) return (notice === null ? undefined : UNSENT[notice]) ?? 'No record shows that anybody was notified.';
  if (last.status === 'held') return 'A notice was held back, and no record shows that it was delivered.';
  if (last.status === 'nobody') return 'Nobody was notified: its route has no channel.';
  return `Nobody was notified${last.failed === null ? '.' : `: ${last.failed}`}`;
}
