// What journals keep, refuse and give back, in memory and in a folder: the parts that the contract of a journal leaves to its storage.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { digestOf, type Journal, type Lease, resource, streamOf } from '@redress/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { all } from '../test/support/world.js';
import { folderJournal } from './folder.js';
import { blobFile, streamFile } from './layout.js';
import { memoryJournal } from './memory.js';

const NOW = Date.parse('2026-11-24T10:00:00Z');
const ref = (id = 'a') => resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' });
let time: number;
let directory: string;
const clock = { now: () => time };
beforeEach(() => {
  time = NOW;
  directory = mkdtempSync(join(tmpdir(), 'redress-kept-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const request = (id: string, over: Partial<Parameters<Journal['begin']>[0]> = {}) => ({
  resource: ref(id),
  remediator: 'r',
  planDigest: digestOf(1),
  generation: 0,
  budgets: [],
  lease: 60_000,
  body: {},
  ...over,
});
async function begun(journal: Journal, id: string, over: Partial<Parameters<Journal['begin']>[0]> = {}): Promise<Lease> {
  const result = await journal.begin(request(id, { generation: (await journal.view(ref(id))).generation, ...over }));
  if (result.status !== 'begun') throw new Error(result.status);
  return result.lease;
}
const end = (journal: Journal, id: string, lease: Lease, over: object = {}) =>
  journal.finish({ resource: ref(id), remediator: 'r', lease, outcome: 'remediated', sent: 1, body: {}, ...over } as Parameters<Journal['finish']>[0]);
/** The documents of a folder, by their digests. */
const documents = () =>
  existsSync(join(directory, 'blobs')) ? readdirSync(join(directory, 'blobs'), { recursive: true, withFileTypes: true }).filter((each) => each.isFile()) : [];

describe.each<[string, () => Journal]>([
  ['in memory', () => memoryJournal({ clock })],
  ['in a folder', () => folderJournal({ directory, clock })],
])('a journal %s', (where, open) => {
  let journal: Journal;
  beforeEach(() => {
    journal = open();
  });
  afterEach(() => journal.close?.());

  it('describes itself', () => {
    expect(journal.kind).toBe(where === 'in memory' ? 'memory' : 'folder');
  });

  it.each([0, -1, Number.NaN])('begins nothing with a lease of %s milliseconds', async (lease) => {
    await expect(journal.begin(request('a', { lease }))).rejects.toMatchObject({
      code: 'journal/invalid',
      message: expect.stringContaining('a lease of no time'),
    });
    expect(await journal.view(ref())).toMatchObject({ length: 0, open: null });
  });

  it.each([
    ['an unknown outcome', { outcome: 'done' }, 'the outcome "done"'],
    ['a negative number of calls', { sent: -1 }, 'a number of calls'],
    ['a fraction of a call', { sent: 0.5 }, 'a number of calls'],
  ])('closes nothing with %s', async (_what, over, message) => {
    const lease = await begun(journal, 'a');
    await expect(end(journal, 'a', lease, over)).rejects.toMatchObject({ code: 'journal/invalid', message: expect.stringContaining(message) });
    expect((await journal.view(ref())).open?.execution).toBe(lease.execution);
  });

  it('has a track record of what one remediator did, and what of it was rolled back', async () => {
    const fix = await begun(journal, 'a');
    await end(journal, 'a', fix);
    time++;
    const other = await begun(journal, 'a', { remediator: 'other' });
    await end(journal, 'a', other, { remediator: 'other' });
    time++;
    const failed = await begun(journal, 'a', { body: { rollbackOf: fix.execution } });
    await end(journal, 'a', failed, { outcome: 'failed', body: { rollbackOf: fix.execution } });
    const track = async (remediator: string) =>
      (await journal.trackRecord({ remediator, accounts: ['111111111111'] })).map((each) => [each.execution, each.rolledBack, each.resource.id]);
    // A rollback that failed has rolled nothing back.
    expect(await track('r')).toEqual([
      [failed.execution, false, 'a'],
      [fix.execution, false, 'a'],
    ]);
    expect(await track('other')).toEqual([[other.execution, false, 'a']]);
    expect(await track('nobody')).toEqual([]);
    expect(await journal.trackRecord({ remediator: 'r', accounts: ['222222222222'] })).toEqual([]);
    time++;
    const back = await begun(journal, 'a', { body: { rollbackOf: fix.execution } });
    await end(journal, 'a', back, { outcome: 'rolled-back', body: { rollbackOf: fix.execution } });
    expect((await track('r')).find(([execution]) => execution === fix.execution)).toEqual([fix.execution, true, 'a']);
    expect(await track('other')).toEqual([[other.execution, false, 'a']]);
  });

  it('reads streams in one order, whichever was written first', async () => {
    const ids = Array.from({ length: 12 }, (_, n) => `r-${n}`);
    for (const id of ids) await journal.append({ kind: 'decision', resource: ref(id), remediator: 'r', body: {} });
    expect((await all(journal)).map(({ stream }) => stream)).toEqual(ids.map((id) => streamOf(ref(id))).sort());
  });

  it('can be used after it was closed', async () => {
    await begun(journal, 'a');
    await journal.close?.();
    expect((await journal.view(ref())).length).toBe(where === 'in memory' ? 0 : 1);
    expect(await journal.open()).toHaveLength(where === 'in memory' ? 0 : 1);
    expect(await all(journal)).toHaveLength(where === 'in memory' ? 0 : 1);
  });
});

describe('a journal in a folder', () => {
  let journal: Journal;
  beforeEach(() => {
    journal = folderJournal({ directory, clock });
  });
  afterEach(() => journal.close?.());
  const before = { open: ['22'] };

  it('stores no document of what it refuses', async () => {
    const lease = await begun(journal, 'a');
    const stale = { ...lease, fence: lease.fence + 1 };
    await expect(end(journal, 'a', stale, { documents: { before } })).rejects.toMatchObject({ code: 'journal/lost-lease' });
    await expect(journal.append({ kind: 'call', resource: ref(), remediator: 'r', lease: stale, body: {}, documents: { before } })).rejects.toMatchObject({
      code: 'journal/lost-lease',
    });
    expect(await journal.begin(request('a', { generation: 0, documents: { before } }))).toMatchObject({ status: 'busy' });
    expect(documents()).toEqual([]);
    await end(journal, 'a', lease, { documents: { before } });
    expect(documents()).toHaveLength(1);
  });

  it('reads a record without a missing document, and not one whose document was changed', async () => {
    await journal.append({ kind: 'decision', resource: ref(), remediator: 'r', body: {} });
    await journal.append({ kind: 'decision', resource: ref(), remediator: 'r', body: {}, documents: { before, after: {} } });
    const file = blobFile(directory, digestOf(before));
    const text = readFileSync(file, 'utf8');
    rmSync(file);
    expect((await all(journal)).map((each) => each.documents)).toEqual([{}, { after: {} }]);
    writeFileSync(file, '{"open":[]}');
    await expect(all(journal)).rejects.toMatchObject({
      code: 'journal/corrupt',
      message: expect.stringMatching(/^Record 2 of stream .*its document before was changed/),
    });
    writeFileSync(file, text);
    expect((await all(journal)).map((each) => each.documents)).toEqual([{}, { before, after: {} }]);
  });

  it('names the record that does not verify, and the one after missing records', async () => {
    for (let n = 0; n < 3; n++) await journal.append({ kind: 'decision', resource: ref(), remediator: 'r', body: { n } });
    const file = streamFile(directory, streamOf(ref()));
    const text = readFileSync(file, 'utf8');
    const [one = '', two = '', three = ''] = text.split('\n');
    const fails = (from: Journal, message: string) =>
      expect(from.view(ref())).rejects.toMatchObject({ code: 'journal/corrupt', message: expect.stringMatching(new RegExp(`^Record ${message}`)) });
    // This process has verified three of them.
    writeFileSync(file, `${one}\n`);
    await fails(journal, '4 of stream .*records that were written before are missing or changed');
    writeFileSync(file, [one, two.replace('"n":1', '"n":7'), three, ''].join('\n'));
    const other = folderJournal({ directory, clock });
    await fails(other, '2 of stream ');
    writeFileSync(file, text);
    expect((await other.view(ref())).length).toBe(3);
    await other.close?.();
  });

  it('leaves no file open', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    await journal.append({ kind: 'decision', resource: ref('first'), remediator: 'r', body: {}, documents: { first: {} } });
    const file = streamFile(directory, streamOf(ref('first')));
    const had = open();
    for (let n = 0; n < 20; n++) {
      await journal.append({ kind: 'decision', resource: ref(`r-${n}`), remediator: 'r', body: {}, documents: { n: { n } } });
      writeFileSync(file, 'half a line', { flag: 'a' });
      await journal.view(ref('first'));
    }
    expect(open() - had).toBeLessThan(10);
  });

  it('keeps no index open that it cannot use', async () => {
    await journal.view(ref());
    await journal.close?.();
    writeFileSync(join(directory, 'index.sqlite'), 'x'.repeat(5000));
    const had = readdirSync('/proc/self/fd').length;
    for (let n = 0; n < 20; n++) await expect(folderJournal({ directory, clock }).view(ref())).rejects.toMatchObject({ code: 'journal/unavailable' });
    expect(readdirSync('/proc/self/fd').length - had).toBeLessThan(10);
  });

  it('reports the next step for an index with damaged pages', async () => {
    for (let n = 0; n < 40; n++) await begun(journal, `r-${n}`, { budgets: [{ key: 'k', changes: 100, window: 60_000 }] });
    await journal.close?.();
    const file = join(directory, 'index.sqlite');
    const bytes = readFileSync(file);
    // The header stays, so it is still a database.
    bytes.fill(0xff, 4096);
    writeFileSync(file, bytes);
    await expect(folderJournal({ directory, clock }).begin(request('new'))).rejects.toMatchObject({
      code: 'journal/unavailable',
      next: `Stop every process that uses it, and delete ${file}: it is rebuilt from the records.`,
    });
  });

  it('skips other files among its streams', async () => {
    await journal.append({ kind: 'decision', resource: ref(), remediator: 'r', body: {} });
    const file = streamFile(directory, streamOf(ref()));
    writeFileSync(join(directory, 'streams', 'README'), 'x');
    writeFileSync(join(dirname(file), 'notes.txt'), 'x');
    mkdirSync(join(directory, 'streams', 'zz'));
    writeFileSync(join(directory, 'streams', 'zz', 'more.jsonl'), 'x');
    expect(await all(journal)).toHaveLength(1);
    expect((await journal.standing()).gaps).toEqual([]);
  });
});
