// What is recorded of a decision, an execution and a notice, and what people are sent: exactly, against a journal and a channel in memory.
import { beforeEach, describe, expect, it } from 'vitest';
import { dischargedBy } from '../guardrails/approval.js';
import { callOf } from '../guardrails/fights.js';
import type { Decision, Facts, GuardrailResult, Trigger } from '../guardrails/guardrail.js';
import { known, unreadable } from '../guardrails/guardrail.js';
import { ACCOUNT, apiCallFinding, facts, group, NOW, revoke } from '../internal/testing/facts.js';
import { type Approval, emptyView, type Gap, type Journal } from '../journal.js';
import { RedressError } from '../model/errors.js';
import { digestOf } from '../model/json.js';
import type { Plan } from '../model/plan.js';
import { streamOf } from '../model/resource.js';
import type { Notification, Notify } from '../notify.js';
import { definePolicy } from '../policy/policy.js';
import type { Remediator } from '../remediator/define.js';
import {
  type Asked,
  blank,
  closeExecution,
  type Delivery,
  decisionBody,
  flushNotices,
  notifyOf,
  recordDecision,
  tell,
  triggerBody,
  unlessDelivered,
  type Verdict,
} from './recorder.js';
import type { Runtime } from './runtime.js';

type Entry = { kind: string; body: Record<string, unknown> } & Record<string, unknown>;
const DAY = 86_400_000;
const ID = 'ec2-revoke-sg-open-ssh';
const remediator = { id: ID, title: 'Revoke', blindSpots: ['NAT'], apiCalls: {} } as unknown as Remediator;
const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { [ID]: { dev: 'enforce' } } });
const plan: Plan = {
  schema: 1,
  digest: digestOf({ plan: 1 }),
  remediator: { id: ID, package: 'p', version: '1.0.0' },
  resource: group,
  before: {},
  changes: [revoke],
  hazards: [],
};
const says = (guardrail: string, effect: GuardrailResult['effect'], code: string, data?: object, hint?: string): GuardrailResult => ({
  guardrail,
  effect,
  code,
  message: `${code}.`,
  ...(data === undefined ? {} : { data: data as NonNullable<GuardrailResult['data']> }),
  ...(hint === undefined ? {} : { hint }),
});
const of = (effect: Decision['effect'], ...results: GuardrailResult[]): Decision => ({ effect, results });
const NOTIFY = of('notify', says('mode', 'notify', 'mode-notify'));
const ASK = of('approve', says('mode', 'approve', 'mode-approve'), says('freshness', 'allow', 'fresh'));
const SWEEP: Trigger = { by: 'sweep' };

let entries: Entry[];
let finished: Record<string, unknown>[];
let sent: Notification[];
let warned: string[];
let flushed: number;
let gaps: Gap[];
let down: boolean;
let deliver: (notification: Notification) => Promise<unknown>;
const journal = {
  append: async (entry: Entry) => {
    if (down) throw new RedressError('journal/corrupt', 'down');
    entries.push(structuredClone(entry));
    return { stream: streamOf(group), seq: entries.length, digest: 'sha256:r' };
  },
  finish: async (request: Record<string, unknown>) => {
    finished.push(structuredClone(request));
    return { stream: streamOf(group), seq: 40, digest: 'sha256:f' };
  },
  view: async () => {
    if (down) throw new RedressError('journal/unavailable', 'down');
    return { ...emptyView(streamOf(group)), gaps };
  },
} as unknown as Journal;
const notify: Notify = Object.assign(
  async (notification: Notification) => {
    sent.push(notification);
    return (await deliver(notification)) as undefined;
  },
  {
    flush: async () => {
      flushed++;
      return undefined as never;
    },
  },
);
const runtime = (over: object = {}) =>
  ({
    journal,
    needJournal: () => journal,
    notify,
    clock: { now: () => NOW, sleep: async () => undefined },
    warn: (what: string) => void warned.push(what),
    readPolicy: async () => policy,
    heldNotices: [],
    ...over,
  }) as unknown as Runtime;
