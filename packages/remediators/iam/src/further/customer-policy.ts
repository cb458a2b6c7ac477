import { type Asked, type CallReader, defineResource, GLOBAL_REGION, given, paginate, type ResourceType, tagsIn, type WithFound } from '@redress/core';
import * as z from '@redress/core/parameters';
import { iam } from './client.js';
import { type Allowed, allowedBy } from './document.js';
import { MARKER, namedBy } from './principal.js';

/** A policy that the account made itself, by its ARN. */
export const customerPolicy = defineResource({
  type: 'AWS::IAM::Policy',
  global: true,
  find: { reads: [iam.pick('GetPolicy')], of: async ({ aws, id }) => given(await aws.iam.GetPolicy({ PolicyArn: id }), 'Policy') },
  created: ({ PolicyId }) => PolicyId,
  // IAM leaves the list out where there are none.
  tags: { of: async ({ found }) => tagsIn((await found()).Tags ?? []) },
  name: {
    reads: [iam.pick('ListPolicies')],
    of: ({ aws, resource }) => namedBy(resource.id, /^ANPA[A-Z0-9]{12,}$/, policies(paginate(aws.iam.ListPolicies, { Scope: 'Local' }, 'Policies', MARKER))),
  },
  list: {
    reads: [iam.pick('ListPolicies')],
    async *of({ aws }) {
      for await (const { Arn: id } of paginate(aws.iam.ListPolicies, { Scope: 'Local' }, 'Policies', MARKER))
        if (id !== undefined) yield { id, region: GLOBAL_REGION };
    },
  },
});

async function* policies(all: AsyncIterable<{ readonly Arn?: string | undefined; readonly PolicyId?: string | undefined }>) {
  for await (const { Arn: name, PolicyId: unique } of all) yield { name, unique };
}

// Those of AWS are nobody's to change.
const OWN = /^arn:[^:]+:iam::\d{12}:policy\//;
const named: CallReader = ({ request, response }) => {
  const made = response?.['policy'] as { readonly arn?: unknown } | null | undefined;
  const id = request?.['policyArn'] ?? made?.arn;
  return typeof id === 'string' && OWN.test(id) ? [{ id, region: GLOBAL_REGION }] : [];
};

/** Whether boundaries count. */
export const exceptBoundaries = z
  ._default(z.boolean(), false)
  .check(z.describe('A policy that is only used as a permissions boundary is not reported: it grants nothing.'));

/** What every report of such a policy's words says alike. */
export const ofPolicies = {
  calls: { 'iam:CreatePolicy': named, 'iam:CreatePolicyVersion': named, 'iam:SetDefaultPolicyVersion': named },
  parameters: z.strictObject({ exceptBoundaries }),
  /** The rules' own name for it. */
  ruleParameters: { excludePermissionBoundaryPolicy: 'exceptBoundaries' },
} as const;

const READS = [iam.pick('GetPolicyVersion')] as const;
const HOLDERS = [iam.pick('ListEntitiesForPolicy')] as const;
type Found = typeof customerPolicy extends ResourceType<infer F> ? F : never;

/** Reads what the version of the policy that holds allows, as far as it is asked for. */
export const allowed = <Part>(of: (each: Allowed) => readonly Part[]) => ({
  reads: READS,
  of: async ({ aws, id, found }: Asked<typeof READS> & WithFound<Found>): Promise<{ readonly boundaryOnly: boolean; readonly wide: readonly Part[] }> => {
    const { DefaultVersionId: VersionId, PermissionsBoundaryUsageCount = 0, AttachmentCount = 0 } = await found();
    if (VersionId === undefined) throw new Error(`GetPolicy returned no default version of ${id}.`);
    const { PolicyVersion } = await aws.iam.GetPolicyVersion({ PolicyArn: id, VersionId });
    return { boundaryOnly: PermissionsBoundaryUsageCount > 0 && AttachmentCount === 0, wide: allowedBy(PolicyVersion?.Document, id).flatMap(of) };
  },
});

/** The same, as texts that begin with the name of their statement. */
export const allowances = (of: (each: Allowed) => readonly string[]) => allowed((each) => of(each).map((text) => `${each.name}: ${text}`));

/** Names of who has the policy, for those who are notified: as many as a page holds. */
export const holders = {
  reads: HOLDERS,
  of: async ({ aws, id }: Asked<typeof HOLDERS>): Promise<readonly string[]> => {
    const { PolicyUsers = [], PolicyRoles = [], PolicyGroups = [], IsTruncated } = await aws.iam.ListEntitiesForPolicy({ PolicyArn: id });
    return [
      ...PolicyUsers.map(({ UserName }) => `user ${UserName ?? '?'}`),
      ...PolicyRoles.map(({ RoleName }) => `role ${RoleName ?? '?'}`),
      ...PolicyGroups.map(({ GroupName }) => `group ${GroupName ?? '?'}`),
      ...(IsTruncated === true ? ['others'] : []),
    ];
  },
};

/** How a notice says who has it. */
export const heldBy = (context: readonly string[] | undefined): string =>
  context === undefined ? '' : context.length === 0 ? ' It is not attached.' : ` It is attached to ${context.join(', ')}.`;
