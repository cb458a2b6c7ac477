import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreateLoginProfileCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  DeactivateMFADeviceCommand,
  DeleteAccessKeyCommand,
  DeleteAccountPasswordPolicyCommand,
  DeleteLoginProfileCommand,
  DetachRolePolicyCommand,
  EnableMFADeviceCommand,
  GetGroupCommand,
  GetRoleCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListEntitiesForPolicyCommand,
  ListMFADevicesCommand,
  ListUserTagsCommand,
  PutGroupPolicyCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  TagPolicyCommand,
  TagRoleCommand,
  TagUserCommand,
  UntagUserCommand,
  UpdateAccessKeyCommand,
  UpdateAccountPasswordPolicyCommand,
  type UpdateAccountPasswordPolicyCommandInput,
  UploadServerCertificateCommand,
} from '@aws-sdk/client-iam';
import { GLOBAL_REGION, type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, configComplianceEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { afterAll, inject } from 'vitest';
import { inFrontOf } from '../../../../tests/support/in-front.js';
import { FLAG } from '../src/iam-flag-stale-access-key.js';
import {
  deactivateStaleAccessKey,
  deactivateUnusedAccessKey,
  detachCloudShellFullAccess,
  flagStaleAccessKey,
  reportAdminPolicy,
  reportDecryptAllInlinePolicies,
  reportDecryptAllPolicies,
  reportExpiredServerCertificate,
  reportFullServicePolicy,
  reportInlinePolicies,
  reportLongLivedApiKey,
  reportMissingSupportRole,
  reportRootAccessKey,
  reportRootHardwareMfa,
  reportRootMfa,
  reportUnusedConsolePassword,
  reportUnusedGroup,
  reportUserAttachedPolicies,
  reportUserWithoutMfa,
  setPasswordExpiration,
  strengthenPasswordPolicy,
} from '../src/index.js';

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
      expect: 'manual',
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

const ref = (sdk: Sdk, type: string, id: string) => resource({ type, id, account: sdk.account, region: GLOBAL_REGION });
const documentOf = (...Statement: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const ALLOWING = (Action: string, Resource = '*') => documentOf({ Effect: 'Allow', Action, Resource });
const LISTING = ALLOWING('s3:ListAllMyBuckets');

/** A policy whose first version is `first`; a second one holds where it is given. */
const policy = (first: string, second?: string) => async (sdk: Sdk) => {
  const client = new IAMClient(sdk.config);
  const { Policy } = await client.send(new CreatePolicyCommand({ PolicyName: sdk.name('policy'), PolicyDocument: first }));
  if (second !== undefined) await client.send(new CreatePolicyVersionCommand({ PolicyArn: Policy?.Arn, PolicyDocument: second, SetAsDefault: true }));
  return { resource: ref(sdk, 'AWS::IAM::Policy', Policy?.Arn ?? ''), policyId: Policy?.PolicyId ?? '' };
};
const tagPolicy: Scenario['tag'] = async (sdk, { id: PolicyArn }, Key, Value) => {
  await new IAMClient(sdk.config).send(new TagPolicyCommand({ PolicyArn, Tags: [{ Key, Value }] }));
};
const gonePolicy = async (sdk: Sdk) => ref(sdk, 'AWS::IAM::Policy', `arn:aws:iam::${sdk.account}:policy/${sdk.name('gone')}`);

describeRemediator(reportAdminPolicy, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'a policy for everything', expect: 'manual', arrange: policy(ALLOWING('*')), tag: tagPolicy },
    {
      name: 'a version for everything that someone has just made the default',
      expect: 'manual',
      arrange: policy(LISTING, ALLOWING('*:*')),
      tag: tagPolicy,
      event: ({ account, id }) =>
        cloudTrailEvent({ account, region: 'us-east-1', service: 'iam', operation: 'CreatePolicyVersion', request: { policyArn: id, setAsDefault: true } }),
    },
    { name: 'a version for everything that holds no more', expect: 'compliant', arrange: policy(ALLOWING('*'), LISTING), tag: tagPolicy },
    { name: 'everything of some resources', expect: 'compliant', arrange: policy(ALLOWING('*', 'arn:aws:s3:::invoices')), tag: tagPolicy },
    {
      name: 'a policy that denies everything',
      expect: 'compliant',
      arrange: policy(documentOf({ Effect: 'Deny', Action: '*', Resource: '*' })),
      tag: tagPolicy,
    },
    { name: 'a policy that is gone', expect: 'compliant', arrange: gonePolicy },
  ],
});

