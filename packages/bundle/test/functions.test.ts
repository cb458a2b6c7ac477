// The ZIP's own code, as Lambda runs it: in a process of its own, with the variables that the hub's template sets, against the emulator. The
// functions are of one account, what they work on of another.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client, GetEbsEncryptionByDefaultCommand } from '@aws-sdk/client-ec2';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ListTagsForResourceCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { definePolicy, defineRegister, type EvidenceRecord, type Journal, type PolicyInput, type Remediator, type ResourceRef, resource } from '@redress/core';
import { awsJournal, JOURNAL_TABLE } from '@redress/evidence/aws';
import { ec2Remediators } from '@redress/remediator-ec2';
import { configComplianceEvent } from '@redress/testing';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { readLog } from '../../../tests/support/lambda-log.js';
import { bundle, entryText } from '../src/index.js';
import { fromEnvironment } from '../src/runtime.js';
import { here } from './support/bundles.js';
import { type Sandbox, sandbox } from './support/lambda.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Endpoint of the AWS emulator. */
    moto: string;
  }
}

const endpoint = inject('moto');
const MEMBER = '444455556666';
const REGION = 'us-east-1';
const HUB = { endpoint, region: REGION, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } };
const name = `functions-${crypto.randomUUID().slice(0, 8)}`;
const policy: PolicyInput = {
  version: 1,
  environments: { dev: { accounts: [MEMBER] } },
  remediators: { 'ec2-enable-ebs-encryption-by-default': { dev: 'enforce' } },
};

let folder: string;
let owner: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
let journal: Journal;
let env: Record<string, string>;
const sandboxes: Sandbox[] = [];

