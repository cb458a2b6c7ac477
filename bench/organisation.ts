/**
 * One round of sweeps over an organization, simulated in virtual time. There is a message per account and region, and a number of concurrent workers. Each
 * worker is a function with a timeout, a cold start and roles to assume. Calls and the journal have latency. The results are the duration, the decisions,
 * the number of calls, the cost, and the heap of all workers together. The organization and the journal are in another heap.
 *
 * Run it with `npm run bench -- organisation [--accounts N] [--concurrency N] [--price NAME=USD …] [--json]`.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { createRedress, definePolicy, type Journal, type StoredRecord, type SweepTarget, unfinished } from '@redress/core';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { Apart } from './support/apart.ts';
import type { Call, Over, Question } from './support/organisation-world.ts';
import { toLine } from './support/report.ts';
import { VirtualTime } from './support/virtual-time.ts';

const LIMITS = ['--max-semi-space-size=4', '--expose-gc'];
if (!LIMITS.every((each) => process.execArgv.includes(each))) {
  const { status } = spawnSync(process.execPath, [...LIMITS, ...process.argv.slice(1)], { stdio: 'inherit' });
  process.exit(status ?? 1);
}
const { values: options } = parseArgs({
  options: {
    accounts: { type: 'string', default: '1000' },
    concurrency: { type: 'string', default: '10' },
    price: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
  },
});
const [ACCOUNTS, CONCURRENCY] = [options.accounts, options.concurrency].map(Number) as [number, number];
if (!Number.isSafeInteger(ACCOUNTS) || ACCOUNTS < 1 || !Number.isSafeInteger(CONCURRENCY) || CONCURRENCY < 1)
  throw new RangeError('--accounts N, --concurrency N');

/** US dollars in us-east-1, as in the bench `drain`. */
const PRICES: Record<string, number> = { sqs: 0.4e-6, lambda: 0.2e-6, gbSecond: 13.3334e-6, write: 0.625e-6, read: 0.125e-6, put: 5e-6, log: 0.5 };
for (const each of options.price) {
  const [name, usd] = each.split('=');
  if (name === undefined || !Object.hasOwn(PRICES, name) || !(Number(usd) >= 0))
    throw new RangeError(`--price ${each}: one of ${Object.keys(PRICES).join(', ')}, as NAME=USD`);
  PRICES[name] = Number(usd);
}
const price = (name: string): number => PRICES[name] ?? Number.NaN;

/** Durations in milliseconds. */
const TAKES = { call: 60, role: 60, start: 1000, receive: 20, read: 6, write: 12 };
const TIMEOUT = 120_000;
const MEMORY_GB = 0.5;
/** Write units of a record, from the 42 that a fix takes with its three records (bench `drain`). */
const UNITS = 14;
/** Number of invocations between measurements of the heap. */
const WEIGHED = 100;
/** Maximum heap of the simulated organization, which has its own; MB. */
const WORLD = 8000;
const REGIONS = [
  'us-east-1',
  'eu-west-1',
  'eu-central-1',
  ...['us-east-2', 'us-west-1', 'us-west-2', 'ca-central-1', 'sa-east-1', 'eu-west-2', 'eu-west-3', 'eu-north-1'],
  ...['ap-south-1', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-southeast-1', 'ap-southeast-2'],
];
const ACTIVE = 3;

const time = new VirtualTime(Date.parse('2026-11-28T00:00:00Z'));
const remediators = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators].filter(({ id }) => id !== 'iam-strengthen-password-policy');
const accountOf = (at: number) => String(100_000_000_000 + at);
const policy = definePolicy({
  version: 1,
  environments: { dev: { accounts: Array.from({ length: ACCOUNTS }, (_, at) => accountOf(at)) } },
  remediators: Object.fromEntries(
    ['s3-enforce-default-encryption', 'iam-flag-stale-access-key', 'logs-raise-retention', 'ec2-enable-ebs-encryption-by-default'].map((id) => [
      id,
      { dev: 'enforce' as const },
    ]),
  ),
  limits: [{ per: ['run'], changes: 1000 }],
});

