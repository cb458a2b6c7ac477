// Ledgers on what speaks as DynamoDB and S3 do, for tests.
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { breakAws, rotateAws, sealAws } from '../../src/aws.js';
import type { LedgerWorld } from './ledger-contract.js';
import { recording, stepping } from './sealing.js';
import { opened, type World } from './world.js';

/** A journal on AWS and its log. */
export function ledgerOnAws(world: World, remove: () => Promise<void>, options: { readonly lockDays?: number } = {}): LedgerWorld {
  const { table, bucket, clients } = world;
  const clock = stepping();
  const recorded = recording(opened(world, { clock }), clock);
  const place = { table, bucket, clients, clock, settle: 0, patience: Number.POSITIVE_INFINITY, ...options };
  return {
    ...recorded,
    seal: (more = {}) => sealAws({ ...place, signer: recorded.signer, ...more }),
    rotate: (more = {}) => rotateAws({ ...place, signer: recorded.signer, next: recorded.next, by: 'alice', reason: 'yearly', ...more }),
    break: (more) => breakAws({ ...place, signer: recorded.signer, lost: '', by: 'alice', reason: 'the disk failed', ...more }),
    async read(path) {
      try {
        const { Body } = (await clients.s3.send(new GetObjectCommand({ Bucket: bucket, Key: path }) as never)) as {
          Body: { transformToByteArray(): Promise<Uint8Array> };
        };
        return Buffer.from(await Body.transformToByteArray());
      } catch {
        return null;
      }
    },
    change: async (path, bytes) => void (await clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key: path, Body: bytes }) as never)),
    async remove() {
      await recorded.journal.close?.();
      await remove();
    },
  };
}
