// Concurrency, on a model of DynamoDB that test/model.test.ts compares with the emulator.
import { breakerOf, type Lease } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { repeated } from '../../../../tests/support/size.js';
import { Model, type ModelOptions } from '../../test/support/model.js';
import { all, HOUR, opened, ref, request, seeded, verified } from '../../test/support/world.js';

const [WORKERS, WRITERS] = [repeated(80, 200), repeated(20, 50)];

describe('concurrent workers, each with its own journal', () => {
  const world = (more: ModelOptions = {}) => new Model('t', 'b', { random: seeded(11), lag: 10, throttled: 0.01, ...more });

  it('never exceed a budget: many workers', async () => {
    const model = world();
    const budgets = [
      { key: 'account=111111111111', changes: 25, window: HOUR },
      { key: 'remediator=r,account=111111111111', changes: 10, window: HOUR },
    ];
    const results = await Promise.all(Array.from({ length: WORKERS }, (_, index) => opened(model).begin(request(`r-${index}`, { budgets }))));
    expect(results.filter((each) => each.status === 'begun')).toHaveLength(10);
    expect(results.filter((each) => each.status === 'over-budget')).toHaveLength(WORKERS - 10);
    const found = await verified(model);
    expect(found).toMatchObject({ cut: [], tampered: [], report: { records: 10, openExecutions: 10 } });
  });

  it('return a budget once, and use it again, without ever exceeding it', async () => {
    const model = world();
    let running = 0;
    let most = 0;
    let sent = 0;
    const budgets = [{ key: 'k', changes: 6, window: HOUR }];
    await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const journal = opened(model);
        const begun = await journal.begin(request(`r-${index}`, { budgets }));
        if (begun.status !== 'begun') return;
        most = Math.max(most, ++running + sent);
        const reached = index % 3 === 0 ? 1 : 0;
        // Before it is given back, so that nobody is counted twice.
        running--;
        sent += reached;
        await journal.finish({ resource: ref(`r-${index}`), remediator: 'r', lease: begun.lease, outcome: 'failed', sent: reached, body: {} });
      }),
    );
    expect(most).toBeLessThanOrEqual(6);
    // The rest sends nothing: the budget can be used up exactly, and not beyond.
    const after = await Promise.all(Array.from({ length: 12 }, (_, index) => opened(model).begin(request(`s-${index}`, { budgets }))));
    expect(after.filter((each) => each.status === 'begun')).toHaveLength(6 - sent);
  });

  it('begin once per resource: 60 workers on 6 resources', async () => {
    const model = world();
    const results = await Promise.all(Array.from({ length: 60 }, (_, index) => opened(model).begin(request(`r-${index % 6}`))));
    expect(results.filter((each) => each.status === 'begun')).toHaveLength(6);
    expect(results.filter((each) => each.status === 'busy')).toHaveLength(54);
  });

  it('take over an execution once', async () => {
    const model = world();
    let time = 1_800_000_000_000;
    const clock = { now: () => time };
    const old = await opened(model, { clock }).begin(request('a'));
    time += 60_001;
    const resume = old.status === 'begun' ? old.lease.execution : '';
    const results = await Promise.all(Array.from({ length: 30 }, () => opened(model, { clock }).begin(request('a', { resume }))));
    expect(results.filter((each) => each.status === 'begun')).toHaveLength(1);
    const late = { resource: ref(), remediator: 'r', lease: (old as { lease: Lease }).lease, outcome: 'remediated', sent: 1, body: {} } as const;
    await expect(opened(model, { clock }).finish(late)).rejects.toMatchObject({ code: 'journal/lost-lease' });
  });

  it('append without fork or gap: many writers on one stream and on their own streams', async () => {
    const model = world();
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        const journal = opened(model);
        for (let i = 0; i < 3; i++) {
          await journal.append({ kind: 'decision', resource: ref('shared'), remediator: 'r', body: { writer, i } });
          await journal.append({ kind: 'decision', resource: ref(`own-${writer}`), remediator: 'r', body: { i } });
        }
      }),
    );
    const found = await verified(model);
    expect(found).toMatchObject({ cut: [], tampered: [], report: { status: 'intact', streams: WRITERS + 1, records: 6 * WRITERS } });
    const shared = (await all(opened(model))).filter(({ record }) => record.resource.id === 'shared');
    expect(new Set(shared.map(({ record }) => `${record.body['writer']}/${record.body['i']}`)).size).toBe(3 * WRITERS);
    // Only a stream is written by everyone.
    expect([...model.written].filter(([pk, count]) => count > 8 && !pk.startsWith('stream#'))).toEqual([]);
  });

  it('keep two equal records of the same moment as two', async () => {
    const model = world();
    const clock = { now: () => 1_800_000_000_000 };
    const results = await Promise.all(
      Array.from({ length: 20 }, () => opened(model, { clock }).append({ kind: 'decision', resource: ref(), remediator: 'r', body: {} })),
    );
    expect(results.map((each) => each.seq).sort((a, b) => a - b)).toEqual(results.map((_, index) => index + 1));
  });

  it('begin nothing after a circuit breaker was opened', async () => {
    const model = world();
    const breaker = opened(model).append({ kind: 'breaker', resource: breakerOf(ref()), remediator: 'r', body: { breaker: 'open' } });
    const during = Array.from({ length: 20 }, (_, index) => opened(model).begin(request(`d-${index}`)));
    await breaker;
    const after = await Promise.all(Array.from({ length: 20 }, (_, index) => opened(model).begin(request(`a-${index}`))));
    await Promise.all(during);
    expect(after.map((each) => each.status)).toEqual(after.map(() => 'stale'));
  });

  it('share a sliding window under changing limits', async () => {
    const model = world({ throttled: 0 });
    let time = 1_800_000_000_000;
    const clock = { now: () => time };
    let n = 0;
    const begin = async (changes: number) =>
      (await opened(model, { clock }).begin(request(`w-${n++}`, { budgets: [{ key: 'k', changes, window: 1000 }] }))).status;
    expect([await begin(3), await begin(3)]).toEqual(['begun', 'begun']);
    time += 600;
    expect([await begin(2), await begin(3), await begin(3)]).toEqual(['over-budget', 'begun', 'over-budget']);
    time += 401;
    // The first two have left the window, the third has not.
    expect([await begin(2), await begin(2), await begin(3), await begin(3)]).toEqual(['begun', 'over-budget', 'begun', 'over-budget']);
    expect(await begin(0)).toBe('over-budget');
  });

  it('keep the entries of a longer window, whoever has a shorter one', async () => {
    const model = world({ throttled: 0 });
    let time = 1_800_000_000_000;
    const clock = { now: () => time };
    let n = 0;
    // Two policies over one journal: an old and a new one during a deployment, or those of two installations.
    const begin = async (changes: number, window: number) =>
      (await opened(model, { clock }).begin(request(`k-${n++}`, { budgets: [{ key: 'k', changes, window }] }))).status;
    expect(await begin(1, 1000)).toBe('begun');
    for (let i = 0; i < 3; i++) expect(await begin(4, 100_000)).toBe('begun');
    time += 1001;
    expect(await begin(1, 1000)).toBe('begun');
    expect(await begin(4, 100_000)).toBe('over-budget');
    // It does not expire before the longest window is over, even if only the shorter one is used.
    const month = 30 * 24 * HOUR;
    const other = (window: number) => opened(model, { clock }).begin(request(`k-${n++}`, { budgets: [{ key: 'other', changes: 100, window }] }));
    await other(month);
    await other(1000);
    const expires = [...model.items.values()].flatMap((item) => (item['key']?.S === 'other' ? [Number(item['expires']?.N) * 1000] : []));
    expect(expires.map((each) => each > time + month)).toEqual([true]);
  });
});
