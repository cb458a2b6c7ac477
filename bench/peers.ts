/**
 * The cost of one fix compared with others on the same emulator, alternating: Redress with a journal in a folder and on AWS, Cloud Custodian's Lambda
 * handler, a bare script with the fewest calls, and a bare script with the same calls as Redress. Each fix is verified by a separate client.
 *
 * With `--latency flat-40` or `--latency aws`, each call of each side has latency, as on a network. Then the number of sequential calls is counted too. In
 * this mode the bare scripts are omitted, and Redress is also measured with the role of a member account.
 *
 * Run it with `npm run bench -- peers [--latency flat-40|aws] [--rounds N] [--json]`.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { CreateLogGroupCommand, DeleteLogGroupCommand, DescribeLogGroupsCommand, PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { BatchWriteItemCommand, CreateTableCommand, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
  DisableEbsEncryptionByDefaultCommand,
  EnableEbsEncryptionByDefaultCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { CreateAccessKeyCommand, CreateUserCommand, DeleteAccessKeyCommand, DeleteUserCommand, TagUserCommand } from '@aws-sdk/client-iam';
import { CreateBucketCommand, DeleteBucketCommand, PutBucketEncryptionCommand } from '@aws-sdk/client-s3';
import { connectAws, memberRoles } from '@redress/connect';
import { definePolicy, type Journal } from '@redress/core';
import { folderJournal } from '@redress/evidence';
import { awsJournal, JOURNAL_TABLE } from '@redress/evidence/aws';
import { createHandler, type Handler } from '@redress/lambda-runtime';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { recordingProxy } from '@redress/testing';
import { clients, look } from '../demo/account.ts';
import { ACCOUNT, apiCall, opened, queue, REGION } from '../demo/events.ts';
import { startMoto } from '../scripts/moto.mjs';
import { pythonOf } from '../scripts/setup.mjs';
import { startServer } from '../tests/support/server.ts';
import { useNoCredentials } from './support/credentials.ts';
import { LATENCIES, type Latency, type Passed, roundTrips, slowed } from './support/latency.ts';
import { type Report, toLine } from './support/report.ts';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string' }, latency: { type: 'string' }, json: { type: 'boolean', default: false } },
});
const latency = options.latency === undefined ? null : LATENCIES[options.latency];
if (latency === undefined) throw new Error(`--latency is ${Object.keys(LATENCIES).join(' or ')}, not ${options.latency}.`);
const ROUNDS = Number(options.rounds ?? (latency === null ? 30 : 10));
const WARM_UP = 3;
const DAY = 86_400_000;

useNoCredentials(REGION);

// Each round is eight days after the last one. A change that a person undoes twice in a week waits for approval, and so would a benchmark that opens the same
// gap again.
let shift = 0;
const now = () => Date.now() + shift;
const clock = { now, sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)) };

/** The gap for one fix. */
interface Gap {
  readonly resource: string;
  /** Every name in it that differs from gap to gap, always the same number of them. */
  readonly names: readonly string[];
  readonly event: Record<string, unknown>;
  readonly closed: () => Promise<boolean>;
  readonly fewest: () => Promise<unknown>;
  /** Removes it again: a list of all buckets must not grow with each round. */
  readonly away?: () => Promise<unknown>;
}
interface Case {
  readonly name: string;
  readonly title: string;
  readonly custodian: object;
  readonly make: () => Promise<Gap>;
}

const moto = await startMoto();
const aws = clients(moto.endpoint);
const see = look(aws);
let serial = 0;
const fresh = (prefix: string) => `${prefix}-${process.pid}-${serial++}`;

/** A CloudTrail event that is two minutes old, because newer ones have to settle. */
function dated(event: object): Record<string, unknown> {
  const iso = new Date(now() - 120_000).toISOString().replace(/\.\d{3}Z$/, 'Z');
  const copy = structuredClone(event) as Record<string, unknown> & { detail: Record<string, unknown> };
  copy['time'] = iso;
  copy.detail['eventTime'] = iso;
  return copy;
}

