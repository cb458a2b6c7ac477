import { defineService } from '@redress/core';

/** Systems Manager as far as managed nodes are concerned: it is only read. */
export const ssm = defineService({
  id: 'ssm',
  load: () => import('./sdk.js'),
  client: 'SSMClient',
  operations: { DescribeInstanceInformation: {}, ListComplianceItems: {}, ListTagsForResource: {} },
});

/** EC2, for the tags of nodes that are instances. */
export const ec2 = defineService({
  id: 'ec2',
  load: () => import('./tags/sdk.js'),
  client: 'EC2Client',
  operations: { DescribeTags: {} },
});
