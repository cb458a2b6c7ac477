import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { AuthorizeSecurityGroupIngressCommand, CreateSecurityGroupCommand, DescribeSecurityGroupRulesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { JOURNAL_TABLE } from '@redress/evidence/aws';
import { ec2Remediators } from '@redress/remediator-ec2';
import { verifyLedger } from '@redress/verify';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { HistoryEntry } from '../src/commands/history.js';
import type { PlanDocument } from '../src/commands/plan.js';
import type { RunDocument } from '../src/commands/run.js';
import { command } from './support/command.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Endpoint of the AWS emulator. */
    moto: string;
  }
}

const endpoint = inject('moto');
const ec2 = new EC2Client({ region: 'us-east-1', endpoint, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } });
// The account that the emulator gives to credentials of no role.
const ACCOUNT = '123456789012';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-cli-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const file = (name: string, content: string | object) => writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));

async function redress(...argv: string[]): Promise<{ exit: number; json: unknown; err: string }> {
  const { exit, out, err } = await command([...argv, '--json', '--endpoint-url', endpoint, '--region', 'us-east-1'], directory, {
    remediators: ec2Remediators,
  });
  return { exit, json: JSON.parse(out) as unknown, err };
}

/** A group with a good rule and one that opens SSH to the internet. */
async function openGroup(): Promise<string> {
  const { GroupId } = await ec2.send(new CreateSecurityGroupCommand({ GroupName: `cli-${crypto.randomUUID()}`, Description: 'test' }));
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    }),
  );
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    }),
  );
  return GroupId as string;
}

async function ports(group: string): Promise<number[]> {
  const { SecurityGroupRules = [] } = await ec2.send(new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [group] }] }));
  return SecurityGroupRules.filter((rule) => rule.IsEgress === false)
    .map((rule) => rule.FromPort ?? 0)
    .sort((a, b) => a - b);
}

function authorized(group: string): object {
  // Two minutes ago: what is newer has to settle first.
  const now = new Date(Date.now() - 120_000).toISOString();
  return {
    version: '0',
    id: crypto.randomUUID(),
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.ec2',
    account: ACCOUNT,
    time: now,
    region: 'us-east-1',
    resources: [],
    detail: {
      eventVersion: '1.09',
      eventID: crypto.randomUUID(),
      eventTime: now,
      eventSource: 'ec2.amazonaws.com',
      eventName: 'AuthorizeSecurityGroupIngress',
      awsRegion: 'us-east-1',
      readOnly: false,
      eventType: 'AwsApiCall',
      recipientAccountId: ACCOUNT,
      userIdentity: { type: 'IAMUser', arn: `arn:aws:iam::${ACCOUNT}:user/dev`, accountId: ACCOUNT, userName: 'dev' },
      requestParameters: {
        groupId: group,
        ipPermissions: {
          items: [
            { ipProtocol: 'tcp', fromPort: 22, toPort: 22, groups: {}, ipRanges: { items: [{ cidrIp: '0.0.0.0/0' }] }, ipv6Ranges: {}, prefixListIds: {} },
          ],
        },
      },
      responseElements: { _return: true, requestId: 'r' },
    },
  };
}

const mine = (passes: PlanDocument['passes'], group: string) => passes.filter((pass) => pass.resource.id === group);

