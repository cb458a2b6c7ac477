// What records of sweeps come to, one after the other.
import { describe, expect, it } from 'vitest';
import type { JsonObject } from './model/json.js';
import { lastSweepOf, NEVER_SWEPT, type Swept, sweptAfter } from './swept.js';

const at = (minute: number) => Date.parse('2026-11-24T10:00:00Z') + minute * 60_000;
const record = (minute: number, sweep: unknown, over: object = {}) => ({
  kind: 'sweep' as const,
  remediator: 'redress-sweep',
  time: new Date(at(minute)).toISOString(),
  body: { sweep } as JsonObject,
  ...over,
});
const after = (before: Swept | null, ...records: ReturnType<typeof record>[]) => records.reduce<Swept | null>(sweptAfter, before);
const of = (remediators: Record<string, string>) => Object.fromEntries(Object.entries(remediators).map(([id, status]) => [id, { status }]));

describe('the result of the sweeps of a place', () => {
  it('is not changed by other records', () => {
    expect(after(NEVER_SWEPT, record(1, null), record(1, { began: at(1) }, { kind: 'decision' }), record(1, 'x'))).toBe(NEVER_SWEPT);
    expect(after(null, record(1, null))).toBeNull();
  });
  it('is complete if a service is absent: nothing can exist there', () => {
    const swept = after(NEVER_SWEPT, record(5, { began: at(1), remediators: of({ one: 'absent', two: 'complete', three: 'failed' }) })) as Swept;
    expect(['one', 'two', 'three', 'four'].map((id) => lastSweepOf(swept, id))).toEqual([
      { time: at(5), complete: at(1) },
      { time: at(5), complete: at(1) },
      { time: at(5), complete: null },
      null,
    ]);
  });
  it('is complete for all if the region is absent, and stays so for each that swept it before or after', () => {
    const absent = record(15, { began: at(11), remediators: of({ '*': 'absent' }) });
    const swept = after(NEVER_SWEPT, record(5, { began: at(1), remediators: of({ one: 'complete' }) }), absent) as Swept;
    expect([lastSweepOf(swept, 'one'), lastSweepOf(swept, 'two')]).toEqual([
      { time: at(15), complete: at(11) },
      { time: at(15), complete: at(11) },
    ]);
    const later = after(swept, record(25, { began: at(21), remediators: of({ one: 'complete', two: 'stopped' }) })) as Swept;
    expect([lastSweepOf(later, 'one'), lastSweepOf(later, 'two')]).toEqual([
      { time: at(25), complete: at(21) },
      { time: at(25), complete: at(11) },
    ]);
    const denied = after(NEVER_SWEPT, record(5, { began: at(1), remediators: of({ '*': 'failed' }) })) as Swept;
    expect(lastSweepOf(denied, 'one')).toEqual({ time: at(5), complete: null });
  });
  it('keeps the newest eight requested rounds until they have ended', () => {
    const asked = (id: string, next: unknown, minute = 1) => record(minute, { asked: [id], began: at(0), remediators: {}, next });
    const many = after(
      NEVER_SWEPT,
      ...Array.from({ length: 9 }, (_, n) => asked(`r-${n}`, { after: n })),
      asked('r-3', { after: 'b' }),
      asked('r-5', null),
    ) as Swept;
    expect(many.rounds.map((each) => [each.asked, (each.next as JsonObject)['after']])).toEqual([
      ['r-1', 1],
      ['r-2', 2],
      ['r-4', 4],
      ['r-6', 6],
      ['r-7', 7],
      ['r-8', 8],
      ['r-3', 'b'],
    ]);
  });
  it('is unknown after records of an earlier version, until one has their result', () => {
    const own = { began: at(7), asked: ['one'], remediators: of({ one: 'stopped' }), next: { after: 'a' } };
    expect(after(null, record(9, own))).toBeNull();
    expect(after(null, record(9, { ...own, before: { time: 1 } }))).toBeNull();
    const before = { time: at(5), lasts: { one: { time: at(5), complete: at(1) } }, rounds: [] };
    expect(after(null, record(9, { ...own, before }))).toEqual({
      time: at(9),
      lasts: { one: { time: at(9), complete: at(1) } },
      rounds: [{ asked: 'one', next: { after: 'a' } }],
    });
    // Who knows believes what it knows.
    expect(after(NEVER_SWEPT, record(9, { ...own, before }))?.lasts).toEqual({ one: { time: at(9), complete: null } });
  });
});
