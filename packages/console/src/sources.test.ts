// What is new in a folder, and in a journal that is asked.
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Journal, type ResourceRef, resource } from '@redress/core';
import { folderJournal, memoryJournal } from '@redress/evidence';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordSource } from './ports.js';
import { folderSource, journalSource } from './sources.js';

const bucket = (id: string) => resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' });
const decision = (journal: Journal, of: ResourceRef, body: object = {}) =>
  journal.append({ kind: 'decision', resource: of, remediator: 'r', body: { outcome: 'no-op', message: 'seen', ...body } });

let problems: (readonly [string, string | null])[];
/** Resources with the number of records that were given of each. */
async function changed(source: RecordSource): Promise<Readonly<Record<string, number>>> {
  problems = [];
  const found: Record<string, number> = {};
  for await (const { record } of source.changed((problem, stream) => void problems.push([problem, stream]))) {
    expect(record.seq).toBe((found[record.resource.id] ?? 0) + 1);
    found[record.resource.id] = record.seq;
  }
  return found;
}

describe('a folder', () => {
  let directory: string;
  let journal: Journal;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'redress-source-'));
    journal = folderJournal({ directory });
    for (const id of ['a', 'b']) await decision(journal, bucket(id));
  });
  afterEach(async () => {
    await journal.close?.();
    rmSync(directory, { recursive: true, force: true });
  });

  it('returns everything, and then only the streams that have grown, completely', async () => {
    const source = folderSource(directory);
    expect(await changed(source)).toEqual({ a: 1, b: 1 });
    expect(await changed(source)).toEqual({});
    await decision(journal, bucket('a'));
    await decision(journal, bucket('c'));
    expect(await changed(source)).toEqual({ a: 2, c: 1 });
    expect(await changed(source)).toEqual({});
  });

  it('is read again if its index was not touched, and each time without an index', async () => {
    const source = folderSource(directory);
    await changed(source);
    await journal.close?.();
    // Closing it has touched the index.
    expect(await changed(source)).toEqual({});
    const grow = () => {
      const names = readdirSync(join(directory, 'streams'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));
      appendFileSync(join(directory, 'streams', names[0] ?? ''), 'half');
    };
    grow();
    let calls = 0;
    do await changed(source);
    while (problems.length === 0 && ++calls < 100);
    expect([calls, problems.length]).toEqual([28, 1]);
    expect(problems[0]?.[0]).toContain('its last line is unfinished');
    for (const name of readdirSync(directory).filter((each) => each.startsWith('index.sqlite'))) rmSync(join(directory, name));
    await changed(source);
    grow();
    await changed(source);
    expect(problems).toHaveLength(1);
  });

  it('that cannot be read is an error each time', async () => {
    const source = folderSource(join(directory, 'nowhere'));
    await expect(changed(source)).rejects.toThrow('ENOENT');
    await expect(changed(source)).rejects.toThrow('ENOENT');
  });
});

describe('a journal without files', () => {
  it('returns everything, then what waits, is open or has a gap, and everything again after a while', async () => {
    let now = Date.parse('2026-11-24T10:00:00Z');
    const journal = memoryJournal({ clock: { now: () => now } });
    const source = journalSource(journal, { now: () => now, everything: 300_000 });
    await decision(journal, bucket('a'));
    expect(await changed(source)).toEqual({ a: 1 });
    expect(await changed(source)).toEqual({});
    // A gap stands: it shows at once. What is over and was never seen open shows when all is read.
    await decision(journal, bucket('b'), { outcome: 'notified', gap: { key: 'g-1', state: 's', subjects: [] } });
    await decision(journal, bucket('a'));
    expect(await changed(source)).toEqual({ b: 1 });
    expect(await changed(source)).toEqual({});
    // It stands no more, and that shows, too.
    await decision(journal, bucket('b'), { gap: { over: ['g-1'] } });
    expect(await changed(source)).toEqual({ b: 2 });
    now += 300_000;
    expect(await changed(source)).toEqual({ a: 2, b: 2 });
  });

  it('names the stream that it could not read, and returns no part of it', async () => {
    const journal = memoryJournal();
    await decision(journal, bucket('a'));
    let isBroken = false;
    const broken: Journal = Object.assign(Object.create(journal) as Journal, {
      view: journal.view.bind(journal),
      open: () => journal.open(),
      approvals: () => journal.approvals(),
      standing: () => journal.standing(),
      read: async function* (query: Parameters<Journal['read']>[0]) {
        yield* journal.read(query);
        if (isBroken) throw new Error('it does not verify');
      },
    });
    const source = journalSource(broken, { now: () => 0, everything: 1_000 });
    expect(await changed(source)).toEqual({ a: 1 });
    isBroken = true;
    await decision(journal, bucket('b'), { outcome: 'notified', gap: { key: 'g-1', state: 's', subjects: [] } });
    expect(await changed(source)).toEqual({});
    expect(problems).toEqual([['it does not verify', expect.stringMatching(/^sha256:/)]]);
    const all = journalSource(broken, { now: () => 0, everything: 1_000 });
    expect(await changed(all)).toEqual({ a: 1, b: 1 });
    expect(problems).toEqual([['it does not verify', null]]);
  });
});
