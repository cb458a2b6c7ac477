// What a rollback does while it is under way: in which order, on what, and what it leaves behind. Each test has two of everything, so that an order shows.
import { createRedress, definePolicy, type Journal, type PassResult, type RedressOptions, type Remediator, type Stop } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { bound, recordsOf } from '../support/journal.js';
import { openedEvent, revokeOpenRules, Widgets, widget, widgetService } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
/** Seven days: what docs and messages promise. */
const SEVEN_DAYS = 604_800_000;

let aws: Widgets;
let time: number;
let journal: Journal;
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
/** Takes all rules in one plan, whatever their age. */
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'enforce' } } });
const engine = (over: Partial<RedressOptions> = {}) => createRedress({ remediators: [anyAge], policy, journal, connect: aws.connect, clock, ...over });
const fix = async (): Promise<string> => {
  const [pass] = await engine().run(widget('w'));
  expect(pass).toMatchObject({ outcome: 'remediated' });
  return pass?.execution ?? '';
};
const back = (execution: string, over: Partial<RedressOptions> = {}, how: { readonly hold?: number } = {}) =>
  engine(over).rollback(execution, { by: 'ops', reason: 'vendor', ...how });
const sent = () => aws.calls.filter((call) => call.write).map(({ operation, input }) => `${operation} ${String(input['Rule'])}`);
const holds = async () => (await journal.view(widget('w'))).holds.map(({ remediator, owner, until }) => ({ remediator, owner, until }));
const closed = async () => (await journal.view(widget('w'))).closed[0];
/** Whatever was left, the next event is only told about. */
const isLeftAlone = async () => {
  const before = aws.writes.length;
  const { results } = await engine().handle(openedEvent('w', 'open-1', time, { eventId: `again-${time}` }));
  expect(results[0]?.passes.map((pass: PassResult) => pass.outcome)).toEqual(['notified']);
  expect(aws.writes).toHaveLength(before);
};

beforeEach(() => {
  aws = new Widgets();
  aws.put('w', ['open-1', 'open-2']);
  time = START;
  journal = memoryJournal({ clock });
});

it('undoes the last change first', async () => {
  const execution = await fix();
  expect(await back(execution)).toMatchObject({ outcome: 'rolled-back' });
  expect(sent()).toEqual(['RevokeRule open-1', 'RevokeRule open-2', 'AuthorizeRule open-2', 'AuthorizeRule open-1']);
});

it('reports that a fix with expired documents cannot be undone, and changes nothing', async () => {
  const execution = await fix();
  const [writes, records] = [aws.writes.length, (await recordsOf(journal)).length];
  const expired: Journal = {
    ...bound(journal),
    read: async function* (query) {
      for await (const each of journal.read(query)) yield { ...each, documents: {} };
    },
  };
  for (const acceptLoss of [false, true])
    await expect(engine({ journal: expired }).rollback(execution, { by: 'ops', reason: 'vendor', acceptLoss })).rejects.toMatchObject({
      code: 'journal/not-found',
      message: `The plan of ${execution} does not exist: its retention has ended, or it was removed.`,
    });
  expect(aws.writes).toHaveLength(writes);
  expect(await recordsOf(journal)).toHaveLength(records);
});

it('reads again under the lease: what somebody changed at that moment is left unchanged', async () => {
  const execution = await fix();
  const racing: Journal = {
    ...bound(journal),
    begin: async (request) => {
      const begun = await journal.begin(request);
      aws.put('w', ['open-3']);
      return begun;
    },
  };
  expect(await back(execution, { journal: racing })).toMatchObject({ outcome: 'superseded' });
  expect(aws.rules('w')).toEqual(['open-3']);
  expect(sent()).toEqual(['RevokeRule open-1', 'RevokeRule open-2']);
  expect(await closed()).toMatchObject({ outcome: 'superseded', sent: 0, rollbackOf: execution });
  expect(await holds()).toEqual([]);
});

