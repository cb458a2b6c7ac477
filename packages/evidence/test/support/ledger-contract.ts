// What a sealer has to do on every store of a log, with sealers that run at once and die at any write.
import { digestOf, isRecord } from '@redress/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repeated } from '../../../../tests/support/size.js';
import { archivePath, heldIn } from '../../src/ledger/archive.js';
import { generateKey, type NoteSigner, signerOf } from '../../src/ledger/note.js';
import type { Broken, LostKey, NextKey, Rotated, SealReport } from '../../src/ledger/sealer.js';
import type { LedgerStore } from '../../src/ledger/store.js';
import { decodeEntries, tilePath, tilesBetween } from '../../src/ledger/tiles.js';
import { leafHash, MemoryTree, rootOf } from '../../src/ledger/tree.js';
import type { Witness } from '../../src/ledger/witness.js';
import { type Death, dying, isDecision, NEXT_VERIFIER, type Recording, VERIFIER } from './sealing.js';

/** A journal and its log, on some store. */
export interface LedgerWorld extends Recording {
  seal(more?: SealMore): Promise<SealReport>;
  /** Replaces the key. */
  rotate(more?: SealMore & Partial<NextKey>): Promise<Rotated>;
  /** Says that a key is lost: the signer's goes on. */
  break(more: SealMore & Partial<LostKey> & Pick<SealMore, 'signer'>): Promise<Broken>;
  /** A file of the log; null where there is none. */
  read(path: string): Promise<Buffer | null>;
  /** Puts other bytes in its place. */
  change(path: string, bytes: Buffer): Promise<void>;
  remove(): Promise<void>;
}

/** What a test has otherwise than the rest. */
interface SealMore {
  readonly store?: (store: LedgerStore) => LedgerStore;
  readonly witnesses?: readonly Witness[];
  readonly signer?: NoteSigner;
  readonly replaced?: readonly string[];
  readonly documentsFor?: number;
}

