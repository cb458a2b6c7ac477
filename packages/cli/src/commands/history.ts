import {
  formatResource,
  GLOBAL_REGION,
  isRecord,
  type Json,
  type JsonObject,
  messageOf,
  type Plan,
  type ResourceRef,
  type StoredRecord,
  sweepsOf,
} from '@redress/core';
import { type Data, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, type Paint, painter } from '../io.js';
import { onceEach } from '../passes.js';
import { printable } from '../printable.js';

/** One entry of `redress history --json`: an execution with everything that belongs to it, or a decision not to act. */
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
  readonly calls: readonly {
    readonly time: string;
    readonly operation: string;
    readonly status: string;
    readonly requestId: string | null;
    /** ARN of the session that made it, as CloudTrail shows it; null in records of older versions. */
    readonly caller: string | null;
  }[];
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

/** What changed, when, why, and by which event. `subject`: a resource id, `TYPE/ID`, or an execution. */
export async function historyCommand(io: Io, data: Data, subject: string | undefined): Promise<Answer> {
  const entries = await entriesOf(data, subject, (message) => io.stderr(`warning: ${printable(message)}\n`));
  return { json: entries, text: human(entries, painter(io)), exit: 0 };
}

/**
 * What the journal knows of a subject, oldest first.
 *
 * @param warn hears of streams that do not verify, where they may be of something else: without it, and without a subject, that is an error.
 * @throws {CliError} `cli/not-found` when it knows nothing of it.
 */
export async function entriesOf(data: Data, subject: string | undefined, warn?: (message: string) => void): Promise<readonly HistoryEntry[]> {
  const journal = await openJournal(data, { create: false });
  try {
    const entries: Draft[] = [];
    const executions = new Map<string, Draft>();
    const sweeps = new Sweeps();
    try {
      for await (const stored of journal.read({ all: true })) {
        sweeps.add(stored);
        if (subject !== undefined && !matches(stored, subject)) continue;
        const entry = add(entries, executions, stored);
        if (entry !== null) sweeps.stands(entry, stored);
      }
    } catch (error) {
      if (entries.length === 0 || subject === undefined || warn === undefined) throw error;
      warn(`not all of the journal could be read: ${messageOf(error)}`);
    }
    if (subject !== undefined && entries.length === 0)
      throw new CliError('cli/not-found', `The journal in ${data.shown} knows nothing of ${JSON.stringify(subject)}.`, {
        next: 'Give a resource id, TYPE/ID or an execution; `redress history` without an argument shows everything.',
      });
    sweeps.date();
    return entries.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  } finally {
    await journal.close?.();
  }
}

/** When a remediator's sweep of a place last came to its end: it has seen whatever stood there. */
class Sweeps {
  readonly #ended = new Map<string, string>();
  readonly #gaps = new Map<string, Map<string, Draft>>();

