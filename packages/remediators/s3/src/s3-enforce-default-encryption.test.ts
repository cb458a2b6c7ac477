import type { Assessment, Json, JsonObject } from '@redress/core';
import { parametersJsonSchema } from '@redress/core/schema';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, bucket, type FakeBucket, fakeS3, s3Error } from '../test/fake.js';
import { s3 } from './client.js';
import { enforceDefaultEncryption as remediator } from './s3-enforce-default-encryption.js';

const target = { Bucket: 'invoices', ExpectedBucketOwner: ACCOUNT };
const rule = (SSEAlgorithm: string, more: JsonObject = {}) => ({ ApplyServerSideEncryptionByDefault: { SSEAlgorithm }, ...more });
const KEY = 'arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab';

function plan(rules: readonly Json[] | null, parameters: JsonObject = {}, context: unknown = { logs: [] }): Assessment {
  return remediator.plan({ state: { rules }, context, resource: bucket('invoices'), parameters: remediator.parameters(parameters), observedAt: 0 });
}

/** The only change, which has to be there. */
function change(assessment: Assessment) {
  if (assessment.status !== 'change') throw new Error(`planned ${assessment.status}`);
  expect(assessment.changes).toHaveLength(1);
  const [only] = assessment.changes;
  if (only === undefined || !('calls' in only.undo)) throw new Error('no change with an undo');
  return { put: only.call, undo: only.undo, hazards: (assessment.hazards ?? []).map((hazard) => `${hazard.effect}: ${hazard.code}`), resolves: only.resolves };
}

const rulesOf = (call: { readonly input: JsonObject }) => (call.input['ServerSideEncryptionConfiguration'] as JsonObject)['Rules'];

describe('parameters', () => {
  it('have defaults', () => {
    expect(remediator.parameters(undefined)).toEqual({ algorithm: 'AES256' });
  });
  it.each([
    [{ algorithm: 'aws:kms:dsse' }, 'algorithm'],
    [{ algorithm: null }, 'algorithm'],
    [{ algorithms: 'AES256' }, 'algorithms'],
    [{ kmsKeyId: KEY }, 'kmsKeyId'],
    [{ algorithm: 'AES256', bucketKey: true }, 'bucketKey'],
    [{ algorithm: 'aws:kms', kmsKeyId: '' }, 'kmsKeyId'],
    [{ algorithm: 'aws:kms', kmsKeyId: 'arn:aws:s3:::invoices' }, 'kmsKeyId'],
  ])('refuse %j', (parameters, member) => {
    expect(() => remediator.parameters(parameters)).toThrow(member);
  });
  it.each([KEY, 'alias/s3', '1234abcd-12ab-34cd-56ef-1234567890ab', 'mrk-1234abcd12ab34cd56ef1234567890ab'])('accept the key %s', (kmsKeyId) => {
    expect(remediator.parameters({ algorithm: 'aws:kms', kmsKeyId })).toEqual({ algorithm: 'aws:kms', kmsKeyId });
  });
  it('have a closed JSON Schema', () => {
    expect(parametersJsonSchema(remediator)).toMatchObject({ type: 'object', additionalProperties: false, properties: { algorithm: { default: 'AES256' } } });
  });
});

describe('SSE-S3 wanted', () => {
  it.each([
    ['SSE-S3', [rule('AES256', { BucketKeyEnabled: false })]],
    ['SSE-KMS', [rule('aws:kms')]],
    ['SSE-KMS with a bucket key', [rule('aws:kms', { BucketKeyEnabled: true })]],
    ['DSSE-KMS', [rule('aws:kms:dsse')]],
    ['an unknown algorithm', [rule('aws:next')]],
    ['a rule that also blocks SSE-C', [{ BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] } }, rule('aws:kms')]],
  ])('%s is not changed', (_name, rules) => {
    expect(plan(rules).status).toBe('compliant');
  });

  it('no configuration: it is created, and undone by deleting it', () => {
    const { put, undo, hazards, resolves } = change(plan(null));
    expect(put).toEqual({
      service: 's3',
      operation: 'PutBucketEncryption',
      retry: 'idempotent',
      input: { ...target, ServerSideEncryptionConfiguration: { Rules: [rule('AES256')] } },
    });
    expect(undo).toEqual({ calls: [{ service: 's3', operation: 'DeleteBucketEncryption', retry: 'idempotent', input: target }], restores: 'equivalent' });
    expect(hazards).toEqual([]);
    expect(resolves).toBe(true);
  });

  it('a configuration without rules counts as missing', () => {
    expect(change(plan([])).put).toEqual(change(plan(null)).put);
  });

  it('a rule without default encryption gets one, and keeps its blocked types', () => {
    const before = [{ BucketKeyEnabled: true, BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] } }];
    const { put, undo } = change(plan(before));
    expect(rulesOf(put)).toEqual([{ ...before[0], ...rule('AES256') }]);
    expect(undo.restores).toBe('exact');
    expect(undo.calls.map(rulesOf)).toEqual([before]);
  });
});

