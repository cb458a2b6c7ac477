// The engine with remediators whose definitions are loaded when they are asked for, as in a bundle.
import {
  createRedress,
  definePolicy,
  defineRegister,
  lateRemediators,
  type PolicyInput,
  type Redress,
  type RedressOptions,
  type Remediator,
  remediatorFacts,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { noteWidget, openedEvent, revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
const TARGETS = [{ account: ACCOUNT, region: 'us-east-1' }];
const LEAD = `arn:aws:iam::${ACCOUNT}:role/SecurityLead`;
const person = { by: 'sam', reason: 'test' };

let aws: Widgets;
let clock: { time: number; now(): number; sleep(milliseconds: number): Promise<void> };
let journal: ReturnType<typeof memoryJournal>;
let loads: string[];
let broken: boolean;

beforeEach(() => {
  aws = new Widgets();
  clock = {
    time: START,
    now: () => clock.time,
    sleep: async (milliseconds) => {
      clock.time += milliseconds;
    },
  };
  journal = memoryJournal({ clock });
  loads = [];
  broken = false;
});

/** Each from a package of its own. */
function late(remediator: Remediator): readonly Remediator[] {
  return lateRemediators([remediatorFacts(remediator)], async () => {
    if (broken) throw new Error('EMFILE');
    loads.push(remediator.id);
    return [remediator];
  });
}

const policy = (remediators: NonNullable<PolicyInput['remediators']> = { 'widget-revoke-open': { dev: 'enforce' }, 'widget-note': { dev: 'notify' } }) =>
  definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, approvers: { dev: [LEAD] }, remediators });

function redress(over: Partial<RedressOptions> = {}): Redress {
  return createRedress({ remediators: [...late(revokeOpenRules), ...late(noteWidget)], policy: policy(), journal, connect: aws.connect, clock, ...over });
}

const opened = () => openedEvent('w1', 'open-1', clock.time - 60_000);
const outcomes = (passes: readonly { remediator: string; outcome: string }[]) => passes.map(({ remediator, outcome }) => `${remediator}: ${outcome}`);
const ended = {
  ...{ version: '0', id: 'e-1', 'detail-type': 'EC2 Instance State-change Notification', source: 'aws.ec2', account: ACCOUNT, region: 'us-east-1' },
  ...{ time: '2026-11-24T10:00:00Z', resources: [], detail: { 'instance-id': 'i-0123456789abcdef0', state: 'terminated' } },
};

describe('definitions', () => {
  it('are not loaded for an event that no remediator handles', async () => {
    const engine = redress();
    const call = openedEvent('w1', 'open-1', clock.time) as { detail: { eventName: string } };
    const other = { ...call, detail: { ...call.detail, eventName: 'AuthorizeOther' } };
    for (const event of [ended, other]) expect((await engine.handle(event)).results.flatMap((each) => each.passes)).toEqual([]);
    expect(await engine.recover()).toEqual([]);
    expect(loads).toEqual([]);
  });

  it('are loaded for the event that needs them, and no others are', async () => {
    aws.put('w1', ['open-1', 'closed-1']);
    const { results } = await redress().handle(opened());
    expect(outcomes(results.flatMap((each) => each.passes))).toEqual(['widget-revoke-open: remediated']);
    expect(aws.rules('w1')).toEqual(['closed-1']);
    expect(loads).toEqual(['widget-revoke-open']);
  });

  it('are loaded for a request, a sweep, a rollback and its refusal', async () => {
    aws.put('w1', ['open-1']);
    const [fixed] = (await redress().handle(opened())).results.flatMap((each) => each.passes);
    const execution = fixed?.execution ?? '';
    loads = [];
    expect(await redress().rollbackRefusal(execution)).toBe(null);
    expect(await redress().rollback(execution, person)).toMatchObject({ outcome: 'rolled-back' });
    expect(loads).toEqual(['widget-revoke-open', 'widget-revoke-open']);
    expect(aws.rules('w1')).toEqual(['open-1']);
    expect(outcomes(await redress().run(widget('w1')))).toEqual(['widget-revoke-open: notified', 'widget-note: notified']);
    expect(outcomes(await redress().plan('widget-note', widget('w1')))).toEqual(['widget-note: notified']);
    aws.put('w2', ['open-2']);
    loads = [];
    const summaries = await redress().sweep({ targets: TARGETS });
    expect(summaries.map(({ remediator, looked }) => [remediator, looked])).toContainEqual(['widget-revoke-open', 2]);
    expect(loads.sort()).toEqual(['widget-note', 'widget-revoke-open']);
  });

  it('are loaded for an answer to a request for approval', async () => {
    aws.put('w1', ['open-1']);
    const options = { policy: policy({ 'widget-revoke-open': { dev: 'approve' } }) };
    expect(outcomes((await redress(options).handle(opened())).results.flatMap((each) => each.passes))).toEqual(['widget-revoke-open: awaiting-approval']);
    const engine = redress(options);
    const [{ id = '' } = {}] = await engine.approvals();
    loads = [];
    expect(outcomes(await engine.approve(id, { by: { name: LEAD, verified: true }, reason: 'yes' }))).toEqual(['widget-revoke-open: remediated']);
    expect(loads).toEqual(['widget-revoke-open']);
  });

  it('are loaded for a narrower remediator that an exception names', async () => {
    aws.put('w1', ['open-1']);
    const wide = { ...revokeOpenRules, id: 'widget-revoke-all', breadth: 5, apiCalls: {}, configRules: ['widget-all'] };
    const entry = { id: 'EXC-1', reason: 'r', owner: 'o', approver: 'a', expires: '2999-01-01T00:00:00Z' };
    const exceptions = defineRegister([{ ...entry, scope: { account: ACCOUNT, remediators: 'widget-revoke-open' } }]);
    const remediators = [...late(revokeOpenRules), ...late(wide)];
    const engine = redress({ remediators, exceptions, policy: policy({ 'widget-revoke-all': { dev: 'enforce' } }) });
    expect(outcomes(await engine.plan('widget-revoke-all', widget('w1')))).toEqual(['widget-revoke-all: exempt']);
    expect(loads.sort()).toEqual(['widget-revoke-all', 'widget-revoke-open']);
  });
});

