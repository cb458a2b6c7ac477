// A place that is swept: what is known at the start, and the results so far. Pure.
import type { Gap } from '../../journal.js';
import type { Remediator } from '../../remediator/define.js';
import { lastSweepOf } from '../../swept.js';
import type { SweepTarget } from '../types.js';
import { type Left, leftBefore } from './left.js';
import { type Group, groupsOf, nameOf, standingHere } from './list.js';
import type { Before } from './progress.js';
import type { Unreached } from './reach.js';
import type { Tally } from './tally.js';
import { inTurn } from './turns.js';

/** What is known of a place when its sweep begins, and stays so. */
export interface Place {
  readonly target: SweepTarget;
  readonly remediators: readonly Remediator[];
  readonly groups: readonly Group[];
  readonly before: Before;
  /** The gaps that stand here, and their names. */
  readonly stands: readonly Gap[];
  readonly standing: ReadonlySet<string>;
  readonly startedAt: number;
  /** When the round began, of which this sweep may be a part. */
  readonly began: number;
}

/** How far a sweep has come in its groups. */
export interface Round {
  /** Keys of groups that the round is through with, but for what is left of them; and of those that this sweep has been through. */
  readonly done: Set<string>;
  readonly through: Set<string>;
  /** In the groups that it is in the middle of: the resource that everything before, and it itself, was looked at. */
  readonly after: Record<string, string>;
  /** How often lists of a group did not come to their end. */
  readonly lists: Record<string, number>;
  /** Remediators whose list failed, and why. */
  readonly unlisted: Record<string, string>;
  /** The resource after which each remediator goes on, for who reads the summary. */
  readonly next: Map<string, string>;
}

/** The results of a sweep so far. */
export interface State {
  readonly tallies: Map<string, Tally>;
  left: readonly Left[];
  /** What an earlier sweep has left, and this one has seen to first. */
  readonly first: Pick<Left, 'ref' | 'remediators'>[];
  unreached: Unreached | null;
  /** Whether any list came to its end: then there is a network. */
  listed: boolean;
  stopped: boolean;
  recordedAt: number;
}

/** A place as its sweep begins; `startedAt`: epoch milliseconds. */
export function placeOf(target: SweepTarget, remediators: readonly Remediator[], before: Before, startedAt: number): Place {
  const stands = remediators.flatMap((each) => standingHere(before.stands, each, target));
  const standing = new Set(stands.map((gap) => `${gap.remediator} ${nameOf(gap.resource)}`));
  return { target, remediators, groups: groupsOf(remediators), before, stands, standing, startedAt, began: before.progress?.began ?? startedAt };
}

/** The groups that are left of this round: those that were begun first, then those that were not complete for the longest time. */
export function inOrder({ groups, before, target, startedAt }: Place, { done, after, lists }: Round): readonly Group[] {
  const age = ({ key, remediators }: Group) =>
    after[key] !== undefined || lists[key] !== undefined ? -1 : Math.min(...remediators.map(({ id }) => lastSweepOf(before.swept, id)?.complete ?? 0));
  return inTurn(
    groups.filter(({ key }) => !done.has(key)),
    age,
    `${target.account} ${target.region} ${startedAt}`,
  );
}

/** Where a round continues. */
export function roundBefore({ progress }: Before): Round {
  return {
    done: new Set(progress?.done),
    through: new Set(),
    after: { ...progress?.after },
    lists: { ...progress?.lists },
    unlisted: { ...progress?.unlisted },
    next: new Map(),
  };
}

/** No results so far. */
export function stateBefore({ target, before, remediators, startedAt }: Place): State {
  const left = leftBefore(before, target, remediators);
  return { tallies: new Map(), left, first: [], unreached: null, listed: false, stopped: false, recordedAt: startedAt };
}
