import { createRedress, definePolicy, type JsonObject, RedressError, type Remediator } from '@redress/core';
import { packOf } from '@redress/frameworks';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { describe, expect, it } from 'vitest';
import { answerTo, askDocument, conformancePack, fsbpMap, hubTemplate, knownRules, memberConfigTemplate, packFiles, printYaml } from '../index.js';
import { customRules } from './managed-rules.js';

const remediators: readonly Remediator[] = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators];
const rules = knownRules(remediators);

/** The function and the role that Config's remediation uses. */
async function asked(configRule: string, resourceType: string): Promise<string[]> {
  const redress = createRedress({
    remediators,
    policy: definePolicy({ version: 1 }),
    connect: async () => {
      throw new RedressError('aws/denied', 'nobody');
    },
  });
  const request = { redress: 'config-remediation', configRule, resourceType, resourceId: 'x', account: '111111111111', region: 'eu-west-1' };
  const { results } = await redress.handle({ ...request, automationExecution: 'a' }, { dryRun: true });
  return results.flatMap((each) => each.passes).map((pass) => pass.remediator);
}

describe('the rules of remediators', () => {
  it('are managed rules with their default names, and identifiers differ from names', () => {
    expect(Object.fromEntries(rules.map(({ identifier, name }) => [identifier, name]))).toMatchObject({
      INCOMING_SSH_DISABLED: 'restricted-ssh',
      RESTRICTED_INCOMING_TRAFFIC: 'restricted-common-ports',
      VPC_SG_PORT_RESTRICTION_CHECK: 'vpc-sg-port-restriction-check',
      S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED: 's3-bucket-server-side-encryption-enabled',
    });
    for (const each of remediators) expect([each.id, customRules(each)]).toEqual([each.id, []]);
    expect(customRules({ configRules: ['INCOMING_SSH_DISABLED', 'restricted-ssh', 'acme-ssh'] })).toEqual(['acme-ssh']);
  });

  it.each(rules.map((rule) => [rule.name, rule] as const))('%s leads to its remediators, even from a conformance pack', async (name, rule) => {
    const ids = rule.remediators.map(({ id }) => id);
    expect(await asked(name, rule.resourceType)).toEqual(ids);
    expect(await asked(`${name}-conformance-pack-abc123`, rule.resourceType)).toEqual(ids);
  });

  it('are remediated by Config automatically if a remediator can close them on request', () => {
    expect(rules.filter((rule) => rule.remediable === true).map(({ name }) => name)).toEqual([
      'cw-loggroup-retention-period-check',
      'ec2-ebs-encryption-by-default',
      's3-bucket-level-public-access-prohibited',
      's3-bucket-server-side-encryption-enabled',
    ]);
    expect(Object.fromEntries(rules.map(({ name, remediable }) => [name, remediable]))).toMatchObject({
      'restricted-ssh': expect.stringContaining('new'),
      'access-keys-rotated': expect.stringContaining('flagged'),
      'encrypted-volumes': expect.stringContaining('notified'),
      'iam-password-policy': expect.stringContaining('more'),
    });
  });
});

