import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, type Journal, type ResourceRef, resource, streamOf } from '@redress/core';
import { verifyLedger } from '@redress/verify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { programOf } from '../../../tests/support/program.js';
import { folderJournal } from '../src/folder.js';

let directory: string;
let journal: Journal;
const ref = (id = 'a'): ResourceRef => resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' });
const file = () => join(directory, 'streams', streamOf(ref()).slice(7, 9), `${streamOf(ref()).slice(7)}.jsonl`);
const begin = async (from: Journal, id = 'a') =>
  from.begin({
    resource: ref(id),
    remediator: 'r',
    planDigest: digestOf(1),
    generation: (await from.view(ref(id))).generation,
    budgets: [{ key: 'k', changes: 100, window: 60_000 }],
    lease: 60_000,
    body: {},
  });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-folder-'));
  journal = folderJournal({ directory });
});
afterEach(async () => {
  await journal.close?.();
  rmSync(directory, { recursive: true, force: true });
});

it('continues with a stream that it no longer has in memory', async () => {
  await begin(journal, 'first');
  // Far more than it remembers: a process that drains a backlog must not hold all of it.
  for (let n = 0; n < 450; n++) await journal.append({ kind: 'decision', resource: ref(`other-${n}`), remediator: 'r', body: {} });
  expect((await journal.view(ref('first'))).open).not.toBeNull();
  expect(await begin(journal, 'first')).toMatchObject({ status: 'busy' });
  // Nothing is wrong with it but that the execution is still open.
  expect((await verifyLedger({ directory })).findings.map(({ code }) => code)).toEqual(['open-execution']);
});

describe('a folder journal after a crash', () => {
  it('continues after an unfinished line, and keeps its bytes', async () => {
    await begin(journal);
    await journal.close?.();
    appendFileSync(file(), '{"v":1,"str');
    const again = folderJournal({ directory });
    expect((await again.view(ref())).length).toBe(1);
    await again.append({ kind: 'decision', resource: ref(), remediator: 'r', body: {} });
    await again.close?.();
    expect(verifyLedger({ directory })).toMatchObject({ records: 2, findings: [{ code: 'open-execution' }] });
    const [torn] = readdirSync(join(directory, 'torn'));
    expect(readFileSync(join(directory, 'torn', torn as string), 'utf8')).toBe('{"v":1,"str');
  });

  it('rebuilds an index that is gone or behind the records', async () => {
    const begun = await begin(journal);
    await journal.close?.();
    rmSync(join(directory, 'index.sqlite'));
    for (const name of readdirSync(directory)) if (name.startsWith('index.sqlite')) rmSync(join(directory, name));
    const again = folderJournal({ directory });
    expect(await again.open()).toMatchObject([{ execution: begun.status === 'begun' ? begun.lease.execution : '' }]);
    await again.close?.();
  });

  it('reads from the records what a power cut removed from the index', async () => {
    await begin(journal, 'a');
    await journal.close?.();
    const early = readFileSync(join(directory, 'index.sqlite'));
    const later = folderJournal({ directory });
    const ended = await begin(later, 'b');
    if (ended.status !== 'begun') throw new Error(ended.status);
    await later.finish({ resource: ref('b'), remediator: 'r', lease: ended.lease, outcome: 'remediated', sent: 1, body: {}, documents: { after: 1 } });
    await begin(later, 'c');
    await later.close?.();
    for (const name of readdirSync(directory)) if (name.startsWith('index.sqlite')) rmSync(join(directory, name));
    writeFileSync(join(directory, 'index.sqlite'), early);
    const again = folderJournal({ directory });
    const fourth = { resource: ref('d'), remediator: 'r', planDigest: digestOf(1), generation: 0, lease: 60_000, body: {} };
    expect(await again.begin({ ...fourth, budgets: [{ key: 'k', changes: 3, window: 60_000 }] })).toMatchObject({ status: 'over-budget', used: 3 });
    expect((await again.open()).map((each) => each.resource.id).sort()).toEqual(['a', 'c']);
    await again.close?.();
    expect(verifyLedger({ directory }).findings.map((each) => each.code)).toEqual(['open-execution', 'open-execution']);
  });

  it('is unavailable, and records nothing, if a document cannot be stored', async () => {
    await journal.view(ref());
    rmSync(join(directory, 'blobs'), { recursive: true });
    writeFileSync(join(directory, 'blobs'), '');
    const entry = { kind: 'decision', resource: ref(), remediator: 'r', body: {}, documents: { plan: { a: 1 } } } as const;
    await expect(journal.append(entry)).rejects.toMatchObject({ code: 'journal/unavailable', retryable: true });
    expect((await journal.view(ref())).length).toBe(0);
  });

  it('stores the same document once, even concurrently', async () => {
    const other = folderJournal({ directory });
    const entry = (id: string) =>
      ({ kind: 'decision', resource: ref(id), remediator: 'r', body: {}, documents: { plan: { a: 1 }, before: { a: 1 } } }) as const;
    await Promise.all([journal, other, journal, other].map((each, at) => each.append(entry(`r-${at}`))));
    await other.close?.();
    expect(verifyLedger({ directory })).toMatchObject({ records: 4, findings: [] });
    const blobs = join(directory, 'blobs');
    expect(readdirSync(blobs).flatMap((folder) => readdirSync(join(blobs, folder)))).toHaveLength(1);
  });

  it('survives a cut at every byte of the last record: all or nothing of it', async () => {
    await journal.append({ kind: 'decision', resource: ref(), remediator: 'r', body: { n: 1 } });
    await journal.close?.();
    const whole = readFileSync(file()).length;
    const early = readFileSync(join(directory, 'index.sqlite'));
    const later = folderJournal({ directory });
    await begin(later);
    await later.close?.();
    const full = readFileSync(file());
    for (let size = whole; size <= full.length; size += 7) {
      // The records are on the disk before they are in the index: it is as it was before.
      writeFileSync(join(directory, 'index.sqlite'), early);
      writeFileSync(file(), full);
      truncateSync(file(), size);
      const again = folderJournal({ directory });
      const view = await again.view(ref());
      expect(view.length).toBe(size === full.length ? 2 : 1);
      expect((view.open === null) === (view.length === 1)).toBe(true);
      expect(await again.open()).toHaveLength(view.length - 1);
      await again.close?.();
    }
  });

  it('refuses to read or write a stream that was changed', async () => {
    await begin(journal);
    writeFileSync(file(), readFileSync(file(), 'utf8').replace('"remediator":"r"', '"remediator":"s"').replace('"seq":1', '"seq":2'));
    await journal.close?.();
    const again = folderJournal({ directory });
    await expect(again.view(ref())).rejects.toMatchObject({ code: 'journal/corrupt' });
    await expect(again.append({ kind: 'decision', resource: ref(), remediator: 'r', body: {} })).rejects.toMatchObject({ code: 'journal/corrupt' });
  });

  it('reports a changed stream each time, and does not block another process', async () => {
    await begin(journal);
    await journal.append({ kind: 'decision', resource: ref('b'), remediator: 'r', body: {} });
    await journal.close?.();
    appendFileSync(file(), 'rubbish\n');
    const [first, second] = [folderJournal({ directory }), folderJournal({ directory })];
    for (const each of [first, second, first]) {
      await expect(each.view(ref())).rejects.toMatchObject({ code: 'journal/corrupt', retryable: false });
      // The others go on.
      expect((await each.view(ref('b'))).length).toBe(1);
    }
    for (const each of [first, second]) await each.close?.();
  });

  it('refuses a folder of another format', async () => {
    await journal.view(ref());
    await journal.close?.();
    writeFileSync(join(directory, 'FORMAT'), 'other/9\n');
    await expect(folderJournal({ directory }).view(ref())).rejects.toMatchObject({ code: 'journal/corrupt' });
  });

  it('is unavailable if the folder cannot be created', async () => {
    writeFileSync(join(directory, 'plain'), '');
    await expect(folderJournal({ directory: join(directory, 'plain', 'x') }).view(ref())).rejects.toMatchObject({
      code: 'journal/unavailable',
      retryable: true,
    });
  });
});

