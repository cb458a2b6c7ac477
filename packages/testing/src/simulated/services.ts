import { ec2 } from './ec2.js';
import { type AccountState, existing, newId, type Operation, type Place, refuse, tagList, tagsFrom } from './state.js';

type Bucket = AccountState['buckets'][string];

/** An operation on a bucket: whoever expects another owner is answered as by a stranger. */
const onBucket =
  (work: (bucket: Bucket, input: Record<string, unknown>) => object): Operation =>
  (state: AccountState, input: Record<string, unknown>, { account }: Place) => {
    const bucket = existing(state.buckets, String(input['Bucket']), 'NoSuchBucket', 404);
    if (input['ExpectedBucketOwner'] !== undefined && input['ExpectedBucketOwner'] !== account) refuse('AccessDenied', 403);
    return work(bucket, input);
  };
const NO_BLOCK = { BlockPublicAcls: false, IgnorePublicAcls: false, BlockPublicPolicy: false, RestrictPublicBuckets: false };
const present = <T>(value: T | null, code: string): T => (value === null ? refuse(code, 404) : value);

/** Whether a policy lets everybody in, as S3 counts it: an Allow for any principal, without conditions. */
function isPublic(policy: string): boolean {
  const { Statement = [] } = JSON.parse(policy) as { Statement?: Record<string, unknown>[] };
  return Statement.some(({ Effect, Principal, Condition }) => Effect === 'Allow' && JSON.stringify(Principal)?.includes('"*"') && Condition === undefined);
}

const s3: Readonly<Record<string, Operation>> = {
  CreateBucket: (state, input: { Bucket: string }, { region, now }) => {
    if (Object.hasOwn(state.buckets, input.Bucket)) refuse('BucketAlreadyOwnedByYou', 409);
    state.buckets[input.Bucket] = {
      region,
      created: new Date(now).toISOString(),
      tags: null,
      encryption: null,
      block: null,
      policy: null,
      website: null,
      ownership: 'BucketOwnerEnforced',
      grants: [],
    };
    return {};
  },
  DeleteBucket: (state, input: { Bucket: string }) => {
    existing(state.buckets, input.Bucket, 'NoSuchBucket', 404);
    delete state.buckets[input.Bucket];
    return {};
  },
  ListBuckets: (state, input: { BucketRegion?: string; Prefix?: string }) => ({
    Buckets: Object.entries(state.buckets)
      .filter(([name, { region }]) => (input.BucketRegion ?? region) === region && name.startsWith(input.Prefix ?? ''))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([Name, { region, created }]) => ({ Name, BucketRegion: region, CreationDate: new Date(created) })),
  }),
  GetBucketTagging: onBucket(({ tags }) => ({ TagSet: tagList(present(tags, 'NoSuchTagSet')) })),
  PutBucketTagging: onBucket((bucket, input) => {
    bucket.tags = tagsFrom((input['Tagging'] as { TagSet: [] }).TagSet);
    return {};
  }),
  GetBucketEncryption: onBucket(({ encryption }) => ({
    ServerSideEncryptionConfiguration: { Rules: present(encryption, 'ServerSideEncryptionConfigurationNotFoundError') },
  })),
  PutBucketEncryption: onBucket((bucket, input) => {
    // S3 says whether bucket keys are on, also where nobody did.
    const { Rules } = input['ServerSideEncryptionConfiguration'] as { Rules: object[] };
    bucket.encryption = Rules.map((rule) => ({ BucketKeyEnabled: false, ...rule }));
    return {};
  }),
  DeleteBucketEncryption: onBucket((bucket) => {
    bucket.encryption = null;
    return {};
  }),
  GetBucketAcl: onBucket(({ grants }) => ({
    Grants: [
      { Grantee: { Type: 'CanonicalUser', ID: 'f'.repeat(64) }, Permission: 'FULL_CONTROL' },
      ...grants.map(({ uri, permission }) => ({ Grantee: { Type: 'Group', URI: uri }, Permission: permission })),
    ],
  })),
  GetBucketPolicy: onBucket(({ policy }) => ({ Policy: present(policy, 'NoSuchBucketPolicy') })),
  PutBucketPolicy: onBucket((bucket, input) => {
    bucket.policy = String(input['Policy']);
    return {};
  }),
  GetBucketPolicyStatus: onBucket(({ policy }) => ({ PolicyStatus: { IsPublic: isPublic(present(policy, 'NoSuchBucketPolicy')) } })),
  GetBucketWebsite: onBucket(({ website }) => present(website as object | null, 'NoSuchWebsiteConfiguration')),
  GetBucketOwnershipControls: onBucket(({ ownership }) => ({
    OwnershipControls: { Rules: [{ ObjectOwnership: present(ownership, 'OwnershipControlsNotFoundError') }] },
  })),
  GetPublicAccessBlock: onBucket(({ block }) => ({ PublicAccessBlockConfiguration: present(block, 'NoSuchPublicAccessBlockConfiguration') })),
  PutPublicAccessBlock: onBucket((bucket, input) => {
    bucket.block = { ...NO_BLOCK, ...(input['PublicAccessBlockConfiguration'] as Record<string, boolean>) };
    return {};
  }),
  DeletePublicAccessBlock: onBucket((bucket) => {
    bucket.block = null;
    return {};
  }),
};

