// What a sealer has to do on every store of a log, with sealers that run at once and die at any write.
import { isRecord } from '@redress/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SealReport } from '../../src/ledger/sealer.js';
import type { LedgerStore } from '../../src/ledger/store.js';
import { decodeEntries, tilePath, tilesBetween } from '../../src/ledger/tiles.js';
import { leafHash, MemoryTree, rootOf } from '../../src/ledger/tree.js';
import { type Death, dying, type Recording } from './sealing.js';

/** A journal and its log, on some store. */
export interface LedgerWorld extends Recording {
  seal(more?: { readonly store?: (store: LedgerStore) => LedgerStore }): Promise<SealReport>;
  /** A file of the log; null where there is none. */
  read(path: string): Promise<Buffer | null>;
  /** Puts other bytes in its place. */
  change(path: string, bytes: Buffer): Promise<void>;
  remove(): Promise<void>;
}

/** Describes sealers on what `make` gives. */
export function describeLedger(name: string, make: () => Promise<LedgerWorld>): void {
  describe(`a sealer, on ${name}`, () => {
    let world: LedgerWorld;
    beforeEach(async () => {
      world = await make();
    });
    afterEach(() => world.remove());

    const again = async () => {
      await world.remove();
      world = await make();
    };
    const checkpoint = async () => (await world.read('ledger/checkpoint'))?.toString() ?? '';
    const sizeIn = (note: string) => Number(note.split('\n')[1]);
    const entries = async () => {
      const found: Buffer[] = [];
      for (const tile of tilesBetween(0, sizeIn(await checkpoint())))
        if (tile.level === 'entries') found.push(...decodeEntries((await world.read(`ledger/${tilePath(tile)}`)) ?? Buffer.alloc(0)));
      return found;
    };
    /** Records as they are in the log: `a1` is the first of bucket a. Seals are `=` and their number of records. */
    const shape = async () =>
      (await entries()).map((entry) => {
        const { seal, resource, seq } = JSON.parse(entry.toString()) as { seal?: { records: number }; resource: { id: string }; seq: number };
        return isRecord(seal) ? `=${seal.records}` : `${resource.id}${seq}`;
      });
    const records = async () => (await shape()).filter((each) => !each.startsWith('='));

    /** No two texts that were ever signed contradict each other, and the log that is there is behind none of them, whole, and has no record twice. */
    async function expectOneHistory(): Promise<void> {
      const tree = new MemoryTree();
      for (const entry of await entries()) tree.append(leafHash(entry));
      expect(world.signed.length).toBeGreaterThan(0);
      for (const text of new Set(world.signed)) {
        const size = sizeIn(text);
        expect(size).toBeLessThanOrEqual(tree.size);
        expect(text).toBe(`example.com/redress\n${size}\n${rootOf(tree.at, size).toString('base64')}\n`);
      }
      for (const { level, index, width } of tilesBetween(0, tree.size)) {
        if (level === 'entries') continue;
        const hashes = Array.from({ length: width }, (_, at) => tree.at(8 * level, index * 256 + at));
        expect((await world.read(`ledger/${tilePath({ level, index, width })}`))?.equals(Buffer.concat(hashes))).toBe(true);
      }
      const all = await records();
      expect(new Set(all).size).toBe(all.length);
    }

    /** A log to which a seal adds the records of several streams. */
    async function prepared(): Promise<void> {
      for (const id of ['a', 'b', 'a', 'c']) await world.decide(id);
      await world.seal();
      for (let at = 0; at < 2; at++) for (const id of ['a', 'b', 'd']) await world.decide(id);
    }
    const PREPARED = ['a1', 'b1', 'a2', 'c1', 'a3', 'b2', 'd1', 'a4', 'b3', 'd2'];

    it('gives records global numbers in the order in which they were made, and signs an empty interval, too', async () => {
      await world.decide('b');
      await world.decide('a');
      await world.fix('b');
      expect(await world.seal()).toMatchObject({ origin: 'example.com/redress', size: 6, seal: { number: 1, first: 0, records: 5 }, made: 'sealed' });
      expect(await world.seal()).toMatchObject({ size: 7, seal: { number: 2, first: 6, records: 0 }, made: 'sealed', skipped: [] });
      await world.decide('a');
      const { checkpoint: note } = await world.seal();
      expect(await shape()).toEqual(['b1', 'a1', 'b2', 'b3', 'b4', '=5', '=0', 'a2', '=1']);
      expect(await checkpoint()).toBe(note);
      await expectOneHistory();
    });

    it('goes on over full tiles', async () => {
      for (let at = 0; at < 253; at++) await world.decide(`r${at % 3}`);
      // 254, 255 and 256 entries, and a second tile.
      for (const size of [254, 255, 256, 257, 258]) expect((await world.seal()).size).toBe(size);
      await world.decide('r0');
      expect(await world.seal()).toMatchObject({ size: 260, seal: { number: 6, records: 1 }, skipped: [] });
      await expectOneHistory();
    });

    it.each(['before', 'after'] as const)('that dies %s any write has signed nothing that its successor contradicts', async (death: Death) => {
      await prepared();
      const counted = dying(0, null);
      await world.seal({ store: counted.through });
      expect(counted.count).toBeGreaterThan(5);
      for (let at = 0; at < counted.count; at++) {
        await again();
        await prepared();
        await expect(world.seal({ store: dying(at, death).through })).rejects.toThrow('died');
        await world.decide('0');
        world.clock.time += 60_000;
        expect((await world.seal()).skipped).toEqual([]);
        expect(await records()).toEqual([...PREPARED, '01']);
        await expectOneHistory();
      }
    });

    it('and whose successor dies, and whose successor dies, has signed nothing that anybody contradicts', async () => {
      for (const [first, second] of [
        [0, 0],
        [0, 3],
        [2, 1],
        [3, 4],
        [4, 2],
      ]) {
        await again();
        await prepared();
        for (const at of [first, second] as number[]) {
          await world.seal({ store: dying(at, at % 2 === 0 ? 'before' : 'after').through }).catch((error: unknown) => expect(String(error)).toContain('died'));
          await world.decide('b');
        }
        await world.seal();
        expect(await records()).toEqual([...PREPARED, 'b4', 'b5']);
        await expectOneHistory();
      }
    });

    it('is one of several at once, and they make one history while records are written', async () => {
      await world.decide('a');
      let sealing = true;
      const recorded = (async () => {
        let count = 1;
        for (; sealing || count < 12; count++) await world.decide(`r${count % 5}`);
        return count;
      })();
      const rounds = Array.from({ length: 4 }, async () => {
        const seals: SealReport[] = [];
        for (let round = 0; round < 3; round++) seals.push(await world.seal());
        return seals;
      });
      const seals = (await Promise.all(rounds)).flat();
      sealing = false;
      const count = await recorded;
      expect(seals.flatMap(({ skipped }) => skipped)).toEqual([]);
      await world.seal();
      expect(await records()).toHaveLength(count);
      await expectOneHistory();
    });

    it('is one of two at once, of which one dies at any write', async () => {
      for (let at = 0; at < 6; at++) {
        await again();
        await prepared();
        const [dead, alive] = await Promise.allSettled([world.seal({ store: dying(at, at % 2 === 0 ? 'after' : 'before').through }), world.seal()]);
        if (dead?.status === 'rejected') expect(String(dead.reason)).toContain('died');
        expect(alive).toMatchObject({ status: 'fulfilled', value: { skipped: [] } });
        await world.decide('0');
        await world.seal();
        expect(await records()).toEqual([...PREPARED, '01']);
        await expectOneHistory();
      }
    });

    it('that was held up is passed by others, and what it does then changes nothing', async () => {
      await prepared();
      let hold: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        hold = resolve;
      });
      let waits = false;
      // Everything is written but the checkpoint.
      const slow = world.seal({
        store: (store) => ({
          ...dying(0, null).through(store),
          alone: (work) => work(),
          publish: async (note, over) => {
            waits = true;
            await held;
            return store.publish(note, over);
          },
        }),
      });
      while (!waits) await new Promise((resolve) => setImmediate(resolve));
      await world.decide('a');
      await world.seal();
      await world.decide('a');
      const newest = await world.seal();
      hold();
      expect((await slow).checkpoint).toBe(newest.checkpoint);
      expect(await checkpoint()).toBe(newest.checkpoint);
      expect(await records()).toEqual([...PREPARED, 'a5', 'a6']);
      await expectOneHistory();
    });

    it.each(['tile/0/000.p/5', 'tile/entries/000.p/5'])('signs nothing on top of a %s that was changed', async (file) => {
      await prepared();
      const bytes = Buffer.from((await world.read(`ledger/${file}`)) ?? []);
      bytes[40] = (bytes[40] as number) ^ 1;
      await world.change(`ledger/${file}`, bytes);
      await expect(world.seal()).rejects.toMatchObject({ code: 'ledger/corrupt' });
      expect(world.signed).toHaveLength(1);
    });

    it('signs nothing with a key whose signatures are not its own', async () => {
      await prepared();
      const before = await checkpoint();
      const { signer } = world;
      const sign = signer.sign;
      signer.sign = (text) => sign(Buffer.concat([text, Buffer.from('x')]));
      await expect(world.seal()).rejects.toMatchObject({ code: 'ledger/key' });
      expect(await checkpoint()).toBe(before);
      signer.sign = sign;
      world.signed.pop();
      expect(await world.seal()).toMatchObject({ made: 'completed', size: 12 });
      await expectOneHistory();
    });
  });
}
