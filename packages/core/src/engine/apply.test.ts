import { describe, expect, it } from 'vitest';
import { RedressError } from '../model/errors.js';
import type { Assessment, Change } from '../model/plan.js';
import { resource } from '../model/resource.js';
import type { Remediator } from '../remediator/define.js';
import { apply } from './apply.js';
import type { WriteReply } from './gate.js';
import type { Look, Runtime } from './runtime.js';

const change = (name: string, over: object = {}): Change =>
  ({ call: { service: 'lamp', operation: 'Off', input: { Id: name }, retry: 'idempotent' }, summary: name, resolves: true, ...over }) as unknown as Change;
const plans = (...changes: Change[]): Assessment => ({ status: 'change', changes });

describe('the calls of a plan', () => {
  const ref = resource({ type: 'AWS::Test::Lamp', id: 'l', account: '111111111111', region: 'eu-west-1' });
  const caller = 'arn:aws:sts::111111111111:assumed-role/Redress/x-1';
  const undo = { calls: [{ service: 'lamp', operation: 'On', input: { Id: { $response: '/Id' } }, retry: 'idempotent' }], restores: 'exact' };
  const [a, b] = [change('a', { undo }), change('b', { undo })];
  const ok: WriteReply = { ok: true, caller, response: { Id: 'l-9', AutomationExecutionId: 'run-1' }, requestId: 'r-1' };
  const failing = (effect: 'refused' | 'unknown', retryable = false): WriteReply => ({
    ok: false,
    caller,
    failure: { code: 'aws/server', name: 'Oops', message: 'try later', requestId: 'r-2', retryable, effect },
  });
  const lost = failing('unknown', true);
  const described = { requestId: 'r-2', caller, error: 'aws/server', name: 'Oops' };
  /** Looks: the change is still to be made, it is not any more, or nobody knows. */
  const still = { observation: { ok: true, value: { state: {}, tags: {} } }, assessment: { ok: true, value: plans(a, b) } } as unknown as Look;
  const made = { ...still, assessment: { ok: true, value: { status: 'compliant' } } } as unknown as Look;
  const blind = { observation: { ok: false, error: 'down', retryable: true }, assessment: { ok: false, error: 'not observed', retryable: false } } as Look;

  async function applied(replies: readonly (WriteReply | Error)[], looks: readonly Look[] = [], over: object = {}) {
    const waits: number[] = [];
    const recorded: unknown[] = [];
    const [toReply, toLook] = [[...replies], [...looks]];
    const runtime = {
      clock: { now: () => 0, sleep: async (time: number) => void waits.push(time) },
      gate: {
        write: async () => {
          const reply = toReply.shift();
          if (reply instanceof Error || reply === undefined) throw reply ?? new Error('one call too many');
          return reply;
        },
      },
      look: async () => toLook.shift() ?? looks.at(-1),
      needJournal: () => ({ append: async ({ body }: { body: { call: unknown } }) => void recorded.push(body.call) }),
    } as unknown as Runtime;
    const result = await apply(runtime, {
      remediator: { id: 'lamp-off' } as Remediator,
      ref,
      changes: [a, b],
      purpose: 'fix',
      lease: { execution: 'x-1', fence: 1, until: 5 },
      deadline: null,
      recheck: async () => undefined,
      policy: { ok: true, value: {} } as never,
      ...over,
    });
    // What it answers is what was recorded, and no reply was left over.
    expect(result.calls).toEqual(recorded);
    expect(toReply).toEqual([]);
    return { ...result, waits };
  }
  const call = (index: number, status: string, more: object = {}) => ({ index, service: 'lamp', operation: 'Off', attempt: 1, status, ...more });
  const undone = [{ service: 'lamp', operation: 'On', input: { Id: 'l-9' }, retry: 'idempotent' }];
  const unresolvedUndo = [{ service: 'lamp', operation: 'On', input: { Id: { $unresolved: '/Id' } }, retry: 'idempotent' }];

  it('are recorded as made, with who made them and what undoes them', async () => {
    const record = (index: number) => call(index, 'applied', { requestId: 'r-1', caller, undo: undone });
    expect(await applied([ok, ok])).toEqual({
      done: 2,
      sent: 2,
      unsure: 0,
      error: null,
      failure: null,
      retryable: false,
      calls: [record(0), record(1)],
      waits: [],
    });
  });

  it('that start a runbook are recorded with its execution', async () => {
    const remediator = { id: 'lamp-off', runbook: { document: 'Lamp-Off' } } as Remediator;
    expect((await applied([ok, { ...ok, response: { Id: 'l-9', AutomationExecutionId: 1 } } as WriteReply], [], { remediator })).calls).toEqual([
      call(0, 'applied', { requestId: 'r-1', caller, undo: undone, automation: 'run-1' }),
      call(1, 'applied', { requestId: 'r-1', caller, undo: undone }),
    ]);
  });

  it.each([
    ['temporarily', new RedressError('gate/no-time-left', 'no time', { retryable: true }), true],
    ['permanently', new RedressError('gate/undeclared', 'no time'), false],
    ['without a reason of its own', Object.assign(new Error('no time'), { retryable: true }), false],
  ])('stop where the gate stops them %s: nothing was sent', async (_name, error, retryable) => {
    expect(await applied([ok, error])).toMatchObject({ done: 1, sent: 1, unsure: 0, error: 'no time', failure: null, retryable, calls: [{ index: 0 }] });
  });

  it('stop where AWS refuses one', async () => {
    expect(await applied([failing('refused', true)], [made])).toMatchObject({
      done: 0,
      sent: 0,
      unsure: 0,
      error: 'lamp:Off was refused: Oops: try later',
      failure: { name: 'Oops' },
      retryable: true,
      // That it looks done was somebody else's work.
      calls: [call(0, 'refused', described)],
      waits: [],
    });
  });

  it('that were lost count as made if they show', async () => {
    expect(await applied([lost, ok], [still, made])).toMatchObject({
      done: 2,
      sent: 2,
      unsure: 0,
      calls: [call(0, 'applied', { ...described, observedBy: 'look', undo: unresolvedUndo }), { index: 1 }],
      waits: [250],
    });
  });

  it('that were lost and cannot be verified stop the rest for good', async () => {
    expect(await applied([lost], [blind])).toMatchObject({
      done: 0,
      sent: 0,
      unsure: 1,
      error: expect.stringMatching(/^The reply to Off was lost.*try later$/),
      retryable: false,
      calls: [call(0, 'unknown', described)],
      waits: [],
    });
  });

  it('that were lost without a trace are sent again', async () => {
    expect(await applied([lost, ok, ok], [still])).toMatchObject({
      done: 2,
      sent: 2,
      unsure: 0,
      calls: [call(0, 'not-applied', described), { index: 0, attempt: 2, status: 'applied' }, { index: 1 }],
      waits: [250, 1000, 2000, 4000],
    });
    expect(await applied([lost, lost], [still])).toMatchObject({
      done: 0,
      sent: 0,
      unsure: 1,
      error: expect.stringMatching(/^Off was lost twice.*try later$/),
      retryable: true,
      calls: [
        { attempt: 1, status: 'not-applied' },
        { attempt: 2, status: 'not-applied' },
      ],
    });
  });

  it('that were lost and then refused were made if they show, and may have been made if not', async () => {
    const looks = [still, still, still, still, still];
    expect(await applied([lost, failing('refused'), ok], [...looks, made])).toMatchObject({
      done: 2,
      sent: 2,
      unsure: 0,
      calls: [{ status: 'not-applied' }, { status: 'refused' }, { index: 0, status: 'applied', observedBy: 'look' }, { index: 1 }],
    });
    expect(await applied([lost, failing('refused')], [still])).toMatchObject({ done: 0, sent: 0, unsure: 1, retryable: false });
    expect(await applied([lost, new Error('no time')], [still])).toMatchObject({ done: 0, sent: 0, unsure: 1, error: 'no time' });
  });

  it('of a rollback that were lost never count as made, whatever the resource shows', async () => {
    expect(await applied([lost], [made], { purpose: 'rollback' })).toMatchObject({ sent: 0, unsure: 1, calls: [{ status: 'unknown' }] });
  });
});
