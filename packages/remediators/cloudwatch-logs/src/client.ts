import { defineService } from '@redress/core';

/** CloudWatch Logs as this package uses it. */
export const logs = defineService({
  id: 'logs',
  load: () => import('./sdk.js'),
  client: 'CloudWatchLogsClient',
  operations: {
    DescribeLogGroups: {},
    ListTagsForResource: {},
    PutRetentionPolicy: { retry: 'idempotent' },
  },
});
