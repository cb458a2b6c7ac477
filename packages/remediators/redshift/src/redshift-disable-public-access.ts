import { defineSetting } from '@redress/core';
import { redshift } from './client.js';
import { busy, cluster, clusterCalls, status } from './cluster.js';
import { packageRef } from './package-ref.js';

/**
 * Takes the public address of a cluster. Its endpoint then resolves to the private one.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/redshift-controls.html#redshift-1
 */
export const disablePublicAccess = defineSetting({
  on: cluster,
  id: 'redshift-disable-public-access',
  title: 'Turn off the PubliclyAccessible flag of a cluster',
  package: packageRef,
  controls: { 'aws-fsbp': ['Redshift.1', 'PCI.Redshift.1'] },
  rules: { REDSHIFT_CLUSTER_PUBLIC_ACCESS_CHECK: 'redshift-cluster-public-access-check' },
  calls: clusterCalls,
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Clients outside the VPC, such as BI tools and loaders: they lose access to the cluster. Its connection log shows them.',
    'Whether its security groups and routes allow any access from outside.',
  ],
  at: ({ PubliclyAccessible, PendingModifiedValues, ElasticIpStatus }) => ({
    public: PubliclyAccessible,
    pending: PendingModifiedValues?.PubliclyAccessible,
    address: ElasticIpStatus?.ElasticIp,
  }),
  absent: { pending: null, address: null },
  context: status,
  hazards: [busy],
  rollback: {
    restores: 'equivalent',
    what: 'The cluster is publicly accessible again, with its earlier Elastic IP address.',
    not: ['A public address that was not an Elastic IP address: the cluster gets a new one.'],
  },
  alsoFoundBy: { prowler: ['redshift_cluster_public_access'] },
  inCode: { cloudFormation: 'AWS::Redshift::Cluster PubliclyAccessible', terraform: 'aws_redshift_cluster publicly_accessible' },
  instead: ({ now, id }) =>
    now.public && now.pending === false
      ? { status: 'manual', message: `Redshift is removing the public address of ${id}.`, steps: ['Wait until it is done.'] }
      : null,
  wanted: ({ now }) => ({ ...now, public: false }),
  writes: [redshift.pick('ModifyCluster')],
  write: ({ id, to }) => redshift.call('ModifyCluster', { ClusterIdentifier: id, PubliclyAccessible: to.public }),
  undo: ({ id, now: { address } }) => ({
    calls: [redshift.call('ModifyCluster', { ClusterIdentifier: id, PubliclyAccessible: true, ...(address === null ? {} : { ElasticIp: address }) })],
    restores: 'equivalent',
  }),
  // Its address goes, too, and another one may come back.
  effective: ({ pending, address: _, ...now }) => ({ ...now, public: pending ?? now.public }),
  summary: ({ id }) => `remove the public address of ${id}`,
});
