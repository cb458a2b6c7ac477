/**
 * Remediators for Certificate Manager.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { reportExpiringOrWeakCertificate } from './acm-report-expiring-or-weak-certificate.js';

export { reportExpiringOrWeakCertificate };

/** Every remediator of this package. */
export const acmRemediators: readonly Remediator[] = [reportExpiringOrWeakCertificate];
