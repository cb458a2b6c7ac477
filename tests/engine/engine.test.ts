import {
  createRedress,
  definePolicy,
  defineRegister,
  type Journal,
  type Live,
  type Notification,
  type Policy,
  RedressError,
  type RedressOptions,
  type Register,
  type Remediator,
  type Stop,
  type StoredRecord,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { bound, recordsOf } from '../support/journal.js';
import { noteWidget, openedEvent, revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');

class TestClock {
  time = START;
  now = () => this.time;
  sleep = async (milliseconds: number) => {
    this.time += milliseconds;
  };
}

let aws: Widgets;
let clock: TestClock;
let journal: Journal;
let told: Notification[];

const enforce = (extra: object = {}, remediators: readonly Remediator[] = [revokeOpenRules]) =>
  definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    remediators: Object.fromEntries(remediators.map(({ id }) => [id, { dev: 'enforce' }])),
    ...extra,
  });

function redress(over: Partial<RedressOptions> = {}) {
  return createRedress({
    remediators: [revokeOpenRules],
    policy: enforce({}, over.remediators),
    journal,
    connect: aws.connect,
    clock,
    notify: async (each) => void told.push(each),
    ...over,
  });
}

async function records(filter: (each: StoredRecord) => boolean = () => true): Promise<StoredRecord[]> {
  return (await recordsOf(journal)).filter(filter);
}

const kinds = async () => (await records()).map((each) => each.record.kind);
const event = (id = 'w1', rule = 'open-1', over: Parameters<typeof openedEvent>[3] = {}) => openedEvent(id, rule, clock.time - 60_000, over);
const handle = async (input: unknown = event(), over: Partial<RedressOptions> = {}) =>
  (await redress(over).handle(input)).results.flatMap((each) => each.passes);

beforeEach(() => {
  aws = new Widgets();
  clock = new TestClock();
  journal = memoryJournal({ clock });
  told = [];
});

describe('the path of an event', () => {
  it('fixes, verifies, records and notifies', async () => {
    aws.put('w1', ['open-1', 'closed-1']);
    const [pass] = await handle();
    expect(pass).toMatchObject({ outcome: 'remediated', message: 'revoke open-1', duplicate: false });
    expect(aws.rules('w1')).toEqual(['closed-1']);
    expect(aws.writes).toEqual(['RevokeRule']);
    expect(await kinds()).toEqual(['intent', 'call', 'outcome']);
    const [intent, , outcome] = await records();
    expect(intent?.documents).toMatchObject({ before: { open: ['open-1'] }, plan: { digest: pass?.plan?.digest } });
    expect(intent?.record.body['guardrails']).toHaveLength(22);
    expect(intent?.record.body).toMatchObject({
      policy: enforce().digest,
      register: defineRegister([]).digest,
      trigger: { id: 'call-w1-open-1', actor: `arn:aws:iam::${ACCOUNT}:user/mallory` },
    });
    expect(outcome?.documents['after']).toEqual({ open: [] });
    expect(outcome?.record.body).toMatchObject({ verified: 'verified' });
    expect(told).toHaveLength(1);
  });

  it('a dry run writes nothing, anywhere, and needs no journal', async () => {
    aws.put('w1', ['open-1']);
    const { journal: _, ...options } = { remediators: [revokeOpenRules], policy: enforce(), journal, connect: aws.connect, clock };
    const { results } = await createRedress(options).handle(event(), { dryRun: true });
    expect(results[0]?.passes[0]).toMatchObject({ outcome: 'planned', decision: { effect: 'allow' }, plan: { changes: [{ summary: 'revoke open-1' }] } });
    expect(aws.writes).toEqual([]);
    expect(await records()).toEqual([]);
  });

  it('refuses to change anything without a journal', async () => {
    aws.put('w1', ['open-1']);
    await expect(createRedress({ remediators: [revokeOpenRules], policy: enforce(), connect: aws.connect, clock }).run(widget('w1'))).rejects.toMatchObject({
      code: 'compose/invalid',
    });
  });

  it('fixes the new rule and asks for an approval of the old one', async () => {
    aws.put('w1', ['open-old', 'open-1', 'open-wide']);
    const passes = await handle();
    expect(passes.map((pass) => [pass.outcome, pass.plan?.changes.map((change) => change.subject)])).toEqual([
      ['remediated', ['open-1']],
      ['awaiting-approval', ['open-old']],
      ['awaiting-approval', ['open-wide']],
    ]);
    expect(aws.rules('w1')).toEqual(['open-old', 'open-wide']);
    expect(passes[0]?.open).toEqual(['revoke open-old', 'revoke open-wide']);
  });

  it('a new rule with a hazard is not fixed', async () => {
    aws.put('w1', ['open-wide']);
    expect(await handle(event('w1', 'open-wide'))).toMatchObject([{ outcome: 'awaiting-approval' }]);
    expect(aws.writes).toEqual([]);
  });

  it('a missing resource needs no change', async () => {
    expect(await handle()).toMatchObject([{ outcome: 'no-op' }]);
    expect(aws.writes).toEqual([]);
  });

  it('runs narrow remediators before wide ones, and a flag is reported as one', async () => {
    aws.put('w1', ['open-1', 'closed']);
    const passes = await redress({ remediators: [noteWidget, revokeOpenRules] }).run(widget('w1'));
    expect(passes.map((pass) => [pass.remediator, pass.outcome])).toEqual([
      ['widget-revoke-open', 'awaiting-approval'],
      ['widget-note', 'flagged'],
    ]);
    expect(passes[1]?.open).toEqual(['someone has to look']);
  });
});

