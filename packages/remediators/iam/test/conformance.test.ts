import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccountPasswordPolicyCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListUserTagsCommand,
  TagUserCommand,
  UntagUserCommand,
  UpdateAccessKeyCommand,
  UpdateAccountPasswordPolicyCommand,
  type UpdateAccountPasswordPolicyCommandInput,
} from '@aws-sdk/client-iam';
import { GLOBAL_REGION, type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, configComplianceEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { inject } from 'vitest';
import { FLAG } from '../src/iam-flag-stale-access-key.js';
import { flagStaleAccessKey, strengthenPasswordPolicy } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}

/** A user with a key. The emulator dates keys of users called `old-…` 200 days back. */
async function user(
  sdk: Sdk,
  prefix: 'old' | 'new',
  prepare: (iam: IAMClient, UserName: string, key: string) => Promise<unknown> = async () => undefined,
): Promise<{ resource: ResourceRef; userId: string }> {
  const iam = new IAMClient(sdk.config);
  const UserName = sdk.name(prefix);
  const { User } = await iam.send(new CreateUserCommand({ UserName, Tags: [{ Key: 'team', Value: 'payments' }] }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  await prepare(iam, UserName, AccessKey?.AccessKeyId ?? '');
  return { resource: resource({ type: 'AWS::IAM::User', id: UserName, account: sdk.account, region: GLOBAL_REGION }), userId: User?.UserId ?? '' };
}
const flag = (value: string) => (iam: IAMClient, UserName: string) => iam.send(new TagUserCommand({ UserName, Tags: [{ Key: FLAG, Value: value }] }));

const common: Pick<Scenario, 'tag' | 'rest'> = {
  tag: async (sdk, { id: UserName }, Key, Value) => {
    await new IAMClient(sdk.config).send(new TagUserCommand({ UserName, Tags: [{ Key, Value }] }));
  },
  // Every tag but the flag, the user, and above all the keys and their status.
  rest: async (sdk, { id: UserName }) => {
    const iam = new IAMClient(sdk.config);
    const { User } = await iam.send(new GetUserCommand({ UserName }));
    const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName }));
    const { Tags = [] } = await iam.send(new ListUserTagsCommand({ UserName }));
    return {
      id: User?.UserId ?? null,
      keys: AccessKeyMetadata.map((key) => `${key.AccessKeyId ?? ''} ${key.Status ?? ''}`).sort(),
      tags: Tags.filter((tag) => tag.Key !== FLAG)
        .map((tag) => `${tag.Key ?? ''}=${tag.Value ?? ''}`)
        .sort(),
    };
  },
};

describeRemediator(flagStaleAccessKey, {
  account: { endpoint: inject('moto') },
  scenarios: [
    {
      ...common,
      name: 'a key of 200 days, reported by Config under the unique id of its user',
      expect: 'change',
      arrange: (sdk) => user(sdk, 'old'),
      event: (ref, { userId }) => configComplianceEvent({ resource: ref, rule: 'access-keys-rotated', resourceId: String(userId) }),
      breakAgain: async (sdk, { id: UserName }) => {
        await new IAMClient(sdk.config).send(new UntagUserCommand({ UserName, TagKeys: [FLAG] }));
      },
    },
    {
      ...common,
      name: 'a flag that names another key',
      expect: 'change',
      arrange: (sdk) => user(sdk, 'old', flag('AKIAIOSFODNN7EXAMPLE')),
    },
    {
      ...common,
      name: 'a flag whose key is rotated, and Config says so',
      expect: 'change',
      arrange: (sdk) => user(sdk, 'new', flag('AKIAIOSFODNN7EXAMPLE')),
      event: (ref) => configComplianceEvent({ resource: ref, rule: 'access-keys-rotated', compliance: 'COMPLIANT', previous: 'NON_COMPLIANT' }),
    },
    { ...common, name: 'a new key', expect: 'compliant', arrange: (sdk) => user(sdk, 'new') },
    {
      ...common,
      name: 'a new key that the user has just made',
      expect: 'compliant',
      arrange: (sdk) => user(sdk, 'new'),
      event: (ref) =>
        cloudTrailEvent({
          account: ref.account,
          region: 'us-east-1',
          service: 'iam',
          operation: 'CreateAccessKey',
          request: null,
          response: { accessKey: { userName: ref.id, status: 'Active', accessKeyId: 'AKIAIOSFODNN7EXAMPLE' } },
        }),
    },
    {
      ...common,
      name: 'an old key that is flagged',
      expect: 'compliant',
      arrange: (sdk) => user(sdk, 'old', (iam, UserName, key) => flag(key)(iam, UserName)),
    },
    {
      ...common,
      name: 'an old key that is inactive',
      expect: 'compliant',
      arrange: (sdk) => user(sdk, 'old', (iam, UserName, AccessKeyId) => iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Inactive' }))),
    },
    { ...common, name: 'an old key where keys may be older', expect: 'compliant', parameters: { maxAgeDays: 365 }, arrange: (sdk) => user(sdk, 'old') },
    {
      ...common,
      tag: undefined,
      name: 'a user without room for a flag',
      expect: 'manual',
      arrange: (sdk) =>
        user(sdk, 'old', (iam, UserName) =>
          iam.send(new TagUserCommand({ UserName, Tags: Array.from({ length: 49 }, (_, index) => ({ Key: `tag-${index}`, Value: 'x' })) })),
        ),
    },
    {
      name: 'a user who is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::IAM::User', id: sdk.name('gone'), account: sdk.account, region: GLOBAL_REGION }),
    },
  ],
});

const passwords = async (sdk: Sdk, policy: UpdateAccountPasswordPolicyCommandInput | null): Promise<ResourceRef> => {
  const iam = new IAMClient(sdk.config);
  if (policy === null) await iam.send(new DeleteAccountPasswordPolicyCommand({})).catch(() => undefined);
  else await iam.send(new UpdateAccountPasswordPolicyCommand(policy));
  return resource({ type: 'AWS::::Account', id: sdk.account, account: sdk.account, region: GLOBAL_REGION });
};

describeRemediator(strengthenPasswordPolicy, {
  account: { endpoint: inject('moto') },
  scenarios: [
    {
      name: 'no policy at all',
      expect: 'change',
      arrange: (sdk) => passwords(sdk, null),
      breakAgain: async (sdk) => {
        await passwords(sdk, null);
      },
    },
    {
      name: 'a policy that is strong in parts, and passwords that end',
      expect: 'change',
      arrange: (sdk) => passwords(sdk, { MinimumPasswordLength: 20, RequireNumbers: true, MaxPasswordAge: 90, AllowUsersToChangePassword: true }),
    },
    {
      name: 'a policy that is strong enough',
      expect: 'compliant',
      arrange: (sdk) =>
        passwords(sdk, {
          MinimumPasswordLength: 14,
          RequireSymbols: true,
          RequireNumbers: true,
          RequireUppercaseCharacters: true,
          RequireLowercaseCharacters: true,
          PasswordReusePrevention: 24,
        }),
    },
  ],
});
