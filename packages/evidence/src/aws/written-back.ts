// Writes back records that a table has lost and the log still has, each with the documents that the log's archives still have. Nothing is overwritten.
import { type Digest, digestText, isRedressError, RedressError } from '@redress/core';
import { CHECKPOINT } from '../layout.js';
import { archivePath, textsIn } from '../ledger/archive.js';
import { JSON_AT, namingIn, type Rotation, readEntry } from '../ledger/entry.js';
import { EMPTY_EDGE, Growth } from '../ledger/growth.js';
import { openCheckpoint } from '../ledger/note.js';
import { rotationPath } from '../ledger/rotation.js';
import { decodeEntries, TILE_WIDTH, tilePath } from '../ledger/tiles.js';
import { leafHash } from '../ledger/tree.js';
import { AwsJournal, type AwsJournalOptions, blobKey, lineKey, type RecordBack, recordKey, streamKey, streamNamed } from './journal.js';
import { Store } from './store.js';

/** Documents that are looked up at once. */
const AT_ONCE = 16;
const NO_DOCUMENTS = '{"blobs":{},';

/** A stream whose lost records were not written back. */
export interface NotWrittenBack {
  readonly stream: Digest;
  /** The first record that was not written back. */
  readonly seq: number;
  readonly message: string;
}

/** A document of a record that was written back, which no longer exists anywhere. */
export interface LostDocument {
  readonly stream: Digest;
  readonly seq: number;
  /** Its name in the record: `plan`, `state`, … */
  readonly name: string;
  readonly digest: Digest;
  /** If a seal has put it into an archive: until when the archive had to exist. Before that time, somebody has removed or changed it. */
  readonly keptUntil: string | null;
}

/** What was written back. */
export interface WrittenBack {
  /** Records, and the streams that they are in. */
  readonly records: number;
  readonly streams: number;
  /** Documents that were written back with them, counted once for each record that names them. Documents in the bucket were never lost. */
  readonly documents: number;
  readonly refused: readonly NotWrittenBack[];
  readonly lost: readonly LostDocument[];
}

/** The position up to which a stream is sealed. */
interface Sealed {
  readonly seq: number;
  readonly head: Digest;
}

/**
 * Writes back what a table has lost of its sealed streams. Each record goes back byte for byte to its position, in one transaction with the items that its
 * first writing created (execution, limits, breaker, indexes). If the call dies, the next one continues.
 *
 * Documents of lost items come back from the archives of seals, into the items of their records. Documents that exist nowhere are reported.
 *
 * A stream that has continued differently is left as it is, and reported. So is a stream with a lost record of which the log has only the digest.
 *
 * @param origin With `verifiers`: the log that the keys belong to. Without them, the root of the entries has to be that of the checkpoint, whoever signed
 *   it.
 * @throws {RedressError} `ledger/corrupt` if the log differs from what was signed. Then nothing is written.
 */
export async function writeBack(options: AwsJournalOptions, trusted: readonly { readonly origin: string; readonly key: string }[] = []): Promise<WrittenBack> {
  const store = new Store(options);
  const journal = new AwsJournal(options);
  try {
    const sealed = await sealedStreams(store, trusted);
    const behind = await streamsBehind(store, sealed);
    const refused: NotWrittenBack[] = behind.forked;
    const { lines, archives } = await linesOf(store, sealed.size, behind.lost);
    const texts = await textsOf(store, lines, archives);
    const without: LostDocument[] = [];
    let [records, streams, documents] = [0, 0, 0];
    for (const [stream, found] of lines) {
      const last = sealed.streams.get(stream);
      const from = (behind.lost.get(stream) ?? 0) + 1;
      const gap = found.findIndex(({ line }) => line === null);
      const whole = found.slice(0, gap < 0 ? found.length : gap).map(({ line }) => line ?? '');
      const before = records;
      const done = (back: RecordBack) => {
        records++;
        documents += back.documents;
        const { entry = 0 } = found[back.seq - from] ?? {};
        const keptUntil = archives.find(({ first, end }) => entry >= first && entry < end)?.until ?? null;
        without.push(...back.without.map((each) => ({ stream, seq: back.seq, ...each, keptUntil })));
      };
      try {
        await journal.writeBack(stream, whole, gap < 0 ? (last?.head ?? null) : null, (digest) => texts.get(digest) ?? null, done);
        if (gap >= 0) refused.push({ stream, seq: from + gap, message: 'the log has only the digest of this record, which was too long for an entry' });
      } catch (error) {
        if (!isRedressError(error) || error.code !== 'journal/corrupt') throw error;
        refused.push({ stream, seq: from, message: error.message });
      }
      if (records > before) streams++;
    }
    return { records, streams, documents, refused, lost: await notInBucket(store, without) };
  } finally {
    await journal.close();
    await store.close();
  }
}

