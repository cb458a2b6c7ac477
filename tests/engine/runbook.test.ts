// A change that is a runbook: it is started once, waits in its own state, and what it came to is what a look shows.
import { createRedress, definePolicy, defineRemediator, defineService, eventPatterns, type Journal, type PassResult, resource } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordsOf } from '../support/journal.js';

const START = Date.parse('2026-11-24T10:00:00Z');
const HALF_AN_HOUR = 1_800_000;
const ACCOUNT = '111111111111';
const KEY = resource({ type: 'AWS::Test::Key', id: 'k1', account: ACCOUNT, region: 'us-east-1' });

/** A service with one key, and runbooks that end when the test says so. */
class Keys {
  rotates = false;
  /** Otherwise it cannot be rotated any more. */
  enabled = true;
  gone = false;
  /** Starts by token: sent twice with one token, it is one. */
  readonly started = new Map<string, string>();
  sent = 0;
  /** Replies to starts that are lost, from the next on. */
  lost = 0;
  handle(operation: string, input: Record<string, unknown>): object {
    if (operation === 'DescribeKey') return { Rotates: this.rotates, Enabled: this.enabled, Gone: this.gone };
    if (operation === 'GetAutomation') return { Key: String(input['Id']).includes('other') ? null : 'k1' };
    if (operation === 'DisableRotation') {
      this.rotates = false;
      return {};
    }
    this.sent++;
    const token = String(input['ClientToken']);
    this.started.set(token, this.started.get(token) ?? `automation-${this.started.size + 1}`);
    if (this.lost-- > 0) throw Object.assign(new Error('ECONNRESET'), { name: 'ECONNRESET' });
    return { AutomationExecutionId: this.started.get(token) };
  }
}
class Client {
  readonly #keys: Keys;
  constructor({ keys }: { keys: Keys }) {
    this.#keys = keys;
  }
  send = async (command: { operation: string; input: Record<string, unknown> }) => ({
    ...this.#keys.handle(command.operation, command.input),
    $metadata: { httpStatusCode: 200, requestId: 'r' },
  });
}
function command<I extends object, O extends object>(operation: string) {
  return class {
    readonly operation = operation;
    readonly input: I;
    constructor(input: I) {
      this.input = input;
    }
    resolveMiddleware(): (args: unknown) => Promise<{ output: O }> {
      throw new Error('only its type is used');
    }
  };
}
const service = defineService({
  id: 'test',
  client: Client,
  operations: {
    DescribeKey: { command: command<{ Id: string }, { Rotates?: boolean; Enabled?: boolean; Gone?: boolean }>('DescribeKey') },
    GetAutomation: { command: command<{ Id: string }, { Key?: string | null }>('GetAutomation') },
    StartAutomation: { command: command<{ Document: string; Key: string }, object>('StartAutomation'), retry: 'client-token' },
    DisableRotation: { command: command<{ Id: string }, object>('DisableRotation'), retry: 'idempotent' },
  },
});
const enableRotation = defineRemediator({
  id: 'test-enable-rotation',
  title: 'Starts a runbook',
  resourceTypes: ['AWS::Test::Key'],
  controls: [],
  ceiling: 'enforce',
  blindSpots: [],
  runbook: { document: 'Test-EnableRotation', waits: 'PT30M' },
  uses: {
    reads: [service.pick('DescribeKey', 'GetAutomation')],
    writes: [service.pick('StartAutomation')],
    undoes: [service.pick('DisableRotation')],
  },
  async identify({ aws, resource: named }) {
    if (!named.id.startsWith('automation-execution/')) return { id: named.id };
    const { Key } = await aws.test.GetAutomation({ Id: named.id });
    return Key == null ? null : { id: Key };
  },
  async observe({ aws, resource: { id } }) {
    const { Rotates, Enabled, Gone } = await aws.test.DescribeKey({ Id: id });
    return Gone === true ? 'gone' : { state: { rotates: Rotates === true, enabled: Enabled === true }, tags: {} };
  },
  plan: ({ state, resource: { id } }) =>
    !state.enabled
      ? { status: 'not-applicable', reason: 'It is disabled.' }
      : state.rotates
        ? { status: 'compliant' }
        : {
            status: 'change',
            changes: [
              {
                call: service.call('StartAutomation', { Document: 'Test-EnableRotation', Key: id }),
                undo: { calls: [service.call('DisableRotation', { Id: id })], restores: 'exact' },
                summary: `rotate ${id}`,
                resolves: true,
              },
            ],
          },
});

