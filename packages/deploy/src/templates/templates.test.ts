// What a deployment must have, read from the templates. Also, values that are duplicated here agree with their source.
import { eventPatterns, type JsonObject, type Remediator } from '@redress/core';
import { journalPermissions, JOURNAL_TABLE as theirs } from '@redress/evidence/aws';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { describe, expect, it } from 'vitest';
import { journalStatements } from '../iam/journal.js';
import {
  hubTemplate,
  JOURNAL_TABLE,
  memberConfigTemplate,
  memberEventsTemplate,
  memberRoleTemplate,
  printTemplate,
  sealerTemplate,
  type Template,
} from '../index.js';
import { hubJournal } from './hub-statements.js';
import { sub } from './template.js';

const remediators: readonly Remediator[] = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators];
const hub = hubTemplate({ remediators });
const all: readonly (readonly [string, Template])[] = [
  ['hub', hub],
  ['member-role', memberRoleTemplate({ remediators })],
  ['member-events', memberEventsTemplate({ remediators })],
  ['member-config', memberConfigTemplate({ remediators })],
  ['sealer', sealerTemplate()],
];
const of = (template: Template, type: string) => Object.entries(template.Resources).filter(([, each]) => each.Type === type);
const properties = (template: Template, type: string) => of(template, type).map(([, each]) => each.Properties as Record<string, never>);
/** Every statement of every policy in the template. */
function statements(value: unknown): JsonObject[] {
  if (Array.isArray(value)) return value.flatMap(statements);
  if (typeof value !== 'object' || value === null) return [];
  const own = (value as { Statement?: unknown }).Statement;
  return [...(Array.isArray(own) ? (own as JsonObject[]) : []), ...Object.values(value).flatMap(statements)];
}
/** A part of a template with a customer key, or without one. */
function keyed(value: unknown, with_: boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => keyed(each, with_)).filter((each) => each !== undefined);
  if (typeof value !== 'object' || value === null) return value;
  const [condition, yes, no] = (value as { 'Fn::If'?: readonly unknown[] })['Fn::If'] ?? [];
  if (condition === 'Keyed') return keyed(with_ ? yes : no, with_);
  if ((value as { Ref?: unknown }).Ref === 'AWS::NoValue') return undefined;
  return Object.fromEntries(Object.entries(value).flatMap(([name, each]) => ((found) => (found === undefined ? [] : [[name, found]]))(keyed(each, with_))));
}
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

describe.each(all)('the template %s', (name, template) => {
  it('names no account and no region, and nothing that would conflict with a second stack', () => {
    const text = JSON.stringify(template);
    expect(text).not.toMatch(/\b\d{12}\b/);
    expect(text).not.toMatch(/\b(?:us|eu|ap)-[a-z]+-\d\b(?!")/);
    expect(text).not.toContain('arn:aws:');
    // A key costs a dollar a month, so the signing key is only created where it is wanted.
    if (name !== 'sealer') expect(text).not.toContain('AWS::KMS::Key');
  });

  it('lets every rule retry for a limited time, and keeps undelivered events', () => {
    const rules = properties(template, 'AWS::Events::Rule');
    for (const { Targets } of rules as unknown as { Targets: { RetryPolicy: unknown; DeadLetterConfig: unknown }[] }[])
      for (const target of Targets) {
        expect(target.RetryPolicy).toEqual({ MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 });
        expect(target.DeadLetterConfig).toBeDefined();
      }
  });

  it('has only managed policies of a valid length with every option, each attached to its role', () => {
    const roles = of(template, 'AWS::IAM::Role');
    expect(roles.length).toBeGreaterThan(0);
    for (const [role, { Properties }] of roles) {
      expect(Object.keys(Properties), role).not.toContain('Policies');
      expect(new Set(listOf(Properties['ManagedPolicyArns']).map((each) => JSON.stringify(each))).size, role).toBeGreaterThan(0);
      // The policies that name the role themselves are attached, too.
      const named = properties(template, 'AWS::IAM::ManagedPolicy').filter(({ Roles }) => JSON.stringify(Roles ?? []).includes(`"${role}"`));
      expect(listOf(Properties['ManagedPolicyArns']).length + named.length, role).toBeLessThanOrEqual(10);
    }
    expect(of(template, 'AWS::IAM::Policy')).toEqual([]);
    for (const [policy, { Properties }] of of(template, 'AWS::IAM::ManagedPolicy')) {
      // The longer branch, and a long ARN for each reference: a name of 64 characters in the region with the longest name.
      const arn = `arn:aws-us-gov:service:us-gov-west-1:123456789012:type/${'x'.repeat(64)}`;
      const long = (value: unknown): unknown => {
        if (Array.isArray(value)) return value.map(long);
        if (typeof value !== 'object' || value === null) return value;
        const { 'Fn::If': branches, 'Fn::Sub': text, Ref, 'Fn::GetAtt': attribute } = value as Record<string, unknown>;
        if (Array.isArray(branches)) {
          const [yes = '', no = ''] = branches.slice(1).map((each) => JSON.stringify(long(each)));
          return JSON.parse(yes.length > no.length ? yes : no);
        }
        if (typeof text === 'string') return text.replace(/\$\{[^}]+\}/g, (name) => (/Arn\}$/.test(name) ? arn : 'x'.repeat(40)));
        if (Ref !== undefined || attribute !== undefined) return arn;
        return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, long(each)]));
      };
      expect(JSON.stringify(long(Properties['PolicyDocument'])).length, policy).toBeLessThanOrEqual(6144);
    }
  });

  it('allows no wildcard action and no wildcard principal', () => {
    const found = statements(template.Resources).filter((each) => each['Effect'] === 'Allow');
    for (const statement of found) {
      for (const action of listOf(statement['Action'] ?? [])) expect(action).not.toMatch(/\*/);
      if (JSON.stringify(statement['Principal'] ?? null).includes('"*"')) expect(statement['Condition']).toBeDefined();
    }
    expect(found.length + of(template, 'AWS::Events::Rule').length).toBeGreaterThan(0);
  });
});

