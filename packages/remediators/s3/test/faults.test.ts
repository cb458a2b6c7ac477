import { GLOBAL_REGION, type Remediator, resource } from '@redress/core';
import { cloudTrailEvent, faultMatrix, type Operation, reportedGap, type SimulatedAccount, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import {
  disableAcls,
  enableAccountPublicAccessBlock,
  enableBucketKey,
  enableEventNotifications,
  enableServerAccessLogging,
  enableVersioning,
  removeGlobalAclGrants,
  removePublicRead,
  removePublicWrite,
  removeWildcardPrincipal,
  requireKmsDefaultEncryption,
  requireTls,
  restrictCrossAccountPolicyActions,
} from '../src/index.js';

type Input = Readonly<Record<string, unknown>> & { readonly Bucket: string };
type Own = Record<
  string,
  { notified?: object; ownership?: string; logging?: object; versioning?: string; acl?: { readonly Owner: object; readonly Grants: readonly object[] } }
>;
const OWNER = { ID: 'a1b2' };
const OWN = { Grantee: { Type: 'CanonicalUser', ID: 'a1b2' }, Permission: 'FULL_CONTROL' };
const EVERYBODY = { Grantee: { Type: 'Group', URI: 'http://acs.amazonaws.com/groups/global/AllUsers' }, Permission: 'READ' };
const LOGS = 'logs';
const own: Operation = (state, { Bucket }: Input) => {
  if (state.buckets[Bucket] === undefined) throw new SimulatedError('NoSuchBucket', 404);
  return ((state.custom as Own)[Bucket] ??= {});
};
/** What the simulated S3 does not have. */
const s3: Readonly<Record<string, Operation>> = {
  GetBucketLogging: (state, input, place) => {
    const { logging } = own(state, input, place) as Own[string];
    return logging === undefined ? {} : { LoggingEnabled: logging };
  },
  PutBucketLogging: (state, input: Input & { readonly BucketLoggingStatus: { readonly LoggingEnabled?: object } }, place) => {
    const mine = own(state, input as never, place) as Own[string];
    const { LoggingEnabled } = input.BucketLoggingStatus;
    if (LoggingEnabled === undefined) delete mine.logging;
    else mine.logging = LoggingEnabled;
    return {};
  },
  GetBucketVersioning: (state, input, place) => {
    const { versioning } = own(state, input, place) as Own[string];
    return versioning === undefined ? {} : { Status: versioning };
  },
  PutBucketVersioning: (state, input: Input & { readonly VersioningConfiguration: { readonly Status: string } }, place) => {
    (own(state, input as never, place) as Own[string]).versioning = input.VersioningConfiguration.Status;
    return {};
  },
  // A look leaves nothing behind.
  GetBucketAcl: ({ buckets, custom }, { Bucket }: Input) => {
    if (buckets[Bucket] === undefined) throw new SimulatedError('NoSuchBucket', 404);
    return (custom as Own)[Bucket]?.acl ?? { Owner: OWNER, Grants: [OWN] };
  },
  PutBucketAcl: (state, input: Input & { readonly AccessControlPolicy: { readonly Owner: object; readonly Grants: readonly object[] } }, place) => {
    (own(state, input as never, place) as Own[string]).acl = input.AccessControlPolicy;
    return {};
  },
  GetBucketOwnershipControls: ({ buckets, custom }, { Bucket }: Input) => {
    if (buckets[Bucket] === undefined) throw new SimulatedError('NoSuchBucket', 404);
    const ObjectOwnership = (custom as Own)[Bucket]?.ownership;
    if (ObjectOwnership === undefined) throw new SimulatedError('OwnershipControlsNotFoundError', 404);
    return { OwnershipControls: { Rules: [{ ObjectOwnership }] } };
  },
  PutBucketOwnershipControls: (
    state,
    input: Input & { readonly OwnershipControls: { readonly Rules: readonly { readonly ObjectOwnership: string }[] } },
    place,
  ) => {
    (own(state, input as never, place) as Own[string]).ownership = String(input.OwnershipControls.Rules[0]?.ObjectOwnership);
    return {};
  },
  DeleteBucketOwnershipControls: (state, input: Input, place) => {
    delete (own(state, input as never, place) as Own[string]).ownership;
    return {};
  },
  GetBucketNotificationConfiguration: ({ buckets, custom }, { Bucket }: Input) => {
    if (buckets[Bucket] === undefined) throw new SimulatedError('NoSuchBucket', 404);
    return (custom as Own)[Bucket]?.notified ?? {};
  },
  PutBucketNotificationConfiguration: (state, input: Input & { readonly NotificationConfiguration: object }, place) => {
    (own(state, input as never, place) as Own[string]).notified = input.NotificationConfiguration;
    return {};
  },
  DeleteBucketPolicy: (state, input: Input, place) => {
    own(state, input as never, place);
    const bucket = state.buckets[input.Bucket];
    if (bucket !== undefined) bucket.policy = null;
    return {};
  },
};

const statement = (Bucket: string) => ({
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
});
const lets = { Effect: 'Allow', Principal: { Service: 'logging.s3.amazonaws.com' }, Action: 's3:PutObject', Resource: `arn:aws:s3:::${LOGS}/*` };
const put = (account: SimulatedAccount, Bucket: string, ...Statement: readonly object[]) =>
  account.act('s3', 'PutBucketPolicy', { Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) });