const cloudtrail = (source: string, event: string, ids: string) => ({ type: 'cloudtrail', events: [{ source: `${source}.amazonaws.com`, event, ids }] });
const cases: readonly Case[] = [
  {
    name: 'sg-ssh',
    title: 'security group, open SSH revoked',
    custodian: {
      name: 'sg-ssh',
      resource: 'aws.security-group',
      mode: cloudtrail('ec2', 'AuthorizeSecurityGroupIngress', 'requestParameters.groupId'),
      filters: [{ type: 'ingress', Ports: [22], Cidr: { value: '0.0.0.0/0' } }],
      actions: [{ type: 'remove-permissions', ingress: 'matched' }],
    },
    make: async () => {
      const name = fresh('bench');
      const { GroupId = '' } = await aws.ec2.send(new CreateSecurityGroupCommand({ GroupName: name, Description: 'bench' }));
      const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }];
      await aws.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
      const rules = await aws.ec2.send(new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [GroupId] }] }));
      const rule = rules.SecurityGroupRules?.find((each) => each.IsEgress === false)?.SecurityGroupRuleId ?? '';
      return {
        resource: GroupId,
        names: [GroupId, rule],
        event: dated(opened(GroupId, 22, '0.0.0.0/0')),
        closed: async () => (await see.rules(GroupId)) === '',
        fewest: () => aws.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions })),
        away: () => aws.ec2.send(new DeleteSecurityGroupCommand({ GroupId })),
      };
    },
  },
  {
    name: 's3-encryption',
    title: 'bucket, default encryption set',
    custodian: {
      name: 's3-encryption',
      resource: 'aws.s3',
      mode: cloudtrail('s3', 'CreateBucket', 'requestParameters.bucketName'),
      filters: [{ type: 'bucket-encryption', state: false }],
      actions: [{ type: 'set-bucket-encryption', crypto: 'AES256', enabled: true }],
    },
    make: async () => {
      const Bucket = fresh('bench');
      await aws.s3.send(new CreateBucketCommand({ Bucket }));
      const ServerSideEncryptionConfiguration = { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }] };
      return {
        resource: Bucket,
        names: [Bucket],
        event: dated(apiCall('s3', 'CreateBucket', { bucketName: Bucket }, {})),
        closed: async () => (await see.encryption(Bucket)) === 'AES256',
        fewest: () => aws.s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration })),
        away: () => aws.s3.send(new DeleteBucketCommand({ Bucket })),
      };
    },
  },
  {
    name: 'iam-key',
    title: 'user with an old access key, flagged',
    custodian: {
      name: 'iam-key',
      resource: 'aws.iam-user',
      mode: cloudtrail('iam', 'CreateAccessKey', 'requestParameters.userName'),
      filters: [{ type: 'access-key', key: 'CreateDate', value_type: 'age', value: 90, op: 'gt' }],
      actions: [{ type: 'tag', key: 'stale-access-key', value: 'true' }],
    },
    make: async () => {
      const UserName = fresh('old-bench');
      await aws.iam.send(new CreateUserCommand({ UserName }));
      const { AccessKey } = await aws.iam.send(new CreateAccessKeyCommand({ UserName }));
      return {
        resource: UserName,
        names: [UserName, AccessKey?.AccessKeyId ?? ''],
        event: dated(apiCall('iam', 'CreateAccessKey', { userName: UserName }, { accessKey: { userName: UserName, accessKeyId: AccessKey?.AccessKeyId } })),
        closed: async () => !(await see.user(UserName)).endsWith('tags: none'),
        fewest: () => aws.iam.send(new TagUserCommand({ UserName, Tags: [{ Key: 'stale-access-key', Value: 'true' }] })),
        away: async () => {
          await aws.iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: AccessKey?.AccessKeyId ?? '' }));
          await aws.iam.send(new DeleteUserCommand({ UserName }));
        },
      };
    },
  },
  {
    name: 'ebs-default',
    title: 'account, EBS encryption by default turned on',
    custodian: {
      name: 'ebs-default',
      resource: 'aws.account',
      mode: cloudtrail('ec2', 'DisableEbsEncryptionByDefault', 'recipientAccountId'),
      filters: [{ type: 'default-ebs-encryption', state: false }],
      actions: [{ type: 'set-ebs-encryption', state: true }],
    },
    make: async () => {
      await aws.ec2.send(new DisableEbsEncryptionByDefaultCommand({}));
      return {
        resource: ACCOUNT,
        names: [],
        event: dated(apiCall('ec2', 'DisableEbsEncryptionByDefault', {}, { ebsEncryptionByDefault: false })),
        closed: async () => (await see.ebsDefault()) === 'on',
        fewest: () => aws.ec2.send(new EnableEbsEncryptionByDefaultCommand({})),
      };
    },
  },
  {
    name: 'log-retention',
    title: 'log group, retention raised',
    custodian: {
      name: 'log-retention',
      resource: 'aws.log-group',
      mode: cloudtrail('logs', 'CreateLogGroup', 'requestParameters.logGroupName'),
      filters: [{ type: 'value', key: 'retentionInDays', op: 'lt', value: 365 }],
      actions: [{ type: 'retention', days: 365 }],
    },
    make: async () => {
      const logGroupName = fresh('/bench');
      await aws.logs.send(new CreateLogGroupCommand({ logGroupName }));
      await aws.logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 7 }));
      return {
        resource: logGroupName,
        names: [logGroupName],
        event: dated(apiCall('logs', 'CreateLogGroup', { logGroupName }, {})),
        closed: async () => {
          const { logGroups } = await aws.logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }));
          return logGroups?.find((each) => each.logGroupName === logGroupName)?.retentionInDays === 365;
        },
        fewest: () => aws.logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 365 })),
        away: () => aws.logs.send(new DeleteLogGroupCommand({ logGroupName })),
      };
    },
  },
];

