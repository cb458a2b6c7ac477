// An account with real mistakes in it, made in an emulator.
import { CloudWatchLogsClient, CreateLogGroupCommand, DescribeLogGroupsCommand, PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeVolumesCommand,
  EC2Client,
  GetEbsEncryptionByDefaultCommand,
  type IpPermission,
} from '@aws-sdk/client-ec2';
import { CreateAccessKeyCommand, CreateRoleCommand, CreateUserCommand, IAMClient, ListAccessKeysCommand, ListUserTagsCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  GetBucketEncryptionCommand,
  GetBucketWebsiteCommand,
  PutBucketPolicyCommand,
  PutBucketWebsiteCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { REGION } from './events.ts';

/** Clients of our own: what they read back owes nothing to Redress. */
export function clients(endpoint: string) {
  const config = { endpoint, region: REGION, credentials: { accessKeyId: 'demo', secretAccessKey: 'demo' } };
  return {
    ec2: new EC2Client(config),
    s3: new S3Client({ ...config, forcePathStyle: true }),
    iam: new IAMClient(config),
    logs: new CloudWatchLogsClient(config),
    sts: new STSClient(config),
  };
}
export type Clients = ReturnType<typeof clients>;

const web: IpPermission = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'public site' }] };
const office: IpPermission = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'office' }] };
const ssh: IpPermission = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'quick test' }] };
const rdp6: IpPermission = { IpProtocol: 'tcp', FromPort: 3389, ToPort: 3389, Ipv6Ranges: [{ CidrIpv6: '::/0' }] };
const wide: IpPermission = { IpProtocol: 'tcp', FromPort: 0, ToPort: 65535, IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'all open' }] };

/** Makes the account; gives the ids. */
export async function arrange({ ec2, s3, iam, logs }: Clients) {
  const group = async (name: string, permissions: IpPermission[], tags: Record<string, string> = {}) => {
    const { GroupId } = await ec2.send(new CreateSecurityGroupCommand({ GroupName: name, Description: name }));
    const id = GroupId ?? '';
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: id, IpPermissions: permissions }));
    if (Object.keys(tags).length > 0)
      await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }));
    return id;
  };
  const groups = {
    shop: await group('shop-web', [web, office, ssh]),
    desktop: await group('desktops', [office, rdp6]),
    vendor: await group('vendor-access', [web, ssh]),
    payments: await group('payments', [office, ssh]),
    migration: await group('migration', [office, ssh]),
    lab: await group('lab', [wide]),
    tagged: await group('self-service', [ssh], { 'redress:exception': 'please do not touch' }),
    notified: await group('sandbox', [ssh]),
  };
  await s3.send(new CreateBucketCommand({ Bucket: 'acme-invoices' }));
  await s3.send(new CreateBucketCommand({ Bucket: 'acme-website' }));
  await s3.send(new PutBucketWebsiteCommand({ Bucket: 'acme-website', WebsiteConfiguration: { IndexDocument: { Suffix: 'index.html' } } }));
  await s3.send(
    new PutBucketPolicyCommand({
      Bucket: 'acme-website',
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::acme-website/*' }],
      }),
    }),
  );
  const { VolumeId } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: `${REGION}a`, Size: 20, Encrypted: false }));
  const { User } = await iam.send(new CreateUserCommand({ UserName: 'old-deploy-bot' }));
  await iam.send(new CreateAccessKeyCommand({ UserName: 'old-deploy-bot' }));
  await logs.send(new CreateLogGroupCommand({ logGroupName: '/acme/orders' }));
  await logs.send(new PutRetentionPolicyCommand({ logGroupName: '/acme/orders', retentionInDays: 7 }));
  return { groups, volume: VolumeId ?? '', userId: User?.UserId ?? '' };
}

/** What is in the account now, read by clients of our own. */
export function look({ ec2, s3, iam, logs }: Clients) {
  return {
    async rules(group: string): Promise<string> {
      const { SecurityGroupRules } = await ec2.send(new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [group] }] }));
      return (SecurityGroupRules ?? [])
        .filter((rule) => rule.IsEgress === false)
        .map((rule) => `${rule.FromPort === rule.ToPort ? rule.FromPort : `${rule.FromPort}-${rule.ToPort}`} from ${rule.CidrIpv4 ?? rule.CidrIpv6}`)
        .sort()
        .join(', ');
    },
    async encryption(bucket: string): Promise<string> {
      try {
        const { ServerSideEncryptionConfiguration } = await s3.send(new GetBucketEncryptionCommand({ Bucket: bucket }));
        return ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? 'none';
      } catch (error) {
        if (error instanceof Error && error.name === 'ServerSideEncryptionConfigurationNotFoundError') return 'none';
        throw error;
      }
    },
    async website(bucket: string): Promise<string> {
      const { IndexDocument } = await s3.send(new GetBucketWebsiteCommand({ Bucket: bucket }));
      return `still serves ${IndexDocument?.Suffix ?? 'nothing'}`;
    },
    async ebsDefault(): Promise<string> {
      return (await ec2.send(new GetEbsEncryptionByDefaultCommand({}))).EbsEncryptionByDefault === true ? 'on' : 'off';
    },
    async volume(id: string): Promise<string> {
      const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }));
      return `${Volumes?.[0]?.State ?? 'gone'}, encrypted: ${String(Volumes?.[0]?.Encrypted)}`;
    },
    async user(name: string): Promise<string> {
      const { AccessKeyMetadata } = await iam.send(new ListAccessKeysCommand({ UserName: name }));
      const { Tags } = await iam.send(new ListUserTagsCommand({ UserName: name }));
      return `key ${AccessKeyMetadata?.[0]?.Status ?? 'gone'}, tags: ${(Tags ?? []).map((tag) => tag.Key).join(', ') || 'none'}`;
    },
    async retention(group: string): Promise<string> {
      const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: group }));
      return `${String(logGroups?.[0]?.retentionInDays ?? 'never expire')} days`;
    },
  };
}

/** Credentials of the person who may approve, as the environment of a process has them: a session of the role that the policy names. */
export async function leadCredentials({ iam, sts }: Clients): Promise<Readonly<Record<string, string>>> {
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'SecurityLead', AssumeRolePolicyDocument: '{"Version":"2012-10-17","Statement":[]}' }));
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: Role?.Arn ?? '', RoleSessionName: 'kim' }));
  return {
    AWS_ACCESS_KEY_ID: Credentials?.AccessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: Credentials?.SecretAccessKey ?? '',
    AWS_SESSION_TOKEN: Credentials?.SessionToken ?? '',
  };
}
