import {
  breakerOf,
  createRedress,
  createReplay,
  definePolicy,
  defineRegister,
  type Journal,
  type Mode,
  normalize,
  type PassResult,
  type Remediator,
  type ReplayedPass,
  type ReplayOptions,
  readRecordings,
  unwrap,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordsOf } from '../support/journal.js';
import { openedEvent, revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
let time = START;
const clock = { now: () => time, sleep: async (milliseconds: number) => void (time += milliseconds) };

let aws: Widgets;
let journal: Journal;
beforeEach(() => {
  time = START;
  aws = new Widgets();
  journal = memoryJournal({ clock });
});

const policyOf = (mode: Mode, extra: object = {}) =>
  definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: mode } }, ...extra });
const event = (id = 'w1', rule = 'open-1', over: Parameters<typeof openedEvent>[3] = {}) => openedEvent(id, rule, time - 60_000, over);

async function live(input: unknown, policy = policyOf('enforce'), remediators: readonly Remediator[] = [revokeOpenRules]): Promise<readonly PassResult[]> {
  const redress = createRedress({ remediators, policy, journal, connect: aws.connect, clock });
  return (await redress.handle(input)).results.flatMap((result) => result.passes);
}
async function again(input: unknown, over: Partial<ReplayOptions> = {}): Promise<readonly ReplayedPass[]> {
  const [calls, length] = [aws.calls.length, (await all()).length];
  const replay = createReplay({
    remediators: [revokeOpenRules],
    policy: policyOf('enforce'),
    recordings: await readRecordings(journal),
    history: journal,
    ...over,
  });
  const passes: ReplayedPass[] = [];
  for (const envelope of unwrap(input)) for (const finding of normalize(envelope)) passes.push(...(await replay.run(finding)));
  // It asks nobody, and leaves nothing behind.
  expect([aws.calls.length, (await all()).length]).toEqual([calls, length]);
  return passes;
}
const all = () => recordsOf(journal);
const said = (passes: readonly ReplayedPass[]) => passes.map(({ status, pass }) => (status === 'decided' ? pass.outcome : status));

describe('what was notified, under a policy that enforces', () => {
  it('would have been fixed, although it is long gone', async () => {
    aws.put('w1', ['open-1']);
    const input = event();
    expect(await live(input, policyOf('notify'))).toMatchObject([{ outcome: 'notified' }]);
    time += 90 * 86_400_000;
    aws.put('w1', []);
    const [only] = await again(input);
    expect(only).toMatchObject({
      status: 'decided',
      at: START,
      pass: { outcome: 'planned', decision: { effect: 'allow' }, plan: { changes: [{ summary: 'revoke open-1' }] } },
    });
  });
  it('is decided on part by part, as before', async () => {
    aws.put('w1', ['open-1', 'open-old']);
    const input = event();
    await live(input, policyOf('notify'));
    expect(said(await again(input))).toEqual(['planned', 'awaiting-approval']);
  });
  it('is exempt if an exception covers it, even by a tag that it had', async () => {
    aws.put('w1', ['open-1'], { team: 'vendor' });
    const input = event();
    await live(input, policyOf('notify'));
    aws.put('w1', ['open-1'], {});
    const entry = { id: 'EXC-1', reason: 'vendor', owner: 'payments', approver: 'security', expires: '2026-12-31T00:00:00Z' };
    const under = async (scope: object, expires = entry.expires) => said(await again(input, { exceptions: defineRegister([{ ...entry, scope, expires }]) }));
    expect(await under({ tag: 'team=vendor' })).toEqual(['exempt']);
    expect(await under({ account: ACCOUNT })).toEqual(['exempt']);
    expect(await under({ tag: 'team=other' })).toEqual(['planned']);
    // Judged as of then: it had ended before.
    expect(await under({ account: ACCOUNT }, '2026-11-24T09:59:59Z')).toEqual(['planned']);
  });
  it('is recognized as its own call, even by a role that it only acts as', async () => {
    aws.identity = { ...aws.identity, actsAs: [`arn:aws:iam::${ACCOUNT}:role/RedressRollback`] };
    aws.put('w1', ['open-1']);
    const input = event('w1', 'open-1', { actor: `arn:aws:sts::${ACCOUNT}:assumed-role/RedressRollback/x-1` });
    const own = { outcome: 'denied', decision: { results: expect.arrayContaining([expect.objectContaining({ code: 'own-call' })]) } };
    expect(await live(input)).toMatchObject([own]);
    expect(await again(input)).toMatchObject([{ status: 'decided', pass: own }]);
  });
  it('is denied if the policy stops changes', async () => {
    aws.put('w1', ['open-1']);
    const input = event();
    await live(input, policyOf('notify'));
    expect(said(await again(input, { policy: policyOf('enforce', { stop: 'changes' }) }))).toEqual(['denied']);
  });
});