describe('a folder journal with several processes', () => {
  const program = (work: string) => `
    import { digestOf, resource } from '@redress/core';
    import { folderJournal } from '../src/index.js';
    const journal = folderJournal({ directory: ${JSON.stringify(directory)} });
    const ref = (id) => resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' });
    const begin = async (id, budgets = []) => journal.begin({ resource: ref(id), remediator: 'r', planDigest: digestOf(1), generation: 0, budgets, lease: 60000, body: {} });
    ${work}
    await journal.close();`;
  /** Processes of their own that do this work. */
  const workers = (work: string) => {
    const path = programOf(program(work), import.meta.dirname);
    return () => spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'pipe'] });
  };
  const ended = (child: ReturnType<ReturnType<typeof workers>>) =>
    new Promise<{ code: number | null; out: string }>((resolve) => {
      let out = '';
      child.stdout.on('data', (data) => (out += String(data)));
      child.stderr.on('data', (data) => (out += String(data)));
      child.once('exit', (code) => resolve({ code, out }));
    });

  it('lets exactly one of six begin on one resource', async () => {
    const start = workers(`console.log((await begin('a')).status);`);
    const results = await Promise.all(Array.from({ length: 6 }, () => ended(start())));
    expect(results.map((each) => each.out.trim()).sort()).toEqual(['begun', 'busy', 'busy', 'busy', 'busy', 'busy']);
    expect(verifyLedger({ directory })).toMatchObject({ records: 1, openExecutions: 1 });
  });

  it('keeps budget and chain intact with four writers', async () => {
    const work = `let begun = 0;
      for (let i = 0; i < 10; i++) {
        if ((await begin(process.pid + '-' + i, [{ key: 'k', changes: 7, window: 60000 }])).status === 'begun') begun++;
        await journal.append({ kind: 'decision', resource: ref('shared'), remediator: 'r', body: { pid: process.pid, i } });
      }
      console.log(begun);`;
    const start = workers(work);
    const results = await Promise.all(Array.from({ length: 4 }, () => ended(start())));
    expect(results.map((each) => each.code)).toEqual([0, 0, 0, 0]);
    expect(results.reduce((sum, each) => sum + Number(each.out), 0)).toBe(7);
    const report = verifyLedger({ directory });
    expect(report).toMatchObject({ records: 47, openExecutions: 7 });
    expect(report.findings.every((problem) => problem.code === 'open-execution')).toBe(true);
  });

  it('loses nothing that was acknowledged if a writer is killed', async () => {
    const child = workers(
      `for (let i = 0; ; i++) { await journal.append({ kind: 'decision', resource: ref('a'), remediator: 'r', body: { i } }); process.stdout.write(i + '\\n'); }`,
    )();
    let acknowledged = -1;
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (data) => {
        acknowledged = Number(String(data).trim().split('\n').at(-1));
        if (acknowledged >= 20) child.kill('SIGKILL');
      });
      child.once('exit', () => resolve());
    });
    const found: unknown[] = [];
    for await (const each of journal.read({ all: true })) found.push(each.record.body['i']);
    expect(acknowledged).toBeGreaterThanOrEqual(20);
    expect(found.length).toBeGreaterThanOrEqual(acknowledged + 1);
    expect(found).toEqual(found.map((_, index) => index));
    expect(verifyLedger({ directory }).status).toBe('intact');
  });
});
