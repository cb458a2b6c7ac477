// A full disk: the error, and that nothing counts as recorded.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, resource } from '@redress/core';
import { verifyLedger } from '@redress/verify';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const disk = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY, code: 'ENOSPC' }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return {
    ...fs,
    // Some of it fits, as on a real disk.
    writeSync: (handle: number, bytes: Buffer, at: number) => {
      if (disk.left <= 0) throw Object.assign(new Error(`${disk.code}: no space left on device, write`), { code: disk.code });
      const written = fs.writeSync(handle, bytes, at, Math.min(bytes.length - at, disk.left));
      disk.left -= written;
      return written;
    },
  };
});

// If test files share modules, it may be loaded already, with the real disk.
vi.resetModules();
const { folderJournal } = await import('./folder.js');

let directory: string;
const ref = resource({ type: 'AWS::S3::Bucket', id: 'a', account: '111111111111', region: 'us-east-1' });
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-full-'));
  Object.assign(disk, { left: Number.POSITIVE_INFINITY, code: 'ENOSPC' });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it.each(['ENOSPC', 'EDQUOT'])('reports a full disk, begins nothing, and continues when there is space again: %s', async (code) => {
  disk.code = code;
  const journal = folderJournal({ directory });
  await journal.append({ kind: 'decision', resource: ref, remediator: 'r', body: {} });
  const request = { resource: ref, remediator: 'r', planDigest: digestOf(1), generation: 0, budgets: [], lease: 60_000, body: {} };
  for (const left of [0, 100]) {
    disk.left = left;
    await expect(journal.begin(request)).rejects.toMatchObject({
      code: 'journal/unavailable',
      retryable: true,
      message: expect.stringContaining('no space left on device'),
      next: 'The disk is full: free some space, and try again.',
    });
  }
  disk.left = Number.POSITIVE_INFINITY;
  expect(await journal.view(ref)).toMatchObject({ length: 1, open: null });
  expect((await journal.begin(request)).status).toBe('begun');
  await journal.close?.();
  expect(verifyLedger({ directory }).findings.map(({ code }) => code)).toEqual(['open-execution']);
});
