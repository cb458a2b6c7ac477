// Problems that only a table has: heads are read one after the other, and an index lags.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyLedger } from '@redress/verify';
import { expect, it } from 'vitest';
import { repeated } from '../../../../tests/support/size.js';
import { ledgerOnAws } from '../../test/support/ledger-aws.js';
import type { LedgerWorld } from '../../test/support/ledger-contract.js';
import { Model } from '../../test/support/model.js';
import { dying, NEXT_VERIFIER, VERIFIER } from '../../test/support/sealing.js';
import { seeded } from '../../test/support/world.js';
import { exportJournal, sealAws } from '../aws.js';
import { decodeEntries, tilePath, tilesBetween } from '../ledger/tiles.js';

/** Sequence numbers of the sealed records in the order in which they were written. */
async function sealed(world: LedgerWorld): Promise<number[]> {
  const size = Number((await world.read('ledger/checkpoint'))?.toString().split('\n')[1]);
  const found: number[] = [];
  for (const tile of tilesBetween(0, size))
    if (tile.level === 'entries')
      for (const entry of decodeEntries((await world.read(`ledger/${tilePath(tile)}`)) ?? Buffer.alloc(0))) {
        const { body } = JSON.parse(entry.toString()) as { body?: { n: number } };
        if (body !== undefined) found.push(body.n);
      }
  return found.sort((a, b) => a - b);
}
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

