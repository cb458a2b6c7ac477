import { allOf, defineReport, inParallel, paginate } from '@redress/core';
import * as z from '@redress/core/parameters';
import { packageRef } from '../package-ref.js';
import { iam } from './client.js';
import { allowed, customerPolicy, exceptBoundaries, heldBy, holders, ofPolicies } from './customer-policy.js';
import { allowedBy, blockedIn, type OnEveryKey, onEveryKey } from './document.js';
import { GROUP, INLINE_CALLS, MARKER, principal, ROLE } from './principal.js';

const actions = z
  ._default(z.string().check(z.regex(/^\s*kms:[\w*?]+(?:\s*,\s*kms:[\w*?]+)*\s*$/i, 'KMS actions, separated by commas')), 'kms:ReEncryptFrom, kms:Decrypt')
  .check(z.describe('KMS actions that no policy may allow for every key.'));
const STEPS = [
  'Find out from CloudTrail which keys the holders use: the events Decrypt and ReEncrypt name them.',
  'Name these keys in the policy, or restrict it with kms:ViaService, kms:ResourceAliases or a tag. Key policies can do the same.',
  'Watch for denied calls until the least frequent job has run.',
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
  title: 'Report customer managed policies that allow decryption with every key',
  package: packageRef,
  controls: { 'aws-fsbp': ['KMS.1'] },
  rules: { IAM_CUSTOMER_POLICY_BLOCKED_KMS_ACTIONS: 'iam-customer-policy-blocked-kms-actions' },
  blindSpots: [
    'Which keys the holders use: CloudTrail shows that.',
    'Conditions of the statement, and key policies, that restrict it.',
    'Keys of other accounts.',
  ],
  parameters: z.strictObject({ exceptBoundaries, actions }),
  ruleParameters: { ...ofPolicies.ruleParameters, blockedActionsPatterns: 'actions' },
  read: allowed(onEveryKey),
  context: holders,
  exempt: ({ now, parameters }) =>
    now.boundaryOnly && parameters.exceptBoundaries ? 'It is only used as a permissions boundary, which grants nothing.' : null,
  gap({ now: { wide }, id, context, parameters }) {
    const wrong = found(wide, parameters.actions);
    return wrong.length === 0 ? null : { message: `Policy ${id} applies to every key: ${wrong.join('; ')}.${heldBy(context)}`, steps: STEPS };
  },
  closed: 'no statement of the default version allows these actions with every key, or the policy is gone',
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
  blindSpots: ['Which keys are used: CloudTrail shows it.', 'Conditions of the statement, and key policies, that restrict it.', 'Keys of other accounts.'],
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
  exempt: ({ now }) => (now.path.startsWith('/aws-service-role/') ? 'It is a service-linked role, and only its service can change it.' : null),
  gap({ now: { wide }, id, resource: { type }, parameters }) {
    const wrong = found(wide, parameters.actions);
    return wrong.length === 0 ? null : { message: `${type.slice('AWS::IAM::'.length)} ${id} may use every key: ${wrong.join('; ')}.`, steps: STEPS };
  },
  closed: 'no inline policy of it allows these actions with every key, or it is gone',
});
