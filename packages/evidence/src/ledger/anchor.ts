// Copies of checkpoints that the writer of the evidence cannot reach. They show later whether a log was set back or rewritten.
import { randomUUID } from 'node:crypto';
import { constants, copyFile, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, RedressError } from '@redress/core';

/** A place for copies of checkpoints. */
export interface Anchor {
  /** Name for people. */
  readonly name: string;
  /** Stores a file that never changes. If the file exists, its content is the same. */
  keep(path: string, note: string): Promise<void>;
}

/**
 * Keeps copies of checkpoints in a folder, such as one of another machine, or one whose files are committed to a repository.
 *
 * @example await anchorTo([folderAnchor('/mnt/witness')], report.checkpoint);
 */
export function folderAnchor(directory: string): Anchor {
  return {
    name: directory,
    async keep(path, note) {
      const file = join(directory, path);
      await mkdir(dirname(file), { recursive: true });
      // Complete before it gets its name, and never over an existing file: several sealers may store their copies at the same moment.
      const temporary = `${file}.${randomUUID()}.tmp`;
      try {
        await writeFile(temporary, note, { flush: true });
        // Some file systems on memory sticks and network shares have no links.
        await link(temporary, file).catch(async () => copyFile(temporary, file, constants.COPYFILE_EXCL));
      } catch (error) {
        const there = await readFile(file, 'utf8').catch(() => {
          throw error;
        });
        // A copy that was interrupted is shorter. It does not contradict this one.
        if (there.length < note.length && note.startsWith(there) && !sameCheckpoint(there, note)) await rename(temporary, file);
        else if (!sameCheckpoint(there, note)) throw contradicts(file);
      } finally {
        // If nothing can be removed, the copy is kept all the same, and a contradiction is reported.
        await rm(temporary, { force: true }).catch(() => undefined);
      }
    },
  };
}

/** A copy that failed. */
export interface NotKept {
  readonly anchor: string;
  readonly message: string;
}

/**
 * Copies a checkpoint to all anchors, under its number of entries. A copy that fails does not stop the others.
 *
 * @param note A signed checkpoint.
 * @returns the copies that failed. Somebody has to be notified of them: without a copy, nobody can show what was sealed.
 */
export async function anchorTo(anchors: readonly Anchor[], note: string): Promise<readonly NotKept[]> {
  const path = anchorPath(note);
  const failed = anchors.map(async (anchor): Promise<readonly NotKept[]> => {
    try {
      await anchor.keep(path, note);
      return [];
    } catch (error) {
      return [{ anchor: anchor.name, message: messageOf(error) }];
    }
  });
  return (await Promise.all(failed)).flat();
}

/** Path of the copy of a checkpoint: by log, sorted by size. */
export function anchorPath(note: string): string {
  const [origin = '', size = ''] = note.split('\n');
  return `${origin.replaceAll(/[^A-Za-z0-9.-]+/g, '_')}/${size.padStart(15, '0')}.checkpoint`;
}

/** Whether two notes are the same checkpoint with the same signature of its log. Witnesses may have cosigned one of them since. */
export function sameCheckpoint(one: string, other: string): boolean {
  const own = (note: string) => note.split('\n').slice(0, 5).join('\n');
  return own(one) === own(other);
}

/** Another checkpoint of the same size: two histories, or the same one signed by another key. */
export function contradicts(where: string): RedressError {
  return new RedressError('ledger/corrupt', `${where} holds another checkpoint of as many entries.`, {
    next: 'Compare the ledger with it: `redress evidence verify --checkpoint FILE`.',
  });
}
