// What holds all back alike in a sweep is recorded and notified once for a place, and ends there when it holds nothing back any more.
import { createRedress, definePolicy, type Journal, type Notification, type RedressOptions, type Remediator, resource, type Stop } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordsOf } from '../support/journal.js';
import { revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const HERE = { account: ACCOUNT, region: 'us-east-1' };
const THERE = { account: ACCOUNT, region: 'eu-west-1' };
const START = Date.parse('2026-11-24T10:00:00Z');
let aws: Widgets;
let time: number;
let journal: Journal;
let told: Notification[];
let stop: Stop;
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
const other: Remediator = { ...anyAge, id: 'widget-other' };
const notify = async (each: Notification) => void told.push(each);
const composed = (remediators: readonly Remediator[]) => ({
  remediators,
  policy: definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    remediators: Object.fromEntries(remediators.map(({ id }) => [id, { dev: 'enforce' }])),
    limits: [{ per: ['run'], changes: 1000 }],
  }),
  journal,
  connect: aws.connect,
  clock,
  killSwitch: { read: async () => stop },
});
const engine = (over: Partial<RedressOptions> = {}) => createRedress({ ...composed(over.remediators ?? [anyAge]), notify, ...over });
const name = (n: number) => `w-${String(n).padStart(2, '0')}`;
const fill = (many: number) => {
  for (let n = 0; n < many; n++) aws.put(name(n), ['open-1']);
};
/** What is recorded of a place as a whole, but for sweeps and notices. */
const recorded = async ({ account, region }: typeof HERE): Promise<readonly ({ readonly remediator: string } & Record<string, unknown>)[]> =>
  (await recordsOf({ read: () => journal.read({ resource: resource({ type: 'AWS::::Account', id: account, account, region }) }) })).flatMap(({ record }) =>
    record.kind === 'decision' ? [{ remediator: record.remediator, ...record.body }] : [],
  );
const sweep = async (over: Partial<RedressOptions> = {}, targets = [HERE], more: object = {}) => {
  time += 3_600_000;
  told = [];
  return engine(over).sweep({ targets, perSecond: 1000, ...more });
};

beforeEach(() => {
  aws = new Widgets();
  time = START;
  journal = memoryJournal({ clock });
  told = [];
  stop = 'changes';
});

