import { defineSetting } from '@redress/core';
import { redshift } from './client.js';
import { busy, cluster, status } from './cluster.js';
import { packageRef } from './package-ref.js';

/**
 * Keeps what a cluster copies and unloads inside of its VPC. The cluster is not available while Redshift changes it.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/redshift-controls.html#redshift-7
 */
export const enableEnhancedVpcRouting = defineSetting({
  on: cluster,
  id: 'redshift-enable-enhanced-vpc-routing',
  title: 'Turn on enhanced VPC routing of a cluster',
  package: packageRef,
  controls: { 'aws-fsbp': ['Redshift.7'] },
  rules: { REDSHIFT_ENHANCED_VPC_ROUTING_ENABLED: 'redshift-enhanced-vpc-routing-enabled' },
  calls: { 'redshift:CreateCluster': 'request.clusterIdentifier', 'redshift:ModifyCluster': 'request.clusterIdentifier' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Whether its VPC can reach S3, through an endpoint or a NAT gateway, and whether endpoint policies allow it: if not, COPY and UNLOAD hang.',
    'Queries that run while Redshift makes the change: they fail.',
  ],
  at: ({ EnhancedVpcRouting, PendingModifiedValues }) => ({ routed: EnhancedVpcRouting, pending: PendingModifiedValues?.EnhancedVpcRouting }),
  absent: { pending: null },
  context: status,
  hazards: [busy],
  rollback: {
    restores: 'equivalent',
    what: 'Enhanced VPC routing is turned off again, which interrupts the cluster again.',
    not: ['Queries that run at that time.'],
  },
  alsoFoundBy: { prowler: ['redshift_cluster_enhanced_vpc_routing'] },
  inCode: { cloudFormation: 'AWS::Redshift::Cluster EnhancedVpcRouting', terraform: 'aws_redshift_cluster enhanced_vpc_routing' },
  instead: ({ now: { routed, pending }, id }) =>
    routed || pending !== true
      ? null
      : { status: 'manual', message: `Redshift is turning on enhanced VPC routing of ${id}.`, steps: ['Wait until it is done.'] },
  wanted: ({ now }) => ({ ...now, routed: true }),
  writes: [redshift.pick('ModifyCluster')],
  write: ({ id, to: { routed } }) => redshift.call('ModifyCluster', { ClusterIdentifier: id, EnhancedVpcRouting: routed }),
  undo: ({ id, now: { routed } }) => ({
    calls: [redshift.call('ModifyCluster', { ClusterIdentifier: id, EnhancedVpcRouting: routed })],
    restores: 'equivalent',
  }),
  // Redshift takes a while to change it.
  effective: ({ pending, ...now }) => ({ ...now, routed: pending ?? now.routed }),
  summary: ({ id }) => `turn on enhanced VPC routing of ${id}`,
});
