// A journal that has written a record, and whose reply was lost: the engine writes it again.
import { createRedress, definePolicy, type Journal, type Notification, RedressError } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, expect, it } from 'vitest';
import { bound, kindsOf } from '../support/journal.js';
import { openedEvent, revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
let aws: Widgets;
let time: number;
let journal: Journal;
let told: Notification[];
const clock = { now: () => time, sleep: async (milliseconds: number) => void (time += milliseconds) };
const engine = (through: Journal = journal) =>
  createRedress({
    remediators: [revokeOpenRules],
    policy: definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'enforce' } } }),
    journal: through,
    connect: aws.connect,
    clock,
    notify: async (each) => void told.push(each),
  });
/** Does what it is asked, and then says that it cannot be reached. */
const after =
  <Request, Reply>(work: (request: Request) => Promise<Reply>, which: (request: Request) => boolean) =>
  async (request: Request): Promise<Reply> => {
    const reply = await work(request);
    if (which(request)) throw new RedressError('journal/unavailable', 'the reply was lost', { retryable: true });
    return reply;
  };
const once = () => {
  let left = 1;
  return () => left-- > 0;
};
const handled = async (through: Journal) => (await engine(through).handle(openedEvent('w', 'open-1', time - 60_000))).results[0];
const kinds = () => kindsOf(journal);

beforeEach(() => {
  aws = new Widgets();
  aws.put('w', ['open-1', 'closed']);
  time = Date.parse('2026-11-24T10:00:00Z');
  journal = memoryJournal({ clock });
  told = [];
});

it('a call that is recorded twice because of it is rolled back once', async () => {
  const first = once();
  const result = await handled({ ...bound(journal), append: after(journal.append.bind(journal), (entry) => entry.kind === 'call' && first()) });
  const [fixed] = result?.passes ?? [];
  expect(fixed).toMatchObject({ outcome: 'remediated' });
  expect(await kinds()).toEqual(['intent', 'call', 'call', 'outcome']);
  expect(await engine().rollback(fixed?.execution ?? '', { by: 'ops', reason: 'vendor' })).toMatchObject({ outcome: 'rolled-back' });
  expect(aws.writes).toEqual(['RevokeRule', 'AuthorizeRule']);
});

it('a recorded outcome counts: people are notified of it, and the input is not delivered again', async () => {
  const first = once();
  const result = await handled({ ...bound(journal), finish: after(journal.finish.bind(journal), first) });
  expect(result).toMatchObject({ error: null, retryable: false, passes: [{ outcome: 'remediated', record: { seq: 3 } }] });
  expect(told.map((each) => each.outcome)).toEqual(['remediated']);
  expect(await kinds()).toEqual(['intent', 'call', 'outcome']);
});

it('an outcome of another worker that took over the execution is not used as our own', async () => {
  let left = 1;
  const overtaken: Journal = {
    ...bound(journal),
    finish: async (request) => {
      if (left-- > 0) {
        time += 600_000;
        await engine().recover();
        throw new RedressError('journal/unavailable', 'the request was lost', { retryable: true });
      }
      return journal.finish(request);
    },
  };
  expect(await handled(overtaken)).toMatchObject({ error: { code: 'journal/lost-lease' }, passes: [] });
  expect(await kinds()).toEqual(['intent', 'call', 'lease', 'outcome']);
});