describe('against an emulated account', () => {
  it('reads the account of the credentials, and changes nothing', async () => {
    const group = await openGroup();
    const { exit, json } = await redress('plan', '--live', '--remediator', 'ec2-revoke-sg-open-ssh');
    const document = json as PlanDocument;
    expect([exit, document.account]).toEqual([0, ACCOUNT]);
    expect(mine(document.passes, group)).toMatchObject([
      {
        verdict: 'notify-only',
        code: 'mode-notify',
        // Nobody just added it: not even a policy that enforces everything would revoke it without an approval.
        ifEnforced: { verdict: 'needs-approval', code: 'not-fresh' },
        changes: [{ call: { operation: 'ec2:RevokeSecurityGroupIngress' }, undo: { calls: [{ operation: 'ec2:AuthorizeSecurityGroupIngress' }] } }],
      },
    ]);
    expect(await ports(group)).toEqual([22, 443]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('fixes what an event proves to be new, recognizes the repeat, and rolls it back', async () => {
    const group = await openGroup();
    file('redress.yaml', `version: 1\nenvironments: { dev: { accounts: ["${ACCOUNT}"] } }\nremediators:\n  ec2-revoke-sg-open-ssh: { dev: enforce }\n`);
    file('event.json', authorized(group));
    const planned = (await redress('plan', 'event.json')).json as PlanDocument;
    expect(mine(planned.passes, group).map((pass) => [pass.remediator, pass.verdict])).toEqual([
      ['ec2-revoke-sg-open-ssh', 'would-fix'],
      // What the first would have fixed is not there for the second.
      ['ec2-revoke-sg-open-admin-existing', 'nothing-to-change'],
    ]);

    const ran = await redress('run', 'event.json');
    const [pass] = (ran.json as RunDocument).files[0]?.passes ?? [];
    expect([ran.exit, pass?.outcome]).toEqual([0, 'remediated']);
    expect(await ports(group)).toEqual([443]);

    expect(await redress('rollback', pass?.execution as string, '--reason', 'vendor window')).toMatchObject({ exit: 0, json: { outcome: 'rolled-back' } });
    expect(await ports(group)).toEqual([22, 443]);
    expect(((await redress('history', group)).json as HistoryEntry[]).map((entry) => entry.outcome)).toEqual(['remediated', 'no-op', 'rolled-back']);
    expect(await redress('evidence', 'verify')).toMatchObject({ exit: 0, json: { status: 'intact', executions: 2 } });
  });

  it('does the same with the journal on AWS, whose copy verifies without the account', async () => {
    const config = { region: 'us-east-1', endpoint, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } };
    const dynamodb = new DynamoDBClient(config);
    const name = `cli-${crypto.randomUUID()}`;
    const { TimeToLiveSpecification: _, ...table } = JOURNAL_TABLE;
    await dynamodb.send(new CreateTableCommand({ ...structuredClone(table), TableName: name } as unknown as CreateTableCommand['input']));
    await new S3Client({ ...config, forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: name }));
    const journal = ['--journal', `aws:${name}/${name}`];
    const group = await openGroup();
    file('redress.yaml', `version: 1\nenvironments: { dev: { accounts: ["${ACCOUNT}"] } }\nremediators:\n  ec2-revoke-sg-open-ssh: { dev: enforce }\n`);
    file('event.json', authorized(group));

    const ran = await redress('run', 'event.json', ...journal);
    const [pass] = (ran.json as RunDocument).files[0]?.passes ?? [];
    expect([ran.exit, pass?.outcome]).toEqual([0, 'remediated']);
    expect(ran.err).toContain('--stop-parameter');
    expect(await ports(group)).toEqual([443]);
    expect(await redress('explain', group, ...journal)).toMatchObject({ exit: 0 });
    expect(await redress('rollback', pass?.execution as string, '--reason', 'vendor window', ...journal)).toMatchObject({ json: { outcome: 'rolled-back' } });
    expect(await ports(group)).toEqual([22, 443]);
    expect(((await redress('history', group, ...journal)).json as HistoryEntry[]).map((entry) => entry.outcome)).toEqual([
      'remediated',
      'no-op',
      'rolled-back',
    ]);
    expect(await redress('approvals', 'list', ...journal)).toMatchObject({ exit: 0 });
    expect(await redress('recover', ...journal)).toMatchObject({ exit: 0 });
    // Nothing of it is in the folder.
    expect(readdirSync(directory).sort()).toEqual(['event.json', 'redress.yaml']);

    const of = ['--table', name, '--bucket', name];
    expect(await redress('evidence', 'verify', ...of)).toMatchObject({ exit: 0, json: { status: 'intact', executions: 2, cut: [] } });
    const objects = async () => (await new S3Client({ ...config, forcePathStyle: true }).send(new ListObjectsV2Command({ Bucket: name }))).KeyCount;
    expect(await redress('evidence', 'export', ...of, '--out', 'copy')).toMatchObject({ exit: 0, json: { out: 'copy', stored: 0, cut: [] } });
    expect(await objects()).toBe(0);
    expect(await redress('evidence', 'export', ...of, '--out', 'other', '--lock-days', '1')).toMatchObject({ exit: 2, json: { error: { code: 'cli/usage' } } });
    expect(await redress('evidence', 'export', ...of, '--out', 'other', '--store', '--lock-days', '0')).toMatchObject({ exit: 2 });
    const kept = await redress('evidence', 'export', ...of, '--out', 'other', '--store');
    expect(kept).toMatchObject({ exit: 0, json: { out: 'other', cut: [] } });
    const { documents, stored } = kept.json as { documents: number; stored: number };
    expect([stored, await objects()]).toEqual([documents, documents]);
    expect(documents).toBeGreaterThan(4);
    expect(verifyLedger({ directory: join(directory, 'copy') })).toMatchObject({ status: 'intact', executions: 2 });
    expect(await redress('evidence', 'export', ...of, '--out', 'copy')).toMatchObject({ exit: 1, json: { error: { code: 'journal/invalid' } } });
    // In the formats of others it is, byte for byte, what its copy is.
    for (const format of ['ocsf', 'oscal-ar', 'oscal-poam']) {
      expect(await redress('evidence', 'export', ...journal, '--format', format, '--out', 'aws.out')).toMatchObject({ exit: 0 });
      expect(await redress('evidence', 'export', '--data', 'copy', '--format', format, '--out', 'copy.out')).toMatchObject({ exit: 0 });
      const [one = '', other] = ['aws.out', 'copy.out'].map((each) => readFileSync(join(directory, each), 'utf8'));
      expect(one.length).toBeGreaterThan(500);
      expect(other).toBe(one);
    }

    const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: name }));
    const record = Items.find((item) => item['sk']?.S === 'record#000000000002');
    const key = { pk: record?.['pk'] as { S: string }, sk: record?.['sk'] as { S: string } };
    const { Item = {} } = await dynamodb.send(new GetItemCommand({ TableName: name, Key: key }));
    await dynamodb.send(new PutItemCommand({ TableName: name, Item: { ...Item, line: { S: (Item['line'] as { S: string }).S.replace('ec2', 'ec3') } } }));
    expect(await redress('evidence', 'verify', ...of)).toMatchObject({ exit: 1, json: { status: 'tampered', firstBad: { seq: 2 } } });
    expect(await redress('history', ...journal)).toMatchObject({ exit: 1, json: { error: { code: 'journal/corrupt' } } });
    expect(await redress('evidence', 'verify', '--table', name)).toMatchObject({ exit: 2, json: { error: { code: 'cli/usage' } } });
    expect(await redress('history', '--journal', 'aws:nowhere')).toMatchObject({ exit: 2, json: { error: { code: 'cli/usage' } } });
  });

  it('is stopped by the parameter that stops the functions, and by the file in the folder', async () => {
    const ssm = new SSMClient({ region: 'us-east-1', endpoint, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } });
    const name = `/redress/stop-${crypto.randomUUID()}`;
    const says = (Value: string) => ssm.send(new PutParameterCommand({ Name: name, Value, Type: 'String', Overwrite: true }));
    const stop = ['--stop-parameter', name];
    const group = await openGroup();
    file('redress.yaml', `version: 1\nenvironments: { dev: { accounts: ["${ACCOUNT}"] } }\nremediators:\n  ec2-revoke-sg-open-ssh: { dev: enforce }\n`);
    file('event.json', authorized(group));
    const fixed = async () => ((await redress('run', 'event.json', ...stop)).json as RunDocument).files[0]?.passes[0];

    expect(await fixed()).toMatchObject({ outcome: 'denied', message: expect.stringContaining('kill switch') });
    await says('changes');
    expect(await fixed()).toMatchObject({ outcome: 'denied', code: 'stopped' });
    await says('none');
    writeFileSync(join(directory, '.redress', 'STOP'), '');
    expect(await fixed()).toMatchObject({ outcome: 'denied', code: 'stopped' });
    expect(await ports(group)).toEqual([22, 443]);
    rmSync(join(directory, '.redress', 'STOP'));
    const pass = await fixed();
    expect(pass?.outcome).toBe('remediated');
    expect(await ports(group)).toEqual([443]);
    await says('everything');
    expect(await redress('rollback', pass?.execution as string, '--reason', 'a test', ...stop)).toMatchObject({
      exit: 1,
      json: { error: { code: 'rollback/refused', message: expect.stringContaining('kill switch') } },
    });
    expect(await ports(group)).toEqual([443]);
    expect(await redress('plan', 'event.json', '--stop-parameter', '')).toMatchObject({ exit: 2, json: { error: { code: 'cli/usage' } } });
  });

  it('makes no call for a resource of another account', async () => {
    file('redress.yaml', 'version: 1\nenvironments: { dev: { accounts: ["222222222222"] } }\nremediators:\n  ec2-revoke-sg-open-ssh: { dev: enforce }\n');
    file('event.json', JSON.stringify(authorized('sg-0123456789abcdef0')).replaceAll(ACCOUNT, '222222222222'));
    expect(((await redress('run', 'event.json')).json as RunDocument).files[0]?.passes).toMatchObject([
      { remediator: 'ec2-revoke-sg-open-ssh', outcome: 'denied', code: 'foreign-account' },
      { remediator: 'ec2-revoke-sg-open-admin-existing', outcome: 'denied', code: 'foreign-account' },
    ]);
  });
});

