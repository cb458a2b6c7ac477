// When a message comes back, and what is asked of its queue for it. The engine is the real one, on resources in this process.
import { definePolicy, type Journal, RedressError, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { openedEvent, revokeOpenRules, Widgets, widget } from '../../../tests/support/widgets.js';
import { createHandler, type HandlerOptions } from './create-handler.js';
import type { BatchResponse, HandlerLogger, SqsRecord } from './types.js';
import { hiddenFor } from './visibility.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:redress`;
const settling: Remediator = { ...revokeOpenRules, settle: 60_000 };

let aws: Widgets;
let time: number;
let slept: number[];
let journal: Journal;
let asked: [receiptHandle: string, seconds: number, queueArn: string][];
let logged: [level: string, message: string, messageId: unknown][];

const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    slept.push(milliseconds);
    time += milliseconds;
  },
};
const log = (level: string) => (message: string, members: Readonly<Record<string, unknown>>) => void logged.push([level, message, members['messageId']]);
const logger: HandlerLogger = { info: log('info'), warn: log('warn'), error: log('error') };
const changeVisibility: HandlerOptions['changeVisibility'] = async ({ receiptHandle, queueArn }, seconds) =>
  void asked.push([receiptHandle, seconds, queueArn]);
const handlerOf = (over: Partial<HandlerOptions> = {}, port: HandlerOptions['changeVisibility'] | null = changeVisibility) =>
  createHandler({
    remediators: [settling],
    policy: definePolicy({
      version: 1,
      environments: { dev: { accounts: [ACCOUNT] } },
      remediators: Object.fromEntries((over.remediators ?? [settling]).map(({ id }) => [id, { dev: 'enforce' }])),
    }),
    journal,
    connect: aws.connect,
    clock,
    logger,
    metrics: () => undefined,
    ...(port == null ? {} : { changeVisibility: port }),
    ...over,
  });
const message = (id: string, event: unknown, { queue = QUEUE, received = 1, sent = time }: { queue?: string; received?: number; sent?: number } = {}) => ({
  messageId: id,
  receiptHandle: `receipt-${id}`,
  eventSource: 'aws:sqs' as const,
  eventSourceARN: queue,
  body: JSON.stringify(event),
  attributes: { SentTimestamp: String(sent), ApproximateReceiveCount: String(received) },
});
const context = (remaining = 300_000) => {
  const ends = time + remaining;
  return { getRemainingTimeInMillis: () => ends - time };
};
const deliver = async (handler: ReturnType<typeof createHandler>, ...Records: SqsRecord[]) =>
  ((await handler({ Records }, context())) as BatchResponse).batchItemFailures.map((each) => each.itemIdentifier);
const opened = (id: string, age: number) => {
  aws.put(id, ['open-1']);
  return openedEvent(id, 'open-1', time - age);
};
const hold = async (id: string, lease: number) => {
  const { generation } = await journal.view(widget(id));
  await journal.begin({ resource: widget(id), remediator: 'another', planDigest: 'sha256:x', generation, budgets: [], lease, body: {} });
};

beforeEach(() => {
  aws = new Widgets();
  time = START;
  slept = [];
  asked = [];
  logged = [];
  journal = memoryJournal({ clock });
});

