import type { Statement } from '@redress/core';

/** What S3 takes as a policy is 20,480 bytes. What is written stays below that: how S3 counts is not said. */
const LARGEST = 20_280;
/** The ids of whoever was deleted: S3 shows them in place of an ARN, and takes no policy that has one. */
const DELETED = /"A(?:ROA|IDA)[A-Z0-9]{12,}"/;

/** What a rollback that puts a public policy back may meet. */
export const REFUSED_BACK = 'If BlockPublicPolicy is on, S3 rejects the earlier public policy: a person has to turn it off first.';

/** The policy with other statements; all else of it stays. */
export const withStatements = (policy: string, Statement: readonly Statement[]): string => JSON.stringify({ ...(JSON.parse(policy) as object), Statement });

/**
 * Why a policy is not written with other statements, as the end of a sentence that begins with the policy; null: it can be, and can be put back.
 *
 * @example unwritable(policy, []) // 'would have no statement left'
 */
export function unwritable(policy: string, statements: readonly Statement[]): string | null {
  if (statements.length === 0) return 'would have no statement left';
  if (DELETED.test(policy)) return 'names a principal that was deleted, so S3 would reject the rollback';
  return withStatements(policy, statements).length > LARGEST ? 'has no room for a narrower statement' : null;
}