describe('zero write calls', () => {
  const exempt = defineRegister([
    { id: 'EXC-1', scope: { account: ACCOUNT, resource: 'w1' }, reason: 'r', owner: 'a', approver: 'b', expires: new Date(START + 1e9).toISOString() },
  ]);
  it.each<[string, () => Partial<RedressOptions>, () => unknown, string]>([
    ['exempt', () => ({ exceptions: exempt }), () => event(), 'exempt'],
    ['notify-only', () => ({ policy: definePolicy({ version: 1 }) }), () => event(), 'notified'],
    ['killed', () => ({ killSwitch: { read: async () => 'changes' as const } }), () => event(), 'denied'],
    ['stale', () => ({}), () => openedEvent('w1', 'open-1', START - 3_600_000), 'awaiting-approval'],
    ['replayed', () => ({}), () => event('w1', 'open-1', { replay: 'again' }), 'denied'],
    ['from the source of another service', () => ({}), () => event('w1', 'open-1', { source: 'aws.s3' }), 'denied'],
    ['our own call', () => ({}), () => event('w1', 'open-1', { actor: 'arn:aws:sts::111111111111:assumed-role/Redress/other' }), 'denied'],
    ['an unreadable register', () => ({ exceptions: { read: () => Promise.reject(new Error('no such file')) } }), () => event(), 'denied'],
    ['an unreadable policy', () => ({ policy: failing(enforce(), 1) }), () => event(), 'denied'],
    ['an unreadable kill switch', () => ({ killSwitch: { read: () => Promise.reject(new Error('down')) } }), () => event(), 'denied'],
    ['an unreadable resource', () => (aws.faults.set('DescribeWidget', ['denied']), {}), () => event(), 'denied'],
    [
      'an added guardrail',
      () => ({ guardrails: [{ id: 'mine', needs: [], evaluate: () => ({ effect: 'deny' as const, code: 'no', message: 'no' }) }] }),
      () => event(),
      'denied',
    ],
    ['the exception tag', () => (aws.put('w1', ['open-1'], { 'redress:exception': 'please' }), {}), () => event(), 'notified'],
  ])('%s', async (name, options, input, outcome) => {
    aws.put('w1', ['open-1']);
    const [pass] = await handle(input(), options());
    expect(pass?.outcome).toBe(outcome);
    expect(aws.writes).toEqual([]);
    expect(aws.rules('w1')).toEqual(['open-1']);
    // What people were notified of is recorded after it.
    expect(await kinds()).toEqual(['replayed', 'our own call'].includes(name) ? ['decision'] : ['decision', 'notice']);
  });

  it('a failed call is only counted', async () => {
    aws.put('w1', ['open-1']);
    const { results, counted } = await redress().handle(event('w1', 'open-1', { errorCode: 'AccessDenied' }));
    expect(results[0]?.passes).toEqual([]);
    expect(counted).toEqual({ ignored: 1 });
    expect(aws.calls).toEqual([]);
  });

  it('an event that does not come from AWS is not a finding', async () => {
    aws.put('w1', ['open-1']);
    const { results, counted } = await redress().handle(event('w1', 'open-1', { source: 'my.app' }));
    expect(results.flatMap((each) => each.passes)).toEqual([]);
    expect(Object.keys(counted)).toEqual([expect.stringMatching(/ignored|rejected/)]);
    expect(aws.calls).toEqual([]);
  });

  it('another account: no call of any kind', async () => {
    aws.put('w1', ['open-1']);
    expect(await handle(event('w1', 'open-1', { account: '222222222222' }))).toMatchObject([{ outcome: 'denied' }]);
    expect(aws.calls).toEqual([]);
  });

  it('an identity that cannot be read: no call of any kind', async () => {
    aws.put('w1', ['open-1']);
    aws.identityFails = true;
    expect(await handle()).toMatchObject([{ outcome: 'denied' }]);
    expect(aws.calls).toEqual([]);
  });
});

/** A policy that can be read `good` times, and not after. */
function failing(policy: Policy, good: number): Live<Policy> {
  let reads = 0;
  return { read: async () => (++reads <= good ? policy : Promise.reject(new Error('unreadable'))) };
}

describe('what changes between decision and write', () => {
  it('the kill switch, flipped after the decision, stops the write', async () => {
    aws.put('w1', ['open-1']);
    let stop: Stop = 'none';
    aws.before = () => void (aws.calls.length >= 1 && (stop = 'changes'));
    expect(await handle(event(), { killSwitch: { read: async () => stop } })).toMatchObject([{ outcome: 'denied' }]);
    expect(aws.writes).toEqual([]);
    expect(await kinds()).toEqual(['intent', 'outcome']);
  });

  it('an exception, registered after the decision, stops the write', async () => {
    aws.put('w1', ['open-1']);
    const entry = { id: 'EXC-1', scope: { resource: 'w1' }, reason: 'r', owner: 'a', approver: 'b', expires: new Date(START + 1e9).toISOString() };
    let register: Register = defineRegister([]);
    aws.before = () => void (aws.calls.length >= 1 && (register = defineRegister([entry])));
    expect(await handle(event(), { exceptions: { read: async () => register } })).toMatchObject([{ outcome: 'exempt' }]);
    expect(aws.writes).toEqual([]);
  });

  it('an exception tag, set after the decision, stops the write', async () => {
    aws.put('w1', ['open-1']);
    aws.before = () => void (aws.calls.length === 1 && ((aws.widgets.get('w1') as { tags: object }).tags = { 'redress:exception': 'x' }));
    expect(await handle()).toMatchObject([{ outcome: 'notified' }]);
    expect(aws.writes).toEqual([]);
  });

  it('a tag that arrives while the resource settles is seen by the decision', async () => {
    aws.put('w1', ['open-1']);
    const settling: Remediator = { ...revokeOpenRules, settle: 60_000 };
    const sleep = clock.sleep;
    clock.sleep = async (milliseconds) => {
      (aws.widgets.get('w1') as { tags: object }).tags = { 'redress:exception': 'x' };
      await sleep(milliseconds);
    };
    expect(await handle(openedEvent('w1', 'open-1', clock.time), { remediators: [settling] })).toMatchObject([{ outcome: 'notified' }]);
    // Nothing was begun on what was read before.
    expect([await kinds(), aws.writes]).toEqual([['decision', 'notice'], []]);
  });

  it('the kill switch between two writes leaves the first, and says partial', async () => {
    aws.put('w1', ['open-1', 'open-2']);
    let stop: Stop = 'none';
    aws.before = (operation) => void (operation === 'RevokeRule' && (stop = 'changes'));
    const policy = enforce();
    const passes = await redress({ policy, killSwitch: { read: async () => stop } }).handle(configEvent('w1'));
    expect(passes.results[0]?.passes).toMatchObject([{ outcome: 'partial' }]);
    expect(aws.writes).toEqual(['RevokeRule']);
    expect(aws.rules('w1')).toEqual(['open-2']);
  });

  it('a freeze that begins between two writes leaves the first, and says partial', async () => {
    aws.put('w1', ['open-1', 'open-2']);
    const begins = clock.time + 60_000;
    aws.before = (operation) => void (operation === 'RevokeRule' && (clock.time = begins));
    const policy = enforce({ freeze: [{ from: new Date(begins).toISOString(), to: new Date(begins + 86_400_000).toISOString(), reason: 'year end' }] });
    const { results } = await redress({ policy }).handle(configEvent('w1'));
    expect(results[0]?.passes).toMatchObject([{ outcome: 'partial', message: expect.stringContaining('year end') }]);
    expect(aws.rules('w1')).toEqual(['open-2']);
    // A freeze does not keep people from taking something back.
    const execution = results[0]?.passes[0]?.execution ?? '';
    expect(await redress({ policy }).rollback(execution, { by: 'ops', reason: 'r' })).toMatchObject({ outcome: 'rolled-back' });
    expect(aws.rules('w1').sort()).toEqual(['open-1', 'open-2']);
  });

  it('the mode in the policy, changed after the decision, stops the write', async () => {
    aws.put('w1', ['open-1']);
    const only = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'notify' } } });
    const policy: Live<Policy> = { read: async () => (aws.calls.length >= 1 ? only : enforce()) };
    expect(await handle(event(), { policy })).toMatchObject([{ outcome: 'notified' }]);
    expect(aws.writes).toEqual([]);
    expect(await kinds()).toEqual(['intent', 'outcome']);
  });

  it('a resource that changed under the decision is decided on again', async () => {
    aws.put('w1', ['open-1']);
    let first = true;
    const begin = journal.begin.bind(journal);
    const racing: Journal = {
      ...bound(journal),
      begin: async (request) => {
        const begun = await begin(request);
        if (first) (aws.widgets.get('w1') as { rules: string[] }).rules = ['open-1', 'open-2'];
        first = false;
        return begun;
      },
    };
    const passes = await handle(event(), { journal: racing });
    expect(passes.map((pass) => pass.outcome)).toEqual(['superseded', 'remediated', 'awaiting-approval']);
    expect(aws.rules('w1')).toEqual(['open-2']);
  });
});