describe('a message of a queue', () => {
  it('is delivered again when its resource has settled, without sleeping, and then it is fixed', async () => {
    const event = opened('w1', 3000);
    const handler = handlerOf();
    expect(await deliver(handler, message('m-1', event))).toEqual(['m-1']);
    expect([asked, slept, aws.calls]).toEqual([[['receipt-m-1', 57, QUEUE]], [], []]);
    expect(logged).toContainEqual(['info', 'message is delivered again when it can be decided', 'm-1']);
    time = START + 57_000;
    expect(await deliver(handler, message('m-1', event, { received: 2, sent: START }))).toEqual([]);
    expect([asked.length, aws.rules('w1')]).toEqual([1, []]);
  });

  it('is waited for if that takes ten seconds at most', async () => {
    expect(await deliver(handlerOf(), message('m-1', opened('w1', 50_000)))).toEqual([]);
    expect([asked, slept, aws.rules('w1')]).toEqual([[], [10_000], []]);
    expect(await deliver(handlerOf(), message('m-2', opened('w2', 49_999)))).toEqual(['m-2']);
    expect([asked, slept]).toEqual([[['receipt-m-2', 11, QUEUE]], [10_000]]);
  });

  it('is delivered again when the lease on its resource ends', async () => {
    const event = opened('w1', 120_000);
    await hold('w1', 60_000);
    expect(await deliver(handlerOf(), message('m-1', event))).toEqual(['m-1']);
    expect(time).toBe(START + 10_000);
    expect(asked).toEqual([['receipt-m-1', 50, QUEUE]]);
  });

  it('is delivered again when the last of its resources can be decided', async () => {
    const slower: Remediator = { ...settling, id: 'widget-slower', settle: 90_000 };
    const event = opened('w1', 3000);
    for (const remediators of [
      [settling, slower],
      [slower, settling],
    ])
      await deliver(handlerOf({ remediators }), message('m-1', event));
    expect(asked.map(([, seconds]) => seconds)).toEqual([87, 87]);
    // And that of the last of its events.
    asked = [];
    const two = [opened('w2', 30_000), opened('w3', 3000), opened('w4', 120_000)];
    expect(await deliver(handlerOf(), message('m-2', two))).toEqual(['m-2']);
    expect(asked.map(([, seconds]) => seconds)).toEqual([57]);
    expect(['w2', 'w3', 'w4'].map((id) => aws.rules(id).length)).toEqual([1, 1, 0]);
  });

  it.each<[string, Partial<HandlerOptions>, () => void]>([
    [
      'one of its resources has no time',
      { remediators: [settling, { ...revokeOpenRules, id: 'widget-throttled' }] },
      () => aws.faults.set('DescribeWidget', Array(50).fill('throttled')),
    ],
    ['it could not be handled at all', { policy: { read: () => Promise.reject(new Error('no such parameter')) } }, () => undefined],
  ])('is delivered again after the timeout of the queue if %s', async (_name, over, prepare) => {
    const event = opened('w1', 3000);
    prepare();
    expect(await deliver(handlerOf(over), message('m-1', event))).toEqual(['m-1']);
    expect(asked).toEqual([]);
  });

  it('is delivered again after the timeout of the queue if there was no time to handle it', async () => {
    const Records = [message('m-1', opened('w1', 3000))];
    expect(await handlerOf()({ Records }, context(29_000))).toEqual({ batchItemFailures: [{ itemIdentifier: 'm-1' }] });
    expect(asked).toEqual([]);
  });

  it('without a time is as old as its first delivery: it does not settle again at each delivery', async () => {
    const undated: Remediator = { ...settling, freshWithin: null };
    const event = opened('w1', -86_400_000);
    const handler = handlerOf({ remediators: [undated] });
    expect(await deliver(handler, message('m-1', event, { sent: START - 2000 }))).toEqual(['m-1']);
    expect(asked.map(([, seconds]) => seconds)).toEqual([58]);
    time = START + 58_000;
    expect(await deliver(handler, message('m-1', event, { sent: START - 2000, received: 2 }))).toEqual([]);
    expect(slept).toEqual([]);
  });

  it('is hidden alone: others of its batch are handled and acknowledged', async () => {
    const batch = [message('m-1', opened('w1', 120_000)), message('m-2', opened('w2', 3000)), message('m-3', opened('w3', 120_000))];
    expect(await deliver(handlerOf(), ...batch)).toEqual(['m-2']);
    expect(asked).toEqual([['receipt-m-2', 57, QUEUE]]);
    expect(['w1', 'w2', 'w3'].map((id) => aws.rules(id).length)).toEqual([0, 1, 0]);
  });

  it('is delivered early three times; its remaining deliveries have to outlast what blocks it', async () => {
    await hold('w1', 600_000);
    const event = opened('w1', 120_000);
    for (const received of [1, 2, 3, 4, 5])
      expect(await deliver(handlerOf(), message(`m-${received}`, event, { received, sent: START }))).toEqual([`m-${received}`]);
    expect(asked.map(([receipt, seconds]) => [receipt, seconds])).toEqual([
      ['receipt-m-1', 590],
      ['receipt-m-2', 580],
      ['receipt-m-3', 570],
    ]);
  });
});

