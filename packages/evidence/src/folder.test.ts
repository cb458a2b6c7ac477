import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { digestOf, type Journal, type ResourceRef, resource } from '@redress/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { folderJournal } from './folder.js';
import { blobFile } from './layout.js';
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