describe('the hold', () => {
  it('lasts seven days from the rollback, and has the remediator and the person', async () => {
    await back(await fix());
    expect(await holds()).toEqual([{ remediator: 'widget-revoke-open', owner: 'ops', until: START + SEVEN_DAYS }]);
    time = START + SEVEN_DAYS - 1;
    await isLeftAlone();
    time = START + SEVEN_DAYS;
    expect(await engine().run(widget('w'))).toMatchObject([{ outcome: 'remediated' }]);
  });

  it('lasts as long as the person requests', async () => {
    await back(await fix(), {}, { hold: 3_600_000 });
    expect(await holds()).toMatchObject([{ until: START + 3_600_000 }]);
  });

  it('is left by a rollback that is refused after its first call', async () => {
    const execution = await fix();
    aws.before = (operation) => void (operation === 'AuthorizeRule' && aws.rules('w').length === 1 && aws.faults.set('AuthorizeRule', ['denied']));
    expect(await back(execution)).toMatchObject({ outcome: 'partial', message: expect.stringContaining('AccessDenied') });
    expect(aws.rules('w')).toEqual(['open-2']);
    expect(await closed()).toMatchObject({ outcome: 'partial', sent: 1 });
    // One call, and looks until it is clear that it is not as before.
    expect(await holds()).toEqual([{ remediator: 'widget-revoke-open', owner: 'ops', until: START + SEVEN_DAYS }]);
    aws.put('w', ['open-1', 'open-2']);
    await isLeftAlone();
  });

  it('is left by a rollback whose calls were accepted, but which did not restore the earlier state', async () => {
    const execution = await fix();
    const work = aws.handle.bind(aws);
    aws.handle = (operation, input) => {
      const reply = work(operation, input);
      // Something else takes one of them away at once.
      if (operation === 'AuthorizeRule' && input['Rule'] === 'open-1') aws.put('w', ['open-2']);
      return reply;
    };
    expect(await back(execution)).toMatchObject({ outcome: 'unknown' });
    expect(await closed()).toMatchObject({ outcome: 'unknown', sent: 2, verified: false });
    expect(await holds()).toHaveLength(1);
    await isLeftAlone();
  });

  it('is left by a rollback after which it cannot be read', async () => {
    const execution = await fix();
    aws.before = (operation) => void (operation === 'AuthorizeRule' && aws.faults.set('DescribeWidget', Array(10).fill('denied')));
    expect(await back(execution)).toMatchObject({ outcome: 'unknown', message: expect.stringContaining('could not be read afterwards') });
    expect(await closed()).toMatchObject({ sent: 2 });
    expect(await holds()).toHaveLength(1);
    aws.faults.clear();
    aws.before = () => undefined;
    await isLeftAlone();
  });

  it('is left by recovery, for the length that the person requested', async () => {
    const execution = await fix();
    const dying: Journal = { ...bound(journal), finish: () => Promise.reject(new Error('the process died')) };
    await back(execution, { journal: dying }, { hold: 3 * SEVEN_DAYS }).catch(() => undefined);
    expect(aws.rules('w').sort()).toEqual(['open-1', 'open-2']);
    time += 600_000;
    expect(await engine().recover()).toMatchObject([{ outcome: 'rolled-back', execution: expect.stringMatching(/^x-/) }]);
    expect(await holds()).toEqual([{ remediator: 'widget-revoke-open', owner: 'ops', until: time + 3 * SEVEN_DAYS }]);
    await isLeftAlone();
  });

  it('is left by the next rollback if the first one was lost: that is closed, and nothing is done twice', async () => {
    const execution = await fix();
    const dying: Journal = { ...bound(journal), finish: () => Promise.reject(new Error('the process died')) };
    await back(execution, { journal: dying }).catch(() => undefined);
    await expect(back(execution)).rejects.toMatchObject({ code: 'rollback/refused', retryable: true, message: expect.stringContaining('holds the resource') });
    time += 600_000;
    await expect(back(execution)).rejects.toMatchObject({ message: `${execution} was rolled back already.` });
    expect((await journal.view(widget('w'))).open).toBeNull();
    expect(await closed()).toMatchObject({ outcome: 'rolled-back', rollbackOf: execution });
    expect(await holds()).toHaveLength(1);
    expect(sent().slice(2)).toEqual(['AuthorizeRule open-2', 'AuthorizeRule open-1']);
  });

  it('is left by recovery of a partial rollback', async () => {
    const execution = await fix();
    const dying: Journal = { ...bound(journal), append: (entry) => (entry.kind === 'call' ? Promise.reject(new Error('died')) : journal.append(entry)) };
    await back(execution, { journal: dying }).catch(() => undefined);
    expect(aws.rules('w')).toEqual(['open-2']);
    // The worker does not come to closing it either.
    expect((await journal.view(widget('w'))).open).not.toBeNull();
    time += 600_000;
    expect(await engine().recover()).toMatchObject([{ outcome: 'unknown' }]);
    expect(await holds()).toEqual([{ remediator: 'widget-revoke-open', owner: 'ops', until: time + SEVEN_DAYS }]);
  });

  it('is not left by a rollback that sent nothing', async () => {
    const execution = await fix();
    aws.faults.set('AuthorizeRule', ['denied']);
    expect(await back(execution)).toMatchObject({ outcome: 'failed' });
    expect(await closed()).toMatchObject({ outcome: 'failed', sent: 0 });
    expect(await holds()).toEqual([]);
  });
});

