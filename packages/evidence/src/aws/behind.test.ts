// A table that was restored to an earlier time, behind the newest checkpoint.
import { streamOf } from '@redress/core';
import { beforeEach, expect, it } from 'vitest';
import { ledgerOnAws } from '../../test/support/ledger-aws.js';
import type { LedgerWorld } from '../../test/support/ledger-contract.js';
import { Model } from '../../test/support/model.js';
import { opened, ref, request } from '../../test/support/world.js';
import { acceptRestored } from './restored.js';

let model: Model;
let world: LedgerWorld;
beforeEach(() => {
  model = new Model('t', 'b', { overlap: false });
  world = ledgerOnAws(model, async () => undefined);
});

const copyOf = () => structuredClone([...model.items]);
function restore(items: ReturnType<typeof copyOf>): void {
  model.items.clear();
  for (const [key, item] of items) model.items.set(key, item);
}
const begin = (id = 'x') => opened(model).begin(request(id));
const accept = (more = {}) => acceptRestored({ table: 't', bucket: 'b', clients: model.clients, by: 'ops', reason: 'INC-1', ...more });

it('a table behind its log begins nothing until a person accepts it, and reports how far it was set back', async () => {
  await world.decide('a');
  await world.seal();
  const early = copyOf();
  await world.decide('a');
  await world.seal();
  expect((await begin()).status).toBe('begun');
  restore(early);
  await expect(begin('y')).rejects.toMatchObject({
    code: 'journal/behind',
    message: expect.stringContaining('up to entry 2, and the newest checkpoint has 4') as string,
    next: expect.stringContaining('redress evidence restored') as string,
  });
  expect(model.items.size).toBe(early.length);
  // What was seen can still be recorded.
  await opened(model).append({ kind: 'decision', resource: ref('z'), remediator: 'r', body: {} });
  expect(await accept()).toMatchObject({
    checkpoint: 4,
    table: 2,
    records: 1,
    streams: 1,
    documents: 0,
    refused: [],
    lost: [{ name: 'state', keptUntil: null }],
  });
  expect((await begin('y')).status).toBe('begun');
  const said = model.items.get('ledger\u0000sealed')?.['restored']?.SS?.map((each) => JSON.parse(each) as object);
  expect(said).toEqual([
    { by: 'ops', reason: 'INC-1', time: expect.any(String) as string, checkpoint: 4, table: 2, records: 1, refused: 0, documents: 0, lost: 1 },
  ]);
  // The records that the table lost are back, so new records are sealed after them.
  await opened(model).append({ kind: 'decision', resource: ref('a'), remediator: 'r', body: { another: true } });
  expect((await world.seal()).skipped).toEqual([]);
});

it('a stream in which a new record replaced a lost one is not sealed any further, and is reported', async () => {
  await world.decide('a');
  await world.seal();
  const early = copyOf();
  await world.decide('a');
  await world.seal();
  restore(early);
  await opened(model).append({ kind: 'decision', resource: ref('a'), remediator: 'r', body: { another: true } });
  expect((await accept()).refused).toMatchObject([{ stream: streamOf(ref('a')), seq: 2 }]);
  const { skipped } = await world.seal();
  expect(skipped).toEqual([{ stream: streamOf(ref('a')), seq: 2, message: expect.stringContaining('names another record') as string }]);
});

it('a new table with the bucket of an older one is behind its log', async () => {
  await world.decide('a');
  await world.seal();
  restore([]);
  await expect(begin()).rejects.toMatchObject({ code: 'journal/behind' });
  await accept();
  expect((await begin()).status).toBe('begun');
});

it('a table is not behind if it was restored to a time after its last seal, was never sealed, or is being sealed', async () => {
  expect((await begin('0')).status).toBe('begun');
  await world.decide('a');
  await world.seal();
  const after = copyOf();
  await world.decide('a');
  restore(after);
  expect((await begin('1')).status).toBe('begun');
  const rounds = Array.from({ length: 5 }, async (_, n) => (await begin(`m${n}`)).status);
  expect([await world.seal(), await Promise.all(rounds)]).toEqual([expect.anything(), Array.from({ length: 5 }, () => 'begun')]);
});

it('a worker checks for this before anything begins, once for a while', async () => {
  await world.decide('a');
  await world.seal();
  const journal = opened(model);
  model.counts.clear();
  for (const id of ['p', 'q', 'r']) await journal.begin(request(id));
  expect(model.counts.get('GetObject')).toBe(1);
});

it('a table is accepted by a named person, with a reason, and only if it is behind', async () => {
  await world.decide('a');
  await world.seal();
  await expect(accept()).rejects.toMatchObject({ code: 'journal/invalid' });
  restore([]);
  for (const more of [{ by: ' ' }, { reason: '' }]) await expect(accept(more)).rejects.toMatchObject({ code: 'journal/invalid' });
  await expect(begin()).rejects.toMatchObject({ code: 'journal/behind' });
});
