import { readFileSync } from 'node:fs';
import {
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyRotationCommand,
  KMSClient,
  ListResourceTagsCommand,
  TagResourceCommand,
} from '@aws-sdk/client-kms';
import { resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { expect, inject, it } from 'vitest';
import { rotateKeys } from './remediator.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}

async function key(sdk: Sdk, input: CreateKeyCommandInput = {}) {
  const { KeyMetadata } = await new KMSClient(sdk.config).send(new CreateKeyCommand(input));
  return resource({ type: 'AWS::KMS::Key', id: KeyMetadata?.KeyId ?? '', account: sdk.account, region: sdk.region });
}

const common: Pick<Scenario, 'tag' | 'rest'> = {
  tag: async (sdk, { id }, TagKey, TagValue) => {
    await new KMSClient(sdk.config).send(new TagResourceCommand({ KeyId: id, Tags: [{ TagKey, TagValue }] }));
  },
  rest: async (sdk, { id }) => ({ tags: (await new KMSClient(sdk.config).send(new ListResourceTagsCommand({ KeyId: id }))).Tags ?? [] }),
};

describeRemediator(rotateKeys, {
  account: { endpoint: inject('moto') },
  goneCode: 'NotFoundException',
  scenarios: [
    {
      ...common,
      name: 'a key without rotation',
      expect: 'change',
      arrange: (sdk) => key(sdk, { Tags: [{ TagKey: 'team', TagValue: 'payments' }] }),
      breakAgain: async (sdk, { id }) => {
        await new KMSClient(sdk.config).send(new DisableKeyRotationCommand({ KeyId: id }));
      },
    },
    {
      ...common,
      name: 'a key whose rotation someone has just turned off, named by its ARN',
      expect: 'change',
      arrange: (sdk) => key(sdk),
      event: (ref) =>
        cloudTrailEvent({
          account: ref.account,
          region: ref.region,
          service: 'kms',
          operation: 'DisableKeyRotation',
          request: { keyId: `arn:aws:kms:${ref.region}:${ref.account}:key/${ref.id}` },
        }),
    },
    {
      ...common,
      name: 'a key with rotation',
      expect: 'compliant',
      arrange: async (sdk) => {
        const ref = await key(sdk);
        await new KMSClient(sdk.config).send(new EnableKeyRotationCommand({ KeyId: ref.id }));
        return ref;
      },
    },
    { ...common, name: 'a key pair', expect: 'not-applicable', arrange: (sdk) => key(sdk, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }) },
    {
      ...common,
      name: 'a disabled key',
      expect: 'not-applicable',
      arrange: async (sdk) => {
        const ref = await key(sdk);
        await new KMSClient(sdk.config).send(new DisableKeyCommand({ KeyId: ref.id }));
        return ref;
      },
    },
    {
      name: 'a key that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::KMS::Key', id: '00000000-0000-4000-8000-000000000000', account: sdk.account, region: sdk.region }),
    },
  ],
});

it('is a remediator in at most 60 lines, including its client', () => {
  const lines = readFileSync(new URL('./remediator.ts', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  expect(lines.length).toBeLessThanOrEqual(60);
});
