// What a sealer signs while the key of a log is replaced or lost, and what it leaves for the next one.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dying, NEXT_VERIFIER, type Sealing, sealing, VERIFIER } from '../../test/support/sealing.js';
import { breakFolder, rotateFolder, sealFolder } from './folder.js';
import { generateKey, type KeptSigner, signerOf } from './note.js';
import { breakPath, rotationPath } from './rotation.js';

let world: Sealing;
let third: KeptSigner;
beforeEach(() => {
  world = sealing();
  third = world.noting(signerOf(generateKey('example.com/redress').secret));
});
afterEach(() => world.remove());

const path = (...parts: string[]) => join(world.directory, ...parts);
const folder = () => ({ directory: world.directory, clock: world.clock });
const seal = (more = {}) => sealFolder({ ...folder(), signer: world.signer, ...more });
const rotate = (more = {}) => rotateFolder({ ...folder(), signer: world.signer, next: world.next, by: 'alice', reason: 'yearly', ...more });
const lose = (more = {}) => breakFolder({ ...folder(), signer: third, lost: VERIFIER, by: 'kim', reason: 'gone', ...more });
const refused = (code: string, message: string) => ({ code, message: expect.stringContaining(message) as string });

describe('an announced key', () => {
  it('in a seal without records, whose decision is lost, blocks everybody from signing a log of that size', async () => {
    await world.decide('a');
    await seal();
    // The decision, two tiles, and the announcement.
    await expect(rotate({ store: dying(3, 'after').through })).rejects.toThrow('died after');
    expect(existsSync(path(rotationPath(1)))).toBe(true);
    rmSync(path('sealer', 'pending.json'));
    const signed = [...world.signed];
    for (const act of [seal, rotate, lose]) await expect(act()).rejects.toMatchObject(refused('ledger/corrupt', 'announces a key, but the log does not'));
    expect(world.signed).toEqual(signed);
  });

  it('seals, and cannot be recorded as the successor of a lost key: nothing is broken', async () => {
    await world.decide('a');
    await seal();
    // With the checkpoint it is announced. The next key has sealed nothing yet.
    await expect(rotate({ store: dying(4, 'after').through })).rejects.toThrow('died after');
    const signed = [...world.signed];
    await expect(lose({ signer: world.next })).rejects.toMatchObject(refused('ledger/key', 'nothing is broken'));
    expect(world.signed).toEqual(signed);
    expect(existsSync(path(breakPath(1)))).toBe(false);
    expect(await seal({ signer: world.next, replaced: [VERIFIER] })).toMatchObject({ made: 'sealed', seal: { number: 3 } });
  });

  it('may be lost itself before it has sealed: then another one continues', async () => {
    await world.decide('a');
    await seal();
    await expect(rotate({ store: dying(4, 'after').through })).rejects.toThrow('died after');
    expect((await lose()).break).toMatchObject({ from: VERIFIER, to: third.verifier, entries: 3 });
    await expect(seal({ signer: world.next, replaced: [VERIFIER, third.verifier] })).rejects.toMatchObject({ code: 'ledger/key' });
    expect(await seal({ signer: third })).toMatchObject({ made: 'sealed', seal: { number: 4 } });
  });
});

describe('a key that succeeds a lost one', () => {
  it('is recorded once: a repeat returns what was sealed', async () => {
    await world.decide('a');
    await seal();
    const { break: said, report } = await lose();
    const again = await lose();
    expect(again).toMatchObject({ break: said, entry: 2, report: { origin: 'example.com/redress', made: 'joined', size: 3, root: report.root, skipped: [] } });
    expect(again.report.checkpoint).toBe(report.checkpoint);
    expect(world.signed).toHaveLength(2);
  });

  it('counts what the lost key had begun according to the seal, and no rotation that it had not signed', async () => {
    await world.decide('a');
    await expect(seal()).resolves.toMatchObject({ size: 2 });
    await world.decide('b');
    await expect(seal({ documentsFor: 7, store: dying(0, 'after').through })).rejects.toThrow('died after');
    const { report } = await lose();
    expect(report).toMatchObject({ size: 5, seal: { number: 3, first: 4, records: 0, said: { breaks: 1, documents: 4, rotations: 0 } } });
    await world.decide('c');
    expect((await seal({ signer: third, documentsFor: 7 })).seal).toMatchObject({ first: 5, records: 1, documents: { from: 4 } });
    // A rotation that was only begun does not count either.
    await expect(
      rotateFolder({ ...folder(), signer: third, next: world.next, by: 'kim', reason: 'yearly', store: dying(0, 'after').through }),
    ).rejects.toThrow();
    const fourth = world.noting(signerOf(generateKey('example.com/redress').secret));
    const { break: said, report: last } = await lose({ signer: fourth, lost: third.verifier });
    expect(said).toMatchObject({ number: 2, unsigned: 1 });
    expect(last.seal.said).toEqual({ breaks: 2, documents: 7, rotations: 0 });
  });
});

it('a key proves that it can sign with an empty log, which contradicts no other', async () => {
  await world.decide('a');
  await seal();
  const texts: string[] = [];
  const noting = (key: KeptSigner): KeptSigner => ({ ...key, sign: (text) => (texts.push(text.toString()), key.sign(text)) });
  await rotate({ next: noting(world.next) });
  await lose({ signer: noting(third), lost: NEXT_VERIFIER });
  const empty = texts.filter((text) => text.split('\n')[1] === '0');
  // SHA-256 of the empty string.
  expect(empty).toEqual(Array.from({ length: 2 }, () => 'example.com/redress\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n'));
  expect(readFileSync(path('ledger', 'checkpoint'), 'utf8')).toContain(texts.at(-1));
});
