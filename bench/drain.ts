/**
 * A backlog: findings (default 2,000; 10,000 by hand) go through SQS batches and the Lambda handler. Each is fixed in a simulated account and recorded in a
 * folder. The results are throughput, memory over time, and the cost on AWS: counted calls times given prices.
 *
 * The journal's requests are counted separately, on DynamoDB and S3 in the emulator, because the size of an item decides its cost.
 *
 * Run it with `npm run bench -- drain [--findings N] [--price NAME=USD …] [--json]`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { definePolicy, type Journal, resource } from '@redress/core';
import { folderJournal } from '@redress/evidence';
import { awsJournal, JOURNAL_TABLE } from '@redress/evidence/aws';
import { createHandler, type Handler } from '@redress/lambda-runtime';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { configComplianceEvent, type FakeClock, fakeClock, type SimulatedAccount, simulatedAccount } from '@redress/testing';
import { startMoto } from '../scripts/moto.mjs';
import { toLine } from './support/report.ts';

// The heap of a small function: on a large machine V8 collects late, and the figure would reflect the memory of the machine.
const LIMITS = ['--max-old-space-size=96', '--max-semi-space-size=4', '--expose-gc'];
if (!LIMITS.every((each) => process.execArgv.includes(each))) {
  const { status } = spawnSync(process.execPath, [...LIMITS, ...process.argv.slice(1)], { stdio: 'inherit' });
  process.exit(status ?? 1);
}

const { values: options } = parseArgs({
  options: { findings: { type: 'string', default: '2000' }, price: { type: 'string', multiple: true, default: [] }, json: { type: 'boolean', default: false } },
});
const FINDINGS = Number(options.findings);
if (!Number.isSafeInteger(FINDINGS) || FINDINGS < 10) throw new RangeError('--findings N, 10 or more');
const BATCH = 10;
const ACCOUNT = '111111111111';
const REGION = 'us-east-1';
/** Assumed milliseconds on a function with 512 MB per millisecond here: it has less than a third of a core. */
const SLOWER = 3.5;
const MEMORY_GB = 0.5;

/**
 * US dollars, on demand, us-east-1, as listed by AWS in 2025. For other regions and years pass your own (`--price sqs=0.0000004`).
 *
 * @see https://aws.amazon.com/lambda/pricing/
 * @see https://aws.amazon.com/dynamodb/pricing/on-demand/
 * @see https://aws.amazon.com/s3/pricing/
 * @see https://aws.amazon.com/sqs/pricing/
 */
const PRICES: Record<string, number> = {
  /** A request of SQS. */
  sqs: 0.4e-6,
  /** An invocation. */
  lambda: 0.2e-6,
  /** A second of one GB on arm64. */
  gbSecond: 13.3334e-6,
  /** A write unit of DynamoDB: 1 KB; in a transaction, 1 KB takes two. */
  write: 0.625e-6,
  /** A read unit: 4 KB, with a consistent read. */
  read: 0.125e-6,
  /** A PUT of S3. */
  put: 5e-6,
  /** A GET of S3. */
  get: 0.4e-6,
  /** An event of another account's bus. */
  event: 1e-6,
  /** A GB of ingested logs. */
  log: 0.5,
};
for (const each of options.price) {
  const [name, usd] = each.split('=');
  if (name === undefined || !Object.hasOwn(PRICES, name) || !(Number(usd) >= 0))
    throw new RangeError(`--price ${each}: one of ${Object.keys(PRICES).join(', ')}, as NAME=USD`);
  PRICES[name] = Number(usd);
}
const price = (name: string): number => PRICES[name] ?? Number.NaN;

const policy = definePolicy({
  version: 1,
  environments: { dev: { accounts: [ACCOUNT] } },
  remediators: { 'logs-raise-retention': { dev: 'enforce' } },
  limits: [{ per: ['run'], changes: 1000 }],
});

interface Stage {
  readonly account: SimulatedAccount;
  readonly clock: FakeClock;
  readonly handler: Handler;
  /** Bytes of log output. */
  logged: number;
}

