import { accountEverywhere, allOf, defineReport, inParallel, paginate } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { iam } from './client.js';
import { byRoot, MARKER } from './principal.js';
import { ROOT_HAS, root, withoutRoot } from './root.js';

/**
 * Reports a root user whose MFA is no device that one can hold.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-6
 */
export const reportRootHardwareMfa = defineReport({
  on: accountEverywhere,
  id: 'iam-report-root-hardware-mfa',
  title: 'Report a root user without hardware MFA',
  package: packageRef,
  controls: {
    'aws-fsbp': ['IAM.6'],
    'cis-aws-foundations-benchmark/v/1.2.0': ['1.14'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['1.6'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['1.6'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['1.5'],
  },
  rules: { ROOT_ACCOUNT_HARDWARE_MFA_ENABLED: 'root-account-hardware-mfa-enabled' },
  calls: { 'iam:EnableMFADevice': byRoot, 'iam:DeactivateMFADevice': byRoot },
  alsoFoundBy: { prowler: ['iam_root_hardware_mfa_enabled'] },
  blindSpots: ['Where the device is kept, and who can reach it.', 'Whether a passkey is bound to hardware: IAM does not show it.'],
  read: {
    reads: [...root.reads, iam.pick('ListVirtualMFADevices')],
    of: async (asked) => {
      const [has, devices] = await inParallel(
        root.of(asked),
        allOf(paginate(asked.aws.iam.ListVirtualMFADevices, { AssignmentStatus: 'Assigned' }, 'VirtualMFADevices', MARKER)),
      );
      return { ...has, virtual: devices.some(({ User }) => User?.Arn?.endsWith(':root') === true) };
    },
  },
  absent: ROOT_HAS,
  exempt: (args) => withoutRoot(args),
  gap: ({ now, id }) =>
    now.mfa === 1 && !now.virtual
      ? null
      : {
          message: `The root user of account ${id} ${now.mfa === 1 ? 'signs in with a virtual MFA device' : 'has no MFA device'}.`,
          steps: [
            'Sign in as the root user. Register a security key or a hardware token, and a second one that is kept elsewhere.',
            'Then remove the virtual device.',
            'For a member account, remove the root credentials instead, with central root access of the organization.',
          ],
        },
  closed: 'the root user has an MFA device and no virtual one, or no credentials at all',
});
