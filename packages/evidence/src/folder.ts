import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type Clock,
  type Digest,
  type EvidenceRecord,
  isRedressError,
  type Journal,
  messageOf,
  type OpenExecution,
  RedressError,
  type ResourceRef,
  systemClock,
} from '@redress/core';
import { emptyState, journalBody, readLine, type StreamState } from './chain.js';
import { type Access, ChainJournal, type Storage } from './journal.js';
import { blobFile, FORMAT, streamFile } from './layout.js';
import { corrupt } from './rules.js';

/** Options of {@link folderJournal}. */
export interface FolderJournalOptions {
  /** Made when it is missing. */
  readonly directory: string;
  readonly clock?: Pick<Clock, 'now'>;
}

/**
 * A journal in a folder of one machine: a file of records per resource, content-addressed documents, and an index that can be rebuilt.
 * Any number of processes may use it at once.
 *
 * The records are the truth. `index.sqlite` answers what concerns several streams (open executions, budgets), serves as the lock between
 * processes, and is brought up to date from the records whenever it lags behind them.
 *
 * @example const journal = folderJournal({ directory: '.redress' });
 * @throws {RedressError} `journal/unavailable` when the folder cannot be used, `journal/corrupt` when it has another format.
 */
export function folderJournal(options: FolderJournalOptions): Journal {
  return new ChainJournal('folder', new FolderStorage(options.directory), options.clock ?? systemClock);
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS streams (stream TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS executions (
    execution TEXT PRIMARY KEY, stream TEXT NOT NULL, remediator TEXT NOT NULL, resource TEXT NOT NULL, begun_at INTEGER NOT NULL, sent INTEGER
  ) STRICT;
  CREATE TABLE IF NOT EXISTS approvals (stream TEXT PRIMARY KEY) STRICT;
  CREATE TABLE IF NOT EXISTS budgets (execution TEXT NOT NULL, key TEXT NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS executions_open ON executions (stream) WHERE sent IS NULL;
  CREATE INDEX IF NOT EXISTS executions_remediator ON executions (remediator);
  CREATE INDEX IF NOT EXISTS budgets_key ON budgets (key);
`;
/** Of the schema: an index of another version is made anew from the records. */
const INDEX_VERSION = 2;

/** Streams that a process keeps in mind. */
const REMEMBERED = 200;

/** What is known of a stream. */
interface Known {
  readonly size: number;
  readonly lines: string[];
  readonly state: StreamState;
}

class FolderStorage implements Storage {
  readonly #directory: string;
  #database: DatabaseSync | null = null;
  /** Of the index's file: another one with its name is another index. */
  #inode: bigint | null = null;
  /** What this process knows of streams; valid while the file has the same size. */
  readonly #cache = new Map<Digest, Known>();

  /** Names that this process has put on the disk: who made them may not have come so far. */
  readonly #settled = new Set<string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  #settle(name: string): void {
    if (this.#settled.has(name)) return;
    syncDirectory(parent(name));
    if (this.#settled.size >= 10_000) this.#settled.clear();
    this.#settled.add(name);
  }

  async keep(documents: Parameters<Storage['keep']>[0]): Promise<void> {
    if (documents.length === 0) return;
    // Waits for all of them, also when one fails: none is written unseen.
    const kept = await Promise.allSettled(
      documents.map(async ([, digest, text]) => {
        this.#opened();
        const file = blobFile(this.#directory, digest);
        await keepOnce(file, text);
        this.#settle(parent(file));
      }),
    );
    for (const each of kept) if (each.status === 'rejected') throw this.#unavailable(each.reason);
  }

  #unavailable(cause: unknown): RedressError {
    if (isRedressError(cause)) return cause;
    return new RedressError('journal/unavailable', `The journal in ${this.#directory} cannot be used: ${messageOf(cause)}`, {
      cause,
      retryable: true,
      next: 'Check that the folder is writable and the disk is not full.',
    });
  }

  async exclusive<T>(work: (access: Access) => T): Promise<T> {
    try {
      const database = this.#opened();
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = work(this.#access(database));
        database.exec('COMMIT');
        return result;
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  async close(): Promise<void> {
    this.#database?.close();
    this.#database = null;
    this.#cache.clear();
  }

  #opened(): DatabaseSync {
    const file = join(this.#directory, 'index.sqlite');
    // Who removes it does no harm: but two processes on two of them would not see each other.
    if (this.#database !== null && inodeOf(file) === this.#inode) return this.#database;
    this.#database?.close();
    this.#database = null;
    for (const name of ['streams', 'blobs']) makeFolder(join(this.#directory, name));
    const format = join(this.#directory, 'FORMAT');
    if (!existsSync(format)) durable(format, FORMAT);
    this.#settle(format);
    const found = readFileSync(format, 'utf8');
    if (found !== FORMAT)
      throw new RedressError('journal/corrupt', `${this.#directory} is of format ${JSON.stringify(found.trim())}; this version knows ${FORMAT.trim()}.`);
    const database = new DatabaseSync(file, { timeout: 30_000 });
    try {
      this.#prepare(database);
    } catch (error) {
      // Left open, it would keep everyone else waiting for what it had begun.
      database.close();
      throw error;
    }
    this.#database = database;
    this.#inode = inodeOf(file);
    return database;
  }

  #prepare(database: DatabaseSync): void {
    // What a power cut takes from the index is found missing when it is opened next, and read from the records: those are on the disk.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    database.exec('BEGIN IMMEDIATE');
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version !== INDEX_VERSION) {
      for (const table of ['streams', 'executions', 'budgets', 'approvals']) database.exec(`DROP TABLE IF EXISTS ${table}`);
      database.exec(`PRAGMA user_version = ${INDEX_VERSION}`);
    }
    database.exec(SCHEMA);
    this.#catchUp(database);
    database.exec('COMMIT');
  }

  #access(database: DatabaseSync): Access {
    const load = (stream: Digest) => this.#load(database, stream);
    return {
      state: (stream) => load(stream).state,
      lines: (stream) => [...load(stream).lines],
      append: (stream, line, record, after) => {
        const known = load(stream);
        const file = streamFile(this.#directory, stream);
        const size = appendDurably(file, `${line}\n`, known.size);
        this.#settle(file);
        this.#settle(parent(file));
        index(database, stream, record, size);
        this.#remember(stream, { size, lines: [...known.lines, line], state: after });
      },
      get: (digest) => {
        const file = blobFile(this.#directory, digest);
        return existsSync(file) ? readFileSync(file, 'utf8') : null;
      },
      streams: () => this.#streams(),
      streamOfExecution: (execution) => {
        const find = () =>
          (database.prepare('SELECT stream FROM executions WHERE execution = ?').get(execution) as { stream: Digest } | undefined)?.stream ?? null;
        const known = find();
        if (known !== null) return known;
        this.#catchUp(database);
        return find();
      },
      openExecutions: () => {
        this.#catchUp(database);
        const rows = database.prepare('SELECT DISTINCT stream FROM executions WHERE sent IS NULL').all() as { stream: Digest }[];
        return rows.map(({ stream }) => load(stream).state.open).filter((open): open is OpenExecution => open !== null);
      },
      withApprovals: () => {
        this.#catchUp(database);
        return (database.prepare('SELECT stream FROM approvals').all() as { stream: Digest }[]).map(({ stream }) => stream);
      },
      withExecutions: (remediator) => {
        this.#catchUp(database);
        const rows = database.prepare('SELECT DISTINCT stream, resource FROM executions WHERE remediator = ?').all(remediator);
        return (rows as { stream: Digest; resource: string }[]).map(({ stream, resource }) => ({ stream, resource: JSON.parse(resource) as ResourceRef }));
      },
      // Another process's record that its index does not have was never acknowledged, so nothing was done on it: it costs nothing.
      spent: (key, since) => {
        return (
          database
            .prepare('SELECT count(DISTINCT execution) AS n FROM executions JOIN budgets USING (execution) WHERE key = ? AND begun_at > ? AND sent IS NOT 0')
            .get(key, since) as { n: number }
        ).n;
      },
    };
  }

  #streams(): Digest[] {
    const root = join(this.#directory, 'streams');
    return readdirSync(root)
      .flatMap((prefix) => readdirSync(join(root, prefix)).filter((name) => name.endsWith('.jsonl')))
      .map((name): Digest => `sha256:${name.slice(0, -'.jsonl'.length)}`)
      .sort();
  }

  /** Brings the index up to date with every stream whose file it does not know in this size: a crash, or an index that was deleted. */
  #catchUp(database: DatabaseSync): void {
    const known = new Map(
      (database.prepare('SELECT stream, size FROM streams').all() as { stream: Digest; size: number }[]).map((row) => [row.stream, row.size]),
    );
    for (const stream of this.#streams()) if (known.get(stream) !== statSync(streamFile(this.#directory, stream)).size) this.#load(database, stream);
  }

  #load(database: DatabaseSync, stream: Digest): { size: number; lines: string[]; state: StreamState } {
    const file = streamFile(this.#directory, stream);
    const size = existsSync(file) ? statSync(file).size : 0;
    const indexed = (database.prepare('SELECT size FROM streams WHERE stream = ?').get(stream) as { size: number } | undefined)?.size ?? 0;
    const cached = this.#cache.get(stream);
    if (cached !== undefined && cached.size === size && indexed === size) return cached;
    let text = size === 0 ? '' : readFileSync(file, 'utf8');
    if (text !== '' && !text.endsWith('\n')) text = this.#cutTorn(file, text);
    const lines = text === '' ? [] : text.slice(0, -1).split('\n');
    let state = emptyState(stream);
    const records: EvidenceRecord[] = [];
    for (const [number, line] of lines.entries()) {
      const read = readLine(state, line);
      if (!read.ok) throw corrupt(stream, number + 1, read.problem.message);
      state = read.state;
      records.push(read.record);
    }
    const bytes = Buffer.byteLength(text);
    if (indexed !== bytes) {
      database.prepare('DELETE FROM budgets WHERE execution IN (SELECT execution FROM executions WHERE stream = ?)').run(stream);
      database.prepare('DELETE FROM executions WHERE stream = ?').run(stream);
      database.prepare('DELETE FROM approvals WHERE stream = ?').run(stream);
      for (const record of records) index(database, stream, record, bytes);
      if (records.length === 0) database.prepare('DELETE FROM streams WHERE stream = ?').run(stream);
    }
    const loaded = { size: bytes, lines, state };
    this.#remember(stream, loaded);
    return loaded;
  }

  /** The streams that were used last: a process that drains a backlog has to do with thousands, and needs each for a moment. */
  #remember(stream: Digest, known: Known): void {
    this.#cache.delete(stream);
    this.#cache.set(stream, known);
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= REMEMBERED) break;
      this.#cache.delete(oldest);
    }
  }

  /**
   * A last line without its end: its writer died in the middle, so nobody was told that it was written, and nothing was done on it.
   * It is kept aside, for whoever wants to know.
   */
  #cutTorn(file: string, text: string): string {
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const torn = join(this.#directory, 'torn');
    mkdirSync(torn, { recursive: true });
    durable(join(torn, `${Date.now()}-${file.slice(-70).replaceAll('/', '_')}`), text.slice(whole.length));
    const handle = openSync(file, 'r+');
    try {
      ftruncateSync(handle, Buffer.byteLength(whole));
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    return whole;
  }
}

function index(database: DatabaseSync, stream: Digest, record: EvidenceRecord, size: number): void {
  database.prepare('INSERT INTO streams (stream, size) VALUES (?, ?) ON CONFLICT (stream) DO UPDATE SET size = excluded.size').run(stream, size);
  const own = journalBody(record);
  if (record.kind === 'intent' && record.execution !== null) {
    database
      .prepare('INSERT OR REPLACE INTO executions (execution, stream, remediator, resource, begun_at, sent) VALUES (?, ?, ?, ?, ?, NULL)')
      .run(record.execution, stream, record.remediator, JSON.stringify(record.resource), Date.parse(record.time));
    for (const budget of own.budgets ?? []) database.prepare('INSERT INTO budgets (execution, key) VALUES (?, ?)').run(record.execution, budget.key);
  } else if (record.kind === 'outcome' && record.execution !== null) {
    database.prepare('UPDATE executions SET sent = ? WHERE execution = ?').run(own.sent ?? 0, record.execution);
  } else if (record.kind === 'decision' && Object.hasOwn(record.body, 'approval')) {
    database.prepare('INSERT OR IGNORE INTO approvals (stream) VALUES (?)').run(stream);
  }
}

/** Appends where the file is known to end; what it holds is on the disk when it returns. Gives the new size. */
function appendDurably(file: string, text: string, at: number): number {
  mkdirSync(parent(file), { recursive: true });
  const handle = openSync(file, 'a');
  try {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done);
    fsyncSync(handle);
    return at + bytes.length;
  } finally {
    closeSync(handle);
  }
}

let temporaries = 0;

/** Writes a file at once or not at all, unless it is there; on the disk when it resolves. */
async function keepOnce(file: string, text: string): Promise<void> {
  const folder = parent(file);
  if (existsSync(file)) {
    // Its name is the digest, so what is there should be the same; whoever may write there could have put something else.
    if (readFileSync(file, 'utf8') !== text)
      throw new RedressError('journal/corrupt', `${file} holds something else than its name says.`, {
        next: 'Find out who wrote it, and move it away; then it is stored.',
      });
  } else {
    await mkdir(folder, { recursive: true });
    const temporary = `${file}.${process.pid}.${temporaries++}.tmp`;
    await writeFile(temporary, text, { flush: true });
    await rename(temporary, file);
  }
  // Also of one that is there: whoever put it there may not have come so far.
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a file at once or not at all; on the disk when it returns. */
function durable(file: string, text: string): void {
  mkdirSync(parent(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { flush: true });
  renameSync(temporary, file);
  syncDirectory(parent(file));
}

/** Makes a folder and those above it; on the disk when it returns. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(parent(path));
  mkdirSync(path, { recursive: true });
  syncDirectory(parent(path));
}

function inodeOf(file: string): bigint | null {
  return statSync(file, { bigint: true, throwIfNoEntry: false })?.ino ?? null;
}

function syncDirectory(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function parent(file: string): string {
  return join(file, '..');
}