describeRemediator(reportFullServicePolicy, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'a policy for a service', expect: 'manual', arrange: policy(ALLOWING('dynamodb:*')), tag: tagPolicy },
    {
      name: 'all but some actions',
      expect: 'manual',
      arrange: policy(documentOf({ Effect: 'Allow', NotAction: ['iam:*'], Resource: '*' })),
      tag: tagPolicy,
    },
    { name: 'a policy for some actions', expect: 'compliant', arrange: policy(ALLOWING('dynamodb:Get*')), tag: tagPolicy },
    { name: 'a policy that is gone', expect: 'compliant', arrange: gonePolicy },
  ],
});

/** A user, as it is made before something is given to it. */
const person =
  (give: (iam: IAMClient, UserName: string) => Promise<unknown> = async () => undefined) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const client = new IAMClient(sdk.config);
    const UserName = sdk.name('person');
    await client.send(new CreateUserCommand({ UserName, Tags: [{ Key: 'team', Value: 'payments' }] }));
    await give(client, UserName);
    return ref(sdk, 'AWS::IAM::User', UserName);
  };
const goneUser = async (sdk: Sdk) => ref(sdk, 'AWS::IAM::User', sdk.name('gone'));
const inline = (iam: IAMClient, UserName: string) => iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'own', PolicyDocument: LISTING }));
const attached = async (iam: IAMClient, UserName: string) => {
  const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: `of-${UserName}`, PolicyDocument: LISTING }));
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: Policy?.Arn }));
};
const { tag: tagUser } = common;

const TRUST = documentOf({ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' });
const role =
  (own: boolean, Path = '/') =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const client = new IAMClient(sdk.config);
    const RoleName = sdk.name('role');
    await client.send(new CreateRoleCommand({ RoleName, Path, AssumeRolePolicyDocument: TRUST }));
    if (own) await client.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'own', PolicyDocument: LISTING }));
    return ref(sdk, 'AWS::IAM::Role', RoleName);
  };
const tagRole: Scenario['tag'] = async (sdk, { id: RoleName }, Key, Value) => {
  await new IAMClient(sdk.config).send(new TagRoleCommand({ RoleName, Tags: [{ Key, Value }] }));
};

describeRemediator(reportInlinePolicies, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'a user with one', expect: 'manual', arrange: person(inline), tag: tagUser },
    {
      name: 'a role that someone has just given one',
      expect: 'manual',
      arrange: role(true),
      tag: tagRole,
      event: ({ account, id }) =>
        cloudTrailEvent({ account, region: 'us-east-1', service: 'iam', operation: 'PutRolePolicy', request: { roleName: id, policyName: 'own' } }),
    },
    { name: 'the role of a permission set', expect: 'manual', arrange: role(true, '/aws-reserved/sso.amazonaws.com/'), tag: tagRole },
    {
      name: 'a group with one',
      expect: 'manual',
      arrange: async (sdk) => {
        const client = new IAMClient(sdk.config);
        const GroupName = sdk.name('group');
        await client.send(new CreateGroupCommand({ GroupName }));
        await client.send(new PutGroupPolicyCommand({ GroupName, PolicyName: 'own', PolicyDocument: LISTING }));
        return ref(sdk, 'AWS::IAM::Group', GroupName);
      },
    },
    { name: 'a role without', expect: 'compliant', arrange: role(false), tag: tagRole },
    { name: 'a service-linked role', expect: 'not-applicable', arrange: role(true, '/aws-service-role/'), tag: tagRole },
    { name: 'a user with attached ones alone', expect: 'compliant', arrange: person(attached), tag: tagUser },
    { name: 'a user who is gone', expect: 'compliant', arrange: goneUser },
  ],
});

