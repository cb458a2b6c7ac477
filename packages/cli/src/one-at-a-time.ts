import { readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRecord } from '@redress/core';
import { reasonOf } from './compose.js';
import { CliError } from './errors.js';

/** How long one waits for the others, and how often it asks; milliseconds. */
const [WAIT, POLL] = [60_000, 20];
const SQLITE_BUSY = 5;
const isLocked = (cause: unknown) => isRecord(cause) && cause['errcode'] === SQLITE_BUSY;

/** SQLite's own waiting would stop this whole process, and with it who holds the lock, if that is here. */
async function taken(lock: DatabaseSync): Promise<void> {
  const until = Date.now() + WAIT;
  for (;;) {
    try {
      lock.exec('BEGIN EXCLUSIVE');
      return;
    } catch (cause) {
      if (!isLocked(cause) || Date.now() > until) throw cause;
    }
    await sleep(POLL);
  }
}

/**
 * Changes a text file, one process at a time: each makes of it what the others have left. The file is there as a whole at every moment.
 *
 * The lock is that of an empty SQLite database next to the file, `.NAME.lock`: the system takes it from a process that ends, also from one that is
 * killed, so none is ever left behind. The empty file stays; whoever removed it could take it from under another one's lock.
 *
 * @param shown How people know the file.
 * @throws {CliError} `cli/file` when it cannot be read or written, or others keep it for a minute; whatever `change` throws: then it is as it was.
 * @see https://sqlite.org/lockingv3.html
 */
export async function rewrite(file: string, shown: string, change: (text: string) => string): Promise<void> {
  const refuse = (what: string, cause: unknown): never => {
    throw new CliError('cli/file', `${shown} cannot be ${what}: ${reasonOf(cause)}`, { place: { file: shown }, cause });
  };
  // A link stays a link.
  const real = await realpath(file).catch((cause: unknown) => refuse('read', cause));
  let lock: DatabaseSync | null = null;
  try {
    try {
      lock = new DatabaseSync(join(dirname(real), `.${basename(real)}.lock`), { timeout: 0 });
      await taken(lock);
    } catch (cause) {
      refuse('written', isLocked(cause) ? new Error('other processes keep writing to it') : cause);
    }
    const { mode, text } = await Promise.all([stat(real), readFile(real, 'utf8')]).then(
      ([found, content]) => ({ mode: found.mode, text: content }),
      (cause: unknown) => refuse('read', cause),
    );
    const changed = change(text);
    const temporary = `${real}.${process.pid}.tmp`;
    try {
      await writeFile(temporary, changed, { flush: true, mode: mode & 0o777 });
      await rename(temporary, real);
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => undefined);
      refuse('written', cause);
    }
  } finally {
    // Closing rolls back what was begun, and frees the lock.
    lock?.close();
  }
}
