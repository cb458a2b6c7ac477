// Records that a table has lost and the log has: they come back as they were, and overwrite nothing.
import { breakerOf, canonicalJson, digestOf, type Journal, streamOf } from '@redress/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { ledgerOnAws } from '../../test/support/ledger-aws.js';
import type { LedgerWorld } from '../../test/support/ledger-contract.js';
import { Model } from '../../test/support/model.js';
import { VERIFIER } from '../../test/support/sealing.js';
import { all, HOUR, opened, ref, request, verified } from '../../test/support/world.js';
import { Archives } from '../ledger/archive.js';
import { generateKey } from '../ledger/note.js';
import { acceptRestored } from './restored.js';

let model: Model;
let world: LedgerWorld;
let journal: Journal;
beforeEach(() => {
  model = new Model('t', 'b', { overlap: false });
  world = ledgerOnAws(model, async () => undefined);
  ({ journal } = world);
});

const copyOf = () => structuredClone([...model.items]);
function restore(items: ReturnType<typeof copyOf>): void {
  model.items.clear();
  for (const [key, item] of items) model.items.set(key, item);
}
const budgets = [{ key: 'k', changes: 3, window: HOUR }];
const accept = (more = {}) => acceptRestored({ table: 't', bucket: 'b', clients: model.clients, clock: world.clock, by: 'ops', reason: 'INC-1', ...more });
const begin = (id: string, more = {}) => opened(model, { clock: world.clock }).begin(request(id, { budgets, ...more }));
const decision = (id: string, body: object) => journal.append({ kind: 'decision', resource: ref(id), remediator: 'r', body } as never);

/** The content of a table, without what only the first writer of a record knew, and without what is not history. */
function history(): Record<string, unknown> {
  return Object.fromEntries(
    [...model.items]
      .filter(([key]) => !key.startsWith('ledger'))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => {
        const { token: _, documents: __, unsealedShard: ___, version: ____, expires: _____, taken, resource, ...rest } = item;
        const where = resource?.S === undefined ? {} : { resource: JSON.parse(resource.S) as object };
        return [key, { ...rest, ...where, ...(taken === undefined ? {} : { taken: taken.SS === undefined ? taken : [...taken.SS].sort() }) }];
      }),
  );
}

/** Everything that a record can have beside it: limits, breakers, requests, open gaps, an open execution, and one that sent nothing. */
async function eventful(): Promise<void> {
  await decision('asked', { approval: { id: 'a-1', planDigest: digestOf(1), discharges: [], fresh: true, expires: 8e15 } });
  await journal.append({
    kind: 'approval',
    resource: ref('asked'),
    remediator: 'r',
    body: { approval: { id: 'a-1', verdict: 'approved', by: { name: 'kim', verified: true } } },
  });
  await decision('gap', { outcome: 'notified', message: 'm', gap: { key: 'g-1', state: 's', subjects: ['one'] } });
  for (const [id, sent] of [
    ['done', 1],
    ['nothing', 0],
  ] as const) {
    const begun = await begin(id);
    if (begun.status !== 'begun') throw new Error(begun.status);
    const of = { resource: ref(id), remediator: 'r', lease: begun.lease } as const;
    if (sent > 0) await journal.append({ ...of, kind: 'call', body: {} });
    await journal.finish({ ...of, outcome: sent > 0 ? 'remediated' : 'failed', sent, body: {} });
  }
  expect((await begin('open')).status).toBe('begun');
  await journal.append({ kind: 'breaker', resource: breakerOf(ref('x')), remediator: 'shut', body: { breaker: 'open', reason: 'three failed' } });
}

