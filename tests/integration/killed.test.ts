// A round of sweeps in which every worker is killed once: at each message, and at each write of the sweep of a place. Templates, roles, queue and the
// ZIP's code are those that are deployed, with IAM on. The workers are processes of this test, so that it can end each as its write has its effect and
// before it hears of it; the queue's messages are handed to them one by one as Lambda does, and come back at once when a worker has died.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudWatchLogsClient, CreateLogGroupCommand, DescribeLogGroupsCommand, PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { AuthorizeSecurityGroupIngressCommand, CreateSecurityGroupCommand, DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { IAMClient, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { DeleteEventSourceMappingCommand, GetFunctionConfigurationCommand, LambdaClient, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { CreateAccountCommand, DescribeOrganizationCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
import { S3Client } from '@aws-sdk/client-s3';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { awsJournal } from '@redress/evidence/aws';
import { type RecordingProxy, recordingProxy, type WireCall } from '@redress/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Sandbox, sandbox } from '../../packages/bundle/test/support/lambda.js';
import { command } from '../../packages/cli/test/support/command.js';
import { PYTHON } from '../../scripts/setup.mjs';
import { clientsOf, deployHub, deployMember } from '../support/deployed.ts';
import { type Enforced, startMinistack } from '../support/ministack.ts';

const REGION = 'eu-west-1';
// Places enough for each write of one: a place has 18 in the two accounts whose gaps are closed, and 12 in the one that is only notified.
const REGIONS = [
  ...[REGION, 'eu-west-2', 'eu-west-3', 'eu-central-1', 'eu-north-1', 'us-east-1', 'us-east-2', 'us-west-1', 'us-west-2'],
  ...['ap-southeast-1', 'ap-southeast-2', 'ap-northeast-1', 'ca-central-1'],
];
/** Workers at a time. */
const AT_ONCE = 6;
/** Of an invocation: less than a lease, so that no worker waits for the whole of one. The sweep goes on with another message then. */
const SECONDS = 100;

/** The remediators of the gaps. What they would change settles in seconds, not in a minute: a worker that waits for it takes no other message. */
const CONFIG = `import { raiseRetention } from '${sourceOf('cloudwatch-logs')}';
import { revokeSgOpenSsh } from '${sourceOf('ec2')}';
export default { remediators: [raiseRetention, revokeSgOpenSsh].map((each) => ({ ...each, settle: 5000 })) };
`;
function sourceOf(remediators: string): string {
  return fileURLToPath(new URL(`../../packages/remediators/${remediators}/src/index.ts`, import.meta.url));
}

let emulator: Enforced;
let directory: string;
let outputs: Record<string, string>;
let accounts: { hub: string; named: string; fresh: string };
let environment: Record<string, string>;

const of = (account: string, region = REGION) => clientsOf(emulator, region, account);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'redress-killed-'));
  emulator = await startMinistack();
  const organizations = new OrganizationsClient(clientsOf(emulator, REGION));
  const { Organization } = await organizations.send(new DescribeOrganizationCommand({}));
  const created = async (AccountName: string) =>
    (await organizations.send(new CreateAccountCommand({ AccountName, Email: `${AccountName}@example.com` }))).CreateAccountStatus?.AccountId ?? '';
  accounts = { hub: emulator.account, named: await created('named'), fresh: await created('fresh') };
  writeFileSync(join(directory, 'redress.config.mjs'), CONFIG);
  outputs = await deployHub(emulator, {
    region: REGION,
    directory,
    policy: `version: 1
environments: { dev: { accounts: ["${accounts.hub}", "${accounts.named}"] } }
remediators:
  logs-raise-retention: { dev: enforce }
  ec2-revoke-sg-open-ssh: { dev: enforce }
limits: [{ per: [run], changes: 100 }]
`,
    parameters: { OrganizationId: Organization?.Id ?? '', SweepSchedule: 'rate(7 days)', SweepRegions: REGIONS.join() },
  });
  const all = Object.values(accounts);
  await Promise.all(all.map((account) => deployMember(emulator, { region: REGION, directory, outputs, account })));
  await Promise.all(all.flatMap((account) => REGIONS.map((region) => makeGaps(account, region))));
  environment = await whatLambdaGives();
});