describe('the hub', () => {
  const queues = of(hub, 'AWS::SQS::Queue');

  it('has a queue with 14 days of retention, a visibility timeout of six invocations, and a dead-letter queue', () => {
    const [, queue] = queues.find(([name]) => name === 'Queue') as (typeof queues)[number];
    expect(queue.Properties).toMatchObject({
      MessageRetentionPeriod: 1_209_600,
      VisibilityTimeout: 720,
      RedrivePolicy: { maxReceiveCount: 5 },
    });
    for (const [, each] of queues) expect(keyed(each.Properties, false)).toMatchObject({ MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true });
  });

  it('allows its function to receive, delete and hide messages of its two queues only, and to send to that of sweeps', () => {
    const found = statements(properties(hub, 'AWS::IAM::ManagedPolicy')).filter((each) =>
      listOf(each['Action']).some((action) => String(action).startsWith('sqs:')),
    );
    expect(found).toEqual([
      {
        Sid: 'Messages',
        Effect: 'Allow',
        Action: ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
        Resource: [{ 'Fn::GetAtt': ['Queue', 'Arn'] }, { 'Fn::GetAtt': ['Sweeps', 'Arn'] }],
      },
      { Sid: 'Sweeps', Effect: 'Allow', Action: 'sqs:SendMessage', Resource: { 'Fn::GetAtt': ['Sweeps', 'Arn'] } },
      { Sid: 'Undelivered', Effect: 'Allow', Action: 'sqs:SendMessage', Resource: { 'Fn::GetAtt': ['Undelivered', 'Arn'] } },
    ]);
  });

  it('reports failures per message, with a maximum of concurrent invocations', () => {
    expect(hub.Resources['FunctionMessages']?.Properties).toMatchObject({
      EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 5 },
    });
    expect(() => hubTemplate({ remediators, maximumConcurrency: 1 })).toThrow(/maximumConcurrency/);
    expect(() => hubTemplate({ remediators, timeoutSeconds: 5 })).toThrow(/timeoutSeconds/);
    expect(() => hubTemplate({ remediators, timeoutSeconds: 1801 })).toThrow(/timeoutSeconds/);
  });

  it('has a separate queue for sweeps, one in an invocation, with their own concurrency', () => {
    const { Resources } = hubTemplate({ remediators, sweepConcurrency: 20 });
    expect(Resources['Sweeps']?.Properties).toMatchObject({ FifoQueue: true, VisibilityTimeout: 720 });
    expect(Resources['SweepMessages']?.Properties).toMatchObject({
      EventSourceArn: { 'Fn::GetAtt': ['Sweeps', 'Arn'] },
      BatchSize: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      // If nothing is reserved, sweeps leave concurrency to the account.
      ScalingConfig: { MaximumConcurrency: { 'Fn::If': ['Reserves', 20, 2] } },
    });
    expect(Resources['Function']?.Properties['ReservedConcurrentExecutions']).toMatchObject({ 'Fn::If': ['Reserves', 5 + 20 + 3, expect.anything()] });
    expect(hub.Resources['SweepMessages']?.Properties['ScalingConfig']).toEqual({ MaximumConcurrency: { 'Fn::If': ['Reserves', 10, 2] } });
    expect(hub.Resources['Function']?.Properties['Environment']).toMatchObject({ Variables: { REDRESS_SWEEP_QUEUE: { Ref: 'Sweeps' } } });
    expect(() => hubTemplate({ remediators, sweepConcurrency: 1 })).toThrow(/sweepConcurrency/);
  });

  it('raises an alarm if sweeps are not completed, or cannot be made', () => {
    const alarmOf = (name: string) => hub.Resources[name]?.Properties;
    expect(alarmOf('SweepAgeAlarm')).toMatchObject({ MetricName: 'SweepAge', Statistic: 'Maximum', Threshold: 21_600, AlarmActions: [{ Ref: 'Notices' }] });
    expect(alarmOf('SweepFailedAlarm')).toMatchObject({ MetricName: 'SweepFailed', Statistic: 'Sum', Period: 86_400, EvaluationPeriods: 2, Threshold: 1 });
  });

  it('may list the accounts of its own organization only, and with a listing role may only assume that role', () => {
    const policy = hub.Resources['OrganizationPolicy'];
    expect(policy).toMatchObject({ Condition: 'HasOrganization', Properties: { Roles: [{ Ref: 'FunctionRole' }, { Ref: 'ApprovalsRole' }] } });
    const branches = ((policy?.Properties['PolicyDocument'] ?? {}) as { Statement: { 'Fn::If': [string, JsonObject, JsonObject] }[] }).Statement.map(
      (each) => each['Fn::If'],
    );
    expect(branches.map(([condition, byRole]) => [condition, byRole])).toEqual([
      ['HasOrganizationRole', { Sid: 'Organization', Effect: 'Allow', Action: 'sts:AssumeRole', Resource: { Ref: 'OrganizationRoleArn' } }],
      ['HasOrganizationRole', { Ref: 'AWS::NoValue' }],
    ]);
    expect(branches.map(([, , own]) => own)).toEqual([
      { Sid: 'Accounts', Effect: 'Allow', Action: 'organizations:ListAccounts', Resource: '*' },
      {
        Sid: 'Units',
        Effect: 'Allow',
        Action: ['organizations:ListAccountsForParent', 'organizations:ListOrganizationalUnitsForParent', 'organizations:ListTagsForResource'],
        Resource: sub('arn:{AWS::Partition}:organizations::*:*/{OrganizationId}/*'),
      },
    ]);
    for (const { Environment } of properties(hub, 'AWS::Lambda::Function') as unknown as { Environment: { Variables: object } }[])
      expect(Environment.Variables).toMatchObject({
        REDRESS_ORGANIZATION: { Ref: 'OrganizationId' },
        REDRESS_ORGANIZATION_ROLE: { Ref: 'OrganizationRoleArn' },
      });
  });

  it('hides a message for six times the timeout of an invocation, and warns at nine tenths of it, whatever it is', () => {
    for (const [timeoutSeconds, hidden, slow] of [
      [60, 360, 54_000],
      [900, 5400, 810_000],
      [1800, 10_800, 1_620_000],
    ] as const) {
      const { Resources } = hubTemplate({ remediators, timeoutSeconds });
      expect(Resources['Queue']?.Properties['VisibilityTimeout']).toBe(hidden);
      expect(Resources['SlowAlarm']?.Properties['Threshold']).toBe(slow);
      expect(Resources['Function']?.Properties['Timeout']).toBe(timeoutSeconds);
    }
  });

  it('runs on arm64 and Node 24, and limits its own retries', () => {
    for (const each of properties(hub, 'AWS::Lambda::Function')) expect(each).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
    for (const each of properties(hub, 'AWS::Lambda::EventInvokeConfig'))
      expect(each).toMatchObject({ MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600 });
    expect(of(hub, 'AWS::Lambda::EventInvokeConfig').length).toBeGreaterThan(0);
  });

  it('retains table and bucket when the stack is deleted', () => {
    for (const type of ['AWS::DynamoDB::Table', 'AWS::S3::Bucket'])
      for (const [, each] of of(hub, type)) expect(each).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(properties(hub, 'AWS::S3::Bucket')).toEqual([expect.objectContaining({ ObjectLockEnabled: true, VersioningConfiguration: { Status: 'Enabled' } })]);
  });

  it('uses IAM authentication for the approval endpoint', () => {
    expect(properties(hub, 'AWS::Lambda::Url')).toEqual([expect.objectContaining({ AuthType: 'AWS_IAM' })]);
  });

  it('outputs the policies for people', () => {
    const { ApproverPolicyArn, AuditorPolicyArn } = hub.Outputs;
    expect(ApproverPolicyArn).toMatchObject({ Value: { Ref: 'ApproverPolicy' }, Condition: hub.Resources['ApproverPolicy']?.Condition });
    expect(AuditorPolicyArn).toMatchObject({ Value: { Ref: 'AuditorPolicy' } });
  });

  it('allows only its own rules to send to its queue', () => {
    const policies = JSON.stringify(properties(hub, 'AWS::SQS::QueuePolicy'));
    expect(policies).toContain('aws:SourceArn');
    expect(policies).toContain('aws:SourceAccount');
    expect(policies).toContain('TlsOnly');
  });

  it('allows each function only its roles, with a source identity; all have the name of the rollback role, and one may assume it', () => {
    const assumed = (role: string) =>
      statements(hub.Resources[`${role}Policy`])
        .filter((each) => listOf(each['Action']).includes('sts:AssumeRole'))
        .map((each) => ({ actions: each['Action'], names: listOf(each['Resource']).map((arn) => /RolePrefix\}(\w+)"/.exec(JSON.stringify(arn))?.[1]) }));
    const actions = ['sts:AssumeRole', 'sts:SetSourceIdentity'];
    expect(assumed('FunctionRole')).toEqual([{ actions, names: ['Read', 'Fix'] }]);
    expect(assumed('ApprovalsRole')).toEqual([{ actions, names: ['Read', 'Fix', 'Rollback'] }]);
    for (const { Environment } of of(hub, 'AWS::Lambda::Function').map(([, each]) => each.Properties as { Environment?: { Variables: object } }))
      expect(Environment?.Variables).toHaveProperty('REDRESS_ROLLBACK_ROLE');
  });

  it('has a rule for every pattern', () => {
    const patterns = properties(hub, 'AWS::Events::Rule').map(({ EventPattern }) => JSON.stringify(EventPattern));
    for (const { pattern } of eventPatterns(remediators)) expect(patterns).toContain(JSON.stringify(pattern));
  });

  it('fits into one call as JSON', () => {
    expect(JSON.stringify(hub).length).toBeLessThan(51_200);
    expect(JSON.parse(printTemplate(hub, 'json'))).toEqual(JSON.parse(JSON.stringify(hub)));
  });
});

describe('the member roles', () => {
  const template = memberRoleTemplate({ remediators });
  const roles = of(template, 'AWS::IAM::Role');
  const actions = (name: RegExp) => {
    const found = roles.filter(([each]) => name.test(each));
    expect(found).toHaveLength(1);
    const attached = (found[0] as (typeof roles)[number])[1].Properties['ManagedPolicyArns'] as unknown as { Ref: string }[];
    return attached.flatMap(({ Ref }) => statements(template.Resources[Ref]?.Properties['PolicyDocument'])).flatMap((each) => listOf(each['Action'] ?? []));
  };

  it('are three, assumed with an external id', () => {
    expect(roles).toHaveLength(3);
    for (const [, each] of roles) {
      const trust = (action: string) =>
        statements(each.Properties?.['AssumeRolePolicyDocument']).filter((statement) => listOf(statement['Action']).includes(action));
      expect(trust('sts:AssumeRole').map((statement) => statement['Condition'])).toEqual([
        { ArnEquals: expect.anything(), StringEquals: { 'sts:ExternalId': { Ref: 'ExternalId' } } },
      ]);
      // `memberRoles` sets one: without this the role could not be assumed. It is optional, so that others need not set it.
      expect(trust('sts:SetSourceIdentity').map((statement) => statement['Condition'])).toEqual([{ ArnEquals: expect.anything() }]);
    }
  });

  it('have a boundary, their own unless one is given, and may not change what is exempt unless configured otherwise', () => {
    const template = memberRoleTemplate({ remediators, exceptionTag: 'acme:keep' });
    for (const name of ['Read', 'Fix', 'Rollback']) {
      expect(template.Resources[`${name}Role`]?.Properties['PermissionsBoundary']).toEqual({
        'Fn::If': ['HasBoundary', { Ref: 'PermissionsBoundaryArn' }, { Ref: `${name}Boundary` }],
      });
      expect(template.Resources[`${name}Boundary`]).toMatchObject({ Type: 'AWS::IAM::ManagedPolicy', Condition: expect.stringMatching(/^Makes/) });
    }
    const fix = JSON.stringify(template.Resources['FixPolicy1']);
    expect(fix).toContain('{"Fn::If":["RefusesTagged",{"Sid":"Exempt","Effect":"Deny"');
    expect(fix).toContain('{"Null":{"aws:ResourceTag/acme:keep":"false"}}');
    expect(template.Parameters['RefuseTagged']).toMatchObject({ Default: 'true', AllowedValues: ['true', 'false'] });
    // In this account, in any partition.
    expect(fix).toMatch(/"arn:\$\{AWS::Partition\}:ec2:\*:\$\{AWS::AccountId\}:security-group\/\*"/);
    expect(fix).toContain('{"s3:ResourceAccount":{"Ref":"AWS::AccountId"}}');
  });

  it('cannot open in a fix what a rollback opens, and write nothing for a read', () => {
    expect(actions(/Fix/)).toContain('ec2:RevokeSecurityGroupIngress');
    expect(actions(/Fix/)).not.toContain('ec2:AuthorizeSecurityGroupIngress');
    expect(actions(/Rollback/)).toContain('ec2:AuthorizeSecurityGroupIngress');
    for (const action of actions(/Read/)) expect(String(action)).toMatch(/:(?:Get|List|Describe|Head)/);
  });
});

describe('the sealer', () => {
  const template = sealerTemplate();
  const at = (name: string) => template.Resources[name]?.Properties ?? {};
  const role = statements(at('SealerRolePolicy'));

  it('runs on a schedule, retries, and keeps failed events', () => {
    expect(at('SealRule')).toMatchObject({
      ScheduleExpression: { Ref: 'Schedule' },
      State: 'ENABLED',
      Targets: [{ Arn: { 'Fn::GetAtt': ['Sealer', 'Arn'] } }],
    });
    expect(template.Parameters['Schedule']).toMatchObject({ Default: 'rate(1 hour)' });
    expect(at('SealPermission')).toMatchObject({ Principal: 'events.amazonaws.com', SourceArn: { 'Fn::GetAtt': ['SealRule', 'Arn'] } });
    expect(at('SealerInvocations')).toMatchObject({
      MaximumRetryAttempts: 2,
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Undelivered', 'Arn'] } } },
    });
    expect(at('Sealer')).toMatchObject({ Handler: 'index.seal', Role: { 'Fn::GetAtt': ['SealerRole', 'Arn'] }, Timeout: 900, MemorySize: 1024 });
  });

  it('signs with the key of the stack until another one has replaced it, and with two only during a rotation', () => {
    const conditional = (list: readonly JsonObject[]) =>
      // The key that decrypts the table and the bucket is not one for seals.
      list
        .filter((each) => !JSON.stringify(each).includes('"Keyed"'))
        .flatMap((each) => {
          const [condition, yes, no] = (each['Fn::If'] ?? []) as unknown as [string, JsonObject, JsonObject];
          return [yes, no].flatMap((one, at) =>
            one?.['Action'] !== undefined && /kms:/.test(String(one['Action'])) ? [[condition, at === 0, one] as const] : [],
          );
        });
    const signing = { StringEquals: { 'kms:SigningAlgorithm': 'ED25519_SHA_512', 'kms:MessageType': 'RAW' } };
    expect(
      conditional(role).map(([condition, holds, { Effect, Action, Resource, Condition }]) => [condition, holds, Effect, Action, Resource, Condition]),
    ).toEqual([
      ['HasKey', true, 'Allow', 'kms:Sign', { Ref: 'KeyArn' }, signing],
      ['HasKey', true, 'Allow', 'kms:GetPublicKey', { Ref: 'KeyArn' }, undefined],
      ['HasNextKey', true, 'Allow', 'kms:Sign', { Ref: 'NextKeyArn' }, signing],
      ['HasNextKey', true, 'Allow', 'kms:GetPublicKey', { Ref: 'NextKeyArn' }, undefined],
    ]);
    const { Statement } = at('SealKey')['KeyPolicy'] as unknown as { Statement: readonly JsonObject[] };
    // If it was replaced, its policy allows the role nothing more.
    expect(conditional(Statement).map(([condition, holds, { Action }]) => [condition, holds, Action])).toEqual([
      ['HasKey', false, 'kms:Sign'],
      ['HasKey', false, 'kms:GetPublicKey'],
    ]);
    expect(JSON.stringify(Statement.filter((each) => each['Fn::If'] === undefined))).not.toMatch(/kms:Sign"/);
    expect(template.Conditions).toMatchObject({
      HasKey: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'KeyArn' }, ''] }] },
      HasNextKey: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'NextKeyArn' }, ''] }] },
    });
    const ours = { 'Fn::If': ['HasKey', { Ref: 'KeyArn' }, { 'Fn::GetAtt': ['SealKey', 'Arn'] }] };
    expect(template.Outputs?.['KeyArn']).toMatchObject({ Value: ours });
    expect(at('Sealer')).toMatchObject({
      Environment: {
        Variables: {
          ...{ REDRESS_SEAL_KEY: ours, REDRESS_SEAL_NEXT_KEY: { Ref: 'NextKeyArn' } },
          ...{ REDRESS_SEAL_ROTATION_BY: { Ref: 'RotationBy' }, REDRESS_SEAL_ROTATION_REASON: { Ref: 'RotationReason' } },
          REDRESS_DOCUMENTS_DAYS: { Ref: 'DocumentsDays' },
        },
      },
    });
    for (const name of ['KeyArn', 'NextKeyArn', 'RotationBy', 'RotationReason']) expect(template.Parameters[name]).toMatchObject({ Default: '' });
    expect(template.Parameters['DocumentsDays']).toMatchObject({ Type: 'Number', Default: 0, MinValue: 0, MaxValue: 36_500 });
    const allowed = new RegExp(template.Parameters['NextKeyArn']?.AllowedPattern ?? '-');
    // An alias can be pointed at another key, and a policy cannot name a key by its alias.
    for (const bad of ['alias/redress', 'arn:aws:kms:eu-west-1:111111111111:alias/redress', '1234abcd-12ab']) expect(allowed.test(bad)).toBe(false);
    expect(allowed.test('arn:aws-us-gov:kms:us-gov-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab')).toBe(true);
  });

  it('signs with a key that only it uses, and that signs messages unhashed', () => {
    expect(template.Resources['SealKey']).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' },
    });
    // Each has the condition that the key was not replaced.
    const signs = statements(at('SealKey'))
      .map((each) => ((each['Fn::If'] as unknown as JsonObject[] | undefined)?.[2] ?? each) as JsonObject)
      .filter((each) => listOf(each['Action']).includes('kms:Sign'));
    expect(signs).toEqual([
      {
        ...{ Sid: 'Sealer', Effect: 'Allow', Action: 'kms:Sign', Resource: '*', Principal: { AWS: { 'Fn::GetAtt': ['SealerRole', 'Arn'] } } },
        Condition: { StringEquals: { 'kms:SigningAlgorithm': 'ED25519_SHA_512', 'kms:MessageType': 'RAW' } },
      },
    ]);
  });

  it('reads the journal, adds to the log, and may do nothing else', () => {
    const conditional = role.flatMap((each) => (each['Fn::If'] === undefined ? [] : [each['Fn::If'] as unknown as [string, JsonObject]]));
    expect(conditional.map(([condition, { Action }]) => [condition, Action])).toEqual([
      ['HasAnchor', 's3:PutObject'],
      ['HasAnchor', 's3:GetObject'],
      ['HasKey', 'kms:Sign'],
      ['HasKey', 'kms:GetPublicKey'],
      ['HasNextKey', 'kms:Sign'],
      ['HasNextKey', 'kms:GetPublicKey'],
      ['Keyed', ['kms:Decrypt', 'kms:GenerateDataKey']],
    ]);
    const writes = role.filter(
      (each) => each['Fn::If'] === undefined && listOf(each['Action']).some((action) => !/:(?:Get|BatchGet|Query|Scan|List)/.test(String(action))),
    );
    const objects = (path: string) => sub(`arn:{AWS::Partition}:s3:::{BucketName}/${path}`);
    expect(writes.map(({ Sid, Action, Resource, Condition }) => [Sid, Action, Resource, Condition])).toEqual([
      ['Log', ['logs:CreateLogStream', 'logs:PutLogEvents'], { 'Fn::GetAtt': ['SealerLog', 'Arn'] }, undefined],
      ['LedgerCreate', ['s3:PutObject'], [objects('ledger/*'), objects('sealer/*')], { Null: { 's3:if-none-match': 'false' } }],
      ['LedgerPublish', ['s3:PutObject'], [objects('ledger/checkpoint')], { Null: { 's3:if-match': 'false' } }],
      [
        'LedgerMark',
        ['dynamodb:UpdateItem'],
        [expect.anything()],
        { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', 'seq', 'unsealedShard', 'size'] } },
      ],
      ['LedgerLock', ['s3:PutObjectRetention'], [objects('ledger/*'), objects('sealer/*')], undefined],
      ['Undelivered', 'sqs:SendMessage', { 'Fn::GetAtt': ['Undelivered', 'Arn'] }, undefined],
    ]);
    expect(JSON.stringify(role)).not.toMatch(/sts:AssumeRole|Delete|dynamodb:PutItem/);
  });

  it('is the only writer of the log: no role of the hub may write it', () => {
    const denied = statements(hub.Resources['WorkerPolicy']).filter((each) => each['Sid'] === 'LedgerIsOfTheSealer');
    expect(denied.map(({ Effect, Action, Resource }) => [Effect, Action, Resource])).toEqual([
      ['Deny', ['s3:PutObject'], [sub('{Bucket.Arn}/ledger/*'), sub('{Bucket.Arn}/sealer/*')]],
    ]);
    for (const { ManagedPolicyArns } of properties(hub, 'AWS::IAM::Role')) expect(ManagedPolicyArns).toContainEqual({ Ref: 'WorkerPolicy' });
  });

  it('raises an alarm if nothing was sealed, records could not be sealed, or a checkpoint was not copied or cosigned', () => {
    const alarms = Object.fromEntries(of(template, 'AWS::CloudWatch::Alarm').map(([name, each]) => [name, each.Properties]));
    expect(alarms['SealMissingAlarm']).toMatchObject({
      ...{ Namespace: 'Redress', MetricName: 'Sealed', Period: 10_800, EvaluationPeriods: 2, Threshold: 1 },
      ...{ ComparisonOperator: 'LessThanThreshold', TreatMissingData: 'breaching' },
    });
    expect(alarms['SealSkippedAlarm']).toMatchObject({ MetricName: 'SealSkipped', Threshold: 1, ComparisonOperator: 'GreaterThanOrEqualToThreshold' });
    expect(alarms['CheckpointNotCopiedAlarm']).toMatchObject({ MetricName: 'CheckpointNotCopied' });
    expect(alarms['CheckpointNotCosignedAlarm']).toMatchObject({ MetricName: 'CheckpointNotCosigned' });
    expect(alarms['SealErrorsAlarm']).toMatchObject({ MetricName: 'Errors', Dimensions: [{ Name: 'FunctionName', Value: { Ref: 'Sealer' } }] });
    for (const each of Object.values(alarms)) expect(each).toMatchObject({ AlarmActions: [{ Ref: 'NoticesArn' }] });
  });

  it('calls only the given witnesses, by their keys and addresses', () => {
    expect(of(template, 'AWS::Lambda::Function')[0]?.[1].Properties).toMatchObject({ Environment: { Variables: { REDRESS_WITNESSES: { Ref: 'Witnesses' } } } });
    const allowed = new RegExp(template.Parameters?.['Witnesses']?.AllowedPattern ?? '-');
    for (const good of ['', 'w.example/a+1a2b3c4d+BAx/= https://w.example/a', 'a+1+B https://a.example,b+2+B https://b.example/x'])
      expect(allowed.test(good)).toBe(true);
    for (const bad of ['w+1+B', 'https://w.example', 'w+1+B http://w.example', 'w+1+B https://w.example,', 'w+1+B  https://w.example'])
      expect(allowed.test(bad)).toBe(false);
  });

  it('fits into one call', () => {
    expect(JSON.stringify(template).length).toBeLessThan(51_200);
  });
});

