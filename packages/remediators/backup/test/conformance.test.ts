import {
  BackupClient,
  CreateBackupPlanCommand,
  CreateBackupSelectionCommand,
  DeleteBackupSelectionCommand,
  ListBackupPlansCommand,
  ListBackupSelectionsCommand,
} from '@aws-sdk/client-backup';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient, TagResourceCommand as DynamoDbTagResourceCommand } from '@aws-sdk/client-dynamodb';
import { CreateTagsCommand, CreateVolumeCommand, DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  AddTagsToResourceCommand,
  CreateDBClusterCommand,
  CreateDBInstanceCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { type Remediator, type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { afterAll } from 'vitest';
import { startMinistack } from '../../../../tests/support/ministack.js';
import { addDbClusterToBackupPlan, addDbInstanceToBackupPlan, addEbsVolumeToBackupPlan, addTableToBackupPlan } from '../src/index.js';

// moto has no selections of backup plans.
const ministack = await startMinistack();
afterAll(() => ministack.close());

const ROLE = 'arn:aws:iam::123456789012:role/backups';
const parameters = { plan: 'kit-daily', roleArn: ROLE };

/** The plan of a name, which is made where there is none. */
async function planOf(sdk: Sdk, name: string): Promise<string> {
  const client = new BackupClient(sdk.config);
  const { BackupPlansList = [] } = await client.send(new ListBackupPlansCommand({}));
  const there = BackupPlansList.find(({ BackupPlanName }) => BackupPlanName === name)?.BackupPlanId;
  if (there !== undefined) return there;
  const BackupPlan = { BackupPlanName: name, Rules: [{ RuleName: 'daily', TargetBackupVaultName: 'Default' }] };
  return (await client.send(new CreateBackupPlanCommand({ BackupPlan }))).BackupPlanId ?? '';
}
async function select(sdk: Sdk, arn: string): Promise<void> {
  const BackupSelection = { SelectionName: 'theirs', IamRoleArn: ROLE, Resources: [arn] };
  await new BackupClient(sdk.config).send(new CreateBackupSelectionCommand({ BackupPlanId: await planOf(sdk, 'kit-daily'), BackupSelection }));
}
/** No selection is left: whatever selects the resource. */
async function deselect(sdk: Sdk): Promise<void> {
  const client = new BackupClient(sdk.config);
  const { BackupPlansList = [] } = await client.send(new ListBackupPlansCommand({}));
  for (const { BackupPlanId } of BackupPlansList) {
    const { BackupSelectionsList = [] } = await client.send(new ListBackupSelectionsCommand({ BackupPlanId }));
    for (const { SelectionId } of BackupSelectionsList) await client.send(new DeleteBackupSelectionCommand({ BackupPlanId, SelectionId }));
  }
}
const ref = (sdk: Sdk, type: string, id: string) => resource({ type, id, account: sdk.account, region: sdk.region });
const arnOf = ({ account, region, id }: ResourceRef, service: string, kind: string) => `arn:aws:${service}:${region}:${account}:${kind}${id}`;

type Made = (sdk: Sdk, tags: Readonly<Record<string, string>>) => Promise<ResourceRef>;
type Own = Required<Pick<Scenario, 'tag' | 'rest'>> & { readonly make: Made; readonly arn: (of: ResourceRef) => string; readonly gone: string };

function kit(remediator: Remediator, { tag, rest, make, arn, gone }: Own, created: NonNullable<Scenario['event']>, more: readonly Scenario[] = []): void {
  const common = { tag, rest, parameters, breakAgain: deselect };
  const arrange =
    (selected: boolean, tags: Readonly<Record<string, string>> = {}) =>
    async (sdk: Sdk) => {
      await planOf(sdk, 'kit-daily');
      const made = await make(sdk, { team: 'media', ...tags });
      if (selected) await select(sdk, arn(made));
      return made;
    };
  describeRemediator(remediator, {
    account: { endpoint: ministack.endpoint, accountId: ministack.account },
    scenarios: [
      { ...common, name: 'it is in no plan', expect: 'change', arrange: arrange(false) },
      { ...common, name: 'someone has just made it', expect: 'change', arrange: arrange(false), event: created },
      { ...common, name: 'it is a scratch one', expect: 'change', hazards: ['short-lived'], arrange: arrange(false, { purpose: 'scratch' }) },
      { ...common, name: 'no plan is named', expect: 'manual', parameters: {}, arrange: arrange(false) },
      { ...common, name: 'the plan that is named is not there', expect: 'manual', parameters: { ...parameters, plan: 'weekly' }, arrange: arrange(false) },
      { ...common, name: 'it is in a plan', expect: 'compliant', arrange: arrange(true) },
      { name: 'it is gone', expect: 'compliant', parameters, arrange: async (sdk) => ref(sdk, remediator.resourceTypes[0] ?? '', gone) },
      ...more.map((each) => ({ ...common, ...each })),
    ],
  });
}

kit(
  addEbsVolumeToBackupPlan,
  {
    gone: 'vol-0123456789abcdef0',
    arn: (of) => arnOf(of, 'ec2', 'volume/'),
    make: async (sdk, tags) => {
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      const { VolumeId = '' } = await new EC2Client(sdk.config).send(
        new CreateVolumeCommand({ AvailabilityZone: `${sdk.region}a`, Size: 1, TagSpecifications: [{ ResourceType: 'volume', Tags }] }),
      );
      return ref(sdk, 'AWS::EC2::Volume', VolumeId);
    },
    tag: async (sdk, { id }, Key, Value) => {
      await new EC2Client(sdk.config).send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key, Value }] }));
    },
    rest: async (sdk, { id }) => JSON.stringify((await new EC2Client(sdk.config).send(new DescribeVolumesCommand({ VolumeIds: [id] }))).Volumes),
  },
  ({ account, region, id }) => cloudTrailEvent({ account, region, service: 'ec2', operation: 'CreateVolume', request: {}, response: { volumeId: id } }),
);

