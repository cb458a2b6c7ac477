import { setTimeout } from 'node:timers/promises';
import {
  createRedress,
  definePolicy,
  defineRegister,
  type Journal,
  type Notification,
  type PassResult,
  RedressError,
  type RedressOptions,
  type Remediator,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { crashingJournal } from '@redress/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { bound, recordsOf } from '../support/journal.js';
import { openedEvent, revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const PROD = '333333333333';
const START = Date.parse('2026-11-24T10:00:00Z');
const DAY = 86_400_000;
const LEAD = `arn:aws:iam::${ACCOUNT}:role/Lead`;
const BY = { by: { name: LEAD, verified: true }, reason: 'CHG-1' };

let aws: Widgets;
let time: number;
let journal: Journal;
let told: Notification[];
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
const policy = (extra: object = {}) =>
  definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] }, prod: { accounts: [PROD], after: { environment: 'dev', fixes: 2, bake: 'P2D' } } },
    remediators: { 'widget-revoke-open': { dev: 'approve', prod: 'enforce' } },
    approvers: { dev: [LEAD], prod: [LEAD] },
    ...extra,
  });
const engine = (over: Partial<RedressOptions> = {}) =>
  createRedress({
    remediators: [revokeOpenRules],
    policy: policy(),
    journal,
    connect: aws.connect,
    clock,
    notify: async (each) => void told.push(each),
    ...over,
  });
const asked = async (rule = 'open-1', over: Partial<RedressOptions> = {}): Promise<PassResult> => {
  const { results } = await engine(over).handle(openedEvent('w', rule, time - 1000));
  return results[0]?.passes[0] as PassResult;
};
const records = () => recordsOf(journal);
const refused = (work: Promise<unknown>) =>
  work.then(
    () => 'it was accepted',
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  );

beforeEach(() => {
  aws = new Widgets();
  aws.put('w', ['open-1', 'closed']);
  time = START;
  journal = memoryJournal({ clock });
  told = [];
});

