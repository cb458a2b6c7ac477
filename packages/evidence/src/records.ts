// Reads records from a journal's folder. It writes and locks nothing, so it also works on read-only evidence.
import { hash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Approval, type Digest, type EvidenceRecord, isRecord, type Json, type StoredRecord } from '@redress/core';
import { advance, emptyState } from './chain.js';
import { approvalsOf } from './deeds.js';
import { blobFile, isStreamFile, streamFile } from './layout.js';
import { FolderArchives } from './ledger/archive.js';

/** Where the JSON of a record begins in its line: after `sha256:`, 64 digits and a space. */
const JSON_AT = 72;
const LINE_FEED = 10;

/**
 * Reads what `@redress/verify` has verified: streams in the order of their digests, and their records in order. A record or a document that does not
 * match its digest is not read, nor is what follows it in its stream. The verifier checks chains and seals, and finds what is missing.
 *
 * @param unread is called with each stream that could not be read to its end.
 * @param only these streams; default: all.
 * @example for (const { record } of recordsIn('.redress', console.error)) console.log(record.kind);
 */
export function* recordsIn(
  directory: string,
  unread: (problem: string, stream: Digest) => void,
  only: readonly Digest[] = streamsIn(directory),
): Generator<StoredRecord> {
  const archives = new FolderArchives(directory);
  for (const stream of only) {
    let seq = 0;
    try {
      for (const line of linesOf(readFileSync(streamFile(directory, stream))))
        yield recordIn(stream, ++seq, line, (digest) => documentOf(directory, digest, archives));
    } catch (error) {
      unread(`stream ${stream}, from record ${Math.max(1, seq)} on: ${error instanceof Error ? error.message : String(error)}`, stream);
    }
  }
}

/**
 * The size of each stream in bytes, by digest and in the order of digests. Streams only grow: a stream of the same size has nothing new.
 *
 * @throws {Error} of the file system, if the folder cannot be read
 */
export function streamSizes(directory: string): ReadonlyMap<Digest, number> {
  return new Map(streamsIn(directory).map((stream) => [stream, statSync(streamFile(directory, stream)).size]));
}

/**
 * Requests for approval that no execution has used, according to the records of one stream. Those of a journal are the same, over all of its streams.
 * It does not verify the records: the verifier does.
 *
 * @example const live = approvalsIn(recordsOfOneStream).filter(({ expires }) => expires > Date.now());
 */
export function approvalsIn(records: readonly Pick<StoredRecord, 'record' | 'digest' | 'stream'>[]): readonly Approval[] {
  const [first] = records;
  if (first === undefined || !records.some(({ record }) => isRecord(record.body['approval']))) return [];
  return approvalsOf(records.reduce((state, { record, digest }) => advance(state, record, digest), emptyState(first.stream))).filter(
    ({ usedBy }) => usedBy === null,
  );
}

/** Digests of the streams, in order. */
function streamsIn(directory: string): readonly Digest[] {
  return readdirSync(join(directory, 'streams'), { recursive: true, encoding: 'utf8' })
    .map((name) => basename(name))
    .filter(isStreamFile)
    .map((name): Digest => `sha256:${basename(name, '.jsonl')}`)
    .sort();
}

function* linesOf(bytes: Buffer): Generator<Buffer> {
  let from = 0;
  for (let to = bytes.indexOf(LINE_FEED); to >= 0; from = to + 1, to = bytes.indexOf(LINE_FEED, from)) yield bytes.subarray(from, to);
  if (from < bytes.length) throw new Error('its last line is unfinished');
}

function recordIn(stream: Digest, seq: number, line: Buffer, documentFor: (digest: Digest) => Json | undefined): StoredRecord {
  const digest = line.toString('latin1', 0, JSON_AT - 1);
  const json = line.subarray(JSON_AT);
  if (digestOf(json) !== digest) throw new Error('the record does not match its digest');
  const record = JSON.parse(json.toString('utf8')) as EvidenceRecord;
  if (!isRecord(record) || record.seq !== seq || record.stream !== stream) throw new Error('the record is not in its place');
  if (!hasForm(record)) throw new Error('the record does not have the form of a record');
  const documents: Record<string, Json> = {};
  for (const [name, of] of Object.entries(record.blobs)) {
    const document = documentFor(of);
    if (document !== undefined) documents[name] = document;
  }
  return { stream: record.stream, seq, digest: digest as Digest, record, documents };
}

/** Whether a record has the members that are read: anybody who can write the evidence could have written anything. */
function hasForm({ kind, time, remediator, execution, resource, body, blobs }: EvidenceRecord): boolean {
  const texts: readonly unknown[] = [kind, time, remediator, resource?.type, resource?.id, resource?.account, resource?.region, ...Object.values(blobs ?? {})];
  return texts.every((each) => typeof each === 'string') && (execution === null || typeof execution === 'string') && isRecord(body) && isRecord(blobs);
}

/** A document, from its file or an archive; undefined if it is missing. Its retention has ended, or the verifier reports the reason. */
function documentOf(directory: string, digest: Digest, archives: FolderArchives): Json | undefined {
  const text = textOf(blobFile(directory, digest)) ?? archives.get(digest);
  if (text === null) return undefined;
  if (digestOf(Buffer.from(text)) !== digest) throw new Error(`the document ${digest} does not match its digest`);
  return JSON.parse(text) as Json;
}

/** Null: the file does not exist. */
function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function digestOf(bytes: Buffer): string {
  return `sha256:${hash('sha256', bytes)}`;
}