/** A Config event of a transition to NON_COMPLIANT: everything counts as new. */
function configEvent(id: string): object {
  const result = (complianceType: string, at: number) => ({
    evaluationResultIdentifier: {
      evaluationResultQualifier: { configRuleName: 'widget-open', resourceType: 'AWS::Test::Widget', resourceId: id },
      orderingTimestamp: new Date(at).toISOString(),
    },
    complianceType,
    resultRecordedTime: new Date(at).toISOString(),
    configRuleInvokedTime: new Date(at).toISOString(),
  });
  return {
    version: '0',
    id: `config-${id}`,
    'detail-type': 'Config Rules Compliance Change',
    source: 'aws.config',
    account: ACCOUNT,
    time: new Date(clock.time).toISOString(),
    region: 'us-east-1',
    resources: [],
    detail: {
      resourceId: id,
      awsRegion: 'us-east-1',
      awsAccountId: ACCOUNT,
      configRuleName: 'widget-open',
      recordVersion: '1.0',
      configRuleARN: `arn:aws:config:us-east-1:${ACCOUNT}:config-rule/config-rule-abc`,
      messageType: 'ComplianceChangeNotification',
      resourceType: 'AWS::Test::Widget',
      notificationCreationTime: new Date(clock.time).toISOString(),
      newEvaluationResult: result('NON_COMPLIANT', clock.time - 1000),
      oldEvaluationResult: result('COMPLIANT', clock.time - 600_000),
    },
  };
}

