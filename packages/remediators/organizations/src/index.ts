/**
 * Remediators for Organizations.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { reportOutsideOrganization } from './account-report-outside-organization.js';

export { reportOutsideOrganization };

/** Every remediator of this package. */
export const organizationsRemediators: readonly Remediator[] = [reportOutsideOrganization];
