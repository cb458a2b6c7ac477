// What a pass comes to, and what its record and its notification say.
import {
  createRedress,
  definePolicy,
  defineRegister,
  type Journal,
  type Mode,
  type Notification,
  type PassResult,
  RedressError,
  type RedressOptions,
  type Remediator,
  resource,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { crashingJournal } from '@redress/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { bound, recordsOf } from '../support/journal.js';
import { noteWidget, openedEvent, revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
const DAY = 86_400_000;

let aws: Widgets;
let journal: Journal;
let told: Notification[];
let time: number;
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
const anyAge: Remediator = { ...revokeOpenRules, freshWithin: null };
const policyOf = (mode: Mode, remediators: readonly Remediator[] = [revokeOpenRules], extra: object = {}) =>
  definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    remediators: Object.fromEntries(remediators.map(({ id }) => [id, { dev: mode }])),
    ...extra,
  });
const engine = (over: Partial<RedressOptions> = {}) =>
  createRedress({
    remediators: [revokeOpenRules],
    policy: policyOf('enforce', over.remediators),
    journal,
    connect: aws.connect,
    clock,
    notify: async (each) => void told.push(each),
    ...over,
  });
const event = (id = 'w1', rule = 'open-1', at = time - 60_000, over: Parameters<typeof openedEvent>[3] = {}) => openedEvent(id, rule, at, over);
const handle = async (input: unknown = event(), over: Partial<RedressOptions> = {}, run = {}): Promise<readonly PassResult[]> =>
  (await engine(over).handle(input, run)).results.flatMap((each) => each.passes);
const outcomes = (passes: readonly PassResult[]) => passes.map((each) => [each.remediator, each.outcome]);
const bodies = async (kind: string) => (await recordsOf(journal)).filter(({ record }) => record.kind === kind).map(({ record }) => record.body);

beforeEach(() => {
  aws = new Widgets();
  journal = memoryJournal({ clock });
  told = [];
  time = START;
});

describe('a composition is refused', () => {
  it.each<[string, Partial<RedressOptions>]>([
    ['with a remediator of another contract', { remediators: [{ ...revokeOpenRules, contract: 2 as 1 }] }],
    ['with two remediators with the same id', { remediators: [revokeOpenRules, { ...noteWidget, id: 'widget-revoke-open' }] }],
    ['with two guardrails with the same id', { guardrails: [{ id: 'mode', needs: [], evaluate: () => ({ effect: 'allow', code: 'a', message: 'b' }) }] }],
    [
      'with a guardrail with the id of the last one',
      { guardrails: [{ id: 'freshness', needs: [], evaluate: () => ({ effect: 'allow', code: 'a', message: 'b' }) }] },
    ],
  ])('%s', (_name, over) => {
    expect(() => engine({ policy: definePolicy({ version: 1 }), ...over })).toThrow(expect.objectContaining({ code: 'compose/invalid' }));
  });
  it('if the request names something unknown', async () => {
    const fan = resource({ type: 'AWS::Test::Fan', id: 'f', account: ACCOUNT, region: 'us-east-1' });
    await expect(engine().run(fan)).rejects.toMatchObject({ code: 'compose/invalid' });
    await expect((async () => engine().plan('widget-revoke-opne', widget('w1')))()).rejects.toMatchObject({
      code: 'compose/invalid',
      message: 'There is no remediator "widget-revoke-opne". Did you mean widget-revoke-open?',
    });
    expect(aws.calls).toEqual([]);
  });
});

