import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isRecord } from '@redress/core';

const require = createRequire(import.meta.url);

/** Tools that are not installed with the command line; a test compares them with those that this repository uses. */
export const TOOLS = { '@types/node': '^24.0.0', typescript: '^6.0.0', vitest: '^5.0.0' } as const;

/** The range of a package that is installed with the command line, or of the command line itself: generated code works with the installed versions. */
export function rangeOf(name: string): string {
  const manifest: unknown = JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8'));
  return isRecord(manifest) && typeof manifest['version'] === 'string' ? `^${manifest['version']}` : '*';
}
