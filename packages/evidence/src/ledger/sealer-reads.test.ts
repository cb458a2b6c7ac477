// What a sealer keeps for speed: how much of the log it reads, and that it says the same without it. And the moments and bounds of what it decides.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dying, type Sealing, sealing, VERIFIER } from '../../test/support/sealing.js';
import type { Seal } from './entry.js';
import { breakFolder, rotateFolder, sealFolder } from './folder.js';
import { generateKey, signerOf } from './note.js';
import type { LedgerStore } from './store.js';

let world: Sealing;
beforeEach(() => {
  world = sealing();
});
afterEach(() => world.remove());

const options = () => ({ directory: world.directory, signer: world.signer, clock: world.clock });
const state = () => join(world.directory, 'sealer', 'state.json');
const decide = async (id: string, records: number) => {
  for (let at = 0; at < records; at++) await world.decide(id);
};
/** Seals, and says which bundles of entries were read for it. */
async function bundlesRead(): Promise<string[]> {
  const bundles: string[] = [];
  const store = (inner: LedgerStore): LedgerStore => ({
    ...dying(0, null).through(inner),
    read: async (path) => {
      if (path.includes('/entries/')) bundles.push(path.slice('ledger/tile/entries/'.length));
      return inner.read(path);
    },
  });
  expect(await sealFolder({ ...options(), store })).toMatchObject({ made: 'sealed', skipped: [] });
  return bundles;
}

describe('a sealer reads of the log', () => {
  it('its last entries alone, and all of it where what it keeps is gone, or is not what the newest seal says', async () => {
    await decide('a', 270);
    await sealFolder(options());
    await world.decide('a');
    expect(await bundlesRead()).toEqual(['001.p/15']);
    const kept = readFileSync(state(), 'utf8');
    await world.decide('b');
    expect(await bundlesRead()).toEqual(['001.p/17']);
    const all = ['001.p/19', '000', '001.p/19'];
    // As it was two seals ago.
    writeFileSync(state(), kept.replace('"seq":271', '"seq":270'));
    expect(await bundlesRead()).toEqual(all);
    for (const [gone, width] of [
      [() => writeFileSync(state(), '{"no":'), 20],
      [() => rmSync(state()), 21],
    ] as const) {
      gone();
      expect(await bundlesRead()).toEqual([`001.p/${width}`, '000', `001.p/${width}`]);
    }
    expect(await bundlesRead()).toEqual(['001.p/22']);
  });

  it('its last bundle where that is full', async () => {
    await decide('a', 255);
    await sealFolder(options());
    expect(await bundlesRead()).toEqual(['000']);
    expect(await bundlesRead()).toEqual(['001.p/1']);
  });

  it('no more after one that has died right after it had published, and left what it had decided', async () => {
    await decide('a', 260);
    await sealFolder(options());
    await decide('b', 2);
    // What is decided, two tiles, the checkpoint; and not what is kept.
    await expect(sealFolder({ ...options(), store: dying(3, 'after').through })).rejects.toThrow('died after');
    await world.decide('b');
    expect(await bundlesRead()).toEqual(['001.p/8']);
  });
});

describe('what a sealer decides', () => {
  it.each([1, 36_500])('may keep documents for %i days', async (documentsFor) => {
    await world.decide('a');
    const { seal } = await sealFolder({ ...options(), documentsFor });
    expect(Date.parse(seal.documents?.until ?? '') - Date.parse(seal.time)).toBe(documentsFor * 86_400_000);
  });
  it('may keep them for no more than a hundred years', async () => {
    await world.decide('a');
    await expect(sealFolder({ ...options(), documentsFor: 36_501 })).rejects.toMatchObject({ code: 'ledger/invalid' });
    expect(world.signed).toEqual([]);
  });

  it('may be said by whom, and why, in a thousand characters each', async () => {
    await world.decide('a');
    const long = 'x'.repeat(1000);
    const { rotation } = await rotateFolder({ ...options(), next: world.next, by: long, reason: long });
    expect([rotation.by, rotation.reason]).toEqual([long, long]);
  });

  it('has no moment of two keys, whatever the clock says', async () => {
    await world.decide('a');
    const { seal: before } = await sealFolder(options());
    const third = world.noting(signerOf(generateKey('example.com/redress').secret));
    // It was set back.
    world.clock.time -= 3_600_000;
    const lost = await breakFolder({ ...options(), signer: third, lost: VERIFIER, by: 'kim', reason: 'gone' });
    expect(Date.parse(lost.since)).toBe(Date.parse(before.time) + 1);
    const seals: Pick<Seal, 'number' | 'time'>[] = [before, lost.report.seal, (await sealFolder({ ...options(), signer: third })).seal];
    expect(seals.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(seals[2]?.time).toBe(lost.since);
  });

  it('is dated by the clock where a key is lost, too', async () => {
    await world.decide('a');
    await sealFolder(options());
    world.clock.time += 3_600_000;
    const third = world.noting(signerOf(generateKey('example.com/redress').secret));
    const { since } = await breakFolder({ ...options(), signer: third, lost: VERIFIER, by: 'kim', reason: 'gone' });
    expect(Date.parse(since)).toBe(world.clock.time);
  });
});