describe('SSE-KMS wanted', () => {
  const kms = { algorithm: 'aws:kms' };

  it.each(['aws:kms', 'aws:kms:dsse'])('%s is not changed, whatever its key', (algorithm) => {
    expect(
      plan([{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: algorithm, KMSMasterKeyID: 'another' } }], { ...kms, kmsKeyId: KEY, bucketKey: true }).status,
    ).toBe('compliant');
  });

  it('SSE-S3 is raised after an approval, and keeps its other members', () => {
    const before = rule('AES256', { BucketKeyEnabled: false, BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] } });
    const { put, undo, hazards } = change(plan([before], kms));
    expect(rulesOf(put)).toEqual([{ ...before, ...rule('aws:kms') }]);
    expect(undo.calls.map(rulesOf)).toEqual([[before]]);
    expect(undo.restores).toBe('exact');
    expect(hazards).toEqual(['approve: kms-raise']);
  });

  it('key and bucket key are set if they are configured', () => {
    expect(rulesOf(change(plan([rule('AES256', { BucketKeyEnabled: false })], { ...kms, kmsKeyId: KEY, bucketKey: true })).put)).toEqual([
      { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KEY }, BucketKeyEnabled: true },
    ]);
  });

  it('a missing configuration is also created after an approval', () => {
    expect(change(plan(null, kms)).hazards).toEqual(['approve: kms-raise']);
  });

  it('a bucket that receives access logs is not changed', () => {
    const assessment = plan([rule('AES256')], kms, { logs: ['its policy allows logging.s3.amazonaws.com'] });
    expect(assessment).toMatchObject({ status: 'manual', message: expect.stringContaining('receives access logs') });
  });

  it('a key of another region needs manual steps, since S3 would refuse it', () => {
    expect(plan([rule('AES256')], { ...kms, kmsKeyId: KEY.replace('eu-west-1', 'us-east-1') })).toMatchObject({
      status: 'manual',
      message: expect.stringContaining('us-east-1'),
    });
  });

  it('an unknown algorithm needs manual steps', () => {
    expect(plan([rule('aws:next')], kms).status).toBe('manual');
  });
});

it('directory buckets are ignored', async () => {
  const { aws, calls } = fakeS3({});
  const resource = bucket('fast--use1-az4--x-s3', 'us-east-1');
  const parameters = remediator.parameters({});
  const seen = await remediator.observe({ aws, resource, parameters });
  expect(calls).toEqual([]);
  if (seen === 'gone') throw new Error('gone');
  expect(remediator.plan({ state: seen.state, context: seen.context, resource, parameters, observedAt: 0 }).status).toBe('not-applicable');
});

describe('an undo that deletes the configuration', () => {
  it.each([
    [null, true],
    [[], true],
    [[rule('AES256', { BucketKeyEnabled: false })], true],
    [[rule('AES256', { BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] } })], true],
    [[rule('aws:kms')], false],
    [[rule('AES256', { BucketKeyEnabled: true })], false],
    [[rule('aws:next')], false],
  ] as const)('leads to %j, which equals none: %s', (rules, same) => {
    expect(remediator.equivalent({ rules: null }, { rules } as Json)).toBe(same);
  });
  it('equals none only if there was none', () => {
    expect(remediator.equivalent({ rules: [rule('aws:kms')] }, { rules: [rule('AES256')] })).toBe(false);
  });
});

