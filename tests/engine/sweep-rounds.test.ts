// A round of sweeps through its queue: from the schedule to the last place, also when workers die.
import { type Connect, definePolicy, type Journal, type Policy, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { createHandler, type HandlerOptions, type SweepRegions } from '@redress/lambda-runtime';
import { beforeEach, describe, expect, it } from 'vitest';
import { Fifo } from '../support/fifo.js';
import { kindsOf } from '../support/journal.js';
import { logOfEachTest } from '../support/lambda-log.js';
import { revokeOpenRules, Widgets } from '../support/widgets.js';

const log = logOfEachTest();
const ACCOUNTS = ['111111111111', '222222222222', '333333333333'];
const REGION = 'us-east-1';
const START = Date.parse('2026-11-24T10:00:00Z');
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
const policy: Policy = definePolicy({
  version: 1,
  environments: { dev: { accounts: ACCOUNTS } },
  remediators: { 'widget-revoke-open': { dev: 'enforce' } },
  limits: [{ per: ['run'], changes: 100 }],
});

let time: number;
let accounts: Map<string, Widgets>;
let journal: Journal;
let queue: Fifo;
let metrics: Record<string, number>[];
/** What happens in the world, counted: a call to AWS, a step of the journal, a message. The worker dies before the one of this number. */
let steps: number;
let diesAt: number;

const clock = { now: () => time, sleep: async (milliseconds: number) => void (time += milliseconds) };

/** Whoever died does nothing any more. */
function step(): void {
  if (++steps >= diesAt) throw new Error('the worker died');
}

const mortal = <T extends object>(target: T): T =>
  new Proxy(target, {
    get(of, name) {
      const value = Reflect.get(of, name, of) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        step();
        return (value as (...args: unknown[]) => unknown).apply(of, args);
      };
    },
  });

const connect: Connect = async (target) => {
  const found = accounts.get(target.account);
  if (found === undefined) throw new Error(`no account ${target.account}`);
  return found.connect(target);
};

const handlerOf = (more: Partial<HandlerOptions> = {}, sweep: Partial<HandlerOptions['sweep']> = {}) =>
  createHandler({
    remediators: [anyAge],
    policy,
    journal: mortal(journal),
    connect,
    clock,
    sweep: {
      targets: [...accounts.keys()].map((account) => ({ account, region: REGION })),
      perSecond: 1000,
      queue: { send: async (messages) => (step(), queue.send(messages)) },
      ...sweep,
    },
    changeVisibility: async (message, seconds) => (step(), queue.hide(message, seconds)),
    metrics: (line) => void metrics.push(JSON.parse(line) as Record<string, number>),
    ...more,
  });

const tick = (at = START) => ({
  version: '0',
  id: `tick-${at}`,
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: ACCOUNTS[0],
  time: new Date(at).toISOString(),
  region: REGION,
  resources: [`arn:aws:events:${REGION}:${ACCOUNTS[0]}:rule/redress-sweep`],
  detail: {},
});

/** An invocation of 120 seconds. */
const context = () => {
  const until = time + 120_000;
  return { getRemainingTimeInMillis: () => until - time };
};

/** Hands messages to workers until none is left; each has a sandbox of its own. Those after the first of `diesAt` live. */
async function work(handler = handlerOf, most = 500): Promise<number> {
  for (let count = 0; count < most; count++) {
    if (queue.size === 0) return count;
    const record = queue.receive();
    if (record === null) {
      time = queue.nextAt();
      continue;
    }
    const { batchItemFailures } = (await handler()({ Records: [record] }, context())) as { batchItemFailures: readonly unknown[] };
    // A dead worker answers nothing, and its message comes again.
    if (steps < diesAt && batchItemFailures.length === 0) queue.delete(record);
    if (steps >= diesAt) [steps, diesAt] = [0, Number.POSITIVE_INFINITY];
  }
  throw new Error('there is no end of messages');
}

