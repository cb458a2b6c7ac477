// Many workers whose requests and replies are lost, whose stores throttle, and whose processes die, all at once. Then the survivors clean up.
import { digestOf, type Journal, type Lease, RedressError } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { repeated } from '../../../../tests/support/size.js';
import { AwsError, Model } from '../../test/support/model.js';
import { all, HOUR, opened, ref, request, seeded, verified } from '../../test/support/world.js';

const LIMIT = 6;
const budgets = [
  { key: 'k', changes: LIMIT, window: HOUR },
  { key: 'k', changes: LIMIT + 1, window: 2 * HOUR },
  { key: 'other', changes: 100, window: HOUR },
];

/** Clients that randomly lose requests or responses, and randomly die. */
function weather(model: Model, random: () => number) {
  let dead = false;
  const send = async (command: never): Promise<unknown> => {
    if (dead) throw new AwsError('Error', 'the worker is dead', null);
    const luck = random();
    if (luck < 0.01) dead = true;
    if (luck < 0.08) throw new AwsError('TimeoutError', 'the request was lost', null);
    const reply = await model.send(command);
    if (luck < 0.12) dead = true;
    if (luck < 0.3) throw new AwsError('TimeoutError', 'the reply was lost', null);
    return reply;
  };
  return { clients: { dynamodb: { send }, s3: { send } }, isDead: () => dead };
}

async function storm(seed: number, tokens: boolean) {
  const random = seeded(seed);
  const model = new Model('t', 'b', { random, lag: 5, throttled: 0.02, tokens });
  let time = 1_800_000_000_000;
  const clock = { now: () => time };
  const acknowledged: { execution: string; what: 'begun' | 'finished' }[] = [];
  const approvals = 4;
  for (let n = 0; n < approvals; n++) {
    const approval = { id: `a-${n}`, planDigest: digestOf(1), discharges: [], expires: time + 10 * HOUR };
    await opened(model, { clock }).append({ kind: 'decision', resource: ref(`r-${n}`), remediator: 'r', body: { approval } });
    await opened(model, { clock }).append({
      kind: 'approval',
      resource: ref(`r-${n}`),
      remediator: 'r',
      body: { approval: { id: `a-${n}`, verdict: 'approved', by: { name: 'x', verified: true } } },
    });
  }
  const again = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let attempt = 0; ; attempt++)
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof RedressError) || error.code !== 'journal/unavailable' || attempt === 3) throw error;
      }
  };
  const worker = async (n: number) => {
    const { clients } = weather(model, random);
    const journal: Journal = opened(model, { clients, clock, patience: 300 });
    const id = `r-${n % 5}`;
    const { generation, open } = await journal.view(ref(id));
    if (open !== null) return;
    const approval = n % 5 < approvals ? { approval: `a-${n % 5}` } : {};
    const begun = await journal.begin(request(id, { generation, budgets, ...approval, body: { worker: n } }));
    if (begun.status !== 'begun') return;
    acknowledged.push({ execution: begun.lease.execution, what: 'begun' });
    const of = { resource: ref(id), remediator: 'r', lease: begun.lease } as const;
    const sent = random() < 0.4 ? 1 : 0;
    if (sent > 0) await again(() => journal.append({ ...of, kind: 'call', body: {} }));
    await again(() => journal.finish({ ...of, outcome: sent > 0 ? 'remediated' : 'failed', sent, body: {} }));
    acknowledged.push({ execution: begun.lease.execution, what: 'finished' });
  };
  for (let wave = 0; wave < 3; wave++) {
    const ends = await Promise.allSettled(Array.from({ length: 12 }, (_, n) => worker(n)));
    for (const each of ends)
      if (each.status === 'rejected' && !['journal/unavailable', 'journal/lost-lease'].includes((each.reason as RedressError).code)) throw each.reason;
    time += 60_001;
    // The next worker closes what is left. What may have been sent counts.
    const journal = opened(model, { clock });
    for (let turn = 0; turn < 3; turn++)
      for (const open of await journal.open()) {
        const taken = await journal.begin(request(open.resource.id, { resume: open.execution }));
        if (taken.status !== 'begun') continue;
        await journal.finish({ resource: open.resource, remediator: 'r', lease: taken.lease as Lease, outcome: 'unknown', sent: 1, body: {} });
      }
    expect(await journal.open()).toEqual([]);
  }
  return { model, clock, acknowledged, records: await all(opened(model, { clock })) };
}

describe.each([true, false])('a storm (tokens known: %s)', (tokens) => {
  it.each(repeated([1], [1, 2, 3]))('loses nothing that was acknowledged, and counts correctly: seed %i', async (seed) => {
    const { model, clock, acknowledged, records } = await storm(seed, tokens);
    expect(await verified(model)).toMatchObject({ cut: [], tampered: [], report: { status: 'intact', openExecutions: 0 } });
    expect(acknowledged.length).toBeGreaterThan(5);
    const of = (kind: string) => records.filter(({ record }) => record.kind === kind).map(({ record }) => record);
    const intents = of('intent').map((each) => each.execution);
    const outcomes = of('outcome');
    expect(new Set(intents).size).toBe(intents.length);
    expect(outcomes.map((each) => each.execution).sort()).toEqual([...intents].sort());
    for (const { execution, what } of acknowledged) expect(what === 'begun' ? intents : outcomes.map((each) => each.execution)).toContain(execution);
    const sent = outcomes.filter((each) => ((each.body['journal'] as { sent: number }).sent ?? 0) > 0);
    expect(sent.length).toBeLessThanOrEqual(LIMIT);
    // An approval was used once, if something may have been sent on it.
    const used = of('intent')
      .filter((each) => sent.some((one) => one.execution === each.execution))
      .flatMap((each) => (each.body['journal'] as { approval?: string }).approval ?? []);
    expect(new Set(used).size).toBe(used.length);
    // The rest of the budget can be used up exactly, and not beyond.
    const left = await Promise.all(Array.from({ length: LIMIT + 2 }, (_, n) => opened(model, { clock }).begin(request(`new-${n}`, { budgets }))));
    expect(left.filter((each) => each.status === 'begun')).toHaveLength(LIMIT - sent.length);
  });
});