describe('faults', () => {
  it.each<[string, 'denied' | 'throttled' | 'gone', string, boolean]>([
    ['access denied', 'denied', 'failed', false],
    ['throttled', 'throttled', 'failed', true],
  ])('%s changes nothing, and is closed as such', async (_name, fault, outcome, retryable) => {
    aws.put('w1', ['open-1']);
    aws.faults.set('RevokeRule', [fault]);
    expect(await handle()).toMatchObject([{ outcome, retryable }]);
    expect(aws.rules('w1')).toEqual(['open-1']);
    expect(await kinds()).toEqual(['intent', 'call', 'outcome']);
  });

  it('a resource that is gone at the last moment is superseded, then nothing to do', async () => {
    aws.put('w1', ['open-1']);
    aws.faults.set('RevokeRule', ['gone']);
    aws.before = (operation) => void (operation === 'RevokeRule' && aws.widgets.delete('w1'));
    expect((await handle()).map((pass) => pass.outcome)).toEqual(['superseded', 'no-op']);
  });

  it('a lost reply after the effect: reads, and does not send it again', async () => {
    aws.put('w1', ['open-1']);
    aws.faults.set('RevokeRule', ['lost']);
    expect(await handle()).toMatchObject([{ outcome: 'remediated' }]);
    expect(aws.writes).toEqual(['RevokeRule']);
  });

  it('a lost reply after the effect, and reads that do not show it yet: reads again, and does not send it again', async () => {
    aws.put('w1', ['open-1']);
    aws.faults.set('RevokeRule', ['lost']);
    aws.before = (operation) => void (operation === 'RevokeRule' && aws.faults.set('DescribeWidget', ['stale', 'stale']));
    expect(await handle()).toMatchObject([{ outcome: 'remediated' }]);
    expect(aws.writes).toEqual(['RevokeRule']);
  });

  it('a change that is not visible yet: reads again until it is', async () => {
    aws.put('w1', ['open-1']);
    aws.before = (operation) => void (operation === 'RevokeRule' && aws.faults.set('DescribeWidget', ['stale', 'stale']));
    expect(await handle()).toMatchObject([{ outcome: 'remediated' }]);
    expect(aws.calls.slice(-3).map((call) => call.operation)).toEqual(Array(3).fill('DescribeWidget'));
    expect(aws.writes).toEqual(['RevokeRule']);
  });

  it('a lost reply whose effect is visible only after the reads: the second call is refused, and the change is recognized as its own', async () => {
    aws.put('w1', ['open-1']);
    aws.faults.set('RevokeRule', ['lost']);
    aws.before = (operation) => {
      if (operation === 'RevokeRule' && aws.writes.length === 0) aws.faults.set('DescribeWidget', Array(5).fill('stale'));
    };
    expect(await handle()).toMatchObject([{ outcome: 'remediated' }]);
    expect(aws.writes).toEqual(['RevokeRule', 'RevokeRule']);
    const view = await journal.view(widget('w1'));
    expect(view.closed).toMatchObject([{ outcome: 'remediated', sent: 1 }]);
    // Its own work, and not that of somebody else: it can be rolled back.
    expect((await records()).map(({ record }) => (record.body['call'] as { status?: string } | undefined)?.status ?? record.body['foundDone'])).toEqual([
      undefined,
      'not-applied',
      'refused',
      'applied',
      undefined,
    ]);
  });

  it('a lost call without effect: reads, and sends it once more', async () => {
    aws.put('w1', ['open-1']);
    aws.faults.set('RevokeRule', ['lost-before']);
    expect(await handle()).toMatchObject([{ outcome: 'remediated' }]);
    expect(aws.writes).toEqual(['RevokeRule', 'RevokeRule']);
    expect(aws.rules('w1')).toEqual([]);
  });

  it('a lost reply and a resource that cannot be read: unknown, a person has to decide', async () => {
    aws.put('w1', ['open-1']);
    aws.faults.set('RevokeRule', ['lost']);
    aws.before = (operation) => void (operation === 'RevokeRule' && aws.faults.set('DescribeWidget', Array(20).fill('server')));
    expect(await handle()).toMatchObject([{ outcome: 'unknown' }]);
    expect(aws.writes).toEqual(['RevokeRule']);
    expect(told.at(-1)).toMatchObject({ outcome: 'unknown' });
  });

  it('the second of two changes is refused: partial, and the rest stays open', async () => {
    aws.put('w1', ['open-1', 'open-2']);
    aws.before = (operation) => void (operation === 'RevokeRule' && aws.writes.length === 1 && aws.faults.set('RevokeRule', ['denied']));
    const { results } = await redress().handle(configEvent('w1'));
    expect(results[0]?.passes).toMatchObject([{ outcome: 'partial', open: [expect.stringContaining('refused')] }]);
    expect(aws.rules('w1')).toEqual(['open-2']);
  });

  it('the second of two changes is throttled three times: it is sent again, since half a plan is worse than a slow one', async () => {
    aws.put('w1', ['open-1', 'open-2']);
    aws.faults.set('RevokeRule', [undefined as never, 'throttled', 'throttled', 'throttled']);
    const before = clock.time;
    expect(await handle(configEvent('w1'))).toMatchObject([{ outcome: 'remediated' }]);
    expect([aws.rules('w1'), aws.writes.length]).toEqual([[], 5]);
    expect(clock.time - before).toBeGreaterThanOrEqual(7000);
    expect((await journal.view(widget('w1'))).closed).toMatchObject([{ outcome: 'remediated', sent: 2 }]);
  });

  it('the first of two changes is throttled: nothing is sent again, since nothing has been changed', async () => {
    aws.put('w1', ['open-1', 'open-2']);
    aws.faults.set('RevokeRule', ['throttled']);
    expect(await handle(configEvent('w1'))).toMatchObject([{ outcome: 'failed', retryable: true }]);
    expect(aws.writes).toEqual(['RevokeRule']);
  });

  it('a rollback whose second call is throttled sends it again, too', async () => {
    aws.put('w1', ['open-1', 'open-2']);
    const [pass] = await handle(configEvent('w1'));
    aws.faults.set('AuthorizeRule', [undefined as never, 'throttled']);
    expect(await redress().rollback(pass?.execution ?? '', { by: 'ops', reason: 'r' })).toMatchObject({ outcome: 'rolled-back' });
    expect(aws.rules('w1').sort()).toEqual(['open-1', 'open-2']);
  });

  it('the second of two changes is throttled, and there is no time to send it again: partial, and retried', async () => {
    aws.put('w1', ['open-1', 'open-2']);
    aws.faults.set('RevokeRule', [undefined as never, 'throttled']);
    const deadline = clock.time + 60_000;
    aws.before = (operation) => void (operation === 'RevokeRule' && aws.writes.length === 1 && (clock.time = deadline - 10_500));
    const [pass] = (await redress().handle(configEvent('w1'), { deadline })).results[0]?.passes ?? [];
    expect([pass?.outcome, pass?.retryable, aws.writes.length]).toEqual(['partial', true, 2]);
    expect(pass?.message).toContain('RevokeRule was refused: ThrottlingException');
  });

  it('the second of two changes is throttled on and on: partial, and retried', async () => {
    aws.put('w1', ['open-1', 'open-2']);
    aws.before = (operation) => void (operation === 'RevokeRule' && aws.writes.length >= 1 && aws.faults.set('RevokeRule', ['throttled']));
    const { results, retry } = await redress().handle({ Records: [{ messageId: 'm-1', eventSource: 'aws:sqs', body: JSON.stringify(configEvent('w1')) }] });
    expect([results[0]?.passes.map(({ outcome, retryable }) => [outcome, retryable]), retry]).toEqual([[['partial', true]], ['m-1']]);
    expect((await journal.view(widget('w1'))).closed).toMatchObject([{ outcome: 'partial', sent: 1, retryable: true }]);
    aws.before = () => undefined;
    expect((await redress().handle(configEvent('w1'))).results[0]?.passes).toMatchObject([{ outcome: 'remediated' }]);
    expect(aws.rules('w1')).toEqual([]);
  });

  it('a change that conflicts with another one is superseded, and decided on again', async () => {
    aws.put('w1', ['open-1']);
    const work = aws.handle.bind(aws);
    let conflicts = 1;
    aws.handle = (operation, input) => {
      if (operation === 'RevokeRule' && conflicts-- > 0)
        throw Object.assign(new Error('a change is under way'), { name: 'ConcurrentModificationException', $metadata: { httpStatusCode: 409 } });
      return work(operation, input);
    };
    expect((await handle()).map((pass) => pass.outcome)).toEqual(['superseded', 'remediated']);
    expect(aws.rules('w1')).toEqual([]);
  });

  it('a verification that never shows the change is unknown, not success', async () => {
    aws.put('w1', ['open-1']);
    const work = aws.handle.bind(aws);
    aws.handle = (operation, input) =>
      operation === 'RevokeRule' ? (aws.calls.push({ operation, input, write: true }), { $metadata: {} }) : work(operation, input);
    expect(await handle()).toMatchObject([{ outcome: 'unknown' }]);
  });

  it('a notification that fails changes no outcome', async () => {
    aws.put('w1', ['open-1']);
    expect(await handle(event(), { notify: () => Promise.reject(new Error('no')) })).toMatchObject([{ outcome: 'remediated' }]);
  });

  it('a journal that cannot begin: no write, and the item is delivered again', async () => {
    aws.put('w1', ['open-1']);
    const broken: Journal = { ...bound(journal), begin: () => Promise.reject(new RedressError('journal/unavailable', 'down', { retryable: true })) };
    const result = await redress({ journal: broken }).handle({ Records: [{ messageId: 'm-1', eventSource: 'aws:sqs', body: JSON.stringify(event()) }] });
    expect(result.retry).toEqual(['m-1']);
    expect(aws.writes).toEqual([]);
  });

  it('not enough time left: nothing is begun, and the item is delivered again', async () => {
    aws.put('w1', ['open-1']);
    const result = await redress().handle(
      { Records: [{ messageId: 'm-1', eventSource: 'aws:sqs', body: JSON.stringify(event()) }] },
      { deadline: clock.time + 20_000 },
    );
    expect(result.retry).toEqual(['m-1']);
    expect(aws.writes).toEqual([]);
    expect(await records()).toEqual([]);
  });
});

