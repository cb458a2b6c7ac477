/**
 * Remediators for S3.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { blockPublicAccess } from './s3-block-public-access-private-bucket.js';
import { enforceDefaultEncryption } from './s3-enforce-default-encryption.js';
import { reportPublicWebsiteBucket } from './s3-report-public-website-bucket.js';

export { blockPublicAccess, enforceDefaultEncryption, reportPublicWebsiteBucket };

/** Every remediator of this package. */
export const s3Remediators: readonly Remediator[] = [enforceDefaultEncryption, blockPublicAccess, reportPublicWebsiteBucket];
