// Whatever the engine has written: what is exported of it says the same each time, agrees with the journal, and names everything once.
import { isRecord, type Journal, type JsonObject } from '@redress/core';
import { ocsfEvents, oscalAssessmentResults, oscalPoam, tokenOf } from '@redress/evidence/formats';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { happened, hostile } from '../support/histories.ts';
import { recordsOf } from '../support/journal.ts';
import { repeated } from '../support/size.js';

const eventsOf = async (journal: Journal) => {
  const events: JsonObject[] = [];
  for await (const event of ocsfEvents(journal.read({ all: true }))) events.push(event);
  return events;
};
const sourceOf = async (journal: Journal) => ({ records: journal.read({ all: true }), gaps: (await journal.standing()).gaps });

/** Every UUID that something has of its own, and every one that is referred to. */
function uuids(value: unknown, found = { own: [] as string[], referred: [] as string[] }): typeof found {
  if (Array.isArray(value)) for (const each of value) uuids(each, found);
  if (isRecord(value))
    for (const [key, member] of Object.entries(value)) {
      if (key === 'uuid') found.own.push(String(member));
      else if (key.endsWith('-uuid')) found.referred.push(String(member));
      else if (key === 'href' && String(member).startsWith('#')) found.referred.push(String(member).slice(1));
      else uuids(member, found);
    }
  return found;
}

it.each([
  ['what the engine wrote', happened, repeated(5, 20)],
  ['the worst that names and messages hold', hostile, repeated(25, 150)],
] as const)('of %s', async (_, make, numRuns) => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1_000_000), async (seed) => {
      const journal = await make(seed);
      const records = await recordsOf(journal);
      const events = await eventsOf(journal);
      expect(JSON.stringify(await eventsOf(journal))).toBe(JSON.stringify(events));
      const closed = records.filter(({ record }) => record.kind === 'outcome').length;
      const decided = records.filter(({ record }) => record.kind === 'decision').length;
      const of = (uid: number) => events.filter((event) => event['class_uid'] === uid);
      expect([of(2003).length, of(7001).length]).toEqual([decided + closed, closed]);
      const ids = events.map((event) => (event['metadata'] as JsonObject)['uid']);
      expect(new Set(ids).size).toBe(ids.length);

      const results = await oscalAssessmentResults(await sourceOf(journal));
      const plan = await oscalPoam(await sourceOf(journal));
      expect([await oscalAssessmentResults(await sourceOf(journal)), await oscalPoam(await sourceOf(journal))]).toEqual([results, plan]);
      for (const { document } of [results, plan]) {
        const { own, referred } = uuids(document);
        expect(new Set(own).size).toBe(own.length);
        for (const each of referred) expect(own).toContain(each);
      }
      // No gap is left out, and none is satisfied.
      const { gaps } = await journal.standing();
      expect(plan.count).toBeGreaterThanOrEqual(gaps.length);
      const [result] = (results.document['assessment-results'] as unknown as { results: [{ findings?: JsonObject[] }] }).results;
      const satisfied = (result.findings ?? []).filter((each) => ((each['target'] as JsonObject)['status'] as JsonObject)['state'] === 'satisfied');
      const controls = satisfied.map((each) => (each['target'] as JsonObject)['target-id']);
      for (const gap of gaps) expect(controls).not.toContain(tokenOf(gap.remediator));
    }),
    { numRuns },
  );
});
