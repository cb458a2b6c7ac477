// The proof of one entry of a log as a file. See https://c2sp.org/tlog-proof
import type { Included } from './inclusion.js';
import { canonical, isObject, type Json, readCanonical, utf8 } from './json.js';
import { UsageError } from './note.js';

/**
 * Maximum bytes of a proof with its record. If it would be longer, the record is in a separate file. The Go library that defines the format reads no line
 * longer than 64 KiB, so it cannot read a longer record in a proof.
 */
const LONGEST = 65_536;

/** The content of a proof. */
export interface ProofFile {
  /** Number of the entry in the log, from 0. */
  readonly entry: number;
  readonly path: readonly Buffer[];
  /** Additional data: usually the entry. */
  readonly extra: Buffer | null;
  readonly checkpoint: Buffer;
}

/**
 * The proof of one record as a file. It contains the record, unless that is too long. If a key of the log was lost, it also has the entries that declare
 * this, with their proofs: `extra` is then an object that contains the record.
 *
 * @param breaks Those entries.
 * @throws {UsageError} if there are more of them than a proof can hold.
 */
export function proofFile(
  { entry, bytes, path }: Included,
  checkpoint: Uint8Array,
  breaks: readonly Included[] = [],
): { readonly file: string; readonly hasRecord: boolean } {
  const text = (extra: Buffer | null) =>
    [
      'c2sp.org/tlog-proof@v1',
      ...(extra === null ? [] : [`extra ${extra.toString('base64')}`]),
      `index ${entry}`,
      ...path.map((hash) => hash.toString('base64')),
      '',
      Buffer.from(checkpoint).toString('utf8'),
    ].join('\n');
  const extraOf = (record: Buffer | null): Buffer | null =>
    breaks.length === 0 ? record : Buffer.from(canonical({ breaks: breaks.map(includedJson), record: record === null ? null : record.toString('utf8') }));
  for (const record of [Buffer.from(bytes), null]) {
    const extra = extraOf(record);
    const file = text(extra);
    if (Buffer.byteLength(file) <= LONGEST) return { file, hasRecord: record !== null };
  }
  throw new UsageError(`The log declares ${breaks.length} keys lost, which is more than a proof can hold. Make a bundle.`);
}

/** The content of `extra`: the record, if present, and the entries that declare keys lost. */
export function extraIn(extra: Buffer | null): { readonly record: Buffer | null; readonly breaks: readonly Included[] } | null {
  const value = extra === null ? undefined : readCanonical(utf8(extra) ?? '');
  if (!isObject(value) || Object.keys(value).join() !== 'breaks,record') return { record: extra, breaks: [] };
  const { breaks, record } = value;
  const read = includedAll(breaks);
  if (read === null || !(record === null || typeof record === 'string')) return null;
  return { record: record === null ? null : Buffer.from(record), breaks: read };
}

/** An entry with its proof, as JSON. */
export function includedJson({ entry, bytes, path }: Included): { readonly entry: number; readonly path: readonly string[]; readonly text: string } {
  return { entry, path: path.map((hash) => hash.toString('base64')), text: Buffer.from(bytes).toString('utf8') };
}

/** Parses one; null if it is invalid. */
export function includedIn(value: Json | undefined): Included | null {
  if (!isObject(value) || !Number.isSafeInteger(value['entry']) || (value['entry'] as number) < 0 || typeof value['text'] !== 'string') return null;
  const path = Array.isArray(value['path']) ? hashesOf(value['path']) : null;
  return path === null ? null : { entry: value['entry'] as number, bytes: Buffer.from(value['text']), path };
}

/** Parses a list of them; null if one is invalid. */
export function includedAll(value: Json | undefined): readonly Included[] | null {
  const read = Array.isArray(value) ? (value as readonly Json[]).map(includedIn) : [null];
  return read.every((each) => each !== null) ? read : null;
}

/** Parses a proof; null if it is invalid. */
export function readProofFile(bytes: Uint8Array): ProofFile | null {
  const text = utf8(bytes);
  const [, extra, index = '', hashes = '', checkpoint = ''] =
    /^c2sp\.org\/tlog-proof@v1\n(?:extra ([A-Za-z0-9+/]+={0,2})\n)?index (0|[1-9][0-9]{0,14})\n((?:[A-Za-z0-9+/]{43}=\n)*)\n(.+)$/s.exec(text ?? '') ?? [];
  const path = hashesOf(hashes.split('\n').slice(0, -1));
  const own = extra === undefined ? null : Buffer.from(extra, 'base64');
  if (text === undefined || index === '' || path === null || (own !== null && own.toString('base64') !== extra)) return null;
  return { entry: Number(index), path, extra: own, checkpoint: Buffer.from(checkpoint) };
}

/** Hashes in Base64. Only one encoding of each is accepted. */
export function hashesOf(texts: readonly unknown[]): Buffer[] | null {
  const hashes = texts.map((each) => Buffer.from(String(each), 'base64'));
  return hashes.every((hash, at) => hash.length === 32 && hash.toString('base64') === texts[at]) ? hashes : null;
}
