import { defineRegister, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import {
  disablePublicAccess,
  enableClusterIamAuth,
  enableInstanceIamAuth,
  encryptSnapshotCopy,
  makeClusterSnapshotPrivate,
  makeSnapshotPrivate,
  reportUnencryptedClusterSnapshot,
} from './index.js';

const REF = resource({ type: 'AWS::RDS::DBSnapshot', id: 'orders-1', account: '111111111111', region: 'eu-west-1' });
const KEY = 'arn:aws:kms:{region}:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const parameters = { kmsKeyArn: KEY };
const MADE = new Date('2026-01-02T03:04:05Z');
const notThere = Object.assign(new Error('DBSnapshotNotFound'), { name: 'DBSnapshotNotFoundFault', code: 'aws/gone' });
const ORIGINAL = {
  DBSnapshotIdentifier: 'orders-1',
  DBInstanceIdentifier: 'orders',
  SnapshotType: 'manual',
  Encrypted: false,
  SnapshotCreateTime: MADE,
  OriginalSnapshotCreateTime: MADE,
  TagList: [],
};
const COPY = { ...ORIGINAL, DBSnapshotIdentifier: 'orders-1-encrypted', Encrypted: true, SnapshotCreateTime: new Date('2026-02-02T03:04:05Z') };
const of = (original: object, copy?: object) => ({
  rds: {
    DescribeDBSnapshots: async ({ DBSnapshotIdentifier: id }: { readonly DBSnapshotIdentifier: string }) => {
      if (id === 'orders-1') return { DBSnapshots: [{ ...ORIGINAL, ...original }] };
      if (copy === undefined) throw notThere;
      return { DBSnapshots: [{ ...COPY, ...copy }] };
    },
  },
});

describe('an unencrypted snapshot', () => {
  it('is copied with the key of the policy and its tags, and stays open, and nothing is deleted, not even by an undo', async () => {
    expect(await assess(encryptSnapshotCopy, REF, of({}), { parameters })).toMatchObject({
      status: 'change',
      open: ['delete the snapshot orders-1 when nobody restores or shares it any more'],
      changes: [
        {
          call: {
            operation: 'CopyDBSnapshot',
            input: {
              SourceDBSnapshotIdentifier: 'orders-1',
              TargetDBSnapshotIdentifier: 'orders-1-encrypted',
              KmsKeyId: KEY.replace('{region}', 'eu-west-1'),
              CopyTags: true,
            },
          },
          undo: { irreversible: expect.stringContaining('the copy stays') },
          resolves: false,
        },
      ],
    });
    expect(encryptSnapshotCopy.uses.undoes).toEqual([]);
  });
  it('is not copied without a key in the policy', async () => {
    expect(await assess(encryptSnapshotCopy, REF, of({}))).toMatchObject({ status: 'manual', message: expect.stringContaining('does not name kmsKeyArn') });
  });
  it('has a copy, and a person has to delete the original', async () => {
    expect(await assess(encryptSnapshotCopy, REF, of({}, {}), { parameters })).toMatchObject({
      status: 'manual',
      message: 'The snapshot orders-1 is not encrypted. orders-1-encrypted is its encrypted copy.',
      flagged: true,
    });
  });
  it.each([
    ['is not encrypted', { Encrypted: false }],
    ['is of another database', { DBInstanceIdentifier: 'invoices' }],
    ['has another creation time', { OriginalSnapshotCreateTime: new Date(0) }],
    ['does not name its source', { OriginalSnapshotCreateTime: undefined }],
  ])('has no copy if the snapshot with its name %s', async (_, more) => {
    expect(await assess(encryptSnapshotCopy, REF, of({}, more), { parameters })).toMatchObject({
      status: 'manual',
      message: 'The snapshot orders-1 is not encrypted, and another snapshot already has the name of its copy, orders-1-encrypted.',
    });
  });
  it('that RDS creates and deletes itself is not copied', async () => {
    expect((await assess(encryptSnapshotCopy, REF, of({ SnapshotType: 'automated' }), { parameters })).status).toBe('manual');
  });
  it('is not copied if its copy cannot be looked for', async () => {
    const denied = {
      rds: {
        DescribeDBSnapshots: async (input: { DBSnapshotIdentifier: string }) =>
          input.DBSnapshotIdentifier === 'orders-1' ? { DBSnapshots: [ORIGINAL] } : Promise.reject(new Error('AccessDenied')),
      },
    };
    await expect(look(encryptSnapshotCopy, REF, denied, { parameters })).rejects.toThrow('AccessDenied');
  });
  it('does not include one that is encrypted; one without that information cannot be read', async () => {
    expect((await assess(encryptSnapshotCopy, REF, of({ Encrypted: true }))).status).toBe('compliant');
    await expect(look(encryptSnapshotCopy, REF, of({ Encrypted: undefined }))).rejects.toThrow('did not return encrypted');
  });
  it('of a cluster is reported: RDS makes no encrypted copy of it', async () => {
    const cluster = resource({ ...REF, type: 'AWS::RDS::DBClusterSnapshot' });
    const found = (StorageEncrypted: boolean) => ({
      rds: { DescribeDBClusterSnapshots: { DBClusterSnapshots: [{ SnapshotCreateTime: MADE, StorageEncrypted, TagList: [] }] } },
    });
    expect((await assess(reportUnencryptedClusterSnapshot, cluster, found(false))).status).toBe('manual');
    expect((await assess(reportUnencryptedClusterSnapshot, cluster, found(true))).status).toBe('compliant');
  });
});

describe('a snapshot with capital letters in a recorded call', () => {
  it.each([
    [makeSnapshotPrivate, 'rds:ModifyDBSnapshotAttribute', { dBSnapshotIdentifier: 'Orders-Published' }, 'AWS::RDS::DBSnapshot'],
    [makeClusterSnapshotPrivate, 'rds:ModifyDBClusterSnapshotAttribute', { dBClusterSnapshotIdentifier: 'Orders-Published' }, 'AWS::RDS::DBClusterSnapshot'],
  ] as const)('is the one in lower case in RDS, so that an exception covers it: %#', async (remediator, call, request, type) => {
    const [service = '', operation = ''] = call.split(':');
    const recorded = { service, operation, request, response: null, errorCode: null, readOnly: false, account: REF.account, region: REF.region };
    const [named] = remediator.apiCalls[call]?.(recorded) ?? [];
    expect(named).toMatchObject({ id: 'Orders-Published' });
    expect(await remediator.identify?.({ aws: {} as never, resource: resource({ ...REF, type, id: named?.id ?? '' }) })).toEqual({ id: 'orders-published' });
  });
});

describe('IAM database authentication', () => {
  const INSTANCE = resource({ type: 'AWS::RDS::DBInstance', id: 'orders', account: '111111111111', region: 'eu-west-1' });
  const CLUSTER = resource({ ...INSTANCE, type: 'AWS::RDS::DBCluster' });
  const instance = (more: object) => ({
    rds: {
      DescribeDBInstances: {
        DBInstances: [
          { DbiResourceId: 'db-A', Engine: 'postgres', DBInstanceStatus: 'available', IAMDatabaseAuthenticationEnabled: false, TagList: [], ...more },
        ],
      },
    },
  });
  const cluster = (more: object) => ({
    rds: {
      DescribeDBClusters: {
        DBClusters: [
          { DbClusterResourceId: 'cluster-A', Engine: 'aurora-mysql', Status: 'available', IAMDatabaseAuthenticationEnabled: false, TagList: [], ...more },
        ],
      },
    },
  });
  it.each([
    [enableInstanceIamAuth, INSTANCE, instance, 'ModifyDBInstance', { DBInstanceIdentifier: 'orders' }],
    [enableClusterIamAuth, CLUSTER, cluster, 'ModifyDBCluster', { DBClusterIdentifier: 'orders' }],
  ])('$id turns on only that, not at once if something else is pending, and off again', async ({ id: _ }, ref, found, operation, named) => {
    const of = ref === INSTANCE ? enableInstanceIamAuth : enableClusterIamAuth;
    expect(await assess(of, ref, found({}))).toMatchObject({
      changes: [
        {
          call: { operation, input: { ...named, EnableIAMDatabaseAuthentication: true } },
          undo: { calls: [{ operation, input: { ...named, EnableIAMDatabaseAuthentication: false } }] },
        },
      ],
    });
    expect(JSON.stringify(await assess(of, ref, found({})))).not.toContain('ApplyImmediately');
    expect((await assess(of, ref, found({ IAMDatabaseAuthenticationEnabled: true }))).status).toBe('compliant');
    expect((await assess(of, ref, found({ Engine: 'neptune' }))).status).toBe('not-applicable');
    expect((await assess(of, ref, found({ PendingModifiedValues: { IAMDatabaseAuthenticationEnabled: true } }))).status).toBe('manual');
    expect(await assess(of, ref, found({ DBInstanceStatus: 'stopped', Status: 'stopped' }))).toMatchObject({ hazards: [{ code: 'busy' }] });
  });
  it('of a member of a cluster is that of the cluster', async () => {
    expect((await assess(enableInstanceIamAuth, INSTANCE, instance({ Engine: 'aurora-mysql' }))).status).toBe('manual');
    expect(await assess(enableInstanceIamAuth, INSTANCE, instance({ DBClusterIdentifier: 'c' }))).toMatchObject({
      status: 'manual',
      steps: ['aws rds modify-db-cluster --db-cluster-identifier c --enable-iam-database-authentication'],
    });
  });
});

describe('a database that a source names by its resource id', () => {
  const [INSTANCE, CLUSTER] = ['db-ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const asked: unknown[] = [];
  const aws = {
    rds: {
      DescribeDBInstances: async (input: unknown) => {
        asked.push(input);
        return { DBInstances: [{ DbiResourceId: INSTANCE, DBInstanceIdentifier: 'orders' }] };
      },
      DescribeDBClusters: async (input: unknown) => {
        asked.push(input);
        return { DBClusters: [{ DbClusterResourceId: CLUSTER, DBClusterIdentifier: 'orders' }] };
      },
    },
  };
  const named = (id: string, type: string) => resource({ type, id, account: '111111111111', region: 'eu-west-1' });
  it('is the one with its identifier, so that an exception covers it', async () => {
    expect(await disablePublicAccess.identify?.({ aws: aws as never, resource: named(INSTANCE, 'AWS::RDS::DBInstance') })).toEqual({ id: 'orders' });
    expect(await enableClusterIamAuth.identify?.({ aws: aws as never, resource: named(CLUSTER, 'AWS::RDS::DBCluster') })).toEqual({ id: 'orders' });
    expect(asked).toEqual([
      { Filters: [{ Name: 'dbi-resource-id', Values: [INSTANCE] }] },
      { Filters: [{ Name: 'db-cluster-resource-id', Values: [CLUSTER] }] },
    ]);
  });
  it('cannot be named by that id in an exception, which would cover nothing: the register is refused', () => {
    const register = (resource: string) =>
      defineRegister([{ id: 'EXC-1', scope: { resource }, reason: 'a vendor', owner: 'web', approver: 'security', expires: '2099-01-01T00:00:00Z' }]);
    for (const text of [INSTANCE, CLUSTER, `AWS::RDS::DBInstance:${INSTANCE}`])
      expect(() => register(text)).toThrow('is the resource id that RDS gave; give the identifier');
    for (const text of ['orders', 'db-orders', 'arn:aws:rds:eu-west-1:111111111111:db:orders', 'AWS::RDS::DBCluster:cluster-orders'])
      expect(register(text).entries).toHaveLength(1);
  });
});
