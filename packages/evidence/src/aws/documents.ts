// Documents that travel in the item of their record: pure.
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Digest } from '@redress/core';
import type { Checked } from '../rules.js';
import type { Item } from './store.js';

/**
 * Bytes of text that the documents of one record may have in its item, all together and before they are packed. Beside the longest line of an
 * item (200,000 bytes) they fit into its 400 KB though packing gains nothing. As a rule it gains so much that writing them in the transaction
 * costs no more than the `PutObject` that each of them would be.
 */
export const CARRIED = 65_536;
/** What an item can hold at most, unpacked: more than that nobody has put in by the rules. */
const UNPACKED = 2 * CARRIED;

type Texts = Checked['texts'];

/** Which documents travel in the item, as many as fit, the smallest first; and which go to the bucket. Each is there once. */
export function divided(texts: Texts): { readonly carried: Texts; readonly stored: Texts } {
  const each = [...new Map(texts.map((text) => [text[1], text])).values()];
  const sized = each.map((text) => ({ text, bytes: Buffer.byteLength(text[2]) })).sort((a, b) => a.bytes - b.bytes);
  let left = CARRIED;
  const carried: Texts[number][] = [];
  const stored: Texts[number][] = [];
  for (const { text, bytes } of sized) {
    left -= bytes;
    (left >= 0 ? carried : stored).push(text);
  }
  return { carried, stored };
}

/** The attribute of an item that has documents: a line for each as for records, its digest, a space and its canonical JSON. */
export function carrying(texts: Texts): Item {
  if (texts.length === 0) return {};
  return { documents: { B: gzipSync(texts.map(([, digest, text]) => `${digest} ${text}`).join('\n')) } };
}

/**
 * The documents in an item, by the digests that they are said to have: who reads one compares. Null when they cannot be unpacked. An item of an
 * older version has none.
 */
export function carriedBy(item: Item): ReadonlyMap<Digest, string> | null {
  const packed = item['documents'];
  if (packed === undefined) return new Map();
  try {
    const lines = gunzipSync(packed.B as Uint8Array, { maxOutputLength: UNPACKED })
      .toString('utf8')
      .split('\n');
    return new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')) as Digest, line.slice(line.indexOf(' ') + 1)]));
  } catch {
    return null;
  }
}
