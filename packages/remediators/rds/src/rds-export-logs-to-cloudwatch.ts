import { defineSetting, shortLived } from '@redress/core';
import { rds } from './client.js';
import { packageRef } from './package-ref.js';
import { busy, dbInstance, instanceCalls, status } from './resources.js';

/**
 * What the engines export, as the rule wants it. What an engine is not told to write is exported as nothing.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/rds-logging-enabled.html
 */
const LOGS: readonly (readonly [engine: RegExp, logs: readonly string[]])[] = [
  [/^postgres$/, ['postgresql', 'upgrade']],
  [/^(?:mysql|mariadb)$/, ['audit', 'error', 'general', 'slowquery']],
  [/^oracle-/, ['alert', 'audit', 'listener', 'trace']],
  [/^sqlserver-(?:ee|se|web)$/, ['agent', 'error']],
  // The express edition has no agent.
  [/^sqlserver-ex$/, ['error']],
];
const logsOf = (engine: string) => LOGS.find(([pattern]) => pattern.test(engine))?.[1] ?? null;
/** Those that may hold statements, and so what is in tables. PostgreSQL writes each statement that fails into its only log, by default. */
const STATEMENTS = ['audit', 'general', 'postgresql', 'slowquery', 'trace'];
const added = (now: { readonly exports: readonly string[] }, to: { readonly exports: readonly string[] }) =>
  to.exports.filter((log) => !now.exports.includes(log));

/**
 * Exports the logs of a DB instance to CloudWatch Logs, by its engine. It takes effect at once, without a restart.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-9
 */
export const exportLogsToCloudWatch = defineSetting({
  on: dbInstance,
  id: 'rds-export-logs-to-cloudwatch',
  title: 'Export the logs of a DB instance to CloudWatch Logs',
  package: packageRef,
  controls: { 'aws-fsbp': ['RDS.9', 'RDS.36', 'RDS.40', 'RDS.42'] },
  rules: {
    RDS_LOGGING_ENABLED: 'rds-logging-enabled',
    RDS_POSTGRESQL_LOGS_TO_CLOUDWATCH: 'rds-postgresql-logs-to-cloudwatch',
    RDS_SQL_SERVER_LOGS_TO_CLOUDWATCH: 'rds-sql-server-logs-to-cloudwatch',
    MARIADB_PUBLISH_LOGS_TO_CLOUDWATCH_LOGS: 'mariadb-publish-logs-to-cloudwatch-logs',
  },
  calls: instanceCalls,
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: ['What the logs cost.', 'Whether parameter and option groups let the engine write them: audit and general logs need their own settings.'],
  // RDS leaves the lists out where nothing is exported. What it is turning on or off at the moment is as good as done.
  at({ EnabledCloudwatchLogsExports: enabled = [], PendingModifiedValues: pending, Engine, DBClusterIdentifier }) {
    const { LogTypesToEnable = [], LogTypesToDisable = [] } = pending?.PendingCloudwatchLogsExports ?? {};
    const exports = [...new Set([...enabled, ...LogTypesToEnable])].filter((log) => !LogTypesToDisable.includes(log)).sort();
    return { exports, engine: Engine, cluster: DBClusterIdentifier };
  },
  absent: { cluster: null },
  context: status,
  hazards: [
    shortLived('its logs cost money, and nobody reads them'),
    {
      code: 'statements',
      effect: 'approve',
      what: 'Audit, general, slow query and trace logs, and the log of PostgreSQL, may contain SQL statements, and with them table data: everyone who can read the log group can read that, too.',
      advice: 'Find out who may read log groups under /aws/rds, and whether the engine writes such logs. Then approve.',
      when({ now, to }) {
        const told = added(now, to).filter((log) => STATEMENTS.includes(log));
        return told.length === 0 ? null : `${told.join(', ')} may contain SQL statements, and with them table data.`;
      },
    },
    busy,
  ],
  rollback: {
    restores: 'exact',
    what: 'The added logs are no longer exported.',
    not: ['Logs exported in the meantime: they stay in their log group.'],
  },
  alsoFoundBy: { prowler: ['rds_instance_integration_cloudwatch_logs'] },
  inCode: { cloudFormation: 'AWS::RDS::DBInstance EnableCloudwatchLogsExports', terraform: 'aws_db_instance enabled_cloudwatch_logs_exports' },
  instead({ now: { engine, cluster }, id }) {
    if (cluster !== null) return { status: 'not-applicable', reason: `It is a member of the cluster ${cluster}, which exports the logs of its members.` };
    if (logsOf(engine) !== null) return null;
    return {
      status: 'manual',
      message: `It is not known which logs ${engine} exports, so those of ${id} are not turned on.`,
      steps: ['Turn on the exports that the RDS console offers, or record an exception.'],
    };
  },
  wanted: ({ now }) => ({ ...now, exports: [...new Set([...now.exports, ...(logsOf(now.engine) ?? [])])].sort() }),
  writes: [rds.pick('ModifyDBInstance')],
  write({ id, now, to }) {
    const [EnableLogTypes, DisableLogTypes] = [added(now, to), added(to, now)];
    return rds.call('ModifyDBInstance', {
      DBInstanceIdentifier: id,
      CloudwatchLogsExportConfiguration: {
        ...(EnableLogTypes.length === 0 ? {} : { EnableLogTypes }),
        ...(DisableLogTypes.length === 0 ? {} : { DisableLogTypes }),
      },
    });
  },
  summary: ({ id, now, to }) => `export ${added(now, to).join(', ')} of ${id} to CloudWatch Logs`,
});
