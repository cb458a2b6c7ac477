/**
 * Remediators for S3.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableAccountPublicAccessBlock } from './further/account/s3-enable-account-public-access-block.js';
import { enableBucketKey } from './further/key/s3-enable-bucket-key.js';
import { reportMissingLifecycle } from './further/lifecycle/s3-report-missing-lifecycle.js';
import { reportMissingMultipartExpiry } from './further/lifecycle/s3-report-missing-multipart-expiry.js';
import { reportMissingVersionLifecycle } from './further/lifecycle/s3-report-missing-version-lifecycle.js';
import { removeGlobalAclGrants } from './further/public/s3-remove-global-acl-grants.js';
import { removePublicRead } from './further/public/s3-remove-public-read.js';
import { removePublicWrite } from './further/public/s3-remove-public-write.js';
import { removeWildcardPrincipal } from './further/public/s3-remove-wildcard-principal.js';
import { restrictCrossAccountPolicyActions } from './further/public/s3-restrict-cross-account-policy-actions.js';
import { disableAcls } from './further/s3-disable-acls.js';
import { enableEventNotifications } from './further/s3-enable-event-notifications.js';
import { enableServerAccessLogging } from './further/s3-enable-server-access-logging.js';
import { enableVersioning } from './further/s3-enable-versioning.js';
import { requireKmsDefaultEncryption } from './further/s3-require-kms-default-encryption.js';
import { requireTls } from './further/s3-require-tls.js';
import { blockPublicAccess } from './s3-block-public-access-private-bucket.js';
import { enforceDefaultEncryption } from './s3-enforce-default-encryption.js';
import { reportPublicWebsiteBucket } from './s3-report-public-website-bucket.js';

export {
  blockPublicAccess,
  disableAcls,
  enableAccountPublicAccessBlock,
  enableBucketKey,
  enableEventNotifications,
  enableServerAccessLogging,
  enableVersioning,
  enforceDefaultEncryption,
  removeGlobalAclGrants,
  removePublicRead,
  removePublicWrite,
  removeWildcardPrincipal,
  reportMissingLifecycle,
  reportMissingMultipartExpiry,
  reportMissingVersionLifecycle,
  reportPublicWebsiteBucket,
  requireKmsDefaultEncryption,
  requireTls,
  restrictCrossAccountPolicyActions,
};

/** Those that come with the command. */
export const s3Remediators: readonly Remediator[] = [enforceDefaultEncryption, blockPublicAccess, reportPublicWebsiteBucket];

/** Those that do not: they ask, or need what the policy has to name. */
export const furtherS3Remediators: readonly Remediator[] = [
  enableServerAccessLogging,
  requireTls,
  enableVersioning,
  requireKmsDefaultEncryption,
  enableAccountPublicAccessBlock,
  removePublicRead,
  removePublicWrite,
  removeGlobalAclGrants,
  disableAcls,
  enableBucketKey,
  enableEventNotifications,
  removeWildcardPrincipal,
  restrictCrossAccountPolicyActions,
  reportMissingLifecycle,
  reportMissingVersionLifecycle,
  reportMissingMultipartExpiry,
];
