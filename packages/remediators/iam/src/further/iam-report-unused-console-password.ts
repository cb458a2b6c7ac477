import { defineReport, given, isGone } from '@redress/core';
import * as z from '@redress/core/parameters';
import { packageRef } from '../package-ref.js';
import { DAY, unusedDaysBy } from './access-keys.js';
import { iam } from './client.js';
import { namedIn, USER, user } from './principal.js';

const named = namedIn('userName', USER);

/**
 * Reports users with a password for the console that nobody uses. It is not taken from them: IAM gives no password back, so nothing could undo that.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-8
 */
export const reportUnusedConsolePassword = defineReport({
  on: user,
  id: 'iam-report-unused-console-password',
  title: 'Report console passwords unused for a set number of days',
  package: packageRef,
  controls: {
    'aws-fsbp': ['IAM.8', 'IAM.22'],
    'cis-aws-foundations-benchmark/v/1.2.0': ['1.3'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['1.12'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['1.12'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['1.11'],
  },
  rules: { IAM_USER_UNUSED_CREDENTIALS_CHECK: 'iam-user-unused-credentials-check' },
  calls: { 'iam:CreateLoginProfile': named, 'iam:UpdateLoginProfile': named },
  alsoFoundBy: { prowler: ['iam_user_console_access_unused'] },
  blindSpots: ['Emergency users, who sign in only when nothing else works.', 'Sign-ins before October 2014, and some in 2018: IAM does not have them.'],
  parameters: z.strictObject({
    maxUnusedDays: z
      ._default(z.int().check(z.gte(1)), 90)
      .check(z.describe('A password unused for more than this many days is reported. The control IAM.22 requires 45.')),
  }),
  read: {
    reads: [iam.pick('GetLoginProfile')],
    async of({ aws, id, found }) {
      try {
        const profile = given(await aws.iam.GetLoginProfile({ UserName: id }), 'LoginProfile');
        // Of one that was never used there is no date: then it counts from the day it was set.
        return { set: given(profile, 'CreateDate').toISOString(), used: (await found()).PasswordLastUsed?.toISOString() ?? null };
      } catch (error) {
        // Who is gone has none either; that the user is there says the other read.
        if (isGone(error)) return { set: null, used: null };
        throw error;
      }
    },
  },
  gap({ now: { set, used }, id, observedAt, parameters: { maxUnusedDays } }) {
    if (set === null) return null;
    const since = used === null || used < set ? set : used;
    if (observedAt - Date.parse(since) <= maxUnusedDays * DAY) return null;
    return {
      message: `User ${id} has a console password that ${used === null ? `was never used since it was set on ${set.slice(0, 10)}` : `was last used on ${used.slice(0, 10)}`}.`,
      steps: [
        'Ask the person whether they still need the console.',
        `If not, delete the login profile (aws iam delete-login-profile --user-name ${id}): access keys stay. The password cannot be recovered; a new one can be set.`,
        'For an emergency user, record an exception with an expiry date.',
      ],
    };
  },
  judge: ({ state: { set }, claim, parameters: { maxUnusedDays } }) => (set === null || unusedDaysBy(claim) >= maxUnusedDays ? [] : null),
  closed: 'the password was used, the user has none, or is gone',
});
