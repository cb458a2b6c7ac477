// Entries, and what a row says of them, over histories that the engine has made in an order that a seed says.
import { createRedress, definePolicy, type Journal, type StoredRecord } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { happened, hostile } from '../../../tests/support/histories.js';
import { repeated } from '../../../tests/support/size.js';
import { openedEvent, revokeOpenRules, Widgets } from '../../../tests/support/widgets.js';
import type { HistoryEntry } from './entries.js';
import { EntryIndex, indexOf } from './entry-index.js';
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
  it('has each record once, in any order of streams', async () => {
    for (let seed = 1; seed <= 25; seed++) {
      const records = await recordsOf(await (seed % 3 === 0 ? hostile(seed) : happened(seed)));
      const entries = await entriesOf(records);
      const named = entries.flatMap((each) => each.records.map(({ digest }) => digest));
      expect([...named].sort()).toEqual(records.map(({ digest }) => digest).sort());
      const streams = [...new Set(records.map(({ stream }) => stream))].reverse();
      expect(await entriesOf(streams.flatMap((stream) => records.filter((each) => each.stream === stream)))).toEqual(entries);
    }
  });

  it('that stores only changes counts everything else like one that stores all, and returns nothing that it does not have', async () => {
    const records = await recordsOf(await happened(11, 120));
    const all = await indexOf(records);
    const some = new EntryIndex(RECORDS_ALONE, ({ kind }) => kind === 'execution');
    for (const each of records) some.add(each);
    some.done();
    const entries = [...all.query()];
    const kinds = new Set(entries.map(({ kind }) => kind));
    expect([...kinds]).toEqual(expect.arrayContaining(['execution', 'decision']));
    const executions = { ...EVERYTHING, kinds: ['execution'] };
    expect([...some.query(executions)]).toEqual(entries.filter(({ kind }) => kind === 'execution'));
    // One that is missing is an error, never a shorter list.
    expect(() => [...some.query()]).toThrow(TypeError);
    const lines = [...some.lines()];
    expect(lines).toEqual([...all.lines()]);
    expect(lines).toHaveLength(entries.length);
    for (const [at, { records: own, outcome, execution, exception, policy, drill }] of entries.entries())
      expect(lines[at]).toMatchObject({ stream: own[0]?.stream, last: own.at(-1)?.seq, outcome: outcome ?? 'open', execution, exception, policy, drill });

    // Day by day they are as many as one by one.
    const counted = new Map<string, { count: number; last: string }>();
    for (const { time, kind, outcome, drill, policy, exception } of entries) {
      const key = JSON.stringify([time.slice(0, 10), kind, outcome ?? 'open', drill, policy, exception]);
      counted.set(key, { count: (counted.get(key)?.count ?? 0) + 1, last: time });
    }
    const days = [...some.days()];
    const keyed = days.map(({ day, kind, outcome, drill, policy, exception, count, last }) => [
      JSON.stringify([day, kind, outcome, drill, policy, exception]),
      { count, last },
    ]);
    expect(Object.fromEntries(keyed)).toEqual(Object.fromEntries(counted));
    expect(days.map(({ day }) => day)).toEqual(days.map(({ day }) => day).sort());

    const last = new Map<string, string>();
    for (const { remediator, time, closed } of entries) if ((last.get(remediator) ?? '') < (closed ?? time)) last.set(remediator, closed ?? time);
    expect(Object.fromEntries(some.lastOfEach().map(({ remediator, time, closed }) => [remediator, closed ?? time]))).toEqual(Object.fromEntries(last));
    expect(some.lastOfEach({ ...EVERYTHING, remediators: [] })).toEqual([]);
    for (const stream of new Set(lines.map((each) => each.stream))) {
      const tagged = entries.filter((each) => each.records[0]?.stream === stream && each.tags !== null);
      const newest = tagged.sort((a, b) => (a.records[0]?.seq ?? 0) - (b.records[0]?.seq ?? 0)).at(-1);
      expect(some.tagsOf(stream)).toEqual(newest?.tags ?? null);
      const first = entries.find((each) => each.records[0]?.stream === stream);
      expect(some.at(stream, first?.records[0]?.seq ?? 0)).toMatchObject({ time: first?.time, outcome: first?.outcome ?? 'open' });
    }
    expect(some.at('sha256:none', 1)).toBeNull();
    some.close();
    all.close();
  });

  it('reads streams that have grown again, each completely, and shows them newest first', async () => {
    const records = await recordsOf(await happened(11, 80));
    const streams = [...new Set(records.map(({ stream }) => stream))];
    const index = await indexOf(records.filter(({ stream, seq }) => stream !== streams[0] && seq < 3));
    for (const stream of streams) {
      for (const each of records.filter((one) => one.stream === stream)) index.add(each);
      index.done();
    }
    const all = await entriesOf(records);
    expect([...index.query()]).toEqual(all);
    expect(index.newest(EVERYTHING, { from: 0, most: 1000 })).toEqual([...all].reverse());
    expect(index.newest(EVERYTHING, { from: 3, most: 2 })).toEqual([...all].reverse().slice(3, 5));
    for (const stream of streams) {
      const own = all.filter((each) => each.records[0]?.stream === stream);
      expect(own.length).toBeGreaterThan(0);
      expect([...index.ofStream(stream)].sort((a, b) => (a.time < b.time ? -1 : 1))).toHaveLength(own.length);
      expect(index.ofStream(stream).map(({ records: of }) => of[0]?.seq)).toEqual(own.map(({ records: of }) => of[0]?.seq ?? 0).sort((a, b) => a - b));
    }
    index.close();
  });

  it('returns the same for a filter as a scan of all entries', async () => {
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
      { numRuns: repeated(15, 60) },
    );
  });
});

describe('an approver', () => {
  it('is unsigned if the name was not verified', async () => {
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
