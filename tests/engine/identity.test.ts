// What was decided for one resource is not done to another one that was made under its name.
import { createRedress, definePolicy, type Redress, type ResourceRef, resource } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { fakeClock, simulatedAccount } from '@redress/testing';
import { describe, expect, it } from 'vitest';
import { builtinRemediators } from '../../packages/cli/src/builtin.js';

const ACCOUNT = '111111111111';
type Account = ReturnType<typeof simulatedAccount>;
const ref = (type: string, id: string, region = 'us-east-1'): ResourceRef => resource({ type, id, account: ACCOUNT, region });

function world(remediator: string, turn?: (account: Account, name: string) => void) {
  const clock = fakeClock();
  const account: Account = simulatedAccount({ account: ACCOUNT, clock, turn: async (name) => turn?.(account, name) });
  const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { [remediator]: 'enforce' } });
  const remediators = builtinRemediators.filter(({ id }) => id === remediator);
  const redress = createRedress({ remediators, policy, journal: memoryJournal({ clock }), connect: account.connect, clock });
  const fix = async (of: ResourceRef) => {
    const [result] = await redress.run(of);
    if (result === undefined) throw new Error('nothing was asked');
    return result;
  };
  return { account, clock, redress, fix };
}
const rollBack = (redress: Redress, execution: string | null) => redress.rollback(execution ?? '', { by: 'alice', reason: 'test', acceptLoss: true });

describe('a resource that is recreated under its name, in the state that the fix left', () => {
  it('a bucket is not rolled back', async () => {
    const { account, clock, redress, fix } = world('s3-block-public-access-private-bucket');
    account.act('s3', 'CreateBucket', { Bucket: 'invoices' });
    const fixed = await fix(ref('AWS::S3::Bucket', 'invoices'));
    expect(fixed.outcome).toBe('remediated');
    const { block } = account.state.buckets['invoices'] ?? {};
    account.act('s3', 'DeleteBucket', { Bucket: 'invoices' });
    clock.advance(60_000);
    account.act('s3', 'CreateBucket', { Bucket: 'invoices' });
    account.act('s3', 'PutPublicAccessBlock', { Bucket: 'invoices', PublicAccessBlockConfiguration: block });
    await expect(rollBack(redress, fixed.execution)).rejects.toMatchObject({
      code: 'rollback/refused',
      message: expect.stringContaining('drifted after the fix'),
    });
    expect(account.state.buckets['invoices']?.block).toEqual(block);
  });

  it('a log group is not rolled back, which would purge what it keeps', async () => {
    const { account, clock, redress, fix } = world('logs-raise-retention');
    account.act('logs', 'CreateLogGroup', { logGroupName: '/app' });
    account.act('logs', 'PutRetentionPolicy', { logGroupName: '/app', retentionInDays: 7 });
    const fixed = await fix(ref('AWS::Logs::LogGroup', '/app'));
    expect(fixed.outcome).toBe('remediated');
    account.act('logs', 'DeleteLogGroup', { logGroupName: '/app' });
    clock.advance(60_000);
    account.act('logs', 'CreateLogGroup', { logGroupName: '/app' });
    account.act('logs', 'PutRetentionPolicy', { logGroupName: '/app', retentionInDays: 365 });
    await expect(rollBack(redress, fixed.execution)).rejects.toMatchObject({ code: 'rollback/refused' });
    expect(account.state.logGroups['/app']?.days).toBe(365);
  });

  it('a user is not rolled back', async () => {
    const { account, clock, redress, fix } = world('iam-flag-stale-access-key');
    account.act('iam', 'CreateUser', { UserName: 'deploy', Tags: [{ Key: 'redress:stale-access-key', Value: 'AKIAGONE' }] });
    const fixed = await fix(ref('AWS::IAM::User', 'deploy', 'aws-global'));
    expect([fixed.outcome, account.state.users['deploy']?.tags]).toEqual(['flagged', {}]);
    account.act('iam', 'DeleteUser', { UserName: 'deploy' });
    clock.advance(60_000);
    account.act('iam', 'CreateUser', { UserName: 'deploy' });
    await expect(rollBack(redress, fixed.execution)).rejects.toMatchObject({ code: 'rollback/refused' });
    expect(account.state.users['deploy']?.tags).toEqual({});
  });
});

it('a bucket that is recreated between the decision and the write is checked again before anything is sent', async () => {
  let looks = 0;
  const { account, clock, redress } = world('s3-block-public-access-private-bucket', (at, name) => {
    // The second look: the first two are decided on, before and after the resource has settled.
    if (name !== 's3:GetBucketAcl' || ++looks !== 3) return;
    at.act('s3', 'DeleteBucket', { Bucket: 'invoices' });
    clock.advance(1);
    at.act('s3', 'CreateBucket', { Bucket: 'invoices' });
  });
  account.act('s3', 'CreateBucket', { Bucket: 'invoices' });
  const results = await redress.run(ref('AWS::S3::Bucket', 'invoices'));
  expect(results.map(({ outcome }) => outcome)).toEqual(['superseded', 'remediated']);
  expect(account.calls.filter(({ write }) => write)).toHaveLength(1);
});

it('a group under a retention policy of the account is not changed, and an earlier fix is not rolled back', async () => {
  const { account, redress, fix } = world('logs-raise-retention');
  account.act('logs', 'CreateLogGroup', { logGroupName: '/app' });
  account.act('logs', 'PutRetentionPolicy', { logGroupName: '/app', retentionInDays: 7 });
  const fixed = await fix(ref('AWS::Logs::LogGroup', '/app'));
  expect(fixed.outcome).toBe('remediated');
  account.state.retentionPolicy = { name: 'central', prefix: '/', days: 30 };
  expect(await redress.plan('logs-raise-retention', ref('AWS::Logs::LogGroup', '/app'))).toMatchObject([
    { outcome: 'notified', plan: null, message: expect.stringContaining('retention policy central') },
  ]);
  await expect(rollBack(redress, fixed.execution)).rejects.toMatchObject({ code: 'rollback/refused' });
  // As long as required, too: it is not what the fix left.
  account.state.retentionPolicy = { name: 'central', prefix: '/', days: 365 };
  await expect(rollBack(redress, fixed.execution)).rejects.toMatchObject({ code: 'rollback/refused' });
  expect(account.state.logGroups['/app']?.days).toBe(365);
});

it('a bastion on the second interface of an instance that a service hides needs an approval', async () => {
  const { account, redress } = world('ec2-revoke-sg-open-ssh');
  const { GroupId } = account.act('ec2', 'CreateSecurityGroup', { GroupName: 'web', Description: 'web' });
  const open = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
  account.act('ec2', 'AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: [open] });
  const hazards = async () =>
    (await redress.plan('ec2-revoke-sg-open-ssh', ref('AWS::EC2::SecurityGroup', String(GroupId))))[0]?.plan?.hazards.map(({ code }) => code);
  account.state.instances['i-1'] = { groups: ['sg-other'], tags: { Name: 'prod_bastion' } };
  expect(await hazards()).toEqual([]);
  account.state.interfaces['eni-1'] = { groups: [String(GroupId)], instance: 'i-1', description: '', tags: {} };
  expect(await hazards()).toEqual(['bastion']);
  account.state.instances['i-1'].hidden = true;
  account.state.interfaces['eni-1'].hidden = true;
  expect(await hazards()).toEqual(['bastion']);
});
