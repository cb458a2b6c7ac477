import { defineReport } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { allowances, customerPolicy, heldBy, holders, ofPolicies } from './customer-policy.js';
import { isEveryAction, isEveryResource } from './document.js';

/**
 * Reports a customer managed policy that allows every action on every resource.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-1
 */
export const reportAdminPolicy = defineReport({
  ...ofPolicies,
  on: customerPolicy,
  id: 'iam-report-admin-policy',
  title: 'Report customer managed policies that allow full administration',
  package: packageRef,
  controls: {
    'aws-fsbp': ['IAM.1'],
    'cis-aws-foundations-benchmark/v/1.2.0': ['1.22'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['1.16'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['1.16'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['1.15'],
  },
  rules: { IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS: 'iam-policy-no-statements-with-admin-access' },
  alsoFoundBy: {
    prowler: ['iam_customer_attached_policy_no_administrative_privileges', 'iam_customer_unattached_policy_no_administrative_privileges'],
  },
  blindSpots: [
    'Which of its actions are used: the last accessed information of IAM shows it for each service.',
    'Conditions of the statement, permissions boundaries and service control policies that restrict it.',
    'Policies that allow the same with a list of actions, or with NotAction.',
  ],
  read: allowances(({ actions, resources }) => (actions.some(isEveryAction) && resources.some(isEveryResource) ? ['every action on every resource'] : [])),
  context: holders,
  exempt: ({ now, parameters }) =>
    now.boundaryOnly && parameters.exceptBoundaries ? 'It is only used as a permissions boundary, which grants nothing.' : null,
  gap: ({ now, id, context }) =>
    now.wide.length === 0
      ? null
      : {
          message: `Policy ${id} allows full administration (${now.wide.join('; ')}).${heldBy(context)}`,
          steps: [
            'Find out from the last accessed information of each holder which services it uses.',
            'Attach a policy for those services to each holder, and detach this one. Keep one role for emergencies, with MFA and an alarm.',
            'Delete the policy when it is no longer attached.',
          ],
        },
  closed: 'no statement of the default version allows every action on every resource, or the policy is gone',
});
