import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import { cancelKeyDeletion, enableKeyRotation } from './index.js';

const REF = resource({ type: 'AWS::KMS::Key', id: '1234abcd-12ab-34cd-56ef-1234567890ab', account: '111111111111', region: 'eu-west-1' });
const own = { KeyId: REF.id, KeyManager: 'CUSTOMER', KeySpec: 'SYMMETRIC_DEFAULT', Origin: 'AWS_KMS', KeyState: 'Enabled' };
const replies = (more: object = {}, rotates: boolean | undefined = false) => ({
  kms: { DescribeKey: { KeyMetadata: { ...own, ...more } }, ListResourceTags: { Tags: [] }, GetKeyRotationStatus: { KeyRotationEnabled: rotates } },
});

it('is rotated only by KMS: the call names the key, and the undo turns it off', async () => {
  expect(await assess(enableKeyRotation, REF, replies())).toMatchObject({
    status: 'change',
    changes: [
      {
        call: { operation: 'EnableKeyRotation', input: { KeyId: REF.id } },
        undo: { calls: [{ operation: 'DisableKeyRotation', input: { KeyId: REF.id } }], restores: 'exact' },
      },
    ],
  });
});
it.each([
  ['managed by AWS', { KeyManager: 'AWS' }],
  ['for signing', { KeySpec: 'RSA_2048' }],
  ['with imported material', { Origin: 'EXTERNAL' }],
  ['in a custom key store', { Origin: 'AWS_CLOUDHSM' }],
  ['that is disabled', { KeyState: 'Disabled' }],
  ['that is a replica', { MultiRegionConfiguration: { MultiRegionKeyType: 'REPLICA' } }],
])('is not rotated if it is a key %s', async (_, more) => {
  expect((await assess(enableKeyRotation, REF, replies(more))).status).toBe('not-applicable');
});
it('is rotated if it is the primary key of replicas', async () => {
  expect((await assess(enableKeyRotation, REF, replies({ MultiRegionConfiguration: { MultiRegionKeyType: 'PRIMARY' } }))).status).toBe('change');
});
it('is not judged by a reply without a rotation status', async () => {
  await expect(look(enableKeyRotation, REF, { kms: { ...replies().kms, GetKeyRotationStatus: {} } })).rejects.toThrow('KeyRotationEnabled');
});

const pending = { KeyState: 'PendingDeletion', DeletionDate: new Date('2026-12-24T00:00:00Z') };
it('is kept, disabled, and nothing schedules its deletion again', async () => {
  expect(await assess(cancelKeyDeletion, REF, replies(pending))).toMatchObject({
    status: 'change',
    changes: [
      {
        call: { operation: 'CancelKeyDeletion', input: { KeyId: REF.id } },
        undo: { irreversible: expect.stringContaining('No role of Redress may schedule the deletion of a key') },
        summary: `cancel the deletion of the key ${REF.id}, due on 2026-12-24T00:00:00.000Z, and leave it disabled`,
      },
    ],
  });
  expect([cancelKeyDeletion.ceiling, cancelKeyDeletion.uses.undoes]).toEqual(['approve', []]);
});
it.each(['Enabled', 'Disabled', 'PendingImport', 'Unavailable', 'Creating'])('is not about to be deleted while it is %s', async (KeyState) => {
  expect((await assess(cancelKeyDeletion, REF, replies({ KeyState }))).status).toBe('compliant');
});
it('needs manual steps if its replicas are deleted first', async () => {
  expect((await assess(cancelKeyDeletion, REF, replies({ KeyState: 'PendingReplicaDeletion' }))).status).toBe('manual');
});
it('is not judged by a reply without a state', async () => {
  await expect(look(cancelKeyDeletion, REF, replies({ KeyState: undefined }))).rejects.toThrow('KeyState');
});
