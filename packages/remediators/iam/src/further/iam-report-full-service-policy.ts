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
  title: 'Report customer policies with service-wide wildcards',
  package: packageRef,
  controls: { 'aws-fsbp': ['IAM.21'] },
  rules: { IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS: 'iam-policy-no-statements-with-full-access' },
  blindSpots: ['Which of the actions are used: the last accessed data of IAM has them for some services alone.', 'Conditions that leave less of a statement.'],
  read: allowances(({ actions, notActions }) => [
    ...actions.filter(isWholeService),
    ...(notActions.length === 0 ? [] : [`everything except ${notActions.join(', ')}`]),
  ]),
  context: holders,
  exempt: ({ now, parameters }) => (now.boundaryOnly && parameters.exceptBoundaries ? 'It is nothing but a permissions boundary, which grants nothing.' : null),
  gap: ({ now, id, context }) =>
    now.wide.length === 0
      ? null
      : {
          message: `Policy ${id} allows whole services (${now.wide.join('; ')}).${heldBy(context)}`,
          steps: [
            'See which actions its holders have used: the last accessed data of IAM, CloudTrail, or a policy that IAM Access Analyzer generates from it.',
            'Make a version that names those actions, keep the old one, and set the new one as the default.',
            'Set the old version as the default again if something fails; delete it when nothing does.',
          ],
        },
  closed: 'no statement of the version that holds allows all actions of a service, or the policy is gone',
});
