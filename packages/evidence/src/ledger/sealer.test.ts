import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, isRecord, resource, streamOf } from '@redress/core';
import { verifyLedger } from '@redress/verify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Death, dying, type Sealing, sealing } from '../../test/support/sealing.js';
import { streamFile } from '../layout.js';
import { heldIn } from './archive.js';
import { type Seal, sealEntry } from './entry.js';
import { breakFolder, rotateFolder, sealFolder } from './folder.js';
import { EMPTY_EDGE, Growth } from './growth.js';
import { generateKey, signCheckpoint, signerOf } from './note.js';
import { proofOfLast, rotationPath } from './rotation.js';
import type { LedgerStore } from './store.js';
import { decodeEntries, tilePath, tilesBetween } from './tiles.js';
import { leafHash, MemoryTree, rootOf } from './tree.js';

let world: Sealing;
beforeEach(() => {
  world = sealing();
});
afterEach(() => world.remove());

const seal = () => sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock });
const path = (...parts: string[]) => join(world.directory, ...parts);
const checkpoint = () => readFileSync(path('ledger', 'checkpoint'), 'utf8');
const sizeIn = (text: string) => Number(text.split('\n')[1]);
const fileOf = (id: string) => streamFile(world.directory, streamOf(resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' })));

/** The entries of the signed log. */
function entries(): Buffer[] {
  return tilesBetween(0, sizeIn(checkpoint()))
    .filter(({ level }) => level === 'entries')
    .flatMap((tile) => decodeEntries(readFileSync(path('ledger', tilePath(tile)))));
}
const said = (entry: Buffer) => JSON.parse(entry.toString()) as Record<string, unknown>;
/** Records as they are in the log: `a1` is the first of bucket a. Seals are `=` and their number of records. */
const shape = () =>
  entries().map((entry) => {
    const value = said(entry);
    if (isRecord(value['seal'])) return `=${String(value['seal']['records'])}`;
    if (isRecord(value['long'])) return `long${String(value['long']['seq'])}`;
    return `${String((value['resource'] as { id: string }).id)}${String(value['seq'])}`;
  });
/** Every file of the log, by its path in it. */
const logFiles = () =>
  readdirSync(path('ledger'), { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(path('ledger').length + 1))
    .sort();

/** No two signed texts contradict each other, and the current log is behind none of them. */
function expectOneHistory(): void {
  const tree = new MemoryTree();
  for (const entry of entries()) tree.append(leafHash(entry));
  const texts = [...new Set(world.signed)];
  expect(texts.length).toBeGreaterThan(0);
  for (const text of texts) {
    const size = sizeIn(text);
    expect(size).toBeLessThanOrEqual(tree.size);
    expect(text).toBe(`example.com/redress\n${size}\n${rootOf(tree.at, size).toString('base64')}\n`);
  }
  // The files are exactly those of a log of this size.
  expect(logFiles()).toEqual(['checkpoint', ...tilesBetween(0, tree.size).map(tilePath)].sort());
}

describe('sealFolder', () => {
  it('numbers records globally in the order in which they were made, and ends each seal with an entry', async () => {
    await world.decide('b');
    await world.decide('a');
    await world.fix('b');
    expect(await seal()).toMatchObject({ origin: 'example.com/redress', size: 6, seal: { number: 1, first: 0, records: 5 }, made: 'sealed', skipped: [] });
    expect(shape()).toEqual(['b1', 'a1', 'b2', 'b3', 'b4', '=5']);
    await world.decide('a');
    expect(await seal()).toMatchObject({ size: 8, seal: { number: 2, first: 6, records: 1 } });
    expect(shape()).toEqual(['b1', 'a1', 'b2', 'b3', 'b4', '=5', 'a2', '=1']);
    const lines = readFileSync(fileOf('a'), 'utf8').split('\n');
    expect(entries()[6]?.toString()).toBe(lines[1]?.slice(72));
    // The record names the digests of its documents.
    expect(said(entries()[6] as Buffer)['blobs']).toEqual({ state: digestOf({ id: 'a' }) });
    expectOneHistory();
  });

  it('signs an empty interval', async () => {
    await world.decide('a');
    await seal();
    world.clock.time += 60_000;
    expect(await seal()).toMatchObject({ size: 3, seal: { number: 2, first: 2, records: 0, time: '2026-01-02T00:01:01.000Z' }, made: 'sealed' });
    expect(shape()).toEqual(['a1', '=1', '=0']);
    expectOneHistory();
  });

  it('signs that a journal is empty', async () => {
    await expect(seal()).rejects.toThrow(expect.objectContaining({ code: 'journal/not-found' }));
    expect(existsSync(path('ledger'))).toBe(false);
  });

  it('never dates a seal before the previous one', async () => {
    await world.decide('a');
    const { seal: first } = await seal();
    world.clock.time -= 3_600_000;
    expect((await seal()).seal.time).toBe(first.time);
  });

  it('leaves an unfinished line to the next seal', async () => {
    await world.decide('a');
    await world.decide('a');
    const whole = readFileSync(fileOf('a'));
    truncateSync(fileOf('a'), whole.length - 10);
    expect(await seal()).toMatchObject({ size: 2, skipped: [] });
    writeFileSync(fileOf('a'), whole);
    expect(await seal()).toMatchObject({ size: 4, seal: { records: 1 } });
    expectOneHistory();
  });

  it('has only the digest of a record that is too long for an entry', async () => {
    await world.decide('a', { text: 'x'.repeat(70_000) });
    await world.decide('a');
    await seal();
    expect(shape()).toEqual(['long1', 'a2', '=2']);
    const [line = ''] = readFileSync(fileOf('a'), 'utf8').split('\n');
    expect(said(entries()[0] as Buffer)).toEqual({
      v: 1,
      long: {
        stream: streamOf(resource({ type: 'AWS::S3::Bucket', id: 'a', account: '111111111111', region: 'us-east-1' })),
        seq: 1,
        digest: line.slice(0, 71),
        bytes: line.length - 72,
      },
    });
    rmSync(path('sealer', 'state.json'));
    await world.decide('a');
    expect(await seal()).toMatchObject({ size: 5, seal: { records: 1 }, skipped: [] });
    expectOneHistory();
  });

  it('continues without its cached state, even over full tiles', async () => {
    for (let at = 0; at < 255; at++) await world.decide('a');
    // 256 entries: none is in a partial bundle, so all are read.
    expect((await seal()).size).toBe(256);
    await world.decide('b');
    expect((await seal()).size).toBe(258);
    rmSync(path('sealer', 'state.json'));
    await world.decide('a');
    expect(await seal()).toMatchObject({ size: 260, seal: { number: 3, records: 1 }, skipped: [] });
    writeFileSync(path('sealer', 'state.json'), '{"no":');
    await world.decide('b');
    expect(await seal()).toMatchObject({ size: 262, seal: { number: 4, records: 1 }, skipped: [] });
    expectOneHistory();
  });

  it('trusts its cached state only as far as the newest seal confirms it', async () => {
    await world.decide('a');
    await world.decide('b');
    await seal();
    const state = JSON.parse(readFileSync(path('sealer', 'state.json'), 'utf8')) as { streams: Record<string, unknown> };
    const [first, second] = Object.keys(state.streams) as [string, string];
    writeFileSync(path('sealer', 'state.json'), JSON.stringify({ ...state, streams: { [first]: state.streams[first] } }));
    expect(await seal()).toMatchObject({ size: 4, seal: { number: 2, records: 0 } });
    expect(second).toBeDefined();
    expectOneHistory();
  });

  it('skips a stream that was changed, from the first wrong record on, and seals the others', async () => {
    for (const id of ['a', 'a', 'b']) await world.decide(id);
    await seal();
    for (const id of ['a', 'a', 'b']) await world.decide(id);
    const lines = readFileSync(fileOf('a'), 'utf8').split('\n');
    writeFileSync(fileOf('a'), lines.map((line, at) => (at === 3 ? line.replace('seen', 'sawn') : line)).join('\n'));
    const report = await seal();
    expect(report).toMatchObject({ seal: { records: 2 }, skipped: [{ seq: 4, message: 'it does not match its digest' }] });
    expect(shape()).toEqual(['a1', 'a2', 'b1', '=3', 'a3', 'b2', '=2']);
    rmSync(fileOf('b'));
    truncateSync(fileOf('a'), 100);
    expect((await seal()).skipped.map(({ message }) => message).sort()).toEqual(['sealed records are missing', 'the stream is missing, and is sealed']);
    expectOneHistory();
  });

  it.each([
    ['hash', 'tile/0/000.p/4'],
    ['entry', 'tile/entries/000.p/4'],
  ])('signs nothing on top of a changed %s', async (_, file) => {
    for (const id of ['a', 'b', 'c']) await world.decide(id);
    await seal();
    const before = checkpoint();
    const bytes = readFileSync(path('ledger', file));
    bytes[40] = (bytes[40] as number) ^ 1;
    writeFileSync(path('ledger', file), bytes);
    await world.decide('a');
    await expect(seal()).rejects.toThrow(expect.objectContaining({ code: 'ledger/corrupt' }));
    expect(checkpoint()).toBe(before);
    expect(world.signed).toHaveLength(1);
  });

  it('signs nothing on top of a changed hash of an upper level', async () => {
    for (let at = 0; at < 260; at++) await world.decide('a');
    await seal();
    const file = path('ledger', 'tile/1/000.p/1');
    const bytes = readFileSync(file);
    bytes[5] = (bytes[5] as number) ^ 1;
    writeFileSync(file, bytes);
    await expect(seal()).rejects.toThrow(expect.objectContaining({ code: 'ledger/corrupt' }));
    expect(world.signed).toHaveLength(1);
  });

  it('signs nothing after a checkpoint that was not signed with its key', async () => {
    await world.decide('a');
    await seal();
    const other = signerOf(generateKey('example.com/redress').secret);
    await expect(sealFolder({ directory: world.directory, signer: other, clock: world.clock })).rejects.toThrow(
      expect.objectContaining({ code: 'ledger/corrupt' }),
    );
    expect(world.signed).toHaveLength(1);
  });

  it('returns what another sealer has made while it waited', async () => {
    await world.decide('a');
    // The other one seals while this one reads the newest checkpoint.
    let others = 0;
    const report = await sealFolder({
      directory: world.directory,
      signer: world.signer,
      clock: world.clock,
      store: (store) => ({
        ...dying(0, null).through(store),
        checkpoint: async () => {
          const found = await store.checkpoint();
          if (others++ === 0) await seal();
          return found;
        },
      }),
    });
    expect(report).toMatchObject({ made: 'joined', size: 2, seal: { number: 1, records: 1 } });
    expect(shape()).toEqual(['a1', '=1']);
    expectOneHistory();
  });
});

describe('sealFolder with documents to move', () => {
  const documents = () => readdirSync(path('blobs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  const moved = (more = {}) => sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock, documentsFor: 7, ...more });
  const blob = (digest: string) => path('blobs', digest.slice(7, 9), `${digest.slice(7)}.json`);

  it('removes what it has read back from the archive, and nothing else', async () => {
    await world.decide('a');
    await world.fix('b');
    expect(documents()).toHaveLength(3);
    // A changed document is not moved, and stays for analysis.
    writeFileSync(blob(digestOf({ id: 'a' })), '{"id":"x"}');
    await world.decide('c');
    await moved();
    expect(documents()).toEqual([`${digestOf({ id: 'a' }).slice(7, 9)}/${digestOf({ id: 'a' }).slice(7)}.json`]);
    expect(heldIn(readFileSync(path('ledger', 'documents', '000000000001.zip')))).not.toContain(digestOf({ id: 'a' }));
  });

  it('takes a document that was changed in its place from the archive that has it', async () => {
    await world.decide('a');
    await moved();
    await world.decide('a');
    writeFileSync(blob(digestOf({ id: 'a' })), '{"id":"x"}');
    await moved();
    expect(heldIn(readFileSync(path('ledger', 'documents', '000000000002.zip')))).toEqual([digestOf({ id: 'a' })]);
    expect(documents()).toHaveLength(1);
  });

  it('learns from the log once which documents and keys the seals of an earlier version omitted', async () => {
    await world.decide('a');
    await moved();
    const third = signerOf(generateKey('example.com/redress').secret);
    const options = { directory: world.directory, clock: world.clock, reason: 'yearly' };
    await rotateFolder({ ...options, signer: world.signer, next: world.next, by: 'alice' });
    await asBefore();
    await expect(moved({ replaced: [world.next.verifier] })).rejects.toMatchObject({ code: 'ledger/key' });
    await world.decide('b');
    const { seal: first } = await moved({ signer: world.next });
    expect(first).toMatchObject({ documents: { from: 2 }, said: { breaks: 0, documents: 6, rotations: 1 } });
    await asBefore();
    const { rotation } = await rotateFolder({ ...options, signer: world.next, next: third, by: 'bob' });
    expect(rotation.number).toBe(2);
    await world.decide('c');
    expect((await moved({ signer: third })).seal).toMatchObject({ documents: { from: 6 }, said: { documents: 10, rotations: 2 } });
  });

  /** Changes the log to that of a version whose seals have no summary. */
  async function asBefore(): Promise<void> {
    const growth = new Growth(EMPTY_EDGE, (tile, bytes) => writeFileSync(path('ledger', tilePath(tile)), bytes));
    let signer = world.signer;
    const signed = () => signCheckpoint({ origin: signer.name, size: growth.size, root: growth.root() }, signer);
    for (const entry of entries()) {
      const { seal: own } = said(entry) as { seal?: Seal };
      if (own === undefined) {
        growth.append(entry);
        continue;
      }
      const { said: _, ...before } = own;
      const way = growth.pathOfNext();
      growth.append(sealEntry(before));
      if (own.rotation === undefined) continue;
      writeFileSync(path(rotationPath(own.rotation.number)), proofOfLast(sealEntry(before), growth.size - 1, way, await signed()));
      signer = world.next;
    }
    growth.end();
    writeFileSync(path('ledger', 'checkpoint'), await signed());
  }

  it('moves the documents of a record that is too long for an entry', async () => {
    await world.decide('a', { text: 'x'.repeat(70_000) });
    await moved();
    expect(documents()).toEqual([]);
    expect(heldIn(readFileSync(path('ledger', 'documents', '000000000001.zip')))).toEqual([digestOf({ id: 'a' })]);
    for await (const each of world.journal.read({ all: true })) expect(each.documents).toEqual({ state: { id: 'a' } });
  });

  it('stores the documents of such a record in an archive of their own if the other one may expire earlier', async () => {
    await world.decide('a');
    await moved({
      store: (store: LedgerStore) => ({
        ...dying(0, null).through(store),
        publish: async (note: string, over: string | null) => {
          await world.decide('a', { text: 'x'.repeat(70_000) });
          return store.publish(note, over);
        },
      }),
    });
    expect(documents()).toEqual([]);
    await seal();
    expect(documents()).toHaveLength(1);
    rmSync(path('ledger', 'documents', '000000000001.zip'));
    for await (const each of world.journal.read({ all: true })) expect(each.documents).toEqual({ state: { id: 'a' } });
  });

  it('removes none before the seal is published, and none that is not in an archive', async () => {
    await world.decide('a');
    let before = -1;
    await moved({
      store: (store: LedgerStore) => ({
        ...dying(0, null).through(store),
        publish: async (note: string, over: string | null) => {
          before = documents().length;
          return store.publish(note, over);
        },
      }),
    });
    expect([before, documents().length]).toEqual([1, 0]);
    await world.decide('b');
    await moved({
      store: (store: LedgerStore) => ({
        ...dying(0, null).through(store),
        // Like a disk that stores something else.
        archive: async (name: string, bytes: Uint8Array) => store.archive(name, bytes.subarray(0, 60), new Date(0)),
      }),
    });
    expect(documents()).toHaveLength(1);
  });

  it('leaves what is changed while it seals, and includes what a concurrent record names in the next archive', async () => {
    await world.decide('a');
    await world.decide('b');
    await moved({
      store: (store: LedgerStore) => ({
        ...dying(0, null).through(store),
        publish: async (note: string, over: string | null) => {
          // The archive was created; the files still exist.
          writeFileSync(blob(digestOf({ id: 'b' })), '{"id":"x"}');
          await world.decide('a');
          return store.publish(note, over);
        },
      }),
    });
    expect(documents()).toEqual([`${digestOf({ id: 'b' }).slice(7, 9)}/${digestOf({ id: 'b' }).slice(7)}.json`]);
    await moved();
    expect(heldIn(readFileSync(path('ledger', 'documents', '000000000002.zip')))).toEqual([digestOf({ id: 'a' })]);
  });

  it('stores documents in an archive of their own if a later seal does not name them: the other one may expire earlier', async () => {
    await world.decide('a');
    const deadly = dying(0, 'after');
    await expect(moved({ store: deadly.through })).rejects.toThrow('died after');
    // It names what is decided to be moved.
    await world.decide('a');
    expect(await seal()).toMatchObject({ made: 'sealed', seal: { number: 2, records: 1 } });
    rmSync(path('ledger', 'documents', '000000000001.zip'));
    expect(documents()).toHaveLength(1);
    for await (const each of world.journal.read({ all: true })) expect(each.documents).toEqual({ state: { id: 'a' } });
  });

  it('continues removing where a sealer that died had begun', async () => {
    await world.decide('a');
    await world.decide('b');
    const one = readFileSync(blob(digestOf({ id: 'b' })));
    await expect(
      moved({
        store: (store: LedgerStore) => ({ ...dying(0, null).through(store), forget: () => Promise.reject(new Error('died before')) }),
      }),
    ).rejects.toThrow('died before');
    writeFileSync(blob(digestOf({ id: 'b' })), one);
    await seal();
    expect(documents()).toEqual([]);
    for await (const each of world.journal.read({ all: true })) expect(Object.keys(each.documents)).toEqual(['state']);
  });
});

describe('a sealer that dies', () => {
  /** A log with full and partial tiles, to which a seal adds 300 entries. The earlier partial ones are removed. */
  async function prepared(): Promise<void> {
    for (const id of ['a', 'b', 'a', 'c']) await world.decide(id);
    await seal();
    for (let at = 0; at < 3; at++) for (const id of ['a', 'b', 'd']) await world.decide(id);
  }

  it.each([
    ['before', 'nothing more is recorded', false],
    ['after', 'nothing more is recorded', false],
    ['before', 'more is recorded', true],
    ['after', 'more is recorded', true],
  ] as const)('%s any write has signed nothing that its successor contradicts, when %s', async (death: Death, _, more) => {
    await prepared();
    const counted = dying(0, null);
    await sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock, store: counted.through });
    // The decision, three tiles (entries, hashes), the checkpoint, the state, two earlier partial tiles, and the completion.
    expect(counted.count).toBe(8);
    await world.remove();
    for (let at = 0; at < 8; at++) {
      world = sealing();
      await prepared();
      const deadly = dying(at, death);
      await expect(sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock, store: deadly.through })).rejects.toThrow(
        `died ${death}`,
      );
      if (more) {
        await world.decide('0');
        await world.decide('a');
      }
      world.clock.time += 60_000;
      const report = await seal();
      expect(report.skipped).toEqual([]);
      expect(shape().filter((each) => !each.startsWith('='))).toEqual([
        ...['a1', 'b1', 'a2', 'c1', 'a3', 'b2', 'd1', 'a4', 'b3', 'd2', 'a5', 'b4', 'd3'],
        ...(more ? ['01', 'a6'] : []),
      ]);
      expectOneHistory();
      expect(existsSync(path('sealer', 'pending.json'))).toBe(false);
      await world.remove();
    }
    world = sealing();
  });

  it('and whose successors die twice has signed nothing that anybody contradicts', async () => {
    for (let first = 0; first < 8; first++) {
      for (let second = 0; second < 7; second += 2) {
        await world.remove();
        world = sealing();
        await prepared();
        for (const at of [first, second]) {
          const deadly = dying(at, at % 2 === 0 ? 'before' : 'after');
          try {
            await sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock, store: deadly.through });
          } catch (error) {
            expect(String(error)).toContain('died');
          }
          await world.decide('b');
        }
        await seal();
        expectOneHistory();
      }
    }
  });

  it.each([1, 2, 3])('after %i writes, and whose decision was removed, leaves no tile that does not belong to the log', async (writes) => {
    const trust = { keys: [{ origin: 'example.com/redress', key: world.signer.verifier, from: null, until: null }] };
    await prepared();
    const deadly = dying(writes, 'after');
    await expect(sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock, store: deadly.through })).rejects.toThrow('died after');
    rmSync(path('sealer', 'pending.json'));
    await world.decide('c');
    expect(await seal()).toMatchObject({ made: 'sealed' });
    expectOneHistory();
    expect(verifyLedger({ directory: world.directory, trust })).toMatchObject({ status: 'intact', findings: [] });
  });

  it('and whose decision was removed leaves no tile that the next seal has filled', async () => {
    const trust = { keys: [{ origin: 'example.com/redress', key: world.signer.verifier, from: null, until: null }] };
    for (let at = 0; at < 250; at++) await world.decide('a');
    await expect(sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock, store: dying(2, 'after').through })).rejects.toThrow(
      'died',
    );
    expect(logFiles()).toEqual(['tile/0/000.p/251', 'tile/entries/000.p/251']);
    rmSync(path('sealer', 'pending.json'));
    for (let at = 0; at < 280; at++) await world.decide('b');
    // If a sealer dies before it has removed them, the next one does.
    const store = (store: LedgerStore) => ({ ...dying(0, null).through(store), remove: () => Promise.reject(new Error('died before')) });
    await expect(sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock, store })).rejects.toThrow('died before');
    await seal();
    expectOneHistory();
    expect(verifyLedger({ directory: world.directory, trust })).toMatchObject({ status: 'intact', findings: [] });
  });

  it('after it has announced a key, and whose decision is lost, has no successor: a second history would be signed', async () => {
    const rotating = { directory: world.directory, signer: world.signer, clock: world.clock, next: world.next, by: 'alice', reason: 'yearly' };
    await world.decide('a');
    await seal();
    await world.decide('b');
    // The decision, two tiles, and the announcement.
    await expect(rotateFolder({ ...rotating, store: dying(3, 'after').through })).rejects.toThrow('died after');
    const proof = readFileSync(path(rotationPath(1)));
    const begun = readFileSync(path('sealer', 'pending.json'));
    rmSync(path('sealer', 'pending.json'));
    await world.decide('c');
    const signed = [...world.signed];
    const refused = { code: 'ledger/corrupt', message: expect.stringContaining('announces a key, but the log does not') as string };
    await expect(seal()).rejects.toMatchObject(refused);
    await expect(rotateFolder(rotating)).rejects.toMatchObject(refused);
    const third = signerOf(generateKey('example.com/redress').secret);
    const lost = { directory: world.directory, clock: world.clock, signer: third, lost: world.signer.verifier, by: 'kim', reason: 'gone' };
    await expect(breakFolder(lost)).rejects.toMatchObject(refused);
    expect(world.signed).toEqual(signed);
    expect(readFileSync(path(rotationPath(1)))).toEqual(proof);
    // The next step from the error.
    writeFileSync(path('sealer', 'pending.json'), begun);
    await rotateFolder(rotating);
    const report = verifyLedger({
      directory: world.directory,
      trust: { keys: [{ origin: 'example.com/redress', key: world.signer.verifier, from: null, until: null }] },
    });
    expect(report).toMatchObject({ status: 'intact', findings: [], rotations: [{ number: 1 }] });
    expect(readFileSync(path(rotationPath(1)))).toEqual(proof);
  });

  it('after it has announced a key that is lost later does not block the next one', async () => {
    await world.decide('a');
    await seal();
    await expect(
      rotateFolder({
        directory: world.directory,
        signer: world.signer,
        clock: world.clock,
        next: world.next,
        by: 'a',
        reason: 'b',
        store: dying(3, 'after').through,
      }),
    ).rejects.toThrow('died after');
    const third = signerOf(generateKey('example.com/redress').secret);
    const options = { directory: world.directory, clock: world.clock, signer: third };
    await breakFolder({ ...options, lost: world.signer.verifier, by: 'kim', reason: 'gone' });
    await world.decide('b');
    expect(await sealFolder({ ...options, replaced: [world.signer.verifier] })).toMatchObject({ made: 'sealed', seal: { records: 1 } });
  });

  it('leaves an unfinished file that is removed', async () => {
    await prepared();
    appendFileSync(path('sealer', '4711.tmp'), 'half');
    await seal();
    expect(readdirSync(path('sealer')).sort()).toEqual(['lock.sqlite', 'state.json']);
    expectOneHistory();
  });

  it('and whose records are changed before the seal is complete gets nothing signed', async () => {
    await prepared();
    // Only decided.
    const deadly = dying(0, 'after');
    await expect(sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock, store: deadly.through })).rejects.toThrow('died after');
    const whole = readFileSync(fileOf('d'));
    truncateSync(fileOf('d'), 0);
    const files = () => readdirSync(join(world.directory, 'ledger'), { recursive: true }).sort();
    const written = files();
    await expect(seal()).rejects.toThrow(expect.objectContaining({ code: 'ledger/corrupt' }));
    expect(world.signed).toHaveLength(1);
    // Nothing is written beside the log that would not become part of it.
    expect(files()).toEqual(written);
    writeFileSync(fileOf('d'), whole);
    expect(await seal()).toMatchObject({ made: 'completed', size: 15 });
    expectOneHistory();
  });
});
