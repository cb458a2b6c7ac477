import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketEncryptionCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAclCommand,
  GetBucketEncryptionCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetBucketWebsiteCommand,
  type LifecycleRule,
  ListBucketsCommand,
  type NotificationConfiguration,
  PutBucketAclCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketLoggingCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutBucketWebsiteCommand,
  PutPublicAccessBlockCommand,
  S3Client,
  type ServerSideEncryptionRule,
} from '@aws-sdk/client-s3';
import { DeletePublicAccessBlockCommand as DeleteAccountBlockCommand, PutPublicAccessBlockCommand as PutAccountBlockCommand } from '@aws-sdk/client-s3-control';
import { GLOBAL_REGION, type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { afterAll, inject } from 'vitest';
import { startMoto } from '../../../../scripts/moto.mjs';
import { inFrontOf, json, refusal } from '../../../../tests/support/in-front.js';
import { AddressedS3ControlClient } from '../src/control/sdk.js';
import {
  blockPublicAccess,
  disableAcls,
  enableAccountPublicAccessBlock,
  enableBucketKey,
  enableEventNotifications,
  enableServerAccessLogging,
  enableVersioning,
  enforceDefaultEncryption,
  removeGlobalAclGrants,
  removePublicRead,
  removePublicWrite,
  removeWildcardPrincipal,
  reportMissingLifecycle,
  reportMissingMultipartExpiry,
  reportMissingVersionLifecycle,
  reportPublicWebsiteBucket,
  requireKmsDefaultEncryption,
  requireTls,
  restrictCrossAccountPolicyActions,
} from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}
const account = { endpoint: inject('moto') };

async function bucket(sdk: Sdk, prepare: (s3: S3Client, Bucket: string) => Promise<unknown> = async () => undefined): Promise<ResourceRef> {
  const s3 = new S3Client(sdk.config);
  const Bucket = sdk.name('bucket');
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'team', Value: 'payments' }] } }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  await prepare(s3, Bucket);
  return resource({ type: 'AWS::S3::Bucket', id: Bucket, account: sdk.account, region: sdk.region });
}
const encrypted = (s3: S3Client, Bucket: string, rule: ServerSideEncryptionRule) =>
  s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }));
