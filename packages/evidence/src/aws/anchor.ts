// Copies of checkpoints in a bucket, usually in another account.
import { type Anchor, contradicts, sameCheckpoint } from '../ledger/anchor.js';
import { Store, type StoreOptions } from './store.js';

/** Options of {@link bucketAnchor}, named as in the journal's options. */
export type BucketAnchorOptions = Omit<StoreOptions, 'table'>;

/**
 * Keeps copies of checkpoints in a bucket. They are never replaced. With `lockDays` they are also locked.
 *
 * @example await anchorTo([bucketAnchor({ bucket: 'redress-witness', prefix: 'checkpoints/' })], report.checkpoint);
 */
export function bucketAnchor(options: BucketAnchorOptions): Anchor {
  const { bucket, prefix = '' } = options;
  return {
    name: `s3://${bucket}/${prefix}`,
    async keep(path, note) {
      const store = new Store({ ...options, table: '-' });
      try {
        if (await store.place(path, Buffer.from(note), null)) return;
        // A role that may only create objects cannot read this one, and need not: whatever is there was also created once.
        const there = await store.bytes(path);
        if (there === null || !sameCheckpoint(there.bytes.toString('utf8'), note)) throw contradicts(`s3://${bucket}/${prefix}${path}`);
      } finally {
        await store.close();
      }
    },
  };
}
