// When a source that says failing, and looks that say fine, contradict each other.
import { describe, expect, it } from 'vitest';
import type { Decision } from '../guardrails/guardrail.js';
import { known, unreadable } from '../guardrails/guardrail.js';
import { ACCOUNT, apiCallFinding, facts, group, NOW } from '../internal/testing/facts.js';
import { emptyView } from '../journal.js';
import type { Finding } from '../model/finding.js';
import { digestOf } from '../model/json.js';
import { streamOf } from '../model/resource.js';
import type { Claim, Remediator } from '../remediator/define.js';
import { contradiction } from './contradiction.js';
import type { SharedReads } from './gate.js';
import type { Runtime } from './runtime.js';
import type { PassResult, RunOptions } from './types.js';

const finding = (over: Partial<Finding> = {}): Finding =>
  apiCallFinding({ kind: 'config-compliance-change', configRule: 'ssh-closed', state: 'NON_COMPLIANT', call: null, ...over });
const pass = (over: Partial<PassResult> = {}): PassResult =>
  ({
    remediator: 'r',
    resource: group,
    outcome: 'no-op',
    execution: null,
    plan: null,
    open: [],
    decision: null,
    message: 'Nothing to change.',
    ...over,
  }) as PassResult;
const decided = (effect: Decision['effect'], ...guardrails: string[]): Decision => ({
  effect,
  results: guardrails.map((guardrail) => ({ guardrail, effect, code: 'c', message: 'm' })),
});
type Answer = readonly string[] | null;

interface World {
  readonly answer?: Answer;
  readonly looks?: readonly { readonly remediator: Remediator; readonly passes: readonly PassResult[] }[];
  readonly finding?: Finding;
  readonly run?: RunOptions;
  readonly seen?: unknown;
  readonly records?: readonly object[];
  readonly policy?: unknown;
}
const judging = (answer: Answer, id = 'r', over: object = {}): Remediator =>
  ({
    id,
    version: '1',
    breadth: 0,
    ceiling: 'enforce',
    resourceTypes: [group.type],
    freshWithin: null,
    parameters: () => ({}),
    judge: () => answer,
    ...over,
  }) as unknown as Remediator;

/** What comes of it, and what is recorded. */
async function come(world: World = {}) {
  const { answer = null, records = [] } = world;
  const appended: { readonly body: Record<string, unknown> }[] = [];
  const asked: unknown[] = [];
  const journal = {
    view: async () => emptyView(streamOf(group)),
    read: async function* () {
      for (const [at, record] of records.entries()) yield { record: { seq: at + 1, body: {}, ...record } };
    },
    append: async (entry: { readonly body: Record<string, unknown> }) => (appended.push(entry), { seq: 99 }),
  };
  const { policy, register, stop } = facts();
  const standing = { policy: world.policy ?? policy, register, stop };
  const runtime = {
    clock: { now: () => NOW },
    notify: null,
    journal,
    needJournal: () => journal,
    standing: async () => standing,
    configRule: async (_finding: Finding, deadline: number | null) => (asked.push(deadline), known(null)),
    look: async () => ({ observation: world.seen ?? known({ state: {}, tags: {} }), assessment: known({ status: 'compliant' }) }),
    identity: async () => ({ account: ACCOUNT, arn: 'arn' }),
    trackRecord: async () => known([]),
    facts: () => facts(),
  } as unknown as Runtime;
  const looks = world.looks ?? [{ remediator: judging(answer), passes: [pass()] }];
  const result = await contradiction(runtime, world.finding ?? finding(), looks, {} as SharedReads, world.run ?? {});
  return { result, appended, asked };
}
const result = async (world: World = {}) => (await come(world)).result;
const WHY = 'the Config rule ssh-closed checks more than its remediators do, or the gap has been closed since: r: Nothing to change.';

