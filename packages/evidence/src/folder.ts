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
import { corrupt, verified } from './rules.js';

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
/** Version of the schema. An index of another version is rebuilt from the records. */
const INDEX_VERSION = 2;

// https://www.sqlite.org/rescode.html
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/** How long to wait for other processes, in milliseconds. */
const WAIT = 30_000;
/** Maximum number of requests in one transaction: each waits for all of them. */
const TOGETHER = 256;
const NOTHING = Buffer.alloc(0);
/** Streams that a process caches. */
const REMEMBERED = 200;

/** A stream as far as it was verified. */
interface Known {
  readonly bytes: Buffer;
  readonly lines: readonly string[];
  readonly state: StreamState;
}

/** A waiting request. */
interface Waiting {
  /** Does it, and returns what to report once it is on the disk. */
  run(access: Access): () => void;
  reject(error: unknown): void;
}

class FolderStorage implements Storage {
  readonly #directory: string;
  #database: DatabaseSync | null = null;
  /** Identity of the index's file: another file with this name is another index. */
  #inode: bigint | null = null;
  /** Streams that this process has verified. They grow, and never change. */
  readonly #cache = new Map<Digest, Known>();
  /** Identity of the folder, once it was used. */
  #place: string | null = null;

  /** Names that this process has flushed to the disk. The process that created them may not have done so. */
  readonly #settled = new Set<string>();
  #waiting: Waiting[] = [];
  /** Settles when nobody waits. */
  #working: Promise<void> | null = null;

  /** Documents that sealers have moved. */
  readonly #archives: FolderArchives;

  /** A buffer for reading streams. Each append reads one, and allocating memory each time would be most of its cost. */
  #scratch = Buffer.allocUnsafeSlow(1 << 16);

  constructor(directory: string) {
    this.#directory = directory;
    this.#archives = new FolderArchives(directory);
  }

