import { defineReport } from '@redress/core';
import { fileSystem } from './file-system.js';
import { packageRef } from './package-ref.js';

/**
 * Reports a file system that is not encrypted at rest. Encryption is fixed when it is made.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/efs-controls.html#efs-8
 */
export const reportUnencrypted = defineReport({
  on: fileSystem,
  id: 'efs-report-unencrypted',
  title: 'Report file systems without encryption at rest',
  package: packageRef,
  controls: {
    'aws-fsbp': ['EFS.1', 'EFS.8'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['2.4.1'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['2.3.1'],
  },
  rules: { EFS_ENCRYPTED_CHECK: 'efs-encrypted-check', EFS_FILESYSTEM_CT_ENCRYPTED: 'efs-filesystem-ct-encrypted' },
  calls: { 'elasticfilesystem:CreateFileSystem': 'response.fileSystemId' },
  alsoFoundBy: { prowler: ['efs_encryption_at_rest_enabled'] },
  blindSpots: ['Who mounts the file system, and how long it may be unavailable.'],
  at: ({ Encrypted }) => ({ encrypted: Encrypted }),
  gap: ({ now, id }) =>
    now.encrypted
      ? null
      : {
          message: `File system ${id} is not encrypted at rest.`,
          steps: [
            'Create an encrypted file system with the same throughput, lifecycle and access points.',
            'Copy the data with AWS DataSync, repeatedly, until only little is left to copy.',
            'In a maintenance window, stop the writers, copy the rest, and mount the new file system. Keep the old one until it is clear that nobody needs it.',
          ],
        },
  // The rules can be set up to ask for certain keys: whether it is one of them, nobody asks here.
  judge: ({ state: { encrypted }, claim }) => (Object.keys(claim.parameters ?? {}).length === 0 && encrypted ? [] : null),
  closed: 'the file system is encrypted, or gone',
});