describe('observing', () => {
  const observe = async (state: FakeBucket, parameters: JsonObject = {}, refuse: Parameters<typeof fakeS3>[1] = {}) => {
    const fake = fakeS3({ invoices: state }, refuse);
    const seen = await remediator.observe({ aws: fake.aws, resource: bucket('invoices'), parameters: remediator.parameters(parameters) });
    if (seen === 'gone') throw new Error('gone');
    return { ...fake, ...seen };
  };

  it('reads the rules, sorted, and the tags', async () => {
    const { state, tags } = await observe({
      rules: [rule('aws:kms', { BlockedEncryptionTypes: { EncryptionType: ['SSE-C', 'NONE'] } }), rule('AES256', { BucketKeyEnabled: undefined as never })],
      tags: { team: 'billing' },
    });
    expect(state).toEqual({
      created: '2026-01-02T03:04:05.000Z',
      rules: [rule('AES256'), rule('aws:kms', { BlockedEncryptionTypes: { EncryptionType: ['NONE', 'SSE-C'] } })],
    });
    expect(tags).toEqual({ team: 'billing' });
  });

  it('reads no tags for a verification', async () => {
    const fake = fakeS3({ invoices: { rules: [rule('AES256')] } }, { GetBucketTagging: s3Error('AccessDenied', 'aws/denied') });
    const args = { aws: fake.aws, resource: bucket('invoices'), parameters: remediator.parameters({}) };
    expect(await remediator.observe({ ...args, purpose: 'verification' })).toMatchObject({ state: { rules: [rule('AES256')] } });
    expect(fake.calls.map((call) => call.operation)).toEqual(['GetBucketEncryption', 'ListBuckets']);
  });

  it('distinguishes a missing configuration from a missing bucket', async () => {
    expect((await observe({})).state).toEqual({ created: '2026-01-02T03:04:05.000Z', rules: null });
    expect(await remediator.observe({ aws: fakeS3({}).aws, resource: bucket('invoices'), parameters: remediator.parameters({}) })).toBe('gone');
  });

  it('detects a bucket that was deleted and recreated, and the same one after a rollback', async () => {
    const [first, again] = [await observe({ created: '2026-01-01T00:00:00Z' }), await observe({ created: '2026-06-01T00:00:00Z' })];
    expect([first.state, again.state]).toMatchObject([{ created: '2026-01-01T00:00:00.000Z' }, { created: '2026-06-01T00:00:00.000Z' }]);
    // S3 may show another date after a change of the settings.
    const state = (created: string, rules: object[]): never => ({ created, rules }) as never;
    expect(remediator.equivalent(state('a', [rule('aws:kms')]), state('b', [rule('aws:kms')]))).toBe(true);
    expect(remediator.equivalent(state('a', [rule('aws:kms')]), state('a', [rule('AES256')]))).toBe(false);
  });

  it.each(['GetBucketEncryption', 'GetBucketTagging', 'GetBucketAcl', 'GetBucketPolicy', 'ListBuckets'])('fails when %s is denied', async (operation) => {
    await expect(observe({ rules: [rule('AES256')] }, { algorithm: 'aws:kms' }, { [operation]: s3Error('AccessDenied', 'aws/denied') })).rejects.toMatchObject({
      code: 'aws/denied',
    });
  });

  it('fails on an empty response', async () => {
    await expect(observe({ rules: undefined as never }, {}, { GetBucketEncryption: s3Error('NoSuchSomethingElse') })).rejects.toMatchObject({
      code: 'aws/gone',
    });
    const listed = async () => ({ Buckets: [{ Name: 'invoices', CreationDate: new Date(0) }] });
    const aws = { s3: { GetBucketEncryption: async () => ({}), GetBucketTagging: async () => ({ TagSet: [] }), ListBuckets: listed } } as never;
    await expect(remediator.observe({ aws, resource: bucket('invoices'), parameters: remediator.parameters({}) })).rejects.toThrow('did not return');
  });

  it('names the expected owner in every call', async () => {
    const { calls } = await observe({ rules: [rule('AES256')] }, { algorithm: 'aws:kms' });
    expect(calls.map((call) => call.operation).sort()).toEqual(['GetBucketAcl', 'GetBucketEncryption', 'GetBucketPolicy', 'GetBucketTagging', 'ListBuckets']);
    // The list holds the account's own alone.
    expect(calls.every((call) => call.operation === 'ListBuckets' || call.input['ExpectedBucketOwner'] === ACCOUNT)).toBe(true);
  });

  it('reads log delivery only if KMS is configured', async () => {
    expect((await observe({ rules: [rule('AES256')] })).calls.map((call) => call.operation)).toEqual([
      'GetBucketEncryption',
      'GetBucketTagging',
      'ListBuckets',
    ]);
  });

  const statement = (more: JsonObject) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:PutObject', Resource: '*', ...more }] });
  it.each([
    ['a grant to the log delivery group', { grants: [{ uri: 'http://acs.amazonaws.com/groups/s3/LogDelivery', permission: 'WRITE' }] }, 1],
    ['a policy that lets the service in', { policy: statement({ Principal: { Service: 'logging.s3.amazonaws.com' } }) }, 1],
    [
      'a policy that lets several services in',
      { policy: statement({ Principal: { Service: ['delivery.logs.amazonaws.com', 'logging.s3.amazonaws.com'] } }) },
      1,
    ],
    ['a single statement', { policy: JSON.stringify({ Statement: { Effect: 'Allow', Principal: { Service: 'logging.s3.amazonaws.com' } } }) }, 1],
    ['a policy that cannot be understood', { policy: '{' }, 1],
    ['a policy that keeps the service out', { policy: statement({ Effect: 'Deny', Principal: { Service: 'logging.s3.amazonaws.com' } }) }, 0],
    ['a policy for people', { policy: statement({ Principal: { AWS: 'arn:aws:iam::111111111111:root' } }) }, 0],
    ['nothing', {}, 0],
  ] as const)('%s', async (_name, more, signs) => {
    const { context } = await observe({ rules: [rule('AES256')], ...more }, { algorithm: 'aws:kms' });
    expect((context as { logs: string[] }).logs).toHaveLength(signs);
  });
});

