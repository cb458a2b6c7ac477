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
    // Each sets what it names: sent twice, it changes nothing more.
    UpdateTable: { retry: 'idempotent' },
    UpdateContinuousBackups: { retry: 'idempotent' },
  },
});
