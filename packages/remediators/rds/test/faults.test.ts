import { type Remediator, resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import {
  disablePublicAccess,
  enableAutoMinorUpgrade,
  enableAutomatedBackups,
  enableClusterIamAuth,
  enableEnhancedMonitoring,
  enableInstanceDeletionProtection,
  enableInstanceIamAuth,
  enableMultiAz,
  encryptSnapshotCopy,
  exportLogsToCloudWatch,
  makeClusterSnapshotPrivate,
  makeSnapshotPrivate,
  requireProxyTls,
  requireTls,
} from '../src/index.js';

interface Thing {
  DeletionProtection: boolean;
  MonitoringInterval: number;
  MonitoringRoleArn?: string;
  BackupRetentionPeriod: number;
  PubliclyAccessible: boolean;
  AutoMinorVersionUpgrade: boolean;
  MultiAZ: boolean;
  IAMDatabaseAuthenticationEnabled: boolean;
  RequireTLS: boolean;
  forced: boolean;
  EnabledCloudwatchLogsExports: string[];
  TagList: { Key: string; Value: string }[];
  restore: string[];
}
type Input = Readonly<Record<string, unknown>>;
const thing = (custom: Record<string, unknown>, id: unknown): Thing => {
  const found = (custom as Record<string, Thing>)[String(id)];
  if (found === undefined) throw new SimulatedError('DBInstanceNotFoundFault', 404);
  return found;
};
const all = (custom: Record<string, unknown>, id: unknown, as: (name: string) => object) =>
  (id === undefined ? Object.keys(custom).sort() : [String(id)]).map((name) => {
    const { restore: _, forced: __, ...described } = thing(custom, name);
    return { ...described, ...as(name) };
  });
const snapshotOf = (kind: '' | 'Cluster'): Readonly<Record<string, Operation>> => ({
  [`DescribeDB${kind}Snapshots`]: ({ custom }, input: Input) => ({
    [`DB${kind}Snapshots`]: all(custom, input[`DB${kind}SnapshotIdentifier`], (name) => ({
      [`DB${kind}SnapshotIdentifier`]: name,
      SnapshotCreateTime: new Date('2026-01-02T03:04:05Z'),
    })),
  }),
  [`DescribeDB${kind}SnapshotAttributes`]: ({ custom }, input: Input) => ({
    [`DB${kind}SnapshotAttributesResult`]: {
      [`DB${kind}SnapshotAttributes`]: [{ AttributeName: 'restore', AttributeValues: thing(custom, input[`DB${kind}SnapshotIdentifier`]).restore }],
    },
  }),
  [`ModifyDB${kind}SnapshotAttribute`]: ({ custom }, input: Input) => {
    const found = thing(custom, input[`DB${kind}SnapshotIdentifier`]);
    const [add, remove] = [input['ValuesToAdd'], input['ValuesToRemove']] as (string[] | undefined)[];
    found.restore = [...new Set([...found.restore, ...(add ?? [])])].filter((each) => remove?.includes(each) !== true);
    return {};
  },
});
/** As much of RDS as the package uses. */
const rds: Readonly<Record<string, Operation>> = {
  ...snapshotOf(''),
  ...snapshotOf('Cluster'),
  DescribeDBInstances: ({ custom }, { DBInstanceIdentifier }: Input) => ({
    DBInstances: all(custom, DBInstanceIdentifier, (name) => ({
      DBInstanceIdentifier: name,
      DbiResourceId: `db-${name}`,
      Engine: 'postgres',
      DBInstanceStatus: 'available',
      DBParameterGroups: [{ DBParameterGroupName: `of-${name}`, ParameterApplyStatus: 'in-sync' }],
    })),
  }),
  DescribeDBParameters: ({ custom }, { DBParameterGroupName }: Input) => {
    const { forced } = thing(custom, String(DBParameterGroupName).slice('of-'.length));
    return { Parameters: [{ ParameterName: 'rds.force_ssl', ParameterValue: forced ? '1' : '0', Source: forced ? 'user' : 'system' }] };
  },
  ModifyDBParameterGroup: ({ custom }, { DBParameterGroupName }: Input) => {
    Object.assign(thing(custom, String(DBParameterGroupName).slice('of-'.length)), { forced: true });
    return {};
  },
  ResetDBParameterGroup: ({ custom }, { DBParameterGroupName }: Input) => {
    Object.assign(thing(custom, String(DBParameterGroupName).slice('of-'.length)), { forced: false });
    return {};
  },
  DescribeDBProxies: ({ custom }, { DBProxyName }: Input) => ({
    DBProxies: all(custom, DBProxyName, (name) => ({ DBProxyName: name, DBProxyArn: `arn:aws:rds:us-east-1:1:db-proxy:${name}`, Status: 'available' })),
  }),
  ListTagsForResource: ({ custom }, { ResourceName }: Input) => ({ TagList: thing(custom, String(ResourceName).split(':').at(-1)).TagList }),
  ModifyDBProxy: ({ custom }, { DBProxyName, RequireTLS }: Input) => {
    Object.assign(thing(custom, DBProxyName), { RequireTLS });
    return {};
  },
  ModifyDBInstance: ({ custom }, { DBInstanceIdentifier, CloudwatchLogsExportConfiguration: logs, EnableIAMDatabaseAuthentication: iam, ...change }: Input) => {
    const found = thing(custom, DBInstanceIdentifier);
    Object.assign(found, change, iam === undefined ? {} : { IAMDatabaseAuthenticationEnabled: iam });
    const { EnableLogTypes = [], DisableLogTypes = [] } = (logs ?? {}) as { EnableLogTypes?: string[]; DisableLogTypes?: string[] };
    found.EnabledCloudwatchLogsExports = [...new Set([...found.EnabledCloudwatchLogsExports, ...EnableLogTypes])].filter(
      (each) => !DisableLogTypes.includes(each),
    );
    return {};
  },
  DescribeDBClusters: ({ custom }, { DBClusterIdentifier }: Input) => ({
    DBClusters: all(custom, DBClusterIdentifier, (name) => ({
      DBClusterIdentifier: name,
      DbClusterResourceId: `cluster-${name}`,
      Engine: 'aurora-postgresql',
      Status: 'available',
    })),
  }),
  ModifyDBCluster: ({ custom }, { DBClusterIdentifier, EnableIAMDatabaseAuthentication }: Input) => {
    Object.assign(thing(custom, DBClusterIdentifier), { IAMDatabaseAuthenticationEnabled: EnableIAMDatabaseAuthentication });
    return {};
  },
};

const SOUND = (): Thing => ({
  DeletionProtection: true,
  MonitoringInterval: 60,
  BackupRetentionPeriod: 7,
  PubliclyAccessible: false,
  AutoMinorVersionUpgrade: true,
  MultiAZ: true,
  IAMDatabaseAuthenticationEnabled: true,
  RequireTLS: true,
  forced: true,
  EnabledCloudwatchLogsExports: ['postgresql', 'upgrade'],
  TagList: [{ Key: 'team', Value: 'payments' }],
  restore: ['222222222222'],
});
const ROLE = 'arn:aws:iam::111111111111:role/rds-monitoring';

it.each<[id: string, Remediator, type: string, broken: Partial<Thing>, parameters?: { readonly roleArn: string }]>([
  [enableInstanceDeletionProtection.id, enableInstanceDeletionProtection, 'AWS::RDS::DBInstance', { DeletionProtection: false }],
  [enableEnhancedMonitoring.id, enableEnhancedMonitoring, 'AWS::RDS::DBInstance', { MonitoringInterval: 0 }, { roleArn: ROLE }],
  [exportLogsToCloudWatch.id, exportLogsToCloudWatch, 'AWS::RDS::DBInstance', { EnabledCloudwatchLogsExports: ['postgresql'] }],
  [enableAutomatedBackups.id, enableAutomatedBackups, 'AWS::RDS::DBInstance', { BackupRetentionPeriod: 1 }],
  [disablePublicAccess.id, disablePublicAccess, 'AWS::RDS::DBInstance', { PubliclyAccessible: true }],
  [enableAutoMinorUpgrade.id, enableAutoMinorUpgrade, 'AWS::RDS::DBInstance', { AutoMinorVersionUpgrade: false }],
  [enableInstanceIamAuth.id, enableInstanceIamAuth, 'AWS::RDS::DBInstance', { IAMDatabaseAuthenticationEnabled: false }],
  [enableClusterIamAuth.id, enableClusterIamAuth, 'AWS::RDS::DBCluster', { IAMDatabaseAuthenticationEnabled: false }],
  [enableMultiAz.id, enableMultiAz, 'AWS::RDS::DBInstance', { MultiAZ: false }],
  [requireTls.id, requireTls, 'AWS::RDS::DBInstance', { forced: false }],
  [requireProxyTls.id, requireProxyTls, 'AWS::RDS::DBProxy', { RequireTLS: false }],
  [makeSnapshotPrivate.id, makeSnapshotPrivate, 'AWS::RDS::DBSnapshot', { restore: ['222222222222', 'all'] }],
  [makeClusterSnapshotPrivate.id, makeClusterSnapshotPrivate, 'AWS::RDS::DBClusterSnapshot', { restore: ['222222222222', 'all'] }],
])('%s survives every fault at every call', async (_, remediator, type, broken, parameters) => {
  const report = await faultMatrix(remediator, {
    services: { rds },
    ...(parameters === undefined ? {} : { parameters }),
    arrange(account) {
      const { custom } = account.state;
      Object.assign(custom, { beside: SOUND(), subject: SOUND() });
      const [member] = Object.keys(broken) as [keyof Thing];
      const now = () => (account.state.custom as Record<string, Thing>)['subject'];
      return reportedGap({
        resource: resource({ type, id: 'subject', account: account.account, region: 'us-east-1' }),
        rule: String(remediator.configRules[1]),
        open: () => Object.assign(thing(account.state.custom, 'subject'), broken),
        isOpen: () => now() !== undefined && JSON.stringify(now()?.[member]) === JSON.stringify(broken[member]),
        others: {
          delete: () => delete account.state.custom['subject'],
          fix: () => Object.assign(thing(account.state.custom, 'subject'), { [member]: SOUND()[member] }),
          change: () => thing(account.state.custom, 'subject').TagList.push({ Key: 'more', Value: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(160);
});

interface Snapshot {
  Encrypted: boolean;
  TagList: { Key: string; Value: string }[];
  /** Its encrypted copy. */
  copy: { Encrypted: true; TagList: { Key: string; Value: string }[] } | null;
}
const MADE = new Date('2026-01-02T03:04:05Z');
const shown = (custom: Record<string, unknown>, name: string) => {
  const all = custom as Record<string, Snapshot>;
  const found = all[name] ?? all[name.replace(/-encrypted$/, '')]?.copy;
  if (found === undefined || found === null) throw new SimulatedError('DBSnapshotNotFound', 404);
  const { Encrypted, TagList } = found;
  const moments = { SnapshotCreateTime: MADE, OriginalSnapshotCreateTime: MADE };
  return { DBSnapshotIdentifier: name, DBInstanceIdentifier: 'orders', SnapshotType: 'manual', ...moments, Encrypted, TagList };
};
/** As much of RDS as copies of snapshots need. */
const copies: Readonly<Record<string, Operation>> = {
  DescribeDBSnapshots: ({ custom }, { DBSnapshotIdentifier: id }: Input) => ({
    DBSnapshots: (id === undefined ? Object.keys(custom).sort() : [String(id)]).map((name) => shown(custom, name)),
  }),
  CopyDBSnapshot: ({ custom }, { SourceDBSnapshotIdentifier: from }: Input) => {
    const { TagList } = shown(custom, String(from));
    const source = (custom as Record<string, Snapshot>)[String(from)];
    if (source === undefined || source.copy !== null) throw new SimulatedError('DBSnapshotAlreadyExists', 400);
    source.copy = { Encrypted: true, TagList };
    return {};
  },
};

it('rds-encrypt-snapshot-copy survives every fault at every call', async () => {
  const report = await faultMatrix(encryptSnapshotCopy, {
    services: { rds: copies },
    parameters: { kmsKeyArn: 'arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab' },
    arrange(account) {
      const { custom } = account.state as { custom: Record<string, Snapshot> };
      Object.assign(custom, { beside: { Encrypted: true, TagList: [], copy: null }, subject: { Encrypted: true, TagList: [], copy: null } });
      const now = () => (account.state.custom as Record<string, Snapshot>)['subject'];
      return reportedGap({
        resource: resource({ type: 'AWS::RDS::DBSnapshot', id: 'subject', account: account.account, region: 'us-east-1' }),
        rule: 'rds-snapshot-encrypted',
        open: () => Object.assign(now() ?? {}, { Encrypted: false }),
        // The copy is what is made; the original stays.
        isOpen: () => now()?.Encrypted === false && now()?.copy === null,
        others: {
          delete: () => delete account.state.custom['subject'],
          fix: () => Object.assign(now() ?? {}, { copy: { Encrypted: true, TagList: [] } }),
          change: () => now()?.TagList.push({ Key: 'more', Value: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(100);
});