describe('a table that was restored to an earlier time', () => {
  it('gets its complete history back: records, executions, limits, breakers, and what needs an approval', async () => {
    await world.decide('a');
    await world.decide('asked');
    await world.seal();
    const early = copyOf();
    await eventful();
    await world.decide('a');
    await world.seal();
    const [late, records] = [history(), await all(journal)];
    restore(early);
    await expect(begin('y')).rejects.toMatchObject({ code: 'journal/behind' });
    const { lost, ...found } = await accept();
    expect(found).toEqual({ checkpoint: 15, table: 3, records: 11, streams: 7, documents: 0, refused: [] });
    // No seal has moved them into an archive: a state that was seen, and three documents of each execution.
    expect(lost.map(({ name, keptUntil }) => [name, keptUntil]).sort()).toEqual(
      [['state', null], ...['before', 'observation', 'plan'].flatMap((name) => Array.from({ length: 3 }, () => [name, null]))].sort(),
    );
    expect(history()).toEqual(late);
    const again = await all(opened(model));
    expect(again.map(({ stream, seq, digest, record }) => ({ stream, seq, digest, record }))).toEqual(
      records.map(({ stream, seq, digest, record }) => ({ stream, seq, digest, record })),
    );
    // Two of three are used: by a completed and by an open execution. A limit survives the restore.
    expect([(await begin('y')).status, (await begin('z')).status]).toEqual(['begun', 'over-budget']);
    expect((await opened(model).open()).map(({ resource: { id } }) => id)).toEqual(['open', 'y']);
    expect((await begin('w', { remediator: 'shut', breaker: undefined, budgets: [] })).status).toBe('stale');
    // Each stream continues, and is sealed further.
    await world.decide('a');
    expect((await world.seal()).skipped).toEqual([]);
    const { report } = await verified(model);
    expect([...new Set(report.findings.map(({ code }) => code))].sort()).toEqual(['missing-document', 'open-execution', 'untrusted-key']);
  });

  it('is left unchanged where a stream has diverged, which is named; the other streams get their records back', async () => {
    await world.decide('a');
    await world.decide('c');
    await world.seal();
    const early = copyOf();
    for (const id of ['a', 'b', 'c', 'd']) await world.decide(id);
    await world.decide('d');
    await world.seal();
    restore(early);
    // Shorter than what was sealed, as long, and longer.
    await opened(model).append({ kind: 'decision', resource: ref('d'), remediator: 'r', body: { another: 1 } });
    for (const another of [2, 3]) await opened(model).append({ kind: 'decision', resource: ref('b'), remediator: 'r', body: { another } });
    await opened(model).append({ kind: 'decision', resource: ref('c'), remediator: 'r', body: { another: 4 } });
    const before = new Map(copyOf());
    const found = await accept();
    expect(found).toMatchObject({ records: 1, streams: 1 });
    expect(found.refused.map(({ stream, seq }) => [stream, seq]).sort()).toEqual(
      [
        [streamOf(ref('b')), 1],
        [streamOf(ref('c')), 2],
        [streamOf(ref('d')), 2],
      ].sort(),
    );
    for (const { message } of found.refused) expect(message).toContain('the stream differs');
    for (const [key, item] of before) if (key.includes('record#')) expect(model.items.get(key)).toEqual(item);
    expect((await opened(model).view(ref('a'))).length).toBe(2);
    expect((await opened(model).view(ref('b'))).length).toBe(2);
  });

  it('that was accepted before gets its records back as well, and one that lacks nothing is refused', async () => {
    await world.decide('a');
    await world.seal();
    const early = copyOf();
    await world.decide('a');
    await world.seal();
    const mark = model.items.get('ledger\u0000sealed');
    restore(early);
    if (mark !== undefined) model.items.set('ledger\u0000sealed', mark);
    expect((await begin('y')).status).toBe('begun');
    expect(await accept()).toMatchObject({ checkpoint: 4, table: 4, records: 1, streams: 1, refused: [] });
    await expect(accept()).rejects.toMatchObject({ code: 'journal/invalid' });
  });

  it('gets a record that is too long for an entry only if its line is in the bucket; what follows it waits, and is named', async () => {
    await world.decide('a');
    await world.seal();
    const early = copyOf();
    await world.decide('long', { text: 'x'.repeat(70_000) });
    await world.decide('long');
    await world.decide('huge', { text: 'y'.repeat(210_000) });
    await world.decide('huge');
    await world.seal();
    restore(early);
    const found = await accept();
    expect(found).toEqual({
      ...{ checkpoint: 7, table: 2, records: 2, streams: 1, documents: 0 },
      lost: [1, 2].map((seq) => ({ stream: streamOf(ref('huge')), seq, name: 'state', digest: digestOf({ id: 'huge' }), keptUntil: null })),
      refused: [{ stream: streamOf(ref('long')), seq: 1, message: expect.stringContaining('only the digest') as string }],
    });
    expect((await all(opened(model))).map(({ record }) => record.resource.id)).toEqual(expect.arrayContaining(['a', 'huge', 'huge']));
    expect((await opened(model).view(ref('long'))).length).toBe(0);
  });
});

