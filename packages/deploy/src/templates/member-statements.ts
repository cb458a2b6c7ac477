import type { JsonObject } from '@redress/core';
import { boundaryPolicy, EXEMPT, type IamOptions, MEMBER_ROLES, type MemberRole, memberPolicies, type Writing } from '../iam/policies.js';
import { ref, sub, when } from './template.js';

/** The condition under which a role may not change what has the exception tag. */
export const REFUSES_TAGGED = 'RefusesTagged';

/** ARNs of the account that the template is deployed into, in every region. */
const HERE: Writing = {
  arn: (pattern) => {
    const named = pattern.replace('{partition}', '{AWS::Partition}').replace('{region}', '*').replace('{account}', '{AWS::AccountId}');
    // A linter finds a substitution of nothing.
    return named.includes('{AWS::') ? sub(named) : named;
  },
  account: ref('AWS::AccountId'),
};

/** What one role of a member account may do, and the most that it could ever do. */
export interface MemberStatements {
  /** The statements of each managed policy of the role. */
  readonly policies: readonly (readonly JsonObject[])[];
  readonly boundary: readonly JsonObject[];
}

/** What the roles of a member account may do, by what the remediators declare. */
export function memberStatements(
  given: Pick<IamOptions, 'remediators' | 'exceptionTag' | 'narrowing' | 'parametersOf'>,
): Readonly<Record<MemberRole, MemberStatements>> {
  const options: IamOptions = { ...given, write: HERE };
  const of = (role: MemberRole): MemberStatements => ({
    // Who deploys decides on this one statement.
    policies: memberPolicies(role, options).map(({ Statement }) => Statement.map((each) => (each['Sid'] === EXEMPT ? when(REFUSES_TAGGED, each) : each))),
    boundary: boundaryPolicy(options, role).Statement,
  });
  const [read, fix, rollback] = MEMBER_ROLES.map(of) as [MemberStatements, MemberStatements, MemberStatements];
  return { read, fix, rollback };
}
