import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command } from '../test/support/command.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-generate-iam-'));
  writeFileSync(join(directory, 'redress.yaml'), 'version: 1\nenvironments:\n  dev:\n    accounts: ["111111111111"]\nexceptions: { tag: "acme:keep" }\n');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function generate(...argv: string[]): Promise<{ exit: number; out: string; err: string; statements: () => Record<string, unknown>[] }> {
  const { exit, out, err } = await command(['generate', 'iam', ...argv], directory);
  return { exit, out, err, statements: () => (JSON.parse(out) as { Statement: Record<string, unknown>[] }).Statement };
}
const ssh = ['--remediator', 'ec2-revoke-sg-open-ssh'];

describe('redress generate iam', () => {
  it('prints a policy for the named remediators, with the tag of the policy, ready for IAM', async () => {
    const { exit, statements } = await generate('fix', ...ssh, '--account', '111111111111', '--in', 'eu-west-1');
    expect(exit).toBe(0);
    expect(statements().map((each) => each['Sid'])).toEqual(['Exempt', 'FixSecurityGroup']);
    expect(statements()[1]).toEqual({
      Sid: 'FixSecurityGroup',
      Effect: 'Allow',
      Action: ['ec2:RevokeSecurityGroupIngress'],
      Resource: ['arn:*:ec2:*:111111111111:security-group/*'],
      Condition: { StringEquals: { 'aws:RequestedRegion': ['eu-west-1'] } },
    });
    expect(statements()[0]).toMatchObject({ Effect: 'Deny', Condition: { Null: { 'aws:ResourceTag/acme:keep': 'false' } } });
    expect((await generate('fix', ...ssh, '--no-exception-tag')).out).not.toContain('Deny');
  });

  it('keeps the roles separate and bounded', async () => {
    expect((await generate('rollback', ...ssh)).out).toContain('ec2:AuthorizeSecurityGroupIngress');
    expect((await generate('read', ...ssh)).out).not.toMatch(/Authorize|Revoke/);
    expect((await generate('boundary', ...ssh)).statements().slice(-2)).toMatchObject([
      { Sid: 'OnlyDeclared', Effect: 'Deny' },
      { Sid: 'Never', Effect: 'Deny', Action: expect.arrayContaining(['iam:PutRolePolicy', 'organizations:LeaveOrganization']) },
    ]);
  });

  it('bounds only the named role', async () => {
    const one = await generate('boundary', ...ssh, '--for', 'fix');
    expect(one.out).toContain('ec2:RevokeSecurityGroupIngress');
    expect(one.out).not.toContain('ec2:AuthorizeSecurityGroupIngress');
    expect((await generate('boundary', ...ssh)).out).toContain('ec2:AuthorizeSecurityGroupIngress');
  });

  it('prints the only policy that is needed, or the requested part', async () => {
    expect((await generate('fix', ...ssh, '--part', '1')).out).toBe((await generate('fix', ...ssh)).out);
  });

  it('prints YAML for templates', async () => {
    const { out } = await generate('read', '--format', 'yaml', ...ssh);
    expect(out.split('\n').slice(0, 4)).toEqual(['Version: "2012-10-17"', 'Statement:', '  - Sid: LookConfigRules', '    Effect: Allow']);
    expect(out).toContain('"ec2:DescribeTags" ]');
  });

  it('allows an auditor to read one journal', async () => {
    const { statements } = await generate('auditor', '--table', 'Journal', '--bucket', 'evidence');
    expect(statements().flatMap((each) => each['Resource'])).toContain('arn:*:dynamodb:*:*:table/Journal');
    const { exit, err } = await generate('auditor');
    expect([exit, err]).toEqual([2, expect.stringContaining('--table and --bucket')]);
  });

  it.each([
    [['everything'], /read, fix, rollback, auditor, boundary/],
    [['fix', '--format', 'xml'], /json or yaml/],
    [['fix', '--account', '1'], /twelve digits/],
    [['fix', '--remediator', 's3-report-public-website-bucket'], /nothing to allow/],
    [['fix', '--remediator', 'no-such'], /no-such/],
    [['boundary', '--for', 'auditor'], /read, fix, rollback/],
    [['fix', '--remediator', 'ec2-revoke-sg-open-ssh', '--part', '2'], /needs 1 managed policy/],
    [['fix', '--remediator', 'ec2-revoke-sg-open-ssh', '--part', 'two'], /--part 1 to --part 1/],
  ])('refuses %j', async (argv, says) => {
    const { exit, err } = await generate(...argv);
    expect([exit, err]).toEqual([2, expect.stringMatching(says)]);
  });
});
