// The ledger of a journal on AWS: the log is in the journal's bucket, next to the documents. How sealers agree: docs/adr/0029.
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type Clock, type Digest, digestText, RedressError, systemClock } from '@redress/core';
import { CHECKPOINT } from '../layout.js';
import type { DocumentText } from '../ledger/archive.js';
import type { Naming } from '../ledger/entry.js';
import type { NoteSigner } from '../ledger/note.js';
import {
  type Broken,
  declareBreak,
  type LostKey,
  type NextKey,
  type Rotated,
  rotate,
  type Sealer,
  type SealReport,
  seal,
  sealRotating,
} from '../ledger/sealer.js';
import type { End, JournalSource, LedgerStore, Mark, Positions, Published } from '../ledger/store.js';
import type { Witness } from '../ledger/witness.js';
import { MARK } from './behind.js';
import { carriedBy } from './documents.js';
import { lineOf, recordKey, SHARDS, streamKey, streamNamed } from './journal.js';
import { type Item, Store, type StoreOptions } from './store.js';

/** Options of {@link sealAws}. */
export interface SealAwsOptions extends StoreOptions {
  readonly signer: NoteSigner;
  /** Public keys of this log that the signer's key has replaced. The newest checkpoint may be signed with one of them. */
  readonly replaced?: readonly string[];
  /**
   * The minimum number of days for which documents in items are kept after their seal. With it, a seal stores the documents of its records in
   * `ledger/documents`, one archive for each seal, and its entry says until when. With `lockDays` the archive is locked that long. The items keep their
   * copies.
   */
  readonly documentsFor?: number;
  /** A key that replaces the signer's. The rotation is done first, if it is still due, then the seal, so that the same scheduled call always works. */
  readonly rotation?: NextKey;
  /** Witnesses that are asked to cosign the checkpoint. */
  readonly witnesses?: readonly Witness[];
  readonly clock?: Pick<Clock, 'now'>;
  /** Milliseconds to wait until the index of the table shows what was recorded before; default 5,000. */
  readonly settle?: number;
  /** Finds streams by reading the whole table instead of the index. This also finds records of an older version, which did not know of seals. */
  readonly all?: boolean;
  /** Wraps the store, for tests. */
  readonly store?: (store: LedgerStore) => LedgerStore;
}

/** Result of `sealAws`. */
export interface SealedAws extends SealReport {
  /** With `rotation`: the keys, in the form of the trust file, and the time of the last seal of the old key. */
  readonly rotated?: { readonly from: string; readonly to: string; readonly since: string };
}

/** See `sealAws` in seal.ts. */
export async function sealAws(options: SealAwsOptions): Promise<SealedAws> {
  const { rotation: next } = options;
  if (next === undefined) return inBucket(options, seal);
  const { rotation, since, report } = await inBucket(options, (sealer) => sealRotating(sealer, next));
  return { ...report, rotated: { from: rotation.from, to: rotation.to, since } };
}

/** See `rotateAws` in seal.ts. */
export async function rotateAws(options: SealAwsOptions & NextKey): Promise<Rotated> {
  return inBucket(options, (sealer) => rotate(sealer, options));
}

/** See `breakAws` in seal.ts. */
export async function breakAws(options: SealAwsOptions & LostKey): Promise<Broken> {
  return inBucket(options, (sealer) => declareBreak(sealer, options));
}

async function inBucket<T>(options: SealAwsOptions, work: (sealer: Sealer) => Promise<T>): Promise<T> {
  const { signer, replaced = [], witnesses = [], documentsFor, clock = systemClock, settle = 5000, all = false, store: through = (same) => same } = options;
  const store = new Store(options);
  try {
    return await work({
      store: through(new BucketLedger(store)),
      source: new TableSource(store, { clock, settle, all }),
      signer,
      replaced,
      documentsFor,
      witnesses,
      now: clock.now(),
    });
  } finally {
    await store.close();
  }
}

/** Seals after which the positions of all streams are stored again. Decisions since then are added to them. */
const KEPT_EACH = 24;
const decisionKey = (number: number) => `sealer/decisions/${String(number).padStart(12, '0')}.json`;
const stateKey = (number: number) => `sealer/states/${String(number).padStart(12, '0')}.json.gz`;

