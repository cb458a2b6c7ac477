// One stream of a journal in a folder does not verify: what becomes of the others, over two processes.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { breakerOf, createRedress, definePolicy, type Journal, type Remediator, type ResourceRef, resource, streamOf } from '@redress/core';
import { folderJournal } from '@redress/evidence';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { recordsOf } from '../support/journal.js';
import { revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const HERE = { account: ACCOUNT, region: 'us-east-1' };
const DAY = 86_400_000;
const LEAD = `arn:aws:iam::${ACCOUNT}:role/Lead`;
const BY = { by: { name: LEAD, verified: true }, reason: 'CHG-1' };

let directory: string;
let aws: Widgets;
let time: number;
let running: Journal;
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
const policy = definePolicy({
  version: 1,
  environments: { dev: { accounts: [ACCOUNT] } },
  remediators: { 'widget-revoke-open': { dev: 'enforce' } },
  approvers: { dev: [LEAD] },
  grace: [{ period: 'P7D', remind: [] }],
});
const engine = (journal: Journal) => createRedress({ remediators: [anyAge], policy, journal, connect: aws.connect, clock, notify: async () => undefined });
const sweep = (journal: Journal) => engine(journal).sweep({ targets: [HERE], restart: true });
const damage = (ref: ResourceRef) => {
  const hex = streamOf(ref).slice('sha256:'.length);
  appendFileSync(join(directory, 'streams', hex.slice(0, 2), `${hex}.jsonl`), 'rubbish\n');
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-unreadable-'));
  time = Date.parse('2026-11-24T10:00:00Z');
  aws = new Widgets();
  for (const id of ['bad', 'good', 'other']) aws.put(id, ['open-1']);
  running = folderJournal({ directory, clock });
});
afterEach(async () => {
  await running.close?.();
  rmSync(directory, { recursive: true });
});

it('a new process can record a denial, which the running one respects; what cannot be read is not changed, the rest is', async () => {
  await sweep(running);
  damage(widget('bad'));
  const next = folderJournal({ directory, clock });
  const waiting = await engine(next).approvals();
  expect(waiting.map((each) => each.resource.id).sort()).toEqual(['good', 'other']);
  await engine(next).deny(waiting.find((each) => each.resource.id === 'good')?.id ?? '', BY);
  await next.close?.();
  time += 8 * DAY;
  expect(await sweep(running)).toMatchObject([{ status: 'stopped', complete: false, looked: 3, errors: 1, outcomes: { denied: 1, remediated: 1 } }]);
  expect({ bad: aws.rules('bad'), good: aws.rules('good'), other: aws.rules('other') }).toEqual({ bad: ['open-1'], good: ['open-1'], other: [] });
});

it('a denial is recorded even if the circuit breakers of the account cannot be read; nothing is changed in it then', async () => {
  await sweep(running);
  const [first] = await running.approvals();
  await running.append({ kind: 'breaker', resource: breakerOf(widget('good')), remediator: 'widget-revoke-open', body: { breaker: 'closed' } });
  damage(breakerOf(widget('good')));
  expect(await engine(running).deny(first?.id ?? '', BY)).toMatchObject({ verdict: 'denied' });
  await expect(engine(running).approve((await running.approvals())[1]?.id ?? '', BY)).rejects.toMatchObject({ code: 'journal/corrupt' });
  expect((await running.approvals()).find((each) => each.id === first?.id)?.verdict).toBe('denied');
  time += 8 * DAY;
  await sweep(running);
  expect(aws.writes).toEqual([]);
});

it('a sweep continues in other places if the history of one cannot be read', async () => {
  await sweep(running);
  damage(resource({ type: 'AWS::::Account', id: ACCOUNT, ...HERE }));
  const summaries = await engine(running).sweep({ targets: [HERE, { ...HERE, region: 'eu-west-1' }] });
  expect(summaries).toMatchObject([
    { region: 'us-east-1', status: 'failed', looked: 0, message: expect.stringContaining('stream sha256:') },
    { region: 'eu-west-1', status: 'complete' },
  ]);
});

it('everything that verifies is read before a corrupt stream is named', async () => {
  await sweep(running);
  damage(widget('bad'));
  const seen = new Set<string>();
  const all = async () => {
    for await (const { record } of running.read({ all: true })) seen.add(record.resource.id);
  };
  await expect(all()).rejects.toMatchObject({ code: 'journal/corrupt', message: expect.stringContaining(streamOf(widget('bad'))) });
  expect([...seen].sort()).toEqual([ACCOUNT, 'good', 'other']);
  await expect(recordsOf(running)).rejects.toMatchObject({ code: 'journal/corrupt' });
});
