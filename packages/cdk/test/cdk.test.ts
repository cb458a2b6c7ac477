// The constructs are the templates, and what cdk-nag makes of them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askDocument, hubTemplate, LINT_EXCEPTIONS, memberConfigTemplate, memberEventsTemplate, memberRoleTemplate, type Template } from '@redress/deploy';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { CfnTable } from 'aws-cdk-lib/aws-dynamodb';
import type { CfnManagedPolicy, CfnRole } from 'aws-cdk-lib/aws-iam';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedressHub, type RedressHubProps, RedressMemberConfig, RedressMemberEvents, RedressMemberRole } from '../src/index.js';

const remediators = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators];
const hubBusArn = 'arn:aws:events:eu-west-1:111111111111:event-bus/Redress';
const configFunctionArn = 'arn:aws:lambda:eu-west-1:111111111111:function:Redress-Config';
const DIGESTS = { policyDigest: `sha256:${'0'.repeat(64)}`, registerDigest: `sha256:${'1'.repeat(64)}` };
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'redress-cdk-test-'));
  writeFileSync(join(folder, 'index.mjs'), 'export const handler = async () => ({});\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function made(more: Partial<RedressHubProps> = {}) {
  const outdir = mkdtempSync(join(tmpdir(), 'redress-cdk-out-'));
  const app = new App({ outdir, analyticsReporting: false });
  const stack = new Stack(app, 'Redress');
  const hub = new RedressHub(stack, 'Hub', { remediators, code: folder, externalId: 'o-abc-redress', organizationId: 'o-abcdefghij', ...DIGESTS, ...more });
  const { approvals } = hub.roles;
  const roles = new RedressMemberRole(stack, 'Roles', {
    remediators,
    hubRoleArns: [hub.roles.function.roleArn, approvals.roleArn],
    rollbackRoleArns: [approvals.roleArn],
    externalId: 'o-abc-redress',
  });
  const events = new RedressMemberEvents(new Stack(app, 'Events'), 'Events', { remediators, hubBusArn });
  new RedressMemberConfig(new Stack(app, 'Config'), 'Config', { remediators, configFunctionArn, packBucket: 'packs' });
  const synthesised = (name: string) => JSON.parse(readFileSync(join(outdir, `${name}.template.json`), 'utf8')) as Pick<Template, 'Resources'>;
  return { app, stack, hub, roles, events, synthesised, done: () => rmSync(outdir, { recursive: true, force: true }) };
}

const types = (template: Pick<Template, 'Resources'>) =>
  Object.values(template.Resources)
    .map(({ Type }) => Type)
    .filter((type) => type !== 'AWS::CDK::Metadata')
    .sort();

