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
  blindSpots: ['What the policies are used for.', 'Who owns them in infrastructure as code: the next deployment would restore them.'],
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
  exempt: ({ now }) => (now.path.startsWith('/aws-service-role/') ? 'It is a service-linked role, and only its service can change it.' : null),
  gap: ({ now, id, resource: { type } }) => {
    if (now.policies.length === 0) return null;
    const message = `${type.slice('AWS::IAM::'.length)} ${id} has inline policies: ${now.policies.join(', ')}.`;
    if (now.path.startsWith('/aws-reserved/sso.amazonaws.com/'))
      return {
        message,
        steps: ['Put what they allow into a customer managed policy, and attach it to the permission set in IAM Identity Center, which creates this role.'],
      };
    return {
      message,
      steps: [
        'Find the stack or Terraform state that owns them: it restores what is removed here.',
        'Create a managed policy from each, attach it, and check that it is attached.',
        'Only then delete the inline policy.',
      ],
    };
  },
  closed: 'it has no inline policy, or is gone',
});
