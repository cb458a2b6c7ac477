/**
 * The cost of a scan of a whole account: `plan --live` (a dry sweep), a first sweep, and one with nothing to change, compared with the dry run of Cloud
 * Custodian for the same five controls, alternating, with network latency for each call. The sweep's single wait to settle is skipped, because it costs only
 * time.
 *
 * Then one simulated region with many security groups (`--groups N`): memory, and calls for groups without a gap.
 *
 * Run it with `npm run bench -- scan [--rounds N] [--latency MS] [--groups N] [--json]`.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CreateLogGroupCommand, PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { AuthorizeSecurityGroupIngressCommand, CreateSecurityGroupCommand, DisableEbsEncryptionByDefaultCommand } from '@aws-sdk/client-ec2';
import { CreateAccessKeyCommand, CreateUserCommand, UntagUserCommand } from '@aws-sdk/client-iam';
import { CreateBucketCommand, DeleteBucketEncryptionCommand, PutBucketEncryptionCommand } from '@aws-sdk/client-s3';
import { connectAws } from '@redress/connect';
import { createRedress, definePolicy, type SweepSummary } from '@redress/core';
import { folderJournal } from '@redress/evidence';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { clients } from '../demo/account.ts';
import { ACCOUNT, REGION } from '../demo/events.ts';
import { startMoto } from '../scripts/moto.mjs';
import { pythonOf } from '../scripts/setup.mjs';
import { useNoCredentials } from './support/credentials.ts';
import { slowed } from './support/latency.ts';
import { type Report, toLine } from './support/report.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    latency: { type: 'string', default: '20' },
    groups: { type: 'string', default: '100000' },
    json: { type: 'boolean', default: false },
  },
});
const [ROUNDS, LATENCY, GROUPS] = [options.rounds, options.latency, options.groups].map(Number) as [number, number, number];
for (const each of [ROUNDS, LATENCY, GROUPS])
  if (!Number.isSafeInteger(each) || each < 1) throw new RangeError('--rounds, --latency and --groups are whole numbers.');

/** The account to scan; one resource in fifty has the gap. */
const SIZES = { groups: 400, buckets: 150, logGroups: 200, users: 150 };
const GAP = 50;
const IDS = [
  'ec2-revoke-sg-open-ssh',
  's3-enforce-default-encryption',
  'iam-flag-stale-access-key',
  'ec2-enable-ebs-encryption-by-default',
  'logs-raise-retention',
];
const remediators = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators].filter(({ id }) => IDS.includes(id));
const policy = definePolicy({
  version: 1,
  environments: { dev: { accounts: [ACCOUNT] } },
  remediators: Object.fromEntries(IDS.map((id) => [id, { dev: 'enforce' }])),
  limits: [{ per: ['run'], changes: 1000 }],
});
const CUSTODIAN = [
  { name: 'sg-ssh', resource: 'aws.security-group', filters: [{ type: 'ingress', Ports: [22], Cidr: { value: '0.0.0.0/0' } }] },
  { name: 's3-encryption', resource: 'aws.s3', filters: [{ type: 'bucket-encryption', state: false }] },
  { name: 'iam-key', resource: 'aws.iam-user', filters: [{ type: 'access-key', key: 'CreateDate', value_type: 'age', value: 90, op: 'gt' }] },
  { name: 'ebs-default', resource: 'aws.account', filters: [{ type: 'default-ebs-encryption', state: false }] },
  { name: 'log-retention', resource: 'aws.log-group', filters: [{ type: 'value', key: 'retentionInDays', op: 'lt', value: 365 }] },
];

useNoCredentials(REGION);

const moto = await startMoto();
const work = mkdtempSync(join(tmpdir(), 'redress-scan-'));
const aws = clients(moto.endpoint);
const numbered = (count: number) => Array.from({ length: count }, (_, at) => ({ at, gap: at % GAP === 0 }));

/** Creates the account. */
async function arrange(): Promise<void> {
  for (const { at, gap } of numbered(SIZES.groups)) {
    const { GroupId } = await aws.ec2.send(new CreateSecurityGroupCommand({ GroupName: `group-${at}`, Description: 'scan' }));
    const [port, cidr] = gap ? [22, '0.0.0.0/0'] : [443, '10.0.0.0/8'];
    const IpPermissions = [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges: [{ CidrIp: cidr }] }];
    await aws.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  }
  for (const { at } of numbered(SIZES.buckets)) await aws.s3.send(new CreateBucketCommand({ Bucket: `scan-${at}` }));
  for (const { at } of numbered(SIZES.logGroups)) await aws.logs.send(new CreateLogGroupCommand({ logGroupName: `/scan/${at}` }));
  for (const { at, gap } of numbered(SIZES.users)) {
    const UserName = `${gap ? 'old-' : ''}user-${at}`;
    await aws.iam.send(new CreateUserCommand({ UserName }));
    await aws.iam.send(new CreateAccessKeyCommand({ UserName }));
  }
}

