import {
  CreateBucketCommand,
  DeleteBucketEncryptionCommand,
  DeleteBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetBucketWebsiteCommand,
  PutBucketAclCommand,
  PutBucketEncryptionCommand,
  PutBucketLoggingCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutBucketWebsiteCommand,
  PutPublicAccessBlockCommand,
  S3Client,
  type ServerSideEncryptionRule,
} from '@aws-sdk/client-s3';
import { type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { inject } from 'vitest';
import {
  blockPublicAccess,
  enableServerAccessLogging,
  enableVersioning,
  enforceDefaultEncryption,
  reportPublicWebsiteBucket,
  requireTls,
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
        await new S3Client(sdk.config).send(new CreateBucketCommand({ Bucket: `kit-access-${sdk.region}` })).catch(() => undefined);
        return bucket(sdk);
      },
    },
    {
      ...logged,
      name: 'a bucket with it, to another place',
      expect: 'compliant',
      arrange: async (sdk) => {
        await target(sdk);
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
