import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { definePolicy, defineRegister, type Live, type Policy, type PolicyInput, type Register, type RegisterInput } from '@redress/core';
import { s3Remediators } from '@redress/remediator-s3';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { logOfEachTest } from '../../../tests/support/lambda-log.js';
import { fromEnvironment } from './runtime.js';

const log = logOfEachTest();

const ROLES = { REDRESS_READ_ROLE: 'RedressRead', REDRESS_MEMBER_ROLE: 'RedressFix', REDRESS_EXTERNAL_ID: 'external' };
const policy: PolicyInput = { version: 1, environments: { dev: { accounts: ['111111111111'] } } };
const ENV = {
  REDRESS_TABLE: 'redress-journal',
  REDRESS_BUCKET: 'redress-evidence',
  REDRESS_STOP_PARAMETER: 'redress-stop',
  REDRESS_POLICY_DIGEST: definePolicy(policy).digest,
  REDRESS_REGISTER_DIGEST: defineRegister([]).digest,
  AWS_REGION: 'eu-west-1',
};
const made = (env: Record<string, string>, more: { policy?: PolicyInput | Live<Policy>; exceptions?: Register | RegisterInput } = {}) =>
  fromEnvironment({ remediators: s3Remediators, policy, ...more }, env);
const refused = (message: RegExp) => expect.objectContaining({ code: 'compose/invalid', message: expect.stringMatching(message) as string });

