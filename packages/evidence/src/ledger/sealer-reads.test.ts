// State that a sealer keeps for speed: how much of the log it reads, and that the result is the same without it. Also, times and limits of its decisions.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { digestOf, digestText } from '@redress/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dying, type Sealing, sealing, VERIFIER } from '../../test/support/sealing.js';
import { blobFile } from '../layout.js';
import { Archives, archivePath } from './archive.js';
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
/** Seals, and returns which bundles of entries were read for it. */
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

describe('a sealer reads from the log', () => {
  it('only its last entries, and all of it if its own state is missing or differs from the newest seal', async () => {
    await decide('a', 270);
    await sealFolder(options());
    await world.decide('a');
    expect(await bundlesRead()).toEqual(['001.p/15']);
    const kept = readFileSync(state(), 'utf8');
    await world.decide('b');
    expect(await bundlesRead()).toEqual(['001.p/17']);
    for (const [what, width] of [
      // The state of the previous seal; one that differs from the seal; not JSON; nothing.
      [kept, 19],
      [kept.replace(/"seq":\d+/, '"seq":1').replace('"number":2', '"number":4'), 20],
      ['{"no":', 21],
      [null, 22],
    ] as const) {
      if (what === null) rmSync(state());
      else writeFileSync(state(), what);
      expect(await bundlesRead()).toEqual([`001.p/${width}`, '000', `001.p/${width}`]);
    }
    expect(await bundlesRead()).toEqual(['001.p/23']);
  });

  it('its last bundle if that is full', async () => {
    await decide('a', 511);
    await sealFolder(options());
    expect(await bundlesRead()).toEqual(['001']);
    expect(await bundlesRead()).toEqual(['002.p/1']);
  });

  it('nothing that is missing, and then signs nothing', async () => {
    await decide('a', 260);
    await sealFolder(options());
    await world.decide('a');
    rmSync(join(world.directory, 'ledger/tile/entries/000'));
    // Entries with documents about which no seal has said anything are read again.
    await expect(sealFolder({ ...options(), documentsFor: 7 })).rejects.toMatchObject({ code: 'ledger/corrupt' });
    rmSync(join(world.directory, 'sealer'), { recursive: true });
    await expect(sealFolder(options())).rejects.toMatchObject({ code: 'ledger/corrupt' });
    expect(world.signed).toHaveLength(1);
  });

  it('no more after one that died right after it published, and left its decision', async () => {
    await decide('a', 260);
    await sealFolder(options());
    await decide('b', 2);
    // The decision, two tiles, the checkpoint; but not the kept state.
    await expect(sealFolder({ ...options(), store: dying(3, 'after').through })).rejects.toThrow('died after');
    await world.decide('b');
    expect(await bundlesRead()).toEqual(['001.p/8']);
  });
});

describe('documents of a seal in several archives', () => {
  it('are removed from where they were, whichever archive has them', async () => {
    const text = '{"id":"far"}';
    const own = blobFile(world.directory, digestText(text));
    mkdirSync(dirname(own), { recursive: true });
    writeFileSync(own, text);
    const archives = new Archives(1);
    archives.add({ digest: digestText(text), text });
    const second = archives.end();
    await world.decide('a');
    const store = (inner: LedgerStore): LedgerStore => ({
      ...dying(0, null).through(inner),
      // As if there were too many for one.
      read: async (path) => (path === archivePath(1, 1) ? second : inner.read(path)),
    });
    await sealFolder({ ...options(), documentsFor: 7, store });
    expect([existsSync(own), existsSync(blobFile(world.directory, digestOf({ id: 'a' })))]).toEqual([false, false]);
  });
});

describe('the decision of a sealer', () => {
  it.each([1, 36_500])('may keep documents for %i days', async (documentsFor) => {
    await world.decide('a');
    const { seal } = await sealFolder({ ...options(), documentsFor });
    expect(Date.parse(seal.documents?.until ?? '') - Date.parse(seal.time)).toBe(documentsFor * 86_400_000);
  });
  it('may not keep them for more than a hundred years', async () => {
    await world.decide('a');
    await expect(sealFolder({ ...options(), documentsFor: 36_501 })).rejects.toMatchObject({ code: 'ledger/invalid' });
    expect(world.signed).toEqual([]);
  });

  it('may have a person and a reason of a thousand characters each', async () => {
    await world.decide('a');
    const long = 'x'.repeat(1000);
    const { rotation } = await rotateFolder({ ...options(), next: world.next, by: long, reason: long });
    expect([rotation.by, rotation.reason]).toEqual([long, long]);
  });

  it('dates a key change after the seal before it, even if the clock is set back', async () => {
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

  it('is dated by the clock when a key is lost, too', async () => {
    await world.decide('a');
    await sealFolder(options());
    world.clock.time += 3_600_000;
    const third = world.noting(signerOf(generateKey('example.com/redress').secret));
    const { since } = await breakFolder({ ...options(), signer: third, lost: VERIFIER, by: 'kim', reason: 'gone' });
    expect(Date.parse(since)).toBe(world.clock.time);
  });
});
