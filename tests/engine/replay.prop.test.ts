// A replay under the policy of then, of any history.
import { createRedress, createReplay, definePolicy, type Mode, normalize, type PassResult, type ReplayedPass, readRecordings, unwrap } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { recordsOf } from '../support/journal.js';
import { repeated } from '../support/size.js';
import { openedEvent, revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
const remediators = [revokeOpenRules];
const policyOf = (mode: Mode) =>
  definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { [revokeOpenRules.id]: { dev: mode } } });
const said = (passes: readonly ReplayedPass[]) => passes.map(({ status, pass }) => (status === 'decided' ? pass.outcome : status));

it('a replay under the same policy gives the recorded decisions', async () => {
  const step = fc.record({
    widget: fc.constantFrom('w1', 'w2'),
    rules: fc.subarray(['open-1', 'open-2', 'open-wide-3', 'closed-1']),
    named: fc.constantFrom('open-1', 'open-2', 'open-wide-3'),
    ago: fc.constantFrom(60_000, 3_600_000),
    tags: fc.constantFrom({}, { 'redress:exception': '' }),
    sender: fc.constantFrom(ACCOUNT, '222222222222'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), fc.constantFrom('enforce', 'approve', 'plan', 'notify', 'off'), async (steps, mode) => {
      let time = START;
      const clock = { now: () => time, sleep: async (milliseconds: number) => void (time += milliseconds) };
      const aws = new Widgets();
      const journal = memoryJournal({ clock });
      const policy = policyOf(mode);
      const live = createRedress({ remediators, policy, journal, connect: aws.connect, clock });
      const told: { input: unknown; passes: readonly PassResult[] }[] = [];
      for (const [index, each] of steps.entries()) {
        time += 60_000;
        aws.put(each.widget, each.rules, each.tags);
        const input = { ...openedEvent(each.widget, each.named, time - each.ago), account: each.sender };
        (input as unknown as { detail: { eventID: string } }).detail.eventID = `event-${index}`;
        told.push({ input, passes: (await live.handle(input)).results.flatMap((result) => result.passes) });
      }
      const replay = createReplay({ remediators, policy, recordings: await readRecordings(journal), history: journal });
      const before = [aws.calls.length, (await recordsOf(journal)).length];
      for (const { input, passes } of told) {
        const replayed: ReplayedPass[] = [];
        for (const envelope of unwrap(input)) for (const finding of normalize(envelope)) replayed.push(...(await replay.run(finding)));
        const repeated = passes.every((pass) => pass.duplicate);
        if (repeated) {
          expect(said(replayed)).toEqual(['repeat']);
          continue;
        }
        const then = passes.filter((pass) => !pass.duplicate).map((pass) => (pass.outcome === 'remediated' ? 'planned' : pass.outcome));
        // After a change the rest was planned anew, and a pass that found nothing more said so; what was decided is the same.
        expect([...new Set(said(replayed))].sort()).toEqual([...new Set(then)].sort());
      }
      // It asks nobody, and leaves nothing behind.
      expect([aws.calls.length, (await recordsOf(journal)).length]).toEqual(before);
    }),
    { numRuns: repeated(35, 150) },
  );
});