describe('an approval', () => {
  it('is requested, announced, and carries out exactly what was shown', async () => {
    const pass = await asked();
    expect(pass).toMatchObject({ outcome: 'awaiting-approval', approval: expect.stringMatching(/^a-[0-9a-f]{16}$/) });
    expect(told[0]).toMatchObject({ outcome: 'awaiting-approval', approval: pass.approval, plan: { digest: pass.plan?.digest } });
    expect(await engine().approvals()).toMatchObject([
      { id: pass.approval, planDigest: pass.plan?.digest, causedBy: [`arn:aws:iam::${ACCOUNT}:user/mallory`] },
    ]);
    expect(aws.writes).toEqual([]);

    time += 3_600_000;
    const [done, ...more] = await engine().approve(pass.approval as string, BY);
    expect(more).toEqual([]);
    expect(done).toMatchObject({ outcome: 'remediated', plan: { digest: pass.plan?.digest } });
    expect(aws.rules('w')).toEqual(['closed']);
    expect((await records()).map(({ record }) => record.kind)).toEqual(['decision', 'notice', 'approval', 'intent', 'call', 'outcome']);
    const intent = (await records()).find(({ record }) => record.kind === 'intent');
    expect(intent?.record.body).toMatchObject({
      trigger: { by: 'approval', approval: pass.approval },
      guardrails: expect.arrayContaining([expect.objectContaining({ guardrail: 'approval', data: { approval: pass.approval, by: LEAD, verified: true } })]),
    });
    expect(await engine().approvals()).toEqual([]);
  });

  it('is the same request however often the gap is reported, and a new one after it was used', async () => {
    const first = await asked();
    expect((await asked()).approval).toBe(first.approval);
    await engine().approve(first.approval as string, BY);
    aws.put('w', ['open-1', 'closed']);
    time += 1000;
    const again = await asked();
    expect(again.plan?.digest).toBe(first.plan?.digest);
    expect(again.approval).not.toBe(first.approval);
    expect(aws.rules('w')).toContain('open-1');
  });

  it('permits only what was approved; another rule still waits', async () => {
    aws.put('w', ['open-1', 'open-2']);
    const pass = await asked();
    expect(pass.plan?.changes.map((change) => change.subject)).toEqual(['open-1']);
    await engine().approve(pass.approval as string, BY);
    expect(aws.rules('w')).toEqual(['open-2']);
  });

  it('of a state that has drifted changes nothing, and is requested again', async () => {
    const pass = await asked();
    aws.put('w', ['open-1', 'open-2', 'closed']);
    const passes = await engine().approve(pass.approval as string, BY);
    expect(passes.map((each) => each.outcome)).toEqual(['superseded', 'awaiting-approval']);
    expect(passes[1]?.approval).not.toBe(pass.approval);
    expect(aws.writes).toEqual([]);
  });

  it('of a state that changes between decision and lease changes nothing', async () => {
    const pass = await asked();
    let looks = 0;
    aws.before = (operation) => {
      if (operation === 'DescribeWidget' && ++looks === 2) aws.widgets.get('w')?.rules.push('open-3');
    };
    const passes = await engine().approve(pass.approval as string, BY);
    expect(passes.at(-1)?.outcome).toBe('awaiting-approval');
    expect(aws.writes).toEqual([]);
  });

  it('does not discharge what was added since: an exception, a freeze, a hazard, a stop', async () => {
    const pass = await asked();
    const id = pass.approval as string;
    const exceptions = defineRegister([
      { id: 'EXC-1', scope: { resource: 'w' }, reason: 'r', owner: 'a', approver: 'b', expires: new Date(START + DAY).toISOString() },
    ]);
    expect((await engine({ exceptions }).approve(id, BY)).map((each) => each.outcome)).toEqual(['exempt']);
    const outcomes: string[] = [];
    for (const extra of [
      { freeze: [{ from: '2026-11-01T00:00:00Z', to: '2026-12-01T00:00:00Z', reason: 'r' }] },
      { stop: 'changes' },
      { remediators: { 'widget-revoke-open': { dev: 'notify' } } },
    ]) {
      const { results } = await engine({ policy: policy(extra) }).handle(openedEvent('w', 'open-1', time - 1000));
      outcomes.push(...(results[0]?.passes ?? []).map((each) => each.outcome));
    }
    expect(outcomes).toEqual(['notified', 'denied', 'notified']);
    expect(aws.writes).toEqual([]);
    // It still stands, and is carried out when the resource is met next.
    const { results } = await engine().handle(openedEvent('w', 'open-1', time - 1000));
    expect(results[0]?.passes.map((each) => each.outcome)).toEqual(['remediated']);
  });

  it('is refused from whoever caused the gap, from others, without a reason, a second time, and after it has expired', async () => {
    const { approval } = await asked('open-1');
    const id = approval as string;
    expect(await refused(engine().approve('a-0', BY))).toMatch(/^approval\/refused: There is no open approval a-0/);
    expect(await refused(engine().approve(id, { ...BY, reason: ' ' }))).toMatch(/needs a person and a reason/);
    expect(await refused(engine().approve(id, { ...BY, by: { name: 'arn:aws:iam::111111111111:role/Other', verified: true } }))).toMatch(
      /is not an approver of dev/,
    );
    const mallory = policy({ approvers: { dev: [`arn:aws:iam::${ACCOUNT}:user/mallory`] } });
    const byMallory = { ...BY, by: { name: `arn:aws:iam::${ACCOUNT}:user/mallory`, verified: true } };
    expect(await refused(engine({ policy: mallory }).approve(id, byMallory))).toMatch(/caused it/);
    time += 7 * DAY;
    expect(await refused(engine().approve(id, BY))).toMatch(/expired on/);
    expect((await records()).filter(({ record }) => record.kind === 'approval')).toEqual([]);
    expect(aws.writes).toEqual([]);
  });

  it('that was denied is not requested again until it has expired', async () => {
    const { approval } = await asked();
    await engine().deny(approval as string, BY);
    expect(await asked()).toMatchObject({ outcome: 'denied', approval: null });
    expect(await refused(engine().approve(approval as string, BY))).toMatch(/has denied/);
    time += 7 * DAY;
    expect(await asked()).toMatchObject({ outcome: 'awaiting-approval' });
    expect(aws.writes).toEqual([]);
  });

  describe('that two people answer at the same moment', () => {
    const SECOND = `arn:aws:iam::${ACCOUNT}:role/Second`;
    const second = { by: { name: SECOND, verified: true }, reason: 'CHG-2' };
    const both = () => policy({ approvers: { dev: [LEAD, SECOND] } });
    /** Who has read what waits before the other has answered. */
    const early = async () => {
      const waits = await journal.approvals();
      return engine({ policy: both(), journal: { ...bound(journal), approvals: async () => waits } });
    };

    it('a denial, then an approval: nothing is done, and the approver is notified', async () => {
      const { approval } = await asked();
      const late = await early();
      await engine({ policy: both() }).deny(approval as string, BY);
      expect(await refused(late.approve(approval as string, second))).toBe(`approval/refused: ${LEAD} has denied ${approval} at the same moment.`);
      expect(aws.writes).toEqual([]);
      expect(await engine().approvals()).toMatchObject([{ verdict: 'denied', by: { name: LEAD } }]);
    });

    it('an approval, then a denial: the second person gets the information that it is being carried out', async () => {
      const { approval } = await asked();
      const late = await early();
      const [done] = await engine({ policy: both() }).approve(approval as string, BY);
      expect(await refused(late.deny(approval as string, second))).toBe(`approval/refused: ${approval} is being carried out already, by ${done?.execution}.`);
      expect(aws.writes).toEqual(['RevokeRule']);
    });
  });

  it('a denial after the decision holds, even if no approval is needed any more', async () => {
    const { approval } = await asked();
    const enforced = policy({ remediators: { 'widget-revoke-open': { dev: 'enforce' } } });
    const denied: Journal = {
      ...bound(journal),
      begin: async (request) => {
        if ((await journal.approvals())[0]?.verdict === 'none') await engine().deny(approval as string, BY);
        return journal.begin(request);
      },
    };
    expect(await asked('open-1', { policy: enforced, journal: denied })).toMatchObject({ outcome: 'denied', message: expect.stringContaining('denied it') });
    expect(aws.writes).toEqual([]);
  });

  it('a denial while it is carried out is too late', async () => {
    const { approval } = await asked();
    let said = '';
    const during: Journal = {
      ...bound(journal),
      begin: async (request) => {
        const begun = await journal.begin(request);
        said = await refused(engine().deny(approval as string, BY));
        return begun;
      },
    };
    const enforced = policy({ remediators: { 'widget-revoke-open': { dev: 'enforce' } } });
    const done = await asked('open-1', { policy: enforced, journal: during });
    expect(done).toMatchObject({ outcome: 'remediated' });
    expect(said).toBe(`approval/refused: ${approval} is being carried out already, by ${done.execution}.`);
  });

  it('needs a verified person in the highest environment', async () => {
    const pass = (
      await engine({
        policy: policy({
          environments: { dev: { accounts: [] }, prod: { accounts: [ACCOUNT], after: 'none', because: 'b' } },
          remediators: { 'widget-revoke-open': { prod: 'approve' } },
        }),
      }).run(widget('w'))
    )[0];
    const highest = policy({
      environments: { dev: { accounts: [] }, prod: { accounts: [ACCOUNT], after: 'none', because: 'b' } },
      remediators: { 'widget-revoke-open': { prod: 'approve' } },
    });
    const id = pass?.approval as string;
    expect(await refused(engine({ policy: highest }).approve(id, { ...BY, by: { name: LEAD, verified: false } }))).toMatch(/was not verified/);
    expect((await engine({ policy: highest }).approve(id, BY)).map((each) => each.outcome)).toEqual(['remediated']);
  });

  it('is used once by two concurrent workers', async () => {
    const { approval } = await asked();
    const answers = await Promise.all([
      engine()
        .approve(approval as string, BY)
        .catch(() => []),
      engine()
        .approve(approval as string, BY)
        .catch(() => []),
    ]);
    expect(aws.writes).toEqual(['RevokeRule']);
    expect(answers.flat().filter((each) => each.outcome === 'remediated' && !each.duplicate)).toHaveLength(1);
  });

  it('survives a crash after it was given: the open execution is closed, and nothing happens twice', async () => {
    for (const point of ['after-intent', 'before-call-record', 'before-outcome'] as const) {
      aws.put('w', ['open-1', 'closed']);
      // Twice in seven days would be a fight.
      time += 8 * DAY;
      const { approval } = await asked();
      const dying = crashingJournal(journal, point);
      await refused(engine({ journal: dying }).approve(approval as string, BY));
      expect(dying.died).toBe(true);
      time += DAY;
      await engine().recover();
      await engine().handle(openedEvent('w', 'open-1', time - 1000));
      // Whether it had sent something before its worker was lost nobody can tell, since someone may have undone it: the approval is used up.
      expect(aws.rules('w'), point).toEqual(point === 'after-intent' ? ['open-1', 'closed'] : ['closed']);
      const waiting = (await engine().approvals()).map((each) => each.id);
      expect(waiting, point).toHaveLength(point === 'after-intent' ? 1 : 0);
      expect(waiting).not.toContain(approval);
    }
    expect(aws.writes).toEqual(['RevokeRule', 'RevokeRule']);
  });
});

