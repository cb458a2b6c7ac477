// The world of the campaigns: an account in this process, one gap for each remediator that writes, and the invariants.
import { definePolicy, type JsonObject, type Policy, type PolicyInput, type Remediator, resource } from '@redress/core';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { type AccountState, cloudTrailEvent, configComplianceEvent, type EventBridgeEvent, type Gap, type SimulatedAccount } from '@redress/testing';

export const ACCOUNT = '111111111111';
export const REGION = 'us-east-1';
/** Every remediator that writes. All may enforce, because the engine is what is tested. */
export const writing: readonly Remediator[] = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators]
  .filter((each) => each.uses.writes.length > 0)
  .map((each): Remediator => ({ ...each, ceiling: 'enforce' }));

/** A gap whose event is one of EventBridge's. */
export interface MadeGap extends Gap {
  open(at: number): EventBridgeEvent;
}
type Maker = (account: SimulatedAccount, name: string) => MadeGap;

/** Somebody else does it, if possible. */
function attempt(what: () => unknown): void {
  try {
    what();
  } catch {
    // A resource that is gone, or was changed already, cannot be changed again.
    return;
  }
}

const group =
  (port: number, range: { v4: string } | { v6: string }): Maker =>
  (account, name) => {
    const { GroupId } = account.act('ec2', 'CreateSecurityGroup', { GroupName: name, Description: name }) as { GroupId: string };
    account.act('ec2', 'AuthorizeSecurityGroupIngress', {
      GroupId,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges: [{ CidrIp: '10.0.0.0/8' }] }],
    });
    const cidr = 'v4' in range ? range.v4 : range.v6;
    const ranges = 'v4' in range ? { IpRanges: [{ CidrIp: cidr }] } : { Ipv6Ranges: [{ CidrIpv6: cidr }] };
    return {
      ref: resource({ type: 'AWS::EC2::SecurityGroup', id: GroupId, account: ACCOUNT, region: REGION }),
      open(at) {
        account.act('ec2', 'AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, ...ranges }] });
        const recorded = 'v4' in range ? { ipRanges: { items: [{ cidrIp: cidr }] } } : { ipv6Ranges: { items: [{ cidrIpv6: cidr }] } };
        return cloudTrailEvent({
          account: ACCOUNT,
          region: REGION,
          service: 'ec2',
          operation: 'AuthorizeSecurityGroupIngress',
          time: new Date(at),
          request: {
            groupId: GroupId,
            ipPermissions: {
              items: [{ ipProtocol: 'tcp', fromPort: port, toPort: port, groups: {}, ipRanges: {}, ipv6Ranges: {}, prefixListIds: {}, ...recorded }],
            },
          } as JsonObject,
        });
      },
      isOpen: () => account.state.groups[GroupId]?.rules.some((rule) => rule.cidr === cidr && rule.from === port) ?? false,
      others: {
        delete: () => attempt(() => account.act('ec2', 'DeleteSecurityGroup', { GroupId })),
        fix: () =>
          attempt(() => {
            const open = account.state.groups[GroupId]?.rules.filter((rule) => rule.cidr === cidr && rule.from === port).map((rule) => rule.id) ?? [];
            account.act('ec2', 'RevokeSecurityGroupIngress', { GroupId, SecurityGroupRuleIds: open });
          }),
        change: () =>
          attempt(() =>
            account.act('ec2', 'AuthorizeSecurityGroupIngress', {
              GroupId,
              IpPermissions: [{ IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, IpRanges: [{ CidrIp: '192.0.2.0/24' }] }],
            }),
          ),
      },
    };
  };

interface Reported {
  readonly type: string;
  readonly region?: string;
  readonly id?: string;
  readonly rule: string;
  make?(account: SimulatedAccount, id: string): void;
  isOpen(state: AccountState, id: string): boolean;
  open(account: SimulatedAccount, id: string): void;
  readonly others?: Readonly<Partial<Record<'delete' | 'fix' | 'change', (account: SimulatedAccount, id: string) => unknown>>>;
}

/** A gap that AWS Config reports. */
const reported =
  (what: Reported): Maker =>
  (account, name) => {
    const id = what.id ?? name;
    const ref = resource({ type: what.type, id, account: ACCOUNT, region: what.region ?? REGION });
    what.make?.(account, id);
    const { delete: remove, fix, change } = what.others ?? {};
    return {
      ref,
      open(at) {
        what.open(account, id);
        return configComplianceEvent({ resource: ref, rule: what.rule, time: new Date(at) });
      },
      isOpen: () => what.isOpen(account.state, id),
      others: {
        ...(remove === undefined ? {} : { delete: () => attempt(() => remove(account, id)) }),
        ...(fix === undefined ? {} : { fix: () => attempt(() => fix(account, id)) }),
        ...(change === undefined ? {} : { change: () => attempt(() => change(account, id)) }),
      },
    };
  };
const BLOCKED = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
/** A bucket with everything, and a compliant one beside it. */
const buckets = (account: SimulatedAccount, Bucket: string) => {
  for (const each of [Bucket, `${Bucket}-beside`]) {
    account.act('s3', 'CreateBucket', { Bucket: each });
    encrypt(account, each, 'AES256');
    account.act('s3', 'PutPublicAccessBlock', { Bucket: each, PublicAccessBlockConfiguration: BLOCKED });
  }
};
const encrypt = (account: SimulatedAccount, Bucket: string, SSEAlgorithm: string) =>
  account.act('s3', 'PutBucketEncryption', {
    Bucket,
    ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm } }] },
  });
