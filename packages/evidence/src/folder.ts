import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  type Clock,
  type Digest,
  type EvidenceRecord,
  isRedressError,
  type Journal,
  messageOf,
  RedressError,
  type ResourceRef,
  systemClock,
} from '@redress/core';
import { emptyState, isEvidenceRecord, journalBody, readLine, type StreamState } from './chain.js';
import { type Access, ChainJournal, randomKey, type Storage } from './journal.js';
import { blobFile, FORMAT, isStreamFile, KEY_FILE, streamFile } from './layout.js';
import { FolderArchives } from './ledger/archive.js';
import { corrupt } from './rules.js';

/** Options of {@link folderJournal}. */
export interface FolderJournalOptions {
  /** Created if it is missing. */
  readonly directory: string;
  readonly clock?: Pick<Clock, 'now'>;
}

/**
 * A journal in a folder of one machine: a file of records per resource, content-addressed documents, and an index that can be rebuilt.
 * Any number of processes may use it at once. Concurrent requests are written together: they share one flush for each file, and one transaction of
 * the index. Files are flushed concurrently, four at a time unless the environment variable `UV_THREADPOOL_SIZE` says otherwise.
 *
 * The records are the source of truth. `index.sqlite` answers queries over several streams (open executions, budgets), serves as the lock between
 * processes, and is updated from the records whenever it lags behind them.
 *
 * If a stream cannot be read, only changes of its resource are denied. If the folder is removed or replaced while a process uses it, everything is
 * denied until the folder is back or the process has ended: in a new folder there would be no hold, limit or circuit breaker.
 *
 * @example const journal = folderJournal({ directory: '.redress' });
 * @throws {RedressError} `journal/unavailable` if the folder cannot be used, `journal/corrupt` if it has another format.
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

// https://www.sqlite.org/rescode.html
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/** How long one waits for other processes; milliseconds. */
const WAIT = 30_000;
/** What is done in one transaction at most: others wait for all of it. */
const TOGETHER = 256;
const NOTHING = Buffer.alloc(0);
/** Streams that a process keeps in mind. */
const REMEMBERED = 200;

/** A stream as far as it was verified. */
interface Known {
  readonly bytes: Buffer;
  readonly lines: readonly string[];
  readonly state: StreamState;
}

/** What somebody waits for. */
interface Waiting {
  /** Does it, and gives what is to be said once it is on the disk. */
  run(access: Access): () => void;
  reject(error: unknown): void;
}

class FolderStorage implements Storage {
  readonly #directory: string;
  #database: DatabaseSync | null = null;
  /** Of the index's file: another one with its name is another index. */
  #inode: bigint | null = null;
  /** What this process has verified of streams: they grow, and never change. */
  readonly #cache = new Map<Digest, Known>();
  /** Which folder this is, once it was used. */
  #place: string | null = null;

  /** Names that this process has put on the disk: who made them may not have come so far. */
  readonly #settled = new Set<string>();
  #waiting: Waiting[] = [];
  /** Ends when nobody waits. */
  #working: Promise<void> | null = null;

  /** Documents that sealers have moved. */
  readonly #archives: FolderArchives;

  /** Where streams are read to: each append reads one, and memory for each would be most of what it costs. */
  #scratch = Buffer.allocUnsafeSlow(1 << 16);

  constructor(directory: string) {
    this.#directory = directory;
    this.#archives = new FolderArchives(directory);
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

  async key(): Promise<string> {
    const file = join(this.#directory, KEY_FILE);
    try {
      this.#opened();
      if (!existsSync(file)) makeKey(file);
      const key = readFileSync(file, 'utf8').trim();
      syncDirectory(this.#directory);
      if (/^[0-9a-f]{64}$/.test(key)) return key;
    } catch (cause) {
      throw this.#unavailable(cause);
    }
    throw new RedressError('journal/corrupt', `${file} does not contain a redaction key.`, {
      next: 'Restore it. Without it a new one is made, and the marks of equal secrets differ from the earlier ones.',
    });
  }

  #unavailable(cause: unknown): RedressError {
    if (isRedressError(cause)) return cause;
    return new RedressError('journal/unavailable', `The journal in ${this.#directory} cannot be used: ${messageOf(cause)}`, {
      cause,
      retryable: true,
      next: nextAfter(cause, this.#directory),
    });
  }

  exclusive<T>(work: (access: Access) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const run = (access: Access) => {
        const result = work(access);
        return () => resolve(result);
      };
      this.#waiting.push({ run, reject });
      this.#working ??= this.#work();
    });
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      // What was begun beside it, a read of AWS, is sent first; and who comes meanwhile is in time.
      await new Promise<void>((resolve) => setImmediate(resolve));
      await this.#together(this.#waiting.splice(0, TOGETHER));
    }
    this.#working = null;
  }

