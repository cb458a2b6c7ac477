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
  it('closes what no event reported, and records one summary', async () => {
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
      expect(record).toMatchObject({
        kind: 'sweep',
        remediator: 'redress-sweep',
        body: { sweep: { status: 'complete', next: null, remediators: { 'widget-revoke-open': { status: 'complete', looked: 5 } } } },
      });
  });

  it('counts what it could not read, which does not count as checked, and continues', async () => {
    for (const id of ['w1', 'w2', 'w3']) aws.put(id, ['closed']);
    aws.faults.set('DescribeWidget', ['denied']);
    const [summary] = await engine().sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ status: 'complete', looked: 3, outcomes: { denied: 1, 'no-op': 2 }, retryable: 0, unread: 1 });
    expect(summary?.message).toBe('3 checked, of which 1 could not be read.');
    for await (const { record } of journal.read({ resource: resource({ type: 'AWS::::Account', id: ACCOUNT, ...HERE }) }))
      if (record.kind === 'sweep') expect(record.body['sweep']).toMatchObject({ remediators: { 'widget-revoke-open': { unread: 1 } } });
    // Somebody said no: it was looked at, and decided on.
    const [stopped] = await engine({ killSwitch: { read: async () => 'changes' } }).sweep({ targets: [HERE] });
    expect(stopped).toMatchObject({ looked: 3, unread: 0 });
  });

  it('handles resources like findings: exempt, notified, and old rules need an approval', async () => {
    for (const id of ['w1', 'w2']) aws.put(id, ['open-1']);
    const exceptions = defineRegister([
      { id: 'EXC-1', scope: { resource: 'w1' }, reason: 'r', owner: 'a', approver: 'b', expires: new Date(START + 1e9).toISOString() },
    ]);
    const [summary] = await engine({ exceptions, remediators: [revokeOpenRules] }).sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ outcomes: { exempt: 1, 'awaiting-approval': 1 } });
    expect(aws.writes).toEqual([]);
    expect((await kinds()).sort()).toEqual(['decision', 'decision', 'sweep']);
  });

  it('changes and records nothing in a dry run', async () => {
    aws.put('w1', ['open-1']);
    const [summary] = await engine().sweep({ targets: [HERE], dryRun: true });
    expect(summary).toMatchObject({ outcomes: { planned: 1 }, record: null });
    expect(aws.writes).toEqual([]);
    expect(await kinds()).toEqual([]);
  });

  it('checks a resource under its own name, not under the alias by which it is listed', async () => {
    aws.put('other-name', ['closed']);
    aws.put('w1', ['open-1']);
    const { observeMany: _, ...rest } = anyAge as Remediator & { observeMany?: unknown };
    const listed: Remediator = {
      ...rest,
      identify: async () => ({ id: 'w1' }),
      discover: async function* () {
        yield { type: 'AWS::Test::Widget', id: 'other-name' };
      },
    };
    expect(await engine({ remediators: [listed] }).sweep({ targets: [HERE] })).toMatchObject([{ status: 'complete', outcomes: { remediated: 1 } }]);
    expect([aws.rules('w1'), aws.rules('other-name')]).toEqual([[], ['closed']]);
  });

  it('keeps to its rate limit', async () => {
    for (let at = 0; at < 20; at++) aws.put(`w${at}`, ['closed']);
    await engine().sweep({ targets: [HERE], perSecond: 2 });
    expect(time - START).toBe(10_000);
  });

  it('reports each pass and stores none', async () => {
    aws.put('w1', ['open-1']);
    const seen: string[] = [];
    await engine().sweep({ targets: [HERE], onPass: (pass) => seen.push(`${pass.resource.id} ${pass.outcome}`) });
    expect(seen).toEqual(['w1 remediated']);
  });

  it('first closes executions whose worker is gone', async () => {
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

describe('a glance', () => {
  /** Reads whether it is open; who looks reads twice. */
  const glancing = (over: Partial<Remediator> = {}): Remediator => ({
    ...anyAge,
    glance: async ({ aws: reads, resource: { id } }) => {
      const { Rules = [] } = await (reads as unknown as { widget: { DescribeWidget(input: object): Promise<{ Rules?: string[] }> } }).widget.DescribeWidget({
        Id: id,
      });
      return { state: { open: Rules.filter((each) => each.startsWith('open')) } };
    },
    observe: async (args) => {
      looks.push(args.resource.id);
      return anyAge.observe(args);
    },
    ...over,
  });
  const looks: string[] = [];
  beforeEach(() => looks.splice(0));
  const swept = async (remediator: Remediator, options: Partial<Parameters<ReturnType<typeof engine>['sweep']>[0]> = {}) =>
    engine({ remediators: [remediator] }).sweep({ targets: [HERE], ...options });

  it('that shows no gap ends the check of a resource; what may have a gap is checked, and nothing is read twice', async () => {
    for (const id of ['w1', 'w3', 'w4']) aws.put(id, ['closed']);
    aws.put('w2', ['open-1']);
    const [summary] = await swept(glancing(), { dryRun: true });
    expect(summary).toMatchObject({ status: 'complete', looked: 4, outcomes: { 'no-op': 3, planned: 1 } });
    expect([...new Set(looks)]).toEqual(['w2']);
    const asked = aws.calls.filter(({ operation }) => operation === 'DescribeWidget').map(({ input }) => input['Id']);
    expect(asked.sort()).toEqual(['w1', 'w2', 'w3', 'w4']);
    expect(await swept(glancing())).toMatchObject([{ outcomes: { 'no-op': 3, remediated: 1 } }]);
    expect(aws.rules('w2')).toEqual([]);
  });

  it.each([
    ['shows nothing', async () => null],
    ['cannot read', () => Promise.reject(new Error('denied'))],
    ['shows something that cannot be judged', async () => ({ state: {} })],
  ])('that %s is not final', async (_what, glance) => {
    aws.put('w1', ['open-1']);
    aws.put('w2', ['closed']);
    const [summary] = await swept(glancing({ glance: glance as never }));
    expect(summary).toMatchObject({ status: 'complete', outcomes: { remediated: 1, 'no-op': 1 }, unread: 0 });
    expect([...new Set(looks)].sort()).toEqual(['w1', 'w2']);
  });

  it('does not close a gap in the journal: a pass reports that it is closed', async () => {
    aws.put('w1', ['open-1']);
    const notify = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'notify' } } });
    await engine({ remediators: [glancing()], policy: notify }).sweep({ targets: [HERE] });
    expect((await journal.standing()).gaps).toHaveLength(1);
    aws.put('w1', ['closed']);
    await swept(glancing());
    expect((await journal.standing()).gaps).toEqual([]);
  });
});