describeRemediator(reportUserAttachedPolicies, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'an attached policy', expect: 'manual', arrange: person(attached), tag: tagUser },
    {
      name: 'an inline policy that someone has just put in',
      expect: 'manual',
      arrange: person(inline),
      tag: tagUser,
      event: ({ account, id }) => cloudTrailEvent({ account, region: 'us-east-1', service: 'iam', operation: 'PutUserPolicy', request: { userName: id } }),
    },
    { name: 'a user without', expect: 'compliant', arrange: person(), tag: tagUser },
    { name: 'a user who is gone', expect: 'compliant', arrange: goneUser },
  ],
});

const withPassword = (iam: IAMClient, UserName: string) => iam.send(new CreateLoginProfileCommand({ UserName, Password: 'correct horse battery staple 1' }));
const withDevice = async (iam: IAMClient, UserName: string, SerialNumber = `GAHT${UserName.slice(-8)}`) =>
  iam.send(new EnableMFADeviceCommand({ UserName, SerialNumber, AuthenticationCode1: '123456', AuthenticationCode2: '234567' }));

describeRemediator(reportUserWithoutMfa, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'a password alone', expect: 'manual', arrange: person(withPassword), tag: tagUser },
    {
      name: 'a user without either, where all need it',
      expect: 'manual',
      parameters: { everyUser: true },
      arrange: person(),
      tag: tagUser,
      event: (resource) => configComplianceEvent({ resource, rule: 'iam-user-mfa-enabled' }),
    },
    {
      name: 'a password and a device',
      expect: 'compliant',
      arrange: person(async (iam, name) => {
        await withPassword(iam, name);
        await withDevice(iam, name);
      }),
      tag: tagUser,
    },
    { name: 'keys alone', expect: 'compliant', arrange: person(), tag: tagUser },
    { name: 'a user who is gone', expect: 'compliant', arrange: goneUser },
  ],
});

/** The root user of the emulated account; see `scripts/emulator.py`. */
const rootUser =
  (...has: readonly ('key' | 'password' | 'hardware' | 'virtual')[]) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const client = new IAMClient(sdk.config);
    const UserName = 'root';
    await client.send(new CreateUserCommand({ UserName })).catch(() => undefined);
    for (const { AccessKeyId } of (await client.send(new ListAccessKeysCommand({ UserName }))).AccessKeyMetadata ?? [])
      await client.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
    for (const { SerialNumber } of (await client.send(new ListMFADevicesCommand({ UserName }))).MFADevices ?? [])
      await client.send(new DeactivateMFADeviceCommand({ UserName, SerialNumber }));
    await client.send(new DeleteLoginProfileCommand({ UserName })).catch(() => undefined);
    if (has.includes('password')) await withPassword(client, UserName);
    if (has.includes('key')) await client.send(new CreateAccessKeyCommand({ UserName }));
    if (has.includes('hardware')) await withDevice(client, UserName, 'GAHT12345678');
    if (has.includes('virtual')) {
      const { VirtualMFADevice } = await client.send(new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: sdk.name('device') }));
      await withDevice(client, UserName, VirtualMFADevice?.SerialNumber);
    }
    return ref(sdk, 'AWS::::Account', sdk.account);
  };

describeRemediator(reportRootAccessKey, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'a root user with a key', expect: 'manual', arrange: rootUser('password', 'key') },
    { name: 'a root user without', expect: 'compliant', arrange: rootUser('password') },
  ],
});

describeRemediator(reportRootMfa, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'a password alone', expect: 'manual', arrange: rootUser('password') },
    { name: 'a key alone', expect: 'manual', arrange: rootUser('key') },
    { name: 'a password and a device', expect: 'compliant', arrange: rootUser('password', 'virtual') },
    { name: 'no credentials at all', expect: 'not-applicable', arrange: rootUser() },
  ],
});

describeRemediator(reportRootHardwareMfa, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'a password alone', expect: 'manual', arrange: rootUser('password') },
    { name: 'a virtual device beside the key that one can hold', expect: 'manual', arrange: rootUser('password', 'hardware', 'virtual') },
    { name: 'a key that one can hold', expect: 'compliant', arrange: rootUser('password', 'hardware') },
    { name: 'no credentials at all', expect: 'not-applicable', arrange: rootUser() },
  ],
});

