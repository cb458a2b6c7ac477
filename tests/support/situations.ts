// One gap for each remediator that writes: created and read back with boto3, reported as AWS reports it.
import { GLOBAL_REGION, type JsonObject, type Remediator, type ResourceRef, resource } from '@redress/core';
import { raiseRetention } from '@redress/remediator-cloudwatch-logs';
import { enableEbsEncryptionByDefault, revokeSgOpenRdp, revokeSgOpenSsh } from '@redress/remediator-ec2';
import { flagStaleAccessKey } from '@redress/remediator-iam';
import { enforceDefaultEncryption } from '@redress/remediator-s3';
import { cloudTrailEvent, configComplianceEvent, type EventBridgeEvent, securityHubEvent } from '@redress/testing';
import { AwsError, type Boto } from './boto.ts';

/** The emulator's account for credentials without a role. */
export const ACCOUNT = '123456789012';
/** Another account in which the policy lets Redress act. */
export const OTHER = '222222222222';

/** A gap in the emulated account. */
export interface Gap {
  readonly ref: ResourceRef;
  /** The event that reports it. The account can differ from that of the gap. */
  event(options?: { readonly time?: Date; readonly account?: string }): EventBridgeEvent;
  /** Everything about the resource: its previous state, and the gap. */
  read(): Promise<Readonly<Record<string, unknown>>>;
  /** Somebody opens the gap again. */
  again(): Promise<void>;
  /** Null: it cannot have tags. */
  readonly tag: ((key: string, value: string) => Promise<unknown>) | null;
}

/** A remediator, and the gaps that it closes. */
export interface Situation {
  readonly remediator: Remediator;
  readonly parameters?: JsonObject;
  gap(aws: Boto, region: string): Promise<Gap>;
  /** The expected {@link Gap.read} after the fix, from the one before. */
  fixed(before: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /** What makes it wait for approval, besides age; a text says why there is nothing. */
  readonly hazard: string | { readonly parameters?: JsonObject; prepare?(aws: Boto, region: string, gap: Gap): Promise<unknown> };
  /** Why age does not matter, if it does not. */
  readonly stale: string | null;
}

let made = 0;
const name = (prefix: string) => `${prefix}-${process.pid}-${++made}`;
const AGELESS = 'turning it on is as safe for what is old as for what is new';

/** The response of AWS, or its error code. */
const orCode = (asked: Promise<unknown>) =>
  asked.catch((error: unknown) => {
    if (error instanceof AwsError) return error.code;
    throw error;
  });

interface Rule {
  readonly SecurityGroupRuleId: string;
  readonly IsEgress: boolean;
  readonly FromPort: number;
  readonly CidrIpv4?: string;
  readonly CidrIpv6?: string;
}

/** A group with good rules, and one that is open to everybody. */
function openGroup(remediator: Remediator, open: { IpProtocol: string; port: number; cidr: string }): Situation {
  const { IpProtocol, port, cidr } = open;
  const v6 = cidr.includes(':');
  const opens = (rule: Rule) => !rule.IsEgress && rule.FromPort === port && [rule.CidrIpv4, rule.CidrIpv6].includes(cidr);
  return {
    remediator,
    async gap(aws, region) {
      const ec2 = (operation: string, input: object) => aws.call(region, 'ec2', operation, input);
      const { GroupId } = await ec2('create_security_group', { GroupName: name('group'), Description: 'shop' });
      const rule = (protocol: string, from: number, ranges: object) => ({ IpProtocol: protocol, FromPort: from, ToPort: from, ...ranges });
      await ec2('authorize_security_group_ingress', {
        GroupId,
        IpPermissions: [
          rule('tcp', 443, { IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'the shop' }] }),
          rule(IpProtocol, port, { IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'from inside' }] }),
          rule(IpProtocol, port, { IpRanges: [{ CidrIp: '192.0.2.0/24' }] }),
        ],
      });
      const again = async () => {
        const ranges = v6 ? { Ipv6Ranges: [{ CidrIpv6: cidr }] } : { IpRanges: [{ CidrIp: cidr }] };
        await ec2('authorize_security_group_ingress', { GroupId, IpPermissions: [rule(IpProtocol, port, ranges)] });
      };
      await again();
      return {
        ref: resource({ type: 'AWS::EC2::SecurityGroup', id: GroupId, account: ACCOUNT, region }),
        event: ({ time, account = ACCOUNT } = {}) =>
          cloudTrailEvent({
            account,
            region,
            service: 'ec2',
            operation: 'AuthorizeSecurityGroupIngress',
            ...(time === undefined ? {} : { time }),
            request: {
              groupId: GroupId,
              ipPermissions: {
                items: [
                  {
                    ipProtocol: IpProtocol,
                    fromPort: port,
                    toPort: port,
                    groups: {},
                    ipRanges: v6 ? {} : { items: [{ cidrIp: cidr }] },
                    ipv6Ranges: v6 ? { items: [{ cidrIpv6: cidr }] } : {},
                    prefixListIds: {},
                  },
                ],
              },
            },
            response: { _return: true },
          }),
        read: async () => {
          const { SecurityGroupRules } = (await ec2('describe_security_group_rules', { Filters: [{ Name: 'group-id', Values: [GroupId] }] })) as {
            SecurityGroupRules: readonly Rule[];
          };
          const { SecurityGroups } = await ec2('describe_security_groups', { GroupIds: [GroupId] });
          const byId = (rules: readonly Rule[]) => [...rules].sort((a, b) => (a.SecurityGroupRuleId < b.SecurityGroupRuleId ? -1 : 1));
          return {
            open: SecurityGroupRules.filter(opens).length,
            others: byId(SecurityGroupRules.filter((each) => !opens(each))),
            tags: SecurityGroups[0].Tags ?? [],
          };
        },
        again,
        tag: (Key, Value) => ec2('create_tags', { Resources: [GroupId], Tags: [{ Key, Value }] }),
      };
    },
    fixed: (before) => ({ ...before, open: 0 }),
    hazard: { prepare: (aws, region, { ref }) => aws.call(region, 'ec2', 'create_tags', { Resources: [ref.id], Tags: [{ Key: 'role', Value: 'bastion' }] }) },
    stale: null,
  };
}