it('counts a call whose reply was lost as sent', async () => {
  const execution = await fix();
  aws.faults.set('AuthorizeRule', ['lost']);
  // Whether an undo had its effect cannot be seen before it is complete: the rest is not sent blindly.
  expect(await back(execution)).toMatchObject({ outcome: 'partial' });
  expect(sent().slice(2)).toEqual(['AuthorizeRule open-2']);
  expect(await closed()).toMatchObject({ outcome: 'partial', sent: 1 });
  expect(await holds()).toHaveLength(1);
});

it('is stopped between two calls if everything is stopped, and not if changes are', async () => {
  const execution = await fix();
  let stop: Stop = 'changes';
  aws.before = (operation) => void (operation === 'AuthorizeRule' && (stop = 'everything'));
  expect(await back(execution, { killSwitch: { read: async () => stop } })).toMatchObject({
    outcome: 'partial',
    message: expect.stringContaining('kill switch'),
  });
  expect(sent().slice(2)).toEqual(['AuthorizeRule open-2']);
  expect(await holds()).toHaveLength(1);
});

it('is stopped between two calls by the policy, too', async () => {
  const execution = await fix();
  let current = policy;
  const stopping = definePolicy({
    version: 1,
    stop: 'everything',
    environments: { dev: { accounts: [ACCOUNT] } },
    remediators: { 'widget-revoke-open': { dev: 'enforce' } },
  });
  aws.before = (operation) => void (operation === 'AuthorizeRule' && (current = stopping));
  expect(await back(execution, { policy: { read: async () => current } })).toMatchObject({ outcome: 'partial' });
  expect(sent().slice(2)).toEqual(['AuthorizeRule open-2']);
});

it('records who asked for it, why, and of which execution', async () => {
  const execution = await fix();
  const { execution: taking } = await back(execution, {}, { hold: 1000 });
  const intent = (await recordsOf(journal)).find(({ record }) => record.kind === 'intent' && record.execution === taking);
  expect(intent?.record.body).toMatchObject({
    purpose: 'rollback',
    rollbackOf: execution,
    by: { name: 'ops', verified: false },
    reason: 'vendor',
    policy: policy.digest,
    holdFor: 1000,
  });
  expect(intent?.documents).toMatchObject({ before: { open: [] }, expected: { open: ['open-1', 'open-2'] } });
  expect(await closed()).toMatchObject({ rollbackOf: execution, outcome: 'rolled-back' });
});

it('refuses a rollback without a reason', async () => {
  await expect(engine().rollback(await fix(), { by: 'ops', reason: ' ' })).rejects.toMatchObject({ code: 'rollback/refused' });
  expect(sent()).toHaveLength(2);
});

it('refuses to roll back a rollback, even a partial one', async () => {
  const execution = await fix();
  aws.before = (operation) => void (operation === 'AuthorizeRule' && aws.rules('w').length === 1 && aws.faults.set('AuthorizeRule', ['denied']));
  const { execution: half } = await back(execution);
  aws.before = () => undefined;
  const before = sent();
  await expect(back(half ?? '')).rejects.toMatchObject({ code: 'rollback/refused', message: expect.stringContaining('itself a rollback') });
  expect(sent()).toEqual(before);
});

it('refuses while the fix is still open', async () => {
  const dying: Journal = { ...bound(journal), finish: () => Promise.reject(new Error('the process died')) };
  await engine({ journal: dying })
    .run(widget('w'))
    .catch(() => undefined);
  const [open] = await journal.open();
  await expect(back(open?.execution ?? '')).rejects.toMatchObject({ code: 'rollback/refused', message: expect.stringContaining('still open') });
  expect(sent()).toHaveLength(2);
});