const DECRYPTING = (Resource: string) => ALLOWING('kms:Decrypt', Resource);
describeRemediator(reportDecryptAllPolicies, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'a policy that decrypts with every key', expect: 'manual', arrange: policy(DECRYPTING('arn:aws:kms:*:123456789012:key/*')), tag: tagPolicy },
    {
      name: 'everything but a service, just made',
      expect: 'manual',
      arrange: policy(LISTING, documentOf({ Effect: 'Allow', NotAction: ['iam:*'], Resource: '*' })),
      tag: tagPolicy,
      event: ({ account, id }) =>
        cloudTrailEvent({ account, region: 'us-east-1', service: 'iam', operation: 'CreatePolicyVersion', request: { policyArn: id, setAsDefault: true } }),
    },
    { name: 'another action is asked for', expect: 'manual', parameters: { actions: 'kms:Encrypt' }, arrange: policy(ALLOWING('kms:Encrypt')), tag: tagPolicy },
    { name: 'a policy for one key', expect: 'compliant', arrange: policy(DECRYPTING('arn:aws:kms:us-east-1:123456789012:key/1234')), tag: tagPolicy },
    { name: 'a policy that encrypts alone', expect: 'compliant', arrange: policy(ALLOWING('kms:Encrypt')), tag: tagPolicy },
    { name: 'a policy that is gone', expect: 'compliant', arrange: gonePolicy },
  ],
});

const decrypts = (Resource: string) => (iam: IAMClient, UserName: string) =>
  iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'own', PolicyDocument: DECRYPTING(Resource) }));
describeRemediator(reportDecryptAllInlinePolicies, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'a user who may decrypt with every key', expect: 'manual', arrange: person(decrypts('*')), tag: tagUser },
    {
      name: 'a role that has just been given it',
      expect: 'manual',
      arrange: async (sdk) => {
        const it = await role(false)(sdk);
        await new IAMClient(sdk.config).send(new PutRolePolicyCommand({ RoleName: it.id, PolicyName: 'own', PolicyDocument: ALLOWING('kms:*') }));
        return it;
      },
      tag: tagRole,
      event: ({ account, id }) =>
        cloudTrailEvent({ account, region: 'us-east-1', service: 'iam', operation: 'PutRolePolicy', request: { roleName: id, policyName: 'own' } }),
    },
    {
      name: 'a group',
      expect: 'manual',
      arrange: async (sdk) => {
        const client = new IAMClient(sdk.config);
        const GroupName = sdk.name('group');
        await client.send(new CreateGroupCommand({ GroupName }));
        await client.send(new PutGroupPolicyCommand({ GroupName, PolicyName: 'own', PolicyDocument: DECRYPTING('*') }));
        return ref(sdk, 'AWS::IAM::Group', GroupName);
      },
    },
    {
      name: 'a user who may decrypt with one key',
      expect: 'compliant',
      arrange: person(decrypts('arn:aws:kms:us-east-1:123456789012:key/1234')),
      tag: tagUser,
    },
    { name: 'a role without', expect: 'compliant', arrange: role(true), tag: tagRole },
    { name: 'a service-linked role', expect: 'not-applicable', arrange: role(true, '/aws-service-role/'), tag: tagRole },
    { name: 'a user who is gone', expect: 'compliant', arrange: goneUser },
  ],
});

// moto has no credentials of single services.
const apiKeys = new Map<string, string | null>();
const front = await inFrontOf(inject('moto'), ({ operation, body }) => {
  if (operation !== 'ListServiceSpecificCredentials') return null;
  const asked = new URLSearchParams(body).get('UserName');
  const members = [...apiKeys]
    .filter(([user]) => asked === null || user === asked)
    .map(
      ([user, ends]) =>
        `<member><UserName>${user}</UserName><Status>Active</Status><ServiceName>bedrock.amazonaws.com</ServiceName><CreateDate>2026-01-02T03:04:05Z</CreateDate>` +
        `${ends === null ? '' : `<ExpirationDate>${ends}</ExpirationDate>`}<ServiceSpecificCredentialId>ACCA${user}</ServiceSpecificCredentialId></member>`,
    );
  const result = `<ServiceSpecificCredentials>${members.join('')}</ServiceSpecificCredentials><IsTruncated>false</IsTruncated>`;
  return {
    type: 'text/xml',
    body: `<${operation}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><${operation}Result>${result}</${operation}Result></${operation}Response>`,
  };
});
afterAll(() => front.close());
const withKey = (ends: string | null) =>
  person(async (_, UserName) => {
    apiKeys.set(UserName, ends);
  });