describe('files as people have them', () => {
  /** The same gap, as each of them says it. */
  function gap(group: string): Readonly<Record<string, Buffer | string>> {
    const { detail: record } = authorized(group) as { detail: object };
    const qualifier = { ConfigRuleName: 'restricted-ssh', ResourceType: 'AWS::EC2::SecurityGroup', ResourceId: group };
    const check = 'ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22';
    const arn = `arn:aws:ec2:us-east-1:${ACCOUNT}:security-group/${group}`;
    return {
      [`bucket/AWSLogs/${ACCOUNT}/CloudTrail/us-east-1/2026/11/28/${ACCOUNT}_CloudTrail_us-east-1_20261128T1000Z_a.json.gz`]: gzipSync(
        JSON.stringify({ Records: [record] }),
      ),
      [`bucket/AWSLogs/${ACCOUNT}/CloudTrail-Digest/us-east-1/2026/11/28/d.json.gz`]: gzipSync(
        JSON.stringify({ digestStartTime: 'a', digestEndTime: 'b', logFiles: [] }),
      ),
      'lookup-events.json': JSON.stringify(
        { Events: [{ EventId: 'e', EventName: 'AuthorizeSecurityGroupIngress', CloudTrailEvent: JSON.stringify(record) }] },
        null,
        4,
      ),
      'details.json': JSON.stringify({
        EvaluationResults: [
          { EvaluationResultIdentifier: { EvaluationResultQualifier: qualifier, OrderingTimestamp: 1793610961.5 }, ComplianceType: 'NON_COMPLIANT' },
        ],
      }),
      'prowler.asff.json': JSON.stringify([
        {
          SchemaVersion: '2018-10-08',
          Id: `prowler-${check}-${ACCOUNT}-us-east-1-0f1e2d3c4`,
          ProductArn: 'arn:aws:securityhub:us-east-1::product/prowler/prowler',
          RecordState: 'ACTIVE',
          GeneratorId: `prowler-${check}`,
          AwsAccountId: ACCOUNT,
          UpdatedAt: '2026-11-28T09:10:00Z',
          Resources: [{ Type: 'AwsEc2SecurityGroup', Id: arn, Partition: 'aws', Region: 'us-east-1' }],
          Compliance: { Status: 'FAILED' },
        },
      ]),
      'prowler.ocsf.json': JSON.stringify([
        {
          class_uid: 2004,
          activity_id: 1,
          cloud: { account: { uid: ACCOUNT }, provider: 'aws', region: 'us-east-1' },
          finding_info: { uid: `prowler-aws-${check}-${ACCOUNT}-us-east-1-${group}` },
          metadata: { event_code: check, product: { uid: 'prowler', name: 'Prowler' } },
          resources: [{ type: 'AwsEc2SecurityGroup', uid: arn, region: 'us-east-1' }],
          status: 'New',
          status_id: 1,
          status_code: 'FAIL',
          time: 1793610600,
        },
      ]),
      'awslogs.json': JSON.stringify({
        awslogs: {
          data: gzipSync(JSON.stringify({ messageType: 'DATA_MESSAGE', logEvents: [{ id: '1', timestamp: 1, message: JSON.stringify(record) }] })).toString(
            'base64',
          ),
        },
      }),
    };
  }

  it('all lead to the group, which is read, and to an approval, since none of them proves that AWS sent it', async () => {
    const group = await openGroup();
    const files = gap(group);
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), content);
    }
    file('redress.yaml', `version: 1\nenvironments:\n  dev: { accounts: ["${ACCOUNT}"] }\nremediators:\n  ec2-revoke-sg-open-ssh: { dev: enforce }\n`);
    for (const name of ['bucket', ...Object.keys(files).filter((each) => !each.startsWith('bucket'))]) {
      const { exit, json } = await redress('plan', name);
      const document = json as PlanDocument;
      const seen = mine(document.passes, group).filter((pass) => pass.remediator === 'ec2-revoke-sg-open-ssh');
      expect([name, exit, seen.map((pass) => [pass.verdict, pass.changes.length, pass.reasons.some(({ code }) => code === 'no-envelope')])]).toEqual([
        name,
        0,
        [['needs-approval', 1, true]],
      ]);
    }
    expect(await ports(group)).toEqual([22, 443]);
  });
});
