// The index over entries: a database that is rebuilt from records each time, and thrown away. It answers the history and the report alike.
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { Json, StoredRecord } from '@redress/core';
import { EntryFold, type HistoryEntry } from './entries.js';
import { EVERYTHING, type Filter } from './filter.js';
import { type Around, actorsOf, approverOf, RECORDS_ALONE, ticketsOf } from './rows.js';

// A database without a name is a file of its own that nobody else sees and that is gone with its connection: it holds more than memory would.
const PLACE = '';
const SCHEMA = `
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE entries (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, time TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, account TEXT NOT NULL, type TEXT NOT NULL,
  resource TEXT NOT NULL, remediator TEXT NOT NULL, outcome TEXT NOT NULL, execution TEXT, stands INTEGER NOT NULL, actors TEXT NOT NULL,
  approver TEXT NOT NULL, tickets TEXT NOT NULL, tagged INTEGER NOT NULL,
  closed TEXT, policy TEXT, exception TEXT, drill INTEGER NOT NULL
) STRICT;
CREATE TABLE bodies (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
`;
const INDEXES =
  'CREATE INDEX by_time ON entries (time, stream, seq); CREATE INDEX by_record ON entries (stream, seq); CREATE INDEX by_execution ON entries (execution) WHERE execution IS NOT NULL;';
/** Between several names of one entry: no name holds a line feed, for texts of records are cleaned of control characters. */
const BETWEEN = '\n';

/** Of an entry what counts. */
export interface EntryLine extends Pick<HistoryEntry, 'time' | 'closed' | 'remediator' | 'execution' | 'policy' | 'exception' | 'drill'> {
  readonly kind: string;
  /** `open`: it has none. */
  readonly outcome: string;
}

/** Entries of a journal, in order of time, to be asked by filters. */
export class EntryIndex {
  readonly #database = new DatabaseSync(PLACE);
  readonly #around: Around;
  readonly #fold: EntryFold;
  readonly #insert: ReturnType<DatabaseSync['prepare']>;
  readonly #body: ReturnType<DatabaseSync['prepare']>;
  #next = 1;

  /** @param around what a filter may ask for and no record says: whose exception it is. */
  constructor(around: Around = RECORDS_ALONE) {
    this.#around = around;
    this.#database.exec(`${SCHEMA}BEGIN;`);
    this.#insert = this.#database.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#body = this.#database.prepare('INSERT INTO bodies VALUES (?, ?)');
    this.#fold = new EntryFold(({ entry, stands }) => this.#keep(entry, stands));
  }

  /** Takes in a record: those of a stream in order, and together. */
  add(record: StoredRecord): void {
    this.#fold.add(record);
  }

  /** All records were taken in. */
  done(): this {
    this.#fold.end();
    this.#database.exec(`COMMIT; ${INDEXES}`);
    return this;
  }

