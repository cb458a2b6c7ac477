import { resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, stateOf } from '../../../../tests/support/look.js';
import { addDbClusterToBackupPlan, addDbInstanceToBackupPlan, addEbsVolumeToBackupPlan, addTableToBackupPlan } from './index.js';

const own = { account: '111111111111', region: 'eu-west-1' };
const volume = resource({ type: 'AWS::EC2::Volume', id: 'vol-1', ...own });
const ARN = 'arn:aws:ec2:eu-west-1:111111111111:volume/vol-1';
const ROLE = 'arn:aws:iam::111111111111:role/backups';
const parameters = { plan: 'daily', roleArn: ROLE };
const plan = (BackupPlanId: string, BackupPlanName: string) => ({ BackupPlanId, BackupPlanName });
const world = (Tags: readonly object[], plans: readonly object[], selection: object | null = null) => ({
  ec2: { DescribeVolumes: { Volumes: [{ VolumeId: 'vol-1', CreateTime: new Date(0), Tags }] } },
  backup: {
    ListBackupPlans: { BackupPlansList: plans },
    ListBackupSelections: { BackupSelectionsList: selection === null ? [] : [{ SelectionId: 's-1' }] },
    GetBackupSelection: { BackupSelection: selection },
  },
});
const DAILY = plan('plan-1', 'daily');

describe('a volume without a backup plan', () => {
  it.each([['daily'], ['plan-1']])('is added to the plan that the policy names by %s, with its own selection, and removed again', async (named) => {
    const seen = await assess(addEbsVolumeToBackupPlan, volume, world([], [plan('plan-0', 'weekly'), DAILY]), { parameters: { ...parameters, plan: named } });
    const create = {
      BackupPlanId: 'plan-1',
      BackupSelection: { SelectionName: expect.stringMatching(/^redress-[0-9a-f]{32}$/), IamRoleArn: ROLE, Resources: [ARN] },
    };
    expect(seen).toMatchObject({
      status: 'change',
      hazards: [],
      changes: [
        {
          call: { service: 'backup', operation: 'CreateBackupSelection', input: create },
          undo: {
            restores: 'equivalent',
            calls: [{ operation: 'DeleteBackupSelection', input: { BackupPlanId: 'plan-1', SelectionId: { $response: '/SelectionId' } } }],
          },
        },
      ],
    });
  });
  it.each([
    ['plan and roleArn', {}],
    ['plan', { roleArn: ROLE }],
    ['roleArn', { plan: 'daily' }],
  ])('needs manual steps if the policy does not name %s', async (missing, given) => {
    expect(await assess(addEbsVolumeToBackupPlan, volume, world([], [DAILY]), { parameters: given })).toMatchObject({
      status: 'manual',
      message: `No backup plan selects vol-1. The policy does not name ${missing}, so nothing is changed.`,
    });
  });
  it.each([
    ['there is no plan with that name', [plan('plan-2', 'weekly')], 'there is no backup plan daily in the region', 'Make the plan daily'],
    [
      'several plans have that name',
      [plan('plan-2', 'daily'), DAILY],
      '2 backup plans are called daily in the region',
      'by its id in the policy: plan-1, plan-2.',
    ],
  ])('needs manual steps if %s', async (_, plans, message, step) => {
    expect(await assess(addEbsVolumeToBackupPlan, volume, world([], plans), { parameters })).toMatchObject({
      status: 'manual',
      message: `No backup plan selects vol-1, and ${message}: nothing is changed.`,
      steps: [expect.stringContaining(step)],
    });
  });
  it('is in a plan if it has the tags of a selection', async () => {
    const byTag = { ListOfTags: [{ ConditionKey: 'backup', ConditionValue: 'yes' }] };
    const of = async (Value: string) =>
      (await assess(addEbsVolumeToBackupPlan, volume, world([{ Key: 'backup', Value }], [DAILY], byTag), { parameters })).status;
    expect([await of('yes'), await of('no')]).toEqual(['compliant', 'change']);
  });
  it('has drifted once another selection includes it', async () => {
    const state = async (...SelectionIds: readonly string[]) => {
      const { ec2, backup } = world([], [DAILY], { Resources: [ARN] });
      const replies = { ec2, backup: { ...backup, ListBackupSelections: { BackupSelectionsList: SelectionIds.map((SelectionId) => ({ SelectionId })) } } };
      return stateOf(addEbsVolumeToBackupPlan, volume, replies, { parameters });
    };
    expect(await state('s-2', 's-1')).toEqual(await state('s-1', 's-2'));
    expect(await state('s-1', 's-2')).not.toEqual(await state('s-1'));
    expect(addEbsVolumeToBackupPlan.equivalent(await state('s-1'), await state('s-1', 's-2'))).toBe(false);
  });
  it('cannot be read if a plan or a selection is not described', async () => {
    const { ec2, backup } = world([], [DAILY], {});
    const undescribed = { ec2, backup: { ...backup, GetBackupSelection: {} } };
    await expect(assess(addEbsVolumeToBackupPlan, volume, undescribed, { parameters })).rejects.toThrow(/BackupSelection/);
    await expect(assess(addEbsVolumeToBackupPlan, volume, world([], [{ BackupPlanName: 'daily' }]), { parameters })).rejects.toThrow(/BackupPlanId/);
  });
  it('closes only its rule, and not the vaults and copies that the rule may require', () => {
    const of = (given: Readonly<Record<string, string>> | null) =>
      addEbsVolumeToBackupPlan.judge?.({ state: {}, context: undefined, resource: volume, parameters: {}, claim: { parameters: given } } as never);
    expect([of(null), of({}), of({ minRetentionDays: '35' })]).toEqual([[], [], null]);
  });
});

