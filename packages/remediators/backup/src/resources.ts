import { allOf, defineResource, given, inParallel, paginate, type Tags, tagsIn } from '@redress/core';
import { dynamodb, ec2, rds } from './client.js';

/** What is backed up: its tags, by which plans select. */
export interface BackedUp {
  readonly created: Date | string | undefined;
  readonly tags: Tags;
  /** The DB cluster that it belongs to, which is backed up as a whole. */
  readonly cluster: string | null;
}

const created = (found: BackedUp) => found.created;
const tags = { of: async ({ found }: { found(): Promise<BackedUp> }) => (await found()).tags };

/** An EBS volume, those that AWS services manage too. EC2 leaves the tags of what has none out. */
export const volume = defineResource({
  type: 'AWS::EC2::Volume',
  arn: 'arn:{partition}:ec2:{region}:{account}:volume/{id}',
  find: {
    reads: [ec2.pick('DescribeVolumes')],
    async of({ aws, id }): Promise<BackedUp | undefined> {
      const volumes = given(await aws.ec2.DescribeVolumes({ VolumeIds: [id], IncludeManagedResources: true }), 'Volumes');
      const found = volumes.find(({ VolumeId }) => VolumeId === id);
      return found && { created: found.CreateTime, tags: tagsIn(found.Tags ?? []), cluster: null };
    },
  },
  created,
  tags,
  list: {
    reads: [ec2.pick('DescribeVolumes')],
    async *of({ aws }) {
      for await (const { VolumeId: id } of paginate(aws.ec2.DescribeVolumes, { IncludeManagedResources: true }, 'Volumes')) if (id !== undefined) yield { id };
    },
  },
});

/** A DynamoDB table, by its name. */
export const table = defineResource({
  type: 'AWS::DynamoDB::Table',
  arn: 'arn:{partition}:dynamodb:{region}:{account}:table/{id}',
  find: {
    reads: [dynamodb.pick('DescribeTable', 'ListTagsOfResource')],
    async of({ aws, id, arn }): Promise<BackedUp> {
      const [{ Table }, tagged] = await inParallel(
        aws.dynamodb.DescribeTable({ TableName: id }),
        allOf(paginate(aws.dynamodb.ListTagsOfResource, { ResourceArn: arn }, 'Tags')),
      );
      return { created: Table?.CreationDateTime, tags: tagsIn(tagged), cluster: null };
    },
  },
  created,
  tags,
  list: {
    reads: [dynamodb.pick('ListTables')],
    async *of({ aws }) {
      const tokens = { input: 'ExclusiveStartTableName', output: 'LastEvaluatedTableName' };
      for await (const id of paginate(aws.dynamodb.ListTables, {}, 'TableNames', tokens)) yield { id };
    },
  },
});

const MARKER = { input: 'Marker', output: 'Marker' };

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
    async of({ aws, id }): Promise<BackedUp | undefined> {
      const [found] = given(await aws.rds.DescribeDBInstances({ DBInstanceIdentifier: id }), 'DBInstances');
      return found && { created: found.DbiResourceId, tags: tagsIn(found.TagList), cluster: found.DBClusterIdentifier || null };
    },
  },
  created,
  tags,
  list: {
    reads: [rds.pick('DescribeDBInstances')],
    async *of({ aws }) {
      for await (const { DBInstanceIdentifier: id } of paginate(aws.rds.DescribeDBInstances, {}, 'DBInstances', MARKER)) if (id !== undefined) yield { id };
    },
  },
});

/** A DB cluster, by its identifier, those of DocumentDB and Neptune too. AWS Config names it by its resource id. */
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
    async of({ aws, id }): Promise<BackedUp | undefined> {
      const [found] = given(await aws.rds.DescribeDBClusters({ DBClusterIdentifier: id }), 'DBClusters');
      return found && { created: found.DbClusterResourceId, tags: tagsIn(found.TagList), cluster: null };
    },
  },
  created,
  tags,
  list: {
    reads: [rds.pick('DescribeDBClusters')],
    async *of({ aws }) {
      for await (const { DBClusterIdentifier: id } of paginate(aws.rds.DescribeDBClusters, {}, 'DBClusters', MARKER)) if (id !== undefined) yield { id };
    },
  },
});
