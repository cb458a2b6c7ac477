// Records of a journal in a folder, as they stand there: nothing is written, nothing is locked, and evidence that may only be read can be read.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, type EvidenceRecord, isRecord, type Json, type StoredRecord } from '@redress/core';

/** Where the JSON of a record begins in its line: after `sha256:`, 64 digits and a space. */
const JSON_AT = 72;
const LINE_FEED = 10;

/**
 * Reads what `@redress/verify` has verified: streams in the order of their digests, each record in its place. A record or a document that is not what
 * its digest says is not read, nor is what follows it in its stream; chains, seals and what is missing are the verifier's to judge.
 *
 * @param unread hears of each stream that could not be read to its end.
 * @example for (const { record } of recordsIn('.redress', console.error)) console.log(record.kind);
 */
export function* recordsIn(directory: string, unread: (problem: string) => void): Generator<StoredRecord> {
  for (const stream of streamsIn(directory)) {
    const path = join(directory, 'streams', stream.slice(0, 2), `${stream}.jsonl`);
    let seq = 0;
    try {
      for (const line of linesOf(readFileSync(path))) yield recordIn(directory, stream, ++seq, line);
    } catch (error) {
      unread(`stream sha256:${stream}, from record ${Math.max(1, seq)} on: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** Digests of the streams, in order. */
function streamsIn(directory: string): readonly string[] {
  return readdirSync(join(directory, 'streams'), { recursive: true, encoding: 'utf8' })
    .flatMap((name) => /([0-9a-f]{64})\.jsonl$/.exec(name)?.[1] ?? [])
    .sort();
}

function* linesOf(bytes: Buffer): Generator<Buffer> {
  let from = 0;
  for (let to = bytes.indexOf(LINE_FEED); to >= 0; from = to + 1, to = bytes.indexOf(LINE_FEED, from)) yield bytes.subarray(from, to);
  if (from < bytes.length) throw new Error('its last line is half written');
}

function recordIn(directory: string, stream: string, seq: number, line: Buffer): StoredRecord {
  const digest = line.toString('latin1', 0, JSON_AT - 1);
  const json = line.subarray(JSON_AT);
  if (digestOf(json) !== digest) throw new Error('the record is not what its digest says');
  const record = JSON.parse(json.toString('utf8')) as EvidenceRecord;
  if (!isRecord(record) || record.seq !== seq || record.stream !== `sha256:${stream}`) throw new Error('the record is not in its place');
  if (!hasForm(record)) throw new Error('the record has another form than records have');
  const documents: Record<string, Json> = {};
  for (const [name, of] of Object.entries(record.blobs)) {
    const document = documentOf(directory, of);
    if (document !== null) documents[name] = document;
  }
  return { stream: record.stream, seq, digest: digest as Digest, record, documents };
}

/** Whether a record has what is read of each: whoever could write the evidence could have written anything. */
function hasForm({ kind, time, remediator, execution, resource, body, blobs }: EvidenceRecord): boolean {
  const texts: readonly unknown[] = [kind, time, remediator, resource?.type, resource?.id, resource?.account, resource?.region, ...Object.values(blobs ?? {})];
  return texts.every((each) => typeof each === 'string') && (execution === null || typeof execution === 'string') && isRecord(body) && isRecord(blobs);
}

/** A document; null: it is not there, since its retention has ended or for another reason that the verifier says. */
function documentOf(directory: string, digest: string): Json {
  const hex = digest.slice('sha256:'.length);
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(directory, 'blobs', hex.slice(0, 2), `${hex}.json`));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  if (digestOf(bytes) !== digest) throw new Error(`the document ${digest} is not what its digest says`);
  return JSON.parse(bytes.toString('utf8')) as Json;
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
