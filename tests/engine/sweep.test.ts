import { createRedress, definePolicy, defineRegister, type Journal, type RedressOptions, type Remediator, resource } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { bound, kindsOf } from '../support/journal.js';
import { noteWidget, revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const HERE = { account: ACCOUNT, region: 'us-east-1' };
const START = Date.parse('2026-11-24T10:00:00Z');

let aws: Widgets;
let time: number;
let journal: Journal;

const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
/** Without freshness: the age of a gap does not matter, so that a sweep may close it. */
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'enforce' } } });
const engine = (over: Partial<RedressOptions> = {}) => createRedress({ remediators: [anyAge], policy, journal, connect: aws.connect, clock, ...over });

const kinds = () => kindsOf(journal);

beforeEach(() => {
  aws = new Widgets();
  time = START;
  journal = memoryJournal({ clock });
});

describe('a sweep', () => {
  it('closes what no event told of, and records one summary', async () => {
    for (const id of ['w1', 'w2']) aws.put(id, ['open-1']);
    for (const id of ['w3', 'w4', 'w5']) aws.put(id, ['closed']);
    const [summary, ...more] = await engine().sweep({ targets: [HERE] });
    expect(more).toEqual([]);
    expect(summary).toMatchObject({ ...HERE, status: 'complete', looked: 5, outcomes: { remediated: 2, 'no-op': 3 }, retryable: 0, errors: 0, next: null });
    expect(aws.rules('w1')).toEqual([]);
    // Two executions of three records each; nothing for those that are as they should be.
    expect((await kinds()).sort()).toEqual(['call', 'call', 'intent', 'intent', 'outcome', 'outcome', 'sweep']);
    const account = resource({ type: 'AWS::::Account', id: ACCOUNT, ...HERE });
    for await (const { record } of journal.read({ resource: account }))
      expect(record).toMatchObject({ kind: 'sweep', remediator: 'widget-revoke-open', body: { sweep: { status: 'complete', looked: 5 } } });
  });

  it('counts what it could not read, which it has not looked at, and goes on', async () => {
    for (const id of ['w1', 'w2', 'w3']) aws.put(id, ['closed']);
    aws.faults.set('DescribeWidget', ['denied']);
    const [summary] = await engine().sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ status: 'complete', looked: 3, outcomes: { denied: 1, 'no-op': 2 }, retryable: 0, unread: 1 });
    expect(summary?.message).toBe('3 looked at, of which 1 could not be read.');
    for await (const { record } of journal.read({ resource: resource({ type: 'AWS::::Account', id: ACCOUNT, ...HERE }) }))
      if (record.kind === 'sweep') expect(record.body['sweep']).toMatchObject({ unread: 1 });
    // Somebody said no: it was looked at, and decided on.
    const [stopped] = await engine({ killSwitch: { read: async () => 'changes' } }).sweep({ targets: [HERE] });
    expect(stopped).toMatchObject({ looked: 3, unread: 0 });
  });

  it('goes the way of a finding: exempt, told, and old rules wait for a person', async () => {
    for (const id of ['w1', 'w2']) aws.put(id, ['open-1']);
    const exceptions = defineRegister([
      { id: 'EXC-1', scope: { resource: 'w1' }, reason: 'r', owner: 'a', approver: 'b', expires: new Date(START + 1e9).toISOString() },
    ]);
    const [summary] = await engine({ exceptions, remediators: [revokeOpenRules] }).sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ outcomes: { exempt: 1, 'awaiting-approval': 1 } });
    expect(aws.writes).toEqual([]);
    expect((await kinds()).sort()).toEqual(['decision', 'decision', 'sweep']);
  });

  it('changes and records nothing when it is dry', async () => {
    aws.put('w1', ['open-1']);
    const [summary] = await engine().sweep({ targets: [HERE], dryRun: true });
    expect(summary).toMatchObject({ outcomes: { planned: 1 }, record: null });
    expect(aws.writes).toEqual([]);
    expect(await kinds()).toEqual([]);
  });

  it('keeps to its rate', async () => {
    for (let at = 0; at < 20; at++) aws.put(`w${at}`, ['closed']);
    await engine().sweep({ targets: [HERE], perSecond: 2 });
    expect(time - START).toBe(10_000);
  });

  it('tells of each pass, and keeps none', async () => {
    aws.put('w1', ['open-1']);
    const seen: string[] = [];
    await engine().sweep({ targets: [HERE], onPass: (pass) => seen.push(`${pass.resource.id} ${pass.outcome}`) });
    expect(seen).toEqual(['w1 remediated']);
  });

  it('closes executions whose worker is gone first', async () => {
    aws.put('w1', ['open-1']);
    const dying: Journal = { ...bound(journal), finish: () => Promise.reject(new Error('died')) };
    await expect(engine({ journal: dying }).run(resource({ type: 'AWS::Test::Widget', id: 'w1', ...HERE }))).rejects.toThrow('died');
    expect(await journal.open()).toHaveLength(1);
    time += 600_000;
    await engine().sweep({ targets: [HERE] });
    expect(await journal.open()).toEqual([]);
    expect(aws.writes).toEqual(['RevokeRule']);
  });
});

