import { defineService } from '@redress/core';

/** Secrets Manager as this package uses it. No value of a secret is ever read. */
export const secretsmanager = defineService({
  id: 'secretsmanager',
  load: () => import('./sdk.js'),
  client: 'SecretsManagerClient',
  operations: { DescribeSecret: {}, ListSecrets: {} },
});
