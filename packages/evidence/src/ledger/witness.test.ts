// Witnesses are asked by the protocol of C2SP tlog-witness. The witness here is written from the specification, with its own tree.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTrust, verifyLedger } from '@redress/verify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ledgerOnAws } from '../../test/support/ledger-aws.js';
import { Model } from '../../test/support/model.js';
import { SECRET, type Sealing, sealing, VERIFIER } from '../../test/support/sealing.js';
import { type RunningWitness, witness } from '../../test/support/witness.js';
import { seeded } from '../../test/support/world.js';
import { anchorTo, folderAnchor } from './anchor.js';
import { sealFolder } from './folder.js';
import { generateKey, openCheckpoint, signCheckpoint, signerOf } from './note.js';
import { consistencyFrom } from './reading.js';
import { type Tile, tilePath, tilesBetween } from './tiles.js';
import { consistencyProof, leafHash, MemoryTree } from './tree.js';
import { witnessOf } from './witness.js';

const TRUST = parseTrust(JSON.stringify({ keys: [{ origin: 'example.com/redress', key: VERIFIER, from: null, until: null }] }));

let world: Sealing;
let one: RunningWitness;
beforeEach(async () => {
  world = sealing();
  one = await witness([VERIFIER]);
});
afterEach(async () => {
  await one.stop();
  await world.remove();
});

const seal = (witnesses: readonly { key: string; url: string }[] = [one]) =>
  sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock, witnesses });
const checkpoint = () => readFileSync(join(world.directory, 'ledger', 'checkpoint'), 'utf8');
const verified = (witnesses = [one.key]) => verifyLedger({ directory: world.directory, trust: TRUST, witnesses });
const checkpointOf = (size: number) => checkpoint().replace(/\n\d+\n/, `\n${size}\n`);
const decide = async (records: number) => {
  for (let at = 0; at < records; at++) await world.decide(`r${at % 7}`);
};

