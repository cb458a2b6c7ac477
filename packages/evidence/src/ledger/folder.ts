// The ledger of a journal in a folder: beside its records, on the same disk.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, type Digest, digestText, isRedressError, messageOf, RedressError, systemClock } from '@redress/core';
import { keepOnce } from '../folder.js';
import { blobFile, CHECKPOINT, FORMAT, isStreamFile, streamFile } from '../layout.js';

import { ARCHIVES, type DocumentText, FolderArchives } from './archive.js';
import type { Naming } from './entry.js';
import type { NoteSigner } from './note.js';
import { type Broken, declareBreak, type LostKey, type NextKey, type Rotated, rotate, type Sealer, type SealReport, seal } from './sealer.js';
import type { JournalSource, LedgerStore, Mark, Positions, Published } from './store.js';
import type { Witness } from './witness.js';

/** Options of {@link sealFolder}. */
export interface SealFolderOptions {
  /** Folder of a journal. The log is created in its subfolder `ledger`. */
  readonly directory: string;
  readonly signer: NoteSigner;
  /** Public keys of this log that the signer's key has replaced. The newest checkpoint may be signed with one of them. */
  readonly replaced?: readonly string[];
  /**
   * The minimum number of days for which documents are kept after their seal. With it, a seal moves the documents of its records into
   * `ledger/documents`, one archive for each seal, and its entry says until when they are kept.
   */
  readonly documentsFor?: number;
  /** Witnesses that are asked to cosign the checkpoint. */
  readonly witnesses?: readonly Witness[];
  readonly clock?: Pick<Clock, 'now'>;
  /** Wraps the store, for tests. */
  readonly store?: (store: LedgerStore) => LedgerStore;
}

/** How long to wait for another sealer, or for a process that records; milliseconds. */
const WAIT = 60_000;
/** Bytes of a stream that are read at once. */
const PIECE = 256 * 1024;
// https://www.sqlite.org/rescode.html
const SQLITE_BUSY = 5;

/**
 * Seals what a journal in a folder has recorded since the last seal: each record gets a global number, the log grows by it, and a checkpoint
 * over all of it is signed. Without new records the interval is sealed as empty.
 *
 * Any number of processes may call it at once, and each may die at any time. No two signed checkpoints contradict each other. If a sealer dies, the
 * next one completes what it had begun.
 *
 * @example (await sealFolder({ directory: '.redress', signer: signerOf(readFileSync('redress.key', 'utf8')) })).size
 * @throws {RedressError} `ledger/corrupt` if the log differs from what was signed; `ledger/unavailable` if the folder cannot be used;
 *   `journal/not-found` if it has no journal.
 */
export async function sealFolder(options: SealFolderOptions): Promise<SealReport> {
  return inFolder(options, seal);
}

/**
 * Replaces the key that seals a journal in a folder. The log records it under a checkpoint of the old key. The next key seals at once, and from then on
 * alone. If the call dies, repeat it with the same two keys.
 *
 * @example await rotateFolder({ directory: '.redress', signer: old, next: signerOf(readFileSync('next.key', 'utf8')), by: 'alice', reason: 'yearly' })
 * @throws {RedressError} `ledger/key` if the next key cannot sign, is of another log, or was replaced before; `ledger/invalid` without a name or a
 *   reason; else as {@link sealFolder}.
 */
export async function rotateFolder(options: SealFolderOptions & NextKey): Promise<Rotated> {
  return inFolder(options, (sealer) => rotate(sealer, options));
}

/**
 * Continues to seal a journal in a folder with a key that the previous one has not announced, because it is lost. See {@link declareBreak}.
 *
 * @example await breakFolder({ directory: '.redress', signer: next, lost: 'example.com/redress+1a2b3c4d+AQ…', by: 'alice', reason: 'the disk of the sealer failed' })
 * @throws {RedressError} `ledger/key` if the given lost key has not signed the newest checkpoint, or if the signer's key has signed before;
 *   `ledger/invalid` without a name or a reason; else as {@link sealFolder}.
 */
export async function breakFolder(options: SealFolderOptions & LostKey): Promise<Broken> {
  return inFolder(options, (sealer) => declareBreak(sealer, options));
}

async function inFolder<T>(
  { directory, signer, replaced = [], witnesses = [], documentsFor, clock = systemClock, store = (same) => same }: SealFolderOptions,
  work: (sealer: Sealer) => Promise<T>,
): Promise<T> {
  const format = join(directory, 'FORMAT');
  if (!existsSync(format)) throw new RedressError('journal/not-found', `There is no journal in ${directory}.`, { next: 'Give its folder.' });
  if (readFileSync(format, 'utf8') !== FORMAT) throw new RedressError('journal/corrupt', `The journal in ${directory} is of another format.`);
  try {
    return await work({
      store: store(new FolderLedger(directory)),
      source: new FolderSource(directory),
      signer,
      replaced,
      witnesses,
      documentsFor,
      now: clock.now(),
    });
  } catch (cause) {
    if (isRedressError(cause)) throw cause;
    throw new RedressError('ledger/unavailable', `The journal in ${directory} cannot be sealed: ${messageOf(cause)}`, {
      cause,
      retryable: true,
      next: 'Check that the folder is writable, and that no other sealer is stuck.',
    });
  }
}

