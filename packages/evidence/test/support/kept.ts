// A journal of three streams that nobody has touched, and a copy of it to change.
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, type ResourceRef, resource } from '@redress/core';
import { afterAll, beforeAll } from 'vitest';
import { folderJournal } from '../../src/folder.js';

export const root = mkdtempSync(join(tmpdir(), 'redress-tamper-'));
const original = join(root, 'original');
export const copy = join(root, 'copy');
export const ref = (id: string): ResourceRef => resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' });

/** The tests of a file that uses it find it made. */
export function useKept(): void {
  beforeAll(make);
  afterAll(() => rmSync(root, { recursive: true, force: true }));
}

async function make(): Promise<void> {
  let time = Date.parse('2026-11-24T10:00:00Z');
  const journal = folderJournal({ directory: original, clock: { now: () => (time += 1000) } });
  for (const id of ['a', 'b', 'c']) {
    for (let round = 0; round < 3; round++) {
      await journal.append({
        kind: 'decision',
        resource: ref(id),
        remediator: 'test-fix',
        body: { outcome: 'notified', round },
        documents: { plan: { id, round } },
      });
      const { generation } = await journal.view(ref(id));
      const begun = await journal.begin({
        resource: ref(id),
        remediator: 'test-fix',
        planDigest: digestOf(round),
        generation,
        budgets: [],
        lease: 60_000,
        body: {},
        documents: { before: { id, round } },
      });
      if (begun.status !== 'begun') throw new Error(begun.status);
      await journal.append({ kind: 'call', lease: begun.lease, resource: ref(id), remediator: 'test-fix', body: { call: { requestId: 'r' } } });
      await journal.finish({
        lease: begun.lease,
        resource: ref(id),
        remediator: 'test-fix',
        outcome: 'remediated',
        sent: 1,
        body: {},
        documents: { after: { id, after: round } },
      });
    }
  }
  await journal.close?.();
}

export const fresh = () => {
  rmSync(copy, { recursive: true, force: true });
  cpSync(original, copy, { recursive: true });
};
export const walk = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((each) => (each.isDirectory() ? walk(join(folder, each.name)) : [join(folder, each.name)]));
export const streams = () => walk(join(copy, 'streams')).sort();
export const blobs = () => walk(join(copy, 'blobs')).sort();
