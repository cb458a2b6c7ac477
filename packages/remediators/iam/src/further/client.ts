import { defineService } from '@redress/core';

/** IAM as the reports use it: they only read. */
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
  },
});
