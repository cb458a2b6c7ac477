import { defineService } from '@redress/core';

/** IAM as the further remediators use it. Keys are turned off and on again, and nothing here can delete one. */
export const iam = defineService({
  id: 'iam',
  load: () => import('./sdk.js'),
  client: 'IAMClient',
  operations: {
    ListUsers: {},
    ListRoles: {},
    ListGroups: {},
    ListPolicies: {},
    ListVirtualMFADevices: {},
    GetAccountSummary: {},
    GetUser: {},
    GetRole: {},
    GetGroup: {},
    GetUserPolicy: {},
    GetRolePolicy: {},
    GetGroupPolicy: {},
    GetPolicy: {},
    GetPolicyVersion: {},
    ListEntitiesForPolicy: {},
    ListAttachedUserPolicies: {},
    ListUserPolicies: {},
    ListRolePolicies: {},
    ListGroupPolicies: {},
    ListMFADevices: {},
    ListServiceSpecificCredentials: {},
    GetLoginProfile: {},
    ListAccessKeys: {},
    GetAccessKeyLastUsed: {},
    // A key gets the status that is named: sent twice, it changes nothing more.
    UpdateAccessKey: { retry: 'idempotent' },
  },
});
