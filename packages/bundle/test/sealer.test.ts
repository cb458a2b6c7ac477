// The function of the sealer, by the variables that its template sets, on the emulator. The emulator knows no Ed25519 keys: requests to KMS go to keys
// here that really sign, over HTTP with the SDK's own client, and all others to the emulator.
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type Journal, resource } from '@redress/core';
import { awsJournal, exportJournal, JOURNAL_TABLE } from '@redress/evidence/aws';
import { parseTrust, verifyLedger } from '@redress/verify';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { logOfEachTest } from '../../../tests/support/lambda-log.js';
import { fromEnvironment } from '../src/runtime.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Endpoint of the AWS emulator. */
    moto: string;
  }
}

logOfEachTest();
const moto = inject('moto');
const ORIGIN = 'example.com/redress';
const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' };
const arn = (id: string) => `arn:aws:kms:us-east-1:111111111111:key/${id}`;
const keys = new Map(['1', '2', '3'].map((id) => [arn(id), generateKeyPairSync('ed25519')]));
/** Which key was asked to sign a checkpoint of how many entries. */
const signed: string[] = [];
/** Keys that are deleted. */
const gone = new Set<string>();

let server: Server;
let endpoint: string;
beforeAll(async () => {
  server = createServer((incoming, answer) => {
    const target = String(incoming.headers['x-amz-target'] ?? '');
    if (!target.startsWith('TrentService.')) {
      const url = new URL(incoming.url ?? '/', moto);
      incoming.pipe(
        request(url, { method: incoming.method, headers: incoming.headers }, (found) => {
          answer.writeHead(found.statusCode ?? 500, found.headers);
          found.pipe(answer);
        }),
      );
      return;
    }
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const asked = JSON.parse(Buffer.concat(chunks).toString()) as { KeyId: string; Message?: string; SigningAlgorithm?: string; MessageType?: string };
      const key = keys.get(asked.KeyId);
      const say = (status: number, body: object) => {
        answer.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
        answer.end(JSON.stringify(body));
      };
      if (key === undefined || gone.has(asked.KeyId)) return say(400, { __type: 'NotFoundException', message: `Key ${asked.KeyId} does not exist` });
      if (target === 'TrentService.GetPublicKey')
        return say(200, {
          ...{ KeyId: asked.KeyId, KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY', SigningAlgorithms: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'] },
          PublicKey: key.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
        });
      if (asked.SigningAlgorithm !== 'ED25519_SHA_512' || asked.MessageType !== 'RAW') return say(400, { __type: 'ValidationException', message: 'no' });
      const message = Buffer.from(asked.Message ?? '', 'base64');
      signed.push(`${asked.KeyId.slice(-1)}:${message.toString().split('\n')[1]}`);
      const Signature = sign(null, message, createPrivateKey(key.privateKey.export({ format: 'pem', type: 'pkcs8' }))).toString('base64');
      return say(200, { KeyId: asked.KeyId, SigningAlgorithm: 'ED25519_SHA_512', Signature });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
  vi.stubEnv('AWS_REGION', 'us-east-1');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

let name: string;
let journal: Journal;
let last: number;
beforeEach(async () => {
  name = `sealer-${crypto.randomUUID().slice(0, 8)}`;
  const at = { endpoint: moto, region: 'us-east-1', credentials };
  const { TimeToLiveSpecification: _, ...table } = JOURNAL_TABLE;
  await new DynamoDBClient(at).send(new CreateTableCommand({ ...structuredClone(table), TableName: name } as unknown as CreateTableCommand['input']));
  await new S3Client({ ...at, forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: true }));
  journal = awsJournal({ table: name, bucket: name, ...at });
  signed.length = 0;
  gone.clear();
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
  const env = { REDRESS_TABLE: name, REDRESS_BUCKET: name, REDRESS_LOCK_DAYS: '1', REDRESS_SEAL_KEY: arn('1'), REDRESS_SEAL_ORIGIN: ORIGIN };
  // What a template leaves empty is set, and empty.
  const empty = { REDRESS_SEAL_NEXT_KEY: '', REDRESS_SEAL_ROTATION_BY: '', REDRESS_SEAL_ROTATION_REASON: '', REDRESS_DOCUMENTS_DAYS: '0' };
  return fromEnvironment({ remediators: [] }, { ...env, ...empty, AWS_ENDPOINT_URL: endpoint, _HANDLER: 'index.seal', ...more }).seal;
}
const CHANGE = { REDRESS_SEAL_NEXT_KEY: arn('2'), REDRESS_SEAL_ROTATION_BY: 'alice', REDRESS_SEAL_ROTATION_REASON: 'yearly' };

const copied = (directory: string) => exportJournal({ table: name, bucket: name, endpoint: moto, region: 'us-east-1', credentials, directory });

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
  it('replaces its key once, seals with the next one from then on, and needs the old one no more', async () => {
    await recorded();
    expect(await sealer()()).toMatchObject({ number: 1, records: 1, size: 2, made: 'sealed' });
    await recorded();
    const changing = sealer(CHANGE);
    const done = await changing();
    // One seal under the old key that announces the next one, and one of the next key.
    expect(done).toMatchObject({ number: 3, size: 5, made: 'sealed' });
    const { from, to, since } = done.rotated ?? { from: '', to: '', since: '' };
    expect([from, to].every((each) => each.startsWith(`${ORIGIN}+`)) && from !== to && since !== '').toBe(true);
    expect(signed).toEqual(['1:2', '2:0', '1:4', '2:5']);
    // Called again it replaces nothing, and seals what came since.
    await recorded();
    expect(await changing()).toMatchObject({ number: 4, records: 1, size: 7, rotated: { from, to, since } });
    expect(signed.filter((each) => each.startsWith('1:'))).toEqual(['1:2', '1:4']);
    gone.add(arn('1'));
    await recorded();
    expect(await sealer({ REDRESS_SEAL_KEY: arn('2') })()).toMatchObject({ number: 5, records: 1, size: 9 });
    const report = await verified(from);
    expect(report).toMatchObject({ status: 'intact', findings: [], unsealed: 0, rotations: [{ number: 1, from, to, since, by: 'alice', reason: 'yearly' }] });
    // Deployed with the old key once more it signs nothing.
    gone.clear();
    const before = signed.length;
    await expect(sealer({ REDRESS_SEAL_REPLACED: to })()).rejects.toMatchObject({ code: 'ledger/key' });
    await expect(sealer({ REDRESS_SEAL_KEY: arn('3') })()).rejects.toMatchObject({ code: 'ledger/corrupt' });
    expect(signed).toHaveLength(before);
  });

  it('moves documents into an archive for each seal, locked for so long', async () => {
    await recorded();
    expect(await sealer()()).toMatchObject({ number: 1 });
    await recorded();
    expect(await sealer({ REDRESS_DOCUMENTS_DAYS: '400' })()).toMatchObject({ number: 2, records: 1 });
    const s3 = new S3Client({ endpoint: moto, region: 'us-east-1', credentials, forcePathStyle: true });
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

  it('does not start with a rotation that nobody answers for, or with days that are not a number', () => {
    for (const missing of ['REDRESS_SEAL_ROTATION_BY', 'REDRESS_SEAL_ROTATION_REASON'])
      expect(() => sealer({ ...CHANGE, [missing]: ' ' })).toThrowError(
        expect.objectContaining({ code: 'compose/invalid', message: expect.stringContaining(missing) }),
      );
    for (const days of ['-1', '1.5', '40000', 'ten', '0x10'])
      expect(() => sealer({ REDRESS_DOCUMENTS_DAYS: days })).toThrowError(
        expect.objectContaining({ code: 'compose/invalid', message: expect.stringContaining('REDRESS_DOCUMENTS_DAYS') }),
      );
  });
});