describe('what cannot be read is not decided', () => {
  it('if the remediator fails in its plan', async () => {
    aws.put('w1', ['open-1']);
    const broken: Remediator = {
      ...revokeOpenRules,
      plan: () => {
        throw new Error('a bug');
      },
    };
    expect(await handle(event(), { remediators: [broken] })).toMatchObject([
      { outcome: 'denied', message: 'Not decided, because it could not be read: a bug', retryable: false, plan: null },
    ]);
    expect(aws.writes).toEqual([]);
  });
  it('if the owner of the credentials is unknown, and it is delivered again', async () => {
    aws.put('w1', ['open-1']);
    aws.identityFails = true;
    const [pass] = await handle();
    expect(pass).toMatchObject({ outcome: 'denied', plan: null });
    expect(pass?.message).toMatch(/^Not decided, because it could not be read: whose the credentials are could not be read: .*STS is down/);
  });
  it('with credentials of another account', async () => {
    const [pass] = await handle(event('w1', 'open-1', START - 1000, { account: '222222222222' }));
    expect(pass).toMatchObject({
      outcome: 'denied',
      retryable: false,
      message: 'Not decided, because it could not be read: not read with credentials of another account',
    });
  });
  it('if the remediator reads no tags, or nothing that could be exempt', async () => {
    aws.put('w1', ['open-1']);
    const untagged = { ...revokeOpenRules, observe: async () => ({ state: { open: ['open-1'] } }) } as unknown as Remediator;
    expect((await handle(event(), { remediators: [untagged] }))[0]?.message).toContain('widget-revoke-open did not observe the tags.');
    const used = { ...revokeOpenRules, observe: async () => ({ state: { open: ['open-1'] }, tags: {}, usedBy: [{ type: 'AWS::Test::Fan', id: 'f' }] }) };
    expect((await handle(event(), { remediators: [used as unknown as Remediator] }))[0]?.message).toContain('widget-revoke-open observed AWS::Test::Fan');
    expect(aws.writes).toEqual([]);
  });
});

describe('manual steps', () => {
  const manual = (more: object = {}): Remediator => ({
    ...revokeOpenRules,
    plan: () => ({ status: 'manual', message: 'Look.', steps: ['Open it.'], ...more }),
  });
  const hazard = { code: 'wide', effect: 'approve' as const, message: 'It opens more.' };
  it('are reported', async () => {
    aws.put('w1', ['open-1'], { team: 'a' });
    expect(await handle(event(), { remediators: [manual()] })).toMatchObject([{ outcome: 'notified', message: 'Look.', open: ['Look.'], steps: ['Open it.'] }]);
    expect(told).toMatchObject([{ outcome: 'notified', message: 'Look.', steps: ['Open it.'], plan: null, open: ['Look.'], tags: { team: 'a' } }]);
    expect(await bodies('decision')).toMatchObject([{ outcome: 'notified', message: 'Look.', open: ['Look.'], steps: ['Open it.'] }]);
    expect((await handle(event('w1', 'open-1', time, { eventId: 'e2' }), { remediators: [manual({ steps: undefined })] }))[0]?.steps).toEqual([]);
  });
  it('are decided on with their hazards', async () => {
    aws.put('w1', ['open-1']);
    const results = async (more: object) =>
      (await handle(event(), { remediators: [manual(more)] }))[0]?.decision?.results.filter((each) => each.guardrail === 'hazards').map((each) => each.code);
    expect(await results({})).toEqual(['no-hazard']);
    expect(await results({ hazards: [hazard] })).not.toEqual(['no-hazard']);
  });
});