describeRemediator(reportLongLivedApiKey, {
  account: { endpoint: front.endpoint },
  scenarios: [
    {
      name: 'a key that never ends, just made',
      expect: 'manual',
      arrange: withKey(null),
      tag: tagUser,
      event: ({ account, id }) =>
        cloudTrailEvent({ account, region: 'us-east-1', service: 'iam', operation: 'CreateServiceSpecificCredential', request: { userName: id } }),
    },
    {
      name: 'a key that ends in time',
      expect: 'compliant',
      arrange: withKey('2026-02-02T03:04:05Z'),
      tag: tagUser,
      event: ({ account, id }) =>
        cloudTrailEvent({ account, region: 'us-east-1', service: 'iam', operation: 'CreateServiceSpecificCredential', request: { userName: id } }),
    },
    {
      name: 'a user who is gone',
      expect: 'compliant',
      arrange: goneUser,
      event: ({ account, id }) =>
        cloudTrailEvent({ account, region: 'us-east-1', service: 'iam', operation: 'DeleteServiceSpecificCredential', request: { userName: id } }),
    },
  ],
});

// moto knows of no use of a key, dates no password, and keeps a credential report for ever.
const usedKeys = new Set<string>();
const oldPasswords = new Set<string>();
let report: 'missing' | 'older' | 'fresh' = 'fresh';
const xml = (operation: string, result: string) => ({
  type: 'text/xml',
  body: `<${operation}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><${operation}Result>${result}</${operation}Result></${operation}Response>`,
});
const DAY = 86_400_000;
const uses = await inFrontOf(inject('moto'), ({ operation, body }) => {
  const asked = new URLSearchParams(body);
  if (operation === 'GetAccessKeyLastUsed' && usedKeys.has(asked.get('AccessKeyId') ?? '')) {
    const at = new Date(Date.now() - 2 * DAY).toISOString();
    return xml(
      operation,
      `<UserName>u</UserName><AccessKeyLastUsed><LastUsedDate>${at}</LastUsedDate><ServiceName>s3</ServiceName><Region>eu-west-1</Region></AccessKeyLastUsed>`,
    );
  }
  if (operation === 'GetLoginProfile' && oldPasswords.has(asked.get('UserName') ?? ''))
    return xml(operation, `<LoginProfile><UserName>${asked.get('UserName')}</UserName><CreateDate>2025-01-02T03:04:05Z</CreateDate></LoginProfile>`);
  if (operation !== 'GetCredentialReport') return null;
  if (report === 'missing')
    return {
      status: 410,
      type: 'text/xml',
      body: '<ErrorResponse><Error><Type>Sender</Type><Code>ReportNotPresent</Code><Message>No report Present.</Message></Error><RequestId>r</RequestId></ErrorResponse>',
    };
  const changed = report === 'older' ? '2025-01-02T03:04:05+00:00' : new Date().toISOString();
  const lines = ['user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,mfa_active'];
  lines.push(`ada,arn:aws:iam::123456789012:user/ada,2020-01-01T00:00:00+00:00,true,no_information,${changed},true`);
  return xml(operation, `<Content>${Buffer.from(lines.join('\n')).toString('base64')}</Content><ReportFormat>text/csv</ReportFormat>`);
});
afterAll(() => uses.close());