  #keep(entry: HistoryEntry, stands: boolean): void {
    const [first] = entry.records;
    const { resource, kind, time, remediator, outcome, execution } = entry;
    const id = this.#next++;
    this.#insert.run(
      id,
      kind,
      time,
      first?.stream ?? '',
      first?.seq ?? 0,
      resource.account,
      resource.type,
      resource.id,
      remediator,
      outcome ?? 'open',
      execution,
      stands ? 1 : 0,
      actorsOf(entry).join(BETWEEN),
      approverOf(entry, this.#around)?.name ?? '',
      [...ticketsOf(entry, this.#around)].map((each) => `${BETWEEN}${each}${BETWEEN}`).join(''),
      entry.tags === null ? 0 : 1,
      entry.closed,
      entry.policy,
      entry.exception,
      entry.drill ? 1 : 0,
    );
    this.#body.run(id, JSON.stringify(entry));
  }

  /** Entries that a filter holds for, oldest first; those of one moment by stream and number, so that each copy of a journal has the same order. */
  *query(filter: Filter = EVERYTHING): Generator<HistoryEntry> {
    const { where, values } = conditions(filter);
    const found = this.#database.prepare(`SELECT body, stands FROM entries JOIN bodies USING (id) WHERE ${where} ORDER BY time, stream, seq`);
    for (const { body, stands } of found.iterate(...values)) {
      const entry = JSON.parse(String(body)) as HistoryEntry;
      const seen = stands === 1 ? this.#fold.seen(entry) : null;
      yield seen !== null && seen >= entry.time ? { ...entry, seenUntil: seen } : entry;
    }
  }

  /** The same as {@link EntryIndex.query}, of each what counts: a report has many entries, and shows few of them whole. */
  *lines(filter: Filter = EVERYTHING): Generator<EntryLine> {
    const { where, values } = conditions(filter);
    const columns = 'kind, time, closed, remediator, outcome, execution, policy, exception, drill';
    for (const row of this.#database.prepare(`SELECT ${columns} FROM entries WHERE ${where} ORDER BY time, stream, seq`).iterate(...values)) {
      const text = (name: string) => row[name] as string | null;
      yield {
        ...{ kind: String(row['kind']), time: String(row['time']), closed: text('closed'), remediator: String(row['remediator']) },
        ...{ outcome: String(row['outcome']), execution: text('execution'), policy: text('policy'), exception: text('exception'), drill: row['drill'] === 1 },
      };
    }
  }

  /** The entry that begins with a record; null: none does. */
  at(stream: string, seq: number): HistoryEntry | null {
    return this.#one('stream = ? AND seq = ?', stream, seq);
  }

  /** Tags of a stream's resource as it was last seen; null: no record has them. */
  tagsOf(stream: string): Json {
    return this.#one('stream = ? AND tagged = 1', stream)?.tags ?? null;
  }

  #one(where: string, ...values: readonly SQLInputValue[]): HistoryEntry | null {
    const found = this.#database.prepare(`SELECT body FROM entries JOIN bodies USING (id) WHERE ${where} ORDER BY seq DESC LIMIT 1`).get(...values);
    return found === undefined ? null : (JSON.parse(String(found['body'])) as HistoryEntry);
  }

  /** How many entries a filter holds for. */
  count(filter: Filter = EVERYTHING): number {
    const { where, values } = conditions(filter);
    return Number(this.#database.prepare(`SELECT count(*) AS found FROM entries WHERE ${where}`).get(...values)?.['found']);
  }

  /** Remediators that entries name. */
  remediators(): readonly string[] {
    return this.#database
      .prepare('SELECT DISTINCT remediator FROM entries ORDER BY remediator')
      .all()
      .map(({ remediator }) => String(remediator));
  }

  /** It is gone. */
  close(): void {
    this.#database.close();
  }
}

function conditions(filter: Filter): { readonly where: string; readonly values: readonly SQLInputValue[] } {
  const parts: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (part: string, ...of: readonly SQLInputValue[]) => {
    parts.push(part);
    values.push(...of);
  };
  const any = (texts: readonly string[] | null, one: string, each: (text: string) => readonly SQLInputValue[] = (text) => [text]) => {
    // Of an empty list nothing is one of.
    if (texts !== null) add(texts.length === 0 ? 'FALSE' : `(${texts.map(() => one).join(' OR ')})`, ...texts.flatMap(each));
  };
  if (filter.since !== null) add('time >= ?', filter.since);
  if (filter.until !== null) add('time < ?', filter.until);
  any(filter.accounts, 'account = ?');
  any(filter.remediators, 'remediator = ?');
  any(filter.outcomes, 'outcome = ?');
  any(filter.kinds, 'kind = ?');
  // Not LIKE: names hold % and _, and ARNs mind capitals.
  any(filter.actors, 'instr(actors, ?) > 0');
  any(filter.approvers, 'instr(approver, ?) > 0');
  any(filter.resources, "(resource = ? OR type || '/' || resource = ? OR execution = ?)", (text) => [text, text, text]);
  any(filter.tickets, 'instr(tickets, ?) > 0', (text) => [`${BETWEEN}${text}${BETWEEN}`]);
  return { where: parts.length === 0 ? 'TRUE' : parts.join(' AND '), values };
}

/**
 * An index over the records of a journal; it has to be closed.
 *
 * @example const index = await indexOf(journal.read({ all: true })); console.log([...index.query()]); index.close();
 */
export async function indexOf(records: AsyncIterable<StoredRecord> | Iterable<StoredRecord>, around?: Around): Promise<EntryIndex> {
  const index = new EntryIndex(around);
  for await (const record of records) index.add(record);
  return index.done();
}