/** A log in a bucket. Objects stay, so no sealer needs permission to delete. */
export class BucketLedger implements LedgerStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Decisions keep sealers consistent. A lock would only save some requests. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  async checkpoint(): Promise<Published | null> {
    const found = await this.#store.bytes(CHECKPOINT);
    return found === null ? null : { note: found.bytes.toString('utf8'), version: found.version };
  }

  async publish(note: string, over: string | null): Promise<boolean> {
    return this.#store.place(CHECKPOINT, Buffer.from(note), over);
  }

  async read(path: string): Promise<Buffer | null> {
    return (await this.#store.bytes(path))?.bytes ?? null;
  }

  async create(path: string, bytes: Uint8Array): Promise<void> {
    if (await this.#store.place(path, bytes, null)) return;
    const there = await this.read(path);
    if (there?.equals(bytes) !== true)
      throw new RedressError('ledger/corrupt', `${path} is in the bucket, with unexpected content. Nothing was signed.`, {
        next: 'Find out who wrote it (CloudTrail data events, or the versions of the object), and move it away.',
      });
  }

  async archive(path: string, bytes: Uint8Array, until: Date): Promise<void> {
    // S3 rejects a lock that has ended by its own clock. A seal that was begun that long ago has to be completed all the same.
    await this.#store.place(path, bytes, null, until.getTime() > Date.now() ? until : null);
  }

  async partials(): Promise<readonly string[]> {
    return [];
  }

  async remove(): Promise<void> {}

  async decided(number: number): Promise<Buffer | null> {
    return this.read(decisionKey(number));
  }

  async decide(number: number, plan: Buffer): Promise<Buffer> {
    if (await this.#store.place(decisionKey(number), plan, null)) return plan;
    return (await this.decided(number)) ?? plan;
  }

  async forget(): Promise<void> {}

  async kept(number: number): Promise<Buffer | null> {
    const packed = await this.read(stateKey(number - (number % KEPT_EACH)));
    return packed === null ? null : gunzipSync(packed);
  }

  async keep(number: number, state: Buffer): Promise<void> {
    if (number % KEPT_EACH === 0) await this.#store.place(stateKey(number), gzipSync(state), null);
  }
}

/** Streams that one transaction reads. */
const MOST_TOGETHER = 100;
/** How often it checks again for streams that the index has not shown. */
const LOOKS = 20;
const HEAD = 'head';

/**
 * A table as the source of seals. Recording cannot be stopped, so it looks for a moment at which all heads are known. A head that is the same
 * before and after that moment had this value at the moment. The other heads are read in one transaction, which is that moment.
 */
export class TableSource implements JournalSource {
  readonly atOnce = 16;
  readonly room = 48 * 1024 * 1024;
  readonly #store: Store;
  readonly #options: { readonly clock: Pick<Clock, 'now'>; readonly settle: number; readonly all: boolean };
  /** Streams that the index shows although they are fully sealed. */
  readonly #done = new Map<Digest, number>();

  constructor(store: Store, options: { readonly clock: Pick<Clock, 'now'>; readonly settle: number; readonly all: boolean }) {
    this.#store = store;
    this.#options = options;
  }

  async ends(sealed: Positions): Promise<ReadonlyMap<Digest, End>> {
    const listed = new Set(
      // Before the first seal, there are streams whose heads were written before the index existed.
      this.#options.all || Object.keys(sealed).length === 0 ? (await this.#store.partitions('stream#')).map(streamNamed) : await this.#grown(),
    );
    for (let look = 0; look < LOOKS; look++) {
      const { heads, at } = await this.#moment(listed);
      await sleep(this.#options.settle);
      const late = (await this.#grown()).filter((stream) => !listed.has(stream));
      if (!(await this.#recordedBy(late, sealed, at))) return this.#ends(heads, sealed);
      for (const stream of late) listed.add(stream);
    }
    throw this.#restless();
  }

  #ends(heads: ReadonlyMap<Digest, HeadSeen>, sealed: Positions): Map<Digest, End> {
    const ends = new Map<Digest, End>();
    for (const [stream, { seq, head }] of [...heads].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (seq === sealed[stream]?.seq && head === sealed[stream]?.head) this.#done.set(stream, seq);
      else ends.set(stream, { seq, bytes: Number.POSITIVE_INFINITY, head });
    }
    return ends;
  }

  /** Streams that the index shows. It follows the table with a delay. */
  async #grown(): Promise<Digest[]> {
    const found = await Promise.all(
      Array.from({ length: SHARDS }, async (_, shard) => {
        const streams: Digest[] = [];
        for await (const item of this.#store.query({ pk: `unsealed#${shard}`, index: { name: 'unsealed', key: 'unsealedShard' } }))
          streams.push(streamNamed(item['pk']?.S ?? ''));
        return streams;
      }),
    );
    return found.flat();
  }

  /** The number of records of each stream at one moment, and a time that is not before it. */
  async #moment(streams: ReadonlySet<Digest>): Promise<{ readonly heads: ReadonlyMap<Digest, HeadSeen>; readonly at: number }> {
    const together = new Set<Digest>();
    for (let before = await this.#heads([...streams]); ; ) {
      const exact = await this.#together([...together]);
      const at = this.#options.clock.now();
      const after = await this.#heads([...streams]);
      const moved = [...streams].filter((stream) => !together.has(stream) && before.get(stream)?.head !== after.get(stream)?.head);
      if (moved.length === 0) return { heads: new Map([...before, ...exact]), at };
      for (const stream of moved) together.add(stream);
      if (together.size > MOST_TOGETHER) throw this.#restless();
      before = after;
    }
  }

  async #heads(streams: readonly Digest[]): Promise<Map<Digest, HeadSeen>> {
    const items = await this.#store.getAll(
      streams.map((stream) => ({ pk: streamKey(stream), sk: HEAD })),
      ['pk', 'seq', 'digest'],
    );
    return new Map(items.map(headOf));
  }

  async #together(streams: readonly Digest[]): Promise<Map<Digest, HeadSeen>> {
    if (streams.length === 0) return new Map();
    const { TransactGetItemsCommand } = await import('./ledger-clients.js');
    const TransactItems = streams.map((stream) => ({
      Get: { TableName: this.#store.options.table, Key: { pk: { S: streamKey(stream) }, sk: { S: HEAD } } },
    }));
    const { Responses = [] } = await this.#store.ask<{ Responses?: { Item?: Item }[] }>('dynamodb', new TransactGetItemsCommand({ TransactItems }));
    return new Map(Responses.flatMap(({ Item: item }) => (item === undefined ? [] : [headOf(item)])));
  }

  /** Whether any of these streams may have an unsealed record from that time or earlier. */
  async #recordedBy(streams: readonly Digest[], sealed: Positions, time: number): Promise<boolean> {
    for (const stream of streams) {
      const item = await this.#store.get({ pk: streamKey(stream), sk: recordKey((sealed[stream]?.seq ?? 0) + 1) });
      if (item === null) continue;
      const recorded = Date.parse(/"time":"([^"\\]*)","v":1\}$/.exec((await lineOf(this.#store, item)) ?? '')?.[1] ?? '');
      if (!(recorded > time)) return true;
    }
    return false;
  }

  async gone(): Promise<readonly Digest[]> {
    return [];
  }

  async *read(stream: Digest, from: Mark, to: Mark): AsyncIterable<Buffer> {
    if (from.seq >= to.seq) return;
    for await (const item of this.#store.query({ pk: streamKey(stream), from: recordKey(from.seq + 1), to: recordKey(to.seq) }))
      yield Buffer.from(`${(await lineOf(this.#store, item)) ?? ''}\n`);
  }

  /** Documents in items only: those in the bucket are separate objects, with locks of their own. */
  async *documents(records: readonly Naming[]): AsyncIterable<DocumentText> {
    const ranges = new Map<Digest, { from: number; to: number; documents: Set<Digest> }>();
    for (const { stream, seq, documents } of records) {
      const range = ranges.get(stream) ?? { from: seq, to: seq, documents: new Set() };
      for (const digest of documents) range.documents.add(digest);
      ranges.set(stream, { ...range, from: Math.min(range.from, seq), to: Math.max(range.to, seq) });
    }
    const given = new Set<Digest>();
    for (const [stream, { from, to, documents }] of ranges)
      for await (const item of this.#store.query({ pk: streamKey(stream), from: recordKey(from), to: recordKey(to) }))
        for (const [digest, text] of carriedBy(item) ?? []) {
          if (!documents.has(digest) || given.has(digest) || digestText(text) !== digest) continue;
          given.add(digest);
          yield { digest, text };
        }
  }

  /** Recorded first, so that a table with a smaller size than the checkpoint was set back. */
  async sealing(size: number): Promise<void> {
    const { UpdateItemCommand } = await import('./ledger-clients.js');
    const { pk, sk } = MARK;
    await this.#store.ask(
      'dynamodb',
      new UpdateItemCommand({
        TableName: this.#store.options.table,
        Key: { pk: { S: pk }, sk: { S: sk } },
        UpdateExpression: 'SET #size = :size',
        ConditionExpression: 'attribute_not_exists(#size) OR #size < :size',
        ExpressionAttributeNames: { '#size': 'size' },
        ExpressionAttributeValues: { ':size': { N: String(size) } },
      }),
      { ConditionalCheckFailedException: null },
    );
  }

  /** Removes them from the index, unless they have grown again. */
  async sealed(streams: Positions): Promise<void> {
    const { UpdateItemCommand } = await import('./ledger-clients.js');
    const rest = new Map([...this.#done, ...Object.entries(streams).map(([stream, { seq }]) => [stream as Digest, seq] as const)]).entries();
    const work = async () => {
      for (const [stream, seq] of rest)
        await this.#store.ask(
          'dynamodb',
          new UpdateItemCommand({
            TableName: this.#store.options.table,
            Key: { pk: { S: streamKey(stream) }, sk: { S: HEAD } },
            UpdateExpression: 'REMOVE #unsealed',
            ConditionExpression: '#seq = :seq',
            ExpressionAttributeNames: { '#unsealed': 'unsealedShard', '#seq': 'seq' },
            ExpressionAttributeValues: { ':seq': { N: String(seq) } },
          }),
          { ConditionalCheckFailedException: null },
        );
    };
    await Promise.all(Array.from({ length: this.atOnce }, work));
    this.#done.clear();
  }

  #restless(): RedressError {
    return this.#store.unavailable(new Error('streams change faster than they can be read'));
  }
}

/** The part of a head that a sealer reads. */
interface HeadSeen {
  readonly seq: number;
  readonly head: Digest;
}

const headOf = (item: Item): [Digest, HeadSeen] => [
  streamNamed(item['pk']?.S ?? ''),
  { seq: Number(item['seq']?.N ?? 0), head: (item['digest']?.S ?? '') as Digest },
];