  #settle(name: string): void {
    if (this.#settled.has(name)) return;
    syncDirectory(dirname(name));
    if (this.#settled.size >= 10_000) this.#settled.clear();
    this.#settled.add(name);
  }

  async keep(documents: Parameters<Storage['keep']>[0]): Promise<void> {
    if (documents.length === 0) return;
    // Waits for all of them, even if one fails, so that no write goes unobserved.
    const kept = await Promise.allSettled(
      documents.map(async ([, digest, text]) => {
        this.#opened();
        const file = blobFile(this.#directory, digest);
        await keepOnce(file, text);
        this.#settle(dirname(file));
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
      // Requests to AWS that were begun at the same time are sent first, and requests that arrive meanwhile are included.
      await new Promise<void>((resolve) => setImmediate(resolve));
      await this.#together(this.#waiting.splice(0, TOGETHER));
    }
    this.#working = null;
  }

  /** Processes several requests in order, in one transaction. Nobody gets a result before all of it is on the disk. */
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
            // A failed write may be half there, and others would be written after it.
            if (written.torn) throw error;
            refused.push(() => reject(this.#unavailable(error)));
          }
        }
        await written.flush();
        for (const file of written.files()) for (const name of [file, dirname(file)]) this.#settle(name);
        database.exec('COMMIT');
      } catch (error) {
        written.undo();
        // A full disk ends the transaction by itself.
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      } finally {
        written.close();
      }
      for (const [stream, known] of written.streams) this.#remember(stream, known);
      for (const say of [...refused, ...done]) say();
    } catch (error) {
      for (const say of refused) say();
      // A request that already has its result is not affected by this.
      for (const { reject } of waiting) reject(this.#unavailable(error));
    }
  }

  async close(): Promise<void> {
    await this.#working;
    this.#database?.close();
    this.#database = null;
    this.#cache.clear();
  }

  /** Creates the missing parts of a folder, and checks that the folder is still the same. */
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
      // Written before the first stream, so that a partial journal does not pass for a complete one.
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
    // Deleting it does no harm, but two processes on two different files would not see each other.
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
        // Left open, it would block everyone else.
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
    // What the index loses in a power cut is rebuilt from the records when it is next opened: the records are on the disk.
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
    /** The content of the index, brought up to date. */
    const current = <T>(ask: (database: DatabaseSync) => T): T => {
      this.#catchUp(database);
      return ask(database);
    };
    return {
      state: (stream) => load(stream).state,
      records: (stream) => [...verified(emptyState(stream), load(stream).lines)],
      append: (stream, line, record, after) => void loaded.set(stream, this.#append(database, written, stream, load(stream), { line, record, after })),
      get: (digest) => {
        const file = blobFile(this.#directory, digest);
        // A sealer moves it into an archive, and removes the file afterwards.
        return (existsSync(file) ? readIfThere(file) : null) ?? this.#archives.get(digest);
      },
      streams: () => this.#streams(),
      knows: (execution) => executedIn(database, execution) !== null,
      streamOfExecution: (execution) => executedIn(database, execution) ?? current(() => executedIn(database, execution)),
      openExecutions: () => readable(current(streamsOpen)).flatMap(({ open }) => (open === null ? [] : [open])),
      waiting: () => readable(current(streamsWaiting)),
      withExecutions: (remediator) => current(() => executedBy(database, remediator)),
      // A record of another process that its index lacks was never acknowledged, so nothing was done because of it. It uses no limit.
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
    // A file that cannot be opened denies requests only for its own resource.
    const handle = written.open(streamFile(this.#directory, stream), before.bytes.length);
    written.torn = true;
    for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done);
    index(database, stream, next.record);
    setSize(database, stream, known.bytes.length);
    written.torn = false;
    written.streams.set(stream, known);
    return known;
  }

  /** Other files there do not belong to the journal. */
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
   * Updates the index from every stream whose file size it does not know: after a crash, or if the index was deleted. An unreadable stream does not block
   * the others. A request for its own resource gets the error.
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

  /** A stream as it is on the disk. What this process has verified of it has to be there still. */
  #load(database: DatabaseSync, stream: Digest): Known {
    const file = streamFile(this.#directory, stream);
    const bytes = this.#bytes(file);
    const indexed = (statement(database, 'SELECT size FROM streams WHERE stream = ?').get(stream) as { size: number } | undefined)?.size ?? 0;
    const size = bytes.lastIndexOf(10) + 1;
    const known = this.#cache.get(stream) ?? { bytes: NOTHING, lines: [], state: emptyState(stream) };
    let { state } = known;
    const verified = known.bytes.length;
    // Records reach the disk before the index, so the index is never ahead.
    if (size < verified || !bytes.subarray(0, verified).equals(known.bytes) || size < indexed)
      throw corrupt(stream, state.length + 1, 'records that were written before are missing or changed');
    const more = bytes.toString('utf8', verified, size).split('\n').slice(0, -1);
    for (const line of more) {
      const read = readLine(state, line);
      if (!read.ok) {
        // Executions that began in it still count against limits, whether or not it can be verified.
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

  /** The content of a file, until the next one is read. */
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

  /** @param verified How many of the lines are verified. Of the others, only restrictions are used. */
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

  /** The streams that were used last. A process that drains a backlog handles thousands, and needs each only briefly. */
  #remember(stream: Digest, known: Known): void {
    this.#cache.delete(stream);
    this.#cache.set(stream, known);
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= REMEMBERED) break;
      this.#cache.delete(oldest);
    }
  }

  /**
   * A last line without a newline: its writer died in the middle, so nobody got an acknowledgement, and nothing was done because of it. It is kept in a
   * separate file for analysis.
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

/** The text of a file; null if it was removed at this moment. */
function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}

/** Queries over many streams omit those that cannot be read. */
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
 * Bytes to which more are added. It has spare room, so that not all of them are copied each time. A holder of the shorter bytes does not see the addition.
 * If two continue from the same bytes, only the later one is used.
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
/** Memory that nothing else uses. */
const ROOMY = new WeakSet<ArrayBufferLike>();

/** The queries of each append, prepared once. */
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

/** A file for appending; null if it does not exist. */
function openIfThere(file: string): number | null {
  try {
    return openSync(file, APPEND);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}

const APPEND = constants.O_WRONLY | constants.O_APPEND;

/** Written records that nobody has acknowledged yet. */
class Written {
  readonly streams = new Map<Digest, Known>();
  readonly #files = new Map<string, { readonly handle: number; readonly from: number; readonly made: boolean }>();
  /** Whether a record may be half written. */
  torn = false;

  /** @param from Its size in bytes, as far as known. */
  open(file: string, from: number): number {
    const before = this.#files.get(file);
    if (before !== undefined) return before.handle;
    const there = openIfThere(file);
    // Folders above it are not created: a folder that was removed at this moment must not be started anew.
    if (there === null && !existsSync(dirname(file))) mkdirSync(dirname(file));
    const handle = there ?? openSync(file, 'a');
    this.#files.set(file, { handle, from, made: there === null });
    return handle;
  }

  /** When it resolves, all of it is on the disk. When it rejects, no part of it is in transit. */
  async flush(): Promise<void> {
    const flushed = await Promise.allSettled([...this.#files.values()].map(({ handle }) => toDisk(handle)));
    for (const each of flushed) if (each.status === 'rejected') throw each.reason;
  }

  files(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** Removes records that nobody gets a result for. After a failed flush, the system may treat data as written that is not on the disk. */
  undo(): void {
    for (const [file, { handle, from, made }] of this.#files) {
      try {
        if (made) unlinkSync(file);
        else ftruncateSync(handle, from);
      } catch {
        // Then the file is as after a crash: complete records count, and a half one is cut off.
      }
    }
  }

  close(): void {
    for (const { handle } of this.#files.values()) closeSync(handle);
  }
}

const toDisk = promisify(fsync);

/** Waits for the holder of the index without blocking this process: the holder may be in it. */
async function unlessBusy(database: DatabaseSync, sql: string): Promise<void> {
  for (const until = performance.now() + WAIT; ; ) {
    try {
      return database.exec(sql);
    } catch (error) {
      // The lower byte is the error, the others give its reason: https://www.sqlite.org/rescode.html
      if (((error as { errcode?: number }).errcode ?? 0) % 256 !== SQLITE_BUSY || performance.now() > until) throw error;
      await sleep(1 + Math.random() * 4);
    }
  }
}

let temporaries = 0;

/** Creates a file atomically, unless it exists. It is on the disk when this resolves. */
export async function keepOnce(file: string, text: string): Promise<void> {
  const folder = dirname(file);
  // A sealer may be moving it at this moment.
  const there = existsSync(file) ? readIfThere(file) : null;
  if (there !== null) {
    // The name is its digest, so existing content should be equal. But anybody who may write there could have put something else.
    if (there !== text)
      throw new RedressError('journal/corrupt', `${file} has content that does not match its name.`, {
        next: 'Find out who wrote it, and move it away; then it is stored.',
      });
  } else {
    // Folders above it are not created, as for a record. Another document may have created this one at the same moment.
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    const temporary = `${file}.${process.pid}.${temporaries++}.tmp`;
    await writeFile(temporary, text, { flush: true });
    await rename(temporary, file);
  }
  // Also for an existing file: the process that created it may not have flushed it.
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Complete before it gets its name, and never over an existing file. If several create it at the same time, all get the content of the first. */
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

/** Writes a file atomically. It is on the disk when this returns. */
function durable(file: string, text: string | Buffer): void {
  makeFolder(dirname(file));
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { flush: true });
  renameSync(temporary, file);
  syncDirectory(dirname(file));
}

/** Creates a folder and its parents. They are on the disk when this returns. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { recursive: true });
  syncDirectory(dirname(path));
}

/** What to do if the folder cannot be used, depending on what is known of it. */
function nextAfter(cause: unknown, directory: string): string {
  const { code, errcode } = (typeof cause === 'object' && cause !== null ? cause : {}) as { code?: string; errcode?: number };
  if (code === 'ENOSPC' || code === 'EDQUOT' || errcode === SQLITE_FULL) return 'The disk is full: free some space, and try again.';
  if (errcode === SQLITE_CORRUPT || errcode === SQLITE_NOTADB)
    return `Stop every process that uses it, and delete ${join(directory, 'index.sqlite')}: it is rebuilt from the records.`;
  return 'Check that the folder is writable.';
}

/** Identifies a folder beyond its path: `streams` is created once. */
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
