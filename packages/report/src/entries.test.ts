// Entries, and what a row says of them, over histories that the engine has made in an order that a seed says.
import { createRedress, definePolicy, type Journal, type StoredRecord } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { happened, hostile } from '../../../tests/support/histories.js';
import { openedEvent, revokeOpenRules, Widgets } from '../../../tests/support/widgets.js';
import type { HistoryEntry } from './entries.js';
import { indexOf } from './entry-index.js';
import { EVERYTHING } from './filter.js';
import { actorsOf, RECORDS_ALONE, rowOf } from './rows.js';

const recordsOf = async (journal: Journal) => {
  const records: StoredRecord[] = [];
  for await (const stored of journal.read({ all: true })) records.push(stored);
  return records;
};
const entriesOf = async (records: readonly StoredRecord[], filter = EVERYTHING) => {
  const index = await indexOf(records);
  const entries = [...index.query(filter)];
  expect(index.count(filter)).toBe(entries.length);
  index.close();
  return entries;
};

describe('the index', () => {
  it('loses no record and has none twice, in any order of streams', async () => {
    for (let seed = 1; seed <= 25; seed++) {
      const records = await recordsOf(await (seed % 3 === 0 ? hostile(seed) : happened(seed)));
      const entries = await entriesOf(records);
      const named = entries.flatMap((each) => each.records.map(({ digest }) => digest));
      expect([...named].sort()).toEqual(records.map(({ digest }) => digest).sort());
      const streams = [...new Set(records.map(({ stream }) => stream))].reverse();
      expect(await entriesOf(streams.flatMap((stream) => records.filter((each) => each.stream === stream)))).toEqual(entries);
    }
  });

  it('answers a filter as a walk over all entries does', async () => {
    const records = await recordsOf(await happened(7, 80));
    const all = await entriesOf(records);
    const values = (of: (entry: HistoryEntry) => string) => fc.option(fc.uniqueArray(fc.constantFrom(...all.map(of)), { maxLength: 3 }), { nil: null });
    const moment = fc.option(fc.constantFrom(...all.map(({ time }) => time)), { nil: null });
    const filter = fc.record({
      since: moment,
      until: moment,
      outcomes: values(({ outcome }) => outcome ?? 'open'),
      resources: values(({ resource }) => resource.id),
      remediators: values(({ remediator }) => remediator),
      actors: fc.option(fc.constantFrom(['ada'], ['mallory'], ['%'], ['_']), { nil: null }),
    });
    await fc.assert(
      fc.asyncProperty(filter, async (given) => {
        const wanted = all.filter(
          (each) =>
            (given.since === null || each.time >= given.since) &&
            (given.until === null || each.time < given.until) &&
            (given.outcomes === null || given.outcomes.includes(each.outcome ?? 'open')) &&
            (given.resources === null || given.resources.includes(each.resource.id)) &&
            (given.remediators === null || given.remediators.includes(each.remediator)) &&
            (given.actors === null || given.actors.some((actor) => actorsOf(each).join('\n').includes(actor))),
        );
        expect(await entriesOf(records, { ...EVERYTHING, ...given })).toEqual(wanted);
      }),
      { numRuns: 60 },
    );
  });
});

describe('an approver', () => {
  it('is unsigned where nobody has checked the name', async () => {
    const START = Date.parse('2026-11-24T10:00:00Z');
    const clock = { now: () => START + 90_000, sleep: async () => undefined };
    const [journal, aws] = [memoryJournal({ clock }), new Widgets()];
    aws.put('w-1', ['open-1']);
    const policy = definePolicy({
      version: 1,
      environments: { dev: { accounts: ['111111111111'] }, prod: { accounts: ['333333333333'], after: 'none', because: 'a test' } },
      approvers: { dev: ['arn:aws:iam::111111111111:user/ada'] },
      remediators: { 'widget-revoke-open': { dev: 'approve' } },
    });
    const redress = createRedress({ remediators: [revokeOpenRules], policy, journal, connect: aws.connect, clock });
    await redress.handle(openedEvent('w-1', 'open-1', START));
    for (const { id } of await redress.approvals())
      await redress.approve(id, { by: { name: 'arn:aws:iam::111111111111:user/ada', verified: false }, reason: 'CHG-1: ok' });
    const approved = (await entriesOf(await recordsOf(journal))).filter(({ kind }) => kind === 'execution');
    expect(approved).toHaveLength(1);
    for (const entry of approved) {
      expect(rowOf(entry, RECORDS_ALONE)).toMatchObject({
        approver: 'arn:aws:iam::111111111111:user/ada',
        approverNamedBy: 'unsigned',
        ticket: 'CHG-1',
        outcome: 'remediated',
      });
      expect(rowOf({ ...entry, approvedBy: { name: 'ada', verified: true, at: '', reason: null } }, RECORDS_ALONE).approverNamedBy).toBe('signed');
    }
  });
});
