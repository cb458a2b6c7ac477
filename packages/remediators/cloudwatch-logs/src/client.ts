import { defineService } from '@redress/core';

/** CloudWatch Logs as this package uses it. */
export const logs = defineService({
  id: 'logs',
  load: () => import('./sdk.js'),
  client: 'CloudWatchLogsClient',
  operations: {
    DescribeLogGroups: {},
    ListTagsForResource: {},
    DescribeAccountPolicies: {},
    // Each sets what it names: sent twice, it changes nothing more.
    PutRetentionPolicy: { retry: 'idempotent' },
    // A retention policy needs the right to set a retention, too.
    PutAccountPolicy: { iam: ['logs:PutAccountPolicy', 'logs:PutRetentionPolicy'], retry: 'idempotent' },
    AssociateKmsKey: { retry: 'idempotent' },
    DisassociateKmsKey: { retry: 'idempotent' },
  },
});