describe('lower environments first', () => {
  const wide = (track: Partial<RedressOptions> = {}) =>
    engine({ policy: policy({ remediators: { 'widget-revoke-open': { dev: 'enforce', prod: 'enforce' } } }), ...track });
  const inProd = async () => {
    aws.identity = { ...aws.identity, account: PROD };
    aws.put('p', ['open-1']);
    const { results } = await wide().handle(openedEvent('p', 'open-1', time - 1000, { account: PROD }));
    aws.identity = { ...aws.identity, account: ACCOUNT };
    return results[0]?.passes[0] as PassResult;
  };
  const inDev = async (id: string, options: { drill?: boolean } = {}) => {
    aws.put(id, ['open-1']);
    const { results } = await wide().handle(openedEvent(id, 'open-1', time - 1000), options);
    return results[0]?.passes[0] as PassResult;
  };
  it('prod enforces when dev has proven it, and no longer after a rollback there', async () => {
    expect((await inProd()).outcome).toBe('awaiting-approval');
    await inDev('a', { drill: true });
    await inDev('b');
    time += DAY;
    await inDev('c', { drill: true });
    time += DAY;
    expect((await inProd()).outcome).toBe('awaiting-approval');
    const last = await inDev('d');
    expect((await inProd()).outcome).toBe('remediated');
    await wide().rollback(last.execution as string, { by: 'ops', reason: 'broke' });
    expect((await inProd()).outcome).toBe('awaiting-approval');
  });
});