function stage(journal: Journal, clock: FakeClock): Stage {
  const account = simulatedAccount({ account: ACCOUNT, clock });
  const made: Omit<Stage, 'handler'> = { account, clock, logged: 0 };
  const line = (_: string, more?: object) => {
    made.logged += JSON.stringify(more ?? {}).length + 120;
  };
  const handler = createHandler({
    remediators: logsRemediators,
    policy,
    journal,
    connect: account.connect,
    clock,
    logger: { info: line, warn: line, error: line },
    metrics: (text) => {
      made.logged += text.length;
    },
  });
  return Object.assign(made, { handler });
}

let made = 0;
/** A batch of findings, each about a log group that was just created. */
function batch({ account, clock }: Stage) {
  const names = Array.from({ length: BATCH }, () => `/app/${made++}`);
  for (const logGroupName of names) {
    account.act('logs', 'CreateLogGroup', { logGroupName }, REGION);
    account.act('logs', 'PutRetentionPolicy', { logGroupName, retentionInDays: 7 }, REGION);
  }
  // What is newer than a minute has to settle.
  clock.advance(120_000);
  const Records = names.map((id) => {
    const ref = resource({ type: 'AWS::Logs::LogGroup', id, account: ACCOUNT, region: REGION });
    const event = configComplianceEvent({ resource: ref, rule: 'cw-loggroup-retention-period-check', time: new Date(clock.now() - 90_000) });
    return { messageId: id, eventSource: 'aws:sqs', eventSourceARN: `arn:aws:sqs:${REGION}:${ACCOUNT}:redress`, body: JSON.stringify(event), attributes: {} };
  });
  return { names, Records };
}

/** Drains one batch. Then the account's resources are checked and removed. */
async function drain(on: Stage): Promise<{ fixed: number; ms: number }> {
  const { names, Records } = batch(on);
  const from = process.hrtime.bigint();
  const deadline = Date.now() + 900_000;
  const answer = await on.handler({ Records }, { awsRequestId: 'drain', getRemainingTimeInMillis: () => deadline - Date.now() });
  const ms = Number(process.hrtime.bigint() - from) / 1e6;
  const failed = 'batchItemFailures' in answer ? answer.batchItemFailures.length : Records.length;
  let fixed = 0;
  for (const logGroupName of names) {
    if (on.account.state.logGroups[logGroupName]?.days === 365) fixed++;
    on.account.act('logs', 'DeleteLogGroup', { logGroupName }, REGION);
  }
  if (failed > 0) throw new Error(`${failed} messages would be delivered again.`);
  return { fixed, ms };
}

