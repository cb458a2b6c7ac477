// A sealer moves a document at the moment when a worker looks for it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, resource } from '@redress/core';
import { expect, it, vi } from 'vitest';

/** A file that disappears after it was found to exist. */
const going = vi.hoisted(() => ({ file: null as string | null }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return {
    ...fs,
    existsSync: (name: string) => {
      const there = fs.existsSync(name);
      if (there && name === going.file) {
        going.file = null;
        fs.rmSync(name);
      }
      return there;
    },
  };
});
// If test files share modules, it may be loaded already, with the real disk.
vi.resetModules();
const { folderJournal } = await import('./folder.js');
const { blobFile } = await import('./layout.js');

it('a document that is moved while a record that names it is written is stored once more, and the record is written', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'redress-moved-'));
  const journal = folderJournal({ directory });
  const state = { id: 'a' };
  const append = () =>
    journal.append({
      ...{ kind: 'decision', resource: resource({ type: 'AWS::S3::Bucket', id: 'a', account: '111111111111', region: 'us-east-1' }) },
      ...{ remediator: 'r', body: {}, documents: { state } },
    });
  await append();
  going.file = blobFile(directory, digestOf(state));
  await append();
  expect(going.file).toBeNull();
  const found = [];
  for await (const { record, documents } of journal.read({ all: true })) found.push([record.seq, documents]);
  expect(found).toEqual([
    [1, { state }],
    [2, { state }],
  ]);
  await journal.close?.();
  rmSync(directory, { recursive: true, force: true });
});