const everybody = (Bucket: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Sid: 'site', Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` }],
  });

const common: Pick<Scenario, 'tag' | 'rest'> = {
  tag: async (sdk, { id: Bucket }, Key, Value) => {
    const s3 = new S3Client(sdk.config);
    const { TagSet = [] } = await s3.send(new GetBucketTaggingCommand({ Bucket }));
    await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [...TagSet, { Key, Value }] } }));
  },
  rest: async (sdk, { id: Bucket }) => {
    const s3 = new S3Client(sdk.config);
    return {
      tags: (await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet ?? [],
      versioning: (await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status ?? null,
      website: await s3.send(new GetBucketWebsiteCommand({ Bucket })).then(
        ({ IndexDocument }) => IndexDocument?.Suffix ?? null,
        () => null,
      ),
    };
  },
};
const named =
  (operation: string): Scenario['event'] =>
  (ref) =>
    cloudTrailEvent({
      account: ref.account,
      region: ref.region,
      service: 's3',
      operation,
      request: { bucketName: ref.id, Host: `${ref.id}.s3.amazonaws.com` },
    });
const gone = (sdk: Sdk) => resource({ type: 'AWS::S3::Bucket', id: sdk.name('gone'), account: sdk.account, region: sdk.region });
const kms = { algorithm: 'aws:kms' };

describeRemediator(enforceDefaultEncryption, {
  account,
  scenarios: [
    {
      ...common,
      name: 'a bucket without default encryption',
      expect: 'change',
      arrange: (sdk) => bucket(sdk),
      breakAgain: async (sdk, { id: Bucket }) => {
        await new S3Client(sdk.config).send(new DeleteBucketEncryptionCommand({ Bucket }));
      },
    },
    {
      ...common,
      name: 'a bucket whose encryption someone has just deleted',
      expect: 'change',
      arrange: (sdk) => bucket(sdk),
      event: named('DeleteBucketEncryption'),
    },
    {
      ...common,
      name: 'SSE-S3',
      expect: 'compliant',
      arrange: (sdk) => bucket(sdk, (s3, Bucket) => encrypted(s3, Bucket, { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } })),
    },
    {
      ...common,
      name: 'SSE-KMS, which is stronger than what is wanted',
      expect: 'compliant',
      arrange: (sdk) =>
        bucket(sdk, (s3, Bucket) =>
          encrypted(s3, Bucket, { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'alias/ours' }, BucketKeyEnabled: true }),
        ),
    },
    {
      ...common,
      name: 'SSE-S3 where SSE-KMS is wanted',
      expect: 'change',
      parameters: kms,
      hazards: ['kms-raise'],
      arrange: (sdk) =>
        bucket(sdk, (s3, Bucket) => encrypted(s3, Bucket, { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: true })),
    },
    {
      ...common,
      name: 'a bucket that receives access logs, where SSE-KMS is wanted',
      expect: 'manual',
      parameters: kms,
      arrange: (sdk) =>
        bucket(sdk, (s3, Bucket) =>
          s3.send(
            new PutBucketPolicyCommand({
              Bucket,
              Policy: JSON.stringify({
                Version: '2012-10-17',
                Statement: [
                  { Effect: 'Allow', Principal: { Service: 'logging.s3.amazonaws.com' }, Action: 's3:PutObject', Resource: `arn:aws:s3:::${Bucket}/*` },
                ],
              }),
            }),
          ),
        ),
    },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
    {
      name: 'a directory bucket',
      expect: 'not-applicable',
      arrange: async (sdk) => resource({ type: 'AWS::S3::Bucket', id: `${sdk.name('express')}--use1-az4--x-s3`, account: sdk.account, region: sdk.region }),
    },
  ],
});

const site = (s3: S3Client, Bucket: string) =>
  s3.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration: { IndexDocument: { Suffix: 'index.html' } } }));
const open = (s3: S3Client, Bucket: string) => s3.send(new PutBucketPolicyCommand({ Bucket, Policy: everybody(Bucket) }));

const owned = (s3: S3Client, Bucket: string) =>
  s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } }));

describeRemediator(blockPublicAccess, {
  account,
  scenarios: [
    {
      ...common,
      name: 'a bucket without a block',
      expect: 'change',
      arrange: (sdk) => bucket(sdk, owned),
      breakAgain: async (sdk, { id: Bucket }) => {
        await new S3Client(sdk.config).send(new DeletePublicAccessBlockCommand({ Bucket }));
      },
    },
    {
      ...common,
      name: 'a bucket with half a block, which someone has just put',
      expect: 'change',
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await owned(s3, Bucket);
          await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: { BlockPublicAcls: true, IgnorePublicAcls: true } }));
        }),
      event: named('PutBucketPublicAccessBlock'),
    },
    { ...common, name: 'objects may have lists of their own', expect: 'change', hazards: ['object-acls'], arrange: (sdk) => bucket(sdk) },
    {
      ...common,
      name: 'a website that is not public yet',
      expect: 'change',
      hazards: ['website'],
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await owned(s3, Bucket);
          await site(s3, Bucket);
        }),
    },
    {
      ...common,
      name: 'a policy that leaves access to access points',
      expect: 'change',
      hazards: ['access-points'],
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await owned(s3, Bucket);
          const Condition = { StringEquals: { 's3:DataAccessPointAccount': sdk.account } };
          const Resource = [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`];
          const Statement = [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${sdk.account}:root` }, Action: 's3:GetObject', Resource, Condition }];
          await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }));
        }),
    },
    { ...common, name: 'a bucket that a policy makes public', expect: 'manual', arrange: (sdk) => bucket(sdk, open) },
    {
      ...common,
      name: 'the whole block',
      expect: 'compliant',
      arrange: (sdk) =>
        bucket(sdk, (s3, Bucket) =>
          s3.send(
            new PutPublicAccessBlockCommand({
              Bucket,
              PublicAccessBlockConfiguration: { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true },
            }),
          ),
        ),
    },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
    {
      name: 'a directory bucket',
      expect: 'not-applicable',
      arrange: async (sdk) => resource({ type: 'AWS::S3::Bucket', id: `${sdk.name('express')}--use1-az4--x-s3`, account: sdk.account, region: sdk.region }),
    },
  ],
});

describeRemediator(reportPublicWebsiteBucket, {
  account,
  scenarios: [
    {
      ...common,
      name: 'a website that a policy makes public',
      expect: 'manual',
      event: named('PutBucketPolicy'),
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await site(s3, Bucket);
          await open(s3, Bucket);
        }),
    },
    {
      ...common,
      name: 'a public list of grants, and no website',
      expect: 'manual',
      arrange: (sdk) => bucket(sdk, (s3, Bucket) => s3.send(new PutBucketAclCommand({ Bucket, ACL: 'public-read' }))),
    },
    {
      ...common,
      name: 'a public policy that the public access block cuts off',
      expect: 'compliant',
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await open(s3, Bucket);
          await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: { IgnorePublicAcls: true, RestrictPublicBuckets: true } }));
        }),
    },
    { ...common, name: 'a private bucket', expect: 'compliant', arrange: (sdk) => bucket(sdk) },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
    {
      name: 'a directory bucket',
      expect: 'not-applicable',
      arrange: async (sdk) => resource({ type: 'AWS::S3::Bucket', id: `${sdk.name('express')}--use1-az4--x-s3`, account: sdk.account, region: sdk.region }),
    },
  ],
});

const letsIn = async (s3: S3Client, Bucket: string) => {
  const allowed = { Effect: 'Allow', Principal: { Service: 'logging.s3.amazonaws.com' }, Action: 's3:PutObject', Resource: `arn:aws:s3:::${Bucket}/*` };
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement: [allowed] }) }));
};
const LOGS = 'kit-access-logs';
const target = async (sdk: Sdk) => {
  const s3 = new S3Client(sdk.config);
  await s3.send(new CreateBucketCommand({ Bucket: LOGS })).catch(() => undefined);
  await letsIn(s3, LOGS);
};
const logged = { ...common, parameters: { targetBucket: 'kit-access-{region}' } };
/** The bucket that these parameters name: no policy lets S3 deliver to it. */
const closedTarget = (sdk: Sdk) => new S3Client(sdk.config).send(new CreateBucketCommand({ Bucket: `kit-access-${sdk.region}` })).catch(() => undefined);
const logging = (sdk: Sdk, Bucket: string, LoggingEnabled?: { TargetBucket: string; TargetPrefix: string }) =>
  new S3Client(sdk.config).send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: LoggingEnabled === undefined ? {} : { LoggingEnabled } }));

