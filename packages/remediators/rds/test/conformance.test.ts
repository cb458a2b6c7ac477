import { DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  AddTagsToResourceCommand,
  CopyDBSnapshotCommand,
  CreateDBClusterCommand,
  CreateDBClusterSnapshotCommand,
  CreateDBInstanceCommand,
  type CreateDBInstanceCommandInput,
  CreateDBInstanceReadReplicaCommand,
  CreateDBParameterGroupCommand,
  CreateDBProxyCommand,
  CreateDBSnapshotCommand,
  DeleteDBProxyCommand,
  DeleteDBSnapshotCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  DescribeDBParametersCommand,
  DescribeDBProxiesCommand,
  ModifyDBClusterCommand,
  ModifyDBClusterSnapshotAttributeCommand,
  ModifyDBInstanceCommand,
  ModifyDBParameterGroupCommand,
  ModifyDBProxyCommand,
  ModifyDBSnapshotAttributeCommand,
  RDSClient,
  StopDBClusterCommand,
  StopDBInstanceCommand,
} from '@aws-sdk/client-rds';
import { type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { afterAll, inject } from 'vitest';
import { startMoto } from '../../../../scripts/moto.mjs';
import { inFrontOf } from '../../../../tests/support/in-front.js';
import { startMinistack } from '../../../../tests/support/ministack.js';
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
  reportUnencryptedClusterSnapshot,
  reportUnencryptedInstance,
  requireProxyTls,
  requireTls,
} from '../src/index.js';
import { parameterService } from './parameter-service.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}
const account = { endpoint: inject('moto') };
const rds = (sdk: Sdk) => new RDSClient(sdk.config);
const KINDS: Readonly<Record<string, string>> = {
  'AWS::RDS::DBInstance': 'db',
  'AWS::RDS::DBCluster': 'cluster',
  'AWS::RDS::DBSnapshot': 'snapshot',
  'AWS::RDS::DBClusterSnapshot': 'cluster-snapshot',
};
const refTo = (sdk: Sdk, type: string, id: string) => resource({ type, id, account: sdk.account, region: sdk.region });
const gone = (type: string): Scenario => ({ name: 'one that is gone', expect: 'compliant', arrange: async (sdk) => refTo(sdk, type, sdk.name('gone')) });
const tag: Scenario['tag'] = async (sdk, { type, region, account: owner, id }, Key, Value) => {
  await rds(sdk).send(new AddTagsToResourceCommand({ ResourceName: `arn:aws:rds:${region}:${owner}:${KINDS[type]}:${id}`, Tags: [{ Key, Value }] }));
};

const instance =
  (given: Partial<CreateDBInstanceCommandInput> = {}, tags: Readonly<Record<string, string>> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const DBInstanceIdentifier = sdk.name('db');
    await rds(sdk).send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier,
        Engine: 'postgres',
        DBInstanceClass: 'db.t3.micro',
        AllocatedStorage: 20,
        MasterUsername: 'admin',
        MasterUserPassword: 'not-a-password',
        Tags: Object.entries({ team: 'payments', ...tags }).map(([Key, Value]) => ({ Key, Value })),
        ...given,
      }),
    );
    return refTo(sdk, 'AWS::RDS::DBInstance', DBInstanceIdentifier);
  };
const cluster = async (sdk: Sdk): Promise<string> => {
  const DBClusterIdentifier = sdk.name('cluster');
  await rds(sdk).send(
    new CreateDBClusterCommand({ DBClusterIdentifier, Engine: 'aurora-postgresql', MasterUsername: 'admin', MasterUserPassword: 'not-a-password' }),
  );
  return DBClusterIdentifier;
};
const member = async (sdk: Sdk) => instance({ DBClusterIdentifier: await cluster(sdk), Engine: 'aurora-postgresql' })(sdk);
const stopped =
  (given: Partial<CreateDBInstanceCommandInput> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const ref = await instance(given)(sdk);
    await rds(sdk).send(new StopDBInstanceCommand({ DBInstanceIdentifier: ref.id }));
    return ref;
  };
