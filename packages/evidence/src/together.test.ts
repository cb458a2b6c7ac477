// Concurrent requests are written together: the number of disk operations, and that nobody gets a result before they are done.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, type Journal, type ResourceRef, resource, streamOf } from '@redress/core';
import { verifyLedger } from '@redress/verify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** The disk: what was flushed, what fails, and what is still pending. */
const disk = vi.hoisted(() => ({
  flushed: [] as string[],
  fails: null as string | null,
  /** Bytes that fit; a file that it is about. */
  full: null as { file: string; left: number } | null,
  held: null as (() => void)[] | null,
}));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const open = new Map<number, string>();
  return {
    ...fs,
    openSync: (name: string, flags: string) => {
      const handle = fs.openSync(name, flags);
      open.set(handle, name);
      return handle;
    },
    fsync: (handle: number, done: (error: Error | null) => void) => {
      const name = open.get(handle) ?? '';
      disk.flushed.push(name);
      const answer = () => {
        if (name === disk.fails) done(Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' }));
        else fs.fsync(handle, done);
      };
      if (disk.held === null) answer();
      else disk.held.push(answer);
    },
    writeSync: (handle: number, bytes: Buffer, at: number) => {
      if (disk.full === null || open.get(handle) !== disk.full.file) return fs.writeSync(handle, bytes, at);
      if (disk.full.left <= 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      const written = fs.writeSync(handle, bytes, at, Math.min(bytes.length - at, disk.full.left));
      disk.full.left -= written;
      return written;
    },
  };
});

// If test files share modules, it may be loaded already, with the real disk.
vi.resetModules();
const { folderJournal } = await import('./folder.js');
const { sealFolder } = await import('./ledger/folder.js');
const { generateKey, signerOf } = await import('./ledger/note.js');

let directory: string;
let journal: Journal;
const ref = (id: string): ResourceRef => resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' });
const file = (id: string) => join(directory, 'streams', streamOf(ref(id)).slice(7, 9), `${streamOf(ref(id)).slice(7)}.jsonl`);
const append = (id: string, n: number, from = journal) => from.append({ kind: 'decision', resource: ref(id), remediator: 'r', body: { n } });
const begin = (id: string, changes: number) =>
  journal.begin({
    ...{ resource: ref(id), remediator: 'r', planDigest: digestOf(1), generation: 0, lease: 60_000, body: {} },
    budgets: [{ key: 'k', changes, window: 60_000 }],
  });
const numbersIn = (id: string) =>
  readFileSync(file(id), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line.slice(72)) as { body: { n: number } }).body.n);