const restOfUser = common.rest as NonNullable<Scenario['rest']>;
/** Which keys there are, and the tags; not whether they are active. */
const keyRest: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag: common.tag,
  rest: async (sdk, ref) => {
    const { keys, ...others } = (await restOfUser(sdk, ref)) as unknown as { keys: readonly string[] };
    return { ...others, keys: keys.map((each) => each.split(' ')[0] ?? '') };
  },
  breakAgain: async (sdk, { id: UserName }) => {
    const client = new IAMClient(sdk.config);
    const { AccessKeyMetadata = [] } = await client.send(new ListAccessKeysCommand({ UserName }));
    for (const { AccessKeyId } of AccessKeyMetadata) await client.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Active' }));
  },
};
const forEmergencies = (client: IAMClient, UserName: string) => client.send(new TagUserCommand({ UserName, Tags: [{ Key: 'for', Value: 'break-glass' }] }));
describeRemediator(deactivateStaleAccessKey, {
  account: { endpoint: uses.endpoint },
  scenarios: [
    {
      ...keyRest,
      name: 'a key of 200 days, reported by Config under the unique id of its user',
      expect: 'change',
      arrange: (sdk) => user(sdk, 'old'),
      event: (ref, { userId }) => configComplianceEvent({ resource: ref, rule: 'access-keys-rotated', resourceId: String(userId) }),
    },
    {
      ...keyRest,
      name: 'a key that is in use',
      expect: 'change',
      hazards: ['in-use'],
      arrange: (sdk) =>
        user(sdk, 'old', async (_, __, key) => {
          usedKeys.add(key);
        }),
    },
    { ...keyRest, name: 'a user for emergencies', expect: 'change', hazards: ['rare-on-purpose'], arrange: (sdk) => user(sdk, 'old', forEmergencies) },
    { ...keyRest, name: 'a new key', expect: 'compliant', arrange: (sdk) => user(sdk, 'new') },
    { name: 'a user who is gone', expect: 'compliant', arrange: goneUser },
  ],
});

describeRemediator(deactivateUnusedAccessKey, {
  account: { endpoint: uses.endpoint },
  scenarios: [
    {
      ...keyRest,
      name: 'a key that was never used in 200 days, reported by Config under the unique id of its user',
      expect: 'change',
      arrange: (sdk) => user(sdk, 'old'),
      event: (ref, { userId }) => configComplianceEvent({ resource: ref, rule: 'iam-user-unused-credentials-check', resourceId: String(userId) }),
    },
    { ...keyRest, name: 'a user for emergencies', expect: 'change', hazards: ['rare-on-purpose'], arrange: (sdk) => user(sdk, 'old', forEmergencies) },
    {
      ...keyRest,
      name: 'an old key that is in use',
      expect: 'compliant',
      arrange: (sdk) =>
        user(sdk, 'old', async (_, __, key) => {
          usedKeys.add(key);
        }),
    },
    { ...keyRest, name: 'a new key', expect: 'compliant', arrange: (sdk) => user(sdk, 'new') },
    { name: 'a user who is gone', expect: 'compliant', arrange: goneUser },
  ],
});

const passwordOf = (isOld: boolean) => (sdk: Sdk) =>
  user(sdk, 'new', async (client, UserName) => {
    await client.send(new CreateLoginProfileCommand({ UserName, Password: 'Long-enough-1234' }));
    if (isOld) oldPasswords.add(UserName);
  });
describeRemediator(reportUnusedConsolePassword, {
  account: { endpoint: uses.endpoint },
  scenarios: [
    { ...common, name: 'a password that nobody has used', expect: 'manual', arrange: passwordOf(true) },
    {
      ...common,
      name: 'a password that was just set',
      expect: 'compliant',
      arrange: passwordOf(false),
      event: ({ account, id }) => cloudTrailEvent({ account, region: 'us-east-1', service: 'iam', operation: 'CreateLoginProfile', request: { userName: id } }),
    },
    { ...common, name: 'no password', expect: 'compliant', arrange: (sdk) => user(sdk, 'new') },
    { name: 'a user who is gone', expect: 'compliant', arrange: goneUser },
  ],
});

const weak: UpdateAccountPasswordPolicyCommandInput = { MinimumPasswordLength: 8, AllowUsersToChangePassword: true };
const endless = (more: UpdateAccountPasswordPolicyCommandInput, known: typeof report) => (sdk: Sdk) => {
  report = known;
  return passwords(sdk, { ...weak, ...more });
};
describeRemediator(setPasswordExpiration, {
  account: { endpoint: uses.endpoint },
  scenarios: [
    {
      name: 'passwords that do not end',
      expect: 'change',
      arrange: endless({}, 'fresh'),
      breakAgain: async (sdk) => {
        await passwords(sdk, weak);
      },
    },
    { name: 'passwords that end too late', expect: 'change', arrange: endless({ MaxPasswordAge: 365, PasswordReusePrevention: 5 }, 'fresh') },
    { name: 'who is late is locked out', expect: 'change', hazards: ['hard-expiry'], arrange: endless({ HardExpiry: true }, 'fresh') },
    { name: 'passwords that are older already', expect: 'change', hazards: ['older-passwords'], arrange: endless({}, 'older') },
    { name: 'no credential report', expect: 'change', hazards: ['ages-unknown'], arrange: endless({}, 'missing') },
    { name: 'passwords that end', expect: 'compliant', arrange: endless({ MaxPasswordAge: 60 }, 'fresh') },
    { name: 'no policy', expect: 'manual', arrange: (sdk) => passwords(sdk, null) },
  ],
});

