// What is deployed: the templates and the ZIP as the command makes them, put up by CloudFormation, with IAM on. From the queue to the closed port,
// with no credentials but those of the roles in the templates.
//
// The emulator cannot do all of it. It has no policies of event buses; it speaks HTTP only, so what refuses that is taken out; it does not know
// the condition that an object be new; it makes buckets without Object Lock, so the bucket is made anew with it; and in a trust policy it takes a
// session for its role; and the names that it makes up for parameters are paths, which those of AWS are not. Nobody but AWS may put events of AWS on a bus, so what delivers is the queue.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFormationClient, CreateStackCommand, DescribeStackEventsCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, DescribeLogGroupsCommand, DescribeLogStreamsCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { AuthorizeSecurityGroupIngressCommand, CreateSecurityGroupCommand, DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, DeleteBucketCommand, ListObjectVersionsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BundleDocument } from '../../packages/cli/src/commands/bundle.js';
import type { DoctorDocument } from '../../packages/cli/src/commands/doctor.js';
import { command } from '../../packages/cli/test/support/command.js';
import { type Enforced, startMinistack } from '../support/ministack.ts';

const REGION = 'eu-west-1';
const EXTERNAL_ID = 'redress-deployed-0001';
const POLICY = (account: string) => `version: 1
environments: { dev: { accounts: ["${account}"] } }
remediators: { ec2-revoke-sg-open-ssh: { dev: enforce } }
`;

type Template = { Parameters: Record<string, { AllowedPattern?: string }>; Resources: Record<string, { Type: string; Properties: Record<string, unknown> }> };

let emulator: Enforced;
let directory: string;
let outputs: Record<string, string>;
let digests: { policy: string; register: string };
let ec2: EC2Client;
let sqs: SQSClient;
let ssm: SSMClient;
let s3: S3Client;
let dynamo: DynamoDBClient;
let lambda: LambdaClient;
let logs: CloudWatchLogsClient;

/** Takes out what refuses unencrypted requests, and the condition that the emulator does not know. */
function emulated<T>(value: T): T {
  if (Array.isArray(value)) return value.filter((each) => !JSON.stringify(each).includes('aws:SecureTransport')).map(emulated) as T;
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, member]) => JSON.stringify(member) !== '{"Null":{"s3:if-none-match":"false"}}');
  return Object.fromEntries(kept.map(([key, member]) => [key, emulated(member)])) as T;
}

async function template(which: string): Promise<Template> {
  const { exit, out, err } = await command(['generate', 'template', which, '--format', 'json'], directory);
  if (exit !== 0) throw new Error(err);
  return JSON.parse(out) as Template;
}

