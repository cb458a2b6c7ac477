import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connect, resource, systemClock } from '@redress/core';
import { folderJournal } from '@redress/evidence';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command } from '../test/support/command.js';
import type { CoverageDocument } from './commands/coverage.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-coverage-'));
  writeFileSync(
    join(directory, 'redress.yaml'),
    [
      'version: 1',
      'environments:',
      '  dev: { accounts: ["111111111111"] }',
      '  prod: { accounts: ["222222222222"], after: none, because: a test }',
      'approvers: { prod: ["arn:aws:iam::222222222222:role/Lead"] }',
      'tracked: { packs: [apra-cpg-234] }',
      'remediators:',
      '  tracked-rds-multi-az-support: { prod: "off" }',
      '  ec2-enable-ebs-encryption-by-default: { dev: enforce, prod: approve }',
      '  ec2-report-unencrypted-ebs-volumes: { dev: notify, prod: "off" }',
    ].join('\n'),
  );
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const here: Connect = async ({ account, region }) => ({
  config: { region },
  identity: async () => ({ account, arn: `arn:aws:sts::${account}:assumed-role/Redress/test` }),
});
const coverage = (...argv: string[]) => command(['coverage', ...argv], directory);
async function document(...argv: string[]): Promise<CoverageDocument> {
  const { exit, out, err } = await coverage('--json', ...argv);
  expect([exit, err]).toEqual([0, '']);
  return JSON.parse(out) as CoverageDocument;
}
const row = ({ rows }: CoverageDocument, id: string) => rows.find((each) => each.id === id);