/** All of an instance but some members. */
const restOf =
  (...changed: readonly string[]): Scenario['rest'] =>
  async (sdk, ref) => {
    const { DBInstances: [found] = [] } = await rds(sdk).send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: ref.id }));
    return JSON.stringify(Object.entries(found ?? {}).filter(([member]) => ![...changed, 'LatestRestorableTime'].includes(member)));
  };
const modified =
  (change: object): Scenario['breakAgain'] =>
  async (sdk, ref) => {
    await rds(sdk).send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: ref.id, ...change }));
  };
const whoModifies: Scenario['event'] = ({ account: owner, region, id }) =>
  cloudTrailEvent({ account: owner, region, service: 'rds', operation: 'ModifyDBInstance', request: { dBInstanceIdentifier: id } });

const protection: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag,
  rest: restOf('DeletionProtection'),
  breakAgain: modified({ DeletionProtection: false }),
};
describeRemediator(enableInstanceDeletionProtection, {
  account,
  scenarios: [
    { ...protection, name: 'an instance without it', expect: 'change', arrange: instance() },
    { ...protection, name: 'someone has just turned it off', expect: 'change', arrange: instance(), event: whoModifies },
    { ...protection, name: 'a temporary instance', expect: 'change', hazards: ['short-lived'], arrange: instance({}, { lifetime: 'temporary' }) },
    { ...protection, name: 'one that is stopped', expect: 'change', hazards: ['busy'], arrange: stopped() },
    { ...protection, name: 'a member of a cluster', expect: 'not-applicable', arrange: member },
    { ...protection, name: 'an instance with it', expect: 'compliant', arrange: instance({ DeletionProtection: true }) },
    gone('AWS::RDS::DBInstance'),
  ],
});

const role = (sdk: Sdk) => `arn:aws:iam::${sdk.account}:role/rds-monitoring`;
const parameters = { roleArn: 'arn:aws:iam::123456789012:role/rds-monitoring' };
const monitoring: Pick<Scenario, 'tag' | 'rest' | 'breakAgain' | 'parameters'> = {
  tag,
  rest: restOf('MonitoringInterval', 'MonitoringRoleArn'),
  breakAgain: modified({ MonitoringInterval: 0 }),
  parameters,
};
describeRemediator(enableEnhancedMonitoring, {
  account,
  scenarios: [
    { ...monitoring, name: 'an instance without it', expect: 'change', arrange: instance() },
    { ...monitoring, name: 'one that is stopped', expect: 'change', hazards: ['busy'], arrange: stopped() },
    { ...monitoring, name: 'no role is named', expect: 'manual', parameters: {}, arrange: instance() },
    { ...monitoring, name: 'a temporary instance', expect: 'change', hazards: ['short-lived'], arrange: instance({}, { lifetime: 'temporary' }) },
    {
      ...monitoring,
      name: 'an instance with it',
      expect: 'compliant',
      arrange: (sdk) => instance({ MonitoringInterval: 15, MonitoringRoleArn: role(sdk) })(sdk),
    },
    gone('AWS::RDS::DBInstance'),
  ],
});

