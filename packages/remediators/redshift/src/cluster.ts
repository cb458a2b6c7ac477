import { defineResource, paginate, tagsIn } from '@redress/core';
import { redshift } from './client.js';

/** A provisioned Redshift cluster, by its identifier. */
export const cluster = defineResource({
  type: 'AWS::Redshift::Cluster',
  arn: 'arn:{partition}:redshift:{region}:{account}:cluster:{id}',
  find: {
    reads: [redshift.pick('DescribeClusters')],
    of: async ({ aws, id }) => (await aws.redshift.DescribeClusters({ ClusterIdentifier: id })).Clusters?.[0],
  },
  created: ({ ClusterCreateTime }) => ClusterCreateTime,
  tags: { of: async ({ found }) => tagsIn((await found()).Tags) },
  list: {
    reads: [redshift.pick('DescribeClusters')],
    async *of({ aws }) {
      for await (const found of paginate(aws.redshift.DescribeClusters, {}, 'Clusters', { input: 'Marker', output: 'Marker' }))
        if (found.ClusterIdentifier !== undefined) yield { id: found.ClusterIdentifier, found };
    },
  },
});
