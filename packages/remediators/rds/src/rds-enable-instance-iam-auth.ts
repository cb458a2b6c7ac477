import { defineSetting } from '@redress/core';
import { rds } from './client.js';
import { packageRef } from './package-ref.js';
import { busy, dbInstance, instanceCalls, ofCluster, status } from './resources.js';

/** Engines that let in by a token of IAM. */
const ENGINES: readonly string[] = ['mysql', 'mariadb', 'postgres'];

/**
 * Lets IAM users and roles sign in to a DB instance with a token. Passwords go on to work.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-10
 */
export const enableInstanceIamAuth = defineSetting({
  on: dbInstance,
  id: 'rds-enable-instance-iam-auth',
  title: 'Turn on IAM database authentication for an instance',
  package: packageRef,
  controls: { 'aws-fsbp': ['RDS.10'] },
  rules: { RDS_INSTANCE_IAM_AUTHENTICATION_ENABLED: 'rds-instance-iam-authentication-enabled' },
  calls: instanceCalls,
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'How many new connections per second it gets: the checks can slow a small instance class.',
    'Whether the engine version supports it in this region: if not, RDS rejects the call.',
    'Which database users may sign in with a token: none, until it is granted to them.',
  ],
  alsoFoundBy: { prowler: ['rds_instance_iam_authentication_enabled'] },
  inCode: { cloudFormation: 'AWS::RDS::DBInstance EnableIAMDatabaseAuthentication', terraform: 'aws_db_instance iam_database_authentication_enabled' },
  at: ({ IAMDatabaseAuthenticationEnabled, PendingModifiedValues, DBClusterIdentifier, Engine }) => ({
    enabled: IAMDatabaseAuthenticationEnabled,
    pending: PendingModifiedValues?.IAMDatabaseAuthenticationEnabled,
    cluster: DBClusterIdentifier,
    engine: Engine,
  }),
  // RDS leaves it out for engines that have no such thing.
  absent: { enabled: false, pending: null, cluster: null },
  context: status,
  hazards: [busy],
  rollback: { restores: 'equivalent', what: 'It is turned off again.', not: ['Connections made with a token in the meantime.'] },
  instead({ now: { enabled, pending, cluster, engine }, id }) {
    if (enabled) return null;
    if (cluster !== null) return ofCluster(cluster, '--enable-iam-database-authentication');
    // RDS would have said which cluster.
    if (engine.startsWith('aurora'))
      return { status: 'manual', message: `${id} is an Aurora instance, where this is set for the whole cluster.`, steps: ['Set it for its cluster.'] };
    if (pending === true)
      return { status: 'manual', message: `${id} supports IAM database authentication after its maintenance window.`, steps: ['Wait for the window.'] };
    return ENGINES.includes(engine) ? null : { status: 'not-applicable', reason: `The engine ${engine} does not support IAM database authentication.` };
  },
  wanted: ({ now }) => ({ ...now, enabled: true }),
  writes: [rds.pick('ModifyDBInstance')],
  write: ({ id, to }) => rds.call('ModifyDBInstance', { DBInstanceIdentifier: id, EnableIAMDatabaseAuthentication: to.enabled }),
  undo: ({ id }) => ({ calls: [rds.call('ModifyDBInstance', { DBInstanceIdentifier: id, EnableIAMDatabaseAuthentication: false })], restores: 'equivalent' }),
  effective: ({ pending, ...now }) => ({ ...now, enabled: pending ?? now.enabled }),
  summary: ({ id }) => `turn on IAM database authentication of ${id}`,
});
