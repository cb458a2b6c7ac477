import { defineService } from '@redress/core';

/** ECS as this package uses it: it only reads. */
export const ecs = defineService({
  id: 'ecs',
  load: () => import('./sdk.js'),
  client: 'ECSClient',
  operations: { DescribeTaskDefinition: {}, ListTaskDefinitions: {} },
});
