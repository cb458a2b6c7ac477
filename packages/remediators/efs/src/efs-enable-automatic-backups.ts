import { classifyAwsError, defineSetting, isGone, shortLived } from '@redress/core';
import { efs } from './client.js';
import { fileSystem } from './file-system.js';
import { packageRef } from './package-ref.js';

/** EFS says the same by a policy that is off, and by an error where there was never one. */
const hasNone = (error: unknown) => isGone(error) && classifyAwsError((error as Error).cause).name === 'PolicyNotFound';
const isOn = (status: string) => status === 'ENABLED' || status === 'ENABLING';

/**
 * Turns on automatic backups of a file system. Clients do not notice them.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/efs-controls.html#efs-7
 */
export const enableAutomaticBackups = defineSetting({
  on: fileSystem,
  id: 'efs-enable-automatic-backups',
  title: 'Turn on automatic backups of a file system',
  package: packageRef,
  controls: { 'aws-fsbp': ['EFS.2', 'EFS.7'] },
  rules: { EFS_AUTOMATIC_BACKUPS_ENABLED: 'efs-automatic-backups-enabled', EFS_IN_BACKUP_PLAN: 'efs-in-backup-plan' },
  calls: { 'elasticfilesystem:CreateFileSystem': 'response.fileSystemId', 'elasticfilesystem:PutBackupPolicy': 'request.fileSystemId' },
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: [
    'What the backups cost, depending on the size of the file system.',
    'Whether another backup plan already covers it: then it is backed up twice.',
  ],
  read: {
    reads: [efs.pick('DescribeBackupPolicy')],
    async of({ aws, id }): Promise<{ readonly status: string | undefined }> {
      try {
        return { status: (await aws.elasticfilesystem.DescribeBackupPolicy({ FileSystemId: id })).BackupPolicy?.Status };
      } catch (error) {
        if (hasNone(error)) return { status: 'DISABLED' };
        throw error;
      }
    },
  },
  hazards: [shortLived('its backups cost money, and nobody restores them')],
  rollback: {
    restores: 'equivalent',
    what: 'Automatic backups are turned off again.',
    not: ['Backups made in the meantime stay in their vault until they expire.'],
  },
  alsoFoundBy: { prowler: ['efs_have_backup_enabled'] },
  inCode: { cloudFormation: 'AWS::EFS::FileSystem BackupPolicy.Status', terraform: 'aws_efs_backup_policy backup_policy.status' },
  wanted: ({ now }) => (isOn(now.status) ? now : { status: 'ENABLED' }),
  writes: [efs.pick('PutBackupPolicy')],
  write: ({ id }) => efs.call('PutBackupPolicy', { FileSystemId: id, BackupPolicy: { Status: 'ENABLED' } }),
  undo: ({ id }) => ({ calls: [efs.call('PutBackupPolicy', { FileSystemId: id, BackupPolicy: { Status: 'DISABLED' } })], restores: 'equivalent' }),
  // It is turned on, and then it is on.
  effective: ({ status, ...now }) => ({ ...now, on: isOn(status) }),
  summary: ({ id }) => `turn on automatic backups of ${id}`,
});
