import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import { type Digest, digestText, isRecord, RedressError } from '@redress/core';
import { blobFile, CHECKPOINT, FORMAT, streamFile } from '../layout.js';
import { archivePath } from '../ledger/archive.js';
import { readEntry } from '../ledger/entry.js';
import { breakPath, rotationPath } from '../ledger/rotation.js';
import { decodeEntries, tilePath, tilesBetween } from '../ledger/tiles.js';
import { carriedBy } from './documents.js';
import { blobKey, lineOf, recordKey, streamKey, streamNamed } from './journal.js';
import { type Item, Store, type StoreOptions } from './store.js';

/** Options of {@link exportJournal}. */
export interface ExportOptions extends StoreOptions {
  /** Created if it is missing; must be empty. */
  readonly directory: string;
  /**
   * Also store the documents in the items of records in the bucket, under their digests. Until then no Object Lock protects them. With `lockDays` each
   * is locked for this many days from its newest record, else for the default retention of the bucket. This also needs the permissions of a worker. A
   * document that exists is not stored again, and no lock gets shorter.
   */
  readonly store?: boolean;
}

/** Result of {@link exportJournal}. */
export interface ExportReport {
  readonly streams: number;
  readonly records: number;
  readonly documents: number;
  /** Documents of items that are in the bucket now; 0 without `store`. */
  readonly stored: number;
  /** Entries of the log, if there is one. */
  readonly sealed?: number;
  /**
   * Streams whose head does not match their records: it counts missing records, another newest record, or fewer records than there are. Records were
   * removed at the end, rewritten, or added after it. The copy cannot show this, because a folder has no heads.
   */
  readonly cut: readonly { readonly stream: Digest; readonly head: number; readonly records: number }[];
}

/** Documents in transit at once. */
const AT_ONCE = 16;
/** More records than a stream can have. */
const LAST = recordKey(999_999_999_999);

/**
 * Copies a journal into a folder that `verifyLedger` reads: the lines byte for byte as they were hashed, each document as a separate file, wherever it
 * was stored, and the log of a sealed journal. It does not verify anything: tampered data is copied as it is, for the verifier to report. It only
 * reads, unless `store` is set.
 *
 * @example await exportJournal({ table: 'redress', bucket: 'redress-evidence', directory: 'copy' }); verifyLedger({ directory: 'copy' });
 * @throws {RedressError} `journal/unavailable`; `journal/invalid` if the folder already contains a journal; with `store`, after the copy is complete,
 * `journal/corrupt` if the bucket has something else under a document's digest.
 */
export async function exportJournal(options: ExportOptions): Promise<ExportReport> {
  const { directory } = options;
  if ((await exists(`${directory}/FORMAT`)) || (await exists(`${directory}/streams`)))
    throw new RedressError('journal/invalid', `There is a journal in ${directory} already, or a part of one.`, {
      next: 'Give a folder that is empty or does not exist yet.',
    });
  const store = new Store(options);
  try {
    await mkdir(`${directory}/streams`, { recursive: true });
    // Read before the records, so that every sealed record is among them.
    const log = await store.bytes(CHECKPOINT);
    const documents = new Documents(store, directory);
    let records = 0;
    const cut: ExportReport['cut'][number][] = [];
    const streams = await store.partitions('stream#');
    for (const pk of streams) {
      const copied = await copyStream(store, directory, pk, documents);
      records += copied.records;
      if (copied.cut) cut.push({ stream: streamNamed(pk), head: copied.head, records: copied.records });
    }
    const found = await documents.copied();
    const sealed = log === null ? {} : { sealed: await copyLog(store, directory, log.bytes) };
    // Written last, so that a partial copy does not pass for a complete one.
    await writeFile(`${directory}/FORMAT`, FORMAT);
    return { streams: streams.length, records, documents: found, stored: options.store === true ? await documents.stored() : 0, ...sealed, cut };
  } finally {
    await store.close();
  }
}

