import { isRecord, listOf, namesEverybody, type Statement } from '@redress/core';
import { isOfAccount } from '../../policy.js';

/** Actions that change who may do what with a bucket, as S3.6 has them. In small letters, as actions are compared. */
const RISKY: readonly string[] = ['s3:deletebucketpolicy', 's3:putbucketacl', 's3:putbucketpolicy', 's3:putencryptionconfiguration', 's3:putobjectacl'];
export const isRisky = (action: unknown): boolean => RISKY.includes(String(action).toLowerCase());

/** Whether a pattern of actions takes one in. */
function matches(pattern: unknown, action: string): boolean {
  const literal = String(pattern)
    .toLowerCase()
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(action);
}
const takesIn = (pattern: unknown) => RISKY.some((each) => matches(pattern, each));
const allowsRisky = ({ Action, NotAction }: Statement) =>
  Action === undefined ? RISKY.some((each) => !listOf(NotAction).some((pattern) => matches(pattern, each))) : listOf(Action).some(takesIn);

/** Whose the bucket is. */
export interface Owner {
  readonly partition: string;
  readonly account: string;
}
const principalOf = ({ Principal }: Statement) => (isRecord(Principal) ? Principal : Principal === undefined ? {} : { AWS: Principal });

/** Whether a statement lets another account do any of it. Whoever leaves somebody out lets everybody else in; a canonical user is of no account that is known. */
export function isAffected(statement: Statement, { account }: Owner): boolean {
  if (statement['Effect'] !== 'Allow' || !allowsRisky(statement)) return false;
  const { AWS, CanonicalUser } = principalOf(statement);
  return statement['NotPrincipal'] !== undefined || CanonicalUser !== undefined || listOf(AWS ?? []).some((each) => !isOfAccount(String(each), account));
}

/**
 * What takes the place of a statement: its other actions stay for all whom it names, and those that are taken stay for its principals of the account and its
 * services. Nobody gets what they did not have.
 *
 * @returns null: nothing can be taken out of it. It allows by a pattern, by leaving something or somebody out, or everybody by conditions.
 */
export function restricted(statement: Statement, { partition, account }: Owner): readonly Statement[] | null {
  if (!isAffected(statement, { partition, account })) return [statement];
  const { AWS, CanonicalUser, ...services } = principalOf(statement);
  const actions = listOf(statement['Action'] ?? []);
  const isOpenEnded = statement['NotPrincipal'] !== undefined || statement['Action'] === undefined || actions.some((each) => takesIn(each) && !isRisky(each));
  if (CanonicalUser !== undefined || isOpenEnded || (namesEverybody(statement) && statement['Condition'] !== undefined)) return null;
  const named = listOf(AWS ?? []).map(String);
  // The account is among everybody.
  const root = named.includes('*') ? [`arn:${partition}:iam::${account}:root`] : [];
  const own = [...new Set([...named.filter((each) => isOfAccount(each, account)), ...root])];
  const left = { ...services, ...(own.length === 0 ? {} : { AWS: own.length === 1 ? own[0] : own }) };
  const rest = actions.filter((each) => !isRisky(each));
  const { ['Sid']: _, ...nameless } = statement;
  return [
    ...(rest.length === 0 ? [] : [{ ...statement, Action: rest }]),
    ...(Object.keys(left).length === 0 ? [] : [{ ...(rest.length === 0 ? statement : nameless), Principal: left, Action: actions.filter(isRisky) }]),
  ];
}
