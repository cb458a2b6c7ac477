import { defineReport } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { allowances, customerPolicy, heldBy, holders, ofPolicies } from './customer-policy.js';
import { isWholeService } from './document.js';

/**
 * Reports a customer managed policy that allows all actions of a service.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-21
 */
export const reportFullServicePolicy = defineReport({
  ...ofPolicies,
  on: customerPolicy,
  id: 'iam-report-full-service-policy',
  title: 'Report customer managed policies with service-wide wildcards',
  package: packageRef,
  controls: { 'aws-fsbp': ['IAM.21'] },
  rules: { IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS: 'iam-policy-no-statements-with-full-access' },
  blindSpots: [
    'Which of the actions are used: the last accessed information of IAM shows actions only for some services.',
    'Conditions that restrict a statement.',
  ],
  read: allowances(({ actions, notActions }) => [
    ...actions.filter(isWholeService),
    ...(notActions.length === 0 ? [] : [`everything except ${notActions.join(', ')}`]),
  ]),
  context: holders,
  exempt: ({ now, parameters }) =>
    now.boundaryOnly && parameters.exceptBoundaries ? 'It is only used as a permissions boundary, which grants nothing.' : null,
  gap: ({ now, id, context }) =>
    now.wide.length === 0
      ? null
      : {
          message: `Policy ${id} allows whole services (${now.wide.join('; ')}).${heldBy(context)}`,
          steps: [
            'Find out which actions its holders have used: from the last accessed information of IAM, from CloudTrail, or from a policy that IAM Access Analyzer generates from CloudTrail.',
            'Create a version that lists those actions, keep the old one, and set the new one as the default.',
            'Set the old version as the default again if something fails. Delete it when nothing does.',
          ],
        },
  closed: 'no statement of the default version allows all actions of a service, or the policy is gone',
});