const KEY = 'arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const encrypt = (account: SimulatedAccount, Bucket: string, ApplyServerSideEncryptionByDefault: object) =>
  account.act('s3', 'PutBucketEncryption', { Bucket, ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault }] } });
const TO_LOGS = { LoggingEnabled: { TargetBucket: LOGS, TargetPrefix: 'x/' } };

interface Case {
  readonly parameters?: Readonly<Record<string, string>>;
  fix(account: SimulatedAccount, Bucket: string): unknown;
  open(account: SimulatedAccount): unknown;
  isOpen(account: SimulatedAccount): boolean;
}
const mine = (account: SimulatedAccount) => (account.state.custom as Own)['subject'];

/** Those that would write over what the log bucket says. */
const KEEPING_OWN: readonly Remediator[] = [removePublicRead, removePublicWrite, removeWildcardPrincipal, restrictCrossAccountPolicyActions];

it.each<[id: string, Remediator, Case]>([
  [
    enableServerAccessLogging.id,
    enableServerAccessLogging,
    {
      parameters: { targetBucket: LOGS },
      fix: (account, Bucket) => account.act('s3', 'PutBucketLogging', { Bucket, BucketLoggingStatus: TO_LOGS }),
      open: (account) => account.act('s3', 'PutBucketLogging', { Bucket: 'subject', BucketLoggingStatus: {} }),
      isOpen: (account) => mine(account)?.logging === undefined,
    },
  ],
  [
    requireTls.id,
    requireTls,
    {
      fix: (account, Bucket) => put(account, Bucket, ...(Bucket === LOGS ? [lets] : []), statement(Bucket)),
      open: (account) => put(account, 'subject', { ...lets, Sid: 'own' }),
      isOpen: (account) => account.state.buckets['subject']?.policy?.includes('SecureTransport') === false,
    },
  ],
  [
    enableVersioning.id,
    enableVersioning,
    {
      fix: (account, Bucket) => account.act('s3', 'PutBucketVersioning', { Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
      open: (account) => account.act('s3', 'PutBucketVersioning', { Bucket: 'subject', VersioningConfiguration: { Status: 'Suspended' } }),
      isOpen: (account) => mine(account)?.versioning === 'Suspended',
    },
  ],
  ...(
    [
      [removePublicRead, 's3:GetObject'],
      [removePublicWrite, 's3:PutObject'],
    ] as const
  ).map(([remediator, Action]): [string, Remediator, Case] => [
    remediator.id,
    remediator,
    {
      fix: (account, Bucket) => put(account, Bucket, lets),
      open: (account) => put(account, 'subject', lets, { ...lets, Sid: 'everybody', Principal: '*', Action }),
      isOpen: (account) => account.state.buckets['subject']?.policy?.includes('"Principal":"*"') === true,
    },
  ]),
  [
    removeWildcardPrincipal.id,
    removeWildcardPrincipal,
    {
      fix: (account, Bucket) => put(account, Bucket, lets),
      open: (account) => put(account, 'subject', lets, { ...lets, Sid: 'everybody', Principal: '*', Action: 's3:*' }),
      isOpen: (account) => account.state.buckets['subject']?.policy?.includes('"Principal":"*"') === true,
    },
  ],
  [
    restrictCrossAccountPolicyActions.id,
    restrictCrossAccountPolicyActions,
    {
      fix: (account, Bucket) => put(account, Bucket, lets),
      open: (account) =>
        put(account, 'subject', lets, { ...lets, Sid: 'partner', Principal: { AWS: '222222222222' }, Action: ['s3:PutObject', 's3:PutObjectAcl'] }),
      isOpen: (account) => account.state.buckets['subject']?.policy?.includes('PutObjectAcl') === true,
    },
  ],
  [
    enableEventNotifications.id,
    enableEventNotifications,
    {
      parameters: { target: 'eventbridge' },
      fix: (account, Bucket) =>
        account.act('s3', 'PutBucketNotificationConfiguration', { Bucket, NotificationConfiguration: { EventBridgeConfiguration: {} } }),
      open: (account) => account.act('s3', 'PutBucketNotificationConfiguration', { Bucket: 'subject', NotificationConfiguration: {} }),
      isOpen: (account) => Object.keys(mine(account)?.notified ?? {}).length === 0,
    },
  ],
  [
    removeGlobalAclGrants.id,
    removeGlobalAclGrants,
    {
      fix: (account, Bucket) => account.act('s3', 'PutBucketAcl', { Bucket, AccessControlPolicy: { Owner: OWNER, Grants: [OWN] } }),
      open: (account) => account.act('s3', 'PutBucketAcl', { Bucket: 'subject', AccessControlPolicy: { Owner: OWNER, Grants: [OWN, EVERYBODY] } }),
      isOpen: (account) => mine(account)?.acl?.Grants.length === 2,
    },
  ],
  [
    disableAcls.id,
    disableAcls,
    {
      fix: (account, Bucket) =>
        account.act('s3', 'PutBucketOwnershipControls', { Bucket, OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } }),
      open: (account) => account.act('s3', 'DeleteBucketOwnershipControls', { Bucket: 'subject' }),
      isOpen: (account) => mine(account)?.ownership === undefined,
    },
  ],
  [
    requireKmsDefaultEncryption.id,
    requireKmsDefaultEncryption,
    {
      parameters: { kmsKeyArn: KEY },
      fix: (account, Bucket) => encrypt(account, Bucket, { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KEY }),
      open: (account) => encrypt(account, 'subject', { SSEAlgorithm: 'AES256' }),
      isOpen: (account) => JSON.stringify(account.state.buckets['subject']?.encryption).includes('AES256'),
    },
  ],
])('%s survives every fault at every call', async (_, remediator, { parameters = {}, fix, open, isOpen }) => {
  const report = await faultMatrix(remediator, {
    services: { s3 },
    parameters,
    arrange(account) {
      for (const Bucket of ['beside', LOGS, 'subject']) account.act('s3', 'CreateBucket', { Bucket });
      put(account, LOGS, lets);
      for (const Bucket of KEEPING_OWN.includes(remediator) ? ['beside', 'subject'] : ['beside', LOGS, 'subject']) fix(account, Bucket);
      const there = () => account.state.buckets['subject'] !== undefined;
      return reportedGap({
        resource: resource({ type: 'AWS::S3::Bucket', id: 'subject', account: account.account, region: 'us-east-1' }),
        rule: String(remediator.configRules[1]),
        open: () => open(account),
        isOpen: () => there() && isOpen(account),
        others: {
          delete: () => account.act('s3', 'DeleteBucket', { Bucket: 'subject' }),
          fix: () => fix(account, 'subject'),
          change: () => account.act('s3', 'PutBucketTagging', { Bucket: 'subject', Tagging: { TagSet: [{ Key: 'team', Value: 'x' }] } }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(250);
});

const ON = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
it('s3-enable-account-public-access-block survives every fault at every call', async () => {
  const report = await faultMatrix(enableAccountPublicAccessBlock, {
    services: {
      s3,
      organizations: {
        DescribeEffectivePolicy: () => {
          throw new SimulatedError('EffectivePolicyNotFoundException', 400);
        },
      },
    },
    arrange(account) {
      account.act('s3', 'CreateBucket', { Bucket: 'beside' });
      const block = (more: object) =>
        account.act('s3control', 'PutPublicAccessBlock', { AccountId: account.account, PublicAccessBlockConfiguration: { ...ON, ...more } });
      block({});
      return reportedGap({
        resource: resource({ type: 'AWS::::Account', id: account.account, account: account.account, region: GLOBAL_REGION }),
        rule: 's3-account-level-public-access-blocks-periodic',
        open: () => block({ BlockPublicPolicy: false }),
        isOpen: () => account.state.accountBlock?.BlockPublicPolicy !== true,
        others: { fix: () => block({}) },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(150);
});

const kms: Readonly<Record<string, Operation>> = {
  DescribeKey: (_, { KeyId }: { readonly KeyId: string }) => ({ KeyMetadata: { KeyId } }),
  GetKeyPolicy: () => ({ Policy: JSON.stringify({ Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: '*' }] }) }),
};
it('s3-enable-bucket-key survives every fault at every call', async () => {
  const report = await faultMatrix(enableBucketKey, {
    services: { s3, kms },
    arrange(account) {
      const own = { account: account.account, region: 'us-east-1' };
      const encryptedBy = (Bucket: string, BucketKeyEnabled: boolean) =>
        account.act('s3', 'PutBucketEncryption', {
          Bucket,
          ServerSideEncryptionConfiguration: {
            Rules: [
              { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KEY.replace('111111111111', own.account) }, BucketKeyEnabled },
            ],
          },
        });
      for (const Bucket of ['beside', 'subject']) {
        account.act('s3', 'CreateBucket', { Bucket });
        encryptedBy(Bucket, true);
      }
      const gap = reportedGap({
        resource: resource({ type: 'AWS::S3::Bucket', id: 'subject', ...own }),
        rule: 'none',
        open: () => encryptedBy('subject', false),
        isOpen: () => JSON.stringify(account.state.buckets['subject']?.encryption ?? {}).includes('false'),
        others: {
          delete: () => account.act('s3', 'DeleteBucket', { Bucket: 'subject' }),
          fix: () => encryptedBy('subject', true),
          change: () => account.act('s3', 'PutBucketTagging', { Bucket: 'subject', Tagging: { TagSet: [{ Key: 'team', Value: 'x' }] } }),
        },
      });
      return {
        ...gap,
        open(at) {
          gap.open(at);
          return cloudTrailEvent({ ...own, service: 's3', operation: 'PutBucketEncryption', request: { bucketName: 'subject' }, time: new Date(at) });
        },
      };
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(200);
});