const flushesOf = (id: string) => disk.flushed.filter((name) => name === file(id)).length;
/** Until the disk is asked for so many files. */
const asked = async (files: number) => {
  for (let turn = 0; turn < 100_000 && (disk.held?.length ?? 0) < files; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(disk.held?.length).toBe(files);
};
const answered = () => {
  const held = disk.held ?? [];
  disk.held = null;
  for (const answer of held) answer();
};

beforeEach(() => {
  Object.assign(disk, { flushed: [], fails: null, full: null, held: null });
  directory = mkdtempSync(join(tmpdir(), 'redress-together-'));
  journal = folderJournal({ directory });
});
afterEach(async () => {
  await journal.close?.();
  rmSync(directory, { recursive: true, force: true });
});

it('64 records of one resource share one flush, and are in the order in which they were appended', async () => {
  const refs = await Promise.all(Array.from({ length: 64 }, (_, n) => append('a', n)));
  expect(flushesOf('a')).toBe(1);
  expect(refs.map(({ seq }) => seq)).toEqual(Array.from({ length: 64 }, (_, n) => n + 1));
  expect(numbersIn('a')).toEqual(Array.from({ length: 64 }, (_, n) => n));
  expect(verifyLedger({ directory })).toMatchObject({ status: 'intact', records: 64 });
});

it('64 records of eight resources share eight flushes, and what does not fit into one transaction goes into the next', async () => {
  await Promise.all(Array.from({ length: 64 }, (_, n) => append(`r-${n % 8}`, n)));
  expect(Array.from({ length: 8 }, (_, n) => flushesOf(`r-${n}`))).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  await Promise.all(Array.from({ length: 300 }, (_, n) => append('many', n)));
  expect(flushesOf('many')).toBe(2);
  expect(numbersIn('many')).toEqual(Array.from({ length: 300 }, (_, n) => n));
});

it('no record is acknowledged or visible before it is on the disk; records that arrive during a flush have the next one', async () => {
  await append('a', 0);
  disk.held = [];
  const heard: string[] = [];
  const first = [append('a', 1), append('b', 1)].map((each, n) => each.then(() => heard.push(`first ${n}`)));
  await asked(2);
  const seen = journal.view(ref('a')).then(({ length }) => heard.push(`seen ${length}`));
  const next = [append('a', 2), append('a', 3)].map((each, n) => each.then(() => heard.push(`next ${n}`)));
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual([]);
  answered();
  await Promise.all([...first, seen, ...next]);
  expect(heard).toEqual(['first 0', 'first 1', 'seen 2', 'next 0', 'next 1']);
  expect([flushesOf('a'), flushesOf('b')]).toEqual([3, 1]);
});

it('a flush that fails rejects every record in it, and leaves none of them', async () => {
  await append('old', 0);
  const before = readFileSync(file('old'));
  disk.fails = file('old');
  const all = await Promise.allSettled([append('old', 1), append('new', 1), append('old', 2), begin('begun', 1), journal.view(ref('old'))]);
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected', 'rejected']);
  for (const each of all)
    expect(each).toMatchObject({ reason: { code: 'journal/unavailable', retryable: true, message: expect.stringContaining('EIO: i/o error, fsync') } });
  expect(readFileSync(file('old'))).toEqual(before);
  expect([existsSync(file('new')), existsSync(file('begun'))]).toEqual([false, false]);
  disk.fails = null;
  // Each can be requested again, and is there once. What was not begun uses no limit.
  expect((await Promise.all([append('old', 1), append('new', 1), append('old', 2)])).map(({ seq }) => seq)).toEqual([2, 1, 3]);
  expect((await begin('begun', 1)).status).toBe('begun');
  expect(numbersIn('old')).toEqual([0, 1, 2]);
  expect(verifyLedger({ directory }).findings.map(({ code }) => code)).toEqual(['open-execution']);
});

it('a record that does not fit on the disk rejects the others of its flush, and leaves no partial line', async () => {
  await append('a', 0);
  const before = readFileSync(file('a'));
  disk.full = { file: file('a'), left: 100 };
  const all = await Promise.allSettled([append('b', 1), append('a', 1), append('a', 2)]);
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(readFileSync(file('a'))).toEqual(before);
  expect(existsSync(file('b'))).toBe(false);
  disk.full = null;
  await Promise.all([append('b', 1), append('a', 1)]);
  expect(numbersIn('a')).toEqual([0, 1]);
  expect(existsSync(join(directory, 'torn'))).toBe(false);
});

it('a record that is refused, or whose resource cannot be read, does not affect others', async () => {
  await append('bad', 0);
  rmSync(file('bad'));
  mkdirSync(file('bad'));
  const lease = { execution: 'e', fence: 1, until: 8e15 };
  const all = await Promise.allSettled([
    append('a', 1),
    append('bad', 1),
    journal.finish({ resource: ref('a'), remediator: 'r', lease, outcome: 'failed', sent: 0, body: {} }),
    append('a', 2),
  ]);
  expect(all.map((each) => (each.status === 'rejected' ? (each.reason as { code: string }).code : each.value.seq))).toEqual([
    1,
    'journal/unavailable',
    'journal/lost-lease',
    2,
  ]);
  expect(numbersIn('a')).toEqual([1, 2]);
});

describe('during a flush', () => {
  it('another journal and a sealer of the same process wait, and do not block it', async () => {
    await append('a', 0);
    const other = folderJournal({ directory });
    await other.view(ref('a'));
    disk.held = [];
    const order: string[] = [];
    const first = append('a', 1).then(() => order.push('first'));
    await asked(1);
    const second = append('a', 2, other).then(({ seq }) => order.push(`second: ${seq}`));
    const sealed = sealFolder({ directory, signer: signerOf(generateKey('example.com/t').secret) });
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual([]);
    answered();
    await Promise.all([first, second]);
    // With the record that was in progress, and those before it.
    expect([2, 3]).toContain((await sealed).seal.records);
    expect(order).toEqual(['first', 'second: 3']);
    await other.close?.();
  });

  it('a power cut leaves what was acknowledged, whatever it leaves of the rest', async () => {
    await Promise.all([append('a', 0), append('b', 0)]);
    const [a, b] = [readFileSync(file('a')).length, readFileSync(file('b')).length];
    disk.held = [];
    const waiting = [append('a', 1), append('b', 1), append('b', 2)];
    await asked(2);
    const { held } = disk;
    disk.held = null;
    const whole = readFileSync(file('b')).length;
    const line = (whole - b) / 2;
    // Of b nothing, a part of the first, all of it, and a part of the second; of a nothing.
    for (const [index, [left, records]] of (
      [
        [0, 1],
        [7, 1],
        [line, 2],
        [line + 9, 2],
        [whole - b, 3],
      ] as const
    ).entries()) {
      const copy = `${directory}-${index}`;
      cpSync(directory, copy, { recursive: true });
      // The index has what was committed, but not the current transaction.
      for (const name of readdirSync(copy)) if (name.endsWith('-shm')) rmSync(join(copy, name));
      truncateSync(file('a').replace(directory, copy), a);
      truncateSync(file('b').replace(directory, copy), b + left);
      const after = folderJournal({ directory: copy });
      expect((await after.view(ref('a'))).length).toBe(1);
      expect((await after.view(ref('b'))).length).toBe(records);
      expect((await append('b', 9, after)).seq).toBe(records + 1);
      await after.close?.();
      expect(verifyLedger({ directory: copy }).status).toBe('intact');
      rmSync(copy, { recursive: true });
    }
    for (const answer of held ?? []) answer();
    await Promise.all(waiting);
  });
});