const exports: Pick<Scenario, 'tag' | 'rest'> = { tag, rest: restOf('EnabledCloudwatchLogsExports') };
describeRemediator(exportLogsToCloudWatch, {
  account,
  scenarios: [
    {
      ...exports,
      name: 'a PostgreSQL instance that exports one of its logs',
      expect: 'change',
      arrange: instance({ EnableCloudwatchLogsExports: ['postgresql'] }),
      breakAgain: modified({ CloudwatchLogsExportConfiguration: { DisableLogTypes: ['upgrade'] } }),
    },
    {
      ...exports,
      name: 'a PostgreSQL instance, whose log has statements that failed',
      expect: 'change',
      hazards: ['statements'],
      arrange: instance({ EnableCloudwatchLogsExports: ['upgrade'] }),
    },
    { ...exports, name: 'a MySQL instance, whose logs may hold statements', expect: 'change', hazards: ['statements'], arrange: instance({ Engine: 'mysql' }) },
    {
      ...exports,
      name: 'a temporary instance',
      expect: 'change',
      hazards: ['short-lived'],
      arrange: instance({ EnableCloudwatchLogsExports: ['postgresql'] }, { lifetime: 'temporary' }),
    },
    {
      ...exports,
      name: 'one that is stopped',
      expect: 'change',
      hazards: ['busy'],
      arrange: stopped({ EnableCloudwatchLogsExports: ['postgresql'] }),
    },
    { ...exports, name: 'a member of a cluster', expect: 'not-applicable', arrange: member },
    {
      ...exports,
      name: 'an instance that exports them all',
      expect: 'compliant',
      arrange: instance({ EnableCloudwatchLogsExports: ['upgrade', 'postgresql'] }),
    },
    gone('AWS::RDS::DBInstance'),
  ],
});

const backups: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag,
  rest: restOf('BackupRetentionPeriod'),
  breakAgain: modified({ BackupRetentionPeriod: 1 }),
};
describeRemediator(enableAutomatedBackups, {
  account,
  scenarios: [
    { ...backups, name: 'an instance with one day', expect: 'change', arrange: instance({ BackupRetentionPeriod: 1 }) },
    {
      ...backups,
      name: 'someone has just shortened it',
      expect: 'change',
      parameters: { minDays: 14 },
      arrange: instance({ BackupRetentionPeriod: 7 }),
      event: whoModifies,
    },
    { ...backups, name: 'an instance with none', expect: 'change', hazards: ['restarts'], arrange: instance({ BackupRetentionPeriod: 0 }) },
    {
      ...backups,
      name: 'a read replica',
      expect: 'change',
      hazards: ['read-replica'],
      arrange: async (sdk) => {
        const { id: SourceDBInstanceIdentifier } = await instance({ BackupRetentionPeriod: 1 })(sdk);
        const DBInstanceIdentifier = sdk.name('replica');
        await rds(sdk).send(new CreateDBInstanceReadReplicaCommand({ SourceDBInstanceIdentifier, DBInstanceIdentifier, DBInstanceClass: 'db.t3.micro' }));
        return refTo(sdk, 'AWS::RDS::DBInstance', DBInstanceIdentifier);
      },
    },
    { ...backups, name: 'one that is stopped', expect: 'change', hazards: ['busy'], arrange: stopped({ BackupRetentionPeriod: 2 }) },
    { ...backups, name: 'a member of a cluster', expect: 'manual', arrange: member },
    { ...backups, name: 'an instance with ten', expect: 'compliant', arrange: instance({ BackupRetentionPeriod: 10 }) },
    gone('AWS::RDS::DBInstance'),
  ],
});

const publicly: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag,
  rest: restOf('PubliclyAccessible'),
  breakAgain: modified({ PubliclyAccessible: true }),
};
describeRemediator(disablePublicAccess, {
  account,
  scenarios: [
    { ...publicly, name: 'an instance that is public', expect: 'change', arrange: instance({ PubliclyAccessible: true }) },
    { ...publicly, name: 'someone has just made it public', expect: 'change', arrange: instance({ PubliclyAccessible: true }), event: whoModifies },
    { ...publicly, name: 'one that is stopped', expect: 'change', hazards: ['busy'], arrange: stopped({ PubliclyAccessible: true }) },
    { ...publicly, name: 'an instance that is not', expect: 'compliant', arrange: instance({ PubliclyAccessible: false }) },
    gone('AWS::RDS::DBInstance'),
  ],
});

