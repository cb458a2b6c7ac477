import { readFileSync, writeFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlannedPass } from '../passes.js';
import { countedPlan, type PlanDocument } from './document.js';
import { replaced, revoked, samplePass, samplePlan } from './sample.js';
import { widthOf } from './text.js';
import { type Details, planView } from './view.js';

const plain = (_: string, text: string) => text;
const shown = (document: PlanDocument, width = 80, details: Details = 'none') => planView(document, { width, details, paint: plain });
const planOf = (passes: readonly PlannedPass[], more: Partial<PlanDocument> = {}): PlanDocument => ({
  ...samplePlan(0),
  notSwept: [],
  ...countedPlan(passes, 0, ['dev', 'prod']),
  ...more,
});

describe('golden screens', () => {
  it.each([
    [60, 80, 'none'],
    [60, 120, 'none'],
    [450, 80, 'none'],
    [450, 120, 'none'],
    [6, 80, 'changes'],
    [6, 120, 'calls'],
  ] as const)('of %i resources at %i columns, details: %s', (resources, width, details) => {
    const text = `${shown(samplePlan(resources), width, details)}\n`;
    const file = new URL(`golden/${resources}-at-${width}-${details}.txt`, import.meta.url);
    if (process.env['GOLDEN'] === 'write') writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });

  it.each([60, 450, 3000])('of %i resources fit into two screens before details, and no line is too long', (resources) => {
    for (const width of [40, 80, 120]) {
      const lines = shown(samplePlan(resources), width).split('\n');
      expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
      if (width >= 80) expect(lines.length).toBeLessThanOrEqual(48);
    }
  });

  it('are unchanged in the documentation', () => {
    const page = readFileSync(new URL('../../../../docs/first-look.md', import.meta.url), 'utf8');
    const blocks = [...page.matchAll(/<!-- golden: (\S+) -->\n```text\n([\s\S]*?)```\n/g)];
    expect(blocks.map(([, name]) => name)).toEqual(['450-at-80-none', '450-at-120-none', '6-at-80-changes']);
    for (const [, name, text] of blocks) expect(text).toBe(readFileSync(new URL(`golden/${name}.txt`, import.meta.url), 'utf8'));
  });

  it('of the same plan in any colour have the same text', () => {
    // Colour is the third sign beside word and symbol: without it nothing is lost.
    const coloured = planView(samplePlan(60), { width: 80, details: 'changes', paint: (style, text) => `<${style}>${text}</${style}>` });
    for (const word of ['✓ would be fixed', '• notify only']) expect(coloured).toContain(`${word}</`);
  });
});