describeRemediator(enableServerAccessLogging, {
  account,
  scenarios: [
    {
      ...logged,
      parameters: { targetBucket: LOGS },
      name: 'a bucket without it',
      expect: 'change',
      arrange: async (sdk) => {
        await target(sdk);
        return bucket(sdk);
      },
      breakAgain: async (sdk, { id }) => {
        await logging(sdk, id);
      },
    },
    {
      ...logged,
      parameters: { targetBucket: LOGS },
      name: 'someone has just turned it off',
      expect: 'change',
      event: named('PutBucketLogging'),
      arrange: async (sdk) => {
        await target(sdk);
        return bucket(sdk);
      },
    },
    {
      ...logged,
      parameters: { targetBucket: LOGS },
      name: 'a scratch bucket',
      expect: 'change',
      hazards: ['short-lived'],
      arrange: async (sdk) => {
        await target(sdk);
        const ref = await bucket(sdk);
        await common.tag?.(sdk, ref, 'purpose', 'scratch');
        return ref;
      },
    },
    { ...common, name: 'no bucket is named', expect: 'manual', arrange: (sdk) => bucket(sdk) },
    {
      ...logged,
      name: 'the named bucket takes no logs',
      expect: 'manual',
      arrange: async (sdk) => {
        await closedTarget(sdk);
        return bucket(sdk);
      },
    },
    {
      ...logged,
      name: 'a bucket with it, to another place',
      expect: 'compliant',
      arrange: async (sdk) => {
        await target(sdk);
        await closedTarget(sdk);
        const ref = await bucket(sdk);
        await logging(sdk, ref.id, { TargetBucket: LOGS, TargetPrefix: 'elsewhere/' });
        return ref;
      },
    },
    {
      name: 'the log bucket itself',
      expect: 'not-applicable',
      parameters: { targetBucket: LOGS },
      arrange: async (sdk) => {
        await target(sdk);
        await logging(sdk, LOGS);
        return resource({ type: 'AWS::S3::Bucket', id: LOGS, account: sdk.account, region: sdk.region });
      },
    },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
  ],
});

const withoutTls = (s3: S3Client, Bucket: string) =>
  s3.send(
    new PutBucketPolicyCommand({
      Bucket,
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'tls',
            Effect: 'Deny',
            Principal: { AWS: '*' },
            Action: ['s3:*'],
            Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
            Condition: { Bool: { 'aws:SecureTransport': false } },
          },
        ],
      }),
    }),
  );
describeRemediator(requireTls, {
  account,
  scenarios: [
    {
      ...common,
      name: 'a bucket without a policy',
      expect: 'change',
      arrange: (sdk) => bucket(sdk),
      breakAgain: async (sdk, { id: Bucket }) => {
        await new S3Client(sdk.config).send(new DeleteBucketPolicyCommand({ Bucket }));
      },
    },
    { ...common, name: 'a bucket with a policy of its own', expect: 'change', arrange: (sdk) => bucket(sdk, letsIn), event: named('PutBucketPolicy') },
    { ...common, name: 'a website', expect: 'change', hazards: ['website'], arrange: (sdk) => bucket(sdk, site) },
    {
      ...common,
      name: 'a policy without room',
      expect: 'manual',
      arrange: (sdk) =>
        bucket(sdk, (s3, Bucket) => {
          const allowed = {
            Effect: 'Allow',
            Principal: { AWS: 'arn:aws:iam::222222222222:root' },
            Action: 's3:GetObject',
            Resource: `arn:aws:s3:::${Bucket}/*`,
          };
          const Statement = Array.from({ length: 110 }, (_, index) => ({ Sid: `reader${index}`.padEnd(40, 'x'), ...allowed }));
          return s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }));
        }),
    },
    { ...common, name: 'a policy that requires it in other words', expect: 'compliant', arrange: (sdk) => bucket(sdk, withoutTls) },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
  ],
});

const versioned: Pick<Scenario, 'tag' | 'rest'> = {
  ...common,
  rest: async (sdk, { id: Bucket }) => (await new S3Client(sdk.config).send(new GetBucketTaggingCommand({ Bucket }))).TagSet ?? [],
};
const suspended = (s3: S3Client, Bucket: string) => s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } }));
describeRemediator(enableVersioning, {
  account,
  scenarios: [
    {
      ...versioned,
      name: 'a bucket whose versioning is suspended',
      expect: 'change',
      arrange: (sdk) => bucket(sdk, suspended),
      breakAgain: async (sdk, { id }) => {
        await suspended(new S3Client(sdk.config), id);
      },
    },
    {
      ...versioned,
      name: 'a bucket that never had it',
      expect: 'change',
      event: named('CreateBucket'),
      arrange: async (sdk) => {
        const Bucket = sdk.name('bucket');
        const s3 = new S3Client(sdk.config);
        await s3.send(new CreateBucketCommand({ Bucket }));
        await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'team', Value: 'payments' }] } }));
        return resource({ type: 'AWS::S3::Bucket', id: Bucket, account: sdk.account, region: sdk.region });
      },
    },
    {
      ...versioned,
      name: 'a temporary bucket',
      expect: 'change',
      hazards: ['short-lived'],
      arrange: async (sdk) => {
        const ref = await bucket(sdk, suspended);
        await common.tag?.(sdk, ref, 'lifetime', 'temporary');
        return ref;
      },
    },
    { ...versioned, name: 'a bucket with it', expect: 'compliant', arrange: (sdk) => bucket(sdk) },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
  ],
});

