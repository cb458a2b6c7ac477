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
    'Whether the deletion is a duty: of data that has to be unreadable by law or by contract, only its owner knows.',
    'Whether anything is still encrypted with the key: KMS does not keep a list.',
    'Key material that was imported and has expired meanwhile: the key comes back without it, and waits for it.',
  ],
  // While it is not about to be deleted, nothing says when.
  at: (found) => ({ state: given(found, 'KeyState'), deletes: found.DeletionDate?.toISOString() ?? null }),
  hazards: [
    {
      code: 'destroyed-on-purpose',
      effect: 'approve',
      what: 'Tags say that the key is to be destroyed: what it encrypted may have to become unreadable by a date.',
      advice: 'Ask the owner of the data. Approve where the tag is old, else record an exception until the key is gone.',
      words: ['shred', 'crypto shred', 'destroy', 'destruction', 'erase', 'erasure', 'delete', 'decommissioned', 'retired'],
    },
  ],
  rollback: {
    restores: 'nothing',
    what: 'No role of Redress may schedule the deletion of a key, so who wants it gone schedules it again.',
    not: ['The day on which the key would have been deleted: a new schedule begins to count.'],
  },
  alsoFoundBy: { prowler: ['kms_cmk_not_deleted_unintentionally'] },
  instead: ({ now: { state }, id }) =>
    state !== 'PendingReplicaDeletion'
      ? null
      : {
          status: 'manual',
          message: `The multi-Region key ${id} is to be deleted as soon as its replicas are.`,
          steps: ['Ask its owner whether it is to stay.', 'Cancel the deletion of the primary key, and of the replicas that are to stay, each in its region.'],
        },
  wanted: ({ now }) => (now.state === 'PendingDeletion' ? { state: 'Disabled', deletes: null } : now),
  writes: [kms.pick('CancelKeyDeletion')],
  write: ({ id }) => kms.call('CancelKeyDeletion', { KeyId: id }),
  compliant: ({ now: { state } }) => `It is not scheduled for deletion: ${state}.`,
  summary: ({ id, now: { deletes } }) => `cancel the deletion of the key ${id}, due on ${deletes ?? 'a day that KMS does not say'}, and leave it disabled`,
});
