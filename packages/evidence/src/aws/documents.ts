// Documents that are stored in the item of their record: pure.
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Digest } from '@redress/core';
import type { Checked } from '../rules.js';
import type { Item } from './store.js';

/**
 * Bytes of documents that the item of one record may hold: their sum, before compression. With the longest line of an item (200,000 bytes) they fit into its
 * 400 KB even if compression saves nothing. It usually saves so much that storing them in the transaction costs no more than a `PutObject` for each.
 */
const CARRIED = 65_536;

type Texts = Checked['texts'];

/** A document in an item, in the form of a record's line: its digest, a space and its canonical JSON, which contains no newline. */
const lineOf = ([, digest, text]: Texts[number]) => `${digest} ${text}\n`;

/** Which documents go into the item (as many as fit, the smallest first) and which go to the bucket. Each is listed once. */
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

/** The attribute of an item that contains documents. */
export function carrying(texts: Texts): Item {
  return texts.length === 0 ? {} : { documents: { B: gzipSync(texts.map(lineOf).join('')) } };
}

/**
 * The documents in an item, by the digests that the item states. The caller has to compare them. Null if they cannot be decompressed. An item of an older
 * version has none.
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
