import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type ConfigPack, isPack, PACKS, packOf, readPack } from '@redress/frameworks';
import { reasonOf } from '../compose.js';
import { CliError } from '../errors.js';
import type { Io } from '../io.js';

/**
 * The pack of that id, or of that file.
 *
 * @throws {CliError} `cli/file` when there is neither
 */
export async function readAnyPack(io: Pick<Io, 'cwd'>, name: string): Promise<ConfigPack> {
  if (isPack(name)) return packOf(name);
  let text: string;
  try {
    text = await readFile(resolve(io.cwd, name), 'utf8');
  } catch (cause) {
    throw new CliError('cli/file', `There is no pack ${name}, and no file: ${reasonOf(cause)}`, {
      place: { file: name },
      next: `Packs are ${PACKS.join(', ')}.`,
      cause,
    });
  }
  return readPack(text, name);
}
