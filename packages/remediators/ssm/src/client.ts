import { defineService } from '@redress/core';

/** Systems Manager as runbooks use it. */
export const ssm = defineService({
  id: 'ssm',
  load: () => import('./sdk.js'),
  client: 'SSMClient',
  operations: {
    DescribeDocument: {},
    GetAutomationExecution: {},
    // The Automation assumes a role of the account, which has to be passed to it.
    StartAutomationExecution: { iam: ['ssm:StartAutomationExecution', 'iam:PassRole'], retry: 'client-token' },
  },
});

/** KMS as this package uses it. */
export const kms = defineService({
  id: 'kms',
  load: () => import('./sdk.js'),
  client: 'KMSClient',
  operations: {
    DescribeKey: {},
    GetKeyRotationStatus: {},
    ListKeys: {},
    ListResourceTags: {},
    DisableKeyRotation: { retry: 'idempotent' },
  },
});
