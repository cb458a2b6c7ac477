// The result of the sweep of a place, for each remediator and as a whole. Pure.
import type { JsonObject } from '../../model/json.js';
import { countOf } from '../../model/words.js';
import { lastSweepOf } from '../../swept.js';
import type { SweepSummary } from '../types.js';
import { dueOf } from './left.js';
import type { Unreached } from './reach.js';
import type { Place, Round, State } from './state.js';
import type { Tally } from './tally.js';

/** When to come back: at once where time ran out; else when all that is left can be decided on. Null: the next round is soon enough. */
export function comeBackAt({ stopped, unreached, left }: State, { lists }: Round, now: number): number | null {
  if (stopped) return now;
  return unreached === null ? dueOf(left, lists, now) : null;
}

/** A summary for each remediator, or the one of a place that could not be swept. */
export function summariesOf(place: Place, round: Round, state: State, retryAt: number | null): readonly SweepSummary[] {
  if (state.unreached !== null) return [unreachedSummary(place, state.unreached)];
  return [...state.tallies.values()].map((tally) => summaryOf(place, round, state, tally, retryAt));
}

function summaryOf(place: Place, round: Round, state: State, tally: Tally, retryAt: number | null): SweepSummary {
  const { id } = tally.remediator;
  const left = state.left.filter(({ remediators }) => remediators.some((each) => each.id === id));
  const key = place.groups.find(({ remediators }) => remediators.includes(tally.remediator))?.key ?? '';
  const through = round.done.has(key) || round.through.has(key);
  // An earlier part of the round may have asked for its list.
  const failed = round.unlisted[id];
  const unlisted = failed !== undefined || (tally.unlisted?.status === 'absent' && !state.listed) ? 'failed' : tally.unlisted?.status;
  const status = unlisted ?? (through && left.length === 0 ? 'complete' : 'stopped');
  const complete = status === 'complete' || status === 'absent';
  return {
    ...place.target,
    remediator: id,
    status,
    complete,
    ...tally.counts,
    left: left.length,
    retryAt: complete ? null : retryAt,
    lastComplete: complete ? place.began : (lastSweepOf(place.before.swept, id)?.complete ?? null),
    next: through ? null : (round.next.get(id) ?? null),
    message: tally.unlisted?.message ?? failed ?? saying(tally, through ? left.length : null),
    record: null,
  };
}

function unreachedSummary({ target, began }: Place, { status, message }: Unreached): SweepSummary {
  const none = { looked: 0, outcomes: {}, left: 0, retryable: 0, errors: 0, unread: 0, retryAt: null, next: null, record: null };
  const complete = status === 'absent';
  return { ...target, remediator: '*', status, complete, ...none, lastComplete: complete ? began : null, message };
}

/** The record of the place: its status, a message, and the result of each remediator. */
export function recordedOf(summaries: readonly SweepSummary[], unreached: Unreached | null) {
  const status = unreached?.status ?? worst(summaries);
  const looked = summaries.reduce((sum, each) => sum + each.looked, 0);
  const message = unreached?.message ?? `${looked} checked by ${countOf(summaries.length, 'remediator')}${status === 'complete' ? '' : ', not all'}.`;
  const own = (each: SweepSummary): readonly [string, JsonObject] => {
    const { status: of, looked: count, outcomes, retryable, errors, unread, left, message: said } = each;
    return [each.remediator, { status: of, looked: count, outcomes: { ...outcomes }, retryable, errors, unread, left, message: said }];
  };
  return { status, message, remediators: Object.fromEntries(summaries.map(own)) };
}

function worst(summaries: readonly SweepSummary[]): SweepSummary['status'] {
  return (['failed', 'stopped', 'complete', 'absent'] as const).find((status) => summaries.some((each) => each.status === status)) ?? 'complete';
}

/** @param left of what it has been through; null: it has not. */
function saying({ looked, unread }: Tally, left: number | null): string {
  if (left === null) return 'Its time ran out; the next sweep resumes from there.';
  if (looked === 0 && left === 0) return 'Nothing to check.';
  const but = [...(unread === 0 ? [] : [`of which ${unread} could not be read`]), ...(left === 0 ? [] : [`of which ${left} are left`])];
  return `${[`${looked} checked`, ...but].join(', ')}.`;
}
