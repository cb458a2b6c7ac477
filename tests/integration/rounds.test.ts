// A round of sweeps where it is deployed, with IAM on and time-outs of 120 seconds: the schedule, the queue of sweeps, the function, over three
// accounts of an organisation, of which the policy names two. With no credentials but those of the roles in the templates.
//
// The emulator hands a FIFO queue's messages to one invocation at a time, where AWS has as many as there are groups; so places follow one another here.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchLogsClient, CreateLogGroupCommand, DescribeLogGroupsCommand, PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { AuthorizeSecurityGroupIngressCommand, CreateSecurityGroupCommand, DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DisableRuleCommand, EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { CreateAccountCommand, DescribeOrganizationCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
import { GetQueueAttributesCommand, SendMessageCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { command } from '../../packages/cli/test/support/command.js';
import { clientsOf, deployHub, deployMember, openedEvent, written } from '../support/deployed.ts';
import { type Enforced, startMinistack } from '../support/ministack.ts';

const REGION = 'eu-west-1';
let emulator: Enforced;
let directory: string;
let outputs: Record<string, string>;
/** The hub's own, one that the policy names, and one that it does not: all of the organisation. */
let accounts: { hub: string; named: string; fresh: string };
/** One that does not let us in: it has no roles of ours. */
let closed: string;

const policy = () => `version: 1
environments: { dev: { accounts: ["${accounts.hub}", "${accounts.named}"] } }
remediators:
  logs-raise-retention: { dev: enforce }
  ec2-revoke-sg-open-ssh: { dev: enforce }
limits: [{ per: [run], changes: 100 }]
`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'redress-rounds-'));
  emulator = await startMinistack();
  const organizations = new OrganizationsClient(clientsOf(emulator, REGION));
  const { Organization } = await organizations.send(new DescribeOrganizationCommand({}));
  const created = async (AccountName: string) =>
    (await organizations.send(new CreateAccountCommand({ AccountName, Email: `${AccountName}@example.com` }))).CreateAccountStatus?.AccountId ?? '';
  accounts = { hub: emulator.account, named: await created('named'), fresh: await created('fresh') };
  closed = await created('closed');
  outputs = await deployHub(emulator, {
    region: REGION,
    directory,
    policy: policy(),
    parameters: { OrganizationId: Organization?.Id ?? '', SweepSchedule: 'rate(1 minute)', SweepRegions: REGION },
  });
  // Whoever dies before its first line leaves its message hidden for as long as the queue says, which is six time-outs: here little more than one.
  const Attributes = { VisibilityTimeout: '135' };
  await new SQSClient(of(emulator.account)).send(new SetQueueAttributesCommand({ QueueUrl: outputs['SweepsUrl'], Attributes }));
  const all = Object.values(accounts);
  await Promise.all(all.map((account) => deployMember(emulator, { region: REGION, directory, outputs, account })));
  await Promise.all(all.map(makeGaps));
});

afterAll(async () => {
  await emulator?.close();
  rmSync(directory, { recursive: true, force: true });
});

const of = (account: string) => clientsOf(emulator, REGION, account);
const redress = (...argv: string[]) =>
  command(
    [...argv, '--journal', `aws:${outputs['TableName']}/${outputs['BucketName']}`, '--region', REGION, '--endpoint-url', emulator.endpoint, '--json'],
    directory,
  );

async function openedGroup(account: string, GroupName: string): Promise<string> {
  const ec2 = new EC2Client(of(account));
  const { GroupId = '' } = await ec2.send(new CreateSecurityGroupCommand({ GroupName, Description: 'test' }));
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  return GroupId;
}

/** Log groups that forget too soon, which a sweep fixes; and an open port of which nothing shows that it is new, for which it asks. */
async function makeGaps(account: string): Promise<void> {
  const logs = new CloudWatchLogsClient(of(account));
  for (const logGroupName of ['app/one', 'app/two', 'app/three']) {
    await logs.send(new CreateLogGroupCommand({ logGroupName }));
    await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 1 }));
  }
  await openedGroup(account, 'old');
}

async function retentions(account: string): Promise<(number | undefined)[]> {
  const { logGroups = [] } = await new CloudWatchLogsClient(of(account)).send(new DescribeLogGroupsCommand({ logGroupNamePrefix: 'app/' }));
  return logGroups.map(({ retentionInDays }) => retentionInDays);
}

const lines = async () =>
  (await written(new CloudWatchLogsClient(of(emulator.account)))).split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Record<string, unknown>];
    } catch {
      return [];
    }
  });
const kind = async (name: string) => (await lines()).filter((line) => line['kind'] === name);

async function waiting(): Promise<{ left: number; inFlight: number }> {
  const sqs = new SQSClient(of(emulator.account));
  const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: outputs['SweepsUrl'], AttributeNames: [...AttributeNames] }));
  const [left, inFlight] = AttributeNames.map((name) => Number(Attributes?.[name]));
  return { left: left ?? 0, inFlight: inFlight ?? 0 };
}

