import { defineService } from '@redress/core';

/** AWS Backup as this package uses it. */
export const backup = defineService({
  id: 'backup',
  load: () => import('./sdk.js'),
  client: 'BackupClient',
  operations: {
    ListBackupPlans: {},
    ListBackupSelections: {},
    GetBackupSelection: {},
    // The role is passed to AWS Backup. Its reply names the selection that a rollback deletes.
    CreateBackupSelection: { iam: ['backup:CreateBackupSelection', 'iam:PassRole'] },
    DeleteBackupSelection: { retry: 'idempotent' },
  },
});

/** EC2, for volumes. */
export const ec2 = defineService({ id: 'ec2', load: () => import('./sdk.js'), client: 'EC2Client', operations: { DescribeVolumes: {} } });

/** DynamoDB, for tables. */
export const dynamodb = defineService({
  id: 'dynamodb',
  load: () => import('./sdk.js'),
  client: 'DynamoDBClient',
  operations: { DescribeTable: {}, ListTables: {}, ListTagsOfResource: {} },
});

/** RDS, for DB instances and clusters. */
export const rds = defineService({
  id: 'rds',
  load: () => import('./sdk.js'),
  client: 'RDSClient',
  operations: { DescribeDBClusters: {}, DescribeDBInstances: {} },
});
