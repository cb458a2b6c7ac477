import { beforeEach, describe, expect, it } from 'vitest';
import type { TrackedExecution } from '../journal.js';
import { resource } from '../model/resource.js';
import type { Remediator } from '../remediator/define.js';
import { breakerAfter, tripped } from './breaker.js';
import type { Asked } from './recorder.js';
import type { Runtime } from './runtime.js';
import type { PassResult } from './types.js';

const ACCOUNT = '111111111111';
const ref = resource({ type: 'AWS::Test::Lamp', id: 'l-1', account: ACCOUNT, region: 'eu-west-1' });
const asked = {
  remediator: { id: 'lamp-off', title: 'Lamps off', blindSpots: [] } as unknown as Remediator,
  ref,
  trigger: { by: 'request' },
} as unknown as Asked;
/** The account, not a resource in it. */
const stream = { type: 'AWS::::Account', id: ACCOUNT, account: ACCOUNT, region: 'aws-global', partition: 'aws' };
const after = (outcome: string, retryable = false) => ({ outcome, retryable }) as PassResult;
const ended = (execution: string, outcome: string, over: object = {}) =>
  ({ execution, outcome, retryable: false, rollbackOf: null, ...over }) as unknown as TrackedExecution;

let track: readonly TrackedExecution[];
let queries: object[];
let appended: Record<string, unknown>[];
let told: object[];
const runtime = {
  needJournal: () => ({
    trackRecord: async (query: object) => (queries.push(query), track),
    append: async (entry: Record<string, unknown>) => (appended.push(entry), { stream: 's', seq: 1, digest: 'd' }),
  }),
  notify: async (each: object) => void told.push(each),
  clock: { now: () => 0, sleep: async () => undefined },
  warn: () => undefined,
  readPolicy: () => Promise.reject(new Error('not asked')),
} as unknown as Runtime;

beforeEach(() => {
  track = [];
  queries = [];
  appended = [];
  told = [];
});

it('a circuit breaker that opens is recorded for its account, and people are notified why', async () => {
  await tripped(runtime, asked, 'It was too much.');
  const message = `The circuit breaker of lamp-off in ${ACCOUNT} has opened: It was too much. It still reads and plans, but makes no changes until a person closes it.`;
  expect(appended).toEqual([{ kind: 'breaker', resource: stream, remediator: 'lamp-off', body: { breaker: 'open', reason: 'It was too much.', message } }]);
  expect(told).toMatchObject([{ outcome: 'denied', remediator: { id: 'lamp-off' }, resource: stream, message }]);
});

describe('the circuit breaker opens', () => {
  it('after three failed executions of any kind in a row, which are named', async () => {
    track = [ended('x-4', 'failed'), ended('x-3', 'partial'), ended('x-2', 'unknown'), ended('x-1', 'remediated')];
    await breakerAfter(runtime, asked, after('failed'));
    expect(queries).toEqual([{ remediator: 'lamp-off', accounts: [ACCOUNT] }]);
    expect(appended).toMatchObject([{ body: { reason: '3 executions in a row have failed (x-4: failed, x-3: partial, x-2: unknown).' } }]);
  });
  it.each(['failed', 'partial', 'unknown'])('after an execution that is %s', async (outcome) => {
    track = [ended('x-3', outcome), ended('x-2', outcome), ended('x-1', outcome)];
    await breakerAfter(runtime, asked, after(outcome));
    expect(appended).toHaveLength(1);
  });
  it('whatever was rolled back, superseded or started between them', async () => {
    track = [
      ended('x-5', 'failed'),
      ended('x-4', 'failed', { rollbackOf: 'x-0' }),
      ended('x-3', 'superseded'),
      ended('x-2b', 'awaiting-runbook'),
      ended('x-2', 'failed'),
      ended('x-1', 'failed'),
    ];
    await breakerAfter(runtime, asked, after('failed'));
    expect(appended).toMatchObject([{ body: { reason: expect.stringContaining('(x-5: failed, x-2: failed, x-1: failed)') } }]);
  });
});

describe('the circuit breaker does not open', () => {
  const bad = [ended('x-3', 'failed'), ended('x-2', 'failed'), ended('x-1', 'failed')];
  it.each<[string, PassResult, readonly TrackedExecution[]]>([
    ['after two', after('failed'), bad.slice(1)],
    ['if one of three succeeded', after('failed'), [bad[0] as TrackedExecution, ended('x-2', 'remediated'), bad[2] as TrackedExecution]],
    ['if one of three is temporary', after('failed'), [bad[0] as TrackedExecution, ended('x-2', 'failed', { retryable: true }), bad[2] as TrackedExecution]],
    ['after a temporary failure', after('failed', true), bad],
    ['after a success', after('remediated'), bad],
  ])('%s', async (_name, result, tracked) => {
    track = tracked;
    await breakerAfter(runtime, asked, result);
    expect(appended).toEqual([]);
  });
});
