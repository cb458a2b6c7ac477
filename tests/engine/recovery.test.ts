// What becomes of an execution whose worker is gone: when it is closed, as what, and what its record says.
import { createRedress, definePolicy, type Journal, type Notification, type PassResult, type RedressOptions, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { bound, recordsOf } from '../support/journal.js';
import { revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
/** So long after a write reads show it. */
const SHOWS = 7250;
const BY = { by: 'kim', reason: 'switched off' };

let aws: Widgets;
let time: number;
let slept: number[];
let journal: Journal;
let told: Notification[];
let warned: [string, string][];
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    slept.push(milliseconds);
    time += milliseconds;
  },
};
/** Takes all rules in one plan, whatever their age. */
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'enforce' } } });
const engine = (over: Partial<RedressOptions> = {}) =>
  createRedress({
    remediators: [anyAge],
    policy,
    journal,
    connect: aws.connect,
    clock,
    notify: async (each) => void told.push(each),
    onWarning: (message, error) => void warned.push([message, String(error)]),
    ...over,
  });
const died = () => Promise.reject(new Error('the process died'));
/** A journal whose process dies after so many records of calls. */
const dying = (calls: number): Journal => {
  let left = calls;
  return {
    ...bound(journal),
    append: (entry) => (entry.kind === 'call' && left-- <= 0 ? died() : journal.append(entry)),
    begin: async (request) => {
      const begun = await journal.begin(request);
      return calls < 0 ? died() : begun;
    },
    finish: died,
  };
};
/** Leaves an execution open: `calls` of it are recorded; below zero nothing is sent. */
const lost = async (calls: number, over: Partial<RedressOptions> = {}) => {
  await engine({ ...over, journal: dying(calls) })
    .run(widget('w'))
    .catch(() => undefined);
  const [open] = await journal.open();
  told = [];
  slept = [];
  if (open === undefined) throw new Error('nothing was left open');
  return open;
};
const recovered = async (over: Partial<RedressOptions> = {}): Promise<readonly PassResult[]> => {
  time += 600_000;
  return engine(over).recover();
};
const outcomeRecord = async () => (await recordsOf(journal)).findLast(({ record }) => record.kind === 'outcome');

beforeEach(() => {
  aws = new Widgets();
  aws.put('w', ['open-1', 'open-2']);
  time = START;
  slept = [];
  journal = memoryJournal({ clock });
  told = [];
  warned = [];
});