/** Records of sweeps in the journal: where one goes on, before it waits for what has to settle and at its end. */
async function sweepRecords(): Promise<number> {
  const found = await new DynamoDBClient(of(emulator.account)).send(
    new ScanCommand({
      TableName: outputs['TableName'],
      ConsistentRead: true,
      Select: 'COUNT',
      FilterExpression: 'contains(#line, :kind)',
      ExpressionAttributeNames: { '#line': 'line' },
      ExpressionAttributeValues: { ':kind': { S: '"kind":"sweep"' } },
    }),
  );
  return found.Count ?? 0;
}

/** Ends the sandboxes of functions, which are processes of the emulator that this test started. */
function killWorkers(): number {
  const all = readdirSync('/proc').flatMap((pid) => {
    try {
      const [, parent] = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      return [{ pid: Number(pid), parent: Number(parent) }];
    } catch {
      return [];
    }
  });
  const workers = all.filter(({ parent }) => parent === emulator.pid);
  for (const { pid } of workers) process.kill(pid, 'SIGKILL');
  return workers.length;
}

it('decides on every gap of every account in one round, wherever workers are killed, and delays no event', async () => {
  // The schedule begins the round; once is enough.
  await expect.poll(async () => (await kind('sweep-round')).length, { interval: 1000 }).toBeGreaterThan(0);
  const bridge = new EventBridgeClient(of(emulator.account));
  const { Rules = [] } = await bridge.send(new ListRulesCommand({}));
  const scheduled = Rules.find(({ ScheduleExpression }) => ScheduleExpression === 'rate(1 minute)');
  await bridge.send(new DisableRuleCommand({ Name: scheduled?.Name }));
  expect((await kind('sweep-round'))[0]).toMatchObject({ accounts: 4, places: 4 });

  // Three workers are killed, each with the message of another place: while they wait for what has to settle, or, where nothing does, at their last write.
  // The places wait for their messages at the same time, and none settles twice.
  for (let killed = 0; killed < 3; killed++) {
    const before = await sweepRecords();
    await expect.poll(sweepRecords, { interval: 200 }).toBeGreaterThan(before);
    expect(killWorkers()).toBeGreaterThan(0);
  }
  expect((await waiting()).inFlight).toBeGreaterThan(0);

  // An event that comes in meanwhile is handled while sweeps are left.
  const group = await openedGroup(accounts.named, 'new');
  await new SQSClient(of(emulator.account)).send(
    new SendMessageCommand({ QueueUrl: outputs['QueueUrl'], MessageBody: JSON.stringify(openedEvent(group, accounts.named, REGION)) }),
  );
  const ec2 = new EC2Client(of(accounts.named));
  const open = async () => (await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [group] }))).SecurityGroups?.[0]?.IpPermissions?.length;
  await expect.poll(open, { interval: 1000 }).toBe(0);
  const { left, inFlight } = await waiting();
  expect(left + inFlight, await written(new CloudWatchLogsClient(of(emulator.account)))).toBeGreaterThan(0);

  // The round comes to its end.
  await expect.poll(async () => Object.values(await waiting()).join(), { interval: 2000 }).toBe('0,0');
  expect([await retentions(accounts.hub), await retentions(accounts.named)]).toEqual([
    [365, 365, 365],
    [365, 365, 365],
  ]);
  // The policy does not name this one: its gaps are told, and not closed; it is not forgotten.
  expect(await retentions(accounts.fresh)).toEqual([1, 1, 1]);
  const decided = (await kind('sweep')).filter((line) => line['outcome'] !== 'no-op').map((line) => `${line['resource']} ${line['outcome']}`);
  for (const [name, account] of Object.entries(accounts)) {
    const mine = decided.filter((line) => line.includes(account));
    expect(mine.filter((line) => line.startsWith('AWS::Logs::LogGroup') && line.endsWith(name === 'fresh' ? 'notified' : 'remediated')).length).toBeGreaterThan(
      2,
    );
  }
  // They died in the middle of what they did.
  const dead = (await written(new CloudWatchLogsClient(of(emulator.account)))).split('\n').filter((line) => line === 'Worker process died');
  expect(dead.length).toBeGreaterThan(1);
  // An account that does not let us in: once, as that.
  expect(await kind('sweep-left')).toMatchObject([{ account: closed, reason: 'denied' }]);
  // What was recorded is whole, and nothing was done twice.
  const verified = await redress('evidence', 'verify');
  expect(verified.exit, verified.out + verified.err).toBe(0);
  const history = JSON.parse((await redress('history')).out) as { outcome: string; resource: { id: string; account: string } }[];
  const fixed = history
    .filter(({ outcome, resource }) => outcome === 'remediated' && resource.id.startsWith('app/'))
    .map(({ resource }) => `${resource.account} ${resource.id}`);
  expect(fixed.sort()).toEqual([...new Set(fixed)].sort());
  expect(fixed).toHaveLength(6);
});
