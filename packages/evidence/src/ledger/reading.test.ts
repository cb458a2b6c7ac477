// Proofs from the tiles of a log equal those of its tree.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_EDGE, Growth } from './growth.js';
import { consistencyFrom } from './reading.js';
import { type Tile, tilePath } from './tiles.js';
import { consistencyProof, leafHash, MemoryTree, nodeHash } from './tree.js';

/** A log with this many entries: its tree, and its tiles. */
function logOf(size: number) {
  const tree = new MemoryTree();
  const files = new Map<string, Buffer>();
  const growth = new Growth(EMPTY_EDGE, (tile, bytes) => void files.set(tilePath(tile), bytes));
  for (let at = 0; at < size; at++) {
    growth.append(Buffer.from(`entry ${at}`));
    tree.append(leafHash(Buffer.from(`entry ${at}`)));
  }
  growth.end();
  const asked: string[] = [];
  const read = async (tile: Tile) => {
    asked.push(tilePath(tile));
    return files.get(tilePath(tile)) ?? null;
  };
  return { tree, files, growth, asked, read };
}

describe('the proof that a log begins with an older one', () => {
  const large = logOf(66_000);
  it.each([
    [1, 700],
    [256, 700],
    [257, 700],
    [300, 700],
    [512, 700],
    [699, 700],
    [700, 700],
    [0, 700],
    [255, 256],
  ])('with %i entries, with %i now, is read from its tiles, each once', async (older, size) => {
    const { tree, read, asked } = logOf(size);
    expect(await consistencyFrom(read, older, size)).toEqual(consistencyProof(tree.at, older, size));
    expect(new Set(asked).size).toBe(asked.length);
  });
  it('is the same wherever the older one ended, even across three levels of tiles', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 66_000 }), async (older) => {
        expect(await consistencyFrom(large.read, older, 66_000)).toEqual(consistencyProof(large.tree.at, older, 66_000));
      }),
      { numRuns: 40 },
    );
    expect(large.asked.some((path) => path.startsWith('tile/1/'))).toBe(true);
  });
  it('is refused if a tile is missing or cut off, and if the older one is not older', async () => {
    const { read, files } = logOf(700);
    await expect(consistencyFrom(read, 701, 700)).rejects.toMatchObject({ code: 'ledger/invalid' });
    const [path, bytes] = [...files].find(([name]) => name.startsWith('tile/0/002')) ?? ['', Buffer.alloc(0)];
    for (const bad of [null, bytes.subarray(32), Buffer.concat([bytes, bytes.subarray(0, 32)])]) {
      if (bad === null) files.delete(path);
      else files.set(path, bad);
      await expect(consistencyFrom(read, 300, 700)).rejects.toMatchObject({ code: 'ledger/corrupt', message: expect.stringContaining(path) });
    }
  });
});

describe('the path of the next entry', () => {
  it.each([0, 1, 5, 256, 700])('of a log of %i leads to the root of the log that ends with it', (size) => {
    const { growth } = logOf(size);
    const next = Buffer.from('the next');
    const root = growth.pathOfNext().reduce((hash, left) => nodeHash(left, hash), leafHash(next));
    growth.append(next);
    expect(growth.root()).toEqual(root);
  });
});
