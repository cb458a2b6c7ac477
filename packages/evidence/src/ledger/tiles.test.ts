import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_EDGE, edgeOf, Growth } from './growth.js';
import { decodeEntries, edgesBetween, encodeEntries, partialTiles, tilePath, tilesBetween } from './tiles.js';
import { leafHash, MemoryTree, rootOf } from './tree.js';

const entry = (number: number) => Buffer.from(`entry ${number}`);

describe('tilePath', () => {
  // The first three are examples of https://c2sp.org/tlog-tiles.
  it.each([
    [{ level: 0, index: 1_234_067, width: 256 }, 'tile/0/x001/x234/067'],
    [{ level: 0, index: 273, width: 112 }, 'tile/0/273.p/112'],
    [{ level: 1, index: 1, width: 17 }, 'tile/1/001.p/17'],
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 'entries' as const, index: 1000, width: 1 }, 'tile/entries/x001/000.p/1'],
  ])('of %o is %s', (tile, path) => {
    expect(tilePath(tile)).toBe(path);
  });
});

/** The hash above the first 256 entries. */
function above(): Buffer[] {
  const tree = new MemoryTree();
  for (let at = 0; at < 256; at++) tree.append(leafHash(entry(at)));
  return [tree.at(8, 0)];
}

describe('tiles of a tree', () => {
  it('follow the specification for 70,000 entries', () => {
    // https://c2sp.org/tlog-tiles: "a tree of size 70,000 will be represented by 273 full level 0 tiles, one partial with 112 hashes, one full
    // and one partial level 1 tile with 17 hashes, and one partial level 2 tile with 1 hash".
    const tiles = tilesBetween(0, 70_000);
    const of = (level: number | 'entries') => tiles.filter((tile) => tile.level === level);
    expect(of(0)).toHaveLength(274);
    expect(of('entries')).toHaveLength(274);
    expect(of(0).at(-1)).toEqual({ level: 0, index: 273, width: 112 });
    expect(of(1)).toEqual([
      { level: 1, index: 0, width: 256 },
      { level: 1, index: 1, width: 17 },
    ]);
    expect(of(2)).toEqual([{ level: 2, index: 0, width: 1 }]);
    expect(of(3)).toEqual([]);
    expect(partialTiles(70_000).map(tilePath)).toEqual(['tile/entries/273.p/112', 'tile/0/273.p/112', 'tile/1/001.p/17', 'tile/2/000.p/1']);
  });

  it('end where the tree ends: no empty one follows a full one', () => {
    expect(tilesBetween(200, 512).map(tilePath)).toEqual(['tile/entries/000', 'tile/entries/001', 'tile/0/000', 'tile/0/001', 'tile/1/000.p/2']);
    expect(partialTiles(65_536).map(tilePath)).toEqual(['tile/2/000.p/1']);
  });

  it('that may be left over as partial ones are at the edge of the smaller tree, of the larger one, and in between', () => {
    const edges = (from: number, to: number) => edgesBetween(from, to).map(tilePath);
    expect(edges(300, 520)).toEqual(['tile/entries/001', 'tile/entries/002', 'tile/0/001', 'tile/0/002', 'tile/1/000']);
    // A sealer that died may have had more entries than were sealed then. So a full tile can have partial ones, and so can the one after it.
    expect(edges(5, 256)).toEqual(['tile/entries/000', 'tile/entries/001', 'tile/0/000', 'tile/0/001', 'tile/1/000']);
    expect(edges(0, 0)).toEqual(['tile/entries/000']);
  });

  it('do not exist between two trees of the same size', () => {
    expect(tilesBetween(300, 300)).toEqual([]);
    expect(tilesBetween(256, 256)).toEqual([]);
    expect(tilesBetween(0, 0)).toEqual([]);
  });

  it('are those that a growing tree writes, with the root of the tree, wherever it is interrupted', async () => {
    const steps = fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(steps, async (counts) => {
        const files = new Map<string, Buffer>();
        const tree = new MemoryTree();
        let size = 0;
        for (const count of counts) {
          const edge = await edgeOf(size, async (tile) => files.get(tilePath(tile)) ?? null, decodeEntries);
          const put: string[] = [];
          const growth = new Growth(edge, (tile, bytes) => {
            put.push(tilePath(tile));
            files.set(tilePath(tile), bytes);
          });
          for (let at = size; at < size + count; at++) {
            growth.append(entry(at));
            tree.append(leafHash(entry(at)));
          }
          growth.end();
          expect(put.sort()).toEqual(
            tilesBetween(size, size + count)
              .map(tilePath)
              .sort(),
          );
          size += count;
          expect(growth.size).toBe(size);
          expect(growth.root().equals(rootOf(tree.at, size))).toBe(true);
        }
        // A tile's hashes are those of complete subtrees.
        for (const tile of tilesBetween(0, size)) {
          const bytes = files.get(tilePath(tile)) as Buffer;
          const { level } = tile;
          if (level === 'entries') {
            const expected = Array.from({ length: tile.width }, (_, at) => entry(tile.index * 256 + at).toString());
            expect(decodeEntries(bytes).map(String)).toEqual(expected);
          } else {
            const expected = Array.from({ length: tile.width }, (_, at) => tree.at(level * 8, tile.index * 256 + at));
            expect(bytes.equals(Buffer.concat(expected))).toBe(true);
          }
        }
      }),
      // Trees that end with full tiles, and what follows them.
      { numRuns: 40, examples: [[[256, 1]], [[200, 312, 0, 300]]] },
    );
  });

  it('reach the third level', () => {
    const tree = new MemoryTree();
    const growth = new Growth(EMPTY_EDGE, null);
    for (let at = 0; at < 66_000; at++) {
      growth.append(entry(at));
      tree.append(leafHash(entry(at)));
    }
    expect(growth.root().equals(rootOf(tree.at, 66_000))).toBe(true);
  });

  it.each([
    ['missing', 'tile/0/001.p/44', null],
    ['truncated', 'tile/0/001.p/44', Buffer.alloc(32)],
    ['longer', 'tile/0/001.p/44', Buffer.concat([...Array.from({ length: 44 }, (_, at) => leafHash(entry(256 + at))), Buffer.alloc(32)])],
    ['longer on an upper level', 'tile/1/000.p/1', Buffer.concat([...above(), Buffer.alloc(32)])],
    ['too short', 'tile/entries/001.p/44', encodeEntries([entry(256)])],
    ['of another entry', 'tile/entries/001.p/44', encodeEntries(Array.from({ length: 44 }, (_, at) => entry(at === 3 ? 0 : 256 + at)))],
  ])('are refused if the last one is %s', async (_, path, bytes) => {
    const files = new Map<string, Buffer | null>();
    const growth = new Growth(EMPTY_EDGE, (tile, put) => void files.set(tilePath(tile), put));
    for (let at = 0; at < 300; at++) growth.append(entry(at));
    growth.end();
    const read = () => edgeOf(300, async (tile) => files.get(tilePath(tile)) ?? null, decodeEntries);
    expect(new Growth(await read(), null).root().equals(growth.root())).toBe(true);
    expect(files.has(path)).toBe(true);
    files.set(path, bytes);
    await expect(read()).rejects.toThrow(expect.objectContaining({ code: 'ledger/corrupt' }));
  });
});

describe('bundles of entries', () => {
  it('have a length of two bytes before each entry', () => {
    expect(
      encodeEntries([Buffer.from('ab'), Buffer.alloc(0), Buffer.alloc(258, 7)])
        .subarray(0, 8)
        .toString('hex'),
    ).toBe('0002616200000102');
    expect(() => encodeEntries([Buffer.alloc(65_536)])).toThrow(expect.objectContaining({ code: 'ledger/invalid' }));
    expect(decodeEntries(encodeEntries([Buffer.alloc(65_535, 1)]))[0]).toHaveLength(65_535);
  });

  it('are read back, and refused if they end too early', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1 }), fc.nat(), (given, cut) => {
        const entries = given.map((each) => Buffer.from(each));
        const bundle = encodeEntries(entries);
        expect(decodeEntries(bundle)).toEqual(entries);
        const last = entries.at(-1)?.length ?? 0;
        expect(() => decodeEntries(bundle.subarray(0, bundle.length - 1 - (cut % (last + 1))))).toThrow(expect.objectContaining({ code: 'ledger/corrupt' }));
      }),
      { numRuns: 100 },
    );
  });
});