describe('what was fixed, under a policy that only notifies', () => {
  it('would have been notified', async () => {
    aws.put('w1', ['open-1']);
    const input = event();
    expect(await live(input)).toMatchObject([{ outcome: 'remediated' }]);
    expect(said(await again(input, { policy: policyOf('notify') }))).toEqual(['notified']);
    expect(said(await again(input))).toEqual(['planned']);
  });
  it('and its duplicate reports no more than that', async () => {
    aws.put('w1', ['open-1']);
    await live(event());
    const repeat = { ...event(), id: 'another' };
    (repeat as unknown as { detail: { eventID: string } }).detail.eventID = 'repeat';
    expect(await live(repeat)).toMatchObject([{ duplicate: true }]);
    expect(said(await again(repeat, { policy: policyOf('notify') }))).toEqual(['repeat']);
  });
});

describe('what is not recorded', () => {
  it('cannot be decided', async () => {
    expect(said(await again(event()))).toEqual(['undecidable']);
    // A record of another event about the same resource says nothing about this one.
    aws.put('w1', ['open-1']);
    await live(event());
    time += 3_600_000;
    expect(said(await again(event('w1', 'open-2')))).toEqual(['undecidable']);
  });
  it('is denied if the state does not matter', async () => {
    expect(said(await again(event(), { policy: policyOf('off') }))).toEqual(['denied']);
    expect(said(await again({ ...event(), account: '222222222222' }))).toEqual(['denied']);
  });
  it('and neither can be what could not be read', async () => {
    aws.put('w1', ['open-1']);
    aws.faults.set('DescribeWidget', ['denied']);
    const input = event();
    expect(await live(input)).toMatchObject([{ outcome: 'denied' }]);
    expect(said(await again(input))).toEqual(['undecidable']);
  });
  it('and neither can be what has lost a document', async () => {
    aws.put('w1', ['open-1']);
    const input = event();
    await live(input, policyOf('notify'));
    const without = {
      async *read() {
        for (const record of await all()) yield { ...record, documents: {} };
      },
    } as unknown as Journal;
    expect(said(await again(input, { recordings: await readRecordings(without) }))).toEqual(['undecidable']);
  });
});

it('a resource that was missing then is replayed as missing, whatever exists now', async () => {
  const input = event();
  expect(await live(input)).toMatchObject([{ outcome: 'no-op', message: 'The resource is gone.' }]);
  aws.put('w1', ['open-1']);
  expect(await again(input)).toMatchObject([{ status: 'decided', at: START, pass: { outcome: 'no-op', message: 'The resource is gone.' } }]);
});

describe('the reason why no remediator handles a finding', () => {
  const unasked = async (input: unknown) => {
    const replay = createReplay({ remediators: [revokeOpenRules], policy: policyOf('enforce'), recordings: await readRecordings(journal) });
    const reasons: (string | null)[] = [];
    for (const envelope of unwrap(input)) for (const finding of normalize(envelope)) reasons.push(await replay.unasked(finding));
    return reasons;
  };
  it('is only given for a candidate without a remediator', async () => {
    expect(await unasked(event())).toEqual([null]);
    const other = event() as { detail: object };
    expect(await unasked({ ...other, detail: { ...other.detail, eventName: 'PutNote' } })).toEqual(['No remediator handles the call widget:PutNote.']);
    expect(await unasked({ ...other, detail: { ...other.detail, eventName: 'PutNote', errorCode: 'AccessDenied' } })).toEqual([null]);
  });
});

