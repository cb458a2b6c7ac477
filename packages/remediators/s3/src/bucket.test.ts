import { describe, expect, it } from 'vitest';
import { ACCOUNT, bucket, fakeS3, s3Error } from '../test/fake.js';
import { bucketsIn, createdOf, identifyBucket, isDirectoryBucket, namedBucket, tagsOf } from './bucket.js';
import * as published from './index.js';

describe('the region of a bucket', () => {
  it('is read in one call, if an event names it', async () => {
    const { aws, calls } = fakeS3({ invoices: {}, 'invoices-2025': {} });
    expect(await identifyBucket({ aws, resource: bucket('invoices') })).toEqual({ id: 'invoices', region: 'eu-west-1' });
    expect(calls).toEqual([{ operation: 'ListBuckets', input: { Prefix: 'invoices', BucketRegion: 'eu-west-1', MaxBuckets: 1000 } }]);
  });

  it('is that of the bucket, whatever region an event names', async () => {
    const { aws } = fakeS3({ invoices: { region: 'ap-southeast-2' }, 'invoices-2025': { region: 'us-east-1' } });
    for (const claimed of ['us-east-1', 'aws-global'])
      expect(await identifyBucket({ aws, resource: bucket('invoices', claimed) })).toEqual({ id: 'invoices', region: 'ap-southeast-2' });
  });

  it('is gone with the bucket, and is not that of a bucket with the same prefix', async () => {
    expect(await identifyBucket({ aws: fakeS3({ 'invoices-2025': {} }).aws, resource: bucket('invoices') })).toBe('gone');
  });

  it('is unknown for a bucket of another account: the call is refused', async () => {
    const { aws } = fakeS3({ invoices: { account: '222222222222' } });
    expect(await identifyBucket({ aws, resource: bucket('invoices') })).toBe('gone');
    for (const remediator of published.s3Remediators)
      await expect(remediator.observe({ aws, resource: bucket('invoices'), parameters: remediator.parameters(undefined) })).rejects.toMatchObject({
        code: 'aws/denied',
      });
  });

  it('is an error if the list omits it', async () => {
    const aws = {
      s3: { ListBuckets: async ({ BucketRegion }: { BucketRegion?: string }) => ({ Buckets: BucketRegion === undefined ? [{ Name: 'invoices' }] : [] }) },
    };
    await expect(identifyBucket({ aws: aws as never, resource: bucket('invoices') })).rejects.toThrow('did not return the region');
  });

  it('is not read for a directory bucket', async () => {
    const { aws, calls } = fakeS3({});
    expect(isDirectoryBucket('fast--use1-az4--x-s3')).toBe(true);
    expect(await identifyBucket({ aws, resource: bucket('fast--use1-az4--x-s3', 'us-east-1') })).toEqual({ id: 'fast--use1-az4--x-s3', region: 'us-east-1' });
    expect(calls).toEqual([]);
  });
});

describe('tags', () => {
  it('are empty if S3 reports none', async () => {
    expect(await tagsOf(fakeS3({ invoices: {} }).aws, bucket('invoices'))).toEqual({});
    expect(await tagsOf(fakeS3({ invoices: { tags: { 'redress:exception': 'EXC-1' } } }).aws, bucket('invoices'))).toEqual({ 'redress:exception': 'EXC-1' });
  });

  it.each(['aws/denied', 'aws/server'] as const)('that cannot be read (%s) are not empty', async (code) => {
    const { aws } = fakeS3({ invoices: {} }, { GetBucketTagging: s3Error('Whatever', code) });
    await expect(tagsOf(aws, bucket('invoices'))).rejects.toMatchObject({ code });
  });

  it('of a missing bucket are not empty', async () => {
    await expect(tagsOf(fakeS3({}).aws, bucket('invoices'))).rejects.toMatchObject({ code: 'aws/gone' });
  });
});

