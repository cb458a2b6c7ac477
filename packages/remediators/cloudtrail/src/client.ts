import { defineService } from '@redress/core';

/** CloudTrail as this package uses it. */
export const cloudtrail = defineService({
  id: 'cloudtrail',
  load: () => import('./sdk.js'),
  client: 'CloudTrailClient',
  operations: {
    DescribeTrails: {},
    GetEventSelectors: {},
    GetTrail: {},
    GetTrailStatus: {},
    ListTags: {},
    ListTrails: {},
    // A second one of the name is refused, whoever made the first.
    CreateTrail: { retry: 'verify-first' },
    // Each sets what it names: sent twice, it changes nothing more.
    StartLogging: { retry: 'idempotent' },
    StopLogging: { retry: 'idempotent' },
    // Sent again, it says that the trail is not found.
    DeleteTrail: { retry: 'verify-first' },
    UpdateTrail: { retry: 'idempotent' },
    PutEventSelectors: { retry: 'idempotent' },
  },
});