const minor: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag,
  rest: restOf('AutoMinorVersionUpgrade'),
  breakAgain: modified({ AutoMinorVersionUpgrade: false }),
};
const manually = { AutoMinorVersionUpgrade: false };
describeRemediator(enableAutoMinorUpgrade, {
  account,
  scenarios: [
    { ...minor, name: 'an instance that takes none', expect: 'change', arrange: instance(manually) },
    { ...minor, name: 'someone has just turned it off', expect: 'change', arrange: instance(manually), event: whoModifies },
    { ...minor, name: 'one whose version is pinned', expect: 'change', hazards: ['pinned-version'], arrange: instance(manually, { version: 'pinned' }) },
    { ...minor, name: 'one that is stopped', expect: 'change', hazards: ['busy'], arrange: stopped(manually) },
    { ...minor, name: 'an instance that takes them', expect: 'compliant', arrange: instance({ AutoMinorVersionUpgrade: true }) },
    gone('AWS::RDS::DBInstance'),
  ],
});

const standby: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = { tag, rest: restOf('MultiAZ'), breakAgain: modified({ MultiAZ: false }) };
const single = { MultiAZ: false };
describeRemediator(enableMultiAz, {
  account,
  scenarios: [
    { ...standby, name: 'an instance in one zone', expect: 'change', arrange: instance(single) },
    { ...standby, name: 'someone has just taken its standby', expect: 'change', arrange: instance(single), event: whoModifies },
    { ...standby, name: 'a preview', expect: 'change', hazards: ['short-lived'], arrange: instance(single, { stage: 'preview' }) },
    { ...standby, name: 'one that is stopped', expect: 'change', hazards: ['busy'], arrange: stopped(single) },
    {
      ...standby,
      name: 'a read replica',
      expect: 'change',
      hazards: ['read-replica'],
      arrange: async (sdk) => {
        const { id: SourceDBInstanceIdentifier } = await instance({ BackupRetentionPeriod: 7 })(sdk);
        const DBInstanceIdentifier = sdk.name('replica');
        await rds(sdk).send(new CreateDBInstanceReadReplicaCommand({ SourceDBInstanceIdentifier, DBInstanceIdentifier, DBInstanceClass: 'db.t3.micro' }));
        return refTo(sdk, 'AWS::RDS::DBInstance', DBInstanceIdentifier);
      },
    },
    { ...standby, name: 'an instance with a standby', expect: 'compliant', arrange: instance({ MultiAZ: true }) },
    gone('AWS::RDS::DBInstance'),
  ],
});

const shareInstanceSnapshot = async (sdk: Sdk, DBSnapshotIdentifier: string, ValuesToAdd: string[]) => {
  await rds(sdk).send(new ModifyDBSnapshotAttributeCommand({ DBSnapshotIdentifier, AttributeName: 'restore', ValuesToAdd }));
};
const snapshot =
  (shared: string[], tags: Readonly<Record<string, string>> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const { id: DBInstanceIdentifier } = await instance()(sdk);
    const DBSnapshotIdentifier = sdk.name('snapshot');
    const Tags = Object.entries({ team: 'payments', ...tags }).map(([Key, Value]) => ({ Key, Value }));
    await rds(sdk).send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier, Tags }));
    if (shared.length > 0) await shareInstanceSnapshot(sdk, DBSnapshotIdentifier, shared);
    return refTo(sdk, 'AWS::RDS::DBSnapshot', DBSnapshotIdentifier);
  };
const shareClusterSnapshot = async (sdk: Sdk, DBClusterSnapshotIdentifier: string, ValuesToAdd: string[]) => {
  await rds(sdk).send(new ModifyDBClusterSnapshotAttributeCommand({ DBClusterSnapshotIdentifier, AttributeName: 'restore', ValuesToAdd }));
};
const clusterSnapshot =
  (shared: string[], tags: Readonly<Record<string, string>> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const [DBClusterIdentifier, DBClusterSnapshotIdentifier] = [await cluster(sdk), sdk.name('snapshot')];
    const Tags = Object.entries({ team: 'payments', ...tags }).map(([Key, Value]) => ({ Key, Value }));
    await rds(sdk).send(new CreateDBClusterSnapshotCommand({ DBClusterIdentifier, DBClusterSnapshotIdentifier, Tags }));
    if (shared.length > 0) await shareClusterSnapshot(sdk, DBClusterSnapshotIdentifier, shared);
    return refTo(sdk, 'AWS::RDS::DBClusterSnapshot', DBClusterSnapshotIdentifier);
  };

