// Grace periods under whatever happens: events, sweeps, exceptions, restarts, workers at the same time, and clocks that are set.
import { createRedress, definePolicy, defineRegister, type PassResult } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { repeated } from '../support/size.js';
import { openedEvent, revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const policy = definePolicy({
  version: 1,
  environments: { dev: { accounts: [ACCOUNT] } },
  remediators: { [revokeOpenRules.id]: { dev: 'enforce' } },
  grace: [{ period: 'P7D', remind: ['P1D'] }],
});
const exempted = (until: number) =>
  defineRegister([{ id: 'EXC-1', scope: { account: ACCOUNT, resource: 'w' }, reason: 'r', owner: 'a', approver: 'b', expires: new Date(until).toISOString() }]);

type Step = readonly [what: 'event' | 'sweep' | 'open' | 'close' | 'widen' | 'exempt' | 'admit' | 'restart' | 'together' | 'silence' | 'speak', wait: number];
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.tuple(
    fc.oneof(
      { arbitrary: fc.constant('sweep'), weight: 12 },
      { arbitrary: fc.constantFrom('event', 'together', 'open', 'close', 'widen', 'exempt', 'admit', 'restart', 'silence', 'speak'), weight: 10 },
    ),
    // Also back: clocks are set.
    fc.oneof({ arbitrary: fc.integer({ min: 0, max: 3 * 24 }), weight: 6 }, { arbitrary: fc.integer({ min: -3 * 24, max: -1 }), weight: 1 }),
  ),
  { minLength: 10, maxLength: 30 },
) as fc.Arbitrary<Step[]>;

it('nothing is changed before the end of its period since the announcement, and nothing exempt is changed', async () => {
  let changed = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      const world = new Widgets();
      world.put('w', ['open-1']);
      let now = START;
      let exempt = false;
      let silent = false;
      const own = { now: () => now, sleep: async (milliseconds: number) => void (now += milliseconds) };
      const kept = memoryJournal({ clock: own });
      /** First notices that arrived, by plan. */
      const announced = new Map<string, number>();
      const sent: string[] = [];
      const make = () =>
        createRedress({
          remediators: [revokeOpenRules],
          policy,
          journal: kept,
          connect: world.connect,
          clock: own,
          exceptions: { read: async () => (exempt ? exempted(now + 999 * DAY) : defineRegister([])) },
          notify: async ({ grace, plan, approval }) => {
            if (grace === undefined) return;
            if (silent) throw new Error('silence');
            sent.push(`${approval}/${grace.notice}`);
            if (grace.notice === 0) announced.set(plan?.digest ?? '', now);
          },
        });
      let redress = make();
      const check = (passes: readonly PassResult[]) => {
        for (const pass of passes) {
          if (pass.outcome !== 'remediated') continue;
          changed++;
          const at = announced.get(pass.plan?.digest ?? '');
          expect(at, 'it was announced').toBeDefined();
          expect(now - (at ?? now), 'the period is over').toBeGreaterThanOrEqual(7 * DAY);
          expect(exempt, 'it is not exempt').toBe(false);
          // What comes back is announced anew.
          announced.delete(pass.plan?.digest ?? '');
        }
      };
      const event = async (by = redress) => {
        const { results } = await by.handle(openedEvent('w', 'open-1', now - 1000, { eventId: `e-${now}` }));
        check(results.flatMap((each) => each.passes));
      };
      for (const [what, wait] of given) {
        now += wait * HOUR;
        if (what === 'event') await event();
        else if (what === 'together') await Promise.all([event(), event(make()), event(make())]);
        else if (what === 'sweep') {
          const passes: PassResult[] = [];
          await redress.sweep({ targets: [{ account: ACCOUNT, region: 'us-east-1' }], restart: true, onPass: (pass) => void passes.push(pass) });
          check(passes);
        } else if (what === 'open') world.put('w', ['open-1']);
        else if (what === 'close') world.put('w', []);
        else if (what === 'widen') world.put('w', ['open-1', 'open-2']);
        else if (what === 'exempt' || what === 'admit') exempt = what === 'exempt';
        else if (what === 'silence' || what === 'speak') silent = what === 'silence';
        else redress = make();
      }
      expect(new Set(sent).size, 'no notice is sent twice').toBe(sent.length);
    }),
    {
      numRuns: repeated(60, 150),
      examples: [
        [
          [
            ['event', 0],
            ['sweep', 140],
            ['sweep', 72],
            ['sweep', 24],
          ] as unknown as Step[],
        ],
      ],
    },
  );
  // Else the property says nothing.
  expect(changed).toBeGreaterThan(5);
});