const sum = (name: string) => metrics.flatMap((line) => (name in line ? [line[name] as number] : [])).reduce((a, b) => a + b, 0);
const lines = (kind: string) => log.lines.filter((line) => line['kind'] === kind);
const writes = () => [...accounts.values()].flatMap((each) => each.writes);

beforeEach(() => {
  time = START;
  steps = 0;
  diesAt = Number.POSITIVE_INFINITY;
  metrics = [];
  accounts = new Map(
    ACCOUNTS.map((account, index) => {
      const aws = new Widgets();
      aws.identity = { account, arn: `arn:aws:sts::${account}:assumed-role/Redress/test` };
      aws.put(`open-${index}`, ['open-1']);
      aws.put(`closed-${index}`, ['closed']);
      aws.before = step;
      return [account, aws];
    }),
  );
  journal = memoryJournal({ clock });
  queue = new Fifo(() => time, 720_000);
});

describe('a round of sweeps', () => {
  it('sends a message for each account and one for each of its regions; every gap is closed', async () => {
    await handlerOf()(tick(), context());
    expect(queue.sent.map((body) => JSON.parse(body) as unknown)).toEqual(
      ACCOUNTS.map((account) => ({ redress: 'sweep', round: '2026-11-24T10:00:00.000Z', account, regions: [REGION] })),
    );
    await work();
    expect(queue.sent.slice(3).map((body) => JSON.parse(body) as unknown)).toEqual(
      ACCOUNTS.map((account) => ({ redress: 'sweep', round: '2026-11-24T10:00:00.000Z', account, region: REGION, global: true })),
    );
    expect(writes()).toEqual(['RevokeRule', 'RevokeRule', 'RevokeRule']);
    expect(sum('SweepCompleted')).toBe(3);
  });

  it('sweeps a new account the next time', async () => {
    await handlerOf()(tick(), context());
    await work();
    const aws = new Widgets();
    aws.identity = { account: '444444444444', arn: 'arn:aws:sts::444444444444:assumed-role/Redress/test' };
    aws.put('w-new', ['open-1']);
    accounts.set('444444444444', aws);
    time += 3_600_000;
    await handlerOf()(tick(time), context());
    await work();
    const place = { account: '444444444444', region: REGION };
    expect(lines('sweep-summary').filter((line) => line['account'] === place.account)).toMatchObject([{ ...place, status: 'complete', looked: 1 }]);
    // And those that were swept an hour ago are swept once more.
    expect(lines('sweep-summary').filter((line) => line['account'] === ACCOUNTS[0])).toHaveLength(2);
  });

  it('continues with another message when time runs out, until everything is decided on', async () => {
    const [account, aws] = [...accounts][0] as [string, Widgets];
    for (let index = 0; index < 300; index++) aws.put(`w-${index}`, ['closed']);
    accounts = new Map([[account, aws]]);
    // One a second: 85 of them fit into an invocation.
    const slow = () => handlerOf({}, { perSecond: 1 });
    await slow()(tick(), context());
    const messages = await work(slow);
    expect(lines('sweep-continued').length).toBeGreaterThan(2);
    expect(messages).toBe(lines('sweep-continued').length + 2);
    expect(lines('sweep-summary').at(-1)).toMatchObject({ status: 'complete' });
    expect(writes()).toEqual(['RevokeRule']);
    // How long it took: by that the alarm knows that a round does not come to its end.
    const ages = metrics.flatMap((line) => ('SweepAge' in line ? [line['SweepAge'] as number] : []));
    expect(ages).toEqual([...ages].sort((a, b) => a - b));
    expect(ages.at(-1)).toBe((time - START) / 1000);
  });

  it('sends no further message without progress, and gives up in the end', async () => {
    const short = () => {
      const handler = handlerOf();
      return ((event: unknown) => handler(event, { getRemainingTimeInMillis: () => 31_000 })) as ReturnType<typeof handlerOf>;
    };
    await short()(tick(), context());
    await work(short);
    // Three accounts are spread; three places are begun five times each, and given up at the sixth.
    expect(queue.sent).toHaveLength(6);
    expect(lines('sweep-left').map((line) => [line.level, line['account'], line['reason']])).toEqual(ACCOUNTS.map((account) => ['ERROR', account, 'given-up']));
    expect(sum('SweepFailed')).toBe(3);
  });

  it('skips what was swept since, also in a place where nothing without a region is checked', async () => {
    const targets = ACCOUNTS.flatMap((account) => [REGION, 'eu-west-1'].map((region) => ({ account, region })));
    const everywhere: Remediator = { ...anyAge, id: 'widget-everywhere', resourceTypes: ['AWS::Test::Other'], global: true };
    const handler = () => handlerOf({ remediators: [anyAge, everywhere] }, { targets });
    await handler()(tick(), context());
    await work(handler);
    time += 600_000;
    await handler()(tick(), context());
    await work(handler);
    expect(lines('sweep-skipped').map((line) => `${line['account']} ${line['region']}`)).toEqual(targets.map(({ account, region }) => `${account} ${region}`));
  });

  it('skips what was swept since it was requested', async () => {
    await handlerOf()(tick(), context());
    await work();
    const before = (await kindsOf(journal)).length;
    // The same schedule, delivered again when no queue remembers.
    time += 600_000;
    await handlerOf()(tick(), context());
    await work();
    expect(lines('sweep-skipped').map((line) => line['account'])).toEqual(ACCOUNTS);
    expect((await kindsOf(journal)).length).toBe(before);
  });

  it('is one round when the schedule is delivered twice', async () => {
    await handlerOf()(tick(), context());
    await handlerOf()(tick(), context());
    expect(queue.size).toBe(3);
  });
});

