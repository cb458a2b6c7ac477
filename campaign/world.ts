// The world of the campaigns: an account in this process, one gap for each remediator that writes, and what has to hold whatever happens.
import { definePolicy, type Journal, type JsonObject, type Policy, type PolicyInput, type Remediator, type ResourceRef, resource } from '@redress/core';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { type AccountState, cloudTrailEvent, configComplianceEvent, type EventBridgeEvent, type SimulatedAccount, simulatedAccount } from '@redress/testing';

export const ACCOUNT = '111111111111';
export const REGION = 'us-east-1';
/** When every campaign begins. */
export const START = Date.parse('2026-11-24T10:00:00Z');
/** Every remediator that writes; it may enforce, because what is tried is the engine. */
export const writing: readonly Remediator[] = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators]
  .filter((each) => each.uses.writes.length > 0)
  .map((each): Remediator => ({ ...each, ceiling: 'enforce' }));

/** A clock of its own: sleeping costs nothing, and nobody wakes too early. */
export class VirtualClock {
  time = START;
  now = (): number => this.time;
  sleep = async (milliseconds: number): Promise<void> => {
    const until = this.time + milliseconds;
    await Promise.resolve();
    this.time = Math.max(this.time, until);
  };
}

/** A gap that someone makes, in an account. */
export interface Gap {
  readonly ref: ResourceRef;
  /** Makes it, now, and answers the event that reports it. */
  open(at: number): EventBridgeEvent;
  /** Whether it is there. */
  isOpen(): boolean;
}

type Maker = (account: SimulatedAccount, name: string) => Gap;

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
    };
  };

const reported =
  (
    type: string,
    region: string,
    id: (name: string) => string,
    rule: string,
    make: (account: SimulatedAccount, id: string) => void,
    broken: (state: AccountState, id: string) => boolean,
    breaks: (account: SimulatedAccount, id: string) => void,
  ): Maker =>
  (account, name) => {
    const named = id(name);
    const ref = resource({ type, id: named, account: ACCOUNT, region });
    make(account, named);
    return {
      ref,
      open(at) {
        breaks(account, named);
        return configComplianceEvent({ resource: ref, rule, time: new Date(at) });
      },
      isOpen: () => broken(account.state, named),
    };
  };
const nothing = () => undefined;

/** One gap for each remediator that writes, by id. */
export const makers: Readonly<Record<string, Maker>> = {
  'ec2-revoke-sg-open-ssh': group(22, { v4: '0.0.0.0/0' }),
  'ec2-revoke-sg-open-rdp': group(3389, { v4: '0.0.0.0/0' }),
  'ec2-revoke-sg-open-admin-ipv6': group(22, { v6: '2000::/3' }),
  'ec2-revoke-sg-open-admin-existing': group(3389, { v6: '::/0' }),
  'ec2-enable-ebs-encryption-by-default': reported(
    'AWS::::Account',
    REGION,
    () => ACCOUNT,
    'ec2-ebs-encryption-by-default',
    nothing,
    (state) => state.ebs[REGION]?.default !== true,
    (account) => void account.act('ec2', 'DisableEbsEncryptionByDefault', {}),
  ),
  's3-enforce-default-encryption': reported(
    'AWS::S3::Bucket',
    REGION,
    (name) => name,
    's3-bucket-server-side-encryption-enabled',
    (account, Bucket) => void account.act('s3', 'CreateBucket', { Bucket }),
    (state, id) => state.buckets[id]?.encryption === null,
    (account, Bucket) => void account.act('s3', 'DeleteBucketEncryption', { Bucket }),
  ),
  's3-block-public-access-private-bucket': reported(
    'AWS::S3::Bucket',
    REGION,
    (name) => name,
    's3-bucket-level-public-access-prohibited',
    (account, Bucket) => void account.act('s3', 'CreateBucket', { Bucket }),
    (state, id) => state.buckets[id]?.block === null,
    (account, Bucket) => void account.act('s3', 'DeletePublicAccessBlock', { Bucket }),
  ),
  'iam-flag-stale-access-key': reported(
    'AWS::IAM::User',
    'aws-global',
    (name) => name,
    'access-keys-rotated',
    (account, UserName) => {
      account.act('iam', 'CreateUser', { UserName });
      account.act('iam', 'CreateAccessKey', { UserName });
      for (const key of account.state.users[UserName]?.keys ?? []) key.created = '2025-01-01T00:00:00.000Z';
    },
    (state, id) => state.users[id] !== undefined && state.users[id].tags['redress:stale-access-key'] === undefined,
    (account, UserName) => void account.act('iam', 'UntagUser', { UserName, TagKeys: ['redress:stale-access-key'] }),
  ),
  'iam-strengthen-password-policy': reported(
    'AWS::::Account',
    'aws-global',
    () => ACCOUNT,
    'iam-password-policy',
    (account) => void account.act('iam', 'UpdateAccountPasswordPolicy', { MinimumPasswordLength: 8, MaxPasswordAge: 90 }),
    (state) => (state.passwords?.['MinimumPasswordLength'] as number) < 14,
    (account) => void account.act('iam', 'UpdateAccountPasswordPolicy', { MinimumPasswordLength: 8, MaxPasswordAge: 90 }),
  ),
  'logs-raise-retention': reported(
    'AWS::Logs::LogGroup',
    REGION,
    (name) => name,
    'cw-loggroup-retention-period-check',
    (account, logGroupName) => void account.act('logs', 'CreateLogGroup', { logGroupName }),
    (state, id) => state.logGroups[id]?.days === 7,
    (account, logGroupName) => void account.act('logs', 'PutRetentionPolicy', { logGroupName, retentionInDays: 7 }),
  ),
};

/** A policy under which everything that is given is fixed. */
export function enforcing(remediators: readonly Pick<Remediator, 'id'>[], over: Partial<PolicyInput> = {}): Policy {
  return definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    remediators: Object.fromEntries(remediators.map(({ id }) => [id, { dev: 'enforce' }])),
    limits: [{ per: ['run'], changes: 1000 }],
    ...over,
  });
}

export { type Journal, type SimulatedAccount, simulatedAccount };

/** Everything in a journal holds: its chains, one outcome for each intent, nothing open. */
export async function journalProblems(journal: Journal): Promise<string[]> {
  const problems: string[] = [];
  const intents = new Set<string>();
  const outcomes = new Set<string>();
  try {
    for await (const { record } of journal.read({ all: true })) {
      if (record.kind === 'intent') intents.add(record.execution ?? '');
      if (record.kind === 'outcome') {
        if (outcomes.has(record.execution ?? '')) problems.push(`execution ${record.execution ?? ''} has two outcomes`);
        outcomes.add(record.execution ?? '');
      }
    }
  } catch (error) {
    problems.push(`a chain is broken: ${(error as Error).message}`);
  }
  for (const execution of intents) if (!outcomes.has(execution)) problems.push(`execution ${execution} has no outcome`);
  for (const open of await journal.open()) problems.push(`execution ${open.execution} is open`);
  return problems;
}
