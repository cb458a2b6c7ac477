// The journal on servers that keep what they acknowledge under concurrency, with clients that send at once: its contract, races, and locks.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { CreateKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { HeadObjectCommand, ListObjectVersionsCommand, PutObjectCommand, PutObjectRetentionCommand } from '@aws-sdk/client-s3';
import { kmsSigner, sealAws } from '@redress/evidence/aws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Made, type Servers, servers } from '../../packages/evidence/test/support/emulator.js';
import { ledgerOnAws } from '../../packages/evidence/test/support/ledger-aws.js';
import { describeLedger } from '../../packages/evidence/test/support/ledger-contract.js';
import { describeOnAws } from '../../packages/evidence/test/support/on-aws.js';
import { HOUR, opened, ref, request, verified, type World } from '../../packages/evidence/test/support/world.js';
import { folderOf } from '../../scripts/setup.mjs';
import { type Enforced, startMinistack } from '../support/ministack.js';
import type { Server } from '../support/server.js';
import { locksInTurn, startVersitygw } from './support/versitygw.js';

const DAY = 24 * HOUR;
const WRITERS = 32;
let dynamodb: Enforced;
let s3: Server;
let aws: Servers;

beforeAll(async () => {
  dynamodb = await startMinistack();
  s3 = await startVersitygw();
  aws = servers({ dynamodb: dynamodb.endpoint, s3: s3.endpoint });
});
afterAll(async () => {
  await s3?.close();
  await dynamodb?.close();
});

describeOnAws('ministack and versitygw', () => aws);
// What is locked nobody deletes: that no sealer wants to, shows here.
describeLedger('ministack and versitygw', async () => {
  const { table, bucket, remove } = await aws.make({ lock: true });
  return ledgerOnAws({ table, bucket, clients: aws.clients }, remove, { lockDays: 1 });
});

it('signs checkpoints with a KMS key that the original library of signed notes accepts', async ({ task }) => {
  const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' };
  const client = new KMSClient({ region: 'us-east-1', endpoint: dynamodb.endpoint, credentials });
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' }));
  const signer = await kmsSigner({ key: KeyMetadata?.Arn ?? '', origin: 'example.com/redress', client });
  const { table, bucket, remove } = await aws.make({ lock: true });
  const { clients } = aws;
  await opened({ table, bucket, clients }).append({ kind: 'decision', resource: ref(), remediator: 'r', body: {} });
  const { checkpoint, size } = await sealAws({ table, bucket, clients, signer, settle: 0, lockDays: 1 });
  expect(size).toBe(2);
  const { status, stdout } = spawnSync(join(folderOf('sumdb-note'), 'note'), ['open', signer.verifier], { input: checkpoint, encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, checkpoint.slice(0, checkpoint.indexOf('\n\n') + 1)]);
  // The other algorithm hashes the digest once more.
  await expect(
    client.send(new SignCommand({ KeyId: KeyMetadata?.Arn, Message: Buffer.from('x'), MessageType: 'DIGEST', SigningAlgorithm: 'ED25519_SHA_512' })),
  ).rejects.toThrow('RAW');
  await remove();
  task.meta.said = 'sumdb/note opens a checkpoint that a KMS key has signed';
});

/** As many journals as there are writers, none of which knows of another. */
const writers = (world: World, more = {}) => Array.from({ length: WRITERS }, () => opened(world, more));
const among = (results: readonly { readonly status: string }[], status: string) => results.filter((each) => each.status === status).length;

/** What heads say that there is, and what there is: by stream, the numbers of its records. */
async function streams({ table, clients }: World) {
  const found = new Map<string, { head: number; records: number[] }>();
  let from: object | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = (await clients.dynamodb.send(
      new ScanCommand({ TableName: table, ConsistentRead: true, ...(from === undefined ? {} : { ExclusiveStartKey: from as never }) }) as never,
    )) as { Items?: Record<string, { S?: string; N?: string }>[]; LastEvaluatedKey?: object };
    for (const { pk, sk, seq } of Items) {
      if (!pk?.S?.startsWith('stream#')) continue;
      const stream = found.get(pk.S) ?? { head: 0, records: [] };
      if (sk?.S === 'head') stream.head = Number(seq?.N);
      if (sk?.S?.startsWith('record#')) stream.records.push(Number(sk.S.slice('record#'.length)));
      found.set(pk.S, stream);
    }
    from = LastEvaluatedKey;
  } while (from !== undefined);
  return [...found.values()].map(({ head, records }) => ({ head, records: records.sort((a, b) => a - b) }));
}
const upTo = (count: number) => ({ head: count, records: Array.from({ length: count }, (_, index) => index + 1) });

