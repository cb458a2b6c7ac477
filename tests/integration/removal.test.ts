// Each action of each role taken away once, in an account where policies count: what needs it fails, closed and recorded, and nothing else does.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CloudWatchLogsClient, PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { AuthorizeSecurityGroupIngressCommand, EC2Client, RevokeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import {
  CreateAccessKeyCommand,
  DeleteRolePermissionsBoundaryCommand,
  IAMClient,
  PutRolePolicyCommand,
  TagUserCommand,
  UntagUserCommand,
} from '@aws-sdk/client-iam';
import { builtinRemediators } from '@redress/cli';
import { connectAws, memberRoles } from '@redress/connect';
import type { Remediator } from '@redress/core';
import { boundaryPolicy, MEMBER_ROLES, memberPolicy, memberRoleTemplate } from '@redress/deploy';
import { remediators as everyOne } from '@redress/remediators';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pythonOf } from '../../scripts/setup.mjs';
import { type Boto, startBoto } from '../support/boto.ts';
import { type Enforced, startEnforced } from '../support/ministack.ts';
import { Bench, EXTERNAL_ID, matrix, NARROWING_HERE, REGION, ROLES, type Row, table, without } from '../support/removal.ts';
import { SUBJECTS } from '../support/removal-subjects.ts';

/**
 * `REDRESS_MATRIX=all`: every remediator, and the table of docs/iam.md is all of it; `write` writes that table. Without, one remediator of each
 * kind, whose lines the table has.
 */
const size = process.env['REDRESS_MATRIX'] ?? 'some';
const PAGE = fileURLToPath(new URL('../../docs/iam.md', import.meta.url));
const SOME = [
  'ec2-revoke-sg-open-ssh',
  'ec2-enable-ebs-encryption-by-default',
  's3-enforce-default-encryption',
  'iam-flag-stale-access-key',
  'logs-raise-retention',
];
const subjects = SUBJECTS.filter(({ remediator }) => size !== 'some' || SOME.includes(remediator.id));
let enforced: Enforced;
let aws: Boto;
let bench: Bench;
/** Credentials of the role that may assume the others. */
let hub: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
const rows: Row[] = [];

beforeAll(async () => {
  enforced = await startEnforced(inject('moto'));
  aws = startBoto(enforced.endpoint);
  const arn = `arn:aws:iam::${enforced.account}:role/Hub`;
  const document = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
  const member = `arn:aws:iam::${enforced.account}:role/Redress*`;
  await aws.call(REGION, 'iam', 'create_role', {
    RoleName: 'Hub',
    AssumeRolePolicyDocument: document({ Principal: { AWS: `arn:aws:iam::${enforced.account}:root` }, Action: 'sts:AssumeRole' }),
  });
  await aws.call(REGION, 'iam', 'put_role_policy', {
    RoleName: 'Hub',
    PolicyName: 'Members',
    PolicyDocument: document({ Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'], Resource: member }),
  });
  const template = memberRoleTemplate({ remediators: SUBJECTS.map(({ remediator }) => remediator), narrowing: NARROWING_HERE });
  const parameters = { HubRoleArns: arn, RollbackRoleArns: arn, ExternalId: EXTERNAL_ID };
  await aws.call(REGION, 'cloudformation', 'create_stack', {
    StackName: 'redress',
    TemplateBody: JSON.stringify(template),
    Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue })),
    Capabilities: ['CAPABILITY_NAMED_IAM'],
  });
  // The emulator's CloudFormation makes the boundaries, and does not attach them.
  const { StackResources } = await aws.call(REGION, 'cloudformation', 'describe_stack_resources', { StackName: 'redress' });
  for (const role of MEMBER_ROLES) {
    const named = (id: string) => (StackResources as { LogicalResourceId: string; PhysicalResourceId: string }[]).find((each) => each.LogicalResourceId === id);
    const PermissionsBoundary = named(`${ROLES[role].slice('Redress'.length)}Boundary`)?.PhysicalResourceId;
    await aws.call(REGION, 'iam', 'put_role_permissions_boundary', { RoleName: ROLES[role], PermissionsBoundary });
  }
  // What the roles may do is given to them here, one action less at a time: the policies of the template would go on to allow it.
  for (const RoleName of Object.values(ROLES)) {
    const { AttachedPolicies } = await aws.call(REGION, 'iam', 'list_attached_role_policies', { RoleName });
    for (const { PolicyArn } of AttachedPolicies as { PolicyArn: string }[]) await aws.call(REGION, 'iam', 'detach_role_policy', { RoleName, PolicyArn });
  }
  // It takes the session for the principal, where AWS takes its role.
  for (const RoleName of Object.values(ROLES)) {
    const { Role } = await aws.call(REGION, 'iam', 'get_role', { RoleName });
    const PolicyDocument = JSON.stringify(Role.AssumeRolePolicyDocument).replaceAll(arn, `arn:aws:sts::${enforced.account}:assumed-role/Hub/hub`);
    await aws.call(REGION, 'iam', 'update_assume_role_policy', { RoleName, PolicyDocument });
  }
  const { Credentials } = await aws.call(REGION, 'sts', 'assume_role', { RoleArn: arn, RoleSessionName: 'hub' });
  hub = { accessKeyId: Credentials.AccessKeyId, secretAccessKey: Credentials.SecretAccessKey, sessionToken: Credentials.SessionToken };
  bench = new Bench(enforced, aws, hub);
  await bench.open();
});
afterAll(async () => {
  await bench?.close();
  await aws?.close();
  await enforced?.close();
});