describe('a sweep without enough time', () => {
  const some = 12;
  const id = (at: number) => `w${String(at).padStart(2, '0')}`;
  const looked = (calls: readonly { operation: string; input: Record<string, unknown> }[]) => [
    ...new Set(calls.filter((call) => call.operation === 'DescribeWidget').map((call) => String(call.input['Id']))),
  ];
  const part = async (over: Partial<RedressOptions> = {}) => {
    aws.calls.length = 0;
    const summaries = await engine(over).sweep({ targets: [HERE], perSecond: 1, deadline: time + 40_000 });
    return { summaries, summary: summaries[0], looked: looked(aws.calls) };
  };

  it('is continued by the next one, and starts over after it completes', async () => {
    for (let at = 0; at < some; at++) aws.put(id(at), ['closed']);
    const first = await part();
    expect(first.summary).toMatchObject({ status: 'stopped', complete: false, looked: 6, next: 'us-east-1/AWS::Test::Widget/w05', retryAt: time, left: 0 });
    const second = await part();
    expect(second.looked).toEqual(['w06', 'w07', 'w08', 'w09', 'w10', 'w11']);
    expect(second.summary).toMatchObject({ status: 'complete', complete: true, next: null, retryAt: null, lastComplete: START });
    expect((await part()).looked[0]).toBe('w00');
  });

  it('continues by name, whatever the order of a list: nothing is skipped when resources appear and disappear', async () => {
    for (let at = 0; at < some; at++) aws.put(id(at), ['closed']);
    await part();
    // What it stopped at is gone, something new comes after it, and the list has another order.
    aws.widgets.delete('w05');
    aws.put('w055', ['open-1']);
    const turned = [...aws.widgets].reverse();
    aws.widgets.clear();
    for (const [name, widget] of turned) aws.widgets.set(name, widget);
    const { summary, looked: rest } = await part();
    expect(rest).toEqual(['w055', 'w06', 'w07', 'w08', 'w09', 'w10']);
    expect(summary).toMatchObject({ status: 'stopped', outcomes: { remediated: 1, 'no-op': 5 } });
    expect((await part()).looked).toEqual(['w11']);
  });

  it('lets every remediator of a type decide on a resource before it goes to the next one', async () => {
    for (let at = 0; at < some; at++) aws.put(id(at), ['open-1']);
    const other: Remediator = { ...anyAge, id: 'widget-other' };
    const { summaries, looked: of } = await part({ remediators: [anyAge, other], policy: definePolicy({ version: 1 }) });
    expect(summaries.map((each) => [each.remediator, each.looked])).toEqual([
      ['widget-revoke-open', 6],
      ['widget-other', 6],
    ]);
    // Both look with the same eyes.
    expect(aws.calls.filter((call) => call.operation === 'DescribeWidget')).toHaveLength(of.length);
  });

  it('reaches every type in its round; types without a turn are reported and come first in the next one', async () => {
    for (let at = 0; at < some; at++) aws.put(id(at), ['closed']);
    const types = ['Fan', 'Lamp', 'Stove'];
    const remediators = types.map(
      (type): Remediator => ({
        ...anyAge,
        id: `widget-${type.toLowerCase()}`,
        resourceTypes: [`AWS::Test::${type}`],
        discover: async function* () {
          for (let at = 0; at < 4; at++) yield { type: `AWS::Test::${type}`, id: id(at) };
        },
      }),
    );
    const policy = definePolicy({ version: 1 });
    const parts = [await part({ remediators, policy }), await part({ remediators, policy })].map(({ summaries }) => summaries);
    // Twelve in two parts of six: nobody is met twice, and in the first part one was not begun.
    expect(parts.map((of) => of.reduce((sum, each) => sum + each.looked, 0))).toEqual([6, 6]);
    expect(parts[0]?.map((each) => each.status).sort()).toEqual(['complete', 'stopped', 'stopped']);
    expect(parts[1]?.map((each) => each.status)).toEqual(['complete', 'complete']);
    expect(new Set(parts.flat().flatMap((each) => (each.complete ? [each.remediator] : []))).size).toBe(3);
  });

  it('has no remediator that is always first, even if no sweep survives to record its progress', async () => {
    aws.put('w00', ['closed']);
    const first: string[] = [];
    const types = ['Fan', 'Lamp', 'Stove'];
    const remediators = types.map(
      (type): Remediator => ({
        ...anyAge,
        id: `widget-${type.toLowerCase()}`,
        resourceTypes: [`AWS::Test::${type}`],
        // biome-ignore lint/correctness/useYield: it dies before.
        discover: async function* () {
          first.push(type);
          throw Object.assign(new Error('out of memory'), { code: 'dead' });
        },
      }),
    );
    const began: string[] = [];
    for (let round = 0; round < 30; round++) {
      time = START + round * 3_600_000;
      first.length = 0;
      // Nothing of it is recorded.
      await engine({ remediators, policy: definePolicy({ version: 1 }), journal: memoryJournal({ clock }) }).sweep({ targets: [HERE] });
      began.push(first[0] ?? '');
    }
    expect([...new Set(began)].sort()).toEqual(types);
  });
});

