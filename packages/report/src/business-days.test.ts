import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { businessDaysBetween, businessDeadline, type Calendar, DEFAULT_CALENDAR, dayIn, parseCalendar } from './business-days.js';

const sydney = (holidays: string[] = []): Calendar => ({ ...DEFAULT_CALENDAR, holidays });
const at = (time: string) => Date.parse(time);

describe('business days', () => {
  it('are counted from the next day, in the time zone', () => {
    // A Wednesday in Sydney.
    expect(businessDeadline(sydney(), at('2026-09-16T00:00:00Z'), 10)).toBe('2026-09-30');
    // Late on Tuesday in UTC it is Wednesday in Sydney.
    expect(businessDeadline(sydney(), at('2026-09-15T15:00:00Z'), 10)).toBe('2026-09-30');
    expect(businessDeadline({ ...sydney(), zone: 'UTC' }, at('2026-09-15T15:00:00Z'), 10)).toBe('2026-09-29');
    // Found on a Saturday, the first is Monday.
    expect(businessDeadline(sydney(), at('2026-09-19T02:00:00Z'), 1)).toBe('2026-09-21');
    expect(businessDeadline(sydney(['2026-09-21']), at('2026-09-19T02:00:00Z'), 1)).toBe('2026-09-22');
  });

  it('continue over a change of the clock and of the year', () => {
    // Daylight saving begins on 4 October 2026.
    expect(businessDeadline(sydney(), at('2026-10-02T13:30:00Z'), 1)).toBe('2026-10-05');
    expect(dayIn('Australia/Sydney', at('2026-10-03T13:30:00Z'))).toBe('2026-10-03');
    expect(dayIn('Australia/Sydney', at('2026-10-04T13:30:00Z'))).toBe('2026-10-05');
    expect(businessDeadline(sydney(['2026-12-25', '2026-12-28', '2027-01-01']), at('2026-12-23T02:00:00Z'), 10)).toBe('2027-01-11');
  });

  it('holidays never shorten a deadline, which has the requested number of business days', () => {
    const day = fc.integer({ min: 0, max: 400 }).map((n) => new Date(at('2026-01-01T00:00:00Z') + n * 86_400_000).toISOString().slice(0, 10));
    fc.assert(
      fc.property(fc.array(day, { maxLength: 20 }), fc.integer({ min: 0, max: 300 * 86_400_000 }), fc.integer({ min: 1, max: 15 }), (holidays, after, days) => {
        const from = at('2026-01-01T00:00:00Z') + after;
        const [without, with_] = [businessDeadline(sydney(), from, days), businessDeadline(sydney(holidays), from, days)];
        expect(with_ >= without).toBe(true);
        // Noon in Sydney of that day.
        expect(businessDaysBetween(sydney(holidays), from, at(`${with_}T02:00:00Z`))).toBe(days);
      }),
    );
  });

  it.each([
    [[], 'not an object'],
    [{ zone: 'Sydney' }, '"Sydney" is not a time zone'],
    [{ weekend: ['sat'] }, 'weekend takes some of'],
    [{ weekend: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] }, 'but not all'],
    [{ holidays: ['2026-02-30'] }, '"2026-02-30" is not a date'],
    [{ holidays: '2026-12-25' }, 'is not a date'],
    [{ holiday: [] }, '"holiday" is not known; allowed: zone, weekend, holidays'],
    [null, 'not an object'],
    ['Australia/Sydney', 'not an object'],
    [{ zone: 5 }, '5 is not a time zone'],
    [{ weekend: 'saturday' }, 'weekend takes some of'],
    [{ weekend: ['saturday', 'sat'] }, 'weekend takes some of'],
    ...['25.12.2026', '2026-12-25T00:00:00Z', 'x2026-12-25', '2026-1-25', '2026-12-5', '26-12-25', '2026-ab-25', '2026-13-01'].map((day): [object, string] => [
      { holidays: [day] },
      `${JSON.stringify(day)} is not a date`,
    ]),
    [{ holidays: ['2026-12-25', 20261228] }, '20261228 is not a date'],
  ])('invalid calendar %# is refused with its file', (input, message) => {
    expect(() => parseCalendar(input, 'calendar.json')).toThrow(
      expect.objectContaining({
        code: 'compose/invalid',
        message: expect.stringMatching(/^The calendar is wrong: /),
        place: expect.objectContaining({ file: 'calendar.json' }),
        next: expect.stringContaining('"zone"'),
      }),
    );
    expect(() => parseCalendar(input, 'calendar.json')).toThrow(message);
  });

  it('a calendar has the given values, and defaults for the rest', () => {
    expect(parseCalendar({}, 'calendar.json')).toEqual(DEFAULT_CALENDAR);
    const weekend = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday'];
    expect(parseCalendar({ zone: 'Asia/Kolkata', weekend, holidays: ['2028-02-29'] }, 'c')).toEqual({
      zone: 'Asia/Kolkata',
      weekend,
      holidays: ['2028-02-29'],
    });
    expect(parseCalendar({ weekend: [] }, 'c').weekend).toEqual([]);
  });
});
