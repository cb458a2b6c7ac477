import { lstat, mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { messageOf } from '@redress/core';
import { CliError } from '../errors.js';

/** Texts by path, with `/` between folders. */
export type NewFiles = Readonly<Record<string, string>>;

/**
 * Writes files into a folder that may be there already. All of them or none: what is there is never overwritten, and what was written before
 * a failure is taken away again.
 *
 * @throws {CliError} `cli/file` naming what is there already, or what could not be written.
 */
export async function writeNew(folder: string, files: NewFiles, shown: string): Promise<void> {
  const paths = Object.keys(files);
  const there: string[] = [];
  for (const path of paths) if (await exists(join(folder, path))) there.push(path);
  if (there.length > 0)
    throw new CliError('cli/file', `${shown} has ${there.join(', ')} already. Nothing was written.`, { next: 'Give another name, or another folder.' });
  const folders: string[] = [];
  const written: string[] = [];
  try {
    for (const path of paths) {
      const file = join(folder, path);
      const first = await mkdir(dirname(file), { recursive: true });
      if (first !== undefined) folders.push(...between(first, dirname(file)));
      // Between the look and now somebody may have made it: then it is theirs.
      await writeFile(file, files[path] as string, { flag: 'wx' });
      written.push(file);
    }
  } catch (cause) {
    for (const file of written) await rm(file, { force: true });
    // Only what is empty: somebody else's files stay.
    for (const each of folders.reverse()) await rmdir(each).catch(() => undefined);
    throw new CliError('cli/file', `${shown} could not be written, so nothing was: ${messageOf(cause)}`, { cause });
  }
}

/** Folders that were made, outermost first. */
function between(first: string, last: string): string[] {
  const made = [first];
  for (const part of relative(first, last)
    .split(/[/\\]/)
    .filter((each) => each !== ''))
    made.push(join(made.at(-1) as string, part));
  return made;
}

/** Also what only points somewhere. */
async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    // A file where a folder has to be.
    if (code === 'ENOTDIR') return true;
    throw new CliError('cli/file', messageOf(error), { cause: error });
  }
}