describe('a failure in a sweep', () => {
  it('of a resource does not keep others from being checked', async () => {
    for (const id of ['w1', 'w2', 'w3']) aws.put(id, ['open-1']);
    const broken: Journal = {
      ...bound(journal),
      view: (ref) => journal.view(ref),
      append: (entry) => (entry.resource.id === 'w2' ? Promise.reject(new Error('bug')) : journal.append(entry)),
    };
    const [summary] = await engine({ journal: broken }).sweep({ targets: [HERE] });
    // Nobody has decided on it: that is not complete, and the next sweep begins with it.
    const left = { status: 'stopped', complete: false, looked: 3, left: 1, outcomes: { remediated: 2 }, errors: 1, retryAt: time + 60_000 };
    expect(summary).toMatchObject({ ...left, message: '3 checked, of which 1 are left.' });
    const [next] = await engine().sweep({ targets: [HERE] });
    expect(next).toMatchObject({ status: 'complete', looked: 1, left: 0, outcomes: { 'no-op': 1 }, errors: 0 });
    // Its change had been sent: it is not sent again.
    expect(aws.writes).toEqual(['RevokeRule', 'RevokeRule', 'RevokeRule']);
  });

  it('of a discovery is recorded, and does not keep other remediators from being swept', async () => {
    aws.put('w1', ['open-1']);
    aws.faults.set('DescribeWidgets', ['denied']);
    const other: Remediator = {
      ...anyAge,
      id: 'widget-other',
      discover: async function* () {
        yield { type: 'AWS::Test::Widget', id: 'w1' };
      },
    };
    const summaries = await engine({ remediators: [anyAge, other] }).sweep({ targets: [HERE] });
    expect(summaries).toMatchObject([
      { remediator: 'widget-revoke-open', status: 'failed', message: expect.stringContaining('AccessDenied') },
      { remediator: 'widget-other', status: 'complete', looked: 1 },
    ]);
    expect(await kinds()).toContain('sweep');
  });

  it('of a remediator that cannot discover is reported, not skipped', async () => {
    const summaries = await engine({ remediators: [noteWidget], policy: definePolicy({ version: 1 }) }).sweep({ targets: [HERE] });
    expect(summaries).toMatchObject([{ remediator: 'widget-note', status: 'not-swept', record: null }]);
  });

  it('because of the wrong place is reported before anything is checked', async () => {
    await expect(engine().sweep({ targets: [] })).rejects.toMatchObject({ code: 'compose/invalid' });
    await expect(engine().sweep({ targets: [{ account: '1', region: 'us-east-1' }] })).rejects.toMatchObject({ code: 'resource/invalid' });
    await expect(engine().sweep({ targets: [HERE], remediators: ['widget-revoke-opne'] })).rejects.toMatchObject({ code: 'compose/invalid' });
    expect(aws.calls).toEqual([]);
  });

  it('because of credentials of another account: nothing is listed', async () => {
    aws.put('w1', ['open-1']);
    aws.identity = { account: '222222222222', arn: 'arn:aws:iam::222222222222:role/Other' };
    const [summary] = await engine().sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ status: 'failed' });
    expect(aws.calls).toEqual([]);
  });
});