/** Copies the files of a log of this size. Files that a sealer creates meanwhile, or created for shorter logs, are omitted. */
async function copyLog(store: Store, directory: string, checkpoint: Buffer): Promise<number> {
  const write = async (path: string, bytes: Uint8Array) => {
    await mkdir(dirname(`${directory}/${path}`), { recursive: true });
    await writeFile(`${directory}/${path}`, bytes);
  };
  // Something that is not a checkpoint is copied as it is.
  const size = /^[^\n]+\n(0|[1-9]\d{0,12})\n/.exec(checkpoint.toString('utf8'))?.[1] ?? '0';
  const rest = tilesBetween(0, Number(size))[Symbol.iterator]();
  const sealsWithDocuments: number[] = [];
  const work = async () => {
    for (const tile of rest) {
      const path = `ledger/${tilePath(tile)}`;
      const found = await store.bytes(path);
      // The verifier reports what is missing.
      if (found !== null) await write(path, found.bytes);
      if (found !== null && tile.level === 'entries') sealsWithDocuments.push(...archivesNamedIn(found.bytes));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const seal of sealsWithDocuments)
    for (let part = 0; ; part++) {
      const found = await store.bytes(archivePath(seal, part));
      // Its retention has ended, or none of its documents were stored in items.
      if (found === null) break;
      await write(archivePath(seal, part), found.bytes);
    }
  for (let number = 1; ; number++) {
    const found = await store.bytes(rotationPath(number));
    // As with tiles, files that a sealer creates meanwhile are omitted.
    const index = /\nindex (\d{1,15})\n/.exec(found?.bytes.toString('latin1') ?? '')?.[1] ?? '0';
    if (found === null || Number(index) >= Number(size)) break;
    await write(rotationPath(number), found.bytes);
  }
  for (let number = 1; ; number++) {
    const found = await store.bytes(breakPath(number));
    if (found === null || Number(found.bytes.toString('latin1').split('\n')[1]) >= Number(size)) break;
    await write(breakPath(number), found.bytes);
  }
  await write(CHECKPOINT, checkpoint);
  return Number(size);
}

/** Numbers of the seals in a bundle that have archives of documents. */
function archivesNamedIn(bundle: Buffer): number[] {
  try {
    return decodeEntries(bundle).flatMap((entry) => {
      const said = entry.includes('"seal":{') ? readEntry(entry) : null;
      return said !== null && 'seal' in said && said.seal.documents !== undefined ? [said.seal.number] : [];
    });
  } catch {
    // The verifier reports what was changed.
    return [];
  }
}

/** Copies the records of a stream, and requests their documents. */
async function copyStream(store: Store, directory: string, pk: string, documents: Documents): Promise<{ records: number; head: number; cut: boolean }> {
  const stream = streamNamed(pk);
  // Read before the records, so that every record that it counts is among them.
  const head = await store.get({ pk, sk: 'head' });
  const file = streamFile(directory, stream);
  await mkdir(dirname(file), { recursive: true });
  const out = createWriteStream(file);
  let records = 0;
  let digest = '';
  let counted = '';
  for await (const item of store.query({ pk: streamKey(stream), from: recordKey(0), to: LAST })) {
    const line = (await lineOf(store, item)) ?? '';
    if (!out.write(`${line}\n`)) await once(out, 'drain');
    records++;
    digest = line.slice(0, line.indexOf(' '));
    if (String(records) === head?.['seq']?.N) counted = digest;
    await documents.add(item, line);
  }
  out.end();
  await finished(out);
  // A record that was appended meanwhile is counted by a head that is read after it. A record that no head counts was not written by a journal.
  const after = records > Number(head?.['seq']?.N ?? 0) ? await store.get({ pk, sk: 'head' }) : head;
  return { records, head: Number(head?.['seq']?.N ?? 0), cut: isCut(head, records, counted) || records > Number(after?.['seq']?.N ?? 0) };
}

function isCut(head: Item | null, records: number, counted: string): boolean {
  return head === null || records < Number(head['seq']?.N) || counted !== head['digest']?.S;
}

/** The documents of records, wherever they are stored: in an item or in the bucket. */
class Documents {
  readonly #store: Store;
  readonly #directory: string;
  /** Digests that were looked up in the bucket. */
  readonly #asked = new Set<Digest>();
  /** Digests of documents in items, with the time of the newest record that carries each. */
  readonly #carried = new Map<Digest, string>();
  /** Documents that do not match their digest. If there are several copies, the changed one is exported, so that the verifier sees it. */
  readonly #changed = new Map<Digest, string | Uint8Array>();
  readonly #written = new Set<Digest>();
  readonly #pending = new Set<Promise<void>>();

  constructor(store: Store, directory: string) {
    this.#store = store;
    this.#directory = directory;
  }

  /** Copies what a record names. It may still be in transit when this returns. */
  async add(item: Item, line: string): Promise<void> {
    const { time, blobs } = readableOf(line);
    const carried = carriedBy(item);
    for (const digest of blobs) {
      const text = carried?.get(digest);
      if (text !== undefined) await this.#start(this.#keep(digest, text));
      if (text !== undefined && !this.#changed.has(digest) && time > (this.#carried.get(digest) ?? '')) this.#carried.set(digest, time);
      const known = this.#carried.has(digest) || this.#asked.has(digest);
      if (text !== undefined || (known && carried !== null)) continue;
      this.#asked.add(digest);
      // A document that cannot be decompressed may exist only here: it is not in the bucket.
      const otherwise = carried === null ? (item['documents']?.B ?? '') : null;
      await this.#start(this.#store.text(blobKey(digest)).then((found) => this.#keep(digest, found ?? otherwise)));
    }
  }

  /** Waits for all of them. @returns their number. */
  async copied(): Promise<number> {
    await Promise.all(this.#pending);
    for (const [digest, content] of this.#changed) await this.#write(digest, content);
    return this.#written.size;
  }

  /** Stores the documents of items in the bucket, and locks each from the time of its record. An unreadable time counts as now. */
  async stored(): Promise<number> {
    let count = 0;
    const rest = this.#carried.entries();
    const work = async () => {
      for (const [digest, time] of rest) {
        if (this.#changed.has(digest)) continue;
        const since = Date.parse(time);
        const text = await readFile(blobFile(this.#directory, digest), 'utf8');
        if (await this.#store.put(blobKey(digest), text, Number.isNaN(since) ? undefined : since)) count++;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return count;
  }

  async #start(work: Promise<void>): Promise<void> {
    // The first failure is kept.
    const task = work.then(() => void this.#pending.delete(task));
    // It is reported when it is awaited, which may be later.
    task.catch(() => undefined);
    this.#pending.add(task);
    if (this.#pending.size >= AT_ONCE) await Promise.race(this.#pending);
  }

  async #keep(digest: Digest, content: string | Uint8Array | null): Promise<void> {
    // Its retention has ended, or somebody has removed it. The verifier reports which.
    if (content === null) return;
    if (typeof content === 'string' && digestText(content) === digest) {
      if (!this.#written.has(digest)) await this.#write(digest, content);
    } else this.#changed.set(digest, content);
  }

  async #write(digest: Digest, content: string | Uint8Array): Promise<void> {
    this.#written.add(digest);
    const file = blobFile(this.#directory, digest);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}

/** The time and the documents of a line, as far as they can be read. */
function readableOf(line: string): { readonly time: string; readonly blobs: readonly Digest[] } {
  try {
    const record: unknown = JSON.parse(line.slice(line.indexOf(' ') + 1));
    const { time, blobs } = isRecord(record) ? record : {};
    const digests = isRecord(blobs) ? Object.values(blobs) : [];
    return {
      time: typeof time === 'string' ? time : '',
      blobs: digests.filter((each): each is Digest => typeof each === 'string' && /^sha256:[0-9a-f]{64}$/.test(each)),
    };
  } catch {
    return { time: '', blobs: [] };
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