  add({ record }: StoredRecord): void {
    const { account, region } = record.resource;
    for (const { remediator, status } of sweepsOf(record)) {
      if (status !== 'complete') continue;
      for (const place of [region, GLOBAL_REGION]) {
        const key = `${remediator} ${account} ${place}`;
        if ((this.#ended.get(key) ?? '') < record.time) this.#ended.set(key, record.time);
      }
    }
  }

  /** What an entry says of gaps of its resource: one stands, others are over. An execution ends what it was about, as far as is known here all. */
  stands(entry: Draft, { record: { kind, body } }: StoredRecord): void {
    const { account, region, type, id } = entry.resource;
    const at = [account, region, type, id, entry.remediator].join(' ');
    const gaps = this.#gaps.get(at) ?? new Map<string, Draft>();
    const gap = isRecord(body['gap']) ? (body['gap'] as JsonObject) : null;
    if (kind === 'outcome') gaps.clear();
    for (const key of Array.isArray(gap?.['over']) ? gap['over'] : []) gaps.delete(String(key));
    if (typeof gap?.['key'] === 'string') gaps.set(gap['key'], entry);
    this.#gaps.set(at, gaps);
  }

  /** Says of each gap that stands when it was last seen. */
  date(): void {
    for (const gaps of this.#gaps.values())
      for (const entry of gaps.values()) {
        const seen = this.#ended.get(`${entry.remediator} ${entry.resource.account} ${entry.resource.region}`);
        if (seen !== undefined && seen >= entry.time) entry.seenUntil = seen;
      }
  }
}

function matches({ record }: StoredRecord, subject: string): boolean {
  const { resource } = record;
  return resource.id === subject || `${resource.type}/${resource.id}` === subject || record.execution === subject;
}

/** The entry that a record makes, or belongs to; null where it adds to no decision. */
function add(entries: Draft[], executions: Map<string, Draft>, stored: StoredRecord): Draft | null {
  const { record } = stored;
  const { body, execution } = record;
  if (record.kind === 'notice' && isRecord(body['notice'])) {
    const notice = body['notice'] as JsonObject;
    // It belongs to what it notifies of; in a stream that is read from its beginning that came before it.
    const about = entries.findLast((each) => each.records.some(({ stream, seq }) => stream === stored.stream && seq === notice['of']));
    if (about !== undefined) {
      about.notices = [...about.notices, noticeIn(record.time, notice)];
      about.records = [...about.records, { stream: stored.stream, seq: stored.seq, digest: stored.digest }];
      return null;
    }
  }
  const isExecution = ['intent', 'lease', 'call', 'outcome'].includes(record.kind);
  let entry = isExecution && execution !== null ? executions.get(execution) : undefined;
  if (entry === undefined) {
    entry = {
      kind: isExecution ? 'execution' : (record.kind as HistoryEntry['kind']),
      time: record.time,
      closed: null,
      resource: record.resource,
      remediator: record.remediator,
      execution,
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
    };
    entries.push(entry);
    if (isExecution && execution !== null) executions.set(execution, entry);
  }
  entry.records = [...entry.records, { stream: stored.stream, seq: stored.seq, digest: stored.digest }];
  const plan = stored.documents['plan'];
  if (isRecord(plan)) {
    entry.plan = text((plan as JsonObject)['digest']);
    entry.changes = (plan as unknown as Plan).changes.map((change) => change.summary);
  }
  // Recovery took it over; when it began, and why, the intent says.
  if (record.kind === 'lease') return null;
  if (record.kind === 'approval' || record.kind === 'breaker') {
    const own = body['approval'];
    entry.closed = record.time;
    const { retry, attested } = body;
    entry.outcome = isRecord(own)
      ? (text((own as JsonObject)['verdict']) ?? announcedAs(own as JsonObject))
      : isRecord(retry)
        ? 'retry'
        : isRecord(attested)
          ? 'attested'
          : text(body['breaker'] as Json);
    entry.approval = isRecord(own) ? text((own as JsonObject)['id']) : null;
    entry.by = isRecord(own)
      ? ((own as JsonObject)['by'] ?? null)
      : (([retry, attested].find(isRecord) as JsonObject | undefined)?.['by'] ?? body['by'] ?? null);
    entry.reason = text(body['reason'] as Json);
    entry.message = text(body['message'] as Json) ?? `${isRecord(entry.by) ? String(entry.by['name']) : ''}: ${entry.reason ?? ''}`;
    return null;
  }
  if (record.kind === 'notice') {
    const own = isRecord(body['digest']) ? (body['digest'] as JsonObject) : {};
    entry.closed = record.time;
    entry.outcome = ['sending', 'sent', 'unsent'].find((each) => Object.hasOwn(own, each)) ?? null;
    entry.message = text(body['message']);
    return null;
  }
  if (record.kind === 'sweep') {
    const own = body['sweep'];
    entry.closed = record.time;
    entry.outcome = isRecord(own) ? text((own as JsonObject)['status']) : null;
    entry.message = isRecord(own) ? text((own as JsonObject)['message']) : null;
    return null;
  }
  if (record.kind === 'call') {
    const call = body['call'];
    if (isRecord(call))
      entry.calls = [
        ...entry.calls,
        {
          time: record.time,
          operation: `${String(call['service'])}:${String(call['operation'])}`,
          status: String(call['status']),
          requestId: text(call['requestId'] as Json),
          caller: text(call['caller'] as Json),
        },
      ];
    return null;
  }
  if (record.kind === 'outcome') {
    const own = body['journal'];
    entry.closed = record.time;
    entry.outcome = isRecord(own) ? text((own as JsonObject)['outcome']) : null;
    entry.after = stored.documents['after'] ?? null;
  } else {
    entry.trigger = body['trigger'] ?? null;
    entry.reasons = restricting(body['guardrails']);
    entry.before = stored.documents['before'] ?? null;
    entry.notice = text(body['notice'] as Json);
    entry.rollbackOf = text(body['rollbackOf']);
    entry.by = body['by'] ?? null;
    entry.reason = text(body['reason']);
    entry.approval = isRecord(body['approval']) ? text((body['approval'] as JsonObject)['id']) : null;
    if (record.kind !== 'intent') {
      entry.closed = record.time;
      entry.outcome = text(body['outcome']);
    }
  }
  entry.message = text(body['message']) ?? entry.message;
  const { open } = body;
  if (Array.isArray(open)) entry.open = open.map(String);
  const decision = body['decision'];
  // An outcome that another decision led to (a stop right before the write) has its own reasons.
  if (isRecord(decision)) entry.reasons = restricting((decision as JsonObject)['results']);
  return entry;
}

function noticeIn(time: string, { status, channels, failed }: JsonObject): HistoryNotice {
  return { time, status: text(status) ?? '', channels: Array.isArray(channels) ? channels.map(String) : [], failed: text(failed) };
}

/** Where nothing was sent for a record. */
const UNSENT: Readonly<Record<string, string>> = {
  'no-channel': 'Nobody was notified: no channel was configured.',
  known: 'Nobody was notified of it once more: nothing had changed, or one notice is for all that is held back alike.',
  none: 'Nobody was notified: it is nothing that anybody has to hear of.',
};

/** Whether anybody was notified, in one sentence. */
export function noticeOf({ notices, notice }: Pick<HistoryEntry, 'notices' | 'notice'>): string {
  const sent = notices.findLast(({ status }) => status === 'delivered');
  if (sent !== undefined) return `People were notified${sent.channels.length === 0 ? '' : ` (${sent.channels.join(', ')})`} on ${sent.time}.`;
  const last = notices.at(-1);
  if (last === undefined) return (notice === null ? undefined : UNSENT[notice]) ?? 'No record says that anybody was notified.';
  if (last.status === 'held') return 'A notice was held back, and no record says that it was delivered.';
  if (last.status === 'nobody') return 'Nobody was notified: a route sends it to no channel.';
  return `Nobody was notified${last.failed === null ? '.' : `: ${last.failed}`}`;
}

/** What became of a change that is made by itself when nobody says no. */
function announcedAs(own: JsonObject): string | null {
  return ['sending', 'sent', 'unsent', 'ended'].find((each) => Object.hasOwn(own, each)) ?? null;
}

function restricting(results: Json | undefined): readonly Json[] {
  return Array.isArray(results) ? results.filter((each: Json) => isRecord(each) && each['effect'] !== 'allow') : [];
}

function text(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function human(entries: readonly HistoryEntry[], paint: Paint): string {
  if (entries.length === 0) return 'The journal is empty.';
  const lines: string[] = [];
  for (const entry of entries) {
    lines.push(`${entry.time}  ${paint('bold', entry.outcome ?? 'open')}  ${printable(formatResource(entry.resource))}  ${printable(entry.remediator)}`);
    const { message, reasons } = onceEach(
      entry.message ?? '',
      (entry.reasons.filter(isRecord) as unknown as JsonObject[]).map((reason) => ({
        effect: String(reason['effect']),
        message: String(reason['message']),
        code: String(reason['code']),
      })),
    );
    if (message !== null && message !== '') lines.push(`  ${printable(message)}`);
    const cause = causeOf(entry);
    if (cause !== '') lines.push(`  because ${printable(cause)}`);
    for (const reason of reasons) lines.push(`  ${reason.effect.padEnd(7)} ${printable(reason.message)} (${printable(reason.code)})`);
    for (const call of entry.calls) {
      const proof = [call.requestId === null ? '' : `request ${printable(call.requestId)}`, call.caller === null ? '' : `by ${printable(call.caller)}`];
      const shown = proof.filter((each) => each !== '').join(', ');
      lines.push(`  ${call.time}  ${printable(call.operation)} ${printable(call.status)}${shown === '' ? '' : ` (${shown})`}`);
    }
    if (entry.kind === 'execution' && (entry.before !== null || entry.after !== null)) {
      lines.push(`  before  ${printable(JSON.stringify(entry.before))}`);
      if (entry.after !== null) lines.push(`  after   ${printable(JSON.stringify(entry.after))}`);
    }
    for (const open of entry.open) if (entry.message?.includes(open) !== true) lines.push(`  still open: ${printable(open)}`);
    for (const each of entry.notices) lines.push(`  ${each.time}  ${printable(noticeOf({ notices: [each], notice: null }))}`);
    if (entry.seenUntil !== null) lines.push(`  seen so by sweeps until ${entry.seenUntil}`);
    if (entry.approval !== null) lines.push(`  approval ${printable(entry.approval)}`);
    if (entry.execution !== null) lines.push(`  ${entry.kind === 'duplicate' ? 'names execution' : 'execution'} ${printable(entry.execution)}`);
  }
  return lines.join('\n');
}

/** What caused an entry, in words; empty when nothing is known. */
export function causeOf(entry: HistoryEntry): string {
  if (entry.rollbackOf !== null)
    return `${isRecord(entry.by) ? String((entry.by as JsonObject)['name']) : 'someone'} rolled back ${entry.rollbackOf}: ${entry.reason ?? ''}`;
  const { trigger } = entry;
  if (!isRecord(trigger)) return '';
  const member = (name: string) => text((trigger as JsonObject)[name]);
  if (member('by') === 'approval') return `a person approved it (${member('approval') ?? ''})`;
  if (member('by') !== 'finding') return member('by') === 'sweep' ? 'a sweep found it' : member('by') === 'request' ? 'it was asked for' : '';
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