  /** Does what several wait for, in their order, in one transaction. Nobody hears that it is done before all of it is on the disk. */
  async #together(waiting: readonly Waiting[]): Promise<void> {
    const refused: (() => void)[] = [];
    try {
      const database = await this.#index();
      const written = new Written();
      const done: (() => void)[] = [];
      try {
        const access = this.#access(database, written);
        for (const { run, reject } of waiting) {
          try {
            done.push(run(access));
          } catch (error) {
            // What could not be written is half there, and others would be written behind it.
            if (written.torn) throw error;
            refused.push(() => reject(this.#unavailable(error)));
          }
        }
        await written.flush();
        for (const file of written.files()) for (const name of [file, parent(file)]) this.#settle(name);
        database.exec('COMMIT');
      } catch (error) {
        written.undo();
        // A full disk ends it by itself.
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      } finally {
        written.close();
      }
      for (const [stream, known] of written.streams) this.#remember(stream, known);
      for (const say of [...refused, ...done]) say();
    } catch (error) {
      for (const say of refused) say();
      // Who has an answer already does not hear this one.
      for (const { reject } of waiting) reject(this.#unavailable(error));
    }
  }

  async close(): Promise<void> {
    await this.#working;
    this.#database?.close();
    this.#database = null;
    this.#cache.clear();
  }

  /** Makes what is missing of a folder, and sees that it is the one that it was. */
  #opened(): void {
    if (this.#place !== null && placeOf(this.#directory) !== this.#place)
      throw new RedressError('journal/unavailable', `${this.#directory} was removed, or replaced by another folder, while it was in use.`, {
        retryable: true,
        next: 'Restore the folder, or stop every process that uses it before you use another one.',
      });
    if (this.#database !== null) return;
    for (const name of ['streams', 'blobs']) makeFolder(join(this.#directory, name));
    const format = join(this.#directory, 'FORMAT');
    if (!existsSync(format)) {
      // Written before the first stream: a part of a journal must not pass for the whole.
      if (this.#streams().length > 0 && !existsSync(format))
        throw new RedressError('journal/corrupt', `${this.#directory} has streams, but no file FORMAT: it is a part of a journal.`, {
          next: 'Copy the whole journal, or give an empty folder.',
        });
      durable(format, FORMAT);
    }
    this.#settle(format);
    const found = readFileSync(format, 'utf8');
    if (found !== FORMAT)
      throw new RedressError('journal/corrupt', `${this.#directory} is of format ${JSON.stringify(found.trim())}; this version knows ${FORMAT.trim()}.`);
    this.#place ??= placeOf(this.#directory);
  }

  /** The index, in a transaction: nobody else writes until it ends. */
  async #index(): Promise<DatabaseSync> {
    const file = join(this.#directory, 'index.sqlite');
    // Who removes it does no harm: but two processes on two of them would not see each other.
    if (this.#database !== null && inodeOf(file) !== this.#inode) {
      this.#database.close();
      this.#database = null;
    }
    this.#opened();
    if (this.#database === null) {
      const database = new DatabaseSync(file, { timeout: 0 });
      try {
        await this.#prepare(database);
      } catch (error) {
        // Left open, it would keep everyone else waiting for what it had begun.
        database.close();
        throw error;
      }
      this.#database = database;
      this.#inode = inodeOf(file);
    }
    await unlessBusy(this.#database, 'BEGIN IMMEDIATE');
    return this.#database;
  }

  async #prepare(database: DatabaseSync): Promise<void> {
    // What a power cut takes from the index is found missing when it is opened next, and read from the records: those are on the disk.
    await unlessBusy(database, 'PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = NORMAL');
    await unlessBusy(database, 'BEGIN IMMEDIATE');
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version !== INDEX_VERSION) {
      for (const table of ['streams', 'executions', 'budgets', 'approvals']) database.exec(`DROP TABLE IF EXISTS ${table}`);
      database.exec(`PRAGMA user_version = ${INDEX_VERSION}`);
    }
    database.exec(SCHEMA);
    this.#catchUp(database);
    database.exec('COMMIT');
  }

  #access(database: DatabaseSync, written: Written): Access {
    // Nobody else writes meanwhile.
    const loaded = new Map<Digest, Known>();
    const load = (stream: Digest) => {
      const known = loaded.get(stream) ?? this.#load(database, stream);
      loaded.set(stream, known);
      return known;
    };
    const readable = (streams: readonly Digest[]) => streams.map((stream) => unlessUnreadable(() => load(stream).state)).filter((state) => state !== null);
    /** What the index says, brought up to date. */
    const current = <T>(ask: (database: DatabaseSync) => T): T => {
      this.#catchUp(database);
      return ask(database);
    };
    return {
      state: (stream) => load(stream).state,
      lines: (stream) => load(stream).lines,
      append: (stream, line, record, after) => void loaded.set(stream, this.#append(database, written, stream, load(stream), { line, record, after })),
      get: (digest) => {
        const file = blobFile(this.#directory, digest);
        // A sealer moves it into an archive, and removes the file after that.
        return (existsSync(file) ? readIfThere(file) : null) ?? this.#archives.get(digest);
      },
      streams: () => this.#streams(),
      knows: (execution) => executedIn(database, execution) !== null,
      streamOfExecution: (execution) => executedIn(database, execution) ?? current(() => executedIn(database, execution)),
      openExecutions: () => readable(current(streamsOpen)).flatMap(({ open }) => (open === null ? [] : [open])),
      waiting: () => readable(current(streamsWaiting)),
      withExecutions: (remediator) => current(() => executedBy(database, remediator)),
      // Another process's record that its index does not have was never acknowledged, so nothing was done on it: it costs nothing.
      spent: (key, since) => spentOf(database, key, since),
    };
  }

  #append(
    database: DatabaseSync,
    written: Written,
    stream: Digest,
    before: Known,
    next: { readonly line: string; readonly record: EvidenceRecord; readonly after: StreamState },
  ): Known {
    const bytes = Buffer.from(`${next.line}\n`);
    const known = { bytes: longerBy(before.bytes, bytes), lines: [...before.lines, next.line], state: next.after };
    // A file that cannot be opened denies for its resource alone.
    const handle = written.open(streamFile(this.#directory, stream), before.bytes.length);
    written.torn = true;
    for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done);
    index(database, stream, next.record);
    setSize(database, stream, known.bytes.length);
    written.torn = false;
    written.streams.set(stream, known);
    return known;
  }

  /** What else lies there is none of it. */
  #streams(): Digest[] {
    const root = join(this.#directory, 'streams');
    return readdirSync(root, { withFileTypes: true })
      .filter((each) => each.isDirectory())
      .flatMap(({ name: prefix }) => readdirSync(join(root, prefix)))
      .filter(isStreamFile)
      .map((name): Digest => `sha256:${name.slice(0, -'.jsonl'.length)}`)
      .sort();
  }

  /**
   * Brings the index up to date with every stream whose file it does not know in this size: a crash, or an index that was deleted. One that
   * cannot be read keeps nobody from the others; whoever comes to its own resource is told.
   */
  #catchUp(database: DatabaseSync): void {
    const known = new Map(
      (database.prepare('SELECT stream, size FROM streams').all() as { stream: Digest; size: number }[]).map((row) => [row.stream, row.size]),
    );
    for (const stream of this.#streams()) {
      const size = statSync(streamFile(this.#directory, stream), { throwIfNoEntry: false })?.size;
      if (known.get(stream) !== size) unlessUnreadable(() => this.#load(database, stream));
    }
  }

  /** A stream as it is on the disk: what this process has verified of it has to be there still. */
  #load(database: DatabaseSync, stream: Digest): Known {
    const file = streamFile(this.#directory, stream);
    const bytes = this.#bytes(file);
    const indexed = (statement(database, 'SELECT size FROM streams WHERE stream = ?').get(stream) as { size: number } | undefined)?.size ?? 0;
    const size = bytes.lastIndexOf(10) + 1;
    const known = this.#cache.get(stream) ?? { bytes: NOTHING, lines: [], state: emptyState(stream) };
    let { state } = known;
    const verified = known.bytes.length;
    // The records are on the disk before they are in the index, so it is never ahead of them.
    if (size < verified || !bytes.subarray(0, verified).equals(known.bytes) || size < indexed)
      throw corrupt(stream, state.length + 1, 'records that were written before are missing or changed');
    const more = bytes.toString('utf8', verified, size).split('\n').slice(0, -1);
    for (const line of more) {
      const read = readLine(state, line);
      if (!read.ok) {
        // What was begun in it still counts against limits, whether it can be verified or not.
        if (indexed !== size) this.#reindex(database, stream, [...known.lines, ...more], size, state.length);
        throw corrupt(stream, state.length + 1, read.problem.message);
      }
      state = read.state;
    }
    if (size < bytes.length) this.#cutTorn(file, bytes.subarray(size), size);
    const loaded = more.length === 0 ? known : { bytes: Buffer.from(bytes.subarray(0, size)), lines: [...known.lines, ...more], state };
    if (indexed !== size) this.#reindex(database, stream, loaded.lines, size, state.length);
    this.#remember(stream, loaded);
    return loaded;
  }

  /** What a file has, until the next one is read. */
  #bytes(file: string): Buffer {
    try {
      const handle = openSync(file, 'r');
      try {
        const { size } = fstatSync(handle);
        if (this.#scratch.length < size) this.#scratch = Buffer.allocUnsafeSlow(2 * size);
        let read = 0;
        for (let more = -1; more !== 0 && read < size; read += more) more = readSync(handle, this.#scratch, read, size - read, read);
        return this.#scratch.subarray(0, read);
      } finally {
        closeSync(handle);
      }
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return NOTHING;
      throw this.#unavailable(cause);
    }
  }

  /** @param verified how many of the lines are; of the others only what restricts is taken. */
  #reindex(database: DatabaseSync, stream: Digest, lines: readonly string[], size: number, verified: number): void {
    database.prepare('DELETE FROM budgets WHERE execution IN (SELECT execution FROM executions WHERE stream = ?)').run(stream);
    database.prepare('DELETE FROM executions WHERE stream = ?').run(stream);
    database.prepare('DELETE FROM approvals WHERE stream = ?').run(stream);
    for (const [number, line] of lines.entries()) {
      const record = recordIn(line);
      if (record !== null && (number < verified || record.kind === 'intent')) index(database, stream, record);
    }
    setSize(database, stream, size);
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
  #cutTorn(file: string, torn: Buffer, size: number): void {
    durable(join(this.#directory, 'torn', `${Date.now()}-${file.slice(-70).replaceAll('/', '_')}`), torn);
    const handle = openSync(file, 'r+');
    try {
      ftruncateSync(handle, size);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  }
}

/** The text of a file; null where it was removed in this moment. */
function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}

/** What reads over many streams leaves out those that cannot be read. */
function unlessUnreadable<T>(load: () => T): T | null {
  try {
    return load();
  } catch (error) {
    if (!isRedressError(error)) throw error;
    return null;
  }
}

/** The record of a line, if it looks like one. */
function recordIn(line: string): EvidenceRecord | null {
  try {
    const value: unknown = JSON.parse(line.slice(line.indexOf(' ') + 1));
    return isEvidenceRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function executedIn(database: DatabaseSync, execution: string): Digest | null {
  return (database.prepare('SELECT stream FROM executions WHERE execution = ?').get(execution) as { stream: Digest } | undefined)?.stream ?? null;
}

function executedBy(database: DatabaseSync, remediator: string): ReturnType<Access['withExecutions']> {
  const rows = database.prepare('SELECT DISTINCT stream, resource FROM executions WHERE remediator = ?').all(remediator);
  return (rows as { stream: Digest; resource: string }[]).map(({ stream, resource }) => ({ stream, resource: JSON.parse(resource) as ResourceRef }));
}

function streamsOpen(database: DatabaseSync): Digest[] {
  return (database.prepare('SELECT DISTINCT stream FROM executions WHERE sent IS NULL').all() as { stream: Digest }[]).map(({ stream }) => stream);
}

function streamsWaiting(database: DatabaseSync): Digest[] {
  return (database.prepare('SELECT stream FROM approvals').all() as { stream: Digest }[]).map(({ stream }) => stream);
}

function spentOf(database: DatabaseSync, key: string, since: number): number {
  const rows = database.prepare(
    'SELECT count(DISTINCT execution) AS n FROM executions JOIN budgets USING (execution) WHERE key = ? AND begun_at > ? AND sent IS NOT 0',
  );
  return (rows.get(key, since) as { n: number }).n;
}

/**
 * Bytes, and more after them. There is room for what comes next, so that not all of them are copied each time: who holds the shorter ones sees nothing
 * of it, and of two that go on from the same ones only the later is used.
 */
function longerBy(bytes: Buffer, more: Buffer): Buffer {
  const length = bytes.length + more.length;
  const fits = bytes.byteOffset === 0 && bytes.buffer.byteLength >= length && ROOMY.has(bytes.buffer);
  const room = fits ? Buffer.from(bytes.buffer) : Buffer.allocUnsafeSlow(Math.max(Math.ceil(1.5 * length), 4096));
  if (!fits) {
    ROOMY.add(room.buffer);
    bytes.copy(room);
  }
  more.copy(room, bytes.length);
  return room.subarray(0, length);
}
/** Memory that only this takes. */
const ROOMY = new WeakSet<ArrayBufferLike>();

/** What each append asks, prepared once. */
const PREPARED = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

function statement(database: DatabaseSync, sql: string): StatementSync {
  const known = PREPARED.get(database) ?? new Map<string, StatementSync>();
  PREPARED.set(database, known);
  const prepared = known.get(sql) ?? database.prepare(sql);
  known.set(sql, prepared);
  return prepared;
}

function setSize(database: DatabaseSync, stream: Digest, size: number): void {
  statement(database, 'INSERT INTO streams (stream, size) VALUES (?, ?) ON CONFLICT (stream) DO UPDATE SET size = excluded.size').run(stream, size);
}

function index(database: DatabaseSync, stream: Digest, record: EvidenceRecord): void {
  const own = journalBody(record);
  if (record.kind === 'intent' && record.execution !== null) {
    database
      .prepare('INSERT OR REPLACE INTO executions (execution, stream, remediator, resource, begun_at, sent) VALUES (?, ?, ?, ?, ?, NULL)')
      .run(record.execution, stream, record.remediator, JSON.stringify(record.resource), Date.parse(record.time));
    for (const budget of own.budgets ?? []) database.prepare('INSERT INTO budgets (execution, key) VALUES (?, ?)').run(record.execution, budget.key);
  } else if (record.kind === 'outcome' && record.execution !== null) {
    database.prepare('UPDATE executions SET sent = ? WHERE execution = ?').run(own.sent ?? 0, record.execution);
  } else if ((record.kind === 'decision' && (Object.hasOwn(record.body, 'approval') || Object.hasOwn(record.body, 'gap'))) || record.kind === 'notice') {
    database.prepare('INSERT OR IGNORE INTO approvals (stream) VALUES (?)').run(stream);
  }
}

/** A file that is appended to; null where there is none. */
function openIfThere(file: string): number | null {
  try {
    return openSync(file, APPEND);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}

const APPEND = constants.O_WRONLY | constants.O_APPEND;

/** What is written of records that nobody has acknowledged yet. */
class Written {
  readonly streams = new Map<Digest, Known>();
  readonly #files = new Map<string, { readonly handle: number; readonly from: number; readonly made: boolean }>();
  /** Whether a record may be half there. */
  torn = false;

  /** @param from Bytes that it has, as far as anybody knows. */
  open(file: string, from: number): number {
    const before = this.#files.get(file);
    if (before !== undefined) return before.handle;
    const there = openIfThere(file);
    // Nothing above it: a folder that was removed in this moment is not begun anew.
    if (there === null && !existsSync(parent(file))) mkdirSync(parent(file));
    const handle = there ?? openSync(file, 'a');
    this.#files.set(file, { handle, from, made: there === null });
    return handle;
  }

  /** All of it is on the disk when it resolves, and nothing of it is on its way when it rejects. */
  async flush(): Promise<void> {
    const flushed = await Promise.allSettled([...this.#files.values()].map(({ handle }) => toDisk(handle)));
    for (const each of flushed) if (each.status === 'rejected') throw each.reason;
  }

  files(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** Removes what nobody will hear of: after a flush that failed the system may hold for written what is not on the disk. */
  undo(): void {
    for (const [file, { handle, from, made }] of this.#files) {
      try {
        if (made) unlinkSync(file);
        else ftruncateSync(handle, from);
      } catch {
        // Then it is there as after a crash: whole records are records, and half of one is cut off.
      }
    }
  }

  close(): void {
    for (const { handle } of this.#files.values()) closeSync(handle);
  }
}

const toDisk = promisify(fsync);

/** Waits for who has the index, and keeps nobody of this process from what it does: it may be one of them. */
async function unlessBusy(database: DatabaseSync, sql: string): Promise<void> {
  for (const until = performance.now() + WAIT; ; ) {
    try {
      return database.exec(sql);
    } catch (error) {
      // The lower byte says what it is, the others say why: https://www.sqlite.org/rescode.html
      if (((error as { errcode?: number }).errcode ?? 0) % 256 !== SQLITE_BUSY || performance.now() > until) throw error;
      await sleep(1 + Math.random() * 4);
    }
  }
}

let temporaries = 0;

/** Writes a file at once or not at all, unless it is there; on the disk when it resolves. */
export async function keepOnce(file: string, text: string): Promise<void> {
  const folder = parent(file);
  // A sealer may move it in this moment.
  const there = existsSync(file) ? readIfThere(file) : null;
  if (there !== null) {
    // Its name is the digest, so what is there should be the same; whoever may write there could have put something else.
    if (there !== text)
      throw new RedressError('journal/corrupt', `${file} has content that does not match its name.`, {
        next: 'Find out who wrote it, and move it away; then it is stored.',
      });
  } else {
    // Nothing above it, as for a record; another document may have made it in this moment.
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
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

/** Complete before it has its name, which it takes from nobody: of those who make one at the same time, all have that of the first. */
function makeKey(file: string): void {
  const temporary = `${file}.${process.pid}.${temporaries++}.tmp`;
  writeFileSync(temporary, `${randomKey()}\n`, { flush: true, mode: 0o600 });
  try {
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(temporary);
  }
}

/** Writes a file at once or not at all; on the disk when it returns. */
function durable(file: string, text: string | Buffer): void {
  makeFolder(parent(file));
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

/** What to do when the folder cannot be used, by what is known of it. */
function nextAfter(cause: unknown, directory: string): string {
  const { code, errcode } = (typeof cause === 'object' && cause !== null ? cause : {}) as { code?: string; errcode?: number };
  if (code === 'ENOSPC' || code === 'EDQUOT' || errcode === SQLITE_FULL) return 'The disk is full: free some space, and try again.';
  if (errcode === SQLITE_CORRUPT || errcode === SQLITE_NOTADB)
    return `Stop every process that uses it, and delete ${join(directory, 'index.sqlite')}: it is rebuilt from the records.`;
  return 'Check that the folder is writable.';
}

/** Names a folder, beyond its path: `streams` is made once. */
function placeOf(directory: string): string | null {
  const made = statSync(join(directory, 'streams'), { bigint: true, throwIfNoEntry: false });
  return made === undefined || !existsSync(join(directory, 'FORMAT')) ? null : [made.ino, made.birthtimeNs].join(':');
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
  return dirname(file);
}
