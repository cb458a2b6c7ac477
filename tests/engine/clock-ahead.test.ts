// A worker whose clock was a year ahead has taken a lease and is gone: a person ends its execution.
import { createRedress, definePolicy, type Journal, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { crashingJournal } from '@redress/testing';
import { beforeEach, expect, it } from 'vitest';
import { recordsOf } from '../support/journal.js';
import { openedEvent, revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const START = Date.parse('2026-11-24T10:00:00Z');
const YEAR = 365 * 86_400_000;
const BY = { by: 'kim', reason: 'the machine was switched off' };

let aws: Widgets;
let time: number;
let journal: Journal;
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
const policy = definePolicy({ version: 1, environments: { dev: { accounts: ['111111111111'] } }, remediators: { 'widget-revoke-open': { dev: 'enforce' } } });
const engine = (at: Journal = journal) => createRedress({ remediators: [anyAge], policy, journal: at, connect: aws.connect, clock });
const handle = (at?: Journal) => engine(at).handle(openedEvent('w1', 'open-1', START - 60_000));
/** What a worker leaves that dies after its intent, by a clock that is so far ahead. */
const lost = async (ahead: number): Promise<string> => {
  time = START + ahead;
  await handle(crashingJournal(journal, 'after-intent'));
  time = START;
  return (await journal.open())[0]?.execution ?? '';
};

beforeEach(() => {
  aws = new Widgets();
  aws.put('w1', ['open-1']);
  journal = memoryJournal({ clock });
});

it('is closed by reading the resource again when a person confirms that its worker is gone; then the resource is fixed', async () => {
  const execution = await lost(YEAR);
  expect(await engine().recover()).toEqual([]);
  expect((await handle()).results[0]?.passes).toMatchObject([{ outcome: 'busy', retryable: true }]);
  expect(await engine().recoverExecution(execution, BY)).toMatchObject({ execution, outcome: 'failed', retryable: true });
  expect(time).toBeLessThan(START + 3_600_000);
  expect(aws.writes).toEqual([]);
  expect(await journal.open()).toEqual([]);
  const lease = (await recordsOf(journal)).find(({ record }) => record.kind === 'lease');
  expect(lease?.record.body).toMatchObject({ ...BY, message: 'kim (unverified) says that its worker is gone: the machine was switched off' });
  expect((await handle()).results[0]?.passes).toMatchObject([{ outcome: 'remediated' }]);
  expect(aws.rules('w1')).toEqual([]);
});

it('whose worker returns cannot record anything more', async () => {
  const execution = await lost(YEAR);
  const { open } = await journal.view(widget('w1'));
  await engine().recoverExecution(execution, BY);
  const lease = { execution, fence: open?.fence ?? 0, until: open?.leaseUntil ?? 0 };
  const outcome = { resource: widget('w1'), remediator: anyAge.id, lease, outcome: 'remediated', sent: 1, body: {} } as const;
  await expect(journal.finish(outcome)).rejects.toMatchObject({ code: 'journal/lost-lease' });
});

it.each([
  ['a worker that may be running', 0, BY, /is leased until 2026-11-24T10:02:\d\d.\d{3}Z: its worker may still be working on it/],
  ['a worker whose clock is slightly ahead', 3_000_000, BY, /its worker may still be working on it/],
  ['a person without a reason', YEAR, { by: 'kim', reason: ' ' }, /a person and a reason/],
  ['an unnamed person', YEAR, { by: '', reason: 'x' }, /a person and a reason/],
])('is not accepted from %s', async (_who, ahead, by, message) => {
  const execution = await lost(ahead);
  await expect(engine().recoverExecution(execution, by)).rejects.toMatchObject({ code: 'recovery/refused', message: expect.stringMatching(message) });
  expect(await journal.open()).toHaveLength(1);
  expect((await recordsOf(journal)).map(({ record }) => record.kind)).toEqual(['intent']);
});

it('has to exist', async () => {
  await lost(YEAR);
  await expect(engine().recoverExecution('x-1', BY)).rejects.toMatchObject({ code: 'recovery/refused', message: 'Execution x-1 is not open.' });
});

it('is not resumed by the journal on a claim alone, while its worker may be running', async () => {
  const execution = await lost(0);
  const request = { resource: widget('w1'), remediator: anyAge.id, planDigest: 'sha256:0', generation: 0, budgets: [], lease: 1000, body: {} } as const;
  expect(await journal.begin({ ...request, resume: execution, gone: true })).toMatchObject({ status: 'busy' });
});
