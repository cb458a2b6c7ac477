import type { STSClient } from '@aws-sdk/client-sts';
import { type Identity, type JsonObject, RedressError } from '@redress/core';
import type { AwsCredentials, CredentialsProvider } from './credentials.js';

/** A session of a role: its credentials, and its identity. */
export interface Session {
  readonly credentials: AwsCredentials;
  readonly identity: Identity;
}

/** The content of an AssumeRole request. */
export interface SessionRequest {
  readonly role: string;
  readonly name: string;
  readonly externalId?: string | undefined;
  readonly sourceIdentity?: string | undefined;
  readonly policy?: JsonObject | undefined;
}

/** Maximum characters of a session policy, without white space. */
const POLICY_CHARACTERS = 2048;

/**
 * Requests sessions of roles from STS.
 *
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
export function roleSessions(config: { readonly region: string; readonly credentials: CredentialsProvider }): (request: SessionRequest) => Promise<Session> {
  let client: STSClient | null = null;
  return async ({ role, name, externalId, sourceIdentity, policy }) => {
    const sdk = await import('./sts.js');
    client ??= new sdk.STSClient({ ...config, maxAttempts: 3 });
    const { Credentials, AssumedRoleUser } = await client.send(
      new sdk.AssumeRoleCommand({
        RoleArn: role,
        RoleSessionName: name,
        ExternalId: externalId,
        SourceIdentity: sourceIdentity,
        Policy: policy === undefined ? undefined : JSON.stringify(policy),
      }),
    );
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken, Expiration: expiration } = Credentials ?? {};
    const arn = AssumedRoleUser?.Arn;
    const account = arn?.split(':')[4];
    if (accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined || arn === undefined || account === undefined)
      throw new RedressError('aws/unknown', `sts:AssumeRole of ${role} did not return the identity of the session.`);
    return { credentials: { accessKeyId, secretAccessKey, sessionToken, ...(expiration === undefined ? {} : { expiration }) }, identity: { account, arn } };
  };
}

/** @throws {RedressError} `connect/policy-too-large`, before STS would. Nothing is cut off, because a truncated policy has another meaning. */
export function checkedPolicy(policy: JsonObject | undefined): JsonObject | undefined {
  if (policy === undefined) return undefined;
  const { length } = JSON.stringify(policy);
  if (length > POLICY_CHARACTERS) throw policyTooLarge(`The session policy has ${length} characters; STS takes ${POLICY_CHARACTERS}.`);
  return policy;
}

/** The same error from STS: it packs policy and tags together, and has a limit for that, too. */
export function policyTooLarge(message: string, cause?: unknown): RedressError {
  return new RedressError('connect/policy-too-large', message, {
    ...(cause === undefined ? {} : { cause }),
    next: 'Name fewer actions or resources, or leave out `sessionPolicy`: the policy of the role applies anyway.',
  });
}
