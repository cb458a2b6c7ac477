// Reads what is to be sealed: the new lines of each stream, in the order in which they were recorded.
import type { Digest } from '@redress/core';
import { entryOf, type Line, type Position, readNext } from './entry.js';
import { type End, type JournalSource, type Positions, START } from './store.js';
import { leafHash, leafText } from './tree.js';

/** A stream that could not be sealed further. */
export interface Skipped {
  readonly stream: Digest;
  /** The invalid record. */
  readonly seq: number;
  readonly message: string;
}

/** A line that is to be sealed. It holds only what is needed, because there may be many. */
export interface Unsealed extends Pick<Line, 'stream' | 'seq' | 'time'> {
  /** The length of its stream in bytes, before the line and with its newline. */
  readonly from: number;
  readonly to: number;
  /** Hash of its entry, as a binary string. */
  readonly leaf: string;
  /** Its JSON; null if there is no room in memory. */
  readonly line: Line | null;
}

/** An entry of a record. */
interface Entry {
  readonly entry: Buffer;
  /** Its hash. */
  readonly leaf: Buffer;
  /** The record. If it is too long, the entry does not contain it. */
  readonly json: Buffer;
}

/** Maximum number of bytes of one read. */
const RUN = 1024 * 1024;

/** The result of {@link readUnsealed}. */
export interface Found {
  readonly lines: readonly Unsealed[];
  /** The new positions of the streams that have grown. */
  readonly grown: Positions;
  readonly skipped: readonly Skipped[];
}

/** Unsealed lines, in the order in which they were recorded. */
export async function readUnsealed(source: JournalSource, sealed: Positions, ends: ReadonlyMap<Digest, End>): Promise<Found> {
  const grown: Record<Digest, Position> = {};
  const lines: Unsealed[] = [];
  const skipped: Skipped[] = [];
  let { room } = source;
  const readStream = async (stream: Digest, end: End): Promise<void> => {
    const start = sealed[stream];
    let at = start;
    const skip = (message: string) => void skipped.push({ stream, seq: (at?.seq ?? 0) + 1, message });
    const from = start ?? START;
    if (end.seq < from.seq || end.bytes < from.bytes) return skip('sealed records are missing');
    for await (const { bytes, to } of linesOf(source.read(stream, from, end), from.bytes)) {
      const line = readNext(stream, at, bytes);
      if (typeof line === 'string') return skip(line);
      const { seq, time } = line;
      room -= bytes.length;
      const kept = room > 0 ? { ...line, json: Buffer.from(line.json) } : null;
      lines.push({ stream, seq, time, from: at?.bytes ?? 0, to, leaf: leafText(entryOf(line)), line: kept });
      at = { seq, head: line.digest, bytes: to };
      grown[stream] = at;
    }
    if (Number.isFinite(end.seq) && (at?.seq ?? 0) < end.seq) skip('records that the head of the stream counts are missing');
    else if (end.head !== undefined && end.head !== at?.head)
      skipped.push({ stream, seq: end.seq, message: 'the head of the stream names another record than the stream has, or than was sealed' });
  };
  const rest = ends.entries();
  await Promise.all(
    Array.from({ length: source.atOnce }, async () => {
      for (const [stream, end] of rest) await readStream(stream, end);
    }),
  );
  // Within a stream, time does not go back. For equal times, the order of reading is kept.
  lines.sort((a, b) => compare(a.time, b.time) || compare(a.stream, b.stream));
  return { lines, grown, skipped };
}

/**
 * The entries of lines, with their hashes. Lines that are not in memory are read again, several at once if they are adjacent. The content of an entry is
 * valid until the next one is requested.
 */
export async function* entriesOf(source: JournalSource, lines: readonly Unsealed[]): AsyncIterable<Entry> {
  for (let first = 0; first < lines.length; ) {
    const { stream, seq, from, line, leaf } = lines[first] as Unsealed;
    if (line !== null) {
      yield { entry: entryOf(line), leaf: Buffer.from(leaf, 'latin1'), json: line.json };
      first++;
      continue;
    }
    let after = first + 1;
    for (; after < lines.length; after++) {
      const next = lines[after] as Unsealed;
      if (next.line !== null || next.stream !== stream || next.to - from > RUN) break;
    }
    const last = lines[after - 1] as Unsealed;
    for await (const { bytes } of linesOf(source.read(stream, { seq: seq - 1, bytes: from }, { seq: last.seq, bytes: last.to }), from)) {
      const whole = read(bytes);
      const entry = entryOf({ stream, seq: (lines[first] as Unsealed).seq, ...whole });
      // Hashed again rather than taken from memory, so that a difference between what was read now and what was decided is detected.
      yield { entry, leaf: leafHash(entry), json: whole.json };
      first++;
      if (first === after) break;
    }
    // A line that has gone since is noticed when roots are compared.
    first = after;
  }
}

const read = (line: Buffer) => ({ time: '', digest: line.subarray(0, 71).toString('latin1') as Digest, json: line.subarray(72) });

/** Complete lines, without their newlines. What comes after the last newline is still being written. */
async function* linesOf(pieces: AsyncIterable<Buffer>, start: number): AsyncIterable<{ readonly bytes: Buffer; readonly to: number }> {
  let carry: Buffer[] = [];
  let to = start;
  for await (const piece of pieces) {
    let from = 0;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
      const tail = piece.subarray(from, end);
      const bytes = carry.length === 0 ? tail : Buffer.concat([...carry, tail]);
      carry = [];
      from = end + 1;
      to += bytes.length + 1;
      yield { bytes, to };
    }
    if (from < piece.length) carry.push(Buffer.from(piece.subarray(from)));
  }
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
