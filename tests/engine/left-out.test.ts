// A call whose record leaves out what it was about is looked for by a sweep: of which types, when, and what is said of it.
import { createRedress, definePolicy, type Journal, type RedressOptions, type Remediator, sweepsOf } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, expect, it } from 'vitest';
import { recordsOf } from '../support/journal.js';
import { openedEvent, revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
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
const other = (over: Partial<Remediator> = {}): Remediator => ({ ...revokeOpenRules, id: 'widget-other', plan: () => ({ status: 'compliant' }), ...over });
const engine = (over: Partial<RedressOptions> = {}) =>
  createRedress({
    remediators: [revokeOpenRules],
    policy: definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'enforce' } } }),
    journal,
    connect: aws.connect,
    clock,
    ...over,
  });
/** Of a call that was made then. */
const handled = async (at: number, over: Partial<RedressOptions> = {}, run: object = {}) => {
  const event = openedEvent('w1', 'open-1', at, { eventId: `e-${at}` }) as { detail: Record<string, unknown> };
  const left = { ...event, detail: { ...event.detail, requestParameters: null, responseElements: null } };
  const result = (await engine(over).handle(left, run)).results[0];
  return {
    reason: result?.reason,
    retryable: result?.retryable,
    ...(result?.retryAt === null ? {} : { retryAt: result?.retryAt }),
    passes: result?.passes.map(({ remediator, resource, outcome }) => `${remediator} ${resource.id}: ${outcome}`),
  };
};
/** Who was swept, record by record. */
const sweeps = async () =>
  (await recordsOf(journal)).flatMap(({ record }) =>
    record.kind === 'sweep'
      ? [
          sweepsOf(record)
            .map(({ remediator }) => remediator)
            .sort(),
        ]
      : [],
  );
const LEFT = 'The record of widget:AuthorizeRule leaves out what it was about';

beforeEach(() => {
  aws = new Widgets();
  aws.put('w1', ['open-1']);
  aws.put('w2', ['closed-1']);
  time = START;
  journal = memoryJournal({ clock });
});

it('an omitted call is not looked for by a remediator that cannot sweep', async () => {
  const found = await handled(START - 61_000, { remediators: [{ ...revokeOpenRules, discover: null }] });
  expect(found).toMatchObject({ retryable: false, passes: [], reason: expect.not.stringContaining('leaves out') });
  expect(await sweeps()).toEqual([]);
});

it('an omitted call is looked for by nobody if nothing can be recorded: the reason names who would', async () => {
  const { journal: _, ...options } = { remediators: [revokeOpenRules, other()], policy: definePolicy({ version: 1 }), journal, connect: aws.connect, clock };
  const event = openedEvent('w1', 'open-1', START - 61_000) as { detail: Record<string, unknown> };
  const { results } = await createRedress(options).handle({ ...event, detail: { ...event.detail, requestParameters: null } });
  expect(results).toMatchObject([
    { passes: [], retryable: false, reason: `${LEFT}: a sweep of widget-revoke-open, widget-other in us-east-1 would look for it.` },
  ]);
  expect(aws.calls).toEqual([]);
});

it('an omitted call is looked for by each remediator of such calls; passes cover what was found, not what is compliant', async () => {
  const remediators = [revokeOpenRules, other(), other({ id: 'widget-deaf', apiCalls: {} })];
  expect(await handled(START - 61_000, { remediators })).toEqual({
    reason: `${LEFT}: a sweep of widget-revoke-open, widget-other in us-east-1 looked for it, at 4.`,
    retryable: false,
    passes: ['widget-revoke-open w1: awaiting-approval'],
  });
  expect(await sweeps()).toEqual([['widget-other', 'widget-revoke-open']]);
});

it('a sweep waits until the omitted call is visible: for the longest settle time of its remediators, at least a minute', async () => {
  const slow = { remediators: [revokeOpenRules, other({ settle: 300_000 })] };
  const made = START - 299_999;
  expect(await handled(made, slow)).toEqual({
    reason: `${LEFT}: a sweep of widget-revoke-open, widget-other in us-east-1 looks for it after ${new Date(START + 1).toISOString()}.`,
    retryable: true,
    retryAt: START + 1,
    passes: [],
  });
  expect(await sweeps()).toEqual([]);
  time = START + 1;
  expect(await handled(made, slow)).toMatchObject({ retryable: false, reason: expect.stringContaining('looked for it') });
  const quick = { remediators: [{ ...revokeOpenRules, settle: 0 }] };
  journal = memoryJournal({ clock });
  expect(await handled(time - 59_999, quick)).toMatchObject({ retryable: true });
  expect(await handled(time - 60_000, quick)).toMatchObject({ retryable: false });
});

it('an omitted call with a future time counts as made now', async () => {
  expect(await handled(START + 3_600_000)).toMatchObject({
    retryable: true,
    reason: expect.stringContaining(`after ${new Date(START + 60_000).toISOString()}.`),
  });
  // Delivered again it is as old as its first delivery.
  time = START + 60_000;
  expect(await handled(START + 3_600_000, {}, { seenAt: START })).toMatchObject({ retryable: false, reason: expect.stringContaining('looked for it') });
});

it('only remediators whose last sweep was before the omitted call look for it, and not before their type may be swept again', async () => {
  const both = { remediators: [revokeOpenRules, other()] };
  await engine(both).sweep({ targets: [{ account: ACCOUNT, region: 'us-east-1' }], remediators: ['widget-other'] });
  const swept = time;
  expect(await sweeps()).toEqual([['widget-other']]);
  // The other has looked; but its type was just swept.
  time = swept + 59_000;
  expect(await handled(START - 61_000, both)).toMatchObject({ retryable: true, reason: expect.stringContaining('looks for it after') });
  time = swept + 60_000;
  expect(await handled(START - 61_000, both)).toMatchObject({ retryable: false, reason: expect.stringMatching(/looked for it, at 2\.$/) });
  expect(await sweeps()).toEqual([['widget-other'], ['widget-revoke-open']]);
  expect(await handled(START - 62_000, both)).toEqual({
    reason: `${LEFT}: a sweep of widget-revoke-open, widget-other in us-east-1 has looked for it.`,
    retryable: false,
    passes: [],
  });
});

it('an omitted call is looked for whatever other types were swept', async () => {
  const fan = other({ id: 'fan-off', resourceTypes: ['AWS::Test::Fan'], apiCalls: {} });
  const both = { remediators: [revokeOpenRules, fan] };
  await engine(both).sweep({ targets: [{ account: ACCOUNT, region: 'us-east-1' }], remediators: ['fan-off'] });
  expect(await handled(START - 61_000, both)).toMatchObject({ retryable: false, reason: expect.stringContaining('looked for it') });
});

it('an omitted call is looked for again if there was no time to check all resources', async () => {
  for (let n = 3; n < 9; n++) aws.put(`w${n}`, ['closed-1']);
  aws.before = (operation) => {
    if (operation === 'DescribeWidget') time += 30;
  };
  const found = await handled(START - 61_000, {}, { deadline: START + 35_000 + 100 });
  expect(found).toMatchObject({ retryable: true, reason: expect.stringMatching(/looked for it, at 0, not all\.$/) });
});
