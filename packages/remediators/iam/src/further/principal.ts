import { type Asked, type AwsReads, type CallReader, defineResource, GLOBAL_REGION, paginate, tagsIn } from '@redress/core';
import { iam } from './client.js';

export const MARKER = { input: 'Marker', output: 'Marker' } as const;
export const [USER, ROLE, GROUP] = ['AWS::IAM::User', 'AWS::IAM::Role', 'AWS::IAM::Group'] as const;

/** What `ListUsers`, `ListRoles`, `ListGroups` and `ListPolicies` give, by the name that the API takes. */
export interface Named {
  readonly name: string | undefined;
  /** The id that is never given twice: `AIDA…`. */
  readonly unique: string | undefined;
}

/**
 * The name of what a source names: AWS Config by its unique id, everything else by its name.
 *
 * @returns null: none of all has it.
 */
export async function namedBy(id: string, unique: RegExp, all: AsyncIterable<Named>): Promise<{ readonly id: string; readonly region: string } | null> {
  if (!unique.test(id)) return { id, region: GLOBAL_REGION };
  let named = false;
  for await (const each of all) {
    if (each.unique === id && each.name !== undefined) return { id: each.name, region: GLOBAL_REGION };
    named ||= each.name === id;
  }
  return named ? { id, region: GLOBAL_REGION } : null;
}

type ListedUsers = readonly [ReturnType<typeof iam.pick<'ListUsers'>>];
type UserReads = readonly [ReturnType<typeof iam.pick<'GetUser'>>];

async function* usersOf(aws: AwsReads<ListedUsers>): AsyncGenerator<Named> {
  for await (const { UserName: name, UserId: unique } of paginate(aws.iam.ListUsers, {}, 'Users', MARKER)) yield { name, unique };
}

/** The name of a user. */
const userNamed = (aws: AwsReads<ListedUsers>, id: string) => namedBy(id, /^AIDA[A-Z0-9]{12,}$/, usersOf(aws));

/** Lists what has a name. */
async function* listed(all: AsyncIterable<Named>, type: string): AsyncGenerator<{ readonly id: string; readonly type: string; readonly region: string }> {
  for await (const { name } of all) if (name !== undefined) yield { id: name, type, region: GLOBAL_REGION };
}

/** What is a user's, however it is listed. */
const ofUsers = {
  type: USER,
  global: true,
  find: { reads: [iam.pick('GetUser')] as const, of: async ({ aws, id }: Asked<UserReads>) => (await aws.iam.GetUser({ UserName: id })).User },
};

/** An IAM user, by its name. */
export const user = defineResource({
  ...ofUsers,
  // One that was deleted and made again is another one.
  created: ({ UserId }) => UserId,
  // IAM leaves the list out where there are none.
  tags: { of: async ({ found }) => tagsIn((await found()).Tags ?? []) },
  name: { reads: [iam.pick('ListUsers')], of: ({ aws, resource }) => userNamed(aws, resource.id) },
  list: { reads: [iam.pick('ListUsers')], of: ({ aws }) => listed(usersOf(aws), USER) },
});

/** A user as any other, named by name alone; a sweep asks once for all who have a credential of a single service. */
export const credentialHolder = defineResource({
  ...ofUsers,
  // One that was deleted and made again is another one.
  created: ({ UserId }) => UserId,
  tags: { of: async ({ found }) => tagsIn((await found()).Tags ?? []) },
  list: {
    reads: [iam.pick('ListServiceSpecificCredentials')],
    async *of({ aws }) {
      const seen = new Set<string>();
      for await (const { UserName: id } of paginate(aws.iam.ListServiceSpecificCredentials, { AllUsers: true }, 'ServiceSpecificCredentials', MARKER)) {
        if (id === undefined || seen.has(id)) continue;
        seen.add(id);
        yield { id, region: GLOBAL_REGION };
      }
    },
  },
});

const LISTS = [iam.pick('ListUsers', 'ListRoles', 'ListGroups')] as const;
type Lists = AwsReads<typeof LISTS>;

async function* rolesOf({ iam: read }: Lists): AsyncGenerator<Named> {
  for await (const { RoleName: name, RoleId: unique } of paginate(read.ListRoles, {}, 'Roles', MARKER)) yield { name, unique };
}
async function* groupsOf({ iam: read }: AwsReads<readonly [ReturnType<typeof iam.pick<'ListGroups'>>]>): AsyncGenerator<Named> {
  for await (const { GroupName: name, GroupId: unique } of paginate(read.ListGroups, {}, 'Groups', MARKER)) yield { name, unique };
}
const groupNamed = (aws: Parameters<typeof groupsOf>[0], id: string) => namedBy(id, /^AGPA[A-Z0-9]{12,}$/, groupsOf(aws));
type PrincipalReads = readonly [ReturnType<typeof iam.pick<'GetUser' | 'GetRole' | 'GetGroup'>>];

/** The ARN of a managed policy of AWS. */
export const awsPolicy = (partition: string, name: string): string => `arn:${partition}:iam::aws:policy/${name}`;