export const ssh = openGroup(revokeSgOpenSsh, { IpProtocol: 'tcp', port: 22, cidr: '0.0.0.0/0' });
export const rdp = openGroup(revokeSgOpenRdp, { IpProtocol: 'udp', port: 3389, cidr: '::/0' });

export const encryption: Situation = {
  remediator: enforceDefaultEncryption,
  async gap(aws, region) {
    const s3 = (operation: string, input: object) => aws.call(region, 's3', operation, input);
    const Bucket = name('bucket');
    await s3('create_bucket', { Bucket, CreateBucketConfiguration: { LocationConstraint: region } });
    await s3('put_bucket_versioning', { Bucket, VersioningConfiguration: { Status: 'Enabled' } });
    await s3('put_bucket_tagging', { Bucket, Tagging: { TagSet: [{ Key: 'team', Value: 'payments' }] } });
    return {
      ref: resource({ type: 'AWS::S3::Bucket', id: Bucket, account: ACCOUNT, region }),
      event: ({ time, account = ACCOUNT } = {}) =>
        configComplianceEvent({
          resource: resource({ type: 'AWS::S3::Bucket', id: Bucket, account, region }),
          rule: 's3-bucket-server-side-encryption-enabled',
          ...(time === undefined ? {} : { time }),
        }),
      read: async () => ({
        encryption: await orCode(s3('get_bucket_encryption', { Bucket })),
        versioning: await s3('get_bucket_versioning', { Bucket }),
        tags: await s3('get_bucket_tagging', { Bucket }),
        policy: await orCode(s3('get_bucket_policy', { Bucket })),
        acl: (await s3('get_bucket_acl', { Bucket })).Grants,
      }),
      again: async () => void (await s3('delete_bucket_encryption', { Bucket })),
      tag: (Key, Value) =>
        s3('put_bucket_tagging', {
          Bucket,
          Tagging: {
            TagSet: [
              { Key: 'team', Value: 'payments' },
              { Key, Value },
            ],
          },
        }),
    };
  },
  fixed: (before) => ({
    ...before,
    encryption: {
      ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false }] },
    },
  }),
  // Switching to the key may lock out users who may not use it.
  hazard: { parameters: { algorithm: 'aws:kms' } },
  stale: AGELESS,
};

