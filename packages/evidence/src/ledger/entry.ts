// Entries of the log: records as they are in their streams, and one entry that closes each seal. Pure.
import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { canonicalJson, type Digest, digestOf, isRecord, type JsonObject } from '@redress/core';
import { isEvidenceRecord } from '../chain.js';
import { LONGEST_ENTRY } from './tiles.js';

/** The position up to which a stream is sealed. */
export interface Position {
  /** Number of its last sealed record. */
  readonly seq: number;
  /** Digest of that record. */
  readonly head: Digest;
  /** Bytes of the stream, up to and including the newline of that record. */
  readonly bytes: number;
}

/** A line that comes next in a stream. */
export interface Line {
  readonly stream: Digest;
  readonly seq: number;
  readonly time: string;
  readonly digest: Digest;
  readonly json: Buffer;
}

/** The replacement of a key. The last seal under the old key announces it, and is signed with the old key. */
export interface Rotation {
  /** From 1: how often the key of the log was replaced, including this time. */
  readonly number: number;
  /** The public key that has signed so far, and the one that signs from the next seal on, in the form for verifiers. */
  readonly from: string;
  readonly to: string;
  /** Who replaced it, and why. */
  readonly by: string;
  readonly reason: string;
}

/** The loss of a key: another key continues without an announcement. A person states it, and only the other key signs it. */
export interface Break {
  /** From 1: how often a key of the log was lost, including this time. */
  readonly number: number;
  /** The lost key, and the key that continues, in the form for verifiers. */
  readonly from: string;
  readonly to: string;
  /** Entries of the last checkpoint that the lost key has signed. It has not signed what comes after them. */
  readonly entries: number;
  /** Who states it, and why. */
  readonly by: string;
  readonly reason: string;
  /** Number of the rotation in the previous entry, which the lost key had begun but not signed. It announces nothing. */
  readonly unsigned?: number;
}

/** What a log has announced up to and including a seal. So the next sealer need not trust data that is kept next to the log. */
export interface Said {
  /** How often a key was lost. */
  readonly breaks: number;
  /** Entries for whose documents a seal has said until when they are kept. */
  readonly documents: number;
  /** How often the key was replaced. A rotation that a lost key had begun does not count once the loss is recorded. */
  readonly rotations: number;
}

/** The entry that closes a seal. An interval without records has one as well, so that it is signed that nothing happened. */
export interface Seal {
  readonly number: number;
  /** Global number of the seal's first entry. */
  readonly first: number;
  readonly records: number;
  readonly time: string;
  /** {@link positionsDigest} of all streams after it. */
  readonly streams: Digest;
  /**
   * Until when documents are kept at least: those of its records, and of earlier records that no seal covers, from entry `from` on. A document that is
   * missing after that time has expired. Absent: the seal says nothing about documents.
   */
  readonly documents?: { readonly from: number; readonly until: string };
  /** Set if it is the last seal under its key. */
  readonly rotation?: Rotation;
  /** Set if it is the first seal under its key, and the previous key is lost. */
  readonly break?: Break;
  /** {@link saidAfter} it; absent in seals of versions that did not say it. */
  readonly said?: Said;
}

/** What an empty log has said. */
export const NOTHING_SAID: Said = { breaks: 0, documents: 0, rotations: 0 };

/** What a log has said after a seal. */
export function saidAfter(before: Said, { first, records, documents, rotation, break: lost }: Seal): Said {
  return {
    breaks: before.breaks + (lost === undefined ? 0 : 1),
    documents: documents === undefined ? before.documents : first + records + 1,
    rotations: before.rotations + (rotation === undefined ? 0 : 1) - (lost?.unsigned === undefined ? 0 : 1),
  };
}

/** How far all streams are sealed, as one digest. */
export function positionsDigest(streams: Readonly<Record<Digest, Position>>): Digest {
  return digestOf(streams);
}

/** Offset of the JSON in a line: after `sha256:`, 64 digits and a space. */
export const JSON_AT = 72;

/** Bytes of a line with its newline, from those of its JSON. */
const lineBytes = (json: number): number => JSON_AT + json + 1;

/**
 * The next line of a stream, if it follows.
 *
 * @returns what is wrong with it if it does not follow.
 */
export function readNext(stream: Digest, after: Position | undefined, line: Buffer): Line | string {
  const json = line.subarray(JSON_AT);
  const digest: Digest = `sha256:${hash('sha256', json)}`;
  if (line.subarray(0, JSON_AT).toString('latin1') !== `${digest} `) return 'it does not match its digest';
  const text = json.toString('utf8');
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  if (!isRecord(record) || record['stream'] !== stream) return 'it belongs to another stream';
  const { seq, prev, time } = record as JsonObject;
  if (seq !== (after?.seq ?? 0) + 1 || prev !== (after?.head ?? null)) return 'it does not follow the record before it';
  if (typeof time !== 'string') return 'it has no time';
  // Verifiers read the common part of all records from the first one. Checking each record like this would make sealing a fifth more expensive.
  return seq !== 1 || isWhole(record, text, json) ? { stream, seq, time, digest, json } : 'it is not a record in canonical form';
}

/** Whether it is a record in canonical form. Bytes that are not UTF-8 would decode to a different text. */
function isWhole(record: unknown, text: string, json: Buffer): boolean {
  try {
    return isUtf8(json) && isEvidenceRecord(record) && canonicalJson(record) === text;
  } catch {
    return false;
  }
}

/** The entry of a record: the record itself or, if it is too long for a bundle, its digest and location. */
export function entryOf({ stream, seq, digest, json }: Line): Buffer {
  return json.length <= LONGEST_ENTRY ? json : Buffer.from(canonicalJson({ v: 1, long: { stream, seq, digest, bytes: json.length } }));
}

/** The entry that closes a seal. */
export function sealEntry(seal: Seal): Buffer {
  return Buffer.from(canonicalJson({ v: 1, seal: { ...seal } }));
}

/** A record that names documents. */
export interface Naming {
  readonly stream: Digest;
  readonly seq: number;
  readonly documents: readonly Digest[];
}

/** The documents that a record names, from the record or its entry. If the record is too long for an entry, the entry does not name them. */
export function namingIn(entry: Buffer): Naming | null {
  if (entry.subarray(0, NO_BLOBS.length).equals(NO_BLOBS)) return null;
  const { blobs, stream, seq } = JSON.parse(entry.toString('utf8')) as { blobs?: Record<string, Digest>; stream: Digest; seq: number };
  return blobs === undefined ? null : { stream, seq, documents: Object.values(blobs) };
}

const NO_BLOBS = Buffer.from('{"blobs":{},');

/** What an entry says, for a sealer that lost its position: a seal, or how far the entry takes a stream. */
export function readEntry(
  entry: Buffer,
): { readonly seal: Seal } | { readonly stream: Digest; readonly after: Omit<Position, 'bytes'>; readonly bytes: number } {
  const value = JSON.parse(entry.toString('utf8')) as JsonObject;
  if (isRecord(value['seal'])) return { seal: value['seal'] as unknown as Seal };
  if (isRecord(value['long'])) {
    const { stream, seq, digest, bytes } = value['long'] as unknown as { stream: Digest; seq: number; digest: Digest; bytes: number };
    return { stream, after: { seq, head: digest }, bytes: lineBytes(bytes) };
  }
  const { stream, seq } = value as unknown as { stream: Digest; seq: number };
  return { stream, after: { seq, head: `sha256:${hash('sha256', entry)}` }, bytes: lineBytes(entry.length) };
}