const statements = (...Statement: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Id: 'own', Statement });
const letting = (Bucket: string, Action: string | readonly string[], more: object = {}) => ({
  Sid: 'everybody',
  Effect: 'Allow',
  Principal: '*',
  Action,
  Resource: `arn:aws:s3:::${Bucket}/*`,
  ...more,
});
const byName = (Bucket: string) => letting(Bucket, 's3:GetObject', { Sid: 'partner', Principal: { AWS: 'arn:aws:iam::222222222222:root' } });
const put = (policy: (Bucket: string) => string) => (s3: S3Client, Bucket: string) => s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy(Bucket) }));
const putAgain =
  (policy: (Bucket: string) => string): Scenario['breakAgain'] =>
  async (sdk, { id: Bucket }) => {
    await put(policy)(new S3Client(sdk.config), Bucket);
  };
/** What is beside what is changed: the policy where the list is, and the list where the policy is. */
const withOther = (other: 'acl' | 'policy'): Pick<Scenario, 'tag' | 'rest'> => ({
  ...common,
  rest: async (sdk, ref) => {
    const s3 = new S3Client(sdk.config);
    const { Grants } = await s3.send(new GetBucketAclCommand({ Bucket: ref.id }));
    const policy = await s3.send(new GetBucketPolicyCommand({ Bucket: ref.id })).catch(() => ({ Policy: null }));
    return [await common.rest?.(sdk, ref), other === 'acl' ? Grants : policy.Policy];
  },
});
const tagged = (key: string, value: string) => async (s3: S3Client, Bucket: string) => {
  const { TagSet = [] } = await s3.send(new GetBucketTaggingCommand({ Bucket }));
  await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [...TagSet, { Key: key, Value: value }] } }));
};
const canned = (ACL: 'public-read') => (s3: S3Client, Bucket: string) => s3.send(new PutBucketAclCommand({ Bucket, ACL }));
const granted = async (s3: S3Client, Bucket: string) => {
  const { Owner, Grants = [] } = await s3.send(new GetBucketAclCommand({ Bucket }));
  const everybody = { Grantee: { Type: 'Group' as const, URI: 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers' }, Permission: 'WRITE' as const };
  await s3.send(new PutBucketAclCommand({ Bucket, AccessControlPolicy: { Owner, Grants: [...Grants, everybody] } }));
};
const reading = (Bucket: string) => statements(byName(Bucket), letting(Bucket, 's3:GetObject'));

describeRemediator(removePublicRead, {
  account,
  scenarios: [
    {
      ...withOther('acl'),
      name: 'a bucket that everybody reads',
      expect: 'change',
      arrange: (sdk) => bucket(sdk, put(reading)),
      breakAgain: putAgain(reading),
    },
    {
      ...withOther('acl'),
      name: 'one that everybody may also write to, which someone has just made so',
      expect: 'change',
      arrange: (sdk) =>
        bucket(
          sdk,
          put((Bucket) => statements(letting(Bucket, ['s3:GetObject', 's3:PutObject']))),
        ),
      event: named('PutBucketPolicy'),
    },
    {
      ...withOther('acl'),
      name: 'a website',
      expect: 'change',
      hazards: ['website'],
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await put(reading)(s3, Bucket);
          await site(s3, Bucket);
        }),
    },
    {
      ...withOther('acl'),
      name: 'open data',
      expect: 'change',
      hazards: ['shared-on-purpose'],
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await put(reading)(s3, Bucket);
          await tagged('purpose', 'open data')(s3, Bucket);
        }),
    },
    { ...withOther('acl'), name: 'a bucket that is read by its list alone', expect: 'manual', arrange: (sdk) => bucket(sdk, canned('public-read')) },
    {
      ...withOther('acl'),
      name: 'a bucket whose policy names who reads it',
      expect: 'compliant',
      arrange: (sdk) =>
        bucket(
          sdk,
          put((Bucket) => statements(byName(Bucket))),
        ),
    },
    {
      ...withOther('acl'),
      name: 'a bucket whose block cuts everybody off',
      expect: 'compliant',
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await put(reading)(s3, Bucket);
          await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: { RestrictPublicBuckets: true, IgnorePublicAcls: true } }));
        }),
    },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
  ],
});

