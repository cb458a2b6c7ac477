// The storage of a tree's hashes and entries: the layout of C2SP tlog-tiles. Pure.
// See https://c2sp.org/tlog-tiles
import { RedressError } from '@redress/core';

/** Hashes of a full tile, and entries of a full bundle. */
export const TILE_WIDTH = 256;
/** Levels of the tree within a tile: the root of a tile is a hash in the tile above it. */
export const TILE_HEIGHT = 8;
/** The length of an entry has two bytes. */
export const LONGEST_ENTRY = 65_535;

/** A tile: its level counted in tiles (`entries` for a bundle of entries), its index in the level, and its number of hashes. */
export interface Tile {
  readonly level: number | 'entries';
  readonly index: number;
  readonly width: number;
}

/**
 * Path of a tile, relative to the log.
 *
 * @example tilePath({ level: 0, index: 1_234_067, width: 256 }) === 'tile/0/x001/x234/067'
 */
export function tilePath({ level, index, width }: Tile): string {
  const groups: string[] = [];
  for (let rest = index; groups.length === 0 || rest > 0; rest = Math.floor(rest / 1000)) groups.unshift(String(rest % 1000).padStart(3, '0'));
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** The rows of a tree's tiles, bundles of entries first, each with its content before and after the tree grows. */
function* rowsOf(from: number, to: number): Iterable<{ readonly level: Tile['level']; readonly before: number; readonly after: number }> {
  yield { level: 'entries', before: from, after: to };
  for (let level = 0, before = from, after = to; after > 0; level++) {
    yield { level, before, after };
    before = Math.floor(before / TILE_WIDTH);
    after = Math.floor(after / TILE_WIDTH);
  }
}

/** All tiles of a tree that change or are added when it grows, bundles of entries first. If it grows from 0, those of the whole tree. */
export function tilesBetween(from: number, to: number): Tile[] {
  const tiles: Tile[] = [];
  for (const { level, before, after } of rowsOf(from, to))
    for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH < after; index++) {
      const width = Math.min(TILE_WIDTH, after - index * TILE_WIDTH);
      if (index * TILE_WIDTH + width > before) tiles.push({ level, index, width });
    }
  return tiles;
}

/** The partial tiles at the right edge of a tree. A larger tree does not need them, unless they are at its edge too. */
export function partialTiles(size: number): Tile[] {
  return tilesBetween(0, size).filter(({ width }) => width < TILE_WIDTH);
}

/**
 * The tiles, each by its full one, at the right edge of a tree or on the way to that of a larger one: partial tiles may be left there.
 *
 * @example edgesBetween(300, 520) // the second and the third bundle of entries, the second and the third tile of hashes, and the one above them
 */
export function edgesBetween(from: number, to: number): Tile[] {
  const tiles: Tile[] = [];
  for (const { level, before, after } of rowsOf(from, to))
    for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH <= after; index++) tiles.push({ level, index, width: TILE_WIDTH });
  return tiles;
}

/** A bundle of entries that is being assembled: each entry after its length in two bytes. */
export class Bundle {
  #bytes = Buffer.alloc(0);
  #length = 0;
  #width = 0;

  /** The number of its entries. */
  get width(): number {
    return this.#width;
  }

  /**
   * Appends a copy of an entry.
   *
   * @throws {RedressError} `ledger/invalid` for an entry that is too long.
   */
  add(entry: Uint8Array): void {
    if (entry.length > LONGEST_ENTRY) throw new RedressError('ledger/invalid', `An entry of ${entry.length} bytes is too long; ${LONGEST_ENTRY} is the most.`);
    const end = this.#length + 2 + entry.length;
    if (end > this.#bytes.length) {
      const room = Buffer.allocUnsafeSlow(Math.max(2 * end, 4096));
      this.#bytes.copy(room, 0, 0, this.#length);
      this.#bytes = room;
    }
    this.#bytes.writeUInt16BE(entry.length, this.#length);
    this.#bytes.set(entry, this.#length + 2);
    this.#length = end;
    this.#width++;
  }

  /** Returns its bytes. Afterwards it is empty, with room for as many. */
  take(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafeSlow(this.#length);
    this.#length = 0;
    this.#width = 0;
    return bytes;
  }
}

/**
 * A bundle of entries.
 *
 * @throws {RedressError} `ledger/invalid` for an entry that is too long.
 */
export function encodeEntries(entries: readonly Uint8Array[]): Buffer {
  const bundle = new Bundle();
  for (const entry of entries) bundle.add(entry);
  return bundle.take();
}

/**
 * The entries of a bundle.
 *
 * @throws {RedressError} `ledger/corrupt` if it does not end with a complete entry.
 */
export function decodeEntries(bundle: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at < bundle.length; ) {
    const end = at + 2 <= bundle.length ? at + 2 + bundle.readUInt16BE(at) : Number.POSITIVE_INFINITY;
    if (end > bundle.length) throw new RedressError('ledger/corrupt', `A bundle of entries ends in the middle of entry ${entries.length}.`);
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return entries;
}
