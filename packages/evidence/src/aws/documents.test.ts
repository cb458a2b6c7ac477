// Documents in the item of their record, and documents that are too large for it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { canonicalJson, digestOf, digestText, type Json } from '@redress/core';
import { verifyLedger } from '@redress/verify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwsError, Model } from '../../test/support/model.js';
import { all, opened, ref, seeded, verified } from '../../test/support/world.js';
import { exportJournal } from '../aws.js';

const DAY = 86_400_000;
const decision = (documents: { [name: string]: Json }, id = 'a') => ({ kind: 'decision', resource: ref(id), remediator: 'r', body: {}, documents }) as const;
/** A document of this many bytes: `"xxx…"`. */
const sized = (bytes: number, letter = 'x') => letter.repeat((bytes - 2) / Buffer.byteLength(letter));
const blobKey = (document: Json) => `blobs/${digestOf(document).slice(7, 9)}/${digestOf(document).slice(7)}.json`;
/** Incompressible text. */
const noise = (bytes: number) => {
  const random = seeded(1);
  return Array.from({ length: bytes - 2 }, () => String.fromCharCode(35 + Math.floor(random() * 57))).join('');
};

let model: Model;
beforeEach(() => {
  model = new Model('t', 'b', { overlap: false });
});
const inBucket = () => [...model.objects.keys()].sort();
const record = (seq: number) => [...model.items].find(([key]) => key.endsWith(`record#00000000000${seq}`))?.[1] as { documents: { B: Uint8Array } };

describe('documents of a record', () => {
  it.each([
    // Each comes with its digest, a space and a newline.
    ['all of 65,536 bytes', { a: sized(40_000), b: sized(25_390) }, []],
    ['all but the largest of 65,537', { a: sized(40_000), b: sized(25_391) }, ['a']],
    ['as many small ones as fit', { a: sized(30_000), b: sized(30_001), c: sized(30_002) }, ['c']],
    ['none that is too large alone', { a: sized(65_464), b: sized(65_465) }, ['a', 'b']],
    ['one that is just not', { a: sized(65_463) }, []],
    ['bytes, not characters', { a: sized(65_465, '安') }, ['a']],
    ['the same one once', { a: sized(40_000), b: sized(40_000) }, []],
  ] as const)('travel in its item: %s', async (_what, documents: Record<string, string>, stored) => {
    await opened(model).append(decision(documents));
    expect(inBucket()).toEqual(stored.map((name) => blobKey(documents[name] ?? '')).sort());
    expect((await all(opened(model)))[0]?.documents).toEqual(documents);
    const { report, cut } = await verified(model);
    expect([report.status, report.documents, cut]).toEqual(['intact', new Set(Object.values(documents)).size, []]);
  });

  it('fit into the item next to the longest line that it holds, even if they do not compress', async () => {
    const body = { text: noise(199_000) };
    await opened(model).append({ ...decision({ seen: noise(65_463) }), body });
    expect(inBucket()).toEqual([]);
    expect((await all(opened(model)))[0]?.record.body).toEqual(body);
  });

  it('may be numerous', async () => {
    const documents = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`d-${n}`, n]));
    await opened(model).append(decision(documents));
    expect(inBucket().length).toBeGreaterThan(100);
    expect(inBucket().length).toBeLessThan(200);
    expect((await all(opened(model)))[0]?.documents).toEqual(documents);
  });

  it('that are too large are in the bucket before anything is written; nothing is written if that fails', async () => {
    const send = async (command: { constructor: { name: string } }) => {
      if (command.constructor.name === 'PutObjectCommand') throw new AwsError('AccessDenied', 'no', 403);
      return model.send(command as never);
    };
    const journal = opened(model, { clients: { dynamodb: { send }, s3: { send } } });
    await expect(journal.append(decision({ small: 1, large: sized(70_000) }))).rejects.toMatchObject({ code: 'journal/unavailable' });
    expect(model.items.size).toBe(0);
    // Documents that fit need no bucket.
    await journal.append(decision({ small: 1 }));
    expect(model.items.size).toBe(2);
  });

  it('are found where they are stored: the same one in the bucket for one record, and in the item for another', async () => {
    const same = sized(40_000);
    await opened(model).append(decision({ same, other: sized(30_000) }));
    await opened(model).append(decision({ same }));
    expect(inBucket()).toEqual([blobKey(same)]);
    // Its retention in the bucket has ended, but the other record still has it.
    model.objects.clear();
    const found = await all(opened(model));
    expect(found.map(({ documents }) => Object.keys(documents))).toEqual([['other'], ['same']]);
    expect((await verified(model)).report).toMatchObject({ status: 'intact', documents: 2 });
  });
});

