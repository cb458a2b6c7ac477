import type { JsonObject } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look } from '../../../../../tests/support/look.js';
import { bucket } from '../../test/fake.js';
import { enableBucketKey, enableEventNotifications, reportMissingLifecycle, reportMissingMultipartExpiry, reportMissingVersionLifecycle } from '../index.js';

const REF = bucket('invoices');
const none = (code: string) => Object.assign(new Error(code), { code: 'aws/gone', cause: Object.assign(new Error(code), { name: code }) });
const s3 = {
  ListBuckets: { Buckets: [{ Name: 'invoices', BucketRegion: 'eu-west-1', CreationDate: new Date(0) }] },
  GetBucketTagging: { TagSet: [] },
};

describe('event notifications', () => {
  const plan = (configured: object, parameters: JsonObject) =>
    assess(enableEventNotifications, REF, { s3: { ...s3, GetBucketNotificationConfiguration: configured } }, { parameters });
  const Events = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'];
  it.each<[string, string, object]>([
    ['EventBridge', 'eventbridge', { EventBridgeConfiguration: {} }],
    [
      'a topic of its region',
      'arn:aws:sns:{region}:{account}:events',
      { TopicConfigurations: [{ TopicArn: 'arn:aws:sns:eu-west-1:111111111111:events', Events }] },
    ],
    ['a queue', 'arn:aws:sqs:eu-west-1:222222222222:events', { QueueConfigurations: [{ QueueArn: 'arn:aws:sqs:eu-west-1:222222222222:events', Events }] }],
  ])('go to %s, and are removed by the undo', async (_, target, NotificationConfiguration) => {
    const owner = { Bucket: 'invoices', ExpectedBucketOwner: '111111111111' };
    expect(await plan({}, { target })).toMatchObject({
      status: 'change',
      changes: [
        {
          call: { operation: 'PutBucketNotificationConfiguration', input: { ...owner, NotificationConfiguration } },
          undo: { restores: 'exact', calls: [{ operation: 'PutBucketNotificationConfiguration', input: { ...owner, NotificationConfiguration: {} } }] },
        },
      ],
    });
  });
  it.each([
    ['a function', { LambdaFunctionConfigurations: [{ LambdaFunctionArn: 'arn:aws:lambda:eu-west-1:111111111111:function:own', Events }] }],
    ['a topic', { TopicConfigurations: [{ TopicArn: 'arn:aws:sns:eu-west-1:111111111111:own', Events }] }],
    ['EventBridge', { EventBridgeConfiguration: {} }],
  ])('that go to %s already are never overwritten', async (_, configured) => {
    expect((await plan(configured, { target: 'eventbridge' })).status).toBe('compliant');
  });
  it('need a target', async () => {
    expect(await plan({}, {})).toMatchObject({ status: 'manual', message: expect.stringContaining('does not name target') });
    expect(() => enableEventNotifications.parameters({ target: 'arn:aws:lambda:eu-west-1:111111111111:function:own' })).toThrow('a topic or a queue');
    expect(() => enableEventNotifications.parameters({ target: 'eventbridge', events: [] })).toThrow();
  });
});

describe('a bucket key', () => {
  const ARN = 'arn:aws:kms:eu-west-1:111111111111:key/1234abcd';
  const plan = (KMSMasterKeyID: string | undefined, statement: object = {}, more: object = {}) =>
    assess(enableBucketKey, REF, {
      s3: {
        ...s3,
        GetBucketEncryption: {
          ServerSideEncryptionConfiguration: {
            Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', ...(KMSMasterKeyID === undefined ? {} : { KMSMasterKeyID }) }, ...more }],
          },
        },
      },
      kms: {
        DescribeKey: { KeyMetadata: { KeyId: '1234abcd' } },
        GetKeyPolicy: ({ KeyId }: { KeyId: string }) =>
          KeyId === '1234abcd' ? { Policy: JSON.stringify({ Statement: [{ Effect: 'Allow', ...statement }] }) } : new Error('KMS takes no alias here.'),
      },
    });
  const codes = async (assessed: ReturnType<typeof plan>) => {
    const assessment = await assessed;
    return assessment.status === 'change' ? (assessment.hazards ?? []).map(({ code }) => code) : assessment.status;
  };
  it('is turned on, and the rest of the rule stays', async () => {
    const BlockedEncryptionTypes = { EncryptionType: ['SSE-C'] };
    const rule = (BucketKeyEnabled: boolean) => ({
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: ARN },
      BlockedEncryptionTypes,
      BucketKeyEnabled,
    });
    expect(await plan(ARN, {}, { BlockedEncryptionTypes })).toMatchObject({
      changes: [
        {
          call: { input: { ServerSideEncryptionConfiguration: { Rules: [rule(true)] } } },
          undo: { restores: 'exact', calls: [{ input: { ServerSideEncryptionConfiguration: { Rules: [rule(false)] } } }] },
        },
      ],
    });
  });
  it.each<[string, string | undefined, object, readonly string[]]>([
    ['has no condition on the context', ARN, {}, []],
    ['is named by an alias', 'alias/own', { Condition: { StringLike: { 'kms:EncryptionContext:aws:s3:arn': '*' } } }, ['encryption-context']],
    [
      'has a null condition on the context',
      ARN,
      { Condition: { 'ForAnyValue:StringEquals': { 'kms:EncryptionContextKeys': 'aws:s3:arn' } } },
      ['encryption-context'],
    ],
    ['is of another account', ARN.replace('111111111111', '222222222222'), {}, ['encryption-context']],
    ['is managed by AWS', undefined, {}, []],
  ])('of a key whose policy %s', async (_, key, statement, expected) => {
    expect(await codes(plan(key, statement))).toEqual(expected);
  });
  it('applies only to SSE-KMS', async () => {
    const under = (SSEAlgorithm: string) =>
      assess(enableBucketKey, REF, {
        s3: { ...s3, GetBucketEncryption: { ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm } }] } } },
      });
    for (const algorithm of ['AES256', 'aws:kms:dsse']) expect((await under(algorithm)).status).toBe('not-applicable');
  });
});