describe('a plan for people', () => {
  it('begins with the places that were read, and the counts', () => {
    const [where, counts] = shown(samplePlan(60)).split('\n');
    expect(where).toBe('Account 111111111111, eu-west-1; policy redress.yaml.');
    expect(counts).toBe('60 gaps in 60 resources: 20 would be fixed, 0 need approval, 40 held back. 120');
  });

  it('then reports what could not be read, handled or swept, each reason once', () => {
    const lines = shown({
      ...samplePlan(6),
      left: [{ account: '333333333333', reason: 'AccessDenied' }],
      problems: ['x failed'],
      notSwept: [
        { remediator: 'a', reason: 'It only handles events.' },
        { remediator: 'b', reason: 'It only handles events.' },
      ],
    }).split('\n');
    expect(lines.slice(3, 6)).toEqual(['denied  333333333333: AccessDenied', 'problem  x failed', 'not swept  a, b: It only handles events.']);
  });

  it('lists ten problems, and reports that there are more', () => {
    const problems = Array.from({ length: 14 }, (_, at) => `problem ${at}`);
    const text = shown(planOf([], { problems }));
    expect(text).toContain('problem 9');
    expect(text).not.toContain('problem 10');
    expect(text).toContain('and 4 more problems, with --details');
    expect(shown(planOf([], { problems }), 80, 'changes')).toContain('problem 13');
  });

  it('shows a hold with its end, even if the policy only notifies', () => {
    const held = samplePass({
      type: 'AWS::EC2::SecurityGroup',
      id: 'sg-1',
      name: 'web',
      remediator: 'a',
      environment: 'dev',
      verdict: 'notify-only',
      code: 'mode-notify',
      changes: [revoked('sg-1', 'sgr-1')],
      heldUntil: '2026-12-04T09:00:00.000Z',
    });
    const text = shown(
      planOf([held, { ...held, resource: { ...held.resource, id: 'sg-2' }, name: null, heldUntil: null, changes: [revoked('sg-2', 'sgr-2')] }]),
    );
    expect(text).toContain('on hold: 1 of 2, until 2026-12-04T09:00Z');
    expect(text).toContain('    web (sg-1)  until 2026-12-04T09:00Z');
  });

  it('names the resources of several accounts with their place', () => {
    const pass = (account: string) =>
      samplePass({ type: 'AWS::S3::Bucket', id: `b-${account}`, account, name: null, remediator: 'a', environment: null, verdict: 'denied', code: 'stopped' });
    const text = shown(
      planOf([pass('111111111111'), pass('222222222222')], { places: ['1', '2'].map((each) => ({ account: each.repeat(12), region: 'eu-west-1' })) }),
    );
    expect(text.split('\n')[0]).toBe('2 accounts in 1 region; policy redress.yaml.');
    expect(text).toContain('    b-222222222222  222222222222 eu-west-1');
    expect(text).toContain('accounts in no environment');
  });

  it('shows the text of a custom guardrail if it is the same for the whole group', () => {
    const ruled = (id: string, message: string) =>
      samplePass({
        type: 'AWS::S3::Bucket',
        id,
        name: null,
        remediator: 'a',
        environment: 'dev',
        verdict: 'denied',
        code: 'acme-payments',
        reasons: [{ guardrail: 'acme', effect: 'deny', code: 'acme-payments', message }],
      });
    expect(shown(planOf([ruled('a', 'Payments are frozen.'), ruled('b', 'Payments are frozen.')]))).toContain('  Payments are frozen. (acme-payments)\n');
    expect(shown(planOf([ruled('a', 'Payments are frozen.'), ruled('b', 'Nobody is at work.')]))).toContain('\n  acme-payments\n');
  });

  it('of one resource shows its changes as differences, without a table', () => {
    const changes = [replaced('logs:PutRetentionPolicy', '/app', { retentionInDays: 7 }, { retentionInDays: 365 }, 'keep 365 days instead of 7')];
    const pass = samplePass({
      type: 'AWS::Logs::LogGroup',
      id: '/app',
      name: null,
      remediator: 'a',
      environment: 'dev',
      verdict: 'would-fix',
      code: 'planned',
      changes,
    });
    const lines = shown(planOf([pass])).split('\n');
    expect(lines).toEqual([
      'Account 111111111111, eu-west-1; policy redress.yaml.',
      '1 gap in 1 resource: 1 would be fixed, 0 need approval, 0 held back.',
      '',
      'AWS::Logs::LogGroup /app (111111111111, eu-west-1)',
      '  ✓ would be fixed  a',
      '  change  keep 365 days instead of 7',
      '    ~ retentionInDays: 7 → 365',
      '      (1 unchanged)',
      '  undo    logs:PutRetentionPolicy',
      '',
      'What no read shows:',
      '  a',
      '    Who connects through it: no read shows that.',
      '',
      'Nothing was changed, and nothing was recorded.',
    ]);
  });

  it('without a gap reports that, and suggests nothing', () => {
    expect(shown(planOf([]))).toBe(
      'Account 111111111111, eu-west-1; policy redress.yaml.\nNo gap was found.\n\nNothing was changed, and nothing was recorded.',
    );
  });

  it.each<[string, Partial<PlanDocument>]>([
    ['account', { left: [{ account: '333333333333', reason: 'AccessDenied' }] }],
    ['resource', { problems: ['x failed'] }],
    ['remediator', { notSwept: [{ remediator: 'a', reason: 'AccessDenied' }] }],
  ])('without a gap, but with an %s that was not read, does not report that there is none', (_, more) => {
    expect(shown(planOf([], more)).split('\n')[1]).toBe('No gap was found in what was read.');
  });

  it('has no control characters, and is never wider than the terminal, whatever the names are', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.constantFrom('\u001b[2J', '\u202eevil', '数据库'.repeat(20), 'a'.repeat(300), '👩‍👩‍👧'),
    );
    fc.assert(
      fc.property(hostile, hostile, hostile, fc.integer({ min: 40, max: 160 }), (id, name, text, width) => {
        const pass = samplePass({
          type: 'AWS::S3::Bucket',
          id: `x${id}`,
          name,
          remediator: text,
          environment: text,
          verdict: 'denied',
          code: text,
          message: text,
        });
        const other = { ...pass, resource: { ...pass.resource, id: `y${id}` } };
        for (const details of ['none', 'calls'] as const) {
          const out = shown(planOf([pass, other]), width, details);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is looked for.
          expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
          for (const line of out.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(width);
        }
      }),
      { numRuns: 60 },
    );
  });
});
