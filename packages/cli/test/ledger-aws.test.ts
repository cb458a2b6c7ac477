// A ledger on AWS from the command line: a KMS key, seals, copies of checkpoints, and what is found when somebody changes it. On ministack, whose KMS
// knows Ed25519.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DeleteItemCommand, DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateBucketCommand, DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { resource } from '@redress/core';
import { awsJournal, JOURNAL_TABLE } from '@redress/evidence/aws';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Enforced, startMinistack } from '../../../tests/support/ministack.js';
import { command } from './support/command.js';

let server: Enforced;
let directory: string;
let config: { region: string; endpoint: string; credentials: { accessKeyId: string; secretAccessKey: string } };
let names = 0;
const before = { ...process.env };

beforeAll(async () => {
  server = await startMinistack();
  config = { region: 'us-east-1', endpoint: server.endpoint, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } };
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'testing', AWS_SECRET_ACCESS_KEY: 'testing' });
});
afterAll(async () => {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  await server?.close();
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-ledger-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const redress = async (...argv: string[]) => {
  const { exit, out, err } = await command([...argv, '--region', 'us-east-1', '--endpoint-url', server.endpoint], directory, {}, []);
  return { exit, out, err, json: argv.includes('--json') ? (JSON.parse(out) as Record<string, unknown>) : {} };
};

/** A journal with two records, its place for `--journal`, and a KMS key. */
async function made() {
  const name = `redress-${names++}`;
  const { TimeToLiveSpecification: _, ...table } = JOURNAL_TABLE;
  const [dynamodb, s3, kms] = [new DynamoDBClient(config), new S3Client({ ...config, forcePathStyle: true }), new KMSClient(config)];
  await dynamodb.send(new CreateTableCommand({ ...structuredClone(table), TableName: name } as unknown as CreateTableCommand['input']));
  await s3.send(new CreateBucketCommand({ Bucket: name }));
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' }));
  const record = async (...ids: string[]) => {
    const journal = awsJournal({ table: name, bucket: name, ...config });
    for (const id of ids)
      await journal.append({
        ...{ kind: 'decision', resource: resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' }) },
        ...{ remediator: 'r', body: { message: 'seen' }, documents: { state: { id } } },
      });
    await journal.close?.();
  };
  await record('a', 'b');
  const objects = async () => (await s3.send(new ListObjectsV2Command({ Bucket: name }))).Contents?.map(({ Key }) => Key ?? '') ?? [];
  return { name, journal: ['--journal', `aws:${name}/${name}`], key: KeyMetadata?.Arn ?? '', dynamodb, s3, record, objects };
}

it('is sealed with a KMS key, and verified from a copy', async () => {
  const { name, journal, key, s3, record, objects } = await made();
  expect(await redress('evidence', 'key', '--origin', 'example.com/redress', '--kms', key, '--json')).toMatchObject({
    exit: 0,
    json: { origin: 'example.com/redress', kms: key, trust: 'redress.trust.json' },
  });
  expect(readdirSync(directory)).toEqual(['redress.trust.json']);
  // It replaces none, and one that is of another kind is refused.
  expect((await redress('evidence', 'key', '--origin', 'example.com/redress', '--kms', key)).exit).toBe(2);
  const sealed = await redress('evidence', 'seal', ...journal, '--kms', key, '--anchor', 'kept', `s3://${name}/witness`);
  expect([sealed.exit, sealed.out]).toEqual([0, expect.stringContaining('seal 1 of example.com/redress, 2 records, 3 entries in all')]);
  const copy = readFileSync(join(directory, 'kept', 'example.com_redress', '000000000000003.checkpoint'), 'utf8');
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: name, Key: 'ledger/checkpoint' }));
  expect(await Body?.transformToString()).toBe(copy);
  expect(await objects()).toContain('witness/example.com_redress/000000000000003.checkpoint');
  await record('a');
  expect(await redress('evidence', 'seal', ...journal, '--kms', key, '--json')).toMatchObject({
    exit: 0,
    json: { made: 'sealed', size: 5, seal: { number: 2, records: 1 }, skipped: [], anchored: 0, notAnchored: [] },
  });
  expect(await redress('evidence', 'verify', ...journal, '--checkpoint', 'kept/example.com_redress/000000000000003.checkpoint', '--json')).toMatchObject({
    exit: 0,
    json: { status: 'intact', records: 3, unsealed: 0, checkpoint: { size: 5, seals: 2 } },
  });
});

it('reports which copy was not stored, and still seals', async () => {
  const { journal, key } = await made();
  await redress('evidence', 'key', '--origin', 'o', '--kms', key);
  const sealed = await redress('evidence', 'seal', ...journal, '--kms', key, '--anchor', 's3://redress-no-such-bucket', 'redress.trust.json', 'kept', '--json');
  expect(sealed).toMatchObject({
    exit: 1,
    json: { made: 'sealed', anchored: 1, notAnchored: [{ anchor: 's3://redress-no-such-bucket/' }, { anchor: join(directory, 'redress.trust.json') }] },
  });
  expect(readdirSync(join(directory, 'kept', 'o'))).toEqual(['000000000000003.checkpoint']);
});

