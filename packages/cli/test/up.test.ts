import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuthorizeSecurityGroupIngressCommand, CreateSecurityGroupCommand, DescribeSecurityGroupRulesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ec2Remediators } from '@redress/remediator-ec2';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { run } from '../src/run.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Endpoint of the AWS emulator. */
    moto: string;
  }
}

const ACCOUNT = '123456789012';
// A region of its own: its queue and its rules are nobody else's.
const REGION = 'eu-north-1';
const upstream = inject('moto');
const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' };
const client = (endpoint: string) => new EC2Client({ region: REGION, endpoint, credentials });
const direct = client(upstream);

let directory: string;
let endpoint: string;
let running: Promise<number>;
let out = '';
let err = '';
const stop = new AbortController();

const io = () => ({
  stdout: (text: string) => {
    out += text;
  },
  stderr: (text: string) => {
    err += text;
  },
  stdinChunks: async function* () {},
  color: false,
  cwd: directory,
  env: {},
  user: 'tester',
});

/** Waits until something is so. */
async function until<T>(look: () => T | Promise<T>, good: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await look();
    if (good(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function groupOf(name: string): Promise<string> {
  const { GroupId } = await direct.send(new CreateSecurityGroupCommand({ GroupName: `${name}-${crypto.randomUUID()}`, Description: 'test' }));
  return GroupId ?? '';
}
async function ports(group: string): Promise<number[]> {
  const { SecurityGroupRules = [] } = await direct.send(new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [group] }] }));
  return SecurityGroupRules.filter((rule) => rule.IsEgress === false).map((rule) => rule.FromPort ?? 0);
}
const open = (group: string) =>
  client(endpoint).send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: group,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    }),
  );

let payments: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'redress-up-'));
  payments = await groupOf('payments');
  writeFileSync(
    join(directory, 'redress.yaml'),
    `version: 1\nenvironments: { dev: { accounts: ["${ACCOUNT}"] } }\nremediators: { ec2-revoke-sg-open-ssh: { dev: enforce } }\nexceptions: { register: exceptions.yaml }\n`,
  );
  writeFileSync(
    join(directory, 'exceptions.yaml'),
    JSON.stringify([
      {
        id: 'EXC-1',
        scope: { account: ACCOUNT, resource: payments },
        reason: 'support window',
        owner: 'payments-team',
        approver: 'security-team',
        expires: new Date(Date.now() + 864e5).toISOString(),
      },
    ]),
  );
  // A minute on: what was opened just now has settled.
  const clock = { now: () => Date.now() + 60_000, sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)) };
  running = run(['up', '--port', '0', '--endpoint-url', upstream, '--region', REGION], io(), {
    remediators: ec2Remediators,
    clock,
    signal: stop.signal,
  });
  await until(
    () => /An emulated account \d+ at (\S+),/.exec(out)?.[1],
    (found) => {
      endpoint = found ?? '';
      return found !== undefined;
    },
  );
});

afterAll(async () => {
  stop.abort();
  await running;
  rmSync(directory, { recursive: true, force: true });
});

describe('redress up', () => {
  it('closes a port that somebody opens through it', async () => {
    const group = await groupOf('shop');
    await open(group);
    expect(
      await until(
        () => ports(group),
        (found) => found.length === 0,
      ),
    ).toEqual([]);
    await until(
      () => out,
      (text) => text.includes(`remediated  AWS::EC2::SecurityGroup/${group}`) || (text.includes('remediated') && text.includes(group)),
    );
  });

  it('leaves open what an exception covers, and reports it', async () => {
    await open(payments);
    await until(
      () => out.split('\n'),
      (lines) => lines.some((line) => line.includes('exempt') && line.includes(payments)),
    );
    expect(await ports(payments)).toEqual([22]);
  });

  it('accepts events that the emulator does not send, by HTTP and by command', async () => {
    const group = await groupOf('old');
    // Not through the twin: no CloudTrail event shows that it is new, so it only asks.
    await direct.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: group,
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
      }),
    );
    const now = new Date().toISOString();
    writeFileSync(
      join(directory, 'finding.json'),
      JSON.stringify({
        source: 'aws.securityhub',
        'detail-type': 'Security Hub Findings - Imported',
        detail: {
          findings: [
            {
              SchemaVersion: '2018-10-08',
              Id: `arn:aws:securityhub:${REGION}:${ACCOUNT}:security-control/EC2.13/finding/${crypto.randomUUID()}`,
              ProductArn: `arn:aws:securityhub:${REGION}::product/aws/securityhub`,
              ProductName: 'Security Hub',
              CompanyName: 'AWS',
              Region: REGION,
              GeneratorId: 'security-control/EC2.13',
              AwsAccountId: ACCOUNT,
              CreatedAt: now,
              UpdatedAt: now,
              Severity: { Label: 'HIGH' },
              Title: 'EC2.13',
              Description: 'EC2.13',
              Resources: [{ Type: 'AwsEc2SecurityGroup', Id: `arn:aws:ec2:${REGION}:${ACCOUNT}:security-group/${group}`, Partition: 'aws', Region: REGION }],
              Compliance: { Status: 'FAILED', SecurityControlId: 'EC2.13' },
              Workflow: { Status: 'NEW' },
              RecordState: 'ACTIVE',
            },
          ],
        },
      }),
    );
    expect(await run(['up', 'inject', 'finding.json', '--port', new URL(endpoint).port], io())).toBe(0);
    await until(
      () => out.split('\n'),
      (lines) => lines.some((line) => line.includes('awaiting-approval') && line.includes(group)),
    );
    expect(await ports(group)).toEqual([22]);
    const refused = await fetch(`${endpoint}/_redress/inject`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"source":"aws.ec2"}',
    });
    expect(refused.status).toBe(400);
  });

  it('has its own journal, and first lists what it creates', async () => {
    expect(existsSync(join(directory, '.redress-up'))).toBe(true);
    expect(existsSync(join(directory, '.redress'))).toBe(false);
    expect(err).toMatch(/^Creating a queue, and \d+ EventBridge rules that deliver to it\.$/m);
    expect(await run(['up', '--journal', 'aws:table/bucket', '--endpoint-url', upstream], io())).toBe(2);
    expect(err).toContain('An emulated account has its own journal.');
  });

  it('only works with emulators on this machine', async () => {
    expect(await run(['up', '--endpoint-url', 'https://ec2.eu-west-1.amazonaws.com'], io())).toBe(2);
    expect(err).toContain('not an emulator on this machine');
  });
});