it('undoes what is recorded as made, and not what is unknown', async () => {
  aws.before = (operation) => {
    if (operation !== 'RevokeRule' || aws.writes.length !== 1) return;
    aws.before = () => undefined;
    // Lost on its way, and nothing can be read for a moment.
    aws.faults.set('RevokeRule', ['lost-before']).set('DescribeWidget', ['denied']);
  };
  const [pass] = await engine().run(widget('w'));
  expect(pass?.outcome).toBe('partial');
  const calls = (await recordsOf(journal)).flatMap(({ record }) => (record.kind === 'call' ? [(record.body['call'] as { status: string }).status] : []));
  expect([calls, aws.rules('w')]).toEqual([['applied', 'unknown'], ['open-2']]);
  expect(await back(pass?.execution ?? '')).toMatchObject({ outcome: 'rolled-back' });
  expect(sent().slice(2)).toEqual(['AuthorizeRule open-1']);
  expect(aws.rules('w').sort()).toEqual(['open-1', 'open-2']);
});

it('refuses what cannot be undone, before it sends anything', async () => {
  const LEAD = `arn:aws:iam::${ACCOUNT}:role/Lead`;
  const final: Remediator = {
    ...anyAge,
    plan: (args) => {
      const found = anyAge.plan(args);
      if (found.status !== 'change') return found;
      return { ...found, changes: found.changes.map((change, index) => (index === 0 ? change : { ...change, undo: { irreversible: 'It is gone.' } })) };
    },
  };
  const asking = definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    remediators: { 'widget-revoke-open': { dev: 'enforce' } },
    approvers: { dev: [LEAD] },
  });
  const options = { remediators: [final], policy: asking };
  const [asked] = await engine(options).run(widget('w'));
  const [done] = await engine(options).approve(asked?.approval ?? '', { by: { name: LEAD, verified: true }, reason: 'r' });
  expect(done).toMatchObject({ outcome: 'remediated' });
  await expect(back(done?.execution ?? '', options)).rejects.toMatchObject({ code: 'rollback/refused', message: expect.stringContaining('It is gone.') });
  expect(sent()).toHaveLength(2);
});

it('refuses if one of several replies that it needs was lost', async () => {
  const needing: Remediator = {
    ...anyAge,
    plan: (args) => {
      const found = anyAge.plan(args);
      if (found.status !== 'change') return found;
      return {
        ...found,
        changes: found.changes.map((change) => ({
          ...change,
          undo: {
            calls: [widgetService.call('AuthorizeRule', { Id: 'w', Rule: { $response: '/$metadata/requestId' } as never })],
            restores: 'equivalent' as const,
          },
        })),
      };
    },
  };
  aws.faults.set('RevokeRule', ['lost']);
  const [pass] = await engine({ remediators: [needing] }).run(widget('w'));
  expect(pass).toMatchObject({ outcome: 'remediated' });
  await expect(back(pass?.execution ?? '', { remediators: [needing] })).rejects.toMatchObject({
    code: 'rollback/refused',
    message: expect.stringContaining('that response was lost'),
  });
  expect(sent()).toHaveLength(2);
});

it('is compared with the newest recorded state of the fix, not with the plan', async () => {
  const execution = await fix();
  const [intent, , , outcome] = await recordsOf(journal);
  expect([intent?.documents['before'], outcome?.documents['after']]).toEqual([{ open: ['open-1', 'open-2'] }, { open: [] }]);
  // As before the fix: somebody has taken it back by hand.
  aws.put('w', ['open-1', 'open-2']);
  await expect(back(execution)).rejects.toMatchObject({ code: 'rollback/refused', message: expect.stringContaining('drifted after the fix') });
  expect(sent()).toHaveLength(2);
});

