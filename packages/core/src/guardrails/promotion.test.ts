import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { facts, group, NOW } from '../internal/testing/facts.js';
import type { TrackedExecution } from '../journal.js';
import { digestOf } from '../model/json.js';
import { resource } from '../model/resource.js';
import { definePolicy } from '../policy/policy.js';
import { known, unreadable } from './guardrail.js';
import { distinctFixes, promotion } from './promotion.js';

const DAY = 86_400_000;
const DEV = '222222222222';
const policy = known(
  definePolicy({
    version: 1,
    environments: { dev: { accounts: [DEV] }, prod: { accounts: [group.account], after: { environment: 'dev', fixes: 3, bake: 'P7D' } } },
    remediators: { 'ec2-revoke-sg-open-ssh': { dev: 'enforce', prod: 'enforce' } },
  }),
);
const fix = (id: string, daysAgo: number, over: Partial<TrackedExecution> = {}): TrackedExecution => ({
  execution: `x-${id}`,
  resource: resource({ type: group.type, id, account: DEV, region: group.region }),
  remediator: 'ec2-revoke-sg-open-ssh',
  planDigest: digestOf(id),
  subjects: [],
  outcome: 'remediated',
  begunAt: NOW - daysAgo * DAY,
  closedAt: NOW - daysAgo * DAY,
  sent: 1,
  verified: true,
  retryable: false,
  version: '1.0.3',
  parameters: digestOf({}),
  drill: false,
  rollbackOf: null,
  rolledBack: false,
  ...over,
});
const good = [fix('a', 8), fix('b', 5), fix('c', 1)];
const asked = (track: readonly TrackedExecution[]) => promotion.evaluate(facts({ policy, track: known(track) }));

