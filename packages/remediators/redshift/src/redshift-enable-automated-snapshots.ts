import { defineSetting, shortLived } from '@redress/core';
import * as z from '@redress/core/parameters';
import { redshift } from './client.js';
import { cluster } from './cluster.js';
import { packageRef } from './package-ref.js';

const parameters = z.strictObject({
  minDays: z
    ._default(z.int().check(z.gte(1), z.lte(35)), 7)
    .check(z.describe('The required minimum in days. A shorter retention of automated snapshots is raised to it.')),
});

/**
 * Raises how long a cluster keeps its automated snapshots. Queries do not notice it.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/redshift-controls.html#redshift-3
 */
export const enableAutomatedSnapshots = defineSetting({
  on: cluster,
  id: 'redshift-enable-automated-snapshots',
  title: 'Raise the retention of automated snapshots of a cluster',
  package: packageRef,
  controls: { 'aws-fsbp': ['Redshift.3'] },
  rules: { REDSHIFT_BACKUP_ENABLED: 'redshift-backup-enabled' },
  calls: { 'redshift:CreateCluster': 'request.clusterIdentifier', 'redshift:ModifyCluster': 'request.clusterIdentifier' },
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: ['What the longer storage costs.', 'Manual snapshots, or snapshots of AWS Backup, which may be enough.'],
  parameters,
  ruleParameters: { MinRetentionPeriod: 'minDays' },
  at: ({ AutomatedSnapshotRetentionPeriod }) => ({ days: AutomatedSnapshotRetentionPeriod }),
  hazards: [shortLived('its snapshots cost money, and nobody restores them')],
  rollback: {
    restores: 'exact',
    what: 'The retention is set back to what it was.',
    not: ['Automated snapshots that are older: Redshift deletes them, so the loss has to be accepted (`--accept-loss`).'],
  },
  alsoFoundBy: { prowler: ['redshift_cluster_automated_snapshot'] },
  inCode: { cloudFormation: 'AWS::Redshift::Cluster AutomatedSnapshotRetentionPeriod', terraform: 'aws_redshift_cluster automated_snapshot_retention_period' },
  wanted: ({ now, parameters: { minDays } }) => ({ days: Math.max(now.days, minDays) }),
  writes: [redshift.pick('ModifyCluster')],
  write: ({ id, to: { days } }) => redshift.call('ModifyCluster', { ClusterIdentifier: id, AutomatedSnapshotRetentionPeriod: days }),
  undo: ({ id, now: { days } }) => ({
    calls: [redshift.call('ModifyCluster', { ClusterIdentifier: id, AutomatedSnapshotRetentionPeriod: days })],
    restores: 'exact',
    destroys: `automated snapshots of ${id} that are older than ${days} days`,
  }),
  summary: ({ id, now, to }) => `keep automated snapshots of ${id} for ${to.days} days instead of ${now.days}`,
});
