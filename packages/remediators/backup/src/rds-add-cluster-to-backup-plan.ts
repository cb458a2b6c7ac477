import { addToPlan } from './add-to-plan.js';
import { dbCluster } from './resources.js';

/**
 * Adds a DB cluster that no backup plan selects to the plan that the policy names.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/rds-in-backup-plan.html
 */
export const addDbClusterToBackupPlan = addToPlan({
  on: dbCluster,
  id: 'rds-add-cluster-to-backup-plan',
  title: 'Add a DB cluster to a backup plan',
  controls: {},
  rules: { RDS_IN_BACKUP_PLAN: 'rds-in-backup-plan', AURORA_RESOURCES_PROTECTED_BY_BACKUP_PLAN: 'aurora-resources-protected-by-backup-plan' },
  calls: { 'rds:CreateDBCluster': 'request.dBClusterIdentifier', 'rds:RestoreDBClusterFromSnapshot': 'request.dBClusterIdentifier' },
  prowler: 'rds_cluster_protected_by_backup_plan',
  blindSpots: ['Whether the plan makes continuous backups: AWS Backup then sets the window and retention of the automated backups of the cluster.'],
});
