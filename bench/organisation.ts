/**
 * One round of sweeps over an organisation, simulated in virtual time: a message per account and region, so many workers at the same time, each a
 * function with a time-out, a cold start and roles to assume, calls that take their time, and a journal that does. How long it takes, what is decided on, how many calls it
 * makes, what it costs, and the heap.
 *
 * Run it with `npm run bench -- organisation [--accounts N] [--concurrency N] [--price NAME=USD …] [--json]`.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { createRedress, definePolicy, type Journal, type ResourceRef, type SweepTarget, unfinished } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { type SimulatedAccount, simulatedAccount } from '@redress/testing';
import { toLine } from './support/report.ts';
import { VirtualTime } from './support/virtual-time.ts';

const LIMITS = ['--max-old-space-size=400', '--max-semi-space-size=4', '--expose-gc'];
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

/** Milliseconds. */
const TAKES = { call: 60, role: 60, start: 1000, receive: 20, read: 6, write: 12 };
const TIMEOUT = 120_000;
const MEMORY_GB = 0.5;
/** Write units of a record, of the 42 that a fix takes with its three (bench `drain`). */
const UNITS = 14;
const REGIONS = [
  'us-east-1',
  'eu-west-1',
  'eu-central-1',
  ...['us-east-2', 'us-west-1', 'us-west-2', 'ca-central-1', 'sa-east-1', 'eu-west-2', 'eu-west-3', 'eu-north-1'],
  ...['ap-south-1', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-southeast-1', 'ap-southeast-2'],
];
const ACTIVE = 3;
const SIZES = { groups: 200, buckets: 40, users: 60, logGroups: 150, volumes: 100 };
/** One in fifty has a gap. */
const isGap = (at: number) => at % 50 === 0;

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

// ---- The organisation, each place as it is first looked at
const count = { calls: 0, reads: 0, records: 0, fixes: 0, standing: 0, readUnits: 0, invocations: 0, busy: 0, messages: 0 };
const places = new Map<string, SimulatedAccount>();
function placeOf(account: string, region: string): SimulatedAccount {
  const key = `${account} ${region}`;
  const known = places.get(key);
  if (known !== undefined) return known;
  const turn = async () => {
    count.calls++;
    await time.sleep(TAKES.call);
  };
  const made = simulatedAccount({ account, clock: time, turn });
  places.set(key, made);
  const { state } = made;
  // Of a region that nobody uses there is the default.
  state.groups['sg-default'] = { name: 'default', description: 'default', tags: {}, rules: [rule('sgr-default', '-1', -1, '10.0.0.0/8')] };
  state.ebs[region] = { default: true, key: 'alias/aws/ebs' };
  const at = REGIONS.indexOf(region);
  if (at >= ACTIVE) return made;
  const day = 86_400_000;
  const iso = new Date(time.now() - 300 * day).toISOString();
  for (let n = 0; n < SIZES.groups; n++)
    state.groups[`sg-${n}`] = {
      name: `g${n}`,
      description: '',
      tags: {},
      rules: [rule(`sgr-${n}`, 'tcp', isGap(n) ? 22 : 443, isGap(n) ? '0.0.0.0/0' : '10.0.0.0/8')],
    };
  for (let n = 0; n < SIZES.volumes; n++) state.volumes[`vol-${n}`] = { encrypted: !isGap(n), tags: {} };
  for (let n = 0; n < SIZES.logGroups; n++) state.logGroups[`/app/${n}`] = { region, created: time.now() - 300 * day, days: isGap(n) ? 7 : 365, tags: {} };
  const encryption = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }];
  const block = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
  for (let n = 0; n < SIZES.buckets; n++) {
    const own = { encryption: isGap(n) ? null : encryption, block, policy: null, website: null, ownership: 'BucketOwnerEnforced', grants: [] };
    state.buckets[`${account}-${at}-${n}`] = { region, created: iso, tags: null, ...own };
  }
  // Users are of the account, and asked for in its first region.
  for (let n = 0; at === 0 && n < ACTIVE * SIZES.users; n++) {
    const created = isGap(n) ? iso : new Date(time.now() - day).toISOString();
    state.users[`user-${n}`] = {
      id: `AIDA${String(n).padStart(16, '0')}`,
      created: iso,
      tags: {},
      keys: [{ id: `AKIA${String(n).padStart(16, '0')}`, active: true, created }],
    };
  }
  return made;
}
function rule(id: string, protocol: string, port: number, cidr: string) {
  return { id, egress: false, protocol, from: port, to: port, cidr, description: null, tags: {} };
}
/** As long as the services' pages are. */
const PAGES: Readonly<Record<string, readonly [list: string, size: number, input: string, output: string]>> = {
  DescribeLogGroups: ['logGroups', 50, 'nextToken', 'nextToken'],
  ListUsers: ['Users', 100, 'Marker', 'Marker'],
};
const connect: Parameters<typeof createRedress>[0]['connect'] = async (target) => {
  count.calls += 2;
  await time.sleep(TAKES.role);
  const connection = await placeOf(target.account, target.region).connect(target);
  const identity = (async () => {
    await time.sleep(TAKES.call);
    return connection.identity();
  })();
  return {
    ...connection,
    identity: () => identity,
    client: (service) => ({
      send: async (command) => {
        const reply = (await connection.client?.(service).send(command)) as Record<string, unknown>;
        const [list, size, input, output] = PAGES[command.constructor.name.replace(/Command$/, '')] ?? [];
        const items = list === undefined ? undefined : reply[list];
        if (list === undefined || size === undefined || !Array.isArray(items)) return reply as never;
        const from = Number((command as unknown as { input: Record<string, unknown> }).input[input ?? ''] ?? 0);
        return { ...reply, [list]: items.slice(from, from + size), ...(from + size < items.length ? { [output ?? '']: String(from + size) } : {}) } as never;
      },
    }),
  };
};

