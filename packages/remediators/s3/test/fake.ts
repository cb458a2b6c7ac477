import { RedressError, type ResourceRef, resource } from '@redress/core';

/** A bucket as the fake knows it; what is absent is not configured. */
export interface FakeBucket {
  readonly account?: string;
  /** Default: eu-west-1. */
  readonly region?: string;
  /** Default: 2026-01-02T03:04:05Z. */
  readonly created?: string;
  readonly rules?: readonly object[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly grants?: readonly { readonly uri: string; readonly permission: string }[];
  readonly policy?: string;
  readonly policyIsPublic?: boolean;
  readonly website?: object;
  readonly block?: object;
  /** Null: no ownership controls. */
  readonly ownership?: string | null;
}

export const ACCOUNT = '111111111111';

/** An error as reads through the engine throw it: classified, with S3's own as the cause. */
export function s3Error(name: string, code: 'aws/gone' | 'aws/denied' | 'aws/server' = 'aws/gone'): RedressError {
  const status = { 'aws/gone': 404, 'aws/denied': 403, 'aws/server': 500 }[code];
  return new RedressError(code, name, { cause: Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status } }) });
}

/**
 * An `aws` object over a few buckets, of which ListBuckets shows those of this account, in pages of two. `refuse` makes operations fail;
 * `accountBlock` is what the account blocks.
 */
export function fakeS3(buckets: Readonly<Record<string, FakeBucket>>, refuse: Readonly<Record<string, RedressError>> = {}, accountBlock?: object) {
  const calls: { readonly operation: string; readonly input: Readonly<Record<string, unknown>> }[] = [];
  const over =
    (operation: string, answer: (bucket: FakeBucket) => object) => async (input: { readonly Bucket: string; readonly ExpectedBucketOwner?: string }) => {
      calls.push({ operation, input: { ...input } });
      if (refuse[operation] !== undefined) throw refuse[operation];
      const bucket = buckets[input.Bucket];
      if (bucket === undefined) throw s3Error('NoSuchBucket');
      if (input.ExpectedBucketOwner !== (bucket.account ?? ACCOUNT)) throw s3Error('AccessDenied', 'aws/denied');
      return answer(bucket);
    };
  const present = <T>(value: T | undefined, code: string): T => {
    if (value === undefined) throw s3Error(code);
    return value;
  };
  const s3 = {
    ListBuckets: async (input: { readonly ContinuationToken?: string; readonly Prefix?: string; readonly BucketRegion?: string }) => {
      calls.push({ operation: 'ListBuckets', input: { ...input } });
      if (refuse['ListBuckets'] !== undefined) throw refuse['ListBuckets'];
      const found = Object.entries(buckets)
        .map(([Name, { account = ACCOUNT, region = 'eu-west-1', created = '2026-01-02T03:04:05Z' }]) => ({ Name, account, region, created }))
        .filter(({ Name, account, region }) => account === ACCOUNT && Name.startsWith(input.Prefix ?? '') && (input.BucketRegion ?? region) === region)
        .sort((one, other) => (one.Name < other.Name ? -1 : 1))
        .map(({ Name, region, created }) => ({ Name, BucketRegion: region, CreationDate: new Date(created) }));
      const at = Number(input.ContinuationToken ?? 0);
      return { Buckets: found.slice(at, at + 2), ...(at + 2 < found.length ? { ContinuationToken: String(at + 2) } : {}) };
    },
    GetBucketTagging: over('GetBucketTagging', (bucket) => ({
      TagSet: Object.entries(present(bucket.tags, 'NoSuchTagSet')).map(([Key, Value]) => ({ Key, Value })),
    })),
    GetBucketEncryption: over('GetBucketEncryption', (bucket) => ({
      ServerSideEncryptionConfiguration: { Rules: present(bucket.rules, 'ServerSideEncryptionConfigurationNotFoundError') },
    })),
    GetBucketOwnershipControls: over('GetBucketOwnershipControls', (bucket) => {
      if (bucket.ownership === null) throw s3Error('OwnershipControlsNotFoundError');
      return { OwnershipControls: { Rules: [{ ObjectOwnership: bucket.ownership ?? 'BucketOwnerEnforced' }] } };
    }),
    GetBucketAcl: over('GetBucketAcl', (bucket) => ({
      Grants: [
        { Grantee: { Type: 'CanonicalUser', ID: 'owner' }, Permission: 'FULL_CONTROL' },
        ...(bucket.grants ?? []).map((grant) => ({ Grantee: { Type: 'Group', URI: grant.uri }, Permission: grant.permission })),
      ],
    })),
    GetBucketPolicy: over('GetBucketPolicy', (bucket) => ({ Policy: present(bucket.policy, 'NoSuchBucketPolicy') })),
    GetBucketPolicyStatus: over('GetBucketPolicyStatus', (bucket) => ({ PolicyStatus: { IsPublic: present(bucket.policyIsPublic, 'NoSuchBucketPolicy') } })),
    GetBucketWebsite: over('GetBucketWebsite', (bucket) => present(bucket.website, 'NoSuchWebsiteConfiguration')),
    GetPublicAccessBlock: over('GetPublicAccessBlock', (bucket) => ({
      PublicAccessBlockConfiguration: present(bucket.block, 'NoSuchPublicAccessBlockConfiguration'),
    })),
  };
  const s3control = {
    GetPublicAccessBlock: async (input: { readonly AccountId: string }) => {
      calls.push({ operation: 'GetAccountPublicAccessBlock', input: { ...input } });
      if (refuse['GetAccountPublicAccessBlock'] !== undefined) throw refuse['GetAccountPublicAccessBlock'];
      if (accountBlock === undefined) throw s3Error('NoSuchPublicAccessBlockConfiguration');
      return { PublicAccessBlockConfiguration: accountBlock };
    },
  };
  return { aws: { s3, s3control } as never, calls };
}

export const bucket = (id: string, region = 'eu-west-1'): ResourceRef => resource({ type: 'AWS::S3::Bucket', id, account: ACCOUNT, region });
