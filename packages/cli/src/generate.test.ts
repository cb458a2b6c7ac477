import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command } from '../test/support/command.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-generate-'));
  writeFileSync(
    join(directory, 'redress.yaml'),
    'version: 1\nenvironments:\n  dev:\n    accounts: ["111111111111"]\nremediators:\n  logs-raise-retention: { dev: enforce, parameters: { minDays: 90 } }\n',
  );
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const generate = (...argv: string[]) => command(['generate', ...argv], directory);

describe('redress generate', () => {
  it('prints the conformance pack with the parameters of the policy', async () => {
    const { exit, out } = await generate('conformance-pack', '--remediator', 'logs-raise-retention', '--format', 'json');
    expect(exit).toBe(0);
    const { Resources } = JSON.parse(out) as { Resources: Record<string, { Type: string; Properties: Record<string, unknown> }> };
    expect(Object.values(Resources).map(({ Type }) => Type)).toEqual(['AWS::Config::ConfigRule', 'AWS::Config::RemediationConfiguration']);
    expect(Resources['CwLoggroupRetentionPeriodCheck']?.Properties['InputParameters']).toEqual({ MinRetentionTime: '90' });
    expect((await generate('conformance-pack')).out).toContain('Type: AWS::Config::RemediationConfiguration');
    expect((await generate('conformance-pack', '--no-remediation')).out).not.toContain('RemediationConfiguration');
  });

  it('prints the template that holds the pack, with the same parameters', async () => {
    const { out } = await generate('template', 'member-config', '--format', 'json', '--remediator', 'logs-raise-retention');
    const { Resources } = JSON.parse(out) as { Resources: { AskingPack: { Properties: { TemplateS3Uri: { 'Fn::Sub': string } } } } };
    const written = await generate('conformance-pack', '--remediator', 'logs-raise-retention', '--out', 'packs');
    expect(written.exit).toBe(0);
    const name = Resources.AskingPack.Properties.TemplateS3Uri['Fn::Sub'].split('}').at(-1) ?? '';
    expect(readFileSync(join(directory, 'packs', name), 'utf8')).toContain('InputParameters: { MinRetentionTime: "90" }');
    expect(written.out).toContain('aws s3 cp packs s3://BUCKET/ --recursive');
  });

  it('prints the pack for APRA CPG 234, and the template that names its file', async () => {
    const { exit, out } = await generate('--json', 'conformance-pack', '--pack', 'apra-cpg-234', '--out', 'packs');
    expect(exit).toBe(0);
    const files = JSON.parse(out) as { file: string; asks: boolean }[];
    const rules = files
      .filter(({ asks }) => asks)
      .flatMap(({ file }) => readFileSync(join(directory, file), 'utf8').match(/ConfigRuleName: .+\n *Description/g) ?? []);
    expect([files.length, rules.length]).toEqual([2, 130]);
    const template = await generate('template', 'member-config', '--pack', 'apra-cpg-234', '--format', 'json');
    for (const { file } of files) expect(template.out).toContain(file.split('/').at(-1));
    expect((await generate('conformance-pack', '--pack', 'apra-cpg-234')).out).toContain('SourceIdentifier: GUARDDUTY_ENABLED_CENTRALIZED');
    expect((await generate('template', 'hub', '--pack', 'apra-cpg-234')).exit).toBe(2);
    expect((await generate('conformance-pack', '--pack', 'no-such')).err).toContain('apra-cpg-234');
  });

  it('allows approvers of other accounts to call the approval endpoint of the hub only by its URL', async () => {
    const LEAD = 'arn:aws:iam::222222222222:role/security/Lead';
    const ANN = 'arn:aws:iam::333333333333:user/ann';
    const { exit, out } = await generate(
      'template',
      'hub',
      '--format',
      'json',
      '--approver',
      LEAD,
      ANN,
      '--approver',
      LEAD,
      '--remediator',
      'logs-raise-retention',
    );
    expect(exit).toBe(0);
    const permissionsOf = (text: string) => {
      const { Resources } = JSON.parse(text) as { Resources: Record<string, { Type: string; Properties: Record<string, unknown> }> };
      return Object.values(Resources).filter(
        ({ Type, Properties }) => Type === 'AWS::Lambda::Permission' && JSON.stringify(Properties['FunctionName']) === '{"Ref":"Approvals"}',
      );
    };
    // Both actions for each, neither without the URL: a direct invocation could claim to be anybody.
    expect(permissionsOf(out).map(({ Properties: { FunctionName: _, ...rest } }) => rest)).toEqual(
      [LEAD, ANN].flatMap((Principal) => [
        { Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'AWS_IAM', Principal },
        { Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true, Principal },
      ]),
    );
    expect(permissionsOf((await generate('template', 'hub', '--format', 'json')).out)).toEqual([]);
  });

  it.each(['*', 'arn:aws:iam::222222222222:root', 'arn:aws:iam::222222222222:role/*', 'arn:aws:iam::222222222222:role/Le?d', '222222222222', 'Lead'])(
    'refuses the approver %s, which is everybody there or nobody',
    async (approver) => {
      const { exit, out, err } = await generate('template', 'hub', '--approver', approver);
      expect([exit, out, err]).toEqual([2, '', expect.stringContaining('is not the ARN of a role or a user')]);
    },
  );

  it('uses approvers only in the template of the hub', async () => {
    const { exit, err } = await generate('template', 'member-role', '--approver', 'arn:aws:iam::222222222222:role/Lead');
    expect([exit, err]).toEqual([2, expect.stringContaining('member-role has no approvers')]);
  });

  it('prints the Automation document with the given values as defaults', async () => {
    const arn = 'arn:aws:lambda:eu-west-1:111111111111:function:redress-Config';
    const { out } = await generate('ssm-document', '--function', arn, '--format', 'json');
    expect(JSON.parse(out)).toMatchObject({ schemaVersion: '0.3', parameters: { FunctionArn: { default: arn } } });
    expect((await generate('ssm-document')).out).not.toContain('default:');
  });

  it('prints the map of FSBP, for programs and for spreadsheets', async () => {
    const { out } = await generate('fsbp', '--format', 'csv', '--remediator', 'logs-raise-retention');
    expect(out.trim().split('\r\n')).toEqual([
      'control,remediator,does,ceiling,freshWithinMinutes,resourceTypes,configRules,parameters,title,package',
      expect.stringMatching(
        /^CloudWatch\.16,logs-raise-retention,fix,enforce,,AWS::Logs::LogGroup,cw-loggroup-retention-period-check,"\{""minDays"":90\}",Raise .*,'@redress\/remediator-cloudwatch-logs@/,
      ),
    ]);
    expect((await generate('fsbp')).out).toContain('- control: CloudWatch.16');
    expect(JSON.parse((await generate('fsbp', '--format', 'json')).out)).toContainEqual(expect.objectContaining({ control: 'EC2.7', does: 'fix' }));
  });

  it.each(['conformance-pack', 'ssm-document', 'fsbp'])('refuses a format that %s does not have', async (what) => {
    const { exit, err } = await generate(what, '--format', 'xml');
    expect([exit, err]).toEqual([2, expect.stringContaining('yaml, json')]);
  });
});
