// Records against what CloudTrail of the emulator has recorded: a change that nobody recorded, and a record of a call that nobody made.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchLogsClient, CreateLogGroupCommand, DescribeLogGroupsCommand, PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { connectAws } from '@redress/connect';
import { createRedress, definePolicy, digestOf, type Journal, type ResourceRef, resource } from '@redress/core';
import { folderJournal } from '@redress/evidence';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ReconcileDocument } from '../../packages/cli/src/commands/reconcile.js';
import { command } from '../../packages/cli/test/support/command.js';
import { type Enforced, startMinistack } from '../support/ministack.ts';

const REGION = 'eu-west-1';
const KEYS = { accessKeyId: 'testing', secretAccessKey: 'testing' };
let server: Enforced;
/** As Redress is. */
let ours: CloudWatchLogsClient;
/** Somebody else of the account. */
let theirs: CloudWatchLogsClient;
let us: string;
const groups = ['a', 'b', 'c', 'd'].map((name) => `/app/${name}`);
let directory: string;
let journal: Journal;

beforeAll(async () => {
  server = await startMinistack({ records: true });
  // Whom the emulator takes for a user with the name of the access key.
  us = `arn:aws:iam::${server.account}:user/${KEYS.accessKeyId}`;
  const { endpoint } = server;
  ours = new CloudWatchLogsClient({ endpoint, region: REGION, credentials: KEYS });
  const iam = new IAMClient({ endpoint, region: 'us-east-1', credentials: KEYS });
  await iam.send(new CreateUserCommand({ UserName: 'ada' }));
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'logs:*', Resource: '*' }] });
  await iam.send(new PutUserPolicyCommand({ UserName: 'ada', PolicyName: 'logs', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ada' }));
  iam.destroy();
  const credentials = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
  theirs = new CloudWatchLogsClient({ endpoint, region: REGION, credentials });
  for (const logGroupName of groups) {
    await theirs.send(new CreateLogGroupCommand({ logGroupName }));
    await theirs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 7 }));
  }
});
afterAll(async () => {
  ours.destroy();
  theirs.destroy();
  await server.close();
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-reconcile-'));
  journal = folderJournal({ directory: join(directory, '.redress') });
});
afterEach(async () => {
  await journal.close?.();
  rmSync(directory, { recursive: true, force: true });
});

async function reconcile(since: number, ...argv: string[]) {
  const period = ['--since', new Date(since).toISOString(), '--principal', us, ...UNNAMED];
  const { exit, out } = await command(
    ['reconcile', '--lookup', ...period, ...argv, '--json', '--endpoint-url', server.endpoint, '--region', REGION],
    directory,
    { remediators: logsRemediators },
  );
  return { exit, json: JSON.parse(out) as ReconcileDocument };
}
// Of the calls that AWS does not take for reads the emulator names those with a JSON target alone; GetCallerIdentity is this.
const UNNAMED = ['--ignore', 'sts:POST.sts'];
/** With no time to wait. */
const AT_ONCE = ['--grace', 'PT0S', '--delay', 'PT0S'];

/** Redress raises the retention of a log group of somebody else. */
async function fixed(): Promise<ResourceRef> {
  const logGroupName = groups.pop() ?? '';
  const ref = resource({ type: 'AWS::Logs::LogGroup', id: logGroupName, account: server.account, region: REGION });
  const redress = createRedress({
    remediators: logsRemediators,
    policy: definePolicy({ version: 1, environments: { dev: { accounts: [server.account] } }, remediators: { 'logs-raise-retention': { dev: 'enforce' } } }),
    journal,
    connect: connectAws({ endpoint: server.endpoint, credentials: KEYS }),
  });
  try {
    // What somebody has changed is left alone for a minute; this was long ago.
    expect(await redress.run(ref, { seenAt: Date.now() - 120_000 })).toMatchObject([{ outcome: 'remediated' }]);
  } finally {
    redress.close();
  }
  expect(await retentionOf(logGroupName)).toBe(365);
  return ref;
}
const retentionOf = async (logGroupNamePrefix: string) =>
  (await theirs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix }))).logGroups?.[0]?.retentionInDays;

/** Events have seconds: what was before this one is not counted. */
async function nextSecond(): Promise<number> {
  const at = Math.ceil((Date.now() + 1) / 1000) * 1000;
  await new Promise((resolve) => setTimeout(resolve, at - Date.now() + 20));
  return at;
}

it('every change by Redress has its record and its event; changes by others are not read', async () => {
  const since = await nextSecond();
  await fixed();
  await fixed();
  const { exit, json } = await reconcile(since, ...AT_ONCE);
  expect(json).toMatchObject({
    status: 'agrees',
    records: { calls: 2, confirmed: 2, notComparable: 0 },
    events: { byRequest: 2, byExecution: 0 },
    discrepancies: [],
    waiting: [],
    errors: [],
  });
  expect(exit).toBe(0);
});

it('a change without a record is an orphan, and a record without a call is a ghost, after the grace time', async () => {
  const since = await nextSecond();
  const ref = await fixed();
  const put = await ours.send(new PutRetentionPolicyCommand({ logGroupName: ref.id, retentionInDays: 400 }));
  expect(await retentionOf(ref.id)).toBe(400);
  const { generation } = await journal.view(ref);
  const begun = await journal.begin({
    ...{ resource: ref, remediator: 'logs-raise-retention', planDigest: digestOf('never'), generation, budgets: [], lease: 60_000, body: {} },
  });
  if (begun.status !== 'begun') throw new Error(begun.status);
  const { lease } = begun;
  const call = { service: 'logs', operation: 'PutRetentionPolicy', status: 'applied', requestId: '00000000-0000-4000-8000-000000000000', caller: us };
  await journal.append({ kind: 'call', lease, resource: ref, remediator: 'logs-raise-retention', body: { call } });
  await journal.finish({ lease, outcome: 'remediated', sent: 1, resource: ref, remediator: 'logs-raise-retention', body: {} });

  const { exit, json } = await reconcile(since, ...AT_ONCE);
  const at = { account: server.account, region: REGION, operation: 'logs:PutRetentionPolicy' };
  expect(json.discrepancies).toHaveLength(2);
  expect(json.discrepancies).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ ...at, kind: 'orphan', requestId: put.$metadata.requestId, caller: us, record: null, event: expect.any(String) }),
      expect.objectContaining({ ...at, kind: 'ghost', requestId: call.requestId, execution: lease.execution, event: null, record: expect.anything() }),
    ]),
  );
  expect(json).toMatchObject({ status: 'differs', records: { calls: 2, confirmed: 1 }, events: { byRequest: 1 } });
  expect(exit).toBe(1);

  // The grace time is a day: until then CloudTrail may still deliver. The orphan does not wait.
  const young = (await reconcile(since)).json;
  expect(young.discrepancies.map(({ kind }) => kind)).toEqual(['orphan']);
  expect(young.waiting).toMatchObject([{ requestId: call.requestId, late: false }]);
});

it('nothing is a ghost without coverage by CloudTrail: that is reported, and the result is incomplete', async () => {
  const since = await nextSecond();
  await fixed();
  const { exit, json } = await reconcile(since, ...AT_ONCE, '--in', 'eu-central-1');
  expect(json).toMatchObject({
    status: 'incomplete',
    discrepancies: [],
    records: { calls: 1, confirmed: 0 },
    uncovered: [{ account: server.account, region: REGION, records: 1, reason: 'nothing of the region was read' }],
  });
  expect(exit).toBe(2);
});