describe('lifecycle rules', () => {
  const rule = (more: object) => ({ ID: 'own', Status: 'Enabled', Filter: { Prefix: '' }, ...more });
  const reply = (rules: readonly object[] | null, Status = 'Enabled') => ({
    s3: {
      ...s3,
      GetBucketLifecycleConfiguration: rules === null ? none('NoSuchLifecycleConfiguration') : { Rules: rules },
      GetBucketVersioning: { Status },
    },
  });
  const tiering = { Transitions: [{ Days: 30, StorageClass: 'INTELLIGENT_TIERING' }] };
  const aborting = { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } };
  const ending = { NoncurrentVersionExpiration: { NoncurrentDays: 30 } };
  it.each<[string, readonly object[] | null, readonly [any: string, versions: string, uploads: string]]>([
    ['missing', null, ['manual', 'manual', 'manual']],
    ['disabled', [rule({ Status: 'Disabled', ...tiering, ...aborting, ...ending })], ['manual', 'manual', 'manual']],
    ['for transitions', [rule(tiering)], ['compliant', 'manual', 'manual']],
    ['for older versions', [rule(ending)], ['compliant', 'compliant', 'manual']],
    [
      'for older versions of a part',
      [rule({ Filter: { Prefix: 'logs/' }, NoncurrentVersionTransitions: [{ NoncurrentDays: 30, StorageClass: 'GLACIER_IR' }] })],
      ['compliant', 'compliant', 'manual'],
    ],
    ['for aborted uploads', [rule(aborting)], ['compliant', 'manual', 'compliant']],
    ['in the old form', [{ ID: 'own', Status: 'Enabled', Prefix: '', ...aborting }], ['compliant', 'manual', 'compliant']],
    ['for aborted uploads of a part', [rule({ Filter: { Prefix: 'logs/' }, ...aborting })], ['compliant', 'manual', 'manual']],
    ['without a filter', [{ ID: 'own', Status: 'Enabled', ...aborting }], ['compliant', 'manual', 'manual']],
  ])('are %s', async (_, rules, expected) => {
    const found = [];
    for (const report of [reportMissingLifecycle, reportMissingVersionLifecycle, reportMissingMultipartExpiry])
      found.push((await assess(report, REF, reply(rules))).status);
    expect(found).toEqual(expected);
  });
  it('do not apply to a bucket without versions', async () => {
    expect((await assess(reportMissingVersionLifecycle, REF, reply(null, 'Suspended'))).status).toBe('not-applicable');
  });
  it('are added to the existing ones', async () => {
    expect(await assess(reportMissingMultipartExpiry, REF, reply([rule(tiering)]))).toMatchObject({
      steps: expect.arrayContaining([
        expect.stringContaining('"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7}'),
        expect.stringContaining('the call replaces all rules'),
      ]),
    });
  });
  it('that cannot be read are not empty', async () => {
    for (const rules of [{}, { Rules: [{ ID: 'own', Filter: {} }] }])
      await expect(look(reportMissingLifecycle, REF, { s3: { ...s3, GetBucketLifecycleConfiguration: rules } })).rejects.toThrow();
  });
  it('of a Config rule with its own days are not judged', async () => {
    const seen = await look(reportMissingLifecycle, REF, reply([rule(tiering)]));
    if (seen === 'gone') throw new Error('It is there.');
    expect(seen.judge({ parameters: { targetExpirationDays: '30' } })).toBeNull();
    expect(seen.judge()).toEqual([]);
  });
});
