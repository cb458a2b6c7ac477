// The sample of the documentation: the quarter of demo/quarter.ts and its report, as the command makes it.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { processIo, run } from '@redress/cli';
import { QUARTER, quarter } from './quarter.ts';

/** Where it stands in the repository. */
export const SAMPLE = 'docs/sample';
/** The command whose report it is, in the folder of the sample. */
export const COMMAND = `report --from ${QUARTER.from} --to ${QUARTER.to} --data ledger --calendar calendar.json --sample 8 --out q3`.split(' ');

/** What a journal and its sealer keep for themselves: neither is evidence. */
const OWN = /^ledger\/(?:index\.sqlite.*|sealer\/.*)$/;

/**
 * Every file of the sample, by its path within the folder: each run makes the same bytes.
 *
 * @throws {Error} when the report is not made, or not everything in it verifies.
 */
export async function sampleFiles(): Promise<ReadonlyMap<string, Buffer>> {
  const directory = mkdtempSync(join(tmpdir(), 'redress-sample-'));
  try {
    await quarter(directory);
    const said: string[] = [];
    const exit = await run(COMMAND, { ...processIo(), cwd: directory, stdout: () => undefined, stderr: (text) => void said.push(text) });
    if (exit !== 0) throw new Error(`The report of the sample ended with ${exit}: ${said.join('')}`);
    const paths = readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
      .filter((path) => !OWN.test(path))
      .sort();
    return new Map(paths.map((path) => [path, readFileSync(join(directory, path))]));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