describe('settling', () => {
  const slow: Remediator = { ...revokeOpenRules, settle: 60_000 };
  const enforce = policy({ remediators: { 'widget-revoke-open': { dev: 'enforce' } } });
  it('waits for what follows a change: an exception tag', async () => {
    aws.put('w', ['open-1']);
    let looks = 0;
    aws.before = (operation) => {
      if (operation === 'DescribeWidget' && ++looks === 2) aws.put('w', ['open-1'], { 'redress:exception': 'x' });
    };
    const { results } = await engine({ remediators: [slow], policy: enforce }).handle(openedEvent('w', 'open-1', time - 10_000));
    expect(results[0]?.passes.map((each) => each.outcome)).toEqual(['notified']);
    expect(time).toBeGreaterThanOrEqual(START + 50_000);
    expect(aws.writes).toEqual([]);
  });
  it('does not wait for what is old enough, or in a dry run', async () => {
    const { results } = await engine({ remediators: [slow], policy: enforce }).handle(openedEvent('w', 'open-1', time - 60_000), { dryRun: true });
    await engine({ remediators: [slow], policy: enforce }).handle(openedEvent('w', 'open-1', time - 1), { dryRun: true });
    expect([results[0]?.passes[0]?.outcome, time]).toEqual(['planned', START]);
    await engine({ remediators: [slow], policy: enforce }).handle(openedEvent('w', 'open-1', time - 60_000));
    expect([aws.writes, time]).toEqual([['RevokeRule'], START]);
  });
  it('does not delay what is notified anyway: a sweep notifies of it, and never reports that it changed just now', async () => {
    aws.put('w', ['open-1']);
    const person: Remediator = { ...slow, plan: () => ({ status: 'manual', message: 'A person looks.' }) };
    const seen: string[] = [];
    const redress = engine({ remediators: [person], policy: enforce, notify: async ({ outcome, message }) => void seen.push(`${outcome}: ${message}`) });
    for (let at = 0; at < 3; at++) {
      time += 3_600_000;
      await redress.sweep({ targets: [{ account: '111111111111', region: 'us-east-1' }], onPass: ({ outcome }) => expect(outcome).toBe('notified') });
    }
    expect(seen).toEqual(['notified: A person looks.']);
    expect((await records()).filter(({ record }) => JSON.stringify(record.body).includes('changed just now'))).toEqual([]);
  });
  it('is delivered again when there is no time to wait', async () => {
    const { results, retry } = await engine({ remediators: [slow], policy: enforce }).handle(openedEvent('w', 'open-1', time - 1000), {
      deadline: time + 60_000,
    });
    expect(results[0]?.passes).toMatchObject([{ outcome: 'busy', retryable: true, retryAt: START + 59_000 }]);
    expect([retry, time, aws.writes]).toEqual([[], START, []]);
  });
  it('an event from ahead of our clock waits once, not forever', async () => {
    await engine({ remediators: [slow], policy: enforce }).handle(openedEvent('w', 'open-1', time + 300_000));
    expect(aws.writes).toEqual(['RevokeRule']);
    expect(time).toBe(START + 60_000);
  });
  it('a sweep checks everything before it returns to the first resources', async () => {
    const anyAge: Remediator = { ...slow, freshWithin: null };
    for (const id of ['w', 'x', 'y']) aws.put(id, ['open-1']);
    let tagged = false;
    aws.before = (operation) => {
      if (!tagged && operation === 'DescribeWidget' && time > START + 30_000) {
        tagged = true;
        aws.put('x', ['open-1'], { 'redress:exception': 'x' });
      }
    };
    const [summary] = await engine({ remediators: [anyAge], policy: enforce }).sweep({ targets: [{ account: ACCOUNT, region: 'us-east-1' }] });
    expect(summary).toMatchObject({ status: 'complete', looked: 3, outcomes: { remediated: 2, notified: 1 }, retryable: 0 });
    expect([aws.rules('w'), aws.rules('x'), aws.rules('y')]).toEqual([[], ['open-1'], []]);
    // One wait for all of them.
    expect(time - START).toBeLessThan(90_000);
  });
});

it('carries out what was approved, and not an earlier approval that was stopped', async () => {
  aws.put('w', ['open-1', 'open-2', 'closed']);
  const [first, second] = [await asked('open-1'), await asked('open-2')];
  await engine({ killSwitch: { read: async () => 'changes' } }).approve(first.approval ?? '', BY);
  expect(aws.writes).toEqual([]);
  const passes = await engine().approve(second.approval ?? '', BY);
  expect(passes.map(({ outcome, plan }) => [outcome, plan?.digest])).toEqual([['remediated', second.plan?.digest]]);
  expect(aws.rules('w')).toEqual(['open-1', 'closed']);
});