describe('the result and the records of a rollback', () => {
  const outcomeRecord = async () => (await recordsOf(journal)).findLast(({ record }) => record.kind === 'outcome');
  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => null,
      ({ code, message, retryable }: { code: string; message: string; retryable: boolean }) => [code, message, retryable],
    );

  it('that is complete', async () => {
    const execution = await fix();
    const result = await back(execution);
    expect(result).toMatchObject({
      outcome: 'rolled-back',
      message: 'revoke open-1; revoke open-2: rolled back',
      open: [],
      retryable: false,
      decision: {
        effect: 'allow',
        results: [{ guardrail: 'rollback', effect: 'allow', code: 'person', message: 'ops (unverified) asked for it: vendor' }],
      },
    });
    // What a rollback does is not taken back in turn.
    expect(result.plan?.changes).toEqual(
      ['open-2', 'open-1'].map((rule) => ({
        call: { service: 'widget', operation: 'AuthorizeRule', input: { Id: 'w', Rule: rule }, retry: 'idempotent' },
        undo: { irreversible: 'The fix itself restores the state.' },
        summary: `undo: revoke ${rule}`,
        resolves: false,
      })),
    );
    expect([result.plan?.hazards, result.plan?.before]).toEqual([[], { open: [] }]);
    const outcome = await outcomeRecord();
    expect(outcome?.record.body).toMatchObject({
      verified: 'verified',
      calls: [
        { index: 0, status: 'applied' },
        { index: 1, status: 'applied' },
      ],
    });
    expect(outcome?.documents['after']).toEqual({ open: ['open-1', 'open-2'] });
  });

  it('are read like those of a verification, and no longer than necessary', async () => {
    const purposes: unknown[] = [];
    const watched: Remediator = { ...anyAge, observe: (args) => (purposes.push(args.purpose), anyAge.observe(args)) };
    const execution = await fix();
    const before = time;
    expect(await back(execution, { remediators: [watched] })).toMatchObject({ outcome: 'rolled-back' });
    expect([purposes, time]).toEqual([['verification', 'verification', 'verification'], before]);
  });

  it('that is visible at the last read', async () => {
    const execution = await fix();
    const before = time;
    aws.before = (operation) =>
      void (operation === 'DescribeWidget' && aws.writes.length === 4 && time < before + 7250 && aws.faults.set(operation, ['denied']));
    expect(await back(execution)).toMatchObject({ outcome: 'rolled-back' });
    expect(time).toBe(before + 7250);
  });

  it('that is partial', async () => {
    const execution = await fix();
    aws.before = (operation) => void (operation === 'AuthorizeRule' && aws.rules('w').length === 1 && aws.faults.set('AuthorizeRule', ['denied']));
    expect(await back(execution)).toMatchObject({
      outcome: 'partial',
      message: expect.stringMatching(/^The rollback is not complete: widget:AuthorizeRule was refused: AccessDenied/),
    });
    const outcome = await outcomeRecord();
    expect(outcome?.record.body).toMatchObject({ verified: 'not-verified', calls: [{ status: 'applied' }, { status: 'refused' }] });
    expect(outcome?.documents['after']).toEqual({ open: ['open-2'] });
  });

  it('after which the resource is not as before', async () => {
    const execution = await fix();
    const work = aws.handle.bind(aws);
    aws.handle = (operation, input) => {
      const reply = work(operation, input);
      if (operation === 'AuthorizeRule') aws.put('w', ['open-3']);
      return reply;
    };
    expect(await back(execution)).toMatchObject({
      outcome: 'unknown',
      message: 'The rollback is not complete: the resource is not as it was before the fix',
    });
    const outcome = await outcomeRecord();
    expect(outcome?.record.body).toMatchObject({ verified: 'not-verified' });
    expect(outcome?.documents['after']).toEqual({ open: ['open-3'] });
  });

  it.each<[string, () => unknown, string]>([
    ['cannot be read', () => aws.faults.set('DescribeWidget', Array(10).fill('denied')), 'widget:DescribeWidget: AccessDenied: AccessDenied'],
    ['is gone', () => aws.widgets.delete('w'), 'it is gone'],
  ])('after which the resource %s', async (_what, happens, why) => {
    const execution = await fix();
    const work = aws.handle.bind(aws);
    aws.handle = (operation, input) => {
      const reply = work(operation, input);
      if (operation === 'AuthorizeRule' && aws.writes.length === 4) happens();
      return reply;
    };
    expect(await back(execution)).toMatchObject({
      outcome: 'unknown',
      message: `The calls were sent, but the resource could not be read afterwards: ${why}`,
    });
    const outcome = await outcomeRecord();
    expect(outcome?.record.body).toMatchObject({ verified: 'unconfirmed' });
    expect(outcome?.documents).not.toHaveProperty('after');
  });

  it.each<[string, () => unknown]>([
    ['cannot be read', () => aws.faults.set('DescribeWidget', ['denied'])],
    ['is gone', () => aws.widgets.delete('w')],
  ])('under whose lease the resource %s: nothing is sent', async (_what, happens) => {
    const execution = await fix();
    const racing: Journal = {
      ...bound(journal),
      begin: async (request) => {
        const begun = await journal.begin(request);
        happens();
        return begun;
      },
    };
    expect(await back(execution, { journal: racing })).toMatchObject({
      outcome: 'superseded',
      message: 'The resource changed at the same time, so nothing was rolled back.',
    });
    expect(sent()).toHaveLength(2);
    expect(await holds()).toEqual([]);
  });

  it.each([
    ['throttled', true],
    ['denied', false],
  ] as const)('whose first call is %s: it may be retried, or not', async (fault, retryable) => {
    const execution = await fix();
    aws.faults.set('AuthorizeRule', [fault]);
    expect(await back(execution)).toMatchObject({ outcome: 'failed', message: expect.stringMatching(/^widget:AuthorizeRule was refused: /), retryable });
    expect((await outcomeRecord())?.record.body).toMatchObject({ calls: [{ index: 0, status: 'refused' }] });
    aws.faults.clear();
    expect(await back(execution)).toMatchObject({ outcome: 'rolled-back' });
  });

  it('without enough time', async () => {
    const execution = await fix();
    const by = { by: 'ops', reason: 'vendor' };
    expect(await refusal(engine().rollback(execution, { ...by, deadline: time }))).toEqual([
      'rollback/refused',
      expect.stringMatching(/^The resource cannot be read: No time left/),
      true,
    ]);
    expect(await engine().rollback(execution, { ...by, deadline: time + 9_999 })).toMatchObject({
      outcome: 'failed',
      message: expect.stringMatching(/^Not enough time left/),
      retryable: true,
    });
    expect(sent()).toHaveLength(2);
    expect(await engine().rollback(execution, { ...by, deadline: time + 60_000 })).toMatchObject({ outcome: 'rolled-back' });
  });

  it('that another worker preceded', async () => {
    const execution = await fix();
    const moved: Journal = { ...bound(journal), begin: async () => ({ status: 'moved' }) as never };
    expect(await refusal(back(execution, { journal: moved }))).toEqual(['rollback/refused', 'Something happened to the resource just now.', true]);
    // What came after it was looked at counts as that, too.
    const late: Journal = {
      ...bound(journal),
      view: async (ref) => {
        const view = await journal.view(ref);
        return { ...view, generation: view.generation - 1 };
      },
    };
    expect(await refusal(back(execution, { journal: late }))).toMatchObject({ 0: 'rollback/refused', 2: true });
    expect(sent()).toHaveLength(2);
  });

  it('come from the remediator that made the change, among several', async () => {
    const other: Remediator = { ...anyAge, id: 'other', observe: () => Promise.reject(new Error('not asked')) };
    expect(await back(await fix(), { remediators: [other, anyAge] })).toMatchObject({ remediator: 'widget-revoke-open', outcome: 'rolled-back' });
  });

  it('are notified like any request by a person', async () => {
    const execution = await fix();
    const told: unknown[] = [];
    await back(execution, { notify: async (each) => void told.push(each) });
    expect(told).toMatchObject([{ outcome: 'rolled-back', resource: { id: 'w' }, message: 'revoke open-1; revoke open-2: rolled back' }]);
  });
});

