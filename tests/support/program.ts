// Programs that import sources, for processes of their own: each starts with one file, where Node would compile hundreds of them every time.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { onTestFinished } from 'vitest';

/**
 * A program as one file that Node runs, until the test ends.
 *
 * @param source its imports are relative to `from`
 * @returns the path of the file
 */
export function programOf(source: string, from: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'redress-program-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const outfile = join(directory, 'program.mjs');
  const stdin = { contents: source, resolveDir: from, loader: 'ts' } as const;
  buildSync({ stdin, outfile, bundle: true, platform: 'node', format: 'esm', conditions: ['@redress/source'] });
  return outfile;
}