describe('the record', () => {
  it('of a compliant resource has what was read, but no plan', async () => {
    aws.put('w1', ['closed'], { team: 'a' });
    expect(await handle()).toMatchObject([{ outcome: 'no-op', message: 'There is nothing to change.', plan: null, open: [] }]);
    const [only] = await recordsOf(journal);
    expect(only?.documents).toEqual({ observation: { state: { open: [] }, tags: { team: 'a' } } });
    expect(only?.record.body).toMatchObject({ outcome: 'no-op', message: 'There is nothing to change.', open: [] });
    expect(Object.keys(only?.record.body ?? {})).not.toContain('steps');
    expect(told).toEqual([]);
  });
  it('of a missing resource reports that', async () => {
    expect(await handle()).toMatchObject([{ outcome: 'no-op', message: 'The resource is gone.' }]);
    expect((await recordsOf(journal))[0]?.documents).toEqual({ observation: 'gone' });
  });
  it('of something not applicable has the reason', async () => {
    aws.put('w1', ['open-1']);
    const other: Remediator = { ...revokeOpenRules, plan: () => ({ status: 'not-applicable', reason: 'It is small.' }) };
    expect(await handle(event(), { remediators: [other] })).toMatchObject([{ outcome: 'no-op', message: 'It does not apply: It is small.' }]);
  });
  it('has the trigger, and the basis of the decision', async () => {
    aws.put('w1', ['closed']);
    await handle();
    const [body] = await bodies('decision');
    expect(body?.['trigger']).toEqual({
      by: 'finding',
      id: 'call-w1-open-1',
      source: 'cloudtrail',
      kind: 'api-call',
      controls: [],
      configRule: null,
      state: null,
      observedAt: '2026-11-24T09:59:00.000Z',
      actor: `arn:aws:iam::${ACCOUNT}:user/mallory`,
      person: 'mallory',
      parts: ['open-1'],
      call: 'widget:AuthorizeRule',
      event: 'event-w1-open-1',
    });
    expect(body).toMatchObject({ identity: 'arn:aws:sts::111111111111:assumed-role/Redress/test', effect: expect.any(String) });
    expect(Object.keys(body ?? {})).not.toContain('actsAs');
    aws.identity = { ...aws.identity, actsAs: ['arn:aws:iam::111111111111:role/Other'] };
    await handle(event('w1', 'open-1', time, { eventId: 'e2' }));
    expect((await bodies('decision')).at(-1)).toMatchObject({ actsAs: ['arn:aws:iam::111111111111:role/Other'] });
    await engine().run(widget('w1'));
    const last = (await bodies('decision')).at(-1);
    expect(last?.['trigger']).toEqual({ by: 'request' });
    expect(Object.keys(last ?? {})).not.toContain('actsAs');
  });
});

it('a notification says what was done, to which resource, and who owns it', async () => {
  aws.put('w1', ['open-1'], { team: 'a' });
  const [pass] = await handle();
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({
    outcome: 'remediated',
    remediator: { id: 'widget-revoke-open', title: 'Revoke open rules' },
    resource: widget('w1'),
    message: 'revoke open-1',
    reasons: [],
    hints: [],
    steps: [],
    finding: { id: 'call-w1-open-1' },
    execution: pass?.execution,
    approval: null,
    at: START,
    environment: 'dev',
    tags: { team: 'a' },
    open: [],
    after: { open: [] },
    blindSpots: ['none in a test'],
  });
  expect(Object.keys(told[0] ?? {})).not.toContain('grace');
  await engine().rollback(pass?.execution ?? '', { by: 'ops', reason: 'r' });
  expect(told[1]).toMatchObject({ outcome: 'rolled-back', finding: null, environment: 'dev', tags: { team: 'a' } });
});

it('a notification that cannot be delivered is a warning, and the change stands', async () => {
  aws.put('w1', ['open-1']);
  const warned: [string, string][] = [];
  const onWarning = (message: string, error: unknown) => void warned.push([message, String(error)]);
  expect(await handle(event(), { notify: () => Promise.reject(new Error('down')), onWarning })).toMatchObject([{ outcome: 'remediated' }]);
  expect(warned).toEqual([[expect.stringContaining('w1'), 'Error: down']]);
});

describe('what waits for an approval', () => {
  it.each([
    ['proven to be new', START - 60_000, true],
    ['too old', START - 2 * 3_600_000, false],
  ])('keeps whether the event has shown the gap to be new: %s', async (_name, at, fresh) => {
    aws.put('w1', ['open-1']);
    const asking = { policy: policyOf('approve') };
    expect(await handle(event('w1', 'open-1', at), asking)).toMatchObject([
      { outcome: 'awaiting-approval', approval: expect.stringMatching(/^a-[0-9a-f]{16}$/) },
    ]);
    expect(await engine(asking).approvals()).toMatchObject([{ fresh, requestedAt: START, expires: START + 604_800_000 }]);
    const [body] = await bodies('decision');
    expect(body).toMatchObject({ subjects: ['open-1'], approval: { fresh, causedBy: `arn:aws:iam::${ACCOUNT}:user/mallory` } });
  });
  it('is superseded if the resource differs from what was approved: nothing is done', async () => {
    const lead = `arn:aws:iam::${ACCOUNT}:role/Lead`;
    aws.put('w1', ['open-1']);
    const asking = { policy: policyOf('approve', undefined, { approvers: { dev: [lead] } }) };
    const [asked] = await handle(event(), asking);
    aws.put('w1', ['open-2']);
    const passes = await engine(asking).approve(asked?.approval ?? '', { by: { name: lead, verified: true }, reason: 'r' });
    expect(passes.map((each) => [each.outcome, each.message])).toContainEqual([
      'superseded',
      'The resource is not as it was when the approval was requested, so the approval was not used.',
    ]);
    expect(aws.writes).toEqual([]);
  });
});

