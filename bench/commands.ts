/**
 * The cost of the command line before it does anything: `--help` compared with a Node that does nothing, and `plan --live` up to its first call, compared
 * with a script that loads the same clients and makes the same call. It measures CPU time, alternating, until the process ends or makes that call. The first
 * run of a plan compiles everything. Later runs find compiled code in the user's cache folder.
 *
 * Run it with Node 24 after a build, on Linux: `node bench/commands.ts [--rounds N] [--json]`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODE, ROOT } from '../scripts/setup.mjs';
import { ownFolder } from '../tests/support/own-folder.ts';
import { toLine } from './support/report.ts';

const words = process.argv.slice(2);
const at = words.indexOf('--rounds');
const rounds = at < 0 ? 21 : Number(words[at + 1]);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError('--rounds takes a whole number from 1.');

const BIN = join(ROOT, 'packages', 'cli', 'dist', 'bin.js');
const folder = mkdtempSync(join(tmpdir(), 'redress-bench-commands-'));
/** The process that has sent the first request, and whether it did. */
let called: (() => void) | null = null;
const server = createServer((request, response) => {
  request.resume();
  called?.();
  response.writeHead(503).end();
});
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const env = {
  PATH: process.env['PATH'] ?? '',
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'testing',
  AWS_SECRET_ACCESS_KEY: 'testing',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_ENDPOINT_URL: endpoint,
};
const home = ownFolder('bench-home-');

interface Cost {
  /** Milliseconds. */
  readonly cpu: number;
  readonly wall: number;
  /** Milliseconds until its first output; null: it had none. */
  readonly said: number | null;
}

/** CPU time of a process's threads so far, in milliseconds. */
function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
    try {
      return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // It has just ended.
      return 0;
    }
  });
  return threads.reduce((sum, each) => sum + each, 0) / 1e6;
}

/** Runs a process to its end, or to its first call. At its end it reports its CPU time itself; at a call the system does. */
async function cost(args: readonly string[], until: 'end' | 'call', more: Readonly<Record<string, string>> = {}): Promise<Cost> {
  const began = performance.now();
  const report = join(folder, 'report.mjs');
  writeFileSync(
    report,
    `process.on('exit', () => { const u = process.cpuUsage(); process.stderr.write('\\n' + JSON.stringify({ cpu: (u.user + u.system) / 1000 })); });`,
  );
  const child = spawn(NODE, [...(until === 'end' ? ['--import', report] : []), ...args], {
    cwd: folder,
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [said, err] = [null as number | null, ''];
  const speak = (data: unknown) => {
    said ??= performance.now() - began;
    err += String(data);
  };
  child.stdout.on('data', speak);
  child.stderr.on('data', speak);
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  if (until === 'end') {
    await ended;
    return { cpu: (JSON.parse(err.slice(err.lastIndexOf('\n'))) as { cpu: number }).cpu, wall: performance.now() - began, said };
  }
  const first = new Promise<Cost>((done) => {
    called = () => {
      called = null;
      done({ cpu: cpuOf(child.pid as number), wall: performance.now() - began, said });
    };
  });
  const seen = await Promise.race([first, ended.then(() => Promise.reject(new Error(`${args.join(' ')} ended without a call: ${err}`)))]);
  child.kill();
  await ended;
  return seen;
}

try {
  const clients = join(folder, 'clients.mjs');
  writeFileSync(
    clients,
    `import { GetCallerIdentityCommand, STSClient } from ${JSON.stringify(import.meta.resolve('@aws-sdk/client-sts'))};\n` +
      `await new STSClient({ maxAttempts: 1 }).send(new GetCallerIdentityCommand({})).catch(() => undefined);\n`,
  );
  const empty = join(folder, 'empty.mjs');
  writeFileSync(empty, '');
  const sides = [
    { name: 'node', run: () => cost([empty], 'end') },
    { name: 'redress --help', run: () => cost([BIN, '--help'], 'end') },
    { name: 'redress plan --help', run: () => cost([BIN, 'plan', '--help'], 'end') },
    { name: 'Node and the SDK, to its first call', run: () => cost([clients], 'call') },
    { name: 'redress plan --live, to its first call', run: () => cost([BIN, 'plan', '--live'], 'call', { HOME: home }) },
    { name: 'the same, in a first run', run: () => cost([BIN, 'plan', '--live'], 'call') },
  ];
  const seen = new Map<string, Cost[]>(sides.map(({ name }) => [name, []]));
  for (const { run } of sides) await run();
  // Compiled code is written when a process ends.
  await cost([BIN, 'plan', '--live'], 'end', { HOME: home });
  for (let round = 0; round < rounds; round++) for (const { name, run } of sides) seen.get(name)?.push(await run());
  const sorted = (name: string, what: 'cpu' | 'wall') => (seen.get(name) ?? []).map((each) => each[what]).sort((a, b) => a - b);
  const median = (values: readonly number[]) => values[Math.floor(values.length / 2)] ?? Number.NaN;
  // From the same round, so that a slow moment affects both.
  const ratio = (a: string, b: string) =>
    median((seen.get(a) ?? []).map((each, index) => each.cpu / (seen.get(b)?.[index]?.cpu ?? Number.NaN)).sort((x, y) => x - y));
  const goals = [
    { name: 'CPU of --help / node', goal: '≤ 2', value: ratio('redress --help', 'node') },
    {
      name: 'CPU of plan --live / Node and the SDK',
      goal: '≤ 1.3',
      value: ratio('redress plan --live, to its first call', 'Node and the SDK, to its first call'),
    },
    { name: 'the same, in a first run', goal: 'none', value: ratio('the same, in a first run', 'Node and the SDK, to its first call') },
  ];
  if (words.includes('--json')) {
    const results = sides.flatMap(({ name }) => [
      { name: `${name}.cpu`, value: median(sorted(name, 'cpu')), unit: 'ms' },
      { name: `${name}.cpu.least`, value: sorted(name, 'cpu')[0] ?? Number.NaN, unit: 'ms' },
    ]);
    process.stdout.write(`${toLine({ name: 'commands', results, ratios: goals.map(({ name, value }) => ({ name, value })) })}\n`);
  } else {
    const lines = sides.map(({ name }) => {
      const spoken = (seen.get(name) ?? []).flatMap(({ said }) => said ?? []);
      return `| ${name} | ${median(sorted(name, 'cpu')).toFixed(0)} | ${(sorted(name, 'cpu')[0] ?? Number.NaN).toFixed(0)} | ${median(sorted(name, 'wall')).toFixed(0)} | ${spoken.length === 0 ? '–' : median(spoken.sort((a, b) => a - b)).toFixed(0)} |`;
    });
    process.stdout.write(
      [
        '| command | CPU ms, median | least | wall ms | first line after ms |',
        '| --- | --- | --- | --- | --- |',
        ...lines,
        '',
        ...goals.map(({ name, goal, value }) => `- ${name} (${goal}): ${value.toFixed(2)}`),
        '',
      ].join('\n'),
    );
  }
} finally {
  await new Promise((done) => server.close(done));
  rmSync(folder, { recursive: true, force: true });
  rmSync(home, { recursive: true, force: true });
}
