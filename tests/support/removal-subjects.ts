// For each remediator, the situations in which it uses everything that it declares, created and read back with boto3.
import { GLOBAL_REGION, type Redress, type ResourceRef, resource } from '@redress/core';
import { raiseRetention } from '@redress/remediator-cloudwatch-logs';
import {
  enableEbsEncryptionByDefault,
  reportUnencryptedEbsVolumes,
  revokeSgOpenAdminExisting,
  revokeSgOpenAdminIpv6,
  revokeSgOpenRdp,
  revokeSgOpenSsh,
} from '@redress/remediator-ec2';
import { flagStaleAccessKey, strengthenPasswordPolicy } from '@redress/remediator-iam';
import { blockPublicAccess, enforceDefaultEncryption, reportPublicWebsiteBucket } from '@redress/remediator-s3';
import { cloudTrailEvent } from '@redress/testing';
import { AwsError, type Boto } from './boto.ts';
import { REGION, type Situation, type Subject } from './removal.ts';

const ACCOUNT = '123456789012';
let made = 0;
const name = (prefix: string) => `${prefix}-${process.pid}-${++made}`;
/** The response of AWS, or its error code. */
const orCode = (asked: Promise<unknown>) =>
  asked.catch((error: unknown) => {
    if (error instanceof AwsError) return error.code;
    throw error;
  });
const account = (region = REGION) => resource({ type: 'AWS::::Account', id: ACCOUNT, account: ACCOUNT, region });

const group = (port: number, cidr: { v4: string } | { v6: string }): Pick<Situation, 'arrange' | 'state'> => {
  const permission = {
    IpProtocol: 'tcp',
    FromPort: port,
    ToPort: port,
    ...('v4' in cidr ? { IpRanges: [{ CidrIp: cidr.v4, Description: 'for a moment' }] } : { Ipv6Ranges: [{ CidrIpv6: cidr.v6 }] }),
  };
  return {
    async arrange(aws) {
      const { GroupId } = await aws.call(REGION, 'ec2', 'create_security_group', { GroupName: name('group'), Description: 'a test' });
      const good = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
      await aws.call(REGION, 'ec2', 'authorize_security_group_ingress', { GroupId, IpPermissions: [good] });
      await aws.call(REGION, 'ec2', 'authorize_security_group_ingress', { GroupId, IpPermissions: [permission] });
      return resource({ type: 'AWS::EC2::SecurityGroup', id: GroupId, account: ACCOUNT, region: REGION });
    },
    async state(aws, { id }) {
      const { SecurityGroups } = await aws.call(REGION, 'ec2', 'describe_security_groups', { GroupIds: [id] });
      return SecurityGroups[0].IpPermissions;
    },
  };
};

/** An event from two minutes ago that shows that the rule is new. */
const authorized =
  (port: number, ranges: object): NonNullable<Situation['start']> =>
  async (redress: Redress, ref: ResourceRef) => {
    const event = cloudTrailEvent({
      account: ref.account,
      region: ref.region,
      service: 'ec2',
      operation: 'AuthorizeSecurityGroupIngress',
      request: { groupId: ref.id, ipPermissions: { items: [{ ipProtocol: 'tcp', fromPort: port, toPort: port, groups: {}, prefixListIds: {}, ...ranges }] } },
      response: { _return: true },
      time: new Date(Date.now() - 120_000),
    });
    const { results } = await redress.handle(event);
    return results.flatMap(({ passes }) => passes);
  };
const v4 = { ipRanges: { items: [{ cidrIp: '0.0.0.0/0', description: 'for a moment' }] }, ipv6Ranges: {} };
const v6 = { ipRanges: {}, ipv6Ranges: { items: [{ cidrIpv6: '::/1' }] } };

const bucket = (prepare: (aws: Boto, Bucket: string) => Promise<unknown>, ask: string): Pick<Situation, 'arrange' | 'state' | 'remove'> => ({
  async arrange(aws) {
    const Bucket = name('bucket');
    await aws.call(REGION, 's3', 'create_bucket', { Bucket });
    await aws.call(REGION, 's3', 'put_bucket_tagging', { Bucket, Tagging: { TagSet: [{ Key: 'team', Value: 'payments' }] } });
    await prepare(aws, Bucket);
    return resource({ type: 'AWS::S3::Bucket', id: Bucket, account: ACCOUNT, region: REGION });
  },
  state: (aws, { id: Bucket }) => orCode(aws.call(REGION, 's3', ask, { Bucket })),
  async remove(aws, { id: Bucket }) {
    await aws.call(REGION, 's3', 'delete_bucket', { Bucket });
  },
});
const unblocked = (aws: Boto, Bucket: string) => aws.call(REGION, 's3', 'delete_public_access_block', { Bucket });

const user = (keys: 1 | 0, flag: string | null): Pick<Situation, 'arrange' | 'state' | 'remove'> => ({
  async arrange(aws) {
    const UserName = name('user');
    const Tags = [{ Key: 'team', Value: 'payments' }, ...(flag === null ? [] : [{ Key: 'redress:stale-access-key', Value: flag }])];
    await aws.call(REGION, 'iam', 'create_user', { UserName, Tags });
    if (keys === 1) await aws.call(REGION, 'iam', 'create_access_key', { UserName });
    return resource({ type: 'AWS::IAM::User', id: UserName, account: ACCOUNT, region: GLOBAL_REGION });
  },
  state: async (aws, { id: UserName }) => (await aws.call(REGION, 'iam', 'list_user_tags', { UserName })).Tags,
  async remove(aws, { id: UserName }) {
    const { AccessKeyMetadata } = await aws.call(REGION, 'iam', 'list_access_keys', { UserName });
    for (const { AccessKeyId } of AccessKeyMetadata) await aws.call(REGION, 'iam', 'delete_access_key', { UserName, AccessKeyId });
    await aws.call(REGION, 'iam', 'delete_user', { UserName });
  },
});