async function deploy(
  cloudformation: CloudFormationClient,
  StackName: string,
  body: Template,
  parameters: Record<string, string>,
): Promise<Record<string, string>> {
  const Parameters = Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue }));
  await cloudformation.send(new CreateStackCommand({ StackName, TemplateBody: JSON.stringify(body), Capabilities: ['CAPABILITY_NAMED_IAM'], Parameters }));
  for (;;) {
    const stack = (await cloudformation.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0];
    if (stack?.StackStatus === 'CREATE_COMPLETE')
      return Object.fromEntries((stack.Outputs ?? []).map((each) => [each.OutputKey ?? '', each.OutputValue ?? '']));
    if (!stack?.StackStatus?.endsWith('PROGRESS')) {
      const { StackEvents = [] } = await cloudformation.send(new DescribeStackEventsCommand({ StackName }));
      const why = StackEvents.filter((each) => each.ResourceStatus?.includes('FAILED')).map(
        (each) => `${each.LogicalResourceId}: ${each.ResourceStatusReason}`,
      );
      throw new Error(`${StackName}: ${stack?.StackStatus}: ${why.join('; ')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'redress-deployed-'));
  emulator = await startMinistack();
  const config = { endpoint: emulator.endpoint, region: REGION, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } };
  const cloudformation = new CloudFormationClient(config);
  ec2 = new EC2Client(config);
  sqs = new SQSClient(config);
  ssm = new SSMClient(config);
  s3 = new S3Client({ ...config, forcePathStyle: true });
  dynamo = new DynamoDBClient(config);
  lambda = new LambdaClient(config);
  logs = new CloudWatchLogsClient(config);
  writeFileSync(join(directory, 'redress.yaml'), POLICY(emulator.account));

  const bundled = await command(['bundle', '--json'], directory);
  if (bundled.exit !== 0) throw new Error(bundled.err);
  const { policy, register } = JSON.parse(bundled.out) as BundleDocument;
  digests = { policy: policy ?? '', register: register ?? '' };
  await s3.send(new CreateBucketCommand({ Bucket: 'code' }));
  await s3.send(new PutObjectCommand({ Bucket: 'code', Key: 'redress.zip', Body: readFileSync(join(directory, 'redress-bundle', 'redress.zip')) }));

  const hub = emulated(await template('hub'));
  for (const [name, { Type, Properties }] of Object.entries(hub.Resources)) {
    if (Type === 'AWS::Events::EventBusPolicy') delete hub.Resources[name];
    if (Type === 'AWS::SSM::Parameter') Properties['Name'] = `CFN-${name}-0123456789AB`;
  }
  outputs = await deploy(cloudformation, 'redress', hub, {
    CodeBucket: 'code',
    CodeKey: 'redress.zip',
    ExternalId: EXTERNAL_ID,
    ReserveConcurrency: 'false',
    PolicyDigest: digests.policy,
    RegisterDigest: digests.register,
  });
  await s3.send(new DeleteBucketCommand({ Bucket: outputs['BucketName'] }));
  await s3.send(new CreateBucketCommand({ Bucket: outputs['BucketName'], ObjectLockEnabledForBucket: true }));

  const member = await template('member-role');
  for (const name of ['HubRoleArns', 'RollbackRoleArns']) delete member.Parameters[name]?.AllowedPattern;
  const session = (role: string | undefined) =>
    `arn:aws:sts::${emulator.account}:assumed-role/${role?.split('/')[1]}/${outputs['FunctionArn']?.split(':').at(-1)}`;
  await deploy(cloudformation, 'redress-member', member, {
    HubRoleArns: session(outputs['HubRoleArns']?.split(',')[0]),
    RollbackRoleArns: session(outputs['ApprovalsRoleArn']),
    ExternalId: EXTERNAL_ID,
  });
});

afterAll(async () => {
  await emulator?.close();
  rmSync(directory, { recursive: true, force: true });
});

let serial = 0;
async function openedGroup(tags: Record<string, string> = {}): Promise<string> {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({
      GroupName: `deployed-${serial++}`,
      Description: 'test',
      ...(Tags.length === 0 ? {} : { TagSpecifications: [{ ResourceType: 'security-group', Tags }] }),
    }),
  );
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    }),
  );
  return GroupId;
}

/** The event of such a call, as EventBridge delivers it; two minutes old, since what is newer has to settle. */
function event(group: string, age = 120_000): Record<string, unknown> {
  const time = new Date(Date.now() - age).toISOString().replace(/\.\d{3}Z$/, 'Z');
  return {
    version: '0',
    id: crypto.randomUUID(),
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.ec2',
    account: emulator.account,
    time,
    region: REGION,
    resources: [],
    detail: {
      eventVersion: '1.09',
      eventID: crypto.randomUUID(),
      eventTime: time,
      eventSource: 'ec2.amazonaws.com',
      eventName: 'AuthorizeSecurityGroupIngress',
      eventType: 'AwsApiCall',
      eventCategory: 'Management',
      managementEvent: true,
      readOnly: false,
      awsRegion: REGION,
      recipientAccountId: emulator.account,
      userIdentity: { type: 'IAMUser', arn: `arn:aws:iam::${emulator.account}:user/someone`, accountId: emulator.account },
      requestParameters: {
        groupId: group,
        ipPermissions: { items: [{ ipProtocol: 'tcp', fromPort: 22, toPort: 22, ipRanges: { items: [{ cidrIp: '0.0.0.0/0' }] } }] },
      },
      responseElements: { _return: true },
    },
  };
}

async function rules(GroupId: string): Promise<number> {
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }));
  return SecurityGroups[0]?.IpPermissions?.length ?? -1;
}

/** What the function wrote, for whoever sees a test fail. */
async function written(): Promise<string> {
  const lines: string[] = [];
  for (const { logGroupName } of (await logs.send(new DescribeLogGroupsCommand({}))).logGroups ?? [])
    for (const { logStreamName } of (await logs.send(new DescribeLogStreamsCommand({ logGroupName }))).logStreams ?? [])
      lines.push(...((await logs.send(new GetLogEventsCommand({ logGroupName, logStreamName }))).events ?? []).map(({ message }) => message ?? ''));
  return lines.filter((line) => !line.includes('"_aws"')).join('\n');
}

/** Calls the function itself, with one event. */
async function called(input: object): Promise<{ failed: boolean; answer: string }> {
  const { FunctionError, Payload } = await lambda.send(new InvokeCommand({ FunctionName: outputs['FunctionArn'], Payload: JSON.stringify(input) }));
  return { failed: FunctionError !== undefined, answer: Buffer.from(Payload ?? []).toString() };
}

const journal = () => ['--journal', `aws:${outputs['TableName']}/${outputs['BucketName']}`, '--region', REGION, '--endpoint-url', emulator.endpoint];
const redress = (...argv: string[]) => command([...argv, ...journal(), '--json'], directory);

describe('what the templates deploy', () => {
  it('closes a port that comes out of the queue, by the roles of the templates alone', async () => {
    const group = await openedGroup();
    await sqs.send(new SendMessageCommand({ QueueUrl: outputs['QueueUrl'], MessageBody: JSON.stringify(event(group)) }));
    await expect.poll(() => rules(group)).toBe(0);
    expect(await rules(group), await written()).toBe(0);
    // Its documents are in the items of their records: the bucket has nothing of it before the copy is made.
    const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: outputs['BucketName'] }));
    expect(Versions).toEqual([]);
    const { Items = [] } = await dynamo.send(new ScanCommand({ TableName: outputs['TableName'] }));
    expect(Items.filter((item) => item['documents'] !== undefined).length).toBeGreaterThan(1);
  });

  it('has what happened just now delivered again when it has settled, not when the queue would', async () => {
    const group = await openedGroup();
    await sqs.send(new SendMessageCommand({ QueueUrl: outputs['QueueUrl'], MessageBody: JSON.stringify(event(group, 45_000)) }));
    // By its own time-out the queue hides it for twelve minutes, which is longer than this waits.
    await expect.poll(() => rules(group)).toBe(0);
  });

  it('leaves what has the tag of an exception', async () => {
    const group = await openedGroup({ 'redress:exception': 'true' });
    const { failed, answer } = await called(event(group));
    expect(failed, answer).toBe(false);
    expect(await rules(group)).toBe(1);
  });

  it('stops when its kill switch says so, and goes on when it does no longer', async () => {
    const group = await openedGroup();
    const stop = (Value: string) => ssm.send(new PutParameterCommand({ Name: outputs['StopParameterName'], Value, Overwrite: true }));
    await stop('changes');
    expect((await called(event(group))).failed).toBe(false);
    expect(await rules(group)).toBe(1);
    await stop('none');
    await expect.poll(async () => (await called(event(group)), rules(group)), { interval: 1000 }).toBe(0);
  });

  it('has evidence that can be verified, and says of each why', async () => {
    const verified = await redress('evidence', 'verify');
    expect(verified.exit, verified.out + verified.err).toBe(0);
    const { out } = await redress('history');
    const outcomes = (JSON.parse(out) as { outcome: string }[]).map(({ outcome }) => outcome);
    // The tag alone holds back for three days, and is told.
    expect(outcomes).toEqual(expect.arrayContaining(['remediated', 'notified', 'denied']));
  });

  it('is found well by doctor', async () => {
    const { out, err } = await redress('doctor', '--live', '--stack', 'redress');
    expect(err).toBe('');
    const checks = (JSON.parse(out) as DoctorDocument).checks.map(({ status, code }) => `${status} ${code}`);
    for (const code of [
      'function',
      'mapping',
      'queue',
      'dead-letters',
      'approval-url',
      'kill-switch',
      'role',
      'journal',
      'policy-digest',
      'register-digest',
      'rule',
    ])
      expect(checks, code).toContain(`ok ${code}`);
    // Of the account itself the emulator has nothing.
    const known = /^(?:ok .*|fail (?:trail-missing|recorder-missing|delivery-channel-missing|rule-missing)|unknown security-hub|warn .*)$/;
    expect(checks.filter((each) => !known.test(each))).toEqual([]);
  });
});