it('seals no record without those that were committed before it, in any stream', async () => {
  let seals = 0;
  for (let seed = 0; seed < repeated(2, 6); seed++) {
    const model = new Model('t', 'b', { random: seeded(seed), batch: 2 });
    const world = ledgerOnAws(model, async () => undefined);
    const random = seeded(100 + seed);
    await world.decide('r0', { n: 1 });
    let written = 1;
    const writing = (async () => {
      while (written < 150) {
        await world.decide(`r${Math.floor(random() * 8)}`, { n: written + 1 });
        written++;
        for (let turns = Math.floor(random() * 40); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    while (written < 150) {
      await world.seal();
      const numbers = await sealed(world);
      expect(numbers).toEqual(upTo(numbers.length));
      if (written < 150) seals++;
    }
    await writing;
    await world.seal();
    expect(await sealed(world)).toEqual(upTo(150));
  }
  // While it was written.
  expect(seals).toBeGreaterThan(1);
});

it('reads a stream again that the index did not show yet', async () => {
  const model = new Model('t', 'b', { overlap: false });
  const world = ledgerOnAws(model, async () => undefined);
  await world.decide('a', { n: 1 });
  await world.seal();
  await world.decide('b', { n: 2 });
  await world.decide('a', { n: 3 });
  // The first look at the index shows a alone.
  let looks = 0;
  const send = model.send.bind(model);
  model.send = async (command) => {
    const { IndexName } = command.input as { IndexName?: string };
    const reply = (await send(command)) as { Items?: { pk: { S: string } }[] };
    if (IndexName !== 'unsealed' || looks++ >= 8) return reply;
    const streams = [...model.items.values()].filter((item) => item['unsealedShard'] !== undefined && item['seq']?.N === '2').map((item) => item['pk']?.S);
    return { ...reply, Items: reply.Items?.filter(({ pk }) => streams.includes(pk.S)) };
  };
  await world.seal();
  expect(looks).toBeGreaterThan(16);
  expect(await sealed(world)).toEqual([1, 2, 3]);
});

it('leaves to the next seal what was recorded on a new stream while it read', async () => {
  const model = new Model('t', 'b', { overlap: false });
  const world = ledgerOnAws(model, async () => undefined);
  await world.decide('a', { n: 1 });
  await world.seal();
  await world.decide('a', { n: 2 });
  const send = model.send.bind(model);
  let batches = 0;
  model.send = async (command) => {
    const reply = await send(command);
    // After the heads were read for the second time.
    if (command.constructor.name === 'BatchGetItemCommand' && ++batches === 2) {
      model.send = send;
      await world.decide('b', { n: 3 });
    }
    return reply;
  };
  await world.seal();
  expect(await sealed(world)).toEqual([1, 2]);
  await world.seal();
  expect(await sealed(world)).toEqual([1, 2, 3]);
});

it('reads only what has grown from the table, and nothing that is sealed', async () => {
  const model = new Model('t', 'b', { overlap: false });
  const world = ledgerOnAws(model, async () => undefined);
  for (const id of ['a', 'b', 'c']) await world.decide(id);
  await world.seal();
  await world.decide('b');
  model.counts.clear();
  const report = await world.seal();
  expect(report).toMatchObject({ size: 6, seal: { records: 1 } });
  // Eight shards, twice; one stream.
  expect(Object.fromEntries(model.counts)).toMatchObject({ Query: 17, BatchGetItem: 2, UpdateItem: 2 });
  expect(model.counts.has('Scan')).toBe(false);
  expect([...model.items.values()].filter((item) => item['unsealedShard'] !== undefined)).toEqual([]);
});

it('skips a stream whose head counts missing records, and seals the others', async () => {
  const model = new Model('t', 'b', { overlap: false });
  const world = ledgerOnAws(model, async () => undefined);
  for (const id of ['a', 'a', 'b']) await world.decide(id);
  const [second] = [...model.items.keys()].filter((key) => key.endsWith('record#000000000002'));
  model.items.delete(second ?? '');
  expect(await world.seal()).toMatchObject({
    seal: { records: 2 },
    skipped: [{ seq: 2, message: 'records that the head of the stream counts are missing' }],
  });
});

it('reads its progress from the last decision, and from the log if that is missing', async () => {
  const model = new Model('t', 'b', { overlap: false });
  const world = ledgerOnAws(model, async () => undefined);
  for (let number = 1; number <= 26; number++) {
    await world.decide(`r${number % 3}`);
    expect((await world.seal()).seal.number).toBe(number);
  }
  expect([...model.objects.keys()].filter((key) => key.startsWith('sealer/states/'))).toEqual(['sealer/states/000000000024.json.gz']);
  for (const key of [...model.objects.keys()].filter((each) => each.startsWith('sealer/'))) model.objects.delete(key);
  await world.decide('r1');
  expect(await world.seal()).toMatchObject({ size: 54, seal: { number: 27, records: 1 }, skipped: [] });
});

it('costs two signatures and about fifteen objects for a thousand records, and little for an interval without any', async () => {
  const model = new Model('t', 'b', { overlap: false, page: 1000 });
  const world = ledgerOnAws(model, async () => undefined);
  await world.decide('r0');
  await world.seal();
  for (let n = 0; n < 1000; n++) await world.decide(`r${n % 250}`);
  const requests = async () => {
    model.counts.clear();
    world.signed.length = 0;
    world.decisions.length = 0;
    await world.seal();
    return { ...Object.fromEntries(model.counts), signed: world.signed.length + world.decisions.length };
  };
  // 0.011 objects a record, and 0.002 signatures.
  expect(await requests()).toEqual({ BatchGetItem: 6, GetObject: 9, PutObject: 11, Query: 266, UpdateItem: 251, signed: 2 });
  // The monthly prices in docs/evidence.md.
  expect(await requests()).toEqual({ GetObject: 11, PutObject: 4, Query: 16, UpdateItem: 1, signed: 2 });
});

it('locks documents for as long as their seal requires, and copies them with the journal, even if items have lost theirs', async () => {
  const model = new Model('t', 'b', { overlap: false });
  const world = ledgerOnAws(model, async () => undefined, { lockDays: 365 });
  // S3 uses the real time.
  world.clock.time = Date.now();
  await world.decide('a');
  await world.fix('b');
  const { seal } = await world.seal({ documentsFor: 7 });
  const archive = 'ledger/documents/000000000001.zip';
  expect(Date.parse(seal.documents?.until ?? '') - Date.parse(seal.time)).toBe(604_800_000);
  expect(model.locked.get(archive)?.toISOString()).toBe(seal.documents?.until);
  // Only the log is locked for a year.
  expect((model.locked.get('ledger/checkpoint')?.getTime() ?? 0) - Date.now()).toBeGreaterThan(360 * 86_400_000);
  // No role may remove them from items.
  const carrying = [...model.items.values()].filter((item) => item['documents'] !== undefined);
  expect(carrying).toHaveLength(3);
  const copied = async () => {
    const directory = mkdtempSync(join(tmpdir(), 'redress-copied-'));
    await exportJournal({ table: 't', bucket: 'b', clients: { dynamodb: model, s3: model }, directory });
    const trust = { keys: [{ origin: 'example.com/redress', key: VERIFIER, from: null, until: null }] };
    const report = verifyLedger({ directory, trust });
    rmSync(directory, { recursive: true });
    return report;
  };
  expect(await copied()).toMatchObject({ status: 'intact', findings: [], documents: 3 });
  for (const item of carrying) delete item['documents'];
  expect(await copied()).toMatchObject({ status: 'intact', findings: [], documents: 3 });
  model.objects.delete(archive);
  expect(await copied()).toMatchObject({ status: 'incomplete', documents: 0, firstBad: { code: 'missing-document' } });
  world.clock.time += 8 * 86_400_000;
  await world.seal();
  expect(await copied()).toMatchObject({ status: 'intact', findings: [], documents: 0, expired: 3 });
});

it('completes a seal whose documents no longer have to be kept: S3 accepts no lock in the past', async () => {
  let now = 0;
  const model = new Model('t', 'b', { overlap: false, now: () => now });
  const world = ledgerOnAws(model, async () => undefined, { lockDays: 365 });
  await world.decide('a');
  now = world.clock.time;
  // Decided, and no more.
  await expect(world.seal({ documentsFor: 1, store: dying(0, 'after').through })).rejects.toThrow('died after');
  now = world.clock.time += 2 * 86_400_000;
  expect(await world.seal()).toMatchObject({ seal: { number: 1, records: 1, documents: { until: '2026-01-03T00:00:01.000Z' } }, made: 'completed' });
  expect(model.objects.has('ledger/documents/000000000001.zip')).toBe(true);
  expect(model.locked.has('ledger/documents/000000000001.zip')).toBe(false);
});

it('costs one more object for the documents of a thousand records', async () => {
  const model = new Model('t', 'b', { overlap: false, page: 1000 });
  const world = ledgerOnAws(model, async () => undefined);
  await world.decide('r0');
  await world.seal();
  for (let n = 0; n < 1000; n++) await world.decide(`r${n % 250}`);
  model.counts.clear();
  await world.seal({ documentsFor: 30 });
  // It also reads earlier entries about which no seal has said anything.
  expect(Object.fromEntries(model.counts)).toEqual({ BatchGetItem: 6, GetObject: 11, PutObject: 12, Query: 516, UpdateItem: 251 });
});

it('replaces its key once when scheduled calls continue during the rotation, and seals what follows with the next key', async () => {
  const model = new Model('t', 'b', { overlap: false });
  const world = ledgerOnAws(model, async () => undefined);
  const { clock, signer, next } = world;
  const place = { table: 't', bucket: 'b', clients: model.clients, clock, settle: 0, signer };
  const onSchedule = () => sealAws({ ...place, rotation: { next, by: 'alice', reason: 'yearly' } });
  await world.decide('a', { n: 1 });
  expect((await sealAws(place)).rotated).toBeUndefined();
  await world.decide('a', { n: 2 });
  const first = await onSchedule();
  expect(first).toMatchObject({ made: 'sealed', size: 5, rotated: { from: VERIFIER, to: NEXT_VERIFIER } });
  await world.decide('a', { n: 3 });
  const second = await onSchedule();
  expect(second).toMatchObject({ made: 'sealed', size: 7, seal: { records: 1 }, rotated: first.rotated });
  expect(await sealed(world)).toEqual(upTo(3));
  // If it dies at any write in between, nothing is replaced twice or left out.
  for (let at = 0; at < 14; at++) {
    const other = new Model('t', 'b', { overlap: false });
    const later = ledgerOnAws(other, async () => undefined);
    const options = {
      ...place,
      clients: other.clients,
      clock: later.clock,
      signer: later.signer,
      rotation: { next: later.next, by: 'alice', reason: 'yearly' },
    };
    await later.decide('a', { n: 1 });
    await sealAws({ ...options, store: dying(at, 'after').through }).catch((error: unknown) => expect(String(error)).toContain('died'));
    await later.decide('a', { n: 2 });
    await sealAws(options);
    await sealAws(options);
    expect(await sealed(later)).toEqual(upTo(2));
    expect(await later.read('ledger/rotations/1.tlog-proof')).not.toBeNull();
    expect(await later.read('ledger/rotations/2.tlog-proof')).toBeNull();
  }
});