it('may only use the reads of its own role: not those that only decide on a fix', async () => {
  const execution = await fix();
  const deciding: Remediator = { ...anyAge, uses: { ...anyAge.uses, decides: [widgetService.pick('DescribeWidget')] } };
  await expect(back(execution, { remediators: [deciding] })).rejects.toMatchObject({
    code: 'rollback/refused',
    message: expect.stringContaining('is not a declared read for a rollback'),
  });
});

it('refuses another rollback of the same fix according to the view, and nothing else', async () => {
  const execution = await fix();
  aws.faults.set('AuthorizeRule', ['denied']);
  expect(await back(execution)).toMatchObject({ outcome: 'failed' });
  aws.faults.clear();
  // One that failed, one of something else, and one more that is complete.
  aws.put('v', ['open-1']);
  const [other] = await engine().run(widget('v'));
  expect(await back(other?.execution ?? '')).toMatchObject({ outcome: 'rolled-back' });
  expect(await back(execution)).toMatchObject({ outcome: 'rolled-back' });
  aws.put('w', []);
  await expect(back(execution)).rejects.toMatchObject({ code: 'rollback/refused', message: `${execution} was rolled back already.` });
});

it('is possible for each fix, whatever was rolled back before', async () => {
  const first = await fix();
  expect(await back(first)).toMatchObject({ outcome: 'rolled-back' });
  time += SEVEN_DAYS;
  const second = await fix();
  expect(await back(second)).toMatchObject({ outcome: 'rolled-back' });
  expect(aws.rules('w').sort()).toEqual(['open-1', 'open-2']);
});

