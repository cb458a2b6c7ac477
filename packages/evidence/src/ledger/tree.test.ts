import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consistencyProof, inclusionProof, leafHash, MemoryTree, nodeHash, rootOf } from './tree.js';

const hex = (text: string) => Buffer.from(text, 'hex');
// The entries and roots that implementations of RFC 6962 test themselves with (github.com/transparency-dev/merkle, testonly/constants.go).
const ENTRIES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(hex);
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

function treeOf(entries: readonly Buffer[]): MemoryTree {
  const tree = new MemoryTree();
  for (const entry of entries) tree.append(leafHash(entry));
  return tree;
}

/** MTH of RFC 6962, word for word. */
function mth(entries: readonly Buffer[]): Buffer {
  if (entries.length === 0) return createHash('sha256').digest();
  if (entries.length === 1) return leafHash(entries[0] as Buffer);
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return nodeHash(mth(entries.slice(0, k)), mth(entries.slice(k)));
}

/** RFC 9162, 2.1.3.2: from an entry to the root, by the bits of its number. */
function rootByInclusion(leaf: Buffer, index: number, size: number, proof: readonly Buffer[]): Buffer | null {
  let [fn, sn, r] = [index, size - 1, leaf];
  for (const p of proof) {
    if (sn === 0) return null;
    if (fn % 2 === 1 || fn === sn) {
      r = nodeHash(p, r);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else r = nodeHash(r, p);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 ? r : null;
}

/** RFC 9162, 2.1.4.2: both roots, from a proof of consistency. */
function rootsByConsistency(older: number, size: number, olderRoot: Buffer, proof: readonly Buffer[]): [Buffer, Buffer] | null {
  const path = Number.isInteger(Math.log2(older)) ? [olderRoot, ...proof] : [...proof];
  let [fn, sn] = [older - 1, size - 1];
  while (fn % 2 === 1) [fn, sn] = [fn >> 1, sn >> 1];
  const [first, ...rest] = path;
  if (first === undefined) return null;
  let [fr, sr] = [first, first];
  for (const c of rest) {
    if (sn === 0) return null;
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [nodeHash(c, fr), nodeHash(c, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else sr = nodeHash(sr, c);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 ? [fr, sr] : null;
}

describe('the tree of RFC 6962', () => {
  it.each(ROOTS.map((root, size) => [size, root] as const))('has the known root with %i entries', (size, root) => {
    const tree = treeOf(ENTRIES.slice(0, size));
    expect(tree.size).toBe(size);
    expect(rootOf(tree.at, size).toString('hex')).toBe(root);
  });

  it('hashes an entry and a node differently', () => {
    expect(leafHash(Buffer.alloc(0)).toString('hex')).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
    const [a, b] = [leafHash(hex('')), leafHash(hex('00'))];
    expect(nodeHash(a, b).toString('hex')).toBe('fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125');
    expect(leafHash(Buffer.concat([a, b])).equals(nodeHash(a, b))).toBe(false);
  });

  it('hashes entries of any length, one after the other', () => {
    for (const length of [3, 65_535, 65_536, 70_000, 0, 65_535]) {
      const entry = Buffer.alloc(length, 7);
      expect(leafHash(entry).equals(createHash('sha256').update(Buffer.of(0)).update(entry).digest())).toBe(true);
    }
  });

  // The known paths of the same source, as hashes of subtrees.
  it('has the known proofs', () => {
    const tree = treeOf(ENTRIES);
    const proof = (list: readonly Buffer[]) => list.map((each) => each.toString('hex'));
    expect(proof(inclusionProof(tree.at, 0, 8))).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect(proof(inclusionProof(tree.at, 2, 3))).toEqual(['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']);
    expect(proof(inclusionProof(tree.at, 0, 1))).toEqual([]);
    expect(proof(consistencyProof(tree.at, 6, 8))).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(proof(consistencyProof(tree.at, 2, 5))).toEqual([
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ]);
  });

  it('has the root of the definition, and proofs that lead to it, whatever the entries are', () => {
    const sizes = fc.array(fc.uint8Array({ maxLength: 3 }), { minLength: 1, maxLength: 70 });
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), (given, some, other) => {
        const entries = given.map((each) => Buffer.from(each));
        const tree = treeOf(entries);
        const size = 1 + (other % entries.length);
        const root = rootOf(tree.at, size);
        expect(root.equals(mth(entries.slice(0, size)))).toBe(true);
        const index = some % size;
        const proof = inclusionProof(tree.at, index, size);
        const leaf = leafHash(entries[index] as Buffer);
        expect(rootByInclusion(leaf, index, size, proof)?.equals(root)).toBe(true);
        expect(rootByInclusion(nodeHash(leaf, leaf), index, size, proof)?.equals(root) ?? false).toBe(false);
        const older = 1 + (some % size);
        if (older === size) expect(consistencyProof(tree.at, older, size)).toEqual([]);
        else {
          const olderRoot = rootOf(tree.at, older);
          const roots = rootsByConsistency(older, size, olderRoot, consistencyProof(tree.at, older, size));
          expect(roots?.map((each) => each.toString('hex'))).toEqual([olderRoot.toString('hex'), root.toString('hex')]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['an entry beyond the tree', () => inclusionProof(treeOf(ENTRIES).at, 8, 8)],
    ['an entry of an empty tree', () => inclusionProof(treeOf([]).at, 0, 0)],
    ['a negative entry', () => inclusionProof(treeOf(ENTRIES).at, -1, 8)],
    ['an older tree that is larger', () => consistencyProof(treeOf(ENTRIES).at, 9, 8)],
    ['an older tree with a fractional size', () => consistencyProof(treeOf(ENTRIES).at, 2.5, 8)],
    ['an older tree with a negative size', () => consistencyProof(treeOf(ENTRIES).at, -1, 8)],
    ['a missing level', () => treeOf(ENTRIES).at(7, 0)],
    ['missing hashes', () => rootOf(treeOf(ENTRIES).at, 9)],
  ])('refuses %s', (_, act) => {
    expect(act).toThrow(expect.objectContaining({ code: 'ledger/invalid' }));
  });

  it('proves nothing about an empty or an equal tree', () => {
    expect(consistencyProof(treeOf(ENTRIES).at, 0, 8)).toEqual([]);
    expect(consistencyProof(treeOf(ENTRIES).at, 8, 8)).toEqual([]);
  });
});