describe('a higher environment', () => {
  it('enforces what the lower one has proven', () => {
    expect(asked(good)).toMatchObject({ effect: 'allow', code: 'promoted', data: { executions: ['x-a', 'x-b', 'x-c'] } });
  });
  it('requires nothing if no proof is configured', () => {
    expect(promotion.evaluate(facts({ track: known([]) }))).toMatchObject({ effect: 'allow', code: 'no-gate' });
  });
  it('denies if the proof cannot be read', () => {
    expect(promotion.evaluate(facts({ policy, track: unreadable(new Error('down')) }))).toMatchObject({ effect: 'deny', code: 'unreadable' });
  });
  it.each<[string, TrackedExecution[]]>([
    ['nothing was fixed', []],
    ['one fix is missing', good.slice(1)],
    ['all were on one resource', [fix('a', 8), fix('a', 5), fix('a', 1)]],
    ['all were on one day', [fix('a', 8), fix('b', 8), fix('c', 8)]],
    ['they are all newer than the bake time', [fix('a', 6), fix('b', 5), fix('c', 1)]],
    ['one was of another minor version', [fix('a', 8), fix('b', 5), fix('c', 1, { version: '1.1.0' })]],
    ['one was of another major version', [fix('a', 8), fix('b', 5), fix('c', 1, { version: '0.0.3' })]],
    ['one had other parameters', [fix('a', 8), fix('b', 5), fix('c', 1, { parameters: digestOf({ x: 1 }) })]],
    ['one was a drill', [fix('a', 8), fix('b', 5), fix('c', 1, { drill: true })]],
    ['one was not verified', [fix('a', 8), fix('b', 5), fix('c', 1, { verified: false })]],
    [
      'one was in an account outside of the lower environment',
      [fix('a', 8), fix('b', 5), fix('c', 1, { resource: resource({ ...group, id: 'c', account: '999999999999' }) })],
    ],
    ['one was of another remediator', [fix('a', 8), fix('b', 5), fix('c', 1, { remediator: 'other' })]],
    ['one was itself a rollback', [fix('a', 8), fix('b', 5), fix('c', 1, { rollbackOf: 'x-1' })]],
    ['one is dated tomorrow', [fix('a', 8), fix('b', 5), fix('c', -1)]],
    ['one changed nothing', [fix('a', 8), fix('b', 5), fix('c', 1, { outcome: 'no-op' })]],
    ['one was rolled back', [...good, fix('d', 2, { rolledBack: true })]],
    ['one was partial', [...good, fix('d', 2, { outcome: 'partial' })]],
    ['the result of one is unknown', [...good, fix('d', 2, { outcome: 'unknown' })]],
    ['one failed', [...good, fix('d', 2, { outcome: 'failed' })]],
  ])('requires an approval if %s', (_name, track) => {
    expect(asked(track)).toMatchObject({ effect: 'approve', code: 'promotion-unproven' });
  });
  it.each<[string, TrackedExecution]>([
    ['a failure before the bake time', fix('d', 8, { outcome: 'partial' })],
    ['a temporary failure', fix('d', 2, { outcome: 'failed', retryable: true })],
    ['a call that AWS refused', fix('d', 2, { outcome: 'failed', denied: true })],
    ['a failure of another version', fix('d', 2, { outcome: 'partial', version: '0.9.0' })],
  ])('ignores %s', (_name, each) => {
    expect(asked([...good, each])).toMatchObject({ effect: 'allow' });
  });
  it('reports what is missing', () => {
    const said = (track: readonly TrackedExecution[]) => asked(track).message;
    expect(said([])).toMatch(/: 0 of 3 verified fixes on distinct resources and days\.$/);
    expect(said([fix('a', 3)])).toMatch(/: 1 of 3 verified fixes on distinct resources and days; the first of them 3 of 7 days old\.$/);
    expect(said([...good, fix('d', 2, { rolledBack: true }), fix('e', 1, { outcome: 'partial' })])).toMatch(
      /: execution x-d ended as rolled back; execution x-e ended as partial\.$/,
    );
    expect(asked([])).toMatchObject({ data: { environment: 'prod', after: 'dev' } });
  });
  it('counts flags, what is being closed at this moment, and what is exactly as old as required', () => {
    expect(asked([fix('a', 7, { outcome: 'flagged' }), fix('b', 5), fix('c', 0)])).toMatchObject({ effect: 'allow' });
    expect(asked([...good, fix('d', 7, { outcome: 'failed' })])).toMatchObject({ effect: 'allow' });
  });
  it('names at most twenty of them', () => {
    const many = Array.from({ length: 25 }, (_, index) => fix(`r-${index}`, 8 + index));
    expect(asked(many).data?.['executions']).toHaveLength(20);
  });
  it('applies only in mode enforce', () => {
    const plan = known({
      ...(policy.ok ? policy.value : ({} as never)),
      remediators: { 'ec2-revoke-sg-open-ssh': { modes: { prod: 'plan' as const }, parameters: {} } },
    });
    expect(promotion.evaluate(facts({ policy: plan, track: known([]) }))).toMatchObject({ code: 'no-gate' });
  });
  it('uses the accounts of the environment below', () => {
    const three = definePolicy({
      version: 1,
      environments: {
        dev: { accounts: [DEV] },
        test: { accounts: ['999999999999'], after: 'none', because: 'b' },
        prod: { accounts: [group.account], after: { environment: 'test', fixes: 3, bake: 'P7D' } },
      },
      remediators: { 'ec2-revoke-sg-open-ssh': { prod: 'enforce' } },
    });
    expect(promotion.evaluate(facts({ policy: known(three), track: known(good) }))).toMatchObject({ effect: 'approve' });
  });
  it('keeps its request unchanged while fixes are added', () => {
    expect(asked([]).data).toEqual(asked(good.slice(1)).data);
  });
});

describe('distinct fixes', () => {
  const tiny = fc.array(fc.record({ resource: fc.constantFrom('a', 'b', 'c', 'd'), day: fc.constantFrom('1', '2', '3', '4') }), { maxLength: 7 });
  it('are the largest set in which no two share a resource or a day', () => {
    const best = (fixes: { resource: string; day: string }[]): number => {
      const [first, ...rest] = fixes;
      if (first === undefined) return 0;
      return Math.max(best(rest), 1 + best(rest.filter((each) => each.resource !== first.resource && each.day !== first.day)));
    };
    fc.assert(
      fc.property(tiny, (fixes) => distinctFixes(fixes) === best(fixes)),
      { numRuns: 500 },
    );
  });
});
