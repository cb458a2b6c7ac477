/**
 * What it costs to seal records and to verify them, next to hashing the same bytes once:
 * `node bench/evidence.ts [--records N] [--threads N] [--rounds N] [--json]`.
 *
 * Each step runs in a process of its own, so that its memory can be told from that of the others. Hashing and verifying run by turns, on as many
 * threads (2 unless said otherwise). Records have 2.7 KB, as those of the demo; they are of N/50 resources. With Tessera's fsck in the judges' folder
 * (`npm run judges -- --only ledger` puts it there) that checks the same log.
 */
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { canonicalJson, digestText, resource, streamOf } from '@redress/core';
import { generateKey, sealFolder, signerOf } from '@redress/evidence';
import { folderOf } from '../scripts/setup.mjs';
import { toLine } from './support/report.ts';

const BYTES = 2700;
const PER_STREAM = 50;

/** What a step took. */
interface Step {
  readonly ms: number;
  /** CPU time of all threads; milliseconds. What else runs on the machine counts for less in it. */
  readonly cpu: number;
  /** Most memory that its process had, in MB. */
  readonly mb: number;
}

/** Writes the streams of a journal, as a journal does, without its locks and flushes. */
function make(directory: string, records: number): void {
  writeFileSync(join(directory, 'FORMAT'), 'redress-evidence/1\n');
  mkdirSync(join(directory, 'blobs'));
  for (let first = 0, time = Date.UTC(2026, 0, 1); first < records; first += PER_STREAM) {
    const ref = resource({ type: 'AWS::EC2::SecurityGroup', id: `sg-${first}`, account: '111111111111', region: 'us-east-1' });
    const stream = streamOf(ref);
    const lines: string[] = [];
    let prev: string | null = null;
    for (let seq = 1; seq <= Math.min(PER_STREAM, records - first); seq++, time += 1000) {
      const body = { message: 'seen', seen: randomBytes((BYTES - 560) / 2).toString('hex') };
      const json = canonicalJson({
        ...{ v: 1, stream, seq, prev, time: new Date(time).toISOString(), kind: 'decision', execution: null },
        ...{ resource: ref, remediator: 'ec2-revoke-sg-open-ssh', body, blobs: {} },
      });
      prev = digestText(json);
      lines.push(`${prev} ${json}\n`);
    }
    const folder = join(directory, 'streams', stream.slice(7, 9));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${stream.slice(7)}.jsonl`), lines.join(''));
  }
}

/** Every record once through SHA-256, on so many threads: what nobody who verifies can save. */
async function hashing(directory: string, threads: number): Promise<void> {
  const workers = Array.from({ length: threads - 1 }, (_, at) => new Worker(import.meta.filename, { workerData: { directory, threads, at: at + 1 } }));
  const others = workers.map((worker) => new Promise((resolve, reject) => void worker.once('exit', resolve).once('error', reject)));
  hashShare(directory, threads, 0);
  await Promise.all(others);
}

function hashShare(directory: string, threads: number, at: number): void {
  const all = readdirSync(join(directory, 'streams'), { recursive: true, encoding: 'utf8' }).filter((each) => each.endsWith('.jsonl'));
  for (const name of all.filter((_, index) => index % threads === at)) {
    const bytes = readFileSync(join(directory, 'streams', name));
    for (let from = 0, to = bytes.indexOf(10); to >= 0; from = to + 1, to = bytes.indexOf(10, from))
      createHash('sha256').update(bytes.subarray(from, to)).digest();
  }
}

const steps: Readonly<Record<string, (directory: string, key: string, threads: number) => unknown>> = {
  hash: (directory, _, threads) => hashing(directory, threads),
  seal: async (directory, key) => {
    const { skipped } = await sealFolder({ directory, signer: signerOf(key) });
    if (skipped.length > 0) throw new Error(`Not all of it was sealed: ${JSON.stringify(skipped[0])}`);
  },
  verify: async (directory, key, threads) => {
    // Here, so that no other step has it in its memory.
    const { parseTrust, verifyLargeLedger } = await import('@redress/verify');
    const { name, verifier } = signerOf(key);
    const trust = parseTrust(JSON.stringify({ keys: [{ origin: name, key: verifier }] }));
    const { status, findings } = await verifyLargeLedger({ directory, trust }, threads);
    if (status !== 'intact') throw new Error(`It is ${status}: ${JSON.stringify(findings[0])}`);
  },
};

const [step = '', ...given] = process.argv.slice(2);
const work = steps[step];
if (!isMainThread) {
  const { directory, threads, at } = workerData as { directory: string; threads: number; at: number };
  hashShare(directory, threads, at);
} else if (work !== undefined) {
  const started = performance.now();
  const used = process.cpuUsage();
  await work(given[0] ?? '', given[1] ?? '', Number(given[2] ?? 1));
  const { user, system } = process.cpuUsage(used);
  console.log(JSON.stringify({ ms: performance.now() - started, cpu: (user + system) / 1000, mb: process.resourceUsage().maxRSS / 1024 } satisfies Step));
} else main();

function run(name: string, ...argv: string[]): Step {
  const { stdout, stderr, status } = spawnSync(process.execPath, [...process.execArgv, import.meta.filename, name, ...argv], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Step;
}

function fsck(directory: string, key: string): number | null {
  const program = join(folderOf('tessera'), 'fsck');
  if (!existsSync(program)) return null;
  writeFileSync(join(directory, 'key'), signerOf(key).verifier);
  const started = performance.now();
  const argv = ['--storage_url', `file://${join(directory, 'ledger')}/`, '--public_key', join(directory, 'key'), '--N', '4', '--ui=false', '--logtostderr'];
  const { stderr } = spawnSync(program, argv, { encoding: 'utf8' });
  if (!stderr.includes("Successfully fsck'd log")) throw new Error(`fsck refuses the log: ${stderr}`);
  return performance.now() - started;
}

function optionOf(name: string, otherwise: number): number {
  const at = process.argv.indexOf(name);
  const value = at < 0 ? otherwise : Number(process.argv[at + 1]);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} takes a number.`);
  return value;
}

function main(): void {
  const records = optionOf('--records', 20_000);
  const threads = optionOf('--threads', 2);
  const directory = mkdtempSync(join(tmpdir(), 'redress-bench-'));
  try {
    make(directory, records);
    const key = generateKey('example.com/bench').secret;
    const sealed = run('seal', directory, key);
    // By turns: what slows the machine for a while slows both.
    const rounds = Array.from({ length: optionOf('--rounds', 3) }, () => ({
      hash: run('hash', directory, key, String(threads)),
      verify: run('verify', directory, key, String(threads)),
    }));
    const middle = rounds.sort((a, b) => a.verify.cpu / a.hash.cpu - b.verify.cpu / b.hash.cpu)[Math.floor(rounds.length / 2)];
    const { hash, verify } = middle ?? { hash: sealed, verify: sealed };
    say(records, threads, { sealed, hash, verify, theirs: fsck(directory, key) });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function say(records: number, threads: number, { sealed, hash, verify, theirs }: { sealed: Step; hash: Step; verify: Step; theirs: number | null }): void {
  const named = { hashing: hash, seal: sealed, verify };
  if (process.argv.includes('--json')) {
    const results = Object.entries(named).flatMap(([name, { ms, cpu, mb }]) => [
      { name: `${name}.time`, value: ms, unit: 'ms' },
      { name: `${name}.cpu`, value: cpu, unit: 'ms' },
      { name: `${name}.memory`, value: mb, unit: 'MB' },
    ]);
    const judged = theirs === null ? [] : [{ name: 'verify / fsck of Tessera', value: verify.ms / theirs }];
    const ratios = [{ name: 'verify / hashing', value: verify.cpu / hash.cpu }, { name: 'seal / hashing', value: sealed.cpu / hash.cpu }, ...judged];
    const counts = [
      { name: 'records', value: records, unit: '' },
      { name: 'threads', value: threads, unit: '' },
    ];
    console.log(toLine({ name: 'evidence', results: [...counts, ...results], ratios }));
    return;
  }
  console.log(`${records} records of 2.7 KB; hashing and verify on ${threads} threads, seal on one; Node ${process.version}`);
  for (const [name, { ms, cpu, mb }] of Object.entries(named))
    console.log(
      `${name.padEnd(10)} ${(ms / 1000).toFixed(2).padStart(8)} s ${(cpu / 1000).toFixed(2).padStart(8)} s CPU ${mb.toFixed(0).padStart(6)} MB ${(cpu / hash.cpu).toFixed(2).padStart(8)} × hashing, by CPU`,
    );
  console.log(
    theirs === null
      ? 'fsck of Tessera is not installed.'
      : `fsck       ${(theirs / 1000).toFixed(2).padStart(8)} s; verify takes ${(verify.ms / theirs).toFixed(2)} times that (5 at most)`,
  );
}
