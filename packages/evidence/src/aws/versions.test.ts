// Journals of the previous version continue, and workers of both versions share a table. test/fixtures/journal-0.1 was written by the version before
// documents were stored in items: the same history in a folder and in a table.
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type TransactWriteItem, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { type Digest, digestOf, type Journal, type StoredRecord } from '@redress/core';
import { type VerifyReport, verifyLedger } from '@redress/verify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Model } from '../../test/support/model.js';
import { all, HOUR, opened, ref, request, seeded, verified } from '../../test/support/world.js';
import { folderJournal } from '../folder.js';
import { carriedBy } from './documents.js';
import type { Item } from './store.js';

const FIXTURES = fileURLToPath(new URL('../../test/fixtures/journal-0.1/', import.meta.url));
const DAY = 24 * HOUR;
type Clock = { now(): number };

/** The table of the previous version. */
async function table(): Promise<Model> {
  const { items, objects } = JSON.parse(readFileSync(join(FIXTURES, 'table.json'), 'utf8')) as { items: Item[]; objects: Record<string, string> };
  const model = new Model('t', 'b', { random: seeded(5) });
  for (const item of items) {
    const Item: Item = {};
    for (const [name, value] of Object.entries(item)) Item[name] = value.B === undefined ? value : { B: Buffer.from(String(value.B), 'base64') };
    await model.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName: 't', Item } }] }));
  }
  for (const [key, text] of Object.entries(objects)) model.objects.set(key, text);
  return model;
}

const of = (records: readonly StoredRecord[], id: string) => records.filter(({ record }) => record.resource.id === id);
const kinds = (records: readonly StoredRecord[]) => records.map(({ record }) => record.kind);

describe.each(['folder', 'table'] as const)('a %s that the last version has written', (kind) => {
  let open: (clock?: Clock) => Journal;
  let verify: () => Promise<VerifyReport>;
  let remove: () => void;
  let time: number;
  const clock = { now: () => time };
  beforeEach(async () => {
    // Twelve hours later: nobody holds the open execution, and what was counted still counts.
    time = Date.parse('2026-11-20T20:00:00Z');
    const directory = mkdtempSync(join(tmpdir(), 'redress-last-'));
    remove = () => rmSync(directory, { recursive: true });
    if (kind === 'folder') {
      cpSync(join(FIXTURES, 'folder'), directory, { recursive: true });
      open = () => folderJournal({ directory, clock });
      verify = async () => verifyLedger({ directory });
    } else {
      const model = await table();
      open = () => opened(model, { clock });
      verify = async () => {
        const found = await verified(model);
        expect(found.cut).toEqual([]);
        return found.report;
      };
    }
  });
  afterEach(() => remove());

  it('verifies, and is read completely', async () => {
    const report = await verify();
    expect(report).toMatchObject({ status: 'incomplete', streams: 6, records: 19, executions: 4, openExecutions: 1, documents: 13 });
    expect(report.findings.map(({ code }) => code)).toEqual(['open-execution']);
    const journal = open();
    const records = await all(journal);
    expect(kinds(of(records, 'fixed'))).toEqual(['decision', 'approval', 'intent', 'call', 'outcome', 'intent', 'call', 'outcome', 'duplicate']);
    // Each with its documents.
    expect(records.filter(({ record, documents }) => Object.keys(record.blobs).length !== Object.keys(documents).length)).toEqual([]);
    expect(of(records, 'fixed')[0]?.documents).toEqual({ observation: { id: 'fixed', tags: { team: 'päyments' } } });
    expect(of(records, 'open')[0]?.documents).toEqual({ before: { id: 'open' }, plan: { fix: 'open' }, observation: { id: 'open', tags: {} } });
    await journal.close?.();
  });

  it('returns the same answers as before', async () => {
    const journal = open();
    const view = await journal.view(ref('fixed'));
    // A folder is read with today's rules, in which an answer counts as well. The head of a table keeps what was counted then.
    expect(view).toMatchObject({ length: 9, generation: kind === 'folder' ? 3 : 2, open: null, breakers: [{ remediator: 'other', reason: 'two bad ends' }] });
    const [back, fixed] = view.closed;
    expect(view.closed.map(({ outcome, sent, subjects }) => [outcome, sent, subjects])).toEqual([
      ['rolled-back', 1, []],
      ['remediated', 1, ['public-access']],
    ]);
    expect([back?.rollbackOf, fixed?.verified]).toEqual([fixed?.execution, true]);
    expect(view.holds).toMatchObject([{ remediator: 'r', owner: 'ops', execution: back?.execution }]);
    expect(view.tagFirstSeen).toEqual({ r: Date.parse('2026-11-20T08:00:01Z') });
    expect(view.approvals).toMatchObject([{ id: 'a-0000000000000001', verdict: 'approved', by: { verified: true }, usedBy: fixed?.execution }]);
    expect((await journal.approvals()).map(({ id, grace }) => [id, grace?.sent.length])).toEqual([
      ['a-0000000000000002', undefined],
      ['a-0000000000000003', 1],
    ]);
    const track = await journal.trackRecord({ remediator: 'r', accounts: ['111111111111'] });
    expect(track.map(({ resource, outcome, rolledBack }) => [resource.id, outcome, rolledBack])).toEqual([
      ['failed', 'failed', false],
      ['fixed', 'rolled-back', false],
      ['fixed', 'remediated', true],
    ]);
    const own = [];
    for await (const each of journal.read({ execution: fixed?.execution ?? '' })) own.push(each);
    expect(kinds(own)).toEqual(['intent', 'call', 'outcome']);
    await journal.close?.();
  });

  it('continues: what was open is taken over, what was counted counts, and what was closed does not begin again', async () => {
    const journal = open();
    const budgets = [{ key: 'remediator=r,account=111111111111', changes: 3, window: DAY }];
    const [left] = await journal.open();
    expect(left?.resource.id).toBe('open');
    expect((await journal.begin(request('open'))).status).toBe('busy');
    expect((await journal.begin(request('fixed', { generation: 1 }))).status).toBe('stale');
    const { generation } = await journal.view(ref('fixed'));
    expect((await journal.begin(request('fixed', { generation, approval: 'a-0000000000000001' }))).status).toBe('stale');
    expect((await journal.begin(request('failed', { generation: 1, remediator: 'other' }))).status).toBe('stale');
    const taken = await journal.begin(request('open', { resume: left?.execution }));
    if (taken.status !== 'begun') throw new Error(taken.status);
    expect(taken.lease.fence).toBe(2);
    await journal.finish({ resource: ref('open'), remediator: 'r', lease: taken.lease, outcome: 'unknown', sent: 1, body: {}, documents: { after: { a: 1 } } });
    // Two of three are used: the remediated one, and this one.
    const third = await journal.begin(request('failed', { generation: 1, budgets }));
    expect(third.status).toBe('begun');
    expect(await journal.begin(request('new', { budgets }))).toMatchObject({ status: 'over-budget', used: 3 });
    if (third.status !== 'begun') return;
    await journal.finish({ resource: ref('failed'), remediator: 'r', lease: third.lease, outcome: 'remediated', sent: 1, body: {} });
    await journal.close?.();
    // A later worker finds the old ones and the new ones.
    const next = open();
    const records = await all(next);
    expect(kinds(of(records, 'open'))).toEqual(['intent', 'call', 'lease', 'outcome']);
    expect(of(records, 'open').map(({ documents }) => Object.keys(documents).sort())).toEqual([
      ['before', 'observation', 'plan'],
      [],
      ['before', 'observation', 'plan'],
      ['after'],
    ]);
    expect((await next.view(ref('failed'))).generation).toBe(2);
    await next.close?.();
    expect(await verify()).toMatchObject({ status: 'intact', records: 23, executions: 5, openExecutions: 0 });
  });
});

