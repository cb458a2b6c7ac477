// The fault matrix finds what is broken: else that everything survives says nothing.
import type { Remediator } from '@redress/core';
import { FAULTS, faultMatrix } from '@redress/testing';
import { describe, expect, it } from 'vitest';
import { makers, writing } from '../../campaign/world.js';

const encryption = writing.find((each) => each.id === 's3-enforce-default-encryption') as Remediator;
const matrix = (remediator: Remediator) => faultMatrix(remediator, { arrange: (account) => makers[encryption.id]?.(account, 'subject') as never });

it('there is a gap for each remediator that writes', () => {
  expect(Object.keys(makers).sort()).toEqual(writing.map(({ id }) => id).sort());
});

it('every call of a fix and of its rollback survives every fault', async () => {
  const report = await matrix(encryption);
  expect(report.broken).toEqual([]);
  expect(report.survived).toBe(report.injected);
  expect(Object.keys(report.kinds).sort()).toEqual(Object.keys(FAULTS).sort());
  // Calls of a clean run, each with every kind: counted, not listed.
  expect(report.injected).toBeGreaterThan(200);
});

describe('a remediator that is not sound is found', () => {
  it('one that does not look before it writes', async () => {
    const hasty: Remediator = {
      ...encryption,
      plan: (args) => {
        const found = encryption.plan(args);
        return found.status === 'compliant' ? encryption.plan({ ...args, state: { rules: null } }) : found;
      },
    };
    await expect(matrix(hasty)).rejects.toThrow(/fails without any fault/);
  });

  it('one whose undo does something else', async () => {
    const wrong: Remediator = {
      ...encryption,
      plan: (args) => {
        const found = encryption.plan(args);
        if (found.status !== 'change') return found;
        return { ...found, changes: found.changes.map((change) => ({ ...change, undo: { calls: [change.call], restores: 'exact' as const } })) };
      },
      uses: { ...encryption.uses, undoes: encryption.uses.writes },
      equivalent: (before, after) => JSON.stringify(before) === JSON.stringify(after),
    };
    await expect(matrix(wrong)).rejects.toThrow(/the rollback fails without any fault/);
  });

  it('one that cannot tell whether it was taken back', async () => {
    await expect(matrix({ ...encryption, equivalent: () => false })).rejects.toThrow(/the rollback fails without any fault: it says unknown/);
  });
});