let keys: Keys;
let time: number;
let journal: Journal;
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
const engine = () =>
  createRedress({
    remediators: [enableRotation],
    policy: definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'test-enable-rotation': { dev: 'enforce' } } }),
    journal,
    connect: async () => ({ config: { keys }, identity: async () => ({ account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/test` }) }),
    clock,
  });
const outcomes = (passes: readonly PassResult[]) => passes.map(({ outcome }) => outcome);
const run = async () => outcomes(await engine().run(KEY));
const newest = async (kind: string) => (await recordsOf(journal)).findLast(({ record }) => record.kind === kind);
const ended = (automation = 'automation-1', status = 'Success', document = 'Test-EnableRotation') => ({
  version: '0',
  id: `event-${automation}`,
  'detail-type': 'EC2 Automation Execution Status-change Notification',
  source: 'aws.ssm',
  account: ACCOUNT,
  region: 'us-east-1',
  time: new Date(time).toISOString(),
  resources: [],
  detail: { ExecutionId: automation, Definition: document, DefinitionVersion: '1', Status: status },
});
const handled = async (event: object) => (await engine().handle(event)).results.flatMap((each) => outcomes(each.passes));

beforeEach(() => {
  keys = new Keys();
  time = START;
  journal = memoryJournal({ clock });
});

describe('a runbook', () => {
  it('is started once and waited for; its intent has the state before', async () => {
    expect(await run()).toEqual(['awaiting-runbook']);
    expect([await run(), await run()]).toEqual([['awaiting-runbook'], ['awaiting-runbook']]);
    expect([keys.sent, keys.started.size]).toEqual([1, 1]);
    const calls: unknown[] = [];
    for await (const { record } of journal.read({ all: true })) if (record.kind === 'call') calls.push(record.body['call']);
    expect(calls).toMatchObject([{ status: 'applied', automation: 'automation-1' }]);
  });

  it('is verified at once if it is quick', async () => {
    const handle = keys.handle.bind(keys);
    keys.handle = (operation, input) => {
      const answer = handle(operation, input);
      if (operation === 'StartAutomation') keys.rotates = true;
      return answer;
    };
    expect(await run()).toEqual(['remediated']);
  });

  it('is verified by reading the resource when an event reports its end, even if the event reports a failure', async () => {
    await run();
    keys.rotates = true;
    expect(await handled(ended('automation-1', 'Failed'))).toEqual(['remediated']);
    expect(await run()).toEqual(['no-op']);
    const { closed } = await journal.view(KEY);
    expect(closed.map(({ outcome, verified, sent }) => [outcome, verified, sent])).toEqual([
      ['remediated', true, 0],
      ['awaiting-runbook', false, 1],
    ]);
  });

  it('is not closed because its own status is success', async () => {
    await run();
    expect(await handled(ended('automation-1', 'Success'))).toEqual(['awaiting-runbook']);
    expect(keys.sent).toBe(1);
  });

  it.each([
    ['is gone', () => (keys.gone = true)],
    ['can no longer have the gap', () => (keys.enabled = false)],
  ])('is not credited with the closed gap when the resource %s', async (_what, happens) => {
    const [started] = await engine().run(KEY);
    happens();
    expect(await run()).toEqual(['unknown']);
    expect((await journal.view(KEY)).closed[0]).toMatchObject({ outcome: 'unknown', verified: false, sent: 0 });
    const calls: unknown[] = [];
    for await (const { record } of journal.read({ resource: KEY }))
      if (record.kind === 'call' && record.execution !== started?.execution) calls.push(record.body);
    expect(calls).toEqual([]);
    // Said once; from then on there is nothing to wait for.
    expect(await run()).toEqual(['no-op']);
  });

  it('fails when its time limit is over, and may be started again after that', async () => {
    await run();
    time += HALF_AN_HOUR;
    const [failed] = await engine().run(KEY);
    expect(failed).toMatchObject({ outcome: 'failed', message: expect.stringContaining('has not closed the gap in time') });
    expect((await recordsOf(journal)).at(-1)?.record).toMatchObject({ kind: 'outcome', body: { verified: 'not-verified', open: ['rotate k1'] } });
    expect(keys.sent).toBe(1);
    expect(await run()).toEqual(['awaiting-runbook']);
    expect([keys.sent, keys.started.size]).toEqual([2, 2]);
  });

  it('is not started a second time when its start got no answer', async () => {
    keys.lost = 2;
    expect(await run()).toEqual(['awaiting-runbook']);
    expect(await run()).toEqual(['awaiting-runbook']);
    expect([keys.sent, keys.started.size]).toEqual([2, 1]);
  });

  it('is waited for when its worker was lost, whether it was started or not', async () => {
    const { generation } = await journal.view(KEY);
    const [planned] = await engine().plan('test-enable-rotation', KEY);
    const plan = planned?.plan;
    if (plan == null) throw new Error('no plan');
    await journal.begin({
      resource: KEY,
      remediator: 'test-enable-rotation',
      planDigest: plan.digest,
      generation,
      budgets: [],
      lease: 60_000,
      body: {},
      documents: { plan: JSON.parse(JSON.stringify(plan)), before: { rotates: false, enabled: true } },
    });
    time += 120_000;
    expect(await engine().recover()).toMatchObject([
      { outcome: 'awaiting-runbook', message: expect.stringContaining('may have started Test-EnableRotation'), open: ['rotate k1'] },
    ]);
    expect((await newest('outcome'))?.record.body).toMatchObject({ observedBy: 'recovery', verified: 'not-verified' });
    expect([await run(), keys.sent]).toEqual([['awaiting-runbook'], 0]);
  });

  it('is rolled back through the execution that verified it, and not while it may be running', async () => {
    const [started] = await engine().run(KEY);
    const how = { by: 'ann', reason: 'not now' };
    await expect(engine().rollback(started?.execution ?? '', how)).rejects.toMatchObject({
      code: 'rollback/refused',
      message: expect.stringContaining('still be running'),
    });
    keys.rotates = true;
    const [done] = await engine().run(KEY);
    expect(await engine().rollback(done?.execution ?? '', how)).toMatchObject({ outcome: 'rolled-back' });
    expect(keys.rotates).toBe(false);
  });

  it('is verified only after events that report the end of its own document', async () => {
    const [pattern] = eventPatterns([enableRotation]).filter(({ name }) => name === 'automation-ended');
    expect(pattern?.pattern).toMatchObject({ source: ['aws.ssm'], detail: { Definition: ['Test-EnableRotation'] } });
    expect(await handled(ended('automation-1', 'InProgress'))).toEqual([]);
    expect(await handled(ended('automation-1', 'Success', 'Other'))).toEqual([]);
    expect(await handled(ended('other-1'))).toEqual(['denied']);
    expect(keys.sent).toBe(0);
  });
});

describe('a pass reports a runbook', () => {
  const UNTIL = '2026-11-24T10:30:07.250Z';
  it('that may be running: which one, since which execution, and until when', async () => {
    const [started] = await engine().run(KEY);
    expect(time).toBe(START + 7250);
    const message = `Test-EnableRotation was started by ${started?.execution}, and has until ${UNTIL}.`;
    const [waiting] = await engine().run(KEY);
    expect(waiting).toMatchObject({
      outcome: 'awaiting-runbook',
      message,
      open: ['rotate k1'],
      execution: started?.execution,
      duplicate: true,
      retryable: false,
    });
    time = Date.parse(UNTIL) - 1;
    expect(await run()).toEqual(['awaiting-runbook']);
    time = Date.parse(UNTIL);
    expect(await run()).toEqual(['failed']);
  });

  it('that has closed the gap: an execution of its own has the change and its undo', async () => {
    const [started] = await engine().run(KEY);
    const first = await newest('intent');
    keys.rotates = true;
    const [done] = await engine().run(KEY);
    expect(done).toMatchObject({
      outcome: 'remediated',
      message: `rotate k1 (started by ${started?.execution}, verified)`,
      open: [],
      plan: { digest: started?.plan?.digest },
    });
    expect(done?.execution).not.toBe(started?.execution);
    const intent = await newest('intent');
    expect(intent?.record.body).toMatchObject({
      purpose: 'runbook',
      runbookOf: started?.execution,
      trigger: { by: 'request' },
      subjects: first?.record.body['subjects'],
      terms: first?.record.body['terms'],
    });
    expect(intent?.documents).toMatchObject({ plan: { digest: started?.plan?.digest }, before: { rotates: false, enabled: true } });
    expect((await newest('call'))?.record).toMatchObject({
      execution: done?.execution,
      body: {
        call: {
          index: 0,
          service: 'test',
          operation: 'StartAutomation',
          attempt: 1,
          status: 'applied',
          observedBy: 'look',
          undo: [{ service: 'test', operation: 'DisableRotation', input: { Id: 'k1' }, retry: 'idempotent' }],
        },
      },
    });
    const outcome = await newest('outcome');
    expect(outcome?.record.body).toMatchObject({ verified: 'verified' });
    expect(outcome?.documents['after']).toEqual({ rotates: true, enabled: true });
  });

  it('that exceeded its time limit', async () => {
    const [started] = await engine().run(KEY);
    time += HALF_AN_HOUR;
    const [failed] = await engine().run(KEY);
    expect(failed?.message).toBe(`Test-EnableRotation, started by ${started?.execution}, has not closed the gap in time: rotate k1`);
    expect((await newest('outcome'))?.documents['after']).toEqual({ rotates: false, enabled: true });
    expect((await journal.view(KEY)).closed[0]).toMatchObject({ outcome: 'failed', sent: 0 });
  });

  it.each<[string, () => unknown, string, unknown]>([
    ['is gone', () => (keys.gone = true), 'the resource is gone', undefined],
    ['can no longer have the gap', () => (keys.enabled = false), 'it no longer applies', { rotates: false, enabled: false }],
  ])('when the resource %s', async (_what, happens, why, after) => {
    const [started] = await engine().run(KEY);
    happens();
    expect((await engine().run(KEY))[0]?.message).toBe(
      `The gap no longer exists, but Test-EnableRotation, started by ${started?.execution}, was not observed to close it: ${why}.`,
    );
    const outcome = await newest('outcome');
    expect(outcome?.record.body).toMatchObject({ verified: 'unconfirmed' });
    expect(outcome?.documents['after']).toEqual(after);
  });

  it('in a dry run, while it may be running and after that: nothing is recorded', async () => {
    const [started] = await engine().run(KEY);
    const before = (await recordsOf(journal)).length;
    expect(await engine().plan('test-enable-rotation', KEY)).toMatchObject([{ outcome: 'awaiting-runbook', execution: started?.execution }]);
    keys.rotates = true;
    expect(outcomes(await engine().plan('test-enable-rotation', KEY))).toEqual(['no-op']);
    time += HALF_AN_HOUR;
    keys.rotates = false;
    expect(outcomes(await engine().plan('test-enable-rotation', KEY))).toEqual(['planned']);
    expect(await recordsOf(journal)).toHaveLength(before);
  });

  it('that another worker is recording: the input is delivered again', async () => {
    await run();
    keys.rotates = true;
    const { begin } = journal;
    journal.begin = async () => ({ status: 'moved' }) as never;
    expect(await engine().run(KEY)).toMatchObject([{ outcome: 'busy', retryable: true, execution: null }]);
    journal.begin = begin;
    expect(await run()).toEqual(['remediated']);
  });

  it('that failed three times in a row: the circuit breaker opens', async () => {
    for (let n = 0; n < 3; n++) {
      expect(await run()).toEqual(['awaiting-runbook']);
      time += HALF_AN_HOUR;
      expect(await run()).toEqual(['failed']);
    }
    expect((await journal.view(KEY)).breakers).toMatchObject([{ remediator: 'test-enable-rotation' }]);
    expect(await run()).toEqual(['denied']);
  });

  it('that has closed the gap while the circuit breaker is open: nothing is sent', async () => {
    await run();
    keys.rotates = true;
    await journal.append({
      kind: 'breaker',
      resource: { type: 'AWS::::Account', id: ACCOUNT, account: ACCOUNT, region: 'aws-global', partition: 'aws' },
      remediator: 'test-enable-rotation',
      body: { breaker: 'open', reason: 'test' },
    });
    expect(await run()).toEqual(['remediated']);
    expect(keys.sent).toBe(1);
  });

  it('of its own remediator only: it does not wait for one that another remediator started', async () => {
    await run();
    const { view } = journal;
    journal.view = async (ref) => {
      const seen = await view.call(journal, ref);
      return { ...seen, closed: seen.closed.map((each) => ({ ...each, remediator: 'other' })) };
    };
    expect(await run()).toEqual(['awaiting-runbook']);
    expect(keys.sent).toBe(2);
  });
});
