// What is open in one account and region. It is found without reading other places, even if a worker of the previous version has written it.
import { TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { type Journal, type JsonObject, type ResourceRef, streamOf } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { Model } from '../../test/support/model.js';
import { opened, ref } from '../../test/support/world.js';

const DAY = 86_400_000;
const START = Date.parse('2026-11-24T10:00:00Z');
const HERE = { account: '111111111111', region: 'us-east-1' };
const elsewhere = (at: number): ResourceRef => ({ ...ref(`e-${at}`), account: String(200_000_000_000 + at) });
const decide = (journal: Journal, resource: ResourceRef, gap: JsonObject) =>
  journal.append({ kind: 'decision', resource, remediator: 'r', body: { outcome: 'notified', message: 'm', gap } });
const gap = (key: string): JsonObject => ({ key, subjects: [key], state: 's', over: [] });
const keys = async (journal: Journal) => (await journal.standing(HERE)).gaps.map(({ key }) => key);
/** As a worker of the previous version leaves it: nothing names the stream in its place. */
async function asLastVersion(model: Model, resource: ResourceRef) {
  const pk = `stream#${streamOf(resource).slice(7)}`;
  for (const [key, item] of [...model.items]) {
    if (item['pk']?.S?.startsWith('standing#') === true && item['sk']?.S === pk) model.items.delete(key);
    if (item['pk']?.S !== pk || item['sk']?.S !== 'head') continue;
    const { placed: _, ...Item } = item;
    await model.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName: 't', Item } }] }));
  }
}

describe('the open gaps of a place', () => {
  it('take as many requests, and read as many items, whatever is open elsewhere', async () => {
    const cost = async (others: number) => {
      const model = new Model('t', 'b', { overlap: false });
      const journal = opened(model);
      await decide(journal, ref('a'), gap('g-1'));
      for (let at = 0; at < others; at++) await decide(journal, elsewhere(at), gap('g-2'));
      let [requests, items] = [0, 0];
      const send = async (command: never) => {
        requests++;
        const reply = (await model.send(command)) as { Items?: unknown[]; Responses?: Record<string, unknown[]> };
        items += (reply.Items ?? []).length + Object.values(reply.Responses ?? {}).flat().length;
        return reply;
      };
      const reader = opened(model, { clients: { dynamodb: { send }, s3: { send } } });
      // Once a day, what the previous version wrote is looked up.
      await reader.standing(HERE);
      [requests, items] = [0, 0];
      expect(await keys(reader)).toEqual(['g-1']);
      return { requests, items };
    };
    expect(await cost(120)).toEqual({ requests: 2, items: 2 });
    expect(await cost(3)).toEqual({ requests: 2, items: 2 });
  });

  it('are named there in the transaction that records them, and expire in DynamoDB a day after they are closed', async () => {
    const model = new Model('t', 'b', { overlap: false });
    const journal = opened(model, { clock: { now: () => START } });
    const named = () =>
      [...model.items.values()].filter((item) => item['pk']?.S === 'standing#111111111111#us-east-1').map((item) => item['expires']?.N ?? null);
    await decide(journal, ref('a'), gap('g-1'));
    expect(named()).toEqual([null]);
    await decide(journal, ref('a'), { over: ['g-1'] });
    expect(named()).toEqual([String((START + DAY) / 1000)]);
    expect(await keys(journal)).toEqual([]);
    await decide(journal, ref('a'), gap('g-2'));
    expect(named()).toEqual([null]);
    expect(await keys(journal)).toEqual(['g-2']);
  });

  it('are found if the last version wrote them: at once by who begins, and once a day after that', async () => {
    let now = START;
    const clock = { now: () => now };
    const model = new Model('t', 'b', { overlap: false });
    await decide(opened(model, { clock }), ref('a'), gap('g-1'));
    await asLastVersion(model, ref('a'));
    const journal = opened(model, { clock });
    expect(await keys(journal)).toEqual(['g-1']);
    // A worker of the previous version is still running.
    await decide(opened(model, { clock }), ref('b'), gap('g-2'));
    await asLastVersion(model, ref('b'));
    now += DAY - 1;
    expect(await keys(opened(model, { clock }))).toEqual(['g-1']);
    now += 1;
    expect(await keys(journal)).toEqual(['g-1', 'g-2']);
    // Nobody looks it up twice.
    model.counts.clear();
    expect(await keys(opened(model, { clock }))).toEqual(['g-1', 'g-2']);
    expect([...model.counts].sort()).toEqual([
      ['BatchGetItem', 1],
      ['GetItem', 1],
      ['Query', 1],
    ]);
  });
});

describe('the result of the sweeps of a place', () => {
  it('is unknown for a head of the last version, until a record has it', async () => {
    const place: ResourceRef = { ...ref(), type: 'AWS::::Account', id: HERE.account };
    const model = new Model('t', 'b', { overlap: false });
    const sweep = (journal: Journal, more: JsonObject = {}) =>
      journal.append({
        kind: 'sweep',
        resource: place,
        remediator: 'redress-sweep',
        body: { sweep: { began: START, remediators: { one: { status: 'complete' } }, ...more } },
      });
    await sweep(opened(model));
    await withoutSwept(model, place);
    expect((await opened(model).view(place)).swept).toBeNull();
    await sweep(opened(model));
    expect((await opened(model).view(place)).swept).toBeNull();
    await sweep(opened(model), { before: { time: 1, lasts: { two: { time: 1, complete: 1 } }, rounds: [] } });
    expect((await opened(model).view(place)).swept?.lasts).toMatchObject({ one: { complete: START }, two: { time: 1, complete: 1 } });
  });
});

/** The head of a stream without what the previous version did not keep. */
async function withoutSwept(model: Model, resource: ResourceRef) {
  const { gunzipSync, gzipSync } = await import('node:zlib');
  for (const item of [...model.items.values()]) {
    if (item['pk']?.S !== `stream#${streamOf(resource).slice(7)}` || item['sk']?.S !== 'head') continue;
    const { swept: _, ...state } = JSON.parse(gunzipSync(item['state']?.B as Uint8Array).toString('utf8')) as JsonObject;
    await model.send(
      new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName: 't', Item: { ...item, state: { B: gzipSync(JSON.stringify(state)) } } } }] }),
    );
  }
}
