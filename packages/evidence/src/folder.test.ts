import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { breakerOf, digestOf, type Journal, type ResourceRef, resource, streamOf } from '@redress/core';
import { verifyLedger } from '@redress/verify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { all as recordsOf } from '../test/support/world.js';
import { folderJournal } from './folder.js';
import { blobFile, streamFile } from './layout.js';

let directory: string;
let journal: Journal;
const ref = (id = 'a'): ResourceRef => resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' });

const file = (id = 'a') => streamFile(directory, streamOf(ref(id)));
const request = (id = 'a', over: Partial<Parameters<Journal['begin']>[0]> = {}) => ({
  resource: ref(id),
  remediator: 'r',
  planDigest: digestOf(1),
  generation: 0,
  budgets: [],
  lease: 60_000,
  body: {},
  ...over,
});
/** Announces a change of a resource. Returns when it may be made without an answer. */
const announce = (from: Journal, id: string) =>
  from.append({
    kind: 'decision',
    resource: ref(id),
    remediator: 'r',
    body: { approval: { id: `a-${id}`, planDigest: digestOf(1), discharges: [], fresh: true, expires: 8e15 } },
  });
const say = (from: Journal, id: string, verdict: 'approved' | 'denied') =>
  from.append({ kind: 'approval', resource: ref(id), remediator: 'r', body: { approval: { id: `a-${id}`, verdict, by: { name: 'kim', verified: true } } } });
const removeIndex = () => {
  for (const name of readdirSync(directory)) if (name.startsWith('index.sqlite')) rmSync(join(directory, name));
};
/** Changes a letter of a line, so that the file keeps its size. */
const damage = (id: string, line: number) => {
  const lines = readFileSync(file(id), 'utf8').split('\n');
  writeFileSync(file(id), lines.map((each, at) => (at === line ? each.replace('"remediator":"r"', '"remediator":"s"') : each)).join('\n'));
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-folder-'));
  journal = folderJournal({ directory });
});
afterEach(async () => {
  await journal.close?.();
  rmSync(directory, { recursive: true, force: true });
});

it('switches to the index that another process has rebuilt, and counts with it', async () => {
  const budgets = [{ key: 'k', changes: 1, window: 60_000 }];
  const beginOne = (from: Journal, id: string) =>
    from.begin({ resource: ref(id), remediator: 'r', planDigest: digestOf(1), generation: 0, budgets, lease: 60_000, body: {} });
  await journal.view(ref());
  for (const name of readdirSync(directory)) if (name.startsWith('index.sqlite')) rmSync(join(directory, name));
  const other = folderJournal({ directory });
  await other.view(ref());
  expect((await beginOne(journal, 'a')).status).toBe('begun');
  expect((await beginOne(other, 'b')).status).toBe('over-budget');
  // The worker with the new one begins first.
  const two = [{ key: 'two', changes: 1, window: 60_000 }];
  const begins = async (from: Journal, id: string) =>
    (await from.begin({ resource: ref(id), remediator: 'r', planDigest: digestOf(1), generation: 0, budgets: two, lease: 60_000, body: {} })).status;
  expect([await begins(other, 'e'), await begins(journal, 'f')]).toEqual(['begun', 'over-budget']);
  // Even if nobody has created it yet.
  for (const name of readdirSync(directory)) if (name.startsWith('index.sqlite')) rmSync(join(directory, name));
  expect((await beginOne(other, 'c')).status).toBe('over-budget');
  expect((await beginOne(journal, 'd')).status).toBe('over-budget');
  await other.close?.();
});

it('does not accept a document that does not match its name, and begins nothing on it', async () => {
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
  expect(verifyLedger({ directory }).findings.map(({ code }) => code)).toEqual(['open-execution']);
});

