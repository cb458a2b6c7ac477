import { defineSetting, given } from '@redress/core';
import { kms } from './client.js';
import { key } from './key.js';
import { packageRef } from './package-ref.js';

/**
 * Cancels the deletion of a key that is scheduled for it. The key is disabled then: nobody can use it who could not before, and nothing is lost.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html#kms-3
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html
 */
export const cancelKeyDeletion = defineSetting({
  on: key,
  id: 'kms-cancel-key-deletion',
  title: 'Cancel the deletion of a key that is scheduled for it',
  package: packageRef,
  controls: { 'aws-fsbp': ['KMS.3'] },
  rules: { KMS_CMK_NOT_SCHEDULED_FOR_DELETION: 'kms-cmk-not-scheduled-for-deletion' },
  calls: { 'kms:ScheduleKeyDeletion': 'request.keyId' },
  ceiling: 'approve',
  blindSpots: [
    'Whether the deletion is required: only the owner knows whether the data has to become unreadable by law or contract.',
    'Whether anything is still encrypted with the key: KMS does not keep a list.',
    'Imported key material that has expired: the key comes back without it, and is pending import.',
  ],
  // While it is not about to be deleted, nothing says when.
  at: (found) => ({ state: given(found, 'KeyState'), deletes: found.DeletionDate?.toISOString() ?? null }),
  hazards: [
    {
      code: 'destroyed-on-purpose',
      effect: 'approve',
      what: 'Tags mark the key for destruction: the data that it encrypted may have to become unreadable by a certain date.',
      advice: 'Ask the owner of the data. Approve if the tag is outdated; otherwise record an exception until the key is deleted.',
      words: ['shred', 'crypto shred', 'destroy', 'destruction', 'erase', 'erasure', 'delete', 'decommissioned', 'retired'],
    },
  ],
  rollback: {
    restores: 'nothing',
    what: 'No role of Redress may schedule the deletion of a key: a person has to schedule it again.',
    not: ['The original deletion date: a new waiting period starts.'],
  },
  alsoFoundBy: { prowler: ['kms_cmk_not_deleted_unintentionally'] },
  instead: ({ now: { state }, id }) =>
    state !== 'PendingReplicaDeletion'
      ? null
      : {
          status: 'manual',
          message: `The multi-Region key ${id} will be deleted as soon as its replicas are.`,
          steps: ['Ask its owner whether it should be kept.', 'Cancel the deletion of the primary key, and of the replicas to keep, each in its region.'],
        },
  wanted: ({ now }) => (now.state === 'PendingDeletion' ? { state: 'Disabled', deletes: null } : now),
  writes: [kms.pick('CancelKeyDeletion')],
  write: ({ id }) => kms.call('CancelKeyDeletion', { KeyId: id }),
  compliant: ({ now: { state } }) => `It is not scheduled for deletion: ${state}.`,
  summary: ({ id, now: { deletes } }) => `cancel the deletion of the key ${id}, due on ${deletes ?? 'an unknown date'}, and leave it disabled`,
});
