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
    'How many connections it makes a second: small instance classes feel the checks.',
    'Whether the version of the engine, in this region, knows it: RDS refuses the call where it does not.',
    'Which database users are let in by a token: none, until somebody grants it to them.',
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
      what: 'The cluster is being made, changed, backed up or stopped: RDS refuses to change it, or makes the change later.',
      advice: 'Wait until it is available, and approve then.',
      when: ({ context, id }) =>
        context === undefined || context.status === 'available' ? null : `${id} is not available at the moment: it is ${context.status}`,
    },
  ],
  rollback: { restores: 'equivalent', what: 'It is turned off again.', not: ['Connections that were made by a token meanwhile.'] },
  instead({ now: { enabled, pending, engine }, id }) {
    if (enabled) return null;
    if (pending === true) return { status: 'manual', message: `${id} lets in by IAM after its maintenance window.`, steps: ['Wait for the window.'] };
    return ENGINES.includes(engine) ? null : { status: 'not-applicable', reason: `The engine ${engine} does not let in by IAM.` };
  },
  wanted: ({ now }) => ({ ...now, enabled: true }),
  writes: [rds.pick('ModifyDBCluster')],
  write: ({ id, to }) => rds.call('ModifyDBCluster', { DBClusterIdentifier: id, EnableIAMDatabaseAuthentication: to.enabled }),
  undo: ({ id }) => ({ calls: [rds.call('ModifyDBCluster', { DBClusterIdentifier: id, EnableIAMDatabaseAuthentication: false })], restores: 'equivalent' }),
  equivalent: ({ before, after }) => before.enabled === (after.pending ?? after.enabled),
  summary: ({ id }) => `turn on IAM database authentication of ${id}`,
});
