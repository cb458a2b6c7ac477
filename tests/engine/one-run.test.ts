// One invocation of the Lambda handler is one run, however many messages it has: its limit counts over all of them, and over the sweep that comes with them.
import { definePolicy, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { createHandler, type HandlerLogger } from '@redress/lambda-runtime';
import { beforeEach, expect, it } from 'vitest';
import { openedEvent, revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
const silent: HandlerLogger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined } as never;
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
const IDS = ['a', 'b', 'c', 'd'];
const schedule = {
  version: '0',
  id: 's-1',
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: ACCOUNT,
  region: 'us-east-1',
  resources: [],
  detail: {},
};

let aws: Widgets;
let time: number;
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
const handler = (changes: number, targets = [{ account: ACCOUNT, region: 'us-east-1' }]) =>
  createHandler({
    remediators: [anyAge],
    policy: definePolicy({
      version: 1,
      environments: { dev: { accounts: [ACCOUNT] } },
      remediators: { 'widget-revoke-open': { dev: 'enforce' } },
      limits: [{ per: ['run'], changes }],
    }),
    journal: memoryJournal({ clock }),
    connect: aws.connect,
    clock,
    logger: silent,
    metrics: () => undefined,
    sweep: { targets, perSecond: 1000 },
  });
const context = { getRemainingTimeInMillis: () => 600_000 } as never;
const message = (messageId: string, body: object) => ({ messageId, eventSource: 'aws:sqs', receiptHandle: 'r', body: JSON.stringify(body), attributes: {} });
const changed = () => IDS.filter((id) => aws.rules(id).length === 0);

beforeEach(() => {
  aws = new Widgets();
  for (const id of IDS) aws.put(id, ['open-1']);
  time = START;
});

it('has one limit for all of its messages, and another invocation has one of its own', async () => {
  const handle = handler(2);
  const messages = IDS.map((id) => message(id, openedEvent(id, 'open-1', START - 1000)));
  await handle({ Records: messages }, context);
  expect(changed()).toEqual(['a', 'b']);
  await handle({ Records: messages }, context);
  expect(changed()).toEqual(['a', 'b', 'c', 'd']);
});

it('has the same limit for the sweep that a schedule asks for', async () => {
  const scheduled = { ...schedule, time: new Date(START).toISOString() };
  await handler(2)({ Records: [message('m-a', openedEvent('a', 'open-1', START - 1000)), message('m-s', scheduled)] }, context);
  expect(changed()).toEqual(['a', 'b']);
});

it('has the same limit for every place of a sweep', async () => {
  const targets = ['us-east-1', 'eu-west-1'].map((region) => ({ account: ACCOUNT, region }));
  const handle = handler(3, targets);
  await handle({ ...schedule, time: new Date(START).toISOString() }, context);
  expect(changed()).toEqual(['a', 'b', 'c']);
});
