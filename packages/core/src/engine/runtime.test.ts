import { describe, expect, it } from 'vitest';
import type { Facts, Trigger } from '../guardrails/guardrail.js';
import { ACCOUNT, facts, group, NOW } from '../internal/testing/facts.js';
import { emptyView, type Journal } from '../journal.js';
import { RedressError } from '../model/errors.js';
import { digestOf } from '../model/json.js';
import type { Assessment } from '../model/plan.js';
import { resource, streamOf } from '../model/resource.js';
import { definePolicy, type Policy } from '../policy/policy.js';
import { defineRegister } from '../policy/register.js';
import type { ConfigRule, ConnectTarget } from '../ports.js';
import { defineRemediator, type Remediator } from '../remediator/define.js';
import { defineService } from '../remediator/service.js';
import { LOOKING } from './gate.js';
import { budgetsOf, type Look, parametersOf, Runtime, type Standing, tells, timeLeft, unread } from './runtime.js';
import type { RedressOptions } from './types.js';

const LAMP = 'AWS::Test::Lamp';
const lamp = resource({ type: LAMP, id: 'l-1', account: ACCOUNT, region: 'eu-west-1' });
const off: Remediator = defineRemediator({
  id: 'lamp-off',
  title: 'Lamps off',
  resourceTypes: [LAMP],
  exceptionTypes: ['AWS::Test::Room'],
  controls: [],
  ceiling: 'enforce',
  blindSpots: [],
  uses: { reads: [], writes: [], undoes: [] },
  observe: async () => ({ state: { on: true }, tags: {} }),
  plan: () => ({ status: 'compliant' }),
});
let now = NOW;
let targets: ConnectTarget[] = [];
const runtime = (over: Partial<RedressOptions> = {}): Runtime => {
  now = NOW;
  targets = [];
  return new Runtime({
    remediators: [off],
    policy: definePolicy({ version: 1 }),
    connect: async (target) => {
      targets.push(target);
      return { config: {}, identity: async () => ({ account: target.account, arn: 'arn' }) };
    },
    clock: { now: () => now, sleep: async () => undefined },
    ...over,
  });
};
const thrown = (work: () => unknown): unknown[] => {
  try {
    work();
  } catch (error) {
    const { code, message, next } = error as RedressError;
    return [code, message, next];
  }
  return [];
};

describe('a composition', () => {
  const guardrail = (id: string) => ({ id, needs: [], evaluate: () => ({ effect: 'allow' as const, code: 'a', message: 'b' }) });
  it('has remediators of this contract, each once', () => {
    expect(thrown(() => runtime({ remediators: [{ ...off, contract: 2 as 1 }] }))).toEqual([
      'compose/invalid',
      'lamp-off has contract 2; this version of @redress/core supports contract 1.',
      'Install compatible versions.',
    ]);
    expect(thrown(() => runtime({ remediators: [off, { ...off, id: 'other' }, off] })).slice(0, 2)).toEqual([
      'compose/invalid',
      'Two remediators have the id lamp-off.',
    ]);
  });
  it('has its own guardrails in addition to the built-in ones', () => {
    expect(thrown(() => runtime({ guardrails: [guardrail('mine')] }))).toEqual([]);
    for (const ids of [['mine', 'mine'], ['mode'], ['freshness']])
      expect(thrown(() => runtime({ guardrails: ids.map(guardrail) })).slice(0, 2)).toEqual([
        'compose/invalid',
        `Two guardrails have the id ${ids.at(-1)}. Guardrails can be added, not replaced.`,
      ]);
  });
  it('is checked against its policy and exceptions at its start, if they are not read for each decision', async () => {
    const wrong = definePolicy({ version: 1, remediators: { 'lamp-of': 'enforce' } });
    expect(thrown(() => runtime({ policy: wrong })).slice(0, 2)).toEqual(['policy/invalid', expect.stringMatching(/^The policy has a mistake/)]);
    const late = runtime({ policy: { read: async () => wrong } });
    await expect(late.readPolicy()).rejects.toMatchObject({ code: 'policy/invalid' });
    const entry = { id: 'E', scope: { account: ACCOUNT, remediators: 'lamp-of' }, reason: 'r', owner: 'o', approver: 'a', expires: '2999-01-01T00:00:00Z' };
    const register = defineRegister([entry]);
    expect(thrown(() => runtime({ exceptions: register }))[0]).toBe('register/invalid');
    const anew = runtime({ exceptions: { read: async () => register } });
    // Each time: none is taken for good because it was read before.
    for (const _ of [1, 2])
      await expect(anew.readRegister()).rejects.toMatchObject({ code: 'register/invalid', message: expect.stringContaining('The exceptions register') });
    const good = defineRegister([{ ...entry, scope: { account: ACCOUNT, remediators: 'lamp-off' } }]);
    expect(await runtime({ exceptions: good }).readRegister()).toBe(good);
    expect((await runtime().readRegister()).entries).toEqual([]);
    expect(await runtime().readStop()).toBe('none');
  });
  it('finds its remediators by name, and suggests the right name', () => {
    const two = runtime({ remediators: [off, { ...off, id: 'lamp-dim' }] });
    expect(two.named('lamp-dim').id).toBe('lamp-dim');
    expect(thrown(() => two.named('lamp-dm'))).toEqual([
      'compose/invalid',
      'There is no remediator "lamp-dm". Did you mean lamp-dim?',
      'Known: lamp-off, lamp-dim',
    ]);
    expect(thrown(() => two.named('s3-public-access-block'))[1]).toBe('There is no remediator "s3-public-access-block".');
  });
  it('needs a journal for what is recorded', () => {
    const journal = { kind: 'of a test' } as Journal;
    expect(runtime({ journal }).needJournal('A test').kind).toBe('of a test');
    expect(thrown(() => runtime().needJournal('A test'))).toEqual([
      'compose/invalid',
      'A test needs a journal: the record is what permits a change.',
      expect.stringContaining('@redress/evidence'),
    ]);
  });
});