for (const [remediator, arrange, share, type, operation, member] of [
  [makeSnapshotPrivate, snapshot, shareInstanceSnapshot, 'AWS::RDS::DBSnapshot', 'ModifyDBSnapshotAttribute', 'dBSnapshotIdentifier'],
  [
    makeClusterSnapshotPrivate,
    clusterSnapshot,
    shareClusterSnapshot,
    'AWS::RDS::DBClusterSnapshot',
    'ModifyDBClusterSnapshotAttribute',
    'dBClusterSnapshotIdentifier',
  ],
] as const) {
  const common: Pick<Scenario, 'tag' | 'breakAgain'> = { tag, breakAgain: async (sdk, ref) => share(sdk, ref.id, ['all']) };
  describeRemediator(remediator, {
    account,
    scenarios: [
      { ...common, name: 'everybody and one account may restore it', expect: 'change', arrange: arrange(['all', '222222222222']) },
      {
        ...common,
        name: 'someone has just shared it',
        expect: 'change',
        arrange: arrange(['all']),
        event: ({ account: owner, region, id }) => cloudTrailEvent({ account: owner, region, service: 'rds', operation, request: { [member]: id } }),
      },
      { ...common, name: 'it is published', expect: 'change', hazards: ['shared-on-purpose'], arrange: arrange(['all'], { visibility: 'public sample' }) },
      { ...common, name: 'one account may restore it', expect: 'compliant', arrange: arrange(['222222222222']) },
      gone(type),
    ],
  });
}

describeRemediator(reportUnencryptedInstance, {
  account,
  scenarios: [
    {
      name: 'an instance that has just been made without it',
      expect: 'manual',
      arrange: instance({ StorageEncrypted: false }),
      tag,
      event: ({ account: owner, region, id }) =>
        cloudTrailEvent({ account: owner, region, service: 'rds', operation: 'CreateDBInstance', request: { dBInstanceIdentifier: id } }),
    },
    { name: 'an instance with it', expect: 'compliant', arrange: instance({ StorageEncrypted: true }), tag },
    gone('AWS::RDS::DBInstance'),
  ],
});

const iamAuth: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag,
  rest: restOf('IAMDatabaseAuthenticationEnabled'),
  breakAgain: modified({ EnableIAMDatabaseAuthentication: false }),
};
describeRemediator(enableInstanceIamAuth, {
  account,
  scenarios: [
    { ...iamAuth, name: 'an instance without it', expect: 'change', arrange: instance() },
    { ...iamAuth, name: 'someone has just turned it off', expect: 'change', arrange: instance(), event: whoModifies },
    { ...iamAuth, name: 'one that is stopped', expect: 'change', hazards: ['busy'], arrange: stopped() },
    { ...iamAuth, name: 'a member of a cluster', expect: 'manual', arrange: member },
    {
      ...iamAuth,
      name: 'an engine that knows no such thing',
      expect: 'not-applicable',
      arrange: instance({ Engine: 'oracle-ee', LicenseModel: 'bring-your-own-license' }),
    },
    { ...iamAuth, name: 'an instance with it', expect: 'compliant', arrange: instance({ EnableIAMDatabaseAuthentication: true }) },
    gone('AWS::RDS::DBInstance'),
  ],
});

const clusterOf =
  (more: object = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const DBClusterIdentifier = sdk.name('cluster');
    await rds(sdk).send(
      new CreateDBClusterCommand({
        DBClusterIdentifier,
        Engine: 'aurora-postgresql',
        MasterUsername: 'admin',
        MasterUserPassword: 'not-a-password',
        Tags: [{ Key: 'team', Value: 'payments' }],
        ...more,
      }),
    );
    return refTo(sdk, 'AWS::RDS::DBCluster', DBClusterIdentifier);
  };