describe('fromEnvironment', () => {
  it('makes both functions from the variables of the template', () => {
    const { handler, approvals } = made({
      ...ENV,
      ...ROLES,
      REDRESS_TOPIC_ARN: 'arn:aws:sns:eu-west-1:111111111111:redress',
      REDRESS_SWEEP_REGIONS: 'eu-west-1, us-east-1',
    });
    expect([typeof handler, typeof approvals]).toEqual(['function', 'function']);
  });

  it.each(['REDRESS_TABLE', 'REDRESS_BUCKET', 'REDRESS_STOP_PARAMETER', 'REDRESS_POLICY_DIGEST', 'REDRESS_REGISTER_DIGEST'])(
    'does not start without %s',
    (name) => {
      expect(() => made({ ...ENV, [name]: ' ' })).toThrow(refused(new RegExp(name)));
      const { [name as keyof typeof ENV]: _, ...without } = ENV;
      expect(() => made(without)).toThrow(refused(new RegExp(name)));
    },
  );

  it('does not start without the register that its policy names', () => {
    const named = { ...policy, exceptions: { register: 'exceptions.yaml' } };
    const env = { ...ENV, REDRESS_POLICY_DIGEST: definePolicy(named).digest };
    expect(() => made(env, { policy: named })).toThrow(
      expect.objectContaining({ code: 'policy/invalid', message: expect.stringContaining('exceptions.yaml') }),
    );
    expect(() => made(env, { policy: named, exceptions: [] })).not.toThrow();
  });

  it('needs no digest of what is read live', () => {
    const { REDRESS_POLICY_DIGEST: _, ...without } = ENV;
    expect(() => made(without, { policy: { read: async () => definePolicy(policy) } })).not.toThrow();
  });

  it('does not start with a policy that was not reviewed', () => {
    const { digest } = definePolicy(policy);
    expect(() => made({ ...ENV, REDRESS_POLICY_DIGEST: digest })).not.toThrow();
    expect(() => made({ ...ENV, REDRESS_POLICY_DIGEST: `sha256:${'0'.repeat(64)}` })).toThrow(refused(/REDRESS_POLICY_DIGEST/));
  });

  it('does not start with an exceptions register that was not reviewed', () => {
    const exceptions = [
      { id: 'EXC-1', scope: { account: '111111111111', resource: 'b' }, reason: 'r', owner: 'a', approver: 'b', expires: '2027-01-01T00:00:00Z' },
    ];
    const { digest } = defineRegister(exceptions);
    expect(() => made({ ...ENV, REDRESS_REGISTER_DIGEST: digest }, { exceptions })).not.toThrow();
    // One entry less would change what it exempts.
    expect(() => made({ ...ENV, REDRESS_REGISTER_DIGEST: digest })).toThrow(refused(/REDRESS_REGISTER_DIGEST/));
    expect(() => made({ ...ENV, REDRESS_REGISTER_DIGEST: digest }, { exceptions: defineRegister([]) })).toThrow(refused(/REDRESS_REGISTER_DIGEST/));
  });

  it('does not use the credentials of the function if a role is missing', () => {
    expect(() => made({ ...ENV, REDRESS_READ_ROLE: 'RedressRead', REDRESS_EXTERNAL_ID: 'external' })).toThrow(refused(/REDRESS_MEMBER_ROLE/));
    expect(() => made({ ...ENV, REDRESS_ROLLBACK_ROLE: 'RedressRollback' })).toThrow(refused(/REDRESS_READ_ROLE/));
    expect(() => made({ ...ENV, REDRESS_READ_ROLE: 'RedressRead', REDRESS_MEMBER_ROLE: 'RedressFix' })).toThrow(refused(/external id/));
    expect(() => made({ ...ENV, ...ROLES, REDRESS_MEMBER_ROLE: 'arn:aws:iam::111111111111:role/RedressFix' })).toThrow(refused(/name of a role/));
  });

  it.each(['0', '-1', '1.5', 'a year', '100000'])('does not lock evidence for %j days', (days) => {
    expect(() => made({ ...ENV, REDRESS_LOCK_DAYS: days })).toThrow(refused(/REDRESS_LOCK_DAYS/));
    expect(() => made({ ...ENV, REDRESS_LOCK_DAYS: '365' })).not.toThrow();
  });

  it('does not sweep an invalid place', () => {
    expect(() => made({ ...ENV, REDRESS_SWEEP_REGIONS: 'mars-north-1x' })).toThrow(refused(/REDRESS_SWEEP_REGIONS/));
    expect(() => made({ ...ENV, REDRESS_SWEEP_REGIONS: 'eu-west-1', REDRESS_ACCOUNT: '123' })).toThrow(refused(/REDRESS_ACCOUNT/));
    const nowhere = { ...ENV, REDRESS_POLICY_DIGEST: definePolicy({ version: 1 }).digest, REDRESS_SWEEP_REGIONS: 'eu-west-1' };
    expect(() => made(nowhere, { policy: { version: 1 } })).toThrow(refused(/no account/));
    expect(() => made({ ...nowhere, REDRESS_ACCOUNT: '222222222222' }, { policy: { version: 1 } })).not.toThrow();
  });

  it('sweeps every region only if the enabled regions can be read', () => {
    expect(() => made({ ...ENV, REDRESS_SWEEP_REGIONS: 'all' })).toThrow(refused(/REDRESS_SWEEP_QUEUE is not set/));
    const queue = 'https://sqs.eu-west-1.amazonaws.com/111111111111/sweeps.fifo';
    expect(() => made({ ...ENV, REDRESS_SWEEP_REGIONS: 'all', REDRESS_SWEEP_QUEUE: queue })).not.toThrow();
    expect(() => made({ ...ENV, REDRESS_SWEEP_REGIONS: 'all,eu-west-1', REDRESS_SWEEP_QUEUE: queue })).toThrow(refused(/"all" is not a region/));
  });

  it('does not start with units and tags of an organization without a reader for them', () => {
    const units: PolicyInput = { version: 1, environments: { dev: { organizationalUnits: ['ou-ab12-cdefgh34'] } } };
    const env = { ...ENV, REDRESS_POLICY_DIGEST: definePolicy(units).digest };
    expect(() => made(env, { policy: units })).toThrow(refused(/REDRESS_ORGANIZATION is not set/));
    expect(() => made({ ...env, REDRESS_ORGANIZATION: 'o-example1234' }, { policy: units })).not.toThrow();
    expect(() => made({ ...env, REDRESS_ORGANIZATION: 'o-example1234', REDRESS_ORGANIZATION_ROLE: 'List' }, { policy: units })).toThrow(
      refused(/ARN of a role/),
    );
    // Its mistakes show at the start, although its accounts do not.
    const wrong: PolicyInput = { ...units, remediators: { 's3-no-such': { dev: 'enforce' } } };
    expect(() => made({ ...ENV, REDRESS_POLICY_DIGEST: definePolicy(wrong).digest, REDRESS_ORGANIZATION: 'o-example1234' }, { policy: wrong })).toThrow(
      expect.objectContaining({ code: 'policy/invalid' }),
    );
  });

  it('finds a mistake in the policy when the function starts', () => {
    const unknown: { policy: PolicyInput } = { policy: { ...policy, remediators: { 's3-no-such': { dev: 'enforce' } } } };
    const env = { ...ENV, REDRESS_POLICY_DIGEST: definePolicy(unknown.policy).digest };
    expect(() => made({ ...env, _HANDLER: 'index.handler' }, unknown)).toThrow(expect.objectContaining({ code: 'policy/invalid' }));
    expect(() => made({ ...env, _HANDLER: 'index.approvals' }, unknown)).toThrow(expect.objectContaining({ code: 'policy/invalid' }));
  });
});

