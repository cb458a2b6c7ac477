// What a power cut would leave: a file survives if its name is on the disk, and its name is on the disk once its folder was flushed after it was created.
import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { digestOf, type Journal, resource } from '@redress/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

/** Names that were created and are not on the disk yet. */
const pending = vi.hoisted(() => new Set<string>());
/** Names that were ever created. */
const made = vi.hoisted(() => new Set<string>());
/** Files whose newest content is not on the disk yet. */
const unwritten = vi.hoisted(() => new Set<string>());

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const path = await import('node:path');
  const open = new Map<number, string>();
  const make = (name: string) => void (made.add(name), pending.add(name));
  return {
    ...fs,
    mkdirSync: (name: string, options: object) => {
      for (let at = name; !fs.existsSync(at); at = path.dirname(at)) make(at);
      return fs.mkdirSync(name, options);
    },
    openSync: (name: string, flags: string) => {
      if (!fs.existsSync(name)) make(name);
      const handle = fs.openSync(name, flags);
      open.set(handle, name);
      return handle;
    },
    fsync: (handle: number, done: (error: Error | null) => void) => {
      fs.fsync(handle, (error) => {
        unwritten.delete(open.get(handle) as string);
        done(error);
      });
    },
    fsyncSync: (handle: number) => {
      const folder = open.get(handle) as string;
      for (const name of pending) if (path.dirname(name) === folder) pending.delete(name);
      unwritten.delete(folder);
      fs.fsyncSync(handle);
    },
    writeSync: (handle: number, bytes: Buffer, at: number) => {
      unwritten.add(open.get(handle) as string);
      return fs.writeSync(handle, bytes, at);
    },
    ftruncateSync: (handle: number, size: number) => {
      unwritten.add(open.get(handle) as string);
      fs.ftruncateSync(handle, size);
    },
    writeFileSync: (name: string, text: string, options?: { flush?: boolean }) => {
      fs.writeFileSync(name, text, options);
      if (options?.flush !== true) unwritten.add(name);
    },
    renameSync: (from: string, to: string) => {
      make(to);
      if (unwritten.delete(from)) unwritten.add(to);
      fs.renameSync(from, to);
    },
  };
});
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const { existsSync: exists } = await import('node:fs');
  const path = await import('node:path');
  const make = (name: string) => void (made.add(name), pending.add(name));
  return {
    ...fs,
    mkdir: async (name: string, options: object) => {
      for (let at = name; !exists(at); at = path.dirname(at)) make(at);
      return fs.mkdir(name, options);
    },
    rename: async (from: string, to: string) => {
      make(to);
      if (unwritten.delete(from)) unwritten.add(to);
      await fs.rename(from, to);
    },
    writeFile: async (name: string, text: string, options?: { flush?: boolean }) => {
      await fs.writeFile(name, text, options);
      if (options?.flush !== true) unwritten.add(name);
    },
    open: async (name: string, flags: string) => {
      const handle = await fs.open(name, flags);
      const sync = handle.sync.bind(handle);
      handle.sync = async () => {
        for (const each of pending) if (path.dirname(each) === name) pending.delete(each);
        await sync();
      };
      return handle;
    },
  };
});

// If test files share modules, it may be loaded already, with the real disk.
vi.resetModules();
const { folderJournal } = await import('./folder.js');
const { sealFolder } = await import('./ledger/folder.js');
const { generateKey, signerOf } = await import('./ledger/note.js');
const { blobFile } = await import('./layout.js');
const { dying } = await import('../test/support/sealing.js');

let root: string;
let directory: string;
let journal: Journal;
const entry = (id: string) =>
  ({
    kind: 'decision',
    resource: resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' }),
    remediator: 'r',
    body: {},
    documents: { before: { id }, plan: { at: id } },
  }) as const;
/** What is needed to find a record and to read it. */
const lost = () => [...pending, ...unwritten].filter((name) => existsSync(name)).map((name) => basename(name));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'redress-durable-'));
  directory = join(root, 'new', 'journal');
  journal = folderJournal({ directory });
  pending.clear();
  made.clear();
  unwritten.clear();
});
afterEach(async () => {
  await journal.close?.();
  rmSync(root, { recursive: true });
});

it('an acknowledged record is on the disk, with its documents and every folder above them', async () => {
  for (let n = 0; n < 20; n++) {
    await journal.append(entry(`r-${n}`));
    expect(lost()).toEqual([]);
  }
  // It was watched: the folder itself, the streams, the documents.
  expect([...made].filter((name) => name === directory || name.endsWith('.jsonl') || dirname(name).endsWith('streams')).length).toBeGreaterThan(20);
});

it('so is what another process had made before it was stopped', async () => {
  await journal.append(entry('a'));
  await journal.close?.();
  // Only what is in the journal's folder: the folders above it belong to others.
  for (const name of made) if (name.startsWith(`${directory}/`)) pending.add(name);
  const next = folderJournal({ directory });
  await next.append(entry('a'));
  expect(lost()).toEqual([]);
  await next.close?.();
});

it('so are the rest of an unfinished record that is cut off, and the stream without it', async () => {
  await journal.append(entry('a'));
  await journal.close?.();
  const [stream] = [...made].filter((name) => name.endsWith('.jsonl'));
  if (stream === undefined) throw new Error('no stream was made');
  appendFileSync(stream, 'sha256:half');
  unwritten.clear();
  const next = folderJournal({ directory });
  expect((await next.view(entry('a').resource)).length).toBe(1);
  expect([...made].filter((name) => dirname(name).endsWith('torn')).length).toBeGreaterThan(0);
  expect(lost()).toEqual([]);
  await next.close?.();
});

it('so are a log and its archives of a sealer that died, before a document is removed', async () => {
  await journal.append(entry('a'));
  const signer = signerOf(generateKey('example.com/redress').secret);
  const dead = sealFolder({
    ...{ directory, signer, documentsFor: 7 },
    store: (store) => ({ ...dying(0, null).through(store), publish: () => Promise.reject(new Error('died')) }),
  });
  await expect(dead).rejects.toThrow('died');
  for (const name of made) if (name.startsWith(`${directory}/ledger`)) pending.add(name);
  expect(lost()).toContain('000000000001.zip');
  await sealFolder({ directory, signer });
  expect(existsSync(blobFile(directory, digestOf({ id: 'a' })))).toBe(false);
  expect(lost()).toEqual([]);
});