describe('the Config rule behind a finding', () => {
  const found: ConfigRule = { name: 'acme', identifier: 'X' } as unknown as ConfigRule;
  const finding = { account: ACCOUNT, region: 'eu-west-1', configRule: 'acme' };
  const asking = (answer: (name: string) => Promise<ConfigRule | null>) => {
    const asked: string[] = [];
    const read = ({ name }: { name: string }) => (asked.push(name), answer(name));
    return { asked, of: runtime({ configRules: { reads: [], read } }) };
  };
  it('is read once in ten minutes, whatever the result', async () => {
    for (const answer of [async () => found, async () => null]) {
      const { asked, of } = asking(answer);
      const value = await answer();
      for (const at of [0, 599_999]) {
        now = NOW + at;
        expect(await of.configRule(finding, null)).toEqual({ ok: true, value });
      }
      expect(asked).toEqual(['acme']);
      now = NOW + 600_000;
      await of.configRule(finding, null);
      expect(asked).toEqual(['acme', 'acme']);
    }
  });
  it('is unknown if it cannot be read, and is not read again at once', async () => {
    const { asked, of } = asking(() => Promise.reject(new RedressError('aws/denied', 'no')));
    for (const _ of [1, 2]) expect(await of.configRule(finding, null)).toEqual({ ok: false, error: 'no', retryable: false });
    expect(asked).toHaveLength(1);
  });
  it('is read in the account and region of the finding, with the operations that the reader declares', async () => {
    const sent: unknown[] = [];
    const client = class {
      send = async ({ input }: { input: unknown }) => (sent.push(input), {});
    };
    const command = class {
      readonly input: object;
      constructor(input: object) {
        this.input = input;
      }
    };
    const config = defineService({ id: 'config', client: client as never, operations: { DescribeConfigRules: { command: command as never } } });
    const read = async ({ aws, name }: { aws: never; name: string }) => {
      const service = (aws as { config: { DescribeConfigRules(input: object): Promise<unknown> } }).config;
      await service.DescribeConfigRules({ ConfigRuleNames: [name] });
      return found;
    };
    const of = runtime({ configRules: { reads: [config.pick('DescribeConfigRules')], read } });
    expect(await of.configRule({ ...finding, region: 'cn-north-1' }, NOW + 1)).toEqual({ ok: true, value: found });
    expect([sent, targets]).toEqual([
      [{ ConfigRuleNames: ['acme'] }],
      [{ partition: 'aws-cn', account: ACCOUNT, region: 'cn-north-1', access: 'read', execution: null }],
    ]);
    expect(await of.configRule(finding, NOW)).toMatchObject({ ok: false, error: expect.stringContaining('No time left') });
  });
  it('is separate for each place', async () => {
    const { asked, of } = asking(async () => found);
    for (const other of [{}, { account: '222222222222' }, { region: 'us-east-1' }, { configRule: 'other' }])
      await of.configRule({ ...finding, ...other }, null);
    expect(asked).toEqual(['acme', 'acme', 'acme', 'other']);
  });
  it.each([
    ['account', { account: null }],
    ['region', { region: null }],
    ['single region', { region: 'aws-global' }],
    ['name', { configRule: null }],
  ])('is null without %s', async (_name, over) => {
    const { asked, of } = asking(async () => found);
    expect(await of.configRule({ ...finding, ...over }, null)).toEqual({ ok: true, value: null });
    expect(asked).toEqual([]);
  });
  it('is null without a reader', async () => {
    expect(await runtime().configRule(finding, null)).toEqual({ ok: true, value: null });
  });
  it('is cached for a thousand rules, and the oldest is discarded first', async () => {
    const { asked, of } = asking(async () => null);
    const ask = (n: number) => of.configRule({ ...finding, configRule: `rule-${n}` }, null);
    for (let n = 0; n < 1001; n++) await ask(n);
    expect(asked).toHaveLength(1001);
    for (let n = 1; n < 1001; n++) await ask(n);
    expect(asked).toHaveLength(1001);
    await ask(0);
    expect(asked).toHaveLength(1002);
  });
});

