// Checkpoints that were copied elsewhere, and witnesses that have seen them.
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey, sealFolder, signerOf } from '@redress/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TRUST } from '../../evidence/test/support/ledgers.js';
import { SECRET, sealing } from '../../evidence/test/support/sealing.js';
import { parseTrust, type VerifyOptions, verifyLedger } from './index.js';

const trust = parseTrust(TRUST);
let root: string;
/** The ledger, and its state after its first seal. */
let now: string;
let early: string;
/** Another history from the first seal on, signed with the same key. */
let forked: string;
const notes: string[] = [];
const at = (...path: string[]) => join(root, ...path);
const verify = (directory: string, more: Partial<VerifyOptions>) => verifyLedger({ directory, trust, ...more });

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'redress-anchors-'));
  [now, early, forked] = [at('now'), at('early'), at('forked')];
  const world = sealing();
  for (let seal = 0; seal < 3; seal++) {
    await world.decide('a');
    await sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock });
    notes.push(readFileSync(join(world.directory, 'ledger', 'checkpoint'), 'utf8'));
    if (seal === 0) cpSync(world.directory, early, { recursive: true });
  }
  cpSync(world.directory, now, { recursive: true });
  await world.remove();
  cpSync(early, forked, { recursive: true });
  const clock = { now: () => world.clock.time + 1 };
  rmSync(join(forked, 'index.sqlite'), { force: true });
  for (let seal = 0; seal < 5; seal++) await sealFolder({ directory: forked, signer: signerOf(SECRET), clock });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const git = (directory: string, ...argv: string[]) =>
  execFileSync('git', ['-C', directory, '-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'commit.gpgsign=false', ...argv], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });

/** Each place holds the first and the last checkpoint, among other things. */
const places: readonly [string, () => string][] = [
  ['a file', () => (writeFileSync(at('file'), notes[2] ?? ''), at('file'))],
  [
    'a folder',
    () => {
      mkdirSync(at('folder', 'below'), { recursive: true });
      writeFileSync(at('folder', 'one'), notes[0] ?? '');
      writeFileSync(at('folder', 'below', 'two'), notes[2] ?? '');
      writeFileSync(at('folder', 'README'), 'Checkpoints.\n');
      return at('folder');
    },
  ],
  [
    'a git repository in which one was written over and removed since',
    () => {
      const directory = at('repository');
      mkdirSync(directory, { recursive: true });
      git(directory, 'init', '-q');
      for (const note of [notes[0], notes[2], notes[0]]) {
        writeFileSync(join(directory, 'checkpoint'), note ?? '');
        git(directory, 'add', '-A');
        git(directory, 'commit', '-q', '-m', 'a checkpoint');
      }
      git(directory, 'rm', '-q', 'checkpoint');
      git(directory, 'commit', '-q', '-m', 'no checkpoint');
      return directory;
    },
  ],
];

describe.each(places)('an anchor that is %s', (_name, make) => {
  it('matches a log that has only grown, and detects one that was set back or forked', () => {
    const place = make();
    const good = verify(now, { anchors: [place] });
    expect(good).toMatchObject({ status: 'intact', findings: [] });
    expect(good.compared).toBeGreaterThan(0);
    expect(good.limits.join()).not.toContain('set back');
    expect(verify(early, { anchors: [place] })).toMatchObject({ status: 'tampered', firstBad: { code: 'rolled-back', entry: 2 } });
    expect(verify(forked, {})).toMatchObject({ status: 'intact' });
    expect(verify(forked, { anchors: [place] })).toMatchObject({ status: 'tampered', firstBad: { code: 'forked' } });
    rmSync(place, { recursive: true });
  });
});

it('an anchor detects that the log was removed', () => {
  writeFileSync(at('kept'), notes[1] ?? '');
  cpSync(now, at('bare'), { recursive: true });
  for (const name of ['ledger', 'sealer']) rmSync(at('bare', name), { recursive: true });
  expect(verifyLedger({ directory: at('bare') })).toMatchObject({ status: 'intact', unsealed: 3, uncovered: [{ first: 1, last: 3 }] });
  expect(verify(at('bare'), { anchors: [at('kept')] }).findings.map(({ code }) => code)).toEqual(['no-checkpoint', 'rolled-back']);
});

it('a file that is not an anchor of the log is refused', () => {
  mkdirSync(at('none'));
  writeFileSync(at('none', 'x'), 'x');
  writeFileSync(at('other'), (notes[0] ?? '').replaceAll('example.com/redress', 'example.org/redress'));
  writeFileSync(at('changed'), (notes[0] ?? '').replace('\n2\n', '\n1\n'));
  mkdirSync(at('broken', '.git'), { recursive: true });
  for (const place of ['none', 'other', 'changed', 'broken', 'nowhere'])
    expect(() => verify(now, { anchors: [at(place)] })).toThrow(expect.objectContaining({ name: 'UsageError' }));
  // A checkpoint of another trusted log is not compared with this one.
  const key = generateKey('example.org/redress');
  const both = { keys: [...trust.keys, { origin: 'example.org/redress', key: key.verifier, from: null, until: null }] };
  const text = 'example.org/redress\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n';
  const signature = Buffer.concat([Buffer.from(key.verifier.split('+')[1] ?? '', 'hex'), signerOf(key.secret).sign(Buffer.from(text))]);
  const note = Buffer.from(`${text}\n\u2014 example.org/redress ${signature.toString('base64')}\n`);
  expect(() => verifyLedger({ directory: now, trust: both, copies: [{ name: 'other', note }] })).toThrow('It belongs to example.org/redress');
});

describe('a witness', () => {
  const NAME = 'witness.example/w1';
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(12);
  const idOf = (name: string, type: number) => createHash('sha256').update(`${name}\n`).update(Buffer.of(type)).update(raw).digest().subarray(0, 4);
  const key = (type = 4) => [NAME, idOf(NAME, type).toString('hex'), Buffer.concat([Buffer.of(type), raw]).toString('base64')].join('+');
  const cosigned = (note: string, by: KeyObject = privateKey, seconds = 1_790_000_000n) => {
    const text = note.slice(0, note.indexOf('\n\n') + 1);
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(seconds);
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), by);
    return `${note}\u2014 ${NAME} ${Buffer.concat([idOf(NAME, 4), time, signature]).toString('base64')}\n`;
  };
  const witnessed = (note: string) => verify(now, { copies: [{ name: 'kept', note: Buffer.from(note) }], witnesses: [key()] });

  it('that has cosigned a copy has seen that size of the log, at the time in it', () => {
    expect(witnessed(cosigned(notes[1] ?? ''))).toMatchObject({ status: 'intact', witnessed: [{ witness: NAME, size: 4, time: '2026-09-21T14:13:20.000Z' }] });
    cpSync(now, at('cosigned'), { recursive: true });
    writeFileSync(at('cosigned', 'ledger', 'checkpoint'), cosigned(notes[2] ?? ''));
    expect(verify(at('cosigned'), { witnesses: [key()] })).toMatchObject({ status: 'intact', witnessed: [{ size: 6 }] });
  });

  it('that has not cosigned is reported, and so is an invalid cosignature', () => {
    expect(witnessed(notes[1] ?? '')).toMatchObject({ status: 'untrusted', firstBad: { code: 'not-witnessed' } });
    const other = generateKeyPairSync('ed25519').privateKey;
    expect(witnessed(cosigned(notes[1] ?? '', other))).toMatchObject({ status: 'tampered', firstBad: { code: 'wrong-cosignature' } });
    // The time is part of what is signed.
    const line =
      cosigned(notes[1] ?? '')
        .split('\n')
        .at(-2) ?? '';
    const bytes = Buffer.from(line.split(' ')[2] ?? '', 'base64');
    bytes[11] = (bytes[11] as number) ^ 1;
    expect(witnessed(`${notes[1]}\u2014 ${NAME} ${bytes.toString('base64')}\n`)).toMatchObject({ status: 'tampered', firstBad: { code: 'wrong-cosignature' } });
    // The cosignature of another checkpoint.
    expect(witnessed(`${notes[0]}${line}\n`)).toMatchObject({ status: 'tampered', firstBad: { code: 'wrong-cosignature' } });
  });

  it.each([
    ['with the type of logs', () => key(1)],
    ['with another id', () => key().replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ['without a name', () => key().slice(NAME.length)],
    ['that is not valid', () => 'x'],
  ])('with a key that is one %s is refused', (_name, wrong) => {
    expect(() => verify(now, { witnesses: [wrong()] })).toThrow(expect.objectContaining({ name: 'UsageError' }));
  });
});
