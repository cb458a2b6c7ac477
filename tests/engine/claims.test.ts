import {
  type Claim,
  type ConfigRuleReader,
  createRedress,
  definePolicy,
  defineRegister,
  type Journal,
  type Notification,
  RedressError,
  type RedressOptions,
  type Remediator,
  type ResourceRef,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { configComplianceEvent } from '@redress/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordsOf } from '../support/journal.js';
import { openedEvent, revokeOpenRules, Widgets, widget, widgetService } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
const MINUTE = 60_000;

const clock = {
  time: START,
  now: () => clock.time,
  sleep: async (milliseconds: number) => {
    clock.time += milliseconds;
  },
};

let aws: Widgets;
let journal: Journal;
let told: Notification[];

function redress(over: Partial<RedressOptions> = {}) {
  const remediators = over.remediators ?? [revokeOpenRules];
  return createRedress({
    remediators,
    policy: definePolicy({
      version: 1,
      environments: { dev: { accounts: [ACCOUNT] } },
      remediators: Object.fromEntries(remediators.map(({ id }) => [id, { dev: 'enforce' }])),
    }),
    journal,
    connect: aws.connect,
    clock,
    notify: async (each) => void told.push(each),
    ...over,
  });
}

beforeEach(() => {
  clock.time = START;
  aws = new Widgets();
  journal = memoryJournal({ clock });
  told = [];
});

describe('a transition that AWS Config reports', () => {
  const reported = (resource: ResourceRef, previousTime: number) =>
    configComplianceEvent({ resource, rule: 'widget-open', time: new Date(START - MINUTE), previousTime: new Date(previousTime) });

  it.each([
    ['the recorder was off for twenty days', 20 * 24 * 60 * MINUTE],
    ['it records daily', 24 * 60 * MINUTE],
    ['its previous record is a minute too old', 31 * MINUTE],
  ])('does not prove that the gap is new if %s: it needs an approval', async (_name, before) => {
    aws.put('w1', ['open-1']);
    const { results } = await redress().handle(reported(widget('w1'), START - before));
    expect(results[0]?.passes).toMatchObject([{ outcome: 'awaiting-approval' }]);
    expect(results[0]?.passes[0]?.decision?.results.find((each) => each.guardrail === 'freshness')).toMatchObject({ effect: 'approve', code: 'not-fresh' });
    expect(aws.rules('w1')).toEqual(['open-1']);
    expect(aws.writes).toEqual([]);
  });

  it('between two records of the last minutes is fixed at once', async () => {
    aws.put('w1', ['open-1']);
    const { results } = await redress().handle(reported(widget('w1'), START - 10 * MINUTE));
    expect(results[0]?.passes).toMatchObject([{ outcome: 'remediated' }]);
    expect(aws.rules('w1')).toEqual([]);
  });
});

describe('a source that reports a failure of a resource that seems compliant', () => {
  const claimed = (over: Partial<Parameters<typeof configComplianceEvent>[0]> = {}) =>
    configComplianceEvent({ resource: widget('w1'), rule: 'widget-open', previous: null, time: new Date(clock.time), ...over });
  const judging = (judge: NonNullable<Remediator['judge']>): Remediator => ({ ...revokeOpenRules, judge });
  const handle = async (remediator: Remediator, event: object = claimed(), over: Partial<RedressOptions> = {}) =>
    (await redress({ remediators: [remediator], ...over }).handle(event)).results[0];
  const half = judging(() => null);
  const message =
    'Contradicted: open at the source, because the Config rule widget-open checks more than its remediators do, or the gap has been closed since: widget-revoke-open: There is nothing to change.';

  beforeEach(() => aws.put('w1', ['closed-1']));

  it('is contradicted if no remediator judges it completely: people are notified, and the gap stays open', async () => {
    const result = await handle(half);
    expect(result?.passes).toMatchObject([{ outcome: 'no-op' }, { outcome: 'notified', message, remediator: 'widget-revoke-open', plan: null }]);
    expect(result?.gap).toEqual({ closed: false, open: [expect.stringContaining('checks more than its remediators do')] });
    expect(told).toMatchObject([{ outcome: 'notified', message, reasons: [{ code: 'contradicted' }] }]);
    const [, contradicted] = await recordsOf(journal);
    expect(contradicted?.record).toMatchObject({ kind: 'decision', body: { outcome: 'notified', message, effect: 'notify', policy: expect.any(String) } });
  });

  it('is notified once, and open each time; notified again if something was changed in between', async () => {
    await handle(half);
    clock.time += 3_600_000;
    const again = await handle(half);
    expect(again?.gap.closed).toBe(false);
    expect(again?.passes).toMatchObject([{ outcome: 'no-op' }, { outcome: 'notified', record: null }]);
    expect(told).toHaveLength(1);
    aws.put('w1', ['open-1']);
    const fresh = { resource: widget('w1'), rule: 'widget-open', time: new Date(clock.time - MINUTE) };
    expect((await handle(half, configComplianceEvent(fresh)))?.passes).toMatchObject([{ outcome: 'remediated' }]);
    clock.time += 3_600_000;
    expect((await handle(half))?.passes.at(-1)).toMatchObject({ outcome: 'notified', record: { seq: expect.any(Number) } });
  });

  it('says what is open if a remediator can judge it, even after its own change', async () => {
    const judged = judging(() => ['port 3306 is open', 'port 3306 is open']);
    const open = { outcome: 'notified', message: 'Contradicted: open at the source, because port 3306 is open', open: ['port 3306 is open'] };
    expect((await handle(judged))?.passes[1]).toMatchObject(open);
    aws.put('w1', ['open-1', 'closed-1']);
    const result = await handle(judged, configComplianceEvent({ resource: widget('w1'), rule: 'widget-open', time: new Date(clock.time - MINUTE) }));
    expect(result?.passes).toMatchObject([{ outcome: 'remediated' }, open]);
    expect(result?.gap).toEqual({ closed: false, open: ['port 3306 is open'] });
  });

  it('is closed if one remediator judges it completely, or none can judge it', async () => {
    for (const remediators of [[judging(() => [])], [half, { ...revokeOpenRules, id: 'widget-second', breadth: 5, judge: () => [] }], [revokeOpenRules]])
      expect((await redress({ remediators }).handle(claimed())).results[0]?.gap.closed).toBe(true);
    expect(told).toEqual([]);
  });

  it('is not reported if a remediator finds something open: people are notified of that', async () => {
    const asking: Remediator = { ...revokeOpenRules, id: 'widget-second', breadth: 5, plan: () => ({ status: 'manual', message: 'A person looks.' }) };
    for (const remediators of [
      [half, asking],
      [asking, half],
    ]) {
      const passes = (await redress({ remediators }).handle(claimed({ time: new Date((clock.time += 1000)) }))).results[0]?.passes;
      expect(passes?.map((each) => [each.remediator, each.outcome])).toEqual([
        ['widget-revoke-open', 'no-op'],
        ['widget-second', 'notified'],
      ]);
    }
    // Asked in another order it is the same gap, of which they know.
    expect(told.map((each) => each.message)).toEqual(['A person looks.']);
  });

  it('is closed if the resource is gone, or an execution has closed it', async () => {
    expect((await handle(half, claimed({ resource: widget('w0') })))?.gap.closed).toBe(true);
    aws.put('w1', ['open-1']);
    await handle(half, configComplianceEvent({ resource: widget('w1'), rule: 'widget-open', time: new Date(clock.time - MINUTE) }));
    expect((await handle(half, claimed({ time: new Date(START - MINUTE) })))?.passes).toMatchObject([{ outcome: 'no-op', duplicate: true }]);
    expect(told.filter((each) => each.outcome === 'notified')).toEqual([]);
  });

  it('notifies nobody of what is exempt or switched off, and no dry run records or notifies', async () => {
    const exceptions = defineRegister([
      { id: 'EXC-1', scope: { account: ACCOUNT, resource: 'w1' }, reason: 'vendor', owner: 'payments', approver: 'security', expires: '2026-12-31T00:00:00Z' },
    ]);
    expect((await handle(half, claimed(), { exceptions }))?.passes).toHaveLength(1);
    const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'off' } } });
    expect((await handle(half, claimed(), { policy }))?.passes).toHaveLength(1);
    const before = (await recordsOf(journal)).length;
    const dry = (await redress({ remediators: [half] }).handle(claimed(), { dryRun: true })).results[0];
    expect(dry?.passes[1]).toMatchObject({ outcome: 'notified', message });
    expect(await recordsOf(journal)).toHaveLength(before);
    expect(told).toEqual([]);
  });

  it('is judged by the rule and its parameters', async () => {
    const claims: Claim[] = [];
    const spy = judging(({ claim }) => (claims.push(claim), []));
    const read: string[] = [];
    const configRules: ConfigRuleReader = {
      reads: [widgetService.pick('DescribeWidgets')],
      read: async ({ name }) => (read.push(name), { name, identifier: 'WIDGET_OPEN', parameters: { blockedPort1: '3306' } }),
    };
    const engine = redress({ remediators: [spy], configRules });
    await engine.handle(claimed());
    await engine.handle(claimed({ resource: widget('w1'), time: new Date(clock.time + 1000) }));
    expect(claims[0]).toMatchObject({ configRule: 'widget-open', parameters: { blockedPort1: '3306' }, controls: [], observedAt: START });
    expect([claims[0]?.isRule('WIDGET_OPEN'), claims[0]?.isRule('widget-open'), claims[0]?.isRule('other')]).toEqual([true, true, false]);
    expect(read).toEqual(['widget-open']);
    const broken = { ...configRules, read: async () => Promise.reject(new RedressError('aws/denied', 'config:DescribeConfigRules: no')) };
    const result = await handle(half, claimed(), { configRules: broken });
    expect(result?.passes[1]?.message).toContain('The parameters of the rule could not be read: config:DescribeConfigRules: no');
  });
});

