import { defineService } from '@redress/core';

/** RDS as this package uses it. No call says ApplyImmediately: what is pending keeps waiting for its maintenance window. */
export const rds = defineService({
  id: 'rds',
  load: () => import('./sdk.js'),
  client: 'RDSClient',
  operations: {
    DescribeDBInstances: {},
    DescribeDBClusters: {},
    DescribeDBParameters: {},
    DescribeDBProxies: {},
    DescribeDBSnapshots: {},
    DescribeDBSnapshotAttributes: {},
    DescribeDBClusterSnapshots: {},
    DescribeDBClusterSnapshotAttributes: {},
    ListTagsForResource: {},
    // Each sets what it names: sent twice, it changes nothing more.
    ModifyDBInstance: { retry: 'idempotent' },
    ModifyDBCluster: { retry: 'idempotent' },
    ModifyDBParameterGroup: { retry: 'idempotent' },
    ResetDBParameterGroup: { retry: 'idempotent' },
    ModifyDBProxy: { retry: 'idempotent' },
    ModifyDBSnapshotAttribute: { retry: 'idempotent' },
    ModifyDBClusterSnapshotAttribute: { retry: 'idempotent' },
    CopyDBSnapshot: {},
  },
});