describe('the history of a resource', () => {
  it('has a circuit breaker that was open, and none that opened later', async () => {
    aws.put('w1', ['open-1']);
    const before = event();
    await live(before, policyOf('notify'));
    time += 60_000;
    const resource = breakerOf(widget('w1'));
    await journal.append({ kind: 'breaker', resource, remediator: 'widget-revoke-open', body: { breaker: 'open', reason: 'test', message: 'opened' } });
    time += 60_000;
    const after = event('w1', 'open-1', { eventId: 'later' });
    await live(after, policyOf('notify'));
    const codes = async (input: unknown) => (await again(input)).flatMap(({ pass }) => pass.decision?.results.map((each) => each.code) ?? []);
    expect(await codes(before)).not.toContain('tripped');
    expect(said(await again(before))).toEqual(['planned']);
    expect(await codes(after)).toContain('tripped');
    expect(said(await again(after))).toEqual(['denied']);
  });

  it('has a hold from its rollback on', async () => {
    aws.put('w1', ['open-1']);
    const first = event();
    const [fixed] = await live(first);
    time += 60_000;
    await createRedress({ remediators: [revokeOpenRules], policy: policyOf('enforce'), journal, connect: aws.connect, clock }).rollback(
      fixed?.execution ?? '',
      {
        by: 'ops',
        reason: 'vendor',
      },
    );
    time += 3_600_000;
    const second = event('w1', 'open-1');
    (second as unknown as { detail: { eventID: string } }).detail.eventID = 'second';
    expect(await live(second)).toMatchObject([{ outcome: 'notified' }]);
    expect(said(await again(second))).toEqual(['notified']);
    expect(said(await again(first))).toEqual(['planned']);
  });

  it("has a person's answer from then on, and its execution", async () => {
    const LEAD = `arn:aws:iam::${ACCOUNT}:role/Lead`;
    const asking = policyOf('approve', { approvers: { dev: [LEAD] } });
    const redress = () => createRedress({ remediators: [revokeOpenRules], policy: asking, journal, connect: aws.connect, clock });
    const reported = async (eventId: string) => {
      time += 60_000;
      const input = event('w1', 'open-1', { eventId });
      const [pass] = await live(input, asking);
      return { input, pass };
    };
    const answerOf = (verdict: 'approve' | 'deny', id: string) => redress()[verdict](id, { by: { name: LEAD, verified: true }, reason: 'CHG-1' });
    aws.put('w1', ['open-1']);
    const first = await reported('first');
    const second = await reported('second');
    time += 60_000;
    await answerOf('approve', second.pass?.approval ?? '');
    aws.put('w1', ['open-1']);
    const third = await reported('third');
    const fourth = await reported('fourth');
    time += 60_000;
    await answerOf('deny', fourth.pass?.approval ?? '');
    const fifth = await reported('fifth');
    const was = [first, second, third, fourth, fifth];
    expect(was.map(({ pass }) => pass?.outcome)).toEqual(['awaiting-approval', 'awaiting-approval', 'awaiting-approval', 'awaiting-approval', 'denied']);
    for (const { input, pass } of was) expect(said(await again(input, { policy: asking }))).toEqual([pass?.outcome]);
  });

  it('a fix in a lower environment that was rolled back later still counts as proof at its time', async () => {
    const PROD = '333333333333';
    const policy = definePolicy({
      version: 1,
      environments: { dev: { accounts: [ACCOUNT] }, prod: { accounts: [PROD], after: { environment: 'dev', fixes: 1, bake: 'PT1H' } } },
      remediators: { 'widget-revoke-open': { dev: 'enforce', prod: 'enforce' } },
    });
    aws.put('w1', ['open-1']);
    const [fixed] = await live(event(), policy);
    time += 2 * 3_600_000;
    aws.identity = { account: PROD, arn: `arn:aws:sts::${PROD}:assumed-role/Redress/test` };
    aws.put('w2', ['open-2']);
    const input = event('w2', 'open-2', { account: PROD });
    expect(await live(input, policy)).toMatchObject([{ outcome: 'remediated' }]);
    time += 60_000;
    aws.identity = { account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/test` };
    await createRedress({ remediators: [revokeOpenRules], policy, journal, connect: aws.connect, clock }).rollback(fixed?.execution ?? '', {
      by: 'ops',
      reason: 'r',
    });
    expect(said(await again(input, { policy }))).toEqual(['planned']);
  });
});