const writing = (Bucket: string) => statements(byName(Bucket), letting(Bucket, ['s3:PutObject', 's3:DeleteObject']));
describeRemediator(removePublicWrite, {
  account,
  scenarios: [
    {
      ...withOther('acl'),
      name: 'a bucket that everybody writes to',
      expect: 'change',
      arrange: (sdk) => bucket(sdk, put(writing)),
      breakAgain: putAgain(writing),
    },
    {
      ...withOther('acl'),
      name: 'everybody may do everything, as someone has just said',
      expect: 'change',
      arrange: (sdk) =>
        bucket(
          sdk,
          put((Bucket) => statements(letting(Bucket, 's3:*', { Principal: { AWS: ['*', '222222222222'] } }))),
        ),
      event: named('PutBucketPolicy'),
    },
    {
      ...withOther('acl'),
      name: 'a bucket for uploads that are published',
      expect: 'change',
      hazards: ['shared-on-purpose'],
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await put(writing)(s3, Bucket);
          await tagged('form', 'public')(s3, Bucket);
        }),
    },
    {
      ...withOther('acl'),
      name: 'a bucket that is written to by its list alone',
      expect: 'manual',
      arrange: (sdk) => bucket(sdk, granted),
    },
    { ...withOther('acl'), name: 'a bucket that everybody reads alone', expect: 'compliant', arrange: (sdk) => bucket(sdk, put(reading)) },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
  ],
});

describeRemediator(removeGlobalAclGrants, {
  account,
  scenarios: [
    {
      ...withOther('policy'),
      name: 'a list that lets everybody list',
      expect: 'change',
      arrange: (sdk) => bucket(sdk, canned('public-read')),
      breakAgain: async (sdk, { id }) => {
        await canned('public-read')(new S3Client(sdk.config), id);
      },
    },
    {
      ...withOther('policy'),
      name: 'one that lets everybody with an account write, as someone has just said',
      expect: 'change',
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await put((name) => statements(byName(name)))(s3, Bucket);
          await granted(s3, Bucket);
        }),
      event: named('PutBucketAcl'),
    },
    {
      ...withOther('policy'),
      name: 'a list that is published',
      expect: 'change',
      hazards: ['shared-on-purpose'],
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await canned('public-read')(s3, Bucket);
          await tagged('access', 'public')(s3, Bucket);
        }),
    },
    { ...withOther('policy'), name: 'a private list', expect: 'compliant', arrange: (sdk) => bucket(sdk) },
    {
      ...withOther('policy'),
      name: 'a list that is ignored',
      expect: 'compliant',
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await canned('public-read')(s3, Bucket);
          await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: { IgnorePublicAcls: true } }));
        }),
    },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
  ],
});

const KEY = 'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const plain = (s3: S3Client, Bucket: string) =>
  encrypted(s3, Bucket, { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false });
const keyed: Pick<Scenario, 'tag' | 'rest' | 'parameters' | 'breakAgain'> = {
  ...withOther('policy'),
  parameters: { kmsKeyArn: KEY.replace('us-east-1', '{region}').replace('123456789012', '{account}') },
  breakAgain: async (sdk, { id }) => {
    await plain(new S3Client(sdk.config), id);
  },
};
describeRemediator(requireKmsDefaultEncryption, {
  account,
  scenarios: [
    { ...keyed, name: 'a bucket with SSE-S3', expect: 'change', arrange: (sdk) => bucket(sdk, plain) },
    {
      ...keyed,
      name: 'a bucket that says nothing, which someone has just made',
      expect: 'change',
      arrange: (sdk) => bucket(sdk),
      event: named('CreateBucket'),
    },
    {
      ...keyed,
      name: 'a bucket that a partner reads',
      expect: 'change',
      hazards: ['other-accounts'],
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await plain(s3, Bucket);
          await put((name) => statements(byName(name)))(s3, Bucket);
        }),
    },
    {
      ...keyed,
      name: 'a bucket that CloudFront reads by an identity',
      expect: 'change',
      hazards: ['origin-access-identity', 'other-accounts'],
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await plain(s3, Bucket);
          await put((name) =>
            statements(letting(name, 's3:GetObject', { Principal: { AWS: 'arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1EXAMPLE' } })),
          )(s3, Bucket);
        }),
    },
    {
      ...keyed,
      name: 'a bucket that load balancers deliver logs to',
      expect: 'manual',
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await plain(s3, Bucket);
          await put((name) => statements(letting(name, 's3:PutObject', { Principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' } })))(
            s3,
            Bucket,
          );
        }),
    },
    { ...keyed, name: 'no key is named', expect: 'manual', parameters: {}, arrange: (sdk) => bucket(sdk, plain) },
    {
      ...keyed,
      name: 'a bucket with a key of its own',
      expect: 'compliant',
      arrange: (sdk) =>
        bucket(sdk, (s3, Bucket) => encrypted(s3, Bucket, { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'alias/ours' } })),
    },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
  ],
});

// An account of its own: the buckets of others would count. Organizations is played: no emulator has its effective policies.
const alone = await startMoto();
let organization: string | null = null;
const front = await inFrontOf(alone.endpoint, ({ operation }) =>
  operation !== 'DescribeEffectivePolicy'
    ? null
    : organization === null
      ? refusal('EffectivePolicyNotFoundException')
      : json({ EffectivePolicy: { PolicyType: 'S3_POLICY', PolicyContent: organization } }),
);
afterAll(async () => {
  await front.close();
  await alone.stop();
});
const HALF = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: false, RestrictPublicBuckets: false };
/** The buckets of the account go, then those that are asked for come. */
const wholeAccount =
  (block: object | null, prepare: (s3: S3Client, Bucket: string) => Promise<unknown> = async () => undefined, policy: string | null = null) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    organization = policy;
    const s3 = new S3Client(sdk.config);
    const control = new AddressedS3ControlClient(sdk.config);
    for (const { Name } of (await s3.send(new ListBucketsCommand({}))).Buckets ?? []) await s3.send(new DeleteBucketCommand({ Bucket: Name }));
    await control.send(new DeleteAccountBlockCommand({ AccountId: sdk.account }));
    await bucket(sdk, prepare);
    if (block !== null) await control.send(new PutAccountBlockCommand({ AccountId: sdk.account, PublicAccessBlockConfiguration: block }));
    return resource({ type: 'AWS::::Account', id: sdk.account, account: sdk.account, region: GLOBAL_REGION });
  };
