// Where records come from: a folder, whose files say what has grown; or any journal, which is asked.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, digestOf, type Journal, messageOf, type ResourceRef, type StoredRecord, streamOf, toJson } from '@redress/core';
import { recordsIn, streamSizes } from '@redress/evidence';
import type { RecordSource } from './ports.js';

/** Files that every writer changes, so that not each stream has to be looked at. */
const TOUCHED = ['index.sqlite', 'index.sqlite-wal'];
/** After this many calls all streams are read again, whatever these files say. */
const LOOK_AGAIN = 30;

/**
 * Records of a journal in a folder, as they stand there: nothing is locked, and nothing is written.
 *
 * @example const source = folderSource('.redress');
 */
export function folderSource(directory: string): RecordSource {
  let sizes: ReadonlyMap<Digest, number> = new Map();
  let touched = '';
  let calls = 0;
  return {
    every: 1_000,
    *changed(unread) {
      const now = TOUCHED.map((name) => statSync(join(directory, name), { bigint: true, throwIfNoEntry: false }))
        .map((each) => `${each?.mtimeNs ?? ''} ${each?.size ?? ''}`)
        .join();
      // Without an index nothing but the streams says so: it is a copy.
      const isQuiet = now === touched && now !== TOUCHED.map(() => ' ').join() && calls % LOOK_AGAIN !== 0;
      calls++;
      if (isQuiet) return;
      // Before they are read: what is written meanwhile is new to the next call.
      const before = sizes;
      sizes = streamSizes(directory);
      touched = now;
      const grown = [...sizes].filter(([stream, size]) => before.get(stream) !== size).map(([stream]) => stream);
      yield* recordsIn(directory, unread, grown);
    },
  };
}

/** What {@link journalSource} takes. */
export interface JournalSourceOptions {
  readonly now: () => number;
  /** All records are read again after so long, milliseconds; in between only what is open, waits or stands. */
  readonly everything: number;
}

/**
 * Records of a journal that is reached over a network. Reading all of it is dear, so what is open, waits or stands is asked for, and what differs in
 * that is read; what began and ended in between shows when all is read again.
 */
export function journalSource(journal: Journal, { now, everything }: JournalSourceOptions): RecordSource {
  let last: ReadonlyMap<Digest, Seen> = new Map();
  let readAt = Number.NEGATIVE_INFINITY;
  return {
    every: 5_000,
    async *changed(unread) {
      const before = last;
      const seen = await seenIn(journal);
      if (now() - readAt >= everything) {
        const startedAt = now();
        let failed: unknown = null;
        try {
          yield* journal.read({ all: true });
        } catch (error) {
          failed = error;
        }
        if (failed !== null) unread(messageOf(failed), null);
        [readAt, last] = [startedAt, seen];
        return;
      }
      last = seen;
      const others = [...seen, ...[...before].filter(([stream]) => !seen.has(stream))].filter(
        ([stream, { state }]) => before.get(stream)?.state !== state || !seen.has(stream),
      );
      for (const [stream, { resource }] of others) yield* whole(journal, resource, stream, unread);
    },
  };
}

interface Seen {
  readonly resource: ResourceRef;
  /** Differs when anything of it does. */
  readonly state: string;
}

async function seenIn(journal: Journal): Promise<ReadonlyMap<Digest, Seen>> {
  const [open, approvals, { gaps, unsaid }] = await Promise.all([journal.open(), journal.approvals(), journal.standing()]);
  const found = new Map<Digest, { resource: ResourceRef; of: unknown[] }>();
  for (const each of [...open, ...approvals, ...gaps, ...unsaid]) {
    const stream = streamOf(each.resource);
    const known = found.get(stream) ?? { resource: each.resource, of: [] };
    known.of.push(each);
    found.set(stream, known);
  }
  return new Map([...found].map(([stream, { resource, of }]) => [stream, { resource, state: digestOf(toJson(of)) }]));
}

/** All of a stream, or none of it: a part of it would stand for the whole. */
async function* whole(
  journal: Journal,
  resource: ResourceRef,
  stream: Digest,
  unread: (problem: string, stream: string | null) => void,
): AsyncGenerator<StoredRecord> {
  const records: StoredRecord[] = [];
  try {
    for await (const stored of journal.read({ resource })) records.push(stored);
  } catch (error) {
    return unread(messageOf(error), stream);
  }
  yield* records;
}
