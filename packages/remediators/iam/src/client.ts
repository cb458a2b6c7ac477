// The only file of this package that imports an SDK client.
import {
  GetAccessKeyLastUsedCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListUsersCommand,
  ListUserTagsCommand,
  TagUserCommand,
  UntagUserCommand,
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
    // Both leave other tags alone, and change nothing more when sent twice.
    TagUser: { command: TagUserCommand, retry: 'idempotent' },
    UntagUser: { command: UntagUserCommand, retry: 'idempotent' },
  },
});