/** A worker of the previous version: it stores each document in the bucket before the record, and does not know documents in items. */
function lastVersion(model: Model) {
  const send = async (command: { readonly constructor: { readonly name: string }; readonly input: unknown }): Promise<unknown> => {
    const { TransactItems } = command.input as { TransactItems?: TransactWriteItem[] };
    for (const { Put } of TransactItems ?? []) {
      const item: Item = Put?.Item ?? {};
      for (const [digest, Body] of carriedBy(item) ?? []) {
        const Key = `blobs/${digest.slice(7, 9)}/${digest.slice(7)}.json`;
        const put = new PutObjectCommand({ Bucket: 'b', Key, Body, IfNoneMatch: '*' });
        for (;;)
          try {
            await model.send(put);
            break;
          } catch (error) {
            if ((error as Error).name === 'PreconditionFailed') break;
          }
      }
      delete item['documents'];
    }
    const reply = (await model.send(command)) as { Item?: Item; Items?: Item[]; Responses?: Record<string, Item[]> };
    for (const item of [reply.Item ?? {}, ...(reply.Items ?? []), ...Object.values(reply.Responses ?? {}).flat()]) delete item['documents'];
    return reply;
  };
  const sender = { send: send as (command: never) => Promise<unknown> };
  return opened(model, { clients: { dynamodb: sender, s3: sender } });
}