describe('an unfinished last line', () => {
  const decision = (text: string) => journal.append({ kind: 'decision', resource: ref(), remediator: 'r', body: { text } });
  const stream = () => streamFile(directory, streamOf(ref()));
  const torn = () => readdirSync(join(directory, 'torn')).map((name) => readFileSync(join(directory, 'torn', name), 'utf8'));

  it('is set aside unchanged, and the stream continues before it', async () => {
    // Bytes and characters are not the same here.
    await decision('äöü 安');
    const whole = readFileSync(stream());
    const half = 'sha256:0123 {"v":1,"body":{"text":"ö';
    writeFileSync(stream(), half, { flag: 'a' });
    expect((await journal.view(ref())).length).toBe(1);
    expect(torn()).toEqual([half]);
    expect(readFileSync(stream())).toEqual(whole);
    await decision('two');
    expect(verifyLedger({ directory })).toMatchObject({ status: 'intact', records: 2 });
    expect((await recordsOf(journal)).map(({ record }) => record.body['text'])).toEqual(['äöü 安', 'two']);
  });

  it('is set aside if it is the only one, too', async () => {
    await journal.view(ref());
    mkdirSync(dirname(stream()), { recursive: true });
    writeFileSync(stream(), 'sha256:0');
    expect((await journal.view(ref())).length).toBe(0);
    expect(torn()).toEqual(['sha256:0']);
    expect(readFileSync(stream(), 'utf8')).toBe('');
    await decision('one');
    expect(verifyLedger({ directory })).toMatchObject({ status: 'intact', records: 1 });
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
    // Data of another version must not be read as ours.
    index.exec(`DELETE FROM budgets; PRAGMA user_version = ${version}`);
    index.close();
    const next = folderJournal({ directory });
    expect((await beginOne(next, 'b')).status).toBe('over-budget');
    expect(await next.open()).toMatchObject([{ resource: { id: 'a' } }]);
    await next.close?.();
  }
});

it('refuses a format of another version, and writes nothing to it', async () => {
  await journal.view(ref());
  await journal.close?.();
  writeFileSync(join(directory, 'FORMAT'), 'redress-journal 2\n');
  const next = folderJournal({ directory });
  await expect(next.append({ kind: 'decision', resource: ref(), remediator: 'r', body: {} })).rejects.toMatchObject({ code: 'journal/corrupt' });
  expect(existsSync(streamFile(directory, streamOf(ref())))).toBe(false);
});

it('counts a stream once that was read again, however often another process has written to it', async () => {
  const budgets = [{ key: 'k', changes: 3, window: 60_000 }];
  const beginOne = (from: Journal, id: string) =>
    from.begin({ resource: ref(id), remediator: 'r', planDigest: digestOf(1), generation: 0, budgets, lease: 60_000, body: {} });
  expect((await beginOne(journal, 'a')).status).toBe('begun');
  for (const id of ['x', 'y', 'z']) {
    // A record that the index does not have: its process died in between.
    await journal.close?.();
    const before = readFileSync(join(directory, 'index.sqlite'));
    journal = folderJournal({ directory });
    await journal.append({ kind: 'decision', resource: ref('a'), remediator: 'r', body: { id } });
    await journal.close?.();
    writeFileSync(join(directory, 'index.sqlite'), before);
    journal = folderJournal({ directory });
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

describe('an unreadable stream', () => {
  /** Each of them as a test creates it, and the error for its own resource. */
  const faults: readonly [string, string, () => void][] = [
    ['was changed, in the same size', 'journal/corrupt', () => damage('bad', 0)],
    ['was written to', 'journal/corrupt', () => appendFileSync(file('bad'), 'rubbish\n')],
    ['was cut', 'journal/corrupt', () => truncateSync(file('bad'), readFileSync(file('bad'), 'utf8').indexOf('\n') + 1)],
    ['was removed', 'journal/corrupt', () => rmSync(file('bad'))],
    [
      'is a folder',
      'journal/unavailable',
      () => {
        rmSync(file('bad'));
        mkdirSync(file('bad'));
      },
    ],
  ];

  it.each(faults)('%s: denies for its resource, in each process; the others continue, and a denial is recorded', async (_what, code, fault) => {
    const running = journal;
    for (const id of ['bad', 'good']) await announce(running, id);
    await say(running, 'bad', 'approved');
    expect((await running.approvals()).map(({ id }) => id)).toEqual(['a-bad', 'a-good']);
    fault();
    const next = folderJournal({ directory });
    for (const each of [running, next]) {
      await expect(each.view(ref('bad'))).rejects.toMatchObject({ code });
      await expect(each.begin(request('bad', { approval: 'a-bad' }))).rejects.toMatchObject({ code });
      await expect(each.append({ kind: 'decision', resource: ref('bad'), remediator: 'r', body: {} })).rejects.toMatchObject({ code });
      expect((await each.approvals()).map(({ id }) => id)).toEqual(['a-good']);
      expect(await each.open()).toEqual([]);
    }
    await say(next, 'good', 'denied');
    // A worker that is busy with it learns of the denial.
    expect(await running.begin(request('good', { approval: 'a-good' }))).toMatchObject({ status: 'stale' });
    expect((await running.begin(request('other'))).status).toBe('begun');
    await next.close?.();
  });

  it('does not block the others when the index is rebuilt, and its executions still count against limits', async () => {
    const budgets = [{ key: 'k', changes: 2, window: 60_000 }];
    for (const id of ['bad', 'good']) expect((await journal.begin(request(id, { budgets }))).status).toBe('begun');
    await journal.close?.();
    damage('bad', 0);
    removeIndex();
    const next = folderJournal({ directory });
    expect((await next.open()).map(({ resource: { id } }) => id)).toEqual(['good']);
    expect(await next.begin(request('third', { budgets }))).toMatchObject({ status: 'over-budget', used: 2 });
    await next.close?.();
  });

  it('provides no track record that could lack a rollback', async () => {
    expect((await journal.begin(request('bad'))).status).toBe('begun');
    await journal.close?.();
    damage('bad', 0);
    const next = folderJournal({ directory });
    await expect(next.trackRecord({ remediator: 'r', accounts: ['111111111111'] })).rejects.toMatchObject({ code: 'journal/corrupt' });
    expect(await next.trackRecord({ remediator: 'r', accounts: ['222222222222'] })).toEqual([]);
    await next.close?.();
  });

  it('removes no restriction: an outcome that does not verify returns no budget', async () => {
    const budgets = [{ key: 'k', changes: 1, window: 60_000 }];
    const begun = await journal.begin(request('bad', { budgets }));
    if (begun.status !== 'begun') throw new Error(begun.status);
    await journal.finish({ resource: ref('bad'), remediator: 'r', lease: begun.lease, outcome: 'failed', sent: 0, body: {} });
    await journal.close?.();
    damage('bad', 1);
    removeIndex();
    const next = folderJournal({ directory });
    expect(await next.begin(request('other', { budgets }))).toMatchObject({ status: 'over-budget' });
    await next.close?.();
  });

  it('of the account blocks every execution in the account, since a circuit breaker may be open', async () => {
    const account = breakerOf(ref());
    await journal.append({ kind: 'breaker', resource: account, remediator: 'r', body: { breaker: 'open', reason: 'x' } });
    writeFileSync(streamFile(directory, streamOf(account)), 'rubbish\n');
    for (const each of [journal, folderJournal({ directory })]) {
      await expect(each.begin(request('other'))).rejects.toMatchObject({ code: 'journal/corrupt' });
      // A denial is recorded all the same.
      await announce(each, 'good');
      await say(each, 'good', 'denied');
      expect(await each.approvals()).toMatchObject([{ id: 'a-good', verdict: 'denied' }]);
      await each.close?.();
    }
  });

  it('does not include other files in the folder of streams: they are skipped', async () => {
    await announce(journal, 'good');
    writeFileSync(join(directory, 'streams', '.DS_Store'), '');
    writeFileSync(join(directory, 'streams', streamOf(ref('good')).slice(7, 9), 'notes.jsonl'), 'x');
    const next = folderJournal({ directory });
    expect(await next.approvals()).toHaveLength(1);
    expect((await next.view(ref('good'))).length).toBe(1);
    await next.close?.();
  });
});

describe('a folder that is removed or replaced while it is in use', () => {
  const denied = async () => {
    const failure = { code: 'journal/unavailable', retryable: true, message: expect.stringContaining('was removed, or replaced by another folder') };
    await expect(journal.view(ref())).rejects.toMatchObject(failure);
    await expect(journal.begin(request('new', { documents: { before: { a: 1 } } }))).rejects.toMatchObject(failure);
    await expect(journal.append({ kind: 'decision', resource: ref(), remediator: 'r', body: {}, documents: { plan: 1 } })).rejects.toMatchObject(failure);
    await expect(journal.open()).rejects.toMatchObject(failure);
    await expect(journal.approvals()).rejects.toMatchObject(failure);
  };
  const used = async () => {
    await journal.append({ kind: 'breaker', resource: breakerOf(ref()), remediator: 'r', body: { breaker: 'open', reason: 'x' } });
    await say(journal, 'a', 'denied');
  };

  it('denies, recreates nothing, and continues when it is back', async () => {
    await used();
    renameSync(directory, `${directory}-away`);
    await denied();
    expect(() => readdirSync(directory)).toThrow('ENOENT');
    renameSync(`${directory}-away`, directory);
    expect((await journal.view(ref())).breakers).toHaveLength(1);
    expect((await journal.begin(request('new'))).status).toBe('stale');
  });

  it.each([
    ['an empty folder', () => undefined],
    ['a folder that another process has created', async () => void (await folderJournal({ directory }).view(ref()))],
    ['a copy', () => cpSync(`${directory}-away`, directory, { recursive: true, preserveTimestamps: true })],
  ])('denies when %s is in its place', async (_what, put) => {
    await used();
    renameSync(directory, `${directory}-away`);
    mkdirSync(directory);
    await put();
    const before = readdirSync(directory, { recursive: true });
    await denied();
    expect(readdirSync(directory, { recursive: true })).toEqual(before);
    rmSync(`${directory}-away`, { recursive: true });
  });

  it('denies if its streams were removed and the rest was not', async () => {
    await used();
    rmSync(join(directory, 'streams'), { recursive: true });
    await denied();
  });

  it('denies for what the index has, in a new process too, if streams were removed', async () => {
    await used();
    await journal.close?.();
    for (const prefix of readdirSync(join(directory, 'streams'))) rmSync(join(directory, 'streams', prefix), { recursive: true });
    journal = folderJournal({ directory });
    await expect(journal.begin(request('new'))).rejects.toMatchObject({ code: 'journal/corrupt' });
  });

  it('is not a journal if only a part of it is there', async () => {
    await used();
    await journal.close?.();
    rmSync(join(directory, 'FORMAT'));
    journal = folderJournal({ directory });
    await expect(journal.view(ref())).rejects.toMatchObject({ code: 'journal/corrupt', message: expect.stringContaining('a part of a journal') });
    expect(readdirSync(directory)).not.toContain('FORMAT');
  });
});

describe('an index', () => {
  const walk = (at: string): string[] => readdirSync(at, { recursive: true, withFileTypes: true }).map(({ name }) => name);

  it('that cannot be read denies, and reports the next step: deleted, it is rebuilt from the records', async () => {
    const budgets = [{ key: 'k', changes: 1, window: 60_000 }];
    expect((await journal.begin(request('a', { budgets }))).status).toBe('begun');
    await journal.close?.();
    removeIndex();
    writeFileSync(join(directory, 'index.sqlite'), 'rubbish '.repeat(1000));
    journal = folderJournal({ directory });
    for (let n = 0; n < 2; n++)
      await expect(journal.view(ref())).rejects.toMatchObject({
        code: 'journal/unavailable',
        retryable: true,
        message: expect.stringContaining(directory),
        next: `Stop every process that uses it, and delete ${join(directory, 'index.sqlite')}: it is rebuilt from the records.`,
      });
    removeIndex();
    expect((await journal.begin(request('b', { budgets }))).status).toBe('over-budget');
    expect((await journal.open()).map(({ resource: { id } }) => id)).toEqual(['a']);
  });

  it('that is rebuilt has what waits, what is open, and what nobody was notified of', async () => {
    await announce(journal, 'asked');
    const gap = { key: 'g-1', state: 's', subjects: ['one'] };
    await journal.append({ kind: 'decision', resource: ref('gap'), remediator: 'r', body: { outcome: 'notified', message: 'm', gap } });
    await journal.append({ kind: 'notice', resource: ref('unsaid'), remediator: 'r', body: { message: 'm', notice: { of: 1, status: 'failed' } } });
    await journal.append({ kind: 'decision', resource: ref('other'), remediator: 'r', body: { message: 'm' } });
    for (const index of ['as it was', 'made again']) {
      await journal.close?.();
      if (index === 'made again') removeIndex();
      journal = folderJournal({ directory });
      expect((await journal.approvals()).map(({ id }) => id)).toEqual(['a-asked']);
      const { gaps, unsaid } = await journal.standing();
      expect([gaps.map(({ key, resource: { id } }) => [key, id]), unsaid.map(({ resource: { id } }) => id)]).toEqual([[['g-1', 'gap']], ['unsaid']]);
      await journal.close?.();
      const database = new DatabaseSync(join(directory, 'index.sqlite'));
      expect(database.prepare('SELECT count(*) AS n FROM approvals').get()).toEqual({ n: 3 });
      database.close();
    }
  });

  it('that is rebuilt has each execution once, with what it sent', async () => {
    const budgets = [
      { key: 'k', changes: 2, window: 60_000 },
      { key: 'l', changes: 9, window: 60_000 },
    ];
    const executions: string[] = [];
    for (const [generation, sent] of [0, 1, 2].entries()) {
      const begun = await journal.begin(request('a', { generation, budgets }));
      if (begun.status !== 'begun') throw new Error(begun.status);
      executions.unshift(begun.lease.execution);
      await journal.finish({ resource: ref('a'), remediator: 'r', lease: begun.lease, outcome: sent === 0 ? 'failed' : 'remediated', sent, body: {} });
    }
    for (const index of ['as it was', 'made again']) {
      await journal.close?.();
      if (index === 'made again') removeIndex();
      journal = folderJournal({ directory });
      expect((await journal.trackRecord({ remediator: 'r', accounts: ['111111111111'] })).map(({ execution }) => execution)).toEqual(executions);
      expect(await journal.trackRecord({ remediator: 'q', accounts: ['111111111111'] })).toEqual([]);
      expect(await journal.open()).toEqual([]);
      // Two of three have sent something.
      expect(await journal.begin(request('b', { budgets }))).toMatchObject({ status: 'over-budget', budget: { key: 'k' }, used: 2 });
      const own: string[] = [];
      for await (const { record } of journal.read({ execution: executions[1] as string })) own.push(record.kind);
      expect(own).toEqual(['intent', 'outcome']);
    }
  });

  it('finds an execution that another process has begun, though its row is lost', async () => {
    const begun = await journal.begin(request('a'));
    if (begun.status !== 'begun') throw new Error(begun.status);
    const database = new DatabaseSync(join(directory, 'index.sqlite'));
    database.exec('DELETE FROM executions; DELETE FROM streams');
    database.close();
    const found: string[] = [];
    for await (const { record } of journal.read({ execution: begun.lease.execution })) found.push(record.kind);
    expect(found).toEqual(['intent']);
  });

  it('is unchanged by what is refused, and nobody waits for it', async () => {
    await journal.append({ kind: 'decision', resource: ref('bad'), remediator: 'r', body: {} });
    damage('bad', 0);
    const next = folderJournal({ directory });
    for (let n = 0; n < 3; n++) {
      await expect(next.view(ref('bad'))).rejects.toMatchObject({ code: 'journal/corrupt' });
      await journal.append({ kind: 'decision', resource: ref('good'), remediator: 'r', body: { n } });
      expect((await next.view(ref('good'))).length).toBe(n + 1);
    }
    await next.close?.();
  });

  it('and all other files are those of a journal, without temporary ones', async () => {
    await journal.append({ kind: 'decision', resource: ref(), remediator: 'r', body: {}, documents: { one: { a: 1 }, two: { a: 2 } } });
    writeFileSync(file(), 'half', { flag: 'a' });
    await journal.view(ref());
    await journal.close?.();
    const stream = streamOf(ref()).slice(7);
    const blobs = [digestOf({ a: 1 }), digestOf({ a: 2 })].map((digest) => digest.slice(7));
    const torn = walk(join(directory, 'torn'));
    expect(torn).toEqual([expect.stringMatching(new RegExp(`^\\d{13}-${stream}\\.jsonl$`))]);
    const names = ['FORMAT', 'blobs', 'index.sqlite', 'streams', 'torn', ...torn, `${stream}.jsonl`, stream.slice(0, 2)];
    expect([...new Set(walk(directory))].sort()).toEqual([...new Set([...names, ...blobs.flatMap((each) => [each.slice(0, 2), `${each}.json`])])].sort());
  });
});

it('a journal that is not a folder denies, and reports what to check', async () => {
  writeFileSync(join(directory, 'a-file'), '');
  const next = folderJournal({ directory: join(directory, 'a-file') });
  await expect(next.view(ref())).rejects.toMatchObject({ code: 'journal/unavailable', retryable: true, next: 'Check that the folder is writable.' });
  await expect(next.append({ kind: 'decision', resource: ref(), remediator: 'r', body: {}, documents: { a: 1 } })).rejects.toMatchObject({
    code: 'journal/unavailable',
  });
});
