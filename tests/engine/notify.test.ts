// What those who are told learn besides the outcome: whose it is, where, and what is still open.
import { createRedress, definePolicy, type Notification, type RedressOptions } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { expect, it } from 'vitest';
import { openedEvent, revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const START = Date.parse('2026-11-24T10:00:00Z');

async function told(mode: string, work: (aws: Widgets, over: RedressOptions) => Promise<unknown>): Promise<readonly Notification[]> {
  const aws = new Widgets();
  aws.put('w', ['good', 'open-1'], { Owner: 'payments' });
  const seen: Notification[] = [];
  let time = START;
  const clock = {
    now: () => time,
    sleep: async (milliseconds: number) => {
      time += milliseconds;
    },
  };
  const policy = definePolicy({
    version: 1,
    environments: { dev: { accounts: ['111111111111'] } },
    remediators: { 'widget-revoke-open': { dev: mode } },
  } as never);
  await work(aws, {
    remediators: [revokeOpenRules],
    policy,
    journal: memoryJournal({ clock }),
    connect: aws.connect,
    clock,
    notify: async (each) => void seen.push(each),
  });
  return seen;
}

it.each(['enforce', 'approve', 'notify'])('in mode %s: tags, environment, time and blind spots', async (mode) => {
  const [one] = await told(mode, (_, options) => createRedress(options).handle(openedEvent('w', 'open-1', START - 1000)));
  expect(one).toMatchObject({ tags: { Owner: 'payments' }, environment: 'dev', blindSpots: [...revokeOpenRules.blindSpots] });
  expect(one?.at).toBeGreaterThanOrEqual(START);
  expect(one?.after === null).toBe(mode !== 'enforce');
});

it('of a rollback, too', async () => {
  const seen = await told('enforce', async (_, options) => {
    const redress = createRedress(options);
    const [fix] = (await redress.handle(openedEvent('w', 'open-1', START - 1000))).results.flatMap((each) => each.passes);
    await redress.rollback(fix?.execution ?? '', { by: 'me', reason: 'it broke' });
  });
  expect(seen.map((each) => [each.outcome, each.tags])).toEqual([
    ['remediated', { Owner: 'payments' }],
    ['rolled-back', { Owner: 'payments' }],
  ]);
});

it('what cannot be read has no tags', async () => {
  const seen = await told('enforce', async (aws, options) => {
    aws.faults.set('DescribeWidget', ['denied', 'denied', 'denied', 'denied']);
    await createRedress(options).handle(openedEvent('w', 'open-1', START - 1000));
  });
  expect(seen).toMatchObject([{ outcome: 'denied', tags: null }]);
  expect(widget('w').account).toBe('111111111111');
});

it('a stop that affects a replay is notified once, not for each replay', async () => {
  const replayed = (stop: 'none' | 'changes') =>
    told('enforce', (_, options) =>
      createRedress({ ...options, killSwitch: { read: async () => stop } }).handle(openedEvent('w', 'open-1', START - 1000, { replay: 'again' })),
    );
  expect(await replayed('none')).toEqual([]);
  expect((await replayed('changes')).map(({ outcome, reasons }) => [outcome, reasons.map(({ code }) => code).sort()])).toEqual([
    ['denied', expect.arrayContaining(['replayed', 'stopped'])],
  ]);
});