describe('documents of lost items', () => {
  const ARCHIVE = 'ledger/documents/000000000002.zip';
  const named = (id: string, seq: number, name: string, document: unknown, keptUntil: string | null) => ({
    ...{ stream: streamOf(ref(id)), seq, name, digest: digestOf(document as never), keptUntil },
  });
  /** The documents of each record, and which of them exist. */
  const documents = async () => (await all(opened(model))).map(({ record, documents: there }) => [record.resource.id, record.seq, there]);
  const UNTIL = '2026-02-01T00:00:05.000Z';

  /** One seal without archives, and one with archives, also of earlier records. */
  async function archived(): Promise<ReturnType<typeof copyOf>> {
    await world.decide('a');
    const early = copyOf();
    await world.decide('b');
    await world.seal();
    const text = 'z'.repeat(70_000);
    await journal.append({ kind: 'decision', resource: ref('large'), remediator: 'r', body: {}, documents: { seen: { text }, state: { small: 1 } } });
    for (const id of ['c', 'a', 'a']) await world.decide(id);
    expect((await world.seal({ documentsFor: 30 })).seal.documents).toEqual({ from: 0, until: UNTIL });
    return early;
  }

  it('are restored from the archives of seals, each with its record; those in the bucket were never lost', async () => {
    const early = await archived();
    const before = await documents();
    restore(early);
    expect(await accept()).toEqual({ checkpoint: 8, table: 0, records: 5, streams: 4, documents: 5, refused: [], lost: [] });
    expect(await documents()).toEqual(before);
    expect((await verified(model)).report.findings.map(({ code }) => code)).toEqual(['untrusted-key']);
    // They are in the items again, so that readers without archives find them.
    model.objects.delete(ARCHIVE);
    expect(await documents()).toEqual(before);
  });

  it('are looked for in each part of an archive, and taken from none that has changed them', async () => {
    const early = await archived();
    const before = await documents();
    restore(early);
    const parts = new Archives(2);
    const [first, second] = [['b', 'c'], ['a']].map((ids) => {
      for (const id of ids) parts.add({ digest: digestOf({ id }), text: canonicalJson({ id }) });
      return parts.end() as Buffer;
    }) as [Buffer, Buffer];
    await world.change(ARCHIVE, first);
    // Under the name of another one.
    parts.add({ digest: digestOf({ small: 1 }), text: '{"small":2}' });
    await world.change('ledger/documents/000000000002-1.zip', second);
    await world.change('ledger/documents/000000000002-2.zip', parts.end() as Buffer);
    expect(await accept()).toMatchObject({ records: 5, documents: 4, lost: [named('large', 1, 'state', { small: 1 }, UNTIL)] });
    expect(await documents()).toEqual(
      before.map(([id, seq, there]) => (id === 'large' ? [id, seq, { seen: (there as { seen: unknown }).seen }] : [id, seq, there])),
    );
    const codes = (await verified(model)).report.findings.map(({ code }) => code);
    expect(codes).toContain('changed-document');
  });

  it('are named if nothing has them: never archived, or removed, with the time that a seal gives', async () => {
    const early = await archived();
    await world.decide('e');
    await world.seal();
    restore(early);
    model.objects.delete(ARCHIVE);
    const found = await accept();
    expect(found).toMatchObject({ records: 6, documents: 0, refused: [] });
    expect(found.lost.toSorted((a, b) => (a.name + a.digest < b.name + b.digest ? -1 : 1) || a.seq - b.seq)).toEqual(
      [
        ...[named('b', 1, 'state', { id: 'b' }, UNTIL), named('large', 1, 'state', { small: 1 }, UNTIL), named('c', 1, 'state', { id: 'c' }, UNTIL)],
        ...[named('a', 2, 'state', { id: 'a' }, UNTIL), named('a', 3, 'state', { id: 'a' }, UNTIL), named('e', 1, 'state', { id: 'e' }, null)],
      ].toSorted((a, b) => (a.name + a.digest < b.name + b.digest ? -1 : 1) || a.seq - b.seq),
    );
    // A changed document in the bucket counts as missing.
    const restored = model.items.get('ledger\u0000sealed')?.['restored']?.SS ?? [];
    expect(JSON.parse(restored[0] ?? '')).toMatchObject({ documents: 0, lost: 6 });
  });

  it('do not count as present if the bucket has something else under their digest', async () => {
    const early = await archived();
    restore(early);
    const digest = digestOf({ text: 'z'.repeat(70_000) });
    model.objects.set(`blobs/${digest.slice(7, 9)}/${digest.slice(7)}.json`, '"changed"');
    expect((await accept()).lost).toEqual([named('large', 1, 'seen', { text: 'z'.repeat(70_000) }, UNTIL)]);
  });

  it.each(['before', 'after'] as const)('are restored though the writer dies at any write, %s it takes effect', async (when) => {
    const early = await archived();
    const before = await documents();
    let died = 0;
    for (let last = 0; last < 6; last++) {
      restore(early);
      let count = 0;
      const dying = {
        send: async (command: never) => {
          const isWrite = ['TransactWriteItemsCommand', 'UpdateItemCommand', 'PutObjectCommand'].includes((command as object).constructor.name);
          const mine = isWrite && count++ === last;
          if (count > last + 1 || (mine && when === 'before')) throw new Error('died');
          const answer = await model.send(command);
          if (mine) throw new Error('died');
          return answer;
        },
      };
      await accept({ clients: { dynamodb: dying, s3: dying }, patience: 1 }).catch(() => died++);
      await accept().catch((error: unknown) => expect(error).toMatchObject({ code: 'journal/invalid' }));
      expect(await documents()).toEqual(before);
    }
    expect(died).toBeGreaterThan(4);
  });
});