describe('coverage of the pack for APRA CPG 234', () => {
  it('has an answer for each of the 130 rules', async () => {
    const { rows, counts } = await document('--pack', 'apra-cpg-234');
    expect(rows).toHaveLength(130);
    for (const { answer, id } of rows) expect(['closes', 'asks', 'reports', 'attested', 'tracked'], id).toContain(answer);
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(130);
    expect(rows.filter(({ answer }) => answer === 'attested').map(({ id }) => id)).toEqual(['security-awareness-program-exists']);
    // What remediators declare today; more remediators only make it better.
    expect(counts['closes']).toBeGreaterThanOrEqual(3);
  });

  it('reports who attested a process check, until when, and that the attestation has ended', async () => {
    const RULE = 'security-awareness-program-exists';
    const last = async () => row(await document('--pack', 'apra-cpg-234'), RULE)?.by.map((each) => [each.remediator, each.last]);
    expect(await last()).toEqual([[`attested-${RULE}`, null]]);
    const until = new Date(Date.now() + 30 * 86_400_000).toISOString();
    const attest = (...argv: string[]) =>
      command(['attest', RULE, '--account', '111111111111', '--evidence', 'wiki/awareness', '--by', 'Ada', ...argv], directory, {
        connect: here,
      });
    const { exit, out } = await attest('--until', until);
    expect([exit, out]).toEqual([0, expect.stringContaining(`111111111111: attested until ${until}; no-op: Attested only by Ada on `)]);
    expect(await last()).toEqual([
      [`attested-${RULE}`, { time: expect.any(String), outcome: 'attested', open: 0, word: { by: 'Ada', until, account: '111111111111' } }],
    ]);
    expect((await coverage('--pack', 'apra-cpg-234')).out).toContain(`attested by Ada until ${until.slice(0, 10)}`);
    expect((await coverage('--pack', 'apra-cpg-234', '--format', 'csv')).out).toContain(`attested by Ada until ${until}`);
    expect((await attest('--withdraw')).exit).toBe(0);
    expect((await last())?.[0]?.[1]).toMatchObject({ outcome: 'ended', open: 1, word: { by: 'Ada' } });
    expect((await command(['history'], directory)).out).toContain('attested');
  });

  it('reports the remediator and its mode in each environment, and nothing about a missing journal', async () => {
    const found = await document('--pack', 'apra-cpg-234');
    expect(row(found, 'ec2-ebs-encryption-by-default')).toEqual({
      id: 'ec2-ebs-encryption-by-default',
      identifier: 'EC2_EBS_ENCRYPTION_BY_DEFAULT',
      answer: 'closes',
      because: '',
      by: [{ remediator: 'ec2-enable-ebs-encryption-by-default', does: 'fix', ceiling: 'enforce', modes: { dev: 'enforce', prod: 'approve' }, last: null }],
      checks: null,
      paragraphs: [],
      sources: expect.arrayContaining([expect.stringContaining('Operational-Best-Practices-for-APRA-CPG-234.yaml')]),
    });
    expect(row(found, 'encrypted-volumes')?.by[0]?.modes).toEqual({ dev: 'notify', prod: 'off' });
    expect(row(found, 'restricted-ssh')).toMatchObject({ answer: 'asks', paragraphs: expect.arrayContaining(['36f']) });
  });

  it('reports as tracked only what the policy tracks', async () => {
    expect(row(await document('--pack', 'apra-cpg-234'), 'rds-multi-az-support')).toMatchObject({
      answer: 'tracked',
      because: 'Only its source says whether it is open.',
      by: [{ remediator: 'tracked-rds-multi-az-support', does: 'tell', ceiling: 'notify', modes: { dev: 'notify', prod: 'off' } }],
    });
    writeFileSync(join(directory, 'redress.yaml'), 'version: 1\n');
    expect(row(await document('--pack', 'apra-cpg-234'), 'rds-multi-az-support')).toMatchObject({ answer: 'none', by: [] });
    writeFileSync(
      join(directory, 'redress.yaml'),
      'version: 1\ntracked: { rules: { rds-multi-az-support: { identifier: RDS_MULTI_AZ_SUPPORT, types: ["AWS::RDS::DBInstance"] } } }\n',
    );
    const { counts, rows } = await document('--pack', 'apra-cpg-234');
    expect(counts['tracked']).toBe(1);
    expect(row({ rows } as CoverageDocument, 'rds-multi-az-support')?.answer).toBe('tracked');
  });

  it.each([
    ['tracked: { controls: { S3.4: { types: ["AWS::S3::Bucket"] } } }', /tracked\.controls\.S3\.4.*AWS has withdrawn the control S3\.4/s],
    ['tracked: { controls: { "2.8": { types: ["AWS::S3::Bucket"] } } }', /2\.8.*is not a control of Security Hub/s],
    ['tracked: { controls: { RDS.5: { types: [] } } }', /names no type/],
    ['tracked: { packs: [apra-cps-234] }', /tracked\.packs\.0.*apra-cpg-234|there is no pack "apra-cps-234"/s],
    ['tracked: { rules: { x: { types: [] } } }', /names no type/],
    ['tracked: { rules: { x: { types: [Database] } } }', /not a type of AWS Config/],
    ['tracked: { rules: { x: { identifier: small, types: ["AWS::RDS::DBInstance"] } } }', /not the identifier of a managed rule/],
    ['tracked: { rules: { "arn:aws:config:x": { types: ["AWS::RDS::DBInstance"] } } }', /is not the name of a Config rule/],
    ['tracked: { controls: [] }', /controls/],
  ])('refuses the policy %s', async (line, says) => {
    writeFileSync(join(directory, 'redress.yaml'), `version: 1\n${line}\n`);
    const { exit, err } = await coverage('--pack', 'apra-cpg-234');
    expect([exit, err]).toEqual([2, expect.stringMatching(says)]);
  });

  it('never shows a mode above the ceiling of the remediator', async () => {
    writeFileSync(
      join(directory, 'redress.yaml'),
      'version: 1\nenvironments: { dev: { accounts: ["111111111111"] } }\nremediators: { ec2-report-unencrypted-ebs-volumes: enforce }\n',
    );
    expect(row(await document('--pack', 'apra-cpg-234'), 'encrypted-volumes')?.by[0]?.modes).toEqual({ dev: 'notify' });
  });

  it('reports the last outcome in the journal', async () => {
    const journal = folderJournal({ directory: join(directory, '.redress') });
    const at = resource({ type: 'AWS::::Account', id: '111111111111', account: '111111111111', region: 'eu-west-1', partition: 'aws' });
    const decided = (outcome: string, gap: object) =>
      journal.append({
        kind: 'decision',
        resource: at,
        remediator: 'ec2-enable-ebs-encryption-by-default',
        body: { outcome, message: 'A decision.', trigger: { by: 'sweep' }, guardrails: [], gap },
      } as never);
    await decided('notified', { key: 'k', subjects: ['manual'], state: 's', held: null, approval: null, deadline: null, near: false, quiet: false, over: [] });
    await journal.close?.();
    const found = row(await document('--pack', 'apra-cpg-234'), 'ec2-ebs-encryption-by-default');
    const today = new Date(systemClock.now()).toISOString().slice(0, 10);
    expect(found?.by[0]?.last).toEqual({ time: expect.stringContaining(today), outcome: 'notified', open: 1 });
    const { out } = await coverage('--pack', 'apra-cpg-234');
    expect(out).toContain(`notified ${today}, 1 open`);
  });

  it('is a table, JSON or CSV', async () => {
    const { out } = await coverage('--pack', 'apra-cpg-234');
    expect(out.split('\n')[0]).toMatch(/^APRA CPG 234: information security: 130 in all, \d+ /);
    expect(out).toMatch(/ec2-ebs-encryption-by-default +closes +ec2-enable-ebs-encryption-by-default +dev: enforce, prod: approve +-/);
    const json = await coverage('--pack', 'apra-cpg-234', '--format', 'json');
    expect((JSON.parse(json.out) as CoverageDocument).rows).toHaveLength(130);
    const csv = (await coverage('--pack', 'apra-cpg-234', '--format', 'csv')).out.trimEnd().split('\r\n');
    expect(csv[0]).toBe('id,identifier,answer,because,remediator,does,ceiling,modes,last,open,paragraphs,sources');
    expect(csv.length).toBeGreaterThanOrEqual(131);
    expect(csv.find((line) => line.startsWith('ec2-ebs-encryption-by-default,'))).toContain('"dev: enforce, prod: approve"');
  });
});

