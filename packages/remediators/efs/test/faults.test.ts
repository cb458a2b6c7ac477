import { resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { enableAutomaticBackups } from '../src/index.js';

interface FileSystem {
  /** Null: there was never a policy. */
  backups: string | null;
  tags: { Key: string; Value: string }[];
}
type Named = { readonly FileSystemId: string };
const known = (custom: Record<string, unknown>, id: string): FileSystem => {
  const found = (custom as Record<string, FileSystem>)[id];
  if (found === undefined) throw new SimulatedError('FileSystemNotFound', 404);
  return found;
};
/** As much of EFS as the package uses. */
const elasticfilesystem: Readonly<Record<string, Operation>> = {
  DescribeFileSystems: ({ custom }, { FileSystemId }: Partial<Named>) => ({
    FileSystems: (FileSystemId === undefined ? Object.keys(custom).sort() : [FileSystemId]).map((id) => ({ FileSystemId: id, Tags: known(custom, id).tags })),
  }),
  DescribeBackupPolicy: ({ custom }, { FileSystemId }: Named) => {
    const { backups } = known(custom, FileSystemId);
    if (backups === null) throw new SimulatedError('PolicyNotFound', 404);
    return { BackupPolicy: { Status: backups } };
  },
  PutBackupPolicy: ({ custom }, { FileSystemId, BackupPolicy: { Status } }: Named & { readonly BackupPolicy: { readonly Status: string } }) => {
    // It takes a moment until it is on; off it is at once here.
    known(custom, FileSystemId).backups = Status === 'ENABLED' ? 'ENABLING' : Status;
    return {};
  },
};

it.each([[null], ['DISABLED']])('survives every fault at every call, if the policy was %j', async (before) => {
  const report = await faultMatrix(enableAutomaticBackups, {
    services: { elasticfilesystem },
    arrange(account) {
      const { custom } = account.state;
      custom['beside'] = { backups: 'ENABLED', tags: [] };
      custom['subject'] = { backups: 'ENABLED', tags: [] };
      const subject = () => known(account.state.custom, 'subject');
      return reportedGap({
        resource: resource({ type: 'AWS::EFS::FileSystem', id: 'subject', account: account.account, region: 'us-east-1' }),
        rule: 'efs-automatic-backups-enabled',
        open: () => Object.assign(subject(), { backups: before }),
        isOpen: () => account.state.custom['subject'] !== undefined && !String(subject().backups).startsWith('ENABL'),
        others: {
          delete: () => delete account.state.custom['subject'],
          fix: () => Object.assign(subject(), { backups: 'ENABLED' }),
          change: () => subject().tags.push({ Key: 'team', Value: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(200);
});