describe('an open execution is closed', () => {
  it('when its lease has ended, and not a millisecond before', async () => {
    const { leaseUntil } = await lost(0);
    time = leaseUntil - 1;
    expect(await engine().recover()).toEqual([]);
    expect(slept).toEqual([]);
    time = leaseUntil;
    expect(await engine().recover()).toHaveLength(1);
    // What was sent last may not show yet.
    expect(slept).toEqual([SHOWS]);
    expect(await journal.open()).toEqual([]);
  });

  it('without waiting if all writes are visible by then', async () => {
    const { leaseUntil } = await lost(0);
    time = leaseUntil + SHOWS;
    expect(await engine().recover()).toHaveLength(1);
    expect(slept).toEqual([]);
  });

  it('by nobody if another worker was faster', async () => {
    const { execution } = await lost(0);
    const late: Journal = { ...bound(journal), begin: async () => ({ status: 'moved' }) as never };
    expect(await recovered({ journal: late })).toEqual([]);
    time += 365 * 86_400_000;
    await expect(engine({ journal: late }).recoverExecution(execution, BY)).rejects.toMatchObject({
      code: 'recovery/refused',
      message: `Another worker has closed execution ${execution} at the same moment.`,
      next: expect.stringContaining('redress history'),
    });
    expect(await journal.open()).toHaveLength(1);
    expect(told).toEqual([]);
  });

  it('under its own lease, which has the person who requested it', async () => {
    await lost(0);
    await recovered();
    const leases = async () => (await recordsOf(journal)).filter(({ record }) => record.kind === 'lease').map(({ record }) => record.body);
    expect((await leases())[0]).not.toHaveProperty('by');
    aws.put('w', ['open-3']);
    const { execution, leaseUntil } = await lost(0);
    time = leaseUntil;
    await engine().recoverExecution(execution, BY);
    // A person says that it is gone, not since when.
    expect(slept).toEqual([SHOWS]);
    expect((await leases())[1]).toMatchObject({ ...BY, message: 'kim (unverified) says that its worker is gone: switched off' });
  });

  it('never without a journal', async () => {
    const { journal: _, ...options } = { remediators: [anyAge], policy, journal, connect: aws.connect, clock };
    for (const work of [createRedress(options).recover(), createRedress(options).recoverExecution('x-1', BY)])
      await expect(work).rejects.toMatchObject({ code: 'compose/invalid', message: expect.stringMatching(/^Recovery needs a journal/) });
  });

  it('later if it cannot be read now, which is a warning', async () => {
    const { execution } = await lost(0);
    aws.faults.set('DescribeWidget', ['denied']);
    const [result] = await recovered();
    expect(result).toMatchObject({
      remediator: 'widget-revoke-open',
      resource: widget('w'),
      outcome: 'busy',
      execution,
      retryable: true,
      plan: null,
      record: null,
    });
    expect(warned).toEqual([[`execution ${execution} could not be closed`, `RedressError: ${result?.message}`]]);
    expect(result?.message).toMatch(/cannot be read: .*AccessDenied/);
  });

  it('later if its remediator cannot decide what it sees', async () => {
    const { execution, leaseUntil } = await lost(0);
    const broken: Remediator = {
      ...anyAge,
      plan: () => {
        throw new Error('a bug');
      },
    };
    time = leaseUntil;
    await expect(engine({ remediators: [broken] }).recoverExecution(execution, BY)).rejects.toMatchObject({
      code: 'journal/unavailable',
      message: expect.stringMatching(/cannot be read: a bug$/),
      retryable: true,
    });
    await expect(engine().recoverExecution(execution, { ...BY, deadline: time })).rejects.toMatchObject({
      code: 'journal/unavailable',
      message: expect.stringContaining('No time left'),
    });
    expect(await journal.open()).toHaveLength(1);
  });

  it('if its remediator is installed; otherwise it says which package has it', async () => {
    const { execution, leaseUntil } = await lost(0);
    time = leaseUntil;
    const other = { remediators: [], policy: definePolicy({ version: 1 }) };
    await expect(engine(other).recoverExecution(execution, BY)).rejects.toMatchObject({
      code: 'compose/invalid',
      message: expect.stringContaining('widget-revoke-open is not installed'),
      next: expect.stringMatching(/^Install .+ to close it/),
    });
  });
});

