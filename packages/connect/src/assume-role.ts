import { AssumeRoleCommand, type AssumeRoleCommandInput, STSClient, type STSClientConfig } from '@aws-sdk/client-sts';
import type { AwsCredentials } from './connect-aws.js';

/**
 * Credentials of a role. One call of STS each time it is asked; who asks keeps the answer.
 *
 * The SDK's `fromTemporaryCredentials` does the same, but by way of a package that brings every way to sign in along (140 KB of a bundle).
 *
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
export function temporaryCredentials(config: STSClientConfig, params: AssumeRoleCommandInput): () => Promise<AwsCredentials> {
  const client = new STSClient(config);
  return async () => {
    const { Credentials: given } = await client.send(new AssumeRoleCommand(params));
    if (given?.AccessKeyId === undefined || given.SecretAccessKey === undefined)
      throw Object.assign(new Error(`sts:AssumeRole gave no credentials for ${params.RoleArn}.`), { name: 'CredentialsProviderError' });
    return {
      accessKeyId: given.AccessKeyId,
      secretAccessKey: given.SecretAccessKey,
      ...(given.SessionToken === undefined ? {} : { sessionToken: given.SessionToken }),
      ...(given.Expiration === undefined ? {} : { expiration: given.Expiration }),
    };
  };
}