it('covers every remediator', () => {
  expect(SUBJECTS.map(({ remediator }) => remediator.id).sort()).toEqual(builtinRemediators.map(({ id }) => id).sort());
});

describe.each(subjects.map((subject) => [subject.remediator.id, subject] as const))('%s', (_id, subject) => {
  it('needs each action of its roles, and names a missing one', async () => {
    const { rows: found, problems } = await matrix(subject, bench, aws, enforced.account);
    expect(problems).toEqual([]);
    expect(found.length).toBeGreaterThan(0);
    rows.push(...found);
  });
});

it('matches docs/iam.md', () => {
  const page = readFileSync(PAGE, 'utf8');
  const [, before, , after] = /^([\s\S]*<!-- removal -->\n)([\s\S]*?)(\n<!-- \/removal -->[\s\S]*)$/.exec(page) ?? [];
  const head = ['| Remediator | Situation | Role | Removed, one at a time | Result | Decided by |', `|${' --- |'.repeat(6)}`];
  const lines = table(rows);
  if (size === 'write') writeFileSync(PAGE, `${before}\n${[...head, ...lines].join('\n')}\n${after}`);
  else for (const line of lines) expect(page).toContain(line);
  if (size === 'all') expect(page).toContain(`\n${[...head, ...lines].join('\n')}\n`);
});

/** A client in a session of one of the roles. */
async function as<T>(access: 'read' | 'write' | 'rollback', client: new (config: object) => T): Promise<T> {
  const { config } = await bench.connect()({ partition: 'aws', account: enforced.account, region: REGION, access, execution: null });
  return new client({ ...config, maxAttempts: 1 });
}
const denied = { name: expect.stringMatching(/^(?:AccessDenied|AccessDeniedException|UnauthorizedOperation)$/) };