/** Of the account that asks, and of no other. */
const onAccount =
  (work: (state: AccountState, input: Record<string, unknown>) => object): Operation =>
  (state: AccountState, input: Record<string, unknown>, { account }: Place) =>
    input['AccountId'] === account ? work(state, input) : refuse('AccessDenied', 403);

const s3control: Readonly<Record<string, Operation>> = {
  GetPublicAccessBlock: onAccount(({ accountBlock }) => ({
    PublicAccessBlockConfiguration: present(accountBlock, 'NoSuchPublicAccessBlockConfiguration'),
  })),
  PutPublicAccessBlock: onAccount((state, input) => {
    state.accountBlock = { ...NO_BLOCK, ...(input['PublicAccessBlockConfiguration'] as Record<string, boolean>) };
    return {};
  }),
  DeletePublicAccessBlock: onAccount((state) => {
    state.accountBlock = null;
    return {};
  }),
};

const userOf = (state: AccountState, name: string | undefined) => existing(state.users, name, 'NoSuchEntityException', 404);

const iam: Readonly<Record<string, Operation>> = {
  CreateUser: (state, input: { UserName: string; Tags?: [] }, { account, now }) => {
    const UserId = newId(state, 'AIDA', 16).replace('-', '').toUpperCase();
    state.users[input.UserName] = { id: UserId, created: new Date(now).toISOString(), tags: tagsFrom(input.Tags), keys: [] };
    return { User: { UserName: input.UserName, UserId, Arn: `arn:aws:iam::${account}:user/${input.UserName}` } };
  },
  CreateAccessKey: (state, input: { UserName: string }, { now }) => {
    const AccessKeyId = newId(state, 'AKIA', 16).replace('-', '').toUpperCase();
    userOf(state, input.UserName).keys.push({ id: AccessKeyId, active: true, created: new Date(now).toISOString() });
    return { AccessKey: { UserName: input.UserName, AccessKeyId, Status: 'Active' } };
  },
  ListUsers: (state) => ({ Users: Object.entries(state.users).map(([UserName, { id }]) => ({ UserName, UserId: id })) }),
  ListAccessKeys: (state, input: { UserName: string }) => ({
    AccessKeyMetadata: userOf(state, input.UserName).keys.map(({ id, active, created }) => ({
      UserName: input.UserName,
      AccessKeyId: id,
      Status: active ? 'Active' : 'Inactive',
      CreateDate: new Date(created),
    })),
  }),
  GetAccessKeyLastUsed: () => ({ AccessKeyLastUsed: { ServiceName: 'N/A', Region: 'N/A' } }),
  GetUser: (state, input: { UserName: string }) => {
    const { id, created, tags } = userOf(state, input.UserName);
    return {
      User: { UserName: input.UserName, UserId: id, CreateDate: new Date(created), ...(Object.keys(tags).length === 0 ? {} : { Tags: tagList(tags) }) },
    };
  },
  TagUser: (state, input: { UserName: string; Tags: [] }) => {
    Object.assign(userOf(state, input.UserName).tags, tagsFrom(input.Tags));
    return {};
  },
  UntagUser: (state, input: { UserName: string; TagKeys: string[] }) => {
    for (const key of input.TagKeys) delete userOf(state, input.UserName).tags[key];
    return {};
  },
  DeleteUser: (state, input: { UserName: string }) => {
    userOf(state, input.UserName);
    delete state.users[input.UserName];
    return {};
  },
  GetAccountPasswordPolicy: (state) => ({ PasswordPolicy: present(state.passwords, 'NoSuchEntityException') }),
  UpdateAccountPasswordPolicy: (state, input: Record<string, unknown>) => {
    // What is left out is reset.
    state.passwords = {
      MinimumPasswordLength: 6,
      RequireSymbols: false,
      RequireNumbers: false,
      RequireUppercaseCharacters: false,
      RequireLowercaseCharacters: false,
      AllowUsersToChangePassword: false,
      ExpirePasswords: typeof input['MaxPasswordAge'] === 'number' && input['MaxPasswordAge'] > 0,
      HardExpiry: false,
      ...input,
    };
    return {};
  },
  DeleteAccountPasswordPolicy: (state) => {
    present(state.passwords, 'NoSuchEntityException');
    state.passwords = null;
    return {};
  },
};

