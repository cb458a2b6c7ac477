import { defineSetting } from '@redress/core';
import * as z from '@redress/core/parameters';
import { packageRef } from '../package-ref.js';
import { DAY, KEY_BLIND_SPOTS, KEY_READS, keyCalls, keysOf, rareOnPurpose, turnOff, usesOf } from './access-keys.js';
import { iam } from './client.js';
import { user } from './principal.js';

/**
 * Deactivates access keys that are older than the policy allows, after a person has said yes. The key stays, and a rollback makes it active again.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html#Using_RotateAccessKey
 */
export const deactivateStaleAccessKey = defineSetting({
  on: user,
  id: 'iam-deactivate-stale-access-key',
  title: 'Deactivate an old access key after an approval',
  package: packageRef,
  controls: {
    'aws-fsbp': ['IAM.3'],
    'cis-aws-foundations-benchmark/v/1.2.0': ['1.4'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['1.14'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['1.14'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['1.13'],
  },
  rules: { ACCESS_KEYS_ROTATED: 'access-keys-rotated' },
  calls: keyCalls,
  ceiling: 'approve',
  blindSpots: KEY_BLIND_SPOTS,
  parameters: z.strictObject({
    maxAgeDays: z._default(z.int().check(z.gte(1)), 90).check(z.describe('Active keys older than this many days are deactivated.')),
    quietDays: z._default(z.int().check(z.gte(1)), 30).check(z.describe('A key that was used within this many days counts as in use.')),
  }),
  ruleParameters: { maxAccessKeyAge: 'maxAgeDays' },
  read: { reads: KEY_READS, of: async ({ aws, id }) => ({ keys: await keysOf(aws, id, null) }) },
  context: { reads: KEY_READS, of: async ({ aws, id }) => ({ uses: await usesOf(aws, id) }) },
  hazards: [
    {
      code: 'in-use',
      effect: 'approve',
      what: 'The key was used recently: whatever uses it fails at once.',
      advice: 'Create a second key, and switch whatever uses the first one to it. Approve when IAM shows that the first key is no longer used.',
      when({ context, now: { keys }, to, observedAt, parameters: { quietDays } }) {
        const used = to.keys.flatMap(({ id, active }, at) => {
          const { since = '', by = null } = context?.uses[id] ?? {};
          if (active === keys[at]?.active || by === null || observedAt - Date.parse(since) > quietDays * DAY) return [];
          return [`key ${id} was used on ${since.slice(0, 10)} for ${by}`];
        });
        return used.length === 0 ? null : used.join('; ');
      },
    },
    rareOnPurpose,
  ],
  rollback: { restores: 'exact', what: 'The key is active again, with its id and secret.', not: ['Calls that failed in the meantime.'] },
  alsoFoundBy: { prowler: ['iam_rotate_access_key_90_days'] },
  inCode: { cloudFormation: 'AWS::IAM::AccessKey Status', terraform: 'aws_iam_access_key status' },
  wanted: ({ now: { keys }, observedAt, parameters: { maxAgeDays } }) => ({
    keys: keys.map((key) => ({ ...key, active: key.active && observedAt - Date.parse(key.created) <= maxAgeDays * DAY })),
  }),
  compliant: ({ parameters: { maxAgeDays } }) => `No active key is older than ${maxAgeDays} days.`,
  writes: [iam.pick('UpdateAccessKey')],
  write: ({ id, now, to }) => turnOff(id, now.keys, to.keys),
  summary: ({ id }) => `deactivate old keys of ${id}`,
});
