/**
 * The cost of the report of a large ledger, compared with verifying the same ledger, and the time of a filter:
 * `node bench/report.ts [--records N] [--fixes N] [--rounds N] [--json]`.
 *
 * Each step runs in its own process. The ledger has records that a journal in memory has accepted, written like a journal in a folder: fixes of three
 * records each with their documents, and decisions, each of which opens a gap and closes it. The report runs as the command does.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey, sealFolder, signerOf } from '@redress/evidence';
import { makeLedger } from './support/ledger.ts';
import { toLine } from './support/report.ts';

const PERIOD = ['--from', '2026-07-01', '--to', '2026-09-30'];

/** The cost of a step. */
interface Step {
  readonly ms: number;
  /** CPU time of all threads, in milliseconds. */
  readonly cpu: number;
  /** Peak memory of its process, in MB. */
  readonly mb: number;
  /** Size of the page, in MB. */
  readonly page?: number;
}

const steps: Readonly<Record<string, (directory: string) => Promise<Partial<Step> | undefined>>> = {
  verify: async (directory) => {
    const { verifyLedger } = await import('@redress/verify');
    const { status, findings } = verifyLedger({ directory: join(directory, '.redress') });
    if (status !== 'untrusted') throw new Error(`It is ${status}: ${JSON.stringify(findings[0])}`);
    return undefined;
  },
  report: async (directory) => {
    const { processIo, run } = await import('@redress/cli');
    const exit = await run(['report', ...PERIOD, '--out', 'out'], { ...processIo(), stdout: () => undefined, cwd: directory });
    if (exit !== 0) throw new Error(`The report ended with ${exit}.`);
    return { page: statSync(join(directory, 'out', 'report.html')).size / 1e6 };
  },
  filter: async (directory) => {
    const { folderJournal } = await import('@redress/evidence');
    const { EVERYTHING, indexOf } = await import('@redress/report');
    const journal = folderJournal({ directory: join(directory, '.redress') });
    const index = await indexOf(journal.read({ all: true }));
    const filters = [
      { outcomes: ['remediated'] },
      { resources: ['sg-7'] },
      { remediators: ['remediator-3'], since: '2026-08-01' },
      { actors: ['user/bob'] },
      { tickets: ['CHG-1'] },
    ];
    let slowest = 0;
    for (const filter of filters) {
      const started = performance.now();
      index.count({ ...EVERYTHING, ...filter });
      let shown = 0;
      // A page of results.
      for (const _ of index.query({ ...EVERYTHING, ...filter })) if (++shown === 100) break;
      slowest = Math.max(slowest, performance.now() - started);
    }
    index.close();
    await journal.close?.();
    return { ms: slowest };
  },
};

const [step = '', directory = ''] = process.argv.slice(2);
const work = steps[step];
if (work === undefined) await main();
else {
  const started = performance.now();
  const used = process.cpuUsage();
  const own = await work(directory);
  const { user, system } = process.cpuUsage(used);
  const took = { ms: performance.now() - started, cpu: (user + system) / 1000, mb: process.resourceUsage().maxRSS / 1024 };
  console.log(JSON.stringify({ ...took, ...own } satisfies Step));
}

function run(name: string, folder: string): Step {
  rmSync(join(folder, 'out'), { recursive: true, force: true });
  const { stdout, stderr, status } = spawnSync(process.execPath, [...process.execArgv, import.meta.filename, name, folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Step;
}

function optionOf(name: string, otherwise: number): number {
  const at = process.argv.indexOf(name);
  const value = at < 0 ? otherwise : Number(process.argv[at + 1]);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} takes a number.`);
  return value;
}

async function main(): Promise<void> {
  const [records, fixes] = [optionOf('--records', 100_000), optionOf('--fixes', 2_000)];
  const folder = mkdtempSync(join(tmpdir(), 'redress-bench-'));
  try {
    const data = join(folder, '.redress');
    mkdirSync(data);
    await makeLedger(data, records, fixes);
    const { secret, verifier } = generateKey('example.com/bench');
    await sealFolder({ directory: data, signer: signerOf(secret) });
    writeFileSync(join(folder, 'redress.trust.json'), JSON.stringify({ keys: [{ origin: 'example.com/bench', key: verifier, from: null, until: null }] }));
    writeFileSync(join(folder, 'redress.yaml'), 'version: 1\n');
    if (!existsSync(join(data, 'index.sqlite'))) run('filter', folder);
    // Alternating, so that a slow moment affects both.
    const rounds = Array.from({ length: optionOf('--rounds', 3) }, () => ({
      verify: run('verify', folder),
      report: run('report', folder),
      filter: run('filter', folder),
    }));
    const middle = rounds.sort((a, b) => a.report.cpu / a.verify.cpu - b.report.cpu / b.verify.cpu)[Math.floor(rounds.length / 2)];
    if (middle !== undefined) say(records, fixes, middle);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function say(records: number, fixes: number, { verify, report, filter }: Readonly<Record<'verify' | 'report' | 'filter', Step>>): void {
  if (process.argv.includes('--json')) {
    const results = [
      { name: 'records', value: records, unit: '' },
      { name: 'fixes', value: fixes, unit: '' },
      ...Object.entries({ verify, report }).flatMap(([name, { ms, cpu, mb }]) => [
        { name: `${name}.time`, value: ms, unit: 'ms' },
        { name: `${name}.cpu`, value: cpu, unit: 'ms' },
        { name: `${name}.memory`, value: mb, unit: 'MB' },
      ]),
      { name: 'report.page', value: report.page ?? 0, unit: 'MB' },
      { name: 'filter.time', value: filter.ms, unit: 'ms' },
    ];
    console.log(
      toLine({
        name: 'report',
        results,
        ratios: [
          { name: 'report / verify, time', value: report.ms / verify.ms },
          { name: 'report / verify, CPU', value: report.cpu / verify.cpu },
        ],
      }),
    );
    return;
  }
  const met = (is: boolean) => (is ? 'met' : 'NOT met');
  console.log(`${records} records, ${fixes} fixes; verifying on one thread, the report on two; Node ${process.version}`);
  for (const [name, { ms, cpu, mb }] of Object.entries({ verify, report }))
    console.log(`${name.padEnd(8)} ${(ms / 1000).toFixed(2).padStart(8)} s ${(cpu / 1000).toFixed(2).padStart(8)} s CPU ${mb.toFixed(0).padStart(6)} MB`);
  console.log(`page     ${(report.page ?? 0).toFixed(1).padStart(8)} MB; 20 MB at 2,000 fixes: ${met((report.page ?? 0) <= 20)}`);
  console.log(`filter   ${filter.ms.toFixed(1).padStart(8)} ms, the slowest of five, with its first 100 entries; 100 ms: ${met(filter.ms <= 100)}`);
  console.log(
    `report: 20 s: ${met(report.ms <= 20_000)}; 400 MB: ${met(report.mb <= 400)}; ${(report.ms / verify.ms).toFixed(2)} × verify, of 4: ${met(report.ms / verify.ms <= 4)} (${(report.cpu / verify.cpu).toFixed(2)} by CPU)`,
  );
}
