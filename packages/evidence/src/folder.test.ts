import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { digestOf, type Journal, type ResourceRef, resource, streamOf } from '@redress/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { all as recordsOf } from '../test/support/world.js';
import { folderJournal } from './folder.js';
import { blobFile, streamFile } from './layout.js';
import { verifyFolder } from './verify.js';

let directory: string;
let journal: Journal;
const ref = (id = 'a'): ResourceRef => resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-folder-'));
  journal = folderJournal({ directory });
});
afterEach(async () => {
  await journal.close?.();
  rmSync(directory, { recursive: true, force: true });
});

it('goes over to the index that another process has made anew, and counts with it', async () => {
  const budgets = [{ key: 'k', changes: 1, window: 60_000 }];
  const beginOne = (from: Journal, id: string) =>
    from.begin({ resource: ref(id), remediator: 'r', planDigest: digestOf(1), generation: 0, budgets, lease: 60_000, body: {} });
  await journal.view(ref());
  for (const name of readdirSync(directory)) if (name.startsWith('index.sqlite')) rmSync(join(directory, name));
  const other = folderJournal({ directory });
  await other.view(ref());
  expect((await beginOne(journal, 'a')).status).toBe('begun');
  expect((await beginOne(other, 'b')).status).toBe('over-budget');
  // Also when nobody has made it yet.
  for (const name of readdirSync(directory)) if (name.startsWith('index.sqlite')) rmSync(join(directory, name));
  expect((await beginOne(other, 'c')).status).toBe('over-budget');
  expect((await beginOne(journal, 'd')).status).toBe('over-budget');
  await other.close?.();
});

it('takes nothing for a document that is not what its name says, and begins nothing on it', async () => {
  const before = { open: ['22'] };
  await journal.view(ref());
  const at = blobFile(directory, digestOf(before));
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, '{"open":[]}');
  const request = { resource: ref(), remediator: 'r', planDigest: digestOf(1), generation: 0, budgets: [], lease: 60_000, body: {}, documents: { before } };
  await expect(journal.begin(request)).rejects.toMatchObject({ code: 'journal/corrupt', retryable: false });
  expect((await journal.view(ref())).length).toBe(0);
  rmSync(at);
  expect((await journal.begin(request)).status).toBe('begun');
  expect(verifyFolder(directory).problems.map(({ code }) => code)).toEqual(['open-execution']);
});

describe('a last line that was never finished', () => {
  const decision = (text: string) => journal.append({ kind: 'decision', resource: ref(), remediator: 'r', body: { text } });
  const stream = () => streamFile(directory, streamOf(ref()));
  const torn = () => readdirSync(join(directory, 'torn')).map((name) => readFileSync(join(directory, 'torn', name), 'utf8'));

  it('is kept aside as it is, and the stream goes on before it', async () => {
    // Bytes and characters are not the same here.
    await decision('äöü 安');
    const whole = readFileSync(stream());
    const half = 'sha256:0123 {"v":1,"body":{"text":"ö';
    writeFileSync(stream(), half, { flag: 'a' });
    expect((await journal.view(ref())).length).toBe(1);
    expect(torn()).toEqual([half]);
    expect(readFileSync(stream())).toEqual(whole);
    await decision('two');
    expect(verifyFolder(directory)).toMatchObject({ status: 'intact', records: 2 });
    expect((await recordsOf(journal)).map(({ record }) => record.body['text'])).toEqual(['äöü 安', 'two']);
  });

  it('is kept, too, when it is the only one', async () => {
    await journal.view(ref());
    mkdirSync(dirname(stream()), { recursive: true });
    writeFileSync(stream(), 'sha256:0');
    expect((await journal.view(ref())).length).toBe(0);
    expect(torn()).toEqual(['sha256:0']);
    expect(readFileSync(stream(), 'utf8')).toBe('');
    await decision('one');
    expect(verifyFolder(directory)).toMatchObject({ status: 'intact', records: 1 });
  });
});

it('rebuilds an index of any other version', async () => {
  const budgets = [{ key: 'k', changes: 1, window: 60_000 }];
  const beginOne = (from: Journal, id: string) =>
    from.begin({ resource: ref(id), remediator: 'r', planDigest: digestOf(1), generation: 0, budgets, lease: 60_000, body: {} });
  expect((await beginOne(journal, 'a')).status).toBe('begun');
  await journal.close?.();
  for (const version of [1, 3]) {
    const index = new DatabaseSync(join(directory, 'index.sqlite'));
    // What another version made of it is not to be read as ours.
    index.exec(`DELETE FROM budgets; PRAGMA user_version = ${version}`);
    index.close();
    const next = folderJournal({ directory });
    expect((await beginOne(next, 'b')).status).toBe('over-budget');
    expect(await next.open()).toMatchObject([{ resource: { id: 'a' } }]);
    await next.close?.();
  }
});

it('is not opened in a format of another version, and nothing is written to it', async () => {
  await journal.view(ref());
  await journal.close?.();
  writeFileSync(join(directory, 'FORMAT'), 'redress-journal 2\n');
  const next = folderJournal({ directory });
  await expect(next.append({ kind: 'decision', resource: ref(), remediator: 'r', body: {} })).rejects.toMatchObject({ code: 'journal/corrupt' });
  expect(existsSync(streamFile(directory, streamOf(ref())))).toBe(false);
});

it('counts a stream once that was read again, however often another process has written it', async () => {
  const budgets = [{ key: 'k', changes: 3, window: 60_000 }];
  const beginOne = (from: Journal, id: string) =>
    from.begin({ resource: ref(id), remediator: 'r', planDigest: digestOf(1), generation: 0, budgets, lease: 60_000, body: {} });
  expect((await beginOne(journal, 'a')).status).toBe('begun');
  for (const id of ['x', 'y', 'z']) {
    // A record that the index does not have: its process died in between.
    const before = readFileSync(streamFile(directory, streamOf(ref('a'))));
    await journal.append({ kind: 'decision', resource: ref('a'), remediator: 'r', body: { id } });
    const after = readFileSync(streamFile(directory, streamOf(ref('a'))));
    writeFileSync(streamFile(directory, streamOf(ref('a'))), before);
    await journal.view(ref('a'));
    writeFileSync(streamFile(directory, streamOf(ref('a'))), after);
    await journal.open();
  }
  const index = new DatabaseSync(join(directory, 'index.sqlite'));
  expect(index.prepare('SELECT count(*) AS n FROM budgets').get()).toEqual({ n: 1 });
  index.close();
  expect([(await beginOne(journal, 'b')).status, (await beginOne(journal, 'c')).status, (await beginOne(journal, 'd')).status]).toEqual([
    'begun',
    'begun',
    'over-budget',
  ]);
});