describe('a definition that cannot be used', () => {
  it('changes nothing, and the event is delivered again', async () => {
    aws.put('w1', ['open-1']);
    broken = true;
    const engine = redress();
    const { results } = await engine.handle(opened());
    expect(results).toMatchObject([{ passes: [], error: { code: 'remediator/not-loaded' }, retryable: true }]);
    expect(aws.calls).toEqual([]);
    broken = false;
    expect(outcomes((await engine.handle(opened())).results.flatMap((each) => each.passes))).toEqual(['widget-revoke-open: remediated']);
  });

  it('changes nothing if its facts differ from those that it was routed by', async () => {
    aws.put('w1', ['open-1']);
    const remediators = lateRemediators([{ ...remediatorFacts(revokeOpenRules), freshWithin: 86_400_000 }], async () => [revokeOpenRules]);
    const { results } = await redress({ remediators, policy: policy({ 'widget-revoke-open': { dev: 'enforce' } }) }).handle(opened());
    expect(results).toMatchObject([{ passes: [], error: { code: 'remediator/invalid' } }]);
    expect(aws.calls).toEqual([]);
  });

  it.each(['widget-revoke-open', 'widget-note'])('changes nothing with invalid parameters of %s, however often it is called', async (id) => {
    aws.put('w1', ['open-1']);
    const wrong = policy({ 'widget-revoke-open': { dev: 'enforce' }, [id]: { dev: 'enforce', parameters: { a: 1 } } });
    const engine = redress({ policy: wrong });
    for (let times = 0; times < 2; times++) {
      const { results } = await engine.handle(opened());
      expect(results).toMatchObject([{ passes: [], error: { code: 'policy/invalid', message: expect.stringContaining('takes no parameters') } }]);
    }
    expect(await engine.plan('widget-revoke-open', widget('w1')).then(outcomes)).not.toContain('widget-revoke-open: planned');
    expect(aws.writes).toEqual([]);
  });

  it('does not keep a person from denying a pending request, or from closing a circuit breaker', async () => {
    aws.put('w1', ['open-1']);
    const options = { policy: policy({ 'widget-revoke-open': { dev: 'approve' } }) };
    await redress(options).handle(opened());
    const engine = redress(options);
    const [{ id = '' } = {}] = await engine.approvals();
    broken = true;
    expect(await engine.deny(id, { by: { name: LEAD, verified: true }, reason: 'no' })).toMatchObject({ verdict: 'denied' });
    await expect(engine.closeBreaker('widget-revoke-open', { account: ACCOUNT }, person)).rejects.toMatchObject({ code: 'breaker/refused' });
    expect(loads).toEqual(['widget-revoke-open']);
  });

  it('does not result in an empty list', async () => {
    const engine = redress();
    broken = true;
    const listed = async () => {
      const ids: string[] = [];
      for await (const { id } of engine.discover('widget-revoke-open', { account: ACCOUNT, region: 'us-east-1' }) ?? []) ids.push(id);
      return ids;
    };
    await expect(listed()).rejects.toMatchObject({ code: 'remediator/not-loaded' });
    broken = false;
    aws.put('w1', []);
    expect(await listed()).toEqual(['w1']);
  });
});
