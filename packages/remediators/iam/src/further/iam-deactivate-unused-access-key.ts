import { defineSetting } from '@redress/core';
import * as z from '@redress/core/parameters';
import { packageRef } from '../package-ref.js';
import { DAY, KEY_BLIND_SPOTS, KEY_READS, keyCalls, keysOf, rareOnPurpose, turnOff, unusedDaysBy } from './access-keys.js';
import { iam } from './client.js';
import { user } from './principal.js';

/**
 * Deactivates access keys that nobody has used for as long as the policy says, after a person has said yes. The key stays, and a rollback makes it
 * active again.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-22
 */
export const deactivateUnusedAccessKey = defineSetting({
  on: user,
  id: 'iam-deactivate-unused-access-key',
  title: 'Deactivate access keys unused for a set number of days',
  package: packageRef,
  controls: {
    'aws-fsbp': ['IAM.8', 'IAM.22'],
    'cis-aws-foundations-benchmark/v/1.2.0': ['1.3'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['1.12'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['1.12'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['1.11'],
  },
  rules: { IAM_USER_UNUSED_CREDENTIALS_CHECK: 'iam-user-unused-credentials-check' },
  calls: keyCalls,
  ceiling: 'approve',
  blindSpots: [...KEY_BLIND_SPOTS, 'Uses before 2015: if no use is known, the age of the key counts from its creation.'],
  parameters: z.strictObject({
    maxUnusedDays: z
      ._default(z.int().check(z.gte(1)), 90)
      .check(z.describe('Active keys unused for more than this many days are deactivated. The control IAM.22 requires 45.')),
  }),
  read: {
    reads: KEY_READS,
    of: async ({ aws, id, observedAt, parameters: { maxUnusedDays } }) => ({ keys: await keysOf(aws, id, observedAt - maxUnusedDays * DAY) }),
  },
  hazards: [rareOnPurpose],
  rollback: { restores: 'exact', what: 'The key is active again, with its id and secret.', not: ['Calls that failed in the meantime.'] },
  alsoFoundBy: { prowler: ['iam_user_accesskey_unused'] },
  inCode: { cloudFormation: 'AWS::IAM::AccessKey Status', terraform: 'aws_iam_access_key status' },
  // Off, it is asked no more since when nobody uses it.
  wanted: ({ now: { keys } }) => ({ keys: keys.map((key) => (key.unused === null ? key : { ...key, active: false, unused: null })) }),
  compliant: ({ parameters: { maxUnusedDays } }) => `Each active key was used within ${maxUnusedDays} days.`,
  writes: [iam.pick('UpdateAccessKey')],
  write: ({ id, now, to }) => turnOff(id, now.keys, to.keys),
  // Which keys are unused for less is not of the state.
  judge: ({ claim, parameters: { maxUnusedDays } }) => (unusedDaysBy(claim) >= maxUnusedDays ? [] : null),
  summary: ({ id }) => `deactivate unused keys of ${id}`,
});
