import { defineSetting } from '@redress/core';
import { rds } from './client.js';
import { packageRef } from './package-ref.js';
import { dbCluster } from './resources.js';

/** Engines that let in by a token of IAM: DocumentDB and Neptune, which are described as clusters too, have their own ways. */
const ENGINES: readonly string[] = ['aurora-mysql', 'aurora-postgresql', 'mysql', 'postgres'];

/**
 * Lets IAM users and roles sign in to a DB cluster with a token. Passwords go on to work.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-12
 */
export const enableClusterIamAuth = defineSetting({
  on: dbCluster,
  id: 'rds-enable-cluster-iam-auth',
  title: 'Turn on IAM database authentication for a cluster',
  package: packageRef,
  controls: { 'aws-fsbp': ['RDS.12'] },
  rules: { RDS_CLUSTER_IAM_AUTHENTICATION_ENABLED: 'rds-cluster-iam-authentication-enabled' },
  calls: {
    'rds:CreateDBCluster': 'request.dBClusterIdentifier',
    'rds:ModifyDBCluster': 'request.dBClusterIdentifier',
    'rds:RestoreDBClusterFromSnapshot': 'request.dBClusterIdentifier',
  },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'How many new connections per second it gets: the checks can slow small instance classes.',
    'Whether the engine version supports it in this region: if not, RDS rejects the call.',
    'Which database users may sign in with a token: none, until it is granted to them.',
  ],
  alsoFoundBy: { prowler: ['rds_cluster_iam_authentication_enabled'] },
  inCode: { cloudFormation: 'AWS::RDS::DBCluster EnableIAMDatabaseAuthentication', terraform: 'aws_rds_cluster iam_database_authentication_enabled' },
  at: ({ IAMDatabaseAuthenticationEnabled, PendingModifiedValues, Engine }) => ({
    enabled: IAMDatabaseAuthenticationEnabled,
    pending: PendingModifiedValues?.IAMDatabaseAuthenticationEnabled,
    engine: Engine,
  }),
  absent: { enabled: false, pending: null },
  context: { of: async ({ found }) => ({ status: (await found()).Status ?? 'unknown' }) },
  hazards: [
    {
      code: 'busy',
      effect: 'approve',
      what: 'The cluster is being created, changed, backed up or stopped: RDS rejects the change, or makes it later.',
      advice: 'Wait until it is available. Then approve.',
      when: ({ context, id }) =>
        context === undefined || context.status === 'available' ? null : `${id} is not available at the moment: it is ${context.status}`,
    },
  ],
  rollback: { restores: 'equivalent', what: 'It is turned off again.', not: ['Connections made with a token in the meantime.'] },
  instead({ now: { enabled, pending, engine }, id }) {
    if (enabled) return null;
    if (pending === true)
      return { status: 'manual', message: `${id} supports IAM database authentication after its maintenance window.`, steps: ['Wait for the window.'] };
    return ENGINES.includes(engine) ? null : { status: 'not-applicable', reason: `The engine ${engine} does not support IAM database authentication.` };
  },
  wanted: ({ now }) => ({ ...now, enabled: true }),
  writes: [rds.pick('ModifyDBCluster')],
  write: ({ id, to }) => rds.call('ModifyDBCluster', { DBClusterIdentifier: id, EnableIAMDatabaseAuthentication: to.enabled }),
  undo: ({ id }) => ({ calls: [rds.call('ModifyDBCluster', { DBClusterIdentifier: id, EnableIAMDatabaseAuthentication: false })], restores: 'equivalent' }),
  effective: ({ pending, ...now }) => ({ ...now, enabled: pending ?? now.enabled }),
  summary: ({ id }) => `turn on IAM database authentication of ${id}`,
});
