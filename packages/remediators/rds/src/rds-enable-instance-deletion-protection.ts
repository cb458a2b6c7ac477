import { defineSetting, shortLived } from '@redress/core';
import { rds } from './client.js';
import { packageRef } from './package-ref.js';
import { busy, dbInstance, instanceCalls, status } from './resources.js';

/**
 * Turns on deletion protection of a DB instance. It takes effect at once, without a restart, and leaves what is pending alone.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-8
 */
export const enableInstanceDeletionProtection = defineSetting({
  on: dbInstance,
  id: 'rds-enable-instance-deletion-protection',
  title: 'Turn on deletion protection of a DB instance',
  package: packageRef,
  controls: { 'aws-fsbp': ['RDS.8'] },
  rules: { RDS_INSTANCE_DELETION_PROTECTION_ENABLED: 'rds-instance-deletion-protection-enabled' },
  calls: instanceCalls,
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: ['Stacks and pipelines that delete or replace the instance: they fail until the protection is turned off.'],
  at: ({ DeletionProtection, DBClusterIdentifier }) => ({ protected: DeletionProtection, cluster: DBClusterIdentifier }),
  absent: { cluster: null },
  context: status,
  hazards: [shortLived('whatever deletes the instance would fail'), busy],
  rollback: { restores: 'exact', what: 'Deletion protection is turned off again.', not: [] },
  alsoFoundBy: { prowler: ['rds_instance_deletion_protection'] },
  inCode: { cloudFormation: 'AWS::RDS::DBInstance DeletionProtection', terraform: 'aws_db_instance deletion_protection' },
  instead: ({ now: { cluster } }) =>
    cluster === null ? null : { status: 'not-applicable', reason: `It is a member of the cluster ${cluster}, which protects all of its members.` },
  wanted: ({ now }) => ({ ...now, protected: true }),
  writes: [rds.pick('ModifyDBInstance')],
  write: ({ id, to }) => rds.call('ModifyDBInstance', { DBInstanceIdentifier: id, DeletionProtection: to.protected }),
  summary: ({ id }) => `turn on deletion protection of ${id}`,
});
