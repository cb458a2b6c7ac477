import { isAccountId, isRecord } from '@redress/core';

/** Who signed a request, as Lambda says. */
export interface Caller {
  /** ARN of the user or role session. */
  readonly arn: string;
  readonly account: string;
  /** Id of the AWS Organization; null when the account is in none. */
  readonly organization: string | null;
}

// The session name of a role, or nothing for a user, is a part of both the ARN and the caller's id.
const USER = /^arn:(?:aws|aws-cn|aws-us-gov):iam::([0-9]{12}):user\/(?:[\u0021-\u007e]*\/)?[\w+=,.@-]{1,64}$/;
const SESSION = /^arn:(?:aws|aws-cn|aws-us-gov):sts::([0-9]{12}):assumed-role\/[\w+=,.@-]{1,64}\/([\w+=,.@-]{2,64})$/;

/**
 * Who signed the request of a Lambda Function URL with `AuthType: AWS_IAM`; null when the event does not say so without doubt. Lambda
 * itself writes `requestContext`; headers, body and query are the caller's, and are never asked. The root user and federated users are no
 * approvers: nobody can list them.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
 */
export function callerOf(event: unknown): Caller | null {
  if (!isRecord(event) || event['version'] !== '2.0' || !isRecord(event['requestContext'])) return null;
  const { authorizer, authentication } = event['requestContext'];
  // A certificate of mutual TLS is another way to be someone, and not this one.
  if (!isRecord(authorizer) || (authentication ?? null) !== null) return null;
  // With an authorizer of another kind this is not a function URL.
  if (Object.keys(authorizer).some((key) => key !== 'iam') || !isRecord(authorizer['iam'])) return null;
  const { userArn, accountId, callerId, principalOrgId, cognitoIdentity } = authorizer['iam'];
  if ((cognitoIdentity ?? null) !== null) return null;
  if (typeof userArn !== 'string' || typeof callerId !== 'string' || !isAccountId(accountId)) return null;
  const session = SESSION.exec(userArn);
  const user = USER.exec(userArn);
  // Values that do not fit each other were put together by someone.
  if ((session ?? user)?.[1] !== accountId) return null;
  const id = /^(AROA|AIDA)[A-Z0-9]{12,124}(?::(.*))?$/.exec(callerId);
  if (id === null || id[1] !== (session === null ? 'AIDA' : 'AROA')) return null;
  if (id[2] !== undefined && id[2] !== session?.[2]) return null;
  const organization = typeof principalOrgId === 'string' && /^o-[a-z0-9]{10,32}$/.test(principalOrgId) ? principalOrgId : null;
  return { arn: userArn, account: accountId, organization };
}
