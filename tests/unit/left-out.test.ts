// What a service leaves out of a reply is not known: it is never the good state, and never a resource that is gone.
import { type Json, type Remediator, type ResourceRef, resource, toJson } from '@redress/core';
import { remediators } from '@redress/remediators';
import { describe, expect, it } from 'vitest';

const ACCOUNT = '123456789012';
const by = (id: string): Remediator => {
  const found = remediators.find((each) => each.id === id);
  if (found === undefined) throw new Error(`There is no ${id}.`);
  return found;
};
const named = (type: string, id: string): ResourceRef => resource({ type, id, account: ACCOUNT, region: 'eu-west-1' });

/** `aws` that answers what stands there, by the operation; anything else is empty. */
function answering(replies: Readonly<Record<string, object>>): never {
  const service = new Proxy({}, { get: (_, operation) => async () => structuredClone(replies[String(operation)] ?? {}) });
  return new Proxy({}, { get: () => service }) as never;
}
const look = (id: string, ref: ResourceRef, replies: Readonly<Record<string, object>>) => {
  const remediator = by(id);
  return remediator.observe({
    aws: answering(replies),
    resource: ref,
    parameters: remediator.parameters({}),
    purpose: 'decision',
    earlier: null,
    attestation: null,
  });
};
async function listed(id: string, replies: Readonly<Record<string, object>>): Promise<readonly string[]> {
  const remediator = by(id);
  const found: string[] = [];
  const args = { aws: answering(replies), account: ACCOUNT, region: 'eu-west-1', partition: 'aws', parameters: remediator.parameters({}) } as never;
  for await (const page of remediator.observeMany?.(args) ?? []) found.push(...page.map((each) => each.id));
  return found;
}

const snapshot = { Snapshots: [{ SnapshotId: 'snap-1', Tags: [] }] };
const dbSnapshot = { DBSnapshots: [{ DBSnapshotIdentifier: 's', SnapshotCreateTime: new Date(0), TagList: [] }] };
const attributes = (more: object) => ({ DBSnapshotAttributesResult: { DBSnapshotAttributes: [{ AttributeName: 'restore', ...more }] } });
const balancer = { LoadBalancers: [{ LoadBalancerArn: 'arn', CreatedTime: new Date(0) }] };
const noTags = { TagDescriptions: [{ Tags: [] }] };
const listener = { ListenerArn: 'arn:listener', Protocol: 'HTTP', DefaultActions: [{ Type: 'forward', TargetGroupArn: 'arn:group' }] };
const key = { KeyManager: 'CUSTOMER', KeySpec: 'SYMMETRIC_DEFAULT', Origin: 'AWS_KMS', KeyState: 'Enabled' };
const without = <T extends object>(value: T, member: keyof T) => Object.fromEntries(Object.entries(value).filter(([name]) => name !== member));
const balancerRef = named('AWS::ElasticLoadBalancingV2::LoadBalancer', 'app/web/1');

describe('a read', () => {
  it.each<[left: string, id: string, ref: ResourceRef, replies: Readonly<Record<string, object>>]>([
    ['Snapshots', 'ec2-make-ebs-snapshot-private', named('AWS::EC2::Snapshot', 'snap-1'), { DescribeSnapshotAttribute: { CreateVolumePermissions: [] } }],
    ['CreateVolumePermissions', 'ec2-make-ebs-snapshot-private', named('AWS::EC2::Snapshot', 'snap-1'), { DescribeSnapshots: snapshot }],
    ['DBSnapshots', 'rds-make-snapshot-private', named('AWS::RDS::DBSnapshot', 's'), { DescribeDBSnapshotAttributes: attributes({ AttributeValues: [] }) }],
    [
      'AttributeValues',
      'rds-make-snapshot-private',
      named('AWS::RDS::DBSnapshot', 's'),
      { DescribeDBSnapshots: dbSnapshot, DescribeDBSnapshotAttributes: attributes({}) },
    ],
    ['Clusters', 'redshift-disable-public-access', named('AWS::Redshift::Cluster', 'c'), {}],
    ['DBInstances', 'rds-disable-public-access', named('AWS::RDS::DBInstance', 'd'), {}],
    ['Volumes', 'ec2-report-unencrypted-ebs-volumes', named('AWS::EC2::Volume', 'vol-1'), {}],
    ['Reservations', 'ec2-require-imdsv2-on-instance', named('AWS::EC2::Instance', 'i-1'), {}],
    ['Subnets', 'ec2-disable-subnet-auto-public-ip', named('AWS::EC2::Subnet', 'subnet-1'), { DescribeRouteTables: { RouteTables: [] } }],
    ['Trail', 'cloudtrail-restart-logging', named('AWS::CloudTrail::Trail', 't'), {}],
    ['Table', 'dynamodb-enable-pitr', named('AWS::DynamoDB::Table', 't'), { ListTagsOfResource: { Tags: [] } }],
    ['FileSystems', 'efs-report-unencrypted', named('AWS::EFS::FileSystem', 'fs-1'), {}],
    ['LoadBalancers', 'elbv2-enable-deletion-protection', balancerRef, { DescribeTags: noTags, DescribeLoadBalancerAttributes: { Attributes: [] } }],
    [
      'Attachments',
      'ec2-report-unauthorized-internet-gateway',
      named('AWS::EC2::InternetGateway', 'igw-1'),
      { DescribeInternetGateways: { InternetGateways: [{ InternetGatewayId: 'igw-1' }] } },
    ],
    ['KmsKeyId', 'ec2-enable-ebs-encryption-by-default', named('AWS::::Account', ACCOUNT), { GetEbsEncryptionByDefault: { EbsEncryptionByDefault: false } }],
    ...(['Protocol', 'ListenerArn', 'DefaultActions'] as const).map((left): [string, string, ResourceRef, Readonly<Record<string, object>>] => [
      left,
      'elbv2-redirect-http-to-https',
      balancerRef,
      { DescribeLoadBalancers: balancer, DescribeTags: noTags, DescribeListeners: { Listeners: [without(listener, left)] }, DescribeRules: { Rules: [] } },
    ]),
    ...(['KeyManager', 'KeySpec', 'Origin', 'KeyState'] as const).map((left): [string, string, ResourceRef, Readonly<Record<string, object>>] => [
      left,
      'kms-enable-key-rotation',
      named('AWS::KMS::Key', '1234abcd-12ab-34cd-56ef-1234567890ab'),
      { DescribeKey: { KeyMetadata: without(key, left) }, ListResourceTags: { Tags: [] } },
    ]),
    ['Grants', 's3-report-public-website-bucket', named('AWS::S3::Bucket', 'b'), {}],
    [
      'Grantee',
      's3-report-public-website-bucket',
      named('AWS::S3::Bucket', 'b'),
      { GetBucketAcl: { Grants: [{ Permission: 'READ' }] }, GetBucketPolicyStatus: { PolicyStatus: { IsPublic: false } } },
    ],
    [
      'URI',
      's3-report-public-website-bucket',
      named('AWS::S3::Bucket', 'b'),
      { GetBucketAcl: { Grants: [{ Grantee: { Type: 'Group' }, Permission: 'READ' }] }, GetBucketPolicyStatus: { PolicyStatus: { IsPublic: false } } },
    ],
  ])('without %s fails: %s', async (left, id, ref, replies) => {
    const more = left === 'Grants' ? { GetBucketPolicyStatus: { PolicyStatus: { IsPublic: false } } } : {};
    await expect(look(id, ref, { ...replies, ...more })).rejects.toThrow(`The service did not return ${left}: `);
  });

  it('finds a resource missing if the list exists and is empty', async () => {
    expect(await look('redshift-disable-public-access', named('AWS::Redshift::Cluster', 'c'), { DescribeClusters: { Clusters: [] } })).toBe('gone');
    expect(await look('ec2-report-unencrypted-ebs-volumes', named('AWS::EC2::Volume', 'vol-1'), { DescribeVolumes: { Volumes: [] } })).toBe('gone');
  });
});

