// How long it took, and what happened in each week.
import { type HistoryEntry, objectOf, text } from './entries.js';

/** Milliseconds; null: no record says. */
export interface Times {
  /** From when the event says that it happened, to the first record. */
  readonly detect: number | null;
  /** From the first record to the begin of the execution: waiting for a person is in it. */
  readonly decide: number;
  /** From when it happened, or was first recorded, to the read that found it closed. */
  readonly close: number;
}

/** Times of a fix. */
export function timesOf({ trigger, askedBy, recordedAt, time, closed }: Pick<HistoryEntry, 'trigger' | 'askedBy' | 'recordedAt' | 'time' | 'closed'>): Times {
  const happened = [trigger, askedBy].map((each) => text(objectOf(each)?.['observedAt'])).find((each) => each !== null);
  const first = Date.parse(recordedAt ?? time);
  const began = happened == null || Number.isNaN(Date.parse(happened)) ? null : Math.min(Date.parse(happened), first);
  return {
    // An event that was seen after the gap was known says nothing of when it came to be.
    detect: began === null || (recordedAt !== null && askedBy === null) ? null : first - began,
    decide: Math.max(0, Date.parse(time) - first),
    close: Math.max(0, Date.parse(closed ?? time) - (began ?? first)),
  };
}

/** The smallest value that a share of them does not exceed (nearest rank); null of none. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

const DAY = 86_400_000;

/** The Monday, in UTC, of the week of a moment: `2026-09-28`. */
export function weekOf(time: number): string {
  const day = new Date(time).getUTCDay();
  return new Date(time - ((day + 6) % 7) * DAY).toISOString().slice(0, 10);
}

/** The Mondays of all weeks that a period touches. */
export function weeksBetween(from: number, to: number): readonly string[] {
  const weeks: string[] = [];
  for (let week = Date.parse(weekOf(from)); week < to; week += 7 * DAY) weeks.push(new Date(week).toISOString().slice(0, 10));
  return weeks;
}

/** A time for people, two units at most: `3 h 20 min`. */
export function durationText(milliseconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [DAY, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ];
  const at = units.findIndex(([size]) => milliseconds >= size);
  if (at < 0) return milliseconds === 0 ? '0 s' : '< 1 s';
  let left = milliseconds;
  return units
    .slice(at, at + 2)
    .flatMap(([size, name]) => {
      const count = Math.floor(left / size);
      left -= count * size;
      return count === 0 ? [] : [`${count} ${name}`];
    })
    .join(' ');
}
