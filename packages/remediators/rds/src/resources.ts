import { type Assessment, type DeclaredHazard, defineResource, given, type NamedIn, paginate, type ResourceType, tagsIn, type WithFound } from '@redress/core';
import { rds } from './client.js';

export const MARKER = { input: 'Marker', output: 'Marker' };

/** A DB instance, by its identifier. AWS Config names it by its resource id. */
export const dbInstance = defineResource({
  type: 'AWS::RDS::DBInstance',
  arn: 'arn:{partition}:rds:{region}:{account}:db:{id}',
  name: {
    reads: [rds.pick('DescribeDBInstances')],
    of: async ({ aws, id }) => {
      // Whoever calls RDS may write a name in capitals; RDS keeps it in lower case.
      if (!/^db-[A-Z0-9]{20,}$/.test(id)) return { id: id.toLowerCase() };
      for await (const each of paginate(aws.rds.DescribeDBInstances, { Filters: [{ Name: 'dbi-resource-id', Values: [id] }] }, 'DBInstances', MARKER))
        if (each.DbiResourceId === id && each.DBInstanceIdentifier !== undefined) return { id: each.DBInstanceIdentifier };
      return 'gone';
    },
  },
  find: {
    reads: [rds.pick('DescribeDBInstances')],
    of: async ({ aws, id }) => given(await aws.rds.DescribeDBInstances({ DBInstanceIdentifier: id }), 'DBInstances')[0],
  },
  created: ({ DbiResourceId }) => DbiResourceId,
  tags: { of: async ({ found }) => tagsIn((await found()).TagList) },
  list: {
    reads: [rds.pick('DescribeDBInstances')],
    async *of({ aws }) {
      for await (const found of paginate(aws.rds.DescribeDBInstances, {}, 'DBInstances', MARKER))
        if (found.DBInstanceIdentifier !== undefined) yield { id: found.DBInstanceIdentifier, found };
    },
  },
});

type DbInstance = typeof dbInstance extends ResourceType<infer Found> ? Found : never;

/** A DB cluster, by its identifier. AWS Config names it by its resource id. */
export const dbCluster = defineResource({
  type: 'AWS::RDS::DBCluster',
  arn: 'arn:{partition}:rds:{region}:{account}:cluster:{id}',
  name: {
    reads: [rds.pick('DescribeDBClusters')],
    of: async ({ aws, id }) => {
      if (!/^cluster-[A-Z0-9]{20,}$/.test(id)) return { id: id.toLowerCase() };
      for await (const each of paginate(aws.rds.DescribeDBClusters, { Filters: [{ Name: 'db-cluster-resource-id', Values: [id] }] }, 'DBClusters', MARKER))
        if (each.DbClusterResourceId === id && each.DBClusterIdentifier !== undefined) return { id: each.DBClusterIdentifier };
      return 'gone';
    },
  },
  find: {
    reads: [rds.pick('DescribeDBClusters')],
    of: async ({ aws, id }) => given(await aws.rds.DescribeDBClusters({ DBClusterIdentifier: id }), 'DBClusters')[0],
  },
  created: ({ DbClusterResourceId }) => DbClusterResourceId,
  tags: { of: async ({ found }) => tagsIn((await found()).TagList) },
  list: {
    reads: [rds.pick('DescribeDBClusters')],
    async *of({ aws }) {
      for await (const found of paginate(aws.rds.DescribeDBClusters, {}, 'DBClusters', MARKER))
        if (found.DBClusterIdentifier !== undefined) yield { id: found.DBClusterIdentifier, found };
    },
  },
});

/** Calls after which the settings of an instance are looked at. */
export const instanceCalls: Readonly<Record<string, NamedIn>> = {
  'rds:CreateDBInstance': 'request.dBInstanceIdentifier',
  'rds:ModifyDBInstance': 'request.dBInstanceIdentifier',
  'rds:RestoreDBInstanceFromDBSnapshot': 'request.dBInstanceIdentifier',
};

/** What it does at the moment, for {@link busy}. */
export const status = {
  of: async ({ found }: WithFound<DbInstance>) => ({ status: (await found()).DBInstanceStatus ?? 'unknown' }),
};

/** RDS changes an instance only while it is available. */
export const busy: DeclaredHazard & {
  when(args: { readonly context: { readonly status: string } | undefined; readonly id: string }): string | null;
} = {
  code: 'busy',
  effect: 'approve',
  what: 'The instance is being created, changed, backed up or stopped: RDS rejects the change, or makes it later.',
  advice: 'Wait until it is available. Then approve.',
  when: ({ context, id }) => (context === undefined || context.status === 'available' ? null : `${id} is not available at the moment: it is ${context.status}`),
};

/** Members of Aurora, DocumentDB, Neptune and Multi-AZ DB clusters have what is the cluster's from there. */
export function ofCluster(cluster: string | null, argument: string): Exclude<Assessment, { readonly status: 'change' }> | null {
  if (cluster === null) return null;
  return {
    status: 'manual',
    message: `It belongs to the DB cluster ${cluster}, where this is set for all members, not for a single one.`,
    steps: [`aws rds modify-db-cluster --db-cluster-identifier ${cluster} ${argument}`],
  };
}

/** Whoever calls RDS may write the name of a snapshot in capitals; RDS keeps it in lower case, and exceptions name it so. */
const inLowerCase = { reads: [], of: async ({ id }: { readonly id: string }) => ({ id: id.toLowerCase() }) } as const;

/** A manual snapshot of a DB instance. */
export const dbSnapshot = defineResource({
  type: 'AWS::RDS::DBSnapshot',
  arn: 'arn:{partition}:rds:{region}:{account}:snapshot:{id}',
  name: inLowerCase,
  find: {
    reads: [rds.pick('DescribeDBSnapshots')],
    of: async ({ aws, id }) => given(await aws.rds.DescribeDBSnapshots({ DBSnapshotIdentifier: id }), 'DBSnapshots')[0],
  },
  created: ({ SnapshotCreateTime }) => SnapshotCreateTime,
  tags: { of: async ({ found }) => tagsIn((await found()).TagList) },
  list: {
    reads: [rds.pick('DescribeDBSnapshots')],
    async *of({ aws }) {
      for await (const { DBSnapshotIdentifier: id } of paginate(aws.rds.DescribeDBSnapshots, { SnapshotType: 'manual' }, 'DBSnapshots', MARKER))
        if (id !== undefined) yield { id };
    },
  },
});

/** A manual snapshot of a DB cluster. */
export const dbClusterSnapshot = defineResource({
  type: 'AWS::RDS::DBClusterSnapshot',
  arn: 'arn:{partition}:rds:{region}:{account}:cluster-snapshot:{id}',
  name: inLowerCase,
  find: {
    reads: [rds.pick('DescribeDBClusterSnapshots')],
    of: async ({ aws, id }) => given(await aws.rds.DescribeDBClusterSnapshots({ DBClusterSnapshotIdentifier: id }), 'DBClusterSnapshots')[0],
  },
  created: ({ SnapshotCreateTime }) => SnapshotCreateTime,
  tags: { of: async ({ found }) => tagsIn((await found()).TagList) },
  list: {
    reads: [rds.pick('DescribeDBClusterSnapshots')],
    async *of({ aws }) {
      for await (const { DBClusterSnapshotIdentifier: id } of paginate(
        aws.rds.DescribeDBClusterSnapshots,
        { SnapshotType: 'manual' },
        'DBClusterSnapshots',
        MARKER,
      ))
        if (id !== undefined) yield { id };
    },
  },
});