describe('a worker that dies', () => {
  it('is followed by another one 15 seconds after its invocation would have ended', async () => {
    await handlerOf()(tick(), context());
    queue.receive();
    queue.receive();
    const record = queue.receive();
    expect(queue.receive()).toBeNull();
    // Two steps: what is open is looked at, and the message is hidden.
    [steps, diesAt] = [0, 3];
    await handlerOf()({ Records: [record] }, context());
    expect(queue.nextAt()).toBe(START + 135_000);
  });

  it('at any step is followed by one that continues: every gap is closed, and nothing is done twice', async () => {
    await handlerOf()(tick(), context());
    steps = 0;
    await work();
    const all = steps;
    // Each account has its look-up and its sweep, with an execution of a call.
    expect(all).toBeGreaterThan(50);
    for (let at = 1; at <= all; at++) {
      for (const aws of accounts.values()) {
        aws.calls.length = 0;
        for (const [id, each] of aws.widgets) if (id.startsWith('open')) each.rules = ['open-1'];
      }
      time += 86_400_000 * 8;
      journal = memoryJournal({ clock });
      queue = new Fifo(() => time, 720_000);
      await handlerOf()(tick(time), context());
      [steps, diesAt] = [0, at];
      await work();
      expect([at, writes()]).toEqual([at, ['RevokeRule', 'RevokeRule', 'RevokeRule']]);
      expect([...accounts.values()].flatMap((aws, index) => aws.rules(`open-${index}`))).toEqual([]);
      // One that died between its intent and its call leaves an execution in which nothing was sent.
      expect(await journal.open()).toEqual([]);
    }
  });
});

describe('the rest of a sweep', () => {
  it('does not begin before it can be continued', async () => {
    const later = {
      redress: 'sweep',
      round: new Date(START).toISOString(),
      account: ACCOUNTS[0],
      region: REGION,
      global: true,
      at: new Date(START + 40_000).toISOString(),
    };
    await queue.send([{ group: `${ACCOUNTS[0]}/${REGION}`, id: 'next', body: JSON.stringify(later) }]);
    const record = queue.receive();
    expect(await handlerOf()({ Records: [record] }, context())).toEqual({ batchItemFailures: [{ itemIdentifier: record?.messageId }] });
    expect(await kindsOf(journal)).toEqual([]);
    expect(queue.nextAt()).toBe(START + 40_000);
    await work();
    expect(sum('SweepCompleted')).toBe(1);
  });
});

