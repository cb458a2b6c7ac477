import { defineService } from '@redress/core';

/** Lambda as this package uses it: it only reads. The code of a function, and the address that it is downloaded from, are not asked for. */
export const lambda = defineService({
  id: 'lambda',
  load: () => import('./sdk.js'),
  client: 'LambdaClient',
  operations: { GetFunctionConfiguration: {}, ListFunctions: {}, ListTags: {} },
});

/** EC2, for the zones of the subnets that functions are in. */
export const ec2 = defineService({
  id: 'ec2',
  load: () => import('./subnets/sdk.js'),
  client: 'EC2Client',
  operations: { DescribeSubnets: {} },
});
