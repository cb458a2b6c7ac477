// The constructs are the templates, and what cdk-nag makes of them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  askDocument,
  hubTemplate,
  LINT_EXCEPTIONS,
  memberConfigTemplate,
  memberEventsTemplate,
  memberRoleTemplate,
  sealerTemplate,
  type Template,
} from '@redress/deploy';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { CfnTable } from 'aws-cdk-lib/aws-dynamodb';
import type { CfnManagedPolicy } from 'aws-cdk-lib/aws-iam';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  RedressHub,
  type RedressHubProps,
  RedressMemberConfig,
  RedressMemberEvents,
  RedressMemberRole,
  RedressSealer,
  type RedressSealerProps,
} from '../src/index.js';

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
  it('equal the templates, resource by resource', () => {
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

  it('limit the roles to the given regions and resources', () => {
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

  it('pass cdk-nag; each acknowledged finding is necessary', () => {
    const { app, synthesised, done } = made();
    const checks = new AwsSolutionsChecks(app);
    Validations.of(app).addPlugins(checks);
    // A violation that nobody acknowledged throws.
    app.synth();
    expect(Object.keys(synthesised('Redress').Resources).length).toBeGreaterThan(50);
    expect(LINT_EXCEPTIONS.filter(({ id }) => id.startsWith('AwsSolutions')).every(({ reason }) => reason.length > 20)).toBe(true);
    done();
  });

  it('are really checked: a wildcard in an action is found, whatever is acknowledged', () => {
    const { app, hub, done } = made();
    const policy = hub.template.getResource('FunctionRolePolicy') as CfnManagedPolicy;
    policy.policyDocument = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'dynamodb:*', Resource: hub.table.tableArn }] };
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

describe('the sealer', () => {
  const given = { origin: 'example.com/redress', tableName: 'redress', bucketName: 'redress-evidence', noticesArn: 'arn:aws:sns:eu-west-1:111111111111:n' };

  function sealer(more: Partial<RedressSealerProps> = {}) {
    const outdir = mkdtempSync(join(tmpdir(), 'redress-cdk-out-'));
    const app = new App({ outdir, analyticsReporting: false });
    const stack = new Stack(app, 'Sealer');
    const made = new RedressSealer(stack, 'Sealer', { code: folder, ...given, ...more });
    const synthesised = () => {
      app.synth();
      return JSON.parse(readFileSync(join(outdir, 'Sealer.template.json'), 'utf8')) as Pick<Template, 'Resources'>;
    };
    return { app, stack, made, synthesised, done: () => rmSync(outdir, { recursive: true, force: true }) };
  }
  const one = (template: Pick<Template, 'Resources'>, type: string) => Object.values(template.Resources).find(({ Type }) => Type === type);

  it('equals the template, resource by resource, with values instead of parameters', () => {
    const witnesses = [
      { key: 'w.example/a+1a2b3c4d+BAx/', url: 'https://w.example/a' },
      { key: 'w.example/b+1a2b3c4d+BAy/', url: 'https://w.example/b' },
    ];
    const { synthesised, done } = sealer({ anchorBucket: 'copies', witnesses, replacedKeys: ['k1+1+A', 'k2+2+B'], schedule: 'rate(15 minutes)' });
    const template = synthesised();
    expect(types(template)).toEqual(types(sealerTemplate()));
    expect(one(template, 'AWS::Lambda::Function')?.Properties).toMatchObject({
      Handler: 'index.seal',
      Code: { S3Key: expect.stringMatching(/^[0-9a-f]{64}\.zip$/) },
      Environment: {
        Variables: {
          ...{ REDRESS_TABLE: 'redress', REDRESS_BUCKET: 'redress-evidence', REDRESS_SEAL_ORIGIN: 'example.com/redress', REDRESS_ANCHOR_BUCKET: 'copies' },
          REDRESS_WITNESSES: 'w.example/a+1a2b3c4d+BAx/ https://w.example/a,w.example/b+1a2b3c4d+BAy/ https://w.example/b',
          REDRESS_SEAL_REPLACED: 'k1+1+A,k2+2+B',
        },
      },
    });
    expect(one(template, 'AWS::Events::Rule')?.Properties).toMatchObject({ ScheduleExpression: 'rate(15 minutes)' });
    expect(one(template, 'AWS::KMS::Key')).toMatchObject({ DeletionPolicy: 'Retain', Properties: { KeySpec: 'ECC_NIST_EDWARDS25519' } });
    expect(JSON.stringify(template)).not.toMatch(/"Ref":"(Origin|TableName|BucketName|NoticesArn|Witnesses|AnchorBucket)"/);
    done();
  });

  it('has one property for documents, and one for a key rotation', () => {
    const [old, next] = ['1', '2'].map((id) => `arn:aws:kms:eu-west-1:111111111111:key/${id}`) as [string, string];
    const rotation = { nextKeyArn: next, by: 'alice', reason: 'yearly' };
    const changing = sealer({ documentsDays: 400, keyArn: old, rotation });
    const template = changing.synthesised();
    expect(one(template, 'AWS::Lambda::Function')?.Properties).toMatchObject({
      Environment: {
        Variables: {
          ...{ REDRESS_SEAL_NEXT_KEY: next, REDRESS_SEAL_ROTATION_BY: 'alice', REDRESS_SEAL_ROTATION_REASON: 'yearly' },
          REDRESS_DOCUMENTS_DAYS: '400',
        },
      },
    });
    expect(JSON.stringify(template)).not.toMatch(/"Ref":"(KeyArn|NextKeyArn|RotationBy|RotationReason|DocumentsDays)"/);
    expect(changing.stack.resolve(changing.made.key.keyArn)).toBe(old);
    changing.done();
    for (const wrong of [
      { rotation: { ...rotation, by: ' ' } },
      { rotation: { ...rotation, reason: '' } },
      { rotation: { ...rotation, nextKeyArn: '' } },
      { rotation: { ...rotation, nextKeyArn: 'alias/redress' } },
      { documentsDays: 36_501 },
      { keyArn: 'key' },
    ])
      expect(() => sealer(wrong), JSON.stringify(wrong)).toThrowError(expect.objectContaining({ code: 'compose/invalid' }));
  });

  it('is typed, and can be used with a hub of the same application', () => {
    const { app, stack, made: of, done } = sealer();
    const resolved = [of.function.functionArn, of.key.keyArn, of.role.roleArn, of.undeliveredQueue.queueArn].map((each) => JSON.stringify(stack.resolve(each)));
    for (const each of resolved) expect(each).toMatch(/"Fn::GetAtt":\["Sealer\w+","Arn"\]/);
    expect(new Set(resolved).size).toBe(4);
    const together = new Stack(app, 'Together');
    const hub = new RedressHub(together, 'Hub', { remediators, code: folder, externalId: 'o-abc-redress', ...DIGESTS });
    const names = { tableName: hub.table.tableName, bucketName: hub.bucket.bucketName, noticesArn: hub.notices.topicArn };
    new RedressSealer(together, 'Sealer', { code: folder, origin: 'example.com/redress', ...names });
    const assembly = app.synth();
    const { Resources } = assembly.getStackByName('Together').template as Pick<Template, 'Resources'>;
    const [sealing] = Object.entries(Resources).filter(([name, { Type }]) => Type === 'AWS::Lambda::Function' && name.startsWith('Sealer'));
    expect(JSON.stringify(sealing?.[1].Properties['Environment'])).toMatch(/"REDRESS_TABLE":\{[^}]*\["HubTemplateTable\w+","Arn"\]/);
    done();
  });

  it('passes cdk-nag, and a wildcard in an action of its role is found', () => {
    const good = sealer({ anchorBucket: 'copies' });
    Validations.of(good.app).addPlugins(new AwsSolutionsChecks(good.app));
    expect(Object.keys(good.synthesised().Resources).length).toBeGreaterThan(10);
    good.done();
    const bad = sealer();
    const policy = bad.made.template.getResource('SealerRolePolicy') as CfnManagedPolicy;
    policy.policyDocument = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: 'arn:aws:kms:eu-west-1:1:key/k' }] };
    Validations.of(bad.app).addPlugins(new AwsSolutionsChecks(bad.app));
    expect(() => bad.app.synth()).toThrow();
    bad.done();
  });

  it('refuses what CloudFormation would refuse', () => {
    for (const wrong of [
      { origin: 'two words' },
      { tableName: '' },
      { bucketName: 'Upper' },
      { noticesArn: 'redress-notices' },
      { schedule: 'rate(1 day)' },
      { anchorBucket: 's3://copies' },
      { evidenceRetentionDays: 0 },
      { witnesses: [{ key: 'w', url: 'http://w.example' }] },
    ])
      expect(() => sealer(wrong), JSON.stringify(wrong)).toThrowError(expect.objectContaining({ code: 'compose/invalid' }));
    expect(() => sealer({ code: Code.fromInline('exports.seal = 1') })).toThrow(/The code of the sealer/);
  });
});
