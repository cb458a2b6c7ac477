// Data that is kept for long: a journal with the layout before seals, documents that expire, and a check by hand.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey, rotateFolder, sealFolder, signerOf } from '@redress/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copies, type SealedFolder, sealedFolder, TRUST } from '../../evidence/test/support/ledgers.js';
import { SECRET, VERIFIER } from '../../evidence/test/support/sealing.js';
import { makeBundle, parseTrust, proveRecord, verifyBundle, verifyLedger, verifyProof } from './index.js';

const trust = parseTrust(TRUST);
const made = copies();
let root: string;
let kept: SealedFolder;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'redress-kept-'));
  kept = await sealedFolder({ rounds: 2 });
});
afterAll(() => {
  made.remove();
  for (const each of [root, kept.directory]) rmSync(each, { recursive: true, force: true });
});

it('a journal of the last version is sealed unchanged, and verifies', async () => {
  const directory = join(root, 'before-seals');
  cpSync(join(import.meta.dirname, '..', '..', 'evidence', 'test', 'fixtures', 'journal-0.1', 'folder'), directory, { recursive: true });
  // One of its executions was open when it was copied.
  const open = { status: 'incomplete', findings: [{ code: 'open-execution', resource: 'AWS::S3::Bucket open (111111111111, us-east-1)' }], records: 19 };
  expect(verifyLedger({ directory })).toMatchObject({ ...open, unsealed: 19, executions: 4, documents: 13 });
  const { secret, verifier } = generateKey('example.com/kept');
  await sealFolder({ directory, signer: signerOf(secret) });
  const own = { keys: [{ origin: 'example.com/kept', key: verifier, from: null, until: null }] };
  expect(verifyLedger({ directory, trust: own })).toMatchObject({ ...open, unsealed: 0, uncovered: [], checkpoint: { size: 20, seals: 1 } });
  expect(verifyProof(Buffer.from(proveRecord(directory, 'fixed/9').file), { trust: own })).toMatchObject({ status: 'intact', records: [{ seq: 9 }] });
});

it('a replaced key is in the trust file, and so is its successor', async () => {
  const directory = made.copy(kept);
  const next = generateKey('example.com/redress');
  const later = Date.UTC(2026, 5, 1);
  const options = { directory, clock: { now: () => later } };
  await rotateFolder({ ...options, signer: signerOf(SECRET), next: signerOf(next.secret), by: 'alice', reason: 'yearly' });
  await sealFolder({ ...options, signer: signerOf(next.secret), replaced: [VERIFIER] });
  const key = (of: string, from: string | null, until: string | null) => ({ origin: 'example.com/redress', key: of, from, until });
  const both = { keys: [key(VERIFIER, null, '2026-06-01T00:00:01Z'), key(next.verifier, '2026-06-01T00:00:00Z', null)] };
  const early = [{ name: 'kept', note: Buffer.from(kept.checkpoints[0] ?? '') }];
  expect(verifyLedger({ directory, trust: both, copies: early })).toMatchObject({ status: 'intact', compared: 1, checkpoint: { seals: 6 } });
  // It was announced: trust in the previous key extends to this one.
  expect(verifyLedger({ directory, trust })).toMatchObject({ status: 'intact', firstBad: null });
  const over = { keys: [key(VERIFIER, null, null), key(next.verifier, null, '2026-06-01T00:00:00Z')] };
  expect(verifyLedger({ directory, trust: over })).toMatchObject({ status: 'untrusted', firstBad: { code: 'key-out-of-time' } });
});

describe('a document after its retention', () => {
  it('has expired, which is not an error; a younger one is missing', async () => {
    const directory = made.copy(kept);
    // Two days after the records.
    await sealFolder({
      directory,
      signer: signerOf(SECRET),
      clock: { now: () => Date.UTC(2026, 0, 4, 12) },
    });
    const names = readdirSync(join(directory, 'blobs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
    for (const name of names) rmSync(join(directory, 'blobs', name));
    const without = verifyLedger({ directory, trust });
    expect([without.status, without.expired, new Set(without.findings.map(({ code }) => code))]).toEqual(['incomplete', 0, new Set(['missing-document'])]);
    expect(verifyLedger({ directory, trust, retention: 1 })).toMatchObject({ status: 'intact', expired: 13, documents: 0, findings: [] });
    expect(verifyLedger({ directory, trust, retention: 3 })).toMatchObject({ status: 'incomplete', expired: 0 });
    expect(verifyBundle(Buffer.from(makeBundle(directory, { records: ['a/1'] }).file), { trust })).toMatchObject({
      status: 'incomplete',
      records: [{ seq: 1 }],
    });
    // An existing document with other content has not expired.
    writeFileSync(join(directory, 'blobs', names[0] ?? ''), '{}');
    expect(verifyLedger({ directory, trust, retention: 1 })).toMatchObject({ status: 'tampered', firstBad: { code: 'changed-document' } });
  });
});

it('the manual verification on the page works', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'verify.md'), 'utf8');
  const [, script = ''] = /```sh by-hand\n([\s\S]*?)```/.exec(page) ?? [];
  const [, said = ''] = /It prints:\n\n```text\n([\s\S]*?)```/.exec(page) ?? [];
  const directory = made.copy(kept);
  const streams = readdirSync(join(directory, 'streams'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));
  const stream = `streams/${streams.find((name) => readFileSync(join(directory, 'streams', name), 'utf8').includes('"id":"b"'))}`;
  const run = () => {
    const T = mkdtempSync(join(root, 'hand-'));
    return execFileSync('bash', ['-c', script], {
      env: { ...process.env, EVIDENCE: directory, KEY: VERIFIER, STREAM: stream, SEQ: '1', T },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  };
  expect(run()).toBe(said);
  // Each of the steps can fail, too.
  const change = (file: string, find: string, by: string) => {
    const good = readFileSync(join(directory, file), 'latin1');
    expect(good).toContain(find);
    writeFileSync(join(directory, file), good.replace(find, by), 'latin1');
    expect(run).toThrow();
    writeFileSync(join(directory, file), good, 'latin1');
  };
  change('ledger/checkpoint', 'example.com/redress\n', 'example.org/redress\n');
  change(stream, 'seen b', 'fine b');
  const [tile = ''] = readdirSync(join(directory, 'ledger', 'tile', '0'), { recursive: true, encoding: 'utf8' }).filter((name) => !name.endsWith('.p'));
  const bytes = readFileSync(join(directory, 'ledger', 'tile', '0', tile), 'latin1');
  change(`ledger/tile/0/${tile}`, bytes.slice(0, 8), 'changed!');
  expect(run()).toBe(said);
});