const asked = (trigger: Trigger = SWEEP, over: Partial<Asked> = {}): Asked => ({ remediator, ref: group, trigger, ...over });
const record = (verdict: Partial<Verdict> & Pick<Verdict, 'outcome'>, trigger: Trigger = SWEEP, dryRun = false, on = runtime()) =>
  recordDecision(on, asked(trigger), dryRun, { message: 'm', facts: facts({ trigger, policy: known(policy) }), ...verdict });

beforeEach(() => {
  [entries, finished, sent, warned, gaps] = [[], [], [], [], []];
  flushed = 0;
  down = false;
  deliver = async () => ({ status: 'delivered', channels: ['slack'] });
});

describe('a decision', () => {
  it('is recorded with its reasons, its basis and the state; people are notified, and that is recorded', async () => {
    const result = await record({ outcome: 'notified', decision: NOTIFY, plan, open: ['one'], steps: ['two'], retryable: true });
    const { register } = facts();
    expect(entries[0]).toEqual({
      kind: 'decision',
      resource: group,
      remediator: ID,
      body: {
        outcome: 'notified',
        message: 'm',
        open: ['one'],
        steps: ['two'],
        gap: expect.objectContaining({ subjects: [revoke.subject] }),
        notice: 'follows',
        trigger: { by: 'sweep' },
        effect: 'notify',
        guardrails: NOTIFY.results,
        policy: policy.digest,
        register: register.ok ? register.value.digest : null,
        identity: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/session`,
      },
      documents: { plan, observation: { state: {}, tags: {} } },
    });
    expect(result).toEqual({
      ...blank(remediator, group),
      outcome: 'notified',
      message: 'm',
      decision: NOTIFY,
      plan,
      open: ['one'],
      steps: ['two'],
      record: { stream: streamOf(group), seq: 1, digest: 'sha256:r' },
      retryable: true,
    });
    expect(sent).toMatchObject([
      { outcome: 'notified', message: 'm', open: ['one'], steps: ['two'], environment: 'dev', tags: {}, execution: null, approval: null },
    ]);
    const { key, state } = (entries[0] as Entry).body['gap'] as { key: string; state: string };
    expect(entries[1]).toEqual({
      kind: 'notice',
      resource: group,
      remediator: ID,
      body: {
        notice: { of: 1, outcome: 'notified', gap: key, state, approval: null, status: 'delivered', channels: ['slack'] },
        message: 'People were notified.',
      },
    });
  });
  it('has less if there is less', async () => {
    await record({ outcome: 'notified', facts: undefined } as never, { by: 'request' });
    expect(entries[0]?.body).not.toHaveProperty('steps');
    expect(entries[0]).toMatchObject({ body: { policy: null, register: null, identity: null, open: [] }, documents: {} });
    expect(entries[0]?.body).not.toHaveProperty('effect');
    expect(entries[0]?.body).not.toHaveProperty('compliant');
  });
  it('in a dry run is not recorded, and nobody is notified', async () => {
    expect(await record({ outcome: 'notified', decision: NOTIFY, plan }, SWEEP, true)).toMatchObject({ outcome: 'notified', record: null, plan });
    expect([entries, sent]).toEqual([[], []]);
  });
  it('that nobody can be notified of has that in its record', async () => {
    await record({ outcome: 'notified', decision: NOTIFY, plan }, SWEEP, false, runtime({ notify: null }));
    expect(entries).toMatchObject([{ kind: 'decision', body: { notice: 'no-channel' } }]);
    expect(sent).toEqual([]);
  });
  it('that finds everything compliant is recorded if it was requested, and reports it', async () => {
    const compliant = (trigger: Trigger) => facts({ trigger, assessment: known({ status: 'compliant' }) });
    expect(await record({ outcome: 'no-op', facts: compliant(SWEEP) })).toMatchObject({ record: null });
    await record({ outcome: 'no-op', facts: compliant({ by: 'request' }) }, { by: 'request' });
    expect(entries).toMatchObject([{ kind: 'decision', body: { outcome: 'no-op', notice: 'none', compliant: true } }]);
    expect(sent).toEqual([]);
    await record({ outcome: 'no-op', facts: facts({ observation: known('gone'), assessment: known({ status: 'compliant' }) }) }, { by: 'request' });
    await record({ outcome: 'no-op', facts: facts({ observation: unreadable('x'), assessment: known({ status: 'compliant' }) }) }, { by: 'request' });
    await record({ outcome: 'no-op', facts: facts({ assessment: known({ status: 'not-applicable', reason: 'r' }) }) }, { by: 'request' });
    for (const { body } of entries.slice(1)) expect(body).not.toHaveProperty('compliant');
  });
  it('that is a duplicate names its original, and stores nothing else', async () => {
    const result = await record({ outcome: 'no-op', duplicateOf: 'x-1', plan, decision: NOTIFY });
    expect(entries).toMatchObject([{ kind: 'duplicate', execution: 'x-1', documents: {} }]);
    expect(entries[0]?.body).not.toHaveProperty('notice');
    expect(entries[0]?.body).not.toHaveProperty('gap');
    expect(result).toMatchObject({ execution: 'x-1', duplicate: true });
    expect(sent).toEqual([]);
    await record({ outcome: 'denied', duplicateOf: 'x-1', decision: NOTIFY });
    expect(sent).toHaveLength(1);
  });
  it('of a contradiction is stored with its own reasons', async () => {
    await record({ outcome: 'denied', body: { contradicts: ['a'] }, decision: NOTIFY, plan });
    expect(entries[0]).toMatchObject({ kind: 'decision', body: { contradicts: ['a'], notice: 'follows' } });
    expect(entries[0]?.body).not.toHaveProperty('gap');
    expect(sent).toHaveLength(1);
  });
  it('on an unreadable stream is recorded, and people are notified', async () => {
    const blind = facts({ history: unreadable('down') });
    down = true;
    await expect(record({ outcome: 'denied', facts: blind, decision: NOTIFY })).rejects.toMatchObject({ code: 'journal/corrupt' });
    down = false;
    gaps = [];
    await record({ outcome: 'denied', facts: blind, decision: NOTIFY });
    expect(entries[0]?.body).toHaveProperty('gap');
  });
});

describe('a request for an approval', () => {
  const request = (over: Partial<Approval> = {}): Approval => ({
    id: 'a-1',
    resource: group,
    remediator: ID,
    planDigest: plan.digest,
    subjects: [revoke.subject ?? ''],
    discharges: [...dischargedBy(ASK)],
    fresh: true,
    causedBy: [],
    requestedAt: NOW - DAY,
    expires: NOW + DAY,
    verdict: 'none',
    by: null,
    usedBy: null,
    ...over,
  });
  const asks = async (approvals: readonly Approval[] = [], over: Partial<Verdict> = {}, trigger: Trigger = SWEEP) => {
    const given = facts({ trigger, policy: known(policy), history: known({ ...emptyView(streamOf(group)), approvals }) });
    const result = await record({ outcome: 'awaiting-approval', decision: ASK, plan, facts: given, ...over }, trigger);
    return { result, approval: entries[0]?.body['approval'] as Record<string, unknown>, body: entries[0]?.body };
  };
  it('has what is requested, for how long, and about what', async () => {
    const { result, approval, body } = await asks();
    expect(approval).toEqual({
      id: expect.stringMatching(/^a-[0-9a-f]{16}$/),
      planDigest: plan.digest,
      calls: [callOf(revoke)],
      asks: ['mode'],
      breadth: 0,
      discharges: [...dischargedBy(ASK)],
      fresh: false,
      expires: NOW + 7 * DAY,
    });
    expect(body?.['subjects']).toEqual([revoke.subject]);
    expect(result.approval).toBe(approval['id']);
    expect(sent).toMatchObject([{ approval: approval['id'] }]);
  });
  it('is caused by whoever an event names; an unnamed cause is unknown, and a sweep has none', async () => {
    const actor = { arn: `arn:aws:iam::${ACCOUNT}:user/mallory`, type: 'IAMUser', issuerArn: null, invokedBy: null };
    const by = async (finding: object) => {
      entries = [];
      return (await asks([], {}, { by: 'finding', finding: apiCallFinding(finding) })).approval['causedBy'];
    };
    expect(await by({ actor })).toBe(actor.arn);
    expect(await by({ actor: { ...actor, arn: null, issuerArn: 'arn:aws:iam::1:role/x' } })).toBe('arn:aws:iam::1:role/x');
    expect(await by({ actor: { ...actor, arn: null } })).toBeNull();
    expect(await by({ actor: null })).toBeNull();
    entries = [];
    expect((await asks()).approval).not.toHaveProperty('causedBy');
  });
  it('is the same while it can be answered: its expiry and its reasons stay', async () => {
    const { approval, result } = await asks([request()], { fresh: false });
    expect(approval).toMatchObject({ id: 'a-1', expires: NOW + DAY, fresh: true });
    expect(result.approval).toBe('a-1');
  });
  it.each<[string, Partial<Approval>]>([
    ['of another remediator', { remediator: 'other' }],
    ['of another plan', { planDigest: digestOf('other') }],
    ['that has expired', { expires: NOW }],
    ['that was used', { usedBy: 'x-1' }],
    ['that was approved, and was not sufficient', { verdict: 'approved' }],
    ['that announced a change', { grace: { period: DAY, remind: [], sent: [], sending: null, ended: null } }],
    ['that covered less', { discharges: [] }],
  ])('differs from one %s', async (_what, over) => {
    const { approval } = await asks([request(over)]);
    expect(approval['id']).not.toBe('a-1');
    expect(approval['expires']).toBe(NOW + 7 * DAY);
  });
  it('that announces a change lasts two periods longer, and differs from one that waits for an answer', async () => {
    const terms = { period: 2 * DAY, remind: [DAY] };
    const decision = of('approve', says('grace', 'approve', 'grace', terms));
    const { approval } = await asks([request()], { decision });
    expect(approval).toMatchObject({ grace: terms, expires: NOW + 11 * DAY, asks: ['grace'] });
    expect(approval['id']).not.toBe('a-1');
    entries = [];
    const open = { ...terms, sent: [], sending: null, ended: null };
    expect((await asks([request({ grace: open, discharges: [...dischargedBy(decision)] })], { decision })).approval['id']).toBe('a-1');
  });
  it('is not made in a dry run, without a plan, or if another remediator has made one', async () => {
    expect(await record({ outcome: 'awaiting-approval', decision: ASK, plan }, SWEEP, true)).toMatchObject({ approval: null });
    await record({ outcome: 'awaiting-approval', decision: ASK, plan: null });
    expect(entries[0]?.body).not.toHaveProperty('approval');
    entries = [];
    const joined = of('approve', ...ASK.results, says('approval', 'approve', 'asked-already', { approval: 'a-9' }));
    const result = await record({ outcome: 'awaiting-approval', decision: joined, plan });
    expect(entries[0]?.body).not.toHaveProperty('approval');
    expect(result.approval).toBe('a-9');
    expect(sent.filter(({ approval }) => approval === 'a-9')).toEqual([]);
  });
});

describe('the trigger in a record', () => {
  const actor = {
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Admin/kim`,
    type: 'AssumedRole',
    issuerArn: `arn:aws:iam::${ACCOUNT}:role/Admin`,
    invokedBy: null,
  };
  it('is complete, except for a finding', () => {
    expect(triggerBody(asked({ by: 'approval', approval: 'a-1' }))).toEqual({ by: 'approval', approval: 'a-1' });
  });
  it('has enough of a finding to find it again', () => {
    const finding = apiCallFinding({ actor, controls: [{ framework: 'aws-fsbp', id: 'EC2.13' }], configRule: 'r', state: 'FAILED' } as never);
    expect(triggerBody(asked({ by: 'finding', finding }))).toEqual({
      by: 'finding',
      id: 'event-1',
      source: 'cloudtrail',
      kind: 'api-call',
      controls: finding.controls,
      configRule: 'r',
      state: 'FAILED',
      observedAt: finding.observedAt,
      actor: actor.arn,
      issuer: actor.issuerArn,
      person: 'kim',
      call: 'ec2:AuthorizeSecurityGroupIngress',
      event: 'e',
    });
    expect(triggerBody(asked({ by: 'finding', finding: apiCallFinding({ actor: null, call: null, envelope: null }) }))).toEqual({
      by: 'finding',
      id: 'event-1',
      source: 'cloudtrail',
      kind: 'api-call',
      controls: [],
      configRule: null,
      state: null,
      observedAt: finding.observedAt,
      actor: null,
      call: null,
      event: null,
    });
    expect(triggerBody(asked({ by: 'finding', finding: apiCallFinding({ actor: { ...actor, sourceIdentity: 'kim@example.com' } } as never) }))).toMatchObject({
      sourceIdentity: 'kim@example.com',
    });
  });
  it('has the parts that its call names, fifty at most', () => {
    const reading = (many: number) => ({
      ...remediator,
      apiCalls: {
        'ec2:AuthorizeSecurityGroupIngress': () => [
          { id: 'sg-0abc', subjects: Array.from({ length: many }, (_, n) => `p-${String(many - n).padStart(2, '0')}`) },
        ],
      },
    });
    const parts = (many: number) => triggerBody(asked({ by: 'finding', finding: apiCallFinding() }, { remediator: reading(many) as never }))['parts'];
    expect(parts(3)).toEqual(['p-01', 'p-02', 'p-03']);
    expect(parts(50)).toHaveLength(50);
    expect([parts(51), parts(0)]).toEqual([undefined, undefined]);
  });
  it('has the roles that Redress acts as, if an event names somebody who could be one of them', () => {
    const identity = known({ account: ACCOUNT, arn: 'arn:redress', actsAs: ['arn:fix'] });
    const body = (trigger: Trigger, over: Partial<Facts> = {}) => decisionBody(asked(trigger), null, facts({ identity, ...over }));
    expect(body({ by: 'finding', finding: apiCallFinding() })).toMatchObject({ identity: 'arn:redress', actsAs: ['arn:fix'] });
    for (const each of [
      body(SWEEP),
      body({ by: 'finding', finding: apiCallFinding({ actor: null }) }),
      body({ by: 'finding', finding: apiCallFinding() }, { identity: unreadable('x') }),
      body({ by: 'finding', finding: apiCallFinding() }, { identity: known({ account: ACCOUNT, arn: 'arn:redress' }) }),
    ])
      expect(each).not.toHaveProperty('actsAs');
    expect(body(SWEEP, { policy: unreadable('x'), register: unreadable('x'), identity: unreadable('x') })).toEqual({
      trigger: { by: 'sweep' },
      policy: null,
      register: null,
      identity: null,
    });
  });
  it('has the exception tag that nobody registered: of the whole, or of a part', () => {
    const body = (...results: GuardrailResult[]) => decisionBody(asked(), of('notify', ...results), null)['exceptionTagUnregistered'];
    expect(body(says('exceptions', 'notify', 'tag-without-entry', { tag: 't' }))).toBe(true);
    expect(body(says('exceptions', 'allow', 'tag-without-effect', { part: 'p' }))).toBe('p');
    expect(body(says('exceptions', 'allow', 'tag-without-effect'))).toBe(true);
    expect(body(says('exceptions', 'allow', 'no-exception'))).toBeUndefined();
  });
});

describe('a notification', () => {
  const result = { ...blank(remediator, group), outcome: 'remediated' as const, message: 'done' };
  it('has everything that people need', async () => {
    const decision = of('notify', says('a', 'allow', 'x', {}, 'look here'), says('b', 'notify', 'y'), says('c', 'approve', 'z', {}, 'and here'));
    const finding = apiCallFinding();
    const given = { ...result, decision, plan, steps: ['s'], open: ['o'], execution: 'x-1', approval: 'a-1' };
    const answer = await tell(runtime(), remediator, given, { by: 'finding', finding }, { seen: facts(), after: { a: 1 }, since: 5, deadline: 6 });
    expect(answer).toEqual({ status: 'delivered', channels: ['slack'] });
    expect(sent).toEqual([
      {
        outcome: 'remediated',
        remediator: { id: ID, title: 'Revoke' },
        resource: group,
        message: 'done',
        reasons: [decision.results[1], decision.results[2]],
        hints: ['look here', 'and here'],
        plan,
        steps: ['s'],
        finding,
        execution: 'x-1',
        approval: 'a-1',
        at: NOW,
        environment: 'dev',
        tags: {},
        open: ['o'],
        after: { a: 1 },
        blindSpots: ['NAT'],
        since: 5,
        deadline: 6,
      },
    ]);
    expect(flushed).toBe(0);
  });
  it('has what is unknown', async () => {
    await tell(runtime({ readPolicy: async () => Promise.reject(new Error('no')) }), remediator, { ...result, outcome: 'busy' }, SWEEP);
    expect(sent).toMatchObject([{ outcome: 'unknown', reasons: [], hints: [], finding: null, environment: null, tags: null, after: null }]);
    const tags = async (observation: Facts['observation']) => {
      sent = [];
      await tell(runtime(), remediator, result, SWEEP, { seen: { observation } });
      return sent[0]?.tags;
    };
    expect(await tags(known({ state: {}, tags: 'untaggable' }))).toEqual({});
    expect(await tags(known({ state: {}, tags: { team: 'a' } }))).toEqual({ team: 'a' });
    expect(await tags(known('gone'))).toBeNull();
    expect(await tags(unreadable('x'))).toBeNull();
    sent = [];
    await tell(runtime(), remediator, { ...result, resource: { ...group, account: '999999999999' } }, SWEEP);
    expect(sent[0]?.environment).toBeNull();
  });
  it('of an announced change is not grouped with others', async () => {
    await tell(runtime(), remediator, result, SWEEP, { grace: { notice: 0, ends: NOW } });
    expect([flushed, sent[0]?.grace]).toEqual([1, { notice: 0, ends: NOW }]);
    const { flush: _, ...plain } = notify as unknown as Record<string, unknown>;
    expect(plain).toEqual({});
    const bare: Notify = async (each) => void sent.push(each);
    expect(await tell(runtime({ notify: bare }), remediator, result, SWEEP, { grace: { notice: 0, ends: NOW } })).toEqual({
      status: 'delivered',
      channels: [],
    });
  });
  it('is not sent without a channel', async () => {
    expect(await tell(runtime({ notify: null }), remediator, result, SWEEP)).toBeNull();
    expect(sent).toEqual([]);
  });
  it('that a channel rejects is a warning; its error is not recorded, unless it is one of ours', async () => {
    deliver = async () => {
      throw new Error('https://hooks.example.com/secret');
    };
    expect(await tell(runtime(), remediator, result, SWEEP)).toEqual({ status: 'not-delivered', channels: [], failed: 'It threw an error: see the log.' });
    deliver = async () => {
      throw new RedressError('notify/failed', 'no channel took it');
    };
    expect(await tell(runtime(), remediator, result, SWEEP)).toEqual({ status: 'not-delivered', channels: [], failed: 'no channel took it' });
    expect(warned).toHaveLength(2);
    deliver = async () => ({ status: 'delivered', channels: ['slack'], failed: 'teams' });
    expect(await tell(runtime(), remediator, result, SWEEP)).toEqual({ status: 'delivered', channels: ['slack'], failed: 'teams' });
    expect(warned).toHaveLength(3);
    deliver = async () => ({ status: 'delivered', channels: ['slack'] });
    await tell(runtime(), remediator, result, SWEEP);
    expect(warned).toHaveLength(3);
  });
});

describe('the result of a notice', () => {
  const result = {
    ...blank(remediator, group),
    outcome: 'denied' as const,
    message: 'm',
    record: { stream: streamOf(group), seq: 7, digest: 'sha256:r' as const },
  };
  const news = { gap: { key: 'g-1', state: 's', approval: null } as never, changed: true, known: null, since: null, deadline: null };
  it.each([
    ['delivered', 'People were notified.'],
    ['held', 'A notice is held back: too many were sent at once.'],
    ['nobody', 'Nobody was notified: its route has no channel.'],
  ])('is recorded as %s', async (status, message) => {
    deliver = async () => ({ status, channels: ['c'] });
    await notifyOf(runtime(), asked(), result, news, null);
    expect(entries).toEqual([
      {
        kind: 'notice',
        resource: group,
        remediator: ID,
        body: { notice: { of: 7, outcome: 'denied', gap: 'g-1', state: 's', approval: null, status, channels: ['c'] }, message },
      },
    ]);
  });
  it('is recorded as not delivered, with the reason', async () => {
    deliver = async () => {
      throw new Error('x');
    };
    await notifyOf(runtime(), asked(), { ...result, record: null }, { ...news, gap: null, known: 3 }, null);
    expect(entries).toMatchObject([
      {
        body: {
          notice: { of: 3, status: 'not-delivered', failed: 'It threw an error: see the log.' },
          message: 'Nobody was notified: no channel accepted the notice.',
        },
      },
    ]);
    expect(entries[0]?.body['notice']).not.toHaveProperty('gap');
  });
  it('is sent by one of several workers; if the claim cannot be read, each sends it', async () => {
    gaps = [{ key: 'g-0', record: 7 } as Gap, { key: 'g-1', record: 6 } as Gap];
    await notifyOf(runtime(), asked(), result, news, null);
    expect([sent.length, entries.length]).toEqual([0, 0]);
    gaps = [{ key: 'g-1', record: 7 } as Gap];
    await notifyOf(runtime(), asked(), result, news, null);
    expect(sent).toHaveLength(1);
    // What has not changed belongs to nobody.
    gaps = [{ key: 'g-1', record: 6 } as Gap];
    await notifyOf(runtime(), asked(), result, { ...news, changed: false }, null);
    await notifyOf(runtime(), asked(), { ...result, record: null }, news, null);
    expect(sent).toHaveLength(3);
    const blind = { ...journal, view: async () => Promise.reject(new Error('no')) };
    await notifyOf(runtime({ journal: blind }), asked(), result, { ...news, since: 4, deadline: 5 }, null);
    expect(sent[3]).toMatchObject({ since: 4, deadline: 5 });
    expect(sent[2]).not.toHaveProperty('since');
    expect(sent[2]).not.toHaveProperty('deadline');
  });
  it('does not exist without a channel', async () => {
    await notifyOf(runtime({ notify: null }), asked(), result, news, null);
    expect(entries).toEqual([]);
  });
  it('that was held in this process is recorded again when it was delivered', async () => {
    deliver = async () => ({ status: 'held', channels: ['c'] });
    const on = runtime();
    await notifyOf(on, asked(), result, news, null);
    expect(entries).toMatchObject([{ body: { notice: { status: 'held' } } }]);
    await flushNotices(on);
    expect(flushed).toBe(1);
    expect(entries[1]).toMatchObject({ body: { notice: { of: 7, status: 'delivered', channels: ['c'] }, message: 'People were notified.' } });
    await flushNotices(on);
    expect([flushed, entries.length]).toEqual([2, 2]);
  });
  it('that could not be delivered in the end is a warning, and is not recorded', async () => {
    deliver = async () => ({ status: 'held', channels: ['c'] });
    const failing = Object.assign(async () => ({ status: 'held', channels: ['c'] }) as const, { flush: async () => Promise.reject(new Error('no')) });
    const on = runtime({ notify: failing });
    await notifyOf(on, asked(), result, news, null);
    await flushNotices(on);
    expect(entries).toHaveLength(1);
    expect(warned).toEqual(['notices that were held back were not delivered']);
    await flushNotices(runtime({ notify: null }));
    await flushNotices(runtime({ notify: async () => undefined }));
  });
  it('that cannot be recorded is a warning', async () => {
    down = true;
    await notifyOf(runtime(), asked(), result, { ...news, changed: false }, null);
    expect(warned).toHaveLength(1);
    expect(sent).toHaveLength(1);
  });
  it('about an event is recorded if people do not know of it', async () => {
    const of = async (delivery: Delivery | null, over: object = {}) => {
      entries = [];
      await unlessDelivered(runtime(), { ...result, execution: 'x-1', ...over }, delivery);
      return entries;
    };
    expect(await of(null)).toEqual([]);
    expect(await of({ status: 'delivered', channels: [] })).toEqual([]);
    expect(await of({ status: 'nobody', channels: [] })).toEqual([]);
    expect(await of({ status: 'held', channels: ['c'] }, { record: null })).toEqual([]);
    expect(await of({ status: 'held', channels: ['c'] })).toEqual([
      {
        kind: 'notice',
        resource: group,
        remediator: ID,
        execution: 'x-1',
        body: { notice: { of: 7, outcome: 'denied', status: 'held', channels: ['c'] }, message: 'm' },
      },
    ]);
    const [none] = await of({ status: 'not-delivered', channels: [], failed: 'f' }, { execution: null });
    expect(none).toMatchObject({ body: { notice: { status: 'not-delivered', failed: 'f' } } });
    expect(none).not.toHaveProperty('execution');
  });
});

describe('the end of an execution', () => {
  const lease = { execution: 'x-1', fence: 1, until: NOW + 1000 };
  const close = (over: object, decision: Decision | null = of('allow', says('mode', 'allow', 'enforce')), trigger: Trigger = SWEEP) =>
    closeExecution(runtime(), { ...asked(trigger), plan, decision, lease, seen: facts() }, {
      outcome: 'remediated',
      message: 'done',
      sent: 1,
      ...over,
    } as never);
  it('is recorded, and people are notified of it', async () => {
    const result = await close({ body: { verified: 'verified' }, documents: { after: { a: 1 } }, open: ['o'] });
    expect(finished).toEqual([
      {
        resource: group,
        remediator: ID,
        lease,
        outcome: 'remediated',
        sent: 1,
        body: { message: 'done', open: ['o'], verified: 'verified' },
        documents: { after: { a: 1 } },
      },
    ]);
    expect(result).toMatchObject({ outcome: 'remediated', execution: 'x-1', message: 'done', open: ['o'], plan, record: { seq: 40 }, retryable: false });
    expect(sent).toMatchObject([{ outcome: 'remediated', after: { a: 1 }, tags: {}, execution: 'x-1' }]);
    expect(entries).toEqual([]);
  });
  it('has what may be retried, what stopped it, and what suppresses it from now on', async () => {
    const stopped = of('deny', says('kill-switch', 'deny', 'stopped'));
    const hold = { until: NOW + DAY, owner: 'ops' };
    const result = await close({ outcome: 'denied', retryable: true, decision: stopped, hold });
    expect(finished[0]).toMatchObject({ body: { retryable: true, decision: { effect: 'deny' } }, hold });
    expect(result).toMatchObject({ decision: stopped, retryable: true });
    await close({ retryable: false });
    expect(finished[1]?.['body']).toEqual({ message: 'done', open: [] });
    expect(finished[1]).not.toHaveProperty('hold');
    expect(finished[1]).not.toHaveProperty('documents');
    await close({}, null);
    expect(finished[2]?.['body']).toEqual({ message: 'done', open: [] });
    await close({}, of('approve', says('mode', 'approve', 'x')));
    expect(finished[3]?.['body']).toHaveProperty('decision');
  });
  it('of a superseded one is not notified', async () => {
    await close({ outcome: 'superseded', sent: 0 });
    expect(finished).toHaveLength(1);
    expect(sent).toEqual([]);
  });
  it('that nobody could be notified of is recorded for the next digest', async () => {
    deliver = async () => {
      throw new Error('x');
    };
    await close({});
    expect(entries).toMatchObject([
      { kind: 'notice', execution: 'x-1', body: { notice: { of: 40, outcome: 'remediated', status: 'not-delivered' }, message: 'done' } },
    ]);
  });
});
