import { defineSetting } from '@redress/core';
import * as z from '@redress/core/parameters';
import { rds } from './client.js';
import { packageRef } from './package-ref.js';
import { busy, dbInstance, instanceCalls, ofCluster, status } from './resources.js';

const parameters = z.strictObject({
  minDays: z
    ._default(z.int().check(z.gte(1), z.lte(35)), 7)
    .check(z.describe('The required minimum in days. A shorter retention of automated backups is raised to it.')),
});

/**
 * Turns on automated backups of a DB instance, or lengthens for how long they are kept; never shortens it. From none to some comes with the next
 * maintenance window: that restarts the instance, and it is not applied before.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-11
 */
export const enableAutomatedBackups = defineSetting({
  on: dbInstance,
  id: 'rds-enable-automated-backups',
  title: 'Turn on automated backups of a DB instance, or raise their retention',
  package: packageRef,
  controls: { 'aws-fsbp': ['RDS.11'] },
  rules: { DB_INSTANCE_BACKUP_ENABLED: 'db-instance-backup-enabled' },
  ruleParameters: { backupRetentionMinimum: 'minDays', backupRetentionPeriod: 'minDays' },
  calls: instanceCalls,
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: ['What the backups cost.', 'Whether AWS Backup or manual snapshots already make the database restorable.'],
  alsoFoundBy: { prowler: ['rds_instance_backup_enabled'] },
  inCode: { cloudFormation: 'AWS::RDS::DBInstance BackupRetentionPeriod', terraform: 'aws_db_instance backup_retention_period' },
  parameters,
  at: ({ BackupRetentionPeriod, DBClusterIdentifier, ReadReplicaSourceDBInstanceIdentifier, PendingModifiedValues }) => ({
    days: BackupRetentionPeriod,
    pending: PendingModifiedValues?.BackupRetentionPeriod,
    cluster: DBClusterIdentifier,
    source: ReadReplicaSourceDBInstanceIdentifier,
  }),
  absent: { pending: null, cluster: null, source: null },
  context: status,
  hazards: [
    {
      code: 'restarts',
      effect: 'approve',
      what: 'There are no automated backups: turning them on restarts the instance in its next maintenance window.',
      advice: 'Find out when its maintenance window is, and whether a restart is acceptable then.',
      when: ({ now, id }) => (now.days === 0 ? `${id} has no automated backups: it restarts in its next maintenance window` : null),
    },
    {
      code: 'read-replica',
      effect: 'approve',
      what: 'It is a read replica: its source may already have the required backups.',
      advice: 'Find out which backups the source keeps. Approve, or record an exception.',
      when: ({ now, id }) => (now.source === null ? null : `${id} is a read replica of ${now.source}`),
    },
    busy,
  ],
  rollback: {
    restores: 'equivalent',
    what: 'The retention period is set back. Turning backups off takes effect in the next maintenance window.',
    not: ['Backups older than the earlier retention period: RDS deletes them permanently, so the loss has to be accepted (`--accept-loss`).'],
  },
  instead({ now: { days, pending, cluster }, parameters: { minDays } }) {
    if (days >= minDays) return null;
    if (pending === null || pending < minDays) return ofCluster(cluster, `--backup-retention-period ${minDays}`);
    return {
      status: 'manual',
      message: `Backups are kept for ${days} days; ${pending} days take effect in its maintenance window.`,
      steps: ['Wait for the window.'],
    };
  },
  wanted: ({ now, parameters: { minDays } }) => ({ ...now, days: Math.max(now.days, minDays) }),
  writes: [rds.pick('ModifyDBInstance')],
  write: ({ id, to }) => rds.call('ModifyDBInstance', { DBInstanceIdentifier: id, BackupRetentionPeriod: to.days }),
  undo: ({ id, now }) => ({
    calls: [rds.call('ModifyDBInstance', { DBInstanceIdentifier: id, BackupRetentionPeriod: now.days })],
    restores: 'equivalent',
    destroys: now.days === 0 ? `all automated backups of ${id}` : `automated backups of ${id} that are older than ${now.days} days`,
  }),
  effective: ({ pending, ...now }) => ({ ...now, days: pending ?? now.days }),
  summary: ({ id, now, to }) => `keep automated backups of ${id} for ${to.days} days instead of ${now.days}`,
});
