/**
 * The cost of a start: from the process to a ready handler, alternating with the programs for comparison, so that a busy machine slows all of them.
 *
 * Each process reports when it is ready, its CPU time, and its peak memory. Nothing is called: a Lambda start consists of this and the runtime's own start.
 * Then the process handles an event that leads to no remediator, as most do, and reports its CPU time again.
 *
 * Run it with Node 24 after a build: `node bench/coldstart.ts [--rounds N] [--json]`.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, type EntryOptions, entryText } from '@redress/bundle';
import { definePolicy, defineRegister } from '@redress/core';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { remediators as every } from '@redress/remediators';
import { NODE, PYTHON, ROOT } from '../scripts/setup.mjs';
import { toLine } from './support/report.ts';

const { rounds, json } = arguments_();

type Lists = NonNullable<EntryOptions['remediators']>;

const EC2: Lists = { '@redress/remediator-ec2': { name: 'ec2Remediators', remediators: ec2Remediators } };
/** The remediators that come with the command line. */
const BUILT_IN: Lists = {
  ...EC2,
  '@redress/remediator-s3': { name: 's3Remediators', remediators: s3Remediators },
  '@redress/remediator-iam': { name: 'iamRemediators', remediators: iamRemediators },
  '@redress/remediator-cloudwatch-logs': { name: 'logsRemediators', remediators: logsRemediators },
};
const EVERY: Lists = { '@redress/remediators': { name: 'remediators', remediators: every } };
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
  REDRESS_POLICY_DIGEST: definePolicy({ version: 1 }).digest,
  REDRESS_REGISTER_DIGEST: defineRegister([]).digest,
};
// The peak memory of this program. `maxRSS` would include that of the process that started it.
const REPORT = [
  'const at=Date.now(),u=process.cpuUsage()',
  'const kb=/VmHWM:\\s+(\\d+)/.exec(process.getBuiltinModule("node:fs").readFileSync("/proc/self/status","utf8"))[1]',
  'const ready={at,cpu:(u.user+u.system)/1000,rss:kb/1024}',
].join(';');
const SAY = 'const v=process.cpuUsage();console.log(JSON.stringify({...ready,handled:(v.user+v.system)/1000}))';
/** An instance that was terminated: no remediator handles it. */
const EVENT = {
  version: '0',
  id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
  'detail-type': 'EC2 Instance State-change Notification',
  source: 'aws.ec2',
  account: '111111111111',
  time: '2026-11-24T10:00:00Z',
  region: 'eu-west-1',
  resources: ['arn:aws:ec2:eu-west-1:111111111111:instance/i-1234567890abcdef0'],
  detail: { 'instance-id': 'i-1234567890abcdef0', state: 'terminated' },
};
const MESSAGE = { messageId: 'm-1', eventSource: 'aws:sqs', eventSourceARN: 'arn:aws:sqs:eu-west-1:111111111111:redress', body: JSON.stringify(EVENT) };
// With less than a minute left, the function skips the check for open executions, which would call the journal.
const HANDLE = `const answer=await handler(${JSON.stringify({ Records: [MESSAGE] })},{getRemainingTimeInMillis:()=>45000});if(answer.batchItemFailures.length>0)throw new Error('It was not handled.')`;
const PYTHON_REPORT = [
  'import boto3, json, resource, time',
  'boto3.client("ec2")',
  'at, u = time.time() * 1000, resource.getrusage(resource.RUSAGE_SELF)',
  'kb = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))',
  'cpu = (u.ru_utime + u.ru_stime) * 1000',
  'print(json.dumps({"at": at, "cpu": cpu, "rss": kb / 1024, "handled": cpu}))',
].join('\n');

interface Start {
  readonly wall: number;
  readonly cpu: number;
  readonly rss: number;
  /** CPU time after an event, for functions. */
  readonly handled: number;
}

