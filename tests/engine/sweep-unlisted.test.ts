// A round of which a list did not come to its end is not complete, whatever its later parts decide on.
import { createRedress, definePolicy, type Journal, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, expect, it } from 'vitest';
import { openedEvent, revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const HERE = { account: ACCOUNT, region: 'us-east-1' };
const START = Date.parse('2026-11-24T10:00:00Z');
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
let aws: Widgets;
let time: number;
let journal: Journal;
const clock = { now: () => time, sleep: async (milliseconds: number) => void (time += milliseconds) };
const engine = () =>
  createRedress({
    remediators: [anyAge],
    policy: definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'notify' } } }),
    journal,
    connect: aws.connect,
    clock,
  });
const sweep = async () => {
  time += 120_000;
  return (await engine().sweep({ targets: [HERE], patience: 0 })).map(({ status, complete, lastComplete, message }) => ({
    status,
    complete,
    lastComplete,
    message,
  }));
};

beforeEach(async () => {
  aws = new Widgets();
  time = START;
  journal = memoryJournal({ clock });
  // Its gap stands, so that a sweep looks at it whatever a list shows; and nobody has reported the other one.
  aws.put('known', ['open-1']);
  aws.put('unknown', ['open-1']);
  await engine().handle(openedEvent('known', 'open-1', time - 60_000));
});

it('a round whose list is denied is not complete; a later part checks the open gaps that were left', async () => {
  aws.faults.set('DescribeWidgets', ['denied']);
  aws.faults.set('DescribeWidget', ['throttled', 'throttled', 'throttled', 'throttled', 'throttled']);
  expect(await sweep()).toMatchObject([{ status: 'failed', complete: false, lastComplete: null }]);
  aws.faults.clear();
  // What was left is decided on, and the list of this round is over.
  const asked = aws.calls.length;
  expect(await sweep()).toMatchObject([{ status: 'failed', complete: false, lastComplete: null, message: expect.stringContaining('DescribeWidgets') }]);
  expect(aws.calls.slice(asked).map(({ operation }) => operation)).not.toContain('DescribeWidgets');
  expect(await engine().swept(HERE)).toBeNull();
  // The next round lists it.
  time += 86_400_000;
  expect(await sweep()).toMatchObject([{ status: 'complete', complete: true, lastComplete: time }]);
});