/** The requests and units of DynamoDB, and the requests of S3, for fixes. */
async function journalUnits(fixes: number): Promise<Record<'write' | 'read' | 'put' | 'get' | 'requests', number>> {
  const moto = await startMoto();
  try {
    const units = { write: 0, read: 0, put: 0, get: 0, requests: 0 };
    const config = { endpoint: moto.endpoint, region: REGION, credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' } };
    const dynamodb = new DynamoDBClient({ ...config, maxAttempts: 1 });
    const s3 = new S3Client({ ...config, forcePathStyle: true });
    const { TimeToLiveSpecification: _, ...table } = JOURNAL_TABLE;
    await dynamodb.send(new CreateTableCommand({ ...structuredClone(table), TableName: 'drain' } as unknown as CreateTableCommand['input']));
    await s3.send(new CreateBucketCommand({ Bucket: 'drain-evidence' }));
    const kb = (value: unknown, size: number) => Math.max(1, Math.ceil(Buffer.byteLength(JSON.stringify(value ?? '')) / (size * 1024)));
    type Sent = { readonly constructor: { readonly name: string }; readonly input: Record<string, unknown> };
    const counting = (client: { send(command: never): Promise<unknown> }) => ({
      send: async (command: Sent): Promise<unknown> => {
        const reply = (await client.send(command as never)) as Record<string, unknown>;
        const { input } = command;
        units.requests++;
        switch (command.constructor.name) {
          case 'TransactWriteItemsCommand':
            for (const each of input['TransactItems'] as object[]) units.write += 2 * kb(each, 1);
            break;
          case 'PutItemCommand':
          case 'UpdateItemCommand':
            units.write += kb(input['Item'] ?? input['ExpressionAttributeValues'], 1);
            break;
          case 'GetItemCommand':
          case 'BatchGetItemCommand':
          case 'QueryCommand':
            units.read += kb(reply['Item'] ?? reply['Items'] ?? reply['Responses'], 4) * (input['ConsistentRead'] === true ? 1 : 0.5);
            break;
          case 'PutObjectCommand':
            units.put++;
            break;
          default:
            units.get++;
        }
        return reply;
      },
    });
    const clock = fakeClock();
    const journal = awsJournal({
      clock,
      table: 'drain',
      bucket: 'drain-evidence',
      clients: { dynamodb: counting(dynamodb) as never, s3: counting(s3) as never },
    });
    const on = stage(journal, clock);
    // The first fixes look up what later ones have cached.
    await drain(on);
    for (const name of Object.keys(units) as (keyof typeof units)[]) units[name] = 0;
    let fixed = 0;
    while (fixed < fixes) fixed += (await drain(on)).fixed;
    await journal.close?.();
    return Object.fromEntries(Object.entries(units).map(([name, count]) => [name, count / fixed])) as typeof units;
  } finally {
    await moto.stop();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'redress-drain-'));
try {
  const clock = fakeClock();
  const journal = await folderJournal({ directory: folder, clock });
  const on = stage(journal, clock);
  let [fixed, ms, calls, batches] = [0, 0, 0, 0];
  const memory: { after: number; heap: number; rss: number }[] = [];
  const every = Math.max(1, Math.round(FINDINGS / BATCH / 10));
  while (batches * BATCH < FINDINGS) {
    const done = await drain(on);
    fixed += done.fixed;
    ms += done.ms;
    calls += on.account.calls.length;
    // The account's own list of calls, independent of the engine.
    (on.account.calls as unknown[]).length = 0;
    if (++batches % every === 0) {
      globalThis.gc?.();
      const { heapUsed, rss } = process.memoryUsage();
      memory.push({ after: batches * BATCH, heap: heapUsed / 1e6, rss: rss / 1e6 });
    }
  }
  await journal.close?.();
  if (fixed !== batches * BATCH) throw new Error(`${batches * BATCH - fixed} findings were not fixed.`);

  // Events that need no decision: they match the rules, and the function ignores them.
  const passed = {
    ...configComplianceEvent({ resource: resource({ type: 'AWS::Logs::LogGroup', id: 'x', account: ACCOUNT, region: REGION }), rule: 'some-other-rule' }),
  };
  const message = { messageId: 'x', eventSource: 'aws:sqs', eventSourceARN: 'arn', body: JSON.stringify(passed), attributes: {} };
  const IRRELEVANT = 20_000;
  const before = on.account.calls.length;
  const from = process.hrtime.bigint();
  for (let n = 0; n < IRRELEVANT; n += BATCH)
    await on.handler({ Records: Array.from({ length: BATCH }, () => message) }, { awsRequestId: 'x', getRemainingTimeInMillis: () => 900_000 });
  const irrelevantMs = Number(process.hrtime.bigint() - from) / 1e6 / IRRELEVANT;
  const irrelevantCalls = on.account.calls.length - before;

  const units = await journalUnits(20);
  // The calls of a fix wait for AWS: 40 ms each. A function is charged for that time if they run one after the other.
  const callsPerFix = calls / fixed;
  const seconds = ((ms / fixed) * SLOWER + (callsPerFix + units.requests) * 40) / 1000;
  const cost = {
    fix: {
      events: price('event'),
      queue: price('sqs') * (1 + 2 / BATCH),
      lambda: price('lambda') / BATCH + price('gbSecond') * MEMORY_GB * seconds,
      dynamodb: units.write * price('write') + units.read * price('read'),
      s3: units.put * price('put') + units.get * price('get'),
      logs: (on.logged / fixed / 1e9) * price('log'),
    },
    irrelevant: {
      events: price('event'),
      queue: price('sqs') * (1 + 2 / BATCH),
      lambda: price('lambda') / BATCH + price('gbSecond') * MEMORY_GB * ((irrelevantMs * SLOWER) / 1000),
    },
  };
  const total = (parts: Readonly<Record<string, number>>) => Object.values(parts).reduce((sum, each) => sum + each, 0);
  const result = {
    findings: fixed,
    perSecond: (fixed / ms) * 1000,
    callsPerFix,
    journal: units,
    memory,
    heapGrowthMb: (memory.at(-1)?.heap ?? 0) - (memory[Math.floor(memory.length / 5)]?.heap ?? 0),
    irrelevant: { microseconds: irrelevantMs * 1000, calls: irrelevantCalls },
    usd: { per1000Fixes: 1000 * total(cost.fix), per1000000Irrelevant: 1e6 * total(cost.irrelevant), parts: cost },
    prices: PRICES,
  };
  if (options.json) {
    const results = [
      { name: 'findings', value: result.findings, unit: 'fixes' },
      { name: 'rate', value: result.perSecond, unit: 'fixes/s' },
      { name: 'aws-calls', value: result.callsPerFix, unit: 'calls/fix' },
      ...Object.entries(units).map(([what, value]) => ({ name: `journal.${what}`, value, unit: 'units/fix' })),
      ...memory.flatMap(({ after, heap, rss }) => [
        { name: `after-${after}.heap`, value: heap, unit: 'MB' },
        { name: `after-${after}.rss`, value: rss, unit: 'MB' },
      ]),
      { name: 'heap-growth', value: result.heapGrowthMb, unit: 'MB' },
      { name: 'irrelevant.time', value: result.irrelevant.microseconds, unit: 'µs/event' },
      { name: 'irrelevant.calls', value: result.irrelevant.calls, unit: 'calls' },
      { name: 'cost.fix', value: result.usd.per1000Fixes, unit: 'USD/1000 fixes' },
      { name: 'cost.irrelevant', value: result.usd.per1000000Irrelevant, unit: 'USD/1000000 events' },
    ];
    process.stdout.write(`${toLine({ name: 'drain', results, ratios: [] })}\n`);
  } else {
    const usd = (value: number) => value.toFixed(4);
    process.stdout.write(
      [
        `${fixed} findings fixed, ${Math.round(result.perSecond)} per second, ${callsPerFix.toFixed(1)} AWS calls each; journal on AWS: ${units.requests.toFixed(1)} requests each (${units.write.toFixed(1)} write units, ${units.read.toFixed(1)} read units, ${units.put.toFixed(1)} PUTs)`,
        '',
        '| after | heap MB | RSS MB |',
        '| --- | --- | --- |',
        ...memory.map(({ after, heap, rss }) => `| ${after} | ${heap.toFixed(1)} | ${rss.toFixed(0)} |`),
        '',
        `An event that no decision is needed for: ${result.irrelevant.microseconds.toFixed(0)} µs, ${irrelevantCalls} calls.`,
        '',
        '| USD | 1,000 fixes | 1,000,000 irrelevant events |',
        '| --- | --- | --- |',
        ...Object.keys(cost.fix).map((name) => {
          const left = cost.irrelevant[name as keyof typeof cost.irrelevant];
          return `| ${name} | ${usd(1000 * cost.fix[name as keyof typeof cost.fix])} | ${left === undefined ? '0' : usd(1e6 * left)} |`;
        }),
        `| total | ${usd(result.usd.per1000Fixes)} | ${usd(result.usd.per1000000Irrelevant)} |`,
        '',
      ].join('\n'),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
