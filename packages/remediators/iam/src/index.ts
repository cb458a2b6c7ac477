/**
 * Remediators for IAM.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { flagStaleAccessKey } from './iam-flag-stale-access-key.js';
import { reportAdminPolicy } from './iam-report-admin-policy.js';
import { reportFullServicePolicy } from './iam-report-full-service-policy.js';
import { reportInlinePolicies } from './iam-report-inline-policies.js';
import { reportRootAccessKey } from './iam-report-root-access-key.js';
import { reportRootHardwareMfa } from './iam-report-root-hardware-mfa.js';
import { reportRootMfa } from './iam-report-root-mfa.js';
import { reportUserAttachedPolicies } from './iam-report-user-attached-policies.js';
import { reportUserWithoutMfa } from './iam-report-user-without-mfa.js';
import { strengthenPasswordPolicy } from './iam-strengthen-password-policy.js';

export {
  flagStaleAccessKey,
  reportAdminPolicy,
  reportFullServicePolicy,
  reportInlinePolicies,
  reportRootAccessKey,
  reportRootHardwareMfa,
  reportRootMfa,
  reportUserAttachedPolicies,
  reportUserWithoutMfa,
  strengthenPasswordPolicy,
};

/** Every remediator of this package. */
export const iamRemediators: readonly Remediator[] = [
  flagStaleAccessKey,
  strengthenPasswordPolicy,
  reportAdminPolicy,
  reportFullServicePolicy,
  reportInlinePolicies,
  reportRootAccessKey,
  reportRootMfa,
  reportRootHardwareMfa,
  reportUserAttachedPolicies,
  reportUserWithoutMfa,
];