const SHELL = 'arn:aws:iam::aws:policy/AWSCloudShellFullAccess';
const SUPPORT = 'arn:aws:iam::aws:policy/AWSSupportAccess';
const groupOf = async (sdk: Sdk) => {
  const GroupName = sdk.name('group');
  await new IAMClient(sdk.config).send(new CreateGroupCommand({ GroupName }));
  return ref(sdk, 'AWS::IAM::Group', GroupName);
};
/** Attaches the policy to what was made, and answers by which unique id AWS Config names it. */
const withShell = (make: (sdk: Sdk) => Promise<ResourceRef>) => async (sdk: Sdk) => {
  const it = await make(sdk);
  await attachShell(sdk, it);
  const client = new IAMClient(sdk.config);
  if (it.type === 'AWS::IAM::Group') return { resource: it, unique: (await client.send(new GetGroupCommand({ GroupName: it.id }))).Group?.GroupId ?? '' };
  if (it.type === 'AWS::IAM::Role') return { resource: it, unique: (await client.send(new GetRoleCommand({ RoleName: it.id }))).Role?.RoleId ?? '' };
  return { resource: it, unique: (await client.send(new GetUserCommand({ UserName: it.id }))).User?.UserId ?? '' };
};
const byUnique: Scenario['event'] = (of, { unique }) =>
  configComplianceEvent({ resource: of, rule: 'iam-policy-blacklisted-check', resourceId: String(unique) });
const attachShell = async (sdk: Sdk, { type, id }: ResourceRef) => {
  const client = new IAMClient(sdk.config);
  if (type === 'AWS::IAM::Group') await client.send(new AttachGroupPolicyCommand({ GroupName: id, PolicyArn: SHELL }));
  else if (type === 'AWS::IAM::Role') await client.send(new AttachRolePolicyCommand({ RoleName: id, PolicyArn: SHELL }));
  else await client.send(new AttachUserPolicyCommand({ UserName: id, PolicyArn: SHELL }));
};
const asUser = async (sdk: Sdk) => (await user(sdk, 'new', attached)).resource;
const shell: Pick<Scenario, 'breakAgain' | 'irreversible'> = { irreversible: true, breakAgain: attachShell };
describeRemediator(detachCloudShellFullAccess, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { ...shell, ...common, name: 'a user who has it next to another policy', expect: 'change', arrange: withShell(asUser), event: byUnique },
    { ...shell, name: 'a role, which AWS Config names', expect: 'change', arrange: withShell(role(false)), tag: tagRole, event: byUnique },
    {
      ...shell,
      name: 'a role that someone has just given it',
      expect: 'change',
      arrange: withShell(role(true)),
      tag: tagRole,
      event: ({ account, id }) =>
        cloudTrailEvent({ account, region: 'us-east-1', service: 'iam', operation: 'AttachRolePolicy', request: { roleName: id, policyArn: SHELL } }),
    },
    { ...shell, name: 'a group', expect: 'change', arrange: withShell(groupOf), event: byUnique },
    {
      ...shell,
      ...common,
      name: 'a user for emergencies',
      expect: 'change',
      hazards: ['rare-on-purpose'],
      arrange: withShell(async (sdk) => (await user(sdk, 'new', forEmergencies)).resource),
    },
    {
      name: 'a role of a permission set',
      expect: 'manual',
      arrange: withShell(role(false, '/aws-reserved/sso.amazonaws.com/eu-west-1/')),
      tag: tagRole,
    },
    { ...common, name: 'a user without it', expect: 'compliant', arrange: asUser },
    { name: 'a user who is gone', expect: 'compliant', arrange: goneUser },
  ],
});