describe('a sweep', () => {
  const trail = { Name: 't', HomeRegion: 'eu-west-1', TrailARN: `arn:aws:cloudtrail:eu-west-1:${ACCOUNT}:trail/t` };
  it.each<[left: string, id: string, replies: Readonly<Record<string, object>>]>([
    ['trailList', 'cloudtrail-restart-logging', {}],
    ['HomeRegion', 'cloudtrail-restart-logging', { DescribeTrails: { trailList: [without(trail, 'HomeRegion')] } }],
    ['TrailARN', 'cloudtrail-restart-logging', { DescribeTrails: { trailList: [without(trail, 'TrailARN')] } }],
    ['DomainNames', 'opensearch-publish-error-logs', {}],
    ['item', 'apigateway-enable-execution-logging', { GetRestApis: { items: [{ id: 'a' }] } }],
    ['OwnerId', 'ec2-enable-vpc-flow-logs', { DescribeVpcs: { Vpcs: [{ VpcId: 'vpc-1' }] } }],
    ['OwnerId', 'ec2-disable-subnet-auto-public-ip', { DescribeSubnets: { Subnets: [{ SubnetId: 'subnet-1' }] } }],
    ['Clusters', 'redshift-disable-public-access', {}],
  ])('without %s skips nothing: %s', async (left, id, replies) => {
    await expect(listed(id, replies)).rejects.toThrow(`The service did not return ${left}: `);
  });

  it('lists what exists', async () => {
    expect(await listed('cloudtrail-restart-logging', { DescribeTrails: { trailList: [trail] } })).toEqual(['t']);
    expect(
      await listed('ec2-enable-vpc-flow-logs', {
        DescribeVpcs: {
          Vpcs: [
            { VpcId: 'vpc-1', OwnerId: ACCOUNT },
            { VpcId: 'vpc-2', OwnerId: '2' },
          ],
        },
      }),
    ).toEqual(['vpc-1']);
  });
});

it('point-in-time recovery is enabled with its existing period, and without one if there is none', async () => {
  const planned = async (recovery: object) => {
    const ref = named('AWS::DynamoDB::Table', 't');
    const seen = await look('dynamodb-enable-pitr', ref, {
      DescribeTable: { Table: { CreationDateTime: new Date(0) } },
      ListTagsOfResource: { Tags: [] },
      DescribeContinuousBackups: { ContinuousBackupsDescription: { PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED', ...recovery } } },
    });
    if (seen === 'gone') throw new Error('gone');
    const plan = by('dynamodb-enable-pitr').plan({ state: toJson(seen.state) as Json, context: seen.context, resource: ref, parameters: {}, observedAt: 0 });
    return plan.status === 'change' ? plan.changes[0]?.call.input['PointInTimeRecoverySpecification'] : plan;
  };
  expect(await planned({ RecoveryPeriodInDays: 7 })).toEqual({ PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 7 });
  expect(await planned({})).toEqual({ PointInTimeRecoveryEnabled: true });
});
