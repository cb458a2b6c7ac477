/**
 * Remediators for ECS.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { reportPrivilegedOrHostMode } from './ecs-report-privileged-or-host-mode.js';

export { reportPrivilegedOrHostMode };

/** Every remediator of this package. */
export const ecsRemediators: readonly Remediator[] = [reportPrivilegedOrHostMode];