// ---- Redress
const work = mkdtempSync(join(tmpdir(), 'redress-peers-'));
// For each item of a transaction moto copies the whole table. If that would be measured, another emulator has the tables.
const tables = latency === null ? null : await startTables();
const dynamodb = new DynamoDBClient({
  endpoint: tables?.endpoint ?? moto.endpoint,
  region: REGION,
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
});
const { TimeToLiveSpecification: _, ...table } = structuredClone(JOURNAL_TABLE);
const remediators = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators];
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined, debug: () => undefined };
const context = { getRemainingTimeInMillis: () => 300_000, awsRequestId: 'bench', functionName: 'redress' };
const policy = definePolicy({
  version: 1,
  environments: { dev: { accounts: [ACCOUNT] } },
  remediators: {
    'ec2-revoke-sg-open-ssh': { dev: 'enforce' },
    's3-enforce-default-encryption': { dev: 'enforce' },
    'iam-flag-stale-access-key': { dev: 'enforce' },
    'ec2-enable-ebs-encryption-by-default': { dev: 'enforce' },
    'logs-raise-retention': { dev: 'enforce', parameters: { minDays: 365 } },
  },
});

interface Made {
  readonly handler: Handler;
  readonly journal: Journal;
  /** Milliseconds that the journal has taken so far. */
  readonly spent: () => number;
}
const journals: Journal[] = [];
function startTables() {
  return startServer(({ port, folder }) => ({
    name: 'ministack',
    command: pythonOf('ministack'),
    args: ['-m', 'ministack'],
    env: { TMPDIR: folder, BIND_HOST: '127.0.0.1', GATEWAY_PORT: String(port), MINISTACK_ACCOUNT_ID: ACCOUNT, LOG_LEVEL: 'ERROR' },
    ready: '/_ministack/health',
  }));
}
async function redress(kind: 'folder' | 'dynamodb', name: string, endpoint: string, member = false): Promise<Made> {
  let journal: Journal;
  if (kind === 'folder') journal = folderJournal({ directory: join(work, name), clock });
  else {
    await dynamodb.send(new CreateTableCommand({ TableName: name, ...table } as never));
    await aws.s3.send(new CreateBucketCommand({ Bucket: name }));
    journal = awsJournal({ table: name, bucket: name, region: REGION, endpoint, clock, credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' } });
  }
  journals.push(journal);
  const { spent, timed } = watched(journal);
  return {
    journal,
    spent,
    handler: createHandler({
      remediators,
      policy,
      journal: timed,
      clock,
      connect: connectAws({ endpoint, ...(member ? memberRoles({ read: 'RedressRead', fix: 'RedressFix', externalId: 'bench' }) : {}) }),
      logger: quiet,
    }),
  };
}

/**
 * Empties a journal's table, except for the heads of streams that are used again. For each item of a transaction moto copies the whole table, so a full one
 * would measure that. DynamoDB's latency does not depend on the other items of a table.
 */
async function lean(table: string, usedAgain: boolean): Promise<void> {
  const done: Record<string, unknown>[] = [];
  for await (const { Items = [] } of paginateScan({ client: dynamodb }, { TableName: table }))
    done.push(...Items.filter((item) => !usedAgain || item['sk']?.S !== 'head'));
  for (let at = 0; at < done.length; at += 25)
    await dynamodb.send(
      new BatchWriteItemCommand({
        RequestItems: { [table]: done.slice(at, at + 25).map(({ pk, sk }) => ({ DeleteRequest: { Key: { pk, sk } as never } })) },
      }),
    );
}

/** A journal that measures its own time. */
function watched(journal: Journal): { spent: () => number; timed: Journal } {
  let total = 0;
  const timed = new Proxy(journal, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        const started = performance.now();
        const answer: unknown = Reflect.apply(member, target, args);
        if (answer instanceof Promise) void answer.finally(() => (total += performance.now() - started)).catch(() => undefined);
        return answer;
      };
    },
  });
  return { spent: () => total, timed };
}

