// The function of the sealer, by the variables that its template sets, on ministack, whose KMS knows Ed25519.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateKeyCommand, KMSClient, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import { CreateBucketCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type Journal, resource } from '@redress/core';
import { awsJournal, exportJournal, JOURNAL_TABLE } from '@redress/evidence/aws';
import { parseTrust, verifyLedger } from '@redress/verify';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { logOfEachTest } from '../../../tests/support/lambda-log.js';
import { type Enforced, startMinistack } from '../../../tests/support/ministack.js';
import { fromEnvironment } from '../src/runtime.js';

logOfEachTest();
const ORIGIN = 'example.com/redress';
const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' };

let server: Enforced;
let at: { readonly endpoint: string; readonly region: string; readonly credentials: typeof credentials };
beforeAll(async () => {
  server = await startMinistack();
  at = { endpoint: server.endpoint, region: 'us-east-1', credentials };
  vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
  vi.stubEnv('AWS_REGION', 'us-east-1');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

let name: string;
let journal: Journal;
let last: number;
/** Their ARNs. */
let keys: string[];
beforeEach(async () => {
  name = `sealer-${crypto.randomUUID().slice(0, 8)}`;
  const { TimeToLiveSpecification: _, ...table } = JOURNAL_TABLE;
  await new DynamoDBClient(at).send(new CreateTableCommand({ ...structuredClone(table), TableName: name } as unknown as CreateTableCommand['input']));
  await new S3Client({ ...at, forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: true }));
  journal = awsJournal({ table: name, bucket: name, ...at });
  keys = [];
  for (let key = 0; key < 3; key++) {
    const { KeyMetadata } = await new KMSClient(at).send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' }));
    keys.push(KeyMetadata?.Arn ?? '');
  }
  last = 0;
});

/** Records one decision, with a document. */
async function recorded(): Promise<void> {
  const id = `bucket-${last++}`;
  const ref = resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' });
  await journal.append({ kind: 'decision', resource: ref, remediator: 'r', body: { message: id }, documents: { state: { id } } });
}
/** The function, as a deployment with these variables starts it. */
function sealer(more: Readonly<Record<string, string>> = {}) {
  const env = { REDRESS_TABLE: name, REDRESS_BUCKET: name, REDRESS_LOCK_DAYS: '1', REDRESS_SEAL_KEY: keys[0] ?? '', REDRESS_SEAL_ORIGIN: ORIGIN };
  // What a template leaves empty is set, and empty.
  const empty = { REDRESS_SEAL_NEXT_KEY: '', REDRESS_SEAL_ROTATION_BY: '', REDRESS_SEAL_ROTATION_REASON: '', REDRESS_DOCUMENTS_DAYS: '0' };
  return fromEnvironment({ remediators: [] }, { ...env, ...empty, AWS_ENDPOINT_URL: at.endpoint, _HANDLER: 'index.seal', ...more }).seal;
}
const change = () => ({ REDRESS_SEAL_NEXT_KEY: keys[1] ?? '', REDRESS_SEAL_ROTATION_BY: 'alice', REDRESS_SEAL_ROTATION_REASON: 'yearly' });

const copied = (directory: string) => exportJournal({ table: name, bucket: name, ...at, directory });

/** What an auditor finds in a copy, who has the first key alone. */
async function verified(first: string) {
  const out = await mkdtemp(join(tmpdir(), 'redress-sealer-'));
  try {
    await copied(join(out, 'copy'));
    return verifyLedger({
      directory: join(out, 'copy'),
      trust: parseTrust(JSON.stringify({ keys: [{ origin: ORIGIN, key: first, from: null, until: null }] })),
    });
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

describe('the function of the sealer', () => {
  it('replaces its key once, seals with the next one from then on, and no longer needs the old one', async () => {
    await recorded();
    expect(await sealer()()).toMatchObject({ number: 1, records: 1, size: 2, made: 'sealed' });
    await recorded();
    const changing = sealer(change());
    const done = await changing();
    // One seal under the old key that announces the next one, and one of the next key.
    expect(done).toMatchObject({ number: 3, size: 5, made: 'sealed' });
    const { from, to, since } = done.rotated ?? { from: '', to: '', since: '' };
    expect([from, to].every((each) => each.startsWith(`${ORIGIN}+`)) && from !== to && since !== '').toBe(true);
    // Called again it replaces nothing, and seals what came since.
    await recorded();
    expect(await changing()).toMatchObject({ number: 4, records: 1, size: 7, rotated: { from, to, since } });
    // From here on nobody can sign with the old one.
    await new KMSClient(at).send(new ScheduleKeyDeletionCommand({ KeyId: keys[0] ?? '', PendingWindowInDays: 7 }));
    await recorded();
    expect(await sealer({ REDRESS_SEAL_KEY: keys[1] ?? '' })()).toMatchObject({ number: 5, records: 1, size: 9 });
    const report = await verified(from);
    expect(report).toMatchObject({ status: 'intact', findings: [], unsealed: 0, rotations: [{ number: 1, from, to, since, by: 'alice', reason: 'yearly' }] });
    await expect(sealer({ REDRESS_SEAL_KEY: keys[2] ?? '' })()).rejects.toMatchObject({ code: 'ledger/corrupt' });
    await expect(sealer()()).rejects.toMatchObject({ code: expect.stringMatching(/^ledger\/(unavailable|corrupt)$/) });
    expect(await verified(from)).toMatchObject({ status: 'intact', checkpoint: { size: 9 } });
  });

  it('signs nothing with a replaced key, even if it is deployed with that key again', async () => {
    await recorded();
    await sealer()();
    const { rotated } = await sealer(change())();
    await recorded();
    await expect(sealer({ REDRESS_SEAL_REPLACED: rotated?.to ?? '' })()).rejects.toMatchObject({ code: 'ledger/key' });
    expect(await verified(rotated?.from ?? '')).toMatchObject({ status: 'intact', unsealed: 1, checkpoint: { size: 4 } });
  });

  it('moves documents into an archive for each seal, locked for the configured time', async () => {
    await recorded();
    expect(await sealer()()).toMatchObject({ number: 1 });
    await recorded();
    expect(await sealer({ REDRESS_DOCUMENTS_DAYS: '400' })()).toMatchObject({ number: 2, records: 1 });
    const s3 = new S3Client({ ...at, forcePathStyle: true });
    const locked = await s3.send(new HeadObjectCommand({ Bucket: name, Key: 'ledger/documents/000000000002.zip' }));
    expect(locked.ObjectLockMode).toBe('COMPLIANCE');
    expect(Math.round(((locked.ObjectLockRetainUntilDate?.getTime() ?? 0) - Date.now()) / 86_400_000)).toBe(400);
    const out = await mkdtemp(join(tmpdir(), 'redress-sealer-'));
    await copied(join(out, 'copy'));
    const { findings, documents } = verifyLedger({ directory: join(out, 'copy') });
    expect(findings.map(({ code }) => code)).toEqual(['untrusted-key']);
    expect(documents).toBe(2);
    await rm(out, { recursive: true, force: true });
  });

  it('does not start with a rotation without a person, or with an invalid number of days', () => {
    for (const missing of ['REDRESS_SEAL_ROTATION_BY', 'REDRESS_SEAL_ROTATION_REASON'])
      expect(() => sealer({ ...change(), [missing]: ' ' })).toThrowError(
        expect.objectContaining({ code: 'compose/invalid', message: expect.stringContaining(missing) }),
      );
    for (const days of ['-1', '1.5', '40000', 'ten', '0x10'])
      expect(() => sealer({ REDRESS_DOCUMENTS_DAYS: days })).toThrowError(
        expect.objectContaining({ code: 'compose/invalid', message: expect.stringContaining('REDRESS_DOCUMENTS_DAYS') }),
      );
  });
});
