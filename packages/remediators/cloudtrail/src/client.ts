import { defineService } from '@redress/core';

/** CloudTrail as this package uses it. */
export const cloudtrail = defineService({
  id: 'cloudtrail',
  load: () => import('./sdk.js'),
  client: 'CloudTrailClient',
  operations: {
    DescribeTrails: {},
    GetTrail: {},
    GetTrailStatus: {},
    ListTags: {},
    // Each sets what it names: sent twice, it changes nothing more.
    StartLogging: { retry: 'idempotent' },
    UpdateTrail: { retry: 'idempotent' },
  },
});