it('credentials depend on the place of a resource and on their purpose', async () => {
  expect(await runtime().identity(lamp, LOOKING)).toMatchObject({ account: ACCOUNT });
  expect(targets).toEqual([{ partition: 'aws', account: ACCOUNT, region: 'eu-west-1', access: 'read', execution: null }]);
  await runtime().identity({ ...lamp, region: 'aws-global' }, LOOKING);
  expect(targets).toMatchObject([{ region: 'us-east-1' }]);
});

describe('the canonical name of a resource', () => {
  const named = (identify: Remediator['identify']) => runtime().identify({ ...off, identify }, lamp, null, null);
  it.each<[string, Remediator['identify'], unknown]>([
    ['is the claimed one without another name', null, lamp],
    ['is the claimed one if the resource is gone', async () => 'gone', lamp],
    ['is another one', async () => ({ id: 'l-2' }), { ...lamp, id: 'l-2' }],
    ['is in another region', async () => ({ id: 'l-2', region: 'us-east-1' }), { ...lamp, id: 'l-2', region: 'us-east-1' }],
    ['is unknown in the account', async () => null, null],
  ])('%s', async (_name, identify, value) => {
    expect(await named(identify)).toEqual({ ok: true, value });
  });
  it('is unknown if it cannot be read', async () => {
    expect(await named(() => Promise.reject(new Error('down')))).toMatchObject({ ok: false, error: 'down' });
  });
});

