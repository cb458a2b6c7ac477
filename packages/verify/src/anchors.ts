// Checkpoints that were copied elsewhere: to a file, a folder, or the history of a git repository.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Folder } from './findings.js';
import { UsageError } from './note.js';

/** A copied checkpoint, with a name for people. */
export interface Copy {
  readonly name: string;
  readonly note: Uint8Array;
}

/** Maximum length of a checkpoint, including cosignatures. */
const LONGEST = 65_536;

/**
 * All checkpoints of a log in a place: one in a file; any number in a folder; in a git repository, everything that was ever committed to any branch, so that
 * a copy counts even if it was removed or overwritten.
 *
 * @param origins Names of the log. Everything else in the place is ignored.
 * @throws {UsageError} if it cannot be read, or has no checkpoint of the log.
 */
export function copiesIn(place: string, origins: readonly string[]): Copy[] {
  const found = statSync(place, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`There is no ${place} to compare with.`);
  const all = !found.isDirectory() ? inFile(place) : isRepository(place) ? inRepository(place) : inFolder(place);
  const own = all.filter(({ note }) => origins.some((origin) => Buffer.from(note).toString('utf8').startsWith(`${origin}\n`)));
  if (own.length === 0) throw new UsageError(`${place} has no checkpoint of ${origins.join(' or ')}.`);
  return own;
}

function inFile(place: string): Copy[] {
  return [{ name: place, note: readable(new Folder(dirname(place)), basename(place)) }];
}

function inFolder(place: string): Copy[] {
  const folder = new Folder(place);
  return folder.files('.').map((file) => ({ name: join(place, file), note: readable(folder, file) }));
}

function readable(folder: Folder, file: string): Buffer {
  const bytes = folder.bytes(file);
  if (bytes === null) throw new UsageError(`${file} cannot be read.`);
  return bytes;
}

/** A work tree, or the git folder of one. */
function isRepository(place: string): boolean {
  return existsSync(join(place, '.git')) || (existsSync(join(place, 'HEAD')) && existsSync(join(place, 'objects')));
}

function inRepository(place: string): Copy[] {
  const objects = git(place, ['rev-list', '--all', '--objects', '--no-object-names']);
  const sized = git(place, ['cat-file', '--batch-check=%(objectname) %(objecttype) %(objectsize)'], objects);
  const names = sized
    .toString('latin1')
    .split('\n')
    .flatMap((line) => {
      const [name = '', type, size] = line.split(' ');
      return type === 'blob' && Number(size) <= LONGEST ? [name] : [];
    });
  const bytes = git(place, ['cat-file', '--batch'], Buffer.from(names.map((name) => `${name}\n`).join('')));
  const copies: Copy[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at);
    const [name = '', , size] = bytes.toString('latin1', at, end).split(' ');
    copies.push({ name: `${place} (git object ${name.slice(0, 12)})`, note: bytes.subarray(end + 1, end + 1 + Number(size)) });
    at = end + 2 + Number(size);
  }
  return copies;
}

/** Runs git. It overrides settings by which a repository that others wrote could make it run commands. */
function git(place: string, argv: readonly string[], input: Buffer = Buffer.alloc(0)): Buffer {
  const { stdout, stderr, status, error } = spawnSync('git', ['-C', place, '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', ...argv], {
    input,
    maxBuffer: 1_000_000_000,
    env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', GIT_NO_LAZY_FETCH: '1', GIT_TERMINAL_PROMPT: '0' },
  });
  if (status !== 0) throw new UsageError(`${place} cannot be read with git: ${error?.message ?? stderr.toString('utf8').trim()}`);
  return stdout;
}
