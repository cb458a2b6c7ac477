import { createRedress, definePolicy, fixed, type Journal, type Live, RedressError, type RedressOptions, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { crashingJournal } from '@redress/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { bound } from '../support/journal.js';
import { noteWidget, openedEvent, revokeOpenRules, Widgets, widget, widgetService } from '../support/widgets.js';

// An event that is acknowledged is gone. So whatever keeps it from being decided on, other than a refusal for good, has to bring it again.

const START = Date.parse('2026-11-24T10:00:00Z');
const ITEM = 'message-1';

let aws: Widgets;
let time: number;
let journal: Journal;

const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
const policy = definePolicy({ version: 1, environments: { dev: { accounts: ['111111111111'] } }, remediators: { 'widget-revoke-open': { dev: 'enforce' } } });
const inSqs = (event: object) => ({ Records: [{ messageId: ITEM, eventSource: 'aws:sqs', body: JSON.stringify(event) }] });
const engine = (over: Partial<RedressOptions> = {}) => createRedress({ remediators: [revokeOpenRules], policy, journal, connect: aws.connect, clock, ...over });
const handle = (over: Partial<RedressOptions> = {}) => engine(over).handle(inSqs(openedEvent('w1', 'open-1', START - 60_000)));
const down = <T>(): Live<T> => ({ read: () => Promise.reject(new Error('the store is down')) });

beforeEach(() => {
  aws = new Widgets();
  aws.put('w1', ['open-1']);
  time = START;
  journal = memoryJournal({ clock });
});

describe('what cannot be read now is delivered again and then fixed', () => {
  const identifying: Remediator = {
    ...revokeOpenRules,
    identify: async (args) => {
      const seen = await revokeOpenRules.observe({ ...args, parameters: {} });
      return seen === 'gone' ? 'gone' : { id: args.resource.id };
    },
  };

  it.each<[string, () => Partial<RedressOptions>, () => void]>([
    [
      'the identity of the credentials',
      () => {
        aws.identityFails = true;
        return {};
      },
      () => {
        aws.identityFails = false;
      },
    ],
    ['the policy, during routing', () => ({ policy: down() }), () => undefined],
    ['the exceptions register', () => ({ exceptions: down() }), () => undefined],
    ['the kill switch', () => ({ killSwitch: down() }), () => undefined],
    ['the history', () => ({ journal: { ...bound(journal), view: () => Promise.reject(new Error('down')) } }), () => undefined],
    ['the whole journal', () => ({ journal: dead() }), () => undefined],
    [
      'the resource, throttled',
      () => {
        aws.faults.set('DescribeWidget', ['throttled']);
        return {};
      },
      () => undefined,
    ],
    [
      'the identity of the resource, throttled',
      () => {
        aws.faults.set('DescribeWidget', ['throttled']);
        return { remediators: [identifying] };
      },
      () => undefined,
    ],
  ])('%s', async (_name, broken, repair) => {
    const first = await handle(broken());
    expect(first.retry).toEqual([ITEM]);
    expect(first.results).toMatchObject([{ retryable: true }]);
    expect(aws.writes).toEqual([]);
    repair();
    const second = await handle();
    expect(second.retry).toEqual([]);
    expect(second.results[0]?.passes).toMatchObject([{ outcome: 'remediated' }]);
    expect(aws.rules('w1')).toEqual([]);
  });

  it('a policy that cannot be read between routing and deciding', async () => {
    let reads = 0;
    const flaky: Live<typeof policy> = { read: async () => (++reads === 2 ? Promise.reject(new Error('down')) : policy) };
    const { retry, results } = await handle({ policy: flaky });
    expect(retry).toEqual([ITEM]);
    expect(results[0]?.passes).toMatchObject([{ outcome: 'denied', retryable: true }]);
  });

  it.each(['DescribeWidget'])('a permanent refusal by AWS is not: %s', async (operation) => {
    aws.faults.set(operation, ['denied']);
    const { retry, results } = await handle();
    expect(retry).toEqual([]);
    expect(results[0]?.passes).toMatchObject([{ outcome: 'denied', retryable: false }]);
  });

  it('credentials of another account are not', async () => {
    aws.identity = { account: '222222222222', arn: 'arn:aws:iam::222222222222:role/Other' };
    const { retry, results } = await handle();
    expect(retry).toEqual([]);
    expect(results[0]?.passes).toMatchObject([{ outcome: 'denied', retryable: false }]);
    expect(aws.calls).toEqual([]);
  });
});

it('an event whose first worker died is not acknowledged as a duplicate of an abandoned execution', async () => {
  // A function that EventBridge invokes itself is tried again after a minute: the lease still lives, and whether its worker does nobody knows.
  const dying: Journal = { ...bound(journal), begin: async (request) => (await journal.begin(request), Promise.reject(new Error('the process died'))) };
  expect((await handle({ journal: dying })).retry).toEqual([ITEM]);
  time += 60_000;
  const second = await handle();
  expect(second).toMatchObject({ retry: [ITEM], results: [{ passes: [{ outcome: 'busy', execution: expect.stringMatching(/^x-/) }] }] });
  time += 120_000;
  expect(await handle()).toMatchObject({ retry: [], results: [{ passes: [{ outcome: 'remediated' }] }] });
  expect(aws.writes).toEqual(['RevokeRule']);
});

describe('a finding that fails', () => {
  it('has its reason, and does not affect others', async () => {
    aws.put('w2', ['open-1']);
    let views = 0;
    const flaky: Journal = {
      ...bound(journal),
      append: (entry) => journal.append(entry),
      view: (ref) => (ref.id === 'w1' && views++ < 9 ? Promise.reject(new RedressError('journal/corrupt', 'bad')) : journal.view(ref)),
    };
    const { results } = await engine({ journal: flaky }).handle([openedEvent('w1', 'open-1', START - 1000), openedEvent('w2', 'open-1', START - 1000)]);
    expect(results.map((each) => each.passes.map((pass) => pass.outcome))).toEqual([['denied'], ['remediated']]);
    expect(results.map((each) => each.retryable)).toEqual([true, false]);
  });

  it('is not counted as one that needed no decision', async () => {
    const { results, counted } = await handle({ policy: down() });
    expect(counted).toEqual({});
    expect(results).toMatchObject([{ passes: [], error: { code: 'engine/bug', message: 'the store is down' }, retryable: true }]);
  });

  it('keeps the passes that were made before it', async () => {
    const both = definePolicy({
      version: 1,
      environments: { dev: { accounts: ['111111111111'] } },
      remediators: { 'widget-revoke-open': { dev: 'enforce' }, 'widget-other': { dev: 'enforce' } },
    });
    const other: Remediator = { ...revokeOpenRules, id: 'widget-other', breadth: 90 };
    const flaky: Journal = {
      ...bound(journal),
      append: (entry) => (entry.remediator === 'widget-other' ? Promise.reject(new Error('down')) : journal.append(entry)),
    };
    const { results } = await handle({ remediators: [revokeOpenRules, other], policy: both, journal: flaky });
    expect(results).toMatchObject([{ passes: [{ outcome: 'remediated' }], error: { message: 'down' }, retryable: true }]);
  });
});

it('a resource that keeps changing is delivered again', async () => {
  let next = 1;
  aws.before = (operation) => {
    // Another rule each time it is looked at: no plan ever fits what is there under the lease.
    if (operation === 'DescribeWidget') aws.put('w1', [`open-${next++}`]);
  };
  const whole: Remediator = { ...revokeOpenRules, freshWithin: null };
  const { retry, results } = await handle({ remediators: [whole] });
  expect(retry).toEqual([ITEM]);
  expect(results[0]?.passes.at(-1)).toMatchObject({ outcome: 'busy', retryable: true });
  expect(aws.writes).toEqual([]);
  expect(await journal.open()).toEqual([]);
});

it('a journal that is down right after a write is retried, and nothing stays open', async () => {
  let failures = 2;
  const flaky: Journal = {
    ...bound(journal),
    append: (entry) =>
      entry.kind === 'call' && failures-- > 0 ? Promise.reject(new RedressError('journal/unavailable', 'down', { retryable: true })) : journal.append(entry),
  };
  const { results } = await handle({ journal: flaky });
  expect(results[0]?.passes).toMatchObject([{ outcome: 'remediated' }]);
  expect(await journal.open()).toEqual([]);
});

it('an execution that cannot be closed does not stop others from being closed', async () => {
  aws.put('w2', ['open-1']);
  const dying = (): Journal => ({ ...bound(journal), finish: () => Promise.reject(new Error('died')) });
  for (const id of ['w1', 'w2']) await engine({ journal: dying() }).handle(openedEvent(id, 'open-1', START - 1000));
  expect(await journal.open()).toHaveLength(2);
  time += 600_000;
  aws.faults.set('DescribeWidget', ['denied']);
  const passes = await engine().recover();
  expect(passes.map((pass) => [pass.outcome, pass.retryable])).toEqual([
    ['busy', true],
    ['remediated', false],
  ]);
  expect(passes[0]?.execution).toMatch(/^x-/);
  expect(await journal.open()).toHaveLength(1);
  expect(await engine().recover()).toMatchObject([{ outcome: 'remediated' }]);
});

it('a change that leaves the gap open in another way is not reported as a fix', async () => {
  const half: Remediator = {
    ...noteWidget,
    id: 'widget-half',
    plan({ state, resource: ref }) {
      const before = (state as { note: string | null }).note;
      const note = before === null ? 'first' : 'second';
      return {
        status: 'change',
        changes: [
          {
            call: widgetService.call('PutNote', { Id: ref.id, Note: note }),
            undo: { calls: [widgetService.call('PutNote', { Id: ref.id, Note: before })], restores: 'exact' },
            summary: `note ${note}`,
            resolves: true,
          },
        ],
      };
    },
  };
  const half1 = definePolicy({ version: 1, environments: { dev: { accounts: ['111111111111'] } }, remediators: { 'widget-half': { dev: 'enforce' } } });
  const passes = await engine({ remediators: [half], policy: fixed(half1) }).run(widget('w1'));
  expect(passes).toMatchObject([{ outcome: 'unknown', message: expect.stringContaining('note second') }]);
});

describe('the current state does not prove a change that may have been made', () => {
  /** Notes a widget with one rule; more are for a person, and none is nothing of its business. */
  const careful: Remediator = {
    ...noteWidget,
    observe: (args) => (aws.widgets.has(args.resource.id) ? noteWidget.observe(args) : Promise.resolve('gone')),
    plan(args) {
      const { rules } = args.state as { rules: number };
      if (rules === 0) return { status: 'not-applicable', reason: 'It has no rules.' };
      return rules > 1 ? { status: 'manual', message: 'A person looks.' } : noteWidget.plan(args);
    },
  };
  const noting = definePolicy({ version: 1, environments: { dev: { accounts: ['111111111111'] } }, remediators: { 'widget-note': { dev: 'enforce' } } });
  const options = { remediators: [careful], policy: noting };
  const happened: [string, () => unknown][] = [
    ['is for a person', () => aws.put('w1', ['open-1', 'open-2'])],
    ['is none of its business any more', () => aws.put('w1', [])],
    ['is gone', () => aws.widgets.delete('w1')],
  ];
  const calls = async () => {
    const found: unknown[] = [];
    for await (const { record } of journal.read({ all: true })) if (record.kind === 'call') found.push((record.body['call'] as { status: string }).status);
    return found;
  };

  it.each(happened)('a worker was lost before it sent anything, and the resource %s', async (_what, happens) => {
    const dying = crashingJournal(journal, 'after-intent');
    await engine({ ...options, journal: dying })
      .run(widget('w1'))
      .catch(() => undefined);
    expect([dying.died, aws.writes]).toEqual([true, []]);
    time += 600_000;
    happens();
    expect(await engine(options).recover()).toMatchObject([{ outcome: 'unknown' }]);
    expect((await journal.view(widget('w1'))).closed).toMatchObject([{ outcome: 'unknown', verified: false }]);
  });

  it.each(happened)('a call got no answer, and the resource %s', async (_what, happens) => {
    aws.faults.set('PutNote', ['lost-before']);
    aws.before = (operation) => operation === 'PutNote' && happens();
    const [pass] = await engine(options).run(widget('w1'));
    expect(pass?.outcome).not.toBe('flagged');
    expect(await calls()).toEqual(['unknown']);
    expect((await journal.view(widget('w1'))).closed[0]).toMatchObject({ sent: 1 });
    expect(aws.writes).toEqual(['PutNote']);
  });

  it.each(happened)('a call got no answer, its worker died before it had closed that, and the resource %s', async (_what, happens) => {
    aws.faults.set('PutNote', ['lost-before']);
    aws.before = (operation) => operation === 'PutNote' && happens();
    const dying: Journal = { ...bound(journal), finish: () => Promise.reject(new Error('the process died')) };
    await engine({ ...options, journal: dying })
      .run(widget('w1'))
      .catch(() => undefined);
    expect(await calls()).toEqual(['unknown']);
    time += 600_000;
    expect(await engine(options).recover()).toMatchObject([{ outcome: 'unknown' }]);
    expect((await journal.view(widget('w1'))).closed).toMatchObject([{ outcome: 'unknown', verified: false, sent: 1 }]);
  });

  it.each([['nothing', () => undefined], ...happened.slice(0, 2)] as typeof happened)(
    'but a call whose reply is recorded was made, even if the resource %s',
    async (_what, happens) => {
      const dying: Journal = { ...bound(journal), finish: () => Promise.reject(new Error('the process died')) };
      await engine({ ...options, journal: dying })
        .run(widget('w1'))
        .catch(() => undefined);
      expect(await calls()).toEqual(['applied']);
      time += 600_000;
      happens();
      // A flag, not a fix: the gap is not closed by it.
      expect(await engine(options).recover()).toMatchObject([{ outcome: 'flagged', message: expect.stringContaining('found done by recovery') }]);
      expect((await journal.view(widget('w1'))).closed).toMatchObject([{ outcome: 'flagged', verified: true, sent: 1 }]);
    },
  );
});

function dead(): Journal {
  const fail = () => Promise.reject(new RedressError('journal/unavailable', 'down', { retryable: true }));
  return { ...bound(journal), view: fail, begin: fail, append: fail, finish: fail, open: fail };
}