describe(`${WRITERS} writers at once, each with a journal of its own`, () => {
  let made: Made;
  let world: World;
  const fresh = async (options = {}) => {
    made = await aws.make(options);
    world = { table: made.table, bucket: made.bucket, clients: aws.clients };
  };

  it('begin one execution of a resource, twenty times', async ({ task }) => {
    await fresh();
    const journals = writers(world);
    let begun = 0;
    for (let round = 0; round < 20; round++) {
      const results = await Promise.all(journals.map((journal) => journal.begin(request('a', { generation: round }))));
      expect([among(results, 'begun'), among(results, 'busy')]).toEqual([1, 31]);
      begun += among(results, 'begun');
      for (const [index, result] of results.entries())
        if (result.status === 'begun')
          await journals[index]?.finish({ resource: ref('a'), remediator: 'r', lease: result.lease, outcome: 'remediated', sent: 1, body: {} });
    }
    expect(await streams(world)).toEqual([upTo(40)]);
    expect(await verified(world)).toMatchObject({ cut: [], tampered: [], report: { status: 'intact', records: 40, openExecutions: 0 } });
    task.meta.said = `20 rounds of ${WRITERS} writers that begin: ${begun} begun`;
    await made.remove();
  });

  it('append without gap or fork', async ({ task }) => {
    await fresh();
    const kept = await Promise.all(
      writers(world).map(async (journal, writer) => {
        const seqs: number[] = [];
        for (let n = 0; n < 3; n++) {
          const body = { writer, n };
          seqs.push((await journal.append({ kind: 'decision', resource: ref('shared'), remediator: 'r', body })).seq);
          await journal.append({ kind: 'decision', resource: ref(`own-${writer}`), remediator: 'r', body });
        }
        return seqs;
      }),
    );
    // Each was given a number of its own, in its order, and what was acknowledged is there.
    expect(kept.flat().sort((a, b) => a - b)).toEqual(upTo(96).records);
    for (const seqs of kept) expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect((await streams(world)).sort((a, b) => a.head - b.head)).toEqual([...Array.from({ length: WRITERS }, () => upTo(3)), upTo(96)]);
    expect(await verified(world)).toMatchObject({ cut: [], tampered: [], report: { status: 'intact', streams: 33, records: 192 } });
    const said = new Set<string>();
    for await (const { record } of opened(world).read({ resource: ref('shared') })) said.add(`${record.body['writer']}/${record.body['n']}`);
    expect(said.size).toBe(96);
    task.meta.said = '192 records of 32 writers on 33 streams: none lost, none twice';
    await made.remove();
  });

  it('never exceed a limit, and use again what was returned', async () => {
    await fresh();
    const budgets = [
      { key: 'account=111111111111', changes: 7, window: HOUR },
      { key: 'remediator=r', changes: 5, window: HOUR },
    ];
    const journals = writers(world);
    const results = await Promise.all(journals.map((journal, index) => journal.begin(request(`r-${index}`, { budgets }))));
    expect([among(results, 'begun'), among(results, 'over-budget')]).toEqual([5, 27]);
    // Two of the five sent nothing.
    let sent = 0;
    await Promise.all(
      results.map(async (result, index) => {
        if (result.status !== 'begun') return;
        const outcome = sent++ < 3 ? ({ outcome: 'remediated', sent: 1 } as const) : ({ outcome: 'failed', sent: 0 } as const);
        await journals[index]?.finish({ resource: ref(`r-${index}`), remediator: 'r', lease: result.lease, body: {}, ...outcome });
      }),
    );
    const again = await Promise.all(journals.map((journal, index) => journal.begin(request(`s-${index}`, { budgets }))));
    expect([among(again, 'begun'), among(again, 'over-budget')]).toEqual([2, 30]);
    expect(await verified(world)).toMatchObject({ cut: [], tampered: [], report: { status: 'incomplete', records: 12, openExecutions: 2 } });
    await made.remove();
  });

  it('use an approval once', async () => {
    await fresh();
    const journals = writers(world);
    const entry = { resource: ref(), remediator: 'r' };
    const approval = { id: 'a-1', planDigest: request('a').planDigest, discharges: [], fresh: false, expires: Date.now() + DAY, causedBy: null };
    await journals[0]?.append({ ...entry, kind: 'decision', body: { outcome: 'awaiting-approval', subjects: ['one'], approval } });
    const by = { name: 'arn:lead', verified: true };
    await journals[1]?.append({ ...entry, kind: 'approval', body: { approval: { id: 'a-1', verdict: 'approved', by } } });
    // The answer makes what was decided before it stale: each of them has seen it.
    const generation = (await journals[0]?.view(ref()))?.generation ?? 0;
    const results = await Promise.all(journals.map((journal) => journal.begin({ ...request('a', { approval: 'a-1' }), generation })));
    expect(among(results, 'begun')).toBe(1);
    expect(await streams(world)).toEqual([upTo(3)]);
    await made.remove();
  });

  it('take over once after a lease has ended', async () => {
    await fresh();
    let time = Date.parse('2026-11-24T10:00:00Z');
    const journals = writers(world, { clock: { now: () => time } });
    const old = await journals[0]?.begin(request('a'));
    if (old?.status !== 'begun') throw new Error(old?.status);
    time += 60_001;
    const results = await Promise.all(journals.map((journal) => journal.begin(request('a', { resume: old.lease.execution }))));
    expect(among(results, 'begun')).toBe(1);
    const late = { resource: ref(), remediator: 'r', lease: old.lease, outcome: 'remediated', sent: 1, body: {} } as const;
    await expect(journals[0]?.finish(late)).rejects.toMatchObject({ code: 'journal/lost-lease' });
    await made.remove();
  });

  it('store a document once, locked for the longest requested time', async ({ task }) => {
    await fresh({ lock: true });
    world = { ...world, clients: { ...world.clients, s3: locksInTurn(world.clients.s3) } };
    const before = Date.now();
    const text = 'x'.repeat(70_000);
    await Promise.all(
      Array.from({ length: WRITERS }, (_, writer) =>
        opened(world, { lockDays: writer + 1 }).append({
          kind: 'decision',
          resource: ref(`w-${writer}`),
          remediator: 'r',
          body: {},
          // Too large for the item of the record, alone and together.
          documents: { seen: { the: 'same', text }, own: { writer, text } },
        }),
      ),
    );
    const { Versions = [] } = (await aws.clients.s3.send(new ListObjectVersionsCommand({ Bucket: world.bucket }) as never)) as {
      Versions?: { Key: string; VersionId: string }[];
    };
    // One for all of them, and one each.
    expect(Versions).toHaveLength(33);
    expect(new Set(Versions.map(({ Key }) => Key)).size).toBe(33);
    const locks = await Promise.all(
      Versions.map(async ({ Key }) => {
        const head = (await aws.clients.s3.send(new HeadObjectCommand({ Bucket: world.bucket, Key }) as never)) as { ObjectLockRetainUntilDate?: Date };
        return Math.floor(((head.ObjectLockRetainUntilDate?.getTime() ?? 0) - before) / DAY);
      }),
    );
    expect(locks.sort((a, b) => a - b)).toEqual([...Array.from({ length: 32 }, (_, index) => index + 1), 32].sort((a, b) => a - b));
    expect(await verified(world)).toMatchObject({ cut: [], tampered: [], report: { status: 'intact', records: 32 } });
    task.meta.said = '33 documents of 32 writers, one of them the same for all: stored once, locked for the longest time asked for';
    await made.remove();
  });
});

