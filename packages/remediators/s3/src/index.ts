/**
 * Remediators for S3.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableAccountPublicAccessBlock } from './further/account/s3-enable-account-public-access-block.js';
import { removeGlobalAclGrants } from './further/public/s3-remove-global-acl-grants.js';
import { removePublicRead } from './further/public/s3-remove-public-read.js';
import { removePublicWrite } from './further/public/s3-remove-public-write.js';
import { disableAcls } from './further/s3-disable-acls.js';
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
  enableServerAccessLogging,
  enableVersioning,
  enforceDefaultEncryption,
  removeGlobalAclGrants,
  removePublicRead,
  removePublicWrite,
  reportPublicWebsiteBucket,
  requireKmsDefaultEncryption,
  requireTls,
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
];
