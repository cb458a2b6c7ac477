// What the journal on AWS has to do on every server that speaks as DynamoDB and S3 do.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, HeadObjectCommand, type HeadObjectCommandOutput, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { verifyLedger } from '@redress/verify';
import { describe, expect, it } from 'vitest';
import { exportJournal } from '../../src/aws.js';
import { describeJournal } from '../../src/contract.js';
import type { Servers } from './emulator.js';
import { opened, ref } from './world.js';

/** Describes the journal on what `servers` gives when the tests run. */
export function describeOnAws(name: string, servers: () => Servers): void {
  describeJournal(`DynamoDB and S3, on ${name}`, async (clock) => {
    const { clients, make } = servers();
    const { table, bucket, remove } = await make();
    const world = { table, bucket, clients };
    const journal = opened(world, { clock });
    return {
      journal,
      reopen: async () => opened(world, { clock }),
      cleanup: async () => {
        await journal.close?.();
        await remove();
      },
    };
  });

  describe(`documents, on ${name}`, () => {
    /** More than an item takes. */
    const large = { text: 'x'.repeat(70_000) };

    it('are locked, so that nobody deletes them', async () => {
      const { clients, make } = servers();
      const { table, bucket, remove } = await make({ lock: true });
      const open = (lockDays: number) => opened({ table, bucket, clients }, { lockDays, prefix: 'evidence/' });
      const entry = { kind: 'decision', resource: ref(), remediator: 'r', documents: { seen: large } } as const;
      const journal = open(7);
      // Twice the same document: it is there once, and the second is no error.
      for (let n = 0; n < 2; n++) await journal.append({ ...entry, body: { n } });
      await open(7).append({ ...entry, body: { n: 2 } });
      const { Versions = [] } = (await clients.s3.send(new ListObjectVersionsCommand({ Bucket: bucket }) as never)) as {
        Versions?: { Key: string; VersionId: string }[];
      };
      expect(Versions).toHaveLength(1);
      expect(Versions[0]?.Key).toMatch(/^evidence\/blobs\//);
      const { Key, VersionId } = Versions[0] as { Key: string; VersionId: string };
      // Stored again it is locked anew: for longer, and never for less.
      const until = async () => {
        const { ObjectLockRetainUntilDate } = (await clients.s3.send(
          new HeadObjectCommand({ Bucket: bucket, Key, VersionId }) as never,
        )) as HeadObjectCommandOutput;
        return Math.round(((ObjectLockRetainUntilDate?.getTime() ?? 0) - Date.now()) / 86_400_000);
      };
      expect(await until()).toBe(7);
      for (const lockDays of [30, 7]) {
        await open(lockDays).append({ ...entry, body: { lockDays } });
        expect(await until()).toBe(30);
      }
      await expect(clients.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }) as never)).rejects.toMatchObject({ name: 'AccessDenied' });
      await journal.close?.();
      await remove();
    });

    it('in items are locked once the copy has stored them', async () => {
      const { clients, make } = servers();
      const { table, bucket, remove } = await make({ lock: true });
      const world = { table, bucket, clients, prefix: 'evidence/' };
      for (const id of ['a', 'b'])
        await opened(world, world).append({ kind: 'decision', resource: ref(id), remediator: 'r', body: {}, documents: { seen: { id }, same: {} } });
      const directory = mkdtempSync(join(tmpdir(), 'redress-on-aws-'));
      const copied = (to: string) => exportJournal({ ...world, directory: join(directory, to), store: true, lockDays: 7 });
      for (const to of ['one', 'two']) expect(await copied(to)).toEqual({ streams: 2, records: 2, documents: 3, stored: 3, cut: [] });
      const { Versions = [] } = (await clients.s3.send(new ListObjectVersionsCommand({ Bucket: bucket }) as never)) as {
        Versions?: { Key: string; VersionId: string }[];
      };
      expect(Versions).toHaveLength(3);
      for (const { Key, VersionId } of Versions) {
        expect(Key).toMatch(/^evidence\/blobs\//);
        await expect(clients.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }) as never)).rejects.toMatchObject({ name: 'AccessDenied' });
      }
      expect(verifyLedger({ directory: join(directory, 'two') })).toMatchObject({ status: 'intact', documents: 3 });
      rmSync(directory, { recursive: true });
      await remove();
    });
  });
}
