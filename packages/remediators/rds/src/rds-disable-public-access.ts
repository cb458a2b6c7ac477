import { defineSetting } from '@redress/core';
import { rds } from './client.js';
import { packageRef } from './package-ref.js';
import { busy, dbInstance, instanceCalls, status } from './resources.js';

/**
 * Takes the public address of a DB instance. Its name then resolves to the private one.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-2
 */
export const disablePublicAccess = defineSetting({
  on: dbInstance,
  id: 'rds-disable-public-access',
  title: 'Turn off the PubliclyAccessible flag of a DB instance',
  package: packageRef,
  controls: {
    'aws-fsbp': ['RDS.2'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['2.3.3'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['2.2.3'],
  },
  rules: { RDS_INSTANCE_PUBLIC_ACCESS_CHECK: 'rds-instance-public-access-check' },
  calls: instanceCalls,
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Clients outside the VPC: they lose access to the database. Flow logs and database logs show them.',
    'Whether its security groups and routes allow any access from outside.',
  ],
  alsoFoundBy: { prowler: ['rds_instance_no_public_access'] },
  inCode: { cloudFormation: 'AWS::RDS::DBInstance PubliclyAccessible', terraform: 'aws_db_instance publicly_accessible' },
  at: ({ PubliclyAccessible }) => ({ public: PubliclyAccessible }),
  context: status,
  hazards: [busy],
  rollback: { restores: 'exact', what: 'The instance is publicly accessible again.', not: ['Its public address: it gets a new one.'] },
  wanted: () => ({ public: false }),
  writes: [rds.pick('ModifyDBInstance')],
  write: ({ id, to }) => rds.call('ModifyDBInstance', { DBInstanceIdentifier: id, PubliclyAccessible: to.public }),
  summary: ({ id }) => `remove the public address of ${id}`,
});