beforeAll(async () => {
  const dynamodb = new DynamoDBClient(HUB);
  const { TimeToLiveSpecification: _, ...table } = JOURNAL_TABLE;
  await dynamodb.send(new CreateTableCommand({ ...structuredClone(table), TableName: name } as unknown as CreateTableCommand['input']));
  await new S3Client({ ...HUB, forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: name }));
  await stop('none');
  await new SSMClient(HUB).send(new PutParameterCommand({ Name: `${name}-canary`, Value: 'canary', Type: 'String' }));
  const { TopicArn = '' } = await new SNSClient(HUB).send(new CreateTopicCommand({ Name: name }));
  const { Credentials: member } = await new STSClient(HUB).send(
    new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${MEMBER}:role/Owner`, RoleSessionName: 'owner' }),
  );
  owner = { accessKeyId: member?.AccessKeyId ?? '', secretAccessKey: member?.SecretAccessKey ?? '', sessionToken: member?.SessionToken ?? '' };
  journal = awsJournal({ table: name, bucket: name, region: REGION, endpoint, credentials: HUB.credentials });

  const { files } = await bundle({
    ...here,
    entry: {
      text: entryText({
        remediators: { '@redress/remediator-ec2': { name: 'ec2Remediators', remediators: ec2Remediators } },
        only: ['ec2-enable-ebs-encryption-by-default'],
        policy,
        exceptions: [],
      }),
    },
  });
  folder = await mkdtemp(join(tmpdir(), 'redress-functions-'));
  for (const [file, bytes] of files) await writeFile(join(folder, file), bytes);
  env = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'testing',
    AWS_SECRET_ACCESS_KEY: 'testing',
    REDRESS_TABLE: name,
    REDRESS_BUCKET: name,
    REDRESS_READ_ROLE: 'RedressRead',
    REDRESS_MEMBER_ROLE: 'RedressFix',
    REDRESS_EXTERNAL_ID: 'external',
    REDRESS_TOPIC_ARN: TopicArn,
    REDRESS_STOP_PARAMETER: name,
    REDRESS_CANARY_PARAMETER: `${name}-canary`,
    REDRESS_POLICY_DIGEST: definePolicy(policy).digest,
    REDRESS_REGISTER_DIGEST: defineRegister([]).digest,
    REDRESS_SWEEP_REGIONS: REGION,
    REDRESS_ACCOUNT: MEMBER,
  };
});

afterAll(async () => {
  vi.unstubAllEnvs();
  for (const each of sandboxes) await each.stop();
  // Every line in the log is written by Redress: there are no warnings of the Logger or of Node.
  expect(sandboxes.flatMap((each) => readLog(each.log()).wrong)).toEqual([]);
  await journal.close?.();
  await rm(folder, { recursive: true, force: true });
});

async function stop(value: string): Promise<void> {
  await new SSMClient(HUB).send(new PutParameterCommand({ Name: name, Value: value, Type: 'String', Overwrite: true }));
}

async function started(handler: string, more: Readonly<Record<string, string>> = {}): Promise<Sandbox> {
  const made = await sandbox(folder, handler, { ...env, ...more });
  sandboxes.push(made);
  return made;
}

// EBS encryption by default is a setting of an account and region: each test has a region of its own.
const setting = (region: string): ResourceRef => resource({ type: 'AWS::::Account', id: MEMBER, account: MEMBER, region });
const toldOf = (region: string) => configComplianceEvent({ resource: setting(region), rule: 'ec2-ebs-encryption-by-default' });

async function encrypted(region: string): Promise<boolean | undefined> {
  const ec2 = new EC2Client({ ...HUB, region, credentials: owner });
  return (await ec2.send(new GetEbsEncryptionByDefaultCommand({}))).EbsEncryptionByDefault;
}

async function recordsOf(ref: ResourceRef): Promise<EvidenceRecord[]> {
  const found: EvidenceRecord[] = [];
  for await (const { record } of journal.read({ resource: ref })) found.push(record);
  return found;
}

const message = (body: unknown) => ({
  Records: [
    {
      messageId: crypto.randomUUID(),
      eventSource: 'aws:sqs',
      eventSourceARN: `arn:aws:sqs:${REGION}:123456789012:redress`,
      body: JSON.stringify(body),
      attributes: { SentTimestamp: String(Date.now()) },
    },
  ],
});

const intents = async (region: string) => (await recordsOf(setting(region))).filter(({ kind }) => kind === 'intent');

it('closes a gap in another account once, in a session with the name of the execution, and records it', async () => {
  const lambda = await started('index.handler');
  const event = toldOf('eu-west-1');
  expect(await encrypted('eu-west-1')).toBe(false);
  expect(await lambda.invoke(message(event))).toEqual({ ok: true, value: { batchItemFailures: [] } });
  expect(await encrypted('eu-west-1')).toBe(true);
  const records = await recordsOf(setting('eu-west-1'));
  const [intent] = await intents('eu-west-1');
  expect(records.map(({ kind }) => kind)).toContain('outcome');
  expect(JSON.stringify(records)).toContain(`arn:aws:sts::${MEMBER}:assumed-role/RedressFix/${intent?.execution}`);

  // The same message again, and another of the same problem, in another sandbox too: nothing is done twice.
  const other = await started('index.handler');
  await lambda.invoke(message(event));
  await other.invoke(message(event));
  await other.invoke(message(toldOf('eu-west-1')));
  expect(await intents('eu-west-1')).toHaveLength(1);
});

it('gets a message whose resource is held again when the lease ends, not after the timeout of the queue', async () => {
  const lambda = await started('index.handler');
  const sqs = new SQSClient(HUB);
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: { VisibilityTimeout: '720' } }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(toldOf('eu-west-3')) }));
  const received = async () => {
    for (;;) {
      const [found] = (await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1, MessageSystemAttributeNames: ['All'] }))).Messages ?? [];
      if (found !== undefined)
        return {
          ...message(JSON.parse(found.Body ?? '')).Records[0],
          messageId: found.MessageId,
          receiptHandle: found.ReceiptHandle,
          eventSourceARN: `arn:aws:sqs:${REGION}:123456789012:${name}`,
          attributes: found.Attributes,
        };
    }
  };
  // It is under way: from here on the lease runs, and its start would count against it.
  expect((await lambda.invoke(message('no event'))).ok).toBe(true);
  const { generation } = await journal.view(setting('eu-west-3'));
  const held = { resource: setting('eu-west-3'), remediator: 'ec2-enable-ebs-encryption-by-default' };
  const begun = await journal.begin({ ...held, planDigest: 'sha256:x', generation, budgets: [], lease: 40_000, body: {} });
  if (begun.status !== 'begun') throw new Error(begun.status);
  const first = await received();
  expect(await lambda.invoke({ Records: [first] })).toEqual({ ok: true, value: { batchItemFailures: [{ itemIdentifier: first.messageId }] } });
  expect(await encrypted('eu-west-3')).toBe(false);
  await journal.finish({ ...held, lease: begun.lease, outcome: 'failed', sent: 0, body: {} });
  const again = await received();
  expect(again.messageId).toBe(first.messageId);
  expect(await lambda.invoke({ Records: [again] })).toEqual({ ok: true, value: { batchItemFailures: [] } });
  expect(await encrypted('eu-west-3')).toBe(true);
  sqs.destroy();
});

it('changes nothing while the kill switch stops changes, or cannot be read', async () => {
  const lambda = await started('index.handler');
  for (const value of ['changes', 'everything', 'off?']) {
    await stop(value);
    await lambda.invoke(message(toldOf('eu-west-2')));
    expect(await encrypted('eu-west-2')).toBe(false);
    expect(await intents('eu-west-2')).toEqual([]);
  }
  await stop('none');
  await lambda.invoke(message(toldOf('eu-west-2')));
  expect(await encrypted('eu-west-2')).toBe(true);
});

it('sweeps what events missed, and sends the canary', async () => {
  const lambda = await started('index.handler');
  const tick = {
    version: '0',
    id: crypto.randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: '123456789012',
    time: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    region: REGION,
    resources: [`arn:aws:events:${REGION}:123456789012:rule/redress-sweep`],
    detail: {},
  };
  expect(await encrypted(REGION)).toBe(false);
  const answer = await lambda.invoke(tick);
  expect(answer).toMatchObject({ ok: true, value: { sweeps: [{ account: MEMBER, region: REGION, status: 'complete' }] } });
  expect(await encrypted(REGION)).toBe(true);
  expect(readLog(lambda.log()).lines).toContainEqual(
    expect.objectContaining({ level: 'INFO', message: '1 checked.', kind: 'sweep-summary', account: MEMBER, region: REGION, status: 'complete', looked: 1 }),
  );

  expect((await lambda.invoke(message({ redress: 'canary' }))).ok).toBe(true);
  const { TagList = [] } = await new SSMClient(HUB).send(new ListTagsForResourceCommand({ ResourceType: 'Parameter', ResourceId: `${name}-canary` }));
  expect(TagList).toHaveLength(1);
});

it('acknowledges what can never be read, and accepts approvals only from signed requests', async () => {
  const lambda = await started('index.handler');
  expect(await lambda.invoke(message('no event'))).toEqual({ ok: true, value: { batchItemFailures: [] } });

  const approvals = await started('index.approvals', { REDRESS_ROLLBACK_ROLE: 'RedressRollback' });
  const http = (authorizer: unknown) => ({
    version: '2.0',
    rawPath: '/approvals',
    rawQueryString: '',
    headers: {},
    requestContext: { http: { method: 'GET', path: '/approvals' }, ...(authorizer === null ? {} : { authorizer }) },
    isBase64Encoded: false,
  });
  const iam = {
    accountId: MEMBER,
    callerId: 'AROAEXAMPLEEXAMPLE12:alex',
    userArn: `arn:aws:sts::${MEMBER}:assumed-role/Security/alex`,
    userId: 'AROAEXAMPLEEXAMPLE12:alex',
    accessKey: 'ASIAEXAMPLE',
  };
  expect(await approvals.invoke(http({ iam }))).toMatchObject({ ok: true, value: { statusCode: 200 } });
  expect(await approvals.invoke(http(null))).toMatchObject({ ok: true, value: { statusCode: 403 } });
});

it('does not start with a policy that was not reviewed, and then handles nothing', async () => {
  const lambda = await started('index.handler', { REDRESS_POLICY_DIGEST: `sha256:${'0'.repeat(64)}` });
  const { errorMessage } = await lambda.failed;
  expect(errorMessage).toContain('REDRESS_POLICY_DIGEST');
});

it('reports the source position of an error, although the code is one line', async () => {
  const lambda = await started('index.handler', { REDRESS_TABLE: '' });
  await lambda.failed;
  expect(JSON.stringify(await lambda.failed)).toContain('@redress/bundle@');
});

it('sweeps the accounts in the live policy at the time of the schedule', async () => {
  for (const key of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(key, 'testing');
  vi.stubEnv('AWS_REGION', REGION);
  const FIRST = '777777777771';
  const LATER = '777777777772';
  let accounts = [FIRST];
  const asked: string[] = [];
  const remediator: Remediator = {
    ...(ec2Remediators.find(({ id }) => id === 'ec2-enable-ebs-encryption-by-default') as Remediator),
    observeMany: undefined as never,
    discover: async function* ({ account }) {
      asked.push(account);
      yield* [];
    },
  };
  const { REDRESS_READ_ROLE: _, REDRESS_MEMBER_ROLE: __, REDRESS_TOPIC_ARN: ___, REDRESS_POLICY_DIGEST: ____, ...own } = env;
  const { handler } = fromEnvironment(
    {
      remediators: [remediator],
      policy: { read: async () => definePolicy({ version: 1, environments: { dev: { accounts } } }) },
      // Whoever has not been let in asks nothing.
      connect: async ({ account }) => ({ config: {}, identity: async () => ({ account, arn: `arn:aws:sts::${account}:assumed-role/Read/test` }) }),
    },
    own,
  );
  const tick = (id: string) => ({
    version: '0',
    id,
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: MEMBER,
    time: new Date().toISOString(),
    region: REGION,
    resources: [`arn:aws:events:${REGION}:${MEMBER}:rule/redress-sweep`],
    detail: {},
  });
  const context = { getRemainingTimeInMillis: () => 300_000 };
  await handler(tick('one'), context);
  expect(asked.splice(0).sort()).toEqual([MEMBER, FIRST]);
  accounts = [FIRST, LATER];
  await handler(tick('two'), context);
  expect(asked.splice(0).sort()).toEqual([MEMBER, FIRST, LATER]);
  const recorded = await recordsOf(resource({ type: 'AWS::::Account', id: LATER, account: LATER, region: REGION }));
  expect(recorded.map(({ kind, body }) => [kind, (body['sweep'] as { status: string }).status])).toEqual([['sweep', 'complete']]);
});