/** Dying before a write leaves what dying after the one before it leaves. So every second write with both meets each state, but for that after the last. */
const STRIDE = repeated(2, 1);

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

    it('numbers records globally in the order in which they were made, and signs an empty interval', async () => {
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

    it('continues over full tiles', async () => {
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
      for (let at = 0; at < counted.count; at += STRIDE) {
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

    it('and whose successors die twice has signed nothing that anybody contradicts', async () => {
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

    it('makes one history with concurrent sealers while records are written', async () => {
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

    it('makes one history with another one that dies at any write', async () => {
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

    it('that is delayed is overtaken by others, and what it does then changes nothing', async () => {
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

    describe('with a key rotation', () => {
      const byNext = (more: SealMore = {}) => world.seal({ signer: world.next, ...more });
      /** The keys that have signed what is there: the newest checkpoint, and the one before the key was replaced. */
      const keys = async () => {
        const by = (note: string | undefined) => /\n\u2014 \S+ (\S+)\n$/.exec(note ?? '')?.[1] ?? '';
        const of = (encoded: string) => Buffer.from(encoded, 'base64').subarray(0, 4).toString('hex');
        return [of(by((await world.read('ledger/rotations/1.tlog-proof'))?.toString())), of(by(await checkpoint()))];
      };
      const idOf = (verifier: string) => verifier.split('+')[1];
      const ROTATION = { number: 1, from: VERIFIER, to: NEXT_VERIFIER, by: 'alice', reason: 'yearly' };

      it('records it in the log under the old key, and seals only with the new one from then on', async () => {
        await prepared();
        const { rotation, since, report } = await world.rotate();
        expect(rotation).toEqual(ROTATION);
        expect(report).toMatchObject({ made: 'sealed', size: 13, seal: { number: 3, records: 0 }, skipped: [] });
        expect(await shape()).toEqual([...PREPARED.slice(0, 4), '=4', ...PREPARED.slice(4), '=6', '=0']);
        const [announced, after] = (await entries())
          .slice(-2)
          .map((entry) => (JSON.parse(entry.toString()) as { seal: { time: string; rotation?: object } }).seal);
        expect(announced?.rotation).toEqual(ROTATION);
        expect(announced?.time).toBe(since);
        // No moment is that of two keys.
        expect(Date.parse(after?.time ?? '')).toBe(Date.parse(since) + 1);
        expect(after?.rotation).toBeUndefined();
        expect(await keys()).toEqual([idOf(VERIFIER), idOf(NEXT_VERIFIER)]);
        // The old key is known to have signed the seal before; whoever has it seals nothing more.
        await world.decide('a');
        const signed = world.signed.length;
        await expect(world.seal({ replaced: [NEXT_VERIFIER] })).rejects.toMatchObject({
          code: 'ledger/key',
          message: expect.stringContaining('has replaced it'),
        });
        expect(world.signed).toHaveLength(signed);
        expect(await byNext()).toMatchObject({ made: 'sealed', size: 15, seal: { records: 1 } });
        await expectOneHistory();
      });

      it.each(['before', 'after'] as const)('and that dies %s any write, completes it later, and nothing contradicts it', async (death: Death) => {
        await prepared();
        const counted = dying(0, null);
        await world.rotate({ store: counted.through });
        expect(counted.count).toBeGreaterThan(10);
        for (let at = 0; at < counted.count; at += STRIDE) {
          await again();
          await prepared();
          await expect(world.rotate({ store: dying(at, death).through })).rejects.toThrow('died');
          await world.decide('0');
          world.clock.time += 60_000;
          const { rotation } = await world.rotate();
          expect(rotation).toEqual(ROTATION);
          await byNext({ replaced: [VERIFIER] });
          expect((await records()).toSorted()).toEqual([...PREPARED, '01'].toSorted());
          // Announced once, however often it was begun.
          expect((await entries()).filter((entry) => entry.includes('"rotation":'))).toHaveLength(1);
          expect(await keys()).toEqual([idOf(VERIFIER), idOf(NEXT_VERIFIER)]);
          expect(await world.read('ledger/rotations/2.tlog-proof')).toBeNull();
          await expectOneHistory();
        }
      });

      it('by several concurrently, while others seal with either key, makes it once', async () => {
        await prepared();
        const tries = await Promise.allSettled([
          world.rotate(),
          world.seal({ replaced: [NEXT_VERIFIER] }),
          world.rotate(),
          world.seal({ replaced: [NEXT_VERIFIER] }),
          byNext({ replaced: [VERIFIER] }),
        ]);
        // A sealer with the old key may come too late, and one with the new key too early for a seal that the old one has begun.
        for (const each of tries) if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'ledger/key' });
        await world.rotate();
        await byNext({ replaced: [VERIFIER] });
        expect(await records()).toEqual(PREPARED);
        expect((await entries()).filter((entry) => entry.includes('"rotation":'))).toHaveLength(1);
        await expectOneHistory();
      });

      it.each([
        ['a log', 'has not announced'],
        ['a log that has no checkpoint', 'has begun to announce'],
      ])('of %s, is completed only with the key that began it', async (log, why) => {
        await (log === 'a log' ? prepared() : world.decide('a'));
        // Decided, and no more.
        const store = (through: LedgerStore): LedgerStore => ({
          ...dying(0, null).through(through),
          decide: async (number, plan) => {
            await through.decide(number, plan);
            throw new Error('died after');
          },
        });
        await expect(world.rotate({ store })).rejects.toThrow('died after');
        const signed = world.signed.length;
        await expect(byNext({ replaced: [VERIFIER] })).rejects.toMatchObject({ code: 'ledger/key', message: expect.stringContaining(why) });
        expect(world.signed).toHaveLength(signed);
        expect(await world.seal()).toMatchObject({ made: 'completed', seal: { rotation: ROTATION } });
        expect(new Set(await keys())).toEqual(new Set([idOf(VERIFIER)]));
        await expectOneHistory();
      });

      it('does not continue from a checkpoint that the old key has signed after it', async () => {
        await prepared();
        await world.rotate();
        const note = await checkpoint();
        const text = note.slice(0, note.indexOf('\n\n') + 1);
        const forged = Buffer.concat([Buffer.from(idOf(VERIFIER) ?? '', 'hex'), await world.signer.sign(Buffer.from(text))]);
        await world.change('ledger/checkpoint', Buffer.from(`${text}\n\u2014 example.com/redress ${forged.toString('base64')}\n`));
        await expect(byNext({ replaced: [VERIFIER] })).rejects.toMatchObject({ code: 'ledger/corrupt' });
      });

      it('refuses a key that cannot sign, is of another log, or was replaced before', async () => {
        await prepared();
        const { next } = world;
        const mute = { ...next, sign: () => Buffer.alloc(64) };
        const foreign = signerOf(generateKey('example.org').secret);
        for (const wrong of [mute, foreign, world.signer]) await expect(world.rotate({ next: wrong })).rejects.toMatchObject({ code: 'ledger/key' });
        // What does not fit into an entry would be decided, and nobody could ever complete it.
        for (const wrong of [{ by: ' ' }, { reason: '' }, { reason: 'x'.repeat(70_000) }, { by: 'x'.repeat(1001) }])
          await expect(world.rotate(wrong)).rejects.toMatchObject({ code: 'ledger/invalid' });
        expect(await records()).toEqual(PREPARED.slice(0, 4));
        await world.rotate();
        await expect(world.rotate({ signer: next, next: world.signer, replaced: [VERIFIER] })).rejects.toMatchObject({ code: 'ledger/key' });
        // One that was lost cannot announce another: none follows without a word, and a person says so.
        const third = signerOf(generateKey('example.com/redress').secret);
        await expect(world.seal({ signer: third, replaced: [NEXT_VERIFIER] })).rejects.toMatchObject({ code: 'ledger/key' });
        expect((await world.break({ signer: third, lost: NEXT_VERIFIER })).report).toMatchObject({ made: 'sealed' });
        expect(await world.seal({ signer: third })).toMatchObject({ made: 'sealed' });
        const fourth = signerOf(generateKey('example.com/redress').secret);
        const { rotation } = await world.rotate({ signer: third, next: fourth, replaced: [NEXT_VERIFIER] });
        expect(rotation).toMatchObject({ number: 2, from: third.verifier, to: fourth.verifier });
        await expectOneHistory();
      });
    });

    describe('with a lost key', () => {
      const third = signerOf(generateKey('example.com/redress').secret);
      const ended = (more: Partial<SealMore> & Partial<LostKey> = {}) => world.break({ signer: world.noting(third), lost: VERIFIER, ...more });
      const seals = async () =>
        (await entries()).flatMap((entry) => {
          const { seal } = JSON.parse(entry.toString()) as { seal?: { number: number; records: number; rotation?: object; break?: object } };
          return seal === undefined ? [] : [seal];
        });
      /** A rotation that was decided, and no more. */
      const begun = async () => {
        const store = (through: LedgerStore): LedgerStore => ({
          ...dying(0, null).through(through),
          decide: async (number, plan) => {
            await through.decide(number, plan);
            throw new Error('died after');
          },
        });
        await expect(world.rotate({ store })).rejects.toThrow('died after');
      };
      const SAID = { number: 1, from: VERIFIER, to: third.verifier, by: 'alice', reason: 'the disk failed' };

      it('records it in the log and continues with another one; nothing is announced, and the lost key signs nothing more', async () => {
        await prepared();
        const last = await checkpoint();
        await expect(world.seal({ signer: world.noting(third), replaced: [VERIFIER] })).rejects.toMatchObject({ code: 'ledger/key' });
        const { break: said, report } = await ended();
        expect(said).toEqual({ ...SAID, entries: 5 });
        expect(report).toMatchObject({ made: 'sealed', size: 6, seal: { number: 2, records: 0 } });
        expect((await world.read('ledger/breaks/1.checkpoint'))?.toString()).toBe(last);
        expect(await world.read('ledger/rotations/1.tlog-proof')).toBeNull();
        // Once more is the same.
        expect(await ended()).toMatchObject({ break: said, report: { made: 'joined', size: 6 } });
        const signed = world.signed.length;
        await expect(world.seal({ replaced: [third.verifier] })).rejects.toMatchObject({ code: 'ledger/key' });
        await expect(world.rotate({ replaced: [third.verifier] })).rejects.toMatchObject({ code: 'ledger/key' });
        expect(world.signed).toHaveLength(signed);
        expect(await world.seal({ signer: world.noting(third) })).toMatchObject({ made: 'sealed', seal: { records: 6 } });
        expect(await records()).toEqual(PREPARED);
        await expectOneHistory();
      });

      it('during its rotation completes what it had begun as decided, and announces nothing', async () => {
        await prepared();
        await begun();
        expect((await ended()).break).toEqual({ ...SAID, entries: 5, unsigned: 1 });
        expect((await seals()).map(({ number, records: count, rotation, break: lost }) => [number, count, rotation !== undefined, lost !== undefined])).toEqual(
          [
            [1, 4, false, false],
            [2, 6, true, false],
            [3, 0, false, true],
          ],
        );
        expect(await world.read('ledger/rotations/1.tlog-proof')).toBeNull();
        // Nor the key that it was to announce; and the next rotation is the first one.
        await expect(world.seal({ signer: world.next, replaced: [VERIFIER, third.verifier] })).rejects.toMatchObject({ code: 'ledger/key' });
        await world.decide('a');
        await world.seal({ signer: world.noting(third) });
        const fourth = signerOf(generateKey('example.com/redress').secret);
        expect((await world.rotate({ signer: world.noting(third), next: fourth })).rotation).toMatchObject({ number: 1, from: third.verifier });
        expect(await world.seal({ signer: fourth })).toMatchObject({ made: 'sealed' });
        expect(await records()).toEqual([...PREPARED, 'a5']);
      });

      it.each(['before', 'after'] as const)(
        'and that dies %s any write while it records that: it is recorded once, and nothing contradicts it',
        async (death: Death) => {
          for (let at = 0; ; at++) {
            await again();
            await prepared();
            await begun();
            const counted = dying(at, death);
            const failed = await ended({ store: counted.through }).then(
              () => false,
              (error: unknown) => (expect(String(error)).toContain('died'), true),
            );
            await world.decide('0');
            world.clock.time += 60_000;
            expect((await ended()).break).toMatchObject({ ...SAID, entries: 5, unsigned: 1 });
            await world.seal({ signer: world.noting(third) });
            expect(await records()).toEqual([...PREPARED, '01']);
            expect((await seals()).filter((each) => each.break !== undefined)).toHaveLength(1);
            expect(await world.read('ledger/breaks/2.checkpoint')).toBeNull();
            await expectOneHistory();
            if (!failed) break;
            expect(at).toBeLessThan(40);
          }
        },
      );

      it('refuses a lost key that was not the last to sign, a missing person or reason, and a successor that has signed before', async () => {
        await prepared();
        await expect(ended({ lost: NEXT_VERIFIER, replaced: [VERIFIER] })).rejects.toMatchObject({ code: 'ledger/key' });
        await expect(world.break({ signer: world.signer, lost: VERIFIER })).rejects.toMatchObject({ code: 'ledger/key' });
        for (const wrong of [{ by: ' ' }, { reason: '' }, { reason: 'x'.repeat(1001) }])
          await expect(ended(wrong)).rejects.toMatchObject({ code: 'ledger/invalid' });
        await world.rotate();
        await expect(world.break({ signer: world.signer, lost: NEXT_VERIFIER })).rejects.toMatchObject({ code: 'ledger/key' });
        await ended({ lost: NEXT_VERIFIER });
        await expect(world.break({ signer: world.next, lost: third.verifier, replaced: [NEXT_VERIFIER] })).rejects.toMatchObject({ code: 'ledger/key' });
        expect((await seals()).filter((each) => each.break !== undefined)).toHaveLength(1);
        await expectOneHistory();
      });
    });

    describe('with documents to move', () => {
      const sealed = (more: SealMore = {}) => world.seal({ documentsFor: 30, ...more });
      const archived = async (number: number) => {
        const bytes = await world.read(archivePath(number, 0));
        return bytes === null ? null : heldIn(bytes).toSorted();
      };
      /** Documents of all records; each has to be there. */
      const readable = async () => {
        const digests = new Set<string>();
        for await (const { record, documents } of world.journal.read({ all: true })) {
          expect(Object.keys(documents)).toEqual(Object.keys(record.blobs));
          for (const digest of Object.values(record.blobs)) digests.add(digest);
        }
        return [...digests].toSorted();
      };

      it('has those of each seal in one archive, with the date until which they are kept', async () => {
        await world.decide('a');
        await world.fix('a');
        const before = await readable();
        expect(before).toHaveLength(3);
        const { seal } = await sealed();
        expect([seal.time, seal.documents]).toEqual(['2026-01-02T00:00:03.000Z', { from: 0, until: '2026-02-01T00:00:03.000Z' }]);
        expect(await archived(1)).toEqual(before);
        expect(await readable()).toEqual(before);
        // Nothing was recorded.
        expect((await sealed()).seal.documents).toBeUndefined();
        expect(await archived(2)).toBeNull();
        // What a later record names, too, is kept for as long as that one needs it.
        await world.decide('a');
        await world.decide('b');
        expect((await sealed()).seal.documents).toEqual({ from: 5, until: '2026-02-01T00:00:05.000Z' });
        const [state, other] = [digestOf({ id: 'a' }), digestOf({ id: 'b' })];
        expect(before).toContain(state);
        expect(await archived(3)).toEqual([state, other].toSorted());
        // Nobody has to go on with it.
        await world.decide('c');
        expect((await world.seal()).seal.documents).toBeUndefined();
        expect(await archived(4)).toBeNull();
        expect(await readable()).toEqual([...before, other, digestOf({ id: 'c' })].toSorted());
        // What none has said anything of, the next one takes in that does.
        await world.decide('d');
        expect((await sealed()).seal.documents).toMatchObject({ from: 9 });
        expect(await archived(5)).toEqual([digestOf({ id: 'c' }), digestOf({ id: 'd' })].toSorted());
        await expectOneHistory();
      });

      it.each(['before', 'after'] as const)('and that dies %s any write, loses none', async (death: Death) => {
        await prepared();
        const counted = dying(0, null);
        await sealed({ store: counted.through });
        const all = await readable();
        const there = await archived(2);
        expect(there).toEqual(['a', 'b', 'c', 'd'].map((id) => digestOf({ id })).toSorted());
        for (let at = 0; at < counted.count; at += STRIDE) {
          await again();
          await prepared();
          await expect(sealed({ store: dying(at, death).through })).rejects.toThrow('died');
          expect(await readable()).toEqual(all);
          // Whoever completes it may have been told nothing of documents.
          await world.seal();
          await world.seal();
          expect(await readable()).toEqual(all);
          expect(await archived(2)).toEqual((await entries()).some((entry) => entry.includes('"until":')) ? there : null);
          await expectOneHistory();
        }
      });

      it('among several, loses none', async () => {
        await prepared();
        const all = await readable();
        await Promise.all([sealed(), world.seal(), sealed(), (async () => expect(await readable()).toEqual(all))()]);
        expect(await readable()).toEqual(all);
        await world.decide('e');
        await Promise.all([sealed(), sealed(), sealed()]);
        expect(await readable()).toEqual([...all, digestOf({ id: 'e' })].toSorted());
        const number =
          (await entries())
            .map((entry) => (JSON.parse(entry.toString()) as { seal?: { number: number; documents?: object } }).seal)
            .findLast((each) => each?.documents !== undefined)?.number ?? 0;
        expect(await archived(number)).toContain(digestOf({ id: 'e' }));
        await expectOneHistory();
      });

      it('refuses an invalid number of days', async () => {
        await prepared();
        for (const documentsFor of [0, 1.5, 40_000]) await expect(sealed({ documentsFor })).rejects.toMatchObject({ code: 'ledger/invalid' });
      });
    });

    it('signs nothing with a key whose signatures do not verify', async () => {
      await prepared();
      const before = await checkpoint();
      const { signer } = world;
      const sign = signer.sign;
      const wrongly = (text: Buffer) => sign(Buffer.concat([text, Buffer.from('x')]));
      signer.sign = wrongly;
      await expect(world.seal()).rejects.toMatchObject({ code: 'ledger/key' });
      // Not even what it is to be is decided.
      expect(world.decisions).toHaveLength(2);
      signer.sign = (text) => (isDecision(text) ? sign : wrongly)(text);
      await expect(world.seal()).rejects.toMatchObject({ code: 'ledger/key' });
      expect(await checkpoint()).toBe(before);
      signer.sign = sign;
      world.signed.length = 1;
      expect(await world.seal()).toMatchObject({ made: 'completed', size: 12 });
      await expectOneHistory();
    });
  });
}