describe('a source that reports a failure', () => {
  it('is contradicted by passes that find nothing, if no remediator judges it completely', async () => {
    const { result: found, appended, asked } = await come();
    expect(found).toMatchObject({ outcome: 'notified', message: `Contradicted: open at the source, because ${WHY}`, open: [WHY], remediator: 'r' });
    expect(found?.decision).toEqual({ effect: 'notify', results: [{ guardrail: 'claim', effect: 'notify', code: 'contradicted', message: found?.message }] });
    expect(appended).toMatchObject([{ kind: 'decision', resource: group, body: { outcome: 'notified', contradicts: digestOf([WHY]) } }]);
    expect(asked).toEqual([null]);
    expect((await come({ run: { deadline: 77 } })).asked).toEqual([77]);
  });
  it('lists what is open if it is judged, each gap once', async () => {
    const looks = [['a', 'b'], ['b'], null].map((answer, at) => ({ remediator: judging(answer, `r${at}`), passes: [pass()] }));
    expect(await result({ looks })).toMatchObject({ open: ['a', 'b'], remediator: 'r0' });
  });
  it('is contradicted by the last result of each remediator', async () => {
    const looks = [{ remediator: judging(null), passes: [pass({ outcome: 'remediated', message: 'Closed.' }), pass({ message: 'Nothing is left.' })] }];
    expect((await result({ looks }))?.open).toEqual([WHY.replace('r: Nothing to change.', 'r: Nothing is left.')]);
  });
  it('keeps what was allowed, and not what was refused', async () => {
    const decision = { effect: 'deny', results: [...decided('allow', 'mode').results, ...decided('deny', 'freeze').results] } as Decision;
    const looks = [{ remediator: judging(['open']), passes: [pass({ decision })] }];
    expect((await result({ looks }))?.decision?.results.map(({ guardrail }) => guardrail)).toEqual(['mode', 'claim']);
  });
  it.each<[string, Partial<Finding>, string]>([
    ['by the remediators of its controls', { configRule: null, controls: ['EC2.13', 'EC2.14'] }, 'the control EC2.13, EC2.14 checks'],
    ['or as itself', { configRule: null, controls: [] }, 'it checks'],
  ])('is referred to %s', async (_what, over, start) => {
    expect((await result({ finding: finding(over) }))?.open[0]).toContain(start);
  });
});

describe('a source is not contradicted', () => {
  it.each<[string, World]>([
    ['if no remediator judges it', { looks: [{ remediator: judging(null, 'r', { judge: undefined }), passes: [pass()] }] }],
    ['by something other than a claim', { finding: finding({ disposition: 'resolved' as Finding['disposition'] }) }],
    ['by a call, which reports what was done', { finding: apiCallFinding() }],
    ['if nothing was read', { looks: [{ remediator: judging(null), passes: [] }] }],
    ['if it is judged completely', { answer: [] }],
    ['if one remediator has judged it completely', { looks: [null, []].map((answer) => ({ remediator: judging(answer), passes: [pass()] })) }],
    ['if an execution has just closed it', { looks: [{ remediator: judging(null), passes: [pass({ outcome: 'remediated', execution: 'x-1' })] }] }],
    ['by a request of Config', { finding: finding({ kind: 'config-remediation' }) }],
    ['if the resource is gone', { seen: known('gone'), answer: ['open'] }],
    ['if it cannot be read', { seen: unreadable('no'), answer: ['open'] }],
    ['if the policy cannot be read', { policy: unreadable('no'), answer: ['open'] }],
  ])('%s', async (_what, world) => {
    expect(await come(world)).toMatchObject({ result: null, appended: [] });
  });
  it.each<[string, Partial<PassResult>]>([
    ['has something open', { open: ['port 22'] }],
    ['was planned', { plan: {} as PassResult['plan'] }],
    ['was notified of', { outcome: 'notified' }],
    ['failed', { outcome: 'failed' }],
    ['is exempt', { decision: decided('exempt', 'exceptions') }],
    ['is switched off', { decision: decided('deny', 'mode') }],
    ['may not be caused by this event', { decision: decided('deny', 'freeze', 'authenticity') }],
  ])('if one of its passes %s', async (_what, over) => {
    const looks = [{ remediator: judging(['open']), passes: [pass(), pass(over)] }];
    expect(await result({ looks })).toBeNull();
    expect(await result({ looks: [...looks, { remediator: judging(['open'], 'second'), passes: [pass()] }] })).toBeNull();
  });
  it.each<[string, Decision | null]>([
    ['was not decided on', null],
    ['is allowed', decided('allow', 'mode')],
    ['would need an approval', decided('approve', 'mode')],
    ['would be notified', decided('notify', 'mode')],
    ...['settling', 'kill-switch', 'limits', 'circuit-breaker', 'freeze', 'windows'].map(
      (each) => [`is held back by ${each}`, decided('deny', each)] as [string, Decision],
    ),
  ])('if a pass %s', async (_what, decision) => {
    expect(await result({ looks: [{ remediator: judging(['open']), passes: [pass({ decision })] }] })).toMatchObject({ outcome: 'notified' });
  });
  it.each<Finding['kind']>([
    'config-compliance-change',
    'config-compliance-detail',
    'config-remediation',
    'finding-imported',
    'finding-imported-v2',
    'finding-custom-action',
  ])('by a %s, which reports a failure', async (kind) => {
    expect(await result({ answer: ['open'], finding: finding({ kind }) })).toMatchObject({ outcome: 'notified' });
  });
});