describe('exactly once', () => {
  it('the same event ten times in a row: one execution, nine records that name it', async () => {
    aws.put('w1', ['open-1']);
    const passes = [];
    for (let i = 0; i < 10; i++) passes.push(...(await handle()));
    expect(aws.writes).toEqual(['RevokeRule']);
    const execution = passes[0]?.execution;
    expect(passes.slice(1).every((pass) => pass.duplicate && pass.execution === execution)).toBe(true);
    expect(await records((each) => each.record.kind === 'intent')).toHaveLength(1);
    expect(await records((each) => each.record.kind === 'duplicate' && each.record.execution === execution)).toHaveLength(9);
  });

  it('the same event ten times concurrently: the same, once what was busy has been delivered again', async () => {
    aws.put('w1', ['open-1']);
    const shared = redress();
    const delivered = async () => {
      for (;;) {
        const passes = (await shared.handle(event())).results.flatMap((each) => each.passes);
        if (!passes.some((pass) => pass.retryable)) return passes;
        expect(passes).toMatchObject([{ outcome: 'busy' }]);
      }
    };
    const passes = (await Promise.all(Array.from({ length: 10 }, delivered))).flat();
    expect(aws.writes).toEqual(['RevokeRule']);
    expect(passes).toHaveLength(10);
    expect(await records((each) => each.record.kind === 'intent')).toHaveLength(1);
    const execution = passes.find((pass) => !pass.duplicate)?.execution;
    expect(await records((each) => each.record.kind === 'duplicate' && each.record.execution === execution)).toHaveLength(9);
  });

  it('undone by someone and reported again: fixed again', async () => {
    aws.put('w1', ['open-1']);
    await handle();
    clock.time += 600_000;
    aws.put('w1', ['open-1']);
    expect(await handle(event('w1', 'open-1', { eventId: 'later' }))).toMatchObject([{ outcome: 'remediated', duplicate: false }]);
    expect(aws.rules('w1')).toEqual([]);
  });

  it('another change on the same resource waits for its turn instead of being lost', async () => {
    aws.put('w1', ['open-1', 'open-2']);
    const shared = redress();
    await Promise.all([shared.handle(event('w1', 'open-1')), shared.handle(event('w1', 'open-2'))]);
    expect(aws.rules('w1')).toEqual([]);
    expect(await records((each) => each.record.kind === 'intent')).toHaveLength(2);
  });
});

describe('limits', () => {
  it('per run, even concurrently', async () => {
    const shared = redress({ policy: enforce({ limits: [{ per: ['run'], changes: 2 }] }) });
    for (const id of ['a', 'b', 'c', 'd']) aws.put(id, ['open-1']);
    const { results } = await shared.handle({
      Records: ['a', 'b', 'c', 'd'].map((id) => ({ messageId: id, eventSource: 'aws:sqs', body: JSON.stringify(event(id)) })),
    });
    expect(results.flatMap((each) => each.passes.map((pass) => pass.outcome))).toEqual(['remediated', 'remediated', 'denied', 'denied']);
    expect(aws.writes).toHaveLength(2);
  });

  it('per run, whatever its findings are: each as a message, all in one, and in a list', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    const asMessages = () => ({ Records: ids.map((id) => ({ messageId: id, eventSource: 'aws:sqs', body: JSON.stringify(event(id)) })) });
    for (const input of [asMessages, () => ids.map((id) => event(id))]) {
      for (const id of ids) aws.put(id, ['open-1']);
      journal = memoryJournal({ clock });
      const { results } = await redress({ policy: enforce({ limits: [{ per: ['run'], changes: 3 }] }) }).handle(input());
      expect(results.flatMap((each) => each.passes.map((pass) => pass.outcome))).toEqual(['remediated', 'remediated', 'remediated', 'denied']);
      expect(ids.map((id) => aws.rules(id).length)).toEqual([0, 0, 0, 1]);
    }
  });

  it('per run, over several calls with one budget', async () => {
    const shared = redress({ policy: enforce({ limits: [{ per: ['run'], changes: 1 }] }) });
    for (const id of ['a', 'b', 'c']) aws.put(id, ['open-1']);
    const budget = { changes: 0 };
    const outcomes = [];
    for (const id of ['a', 'b'])
      outcomes.push(...(await shared.handle(event(id), { budget })).results.flatMap((each) => each.passes.map((pass) => pass.outcome)));
    expect([outcomes, budget]).toEqual([['remediated', 'denied'], { changes: 1 }]);
    // Without one, each call is a run of its own.
    expect((await shared.handle(event('c'))).results[0]?.passes).toMatchObject([{ outcome: 'remediated' }]);
  });

  it('per run, of passes that run at the same time', async () => {
    const ids = ['a', 'b', 'c'];
    for (const id of ids) aws.put(id, ['open-1']);
    const shared = redress({ policy: enforce({ limits: [{ per: ['run'], changes: 2 }] }) });
    const budget = { changes: 0 };
    const results = (await Promise.all(ids.map((id) => shared.handle(event(id), { budget })))).flatMap((each) => each.results);
    expect(results.flatMap((each) => each.passes.map((pass) => pass.outcome)).sort()).toEqual(['denied', 'remediated', 'remediated']);
    expect([aws.writes.length, budget.changes]).toEqual([2, 2]);
  });

  it('per hour, over runs, and returned when nothing was sent', async () => {
    const policy = enforce({ limits: [{ per: ['remediator', 'account'], changes: 2, window: 'PT1H' }] });
    for (const id of ['a', 'b', 'c', 'd']) aws.put(id, ['open-1']);
    aws.faults.set('RevokeRule', ['denied']);
    const outcomes = [];
    for (const id of ['a', 'b', 'c', 'd']) outcomes.push(...(await handle(event(id), { policy })).map((pass) => pass.outcome));
    expect(outcomes).toEqual(['failed', 'remediated', 'remediated', 'denied']);
    clock.time += 3_600_001;
    await redress({ policy }).closeBreaker('widget-revoke-open', { account: ACCOUNT }, { by: 'ops', reason: 'looked' });
    expect(await handle(event('d'), { policy })).toMatchObject([{ outcome: 'remediated' }]);
  });
});

