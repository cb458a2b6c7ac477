import { CreateFileSystemCommand, DescribeFileSystemsCommand, EFSClient, PutBackupPolicyCommand, TagResourceCommand } from '@aws-sdk/client-efs';
import { type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { afterAll, inject } from 'vitest';
import { startMinistack } from '../../../../tests/support/ministack.js';
import { enableAutomaticBackups, reportUnencrypted } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}

// moto has no PutBackupPolicy.
const ministack = await startMinistack();
afterAll(() => ministack.close());

const client = (sdk: Sdk) => new EFSClient(sdk.config);
const backups = async (sdk: Sdk, FileSystemId: string, on: boolean) => {
  await client(sdk).send(new PutBackupPolicyCommand({ FileSystemId, BackupPolicy: { Status: on ? 'ENABLED' : 'DISABLED' } }));
};
const fileSystem =
  (on: boolean, tags: Readonly<Record<string, string>> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const { FileSystemId: id = '' } = await client(sdk).send(
      new CreateFileSystemCommand({ CreationToken: sdk.name('fs'), Tags: Object.entries({ team: 'media', ...tags }).map(([Key, Value]) => ({ Key, Value })) }),
    );
    await backups(sdk, id, on);
    return resource({ type: 'AWS::EFS::FileSystem', id, account: sdk.account, region: sdk.region });
  };
const common: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag: async (sdk, ref, Key, Value) => {
    await client(sdk).send(new TagResourceCommand({ ResourceId: ref.id, Tags: [{ Key, Value }] }));
  },
  rest: async (sdk, ref) => JSON.stringify((await client(sdk).send(new DescribeFileSystemsCommand({ FileSystemId: ref.id }))).FileSystems),
  breakAgain: async (sdk, ref) => backups(sdk, ref.id, false),
};

describeRemediator(enableAutomaticBackups, {
  account: { endpoint: ministack.endpoint, accountId: ministack.account },
  scenarios: [
    { ...common, name: 'a file system without them', expect: 'change', arrange: fileSystem(false) },
    {
      ...common,
      name: 'someone has just turned them off',
      expect: 'change',
      arrange: fileSystem(false),
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'elasticfilesystem', operation: 'PutBackupPolicy', request: { fileSystemId: id } }),
    },
    { ...common, name: 'a scratch file system', expect: 'change', hazards: ['short-lived'], arrange: fileSystem(false, { purpose: 'scratch' }) },
    { ...common, name: 'a file system with them', expect: 'compliant', arrange: fileSystem(true) },
    {
      name: 'a file system that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::EFS::FileSystem', id: 'fs-00000000000000000', account: sdk.account, region: sdk.region }),
    },
  ],
});

const made =
  (Encrypted: boolean) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const { FileSystemId: id = '' } = await client(sdk).send(
      new CreateFileSystemCommand({ CreationToken: sdk.name('fs'), Encrypted, Tags: [{ Key: 'team', Value: 'media' }] }),
    );
    return resource({ type: 'AWS::EFS::FileSystem', id, account: sdk.account, region: sdk.region });
  };

describeRemediator(reportUnencrypted, {
  account: { endpoint: inject('moto') },
  scenarios: [
    {
      name: 'a file system that has just been made without encryption',
      expect: 'manual',
      arrange: made(false),
      tag: common.tag,
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'elasticfilesystem', operation: 'CreateFileSystem', request: {}, response: { fileSystemId: id } }),
    },
    { name: 'an encrypted file system', expect: 'compliant', arrange: made(true), tag: common.tag },
    {
      name: 'a file system that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::EFS::FileSystem', id: 'fs-00000000000000000', account: sdk.account, region: sdk.region }),
    },
  ],
});
