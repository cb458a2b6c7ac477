import { defineService } from '@redress/core';

/** DynamoDB as this package uses it. */
export const dynamodb = defineService({
  id: 'dynamodb',
  load: () => import('./sdk.js'),
  client: 'DynamoDBClient',
  operations: {
    DescribeTable: {},
    DescribeContinuousBackups: {},
    ListTables: {},
    ListTagsOfResource: {},
    // Sent twice, it changes nothing more.
    UpdateContinuousBackups: { retry: 'idempotent' },
  },
});