describe('the limit of a run after a failure', () => {
  const limited = (over: Partial<RedressOptions> = {}) => redress({ policy: enforce({ limits: [{ per: ['run'], changes: 1 }] }), ...over });
  const both = async (over: Partial<RedressOptions> = {}) => {
    for (const id of ['w1', 'w2']) aws.put(id, ['open-1']);
    const { results } = await limited(over).handle([event('w1'), event('w2')]);
    return results.map((each) => each.error?.code ?? each.passes.map((pass) => pass.outcome).join());
  };
  const failing = (method: 'begin' | 'append' | 'finish'): Journal => {
    let broken = false;
    const refuse = () => {
      broken = true;
      return Promise.reject(new RedressError('journal/lost-lease', 'it is held by another'));
    };
    const inner = bound(journal);
    return {
      ...inner,
      begin: (request) => (method === 'begin' && !broken ? refuse() : inner.begin(request)),
      append: (entry) => (method === 'append' && entry.kind === 'call' && !broken ? refuse() : inner.append(entry)),
      finish: (request) => (method === 'finish' && !broken ? refuse() : inner.finish(request)),
    };
  };

  it.each(['append', 'finish'] as const)('keeps the place of what was sent, even if %s throws after it', async (method) => {
    expect(await both({ journal: failing(method) })).toEqual(['journal/lost-lease', 'denied']);
    expect([aws.rules('w1'), aws.rules('w2')]).toEqual([[], ['open-1']]);
  });

  it('returns the place of what was never begun', async () => {
    expect(await both({ journal: failing('begin') })).toEqual(['journal/lost-lease', 'remediated']);
    expect([aws.rules('w1'), aws.rules('w2')]).toEqual([['open-1'], []]);
  });

  it('returns the place of what was refused', async () => {
    aws.faults.set('RevokeRule', ['denied']);
    expect(await both()).toEqual(['failed', 'remediated']);
  });

  it.each<[string, () => Partial<RedressOptions>]>([
    ['is refused when it is sent again', () => (aws.faults.set('RevokeRule', ['lost-before', 'denied']), {})],
    [
      'is not sent again, because changes are stopped at that moment',
      () => {
        let stop: Stop = 'none';
        aws.faults.set('RevokeRule', ['lost-before']);
        aws.before = (operation) => void (operation === 'RevokeRule' && (stop = 'changes'));
        // Asked once, it is lifted again: what keeps the other one from being changed is the limit.
        return { killSwitch: { read: async () => [stop, (stop = 'none')][0] as Stop } };
      },
    ],
    [
      'cannot be read',
      () => {
        aws.faults.set('RevokeRule', ['lost']);
        aws.before = (operation) => {
          if (operation === 'RevokeRule') aws.faults.set('DescribeWidget', ['denied', ...Array(5).fill('denied')]);
        };
        return {};
      },
    ],
  ])('keeps the place of a call without a reply when it %s', async (_name, happens) => {
    for (const id of ['w1', 'w2']) aws.put(id, ['open-1']);
    const { results } = await limited(happens()).handle([event('w1'), event('w2')]);
    expect((await journal.view(widget('w1'))).closed).toMatchObject([{ outcome: expect.stringMatching(/^(partial|unknown)$/), sent: 1 }]);
    expect(results[1]?.passes[0]?.decision?.results).toContainEqual(expect.objectContaining({ guardrail: 'limits', code: 'limit-run' }));
    expect(aws.rules('w2')).toEqual(['open-1']);
  });

  it('keeps the place of a call that was sent twice without a reply: it may still have an effect', async () => {
    aws.faults.set('RevokeRule', ['lost-before', 'lost-before']);
    expect(await both()).toEqual(['partial', 'denied']);
    expect(aws.writes).toEqual(['RevokeRule', 'RevokeRule']);
    expect((await journal.view(widget('w1'))).closed).toMatchObject([{ outcome: 'partial', sent: 1 }]);
  });
});