async function ours({ handler }: Made, gap: Gap): Promise<number> {
  const started = performance.now();
  const answer = await handler(queue([gap.event]), context);
  const took = performance.now() - started;
  if (JSON.stringify(answer) !== '{"batchItemFailures":[]}') throw new Error(`Redress did not handle it: ${JSON.stringify(answer)}`);
  return took;
}

// ---- Cloud Custodian
const workers: { end(): void }[] = [];
function custodian(each: Case, endpoint: string): (gap: Gap) => Promise<number> {
  const folder = join(work, `c7n-${each.name}-${workers.length}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ policies: [each.custodian], 'execution-options': { account_id: ACCOUNT } }));
  const child = spawn(pythonOf('c7n'), [join(import.meta.dirname, 'support', 'c7n-worker.py')], {
    cwd: folder,
    env: { ...process.env, AWS_ENDPOINT_URL: endpoint },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  workers.push({ end: () => child.stdin.end() });
  let log = '';
  child.stderr.on('data', (data) => {
    log = (log + String(data)).slice(-3000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (gap) => {
    child.stdin.write(`${JSON.stringify({ ...gap.event, debug: false })}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`c7n ended: ${log}`);
    const { ms, error } = JSON.parse(value) as { ms: number; error: string | null };
    if (error !== null) throw new Error(`c7n failed on ${each.name}: ${error}\n${log}`);
    return ms;
  };
}