describe('a log that differs from what was signed', () => {
  beforeEach(async () => {
    await world.decide('a');
    await world.seal();
    restore([]);
  });

  it.each(['ledger/tile/entries/000.p/2', 'ledger/checkpoint'])('is not trusted: a changed %s, and nothing is written', async (path) => {
    const text = (await world.read(path))?.toString('latin1') ?? '';
    await world.change(
      path,
      Buffer.from(path.endsWith('checkpoint') ? text.replace(/\n[A-Za-z0-9+/]{43}=/, `\n${'A'.repeat(43)}=`) : text.replace('seen a', 'seen b'), 'latin1'),
    );
    await expect(accept()).rejects.toMatchObject({ code: 'ledger/corrupt' });
    expect(model.items.size).toBe(0);
  });

  it('is refused if no trusted key has signed it', async () => {
    const other = generateKey('example.com/redress').verifier;
    for (const trusted of [[{ origin: 'example.com/redress', key: other }], [{ origin: 'example.org/x', key: VERIFIER }]])
      await expect(accept({ trusted })).rejects.toMatchObject({ code: 'ledger/corrupt' });
    expect(model.items.size).toBe(0);
    expect(await accept({ trusted: [{ origin: 'example.com/redress', key: VERIFIER }] })).toMatchObject({ records: 1, refused: [] });
  });
});

