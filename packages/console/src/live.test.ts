// The journal as it is now, over sources that a test makes.
import { resource, type StoredRecord } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { DEFAULT_CALENDAR, EVERYTHING, RECORDS_ALONE } from '@redress/report';
import { describe, expect, it } from 'vitest';
import { LiveJournal } from './live.js';
import type { Knowledge, RecordSource } from './ports.js';

const knowledge: Knowledge = {
  journal: '.redress',
  ...{ around: RECORDS_ALONE, environments: null, remediators: [], exceptions: [], calendar: DEFAULT_CALENDAR },
  closedWithin: () => null,
  inputs: [],
};
const START = Date.parse('2026-11-24T10:00:00Z');

/** A journal in memory, and a source that gives what a test puts there. */
function world() {
  let now = START;
  const journal = memoryJournal({ clock: { now: () => now } });
  let next: (unread: Parameters<RecordSource['changed']>[0]) => AsyncIterable<StoredRecord> | Iterable<StoredRecord> = () => [];
  const live = new LiveJournal({ every: 1_000, changed: (unread) => next(unread) }, knowledge, () => now);
  const of = (id: string) => resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' });
  return {
    live,
    gap: (id: string, gap: object, outcome = 'notified') =>
      journal.append({
        kind: 'decision',
        resource: of(id),
        remediator: 'r',
        body: { outcome, message: 'public', gap: { state: 's', subjects: [], ...gap } } as never,
      }),
    give: (give: typeof next) => {
      next = give;
    },
    all: () => journal.read({ all: true }),
    one: (id: string) => journal.read({ resource: of(id) }),
    later: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

describe('the current journal', () => {
  it('has a new version only when something was recorded, and then notifies its listeners', async () => {
    const { live, gap, give, all, one } = world();
    const heard: number[] = [];
    const off = live.onChange((version) => heard.push(version));
    await gap('a', { key: 'g-1' });
    await gap('b', { key: 'g-2' });
    give(all);
    expect([await live.refresh(), live.version, live.streams, live.records]).toEqual([true, 1, 2, 2]);
    // Given once more, as by a journal that was read again, nothing of it is new.
    expect([await live.refresh(), live.version]).toEqual([false, 1]);
    await gap('a', { over: ['g-1'] }, 'no-op');
    give(() => one('a'));
    expect([await live.refresh(), live.version, live.records]).toEqual([true, 2, 3]);
    expect(live.index.count(EVERYTHING)).toBe(3);
    expect(live.gaps().gaps.map(({ resource: of }) => of)).toEqual([expect.stringContaining('b')]);
    off();
    await gap('a', { key: 'g-3' });
    expect(await live.refresh()).toBe(true);
    expect(heard).toEqual([1, 2]);
    expect(live.gaps().gaps).toHaveLength(2);
    live.close();
  });

  it('shows the current age of what is open', async () => {
    const { live, gap, give, all, later } = world();
    await gap('a', { key: 'g-1' });
    give(all);
    await live.refresh();
    expect(live.gaps().gaps[0]?.ageDays).toBe(0);
    later(3 * 86_400_000);
    expect(live.gaps().gaps[0]?.ageDays).toBe(2);
    later(60_000);
    expect(live.gaps().gaps[0]?.ageDays).toBe(3);
    live.close();
  });

  it('keeps what could not be read until it can be', async () => {
    const { live, gap, give, all, one } = world();
    await gap('a', { key: 'g-1' });
    let stream = '';
    for await (const each of all()) stream = each.stream;
    give((unread) => {
      unread('half of it is missing', stream);
      return [];
    });
    expect([await live.refresh(), live.unread]).toEqual([true, ['half of it is missing']]);
    give(() => []);
    expect([await live.refresh(), live.unread]).toEqual([false, ['half of it is missing']]);
    give(() => one('a'));
    expect([await live.refresh(), live.unread]).toEqual([true, []]);
    // Where the source itself fails, that is said until it does not.
    give(() => {
      throw new Error('the table is not there');
    });
    expect([await live.refresh(), live.unread, live.index.count(EVERYTHING)]).toEqual([true, ['the table is not there'], 1]);
    give(() => []);
    expect([await live.refresh(), live.unread]).toEqual([true, []]);
    live.close();
  });

  it('is read once at a time', async () => {
    const { live, gap, give, all } = world();
    await gap('a', { key: 'g-1' });
    let calls = 0;
    give(() => {
      calls++;
      return all();
    });
    expect(await Promise.all([live.refresh(), live.refresh(), live.refresh()])).toEqual([true, true, true]);
    expect(calls).toBe(1);
    live.close();
  });
});
