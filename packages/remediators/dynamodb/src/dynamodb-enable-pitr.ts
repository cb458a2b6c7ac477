import { type AwsReads, defineSetting, shortLived } from '@redress/core';
import { dynamodb } from './client.js';
import { packageRef } from './package-ref.js';
import { table } from './table.js';

const backups = dynamodb.pick('DescribeContinuousBackups');
const recoveryOf = async ({ aws, id }: { readonly aws: AwsReads<readonly [typeof backups]>; readonly id: string }) =>
  (await aws.dynamodb.DescribeContinuousBackups({ TableName: id })).ContinuousBackupsDescription?.PointInTimeRecoveryDescription;

/**
 * Turns on point-in-time recovery of a table. Backups take no throughput of it.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-2
 */
export const enablePitr = defineSetting({
  on: table,
  id: 'dynamodb-enable-pitr',
  title: 'Turn on point-in-time recovery of a table',
  package: packageRef,
  controls: { 'aws-fsbp': ['DynamoDB.2'] },
  rules: { DYNAMODB_PITR_ENABLED: 'dynamodb-pitr-enabled' },
  calls: { 'dynamodb:CreateTable': 'request.tableName', 'dynamodb:UpdateContinuousBackups': 'request.tableName' },
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: ['What it costs, depending on the size of the table.', 'Whether AWS Backup or exports already make the table restorable.'],
  hazards: [shortLived('its backups cost money, and nobody restores them')],
  rollback: {
    restores: 'exact',
    what: 'Point-in-time recovery is turned off again.',
    not: ['The restore points collected in the meantime.'],
  },
  alsoFoundBy: { prowler: ['dynamodb_tables_pitr_enabled'] },
  inCode: {
    cloudFormation: 'AWS::DynamoDB::Table PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled',
    terraform: 'aws_dynamodb_table point_in_time_recovery.enabled',
  },
  read: {
    reads: [backups],
    of: async (asked) => ({ status: (await recoveryOf(asked))?.PointInTimeRecoveryStatus }),
  },
  // A period that is set already is kept: without one DynamoDB takes its default.
  context: {
    reads: [backups],
    of: async (asked) => ({ days: (await recoveryOf(asked))?.RecoveryPeriodInDays ?? null }),
  },
  wanted: () => ({ status: 'ENABLED' }),
  writes: [dynamodb.pick('UpdateContinuousBackups')],
  write: ({ id, context }) =>
    dynamodb.call('UpdateContinuousBackups', {
      TableName: id,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, ...(context?.days == null ? {} : { RecoveryPeriodInDays: context.days }) },
    }),
  undo: ({ id }) => ({
    calls: [dynamodb.call('UpdateContinuousBackups', { TableName: id, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false } })],
    restores: 'exact',
    destroys: `the points in time to which ${id} can be restored`,
  }),
  summary: ({ id }) => `turn on point-in-time recovery of ${id}`,
});