describe('crashes', () => {
  const dying = (from: 'finish' | 'append' | 'after-begin'): Journal => {
    let dead = false;
    const died = () => Promise.reject(new Error('the process died'));
    const inner = bound(journal);
    return {
      ...inner,
      begin: async (request) => {
        const begun = await inner.begin(request);
        if (from === 'after-begin') dead = true;
        return dead ? died() : begun;
      },
      append: (entry) => (dead || (from === 'append' && entry.kind === 'call') ? ((dead = true), died()) : inner.append(entry)),
      finish: (request) => (dead || from === 'finish' ? ((dead = true), died()) : inner.finish(request)),
    };
  };

  it.each(['finish', 'append'] as const)('after the write, in %s: the next run closes it as done, without a second write', async (from) => {
    aws.put('w1', ['open-1']);
    await handle(event(), { journal: dying(from) });
    expect(await journal.open()).toHaveLength(1);
    clock.time += 600_000;
    expect(await redress().recover()).toMatchObject([{ outcome: 'remediated' }]);
    expect(aws.writes).toEqual(['RevokeRule']);
    expect(await journal.open()).toEqual([]);
    const [outcome] = await records((each) => each.record.kind === 'outcome');
    expect(outcome?.record.body).toMatchObject({ observedBy: 'recovery' });
  });

  it('before the write: the next event closes it as not done, and fixes', async () => {
    aws.put('w1', ['open-1']);
    await handle(event(), { journal: dying('after-begin') });
    expect(aws.writes).toEqual([]);
    clock.time += 600_000;
    expect(await handle(event('w1', 'open-1', { eventId: 'again' }))).toMatchObject([{ outcome: 'remediated' }]);
    expect((await records((each) => each.record.kind === 'outcome')).map((each) => (each.record.body['journal'] as { outcome: string }).outcome)).toEqual([
      'failed',
      'remediated',
    ]);
  });

  it('right after its lease, while the last write is not visible yet: it waits for that, and closes it as done', async () => {
    aws.put('w1', ['open-1']);
    await handle(event(), { journal: dying('append') });
    const [open] = await journal.open();
    clock.time = (open?.leaseUntil ?? 0) + 1;
    aws.before = (operation) => {
      if (operation === 'DescribeWidget' && clock.time < (open?.leaseUntil ?? 0) + 5000) aws.faults.set(operation, ['stale']);
    };
    expect(await redress().recover()).toMatchObject([{ outcome: 'remediated' }]);
    expect(await handle(event('w1', 'open-1', { eventId: 'again' }))).toMatchObject([{ outcome: 'no-op' }]);
    expect(aws.writes).toEqual(['RevokeRule']);
  });

  it('while the lease is valid: nobody takes over', async () => {
    aws.put('w1', ['open-1']);
    await handle(event(), { journal: dying('finish') });
    expect(await redress().recover()).toEqual([]);
    expect(await journal.open()).toHaveLength(1);
  });

  it('before the write, and closed by recovery: failed, retryable, and what may have been sent counts', async () => {
    aws.put('w1', ['open-1']);
    await handle(event(), { journal: dying('after-begin') });
    clock.time += 600_000;
    expect(await redress().recover()).toMatchObject([{ outcome: 'failed', retryable: true }]);
    expect((await journal.view(widget('w1'))).closed).toMatchObject([{ outcome: 'failed', retryable: true, verified: true, sent: 1 }]);
  });

  it('after a recorded write that somebody has undone since: unknown, because it was made', async () => {
    aws.put('w1', ['open-1']);
    await handle(event(), { journal: dying('finish') });
    expect(await kinds()).toEqual(['intent', 'call']);
    clock.time += 600_000;
    aws.put('w1', ['open-1']);
    expect(await redress().recover()).toMatchObject([{ outcome: 'unknown', retryable: false }]);
    expect((await journal.view(widget('w1'))).closed).toMatchObject([{ outcome: 'unknown', sent: 1 }]);
  });

  it('after one of two writes: partial, with what is left', async () => {
    aws.put('w1', ['open-1', 'open-2']);
    const half: Journal = {
      ...bound(journal),
      append: (entry) => (entry.kind === 'call' ? Promise.reject(new Error('the process died')) : journal.append(entry)),
      finish: () => Promise.reject(new Error('the process died')),
    };
    await redress({ journal: half }).handle(configEvent('w1'));
    expect(aws.rules('w1')).toEqual(['open-2']);
    clock.time += 600_000;
    const [partial] = await redress().recover();
    expect(partial).toMatchObject({ outcome: 'partial', open: ['revoke open-2'], message: expect.stringContaining('1 of 2') });
    // Which of the two was made nobody has recorded: neither is taken back.
    await expect(redress().rollback(partial?.execution ?? '', { by: 'ops', reason: 'r' })).rejects.toMatchObject({
      code: 'rollback/refused',
      message: expect.stringContaining('No call of'),
    });
    expect(aws.writes).toEqual(['RevokeRule']);
  });

  it('neither as before nor as planned: unknown, a person has to decide', async () => {
    aws.put('w1', ['open-1']);
    await handle(event(), { journal: dying('after-begin') });
    clock.time += 600_000;
    aws.put('w1', ['open-1', 'open-2']);
    expect(await redress().recover()).toMatchObject([{ outcome: 'unknown' }]);
  });

  it('a recovered fix can be rolled back', async () => {
    aws.put('w1', ['open-1']);
    await handle(event(), { journal: dying('append') });
    clock.time += 600_000;
    const [recovered] = await redress().recover();
    expect(await redress().rollback(recovered?.execution ?? '', { by: 'ops', reason: 'test' })).toMatchObject({ outcome: 'rolled-back' });
    expect(aws.rules('w1')).toEqual(['open-1']);
  });
});

describe('rollback', () => {
  const fixed = async () => {
    aws.put('w1', ['open-1', 'closed']);
    const [pass] = await handle();
    return pass?.execution as string;
  };

  it('restores the resource, records it, and leaves a hold', async () => {
    const execution = await fixed();
    expect(await redress().rollback(execution, { by: 'ops', reason: 'vendor' })).toMatchObject({ outcome: 'rolled-back' });
    expect(aws.rules('w1').sort()).toEqual(['closed', 'open-1']);
    expect(aws.writes).toEqual(['RevokeRule', 'AuthorizeRule']);
    clock.time += 60_000;
    expect(await handle(event('w1', 'open-1', { eventId: 'later' }))).toMatchObject([{ outcome: 'notified' }]);
    expect(aws.rules('w1')).toContain('open-1');
    clock.time += 7 * 86_400_000;
    expect(await handle(event('w1', 'open-1', { eventId: 'a-week-later' }))).toMatchObject([{ outcome: 'remediated' }]);
  });

  it('is refused a second time', async () => {
    const execution = await fixed();
    await redress().rollback(execution, { by: 'ops', reason: 'r' });
    await expect(redress().rollback(execution, { by: 'ops', reason: 'r' })).rejects.toMatchObject({ code: 'rollback/refused' });
    expect(aws.writes).toHaveLength(2);
  });

  it('is refused a second time, however much has happened in between', async () => {
    const execution = await fixed();
    await redress().rollback(execution, { by: 'ops', reason: 'r' });
    // More than a view holds.
    for (let n = 0; n < 60; n++) {
      const { generation } = await journal.view(widget('w1'));
      const begun = await journal.begin({
        resource: widget('w1'),
        remediator: 'widget-revoke-open',
        planDigest: `sha256:${'0'.repeat(64)}`,
        generation,
        budgets: [],
        lease: 60_000,
        body: {},
      });
      if (begun.status !== 'begun') throw new Error(begun.status);
      await journal.finish({ resource: widget('w1'), remediator: 'widget-revoke-open', lease: begun.lease, outcome: 'superseded', sent: 0, body: {} });
    }
    // Somebody closed the port by hand meanwhile: it is as the fix had left it.
    aws.put('w1', ['closed']);
    await expect(redress().rollback(execution, { by: 'ops', reason: 'r' })).rejects.toMatchObject({
      code: 'rollback/refused',
      message: expect.stringContaining('already'),
    });
    expect(aws.rules('w1')).toEqual(['closed']);
  });

  it('is refused when the resource is not as the fix left it', async () => {
    const execution = await fixed();
    aws.put('w1', ['open-2']);
    await expect(redress().rollback(execution, { by: 'ops', reason: 'r' })).rejects.toMatchObject({
      code: 'rollback/refused',
      message: expect.stringContaining('drifted after the fix'),
    });
    expect(aws.rules('w1')).toEqual(['open-2']);
  });

  it('is refused when the result of the fix was never read, until it is accepted that later changes may be overwritten', async () => {
    aws.put('w1', ['open-1', 'closed']);
    aws.before = (operation) => {
      if (operation === 'RevokeRule') aws.faults.set('DescribeWidget', Array(5).fill('denied'));
    };
    const [pass] = await handle();
    expect(pass?.outcome).toBe('unknown');
    aws.before = () => undefined;
    aws.put('w1', ['theirs']);
    const execution = pass?.execution as string;
    await expect(redress().rollback(execution, { by: 'ops', reason: 'r' })).rejects.toMatchObject({
      code: 'rollback/refused',
      message: expect.stringContaining('is not recorded'),
    });
    expect(aws.rules('w1')).toEqual(['theirs']);
    expect(aws.writes).toEqual(['RevokeRule']);
    await redress().rollback(execution, { by: 'ops', reason: 'r', acceptLoss: true });
    expect(aws.rules('w1')).toEqual(['theirs', 'open-1']);
  });

  it('is refused without a person or a reason, for an unknown execution, and if everything is stopped', async () => {
    const execution = await fixed();
    await expect(redress().rollback(execution, { by: ' ', reason: 'r' })).rejects.toMatchObject({ code: 'rollback/refused' });
    await expect(redress().rollback('x-unknown', { by: 'ops', reason: 'r' })).rejects.toMatchObject({ code: 'journal/not-found' });
    await expect(redress({ killSwitch: { read: async () => 'everything' } }).rollback(execution, { by: 'ops', reason: 'r' })).rejects.toMatchObject({
      code: 'rollback/refused',
    });
    expect(aws.writes).toEqual(['RevokeRule']);
  });

  it('works while changes are stopped', async () => {
    const execution = await fixed();
    expect(await redress({ killSwitch: { read: async () => 'changes' } }).rollback(execution, { by: 'ops', reason: 'r' })).toMatchObject({
      outcome: 'rolled-back',
    });
  });

  it('requires that the loss is accepted when the undo destroys something', async () => {
    aws.put('w1', ['closed']);
    const [pass] = await redress({ remediators: [noteWidget] }).run(widget('w1'));
    expect(pass?.outcome).toBe('flagged');
    const back = redress({ remediators: [noteWidget] });
    await expect(back.rollback(pass?.execution ?? '', { by: 'ops', reason: 'r' })).rejects.toMatchObject({ message: expect.stringContaining('destroys') });
    expect(await back.rollback(pass?.execution ?? '', { by: 'ops', reason: 'r', acceptLoss: true })).toMatchObject({ outcome: 'rolled-back' });
    expect(aws.widgets.get('w1')?.note).toBeNull();
  });

  it('is refused for another account, without a call', async () => {
    const execution = await fixed();
    const before = aws.calls.length;
    aws.identity = { account: '222222222222', arn: 'arn:aws:iam::222222222222:role/x' };
    await expect(redress().rollback(execution, { by: 'ops', reason: 'r' })).rejects.toMatchObject({ code: 'rollback/refused' });
    expect(aws.calls).toHaveLength(before);
  });

  it('reads after a lost reply instead of repeating the call blindly', async () => {
    const execution = await fixed();
    aws.faults.set('AuthorizeRule', ['lost']);
    expect(await redress().rollback(execution, { by: 'ops', reason: 'r' })).toMatchObject({ outcome: expect.stringMatching(/rolled-back|partial/) });
    expect(aws.writes).toEqual(['RevokeRule', 'AuthorizeRule']);
  });
});

