import { accountEverywhere, defineReport } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { byRoot } from './principal.js';
import { ROOT_HAS, root } from './root.js';

/**
 * Reports access keys of the root user.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-4
 */
export const reportRootAccessKey = defineReport({
  on: accountEverywhere,
  id: 'iam-report-root-access-key',
  title: 'Report root user access keys',
  package: packageRef,
  controls: {
    'aws-fsbp': ['IAM.4'],
    'cis-aws-foundations-benchmark/v/1.2.0': ['1.12'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['1.4'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['1.4'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['1.3'],
  },
  rules: { IAM_ROOT_ACCESS_KEY_CHECK: 'iam-root-access-key-check' },
  calls: { 'iam:CreateAccessKey': byRoot, 'iam:UpdateAccessKey': byRoot, 'iam:DeleteAccessKey': byRoot },
  alsoFoundBy: { prowler: ['iam_no_root_access_key'] },
  blindSpots: ['What uses the key, and when it was last used: the credential report shows the day, the service and the region.'],
  read: root,
  absent: ROOT_HAS,
  gap: ({ now, id }) =>
    now.keys === 0
      ? null
      : {
          message: `The root user of account ${id} has an access key.`,
          steps: [
            'Find out from the credential report when the key was last used, with which service and in which region.',
            'Give whatever uses it a role instead.',
            'As the root user, or with root access from the management account, deactivate the key, wait, and delete it.',
          ],
        },
  closed: 'the root user has no access key',
});
