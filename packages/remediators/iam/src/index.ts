/**
 * Remediators for IAM.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { reportAdminPolicy } from './further/iam-report-admin-policy.js';
import { reportFullServicePolicy } from './further/iam-report-full-service-policy.js';
import { reportInlinePolicies } from './further/iam-report-inline-policies.js';
import { reportLongLivedApiKey } from './further/iam-report-long-lived-api-key.js';
import { reportRootAccessKey } from './further/iam-report-root-access-key.js';
import { reportRootHardwareMfa } from './further/iam-report-root-hardware-mfa.js';
import { reportRootMfa } from './further/iam-report-root-mfa.js';
import { reportUserAttachedPolicies } from './further/iam-report-user-attached-policies.js';
import { reportUserWithoutMfa } from './further/iam-report-user-without-mfa.js';
import { reportDecryptAllInlinePolicies, reportDecryptAllPolicies } from './further/kms-report-decrypt-all-policies.js';
import { flagStaleAccessKey } from './iam-flag-stale-access-key.js';
import { strengthenPasswordPolicy } from './iam-strengthen-password-policy.js';

export {
  flagStaleAccessKey,
  reportAdminPolicy,
  reportDecryptAllInlinePolicies,
  reportDecryptAllPolicies,
  reportFullServicePolicy,
  reportInlinePolicies,
  reportLongLivedApiKey,
  reportRootAccessKey,
  reportRootHardwareMfa,
  reportRootMfa,
  reportUserAttachedPolicies,
  reportUserWithoutMfa,
  strengthenPasswordPolicy,
};

/** Those that come with the command. */
export const iamRemediators: readonly Remediator[] = [flagStaleAccessKey, strengthenPasswordPolicy];

/** Those that do not come with the command: reports of what only people can close. */
export const furtherIamRemediators: readonly Remediator[] = [
  reportAdminPolicy,
  reportFullServicePolicy,
  reportInlinePolicies,
  reportRootAccessKey,
  reportRootMfa,
  reportRootHardwareMfa,
  reportUserAttachedPolicies,
  reportUserWithoutMfa,
  reportDecryptAllPolicies,
  reportDecryptAllInlinePolicies,
  reportLongLivedApiKey,
];
