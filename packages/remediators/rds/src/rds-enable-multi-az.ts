import { defineSetting, shortLived } from '@redress/core';
import { rds } from './client.js';
import { packageRef } from './package-ref.js';
import { busy, dbInstance, instanceCalls, status } from './resources.js';

/** Editions of SQL Server that have no standby. */
const WITHOUT_STANDBY: readonly string[] = ['sqlserver-ex', 'sqlserver-web'];

/**
 * Gives a DB instance a standby in another zone. It is made in the next maintenance window, from a snapshot, and the instance is not restarted.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-5
 */
export const enableMultiAz = defineSetting({
  on: dbInstance,
  id: 'rds-enable-multi-az',
  title: 'Convert a DB instance to Multi-AZ',
  package: packageRef,
  controls: { 'aws-fsbp': ['RDS.5'], 'cis-aws-foundations-benchmark/v/5.0.0': ['2.2.4'] },
  rules: { RDS_MULTI_AZ_SUPPORT: 'rds-multi-az-support' },
  calls: instanceCalls,
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'What the standby costs: about as much as the instance.',
    'How much slower writes become, while the standby is created and afterwards.',
    'Whether the subnet group has a subnet in another zone with free addresses.',
  ],
  alsoFoundBy: { prowler: ['rds_instance_multi_az'] },
  inCode: { cloudFormation: 'AWS::RDS::DBInstance MultiAZ', terraform: 'aws_db_instance multi_az' },
  at: ({ MultiAZ, PendingModifiedValues, DBClusterIdentifier, Engine, ReadReplicaSourceDBInstanceIdentifier }) => ({
    standby: MultiAZ,
    pending: PendingModifiedValues?.MultiAZ,
    cluster: DBClusterIdentifier,
    engine: Engine,
    source: ReadReplicaSourceDBInstanceIdentifier,
  }),
  absent: { pending: null, cluster: null, source: null },
  context: status,
  hazards: [
    shortLived('its standby costs money'),
    {
      code: 'read-replica',
      effect: 'approve',
      what: 'It is a read replica: the source and other replicas may be what has to stay available.',
      advice: 'Find out what its readers do when it fails. Approve, or record an exception.',
      when: ({ now, id }) => (now.source === null ? null : `${id} is a read replica of ${now.source}`),
    },
    busy,
  ],
  rollback: { restores: 'equivalent', what: 'The standby is removed in the next maintenance window.', not: ['Its cost until then.'] },
  instead({ now: { standby, pending, cluster, engine }, id }) {
    if (cluster !== null) return { status: 'not-applicable', reason: `It belongs to the DB cluster ${cluster}, whose members replace each other.` };
    if (standby) return null;
    if (pending === true) return { status: 'manual', message: `${id} gets a standby in its maintenance window.`, steps: ['Wait for the window.'] };
    if (!WITHOUT_STANDBY.includes(engine)) return null;
    return {
      status: 'manual',
      message: `${id} has no standby, and its edition (${engine}) supports none.`,
      steps: ['Move the database to another edition. Or make sure that a restore from a snapshot is fast enough, and record an exception.'],
    };
  },
  wanted: ({ now }) => ({ ...now, standby: true }),
  writes: [rds.pick('ModifyDBInstance')],
  write: ({ id, to }) => rds.call('ModifyDBInstance', { DBInstanceIdentifier: id, MultiAZ: to.standby }),
  undo: ({ id }) => ({ calls: [rds.call('ModifyDBInstance', { DBInstanceIdentifier: id, MultiAZ: false })], restores: 'equivalent' }),
  effective: ({ pending, ...now }) => ({ ...now, standby: pending ?? now.standby }),
  summary: ({ id }) => `give ${id} a standby in another zone`,
});