describe('a queue whose visibility cannot be changed', () => {
  const denied = async () => {
    throw new RedressError('aws/denied', 'AccessDenied: sqs:ChangeMessageVisibility');
  };

  it('loses nothing: a warning is logged, and the message is delivered after the timeout of the queue', async () => {
    const batch = [message('m-1', opened('w1', 3000)), message('m-2', opened('w2', 120_000))];
    expect(await deliver(handlerOf({}, denied), ...batch)).toEqual(['m-1']);
    expect(logged.filter(([level]) => level === 'warn')).toEqual([['warn', 'the visibility of a message could not be changed', 'm-1']]);
    expect(aws.rules('w2')).toEqual([]);
  });

  it('is not called at the very end of an invocation: the response goes first', async () => {
    for (const [left, seconds] of [
      [4999, []],
      [5000, [57]],
    ] as const) {
      asked = [];
      // At the start, before the message, and after it.
      const remaining = [300_000, 300_000, left];
      const Records = [message('m-1', opened('w1', 3000))];
      expect(await handlerOf()({ Records }, { getRemainingTimeInMillis: () => remaining.shift() ?? 0 })).toEqual({
        batchItemFailures: [{ itemIdentifier: 'm-1' }],
      });
      expect(asked.map((each) => each[1])).toEqual(seconds);
    }
    expect(logged.filter(([level]) => level === 'warn')).toEqual([['warn', 'the visibility of a message could not be changed', 'm-1']]);
  });

  it.each([
    ['its receipt', 'receiptHandle'],
    ['its queue', 'eventSourceARN'],
  ] as const)('is not called about a message without %s', async (_name, member) => {
    const { [member]: _, ...without } = message('m-1', opened('w1', 3000));
    expect(await deliver(handlerOf(), without as SqsRecord)).toEqual(['m-1']);
    expect([asked, logged.filter(([level]) => level === 'warn')]).toEqual([[], []]);
  });

  it.each([
    ['there is none', null, {}],
    ['the message does not say when it was sent', changeVisibility, { attributes: {} }],
  ] as const)('lets the function sleep while a resource settles if %s', async (_name, port, attributes) => {
    expect(await deliver(handlerOf({}, port), { ...message('m-1', opened('w1', 3000)), ...attributes })).toEqual([]);
    expect([slept, asked, aws.rules('w1')]).toEqual([[57_000], [], []]);
  });

  it('makes a held message a failure if there is no port', async () => {
    await hold('w1', 60_000);
    expect(await deliver(handlerOf({}, null), message('m-1', opened('w1', 120_000)))).toEqual(['m-1']);
    expect([asked, logged.filter(([level]) => level === 'warn')]).toEqual([[], []]);
  });
});

describe('a FIFO queue', () => {
  const FIFO = `${QUEUE}.fifo`;

  it('hides messages behind a held one for the same time, one after the other: longer would block their whole group', async () => {
    const gone: string[] = [];
    const slowly: HandlerOptions['changeVisibility'] = async ({ receiptHandle }, seconds) => {
      await new Promise((resolve) => setTimeout(resolve, receiptHandle === 'receipt-m-2' ? 20 : 0));
      gone.push(`${receiptHandle} ${seconds}`);
    };
    const batch = [opened('w1', 120_000), opened('w2', 3000), opened('w3', 120_000), opened('w4', 120_000)].map((event, n) =>
      message(`m-${n + 1}`, event, { queue: FIFO }),
    );
    expect(await deliver(handlerOf({}, slowly), ...batch)).toEqual(['m-2', 'm-3', 'm-4']);
    expect(gone).toEqual(['receipt-m-2 57', 'receipt-m-3 57', 'receipt-m-4 57']);
    expect(['w1', 'w2', 'w3', 'w4'].map((id) => aws.rules(id).length)).toEqual([0, 1, 1, 1]);
  });

  it('is left unchanged if it is unknown when the first message can be decided', async () => {
    const batch = [opened('w1', 3000), opened('w2', 3000)].map((event, n) => message(`m-${n + 1}`, event, { queue: FIFO }));
    const policy = { read: () => Promise.reject(new Error('no such parameter')) };
    expect(await deliver(handlerOf({ policy }), ...batch)).toEqual(['m-1', 'm-2']);
    expect(asked).toEqual([]);
  });
});

describe('an input without a queue', () => {
  it('is waited for; an error with the time of the retry is thrown if it cannot be decided', async () => {
    expect(await handlerOf()(opened('w1', 3000), context())).toMatchObject({ passes: [{ outcome: 'remediated' }] });
    expect([slept, asked]).toEqual([[57_000], []]);
    const event = opened('w2', 120_000);
    await hold('w2', 60_000);
    const until = time + 60_000;
    await expect(handlerOf()(event, context())).rejects.toMatchObject({ code: 'lambda/retry', retryAt: until });
    expect(asked).toEqual([]);
  });
});

describe('the seconds for which a message is hidden', () => {
  const record = (attributes: SqsRecord['attributes'] = {}): SqsRecord => ({ messageId: 'm', eventSource: 'aws:sqs', body: '', attributes });
  const DAY = 86_400_000;

  it.each([
    ['are rounded up', START + 1001, {}, 2],
    ['are at least one, if it is due already', START - 5000, {}, 1],
    ['are at most eleven hours: SQS counts twelve since it was received', START + DAY, {}, 39_600],
    ['are not set without a time', null, {}, null],
    ['end a minute before the retention of four days', START + 600_000, { SentTimestamp: String(START - 4 * DAY + 360_000) }, 300],
    ['are not set in its last minute', START + 600_000, { SentTimestamp: String(START - 4 * DAY + 60_000) }, null],
    ['are not set if it is older, which a queue may allow', START + 600_000, { SentTimestamp: String(START - 13 * DAY) }, null],
    ['are set in its third delivery', START + 57_000, { ApproximateReceiveCount: '3' }, 57],
    ['are not set from its fourth delivery on', START + 57_000, { ApproximateReceiveCount: '4' }, null],
  ])('%s', (_name, retryAt, attributes, seconds) => {
    expect(hiddenFor({ record: record(attributes), retryAt }, START)).toBe(seconds);
  });
});
