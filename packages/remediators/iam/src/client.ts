import { defineService } from '@redress/core';

/** IAM as this package uses it. Nothing here can deactivate or delete a key. */
export const iam = defineService({
  id: 'iam',
  load: () => import('./sdk.js'),
  client: 'IAMClient',
  operations: {
    ListUsers: {},
    ListAccessKeys: {},
    GetAccessKeyLastUsed: {},
    GetUser: {},
    GetAccountPasswordPolicy: {},
    GetCredentialReport: {},
    // A policy replaces the one before: sent twice, it changes nothing more.
    UpdateAccountPasswordPolicy: { retry: 'idempotent' },
    DeleteAccountPasswordPolicy: { retry: 'idempotent' },
    // Both leave other tags alone, and change nothing more when sent twice.
    TagUser: { retry: 'idempotent' },
    UntagUser: { retry: 'idempotent' },
  },
});