describe('the claim of a source', () => {
  it('is its rule, with the configured parameters or those of the finding', async () => {
    const claims: Claim[] = [];
    const remediator = judging(null, 'r', { judge: ({ claim }: { claim: Claim }) => (claims.push(claim), ['open']) });
    const looks = [{ remediator, passes: [pass()] }];
    await come({ looks, finding: finding({ extra: { controlParameters: { port: '22' } } }) });
    await come({ looks, finding: finding({ extra: { controlParameters: 'x' }, configRule: null }) });
    expect(claims).toMatchObject([
      { configRule: 'ssh-closed', parameters: { port: '22' }, observedAt: NOW },
      { configRule: null, parameters: null },
    ]);
    expect([claims[0]?.isRule('ssh-closed'), claims[0]?.isRule('other'), claims[1]?.isRule('ssh-closed')]).toEqual([true, false, false]);
  });
});

describe('a contradiction is notified', () => {
  const contradicts = digestOf([WHY]);
  const said = { kind: 'decision', body: { contradicts } };
  const notice = (of: number, status: string) => ({ kind: 'notice', body: { notice: { of, status } } });
  const recorded = async (...records: object[]) => (await come({ records })).appended.length;

  it('once for the same reasons', async () => {
    expect(await recorded()).toBe(1);
    expect(await recorded(said)).toBe(0);
    expect(await recorded({ kind: 'decision', body: { contradicts: digestOf(['other']) } })).toBe(1);
    expect(await recorded({ kind: 'approval', body: { contradicts } })).toBe(1);
  });
  it('again if something has changed since', async () => {
    expect(await recorded(said, { kind: 'outcome' })).toBe(1);
    expect(await recorded({ kind: 'outcome' }, said)).toBe(0);
  });
  it('again if they could not be notified, but not if that was another notice', async () => {
    expect(await recorded(said, notice(1, 'not-delivered'))).toBe(1);
    expect(await recorded(said, notice(1, 'not-delivered'), notice(1, 'delivered'))).toBe(0);
    expect(await recorded(said, notice(7, 'not-delivered'))).toBe(0);
    expect(await recorded(said, { kind: 'notice', body: {} })).toBe(0);
    expect(await recorded(said, { ...notice(1, 'not-delivered'), kind: 'duplicate' })).toBe(0);
    // Of the first record, which was of something else.
    expect(await recorded({ kind: 'decision' }, notice(1, 'delivered'))).toBe(1);
  });
  it('not at all in a dry run, which shows what would be sent', async () => {
    expect(await come({ run: { dryRun: true } })).toMatchObject({ result: { outcome: 'notified', record: null }, appended: [] });
  });
});
