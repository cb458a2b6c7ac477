import { defineService } from '@redress/core';

/** AWS Config as this package uses it: it is asked what it has found, and nothing is changed. */
export const config = defineService({
  id: 'config',
  load: () => import('./sdk.js'),
  client: 'ConfigServiceClient',
  operations: {
    DescribeConfigRules: {},
    GetComplianceDetailsByConfigRule: {},
    GetComplianceDetailsByResource: {},
    GetResourceConfigHistory: {},
  },
});

/** Security Hub as this package uses it. */
export const securityhub = defineService({
  id: 'securityhub',
  load: () => import('./securityhub-sdk.js'),
  client: 'SecurityHubClient',
  operations: { GetFindings: {}, BatchGetSecurityControls: {} },
});
