import { defineResource, isGone, paginate, tagsIn } from '@redress/core';
import { secretsmanager } from './client.js';

/** A secret, by its ARN. One that is to be deleted is gone: its values cannot be read any more. */
export const secret = defineResource({
  type: 'AWS::SecretsManager::Secret',
  find: {
    reads: [secretsmanager.pick('DescribeSecret')],
    of: async ({ aws, id }) => {
      const found = await aws.secretsmanager.DescribeSecret({ SecretId: id });
      return found.DeletedDate === undefined ? found : null;
    },
  },
  // Secrets Manager leaves the list out where there are none.
  tags: { of: async ({ found }) => tagsIn((await found()).Tags ?? []) },
  name: {
    reads: [secretsmanager.pick('DescribeSecret')],
    // A call names it by its name as well; the end of its ARN only the service knows.
    async of({ aws, id }) {
      if (id.startsWith('arn:')) return { id };
      try {
        const { ARN } = await aws.secretsmanager.DescribeSecret({ SecretId: id });
        return ARN === undefined ? null : { id: ARN };
      } catch (error) {
        if (isGone(error)) return 'gone';
        throw error;
      }
    },
  },
  list: {
    reads: [secretsmanager.pick('ListSecrets')],
    async *of({ aws }) {
      for await (const { ARN: id } of paginate(aws.secretsmanager.ListSecrets, {}, 'SecretList')) if (id !== undefined) yield { id };
    },
  },
});
