/**
 * Remediators for S3.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableServerAccessLogging } from './further/s3-enable-server-access-logging.js';
import { enableVersioning } from './further/s3-enable-versioning.js';
import { requireTls } from './further/s3-require-tls.js';
import { blockPublicAccess } from './s3-block-public-access-private-bucket.js';
import { enforceDefaultEncryption } from './s3-enforce-default-encryption.js';
import { reportPublicWebsiteBucket } from './s3-report-public-website-bucket.js';

export { blockPublicAccess, enableServerAccessLogging, enableVersioning, enforceDefaultEncryption, reportPublicWebsiteBucket, requireTls };

/** Those that come with the command. */
export const s3Remediators: readonly Remediator[] = [enforceDefaultEncryption, blockPublicAccess, reportPublicWebsiteBucket];

/** Those that do not: they ask, or need what the policy has to name. */
export const furtherS3Remediators: readonly Remediator[] = [enableServerAccessLogging, requireTls, enableVersioning];
