import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyRotationCommand,
  GetKeyPolicyCommand,
  KMSClient,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
} from '@aws-sdk/client-kms';
import { type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk, securityHubEvent } from '@redress/testing';
import { inject } from 'vitest';
import { cancelKeyDeletion, enableKeyRotation, removePublicKeyPolicy } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}
const account = { endpoint: inject('moto') };
const client = (sdk: Sdk) => new KMSClient(sdk.config);

const key =
  ({
    tags = {},
    more = {},
    prepare,
  }: {
    tags?: Readonly<Record<string, string>>;
    more?: object;
    prepare?: (kms: KMSClient, KeyId: string) => Promise<unknown>;
  } = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const Tags = Object.entries({ team: 'payments', ...tags }).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
    const { KeyMetadata } = await client(sdk).send(new CreateKeyCommand({ Description: 'invoices', Tags, ...more }));
    const KeyId = KeyMetadata?.KeyId ?? '';
    await prepare?.(client(sdk), KeyId);
    return resource({ type: 'AWS::KMS::Key', id: KeyId, account: sdk.account, region: sdk.region });
  };
const scheduled = (kms: KMSClient, KeyId: string) => kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
const common = (...changed: readonly string[]): Pick<Scenario, 'tag' | 'rest'> => ({
  tag: async (sdk, { id: KeyId }, TagKey, TagValue) => {
    await client(sdk).send(new TagResourceCommand({ KeyId, Tags: [{ TagKey, TagValue }] }));
  },
  rest: async (sdk, { id: KeyId }) => {
    const { KeyMetadata = {} } = await client(sdk).send(new DescribeKeyCommand({ KeyId }));
    // Dates are no JSON.
    return JSON.stringify([
      Object.entries(KeyMetadata).filter(([member]) => !changed.includes(member)),
      (await client(sdk).send(new ListResourceTagsCommand({ KeyId }))).Tags,
      (await client(sdk).send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }))).Policy,
    ]);
  },
});
const gone: Scenario = {
  name: 'a key that is gone',
  expect: 'compliant',
  arrange: async (sdk) => resource({ type: 'AWS::KMS::Key', id: crypto.randomUUID(), account: sdk.account, region: sdk.region }),
};
const arnOf = ({ region, account: owner, id }: ResourceRef) => `arn:aws:kms:${region}:${owner}:key/${id}`;
const named =
  (operation: string, more: (ref: ResourceRef) => object = ({ id }) => ({ request: { keyId: id } })): Scenario['event'] =>
  (ref) =>
    cloudTrailEvent({ account: ref.account, region: ref.region, service: 'kms', operation, ...more(ref) });

const rotating: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  ...common(),
  breakAgain: async (sdk, { id: KeyId }) => {
    await client(sdk).send(new DisableKeyRotationCommand({ KeyId }));
  },
};
describeRemediator(enableKeyRotation, {
  account,
  scenarios: [
    { ...rotating, name: 'a key that is not rotated', expect: 'change', arrange: key() },
    {
      ...rotating,
      name: 'reported by Security Hub, under its ARN',
      expect: 'change',
      arrange: key(),
      event: (ref) => securityHubEvent({ resource: ref, control: 'KMS.4', resourceId: arnOf(ref) }),
    },
    { ...rotating, name: 'someone has just turned it off', expect: 'change', arrange: key(), event: named('DisableKeyRotation') },
    {
      ...rotating,
      name: 'someone has just made it',
      expect: 'change',
      arrange: key(),
      event: named('CreateKey', ({ id }) => ({ request: {}, response: { keyMetadata: { keyId: id } } })),
    },
    { ...rotating, name: 'a key of a preview', expect: 'change', hazards: ['short-lived'], arrange: key({ tags: { stage: 'preview' } }) },
    {
      ...rotating,
      name: 'a key that is rotated',
      expect: 'compliant',
      arrange: key({ prepare: (kms, KeyId) => kms.send(new EnableKeyRotationCommand({ KeyId })) }),
    },
    { ...rotating, name: 'a key to sign with', expect: 'not-applicable', arrange: key({ more: { KeyUsage: 'SIGN_VERIFY', KeySpec: 'ECC_NIST_P256' } }) },
    { ...rotating, name: 'a key that is about to be deleted', expect: 'not-applicable', arrange: key({ prepare: scheduled }) },
    gone,
  ],
});