it('requests an approval for each plan', async () => {
  aws.put('w', ['open-1', 'open-2', 'closed']);
  const passes = [await asked('open-1'), await asked('open-2')];
  expect(new Set(passes.map(({ approval }) => approval)).size).toBe(2);
  const waiting = await engine().approvals();
  expect(new Set(passes.map(({ plan }) => plan?.digest)).size).toBe(2);
  for (const { approval, plan } of passes) expect(waiting.find(({ id }) => id === approval)?.planDigest).toBe(plan?.digest);
});

it('requests it again if there are more objections to the same plan', async () => {
  const first = await asked();
  aws.put('w', ['open-1', 'closed'], { 'aws:cloudformation:stack-name': 'network' });
  const second = await asked();
  expect([second.plan?.digest, second.approval === first.approval]).toEqual([first.plan?.digest, false]);
  expect((await engine().approvals()).map(({ id, discharges }) => [id, discharges.length])).toEqual([
    [first.approval, 1],
    [second.approval, 2],
  ]);
  // A yes to what was shown first says nothing of the rest; one to all of it does.
  expect((await engine().approve(first.approval ?? '', BY)).map((pass) => pass.outcome)).not.toContain('remediated');
  expect(aws.writes).toEqual([]);
  expect((await engine().approve(second.approval ?? '', BY)).map((pass) => pass.outcome)).toEqual(['remediated']);
});

it('requests it again if the pending request was not for a new gap', async () => {
  const pass = await asked();
  const [first] = await engine().approvals();
  expect(first).toMatchObject({ id: pass.approval, fresh: true });
  // As a version wrote it for which the age of the rule was no question: the same plan, and the same to be discharged.
  journal = memoryJournal({ clock });
  await journal.append({
    kind: 'decision',
    resource: widget('w'),
    remediator: 'widget-revoke-open',
    body: {
      subjects: ['open-1'],
      approval: {
        id: 'a-old',
        planDigest: pass.plan?.digest ?? '',
        discharges: [...(first?.discharges ?? [])],
        fresh: false,
        expires: time + DAY,
        causedBy: null,
      },
    },
  });
  const [second, ...others] = (await engine().handle(openedEvent('w', 'open-1', time - 1000, { eventId: 'again' }))).results[0]?.passes ?? [];
  expect(others).toEqual([]);
  expect(second?.approval).not.toBe('a-old');
  const waiting = await engine().approvals();
  expect(waiting.map(({ id, fresh }) => [id === 'a-old', fresh])).toEqual([
    [true, false],
    [false, true],
  ]);
});

