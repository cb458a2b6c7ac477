/**
 * What every journal has to do: a vitest suite for implementations of the port.
 *
 * @packageDocumentation
 */
import { type Clock, type Digest, digestOf, type Journal, type ResourceRef, resource, type StoredRecord } from '@redress/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** A journal under test. */
export interface JournalUnderTest {
  readonly journal: Journal;
  /** The same store, as another process would open it; absent for stores that end with the process. */
  reopen?(): Promise<Journal>;
  cleanup(): Promise<void>;
}

/**
 * Describes a journal.
 *
 * @example describeJournal('memory', async (clock) => ({ journal: memoryJournal({ clock }), cleanup: async () => {} }));
 */
export function describeJournal(name: string, make: (clock: Pick<Clock, 'now'>) => Promise<JournalUnderTest>): void {
  describe(`the journal contract: ${name}`, () => {
    let under: JournalUnderTest;
    let journal: Journal;
    let time = Date.parse('2026-11-24T10:00:00Z');
    const plan = digestOf({ plan: 1 });
    const ref = (id = 'a'): ResourceRef => resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' });
    const begin = async (id = 'a', over: Partial<Parameters<Journal['begin']>[0]> = {}) => {
      const { generation } = await journal.view(ref(id));
      return journal.begin({
        resource: ref(id),
        remediator: 'test-fix',
        planDigest: plan,
        generation,
        budgets: [],
        lease: 60_000,
        body: { why: 'test' },
        documents: { before: { a: 1 } },
        ...over,
      });
    };
    const begun = async (id = 'a', over: Partial<Parameters<Journal['begin']>[0]> = {}) => {
      const result = await begin(id, over);
      if (result.status !== 'begun') throw new Error(`It did not begin: ${result.status}`);
      return result.lease;
    };
    const finish = (lease: Awaited<ReturnType<typeof begun>>, over: Partial<Parameters<Journal['finish']>[0]> = {}) =>
      journal.finish({ resource: ref(), remediator: 'test-fix', lease, outcome: 'remediated', sent: 1, body: {}, ...over });
    const all = async (query: Parameters<Journal['read']>[0] = { all: true }, from = journal) => {
      const found: StoredRecord[] = [];
      for await (const each of from.read(query)) found.push(each);
      return found;
    };

    beforeEach(async () => {
      time = Date.parse('2026-11-24T10:00:00Z');
      under = await make({ now: () => time });
      journal = under.journal;
    });
    afterEach(() => under.cleanup());

    it('keeps an execution as a chain of records with their documents', async () => {
      const lease = await begun();
      await journal.append({ kind: 'call', lease, resource: ref(), remediator: 'test-fix', body: { call: { requestId: 'r-1' } } });
      await finish(lease, { documents: { after: { a: 2 } } });
      const records = await all();
      expect(records.map((each) => [each.record.seq, each.record.kind, each.record.execution])).toEqual([
        [1, 'intent', lease.execution],
        [2, 'call', lease.execution],
        [3, 'outcome', lease.execution],
      ]);
      expect(records.map((each) => each.record.prev)).toEqual([null, records[0]?.digest, records[1]?.digest]);
      expect(records[0]?.documents).toEqual({ before: { a: 1 } });
      expect(records[2]?.documents).toEqual({ after: { a: 2 } });
    });

    it('shows in the view what happened', async () => {
      expect(await journal.view(ref())).toMatchObject({ length: 0, generation: 0, open: null, closed: [], holds: [] });
      const lease = await begun('a', { body: { subjects: ['one', 'two'] } });
      expect(await journal.view(ref())).toMatchObject({
        length: 1,
        generation: 0,
        open: { execution: lease.execution, planDigest: plan, subjects: ['one', 'two'], leaseUntil: time + 60_000 },
      });
      time += 1000;
      await finish(lease, { hold: { until: time + 5, owner: 'ops' } });
      expect(await journal.view(ref())).toMatchObject({
        generation: 1,
        open: null,
        closed: [{ execution: lease.execution, subjects: ['one', 'two'], outcome: 'remediated', sent: 1, closedAt: time }],
        holds: [{ remediator: 'test-fix', owner: 'ops', until: time + 5 }],
      });
    });

    it('lets exactly one of fifty begin', async () => {
      const results = await Promise.all(Array.from({ length: 50 }, () => begin()));
      expect(results.filter((each) => each.status === 'begun')).toHaveLength(1);
      expect(results.filter((each) => each.status === 'busy')).toHaveLength(49);
      expect(await all()).toHaveLength(1);
    });

    it('refuses to begin on an observation from before an execution was closed', async () => {
      await finish(await begun());
      expect(await begin('a', { generation: 0 })).toEqual({ status: 'stale', generation: 1 });
      expect(await all()).toHaveLength(2);
    });

    it('never lets a budget be exceeded, also at once', async () => {
      const budgets = [{ key: 'account=111111111111', changes: 5, window: 3_600_000 }];
      const results = await Promise.all(Array.from({ length: 32 }, (_, index) => begin(`r-${index}`, { budgets })));
      expect(results.filter((each) => each.status === 'begun')).toHaveLength(5);
      expect(results.filter((each) => each.status === 'over-budget')).toHaveLength(27);
      time += 3_600_001;
      expect((await begin('later', { budgets })).status).toBe('begun');
    });

    it('gives a budget back when nothing was sent, and keeps it when something was', async () => {
      const budgets = [{ key: 'k', changes: 1, window: 3_600_000 }];
      await finish(await begun('a', { budgets }), { sent: 0, outcome: 'failed' });
      await finish(await begun('a', { budgets }), { sent: 1 });
      expect(await begin('a', { budgets })).toMatchObject({ status: 'over-budget', used: 1 });
    });

    it('does not count what has another key', async () => {
      await begun('a', { budgets: [{ key: 'x', changes: 1, window: 1000 }] });
      expect((await begin('b', { budgets: [{ key: 'y', changes: 1, window: 1000 }] })).status).toBe('begun');
    });

    it('lets nobody take over before the lease has run out, and an old holder nothing afterwards', async () => {
      const old = await begun();
      expect((await begin('a', { resume: old.execution })).status).toBe('busy');
      time += 60_001;
      const lease = await begun('a', { resume: old.execution });
      expect(lease.execution).toBe(old.execution);
      expect(lease.fence).toBeGreaterThan(old.fence);
      await expect(finish(old)).rejects.toMatchObject({ code: 'journal/lost-lease' });
      await expect(journal.append({ kind: 'call', lease: old, resource: ref(), remediator: 'test-fix', body: {} })).rejects.toMatchObject({
        code: 'journal/lost-lease',
      });
      await finish(lease);
      await expect(finish(lease)).rejects.toMatchObject({ code: 'journal/lost-lease' });
      expect(await journal.open()).toEqual([]);
    });

    it('lets only one of twenty take over', async () => {
      const old = await begun();
      time += 60_001;
      const results = await Promise.all(Array.from({ length: 20 }, () => begin('a', { resume: old.execution })));
      expect(results.filter((each) => each.status === 'begun')).toHaveLength(1);
    });

    it('does not take over what is not open', async () => {
      const lease = await begun();
      await finish(lease);
      time += 60_001;
      expect((await begin('a', { resume: lease.execution })).status).toBe('stale');
      expect((await begin('a', { resume: 'x-unknown' })).status).toBe('stale');
    });

    it('lets a late holder finish when nobody took over', async () => {
      const lease = await begun();
      time += 60_001;
      await finish(lease);
      expect((await journal.view(ref())).generation).toBe(1);
    });

    it('raises the fence with every lease', async () => {
      const one = await begun();
      await finish(one);
      const two = await begun();
      expect(two.fence).toBeGreaterThan(one.fence);
    });

    it('lists open executions, oldest first', async () => {
      const one = await begun('a');
      time += 1;
      const two = await begun('b');
      expect((await journal.open()).map((each) => each.execution)).toEqual([one.execution, two.execution]);
    });

    it('appends decisions and duplicates without a lease, also while one is held', async () => {
      const lease = await begun();
      await journal.append({ kind: 'duplicate', execution: lease.execution, resource: ref(), remediator: 'test-fix', body: {} });
      await journal.append({ kind: 'decision', resource: ref(), remediator: 'other', body: { outcome: 'notified' } });
      await finish(lease);
      expect((await all()).map((each) => each.record.kind)).toEqual(['intent', 'duplicate', 'decision', 'outcome']);
      expect((await all({ execution: lease.execution })).map((each) => each.record.kind)).toEqual(['intent', 'outcome']);
    });

    it('appends a hundred records at once without gap or fork', async () => {
      await Promise.all(
        Array.from({ length: 100 }, (_, index) => journal.append({ kind: 'decision', resource: ref(), remediator: 'test-fix', body: { index } })),
      );
      const records = await all();
      expect(records.map((each) => each.record.seq)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
      expect(new Set(records.map((each) => each.record.body['index'])).size).toBe(100);
    });

    it('remembers the first sight of an exception tag, for good', async () => {
      const seen = () => journal.append({ kind: 'decision', resource: ref(), remediator: 'test-fix', body: { exceptionTagUnregistered: true } });
      await seen();
      const first = time;
      time += 86_400_000;
      await journal.append({ kind: 'decision', resource: ref(), remediator: 'test-fix', body: {} });
      await seen();
      expect((await journal.view(ref())).tagFirstSeen).toEqual({ 'test-fix': first });
    });

    it('knows which execution a rollback takes back', async () => {
      const lease = await begun('a', { body: { rollbackOf: 'x-1' } });
      await finish(lease, { outcome: 'rolled-back' });
      expect((await journal.view(ref())).closed[0]).toMatchObject({ rollbackOf: 'x-1', outcome: 'rolled-back' });
    });

    it('dates records in order although the clock is set back', async () => {
      const lease = await begun();
      time -= 600_000;
      await finish(lease);
      const [one, two] = await all();
      expect(Date.parse(two?.record.time ?? '')).toBeGreaterThanOrEqual(Date.parse(one?.record.time ?? ''));
    });

    it('refuses what it cannot keep, and writes nothing then', async () => {
      const entry = { kind: 'decision' as const, resource: ref(), remediator: 'test-fix' };
      await expect(journal.append({ ...entry, body: { journal: {} } })).rejects.toMatchObject({ code: 'journal/invalid' });
      await expect(journal.append({ ...entry, body: { at: new Date() as unknown as string } })).rejects.toMatchObject({ code: 'json/not-json' });
      await expect(journal.append({ ...entry, resource: { ...ref(), id: '*' }, body: {} })).rejects.toMatchObject({ code: 'resource/invalid' });
      await expect(journal.append({ ...entry, body: {}, documents: { a: Number.NaN } })).rejects.toMatchObject({ code: 'json/not-json' });
      expect(await all()).toEqual([]);
    });

    it('says that it does not know an execution', async () => {
      await expect(all({ execution: 'x-unknown' })).rejects.toMatchObject({ code: 'journal/not-found' });
    });

    it('keeps resources apart', async () => {
      await begun('a');
      await begun('b');
      expect((await all({ resource: ref('a') })).map((each) => each.record.resource.id)).toEqual(['a']);
      expect(new Set((await all()).map((each): Digest => each.stream)).size).toBe(2);
    });

    it('has everything after it was opened anew', async () => {
      if (under.reopen === undefined) return;
      const lease = await begun('a', { budgets: [{ key: 'k', changes: 1, window: 3_600_000 }] });
      const before = await all();
      const again = await under.reopen();
      expect(await all({ all: true }, again)).toEqual(before);
      expect(await again.open()).toMatchObject([{ execution: lease.execution, fence: lease.fence }]);
      expect(await again.view(ref())).toEqual(await journal.view(ref()));
      expect(
        (
          await again.begin({
            resource: ref('b'),
            remediator: 'test-fix',
            planDigest: plan,
            generation: 0,
            budgets: [{ key: 'k', changes: 1, window: 3_600_000 }],
            lease: 1000,
            body: {},
          })
        ).status,
      ).toBe('over-budget');
      await again.finish({ resource: ref(), remediator: 'test-fix', lease, outcome: 'remediated', sent: 1, body: {} });
      expect((await journal.view(ref())).generation).toBe(1);
      await again.close?.();
    });
  });
}
