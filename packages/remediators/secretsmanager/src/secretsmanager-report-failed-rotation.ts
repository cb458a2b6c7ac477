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
  blindSpots: ['Why it fails: the logs of the rotation function say that.', 'Whether what the secret opens takes the old value, the new one, or both.'],
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
  exempt: ({ now: { rotates } }) => (rotates ? null : 'It is not rotated.'),
  gap({ now: { due, last, owner, pending }, id, observedAt }) {
    if (due === null || Date.parse(due) + GRACE > observedAt) return null;
    return {
      message: `Secret ${id} was due for rotation on ${due.slice(0, 10)}, and ${last === null ? 'has never been rotated' : `was rotated last on ${last.slice(0, 10)}`}.${pending ? ' A version is left that a rotation did not finish.' : ''}`,
      steps:
        owner === null
          ? [
              'Read the logs of its rotation function of the last days: which step failed, and why (rights, network, a name that changed).',
              'Put that right, and see that what the secret opens takes the current value.',
              ...(pending
                ? ['Rotate it again: the function goes on with the version that waits (AWSPENDING), so see first what it holds.']
                : ['Rotate it at once.']),
            ]
          : [`${owner} rotates it: see its messages for the resource that the secret is of, and open a case with AWS where there is none.`],
    };
  },
  // Whether a secret has to rotate at all is another rule.
  closed: 'the secret is rotated and the next rotation is still to come, or it is rotated no more, or is gone',
});