const passwords = (policy: object | null): Pick<Situation, 'arrange' | 'state'> => ({
  async arrange(aws) {
    if (policy === null) await orCode(aws.call(REGION, 'iam', 'delete_account_password_policy'));
    else await aws.call(REGION, 'iam', 'update_account_password_policy', policy);
    return account(GLOBAL_REGION);
  },
  state: (aws) => orCode(aws.call(REGION, 'iam', 'get_account_password_policy')),
});

/** In the order of the reference. */
export const SUBJECTS: readonly Subject[] = [
  { remediator: revokeSgOpenSsh, situations: [{ name: 'fix', ...group(22, { v4: '0.0.0.0/0' }), start: authorized(22, v4) }] },
  { remediator: revokeSgOpenRdp, situations: [{ name: 'fix', ...group(3389, { v4: '0.0.0.0/0' }), start: authorized(3389, v4) }] },
  { remediator: revokeSgOpenAdminIpv6, situations: [{ name: 'fix', ...group(22, { v6: '::/1' }), start: authorized(22, v6) }] },
  { remediator: revokeSgOpenAdminExisting, situations: [{ name: 'fix, approved', ...group(22, { v4: '0.0.0.0/0' }) }] },
  {
    remediator: enableEbsEncryptionByDefault,
    situations: [
      {
        name: 'fix',
        async arrange(aws) {
          await aws.call(REGION, 'ec2', 'disable_ebs_encryption_by_default');
          return account();
        },
        state: (aws) => aws.call(REGION, 'ec2', 'get_ebs_encryption_by_default'),
      },
    ],
  },
  {
    remediator: reportUnencryptedEbsVolumes,
    situations: [
      {
        name: 'report',
        async arrange(aws) {
          const { VolumeId } = await aws.call(REGION, 'ec2', 'create_volume', { AvailabilityZone: `${REGION}a`, Size: 1 });
          return resource({ type: 'AWS::EC2::Volume', id: VolumeId, account: ACCOUNT, region: REGION });
        },
        state: (aws, { id }) => aws.call(REGION, 'ec2', 'describe_volumes', { VolumeIds: [id] }),
      },
    ],
  },
  {
    remediator: enforceDefaultEncryption,
    situations: [
      // S3 encrypts every bucket with SSE-S3 by default, and so does the emulator.
      { name: 'fix to SSE-KMS, approved', parameters: { algorithm: 'aws:kms' }, ...bucket(async () => undefined, 'get_bucket_encryption') },
    ],
  },
  {
    remediator: blockPublicAccess,
    situations: [
      { name: 'fix', ...bucket(unblocked, 'get_public_access_block') },
      {
        name: 'fix of half a block',
        ...bucket(
          (aws, Bucket) => aws.call(REGION, 's3', 'put_public_access_block', { Bucket, PublicAccessBlockConfiguration: { BlockPublicAcls: true } }),
          'get_public_access_block',
        ),
      },
    ],
  },
  {
    remediator: reportPublicWebsiteBucket,
    situations: [
      {
        name: 'report',
        ...bucket(async (aws, Bucket) => {
          await unblocked(aws, Bucket);
          await aws.call(REGION, 's3', 'delete_bucket_ownership_controls', { Bucket });
          await aws.call(REGION, 's3', 'put_bucket_acl', { Bucket, ACL: 'public-read' });
        }, 'get_bucket_acl'),
      },
    ],
  },
  {
    remediator: flagStaleAccessKey,
    situations: [
      { name: 'flag', days: 200, ...user(1, null) },
      { name: 'flag another key', days: 200, ...user(1, 'AKIAIOSFODNN7EXAMPLE') },
      { name: 'remove the flag', ...user(0, 'AKIAIOSFODNN7EXAMPLE') },
    ],
  },
  {
    remediator: strengthenPasswordPolicy,
    situations: [
      { name: 'fix', ...passwords(null) },
      // The emulator keeps what an update omits, where IAM resets it. So nothing is omitted.
      { name: 'fix of a weak policy', ...passwords({ MinimumPasswordLength: 8, PasswordReusePrevention: 1 }) },
    ],
  },
  {
    remediator: raiseRetention,
    situations: [
      {
        name: 'fix',
        async arrange(aws) {
          const logGroupName = name('/acme/logs');
          await aws.call(REGION, 'logs', 'create_log_group', { logGroupName });
          await aws.call(REGION, 'logs', 'put_retention_policy', { logGroupName, retentionInDays: 7 });
          return resource({ type: 'AWS::Logs::LogGroup', id: logGroupName, account: ACCOUNT, region: REGION });
        },
        async state(aws, { id }) {
          const { logGroups } = await aws.call(REGION, 'logs', 'describe_log_groups', { logGroupNamePrefix: id });
          return logGroups.map((each: { retentionInDays?: number }) => each.retentionInDays ?? null);
        },
      },
    ],
  },
];