describe('a witness', () => {
  it('cosigns each checkpoint, with the proof that it continues the previous one, and the verifier finds it', async () => {
    // Around the edges of tiles, and of powers of two.
    for (const records of [1, 0, 3, 120, 127, 1, 0, 255, 5]) {
      await decide(records);
      const { cosigned, notCosigned, size, checkpoint: note } = await seal();
      expect(notCosigned).toEqual([]);
      expect(cosigned).toEqual([{ witness: 'witness.example/w1', time: '2026-01-02T00:00:00.000Z' }]);
      expect(note).toBe(checkpoint());
      expect(one.seen.get('example.com/redress')?.size).toBe(size);
      expect(verified()).toMatchObject({ status: 'intact', witnessed: [{ witness: 'witness.example/w1', size }] });
    }
    expect(one.asked.map((each) => each.slice(-3))).toEqual(['200', '200', '200', '200', '200', '200', '200', '200', '200']);
    expect(one.asked.slice(0, 3)).toEqual(['old 0, 0 hashes: 200', 'old 2, 1 hashes: 200', 'old 3, 4 hashes: 200']);
  });

  it('that has seen less gets a request from what it has seen', async () => {
    await decide(3);
    await seal();
    await decide(5);
    await seal([]);
    await decide(2);
    expect(await seal()).toMatchObject({ size: 13, notCosigned: [], cosigned: [{ witness: 'witness.example/w1' }] });
    expect(one.asked).toEqual(['old 0, 0 hashes: 200', 'old 10, 4 hashes: 409', 'old 4, 2 hashes: 200']);
    expect(verified().status).toBe('intact');
  });

  it('that already cosigned a checkpoint is not called again, and two witnesses have one line each', async () => {
    const two = await witness([VERIFIER], 'witness.example/w2');
    await decide(1);
    expect((await seal([one, two, one])).cosigned).toHaveLength(3);
    const lines = checkpoint().split('\n\n')[1]?.split('\n') ?? [];
    expect([...new Set(lines)].map((line) => line.split(' ')[1])).toEqual(['example.com/redress', 'witness.example/w1', 'witness.example/w2', undefined]);
    expect(verified([one.key, two.key]).status).toBe('intact');
    await two.stop();
  });

  it('that cannot be reached blocks no seal, is named, and catches up afterwards', async () => {
    await decide(2);
    await seal();
    const { url, key } = one;
    const { seen } = one;
    await one.stop();
    await decide(2);
    const away = await seal();
    expect(away).toMatchObject({ made: 'sealed', size: 6, cosigned: [] });
    expect(away.notCosigned).toEqual([
      { witness: 'witness.example/w1', message: expect.stringMatching(/^It could not be asked: /), next: expect.stringContaining('URL') },
    ]);
    expect(verified()).toMatchObject({ status: 'untrusted', firstBad: { code: 'not-witnessed' } });
    expect(verified([]).status).toBe('intact');
    const again = await witness([VERIFIER], 'witness.example/w1', Number(new URL(url).port));
    for (const [origin, each] of seen) again.seen.set(origin, each);
    await decide(1);
    expect(await seal([again])).toMatchObject({ size: 8, notCosigned: [] });
    expect(again.asked).toEqual(['old 6, 3 hashes: 409', 'old 3, 4 hashes: 200']);
    expect(verified([again.key]).status).toBe('intact');
    expect(key).not.toBe(again.key);
    await again.stop();
  });

  it.each([
    [400, 'could not read the request'],
    [403, 'the origin and the public key of the ledger'],
    [404, 'add the ledger, by its origin and public key'],
    [422, 'the history was rewritten'],
    [500, 'ask whoever runs the witness'],
  ])('that answers %i is reported with the next step', async (status, next) => {
    await decide(1);
    one.instead = () => ({ status, body: 'because\nof this' });
    const report = await seal();
    expect(report).toMatchObject({ made: 'sealed', cosigned: [] });
    expect(report.notCosigned).toEqual([
      { witness: 'witness.example/w1', message: `It answered ${status}: because\nof this.`, next: expect.stringContaining(next) },
    ]);
    expect(checkpoint()).toBe(report.checkpoint);
    expect(checkpoint().split('—')).toHaveLength(2);
  });

  it.each<[string, (note: string) => string]>([
    ['nothing', () => ''],
    ['a cosignature of another checkpoint', (note) => one.cosign(note.replace('\n2\n', '\n3\n'))],
    ['one of another witness', (note) => one.cosign(note).replace('w1', 'w2')],
    ['a truncated cosignature', (note) => one.cosign(note).slice(0, -30)],
    ['an invalid time', (note) => one.cosign(note, 9e14)],
  ])('that answers with %s has not cosigned, and nothing of it is stored', async (_what, answer) => {
    await decide(1);
    one.instead = (note) => ({ status: 200, body: answer(note) });
    const report = await seal();
    expect(report.notCosigned).toMatchObject([{ message: 'Its answer has no cosignature of this checkpoint under its key.' }]);
    expect(checkpoint().split('—')).toHaveLength(2);
    expect(verified([]).status).toBe('intact');
  });

  it('adds only the line under its key, whatever it answers', async () => {
    await decide(1);
    one.instead = (note) => ({ status: 200, body: `— other.example ${Buffer.alloc(76).toString('base64')}\nrubbish\n${one.cosign(note)}` });
    await seal();
    expect(checkpoint().split('\n\n')[1]).toBe(`${checkpoint().split('\n')[4]}\n${one.cosign(checkpoint())}`);
    expect(verified().status).toBe('intact');
  });

  it('that has seen more, or another log, or never the same, is reported', async () => {
    await decide(1);
    one.seen.set('example.com/redress', { size: 100, root: 'x' });
    expect((await seal()).notCosigned).toMatchObject([
      { message: 'It has seen 100 entries of this log, which has 2.', next: expect.stringContaining('was reset') },
    ]);
    await decide(1);
    one.seen.set('example.com/redress', { size: 4, root: 'x' });
    expect((await seal()).notCosigned).toMatchObject([{ message: 'It has seen another log of 4 entries under this name.' }]);
    await decide(1);
    one.seen.set('example.com/redress', { size: 3, root: Buffer.alloc(32).toString('base64') });
    expect((await seal()).notCosigned).toMatchObject([{ message: 'It answered 422.' }]);
    let seen = 0;
    const restless = () => ({ status: 409, body: `${seen++}\n` });
    Object.defineProperty(one, 'instead', { get: () => restless, set: () => undefined });
    await decide(1);
    expect((await seal()).notCosigned).toMatchObject([{ message: 'It has seen 2 entries now, and had seen 1 a moment ago.' }]);
  });

  it('that answers late has cosigned a checkpoint that is no longer the newest; the newest stays', async () => {
    await decide(1);
    let newer = '';
    const before = one.cosign.bind(one);
    Object.defineProperty(one, 'instead', {
      configurable: true,
      set: () => undefined,
      get: () => (note: string) => {
        // Another sealer has created the next one meanwhile.
        newer = checkpointOf(4);
        writeFileSync(join(world.directory, 'ledger', 'checkpoint'), newer);
        return { status: 200, body: before(note) };
      },
    });
    const report = await seal();
    expect(report.cosigned).toHaveLength(1);
    expect(checkpoint()).toBe(newer);
    expect(report.checkpoint).toContain('witness.example/w1');
  });

  it('does not affect copies: a copy from before its cosignature is the same checkpoint', async () => {
    const anchor = folderAnchor(join(world.directory, '..', `${world.directory.split('/').at(-1)}-copies`));
    await decide(1);
    const { checkpoint: bare } = await seal([]);
    expect(await anchorTo([anchor], bare)).toEqual([]);
    expect(await anchorTo([anchor], bare + one.cosign(bare))).toEqual([]);
    expect(
      await anchorTo([anchor], bare.replace('\n2\n', '\n2\n').replace(/\n[A-Za-z0-9+/]{43}=\n/, `\n${Buffer.alloc(32).toString('base64')}\n`)),
    ).toHaveLength(1);
  });
});