describe('under the lease', () => {
  it('what cannot be read again is left, is retried, and does not block others', async () => {
    for (const id of ['w1', 'w2']) aws.put(id, ['open-1']);
    let looks = 0;
    aws.before = (operation) => {
      if (operation === 'DescribeWidget' && ++looks === 2) aws.faults.set(operation, ['denied']);
    };
    const policy = policyOf('enforce', undefined, { limits: [{ changes: 1, per: ['run'] }] });
    const [first, second] = await handle([event('w1'), event('w2')], { policy });
    expect(first).toMatchObject({ outcome: 'failed', retryable: true, message: expect.stringMatching(/^Could not be read a second time: /) });
    expect(second).toMatchObject({ outcome: 'remediated' });
    expect(aws.writes).toEqual(['RevokeRule']);
    expect((await journal.view(widget('w1'))).closed).toMatchObject([{ outcome: 'failed', sent: 0, retryable: true }]);
  });
  it('nothing is begun if there is no time for it', async () => {
    aws.put('w1', ['open-1']);
    const passes = await handle(event(), {}, { deadline: START + 29_999 });
    expect(passes).toMatchObject([{ outcome: 'busy', retryable: true, execution: null, plan: { changes: [{ subject: 'open-1' }] } }]);
    expect([aws.writes, await recordsOf(journal), told]).toEqual([[], [], []]);
  });
  it('each attempt is recorded with its outcome', async () => {
    aws.put('w1', ['open-1']);
    aws.faults.set('RevokeRule', ['lost-before']);
    expect(await handle()).toMatchObject([{ outcome: 'remediated' }]);
    const calls = (await bodies('call')).map((each) => each['call'] as Record<string, unknown>);
    expect(calls.map(({ index, service, operation, attempt, status }) => [index, service, operation, attempt, status])).toEqual([
      [0, 'widget', 'RevokeRule', 1, 'not-applied'],
      [0, 'widget', 'RevokeRule', 2, 'applied'],
    ]);
    expect(calls[1]).toMatchObject({ undo: [{ service: 'widget', operation: 'AuthorizeRule', input: { Id: 'w1', Rule: 'open-1' } }] });
  });
});