describe('a definition that exists twice', () => {
  it('is that of the table of the journal', () => {
    expect(JOURNAL_TABLE).toEqual(theirs);
  });

  it.each(['worker', 'auditor', 'sealer'] as const)('is that of the permissions of a %s of the journal', (who) => {
    const flat = (given: readonly JsonObject[]) =>
      [...new Set(given.filter((each) => each['Effect'] === 'Allow').flatMap((each) => listOf(each['Action'])))].sort();
    const real = journalPermissions(who, {
      tableArn: 'arn:aws:dynamodb:x:1:table/t',
      bucketArn: 'arn:aws:s3:::b',
      lockDays: 1,
    }) as unknown as readonly JsonObject[];
    const named = { log: 'l', own: 'o', checkpoint: 'c' };
    const ours = who === 'sealer' ? journalStatements(who, { table: 't', indexes: 'i', bucket: 'b', objects: 'o', sealer: named }) : hubJournal(who);
    expect(flat(ours)).toEqual(flat(real));
    expect(flat(real).length).toBeGreaterThan(1);
    for (const action of flat(real)) expect(String(action)).not.toMatch(/Delete|BypassGovernance|PutObjectLegalHold/);
  });
});

describe('a metric', () => {
  const propertiesOf = (type: string) => of(hub, type).map(([, each]) => each.Properties ?? {});
  const metrics = propertiesOf('AWS::Logs::MetricFilter').flatMap(
    (each) => each['MetricTransformations'] as unknown as { MetricName: string; MetricNamespace: string }[],
  );
  const alarms = propertiesOf('AWS::CloudWatch::Alarm').map(({ Namespace, MetricName }) => ({ Namespace, MetricName }));

  it('is in the namespace of the functions or of AWS', () => {
    const own = [...metrics.map((each) => each.MetricNamespace), ...alarms.map((each) => each.Namespace).filter((each) => !String(each).startsWith('AWS/'))];
    expect(own.length).toBeGreaterThan(3);
    expect(new Set(own)).toEqual(new Set(['Redress']));
  });

  it('from the log has an alarm on what its filter counts', () => {
    expect(metrics.length).toBeGreaterThan(0);
    for (const { MetricName, MetricNamespace } of metrics) expect(alarms).toContainEqual({ Namespace: MetricNamespace, MetricName });
  });
});

