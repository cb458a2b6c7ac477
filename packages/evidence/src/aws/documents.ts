// Documents that travel in the item of their record: pure.
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Digest } from '@redress/core';
import type { Checked } from '../rules.js';
import type { Item } from './store.js';

/**
 * Bytes that the documents of one record may have in its item, all together and before they are packed. Beside the longest line of an item
 * (200,000 bytes) they fit into its 400 KB though packing gains nothing. As a rule it gains so much that writing them in the transaction costs
 * no more than the `PutObject` that each of them would be.
 */
const CARRIED = 65_536;

type Texts = Checked['texts'];

/** A document in an item, as records are lines: its digest, a space and its canonical JSON, in which no newline is. */
const lineOf = ([, digest, text]: Texts[number]) => `${digest} ${text}\n`;

/** Which documents travel in the item, as many as fit, the smallest first; and which go to the bucket. Each is there once. */
export function divided(texts: Texts): { readonly carried: Texts; readonly stored: Texts } {
  const each = [...new Map(texts.map((text) => [text[1], text])).values()];
  const sized = each.map((text) => ({ text, bytes: Buffer.byteLength(lineOf(text)) })).sort((a, b) => a.bytes - b.bytes);
  let left = CARRIED;
  const carried: Texts[number][] = [];
  const stored: Texts[number][] = [];
  for (const { text, bytes } of sized) {
    left -= bytes;
    (left >= 0 ? carried : stored).push(text);
  }
  return { carried, stored };
}

/** The attribute of an item that has documents. */
export function carrying(texts: Texts): Item {
  return texts.length === 0 ? {} : { documents: { B: gzipSync(texts.map(lineOf).join('')) } };
}

/**
 * The documents in an item, by the digests that they are said to have: who reads one compares. Null when they cannot be unpacked. An item of an
 * older version has none.
 */
export function carriedBy(item: Item): ReadonlyMap<Digest, string> | null {
  const packed = item['documents'];
  if (packed === undefined) return new Map();
  try {
    const text = gunzipSync(packed.B as Uint8Array, { maxOutputLength: CARRIED }).toString('utf8');
    const lines = text.split('\n').slice(0, -1);
    return new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')) as Digest, line.slice(line.indexOf(' ') + 1)]));
  } catch {
    return null;
  }
}
