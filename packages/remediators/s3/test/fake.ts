import { RedressError, type ResourceRef, resource } from '@redress/core';

/** A bucket as the fake knows it; what is absent is not configured. */
export interface FakeBucket {
  readonly account?: string;
  /** As GetBucketLocation answers: null for us-east-1. */
  readonly location?: string | null;
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

/** An `aws` object over a few buckets. `refuse` makes operations fail. */
export function fakeS3(buckets: Readonly<Record<string, FakeBucket>>, refuse: Readonly<Record<string, RedressError>> = {}) {
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
    ListBuckets: async (input: { readonly ContinuationToken?: string }) => {
      calls.push({ operation: 'ListBuckets', input: { ...input } });
      const names = Object.keys(buckets).sort();
      const at = Number(input.ContinuationToken ?? 0);
      return { Buckets: names.slice(at, at + 2).map((Name) => ({ Name })), ...(at + 2 < names.length ? { ContinuationToken: String(at + 2) } : {}) };
    },
    GetBucketLocation: over('GetBucketLocation', (bucket) => ({ LocationConstraint: bucket.location ?? null })),
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
  return { aws: { s3 } as never, calls };
}

export const bucket = (id: string, region = 'eu-west-1'): ResourceRef => resource({ type: 'AWS::S3::Bucket', id, account: ACCOUNT, region });