kit(
  addTableToBackupPlan,
  {
    gone: 'no-such-table',
    arn: (of) => arnOf(of, 'dynamodb', 'table/'),
    make: async (sdk, tags) => {
      const TableName = sdk.name('table');
      await new DynamoDBClient(sdk.config).send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        }),
      );
      return ref(sdk, 'AWS::DynamoDB::Table', TableName);
    },
    tag: async (sdk, of, Key, Value) => {
      await new DynamoDBClient(sdk.config).send(new DynamoDbTagResourceCommand({ ResourceArn: arnOf(of, 'dynamodb', 'table/'), Tags: [{ Key, Value }] }));
    },
    rest: async (sdk, { id }) => JSON.stringify((await new DynamoDBClient(sdk.config).send(new DescribeTableCommand({ TableName: id }))).Table),
  },
  ({ account, region, id }) => cloudTrailEvent({ account, region, service: 'dynamodb', operation: 'CreateTable', request: { tableName: id } }),
);

const dbInstance =
  (more: object = {}): Made =>
  async (sdk, tags) => {
    const id = sdk.name('db');
    await new RDSClient(sdk.config).send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: id,
        DBInstanceClass: 'db.t3.micro',
        Engine: 'postgres',
        MasterUsername: 'owner',
        ManageMasterUserPassword: true,
        AllocatedStorage: 20,
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        ...more,
      }),
    );
    return ref(sdk, 'AWS::RDS::DBInstance', id);
  };
kit(
  addDbInstanceToBackupPlan,
  {
    gone: 'no-such-database',
    arn: (of) => arnOf(of, 'rds', 'db:'),
    make: dbInstance(),
    tag: async (sdk, of, Key, Value) => {
      await new RDSClient(sdk.config).send(new AddTagsToResourceCommand({ ResourceName: arnOf(of, 'rds', 'db:'), Tags: [{ Key, Value }] }));
    },
    rest: async (sdk, { id }) =>
      JSON.stringify((await new RDSClient(sdk.config).send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }))).DBInstances),
  },
  ({ account, region, id }) => cloudTrailEvent({ account, region, service: 'rds', operation: 'CreateDBInstance', request: { dBInstanceIdentifier: id } }),
  [
    {
      name: 'it belongs to a DB cluster',
      expect: 'not-applicable',
      arrange: async (sdk) => {
        const DBClusterIdentifier = sdk.name('cluster');
        const client = new RDSClient(sdk.config);
        await client.send(
          new CreateDBClusterCommand({ DBClusterIdentifier, Engine: 'aurora-postgresql', MasterUsername: 'owner', ManageMasterUserPassword: true }),
        );
        return dbInstance({
          DBClusterIdentifier,
          Engine: 'aurora-postgresql',
          MasterUsername: undefined,
          ManageMasterUserPassword: undefined,
          AllocatedStorage: undefined,
        })(sdk, { team: 'media' });
      },
    },
  ],
);

kit(
  addDbClusterToBackupPlan,
  {
    gone: 'no-such-cluster',
    arn: (of) => arnOf(of, 'rds', 'cluster:'),
    make: async (sdk, tags) => {
      const DBClusterIdentifier = sdk.name('cluster');
      const owner = { MasterUsername: 'owner', ManageMasterUserPassword: true };
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      await new RDSClient(sdk.config).send(new CreateDBClusterCommand({ DBClusterIdentifier, Engine: 'aurora-postgresql', ...owner, Tags }));
      return ref(sdk, 'AWS::RDS::DBCluster', DBClusterIdentifier);
    },
    tag: async (sdk, of, Key, Value) => {
      await new RDSClient(sdk.config).send(new AddTagsToResourceCommand({ ResourceName: arnOf(of, 'rds', 'cluster:'), Tags: [{ Key, Value }] }));
    },
    rest: async (sdk, { id }) => JSON.stringify((await new RDSClient(sdk.config).send(new DescribeDBClustersCommand({ DBClusterIdentifier: id }))).DBClusters),
  },
  ({ account, region, id }) => cloudTrailEvent({ account, region, service: 'rds', operation: 'CreateDBCluster', request: { dBClusterIdentifier: id } }),
);