it('a log whose key was replaced is trusted if a trusted key has announced the next one, and only then', async () => {
  await world.decide('a');
  await world.seal();
  await world.rotate();
  restore([]);
  const trusted = [{ origin: 'example.com/redress', key: VERIFIER }];
  const proof = await world.read('ledger/rotations/1.tlog-proof');
  await world.change('ledger/rotations/1.tlog-proof', Buffer.from((proof?.toString() ?? '').replace(/\n— (\S+) [A-Za-z0-9+/]{8}/, '\n— $1 AAAAAAAA')));
  await expect(accept({ trusted })).rejects.toMatchObject({ code: 'ledger/corrupt' });
  expect(model.items.size).toBe(0);
  await world.change('ledger/rotations/1.tlog-proof', proof ?? Buffer.alloc(0));
  expect(await accept({ trusted })).toMatchObject({ records: 1, refused: [] });
});

describe('a writer that dies at any write', () => {
  const WRITES = ['TransactWriteItemsCommand', 'UpdateItemCommand', 'PutObjectCommand'];

  it.each(['before', 'after'] as const)('%s it takes effect leaves a table on which nothing begins, and the next writer completes it', async (when) => {
    await world.decide('a');
    await world.seal();
    const early = copyOf();
    await eventful();
    await world.seal();
    const late = history();
    let writes = Number.POSITIVE_INFINITY;
    for (let last = 0; last < writes; last++) {
      restore(early);
      let count = 0;
      const dying = {
        send: async (command: never) => {
          const isWrite = WRITES.includes((command as object).constructor.name);
          if (count > last) throw new Error('died');
          if (isWrite && count === last && when === 'before') {
            count++;
            throw new Error('died');
          }
          const answer = await model.send(command);
          if (isWrite && count++ === last) throw new Error('died');
          return answer;
        },
      };
      const ended = await accept({ clients: { dynamodb: dying, s3: dying }, patience: 1 }).then(
        () => 'accepted',
        (error: unknown) => String(error),
      );
      if (ended === 'accepted') {
        writes = last;
        break;
      }
      const complete = model.items.get('ledger\u0000sealed')?.['size']?.N === '13';
      if (!complete) {
        await expect(begin('y')).rejects.toMatchObject({ code: 'journal/behind' });
        await accept();
      }
      expect([last, history()]).toEqual([last, late]);
      expect((await all(opened(model))).length).toBe(11);
    }
    // Ten records, and that it is accepted.
    expect(writes).toBe(11);
  });

  it('two concurrent writers write each record once', async () => {
    const racing = new Model('t', 'b', { overlap: true });
    const of = ledgerOnAws(racing, async () => undefined);
    await of.decide('a');
    await of.seal();
    for (let at = 0; at < 5; at++) for (const id of ['a', 'b', 'c']) await of.decide(id);
    await of.seal();
    const late = [...racing.items.keys()].filter((key) => key.includes('record#')).sort();
    racing.items.clear();
    const both = await Promise.allSettled([1, 2].map(() => acceptRestored({ table: 't', bucket: 'b', clients: racing.clients, by: 'ops', reason: 'r' })));
    const records = both.flatMap((each) => (each.status === 'fulfilled' ? [each.value.records] : []));
    expect(records.length).toBeGreaterThan(0);
    // If one was faster in a stream, the other leaves it. Together they leave nothing out.
    await acceptRestored({ table: 't', bucket: 'b', clients: racing.clients, by: 'ops', reason: 'r' }).catch(() => undefined);
    expect([...racing.items.keys()].filter((key) => key.includes('record#')).sort()).toEqual(late);
    expect((await verified(racing)).report.findings.filter(({ code }) => !['missing-document', 'untrusted-key'].includes(code))).toEqual([]);
  });
});