const ofAccount: Pick<Scenario, 'rest' | 'breakAgain'> = {
  rest: async (sdk) => {
    const s3 = new S3Client(sdk.config);
    const names = ((await s3.send(new ListBucketsCommand({}))).Buckets ?? []).flatMap(({ Name }) => Name ?? []);
    return [
      names,
      (await s3.send(new GetBucketAclCommand({ Bucket: names[0] }))).Grants,
      (await s3.send(new GetBucketEncryptionCommand({ Bucket: names[0] })).catch(() => null)) === null,
    ];
  },
  breakAgain: async (sdk) => {
    await new AddressedS3ControlClient(sdk.config).send(new DeleteAccountBlockCommand({ AccountId: sdk.account }));
  },
};
const accountEvent =
  (operation: string): Scenario['event'] =>
  ({ account: owner }) =>
    cloudTrailEvent({ account: owner, region: 'us-east-1', service: 's3', operation, request: { accountId: owner } });
const OWNED = JSON.stringify({ s3_attributes: { public_access_block_configuration: 'none' } });
describeRemediator(enableAccountPublicAccessBlock, {
  account: { endpoint: front.endpoint },
  scenarios: [
    { ...ofAccount, name: 'an account without a block', expect: 'change', arrange: wholeAccount(null) },
    {
      ...ofAccount,
      name: 'an account with half a block, which someone has just put',
      expect: 'change',
      arrange: wholeAccount(HALF),
      event: accountEvent('PutAccountPublicAccessBlock'),
    },
    { ...ofAccount, name: 'a bucket of it is public', expect: 'change', hazards: ['public-bucket'], arrange: wholeAccount(null, put(reading)) },
    { ...ofAccount, name: 'the organization has taken the setting over', expect: 'manual', arrange: wholeAccount(null, undefined, OWNED) },
    {
      ...ofAccount,
      name: 'an account with all of it',
      expect: 'compliant',
      arrange: wholeAccount({ BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true }, undefined, OWNED),
    },
  ],
});

const controlled = (ObjectOwnership: 'ObjectWriter' | 'BucketOwnerPreferred' | 'BucketOwnerEnforced') => (s3: S3Client, Bucket: string) =>
  s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules: [{ ObjectOwnership }] } }));
const listed: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  ...withOther('acl'),
  breakAgain: async (sdk, { id: Bucket }) => {
    await new S3Client(sdk.config).send(new DeleteBucketOwnershipControlsCommand({ Bucket }));
  },
};
describeRemediator(disableAcls, {
  account,
  scenarios: [
    { ...listed, name: 'a bucket of before, whose objects are of whoever wrote them', expect: 'change', arrange: (sdk) => bucket(sdk) },
    {
      ...listed,
      name: 'a bucket whose owner is preferred, as someone has just said',
      expect: 'change',
      arrange: (sdk) => bucket(sdk, controlled('BucketOwnerPreferred')),
      event: named('PutBucketOwnershipControls'),
    },
    {
      ...listed,
      name: 'a bucket that another account writes to',
      expect: 'change',
      hazards: ['other-accounts'],
      arrange: (sdk) =>
        bucket(
          sdk,
          put((Bucket) => statements({ ...letting(Bucket, 's3:PutObject'), Principal: { AWS: 'arn:aws:iam::222222222222:root' } })),
        ),
    },
    { ...listed, name: 'a list that grants somebody something', expect: 'manual', arrange: (sdk) => bucket(sdk, canned('public-read')) },
    { ...listed, name: 'a bucket without lists', expect: 'compliant', arrange: (sdk) => bucket(sdk, controlled('BucketOwnerEnforced')) },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
  ],
});

