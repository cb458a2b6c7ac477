import { isRecord, statementsOf } from '@redress/core';

/** Whether a statement lets in whoever comes by access points, which decide then. A policy that cannot be understood is taken to. */
export function leavesToAccessPoints(policy: string): boolean {
  return (
    statementsOf(policy)?.some(
      (each) => each['Effect'] === 'Allow' && /"s3:(?:dataaccesspoint(?:arn|account)|accesspointnetworkorigin)"/i.test(JSON.stringify(each['Condition'] ?? '')),
    ) ?? true
  );
}

/** Whether a statement of a bucket policy lets a service in: by default S3, which delivers access logs. A policy that cannot be understood is taken to. */
export function letsLogsIn(policy: string | undefined, service = 'logging.s3.amazonaws.com'): boolean {
  if (policy === undefined) return false;
  return (
    statementsOf(policy)?.some(
      (each) => each['Effect'] === 'Allow' && isRecord(each['Principal']) && [each['Principal']['Service']].flat().includes(service),
    ) ?? true
  );
}

/**
 * The principals of AWS that the statements of a policy let in: ARNs, ids of accounts and of users, `*`. Whoever leaves somebody out lets everybody else in.
 * A policy that cannot be understood names none.
 */
export function principalsOf(policy: string | undefined): readonly string[] {
  const allowed = (policy === undefined ? null : statementsOf(policy))?.filter((each) => each['Effect'] === 'Allow') ?? [];
  return allowed.flatMap(({ Principal, NotPrincipal }) => {
    if (NotPrincipal !== undefined || Principal === '*') return ['*'];
    return isRecord(Principal) ? [Principal['AWS'] ?? []].flat().map(String) : [];
  });
}

/** Whether a principal is the account or somebody in it. The names of others may have its number in them, so that only the account of an ARN counts. */
export const isOfAccount = (principal: string, account: string): boolean => principal === account || principal.split(':')[4] === account;
