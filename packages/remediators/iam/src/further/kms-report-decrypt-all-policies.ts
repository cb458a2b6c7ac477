import { allOf, defineReport, inParallel, paginate } from '@redress/core';
import * as z from '@redress/core/parameters';
import { packageRef } from '../package-ref.js';
import { iam } from './client.js';
import { allowed, customerPolicy, exceptBoundaries, heldBy, holders, ofPolicies } from './customer-policy.js';
import { allowedBy, blockedIn, type OnEveryKey, onEveryKey } from './document.js';
import { GROUP, INLINE_CALLS, MARKER, principal, ROLE } from './principal.js';

const actions = z
  ._default(
    z.string().check(z.regex(/^\s*kms:[\w*?]+(?:\s*,\s*kms:[\w*?]+)*\s*$/i, 'actions of KMS, with commas between them')),
    'kms:ReEncryptFrom, kms:Decrypt',
  )
  .check(z.describe('Actions of KMS that no policy may allow with every key.'));
const STEPS = [
  'See in CloudTrail which keys the holders decrypt with: the events of Decrypt and ReEncrypt name them.',
  'Let the policy name these keys, or ask for them by kms:ViaService, kms:ResourceAliases or a tag; key policies can say the same.',
  'Watch for denied calls for as long as the rarest job takes to run.',
];
const found = (wide: readonly OnEveryKey[], blocked: string) =>
  wide.flatMap((each) => {
    const some = blockedIn(each, blocked);
    return some.length === 0 ? [] : [`${each.statement} allows ${some.join(', ')}`];
  });

/**
 * Reports a customer managed policy that lets its holders decrypt with every key.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html#kms-1
 */
export const reportDecryptAllPolicies = defineReport({
  ...ofPolicies,
  on: customerPolicy,
  id: 'kms-report-decrypt-all-policies',
  title: 'Report customer policies that allow decryption with every key',
  package: packageRef,
  controls: { 'aws-fsbp': ['KMS.1'] },
  rules: { IAM_CUSTOMER_POLICY_BLOCKED_KMS_ACTIONS: 'iam-customer-policy-blocked-kms-actions' },
  blindSpots: [
    'Which keys the holders use: CloudTrail shows it.',
    'Conditions of the statement, and key policies, that leave less of it.',
    'Keys of other accounts.',
  ],
  parameters: z.strictObject({ exceptBoundaries, actions }),
  ruleParameters: { ...ofPolicies.ruleParameters, blockedActionsPatterns: 'actions' },
  read: allowed(onEveryKey),
  context: holders,
  exempt: ({ now, parameters }) => (now.boundaryOnly && parameters.exceptBoundaries ? 'It is nothing but a permissions boundary, which grants nothing.' : null),
  gap({ now: { wide }, id, context, parameters }) {
    const wrong = found(wide, parameters.actions);
    return wrong.length === 0 ? null : { message: `Policy ${id} is for every key: ${wrong.join('; ')}.${heldBy(context)}`, steps: STEPS };
  },
  closed: 'no statement of the version that holds allows these actions with every key, or the policy is gone',
});

/**
 * The same of policies that are inside a user, a role or a group.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html#kms-2
 */
export const reportDecryptAllInlinePolicies = defineReport({
  on: principal,
  id: 'kms-report-decrypt-all-inline-policies',
  title: 'Report inline policies that allow decryption with every key',
  package: packageRef,
  controls: { 'aws-fsbp': ['KMS.2'] },
  rules: { IAM_INLINE_POLICY_BLOCKED_KMS_ACTIONS: 'iam-inline-policy-blocked-kms-actions' },
  calls: INLINE_CALLS,
  blindSpots: ['Which keys are used: CloudTrail shows it.', 'Conditions of the statement, and key policies, that leave less of it.', 'Keys of other accounts.'],
  parameters: z.strictObject({ actions }),
  ruleParameters: { blockedActionsPatterns: 'actions' },
  read: {
    reads: [iam.pick('ListUserPolicies', 'ListRolePolicies', 'ListGroupPolicies', 'GetUserPolicy', 'GetRolePolicy', 'GetGroupPolicy')],
    async of({ aws: { iam: read }, id, resource: { type }, found: self }) {
      const names = await allOf(
        type === GROUP
          ? paginate(read.ListGroupPolicies, { GroupName: id }, 'PolicyNames', MARKER)
          : type === ROLE
            ? paginate(read.ListRolePolicies, { RoleName: id }, 'PolicyNames', MARKER)
            : paginate(read.ListUserPolicies, { UserName: id }, 'PolicyNames', MARKER),
      );
      const documents = await inParallel(
        ...[...names].sort().map(async (PolicyName) => {
          const reply =
            type === GROUP
              ? await read.GetGroupPolicy({ GroupName: id, PolicyName })
              : type === ROLE
                ? await read.GetRolePolicy({ RoleName: id, PolicyName })
                : await read.GetUserPolicy({ UserName: id, PolicyName });
          return allowedBy(reply.PolicyDocument, `${PolicyName} of ${id}`)
            .flatMap(onEveryKey)
            .map((each) => ({ ...each, statement: `${PolicyName}, ${each.statement}` }));
        }),
      );
      return { path: (await self()).path, wide: documents.flat() };
    },
  },
  absent: { path: '/' },
  exempt: ({ now }) => (now.path.startsWith('/aws-service-role/') ? 'It is a service-linked role, which its service alone changes.' : null),
  gap({ now: { wide }, id, resource: { type }, parameters }) {
    const wrong = found(wide, parameters.actions);
    return wrong.length === 0 ? null : { message: `${type.slice('AWS::IAM::'.length)} ${id} may use every key: ${wrong.join('; ')}.`, steps: STEPS };
  },
  closed: 'no inline policy of it allows these actions with every key, or it is gone',
});
