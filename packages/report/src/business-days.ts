// Business days in a zone, by a calendar that is given: the clock of CPS 234 paragraph 36.
import { RedressError } from '@redress/core';

/** Which days count, and where. */
export interface Calendar {
  /** Of the IANA time zone database: `Australia/Sydney`. */
  readonly zone: string;
  /** Days of the week that do not count. */
  readonly weekend: readonly Weekday[];
  /** Days that do not count besides: `2026-12-25`. */
  readonly holidays: readonly string[];
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
/** A day of the week. */
export type Weekday = (typeof WEEKDAYS)[number];

/** Monday to Friday in Sydney. Without holidays no deadline is later than it is with them. */
export const DEFAULT_CALENDAR: Calendar = { zone: 'Australia/Sydney', weekend: ['saturday', 'sunday'], holidays: [] };

const DAY = 86_400_000;

/**
 * Checks a calendar that somebody has written; a member that is left out is that of {@link DEFAULT_CALENDAR}.
 *
 * @example parseCalendar({ zone: 'Australia/Sydney', holidays: ['2026-12-25'] }, 'calendar.json')
 * @throws {RedressError} `compose/invalid` with the file and what is wrong.
 */
export function parseCalendar(input: unknown, file: string): Calendar {
  const wrong = (what: string) =>
    new RedressError('compose/invalid', `The calendar is wrong: ${what}.`, {
      place: { file },
      next: 'For example: {"zone": "Australia/Sydney", "weekend": ["saturday", "sunday"], "holidays": ["2026-12-25"]}',
    });
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw wrong('it is not an object');
  const unknown = Object.keys(input).find((key) => !['zone', 'weekend', 'holidays'].includes(key));
  if (unknown !== undefined) throw wrong(`${JSON.stringify(unknown)} is not known; allowed: zone, weekend, holidays`);
  const { zone = DEFAULT_CALENDAR.zone, weekend = DEFAULT_CALENDAR.weekend, holidays = [] } = input as Record<string, unknown>;
  if (typeof zone !== 'string' || !isZone(zone)) throw wrong(`${JSON.stringify(zone)} is not a time zone`);
  if (!Array.isArray(weekend) || !weekend.every((each) => (WEEKDAYS as readonly unknown[]).includes(each)) || new Set(weekend).size > 6)
    throw wrong(`weekend takes some of ${WEEKDAYS.join(', ')}, but not all of them`);
  const bad = Array.isArray(holidays) ? holidays.find((each) => !isDay(each)) : holidays;
  if (!Array.isArray(holidays) || bad !== undefined) throw wrong(`holidays: ${JSON.stringify(bad)} is not a date such as 2026-12-25`);
  return { zone, weekend: weekend as Weekday[], holidays: holidays as string[] };
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== null;
  } catch {
    return false;
  }
}

function isDay(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)) && new Date(value).toISOString().startsWith(value);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** To make one takes a hundred times as long as to use it. */
function formatIn(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', calendar: 'iso8601' });
  formats.set(zone, made);
  return made;
}

/** The date of a moment (epoch milliseconds) in a zone: `2026-10-01`. */
export function dayIn(zone: string, moment: number): string {
  const parts = formatIn(zone).formatToParts(moment);
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? '';
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`;
}

/** Days are counted from 1 January 1970, a Thursday. */
const numberOf = (day: string) => Date.parse(`${day}T00:00:00Z`) / DAY;
const THURSDAY = 4;
const weekdayOf = (day: number) => (((day + THURSDAY) % 7) + 7) % 7;

/** Whether a day, by its number, is a business day. */
function businessDays(calendar: Calendar): (day: number) => boolean {
  const weekend = new Set(calendar.weekend.map((each) => WEEKDAYS.indexOf(each)));
  const holidays = new Set(calendar.holidays.map(numberOf));
  return (day) => !weekend.has(weekdayOf(day)) && !holidays.has(day);
}

/** The day on which the `days`-th business day after the day of `from` (epoch milliseconds) is; what happens on that day is in time. */
export function businessDeadline(calendar: Calendar, from: number, days: number): string {
  const isBusinessDay = businessDays(calendar);
  let day = numberOf(dayIn(calendar.zone, from));
  for (let left = days; left > 0; ) if (isBusinessDay(++day)) left--;
  return new Date(day * DAY).toISOString().slice(0, 10);
}

/** Business days after the day of `from`, up to and with that of `to` (epoch milliseconds). */
export function businessDaysBetween(calendar: Calendar, from: number, to: number): number {
  const isBusinessDay = businessDays(calendar);
  let count = 0;
  const last = numberOf(dayIn(calendar.zone, to));
  for (let day = numberOf(dayIn(calendar.zone, from)); day < last; ) if (isBusinessDay(++day)) count++;
  return count;
}
