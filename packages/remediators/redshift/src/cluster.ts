import { type DeclaredHazard, defineResource, given, type NamedIn, paginate, type ResourceType, tagsIn, type WithFound } from '@redress/core';
import { redshift } from './client.js';

/** A provisioned Redshift cluster, by its identifier. */
export const cluster = defineResource({
  type: 'AWS::Redshift::Cluster',
  arn: 'arn:{partition}:redshift:{region}:{account}:cluster:{id}',
  find: {
    reads: [redshift.pick('DescribeClusters')],
    of: async ({ aws, id }) => given(await aws.redshift.DescribeClusters({ ClusterIdentifier: id }), 'Clusters')[0],
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

type Cluster = typeof cluster extends ResourceType<infer Found> ? Found : never;

/** Calls after which the settings of a cluster are looked at. */
export const clusterCalls: Readonly<Record<string, NamedIn>> = {
  'redshift:CreateCluster': 'request.clusterIdentifier',
  'redshift:ModifyCluster': 'request.clusterIdentifier',
  'redshift:RestoreFromClusterSnapshot': 'request.clusterIdentifier',
};

/** What it does at the moment, for {@link busy}. */
export const status = { of: async ({ found }: WithFound<Cluster>) => ({ status: (await found()).ClusterStatus ?? 'unknown' }) };

/** Redshift changes a cluster only while it is available. */
export const busy: DeclaredHazard & {
  when(args: { readonly context: { readonly status: string } | undefined; readonly id: string }): string | null;
} = {
  code: 'busy',
  effect: 'approve',
  what: 'The cluster is being created, changed or resized, or it is paused: Redshift rejects the change.',
  advice: 'Wait until it is available. Then approve.',
  when: ({ context, id }) => (context === undefined || context.status === 'available' ? null : `${id} is not available at the moment: it is ${context.status}`),
};
