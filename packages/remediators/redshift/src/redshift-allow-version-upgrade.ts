import { defineSetting, pinnedVersion } from '@redress/core';
import { redshift } from './client.js';
import { busy, cluster, status } from './cluster.js';
import { packageRef } from './package-ref.js';

/**
 * Lets a cluster take major versions of Redshift in its maintenance windows.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/redshift-controls.html#redshift-6
 */
export const allowVersionUpgrade = defineSetting({
  on: cluster,
  id: 'redshift-allow-version-upgrade',
  title: 'Allow automatic major version upgrades of a cluster',
  package: packageRef,
  controls: { 'aws-fsbp': ['Redshift.6'] },
  rules: { REDSHIFT_CLUSTER_MAINTENANCESETTINGS_CHECK: 'redshift-cluster-maintenancesettings-check' },
  calls: { 'redshift:CreateCluster': 'request.clusterIdentifier', 'redshift:ModifyCluster': 'request.clusterIdentifier' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Whether a newer version is available: if so, the next maintenance window restarts it.',
    'Whether queries and drivers work with another version.',
  ],
  at: ({ AllowVersionUpgrade }) => ({ upgrades: AllowVersionUpgrade }),
  context: status,
  hazards: [pinnedVersion('a maintenance window would upgrade it'), busy],
  rollback: { restores: 'exact', what: 'Automatic major version upgrades are turned off again.', not: ['Upgrades in the meantime.'] },
  alsoFoundBy: { prowler: ['redshift_cluster_automatic_upgrades'] },
  inCode: { cloudFormation: 'AWS::Redshift::Cluster AllowVersionUpgrade', terraform: 'aws_redshift_cluster allow_version_upgrade' },
  // Its other parameters, the window and how long snapshots are kept, are not judged here.
  judge: ({ claim: { parameters } }) => (Object.entries(parameters ?? {}).every((each) => each.join() === 'allowVersionUpgrade,true') ? [] : null),
  wanted: () => ({ upgrades: true }),
  writes: [redshift.pick('ModifyCluster')],
  write: ({ id, to: { upgrades } }) => redshift.call('ModifyCluster', { ClusterIdentifier: id, AllowVersionUpgrade: upgrades }),
  summary: ({ id }) => `allow major version upgrades of ${id} in its maintenance windows`,
});
