// Accounts of an organisation: every call is made in a session of the account's own role, named by its execution, and the record says so.
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DisableEbsEncryptionByDefaultCommand, EC2Client, GetEbsEncryptionByDefaultCommand } from '@aws-sdk/client-ec2';
import { builtinRemediators } from '@redress/cli';
import { type ConnectAwsOptions, connectAws, memberRoles, onlyDeclared } from '@redress/connect';
import { type Connect, type ConnectTarget, createRedress, definePolicy, type Redress, type ResourceRef, resource, type StoredRecord } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { enableEbsEncryptionByDefault } from '@redress/remediator-ec2';
import { cloudTrailEvent } from '@redress/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';

const HUB = '123456789012';
const MEMBER = '222222222222';
const OTHER = '333333333333';
const REGION = 'eu-south-2';
const ref = (account: string, region = REGION) => resource({ type: 'AWS::::Account', id: account, account, region });
const roles = memberRoles({ read: 'RedressRead', fix: 'RedressFix', rollback: 'RedressRollback', externalId: 'o-example' });

let server: Server;
let endpoint: string;
/** What STS is asked, as it is on the wire. */
let asked: URLSearchParams[];
let connect: Connect;
let redress: Redress;
let records: (of: ResourceRef) => Promise<readonly StoredRecord[]>;

beforeAll(async () => {
  const { hostname, port } = new URL(inject('moto'));
  server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      const form = new URLSearchParams(body.toString());
      if (form.get('Version') === '2011-06-15') asked.push(form);
      const onward = httpRequest({ hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers }, (reply) => {
        outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(outgoing);
      });
      onward.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(async () => {
  asked = [];
  connect = connectAws({
    endpoint,
    credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
    ...roles,
    sessionPolicy: onlyDeclared(builtinRemediators),
  });
  const journal = memoryJournal();
  records = async (of) => {
    const found: StoredRecord[] = [];
    for await (const each of journal.read({ resource: of })) found.push(each);
    return found;
  };
  redress = createRedress({
    remediators: [enableEbsEncryptionByDefault],
    policy: definePolicy({
      version: 1,
      environments: { dev: { accounts: [HUB, MEMBER, OTHER] } },
      remediators: { 'ec2-enable-ebs-encryption-by-default': { dev: 'enforce' } },
    }),
    journal,
    connect,
  });
  for (const account of [HUB, MEMBER, OTHER]) await (await ec2Of(account)).send(new DisableEbsEncryptionByDefaultCommand({}));
  asked = [];
});

/** As somebody of the account. */
async function ec2Of(account: string, region = REGION): Promise<EC2Client> {
  const { config } = await connectAws({
    endpoint: inject('moto'),
    credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
    roleArn: () => `arn:aws:iam::${account}:role/Admin`,
  })({ partition: 'aws', account, region, access: 'read', execution: null });
  return new EC2Client(config);
}
const encrypted = async (account: string) => (await (await ec2Of(account)).send(new GetEbsEncryptionByDefaultCommand({}))).EbsEncryptionByDefault;
const callers = async (of: ResourceRef) =>
  (await records(of)).flatMap(({ record }) => (record.kind === 'call' ? [(record.body['call'] as { caller?: string }).caller] : []));
const roleOf = (form: URLSearchParams) => form.get('RoleArn')?.split(':').slice(4).join(' ');

describe('a fix in a member account', () => {
  it('is made in a session with the name of its execution, and recorded so; nothing changes in another account', async () => {
    const [pass] = await redress.run(ref(MEMBER));
    expect(pass).toMatchObject({ outcome: 'remediated', execution: expect.stringMatching(/^x-/) });
    expect([await encrypted(MEMBER), await encrypted(OTHER), await encrypted(HUB)]).toEqual([true, false, false]);

    const session = `arn:aws:sts::${MEMBER}:assumed-role/RedressFix/${pass?.execution}`;
    expect(await callers(ref(MEMBER))).toEqual([session]);
    expect((await records(ref(MEMBER))).find(({ record }) => record.kind === 'intent')?.record.body).toMatchObject({
      identity: `arn:aws:sts::${MEMBER}:assumed-role/RedressRead/redress-read`,
    });

    // On the wire: one session to look, one to fix, and nothing else is asked of STS.
    expect(asked.map((form) => [form.get('Action'), roleOf(form)])).toEqual([
      ['AssumeRole', `${MEMBER} role/RedressRead`],
      ['AssumeRole', `${MEMBER} role/RedressFix`],
    ]);
    const { Policy, Version: _, ...fix } = Object.fromEntries(asked[1] as URLSearchParams);
    expect(fix).toEqual({
      Action: 'AssumeRole',
      RoleArn: `arn:aws:iam::${MEMBER}:role/RedressFix`,
      RoleSessionName: pass?.execution,
      SourceIdentity: `redress-${pass?.execution}`,
      ExternalId: 'o-example',
    });
    expect(JSON.parse(Policy ?? '')).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['ec2:EnableEbsEncryptionByDefault'],
          Resource: '*',
          Condition: { StringEquals: { 'aws:RequestedRegion': REGION } },
        },
      ],
    });
    expect(Policy).not.toContain('DisableEbsEncryptionByDefault');
  });

  it('calls STS once for each fix, in any region, and not for further reads', async () => {
    const regions = [REGION, 'eu-central-2', 'ap-south-2'];
    for (const [index, region] of regions.entries()) {
      await (await ec2Of(MEMBER, region)).send(new DisableEbsEncryptionByDefaultCommand({}));
      expect(await redress.run(ref(MEMBER, region))).toMatchObject([{ outcome: 'remediated' }]);
      expect(asked).toHaveLength(2 + index);
    }
    expect(new Set((await Promise.all(regions.map((region) => callers(ref(MEMBER, region))))).flat()).size).toBe(3);
    await redress.plan('ec2-enable-ebs-encryption-by-default', ref(MEMBER));
    expect(asked).toHaveLength(4);
  });

  it('is not made with the credentials of the hub, not even in its own account', async () => {
    const [pass] = await redress.run(ref(HUB));
    expect(await callers(ref(HUB))).toEqual([`arn:aws:sts::${HUB}:assumed-role/RedressFix/${pass?.execution}`]);
  });

  it('is rolled back by the rollback role, in the session of the rollback', async () => {
    const [fixed] = await redress.run(ref(MEMBER));
    asked = [];
    const back = await redress.rollback(fixed?.execution ?? '', { by: 'ada', reason: 'a test' });
    expect(back.outcome).toBe('rolled-back');
    expect(await encrypted(MEMBER)).toBe(false);
    expect((await callers(ref(MEMBER))).at(-1)).toBe(`arn:aws:sts::${MEMBER}:assumed-role/RedressRollback/${back.execution}`);
    expect(asked.map((form) => form.get('RoleSessionName'))).toEqual(['redress-rollback', back.execution]);
    expect(asked[1]?.get('Policy')).toContain('ec2:DisableEbsEncryptionByDefault');
    expect(asked[1]?.get('Policy')).not.toContain('ec2:EnableEbsEncryptionByDefault');
  });
});

