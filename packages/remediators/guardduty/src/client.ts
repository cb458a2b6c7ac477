import { defineService } from '@redress/core';

/** GuardDuty as this package uses it. Nothing here can delete a detector. */
export const guardduty = defineService({
  id: 'guardduty',
  load: () => import('./sdk.js'),
  client: 'GuardDutyClient',
  operations: {
    ListDetectors: {},
    GetDetector: {},
    // GuardDuty makes its service-linked role with the first detector.
    CreateDetector: { iam: ['guardduty:CreateDetector', 'iam:CreateServiceLinkedRole'], retry: 'client-token' },
    UpdateDetector: { retry: 'idempotent' },
  },
});
