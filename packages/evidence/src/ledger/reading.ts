// Reads hashes of a tree from the tiles in a store.
import { RedressError } from '@redress/core';
import { TILE_HEIGHT, TILE_WIDTH, type Tile, tilePath } from './tiles.js';
import { consistencyProof, HASH_BYTES, type HashAt, MemoryTree, rootOf } from './tree.js';

/** The bytes of a tile; null if it does not exist. */
export type ReadTile = (tile: Tile) => Promise<Buffer | null>;

/**
 * Proves that a log begins with an older one: {@link consistencyProof} from the tiles of the log.
 *
 * @param size Size of the log whose tiles are read. The tiles at its right edge are partial.
 * @throws {RedressError} `ledger/invalid` if the older log is not older, `ledger/corrupt` if a tile is missing or incomplete.
 */
export async function consistencyFrom(read: ReadTile, older: number, size: number): Promise<readonly Buffer[]> {
  const tiles = new Map<string, Buffer>();
  const needed = new Map<string, Tile>();
  // Which hashes a proof needs does not depend on their values.
  consistencyProof(
    (level, index) => {
      const tile = tileOf(level, index, size);
      needed.set(tilePath(tile), tile);
      return NONE;
    },
    older,
    size,
  );
  await Promise.all(
    [...needed].map(async ([path, tile]) => {
      const bytes = await read(tile);
      if (bytes?.length !== tile.width * HASH_BYTES) throw new RedressError('ledger/corrupt', `${path} is missing, or does not hold ${tile.width} hashes.`);
      tiles.set(path, bytes);
    }),
  );
  const at: HashAt = (level, index) => hashIn(tiles.get(tilePath(tileOf(level, index, size))) ?? NONE, level, index);
  return consistencyProof(at, older, size);
}

const NONE = Buffer.alloc(HASH_BYTES);

/** The tile that contains a subtree, or from which it is folded. */
function tileOf(level: number, index: number, size: number): Tile {
  const above = Math.floor(level / TILE_HEIGHT);
  const first = index * 2 ** (level % TILE_HEIGHT);
  const tile = Math.floor(first / TILE_WIDTH);
  return { level: above, index: tile, width: Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** above) - tile * TILE_WIDTH) };
}

function hashIn(tile: Buffer, level: number, index: number): Buffer {
  const count = 2 ** (level % TILE_HEIGHT);
  const first = (index * count) % TILE_WIDTH;
  const tree = new MemoryTree();
  for (let at = first; at < first + count; at++) tree.append(tile.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
  return rootOf(tree.at, count);
}
