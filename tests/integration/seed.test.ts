// Each promise of the first hour: an event comes in, the right thing happens in the account, and nothing else. Read back with boto3.
import { resource } from '@redress/core';
import { reportUnencryptedEbsVolumes, revokeSgOpenSsh } from '@redress/remediator-ec2';
import { enforceDefaultEncryption, reportPublicWebsiteBucket } from '@redress/remediator-s3';
import { cloudTrailEvent, configComplianceEvent, securityHubEvent } from '@redress/testing';
import { expect, it } from 'vitest';
import { emulated } from '../support/emulated.ts';
import { enforced, outcomes } from '../support/runtime.ts';
import { ACCOUNT, ebsDefault, encryption, rdp, retention, ssh, staleKey } from '../support/situations.ts';

const account = emulated();
const REGION = 'eu-west-3';

it.each([
  ['a new SSH rule: that rule is revoked', ssh, 'remediated'],
  ['a new RDP rule, udp and IPv6: that rule is revoked', rdp, 'remediated'],
  ['a bucket without default encryption: it gets it', encryption, 'remediated'],
  ['EBS encryption by default is off: on, and the volume that exists stays', ebsDefault, 'remediated'],
  ['an old access key: its user is flagged, the key stays', staleKey, 'flagged'],
  ['a short retention: raised', retention, 'remediated'],
] as const)('%s', async (_name, situation, outcome) => {
  const gap = await situation.gap(account.aws, REGION);
  const before = await gap.read();
  expect(situation.fixed(before)).not.toEqual(before);
  const ran = await account.runtime.deliver(account.runtime.handler(enforced(situation)), [gap.event()]);
  expect(ran.failures).toEqual([]);
  expect(await gap.read()).toEqual(situation.fixed(before));
  const records = await account.runtime.records(gap.ref);
  expect(outcomes(records)).toEqual([outcome]);
  expect(records.map(({ record }) => record.kind)).toEqual(['intent', 'call', 'outcome']);
  expect(ran.writes).toHaveLength(1);
});

it('an unencrypted volume: notified, and not changed', async () => {
  const { VolumeId } = await account.aws.call(REGION, 'ec2', 'create_volume', { AvailabilityZone: `${REGION}a`, Size: 1, Encrypted: false });
  const read = () => account.aws.call(REGION, 'ec2', 'describe_volumes', { VolumeIds: [VolumeId] });
  const before = await read();
  const ref = resource({ type: 'AWS::EC2::Volume', id: VolumeId, account: ACCOUNT, region: REGION });
  const handler = account.runtime.handler({
    remediators: [reportUnencryptedEbsVolumes],
    policy: { version: 1, environments: { dev: { accounts: [ACCOUNT] } } },
  });
  const ran = await account.runtime.deliver(handler, [securityHubEvent({ resource: ref, control: 'EC2.3' })]);
  expect([ran.failures, ran.writes]).toEqual([[], []]);
  expect(await read()).toEqual(before);
  expect(outcomes(await account.runtime.records(ref))).toEqual(['notified']);
});

it('a public bucket that is a website: notified, and still served', async () => {
  const Bucket = `website-${process.pid}`;
  const s3 = (operation: string, input: object) => account.aws.call(REGION, 's3', operation, { Bucket, ...input });
  await s3('create_bucket', { CreateBucketConfiguration: { LocationConstraint: REGION } });
  await s3('put_bucket_website', { WebsiteConfiguration: { IndexDocument: { Suffix: 'index.html' } } });
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` }],
  });
  await s3('put_bucket_policy', { Policy });
  const read = async () => [await s3('get_bucket_website', {}), await s3('get_bucket_policy', {}), await s3('get_bucket_acl', {})];
  const before = await read();
  const ref = resource({ type: 'AWS::S3::Bucket', id: Bucket, account: ACCOUNT, region: REGION });
  const handler = account.runtime.handler({ remediators: [reportPublicWebsiteBucket], policy: { version: 1, environments: { dev: { accounts: [ACCOUNT] } } } });
  const ran = await account.runtime.deliver(handler, [configComplianceEvent({ resource: ref, rule: 's3-bucket-public-read-prohibited' })]);
  expect([ran.failures, ran.writes]).toEqual([[], []]);
  expect(await read()).toEqual(before);
  expect(outcomes(await account.runtime.records(ref))).toEqual(['notified']);
});

it('a bucket with KMS is not lowered to the baseline', async () => {
  const gap = await encryption.gap(account.aws, REGION);
  await account.aws.call(REGION, 's3', 'put_bucket_encryption', {
    Bucket: gap.ref.id,
    ServerSideEncryptionConfiguration: {
      Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'alias/ours' }, BucketKeyEnabled: true }],
    },
  });
  const before = await gap.read();
  const ran = await account.runtime.deliver(account.runtime.handler(enforced({ ...encryption, remediator: enforceDefaultEncryption })), [gap.event()]);
  expect([ran.failures, ran.writes]).toEqual([[], []]);
  expect(await gap.read()).toEqual(before);
});

it('a modified rule needs an approval: no event has its previous state', async () => {
  const gap = await ssh.gap(account.aws, REGION);
  const before = await gap.read();
  const event = cloudTrailEvent({
    account: ACCOUNT,
    region: REGION,
    service: 'ec2',
    operation: 'ModifySecurityGroupRules',
    request: { ModifySecurityGroupRulesRequest: { GroupId: gap.ref.id, SecurityGroupRule: { SecurityGroupRuleId: 'sgr-1', tag: 1 } } },
    response: { ModifySecurityGroupRulesResponse: { return: true } },
  });
  const ran = await account.runtime.deliver(account.runtime.handler(enforced({ ...ssh, remediator: revokeSgOpenSsh })), [event]);
  expect([ran.failures, ran.writes]).toEqual([[], []]);
  expect(await gap.read()).toEqual(before);
  expect(outcomes(await account.runtime.records(gap.ref))).toEqual(['awaiting-approval']);
});

it('a bucket that lost its exception tag: checked again, and fixed', async () => {
  const gap = await encryption.gap(account.aws, REGION);
  const before = await gap.read();
  const changed = {
    ...gap.event(),
    'detail-type': 'Tag Change on Resource',
    source: 'aws.tag',
    resources: [`arn:aws:s3:::${gap.ref.id}`],
    detail: { 'changed-tag-keys': ['redress:exception'], service: 's3', 'resource-type': 'bucket', version: 3, tags: { team: 'payments' } },
  };
  const handler = account.runtime.handler(enforced(encryption));
  expect((await account.runtime.deliver(handler, [{ ...changed, detail: { ...changed.detail, 'changed-tag-keys': ['team'] } }])).wire).toEqual([]);
  expect((await account.runtime.deliver(handler, [changed])).failures).toEqual([]);
  expect(await gap.read()).toEqual(encryption.fixed(before));
});

it('leaves evidence that verifies', () => {
  const report = account.runtime.verify();
  expect([report.status, report.findings]).toEqual(['intact', []]);
  expect(report.executions).toBe(7);
});