describe('whatever the engine does', () => {
  const remediators = SUBJECTS.map(({ remediator }) => remediator);
  const whole = async () => {
    for (const role of MEMBER_ROLES) await bench.give(role, memberPolicy(role, { remediators, account: enforced.account, narrowing: NARROWING_HERE }));
  };
  const user = async (...Tags: { Key: string; Value: string }[]) => {
    const UserName = `user-${crypto.randomUUID()}`;
    await aws.call(REGION, 'iam', 'create_user', { UserName, Tags });
    return UserName;
  };
  const flag = [{ Key: 'redress:stale-access-key', Value: 'x' }];
  beforeAll(whole);

  it('IAM lets nobody fix what has the exception tag, in any spelling, and allows a rollback', async () => {
    const fix = await as('write', IAMClient);
    const exempt = await user({ Key: 'Redress:Exception', Value: 'EXC-1' });
    await expect(fix.send(new TagUserCommand({ UserName: exempt, Tags: flag }))).rejects.toMatchObject(denied);
    await fix.send(new TagUserCommand({ UserName: await user(), Tags: flag }));
    const logs = await as('write', CloudWatchLogsClient);
    const [kept, free] = [`/kept/${crypto.randomUUID()}`, `/free/${crypto.randomUUID()}`];
    await aws.call(REGION, 'logs', 'create_log_group', { logGroupName: kept, tags: { 'redress:exception': '' } });
    await aws.call(REGION, 'logs', 'create_log_group', { logGroupName: free });
    const put = (logGroupName: string) => logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 365 }));
    await expect(put(kept)).rejects.toMatchObject(denied);
    await put(free);
    const rollback = await as('rollback', IAMClient);
    await rollback.send(new TagUserCommand({ UserName: exempt, Tags: flag }));
    await rollback.send(new UntagUserCommand({ UserName: exempt, TagKeys: ['redress:stale-access-key'] }));
  });

  it('the roles set no tag except flags, and neither set nor remove the exception tag', async () => {
    const UserName = await user({ Key: 'redress:exception-not', Value: 'x' });
    for (const access of ['write', 'rollback'] as const) {
      const iam = await as(access, IAMClient);
      for (const Key of ['team', 'redress:exception', 'REDRESS:EXCEPTION'])
        await expect(iam.send(new TagUserCommand({ UserName, Tags: [...flag, { Key, Value: 'x' }] })), Key).rejects.toMatchObject(denied);
      await expect(iam.send(new UntagUserCommand({ UserName, TagKeys: ['redress:exception'] }))).rejects.toMatchObject(denied);
    }
    expect((await aws.call(REGION, 'iam', 'list_user_tags', { UserName })).Tags).toEqual([{ Key: 'redress:exception-not', Value: 'x' }]);
  });

  it('a role with additional policies still does only what is declared for it', async () => {
    const everything = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] });
    for (const RoleName of Object.values(ROLES))
      await aws.call(REGION, 'iam', 'put_role_policy', { RoleName, PolicyName: 'Everything', PolicyDocument: everything });
    try {
      const { GroupId } = await aws.call(REGION, 'ec2', 'create_security_group', { GroupName: crypto.randomUUID(), Description: 'a test' });
      const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }];
      const open = new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions });
      const close = new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions });
      for (const access of ['read', 'write'] as const) await expect((await as(access, EC2Client)).send(open)).rejects.toMatchObject(denied);
      for (const access of ['read', 'rollback'] as const) await expect((await as(access, EC2Client)).send(close)).rejects.toMatchObject(denied);
      await (await as('rollback', EC2Client)).send(open);
      await (await as('write', EC2Client)).send(close);
      // Rights of its own, and the bound around it.
      const fix = await as('write', IAMClient);
      for (const command of [
        new CreateAccessKeyCommand({ UserName: await user() }),
        new PutRolePolicyCommand({ RoleName: ROLES.fix, PolicyName: 'More', PolicyDocument: everything }),
        new DeleteRolePermissionsBoundaryCommand({ RoleName: ROLES.fix }),
      ])
        await expect((fix as { send(command: unknown): Promise<unknown> }).send(command)).rejects.toMatchObject(denied);
    } finally {
      for (const RoleName of Object.values(ROLES)) await aws.call(REGION, 'iam', 'delete_role_policy', { RoleName, PolicyName: 'Everything' });
    }
  });

  it('a role is passed only if the policy names it, and only to its service', () => {
    const { account } = enforced;
    const arn = (name: string) => `arn:aws:iam::${account}:role/${name}`;
    const passing = everyOne.filter(({ passes = [] }) => passes.length > 0);
    const roles = new Map([
      ['cloudtrail.amazonaws.com', arn('trails')],
      ['monitoring.rds.amazonaws.com', arn('monitoring')],
      ['ssm.amazonaws.com', arn('RedressRunbook')],
      ['vpc-flow-logs.amazonaws.com', arn('flow-logs')],
    ]);
    // As a policy names them: runbooks by name, all others by ARN.
    const parametersOf = ({ passes: [to] = [], parameters }: Remediator) =>
      to === undefined || to.parameter === 'role' ? parameters(undefined) : parameters({ [to.parameter]: roles.get(to.service) });
    const options = { remediators: passing, account, parametersOf };
    const boundary = boundaryPolicy(options, 'fix');
    const everybody = [...roles.values(), arn('Admin'), arn('monitoring-admin')];
    const requests = [...roles.keys(), 'ec2.amazonaws.com'].flatMap((service) =>
      everybody.map((resource) => ({ action: 'iam:PassRole', resource, context: { 'iam:PassedToService': service } })),
    );
    // No service of the emulator asks whether a role may be passed; its policies are asked themselves.
    const passed = (policy: object) => {
      const { stdout, stderr, status } = spawnSync(pythonOf('ministack'), [fileURLToPath(new URL('../support/iam_judge.py', import.meta.url))], {
        input: JSON.stringify({ policy, boundary, account, requests }),
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(stderr);
      const decided = JSON.parse(stdout) as string[];
      return requests.flatMap(({ resource, context }, index) => (decided[index] === 'Allow' ? [[context['iam:PassedToService'], resource]] : []));
    };
    const policy = memberPolicy('fix', options);
    expect(passed(policy)).toEqual([...roles]);
    expect(passed(without(policy, 'iam:PassRole'))).toEqual([]);
    // Whatever else is attached, the boundary keeps it to them.
    expect(passed({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] })).toEqual([...roles]);
  });

  it('nobody gets a session without the external id', async () => {
    const { accessKeyId, secretAccessKey, sessionToken } = hub;
    const boto = aws.call(REGION, 'sts', 'assume_role', { RoleArn: `arn:aws:iam::${enforced.account}:role/${ROLES.fix}`, RoleSessionName: 'nobody' });
    await expect(boto).rejects.toMatchObject({ code: 'AccessDenied' });
    const connect = connectAws({
      endpoint: enforced.endpoint,
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      ...memberRoles({ ...ROLES, externalId: 'another' }),
    });
    const connection = await connect({ partition: 'aws', account: enforced.account, region: REGION, access: 'write', execution: null });
    await expect(connection.identity()).rejects.toMatchObject({ code: 'aws/denied' });
  });
});