describe('a shared reason that holds all resources back', () => {
  it('is one record and one message, which names twenty and counts the others', async () => {
    fill(25);
    await sweep();
    const open = [...Array.from({ length: 20 }, (_, n) => name(n)), 'and 5 more'];
    const message = '25 resources are held back for the same reason: The kill switch stops changes.';
    const [only, ...more] = await recorded(HERE);
    expect(more).toEqual([]);
    expect(only).toEqual({
      remediator: 'widget-revoke-open',
      outcome: 'denied',
      message,
      open,
      effect: 'deny',
      guardrails: [expect.objectContaining({ guardrail: 'kill-switch', effect: 'deny', code: 'stopped' })],
      gap: { key: expect.stringMatching(/^g-/), subjects: ['held:stopped'], state: 'stopped', members: 25, over: [] },
      trigger: { by: 'sweep' },
    });
    expect(told).toMatchObject([{ outcome: 'denied', message, open, resource: { type: 'AWS::::Account', id: ACCOUNT, region: 'us-east-1' } }]);
    expect((await journal.standing()).gaps.filter(({ members }) => members !== null)).toMatchObject([
      { members: 25, state: 'stopped', told: { state: 'stopped' } },
    ]);
  });
  it.each([
    [1, '1 resource is held back for the same reason: ', [name(0)]],
    [2, '2 resources are held back for the same reason: ', [name(0), name(1)]],
    [20, '20 resources are held back for the same reason: ', Array.from({ length: 20 }, (_, n) => name(n))],
  ])('names all of %i', async (many, message, open) => {
    fill(many);
    await sweep();
    expect(told).toMatchObject([{ message: `${message}The kill switch stops changes.`, open }]);
  });
  it('is notified once while it lasts; its end is recorded, and nobody is notified of that', async () => {
    fill(3);
    await sweep();
    await sweep();
    expect(told).toEqual([]);
    expect(await recorded(HERE)).toHaveLength(1);
    stop = 'none';
    const key = ((await recorded(HERE))[0] as unknown as { gap: { key: string } }).gap.key;
    await sweep();
    expect((await recorded(HERE)).slice(1)).toEqual([
      {
        remediator: 'widget-revoke-open',
        outcome: 'no-op',
        message: 'Nothing is held back for the same reason any more.',
        gap: { over: [key] },
        trigger: { by: 'sweep' },
      },
    ]);
    expect(told.filter(({ outcome }) => outcome !== 'remediated')).toEqual([]);
    await sweep();
    expect(await recorded(HERE)).toHaveLength(2);
    // When it begins once more, so does this.
    stop = 'everything';
    for (const n of [0, 1, 2]) aws.put(name(n), ['open-2']);
    await sweep();
    expect(told).toMatchObject([{ message: '3 resources are held back for the same reason: The kill switch stops everything.' }]);
    expect(await recorded(HERE)).toHaveLength(3);
  });
  it('that changes its kind ends, and another one begins', async () => {
    fill(2);
    await sweep();
    stop = 'none';
    const guardrails = [
      {
        id: 'mine',
        needs: [],
        evaluate: () => {
          throw new Error('a bug');
        },
      },
    ] as unknown as NonNullable<RedressOptions['guardrails']>;
    await sweep({ guardrails });
    expect(told).toMatchObject([{ message: expect.stringMatching(/^2 resources are held back for the same reason: The guardrail itself failed/) }]);
    expect((await recorded(HERE)).map(({ outcome, gap }) => [outcome, (gap as { state?: string }).state ?? null])).toEqual([
      ['denied', 'stopped'],
      ['denied', 'guardrail-failed-mine'],
      ['no-op', null],
    ]);
    expect((await journal.standing()).gaps.filter(({ members }) => members !== null).map(({ state }) => state)).toEqual(['guardrail-failed-mine']);
  });
  it('is neither recorded nor notified in a dry run', async () => {
    fill(2);
    expect(await sweep({}, [HERE], { dryRun: true })).toMatchObject([{ outcomes: { denied: 2 } }]);
    expect([told, await recorded(HERE)]).toEqual([[], []]);
  });
  it('does not end if not everything was checked', async () => {
    fill(4);
    await sweep();
    stop = 'none';
    const [summary] = await sweep({}, [HERE], { perSecond: 1, deadline: time + 3_600_000 + 35_000 });
    expect(summary?.status).toBe('stopped');
    expect(await recorded(HERE)).toHaveLength(1);
    expect((await journal.standing()).gaps.filter(({ members }) => members !== null)).toHaveLength(1);
  });
  it('belongs to one place and one remediator', async () => {
    fill(2);
    for (const each of [anyAge, other]) await sweep({ remediators: [each] }, [HERE, THERE]);
    expect((await recorded(HERE)).map(({ remediator }) => remediator).sort()).toEqual(['widget-other', 'widget-revoke-open']);
    expect((await recorded(THERE)).map(({ remediator }) => remediator).sort()).toEqual(['widget-other', 'widget-revoke-open']);
    stop = 'none';
    for (const n of [0, 1]) aws.put(name(n), []);
    await sweep({ remediators: [anyAge] }, [THERE]);
    expect((await recorded(HERE)).map(({ outcome }) => outcome)).toEqual(['denied', 'denied']);
    expect((await recorded(THERE)).map(({ remediator, outcome }) => [remediator, outcome]).slice(2)).toEqual([['widget-revoke-open', 'no-op']]);
    const standing = (await journal.standing()).gaps
      .filter(({ members }) => members !== null)
      .map(({ remediator, resource: ref }) => `${remediator} ${ref.region}`);
    expect(standing.sort()).toEqual(['widget-other eu-west-1', 'widget-other us-east-1', 'widget-revoke-open us-east-1']);
  });
  it('is recorded without a channel as well; people are notified once there is one', async () => {
    fill(2);
    const silent = () => {
      time += 3_600_000;
      return createRedress(composed([anyAge])).sweep({ targets: [HERE] });
    };
    await silent();
    await silent();
    expect(await recorded(HERE)).toHaveLength(1);
    await sweep();
    expect(told).toMatchObject([{ message: '2 resources are held back for the same reason: The kill switch stops changes.' }]);
    expect(await recorded(HERE)).toHaveLength(1);
    await sweep();
    expect(told).toEqual([]);
  });
  it('does not exist if each resource is held back separately', async () => {
    fill(2);
    stop = 'none';
    const guardrails = [{ id: 'mine', needs: [], evaluate: () => ({ effect: 'deny', code: 'x', message: 'No.' }) }] as unknown as NonNullable<
      RedressOptions['guardrails']
    >;
    await sweep({ guardrails });
    expect(await recorded(HERE)).toEqual([]);
    expect(told).toHaveLength(2);
  });
});
