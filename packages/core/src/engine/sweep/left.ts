// What was found and not decided on: what happens to it, and when it is retried. Pure.
import { RedressError } from '../../model/errors.js';
import { partitionOf, type ResourceRef, resource } from '../../model/resource.js';
import type { Remediator } from '../../remediator/define.js';
import { isUnread, type PassResult, type SweepTarget } from '../types.js';
import { type Candidate, nameOf } from './list.js';
import { type Before, type LeftOver, TRIES } from './progress.js';

/** What failed, and may not the next time, is tried again after so long; milliseconds. */
const [AGAIN, AGAIN_FAILED] = [5000, 60_000];

/** A resource that was found and not decided on so far. */
export interface Left {
  readonly ref: ResourceRef;
  readonly remediators: readonly Remediator[];
  readonly seenAt: number;
  readonly due: number;
  readonly tries: number;
  /** Passes of the last try that did not decide, of the first of its remediators; null: it failed. */
  readonly last: readonly PassResult[] | null;
  /** Whether this sweep comes back to it. */
  readonly waits: boolean;
  /** Whether this sweep has already read it. */
  readonly counted: boolean;
}

/** A resource whose turn it is. */
export type Turn = Pick<Left, 'ref' | 'remediators' | 'seenAt' | 'tries' | 'counted'>;

/** What is left of a resource after the passes of a remediator (null: they failed); null if it was decided on. */
export function leftOf(before: Omit<Turn, 'counted'>, passes: readonly PassResult[] | null, now: number): Left | null {
  const { ref, remediators, seenAt } = before;
  const of = { ref, remediators, seenAt, tries: before.tries + 1, counted: true };
  const open = passes?.filter((pass) => pass.outcome === 'busy' || (pass.retryable && isUnread(pass))) ?? null;
  if (open?.length === 0) return null;
  // What is wrong with a bug, or a stream, is not another thing a moment later.
  if (open === null) return { ...of, due: now + AGAIN_FAILED, last: null, waits: false };
  const due = Math.max(...open.map(({ outcome, retryAt }) => retryAt ?? (outcome === 'busy' ? now : now + AGAIN)));
  return { ...of, due, last: open, waits: of.tries < TRIES };
}

/** What this sweep returns to next: the resource that can be decided on first. */
export function nextOf(left: readonly Left[], isMeant: (each: Left) => boolean): Left | undefined {
  return left.filter((each) => each.waits && isMeant(each)).sort((a, b) => a.due - b.due)[0];
}

/** When all that is left can be decided on, at the earliest; null: the next round is soon enough. `lists`: how often those of a group did not end. */
export function dueOf(left: readonly Left[], lists: Readonly<Record<string, number>>, now: number): number | null {
  const listed = Object.values(lists).some((tries) => tries < TRIES) ? [now + AGAIN_FAILED] : [];
  const due = [...left.filter(({ tries }) => tries < TRIES).map((each) => Math.max(now, each.due)), ...listed];
  return due.length === 0 ? null : Math.max(...due);
}

/** As it is recorded. */
export function leftOver({ ref: { type, id, region }, remediators, seenAt, due, tries }: Left): LeftOver {
  return { type, id, region, remediators: remediators.map((each) => each.id), seenAt, due, tries };
}

/** What was left in a place, according to the journal, if its remediators still exist. */
export function leftBefore({ progress, overdue }: Before, { account, region: here }: SweepTarget, installed: readonly Remediator[]): Left[] {
  const all = [...(progress?.left ?? []), ...overdue.map((each) => ({ ...each, tries: 0, due: 0 }))];
  return all.flatMap(({ remediators: ids, type, id, region, ...rest }): Left[] => {
    const remediators = installed.filter((each) => ids.includes(each.id)).sort((a, b) => a.breadth - b.breadth);
    if (remediators.length === 0) return [];
    try {
      return [{ ...rest, ref: resource({ type, id, region, account, partition: partitionOf(here) }), remediators, last: [], waits: true, counted: false }];
    } catch (error) {
      if (error instanceof RedressError) return [];
      throw error;
    }
  });
}

/** Candidates without those that were handled before, or are waiting: separately for each remediator. */
export function untaken(candidates: readonly Candidate[], taken: readonly Pick<Left, 'ref' | 'remediators'>[]): readonly Candidate[] {
  const names = new Set(taken.flatMap(({ ref, remediators }) => remediators.map(({ id }) => `${id} ${nameOf(ref)}`)));
  return candidates
    .map((each) => ({ ...each, remediators: each.remediators.filter(({ id }) => !names.has(`${id} ${each.name}`)) }))
    .filter(({ remediators }) => remediators.length > 0);
}