describe('workers of the last version and of this one on one table', () => {
  const carrying = (model: Model) => [...model.items.values()].filter((item) => item['documents'] !== undefined).length;

  it.each([1, 2, 3])('never act twice, on one stream and one limit: seed %i', async (seed) => {
    const random = seeded(seed);
    const model = new Model('t', 'b', { random, lag: 5, throttled: 0.02 });
    const budgets = [{ key: 'k', changes: 7, window: HOUR }];
    // They do not know of each other. Every second one is of the previous version.
    const workers = Array.from({ length: 8 }, (_, n) => ({ version: n % 2, journal: n % 2 === 0 ? opened(model) : lastVersion(model) }));
    const won = [0, 0];
    const counted = { begun: 0, 'over-budget': 0 };
    for (let round = 0; round < 8; round++) {
      const results = await Promise.all(
        workers.map(async ({ journal, version }) => {
          const { generation } = await journal.view(ref());
          // Storing documents before the record takes longer: in every second round, the workers that do so start earlier.
          for (let turn = 0; turn < 12 * (round % 2) * (1 - version); turn++) await new Promise((resolve) => setImmediate(resolve));
          return journal.begin(request('a', { generation, budgets, documents: { before: { round }, plan: { fix: 'a' } } }));
        }),
      );
      const winners = results.flatMap((result, n) => (result.status === 'begun' ? [{ result, n }] : []));
      expect(winners.length).toBe(round < 7 ? 1 : 0);
      counted[round < 7 ? 'begun' : 'over-budget']++;
      const [winner] = winners;
      if (winner === undefined) {
        expect(results.map(({ status }) => status)).toEqual(results.map(() => 'over-budget'));
        continue;
      }
      const { journal, version } = workers[winner.n] as (typeof workers)[number];
      won[version] = (won[version] ?? 0) + 1;
      const { lease } = winner.result;
      await journal.append({ resource: ref(), remediator: 'r', kind: 'call', lease, body: { round } });
      // A late holder of another's lease is refused, in both versions.
      const late = { resource: ref(), remediator: 'r', lease: { ...lease, fence: lease.fence - 1 }, outcome: 'remediated', sent: 1, body: {} } as const;
      for (const other of workers) await expect(other.journal.finish(late)).rejects.toMatchObject({ code: 'journal/lost-lease' });
      const closer = workers[(winner.n + 1) % 8]?.journal;
      await closer?.finish({ resource: ref(), remediator: 'r', lease, outcome: 'remediated', sent: 1, body: {}, documents: { after: { round } } });
    }
    expect(counted).toEqual({ begun: 7, 'over-budget': 1 });
    // Both versions have begun some, and closed some of the other's.
    expect(Math.min(...won)).toBeGreaterThan(0);
    const records = await all(opened(model));
    expect(kinds(records)).toEqual(Array.from({ length: 7 }, () => ['intent', 'call', 'outcome']).flat());
    expect(records.map(({ documents }) => Object.keys(documents).length)).toEqual(Array.from({ length: 7 }, () => [2, 0, 1]).flat());
    expect(carrying(model)).toBe(7);
    expect(await verified(model)).toMatchObject({ cut: [], tampered: [], report: { status: 'intact', records: 21 } });
  });

  it('use an approval once, and take over once', async () => {
    const model = new Model('t', 'b', { random: seeded(4), lag: 5 });
    const [mine, theirs] = [opened(model), lastVersion(model)];
    const approval = { id: 'a-1', planDigest: digestOf(1), discharges: [], expires: Date.now() + DAY };
    await theirs.append({ resource: ref(), remediator: 'r', kind: 'decision', body: { approval }, documents: { observation: { a: 1 } } });
    await mine.append({ resource: ref(), remediator: 'r', kind: 'approval', body: { approval: { id: 'a-1', verdict: 'approved' } } });
    const { generation } = await theirs.view(ref());
    const workers = [mine, theirs, opened(model), lastVersion(model)];
    const begun = await Promise.all(workers.map((each) => each.begin(request('a', { generation, approval: 'a-1' }))));
    expect(begun.map(({ status }) => status).sort()).toEqual(['begun', 'busy', 'busy', 'busy']);
    const [open] = await opened(model).open();
    const later = { now: () => Date.now() + HOUR };
    const resumed = await Promise.all(
      [opened(model, { clock: later }), opened(model, { clock: later })].map((each) => each.begin(request('a', { resume: open?.execution }))),
    );
    expect(resumed.filter(({ status }) => status === 'begun')).toHaveLength(1);
    expect(await verified(model)).toMatchObject({ cut: [], tampered: [] });
  });

  it('read what the other one has written: documents in items are missing only for the last version', async () => {
    const model = new Model('t', 'b', { random: seeded(4) });
    const [mine, theirs] = [opened(model), lastVersion(model)];
    await theirs.append({ resource: ref(), remediator: 'r', kind: 'decision', body: {}, documents: { seen: { by: 'theirs' } } });
    await mine.append({ resource: ref(), remediator: 'r', kind: 'decision', body: {}, documents: { seen: { by: 'mine' } } });
    expect((await all(mine)).map(({ documents }) => documents)).toEqual([{ seen: { by: 'theirs' } }, { seen: { by: 'mine' } }]);
    expect((await all(theirs)).map(({ documents }) => documents)).toEqual([{ seen: { by: 'theirs' } }, {}]);
    const digest: Digest = digestOf({ by: 'theirs' });
    expect([...model.objects.keys()]).toEqual([`blobs/${digest.slice(7, 9)}/${digest.slice(7)}.json`]);
  });
});
