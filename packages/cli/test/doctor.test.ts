import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudTrailClient,
  CreateTrailCommand,
  DeleteTrailCommand,
  PutEventSelectorsCommand,
  StartLoggingCommand,
  StopLoggingCommand,
} from '@aws-sdk/client-cloudtrail';
import {
  ConfigServiceClient,
  PutConfigurationRecorderCommand,
  PutDeliveryChannelCommand,
  StartConfigurationRecorderCommand,
  StopConfigurationRecorderCommand,
} from '@aws-sdk/client-config-service';
import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeSecurityGroupRulesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DisableRuleCommand, EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { EnableSecurityHubCommand, SecurityHubClient } from '@aws-sdk/client-securityhub';
import { CreateQueueCommand, SendMessageCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { breakerOf, CANARY, canaryResource, eventPatterns } from '@redress/core';
import { awsJournal, JOURNAL_TABLE } from '@redress/evidence/aws';
import { ec2Remediators } from '@redress/remediator-ec2';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { DoctorDocument } from '../src/commands/doctor.js';
import { command } from './support/command.js';

const endpoint = inject('moto');
// A region that no other test uses, since trails and recorders are there once.
const REGION = 'ap-southeast-4';
const OTHER = 'ca-west-1';
const ACCOUNT = '123456789012';
const config = { region: REGION, endpoint, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } };
const trail = new CloudTrailClient(config);
const recorder = new ConfigServiceClient(config);
const events = new EventBridgeClient(config);
const sqs = new SQSClient(config);
const lambda = new LambdaClient(config);
const ssm = new SSMClient(config);
const name = `doctor-${crypto.randomUUID().slice(0, 8)}`;
const arn = (queue: string) => `arn:aws:sqs:${REGION}:${ACCOUNT}:${queue}`;
const remediators = ec2Remediators.filter((each) => each.id === 'ec2-revoke-sg-open-ssh');

let directory: string;
let digest: string;

async function redress(...argv: string[]): Promise<{ exit: number; json: unknown }> {
  const { exit, out } = await command([...argv, '--json', '--endpoint-url', endpoint, '--region', REGION], directory, { remediators });
  return { exit, json: JSON.parse(out) as unknown };
}
async function doctor(...argv: string[]): Promise<DoctorDocument & { exit: number; code: (prefix: string) => string[] }> {
  const { exit, json } = await redress('doctor', '--live', '--in', REGION, ...argv);
  const document = json as DoctorDocument;
  return { ...document, exit, code: (prefix) => document.checks.filter((each) => each.code.startsWith(prefix)).map((each) => `${each.status} ${each.code}`) };
}
/** What CloudFormation calls otherwise, or makes by other calls. */
function tableOf({ AttributeDefinitions, KeySchema, GlobalSecondaryIndexes }: typeof JOURNAL_TABLE): Omit<CreateTableCommandInput, 'TableName'> {
  return structuredClone({ AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, BillingMode: 'PAY_PER_REQUEST' }) as unknown as Omit<
    CreateTableCommandInput,
    'TableName'
  >;
}
const deployed = ['--function', name, '--approvals', name];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'redress-doctor-'));
  writeFileSync(
    join(directory, 'redress.yaml'),
    `version: 1\nenvironments: { dev: { accounts: ["${ACCOUNT}"] } }\nremediators: { ec2-revoke-sg-open-ssh: { dev: enforce } }\napprovers: { dev: ["arn:aws:iam::${ACCOUNT}:role/Lead"] }\n`,
  );
  digest = ((await redress('policy', 'check')).json as { policy: string }).policy;
  await new S3Client({ ...config, forcePathStyle: true }).send(
    new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: { LocationConstraint: REGION } }),
  );
});

afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await trail.send(new DeleteTrailCommand({ Name: name })).catch(() => undefined);
});