describe('the outcome of recovery is', () => {
  interface Case {
    /** Of two calls: how many are recorded; the next is sent all the same, if there is one. */
    readonly calls: number;
    readonly happens?: () => unknown;
    readonly expected: { readonly outcome: string; readonly message: RegExp; readonly open?: string[]; readonly retryable?: boolean };
    readonly sent: number;
    readonly verified: string;
    readonly after: unknown;
  }
  it.each<[string, Case]>([
    [
      'remediated, if the planned state exists',
      {
        calls: 2,
        expected: { outcome: 'remediated', message: /^revoke open-1; revoke open-2 \(its worker was lost; found done by recovery\)$/ },
        sent: 2,
        verified: 'verified',
        after: { open: [] },
      },
    ],
    [
      'failed, if nothing has happened; it may be retried',
      {
        calls: -1,
        expected: { outcome: 'failed', message: /is as it was before/, retryable: true },
        sent: 1,
        verified: 'verified',
        after: { open: ['open-1', 'open-2'] },
      },
    ],
    [
      'partial, if only a part exists',
      {
        calls: 0,
        expected: { outcome: 'partial', message: /after 1 of 2 changes/, open: ['revoke open-2'] },
        sent: 1,
        verified: 'verified',
        after: { open: ['open-2'] },
      },
    ],
    [
      'unknown, if somebody has undone the change',
      {
        calls: 1,
        happens: () => aws.put('w', ['open-1', 'open-2']),
        expected: { outcome: 'unknown', message: /a person has to decide/ },
        sent: 1,
        verified: 'not-verified',
        after: { open: ['open-1', 'open-2'] },
      },
    ],
    [
      'unknown, if the state is another one',
      {
        calls: -1,
        happens: () => aws.put('w', ['open-1', 'open-2', 'open-3']),
        expected: { outcome: 'unknown', message: /neither as before nor as planned/ },
        sent: 1,
        verified: 'not-verified',
        after: { open: ['open-1', 'open-2', 'open-3'] },
      },
    ],
    [
      'unknown, if the resource is gone',
      {
        calls: 2,
        happens: () => aws.widgets.delete('w'),
        expected: { outcome: 'unknown', message: /the resource is gone/ },
        sent: 2,
        verified: 'unconfirmed',
        after: undefined,
      },
    ],
  ])('%s', async (_name, { calls, happens, expected, sent, verified, after }) => {
    const { execution } = await lost(calls);
    const writes = aws.writes.length;
    happens?.();
    expect(await recovered()).toMatchObject([
      { execution, open: [], retryable: false, decision: null, ...expected, message: expect.stringMatching(expected.message) },
    ]);
    expect((await journal.view(widget('w'))).closed).toMatchObject([{ execution, outcome: expected.outcome, sent, verified: verified === 'verified' }]);
    const record = await outcomeRecord();
    expect(record?.record.body).toMatchObject({ observedBy: 'recovery', verified, open: expected.open ?? [] });
    expect(record?.documents['after']).toEqual(after);
    expect(told.map((each) => each.outcome)).toEqual([expected.outcome]);
    // It only looks.
    expect(aws.writes).toHaveLength(writes);
    expect((await journal.view(widget('w'))).holds).toEqual([]);
  });

  describe('for a rollback', () => {
    const back = async (calls: number) => {
      const [fixed] = await engine().run(widget('w'));
      const execution = fixed?.execution ?? '';
      await engine({ journal: dying(calls) })
        .rollback(execution, { by: 'ops', reason: 'r', hold: 1000 })
        .catch(() => undefined);
    };
    const holds = async () => (await journal.view(widget('w'))).holds.map(({ owner, until }) => [owner, until]);
    it('that it is complete, with a hold', async () => {
      await back(2);
      expect(await recovered()).toMatchObject([{ outcome: 'rolled-back', message: expect.stringContaining('rolled the change back'), retryable: false }]);
      expect(await holds()).toEqual([['ops', time + 1000]]);
      expect((await outcomeRecord())?.record.body).toMatchObject({ observedBy: 'recovery', verified: 'verified' });
    });
    it('that nothing has happened, without a hold', async () => {
      await back(-1);
      expect(await recovered()).toMatchObject([{ outcome: 'failed', message: expect.stringContaining('as it was before'), retryable: false }]);
      expect(await holds()).toEqual([]);
      expect((await outcomeRecord())?.record.body).toMatchObject({ observedBy: 'recovery', verified: 'verified' });
    });
    it('that it is unknown, with a hold', async () => {
      await back(0);
      expect(await recovered()).toMatchObject([{ outcome: 'unknown', message: expect.stringContaining('during a rollback') }]);
      expect(await holds()).toEqual([['ops', time + 1000]]);
      expect((await outcomeRecord())?.record.body).toMatchObject({ observedBy: 'recovery', verified: 'not-verified' });
    });
  });
});

describe('a request to end an execution with an implausibly long lease', () => {
  const refused = (execution: string, how = BY) =>
    engine()
      .recoverExecution(execution, how)
      .then(
        () => null,
        ({ code, message, next }: { code: string; message: string; next: string }) => [code, message, next],
      );
  it('is refused, with the next step', async () => {
    const { execution, leaseUntil } = await lost(0);
    for (const how of [
      { ...BY, by: ' ' },
      { ...BY, reason: '' },
    ])
      expect(await refused(execution, how)).toEqual(['recovery/refused', 'Closing an execution needs a person and a reason.', 'Give who closes it, and why.']);
    expect(await refused('x-1')).toEqual(['recovery/refused', 'Execution x-1 is not open.', '`redress recover` shows the open ones.']);
    const until = new Date(leaseUntil).toISOString();
    const leased = [
      'recovery/refused',
      `Execution ${execution} is leased until ${until}: its worker may still be working on it.`,
      'Wait until then; `redress recover` closes it.',
    ];
    expect(await refused(execution)).toEqual(leased);
    time = leaseUntil - 1;
    expect(await refused(execution)).toEqual(leased);
    time = leaseUntil;
    expect(await refused(execution)).toBeNull();
  });
  it('finds the right execution among several', async () => {
    await lost(0);
    aws.put('v', ['open-1']);
    await engine({ journal: dying(0) })
      .run(widget('v'))
      .catch(() => undefined);
    const [, other] = await journal.open();
    time = other?.leaseUntil ?? 0;
    expect(await engine().recoverExecution(other?.execution ?? '', BY)).toMatchObject({ resource: other?.resource, execution: other?.execution });
    expect(await journal.open()).toHaveLength(1);
  });
});
