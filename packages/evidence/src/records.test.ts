// A read-only folder gives the same records as its journal.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resource, type StoredRecord } from '@redress/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderJournal, generateKey, recordsIn, sealFolder, signerOf, streamSizes } from './index.js';

let directory: string;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'redress-records-'));
  const journal = folderJournal({ directory });
  for (const id of ['a', 'b', 'a', 'c'])
    await journal.append({
      ...{ kind: 'decision', resource: resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' }) },
      ...{ remediator: 'r', body: { message: 'seen' }, documents: { state: { id, names: ['é', '\u2028'] } } },
    });
  await journal.close?.();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const byJournal = async () => {
  const journal = folderJournal({ directory });
  const found: StoredRecord[] = [];
  for await (const stored of journal.read({ all: true })) found.push(stored);
  await journal.close?.();
  return found;
};
const byFolder = () => {
  const unread: string[] = [];
  return { found: [...recordsIn(directory, (problem) => unread.push(problem))], unread };
};
const sorted = (records: readonly StoredRecord[]) => [...records].sort((x, y) => (x.digest < y.digest ? -1 : 1));
const streamOfA = () => {
  const path = readdirSync(join(directory, 'streams'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));
  return join(directory, 'streams', path.find((name) => readFileSync(join(directory, 'streams', name), 'utf8').split('\n').length === 3) ?? '');
};

describe('records in a folder', () => {
  it('are those of its journal, in the order of their streams, and nothing is written', async () => {
    const wanted = await byJournal();
    for (const name of readdirSync(directory).filter((each) => each.startsWith('index.sqlite'))) rmSync(join(directory, name));
    const { found, unread } = byFolder();
    expect([sorted(found), unread]).toEqual([sorted(wanted), []]);
    expect(found.map(({ stream }) => stream)).toEqual([...found.map(({ stream }) => stream)].sort());
    expect(existsSync(join(directory, 'index.sqlite'))).toBe(false);
  });

  it('are read only from the streams that have grown', async () => {
    const before = streamSizes(directory);
    expect([before.size, [...before.values()].reduce((sum, size) => sum + size, 0)]).toEqual([
      3,
      readdirSync(join(directory, 'streams'), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.jsonl'))
        .reduce((sum, name) => sum + readFileSync(join(directory, 'streams', name)).length, 0),
    ]);
    const journal = folderJournal({ directory });
    const b = resource({ type: 'AWS::S3::Bucket', id: 'b', account: '111111111111', region: 'us-east-1' });
    await journal.append({ kind: 'decision', resource: b, remediator: 'r', body: { message: 'again' } });
    await journal.close?.();
    const grown = [...streamSizes(directory)].filter(([stream, size]) => before.get(stream) !== size).map(([stream]) => stream);
    const found = [...recordsIn(directory, () => expect.unreachable(), grown)];
    expect(found.map(({ record }) => [record.resource.id, record.seq])).toEqual([
      ['b', 1],
      ['b', 2],
    ]);
  });

  it('have their documents from archives as well, without those that are missing', async () => {
    const wanted = await byJournal();
    await sealFolder({ directory, signer: signerOf(generateKey('example.com/redress').secret), documentsFor: 30 });
    expect(readdirSync(join(directory, 'blobs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'))).toEqual([]);
    expect(sorted(byFolder().found)).toEqual(sorted(wanted));
    rmSync(join(directory, 'ledger', 'documents'), { recursive: true });
    const { found, unread } = byFolder();
    expect([found.map(({ documents }) => documents), unread]).toEqual([[{}, {}, {}, {}], []]);
  });

  it.each<[string, (text: string) => string, string]>([
    ['a record that was changed', (text) => text.replace('"seen"', '"Seen"'), 'the record does not match its digest'],
    ['a record that was removed', (text) => `${text.split('\n')[1] ?? ''}\n`, 'the record is not in its place'],
    ['an unfinished line', (text) => text.slice(0, -5), 'its last line is unfinished'],
  ])('are read without %s and what follows it; other streams are complete', (_name, change, problem) => {
    const path = streamOfA();
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    const { found, unread } = byFolder();
    expect(found.filter(({ record }) => record.resource.id !== 'a')).toHaveLength(2);
    expect(unread).toHaveLength(1);
    expect(unread[0]).toContain(problem);
  });

  it('with an unknown form are not read, even if their digests match', async () => {
    const { digestText } = await import('@redress/core');
    const path = streamOfA();
    const [first = ''] = readFileSync(path, 'utf8').split('\n');
    const record = JSON.parse(first.slice(72)) as object;
    for (const more of [{ resource: null }, { body: [] }, { blobs: { state: 7 } }, { time: 0 }, { execution: {} }]) {
      const json = JSON.stringify({ ...record, ...more });
      writeFileSync(path, `${digestText(json)} ${json}\n`);
      expect(byFolder().unread.join(), JSON.stringify(more)).toContain('the form of a record');
    }
  });
});