// ---- The same calls, bare
interface Sent {
  readonly Command: new (input: object) => object;
  readonly client: Client;
  readonly input: string;
  /** The number of responses that had arrived when it was sent. Calls with the same number were sent together. */
  readonly wave: number;
}
interface Client {
  send(command: unknown): Promise<unknown>;
}
/** The calls of one task, captured where the SDK sends them. */
async function sentBy(run: () => Promise<unknown>): Promise<Sent[]> {
  const sent: Sent[] = [];
  let answered = 0;
  const bases = new Set<Client>([aws.ec2, aws.s3, aws.iam, aws.logs, dynamodb].map((client) => Object.getPrototypeOf(Object.getPrototypeOf(client)) as Client));
  const kept = [...bases].map((base) => ({ base, send: base.send }));
  for (const { base, send } of kept)
    base.send = async function (this: Client, ...args: [command: unknown]) {
      const [command] = args as [{ constructor: Sent['Command']; input: object }];
      sent.push({ Command: command.constructor, client: this, input: JSON.stringify(command.input), wave: answered });
      try {
        return await send.apply(this, args);
      } finally {
        answered++;
      }
    };
  try {
    await run();
  } finally {
    for (const { base, send } of kept) base.send = send;
  }
  return sent;
}

/** A script that makes those calls for another gap. Calls that were sent together stay together. */
async function again(sent: readonly Sent[], from: Gap, to: Gap): Promise<number> {
  const waves = Map.groupBy(sent, (each) => each.wave);
  const inputs = new Map(
    sent.map((each) => [each, JSON.parse(from.names.reduce((text, name, index) => text.replaceAll(name, to.names[index] ?? ''), each.input)) as object]),
  );
  const started = performance.now();
  for (const wave of waves.values())
    await Promise.all(
      wave.map((each) =>
        // Not found is a valid response.
        each.client.send(new each.Command(inputs.get(each) ?? {})).catch((error: unknown) => {
          if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode !== 404) throw error;
        }),
      ),
    );
  return performance.now() - started;
}

const median = (values: readonly number[]) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};
const VARIANTS = ['folder', 'dynamodb', 'c7n', 'same', 'fewest'] as const;
type Variant = (typeof VARIANTS)[number];
interface Row {
  readonly name: string;
  readonly title: string;
  readonly ms: Record<Variant, number>;
  readonly calls: Record<Variant, number>;
  /** The part of the journal. */
  readonly journal: Record<'folder' | 'dynamodb', number>;
  /** The requests of each, in order. */
  readonly wire: Record<Variant, readonly string[]>;
}

let misses = 0;
/** Opens a gap, has it closed, and checks that it is. Returns the cost of the fix. */
async function closing(each: Case, run: (gap: Gap) => Promise<number>): Promise<number> {
  const gap = await each.make();
  if (await gap.closed()) throw new Error(`${each.name}: there is no gap to close.`);
  const took = await run(gap);
  if (!(await gap.closed())) {
    misses++;
    process.stderr.write(`${each.name}: not closed\n`);
  }
  await gap.away?.();
  return took;
}
const geometric = (values: readonly number[]) => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

