// What is deployed: the templates and the ZIP as the command makes them, put up by CloudFormation, with IAM on. From the queue to the closed port,
// with no credentials but those of the roles in the templates.
//
// The emulator cannot do all of it. It has no policies of event buses; it speaks HTTP only, so what refuses that is taken out; it does not know
// the condition that an object be new; it makes buckets without Object Lock, so the bucket is made anew with it; and in a trust policy it takes a
// session for its role; and the names that it makes up for parameters are paths, which those of AWS are not. Nobody but AWS may put events of AWS on a bus, so what delivers is the queue.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { AuthorizeSecurityGroupIngressCommand, CreateSecurityGroupCommand, DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DoctorDocument } from '../../packages/cli/src/commands/doctor.js';
import { command } from '../../packages/cli/test/support/command.js';
import { clientsOf, deployHub, deployMember, openedEvent, written } from '../support/deployed.ts';
import { type Enforced, startMinistack } from '../support/ministack.ts';

const REGION = 'eu-west-1';
const POLICY = (account: string) => `version: 1
environments: { dev: { accounts: ["${account}"] } }
remediators: { ec2-revoke-sg-open-ssh: { dev: enforce } }
`;

let emulator: Enforced;
let directory: string;
let outputs: Record<string, string>;
/** What the hub stores is encrypted with. */
let key: string;
let ec2: EC2Client;
let sqs: SQSClient;
let ssm: SSMClient;
let s3: S3Client;
let dynamo: DynamoDBClient;
let lambda: LambdaClient;
let logs: CloudWatchLogsClient;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'redress-deployed-'));
  emulator = await startMinistack();
  const config = clientsOf(emulator, REGION);
  ec2 = new EC2Client(config);
  sqs = new SQSClient(config);
  ssm = new SSMClient(config);
  s3 = new S3Client({ ...config, forcePathStyle: true });
  dynamo = new DynamoDBClient(config);
  lambda = new LambdaClient(config);
  logs = new CloudWatchLogsClient(config);
  const { KeyMetadata } = await new KMSClient(config).send(new CreateKeyCommand({}));
  key = KeyMetadata?.Arn ?? '';
  const parameters = { EncryptionKeyArn: key };
  outputs = await deployHub(emulator, { region: REGION, directory, policy: POLICY(emulator.account), parameters });
  await deployMember(emulator, { region: REGION, directory, outputs });
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

const event = (group: string, age?: number) => openedEvent(group, emulator.account, REGION, age);

async function rules(GroupId: string): Promise<number> {
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }));
  return SecurityGroups[0]?.IpPermissions?.length ?? -1;
}

/** Calls the function itself, with one event. */
async function called(input: object): Promise<{ failed: boolean; answer: string }> {
  const { FunctionError, Payload } = await lambda.send(new InvokeCommand({ FunctionName: outputs['FunctionArn'], Payload: JSON.stringify(input) }));
  return { failed: FunctionError !== undefined, answer: Buffer.from(Payload ?? []).toString() };
}

const journal = () => ['--journal', `aws:${outputs['TableName']}/${outputs['BucketName']}`, '--region', REGION, '--endpoint-url', emulator.endpoint];
const redress = (...argv: string[]) => command([...argv, ...journal(), '--json'], directory);

describe('what the templates deploy', () => {
  it('closes a port on an event from the queue, using only the roles of the templates', async () => {
    const group = await openedGroup();
    await sqs.send(new SendMessageCommand({ QueueUrl: outputs['QueueUrl'], MessageBody: JSON.stringify(event(group)) }));
    await expect.poll(() => rules(group), { interval: 500 }).toBe(0);
    expect(await rules(group), await written(logs)).toBe(0);
    // Its documents are in the items of their records: the bucket has nothing of it before the copy is made.
    const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: outputs['BucketName'] }));
    expect(Versions).toEqual([]);
    const { Items = [] } = await dynamo.send(new ScanCommand({ TableName: outputs['TableName'] }));
    expect(Items.filter((item) => item['documents'] !== undefined).length).toBeGreaterThan(1);
  });

  it('has queues that are encrypted with the given key', async () => {
    for (const name of ['QueueUrl', 'DeadLettersUrl', 'UndeliveredUrl', 'SweepsUrl']) {
      const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: outputs[name], AttributeNames: ['KmsMasterKeyId'] }));
      expect([name, Attributes?.['KmsMasterKeyId']]).toEqual([name, key]);
    }
  });

  it('gets a recent change delivered again when it has settled, not after the timeout of the queue', async () => {
    const group = await openedGroup();
    await sqs.send(new SendMessageCommand({ QueueUrl: outputs['QueueUrl'], MessageBody: JSON.stringify(event(group, 45_000)) }));
    // By its own time-out the queue hides it for twelve minutes, which is longer than this waits.
    await expect.poll(() => rules(group), { interval: 500 }).toBe(0);
  });

  it('leaves what has the exception tag', async () => {
    const group = await openedGroup({ 'redress:exception': 'true' });
    const { failed, answer } = await called(event(group));
    expect(failed, answer).toBe(false);
    expect(await rules(group)).toBe(1);
  });

  it('stops while its kill switch is set, and continues when it is cleared', async () => {
    const group = await openedGroup();
    const stop = (Value: string) => ssm.send(new PutParameterCommand({ Name: outputs['StopParameterName'], Value, Overwrite: true }));
    await stop('changes');
    expect((await called(event(group))).failed).toBe(false);
    expect(await rules(group)).toBe(1);
    await stop('none');
    await expect.poll(async () => (await called(event(group)), rules(group)), { interval: 1000 }).toBe(0);
  });

  it('has evidence that can be verified, with a reason for each record', async () => {
    const verified = await redress('evidence', 'verify');
    expect(verified.exit, verified.out + verified.err).toBe(0);
    const { out } = await redress('history');
    const outcomes = (JSON.parse(out) as { outcome: string }[]).map(({ outcome }) => outcome);
    // The tag alone holds back for three days, and is told.
    expect(outcomes).toEqual(expect.arrayContaining(['remediated', 'notified', 'denied']));
  });

  it('passes doctor', async () => {
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