describe('a place that cannot be swept', () => {
  const regions =
    (left: SweepRegions['left']) =>
    async (_: string, asked: readonly string[]): Promise<SweepRegions> => ({
      enabled: asked.filter((region) => !left.some((each) => each.region === null || each.region === region)),
      left,
    });

  it('is reported once with its reason, and does not keep other places from being swept', async () => {
    const of = (account: string, asked: readonly string[]) =>
      regions(
        account === ACCOUNTS[0]
          ? [{ region: null, reason: 'denied', message: 'AccessDenied' }]
          : [{ region: 'eu-south-1', reason: 'not-enabled', message: 'The region eu-south-1 is not enabled in this account.' }],
      )(account, asked);
    const targets = ACCOUNTS.flatMap((account) => [REGION, 'eu-south-1', 'eu-west-1'].map((region) => ({ account, region })));
    const handler = () => handlerOf({}, { targets, queue: { send: async (messages) => queue.send(messages), regions: of } });
    await handler()(tick(), context());
    await work(handler);
    expect(lines('sweep-left').map((line) => [line.level, line.message, line['account'], line['region'], line['reason']])).toEqual([
      ['ERROR', 'not swept: AccessDenied', ACCOUNTS[0], undefined, 'denied'],
      ['INFO', 'not swept: The region eu-south-1 is not enabled in this account.', ACCOUNTS[1], 'eu-south-1', 'not-enabled'],
      ['INFO', 'not swept: The region eu-south-1 is not enabled in this account.', ACCOUNTS[2], 'eu-south-1', 'not-enabled'],
    ]);
    // A region that is not enabled is no failure; an account whose gaps nobody sees is one.
    expect(sum('SweepFailed')).toBe(1);
    expect(sum('SweepCompleted')).toBe(4);
    expect(queue.sent).toHaveLength(3 + 4);
  });

  it('is retried while its regions cannot be determined', async () => {
    let fails = true;
    const handler = () =>
      handlerOf(
        {},
        {
          queue: {
            send: async (messages) => queue.send(messages),
            regions: async (_, enabled) => {
              if (fails) throw new Error('Throttling');
              return { enabled, left: [] };
            },
          },
        },
      );
    await handler()(tick(), context());
    const record = queue.receive();
    expect(await handler()({ Records: [record] }, context())).toEqual({ batchItemFailures: [{ itemIdentifier: record?.messageId }] });
    fails = false;
    await work(handler);
    expect(sum('SweepCompleted')).toBe(3);
  });
});

describe('an invalid message', () => {
  it.each([
    '{"redress":"sweep"}',
    '{"redress":"sweep","round":"2026-11-24T10:00:00Z","account":"1","region":"us-east-1"}',
    '{"redress":"sweep","round":"soon","account":"111111111111","region":"us-east-1"}',
    '{"redress":"sweep","round":"2026-11-24T10:00:00Z","account":"111111111111","region":"nowhere/at all"}',
    '{"redress":"sweep","round":"2026-11-24T10:00:00Z","account":"111111111111","regions":["us-east-1",7]}',
    '{"redress":"sweep","round":"2026-11-24T10:00:00Z","account":"111111111111"}',
    '{"redress":"sweep","round":"2026-11-24T10:00:00Z","account":"111111111111","region":"us-east-1","at":"later"}',
  ])('sweeps nothing: %s', async (body) => {
    await queue.send([{ group: 'g', id: 'i', body }]);
    const record = queue.receive();
    await handlerOf()({ Records: [record] }, context());
    expect(await kindsOf(journal)).toEqual([]);
    expect(queue.sent).toEqual([body]);
  });
});