describe('the identity of a bucket', () => {
  it('is its creation date, among names with the same prefix, on any page', async () => {
    const { aws } = fakeS3({ 'invoices-1': { created: '2020-01-01T00:00:00Z' }, 'invoices-2': {}, invoices: { created: '2026-11-01T10:00:00Z' } });
    expect(await createdOf(aws, bucket('invoices'))).toBe('2026-11-01T10:00:00.000Z');
  });
  it('is unknown if the list does not have it; that may be temporary', async () => {
    await expect(createdOf(fakeS3({ 'invoices-1': {} }).aws, bucket('invoices'))).rejects.toMatchObject({ code: 'aws/unknown', retryable: true });
    await expect(createdOf(fakeS3({ invoices: {} }, { ListBuckets: s3Error('AccessDenied', 'aws/denied') }).aws, bucket('invoices'))).rejects.toMatchObject({
      code: 'aws/denied',
    });
  });
});

describe('discovery', () => {
  it('finds the buckets of its region, on every page', async () => {
    const { aws } = fakeS3({ a: {}, b: { region: 'us-east-1' }, c: {}, d: {}, e: { region: 'eu-north-1' } });
    const found: unknown[] = [];
    for await (const each of bucketsIn({ aws, region: 'eu-west-1' })) found.push(each);
    expect(found).toEqual(['a', 'c', 'd'].map((id) => ({ type: 'AWS::S3::Bucket', id, region: 'eu-west-1' })));
  });
  it('is not stopped by a bucket that may not be read: it reads none of them, and finds each', async () => {
    const { aws, calls } = fakeS3({ a: {}, b: { region: 'us-east-2' }, c: {} }, { GetBucketTagging: s3Error('AccessDenied', 'aws/denied') });
    const found: string[] = [];
    for await (const { id } of bucketsIn({ aws, region: 'eu-west-1' })) found.push(id);
    expect(found).toEqual(['a', 'c']);
    expect(calls.map(({ operation }) => operation)).toEqual(['ListBuckets']);
  });
});

describe('recorded calls', () => {
  const call = (request: Parameters<typeof namedBucket>[0]['request']) =>
    namedBucket({
      service: 's3',
      operation: 'PutBucketEncryption',
      request,
      response: null,
      errorCode: null,
      readOnly: false,
      account: ACCOUNT,
      region: 'eu-west-1',
    });
  it.each([[null], [{}], [{ bucketName: '' }], [{ bucketName: ['a'] }], [{ Host: 'a.s3.amazonaws.com' }]])('%j name no bucket', (request) => {
    expect(call(request)).toEqual([]);
  });
  it('name their bucket', () => {
    expect(call({ bucketName: 'invoices', Host: 's3.amazonaws.com' })).toEqual([{ id: 'invoices' }]);
  });
});

it('the package exports its remediators, and nothing of its client', () => {
  expect(Object.keys(published).sort()).toEqual([
    'blockPublicAccess',
    'disableAcls',
    'enableAccountPublicAccessBlock',
    'enableBucketKey',
    'enableEventNotifications',
    'enableServerAccessLogging',
    'enableVersioning',
    'enforceDefaultEncryption',
    'furtherS3Remediators',
    'removeGlobalAclGrants',
    'removePublicRead',
    'removePublicWrite',
    'removeWildcardPrincipal',
    'reportMissingLifecycle',
    'reportMissingMultipartExpiry',
    'reportMissingVersionLifecycle',
    'reportPublicWebsiteBucket',
    'requireKmsDefaultEncryption',
    'requireTls',
    'restrictCrossAccountPolicyActions',
    's3Remediators',
  ]);
  expect(published.furtherS3Remediators.map((each) => each.id)).toEqual([
    's3-enable-server-access-logging',
    's3-require-tls',
    's3-enable-versioning',
    's3-require-kms-default-encryption',
    's3-enable-account-public-access-block',
    's3-remove-public-read',
    's3-remove-public-write',
    's3-remove-global-acl-grants',
    's3-disable-acls',
    's3-enable-bucket-key',
    's3-enable-event-notifications',
    's3-remove-wildcard-principal',
    's3-restrict-cross-account-policy-actions',
    's3-report-missing-lifecycle',
    's3-report-missing-version-lifecycle',
    's3-report-missing-multipart-expiry',
  ]);
  expect(published.s3Remediators.map((each) => each.id)).toEqual([
    's3-enforce-default-encryption',
    's3-block-public-access-private-bucket',
    's3-report-public-website-bucket',
  ]);
  expect(published.s3Remediators.every((each) => each.package.name === '@redress/remediator-s3')).toBe(true);
});