const clusterAuth: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag,
  rest: async (sdk, ref) => {
    const { DBClusters: [found] = [] } = await rds(sdk).send(new DescribeDBClustersCommand({ DBClusterIdentifier: ref.id }));
    return JSON.stringify(
      Object.entries(found ?? {}).filter(([each]) => !['IAMDatabaseAuthenticationEnabled', 'LatestRestorableTime', 'EarliestRestorableTime'].includes(each)),
    );
  },
  breakAgain: async (sdk, ref) => {
    await rds(sdk).send(new ModifyDBClusterCommand({ DBClusterIdentifier: ref.id, EnableIAMDatabaseAuthentication: false }));
  },
};
describeRemediator(enableClusterIamAuth, {
  account,
  scenarios: [
    {
      ...clusterAuth,
      name: 'a cluster that has just been made without it',
      expect: 'change',
      arrange: clusterOf(),
      event: ({ account: owner, region, id }) =>
        cloudTrailEvent({ account: owner, region, service: 'rds', operation: 'CreateDBCluster', request: { dBClusterIdentifier: id } }),
    },
    {
      ...clusterAuth,
      name: 'one that is stopped',
      expect: 'change',
      hazards: ['busy'],
      arrange: async (sdk) => {
        const ref = await clusterOf()(sdk);
        await rds(sdk).send(new StopDBClusterCommand({ DBClusterIdentifier: ref.id }));
        return ref;
      },
    },
    { ...clusterAuth, name: 'a cluster with it', expect: 'compliant', arrange: clusterOf({ EnableIAMDatabaseAuthentication: true }) },
    gone('AWS::RDS::DBCluster'),
  ],
});

// moto copies with a key that there is. It is made once, for all scenarios, so in an account that is not emptied between them.
const alone = await startMoto();
const kms = new KMSClient({ endpoint: alone.endpoint, region: 'us-east-1', credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } });
const KEY = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
kms.destroy();
/** A manual snapshot of an instance with or without a key. */
const snapshotOf =
  (isEncrypted: boolean, tags: Readonly<Record<string, string>> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const { id } = await instance(isEncrypted ? { StorageEncrypted: true, KmsKeyId: KEY } : {})(sdk);
    const DBSnapshotIdentifier = sdk.name('snapshot');
    await rds(sdk).send(
      new CreateDBSnapshotCommand({ DBSnapshotIdentifier, DBInstanceIdentifier: id, Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }),
    );
    return refTo(sdk, 'AWS::RDS::DBSnapshot', DBSnapshotIdentifier);
  };
const copying: Pick<Scenario, 'tag' | 'irreversible' | 'parameters' | 'breakAgain'> = {
  tag,
  irreversible: true,
  parameters: { kmsKeyArn: KEY.replace('us-east-1', '{region}') },
  breakAgain: async (sdk, { id }) => {
    await rds(sdk).send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: `${id}-encrypted` }));
  },
};
const made: Scenario['event'] = ({ account: owner, region, id }) =>
  cloudTrailEvent({ account: owner, region, service: 'rds', operation: 'CreateDBSnapshot', request: { dBSnapshotIdentifier: id } });
describeRemediator(encryptSnapshotCopy, {
  account: { endpoint: alone.endpoint },
  scenarios: [
    { ...copying, name: 'a snapshot without encryption, just made', expect: 'change', arrange: snapshotOf(false), event: made },
    { ...copying, name: 'one that is temporary', expect: 'change', hazards: ['short-lived'], arrange: snapshotOf(false, { lifetime: 'temporary' }) },
    { ...copying, irreversible: false, name: 'no key is named', expect: 'manual', parameters: {}, arrange: snapshotOf(false) },
    {
      ...copying,
      irreversible: false,
      name: 'one that has a copy',
      expect: 'manual',
      arrange: async (sdk) => {
        const ref = await snapshotOf(false)(sdk);
        await rds(sdk).send(
          new CopyDBSnapshotCommand({ SourceDBSnapshotIdentifier: ref.id, TargetDBSnapshotIdentifier: `${ref.id}-encrypted`, KmsKeyId: KEY }),
        );
        return ref;
      },
    },
    { ...copying, irreversible: false, name: 'an encrypted snapshot', expect: 'compliant', arrange: snapshotOf(true) },
    gone('AWS::RDS::DBSnapshot'),
  ],
});

