import { defineService } from '@redress/core';

/** Redshift as this package uses it. */
export const redshift = defineService({
  id: 'redshift',
  load: () => import('./sdk.js'),
  client: 'RedshiftClient',
  operations: {
    DescribeClusters: {},
    DescribeClusterParameters: {},
    DescribeLoggingStatus: {},
    // Each sets what it names: sent twice, it changes nothing more.
    ModifyCluster: { retry: 'idempotent' },
    ModifyClusterParameterGroup: { retry: 'idempotent' },
    EnableLogging: { retry: 'idempotent' },
    DisableLogging: { retry: 'idempotent' },
  },
});