/** The entries of the log, bundle by bundle. */
async function* bundles(store: Store, size: number): AsyncIterable<readonly Buffer[]> {
  for (let index = 0; index * TILE_WIDTH < size; index++) {
    const path = tilePath({ level: 'entries', index, width: Math.min(TILE_WIDTH, size - index * TILE_WIDTH) });
    const found = await store.bytes(`ledger/${path}`);
    if (found === null) throw corrupt(`ledger/${path} is missing.`);
    yield decodeEntries(found.bytes);
  }
}

/** The position up to which each stream is sealed, from a log with the signed root. */
async function sealedStreams(store: Store, trusted: readonly { readonly origin: string; readonly key: string }[]) {
  const note = (await store.bytes(CHECKPOINT))?.bytes.toString('utf8') ?? null;
  const streams = new Map<Digest, Sealed>();
  if (note === null) return { size: 0, streams };
  const [origin = '', size = '', root] = note.split('\n');
  const keys = trusted.filter((each) => each.origin === origin).map(({ key }) => key);
  const growth = new Growth(EMPTY_EDGE, null);
  for await (const entries of bundles(store, Number(size)))
    for (const entry of entries) {
      growth.appendLeaf(leafHash(entry));
      const said = readEntry(entry);
      if (!('seal' in said)) streams.set(said.stream, said.after);
      else if (said.seal.rotation !== undefined && keys.includes(said.seal.rotation.from))
        keys.push(...(await announced(store, origin, said.seal.rotation, growth)));
    }
  if (growth.size !== Number(size) || growth.root().toString('base64') !== root) throw corrupt('The entries of the log do not have the root that was signed.');
  if (trusted.length > 0) openCheckpoint(note, origin, keys);
  return { size: Number(size), streams };
}

/**
 * A key that a trusted key has announced. The kept proof has the log of that time, signed by the trusted key. There is no proof if a lost key has not signed
 * its successor: either the trust file names that successor, or it is not trusted.
 */
async function announced(store: Store, origin: string, { number, from, to }: Rotation, then: Growth): Promise<readonly string[]> {
  const found = await store.bytes(rotationPath(number));
  if (found === null) return [];
  const proof = found.bytes.toString('utf8');
  const { size, root } = openCheckpoint(proof.slice(proof.indexOf('\n\n') + 2), origin, [from]);
  if (size !== then.size || !root.equals(then.root())) throw corrupt(`${rotationPath(number)} is of another log.`);
  return [to];
}

