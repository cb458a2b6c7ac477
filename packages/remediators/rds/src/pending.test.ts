import { type Assessment, type Json, type JsonObject, type Remediator, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import {
  disablePublicAccess,
  enableAutomatedBackups,
  enableClusterIamAuth,
  enableEnhancedMonitoring,
  enableInstanceIamAuth,
  enableMultiAz,
  exportLogsToCloudWatch,
  rdsRemediators,
} from './index.js';

const REF = resource({ type: 'AWS::RDS::DBInstance', id: 'orders', account: '111111111111', region: 'eu-west-1' });
const FOUND = {
  DBInstanceIdentifier: 'orders',
  DbiResourceId: 'db-ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  Engine: 'postgres',
  DBInstanceStatus: 'available',
  DeletionProtection: false,
  PubliclyAccessible: true,
  AutoMinorVersionUpgrade: false,
  MultiAZ: false,
  BackupRetentionPeriod: 0,
  DBParameterGroups: [{ DBParameterGroupName: 'own', ParameterApplyStatus: 'in-sync' }],
  TagList: [],
};
const PARAMETER = { ParameterName: 'rds.force_ssl', ParameterValue: '0', Source: 'system' };

async function assess(remediator: Remediator, found: object, parameters: object = {}): Promise<Assessment> {
  const aws = {
    rds: {
      DescribeDBInstances: async () => ({ DBInstances: [{ ...FOUND, ...found }] }),
      DescribeDBParameters: async () => ({ Parameters: [PARAMETER] }),
    },
  };
  const given = remediator.parameters(parameters);
  const seen = await remediator.observe({ aws, resource: REF, parameters: given, purpose: 'decision' } as never);
  if (seen === 'gone') throw new Error('It is there.');
  return remediator.plan({ state: seen.state, context: seen.context, resource: REF, parameters: given, observedAt: 0 } as never);
}
const changesOf = (assessment: Assessment) => (assessment.status === 'change' ? assessment.changes : []);

it.each<[Remediator, string, Json, Json, Json]>([
  [enableMultiAz, 'standby', false, true, { cluster: null, engine: 'mysql', source: null }],
  [enableAutomatedBackups, 'days', 1, 7, { cluster: null, source: null }],
  [enableInstanceIamAuth, 'enabled', false, true, { cluster: null, engine: 'mysql' }],
  [enableClusterIamAuth, 'enabled', false, true, { engine: 'aurora-mysql' }],
])(
  '$id has not drifted once its change is in effect; it has, if somebody has set another value, or has recreated it',
  ({ effective, equivalent }, name, was, is, rest) => {
    const state = (value: Json, pending: Json, created = 'db-1') => ({ created, [name]: value, pending, ...(rest as JsonObject) });
    const left = effective?.(state(was, is));
    expect(effective?.(state(is, null))).toEqual(left);
    for (const other of [state(was, null), state(is, was), state(is, null, 'db-2')]) expect(effective?.(other)).not.toEqual(left);
    expect([equivalent(state(was, null), state(is, was)), equivalent(state(was, null), state(is, null))]).toEqual([true, false]);
  },
);

describe('pending modifications of others', () => {
  it('are not applied by any call of this package, or by an undo', async () => {
    const role = { roleArn: 'arn:aws:iam::111111111111:role/m' };
    const instances = rdsRemediators.filter((each) => each.resourceTypes.includes('AWS::RDS::DBInstance') && each.uses.writes.length > 0);
    const changes = await Promise.all(instances.map((each) => assess(each, {}, each === enableEnhancedMonitoring ? role : {})));
    expect(changes.map((each) => changesOf(each).length)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(JSON.stringify(changes)).not.toContain('ApplyImmediately');
  });

  it.each([
    ['is being set to enough', { BackupRetentionPeriod: 14 }, 'manual'],
    ['is being set to too little', { BackupRetentionPeriod: 3 }, 'change'],
    ['is not being set', {}, 'change'],
  ])('include a backup retention period that %s', async (_, PendingModifiedValues, status) => {
    expect((await assess(enableAutomatedBackups, { PendingModifiedValues })).status).toBe(status);
  });

  it('are part of what a rollback of backups leaves', () => {
    const state = (days: number, pending: number | null) => ({ created: 'db-1', days, pending, cluster: null, source: null });
    expect(enableAutomatedBackups.equivalent(state(0, null), state(7, 0))).toBe(true);
    expect(enableAutomatedBackups.equivalent(state(0, null), state(0, null))).toBe(true);
    expect(enableAutomatedBackups.equivalent(state(0, null), state(7, null))).toBe(false);
  });

  it.each([
    ['being turned on', ['postgresql'], { LogTypesToEnable: ['upgrade'] }, undefined],
    ['being turned off', ['postgresql', 'upgrade'], { LogTypesToDisable: ['upgrade'] }, ['upgrade']],
    ['not being turned on', undefined, {}, ['postgresql', 'upgrade']],
  ])('include logs that are %s', async (_, EnabledCloudwatchLogsExports, PendingCloudwatchLogsExports, added) => {
    const found = await assess(exportLogsToCloudWatch, { EnabledCloudwatchLogsExports, PendingModifiedValues: { PendingCloudwatchLogsExports } });
    expect(changesOf(found)[0]?.call.input['CloudwatchLogsExportConfiguration']).toEqual(added === undefined ? undefined : { EnableLogTypes: added });
  });
});

describe('automated backups', () => {
  it('are never kept for a shorter time', async () => {
    expect((await assess(enableAutomatedBackups, { BackupRetentionPeriod: 30 })).status).toBe('compliant');
  });
  it('report what setting the period back destroys', async () => {
    const destroyed = async (BackupRetentionPeriod: number) => changesOf(await assess(enableAutomatedBackups, { BackupRetentionPeriod }))[0]?.undo;
    expect(await destroyed(0)).toMatchObject({ destroys: 'all automated backups of orders' });
    expect(await destroyed(3)).toMatchObject({ destroys: 'automated backups of orders that are older than 3 days' });
  });
  it('of a rule that requires more than the policy are too few', async () => {
    const judge = (parameters: Record<string, string>) =>
      enableAutomatedBackups.judge?.({
        state: { created: 'db-1', days: 7, pending: null, cluster: null, source: null },
        claim: { controls: [], configRule: 'db-instance-backup-enabled', isRule: () => true, parameters, observedAt: 0 },
        resource: REF,
        parameters: { minDays: 7 },
      } as never);
    expect(await judge({ backupRetentionMinimum: '14' })).toEqual([
      'db-instance-backup-enabled looks for backupRetentionMinimum = 14 on orders: the policy has less',
    ]);
    expect(await judge({ backupRetentionMinimum: '7' })).toEqual([]);
    expect(await judge({ preferredBackupWindow: '00:00-01:00' })).toBeNull();
  });
});

it('an instance that is not available needs an approval', async () => {
  expect(await assess(disablePublicAccess, { DBInstanceStatus: 'modifying' })).toMatchObject({ hazards: [{ code: 'busy', effect: 'approve' }] });
  expect(await assess(disablePublicAccess, {})).toMatchObject({ hazards: [] });
});

describe('a standby', () => {
  it('is requested, and waits for the maintenance window', async () => {
    expect(changesOf(await assess(enableMultiAz, {}))[0]).toMatchObject({
      call: { operation: 'ModifyDBInstance', input: { DBInstanceIdentifier: 'orders', MultiAZ: true } },
      undo: { restores: 'equivalent', calls: [{ input: { DBInstanceIdentifier: 'orders', MultiAZ: false } }] },
    });
    expect(await assess(enableMultiAz, { PendingModifiedValues: { MultiAZ: true } })).toMatchObject({ status: 'manual', steps: ['Wait for the window.'] });
    expect((await assess(enableMultiAz, { PendingModifiedValues: { MultiAZ: false } })).status).toBe('change');
  });
  it('does not apply to a member of a cluster, or to an edition without it', async () => {
    expect((await assess(enableMultiAz, { DBClusterIdentifier: 'orders' })).status).toBe('not-applicable');
    expect((await assess(enableMultiAz, { Engine: 'sqlserver-ex' })).status).toBe('manual');
    expect((await assess(enableMultiAz, { Engine: 'sqlserver-se' })).status).toBe('change');
  });
});

it.each([
  ['mysql', ['audit', 'error', 'general', 'slowquery'], ['statements']],
  // Each statement that fails is in it, by default.
  ['postgres', ['postgresql', 'upgrade'], ['statements']],
  ['oracle-ee', ['alert', 'audit', 'listener', 'trace'], ['statements']],
  ['sqlserver-se', ['agent', 'error'], []],
])('logs of %s that may contain statements need an approval', async (Engine, logs, hazards) => {
  const assessment = await assess(exportLogsToCloudWatch, { Engine });
  expect(changesOf(assessment)[0]?.call.input).toMatchObject({ CloudwatchLogsExportConfiguration: { EnableLogTypes: logs } });
  expect(assessment.status === 'change' && (assessment.hazards ?? []).map(({ code }) => code)).toEqual(hazards);
});
