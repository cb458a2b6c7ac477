import { allOf, defineResource, given, paginate, tagsIn } from '@redress/core';
import { dynamodb } from './client.js';

/** A DynamoDB table, by its name. */
export const table = defineResource({
  type: 'AWS::DynamoDB::Table',
  arn: 'arn:{partition}:dynamodb:{region}:{account}:table/{id}',
  find: { reads: [dynamodb.pick('DescribeTable')], of: async ({ aws, id }) => given(await aws.dynamodb.DescribeTable({ TableName: id }), 'Table') },
  created: ({ CreationDateTime }) => CreationDateTime,
  tags: {
    reads: [dynamodb.pick('ListTagsOfResource')],
    of: async ({ aws, arn }) => tagsIn(await allOf(paginate(aws.dynamodb.ListTagsOfResource, { ResourceArn: arn }, 'Tags'))),
  },
  list: {
    reads: [dynamodb.pick('ListTables')],
    async *of({ aws }) {
      const tokens = { input: 'ExclusiveStartTableName', output: 'LastEvaluatedTableName' };
      for await (const id of paginate(aws.dynamodb.ListTables, {}, 'TableNames', tokens)) yield { id };
    },
  },
});