describe('recovery', () => {
  const left = async (point: Parameters<typeof crashingJournal>[1], over: Partial<RedressOptions> = {}) => {
    await engine({ ...over, journal: crashingJournal(journal, point) })
      .handle(event())
      .catch(() => undefined);
    expect(await journal.open()).toHaveLength(1);
    time += DAY;
  };
  it('leaves open what it cannot read, reports it, and closes the others', async () => {
    aws.put('w1', ['open-1']);
    await left('after-intent');
    aws.faults.set('DescribeWidget', ['denied']);
    const [result] = await engine().recover();
    expect(result).toMatchObject({ outcome: 'busy', retryable: true, remediator: 'widget-revoke-open', resource: { id: 'w1' }, execution: expect.any(String) });
    expect(result?.message).toMatch(/ is open, and the resource cannot be read: /);
    expect(await journal.open()).toHaveLength(1);
    expect(await engine().recover()).toMatchObject([{ outcome: 'failed' }]);
  });
  it('leaves open what no installed remediator handles', async () => {
    aws.put('w1', ['open-1']);
    await left('after-intent');
    expect(await engine({ remediators: [noteWidget] }).recover()).toMatchObject([{ outcome: 'busy', message: expect.stringContaining('is not installed') }]);
    expect(await journal.open()).toHaveLength(1);
  });
  it('reports what has changed since, if the change itself was made', async () => {
    aws.put('w1', ['open-1']);
    const dying: Journal = { ...bound(journal), finish: () => Promise.reject(new Error('the process died')) };
    await engine({ journal: dying }).handle(event());
    time += DAY;
    aws.put('w1', ['open-2']);
    expect(await engine().recover()).toMatchObject([
      { outcome: 'remediated', message: 'revoke open-1 (its worker was lost; found done by recovery)', open: ['revoke open-2'] },
    ]);
    expect((await bodies('outcome'))[0]).toMatchObject({ observedBy: 'recovery', verified: 'verified', open: ['revoke open-2'] });
  });
  it('of a plan with one change that closes the gap and another one that flags it: it is closed', async () => {
    aws.put('w1', ['open-1', 'open-2']);
    const mixed: Remediator = {
      ...anyAge,
      plan: (args) => {
        const made = revokeOpenRules.plan(args);
        if (made.status !== 'change') return made;
        // Together: without subjects.
        return { ...made, changes: made.changes.map(({ subject, ...each }) => ({ ...each, resolves: subject === 'open-1' })) };
      },
    };
    const dying: Journal = { ...bound(journal), finish: () => Promise.reject(new Error('the process died')) };
    await engine({ remediators: [mixed], journal: dying }).handle(event());
    expect(aws.rules('w1')).toEqual([]);
    time += DAY;
    expect(await engine({ remediators: [mixed] }).recover()).toMatchObject([{ outcome: 'remediated', open: [] }]);
  });
  it('of a rollback after which somebody has changed the resource: a person has to decide, and a hold begins', async () => {
    aws.put('w1', ['open-1']);
    const [fixed] = await handle();
    const dying: Journal = { ...bound(journal), finish: () => Promise.reject(new Error('the process died')) };
    await engine({ journal: dying })
      .rollback(fixed?.execution ?? '', { by: 'ops', reason: 'r' })
      .catch(() => undefined);
    expect(aws.rules('w1')).toEqual(['open-1']);
    time += DAY;
    aws.put('w1', ['open-1', 'open-2']);
    const recovered = time;
    expect(await engine().recover()).toMatchObject([{ outcome: 'unknown', message: expect.stringContaining('during a rollback') }]);
    const { holds } = await journal.view(widget('w1'));
    expect(holds).toMatchObject([{ owner: 'ops', until: time + 604_800_000 }]);
    expect(time).toBeGreaterThanOrEqual(recovered);
    expect((await bodies('outcome')).at(-1)).toMatchObject({ observedBy: 'recovery', verified: 'not-verified' });
  });
});

describe('a wider remediator that consults a narrower one', () => {
  const wide: Remediator = { ...anyAge, id: 'widget-revoke-all', breadth: 10 };
  const remediators = [wide, anyAge];
  const except = (name: string) =>
    defineRegister([
      {
        id: 'EXC-1',
        scope: { resource: name, remediators: ['widget-revoke-open'] },
        reason: 'r',
        owner: 'a',
        approver: 'b',
        expires: new Date(START + 1e9).toISOString(),
      },
    ]);
  const sweep = async (exceptions: ReturnType<typeof except>) => {
    const passes: PassResult[] = [];
    await engine({ remediators, exceptions }).sweep({
      targets: [{ account: ACCOUNT, region: 'us-east-1' }],
      remediators: ['widget-revoke-all'],
      onPass: (pass) => void passes.push(pass),
    });
    return outcomes(passes);
  };
  const recorded = async () => (await recordsOf(journal)).filter(({ record }) => record.kind !== 'sweep').map(({ record }) => [record.kind, record.remediator]);
  it('makes the change itself if there is no objection: the narrower one writes and records nothing', async () => {
    aws.put('w1', ['open-1']);
    expect(await sweep(except('another'))).toEqual([['widget-revoke-all', 'remediated']]);
    expect(await recorded()).toEqual(['intent', 'call', 'outcome'].map((kind) => [kind, 'widget-revoke-all']));
    expect(aws.writes).toEqual(['RevokeRule']);
  });
  it('leaves the change if there is an objection, which is recorded, and nobody is notified of it under another name', async () => {
    aws.put('w1', ['open-1']);
    expect(await sweep(except('w1'))).toEqual([['widget-revoke-all', 'exempt']]);
    expect((await recorded()).filter(([, by]) => by === 'widget-revoke-open')).toEqual([]);
    expect(told).toEqual([]);
  });
});