describe('a round of sweeps', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    vi.unstubAllEnvs();
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  });

  /** Organizations and SQS on loopback. */
  async function serving(
    organizations: () => { status?: number; body: object },
  ): Promise<{ endpoint: string; sent: { account: string; regions: string[] }[] }> {
    const sent: { account: string; regions: string[] }[] = [];
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        const target = String(request.headers['x-amz-target']);
        if (target === 'AWSOrganizationsV20161128.ListAccounts') {
          const { status = 200, body } = organizations();
          response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
          return;
        }
        if (target !== 'AmazonSQS.SendMessageBatch') return void response.writeHead(500).end();
        const { Entries } = JSON.parse(text) as { Entries: { Id: string; MessageBody: string }[] };
        sent.push(...Entries.map(({ MessageBody }) => JSON.parse(MessageBody) as (typeof sent)[number]));
        const Successful = Entries.map(({ Id, MessageBody }) => ({ Id, MessageId: Id, MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex') }));
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify({ Successful, Failed: [] }));
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent };
  }

  const tick = {
    version: '0',
    id: 'tick',
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: '111111111111',
    time: '2026-11-20T10:00:00Z',
    region: 'eu-west-1',
    resources: ['arn:aws:events:eu-west-1:111111111111:rule/redress-sweep'],
    detail: {},
  };

  async function round(organizations: () => { status?: number; body: object }, more: Record<string, string> = {}) {
    const { endpoint, sent } = await serving(organizations);
    for (const key of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(key, 'testing');
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    const { handler } = made({
      ...ENV,
      ...ROLES,
      AWS_ENDPOINT_URL: endpoint,
      REDRESS_ACCOUNT: '222222222222',
      REDRESS_ORGANIZATION: 'o-example1234',
      REDRESS_SWEEP_REGIONS: 'eu-west-1,us-east-1',
      REDRESS_SWEEP_QUEUE: `${endpoint}/222222222222/sweeps.fifo`,
      ...more,
    });
    // With less than a minute nothing is recovered first, for which there is no table here.
    await handler(tick, { getRemainingTimeInMillis: () => 59_000 });
    return sent;
  }
  const listed = (...ids: string[]) => ({ body: { Accounts: ids.map((Id) => ({ Id, State: 'ACTIVE' })) } });

  it('covers every account of the organization, and those of the policy and of the hub', async () => {
    const sent = await round(() => listed('111111111111', '333333333333'));
    expect(sent.map(({ account, regions }) => [account, regions])).toEqual(
      ['111111111111', '222222222222', '333333333333'].map((account) => [account, ['eu-west-1', 'us-east-1']]),
    );
  });

  it('covers the known accounts if the organization cannot be read, and reports that others may be missing', async () => {
    const sent = await round(() => ({ status: 400, body: { __type: 'AccessDeniedException', Message: 'no' } }));
    expect(sent.map(({ account }) => account)).toEqual(['111111111111', '222222222222']);
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        level: 'ERROR',
        kind: 'sweep-left',
        message: 'not swept: accounts of the organization may be missed: organizations:ListAccounts: AccessDeniedException: no',
      }),
    );
  });

  it('does not begin while the organization cannot be reached: the schedule is delivered again', async () => {
    await expect(round(() => ({ status: 400, body: { __type: 'InvalidInputException', Message: 'no' } }))).rejects.toMatchObject({ code: 'lambda/retry' });
  });

  it('checks every region of the partition if all are requested', async () => {
    const [first] = await round(() => listed('111111111111'), { REDRESS_SWEEP_REGIONS: 'all' });
    expect(first?.regions).toEqual(expect.arrayContaining(['eu-south-2', 'us-east-1']));
    expect(first?.regions.some((region) => region.startsWith('cn-') || region.startsWith('us-gov-'))).toBe(false);
  });
});