describe('a document that travels in an item', () => {
  const changed = (text: string) => gzipSync(`${digestOf({ n: 1 })} ${text}\n`);
  beforeEach(async () => {
    for (let n = 0; n < 3; n++) await opened(model).append(decision({ seen: { n } }));
  });

  it.each([
    ['was changed', () => ({ documents: { B: changed('{"n":7}') } })],
    ['cannot be unpacked', () => ({ documents: { B: new Uint8Array([1, 2, 3]) } })],
    ['is no bytes', () => ({ documents: { S: '{"n":1}' } })],
    ['unpacks to more than anybody has packed', () => ({ documents: { B: changed(`"${'x'.repeat(200_000)}"`) } })],
  ] as const)('and %s is refused by each reader, and the copy names it', async (_how, become) => {
    Object.assign(record(2), become());
    await expect(all(opened(model))).rejects.toMatchObject({ code: 'journal/corrupt', message: expect.stringMatching(/^Record 2 /) });
    expect((await verified(model)).report).toMatchObject({
      status: 'tampered',
      firstBad: { code: 'changed-document', seq: 2 },
      findings: [{ seq: 2 }],
    });
  });

  it('and is larger than any that is packed is refused, though its digest matches', async () => {
    const text = sized(200_000);
    await opened(model).append(decision({ text }));
    Object.assign(record(4), { documents: { B: gzipSync(`${digestOf(text)} ${canonicalJson(text)}\n`) } });
    await expect(all(opened(model))).rejects.toMatchObject({ code: 'journal/corrupt', message: expect.stringMatching(/^Record 4 /) });
    // The bucket has it.
    expect((await verified(model)).report.status).toBe('intact');
  });

  it('and cannot be unpacked is named, even if another record that names it has already lost it', async () => {
    await opened(model).append(decision({ seen: { n: 1 } }));
    delete (record(2) as Partial<ReturnType<typeof record>>).documents;
    Object.assign(record(4), { documents: { B: new Uint8Array([1]) } });
    expect((await verified(model)).report).toMatchObject({ status: 'tampered', firstBad: { code: 'changed-document' } });
  });

  it('is an attribute only of items that have one', async () => {
    await opened(model).append({ ...decision({}), documents: {} });
    expect([1, 2, 3, 4].map((seq) => record(seq).documents !== undefined)).toEqual([true, true, true, false]);
  });

  it('and is missing is only missing', async () => {
    delete (record(2) as Partial<ReturnType<typeof record>>).documents;
    expect((await all(opened(model))).map(({ documents }) => documents)).toEqual([{ seen: { n: 0 } }, {}, { seen: { n: 2 } }]);
    expect((await verified(model)).report).toMatchObject({ status: 'incomplete', findings: [{ code: 'missing-document', seq: 2 }] });
  });

  it('is named as changed even if another record has it unchanged', async () => {
    await opened(model).append(decision({ seen: { n: 1 } }, 'other'));
    Object.assign(record(2), { documents: { B: changed('{"n":7}') } });
    expect((await verified(model)).report).toMatchObject({ status: 'tampered', firstBad: { code: 'changed-document' } });
  });
});