describe('a read with its plan', () => {
  const policy = { ok: true, value: definePolicy({ version: 1 }) } as const;
  const look = (over: Partial<Remediator>, given: Facts['policy'] = policy, purpose?: 'verification') =>
    runtime().look({ ...off, ...over }, lamp, given, { as: LOOKING, deadline: null, ...(purpose === undefined ? {} : { purpose }) });
  const NOT_OBSERVED = { ok: false, error: 'not observed', retryable: false };

  it('has the state as data, and the assessment of the remediator', async () => {
    const asked: object[] = [];
    const plan = (args: object): Assessment => (asked.push(args), { status: 'manual', message: 'Look.' });
    const observe = async (args: object) => (asked.push(args), { state: { on: true, dim: undefined as never }, tags: { a: 'b' }, context: 7 });
    const seen = await look({ observe, plan });
    expect(seen).toEqual({
      observation: { ok: true, value: { state: { on: true }, tags: { a: 'b' }, context: 7 } },
      assessment: { ok: true, value: { status: 'manual', message: 'Look.' } },
    });
    expect(asked).toMatchObject([
      { resource: lamp, parameters: {}, purpose: 'decision' },
      { state: { on: true }, context: 7, resource: lamp, parameters: {}, observedAt: NOW },
    ]);
    await look({ observe, plan }, policy, 'verification');
    expect(asked[2]).toMatchObject({ purpose: 'verification' });
  });
  it('has nothing to change for a missing resource', async () => {
    expect(await look({ observe: async () => 'gone' })).toEqual({
      observation: { ok: true, value: 'gone' },
      assessment: { ok: true, value: { status: 'compliant', message: 'The resource is gone.' } },
    });
  });
  it('shows nothing without the policy, which has the parameters', async () => {
    expect(await look({}, { ok: false, error: 'down', retryable: true })).toEqual({
      observation: { ok: false, error: 'the policy, which holds the parameters, could not be read: down', retryable: true },
      assessment: NOT_OBSERVED,
    });
  });
  it.each<[string, unknown, string]>([
    ['did not read the tags', { state: {} }, 'lamp-off did not observe the tags.'],
    [
      'observed a user that cannot be exempt',
      {
        state: {},
        tags: {},
        usedBy: [
          { type: 'AWS::Test::Room', id: 'r', tags: {} },
          { type: 'AWS::Test::House', id: 'h', tags: {} },
        ],
      },
      'lamp-off observed AWS::Test::House, which it does not declare as one of its exceptionTypes.',
    ],
    [
      'observed a part that cannot be exempt',
      { state: {}, tags: {}, parts: [{ type: 'AWS::Test::Bulb', id: 'b', tags: {} }] },
      'lamp-off observed AWS::Test::Bulb, which it does not declare as one of its exceptionTypes.',
    ],
  ])('shows nothing if the remediator %s', async (_name, observed, error) => {
    expect(await look({ observe: async () => observed as never })).toEqual({ observation: { ok: false, error, retryable: false }, assessment: NOT_OBSERVED });
  });
  it('has the state if the remediator fails in its plan', async () => {
    const seen = await look({
      plan: () => {
        throw new Error('a bug');
      },
    });
    expect(seen).toMatchObject({ observation: { ok: true }, assessment: { ok: false, error: 'a bug' } });
  });
  it("may have users and parts under AWS's other name for a declared type", async () => {
    const one = { type: 'AWS::Elasticsearch::Domain', id: 'search', tags: {} };
    const found = { state: {}, tags: {}, usedBy: [one], parts: [{ ...one, subject: 's' }] };
    expect((await look({ exceptionTypes: ['AWS::OpenSearch::Domain'], observe: async () => found } as never)).observation.ok).toBe(true);
  });
  it('may have users of declared types', async () => {
    const usedBy = [{ type: 'AWS::Test::Room', id: 'r', tags: {} }];
    expect((await look({ observe: async () => ({ state: {}, tags: {}, usedBy }) as never })).observation).toMatchObject({ ok: true, value: { usedBy } });
    const none = { ...off };
    delete (none as { exceptionTypes?: unknown }).exceptionTypes;
    expect(
      (await runtime().look({ ...none, observe: async () => ({ state: {}, tags: {}, usedBy }) as never }, lamp, policy, { as: LOOKING, deadline: null }))
        .observation.ok,
    ).toBe(false);
  });
});

describe('the result of a read', () => {
  const seen = (assessment: unknown, value: unknown = { state: {}, tags: {} }) =>
    ({ observation: { ok: true, value }, assessment: { ok: true, value: assessment } }) as unknown as Look;
  const blind = { observation: { ok: false, error: 'down', retryable: true }, assessment: { ok: false, error: 'not observed', retryable: false } } as Look;
  const noPlan = { ...seen(null), assessment: { ok: false, error: 'a bug', retryable: false } } as Look;
  it('shows the progress of a plan if the resource is compliant, or a change is left', () => {
    expect([seen({ status: 'compliant' }), seen({ status: 'change', changes: [] })].map(tells)).toEqual([true, true]);
    const nothing = [seen({ status: 'manual' }), seen({ status: 'not-applicable' }), seen({ status: 'compliant' }, 'gone'), blind, noPlan];
    expect(nothing.map(tells)).toEqual([false, false, false, false, false]);
  });
  it('has the first reason why it shows nothing', () => {
    expect([unread(blind)?.error, unread(noPlan)?.error, unread(seen({ status: 'compliant' }))]).toEqual(['down', 'a bug', null]);
  });
});

