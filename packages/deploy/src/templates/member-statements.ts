import type { JsonObject } from '@redress/core';
import { boundaryPolicy, EXEMPT, type IamOptions, MEMBER_ROLES, type MemberRole, memberPolicies, type Writing } from '../iam/policies.js';
import { ref, sub, when } from './template.js';

/** The condition that denies a role changes of resources with the exception tag. */
export const REFUSES_TAGGED = 'RefusesTagged';

/** ARNs of the account where the template is deployed, in every region. */
const HERE: Writing = {
  arn: (pattern) => {
    const named = pattern.replace('{partition}', '{AWS::Partition}').replace('{region}', '*').replace('{account}', '{AWS::AccountId}');
    // Linters report a substitution without a variable.
    return named.includes('{AWS::') ? sub(named) : named;
  },
  account: ref('AWS::AccountId'),
};

/** The permissions of one role of a member account, and the maximum that it could ever have. */
export interface MemberStatements {
  /** The statements of each managed policy of the role. */
  readonly policies: readonly (readonly JsonObject[])[];
  readonly boundary: readonly JsonObject[];
}

/** The permissions of the roles of a member account, from the declarations of the remediators. */
export function memberStatements(
  given: Pick<IamOptions, 'remediators' | 'exceptionTag' | 'narrowing' | 'parametersOf'>,
): Readonly<Record<MemberRole, MemberStatements>> {
  const options: IamOptions = { ...given, write: HERE };
  const of = (role: MemberRole): MemberStatements => ({
    // This one statement is optional at deployment.
    policies: memberPolicies(role, options).map(({ Statement }) => Statement.map((each) => (each['Sid'] === EXEMPT ? when(REFUSES_TAGGED, each) : each))),
    boundary: boundaryPolicy(options, role).Statement,
  });
  const [read, fix, rollback] = MEMBER_ROLES.map(of) as [MemberStatements, MemberStatements, MemberStatements];
  return { read, fix, rollback };
}