it('what a sweep finds for a call without parameters counts towards the limit of the same run', async () => {
  aws.put('w1', ['open-1']);
  const policy = policyOf('enforce', undefined, { limits: [{ changes: 1, per: ['run'] }] });
  const omitted = event('w2', 'open-2', time - 61_000) as { detail: object };
  aws.put('w2', ['open-2']);
  const passes = await handle([event(), { ...omitted, id: 'e2', detail: { ...omitted.detail, eventID: 'c2', requestParameters: null } }], {
    remediators: [anyAge],
    policy,
  });
  expect(outcomes(passes)).toEqual([
    ['widget-revoke-open', 'remediated'],
    ['widget-revoke-open', 'denied'],
  ]);
  expect(passes[1]?.decision?.results).toContainEqual(expect.objectContaining({ code: 'limit-run' }));
  expect(aws.writes).toEqual(['RevokeRule']);
});

it('a denial is valid while another plan of the same remediator is carried out', async () => {
  const lead = `arn:aws:iam::${ACCOUNT}:role/Lead`;
  aws.put('w1', ['open-1']);
  const asking = { policy: policyOf('approve', undefined, { approvers: { dev: [lead] } }) };
  const [asked] = await handle(event(), asking);
  const { generation } = await journal.view(widget('w1'));
  const other = { resource: widget('w1'), remediator: 'widget-revoke-open', generation, budgets: [], lease: 60_000, body: {} };
  expect((await journal.begin({ ...other, planDigest: `sha256:${'0'.repeat(64)}` })).status).toBe('begun');
  const no = { by: { name: lead, verified: true }, reason: 'r' };
  expect(await engine(asking).deny(asked?.approval ?? '', no)).toMatchObject({ verdict: 'denied', by: { name: lead } });
  expect((await journal.view(widget('w1'))).approvals).toMatchObject([{ verdict: 'denied' }]);
});

