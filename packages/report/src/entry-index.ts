// The index over entries: a database that is rebuilt from records each time, and thrown away. It answers the history and the report alike.
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { type Json, oneType, type StoredRecord } from '@redress/core';
import { EntryFold, type HistoryEntry } from './entries.js';
import { EVERYTHING, type Filter } from './filter.js';
import { type Around, actorsOf, approverOf, RECORDS_ALONE, ticketsOf } from './rows.js';

// A database without a name is a file of its own that nobody else sees and that is gone with its connection: it holds more than memory would.
const PLACE = '';
// What a filter looks at is narrow: a stream has one resource, and few names stand in many entries.
const SCHEMA = `
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE streams (digest TEXT PRIMARY KEY, account TEXT NOT NULL, type TEXT NOT NULL, resource TEXT NOT NULL, tags TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE entries (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, time TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, remediator TEXT NOT NULL,
  outcome TEXT NOT NULL, execution TEXT, stands INTEGER NOT NULL, actors INTEGER NOT NULL, approver INTEGER NOT NULL, tickets INTEGER NOT NULL,
  closed TEXT, policy TEXT, exception TEXT, drill INTEGER NOT NULL, last INTEGER NOT NULL
) STRICT;
CREATE TABLE bodies (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
`;
// The first has all that a filter asks for, so that what it does not hold for is never looked up.
const INDEXES = `
CREATE INDEX by_time ON entries (time, stream, seq, kind, outcome, remediator, actors, approver, tickets, execution);
CREATE INDEX by_kind ON entries (kind, time, stream, seq);
CREATE INDEX by_record ON entries (stream, seq);
CREATE INDEX by_execution ON entries (execution) WHERE execution IS NOT NULL;
`;
/** Between several names of one entry: no name holds a line feed, for texts of records are cleaned of control characters. */
const BETWEEN = '\n';

/** Of an entry what counts. */
export interface EntryLine extends Pick<HistoryEntry, 'time' | 'closed' | 'remediator' | 'execution' | 'policy' | 'exception' | 'drill'> {
  readonly kind: string;
  /** `open`: it has none. */
  readonly outcome: string;
  readonly stream: string;
  /** The number of its last record there. */
  readonly last: number;
}

/** Entries of a journal, in chronological order, to be asked by filters. */
export class EntryIndex {
  readonly #database = new DatabaseSync(PLACE);
  readonly #around: Around;
  readonly #fold: EntryFold;
  readonly #whole: (entry: HistoryEntry) => boolean;
  readonly #insert: ReturnType<DatabaseSync['prepare']>;
  readonly #body: ReturnType<DatabaseSync['prepare']>;
  readonly #stream: ReturnType<DatabaseSync['prepare']>;
  readonly #tags: ReturnType<DatabaseSync['prepare']>;
  readonly #name: ReturnType<DatabaseSync['prepare']>;
  readonly #names = new Map<string, number>();
  /** Streams only grow, so that a name that was read stays. */
  readonly #remediators = new Set<string>();
  #next = 1;
  #last: string | null = null;
  /** Once all was taken in, a stream that comes again takes the place of what was known of it. */
  #isWhole = false;
  #replaced: string | null = null;

  /**
   * @param around what a filter may ask for and no record says: whose exception it is.
   * @param whole which entries are kept as a whole, which costs the most; of the others what {@link EntryLine} has. Default: all.
   */
  constructor(around: Around = RECORDS_ALONE, whole: (entry: HistoryEntry) => boolean = () => true) {
    this.#around = around;
    this.#whole = whole;
    this.#database.exec(`${SCHEMA}BEGIN;`);
    this.#insert = this.#database.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#stream = this.#database.prepare('INSERT INTO streams VALUES (?, ?, ?, ?, NULL) ON CONFLICT DO UPDATE SET tags = NULL');
    this.#tags = this.#database.prepare('UPDATE streams SET tags = ? WHERE digest = ?');
    this.#name = this.#database.prepare('INSERT INTO names VALUES (?, ?)');
    this.#body = this.#database.prepare('INSERT INTO bodies VALUES (?, ?)');
    this.#fold = new EntryFold(({ entry, stands }) => this.#keep(entry, stands));
  }

  /**
   * Takes in a record: those of a stream in order, and together. After {@link EntryIndex.done} a stream that has grown is taken in once more, from its
   * first record on, and `done` is called again.
   */
  add(record: StoredRecord): void {
    this.#fold.add(record);
  }

