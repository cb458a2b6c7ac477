// What a sealer needs: a place for the log, and a journal to read. There is one of each in a folder, and one of each on AWS.
import type { Digest } from '@redress/core';
import type { DocumentText } from './archive.js';
import type { Naming, Position } from './entry.js';

/** The newest checkpoint, and what names this version of it to the store. */
export interface Published {
  readonly note: string;
  readonly version: string;
}

/**
 * Where a log is kept, with what its sealers decide.
 *
 * Any number of sealers use one at the same time, and each may die before or after any call. What they agree on is `decide`: the first decision about
 * a seal stands, and whoever completes it makes the same files and signs the same checkpoint.
 */
export interface LedgerStore {
  /** Runs it, alone where the store can see to that. Correctness does not rest on it. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  checkpoint(): Promise<Published | null>;
  /**
   * Puts a checkpoint in place of another one; everything that was created before is kept by then.
   *
   * @param over Version that it replaces; null where there is none.
   * @returns false when another one is there by now; then nothing was done.
   */
  publish(note: string, over: string | null): Promise<boolean>;
  /** A tile or a bundle of entries; null where there is none. */
  read(path: string): Promise<Buffer | null>;
  /** Creates a tile or a bundle of entries; where it is there already, it is the same. */
  create(path: string, bytes: Uint8Array): Promise<void>;
  /** Keeps documents until a moment at least; where an archive is there already, that one stays. */
  archive(path: string, bytes: Uint8Array, until: Date): Promise<void>;
  /** The partial tiles that are there of a full one, by its path and theirs; none where the store removes nothing. */
  partials(path: string): Promise<readonly string[]>;
  /** Removes a partial tile that is not one of the log, or that a larger one has replaced, where the store removes anything. */
  remove(path: string): Promise<void>;
  /** What was decided about a seal; null where nothing was, or where the store has forgotten it. */
  decided(seal: number): Promise<Buffer | null>;
  /** Keeps what a seal is to be, unless that was decided before. @returns what is decided. */
  decide(seal: number, plan: Buffer): Promise<Buffer>;
  /** Called when a seal is complete; a store that keeps all decisions does nothing. */
  forget(seal: number): Promise<void>;
  /** How far the log had come at a seal, this one or one before it; null when nothing was kept. */
  kept(seal: number): Promise<Buffer | null>;
  /** Keeps it, for speed alone: a store may leave some out. */
  keep(seal: number, state: Buffer): Promise<void>;
}

/** A place in a stream, after one of its records: both are counted from the start. */
export type Mark = Pick<Position, 'seq' | 'bytes'>;

/** Where a stream ends; with the digest of its last record where the source knows that otherwise than from the record. */
export interface End extends Mark {
  readonly head?: Digest;
}

/** The journal that is sealed. */
export interface JournalSource {
  /** Streams that it reads at the same time. */
  readonly atOnce: number;
  /** Bytes of lines that are better kept in memory than read a second time. */
  readonly room: number;
  /**
   * Where streams that may have grown end, all at one moment: what was committed before anything that is in it is in it, too. What a source does
   * not count, records or bytes, is infinite.
   */
  ends(sealed: Positions): Promise<ReadonlyMap<Digest, End>>;
  /** Of streams that are sealed: those that are gone. */
  gone(sealed: Positions): Promise<readonly Digest[]>;
  /**
   * The lines of a stream from one mark to another, each with its newline, in pieces of any length; less where it is shorter. A piece holds what it does
   * until the next one is asked for.
   */
  read(stream: Digest, from: Mark, to: Mark): AsyncIterable<Buffer>;
  /** The documents that records name, each once, as far as they are there and what their digests say; those that are stored for good where they are, are left out. */
  documents(records: readonly Naming[]): AsyncIterable<DocumentText>;
  /** Called when documents are in an archive that was read back, and the seal is published: a journal that may removes its own copies. */
  archived?(documents: readonly Digest[]): Promise<void>;
  /**
   * Called before a seal is published that says nothing of the documents of its records, of a log where others have: a journal whose own copies were
   * removed has them again. An archive that has them may end before.
   */
  apart?(records: readonly Naming[]): Promise<void>;
  /** Called before a checkpoint of so many entries is published: a journal that can be set back notes it, and is known to be behind then. */
  sealing(size: number): Promise<void>;
  /** Called when they are sealed so far: what helps to find the streams that have grown is brought up to date. */
  sealed(streams: Positions): Promise<void>;
}

/** How far each stream is sealed. */
export type Positions = Readonly<Record<Digest, Position>>;

/** The beginning of a stream. */
export const START: Mark = { seq: 0, bytes: 0 };
