// The Merkle tree of RFC 6962, section 2.1: pure. It requests hashes of complete subtrees, wherever they are stored.
import { hash } from 'node:crypto';
import { RedressError } from '@redress/core';

/** Bytes of a hash. */
export const HASH_BYTES = 32;

// Through a text: the buffer then comes from the pool, and is not an allocation of its own that is freed late.
const sha256 = (bytes: Uint8Array): Buffer => Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');

// The input is assembled in one reused buffer: hashing is most of the cost of sealing. The first byte is the prefix of RFC 6962.
let leaf = Buffer.alloc(1 + 65_535);
const node = Buffer.alloc(1 + 2 * HASH_BYTES);
node[0] = 1;

/** Hash of an entry: SHA-256 over 0x00 and its bytes. */
export function leafHash(entry: Uint8Array): Buffer {
  return Buffer.from(leafText(entry), 'latin1');
}

/** {@link leafHash} as a binary string, which takes less memory. */
export function leafText(entry: Uint8Array): string {
  if (entry.length >= leaf.length) leaf = Buffer.alloc(1 + entry.length);
  leaf.set(entry, 1);
  return hash('sha256', leaf.subarray(0, 1 + entry.length), 'binary');
}

/** Hash of two subtrees: SHA-256 over 0x01, the left hash and the right hash. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return sha256(node);
}

/**
 * The source of hashes of complete subtrees.
 *
 * @param level 0 for a single entry; the subtree has 2^level entries.
 * @param index Its index in the level, from 0: the subtree begins with entry `index * 2^level`.
 */
export type HashAt = (level: number, index: number) => Uint8Array;

/** Hashes of a growing list of entries in memory: those of all complete subtrees. */
export class MemoryTree {
  readonly #levels: Buffer[][] = [];

  /** The number of entries. */
  get size(): number {
    return this.#levels[0]?.length ?? 0;
  }

  /** Appends an entry by its {@link leafHash}. */
  append(leaf: Buffer): void {
    let hash = leaf;
    for (let level = 0; ; level++) {
      const row = this.#levels[level] ?? [];
      this.#levels[level] = row;
      row.push(hash);
      if (row.length % 2 === 1) return;
      hash = nodeHash(row[row.length - 2] ?? hash, hash);
    }
  }

  /** A {@link HashAt}. */
  readonly at = (level: number, index: number): Buffer => {
    const found = this.#levels[level]?.[index];
    if (found === undefined) throw outside(`subtree ${index} of level ${level}`, this.size);
    return found;
  };
}

/**
 * Root of a tree.
 *
 * @example rootOf(tree.at, tree.size).toString('base64')
 */
export function rootOf(at: HashAt, size: number): Buffer {
  return rangeHash(at, 0, size);
}

/**
 * Proves, with root and size, that an entry is in a tree.
 *
 * @param index The index of the entry, from 0.
 * @throws {RedressError} `ledger/invalid` if there is no such entry.
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-2.1.1
 */
export function inclusionProof(at: HashAt, index: number, size: number): Buffer[] {
  if (!within(index, 0, size - 1)) throw outside(`entry ${index}`, size);
  const proof: Buffer[] = [];
  let [low, high] = [0, size];
  while (high - low > 1) {
    const middle = low + split(high - low);
    proof.push(index < middle ? rangeHash(at, middle, high) : rangeHash(at, low, middle));
    [low, high] = index < middle ? [low, middle] : [middle, high];
  }
  return proof.reverse();
}

/**
 * Proves, with both roots, that a tree begins with an older one.
 *
 * @param older The older tree's number of entries.
 * @throws {RedressError} `ledger/invalid` if it is not older.
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-2.1.2
 */
export function consistencyProof(at: HashAt, older: number, size: number): Buffer[] {
  if (!within(older, 0, size)) throw outside(`a tree of ${older}`, size);
  // Every tree begins with the empty one.
  if (older === 0) return [];
  const proof: Buffer[] = [];
  let [low, high] = [0, size];
  while (high !== older) {
    const middle = low + split(high - low);
    proof.push(older <= middle ? rangeHash(at, middle, high) : rangeHash(at, low, middle));
    [low, high] = older <= middle ? [low, middle] : [middle, high];
  }
  // The part that is the whole older tree needs no hash: the verifier has its root.
  if (low > 0) proof.push(rangeHash(at, low, high));
  return proof.reverse();
}

/** Hash of the entries from `low` (a multiple of the largest subtree in it) up to, but not including, `high`. */
function rangeHash(at: HashAt, low: number, high: number): Buffer {
  const count = high - low;
  if (count === 0) return sha256(Buffer.alloc(0));
  const level = Math.log2(count);
  if (Number.isInteger(level)) return Buffer.from(at(level, low / count));
  const middle = low + split(count);
  return nodeHash(rangeHash(at, low, middle), rangeHash(at, middle, high));
}

/** The largest power of two that is smaller than a number above 1. */
function split(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

const within = (value: number, least: number, most: number) => Number.isSafeInteger(value) && value >= least && value <= most;

function outside(what: string, size: number): RedressError {
  return new RedressError('ledger/invalid', `There is no ${what} in a tree of ${size} entries.`);
}