describe('coverage of a file', () => {
  it('is of the rules in it, with their parameters', async () => {
    writeFileSync(
      join(directory, 'pack.yaml'),
      'Resources:\n  A: { Type: "AWS::Config::ConfigRule", Properties: { ConfigRuleName: keep-logs, InputParameters: { MinRetentionTime: "731" }, Source: { Owner: AWS, SourceIdentifier: CW_LOGGROUP_RETENTION_PERIOD_CHECK } } }\n',
    );
    const { rows, of } = await document('--pack', 'pack.yaml');
    expect(of).toBe('pack.yaml');
    expect(rows).toMatchObject([{ id: 'keep-logs', answer: 'reports', because: 'The rule has MinRetentionTime 731, but the policy has 365.' }]);
  });

  it('has no formula for a spreadsheet, whatever the names of its rules', async () => {
    const names = ['=1+1', '@SUM(A1)', '+1', '-1', 'a "b", c'];
    const rule = (name: string, at: number) =>
      `  R${at}: { Type: "AWS::Config::ConfigRule", Properties: { ConfigRuleName: ${JSON.stringify(name)}, Source: { Owner: AWS, SourceIdentifier: INCOMING_SSH_DISABLED } } }\n`;
    writeFileSync(join(directory, 'pack.yaml'), `Resources:\n${names.map(rule).join('')}`);
    const rows = parse((await coverage('--pack', 'pack.yaml', '--format', 'csv')).out, { columns: true }) as Record<string, string>[];
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(["'=1+1", "'@SUM(A1)", "'+1", "'-1", 'a "b", c']));
  });
});

describe('coverage of a framework', () => {
  it('finds remediators by the checks of its version', async () => {
    const six = await document('--framework', 'cis-6.0');
    const seven = await document('--framework', 'cis-7.0');
    expect(row(six, '2.8')?.by.map((each) => each.remediator)).toEqual(['iam-strengthen-password-policy']);
    expect(row(seven, '2.8')?.by.map((each) => each.remediator)).toEqual(['iam-strengthen-password-policy']);
    expect(row(six, '2.1')).toMatchObject({ answer: 'attested', by: [] });
  });

  it('names the checks that no remediator covers, if a control is covered in part', async () => {
    const { rows } = await document('--framework', 'nist-800-53');
    expect(rows).toHaveLength(287);
    const partly = rows.filter(({ by, checks }) => by.length > 0 && (checks?.covered ?? 0) < (checks?.all ?? 0));
    expect(partly.length).toBeGreaterThan(0);
    for (const { answer, because } of partly)
      expect([answer, because]).toEqual(['partly', expect.stringMatching(/^In part: no remediator covers [a-z0-9_, ]+\.$/)]);
  });

  it('does not count withdrawn controls as answered', async () => {
    const { rows, counts } = await document('--framework', 'fsbp');
    expect(
      rows
        .filter(({ answer }) => answer === 'retired')
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['CloudFormation.1', 'CodeBuild.5', 'S3.4', 'SNS.2']);
    expect(counts['retired']).toBe(4);
    expect(row({ rows } as CoverageDocument, 'EC2.7')).toMatchObject({ answer: 'closes', because: '' });
  });

  it.each([[[]], [['--pack', 'apra-cpg-234', '--framework', 'fsbp']], [['--framework', 'fsbp', '--format', 'xml']]])('%j is refused', async (argv) => {
    expect((await coverage(...argv)).exit).toBe(2);
  });
});
