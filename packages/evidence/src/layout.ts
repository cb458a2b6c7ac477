import { join } from 'node:path';
import type { Digest } from '@redress/core';

/** Content of the file `FORMAT`. */
export const FORMAT = 'redress-evidence/1\n';

/** Path of the newest checkpoint of the log. */
export const CHECKPOINT = 'ledger/checkpoint';

/** The redaction key: for writers, not for readers of the records. */
export const KEY_FILE = 'redaction.key';

const hex = (digest: Digest) => digest.slice('sha256:'.length);

/** Path of a stream's records, one per line: digest, space, canonical JSON. */
export function streamFile(directory: string, stream: Digest): string {
  return join(directory, 'streams', hex(stream).slice(0, 2), `${hex(stream)}.jsonl`);
}

/** Whether the name of a file in `streams` is that of a stream's records. */
export function isStreamFile(name: string): boolean {
  return /^[0-9a-f]{64}\.jsonl$/.test(name);
}

/** Path of a document: its canonical JSON, named by its digest. */
export function blobFile(directory: string, digest: Digest): string {
  return join(directory, 'blobs', hex(digest).slice(0, 2), `${hex(digest)}.json`);
}
