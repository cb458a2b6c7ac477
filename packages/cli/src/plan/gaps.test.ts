import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { byEnvironment, gapsOf, groupsOf, summarize } from './gaps.js';
import { replaced, revoked, samplePass } from './sample.js';
import { becauseOf } from './verdicts.js';

const group = { type: 'AWS::EC2::SecurityGroup', id: 'sg-1', name: 'web', environment: 'dev' } as const;
const rule = (remediator: string, verdict: 'would-fix' | 'needs-approval' | 'notify-only', rules: readonly string[], code = 'mode-notify') =>
  samplePass({ ...group, remediator, verdict, code, changes: rules.map((each) => revoked('sg-1', each)) });

describe('a gap is counted once', () => {
  it('even if several remediators plan to close it', () => {
    const gaps = gapsOf([
      rule('ssh', 'needs-approval', ['sgr-1']),
      rule('rdp', 'needs-approval', ['sgr-1']),
      rule('existing', 'needs-approval', ['sgr-1', 'sgr-2']),
    ]);
    expect(gaps.map(({ remediator, alsoPlannedBy, changes, passes }) => [remediator, alsoPlannedBy, changes, passes])).toEqual([
      ['ssh', ['rdp', 'existing'], ['revoke sgr-1: tcp 22 from 0.0.0.0/0'], [0, 1, 2]],
      ['existing', [], ['revoke sgr-2: tcp 22 from 0.0.0.0/0'], [2]],
    ]);
    expect(summarize(gaps)).toMatchObject({ gaps: 2, needApproval: 2 });
  });

  it('with the best of its verdicts, and the remediator of that verdict', () => {
    const [gap] = gapsOf([rule('ssh', 'notify-only', ['sgr-1']), rule('existing', 'would-fix', ['sgr-1'], 'planned')]);
    expect(gap).toMatchObject({ remediator: 'existing', alsoPlannedBy: ['ssh'], verdict: 'would-fix', code: 'planned' });
  });

  it('and equal rules of two groups, and two settings of one bucket, are two', () => {
    const other = { ...rule('ssh', 'would-fix', ['sgr-1']), resource: { ...rule('ssh', 'would-fix', []).resource, id: 'sg-2' } };
    expect(gapsOf([rule('ssh', 'would-fix', ['sgr-1']), other])).toHaveLength(2);
    const bucket = { type: 'AWS::S3::Bucket', id: 'b', name: null, environment: 'dev', verdict: 'would-fix', code: 'planned' } as const;
    const set = (operation: string) => [replaced(operation, 'b', { a: 1 }, { a: 2 }, operation)];
    expect(
      gapsOf([samplePass({ ...bucket, remediator: 'x', changes: set('s3:PutA') }), samplePass({ ...bucket, remediator: 'y', changes: set('s3:PutB') })]),
    ).toHaveLength(2);
  });

  it('with several calls that belong together, which join the gaps of other plans', () => {
    const bucket = { type: 'AWS::S3::Bucket', id: 'b', name: null, environment: 'dev', verdict: 'would-fix', code: 'planned' } as const;
    const [a, b, c] = ['s3:PutA', 's3:PutB', 's3:PutC'].map((operation) => replaced(operation, 'b', { a: 1 }, { a: 2 }, operation));
    if (a === undefined || b === undefined || c === undefined) throw new Error('there are three');
    expect(gapsOf([samplePass({ ...bucket, remediator: 'x', changes: [a] }), samplePass({ ...bucket, remediator: 'y', changes: [c] })])).toHaveLength(2);
    // The third plan needs both: what looked like two gaps is one.
    const joined = gapsOf([
      samplePass({ ...bucket, remediator: 'x', changes: [a] }),
      samplePass({ ...bucket, remediator: 'y', changes: [c] }),
      samplePass({ ...bucket, remediator: 'z', changes: [a, b, c] }),
    ]);
    expect(joined.map(({ remediator, alsoPlannedBy }) => [remediator, alsoPlannedBy])).toEqual([['x', ['z', 'y']]]);
  });

  it('even if only a person can close it; a resource without changes is not counted', () => {
    const manual = samplePass({ ...group, remediator: 'a', verdict: 'notify-only', code: 'manual', message: 'Somebody has to look.' });
    const nothing = samplePass({ ...group, remediator: 'b', verdict: 'nothing-to-change', code: 'no-op' });
    expect(gapsOf([manual, nothing]).map(({ remediator, changes }) => [remediator, changes])).toEqual([['a', ['Somebody has to look.']]]);
  });
});

it('the result of enforcing is counted by environment, in the order of the policy', () => {
  const pass = (id: string, environment: string | null) =>
    samplePass({
      type: 'AWS::S3::Bucket',
      id,
      name: null,
      environment,
      remediator: 'a',
      verdict: 'notify-only',
      code: 'mode-notify',
      enforced: id === 'c' ? { verdict: 'needs-approval', code: 'promotion-unproven' } : { verdict: 'would-fix', code: 'planned' },
    });
  const rows = byEnvironment(gapsOf([pass('c', 'prod'), pass('a', 'dev'), pass('b', 'dev'), pass('d', null)]), ['dev', 'prod', 'unused']);
  expect(rows.map(({ environment, now, ifEnforced }) => [environment, now.wouldFix, now.heldBack, ifEnforced.wouldFix, ifEnforced.needApproval])).toEqual([
    ['dev', 0, 2, 2, 0],
    ['prod', 0, 1, 0, 1],
    [null, 0, 1, 1, 0],
  ]);
});

it('equal gaps are one group: what would happen comes first, then the largest group', () => {
  const of = (id: string, verdict: 'would-fix' | 'notify-only', remediator: string) =>
    samplePass({ type: 'AWS::S3::Bucket', id, name: null, environment: 'dev', remediator, verdict, code: verdict });
  const groups = groupsOf(gapsOf([of('1', 'notify-only', 'a'), of('2', 'notify-only', 'b'), of('3', 'notify-only', 'b'), of('4', 'would-fix', 'z')]));
  expect(groups.map(({ verdict, remediator, gaps }) => [verdict, remediator, gaps.length])).toEqual([
    ['would-fix', 'z', 1],
    ['notify-only', 'b', 2],
    ['notify-only', 'a', 1],
  ]);
});

it('every code of a built-in guardrail that restricts has a text', () => {
  const folder = new URL('../../../core/src/guardrails/', import.meta.url);
  const source = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.includes('.test.'))
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .join('\n');
  const code = source.replaceAll(/^\s*\*.*$/gm, '');
  const codes = [...code.matchAll(/effect: '(?:approve|notify|exempt|deny)',\s+code: '([a-z-]+)'/g)].map(([, each = '']) => each);
  expect(codes.length).toBeGreaterThan(20);
  expect([...new Set(codes)].filter((each) => becauseOf(each) === null).sort()).toEqual([]);
});
