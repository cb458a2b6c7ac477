/**
 * The contract of every journal: a vitest suite for implementations of the port.
 *
 * @packageDocumentation
 */
import {
  breakerOf,
  type Clock,
  type Digest,
  digestOf,
  gapKey,
  type Journal,
  type JsonObject,
  newExecution,
  type ResourceRef,
  resource,
  type StoredRecord,
} from '@redress/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** A journal under test. */
export interface JournalUnderTest {
  readonly journal: Journal;
  /** Opens the same store, as another process would. Absent for stores that end with the process. */
  reopen?(): Promise<Journal>;
  cleanup(): Promise<void>;
}

/**
 * Tests a journal with vitest.
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

    it('has one redaction key for all callers, and no record contains it', async () => {
      const asked = await Promise.all([journal.redactionKey?.(), journal.redactionKey?.()]);
      const [key = ''] = asked;
      expect(asked).toEqual([key, key]);
      expect(key).toMatch(/^[0-9a-f]{64}$/);
      await finish(await begun());
      expect(JSON.stringify(await all())).not.toContain(key);
      if (under.reopen === undefined) return;
      const again = await under.reopen();
      expect(await again.redactionKey?.()).toBe(key);
      await again.close?.();
    });

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

    it('refuses to begin on an observation that was made before an execution was closed', async () => {
      await finish(await begun());
      expect(await begin('a', { generation: 0 })).toEqual({ status: 'stale', generation: 1 });
      expect(await all()).toHaveLength(2);
    });

    it('begins under the chosen id, which no other execution may have', async () => {
      const execution = newExecution(time);
      const lease = await begun('a', { execution });
      expect(lease.execution).toBe(execution);
      expect((await all({ execution })).map((each) => each.record.kind)).toEqual(['intent']);
      await finish(lease);
      await expect(begin('b', { execution })).rejects.toMatchObject({ code: 'journal/invalid' });
      expect((await all({ resource: ref('b') })).map((each) => each.record.kind)).toEqual([]);
    });

    it('never allows a budget to be exceeded, even by concurrent executions', async () => {
      const budgets = [{ key: 'account=111111111111', changes: 5, window: 3_600_000 }];
      const results = await Promise.all(Array.from({ length: 32 }, (_, index) => begin(`r-${index}`, { budgets })));
      expect(results.filter((each) => each.status === 'begun')).toHaveLength(5);
      expect(results.filter((each) => each.status === 'over-budget')).toHaveLength(27);
      time += 3_599_999;
      expect((await begin('early', { budgets })).status).toBe('over-budget');
      time += 1;
      expect((await begin('later', { budgets })).status).toBe('begun');
    });

    it('counts an execution once if two windows count the same, and enforces both', async () => {
      const budgets = [
        { key: 'account=1', changes: 3, window: 1000 },
        { key: 'account=1', changes: 4, window: 60_000 },
      ];
      const results = [];
      for (let n = 0; n < 4; n++) results.push((await begin(`two-${n}`, { budgets })).status);
      time += 1001;
      for (let n = 4; n < 6; n++) results.push((await begin(`two-${n}`, { budgets })).status);
      expect(results).toEqual(['begun', 'begun', 'begun', 'over-budget', 'begun', 'over-budget']);
    });

    it('returns a budget if nothing was sent, and keeps it if something was', async () => {
      const budgets = [{ key: 'k', changes: 1, window: 3_600_000 }];
      await finish(await begun('a', { budgets }), { sent: 0, outcome: 'failed' });
      await finish(await begun('a', { budgets }), { sent: 1 });
      expect(await begin('a', { budgets })).toMatchObject({ status: 'over-budget', used: 1 });
    });

    it('enforces every budget, returns each one, and counts what is open', async () => {
      const budgets = [
        { key: 'a', changes: 9, window: 3_600_000 },
        { key: 'b', changes: 2, window: 3_600_000 },
      ];
      const [first] = [await begun('a', { budgets })];
      await journal.append({ kind: 'call', lease: first, resource: ref(), remediator: 'test-fix', body: {} });
      expect((await begin('b', { budgets })).status).toBe('begun');
      // The second budget is the full one.
      expect(await begin('c', { budgets })).toMatchObject({ status: 'over-budget', budget: { key: 'b' }, used: 2 });
      await finish(first, { sent: 0, outcome: 'failed' });
      expect((await begin('d', { budgets })).status).toBe('begun');
      expect((await begin('e', { budgets })).status).toBe('over-budget');
      // The first has as many entries.
      expect((await begin('f', { budgets: [{ key: 'a', changes: 3, window: 3_600_000 }] })).status).toBe('begun');
      expect(await begin('g', { budgets: [{ key: 'a', changes: 3, window: 3_600_000 }] })).toMatchObject({ status: 'over-budget', used: 3 });
    });

    it('returns a budget that a worker took whose lease another one has taken over', async () => {
      const budgets = [{ key: 'k', changes: 1, window: 3_600_000 }];
      const old = await begun('a', { budgets });
      time += 60_001;
      const lease = await begun('a', { resume: old.execution });
      expect((await begin('b', { budgets })).status).toBe('over-budget');
      await finish(lease, { sent: 0, outcome: 'failed' });
      expect((await begin('b', { budgets })).status).toBe('begun');
    });

    it('does not count executions with another key', async () => {
      await begun('a', { budgets: [{ key: 'x', changes: 1, window: 1000 }] });
      expect((await begin('b', { budgets: [{ key: 'y', changes: 1, window: 1000 }] })).status).toBe('begun');
    });

    describe('approvals', () => {
      const request = (over: object = {}) =>
        journal.append({
          kind: 'decision',
          resource: ref(),
          remediator: 'test-fix',
          body: {
            outcome: 'awaiting-approval',
            subjects: ['one'],
            approval: { id: 'a-1', planDigest: plan, discharges: [digestOf('shown')], fresh: true, expires: time + 10_000, causedBy: 'arn:mallory', ...over },
          },
        });
      const answer = (verdict: string, id = 'a-1') =>
        journal.append({
          kind: 'approval',
          resource: ref(),
          remediator: 'test-fix',
          body: { approval: { id, verdict, by: { name: 'arn:lead', verified: true } } },
        });

      it('waits until someone answers, with everything that was shown', async () => {
        await request();
        await request({ causedBy: 'arn:eve' });
        await request({ causedBy: null });
        const expected = {
          id: 'a-1',
          resource: ref(),
          remediator: 'test-fix',
          planDigest: plan,
          subjects: ['one'],
          discharges: [digestOf('shown')],
          fresh: true,
          causedBy: ['arn:mallory', 'arn:eve', null],
          requestedAt: time,
          expires: time + 10_000,
          verdict: 'none',
          by: null,
          usedBy: null,
        };
        expect(await journal.approvals()).toEqual([expected]);
        await answer('approved');
        expect((await journal.view(ref())).approvals).toEqual([
          { ...expected, verdict: 'approved', by: { name: 'arn:lead', verified: true }, answeredAt: time },
        ]);
        await answer('approved', 'a-2');
        await answer('perhaps');
        expect(await journal.approvals()).toHaveLength(1);
      });

      it('refuses what was decided on before the answer', async () => {
        await request({ calls: [digestOf('call')], asks: ['freshness'], breadth: 2 });
        const { generation, approvals } = await journal.view(ref());
        expect(approvals).toMatchObject([{ calls: [digestOf('call')], asks: ['freshness'], breadth: 2 }]);
        await answer('denied');
        expect((await begin('a', { generation, planDigest: digestOf('another plan') })).status).toBe('stale');
        expect((await begin('a', { planDigest: digestOf('another plan') })).status).toBe('begun');
      });

      it('is caused by everyone whose event names its subject, whoever requested it; their yes permits nobody to begin', async () => {
        const event = (actor: string, parts: string[]) =>
          journal.append({
            kind: 'decision',
            resource: ref(),
            remediator: 'other-fix',
            body: { outcome: 'notified', trigger: { by: 'finding', actor, call: 'x:Y', parts, observedAt: new Date(time).toISOString() } },
          });
        await event('arn:eve', ['two']);
        await request({ causedBy: undefined });
        const causes = async () => [(await journal.view(ref())).approvals, await journal.approvals()].map(([each]) => each?.causedBy);
        // It names nobody, so it may have been anyone who did something.
        expect(await causes()).toEqual([['arn:eve'], ['arn:eve']]);
        await answer('approved');
        await event('arn:lead', ['one']);
        expect(await causes()).toEqual([['arn:lead'], ['arn:lead']]);
        expect((await begin('a', { approval: 'a-1' })).status).toBe('stale');
      });

      it('is used once, even concurrently', async () => {
        await request();
        expect((await begin('a', { approval: 'a-1' })).status).toBe('stale');
        await answer('approved');
        const results = await Promise.all(Array.from({ length: 10 }, () => begin('a', { approval: 'a-1' })));
        expect(results.filter((each) => each.status === 'begun')).toHaveLength(1);
        expect(await journal.approvals()).toEqual([]);
        const [first] = results.filter((each) => each.status === 'begun');
        await finish((first as { lease: Awaited<ReturnType<typeof begun>> }).lease);
        expect((await begin('a', { approval: 'a-1' })).status).toBe('stale');
      });

      describe('of an announced change', () => {
        const announced = (over: object = {}) => request({ expires: time + 60_000, grace: { period: 10_000, remind: [1000] }, ...over });
        const said = (what: object) =>
          journal.append({ kind: 'approval', resource: ref(), remediator: 'test-fix', body: { approval: { id: 'a-1', ...what } } });
        const state = async () => (await journal.view(ref())).approvals.find((each) => each.id === 'a-1')?.grace;
        /** A notice, claimed and sent. */
        const tell = async (notice: number) => {
          const { seq } = await said({ sending: { notice, until: time + 500 } });
          await said({ sent: { notice, record: seq } });
        };
        const asked = async () => (await begin('a', { approval: 'a-1' })).status;

        it('begins once, when its period after the notification is over', async () => {
          await announced();
          time += 50_000;
          // Nobody has been notified yet.
          expect(await asked()).toBe('stale');
          time -= 50_000;
          await tell(0);
          time += 9000;
          await tell(1);
          expect(await state()).toMatchObject({ sent: [{ notice: 0 }, { notice: 1 }], sending: null, ended: null });
          time += 999;
          expect(await asked()).toBe('stale');
          time += 1;
          const results = await Promise.all(Array.from({ length: 10 }, () => begin('a', { approval: 'a-1' })));
          expect(results.filter((each) => each.status === 'begun')).toHaveLength(1);
          const [first] = results.filter((each) => each.status === 'begun');
          await finish((first as { lease: Awaited<ReturnType<typeof begun>> }).lease);
          expect(await asked()).toBe('stale');
        });

        it('waits for its last reminder', async () => {
          await announced();
          await tell(0);
          time += 20_000;
          expect(await asked()).toBe('stale');
          await tell(1);
          time += 999;
          expect(await asked()).toBe('stale');
          time += 1;
          expect(await asked()).toBe('begun');
        });

        it.each([
          ['denied', () => answer('denied')],
          ['ended', () => said({ ended: 'the gap no longer exists' })],
        ])('never begins when it was %s', async (_how, stop) => {
          await announced({ grace: { period: 10_000, remind: [] } });
          await tell(0);
          await stop();
          time += 30_000;
          expect(await asked()).toBe('stale');
        });

        it('has one sender for each notice: the first worker that claims it', async () => {
          await announced();
          const claims = await Promise.all(Array.from({ length: 5 }, () => said({ sending: { notice: 0, until: time + 500 } })));
          const first = Math.min(...claims.map(({ seq }) => seq));
          expect((await state())?.sending).toMatchObject({ notice: 0, record: first });
          // A worker that did not claim it first has sent nothing.
          await said({ sent: { notice: 0, record: first + 1 } });
          expect((await state())?.sent).toEqual([]);
          await said({ unsent: { notice: 0, record: first } });
          expect(await state()).toMatchObject({ sent: [], sending: null });
          const { seq } = await said({ sending: { notice: 0, until: time + 500 } });
          time += 501;
          // The worker died with it, as far as anybody knows.
          const next = await said({ sending: { notice: 0, until: time + 500 } });
          expect((await state())?.sending?.record).toBe(next.seq);
          await said({ sent: { notice: 0, record: seq } });
          expect((await state())?.sent).toEqual([]);
          await said({ sent: { notice: 0, record: next.seq } });
          expect((await state())?.sent).toHaveLength(1);
          await said({ sending: { notice: 0, until: time + 500 } });
          expect((await state())?.sending).toBeNull();
        });

        it('is announced even if a clock is ahead', async () => {
          await announced({ expires: time + 9_000_000 });
          await said({ sending: { notice: 0, until: time + 900_000_000 } });
          time += 5_459_999;
          await said({ sending: { notice: 1, until: time + 1 } });
          expect((await state())?.sending).toMatchObject({ notice: 0 });
          time += 2;
          await tell(0);
          expect((await state())?.sent).toHaveLength(1);
        });

        it('is the same when it is announced twice concurrently', async () => {
          await announced();
          await announced({ id: 'a-2', causedBy: 'arn:eve' });
          expect((await journal.approvals()).map(({ id, causedBy }) => [id, causedBy])).toEqual([['a-1', ['arn:mallory', 'arn:eve']]]);
          await announced({ id: 'a-3', grace: { period: 20_000, remind: [] } });
          expect((await journal.approvals()).map(({ id }) => id)).toEqual(['a-1', 'a-3']);
        });
      });

      it('of another execution is not returned with one that changed nothing', async () => {
        const other = digestOf({ plan: 2 });
        await request();
        await request({ id: 'a-2', planDigest: other });
        await answer('approved');
        await answer('approved', 'a-2');
        await finish(await begun('a', { approval: 'a-1' }), { sent: 1 });
        await finish(await begun('a', { approval: 'a-2', planDigest: other }), { sent: 0, outcome: 'superseded' });
        expect((await journal.approvals()).map(({ id }) => id)).toEqual(['a-2']);
        expect((await begin('a', { approval: 'a-1' })).status).toBe('stale');
      });

      it('waits while others are used; pending ones are listed oldest first, over all resources', async () => {
        const ask = async (id: string, at: string, planDigest = plan) => {
          time += 1000;
          const approval = { id, planDigest, discharges: [], fresh: true, expires: time + 100_000, causedBy: null };
          await journal.append({ kind: 'decision', resource: ref(at), remediator: 'test-fix', body: { approval } });
        };
        for (const [id, at] of [
          ['a-1', 'z'],
          ['a-2', 'a'],
          ['a-3', 'm'],
          ['a-4', 'b'],
        ] as const)
          await ask(id, at);
        await ask('a-5', 'z', digestOf({ plan: 2 }));
        await journal.append({
          kind: 'approval',
          resource: ref('z'),
          remediator: 'test-fix',
          body: { approval: { id: 'a-1', verdict: 'approved', by: { name: 'arn:lead', verified: true } } },
        });
        expect((await journal.approvals()).map(({ id }) => id)).toEqual(['a-1', 'a-2', 'a-3', 'a-4', 'a-5']);
        await begun('z', { approval: 'a-1' });
        expect((await journal.approvals()).map(({ id }) => id)).toEqual(['a-2', 'a-3', 'a-4', 'a-5']);
      });

      it('remains valid if nothing was sent', async () => {
        await request();
        await answer('approved');
        await finish(await begun('a', { approval: 'a-1' }), { sent: 0, outcome: 'superseded' });
        expect((await begin('a', { approval: 'a-1' })).status).toBe('begun');
      });

      it.each([
        ['denied', {}, {}],
        ['of another plan', {}, { planDigest: digestOf({ plan: 2 }) }],
        ['of another remediator', {}, { remediator: 'other-fix' }],
        ['that has run out', { expires: Date.parse('2026-11-24T10:00:00Z') }, {}],
        ['of another resource', {}, { resource: ref('b') }],
      ])('%s permits nothing', async (name, asked, over) => {
        await request(asked);
        await answer(name === 'denied' ? 'denied' : 'approved');
        expect((await begin('a', { approval: 'a-1', ...over })).status).toBe('stale');
        expect((await all()).filter(({ record }) => record.kind === 'intent')).toEqual([]);
      });

      it('can be withdrawn until it is used', async () => {
        await request();
        await answer('approved');
        await answer('denied');
        expect((await begin('a', { approval: 'a-1' })).status).toBe('stale');
      });

      it('that was denied stays denied, even if a yes is recorded after it', async () => {
        await request();
        await answer('denied');
        await answer('approved');
        expect(await journal.approvals()).toMatchObject([{ id: 'a-1', verdict: 'denied' }]);
        expect((await begin('a', { approval: 'a-1' })).status).toBe('stale');
      });

      it('that was denied blocks the plan until it expires, even if no approval is needed', async () => {
        await request();
        await answer('denied');
        expect((await begin()).status).toBe('stale');
        expect((await begin('b')).status).toBe('begun');
        await finish(await begun('a', { planDigest: digestOf({ plan: 2 }) }));
        time += 10_000;
        expect((await begin()).status).toBe('begun');
      });

      it('that was denied blocks no rollback', async () => {
        await request();
        await answer('denied');
        expect((await begin('a', { breaker: 'ignored' })).status).toBe('begun');
      });

      it('is remembered, denied or given, however many others there are', async () => {
        await request();
        await answer('denied');
        await request({ id: 'a-2', planDigest: digestOf({ plan: 2 }) });
        await answer('approved', 'a-2');
        for (let n = 3; n < 60; n++) await request({ id: `a-${n}`, planDigest: digestOf({ plan: n }), expires: n === 3 ? time : time + 10_000 });
        const { approvals } = await journal.view(ref());
        expect(approvals).toHaveLength(50);
        expect(approvals.slice(0, 2)).toMatchObject([
          { id: 'a-1', verdict: 'denied' },
          { id: 'a-2', verdict: 'approved' },
        ]);
        expect(approvals.map(({ id }) => id)).toContain('a-59');
      });
    });

    describe('the result of sweeps', () => {
      it('is in the view of their place: when each remediator swept last, and where requested sweeps continue', async () => {
        const place: ResourceRef = { ...ref(), type: 'AWS::::Account', id: ref().account };
        expect((await journal.view(place)).swept).toEqual({ time: 0, lasts: {}, rounds: [] });
        const sweep = (sweep: JsonObject) => journal.append({ kind: 'sweep', resource: place, remediator: 'redress-sweep', body: { sweep } });
        const began = time;
        await sweep({ began, asked: ['two', 'one'], remediators: { one: { status: 'complete' }, two: { status: 'stopped' } }, next: { after: 'b' } });
        time += 1000;
        await sweep({ began: time, asked: ['one'], remediators: { one: { status: 'stopped' } }, next: null });
        expect((await journal.view(place)).swept).toEqual({
          time,
          lasts: { one: { time, complete: began }, two: { time: began, complete: null } },
          rounds: [{ asked: 'one,two', next: { after: 'b' } }],
        });
      });
    });

    describe('an open gap', () => {
      const decide = (id: string, gap: JsonObject, over: { remediator?: string; outcome?: string } = {}) =>
        journal.append({
          kind: 'decision',
          resource: ref(id),
          remediator: over.remediator ?? 'test-fix',
          body: { outcome: over.outcome ?? 'notified', message: 'It is open.', gap },
        });
      const gap = (key: string, state = 's1', more: JsonObject = {}): JsonObject => ({ key, subjects: [`part of ${key}`], state, over: [], ...more });
      const notice = (id: string, of: number, status: string, more: JsonObject = {}) =>
        journal.append({ kind: 'notice', resource: ref(id), remediator: 'test-fix', body: { message: 'm', notice: { of, status, channels: ['c'], ...more } } });
      const stands = async () => (await journal.standing()).gaps.map((each) => [each.resource.id, each.key, each.state, each.told?.state ?? null]);

      it('is known over all resources and in the view of its own, until a decision says that it is closed', async () => {
        const first = await decide('a', gap('g-1'));
        const began = time;
        time += 1000;
        await decide('b', gap('g-2', 's1', { deadline: 7, near: true, approval: 'a-1', held: 'frozen', quiet: true, members: 3 }), { outcome: 'denied' });
        time += 1000;
        await decide('a', gap('g-1', 's2'));
        expect((await journal.view(ref('a'))).gaps).toEqual([
          {
            key: 'g-1',
            resource: ref('a'),
            remediator: 'test-fix',
            subjects: ['part of g-1'],
            outcome: 'notified',
            message: 'It is open.',
            state: 's2',
            held: null,
            approval: null,
            deadline: null,
            near: false,
            quiet: false,
            members: null,
            since: began,
            seenAt: time,
            record: first.seq + 1,
            triedAt: time,
            told: null,
          },
        ]);
        expect((await journal.view(ref('b'))).gaps).toMatchObject([
          { outcome: 'denied', deadline: 7, near: true, approval: 'a-1', held: 'frozen', quiet: true, members: 3, since: began + 1000 },
        ]);
        expect(await stands()).toEqual([
          ['a', 'g-1', 's2', null],
          ['b', 'g-2', 's1', null],
        ]);
        await decide('a', { over: ['g-1'] }, { outcome: 'no-op' });
        expect(await stands()).toEqual([['b', 'g-2', 's1', null]]);
        expect((await journal.view(ref('a'))).gaps).toEqual([]);
      });

      it('is the same for each remediator pass that finds it unchanged: it keeps its record and its beginning', async () => {
        const { seq } = await decide('a', gap('g-1'));
        const began = time;
        time += 5000;
        await decide('a', gap('g-1'));
        expect((await journal.view(ref('a'))).gaps).toMatchObject([{ record: seq, since: began, seenAt: time, triedAt: began }]);
      });

      it('keeps its age if more is found next to it, and not if it was closed', async () => {
        await decide('a', gap('g-1'));
        const began = time;
        time += 5000;
        await decide('a', { ...gap('g-2'), subjects: ['part of g-1', 'another'], over: ['g-1'] });
        expect((await journal.view(ref('a'))).gaps).toMatchObject([{ key: 'g-2', since: began }]);
        await decide('a', { over: ['g-2'] }, { outcome: 'no-op' });
        await decide('a', gap('g-1'));
        expect((await journal.view(ref('a'))).gaps).toMatchObject([{ key: 'g-1', since: time }]);
      });

      it('ends with the execution that closes it, and with no other one', async () => {
        const key = (subject: string) => gapKey('test-fix', [subject]);
        await decide('a', { ...gap(key('one')), subjects: ['one'] });
        await decide('a', { ...gap(key('two')), subjects: ['two'] });
        const executed = async (outcome: 'remediated' | 'failed') =>
          finish(await begun('a', { generation: (await journal.view(ref('a'))).generation, body: { subjects: ['one'] } }), { outcome });
        await executed('failed');
        expect(await stands()).toHaveLength(2);
        await executed('remediated');
        expect((await stands()).map(([, each]) => each)).toEqual([key('two')]);
      });

      it('has what people were notified of, and through which channels, once that was delivered', async () => {
        const { seq } = await decide('a', gap('g-1'));
        time += 1000;
        await notice('a', seq, 'not-delivered', { gap: 'g-1', state: 's1' });
        expect((await journal.view(ref('a'))).gaps).toMatchObject([{ told: null, triedAt: time }]);
        await notice('a', seq, 'held', { gap: 'g-1', state: 's1' });
        expect((await journal.view(ref('a'))).gaps).toMatchObject([{ told: null }]);
        await notice('a', seq, 'delivered', { gap: 'g-1', state: 's1', approval: 'a-1' });
        expect((await journal.view(ref('a'))).gaps).toMatchObject([{ told: { state: 's1', approval: 'a-1', at: time, channels: ['c'] } }]);
      });

      it('keeps a notice that could not be delivered, until it is', async () => {
        const lease = await begun('a');
        const { seq } = await finish(lease);
        await notice('a', seq, 'not-delivered', { outcome: 'remediated' });
        expect((await journal.standing()).unsaid).toEqual([
          { resource: ref('a'), remediator: 'test-fix', of: seq, execution: null, outcome: 'remediated', message: 'm', at: time },
        ]);
        await notice('a', seq, 'delivered', { outcome: 'remediated' });
        expect((await journal.standing()).unsaid).toEqual([]);
      });

      it('is listed for one account and region, whatever is open elsewhere', async () => {
        const [other, region] = [
          { ...ref('a'), account: '222222222222' },
          { ...ref('a'), region: 'eu-west-1' },
        ];
        const at = (resource: ResourceRef, body: JsonObject) =>
          journal.append({ kind: 'decision', resource, remediator: 'test-fix', body: { message: 'm', ...body } });
        const placed = async ({ account, region: where }: ResourceRef) => {
          const { gaps, unsaid } = await journal.standing({ account, region: where });
          return [...gaps.map(({ key }) => key), ...unsaid.map(({ of }) => of)];
        };
        expect(await placed(ref('a'))).toEqual([]);
        await at(ref('a'), { outcome: 'notified', gap: gap('g-1') });
        await at(other, { outcome: 'notified', gap: gap('g-2') });
        await at(region, { outcome: 'notified', gap: gap('g-3') });
        await notice('b', 7, 'not-delivered', { outcome: 'remediated' });
        expect([await placed(ref('a')), await placed(other), await placed(region)]).toEqual([['g-1', 7], ['g-2'], ['g-3']]);
        expect((await journal.standing()).gaps).toHaveLength(3);
        await at(ref('a'), { outcome: 'no-op', gap: { over: ['g-1'] } });
        expect([await placed(ref('a')), await placed(other)]).toEqual([[7], ['g-2']]);
        await at(ref('a'), { outcome: 'notified', gap: gap('g-4') });
        expect(await placed(ref('a'))).toEqual(['g-4', 7]);
        await notice('b', 7, 'delivered', { outcome: 'remediated' });
        expect(await placed(ref('a'))).toEqual(['g-4']);
      });

      it('does not grow without end', async () => {
        for (let at = 0; at < 60; at++) await decide('a', gap(`g-${at}`));
        for (let at = 0; at < 30; at++) await notice('a', at, 'not-delivered');
        const { gaps, unsaid } = await journal.standing();
        expect([gaps.length, gaps[0]?.key, unsaid.length, unsaid[0]?.of]).toEqual([50, 'g-10', 20, 10]);
      });

      it('lets one worker send the digest of a day, and another one if that worker was lost or failed', async () => {
        const say = (day: string, what: JsonObject) =>
          journal.append({ kind: 'notice', resource: breakerOf(ref()), remediator: 'digest', body: { digest: { day, ...what }, message: 'm' } });
        const digest = async () => (await journal.view(breakerOf(ref()))).digest;
        const until = time + 60_000;
        const { seq } = await say('2026-11-24', { sending: { until } });
        await say('2026-11-24', { sending: { until: until + 1 } });
        expect(await digest()).toEqual({ day: '2026-11-24', sent: false, sending: { record: seq, until } });
        await say('2026-11-24', { sent: seq + 1 });
        expect(await digest()).toMatchObject({ sent: false });
        await say('2026-11-24', { unsent: seq });
        expect(await digest()).toEqual({ day: '2026-11-24', sent: false, sending: null });
        const again = await say('2026-11-24', { sending: { until } });
        await say('2026-11-24', { sent: again.seq });
        expect(await digest()).toEqual({ day: '2026-11-24', sent: true, sending: null });
        // It was sent: neither this day nor an earlier one is sent again.
        await say('2026-11-24', { sending: { until } });
        await say('2026-11-23', { sending: { until } });
        expect(await digest()).toEqual({ day: '2026-11-24', sent: true, sending: null });
        // A clock that is ahead does not block the next worker: an hour and a half, and a minute.
        const ahead = await say('2026-11-25', { sending: { until: time + 1e12 } });
        expect(await digest()).toEqual({ day: '2026-11-25', sent: false, sending: { record: ahead.seq, until: time + 5_460_000 } });
        time += 5_460_000;
        const next = await say('2026-11-25', { sending: { until: time + 1000 } });
        expect(await digest()).toMatchObject({ sending: { record: next.seq } });
      });
    });

    describe('circuit breakers', () => {
      const account = breakerOf(ref());
      const breaker = (state: string) =>
        journal.append({ kind: 'breaker', resource: account, remediator: 'test-fix', body: { breaker: state, reason: 'too many' } });
      it('block every resource of the account until they are closed', async () => {
        expect((await journal.view(ref())).breakers).toEqual([]);
        await breaker('open');
        expect((await journal.view(ref('other'))).breakers).toEqual([{ remediator: 'test-fix', since: time, reason: 'too many' }]);
        expect((await begin()).status).toBe('stale');
        expect((await begin('b', { remediator: 'other-fix' })).status).toBe('begun');
        expect((await begin('c', { resource: { ...ref('c'), account: '222222222222' } })).status).toBe('begun');
        await breaker('closed');
        expect((await journal.view(ref())).breakers).toEqual([]);
        expect((await begin()).status).toBe('begun');
      });
      it('belong to one remediator each: opening or closing one does not affect the others', async () => {
        const other = (state: string) =>
          journal.append({ kind: 'breaker', resource: account, remediator: 'other-fix', body: { breaker: state, reason: 'bad' } });
        await breaker('open');
        await other('open');
        expect((await journal.view(ref())).breakers.map(({ remediator }) => remediator)).toEqual(['test-fix', 'other-fix']);
        expect([(await begin()).status, (await begin('b', { remediator: 'other-fix' })).status]).toEqual(['stale', 'stale']);
        await breaker('closed');
        expect((await journal.view(ref())).breakers.map(({ remediator }) => remediator)).toEqual(['other-fix']);
        expect([(await begin()).status, (await begin('b', { remediator: 'other-fix' })).status]).toEqual(['begun', 'stale']);
      });
      it('are recorded in the stream of the account, whose own executions return their budgets', async () => {
        const budgets = [{ key: 'k', changes: 1, window: 3_600_000 }];
        const of = { resource: account, budgets };
        const lease = await begun('a', of);
        await breaker('open');
        await breaker('closed');
        expect((await begin('b', { budgets })).status).toBe('over-budget');
        await finish(lease, { resource: account, sent: 0, outcome: 'failed' });
        expect((await begin('b', { budgets })).status).toBe('begun');
      });
      it('block neither a rollback nor the recovery of open executions', async () => {
        const open = await begun('r');
        await breaker('open');
        expect((await begin('a', { breaker: 'ignored' })).status).toBe('begun');
        time += 60_001;
        expect((await begin('r', { resume: open.execution })).status).toBe('begun');
      });
    });

    it('knows what a remediator has done, over all resources of the given accounts, newest first', async () => {
      const terms = { version: '1.2.3', parameters: 'sha256:p', drill: true };
      await finish(await begun('a', { body: { terms } }), { body: { verified: 'verified' } });
      time += 1000;
      const second = await begun('b');
      await finish(second, { resource: ref('b'), outcome: 'failed', sent: 0, body: { retryable: true } });
      const third = await begun('b', { body: { rollbackOf: second.execution } });
      await finish(third, { resource: ref('b'), outcome: 'rolled-back' });
      await begun('open');
      const elsewhere = { ...ref('c'), account: '222222222222' };
      await finish(await begun('c', { resource: elsewhere }), { resource: elsewhere });
      const other = await begun('d', { remediator: 'other-fix' });
      await finish(other, { resource: ref('d'), remediator: 'other-fix' });
      const track = await journal.trackRecord({ remediator: 'test-fix', accounts: ['111111111111'] });
      expect(track.map(({ resource: where, outcome, verified, retryable, rolledBack }) => [where.id, outcome, verified, retryable, rolledBack])).toEqual([
        ['b', 'rolled-back', false, false, false],
        ['b', 'failed', false, true, true],
        ['a', 'remediated', true, false, false],
      ]);
      expect(track[2]).toMatchObject({ ...terms, rollbackOf: null });
      expect(await journal.trackRecord({ remediator: 'test-fix', accounts: [] })).toEqual([]);
      expect(await journal.trackRecord({ remediator: 'test-fix', accounts: ['222222222222'] })).toHaveLength(1);
    });

    it('allows no takeover before the lease has ended, and nothing by the old holder after it', async () => {
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

    it('lets only one of twenty workers take over', async () => {
      const old = await begun();
      time += 60_001;
      const results = await Promise.all(Array.from({ length: 20 }, () => begin('a', { resume: old.execution })));
      expect(results.filter((each) => each.status === 'begun')).toHaveLength(1);
    });

    it('does not take over an execution that is not open', async () => {
      const lease = await begun();
      await finish(lease);
      time += 60_001;
      expect((await begin('a', { resume: lease.execution })).status).toBe('stale');
      expect((await begin('a', { resume: 'x-unknown' })).status).toBe('stale');
    });

    it('lets a late holder finish if nobody took over', async () => {
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
      const begunAt: string[] = [];
      for (const id of ['c', 'a', 'e', 'b', 'd']) {
        begunAt.push((await begun(id)).execution);
        time += 1;
      }
      expect((await journal.open()).map((each) => each.execution)).toEqual(begunAt);
    });

    it('appends decisions and duplicates without a lease, also while one is held', async () => {
      const lease = await begun();
      await journal.append({ kind: 'duplicate', execution: lease.execution, resource: ref(), remediator: 'test-fix', body: {} });
      await journal.append({ kind: 'decision', resource: ref(), remediator: 'other', body: { outcome: 'notified' } });
      await finish(lease);
      expect((await all()).map((each) => each.record.kind)).toEqual(['intent', 'duplicate', 'decision', 'outcome']);
      expect((await all({ execution: lease.execution })).map((each) => each.record.kind)).toEqual(['intent', 'outcome']);
    });

    it('appends a hundred records concurrently without gap or fork', async () => {
      await Promise.all(
        Array.from({ length: 100 }, (_, index) => journal.append({ kind: 'decision', resource: ref(), remediator: 'test-fix', body: { index } })),
      );
      const records = await all();
      expect(records.map((each) => each.record.seq)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
      expect(new Set(records.map((each) => each.record.body['index'])).size).toBe(100);
    });

    it('remembers the first sight of an exception tag permanently', async () => {
      const seen = () => journal.append({ kind: 'decision', resource: ref(), remediator: 'test-fix', body: { exceptionTagUnregistered: true } });
      await seen();
      const first = time;
      time += 86_400_000;
      await journal.append({ kind: 'decision', resource: ref(), remediator: 'test-fix', body: {} });
      await seen();
      expect((await journal.view(ref())).tagFirstSeen).toEqual({ 'test-fix': first });
    });

    it('remembers the first sight of the tag on each part separately, for the newest fifty', async () => {
      const seen = (part: string) => journal.append({ kind: 'decision', resource: ref(), remediator: 'test-fix', body: { exceptionTagUnregistered: part } });
      const first = time;
      await seen('tcp 22');
      time += 1000;
      await seen('tcp 23');
      await seen('tcp 22');
      expect((await journal.view(ref())).tagFirstSeen).toEqual({ 'test-fix tcp 22': first, 'test-fix tcp 23': first + 1000 });
      for (let port = 100; port < 149; port++) {
        time += 1000;
        await seen(`tcp ${port}`);
      }
      const { tagFirstSeen } = await journal.view(ref());
      expect(Object.keys(tagFirstSeen)).toHaveLength(50);
      expect(tagFirstSeen).not.toHaveProperty('test-fix tcp 22');
      expect(tagFirstSeen).toMatchObject({ 'test-fix tcp 23': first + 1000 });
    });

    it('remembers it for each remediator', async () => {
      const seen = (remediator: string) => journal.append({ kind: 'decision', resource: ref(), remediator, body: { exceptionTagUnregistered: true } });
      const first = time;
      await seen('test-fix');
      time += 1000;
      await seen('other-fix');
      expect((await journal.view(ref())).tagFirstSeen).toEqual({ 'test-fix': first, 'other-fix': first + 1000 });
    });

    it('keeps every hold', async () => {
      await finish(await begun(), { outcome: 'rolled-back', hold: { until: time + 1000, owner: 'ops' } });
      await finish(await begun('a', { remediator: 'other-fix' }), {
        remediator: 'other-fix',
        outcome: 'rolled-back',
        hold: { until: time + 5, owner: 'lead' },
      });
      expect((await journal.view(ref())).holds).toMatchObject([
        { remediator: 'test-fix', until: time + 1000, owner: 'ops' },
        { remediator: 'other-fix', until: time + 5, owner: 'lead' },
      ]);
    });

    it('knows which execution a rollback rolls back', async () => {
      const lease = await begun('a', { body: { rollbackOf: 'x-1' } });
      await finish(lease, { outcome: 'rolled-back' });
      expect((await journal.view(ref())).closed[0]).toMatchObject({ rollbackOf: 'x-1', outcome: 'rolled-back' });
    });

    it('dates records in order even if the clock is set back', async () => {
      const lease = await begun();
      time -= 600_000;
      await finish(lease);
      const [one, two] = await all();
      expect(Date.parse(two?.record.time ?? '')).toBeGreaterThanOrEqual(Date.parse(one?.record.time ?? ''));
    });

    it('refuses what it cannot store, and then writes nothing', async () => {
      const entry = { kind: 'decision' as const, resource: ref(), remediator: 'test-fix' };
      await expect(journal.append({ ...entry, body: { journal: {} } })).rejects.toMatchObject({ code: 'journal/invalid' });
      await expect(journal.append({ ...entry, body: { at: new Date() as unknown as string } })).rejects.toMatchObject({ code: 'json/not-json' });
      await expect(journal.append({ ...entry, resource: { ...ref(), id: '*' }, body: {} })).rejects.toMatchObject({ code: 'resource/invalid' });
      await expect(journal.append({ ...entry, body: {}, documents: { a: Number.NaN } })).rejects.toMatchObject({ code: 'json/not-json' });
      expect(await all()).toEqual([]);
    });

    it('reports an unknown execution', async () => {
      await expect(all({ execution: 'x-unknown' })).rejects.toMatchObject({ code: 'journal/not-found' });
    });

    it('keeps resources apart', async () => {
      await begun('a');
      await begun('b');
      expect((await all({ resource: ref('a') })).map((each) => each.record.resource.id)).toEqual(['a']);
      expect(new Set((await all()).map((each): Digest => each.stream)).size).toBe(2);
    });

    it('has everything after it was reopened', async () => {
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