it('a call in a session of Redress is its own, whichever role it has; a call of anyone else is not', async () => {
  const event = (arn: string) =>
    cloudTrailEvent({
      service: 'ec2',
      operation: 'DisableEbsEncryptionByDefault',
      response: { DisableEbsEncryptionByDefaultResponse: { ebsEncryptionByDefault: false, _return: true } },
      account: MEMBER,
      region: REGION,
      actor: arn,
    });
  const passes = async (arn: string) => (await redress.handle(event(arn))).results.flatMap((each) => each.passes);
  for (const role of ['RedressRead', 'RedressFix', 'RedressRollback'])
    expect(await passes(`arn:aws:sts::${MEMBER}:assumed-role/${role}/x-1`), role).toMatchObject([
      { outcome: 'denied', decision: { results: expect.arrayContaining([expect.objectContaining({ code: 'own-call' })]) } },
    ]);
  // A role of the same name elsewhere is not ours.
  expect(await passes(`arn:aws:sts::${OTHER}:assumed-role/RedressFix/x-1`)).toMatchObject([{ outcome: 'remediated' }]);
});

it('STS returns the same identity for the session as in its own response', async () => {
  const execution = { id: 'x-1', remediator: 'ec2-enable-ebs-encryption-by-default', resource: ref(MEMBER) };
  const target: ConnectTarget = { partition: 'aws', account: MEMBER, region: REGION, access: 'write', execution };
  const connection = await connect(target);
  const identity = { account: MEMBER, arn: `arn:aws:sts::${MEMBER}:assumed-role/RedressFix/x-1` };
  expect(await connection.identity()).toMatchObject(identity);
  const { credentials } = connection.config as Required<Pick<ConnectAwsOptions, 'credentials'>>;
  // As it is: GetCallerIdentity with the keys of the session.
  expect(await (await connectAws({ endpoint, credentials })(target)).identity()).toEqual(identity);
  expect(asked.map((form) => form.get('Action'))).toEqual(['AssumeRole', 'GetCallerIdentity']);
});

it('STS accepts the session policy of each remediator', () => {
  const policyOf = onlyDeclared(builtinRemediators);
  for (const { id } of builtinRemediators)
    for (const access of ['write', 'rollback'] as const) {
      const policy = policyOf({ partition: 'aws', account: MEMBER, region: REGION, access, execution: { id: 'x-1', remediator: id, resource: ref(MEMBER) } });
      expect(JSON.stringify(policy).length, id).toBeLessThanOrEqual(2048);
    }
});
