// The only file of this package that imports an SDK client.
import {
  DeleteAccountPasswordPolicyCommand,
  GetAccessKeyLastUsedCommand,
  GetAccountPasswordPolicyCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListUsersCommand,
  ListUserTagsCommand,
  TagUserCommand,
  UntagUserCommand,
  UpdateAccountPasswordPolicyCommand,
} from '@aws-sdk/client-iam';
import { defineService } from '@redress/core';

/** IAM as this package uses it. Nothing here can deactivate or delete a key. */
export const iam = defineService({
  id: 'iam',
  client: IAMClient,
  operations: {
    ListUsers: { command: ListUsersCommand },
    ListAccessKeys: { command: ListAccessKeysCommand },
    GetAccessKeyLastUsed: { command: GetAccessKeyLastUsedCommand },
    ListUserTags: { command: ListUserTagsCommand },
    GetAccountPasswordPolicy: { command: GetAccountPasswordPolicyCommand },
    // A policy replaces the one before: sent twice, it changes nothing more.
    UpdateAccountPasswordPolicy: { command: UpdateAccountPasswordPolicyCommand, retry: 'idempotent' },
    DeleteAccountPasswordPolicy: { command: DeleteAccountPasswordPolicyCommand, retry: 'idempotent' },
    // Both leave other tags alone, and change nothing more when sent twice.
    TagUser: { command: TagUserCommand, retry: 'idempotent' },
    UntagUser: { command: UntagUserCommand, retry: 'idempotent' },
  },
});
