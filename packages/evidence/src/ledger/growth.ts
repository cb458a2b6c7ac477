// A tree that grows by entries, tile by tile. It keeps only its right edge, whatever its size.
import { RedressError } from '@redress/core';
import { Bundle, TILE_HEIGHT, TILE_WIDTH, type Tile } from './tiles.js';
import { HASH_BYTES, leafHash, nodeHash } from './tree.js';

/** Receives a tile when it is full, or when growth ends and it is at the right edge. */
export type PutTile = (tile: Tile, bytes: Buffer) => void;

/** The right edge of a tree: the content of its partial tiles. */
export interface Edge {
  readonly size: number;
  /** The hashes of the partial tile of each level, from the lowest. */
  readonly hashes: readonly (readonly Buffer[])[];
  /** The entries of the partial bundle. */
  readonly entries: readonly Buffer[];
}

/** The edge of a tree without entries. */
export const EMPTY_EDGE: Edge = { size: 0, hashes: [], entries: [] };

/** Appends entries to a tree. */
export class Growth {
  readonly #put: PutTile | null;
  readonly #levels: { index: number; hashes: Buffer[] }[];
  readonly #bundle = new Bundle();
  readonly #from: number;
  #size: number;

  /** @param put Without it, only the root is calculated; leaf hashes are then enough. */
  constructor(edge: Edge, put: PutTile | null) {
    this.#put = put;
    this.#from = edge.size;
    this.#size = edge.size;
    this.#levels = edge.hashes.map((hashes, level) => ({ index: Math.floor(edge.size / TILE_WIDTH ** (level + 1)), hashes: [...hashes] }));
    if (put !== null) for (const entry of edge.entries) this.#bundle.add(entry);
  }

  /** The number of entries. */
  get size(): number {
    return this.#size;
  }

  /**
   * Appends a copy of an entry.
   *
   * @param leaf Its {@link leafHash}, if known.
   */
  append(entry: Buffer, leaf = leafHash(entry)): void {
    this.#bundle.add(entry);
    this.appendLeaf(leaf);
    if (this.#bundle.width === TILE_WIDTH) this.#putEntries();
  }

  /** Appends an entry of which only the hash is known. Tiles cannot be stored then. */
  appendLeaf(leaf: Buffer): void {
    this.#size++;
    this.#push(0, leaf);
  }

  #push(level: number, hash: Buffer): void {
    const row = this.#levels[level] ?? { index: 0, hashes: [] };
    this.#levels[level] = row;
    row.hashes.push(hash);
    if (row.hashes.length < TILE_WIDTH) return;
    this.#put?.({ level, index: row.index, width: TILE_WIDTH }, Buffer.concat(row.hashes));
    const above = foldRight(peaksOf(row.hashes));
    row.index++;
    row.hashes = [];
    this.#push(level + 1, above);
  }

  #putEntries(): void {
    const { width } = this.#bundle;
    this.#put?.({ level: 'entries', index: Math.ceil(this.#size / TILE_WIDTH) - 1, width }, this.#bundle.take());
  }

  /** Stores the partial tiles at the right edge that have grown. */
  end(): void {
    if (this.#size === this.#from) return;
    if (this.#bundle.width > 0) this.#putEntries();
    for (const [level, { index, hashes }] of this.#levels.entries()) {
      const unit = TILE_WIDTH ** level;
      if (hashes.length > 0 && Math.floor(this.#size / unit) > Math.floor(this.#from / unit))
        this.#put?.({ level, index, width: hashes.length }, Buffer.concat(hashes));
    }
  }

  /** The root of all entries so far. */
  root(): Buffer {
    return foldRight(this.#peaks());
  }

  /** The inclusion proof of the next entry, as the last entry of the tree: sibling hashes from the entry up to below the root. */
  pathOfNext(): readonly Buffer[] {
    return this.#peaks().reverse();
  }

  /** The largest complete subtrees, from left to right. */
  #peaks(): Buffer[] {
    return [...this.#levels].reverse().flatMap(({ hashes }) => peaksOf(hashes));
  }
}

/**
 * The edge of a tree, from its partial tiles.
 *
 * @param read Returns the bytes of a tile; null if it does not exist.
 * @throws {RedressError} `ledger/corrupt` if a tile is missing, has another length, or does not match its entries.
 */
export async function edgeOf(size: number, read: (tile: Tile) => Promise<Buffer | null>, decode: (bundle: Buffer) => Buffer[]): Promise<Edge> {
  const needed = async (tile: Tile): Promise<Buffer> => {
    const bytes = await read(tile);
    if (bytes === null) throw new RedressError('ledger/corrupt', `Tile ${tile.index} of level ${tile.level} with ${tile.width} entries is missing.`);
    return bytes;
  };
  const hashes: Buffer[][] = [];
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
    const width = count % TILE_WIDTH;
    const bytes = width === 0 ? Buffer.alloc(0) : await needed({ level, index: Math.floor(count / TILE_WIDTH), width });
    if (bytes.length !== width * HASH_BYTES) throw new RedressError('ledger/corrupt', `The last tile of level ${level} does not hold ${width} hashes.`);
    hashes.push(Array.from({ length: width }, (_, at) => bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)));
  }
  const width = size % TILE_WIDTH;
  const entries = width === 0 ? [] : decode(await needed({ level: 'entries', index: Math.floor(size / TILE_WIDTH), width }));
  if (entries.length !== width || entries.some((entry, at) => hashes[0]?.[at]?.equals(leafHash(entry)) !== true))
    throw new RedressError('ledger/corrupt', 'The last bundle does not hold the entries whose hashes are in its tile.');
  return { size, hashes, entries };
}

/** The largest complete subtrees of up to 256 hashes, from left to right. */
function peaksOf(hashes: readonly Buffer[]): Buffer[] {
  const peaks: Buffer[] = [];
  let at = 0;
  for (let level = TILE_HEIGHT; level >= 0; level--) {
    const count = 2 ** level;
    if (hashes.length - at < count) continue;
    let row = hashes.slice(at, at + count);
    while (row.length > 1) row = row.flatMap((hash, index) => (index % 2 === 0 ? [nodeHash(hash, row[index + 1] ?? hash)] : []));
    peaks.push(...row);
    at += count;
  }
  return peaks;
}

/** Folds subtrees, which get smaller from left to right, into one hash. */
function foldRight(peaks: readonly Buffer[]): Buffer {
  return peaks.length === 0 ? EMPTY_ROOT : peaks.reduceRight((right, left) => nodeHash(left, right));
}

/** SHA-256 of the empty string: the root of a tree without entries. */
const EMPTY_ROOT = Buffer.from('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hex');
