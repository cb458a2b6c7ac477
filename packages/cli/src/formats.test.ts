// Records in the formats of others, from the command line: the same bytes each time, the whole file or none.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resource } from '@redress/core';
import { folderJournal } from '@redress/evidence';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { command } from '../test/support/command.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-formats-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const exported = async (...argv: string[]) => {
  const { exit, out } = await command(['evidence', 'export', ...argv, '--json'], directory, { remediators: [] });
  return { exit, json: JSON.parse(out) as unknown };
};
const text = (name: string) => readFileSync(join(directory, name), 'utf8');

async function recorded(): Promise<void> {
  const journal = folderJournal({ directory: join(directory, '.redress') });
  for (const id of ['a', 'b'])
    await journal.append({
      ...{ kind: 'decision', resource: resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' }) },
      ...{ remediator: 'test-fix', body: { outcome: 'notified', message: 'It is open.', gap: { key: 'g-1', state: 's', subjects: ['part'] } } },
    });
  await journal.close?.();
}

it('each format is a file with the same content each time', async () => {
  await recorded();
  expect(await exported('--format', 'ocsf')).toEqual({ exit: 0, json: { format: 'ocsf', out: 'redress.ocsf.ndjson', count: 2 } });
  expect(await exported('--format', 'oscal-ar')).toEqual({ exit: 0, json: { format: 'oscal-ar', out: 'redress.assessment-results.json', count: 1 } });
  expect(await exported('--format', 'oscal-poam')).toEqual({ exit: 0, json: { format: 'oscal-poam', out: 'redress.poam.json', count: 2 } });
  const files = ['redress.ocsf.ndjson', 'redress.assessment-results.json', 'redress.poam.json'];
  const first = files.map(text);
  expect(
    first[0]
      ?.trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { class_uid: number }).class_uid),
  ).toEqual([2003, 2003]);
  // What is there is replaced.
  for (const format of ['ocsf', 'oscal-ar', 'oscal-poam']) expect((await exported('--format', format)).exit).toBe(0);
  expect(files.map(text)).toEqual(first);
  expect(await exported('--format', 'ocsf', '--out', 'other.ndjson')).toMatchObject({ exit: 0 });
  expect(text('other.ndjson')).toBe(first[0]);
});

it('nothing is written for a journal that does not verify', async () => {
  await recorded();
  const streams = join(directory, '.redress', 'streams');
  const name = readdirSync(streams, { recursive: true, encoding: 'utf8' }).find((each) => each.endsWith('.jsonl')) ?? '';
  writeFileSync(join(streams, name), readFileSync(join(streams, name), 'utf8').replace('It is open.', 'It is shut.'));
  for (const format of ['ocsf', 'oscal-ar', 'oscal-poam'])
    expect(await exported('--format', format)).toMatchObject({ exit: 1, json: { error: { code: 'journal/corrupt' } } });
  expect(readdirSync(directory)).toEqual(['.redress']);
});