afterAll(async () => {
  for (const { box, proxy } of started) {
    await box.stop();
    await proxy.close();
  }
  await emulator?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Log groups that forget too soon, which a sweep fixes; and an open port of which nothing shows that it is new, for which it asks. */
async function makeGaps(account: string, region: string): Promise<void> {
  const logs = new CloudWatchLogsClient(of(account, region));
  for (const logGroupName of ['app/one', 'app/two']) {
    await logs.send(new CreateLogGroupCommand({ logGroupName }));
    await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 1 }));
  }
  const ec2 = new EC2Client(of(account, region));
  const { GroupId = '' } = await ec2.send(new CreateSecurityGroupCommand({ GroupName: 'old', Description: 'test' }));
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
}

/** The variables of the deployed function, and credentials of its role, in a session with its name; from now on nothing else takes its messages. */
async function whatLambdaGives(): Promise<Record<string, string>> {
  const lambda = new LambdaClient(of(emulator.account));
  const FunctionName = outputs['FunctionArn'];
  const { Environment, Role = '' } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName }));
  for (const { UUID } of EventSourceMappings) await lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
  const trust = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${emulator.account}:root` }, Action: 'sts:AssumeRole' };
  await new IAMClient(of(emulator.account)).send(
    new UpdateAssumeRolePolicyCommand({ RoleName: Role.split('/').at(-1), PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }) }),
  );
  const { Credentials } = await new STSClient(of(emulator.account)).send(
    new AssumeRoleCommand({ RoleArn: Role, RoleSessionName: FunctionName?.split(':').at(-1), DurationSeconds: 3600 }),
  );
  const zip = join(directory, 'redress-bundle', 'redress.zip');
  expect(spawnSync(PYTHON, ['-m', 'zipfile', '-e', zip, join(directory, 'code')]).status).toBe(0);
  return {
    ...Environment?.Variables,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: Credentials?.AccessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: Credentials?.SecretAccessKey ?? '',
    AWS_SESSION_TOKEN: Credentials?.SessionToken ?? '',
  };
}

/** A sandbox of the function, and what its calls go through. */
interface Worker {
  readonly box: Sandbox;
  readonly proxy: RecordingProxy;
}
const started: Worker[] = [];
/** Those that have come to the end of a message: as in Lambda, they take the next one. */
const warm: Worker[] = [];

async function start(): Promise<Worker> {
  const proxy = await recordingProxy(emulator.endpoint);
  const box = await sandbox(join(directory, 'code'), 'index.handler', { ...environment, AWS_ENDPOINT_URL: proxy.endpoint });
  const worker = { box, proxy };
  started.push(worker);
  return worker;
}

/** What became of a message: at which of its writes the worker was killed, and what it sent. */
interface Worked {
  readonly killedAt: WireCall | null;
  readonly answer: Awaited<ReturnType<Sandbox['invoke']>>;
  readonly calls: readonly WireCall[];
}
type Delivered = { readonly body: string; readonly dieAt: Death | null; readonly came: Worked };

/** Writes go out in no fixed order: at those that matter most, and at the first, second … of all, workers die in different places. */
const AT_CHANGES: readonly Death[] = [
  { operation: 'PutRetentionPolicy', nth: 1 },
  { operation: 'PutRetentionPolicy', nth: 1 },
  { operation: 'Publish', nth: 1 },
  { operation: 'AssumeRole', nth: 1 },
];

/** For whoever sees it fail: which worker died where. */
const at = (worked: readonly Delivered[]) =>
  worked.map(({ body, dieAt, came }) => `${dieAt?.nth ?? '-'} ${came.killedAt?.operation ?? (came.answer.ok ? 'ended' : 'failed')} ${body}`).join('\n');

/** The nth write of a worker, or the nth of one kind. */
type Death = { readonly nth: number; readonly operation?: string };

/**
 * One event, handed to a worker. It dies at a write: that has its effect, and the worker never hears of it. Who is to die has just been started, so that
 * none of its writes is left out because of what it knows from an earlier message.
 */
async function work(event: unknown, dieAt: Death | null, anew = dieAt !== null): Promise<Worked> {
  const worker = (anew ? undefined : warm.pop()) ?? (await start());
  const { box, proxy } = worker;
  const before = proxy.calls.length;
  let [writes, killedAt]: [number, WireCall | null] = [0, null];
  const lift = proxy.inject({
    kind: 'lost-reply',
    on: (call) => {
      if (call.write && (dieAt?.operation ?? call.operation) === call.operation) writes++;
      if (killedAt !== null || dieAt === null || writes < dieAt.nth) return false;
      killedAt = call as WireCall;
      void box.stop();
      return true;
    },
  });
  const answer = await box.invoke(event, SECONDS);
  lift();
  // What was on its way arrives.
  await expect.poll(() => proxy.calls.every(({ forwarded, status, fault }) => !forwarded || status !== null || fault === 'lost-reply')).toBe(true);
  if (answer.ok && killedAt === null) warm.push(worker);
  else await box.stop();
  return { killedAt, answer, calls: proxy.calls.slice(before) };
}

const redress = (...argv: string[]) =>
  command(
    [...argv, '--journal', `aws:${outputs['TableName']}/${outputs['BucketName']}`, '--region', REGION, '--endpoint-url', emulator.endpoint, '--json'],
    directory,
  );

async function retentions(account: string, region: string): Promise<(number | undefined)[]> {
  const { logGroups = [] } = await new CloudWatchLogsClient(of(account, region)).send(new DescribeLogGroupsCommand({ logGroupNamePrefix: 'app/' }));
  return logGroups.map(({ retentionInDays }) => retentionInDays);
}

async function openRules(account: string, region: string): Promise<number | undefined> {
  const groups = await new EC2Client(of(account, region)).send(new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: ['old'] }] }));
  return groups.SecurityGroups?.[0]?.IpPermissions?.length;
}

const tick = () => ({
  version: '0',
  id: crypto.randomUUID(),
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: emulator.account,
  time: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
  region: REGION,
  resources: [`arn:aws:events:${REGION}:${emulator.account}:rule/redress-sweep`],
  detail: {},
});

it('decides on every gap of every account in one round, and does nothing twice, if a worker is killed at each message and each write', async ({ task }) => {
  const sqs = new SQSClient(of(emulator.account));
  const QueueUrl = outputs['SweepsUrl'];
  const worked: Delivered[] = [];
  const round = tick();
  // The schedule's own worker dies as its messages are sent; AWS invokes it again.
  for (const dieAt of [{ nth: 1 }, null]) worked.push({ body: 'round', dieAt, came: await work(round, dieAt) });

  // Each message is handed to one worker, and one worker of each place dies: the first, or, of those that die at a change, the first that makes it (a slow
  // one leaves it to the next).
  const deaths = new Map<string, Death | null>();
  const begun = { closed: 0, notified: 0 };
  const deathOf = (kind: keyof typeof begun, place: number): Death =>
    kind === 'closed' ? (AT_CHANGES[place] ?? { nth: place - AT_CHANGES.length + 1 }) : { nth: place + 1 };
  const deliver = async (message: Message): Promise<void> => {
    const { MessageId: messageId = '', Body: body = '', ReceiptHandle, Attributes: attributes } = message;
    const { account, region } = JSON.parse(body) as { account: string; region?: string };
    const place = `${account}/${region}`;
    const kind = account === accounts.fresh ? 'notified' : 'closed';
    const known = deaths.get(place);
    const dieAt = known === undefined ? (region === undefined ? { nth: 1 } : deathOf(kind, begun[kind]++)) : known;
    deaths.set(place, null);
    const eventSourceARN = `arn:aws:sqs:${REGION}:${emulator.account}:${QueueUrl?.split('/').at(-1)}`;
    const record = { messageId, receiptHandle: ReceiptHandle, eventSource: 'aws:sqs', eventSourceARN, awsRegion: REGION, body, attributes };
    const came = await work({ Records: [record] }, dieAt);
    worked.push({ body, dieAt, came });
    if (came.killedAt === null && dieAt?.operation !== undefined) deaths.set(place, dieAt);
    const { answer } = came;
    const again = answer.ok && (answer.value as { batchItemFailures: unknown[] }).batchItemFailures.length > 0;
    const done = answer.ok
      ? new DeleteMessageCommand({ QueueUrl, ReceiptHandle })
      : new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
    // A message that a slow machine has kept for longer than it is hidden was delivered once more.
    if (!again) await sqs.send(done as DeleteMessageCommand).catch((error: Error) => expect(error.name).toBe('ReceiptHandleIsInvalid'));
  };
  const under = new Set<Promise<void>>();
  const left = async () => {
    const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }));
    return names.reduce((sum, name) => sum + Number(Attributes?.[name]), 0);
  };
  while (under.size > 0 || (await left()) > 0) {
    const MaxNumberOfMessages = Math.min(10, AT_ONCE - under.size);
    if (MaxNumberOfMessages === 0) {
      await Promise.race(under);
      continue;
    }
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages, WaitTimeSeconds: 5, MessageSystemAttributeNames: ['All'] }),
    );
    for (const message of Messages) {
      const job: Promise<void> = deliver(message).finally(() => under.delete(job));
      under.add(job);
    }
  }

  // A worker was killed at each write of a place: up to the last, where those that were to die later came to their end; or up to as many as there are
  // places, on a machine so slow that what is held is renewed meanwhile, each of which is a write more.
  const first = (named: boolean) => worked.filter(({ body, dieAt }) => dieAt !== null && body.includes('"region"') && named !== body.includes(accounts.fresh));
  const writes = ({ calls }: Worked, of: string | undefined) => calls.filter(({ write, operation }) => write && operation === (of ?? operation)).length;
  for (const { dieAt, came } of [...first(true), ...first(false)])
    if (came.killedAt === null) expect([came.answer.ok, writes(came, dieAt?.operation) < (dieAt?.nth ?? 0)], at(worked)).toEqual([true, true]);
  const [died, notified] = [first(true), first(false)].map((each) => each.flatMap(({ came }) => came.killedAt ?? [])) as [WireCall[], WireCall[]];
  expect([died.length > AT_CHANGES.length + 15, notified.length > 10], at(worked)).toEqual([true, true]);
  expect(died.map(({ operation }) => operation)).toEqual(
    expect.arrayContaining(['ChangeMessageVisibility', 'AssumeRole', 'TransactWriteItems', 'PutRetentionPolicy', 'Publish']),
  );
  // So did the round's own, and that of each account.
  expect(worked.filter(({ body, came }) => !body.includes('"region"') && came.killedAt !== null)).toHaveLength(4);

  // Each gap was decided on, and what was to be done was done once, on the wire.
  for (const account of [accounts.hub, accounts.named])
    for (const region of REGIONS) expect([account, region, await retentions(account, region)]).toEqual([account, region, [365, 365]]);
  for (const region of REGIONS) expect(await retentions(accounts.fresh, region)).toEqual([1, 1]);
  for (const account of Object.values(accounts)) for (const region of REGIONS) expect(await openRules(account, region)).toBe(1);
  const sent = started.flatMap(({ proxy }) => proxy.calls.filter(({ operation, forwarded }) => operation === 'PutRetentionPolicy' && forwarded));
  expect(sent).toHaveLength(2 * 2 * REGIONS.length);
  // The journal has a complete sweep of each place, whichever of its workers has made it.
  const clients = { dynamodb: new DynamoDBClient(of(emulator.account)), s3: new S3Client({ ...of(emulator.account), forcePathStyle: true }) };
  const journal = awsJournal({ table: outputs['TableName'] ?? '', bucket: outputs['BucketName'] ?? '', clients });
  const complete = new Set<string>();
  for await (const { record } of journal.read({ all: true }))
    if (record.kind === 'sweep' && (record.body['sweep'] as { status: string }).status === 'complete')
      complete.add(`${record.resource.account} ${record.resource.region}`);
  expect([...complete].sort()).toEqual(
    Object.values(accounts)
      .flatMap((account) => REGIONS.map((region) => `${account} ${region}`))
      .sort(),
  );

  // What was recorded is whole, each intent has its outcome, and people are asked once for each group. What the last ones that died have left open is
  // closed by whoever starts once their leases are over, here with an event that concerns nobody.
  let verified = await redress('evidence', 'verify');
  for (let tries = 0; verified.exit === 2 && tries < 60; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const detail = { 'instance-id': 'i-0123456789abcdef0', state: 'stopped' };
    await work({ ...tick(), source: 'aws.ec2', 'detail-type': 'EC2 Instance State-change Notification', resources: [], detail }, null, true);
    await warm.pop()?.box.stop();
    verified = await redress('evidence', 'verify');
  }
  expect(verified.exit, verified.out + verified.err).toBe(0);
  const history = JSON.parse((await redress('history')).out) as { outcome: string; resource: { id: string; account: string; region: string } }[];
  const ended = (outcome: string) =>
    history.filter((each) => each.outcome === outcome).map(({ resource: { account, region, id } }) => `${account} ${region} ${id}`);
  const fixed = ended('remediated');
  expect(fixed.sort()).toEqual([...new Set(fixed)].sort());
  expect(fixed).toHaveLength(2 * 2 * REGIONS.length);
  // One request for each group; those for log groups of the hub's own, which a template made, come besides.
  const groups = [accounts.hub, accounts.named].flatMap((account) => REGIONS.map((region) => `${account} ${region}`)).sort();
  const asked = JSON.parse((await redress('approvals', 'list')).out) as { resource: { type: string; account: string; region: string } }[];
  const ofGroups = asked.filter(({ resource: { type } }) => type === 'AWS::EC2::SecurityGroup');
  expect(ofGroups.map(({ resource: { account, region } }) => `${account} ${region}`).sort()).toEqual(groups);
  task.meta.said = `workers killed at each of ${died.length} writes of a place, at ${notified.length} of one that only notifies, and at each message`;
});