// ---- The organization and its journal, in their own thread, so that this heap only contains the workers
const count = { calls: 0, reads: 0, records: 0, fixes: 0, readUnits: 0, invocations: 0, busy: 0, messages: 0 };
const world = new Apart(new URL('./support/organisation-world.ts', import.meta.url), { regions: REGIONS, active: ACTIVE, began: time.now() }, WORLD);
const ask = (question: Question): unknown => world.ask(question);
const connect: Parameters<typeof createRedress>[0]['connect'] = async ({ account, region, access }) => {
  count.calls += 2;
  await time.sleep(TAKES.role);
  const identity = (async () => {
    await time.sleep(TAKES.call);
    return { account, arn: `arn:aws:sts::${account}:assumed-role/Redress/${access}-${account}` };
  })();
  return {
    config: {},
    identity: () => identity,
    client: (service) => ({
      send: async (command) => {
        count.calls++;
        await time.sleep(TAKES.call);
        const { input } = command as unknown as { input: Call['input'] };
        return ask({ ask: 'call', now: time.now(), account, region, call: { service, command: command.constructor.name, input, access } }) as never;
      },
    }),
  };
};

// ---- The journal: a store with latency
const reading = async <T>(read: () => unknown, units = 1): Promise<T> => {
  count.reads += units;
  await time.sleep(TAKES.read);
  return read() as T;
};
const writing = async <T>(write: () => unknown): Promise<T> => {
  count.records++;
  await time.sleep(TAKES.write);
  return write() as T;
};
type Method = Extract<Question, { ask: 'journal' }>['method'];
const of = (account: string, method: Method, ...args: readonly unknown[]) => ask({ ask: 'journal', now: time.now(), account, method, args });
const all = <T>(method: Extract<Question, { ask: 'journals' }>['method']) => (ask({ ask: 'journals', now: time.now(), method }) as T[][]).flat();
const journal: Journal = {
  kind: 'simulated',
  view: (ref) => reading(() => of(ref.account, 'view', ref)),
  begin: (request) => writing(() => of(request.resource.account, 'begin', request)),
  append: (entry) => writing(() => of(entry.resource.account, 'append', entry)),
  finish: (request) => writing(() => of(request.resource.account, 'finish', request)),
  open: () => reading(() => all('open')),
  approvals: () => reading(() => all('approvals')),
  async standing(place) {
    if (place === undefined) throw new Error('Nobody who sweeps reads what stands in the whole organisation.');
    const found = await reading<Awaited<ReturnType<Journal['standing']>>>(() => of(place.account, 'standing', place));
    // One read of the names in the place, then one of each stream.
    count.reads += found.gaps.length;
    if (found.gaps.length > 0) await time.sleep(TAKES.read * Math.ceil(found.gaps.length / 100));
    return found;
  },
  trackRecord: (query) => reading(() => query.accounts.flatMap((account) => of(account, 'trackRecord', query))),
  async *read(query) {
    if (!('resource' in query)) throw new Error('Nobody who sweeps reads whole journals.');
    const found = await reading<StoredRecord[]>(() => of(query.resource.account, 'read', query));
    count.reads += found.length;
    yield* found;
  },
};

// ---- The queue and its workers
interface Message {
  readonly target: SweepTarget;
  readonly at: number;
}
const queue: Message[] = [];
for (let at = 0; at < ACCOUNTS; at++)
  for (const [n, region] of REGIONS.entries()) queue.push({ target: { account: accountOf(at), region, global: n === 0 }, at: time.now() });
count.messages = queue.length;
const left = new Map<string, number>();
for (const { target } of queue) left.set(target.account, (left.get(target.account) ?? 0) + 1);
let [underWay, incomplete, decided, peak, done] = [0, 0, 0, 0, 0];