describe('the facts of a decision', () => {
  const trigger: Trigger = { by: 'request' };
  const environments = { dev: { accounts: ['222222222222'] }, prod: { accounts: [ACCOUNT], after: { environment: 'dev', fixes: 2, bake: 'P2D' } } };
  const policy = definePolicy({ version: 1, environments, remediators: { 'lamp-off': { prod: 'enforce' } } });
  const standing: Standing = { policy: { ok: true, value: policy }, register: { ok: true, value: defineRegister([]) }, stop: { ok: true, value: 'none' } };
  const gathered = (args: object = {}) =>
    runtime({ policy }).facts({
      remediator: off,
      ref: lamp,
      trigger,
      identity: { ok: true, value: { account: ACCOUNT, arn: 'arn' } },
      standing,
      history: { ok: true, value: emptyView(streamOf(lamp)) },
      track: { ok: true, value: [] },
      seen: { observation: { ok: true, value: 'gone' }, assessment: { ok: true, value: { status: 'compliant' } } },
      changes: 3,
      lastChange: 5,
      ...args,
    });

  it('are those that were read', () => {
    expect(gathered()).toEqual({
      now: NOW,
      trigger,
      resource: lamp,
      remediator: { id: 'lamp-off', version: off.package.version, ceiling: 'enforce', freshWithin: off.freshWithin, settle: off.settle, breadth: off.breadth },
      parameters: digestOf({}),
      lastChange: 5,
      changes: [],
      alsoPlannedBy: new Map(),
      plan: null,
      hazards: [],
      ...standing,
      identity: { ok: true, value: { account: ACCOUNT, arn: 'arn' } },
      observation: { ok: true, value: 'gone' },
      assessment: { ok: true, value: { status: 'compliant' } },
      history: { ok: true, value: emptyView(streamOf(lamp)) },
      track: { ok: true, value: [] },
      run: { changes: 3 },
    });
    const alsoPlannedBy = new Map([['sha256:x', ['narrow']]]);
    expect(gathered({ alsoPlannedBy }).alsoPlannedBy).toBe(alsoPlannedBy);
  });
  it('have no parameters if the policy cannot be read', () => {
    const unread = { ...standing, policy: { ok: false, error: 'down', retryable: true } };
    expect(gathered({ standing: unread })).toMatchObject({ parameters: null, policy: { ok: false } });
  });
  it('have the hazards of manual steps', () => {
    const hazards = [{ code: 'x', effect: 'approve', message: 'm' }];
    const of = (value: unknown) => gathered({ seen: { observation: { ok: true, value: 'gone' }, assessment: { ok: true, value } } }).hazards;
    expect(of({ status: 'manual', message: 'm', hazards })).toEqual(hazards);
    expect(of({ status: 'manual', message: 'm' })).toEqual([]);
    expect(of({ status: 'compliant', hazards })).toEqual([]);
    const noPlan = { observation: { ok: true, value: 'gone' }, assessment: { ok: false, error: 'x', retryable: false } };
    expect(gathered({ seen: noPlan }).hazards).toEqual([]);
  });
  it('that are registered are read separately', async () => {
    expect(await runtime({ policy, exceptions: standing.register.ok ? standing.register.value : defineRegister([]) }).standing()).toEqual(standing);
    const down = { read: () => Promise.reject(new Error('down')) };
    const away = { ok: false, error: 'down', retryable: false };
    expect(await runtime({ policy: down, exceptions: down, killSwitch: down }).standing()).toEqual({ policy: away, register: away, stop: away });
    expect(await runtime({ policy, exceptions: down }).standing()).toMatchObject({ policy: { ok: true }, register: away, stop: { ok: true } });
  });
  it('read the history of a lower environment only if it is needed', async () => {
    const asked: object[] = [];
    const journal = { trackRecord: async (query: object) => (asked.push(query), ['a fix']) } as unknown as Journal;
    const track = (value: Policy, ref = lamp, over: Partial<RedressOptions> = { journal }) => runtime(over).trackRecord({ ok: true, value }, off, ref);
    const none = { ok: true, value: [] };
    const under = (remediators: object) => definePolicy({ version: 1, environments, remediators: remediators as never });
    expect(await track(under({ 'lamp-off': { prod: 'approve' } }))).toEqual(none);
    expect(await track(under({ 'lamp-off': { dev: 'enforce' } }), { ...lamp, account: '222222222222' })).toEqual(none);
    expect(await track(under({}), { ...lamp, account: '333333333333' })).toEqual(none);
    expect(await track(policy, lamp, {})).toEqual(none);
    expect(await runtime({ journal }).trackRecord({ ok: false, error: 'down', retryable: true }, off, lamp)).toEqual(none);
    expect(asked).toEqual([]);
    expect(await track(policy)).toEqual({ ok: true, value: ['a fix'] });
    expect(asked).toEqual([{ remediator: 'lamp-off', accounts: ['222222222222'] }]);
    const away = { trackRecord: () => Promise.reject(new Error('down')) } as unknown as Journal;
    expect(await track(policy, lamp, { journal: away })).toMatchObject({ ok: false, error: 'down' });
  });
  it('are read again under a lease: the time, the policy, the exceptions, the kill switch, and the state', async () => {
    const stop = { read: async () => 'changes' as const };
    const engine = runtime({ policy, killSwitch: stop });
    now = NOW + 7;
    const given = facts();
    expect(await engine.refreshed(given, { ok: true, value: 'gone' })).toEqual({
      ...given,
      now: NOW + 7,
      policy: { ok: true, value: policy },
      register: { ok: true, value: expect.objectContaining({ entries: [] }) },
      stop: { ok: true, value: 'changes' },
      observation: { ok: true, value: 'gone' },
    });
  });
  it('decide by what an event shows', () => {
    const codes = (shown: Parameters<Runtime['decide']>[1], over: Partial<Facts> = {}) =>
      runtime()
        .decide(facts(over), shown)
        .results.flatMap(({ guardrail, code }) => (guardrail === 'freshness' ? [code] : []));
    expect([codes('all'), codes(new Set(['tcp 22-22 0.0.0.0/0'])), codes('nothing'), codes(new Set(['other']))]).toEqual([
      ['fresh'],
      ['fresh'],
      ['not-fresh'],
      ['not-fresh'],
    ]);
    const { subject: _, ...whole } = facts().changes[0] as Facts['changes'][number];
    expect([codes('all', { changes: [whole] }), codes(new Set(['other']), { changes: [whole] })]).toEqual([['fresh'], ['not-fresh']]);
  });
});

