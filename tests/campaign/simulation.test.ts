// The simulation finds what is broken: else that it finds nothing says nothing.
import type { Journal } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { type INVARIANTS, simulation } from '../../campaign/simulation.js';
import { bound } from '../support/journal.js';
import { repeated } from '../support/size.js';

it('holds in every history', async () => {
  const histories = repeated(30, 150);
  const report = await simulation({ histories });
  expect(report.counterexample).toBeNull();
  expect(report).toMatchObject({ histories, broken: [] });
  expect(report.changes).toBeGreaterThan(repeated(20, 100));
});

// Each with a seed that meets it soon; others do, later.
describe('a journal that breaks its promises is found', () => {
  it.each<[string, readonly (keyof typeof INVARIANTS)[], seed: number, (journal: Journal) => Journal]>([
    ['counts no budget', ['budget'], 4, (journal) => ({ ...bound(journal), begin: (request) => journal.begin({ ...request, budgets: [] }) })],
    ['forgets holds', ['held'], 11, (journal) => ({ ...bound(journal), view: async (ref) => ({ ...(await journal.view(ref)), holds: [] }) })],
    [
      'gives a lease that nobody has to keep',
      ['intent'],
      4,
      (journal) => ({
        ...bound(journal),
        begin: async (request) =>
          request.resume === undefined
            ? { status: 'begun', lease: { execution: request.execution ?? '', fence: 1, until: Number.MAX_SAFE_INTEGER }, record: null }
            : journal.begin(request),
      }),
    ],
    [
      'lets two workers have one lease',
      // Which of the two writes first decides what is seen: a second change, one after the other has closed the execution, or one more than the
      // limit, since nothing was reserved for it.
      ['once', 'intent', 'budget'],
      7,
      (journal) => ({
        ...bound(journal),
        begin: async (request) => {
          const begun = await journal.begin(request);
          if (begun.status !== 'busy') return begun;
          const { fence, leaseUntil: until } = begun.open;
          return { status: 'begun', lease: { execution: request.execution ?? '', fence, until }, record: null };
        },
      }),
    ],
  ])('one that %s: %s', async (_name, invariants, seed, defect) => {
    const report = await simulation({ histories: 1500, defect, shrink: false, seed });
    expect(report.broken.length).toBeGreaterThan(0);
    expect(invariants).toEqual(expect.arrayContaining(report.broken.map((each) => each.invariant)));
  });
});

it('a history is as short as can be, and can be run again by its seed and path', async () => {
  const defect = (journal: Journal): Journal => ({ ...bound(journal), view: async (ref) => ({ ...(await journal.view(ref)), holds: [] }) });
  const first = await simulation({ histories: 1500, defect, seed: 7 });
  expect(first.counterexample?.happenings.length).toBeLessThan(15);
  const again = await simulation({ histories: 1500, defect, seed: first.seed, path: first.counterexample?.path ?? '' });
  expect(again.broken).toEqual(first.broken);
});
