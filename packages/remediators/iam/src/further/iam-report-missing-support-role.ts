import { accountEverywhere, allOf, defineReport, paginate } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { iam } from './client.js';
import { awsPolicy, MARKER } from './principal.js';

const NAME = 'AWSSupportAccess';

/**
 * Reports an account without a role for AWS Support. It makes none: no role of Redress may attach a policy to anybody, and who may take the role only people
 * can say.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-18
 */
export const reportMissingSupportRole = defineReport({
  on: accountEverywhere,
  id: 'iam-report-missing-support-role',
  title: 'Report an account without a role for AWS Support',
  package: packageRef,
  controls: {
    'aws-fsbp': ['IAM.18'],
    'cis-aws-foundations-benchmark/v/1.2.0': ['1.20'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['1.17'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['1.17'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['1.16'],
  },
  rules: { IAM_POLICY_IN_USE: 'iam-policy-in-use' },
  calls: { 'iam:DeleteRole': 'account', 'iam:DetachRolePolicy': 'account' },
  blindSpots: ['Roles that may call AWS Support through another policy.', 'Whether anyone may assume the role.'],
  read: {
    reads: [iam.pick('ListEntitiesForPolicy')],
    async of({ aws, resource }) {
      // A role that has it as its permissions boundary may do nothing by it.
      const asked = { PolicyArn: awsPolicy(resource.partition, NAME), EntityFilter: 'Role' as const, PolicyUsageFilter: 'PermissionsPolicy' as const };
      const roles = await allOf(paginate(aws.iam.ListEntitiesForPolicy, asked, 'PolicyRoles', MARKER));
      return { roles: roles.map(({ RoleName }) => RoleName ?? '?').sort() as readonly string[] };
    },
  },
  // The rule may look for another policy.
  judge({ claim }) {
    const asked = Object.entries(claim.parameters ?? {});
    return asked.every(([name, value]) => name === 'policyUsageType' || (name === 'policyARN' && value.endsWith(`:iam::aws:policy/${NAME}`))) ? [] : null;
  },
  gap: ({ now: { roles }, id, resource }) =>
    roles.length > 0
      ? null
      : {
          message: `Account ${id} has no role with ${NAME}: in an incident, nobody can open a support case without broader permissions.`,
          steps: [
            'Decide who may assume it, and whether a permission set of IAM Identity Center covers them.',
            'Create a role that trusts only them, with MFA: aws iam create-role --role-name NAME --assume-role-policy-document file://trust.json',
            `Attach the policy: aws iam attach-role-policy --role-name NAME --policy-arn ${awsPolicy(resource.partition, NAME)}`,
          ],
        },
  closed: `a role has ${NAME}`,
});