describe('the circuit breaker', () => {
  const enforce = (extra: object = {}) => policy({ remediators: { 'widget-revoke-open': { dev: 'enforce' } }, ...extra });
  const fix = async (id: string, over: Partial<RedressOptions> = {}) => {
    time += 1000;
    aws.put(id, ['open-1']);
    const { results } = await engine({ policy: enforce(), ...over }).handle(openedEvent(id, 'open-1', time - 1000));
    return results[0]?.passes[0] as PassResult;
  };
  const close = () => engine().closeBreaker('widget-revoke-open', { account: ACCOUNT }, { by: 'ops', reason: 'looked' });

  it('opens at the limit for events, notifies, keeps planning, and stays open until a person closes it', async () => {
    const limited = { policy: enforce({ limits: [{ per: ['remediator', 'account'], changes: 2, window: 'PT1H' }] }) };
    expect([(await fix('a', limited)).outcome, (await fix('b', limited)).outcome]).toEqual(['remediated', 'remediated']);
    expect((await fix('c', limited)).decision?.results.at(-1)).toMatchObject({ code: 'limit-window' });
    expect(told.map((each) => each.message).join()).toMatch(/The circuit breaker of widget-revoke-open in 111111111111 has opened/);
    time += 2 * 3_600_000;
    const later = await fix('d', limited);
    expect(later).toMatchObject({ outcome: 'denied', plan: { changes: [{ subject: 'open-1' }] } });
    expect(later.decision?.results).toContainEqual(expect.objectContaining({ guardrail: 'circuit-breaker', code: 'tripped' }));
    expect(aws.rules('d')).toEqual(['open-1']);
    await close();
    expect((await fix('d', limited)).outcome).toBe('remediated');
    expect(await refused(close())).toMatch(/breaker\/refused: .*is not open/);
  });

  it('a backlog waits instead, and has its own budget', async () => {
    const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
    const limited = { remediators: [anyAge], policy: enforce({ limits: [{ per: ['remediator', 'account'], changes: 2, window: 'PT1H' }] }) };
    aws.widgets.clear();
    for (const id of ['a', 'b', 'c', 'd', 'e']) aws.put(id, ['open-1']);
    const sweep = async () => (await engine(limited).sweep({ targets: [{ account: ACCOUNT, region: 'us-east-1' }] }))[0];
    expect(await sweep()).toMatchObject({ outcomes: { remediated: 2, denied: 3 }, retryable: 3 });
    // Events have theirs all the same.
    expect((await fix('f', limited)).outcome).toBe('remediated');
    time += 3_600_000;
    expect(await sweep()).toMatchObject({ outcomes: { remediated: 2, denied: 1, 'no-op': 3 } });
    time += 3_600_000;
    expect(await sweep()).toMatchObject({ outcomes: { remediated: 1, 'no-op': 5 } });
  });

  it('opens after three failures in a row, not after two, and not after temporary ones', async () => {
    aws.faults.set('RevokeRule', ['throttled', 'throttled', 'throttled', 'throttled']);
    for (const id of ['a', 'b', 'c', 'd']) expect(await fix(id)).toMatchObject({ outcome: 'failed', retryable: true });
    aws.faults.set('RevokeRule', ['invalid', 'invalid']);
    expect([(await fix('e')).outcome, (await fix('f')).outcome, (await fix('g')).outcome]).toEqual(['failed', 'failed', 'remediated']);
    aws.faults.set('RevokeRule', ['invalid', 'invalid', 'invalid']);
    for (const id of ['h', 'i', 'j']) expect((await fix(id)).outcome).toBe('failed');
    expect((await fix('k')).decision?.results).toContainEqual(expect.objectContaining({ code: 'tripped' }));
    expect(aws.rules('k')).toEqual(['open-1']);
  });

  it('opens after three failures in a row, whatever was superseded between them', async () => {
    // Gone in the last moment: a write of which nothing came, and that is nobody's fault.
    const overtaken = async (id: string) => {
      aws.before = (operation) => void (operation === 'RevokeRule' && aws.widgets.delete(id));
      const pass = await fix(id);
      aws.before = () => undefined;
      return pass.outcome;
    };
    const failed = async (id: string) => (aws.faults.set('RevokeRule', ['invalid']), (await fix(id)).outcome);
    expect([await failed('a'), await overtaken('b'), await failed('c'), await overtaken('d'), await failed('e')]).toEqual([
      'failed',
      'superseded',
      'failed',
      'superseded',
      'failed',
    ]);
    expect((await fix('f')).decision?.results).toContainEqual(expect.objectContaining({ code: 'tripped' }));
    expect(aws.rules('f')).toEqual(['open-1']);
  });

  it('does not count the failures of rollbacks', async () => {
    const done = (await fix('a')).execution as string;
    aws.faults.set('RevokeRule', ['invalid', 'invalid']);
    expect([(await fix('b')).outcome, (await fix('c')).outcome]).toEqual(['failed', 'failed']);
    aws.faults.set('AuthorizeRule', ['invalid']);
    expect((await engine().rollback(done, { by: 'ops', reason: 'r' })).outcome).toBe('failed');
    expect((await fix('d')).outcome).toBe('remediated');
  });

  it.each<[string, object, () => Promise<unknown>]>([
    ['the limit for events', { limits: [{ per: ['remediator', 'account'], changes: 0, window: 'PT1H' }] }, async () => undefined],
    [
      'three failures',
      {},
      async () => {
        aws.faults.set('RevokeRule', ['invalid', 'invalid', 'invalid']);
        for (const id of ['a', 'b']) await fix(id);
      },
    ],
  ])('is recorded before the input that opened it is acknowledged: %s', async (_name, extra, before) => {
    await before();
    const [requested, recorded] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow: Journal = {
      ...bound(journal),
      append: async (entry) => {
        if (entry.kind === 'breaker') {
          requested.resolve();
          await recorded.promise;
        }
        return journal.append(entry);
      },
    };
    let isAnswered = false;
    const last = fix('z', { policy: enforce(extra), journal: slow }).then((pass) => {
      isAnswered = true;
      return pass;
    });
    await Promise.race([requested.promise, last]);
    // An answer that does not wait for the record takes no more than turns of this loop.
    for (let turn = 0; turn < 50 && !isAnswered; turn++) await setTimeout(4);
    const hasWaited = !isAnswered;
    // Whatever it did, nothing is left waiting when the test ends.
    recorded.resolve();
    const { outcome } = await last;
    expect(hasWaited).toBe(true);
    expect(['denied', 'failed']).toContain(outcome);
    expect((await journal.view(widget('z'))).breakers).toMatchObject([{ remediator: 'widget-revoke-open' }]);
  });

  it('that cannot be recorded causes another delivery of the event', async () => {
    const broken: Journal = {
      ...bound(journal),
      append: (entry) => (entry.kind === 'breaker' ? Promise.reject(new RedressError('journal/corrupt', 'bad')) : journal.append(entry)),
    };
    aws.put('z', ['open-1']);
    const limits = [{ per: ['remediator', 'account'], changes: 0, window: 'PT1H' }];
    const { results } = await engine({ policy: enforce({ limits }), journal: broken }).handle(openedEvent('z', 'open-1', time - 1000));
    expect(results).toMatchObject([{ error: { code: 'journal/corrupt' }, retryable: true }]);
    expect(aws.rules('z')).toEqual(['open-1']);
  });

  it('never stops a rollback', async () => {
    const done = await fix('a');
    await journal.append({
      kind: 'breaker',
      resource: { type: 'AWS::::Account', id: ACCOUNT, account: ACCOUNT, region: 'aws-global', partition: 'aws' },
      remediator: 'widget-revoke-open',
      body: { breaker: 'open', reason: 'test' },
    });
    expect((await engine().rollback(done.execution as string, { by: 'ops', reason: 'broke' })).outcome).toBe('rolled-back');
    expect(aws.rules('a')).toEqual(['open-1']);
  });
});

