import { describe, expect, it } from 'vitest';
import { ACCOUNT, facts } from '../internal/testing/facts.js';
import { definePolicy, type Window } from '../policy/policy.js';
import { freeze, isOpen, wallClock, windows } from './calendar.js';
import { known } from './guardrail.js';

const at = (iso: string) => Date.parse(iso);
const window = (over: Partial<Window> = {}): Window => ({ environments: null, days: null, from: 22 * 60, to: 4 * 60, timezone: 'Australia/Sydney', ...over });
const policy = (extra: object) =>
  known(
    definePolicy({
      version: 1,
      environments: { dev: { accounts: [ACCOUNT] }, prod: { accounts: ['333333333333'], after: 'none', because: 'a test' } },
      remediators: { 'ec2-revoke-sg-open-ssh': { dev: 'enforce' } },
      ...extra,
    }),
  );

describe('the local time', () => {
  it.each([
    ['2026-11-24T10:00:00Z', 'UTC', { day: 2, minute: 600 }],
    ['2026-11-24T10:00:00Z', 'Australia/Sydney', { day: 2, minute: 21 * 60 }],
    // Winter time there: an hour less.
    ['2026-06-24T10:00:00Z', 'Australia/Sydney', { day: 3, minute: 20 * 60 }],
    ['2026-11-24T00:00:00Z', 'America/New_York', { day: 1, minute: 19 * 60 }],
    ['2026-11-24T13:00:00Z', 'Australia/Sydney', { day: 3, minute: 0 }],
    ['2026-11-24T00:00:00Z', 'Asia/Kolkata', { day: 2, minute: 330 }],
  ])('%s in %s', (iso, timezone, shown) => {
    expect(wallClock(at(iso), timezone)).toEqual(shown);
  });
});

describe('a window', () => {
  it.each([
    // 22:00–04:00 in Sydney, in summer UTC+11
    ['its first minute', '2026-11-24T11:00:00Z', {}, true],
    ['the minute before', '2026-11-24T10:59:59Z', {}, false],
    ['its last moment', '2026-11-24T16:59:59Z', {}, true],
    ['its end', '2026-11-24T17:00:00Z', {}, false],
    // By the wall in winter too: UTC+10
    ['its first minute in winter', '2026-06-24T12:00:00Z', {}, true],
    ['what would be its first minute without the change of clocks', '2026-06-24T11:00:00Z', {}, false],
    // It belongs to the day it begins on: Tuesday the 24th, 22:00, to Wednesday, 04:00.
    ['Tuesday night on a Tuesday', '2026-11-24T12:00:00Z', { days: ['tue'] }, true],
    ['Tuesday night after midnight', '2026-11-24T16:00:00Z', { days: ['tue'] }, true],
    ['Tuesday before 04:00, which is Monday night', '2026-11-23T16:00:00Z', { days: ['tue'] }, false],
    ['Sunday night after midnight', '2026-11-22T16:00:00Z', { days: ['sun'] }, true],
    ['a window within a day', '2026-11-24T10:00:00Z', { from: 600, to: 601, timezone: 'UTC' }, true],
    ['after it', '2026-11-24T10:01:00Z', { from: 600, to: 601, timezone: 'UTC' }, false],
    ['before it', '2026-11-24T09:59:00Z', { from: 600, to: 601, timezone: 'UTC' }, false],
    ['on another day', '2026-11-24T10:00:00Z', { from: 600, to: 601, timezone: 'UTC', days: ['mon', 'wed'] }, false],
  ] as const)('%s', (_name, iso, over, open) => {
    expect(isOpen(window(over as Partial<Window>), at(iso))).toBe(open);
  });

  it('in the hour that does not exist, and in the one that exists twice, follows the local time', () => {
    // Berlin: 2026-03-29 02:00 → 03:00; 2026-10-25 03:00 → 02:00.
    const night = window({ from: 120, to: 180, timezone: 'Europe/Berlin' });
    const open = (iso: string) => isOpen(night, at(iso));
    expect([open('2026-03-29T00:59:00Z'), open('2026-03-29T01:00:00Z')]).toEqual([false, false]);
    expect([open('2026-10-25T00:30:00Z'), open('2026-10-25T01:30:00Z'), open('2026-10-25T02:00:00Z')]).toEqual([true, true, false]);
  });
});

describe('the guardrails', () => {
  const asked = (extra: object, now: string) => windows.evaluate(facts({ now: at(now), policy: policy(extra) }));
  const night = { from: '22:00', to: '04:00', timezone: 'UTC' };
  it.each([
    ['without windows', {}, 'allow', 'no-window'],
    ['in a window', { windows: [night] }, 'allow', 'in-window'],
    ['in one of several', { windows: [{ from: '01:00', to: '02:00', timezone: 'UTC' }, night] }, 'allow', 'in-window'],
    ['outside of its windows', { windows: [{ from: '01:00', to: '02:00', timezone: 'UTC' }] }, 'notify', 'outside-window'],
    ['in a window of another environment', { windows: [{ ...night, environments: ['prod'] }] }, 'allow', 'no-window'],
    [
      'with a window for each environment',
      {
        windows: [
          { ...night, environments: ['prod'] },
          { from: '01:00', to: '02:00', timezone: 'UTC', environments: ['dev'] },
        ],
      },
      'notify',
      'outside-window',
    ],
  ])('%s', (_name, extra, effect, code) => {
    expect(asked(extra, '2026-11-24T23:00:00Z')).toMatchObject({ effect, code });
  });

  it('report when they end', () => {
    const said = windows.evaluate(
      facts({
        now: at('2026-11-24T12:00:00Z'),
        policy: policy({
          windows: [
            { from: '22:05', to: '04:00', timezone: 'UTC' },
            { days: ['mon', 'tue'], from: '00:30', to: '09:00', timezone: 'Europe/Berlin' },
          ],
        }),
      }),
    ).message;
    expect(said).toContain('daily 22:05–04:00 UTC; mon, tue 00:30–09:00 Europe/Berlin');
  });

  it('apply a freeze at its moments, in whatever time zone they are written', () => {
    const frozen = (now: string) =>
      freeze.evaluate(
        facts({ now: at(now), policy: policy({ freeze: [{ from: '2026-12-20T00:00:00+11:00', to: '2027-01-05T00:00:00+11:00', reason: 'year end' }] }) }),
      ).effect;
    expect(['2026-12-19T12:59:59Z', '2026-12-19T13:00:00Z', '2027-01-04T12:59:59Z', '2027-01-04T13:00:00Z'].map(frozen)).toEqual([
      'allow',
      'notify',
      'notify',
      'allow',
    ]);
  });
});