const arnOf = (name: string, { account }: Place, region: string) => `arn:aws:logs:${region}:${account}:log-group:${name}`;
const NO_GROUP = 'ResourceNotFoundException';

const logs: Readonly<Record<string, Operation>> = {
  CreateLogGroup: (state, input: { logGroupName: string; tags?: Record<string, string> }, { region, now }) => {
    if (Object.hasOwn(state.logGroups, input.logGroupName)) refuse('ResourceAlreadyExistsException');
    state.logGroups[input.logGroupName] = { region, created: now, days: null, tags: { ...input.tags } };
    return {};
  },
  DeleteLogGroup: (state, input: { logGroupName: string }) => {
    existing(state.logGroups, input.logGroupName, NO_GROUP);
    delete state.logGroups[input.logGroupName];
    return {};
  },
  DescribeLogGroups: (state, input: { logGroupNamePrefix?: string }, place) => ({
    logGroups: Object.entries(state.logGroups)
      .filter(([name, { region }]) => region === place.region && name.startsWith(input.logGroupNamePrefix ?? ''))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { days: own, created, region, class: logGroupClass }]) => {
        const { retentionPolicy: policy } = state;
        const holds = policy !== null && name.startsWith(policy.prefix);
        const days = holds ? policy.days : own;
        return {
          logGroupName: name,
          creationTime: created,
          arn: `${arnOf(name, place, region)}:*`,
          logGroupArn: arnOf(name, place, region),
          ...(logGroupClass === undefined ? {} : { logGroupClass }),
          ...(days === null ? {} : { retentionInDays: days }),
          ...(holds ? { retentionPolicyName: policy.name } : {}),
        };
      }),
  }),
  ListTagsForResource: (state, input: { resourceArn: string }) => ({
    tags: { ...existing(state.logGroups, input.resourceArn.split(':').slice(6).join(':'), NO_GROUP).tags },
  }),
  TagResource: (state, input: { resourceArn: string; tags: Record<string, string> }) => {
    Object.assign(existing(state.logGroups, input.resourceArn.split(':').slice(6).join(':'), NO_GROUP).tags, input.tags);
    return {};
  },
  PutRetentionPolicy: (state, input: { logGroupName: string; retentionInDays: number }) => {
    existing(state.logGroups, input.logGroupName, NO_GROUP).days = input.retentionInDays;
    return {};
  },
};

/** By service, then operation. */
export const services: Readonly<Record<string, Readonly<Record<string, Operation>>>> = { ec2, s3, s3control, iam, logs };
