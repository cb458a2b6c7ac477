import { type Digest, digestOf, type Journal, type JsonObject, type Outcome, resource } from '@redress/core';
import { beforeEach, expect, it } from 'vitest';
import { memoryJournal } from './memory.js';

const ref = resource({ type: 'AWS::Logs::LogGroup', id: '/aws/ct', account: '111111111111', region: 'eu-west-1' });
const START = Date.parse('2026-11-24T10:00:00Z');
const CALL = digestOf('call');

let time: number;
let journal: Journal;
const ended = async (outcome: Outcome, body: JsonObject, subjects: string[] = [CALL]): Promise<string> => {
  const { generation } = await journal.view(ref);
  const asked = { resource: ref, remediator: 'fix', planDigest: digestOf('plan'), generation, budgets: [], lease: 60_000 };
  const begun = await journal.begin({ ...asked, body: { subjects } });
  if (begun.status !== 'begun') throw new Error(begun.status);
  await journal.finish({ resource: ref, remediator: 'fix', lease: begun.lease, outcome, sent: 0, body });
  return begun.lease.execution;
};
const denied = (call: Digest = CALL, more: JsonObject = {}): JsonObject => ({
  denied: {
    by: 'a service control policy',
    policyType: 'service-control-policy',
    authorizationId: 'q1',
    calls: [{ operation: 'logs:PutRetentionPolicy', subject: null, call }],
    policy: digestOf('policy'),
    role: digestOf('role'),
    tagged: false,
    ...more,
  },
});
const kept = async () => (await journal.view(ref)).refusals;

beforeEach(() => {
  time = START;
  journal = memoryJournal({ clock: { now: () => time } });
});

it('a refused call is kept, with the policy that refuses it, and its execution is marked as denied', async () => {
  expect(await kept()).toEqual([]);
  const execution = await ended('failed', denied());
  expect(await kept()).toEqual([
    {
      operation: 'logs:PutRetentionPolicy',
      call: CALL,
      subject: null,
      remediator: 'fix',
      execution,
      at: START,
      by: 'a service control policy',
      policyType: 'service-control-policy',
      authorizationId: 'q1',
      policy: digestOf('policy'),
      role: digestOf('role'),
      tagged: false,
    },
  ]);
  expect((await journal.view(ref)).closed[0]).toMatchObject({ outcome: 'failed', denied: true });
  await ended('failed', {});
  expect((await journal.view(ref)).closed[0]).not.toHaveProperty('denied');
  expect(await kept()).toHaveLength(1);
});

it('of several refusals of a call, the newest counts', async () => {
  await ended('failed', denied());
  time += 1000;
  const second = await ended('partial', denied(CALL, { authorizationId: null, tagged: true }));
  expect(await kept()).toMatchObject([{ execution: second, at: START + 1000, authorizationId: null, tagged: true }]);
});

it('a refusal ends when the call was made after all, and not when another one was', async () => {
  await ended('failed', denied());
  await ended('remediated', {}, ['other']);
  await ended('unknown', {});
  expect(await kept()).toHaveLength(1);
  await ended('remediated', {});
  expect(await kept()).toEqual([]);
});

it('a refusal ends when a person requests another attempt', async () => {
  await ended('failed', denied());
  await ended('failed', denied(digestOf('other')));
  expect(await kept()).toHaveLength(2);
  await journal.append({ kind: 'approval', resource: ref, remediator: 'fix', body: { approval: { id: 'a-1', verdict: 'denied' } } });
  expect(await kept()).toHaveLength(2);
  await journal.append({ kind: 'approval', resource: ref, remediator: 'fix', body: { retry: { by: { name: 'ops', verified: false } }, reason: 'r' } });
  expect(await kept()).toEqual([]);
});

it('the newest fifty are kept, and none without content', async () => {
  for (let n = 0; n < 52; n++) await ended('failed', denied(digestOf(n)));
  expect((await kept()).map(({ call }) => call)).toEqual(Array.from({ length: 50 }, (_, n) => digestOf(51 - n)));
  journal = memoryJournal({ clock: { now: () => time } });
  for (const body of [{ denied: 'x' }, { denied: {} }, { denied: { calls: ['x', { operation: 'a' }, { call: CALL }] } }]) await ended('failed', body);
  expect(await kept()).toEqual([]);
  await ended('failed', { denied: { calls: [{ operation: 'a:B', call: CALL, subject: 'one' }] } });
  expect(await kept()).toMatchObject([{ operation: 'a:B', subject: 'one', by: '', policyType: null, policy: null, role: null, tagged: false }]);
});
