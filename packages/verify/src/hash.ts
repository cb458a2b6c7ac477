// Hashes, as RFC 6962 has them.
import { hash } from 'node:crypto';

/** SHA-256. */
export function sha256(bytes: Uint8Array | string): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/** `sha256:` and the hexadecimal digits of a SHA-256. */
export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${hash('sha256', bytes)}`;
}

const scratch = Buffer.alloc(65);
scratch[0] = 1;

/** Hash of an entry. */
export function leaf(entry: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(entry.length + 1);
  bytes[0] = 0;
  bytes.set(entry, 1);
  return sha256(bytes);
}

/** Hash of a node, from those below it. */
function node(left: Uint8Array, right: Uint8Array): Buffer {
  scratch.set(left, 1);
  scratch.set(right, 33);
  return sha256(scratch);
}

/** A list of hashes, one after the other. */
export class Hashes {
  readonly bytes: Buffer;
  readonly count: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.count = bytes.length / 32;
  }

  at(index: number): Buffer {
    return this.bytes.subarray(index * 32, index * 32 + 32);
  }

  /** Those of complete subtrees of 256: the level of tiles above. */
  above(): Hashes {
    const count = Math.floor(this.count / 256);
    const bytes = Buffer.alloc(count * 32);
    for (let index = 0; index < count; index++) bytes.set(rootOf(this, index * 256, 256), index * 32);
    return new Hashes(bytes);
  }
}

/** Root of the tree over a part of a list. It goes pair by pair: what has no neighbour goes up as it is, which is the tree of RFC 6962. */
export function rootOf(hashes: Hashes, from: number, count: number): Buffer {
  if (count === 0) return sha256('');
  let row = Array.from({ length: count }, (_, at) => hashes.at(from + at));
  while (row.length > 1) {
    const above: Buffer[] = [];
    for (let at = 0; at + 1 < row.length; at += 2) above.push(node(row[at] as Buffer, row[at + 1] as Buffer));
    if (row.length % 2 === 1) above.push(row[row.length - 1] as Buffer);
    row = above;
  }
  return Buffer.from(row[0] as Buffer);
}
