import { allOf, type CallReader, defineSetting, given, paginate, type Tagged, tagsIn } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { rareOnPurpose } from './access-keys.js';
import { iam } from './client.js';
import { awsPolicy, GROUP, holderOf, MARKER, namedIn, ROLE, USER } from './principal.js';

const NAME = 'AWSCloudShellFullAccess';
/** The calls that attach the policy; those for another one are about nobody. */
const attaching =
  (member: string, type: string): CallReader =>
  (call) =>
    String(call.request?.['policyArn']).endsWith(`:iam::aws:policy/${NAME}`) ? namedIn(member, type)(call) : [];

/**
 * Detaches the policy for all of CloudShell, which lets files in and out, from a user, a role or a group. Its other policies stay. No role of Redress may
 * attach a policy to anybody, so a person attaches it again.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-27
 */
export const detachCloudShellFullAccess = defineSetting({
  on: holderOf(NAME),
  id: 'iam-detach-cloudshell-full-access',
  title: `Detach ${NAME} from users, roles and groups`,
  package: packageRef,
  controls: { 'aws-fsbp': ['IAM.27'], 'cis-aws-foundations-benchmark/v/3.0.0': ['1.22'], 'cis-aws-foundations-benchmark/v/5.0.0': ['1.21'] },
  rules: { IAM_POLICY_BLACKLISTED_CHECK: 'iam-policy-blacklisted-check' },
  calls: {
    'iam:AttachUserPolicy': attaching('userName', USER),
    'iam:AttachRolePolicy': attaching('roleName', ROLE),
    'iam:AttachGroupPolicy': attaching('groupName', GROUP),
  },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Who used CloudShell: CloudTrail records its sessions, and is not read.',
    'Other policies that allow it.',
    'Automation that attaches it: its next run attaches it again.',
  ],
  read: {
    reads: [iam.pick('ListAttachedUserPolicies', 'ListAttachedRolePolicies', 'ListAttachedGroupPolicies')],
    of: async ({ aws: { iam: read }, id, resource: { type, partition }, found }) => {
      const policies = await allOf(
        type === GROUP
          ? paginate(read.ListAttachedGroupPolicies, { GroupName: id }, 'AttachedPolicies', MARKER)
          : type === ROLE
            ? paginate(read.ListAttachedRolePolicies, { RoleName: id }, 'AttachedPolicies', MARKER)
            : paginate(read.ListAttachedUserPolicies, { UserName: id }, 'AttachedPolicies', MARKER),
      );
      return { path: (await found()).path, attached: policies.some((each) => given(each, 'PolicyArn') === awsPolicy(partition, NAME)) };
    },
  },
  absent: { path: '/' },
  context: {
    reads: [iam.pick('GetGroup', 'GetUser')],
    async of({ aws: { iam: read }, id, resource: { type } }) {
      const members: Tagged[] = [];
      if (type === GROUP)
        for await (const member of paginate(read.GetGroup, { GroupName: id }, 'Users', MARKER)) {
          const UserName = given(member, 'UserName');
          // A group is listed without the tags of its users.
          const { Tags = [] } = given(await read.GetUser({ UserName }), 'User');
          members.push({ type: USER, id: UserName, tags: tagsIn(Tags) });
        }
      return { members };
    },
  },
  // Who is in a group loses what it allows.
  usedBy: ({ members }) => members,
  exceptionTypes: [USER],
  hazards: [rareOnPurpose],
  rollback: { restores: 'nothing', what: `No role of Redress may attach a policy: a person has to attach ${NAME} again.`, not: [] },
  inCode: { cloudFormation: 'AWS::IAM::Role ManagedPolicyArns', terraform: 'aws_iam_role_policy_attachment policy_arn' },
  // The rule may look for other policies, too.
  judge: ({ claim }) =>
    Object.values(claim.parameters ?? {}).every((value) => value.split(',').every((each) => each.trim().endsWith(`:iam::aws:policy/${NAME}`))) ? [] : null,
  instead: ({ now: { path, attached }, id }) =>
    attached && path.startsWith('/aws-reserved/sso.amazonaws.com/')
      ? {
          status: 'manual',
          message: `Role ${id} has ${NAME} from a permission set of IAM Identity Center. It can only be changed there.`,
          steps: ['Remove the policy from the permission set, and provision it again.'],
        }
      : null,
  wanted: ({ now }) => ({ ...now, attached: false }),
  writes: [iam.pick('DetachUserPolicy', 'DetachRolePolicy', 'DetachGroupPolicy')],
  write({ id, resource: { type, partition } }) {
    const PolicyArn = awsPolicy(partition, NAME);
    if (type === GROUP) return iam.call('DetachGroupPolicy', { GroupName: id, PolicyArn });
    return type === ROLE ? iam.call('DetachRolePolicy', { RoleName: id, PolicyArn }) : iam.call('DetachUserPolicy', { UserName: id, PolicyArn });
  },
  compliant: ({ id }) => `${id} does not have ${NAME}.`,
  summary: ({ id }) => `detach ${NAME} from ${id}`,
});
