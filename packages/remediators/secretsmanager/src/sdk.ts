// The only file of this package that imports an SDK client. It is loaded at the first call.
export { DescribeSecretCommand, ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
