import { addToPlan } from './add-to-plan.js';
import { table } from './resources.js';

/**
 * Adds a DynamoDB table that no backup plan selects to the plan that the policy names.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-4
 */
export const addTableToBackupPlan = addToPlan({
  on: table,
  id: 'dynamodb-add-to-backup-plan',
  title: 'Add a DynamoDB table to a backup plan',
  controls: { 'aws-fsbp': ['DynamoDB.4'] },
  rules: {
    DYNAMODB_IN_BACKUP_PLAN: 'dynamodb-in-backup-plan',
    DYNAMODB_RESOURCES_PROTECTED_BY_BACKUP_PLAN: 'dynamodb-resources-protected-by-backup-plan',
  },
  calls: { 'dynamodb:CreateTable': 'request.tableName' },
  prowler: 'dynamodb_table_protected_by_backup_plan',
  blindSpots: ['Point-in-time recovery, which may be all that the table needs.'],
});
