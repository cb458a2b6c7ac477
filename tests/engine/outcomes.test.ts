// What a decision comes to where several things are said at once, and what says nothing of another.
import {
  createRedress,
  definePolicy,
  defineRegister,
  type Guardrail,
  type Journal,
  type PassResult,
  type RedressOptions,
  type Remediator,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordsOf } from '../support/journal.js';
import { noteWidget, openedEvent, revokeOpenRules, Widgets, widget } from '../support/widgets.js';

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
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
const modes = (remediators: readonly Remediator[], mode = 'enforce', extra: object = {}) =>
  definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    remediators: Object.fromEntries(remediators.map(({ id }) => [id, { dev: mode }])),
    ...extra,
  } as never);
const engine = (over: Partial<RedressOptions> = {}) =>
  createRedress({ remediators: [anyAge], policy: modes(over.remediators ?? [anyAge]), journal, connect: aws.connect, clock, ...over });
const event = (at = time - 60_000, over: Parameters<typeof openedEvent>[3] = {}) => openedEvent('w1', 'open-1', at, over);
const handle = async (input: unknown = event(), over: Partial<RedressOptions> = {}, run = {}): Promise<readonly PassResult[]> =>
  (await engine(over).handle(input, run)).results.flatMap((each) => each.passes);
const bodies = async (kind: string) => (await recordsOf(journal)).filter(({ record }) => record.kind === kind).map(({ record }) => record.body);
const says = (id: string, effect: 'deny' | 'notify' | 'allow', message: string): Guardrail => ({
  id,
  needs: [],
  evaluate: () => ({ effect, code: id, message }),
});

beforeEach(() => {
  aws = new Widgets();
  time = START;
  journal = memoryJournal({ clock });
});

describe('a mode of the policy', () => {
  it('plans and changes nothing: what would be done is recorded', async () => {
    aws.put('w1', ['open-1']);
    const [pass] = await handle(event(), { policy: modes([anyAge], 'plan') });
    expect(pass).toMatchObject({ outcome: 'planned', plan: { changes: [{ summary: 'revoke open-1' }] } });
    expect(aws.writes).toEqual([]);
    expect(await bodies('decision')).toMatchObject([{ outcome: 'planned', effect: 'notify' }]);
  });
  it('notifies', async () => {
    aws.put('w1', ['open-1']);
    expect(await handle(event(), { policy: modes([anyAge], 'notify') })).toMatchObject([{ outcome: 'notified' }]);
    expect(await bodies('decision')).toMatchObject([{ outcome: 'notified' }]);
  });
  it('does not only plan what needs an approval: that is requested', async () => {
    aws.put('w1', ['open-wide']);
    expect(await handle(event(), { policy: modes([anyAge], 'plan') })).toMatchObject([{ outcome: 'planned' }]);
    expect(await handle(event(), { policy: modes([anyAge]) })).toMatchObject([{ outcome: 'awaiting-approval' }]);
  });
});

describe('the message of a pass', () => {
  it('has all reasons of the strictest effect, and no weaker ones', async () => {
    aws.put('w1', ['open-1']);
    const guardrails = [says('one', 'deny', 'One.'), says('two', 'deny', 'Two.'), says('three', 'notify', 'Three.')];
    expect(await handle(event(), { guardrails })).toMatchObject([{ outcome: 'denied', message: 'One. Two.', retryable: false }]);
  });
  it('says in a dry run what would be done, and what that leaves open', async () => {
    aws.put('w1', ['open-1', 'open-2']);
    const run = { dryRun: true };
    const passes = await engine().run(widget('w1'), run);
    expect(passes).toMatchObject([{ outcome: 'planned', message: 'revoke open-1; revoke open-2', record: null, execution: null }]);
    const notes = await engine({ remediators: [noteWidget] }).run(widget('w1'), run);
    expect(notes).toMatchObject([{ outcome: 'planned', message: 'note it', open: ['someone has to look'] }]);
    expect([aws.writes, await recordsOf(journal)]).toEqual([[], []]);
  });
  it('lists nothing exempt as open', async () => {
    aws.put('w1', ['open-1']);
    const entry = { id: 'EXC-1', scope: { account: ACCOUNT }, reason: 'r', owner: 'a', approver: 'b', expires: '2027-01-01T00:00:00Z' };
    const [pass] = await engine({ remediators: [noteWidget], exceptions: defineRegister([entry]) }).run(widget('w1'));
    expect(pass).toMatchObject({ outcome: 'exempt', open: [] });
  });
});

describe('a change that has not settled', () => {
  const settling: Remediator = { ...anyAge, settle: 60_000 };
  it('is waited for', async () => {
    aws.put('w1', ['open-1']);
    expect(await handle(event(START - 1000), { remediators: [settling] })).toMatchObject([{ outcome: 'remediated' }]);
    expect(time).toBeGreaterThanOrEqual(START + 59_000);
  });
  it('is not waited for if it is denied for another reason as well', async () => {
    aws.put('w1', ['open-1']);
    expect(
      await handle(event(START - 1000), { remediators: [settling], guardrails: [says('one', 'deny', 'One.')] }, { deadline: START + 10_000 }),
    ).toMatchObject([{ outcome: expect.stringMatching(/^(?:denied|busy)$/) }]);
    expect(aws.writes).toEqual([]);
    expect(time).toBeLessThan(START + 10_000);
  });
});

