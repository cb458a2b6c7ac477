import { defineService } from '@redress/core';

/** Security Hub as this package uses it. */
export const securityhub = defineService({
  id: 'securityhub',
  load: () => import('./sdk.js'),
  client: 'SecurityHubClient',
  operations: {
    DescribeHub: {},
    // Security Hub makes its service-linked role when it is turned on. Where it is on, it answers with a conflict.
    EnableSecurityHub: { iam: ['securityhub:EnableSecurityHub', 'iam:CreateServiceLinkedRole'] },
    // Where it is off, it answers with an error, and nothing is changed.
    DisableSecurityHub: {},
  },
});
