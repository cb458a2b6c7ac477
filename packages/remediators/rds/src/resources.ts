import { defineResource, paginate, tagsIn } from '@redress/core';
import { rds } from './client.js';

const MARKER = { input: 'Marker', output: 'Marker' };

/** A DB instance, by its identifier. AWS Config names it by its resource id. */
export const dbInstance = defineResource({
  type: 'AWS::RDS::DBInstance',
  arn: 'arn:{partition}:rds:{region}:{account}:db:{id}',
  name: {
    reads: [rds.pick('DescribeDBInstances')],
    of: async ({ aws, id }) => {
      if (!/^db-[A-Z0-9]{20,}$/.test(id)) return { id };
      for await (const each of paginate(aws.rds.DescribeDBInstances, { Filters: [{ Name: 'dbi-resource-id', Values: [id] }] }, 'DBInstances', MARKER))
        if (each.DbiResourceId === id && each.DBInstanceIdentifier !== undefined) return { id: each.DBInstanceIdentifier };
      return 'gone';
    },
  },
  find: {
    reads: [rds.pick('DescribeDBInstances')],
    of: async ({ aws, id }) => (await aws.rds.DescribeDBInstances({ DBInstanceIdentifier: id })).DBInstances?.[0],
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

/** A manual snapshot of a DB instance. */
export const dbSnapshot = defineResource({
  type: 'AWS::RDS::DBSnapshot',
  arn: 'arn:{partition}:rds:{region}:{account}:snapshot:{id}',
  find: {
    reads: [rds.pick('DescribeDBSnapshots')],
    of: async ({ aws, id }) => (await aws.rds.DescribeDBSnapshots({ DBSnapshotIdentifier: id })).DBSnapshots?.[0],
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
  find: {
    reads: [rds.pick('DescribeDBClusterSnapshots')],
    of: async ({ aws, id }) => (await aws.rds.DescribeDBClusterSnapshots({ DBClusterSnapshotIdentifier: id })).DBClusterSnapshots?.[0],
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
