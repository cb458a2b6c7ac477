import { type JsonObject, RedressError } from '@redress/core';

/** An IAM policy, as data. */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly JsonObject[];
}

/**
 * Maximum characters of a managed policy, not counting white space. A permission boundary is a managed policy.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const MAX_MANAGED_POLICY = 6144;
/** Maximum characters of all inline policies of a role, not counting white space. */
export const MAX_ROLE_POLICIES = 10_240;
/** Managed policies that can be attached to a role by default. AWS can raise this quota to 20. */
export const MAX_ATTACHED_POLICIES = 10;

/** A statement as it is written, and at its longest possible length when deployed. */
export interface Measured {
  readonly statement: JsonObject;
  readonly longest: JsonObject;
}

/** A policy with these statements. */
export function document(statements: readonly JsonObject[]): PolicyDocument {
  return { Version: '2012-10-17', Statement: statements };
}

/** Characters of a policy as IAM counts them: without white space. */
export function policySize(policy: PolicyDocument): number {
  return JSON.stringify(policy).replace(/\s/g, '').length;
}

/** Whether statements fit into one managed policy. */
export function fit(statements: readonly JsonObject[]): boolean {
  return policySize(document(statements)) <= MAX_MANAGED_POLICY;
}

/**
 * Divides statements into managed policies of one role. Each statement goes into the first policy with room. Together they mean the same as a single policy,
 * because IAM combines the policies of a role.
 *
 * @param of whose statements they are, for the error
 * @throws {RedressError} `compose/invalid`: a statement is too long for any policy, or a role cannot have that many policies
 */
export function divided(of: string, statements: readonly Measured[]): readonly (readonly JsonObject[])[] {
  const policies: Measured[][] = [];
  for (const each of statements) {
    if (!fit([each.longest])) throw tooLarge(`A statement of ${of} is longer than a managed policy may be (${MAX_MANAGED_POLICY} characters).`);
    const room = policies.find((policy) => fit([...policy, each].map(({ longest }) => longest)));
    if (room === undefined) policies.push([each]);
    else room.push(each);
  }
  if (policies.length > MAX_ATTACHED_POLICIES) throw tooLarge(`${of} needs ${policies.length} managed policies; a role can have ${MAX_ATTACHED_POLICIES}.`);
  return policies.map((policy) => policy.map(({ statement }) => statement));
}

/** The next step for policies that do not fit. */
export function tooLarge(message: string): RedressError {
  return new RedressError('compose/invalid', message, {
    next: 'Omit remediators that are not used here (--remediator ID…). A wildcard is never used to make it fit.',
  });
}