/** What is a user's, a role's or a group's, however they are listed. Groups have no tags. */
const ofPrincipals = {
  type: USER,
  also: [ROLE, GROUP],
  global: true,
  find: {
    reads: [iam.pick('GetUser', 'GetRole', 'GetGroup')] as const,
    of: async ({ aws, id, resource: { type } }: Asked<PrincipalReads>) => {
      if (type === GROUP) {
        const { Group: it } = await aws.iam.GetGroup({ GroupName: id, MaxItems: 1 });
        return it && { unique: it.GroupId, path: it.Path, tags: [] };
      }
      if (type === ROLE) {
        const { Role: it } = await aws.iam.GetRole({ RoleName: id });
        return it && { unique: it.RoleId, path: it.Path, tags: it.Tags };
      }
      const { User: it } = await aws.iam.GetUser({ UserName: id });
      return it && { unique: it.UserId, path: it.Path, tags: it.Tags };
    },
  },
  name: {
    reads: LISTS,
    of: async ({ aws, resource: { type, id } }: Asked<typeof LISTS>) => {
      if (type === GROUP) return groupNamed(aws, id);
      return type === ROLE ? namedBy(id, /^AROA[A-Z0-9]{12,}$/, rolesOf(aws)) : userNamed(aws, id);
    },
  },
};

/** A user, a role or a group: what a policy can be in. */
export const principal = defineResource({
  ...ofPrincipals,
  created: ({ unique }) => unique,
  tags: { of: async ({ found }) => tagsIn((await found()).tags ?? []) },
  list: {
    reads: LISTS,
    async *of({ aws }) {
      yield* listed(usersOf(aws), USER);
      yield* listed(rolesOf(aws), ROLE);
      yield* listed(groupsOf(aws), GROUP);
    },
  },
});

/** Who has a managed policy of AWS: a sweep asks once for all of them. */
export const holderOf = (name: string) =>
  defineResource({
    ...ofPrincipals,
    created: ({ unique }) => unique,
    tags: { of: async ({ found }) => tagsIn((await found()).tags ?? []) },
    list: {
      reads: [iam.pick('ListEntitiesForPolicy')],
      async *of({ aws, partition }) {
        const all = { PolicyArn: awsPolicy(partition, name) };
        const of = aws.iam.ListEntitiesForPolicy;
        for await (const { UserName: id } of paginate(of, { ...all, EntityFilter: 'User' }, 'PolicyUsers', MARKER))
          if (id !== undefined) yield { id, type: USER, region: GLOBAL_REGION };
        for await (const { RoleName: id } of paginate(of, { ...all, EntityFilter: 'Role' }, 'PolicyRoles', MARKER))
          if (id !== undefined) yield { id, type: ROLE, region: GLOBAL_REGION };
        for await (const { GroupName: id } of paginate(of, { ...all, EntityFilter: 'Group' }, 'PolicyGroups', MARKER))
          if (id !== undefined) yield { id, type: GROUP, region: GLOBAL_REGION };
      },
    },
  });

/** A group, with whether anybody is in it. */
export const group = defineResource({
  type: GROUP,
  global: true,
  find: {
    reads: [iam.pick('GetGroup')],
    of: async ({ aws, id }) => {
      const { Group: it, Users, IsTruncated } = await aws.iam.GetGroup({ GroupName: id, MaxItems: 1 });
      // IAM may give fewer than it is asked for, and say that there are more.
      return it && { unique: it.GroupId, made: it.CreateDate, users: Users === undefined ? undefined : Users.length + (IsTruncated === true ? 1 : 0) };
    },
  },
  created: ({ unique }) => unique,
  tags: 'untaggable',
  name: { reads: [iam.pick('ListGroups')], of: ({ aws, resource: { id } }) => groupNamed(aws, id) },
  list: { reads: [iam.pick('ListGroups')], of: ({ aws }) => listed(groupsOf(aws), GROUP) },
});

/** Reads who a recorded call is about, by the member that names it. */
export const namedIn =
  (member: string, type: string): CallReader =>
  ({ request }) => {
    const id = request?.[member];
    return typeof id === 'string' && id !== '' ? [{ id, type, region: GLOBAL_REGION }] : [];
  };

/** The calls that put a policy into a user, a role or a group, or take one out. */
export const INLINE_CALLS: Readonly<Record<string, CallReader>> = Object.fromEntries(
  (['Put', 'Delete'] as const).flatMap((verb) => [
    [`iam:${verb}UserPolicy`, namedIn('userName', USER)],
    [`iam:${verb}RolePolicy`, namedIn('roleName', ROLE)],
    [`iam:${verb}GroupPolicy`, namedIn('groupName', GROUP)],
  ]),
);

/** Calls that the root user makes about itself, which name nobody. */
export const byRoot: CallReader = ({ actor, account }) => (actor?.type === 'Root' ? [{ id: account, region: GLOBAL_REGION }] : []);
