// Records that a table lost come back, on the emulator.
import { DeleteItemCommand, PutItemCommand, ScanCommand, type ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { expect, inject, it } from 'vitest';
import { acceptRestored } from '../src/aws.js';
import { emulator } from './support/emulator.js';
import { ledgerOnAws } from './support/ledger-aws.js';
import { all, opened, ref, request } from './support/world.js';

const aws = emulator(inject('moto'));

it('writes back what a restored table has lost; all of it verifies, and sealing continues', async () => {
  const { table, bucket, remove } = await aws.make();
  const world = { table, bucket, clients: aws.clients };
  const of = ledgerOnAws(world, remove);
  const send = <T>(command: object) => aws.clients.dynamodb.send(command as never) as Promise<T>;
  const itemsOf = async () => (await send<ScanCommandOutput>(new ScanCommand({ TableName: table, ConsistentRead: true }))).Items ?? [];
  await of.decide('a');
  await of.seal();
  const early = await itemsOf();
  await of.fix('a');
  for (const id of ['a', 'b', 'b']) await of.decide(id);
  expect((await opened(world).begin(request('open'))).status).toBe('begun');
  // The table was set back, and the archive of the seal has the documents of what it lost.
  await of.seal({ documentsFor: 30 });
  const documents = (await all(opened(world))).map((each) => each.documents);
  const records = (await all(opened(world))).map(({ stream, seq, digest }) => [stream, seq, digest]);
  for (const { pk, sk } of await itemsOf()) if (pk !== undefined && sk !== undefined) await send(new DeleteItemCommand({ TableName: table, Key: { pk, sk } }));
  for (const Item of early) await send(new PutItemCommand({ TableName: table, Item }));
  const { clock } = of;
  await expect(opened(world).begin(request('y'))).rejects.toMatchObject({ code: 'journal/behind' });
  const found = await acceptRestored({ ...world, clock, by: 'ops', reason: 'INC-1' });
  expect(found).toMatchObject({
    records: records.length - 1,
    streams: 3,
    documents: documents.flatMap((each) => Object.keys(each)).length - 1,
    refused: [],
    lost: [],
  });
  expect((await all(opened(world))).map((each) => each.documents)).toEqual(documents);
  expect((await all(opened(world))).map(({ stream, seq, digest }) => [stream, seq, digest])).toEqual(records);
  expect((await opened(world).open()).map(({ resource: { id } }) => id)).toEqual(['open']);
  expect((await opened(world).begin(request('y'))).status).toBe('begun');
  expect((await opened(world).view(ref('b'))).length).toBe(2);
  expect((await of.seal()).skipped).toEqual([]);
  await of.remove();
});
