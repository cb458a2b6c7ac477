// The ledger of a journal in a folder: beside its records, on the same disk.
import {
  closeSync,
  existsSync,
  fstatSync,
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
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Clock, type Digest, isRedressError, messageOf, RedressError, systemClock } from '@redress/core';
import { FORMAT, isStreamFile, streamFile } from '../layout.js';
import type { NoteSigner } from './note.js';
import { newestCheckpoint, type SealFiles, type SealReport, type SealSource, seal } from './sealer.js';

/** Options of {@link sealFolder}. */
export interface SealFolderOptions {
  /** Of a journal; the log is made in its subfolder `ledger`. */
  readonly directory: string;
  readonly signer: NoteSigner;
  /** Public keys of this log that the signer's has replaced: the newest checkpoint may be of one of them. */
  readonly replaced?: readonly string[];
  readonly clock?: Pick<Clock, 'now'>;
  /** What its writes go through, for tests. */
  readonly files?: (files: SealFiles) => SealFiles;
}

/** How long one waits for another sealer, or for whoever records; milliseconds. */
const WAIT = 60_000;

/**
 * Seals what a journal in a folder has recorded since the last seal: each record gets a global number, the log grows by it, and a checkpoint
 * over all of it is signed. Without new records the interval is sealed as empty.
 *
 * Any number of processes may call it at once, and each may die at any moment: no two checkpoints are signed that contradict each other. What
 * a sealer had begun, the next one completes.
 *
 * @example sealFolder({ directory: '.redress', signer: signerOf(readFileSync('redress.key', 'utf8')) }).size
 * @throws {RedressError} `ledger/corrupt` when the log is not what was signed; `ledger/unavailable` when the folder cannot be used;
 *   `journal/not-found` when it holds no journal.
 */
export function sealFolder({ directory, signer, replaced = [], clock = systemClock, files: through = (files) => files }: SealFolderOptions): SealReport {
  const format = join(directory, 'FORMAT');
  if (!existsSync(format)) throw new RedressError('journal/not-found', `There is no journal in ${directory}.`, { next: 'Give its folder.' });
  if (readFileSync(format, 'utf8') !== FORMAT) throw new RedressError('journal/corrupt', `The journal in ${directory} is of another format.`);
  const files = through(new FolderFiles(directory));
  try {
    const found = newestCheckpoint(files);
    makeFolder(join(directory, 'sealer'));
    return locked(join(directory, 'sealer', 'lock.sqlite'), 'EXCLUSIVE', () => {
      removeTemporaries(directory);
      return seal(files, new FolderSource(directory), signer, replaced, clock.now(), found);
    });
  } catch (cause) {
    if (isRedressError(cause)) throw cause;
    throw new RedressError('ledger/unavailable', `The journal in ${directory} cannot be sealed: ${messageOf(cause)}`, {
      cause,
      retryable: true,
      next: 'Check that the folder is writable, and that no other sealer hangs.',
    });
  }
}

/** The system takes the lock from a process that ends, also from one that is killed. */
function locked<T>(file: string, how: 'EXCLUSIVE' | 'IMMEDIATE', work: () => T): T {
  const lock = new DatabaseSync(file, { timeout: WAIT });
  try {
    lock.exec(`BEGIN ${how}`);
    return work();
  } finally {
    // Closing rolls back, and frees it.
    lock.close();
  }
}

class FolderFiles implements SealFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  read(path: string): Buffer | null {
    const file = join(this.#directory, path);
    return existsSync(file) ? readFileSync(file) : null;
  }

  write(path: string, bytes: Uint8Array): void {
    const file = join(this.#directory, path);
    makeFolder(dirname(file));
    // In the sealer's own folder: half a tile is never among those of the log.
    const temporary = join(this.#directory, 'sealer', `${process.pid}.tmp`);
    writeFileSync(temporary, bytes, { flush: true });
    renameSync(temporary, file);
    syncFolder(dirname(file));
  }

  remove(path: string): void {
    const file = join(this.#directory, path);
    if (!existsSync(file)) return;
    rmSync(file);
    // The folder of partial tiles of one tile is empty with the last of them.
    if (dirname(file).endsWith('.p') && readdirSync(dirname(file)).length === 0) rmSync(dirname(file), { recursive: true });
  }
}

class FolderSource implements SealSource {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  lengths(): Map<Digest, number> {
    const index = join(this.#directory, 'index.sqlite');
    // Whoever records holds this lock until its record is on the disk: so no record is seen without those that came before it.
    return existsSync(index) ? locked(index, 'IMMEDIATE', () => this.#lengths()) : this.#lengths();
  }

  #lengths(): Map<Digest, number> {
    const root = join(this.#directory, 'streams');
    const names = readdirSync(root, { withFileTypes: true })
      .filter((each) => each.isDirectory())
      .flatMap(({ name }) => readdirSync(join(root, name)))
      .filter(isStreamFile)
      .sort();
    return new Map(
      names.map((name) => {
        const stream: Digest = `sha256:${name.slice(0, -'.jsonl'.length)}`;
        return [stream, statSync(streamFile(this.#directory, stream), { throwIfNoEntry: false })?.size ?? 0];
      }),
    );
  }

  read(stream: Digest, from: number, to: number): Buffer {
    const file = streamFile(this.#directory, stream);
    if (!existsSync(file)) return Buffer.alloc(0);
    const handle = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(Math.max(0, Math.min(to, fstatSync(handle).size) - from));
      let done = 0;
      while (done < bytes.length) {
        const more = readSync(handle, bytes, done, bytes.length - done, from + done);
        if (more === 0) break;
        done += more;
      }
      return bytes.subarray(0, done);
    } finally {
      closeSync(handle);
    }
  }
}

/** What sealers that died had not finished writing. */
function removeTemporaries(directory: string): void {
  const folder = join(directory, 'sealer');
  for (const name of readdirSync(folder)) if (name.endsWith('.tmp')) rmSync(join(folder, name), { force: true });
}

/** Makes a folder and those above it; on the disk when it returns. */
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