it('names the account of the credentials if it is a different one', async () => {
  const execution = await fix();
  aws.identity = { account: '222222222222', arn: 'arn:aws:iam::222222222222:role/x' };
  await expect(back(execution)).rejects.toMatchObject({
    code: 'rollback/refused',
    message: `The credentials belong to account 222222222222; the resource is in ${ACCOUNT}.`,
  });
});

describe('an undo that only a person may send', () => {
  const { undoes, ...uses } = anyAge.uses;
  const byPerson: Remediator = {
    ...anyAge,
    rollback: { restores: 'exact', what: 'A person opens it again.', not: [], by: 'person' },
    uses: { ...uses, undoes: [], undoesByPerson: undoes },
  };
  const only = { remediators: [byPerson] };
  const fixed = async () => (await engine(only).run(widget('w')))[0]?.execution ?? '';

  it('does not hold up the fix, and is sent with credentials of their own', async () => {
    const execution = await fixed();
    expect(await back(execution, only)).toMatchObject({ outcome: 'rolled-back' });
    expect(aws.rules('w').sort()).toEqual(['open-1', 'open-2']);
    expect(await holds()).toHaveLength(1);
  });

  it.each([[[]], [['arn:aws:iam::111111111111:role/RedressFix']]])(
    'is refused with a role of Redress before anything is sent or recorded (%s)',
    async (actsAs) => {
      const execution = await fixed();
      const [writes, records] = [aws.writes.length, (await recordsOf(journal)).length];
      aws.identity = { ...aws.identity, actsAs };
      const why = {
        message: 'No role of Redress may undo what widget-revoke-open does.',
        next: `Roll it back with credentials of your own in account ${ACCOUNT}: connect without a role.`,
      };
      await expect(back(execution, only)).rejects.toMatchObject({ code: 'rollback/refused', ...why });
      expect(await engine(only).rollbackRefusal(execution)).toEqual(why);
      expect(await engine(only).rollbackRefusal(execution, { byRecords: true })).toEqual(why);
      expect([aws.writes.length, (await recordsOf(journal)).length, await holds()]).toEqual([writes, records, []]);
    },
  );

  it('is not among what a fix may send', async () => {
    const opening = { call: widgetService.call('AuthorizeRule', { Id: 'w', Rule: 'open-3' }), summary: 'open', resolves: true };
    const wild: Remediator = { ...byPerson, plan: () => ({ status: 'change', changes: [{ ...opening, undo: { calls: [opening.call], restores: 'exact' } }] }) };
    const [pass] = await engine({ remediators: [wild] }).run(widget('w'));
    expect(pass).toMatchObject({ outcome: 'failed', message: expect.stringContaining('does not declare widget:AuthorizeRule among its writes') });
    expect(sent()).toEqual([]);
  });
});