it('a table is in a plan if it has the tags, which are read separately', async () => {
  const table = resource({ type: 'AWS::DynamoDB::Table', id: 'orders', ...own });
  const byTag = {
    Resources: ['arn:aws:dynamodb:*:*:table/*'],
    Conditions: { StringEquals: [{ ConditionKey: 'aws:ResourceTag/backup', ConditionValue: 'yes' }] },
  };
  const of = async (Value: string) => {
    const { backup } = world([], [DAILY], byTag);
    const dynamodb = { DescribeTable: { Table: { CreationDateTime: new Date(0) } }, ListTagsOfResource: { Tags: [{ Key: 'backup', Value }] } };
    return (await assess(addTableToBackupPlan, table, { backup, dynamodb }, { parameters })).status;
  };
  expect([await of('yes'), await of('no')]).toEqual(['compliant', 'change']);
});

it('a member of a DB cluster is backed up with the cluster, and never added alone', async () => {
  const db = resource({ type: 'AWS::RDS::DBInstance', id: 'orders-1', ...own });
  const of = (DBClusterIdentifier: string | undefined) =>
    assess(
      addDbInstanceToBackupPlan,
      db,
      {
        backup: world([], [DAILY]).backup,
        rds: { DescribeDBInstances: { DBInstances: [{ DBInstanceIdentifier: 'orders-1', DbiResourceId: 'db-1', TagList: [], DBClusterIdentifier }] } },
      },
      { parameters },
    );
  expect(await of('orders')).toMatchObject({ status: 'not-applicable', reason: expect.stringContaining('belongs to the DB cluster orders') });
  expect(await of(undefined)).toMatchObject({ status: 'change' });
});

it('a DB cluster is added as a whole, by its own ARN', async () => {
  const cluster = resource({ type: 'AWS::RDS::DBCluster', id: 'orders', ...own });
  const rds = { DescribeDBClusters: { DBClusters: [{ DBClusterIdentifier: 'orders', DbClusterResourceId: 'cluster-1', TagList: [] }] } };
  const { backup } = world([], [DAILY]);
  expect(await assess(addDbClusterToBackupPlan, cluster, { backup, rds }, { parameters })).toMatchObject({
    changes: [{ call: { input: { BackupSelection: { Resources: ['arn:aws:rds:eu-west-1:111111111111:cluster:orders'] } } } }],
  });
});
it.each([
  [addDbInstanceToBackupPlan, 'DBInstance', 'db-ABCDEFGHIJKLMNOPQRSTU'],
  [addDbClusterToBackupPlan, 'DBCluster', 'cluster-ABCDEFGHIJKLMNOPQRSTU'],
])('$id finds what AWS Config names by its resource id, and accepts names in lower case', async (remediator, kind, id) => {
  const found = { [`${kind}Identifier`]: 'orders', DbiResourceId: id, DbClusterResourceId: id };
  const rds = {
    [`Describe${kind}s`]: async ({ Filters: [filter] }: { readonly Filters: readonly { readonly Values: readonly string[] }[] }) => ({
      [`${kind}s`]: filter?.Values[0] === id ? [found] : [],
    }),
  };
  const named = (name: string) => remediator.identify?.({ aws: { rds }, resource: resource({ type: `AWS::RDS::${kind}`, id: name, ...own }) } as never);
  expect(await named(id)).toEqual({ id: 'orders' });
  expect(await named(`${id}V`)).toBe('gone');
  expect(await named('Orders')).toEqual({ id: 'orders' });
});
