import { addToPlan } from './add-to-plan.js';
import { dbInstance } from './resources.js';

/**
 * Adds a DB instance that no backup plan selects to the plan that the policy names. Members of a DB cluster are backed up with it.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-26
 */
export const addDbInstanceToBackupPlan = addToPlan({
  on: dbInstance,
  id: 'rds-add-to-backup-plan',
  title: 'Add a DB instance to a backup plan',
  controls: { 'aws-fsbp': ['RDS.26'] },
  rules: {
    RDS_IN_BACKUP_PLAN: 'rds-in-backup-plan',
    RDS_RESOURCES_PROTECTED_BY_BACKUP_PLAN: 'rds-resources-protected-by-backup-plan',
  },
  calls: { 'rds:CreateDBInstance': 'request.dBInstanceIdentifier', 'rds:RestoreDBInstanceFromDBSnapshot': 'request.dBInstanceIdentifier' },
  prowler: 'rds_instance_protected_by_backup_plan',
  blindSpots: [
    'Snapshots pause a Single-AZ instance for a moment, at the hours of the plan.',
    'Whether the plan makes continuous backups: AWS Backup then sets the window and retention of the automated backups of the instance.',
  ],
});
