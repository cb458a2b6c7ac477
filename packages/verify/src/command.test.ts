import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey } from '@redress/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SealedFolder, sealedFolder, TRUST } from '../../evidence/test/support/ledgers.js';
import { runVerify } from './command.js';
import { parseTrust } from './index.js';

let kept: SealedFolder;
let root: string;
const run = async (...argv: string[]) => {
  let [out, err] = ['', ''];
  const exit = await runVerify(argv, { out: (text) => void (out += text), err: (text) => void (err += text) });
  return { exit, out, err };
};

beforeAll(async () => {
  kept = await sealedFolder({ rounds: 2 });
  root = mkdtempSync(join(tmpdir(), 'redress-verify-'));
  writeFileSync(join(root, 'trust.json'), TRUST);
  writeFileSync(join(root, 'other.json'), JSON.stringify({ keys: [{ origin: 'example.com/redress', key: generateKey('example.com/redress').verifier }] }));
  writeFileSync(join(root, 'early'), kept.checkpoints[0] ?? '');
});
afterAll(() => {
  for (const each of [root, kept.directory]) rmSync(each, { recursive: true, force: true });
});

describe('redress-verify', () => {
  it('reports that a ledger is intact, and what that does not show', async () => {
    const { exit, out, err } = await run(kept.directory, '--trust', join(root, 'trust.json'));
    expect([exit, err]).toEqual([0, '']);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(
        /^intact: 25 records in 4 streams, 13 documents; 28 entries of example\.com\/redress, 3 seals, the newest of 2026-01-02T00:\d\d:\d\d\.000Z$/,
      ) as string,
      expect.stringMatching(/^not shown: That a log was set back/) as string,
      expect.stringMatching(/^not shown: Whether records were true/) as string,
      '',
    ]);
    expect((await run(kept.directory, '--trust', join(root, 'trust.json'), '--checkpoint', join(root, 'early'))).exit).toBe(0);
  });

  it('exits with 3 if no trusted key has sealed it, and has the report as JSON', async () => {
    expect((await run(kept.directory)).exit).toBe(3);
    const { exit, out } = await run(kept.directory, '--trust', join(root, 'other.json'), '--json');
    expect(exit).toBe(3);
    expect(JSON.parse(out)).toMatchObject({ status: 'untrusted', firstBad: { code: 'untrusted-key', file: 'ledger/checkpoint' } });
  });

  it('has no control characters in its output', async () => {
    const checkpoint = join(kept.directory, 'ledger', 'checkpoint');
    const good = readFileSync(checkpoint, 'utf8');
    writeFileSync(checkpoint, good.replace(/^example/, 'ex\u001b[2Jample'));
    const { out } = await run(kept.directory, '--trust', join(root, 'trust.json'));
    writeFileSync(checkpoint, good);
    expect(out).not.toContain('\u001b');
    expect(out).toContain('\\u001b');
  });

  it.each([
    ['no folder', () => []],
    ['two folders', () => [kept.directory, root]],
    ['a folder that does not exist', () => [join(root, 'none')]],
    ['an unknown option', () => [kept.directory, '--no']],
    ['no trust file', () => [kept.directory, '--trust', join(root, 'none')]],
    ['an invalid trust file', () => [kept.directory, '--trust', join(root, 'early')]],
    ['an invalid checkpoint', () => [kept.directory, '--trust', join(root, 'trust.json'), '--checkpoint', join(root, 'trust.json')]],
  ])('exits with 64 for %s', async (_, argv) => {
    const { exit, out, err } = await run(...argv());
    expect([exit, out]).toEqual([64, '']);
    expect(err).toMatch(/^redress-verify: /);
  });

  it('exits with 3 for a checkpoint of an untrusted key: a log that was set back does not have its announcement', async () => {
    const { exit, out } = await run(kept.directory, '--trust', join(root, 'other.json'), '--checkpoint', join(root, 'early'));
    expect(exit).toBe(3);
    expect(out).toContain('untrusted: ');
    expect(out).toContain('\n1 more findings\n');
  });

  it('has help', async () => {
    const { exit, out } = await run('--help');
    expect(exit).toBe(0);
    expect(out).toContain('--checkpoint FILE');
  });
});

describe('parseTrust', () => {
  const { verifier } = generateKey('example.com/redress');
  const trust = (more: object) => JSON.stringify({ keys: [{ origin: 'example.com/redress', key: verifier, ...more }] });

  it('reads keys, and their times if they have some', async () => {
    expect(parseTrust(trust({}))).toEqual({ keys: [{ origin: 'example.com/redress', key: verifier, from: null, until: null }] });
    expect(parseTrust(trust({ from: '2026-01-01T00:00:00Z' })).keys[0]?.from).toBe('2026-01-01T00:00:00Z');
  });

  it.each([
    ['no JSON', 'x'],
    ['a list', '[]'],
    ['no keys', '{"keys":[]}'],
    ['a key that is a text', '{"keys":["a"]}'],
    ['no origin', trust({ origin: undefined })],
    ['another origin', trust({ origin: 'example.org/redress' })],
    ['another id', trust({ key: verifier.replace(/\+[0-9a-f]{8}\+/, '+00000000+') })],
    ['a key of another algorithm', trust({ key: verifier.replace(/\+A[A-Za-z0-9+/]/, '+BA') })],
    ['a truncated key', trust({ key: verifier.slice(0, -8) })],
    ['an invalid time', trust({ from: 'soon' })],
  ])('refuses %s', (_, text) => {
    expect(() => parseTrust(text)).toThrow(expect.objectContaining({ name: 'UsageError' }));
  });
});
