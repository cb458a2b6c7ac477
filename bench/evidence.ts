/**
 * The cost of appending, sealing and verifying records, compared with hashing the same bytes once:
 * `node bench/evidence.ts [--records N] [--appended N] [--threads N] [--rounds N] [--json]`.
 *
 * Each step runs in its own process, so that its memory can be measured separately. Hashing and verifying alternate, on the same number of threads (default
 * 2). Records have 2.7 KB, like those of the demo, and belong to N/50 resources. If Tessera's fsck is in the judges' folder (`npm run judges -- --only
 * ledger` installs it), it checks the same log. Appending is measured in its own journal: one record after the other, 64 in flight for distinct resources,
 * and 64 in flight for eight resources, alternating.
 */

// Imported first: it counts the flushes of the modules below.
import './support/flushes.ts';

import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { canonicalJson, digestText, resource, streamOf } from '@redress/core';
import { folderJournal, generateKey, sealFolder, signerOf } from '@redress/evidence';
import { folderOf } from '../scripts/setup.mjs';
import { flushes } from './support/flushes.ts';
import { toLine } from './support/report.ts';

const BYTES = 2700;
const PER_STREAM = 50;

/** The cost of a step. */
interface Step {
  readonly ms: number;
  /** CPU time of all threads, in milliseconds. It depends less on other load than elapsed time. */
  readonly cpu: number;
  /** Peak memory of its process, in MB. */
  readonly mb: number;
  /** Files and folders that it flushed. */
  readonly flushed: number;
}

/** Appends records to a journal in a new folder, a number of them at once, to a number of resources in turn. */
async function append(directory: string, records: number, inFlight: number, resources: number): Promise<void> {
  const journal = folderJournal({ directory: join(directory, 'appended') });
  const refs = Array.from({ length: resources }, (_, at) =>
    resource({ type: 'AWS::EC2::SecurityGroup', id: `sg-${at}`, account: '111111111111', region: 'us-east-1' }),
  );
  let next = 0;
  const work = async () => {
    for (let at = next++; at < records; at = next++)
      await journal.append({ kind: 'decision', remediator: 'ec2-revoke-sg-open-ssh', resource: refs[at % resources] ?? breakOff(), body: seen() });
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  await journal.close?.();
}

const seen = () => ({ message: 'seen', seen: randomBytes((BYTES - 560) / 2).toString('hex') });
const breakOff = (): never => {
  throw new Error('There is no such resource.');
};

/** Writes the streams of a journal as a journal would, without its locks and flushes. */
function make(directory: string, records: number): void {
  writeFileSync(join(directory, 'FORMAT'), 'redress-evidence/1\n');
  mkdirSync(join(directory, 'blobs'));
  for (let first = 0, time = Date.UTC(2026, 0, 1); first < records; first += PER_STREAM) {
    const ref = resource({ type: 'AWS::EC2::SecurityGroup', id: `sg-${first}`, account: '111111111111', region: 'us-east-1' });
    const stream = streamOf(ref);
    const lines: string[] = [];
    let prev: string | null = null;
    for (let seq = 1; seq <= Math.min(PER_STREAM, records - first); seq++, time += 1000) {
      const body = seen();
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

/** Hashes every record once with SHA-256 on a number of threads: no verifier can do less. */
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

/** How records are appended: how many at once, and for how many resources. */
const APPENDS = [
  { name: 'append, one after the other', inFlight: 1, resources: 64 },
  { name: 'append, 64 in flight', inFlight: 64, resources: 64 },
  { name: 'append, 64 in flight, 8 resources', inFlight: 64, resources: 8 },
] as const;

const steps: Readonly<Record<string, (directory: string, key: string, threads: number, ...more: readonly number[]) => unknown>> = {
  append: (directory, _, records, inFlight = 1, resources = 1) => append(directory, records, inFlight, resources),
  hash: (directory, _, threads) => hashing(directory, threads),
  seal: async (directory, key) => {
    const { skipped } = await sealFolder({ directory, signer: signerOf(key) });
    if (skipped.length > 0) throw new Error(`Not all of it was sealed: ${JSON.stringify(skipped[0])}`);
  },
  verify: async (directory, key, threads) => {
    // Imported here, so that no other step has it in memory.
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
  const [directory = '', key = '', threads = '1', ...more] = given;
  await work(directory, key, Number(threads), ...more.map(Number));
  const { user, system } = process.cpuUsage(used);
  const taken = { ms: performance.now() - started, cpu: (user + system) / 1000, mb: process.resourceUsage().maxRSS / 1024 };
  console.log(JSON.stringify({ ...taken, flushed: flushes() } satisfies Step));
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

/** Each way of appending, alternating; the round with the median CPU time. */
function appended(directory: string, records: number, rounds: number): readonly Appended[] {
  const all = Array.from({ length: rounds }, () =>
    APPENDS.map((way) => {
      const step = run('append', directory, '-', String(records), String(way.inFlight), String(way.resources));
      // Outside of the step: removing what was flushed takes a third as long as appending it.
      rmSync(join(directory, 'appended'), { recursive: true });
      return { ...way, step };
    }),
  );
  return APPENDS.map((way, at) => {
    const steps = all.flatMap((round) => round[at] ?? []).sort((a, b) => a.step.cpu - b.step.cpu);
    return { name: way.name, records, step: steps[Math.floor(steps.length / 2)]?.step ?? breakOff() };
  });
}

interface Appended {
  readonly name: string;
  readonly records: number;
  readonly step: Step;
}

function main(): void {
  const records = optionOf('--records', 20_000);
  const threads = optionOf('--threads', 2);
  const directory = mkdtempSync(join(tmpdir(), 'redress-bench-'));
  try {
    const appends = appended(directory, optionOf('--appended', 2000), optionOf('--rounds', 3));
    make(directory, records);
    const key = generateKey('example.com/bench').secret;
    const sealed = run('seal', directory, key);
    // Alternating, so that a slow moment affects both.
    const rounds = Array.from({ length: optionOf('--rounds', 3) }, () => ({
      hash: run('hash', directory, key, String(threads)),
      verify: run('verify', directory, key, String(threads)),
    }));
    const middle = rounds.sort((a, b) => a.verify.cpu / a.hash.cpu - b.verify.cpu / b.hash.cpu)[Math.floor(rounds.length / 2)];
    const { hash, verify } = middle ?? { hash: sealed, verify: sealed };
    say(records, threads, { appends, sealed, hash, verify, theirs: fsck(directory, key) });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The measurements. */
interface Measured {
  readonly appends: readonly Appended[];
  readonly sealed: Step;
  readonly hash: Step;
  readonly verify: Step;
  readonly theirs: number | null;
}

function say(records: number, threads: number, { appends, sealed, hash, verify, theirs }: Measured): void {
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
    const appending = appends.flatMap(({ name, records: of, step: { ms, cpu, flushed } }) => [
      { name: `${name}.rate`, value: (of / ms) * 1000, unit: '1/s' },
      { name: `${name}.cpu`, value: cpu / of, unit: 'ms' },
      { name: `${name}.records per flush`, value: of / flushed, unit: '' },
    ]);
    console.log(toLine({ name: 'evidence', results: [...counts, ...appending, ...results], ratios }));
    return;
  }
  for (const {
    name,
    records: of,
    step: { ms, cpu, flushed },
  } of appends)
    console.log(
      `${name.padEnd(34)} ${((of / ms) * 1000).toFixed(0).padStart(6)} records/s ${(cpu / of).toFixed(2).padStart(6)} ms CPU a record ${(of / flushed).toFixed(2).padStart(6)} records a flush`,
    );
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
