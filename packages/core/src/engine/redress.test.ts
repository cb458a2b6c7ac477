import { describe, expect, it } from 'vitest';
import { ACCOUNT, apiCallFinding } from '../internal/testing/facts.js';
import type { Approval, Journal } from '../journal.js';
import { RedressError } from '../model/errors.js';
import { resource } from '../model/resource.js';
import { definePolicy } from '../policy/policy.js';
import type { ConfigRule } from '../ports.js';
import { defineRemediator, type Remediator } from '../remediator/define.js';
import { createRedress, gapOf } from './redress.js';
import type { PassResult, RedressOptions } from './types.js';

const NOW = Date.parse('2026-11-24T10:00:00Z');
const LAMP = 'AWS::Test::Lamp';
const lamp = resource({ type: LAMP, id: 'l-1', account: ACCOUNT, region: 'us-east-1' });
const remediator = (id: string, over: Partial<Remediator> = {}): Remediator => ({
  ...defineRemediator({
    id,
    title: 'Lamps off',
    resourceTypes: [LAMP],
    controls: [],
    triggers: { apiCalls: { 'lamp:SwitchOn': ({ request }) => [{ id: String(request?.['id']) }] }, configRules: ['LAMP_OFF'] },
    ceiling: 'enforce',
    blindSpots: [],
    uses: { reads: [], writes: [], undoes: [] },
    observe: async () => ({ state: {}, tags: {} }),
    plan: () => ({ status: 'compliant' }),
  }),
  ...over,
});
const engine = (over: Partial<RedressOptions> = {}) =>
  createRedress({
    remediators: [remediator('lamp-off')],
    policy: definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } } }),
    connect: async ({ account }) => ({ config: {}, identity: async () => ({ account, arn: `arn:aws:sts::${account}:assumed-role/Redress/x` }) }),
    clock: { now: () => NOW, sleep: async () => undefined },
    ...over,
  });

describe('what is still open', () => {
  const pass = (over: Partial<PassResult>) => ({ remediator: 'lamp-off', outcome: 'no-op', message: 'm', plan: null, open: [], ...over }) as PassResult;
  it.each<[string, Partial<PassResult>[], { closed: boolean; open: string[] }]>([
    ['nothing, if it was closed or did not exist', [{ outcome: 'remediated', plan: {} as never }, {}], { closed: true, open: [] }],
    ['unknown, without a pass', [], { closed: false, open: [] }],
    ['what one of the passes could not do', [{}, { outcome: 'denied' }], { closed: false, open: ['lamp-off: denied: m'] }],
    ['what another worker is about to do', [{ plan: {} as never }], { closed: false, open: ['lamp-off: no-op: m'] }],
    ['what was flagged', [{ outcome: 'flagged', open: ['a', 'b'] }, {}], { closed: false, open: ['a', 'b'] }],
    ['what is left of what was closed', [{ outcome: 'remediated', open: ['a'] }], { closed: false, open: ['a'] }],
    [
      'each of them once',
      [{ outcome: 'denied' }, { outcome: 'denied' }, { outcome: 'unknown', open: ['a'] }, { open: ['a'] }],
      { closed: false, open: ['lamp-off: denied: m', 'a'] },
    ],
  ])('%s', (_name, passes, expected) => {
    expect(gapOf(passes.map(pass))).toEqual(expected);
  });
});

describe('the remediators of a resource', () => {
  it('are those of its type, narrow before wide', async () => {
    const remediators = [
      remediator('lamp-wide', { breadth: 9 }),
      remediator('lamp-other', { resourceTypes: ['AWS::Test::Fan'] }),
      remediator('lamp-narrow', { breadth: 1 }),
    ];
    const passes = await engine({ remediators }).run(lamp, { dryRun: true });
    expect(passes.map((each) => each.remediator)).toEqual(['lamp-narrow', 'lamp-wide']);
    expect((await engine({ remediators }).plan('lamp-wide', lamp)).map((each) => each.remediator)).toEqual(['lamp-wide']);
    await expect(engine({ remediators }).run({ ...lamp, type: 'AWS::Test::Door' }, { dryRun: true })).rejects.toMatchObject({
      code: 'compose/invalid',
      message: 'No remediator handles resources of type AWS::Test::Door.',
    });
    await expect(engine().plan('other', lamp)).rejects.toMatchObject({ code: 'compose/invalid' });
    await expect(engine().run({ ...lamp, account: '1' }, { dryRun: true })).rejects.toBeInstanceOf(RedressError);
  });
});

describe('the pending approvals', () => {
  it('are those that can still be used', async () => {
    const request = (id: string, over: object = {}) => ({ id, usedBy: null, expires: NOW + 1, ...over }) as unknown as Approval;
    const journal = { approvals: async () => [request('a-1'), request('a-2', { expires: NOW }), request('a-3', { usedBy: 'x-1' })] } as unknown as Journal;
    expect((await engine({ journal }).approvals()).map(({ id }) => id)).toEqual(['a-1']);
    await expect(engine().approvals()).rejects.toMatchObject({ code: 'compose/invalid', message: expect.stringMatching(/^An approval needs/) });
  });
});

describe('a Config rule with an unknown name', () => {
  const finding = apiCallFinding({
    kind: 'config-compliance-change',
    call: null,
    configRule: 'acme',
    resources: [{ type: LAMP, id: 'l-1' }],
    state: 'NON_COMPLIANT',
    previousState: 'COMPLIANT',
  });
  const asking = (answer: () => Promise<ConfigRule | null>) => {
    let asked = 0;
    const read = () => {
      asked++;
      return answer();
    };
    const run = async (given = finding, over: Partial<RedressOptions> = {}) => {
      const passes = await engine({ configRules: { reads: [], read }, ...over }).run(given, { dryRun: true });
      return [asked, passes.map((each) => each.remediator)];
    };
    return run;
  };
  const is = (identifier: string | null) => async () => ({ name: 'acme', identifier, parameters: {} }) as ConfigRule;
  it('is looked up, and leads to the remediators of its identifier', async () => {
    expect(await asking(is('LAMP_OFF'))()).toEqual([1, ['lamp-off']]);
    expect(await asking(is('LAMP_OFF'))({ ...finding, disposition: 'resolved', state: 'COMPLIANT', previousState: 'NON_COMPLIANT' })).toEqual([1, []]);
    expect(await asking(is('LAMP_DIM'))()).toEqual([1, []]);
    expect(await asking(is(null))()).toEqual([1, []]);
    expect(await asking(async () => null)()).toEqual([1, []]);
    expect(await asking(() => Promise.reject(new Error('down')))()).toEqual([1, []]);
  });
  it.each<[string, typeof finding, Partial<RedressOptions>]>([
    ['its name identifies a remediator', { ...finding, configRule: 'lamp-off' }, {}],
    ['it has no name', { ...finding, configRule: null }, {}],
    ['there is nothing to remediate', { ...finding, disposition: 'informational' as never }, {}],
    ['no remediator handles the type', { ...finding, resources: [{ type: 'AWS::Test::Door', id: 'd' }] }, {}],
  ])('is not looked up if %s', async (_name, given, over) => {
    expect((await asking(is('LAMP_OFF'))(given, over))[0]).toBe(0);
  });
  it('is not looked up if the policy says what it is', async () => {
    const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, configRules: { acme: 'LAMP_DIM' } });
    const dim = remediator('fan-dim', { resourceTypes: ['AWS::Test::Fan'], configRules: ['LAMP_DIM'] });
    expect(await asking(is('LAMP_OFF'))(finding, { policy, remediators: [remediator('lamp-off'), dim] })).toEqual([0, []]);
  });
});
