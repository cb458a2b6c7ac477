import { defineService } from '@redress/core';

/** EFS as this package uses it. */
export const efs = defineService({
  id: 'elasticfilesystem',
  load: () => import('./sdk.js'),
  client: 'EFSClient',
  operations: {
    DescribeFileSystems: {},
    DescribeBackupPolicy: {},
    // Sent twice, it changes nothing more.
    PutBackupPolicy: { retry: 'idempotent' },
  },
});
