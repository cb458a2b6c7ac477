/**
 * Remediators for IAM.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { deactivateStaleAccessKey } from './further/iam-deactivate-stale-access-key.js';
import { deactivateUnusedAccessKey } from './further/iam-deactivate-unused-access-key.js';
import { detachCloudShellFullAccess } from './further/iam-detach-cloudshell-full-access.js';
import { reportAdminPolicy } from './further/iam-report-admin-policy.js';
import { reportExpiredServerCertificate } from './further/iam-report-expired-server-certificate.js';
import { reportFullServicePolicy } from './further/iam-report-full-service-policy.js';
import { reportInlinePolicies } from './further/iam-report-inline-policies.js';
import { reportLongLivedApiKey } from './further/iam-report-long-lived-api-key.js';
import { reportMissingSupportRole } from './further/iam-report-missing-support-role.js';
import { reportRootAccessKey } from './further/iam-report-root-access-key.js';
import { reportRootHardwareMfa } from './further/iam-report-root-hardware-mfa.js';
import { reportRootMfa } from './further/iam-report-root-mfa.js';
import { reportUnusedConsolePassword } from './further/iam-report-unused-console-password.js';
import { reportUnusedGroup } from './further/iam-report-unused-group.js';
import { reportUserAttachedPolicies } from './further/iam-report-user-attached-policies.js';
import { reportUserWithoutMfa } from './further/iam-report-user-without-mfa.js';
import { setPasswordExpiration } from './further/iam-set-password-expiration.js';
import { reportDecryptAllInlinePolicies, reportDecryptAllPolicies } from './further/kms-report-decrypt-all-policies.js';
import { flagStaleAccessKey } from './iam-flag-stale-access-key.js';
import { strengthenPasswordPolicy } from './iam-strengthen-password-policy.js';

export {
  deactivateStaleAccessKey,
  deactivateUnusedAccessKey,
  detachCloudShellFullAccess,
  flagStaleAccessKey,
  reportAdminPolicy,
  reportDecryptAllInlinePolicies,
  reportDecryptAllPolicies,
  reportExpiredServerCertificate,
  reportFullServicePolicy,
  reportInlinePolicies,
  reportLongLivedApiKey,
  reportMissingSupportRole,
  reportRootAccessKey,
  reportRootHardwareMfa,
  reportRootMfa,
  reportUnusedConsolePassword,
  reportUnusedGroup,
  reportUserAttachedPolicies,
  reportUserWithoutMfa,
  setPasswordExpiration,
  strengthenPasswordPolicy,
};

/** Those that come with the command. */
export const iamRemediators: readonly Remediator[] = [flagStaleAccessKey, strengthenPasswordPolicy];

/** Those that do not come with the command. */
export const furtherIamRemediators: readonly Remediator[] = [
  deactivateStaleAccessKey,
  deactivateUnusedAccessKey,
  setPasswordExpiration,
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
  reportUnusedConsolePassword,
  detachCloudShellFullAccess,
  reportMissingSupportRole,
  reportExpiredServerCertificate,
  reportUnusedGroup,
];