// Without these what is above would show nothing.
describe('the judges', () => {
  it('let one of many create an object', async () => {
    const { bucket, remove } = await aws.make();
    const put = (n: number) => aws.clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: `${n}`, IfNoneMatch: '*' }) as never);
    const results = await Promise.allSettled(Array.from({ length: WRITERS }, (_, n) => put(n)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(results.flatMap((each) => (each.status === 'rejected' ? [each.reason.name] : []))).toEqual(Array.from({ length: 31 }, () => 'PreconditionFailed'));
    await remove();
  });

  it('refuse to make a lock shorter or weaker', async () => {
    const { bucket, remove } = await aws.make({ lock: true });
    const at = { Bucket: bucket, Key: 'k' };
    const until = (days: number) => new Date(Math.floor(Date.now() / 1000) * 1000 + days * DAY);
    const longest = until(10);
    await aws.clients.s3.send(new PutObjectCommand({ ...at, Body: 'x', ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: longest }) as never);
    for (const Retention of [
      { Mode: 'COMPLIANCE', RetainUntilDate: until(9) },
      { Mode: 'GOVERNANCE', RetainUntilDate: until(20) },
    ] as const)
      await expect(aws.clients.s3.send(new PutObjectRetentionCommand({ ...at, Retention }) as never)).rejects.toMatchObject({ name: 'AccessDenied' });
    const head = (await aws.clients.s3.send(new HeadObjectCommand(at) as never)) as { ObjectLockRetainUntilDate?: Date };
    expect(head.ObjectLockRetainUntilDate).toEqual(longest);
    await remove();
  });
});
