// Hashes of RFC 6962.
import { hash } from 'node:crypto';

/** Bytes of a hash. */
export const HASH = 32;

/** SHA-256. */
export function sha256(bytes: Uint8Array | string): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/** `sha256:` and the hexadecimal digits of a SHA-256. */
export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${hash('sha256', bytes)}`;
}

/** Hash of an entry. */
export function leaf(entry: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(entry.length + 1);
  bytes.set(entry, 1);
  return Buffer.from(leafWithin(bytes, 1, bytes.length), 'latin1');
}

/**
 * Hash of an entry in a buffer, as a binary string. It overwrites the byte before the entry, which saves copying the entry: in a bundle that byte belongs to
 * its length, in a stream it is a space.
 */
export function leafWithin(bytes: Buffer, from: number, to: number): string {
  bytes[from - 1] = 0;
  return hash('sha256', bytes.subarray(from - 1, to), 'binary');
}

/** Hash of a node, from its children. */
export function node(left: Uint8Array, right: Uint8Array): Buffer {
  return sha256(Buffer.concat([Buffer.of(1), left, right]));
}

/** A list of hashes, in one buffer. */
export class Hashes {
  readonly bytes: Buffer;
  readonly count: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.count = bytes.length / HASH;
  }

  at(index: number): Buffer {
    return this.bytes.subarray(index * HASH, index * HASH + HASH);
  }

  /** The hashes of subtrees of 256 entries. The last one may have fewer. Without the incomplete one, this is the tile level above. */
  above(): Hashes {
    const bytes = Buffer.alloc(Math.ceil(this.count / 256) * HASH);
    for (let at = 0; at * HASH < bytes.length; at++) rootOf(this, at * 256, Math.min(256, this.count - at * 256)).copy(bytes, at * HASH);
    return new Hashes(bytes);
  }

  /** The first hashes of the list. */
  first(count: number): Hashes {
    return new Hashes(this.bytes.subarray(0, count * HASH));
  }
}

/** Root of the tree over a part of a list. It combines pairs, level by level. A hash without a partner moves up unchanged, which gives the tree of RFC 6962. */
export function rootOf(hashes: Hashes, from: number, count: number): Buffer {
  if (count === 0) return sha256('');
  // One byte in front: each pair is preceded by the node prefix 1, in a byte that is no longer needed.
  const row = Buffer.allocUnsafe(count * HASH + 1);
  hashes.bytes.copy(row, 1, from * HASH, (from + count) * HASH);
  for (let length = count; length > 1; length = Math.ceil(length / 2))
    for (let at = 0; at < length; at += 2) {
      const pair = at * HASH;
      if (at + 1 === length) row.copy(row, 1 + pair / 2, 1 + pair, 1 + pair + HASH);
      else {
        row[pair] = 1;
        row.write(hash('sha256', row.subarray(pair, pair + 2 * HASH + 1), 'binary'), 1 + pair / 2, HASH, 'latin1');
      }
    }
  return row.subarray(1, 1 + HASH);
}

/** A list of hashes, and the levels above it: those of complete pairs, of pairs of these, and so on: subtrees of 1, 2, 4, … entries. */
export function rowsOf(hashes: Hashes): readonly Hashes[] {
  const rows = [hashes];
  for (let below = hashes; below.count > 1; ) {
    const row = Buffer.allocUnsafe(Math.floor(below.count / 2) * HASH);
    const pair = Buffer.allocUnsafe(2 * HASH + 1);
    pair[0] = 1;
    for (let at = 0; (at + 1) * HASH <= row.length; at++) {
      below.bytes.copy(pair, 1, 2 * at * HASH, 2 * (at + 1) * HASH);
      sha256(pair).copy(row, at * HASH);
    }
    below = new Hashes(row);
    rows.push(below);
  }
  return rows;
}

/** Root of the tree over a list, from its {@link Hashes.above}. */
export function treeRoot(above: Hashes): Buffer {
  let level = above;
  while (level.count > 256) level = level.above();
  return rootOf(level, 0, level.count);
}
