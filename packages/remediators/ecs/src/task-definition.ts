import { classifyAwsError, defineResource, given, paginate } from '@redress/core';
import { ecs } from './client.js';

/** ECS says with an error for everything that there is no such task definition. */
const isMissing = (error: unknown) => {
  const { name, message } = classifyAwsError(error instanceof Error ? (error.cause ?? error) : error);
  return name === 'ClientException' && /unable to describe task definition/i.test(message);
};

/** Family and revision of an ARN that ends in `task-definition/web:7`. */
const familyOf = (arn: string): string => arn.slice(0, arn.lastIndexOf(':'));

/** A revision of a task definition, by its ARN. A sweep looks at the newest active one of each family. */
export const taskDefinition = defineResource({
  type: 'AWS::ECS::TaskDefinition',
  find: {
    reads: [ecs.pick('DescribeTaskDefinition')],
    async of({ aws, id }) {
      try {
        const reply = await aws.ecs.DescribeTaskDefinition({ taskDefinition: id, include: ['TAGS'] });
        return { it: given(reply, 'taskDefinition'), tags: reply.tags };
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
  },
  tags: {
    async of({ found }) {
      const { tags } = await found();
      if (tags === undefined) throw new Error('ECS returned no tags.');
      return Object.fromEntries(tags.map((tag) => [given(tag, 'key'), tag.value ?? '']));
    },
  },
  list: {
    reads: [ecs.pick('ListTaskDefinitions')],
    async *of({ aws }) {
      const tokens = { input: 'nextToken', output: 'nextToken' };
      // They come by family, and within one by revision: the last of each is the newest.
      let last: string | null = null;
      for await (const arn of paginate(aws.ecs.ListTaskDefinitions, { status: 'ACTIVE', sort: 'ASC' }, 'taskDefinitionArns', tokens)) {
        if (last !== null && familyOf(last) !== familyOf(arn)) yield { id: last };
        last = arn;
      }
      if (last !== null) yield { id: last };
    },
  },
});