async function worker(): Promise<void> {
  const redress = createRedress({ remediators, policy, journal, connect, clock: time });
  await time.sleep(TAKES.start);
  for (;;) {
    // The oldest message that may be received.
    const next = queue.findIndex((each) => each.at <= time.now());
    const [message] = next < 0 ? [] : queue.splice(next, 1);
    if (message === undefined) {
      if (queue.length === 0 && underWay === 0) break;
      await time.sleep(1000);
      continue;
    }
    underWay++;
    await time.sleep(TAKES.receive);
    if (count.invocations++ % WEIGHED === 0) weigh();
    const started = time.now();
    const summaries = await redress.sweep({ targets: [message.target], deadline: started + TIMEOUT, patience: 0 });
    count.busy += time.now() - started;
    const again = unfinished(summaries);
    for (const { target, at } of again) {
      queue.push({ target, at });
      count.messages++;
    }
    decided += summaries.reduce((sum, { looked, left: open }) => sum + looked - open, 0);
    if (again.length === 0) {
      if (!summaries.every(({ complete }) => complete)) incomplete++;
      const { account } = message.target;
      left.set(account, (left.get(account) ?? 0) - 1);
      if (left.get(account) === 0) over(account);
    }
    underWay--;
  }
  redress.close();
}

function over(account: string): void {
  const { open, fixes } = ask({ ask: 'over', now: time.now(), account }) as Over;
  incomplete += open;
  count.fixes += fixes;
  done++;
}

/** The used heap, and the progress. */
function weigh(): void {
  globalThis.gc?.();
  peak = Math.max(peak, process.memoryUsage().heapUsed);
  process.stderr.write(`\r${count.invocations} invocations, ${done} of ${ACCOUNTS} accounts, ${(peak / 1e6).toFixed(0)} MB`);
}

// What is loaded at a first call takes real time.
for (const { uses } of remediators) for (const { service } of [...uses.reads, ...uses.writes, ...uses.undoes]) await service.sdk();
const began = time.now();
const real = performance.now();
await time.until(Promise.all(Array.from({ length: CONCURRENCY }, worker)));
weigh();
process.stderr.write('\n');
await world.end();
const minutes = (time.now() - began) / 60_000;
const cost = {
  queue: 3 * count.messages * price('sqs'),
  lambda: count.invocations * price('lambda') + (count.busy / 1000) * MEMORY_GB * price('gbSecond'),
  dynamodb: count.records * UNITS * price('write') + (count.reads + count.readUnits) * price('read'),
  s3: count.fixes * price('put'),
};
const total = Object.values(cost).reduce((sum, each) => sum + each, 0);
const heap = peak / 1e6;
const results = [
  { name: 'accounts', value: ACCOUNTS, unit: 'accounts' },
  { name: 'places', value: ACCOUNTS * REGIONS.length, unit: 'places' },
  { name: 'round', value: minutes, unit: 'min' },
  { name: 'round.goal', value: 60, unit: 'min' },
  { name: 'decided', value: decided, unit: 'decisions' },
  { name: 'incomplete', value: incomplete, unit: 'places and gaps' },
  { name: 'fixes', value: count.fixes, unit: 'executions' },
  { name: 'messages', value: count.messages, unit: 'messages' },
  { name: 'calls', value: count.calls, unit: 'calls' },
  { name: 'records', value: count.records, unit: 'records' },
  { name: 'real', value: (performance.now() - real) / 1000, unit: 's' },
  { name: 'busy', value: count.busy / 3_600_000, unit: 'function hours' },
  { name: 'heap', value: heap, unit: 'MB' },
  ...Object.entries(cost).map(([name, value]) => ({ name: `cost.${name}`, value, unit: 'USD' })),
  { name: 'cost', value: total, unit: 'USD' },
];
if (options.json) console.log(toLine({ name: 'organisation', results, ratios: [] }));
else {
  for (const { name, value, unit } of results) console.log(`${name.padEnd(16)}${value.toFixed(Number.isInteger(value) ? 0 : 2).padStart(12)} ${unit}`);
  console.log(
    `one round: ${minutes.toFixed(1)} min (goal 60) ${minutes <= 60 ? 'met' : 'NOT MET'}; heap ${heap.toFixed(0)} MB (goal 200) ${heap <= 200 ? 'met' : 'NOT MET'}`,
  );
}
if (incomplete > 0) process.exitCode = 1;
