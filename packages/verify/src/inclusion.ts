// Inclusion proofs of RFC 6962, section 2.1.1: created from the tiles of a log, and verified without them.
import type { Folder } from './findings.js';
import { HASH, Hashes, leaf, node, rowsOf } from './hash.js';
import { tileBytes } from './log.js';

/** An entry of a log, and the proof that it is there. */
export interface Included {
  /** Its number in the log, from 0. */
  readonly entry: number;
  readonly bytes: Uint8Array;
  /** Sibling hashes from the entry up to below the root. */
  readonly path: readonly Buffer[];
}

/** Root of a tree with an entry at this position; null if the path has the wrong length for a tree of this size. */
export function rootFrom({ entry, bytes, path }: Included, size: number): Buffer | null {
  if (!(entry < size)) return null;
  let [at, last] = [entry, size - 1];
  let hash = leaf(bytes);
  for (const beside of path) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      hash = node(beside, hash);
      // A hash without a partner moves up unchanged.
      while (at % 2 === 0 && at > 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else hash = node(hash, beside);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 ? hash : null;
}

/** The tree of a log, from its tiles. */
export class Tree {
  readonly #folder: Folder;
  readonly size: number;
  /** For each tile that was read: its hashes, and the levels above them within the tile. */
  readonly #tiles = new Map<string, readonly Hashes[]>();

  constructor(folder: Folder, size: number) {
    this.#folder = folder;
    this.size = size;
  }

  /** The numbers of the entries with these hashes, given as binary strings. */
  numbersOf(leaves: ReadonlySet<string>): Map<string, number> {
    const found = new Map<string, number>();
    for (let tile = 0; tile * 256 < this.size && found.size < leaves.size; tile++) {
      const bytes = tileBytes(this.#folder, 0, tile, Math.min(256, this.size - tile * 256)) ?? Buffer.alloc(0);
      for (let at = 0; at + HASH <= bytes.length; at += HASH) {
        const hash = bytes.toString('latin1', at, at + HASH);
        if (leaves.has(hash)) found.set(hash, tile * 256 + at / HASH);
      }
    }
    return found;
  }

  /** The proof that the entry is in the tree; null if tiles are missing. */
  path(entry: number): Buffer[] | null {
    const path: Buffer[] = [];
    let [low, high] = [0, this.size];
    while (high - low > 1) {
      const middle = low + 2 ** Math.ceil(Math.log2(high - low) - 1);
      const beside = entry < middle ? this.#range(middle, high) : this.#range(low, middle);
      if (beside === null) return null;
      path.unshift(beside);
      [low, high] = entry < middle ? [low, middle] : [middle, high];
    }
    return path;
  }

  /** Hash of the entries from `low`, a multiple of the largest power of two in it, up to but not including `high`. */
  #range(low: number, high: number): Buffer | null {
    const count = high - low;
    const height = Math.floor(Math.log2(count));
    if (count === 2 ** height) return this.#subtree(height, low / count);
    const middle = low + 2 ** height;
    const [left, right] = [this.#range(low, middle), this.#range(middle, high)];
    return left === null || right === null ? null : node(left, right);
  }

  #subtree(height: number, index: number): Buffer | null {
    const level = Math.floor(height / 8);
    const width = 2 ** (height % 8);
    const first = index * width;
    const tile = Math.floor(first / 256);
    const full = Math.floor(this.size / 256 ** level);
    const key = `${level}/${tile}`;
    const rows = this.#tiles.get(key) ?? this.#read(level, tile, Math.min(256, full - tile * 256));
    this.#tiles.set(key, rows);
    const row = rows[height % 8];
    const at = (first % 256) / width;
    return row === undefined || at >= row.count ? null : row.at(at);
  }

  /** Many proofs use the same tile, so the levels above its hashes are calculated once. */
  #read(level: number, tile: number, count: number): readonly Hashes[] {
    const bytes = tileBytes(this.#folder, level, tile, count) ?? Buffer.alloc(0);
    return rowsOf(new Hashes(bytes.subarray(0, Math.floor(bytes.length / HASH) * HASH)));
  }
}