describe('an input for which there is not enough time', () => {
  const input = () => ['w1', 'w2', 'w3'].map((id) => event(id, 'open-1', START - 60_000));
  const deliver = async (deadline: number) => {
    aws.calls.length = 0;
    const { results, retry, counted } = await engine().handle(input(), { deadline });
    const looked = [...new Set(aws.calls.map((call) => String(call.input['Id'])))];
    return { results, looked, retry, counted };
  };
  beforeEach(() => {
    for (const id of ['w1', 'w2', 'w3']) aws.put(id, ['open-1']);
  });

  it('continues in the next delivery where it stopped, and what was done is not checked again', async () => {
    aws.before = (operation) => {
      if (operation === 'RevokeRule') time += 60_000;
    };
    const first = await deliver(START + 90_000);
    expect(first.looked).toEqual(['w1']);
    const late = {
      passes: [],
      reason: 'Not enough time is left; the next delivery continues from here.',
      gap: { closed: false, open: [] },
      error: null,
      retryable: true,
    };
    expect(first.results).toMatchObject([{ retryable: false, passes: [{ outcome: 'remediated' }] }, late, late]);
    expect(first.results.map(({ finding }) => finding.id)).toEqual(['call-w1-open-1', 'call-w2-open-1', 'call-w3-open-1']);
    expect(Object.keys(first.results[1] ?? {})).not.toContain('left');
    expect([first.retry, first.counted]).toEqual([[], {}]);

    const second = await deliver(time + 90_000);
    expect(second.looked).toEqual(['w2']);
    expect(second.results.map(({ finding, retryable }) => [finding.id, retryable])).toEqual([
      ['call-w2-open-1', false],
      ['call-w3-open-1', true],
    ]);
    const third = await deliver(time + 90_000);
    expect([third.looked, third.results.map(({ retryable }) => retryable)]).toEqual([['w3'], [false]]);
    expect(['w1', 'w2', 'w3'].flatMap((id) => aws.rules(id))).toEqual([]);
    // The same findings that come later are another input.
    expect((await deliver(time + 900_000)).looked).toEqual(['w1', 'w2', 'w3']);
  });

  it('retries what has to be retried after everything that was not yet checked', async () => {
    aws.before = (operation) => {
      if (operation !== 'DescribeWidget' || time !== START) return;
      aws.faults.set(operation, ['throttled']);
      time += 60_000;
    };
    const first = await deliver(START + 90_000);
    expect(first.results.map(({ retryable, passes }) => [retryable, passes.length])).toEqual([
      [true, 1],
      [true, 0],
      [true, 0],
    ]);
    const second = await deliver(time + 900_000);
    expect(second.looked).toEqual(['w2', 'w3', 'w1']);
    expect(second.results.every(({ gap }) => gap.closed)).toBe(true);
  });

  it('is handled completely if there is no deadline, and no progress is recorded', async () => {
    const { results } = await engine().handle(input());
    expect(results.map(({ gap }) => gap.closed)).toEqual([true, true, true]);
    expect((await bodies('sweep')).length).toBe(0);
  });
});

describe('the result of a finding', () => {
  it('is closed if each remediator is satisfied, and otherwise lists what is open', async () => {
    aws.put('w1', ['open-1']);
    const stopped = { policy: policyOf('notify') };
    const { results } = await engine(stopped).handle(event());
    expect(results[0]?.gap).toEqual({ closed: false, open: [expect.stringMatching(/^widget-revoke-open: notified: /)] });
    const asking = await engine({ policy: policyOf('approve') }).handle(event('w1', 'open-1', time, { eventId: 'e2' }));
    expect(asking.results[0]?.gap.closed).toBe(false);
    expect((await engine().handle(event('w1', 'open-1', time, { eventId: 'e3' }))).results[0]?.gap).toEqual({ closed: true, open: [] });
    const nobody = event() as { detail: object };
    expect((await engine().handle({ ...nobody, detail: { ...nobody.detail, eventName: 'PutNote' } })).results[0]?.gap).toEqual({ closed: false, open: [] });
  });

  it('is an error if it could not be handled: it is retried, and others are not affected', async () => {
    for (const id of ['w1', 'w2']) aws.put(id, ['open-1']);
    const warned: string[] = [];
    const broken: Journal = {
      ...bound(journal),
      append: (entry) => (entry.resource.id === 'w1' ? Promise.reject(new TypeError('a bug')) : journal.append(entry)),
    };
    const { results } = await engine({ journal: broken, policy: policyOf('notify'), onWarning: (message) => void warned.push(message) }).handle([
      event('w1'),
      event('w2'),
    ]);
    expect(results).toMatchObject([
      { passes: [], error: { code: 'engine/bug', message: 'a bug' }, retryable: true, gap: { closed: false } },
      { passes: [{ outcome: 'notified' }], error: null, retryable: false },
    ]);
    expect(warned).toEqual(['finding call-w1-open-1 could not be handled']);
    const policy = { read: () => Promise.reject(new RedressError('policy/unavailable' as never, 'down')) };
    expect((await engine({ policy }).handle(event())).results).toMatchObject([{ error: { code: 'policy/unavailable', message: 'down' }, retryable: true }]);
  });

  it('has a finding that can be passed to run', async () => {
    aws.put('w1', ['open-1']);
    const { results } = await engine({ policy: policyOf('notify') }).handle(event());
    const [first] = results;
    if (first === undefined) throw new Error('no result');
    expect(await engine().run(first.finding)).toMatchObject([{ outcome: 'remediated' }]);
  });
});