it('another resource begins with 35 seconds left, or without a deadline', () => {
  const clock = { now: () => NOW, sleep: async () => undefined };
  expect([null, NOW + 35_000, NOW + 34_999].map((deadline) => timeLeft({ clock }, deadline))).toEqual([true, true, false]);
});

it('parameters come only from the policy', () => {
  const given: unknown[] = [];
  const reading = (id: string): Remediator => ({ ...off, id, parameters: (input) => (given.push(input), {}) });
  const policy = definePolicy({ version: 1, remediators: { 'lamp-off': { parameters: { a: 1 } } } });
  for (const id of ['lamp-off', 'other', 'constructor']) parametersOf(policy, reading(id));
  expect(given).toEqual([{ a: 1 }, undefined, undefined]);
});

it('budgets are shared by all workers, and separate for each key and for what a sweep finds', () => {
  const policy = definePolicy({
    version: 1,
    limits: [
      { per: ['remediator', 'account'], changes: 2, window: 'PT1H' },
      { per: ['run'], changes: 1 },
      { per: ['region'], changes: 5, window: 'P1D' },
    ],
  });
  expect(budgetsOf(policy, 'lamp-off', group, { by: 'request' })).toEqual([
    { key: `account=${ACCOUNT},remediator=lamp-off,for=events`, changes: 2, window: 3_600_000 },
    { key: 'region=us-east-1,for=events', changes: 5, window: 86_400_000 },
  ]);
  expect(budgetsOf(policy, 'lamp-off', group, { by: 'sweep' }).map(({ key }) => key)).toEqual([
    `account=${ACCOUNT},remediator=lamp-off,for=backlog`,
    'region=us-east-1,for=backlog',
  ]);
});