const clusterSnapshotOf = (StorageEncrypted: boolean) => async (sdk: Sdk) => {
  const { id } = await clusterOf({ StorageEncrypted })(sdk);
  const DBClusterSnapshotIdentifier = sdk.name('snapshot');
  await rds(sdk).send(new CreateDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier, DBClusterIdentifier: id }));
  return refTo(sdk, 'AWS::RDS::DBClusterSnapshot', DBClusterSnapshotIdentifier);
};
describeRemediator(reportUnencryptedClusterSnapshot, {
  account,
  scenarios: [
    {
      name: 'one that has just been made without encryption',
      expect: 'manual',
      arrange: clusterSnapshotOf(false),
      tag,
      event: ({ account: owner, region, id }) =>
        cloudTrailEvent({ account: owner, region, service: 'rds', operation: 'CreateDBClusterSnapshot', request: { dBClusterSnapshotIdentifier: id } }),
    },
    { name: 'an encrypted one', expect: 'compliant', arrange: clusterSnapshotOf(true), tag },
    gone('AWS::RDS::DBClusterSnapshot'),
  ],
});

const parametric = await parameterService(inject('moto'));
const ministack = await startMinistack();
/** Proxies that are being changed: those of the emulator always are available. */
const busy = new Set<string>();
const changing = await inFrontOf(
  ministack.endpoint,
  () => null,
  undefined,
  (_, text) =>
    text.replaceAll(/<member>.*?<\/member>/gs, (each) =>
      [...busy].some((name) => each.includes(`>${name}<`)) ? each.replace('<Status>available<', '<Status>modifying<') : each,
    ),
);
afterAll(async () => {
  await parametric.close();
  await changing.close();
  await ministack.close();
  await alone.stop();
});
const force = async (sdk: Sdk, DBParameterGroupName: string, ParameterValue: string) => {
  const Parameters = ['rds.force_ssl', 'require_secure_transport'].map((ParameterName) => ({
    ParameterName,
    ParameterValue,
    ApplyMethod: 'immediate' as const,
  }));
  await rds(sdk).send(new ModifyDBParameterGroupCommand({ DBParameterGroupName, Parameters }));
};
const groupOf = async (sdk: Sdk, ref: ResourceRef) => {
  const { DBInstances: [found] = [] } = await rds(sdk).send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: ref.id }));
  return found?.DBParameterGroups?.[0]?.DBParameterGroupName ?? '';
};
const grouped =
  (value: string | null, { shared = false, Engine = 'postgres' } = {}) =>
  async (sdk: Sdk) => {
    const DBParameterGroupName = sdk.name('group');
    await rds(sdk).send(new CreateDBParameterGroupCommand({ DBParameterGroupName, DBParameterGroupFamily: `${Engine}17`, Description: 'a test' }));
    if (value !== null) await force(sdk, DBParameterGroupName, value);
    if (shared) await instance({ DBParameterGroupName, Engine })(sdk);
    return instance({ DBParameterGroupName, Engine })(sdk);
  };
