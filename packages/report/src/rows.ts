// What an entry says on one line, for tables and spreadsheets; and who is named in it.
import type { JsonObject } from '@redress/core';
import { causeOf, type HistoryEntry, objectOf, text } from './entries.js';

/** What is known besides records: the policy's environments, and the register's entries. */
export interface Around {
  /** The environment of an account; null: it is in none, or nobody has said. */
  readonly environmentOf: (account: string) => string | null;
  /** Of an exception, by its id. */
  readonly exceptionOf: (id: string) => { readonly approver: string; readonly ticket: string | null } | null;
}

/** Nothing but the records. */
export const RECORDS_ALONE: Around = { environmentOf: () => null, exceptionOf: () => null };

/** An entry on one line. */
export interface Row {
  readonly time: string;
  readonly closed: string;
  readonly kind: string;
  readonly outcome: string;
  readonly environment: string;
  readonly account: string;
  readonly region: string;
  readonly resource: string;
  readonly remediator: string;
  readonly change: string;
  readonly actor: string;
  readonly cause: string;
  readonly approver: string;
  /** `signed`: a signed request named them. `unsigned`: the name was not verified. `register`: according to the register. Empty: no approver. */
  readonly approverNamedBy: string;
  readonly reason: string;
  readonly ticket: string;
  readonly execution: string;
  readonly approval: string;
  readonly rollbackOf: string;
  readonly requests: string;
  readonly verified: string;
  readonly drill: string;
  readonly policy: string;
  readonly message: string;
  readonly stream: string;
  readonly records: string;
}

/** A ticket as Jira (`CHG-1234`) and ServiceNow (`CHG0012345`) number them. */
const TICKET = /(?<![A-Za-z0-9])(?:[A-Z][A-Z0-9]{1,9}-\d{1,9}|(?:CHG|INC|PRB|REQ|RITM|SCTASK|TASK)\d{4,12})(?![A-Za-z0-9])/g;

/** Tickets that a text names, each once. */
export function ticketsIn(reason: string | null): readonly string[] {
  return [...new Set(reason?.match(TICKET) ?? [])];
}

/** Tickets of an entry: that of the exception that covers it, and those that people have named in their reasons. */
export function ticketsOf(entry: HistoryEntry, { exceptionOf }: Around): readonly string[] {
  const accepted = entry.exception === null ? null : exceptionOf(entry.exception);
  return [...new Set([...(accepted?.ticket == null ? [] : [accepted.ticket]), ...ticketsIn(entry.reason), ...ticketsIn(entry.approvedBy?.reason ?? null)])];
}

/** Who caused or did it: ARNs, sessions and names, the most specific first. */
export function actorsOf(entry: HistoryEntry): readonly string[] {
  const named = (trigger: JsonObject | null) => ['actor', 'person', 'sourceIdentity', 'issuer'].map((name) => text(trigger?.[name]));
  const by = text(objectOf(entry.by)?.['name']) ?? text(entry.by);
  const found = [by, ...named(objectOf(entry.trigger)), ...named(objectOf(entry.askedBy))];
  return [...new Set(found.filter((each) => each !== null))];
}

/** Who approved it, and how they are known. */
export function approverOf(
  entry: HistoryEntry,
  { exceptionOf }: Around,
): { readonly name: string; readonly namedBy: 'signed' | 'unsigned' | 'register' } | null {
  if (entry.approvedBy !== null) return { name: entry.approvedBy.name, namedBy: entry.approvedBy.verified ? 'signed' : 'unsigned' };
  if (entry.kind === 'approval' && (entry.outcome === 'approved' || entry.outcome === 'denied')) {
    const by = objectOf(entry.by);
    return { name: text(by?.['name']) ?? '', namedBy: by?.['verified'] === true ? 'signed' : 'unsigned' };
  }
  const accepted = entry.exception === null ? null : exceptionOf(entry.exception);
  return accepted === null ? null : { name: accepted.approver, namedBy: 'register' };
}

/** An entry as it stands on one line. */
export function rowOf(entry: HistoryEntry, around: Around): Row {
  const approver = approverOf(entry, around);
  return {
    time: entry.time,
    closed: entry.closed ?? '',
    kind: entry.kind,
    outcome: entry.outcome ?? 'open',
    environment: around.environmentOf(entry.resource.account) ?? '',
    account: entry.resource.account,
    region: entry.resource.region,
    resource: `${entry.resource.type}/${entry.resource.id}`,
    remediator: entry.remediator,
    change: entry.changes.join('; '),
    actor: actorsOf(entry)[0] ?? '',
    cause: causeOf(entry),
    approver: approver?.name ?? '',
    approverNamedBy: approver?.namedBy ?? '',
    reason: entry.reason ?? entry.approvedBy?.reason ?? '',
    ticket: ticketsOf(entry, around).join(' '),
    execution: entry.execution ?? '',
    approval: entry.approval ?? '',
    rollbackOf: entry.rollbackOf ?? '',
    requests: entry.calls.flatMap(({ requestId }) => requestId ?? []).join(' '),
    verified: entry.verified ?? '',
    drill: entry.drill ? 'drill' : '',
    policy: entry.policy ?? '',
    message: entry.message ?? '',
    stream: entry.records[0]?.stream ?? '',
    records: entry.records.map(({ seq }) => seq).join(' '),
  };
}

/** The columns of {@link Row}, as they stand in a spreadsheet. */
export const ROW_COLUMNS: readonly (keyof Row)[] = [
  'time',
  'closed',
  'kind',
  'outcome',
  'environment',
  'account',
  'region',
  'resource',
  'remediator',
  'change',
  'actor',
  'cause',
  'approver',
  'approverNamedBy',
  'reason',
  'ticket',
  'execution',
  'approval',
  'rollbackOf',
  'requests',
  'verified',
  'drill',
  'policy',
  'message',
  'stream',
  'records',
];
