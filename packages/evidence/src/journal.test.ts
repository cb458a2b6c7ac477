import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Journal, type JsonObject, resource, type StoredRecord } from '@redress/core';
import { expect, it } from 'vitest';
import { describeJournal } from './contract.js';
import { folderJournal } from './folder.js';
import { memoryJournal } from './memory.js';

describeJournal('memory', async (clock) => {
  const journal = memoryJournal({ clock });
  return { journal, cleanup: async () => journal.close?.() };
});

describeJournal('folder', async (clock) => {
  const directory = mkdtempSync(join(tmpdir(), 'redress-journal-'));
  const journal = folderJournal({ directory, clock });
  return {
    journal,
    reopen: async () => folderJournal({ directory, clock }),
    cleanup: async () => {
      await journal.close?.();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});

it('who reads a journal in memory cannot change what the next one reads', async () => {
  const journal = memoryJournal();
  const ref = resource({ type: 'AWS::S3::Bucket', id: 'invoices', account: '111111111111', region: 'eu-west-1' });
  const entry = { kind: 'decision', resource: ref, remediator: 'r', documents: { before: { a: 1 } } } as const;
  const all = async () => {
    const records: StoredRecord[] = [];
    for await (const record of journal.read({ all: true })) records.push(record);
    return records;
  };
  await journal.append({ ...entry, body: { said: { first: true } } });
  const [first] = await all();
  expect(() => {
    (first?.record.body['said'] as { first: boolean }).first = false;
  }).toThrow(TypeError);
  (first?.documents['before'] as Record<string, number>)['a'] = 2;
  await journal.append({ ...entry, body: { said: { first: false } } });
  const found = await all();
  expect(found.map(({ record, documents }) => [record.seq, record.body as JsonObject, documents])).toEqual([
    [1, { said: { first: true } }, { before: { a: 1 } }],
    [2, { said: { first: false } }, { before: { a: 1 } }],
  ]);
  expect(found[1]?.record.prev).toBe(first?.digest);
});

it('a journal in memory starts with the records of another one, and both go on alone', async () => {
  const ref = resource({ type: 'AWS::S3::Bucket', id: 'invoices', account: '111111111111', region: 'eu-west-1' });
  const append = (journal: Journal, said: string) =>
    journal.append({ kind: 'decision', resource: ref, remediator: 'r', documents: { before: { said } }, body: { said } });
  const all = async (journal: Journal) => {
    const records: StoredRecord[] = [];
    for await (const record of journal.read({ all: true })) records.push(record);
    return records;
  };
  const first = memoryJournal();
  await append(first, 'before');
  const second = memoryJournal({ from: first });
  expect(await all(second)).toEqual(await all(first));
  expect(await second.redactionKey?.()).toBe(await first.redactionKey?.());
  await append(first, 'first');
  await append(second, 'second');
  const said = (records: readonly StoredRecord[]) => records.map(({ record, documents }) => [record.body['said'], documents['before']]);
  expect(said(await all(first))).toEqual([
    ['before', { said: 'before' }],
    ['first', { said: 'first' }],
  ]);
  expect(said(await all(second))).toEqual([
    ['before', { said: 'before' }],
    ['second', { said: 'second' }],
  ]);
});

it('only a journal in memory is copied', () => {
  const directory = mkdtempSync(join(tmpdir(), 'redress-journal-'));
  try {
    expect(() => memoryJournal({ from: folderJournal({ directory }) })).toThrow('Only a journal in memory can be copied.');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