describe('redress doctor', () => {
  it('finds what is missing in an empty region, and changes nothing', async () => {
    const { status, exit, code } = await doctor('--function', `${name}-none`);
    expect([status, exit]).toEqual(['fail', 1]);
    expect(code('')).toEqual(
      expect.arrayContaining([
        'fail trail-missing',
        'fail recorder-missing',
        'fail delivery-channel-missing',
        'fail rule-missing',
        'warn security-hub-off',
        'fail function-missing',
        'ok role',
      ]),
    );
    // The same again: nothing was made by looking.
    expect((await doctor('--function', `${name}-none`)).code('')).toEqual(code(''));
  });

  it('finds a trail that does not log, or omits write events', async () => {
    await trail.send(new CreateTrailCommand({ Name: name, S3BucketName: name, IsMultiRegionTrail: true }));
    expect((await doctor()).code('trail')).toEqual(['fail trail-stopped']);
    await trail.send(new StartLoggingCommand({ Name: name }));
    expect((await doctor()).code('trail')).toEqual(['ok trail']);
    await trail.send(new PutEventSelectorsCommand({ TrailName: name, EventSelectors: [{ ReadWriteType: 'ReadOnly', IncludeManagementEvents: true }] }));
    expect((await doctor()).code('trail')).toEqual(['fail trail-no-write-events']);
    await trail.send(
      new PutEventSelectorsCommand({
        TrailName: name,
        AdvancedEventSelectors: [
          {
            FieldSelectors: [
              { Field: 'eventCategory', Equals: ['Data'] },
              { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
            ],
          },
        ],
      }),
    );
    expect((await doctor()).code('trail')).toEqual(['fail trail-no-write-events']);
    await trail.send(new PutEventSelectorsCommand({ TrailName: name, EventSelectors: [{ ReadWriteType: 'WriteOnly', IncludeManagementEvents: true }] }));
    expect((await doctor()).code('trail')).toEqual(['ok trail']);
    await trail.send(new StopLoggingCommand({ Name: name }));
    expect((await doctor()).code('trail')).toEqual(['fail trail-stopped']);
    await trail.send(new StartLoggingCommand({ Name: name }));
  });

  it('finds a recorder that is off, or does not record what is needed', async () => {
    const roleARN = `arn:aws:iam::${ACCOUNT}:role/config`;
    const put = (recordingGroup: object) =>
      recorder.send(new PutConfigurationRecorderCommand({ ConfigurationRecorder: { name: 'default', roleARN, recordingGroup } }));
    await put({ allSupported: false, includeGlobalResourceTypes: false, resourceTypes: ['AWS::EC2::Instance'] });
    await recorder.send(new PutDeliveryChannelCommand({ DeliveryChannel: { name: 'default', s3BucketName: name } }));
    expect((await doctor()).code('recorder')).toEqual(['fail recorder-off']);
    await recorder.send(new StartConfigurationRecorderCommand({ ConfigurationRecorderName: 'default' }));
    const types = await doctor();
    expect(types.code('recorder')).toEqual(['fail recorder-types']);
    expect(types.checks.find((each) => each.code === 'recorder-types')?.saw).toContain('AWS::EC2::SecurityGroup');
    await put({ allSupported: true, includeGlobalResourceTypes: true });
    expect((await doctor()).code('recorder')).toEqual(['ok recorder']);
    expect((await doctor()).code('delivery-channel')).toEqual(['ok delivery-channel']);
    await recorder.send(new StopConfigurationRecorderCommand({ ConfigurationRecorderName: 'default' }));
    expect((await doctor()).code('recorder')).toEqual(['fail recorder-off']);
  });

  it('compares function, queue and policy with the expected ones', async () => {
    for (const QueueName of [name, `${name}-dead`, `${name}-undelivered`]) await sqs.send(new CreateQueueCommand({ QueueName }));
    const url = async (queue: string) => (await sqs.send(new CreateQueueCommand({ QueueName: queue }))).QueueUrl as string;
    const { Role } = await new IAMClient(config).send(
      new CreateRoleCommand({
        RoleName: name,
        AssumeRolePolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
        }),
      }),
    );
    const variables = (more: object = {}) => ({ Variables: { REDRESS_STOP_PARAMETER: `/${name}/stop`, REDRESS_POLICY_DIGEST: digest, ...more } });
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Role: Role?.Arn,
        Timeout: 30,
        Code: { ZipFile: Buffer.from('UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==', 'base64') },
        Environment: variables({ REDRESS_POLICY_DIGEST: 'sha256:old' }),
      }),
    );
    await lambda.send(new CreateEventSourceMappingCommand({ FunctionName: name, EventSourceArn: arn(name), BatchSize: 5 }));
    const bad = await doctor(...deployed);
    expect([
      ...bad.code('timeout'),
      ...bad.code('policy-'),
      ...bad.code('mapping'),
      ...bad.code('queue'),
      ...bad.code('kill-switch'),
      ...bad.code('approval-url'),
    ]).toEqual([
      'fail timeout-short',
      'fail policy-stale',
      'fail mapping-whole-batches',
      'warn mapping-unbounded',
      'fail queue-no-dead-letters',
      'fail kill-switch-missing',
      'warn approval-url-missing',
    ]);

    await lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: name, Timeout: 120, Environment: variables({ REDRESS_REGISTER_DIGEST: 'sha256:old' }) }),
    );
    await lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName: name, AuthType: 'NONE' }));
    await ssm.send(new PutParameterCommand({ Name: `/${name}/stop`, Value: 'changes', Type: 'String' }));
    await sqs.send(
      new SetQueueAttributesCommand({
        QueueUrl: await url(name),
        Attributes: { VisibilityTimeout: '60', RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn(`${name}-dead`), maxReceiveCount: 5 }) },
      }),
    );
    await sqs.send(new SendMessageCommand({ QueueUrl: await url(`${name}-dead`), MessageBody: '{}' }));
    const better = await doctor(...deployed);
    expect([
      ...better.code('function'),
      ...better.code('policy-'),
      ...better.code('register-'),
      ...better.code('visibility'),
      ...better.code('dead-letters'),
      ...better.code('kill-switch'),
      ...better.code('approval-url'),
    ]).toEqual([
      'ok function',
      'ok policy-digest',
      'fail register-stale',
      'fail visibility-short',
      'fail dead-letters',
      'warn kill-switch-on',
      'fail approval-url-open',
    ]);

    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: await url(name), Attributes: { VisibilityTimeout: '720' } }));
    await ssm.send(new PutParameterCommand({ Name: `/${name}/stop`, Value: 'sometimes', Type: 'String', Overwrite: true }));
    const last = await doctor(...deployed);
    expect([...last.code('queue'), ...last.code('kill-switch')]).toEqual(['ok queue', 'unknown kill-switch']);
  });

  it('finds rules that are missing, disabled, have another pattern, or lose undelivered events', async () => {
    const patterns = eventPatterns(remediators);
    for (const { name: rule, pattern } of patterns) {
      await events.send(new PutRuleCommand({ Name: `${name}-${rule}`, EventPattern: JSON.stringify(pattern) }));
      await events.send(
        new PutTargetsCommand({ Rule: `${name}-${rule}`, Targets: [{ Id: 'q', Arn: arn(name), DeadLetterConfig: { Arn: arn(`${name}-undelivered`) } }] }),
      );
    }
    const good = await doctor(...deployed);
    expect([...new Set(good.code('rule'))]).toEqual(['ok rule']);
    expect(good.code('rule')).toHaveLength(patterns.length);
    // The queue of what could not be delivered is looked at, too.
    expect(good.checks.filter((each) => each.code === 'dead-letters').map((each) => each.where)).toEqual(expect.arrayContaining([`${name}-undelivered`]));

    const first = patterns[0];
    const call = patterns.find((each) => each.name === 'cloudtrail');
    if (first === undefined || call === undefined) throw new Error('no patterns');
    await events.send(new DisableRuleCommand({ Name: `${name}-${first.name}` }));
    const drifted = structuredClone(call.pattern) as { detail: { eventName: string[] } };
    drifted.detail.eventName = drifted.detail.eventName.slice(1);
    await events.send(new PutRuleCommand({ Name: `${name}-${call.name}`, EventPattern: JSON.stringify(drifted) }));
    const tag = `${name}-exception-tag`;
    await events.send(new PutTargetsCommand({ Rule: tag, Targets: [{ Id: 'q', Arn: arn(name) }] }));
    const bad = await doctor(...deployed);
    expect(
      bad.checks
        .filter((each) => each.code.startsWith('rule-'))
        .map((each) => `${each.code} ${each.where.split(' ')[2]}`)
        .sort(),
    ).toEqual([`rule-disabled ${name}-${first.name}`, `rule-drift ${name}-${call.name}`, `rule-no-dead-letters ${tag}`].sort());
    expect(bad.checks.find((each) => each.code === 'rule-drift')?.saw).toContain(
      String((call.pattern as { detail: { eventName: string[] } }).detail.eventName[0]),
    );
  });

  it('reads the journal of the deployment, and when its canary arrived last', async () => {
    const variables = {
      REDRESS_STOP_PARAMETER: `/${name}/stop`,
      REDRESS_POLICY_DIGEST: digest,
      REDRESS_TABLE: name,
      REDRESS_BUCKET: name,
      REDRESS_CANARY_PARAMETER: `/${name}/canary`,
    };
    await new DynamoDBClient(config).send(new CreateTableCommand({ ...tableOf(JOURNAL_TABLE), TableName: name }));
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, Environment: { Variables: variables } }));
    const first = await doctor(...deployed);
    expect(first.code('canary')).toEqual(['warn canary-never']);
    // Without its rule it cannot come back.
    expect(first.checks.filter((each) => each.code === 'rule-missing').map((each) => each.where)).toEqual([`${ACCOUNT} ${REGION} canary`]);
    let time = Date.now() - 27 * 3_600_000;
    const journal = awsJournal({ table: name, bucket: name, region: REGION, endpoint, credentials: config.credentials, clock: { now: () => time } });
    const arrived = () =>
      journal.append({
        kind: 'sweep',
        resource: canaryResource(`/${name}/canary`, ACCOUNT, REGION),
        remediator: CANARY,
        body: { sweep: { status: 'arrived', message: '' } },
      });
    await arrived();
    expect((await doctor(...deployed)).code('canary')).toEqual(['fail canary-missing']);
    time = Date.now();
    await arrived();
    await journal.append({
      kind: 'breaker',
      resource: breakerOf({ account: ACCOUNT, partition: 'aws' }),
      remediator: 'ec2-revoke-sg-open-ssh',
      body: { breaker: 'open', reason: 'too many' },
    });
    const { checks, code } = await doctor(...deployed);
    expect([...code('canary'), ...code('breaker')]).toEqual(['ok canary', 'warn breaker-open']);
    expect(checks.find((each) => each.code === 'journal')?.where).toBe(name);
    await journal.close?.();
    await lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: name, Environment: { Variables: { ...variables, REDRESS_TABLE: `${name}-gone` } } }),
    );
    const gone = await doctor(...deployed);
    expect([...gone.code('canary'), ...gone.code('journal')]).toEqual(['unknown journal', 'unknown canary'].reverse());
  });

  it('reports that Security Hub is enabled if it is', async () => {
    await new SecurityHubClient(config).send(new EnableSecurityHubCommand({}));
    expect((await doctor()).code('security-hub')).toEqual(['ok security-hub']);
  });

  it('does not report on another account than the requested one, nor accept what cannot be read', async () => {
    const { exit, checks } = await doctor('--account', '222222222222', '--in', OTHER);
    expect(exit).toBe(1);
    const other = checks.filter((each) => each.where.startsWith('222222222222'));
    expect(other.length).toBeGreaterThan(4);
    expect([...new Set(other.map((each) => each.status))]).toEqual(['unknown']);
  });

  it('checks EC2 permissions only by a dry run, and only on request', async () => {
    const ec2 = new EC2Client(config);
    const rules = async () => (await ec2.send(new DescribeSecurityGroupRulesCommand({}))).SecurityGroupRules?.map((each) => each.SecurityGroupRuleId).sort();
    const before = await rules();
    expect((await doctor()).code('dry-run')).toEqual([]);
    expect((await doctor('--probe')).code('dry-run')).toEqual(['ok dry-run']);
    expect(await rules()).toEqual(before);
    expect(before?.length).toBeGreaterThan(0);
  });

  it('requires no account without --live', async () => {
    expect(await redress('doctor', '--stack', 'x')).toMatchObject({ exit: 2, json: { error: { code: 'cli/usage' } } });
    const { exit, json } = await redress('doctor');
    expect([exit, (json as DoctorDocument).status, (json as DoctorDocument).live]).toEqual([0, 'ok', false]);
  });
});
