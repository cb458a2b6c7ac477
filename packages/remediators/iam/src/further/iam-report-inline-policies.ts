import { allOf, defineReport, paginate } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { iam } from './client.js';
import { GROUP, INLINE_CALLS, MARKER, principal, ROLE } from './principal.js';

/**
 * Reports policies that are inside a user, a role or a group.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/iam-no-inline-policy-check.html
 */
export const reportInlinePolicies = defineReport({
  on: principal,
  id: 'iam-report-inline-policies',
  title: 'Report inline policies on users, groups and roles',
  package: packageRef,
  controls: {},
  rules: { IAM_NO_INLINE_POLICY_CHECK: 'iam-no-inline-policy-check' },
  calls: INLINE_CALLS,
  blindSpots: ['What is done by the policies.', 'Who owns them in infrastructure code: that would put them back.'],
  read: {
    reads: [iam.pick('ListUserPolicies', 'ListRolePolicies', 'ListGroupPolicies')],
    of: async ({ aws: { iam: read }, id, resource: { type }, found }) => ({
      path: (await found()).path,
      policies: [
        ...(await allOf(
          type === GROUP
            ? paginate(read.ListGroupPolicies, { GroupName: id }, 'PolicyNames', MARKER)
            : type === ROLE
              ? paginate(read.ListRolePolicies, { RoleName: id }, 'PolicyNames', MARKER)
              : paginate(read.ListUserPolicies, { UserName: id }, 'PolicyNames', MARKER),
        )),
      ].sort(),
    }),
  },
  absent: { path: '/' },
  exempt: ({ now }) => (now.path.startsWith('/aws-service-role/') ? 'It is a service-linked role, which its service alone changes.' : null),
  gap: ({ now, id, resource: { type } }) => {
    if (now.policies.length === 0) return null;
    const message = `${type.slice('AWS::IAM::'.length)} ${id} has policies of its own: ${now.policies.join(', ')}.`;
    if (now.path.startsWith('/aws-reserved/sso.amazonaws.com/'))
      return {
        message,
        steps: ['Put what they allow into a customer managed policy, and attach that to the permission set in IAM Identity Center: it makes this role.'],
      };
    return {
      message,
      steps: [
        'Find what owns them: a stack or a Terraform state puts back what is taken out here.',
        'Make a managed policy of each, attach it, and see that it is attached.',
        'Only then take the inline policy out.',
      ],
    };
  },
  closed: 'it has no inline policy, or is gone',
});
