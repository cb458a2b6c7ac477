import { type Remediator, resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { addDbClusterToBackupPlan, addDbInstanceToBackupPlan, addEbsVolumeToBackupPlan, addTableToBackupPlan } from '../src/index.js';

interface Thing {
  tags: { Key: string; Value: string }[];
  /** Ids of the selections of the one plan there is that name it. */
  selections: string[];
}
const thing = (custom: Record<string, unknown>, id: string, code: string): Thing => {
  const found = (custom as Record<string, Thing>)[id];
  if (found === undefined) throw new SimulatedError(code, 400);
  return found;
};
const ids = (custom: Record<string, unknown>) => Object.keys(custom).sort();
const selecting = (custom: Record<string, unknown>, SelectionId: string): [id: string, thing: Thing] => {
  const found = Object.entries(custom as Record<string, Thing>).find(([, { selections }]) => selections.includes(SelectionId));
  if (found === undefined) throw new SimulatedError('ResourceNotFoundException', 400);
  return found;
};

/** As much of each service as the package uses. */
const services: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  backup: {
    ListBackupPlans: () => ({ BackupPlansList: [{ BackupPlanId: 'plan-1', BackupPlanName: 'daily' }] }),
    ListBackupSelections: ({ custom }) => ({
      BackupSelectionsList: Object.values(custom as Record<string, Thing>).flatMap(({ selections }) => selections.map((SelectionId) => ({ SelectionId }))),
    }),
    GetBackupSelection: ({ custom }, { SelectionId }: { readonly SelectionId: string }) => ({
      BackupSelection: { Resources: [`*${selecting(custom, SelectionId)[0]}`] },
    }),
    CreateBackupSelection: (state, { BackupSelection }: { readonly BackupSelection: { readonly Resources: readonly string[] } }) => {
      const SelectionId = `selection-${++state.made}`;
      const [, id = ''] = /([^:/]+)$/.exec(BackupSelection.Resources[0] ?? '') ?? [];
      thing(state.custom, id, 'InvalidParameterValueException').selections.push(SelectionId);
      return { SelectionId };
    },
    DeleteBackupSelection: ({ custom }, { SelectionId }: { readonly SelectionId: string }) => {
      const [, found] = selecting(custom, SelectionId);
      found.selections = found.selections.filter((each) => each !== SelectionId);
      return {};
    },
  },
  ec2: {
    DescribeVolumes: ({ custom }, { VolumeIds = ids(custom) }: { readonly VolumeIds?: string[] }) => ({
      Volumes: VolumeIds.map((VolumeId) => ({ VolumeId, CreateTime: new Date(0), Tags: thing(custom, VolumeId, 'InvalidVolume.NotFound').tags })),
    }),
  },
  dynamodb: {
    DescribeTable: ({ custom }, { TableName }: { readonly TableName: string }) => {
      thing(custom, TableName, 'ResourceNotFoundException');
      return { Table: { CreationDateTime: new Date(0) } };
    },
    ListTables: ({ custom }) => ({ TableNames: ids(custom) }),
    ListTagsOfResource: ({ custom }, { ResourceArn }: { readonly ResourceArn: string }) => ({
      Tags: thing(custom, ResourceArn.split('/').pop() ?? '', 'ResourceNotFoundException').tags,
    }),
  },
  rds: {
    DescribeDBClusters: ({ custom }, { DBClusterIdentifier }: { readonly DBClusterIdentifier?: string }) => ({
      DBClusters: (DBClusterIdentifier === undefined ? ids(custom) : [DBClusterIdentifier]).map((id) => ({
        DBClusterIdentifier: id,
        DbClusterResourceId: `cluster-${id}`,
        TagList: thing(custom, id, 'DBClusterNotFoundFault').tags,
      })),
    }),
    DescribeDBInstances: ({ custom }, { DBInstanceIdentifier }: { readonly DBInstanceIdentifier?: string }) => ({
      DBInstances: (DBInstanceIdentifier === undefined ? ids(custom) : [DBInstanceIdentifier]).map((id) => ({
        DBInstanceIdentifier: id,
        DbiResourceId: `db-${id}`,
        TagList: thing(custom, id, 'DBInstanceNotFound').tags,
      })),
    }),
  },
};

it.each<[id: string, Remediator, subject: string]>([
  [addEbsVolumeToBackupPlan.id, addEbsVolumeToBackupPlan, 'vol-0123456789abcdef0'],
  [addTableToBackupPlan.id, addTableToBackupPlan, 'orders'],
  [addDbInstanceToBackupPlan.id, addDbInstanceToBackupPlan, 'orders'],
  [addDbClusterToBackupPlan.id, addDbClusterToBackupPlan, 'orders'],
])('%s survives every fault at every call', async (_, remediator, subject) => {
  const report = await faultMatrix(remediator, {
    services,
    parameters: { plan: 'daily', roleArn: 'arn:aws:iam::111111111111:role/backups' },
    arrange(account) {
      const { custom } = account.state;
      Object.assign(custom, { beside: { tags: [], selections: ['beside'] }, [subject]: { tags: [], selections: ['theirs'] } });
      const now = () => (custom as Record<string, Thing>)[subject];
      return reportedGap({
        resource: resource({ type: remediator.resourceTypes[0] ?? '', id: subject, account: account.account, region: 'us-east-1' }),
        rule: String(remediator.configRules[1]),
        open: () => Object.assign(now() ?? {}, { selections: [] }),
        isOpen: () => now()?.selections.length === 0,
        others: {
          delete: () => delete custom[subject],
          fix: () => Object.assign(now() ?? {}, { selections: ['theirs'] }),
          change: () => now()?.tags.push({ Key: 'team', Value: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(200);
});
