/**
 * What it costs to seal records and to verify them, next to hashing the same bytes once: `node bench/evidence.ts [--records N] [--json]`.
 *
 * Each step runs in a process of its own, so that its memory can be told from that of the others. Records have 2.7 KB, as those of the demo; they
 * are of N/50 resources. With Tessera's fsck in the judges' folder (`npm run judges -- --only ledger` puts it there) that checks the same log.
 */
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson, digestText, resource, streamOf } from '@redress/core';
import { generateKey, sealFolder, signerOf } from '@redress/evidence';
import { folderOf } from '../scripts/setup.mjs';
import { toLine } from './support/report.ts';

const BYTES = 2700;
const PER_STREAM = 50;

/** What a step took. */
interface Step {
  readonly ms: number;
  /** CPU time, which other processes do not lengthen much; milliseconds. */
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

/** Every record once through SHA-256: what nobody who verifies can save. */
function hashing(directory: string): void {
  for (const name of readdirSync(join(directory, 'streams'), { recursive: true, encoding: 'utf8' }).filter((each) => each.endsWith('.jsonl'))) {
    const bytes = readFileSync(join(directory, 'streams', name));
    for (let from = 0, to = bytes.indexOf(10); to >= 0; from = to + 1, to = bytes.indexOf(10, from))
      createHash('sha256').update(bytes.subarray(from, to)).digest();
  }
}

const steps: Readonly<Record<string, (directory: string, key: string) => void | Promise<void>>> = {
  hash: (directory) => hashing(directory),
  seal: async (directory, key) => {
    const { skipped } = await sealFolder({ directory, signer: signerOf(key) });
    if (skipped.length > 0) throw new Error(`Not all of it was sealed: ${JSON.stringify(skipped[0])}`);
  },
  verify: async (directory, key) => {
    // Here, so that no other step has it in its memory.
    const { parseTrust, verifyLedger } = await import('@redress/verify');
    const { name, verifier } = signerOf(key);
    const trust = parseTrust(JSON.stringify({ keys: [{ origin: name, key: verifier }] }));
    const { status, findings } = verifyLedger({ directory, trust });
    if (status !== 'intact') throw new Error(`It is ${status}: ${JSON.stringify(findings[0])}`);
  },
};

const [step = '', ...given] = process.argv.slice(2);
const work = steps[step];
if (work !== undefined) {
  const started = performance.now();
  const before = process.cpuUsage();
  await work(given[0] ?? '', given[1] ?? '');
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ ms, cpu: (user + system) / 1000, mb: process.resourceUsage().maxRSS / 1024 } satisfies Step));
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

function main(): void {
  const at = process.argv.indexOf('--records');
  const records = at < 0 ? 20_000 : Number(process.argv[at + 1]);
  if (!Number.isSafeInteger(records) || records < 1) throw new Error('--records takes a number.');
  const directory = mkdtempSync(join(tmpdir(), 'redress-bench-'));
  try {
    make(directory, records);
    const key = generateKey('example.com/bench').secret;
    const sealed = run('seal', directory, key);
    // By turns: what slows the machine for a while slows both.
    const rounds = Array.from({ length: 3 }, () => ({ hash: run('hash', directory), verify: run('verify', directory, key) }));
    const [, middle] = rounds.sort((a, b) => a.verify.ms / a.hash.ms - b.verify.ms / b.hash.ms);
    const { hash, verify } = middle ?? { hash: sealed, verify: sealed };
    say(records, { sealed, hash, verify, theirs: fsck(directory, key) });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function say(records: number, { sealed, hash, verify, theirs }: { sealed: Step; hash: Step; verify: Step; theirs: number | null }): void {
  const named = { hashing: hash, seal: sealed, verify };
  if (process.argv.includes('--json')) {
    const results = Object.entries(named).flatMap(([name, { ms, mb }]) => [
      { name: `${name}.time`, value: ms, unit: 'ms' },
      { name: `${name}.memory`, value: mb, unit: 'MB' },
    ]);
    const judged = theirs === null ? [] : [{ name: 'verify / fsck of Tessera', value: verify.ms / theirs }];
    const ratios = [{ name: 'verify / hashing', value: verify.ms / hash.ms }, { name: 'seal / hashing', value: sealed.ms / hash.ms }, ...judged];
    console.log(toLine({ name: 'evidence', results: [{ name: 'records', value: records, unit: '' }, ...results], ratios }));
    return;
  }
  console.log(`${records} records of 2.7 KB, one thread, Node ${process.version}`);
  for (const [name, { ms, mb }] of Object.entries(named))
    console.log(
      `${name.padEnd(10)} ${(ms / 1000).toFixed(2).padStart(8)} s ${mb.toFixed(0).padStart(6)} MB ${(ms / hash.ms).toFixed(2).padStart(8)} × hashing`,
    );
  console.log(
    theirs === null
      ? 'fsck of Tessera is not installed.'
      : `fsck       ${(theirs / 1000).toFixed(2).padStart(8)} s; verify takes ${(verify.ms / theirs).toFixed(2)} times that`,
  );
}
