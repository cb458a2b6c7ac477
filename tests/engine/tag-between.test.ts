// An exception tag that is set after the second look, while a call or the journal takes its time, holds for every call that has not gone out.
import { createRedress, definePolicy, type Journal } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, expect, it } from 'vitest';
import { bound } from '../support/journal.js';
import { openedEvent, revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
let aws: Widgets;
let time: number;
let journal: Journal;
/** What happens in the world when time goes by. */
let meanwhile: () => void;
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
    meanwhile();
  },
};
const engine = (through: Journal) =>
  createRedress({
    remediators: [revokeOpenRules],
    policy: definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'enforce' } } }),
    journal: through,
    connect: aws.connect,
    clock,
  });
const handled = async (through: Journal = journal) =>
  (await engine(through).handle(openedEvent('w', 'open-1', time - 60_000))).results[0]?.passes.map(({ outcome }) => outcome);
/** A journal whose first `begin` takes so long, when all that goes out beside it has come back. */
const slow = (milliseconds: number): Journal => {
  let left = 1;
  return {
    ...bound(journal),
    async begin(request) {
      const begun = await journal.begin(request);
      await new Promise((done) => setImmediate(done));
      if (left-- > 0) await clock.sleep(milliseconds);
      return begun;
    },
  };
};
const tag = () => void Object.assign(aws.widgets.get('w')?.tags ?? {}, { 'redress:exception': 'yes' });

beforeEach(() => {
  aws = new Widgets();
  aws.put('w', ['open-1']);
  time = Date.parse('2026-11-24T10:00:00Z');
  journal = memoryJournal({ clock });
  meanwhile = () => undefined;
});

it('a call with a lost reply is not sent again if an exception tag was added since', async () => {
  aws.faults.set('RevokeRule', ['lost-before']);
  meanwhile = tag;
  expect(await handled()).not.toContain('remediated');
  expect(aws.writes).toEqual(['RevokeRule']);
  expect(aws.rules('w')).toEqual(['open-1']);
});

it('an exception tag that is added while a reply is lost stops the next call', async () => {
  aws.put('w', ['open-1', 'open-2']);
  aws.faults.set('RevokeRule', ['lost']);
  const { handle } = createRedress({
    remediators: [{ ...revokeOpenRules, freshWithin: null }],
    policy: definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'enforce' } } }),
    journal,
    connect: aws.connect,
    clock,
  });
  aws.before = (operation) => {
    if (operation !== 'RevokeRule') return;
    // A reply that is lost takes as long as one waits for it.
    time += 10_000;
    tag();
  };
  const passes = (await handle(openedEvent('w', 'open-1', time - 60_000))).results[0]?.passes;
  expect(passes?.[0]).toMatchObject({ outcome: 'partial' });
  expect(aws.writes).toEqual(['RevokeRule']);
  expect(aws.rules('w')).toEqual(['open-2']);
});

it('an exception tag that is added during a slow write to the journal stops the change', async () => {
  meanwhile = tag;
  expect(await handled(slow(20_000))).toEqual(['notified']);
  expect(aws.writes).toEqual([]);
});

it('another change during a slow write to the journal is decided on', async () => {
  meanwhile = () => void aws.widgets.get('w')?.rules.push('open-2');
  expect(await handled(slow(20_000))).toEqual(['superseded', 'remediated', expect.anything()]);
  expect(aws.rules('w')).toEqual(['open-2']);
});

it('the resource is read once more only if time has passed', async () => {
  expect(await handled(slow(1_000))).toEqual(['remediated']);
  const looks = aws.calls.map(({ operation }) => operation);
  // The look, the second one beside the record of the intent, and that after the change.
  expect(looks).toEqual(['DescribeWidget', 'DescribeWidget', 'RevokeRule', 'DescribeWidget']);
});
