import { addToPlan } from './add-to-plan.js';
import { volume } from './resources.js';

/**
 * Adds an EBS volume that no backup plan selects to the plan that the policy names.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-28
 */
export const addEbsVolumeToBackupPlan = addToPlan({
  on: volume,
  id: 'ec2-add-ebs-volume-to-backup-plan',
  title: 'Add an EBS volume to a backup plan',
  controls: { 'aws-fsbp': ['EC2.28'] },
  rules: {
    EBS_IN_BACKUP_PLAN: 'ebs-in-backup-plan',
    EBS_RESOURCES_PROTECTED_BY_BACKUP_PLAN: 'ebs-resources-protected-by-backup-plan',
  },
  calls: { 'ec2:CreateVolume': 'response.volumeId' },
  prowler: 'ec2_ebs_volume_protected_by_backup_plan',
  blindSpots: [
    'Whether its instance is backed up as a whole: then the volume is backed up twice.',
    'Snapshots that a lifecycle policy of Data Lifecycle Manager makes.',
  ],
});