export const ebsDefault: Situation = {
  remediator: enableEbsEncryptionByDefault,
  async gap(aws, region) {
    const ec2 = (operation: string, input: object = {}) => aws.call(region, 'ec2', operation, input);
    const { VolumeId } = await ec2('create_volume', { AvailabilityZone: `${region}a`, Size: 1, Encrypted: false });
    const again = async () => void (await ec2('disable_ebs_encryption_by_default'));
    await again();
    return {
      ref: resource({ type: 'AWS::::Account', id: ACCOUNT, account: ACCOUNT, region }),
      event: ({ time, account = ACCOUNT } = {}) =>
        securityHubEvent({
          resource: resource({ type: 'AWS::::Account', id: account, account, region }),
          control: 'EC2.7',
          ...(time === undefined ? {} : { time }),
        }),
      read: async () => ({
        on: (await ec2('get_ebs_encryption_by_default')).EbsEncryptionByDefault,
        // Existing resources stay as they are.
        volume: (await ec2('describe_volumes', { VolumeIds: [VolumeId] })).Volumes,
      }),
      again,
      tag: null,
    };
  },
  fixed: (before) => ({ ...before, on: true }),
  hazard: 'the emulator has no customer managed default key',
  stale: AGELESS,
};

export const staleKey: Situation = {
  remediator: flagStaleAccessKey,
  async gap(aws) {
    const iam = (operation: string, input: object) => aws.call('us-east-1', 'iam', operation, input);
    // The emulator dates keys of users called old-… 200 days back.
    const UserName = name('old');
    const { User } = await iam('create_user', { UserName, Tags: [{ Key: 'team', Value: 'payments' }] });
    const { AccessKey } = await iam('create_access_key', { UserName });
    const ref = (account: string) => resource({ type: 'AWS::IAM::User', id: UserName, account, region: GLOBAL_REGION });
    return {
      ref: ref(ACCOUNT),
      event: ({ time, account = ACCOUNT } = {}) =>
        configComplianceEvent({ resource: ref(account), rule: 'access-keys-rotated', resourceId: User.UserId, ...(time === undefined ? {} : { time }) }),
      read: async () => {
        const { Tags } = (await iam('list_user_tags', { UserName })) as { Tags: readonly { Key: string; Value: string }[] };
        return {
          key: AccessKey.AccessKeyId,
          keys: (await iam('list_access_keys', { UserName })).AccessKeyMetadata,
          flag: Tags.find(({ Key }) => Key === 'redress:stale-access-key')?.Value ?? null,
          tags: Tags.filter(({ Key }) => Key !== 'redress:stale-access-key'),
        };
      },
      again: async () => void (await iam('untag_user', { UserName, TagKeys: ['redress:stale-access-key'] })),
      tag: (Key, Value) => iam('tag_user', { UserName, Tags: [{ Key, Value }] }),
    };
  },
  fixed: (before) => ({ ...before, flag: before['key'] }),
  hazard: 'a flag on a user breaks nothing',
  stale: 'it is about what is old',
};

export const retention: Situation = {
  remediator: raiseRetention,
  parameters: { minDays: 90 },
  async gap(aws, region) {
    const logs = (operation: string, input: object) => aws.call(region, 'logs', operation, input);
    const logGroupName = `/acme/${name('app')}`;
    await logs('create_log_group', { logGroupName, tags: { team: 'payments' } });
    const again = async () => void (await logs('put_retention_policy', { logGroupName, retentionInDays: 7 }));
    await again();
    const arn = `arn:aws:logs:${region}:${ACCOUNT}:log-group:${logGroupName}`;
    return {
      ref: resource({ type: 'AWS::Logs::LogGroup', id: logGroupName, account: ACCOUNT, region }),
      event: ({ time, account = ACCOUNT } = {}) =>
        configComplianceEvent({
          resource: resource({ type: 'AWS::Logs::LogGroup', id: logGroupName, account, region }),
          rule: 'cw-loggroup-retention-period-check',
          ...(time === undefined ? {} : { time }),
        }),
      read: async () => {
        const [{ retentionInDays, ...rest }] = (await logs('describe_log_groups', { logGroupNamePrefix: logGroupName })).logGroups;
        return { retentionInDays, rest, tags: (await logs('list_tags_for_resource', { resourceArn: arn })).tags };
      },
      again,
      tag: (key, value) => logs('tag_resource', { resourceArn: arn, tags: { [key]: value } }),
    };
  },
  fixed: (before) => ({ ...before, retentionInDays: 90 }),
  hazard: 'keeping logs longer breaks nothing',
  stale: AGELESS,
};

/** Every remediator that writes. */
export const situations: readonly Situation[] = [ssh, rdp, encryption, ebsDefault, staleKey, retention];
