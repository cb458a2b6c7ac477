import { formatResource, isRecord, type JsonObject, messageOf } from '@redress/core';
import {
  type Around,
  causeOf,
  csvOf,
  EntryIndex,
  EVERYTHING,
  type Filter,
  type FilterInput,
  type HistoryEntry,
  noticeOf,
  parseFilter,
  RECORDS_ALONE,
  ROW_COLUMNS,
  rowOf,
} from '@redress/report';
import { type Composition, type Data, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, type Paint, painter, table } from '../io.js';
import { onceEach } from '../passes.js';
import { printable, printableJson } from '../printable.js';

export { causeOf, type HistoryEntry, noticeOf } from '@redress/report';

/** Options of `redress history`. */
export interface HistoryOptions extends FilterInput {
  readonly output?: string;
}

const OUTPUTS = ['table', 'json', 'ndjson', 'csv'] as const;

/**
 * What changed, when, why, and by which event. `subject`: a resource id, `TYPE/ID`, or an execution.
 *
 * @param composition where something is asked for that the policy or the register says; null: the records alone.
 */
export async function historyCommand(
  io: Io,
  data: Data,
  subject: string | undefined,
  options: HistoryOptions = {},
  composition: Composition | null = null,
): Promise<Answer> {
  const { output, ...input } = options;
  const format = OUTPUTS.find((each) => each === output);
  if (output !== undefined && format === undefined)
    throw new CliError('cli/usage', `There is no output ${JSON.stringify(output)}.`, { next: `Choose one of ${OUTPUTS.join(', ')}.` });
  const around = composition === null ? RECORDS_ALONE : aroundOf(composition);
  const { index, failed } = await opened(data, around);
  try {
    const wanted: FilterInput = subject === undefined ? input : { ...input, resource: [...(input.resource ?? []), subject] };
    const filter = parseFilter(wanted, {
      environments: composition === null ? null : environmentsOf(composition),
      remediators: [...new Set([...(composition?.remediators.map(({ id }) => id) ?? []), ...index.remediators()])].sort(),
      now: composition?.clock.now() ?? Date.now(),
    });
    const entries = [...index.query(filter)];
    if (failed !== null) unlessOfSomethingElse(failed, subject, entries, (message) => io.stderr(`warning: ${printable(message)}\n`));
    if (subject !== undefined && entries.length === 0 && Object.keys(input).length === 0) throw nothingOf(data, subject);
    return { json: entries, text: shown(io, entries, format, around), exit: 0 };
  } finally {
    index.close();
  }
}

/** What the policy and the register say of accounts and exceptions. */
export function aroundOf({ policy, register }: Pick<Composition, 'policy' | 'register'>): Around {
  const environments = new Map(policy.environments.flatMap(({ name, accounts }) => accounts.map((account) => [account, name] as const)));
  const exceptions = new Map(register.entries.map((entry) => [entry.id, entry]));
  return { environmentOf: (account) => environments.get(account) ?? null, exceptionOf: (id) => exceptions.get(id) ?? null };
}

/** Accounts of each environment; null: there is no policy. */
export function environmentsOf({ policy, policySource }: Composition): ReadonlyMap<string, readonly string[]> | null {
  if (policySource.kind === 'absent') return null;
  return new Map(policy.environments.map(({ name, accounts }) => [name, accounts]));
}

/** Entries as they were asked for. */
function shown(io: Io, entries: readonly HistoryEntry[], format: (typeof OUTPUTS)[number] | undefined, around: Around): string {
  if (format === 'json') return printableJson(entries);
  if (format === 'ndjson') return entries.map((each) => printable(JSON.stringify(each))).join('\n');
  if (format === 'csv')
    return csvOf(
      ROW_COLUMNS,
      entries.map((each) => rowOf(each, around)).map((row) => ROW_COLUMNS.map((column) => printable(row[column]))),
    );
  if (format === 'table') return tableOf(entries, around, painter(io));
  return human(entries, painter(io));
}

const COLUMNS = ['time', 'outcome', 'environment', 'account', 'resource', 'remediator', 'approver', 'ticket', 'actor'] as const;

function tableOf(entries: readonly HistoryEntry[], around: Around, paint: Paint): string {
  if (entries.length === 0) return 'No entry matches.';
  const rows = entries.map((each) => rowOf(each, around));
  return table(
    COLUMNS,
    rows.map((row) => COLUMNS.map((column) => (row[column] === '' ? '-' : printable(row[column])))),
    paint,
  );
}

/** An index over the journal, and why not all of it could be read. */
async function opened(data: Data, around: Around): Promise<{ readonly index: EntryIndex; readonly failed: unknown }> {
  const journal = await openJournal(data, { create: false });
  const index = new EntryIndex(around);
  let failed: unknown = null;
  try {
    for await (const stored of journal.read({ all: true })) index.add(stored);
  } catch (error) {
    failed = error;
  } finally {
    await journal.close?.();
  }
  return { index: index.done(), failed };
}

/**
 * What the journal knows of a subject, oldest first.
 *
 * @param warn hears of streams that do not verify, where they may be of something else: without it, and without a subject, that is an error.
 * @throws {CliError} `cli/not-found` when it knows nothing of it.
 */
export async function entriesOf(data: Data, subject: string | undefined, warn?: (message: string) => void): Promise<readonly HistoryEntry[]> {
  const { index, failed } = await opened(data, RECORDS_ALONE);
  try {
    const filter: Filter = subject === undefined ? EVERYTHING : { ...EVERYTHING, resources: [subject] };
    const entries = [...index.query(filter)];
    if (failed !== null) unlessOfSomethingElse(failed, subject, entries, warn);
    if (subject !== undefined && entries.length === 0) throw nothingOf(data, subject);
    return entries;
  } finally {
    index.close();
  }
}

/** What could not be read may be of another resource, where something of this one was found. */
function unlessOfSomethingElse(failed: unknown, subject: string | undefined, entries: readonly HistoryEntry[], warn?: (message: string) => void): void {
  if (entries.length === 0 || subject === undefined || warn === undefined) throw failed;
  warn(`not all of the journal could be read: ${messageOf(failed)}`);
}

function nothingOf(data: Data, subject: string): CliError {
  return new CliError('cli/not-found', `The journal in ${data.shown} has no record of ${JSON.stringify(subject)}.`, {
    next: 'Give a resource id, TYPE/ID or an execution; `redress history` without an argument shows everything.',
  });
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
    if (entry.seenUntil !== null) lines.push(`  confirmed by sweeps until ${entry.seenUntil}`);
    if (entry.approval !== null) lines.push(`  approval ${printable(entry.approval)}`);
    if (entry.execution !== null) lines.push(`  ${entry.kind === 'duplicate' ? 'names execution' : 'execution'} ${printable(entry.execution)}`);
  }
  return lines.join('\n');
}
