/**
 * The cost of a stream of events: `redress replay -` over many events (`--events N`, default 20000; a million by hand), in memory, and in calls to AWS and
 * to the journal when the same events go through the engine. An event that needs no decision must not cost a call.
 *
 * Memory is the process's own peak, including SDK clients, with the heap that V8 chooses on a machine of 256 MiB. On a large one V8 collects late, and the
 * figure would reflect the memory of the machine.
 *
 * Run it with Node 24 after a build: `node bench/replay.ts [--json] [--events N]`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@redress/cli';
import { createRedress, definePolicy } from '@redress/core';
import { ec2Remediators } from '@redress/remediator-ec2';
import { ACCOUNT, apiCall, finding } from './support/events.ts';
import { toLine } from './support/report.ts';

const LIMITS = ['--max-old-space-size=96', '--max-semi-space-size=4'];
if (!LIMITS.every((each) => process.execArgv.includes(each))) {
  const { status } = spawnSync(process.execPath, [...LIMITS, ...process.argv.slice(1)], { stdio: 'inherit' });
  process.exit(status ?? 1);
}

const at = process.argv.indexOf('--events');
const EVENTS = at < 0 ? 20_000 : Number(process.argv[at + 1]);
if (!Number.isSafeInteger(EVENTS) || EVENTS < 1) throw new RangeError('--events N');

type Event = { detail: Record<string, unknown> };
const variant = (text: string, change: (event: Event & Record<string, unknown>) => void): string => {
  const event = JSON.parse(text) as Event & Record<string, unknown>;
  change(event);
  return JSON.stringify(event);
};
const ofFinding = (change: (finding: Record<string, unknown>) => void) =>
  variant(finding, ({ detail }) => change((detail['findings'] as Record<string, unknown>[])[0] ?? {}));
/** Events that need no decision: most events of an account. */
const irrelevant = [
  variant(apiCall, ({ detail }) => Object.assign(detail, { eventName: 'DescribeSecurityGroups', readOnly: true })),
  variant(apiCall, ({ detail }) => Object.assign(detail, { errorCode: 'Client.UnauthorizedOperation', errorMessage: 'no', responseElements: null })),
  variant(apiCall, ({ detail }) => Object.assign(detail, { eventName: 'CreateTags', requestParameters: {} })),
  ofFinding((each) => Object.assign(each, { Compliance: { Status: 'PASSED', SecurityControlId: 'EC2.13' }, Workflow: { Status: 'RESOLVED' } })),
  ofFinding((each) => Object.assign(each, { RecordState: 'ARCHIVED' })),
  finding.replaceAll('EC2.13', 'Lambda.1').replaceAll('restricted-ssh', 'lambda-function-public-access-prohibited'),
  '{"no":"event"}',
];

const policy = { version: 1 as const, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'ec2-revoke-sg-open-ssh': { dev: 'enforce' as const } } };

/** Calls that the engine makes for events that need no decision. */
async function engine(): Promise<{ calls: number; records: number; seconds: number }> {
  let [calls, records] = [0, 0];
  const count = (what: 'calls' | 'records') => async (): Promise<never> => {
    if (what === 'calls') calls++;
    else records++;
    throw new Error('not for an event that needs no decision');
  };
  const touched = count('records');
  const journal = {
    kind: 'counting',
    view: touched,
    begin: touched,
    append: touched,
    finish: touched,
    open: touched,
    approvals: touched,
    standing: touched,
    trackRecord: touched,
    read: () => ({ [Symbol.asyncIterator]: () => ({ next: touched }) }),
  };
  const redress = createRedress({ remediators: ec2Remediators, policy: definePolicy(policy), connect: count('calls'), journal });
  const from = process.hrtime.bigint();
  for (let i = 0; i < EVENTS; i++) await redress.handle(JSON.parse(irrelevant[i % irrelevant.length] ?? ''));
  redress.close();
  return { calls, records, seconds: Number(process.hrtime.bigint() - from) / 1e9 };
}

/** Runs the command on standard input, and returns the peak memory of its process. */
async function command(): Promise<{ seconds: number; megabytes: number; findings: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'redress-bench-'));
  try {
    writeFileSync(join(directory, 'redress.yaml'), JSON.stringify(policy));
    const lines = [apiCall, finding, ...irrelevant].map((text) => `${text}\n`);
    let out = '';
    const from = process.hrtime.bigint();
    const exit = await run(['replay', '-', '--json', '--most', '5'], {
      stdout: (text) => {
        out += text;
      },
      stderr: () => undefined,
      stdinChunks: async function* () {
        for (let i = 0; i < EVENTS; i++) yield lines[i % lines.length] ?? '';
      },
      color: false,
      cwd: directory,
      env: {},
      user: 'bench',
    });
    const document = JSON.parse(out) as { findings: number; documents: number };
    if (exit !== 0 || document.documents !== EVENTS) throw new Error(`replay ended with ${exit} after ${document.documents} documents`);
    // Kilobytes, by getrusage(2).
    return { seconds: Number(process.hrtime.bigint() - from) / 1e9, megabytes: process.resourceUsage().maxRSS / 1024, findings: document.findings };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const replayed = await command();
const handled = await engine();
const results = [
  { name: 'replay.events', value: EVENTS, unit: 'events' },
  { name: 'replay.rate', value: Math.round(EVENTS / replayed.seconds), unit: 'events/s' },
  { name: 'replay.peak-memory', value: Math.round(replayed.megabytes), unit: 'MiB' },
  { name: 'irrelevant.events', value: EVENTS, unit: 'events' },
  { name: 'irrelevant.rate', value: Math.round(EVENTS / handled.seconds), unit: 'events/s' },
  { name: 'irrelevant.aws-calls', value: handled.calls, unit: 'calls' },
  { name: 'irrelevant.journal-calls', value: handled.records, unit: 'calls' },
];
if (process.argv.includes('--json')) console.log(toLine({ name: 'replay', results, ratios: [] }));
else for (const { name, value, unit } of results) console.log(`${name.padEnd(28)}${String(value).padStart(10)} ${unit}`);
