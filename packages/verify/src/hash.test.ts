import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Folder } from './findings.js';
import { digestOf, Hashes, leaf, leafWithin, node, rootOf, rowsOf, sha256, treeRoot } from './hash.js';
import { rootFrom, Tree } from './inclusion.js';

const hash = (...bytes: Uint8Array[]) => createHash('sha256').update(Buffer.concat(bytes)).digest();
const entry = (number: number) => Buffer.from(`entry ${number}`);
const leaves = (count: number) => Array.from({ length: count }, (_, at) => leaf(entry(at)));
const listOf = (hashes: readonly Buffer[]) => new Hashes(Buffer.concat(hashes));

/** MTH of RFC 6962, over hashes of entries. */
function mth(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 0) return hash();
  if (hashes.length === 1) return hashes[0] as Buffer;
  let k = 1;
  while (k * 2 < hashes.length) k *= 2;
  return hash(Buffer.of(1), mth(hashes.slice(0, k)), mth(hashes.slice(k)));
}

describe('hashes', () => {
  it('are SHA-256: of an entry after a 0, of a node after a 1', () => {
    expect(sha256('abc').toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(digestOf('abc')).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(leaf(entry(1))).toEqual(hash(Buffer.of(0), entry(1)));
    expect(leaf(Buffer.alloc(0))).toEqual(hash(Buffer.of(0)));
    expect(node(sha256('a'), sha256('b'))).toEqual(hash(Buffer.of(1), sha256('a'), sha256('b')));
    const within = Buffer.from(`ab${entry(1)}cd`);
    expect(Buffer.from(leafWithin(within, 2, within.length - 2), 'latin1')).toEqual(leaf(entry(1)));
  });
  it.each([0, 1, 2, 3, 5, 6, 7, 8, 100, 255, 256, 257, 300, 513, 700])(
    'of %i entries have the root of the RFC, as a whole, in tiles, and in parts',
    (count) => {
      const all = leaves(count);
      const list = listOf(all);
      expect(list.count).toBe(count);
      expect(rootOf(list, 0, count)).toEqual(mth(all));
      expect(treeRoot(list.above())).toEqual(mth(all));
      if (count < 3) return;
      expect(rootOf(list, 1, count - 2)).toEqual(mth(all.slice(1, count - 1)));
      expect(list.first(3).bytes).toEqual(Buffer.concat(all.slice(0, 3)));
      expect(list.at(2)).toEqual(all[2]);
    },
  );
  it('of the next level are those of 256 each, the last one of fewer', () => {
    const all = leaves(600);
    expect(listOf(all).above().bytes).toEqual(Buffer.concat([mth(all.slice(0, 256)), mth(all.slice(256, 512)), mth(all.slice(512))]));
  });
  it('of a tree with three levels of tiles have its root', () => {
    const all = leaves(66_000);
    expect(treeRoot(listOf(all))).toEqual(rootOf(listOf(all), 0, 66_000));
    expect(treeRoot(listOf(all).above())).toEqual(rootOf(listOf(all), 0, 66_000));
  });
  it('have above them those of complete pairs, and of pairs of these', () => {
    const all = leaves(7);
    const rows = rowsOf(listOf(all));
    expect(rows.map(({ count }) => count)).toEqual([7, 3, 1]);
    expect(rows[1]?.at(2)).toEqual(mth(all.slice(4, 6)));
    expect(rows[2]?.at(0)).toEqual(mth(all.slice(0, 4)));
    expect(rowsOf(listOf([])).map(({ count }) => count)).toEqual([0]);
    expect(rowsOf(listOf(all.slice(0, 1))).map(({ count }) => count)).toEqual([1]);
  });
});

describe('an entry', () => {
  const directory = mkdtempSync(join(tmpdir(), 'redress-tiles-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const put = (path: string, bytes: Buffer) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), bytes);
  };
  const SIZE = 700;
  const all = leaves(SIZE);
  const whole = (at: number) => Buffer.concat(all.slice(at * 256, at * 256 + 256));
  put('ledger/tile/0/000', whole(0));
  put('ledger/tile/0/001', whole(1));
  put('ledger/tile/0/002.p/188', whole(2));
  put('ledger/tile/1/000.p/2', Buffer.concat([mth(all.slice(0, 256)), mth(all.slice(256, 512))]));
  const tree = () => new Tree(new Folder(directory), SIZE);
  const root = mth(all);

  it.each([0, 1, 2, 255, 256, 511, 512, 639, 640, 698, 699])('%i is proven to be in the tree by its path', (number) => {
    const path = tree().path(number);
    const included = { entry: number, bytes: entry(number), path: path ?? [] };
    expect(rootFrom(included, SIZE)).toEqual(root);
    // Every part of it counts.
    expect(rootFrom({ ...included, bytes: entry(number + 1) }, SIZE)).not.toEqual(root);
    expect(rootFrom({ ...included, entry: number === 0 ? 1 : number - 1 }, SIZE)).not.toEqual(root);
    expect(rootFrom({ ...included, path: included.path.slice(1) }, SIZE)).not.toEqual(root);
    expect(rootFrom({ ...included, path: [...included.path, Buffer.alloc(32)] }, SIZE)).toBeNull();
  });
  it('is not in a tree that ends before it', () => {
    expect(rootFrom({ entry: 5, bytes: entry(5), path: [] }, 5)).toBeNull();
    expect(rootFrom({ entry: 0, bytes: entry(0), path: [] }, 0)).toBeNull();
    expect(rootFrom({ entry: Number.NaN, bytes: entry(0), path: [] }, 1)).toBeNull();
    expect(rootFrom({ entry: 0, bytes: entry(0), path: [] }, 1)).toEqual(leaf(entry(0)));
    expect(rootFrom({ entry: 0, bytes: entry(0), path: [] }, 2)).toBeNull();
  });
  it('of every tree up to 40 is in it, by a path from any tiles', () => {
    for (let size = 1; size <= 40; size++) {
      const part = leaves(size);
      put(`ledger/tile/0/000.p/${size}`, Buffer.concat(part));
      const own = new Tree(new Folder(directory), size);
      for (let number = 0; number < size; number++)
        expect(rootFrom({ entry: number, bytes: entry(number), path: own.path(number) ?? [] }, size)).toEqual(mth(part));
    }
  });
  it('is found by its hash until all are found', () => {
    const named = (...numbers: number[]) => new Set(numbers.map((number) => (all[number] as Buffer).toString('latin1')));
    const numbers = (found: Map<string, number>) => [...found.values()].sort((a, b) => a - b);
    expect(numbers(tree().numbersOf(named(0, 255, 256, 699)))).toEqual([0, 255, 256, 699]);
    expect(numbers(tree().numbersOf(new Set(['no hash'])))).toEqual([]);
    expect(numbers(tree().numbersOf(new Set()))).toEqual([]);
  });
  it('has no path if tiles are missing or truncated', () => {
    const path = (number: number) => new Tree(new Folder(directory), SIZE).path(number);
    put('ledger/tile/0/002.p/188', whole(2).subarray(0, 100 * 32 + 5));
    expect(path(699)).toBeNull();
    expect(path(0)).toBeNull();
    rmSync(join(directory, 'ledger/tile/0/002.p/188'));
    expect(path(699)).toBeNull();
    put('ledger/tile/0/002.p/188', whole(2));
    expect(path(699)).not.toBeNull();
    rmSync(join(directory, 'ledger/tile/1/000.p/2'));
    expect(path(0)).toBeNull();
  });
});
