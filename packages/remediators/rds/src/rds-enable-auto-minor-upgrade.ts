import { defineSetting, pinnedVersion } from '@redress/core';
import { rds } from './client.js';
import { packageRef } from './package-ref.js';
import { busy, dbInstance, instanceCalls, status } from './resources.js';

/**
 * Lets a DB instance take minor versions of its engine in its maintenance windows.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-13
 */
export const enableAutoMinorUpgrade = defineSetting({
  on: dbInstance,
  id: 'rds-enable-auto-minor-upgrade',
  title: 'Turn on automatic minor version upgrades',
  package: packageRef,
  controls: {
    'aws-fsbp': ['RDS.13'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['2.3.2'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['2.2.2'],
  },
  rules: { RDS_AUTOMATIC_MINOR_VERSION_UPGRADE_ENABLED: 'rds-automatic-minor-version-upgrade-enabled' },
  calls: instanceCalls,
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Whether a newer version is available: if so, the next maintenance window restarts it.',
    'Whether the application works with another minor version.',
  ],
  alsoFoundBy: { prowler: ['rds_instance_minor_version_upgrade_enabled'] },
  inCode: { cloudFormation: 'AWS::RDS::DBInstance AutoMinorVersionUpgrade', terraform: 'aws_db_instance auto_minor_version_upgrade' },
  at: ({ AutoMinorVersionUpgrade }) => ({ upgrades: AutoMinorVersionUpgrade }),
  context: status,
  hazards: [pinnedVersion('a maintenance window would upgrade it'), busy],
  rollback: { restores: 'exact', what: 'Automatic minor version upgrades are turned off again.', not: ['Upgrades in the meantime.'] },
  wanted: () => ({ upgrades: true }),
  writes: [rds.pick('ModifyDBInstance')],
  write: ({ id, to }) => rds.call('ModifyDBInstance', { DBInstanceIdentifier: id, AutoMinorVersionUpgrade: to.upgrades }),
  summary: ({ id }) => `turn on automatic minor version upgrades of ${id}`,
});
