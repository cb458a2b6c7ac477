// What a fix asks the journal on AWS for, on the wire, by the SDK's own clients.
import { awsJournal } from '@redress/evidence/aws';
import { recordingProxy } from '@redress/testing';
import { expect, inject, it } from 'vitest';
import { emulator } from '../../packages/evidence/test/support/emulator.js';
import { all, HOUR, ref, request, verified } from '../../packages/evidence/test/support/world.js';

it('takes four requests, three of them in sequence, on a new stream and on a known one', async () => {
  const aws = emulator(inject('moto'));
  const { table, bucket, remove } = await aws.make();
  const proxy = await recordingProxy(inject('moto'));
  const open = () =>
    awsJournal({ table, bucket, region: 'us-east-1', endpoint: proxy.endpoint, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } });
  const journals = [open()];
  /** What was asked while something was done, in the order of arrival. */
  const asked = async <T>(work: () => Promise<T>): Promise<[T, string[]]> => {
    const from = proxy.calls.length;
    const result = await work();
    return [result, proxy.calls.slice(from).map(({ service, operation }) => `${service}:${operation}`)];
  };
  // A few KB each, as plans and states are.
  const document = (name: string, round: number) => ({ name, round, rules: Array.from({ length: 60 }, (_, port) => ({ cidr: '10.0.0.0/8', port })) });
  const fix = async (journal = open(), round = 0) => {
    journals.push(journal);
    const [{ generation }, viewing] = await asked(() => journal.view(ref()));
    const budgets = [
      { key: 'remediator=r', changes: 10, window: HOUR },
      { key: 'account=111111111111', changes: 20, window: HOUR },
    ];
    const documents = Object.fromEntries(['before', 'plan', 'observation'].map((name) => [name, document(name, round)]));
    const [begun, beginning] = await asked(() => journal.begin(request('a', { generation, budgets, documents })));
    if (begun.status !== 'begun') throw new Error(begun.status);
    const of = { resource: ref(), remediator: 'r', lease: begun.lease } as const;
    // Goes out while AWS is asked for something else; whoever closes waits for nothing but this.
    const call = asked(() => journal.append({ ...of, kind: 'call', body: { requestId: 'R' } }));
    const [, calling] = await call;
    const [, closing] = await asked(() =>
      journal.finish({ ...of, outcome: 'remediated', sent: 1, body: {}, documents: { after: document('after', round), observation: document('seen', round) } }),
    );
    return { viewing, beginning, calling, closing };
  };
  const once = {
    viewing: ['dynamodb:BatchGetItem'],
    beginning: ['dynamodb:TransactWriteItems'],
    calling: ['dynamodb:TransactWriteItems'],
    closing: ['dynamodb:TransactWriteItems'],
  };
  // A worker looks once whether its table was set back behind the ledger.
  const first = { ...once, beginning: ['s3:GetObject', 'dynamodb:TransactWriteItems'] };
  const [worker] = journals;
  expect(await fix(worker, 1)).toEqual(first);
  expect(await fix(worker, 2)).toEqual(once);
  // A worker that has just started.
  expect(await fix(open(), 3)).toEqual(first);
  expect((await all(open())).map(({ record, documents }) => [record.kind, Object.keys(documents).length])).toEqual(
    [1, 2, 3].flatMap(() => [
      ['intent', 3],
      ['call', 0],
      ['outcome', 2],
    ]),
  );
  expect(await verified({ table, bucket, clients: aws.clients })).toMatchObject({ cut: [], tampered: [], report: { status: 'intact', documents: 15 } });
  for (const journal of journals) await journal.close?.();
  await proxy.close();
  await remove();
});

it('open executions, approvals and gaps are read together if they are requested together, and each time if they are not', async () => {
  const aws = emulator(inject('moto'));
  const { table, bucket, remove } = await aws.make();
  const proxy = await recordingProxy(inject('moto'));
  const journal = awsJournal({
    table,
    bucket,
    region: 'us-east-1',
    endpoint: proxy.endpoint,
    credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
  });
  const stands = (id: string) =>
    journal.append({ kind: 'decision', resource: ref(id), remediator: 'r', body: { outcome: 'notified', gap: { key: 'g', state: 's', subjects: [] } } });
  for (const id of ['a', 'b', 'c']) await stands(id);
  const asked = async <T>(work: () => Promise<T>) => {
    const from = proxy.calls.length;
    const result = await work();
    const counts: Record<string, number> = {};
    for (const { operation } of proxy.calls.slice(from)) counts[operation] = (counts[operation] ?? 0) + 1;
    return { result, counts };
  };
  // Eight shards of an index, and the heads that it names; of what is open there is none.
  const together = await asked(() => Promise.all([journal.open(), journal.approvals(), journal.standing()]));
  expect([together.counts, together.result[2].gaps.length]).toEqual([{ Query: 16, BatchGetItem: 1 }, 3]);
  const apart = await asked(async () => {
    const { gaps } = await journal.standing();
    await stands('d');
    return [gaps.length, (await journal.standing()).gaps.length];
  });
  expect([apart.counts['Query'], apart.counts['BatchGetItem'], apart.result]).toEqual([16, 2, [3, 4]]);
  await journal.close?.();
  await proxy.close();
  await remove();
});
