// Copies of checkpoints in a bucket, of another account as a rule.
import { type Anchor, contradicts, sameCheckpoint } from '../ledger/anchor.js';
import { Store, type StoreOptions } from './store.js';

/** Options of {@link bucketAnchor}, like those of the journal. */
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
        // Whoever may only create cannot look, and need not: what is there was created once, too.
        const there = await store.bytes(path);
        if (there === null || !sameCheckpoint(there.bytes.toString('utf8'), note)) throw contradicts(`s3://${bucket}/${prefix}${path}`);
      } finally {
        await store.close();
      }
    },
  };
}