const ofPolicy: Pick<Scenario, 'tag' | 'rest'> = withOther('acl');
const everything = (Bucket: string) => statements(byName(Bucket), letting(Bucket, ['s3:GetObject', 's3:PutObject']));
const toOrganization = { Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' } } };
describeRemediator(removeWildcardPrincipal, {
  account,
  scenarios: [
    {
      ...ofPolicy,
      name: 'a bucket that everybody may use',
      expect: 'change',
      arrange: (sdk) => bucket(sdk, put(everything)),
      breakAgain: putAgain(everything),
    },
    {
      ...ofPolicy,
      name: 'one that a block cuts off today, as someone has just said',
      expect: 'change',
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await put(everything)(s3, Bucket);
          await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: { RestrictPublicBuckets: true } }));
        }),
      event: named('PutBucketPolicy'),
    },
    {
      ...ofPolicy,
      name: 'a website',
      expect: 'change',
      hazards: ['website'],
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await put(everything)(s3, Bucket);
          await site(s3, Bucket);
        }),
    },
    {
      ...ofPolicy,
      name: 'open data',
      expect: 'change',
      hazards: ['shared-on-purpose'],
      arrange: (sdk) =>
        bucket(sdk, async (s3, Bucket) => {
          await put(everything)(s3, Bucket);
          await tagged('purpose', 'open data')(s3, Bucket);
        }),
    },
    {
      ...ofPolicy,
      name: 'one that names a principal that was deleted, so S3 would reject the rollback',
      expect: 'manual',
      arrange: (sdk) =>
        bucket(
          sdk,
          put((Bucket) =>
            statements(letting(Bucket, 's3:GetObject'), letting(Bucket, 's3:GetObject', { Sid: 'old', Principal: { AWS: 'AROAEXAMPLEID1234567' } })),
          ),
        ),
    },
    {
      ...ofPolicy,
      name: 'a bucket whose policy names who reads it',
      expect: 'compliant',
      arrange: (sdk) =>
        bucket(
          sdk,
          put((Bucket) => statements(byName(Bucket))),
        ),
    },
    { ...ofPolicy, name: 'a bucket without a policy', expect: 'compliant', arrange: (sdk) => bucket(sdk) },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
  ],
});

const administered = (Bucket: string) =>
  statements(
    byName(Bucket),
    letting(Bucket, ['s3:ListBucket', 's3:PutBucketPolicy', 's3:PutBucketAcl'], {
      Sid: 'administration',
      Principal: { AWS: ['arn:aws:iam::222222222222:root', 'arn:aws:iam::123456789012:root'] },
      Resource: `arn:aws:s3:::${Bucket}`,
    }),
  );
describeRemediator(restrictCrossAccountPolicyActions, {
  account,
  scenarios: [
    {
      ...ofPolicy,
      name: 'a bucket whose policy another account may change',
      expect: 'change',
      arrange: (sdk) => bucket(sdk, put(administered)),
      breakAgain: putAgain(administered),
    },
    {
      ...ofPolicy,
      name: 'that of an organization, as someone has just said',
      expect: 'manual',
      arrange: (sdk) =>
        bucket(
          sdk,
          put((Bucket) => statements(letting(Bucket, 's3:PutObjectAcl', toOrganization))),
        ),
      event: named('PutBucketPolicy'),
    },
    {
      ...ofPolicy,
      name: 'another account may do everything',
      expect: 'manual',
      arrange: (sdk) =>
        bucket(
          sdk,
          put((Bucket) => statements(letting(Bucket, 's3:*', { Principal: { AWS: '222222222222' } }))),
        ),
    },
    {
      ...ofPolicy,
      name: 'another account reads',
      expect: 'compliant',
      arrange: (sdk) =>
        bucket(
          sdk,
          put((Bucket) => statements(byName(Bucket))),
        ),
    },
    {
      ...ofPolicy,
      name: 'the account itself may do everything',
      expect: 'compliant',
      arrange: (sdk) =>
        bucket(
          sdk,
          put((Bucket) => statements(letting(Bucket, 's3:*', { Principal: { AWS: `arn:aws:iam::${sdk.account}:root` } }))),
        ),
    },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
  ],
});

const notifying = (NotificationConfiguration: NotificationConfiguration) => async (s3: S3Client, Bucket: string) => {
  await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
};
const told: Pick<Scenario, 'tag' | 'rest' | 'parameters' | 'breakAgain'> = {
  ...withOther('policy'),
  // moto keeps that EventBridge gets events, and does not tell.
  parameters: { target: 'arn:aws:sqs:{region}:{account}:events' },
  breakAgain: async (sdk, { id }) => {
    await notifying({})(new S3Client(sdk.config), id);
  },
};
describeRemediator(enableEventNotifications, {
  account,
  scenarios: [
    { ...told, name: 'a bucket without them', expect: 'change', arrange: (sdk) => bucket(sdk) },
    {
      ...told,
      name: 'a topic is named, and someone has just taken them away',
      expect: 'change',
      parameters: { target: 'arn:aws:sns:{region}:{account}:events', events: ['s3:ObjectRemoved:*'] },
      arrange: (sdk) => bucket(sdk),
      event: named('PutBucketNotification'),
    },
    {
      ...told,
      name: 'a temporary bucket',
      expect: 'change',
      hazards: ['short-lived'],
      arrange: (sdk) => bucket(sdk, tagged('lifetime', 'temporary')),
    },
    { ...told, name: 'no target is named', expect: 'manual', parameters: {}, arrange: (sdk) => bucket(sdk) },
    {
      ...told,
      name: 'a bucket that tells a queue',
      expect: 'compliant',
      arrange: (sdk) =>
        bucket(sdk, notifying({ QueueConfigurations: [{ QueueArn: `arn:aws:sqs:${sdk.region}:${sdk.account}:own`, Events: ['s3:ObjectCreated:*'] }] })),
    },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
  ],
});