/** Roles that have the policy lose it. */
const supportedBy = (make: ((sdk: Sdk) => Promise<ResourceRef>) | null) => async (sdk: Sdk) => {
  const client = new IAMClient(sdk.config);
  const { PolicyRoles = [] } = await client.send(new ListEntitiesForPolicyCommand({ PolicyArn: SUPPORT }));
  for (const { RoleName } of PolicyRoles) await client.send(new DetachRolePolicyCommand({ RoleName, PolicyArn: SUPPORT }));
  if (make !== null) await client.send(new AttachRolePolicyCommand({ RoleName: (await make(sdk)).id, PolicyArn: SUPPORT }));
  return ref(sdk, 'AWS::::Account', sdk.account);
};
describeRemediator(reportMissingSupportRole, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'an account without a role for it', expect: 'manual', arrange: supportedBy(null) },
    { name: 'an account with one', expect: 'compliant', arrange: supportedBy(role(false)) },
  ],
});

// moto dates every certificate to the past.
const lasting = new Set<string>();
const certificates = await inFrontOf(inject('moto'), ({ operation, body }) => {
  const name = new URLSearchParams(body).get('ServerCertificateName') ?? '';
  if (operation !== 'GetServerCertificate' || !lasting.has(name)) return null;
  const metadata = `<ServerCertificateName>${name}</ServerCertificateName><ServerCertificateId>ASCACKCEVSQ6C2EXAMPLE</ServerCertificateId><Path>/</Path>`;
  const arn = `<Arn>arn:aws:iam::123456789012:server-certificate/${name}</Arn><Expiration>2099-01-02T03:04:05Z</Expiration>`;
  return xml(
    operation,
    `<ServerCertificate><ServerCertificateMetadata>${metadata}${arn}</ServerCertificateMetadata><CertificateBody>x</CertificateBody></ServerCertificate>`,
  );
});
afterAll(() => certificates.close());
const certificate = (lasts: boolean) => async (sdk: Sdk) => {
  const ServerCertificateName = sdk.name('certificate');
  if (lasts) lasting.add(ServerCertificateName);
  await new IAMClient(sdk.config).send(new UploadServerCertificateCommand({ ServerCertificateName, CertificateBody: 'x', PrivateKey: 'not-a-key' }));
  return ref(sdk, 'AWS::IAM::ServerCertificate', ServerCertificateName);
};
describeRemediator(reportExpiredServerCertificate, {
  account: { endpoint: certificates.endpoint },
  scenarios: [
    { name: 'one that has expired', expect: 'manual', arrange: certificate(false) },
    {
      name: 'one that was just uploaded, and had expired',
      expect: 'manual',
      arrange: certificate(false),
      event: ({ account, id }) =>
        cloudTrailEvent({ account, region: 'us-east-1', service: 'iam', operation: 'UploadServerCertificate', request: { serverCertificateName: id } }),
    },
    { name: 'one that lasts', expect: 'compliant', arrange: certificate(true) },
    { name: 'one that is gone', expect: 'compliant', arrange: async (sdk) => ref(sdk, 'AWS::IAM::ServerCertificate', sdk.name('gone')) },
  ],
});

const looking: Pick<Scenario, 'parameters' | 'event'> = {
  parameters: { newForDays: 0 },
  event: ({ account, id }) =>
    cloudTrailEvent({ account, region: 'us-east-1', service: 'iam', operation: 'RemoveUserFromGroup', request: { groupName: id, userName: 'ada' } }),
};
describeRemediator(reportUnusedGroup, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { ...looking, name: 'a group that nobody is in any more', expect: 'manual', arrange: groupOf },
    { name: 'a group that was just made', expect: 'not-applicable', arrange: groupOf },
    {
      ...looking,
      name: 'a group with a user',
      expect: 'compliant',
      arrange: async (sdk) => {
        const it = await groupOf(sdk);
        await new IAMClient(sdk.config).send(new AddUserToGroupCommand({ GroupName: it.id, UserName: (await asUser(sdk)).id }));
        return it;
      },
    },
    { name: 'a group that is gone', expect: 'compliant', arrange: async (sdk) => ref(sdk, 'AWS::IAM::Group', sdk.name('gone')) },
  ],
});
