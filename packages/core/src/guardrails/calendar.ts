import { environmentOf, type Window } from '../policy/policy.js';
import { iso } from './answer.js';
import { defineGuardrail } from './guardrail.js';

/** A period in which nothing is changed. */
export const freeze = defineGuardrail({
  id: 'freeze',
  needs: ['policy'],
  evaluate: ({ now, policy, resource }) => {
    const environment = environmentOf(policy, resource.account);
    const frozen = policy.freeze.find(
      (each) => each.from <= now && now < each.to && (each.environments === null || (environment !== null && each.environments.includes(environment.name))),
    );
    if (frozen === undefined) return { effect: 'allow', code: 'no-freeze', message: 'No freeze is in force.' };
    return {
      effect: 'notify',
      code: 'frozen',
      message: `Changes are frozen until ${iso(frozen.to)}: ${frozen.reason}.`,
      data: { from: iso(frozen.from), to: iso(frozen.to), reason: frozen.reason },
    };
  },
});

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Local time: the day of the week (0 is Sunday) and minutes since midnight. */
export function wallClock(now: number, timezone: string): { readonly day: number; readonly minute: number } {
  let format = formats.get(timezone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: timezone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    formats.set(timezone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(now).map(({ type, value }) => [type, value]));
  const day = DAYS.indexOf((parts['weekday'] ?? '').toLowerCase() as (typeof DAYS)[number]);
  return { day, minute: Number(parts['hour']) * 60 + Number(parts['minute']) };
}

/** Whether a window is open: by the clock on the wall, so that it keeps its hours when the clocks change. One over midnight belongs to the day it begins on. */
export function isOpen(window: Window, now: number): boolean {
  const { day, minute } = wallClock(now, window.timezone);
  const on = (which: number) => window.days === null || window.days.includes(DAYS[which] as (typeof DAYS)[number]);
  if (window.from < window.to) return on(day) && window.from <= minute && minute < window.to;
  return (on(day) && minute >= window.from) || (on((day + 6) % 7) && minute < window.to);
}

/** If there are maintenance windows, changes are made only in them. */
export const windows = defineGuardrail({
  id: 'windows',
  needs: ['policy'],
  evaluate: ({ now, policy, resource }) => {
    const environment = environmentOf(policy, resource.account);
    const mine = policy.windows.filter((each) => each.environments === null || (environment !== null && each.environments.includes(environment.name)));
    if (mine.length === 0) return { effect: 'allow', code: 'no-window', message: 'No maintenance window is configured.' };
    if (mine.some((each) => isOpen(each, now))) return { effect: 'allow', code: 'in-window', message: 'A maintenance window is open.' };
    return {
      effect: 'notify',
      code: 'outside-window',
      message: `Changes are made in maintenance windows only: ${mine.map(shown).join('; ')}. The next sweep in a window handles it.`,
    };
  },
});

const time = (minutes: number) => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
const shown = (each: Window) => `${each.days === null ? 'daily' : each.days.join(', ')} ${time(each.from)}–${time(each.to)} ${each.timezone}`;
