import { allOf, defineReport, inParallel, isGone, paginate } from '@redress/core';
import * as z from '@redress/core/parameters';
import { packageRef } from '../package-ref.js';
import { iam } from './client.js';
import { MARKER, namedIn, USER, user } from './principal.js';

const named = namedIn('userName', USER);

/**
 * Reports users who can sign in to the console with a password alone.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-5
 */
export const reportUserWithoutMfa = defineReport({
  on: user,
  id: 'iam-report-user-without-mfa',
  title: 'Report console users without MFA',
  package: packageRef,
  controls: {
    'aws-fsbp': ['IAM.5', 'IAM.19'],
    'cis-aws-foundations-benchmark/v/1.2.0': ['1.2'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['1.10'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['1.10'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['1.9'],
  },
  rules: { MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS: 'mfa-enabled-for-iam-console-access', IAM_USER_MFA_ENABLED: 'iam-user-mfa-enabled' },
  calls: { 'iam:CreateLoginProfile': named, 'iam:DeleteLoginProfile': named, 'iam:EnableMFADevice': named, 'iam:DeactivateMFADevice': named },
  alsoFoundBy: { prowler: ['iam_user_mfa_enabled_console_access'] },
  blindSpots: ['Whether the user is a person.', 'Policies that deny requests without MFA.'],
  parameters: z.strictObject({
    everyUser: z._default(z.boolean(), false).check(z.describe('Users without a console password need MFA too.')),
  }),
  read: {
    reads: [iam.pick('ListMFADevices', 'GetLoginProfile')],
    of: async ({ aws: { iam: read }, id: UserName }) => {
      const [devices, password] = await inParallel(
        allOf(paginate(read.ListMFADevices, { UserName }, 'MFADevices', MARKER)),
        read.GetLoginProfile({ UserName }).then(
          () => true,
          // Who is gone has none either; that the user is there says the other read.
          (error: unknown) => {
            if (isGone(error)) return false;
            throw error;
          },
        ),
      );
      return { devices: devices.length, password };
    },
  },
  gap: ({ now: { devices, password }, id, parameters }) =>
    devices > 0 || !(password || parameters.everyUser)
      ? null
      : {
          message: `User ${id} has no MFA device${password ? ', and has a console password' : ''}.`,
          steps: [
            'Ask the person to enrol a passkey, a security key or an authenticator: nobody else can.',
            'If nobody signs in with the password, delete the login profile. The access keys stay.',
            'Better: give people access through IAM Identity Center, and delete the user.',
          ],
        },
  judge: ({ state: { devices, password }, claim, resource }) => {
    const ofAll = claim.isRule('IAM_USER_MFA_ENABLED') || claim.isRule('iam-user-mfa-enabled') || claim.controls.includes('IAM.19');
    return ofAll && devices === 0 && !password
      ? [`user ${resource.id} has no MFA device. It also has no password, but all users are required to have an MFA device`]
      : [];
  },
  closed: 'the user has an MFA device or no console password, or is gone',
});
