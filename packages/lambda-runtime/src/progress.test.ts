// A message with more findings than one invocation has time for: how many deliveries it takes, and that nothing is looked at twice for it.
import { type Connect, createRedress, definePolicy, type Journal, RedressError, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, expect, it } from 'vitest';
import { bound } from '../../../tests/support/journal.js';
import { createHandler } from './create-handler.js';
import type { BatchResponse } from './types.js';

const ACCOUNT = '111111111111';
const connect: Connect = async ({ region }) => ({
  config: { region },
  identity: async () => ({ account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/test` }),
});
const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: {} });
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

let time: number;
let looks: string[];
let journal: Journal;
/** Milliseconds that a look takes, and what becomes of it. */
let look: (id: string) => number;
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};

beforeEach(() => {
  time = Date.parse('2026-11-24T10:00:00Z');
  looks = [];
  journal = memoryJournal({ clock });
  look = () => 200;
});

const looker: Remediator = {
  contract: 1,
  id: 'test-look',
  title: 'Looks',
  package: { name: 'test', version: '1.0.0' },
  resourceTypes: ['AWS::S3::Bucket'],
  controls: [{ framework: 'aws-fsbp', id: 'S3.4' }],
  showsNew: [],
  configRules: ['s3-test-rule'],
  apiCalls: {},
  ceiling: 'enforce',
  freshWithin: null,
  settle: 0,
  breadth: 0,
  global: false,
  whenResolved: false,
  blindSpots: [],
  uses: { reads: [], writes: [], undoes: [] },
  parameters: () => ({}),
  parameterSchema: null,
  identify: null,
  equivalent: () => true,
  observe: async ({ resource: { id } }) => {
    looks.push(id);
    time += look(id);
    return { state: {}, tags: {} };
  },
  plan: () => ({ status: 'compliant' }),
  discover: null,
};

const finding = (bucket: string, ...more: string[]) => ({
  SchemaVersion: '2018-10-08',
  Id: `arn:aws:securityhub:us-east-1:${ACCOUNT}:security-control/S3.4/finding/${bucket}`,
  ProductArn: 'arn:aws:securityhub:us-east-1::product/aws/securityhub',
  ProductFields: { 'aws/securityhub/ProductName': 'Security Hub' },
  GeneratorId: 'security-control/S3.4',
  AwsAccountId: ACCOUNT,
  Region: 'us-east-1',
  UpdatedAt: '2026-11-24T09:00:00.000Z',
  CreatedAt: '2026-11-24T09:00:00.000Z',
  RecordState: 'ACTIVE',
  Workflow: { Status: 'NEW' },
  Compliance: { Status: 'FAILED', SecurityControlId: 'S3.4' },
  Resources: [bucket, ...more].map((id) => ({ Type: 'AwsS3Bucket', Id: `arn:aws:s3:::${id}`, Region: 'us-east-1', Partition: 'aws' })),
});
const bucket = (n: number) => `bucket-${String(n).padStart(4, '0')}`;
const buckets = (most: number) => Array.from({ length: most }, (_, n) => bucket(n));
const message = (findings: readonly object[], id = 'm-1') => ({
  Records: [{ messageId: id, eventSource: 'aws:sqs', eventSourceARN: `arn:aws:sqs:us-east-1:${ACCOUNT}:redress`, body: JSON.stringify({ findings }) }],
});

/** Delivers until it is acknowledged; what each delivery looked at. */
async function deliver(input: object, seconds = 60, over: Partial<Parameters<typeof createHandler>[0]> = {}): Promise<string[][]> {
  const deliveries: string[][] = [];
  for (let n = 0; n < 25; n++) {
    // Each time in another sandbox.
    const handler = createHandler({ remediators: [looker], policy, journal, connect, clock, logger: quiet, metrics: () => undefined, ...over });
    const ends = time + seconds * 1000;
    looks = [];
    const answer = (await handler(input, { getRemainingTimeInMillis: () => ends - time })) as BatchResponse;
    deliveries.push(looks);
    expect(time).toBeLessThan(ends);
    if (answer.batchItemFailures.length === 0) return deliveries;
    time += 360_000;
  }
  throw new Error('It never ends.');
}

it('each delivery of 1,500 findings with 60 s begins where the one before ended, until all are done', async () => {
  const deliveries = await deliver(message(buckets(1500).map((id) => finding(id))));
  // 25 s of 200 ms each: 126 with the last one that was begun in time.
  expect(deliveries.map((each) => each.length)).toEqual([...Array<number>(11).fill(126), 114]);
  expect(deliveries.flat()).toEqual(buckets(1500));
});

it('the same findings continue as another message out of the dead letters; they are evaluated again when sent again after they were handled', async () => {
  const findings = buckets(300).map((id) => finding(id));
  const handler = createHandler({ remediators: [looker], policy, journal, connect, clock, logger: quiet, metrics: () => undefined });
  const ends = time + 60_000;
  await handler(message(findings), { getRemainingTimeInMillis: () => ends - time });
  expect(looks).toHaveLength(126);
  expect((await deliver(message(findings, 'm-2'))).flat()).toEqual(buckets(300).slice(126));
  expect((await deliver(message(findings, 'm-3'))).flat()).toEqual(buckets(300));
  // 15 days later no queue holds what was left.
  const other = [...findings].reverse();
  const late = time + 60_000;
  await handler(message(other), { getRemainingTimeInMillis: () => late - time });
  time += 15 * 86_400_000;
  expect((await deliver(message(other))).flat()).toHaveLength(300);
});

it('resources to retry come after all that were not yet checked', async () => {
  const failing: Remediator = {
    ...looker,
    observe: async (args) => {
      await looker.observe(args);
      // Throttled for the first half hour.
      if (args.resource.id < bucket(5) && time < Date.parse('2026-11-24T10:30:00Z')) throw new RedressError('aws/throttled', 'slow down', { retryable: true });
      return { state: {}, tags: {} };
    },
  };
  look = (id) => (id < bucket(5) ? 5000 : 1000);
  const deliveries = await deliver(message(buckets(60).map((id) => finding(id))), 60, { remediators: [failing] });
  const counts = new Map<string, number>();
  for (const id of deliveries.flat()) counts.set(id, (counts.get(id) ?? 0) + 1);
  expect(buckets(60).filter((id) => (counts.get(id) ?? 0) > 1)).toEqual(buckets(5));
  expect(deliveries.slice(0, 4).map((each) => [each[0], each.at(-1)])).toEqual([
    [bucket(0), bucket(5)],
    [bucket(6), bucket(31)],
    [bucket(32), bucket(57)],
    [bucket(58), bucket(4)],
  ]);
});

it('the resources of one finding are checked in the same way', async () => {
  look = () => 4000;
  const [first, ...more] = buckets(20);
  const deliveries = await deliver(message([finding(first ?? '', ...more)]));
  expect(deliveries.flat()).toEqual(buckets(20));
  expect(deliveries.map((each) => each.length)).toEqual([7, 7, 6]);
});

it('a check that takes all the time still counts as one step', async () => {
  look = () => 29_000;
  const deliveries = await deliver(message(buckets(3).map((id) => finding(id))));
  expect(deliveries).toEqual(buckets(3).map((id) => [id]));
});

it('advances by at least one resource, even with hardly any time', async () => {
  const deliveries = await deliver(message(buckets(3).map((id) => finding(id))), 31);
  expect(deliveries).toEqual(buckets(3).map((id) => [id]));
});

it('names every message that was not begun when several arrive as one input', async () => {
  look = () => 30_000;
  const engine = createRedress({ remediators: [looker], policy, journal, connect, clock });
  const input = { Records: buckets(4).flatMap((id) => message([finding(id)], id).Records) };
  const first = await engine.handle(input, { deadline: time + 90_000 });
  expect(looks).toEqual(buckets(2));
  expect(first.retry).toEqual([bucket(2), bucket(3)]);
  expect(first.results.map((each) => [each.passes.length, each.retryable])).toEqual([
    [1, false],
    [1, false],
    [0, true],
    [0, true],
  ]);
  expect(first.counted).toEqual({});
});

it('a process that ends without notice loses the progress of at most a hundred resources', async () => {
  const dying: Remediator = {
    ...looker,
    observe: (args) => {
      if (args.resource.id === bucket(250)) throw new Error('dead');
      return looker.observe(args);
    },
  };
  const dead: Journal = { ...bound(journal) };
  // From the record of the hundredth on, nothing is written any more but decisions.
  let kept = 0;
  dead.append = (entry) => (entry.kind === 'sweep' && ++kept > 2 ? Promise.reject(new RedressError('journal/unavailable', 'gone')) : journal.append(entry));
  const engine = createRedress({ remediators: [dying], policy, journal: dead, connect, clock });
  await engine.handle(message(buckets(300).map((id) => finding(id))), { deadline: time + 3_600_000 });
  expect(kept).toBeGreaterThan(2);
  expect((await deliver(message(buckets(300).map((id) => finding(id))), 900)).flat()).toEqual(buckets(300).slice(200));
});

it('records no progress of a message that is handled at once, and reads none for a single resource', async () => {
  let reads = 0;
  const counting: Journal = {
    ...bound(journal),
    read: (query) => {
      reads++;
      return journal.read(query);
    },
  };
  await deliver(message([finding('one')]), 300, { journal: counting });
  expect(reads).toBe(0);
  await deliver(message([finding('one'), finding('two')]), 300, { journal: counting });
  expect(reads).toBe(1);
  const kinds: string[] = [];
  for await (const { record } of journal.read({ all: true })) kinds.push(record.kind);
  expect(kinds).toEqual(['decision', 'decision', 'decision']);
});
