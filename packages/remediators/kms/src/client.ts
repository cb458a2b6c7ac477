import { defineService } from '@redress/core';

/** KMS as this package uses it: it neither encrypts nor decrypts. */
export const kms = defineService({
  id: 'kms',
  load: () => import('./sdk.js'),
  client: 'KMSClient',
  operations: {
    DescribeKey: {},
    GetKeyPolicy: {},
    GetKeyRotationStatus: {},
    ListKeys: {},
    ListResourceTags: {},
    // Of a key that is not about to be deleted KMS refuses it, whoever cancelled first.
    CancelKeyDeletion: { retry: 'verify-first' },
    // Each sets what it says: sent twice, it changes nothing more.
    EnableKeyRotation: { retry: 'idempotent' },
    DisableKeyRotation: { retry: 'idempotent' },
    // A policy replaces the one before: sent twice, it changes nothing more.
    PutKeyPolicy: { retry: 'idempotent' },
  },
});