async function direct(): Promise<{ readonly report: Report; readonly text: string }> {
  const rows: Row[] = [];
  const proxy = await recordingProxy(moto.endpoint);
  try {
    const counted = { folder: await redress('folder', 'counted', proxy.endpoint), dynamodb: await redress('dynamodb', 'counted', proxy.endpoint) };
    const through = clients(proxy.endpoint);
    for (const each of cases) {
      const fix = (run: (gap: Gap) => Promise<number>) => closing(each, run);
      // The requests, captured once warm. This pass is separate, because the proxy costs time.
      const wire = { fewest: [] } as unknown as Record<Variant, readonly string[]>;
      let from: Gap | null = null;
      let sent: Sent[] = [];
      const worker = custodian(each, proxy.endpoint);
      const onWire = async (variant: Variant, run: (gap: Gap) => Promise<number>) => {
        for (let turn = 0; turn < 2; turn++) {
          shift += 8 * DAY;
          await fix(async (gap) => {
            const before = proxy.calls.length;
            const took = await run(gap);
            wire[variant] = proxy.calls.slice(before).map((call) => `${call.service}:${call.operation}`);
            return took;
          });
        }
      };
      await onWire('dynamodb', (gap) => ours(counted.dynamodb, gap));
      await onWire('folder', async (gap) => {
        let took = 0;
        from = gap;
        sent = await sentBy(async () => {
          took = await ours(counted.folder, gap);
        });
        return took;
      });
      const origin = from as unknown as Gap;
      await onWire('same', (gap) => again(sent, origin, gap));
      await onWire('c7n', worker);
      if (wire.same.join() !== wire.folder.join() && [...wire.same].sort().join() !== [...wire.folder].sort().join())
        throw new Error(`${each.name}: the bare script makes other calls: ${wire.same.join()} instead of ${wire.folder.join()}`);

      // The times, directly on the emulator, alternating; the order changes with each round. Each journal starts empty.
      const timed = {
        folder: await redress('folder', `timed-${each.name}`, moto.endpoint),
        dynamodb: await redress('dynamodb', `timed-${each.name}`, moto.endpoint),
      };
      const straightWorker = custodian(each, moto.endpoint);
      // The recorded clients go through the proxy; these are the same ones without it.
      const byService = new Map<string, Client>(
        (Object.entries(through) as [keyof typeof through, Client][]).map(([key, client]) => [client.constructor.name, aws[key] as Client]),
      );
      const straight = sent.map((one) => ({ ...one, client: byService.get(one.client.constructor.name) ?? one.client }));
      const runs: Record<Variant, (gap: Gap) => Promise<number>> = {
        folder: (gap) => ours(timed.folder, gap),
        dynamodb: (gap) => ours(timed.dynamodb, gap),
        c7n: straightWorker,
        same: (gap) => again(straight, origin, gap),
        fewest: async (gap) => {
          const started = performance.now();
          await gap.fewest();
          return performance.now() - started;
        },
      };
      const times: Record<Variant, number[]> = { folder: [], dynamodb: [], c7n: [], same: [], fewest: [] };
      const inJournal: Record<'folder' | 'dynamodb', number[]> = { folder: [], dynamodb: [] };
      for (let round = -WARM_UP; round < ROUNDS; round++) {
        for (let turn = 0; turn < VARIANTS.length; turn++) {
          const variant = VARIANTS[(turn + round + WARM_UP) % VARIANTS.length] ?? 'folder';
          shift += 8 * DAY;
          const made = variant === 'folder' || variant === 'dynamodb' ? timed[variant] : null;
          if (variant === 'dynamodb') await lean(`timed-${each.name}`, origin.names.length === 0);
          const before = made?.spent() ?? 0;
          const took = await fix(runs[variant]);
          if (round >= 0) times[variant].push(took);
          if (round >= 0 && (variant === 'folder' || variant === 'dynamodb')) inJournal[variant].push((made?.spent() ?? 0) - before);
        }
      }
      const of = <T>(value: (variant: Variant) => T) => Object.fromEntries(VARIANTS.map((variant) => [variant, value(variant)])) as Record<Variant, T>;
      rows.push({
        name: each.name,
        title: each.title,
        ms: of((variant) => median(times[variant])),
        journal: { folder: median(inJournal.folder), dynamodb: median(inJournal.dynamodb) },
        calls: of((variant) => (variant === 'fewest' ? 1 : wire[variant].length)),
        wire,
      });
      process.stderr.write(`${each.title}: done\n`);
    }
  } finally {
    await proxy.close();
  }

  const ratio = (one: Variant, other: Variant) => rows.map((row) => row.ms[one] / row.ms[other]);
  const goals = [
    { name: 'folder / c7n, geometric mean', value: geometric(ratio('folder', 'c7n')), goal: 0.5 },
    { name: 'dynamodb / c7n, geometric mean', value: geometric(ratio('dynamodb', 'c7n')), goal: 0.8 },
    { name: 'folder / c7n, largest', value: Math.max(...ratio('folder', 'c7n')), goal: 2 },
    { name: 'dynamodb / c7n, largest', value: Math.max(...ratio('dynamodb', 'c7n')), goal: 2 },
    { name: 'folder / same calls, geometric mean', value: geometric(ratio('folder', 'same')), goal: 1.5 },
    { name: 'folder / same calls, largest', value: Math.max(...ratio('folder', 'same')), goal: 1.5 },
  ];
  const ms = (value: number) => value.toFixed(1);
  const row = (cells: readonly unknown[]) => `| ${cells.join(' | ')} |`;
  const rule = (columns: number) => `|${' --- |'.repeat(columns)}`;
  return {
    report: {
      name: 'peers',
      results: [
        ...rows.flatMap(({ name, ms: took, calls, journal }) => [
          ...VARIANTS.flatMap((variant) => [
            { name: `${name}.${variant}`, value: took[variant], unit: 'ms' },
            { name: `${name}.${variant}.calls`, value: calls[variant], unit: 'calls' },
          ]),
          { name: `${name}.folder.journal`, value: journal.folder, unit: 'ms' },
          { name: `${name}.dynamodb.journal`, value: journal.dynamodb, unit: 'ms' },
        ]),
        { name: 'misses', value: misses, unit: 'fixes' },
      ],
      ratios: goals.map(({ name, value }) => ({ name, value })),
    },
    text: [
      row(['fix', ...VARIANTS.map((variant) => `${variant} ms (calls)`), 'folder / c7n', 'dynamodb / c7n', 'folder / same']),
      rule(VARIANTS.length + 4),
      ...rows.map(({ title, ms: took, calls }) =>
        row([
          title,
          ...VARIANTS.map((variant) => `${ms(took[variant])} (${calls[variant]})`),
          (took.folder / took.c7n).toFixed(2),
          (took.dynamodb / took.c7n).toFixed(2),
          (took.folder / took.same).toFixed(2),
        ]),
      ),
      '',
      row(['fix', 'same / c7n', 'journal in a folder, ms', 'journal on DynamoDB and S3, ms', 'rest of folder, ms']),
      rule(5),
      ...rows.map(({ title, ms: took, journal }) =>
        row([title, (took.same / took.c7n).toFixed(2), ms(journal.folder), ms(journal.dynamodb), ms(took.folder - took.same - journal.folder)]),
      ),
      '',
      ...goals.map(({ name, value, goal }) => `${name}: ${value.toFixed(2)} (goal ${goal}) ${value <= goal ? 'met' : 'NOT MET'}`),
    ].join('\n'),
  };
}

