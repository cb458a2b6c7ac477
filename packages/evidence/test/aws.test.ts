import { DeleteObjectCommand, HeadObjectCommand, type HeadObjectCommandOutput, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { resource } from '@redress/core';
import { expect, inject, it } from 'vitest';
import { awsJournal } from '../src/aws.js';
import { describeJournal } from '../src/contract.js';
import { emulator } from './support/emulator.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Endpoint of the AWS emulator. */
    moto: string;
  }
}

const aws = emulator(inject('moto'));

describeJournal('DynamoDB and S3, on the emulator', async (clock) => {
  const { table, bucket, remove } = await aws.make();
  const journal = awsJournal({ table, bucket, clock, clients: aws.clients });
  return {
    journal,
    reopen: async () => awsJournal({ table, bucket, clock, clients: aws.clients }),
    cleanup: async () => {
      await journal.close?.();
      await remove();
    },
  };
});

it('locks documents, so that nobody deletes them', async () => {
  const { table, bucket, remove } = await aws.make({ lock: true });
  const journal = awsJournal({ table, bucket, clients: aws.clients, lockDays: 7, prefix: 'evidence/' });
  const ref = resource({ type: 'AWS::S3::Bucket', id: 'a', account: '111111111111', region: 'us-east-1' });
  // Twice the same document: it is there once, and the second is no error.
  for (let n = 0; n < 2; n++) await journal.append({ kind: 'decision', resource: ref, remediator: 'r', body: { n }, documents: { seen: { a: 1 } } });
  const again = awsJournal({ table, bucket, clients: aws.clients, lockDays: 7, prefix: 'evidence/' });
  await again.append({ kind: 'decision', resource: ref, remediator: 'r', body: { n: 2 }, documents: { seen: { a: 1 } } });
  const { Versions = [] } = (await aws.clients.s3.send(new ListObjectVersionsCommand({ Bucket: bucket }) as never)) as {
    Versions?: { Key: string; VersionId: string }[];
  };
  expect(Versions).toHaveLength(1);
  expect(Versions[0]?.Key).toMatch(/^evidence\/blobs\//);
  const { Key, VersionId } = Versions[0] as { Key: string; VersionId: string };
  // Stored again it is locked anew: for longer, and never for less.
  const until = async () => {
    const { ObjectLockRetainUntilDate } = (await aws.clients.s3.send(
      new HeadObjectCommand({ Bucket: bucket, Key, VersionId }) as never,
    )) as HeadObjectCommandOutput;
    return Math.round(((ObjectLockRetainUntilDate?.getTime() ?? 0) - Date.now()) / 86_400_000);
  };
  expect(await until()).toBe(7);
  for (const lockDays of [30, 7]) {
    const other = awsJournal({ table, bucket, clients: aws.clients, lockDays, prefix: 'evidence/' });
    await other.append({ kind: 'decision', resource: ref, remediator: 'r', body: { lockDays }, documents: { seen: { a: 1 } } });
    expect(await until()).toBe(30);
  }
  await expect(aws.clients.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }) as never)).rejects.toMatchObject({ name: 'AccessDenied' });
  await journal.close?.();
  await remove();
});