describe('an undo that destroys something, whatever is accepted, is refused', () => {
  const destroying: Remediator = {
    ...anyAge,
    plan: (args) => {
      const assessment = anyAge.plan(args);
      if (assessment.status !== 'change') return assessment;
      return {
        ...assessment,
        changes: assessment.changes.map((change) => ({ ...change, undo: { ...change.undo, destroys: 'what it holds' } as typeof change.undo })),
      };
    },
  };
  const only = { remediators: [destroying] };
  const refused = async (execution: string) => {
    const [writes, rules] = [aws.writes.length, aws.rules('w')];
    for (const acceptLoss of [false, true])
      await expect(engine(only).rollback(execution, { by: 'ops', reason: 'vendor', acceptLoss })).rejects.toMatchObject({
        code: 'rollback/refused',
        message: expect.stringContaining('It is not certain that what exists now comes from'),
        next: 'Check the resource, and undo it by hand.',
      });
    expect([aws.writes.length, aws.rules('w')]).toEqual([writes, rules]);
  };

  it('if the state after the fix was never read', async () => {
    aws.before = (operation) => {
      if (operation === 'RevokeRule') aws.faults.set('DescribeWidget', Array(5).fill('denied'));
    };
    const [pass] = await engine(only).run(widget('w'));
    expect(pass?.outcome).toBe('unknown');
    aws.before = () => undefined;
    aws.put('w', ['theirs']);
    await refused(pass?.execution ?? '');
  });

  it('if the read after the fix did not show its change', async () => {
    aws.before = (operation) => {
      if (operation === 'DescribeWidget' && aws.writes.length > 0) aws.faults.set('DescribeWidget', ['stale']);
    };
    const [pass] = await engine(only).run(widget('w'));
    expect(pass?.outcome).toBe('unknown');
    aws.before = () => undefined;
    await refused(pass?.execution ?? '');
  });

  it('if the reply was lost, and a look shows that it is done: it may have been somebody else', async () => {
    aws.faults.set('RevokeRule', ['lost']);
    const [pass] = await engine(only).run(widget('w'));
    expect(pass?.outcome).toBe('remediated');
    await refused(pass?.execution ?? '');
  });

  it('if a part was found done by somebody else', async () => {
    aws.faults.set('RevokeRule', [undefined as never, 'denied']);
    aws.before = (operation) => void (operation === 'DescribeWidget' && aws.writes.length === 2 && aws.put('w', ['theirs']));
    const [pass] = await engine(only).run(widget('w'));
    expect(pass).toMatchObject({ outcome: 'remediated', message: expect.stringContaining('found done') });
    aws.before = () => undefined;
    await refused(pass?.execution ?? '');
  });

  it('if the worker was lost before any call is recorded: what there is may be the work of somebody else', async () => {
    const inner = bound(journal);
    let died = false;
    const dying: Journal = {
      ...inner,
      begin: async (request) => {
        await inner.begin(request);
        died = true;
        throw new Error('the process died');
      },
      append: (entry) => (died ? Promise.reject(new Error('the process died')) : inner.append(entry)),
    };
    await expect(engine({ ...only, journal: dying }).run(widget('w'))).rejects.toThrow('the process died');
    aws.put('w', ['theirs']);
    time += 600_000;
    const [recovered] = await engine(only).recover();
    expect(recovered).toMatchObject({ outcome: 'remediated' });
    await refused(recovered?.execution ?? '');
  });

  it('but not one whose calls are recorded, and whose state is as the fix left it', async () => {
    const [pass] = await engine(only).run(widget('w'));
    expect(await engine(only).rollback(pass?.execution ?? '', { by: 'ops', reason: 'vendor', acceptLoss: true })).toMatchObject({ outcome: 'rolled-back' });
  });
});

describe('a change that waits for a maintenance window', () => {
  type Rules = { readonly open: readonly string[] };
  const arrived = ({ open }: Rules) => open.map((rule) => rule.replace('-soon', '')).sort();
  const waiting: Remediator = {
    ...anyAge,
    effective: (state) => arrived(state as unknown as Rules),
    equivalent: (before, after) => arrived(before as unknown as Rules).join() === arrived(after as unknown as Rules).join(),
    // What is called `soon` is as required.
    plan: (args) => {
      const assessment = anyAge.plan(args);
      if (assessment.status !== 'change') return assessment;
      const changes = assessment.changes.filter(({ call }) => !String(call.input['Rule']).endsWith('-soon'));
      return changes.length === 0 ? { status: 'compliant', message: 'It comes.' } : { ...assessment, changes };
    },
  };
  const only = { remediators: [waiting] };
  const fixed = async () => {
    aws.put('w', ['open-1', 'open-2-soon']);
    const [pass] = await engine(only).run(widget('w'));
    expect(pass?.outcome).toBe('remediated');
    return pass?.execution ?? '';
  };

  it('can be rolled back once it is in effect: that does not count as drift', async () => {
    const execution = await fixed();
    aws.put('w', ['open-2']);
    expect(await back(execution, only)).toMatchObject({ outcome: 'rolled-back' });
    expect(aws.rules('w').sort()).toEqual(['open-1', 'open-2']);
  });

  it('has drifted if something else is in effect', async () => {
    const execution = await fixed();
    aws.put('w', ['open-3']);
    await expect(back(execution, only)).rejects.toMatchObject({ message: expect.stringContaining('drifted') });
    expect(aws.rules('w')).toEqual(['open-3']);
  });
});