describe('the conformance pack', () => {
  const pack = conformancePack({ remediators });
  const of = (made: typeof pack, type: string) => Object.values(made.Resources).filter((each) => each.Type === `AWS::Config::${type}`);

  it('has every rule once, and gives each remediation exactly the parameters of the document', () => {
    expect(of(pack, 'ConfigRule').map((each) => each.Properties['ConfigRuleName'])).toEqual(rules.map(({ name }) => name));
    const { parameters } = askDocument({ functionArn: 'f', roleArn: 'r' }) as { parameters: Record<string, { default?: string; allowedPattern: string }> };
    const needed = Object.keys(parameters).filter((name) => parameters[name]?.default === undefined);
    for (const { Properties, DependsOn } of of(pack, 'RemediationConfiguration')) {
      const given = Properties['Parameters'] as Record<string, { StaticValue?: { Values: unknown[] } }>;
      expect(Object.keys(given).sort()).toEqual(['AutomationAssumeRole', ...needed].sort());
      for (const [name, { StaticValue }] of Object.entries(given))
        for (const value of StaticValue?.Values ?? [])
          if (typeof value === 'string') expect(value).toMatch(new RegExp(parameters[name]?.allowedPattern ?? '-'));
      expect(pack.Resources[DependsOn ?? '']?.Properties['ConfigRuleName']).toBe(Properties['ConfigRuleName']);
      expect(Properties).toMatchObject({ Automatic: true, MaximumAutomaticAttempts: 2, ExecutionControls: { SsmControls: { ErrorPercentage: 100 } } });
    }
  });

  it('has the parameters of the policy', () => {
    const own = conformancePack({ remediators, parametersOf: (each) => each.parameters(each.id === 'logs-raise-retention' ? { minDays: 90 } : {}) });
    expect(own.Resources['CwLoggroupRetentionPeriodCheck']?.Properties['InputParameters']).toEqual({ MinRetentionTime: '90' });
    expect(own.Resources['AccessKeysRotated']?.Properties['InputParameters']).toEqual({ maxAccessKeyAge: '90' });
  });

  it('may be without remediations', () => {
    const finds = conformancePack({ remediators, remediation: false });
    expect([of(finds, 'RemediationConfiguration'), finds.Parameters]).toEqual([[], undefined]);
    expect(of(finds, 'ConfigRule')).toHaveLength(rules.length);
    expect(conformancePack({ remediators: ec2Remediators.filter((each) => each.freshWithin !== null) }).Parameters).toBeUndefined();
  });

  it('of more rules than a pack may have is refused, and is written as several', () => {
    const rules = Array.from({ length: 131 }, (_, at) => ({ identifier: `RULE_${at}`, name: `rule-${at}`, parameters: {}, types: [] }));
    expect(() => conformancePack({ remediators, rules })).toThrow(expect.objectContaining({ code: 'compose/invalid', next: expect.stringContaining('--out') }));
    const files = packFiles({ remediators, rules });
    expect(files.map(({ name, asks }) => [name.replace(/-[0-9a-f]{12}/, ''), asks])).toEqual([
      ['asking-1.yaml', true],
      ['finding-1.yaml', false],
      ['asking-2.yaml', true],
      ['finding-2.yaml', false],
    ]);
    for (const { text, asks } of files) {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(307_200);
      expect(text.match(/Type: AWS::Config::ConfigRule/g)?.length).toBeLessThanOrEqual(130);
      if (!asks) expect(text).not.toContain('RemediationConfiguration');
    }
    expect(new Set(files.map(({ name }) => name)).size).toBe(4);
    // A different text has a different name.
    expect(packFiles({ remediators, rules: rules.slice(1) })[0]?.name).not.toBe(files[0]?.name);
  });

  it('of a pack has its rules with its parameters, and remediates automatically, or when a person starts it', async () => {
    const { rules: apra } = await packOf('apra-cpg-234');
    const made = conformancePack({ remediators, rules: apra });
    expect(of(made, 'ConfigRule')).toHaveLength(130);
    expect(of(made, 'ConfigRule').map((each) => each.Properties['ConfigRuleName'])).toEqual(apra.map(({ name }) => name));
    expect(made.Resources['IamPasswordPolicy']?.Properties['InputParameters']).toMatchObject({ MaxPasswordAge: '90', MinimumPasswordLength: '14' });
    expect(made.Resources['RestrictedSsh']?.Properties).toMatchObject({
      Source: { Owner: 'AWS', SourceIdentifier: 'INCOMING_SSH_DISABLED' },
      Scope: { ComplianceResourceTypes: ['AWS::EC2::SecurityGroup'] },
    });
    const asked = of(made, 'RemediationConfiguration').map(({ Properties }) => [Properties['ConfigRuleName'], Properties['Automatic']]);
    const wanted = apra.flatMap((rule) => {
      const { answer } = answerTo(rule, remediators);
      return answer === 'closes' || answer === 'asks' ? [[rule.name, answer === 'closes']] : [];
    });
    expect(asked).toEqual(wanted);
    expect(asked).toContainEqual(['ec2-ebs-encryption-by-default', true]);
    expect(asked).toContainEqual(['restricted-ssh', false]);
    // A remediation that a person starts is tried once.
    const started = made.Resources['RestrictedSshRemediation']?.Properties;
    expect(started).not.toHaveProperty('MaximumAutomaticAttempts');
    expect(started).toMatchObject({ TargetId: { Ref: 'DocumentName' }, ResourceType: 'AWS::EC2::SecurityGroup' });
  });
});

