// What a sealer needs: a store for the log, and a journal to read. Both exist for a folder and for AWS.
import type { Digest } from '@redress/core';
import type { DocumentText } from './archive.js';
import type { Naming, Position } from './entry.js';

/** The newest checkpoint, and the identifier of its version in the store. */
export interface Published {
  readonly note: string;
  readonly version: string;
}

/**
 * Stores a log, and the decisions of its sealers.
 *
 * Any number of sealers may use it at the same time, and each may die before or after any call. They agree through `decide`: the first decision about
 * a seal counts, and any sealer that completes it writes the same files and signs the same checkpoint.
 */
export interface LedgerStore {
  /** Runs the work, exclusively if the store can. Correctness does not depend on it. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  checkpoint(): Promise<Published | null>;
  /**
   * Replaces a checkpoint by another one. By then everything that was created before is durable.
   *
   * @param over Version that it replaces; null if there is none.
   * @returns false if there is another version by now; then nothing was done.
   */
  publish(note: string, over: string | null): Promise<boolean>;
  /** A tile or a bundle of entries; null if there is none. */
  read(path: string): Promise<Buffer | null>;
  /** Creates a tile or a bundle of entries. If it exists, its content is the same. */
  create(path: string, bytes: Uint8Array): Promise<void>;
  /** Stores an archive of documents, at least until the given time. An existing archive stays. */
  archive(path: string, bytes: Uint8Array, until: Date): Promise<void>;
  /** The existing partial tiles of a full one, by its path and theirs; none if the store removes nothing. */
  partials(path: string): Promise<readonly string[]>;
  /** Removes a partial tile that does not belong to the log, or that a larger one has replaced, if the store removes anything. */
  remove(path: string): Promise<void>;
  /** The decision about a seal; null if there is none, or if the store has forgotten it. */
  decided(seal: number): Promise<Buffer | null>;
  /** Stores the decision about a seal, unless there is one. @returns the decision that counts. */
  decide(seal: number, plan: Buffer): Promise<Buffer>;
  /** Called when a seal is complete. A store that keeps all decisions does nothing. */
  forget(seal: number): Promise<void>;
  /** The state of the log at a seal, this one or an earlier one; null if none was kept. */
  kept(seal: number): Promise<Buffer | null>;
  /** Keeps the state, only for speed: a store may omit some. */
  keep(seal: number, state: Buffer): Promise<void>;
}

/** A place in a stream, after one of its records: both are counted from the start. */
export type Mark = Pick<Position, 'seq' | 'bytes'>;

/** The end of a stream, with the digest of its last record if the source knows it without the record. */
export interface End extends Mark {
  readonly head?: Digest;
}

/** The journal that is sealed. */
export interface JournalSource {
  /** Streams that it reads at the same time. */
  readonly atOnce: number;
  /** Bytes of lines to keep in memory rather than read a second time. */
  readonly room: number;
  /**
   * The ends of streams that may have grown, all at one moment: if a record is included, so is everything that was committed before it. If a source
   * does not count records or bytes, that number is infinite.
   */
  ends(sealed: Positions): Promise<ReadonlyMap<Digest, End>>;
  /** The sealed streams that are gone. */
  gone(sealed: Positions): Promise<readonly Digest[]>;
  /**
   * The lines of a stream from one mark to another, each with its newline, in pieces of any length; less if the stream is shorter. A piece is valid
   * until the next one is requested.
   */
  read(stream: Digest, from: Mark, to: Mark): AsyncIterable<Buffer>;
  /** The documents that records name, each once, if they exist and match their digests. Documents that are stored permanently elsewhere are omitted. */
  documents(records: readonly Naming[]): AsyncIterable<DocumentText>;
  /** Called when documents are in an archive that was read back, and the seal is published. The journal may then remove its own copies. */
  archived?(documents: readonly Digest[]): Promise<void>;
  /**
   * Called before a seal is published that says nothing about the documents of its records, in a log where other seals do. A journal whose copies were
   * removed restores them, because an archive that has them may end earlier.
   */
  apart?(records: readonly Naming[]): Promise<void>;
  /** Called before a checkpoint of this many entries is published. A journal that can be restored to an earlier time records it, to detect that later. */
  sealing(size: number): Promise<void>;
  /** Called when streams are sealed up to these positions, to update what helps to find streams that have grown. */
  sealed(streams: Positions): Promise<void>;
}

/** The position up to which each stream is sealed. */
export type Positions = Readonly<Record<Digest, Position>>;

/** The beginning of a stream. */
export const START: Mark = { seq: 0, bytes: 0 };
