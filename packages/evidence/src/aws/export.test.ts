// The content of a copy of a table, and what it reports that a folder cannot show.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson, digestText, type Json, streamOf } from '@redress/core';
import { verifyLedger } from '@redress/verify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Model } from '../../test/support/model.js';
import { opened, ref } from '../../test/support/world.js';
import { exportJournal } from '../aws.js';
import { streamFile } from '../layout.js';
import type { Item } from './store.js';

let model: Model;
let root: string;
beforeEach(async () => {
  model = new Model('t', 'b', { overlap: false });
  root = mkdtempSync(join(tmpdir(), 'redress-export-'));
  for (let n = 0; n < 3; n++) await opened(model).append({ kind: 'decision', resource: ref(), remediator: 'r', body: { n }, documents: { seen: { n } } });
  await opened(model).append({ kind: 'decision', resource: ref('b'), remediator: 'r', body: {} });
});
afterEach(() => rmSync(root, { recursive: true }));

let copies = 0;
const copied = async (more: object = {}) => {
  const directory = join(root, `copy-${copies++}`);
  return { directory, report: await exportJournal({ table: 't', bucket: 'b', clients: model.clients, directory, ...more }) };
};
/** An item of the first stream. */
const keyOf = (sk: string) => [...model.items.keys()].find((key) => key === `stream#${streamOf(ref()).slice(7)}\u0000${sk}`) as string;
const itemOf = (sk: string) => model.items.get(keyOf(sk)) as Item;
const lineOf = (seq: number) => itemOf(`record#00000000000${seq}`)['line']?.S as string;
const recordIn = (line: string) => JSON.parse(line.slice(line.indexOf(' ') + 1)) as Record<string, unknown>;
const lined = (record: object) => `${digestText(canonicalJson(record as never))} ${canonicalJson(record as never)}`;

it('contains the lines as they were hashed, the documents by their digests, and the format, and nothing else', async () => {
  const { directory, report } = await copied();
  expect(report).toEqual({ streams: 2, records: 4, documents: 3, stored: 0, cut: [] });
  expect(readFileSync(streamFile(directory, streamOf(ref())), 'utf8')).toBe([1, 2, 3].map((seq) => `${lineOf(seq)}\n`).join(''));
  expect(readFileSync(join(directory, 'FORMAT'), 'utf8')).toBe('redress-evidence/1\n');
  expect(readdirSync(directory).sort()).toEqual(['FORMAT', 'blobs', 'streams']);
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  expect(files.length).toBe(2 + 3 + 1);
  expect(verifyLedger({ directory }).status).toBe('intact');
});

it.each([
  ['a complete one', ['FORMAT', 'streams']],
  ['one without its streams', ['FORMAT']],
  ['an unfinished one', ['streams']],
])('is not written over a journal: %s', async (_what, names) => {
  const directory = join(root, 'there');
  mkdirSync(directory);
  for (const name of names) writeFileSync(join(directory, name), 'x');
  await expect(copied({ directory })).rejects.toMatchObject({ code: 'journal/invalid', message: expect.stringContaining(directory) });
  expect(readdirSync(directory).sort()).toEqual([...names].sort());
  expect(names.map((name) => readFileSync(join(directory, name), 'utf8'))).toEqual(names.map(() => 'x'));
});

it('is written into a folder that has other files', async () => {
  const directory = join(root, 'there');
  mkdirSync(directory);
  writeFileSync(join(directory, 'notes.txt'), 'x');
  expect((await copied({ directory })).report.records).toBe(4);
  expect(existsSync(join(directory, 'notes.txt'))).toBe(true);
});