const PENDING = 'sealer/pending.json';
const STATE = 'sealer/state.json';

/** A log in a folder. One sealer works at a time, so decisions need not outlive their seal. */
class FolderLedger implements LedgerStore {
  readonly #directory: string;
  /** Folders whose names may not be on the disk yet. */
  readonly #unsynced = new Set<string>();
  #temporaries = 0;

  constructor(directory: string) {
    this.#directory = resolve(directory);
  }

  async alone<T>(work: () => Promise<T>): Promise<T> {
    makeFolder(join(this.#directory, 'sealer'));
    const lock = await locked(join(this.#directory, 'sealer', 'lock.sqlite'));
    try {
      removeTemporaries(this.#directory);
      return await work();
    } finally {
      // Closing rolls back, and releases the lock.
      lock.close();
    }
  }

  async checkpoint(): Promise<Published | null> {
    const note = this.#read(CHECKPOINT)?.toString('utf8');
    return note === undefined ? null : { note, version: note };
  }

  async publish(note: string, over: string | null): Promise<boolean> {
    // Archives of a sealer that died may exist already. The journal's own copies are removed once this seal is published.
    const archives = join(this.#directory, ARCHIVES);
    if (existsSync(archives)) this.#sync(archives);
    for (const folder of this.#unsynced) syncFolder(folder);
    this.#unsynced.clear();
    if (((await this.checkpoint())?.version ?? null) !== over) return false;
    this.#write(CHECKPOINT, note);
    return true;
  }

  async read(path: string): Promise<Buffer | null> {
    return this.#read(path);
  }

  /** Its name is on the disk once a checkpoint is. */
  async create(path: string, bytes: Uint8Array): Promise<void> {
    const file = join(this.#directory, path);
    makeFolder(dirname(file));
    const temporary = this.#temporary();
    await writeFile(temporary, bytes, { flush: true });
    await rename(temporary, file);
    this.#sync(dirname(file));
  }

  /** Including its parents: the process that created them may not have flushed them. */
  #sync(folder: string): void {
    this.#unsynced.add(folder);
    if (folder !== this.#directory) this.#sync(dirname(folder));
  }

  async archive(path: string, bytes: Uint8Array): Promise<void> {
    if (!existsSync(join(this.#directory, path))) await this.create(path, bytes);
  }

  async partials(path: string): Promise<readonly string[]> {
    const folder = `${path}.p`;
    if (!existsSync(join(this.#directory, folder))) return [];
    return readdirSync(join(this.#directory, folder))
      .filter((name) => /^[1-9]\d{0,2}$/.test(name))
      .map((name) => `${folder}/${name}`);
  }

  async remove(path: string): Promise<void> {
    const file = join(this.#directory, path);
    if (!existsSync(file)) return;
    rmSync(file);
    // The folder of a tile's partial tiles is empty after the last one is removed.
    if (dirname(file).endsWith('.p') && readdirSync(dirname(file)).length === 0) rmSync(dirname(file), { recursive: true });
  }

  async decided(number: number): Promise<Buffer | null> {
    const bytes = this.#read(PENDING);
    return bytes === null || ![number, null].includes(numberIn(bytes)) ? null : bytes;
  }

  async decide(number: number, plan: Buffer): Promise<Buffer> {
    const before = this.#read(PENDING);
    // A plan that extends the previous one contains it.
    if (before !== null && numberIn(before) !== number - 1) return before;
    this.#write(PENDING, plan);
    return plan;
  }

  async forget(): Promise<void> {
    rmSync(join(this.#directory, PENDING), { force: true });
  }

  async kept(): Promise<Buffer | null> {
    return this.#read(STATE);
  }

  async keep(_number: number, state: Buffer): Promise<void> {
    this.#write(STATE, state);
  }

  #read(path: string): Buffer | null {
    const file = join(this.#directory, path);
    return existsSync(file) ? readFileSync(file) : null;
  }

  /** Written atomically, also over an existing file. It is durable when this returns. */
  #write(path: string, content: string | Uint8Array): void {
    const file = join(this.#directory, path);
    makeFolder(dirname(file));
    const temporary = this.#temporary();
    writeFileSync(temporary, content, { flush: true });
    renameSync(temporary, file);
    syncFolder(dirname(file));
  }

  /** In the sealer's own folder, so that a half-written tile is never part of the log. */
  #temporary(): string {
    return join(this.#directory, 'sealer', `${process.pid}.${this.#temporaries++}.tmp`);
  }
}

/** The seal of a decision; null if the decision cannot be read. */
function numberIn(plan: Buffer): number | null {
  try {
    const { after } = JSON.parse(plan.toString('utf8')) as { after?: { seal?: { number?: number } } };
    return after?.seal?.number ?? null;
  } catch {
    return null;
  }
}

/**
 * Waits for a lock without blocking this process: the holder may be in it. The system releases the lock when a process ends, even if it is killed.
 */
async function locked(file: string, begin = 'BEGIN EXCLUSIVE'): Promise<DatabaseSync> {
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    for (const until = performance.now() + WAIT; ; await sleep(10)) {
      try {
        lock.exec(begin);
        return lock;
      } catch (error) {
        if (((error as { errcode?: number }).errcode ?? 0) % 256 !== SQLITE_BUSY || performance.now() > until) throw error;
      }
    }
  } catch (error) {
    lock.close();
    throw error;
  }
}

class FolderSource implements JournalSource {
  readonly atOnce = 1;
  readonly room = 0;
  /** One buffer for all reads: memory that is allocated for each piece is freed late. */
  readonly #piece = Buffer.allocUnsafeSlow(PIECE);
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async ends(): Promise<ReadonlyMap<Digest, Mark>> {
    const index = join(this.#directory, 'index.sqlite');
    if (!existsSync(index)) return this.#ends();
    // A process that records holds this lock until its record is on the disk, so no record is visible without those before it.
    const lock = await locked(index, 'BEGIN IMMEDIATE');
    try {
      return this.#ends();
    } finally {
      lock.close();
    }
  }

  #ends(): Map<Digest, Mark> {
    const root = join(this.#directory, 'streams');
    const names = readdirSync(root, { withFileTypes: true })
      .filter((each) => each.isDirectory())
      .flatMap(({ name }) => readdirSync(join(root, name)))
      .filter(isStreamFile)
      .sort();
    return new Map(
      names.map((name) => {
        const stream: Digest = `sha256:${name.slice(0, -'.jsonl'.length)}`;
        return [stream, { seq: Number.POSITIVE_INFINITY, bytes: statSync(streamFile(this.#directory, stream), { throwIfNoEntry: false })?.size ?? 0 }];
      }),
    );
  }

  async gone(sealed: Positions): Promise<readonly Digest[]> {
    return (Object.keys(sealed) as Digest[]).filter((stream) => !existsSync(streamFile(this.#directory, stream)));
  }

  async *read(stream: Digest, from: Mark, to: Mark): AsyncIterable<Buffer> {
    const file = streamFile(this.#directory, stream);
    if (from.bytes >= to.bytes || !existsSync(file)) return;
    const handle = openSync(file, 'r');
    try {
      for (let at = from.bytes; at < to.bytes; ) {
        const more = readSync(handle, this.#piece, 0, Math.min(PIECE, to.bytes - at), at);
        if (more === 0) return;
        yield this.#piece.subarray(0, more);
        at += more;
      }
    } finally {
      closeSync(handle);
    }
  }

  async *documents(records: readonly Naming[]): AsyncIterable<DocumentText> {
    const archives = new FolderArchives(this.#directory);
    for (const digest of new Set(records.flatMap(({ documents }) => documents))) {
      const file = blobFile(this.#directory, digest);
      const own = existsSync(file) ? readFileSync(file, 'utf8') : null;
      // If another record names it too, it was moved with that one.
      const text = own !== null && digestText(own) === digest ? own : archives.get(digest);
      if (text !== null && digestText(text) === digest) yield { digest, text };
    }
  }

  async archived(documents: readonly Digest[]): Promise<void> {
    for (const digest of documents) {
      const file = blobFile(this.#directory, digest);
      // A changed file stays, for analysis.
      if (existsSync(file) && digestText(readFileSync(file, 'utf8')) === digest) rmSync(file);
    }
  }

  async apart(records: readonly Naming[]): Promise<void> {
    const archives = new FolderArchives(this.#directory);
    for (const digest of new Set(records.flatMap(({ documents }) => documents))) {
      const file = blobFile(this.#directory, digest);
      const text = existsSync(file) ? null : archives.get(digest);
      if (text === null || digestText(text) !== digest) continue;
      await keepOnce(file, text);
    }
  }

  /** A folder is set back with its ledger, or not at all. */
  async sealing(): Promise<void> {}

  /** A stream that has grown is recognized by its length, so no index is needed. */
  async sealed(): Promise<void> {}
}

/** Unfinished files of sealers that died. */
function removeTemporaries(directory: string): void {
  const folder = join(directory, 'sealer');
  for (const name of readdirSync(folder)) if (name.endsWith('.tmp')) rmSync(join(folder, name), { force: true });
}

/** Creates a folder and its parents. They are on the disk when this returns. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { recursive: true });
  syncFolder(dirname(path));
}

function syncFolder(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
