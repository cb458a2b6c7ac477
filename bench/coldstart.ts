/**
 * What a start costs: from the process to a handler that is ready, by turns with what it is compared with, so that a busy machine slows all.
 *
 * Each process says itself when it is ready, what CPU time it used, and its largest memory. Nothing is called: a Lambda start is this, and
 * the runtime's own.
 *
 * Run it with Node 24 after a build: `node bench/coldstart.ts [--rounds N] [--json]`.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, entryText } from '@redress/bundle';
import { NODE, PYTHON, ROOT } from '../scripts/setup.mjs';
import { toLine } from './support/report.ts';

const { rounds, json } = arguments_();

const LISTS = {
  '@redress/remediator-ec2': 'ec2Remediators',
  '@redress/remediator-s3': 's3Remediators',
  '@redress/remediator-iam': 'iamRemediators',
  '@redress/remediator-cloudwatch-logs': 'logsRemediators',
};
const ENV = {
  PATH: process.env['PATH'] ?? '',
  AWS_REGION: 'eu-west-1',
  AWS_DEFAULT_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'none',
  AWS_SECRET_ACCESS_KEY: 'none',
  AWS_LAMBDA_FUNCTION_NAME: 'redress',
  REDRESS_TABLE: 'redress-journal',
  REDRESS_BUCKET: 'redress-evidence',
  REDRESS_STOP_PARAMETER: 'redress-stop',
  REDRESS_TOPIC_ARN: 'arn:aws:sns:eu-west-1:111111111111:redress',
  REDRESS_READ_ROLE: 'RedressRead',
  REDRESS_MEMBER_ROLE: 'RedressFix',
  REDRESS_EXTERNAL_ID: 'external',
};
// The largest memory of this program; `maxRSS` would begin with that of the process that started it.
const REPORT = [
  'const at=Date.now(),u=process.cpuUsage()',
  'const kb=/VmHWM:\\s+(\\d+)/.exec(process.getBuiltinModule("node:fs").readFileSync("/proc/self/status","utf8"))[1]',
  'console.log(JSON.stringify({at,cpu:(u.user+u.system)/1000,rss:kb/1024}))',
].join(';');
const PYTHON_REPORT = [
  'import boto3, json, resource, time',
  'boto3.client("ec2")',
  'at, u = time.time() * 1000, resource.getrusage(resource.RUSAGE_SELF)',
  'kb = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))',
  'print(json.dumps({"at": at, "cpu": (u.ru_utime + u.ru_stime) * 1000, "rss": kb / 1024}))',
].join('\n');

interface Start {
  readonly wall: number;
  readonly cpu: number;
  readonly rss: number;
}

/** One process, from its spawning to ready: milliseconds, milliseconds of CPU, MiB. */
async function start(command: string, args: readonly string[]): Promise<Start> {
  const from = Date.now();
  const child = spawn(command, args, { env: ENV, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('close', resolve);
    child.on('error', reject);
  });
  if (code !== 0) throw new Error(`${command} ended with ${code}.`);
  const { at, cpu, rss } = JSON.parse(out) as { at: number; cpu: number; rss: number };
  return { wall: at - from, cpu, rss };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function arguments_(): { rounds: number; json: boolean } {
  const args = process.argv.slice(2);
  const at = args.indexOf('--rounds');
  return { rounds: at < 0 ? 15 : Number(args[at + 1]), json: args.includes('--json') };
}

const folder = await mkdtemp(join(tmpdir(), 'redress-coldstart-'));
try {
  const made = async (name: string, remediators: Readonly<Record<string, string>>, prune: boolean) => {
    const { files, bytes, zip } = await bundle({
      entry: { text: entryText({ remediators, policy: { version: 1 }, exceptions: [] }) },
      resolveDir: join(ROOT, 'packages', 'cli'),
      prune,
    });
    const directory = await mkdtemp(join(folder, `${name}-`));
    for (const [file, content] of files) await writeFile(join(directory, file), content);
    await writeFile(join(directory, 'start.mjs'), `await import('./index.mjs');\n${REPORT}\n`);
    return { name, args: [join(directory, 'start.mjs')], bytes: { ...bytes, zip: zip.length } };
  };
  const bundles = [
    await made('all, pruned', LISTS, true),
    await made('all, plain', LISTS, false),
    await made('ec2, pruned', { '@redress/remediator-ec2': 'ec2Remediators' }, true),
  ];
  const sides = [
    { name: 'node -e 0', run: () => start(NODE, ['-e', REPORT]) },
    { name: 'boto3 client', run: () => start(PYTHON, ['-c', PYTHON_REPORT]) },
    ...bundles.map(({ name, args }) => ({ name, run: () => start(NODE, args) })),
  ];
  const seen = new Map<string, Start[]>(sides.map(({ name }) => [name, []]));
  // The first of each fills the caches of the disk.
  for (const { run } of sides) await run();
  for (let round = 0; round < rounds; round++) for (const { name, run } of sides) seen.get(name)?.push(await run());

  const of = (name: string, what: keyof Start) => median((seen.get(name) ?? []).map((each) => each[what]));
  // Of one round: what slowed the one slowed the other.
  const ratio = (a: string, b: string, what: keyof Start) =>
    median((seen.get(a) ?? []).map((each, index) => each[what] / (seen.get(b)?.[index]?.[what] ?? Number.NaN)));
  const goals = [
    { name: 'wall of all, pruned / boto3', goal: '≤ 0.35', value: ratio('all, pruned', 'boto3 client', 'wall') },
    { name: 'CPU of all, pruned / node -e 0', goal: '≤ 3.5', value: ratio('all, pruned', 'node -e 0', 'cpu') },
    { name: 'RSS of all, pruned, MiB', goal: '≤ 80', value: of('all, pruned', 'rss') },
    { name: 'bytes of all, pruned, KB', goal: '≤ 450', value: (bundles[0]?.bytes.code ?? Number.NaN) / 1000 },
  ];
  if (json) {
    const starts = sides.flatMap(({ name }) => [
      { name: `${name}.wall`, value: of(name, 'wall'), unit: 'ms' },
      { name: `${name}.cpu`, value: of(name, 'cpu'), unit: 'ms' },
      { name: `${name}.rss`, value: of(name, 'rss'), unit: 'MiB' },
    ]);
    const sizes = bundles.flatMap(({ name, bytes }) => Object.entries(bytes).map(([what, value]) => ({ name: `${name}.bytes.${what}`, value, unit: 'bytes' })));
    const ratios = goals.slice(0, 2).map(({ name, value }) => ({ name, value }));
    process.stdout.write(`${toLine({ name: 'coldstart', results: [...starts, ...sizes], ratios })}\n`);
  } else {
    const lines = sides.map(({ name }) => {
      const bytes = bundles.find((each) => each.name === name)?.bytes;
      const kb = (value: number | undefined) => (value === undefined ? '' : String(Math.round(value / 1000)));
      return `| ${name} | ${of(name, 'wall').toFixed(0)} | ${of(name, 'cpu').toFixed(0)} | ${of(name, 'rss').toFixed(0)} | ${kb(bytes?.code)} | ${kb(bytes?.start)} | ${kb(bytes?.gzip)} | ${kb(bytes?.zip)} |`;
    });
    process.stdout.write(
      [
        '| start | wall ms | CPU ms | RSS MiB | code KB | loaded at start KB | gzip KB | ZIP KB |',
        '| --- | --- | --- | --- | --- | --- | --- | --- |',
        ...lines,
        '',
        ...goals.map(({ name, goal, value }) => `- ${name} (${goal}): ${value.toFixed(2)}`),
        '',
      ].join('\n'),
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