describe('an answer', () => {
  const ID = 'widget-revoke-open';
  const MALLORY = `arn:aws:iam::${ACCOUNT}:user/mallory`;
  /** Code, message, and what to do next. */
  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => 'it was accepted',
      ({ code, message, next }: RedressError) => [code, message, next],
    );
  const answers = async () => (await records()).filter(({ record }) => record.kind === 'approval').map(({ record }) => record.body);

  it('is recorded with the person, the reason, the plan, and the policy', async () => {
    const { approval, plan } = await asked();
    const waiting = (await engine().approvals())[0];
    expect(await engine().deny(approval as string, { by: { name: LEAD, verified: false }, reason: 'CHG-2' })).toEqual({
      ...waiting,
      verdict: 'denied',
      by: { name: LEAD, verified: false },
    });
    expect(await answers()).toEqual([
      {
        approval: { id: approval, verdict: 'denied', by: { name: LEAD, verified: false } },
        reason: 'CHG-2',
        planDigest: plan?.digest,
        policy: policy().digest,
      },
    ]);
  });

  it('is refused with the next step, and nothing is recorded', async () => {
    const id = (await asked()).approval as string;
    const nobody = { by: { name: ' ', verified: true }, reason: 'r' };
    const said = ['approval/refused', 'An answer needs a person and a reason.', 'Give who answers, and why.'];
    expect(await refusal(engine().approve(id, nobody))).toEqual(said);
    expect(await refusal(engine().deny(id, { ...BY, reason: '\t' }))).toEqual(said);
    expect(await refusal(engine().deny('a-0', BY))).toEqual([
      'approval/refused',
      'There is no open approval a-0.',
      expect.stringContaining('redress approvals list'),
    ]);
    const stranger = { ...BY, by: { name: MALLORY, verified: true } };
    for (const answer of [engine().approve(id, stranger), engine().deny(id, stranger)])
      expect(await refusal(answer)).toEqual(['approval/refused', `${MALLORY} is not an approver of dev.`, expect.stringContaining('`approvers`')]);
    // Whoever would be asked to carry it out has to be there.
    expect(await refusal(engine({ remediators: [], policy: definePolicy({ version: 1 }) }).deny(id, BY))).toEqual([
      'compose/invalid',
      expect.any(String),
      expect.any(String),
    ]);
    expect(await answers()).toEqual([]);
  });

  it('is given once', async () => {
    const id = (await asked()).approval as string;
    // It is not carried out now, and stands.
    await engine({ policy: policy({ stop: 'changes' }) }).approve(id, BY);
    expect(await refusal(engine().approve(id, BY))).toEqual([
      'approval/refused',
      `${LEAD} has approved ${id} already.`,
      'It is carried out the next time the resource is handled.',
    ]);
    // A no may come after a yes; then that stands.
    await engine().deny(id, BY);
    for (const again of [engine().deny(id, BY), engine().approve(id, BY)])
      expect(await refusal(again)).toEqual(['approval/refused', `${LEAD} has denied ${id} already.`, expect.stringContaining('has expired')]);
    expect(await answers()).toHaveLength(2);
    expect(aws.writes).toEqual([]);
  });

  it('can be given to the last millisecond', async () => {
    const { approval } = await asked();
    const expires = (await journal.approvals())[0]?.expires;
    expect(expires).toBe(START + 7 * DAY);
    time = START + 7 * DAY;
    const late = ['approval/refused', `${approval} expired on 2026-12-01T10:00:00.000Z.`, 'It is requested again when the gap is reported or swept again.'];
    expect(await refusal(engine().deny(approval as string, BY))).toEqual(late);
    time -= 1;
    expect(await engine().deny(approval as string, BY)).toMatchObject({ verdict: 'denied' });
  });

  it('that restricts may come from whoever caused the gap, unverified', async () => {
    const { approval } = await asked();
    const listed = policy({ approvers: { dev: [MALLORY] } });
    const by = { by: { name: MALLORY, verified: false }, reason: 'mine' };
    expect(await refusal(engine({ policy: listed }).approve(approval as string, by))).toEqual([
      'approval/refused',
      expect.stringContaining('caused it'),
      expect.any(String),
    ]);
    expect(await engine({ policy: listed }).deny(approval as string, by)).toMatchObject({ verdict: 'denied', by: { name: MALLORY } });
  });

  it('is carried out within the limits of a run, and not without time for it', async () => {
    const id = (await asked()).approval as string;
    const none = policy({ limits: [{ per: ['run'], changes: 0 }] });
    expect(await engine({ policy: none }).approve(id, BY)).toMatchObject([{ outcome: 'denied', message: expect.stringContaining('This run has made 0') }]);
    aws.put('v', ['open-1']);
    const { results } = await engine().handle(openedEvent('v', 'open-1', time - 1000));
    const other = results[0]?.passes[0]?.approval as string;
    expect(await engine().approve(other, { ...BY, deadline: time + 29_999 })).toMatchObject([{ outcome: 'busy', retryable: true }]);
    expect(aws.writes).toEqual([]);
  });

  it('about a resource that changed requests a new decision, like a request by a person', async () => {
    const id = (await asked()).approval as string;
    aws.put('w', ['open-1', 'open-2', 'closed']);
    await engine().approve(id, BY);
    const triggers = (await records()).flatMap(({ record }) => (record.kind === 'decision' ? [record.body['trigger']] : []));
    expect(triggers.at(-1)).toEqual({ by: 'request' });
    expect(triggers).toContainEqual({ by: 'approval', approval: id });
  });

  it('needs a journal', async () => {
    const { journal: _, ...options } = { remediators: [revokeOpenRules], policy: policy(), journal, connect: aws.connect, clock };
    expect(await refusal(createRedress(options).deny('a-1', BY))).toEqual([
      'compose/invalid',
      expect.stringMatching(/^An approval needs a journal/),
      expect.any(String),
    ]);
    expect(await refusal(createRedress(options).closeBreaker(ID, { account: ACCOUNT }, { by: 'ops', reason: 'r' }))).toEqual([
      'compose/invalid',
      expect.stringMatching(/^A circuit breaker needs a journal/),
      expect.any(String),
    ]);
  });

  describe('that closes a circuit breaker', () => {
    const open = (partition: 'aws' | 'aws-cn' = 'aws') =>
      journal.append({
        kind: 'breaker',
        resource: { type: 'AWS::::Account', id: ACCOUNT, account: ACCOUNT, region: 'aws-global', partition },
        remediator: ID,
        body: { breaker: 'open', reason: 'test' },
      });
    const how = { by: 'ops', reason: 'looked' };
    const closings = async () => (await records()).filter(({ record }) => record.kind === 'breaker' && record.body['breaker'] === 'closed');

    it('is recorded with who, and why', async () => {
      await open();
      await engine().closeBreaker(ID, { account: ACCOUNT }, how);
      expect((await closings()).map(({ record }) => [record.remediator, record.resource, record.body])).toEqual([
        [
          ID,
          { type: 'AWS::::Account', id: ACCOUNT, account: ACCOUNT, region: 'aws-global', partition: 'aws' },
          { breaker: 'closed', by: 'ops', reason: 'looked', message: `ops (unverified) has closed the circuit breaker of ${ID} in ${ACCOUNT}: looked` },
        ],
      ]);
    });

    it.each<[string, string, object, object, unknown[]]>([
      ['nobody', ID, {}, { by: ' ' }, ['breaker/refused', 'Closing a circuit breaker needs a person and a reason.', 'Give who closes it, and why.']],
      ['no reason', ID, {}, { reason: ' ' }, ['breaker/refused', 'Closing a circuit breaker needs a person and a reason.', 'Give who closes it, and why.']],
      ['no account', ID, { account: '1111' }, {}, ['breaker/refused', '"1111" is not an account ID.', 'Give its 12 digits.']],
      ['another account', ID, { account: PROD }, {}, ['breaker/refused', expect.stringContaining('is not open'), expect.stringContaining('redress breakers')]],
      [
        'another partition',
        ID,
        { partition: 'aws-cn' },
        {},
        ['breaker/refused', expect.stringContaining('is not open'), expect.stringContaining('redress breakers')],
      ],
      ['a remediator that is not installed', 'other', {}, {}, ['compose/invalid', expect.stringContaining('"other"'), `Known: ${ID}`]],
    ])('is refused for %s', async (_name, remediator, where, more, expected) => {
      await open();
      expect(await refusal(engine().closeBreaker(remediator, { account: ACCOUNT, ...where }, { ...how, ...more }))).toEqual(expected);
      expect(await closings()).toEqual([]);
    });

    it('applies to its own partition', async () => {
      await open('aws-cn');
      expect(await refusal(engine().closeBreaker(ID, { account: ACCOUNT }, how))).toEqual(['breaker/refused', expect.any(String), expect.any(String)]);
      await engine().closeBreaker(ID, { account: ACCOUNT, partition: 'aws-cn' }, how);
      expect((await closings())[0]?.record.resource.partition).toBe('aws-cn');
    });

    it('is refused if only the breaker of another remediator is open', async () => {
      await journal.append({
        kind: 'breaker',
        resource: { type: 'AWS::::Account', id: ACCOUNT, account: ACCOUNT, region: 'aws-global', partition: 'aws' },
        remediator: 'other',
        body: { breaker: 'open', reason: 'test' },
      });
      expect(await refusal(engine().closeBreaker(ID, { account: ACCOUNT }, how))).toEqual([
        'breaker/refused',
        expect.stringContaining('is not open'),
        expect.any(String),
      ]);
    });
  });
});