describe('someone who undoes a fix', () => {
  it('causes one more fix; the second time the gap is left alone, and they are named', async () => {
    for (const round of [1, 2, 3]) {
      aws.put('w1', ['open-1']);
      clock.time += 3_600_000;
      const [pass] = await handle(event('w1', 'open-1', { eventId: `round-${round}` }));
      if (round < 3) expect(pass).toMatchObject({ outcome: 'remediated' });
      else {
        expect(pass).toMatchObject({ outcome: 'contested', message: expect.stringContaining('user/mallory') });
        expect(told.at(-1)).toMatchObject({ outcome: 'contested' });
      }
    }
    expect(aws.rules('w1')).toEqual(['open-1']);
    // Another rule is another matter, and a week later so is this one.
    aws.put('w1', ['open-1', 'open-2']);
    expect(await handle(event('w1', 'open-2', { eventId: 'other' }))).toContainEqual(
      expect.objectContaining({ outcome: 'remediated', message: expect.stringContaining('revoke open-2') }),
    );
    clock.time += 7 * 86_400_000;
    expect(await handle(event('w1', 'open-1', { eventId: 'later' }))).toMatchObject([{ outcome: 'remediated' }]);
  });
});

describe('composition', () => {
  it('refuses an unknown remediator in the policy, with a suggestion', () => {
    expect(() => redress({ policy: definePolicy({ version: 1, remediators: { 'widget-revoke-opn': 'enforce' } }) })).toThrow(/did you mean widget-revoke-open/);
  });
  const misspelt = defineRegister([
    {
      id: 'EXC-1',
      scope: { account: ACCOUNT, remediators: 'widget-revoke-opn' },
      reason: 'vendor',
      owner: 'payments',
      approver: 'security',
      expires: '2999-01-01T00:00:00Z',
    },
  ]);
  it('refuses an exception from an unknown remediator: it would protect nothing', () => {
    expect(() => redress({ exceptions: misspelt })).toThrow(/0\.scope\.remediators.*did you mean widget-revoke-open/);
  });
  it('changes nothing when a register that is read again has one', async () => {
    aws.put('w1', ['open-1']);
    const { results } = await redress({ exceptions: { read: async () => misspelt } }).handle(openedEvent('w1', 'open-1', clock.now()));
    expect(results[0]?.passes).toMatchObject([{ outcome: 'denied' }]);
    expect(aws.writes).toEqual([]);
  });
  it('refuses parameters that do not fit', () => {
    expect(() => redress({ policy: definePolicy({ version: 1, remediators: { 'widget-revoke-open': { parameters: { a: 1 } } } }) })).toThrow(
      /takes no parameters/,
    );
  });
  it('refuses two remediators of one id, another contract, and a replaced guardrail', () => {
    expect(() => redress({ remediators: [revokeOpenRules, revokeOpenRules] })).toThrow(/Two remediators/);
    expect(() => redress({ remediators: [{ ...revokeOpenRules, contract: 2 as 1 }] })).toThrow(/contract/);
    expect(() => redress({ guardrails: [{ id: 'mode', needs: [], evaluate: () => ({ effect: 'allow', code: 'c', message: 'm' }) }] })).toThrow(/not replaced/);
  });
  it('sweeps what discover finds, each once', async () => {
    aws.put('w1', []);
    aws.put('w2', []);
    const found = [];
    for await (const ref of redress().discover('widget-revoke-open', { account: ACCOUNT, region: 'us-east-1' }) ?? []) found.push(ref.id);
    expect(found).toEqual(['w1', 'w2']);
  });
});
