import { basename, resolve } from 'node:path';
import type { Remediator } from '@redress/core';
import { countOf } from '@redress/core';
import { CliError } from '../errors.js';
import { type Answer, type Io, painter } from '../io.js';
import { handlerFiles } from '../new/handler-files.js';
import { remediatorFiles } from '../new/remediator-files.js';
import { settingFiles } from '../new/setting-files.js';
import { type NewFiles, writeNew } from '../new/write-new.js';
import { printable } from '../printable.js';

/** `redress new … --json` */
export interface NewDocument {
  /** As it was given, or as it follows from the name. */
  readonly folder: string;
  /** Paths in the folder. */
  readonly files: readonly string[];
  /** What to type next. */
  readonly next: readonly string[];
}

// As an id of a remediator: two words at least, so that nobody's collides with another's.
const ID = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$/;

/** A package with a remediator that works, and its test: by hand, or as the declaration of a setting. */
export async function newRemediatorCommand(io: Io, id: string, options: { readonly dir?: string; readonly setting?: boolean }): Promise<Answer> {
  if (!ID.test(id) || id.length > 64)
    throw new CliError('cli/usage', `${JSON.stringify(id)} is not an id of a remediator.`, {
      next: 'Lower case, with a prefix of your own, at most 64 characters: acme-dynamodb-protect-tables.',
    });
  const files = options.setting === true ? settingFiles(id) : remediatorFiles(id);
  return written(io, options.dir ?? id, files, ['npm install', 'npm test', 'npx redress plan --live']);
}

/** A package that is deployed as the handler. */
export async function newHandlerCommand(io: Io, remediators: readonly Remediator[], folder: string): Promise<Answer> {
  return written(io, folder, handlerFiles(packageName(resolve(io.cwd, folder)), remediators), ['npm install', 'npm run check', 'npm run plan']);
}

/** What npm takes as a name, from that of a folder. */
function packageName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
  return name === '' || name === 'redress' ? 'our-redress' : name;
}

async function written(io: Io, folder: string, files: NewFiles, next: readonly string[]): Promise<Answer> {
  await writeNew(resolve(io.cwd, folder), files, folder);
  const document: NewDocument = { folder, files: Object.keys(files), next };
  const paint = painter(io);
  const lines = [
    `${countOf(document.files.length, 'file')} in ${paint('bold', printable(folder))}:`,
    ...document.files.map((file) => `  ${file}`),
    '',
    'Next:',
    ...(resolve(io.cwd, folder) === resolve(io.cwd) ? [] : [`  cd ${printable(folder)}`]),
    ...next.map((each) => `  ${each}`),
  ];
  return { json: document, text: lines.join('\n'), exit: 0 };
}