  /** All records were taken in. */
  done(): this {
    this.#fold.end();
    if (!this.#isWhole) this.#database.exec(`COMMIT; ${INDEXES}`);
    this.#isWhole = true;
    this.#replaced = null;
    this.#last = null;
    return this;
  }

  /** What was known of a stream goes right before what is known of it now comes: whoever asks meanwhile sees it whole. */
  #replace(stream: string): void {
    if (this.#replaced === stream) return;
    this.#replaced = stream;
    this.#database.prepare('DELETE FROM bodies WHERE id IN (SELECT id FROM entries WHERE stream = ?)').run(stream);
    this.#database.prepare('DELETE FROM entries WHERE stream = ?').run(stream);
  }

  #keep(entry: HistoryEntry, stands: boolean): void {
    const [first] = entry.records;
    if (this.#isWhole) this.#replace(first?.stream ?? '');
    const { resource, kind, time, remediator, outcome, execution, tags } = entry;
    const stream = first?.stream ?? '';
    if (this.#last !== stream) this.#stream.run(stream, resource.account, resource.type, resource.id);
    this.#last = stream;
    if (tags !== null) this.#tags.run(JSON.stringify(tags), stream);
    this.#remediators.add(remediator);
    const id = this.#next++;
    this.#insert.run(
      ...[id, kind, time, stream, first?.seq ?? 0, remediator, outcome ?? 'open', execution, stands ? 1 : 0],
      ...[this.#named(actorsOf(entry).join(BETWEEN)), this.#named(approverOf(entry, this.#around)?.name ?? '')],
      this.#named([...ticketsOf(entry, this.#around)].map((each) => `${BETWEEN}${each}${BETWEEN}`).join('')),
      ...[entry.closed, entry.policy, entry.exception, entry.drill ? 1 : 0, entry.records.at(-1)?.seq ?? 0],
    );
    if (this.#whole(entry)) this.#body.run(id, JSON.stringify(entry));
  }

  #named(name: string): number {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const id = this.#names.size;
    this.#names.set(name, id);
    this.#name.run(id, name);
    return id;
  }

  /**
   * Entries that a filter holds for, oldest first; those of one moment by stream and number, so that each copy of a journal has the same order.
   *
   * @throws {TypeError} for an entry that is not kept as a whole: none is left out in silence.
   */
  query(filter: Filter = EVERYTHING): Generator<HistoryEntry> {
    const { where, values } = conditions(filter);
    return this.#entries(`WHERE ${where} ORDER BY time, stream, seq`, values);
  }

  /** Some of them, newest first: this many after the first `from`. */
  newest(filter: Filter, { from, most }: { readonly from: number; readonly most: number }): readonly HistoryEntry[] {
    const { where, values } = conditions(filter);
    return [...this.#entries(`WHERE ${where} ORDER BY time DESC, stream DESC, seq DESC LIMIT ? OFFSET ?`, [...values, most, from])];
  }

  /** All of a stream, oldest first. */
  ofStream(stream: string): readonly HistoryEntry[] {
    return [...this.#entries('WHERE stream = ? ORDER BY seq', [stream])];
  }

  *#entries(rest: string, values: readonly SQLInputValue[]): Generator<HistoryEntry> {
    const found = this.#database.prepare(`SELECT body, stands FROM entries LEFT JOIN bodies USING (id) ${rest}`);
    for (const { body, stands } of found.iterate(...values)) {
      const entry = wholeOf(body);
      const seen = stands === 1 ? this.#fold.seen(entry) : null;
      yield seen !== null && seen >= entry.time ? { ...entry, seenUntil: seen } : entry;
    }
  }

  /** The same as {@link EntryIndex.query}, of each what counts: a report has many entries, and shows few of them whole. */
  *lines(filter: Filter = EVERYTHING): Generator<EntryLine> {
    const { where, values } = conditions(filter);
    for (const row of this.#database.prepare(`SELECT ${LINE} FROM entries WHERE ${where} ORDER BY time, stream, seq`).iterate(...values)) yield lineOf(row);
  }

  /** What counts of entries that a filter holds for, day by day (UTC), alike ones together; days in order. */
  *days(filter: Filter = EVERYTHING): Generator<DayCount> {
    const { where, values } = conditions(filter);
    const of = 'substr(time, 1, 10), kind, outcome, drill, policy, exception';
    const found = this.#database.prepare(`SELECT ${of}, count(*), max(time) FROM entries WHERE ${where} GROUP BY ${of} ORDER BY ${of}`);
    found.setReturnArrays(true);
    for (const row of found.iterate(...values) as Iterable<unknown>) {
      const [day, kind, outcome, drill, policy, exception, count, last] = row as [string, string, string, number, string | null, string | null, number, string];
      yield { day, kind, outcome, drill: drill === 1, policy, exception, count, last };
    }
  }

  /** The newest entry of each remediator, by when it was closed, or began where it was not. */
  lastOfEach(filter: Filter = EVERYTHING): readonly EntryLine[] {
    const { where, values } = conditions(filter);
    // Of a group with one maximum SQLite takes the other columns from its row.
    const key = "max(coalesce(closed, time) || time || stream || printf('%012d', seq))";
    const found = this.#database.prepare(`SELECT ${LINE}, ${key} FROM entries WHERE ${where} GROUP BY remediator ORDER BY remediator`);
    return found.all(...values).map(lineOf);
  }

  /** The entry that begins with a record; null: none does. */
  at(stream: string, seq: number): EntryLine | null {
    const found = this.#database.prepare(`SELECT ${LINE} FROM entries WHERE stream = ? AND seq = ?`).get(stream, seq);
    return found === undefined ? null : lineOf(found);
  }

  /** Tags of a stream's resource as it was last seen; null: no record has them. */
  tagsOf(stream: string): Json {
    const tags = this.#database.prepare('SELECT tags FROM streams WHERE digest = ?').get(stream)?.['tags'];
    return typeof tags === 'string' ? (JSON.parse(tags) as Json) : null;
  }

  /** How many entries a filter holds for. */
  count(filter: Filter = EVERYTHING): number {
    const { where, values } = conditions(filter);
    return Number(this.#database.prepare(`SELECT count(*) AS found FROM entries WHERE ${where}`).get(...values)?.['found']);
  }

  /** Accounts that entries are of, and of how many resources there; circuit breakers and sweeps stand in a stream of their account. */
  accounts(): readonly { readonly account: string; readonly resources: number }[] {
    return this.#database
      .prepare('SELECT account, count(*) AS resources FROM streams GROUP BY account ORDER BY account')
      .all()
      .map(({ account, resources }) => ({ account: String(account), resources: Number(resources) }));
  }

  /** Remediators that entries name. */
  remediators(): readonly string[] {
    return [...this.#remediators].sort();
  }

  /** It is gone. */
  close(): void {
    this.#database.close();
  }
}

/** Entries of one day that are alike. */
export interface DayCount extends Pick<EntryLine, 'kind' | 'outcome' | 'drill' | 'policy' | 'exception'> {
  /** In UTC: `2026-07-01`. */
  readonly day: string;
  readonly count: number;
  /** When the last of them began. */
  readonly last: string;
}

/** Columns of {@link EntryLine}. */
const LINE = 'kind, time, closed, remediator, outcome, execution, policy, exception, drill, stream, last';

function lineOf(row: Readonly<Record<string, unknown>>): EntryLine {
  const text = (name: string) => row[name] as string | null;
  return {
    ...{ kind: String(row['kind']), time: String(row['time']), closed: text('closed'), remediator: String(row['remediator']) },
    ...{ outcome: String(row['outcome']), execution: text('execution'), policy: text('policy'), exception: text('exception'), drill: row['drill'] === 1 },
    ...{ stream: String(row['stream']), last: Number(row['last']) },
  };
}

function wholeOf(body: unknown): HistoryEntry {
  if (typeof body !== 'string') throw new TypeError('An entry that is asked for was not kept as a whole.');
  return JSON.parse(body) as HistoryEntry;
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
  // With the plus it is looked at entry by entry, in the order of an index: an account has most of them.
  any(filter.accounts, '+stream IN (SELECT digest FROM streams WHERE account = ?)');
  any(filter.remediators, 'remediator = ?');
  any(filter.outcomes, 'outcome = ?');
  any(filter.kinds, 'kind = ?');
  // Not LIKE: names hold % and _, and ARNs mind capitals.
  any(filter.actors, 'actors IN (SELECT id FROM names WHERE instr(name, ?) > 0)');
  any(filter.approvers, 'approver IN (SELECT id FROM names WHERE instr(name, ?) > 0)');
  any(filter.tickets, 'tickets IN (SELECT id FROM names WHERE instr(name, ?) > 0)', (text) => [`${BETWEEN}${text}${BETWEEN}`]);
  const ofResource = "stream IN (SELECT digest FROM streams WHERE ? IN (resource, type || '/' || resource) OR type || '/' || resource = ?)";
  any(filter.resources, `(${ofResource} OR execution = ?)`, (text) => [text, text.replace(/^AWS::[\w:]+(?=\/)/, oneType), text]);
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