it('types allow only declared operations and valid input', () => {
  const refused = () => {
    // @ts-expect-error an operation that the package does not bind
    s3.call('DeleteBucket', {});
    const algorithm = 'rot13';
    const byDefault = { SSEAlgorithm: algorithm } as const;
    // @ts-expect-error an algorithm that S3 does not have
    s3.call('PutBucketEncryption', { Bucket: 'b', ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: byDefault }] } });
  };
  expect(refused).toThrow('no operation');
  expect(remediator.uses.writes.flatMap((use) => use.operations)).toEqual(['PutBucketEncryption']);
});

describe('a glance', () => {
  const glance = async (state: FakeBucket, parameters: JsonObject = {}, refuse: Parameters<typeof fakeS3>[1] = {}) => {
    const fake = fakeS3({ invoices: state }, refuse);
    const wanted = remediator.parameters(parameters);
    const seen = await remediator.glance?.({ aws: fake.aws as never, resource: bucket('invoices'), parameters: wanted });
    const status =
      seen === null || seen === undefined
        ? null
        : remediator.plan({ state: seen.state as never, context: seen.context, resource: bucket('invoices'), parameters: wanted, observedAt: 0 }).status;
    return { status, calls: fake.calls.map(({ operation }) => operation) };
  };
  it.each([
    ['SSE-S3 if that is configured', [rule('AES256')], {}, 'compliant'],
    ['SSE-KMS if that is configured', [rule('aws:kms')], { algorithm: 'aws:kms' }, 'compliant'],
    ['SSE-S3 if SSE-KMS is configured', [rule('AES256')], { algorithm: 'aws:kms' }, 'change'],
  ])('takes one call: %s', async (_name, rules, parameters, status) => {
    expect(await glance({ rules }, parameters)).toEqual({ status, calls: ['GetBucketEncryption'] });
  });
  it('reports a missing configuration', async () => {
    expect(await glance({})).toEqual({ status: 'change', calls: ['GetBucketEncryption'] });
  });
  it('trusts nothing that it cannot read', async () => {
    await expect(glance({ rules: [rule('AES256')] }, {}, { GetBucketEncryption: s3Error('AccessDenied', 'aws/denied') })).rejects.toThrow('AccessDenied');
  });
});
