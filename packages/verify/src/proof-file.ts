// The proof of one entry of a log as a file. See https://c2sp.org/tlog-proof
import type { Included } from './inclusion.js';
import { utf8 } from './json.js';

/**
 * Bytes of a proof with its record; what would be longer has the record in a file of its own. The Go library that defines the format reads no line
 * above 64 KiB back, and so no record in a longer file.
 */
const LONGEST = 65_536;

/** What a proof says. */
export interface ProofFile {
  /** Number of the entry in the log, from 0. */
  readonly entry: number;
  readonly path: readonly Buffer[];
  /** The entry, where the proof has it. */
  readonly extra: Buffer | null;
  readonly checkpoint: Buffer;
}

/** The proof of one record as a file: with the record itself, unless that is too long for it. */
export function proofFile({ entry, bytes, path }: Included, checkpoint: Uint8Array): { readonly file: string; readonly hasRecord: boolean } {
  const text = (extra: string) =>
    [
      'c2sp.org/tlog-proof@v1',
      ...(extra === '' ? [] : [`extra ${extra}`]),
      `index ${entry}`,
      ...path.map((hash) => hash.toString('base64')),
      '',
      Buffer.from(checkpoint).toString('utf8'),
    ].join('\n');
  const whole = text(Buffer.from(bytes).toString('base64'));
  return Buffer.byteLength(whole) <= LONGEST ? { file: whole, hasRecord: true } : { file: text(''), hasRecord: false };
}

/** Reads a proof; null for what is none. */
export function readProofFile(bytes: Uint8Array): ProofFile | null {
  const text = utf8(bytes);
  const [, extra, index = '', hashes = '', checkpoint = ''] =
    /^c2sp\.org\/tlog-proof@v1\n(?:extra ([A-Za-z0-9+/]+={0,2})\n)?index (0|[1-9][0-9]{0,14})\n((?:[A-Za-z0-9+/]{43}=\n)*)\n(.+)$/s.exec(text ?? '') ?? [];
  const path = hashesOf(hashes.split('\n').slice(0, -1));
  const own = extra === undefined ? null : Buffer.from(extra, 'base64');
  if (text === undefined || index === '' || path === null || (own !== null && own.toString('base64') !== extra)) return null;
  return { entry: Number(index), path, extra: own, checkpoint: Buffer.from(checkpoint) };
}

/** Hashes in Base64. There is one way to write each. */
export function hashesOf(texts: readonly unknown[]): Buffer[] | null {
  const hashes = texts.map((each) => Buffer.from(String(each), 'base64'));
  return hashes.every((hash, at) => hash.length === 32 && hash.toString('base64') === texts[at]) ? hashes : null;
}