it('restores what a table lost, reports it, and names the stream that has diverged', async () => {
  const { name, journal, key, dynamodb, s3, record } = await made();
  await redress('evidence', 'key', '--origin', 'o', '--kms', key);
  await redress('evidence', 'seal', ...journal, '--kms', key);
  const itemsOf = async () => (await dynamodb.send(new ScanCommand({ TableName: name, ConsistentRead: true }))).Items ?? [];
  const early = await itemsOf();
  await record('a', 'b', 'new', 'new');
  await redress('evidence', 'seal', ...journal, '--kms', key, '--documents-days', '400');
  // As a restoration to an earlier time leaves it.
  const setBack = async () => {
    for (const { pk, sk } of await itemsOf())
      if (pk !== undefined && sk !== undefined) await dynamodb.send(new DeleteItemCommand({ TableName: name, Key: { pk, sk } }));
    for (const Item of early) await dynamodb.send(new PutItemCommand({ TableName: name, Item }));
  };
  await setBack();
  expect(await redress('evidence', 'verify', ...journal, '--json')).toMatchObject({ exit: 1, json: { firstBad: { code: 'missing-record' } } });
  const back = await redress('evidence', 'restored', ...journal, '--reason', 'INC-1');
  expect([back.exit, back.out]).toEqual([
    0,
    expect.stringContaining('written back  4 records of 3 streams, from the sealed entries, and 4 documents, from archives of seals'),
  ]);
  expect(await redress('evidence', 'verify', ...journal, '--json')).toMatchObject({ exit: 0, json: { records: 6, unsealed: 0, checkpoint: { size: 8 } } });
  // Without the archive their documents are gone: who says that the table may be used hears of each.
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: name, Key: 'ledger/documents/000000000002.zip' }));
  const archive = await Body?.transformToByteArray();
  await s3.send(new DeleteObjectCommand({ Bucket: name, Key: 'ledger/documents/000000000002.zip' }));
  await setBack();
  const without = await redress('evidence', 'restored', ...journal, '--reason', 'INC-1');
  expect([without.exit, without.out]).toEqual([
    1,
    expect.stringMatching(/document lost {2}\w+ of record 2 of stream sha256:\S+ \(sha256:\S+\): its archive was kept until 20\S+Z, and does not contain it/),
  ]);
  expect(without.out).toContain('accepted');
  await s3.send(new PutObjectCommand({ Bucket: name, Key: 'ledger/documents/000000000002.zip', Body: archive ?? new Uint8Array() }));
  await setBack();
  await record('a');
  const forked = await redress('evidence', 'restored', ...journal, '--reason', 'INC-2', '--json');
  expect(forked).toMatchObject({ exit: 1, json: { by: expect.any(String), reason: 'INC-2', records: 3, streams: 2, refused: [{ seq: 2 }] } });
  // Another key than the one that has sealed is not trusted.
  await setBack();
  await redress('evidence', 'key', '--origin', 'o', '--out', 'other.key', '--trust', 'other.json');
  expect(await redress('evidence', 'restored', ...journal, '--reason', 'INC-3', '--trust', 'other.json', '--json')).toMatchObject({
    json: { error: { code: 'ledger/corrupt' } },
  });
});

it('detects a stream that was removed from the table, and a log that was removed from the bucket', async () => {
  const { name, journal, key, dynamodb, s3, objects } = await made();
  await redress('evidence', 'key', '--origin', 'o', '--kms', key);
  await redress('evidence', 'seal', ...journal, '--kms', key);
  const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: name }));
  const [stream] = Items.map(({ pk }) => pk?.S ?? '').filter((pk) => pk.startsWith('stream#'));
  for (const { pk, sk } of Items)
    if (pk?.S === stream && sk !== undefined) await dynamodb.send(new DeleteItemCommand({ TableName: name, Key: { pk: { S: stream ?? '' }, sk } }));
  expect(await redress('evidence', 'verify', ...journal, '--json')).toMatchObject({ exit: 1, json: { status: 'tampered', records: 1 } });
  for (const Key of await objects()) await s3.send(new DeleteObjectCommand({ Bucket: name, Key }));
  expect((await redress('evidence', 'verify', ...journal)).exit).not.toBe(0);
});

it.each([[['--kms', 'k', '--key', 'f']], [['--kms', 'k']], [['--kms', 'k', '--origin', 'o', '--anchor', 's3:/x']], [['--lock-days', '0']]])(
  'refuses %j',
  async (argv) => {
    const refused = await redress('evidence', 'seal', '--journal', 'aws:t/bucket', ...argv, '--json');
    expect(refused).toMatchObject({ exit: 2, json: { error: { code: 'cli/usage' } } });
  },
);