describe('a Config rule with a name of its own', () => {
  const identified = (identifier: string | null): ConfigRuleReader & { readonly asked: string[] } => {
    const asked: string[] = [];
    return { asked, reads: [widgetService.pick('DescribeWidgets')], read: async ({ name }) => (asked.push(name), { name, identifier, parameters: {} }) };
  };
  const reported = (rule: string) => configComplianceEvent({ resource: widget('w1'), rule, time: new Date(clock.time - MINUTE) });
  const managed: Remediator = { ...revokeOpenRules, configRules: ['WIDGET_OPEN'], showsNew: ['WIDGET_OPEN'] };
  const ask = async (rule: string, over: Partial<RedressOptions> = {}) =>
    (await redress({ remediators: [managed], ...over }).handle(reported(rule))).results[0];

  beforeEach(() => aws.put('w1', ['open-1']));

  it('is identified by its source, if that can be read', async () => {
    const configRules = identified('WIDGET_OPEN');
    expect((await ask('acme-baseline-7F3K2', { configRules }))?.passes).toMatchObject([{ outcome: 'remediated' }]);
    expect(configRules.asked).toEqual(['acme-baseline-7F3K2']);
  });

  it('is known by a pattern of the policy, which takes precedence over what is read', async () => {
    const policyWith = (configRules: Readonly<Record<string, string>>) =>
      definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-revoke-open': { dev: 'enforce' } }, configRules });
    const policy = policyWith({ 'acme-*-open-*': 'WIDGET_OPEN' });
    expect((await ask('acme-eu-open-1', { policy }))?.passes).toMatchObject([{ outcome: 'remediated' }]);
    aws.put('w1', ['open-1']);
    const other = policyWith({ 'acme-*': 'WIDGET_CLOSED' });
    const closed: Remediator = { ...managed, id: 'widget-second', configRules: ['WIDGET_CLOSED'], showsNew: [] };
    const result = await ask('acme-eu-open-1', { remediators: [managed, closed], policy: other, configRules: identified('WIDGET_OPEN') });
    expect(result?.passes.map((each) => each.remediator)).toEqual(['widget-second']);
    expect(aws.rules('w1')).toEqual(['open-1']);
  });

  it('names the rule without a remediator, why, and what to add to the policy', async () => {
    const why =
      'No remediator handles the Config rule acme-x: what it checks is not known. If it is one of WIDGET_OPEN, add to the policy: configRules: { "acme-x": WIDGET_OPEN }; a `*` in the name is any text.';
    expect(await ask('acme-x')).toMatchObject({ passes: [], reason: why });
    const configRules = { ...identified(null), read: async () => Promise.reject(new RedressError('aws/denied', 'no')) };
    expect(await ask('acme-x', { configRules })).toMatchObject({ passes: [], reason: `${why} What the rule is could not be read: no` });
    expect((await ask('acme-x', { configRules: identified('WIDGET_CLOSED') }))?.reason).toBe(
      'No remediator handles the Config rule acme-x: it is WIDGET_CLOSED, which none of them covers.',
    );
  });
});

