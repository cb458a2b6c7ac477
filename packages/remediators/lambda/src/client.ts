import { defineService } from '@redress/core';

/** Lambda as this package uses it. The code of a function, and the address that it is downloaded from, are not asked for. */
export const lambda = defineService({
  id: 'lambda',
  load: () => import('./sdk.js'),
  client: 'LambdaClient',
  operations: {
    GetFunctionConfiguration: {},
    GetFunctionUrlConfig: {},
    GetResourcePolicy: {},
    ListFunctions: {},
    ListTags: {},
    // It replaces the whole policy, and names the revision that it replaces: sent twice, the second one is refused.
    PutResourcePolicy: { retry: 'verify-first' },
    // It sets what it names: sent twice, it changes nothing more.
    UpdateFunctionUrlConfig: { retry: 'idempotent' },
  },
});

/** EC2, for the zones of the subnets that functions are in. */
export const ec2 = defineService({
  id: 'ec2',
  load: () => import('./subnets/sdk.js'),
  client: 'EC2Client',
  operations: { DescribeSubnets: {} },
});