/** Opens the gaps again. */
async function reopen(): Promise<void> {
  const rules = { ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }] } };
  for (const { at, gap } of numbered(SIZES.buckets)) {
    const Bucket = `scan-${at}`;
    if (gap) await aws.s3.send(new DeleteBucketEncryptionCommand({ Bucket }));
    else await aws.s3.send(new PutBucketEncryptionCommand({ Bucket, ...rules }));
  }
  for (const { at, gap } of numbered(SIZES.logGroups))
    await aws.logs.send(new PutRetentionPolicyCommand({ logGroupName: `/scan/${at}`, retentionInDays: gap ? 7 : 365 }));
  for (const { at, gap } of numbered(SIZES.users))
    if (gap) await aws.iam.send(new UntagUserCommand({ UserName: `old-user-${at}`, TagKeys: ['redress:stale-access-key'] }));
  await aws.ec2.send(new DisableEbsEncryptionByDefaultCommand({}));
}

/** The machine's clock, except that a wait to settle only moves it forward. */
function skipping() {
  let shift = 0;
  const SETTLING = 10_000;
  return {
    now: () => Date.now() + shift,
    sleep: async (milliseconds: number) => {
      if (milliseconds >= SETTLING) shift += milliseconds;
      else await new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
    },
  };
}

interface Taken {
  readonly ms: number;
  readonly calls: number;
}
type Counted = (work: () => Promise<unknown>) => Promise<Taken>;

const wrong: string[] = [];
function judge(what: string, summaries: readonly SweepSummary[], expected: string): void {
  const outcomes: Record<string, number> = {};
  for (const each of summaries) for (const [outcome, count] of Object.entries(each.outcomes)) outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
  const said = Object.entries(outcomes)
    .filter(([outcome]) => outcome !== 'no-op')
    .sort()
    .map(([outcome, count]) => `${outcome} ${count}`)
    .join(', ');
  if (said !== expected || !summaries.every(({ complete }) => complete))
    wrong.push(`${what}: ${said}${summaries.every(({ complete }) => complete) ? '' : ', not complete'}`);
}

/** One round of Redress: plan, first sweep, second sweep. */
async function ours(round: number, endpoint: string, counted: Counted): Promise<Record<'plan' | 'first' | 'again', Taken>> {
  const targets = [{ account: ACCOUNT, region: REGION }];
  const made = { remediators, policy, connect: connectAws({ endpoint }) };
  const dry = createRedress(made);
  const plan = await counted(async () => judge('plan', await dry.sweep({ targets, dryRun: true }), 'awaiting-approval 8, planned 11'));
  dry.close();
  const clock = skipping();
  const journal = folderJournal({ directory: join(work, `journal-${round}`), clock });
  // Each sweep is a process of its own, as a function is an hour later: its budget of calls is full again.
  const sweep = async () => {
    const redress = createRedress({ ...made, journal, clock });
    const summaries = await redress.sweep({ targets });
    redress.close();
    return summaries;
  };
  const first = await counted(async () => judge('first', await sweep(), 'awaiting-approval 8, flagged 3, remediated 8'));
  const again = await counted(async () => judge('again', await sweep(), 'awaiting-approval 8'));
  await journal.close?.();
  return { plan, first, again };
}