describe('a stream', () => {
  const stream = streamOf(ref());

  it.each<[string, () => void, number, number]>([
    ['has lost its newest record', () => void model.items.delete(keyOf('record#000000000003')), 3, 2],
    ['has lost its first record', () => void model.items.delete(keyOf('record#000000000001')), 3, 2],
    ['has lost all of them', () => [1, 2, 3].forEach((seq) => void model.items.delete(keyOf(`record#00000000000${seq}`))), 3, 0],
    ['has lost its head', () => void model.items.delete(keyOf('head')), 0, 3],
    [
      'ends with another record than its head has',
      () => Object.assign(itemOf('record#000000000003'), { line: { S: lined({ ...recordIn(lineOf(3)), body: {} }) } }),
      3,
      3,
    ],
    [
      'has a record behind the newest one',
      () => {
        const line = lined({ ...recordIn(lineOf(3)), seq: 4, prev: lineOf(3).split(' ')[0] });
        const key = keyOf('record#000000000003').replace('03', '04');
        model.items.set(key, { ...itemOf('record#000000000003'), sk: { S: 'record#000000000004' }, line: { S: line } });
      },
      3,
      4,
    ],
  ])('that %s is named, and no other one', async (_what, change, head, records) => {
    change();
    const { directory, report } = await copied();
    expect(report.cut).toEqual([{ stream, head, records }]);
    expect([report.streams, report.records]).toEqual([2, records + 1]);
    // A copy of the current state.
    expect(readFileSync(streamFile(directory, stream), 'utf8').split('\n')).toHaveLength(records + 1);
  });

  it('with a line missing in the bucket has an empty one there, which the verifier names', async () => {
    const text = 'x'.repeat(300_000);
    await opened(model).append({ kind: 'decision', resource: ref(), remediator: 'r', body: { text } });
    const { report, directory } = await copied();
    expect([report.cut, readFileSync(streamFile(directory, stream), 'utf8').length > 300_000]).toEqual([[], true]);
    model.objects.clear();
    const next = await copied();
    expect(next.report).toMatchObject({ records: 5, cut: [{ stream, head: 4, records: 4 }] });
    expect(verifyLedger({ directory: next.directory })).toMatchObject({ status: 'tampered', firstBad: { code: 'wrong-digest', seq: 4 } });
  });

  it('of many records is complete', async () => {
    const journal = opened(model);
    for (let n = 0; n < 60; n++) await journal.append({ kind: 'decision', resource: ref(), remediator: 'r', body: { text: `${n} ${'x'.repeat(2000)}` } });
    const { report, directory } = await copied();
    expect(report).toMatchObject({ records: 64, cut: [] });
    expect(verifyLedger({ directory })).toMatchObject({ status: 'intact', records: 64 });
  });
});

describe('a record that names something other than a document', () => {
  it.each<[string, Json]>([
    ['a number', 7],
    ['a list', [`sha256:${'0'.repeat(64)}`]],
    ['a digest with a prefix', `xsha256:${'0'.repeat(64)}`],
    ['a digest with a suffix', `sha256:${'0'.repeat(64)}0`],
    ['nothing', null],
  ])('requests no document from the bucket: %s', async (_what, name) => {
    model.counts.clear();
    const line = `${digestText('x')} ${JSON.stringify({ ...recordIn(lineOf(3)), blobs: { seen: name } })}`;
    Object.assign(itemOf('record#000000000003'), { line: { S: line } });
    const { report, directory } = await copied();
    // One is for the log.
    expect([report.records, report.documents, model.counts.get('GetObject')]).toEqual([4, 2, 1]);
    expect(verifyLedger({ directory })).toMatchObject({ status: 'tampered', firstBad: { code: 'wrong-digest', seq: 3 } });
  });

  it('is copied unchanged if it cannot be read', async () => {
    model.counts.clear();
    for (const line of ['rubbish', '', 'x {"blobs":', 'x []', 'x {"blobs":[1]}', 'x {"blobs":7}']) {
      Object.assign(itemOf('record#000000000003'), { line: { S: line } });
      const { report, directory } = await copied();
      expect([report.records, report.documents, report.cut.length]).toEqual([4, 2, 1]);
      expect(readFileSync(streamFile(directory, streamOf(ref())), 'utf8').split('\n')[2]).toBe(line);
    }
    // One for the log of each copy.
    expect(model.counts.get('GetObject')).toBe(6);
  });
});

it('requests nothing from the bucket that an item has, and nothing twice', async () => {
  for (const id of ['c', 'd']) await opened(model).append({ kind: 'decision', resource: ref(id), remediator: 'r', body: {}, documents: { seen: { n: 1 } } });
  model.counts.clear();
  await copied();
  // For the log.
  expect(model.counts.get('GetObject')).toBe(1);
  for (const item of model.items.values()) delete item['documents'];
  const { report } = await copied();
  expect([report.documents, model.counts.get('GetObject')]).toEqual([0, 3 + 2]);
});

it('fails if a document cannot be read, and leaves no folder that passes for a copy', async () => {
  const document = { text: 'x'.repeat(70_000) };
  await opened(model).append({ kind: 'decision', resource: ref(), remediator: 'r', body: {}, documents: { document } });
  const send = async (command: { constructor: { name: string } }) => {
    if (command.constructor.name === 'GetObjectCommand') throw Object.assign(new Error('no'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
    return model.send(command as never);
  };
  const directory = join(root, 'part');
  await expect(copied({ directory, clients: { dynamodb: { send }, s3: { send } } })).rejects.toMatchObject({ code: 'journal/unavailable' });
  expect(existsSync(join(directory, 'FORMAT'))).toBe(false);
  expect(verifyLedger({ directory })).toMatchObject({ status: 'tampered', firstBad: { code: 'no-format' } });
});
