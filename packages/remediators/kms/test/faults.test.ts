import { type Remediator, resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { cancelKeyDeletion, enableKeyRotation, removePublicKeyPolicy } from '../src/index.js';

interface Key {
  state: string;
  rotates: boolean;
  policy: string;
  tags: { TagKey: string; TagValue: string }[];
}
type Named = { readonly KeyId: string };
const keyOf = (custom: Record<string, unknown>, id: string): Key => {
  const found = (custom as Record<string, Key>)[id];
  if (found === undefined) throw new SimulatedError('NotFoundException', 400);
  return found;
};
const needs = (custom: Record<string, unknown>, id: string, state: string): Key => {
  const found = keyOf(custom, id);
  if (found.state !== state) throw new SimulatedError('KMSInvalidStateException', 409);
  return found;
};
/** As much of KMS as the package uses. */
const kms: Readonly<Record<string, Operation>> = {
  DescribeKey: ({ custom }, { KeyId }: Named) => {
    const { state } = keyOf(custom, KeyId);
    return {
      KeyMetadata: {
        KeyId,
        KeyManager: 'CUSTOMER',
        KeySpec: 'SYMMETRIC_DEFAULT',
        Origin: 'AWS_KMS',
        KeyState: state,
        ...(state === 'PendingDeletion' ? { DeletionDate: new Date('2026-12-24T00:00:00Z') } : {}),
      },
    };
  },
  ListKeys: ({ custom }) => ({
    Keys: Object.keys(custom)
      .sort()
      .map((KeyId) => ({ KeyId })),
  }),
  ListResourceTags: ({ custom }, { KeyId }: Named) => ({ Tags: keyOf(custom, KeyId).tags }),
  GetKeyRotationStatus: ({ custom }, { KeyId }: Named) => ({ KeyRotationEnabled: keyOf(custom, KeyId).rotates }),
  EnableKeyRotation: ({ custom }, { KeyId }: Named) => {
    needs(custom, KeyId, 'Enabled').rotates = true;
    return {};
  },
  DisableKeyRotation: ({ custom }, { KeyId }: Named) => {
    needs(custom, KeyId, 'Enabled').rotates = false;
    return {};
  },
  GetKeyPolicy: ({ custom }, { KeyId }: Named) => ({ Policy: keyOf(custom, KeyId).policy }),
  PutKeyPolicy: ({ custom }, { KeyId, Policy }: Named & { readonly Policy: string }) => {
    keyOf(custom, KeyId).policy = Policy;
    return {};
  },
  CancelKeyDeletion: ({ custom }, { KeyId }: Named) => {
    needs(custom, KeyId, 'PendingDeletion').state = 'Disabled';
    return { KeyId };
  },
};

const policy = (Principal: unknown) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Sid: 'use', Effect: 'Allow', Principal, Action: 'kms:Decrypt', Resource: '*' }] });

it.each<[id: string, Remediator, open: Partial<Key>, least: number]>([
  [enableKeyRotation.id, enableKeyRotation, { rotates: false }, 200],
  // What has no undo has no rollback that could meet a fault.
  [cancelKeyDeletion.id, cancelKeyDeletion, { state: 'PendingDeletion' }, 100],
  [removePublicKeyPolicy.id, removePublicKeyPolicy, { policy: policy('*') }, 200],
])('%s survives every fault at every call', async (_, remediator, open, least) => {
  const report = await faultMatrix(remediator, {
    services: { kms },
    arrange(account) {
      const sound = (): Key => ({ state: 'Enabled', rotates: true, policy: policy({ AWS: '222222222222' }), tags: [{ TagKey: 'team', TagValue: 'security' }] });
      Object.assign(account.state.custom, { beside: sound(), subject: sound() });
      const subject = () => keyOf(account.state.custom, 'subject');
      const [[member, value] = ['state', '']] = Object.entries(open);
      return reportedGap({
        resource: resource({ type: 'AWS::KMS::Key', id: 'subject', account: account.account, region: 'us-east-1' }),
        rule: String(remediator.configRules[1]),
        open: () => Object.assign(subject(), open),
        isOpen: () => (account.state.custom as Record<string, Key>)['subject']?.[member as keyof Key] === value,
        others: {
          delete: () => delete account.state.custom['subject'],
          fix: () => Object.assign(subject(), sound()),
          change: () => subject().tags.push({ TagKey: 'more', TagValue: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(least);
});
