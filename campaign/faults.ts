// The fault matrix of every remediator that writes.
import type { Remediator } from '@redress/core';
import { FAULTS, type FaultName, type FaultOptions, type FaultReport, faultMatrix } from '@redress/testing';
import { makers, writing } from './world.ts';

/** The results of the matrices. */
export interface FaultsReport extends Omit<FaultReport, 'kinds' | 'broken'> {
  readonly remediators: number;
  readonly kinds: Readonly<Record<string, { readonly means: string; readonly injected: number; readonly survived: number }>>;
  readonly broken: readonly (FaultReport['broken'][number] & { readonly remediator: string })[];
}

/** Runs all of them, or those `of` some remediators. `every` only runs each n-th injection. */
export async function faultMatrices({
  of = writing,
  ...options
}: Pick<FaultOptions, 'every' | 'engine'> & { readonly of?: readonly Remediator[] } = {}): Promise<FaultsReport> {
  const kinds: Record<string, { means: string; injected: number; survived: number }> = {};
  const broken: FaultsReport['broken'][number][] = [];
  let [injected, survived] = [0, 0];
  for (const remediator of of) {
    const make = makers[remediator.id];
    if (make === undefined) throw new Error(`There is no gap for ${remediator.id}: the matrix has to know one for each remediator that writes.`);
    const report = await faultMatrix(remediator, { ...options, arrange: (account) => make(account, 'subject') });
    injected += report.injected;
    survived += report.survived;
    for (const [kind, { injected: more, survived: well }] of Object.entries(report.kinds)) {
      const entry = kinds[kind] ?? { means: FAULTS[kind as FaultName], injected: 0, survived: 0 };
      kinds[kind] = entry;
      entry.injected += more;
      entry.survived += well;
    }
    broken.push(...report.broken.map((each) => ({ remediator: remediator.id, ...each })));
  }
  return { remediators: of.length, injected, survived, kinds, broken };
}
