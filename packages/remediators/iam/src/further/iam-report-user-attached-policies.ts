import { allOf, defineReport, inParallel, paginate } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { iam } from './client.js';
import { MARKER, namedIn, USER, user } from './principal.js';

const named = namedIn('userName', USER);

/**
 * Reports policies that a user has directly, and not by a group.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-2
 */
export const reportUserAttachedPolicies = defineReport({
  on: user,
  id: 'iam-report-user-attached-policies',
  title: 'Report policies attached directly to users',
  package: packageRef,
  controls: {
    'aws-fsbp': ['IAM.2'],
    'cis-aws-foundations-benchmark/v/1.2.0': ['1.16'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['1.15'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['1.15'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['1.14'],
  },
  rules: { IAM_USER_NO_POLICIES_CHECK: 'iam-user-no-policies-check' },
  calls: { 'iam:AttachUserPolicy': named, 'iam:DetachUserPolicy': named, 'iam:PutUserPolicy': named, 'iam:DeleteUserPolicy': named },
  alsoFoundBy: { prowler: ['iam_policy_attached_only_to_group_or_roles'] },
  blindSpots: ['Whether one of its groups already grants the same.', 'Which of the permissions are used.'],
  read: {
    reads: [iam.pick('ListAttachedUserPolicies', 'ListUserPolicies')],
    of: async ({ aws: { iam: read }, id: UserName }) => {
      const [attached, inline] = await inParallel(
        allOf(paginate(read.ListAttachedUserPolicies, { UserName }, 'AttachedPolicies', MARKER)),
        allOf(paginate(read.ListUserPolicies, { UserName }, 'PolicyNames', MARKER)),
      );
      return { attached: attached.map(({ PolicyArn }) => PolicyArn ?? '?').sort(), inline: [...inline].sort() };
    },
  },
  gap: ({ now: { attached, inline }, id }) =>
    attached.length + inline.length === 0
      ? null
      : {
          message: `User ${id} has policies attached directly: ${[...attached, ...inline.map((each) => `${each} (inline)`)].join(', ')}.`,
          steps: [
            'Find or create a group, or better a role, that grants what the user needs.',
            'Add the user to it, and check that it works.',
            'Only then detach the policies from the user.',
          ],
        },
  closed: 'the user has no attached or inline policy, or is gone',
});
