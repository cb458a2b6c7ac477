import { defineResource, paginate } from '@redress/core';
import { logs } from './client.js';

const TOKEN = { input: 'nextToken', output: 'nextToken' };

/** A log group, found by its name among those that begin so. */
export const logGroup = defineResource({
  type: 'AWS::Logs::LogGroup',
  // By the second, its streams are meant.
  arn: ['arn:{partition}:logs:{region}:{account}:log-group:{id}', 'arn:{partition}:logs:{region}:{account}:log-group:{id}:*'],
  find: {
    reads: [logs.pick('DescribeLogGroups')],
    of: async ({ aws, id }) => {
      for await (const each of paginate(aws.logs.DescribeLogGroups, { logGroupNamePrefix: id }, 'logGroups', TOKEN)) if (each.logGroupName === id) return each;
      return null;
    },
  },
  created: ({ creationTime }) => creationTime,
  // The older of the two is that of its streams.
  arnOf: ({ logGroupArn, arn }) => logGroupArn ?? arn?.replace(/:\*$/, ''),
  tags: { reads: [logs.pick('ListTagsForResource')], of: async ({ aws, arn }) => (await aws.logs.ListTagsForResource({ resourceArn: arn })).tags ?? {} },
  list: {
    reads: [logs.pick('DescribeLogGroups')],
    async *of({ aws }) {
      for await (const found of paginate(aws.logs.DescribeLogGroups, {}, 'logGroups', TOKEN))
        if (found.logGroupName !== undefined) yield { id: found.logGroupName, found };
    },
  },
});
