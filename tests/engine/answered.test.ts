import { createRedress, definePolicy, type PassResult } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { expect, it } from 'vitest';
import { openedEvent, revokeOpenRules, Widgets } from '../support/widgets.js';

const policy = definePolicy({ version: 1, environments: { test: { accounts: ['111111111111'] } }, remediators: { 'widget-revoke-open': 'enforce' } });

/** Waiting takes no time. */
const clock = { now: () => Date.now(), sleep: async () => undefined };

it('names the execution that made the change between the history and the look', async () => {
  const widgets = new Widgets();
  const ref = widgets.put('w', ['open-1']);
  const event = openedEvent('w', 'open-1', Date.now());
  const journal = memoryJournal();
  const engine = () => createRedress({ remediators: [revokeOpenRules], policy, journal, connect: widgets.connect, clock });
  let other: readonly PassResult[] = [];
  const late = createRedress({
    remediators: [revokeOpenRules],
    policy,
    // Its history is read, then another worker does everything, then it looks.
    journal: new Proxy(journal, {
      get(target, name) {
        if (name !== 'view') return (Reflect.get(target, name) as () => unknown).bind?.(target) ?? Reflect.get(target, name);
        return async (resource: typeof ref) => {
          const view = await target.view(resource);
          if (other.length === 0) other = (await engine().handle(event)).results.flatMap((result) => result.passes);
          return view;
        };
      },
    }),
    connect: widgets.connect,
  });
  const passes = (await late.handle(event)).results.flatMap((result) => result.passes);
  expect(other.map((pass) => pass.outcome)).toEqual(['remediated']);
  expect(passes).toMatchObject([{ outcome: 'no-op', duplicate: true, execution: other[0]?.execution }]);
  expect(widgets.writes).toEqual(['RevokeRule']);
});

it('does not report a gap as closed while another worker holds the lease', async () => {
  const widgets = new Widgets();
  const ref = widgets.put('w', ['open-1']);
  const journal = memoryJournal();
  const engine = createRedress({ remediators: [revokeOpenRules], policy, journal, connect: widgets.connect, clock });
  const event = openedEvent('w', 'open-1', Date.now());
  const dry = await engine.handle(event, { dryRun: true });
  const plan = dry.results[0]?.passes[0]?.plan;
  if (plan == null) throw new Error('no plan');
  const { generation } = await journal.view(ref);
  await journal.begin({ resource: ref, remediator: plan.remediator.id, planDigest: plan.digest, generation, budgets: [], lease: 60_000, body: {} });
  const { results } = await engine.handle(event);
  expect(results).toMatchObject([
    { passes: [{ outcome: 'busy', retryable: true }], gap: { closed: false, open: [expect.stringContaining('holds the resource')] } },
  ]);
  expect(widgets.writes).toEqual([]);
});

it.each([
  ['at the moment in which it was closed', 0, true],
  ['a millisecond later', 1, false],
])('treats a report %s as the same gap: %s', async (_when, later, same) => {
  const widgets = new Widgets();
  const ref = widgets.put('w', ['open-1']);
  let time = Date.parse('2026-11-24T10:00:00Z');
  const clock = { now: () => time, sleep: async (milliseconds: number) => void (time += milliseconds) };
  const journal = memoryJournal({ clock });
  const engine = createRedress({ remediators: [revokeOpenRules], policy, journal, connect: widgets.connect, clock });
  await engine.handle(openedEvent('w', 'open-1', time));
  const [closed] = (await journal.view(ref)).closed;
  const { results } = await engine.handle(openedEvent('w', 'open-1', (closed?.closedAt ?? 0) + later, { eventId: 'again' }));
  expect(results[0]?.passes).toMatchObject([{ outcome: 'no-op', duplicate: same, execution: same ? closed?.execution : null }]);
});
