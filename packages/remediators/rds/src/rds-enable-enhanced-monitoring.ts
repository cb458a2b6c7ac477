import { defineSetting, needs, shortLived } from '@redress/core';
import * as z from '@redress/core/parameters';
import { rds } from './client.js';
import { packageRef } from './package-ref.js';
import { busy, dbInstance, instanceCalls, status } from './resources.js';

const parameters = z.strictObject({
  seconds: z._default(z.literal([1, 5, 10, 15, 30, 60]), 60).check(z.describe('The interval of operating system metrics, in seconds.')),
  roleArn: z
    .optional(z.roleArn())
    .check(z.describe('The role with which RDS sends metrics. It is passed to monitoring.rds.amazonaws.com. Required: IAM allows no other role to be passed.')),
});

/**
 * Turns on enhanced monitoring of a DB instance that has none. It takes effect at once, without a restart.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-6
 */
export const enableEnhancedMonitoring = defineSetting({
  on: dbInstance,
  id: 'rds-enable-enhanced-monitoring',
  title: 'Turn on enhanced monitoring of a DB instance',
  package: packageRef,
  controls: { 'aws-fsbp': ['RDS.6'] },
  rules: { RDS_ENHANCED_MONITORING_ENABLED: 'rds-enhanced-monitoring-enabled' },
  calls: instanceCalls,
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: ['What the metrics cost in CloudWatch Logs.', 'Whether the role is allowed to write logs: if not, no metrics arrive.'],
  parameters,
  at: ({ MonitoringInterval, MonitoringRoleArn }) => ({ seconds: MonitoringInterval, role: MonitoringRoleArn }),
  // Instances that never had it are described without either.
  absent: { seconds: 0, role: null },
  context: status,
  hazards: [shortLived('its metrics cost money, and nobody reads them'), busy],
  rollback: {
    restores: 'equivalent',
    what: 'Enhanced monitoring is turned off again.',
    not: ['RDS may still show the role of an instance that is not monitored.'],
  },
  alsoFoundBy: { prowler: ['rds_instance_enhanced_monitoring_enabled'] },
  inCode: {
    cloudFormation: 'AWS::RDS::DBInstance MonitoringInterval, MonitoringRoleArn',
    terraform: 'aws_db_instance monitoring_interval, monitoring_role_arn',
  },
  instead: ({ now, id, parameters: { roleArn } }) =>
    now.seconds > 0 ? null : needs('rds-enable-enhanced-monitoring', `${id} has no enhanced monitoring`, { roleArn }),
  wanted: ({ now, parameters: { seconds, roleArn } }) => (now.seconds > 0 ? now : { seconds, role: roleArn ?? null }),
  writes: [rds.pickWith('ModifyDBInstance', 'iam:PassRole')],
  passes: [{ parameter: 'roleArn', service: 'monitoring.rds.amazonaws.com' }],
  undoes: [rds.pick('ModifyDBInstance')],
  write: ({ id, to: { seconds, role } }) =>
    rds.call('ModifyDBInstance', { DBInstanceIdentifier: id, MonitoringInterval: seconds, ...(role === null ? {} : { MonitoringRoleArn: role }) }),
  undo: ({ id }) => ({ calls: [rds.call('ModifyDBInstance', { DBInstanceIdentifier: id, MonitoringInterval: 0 })], restores: 'equivalent' }),
  equivalent: ({ before, after }) => before.seconds === after.seconds,
  summary: ({ id, to }) => `turn on enhanced monitoring of ${id}, every ${to.seconds} seconds`,
});
