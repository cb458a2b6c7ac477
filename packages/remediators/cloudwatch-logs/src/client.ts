import { defineService } from '@redress/core';

/** CloudWatch Logs as this package uses it. */
export const logs = defineService({
  id: 'logs',
  load: () => import('./sdk.js'),
  client: 'CloudWatchLogsClient',
  operations: {
    DescribeLogGroups: {},
    ListTagsForResource: {},
    // Each sets what it names: sent twice, it changes nothing more.
    PutRetentionPolicy: { retry: 'idempotent' },
    AssociateKmsKey: { retry: 'idempotent' },
    DisassociateKmsKey: { retry: 'idempotent' },
  },
});