describe('a domain, which AWS Config has two types for', () => {
  const identifiers = ['OPENSEARCH_LOGS_TO_CLOUDWATCH', 'ELASTICSEARCH_LOGS_TO_CLOUDWATCH'];
  const of = (each: Remediator): Remediator => ({ ...each, id: 'of-domains', resourceTypes: ['AWS::OpenSearch::Domain'], configRules: identifiers });
  const [closing] = remediators.filter(({ id }) => id === 'logs-raise-retention').map(of);
  if (closing === undefined) throw new Error('logs-raise-retention is needed.');

  it('is called in the remediation of a rule what that rule calls it', async () => {
    const { rules: apra } = await packOf('apra-cpg-234');
    const asked = apra.filter(({ identifier }) => identifiers.includes(identifier));
    // A pack may leave out what a rule evaluates.
    const open = asked.map((rule) => ({ ...rule, types: [] }));
    for (const options of [{ remediators: [closing] }, { remediators: [closing], rules: asked }, { remediators: [closing], rules: open }]) {
      const { Resources } = conformancePack(options);
      expect(Resources['ElasticsearchLogsToCloudwatchRemediation']?.Properties).toMatchObject({
        ResourceType: 'AWS::Elasticsearch::Domain',
        Parameters: { ResourceType: { StaticValue: { Values: ['AWS::Elasticsearch::Domain'] } } },
      });
      expect(Resources['OpensearchLogsToCloudwatchRemediation']?.Properties).toMatchObject({ ResourceType: 'AWS::OpenSearch::Domain' });
    }
    for (const rule of asked) expect(answerTo(rule, [closing])).toMatchObject({ answer: 'closes', because: '' });
  });
});

describe('the map of FSBP', () => {
  const map = fsbpMap(remediators);

  it('has a line for each control of the standard and each remediator, in natural order', () => {
    const declared = remediators.flatMap((each) => each.controls.filter(({ framework }) => framework === 'aws-fsbp').map(({ id }) => `${id} ${each.id}`));
    expect(map.map(({ control, remediator }) => `${control} ${remediator}`).sort()).toEqual([...declared].sort());
    const controls = [...new Set(map.map(({ control }) => control))];
    expect(controls.indexOf('EC2.7')).toBeLessThan(controls.indexOf('EC2.13'));
  });

  it('reports the ceiling', () => {
    expect(map.find(({ control, remediator }) => control === 'EC2.13' && remediator === 'ec2-revoke-sg-open-ssh')).toMatchObject({
      does: 'fix',
      ceiling: 'enforce',
      freshWithinMinutes: 30,
      configRules: ['restricted-ssh', 'vpc-sg-port-restriction-check'],
      resourceTypes: ['AWS::EC2::SecurityGroup'],
    });
    expect(map.find(({ control }) => control === 'IAM.3')).toMatchObject({ does: 'flag', parameters: { maxAgeDays: 90 } });
    expect(map.find(({ control }) => control === 'EC2.3')).toMatchObject({ does: 'tell', ceiling: 'notify' });
  });
});