describe('the copy', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'redress-copy-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));
  let copies = 0;
  const copied = async (more: object = {}) => {
    const directory = join(root, `copy-${copies++}`);
    return { directory, report: await exportJournal({ table: 't', bucket: 'b', clients: model.clients, directory, ...more }) };
  };
  const at = (time: number) => ({ clock: { now: () => time } });
  const lockedFor = (document: Json) => Math.round(((model.locked.get(blobKey(document))?.getTime() ?? 0) - Date.now()) / DAY);

  it('has a document as a file of its own, wherever it was stored, and writes nothing to the store', async () => {
    const large = sized(70_000);
    await opened(model).append(decision({ seen: { n: 1 }, large }));
    await opened(model).append(decision({ seen: { n: 1 } }, 'other'));
    const items = structuredClone([...model.items]);
    const { directory, report } = await copied();
    expect(report).toEqual({ streams: 2, records: 2, documents: 2, stored: 0, cut: [] });
    expect(readFileSync(join(directory, blobKey({ n: 1 })), 'utf8')).toBe('{"n":1}');
    expect(readFileSync(join(directory, blobKey(large)), 'utf8')).toBe(canonicalJson(large));
    expect([inBucket(), [...model.items]]).toEqual([[blobKey(large)], items]);
    expect(verifyLedger({ directory }).status).toBe('intact');
  });

  it('stores documents of items in the bucket on request, and locks them from the newest record that names them', async () => {
    const now = Date.now();
    await opened(model, at(now - 20 * DAY)).append(decision({ old: { n: 1 }, twice: { n: 2 } }));
    await opened(model, at(now - 5 * DAY)).append(decision({ twice: { n: 2 } }));
    await opened(model, at(now - 5 * DAY)).append(decision({ gone: { n: 3 } }, 'b'));
    const { report } = await copied({ store: true, lockDays: 30 });
    expect(report).toMatchObject({ documents: 3, stored: 3 });
    expect(inBucket()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }].map(blobKey).sort());
    expect(model.objects.get(blobKey({ n: 1 }))).toBe('{"n":1}');
    expect([{ n: 1 }, { n: 2 }, { n: 3 }].map(lockedFor)).toEqual([10, 25, 25]);
    // A second export stores nothing, and changes no lock.
    const locks = new Map(model.locked);
    model.counts.clear();
    expect((await copied({ store: true, lockDays: 30 })).report).toMatchObject({ stored: 3 });
    expect([model.locked, model.counts.get('PutObjectRetention')]).toEqual([locks, undefined]);
    // Older versions read them from there, and so does every version if the items lose them.
    for (const [, item] of model.items) delete item['documents'];
    expect((await verified(model)).report).toMatchObject({ status: 'intact', documents: 3 });
  });

  it('locks from the newest record, whatever the order in which streams are copied', async () => {
    const now = Date.now();
    const [old, young] = [{ n: 'x' }, { n: 'y' }];
    await opened(model, at(now - 20 * DAY)).append(decision({ old }, 'a'));
    await opened(model, at(now - 20 * DAY)).append(decision({ young }, 'b'));
    await opened(model, at(now - 5 * DAY)).append(decision({ young }, 'a'));
    await opened(model, at(now - 5 * DAY)).append(decision({ old }, 'b'));
    await copied({ store: true, lockDays: 30 });
    expect([old, young].map(lockedFor)).toEqual([25, 25]);
  });

  it('requests each document from the bucket once, and at most sixteen concurrently', async () => {
    const documents = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`d-${n}`, { n, text: sized(70_000) }]));
    for (const id of ['a', 'b']) await opened(model).append(decision(documents, id));
    model.counts.clear();
    let most = 0;
    let now = 0;
    const send = async (command: { constructor: { name: string } }) => {
      const get = command.constructor.name === 'GetObjectCommand';
      if (get) most = Math.max(most, ++now);
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      // There is no log.
      return model.send(command as never).finally(() => {
        if (get) now--;
      });
    };
    const { report } = await copied({ clients: { dynamodb: { send }, s3: { send } } });
    // One more is for the log.
    expect([report.documents, model.counts.get('GetObject')]).toEqual([40, 41]);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(16);
  });

  it.each<[string, (line: string) => string]>([
    ['is not JSON', () => `${digestOf(1)} {`],
    ['names something other than documents', (line) => line.replace(/"blobs":\{[^}]*\}/, '"blobs":{"a":7,"b":"x"}')],
    ['names a document by more than a digest', (line) => line.replace(/("seen":"sha256:[0-9a-f]{64})"/, '$1/../../x"')],
    ['has no documents', (line) => line.replace(/"blobs":\{[^}]*\}/, '"blobs":null')],
    ['has no time', (line) => line.replace(/"time":"[^"]*"/, '"time":7')],
    ['is empty', () => ''],
  ])('continues after a record that %s, and the verifier names it', async (_what, change) => {
    for (const n of [1, 2]) await opened(model).append(decision({ seen: { n } }));
    const item = record(1) as unknown as { line: { S: string } };
    item.line = { S: change(item.line.S) };
    const { directory, report } = await copied({ store: true });
    expect(report.records).toBe(2);
    expect(readFileSync(join(directory, blobKey({ n: 2 })), 'utf8')).toBe('{"n":2}');
    expect(verifyLedger({ directory })).toMatchObject({ status: 'tampered', firstBad: { seq: 1 } });
  });

  it('stores nothing whose lock would have ended, and locks nothing longer because of a future date', async () => {
    const now = Date.now();
    await opened(model, at(now - 31 * DAY)).append(decision({ old: { n: 1 } }));
    await opened(model, at(now + 3650 * DAY)).append(decision({ ahead: { n: 2 } }, 'b'));
    expect((await copied({ store: true, lockDays: 30 })).report).toMatchObject({ documents: 2, stored: 1 });
    expect([inBucket(), lockedFor({ n: 2 })]).toEqual([[blobKey({ n: 2 })], 30]);
    // Without `lockDays`, the bucket decides for how long.
    expect((await copied({ store: true })).report).toMatchObject({ stored: 2 });
    expect(lockedFor({ n: 2 })).toBe(30);
  });

  it('stores nothing that does not match its digest, even if another record has it unchanged', async () => {
    for (const n of [1, 1, 2, 3, 3]) await opened(model).append(decision({ seen: { n } }));
    record(2).documents.B = gzipSync(`${digestOf({ n: 1 })} {"n":7}\n`);
    record(4).documents.B = gzipSync(`${digestOf({ n: 3 })} {"n":7}\n`);
    const { directory, report } = await copied({ store: true });
    expect([report.stored, inBucket()]).toEqual([1, [blobKey({ n: 2 })]]);
    expect(verifyLedger({ directory })).toMatchObject({ status: 'tampered', firstBad: { code: 'changed-document', seq: 1 } });
  });

  it('is complete if the bucket has something else under the digest of a document, and overwrites nothing', async () => {
    await opened(model).append(decision({ seen: { n: 1 } }));
    model.objects.set(blobKey({ n: 1 }), '{"n":9}');
    const directory = join(root, 'copy');
    const copying = exportJournal({ table: 't', bucket: 'b', clients: model.clients, directory, store: true });
    await expect(copying).rejects.toMatchObject({ code: 'journal/corrupt' });
    expect(verifyLedger({ directory })).toMatchObject({ status: 'intact', documents: 1 });
    expect(model.objects.get(blobKey({ n: 1 }))).toBe('{"n":9}');
  });

  it('names what was changed in the bucket, even if an item has it unchanged', async () => {
    const same = sized(40_000);
    await opened(model).append(decision({ same }, 'item'));
    await opened(model).append(decision({ same, other: sized(30_000) }, 'bucket'));
    model.objects.set(blobKey(same), '"changed"');
    await expect(all(opened(model))).rejects.toMatchObject({ code: 'journal/corrupt' });
    const { directory } = await copied();
    expect(verifyLedger({ directory }).status).toBe('tampered');
    expect(digestText(readFileSync(join(directory, blobKey(same)), 'utf8'))).not.toBe(digestOf(same));
  });
});