// ---- With a network in between
const SLOWED = ['folder', 'dynamodb', 'folder-member', 'dynamodb-member', 'c7n'] as const;
type SlowedVariant = (typeof SLOWED)[number];
interface Cost {
  readonly ms: number;
  readonly calls: number;
  /** Sequential round trips: of calls to AWS alone, and including those of the journal. */
  readonly trips: number;
  readonly tripsInAll: number;
}

async function overNetwork(way: Latency, dynamodbAt: string): Promise<{ readonly report: Report; readonly text: string }> {
  const proxy = await slowed({ latency: way, upstream: moto.endpoint, dynamodb: dynamodbAt });
  const rows: { readonly name: string; readonly title: string; readonly cost: Record<SlowedVariant, Cost> }[] = [];
  try {
    for (const each of cases) {
      const made: Record<Exclude<SlowedVariant, 'c7n'>, Made> = {
        folder: await redress('folder', `folder-${each.name}`, proxy.endpoint),
        dynamodb: await redress('dynamodb', `dynamodb-${each.name}`, proxy.endpoint),
        'folder-member': await redress('folder', `folder-member-${each.name}`, proxy.endpoint, true),
        'dynamodb-member': await redress('dynamodb', `dynamodb-member-${each.name}`, proxy.endpoint, true),
      };
      const worker = custodian(each, proxy.endpoint);
      const seen = Object.fromEntries(SLOWED.map((variant) => [variant, [] as Cost[]])) as Record<SlowedVariant, Cost[]>;
      for (let round = -WARM_UP; round < ROUNDS; round++) {
        for (let turn = 0; turn < SLOWED.length; turn++) {
          const variant = SLOWED[(turn + round + WARM_UP) % SLOWED.length] ?? 'folder';
          shift += 8 * DAY;
          let passed: readonly Passed[] = [];
          const took = await closing(each, async (gap) => {
            await proxy.take();
            const ms = variant === 'c7n' ? await worker(gap) : await ours(made[variant], gap);
            passed = await proxy.take();
            return ms;
          });
          const cost = { ms: took, calls: passed.length, trips: roundTrips(passed.filter(({ journal }) => !journal)), tripsInAll: roundTrips(passed) };
          if (round >= 0) seen[variant].push(cost);
        }
      }
      const middle = (variant: SlowedVariant): Cost => {
        const of = (what: keyof Cost) => median(seen[variant].map((cost) => cost[what]));
        return { ms: of('ms'), calls: of('calls'), trips: of('trips'), tripsInAll: of('tripsInAll') };
      };
      rows.push({
        name: each.name,
        title: each.title,
        cost: Object.fromEntries(SLOWED.map((variant) => [variant, middle(variant)])) as Record<SlowedVariant, Cost>,
      });
      process.stderr.write(`${each.title}: done\n`);
    }
  } finally {
    await proxy.close();
  }
  const variants = SLOWED.filter((variant) => variant !== 'c7n');
  const against = (variant: SlowedVariant) => rows.map(({ cost }) => cost[variant].ms / cost.c7n.ms);
  const ratios = variants.flatMap((variant) => [
    ...rows.map(({ name }, index) => ({ name: `${name}: ${variant} / c7n`, value: against(variant)[index] ?? Number.NaN })),
    { name: `${variant} / c7n, geometric mean`, value: geometric(against(variant)) },
    { name: `${variant} / c7n, largest`, value: Math.max(...against(variant)) },
  ]);
  const row = (cells: readonly unknown[]) => `| ${cells.join(' | ')} |`;
  const rule = (columns: number) => `|${' --- |'.repeat(columns)}`;
  const cell = ({ ms, calls, trips, tripsInAll }: Cost) => `${ms.toFixed(0)} (${calls}; ${trips === tripsInAll ? trips : `${trips}, ${tripsInAll}`})`;
  return {
    report: {
      name: `peers-${options.latency}`,
      results: [
        ...rows.flatMap(({ name, cost }) =>
          SLOWED.flatMap((variant) => [
            { name: `${name}.${variant}`, value: cost[variant].ms, unit: 'ms' },
            { name: `${name}.${variant}.calls`, value: cost[variant].calls, unit: 'calls' },
            { name: `${name}.${variant}.round-trips`, value: cost[variant].trips, unit: 'round trips' },
            { name: `${name}.${variant}.round-trips-with-journal`, value: cost[variant].tripsInAll, unit: 'round trips' },
          ]),
        ),
        { name: 'misses', value: misses, unit: 'fixes' },
      ],
      ratios,
    },
    text: [
      'ms (calls; round trips one after the other of calls to AWS alone, with the journal where that is more)',
      '',
      row(['fix', ...SLOWED, ...variants.map((variant) => `${variant} / c7n`)]),
      rule(1 + SLOWED.length + variants.length),
      ...rows.map(({ title, cost }) =>
        row([title, ...SLOWED.map((variant) => cell(cost[variant])), ...variants.map((variant) => (cost[variant].ms / cost.c7n.ms).toFixed(2))]),
      ),
      row(['geometric mean', ...SLOWED.map(() => ''), ...variants.map((variant) => geometric(against(variant)).toFixed(2))]),
    ].join('\n'),
  };
}

try {
  const { report, text } = latency === null || tables === null ? await direct() : await overNetwork(latency, tables.endpoint);
  if (options.json) console.log(toLine(report));
  else {
    console.log(text);
    console.log(`Medians of ${ROUNDS} rounds, warm, alternately; ${misses} misses. Node ${process.version}, c7n 0.9.53.`);
  }
} finally {
  for (const worker of workers) worker.end();
  for (const journal of journals) await journal.close?.();
  await moto.stop();
  await tables?.close();
  rmSync(work, { recursive: true, force: true });
}
if (misses > 0) process.exitCode = 1;
