import { defineService } from '@redress/core';

/** KMS as this package uses it: it neither encrypts nor decrypts, and reads no key policy. */
export const kms = defineService({
  id: 'kms',
  load: () => import('./sdk.js'),
  client: 'KMSClient',
  operations: {
    DescribeKey: {},
    GetKeyRotationStatus: {},
    ListKeys: {},
    ListResourceTags: {},
    // Of a key that is not about to be deleted KMS refuses it, whoever cancelled first.
    CancelKeyDeletion: { retry: 'verify-first' },
    // Each sets what it says: sent twice, it changes nothing more.
    EnableKeyRotation: { retry: 'idempotent' },
    DisableKeyRotation: { retry: 'idempotent' },
  },
});
