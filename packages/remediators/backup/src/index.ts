/**
 * Remediators that add resources to plans of AWS Backup.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { addTableToBackupPlan } from './dynamodb-add-to-backup-plan.js';
import { addEbsVolumeToBackupPlan } from './ec2-add-ebs-volume-to-backup-plan.js';
import { addDbClusterToBackupPlan } from './rds-add-cluster-to-backup-plan.js';
import { addDbInstanceToBackupPlan } from './rds-add-to-backup-plan.js';

export { addDbClusterToBackupPlan, addDbInstanceToBackupPlan, addEbsVolumeToBackupPlan, addTableToBackupPlan };

/** Every remediator of this package. */
export const backupRemediators: readonly Remediator[] = [addEbsVolumeToBackupPlan, addTableToBackupPlan, addDbInstanceToBackupPlan, addDbClusterToBackupPlan];