describe('the template for AWS Config', () => {
  const template = memberConfigTemplate({ remediators });
  const { Resources } = template;

  it('allows an Automation of the account to call the function, and nothing else', () => {
    const role = Resources['AskRole']?.Properties as { ManagedPolicyArns: JsonObject[]; AssumeRolePolicyDocument: { Statement: JsonObject[] } };
    expect(role.ManagedPolicyArns).toEqual([{ Ref: 'AskRolePolicy' }]);
    expect(Resources['AskRolePolicy']?.Properties['PolicyDocument']).toEqual({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: { Ref: 'ConfigFunctionArn' } }],
    });
    expect(role.AssumeRolePolicyDocument.Statement[0]?.['Condition']).toMatchObject({ StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } });
  });

  it('remediates in the region of the function, and only evaluates elsewhere', () => {
    expect(Object.entries(Resources).map(([name, { Condition }]) => [name, Condition])).toEqual([
      ['AskRolePolicy', 'Asks'],
      ['AskRole', 'Asks'],
      ['Document', 'Asks'],
      ['AskingPack', 'Asks'],
      ['Pack', 'Elsewhere'],
    ]);
    const [asking, finding] = packFiles({ remediators });
    const uri = (file: typeof asking) => ({ 'Fn::Sub': `s3://$\{PackBucket}/$\{PackPrefix}${file?.name}` });
    expect(Resources['AskingPack']?.Properties).toMatchObject({ TemplateS3Uri: uri(asking), ConformancePackName: { Ref: 'PackName' } });
    expect(Resources['Pack']?.Properties['TemplateS3Uri']).toEqual(uri(finding));
    expect(asking?.text).toBe(printYaml(conformancePack({ remediators })));
    expect(Resources['Pack']?.Properties).not.toHaveProperty('ConformancePackInputParameters');
  });

  it('has a pack for each file, with its own name', () => {
    const rules = Array.from({ length: 200 }, (_, at) => ({ identifier: `RULE_${at}`, name: `rule-${at}`, parameters: {}, types: [] }));
    const packs = Object.entries(memberConfigTemplate({ remediators, rules }).Resources).filter(([, each]) => each.Type === 'AWS::Config::ConformancePack');
    expect(packs.map(([name, { Condition, Properties }]) => [name, Condition, Properties['ConformancePackName']])).toEqual([
      ['AskingPack', 'Asks', { Ref: 'PackName' }],
      ['AskingPack2', 'Asks', { 'Fn::Sub': '$' + '{PackName}-2' }],
      ['Pack', 'Elsewhere', { Ref: 'PackName' }],
      ['Pack2', 'Elsewhere', { 'Fn::Sub': '$' + '{PackName}-2' }],
    ]);
    // Nothing calls the function, so nothing is passed.
    for (const [, { Properties }] of packs) expect(Properties).not.toHaveProperty('ConformancePackInputParameters');
  });
});

describe('the hub', () => {
  const { Resources, Parameters } = hubTemplate({ remediators });
  const permissions = Object.values(Resources).filter((each) => each.Type === 'AWS::Lambda::Permission');

  it('answers Config with its own function, on request', () => {
    expect(Resources['Config']).toMatchObject({ Condition: 'ServesConfig', Properties: { Handler: 'index.config', Timeout: 120 } });
    expect(hubTemplate({ remediators, timeoutSeconds: 900 }).Resources['Config']?.Properties['Timeout']).toBe(300);
    expect(Parameters['ServeConfig']?.Default).toBe('false');
  });

  it('allows an organization to invoke that one, and only its own schedule the one for events', () => {
    const who = (name: string) => permissions.filter((each) => JSON.stringify(each.Properties['FunctionName']) === JSON.stringify({ Ref: name }));
    expect(who('Function').map(({ Properties }) => Properties['Principal'])).toEqual(['events.amazonaws.com']);
    expect(who('Config')).toEqual([
      {
        Type: 'AWS::Lambda::Permission',
        Condition: 'ServesConfigOfOrganization',
        Properties: { Action: 'lambda:InvokeFunction', FunctionName: { Ref: 'Config' }, Principal: '*', PrincipalOrgID: { Ref: 'OrganizationId' } },
      },
    ]);
  });
});