const keyWith = async (sdk: Sdk, Condition?: object) => {
  const statement = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${sdk.account}:root` }, Action: 'kms:*', Resource: '*' };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement, ...(Condition === undefined ? [] : [{ ...statement, Condition }])] });
  return (await new KMSClient(sdk.config).send(new CreateKeyCommand({ Policy }))).KeyMetadata?.Arn ?? '';
};
const underKey =
  (Condition?: object, KMSMasterKeyID?: string) =>
  (sdk: Sdk): Promise<ResourceRef> =>
    bucket(sdk, async (s3, Bucket) => {
      const key = KMSMasterKeyID ?? (await keyWith(sdk, Condition));
      await encrypted(s3, Bucket, { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key }, BucketKeyEnabled: false });
    });
const putEncryption = { ...withOther('policy'), event: named('PutBucketEncryption') };
describeRemediator(enableBucketKey, {
  account,
  scenarios: [
    {
      ...putEncryption,
      name: 'a bucket under SSE-KMS without one',
      expect: 'change',
      arrange: underKey(),
      breakAgain: async (sdk, { id: Bucket }) => {
        const s3 = new S3Client(sdk.config);
        const rules = (await s3.send(new GetBucketEncryptionCommand({ Bucket }))).ServerSideEncryptionConfiguration?.Rules ?? [];
        for (const rule of rules) await encrypted(s3, Bucket, { ...rule, BucketKeyEnabled: false });
      },
    },
    {
      ...putEncryption,
      name: 'the key of AWS',
      expect: 'change',
      arrange: (sdk) => bucket(sdk, (s3, Bucket) => encrypted(s3, Bucket, { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } })),
    },
    {
      ...putEncryption,
      name: 'a key whose policy names objects',
      expect: 'change',
      hazards: ['encryption-context'],
      arrange: underKey({ StringLike: { 'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::invoices/*' } }),
    },
    {
      ...putEncryption,
      name: 'a key of another account',
      expect: 'change',
      hazards: ['encryption-context'],
      arrange: underKey(undefined, KEY.replace('123456789012', '222222222222')),
    },
    { ...putEncryption, name: 'a bucket with SSE-S3', expect: 'not-applicable', arrange: (sdk) => bucket(sdk, plain) },
    {
      ...putEncryption,
      name: 'a bucket with one',
      expect: 'compliant',
      arrange: (sdk) =>
        bucket(sdk, (s3, Bucket) => encrypted(s3, Bucket, { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' }, BucketKeyEnabled: true })),
    },
    { name: 'a bucket that is gone', expect: 'compliant', event: named('PutBucketEncryption'), arrange: async (sdk) => gone(sdk) },
  ],
});

const ruled =
  (...Rules: readonly LifecycleRule[]) =>
  async (s3: S3Client, Bucket: string) => {
    await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [...Rules] } }));
  };
const rule = (more: Partial<LifecycleRule>): LifecycleRule => ({ ID: 'own', Status: 'Enabled', Filter: { Prefix: '' }, ...more });
const tiering = { Transitions: [{ Days: 30, StorageClass: 'INTELLIGENT_TIERING' as const }] };
const aborting = { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } };
const ruleFor = (operation: string) => ({ ...withOther('policy'), event: named(operation) });
describeRemediator(reportMissingLifecycle, {
  account,
  scenarios: [
    { ...ruleFor('DeleteBucketLifecycle'), name: 'a bucket without rules', expect: 'manual', arrange: (sdk) => bucket(sdk) },
    { ...common, name: 'a bucket whose only rule is off', expect: 'manual', arrange: (sdk) => bucket(sdk, ruled(rule({ Status: 'Disabled', ...tiering }))) },
    { ...common, name: 'a bucket with a rule', expect: 'compliant', arrange: (sdk) => bucket(sdk, ruled(rule(tiering))) },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
  ],
});
describeRemediator(reportMissingVersionLifecycle, {
  account,
  scenarios: [
    { ...ruleFor('PutBucketVersioning'), name: 'a versioned bucket without rules', expect: 'manual', arrange: (sdk) => bucket(sdk) },
    { ...common, name: 'one whose rule is for current objects alone', expect: 'manual', arrange: (sdk) => bucket(sdk, ruled(rule(tiering))) },
    {
      ...common,
      name: 'one with a rule for older versions',
      expect: 'compliant',
      arrange: (sdk) => bucket(sdk, ruled(rule({ NoncurrentVersionExpiration: { NoncurrentDays: 365 } }))),
    },
    { ...common, name: 'a bucket without versions', expect: 'not-applicable', arrange: (sdk) => bucket(sdk, suspended) },
    { name: 'a bucket that is gone', expect: 'compliant', arrange: async (sdk) => gone(sdk) },
  ],
});
describeRemediator(reportMissingMultipartExpiry, {
  account,
  scenarios: [
    {
      ...ruleFor('PutBucketLifecycle'),
      name: 'a bucket whose rule is about something else',
      expect: 'manual',
      arrange: (sdk) => bucket(sdk, ruled(rule(tiering))),
    },
    {
      ...ruleFor('PutBucketLifecycle'),
      name: 'a rule for a part of the bucket',
      expect: 'manual',
      arrange: (sdk) => bucket(sdk, ruled(rule({ Filter: { Prefix: 'logs/' }, ...aborting }))),
    },
    { ...ruleFor('PutBucketLifecycle'), name: 'a rule for all of it', expect: 'compliant', arrange: (sdk) => bucket(sdk, ruled(rule(aborting))) },
    { name: 'a bucket that is gone', expect: 'compliant', event: named('PutBucketLifecycle'), arrange: async (sdk) => gone(sdk) },
  ],
});
