import { accountEverywhere, defineReport } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { byRoot } from './principal.js';
import { ROOT_HAS, root, withoutRoot } from './root.js';

/**
 * Reports a root user without MFA.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-9
 */
export const reportRootMfa = defineReport({
  on: accountEverywhere,
  id: 'iam-report-root-mfa',
  title: 'Report a root user without MFA',
  package: packageRef,
  controls: {
    'aws-fsbp': ['IAM.9'],
    'cis-aws-foundations-benchmark/v/1.2.0': ['1.13'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['1.5'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['1.5'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['1.4'],
  },
  rules: { ROOT_ACCOUNT_MFA_ENABLED: 'root-account-mfa-enabled' },
  calls: { 'iam:EnableMFADevice': byRoot, 'iam:DeactivateMFADevice': byRoot },
  alsoFoundBy: { prowler: ['iam_root_mfa_enabled'] },
  blindSpots: ['Who has the root credentials.'],
  read: root,
  absent: ROOT_HAS,
  exempt: (args) => withoutRoot(args),
  gap: ({ now, id }) =>
    now.mfa === 1
      ? null
      : {
          message: `The root user of account ${id} has no MFA device.`,
          steps: [
            'Sign in as the root user. Register two devices: a passkey or a security key, and a second one that is kept elsewhere.',
            'For a member account, remove the root credentials instead, with central root access of the organization.',
          ],
        },
  closed: 'the root user has an MFA device, or no credentials at all',
});
