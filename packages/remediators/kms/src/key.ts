import { allOf, defineResource, given, paginate } from '@redress/core';
import { kms } from './client.js';

const TOKEN = { input: 'Marker', output: 'NextMarker' };

/** A key of this account, by its id; an alias may point to another one tomorrow, and names none. */
export const key = defineResource({
  type: 'AWS::KMS::Key',
  arn: 'arn:{partition}:kms:{region}:{account}:key/{id}',
  find: { reads: [kms.pick('DescribeKey')], of: async ({ aws, id }) => given(await aws.kms.DescribeKey({ KeyId: id }), 'KeyMetadata') },
  tags: {
    reads: [kms.pick('ListResourceTags')],
    async of({ aws, id, found }) {
      // Who may list the tags of a key of AWS is not ours to say, and it has none.
      if (given(await found(), 'KeyManager') !== 'CUSTOMER') return {};
      const tags = await allOf(paginate(aws.kms.ListResourceTags, { KeyId: id }, 'Tags', TOKEN));
      return Object.fromEntries(tags.map((tag) => [given(tag, 'TagKey'), tag.TagValue ?? '']));
    },
  },
  list: {
    reads: [kms.pick('ListKeys')],
    async *of({ aws }) {
      for await (const { KeyId: id } of paginate(aws.kms.ListKeys, {}, 'Keys', TOKEN)) if (id !== undefined) yield { id };
    },
  },
});
