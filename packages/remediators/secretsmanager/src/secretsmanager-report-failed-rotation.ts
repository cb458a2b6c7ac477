import { defineReport, given } from '@redress/core';
import { packageRef } from './package-ref.js';
import { secret } from './secret.js';

/** A rotation may be late by so much: it starts within a window, and is tried again. */
const GRACE = 24 * 3_600_000;

/**
 * Reports a secret whose rotation is due and has not been done.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/secretsmanager-controls.html#secretsmanager-2
 */
export const reportFailedRotation = defineReport({
  on: secret,
  id: 'secretsmanager-report-failed-rotation',
  title: 'Report secrets whose rotation fails',
  package: packageRef,
  controls: { 'aws-fsbp': ['SecretsManager.2'] },
  rules: { SECRETSMANAGER_SCHEDULED_ROTATION_SUCCESS_CHECK: 'secretsmanager-scheduled-rotation-success-check' },
  calls: { 'secretsmanager:RotateSecret': 'request.secretId', 'secretsmanager:CancelRotateSecret': 'request.secretId' },
  blindSpots: ['Why it fails: the logs of the rotation function show that.', 'Whether the protected resource accepts the old value, the new one, or both.'],
  at: (found) => ({
    rotates: found.RotationEnabled,
    due: found.RotationEnabled === true ? given(found, 'NextRotationDate').toISOString() : undefined,
    last: found.LastRotatedDate?.toISOString(),
    owner: found.OwningService,
    // A rotation that stopped on its way leaves a version that waits and is not the current one.
    pending: Object.values(found.VersionIdsToStages ?? {}).some((stages) => stages.includes('AWSPENDING') && !stages.includes('AWSCURRENT')),
  }),
  // All of them are left out of what is not rotated.
  absent: { rotates: false, due: null, last: null, owner: null },
  exempt: ({ now: { rotates } }) => (rotates ? null : 'Rotation is not configured.'),
  gap({ now: { due, last, owner, pending }, id, observedAt }) {
    if (due === null || Date.parse(due) + GRACE > observedAt) return null;
    return {
      message: `Secret ${id} was due for rotation on ${due.slice(0, 10)}, and ${last === null ? 'has never been rotated' : `was last rotated on ${last.slice(0, 10)}`}.${pending ? ' An unfinished rotation has left a pending version.' : ''}`,
      steps:
        owner === null
          ? [
              'Read the recent logs of its rotation function: which step failed, and why (permissions, network, a changed name).',
              'Correct that, and check that the protected resource accepts the current value.',
              ...(pending
                ? ['Rotate it again. The function continues with the pending version (AWSPENDING), so check that version first.']
                : ['Rotate it at once.']),
            ]
          : [`${owner} rotates it: check its messages for the resource of the secret, and open a case with AWS if there are none.`],
    };
  },
  // Whether a secret has to rotate at all is another rule.
  closed: 'the secret is rotated and not overdue, its rotation is turned off, or it is gone',
});