/** Waits for a process without blocking this one, which has to read the emulator's output. */
async function ran(command: string, args: readonly string[], more: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}): Promise<string> {
  const child = spawn(command, args, { ...more, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => (out += String(data)));
  child.stderr.on('data', (data) => (err = (err + String(data)).slice(-2000)));
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (status !== 0) throw new Error(`${command} ended with ${String(status)}: ${err}`);
  return out;
}

/** A dry run of Cloud Custodian; the cost of its start without work is subtracted. */
async function custodian(endpoint: string): Promise<number> {
  const run = async (name: string, policies: readonly object[]) => {
    const folder = join(work, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'policy.json'), JSON.stringify({ policies }));
    const args = [
      '-c',
      'from c7n.cli import main; main()',
      'run',
      '--dryrun',
      '--region',
      REGION,
      '--cache-period',
      '0',
      '-s',
      folder,
      join(folder, 'policy.json'),
    ];
    const started = performance.now();
    await ran(pythonOf('c7n'), args, { cwd: folder, env: { ...process.env, AWS_ENDPOINT_URL: endpoint } });
    return performance.now() - started;
  };
  return (await run('c7n', CUSTODIAN)) - (await run('c7n-nothing', [{ name: 'nothing', resource: 'aws.account' }]));
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

interface Many {
  readonly rss: number;
  readonly calls: number;
  readonly decided: number;
  readonly seconds: number;
}

/** A region with many groups, in a separate process with the heap of a small function. */
async function many(): Promise<Many> {
  const script = join(import.meta.dirname, 'support', 'many-groups.ts');
  return JSON.parse(await ran(process.execPath, [...process.execArgv, '--max-old-space-size=160', '--max-semi-space-size=4', script, String(GROUPS)])) as Many;
}

try {
  await arrange();
  const proxy = await slowed({ latency: { control: LATENCY, dynamodb: LATENCY, objects: LATENCY }, upstream: moto.endpoint, dynamodb: moto.endpoint });
  const counted: Counted = async (run) => {
    await proxy.take();
    const started = performance.now();
    await run();
    const ms = performance.now() - started;
    return { ms, calls: (await proxy.take()).length };
  };
  const rounds: (Record<'plan' | 'first' | 'again', Taken> & { readonly c7n: Taken })[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await reopen();
    // Alternating; the order changes with each round. The dry run changes nothing.
    const theirs = async () => {
      let ms = 0;
      const { calls } = await counted(async () => {
        ms = await custodian(proxy.endpoint);
      });
      return { ms, calls };
    };
    const before = round % 2 === 0 ? await theirs() : null;
    const mine = await ours(round, proxy.endpoint, counted);
    if (before === null) await reopen();
    rounds.push({ ...mine, c7n: before ?? (await theirs()) });
    process.stderr.write(`round ${round + 1} of ${ROUNDS}\n`);
  }
  await proxy.close();
  const of = (what: 'plan' | 'first' | 'again' | 'c7n', member: keyof Taken) => median(rounds.map((each) => each[what][member]));
  const region = await many();
  const per1000 = region.calls / (GROUPS / 1000);
  const ratios = [
    { name: 'plan --live / c7n', value: of('plan', 'ms') / of('c7n', 'ms'), goal: 0.25 },
    { name: 'first sweep / c7n', value: of('first', 'ms') / of('c7n', 'ms'), goal: 0.6 },
    { name: 'sweep again / c7n', value: of('again', 'ms') / of('c7n', 'ms'), goal: 0.3 },
  ];
  const report: Report = {
    name: 'scan',
    results: [
      ...(['plan', 'first', 'again', 'c7n'] as const).flatMap((what) => [
        { name: what, value: of(what, 'ms') / 1000, unit: 's' },
        { name: `${what}.calls`, value: of(what, 'calls'), unit: 'calls' },
      ]),
      { name: 'groups', value: GROUPS, unit: 'groups' },
      { name: 'groups.peak-memory', value: region.rss, unit: 'MB' },
      { name: 'groups.list-calls-per-1000', value: per1000, unit: 'calls' },
      { name: 'groups.decided', value: region.decided, unit: 'groups' },
      { name: 'wrong', value: wrong.length, unit: 'rounds' },
    ],
    ratios: ratios.map(({ name, value }) => ({ name, value })),
  };
  if (options.json) console.log(toLine(report));
  else {
    console.log('| | seconds | calls |\n| --- | --- | --- |');
    for (const what of ['plan', 'first', 'again', 'c7n'] as const) console.log(`| ${what} | ${(of(what, 'ms') / 1000).toFixed(1)} | ${of(what, 'calls')} |`);
    for (const { name, value, goal } of ratios) console.log(`${name}: ${value.toFixed(2)} (goal ${goal}) ${value <= goal ? 'met' : 'NOT MET'}`);
    console.log(
      `${GROUPS} groups: ${region.rss} MB (goal 256), ${per1000.toFixed(1)} calls per 1,000 groups without a gap (goal 4), ${region.decided} decided on, ${region.seconds.toFixed(0)} s`,
    );
    console.log(`Medians of ${ROUNDS} rounds, ${LATENCY} ms a call, in turn. Node ${process.version}, c7n 0.9.53.`);
  }
} finally {
  await moto.stop();
  rmSync(work, { recursive: true, force: true });
}
for (const each of wrong) process.stderr.write(`wrong: ${each}\n`);
if (wrong.length > 0) process.exitCode = 1;