describe('a cosigned checkpoint', () => {
  it('is the base of the next seal even if another sealer had read it before, on both stores', async () => {
    const aws = ledgerOnAws(new Model('t', 'b', { random: seeded(5), lag: 0 }), async () => undefined);
    const folder = {
      ...world,
      read: async (path: string) => readFileSync(join(world.directory, path)),
      change: async (path: string, bytes: Buffer) => writeFileSync(join(world.directory, path), bytes),
      seal: (more = {}) => sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock, ...more }),
    };
    for (const each of [folder, aws]) {
      await each.decide('a');
      await each.seal();
      await each.decide('a');
      let cosigned = false;
      // The moment before the new one is published.
      const report = await each.seal({
        store: (store) =>
          new Proxy(store, {
            get(target, name: keyof typeof store) {
              const value = target[name] as (...given: unknown[]) => unknown;
              if (name !== 'publish') return value.bind(target);
              return async (...given: unknown[]) => {
                if (!cosigned) {
                  cosigned = true;
                  const note = (await each.read('ledger/checkpoint'))?.toString() ?? '';
                  await each.change('ledger/checkpoint', Buffer.from(note + one.cosign(note)));
                }
                return value.apply(target, given);
              };
            },
          }),
      });
      expect([cosigned, report.made, report.size]).toEqual([true, 'sealed', 4]);
      expect((await each.read('ledger/checkpoint'))?.toString()).toBe(report.checkpoint);
    }
    await aws.remove();
  });

  it('on AWS is stored in the bucket, and an export has it', async () => {
    const aws = ledgerOnAws(new Model('t', 'b', { random: seeded(6), lag: 0 }), async () => undefined);
    await aws.decide('a');
    const report = await aws.seal({ witnesses: [one] });
    expect(report.cosigned).toHaveLength(1);
    expect((await aws.read('ledger/checkpoint'))?.toString()).toBe(report.checkpoint);
    expect(report.checkpoint.split('\n').at(-2)).toBe(one.cosign(report.checkpoint).trim());
    await aws.decide('a');
    expect(await aws.seal({ witnesses: [one] })).toMatchObject({ size: 4, notCosigned: [] });
    await aws.remove();
  });

  it('is valid with any lines after that of its log, and not with others in its place', async () => {
    const signer = signerOf(SECRET);
    const note = await signCheckpoint({ origin: signer.name, size: 7, root: Buffer.alloc(32, 9) }, signer);
    const line = one.cosign(note);
    expect(openCheckpoint(note + line, signer.name, [VERIFIER]).size).toBe(7);
    const [body = '', own = ''] = note.split('\n\n');
    for (const bad of [`${body}\n\n${line}`, `${body}\n\n${line}${own}`, `${note}${line}rubbish\n`, `${note}\n`, `${note}${line.trim()}`])
      expect(() => openCheckpoint(bad, signer.name, [VERIFIER])).toThrow(expect.objectContaining({ code: 'ledger/corrupt' }));
  });
});

describe('the configuration of a witness', () => {
  it('is its key and its URL', () => {
    expect(witnessOf(` ${one.key}   ${one.url} `)).toEqual({ key: one.key, url: one.url });
  });

  it.each<[string, () => string]>([
    ['nothing', () => ''],
    ['only a URL', () => one.url],
    ['only a key', () => one.key],
    ['the key of a log', () => `${generateKey('witness.example/w1').verifier} ${one.url}`],
    ['a changed key', () => `${one.key.replace('w1+', 'w2+')} ${one.url}`],
    ['a file', () => `${one.key} file:///etc/hosts`],
    ['something after it', () => `${one.key} ${one.url} more`],
  ])('cannot be %s', (_what, text) => {
    expect(() => witnessOf(text())).toThrow(expect.objectContaining({ code: 'ledger/key' }));
  });
});

it('proofs from tiles equal those of the tree, for every pair of sizes around the edges of tiles', async () => {
  const tree = new MemoryTree();
  for (let at = 0; at < 66_000; at++) tree.append(leafHash(Buffer.from(String(at))));
  const sizes = [1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 700, 65_535, 65_536, 65_537, 66_000];
  for (const size of sizes) {
    // The tiles that a log of this size has.
    const tiles = new Map(tilesBetween(0, size).map((tile) => [tilePath(tile), tile]));
    const read = async (tile: Tile) => {
      const { level, index, width } = tiles.get(tilePath(tile)) ?? { level: 'entries' as const, index: 0, width: 0 };
      if (level === 'entries') return null;
      return Buffer.concat(Array.from({ length: width }, (_, at) => tree.at(level * 8, index * 256 + at)));
    };
    for (const older of [0, ...sizes].filter((each) => each <= size))
      expect([older, size, await consistencyFrom(read, older, size)]).toEqual([older, size, consistencyProof(tree.at, older, size)]);
    if (size > 3) await expect(consistencyFrom(async () => null, 3, size)).rejects.toMatchObject({ code: 'ledger/corrupt' });
  }
});