const deleting: Pick<Scenario, 'tag' | 'rest' | 'breakAgain' | 'irreversible'> = {
  ...common('KeyState', 'DeletionDate', 'Enabled'),
  irreversible: true,
  breakAgain: async (sdk, { id }) => {
    await scheduled(client(sdk), id);
  },
};
describeRemediator(cancelKeyDeletion, {
  account,
  scenarios: [
    { ...deleting, name: 'a key that is to be deleted in a week', expect: 'change', arrange: key({ prepare: scheduled }) },
    {
      ...deleting,
      name: 'someone has just scheduled it, by its ARN',
      expect: 'change',
      arrange: key({ prepare: scheduled }),
      event: named('ScheduleKeyDeletion', (ref) => ({ request: { keyId: arnOf(ref) } })),
    },
    {
      ...deleting,
      name: 'a key that is to be shredded',
      expect: 'change',
      hazards: ['destroyed-on-purpose'],
      arrange: key({ tags: { 'data-retention': 'crypto-shred 2026' }, prepare: scheduled }),
    },
    { ...deleting, irreversible: false, name: 'a key in use', expect: 'compliant', arrange: key() },
    {
      ...deleting,
      irreversible: false,
      name: 'a key whose deletion somebody has cancelled',
      expect: 'compliant',
      arrange: key({
        prepare: async (kms, KeyId) => {
          await scheduled(kms, KeyId);
          await kms.send(new CancelKeyDeletionCommand({ KeyId }));
        },
      }),
    },
    gone,
  ],
});

const ROOT = { Sid: 'root', Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'kms:*', Resource: '*' };
const lets = (more: object) => ({ Sid: 'use', Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: '*', ...more });
const putPolicy =
  (...Statement: readonly object[]) =>
  (kms: KMSClient, KeyId: string) =>
    kms.send(new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }));
const everybody = putPolicy(ROOT, lets({ Principal: '*' }));
const policed: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag: common().tag as NonNullable<Scenario['tag']>,
  rest: async (sdk, { id: KeyId }) => {
    const { KeyMetadata = {} } = await client(sdk).send(new DescribeKeyCommand({ KeyId }));
    const { Policy = '{}' } = await client(sdk).send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }));
    const { Statement } = JSON.parse(Policy) as { readonly Statement: readonly { readonly Sid?: string }[] };
    return JSON.stringify([KeyMetadata, Statement.filter(({ Sid }) => Sid !== 'use'), (await client(sdk).send(new ListResourceTagsCommand({ KeyId }))).Tags]);
  },
  breakAgain: async (sdk, { id }) => {
    await everybody(client(sdk), id);
  },
};
describeRemediator(removePublicKeyPolicy, {
  account,
  scenarios: [
    { ...policed, name: 'a key that everybody may use', expect: 'change', arrange: key({ prepare: everybody }) },
    {
      ...policed,
      name: 'someone has just let everybody in',
      expect: 'change',
      arrange: key({ prepare: putPolicy(ROOT, lets({ Principal: { AWS: '*' } })) }),
      event: named('PutKeyPolicy', ({ id }) => ({ request: { keyId: id, policyName: 'default' } })),
    },
    {
      ...policed,
      name: 'a key that is published',
      expect: 'change',
      hazards: ['shared-on-purpose'],
      arrange: key({ tags: { use: 'public sample' }, prepare: everybody }),
    },
    {
      ...policed,
      name: 'a key that hangs on a condition that is not weighed',
      expect: 'manual',
      arrange: key({ prepare: putPolicy(ROOT, lets({ Principal: '*', Condition: { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } } })) }),
    },
    {
      ...policed,
      name: 'a key that is bound to its account',
      expect: 'compliant',
      arrange: key({ prepare: putPolicy(ROOT, lets({ Principal: '*', Condition: { StringEquals: { 'kms:CallerAccount': '123456789012' } } })) }),
    },
    gone,
  ],
});