const tls: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag,
  rest: async (sdk, ref) => {
    const { Parameters = [] } = await rds(sdk).send(new DescribeDBParametersCommand({ DBParameterGroupName: await groupOf(sdk, ref) }));
    const others = Parameters.filter(({ ParameterName }) => ParameterName === 'work_mem').map(({ ParameterValue, Source }) => `${ParameterValue} ${Source}`);
    return [others, await restOf()?.(sdk, ref)];
  },
  breakAgain: async (sdk, ref) => force(sdk, await groupOf(sdk, ref), '0'),
};
describeRemediator(requireTls, {
  account: { endpoint: parametric.endpoint },
  scenarios: [
    { ...tls, name: 'an instance with a parameter group of its own', expect: 'change', arrange: grouped(null) },
    {
      ...tls,
      name: 'one whose parameter somebody had set, and has just changed the instance',
      expect: 'change',
      arrange: grouped('0', { Engine: 'mysql' }),
      event: whoModifies,
    },
    { ...tls, name: 'a parameter group of two instances', expect: 'change', hazards: ['shared-group'], arrange: grouped(null, { shared: true }) },
    { ...tls, name: 'a default parameter group', expect: 'manual', arrange: instance() },
    { ...tls, name: 'a parameter group that requires it', expect: 'compliant', arrange: grouped('1') },
    { ...tls, name: 'a member of a cluster', expect: 'not-applicable', arrange: member },
    gone('AWS::RDS::DBInstance'),
  ],
});

/** So many are kept: there may be 20 in a region. */
const KEPT = 12;
const proxies: string[] = [];
const proxy = (RequireTLS: boolean) => async (sdk: Sdk) => {
  const DBProxyName = sdk.name('proxy');
  const { Subnets = [] } = await new EC2Client(sdk.config).send(new DescribeSubnetsCommand({}));
  for (const old of proxies.splice(0, proxies.length - KEPT)) await rds(sdk).send(new DeleteDBProxyCommand({ DBProxyName: old }));
  await rds(sdk).send(
    new CreateDBProxyCommand({
      DBProxyName,
      EngineFamily: 'POSTGRESQL',
      RoleArn: `arn:aws:iam::${sdk.account}:role/proxy`,
      VpcSubnetIds: Subnets.slice(0, 2).flatMap(({ SubnetId }) => SubnetId ?? []),
      Auth: [{ AuthScheme: 'SECRETS', SecretArn: `arn:aws:secretsmanager:${sdk.region}:${sdk.account}:secret:orders-AbCdEf`, IAMAuth: 'DISABLED' }],
      RequireTLS,
      Tags: [{ Key: 'team', Value: 'payments' }],
    }),
  );
  proxies.push(DBProxyName);
  return refTo(sdk, 'AWS::RDS::DBProxy', DBProxyName);
};
const ofProxy: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag: async (sdk, { id: DBProxyName }, Key, Value) => {
    const { DBProxies: [found] = [] } = await rds(sdk).send(new DescribeDBProxiesCommand({ DBProxyName }));
    await rds(sdk).send(new AddTagsToResourceCommand({ ResourceName: found?.DBProxyArn, Tags: [{ Key, Value }] }));
  },
  rest: async (sdk, { id: DBProxyName }) => {
    const { DBProxies: [found] = [] } = await rds(sdk).send(new DescribeDBProxiesCommand({ DBProxyName }));
    return JSON.stringify(Object.entries(found ?? {}).filter(([name]) => !['RequireTLS', 'UpdatedDate'].includes(name)));
  },
  breakAgain: async (sdk, { id: DBProxyName }) => {
    await rds(sdk).send(new ModifyDBProxyCommand({ DBProxyName, RequireTLS: false }));
  },
};
describeRemediator(requireProxyTls, {
  account: { endpoint: changing.endpoint, accountId: ministack.account },
  scenarios: [
    { ...ofProxy, name: 'a proxy that does not require it', expect: 'change', arrange: proxy(false) },
    {
      ...ofProxy,
      name: 'someone has just changed it',
      expect: 'change',
      arrange: proxy(false),
      event: ({ account: owner, region, id }) =>
        cloudTrailEvent({ account: owner, region, service: 'rds', operation: 'ModifyDBProxy', request: { dBProxyName: id } }),
    },
    {
      ...ofProxy,
      name: 'a proxy that is being changed',
      expect: 'change',
      hazards: ['busy'],
      arrange: async (sdk) => {
        const ref = await proxy(false)(sdk);
        busy.add(ref.id);
        return ref;
      },
    },
    { ...ofProxy, name: 'a proxy that requires it', expect: 'compliant', arrange: proxy(true) },
    gone('AWS::RDS::DBProxy'),
  ],
});
