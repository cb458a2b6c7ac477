import { defineService } from '@redress/core';

/** KMS, for what the policy of a bucket's key says. */
export const kms = defineService({
  id: 'kms',
  load: () => import('./sdk.js'),
  client: 'KMSClient',
  operations: { DescribeKey: {}, GetKeyPolicy: {} },
});