describe('a rollback is refused', () => {
  const how = { by: 'ops', reason: 'r' };
  const fix = async () => {
    aws.put('w1', ['open-1']);
    return (await handle())[0]?.execution ?? '';
  };
  const refused = async (execution: string, over: Partial<RedressOptions> = {}, more: object = {}) => {
    const calls = aws.writes.length;
    const error = await engine(over)
      .rollback(execution, { ...how, ...more })
      .then(
        () => null,
        (thrown: unknown) => thrown,
      );
    expect(error).toBeInstanceOf(RedressError);
    expect(aws.writes).toHaveLength(calls);
    const { code, message, retryable } = error as RedressError;
    expect(code).toBe('rollback/refused');
    return [message, retryable];
  };
  it.each<[string, object]>([
    ['a person', { by: ' ' }],
    ['a reason', { reason: '' }],
  ])('without %s', async (_name, more) => {
    expect(await refused(await fix(), {}, more)).toEqual(['A rollback needs a person and a reason.', false]);
  });
  it('of a rollback, of what is open, and of what changed nothing', async () => {
    const execution = await fix();
    const back = await engine().rollback(execution, how);
    expect(await refused(back.execution ?? '')).toEqual([`${back.execution} is itself a rollback.`, false]);
    aws.put('w2', ['open-1']);
    const dying = crashingJournal(journal, 'after-intent');
    await engine({ journal: dying }).handle(event('w2'));
    const [open] = await journal.open();
    expect(await refused(open?.execution ?? '')).toEqual([`${open?.execution} is still open.`, false]);
    time += DAY;
    await engine().recover();
    expect(await refused(open?.execution ?? '')).toEqual([`${open?.execution} changed nothing (failed).`, false]);
  });
  it('of an unknown remediator, of a missing resource, and, to be retried, of an unreadable one', async () => {
    const execution = await fix();
    expect(await refused(execution, { remediators: [noteWidget] })).toEqual(['The remediator widget-revoke-open is not installed.', false]);
    aws.faults.set('DescribeWidget', ['denied']);
    expect(await refused(execution)).toEqual([expect.stringMatching(/^The resource cannot be read: /), true]);
    aws.widgets.delete('w1');
    expect(await refused(execution)).toEqual(['The resource is gone.', false]);
  });
  it('while another execution holds the resource', async () => {
    const execution = await fix();
    const { generation } = await journal.view(widget('w1'));
    const digest = `sha256:${'0'.repeat(64)}` as const;
    const held = await journal.begin({
      resource: widget('w1'),
      remediator: 'widget-note',
      planDigest: digest,
      generation,
      budgets: [],
      lease: 60_000,
      body: {},
    });
    expect(await refused(execution)).toEqual([`Execution ${held.status === 'begun' ? held.lease.execution : ''} holds the resource.`, true]);
  });
  it('if everything is stopped between its decision and its call', async () => {
    const execution = await fix();
    let reads = 0;
    const killSwitch = { read: async () => (++reads > 1 ? ('everything' as const) : ('none' as const)) };
    expect(await engine({ killSwitch }).rollback(execution, how)).toMatchObject({ outcome: expect.not.stringMatching('rolled-back') });
    expect(aws.writes).toEqual(['RevokeRule']);
  });
  it('and an accepted one is recorded with the person, the reason, and the length of its hold', async () => {
    const execution = await fix();
    expect(await engine().rollback(execution, { ...how, hold: 3_600_000 })).toMatchObject({
      outcome: 'rolled-back',
      plan: { changes: [{ summary: 'undo: revoke open-1' }] },
    });
    expect((await bodies('intent')).at(-1)).toMatchObject({
      purpose: 'rollback',
      rollbackOf: execution,
      by: { name: 'ops', verified: false },
      reason: 'r',
      holdFor: 3_600_000,
    });
    expect((await journal.view(widget('w1'))).holds).toMatchObject([{ owner: 'ops', until: START + 3_600_000 }]);
  });
});
