import { type JsonObject, RedressError } from '@redress/core';

/** A policy of IAM, as data. */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly JsonObject[];
}

/**
 * Characters that IAM takes of a managed policy, white space not counted; a permission boundary is one.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const MAX_MANAGED_POLICY = 6144;
/** Characters that IAM takes in all policies that are written into a role, white space not counted. */
export const MAX_ROLE_POLICIES = 10_240;
/** Managed policies that may be attached to a role before AWS is asked to raise the quota (to 20 at most). */
export const MAX_ATTACHED_POLICIES = 10;

/** A statement as it is written, and as long as it can get where it is deployed. */
export interface Measured {
  readonly statement: JsonObject;
  readonly longest: JsonObject;
}

/** A policy of these statements. */
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
 * Statements as managed policies of one role: each goes into the first policy with room, in its order there. What comes together means the same
 * as one policy of all: IAM adds up what is attached to a role.
 *
 * @param of whose they are, for the error
 * @throws {RedressError} `compose/invalid`: a statement that fits into no policy, or more policies than a role takes
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

/** Says what to do about policies that do not fit. */
export function tooLarge(message: string): RedressError {
  return new RedressError('compose/invalid', message, {
    next: 'Omit remediators that are not used here (--remediator ID…). A wildcard is never used to make it fit.',
  });
}