describe('a sweep without enough time', () => {
  const some = 12;
  const looked = (calls: readonly { operation: string; input: Record<string, unknown> }[]) => [
    ...new Set(calls.filter((call) => call.operation === 'DescribeWidget').map((call) => String(call.input['Id']))),
  ];

  it('is continued by the next one, and begins anew after its end', async () => {
    for (let at = 0; at < some; at++) aws.put(`w${at}`, ['closed']);
    const run = async () => {
      aws.calls.length = 0;
      const [summary] = await engine().sweep({ targets: [HERE], perSecond: 1, deadline: time + 40_000 });
      return { summary, looked: looked(aws.calls) };
    };
    const first = await run();
    expect(first.summary).toMatchObject({ status: 'stopped', looked: 6, next: 'us-east-1/AWS::Test::Widget/w5' });
    const second = await run();
    expect(second.looked).toEqual(['w6', 'w7', 'w8', 'w9', 'w10', 'w11']);
    expect(second.summary).toMatchObject({ status: 'complete', next: null });
    expect((await run()).looked[0]).toBe('w0');
  });

  it('looks at everything again when the place it stopped at is gone', async () => {
    for (let at = 0; at < some; at++) aws.put(`w${at}`, ['closed']);
    await engine().sweep({ targets: [HERE], perSecond: 1, deadline: time + 40_000 });
    aws.widgets.delete('w5');
    aws.calls.length = 0;
    const [summary] = await engine().sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ status: 'complete', looked: some - 1 });
    expect(looked(aws.calls)).toHaveLength(some - 1);
  });

  it('does not let one remediator starve another', async () => {
    for (let at = 0; at < some; at++) aws.put(`w${at}`, ['open-1']);
    const other: Remediator = { ...anyAge, id: 'widget-other' };
    const remediators = [anyAge, other];
    const swept: string[] = [];
    for (let at = 0; at < 4; at++) {
      const summaries = await engine({ remediators, policy: definePolicy({ version: 1 }) }).sweep({ targets: [HERE], perSecond: 1, deadline: time + 40_000 });
      swept.push(...summaries.filter((each) => each.looked > 0).map((each) => each.remediator));
    }
    expect(swept).toEqual(['widget-revoke-open', 'widget-other', 'widget-revoke-open', 'widget-other']);
  });
});

describe('what fails in a sweep', () => {
  it('a resource: keeps no other from being looked at', async () => {
    for (const id of ['w1', 'w2', 'w3']) aws.put(id, ['open-1']);
    const broken: Journal = {
      ...bound(journal),
      view: (ref) => journal.view(ref),
      append: (entry) => (entry.resource.id === 'w2' ? Promise.reject(new Error('bug')) : journal.append(entry)),
    };
    const [summary] = await engine({ journal: broken }).sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ status: 'complete', looked: 3, outcomes: { remediated: 2 }, errors: 1 });
  });

  it('a discovery: is recorded, and keeps no other remediator from being swept', async () => {
    aws.put('w1', ['open-1']);
    aws.faults.set('DescribeWidgets', ['denied']);
    const other: Remediator = { ...anyAge, id: 'widget-other' };
    const summaries = await engine({ remediators: [anyAge, other] }).sweep({ targets: [HERE] });
    expect(summaries).toMatchObject([
      { remediator: 'widget-revoke-open', status: 'failed', message: expect.stringContaining('AccessDenied') },
      { remediator: 'widget-other', status: 'complete', looked: 1 },
    ]);
    expect(await kinds()).toEqual(expect.arrayContaining(['sweep', 'sweep']));
  });

  it('a remediator that cannot look: is named, not passed over', async () => {
    const summaries = await engine({ remediators: [noteWidget], policy: definePolicy({ version: 1 }) }).sweep({ targets: [HERE] });
    expect(summaries).toMatchObject([{ remediator: 'widget-note', status: 'not-swept', record: null }]);
  });

  it('the wrong place: is refused before anything is looked at', async () => {
    await expect(engine().sweep({ targets: [] })).rejects.toMatchObject({ code: 'compose/invalid' });
    await expect(engine().sweep({ targets: [{ account: '1', region: 'us-east-1' }] })).rejects.toMatchObject({ code: 'resource/invalid' });
    await expect(engine().sweep({ targets: [HERE], remediators: ['widget-revoke-opne'] })).rejects.toMatchObject({ code: 'compose/invalid' });
    expect(aws.calls).toEqual([]);
  });

  it('credentials of another account: nothing is listed', async () => {
    aws.put('w1', ['open-1']);
    aws.identity = { account: '222222222222', arn: 'arn:aws:iam::222222222222:role/Other' };
    const [summary] = await engine().sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ status: 'failed' });
    expect(aws.calls).toEqual([]);
  });
});