describe('the decision of a narrower remediator in the same pass', () => {
  const wide: Remediator = { ...anyAge, id: 'widget-revoke-all', breadth: 10 };
  /** Sees one of the rules only. */
  const narrow: Remediator = {
    ...anyAge,
    plan: (given) => {
      const whole = anyAge.plan(given as never) as { status: string; changes: readonly { subject: string }[] };
      return (whole.status === 'change' ? { ...whole, changes: whole.changes.filter(({ subject }) => subject === 'open-1') } : whole) as never;
    },
  };
  it('applies only to its calls: the others are decided separately', async () => {
    aws.put('w1', ['open-1', 'open-2']);
    const remediators = [narrow, wide];
    const guardrails: Guardrail[] = [
      {
        id: 'mine',
        needs: [],
        evaluate: ({ remediator }) => ({ effect: remediator.id === wide.id ? 'allow' : 'deny', code: 'x', message: 'No.' }),
      },
    ];
    const passes = await engine({ remediators, guardrails }).run(widget('w1'));
    expect(passes.map(({ remediator, outcome, plan }) => [remediator, outcome, plan?.changes.map(({ subject }) => subject)])).toEqual([
      ['widget-revoke-open', 'denied', ['open-1']],
      ['widget-revoke-all', 'remediated', ['open-2']],
      ...passes.slice(2).map(({ remediator, outcome }) => [remediator, outcome, undefined]),
    ]);
    expect(aws.rules('w1')).toEqual(['open-1']);
  });
  it('is reported if it covers everything', async () => {
    aws.put('w1', ['open-1']);
    const passes = await engine({ remediators: [narrow, wide], guardrails: [says('one', 'deny', 'One.')] }).run(widget('w1'));
    expect(passes.map(({ outcome, message, open }) => [outcome, message, open])).toEqual([
      ['denied', 'One.', []],
      ['no-op', 'Decided on already: widget-revoke-open: denied.', ['revoke open-1']],
    ]);
  });
});

describe('an event about a gap that is closed', () => {
  const begin = async (remediator: string) => {
    const view = await journal.view(widget('w1'));
    const result = await journal.begin({
      resource: widget('w1'),
      remediator,
      planDigest: 'sha256:x',
      generation: view.generation,
      budgets: [],
      lease: 60_000,
      body: { purpose: 'fix', subjects: ['open-1'] },
    } as never);
    if (result.status !== 'begun') throw new Error(result.status);
    return result.lease;
  };
  const closeAs = async (remediator: string, outcome: string) => {
    const lease = await begin(remediator);
    await journal.finish({ resource: widget('w1'), remediator, lease, outcome, sent: 1, body: {} } as never);
    return lease.execution;
  };
  it.each(['remediated', 'flagged'])('is answered by the execution that %s it', async (outcome) => {
    aws.put('w1', []);
    const execution = await closeAs(anyAge.id, outcome);
    time += 1000;
    expect(await handle()).toMatchObject([{ outcome: 'no-op', duplicate: true, execution, message: `Execution ${execution} has closed it already.` }]);
  });
  it.each([
    ['by another remediator', 'other', 'remediated'],
    ['by an execution that failed', anyAge.id, 'failed'],
  ])('is not a duplicate if the gap was closed %s', async (_how, remediator, outcome) => {
    aws.put('w1', []);
    await closeAs(remediator, outcome);
    time += 1000;
    expect(await handle()).toMatchObject([{ outcome: 'no-op', duplicate: false, execution: null, message: 'There is nothing to change.' }]);
  });
  it('is not a duplicate if the gap was closed before it', async () => {
    aws.put('w1', []);
    await closeAs(anyAge.id, 'remediated');
    time += 120_000;
    expect(await handle(event(time - 60_000))).toMatchObject([{ outcome: 'no-op', duplicate: false }]);
  });
  it.each([
    ['manual steps', { status: 'manual', message: 'Look.', steps: ['one'] }],
    ['something that does not apply', { status: 'not-applicable', reason: 'it is gone' }],
  ])('is a duplicate even if what is left is %s', async (_what, assessment) => {
    aws.put('w1', []);
    const remediator: Remediator = { ...anyAge, plan: () => assessment as never };
    const first = await handle(event(), { remediators: [remediator] });
    expect(first).toMatchObject([{ outcome: assessment.status === 'manual' ? 'notified' : 'no-op', duplicate: false }]);
    const execution = await closeAs(anyAge.id, 'remediated');
    time += 1000;
    expect(await handle(event(START - 1, { eventId: 'e-2' }), { remediators: [remediator] })).toMatchObject([
      { outcome: 'no-op', duplicate: true, execution, steps: [] },
    ]);
  });
});

describe('a limit of a window', () => {
  const limits = { limits: [{ per: ['account'], changes: 1, window: 'PT1H' }] };
  it('is recorded where it is met, for each part, and denies', async () => {
    aws.put('w1', ['open-1', 'open-2']);
    aws.put('w2', ['open-1']);
    const policy = modes([anyAge], 'enforce', limits);
    expect(await engine({ policy }).run(widget('w2'))).toMatchObject([{ outcome: 'remediated' }, ...[]]);
    const passes = await handle(event(), { policy });
    expect(passes.length).toBeGreaterThan(0);
    for (const pass of passes) expect(pass).toMatchObject({ outcome: 'denied', decision: { effect: 'deny' }, retryable: false });
    const mine = (await recordsOf(journal)).filter(({ record }) => record.resource.id === 'w1');
    expect(mine.map(({ record }) => [record.kind, record.body['outcome'], record.body['effect']])).toEqual(passes.map(() => ['decision', 'denied', 'deny']));
    expect(aws.rules('w1')).toEqual(['open-1', 'open-2']);
  });
});