/** One process, from its start until it is ready: milliseconds, CPU milliseconds, MiB. Its last line has them. Earlier lines are its log. */
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
  const { at, cpu, rss, handled } = JSON.parse(out.trim().split('\n').at(-1) ?? '') as { at: number; cpu: number; rss: number; handled: number };
  return { wall: at - from, cpu, rss, handled };
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
  const made = async (name: string, remediators: Lists, prune: boolean) => {
    const { files, bytes, zip } = await bundle({
      entry: { text: entryText({ remediators, policy: { version: 1 }, exceptions: [] }) },
      resolveDir: ROOT,
      prune,
    });
    const directory = await mkdtemp(join(folder, `${name}-`));
    for (const [file, content] of files) await writeFile(join(directory, file), content);
    await writeFile(join(directory, 'start.mjs'), `const {handler}=await import('./index.mjs');\n${REPORT};${HANDLE};${SAY}\n`);
    return { name, args: [join(directory, 'start.mjs')], bytes: { ...bytes, zip: zip.length } };
  };
  const bundles = [
    await made('built in, pruned', BUILT_IN, true),
    await made('built in, plain', BUILT_IN, false),
    await made('ec2, pruned', EC2, true),
    await made('every, pruned', EVERY, true),
  ];
  const sides = [
    { name: 'node -e 0', run: () => start(NODE, ['-e', `${REPORT};${SAY}`]) },
    { name: 'boto3 client', run: () => start(PYTHON, ['-c', PYTHON_REPORT]) },
    ...bundles.map(({ name, args }) => ({ name, run: () => start(NODE, args) })),
  ];
  const seen = new Map<string, Start[]>(sides.map(({ name }) => [name, []]));
  // The first run of each fills the disk caches.
  for (const { run } of sides) await run();
  for (let round = 0; round < rounds; round++) for (const { name, run } of sides) seen.get(name)?.push(await run());

  const of = (name: string, what: keyof Start) => median((seen.get(name) ?? []).map((each) => each[what]));
  // From the same round, so that a slow moment affects both.
  const ratio = (a: string, b: string, what: keyof Start) =>
    median((seen.get(a) ?? []).map((each, index) => each[what] / (seen.get(b)?.[index]?.[what] ?? Number.NaN)));
  const goals = [
    { name: 'wall of built in, pruned / boto3', goal: '≤ 0.35', value: ratio('built in, pruned', 'boto3 client', 'wall') },
    { name: 'CPU of built in, pruned / node -e 0', goal: '≤ 3.5', value: ratio('built in, pruned', 'node -e 0', 'cpu') },
    { name: 'CPU of every / of built in', goal: '≤ 1.15', value: ratio('every, pruned', 'built in, pruned', 'cpu') },
    { name: 'CPU of every / of built in, with an event', goal: '≤ 1.15', value: ratio('every, pruned', 'built in, pruned', 'handled') },
    { name: 'RSS of built in, pruned, MiB', goal: '≤ 80', value: of('built in, pruned', 'rss') },
    { name: 'bytes of built in, pruned, KB', goal: '≤ 450', value: (bundles[0]?.bytes.code ?? Number.NaN) / 1000 },
  ];
  if (json) {
    const starts = sides.flatMap(({ name }) => [
      { name: `${name}.wall`, value: of(name, 'wall'), unit: 'ms' },
      { name: `${name}.cpu`, value: of(name, 'cpu'), unit: 'ms' },
      { name: `${name}.rss`, value: of(name, 'rss'), unit: 'MiB' },
      { name: `${name}.handled`, value: of(name, 'handled'), unit: 'ms' },
    ]);
    const sizes = bundles.flatMap(({ name, bytes }) => Object.entries(bytes).map(([what, value]) => ({ name: `${name}.bytes.${what}`, value, unit: 'bytes' })));
    const ratios = goals.slice(0, 4).map(({ name, value }) => ({ name, value }));
    process.stdout.write(`${toLine({ name: 'coldstart', results: [...starts, ...sizes], ratios })}\n`);
  } else {
    const lines = sides.map(({ name }) => {
      const bytes = bundles.find((each) => each.name === name)?.bytes;
      const kb = (value: number | undefined) => (value === undefined ? '' : String(Math.round(value / 1000)));
      return `| ${name} | ${of(name, 'wall').toFixed(0)} | ${of(name, 'cpu').toFixed(0)} | ${of(name, 'handled').toFixed(0)} | ${of(name, 'rss').toFixed(0)} | ${kb(bytes?.code)} | ${kb(bytes?.start)} | ${kb(bytes?.gzip)} | ${kb(bytes?.zip)} |`;
    });
    process.stdout.write(
      [
        '| start | wall ms | CPU ms | with an event | RSS MiB | code KB | loaded at start KB | gzip KB | ZIP KB |',
        '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
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