describe('the constructs', () => {
  it('are the templates, resource by resource', () => {
    const { app, synthesised, done } = made();
    app.synth();
    const hub = hubTemplate({ remediators });
    const roles = memberRoleTemplate({ remediators });
    expect(types(synthesised('Redress'))).toEqual([...types(hub), ...types(roles)].sort());
    expect(types(synthesised('Events'))).toEqual(types(memberEventsTemplate({ remediators })));
    const config = synthesised('Config');
    expect(types(config)).toEqual(types(memberConfigTemplate({ remediators })));
    const [document] = Object.values(config.Resources).filter(({ Type }) => Type === 'AWS::SSM::Document');
    const { parameters, ...rest } = askDocument({ functionArn: configFunctionArn, roleArn: { 'Fn::GetAtt': [expect.any(String), 'Arn'] } });
    expect(document?.Properties['Content']).toEqual({ ...rest, parameters });
    const text = JSON.stringify(synthesised('Redress'));
    // Code is that of the folder; what was a parameter is a value.
    expect(text).toMatch(/"S3Key":"[0-9a-f]{64}\.zip"/);
    expect(text).toContain('"aws:PrincipalOrgID":"o-abcdefghij"');
    expect(text).not.toContain('"Ref":"ExternalId"');
    done();
  });

  it('are typed, down to each resource', () => {
    const { hub, roles, events, stack, done } = made({ timeoutSeconds: 100 });
    const queue = hub.template.getResource('Queue');
    expect(queue).toBeInstanceOf(CfnQueue);
    expect((queue as CfnQueue).visibilityTimeout).toBe(600);
    expect(hub.template.getResource('Table')).toBeInstanceOf(CfnTable);
    const resolved = [
      hub.queue.queueArn,
      hub.deadLetterQueue.queueArn,
      hub.undeliveredQueue.queueArn,
      hub.table.tableArn,
      hub.bucket.bucketArn,
      hub.function.functionArn,
      hub.approvalUrl,
    ].map((each) => JSON.stringify(stack.resolve(each)));
    for (const each of resolved) expect(each).toMatch(/"Fn::GetAtt":\["Hub\w+","(Arn|FunctionUrl)"\]/);
    expect(new Set(resolved).size).toBe(resolved.length);
    expect(hub.config).toBeNull();
    const serving = made({ serveConfig: true });
    expect(JSON.stringify(serving.stack.resolve(serving.hub.config?.functionArn))).toMatch(/"Fn::GetAtt":\["Hub\w*Config\w*","Arn"\]/);
    serving.done();
    expect(roles.rollbackRole).not.toBeNull();
    expect(events.undeliveredQueue.queueArn).toMatch(/Token/);
    done();
  });

  it('narrow what the roles may do as they are told', () => {
    const stack = new Stack(new App({ analyticsReporting: false }), 'Narrow');
    const given = { remediators: s3Remediators, hubRoleArns: ['arn:aws:iam::111111111111:role/Redress-Function'], externalId: 'o-abc-redress' };
    const policiesOf = (id: string, more: object) =>
      JSON.stringify(
        stack.resolve((new RedressMemberRole(stack, id, { ...given, ...more }).template.getResource('FixPolicy1') as CfnManagedPolicy).policyDocument),
      );
    const narrowing = { 's3:PutEncryptionConfiguration': { name: 'Ours', resources: ['arn:{partition}:s3:::ours-*'], rest: 'Buckets whose names begin so.' } };
    expect(policiesOf('Ours', { narrowing })).toContain(':s3:::ours-*');
    expect(policiesOf('All', {})).not.toContain('ours-*');
  });

  it('pass cdk-nag; each thing that is kept is needed', () => {
    const { app, synthesised, done } = made();
    const checks = new AwsSolutionsChecks(app);
    Validations.of(app).addPlugins(checks);
    // A violation that nobody acknowledged throws.
    app.synth();
    expect(Object.keys(synthesised('Redress').Resources).length).toBeGreaterThan(50);
    expect(LINT_EXCEPTIONS.filter(({ id }) => id.startsWith('AwsSolutions')).every(({ reason }) => reason.length > 20)).toBe(true);
    done();
  });

  it('are judged at all: a wildcard in an action is found, whatever is acknowledged', () => {
    const { app, hub, done } = made();
    const role = hub.template.getResource('FunctionRole') as CfnRole;
    const Statement = [{ Effect: 'Allow', Action: 'dynamodb:*', Resource: hub.table.tableArn }];
    role.policies = [{ policyName: 'Redress', policyDocument: { Version: '2012-10-17', Statement } }];
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    expect(() => app.synth()).toThrow();
    done();
  });

  it('refuse what CloudFormation would refuse', () => {
    for (const wrong of [
      { organizationId: 'acme' },
      { externalId: '' },
      { evidenceRetentionDays: 0 },
      { logRetentionDays: 42 },
      { maximumConcurrency: 1 },
      { serveConfig: 'yes' as unknown as boolean },
      { approvers: ['*'] },
    ])
      expect(() => made(wrong), JSON.stringify(wrong)).toThrowError(expect.objectContaining({ code: 'compose/invalid' }));
    expect(() => made({ code: Code.fromInline('exports.handler = 1') })).toThrow(/inline/);
  });
});