// ---- The journal: that of an account is forgotten when its round is over, as no function would have it in mind
const journals = new Map<string, Journal>();
const journalOf = ({ account }: Pick<ResourceRef, 'account'>): Journal => {
  const known = journals.get(account) ?? memoryJournal({ clock: time });
  journals.set(account, known);
  return known;
};
let gapsBefore = 0;
const reading = async <T>(read: () => Promise<T>, pages = 1): Promise<T> => {
  count.reads += pages;
  await time.sleep(TAKES.read * pages);
  return read();
};
const writing = async <T>(write: () => Promise<T>): Promise<T> => {
  count.records++;
  await time.sleep(TAKES.write);
  return write();
};
const all = async <T>(of: (each: Journal) => Promise<readonly T[]>): Promise<readonly T[]> => (await Promise.all([...journals.values()].map(of))).flat();
const journal: Journal = {
  kind: 'simulated',
  view: (ref) => reading(() => journalOf(ref).view(ref)),
  begin: (request) => writing(() => journalOf(request.resource).begin(request)),
  append: (entry) => writing(() => journalOf(entry.resource).append(entry as never)),
  finish: (request) => writing(() => journalOf(request.resource).finish(request)),
  open: () => reading(() => all((each) => each.open())),
  approvals: () => reading(() => all((each) => each.approvals())),
  async standing() {
    // Everything that stands in the organisation is read, a megabyte at a time.
    const [gaps, unsaid] = await Promise.all([all(async (each) => (await each.standing()).gaps), all(async (each) => (await each.standing()).unsaid)]);
    const pages = Math.max(1, Math.ceil((gapsBefore + gaps.length) / 1000));
    count.readUnits += pages * 128;
    return reading(async () => ({ gaps, unsaid }), pages);
  },
  trackRecord: (query) => reading(() => all((each) => each.trackRecord(query))),
  async *read(query) {
    await reading(async () => undefined);
    if ('resource' in query) yield* journalOf(query.resource).read(query);
    else for (const each of journals.values()) yield* each.read(query);
  },
};

// ---- The queue, and who works on it
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

/** The account as it is when its round is over: what a policy lets be closed is. */
function judge(account: string): void {
  for (const region of REGIONS.slice(0, ACTIVE)) {
    const { state } = placeOf(account, region);
    const open = [
      ...Object.values(state.logGroups).filter(({ days }) => days !== null && days < 365),
      ...Object.values(state.buckets).filter(({ encryption }) => encryption === null),
      ...Object.values(state.users).filter(
        ({ keys, tags }) => keys.some(({ created }) => time.now() - Date.parse(created) > 90 * 86_400_000) && Object.keys(tags).length === 0,
      ),
    ];
    incomplete += open.length;
  }
}

async function worker(): Promise<void> {
  const redress = createRedress({ remediators, policy, journal, connect, clock: time });
  await time.sleep(TAKES.start);
  for (;;) {
    // The oldest that may be received.
    const next = queue.findIndex((each) => each.at <= time.now());
    const [message] = next < 0 ? [] : queue.splice(next, 1);
    if (message === undefined) {
      if (queue.length === 0 && underWay === 0) break;
      await time.sleep(1000);
      continue;
    }
    underWay++;
    await time.sleep(TAKES.receive);
    count.invocations++;
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
      if (left.get(account) === 0) await over(account);
    }
    underWay--;
  }
  redress.close();
}

async function over(account: string): Promise<void> {
  judge(account);
  const of = journals.get(account);
  gapsBefore += (await of?.standing())?.gaps.length ?? 0;
  for await (const { record } of of?.read({ all: true }) ?? []) if (record.kind === 'outcome') count.fixes++;
  journals.delete(account);
  for (const region of REGIONS) places.delete(`${account} ${region}`);
  done++;
  if (done % 20 === 0 || done === ACCOUNTS) {
    globalThis.gc?.();
    peak = Math.max(peak, process.memoryUsage().heapUsed);
    process.stderr.write(`\r${done} of ${ACCOUNTS} accounts`);
  }
}

// What is loaded at a first call takes real time.
for (const { uses } of remediators) for (const { service } of [...uses.reads, ...uses.writes, ...uses.undoes]) await service.sdk();
const began = time.now();
await time.until(Promise.all(Array.from({ length: CONCURRENCY }, worker)));
process.stderr.write('\n');
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