const onBuckets = {
  delete: (account: SimulatedAccount, Bucket: string) => account.act('s3', 'DeleteBucket', { Bucket }),
  change: (account: SimulatedAccount, Bucket: string) => account.act('s3', 'PutBucketTagging', { Bucket, Tagging: { TagSet: [{ Key: 'team', Value: 'x' }] } }),
};
const weak = (account: SimulatedAccount) => void account.act('iam', 'UpdateAccountPasswordPolicy', { MinimumPasswordLength: 8, MaxPasswordAge: 90 });

/** One gap for each remediator that writes, by id. */
export const makers: Readonly<Record<string, Maker>> = {
  'ec2-revoke-sg-open-ssh': group(22, { v4: '0.0.0.0/0' }),
  'ec2-revoke-sg-open-rdp': group(3389, { v4: '0.0.0.0/0' }),
  'ec2-revoke-sg-open-admin-ipv6': group(22, { v6: '2000::/3' }),
  'ec2-revoke-sg-open-admin-existing': group(3389, { v6: '::/0' }),
  'ec2-enable-ebs-encryption-by-default': reported({
    type: 'AWS::::Account',
    id: ACCOUNT,
    rule: 'ec2-ebs-encryption-by-default',
    isOpen: (state) => state.ebs[REGION]?.default !== true,
    open: (account) => void account.act('ec2', 'DisableEbsEncryptionByDefault', {}),
    others: { fix: (account) => account.act('ec2', 'EnableEbsEncryptionByDefault', {}) },
  }),
  's3-enforce-default-encryption': reported({
    type: 'AWS::S3::Bucket',
    rule: 's3-bucket-server-side-encryption-enabled',
    make: buckets,
    isOpen: (state, id) => state.buckets[id]?.encryption === null,
    open: (account, Bucket) => void account.act('s3', 'DeleteBucketEncryption', { Bucket }),
    others: { ...onBuckets, fix: (account, Bucket) => encrypt(account, Bucket, 'aws:kms') },
  }),
  's3-block-public-access-private-bucket': reported({
    type: 'AWS::S3::Bucket',
    rule: 's3-bucket-level-public-access-prohibited',
    make: buckets,
    isOpen: (state, id) => state.buckets[id]?.block === null,
    open: (account, Bucket) => void account.act('s3', 'DeletePublicAccessBlock', { Bucket }),
    others: { ...onBuckets, fix: (account, Bucket) => account.act('s3', 'PutPublicAccessBlock', { Bucket, PublicAccessBlockConfiguration: BLOCKED }) },
  }),
  'iam-flag-stale-access-key': reported({
    type: 'AWS::IAM::User',
    region: 'aws-global',
    rule: 'access-keys-rotated',
    make(account, UserName) {
      account.act('iam', 'CreateUser', { UserName });
      account.act('iam', 'CreateAccessKey', { UserName });
      for (const key of account.state.users[UserName]?.keys ?? []) key.created = '2025-01-01T00:00:00.000Z';
    },
    isOpen: (state, id) => state.users[id] !== undefined && state.users[id].tags['redress:stale-access-key'] === undefined,
    open: (account, UserName) => void account.act('iam', 'UntagUser', { UserName, TagKeys: ['redress:stale-access-key'] }),
    others: {
      delete: (account, UserName) => account.act('iam', 'DeleteUser', { UserName }),
      change: (account, UserName) => account.act('iam', 'TagUser', { UserName, Tags: [{ Key: 'team', Value: 'x' }] }),
    },
  }),
  'iam-strengthen-password-policy': reported({
    type: 'AWS::::Account',
    region: 'aws-global',
    id: ACCOUNT,
    rule: 'iam-password-policy',
    make: weak,
    isOpen: (state) => (state.passwords?.['MinimumPasswordLength'] as number) < 14,
    open: weak,
  }),
  'logs-raise-retention': reported({
    type: 'AWS::Logs::LogGroup',
    rule: 'cw-loggroup-retention-period-check',
    make: (account, logGroupName) => void account.act('logs', 'CreateLogGroup', { logGroupName }),
    isOpen: (state, id) => state.logGroups[id]?.days === 7,
    open: (account, logGroupName) => void account.act('logs', 'PutRetentionPolicy', { logGroupName, retentionInDays: 7 }),
    others: {
      delete: (account, logGroupName) => account.act('logs', 'DeleteLogGroup', { logGroupName }),
      fix: (account, logGroupName) => account.act('logs', 'PutRetentionPolicy', { logGroupName, retentionInDays: 400 }),
      change: (account, logGroupName) =>
        account.act('logs', 'TagResource', { resourceArn: `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${logGroupName}`, tags: { team: 'x' } }),
    },
  }),
};

const policies = new Map<string, Policy>();

/** A policy under which every given gap is fixed. Worlds read it at each step. It is a value, so it is parsed once. */
export function enforcing(remediators: readonly Pick<Remediator, 'id'>[], over: Partial<PolicyInput> = {}): Policy {
  const input: PolicyInput = {
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    remediators: Object.fromEntries(remediators.map(({ id }) => [id, { dev: 'enforce' }])),
    limits: [{ per: ['run'], changes: 1000 }],
    ...over,
  };
  const key = JSON.stringify(input);
  const policy = policies.get(key) ?? definePolicy(input);
  policies.set(key, policy);
  return policy;
}
