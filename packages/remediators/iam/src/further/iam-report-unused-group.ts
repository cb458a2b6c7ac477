import { allOf, defineReport, inParallel, paginate } from '@redress/core';
import * as z from '@redress/core/parameters';
import { packageRef } from '../package-ref.js';
import { DAY } from './access-keys.js';
import { iam } from './client.js';
import { GROUP, group, MARKER, namedIn } from './principal.js';

/**
 * Reports a group that nobody is in. It is not deleted: what puts people into it may count on it, and another one of its name would be another one.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/iam-group-has-users-check.html
 */
export const reportUnusedGroup = defineReport({
  on: group,
  id: 'iam-report-unused-group',
  title: 'Report a group without users',
  package: packageRef,
  controls: {},
  rules: { IAM_GROUP_HAS_USERS_CHECK: 'iam-group-has-users-check' },
  calls: { 'iam:RemoveUserFromGroup': namedIn('groupName', GROUP) },
  blindSpots: ['What adds users to it: automation that provisions users, or an emergency procedure.', 'How long it has been empty.'],
  parameters: z.strictObject({
    newForDays: z
      ._default(z.int().check(z.gte(0), z.lte(365)), 7)
      .check(z.describe('A group created in the last N days is not reported: users are added later.')),
  }),
  at: ({ users, made }) => ({ empty: users === undefined ? undefined : users === 0, made: made?.toISOString() }),
  context: {
    reads: [iam.pick('ListAttachedGroupPolicies', 'ListGroupPolicies')],
    of: async ({ aws, id: GroupName }): Promise<readonly string[]> => {
      const [attached, inline] = await inParallel(
        allOf(paginate(aws.iam.ListAttachedGroupPolicies, { GroupName }, 'AttachedPolicies', MARKER)),
        allOf(paginate(aws.iam.ListGroupPolicies, { GroupName }, 'PolicyNames', MARKER)),
      );
      return [...attached.map(({ PolicyName }) => PolicyName ?? '?'), ...inline.map((each) => `${each} (inline)`)].sort();
    },
  },
  exempt: ({ now: { empty, made }, observedAt, parameters: { newForDays } }) =>
    empty && observedAt - Date.parse(made) < newForDays * DAY ? 'It is new, and users are added later.' : null,
  gap: ({ now: { empty }, id, context }) =>
    empty
      ? {
          message: `Group ${id} has no users.${context === undefined || context.length === 0 ? '' : ` Its future members get ${context.join(', ')}.`}`,
          steps: [
            'Ask its owner whether it will be used, and what adds users to it.',
            'If nobody needs it, save its policies, remove them, and delete the group.',
          ],
        }
      : null,
  closed: 'the group has a user, or it is gone',
});