describe('a call whose record omits its parameters', () => {
  const left = (requestParameters: unknown, at = clock.time - 61_000) => {
    const event = openedEvent('w1', 'open-1', at) as { detail: Record<string, unknown> };
    return { ...event, detail: { ...event.detail, requestParameters, responseElements: null } };
  };
  const handle = async (event: object, over: Partial<RedressOptions> = {}, run = {}) => (await redress(over).handle(event, run)).results[0];
  const sweeps = async () => (await recordsOf(journal)).filter(({ record }) => record.kind === 'sweep').length;

  beforeEach(() => {
    aws.put('w1', ['open-1']);
    aws.put('w2', ['closed-1']);
  });

  it.each([null, { omitted: true, originalSize: 125_000, reason: 'The request is too large.' }])(
    '%j: a sweep of its type looks for the gap, which does not count as new',
    async (request) => {
      const result = await handle(left(request));
      expect(result).toMatchObject({
        passes: [{ resource: { id: 'w1' }, outcome: 'awaiting-approval' }],
        retryable: false,
        reason: 'The record of widget:AuthorizeRule leaves out what it was about: a sweep of widget-revoke-open in us-east-1 looked for it, at 2.',
      });
      expect(aws.rules('w1')).toEqual(['open-1']);
    },
  );

  it('a hundred of them cause one sweep; what was created since the last one waits until its type may be swept again', async () => {
    for (let n = 0; n < 100; n++) expect((await handle(left(null, START - 61_000)))?.retryable).toBe(false);
    expect(await sweeps()).toBe(1);
    clock.time = START + 30_000;
    const calls = aws.calls.length;
    const early = await handle(left(null, START + 10_000));
    expect(early).toMatchObject({ retryable: true, passes: [], reason: expect.stringContaining('looks for it after 2026-11-24T10:01:10.000Z.') });
    expect(aws.calls).toHaveLength(calls);
    clock.time = START + 70_000;
    expect((await handle(left(null, START + 10_000)))?.retryable).toBe(false);
    expect(await sweeps()).toBe(2);
  });

  it('is only reported in a dry run; other, failed and replayed calls with omissions start no sweep', async () => {
    expect(await handle(left(null), {}, { dryRun: true })).toMatchObject({ passes: [], reason: expect.stringContaining('would look for it') });
    const other = left(null) as { detail: object };
    await handle({ ...other, detail: { ...other.detail, eventName: 'PutNote' } });
    await handle({ ...other, detail: { ...other.detail, errorCode: 'AccessDenied' } });
    await handle({ ...other, 'replay-name': 'again' });
    expect((await handle(left({ id: 'w9' })))?.passes).toMatchObject([{ resource: { id: 'w9' } }]);
    expect(await sweeps()).toBe(0);
  });

  it('is retried until its sweep completes', async () => {
    const deadline = { deadline: clock.time + 34_999 };
    const result = await handle(left(null), {}, deadline);
    expect(result?.retryable).toBe(true);
    expect((await handle({ ...left(null, START - 61_000) }))?.reason).toContain('looks for it after');
    clock.time += 60_000;
    for (let n = 0; n < 3 && (await handle(left(null, START - 61_000)))?.retryable === true; n++) clock.time += 61_000;
    expect((await handle(left(null, START - 61_000)))?.reason).toContain('has looked for it');
  });
});
