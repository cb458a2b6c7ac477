import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf } from '@redress/core';
import { reasonOf } from './compose.js';
import { CliError } from './errors.js';
import type { Io } from './io.js';

/** A file's content; `problem` when it is not JSON. */
export interface Input {
  /** As the person named it. */
  readonly file: string;
  readonly value: unknown;
  readonly problem: string | null;
}

/**
 * Reads input files; `-` is standard input.
 *
 * @throws {CliError} `cli/file` when one cannot be read.
 */
export async function readInputs(io: Io, files: readonly string[]): Promise<readonly Input[]> {
  if (files.filter((file) => file === '-').length > 1) throw new CliError('cli/usage', 'Standard input (-) can be read only once.');
  const inputs: Input[] = [];
  for (const file of files) {
    let text: string;
    try {
      text = file === '-' ? await io.stdin() : await readFile(resolve(io.cwd, file), 'utf8');
    } catch (cause) {
      throw new CliError('cli/file', `${file} cannot be read: ${reasonOf(cause)}`, { place: { file }, cause });
    }
    try {
      // A byte order mark is none of JSON's (RFC 8259 8.1), but editors write it.
      inputs.push({ file, value: JSON.parse(text.replace(/^\ufeff/, '')) as unknown, problem: null });
    } catch (cause) {
      inputs.push({ file, value: null, problem: text.trim() === '' ? 'The file is empty.' : `The file is not JSON: ${messageOf(cause)}` });
    }
  }
  return inputs;
}

/**
 * The same, for commands that act: everything has to be JSON before anything is done.
 *
 * @throws {CliError} `cli/file`
 */
export async function readJsonInputs(io: Io, files: readonly string[]): Promise<readonly Input[]> {
  const inputs = await readInputs(io, files);
  const bad = inputs.find((input) => input.problem !== null);
  if (bad !== undefined)
    throw new CliError('cli/file', `${bad.file}: ${bad.problem ?? ''}`, {
      place: { file: bad.file },
      next: 'Nothing was done. `redress normalize` shows what is read out of a file.',
    });
  return inputs;
}
