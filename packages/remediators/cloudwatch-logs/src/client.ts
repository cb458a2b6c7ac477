// The only file of this package that imports an SDK client.
import { CloudWatchLogsClient, DescribeLogGroupsCommand, ListTagsForResourceCommand, PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { defineService } from '@redress/core';

/** CloudWatch Logs as this package uses it. */
export const logs = defineService({
  id: 'logs',
  client: CloudWatchLogsClient,
  operations: {
    DescribeLogGroups: { command: DescribeLogGroupsCommand },
    ListTagsForResource: { command: ListTagsForResourceCommand },
    PutRetentionPolicy: { command: PutRetentionPolicyCommand, retry: 'idempotent' },
  },
});