describe('a customer key', () => {
  const KEY = { Ref: 'EncryptionKeyArn' };
  const stored = ['AWS::SQS::Queue', 'AWS::SNS::Topic', 'AWS::Logs::LogGroup', 'AWS::DynamoDB::Table', 'AWS::S3::Bucket'];
  const kept = (template: Template, with_: boolean) =>
    Object.values(template.Resources)
      .filter(({ Type }) => stored.includes(Type))
      .map(({ Type, Properties }) => [Type, keyed(Properties, with_)] as const);

  it.each([['hub', hub, 9] as const, ['sealer', sealerTemplate(), 2] as const])(
    'encrypts everything that the %s stores, if it is given',
    (_, template, count) => {
      expect(kept(template, true)).toHaveLength(count);
      for (const [type, properties] of kept(template, true))
        expect([type, properties]).toEqual([
          type,
          expect.objectContaining(
            {
              'AWS::SQS::Queue': { KmsMasterKeyId: KEY, SqsManagedSseEnabled: false },
              'AWS::SNS::Topic': { KmsMasterKeyId: KEY },
              'AWS::Logs::LogGroup': { KmsKeyId: KEY },
              'AWS::DynamoDB::Table': { SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: KEY } },
              'AWS::S3::Bucket': {
                BucketEncryption: {
                  ServerSideEncryptionConfiguration: [
                    { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KEY } },
                  ],
                },
              },
            }[type],
          ),
        ]);
      expect(JSON.stringify(kept(template, false))).not.toMatch(/EncryptionKeyArn|kms/i);
    },
  );

  it('may be used by each role, and read by auditors; by nobody if there is none', () => {
    const uses = (template: Template, with_: boolean) =>
      Object.entries(template.Resources).flatMap(([name, { Type, Properties }]) =>
        statements(Type === 'AWS::KMS::Key' ? [] : keyed(Properties, with_))
          .filter(({ Action }) => listOf(Action).some((each) => String(each).startsWith('kms:') && each !== 'kms:Sign'))
          .filter(({ Resource }) => JSON.stringify(Resource) === JSON.stringify(KEY))
          .map(({ Effect, Action }) => [name, Effect, Action]),
      );
    const all = ['kms:Decrypt', 'kms:GenerateDataKey'];
    expect(uses(hub, true)).toEqual([
      ['WorkerPolicy', 'Allow', all],
      ['AuditorPolicy', 'Allow', ['kms:Decrypt']],
    ]);
    expect(uses(sealerTemplate(), true)).toEqual([['SealerRolePolicy', 'Allow', all]]);
    for (const template of [hub, sealerTemplate()]) expect(uses(template, false)).toEqual([]);
  });
});