/** Streams of which the table has fewer records than were sealed, with the number that it has; and streams with a different record at a sealed position. */
async function streamsBehind(store: Store, sealed: { readonly streams: ReadonlyMap<Digest, Sealed> }) {
  const items = await store.getAll(
    [...sealed.streams.keys()].map((stream) => ({ pk: streamKey(stream), sk: 'head' })),
    ['pk', 'seq', 'digest'],
  );
  const heads = new Map(items.map((item) => [streamNamed(item['pk']?.S ?? ''), { seq: Number(item['seq']?.N ?? 0), head: item['digest']?.S }]));
  const lost = new Map<Digest, number>();
  const forked: NotWrittenBack[] = [];
  for (const [stream, { seq, head }] of sealed.streams) {
    const there = heads.get(stream) ?? { seq: 0, head: undefined };
    if (there.seq < seq) lost.set(stream, there.seq);
    else {
      const digest = there.seq === seq ? there.head : (await store.get({ pk: streamKey(stream), sk: recordKey(seq) }))?.['digest']?.S;
      if (digest !== head) forked.push({ stream, seq, message: 'the table has another record in its place: the stream differs' });
    }
  }
  return { lost, forked };
}

/** A line that a table lacks (null if it exists nowhere), and its entry in the log. */
interface LostLine {
  readonly line: string | null;
  readonly entry: number;
}

/** Documents that entries name, and the time until which archives had to keep them. */
interface Archived {
  readonly seal: number;
  readonly first: number;
  readonly end: number;
  readonly until: string;
}

/** The lines that a table lacks, for each stream in order; and the archives of the log. */
async function linesOf(
  store: Store,
  size: number,
  lost: ReadonlyMap<Digest, number>,
): Promise<{ readonly lines: ReadonlyMap<Digest, readonly LostLine[]>; readonly archives: readonly Archived[] }> {
  const lines = new Map<Digest, LostLine[]>([...lost.keys()].map((stream) => [stream, []]));
  const archives: Archived[] = [];
  if (lost.size === 0) return { lines, archives };
  let entry = -1;
  for await (const entries of bundles(store, size))
    for (const bytes of entries) {
      entry++;
      const said = readEntry(bytes);
      if ('seal' in said) {
        const { number, documents } = said.seal;
        if (documents !== undefined) archives.push({ seal: number, first: documents.from, end: entry, until: documents.until });
        continue;
      }
      if (said.after.seq <= (lost.get(said.stream) ?? Number.POSITIVE_INFINITY)) continue;
      const { head } = said.after;
      // If a record was too long for an entry, its line may be in the bucket.
      const isLong = bytes.subarray(0, 8).toString() === '{"long":';
      lines.get(said.stream)?.push({ line: isLong ? await store.text(lineKey(head)) : `${head} ${bytes.toString('utf8')}`, entry });
    }
  return { lines, archives };
}

/** Documents of lost records, from archives. The newest archive is read first, until all documents are found. */
async function textsOf(store: Store, lines: ReadonlyMap<Digest, readonly LostLine[]>, archives: readonly Archived[]): Promise<ReadonlyMap<Digest, string>> {
  const wanted = new Set<Digest>();
  for (const { line } of [...lines.values()].flat())
    for (const digest of namingIn(Buffer.from(line?.slice(JSON_AT) ?? NO_DOCUMENTS))?.documents ?? []) wanted.add(digest);
  const texts = new Map<Digest, string>();
  for (const { seal } of archives.toReversed())
    for (let part = 0; wanted.size > 0; part++) {
      const found = await store.bytes(archivePath(seal, part));
      if (found === null) break;
      for (const { digest, text } of textsIn(found.bytes)) if (wanted.delete(digest)) texts.set(digest, text);
    }
  return texts;
}

/** Documents that the bucket lacks too. Those too large for an item are separate objects, which were not lost. */
async function notInBucket(store: Store, documents: readonly LostDocument[]): Promise<readonly LostDocument[]> {
  const there = new Map<Digest, boolean>();
  const rest = new Set(documents.map(({ digest }) => digest)).values();
  const ask = async () => {
    for (const digest of rest) {
      const text = await store.text(blobKey(digest));
      there.set(digest, text !== null && digestText(text) === digest);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return documents.filter(({ digest }) => there.get(digest) !== true);
}

function corrupt(message: string): RedressError {
  return new RedressError('ledger/corrupt', `${message} Nothing was written back.`, { next: '`redress evidence verify` shows what was changed.' });
}
