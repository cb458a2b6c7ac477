/**
 * Remediators for S3.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enforceDefaultEncryption } from './s3-enforce-default-encryption.js';
import { reportPublicWebsiteBucket } from './s3-report-public-website-bucket.js';

export { enforceDefaultEncryption, reportPublicWebsiteBucket };

/** Every remediator of this package. */
export const s3Remediators: readonly Remediator[] = [enforceDefaultEncryption, reportPublicWebsiteBucket];
