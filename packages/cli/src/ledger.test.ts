// A ledger from the command line: a key, seals, and what is found when somebody changes it.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, resource } from '@redress/core';
import { folderJournal } from '@redress/evidence';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { witness } from '../../evidence/test/support/witness.js';
import { command } from '../test/support/command.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-ledger-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const at = (...path: string[]) => join(directory, ...path);
const redress = async (...argv: string[]) => {
  const { exit, out, err } = await command(argv, directory, {}, []);
  return { exit, out, err, json: argv.includes('--json') ? (JSON.parse(out) as Record<string, unknown>) : {} };
};
/** Records something of resources; the last is of an execution that rests on an approval which nobody gave. */
async function recorded(...ids: string[]): Promise<void> {
  const journal = folderJournal({ directory: at('.redress') });
  for (const id of ids)
    await journal.append({
      ...{ kind: 'decision', resource: resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' }) },
      ...{ remediator: 'r', body: { message: 'seen' }, documents: { state: { id } } },
    });
  await journal.close?.();
}
const keyed = async () => expect((await redress('evidence', 'key', '--origin', 'example.com/redress')).exit).toBe(0);

describe('redress evidence key', () => {
  it('makes a private key that only its owner can read, and a trust file, and overwrites neither', async () => {
    const { exit, out, json } = await redress('evidence', 'key', '--origin', 'example.com/redress', '--json');
    expect(exit).toBe(0);
    const key = readFileSync(at('redress.key'), 'utf8');
    expect(key).toMatch(/^PRIVATE\+KEY\+example\.com\/redress\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*\n$/);
    expect(statSync(at('redress.key')).mode & 0o777).toBe(0o600);
    const trust = JSON.parse(readFileSync(at('redress.trust.json'), 'utf8')) as { keys: { key: string }[] };
    expect(trust).toEqual({ keys: [{ origin: 'example.com/redress', key: json['verifier'], from: expect.any(String) as string, until: null }] });
    // The private key is nowhere else.
    expect(out).not.toContain(key.split('+').slice(4).join('+').trim());
    expect(readFileSync(at('redress.trust.json'), 'utf8')).not.toContain('PRIVATE');
    const again = await redress('evidence', 'key', '--origin', 'example.com/redress', '--trust', 'other.json', '--json');
    expect(again).toMatchObject({ exit: 2, json: { error: { code: 'cli/file', place: { file: 'redress.key' } } } });
    expect(await redress('evidence', 'key', '--origin', 'example.com/redress', '--out', 'other.key', '--json')).toMatchObject({
      exit: 2,
      json: { error: { code: 'cli/file', place: { file: 'redress.trust.json' } } },
    });
    expect(readdirSync(directory).sort()).toEqual(['redress.key', 'redress.trust.json']);
    expect(readFileSync(at('redress.key'), 'utf8')).toBe(key);
  });
});

describe('redress evidence seal and verify', () => {
  it('seal the records, even an empty interval, and verify it', async () => {
    await recorded('a', 'b');
    await keyed();
    expect((await redress('evidence', 'seal')).out).toContain('sealed  .redress: seal 1 of example.com/redress, 2 records, 3 entries in all, root ');
    expect(await redress('evidence', 'seal', '--json')).toMatchObject({
      exit: 0,
      json: { made: 'sealed', size: 4, seal: { number: 2, records: 0 }, skipped: [] },
    });
    const { exit, out } = await redress('evidence', 'verify');
    expect([exit, out.split('\n')[0]]).toEqual([
      0,
      expect.stringContaining('intact: 2 records in 2 streams, 2 documents; 4 entries of example.com/redress, 2 seals'),
    ]);
    await recorded('a');
    expect(await redress('evidence', 'verify', '--json')).toMatchObject({ exit: 0, json: { status: 'intact', unsealed: 1, checkpoint: { size: 4 } } });
  });

  it('detect a removed stream, which no chain shows', async () => {
    await recorded('a', 'b');
    await keyed();
    await redress('evidence', 'seal');
    const journal = at('.redress');
    const stream = readdirSync(join(journal, 'streams'), { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.jsonl')) ?? '';
    rmSync(join(journal, 'streams', stream));
    const found = await redress('evidence', 'verify');
    expect(found.exit).toBe(1);
    expect(found.out).toMatch(
      /^tampered: .*\nfirst bad record: streams\/.*\(number [01] of the log, record 1 of AWS::S3::Bucket [ab] \(111111111111, us-east-1\)\): The stream is missing/,
    );
    // And no seal covers it up.
    const sealed = await redress('evidence', 'seal');
    expect([sealed.exit, sealed.out]).toEqual([1, expect.stringContaining('not sealed  record 1 of stream sha256:')]);
    expect((await redress('evidence', 'verify')).exit).toBe(1);
  });

  it('compare with a checkpoint that was stored elsewhere', async () => {
    await recorded('a');
    await keyed();
    await redress('evidence', 'seal');
    const early = readFileSync(at('.redress', 'ledger', 'checkpoint'));
    await recorded('a');
    await redress('evidence', 'seal');
    writeFileSync(at('early'), early);
    writeFileSync(at('late'), readFileSync(at('.redress', 'ledger', 'checkpoint')));
    expect((await redress('evidence', 'verify', '--checkpoint', 'early', 'late')).exit).toBe(0);
    // All of it set back.
    rmSync(at('.redress', 'ledger'), { recursive: true });
    rmSync(at('.redress', 'sealer'), { recursive: true });
    await redress('evidence', 'seal');
    expect((await redress('evidence', 'verify')).exit).toBe(0);
    expect(await redress('evidence', 'verify', '--checkpoint', 'late', '--json')).toMatchObject({ exit: 1, json: { firstBad: { code: 'rolled-back' } } });
    expect(await redress('evidence', 'verify', '--checkpoint', 'redress.key', '--json')).toMatchObject({ exit: 2, json: { error: { code: 'cli/file' } } });
  });

  it('find an execution that relies on an approval which nobody gave, sealed or not', async () => {
    await recorded('a');
    await keyed();
    const journal = at('.redress');
    const stream = readdirSync(join(journal, 'streams'), { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.jsonl')) ?? '';
    const [first = ''] = readFileSync(join(journal, 'streams', stream), 'utf8').split('\n');
    const record = {
      ...(JSON.parse(first.slice(72)) as object),
      ...{ seq: 2, prev: first.slice(0, 71), kind: 'intent', execution: 'x', blobs: {} },
      body: { journal: { fence: 1, leaseUntil: 1, planDigest: digestOf(1), budgets: [], approval: 'a-none' } },
    };
    const json = JSON.stringify(record, (_, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    );
    writeFileSync(join(journal, 'streams', stream), `${first}\n${digestOf(record)} ${json}\n`);
    expect((await redress('evidence', 'seal')).exit).toBe(0);
    expect(await redress('evidence', 'verify', '--json')).toMatchObject({
      exit: 1,
      json: { status: 'tampered', firstBad: { code: 'no-approval', seq: 2 }, findings: [{ code: 'no-approval' }, { code: 'open-execution' }] },
    });
  });

  it('copy the checkpoint to a folder, and name the options that are only for a journal on AWS', async () => {
    await recorded('a');
    await keyed();
    expect(await redress('evidence', 'seal', '--anchor', 'kept', '--json')).toMatchObject({ exit: 0, json: { size: 2, anchored: 1, notAnchored: [] } });
    expect(readFileSync(at('kept', 'example.com_redress', '000000000000002.checkpoint'))).toEqual(readFileSync(at('.redress', 'ledger', 'checkpoint')));
    for (const argv of [['--lock-days', '3'], ['--all']])
      expect(await redress('evidence', 'seal', ...argv, '--json')).toMatchObject({ exit: 2, json: { error: { code: 'cli/usage' } } });
    expect((await redress('evidence', 'verify', '--json')).json).toMatchObject({ checkpoint: { size: 2 } });
  });

  it('ask witnesses to cosign it, report which did not, and the verifier finds which did', async () => {
    await recorded('a');
    await keyed();
    const log = (JSON.parse(readFileSync(at('redress.trust.json'), 'utf8')) as { keys: { key: string }[] }).keys[0]?.key ?? '';
    const one = await witness([log]);
    const other = await witness([], 'witness.example/other');
    try {
      const witnesses = [`${one.key} ${one.url}`, `${other.key} ${other.url}`];
      const sealed = await redress('evidence', 'seal', '--witness', ...witnesses, '--anchor', 'kept');
      expect(sealed.exit).toBe(1);
      expect(sealed.out).toContain('cosigned  by witness.example/w1 at 2026-01-02T00:00:00.000Z');
      expect(sealed.out).toContain('not cosigned  by witness.example/other: It answered 404. Ask whoever runs the witness to add the ledger');
      expect(readFileSync(at('kept', 'example.com_redress', '000000000000002.checkpoint'))).toEqual(readFileSync(at('.redress', 'ledger', 'checkpoint')));
      expect(await redress('evidence', 'verify', '--witness', one.key, '--json')).toMatchObject({ exit: 0, json: { witnessed: [{ size: 2 }] } });
      expect(await redress('evidence', 'verify', '--witness', other.key, '--json')).toMatchObject({ exit: 3, json: { firstBad: { code: 'not-witnessed' } } });
      expect(await redress('evidence', 'seal', '--witness', witnesses[0] ?? '', '--json')).toMatchObject({ exit: 0, json: { size: 3, notCosigned: [] } });
    } finally {
      await Promise.all([one.stop(), other.stop()]);
    }
    for (const bad of ['https://w.example', `${one.key} ftp://w.example`])
      expect(await redress('evidence', 'seal', '--witness', bad, '--json')).toMatchObject({ exit: 2, json: { error: { code: 'ledger/key' } } });
  });
});

describe('redress evidence seal --documents-days', () => {
  it('moves documents into an archive; history and verify read them there, and it may be deleted when they expire', async () => {
    await recorded('a', 'b');
    await keyed();
    const { exit, out } = await redress('evidence', 'seal', '--documents-days', '30');
    expect([exit, out]).toEqual([0, expect.stringMatching(/\nits documents are kept until \d{4}-\d\d-\d\dT/)]);
    const files = () => readdirSync(at('.redress', 'blobs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
    expect(files()).toEqual([]);
    expect(readdirSync(at('.redress', 'ledger', 'documents'))).toEqual(['000000000001.zip']);
    expect(await redress('evidence', 'verify', '--json')).toMatchObject({ exit: 0, json: { status: 'intact', documents: 2, expired: 0 } });
    const journal = folderJournal({ directory: at('.redress') });
    const documents: unknown[] = [];
    for await (const each of journal.read({ all: true })) documents.push(each.documents['state']);
    await journal.close?.();
    expect(documents).toEqual(expect.arrayContaining([{ id: 'a' }, { id: 'b' }]));
    rmSync(at('.redress', 'ledger', 'documents', '000000000001.zip'));
    expect(await redress('evidence', 'verify', '--json')).toMatchObject({ exit: 2, json: { status: 'incomplete', firstBad: { code: 'missing-document' } } });
    expect(await redress('evidence', 'seal', '--documents-days', '0', '--json')).toMatchObject({ exit: 2, json: { error: { code: 'cli/usage' } } });
  });
});

describe('redress evidence rotate', () => {
  const rotate = (...argv: string[]) => redress('evidence', 'rotate', '--reason', 'yearly, token ghp_0123456789abcdefghijABCDEFGHIJ456789', ...argv);
  const trusted = () => (JSON.parse(readFileSync(at('redress.trust.json'), 'utf8')) as { keys: { key: string; from: string; until: string | null }[] }).keys;

  it('replaces the key: the ledger says so, the trust file has both, and the old one seals nothing more', async () => {
    await recorded('a');
    await keyed();
    await redress('evidence', 'seal');
    const old = readFileSync(at('redress.key'), 'utf8');
    const early = readFileSync(at('redress.trust.json'), 'utf8');
    const [first] = trusted();
    await recorded('a');
    const { exit, out, json } = await rotate('--json', '--anchor', 'kept');
    expect([exit, json]).toEqual([0, expect.objectContaining({ size: 5, entry: 3, anchored: 1 })]);
    const keys = trusted();
    expect(keys).toHaveLength(2);
    expect(keys[0]).toEqual({ ...first, until: keys[1]?.from });
    expect(json['rotation']).toEqual({
      ...{ number: 1, from: first?.key, to: keys[1]?.key, by: expect.any(String) as string },
      reason: expect.stringMatching(/^yearly, token \[redacted/) as string,
    });
    expect(Date.parse(keys[1]?.from ?? '')).toBe(Date.parse(String(json['since'])) + 1);
    // The new key stands where the old one stood, which is kept; neither is shown.
    const id = first?.key.split('+')[1] ?? '';
    expect(readdirSync(directory).sort()).toEqual(['.redress', 'kept', 'redress.key', `redress.key.${id}`, 'redress.trust.json']);
    expect(readFileSync(at(`redress.key.${id}`), 'utf8')).toBe(old);
    expect(readFileSync(at('redress.key'), 'utf8')).not.toBe(old);
    for (const file of ['redress.key', `redress.key.${id}`]) expect(statSync(at(file)).mode & 0o777).toBe(0o600);
    expect(out).not.toContain('PRIVATE');
    // With both keys, and with what auditors have from before.
    const verified = await redress('evidence', 'verify', '--json');
    expect(verified).toMatchObject({ exit: 0, json: { status: 'intact', rotations: [{ number: 1, to: keys[1]?.key }] } });
    writeFileSync(at('early.json'), early);
    expect((await redress('evidence', 'verify', '--trust', 'early.json')).exit).toBe(0);
    expect(await redress('evidence', 'seal', '--key', `redress.key.${id}`, '--json')).toMatchObject({ exit: 2, json: { error: { code: 'ledger/key' } } });
    expect((await redress('evidence', 'seal')).exit).toBe(0);
    expect((await redress('evidence', 'verify')).exit).toBe(0);
  });

  it('resumes where it was interrupted, with the key that it had made', async () => {
    await recorded('a');
    await keyed();
    await redress('evidence', 'seal');
    // As if it had ended before the new key took the place of the old one, and before the trust file was written.
    const [key, trust] = [readFileSync(at('redress.key')), readFileSync(at('redress.trust.json'))];
    expect((await rotate()).exit).toBe(0);
    const made = readFileSync(at('redress.key'), 'utf8');
    writeFileSync(at('redress.key.next'), made);
    writeFileSync(at('redress.key'), key);
    writeFileSync(at('redress.trust.json'), trust);
    expect(await rotate('--json')).toMatchObject({ exit: 0, json: { size: 4, entry: 2, rotation: { number: 1 } } });
    expect(readFileSync(at('redress.key'), 'utf8')).toBe(made);
    expect(trusted()).toHaveLength(2);
    expect(await redress('evidence', 'verify', '--json')).toMatchObject({ exit: 0, json: { rotations: [{ number: 1 }], checkpoint: { size: 4 } } });
    // Twice is a second time.
    expect(await rotate('--json')).toMatchObject({ exit: 0, json: { rotation: { number: 2 } } });
    expect((await redress('evidence', 'verify')).exit).toBe(0);
  });

  it('refuses invalid input, and then changes nothing', async () => {
    await recorded('a');
    expect(await rotate('--json')).toMatchObject({ exit: 2, json: { error: { code: 'cli/file', place: { file: 'redress.trust.json' } } } });
    await keyed();
    for (const argv of [
      ['--kms', 'alias/x'],
      ['--kms', 'alias/x', '--key', 'redress.key', '--next-kms', 'alias/y'],
      ['--lock-days', '3'],
    ])
      expect(await rotate(...argv, '--json')).toMatchObject({ exit: 2, json: { error: { code: 'cli/usage' } } });
    expect(readdirSync(directory).sort()).toEqual(['.redress', 'redress.key', 'redress.trust.json']);
    expect(trusted()).toHaveLength(1);
  });
});

describe('redress evidence break', () => {
  const verifierIn = (file: string) => (JSON.parse(readFileSync(join(directory, file), 'utf8')) as { keys: { key: string }[] }).keys.map(({ key }) => key);
  const idOf = (key: string) => key.split('+').slice(0, 2).join('+');

  it('continues after a key is lost: on record, and untrusted until the trust file names the successor', async () => {
    await recorded('a');
    await redress('evidence', 'key', '--origin', 'example.com/redress');
    await redress('evidence', 'seal');
    const [lost = ''] = verifierIn('redress.trust.json');
    rmSync(join(directory, 'redress.key'));
    const { exit, json } = await redress(
      'evidence',
      'break',
      '--lost',
      idOf(lost),
      '--reason',
      'the disk failed, token ghp_0123456789abcdefghijABCDEFGHIJ456789',
      '--json',
    );
    expect([exit, json]).toEqual([
      0,
      expect.objectContaining({ size: 3, entry: 2, break: expect.objectContaining({ number: 1, from: lost, entries: 2 }) as object }),
    ]);
    expect(JSON.stringify(json)).not.toContain('ghp_');
    const keys = JSON.parse(readFileSync(join(directory, 'redress.trust.json'), 'utf8')) as { keys: { key: string; until: string | null }[] };
    expect(keys.keys.map(({ until }) => until === null)).toEqual([false, true]);
    await recorded('a');
    expect(await redress('evidence', 'seal')).toMatchObject({ exit: 0 });
    const found = await redress('evidence', 'verify', '--json');
    expect(found).toMatchObject({ exit: 3, json: { status: 'untrusted', findings: [{ code: 'declared-break' }], breaks: [{ accepted: false, from: lost }] } });
    const [, next] = keys.keys;
    writeFileSync(join(directory, 'redress.trust.json'), JSON.stringify({ keys: [keys.keys[0], { ...next, succeeds: lost }] }));
    expect(await redress('evidence', 'verify', '--json')).toMatchObject({ exit: 0, json: { status: 'intact', breaks: [{ accepted: true }] } });
    expect((await redress('evidence', 'verify')).out).toContain('continues without its announcement');
  });

  it('refuses a key that is not in the trust file, or has not sealed last, and then makes none', async () => {
    await recorded('a');
    await redress('evidence', 'key', '--origin', 'example.com/redress');
    await redress('evidence', 'seal');
    expect(await redress('evidence', 'break', '--lost', 'example.com/redress+00000000', '--reason', 'x', '--json')).toMatchObject({
      exit: 2,
      json: { error: { code: 'cli/usage' } },
    });
    expect(existsSync(join(directory, 'redress.key.next'))).toBe(false);
    const [old = ''] = verifierIn('redress.trust.json');
    await redress('evidence', 'rotate', '--reason', 'yearly');
    expect(await redress('evidence', 'break', '--lost', idOf(old), '--reason', 'x', '--json')).toMatchObject({ json: { error: { code: 'ledger/key' } } });
  });
});
